//! What to do about a session that does not come about, or ends: by where it was to be, and by how far it came.

mod connecting;
mod session;
#[cfg(test)]
mod tests;

use std::fmt;

use kalshi_fix::client::OpenError;
use kalshi_fix::driver::{EndCause, SessionEnd};
use kalshi_fix::environment::{Environment, Product, SessionKind};
use kalshi_fix::reconnect::FailureClass;
use kalshi_fix::session::EndReason;

use crate::place::credentials::{KeyVariables, short};
use crate::place::{PlaceArguments, Whereabouts};
use crate::shell::quoted;

/// A step of the way to a session, and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Resolve,
    Connect,
    Tls,
    LogOn,
    Heartbeat,
    Clock,
    LogOut,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Step::Resolve => "resolve",
            Step::Connect => "connect",
            Step::Tls => "TLS",
            Step::LogOn => "log on",
            Step::Heartbeat => "heartbeat",
            Step::Clock => "clock",
            Step::LogOut => "log out",
        })
    }
}

/// What is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) class: FailureClass,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

/// What a remedy depends on beside the failure itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempted<'a> {
    pub(crate) place: &'a PlaceArguments,
    pub(crate) product: Product,
    pub(crate) kind: SessionKind,
}

impl Attempted<'_> {
    /// At which step opening has failed, and what to do. `None` where nothing was tried.
    pub(crate) fn not_opened(&self, error: &OpenError) -> Option<(Step, Trouble)> {
        let class = match error {
            OpenError::Connect(error) => connecting::class(error),
            error => error.class()?,
        };
        let (step, what, remedy) = match error {
            OpenError::Connect(error) => {
                let (step, remedy) = self.not_connected(error);
                (step, connecting::said(error), remedy)
            }
            OpenError::Refused(error) => {
                let refused = &error.refused;
                let remedy = self.refused(refused.kind, refused.text.as_deref());
                (Step::LogOn, refused.to_string(), remedy)
            }
            OpenError::Ended { end, .. } => {
                let step = match &end.cause {
                    EndCause::Connect { source } => self.not_connected(source).0,
                    _ => Step::LogOn,
                };
                return Some((step, self.ended(step, end)));
            }
            _ => return None,
        };
        Some((step, Trouble { class, what, remedy }))
    }

    /// A session that has ended by itself.
    pub(crate) fn ended(&self, step: Step, end: &SessionEnd) -> Trouble {
        Trouble {
            class: match &end.cause {
                EndCause::Connect { source } => connecting::class(source),
                // It ended because it was to end, and that is not what is wrong.
                EndCause::Session(EndReason::LogoutUnanswered { .. }) => FailureClass::Network,
                cause => cause.class(),
            },
            what: said(end),
            remedy: self.ended_at(step, &end.cause),
        }
    }

    /// The command that goes the same way step by step.
    pub(crate) fn probe(&self) -> String {
        let session = short(self.kind).to_lowercase();
        format!("kalshi-fix probe --session {session}{}", self.place.flags())
    }

    fn whereabouts(&self) -> Whereabouts<'_> {
        self.place.whereabouts()
    }

    fn variables(&self) -> KeyVariables {
        KeyVariables::here(self.product, self.kind)
    }

    /// The probe that has more patience.
    fn patient_probe(&self) -> String {
        format!("`{} --timeout 60`", self.probe())
    }
}

/// The command that runs the exchange of a directory.
fn start(directory: &std::path::Path) -> String {
    format!(
        "`kalshi-fix gateway {}`",
        quoted(&directory.display().to_string())
    )
}

/// An environment within a sentence.
fn named(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "production",
        Environment::Demo => "the demo environment",
        _ => "this environment",
    }
}

/// An end in this program's words: the library's advice is for those who write one.
pub(crate) fn said(end: &SessionEnd) -> String {
    match &end.cause {
        EndCause::Connect { source } => {
            let stopped = end.stopped.as_ref();
            let stopped =
                stopped.map_or_else(String::new, |reason| format!("; not connecting again: {reason}"));
            format!("{}{stopped}", connecting::said(source))
        }
        _ => end.to_string(),
    }
}

/// What there is to say where nobody knows more.
const NO_MORE_KNOWN: &str = "the words above are all that is known of it";
/// When the venue may be away.
const MAINTENANCE: &str = "during its maintenance (Thursdays, 03:00 to 05:00 in New York), wait";
