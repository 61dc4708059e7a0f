//! Connected, and not let in; or let in, and not for long.

use kalshi_fix::driver::EndCause;
use kalshi_fix::environment::SessionKind;
use kalshi_fix::reconnect::FailureClass;
use kalshi_fix::session::{EndReason, RefusalKind};

use super::{Attempted, MAINTENANCE, NO_MORE_KNOWN, Step, named, start};
use crate::place::Whereabouts;
use crate::place::credentials::short;
use crate::shell::quoted;

impl Attempted<'_> {
    /// What to do about a logon that was refused.
    pub(super) fn refused(&self, kind: RefusalKind, text: Option<&str>) -> String {
        let text = text.unwrap_or_default();
        match kind {
            RefusalKind::AlreadyExists => self.key_in_use(),
            RefusalKind::Signature => match self.whereabouts() {
                Whereabouts::Simulated => OUR_FAULT.to_owned(),
                Whereabouts::Directory(path) => format!("{OTHER_KEYS}: start it again with {}", start(path)),
                Whereabouts::Venue(environment) | Whereabouts::VenueBy(environment, _) => {
                    let names = self.variables();
                    format!(
                        "check that the private key of {} is that of the API key of {}, and both of {}: demo and production \
                         share none",
                        names.private_key,
                        names.id,
                        named(environment)
                    )
                }
                Whereabouts::Elsewhere(_) => {
                    let names = self.variables();
                    format!(
                        "check that the private key of {} is that of the API key of {}",
                        names.private_key, names.id
                    )
                }
            },
            RefusalKind::CompId => self.unknown_key(),
            RefusalKind::TargetCompId => self.another_session(text),
            RefusalKind::SendingTime => self.clock(),
            RefusalKind::RateLimit => match self.whereabouts() {
                Whereabouts::Venue(_) | Whereabouts::VenueBy(..) => {
                    "wait a few seconds: a logon takes tokens of the rate limit as an order does, and other sessions and REST draw \
                     on the same"
                        .to_owned()
                }
                _ => "wait a few seconds: a logon takes tokens of the rate limit as an order does".to_owned(),
            },
            RefusalKind::Sequence => self.numbers(),
            _ if text.to_ascii_lowercase().contains("maintenance") => match self.whereabouts() {
                Whereabouts::Directory(_) => {
                    "the exchange is in maintenance: type `maintenance end` where it runs with --commands, and try again".to_owned()
                }
                Whereabouts::Venue(_) | Whereabouts::VenueBy(..) => {
                    "wait until the venue's maintenance is over (Thursdays, 03:00 to 05:00 in New York), and try again".to_owned()
                }
_ => "wait until its maintenance is over, and try again".to_owned(),
            },
            _ if text.is_empty() => match self.whereabouts() {
                Whereabouts::Simulated => OUR_FAULT.to_owned(),
                Whereabouts::Directory(_) => {
                    "no reason was given: look at what the exchange's own terminal says".to_owned()
                }
                Whereabouts::Venue(environment) | Whereabouts::VenueBy(environment, _) => format!(
                    "no reason was given: check that the key is one of {}, and try again later",
                    named(environment)
                ),
                Whereabouts::Elsewhere(_) => {
                    "no reason was given: check that what listens there knows the key, and try again later".to_owned()
                }
            },
            _ => "the other side's own words above are all that is known of it".to_owned(),
        }
    }

    fn key_in_use(&self) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated => OUR_FAULT.to_owned(),
            Whereabouts::Directory(path) => format!(
                "another connection of this member has the session: close it, or go as another with --member NUMBER; \
                 `kalshi-fix gateway {} --members 2` has two",
                quoted(&path.display().to_string())
            ),
            _ => {
                let usual = self.variables().id;
                let own = format!("{}_KEY_ID", short(self.kind));
                let own = if usual.ends_with(&own) {
                    String::new()
                } else {
                    let prefix = usual.strip_suffix("KEY_ID").unwrap_or_default();
                    format!(" ({prefix}{own} is {}'s)", self.kind)
                };
                format!(
                    "another connection holds this API key: close it, wait until the venue misses it (up to 60 s), or give each \
                     session a key of its own{own}"
                )
            }
        }
    }

    fn unknown_key(&self) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated => OUR_FAULT.to_owned(),
            Whereabouts::Directory(path) => format!("{OTHER_KEYS}: start it again with {}", start(path)),
            Whereabouts::Venue(environment) | Whereabouts::VenueBy(environment, _) => {
                let granted = match self.kind {
                    SessionKind::OrderEntryRetransmitting | SessionKind::PostTrade => {
                        ", which is given on request"
                    }
                    _ => "",
                };
                format!(
                    "check the API key id in {}, that it is one of {} (demo and production share none), and that it is entitled to \
                     {}{granted}",
                    self.variables().id,
                    named(environment),
                    self.kind
                )
            }
            Whereabouts::Elsewhere(_) => format!(
                "check the API key id in {}: what listens there has to know it; a simulated exchange's are in exchange.json of its \
                 directory, and --gateway DIRECTORY takes them from there",
                self.variables().id
            ),
        }
    }

    /// A port that is of another session.
    fn another_session(&self, text: &str) -> String {
        let asked = self.kind;
        let served = SessionKind::ALL.into_iter().find(|kind| {
            let name = kind.profile().target_comp_id;
            let mut words = text.split(|character: char| !character.is_ascii_alphanumeric());
            *kind != asked && words.any(|word| word == name)
        });
        match self.whereabouts() {
            Whereabouts::Simulated => OUR_FAULT.to_owned(),
            Whereabouts::Directory(path) => format!(
                "{asked} was asked for, and this port serves another session: the description in {} is an old one; start the exchange \
                 again with {}",
                path.display(),
                start(path)
            ),
            Whereabouts::Venue(_) => format!(
                "{asked} was asked for on its documented port: the key may not be entitled to it, or something in between leads to \
                 another port"
            ),
            Whereabouts::VenueBy(_, endpoint) | Whereabouts::Elsewhere(endpoint) => {
                let serves = match served {
                    Some(served) => format!("{endpoint} is the port of {served}"),
                    None => format!("{endpoint} is the port of another session"),
                };
                let or = match served {
                    Some(served) if self.product.offers(served) => {
                        format!(
                            ", or probe what is there with --session {}",
                            short(served).to_lowercase()
                        )
                    }
                    _ => String::new(),
                };
                format!(
                    "{serves}, and {asked} was asked for: each session of each product has a port of its own ({} for {asked} at the venue); \
                     give --endpoint that of {asked}{or}",
                    asked.profile().port
                )
            }
        }
    }

    fn clock(&self) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated => OUR_FAULT.to_owned(),
            Whereabouts::Directory(path) => format!(
                "both clocks are this machine's, which has been set meanwhile: start the exchange again with {}",
                start(path)
            ),
            Whereabouts::Venue(_) | Whereabouts::VenueBy(..) => {
                "set this machine's clock (NTP): it may be 30 s from the venue's at most".to_owned()
            }
            Whereabouts::Elsewhere(_) => {
                "set this machine's clock (NTP), or that of the other side: they may be 30 s apart at most"
                    .to_owned()
            }
        }
    }

    fn numbers(&self) -> String {
        let fault = "the numbers do not fit, although they were to start anew: another program may use the same API key for";
        match self.whereabouts() {
            Whereabouts::Simulated => OUR_FAULT.to_owned(),
            Whereabouts::Directory(_) => {
                format!(
                    "{fault} {}; close that, or go as another member with --member NUMBER",
                    self.kind
                )
            }
            _ => format!(
                "{fault} {}; give each session a key of its own, and try again",
                self.kind
            ),
        }
    }

    /// What to do about a session that ended at this step.
    pub(super) fn ended_at(&self, step: Step, cause: &EndCause) -> String {
        match (cause, cause.class()) {
            (EndCause::Connect { source }, _) => self.not_connected(source).1,
            (EndCause::Session(EndReason::LogonRefused(refused)), _) => {
                self.refused(refused.kind, refused.text.as_deref())
            }
            (EndCause::Session(EndReason::LogonTimeout { .. }), _) => self.no_answer_to_logon(),
            (EndCause::Session(EndReason::Disconnected { .. }) | EndCause::Transport { .. }, _) => {
                self.disconnected(step)
            }
            (EndCause::Session(EndReason::LogoutUnanswered { .. }), _) => {
                "the session was had, and its logout was not answered: nothing is lost; the other side may hold the key until it \
                 misses the heartbeats (up to 60 s)"
                    .to_owned()
            }
            (_, FailureClass::Clock) => self.clock(),
            (_, FailureClass::PeerLogout) => match self.whereabouts() {
                Whereabouts::Directory(path) => format!(
                    "the exchange ended the session, by its own words above: where it has been stopped, {} starts it again",
                    start(path)
                ),
                Whereabouts::Venue(_) | Whereabouts::VenueBy(..) => {
                    format!("the venue ended the session: its own words say why; {MAINTENANCE}")
                }
                _ => "the other side ended the session: its own words say why".to_owned(),
            },
            (_, FailureClass::Network) => self.silent(),
            (_, FailureClass::Sequence) => self.numbers(),
            (_, FailureClass::Protocol) => match self.whereabouts() {
                Whereabouts::Directory(path) => format!(
                    "what answers does not keep to the session protocol, and is not this exchange: start it again with {}",
                    start(path)
                ),
                Whereabouts::VenueBy(..) | Whereabouts::Elsewhere(_) => format!(
                    "what answers does not keep to the session protocol: check that --endpoint leads to the port of {} of {}",
                    self.kind, self.product
                ),
                _ => "what answers does not keep to the session protocol: try again, and keep a log of it for whoever runs the other side"
                    .to_owned(),
            },
            _ => NO_MORE_KNOWN.to_owned(),
        }
    }

    /// What to do where a session is logged on, and nothing more comes.
    pub(crate) fn silent(&self) -> String {
        match self.whereabouts() {
            Whereabouts::Simulated => {
                format!("this machine may be too busy: {} waits longer", self.patient_probe())
            }
            Whereabouts::Directory(path) => format!(
                "the exchange is logged on to and says nothing: if it is stopped (Ctrl-Z), go on with it (`fg`); otherwise start it again with \
                 {}",
                start(path)
            ),
            Whereabouts::Venue(_) => {
                "the venue is logged on to and says nothing: check the network between here and there, and try again later".to_owned()
            }
            Whereabouts::VenueBy(_, endpoint) | Whereabouts::Elsewhere(endpoint) => format!(
                "the other side is logged on to and says nothing: check the network between here and {endpoint}, and what is behind it"
            ),
        }
    }

    fn no_answer_to_logon(&self) -> String {
        let patient = self.patient_probe();
        match self.whereabouts() {
            Whereabouts::Simulated => format!("this machine may be too busy: {patient} waits longer"),
            Whereabouts::Directory(path) => format!(
                "the exchange takes connections and does not answer: if it is stopped (Ctrl-Z), go on with it (`fg`); otherwise start it \
                 again with {}",
                start(path)
            ),
            Whereabouts::Venue(_) => format!(
                "the venue takes the connection and does not answer the logon: try again later; where the way is slow, {patient} \
                 waits longer"
            ),
            Whereabouts::VenueBy(..) | Whereabouts::Elsewhere(_) => format!(
                "nobody answers the logon: check that --endpoint leads to the port of {} (at the venue {}); where the way is slow, \
                 {patient} waits longer",
                self.kind,
                self.kind.profile().port
            ),
        }
    }

    fn disconnected(&self, step: Step) -> String {
        if step != Step::LogOn {
            return match self.whereabouts() {
                Whereabouts::Simulated => OUR_FAULT.to_owned(),
                Whereabouts::Directory(path) => format!(
                    "the exchange has gone while the session was up: if it was stopped, start it again with {}",
                    start(path)
                ),
                Whereabouts::Venue(_) => {
                    format!(
                        "the connection was lost while the session was up: check the network, and try again; {MAINTENANCE}"
                    )
                }
                Whereabouts::VenueBy(_, endpoint) | Whereabouts::Elsewhere(endpoint) => format!(
                    "the connection was lost while the session was up: check the network between here and {endpoint}, and what is \
                     behind it, and try again"
                ),
            };
        }
        match self.whereabouts() {
            Whereabouts::Simulated => OUR_FAULT.to_owned(),
            Whereabouts::Directory(path) => format!(
                "the exchange closed the connection without a word: it may be about to end; start it again with {}",
                start(path)
            ),
            Whereabouts::Venue(environment) => format!(
                "the venue closed the connection without a word: check that the key is one of {} (demo and production share none); \
                 {MAINTENANCE}",
                named(environment)
            ),
            Whereabouts::VenueBy(environment, endpoint) => format!(
                "the other side closed the connection without a word: check that {endpoint} leads to the port of {} (at the venue {}), \
                 and that the key is one of {}; {MAINTENANCE}",
                self.kind,
                self.kind.profile().port,
                named(environment)
            ),
            Whereabouts::Elsewhere(endpoint) => format!(
                "the other side closed the connection without a word: check that {endpoint} is the port of {}, and that it knows \
                 this key",
                self.kind
            ),
        }
    }
}

const OTHER_KEYS: &str = "what answers has other keys than this directory, and is not its exchange";
/// Nobody else is there.
const OUR_FAULT: &str = "nobody but this program takes part in it, so that this is a fault of its own: please report the words above";
