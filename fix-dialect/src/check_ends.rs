//! The rules of the standard header and trailer.

use crate::check::{Check, Path};
use crate::few::Few;
use crate::header::is_header;
use crate::shape::Place;
use crate::sum::sum;
use crate::tables::{MemberKind, MemberTable, Tables};
use crate::violation::Rule;
use crate::{Field, fields_by, parse_unsigned};

/// A frame's header and trailer, in the order of the wire.
#[derive(Default)]
pub(crate) struct Ends<'a> {
    header: End<'a, 8>,
    trailer: End<'a, 2>,
    /// Whether a field of the body comes after one of the trailer.
    interrupted: bool,
}

/// The fields of a header or a trailer, of which most have at most `N`.
struct End<'a, const N: usize> {
    fields: Few<Field<'a>, N>,
    tags: Tags,
}

/// Which tags may be among some: a bit for all those with the same remainder, which no two of the header have that are
/// often seen.
#[derive(Clone, Copy, Default)]
struct Tags {
    bits: u64,
    /// Whether any may be there twice.
    again: bool,
}

impl Tags {
    #[inline]
    const fn add(&mut self, tag: u32) {
        self.again |= self.may_have(tag);
        self.bits |= 1 << (tag % 64);
    }

    #[inline]
    const fn may_have(self, tag: u32) -> bool {
        self.bits >> (tag % 64) & 1 != 0
    }
}

impl<const N: usize> Default for End<'_, N> {
    fn default() -> Self {
        End {
            fields: Few::new(Field { tag: 0, value: b"" }),
            tags: Tags::default(),
        }
    }
}

impl<'a, const N: usize> End<'a, N> {
    #[inline]
    fn push(&mut self, field: Field<'a>) {
        self.fields.push(field);
        self.tags.add(field.tag);
    }
}

impl<'a> Ends<'a> {
    /// Finds the ends of a frame in which no field of the trailer stands between these places, which are the body's.
    ///
    /// They are filled in, and not made and moved, since they are large.
    #[inline]
    pub(crate) fn find_around(&mut self, frame: &'a [u8], tables: &'a Tables, body: Place) {
        let (front, back) = (frame.get(..body.start()), frame.get(body.end()..));
        for field in fields_by(front.unwrap_or_default(), tables) {
            self.header.push(field);
        }
        for field in fields_by(back.unwrap_or_default(), tables) {
            self.trailer.push(field);
        }
    }

    /// Finds the ends of any frame.
    #[cold]
    pub(crate) fn find(&mut self, frame: &'a [u8], tables: &'a Tables) {
        let mut in_header = true;
        for field in fields_by(frame, tables) {
            in_header = in_header && is_header(field.tag);
            if in_header {
                self.header.push(field);
            } else if is_trailer(field.tag) {
                self.trailer.push(field);
            } else if !self.trailer.fields.as_slice().is_empty() {
                self.interrupted = true;
            }
        }
    }

    /// The value of a field of the header.
    pub(crate) fn value(&self, tag: u32) -> Option<&'a [u8]> {
        if !self.header.tags.may_have(tag) {
            return None;
        }
        let header = self.header.fields.as_slice();
        let found = header.iter().find(|field| field.tag == tag);
        found.map(|field| field.value)
    }

    /// Whether a field belongs to the header or the trailer.
    pub(crate) fn is_checked(&self, tag: u32) -> bool {
        is_header(tag) && !self.header.fields.as_slice().is_empty() || is_trailer(tag)
    }
}

pub(crate) const fn is_trailer(tag: u32) -> bool {
    matches!(tag, 10 | 89 | 93)
}

impl Check<'_> {
    /// The rules of the header. A dictionary without one says nothing about it.
    pub(crate) fn header(&mut self) {
        let (members, ends) = (self.tables.header, self.ends);
        if !members.is_empty() {
            let fields = ends.header.fields.as_slice();
            self.end(members, fields, ends.header.tags);
            self.header_form(fields, ends);
        }
    }

    /// The rules of the trailer. A dictionary without one says nothing about it.
    pub(crate) fn trailer(&mut self) {
        let (members, ends) = (self.tables.trailer, self.ends);
        if !members.is_empty() {
            let fields = ends.trailer.fields.as_slice();
            self.end(members, fields, ends.trailer.tags);
            self.trailer_form(fields, ends.interrupted);
        }
    }

    /// The fields of the header or the trailer, by the tables' members of it.
    fn end(&mut self, members: &'static [MemberTable], fields: &[Field<'_>], tags: Tags) {
        let path = &Path::Written(self.name());
        // How many of the fields are members, in the order of the members, and none twice.
        let mut next = 0;
        for member in members {
            let MemberKind::Field(table) = member.kind else {
                continue;
            };
            let mut found = fields.get(next).filter(|field| field.tag == table.tag);
            if found.is_some() {
                next += 1;
            } else if tags.may_have(table.tag) {
                found = fields.iter().find(|field| field.tag == table.tag);
            }
            let Some(field) = found else {
                if member.required {
                    self.push(Rule::Required, table.tag, path, b"", String::new());
                } else if member.when.is_some_and(|when| self.holds(when)) {
                    self.push(Rule::Conditional, table.tag, path, b"", String::new());
                }
                continue;
            };
            if member.never().is_some_and(|never| self.holds(never)) {
                self.push(Rule::Forbidden, table.tag, path, field.value, String::new());
            }
            self.value(table, member.may_be_empty, member.rules, field.value, path);
            if tags.again
                && let Some(again) = fields.iter().filter(|field| field.tag == table.tag).nth(1)
            {
                self.push(Rule::Once, table.tag, path, again.value, String::new());
            }
        }
        if next < fields.len() {
            self.strangers(members, fields);
        }
    }

    /// Fields that are no members.
    #[cold]
    fn strangers(&mut self, members: &'static [MemberTable], fields: &[Field<'_>]) {
        let path = &Path::Written(self.name());
        for field in fields {
            if !members
                .iter()
                .any(|member| matches!(member.kind, MemberKind::Field(table) if table.tag == field.tag))
            {
                let defined = self.tables.field(field.tag).is_some();
                let rule = if defined { Rule::Member } else { Rule::Defined };
                self.push(rule, field.tag, path, field.value, String::new());
            }
        }
    }

    /// BeginString (8), BodyLength (9) and MsgType (35) come first, and the first two say what is so.
    fn header_form(&mut self, fields: &[Field<'_>], ends: &Ends<'_>) {
        let path = &Path::Written(self.name());
        let mut place = 0;
        for tag in [8, 9, 35] {
            if let Some(at) = fields.iter().position(|field| field.tag == tag) {
                if at != place {
                    self.push(Rule::Order, tag, path, fields[at].value, String::new());
                }
                place += 1;
            }
        }
        let begin_string = self.tables.begin_string;
        if let Some(value) = ends.value(8)
            && !begin_string.is_empty()
            && value != begin_string.as_bytes()
        {
            self.push(Rule::Fixed, 8, path, value, format!("`{begin_string}`"));
        }
        if let Some(value) = ends.value(9)
            && let Some(length) = body_length(self.frame, value)
            && parse_unsigned(value).is_some_and(|stated| stated != length as u64)
        {
            self.push(Rule::Fixed, 9, path, value, format!("`{length}`"));
        }
    }

    /// CheckSum (10) comes last, and the rest of the trailer next to it; it is right, and has three digits.
    fn trailer_form(&mut self, fields: &[Field<'_>], interrupted: bool) {
        let path = &Path::Written(self.name());
        if interrupted && let Some(first) = fields.first() {
            self.push(Rule::Order, first.tag, path, first.value, String::new());
        }
        let Some(check_sum) = fields.iter().rev().find(|field| field.tag == 10) else {
            return;
        };
        let start = self.frame.len().saturating_sub(check_sum.value.len() + 4);
        let computed = sum(&self.frame[..start]);
        match *check_sum.value {
            [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                let stated = [a, b, c].map(|digit| u32::from(digit - b'0'));
                if stated[0] * 100 + stated[1] * 10 + stated[2] != u32::from(computed) {
                    let expected = format!("`{computed:03}`");
                    self.push(Rule::Fixed, 10, path, check_sum.value, expected);
                }
            }
            _ => self.push(Rule::Type, 10, path, check_sum.value, "three digits".to_owned()),
        }
    }
}

/// What BodyLength (9), which has this value, should say: the bytes from behind it to CheckSum (10).
fn body_length(frame: &[u8], value: &[u8]) -> Option<usize> {
    let start = value.as_ptr().addr() + value.len() + 1 - frame.as_ptr().addr();
    let end = frame.windows(4).rposition(|window| window == b"\x0110=")? + 1;
    end.checked_sub(start)
}
