//! The rules of a dictionary, applied to what a walk found: one rule set for typed and for raw messages.

use std::cmp::Ordering;
use std::fmt;

use crate::check_ends::Ends;
use crate::few::Few;
use crate::field::split_tag;
use crate::plan::{Plan, Slot, SlotKind};
use crate::shape::Place;
use crate::tables::{ConditionTable, FieldTable, Representation, RuleTable, Tables, ValueRuleTable};
use crate::validation::{Context, Prices, Sender};
use crate::violation::{Rule, Violation};
use crate::walk::{EntrySpan, MisplacedKind, NONE, Span, Walk};
use crate::{Decimal, FieldType, parse_decimal};

/// How far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What keeps a value out of the typed message.
    Readable,
    /// Every rule.
    Full,
}

/// What keeps values out of the typed message.
#[cold]
pub(crate) fn check_readable(tables: &Tables, plan: &Plan, walk: &Walk, frame: &[u8]) -> Vec<Violation> {
    let (context, ends) = (Context::default(), Ends::default());
    let mut check = Check::new(tables, plan, walk, frame, Depth::Readable, &context, &ends);
    check.scope(0, 0, &Path::Written(plan.table.name));
    check.misplaced();
    check.found
}

/// Everything that is wrong with the message: the header, the body's fields, what has no slot, the trailer. The body stands
/// in this place.
pub(crate) fn check_in(
    tables: &Tables,
    plan: &Plan,
    walk: &Walk,
    frame: &[u8],
    body: Place,
    context: &Context,
) -> Vec<Violation> {
    let mut ends = Ends::default();
    if walk.trailer || plan.has_trailer || !walk.misplaced.is_empty() {
        ends.find(frame, tables);
    } else {
        ends.find_around(frame, tables, body);
    }
    let mut check = Check::new(tables, plan, walk, frame, Depth::Full, context, &ends);
    let path = &Path::Written(plan.table.name);
    if context.contradicts(plan.table) {
        let msg_type = check.ends.value(35).unwrap_or_default();
        check.push(Rule::Sender, 35, path, msg_type, String::new());
    }
    check.header();
    check.scope(0, 0, path);
    check.misplaced();
    check.unknown();
    check.trailer();
    check.found
}

pub(crate) struct Check<'c> {
    pub(crate) tables: &'c Tables,
    plan: &'c Plan,
    walk: &'c Walk,
    pub(crate) frame: &'c [u8],
    depth: Depth,
    sender: Option<Sender>,
    context: &'c Context,
    /// The header and the trailer.
    pub(crate) ends: &'c Ends<'c>,
    found: Vec<Violation>,
    /// The path of each entry, once one is asked for.
    paths: Vec<String>,
    /// The scopes around the one that is looked at, and itself, each with its first value.
    scopes: Few<(u16, usize), 4>,
}

/// Where a scope is: written out only where something is wrong.
#[derive(Clone, Copy)]
pub(crate) enum Path<'p> {
    Written(&'p str),
    Entry {
        around: &'p Path<'p>,
        /// The tag of the group's count.
        tag: u32,
        number: u32,
    },
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Written(path) => f.write_str(path),
            Path::Entry { around, tag, number } => write!(f, "{around}/{tag}[{number}]"),
        }
    }
}

impl<'c> Check<'c> {
    fn new(
        tables: &'c Tables,
        plan: &'c Plan,
        walk: &'c Walk,
        frame: &'c [u8],
        depth: Depth,
        context: &'c Context,
        ends: &'c Ends<'c>,
    ) -> Check<'c> {
        Check {
            tables,
            plan,
            walk,
            frame,
            depth,
            sender: context.sender_of(plan.table),
            context,
            ends,
            found: Vec::new(),
            paths: Vec::new(),
            scopes: Few::new((0, 0)),
        }
    }

    /// Adds a violation of the field with this tag, in the message or entry with this path.
    #[cold]
    pub(crate) fn push(&mut self, rule: Rule, tag: u32, path: &Path<'_>, value: &[u8], expected: String) {
        let secret = self.tables.field(tag).is_some_and(|field| field.secret);
        let path = format!("{path}/{tag}");
        let application = !self.plan.table.admin && (rule == Rule::Sender || !self.ends.is_checked(tag));
        let violation = Violation::new(rule, tag, path, value, secret, application);
        self.found.push(Violation {
            expected,
            ..violation
        });
    }

    #[cold]
    fn report(&mut self, rule: Rule, tag: u32, path: &Path<'_>, value: Span) {
        self.push(rule, tag, path, value.of(self.frame), String::new());
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.plan.table.name
    }

    /// The slots of the body or of one entry, and the groups within.
    fn scope(&mut self, scope: u16, base: usize, path: &Path<'_>) {
        let plan = self.plan;
        let walk = self.walk;
        let slots = &plan.scopes[usize::from(scope)].slots;
        let values = &walk.values[base..base + slots.len()];
        self.scopes.push((scope, base));
        for (slot, &span) in slots.iter().zip(values) {
            if !span.is_set() {
                if is_required(slot, values) {
                    self.report(Rule::Required, slot.field.tag, path, span);
                } else if self.depth == Depth::Full
                    && let Some(when) = slot.when.filter(|when| self.holds(when))
                {
                    self.report(absence(when), slot.field.tag, path, span);
                }
                continue;
            }
            if self.depth == Depth::Full && slot.never.is_some_and(|never| self.holds(never)) {
                let value = match slot.kind {
                    SlotKind::Group(_) => walk.groups[span.end as usize].count,
                    _ => span,
                };
                self.report(Rule::Forbidden, slot.field.tag, path, value);
            }
            if let SlotKind::Group(scope) = slot.kind {
                self.group(scope, slot.member.rules, span.end as usize, path);
            } else {
                let value = span.of(self.frame);
                self.value(
                    slot.field,
                    slot.member.may_be_empty,
                    slot.member.rules,
                    value,
                    path,
                );
            }
        }
        self.scopes.pop();
    }

    /// Whether a condition holds in the scope that is looked at. One on what is not known does not hold.
    pub(crate) fn holds(&self, when: &ConditionTable) -> bool {
        let on = |sessions: &[&str]| self.context.session.map(|session| sessions.contains(&session));
        match when {
            ConditionTable::All(parts) => parts.iter().all(|part| self.holds(part)),
            ConditionTable::Any(parts) => parts.iter().any(|part| self.holds(part)),
            ConditionTable::Equals(tag, value) => self.is_equal(*tag, value),
            ConditionTable::Differs(tag, value) => !self.is_equal(*tag, value),
            ConditionTable::Present(tag) => self.nearest(*tag).is_some(),
            ConditionTable::Absent(tag) => self.nearest(*tag).is_none(),
            ConditionTable::FromClient => self.sender == Some(Sender::Client),
            ConditionTable::FromExchange => self.sender == Some(Sender::Exchange),
            ConditionTable::InCents => self.context.prices == Some(Prices::Cents),
            ConditionTable::InDollars => self.context.prices == Some(Prices::Dollars),
            ConditionTable::OnSession(sessions) => on(sessions) == Some(true),
            ConditionTable::OffSession(sessions) => on(sessions) == Some(false),
        }
    }

    /// Whether the nearest field with this tag has this value: as a number where it is one, or else byte by byte.
    fn is_equal(&self, tag: u32, expected: &str) -> bool {
        let Some(value) = self.nearest(tag) else {
            return false;
        };
        let is_number = || {
            self.tables
                .field(tag)
                .is_some_and(|field| field.kind() == Representation::Decimal)
        };
        value == expected.as_bytes()
            || is_number() && number(value).is_some_and(|value| Some(value) == decimal(expected))
    }

    /// The value of a field in the scope that is looked at, or else in one around it, the header last.
    fn nearest(&self, tag: u32) -> Option<&[u8]> {
        let within = self.scopes.as_slice().iter().rev().find_map(|&(scope, base)| {
            let slot = self.plan.scopes[usize::from(scope)].slot(tag)?;
            let span = self.walk.values[base + usize::from(slot)];
            match self.plan.scopes[usize::from(scope)].slots[usize::from(slot)].kind {
                _ if !span.is_set() => None,
                SlotKind::Group(_) => Some(self.walk.groups[span.end as usize].count.of(self.frame)),
                _ => Some(span.of(self.frame)),
            }
        });
        within.or_else(|| self.ends.value(tag))
    }

    fn group(&mut self, scope: u16, rules: Option<&RuleTable>, group: usize, path: &Path<'_>) {
        let plan = self.plan;
        let walk = self.walk;
        let table = &plan.scopes[usize::from(scope)];
        let span = walk.groups[group];
        let tag = table.group.map_or(0, |group| group.count.tag);
        match span.declared {
            None => self.report(Rule::Type, tag, path, span.count),
            Some(declared) if declared != u64::from(span.found) => {
                let expected = span.found.to_string();
                self.push(Rule::GroupCount, tag, path, span.count.of(self.frame), expected);
            }
            Some(_) if self.depth == Depth::Full => self.entries(rules, span.found, tag, path, span.count),
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
            let path = &Path::Entry {
                around: path,
                tag,
                number,
            };
            if delimiter != 0 && !any_delimiter && self.depth == Depth::Full {
                let slot = &table.slots[usize::from(delimiter)];
                let value = walk.values[base as usize + usize::from(delimiter)];
                self.report(Rule::GroupOrder, slot.field.tag, path, value);
            }
            self.scope(scope, base as usize, path);
            next = after;
            number += 1;
        }
    }

    /// The number of a group's entries.
    fn entries(&mut self, rules: Option<&RuleTable>, found: u32, tag: u32, path: &Path<'_>, count: Span) {
        let Some(rules) = rules else { return };
        let least = rules.min_entries.unwrap_or(0);
        let most = rules.max_entries.unwrap_or(u32::MAX);
        if !(least..=most).contains(&found) {
            let expected = match rules.max_entries {
                Some(most) if most == least => format!("{least}"),
                Some(most) => format!("{least} to {most}"),
                None => format!("{least} or more"),
            };
            self.push(Rule::Entries, tag, path, count.of(self.frame), expected);
        }
    }

    /// A value by its field's definition and by its place's rules.
    pub(crate) fn value(
        &mut self,
        field: &FieldTable,
        may_be_empty: bool,
        rules: Option<&RuleTable>,
        value: &[u8],
        path: &Path<'_>,
    ) {
        if value.is_empty() {
            if !may_be_empty {
                self.push(Rule::NotEmpty, field.tag, path, value, String::new());
            }
            return;
        }
        let representation = field.representation;
        if !representation.accepts(value) || self.depth == Depth::Full && !is_formed(field, value) {
            self.push(Rule::Type, field.tag, path, value, String::new());
            return;
        }
        if self.depth != Depth::Full {
            return;
        }
        let kind = field.kind();
        if kind.has_enum() && !field.values.is_empty() {
            let listed = match kind {
                Representation::Multiple => value
                    .split(|&byte| byte == b' ')
                    .all(|word| field.value_name(word).is_some()),
                _ => field.value_name(value).is_some(),
            };
            if !listed {
                self.push(Rule::Listed, field.tag, path, value, listed_values(field));
            }
        }
        if let Some(most) = field.max_length.filter(|&most| value.len() > most) {
            self.push(
                Rule::Length,
                field.tag,
                path,
                value,
                format!("at most {most} bytes"),
            );
        }
        if field.min.is_some() || field.max.is_some() || field.step.is_some() {
            let of_field = ValueRuleTable {
                when: None,
                equals: None,
                min: field.min,
                max: field.max,
                step: field.step,
            };
            self.value_rule(&of_field, field.tag, value, path);
        }
        for rule in rules.map_or(&[][..], |rules| rules.values) {
            if rule.when.is_none_or(|when| self.holds(when)) {
                self.value_rule(rule, field.tag, value, path);
            }
        }
    }

    fn value_rule(&mut self, rule: &ValueRuleTable, tag: u32, value: &[u8], path: &Path<'_>) {
        if let Some(expected) = rule.equals {
            if value != expected.as_bytes() {
                self.push(Rule::Fixed, tag, path, value, format!("`{expected}`"));
            }
            return;
        }
        if rule.min.is_none() && rule.max.is_none() && rule.step.is_none() {
            return;
        }
        let Some(number) = number(value) else { return };
        let bound = |text: Option<&str>| text.and_then(decimal);
        let below = bound(rule.min).is_some_and(|least| order(number, least) == Ordering::Less);
        if below || bound(rule.max).is_some_and(|most| order(number, most) == Ordering::Greater) {
            self.push(Rule::Range, tag, path, value, limits(rule));
        } else if bound(rule.step).is_some_and(|step| !is_multiple(number, step)) {
            self.push(Rule::Step, tag, path, value, limits(rule));
        }
    }

    /// Where an entry, or the body, is.
    fn path(&mut self, entry: u32) -> String {
        if entry == NONE {
            return self.name().to_owned();
        }
        if self.paths.is_empty() {
            self.paths.resize(self.walk.entries.len(), String::new());
            self.write_paths(0, 0, self.name());
        }
        self.paths[entry as usize].clone()
    }

    /// Writes the paths of the entries in a scope, and of those within them: an entry does not know what it is in.
    fn write_paths(&mut self, scope: u16, base: usize, path: &str) {
        let (plan, walk) = (self.plan, self.walk);
        for (at, slot) in plan.scopes[usize::from(scope)].slots.iter().enumerate() {
            let (SlotKind::Group(scope), span) = (slot.kind, walk.values[base + at]) else {
                continue;
            };
            let first = walk.groups.get(span.end as usize).filter(|_| span.is_set());
            let mut next = first.map_or(NONE, |group| group.first);
            let mut number = 0;
            while let Some(entry) = walk.entries.get(next as usize) {
                let path = format!("{path}/{}[{number}]", slot.field.tag);
                self.write_paths(scope, entry.base as usize, &path);
                self.paths[next as usize] = path;
                next = entry.next;
                number += 1;
            }
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
            self.report(rule, misplaced.tag, &Path::Written(&path), misplaced.value);
        }
    }

    fn unknown(&mut self) {
        // Both are in the order of the wire.
        let mut misplaced = self.walk.misplaced.iter().peekable();
        for unknown in &self.walk.unknown {
            // A second occurrence of a known field has been reported as such.
            while misplaced.next_if(|m| m.value.end + 1 < unknown.end).is_some() {}
            if misplaced
                .next_if(|m| m.value.end + 1 == unknown.end && m.tag == unknown.tag)
                .is_some()
            {
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
                &Path::Written(&path),
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

/// What the absence of a field is whose condition holds: one on the sender alone makes it required of that side.
pub(crate) const fn absence(when: &ConditionTable) -> Rule {
    match when {
        ConditionTable::FromClient | ConditionTable::FromExchange => Rule::Required,
        _ => Rule::Conditional,
    }
}

/// Whether a value that can be read has the form that FIX gives its type.
fn is_formed(field: &FieldTable, value: &[u8]) -> bool {
    match field.field_type {
        FieldType::Currency => value.len() == 3 && value.iter().all(u8::is_ascii_uppercase),
        FieldType::Country => value.len() == 2 && value.iter().all(u8::is_ascii_uppercase),
        FieldType::DayOfMonth => crate::parse_unsigned(value).is_some_and(|day| (1..=31).contains(&day)),
        FieldType::Char => value[0] != b' ' && !value[0].is_ascii_control(),
        _ => true,
    }
}

fn number(value: &[u8]) -> Option<Decimal> {
    parse_decimal(value)
}

fn decimal(text: &str) -> Option<Decimal> {
    parse_decimal(text.as_bytes())
}

/// Both as whole numbers of the last digit of the finer one, where they are small: as nearly all are.
fn aligned(a: Decimal, b: Decimal) -> Option<(i64, i64)> {
    let scale = a.scale().max(b.scale());
    let whole = |number: Decimal| {
        let factor = 10_i64.checked_pow(scale - number.scale())?;
        i64::try_from(number.mantissa()).ok()?.checked_mul(factor)
    };
    Some((whole(a)?, whole(b)?))
}

fn order(a: Decimal, b: Decimal) -> Ordering {
    aligned(a, b).map_or_else(|| a.cmp(&b), |(a, b)| a.cmp(&b))
}

fn is_multiple(number: Decimal, step: Decimal) -> bool {
    match aligned(number, step) {
        Some((number, step)) => number.checked_rem(step) == Some(0),
        None => number.checked_rem(step).is_some_and(|rest| rest == Decimal::ZERO),
    }
}

/// A rule's numbers, in the dictionary's words.
fn limits(rule: &ValueRuleTable) -> String {
    let mut text = String::new();
    if rule.min.is_some() || rule.max.is_some() {
        let (min, max) = (rule.min.unwrap_or_default(), rule.max.unwrap_or_default());
        text = format!("{min}..{max}");
    }
    if let Some(step) = rule.step {
        if !text.is_empty() {
            text.push(' ');
        }
        text = format!("{text}step {step}");
    }
    text
}
/// The values of a field, with their names: as many as a line has room for.
fn listed_values(field: &FieldTable) -> String {
    let shown = field
        .values
        .iter()
        .take(MOST_LISTED)
        .map(|value| match value.name {
            "" => value.wire.to_owned(),
            name => format!("{} ({name})", value.wire),
        });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match field.values.len().saturating_sub(MOST_LISTED) {
        0 => shown,
        more => format!("{shown}, or one of {more} more"),
    }
}

const MOST_LISTED: usize = 8;
