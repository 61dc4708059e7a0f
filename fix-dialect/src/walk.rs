//! The walk over a frame's fields: each goes to its slot, and groups to entries of slots.

use crate::SOH;
use crate::field::split_tag;
use crate::header::is_header;
use crate::number::{parse_unsigned, unsigned_at};
use crate::plan::{Scope, SlotKind};

/// Reusable storage for what a walk finds.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// The slots of the body, then those of each entry; behind them what longer messages have left.
    pub(crate) values: Vec<Span>,
    /// How many of the values are this message's.
    used: usize,
    /// Whether what was found depends on a value: a DATA field ends where its length says.
    measured: bool,
    /// Whether a field of the trailer stands before CheckSum (10).
    pub(crate) trailer: bool,
    pub(crate) groups: Vec<GroupSpan>,
    pub(crate) entries: Vec<EntrySpan>,
    /// Fields without a slot, in the order of the wire.
    pub(crate) unknown: Vec<UnknownSpan>,
    /// Fields that are where they must not be.
    pub(crate) misplaced: Vec<Misplaced>,
    levels: Vec<Level>,
}

/// Where a value stands in a frame; a group's slot holds its place among the groups instead. For generated code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupSpan {
    pub(crate) count: Span,
    /// What the count field says; `None` when it is no number.
    pub(crate) declared: Option<u64>,
    pub(crate) found: u32,
    pub(crate) first: u32,
    last: u32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct EntrySpan {
    /// Where its slots begin in [`Walk::values`].
    pub(crate) base: u32,
    /// The next entry of the same group, or [`NONE`].
    pub(crate) next: u32,
    /// The slot that began it.
    pub(crate) delimiter: u16,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct UnknownSpan {
    /// The entry it is in, or [`NONE`] for the body.
    pub(crate) entry: u32,
    pub(crate) tag: u32,
    pub(crate) start: u32,
    /// Behind the delimiter.
    pub(crate) end: u32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Misplaced {
    pub(crate) kind: MisplacedKind,
    pub(crate) entry: u32,
    pub(crate) tag: u32,
    pub(crate) value: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MisplacedKind {
    /// A field of the body or of an entry that was there before.
    Repeated,
    /// A field of the header or the trailer within the body.
    OutOfOrder,
    /// A length field that does not lead to the end of its DATA field.
    WrongLength,
}

/// Bytes that are no `tag=value` at this offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAField(pub(crate) u32);

/// A body or an entry under way.
#[derive(Debug, Clone, Copy)]
struct Level {
    scope: u16,
    /// The slot of the last field; [`NO_SLOT`] at the beginning.
    previous: u16,
    /// The slot that is expected next.
    expected: u16,
    /// The slot that began the entry.
    delimiter: u16,
    base: u32,
    group: u32,
    entry: u32,
}

pub(crate) const NONE: u32 = u32::MAX;
const NO_SLOT: u16 = u16::MAX;

impl Span {
    #[inline]
    pub(crate) const fn is_set(self) -> bool {
        self.start != 0
    }

    #[inline]
    pub(crate) fn of(self, frame: &[u8]) -> &[u8] {
        frame
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// Whether the slot holds a group.
    pub(crate) const fn is_group(self) -> bool {
        self.start == NONE
    }

    /// A slot that holds a group.
    const fn group(at: usize) -> Span {
        Span {
            start: NONE,
            end: at as u32,
        }
    }
}

impl Walk {
    /// Walks over the fields `first` to `last` (exclusive) of the frame, where `ends` holds its delimiters.
    pub(crate) fn run(
        &mut self,
        scopes: &mut [Scope],
        frame: &[u8],
        ends: &[u32],
        first: usize,
        last: usize,
    ) -> Result<(), NotAField> {
        self.used = 0;
        self.measured = false;
        self.trailer = false;
        self.groups.clear();
        self.entries.clear();
        self.unknown.clear();
        self.misplaced.clear();
        self.levels.clear();
        let mut level = Level {
            scope: 0,
            previous: NO_SLOT,
            expected: scopes[0].first,
            delimiter: NO_SLOT,
            base: self.take_slots(scopes[0].hot.len()),
            group: NONE,
            entry: NONE,
        };
        let Some(ends) = ends.get(..last) else {
            return Ok(());
        };
        let mut at = first;
        let mut start = if first == 0 { 0 } else { ends[first - 1] + 1 };
        loop {
            // The usual way: the expected field, with nothing but a value, in a slot that is free.
            let hot = &scopes[usize::from(level.scope)].hot[..];
            let base = level.base as usize;
            let values = self.values.get_mut(base..base + hot.len()).unwrap_or_default();
            let slots = &hot[..values.len()];
            while let Some(&end) = ends.get(at) {
                let place = usize::from(level.expected);
                let (Some(slot), Some(value)) = (slots.get(place), values.get_mut(place)) else {
                    break;
                };
                if !slot.is(load(frame, start)) || value.is_set() || !slot.plain {
                    break;
                }
                *value = Span {
                    start: start + u32::from(slot.skip),
                    end,
                };
                level.previous = level.expected;
                level.expected = slot.next;
                start = end + 1;
                at += 1;
            }
            let Some(&end) = ends.get(at) else { return Ok(()) };
            let word = load(frame, start);
            let place = if hot
                .get(usize::from(level.expected))
                .is_some_and(|slot| slot.is(word))
            {
                level.expected
            } else if self.usual_end(scopes, &level, word) {
                self.pop(&mut level);
                continue;
            } else {
                let field = Span { start, end };
                let Some(place) = self.place(scopes, frame, field, &mut level)? else {
                    start = end + 1;
                    at += 1;
                    continue;
                };
                place
            };
            if level.group != NONE && (level.delimiter == place || level.entry == NONE) {
                let slots = scopes[usize::from(level.scope)].hot.len();
                self.begin_entry(&mut level, place, slots);
            }
            let field = Span { start, end };
            start = end + 1;
            at += 1;
            self.store(scopes, frame, ends, field, place, &mut level, &mut start, &mut at);
        }
    }

    /// This message's values.
    pub(crate) fn values(&self) -> &[Span] {
        &self.values[..self.used]
    }

    /// Whether another message with the same fields and the same group counts would be found to be the same.
    pub(crate) fn is_repeatable(&self) -> bool {
        !self.measured && self.misplaced.is_empty()
    }

    /// Room for so many values behind those that are used.
    pub(crate) fn reserve(&mut self, count: usize) {
        if self.values.len() < self.used + count {
            self.values.resize(self.used + count, Span::default());
        }
    }

    /// Free slots, as many as asked for; where they begin.
    #[inline]
    fn take_slots(&mut self, count: usize) -> u32 {
        let base = self.used;
        self.used += count;
        if self.values.len() < self.used {
            self.values.resize(self.used, Span::default());
        }
        self.values[base..self.used].fill(Span::default());
        base as u32
    }

    /// Whether the group under way ends as it usually does: with the field that the enclosing scope expects next, and
    /// that the entry has no slot for.
    #[inline]
    fn usual_end(&self, scopes: &[Scope], level: &Level, word: u64) -> bool {
        let Some(around) = self.levels.last() else {
            return false;
        };
        let scope = &scopes[usize::from(around.scope)];
        let expected = usize::from(around.expected);
        scope.hot.get(expected).is_some_and(|slot| slot.is(word))
            && scopes[usize::from(level.scope)]
                .slot(scope.slots[expected].field.tag)
                .is_none()
    }

    /// Finds the slot of a field: in the entry under way, then in those around it.
    ///
    /// A field that has no slot anywhere is kept, and ends nothing.
    fn place(
        &mut self,
        scopes: &mut [Scope],
        frame: &[u8],
        field: Span,
        level: &mut Level,
    ) -> Result<Option<u16>, NotAField> {
        let (tag, value) = split_tag(field.of(frame)).ok_or(NotAField(field.start))?;
        let mut depth = self.levels.len();
        let mut scope = level.scope;
        loop {
            if let Some(place) = scopes[usize::from(scope)].slot(tag) {
                while self.levels.len() > depth {
                    self.pop(level);
                }
                scopes[usize::from(level.scope)].learn(level.previous, place);
                return Ok(Some(place));
            }
            if depth == 0 {
                break;
            }
            depth -= 1;
            scope = self.levels[depth].scope;
        }
        let value = Span {
            start: field.end - value.len() as u32,
            end: field.end,
        };
        if matches!(tag, 89 | 93) {
            // The trailer, which may begin before CheckSum (10).
            self.trailer = true;
        } else if is_header(tag) || tag == 10 {
            self.misplaced.push(Misplaced {
                kind: MisplacedKind::OutOfOrder,
                entry: level.entry,
                tag,
                value,
            });
        } else {
            self.unknown.push(UnknownSpan {
                entry: level.entry,
                tag,
                start: field.start,
                end: field.end + 1,
            });
        }
        Ok(None)
    }

    /// Puts a field into its slot, where that takes more than writing it down.
    #[expect(clippy::too_many_arguments, reason = "the state of the walk, in registers")]
    fn store(
        &mut self,
        scopes: &[Scope],
        frame: &[u8],
        ends: &[u32],
        field: Span,
        place: u16,
        level: &mut Level,
        start: &mut u32,
        at: &mut usize,
    ) {
        let scope = &scopes[usize::from(level.scope)];
        let hot = scope.hot[usize::from(place)];
        let skip = u32::from(hot.skip);
        let value = Span {
            start: field.start + skip,
            end: field.end,
        };
        let stored = &mut self.values[level.base as usize + usize::from(place)];
        if stored.is_set() {
            let tag = scope.slots[usize::from(place)].field.tag;
            self.repeated(tag, value, skip, level.entry);
            return;
        }
        *stored = value;
        level.previous = place;
        level.expected = hot.next;
        if hot.plain {
            return;
        }
        match scope.slots[usize::from(place)].kind {
            SlotKind::Value => {}
            SlotKind::Group(group) => {
                *stored = Span::group(self.groups.len());
                self.begin_group(level, group, scopes[usize::from(group)].first, value, frame);
            }
            SlotKind::Length(data) => {
                self.measured = true;
                let slot = scope.hot[usize::from(data)];
                if !slot.is(load(frame, *start)) {
                    return;
                }
                let tag = scope.slots[usize::from(place)].field.tag;
                let data_tag = scope.slots[usize::from(data)].field.tag;
                let skip = u32::from(slot.skip);
                let body = *start + skip;
                let Some(end) = data_end(frame, ends, *at, body, value) else {
                    let kind = MisplacedKind::WrongLength;
                    self.misplaced.push(Misplaced {
                        kind,
                        entry: level.entry,
                        tag,
                        value,
                    });
                    return;
                };
                let value = Span { start: body, end };
                let stored = &mut self.values[level.base as usize + usize::from(data)];
                if stored.is_set() {
                    self.repeated(data_tag, value, skip, level.entry);
                } else {
                    *stored = value;
                }
                level.previous = data;
                level.expected = slot.next;
                while ends.get(*at).is_some_and(|&delimiter| delimiter <= end) {
                    *at += 1;
                }
                *start = end + 1;
            }
        }
    }

    #[inline]
    fn begin_group(&mut self, level: &mut Level, scope: u16, expected: u16, count: Span, frame: &[u8]) {
        let declared = unsigned_at(
            load(frame, count.start),
            frame,
            count.start as usize,
            count.end as usize,
        );
        let group = self.groups.len() as u32;
        self.groups.push(GroupSpan {
            count,
            declared,
            found: 0,
            first: NONE,
            last: NONE,
        });
        if declared != Some(0) {
            self.levels.push(*level);
            *level = Level {
                scope,
                previous: NO_SLOT,
                expected,
                delimiter: NO_SLOT,
                // Without an entry there are no slots, so that its first field takes the careful way.
                base: NONE,
                group,
                entry: NONE,
            };
        }
    }

    #[inline]
    fn begin_entry(&mut self, level: &mut Level, delimiter: u16, slots: usize) {
        let entry = self.entries.len() as u32;
        let base = self.take_slots(slots);
        self.entries.push(EntrySpan {
            base,
            next: NONE,
            delimiter,
        });
        let group = &mut self.groups[level.group as usize];
        group.found += 1;
        if group.last == NONE {
            group.first = entry;
        } else {
            self.entries[group.last as usize].next = entry;
        }
        group.last = entry;
        level.base = base;
        level.entry = entry;
        level.delimiter = delimiter;
    }

    #[inline]
    fn pop(&mut self, level: &mut Level) {
        if let Some(around) = self.levels.pop() {
            *level = around;
        }
    }

    /// Keeps a field whose slot is taken: the first value counts, the others go with the unknown fields.
    #[cold]
    fn repeated(&mut self, tag: u32, value: Span, skip: u32, entry: u32) {
        self.misplaced.push(Misplaced {
            kind: MisplacedKind::Repeated,
            entry,
            tag,
            value,
        });
        self.unknown.push(UnknownSpan {
            entry,
            tag,
            start: value.start - skip,
            end: value.end + 1,
        });
    }
}

/// Where a DATA value ends that begins at `body`, by the length field's value; `None` when that leads nowhere.
#[cold]
fn data_end(frame: &[u8], ends: &[u32], at: usize, body: u32, length: Span) -> Option<u32> {
    let length = u32::try_from(parse_unsigned(length.of(frame))?).ok()?;
    let end = body.checked_add(length)?;
    // Within the body: the delimiter must be one of the index's.
    (frame.get(end as usize) == Some(&SOH) && ends.get(at..)?.contains(&end)).then_some(end)
}

/// Eight bytes of the frame, the first the lowest. Behind every field of a frame stand seven bytes of trailer.
#[inline]
pub(crate) fn load(frame: &[u8], start: u32) -> u64 {
    let start = start as usize;
    match frame.get(start..start + 8).and_then(<[u8]>::as_array) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => 0,
    }
}
