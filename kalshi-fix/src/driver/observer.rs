//! Seeing events before they wait for the application.

use super::event::Event;

/// Sees each event of a session on the session's own task, in order, before it is queued for the application; whether the
/// application takes what is queued makes no difference to it.
///
/// It is called under the session's lock: it must neither block nor use the session's [`Handle`](super::Handle), and
/// what it does delays the session. A session that was given none pays nothing for it
/// ([`Builder::observer`](super::Builder::observer)).
///
/// While the queue is full nothing is read from the peer's messages
/// ([`InboundPolicy::Block`](super::InboundPolicy::Block)), and nothing is observed.
pub trait Observer: Send + Sync + 'static {
    /// This event is queued next. The last one is [`Event::Ended`], which comes once.
    fn observe(&self, event: &Event);
}
