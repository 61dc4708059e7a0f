//! What a session does with messages that break the dialect's rules.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use fix_dialect::{
    Context, Dialect, EncodeBody, Encoder, Prices, Profile, Sender, SessionHeader, Timestamp, Validator,
    Violation,
};

use super::product::KalshiSession;
use crate::environment::Product;
use crate::session::SendError;

/// The profiles of a client's sessions. Change them per client with
/// [`ClientBuilder::validation`](super::ClientBuilder::validation), and single rules with [`Profile::with`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validation {
    /// For what the venue sends. By default [`Profile::lenient`]: every message is delivered, and
    /// [`Received::report`](super::Received::report) looks for breaches when it is asked. With a rule that rejects, each
    /// message is looked at, and one that breaks it is delivered as [`Event::Invalid`](super::Event::Invalid).
    pub inbound: Profile,
    /// For what we send. By default [`Profile::outbound`]: a message with a breach is not sent, and takes no number.
    /// [`Profile::off`] saves the microsecond.
    pub outbound: Profile,
}

impl Default for Validation {
    fn default() -> Validation {
        Validation {
            inbound: Profile::lenient(),
            outbound: Profile::outbound(),
        }
    }
}

impl Validation {
    /// The same, with this profile for what the venue sends.
    #[must_use]
    pub const fn inbound(mut self, profile: Profile) -> Validation {
        self.inbound = profile;
        self
    }

    /// The same, with this profile for what we send.
    #[must_use]
    pub const fn outbound(mut self, profile: Profile) -> Validation {
        self.outbound = profile;
        self
    }
}

/// What is known of messages in one direction of a session.
pub(super) fn context<S: KalshiSession>(sender: Sender, product: Product, dollars: bool) -> Context {
    let prices = if dollars || product == Product::Margin {
        Prices::Dollars
    } else {
        Prices::Cents
    };
    Context::default().from(sender).on(S::NAME).priced_in(prices)
}

/// Looks at messages before they are sent.
pub(super) struct OutboundCheck {
    profile: Profile,
    context: Context,
    room: Mutex<Room>,
}

struct Room {
    header: SessionHeader,
    encoder: Encoder,
    validator: Validator,
}

impl OutboundCheck {
    /// `None` when nothing is to be looked for.
    pub(super) fn new<D: Dialect>(profile: Profile, context: Context) -> Option<OutboundCheck> {
        let tables = D::tables();
        if profile.is_off() {
            return None;
        }
        // Who sends it to whom is the session's to write, and no matter of the rules.
        let header = SessionHeader::new(tables.begin_string, "sender", "target").ok()?;
        Some(OutboundCheck {
            profile,
            context,
            room: Mutex::new(Room {
                header,
                encoder: Encoder::new(),
                validator: Validator::new(tables),
            }),
        })
    }

    /// Refuses a message for which the profile says so; tells of other breaches in the log.
    pub(super) fn check<M: EncodeBody>(&self, message: &M) -> Result<(), SendError> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let Room {
            header,
            encoder,
            validator,
        } = &mut *room;
        let frame = encoder.encode(header, 1, Timestamp::from_unix_nanos(0), message)?;
        let violations = validator.validate_in(frame, &self.context).unwrap_or_default();
        drop(room);
        self.judge(violations)
    }

    fn judge(&self, violations: Vec<Violation>) -> Result<(), SendError> {
        if violations.is_empty() {
            return Ok(());
        }
        let verdict = self.profile.judge(violations);
        for violation in &verdict.reported {
            tracing::warn!(%violation, "an outbound message breaks a rule");
        }
        if verdict.rejected.is_empty() {
            return Ok(());
        }
        Err(SendError::Invalid {
            violations: verdict.rejected,
        })
    }
}

impl fmt::Debug for OutboundCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundCheck")
            .field("profile", &self.profile)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
