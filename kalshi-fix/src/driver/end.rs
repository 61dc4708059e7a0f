//! How a connection ended.

use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::credentials::SignerError;
use crate::reconnect::{FailureClass, StopReason};
use crate::session::{EndReason, SequenceNumber, SessionState};
use crate::transport::ConnectError;

/// How a session ended, and how far what it sent had come.
///
/// ```text
///  1 ........ confirmed ........ written ........ sent
///  └ received ┘└────────── in doubt ──────────────┘
///                └ with the operating system ┘└ perhaps not even that, perhaps in part ┘
/// ```
///
/// Whether the peer has handled a message in doubt, only its answers tell: an order without an answer may live.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionEnd {
    /// Why.
    pub cause: EndCause,
    /// Supervised sessions: why there is no further attempt to connect.
    pub stopped: Option<StopReason>,
    /// The highest `MsgSeqNum (34)` that the peer is known to have received: by the answer to a test request, or by a
    /// reject that names it. 0 if none is known. A logout proves nothing, since the peer's may have crossed ours; who wants to
    /// know asks for a sign of life first ([`Handle::test_request`](super::Handle::test_request)).
    pub confirmed: SequenceNumber,
    /// The highest `MsgSeqNum (34)` that was given out; 0 if none was.
    pub sent: SequenceNumber,
    /// The highest `MsgSeqNum (34)` that is known to have been written whole; 0 if none is.
    pub written: SequenceNumber,
}

impl SessionEnd {
    /// Nothing was sent.
    pub(super) const fn before_the_logon(cause: EndCause) -> SessionEnd {
        SessionEnd {
            cause,
            stopped: None,
            confirmed: 0,
            sent: 0,
            written: 0,
        }
    }

    /// The numbers of the messages that were sent and are not known to have been received, session messages (logon,
    /// heartbeats) among them. Empty when there are none.
    #[must_use]
    pub const fn in_doubt(&self) -> RangeInclusive<SequenceNumber> {
        self.confirmed + 1..=self.sent
    }
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
        if let Some(stopped) = &self.stopped {
            write!(f, "; not connecting again: {stopped}")?;
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
    #[error("the connection broke while {state}: {}", said(source))]
    Transport {
        /// Where the session stood.
        state: SessionState,
        /// What the transport said.
        source: Arc<io::Error>,
    },
    /// Supervised sessions: there was no connection.
    #[error("{source}")]
    Connect {
        /// Why.
        source: Arc<ConnectError>,
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

/// The TLS library tells an end without its goodbye in a sentence with an address in it.
fn said(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::UnexpectedEof => {
            "the peer closed it without a word, TLS's close_notify included".to_owned()
        }
        _ => source.to_string(),
    }
}

impl EndCause {
    /// What kind of failure this is to those who connect again.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            EndCause::Session(reason) => FailureClass::of(reason),
            EndCause::Transport { .. } | EndCause::WriteStalled { .. } => FailureClass::Network,
            EndCause::Connect { source } => source.class(),
            EndCause::Signing { .. } => FailureClass::Signing,
            EndCause::SlowReader { .. } => FailureClass::SlowReader,
            EndCause::Aborted | EndCause::Stopped => FailureClass::Application,
        }
    }
}
