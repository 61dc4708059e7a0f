//! A frame's fields in the order of the wire, with their definitions and their places in groups: for tools.

use std::fmt;

use crate::field::{fields, fields_by};
use crate::header::is_header;
use crate::is_secret;
use crate::number::parse_unsigned;
use crate::plan::{Plan, SlotKind};
use crate::tables::{FieldTable, GroupTable, MessageTable, Tables};

/// A part of a frame, in the order of the wire.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Part<'p> {
    /// The frame begins.
    Message {
        /// The message's table; `None` when MsgType (35) is none of the dialect's.
        table: Option<&'static MessageTable>,
        /// MsgType (35); empty when there is none.
        msg_type: &'p [u8],
    },
    /// A field.
    Field(FieldPart<'p>),
    /// An entry of a group begins.
    Entry {
        /// The group.
        group: &'static GroupTable,
        /// Which of its entries, from 0.
        number: u32,
        /// How many groups are around its fields, this one counted.
        depth: usize,
    },
    /// An entry of a group ends.
    EndOfEntry {
        /// The entry's path, as [`Violation::path`](crate::Violation::path) has it.
        path: &'p str,
        /// How many groups are around its fields, this one counted.
        depth: usize,
    },
    /// The last part but one: only bytes that are no field may follow.
    EndOfMessage {
        /// The message's path: its name.
        path: &'p str,
    },
    /// These bytes, up to the end of the frame, are no field.
    NotAField(&'p [u8]),
}

/// A field of a frame.
#[derive(Debug, Clone, Copy)]
pub struct FieldPart<'p> {
    /// The tag.
    pub tag: u32,
    /// The value on the wire. Not to be shown where [`FieldPart::is_secret`].
    pub value: &'p [u8],
    /// The field's definition, where the dictionary has one.
    pub table: Option<&'static FieldTable>,
    /// The group that it counts, where it does in this message.
    pub group: Option<&'static GroupTable>,
    /// Which part of the frame it stands in.
    pub place: Place,
    /// The path of the entry or message around it, as [`Violation::path`](crate::Violation::path) has it.
    pub path: &'p str,
    /// How many groups are around it.
    pub depth: usize,
}

/// Which part of a frame a field stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The standard header.
    Header,
    /// The body.
    Body,
    /// The standard trailer.
    Trailer,
}

impl FieldPart<'_> {
    /// Whether the value must never be shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        is_secret(self.tag) || self.table.is_some_and(|table| table.secret)
    }

    /// The dictionary's name for the value, where it lists it and it is not secret.
    #[must_use]
    pub fn value_name(&self) -> Option<&'static str> {
        let table = self.table.filter(|_| !self.is_secret())?;
        table.value_name(self.value).filter(|name| !name.is_empty())
    }
}

/// Walks over any frame in the order of the wire, and tells groups by a dialect's tables.
///
/// It is for tools that show a frame: for typed access use a [`Decoder`](crate::Decoder), for the dictionary's rules a
/// [`Validator`](crate::Validator).
#[derive(Debug)]
pub struct PartWalker {
    tables: &'static Tables,
    plans: Vec<Option<Box<Plan>>>,
    path: String,
}

/// A group under way.
struct Open {
    scope: u16,
    group: &'static GroupTable,
    /// The tag that began each entry; 0 before the first.
    delimiter: u32,
    entries: u32,
    /// The length of the path around the group.
    around: usize,
}

impl PartWalker {
    /// A walker by these tables.
    #[must_use]
    pub fn new(tables: &'static Tables) -> PartWalker {
        PartWalker {
            tables,
            plans: tables.messages.iter().map(|_| None).collect(),
            path: String::new(),
        }
    }

    /// Calls `visit` with each part of the frame.
    pub fn walk(&mut self, frame: &[u8], visit: &mut impl FnMut(Part<'_>)) {
        let msg_type = fields(frame)
            .take(3)
            .find(|field| field.tag == 35)
            .map_or(&[][..], |field| field.value);
        let found = self.tables.message(msg_type);
        let plan =
            found.map(|(at, table)| &**self.plans[at].get_or_insert_with(|| Box::new(Plan::new(table))));
        let path = &mut self.path;
        path.clear();
        path.push_str(found.map_or("?", |(_, table)| table.name));
        visit(Part::Message {
            table: found.map(|(_, table)| table),
            msg_type,
        });
        let mut open: Vec<Open> = Vec::new();
        let mut place = Place::Header;
        let mut iterator = fields_by(frame, self.tables);
        for field in iterator.by_ref() {
            let slot = match place {
                Place::Header if is_header(field.tag) => None,
                _ => plan.and_then(|plan| find(plan, field.tag, &mut open, path, visit)),
            };
            if place == Place::Header && !is_header(field.tag) {
                place = Place::Body;
            }
            if slot.is_none() && matches!(field.tag, 10 | 89 | 93) {
                close(&mut open, 0, path, visit);
                place = Place::Trailer;
            }
            let mut group = None;
            if let (Some((scope, at)), Some(plan)) = (slot, plan) {
                let slot = &plan.scopes[usize::from(scope)].slots[usize::from(at)];
                let depth = open.len();
                if let Some(last) = open.last_mut()
                    && (last.delimiter == 0 || last.delimiter == field.tag)
                {
                    begin_entry(last, field.tag, path, visit, depth);
                }
                if let SlotKind::Group(inner) = slot.kind {
                    group = plan.scopes[usize::from(inner)].group.map(|table| (inner, table));
                }
            }
            // A field without a place is in the entry under way, or before the first in what is around the group.
            let waiting = open.last().is_some_and(|last| last.entries == 0);
            visit(Part::Field(FieldPart {
                tag: field.tag,
                value: field.value,
                table: self.tables.field(field.tag),
                group: group.map(|(_, table)| table),
                place,
                path,
                depth: open.len() - usize::from(waiting),
            }));
            // A group of none has no entries to wait for.
            if let Some((scope, group)) = group
                && parse_unsigned(field.value) != Some(0)
            {
                open.push(Open {
                    scope,
                    group,
                    delimiter: 0,
                    entries: 0,
                    around: path.len(),
                });
            }
        }
        close(&mut open, 0, path, visit);
        visit(Part::EndOfMessage { path });
        if !iterator.rest().is_empty() {
            visit(Part::NotAField(iterator.rest()));
        }
    }
}

/// The slot of a tag in the group under way, or in what is around it; the groups within that one are over then.
fn find(
    plan: &Plan,
    tag: u32,
    open: &mut Vec<Open>,
    path: &mut String,
    visit: &mut impl FnMut(Part<'_>),
) -> Option<(u16, u16)> {
    for depth in (0..=open.len()).rev() {
        let scope = depth.checked_sub(1).map_or(0, |at| open[at].scope);
        if let Some(slot) = plan.scopes[usize::from(scope)].slot(tag) {
            close(open, depth, path, visit);
            return Some((scope, slot));
        }
    }
    None
}

/// Ends groups until `depth` are open.
fn close(open: &mut Vec<Open>, depth: usize, path: &mut String, visit: &mut impl FnMut(Part<'_>)) {
    while open.len() > depth {
        let deep = open.len();
        if let Some(group) = open.pop() {
            if group.entries > 0 {
                visit(Part::EndOfEntry { path, depth: deep });
            }
            path.truncate(group.around);
        }
    }
}

fn begin_entry(open: &mut Open, tag: u32, path: &mut String, visit: &mut impl FnMut(Part<'_>), depth: usize) {
    use fmt::Write;
    if open.entries > 0 {
        visit(Part::EndOfEntry { path, depth });
    }
    path.truncate(open.around);
    // A String takes everything.
    let _ = write!(path, "/{}[{}]", open.group.count.tag, open.entries);
    visit(Part::Entry {
        group: open.group,
        number: open.entries,
        depth,
    });
    open.delimiter = tag;
    open.entries += 1;
}
