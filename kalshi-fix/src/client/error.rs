//! Why a client could not open a session.

use std::time::Duration;

use super::logon::LogonOptionsError;
use crate::credentials::CredentialsError;
use crate::driver::{EndCause, SessionEnd, SpawnError};
use crate::environment::EnvironmentError;
use crate::reconnect::FailureClass;
use crate::session::{EndReason, LogonRefused, RefusalKind};
use crate::store::StoreError;
use crate::transport::{ConnectError, TlsSettingsError};

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nobody said who logs on.
    #[error("no credentials: give the builder `credentials(..)`, or build the client with `from_env`")]
    NoCredentials,
    /// The credentials could not be put together.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The TLS settings cannot work.
    #[error(transparent)]
    Tls(#[from] TlsSettingsError),
    /// An endpoint cannot be used.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The venue would refuse the logon's options.
    #[error(transparent)]
    Logon(#[from] LogonOptionsError),
    /// Plaintext was asked for in an environment that is not this machine's.
    #[error("plaintext is for the loopback environment only, not for {environment}")]
    Plaintext {
        /// The environment.
        environment: crate::environment::Environment,
    },
}

/// Why a session could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The endpoint cannot be used.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The logon's options cannot be used.
    #[error(transparent)]
    Logon(#[from] LogonOptionsError),
    /// No connection came about.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The session could not be started.
    #[error(transparent)]
    Start(#[from] SpawnError),
    /// There is no key for the session.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The store that was given is another session's. Nothing was sent, and nothing in the store has changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The venue refused the logon.
    #[error(transparent)]
    Refused(#[from] LogonError),
    /// The session ended before it was established, in any other way.
    #[error("{target} ended before it was established: {end}")]
    Ended {
        /// The session, by its `TargetCompID (56)`.
        target: &'static str,
        /// How.
        end: SessionEnd,
    },
}

impl OpenError {
    pub(super) fn ended(target: &'static str, end: SessionEnd) -> OpenError {
        match end {
            SessionEnd {
                cause: EndCause::Session(EndReason::LogonRefused(refused)),
                ..
            } => OpenError::Refused(LogonError { target, refused }),
            end => OpenError::Ended { target, end },
        }
    }
}

impl OpenError {
    /// What kind of failure it is. `None` where nothing was tried: something has to be configured otherwise first.
    #[must_use]
    pub fn class(&self) -> Option<FailureClass> {
        match self {
            OpenError::Environment(_)
            | OpenError::Logon(_)
            | OpenError::Start(_)
            | OpenError::Credentials(_)
            | OpenError::Store(_) => None,
            OpenError::Connect(error) => Some(error.class()),
            OpenError::Refused(error) => Some(error.class()),
            OpenError::Ended { end, .. } => Some(end.cause.class()),
        }
    }
}

/// The venue refused a logon: what it said, what kind of refusal that is, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{target}: {refused}; {}", self.remedy())]
#[non_exhaustive]
pub struct LogonError {
    /// The session, by its `TargetCompID (56)`.
    pub target: &'static str,
    /// What the venue said.
    #[source]
    pub refused: LogonRefused,
}

impl LogonError {
    /// What kind of failure it is: whether to wait, to repair something, or to stop.
    #[must_use]
    pub const fn class(&self) -> FailureClass {
        FailureClass::of_refusal(self.refused.kind)
    }

    /// What to do about it, in words.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self.refused.kind {
            RefusalKind::AlreadyExists => {
                "another connection holds this API key: close it, wait until the venue misses it (up to 60 s), or give each \
                 session a key of its own"
            }
            RefusalKind::Signature => {
                "check that the private key is that of this API key id, and of this environment: demo and production share none"
            }
            RefusalKind::CompId => {
                "check the API key id, its environment (demo and production share none), and that it is entitled to this \
                 session: KalshiRT and KalshiPT are given on request"
            }
            RefusalKind::TargetCompId => {
                "this port is that of another session: check host and port, since each session of each product has its own; where \
                 they are right, the key is not entitled to this session"
            }
            RefusalKind::SendingTime => {
                "set this machine's clock (NTP): it may be 30 s from the venue's at most"
            }
            RefusalKind::RateLimit => {
                "wait for tokens of the rate limit: a logon takes them as an order does"
            }
            RefusalKind::Sequence => {
                "the store's numbers do not fit the venue's: start anew (`Retransmission::start_anew`), and reconcile what was missed"
            }
            RefusalKind::Other => "the venue's own words are all that is known of it",
        }
    }
}

/// How long [`LogonRefused`] of the kind `AlreadyExists` can last after a crash: until the venue misses the heartbeats of
/// the connection that is gone.
pub const OLD_SESSION_TIMEOUT: Duration = Duration::from_mins(1);
