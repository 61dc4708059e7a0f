//! From a frame to a typed message, without an allocation once every kind of message has been seen.

use std::{fmt, mem};

use crate::check::{check_in, check_readable};
use crate::dialect::Dialect;
use crate::plan::Plan;
use crate::raw::{Malformed, RawMessage};
use crate::slots::{Slots, recycle};
use crate::tables::{MessageTable, Tables};
use crate::violation::Violation;
use crate::walk::{NotAField, Walk};
use crate::{Context, FieldIndex, Header};

/// Decodes frames of a dialect, one after another, into storage that it owns and lends.
///
/// [`Decoder::decode`] takes a frame, [`Decoded::outcome`] says what it is, and dropping the [`Decoded`] gives the storage
/// back. The derive's documentation has a sample: a dialect is needed for one.
pub struct Decoder<D: Dialect> {
    index: FieldIndex,
    walk: Walk,
    plans: Plans,
    storage: D::Storage,
    /// Room for one message, empty between frames.
    room: Vec<Option<D::Message<'static>>>,
}

/// A decoded frame: the raw layer, and the typed message where there is one. Dropping it gives its room back.
pub struct Decoded<'a, D: Dialect> {
    raw: RawMessage<'a>,
    /// At most one message. It is built in room that the decoder lends and stays there: it is large to move, and to move
    /// what has just been written stalls.
    message: Vec<Option<D::Message<'a>>>,
    violations: Vec<Violation>,
    walk: &'a Walk,
    /// `None` when MsgType (35) is none of the dialect's.
    plan: Option<&'a Plan>,
    storage: &'a mut D::Storage,
    room: &'a mut Vec<Option<D::Message<'static>>>,
}

/// What a frame turned out to be.
#[derive(Debug)]
pub enum Outcome<'m, M> {
    /// A message whose required fields are all there and readable. Optional ones that are malformed are `None`, and
    /// [`Decoded::violations`] lists them.
    Message(&'m M),
    /// A message of a known type, of which a required field is missing or malformed: these say which. The others can
    /// be read from the raw message.
    Incomplete(&'m [Violation]),
    /// MsgType (35) is none of the dialect's.
    UnknownType,
}

/// The plans of a dialect's messages, each made when its message is first seen.
#[derive(Debug)]
pub(crate) struct Plans {
    tables: &'static Tables,
    made: Vec<Option<Box<Plan>>>,
    /// The ordinal of each MsgType (35) of one byte; [`NO_TYPE`] where there is none.
    short_types: [u16; 256],
    /// MsgType (35) as a word, with its ordinal; types longer than eight bytes are searched in the tables.
    types: Vec<(u64, u16)>,
}

const NO_TYPE: u16 = u16::MAX;

impl Plans {
    pub(crate) fn new(tables: &'static Tables) -> Plans {
        let mut types: Vec<_> = tables
            .messages
            .iter()
            .enumerate()
            .filter(|(_, message)| message.msg_type.len() <= 8)
            .map(|(ordinal, message)| (crate::swar::word(message.msg_type.as_bytes()), ordinal as u16))
            .collect();
        types.sort_unstable();
        let mut short_types = [NO_TYPE; 256];
        for (ordinal, message) in tables.messages.iter().enumerate() {
            if let [short] = *message.msg_type.as_bytes() {
                short_types[usize::from(short)] = ordinal as u16;
            }
        }
        Plans {
            tables,
            made: tables.messages.iter().map(|_| None).collect(),
            short_types,
            types,
        }
    }

    #[inline]
    fn ordinal(&self, msg_type: &[u8]) -> Option<usize> {
        if let [short] = *msg_type {
            let ordinal = self.short_types[usize::from(short)];
            return (ordinal != NO_TYPE).then_some(usize::from(ordinal));
        }
        if msg_type.len() > 8 {
            return self.tables.message(msg_type).map(|(ordinal, _)| ordinal);
        }
        let word = crate::swar::word(msg_type);
        let at = self.types.partition_point(|&(other, _)| other < word);
        self.types
            .get(at)
            .filter(|&&(found, _)| found == word)
            .map(|&(_, ordinal)| usize::from(ordinal))
    }

    #[inline]
    fn plan(&mut self, msg_type: &[u8]) -> Option<(usize, &mut Plan)> {
        let ordinal = self.ordinal(msg_type)?;
        let tables = self.tables;
        let plan = self.made[ordinal].get_or_insert_with(|| Box::new(Plan::new(&tables.messages[ordinal])));
        Some((ordinal, plan))
    }
}

impl<D: Dialect> Decoder<D> {
    /// A decoder with empty storage, which grows to the largest messages seen.
    #[must_use]
    pub fn new() -> Decoder<D> {
        Decoder {
            index: FieldIndex::new(),
            walk: Walk::default(),
            plans: Plans::new(D::tables()),
            storage: D::Storage::default(),
            room: Vec::new(),
        }
    }

    /// Decodes one frame, as a [`Framer`](crate::Framer) cuts it.
    ///
    /// # Errors
    ///
    /// When the frame is not even a raw message: its header cannot be read, or it is not a sequence of fields.
    #[inline]
    pub fn decode<'a>(&'a mut self, frame: &'a [u8]) -> Result<Decoded<'a, D>, Malformed> {
        let (raw, msg_type) = RawMessage::index(frame, &mut self.index)?;
        let Some((ordinal, plan)) = self.plans.plan(msg_type) else {
            check_fields(frame)?;
            return Ok(Decoded {
                raw,
                message: Vec::new(),
                violations: Vec::new(),
                walk: &self.walk,
                plan: None,
                storage: &mut self.storage,
                room: &mut self.room,
            });
        };
        let found = plan.find(&mut self.walk, frame, raw.ends(), raw.body_fields())?;
        let plan = &*plan;
        let walk = plan.walk(found, &self.walk);
        let mut malformed = !walk.misplaced.is_empty();
        let mut slots = Slots::new(frame, walk, plan, &mut self.storage, &mut malformed);
        let mut message = recycle(mem::take(&mut self.room));
        // An empty place, and not a message that is pushed: that would be made elsewhere and moved.
        message.resize_with(1, || None);
        if D::build(ordinal, &mut slots, &mut message[0]).is_err() {
            malformed = true;
        }
        let violations = if malformed {
            check_readable(D::tables(), plan, walk, frame)
        } else {
            Vec::new()
        };
        Ok(Decoded {
            raw,
            message,
            violations,
            walk,
            plan: Some(plan),
            storage: &mut self.storage,
            room: &mut self.room,
        })
    }
}

/// Looks at the fields of a message that has no plan, and so is not walked over.
#[cold]
fn check_fields(frame: &[u8]) -> Result<(), NotAField> {
    let mut fields = crate::fields(frame);
    fields.by_ref().for_each(drop);
    match fields.rest().len() {
        0 => Ok(()),
        rest => Err(NotAField((frame.len() - rest) as u32)),
    }
}

impl From<NotAField> for Malformed {
    fn from(error: NotAField) -> Malformed {
        Malformed::NotAField {
            offset: error.0 as usize,
        }
    }
}

impl<D: Dialect> Default for Decoder<D> {
    fn default() -> Self {
        Decoder::new()
    }
}

impl<'a, D: Dialect> Decoded<'a, D> {
    /// The raw message: always there.
    #[must_use]
    pub const fn raw(&self) -> &RawMessage<'a> {
        &self.raw
    }

    /// The standard header.
    #[must_use]
    pub fn header(&self) -> Header<'a> {
        self.raw.header()
    }

    /// The message's table; `None` when MsgType (35) is none of the dialect's.
    #[must_use]
    pub fn table(&self) -> Option<&'static MessageTable> {
        self.plan.map(|plan| plan.table)
    }

    /// What the frame turned out to be.
    #[must_use]
    #[inline]
    pub fn outcome(&self) -> Outcome<'_, D::Message<'a>> {
        match (self.message(), self.plan) {
            (Some(message), _) => Outcome::Message(message),
            (None, Some(_)) => Outcome::Incomplete(self.violations()),
            (None, None) => Outcome::UnknownType,
        }
    }

    /// The typed message, if the frame is one and complete.
    #[must_use]
    #[inline]
    pub fn message(&self) -> Option<&D::Message<'a>> {
        self.message.first()?.as_ref()
    }

    /// The values that could not be read: of optional fields where there is a message, of any where there is none.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Applies every rule of the dictionary and returns each breach: strict decoding is this and an empty answer.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        self.validate_in(&Context::default())
    }

    /// As [`Decoded::validate`], with what is known of the session.
    #[must_use]
    pub fn validate_in(&self, context: &Context) -> Vec<Violation> {
        match self.plan {
            Some(plan) => check_in(D::tables(), plan, self.walk, self.raw.bytes(), context),
            None => Vec::new(),
        }
    }
}

impl<D: Dialect> Drop for Decoded<'_, D> {
    #[inline]
    fn drop(&mut self) {
        if let Some(Some(message)) = self.message.first_mut() {
            D::recycle(message, self.storage);
        }
        if self.message.capacity() > 0 {
            *self.room = recycle(mem::take(&mut self.message));
        }
    }
}

impl<D: Dialect> fmt::Debug for Decoder<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("dialect", &D::tables().name)
            .finish_non_exhaustive()
    }
}

impl<D: Dialect> fmt::Debug for Decoded<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded")
            .field("raw", &self.raw)
            .field("message", &self.message())
            .field("violations", &self.violations())
            .finish()
    }
}

/// Applies a dialect's rules to raw messages, without their types.
#[derive(Debug)]
pub struct Validator {
    index: FieldIndex,
    walk: Walk,
    plans: Plans,
}

impl Validator {
    /// A validator by these tables.
    #[must_use]
    pub fn new(tables: &'static Tables) -> Validator {
        Validator {
            index: FieldIndex::new(),
            walk: Walk::default(),
            plans: Plans::new(tables),
        }
    }

    /// Every breach of the dictionary's rules by this frame; none for a MsgType (35) that it does not have,
    /// which is for the session to reject.
    ///
    /// # Errors
    ///
    /// When the frame is not even a raw message.
    pub fn validate(&mut self, frame: &[u8]) -> Result<Vec<Violation>, Malformed> {
        self.validate_in(frame, &Context::default())
    }

    /// As [`Validator::validate`], with what is known of the session.
    ///
    /// # Errors
    ///
    /// When the frame is not even a raw message.
    pub fn validate_in(&mut self, frame: &[u8], context: &Context) -> Result<Vec<Violation>, Malformed> {
        let (raw, msg_type) = RawMessage::index(frame, &mut self.index)?;
        let tables = self.plans.tables;
        let Some((_, plan)) = self.plans.plan(msg_type) else {
            check_fields(frame)?;
            return Ok(Vec::new());
        };
        let found = plan.find(&mut self.walk, frame, raw.ends(), raw.body_fields())?;
        let walk = plan.walk(found, &self.walk);
        Ok(check_in(tables, plan, walk, frame, context))
    }
}
