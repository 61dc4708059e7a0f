//! Shapes of messages: the fields that a message of a type had, remembered, so that the next with the same fields is
//! not walked over but compared.
//!
//! A venue sends few kinds of a message: an acknowledgement always has the same fields, in the same order, and so has a
//! trade. What a walk finds depends on nothing but these and on what the group counts say; only where the values stand
//! differs from one message to the next.

use crate::field::split_tag;
use crate::number::unsigned_at;
use crate::walk::{Span, Walk, load};

/// The walk over a message, and how to repeat it over another with the same fields.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) walk: Walk,
    /// Whether there is a message that can be repeated.
    known: bool,
    /// One for each field of its body, in the order of the wire.
    steps: Vec<Step>,
    /// Where the fields of a message that is being learnt start, and where their values go.
    targets: Vec<(u32, Target)>,
    /// How many messages of other shapes, one after another, this one outlives, and how many more it will.
    patience: u8,
    left: u8,
}

/// A field as it was, and where its value goes.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// `tag=` as a word, and the mask that covers it.
    pattern: u64,
    mask: u64,
    /// The length of `tag=`.
    skip: u32,
    target: Target,
}

#[derive(Debug, Clone, Copy)]
enum Target {
    /// A slot, by its place in [`Walk::values`].
    Value(u32),
    /// The count of a group, by its place in [`Walk::groups`].
    Count(u32),
    /// A field without a slot, by its place in [`Walk::unknown`].
    Unknown(u32),
}

/// How many shapes a type of message can have at a time; they differ in the number of their fields.
pub(crate) const SHAPES: usize = 8;

/// The most fields that a remembered message has: what a peer can make a decoder keep is bounded.
pub(crate) const LONGEST: usize = 256;

const LEAST_PATIENT: u8 = 3;
const MOST_PATIENT: u8 = 63;

impl Shape {
    /// Compares the fields that begin at `start` and end at `ends` with those of the remembered message, and takes
    /// their values if they are the same. If they are not, what has been taken is of no use, and taken anew by the next that is.
    ///
    /// Not inlined, so that the loop has all registers.
    #[inline(never)]
    pub(crate) fn repeat(&mut self, frame: &[u8], ends: &[u32], mut start: u32) -> bool {
        if self.steps.len() != ends.len() || !self.known {
            return false;
        }
        let values = &mut self.walk.values[..];
        let groups = &mut self.walk.groups[..];
        let unknown = &mut self.walk.unknown[..];
        for (step, &end) in self.steps.iter().zip(ends) {
            if load(frame, start) & step.mask != step.pattern {
                return false;
            }
            let value = Span {
                start: start + step.skip,
                end,
            };
            match step.target {
                Target::Value(at) => {
                    if let Some(slot) = values.get_mut(at as usize) {
                        *slot = value;
                    }
                }
                Target::Count(at) => {
                    let Some(group) = groups.get_mut(at as usize) else {
                        return false;
                    };
                    let (begin, end) = (value.start as usize, value.end as usize);
                    if unsigned_at(load(frame, value.start), frame, begin, end) != group.declared {
                        return false;
                    }
                    group.count = value;
                }
                Target::Unknown(at) => {
                    if let Some(field) = unknown.get_mut(at as usize) {
                        field.start = start;
                        field.end = end + 1;
                    }
                }
            }
            start = end + 1;
        }
        self.patience = LEAST_PATIENT;
        self.left = LEAST_PATIENT;
        true
    }

    /// Whether a message of another shape is to be walked over and remembered here; what was remembered is forgotten
    /// then, before the walk, since the message may turn out to be none.
    ///
    /// To remember costs as much as several walks, so it must not happen for each of many kinds in turn.
    #[inline]
    pub(crate) fn gives_way(&mut self) -> bool {
        if self.left > 0 {
            self.left -= 1;
            return false;
        }
        self.patience = (self.patience * 2 + 1).min(MOST_PATIENT);
        self.left = self.patience;
        self.known = false;
        true
    }

    /// Remembers the message that [`Shape::walk`] has just been over.
    #[inline(never)]
    pub(crate) fn learn(&mut self, frame: &[u8], ends: &[u32], start: u32) {
        self.steps.clear();
        if !self.walk.is_repeatable() {
            return;
        }
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
        if targets.len() != ends.len() {
            // Fields that went nowhere: a trailer that begins before CheckSum (10).
            return;
        }
        let mut start = start;
        for (&(_, target), &end) in targets.iter().zip(ends) {
            let Some((_, value)) = frame.get(start as usize..end as usize).and_then(split_tag) else {
                return;
            };
            let skip = end - start - value.len() as u32;
            let mask = u64::MAX >> (64 - skip * 8);
            self.steps.push(Step {
                pattern: load(frame, start) & mask,
                mask,
                skip,
                target,
            });
            start = end + 1;
        }
        self.known = true;
    }
}
