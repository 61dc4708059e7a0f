//! What a session asks its surroundings to do: keep something, or send something.

use std::fmt;

use bytes::Bytes;

use super::SequenceNumber;

/// Names one request of a [`Session`](super::Session), so that its answer can name it back. Tickets rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(super) u64);

/// The sequence numbers of a session, as a store keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequences {
    /// MsgSeqNum (34) of the next message that we send.
    pub next_outgoing: SequenceNumber,
    /// MsgSeqNum (34) that the peer's next message must have.
    pub next_incoming: SequenceNumber,
}

impl Sequences {
    /// The numbers of a session that starts anew: 1 in both directions.
    pub const START: Sequences = Sequences {
        next_outgoing: 1,
        next_incoming: 1,
    };
}

impl Default for Sequences {
    fn default() -> Self {
        Sequences::START
    }
}

/// Something to keep or to read, in the order in which it was asked for: a read sees what was appended before it.
///
/// Only a session with [`Journal::Keep`](super::Journal::Keep) asks for any. A frame that follows an
/// operation does not come out of [`poll_transmit`](super::Session::poll_transmit) before the operation came
/// out of [`poll_store`](super::Session::poll_store) and, with
/// [`JournalGate::Stored`](super::JournalGate::Stored), before
/// [`handle_stored`](super::Session::handle_stored) has confirmed it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreOperation {
    /// Append an outbound application message to the journal. It implies `next_outgoing = sequence + 1`.
    Append {
        /// Names this operation.
        ticket: Ticket,
        /// The message's MsgSeqNum (34).
        sequence: SequenceNumber,
        /// The whole frame, shared with the one that is sent.
        frame: Bytes,
    },
    /// The number of the next outbound message has changed (by a message that is not journalled).
    SetNextOutgoing {
        /// Names this operation.
        ticket: Ticket,
        /// The new value.
        next: SequenceNumber,
    },
    /// The number of the next inbound message has changed. Only the last of several changes is told.
    SetNextIncoming {
        /// Names this operation.
        ticket: Ticket,
        /// The new value.
        next: SequenceNumber,
    },
    /// Read a part of the journal, for a resend. Answer with [`handle_read`](super::Session::handle_read), not
    /// with `handle_stored`.
    ///
    /// The answer is the records with `begin <= sequence <= end`, in rising order, as many as fit into
    /// `max_bytes`, but at least one where there is any. An empty answer says that there is none in the range.
    /// Where the store has dropped messages at or above `begin`, answer with
    /// [`handle_read_dropped`](super::Session::handle_read_dropped) instead.
    Read {
        /// Names this operation.
        ticket: Ticket,
        /// The first MsgSeqNum (34).
        begin: SequenceNumber,
        /// The last MsgSeqNum (34), inclusive.
        end: SequenceNumber,
        /// How many bytes of frames are wanted at most.
        max_bytes: usize,
    },
    /// Forget the journal and start both numbers at 1 (ResetSeqNumFlag (141) = Y, after authentication).
    Reset {
        /// Names this operation.
        ticket: Ticket,
    },
}

impl StoreOperation {
    /// The ticket to give to [`handle_stored`](super::Session::handle_stored), to
    /// [`handle_read`](super::Session::handle_read) if it is a read, or to
    /// [`handle_store_failed`](super::Session::handle_store_failed).
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        match self {
            StoreOperation::Append { ticket, .. }
            | StoreOperation::SetNextOutgoing { ticket, .. }
            | StoreOperation::SetNextIncoming { ticket, .. }
            | StoreOperation::Read { ticket, .. }
            | StoreOperation::Reset { ticket } => *ticket,
        }
    }
}

/// Tells how long a frame is, and none of its bytes.
impl fmt::Debug for StoreOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreOperation::Append {
                ticket,
                sequence,
                frame,
            } => formatter
                .debug_struct("Append")
                .field("ticket", ticket)
                .field("sequence", sequence)
                .field("frame", &Hidden(frame.len()))
                .finish(),
            StoreOperation::SetNextOutgoing { ticket, next } => formatter
                .debug_struct("SetNextOutgoing")
                .field("ticket", ticket)
                .field("next", next)
                .finish(),
            StoreOperation::SetNextIncoming { ticket, next } => formatter
                .debug_struct("SetNextIncoming")
                .field("ticket", ticket)
                .field("next", next)
                .finish(),
            StoreOperation::Read {
                ticket,
                begin,
                end,
                max_bytes,
            } => formatter
                .debug_struct("Read")
                .field("ticket", ticket)
                .field("begin", begin)
                .field("end", end)
                .field("max_bytes", max_bytes)
                .finish(),
            StoreOperation::Reset { ticket } => {
                formatter.debug_struct("Reset").field("ticket", ticket).finish()
            }
        }
    }
}

/// The longest frame that a store is asked to keep: 16 MiB, far beyond any message of FIX. A longer message is refused
/// before it takes a number ([`SendError::TooLong`](super::SendError::TooLong)).
pub const MAX_JOURNALLED: usize = 16 << 20;

/// Bytes to write to the transport: one or more whole frames.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transmit {
    /// The bytes. They may hold a signature or a password: never log them unredacted.
    pub bytes: Bytes,
    /// The highest MsgSeqNum (34) that was handed out so far; a resend does not lower it. When the connection dies while
    /// this is being written, everything sent after the last whole `Transmit` is in doubt up to and including this number.
    pub through: SequenceNumber,
    /// Which [numbering](super::Session::numbering) that number is of. When it rises, `through` begins anew.
    pub numbering: u64,
}

/// Tells how many bytes, and none of them.
impl fmt::Debug for Transmit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Transmit")
            .field("bytes", &Hidden(self.bytes.len()))
            .field("through", &self.through)
            .field("numbering", &self.numbering)
            .finish()
    }
}

/// What [`handle_bytes`](super::Session::handle_bytes) wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "bytes may be left in the buffer that wait for a drained queue or for a decision"]
pub enum Intake {
    /// Every whole frame was taken. What is left is the start of one: at least so many bytes in all are
    /// needed.
    NeedMore(usize),
    /// A queue is full. Drain [`poll_transmit`](super::Session::poll_transmit) and
    /// [`poll_event`](super::Session::poll_event), then call again with the same buffer.
    Drain,
    /// A logon waits for [`accept_logon`](super::Session::accept_logon) or
    /// [`refuse_logon`](super::Session::refuse_logon). Call again with the same buffer after that.
    LogonPending,
    /// The session is over, or not connected. The bytes were dropped.
    Closed,
}

/// A length that stands for bytes that no log may show.
pub(super) struct Hidden(pub(super) usize);

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<{} bytes>", self.0)
    }
}
