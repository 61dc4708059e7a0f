//! What the code generated for messages of a user's own needs at compile time.

mod held;
mod members;
mod merge;
mod names;
mod order;
mod sessions;
mod unknown;
mod words;

pub use held::{Contents, Declared, Held};
pub use merge::{merged, merged_count};
pub use names::is_rust_name;
pub use sessions::{OfDialect, OfSession, Otherwise};
pub use unknown::KeepsUnknown;
pub use words::Words;

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

/// A field of a message that is held against a dialect: where that defines the tag, it gives the name, the type, the
/// values and the limits. How values are read is the user's type's.
#[must_use]
pub const fn held_field(
    held: &Held,
    (tag, name): (u32, &'static str),
    stated: Option<FieldType>,
    representation: Representation,
    values: &'static [ValueTable],
    length_tag: Option<u32>,
) -> FieldTable {
    let is_data = length_tag.is_some();
    let (field_type, representation) = match stated {
        _ if is_data => (FieldType::Data, Representation::Data),
        Some(stated) => (stated, representation),
        None => (FieldType::String, representation),
    };
    let mut table = field(tag, name, field_type, representation, values);
    table.length_tag = length_tag;
    if let Some(known) = held.field(tag) {
        table.name = known.name;
        table.field_type = known.field_type;
        if !known.values.is_empty() && !is_data {
            table.values = known.values;
        }
        table.secret = known.secret;
        table.max_length = known.max_length;
        table.min = known.min;
        table.max = known.max;
        table.step = known.step;
        table.unit = known.unit;
    }
    table
}

/// The length in front of a DATA field.
#[must_use]
pub const fn length_field(held: &Held, tag: u32, name: &'static str) -> FieldTable {
    let name = match held.field(tag) {
        Some(known) => known.name,
        None => name,
    };
    field(tag, name, FieldType::Length, Representation::Unsigned, &[])
}

/// The count of a group.
#[must_use]
pub const fn count_field(held: &Held, tag: u32, name: &'static str) -> FieldTable {
    let name = match held.field(tag) {
        Some(known) => known.name,
        None => name,
    };
    field(tag, name, FieldType::NumInGroup, Representation::Unsigned, &[])
}

/// The tag as an encoder has it; any for one that could not be filled in, which has been told.
#[must_use]
pub const fn tag(number: u32) -> crate::Tag {
    match crate::Tag::checked(number) {
        Some(tag) => tag,
        None => crate::Tag::new(1),
    }
}

/// Whether any member may begin an entry of the group that this tag counts in these members.
#[must_use]
pub const fn any_delimiter(members: Option<&'static [MemberTable]>, tag: u32) -> bool {
    match members {
        Some(members) => match members::group_of(members, tag) {
            Some(group) => group.any_delimiter,
            None => false,
        },
        None => false,
    }
}

/// The members of the group that this tag counts in these members.
#[must_use]
pub const fn members_of_group(
    members: Option<&'static [MemberTable]>,
    tag: u32,
) -> Option<&'static [MemberTable]> {
    match members {
        Some(members) => match members::group_of(members, tag) {
            Some(group) => Some(group.members),
            None => None,
        },
        None => None,
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

/// How many fields the tables of a message with these members have: those of the dialect that it is held against, or
/// else of the standard header and trailer, and its own, groups included.
#[must_use]
pub const fn count(held: &Held, members: &[MemberTable]) -> usize {
    match held.dialect {
        Some(dialect) => dialect.fields.len() + count_of(held, members),
        None => count_of(held, HEADER) + count_of(held, TRAILER) + count_of(held, members),
    }
}

const fn count_of(held: &Held, members: &[MemberTable]) -> usize {
    let mut count = 0;
    let mut at = 0;
    while at < members.len() {
        count += match members[at].kind {
            MemberKind::Field(field) => is_new(held, field) as usize,
            MemberKind::Group(group) => is_new(held, group.count) as usize + count_of(held, group.members),
            MemberKind::Component(component) => count_of(held, component.members),
        };
        at += 1;
    }
    count
}

/// Whether the dialect does not define the field.
const fn is_new(held: &Held, field: &FieldTable) -> bool {
    held.field(field.tag).is_none()
}

/// The fields that [`count`] counts, by tag.
#[must_use]
pub const fn fields<const N: usize>(
    held: &Held,
    members: &'static [MemberTable],
) -> [&'static FieldTable; N] {
    let mut fields = [&BEGIN_STRING; N];
    let mut length = 0;
    if let Some(dialect) = held.dialect {
        while length < dialect.fields.len() {
            fields[length] = dialect.fields[length];
            length += 1;
        }
    } else {
        insert_all(held, &mut fields, &mut length, HEADER);
        insert_all(held, &mut fields, &mut length, TRAILER);
    }
    insert_all(held, &mut fields, &mut length, members);
    fields
}

const fn insert_all(
    held: &Held,
    fields: &mut [&'static FieldTable],
    length: &mut usize,
    members: &'static [MemberTable],
) {
    let mut at = 0;
    while at < members.len() {
        match members[at].kind {
            MemberKind::Field(field) => insert(held, fields, length, field),
            MemberKind::Group(group) => {
                insert(held, fields, length, group.count);
                insert_all(held, fields, length, group.members);
            }
            MemberKind::Component(component) => insert_all(held, fields, length, component.members),
        }
        at += 1;
    }
}

const fn insert(
    held: &Held,
    fields: &mut [&'static FieldTable],
    length: &mut usize,
    field: &'static FieldTable,
) {
    if !is_new(held, field) {
        return;
    }
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
