//! A frame as one line of JSON.

use std::fmt::Write;

use kalshi_fix::dialect::tables::Tables;
use kalshi_fix::dialect::{FieldPart, Malformed, Part, PartWalker, Text, Unread, Violation};

use super::before;
use super::frames::Found;
use crate::json;

pub(super) struct JsonLine {
    walker: PartWalker,
}

impl JsonLine {
    pub(super) fn new(tables: &'static Tables) -> JsonLine {
        JsonLine {
            walker: PartWalker::new(tables),
        }
    }

    pub(super) fn write(
        &mut self,
        found: &Found<'_>,
        violations: &[Violation],
        malformed: Option<&Malformed>,
        out: &mut String,
    ) {
        out.push('{');
        let before = before::shown(found.before);
        if !before.is_empty() {
            text(out, "before", &before);
        }
        let mut tree = Tree {
            out,
            open: Vec::new(),
            ended: None,
            behind_secret: false,
        };
        self.walker.walk(found.frame, &mut |part| tree.part(&part));
        if let Some(reason) = found.garbled {
            json::text(out, "garbled", &reason.to_string());
        }
        if let Some(malformed) = malformed {
            json::text(out, "malformed", &malformed.to_string());
        }
        if !violations.is_empty() {
            json::key(out, "violations");
            out.push('[');
            for violation in violations {
                if !out.ends_with('[') {
                    out.push(',');
                }
                out.push('{');
                json::plain(out, "tag", violation.tag);
                json::text(out, "path", &violation.path);
                json::text(out, "rule", &violation.rule.to_string());
                json::plain(
                    out,
                    "session_reject_reason",
                    violation.rule.session_reject_reason(),
                );
                if !violation.value.is_empty() {
                    json::text(out, "value", &Text::from_bytes(&violation.value).to_string());
                }
                if !violation.expected.is_empty() {
                    json::text(out, "expected", &violation.expected);
                }
                out.push('}');
            }
            out.push(']');
        }
        out.push_str("}\n");
    }
}

/// A member whose text is UTF-8 as a rule.
fn text(out: &mut String, name: &str, value: &[u8]) {
    match std::str::from_utf8(value) {
        Ok(value) => json::text(out, name, value),
        Err(_) => json::text(out, name, &Text::from_bytes(value).to_string()),
    }
}

/// The parts of a frame as nested objects.
struct Tree<'o> {
    out: &'o mut String,
    /// For each group under way, where the object of its count ends, or what stood behind that when its entries began.
    open: Vec<Group>,
    /// The depth of the entry that ended last, while its group may go on.
    ended: Option<usize>,
    /// The last field was a secret one.
    behind_secret: bool,
}

enum Group {
    Counted(usize),
    Entries(String),
}

impl Tree<'_> {
    fn part(&mut self, part: &Part<'_>) {
        match part {
            Part::Message { table, msg_type } => {
                if let Some(table) = table {
                    json::text(self.out, "message", table.name);
                }
                json::text(self.out, "msg_type", &Text::from_bytes(msg_type).to_string());
                json::key(self.out, "fields");
                self.out.push('[');
            }
            Part::Entry { depth, .. } => {
                if self.ended.take() == Some(*depth) {
                    self.out.push_str(",[");
                    return;
                }
                self.end_groups(*depth);
                if let Some(group) = self.open.get_mut(depth - 1)
                    && let Group::Counted(at) = *group
                {
                    // What no entry owns stands behind the count until the group ends.
                    *group = Group::Entries(self.out.split_off(at));
                    self.out.push_str(",\"entries\":[[");
                }
            }
            Part::EndOfEntry { depth, .. } => {
                self.end_ended();
                self.out.push(']');
                self.ended = Some(*depth);
            }
            Part::Field(field) => {
                self.end_ended();
                self.end_groups(field.depth + 1);
                self.field(field);
            }
            Part::EndOfMessage { .. } => {
                self.end_ended();
                self.out.push(']');
            }
            Part::NotAField(bytes) => {
                let shown = Unread::new(bytes, self.behind_secret);
                json::text(self.out, "not_a_field", &shown.to_string());
            }
            _ => {}
        }
    }

    /// The group whose entry ended last is over.
    fn end_ended(&mut self) {
        if let Some(depth) = self.ended.take() {
            self.out.push(']');
            self.open.truncate(depth);
            if let Some(Group::Entries(behind)) = self.open.pop() {
                self.out.push_str(&behind);
            }
        }
    }

    /// Forgets groups that never had an entry. One at the depth of the field under way may yet have some.
    fn end_groups(&mut self, depth: usize) {
        self.open.truncate(depth);
    }

    fn field(&mut self, field: &FieldPart<'_>) {
        if !self.out.ends_with('[') {
            self.out.push(',');
        }
        self.out.push('{');
        json::plain(self.out, "tag", field.tag);
        if let Some(table) = field.table {
            json::text(self.out, "name", table.name);
        }
        self.behind_secret = field.is_secret();
        if self.behind_secret {
            json::text(self.out, "value", "<redacted>");
        } else {
            text(self.out, "value", field.value);
        }
        if let Some(meaning) = field.value_name() {
            json::text(self.out, "meaning", meaning);
        }
        let end = self.out.len();
        let _ = self.out.write_str("}");
        if field.group.is_some() {
            self.open.truncate(field.depth);
            while self.open.len() < field.depth {
                self.open.push(Group::Entries(String::new()));
            }
            self.open.push(Group::Counted(end));
        }
    }
}
