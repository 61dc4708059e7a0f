//! The task that carries one session: a thin layer of tokio around the [`Session`](crate::session::Session) core.
//!
//! [`spawn`] takes a connected stream, of any kind, and settings for the core. It returns a [`Handle`], through which
//! messages are sent, and the [`Events`] that the session delivers:
//!
//! ```text
//!   application                                    driver's task
//!   ───────────        ┌──────────────────┐        ─────────────
//!   Handle::send ─────►│ Session (a lock, │◄────── bytes, time, signatures
//!     MsgSeqNum ◄──────│ never held over  │──────► bytes to write
//!                      │ an await)        │──┐
//!                      └──────────────────┘  │ events
//!   Events::recv ◄──────── bounded inbox ◄───┘
//! ```
//!
//! - **Sending** encodes the message into the session's own buffer on the caller's task, under a lock that is held for
//!   that alone, and returns its `MsgSeqNum (34)`; the order of the numbers is the order on the wire. What waits to be
//!   written is bounded: [`Handle::send`] waits for room, [`Handle::try_send`] refuses.
//! - **Receiving** is bounded too, in messages and in bytes. What happens when the application does not keep up is its
//!   choice ([`InboundPolicy`]): the peer waits, the session ends, or messages are dropped and the application is told.
//!   Heartbeats go on either way, since the task does not wait for the application.
//! - **The end** is one event, [`Event::Ended`], the last, with its cause and with how far the messages sent had come.
//! - **Keeping** what a session that retransmits has sent, and how far it is, is for a [`SessionStore`]
//!   ([`Builder::store`]): its work is done in the task, or on a thread of its own, many operations to a commit. What waits
//!   for it is bounded by the limit on bytes to send. A store that fails ends the session. When the session's end is told, the
//!   store is closed.
//! - **Connecting again** is for a session that was started with [`Builder::supervise`]: its handles and its events
//!   outlive the connection, and [`Event::Disconnected`] and [`Event::Reconnected`] tell what is in doubt and what may be
//!   missed. No message is sent again by that.
//!
//! Frames are not copied on the way in: an event's frame shares the buffer that it was read into, so that a frame which
//! the application keeps pins that whole buffer ([`DriverSettings::read_chunk`], or the frame's own length if it is
//! longer). Copy what is to be kept for long.

mod alarm;
mod builder;
mod clock;
mod end;
mod event;
mod handle;
mod inbox;
mod keeper;
mod observer;
mod shared;
mod supervisor;
mod task;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

pub use builder::{Builder, SpawnError};
pub use clock::{Clock, SystemClock};
pub(crate) use clock::{after, instant};
pub use end::{EndCause, SessionEnd};
pub use event::{AttemptFailed, Disconnected, Dropped, Event, Missed, Reconnected};
pub use handle::{Closed, Events, Handle};
pub use keeper::SessionStore;
pub use observer::Observer;
pub use supervisor::Dial;

use crate::credentials::Signer;
use crate::session::{Role, SessionSettings};

/// What the driver may use, and what it does at the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DriverSettings {
    /// What to do when the application does not take events as fast as they come.
    pub inbound_policy: InboundPolicy,
    /// How many events may wait for the application. The core holds up to
    /// [`SessionSettings::max_events`] more.
    pub max_waiting_events: usize,
    /// How many bytes of frames may wait for the application.
    pub max_waiting_bytes: usize,
    /// The size of the receive buffers, and what a retained frame pins at most, unless it is longer itself.
    pub read_chunk: usize,
    /// How long the peer may refuse to take any byte of what waits to be written.
    pub write_timeout: Duration,
    /// How long the last bytes may take at the end of a session, a `Logout (5)` among them.
    pub final_flush: Duration,
    /// Sessions with a store: when a received message counts as handled, so that it is not asked for again after a crash.
    pub acknowledge: Acknowledge,
}

/// When a received message counts as handled by the application, on a session with a store.
///
/// The store is told of no number beyond it. After a crash the peer sends again what follows, marked as a possible
/// duplicate: a message is delivered at least once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Acknowledge {
    /// When the application asks for the next event.
    #[default]
    TakingTheNext,
    /// When it says so ([`Handle::acknowledge`]).
    Explicit,
}

impl Default for DriverSettings {
    /// [`InboundPolicy::Block`] at 4,096 events or 4 MiB; buffers of 64 KiB; 30 s for a write, 1 s for the last.
    fn default() -> DriverSettings {
        DriverSettings {
            inbound_policy: InboundPolicy::Block,
            max_waiting_events: 4096,
            max_waiting_bytes: 4 << 20,
            read_chunk: 64 << 10,
            write_timeout: Duration::from_secs(30),
            final_flush: Duration::from_secs(1),
            acknowledge: Acknowledge::TakingTheNext,
        }
    }
}

/// What to do when the application does not take events as fast as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InboundPolicy {
    /// Leave off reading until there is room: nothing is lost, and the peer is made to wait (TCP's own pressure). The
    /// session stays alive on our side: heartbeats go out, and the peer, from which nothing is read, is not taken for
    /// dead. Right for orders. A venue may cut off a client that falls too far behind.
    Block,
    /// Log out and end the session with [`EndCause::SlowReader`]: what waits is still delivered. Right where old data
    /// is worth less than a new snapshot.
    Disconnect,
    /// Drop the messages that wait, all of them at once, and deliver [`Event::Dropped`] in their place. Right for market
    /// data: the session and its subscriptions stay, and what was dropped is had again by asking for snapshots. Sessions
    /// of [`Client::market_data`](crate::client::Client::market_data) have it unless told otherwise.
    ///
    /// The session goes on reading, so that test requests and resends are answered however long the application looks
    /// away. What the session itself has to tell is never dropped; should that alone fill the queue (rejects and garbled
    /// bytes without end), reading stops as with [`Block`](InboundPolicy::Block). At most
    /// [`max_waiting_events`](DriverSettings::max_waiting_events) messages and as many other events wait.
    ///
    /// A session with a store refuses it ([`SpawnError::DropsWhatIsKept`]): what is worth keeping is not to be dropped.
    DropAndInvalidate,
}

/// Starts a session over a connected stream, on the current tokio runtime.
///
/// An initiator whose logon is to be signed needs a `signer`.
///
/// # Panics
///
/// Outside of a tokio runtime; in its task, if the runtime has no timers.
pub fn spawn<S>(
    stream: S,
    session: SessionSettings,
    role: Role,
    signer: Option<Arc<dyn Signer>>,
    settings: DriverSettings,
) -> Result<(Handle, Events), SpawnError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    spawn_with_clock(stream, session, role, signer, settings, Arc::new(SystemClock))
}

/// As [`spawn`], with a clock of the caller's choice for UTC.
pub fn spawn_with_clock<S>(
    stream: S,
    session: SessionSettings,
    role: Role,
    signer: Option<Arc<dyn Signer>>,
    settings: DriverSettings,
    clock: Arc<dyn Clock>,
) -> Result<(Handle, Events), SpawnError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(session, role).settings(settings).clock(clock);
    if let Some(signer) = signer {
        builder = builder.signer(signer);
    }
    builder.spawn(stream)
}

#[cfg(test)]
mod tests;
