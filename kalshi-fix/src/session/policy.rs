//! The points in which sessions differ: gaps, resends, resets, refusals, the journal.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fix_dialect::Timestamp;

use super::SequenceNumber;

/// What an inbound MsgSeqNum (34) above the expected one leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapPolicy {
    /// Logout (5) with a text that names both numbers, then the end: what a session without retransmission
    /// can do.
    Logout,
    /// ResendRequest (2). It needs a [`Journal::Keep`], so that the numbers outlive the connection.
    Resend(Recovery),
}

/// How a gap in what the peer sent is closed.
///
/// One range is asked for at a time. A message that fills part of it is progress and starts the watchdog anew;
/// messages above the gap do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// What becomes of messages above the gap.
    pub early: EarlyMessages,
    /// How long the peer may go without sending any of what was asked for, before it is asked again.
    pub timeout: Duration,
    /// How many times the peer is asked, in all, without any progress; then the session ends with
    /// [`EndReason::ResendUnanswered`](super::EndReason::ResendUnanswered).
    pub attempts: u32,
}

impl Default for Recovery {
    /// Keeps up to 10,000 messages or 4 MiB above the gap, and asks three times, ten seconds apart.
    fn default() -> Self {
        Recovery {
            early: EarlyMessages::Keep {
                max_messages: 10_000,
                max_bytes: 4 << 20,
            },
            timeout: Duration::from_secs(10),
            attempts: 3,
        }
    }
}

/// What becomes of messages that come above a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EarlyMessages {
    /// They wait, copied, until the gap is closed, and only the gap is asked for. What does not fit is dropped
    /// and asked for afterwards.
    Keep {
        /// How many may wait.
        max_messages: usize,
        /// How many bytes of them may wait.
        max_bytes: usize,
    },
    /// They are dropped, and the peer is asked for everything from the gap on (EndSeqNo (16) = 0).
    Drop,
}

/// What a peer's ResendRequest (2) gets of our journalled application messages. Session messages are never sent
/// again: a gap fill stands for them, for what the journal does not have, and for what is held back.
///
/// A peer that asks has not received the message, so to send it again duplicates nothing; but an order that was
/// priced an hour ago may be worse than none. A message that is held back is lost to the peer for good.
/// [`Event::HeldBack`](super::Event::HeldBack) tells of each but under [`HoldBack`](ResendPolicy::HoldBack), which knows no more
/// than the range ([`Event::ResendServed`](super::Event::ResendServed)).
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum ResendPolicy {
    /// Everything is sent again.
    #[default]
    Replay,
    /// Nothing is sent again: one gap fill over the whole range, without a look at the journal, and no event for each
    /// message. That goes for a message of this connection, too, which a request that was on its way to us before can cover.
    HoldBack,
    /// What was sent on this connection, after its Logon (A), is sent again: it is as young as the connection, and a peer that
    /// asks for what it missed before the logon often asks for all that follows. What was sent before is held back.
    ThisConnection,
    /// What was sent for the first time at most this long ago is sent again.
    Younger(Duration),
    /// The application decides for each message.
    PerMessage(Arc<dyn ResendDecision>),
}

/// An application's say on each message that a peer asks for again. Closures implement it.
///
/// It is called while the session is at work and must not block.
///
/// ```
/// use std::sync::Arc;
/// use kalshi_fix::session::{ResendCandidate, ResendPolicy, ResendVerdict};
///
/// // Cancels are worth sending late, new orders are not.
/// let policy = ResendPolicy::PerMessage(Arc::new(|message: &ResendCandidate<'_>| match message.msg_type {
///     b"F" => ResendVerdict::Replay,
///     _ => ResendVerdict::HoldBack,
/// }));
/// ```
pub trait ResendDecision: Send + Sync {
    /// Whether this message is sent again.
    fn decide(&self, message: &ResendCandidate<'_>) -> ResendVerdict;
}

impl<F: Fn(&ResendCandidate<'_>) -> ResendVerdict + Send + Sync> ResendDecision for F {
    fn decide(&self, message: &ResendCandidate<'_>) -> ResendVerdict {
        self(message)
    }
}

/// A journalled message that a peer asks for again.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ResendCandidate<'a> {
    /// MsgType (35).
    pub msg_type: &'a [u8],
    /// MsgSeqNum (34), which stays.
    pub msg_seq_num: SequenceNumber,
    /// SendingTime (52) of the first time.
    pub sending_time: Timestamp,
    /// How long ago that was. Zero when our clock was set back since.
    pub age: Duration,
    /// Whether it was sent on this connection, and not on an earlier one of the session.
    pub this_connection: bool,
    /// The whole frame as it was sent.
    pub frame: &'a [u8],
}

/// Shows the header's facts, not the frame.
impl fmt::Debug for ResendCandidate<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResendCandidate")
            .field("msg_type", &String::from_utf8_lossy(self.msg_type))
            .field("msg_seq_num", &self.msg_seq_num)
            .field("sending_time", &self.sending_time)
            .field("age", &self.age)
            .field("this_connection", &self.this_connection)
            .finish_non_exhaustive()
    }
}

/// What becomes of a message that a peer asks for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResendVerdict {
    /// It is sent again, as a possible duplicate with its original body.
    Replay,
    /// A gap fill takes its place.
    HoldBack,
}

impl ResendPolicy {
    pub(super) fn verdict(&self, message: &ResendCandidate<'_>) -> ResendVerdict {
        match self {
            ResendPolicy::Replay => ResendVerdict::Replay,
            ResendPolicy::ThisConnection if message.this_connection => ResendVerdict::Replay,
            ResendPolicy::Younger(limit) if message.age <= *limit => ResendVerdict::Replay,
            ResendPolicy::HoldBack | ResendPolicy::ThisConnection | ResendPolicy::Younger(_) => {
                ResendVerdict::HoldBack
            }
            ResendPolicy::PerMessage(decision) => decision.decide(message),
        }
    }
}

impl fmt::Debug for ResendPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResendPolicy::Replay => formatter.write_str("Replay"),
            ResendPolicy::HoldBack => formatter.write_str("HoldBack"),
            ResendPolicy::ThisConnection => formatter.write_str("ThisConnection"),
            ResendPolicy::Younger(limit) => formatter.debug_tuple("Younger").field(limit).finish(),
            ResendPolicy::PerMessage(_) => formatter.write_str("PerMessage(..)"),
        }
    }
}

/// How far the store is told that inbound messages were received.
///
/// What it was not told is asked for again by the next connection, and comes marked as a possible duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgement {
    /// Up to the last message that [`poll_event`](super::Session::poll_event) has handed out.
    OnDelivery,
    /// Up to the last message that [`acknowledge`](super::Session::acknowledge) has named, and the session
    /// messages that follow it.
    Explicit,
}

/// Whether a logon must reset the sequence numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetRule {
    /// ResetSeqNumFlag (141) must be Y: Kalshi's sessions without retransmission.
    Required,
    /// Either.
    Optional,
}

/// What a Logon (A) with ResetSeqNumFlag (141) = Y on a session that is logged on leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InSessionReset {
    /// Logout (5), then the end, as any other Logon (A) there. Kalshi: the venue starts no reset itself.
    Refuse,
    /// Both directions start at 1, and it is answered with a Logon (A) of the same kind: the standard's way to
    /// start a new day without a new connection. The peer is not authenticated anew: it is the one that logged
    /// on over this connection.
    Follow,
}

/// How an acceptor tells a peer that its logon is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalStyle {
    /// Logout (5) with a text and MsgSeqNum (34) = 1, or Reject (3), without touching a store; then the end.
    /// Kalshi.
    Logout,
    /// Nothing is said. The standard, since a message would take a number of a session that is not the
    /// peer's.
    Silent,
}

/// Whether outbound messages and sequence numbers are handed to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// No store operation is asked for.
    None,
    /// Outbound application messages and the numbers of both directions.
    Keep(JournalGate),
}

/// When a frame may leave whose store operation comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalGate {
    /// As soon as the operation was taken by [`poll_store`](super::Session::poll_store).
    HandedOut,
    /// When [`handle_stored`](super::Session::handle_stored) has confirmed it.
    Stored,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let message = |seconds| ResendCandidate {
            msg_type: b"D",
            msg_seq_num: 7,
            sending_time: Timestamp::from_unix_nanos(0),
            age: Duration::from_secs(seconds),
            this_connection: seconds < 100,
            frame: b"",
        };
        let check = |policy: ResendPolicy, seconds, expected| {
            assert_eq!(
                policy.verdict(&message(seconds)),
                expected,
                "{policy:?} {seconds}"
            );
        };
        let five = Duration::from_secs(5);
        check(ResendPolicy::Replay, 999, ResendVerdict::Replay);
        check(ResendPolicy::HoldBack, 0, ResendVerdict::HoldBack);
        check(ResendPolicy::ThisConnection, 99, ResendVerdict::Replay);
        check(ResendPolicy::ThisConnection, 100, ResendVerdict::HoldBack);
        check(ResendPolicy::Younger(five), 5, ResendVerdict::Replay);
        check(ResendPolicy::Younger(five), 6, ResendVerdict::HoldBack);
        let odd = |message: &ResendCandidate<'_>| {
            if message.msg_seq_num % 2 == 1 {
                ResendVerdict::Replay
            } else {
                ResendVerdict::HoldBack
            }
        };
        check(ResendPolicy::PerMessage(Arc::new(odd)), 0, ResendVerdict::Replay);
    }
}
