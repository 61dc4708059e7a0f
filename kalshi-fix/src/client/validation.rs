//! What a session does with messages that break the dialect's rules.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use fix_dialect::{
    Context, Dialect, EncodeBody, Encoder, Prices, Profile, Sender, SessionHeader, Timestamp, Validator,
    Violation,
};

use fix_dialect::tables::Tables;

use super::product::KalshiSession;
use crate::environment::Product;
use crate::session::SendError;

/// The profiles of a client's sessions, rule by rule with [`Profile::with`]: what its sessions begin with is
/// [`ClientBuilder::validation`](super::ClientBuilder::validation), and a session that is under way goes by others from
/// [`Session::set_validation`](super::Session::set_validation) on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validation {
    /// For what the venue sends. By default [`Profile::lenient`]: every message is delivered, and
    /// [`Received::report`](super::Received::report) looks for breaches when it is asked. With a rule that rejects, each
    /// message is looked at, and one that breaks it is delivered as [`Event::Invalid`](super::Event::Invalid).
    pub inbound: Profile,
    /// For what we send. By default [`Profile::outbound`]: a message with a breach is not sent, and takes no number.
    /// [`Profile::off`] saves the time that it takes, about ten times that of encoding.
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

/// Looks at messages before they are sent. All senders of a session share it.
pub(super) struct OutboundCheck {
    context: Context,
    /// Whether nothing is to be looked for, so that nobody waits for the lock to learn it.
    is_off: AtomicBool,
    room: Mutex<Room>,
}

struct Room {
    profile: Profile,
    header: SessionHeader,
    encoder: Encoder,
    validator: Validator,
    /// For messages of a user's own, which bring their tables: one for each type that has been sent.
    own: Vec<(&'static Tables, Validator)>,
}

impl OutboundCheck {
    pub(super) fn new<D: Dialect>(profile: Profile, context: Context) -> Option<OutboundCheck> {
        let tables = D::tables();
        // Who sends it to whom is the session's to write, and no matter of the rules.
        let header = SessionHeader::new(tables.begin_string, "sender", "target").ok()?;
        Some(OutboundCheck {
            context,
            is_off: AtomicBool::new(profile.is_off()),
            room: Mutex::new(Room {
                profile,
                header,
                encoder: Encoder::new(),
                validator: Validator::new(tables),
                own: Vec::new(),
            }),
        })
    }

    /// Goes by another profile from now on.
    pub(super) fn set(&self, profile: Profile) {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        room.profile = profile;
        self.is_off.store(profile.is_off(), Ordering::Release);
    }

    /// Refuses a message for which the profile says so; tells of other breaches in the log.
    pub(super) fn check<M: EncodeBody>(&self, message: &M) -> Result<(), SendError> {
        if self.is_off.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let Room {
            profile,
            header,
            encoder,
            validator,
            own,
        } = &mut *room;
        let frame = encoder
            .encode(header, 1, Timestamp::from_unix_nanos(0), message)
            .map_err(|error| SendError::encode(error, message))?;
        let validator = match message.own_tables() {
            Some(tables) => own_validator(own, tables),
            None => validator,
        };
        let violations = validator.validate_in(frame, &self.context).unwrap_or_default();
        let profile = *profile;
        drop(room);
        judge(&profile, violations)
    }
}

fn own_validator<'v>(
    own: &'v mut Vec<(&'static Tables, Validator)>,
    tables: &'static Tables,
) -> &'v mut Validator {
    let known = own.iter().position(|(known, _)| std::ptr::eq(*known, tables));
    let at = known.unwrap_or_else(|| {
        own.push((tables, Validator::new(tables)));
        own.len() - 1
    });
    &mut own[at].1
}

fn judge(profile: &Profile, violations: Vec<Violation>) -> Result<(), SendError> {
    if violations.is_empty() {
        return Ok(());
    }
    let verdict = profile.judge(violations);
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

impl fmt::Debug for OutboundCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundCheck")
            .field("is_off", &self.is_off)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
