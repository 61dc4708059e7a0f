//! Stores: what of a session outlives its connection, and its process.
//!
//! A session that retransmits keeps three things: the next MsgSeqNum (34) of each direction, and the application
//! messages that it has sent, so that a ResendRequest (2) can be served from them. The session core asks for them to be
//! kept ([`StoreOperation`](crate::session::StoreOperation)); a driver gives them to a [`Store`].
//!
//! | store | outlives | for |
//! | --- | --- | --- |
//! | [`MemoryStore`] | the connection | tests; sessions that may start anew after a crash |
//! | [`JournalStore`] | the process, or the machine's power, by its [`Durability`] | sessions that resume |
//!
//! All of them pass one conformance suite, `store::conformance`, which the feature `test-support` makes available for
//! stores of one's own.
//!
//! A store is synchronous, and never called by two threads at once. One that writes to a disk belongs on a thread of its
//! own, which takes what has been asked for since the last time, applies it, calls [`commit`](Store::commit) once, and
//! confirms all of it.
//!
//! A store belongs to one session ([`Store::claim`]): a journal to the one that it was opened for, one in memory to the
//! first that it is given to. A [`client`](crate::client) names its sessions by product, environment, key and kind, as in
//! [`Client::journal_settings`](crate::client::Client::journal_settings), and takes no store of another one.
//!
//! ```
//! use bytes::Bytes;
//! use kalshi_fix::dialect::Timestamp;
//! use kalshi_fix::store::{MemoryStore, Store};
//!
//! # fn main() -> Result<(), kalshi_fix::store::StoreError> {
//! let now = Timestamp::parse(b"20260817-16:00:00").unwrap();
//! let mut store = MemoryStore::new(now);
//! store.set_next_outgoing(2)?; // the Logon took 1, and is not journalled
//! store.append(2, &Bytes::from_static(b"8=FIXT.1.1|9=..."))?;
//! store.commit(now)?;
//! assert_eq!(store.state().sequences.next_outgoing, 3);
//!
//! let mut found = Vec::new();
//! let page = store.read(1, u64::MAX, 1 << 20, &mut found)?;
//! assert_eq!(page.next, None); // all of it
//! assert_eq!(found.len(), 1); // 1 is a hole, which a session fills with a SequenceReset (4)
//! # Ok(())
//! # }
//! ```

#[cfg(any(test, feature = "test-support"))]
pub mod conformance;
mod disk;
mod error;
mod journal;
mod memory;
mod retention;
#[cfg(any(test, feature = "test-support"))]
mod simulated;

use std::time::Duration;

use bytes::Bytes;
use fix_dialect::Timestamp;

use crate::session::{MAX_JOURNALLED, SequenceNumber, Sequences};

pub use error::{SequenceOperation, StoreError};
pub use journal::{Durability, JournalSettings, JournalStore, Recovery, TornTail};
pub use memory::MemoryStore;
pub use retention::Retention;
#[cfg(any(test, feature = "test-support"))]
pub use simulated::{Fault, SimulatedDisk};

/// Keeps what of a session outlives its connection.
///
/// # What the caller may rely on
///
/// - What was given is seen at once by [`state`](Store::state) and [`read`](Store::read), and is as durable as the
///   store promises when [`commit`](Store::commit) returns.
/// - After a crash the store holds what it held after one of the operations that were given, in their order: the last
///   one that was committed or a later one. It never holds a later operation without an earlier one.
/// - [`read`](Store::read) serves exactly the bytes that were appended under that number, or nothing, or an error.
/// - An operation that is refused for its arguments ([`StoreError::Sequence`], [`StoreError::FrameLength`]) changes
///   nothing, and the store goes on. After any other error of an operation that writes, the store takes no further
///   one ([`StoreError::is_fatal`]): close it, and open it again.
pub trait Store: Send {
    /// Makes the store the session's of this name, if it is nobody's yet. A store that wraps another one passes it on.
    ///
    /// A session asks for it before it takes anything from the store, and before it sends anything: numbers and messages
    /// of one session mean nothing to another one. A name stays through a [`reset`](Store::reset), and for as long as what
    /// the store holds. To be asked for its own name again changes nothing.
    ///
    /// # Errors
    ///
    /// When it is another session's: [`StoreError::Claimed`], or, of a store with a place, [`StoreError::OtherSession`].
    /// Nothing has changed then.
    fn claim(&mut self, session: &str) -> Result<(), StoreError>;

    /// What the store holds, with everything that was given so far.
    fn state(&self) -> StoreState;

    /// Keeps an outbound application message. The next outgoing number becomes `sequence + 1`.
    ///
    /// `sequence` is at least the next outgoing number: a number is never used for two messages. The numbers between
    /// are those of messages that are not journalled.
    fn append(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<(), StoreError>;

    /// Sets the number of the next outbound message, which never falls but by [`reset`](Store::reset).
    fn set_next_outgoing(&mut self, next: SequenceNumber) -> Result<(), StoreError>;

    /// Sets the number that the peer's next message must have: any from 1.
    fn set_next_incoming(&mut self, next: SequenceNumber) -> Result<(), StoreError>;

    /// Forgets all messages and starts both numbers at 1. The session began `now`.
    ///
    /// Needs no [`commit`](Store::commit): when this returns, the reset is as durable as anything can be in this
    /// store. A crash on the way leaves the old state or the new one, and nothing between.
    fn reset(&mut self, now: Timestamp) -> Result<(), StoreError>;

    /// Makes everything given so far as durable as the store promises; and drops what is held too long or is too much
    /// ([`Retention`]).
    ///
    /// Messages given since the last commit count as having been sent `now`. Call it once for many operations, before
    /// they are confirmed to the session.
    fn commit(&mut self, now: Timestamp) -> Result<Committed, StoreError>;

    /// Appends messages from `begin` to `end`, both included, to `out`, in rising order: whole messages, up to
    /// `max_bytes` of frames, but always at least one if there is any. Numbers without a message are left out.
    ///
    /// Frames of one page may share a buffer: one that is kept pins about as many bytes as the page has, or 64 KiB.
    fn read(
        &mut self,
        begin: SequenceNumber,
        end: SequenceNumber,
        max_bytes: usize,
        out: &mut Vec<(SequenceNumber, Bytes)>,
    ) -> Result<Page, StoreError>;
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn claim(&mut self, session: &str) -> Result<(), StoreError> {
        (**self).claim(session)
    }

    fn state(&self) -> StoreState {
        (**self).state()
    }

    fn append(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<(), StoreError> {
        (**self).append(sequence, frame)
    }

    fn set_next_outgoing(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        (**self).set_next_outgoing(next)
    }

    fn set_next_incoming(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        (**self).set_next_incoming(next)
    }

    fn reset(&mut self, now: Timestamp) -> Result<(), StoreError> {
        (**self).reset(now)
    }

    fn commit(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
        (**self).commit(now)
    }

    fn read(
        &mut self,
        begin: SequenceNumber,
        end: SequenceNumber,
        max_bytes: usize,
        out: &mut Vec<(SequenceNumber, Bytes)>,
    ) -> Result<Page, StoreError> {
        (**self).read(begin, end, max_bytes, out)
    }
}

/// What a [`Store`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreState {
    /// The next numbers of both directions: [`SessionSettings::sequences`](crate::session::SessionSettings::sequences)
    /// of the next connection.
    pub sequences: Sequences,
    /// The lowest number whose message can be read. `None`: there is no message.
    pub first_message: Option<SequenceNumber>,
    /// The highest number whose message was dropped by [`Retention`] since the session began; 0 if none was. At or
    /// below it, a number that cannot be read may have been an application message.
    pub dropped_through: SequenceNumber,
    /// When the session began: when the store was made, or last [reset](Store::reset).
    pub began: Timestamp,
}

impl StoreState {
    /// Nothing sent, nothing received. A store of one's own starts from here and sets the fields as it goes.
    #[must_use]
    pub fn new(began: Timestamp) -> StoreState {
        // In full precision, as it comes back from a file.
        let began = Timestamp::from_unix_nanos(began.unix_nanos());
        StoreState {
            sequences: Sequences::START,
            first_message: None,
            dropped_through: 0,
            began,
        }
    }
}

/// What [`Store::commit`] has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Committed {
    /// Call [`commit`](Store::commit) again after this long, even if nothing new has been given: the store's promise
    /// depends on it. `None`: there is no need.
    pub again_in: Option<Duration>,
}

/// Where a [`Store::read`] stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a page is not the whole range"]
#[non_exhaustive]
pub struct Page {
    /// The `begin` of the next page; `None` when the range is done.
    pub next: Option<SequenceNumber>,
}

impl Page {
    /// The range is done.
    pub const DONE: Page = Page { next: None };

    /// There may be more, from this number on.
    pub const fn from(next: SequenceNumber) -> Page {
        Page { next: Some(next) }
    }
}

/// The longest frame that a store takes: as long as any that a session asks to be kept.
pub const MAX_FRAME: usize = MAX_JOURNALLED;

/// What every store refuses in the same words.
fn check_append(
    state: &StoreState,
    sequence: SequenceNumber,
    frame: &Bytes,
) -> Result<SequenceNumber, StoreError> {
    if frame.is_empty() || frame.len() > MAX_FRAME {
        return Err(StoreError::FrameLength {
            sequence,
            length: frame.len(),
        });
    }
    let least = state.sequences.next_outgoing;
    match sequence.checked_add(1) {
        Some(next) if sequence >= least => Ok(next),
        _ => Err(SequenceOperation::Append.refused(sequence, least)),
    }
}

fn check_outgoing(state: &StoreState, next: SequenceNumber) -> Result<(), StoreError> {
    let least = state.sequences.next_outgoing;
    if next < least {
        return Err(SequenceOperation::SetNextOutgoing.refused(next, least));
    }
    Ok(())
}

fn check_incoming(next: SequenceNumber) -> Result<(), StoreError> {
    if next == 0 {
        return Err(SequenceOperation::SetNextIncoming.refused(next, 1));
    }
    Ok(())
}

/// How long before `now` a moment was; zero if it lies ahead, as after a correction of the clock.
fn age(moment: Timestamp, now: Timestamp) -> Duration {
    let nanos = now.unix_nanos().saturating_sub(moment.unix_nanos());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}
