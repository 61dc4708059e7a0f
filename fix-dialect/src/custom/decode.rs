//! From a frame to a message that a user declares.

use std::ops::Deref;

use super::{FixMessage, IntoOwned};
use crate::check::check_readable;
use crate::frame::Begin;
use crate::plan::{Found, Plan};
use crate::slots::Slots;
use crate::sum::count_delimiters;
use crate::tables::{MessageTable, Tables};
use crate::walk::Walk;
use crate::{Context, Decoded, Dialect, FieldIndex, Malformed, RawMessage, Validator, Violation};

/// Decodes frames into messages that a user declares, whatever dialect they arrive in.
///
/// One decoder serves any number of message types; for each it keeps what it learns of the order of the fields. The
/// messages borrow from the frame and not from the decoder.
#[derive(Debug, Default)]
pub struct CustomDecoder {
    index: FieldIndex,
    walk: Walk,
    plans: Vec<(Plan, Option<Begin>)>,
}

/// A message as it was received. It dereferences to the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom<M> {
    /// The message.
    pub message: M,
    /// The optional values that could not be read, and are `None` in the message.
    pub violations: Vec<Violation>,
}

/// Why a frame is not the message that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CustomError {
    /// It is not even a raw message.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// MsgType (35) is another one.
    #[error("expected a message of type `{expected}`, got `{}`", found.escape_ascii())]
    OtherType {
        /// The message's own.
        expected: &'static str,
        /// The frame's.
        found: Vec<u8>,
    },
    /// A required value is missing or cannot be read.
    #[error("the message is incomplete: {}", list(.0))]
    Incomplete(Vec<Violation>),
}

fn list(violations: &[Violation]) -> String {
    let violations: Vec<String> = violations.iter().map(ToString::to_string).collect();
    violations.join("; ")
}

impl CustomDecoder {
    /// A decoder with empty storage, which grows to the largest messages seen.
    #[must_use]
    pub fn new() -> CustomDecoder {
        CustomDecoder::default()
    }

    /// Decodes one frame, as a [`Framer`](crate::Framer) cuts it.
    ///
    /// # Errors
    ///
    /// When the frame is not a raw message, has another type, or lacks a required value.
    pub fn decode<'a, M: FixMessage<'a>>(&mut self, frame: &'a [u8]) -> Result<Custom<M>, CustomError> {
        let tables = M::tables();
        let plan = plan(&mut self.plans, M::layout(), tables);
        let found = if let Some(found) = recall::<M>(plan, frame) {
            found
        } else {
            let indexed = RawMessage::index(frame, &mut self.index)?;
            expect_type::<M>(indexed.msg_type)?;
            plan.0
                .find(&mut self.walk, frame, indexed.ends, indexed.body)
                .map_err(Malformed::from)?
        };
        read(frame, tables, &plan.0, plan.0.walk(found, &self.walk))
    }

    /// Decodes a frame whose fields have been found before.
    ///
    /// # Errors
    ///
    /// As [`CustomDecoder::decode`].
    pub fn decode_raw<'a, M: FixMessage<'a>>(
        &mut self,
        raw: &RawMessage<'a>,
    ) -> Result<Custom<M>, CustomError> {
        self.decode(raw.bytes())
    }
}

impl<'a> RawMessage<'a> {
    /// Applies the rules of a message that a user declares, and, where it is held against a dialect, the dialect's.
    /// Every breach is told; none for a frame of another type.
    ///
    /// # Errors
    ///
    /// When bytes of the body are no fields.
    pub fn validate_as<M: FixMessage<'a>>(&self, context: &Context) -> Result<Vec<Violation>, Malformed> {
        Validator::new(M::tables()).validate_in(self.bytes(), context)
    }

    /// The frame as a message that a user declares.
    ///
    /// This prepares the message's tables anew each time; a [`CustomDecoder`] does so once.
    ///
    /// # Errors
    ///
    /// When the frame has another type, or lacks a required value.
    pub fn decode_as<M: FixMessage<'a>>(&self) -> Result<Custom<M>, CustomError> {
        expect_type::<M>(self.header().msg_type)?;
        CustomDecoder::new().decode_raw(self)
    }
}

impl<'a, D: Dialect> Decoded<'a, D> {
    /// The frame as a message that a user declares, whether the dialect knows its type or not.
    ///
    /// # Errors
    ///
    /// As [`RawMessage::decode_as`].
    pub fn decode_as<M: FixMessage<'a>>(&self) -> Result<Custom<M>, CustomError> {
        self.raw().decode_as()
    }
}

impl<M> Custom<M> {
    /// The message alone.
    pub fn into_message(self) -> M {
        self.message
    }
}

impl<M: IntoOwned> IntoOwned for Custom<M> {
    type Owned = Custom<M::Owned>;

    fn into_owned(self) -> Custom<M::Owned> {
        Custom {
            message: self.message.into_owned(),
            violations: self.violations,
        }
    }
}

impl<M> Deref for Custom<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.message
    }
}

fn expect_type<'a, M: FixMessage<'a>>(found: &[u8]) -> Result<(), CustomError> {
    if found == M::MSG_TYPE.as_bytes() {
        Ok(())
    } else {
        Err(CustomError::OtherType {
            expected: M::MSG_TYPE,
            found: found.to_vec(),
        })
    }
}

/// The fields of a frame that is like one of the message's before.
fn recall<'a, M: FixMessage<'a>>((plan, begin): &mut (Plan, Option<Begin>), frame: &[u8]) -> Option<Found> {
    let (msg_type, start) = begin.as_ref()?.head(frame)?;
    if msg_type != M::MSG_TYPE.as_bytes() {
        return None;
    }
    let (_, found) = plan.recall(frame, count_delimiters(frame), start)?;
    Some(found)
}

fn read<'a, M: FixMessage<'a>>(
    frame: &'a [u8],
    tables: &'static Tables,
    plan: &Plan,
    walk: &Walk,
) -> Result<Custom<M>, CustomError> {
    let mut malformed = !walk.misplaced.is_empty();
    let mut storage = ();
    let message = M::read(&mut Slots::new(frame, walk, plan, &mut storage, &mut malformed));
    let violations = if malformed || message.is_err() {
        check_readable(tables, plan, walk, frame)
    } else {
        Vec::new()
    };
    match message {
        Ok(message) => Ok(Custom { message, violations }),
        Err(_) => Err(CustomError::Incomplete(violations)),
    }
}

fn plan<'p>(
    plans: &'p mut Vec<(Plan, Option<Begin>)>,
    table: &'static MessageTable,
    tables: &Tables,
) -> &'p mut (Plan, Option<Begin>) {
    let known = plans.iter().position(|(plan, _)| std::ptr::eq(plan.table, table));
    let at = known.unwrap_or_else(|| {
        plans.push((Plan::new(table), Begin::new(tables.begin_string)));
        plans.len() - 1
    });
    &mut plans[at]
}
