//! How a connection ended.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::credentials::SignerError;
use crate::session::{EndReason, SequenceNumber, State};

/// How a session ended, and how far what it sent had come.
///
/// Messages up to [`written`](SessionEnd::written) were handed to the operating system whole; those above it, up to
/// [`sent`](SessionEnd::sent), perhaps. Whether the peer has handled any of them, only its answers tell: an order without
/// an answer is in doubt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionEnd {
    /// Why.
    pub cause: EndCause,
    /// The highest `MsgSeqNum (34)` that was given out; 0 if none was.
    pub sent: SequenceNumber,
    /// The highest `MsgSeqNum (34)` that is known to have been written whole; 0 if none is.
    pub written: SequenceNumber,
}

impl fmt::Display for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        if self.sent > self.written {
            write!(
                f,
                " (messages {} to {} may not have been written)",
                self.written + 1,
                self.sent
            )?;
        }
        Ok(())
    }
}

/// Why a session ended.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndCause {
    /// By the session protocol: a logout, a refusal, a violation, silence, the end of the stream.
    #[error(transparent)]
    Session(#[from] EndReason),
    /// The connection broke.
    #[error("the connection broke while {state}: {source}")]
    Transport {
        /// Where the session stood.
        state: State,
        /// What the transport said.
        source: Arc<io::Error>,
    },
    /// The logon could not be signed.
    #[error("{source}")]
    Signing {
        /// What the signer said.
        source: Arc<SignerError>,
    },
    /// The peer took no byte for too long.
    #[error("the peer took none of what waits to be written for {waited:?}")]
    WriteStalled {
        /// For how long.
        waited: Duration,
    },
    /// The application did not take events as fast as they came, and the policy is
    /// [`InboundPolicy::Disconnect`](super::InboundPolicy::Disconnect).
    #[error("the application did not keep up: {waiting} events waited for it")]
    SlowReader {
        /// How many.
        waiting: usize,
    },
    /// The application let go of the session, or aborted it. There was no logout.
    #[error("the application aborted the session")]
    Aborted,
    /// The driver's task was stopped from outside: its runtime was shut down, or it panicked.
    #[error("the session's task was stopped")]
    Stopped,
}
