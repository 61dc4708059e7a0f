//! What a session with retransmission needs beside a logon.

use std::fmt;

use crate::driver::SessionStore;
use crate::session::{JournalGate, ResendPolicy};

/// Where a session with retransmission is kept, and what the venue gets of it again.
///
/// A [`SessionStore`] becomes one with the defaults:
///
/// - it resumes where the store ended;
/// - of what the venue asks for again, it gets what was sent on this connection; what was sent before is filled over, and
///   told ([`ResendPolicy::ThisConnection`]): an order that is late may be worse than none;
/// - a message leaves when the store has it ([`JournalGate::Stored`]), so that no number is used twice after a crash.
#[must_use]
pub struct Retransmission {
    pub(super) store: SessionStore,
    pub(super) resend: ResendPolicy,
    pub(super) gate: JournalGate,
    pub(super) start_anew: bool,
}

impl Retransmission {
    /// Kept in this store, which belongs to one session of one key: one of another session is refused when the session is
    /// opened, before anything is sent ([`OpenError::Store`](super::OpenError::Store)).
    pub fn new(store: SessionStore) -> Retransmission {
        Retransmission {
            store,
            resend: ResendPolicy::ThisConnection,
            gate: JournalGate::Stored,
            start_anew: false,
        }
    }

    /// What the venue gets of our messages when it asks for them again.
    pub fn resend(mut self, policy: ResendPolicy) -> Retransmission {
        self.resend = policy;
        self
    }

    /// When a message may leave. [`JournalGate::HandedOut`] does not wait for the disk, and can use a number twice after a
    /// crash.
    pub fn gate(mut self, gate: JournalGate) -> Retransmission {
        self.gate = gate;
        self
    }

    /// The first logon starts both directions at 1 (`ResetSeqNumFlag (141)` = Y), whatever the store holds: for a store
    /// that was lost, or that does not fit any more. What the venue has kept for the session is lost with it. Later
    /// connections of the same session resume.
    pub fn start_anew(mut self) -> Retransmission {
        self.start_anew = true;
        self
    }
}

impl From<SessionStore> for Retransmission {
    fn from(store: SessionStore) -> Retransmission {
        Retransmission::new(store)
    }
}

impl fmt::Debug for Retransmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retransmission")
            .field("store", &self.store)
            .field("resend", &self.resend)
            .field("gate", &self.gate)
            .field("start_anew", &self.start_anew)
            .finish()
    }
}
