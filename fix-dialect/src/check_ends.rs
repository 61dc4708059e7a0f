//! The rules of the standard header and trailer.

use crate::check::Check;
use crate::header::is_header;
use crate::tables::{MemberKind, MemberTable, Tables};
use crate::violation::Rule;
use crate::{Field, fields, fields_by, parse_unsigned};

/// A frame's header and trailer, in the order of the wire.
#[derive(Default)]
pub(crate) struct Ends<'a> {
    header: Vec<Field<'a>>,
    trailer: Vec<Field<'a>>,
    /// Whether a field of the body comes after one of the trailer.
    interrupted: bool,
}

impl<'a> Ends<'a> {
    pub(crate) fn new(frame: &'a [u8], tables: &'a Tables) -> Ends<'a> {
        let mut ends = Ends::default();
        let mut in_header = true;
        for field in fields_by(frame, tables) {
            in_header = in_header && is_header(field.tag);
            if in_header {
                ends.header.push(field);
            } else if is_trailer(field.tag) {
                ends.trailer.push(field);
            } else if !ends.trailer.is_empty() {
                ends.interrupted = true;
            }
        }
        ends
    }

    /// The value of a field of the header.
    pub(crate) fn value(&self, tag: u32) -> Option<&'a [u8]> {
        let found = self.header.iter().find(|field| field.tag == tag);
        found.map(|field| field.value)
    }

    /// Whether a field belongs to the header or the trailer.
    pub(crate) fn is_checked(&self, tag: u32) -> bool {
        is_header(tag) && !self.header.is_empty() || is_trailer(tag)
    }
}

const fn is_trailer(tag: u32) -> bool {
    matches!(tag, 10 | 89 | 93)
}

impl Check<'_> {
    /// The header or the trailer, by the tables' members of it. A dictionary without one says nothing about it.
    pub(crate) fn ends(&mut self, members: &'static [MemberTable], header: bool) {
        if members.is_empty() {
            return;
        }
        let path = self.name();
        let found = std::mem::take(if header {
            &mut self.ends.header
        } else {
            &mut self.ends.trailer
        });
        // Conditions look at the header, so it goes back before they are asked.
        let fields = found.clone();
        if header {
            self.ends.header = found;
        } else {
            self.ends.trailer = found;
        }
        for member in members {
            let MemberKind::Field(table) = member.kind else {
                continue;
            };
            let mut values = fields.iter().filter(|field| field.tag == table.tag);
            let Some(field) = values.next() else {
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
            if let Some(again) = values.next() {
                self.push(Rule::Once, table.tag, path, again.value, String::new());
            }
        }
        for field in &fields {
            if !members
                .iter()
                .any(|member| matches!(member.kind, MemberKind::Field(table) if table.tag == field.tag))
            {
                let defined = self.tables.field(field.tag).is_some();
                let rule = if defined { Rule::Member } else { Rule::Defined };
                self.push(rule, field.tag, path, field.value, String::new());
            }
        }
        if header {
            self.header_form(&fields);
        } else {
            self.trailer_form(&fields);
        }
    }

    /// BeginString (8), BodyLength (9) and MsgType (35) come first, and the first two say what is so.
    fn header_form(&mut self, fields: &[Field<'_>]) {
        let path = self.name();
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
        if let Some(value) = self.ends.value(8)
            && !begin_string.is_empty()
            && value != begin_string.as_bytes()
        {
            self.push(Rule::Fixed, 8, path, value, format!("`{begin_string}`"));
        }
        if let Some(value) = self.ends.value(9)
            && let Some(length) = body_length(self.frame)
            && parse_unsigned(value).is_some_and(|stated| stated != length as u64)
        {
            self.push(Rule::Fixed, 9, path, value, format!("`{length}`"));
        }
    }

    /// CheckSum (10) comes last, and the rest of the trailer next to it; it is right, and has three digits.
    fn trailer_form(&mut self, fields: &[Field<'_>]) {
        let path = self.name();
        if self.ends.interrupted
            && let Some(first) = fields.first()
        {
            self.push(Rule::Order, first.tag, path, first.value, String::new());
        }
        let Some(check_sum) = fields.iter().rev().find(|field| field.tag == 10) else {
            return;
        };
        let start = self.frame.len().saturating_sub(check_sum.value.len() + 4);
        let sum = self.frame[..start]
            .iter()
            .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let expected = format!("{sum:03}");
        let digits = check_sum.value.len() == 3 && check_sum.value.iter().all(u8::is_ascii_digit);
        if !digits {
            self.push(Rule::Type, 10, path, check_sum.value, "three digits".to_owned());
        } else if check_sum.value != expected.as_bytes() {
            self.push(Rule::Fixed, 10, path, check_sum.value, format!("`{expected}`"));
        }
    }
}

/// What BodyLength (9) should say: the bytes from behind it to CheckSum (10).
fn body_length(frame: &[u8]) -> Option<usize> {
    let mut start = 0;
    for field in fields(frame) {
        start = field.value.as_ptr().addr() + field.value.len() + 1 - frame.as_ptr().addr();
        if field.tag == 9 {
            break;
        }
    }
    let end = frame.windows(4).rposition(|window| window == b"\x0110=")? + 1;
    end.checked_sub(start)
}
