//! How much waits in a session.

use super::Session;

/// How much waits in a session: what its surroundings have not taken yet, or what waits for the peer. Each of these has a
/// bound, whatever the peer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Queued {
    /// Events that were not taken. [`handle_bytes`](Session::handle_bytes) stops at
    /// [`max_events`](super::SessionSettings::max_events), a resend that holds messages back at twice that and a page.
    pub events: usize,
    /// Bytes to send. `send` refuses at [`max_pending_transmit`](super::SessionSettings::max_pending_transmit), and reading
    /// stops at twice that and two pages of a resend.
    pub transmit_bytes: usize,
    /// Store operations that were not taken: of each message to send at most one, and a few besides.
    pub store_operations: usize,
    /// Messages above a gap, those that were dealt with included, which
    /// [`EarlyMessages::Keep`](super::EarlyMessages::Keep) bounds; a logon's own number may come on top.
    pub early_messages: usize,
    /// Bytes of such messages, with the same bound's.
    pub early_bytes: usize,
    /// TestRequests (1) without an exact answer; of more than eight the oldest are forgotten.
    pub test_requests: usize,
}

impl Session {
    /// How much waits in the session now.
    #[must_use]
    pub fn queued(&self) -> Queued {
        let (early_messages, early_bytes) = self.early_held();
        Queued {
            events: self.events.len(),
            transmit_bytes: self.outbox.pending(),
            store_operations: self.outbox.operations(),
            early_messages,
            early_bytes,
            test_requests: self.liveness.unanswered(),
        }
    }
}
