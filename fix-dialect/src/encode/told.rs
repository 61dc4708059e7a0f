//! What is wrong with a value, in the words of the message's dialect.

use super::{EncodeBody, EncodeError};
use crate::tables::{MemberKind, MemberTable, Tables};

impl EncodeError {
    /// The field at fault; `None` where it is no field's value.
    #[must_use]
    pub const fn tag(&self) -> Option<u32> {
        match *self {
            EncodeError::ContainsDelimiter { tag }
            | EncodeError::Empty { tag }
            | EncodeError::Unwritable { tag }
            | EncodeError::Tag { tag } => Some(tag),
            EncodeError::BeginString { .. } => None,
        }
    }

    /// The error with the names of the message that could not be encoded, as far as it tells them
    /// ([`EncodeBody::named_by`]), and with what to do about it:
    ///
    /// ```text
    /// NewOrderSingle (D) cannot be encoded: Symbol (55) is empty, and the message requires it: give it a value
    /// ```
    #[must_use]
    pub fn told_of<M: EncodeBody + ?Sized>(&self, message: &M) -> String {
        let (tables, msg_type) = (message.named_by(), message.msg_type());
        let found = tables.and_then(|tables| tables.message(msg_type));
        let shown = String::from_utf8_lossy(msg_type);
        let name = match found {
            Some((_, found)) => format!("{} ({shown})", found.name),
            None => format!("the message of MsgType (35) {shown}"),
        };
        let members = found.map_or(&[][..], |(_, found)| found.members);
        format!("{name} cannot be encoded: {}", self.told(tables, members))
    }

    fn told(&self, tables: Option<&Tables>, members: &[MemberTable]) -> String {
        let known = self.tag().and_then(|tag| tables?.field(tag));
        let field = match (known, self.tag()) {
            (Some(known), Some(tag)) => format!("{} ({tag})", known.name),
            (None, Some(tag)) => format!("the value of tag {tag}"),
            (_, None) => return self.to_string(),
        };
        match *self {
            EncodeError::Empty { tag } if requires(members, tag) => {
                format!("{field} is empty, and the message requires it: give it a value")
            }
            EncodeError::Empty { .. } => {
                format!("{field} is empty: give it a value, or leave the field out (`None`)")
            }
            EncodeError::ContainsDelimiter { .. } => {
                format!("{field} contains the field delimiter SOH (0x01)")
            }
            EncodeError::Unwritable { .. } => {
                format!("{field} cannot be written as a value of its field's type")
            }
            EncodeError::Tag { .. } | EncodeError::BeginString { .. } => self.to_string(),
        }
    }
}

/// Whether the field must be there, in the message or in each entry of a group of it.
fn requires(members: &[MemberTable], tag: u32) -> bool {
    members.iter().any(|member| match member.kind {
        MemberKind::Field(field) => field.tag == tag && member.required,
        MemberKind::Group(group) => requires(group.members, tag),
        MemberKind::Component(component) => member.required && requires(component.members, tag),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::custom::support::{field, member};
    use crate::tables::{FieldTable, GroupTable, MessageTable, Representation};
    use crate::{BodyWriter, FieldType};

    static SYMBOL: FieldTable = field(55, "Symbol", FieldType::String, Representation::Text, &[]);
    static TEXT: FieldTable = field(58, "Text", FieldType::String, Representation::Text, &[]);
    static PARTY: FieldTable = field(448, "PartyID", FieldType::String, Representation::Text, &[]);
    static COUNT: FieldTable = field(
        453,
        "NoPartyIDs",
        FieldType::NumInGroup,
        Representation::Unsigned,
        &[],
    );
    static PARTIES: GroupTable = GroupTable {
        name: "Party",
        count: &COUNT,
        any_delimiter: false,
        members: &[member(MemberKind::Field(&PARTY), true)],
    };
    static TABLES: Tables = Tables {
        name: "",
        begin_string: "FIXT.1.1",
        header: &[],
        trailer: &[],
        messages: &[MessageTable {
            name: "Order",
            msg_type: "D",
            admin: false,
            family: "",
            client: None,
            exchange: None,
            members: &[
                member(MemberKind::Field(&SYMBOL), true),
                member(MemberKind::Field(&TEXT), false),
                member(MemberKind::Group(&PARTIES), false),
            ],
        }],
        fields: &[&SYMBOL, &TEXT, &PARTY, &COUNT],
    };

    struct Message(&'static str, Option<&'static Tables>);

    impl EncodeBody for Message {
        fn msg_type(&self) -> &[u8] {
            self.0.as_bytes()
        }

        fn encode_body(&self, _: &mut BodyWriter) {}

        fn own_tables(&self) -> Option<&'static Tables> {
            self.1
        }
    }

    #[test]
    fn errors_name_the_message_and_the_field() {
        let check = |error: EncodeError, expected: &str| {
            let expected = format!("Order (D) cannot be encoded: {expected}");
            assert_eq!(error.told_of(&Message("D", Some(&TABLES))), expected);
        };
        let (symbol, text, party, private) = (55, 58, 448, 20001);
        check(
            EncodeError::Empty { tag: symbol },
            "Symbol (55) is empty, and the message requires it: give it a value",
        );
        check(
            EncodeError::Empty { tag: party },
            "PartyID (448) is empty, and the message requires it: give it a value",
        );
        check(
            EncodeError::Empty { tag: text },
            "Text (58) is empty: give it a value, or leave the field out (`None`)",
        );
        check(
            EncodeError::Empty { tag: private },
            "the value of tag 20001 is empty: give it a value, or leave the field out (`None`)",
        );
        check(
            EncodeError::ContainsDelimiter { tag: symbol },
            "Symbol (55) contains the field delimiter SOH (0x01)",
        );
        check(
            EncodeError::Unwritable { tag: text },
            "Text (58) cannot be written as a value of its field's type",
        );
        check(
            EncodeError::Tag { tag: 0 },
            "0 is no tag number: expected 1 to 9999999",
        );
        let long = EncodeError::BeginString { length: 99 };
        check(long, &long.to_string());
    }

    #[test]
    fn what_nobody_names_has_its_numbers() {
        let error = EncodeError::Empty { tag: 55 };
        let expected = "the message of MsgType (35) D cannot be encoded: the value of tag 55 is empty: give it a \
                        value, or leave the field out (`None`)";
        assert_eq!(error.told_of(&Message("D", None)), expected);
        let expected = "the message of MsgType (35) U1 cannot be encoded: Symbol (55) is empty: give it a value, or \
                        leave the field out (`None`)";
        assert_eq!(error.told_of(&Message("U1", Some(&TABLES))), expected);
    }
}
