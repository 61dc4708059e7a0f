//! The order of a group's fields in the entry that a user declares for it.

use super::members::{first, is_length, position};
use super::names::by_tag;
use super::words::Words;
use crate::tables::{FieldTable, GroupTable, MemberKind, MemberTable, Tables};

/// Whether the fields of an entry are the group's, in the group's order, and begin with the group's first: FIX wants the
/// fields of an entry in the order of the definition. Private fields may stand anywhere but in front.
pub(super) const fn check_order(
    words: &mut Words,
    place: &str,
    group: &'static GroupTable,
    entry: &'static [MemberTable],
    ident: &str,
    dialect: Option<&'static Tables>,
) {
    let mut last = 0;
    let mut last_field: Option<&FieldTable> = None;
    let mut at = 0;
    while at < entry.len() {
        let field = match entry[at].kind {
            MemberKind::Field(field) => field,
            MemberKind::Group(group) => group.count,
            MemberKind::Component(_) => {
                at += 1;
                continue;
            }
        };
        let (found, _) = position(group.members, field.tag, 0);
        match found {
            // The length of DATA has no field in the struct, and a private tag no place in the group.
            None => {
                if at == 0 && !group.any_delimiter {
                    delimiter(words, place, group, field, ident);
                } else if let Some(dialect) = dialect
                    && by_tag(dialect, field.tag).is_some()
                    && !is_length(entry, field.tag)
                {
                    words.begin(place);
                    words.field(field.name, field.tag);
                    words.text(" is no member of ");
                    words.field(group.count.name, group.count.tag);
                }
            }
            Some(found) => {
                if at == 0 && found != 0 && !group.any_delimiter {
                    delimiter(words, place, group, field, ident);
                    at += 1;
                    continue;
                }
                if let Some(before) = last_field
                    && found < last
                    && !group.any_delimiter
                {
                    words.begin(place);
                    words.field(field.name, field.tag);
                    words.text(" stands before ");
                    words.field(before.name, before.tag);
                    words.text(" in ");
                    words.field(group.count.name, group.count.tag);
                    words.text(", and behind it in the entry of `");
                    words.text(ident);
                    words.text("`");
                }
                last = found;
                last_field = Some(field);
            }
        }
        at += 1;
    }
}

const fn delimiter(words: &mut Words, place: &str, group: &GroupTable, found: &FieldTable, ident: &str) {
    words.begin(place);
    words.text("each entry of ");
    words.field(group.count.name, group.count.tag);
    words.text(" begins with ");
    if let Some(first) = first(group.members) {
        words.field(first.name, first.tag);
    }
    words.text(", and the entry of `");
    words.text(ident);
    words.text("` with ");
    words.field(found.name, found.tag);
}
