//! Why a client could not open a session.

use std::time::Duration;

use super::logon::LogonOptionsError;
use crate::credentials::CredentialsError;
use crate::driver::{EndCause, SessionEnd, SpawnError};
use crate::environment::EnvironmentError;
use crate::session::{EndReason, LogonRefused};
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
    /// The venue refused the logon. [`LogonRefused::kind`] says what to do about it.
    #[error("{target}: {refused}")]
    Refused {
        /// The session, by its `TargetCompID (56)`.
        target: &'static str,
        /// What the venue said.
        refused: LogonRefused,
    },
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
            } => OpenError::Refused { target, refused },
            end => OpenError::Ended { target, end },
        }
    }
}

/// How long [`LogonRefused`] of the kind `AlreadyExists` can last after a crash: until the venue misses the heartbeats of
/// the connection that is gone.
pub const OLD_SESSION_TIMEOUT: Duration = Duration::from_mins(1);
