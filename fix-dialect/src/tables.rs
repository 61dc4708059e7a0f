//! A dialect as static data: what the derive generates, and what decoding, validation and printing go by.

use crate::FieldType;

/// A whole dialect.
#[derive(Debug)]
pub struct Tables {
    /// The dialect's name, such as `prediction`.
    pub name: &'static str,
    /// BeginString (8) of its frames.
    pub begin_string: &'static str,
    /// The standard header.
    pub header: &'static [MemberTable],
    /// The standard trailer.
    pub trailer: &'static [MemberTable],
    /// The messages, in the dictionary's order: a message's place is its ordinal.
    pub messages: &'static [MessageTable],
    /// Every field defined, by tag.
    pub fields: &'static [&'static FieldTable],
}

/// A message.
#[derive(Debug)]
pub struct MessageTable {
    /// The name, such as `NewOrderSingle`.
    pub name: &'static str,
    /// MsgType (35).
    pub msg_type: &'static str,
    /// Whether it is of the session layer.
    pub admin: bool,
    /// The family it belongs to, such as `order-entry`; empty when the dictionary states none.
    pub family: &'static str,
    /// The sessions on which the client sends it; `None` when the dictionary does not say.
    pub client: Option<&'static [&'static str]>,
    /// The sessions on which the exchange sends it; `None` when the dictionary does not say.
    pub exchange: Option<&'static [&'static str]>,
    /// The body.
    pub members: &'static [MemberTable],
}

/// A member of a message, of a group's entry, of a component, of the header or the trailer.
#[derive(Debug, Clone, Copy)]
pub struct MemberTable {
    /// What it is.
    pub kind: MemberKind,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it may be there without a value.
    pub may_be_empty: bool,
    /// The dictionary's condition under which it must be there, where it is not always required.
    pub when: Option<&'static ConditionTable>,
    /// What else the dictionary says of it in this place.
    pub rules: Option<&'static RuleTable>,
}

/// What a dictionary says of a member in its place, beyond its presence and its type.
#[derive(Debug)]
pub struct RuleTable {
    /// When it must not be there.
    pub never: Option<&'static ConditionTable>,
    /// What its value must be.
    pub values: &'static [ValueRuleTable],
    /// The least number of entries of a group.
    pub min_entries: Option<u32>,
    /// The greatest number of entries of a group.
    pub max_entries: Option<u32>,
}

/// What a value must be, under a condition.
#[derive(Debug)]
pub struct ValueRuleTable {
    /// When; `None` for always.
    pub when: Option<&'static ConditionTable>,
    /// Exactly this, as on the wire.
    pub equals: Option<&'static str>,
    /// The least number, as decimal text.
    pub min: Option<&'static str>,
    /// The greatest number, as decimal text.
    pub max: Option<&'static str>,
    /// What the number must be a multiple of, as decimal text.
    pub step: Option<&'static str>,
}

impl MemberTable {
    /// When it must not be there.
    #[must_use]
    pub fn never(&self) -> Option<&'static ConditionTable> {
        self.rules.and_then(|rules| rules.never)
    }
}

/// What a member is.
#[derive(Debug, Clone, Copy)]
pub enum MemberKind {
    /// A field.
    Field(&'static FieldTable),
    /// A repeating group.
    Group(&'static GroupTable),
    /// The members of a component, in this place.
    Component(&'static ComponentTable),
}

/// A condition over the fields of a message: when a member must be there.
#[derive(Debug)]
pub enum ConditionTable {
    /// All of these hold.
    All(&'static [ConditionTable]),
    /// At least one of these holds.
    Any(&'static [ConditionTable]),
    /// The field with this tag has this value.
    Equals(u32, &'static str),
    /// The field with this tag has another value, or is not there.
    Differs(u32, &'static str),
    /// The field with this tag is there.
    Present(u32),
    /// The field with this tag is not there.
    Absent(u32),
    /// The client sends the message.
    FromClient,
    /// The exchange sends the message.
    FromExchange,
    /// The session's prices are whole cents.
    InCents,
    /// The session's prices are dollars.
    InDollars,
    /// The message is on one of these sessions.
    OnSession(&'static [&'static str]),
    /// The message is on none of these sessions.
    OffSession(&'static [&'static str]),
}

/// A repeating group.
#[derive(Debug)]
pub struct GroupTable {
    /// The name of one entry.
    pub name: &'static str,
    /// The field that counts the entries.
    pub count: &'static FieldTable,
    /// Whether any member may start an entry, rather than the first alone.
    pub any_delimiter: bool,
    /// The members of an entry.
    pub members: &'static [MemberTable],
}

/// Members that several messages share.
#[derive(Debug)]
pub struct ComponentTable {
    /// The name.
    pub name: &'static str,
    /// The members.
    pub members: &'static [MemberTable],
}

/// A field's definition.
#[derive(Debug)]
pub struct FieldTable {
    /// The tag number.
    pub tag: u32,
    /// The name, such as `ClOrdID`.
    pub name: &'static str,
    /// The data type.
    pub field_type: FieldType,
    /// How values are read and represented.
    pub representation: Representation,
    /// The listed values; empty when the field is free.
    pub values: &'static [ValueTable],
    /// The field that carries this one's length, for DATA.
    pub length_tag: Option<u32>,
    /// Whether the value must never be shown.
    pub secret: bool,
    /// The most bytes that a value may have.
    pub max_length: Option<usize>,
    /// The least number, as decimal text.
    pub min: Option<&'static str>,
    /// The greatest number, as decimal text.
    pub max: Option<&'static str>,
    /// What a number must be a multiple of, as decimal text.
    pub step: Option<&'static str>,
    /// What a number counts, such as `dollars`; empty when the dictionary does not say.
    pub unit: &'static str,
}

/// A listed value.
#[derive(Debug)]
pub struct ValueTable {
    /// The value on the wire.
    pub wire: &'static str,
    /// The dictionary's name for it.
    pub name: &'static str,
}

impl Tables {
    /// The tables of a dialect whose dictionary could not be read. For generated code.
    pub const NONE: &'static Tables = &Tables {
        name: "",
        begin_string: "",
        header: &[],
        trailer: &[],
        messages: &[],
        fields: &[],
    };

    /// The field with this tag.
    #[must_use]
    pub fn field(&self, tag: u32) -> Option<&'static FieldTable> {
        self.fields
            .binary_search_by_key(&tag, |field| field.tag)
            .ok()
            .map(|at| self.fields[at])
    }

    /// The message with this MsgType (35), and its ordinal.
    #[must_use]
    pub fn message(&self, msg_type: &[u8]) -> Option<(usize, &'static MessageTable)> {
        self.messages
            .iter()
            .enumerate()
            .find(|(_, message)| message.msg_type.as_bytes() == msg_type)
    }
}

impl FieldTable {
    /// How values are represented, by the field's type where the representation is a user's own.
    pub(crate) const fn kind(&self) -> Representation {
        match self.representation {
            Representation::Own(_) => Representation::of(self.field_type),
            known => known,
        }
    }

    /// The name of a listed value, in the dictionary's words.
    #[must_use]
    pub fn value_name(&self, wire: &[u8]) -> Option<&'static str> {
        // Values are short, and one comparison of words is cheaper than the call that compares slices.
        let word = crate::swar::word(wire);
        let is = |value: &ValueTable| {
            let listed = value.wire.as_bytes();
            listed.len() == wire.len()
                && crate::swar::word(listed) == word
                && (wire.len() <= 8 || listed == wire)
        };
        self.values.iter().find(|value| is(value)).map(|value| value.name)
    }
}

/// How a field's value is represented and read: what the derive and the run-time checks agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Representation {
    /// [`Text`](crate::Text).
    Text,
    /// One byte, `u8`.
    Char,
    /// `i64`.
    Int,
    /// `u64`.
    Unsigned,
    /// [`Decimal`](crate::Decimal).
    Decimal,
    /// `bool`.
    Boolean,
    /// [`Timestamp`](crate::Timestamp).
    Timestamp,
    /// [`Date`](crate::Date).
    Date,
    /// [`TimeOfDay`](crate::TimeOfDay).
    TimeOfDay,
    /// [`Text`](crate::Text) that may contain SOH.
    Data,
    /// [`MultipleValue`](crate::MultipleValue) of an enum.
    Multiple,
    /// A type of a user's own, which tells what it can read.
    Own(Accepts),
}

/// Whether bytes are a value of a type of a user's own.
#[derive(Debug, Clone, Copy)]
pub struct Accepts(pub fn(&[u8]) -> bool);

/// The same function: two types of a user's own may read alike, and are still two.
impl PartialEq for Accepts {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for Accepts {}

impl Representation {
    /// How values of `field_type` are represented, listed or not.
    #[must_use]
    pub const fn of(field_type: FieldType) -> Representation {
        match field_type {
            FieldType::Char => Representation::Char,
            FieldType::Int => Representation::Int,
            FieldType::Length
            | FieldType::SeqNum
            | FieldType::NumInGroup
            | FieldType::TagNum
            | FieldType::DayOfMonth => Representation::Unsigned,
            FieldType::Qty
            | FieldType::Price
            | FieldType::PriceOffset
            | FieldType::Amt
            | FieldType::Float
            | FieldType::Decimal
            | FieldType::Percentage => Representation::Decimal,
            FieldType::Boolean => Representation::Boolean,
            FieldType::UtcTimestamp => Representation::Timestamp,
            FieldType::UtcDateOnly | FieldType::LocalMktDate | FieldType::Date => Representation::Date,
            FieldType::UtcTimeOnly | FieldType::LocalMktTime => Representation::TimeOfDay,
            FieldType::Data | FieldType::XmlData => Representation::Data,
            FieldType::MultipleValueString
            | FieldType::MultipleStringValue
            | FieldType::MultipleCharValue => Representation::Multiple,
            _ => Representation::Text,
        }
    }

    /// Whether a field of this representation becomes an enum when the dictionary lists values.
    #[must_use]
    pub const fn has_enum(self) -> bool {
        matches!(
            self,
            Representation::Text | Representation::Char | Representation::Int | Representation::Multiple
        )
    }

    /// Whether `value`, which is not empty, can be read.
    #[must_use]
    pub fn accepts(self, value: &[u8]) -> bool {
        match self {
            Representation::Text | Representation::Data => true,
            Representation::Char => value.len() == 1,
            Representation::Int => crate::parse_int(value).is_some(),
            Representation::Unsigned => crate::parse_unsigned(value).is_some(),
            Representation::Decimal => crate::parse_decimal(value).is_some(),
            Representation::Boolean => matches!(value, b"Y" | b"N"),
            Representation::Timestamp => crate::Timestamp::parse(value).is_some(),
            Representation::Date => crate::Date::parse(value).is_some(),
            Representation::TimeOfDay => crate::TimeOfDay::parse(value).is_some(),
            Representation::Multiple => value.split(|&byte| byte == b' ').all(|word| !word.is_empty()),
            Representation::Own(Accepts(accepts)) => accepts(value),
        }
    }
}
