//! The rules of a dictionary, applied to what a walk found: one rule set for typed and for raw messages.

use crate::field::split_tag;
use crate::plan::{Plan, Slot, SlotKind};
use crate::tables::{ConditionTable, MessageTable, Representation, Tables};
use crate::violation::{Rule, Violation};
use crate::walk::{EntrySpan, MisplacedKind, NONE, Span, Walk};
use crate::{Decimal, parse_decimal};

/// How far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What keeps a value out of the typed message.
    Readable,
    /// Every rule.
    Full,
}

/// Everything that is wrong with the message, the body's fields first, then what has no slot.
#[cold]
pub(crate) fn check(tables: &Tables, plan: &Plan, walk: &Walk, frame: &[u8], depth: Depth) -> Vec<Violation> {
    let mut check = Check {
        tables,
        plan,
        walk,
        frame,
        depth,
        found: Vec::new(),
        paths: Vec::new(),
        scopes: Vec::new(),
    };
    check.paths.resize(walk.entries.len(), String::new());
    check.scope(0, 0, plan.table.name);
    check.misplaced();
    if depth == Depth::Full {
        check.unknown();
    }
    check.found
}

struct Check<'c> {
    tables: &'c Tables,
    plan: &'c Plan,
    walk: &'c Walk,
    frame: &'c [u8],
    depth: Depth,
    found: Vec<Violation>,
    /// The path of each entry.
    paths: Vec<String>,
    /// The scopes around the one that is looked at, and itself, each with its first value.
    scopes: Vec<(u16, usize)>,
}

impl Check<'_> {
    fn report(&mut self, rule: Rule, tag: u32, path: &str, value: Span) {
        let secret = self.tables.field(tag).is_some_and(|field| field.secret);
        let path = format!("{path}/{tag}");
        self.found
            .push(Violation::new(rule, tag, path, value.of(self.frame), secret));
    }

    /// The slots of the body or of one entry, and the groups within.
    fn scope(&mut self, scope: u16, base: usize, path: &str) {
        let plan = self.plan;
        let walk = self.walk;
        let slots = &plan.scopes[usize::from(scope)].slots;
        let values = &walk.values[base..base + slots.len()];
        self.scopes.push((scope, base));
        for (slot, &span) in slots.iter().zip(values) {
            if !span.is_set() {
                if is_required(slot, values) {
                    self.report(Rule::Required, slot.field.tag, path, span);
                } else if self.depth == Depth::Full && slot.when.is_some_and(|when| self.holds(when)) {
                    self.report(Rule::Conditional, slot.field.tag, path, span);
                }
                continue;
            }
            if let SlotKind::Group(scope) = slot.kind {
                self.group(scope, span.end as usize, path);
            } else {
                self.value(slot, span, path);
            }
        }
        self.scopes.pop();
    }

    /// Whether a condition holds in the scope that is looked at.
    ///
    /// Where both sides send the message, a condition on the sender alone cannot be told, and does not hold.
    fn holds(&self, when: &ConditionTable) -> bool {
        match when {
            ConditionTable::All(parts) => parts.iter().all(|part| self.holds(part)),
            ConditionTable::Any(parts) => parts.iter().any(|part| self.holds(part)),
            ConditionTable::Equals(tag, value) => self.nearest(*tag) == Some(value.as_bytes()),
            ConditionTable::Differs(tag, value) => self.nearest(*tag) != Some(value.as_bytes()),
            ConditionTable::Present(tag) => self.nearest(*tag).is_some(),
            ConditionTable::Absent(tag) => self.nearest(*tag).is_none(),
            ConditionTable::FromClient => {
                sent_only_by(self.plan.table, |table| (table.client, table.exchange))
            }
            ConditionTable::FromExchange => {
                sent_only_by(self.plan.table, |table| (table.exchange, table.client))
            }
        }
    }

    /// The value of a field in the scope that is looked at, or else in one around it.
    fn nearest(&self, tag: u32) -> Option<&[u8]> {
        self.scopes.iter().rev().find_map(|&(scope, base)| {
            let slot = self.plan.scopes[usize::from(scope)].slot(tag)?;
            let span = self.walk.values[base + usize::from(slot)];
            match self.plan.scopes[usize::from(scope)].slots[usize::from(slot)].kind {
                _ if !span.is_set() => None,
                SlotKind::Group(_) => Some(self.walk.groups[span.end as usize].count.of(self.frame)),
                _ => Some(span.of(self.frame)),
            }
        })
    }

    fn group(&mut self, scope: u16, group: usize, path: &str) {
        let plan = self.plan;
        let walk = self.walk;
        let table = &plan.scopes[usize::from(scope)];
        let span = walk.groups[group];
        let tag = table.group.map_or(0, |group| group.count.tag);
        match span.declared {
            None => self.report(Rule::Type, tag, path, span.count),
            Some(declared) if declared != u64::from(span.found) => {
                self.report(
                    Rule::GroupCount {
                        declared,
                        found: span.found,
                    },
                    tag,
                    path,
                    span.count,
                );
            }
            Some(_) => {}
        }
        let any_delimiter = table.group.is_some_and(|group| group.any_delimiter);
        let mut next = span.first;
        let mut number = 0;
        while let Some(&EntrySpan {
            base,
            next: after,
            delimiter,
        }) = walk.entries.get(next as usize)
        {
            let path = format!("{path}/{tag}[{number}]");
            if delimiter != 0 && !any_delimiter && self.depth == Depth::Full {
                let slot = &table.slots[usize::from(delimiter)];
                let value = walk.values[base as usize + usize::from(delimiter)];
                self.report(Rule::GroupOrder, slot.field.tag, &path, value);
            }
            self.scope(scope, base as usize, &path);
            self.paths[next as usize] = path;
            next = after;
            number += 1;
        }
    }

    fn value(&mut self, slot: &Slot, span: Span, path: &str) {
        let field = slot.field;
        let value = span.of(self.frame);
        if value.is_empty() {
            if !slot.member.may_be_empty {
                self.report(Rule::NotEmpty, field.tag, path, span);
            }
            return;
        }
        let representation = field.representation;
        if !representation.accepts(value) {
            self.report(Rule::Type, field.tag, path, span);
            return;
        }
        if self.depth != Depth::Full {
            return;
        }
        if representation.has_enum() && !field.values.is_empty() {
            let listed = match representation {
                Representation::Multiple => value
                    .split(|&byte| byte == b' ')
                    .all(|word| field.value_name(word).is_some()),
                _ => field.value_name(value).is_some(),
            };
            if !listed {
                self.report(Rule::Listed, field.tag, path, span);
            }
        }
        let bound = |text: Option<&str>| text.and_then(|text| parse_decimal(text.as_bytes()));
        let number = || parse_decimal(value);
        let below = |least: Decimal| number().is_some_and(|number| number < least);
        let above = |most: Decimal| number().is_some_and(|number| number > most);
        if bound(field.min).is_some_and(below)
            || bound(field.max).is_some_and(above)
            || field.max_length.is_some_and(|most| value.len() > most)
        {
            self.report(Rule::Range, field.tag, path, span);
        }
    }

    fn path(&self, entry: u32) -> String {
        if entry == NONE {
            self.plan.table.name.to_owned()
        } else {
            self.paths[entry as usize].clone()
        }
    }

    fn misplaced(&mut self) {
        for misplaced in &self.walk.misplaced {
            let rule = match misplaced.kind {
                MisplacedKind::WrongLength => Rule::DataLength,
                _ if self.depth == Depth::Readable => continue,
                MisplacedKind::Repeated => Rule::Once,
                MisplacedKind::OutOfOrder => Rule::Order,
            };
            let path = self.path(misplaced.entry);
            self.report(rule, misplaced.tag, &path, misplaced.value);
        }
    }

    fn unknown(&mut self) {
        for unknown in &self.walk.unknown {
            // A second occurrence of a known field has been reported as such.
            let again = |m: &crate::walk::Misplaced| m.value.end + 1 == unknown.end && m.tag == unknown.tag;
            if self.walk.misplaced.iter().any(again) {
                continue;
            }
            let defined = self.tables.field(unknown.tag).is_some();
            let rule = if defined { Rule::Member } else { Rule::Defined };
            let path = self.path(unknown.entry);
            let field = Span {
                start: unknown.start,
                end: unknown.end - 1,
            };
            let value = split_tag(field.of(self.frame)).map_or(0, |(_, value)| value.len() as u32);
            self.report(
                rule,
                unknown.tag,
                &path,
                Span {
                    start: field.end - value,
                    end: field.end,
                },
            );
        }
    }
}

fn is_required(slot: &Slot, values: &[Span]) -> bool {
    slot.member.required
        && slot.within.is_none_or(|(first, end)| {
            values[usize::from(first)..usize::from(end)]
                .iter()
                .any(|span| span.is_set())
        })
}

type Sessions = Option<&'static [&'static str]>;

/// Whether the first of two sides sends a message, and the other does not.
fn sent_only_by(table: &MessageTable, sides: impl Fn(&MessageTable) -> (Sessions, Sessions)) -> bool {
    let (this, other) = sides(table);
    this.is_some_and(|sessions| !sessions.is_empty()) && other.is_none_or(<[_]>::is_empty)
}
