//! Shapes of messages: the fields that a message of a type had, remembered, so that the next with the same fields is
//! not walked over but compared.
//!
//! A venue sends few kinds of a message: an acknowledgement always has the same fields, in the same order, and so has a
//! trade. What a walk finds depends on nothing but these and on what the group counts say; only where the values stand
//! differs from one message to the next.

use std::num::NonZeroU64;

use crate::field::split_tag;
use crate::number::unsigned_at;
use crate::walk::{Span, Walk, load};
use crate::{SOH, Timestamp, swar};

/// The walk over a message, and how to repeat it over another with the same fields.
///
/// The walk is not repeated over an index of the frame's fields, but without one: a field ends where the same field of
/// the last message ended, if a delimiter stands there, and at the next delimiter otherwise. That is sound because the
/// frame's delimiters were counted: there are as many as the shape has fields, each of which took another one, so that
/// none can have been passed over.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) walk: Walk,
    /// How many delimiters the message has, from BeginString (8) to CheckSum (10); 0 when there is none that can be
    /// repeated.
    delimiters: usize,
    /// The lengths of SenderCompID (49) and TargetCompID (56).
    comp_ids: [u32; 2],
    /// The fields of the body, in the order of the wire.
    steps: Vec<Step>,
    /// The fields that are no plain values, with where their places are found.
    others: Vec<Other>,
    /// Where the fields of a message that is being learnt start, and where their values go.
    targets: Vec<(u32, Target)>,
    /// How many messages of other shapes, one after another, this one outlives, and how many more it will.
    patience: u8,
    left: u8,
}

/// A field as it was.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// `tag=` as a word, and the mask that covers it.
    pattern: u64,
    mask: u64,
    /// The length of `tag=`.
    skip: u32,
    /// The length of the whole field when last seen, without its delimiter; 0 when it has often been another.
    length: u32,
    /// Where the value's place goes, in [`Walk::values`].
    place: u32,
    /// How often it had another length than before.
    misses: u32,
}

/// A field whose length has changed so often is not expected to keep it.
const UNSTEADY: u32 = 4;

/// A field that is no plain value: its place is first noted like one.
#[derive(Debug, Clone, Copy)]
struct Other {
    /// Where its place was noted.
    place: u32,
    /// The length of its `tag=`.
    skip: u32,
    target: Target,
}

/// Where the value of a body's field goes.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// A slot, by its place in [`Walk::values`].
    Value(u32),
    /// The count of a group, by its place in [`Walk::groups`].
    Count(u32),
    /// A field without a slot, by its place in [`Walk::unknown`].
    Unknown(u32),
}

/// Where a body stands in its frame, in one register: what is handed over in halves and read whole stalls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(NonZeroU64);

impl Place {
    #[inline]
    pub(crate) fn new(start: u32, end: u32) -> Option<Place> {
        NonZeroU64::new(u64::from(start) << 32 | u64::from(end)).map(Place)
    }

    #[inline]
    pub(crate) const fn start(self) -> usize {
        (self.0.get() >> 32) as usize
    }

    #[inline]
    pub(crate) const fn end(self) -> usize {
        self.0.get() as u32 as usize
    }
}

/// How many shapes a type of message can have at a time; they differ in the number of their fields.
pub(crate) const SHAPES: usize = 8;

/// The most fields that a remembered message has: what a peer can make a decoder keep is bounded.
const LONGEST: usize = 256;

/// The longest frame that is remembered or compared, so that the sum of a place and a length is a place.
const LARGEST: usize = u32::MAX as usize / 2;

const LEAST_PATIENT: u8 = 3;
const MOST_PATIENT: u8 = 63;

impl Step {
    fn of(frame: &[u8], start: u32, end: u32, place: u32) -> Option<Step> {
        let (_, value) = split_tag(frame.get(start as usize..end as usize)?)?;
        let skip = end - start - value.len() as u32;
        let mask = u64::MAX.checked_shr(64_u32.checked_sub(skip * 8)?)?;
        Some(Step {
            pattern: load(frame, start) & mask,
            mask,
            skip,
            length: end - start,
            place,
            misses: 0,
        })
    }

    /// The field has another length than it had.
    #[inline]
    fn miss(&mut self, length: u32) {
        if self.misses < UNSTEADY {
            self.misses += 1;
            self.length = if self.misses < UNSTEADY { length } else { 0 };
        }
    }
}

impl Shape {
    /// Compares a frame of so many delimiters, of which the field behind MsgType (35) begins at `start`, with the
    /// remembered message, and takes its values if the fields are the same; then says where its body stands. If they are
    /// not, what has been taken is of no use, and taken anew by the next that is.
    ///
    /// Not inlined, so that the loop has all registers.
    #[inline(never)]
    pub(crate) fn repeat(&mut self, frame: &[u8], delimiters: usize, start: u32) -> Option<Place> {
        if self.delimiters != delimiters || frame.len() > LARGEST {
            return None;
        }
        let body = self.header(frame, start)?;
        let places = self.walk.values.as_mut_slice();
        let mut start = body as usize;
        for step in &mut self.steps {
            let word = u64::from_le_bytes(*frame.get(start..start + 8)?.as_array()?);
            if word & step.mask != step.pattern {
                return None;
            }
            let value = start + step.skip as usize;
            let mut end = start + step.length as usize;
            // A field of no length ends where it begins, which is no delimiter.
            if frame.get(end) != Some(&SOH) {
                end = delimiter(frame, value)?;
                step.miss((end - start) as u32);
            }
            *places.get_mut(step.place as usize)? = Span {
                start: value as u32,
                end: end as u32,
            };
            start = end + 1;
        }
        // The one delimiter that is left is the frame's last byte, or the frame is not whole.
        if !frame.get(start..)?.starts_with(b"10=") || frame.last() != Some(&SOH) {
            return None;
        }
        if !self.others.is_empty() && !self.place_others(frame) {
            return None;
        }
        self.patience = LEAST_PATIENT;
        self.left = LEAST_PATIENT;
        Place::new(body, start as u32)
    }

    /// The fields of the usual header behind MsgType (35), of which the first begins at `start`, are there and can be
    /// read: where the body begins.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a part of the repetition, which a call would make dearer by a third"
    )]
    fn header(&self, frame: &[u8], start: u32) -> Option<u32> {
        let mut rest = frame.get(start as usize..)?;
        for (tag, length) in [*b"49=", *b"56="].into_iter().zip(self.comp_ids) {
            let value = behind(rest, tag)?;
            let (&end, next) = value.get(length as usize..)?.split_first()?;
            if end != SOH {
                return None;
            }
            rest = next;
        }
        let number = behind(rest, *b"34=")?;
        let word = u64::from_le_bytes(*number.first_chunk()?);
        let digits = swar::position(word, SOH);
        // A number above zero: digits, not all of which are zero.
        let number_digits = (word ^ 0x3030_3030_3030_3030) & !(u64::MAX << ((digits * 8) & 63));
        if digits == 8 || number_digits == 0 || !swar::are_digits(number_digits) {
            return None;
        }
        let (time, rest) = behind(number.get(digits + 1..)?, *b"52=")?.split_first_chunk::<21>()?;
        let (&end, body) = rest.split_first()?;
        (end == SOH && Timestamp::is_millis(time)).then(|| (frame.len() - body.len()) as u32)
    }

    /// Moves what was noted of fields that are no plain values to where it belongs. False when a group has another
    /// count than it had.
    fn place_others(&mut self, frame: &[u8]) -> bool {
        for other in &self.others {
            let Some(&value) = self.walk.values.get(other.place as usize) else {
                return false;
            };
            match other.target {
                Target::Value(_) => {}
                Target::Count(at) => {
                    let Some(group) = self.walk.groups.get_mut(at as usize) else {
                        return false;
                    };
                    let (begin, end) = (value.start as usize, value.end as usize);
                    if unsigned_at(load(frame, value.start), frame, begin, end) != group.declared {
                        return false;
                    }
                    group.count = value;
                }
                Target::Unknown(at) => {
                    if let Some(field) = self.walk.unknown.get_mut(at as usize) {
                        field.start = value.start - other.skip;
                        field.end = value.end + 1;
                    }
                }
            }
        }
        true
    }

    /// Forgets the message, for the walk that replaces its own.
    pub(crate) fn forget(&mut self) -> &mut Walk {
        self.delimiters = 0;
        &mut self.walk
    }

    /// Whether a message of another shape is to be walked over and remembered here.
    ///
    /// To remember costs as much as several walks, so it must not happen for each of many kinds in turn.
    pub(crate) fn gives_way(&mut self) -> bool {
        if self.left > 0 {
            self.left -= 1;
            return false;
        }
        self.patience = (self.patience * 2 + 1).min(MOST_PATIENT);
        self.left = self.patience;
        true
    }

    /// Remembers the message that the walk has just been over, which was [forgotten](Shape::forget) before: where its delimiters are, and which field is the
    /// first of its body and which the first behind it.
    #[inline(never)]
    pub(crate) fn learn(&mut self, frame: &[u8], ends: &[u32], body: (usize, usize)) {
        if self.walk.is_repeatable()
            && ends.len() <= LONGEST
            && frame.len() <= LARGEST
            && self.learn_header(frame, ends, body.0).is_some()
            && self.learn_body(frame, ends, body).is_some()
        {
            self.delimiters = ends.len();
        }
    }

    /// The header must be the usual one: any other is rare enough to be read with care each time.
    fn learn_header(&mut self, frame: &[u8], ends: &[u32], first: usize) -> Option<()> {
        let &[_, _, msg_type, sender, target, _, _] = ends.get(..first)?.as_array()?;
        self.comp_ids = [sender.checked_sub(msg_type + 4)?, target.checked_sub(sender + 4)?];
        if self.comp_ids.contains(&0) {
            return None;
        }
        self.header(frame, msg_type + 1).map(drop)
    }

    fn learn_body(&mut self, frame: &[u8], ends: &[u32], (first, last): (usize, usize)) -> Option<()> {
        self.steps.clear();
        self.others.clear();
        let targets = &mut self.targets;
        targets.clear();
        for (at, value) in self.walk.values().iter().enumerate() {
            if value.is_set() && !value.is_group() {
                targets.push((value.start, Target::Value(at as u32)));
            }
        }
        for (at, group) in self.walk.groups.iter().enumerate() {
            targets.push((group.count.start, Target::Count(at as u32)));
        }
        for (at, unknown) in self.walk.unknown.iter().enumerate() {
            targets.push((unknown.start, Target::Unknown(at as u32)));
        }
        targets.sort_unstable_by_key(|&(start, _)| start);
        if targets.len() != last.checked_sub(first)? {
            // Fields that went nowhere: a trailer that begins before CheckSum (10).
            return None;
        }
        for (ends, &(_, target)) in ends.get(first.checked_sub(1)?..last)?.windows(2).zip(&*targets) {
            // What is no plain value is noted behind them.
            let place = match target {
                Target::Value(place) => place,
                _ => (self.walk.values().len() + self.others.len()) as u32,
            };
            let step = Step::of(frame, ends[0] + 1, ends[1], place)?;
            if !matches!(target, Target::Value(_)) {
                self.others.push(Other {
                    place,
                    skip: step.skip,
                    target,
                });
            }
            self.steps.push(step);
        }
        self.walk.reserve(self.others.len());
        Some(())
    }
}

/// What stands behind `tag`, if that is what `bytes` begin with.
#[inline]
fn behind(bytes: &[u8], tag: [u8; 3]) -> Option<&[u8]> {
    let [a, b, c] = tag;
    // With the byte behind it a tag is one word, and a value has at least a delimiter.
    let word = u32::from_le_bytes(*bytes.first_chunk()?);
    if word << 8 != u32::from_le_bytes([0, a, b, c]) {
        return None;
    }
    bytes.get(tag.len()..)
}

/// The first delimiter from `at` on. Behind every value of a body stand eight bytes, its delimiter and the trailer.
#[inline]
fn delimiter(frame: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let word = u64::from_le_bytes(*frame.get(at..at + 8)?.as_array()?);
        let marks = swar::marks(word, SOH);
        if marks != 0 {
            return Some(at + (marks.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
}
