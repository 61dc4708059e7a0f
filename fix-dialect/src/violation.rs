//! What is wrong with a message, by the rules of its dictionary.

use std::fmt;

use crate::Text;
use crate::field::is_secret;

/// One breach of a dictionary's rules.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The field at fault.
    pub tag: u32,
    /// Where it is: the message's name, then for each group around the field the tag of its count and the entry,
    /// counted from 0, then the tag: `MarketSettlementReport/20108[1]/1704`.
    pub path: String,
    /// The value on the wire, at most 64 bytes of it; empty when there is none, or when it is secret.
    pub value: Vec<u8>,
}

/// The rules of a dictionary that a message can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A required field is not there.
    Required,
    /// A field is not there, and the dictionary's condition for it holds.
    Conditional,
    /// A field has no value, and the dictionary does not allow it to have none.
    NotEmpty,
    /// The value is not of the field's type.
    Type,
    /// The value is not among those that the dictionary lists.
    Listed,
    /// The value is below the dictionary's least or above its greatest, or longer than it allows.
    Range,
    /// The count of a group is not the number of its entries.
    GroupCount {
        /// What the count field says.
        declared: u64,
        /// How many entries there are.
        found: u32,
    },
    /// An entry of a group does not begin with the group's first field.
    GroupOrder,
    /// A field is there twice, outside of a group or in one entry.
    Once,
    /// A field of the header or trailer is within the body.
    Order,
    /// No field of the dictionary has this tag.
    Defined,
    /// The field is defined, but not for this message.
    Member,
    /// A length field does not lead to the end of its DATA field.
    DataLength,
}

impl Rule {
    /// The SessionRejectReason (373) with which an acceptor answers this violation.
    ///
    /// Kalshi answers an undefined tag with 3, where the FIX session layer's test cases list 0.
    #[must_use]
    pub const fn session_reject_reason(self) -> u16 {
        match self {
            Rule::Required | Rule::Conditional => 1,
            Rule::Member => 2,
            Rule::Defined => 3,
            Rule::NotEmpty => 4,
            Rule::Listed | Rule::Range => 5,
            Rule::Type | Rule::DataLength => 6,
            Rule::Once => 13,
            Rule::Order => 14,
            Rule::GroupOrder => 15,
            Rule::GroupCount { .. } => 16,
        }
    }
}

impl Rule {
    /// The BusinessRejectReason (380) with which an acceptor answers this violation, where FIX has one for it: a
    /// missing conditional field is the application's matter (reason 5), and everything else the session's.
    #[must_use]
    pub const fn business_reject_reason(self) -> Option<u16> {
        if matches!(self, Rule::Conditional) {
            Some(5)
        } else {
            None
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Required => "required field is missing",
            Rule::Conditional => "field is required in this case and missing",
            Rule::NotEmpty => "field has no value",
            Rule::Type => "value is not of the field's type",
            Rule::Listed => "value is not among those listed",
            Rule::Range => "value is out of range",
            Rule::GroupCount { declared, found } => {
                return write!(f, "count says {declared}, but there are {found} entries");
            }
            Rule::GroupOrder => "group entry does not begin with its first field",
            Rule::Once => "field appears more than once",
            Rule::Order => "field of the header or trailer within the body",
            Rule::Defined => "tag is not defined",
            Rule::Member => "tag is not defined for this message",
            Rule::DataLength => "length does not lead to the end of its data field",
        })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.rule)?;
        if self.value.is_empty() {
            Ok(())
        } else {
            write!(f, ": `{}`", Text::from_bytes(&self.value))
        }
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Violation {
    pub(crate) fn new(rule: Rule, tag: u32, path: String, value: &[u8], secret: bool) -> Violation {
        let shown = if secret || is_secret(tag) {
            &[][..]
        } else {
            &value[..value.len().min(64)]
        };
        Violation {
            rule,
            tag,
            path,
            value: shown.to_vec(),
        }
    }
}
