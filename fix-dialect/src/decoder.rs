//! From a frame to a typed message, without an allocation once every kind of message has been seen.

use std::{fmt, mem};

use crate::check::{check_in, check_readable};
use crate::dialect::Dialect;
use crate::field::fields_at_most;
use crate::frame::Begin;
use crate::plan::{Found, Plan};
use crate::raw::{Malformed, RawMessage};
use crate::shape::Place;
use crate::slots::{Slots, recycle};
use crate::sum::count_delimiters;
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
    /// The message under way: its place in the tables, and where its fields are; `None` when MsgType (35) is none of
    /// the dialect's.
    fields: Option<(usize, Found)>,
    /// What is wrong with it.
    violations: Vec<Violation>,
    /// Why there is none.
    malformed: Option<Malformed>,
}

/// A decoded frame: the raw layer, and the typed message where there is one. Dropping it gives its room back.
///
/// It is a few words, all of which are in registers when it is made: what is written to memory in small parts and moved
/// in larger ones right afterwards stalls.
pub struct Decoded<'a, D: Dialect> {
    raw: RawMessage<'a>,
    /// The place in which the message was built, and stays: it is large to move. `None` when MsgType (35) is none of the
    /// dialect's.
    message: Option<Room<D::Message<'a>>>,
    decoder: &'a mut Decoder<D>,
}

/// Room for a message.
type Room<M> = Box<[Option<M>; 1]>;

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
    begin: Option<Begin>,
    made: Vec<Option<Box<Plan>>>,
    /// The ordinal of each MsgType (35) of one byte; [`NO_TYPE`] where there is none.
    short_types: [u16; 256],
    /// MsgType (35) as a word, with its ordinal; types longer than eight bytes are searched in the tables.
    types: Vec<(u64, u16)>,
}

/// A frame whose fields were found.
#[derive(Clone, Copy)]
struct Located {
    body: Place,
    /// The message's place in the tables, and where its fields are; `None` when MsgType (35) is none of the dialect's.
    fields: Option<(usize, Found)>,
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
            begin: Begin::new(tables.begin_string),
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

    /// Finds the fields of a frame as those of one like it that was decoded before; how most frames are decoded.
    #[inline]
    fn recall(&mut self, frame: &[u8]) -> Option<Located> {
        let (msg_type, start) = self.begin.as_ref()?.head(frame)?;
        let ordinal = self.ordinal(msg_type)?;
        let plan = self.made.get_mut(ordinal)?.as_mut()?;
        let (body, found) = plan.recall(frame, count_delimiters(frame), start)?;
        Some(Located {
            body,
            fields: Some((ordinal, found)),
        })
    }

    /// As [`Plans::recall`], for a frame that is like no other: with an index of its fields, and a walk over them.
    #[inline(never)]
    fn walk_over(
        &mut self,
        frame: &[u8],
        index: &mut FieldIndex,
        walk: &mut Walk,
    ) -> Result<Located, Malformed> {
        let indexed = RawMessage::index(frame, index)?;
        let body = indexed.raw.place();
        let Some((ordinal, plan)) = self.plan(indexed.msg_type) else {
            check_fields(frame)?;
            return Ok(Located { body, fields: None });
        };
        let found = plan.find(walk, frame, indexed.ends, indexed.body)?;
        Ok(Located {
            body,
            fields: Some((ordinal, found)),
        })
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
            fields: None,
            violations: Vec::new(),
            malformed: None,
        }
    }

    /// Decodes one frame, as a [`Framer`](crate::Framer) cuts it.
    ///
    /// # Errors
    ///
    /// When the frame is not even a raw message: its header cannot be read, or it is not a sequence of fields.
    #[inline]
    pub fn decode<'a>(&'a mut self, frame: &'a [u8]) -> Result<Decoded<'a, D>, Malformed> {
        let (place, message) = self.build(frame);
        match place {
            Some(place) => Ok(Decoded {
                raw: RawMessage::found(frame, place).by(D::TABLES),
                message,
                decoder: self,
            }),
            None => Err(self.malformed()),
        }
    }

    /// Builds a frame's message; where its body stands, unless it is malformed. Both are handed over in registers.
    #[inline(never)]
    fn build<'a>(&mut self, frame: &'a [u8]) -> (Option<Place>, Option<Room<D::Message<'a>>>) {
        if !self.violations.is_empty() {
            self.violations.clear();
        }
        let located = match self.plans.recall(frame) {
            Some(located) => located,
            None => match self.plans.walk_over(frame, &mut self.index, &mut self.walk) {
                Ok(located) => located,
                Err(malformed) => {
                    self.malformed = Some(malformed);
                    return (None, None);
                }
            },
        };
        self.fields = located.fields;
        let Some((ordinal, found)) = located.fields else {
            return (Some(located.body), None);
        };
        let Some(plan) = self.plans.made[ordinal].as_deref() else {
            return (Some(located.body), None);
        };
        let mut message = room(mem::take(&mut self.room));
        let walk = plan.walk(found, &self.walk);
        let mut malformed = !walk.misplaced.is_empty();
        let mut slots = Slots::new(frame, walk, plan, &mut self.storage, &mut malformed);
        if D::build(ordinal, &mut slots, &mut message[0]).is_err() {
            malformed = true;
        }
        if malformed {
            self.violations = check_readable(D::tables(), plan, walk, frame);
        }
        (Some(located.body), Some(message))
    }

    #[cold]
    fn malformed(&mut self) -> Malformed {
        self.malformed
            .take()
            .expect("a frame without a place is malformed")
    }

    /// The plan of the message under way.
    fn plan(&self) -> Option<&Plan> {
        let (ordinal, _) = self.fields?;
        self.plans.made[ordinal].as_deref()
    }
}

/// An empty place in this room, with the room made if need be.
#[inline]
#[expect(clippy::unnecessary_box_returns, reason = "the box is what is kept")]
fn room<M, N>(room: Vec<Option<M>>) -> Room<N> {
    let mut room = recycle(room);
    room.reserve_exact(1);
    room.push(None);
    let room: Result<Room<N>, _> = room.into_boxed_slice().try_into();
    room.unwrap_or_else(|_| Box::new([None]))
}

/// Looks at the fields of a message that has no plan, and so is not walked over.
///
/// DATA of private tags may be among them, which nobody here knows: it is a message as long as it can be one.
#[cold]
fn check_fields(frame: &[u8]) -> Result<(), NotAField> {
    let rest = |mut fields: crate::Fields<'_>| {
        fields.by_ref().for_each(drop);
        fields.rest().len()
    };
    match rest(crate::fields(frame)) {
        0 => Ok(()),
        _ if rest(fields_at_most(frame)) == 0 => Ok(()),
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
        self.decoder.plan().map(|plan| plan.table)
    }

    /// What the frame turned out to be.
    #[must_use]
    #[inline]
    pub fn outcome(&self) -> Outcome<'_, D::Message<'a>> {
        match &self.message {
            Some(message) => match &message[0] {
                Some(message) => Outcome::Message(message),
                None => Outcome::Incomplete(self.violations()),
            },
            None => Outcome::UnknownType,
        }
    }

    /// The typed message, if the frame is one and complete.
    #[must_use]
    #[inline]
    pub fn message(&self) -> Option<&D::Message<'a>> {
        self.message.as_ref()?[0].as_ref()
    }

    /// The values that could not be read: of optional fields where there is a message, of any where there is none.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.decoder.violations
    }

    /// Applies every rule of the dictionary and returns each breach: strict decoding is this and an empty answer.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        self.validate_in(&Context::default())
    }

    /// As [`Decoded::validate`], with what is known of the session.
    #[must_use]
    pub fn validate_in(&self, context: &Context) -> Vec<Violation> {
        let decoder = &*self.decoder;
        match (decoder.fields, decoder.plan()) {
            (Some((_, found)), Some(plan)) => {
                let walk = plan.walk(found, &decoder.walk);
                check_in(
                    D::tables(),
                    plan,
                    walk,
                    self.raw.bytes(),
                    self.raw.place(),
                    context,
                )
            }
            _ => Vec::new(),
        }
    }
}

impl<D: Dialect> Drop for Decoded<'_, D> {
    #[inline]
    fn drop(&mut self) {
        let Some(mut message) = self.message.take() else {
            return;
        };
        if let [Some(message)] = &mut *message {
            D::recycle(message, &mut self.decoder.storage);
        }
        self.decoder.room = recycle(Vec::from(message as Box<[_]>));
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
        let located = match self.plans.recall(frame) {
            Some(located) => located,
            None => self.plans.walk_over(frame, &mut self.index, &mut self.walk)?,
        };
        let Some((ordinal, found)) = located.fields else {
            return Ok(Vec::new());
        };
        let Some(plan) = self.plans.made[ordinal].as_deref() else {
            return Ok(Vec::new());
        };
        let walk = plan.walk(found, &self.walk);
        let tables = self.plans.tables;
        Ok(check_in(tables, plan, walk, frame, located.body, context))
    }
}

#[cfg(all(test, feature = "dictionary"))]
mod tests {
    use super::*;
    use crate::dictionary::Dictionary;

    /// What makes most frames cheap is not seen in what they decode to: that a frame like the last one is remembered,
    /// in any version of FIX, and that one that is not like it is not taken for it.
    #[test]
    fn frames_like_the_last_are_remembered() {
        for (version, begin) in [
            ("type='FIX' major='4' minor='4'", "FIX.4.4"),
            ("type='FIXT' major='1' minor='1'", "FIXT.1.1"),
        ] {
            let source = format!(
                "<fix {version}><header/><trailer/>
                <messages><message name='Order' msgtype='D' msgcat='app'>
                  <field name='Symbol' required='Y'/><group name='NoLegs' required='N'>
                    <field name='LegRef' required='Y'/><field name='LegText' required='N'/></group>
                </message></messages>
                <fields><field number='55' name='Symbol' type='STRING'/><field number='555' name='NoLegs' type='NUMINGROUP'/>
                  <field number='654' name='LegRef' type='STRING'/><field number='999' name='LegText' type='STRING'/></fields>
                </fix>"
            );
            let dictionary = Dictionary::parse(&source, "test.xml");
            let tables = dictionary.expect("a sound dictionary").leak_tables();
            assert_eq!(tables.begin_string, begin);
            let mut plans = Plans::new(tables);
            let (mut index, mut walk) = (FieldIndex::new(), Walk::default());
            let frame = |number: u64, body: &str| {
                format!("8={begin}|9=1|35=D|49=A|56=B|34={number}|52=20260101-00:00:00.000|{body}|10=000|")
                    .replace('|', "\x01")
                    .into_bytes()
            };
            let first = frame(1, "55=x|555=2|654=a|654=b");
            for _ in 0..=crate::shape::SHAPES {
                plans
                    .walk_over(&first, &mut index, &mut walk)
                    .expect("a sound frame");
            }
            let mut remembered = |frame: Vec<u8>| plans.recall(&frame).is_some();
            assert!(remembered(first), "{begin}");
            for like in [
                "55=xyz|555=2|654=|654=bbbbbbbbbbbbbbbbbb",
                "55=y|555=2|654=b|654=a",
            ] {
                assert!(remembered(frame(23_456, like)), "{like}");
            }
            for unlike in [
                "55=x|555=1|654=a|654=b",
                "55=x|555=2|654=a|999=b",
                "55=x|555=2|654=a",
                "55=x|555=2|654=a|654=b|654=c",
                "55=x|555=2|999=|654=b",
            ] {
                assert!(!remembered(frame(1, unlike)), "{unlike}");
            }
        }
    }
}
