//! What a driver delivers.

use std::time::Duration;

use fix_dialect::Timestamp;

use super::end::SessionEnd;
use crate::reconnect::{FailureClass, Wait};
use crate::session::{self, Established, SequenceNumber};

/// Something that a session delivers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// What happened on the session. `SignLogon` is answered by the driver, and `Ended` comes as
    /// [`Event::Ended`]: neither is delivered in here.
    Session(session::Event),
    /// Messages that waited for the application were dropped, since it did not keep up and the policy is
    /// [`InboundPolicy::DropAndInvalidate`](super::InboundPolicy::DropAndInvalidate). This event stands in the place of
    /// the first of them. Whatever is kept up to date from the session's messages (a book of any market) is invalid from
    /// here on, until a snapshot that is asked for after this event makes it anew.
    Dropped(Dropped),
    /// A supervised session has lost its connection, and will connect again. Messages cannot be sent until
    /// [`Event::Reconnected`].
    Disconnected(Disconnected),
    /// An attempt of a supervised session to connect has failed, and there will be another. Of several that wait to be
    /// taken in a row, only the last is kept.
    AttemptFailed(AttemptFailed),
    /// A supervised session is logged on again.
    Reconnected(Reconnected),
    /// The session is over. Nothing follows.
    Ended(SessionEnd),
}

/// Messages that were received and are not delivered.
///
/// They are all application messages that came with numbers from `first` to `last`, and they alone: what the session
/// itself had to tell meanwhile is delivered behind this event, and so is every message after `last`, in its turn. The
/// venue does not know: it has the numbers for received, and sends none of them again. An
/// [`Observer`](super::Observer) has seen the messages themselves, and is not told of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// How many messages.
    pub messages: u64,
    /// `MsgSeqNum (34)` of the first.
    pub first: SequenceNumber,
    /// `MsgSeqNum (34)` of the last. Numbers between that are no dropped message are session messages.
    pub last: SequenceNumber,
}

impl Dropped {
    pub(crate) const fn one(sequence: SequenceNumber) -> Dropped {
        Dropped {
            messages: 1,
            first: sequence,
            last: sequence,
        }
    }

    /// These were dropped too, later ones of the same numbering.
    pub(super) const fn add(&mut self, later: &Dropped) {
        self.messages = self.messages.saturating_add(later.messages);
        self.last = later.last;
    }
}

/// A supervised session has lost its connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Disconnected {
    /// Why, and [how far](SessionEnd::in_doubt) what was sent had come. Nothing of it is sent again by reconnecting.
    pub end: SessionEnd,
    /// What kind of failure it is taken for.
    pub class: FailureClass,
    /// When the next attempt will be, and why then.
    pub wait: Wait,
}

/// An attempt of a supervised session has failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttemptFailed {
    /// Why.
    pub end: SessionEnd,
    /// What kind of failure it is taken for.
    pub class: FailureClass,
    /// When the next attempt will be, and why then.
    pub wait: Wait,
    /// How many failures in a row count by now: those during maintenance do not.
    pub failures: u32,
}

/// A supervised session is logged on again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnected {
    /// The venue's answer to the logon.
    pub established: Established,
    /// What the venue may have sent in the meantime.
    pub missed: Missed,
    /// For how long there was no session.
    pub gone: Duration,
}

/// What may have been missed between two connections.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missed {
    /// The numbers go on: what was missed shows as a gap, is asked for again, and is delivered like any other message.
    Nothing,
    /// The numbers start anew: what the venue sent between these times is lost to this session. Orders are to be
    /// reconciled (by drop copy or by asking for their status), and books to be subscribed to again.
    Unknown {
        /// The last `MsgSeqNum (34)` that was received on the old connection; 0 if none was.
        after: SequenceNumber,
        /// When something was last received on it, by our clock.
        since: Timestamp,
        /// When the new one was logged on, by our clock.
        until: Timestamp,
    },
}

/// What a new connection has to know of the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gone {
    pub(super) next_incoming: SequenceNumber,
    pub(super) last_heard: session::Now,
    pub(super) ended: session::Now,
}

impl Gone {
    pub(super) fn reconnected(&self, established: Established, now: session::Now) -> Reconnected {
        let missed = if established.reset {
            Missed::Unknown {
                after: self.next_incoming.saturating_sub(1),
                since: self.last_heard.utc,
                until: now.utc,
            }
        } else {
            Missed::Nothing
        };
        Reconnected {
            established,
            missed,
            gone: now.monotonic.saturating_sub(self.ended.monotonic),
        }
    }
}
