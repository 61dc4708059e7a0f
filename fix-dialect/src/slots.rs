//! The found values of a message, as the generated constructors see them.

mod entries;

use std::borrow::Cow;
use std::mem::MaybeUninit;

use crate::plan::Plan;
use crate::walk::{NONE, Span, Walk};
use crate::{FieldValue, Text, Unknown};

/// The values of a message's body, of a component or of a group's entry, by slot: the member's place among the
/// flattened members of its definition.
///
/// For generated code.
#[derive(Debug)]
pub struct Slots<'w, 'a, S> {
    frame: &'a [u8],
    walk: &'w Walk,
    values: &'w [Span],
    entry: u32,
    storage: &'w mut S,
    malformed: &'w mut bool,
}

/// A required value is missing or malformed; the violations say which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// A struct that is read from slots: a message, a component, a group's entry.
pub trait Block<'a, S>: Sized {
    /// How many slots its flattened members take.
    const SLOTS: usize;

    /// Builds the struct from its slots, at least with its required members: they decide whether there is one.
    ///
    /// # Errors
    ///
    /// [`Refused`] when a required value is missing or malformed.
    fn read(slots: &mut Slots<'_, 'a, S>) -> Result<Self, Refused>;

    /// Fills in the members that [`Block::read`] has left out, in the place where the struct stays: a message has
    /// hundreds of bytes, most of them of absent members, which are neither written again nor moved.
    #[inline]
    fn fill(&mut self, slots: &mut Slots<'_, 'a, S>) {
        let _ = slots;
    }
}

/// Room for a group's entries that is used again, once the message that held them is done with.
///
/// For generated code.
#[derive(Debug)]
pub struct Pool<T>(Vec<Box<[MaybeUninit<T>]>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Pool(Vec::new())
    }
}

/// Room is kept as a slice without values, whose place and length are handed over in registers; a vector is written to
/// memory in three parts and moved in two, which stalls.
impl<T> Pool<T> {
    /// An empty vector, with the room of one that was given back if there is any.
    #[inline]
    pub fn take<U>(&mut self) -> Vec<U> {
        let mut room = Vec::from(self.0.pop().unwrap_or_default());
        room.clear();
        recycle(room)
    }

    /// Gives a vector's room back.
    #[inline]
    pub fn give<U>(&mut self, entries: Vec<U>) {
        if entries.capacity() > 0 && self.0.len() < MOST_POOLED {
            let mut room = recycle(entries);
            room.resize_with(room.capacity(), MaybeUninit::uninit);
            self.0.push(room.into_boxed_slice());
        }
    }
}

/// A peer cannot make a pool hold more vectors than this.
const MOST_POOLED: usize = 1024;

/// The same room for another lifetime of the same type: collecting in place keeps the allocation.
#[inline]
pub(crate) fn recycle<T, U>(mut entries: Vec<T>) -> Vec<U> {
    entries.clear();
    entries
        .into_iter()
        .map(|_| unreachable!("the vector is empty"))
        .collect()
}

/// Puts a value into its empty place. Nothing is lost by forgetting what was there, and no code is spent on dropping it.
#[inline]
fn put<T>(place: &mut Option<T>, value: T) {
    std::mem::forget(place.replace(value));
}

impl<'w, 'a, S> Slots<'w, 'a, S> {
    pub(crate) fn new(
        frame: &'a [u8],
        walk: &'w Walk,
        plan: &Plan,
        storage: &'w mut S,
        malformed: &'w mut bool,
    ) -> Self {
        let values = &walk.values[..plan.scopes[0].slots.len()];
        Slots {
            frame,
            walk,
            values,
            entry: NONE,
            storage,
            malformed,
        }
    }

    /// The slots of the struct, as many as its [`Block::SLOTS`].
    ///
    /// # Errors
    ///
    /// When there are fewer: the tables are not those of the struct.
    #[inline]
    pub fn found<const N: usize>(&self) -> Result<&'w [Span; N], Refused> {
        self.values.first_chunk().ok_or(Refused)
    }

    /// The value of a required field.
    ///
    /// # Errors
    ///
    /// When it is missing, empty or malformed.
    #[inline]
    pub fn required<T: FieldValue<'a>>(&self, found: Span) -> Result<T, Refused> {
        if found.start >= found.end {
            return Err(Refused);
        }
        T::read_at(self.frame, found.start as usize, found.end as usize).ok_or(Refused)
    }

    /// The value of an optional field; `None` when it is absent, or malformed, which is a violation then.
    #[inline]
    pub fn optional<T: FieldValue<'a>>(&mut self, found: Span) -> Option<T> {
        if !found.is_set() {
            return None;
        }
        let value = if found.start < found.end {
            T::read_at(self.frame, found.start as usize, found.end as usize)
        } else {
            None
        };
        if value.is_none() {
            *self.malformed = true;
        }
        value
    }

    /// As [`Slots::optional`], into the value's empty place, which is not touched when there is none.
    #[inline]
    pub fn fill<T: FieldValue<'a>>(&mut self, found: Span, place: &mut Option<T>) {
        if let Some(value) = self.optional(found) {
            put(place, value);
        }
    }

    /// The value of a required text field that may be empty.
    ///
    /// # Errors
    ///
    /// When it is missing.
    #[inline]
    pub fn required_or_empty(&self, found: Span) -> Result<Text<'a>, Refused> {
        if found.is_set() {
            Ok(Text::from_bytes(found.of(self.frame)))
        } else {
            Err(Refused)
        }
    }

    /// The value of an optional text field that may be empty, into its empty place.
    #[inline]
    pub fn fill_or_empty(&mut self, found: Span, place: &mut Option<Text<'a>>) {
        if found.is_set() {
            put(place, Text::from_bytes(found.of(self.frame)));
        }
    }

    /// The entries of a required group.
    ///
    /// # Errors
    ///
    /// When the group is missing, its count is wrong, or an entry lacks a required value.
    #[inline]
    pub fn required_group<T: Block<'a, S>, P>(
        &mut self,
        found: Span,
        pool: impl Fn(&mut S) -> &mut Pool<P>,
    ) -> Result<Vec<T>, Refused> {
        self.entries(found, |storage, _| pool(storage).take())
    }

    /// The entries of a group, in the vector that `room` gives for their number.
    ///
    /// Each entry has been found on the wire, so that a count cannot ask for more room than the frame justifies.
    #[inline]
    fn entries<T: Block<'a, S>>(
        &mut self,
        found: Span,
        room: impl FnOnce(&mut S, usize) -> Vec<T>,
    ) -> Result<Vec<T>, Refused> {
        if !found.is_set() {
            return Err(Refused);
        }
        let Some(&group) = self.walk.groups.get(found.end as usize) else {
            return Err(Refused);
        };
        if group.declared != Some(u64::from(group.found)) {
            return Err(Refused);
        }
        let mut entries = room(self.storage, group.found as usize);
        let mut next = group.first;
        while let Some(&entry) = self.walk.entries.get(next as usize) {
            let base = entry.base as usize;
            let values = self.walk.values.get(base..base + T::SLOTS).ok_or(Refused)?;
            let mut slots = Slots {
                frame: self.frame,
                walk: self.walk,
                values,
                entry: next,
                storage: &mut *self.storage,
                malformed: &mut *self.malformed,
            };
            entries.push(T::read(&mut slots)?);
            if let Some(place) = entries.last_mut() {
                place.fill(&mut slots);
            }
            next = entry.next;
        }
        Ok(entries)
    }

    /// The entries of an optional group, into their empty place; it stays `None` when the group is absent, or faulty,
    /// which is a violation then.
    #[inline]
    pub fn fill_group<T: Block<'a, S>, P>(
        &mut self,
        found: Span,
        place: &mut Option<Vec<T>>,
        pool: impl Fn(&mut S) -> &mut Pool<P>,
    ) {
        if found.is_set() {
            match self.required_group(found, pool) {
                Ok(entries) => put(place, entries),
                Err(Refused) => *self.malformed = true,
            }
        }
    }

    /// A required component, whose slots begin at `slot`.
    ///
    /// # Errors
    ///
    /// When a required value of it is missing or malformed.
    #[inline]
    pub fn required_component<T: Block<'a, S>>(&mut self, slot: usize) -> Result<T, Refused> {
        let values = self.values.get(slot..slot + T::SLOTS).ok_or(Refused)?;
        let mut slots = Slots {
            frame: self.frame,
            walk: self.walk,
            values,
            entry: self.entry,
            storage: &mut *self.storage,
            malformed: &mut *self.malformed,
        };
        let mut component = T::read(&mut slots)?;
        component.fill(&mut slots);
        Ok(component)
    }

    /// An optional component, whose slots begin at `slot`, into its empty place; it stays `None` when none of its
    /// fields is there, or one that it requires is missing or malformed, which is a violation then.
    #[inline]
    pub fn fill_component<T: Block<'a, S>>(&mut self, slot: usize, place: &mut Option<T>) {
        let values = self.values.get(slot..slot + T::SLOTS).unwrap_or_default();
        if values.iter().any(|found| found.is_set()) {
            match self.required_component(slot) {
                Ok(component) => put(place, component),
                Err(Refused) => *self.malformed = true,
            }
        }
    }

    /// The fields without a slot.
    #[inline]
    #[must_use]
    pub fn unknown(&self) -> Unknown<'a> {
        if self.walk.unknown.is_empty() {
            Unknown::new()
        } else {
            self.collect_unknown()
        }
    }

    /// As [`Slots::unknown`], into their empty place, which is not touched when there are none.
    #[inline]
    pub fn fill_unknown(&self, place: &mut Unknown<'a>) {
        if !self.walk.unknown.is_empty() {
            *place = self.collect_unknown();
        }
    }

    /// Builds a message, wrapped into the enum of messages, in its empty place.
    ///
    /// # Errors
    ///
    /// When a required value is missing or malformed.
    #[inline]
    pub fn message<T: Block<'a, S>, M>(
        &mut self,
        place: &mut Option<M>,
        wrap: impl FnOnce(T) -> M,
        unwrap: impl FnOnce(&mut M) -> Option<&mut T>,
    ) -> Result<(), Refused> {
        put(place, wrap(T::read(self)?));
        if let Some(message) = place.as_mut().and_then(unwrap) {
            message.fill(self);
        }
        Ok(())
    }

    #[inline(never)]
    fn collect_unknown(&self) -> Unknown<'a> {
        let frame = self.frame;
        let mut wire = Cow::Borrowed(&frame[..0]);
        let mut run = 0..0;
        for field in self.walk.unknown.iter().filter(|field| field.entry == self.entry) {
            let (start, end) = (field.start as usize, field.end as usize);
            if run.end == start && !run.is_empty() {
                run.end = end;
            } else if run.is_empty() {
                run = start..end;
            } else {
                wire.to_mut().extend_from_slice(&frame[run]);
                run = start..end;
            }
        }
        if wire.is_empty() {
            wire = Cow::Borrowed(&frame[run]);
        } else {
            wire.to_mut().extend_from_slice(&frame[run]);
        }
        Unknown::from_wire(wire)
    }
}
