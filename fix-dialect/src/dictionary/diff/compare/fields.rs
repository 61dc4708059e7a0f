//! Changes of fields: numbers, types, bounds and values.

use super::super::{Impact, Subject};
use super::Compare;
use super::rules::Width;
use crate::Decimal;
use crate::dictionary::{Dictionary, FieldDefinition, Value};

use Impact::{Additive, Breaking, Cosmetic};

impl Compare<'_> {
    /// Compares the definitions of all fields.
    pub(super) fn fields(&mut self) {
        let (old, new) = (self.old, self.new);
        for before in &old.fields {
            let place = format!("{} ({})", before.name, before.tag);
            match new.field_by_tag(before.tag).map(|id| new.field(id)) {
                Some(after) if after.name == before.name => self.field(&place, before, after),
                Some(after) => {
                    let moved = new
                        .field_by_name(&before.name)
                        .map(|id| format!("; {} is {} now", before.name, new.field(id).tag))
                        .unwrap_or_default();
                    let what = format!("the tag {} is {} now{moved}", before.tag, after.name);
                    self.add(Subject::TagReuse, &place, what, Breaking, Breaking);
                    self.field(&format!("{} ({})", after.name, after.tag), before, after);
                }
                None => {
                    let what = match new.field_by_name(&before.name) {
                        Some(id) => format!("is tag {} now", new.field(id).tag),
                        None => "is no longer defined".to_owned(),
                    };
                    self.add(Subject::Field, place, what, Breaking, Breaking);
                }
            }
        }
        for after in &new.fields {
            if old.field_by_tag(after.tag).is_none() && old.field_by_name(&after.name).is_none() {
                let values = match after.values.len() {
                    0 => String::new(),
                    1 => ", 1 value".to_owned(),
                    many => format!(", {many} values"),
                };
                let what = format!("is new: {}{values}", after.field_type);
                let place = format!("{} ({})", after.name, after.tag);
                self.add(Subject::Field, place, what, Additive, Additive);
            }
        }
    }

    fn field(&mut self, place: &str, before: &FieldDefinition, after: &FieldDefinition) {
        if before.field_type != after.field_type {
            let what = format!("the type was {} and is {}", before.field_type, after.field_type);
            let impact = if before.representation() == after.representation() {
                Cosmetic
            } else {
                Breaking
            };
            self.add(Subject::Type, place, what, impact, impact);
        }
        if before.unit != after.unit {
            let unit = |unit: &Option<String>| unit.clone().unwrap_or_else(|| "unstated".to_owned());
            let what = format!("the unit was {} and is {}", unit(&before.unit), unit(&after.unit));
            // Cents for dollars is the worst of changes; a unit that is stated for the first time is none.
            let impact = if before.unit.is_some() && after.unit.is_some() {
                Breaking
            } else {
                Cosmetic
            };
            self.add(Subject::Type, place, what, impact, impact);
        }
        let length = |dictionary: &Dictionary, field: &FieldDefinition| {
            field.length_field.map(|id| dictionary.field(id).tag)
        };
        if length(self.old, before) != length(self.new, after) {
            let what = "another field tells the length";
            self.add(Subject::Type, place, what, Breaking, Breaking);
        }
        if before.secret != after.secret {
            let what = if after.secret {
                "is secret now"
            } else {
                "is no longer secret"
            };
            self.add(Subject::Type, place, what, Cosmetic, Cosmetic);
        }
        let length = |field: &FieldDefinition| field.max_length.map(Decimal::from);
        for (name, was, is, width) in [
            (
                "greatest length",
                length(before),
                length(after),
                Width::of_bound(before.max_length, after.max_length, true),
            ),
            (
                "greatest value",
                before.max,
                after.max,
                Width::of_bound(before.max, after.max, true),
            ),
            (
                "least value",
                before.min,
                after.min,
                Width::of_bound(before.min, after.min, false),
            ),
            (
                "step",
                before.step,
                after.step,
                Width::of_step(before.step, after.step),
            ),
        ] {
            if width == Width::Same {
                continue;
            }
            let shown = |bound: Option<Decimal>| {
                bound.map_or_else(|| "unlimited".to_owned(), |bound| bound.to_string())
            };
            let what = format!("the {name} was {} and is {}", shown(was), shown(is));
            let (receive, send) = width.impact();
            self.add(Subject::Type, place, what, receive, send);
        }
        self.note(None, place, "", before.note.as_ref(), after.note.as_ref());
        self.values(place, before, after);
    }

    fn values(&mut self, place: &str, before: &FieldDefinition, after: &FieldDefinition) {
        // Where a list begins or ends, its single values are no news.
        match (before.values.is_empty(), after.values.is_empty()) {
            (true, true) => return,
            (true, false) => {
                let what = format!("lists its values now: {}", after.values.len());
                return self.add(Subject::Value, place, what, Cosmetic, Breaking);
            }
            (false, true) => {
                let what = "no longer lists its values";
                return self.add(Subject::Value, place, what, Additive, Additive);
            }
            (false, false) => {}
        }
        for value in &before.values {
            match after.values.iter().find(|other| other.wire == value.wire) {
                None => {
                    let what = format!("value {} is gone: {}", value.wire, name_of(value));
                    self.add(Subject::Value, place, what, Cosmetic, Breaking);
                }
                Some(other) => self.value(place, value, other),
            }
        }
        for value in &after.values {
            if before.values.iter().all(|other| other.wire != value.wire) {
                let what = format!("value {} is new: {}", value.wire, name_of(value));
                self.add(Subject::Value, place, what, Additive, Additive);
            }
        }
    }

    /// One value, which both list.
    fn value(&mut self, place: &str, before: &Value, after: &Value) {
        let wire = &before.wire;
        let (was, is) = (name_of(before), name_of(after));
        if was != is {
            let impact = if letters(is) == letters(was) {
                Cosmetic
            } else {
                Breaking
            };
            let what = format!("value {wire} was {was} and is {is}");
            self.add(Subject::Value, place, what, impact, impact);
        } else if before.description != after.description {
            let (was, is) = (&before.description, &after.description);
            let what = format!("value {wire} was described as {was} and is as {is}");
            self.add(Subject::Value, place, what, Cosmetic, Cosmetic);
        }
        if before.aliases != after.aliases {
            let list = |names: &[String]| match names {
                [] => "none".to_owned(),
                names => names.join(" "),
            };
            let (was, is) = (list(&before.aliases), list(&after.aliases));
            let what = format!("the further names of value {wire} were {was} and are {is}");
            self.add(Subject::Value, place, what, Cosmetic, Cosmetic);
        }
        let of = format!("value {wire}");
        self.note(None, place, &of, before.note.as_ref(), after.note.as_ref());
    }
}

fn name_of(value: &Value) -> &str {
    value.name.as_deref().unwrap_or(&value.description)
}

/// A name without what only spells it differently.
fn letters(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}
