//! A message's tables, flattened for the walk over its fields.
//!
//! Static tables hold one entry a definition; a plan holds one slot a use. It is built when a message of its type is
//! first seen, and it learns: for each slot it remembers which one came next on the wire, so that the usual order
//! costs one comparison a field, and any other order costs time but never correctness.

use crate::Tag;
use crate::check_ends::is_trailer;
use crate::shape::{Place, SHAPES, Shape};
use crate::tables::{ConditionTable, FieldTable, GroupTable, MemberKind, MemberTable, MessageTable};
use crate::walk::{NotAField, Walk};

/// All scopes of a message: the first is its body, the others its groups, wherever they are nested.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) table: &'static MessageTable,
    pub(crate) scopes: Vec<Scope>,
    /// Whether any scope has a slot for a field of the trailer.
    pub(crate) has_trailer: bool,
    /// What messages of the type were last like, by the number of their fields.
    shapes: [Shape; SHAPES],
    /// The shape that was last the right one.
    usual: usize,
}

/// The shape that holds what was found, or none where the walk given does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found(Option<usize>);

/// The slots of a body or of a group's entry.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The group, unless the scope is the message's body.
    pub(crate) group: Option<&'static GroupTable>,
    pub(crate) slots: Vec<Slot>,
    /// What the walk needs of each slot, close together.
    pub(crate) hot: Vec<Hot>,
    /// The slot that came first when last seen.
    pub(crate) first: u16,
    tags: TagMap,
}

/// What the walk needs of a slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hot {
    /// `tag=` as a word, and the mask that covers it.
    pub(crate) pattern: u64,
    pub(crate) mask: u64,
    /// The slot that came next when last seen.
    pub(crate) next: u16,
    /// The length of `tag=`.
    pub(crate) skip: u8,
    /// Whether the slot holds nothing but a value.
    pub(crate) plain: bool,
}

/// A field's place in a scope.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) kind: SlotKind,
    pub(crate) field: &'static FieldTable,
    pub(crate) member: MemberTable,
    /// When it must be there though it is not always required: its own condition, or that of the component it is all of.
    pub(crate) when: Option<&'static ConditionTable>,
    /// When it must not be there: by its own rule, or by that of the component it is all of.
    pub(crate) never: Option<&'static ConditionTable>,
    /// The slots of the optional component around it, if any: it is required only where one of them is taken.
    pub(crate) within: Option<(u16, u16)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotKind {
    Value,
    /// The length of the DATA field in this slot.
    Length(u16),
    /// The count of the group with this scope.
    Group(u16),
}

impl Plan {
    pub(crate) fn new(table: &'static MessageTable) -> Plan {
        let mut scopes = Vec::new();
        add_scope(&mut scopes, None, table.members);
        let mut slots = scopes.iter().flat_map(|scope: &Scope| &scope.slots);
        let has_trailer = slots.any(|slot| is_trailer(slot.field.tag));
        Plan {
            table,
            has_trailer,
            scopes,
            shapes: <[Shape; SHAPES]>::default(),
            usual: 0,
        }
    }

    /// Finds the fields of a frame as those of one that is remembered, without an index. `start` is where the field
    /// behind MsgType (35) begins.
    #[inline]
    pub(crate) fn recall(&mut self, frame: &[u8], delimiters: usize, start: u32) -> Option<(Place, Found)> {
        // That it is the usual one is foreseen; a place computed from the number would have to be waited for.
        if let Some(body) = self.shapes[self.usual % SHAPES].repeat(frame, delimiters, start) {
            return Some((body, Found(Some(self.usual))));
        }
        self.recall_other(frame, delimiters, start)
    }

    #[inline(never)]
    fn recall_other(&mut self, frame: &[u8], delimiters: usize, start: u32) -> Option<(Place, Found)> {
        let at = delimiters % SHAPES;
        if at == self.usual {
            return None;
        }
        self.usual = at;
        let body = self.shapes[at].repeat(frame, delimiters, start)?;
        Some((body, Found(Some(at))))
    }

    /// Finds the fields of a body in their slots; what was found is in [`Plan::walk`].
    #[inline(never)]
    pub(crate) fn find(
        &mut self,
        walk: &mut Walk,
        frame: &[u8],
        ends: &[u32],
        (first, last): (usize, usize),
    ) -> Result<Found, NotAField> {
        let at = ends.len() % SHAPES;
        let shape = &mut self.shapes[at];
        if !shape.gives_way() {
            walk.run(&mut self.scopes, frame, ends, first, last)?;
            return Ok(Found(None));
        }
        shape.forget().run(&mut self.scopes, frame, ends, first, last)?;
        shape.learn(frame, ends, (first, last));
        Ok(Found(Some(at)))
    }

    /// Where [`Plan::find`] has put what it found.
    #[inline]
    pub(crate) fn walk<'w>(&'w self, found: Found, walk: &'w Walk) -> &'w Walk {
        found.0.map_or(walk, |shape| &self.shapes[shape].walk)
    }
}

fn add_scope(
    scopes: &mut Vec<Scope>,
    group: Option<&'static GroupTable>,
    members: &'static [MemberTable],
) -> u16 {
    let at = scopes.len();
    let scope = Scope {
        group,
        slots: Vec::new(),
        hot: Vec::new(),
        first: 0,
        tags: TagMap::default(),
    };
    scopes.push(scope);
    let mut slots = Vec::new();
    add_slots(scopes, &mut slots, members);
    link_data(&mut slots);
    let scope = &mut scopes[at];
    scope.tags = TagMap::new(slots.iter().map(|slot| slot.field.tag));
    // Until something else is seen, fields come in the dictionary's order, and a group's last is followed by its first.
    scope.hot = (0..slots.len())
        .map(|at| Hot::new(&slots[at], ((at + 1) % slots.len()) as u16))
        .collect();
    scope.slots = slots;
    at as u16
}

fn add_slots(scopes: &mut Vec<Scope>, slots: &mut Vec<Slot>, members: &'static [MemberTable]) {
    for member in members {
        let (field, kind) = match member.kind {
            MemberKind::Field(field) => (field, SlotKind::Value),
            MemberKind::Group(group) => (
                group.count,
                SlotKind::Group(add_scope(scopes, Some(group), group.members)),
            ),
            MemberKind::Component(component) => {
                let first = slots.len();
                add_slots(scopes, slots, component.members);
                if !member.required {
                    let within = Some((first as u16, slots.len() as u16));
                    // The condition of a component that is one group is the group's.
                    if let [slot] = &mut slots[first..] {
                        slot.when = slot.when.or(member.when);
                        slot.never = slot.never.or(member.never());
                    }
                    slots[first..]
                        .iter_mut()
                        .for_each(|slot| slot.within = slot.within.or(within));
                }
                continue;
            }
        };
        slots.push(Slot {
            kind,
            field,
            member: *member,
            when: member.when,
            never: member.never(),
            within: None,
        });
    }
}

impl Hot {
    fn new(slot: &Slot, next: u16) -> Hot {
        let (pattern, mask) = Tag::new(slot.field.tag).pattern();
        Hot {
            pattern,
            mask,
            next,
            skip: (mask.count_ones() / 8) as u8,
            plain: slot.kind == SlotKind::Value,
        }
    }

    /// Whether the field that begins with these eight bytes is the slot's.
    #[inline]
    pub(crate) const fn is(&self, word: u64) -> bool {
        word & self.mask == self.pattern
    }
}

fn link_data(slots: &mut [Slot]) {
    let lengths: Vec<(u32, u16)> = slots
        .iter()
        .enumerate()
        .filter_map(|(at, slot)| Some((slot.field.length_tag?, at as u16)))
        .collect();
    for slot in slots {
        if let Some(&(_, data)) = lengths.iter().find(|(tag, _)| *tag == slot.field.tag) {
            slot.kind = SlotKind::Length(data);
        }
    }
}

impl Scope {
    /// Remembers that the field in `place` came after the one in `previous`, or first of all.
    pub(crate) fn learn(&mut self, previous: u16, place: u16) {
        match self.hot.get_mut(usize::from(previous)) {
            Some(slot) => slot.next = place,
            None => self.first = place,
        }
    }

    /// The slot of this tag.
    #[inline]
    pub(crate) fn slot(&self, tag: u32) -> Option<u16> {
        self.tags.get(tag)
    }
}

/// A small hash table from tags to slots.
#[derive(Debug, Default)]
struct TagMap {
    /// A power of two of places, at most half of them in use; tag 0 marks a free one.
    places: Vec<(u32, u16)>,
}

impl TagMap {
    fn new(tags: impl ExactSizeIterator<Item = u32>) -> TagMap {
        let mut places = vec![(0, 0); (tags.len() * 2).next_power_of_two().max(4)];
        for (slot, tag) in tags.enumerate() {
            let mut at = start(tag, places.len());
            while places[at].0 != 0 && places[at].0 != tag {
                at = (at + 1) % places.len();
            }
            if places[at].0 == 0 {
                places[at] = (tag, slot as u16);
            }
        }
        TagMap { places }
    }

    #[inline]
    fn get(&self, tag: u32) -> Option<u16> {
        let mut at = start(tag, self.places.len());
        loop {
            match self.places[at] {
                (0, _) => return None,
                (found, slot) if found == tag => return Some(slot),
                _ => at = (at + 1) & (self.places.len() - 1),
            }
        }
    }
}

#[inline]
fn start(tag: u32, places: usize) -> usize {
    (tag.wrapping_mul(0x9e37_79b1) >> 16) as usize & (places - 1)
}
