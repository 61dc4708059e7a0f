//! How much a store keeps.

use std::time::Duration;

/// How much a [`Store`](super::Store) keeps of the messages of the current session. What goes beyond a limit is
/// dropped, the oldest first, by [`commit`](super::Store::commit), and
/// [`StoreState::dropped_through`](super::StoreState::dropped_through) says so. A peer that asks for it again is refused, unless
/// the policy would have held it back, which a gap fill tells
/// ([`handle_read_dropped`](crate::session::Session::handle_read_dropped)); a session may well end of a refusal.
///
/// Sequence numbers are never dropped. A venue says how long it may ask for messages; keep them at least as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// Messages older than this are dropped. `None`: age does not matter.
    pub max_age: Option<Duration>,
    /// Not more bytes than this. `None`: size does not matter.
    pub max_bytes: Option<u64>,
    /// Not more messages than this. `None`: their number does not matter.
    pub max_messages: Option<u64>,
}

impl Retention {
    /// Everything, until the session is reset.
    pub const EVERYTHING: Retention = Retention {
        max_age: None,
        max_bytes: None,
        max_messages: None,
    };
}
