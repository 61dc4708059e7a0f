//! The rules of a dialect's message for a user's message that is one: its members, with what the user adds.

use super::member;
use crate::tables::{FieldTable, MemberKind, MemberTable, RuleTable};

/// How many members [`merged`] has.
#[must_use]
pub const fn merged_count(dialect: Option<&'static [MemberTable]>, own: &'static [MemberTable]) -> usize {
    match dialect {
        None => own.len(),
        Some(members) => {
            let mut count = count_of(members, own);
            let mut at = 0;
            while at < own.len() {
                count += !has(members, tag_of(&own[at])) as usize;
                at += 1;
            }
            count
        }
    }
}

const fn count_of(members: &[MemberTable], own: &[MemberTable]) -> usize {
    let mut count = 0;
    let mut at = 0;
    while at < members.len() {
        count += match members[at].kind {
            MemberKind::Component(component) if has_any(component.members, own) => {
                count_of(component.members, own)
            }
            _ => 1,
        };
        at += 1;
    }
    count
}

/// The members of a dialect's message or group, each with its conditions and rules; those that the user declares as they
/// are declared, and the private ones behind. Without a dialect, the user's alone.
///
/// A component of which the user declares no field stays one; of others the fields stand for themselves.
#[must_use]
pub const fn merged<const N: usize>(
    dialect: Option<&'static [MemberTable]>,
    own: &'static [MemberTable],
) -> [MemberTable; N] {
    let mut members = [member(MemberKind::Field(&NOTHING), false); N];
    let mut length = 0;
    if let Some(dialect) = dialect {
        let around = Around {
            required: true,
            when: None,
            rules: None,
        };
        merge(&mut members, &mut length, dialect, own, around);
    }
    let mut at = 0;
    while at < own.len() {
        let added = match dialect {
            Some(dialect) => !has(dialect, tag_of(&own[at])),
            None => true,
        };
        if added {
            members[length] = own[at];
            length += 1;
        }
        at += 1;
    }
    members
}

/// What a component's place says of its members.
#[derive(Clone, Copy)]
struct Around {
    required: bool,
    when: Option<&'static crate::tables::ConditionTable>,
    rules: Option<&'static RuleTable>,
}

const fn merge(
    merged: &mut [MemberTable],
    length: &mut usize,
    members: &'static [MemberTable],
    own: &'static [MemberTable],
    around: Around,
) {
    let mut at = 0;
    while at < members.len() {
        let of = members[at];
        at += 1;
        if let MemberKind::Component(component) = of.kind
            && has_any(component.members, own)
        {
            // The condition of a component that is one group is the group's.
            let alone = component.members.len() == 1;
            let around = Around {
                required: around.required && of.required,
                when: if alone { of.when } else { None },
                rules: if alone { of.rules } else { None },
            };
            merge(merged, length, component.members, own, around);
            continue;
        }
        let mut one = MemberTable {
            kind: of.kind,
            required: of.required && around.required,
            may_be_empty: of.may_be_empty,
            when: if of.when.is_some() { of.when } else { around.when },
            rules: if of.rules.is_some() {
                of.rules
            } else {
                around.rules
            },
        };
        if let Some(mine) = find(own, tag_of(&of)) {
            one.kind = mine.kind;
            one.required = one.required || mine.required;
        }
        merged[*length] = one;
        *length += 1;
    }
}

const fn find(own: &[MemberTable], tag: u32) -> Option<MemberTable> {
    let mut at = 0;
    while at < own.len() {
        if tag_of(&own[at]) == tag && tag != 0 {
            return Some(own[at]);
        }
        at += 1;
    }
    None
}

/// The tag of a field or of a group's count.
const fn tag_of(member: &MemberTable) -> u32 {
    match member.kind {
        MemberKind::Field(field) => field.tag,
        MemberKind::Group(group) => group.count.tag,
        MemberKind::Component(_) => 0,
    }
}

/// Whether a member of this message or entry, and not of a group in it, has this tag.
const fn has(members: &[MemberTable], tag: u32) -> bool {
    let mut at = 0;
    while at < members.len() {
        match members[at].kind {
            MemberKind::Component(component) if has(component.members, tag) => return true,
            MemberKind::Component(_) => {}
            _ if tag_of(&members[at]) == tag => return true,
            _ => {}
        }
        at += 1;
    }
    false
}

const fn has_any(members: &[MemberTable], own: &[MemberTable]) -> bool {
    let mut at = 0;
    while at < own.len() {
        if has(members, tag_of(&own[at])) {
            return true;
        }
        at += 1;
    }
    false
}

/// What stands in places that are filled at once.
static NOTHING: FieldTable = super::field(1, "", crate::FieldType::String, crate::Representation::Text, &[]);
