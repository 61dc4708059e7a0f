//! What a session delivers, with the messages decoded.

use std::fmt;
use std::ops::Deref;

use fix_dialect::{Context, Decoded, FixMessage, Malformed, Message as _, Profile, Verdict, Violation};

use super::product::KalshiSession;
use super::requests::SentMessage;
use crate::driver::{AttemptFailed, Disconnected, Dropped, Reconnected, SessionEnd};
use crate::session::{self, Inbound, RejectReceived};

/// Something that a session delivers. It borrows from the receiver until it is dropped.
#[non_exhaustive]
pub enum Event<'a, S: KalshiSession> {
    /// An application message: typed, incomplete, or of a type that the dialect does not have. See [`Received`].
    Message(Received<'a, S>),
    /// An application message that breaks a rule for which the inbound profile rejects it. It is all there still: a
    /// fill is not undone by a value that it should not have. To tell the venue, answer with
    /// [`Handle::reject`](crate::driver::Handle::reject).
    Invalid {
        /// The message.
        received: Received<'a, S>,
        /// The breaches that count.
        violations: Vec<Violation>,
    },
    /// An application message whose frame is sound and whose body is not a sequence of fields.
    Malformed {
        /// The frame and what its header says.
        inbound: &'a Inbound,
        /// What is wrong with its body.
        error: Malformed,
    },
    /// The venue rejects one of our messages (`Reject (3)`).
    Rejected(Rejected),
    /// Something about the session itself: garbled bytes, a gap, a test request's answer.
    Session(session::Event),
    /// Messages were dropped, since the application did not keep up: every book that is kept from this session is invalid
    /// from here on, until a snapshot that is asked for after this event. Market data sessions do so unless
    /// [`market_data_policy`](super::ClientBuilder::market_data_policy) says otherwise.
    Dropped(Dropped),
    /// The session has lost its connection, and will connect again
    /// ([`ClientBuilder::reconnect`](super::ClientBuilder::reconnect)). It says what is in doubt.
    Disconnected(Disconnected),
    /// An attempt to connect again has failed, and there will be another.
    AttemptFailed(AttemptFailed),
    /// The session is logged on again. It says what may have been missed.
    Reconnected(Reconnected),
    /// The session is over. Nothing follows.
    Ended(SessionEnd),
}

impl<S: KalshiSession> fmt::Debug for Event<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Message(received) => f.debug_tuple("Message").field(received).finish(),
            Event::Invalid { received, violations } => f
                .debug_struct("Invalid")
                .field("received", received)
                .field("violations", violations)
                .finish(),
            Event::Malformed { inbound, error } => f
                .debug_struct("Malformed")
                .field("inbound", inbound)
                .field("error", error)
                .finish(),
            Event::Rejected(event) => f.debug_tuple("Rejected").field(event).finish(),
            Event::Session(event) => f.debug_tuple("Session").field(event).finish(),
            Event::Dropped(event) => f.debug_tuple("Dropped").field(event).finish(),
            Event::Disconnected(event) => f.debug_tuple("Disconnected").field(event).finish(),
            Event::AttemptFailed(event) => f.debug_tuple("AttemptFailed").field(event).finish(),
            Event::Reconnected(event) => f.debug_tuple("Reconnected").field(event).finish(),
            Event::Ended(end) => f.debug_tuple("Ended").field(end).finish(),
        }
    }
}

/// A `Reject (3)` of one of our messages, and which message that is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// What the venue says.
    pub reject: RejectReceived,
    /// What it speaks of, as [`Sender::sent_message`](super::Sender::sent_message) finds it.
    pub of: Option<SentMessage>,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rejected { reject, of } = self;
        match (of, reject.ref_seq_num) {
            (Some(sent), _) => write!(f, "{sent}")?,
            (None, Some(number)) => write!(f, "message {number}")?,
            (None, None) => f.write_str("a message")?,
        }
        f.write_str(" was rejected")?;
        if let Some(text) = &reject.text {
            write!(f, ": {text}")?;
        }
        if let Some(reason) = reject.reason {
            write!(f, " (373={reason})")?;
        }
        match reject.ref_tag_id {
            Some(tag) => write!(f, ", about tag {tag}"),
            None => Ok(()),
        }
    }
}

/// An application message: the decoded layers, to which it dereferences, and the facts of its header.
///
/// [`message`](Decoded::message) is the typed message, when all that it requires is there and readable;
/// [`outcome`](Decoded::outcome) tells the other cases apart; [`raw`](Decoded::raw) is always there.
pub struct Received<'a, S: KalshiSession> {
    decoded: Decoded<'a, S::Dialect>,
    inbound: &'a Inbound,
    profile: Profile,
    context: Context,
}

impl<'a, S: KalshiSession> Received<'a, S> {
    pub(super) fn new(
        decoded: Decoded<'a, S::Dialect>,
        inbound: &'a Inbound,
        profile: Profile,
        context: Context,
    ) -> Received<'a, S> {
        Received {
            decoded,
            inbound,
            profile,
            context,
        }
    }

    /// What breaks the dialect's rules, as far as the session's inbound profile reports it. It is looked for now.
    #[must_use]
    pub fn report(&self) -> Vec<Violation> {
        self.judge().reported
    }

    /// All breaches, sorted by what the session's inbound profile says of their rules.
    #[must_use]
    pub fn judge(&self) -> Verdict {
        if self.profile.is_off() {
            return Verdict::default();
        }
        self.profile.judge(self.decoded.validate_in(&self.context))
    }

    /// As [`judge`](Received::judge), by the rules of a message of one's own, and of the dialect that it is held against.
    /// A frame of another type breaks none.
    ///
    /// # Errors
    ///
    /// When bytes of the body are no fields.
    pub fn judge_as<M: FixMessage<'a>>(&self) -> Result<Verdict, Malformed> {
        if self.profile.is_off() {
            return Ok(Verdict::default());
        }
        let violations = self.decoded.raw().validate_as::<M>(&self.context)?;
        Ok(self.profile.judge(violations))
    }

    /// The frame and the facts of its header. Clone its `frame` to keep the bytes without copying them; they pin the
    /// buffer that they were read into.
    #[must_use]
    pub fn inbound(&self) -> &'a Inbound {
        self.inbound
    }

    /// The typed message, to keep: it borrows from nothing. `None` as for [`message`](Decoded::message).
    #[must_use]
    pub fn to_owned_message(&self) -> Option<OwnedMessage<'a, S>> {
        self.decoded.message().map(|message| message.clone().into_owned())
    }
}

/// A typed message of the session's dialect that borrows from nothing.
pub type OwnedMessage<'a, S> =
    <<<S as fix_dialect::Session>::Dialect as fix_dialect::Dialect>::Message<'a> as fix_dialect::Message<
        'a,
    >>::Owned;

impl<'a, S: KalshiSession> Deref for Received<'a, S> {
    type Target = Decoded<'a, S::Dialect>;

    fn deref(&self) -> &Self::Target {
        &self.decoded
    }
}

impl<S: KalshiSession> fmt::Debug for Received<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("inbound", self.inbound)
            .field("decoded", &self.decoded)
            .finish()
    }
}
