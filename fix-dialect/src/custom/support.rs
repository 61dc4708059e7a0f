//! What the code generated for messages of a user's own needs at compile time.

pub use crate::own_values::representation;

use crate::FieldType;
use crate::header::is_header;
use crate::tables::{FieldTable, MemberKind, MemberTable, Representation, ValueTable};

/// Whether a tag is of the standard header or trailer, which the session writes.
#[must_use]
pub const fn is_standard(tag: u32) -> bool {
    is_header(tag) || matches!(tag, 10 | 89 | 93)
}

/// The name of a field of the standard header or trailer that every dialect has.
#[must_use]
pub fn standard_name(tag: u32) -> Option<&'static str> {
    let members = HEADER.iter().chain(TRAILER);
    members
        .filter_map(|member| match member.kind {
            MemberKind::Field(field) => Some(field),
            _ => None,
        })
        .find(|field| field.tag == tag)
        .map(|field| field.name)
}

/// A field without rules beyond its type.
#[must_use]
pub const fn field(
    tag: u32,
    name: &'static str,
    field_type: FieldType,
    representation: Representation,
    values: &'static [ValueTable],
) -> FieldTable {
    FieldTable {
        tag,
        name,
        field_type,
        representation,
        values,
        length_tag: None,
        secret: crate::is_secret(tag),
        max_length: None,
        min: None,
        max: None,
        step: None,
        unit: "",
    }
}

/// A member without a condition.
#[must_use]
pub const fn member(kind: MemberKind, required: bool) -> MemberTable {
    MemberTable {
        kind,
        required,
        may_be_empty: false,
        when: None,
        rules: None,
    }
}

/// How many fields the standard header and trailer, and a body of these members have, groups included.
#[must_use]
pub const fn count(members: &[MemberTable]) -> usize {
    HEADER.len() + TRAILER.len() + count_of(members)
}

const fn count_of(members: &[MemberTable]) -> usize {
    let mut count = 0;
    let mut at = 0;
    while at < members.len() {
        count += match members[at].kind {
            MemberKind::Field(_) => 1,
            MemberKind::Group(group) => 1 + count_of(group.members),
            MemberKind::Component(component) => count_of(component.members),
        };
        at += 1;
    }
    count
}

/// The fields that [`count`] counts, by tag.
#[must_use]
pub const fn fields<const N: usize>(members: &'static [MemberTable]) -> [&'static FieldTable; N] {
    let mut fields = [&BEGIN_STRING; N];
    let mut length = 0;
    insert_all(&mut fields, &mut length, HEADER);
    insert_all(&mut fields, &mut length, TRAILER);
    insert_all(&mut fields, &mut length, members);
    fields
}

const fn insert_all(fields: &mut [&'static FieldTable], length: &mut usize, members: &'static [MemberTable]) {
    let mut at = 0;
    while at < members.len() {
        match members[at].kind {
            MemberKind::Field(field) => insert(fields, length, field),
            MemberKind::Group(group) => {
                insert(fields, length, group.count);
                insert_all(fields, length, group.members);
            }
            MemberKind::Component(component) => insert_all(fields, length, component.members),
        }
        at += 1;
    }
}

const fn insert(fields: &mut [&'static FieldTable], length: &mut usize, field: &'static FieldTable) {
    let mut at = *length;
    while at > 0 && fields[at - 1].tag > field.tag {
        fields[at] = fields[at - 1];
        at -= 1;
    }
    fields[at] = field;
    *length += 1;
}

/// Whether no group has a field of what is around it: such a field behind the group would be taken by its last entry.
#[must_use]
pub const fn groups_are_apart(members: &[MemberTable]) -> bool {
    let mut at = 0;
    while at < members.len() {
        if let MemberKind::Group(group) = members[at].kind {
            let mut other = 0;
            while other < members.len() {
                let tag = match members[other].kind {
                    MemberKind::Field(field) => field.tag,
                    MemberKind::Group(group) => group.count.tag,
                    MemberKind::Component(_) => 0,
                };
                if find(group.members, tag).is_some() {
                    return false;
                }
                other += 1;
            }
        }
        at += 1;
    }
    true
}

/// Whether a member of an entry has this tag; `Some(true)` when it is required.
#[must_use]
pub const fn find(members: &[MemberTable], tag: u32) -> Option<bool> {
    let mut at = 0;
    while at < members.len() {
        let required = members[at].required;
        match members[at].kind {
            MemberKind::Field(field) => {
                if field.tag == tag {
                    return Some(required);
                }
            }
            MemberKind::Group(group) => {
                if group.count.tag == tag {
                    return Some(required);
                }
                if find(group.members, tag).is_some() {
                    return Some(false);
                }
            }
            MemberKind::Component(component) => {
                if let Some(within) = find(component.members, tag) {
                    return Some(required && within);
                }
            }
        }
        at += 1;
    }
    None
}

/// Whether the type of a user's field, by what [`FieldValue::FIELD_TYPE`](crate::FieldValue::FIELD_TYPE) says, holds the
/// values of a dictionary's type. A type of a user's own that does not say holds any.
#[must_use]
pub const fn holds(of: Option<FieldType>, dictionary: FieldType) -> bool {
    let Some(of) = of else { return true };
    let of = Representation::of(of);
    match Representation::of(dictionary) {
        Representation::Int | Representation::Unsigned => {
            matches!(
                of,
                Representation::Int | Representation::Unsigned | Representation::Decimal
            )
        }
        Representation::Decimal => matches!(of, Representation::Decimal),
        Representation::Boolean => matches!(of, Representation::Boolean | Representation::Char),
        Representation::Char => matches!(of, Representation::Char | Representation::Text),
        Representation::Timestamp => matches!(of, Representation::Timestamp),
        Representation::Date => matches!(of, Representation::Date),
        Representation::TimeOfDay => matches!(of, Representation::TimeOfDay),
        Representation::Multiple => matches!(of, Representation::Multiple | Representation::Text),
        Representation::Text => matches!(of, Representation::Text),
        Representation::Data => matches!(of, Representation::Text | Representation::Data),
        Representation::Own(_) => true,
    }
}

/// Whether every value that an enum lists is one of the dictionary's.
#[must_use]
pub const fn lists(values: &[ValueTable], dictionary: &[&str]) -> bool {
    let mut at = 0;
    while at < values.len() {
        let mut known = false;
        let mut other = 0;
        while other < dictionary.len() {
            if same(values[at].wire, dictionary[other]) {
                known = true;
            }
            other += 1;
        }
        if !known {
            return false;
        }
        at += 1;
    }
    true
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

macro_rules! standard {
    ($($constant:ident = $tag:literal, $name:literal, $field_type:ident, $representation:ident;)*) => {
        $(static $constant: FieldTable = field(
            $tag,
            $name,
            FieldType::$field_type,
            Representation::$representation,
            &[],
        );)*
    };
}

standard! {
    BEGIN_STRING = 8, "BeginString", String, Text;
    BODY_LENGTH = 9, "BodyLength", Length, Unsigned;
    MSG_TYPE = 35, "MsgType", String, Text;
    SENDER_COMP_ID = 49, "SenderCompID", String, Text;
    TARGET_COMP_ID = 56, "TargetCompID", String, Text;
    MSG_SEQ_NUM = 34, "MsgSeqNum", SeqNum, Unsigned;
    SENDING_TIME = 52, "SendingTime", UtcTimestamp, Timestamp;
    POSS_DUP_FLAG = 43, "PossDupFlag", Boolean, Boolean;
    POSS_RESEND = 97, "PossResend", Boolean, Boolean;
    ORIG_SENDING_TIME = 122, "OrigSendingTime", UtcTimestamp, Timestamp;
    CHECK_SUM = 10, "CheckSum", String, Text;
}

/// The standard header of a message of a user's own.
pub static HEADER: &[MemberTable] = &[
    member(MemberKind::Field(&BEGIN_STRING), true),
    member(MemberKind::Field(&BODY_LENGTH), true),
    member(MemberKind::Field(&MSG_TYPE), true),
    member(MemberKind::Field(&SENDER_COMP_ID), true),
    member(MemberKind::Field(&TARGET_COMP_ID), true),
    member(MemberKind::Field(&MSG_SEQ_NUM), true),
    member(MemberKind::Field(&SENDING_TIME), true),
    member(MemberKind::Field(&POSS_DUP_FLAG), false),
    member(MemberKind::Field(&POSS_RESEND), false),
    member(MemberKind::Field(&ORIG_SENDING_TIME), false),
];

/// Its standard trailer.
pub static TRAILER: &[MemberTable] = &[member(MemberKind::Field(&CHECK_SUM), true)];
