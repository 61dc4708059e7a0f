//! A caller's mistakes. What a peer does wrong is an [`EndReason`](super::EndReason) or an event.

use std::time::Duration;

use fix_dialect::{EncodeBody, EncodeError, Violation};

use super::{MAX_JOURNALLED, SessionState};

/// Why a message was not sent. It has taken no sequence number, and nothing of it leaves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The session is not logged on.
    #[error("cannot send: the session is {0}, not established")]
    NotEstablished(SessionState),
    /// The connection was lost, and the session connects again by itself. It sends when it is logged on, and the application
    /// has taken the event of the loss.
    #[error(
        "cannot send: the connection was lost, and the session connects again; take `Disconnected`, and wait for \
         `Reconnected` or by `ready`"
    )]
    Reconnecting,
    /// The message is one of those that the session sends itself (A, 0, 1, 2, 3, 4, 5).
    #[error("MsgType (35) {msg_type:?} is a session message; only application messages can be sent")]
    SessionMessage {
        /// Its MsgType (35).
        msg_type: String,
    },
    /// The message cannot be put on the wire: a value is empty, or has a delimiter in it.
    #[error("{told}")]
    Encode {
        /// Which message, which of its fields, and what to do.
        told: String,
        /// The same as data.
        error: EncodeError,
    },
    /// The message breaks rules of its dictionary for which the session's outbound profile refuses it.
    #[error("the message breaks the dialect's rules: {}", join(violations))]
    Invalid {
        /// Each breach.
        violations: Vec<Violation>,
    },
    /// The rate limit that the client was given has no tokens for it, and the message must not wait for them.
    #[error("the rate limit's {bucket} bucket has no {tokens} tokens left, {}", in_words(*.wait))]
    RateLimited {
        /// The bucket.
        bucket: String,
        /// What the message would have taken.
        tokens: u32,
        /// How long until they are there, if nobody else takes them; `None`: they never will be.
        wait: Option<Duration>,
    },
    /// A pre-trade limit, or the kill switch, holds it back.
    #[error("held back: {breach}")]
    Limit {
        /// Which limit, with the value and what is allowed.
        breach: String,
    },
    /// Too many bytes wait to be sent: the transport does not keep up. Try again when some have left.
    #[error("{pending} bytes wait to be sent, at most {max} may")]
    Backlog {
        /// How many wait.
        pending: usize,
        /// [`SessionSettings::max_pending_transmit`](super::SessionSettings::max_pending_transmit).
        max: usize,
    },
    /// The message is longer than any store keeps, on a session whose messages are journalled.
    #[error("the message has {length} bytes, at most {max} can be journalled")]
    TooLong {
        /// Its length in bytes, header and trailer included.
        length: usize,
        /// [`MAX_JOURNALLED`](super::MAX_JOURNALLED).
        max: usize,
    },
    /// Both directions are being started at 1, on our own asking, and the peer has not answered yet. Try again after
    /// [`Event::ResetInSession`](super::Event::ResetInSession).
    #[error("cannot send: the sequence numbers are being started anew")]
    Resetting,
    /// The numbers are used up: log on anew with a reset.
    #[error("the sequence numbers are used up")]
    SequenceExhausted,
}

impl SendError {
    pub(crate) fn encode<M: EncodeBody + ?Sized>(error: EncodeError, message: &M) -> SendError {
        SendError::Encode {
            told: error.told_of(message),
            error,
        }
    }

    /// Whether it is worth while to try again when there is room.
    pub(crate) const fn is_for_want_of_room(&self) -> bool {
        matches!(self, SendError::Backlog { .. } | SendError::Resetting)
    }

    pub(super) const fn too_long(length: usize) -> SendError {
        SendError::TooLong {
            length,
            max: MAX_JOURNALLED,
        }
    }
}

fn in_words(wait: Option<Duration>) -> String {
    wait.map_or("and never will".to_owned(), |wait| {
        format!("and will have them in {wait:?}")
    })
}

fn join(violations: &[Violation]) -> String {
    let texts: Vec<String> = violations.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// Why a command had no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The session was not in the state that the command is for: late, perhaps, since the session has ended.
    #[error("cannot {command}: the session is {state}")]
    WrongState {
        /// What was asked.
        command: &'static str,
        /// Where the session stands.
        state: SessionState,
    },
    /// The peer is being sent again what it asked for: numbers are promised to messages that wait behind that.
    #[error("cannot {command} while the peer is being sent messages again")]
    ResendUnderWay {
        /// What was asked.
        command: &'static str,
    },
    /// The ticket is not that of the request under way.
    #[error("the ticket is not that of the signature under way")]
    UnknownTicket,
    /// A field of the answering logon cannot be written.
    #[error(transparent)]
    LogonField(#[from] SettingsError),
}

/// Why a session cannot be built from its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A text that goes onto the wire is empty, too long, or holds the field delimiter (SOH).
    #[error("a setting cannot be written: {what}")]
    NotWritable {
        /// Which text, and why.
        what: String,
    },
    /// An initiator must know the peer's name before the peer speaks.
    #[error("an initiator needs a TargetCompID (56)")]
    NoTarget,
    /// The logon's HeartBtInt (108) is outside the allowed range.
    #[error("HeartBtInt (108) is {value} s, allowed are {minimum} to {maximum} s")]
    HeartBtInt {
        /// The logon's.
        value: u32,
        /// The settings' least.
        minimum: u32,
        /// The settings' greatest.
        maximum: u32,
    },
    /// The settings ask for a reset with every logon, and this logon has none.
    #[error("this session must log on with ResetSeqNumFlag (141) = Y")]
    ResetRequired,
    /// A logon field has a tag that the session writes itself, or that no field can have.
    #[error("a logon field cannot have the tag {tag}: the session writes it itself, or it is no tag")]
    ReservedTag {
        /// The tag.
        tag: u32,
    },
    /// A sequence number starts at 0, or too high to go on.
    #[error("sequence numbers start at 1 and end at {maximum}")]
    Sequence {
        /// The greatest number.
        maximum: u64,
    },
    /// A limit leaves no room for a single message.
    #[error("{what} is too small to hold one message")]
    TooSmall {
        /// Which limit.
        what: &'static str,
    },
    /// The peer would count as gone before it was asked for a sign of life.
    #[error("silence_percent must be above test_request_percent, and that at least 100")]
    Percent,
    /// Something can only work where messages and numbers are kept.
    #[error("{what} needs Journal::Keep")]
    NeedsJournal {
        /// Which setting.
        what: &'static str,
    },
    /// A recovery that never asks, or that gives up at once.
    #[error("a recovery needs at least one attempt and a timeout above zero")]
    Recovery,
    /// NextExpectedMsgSeqNum (789) makes the peer send again what this session would not take.
    #[error("NextExpectedMsgSeqNum (789) needs GapPolicy::Resend")]
    NextExpected,
}
