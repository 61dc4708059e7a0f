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
    /// What the dictionary wants instead, such as `1..99 step 1`; empty where the rule says all.
    pub expected: String,
    /// What an acceptor answers.
    pub answer: Answer,
}

/// The message, and the reason in it, with which an acceptor answers a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Reject (3) with this SessionRejectReason (373).
    Reject(u16),
    /// BusinessMessageReject (j) with this BusinessRejectReason (380).
    BusinessReject(u16),
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident $reason:literal $text:literal,)+) => {
        /// The rules of a dictionary that a message can break.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule { $($(#[$doc])* $name,)+ }

        impl Rule {
            /// Every rule, in the order of their definition.
            pub const ALL: [Rule; [$(Rule::$name),+].len()] = [$(Rule::$name),+];

            /// The SessionRejectReason (373) with which an acceptor answers a violation that is the session's matter.
            ///
            /// Kalshi answers an undefined tag with 3, where the FIX session layer's test cases list 0.
            #[must_use]
            pub const fn session_reject_reason(self) -> u16 {
                match self { $(Rule::$name => $reason,)+ }
            }

            /// The rule's name, as in `Rule::Listed`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Rule::$name => stringify!($name),)+ }
            }
        }

        impl fmt::Display for Rule {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Rule::$name => $text,)+ })
            }
        }
    };
}

rules! {
    /// A required field is not there.
    Required 1 "required field is missing",
    /// A field is not there, and the dictionary's condition for it holds.
    Conditional 1 "field is required in this case and missing",
    /// A field is there, and the dictionary excludes it in this case.
    Forbidden 2 "field must not be there in this case",
    /// A field has no value, and the dictionary does not allow it to have none.
    NotEmpty 4 "field has no value",
    /// The value is not of the field's type.
    Type 6 "value is not of the field's type",
    /// The value is not among those that the dictionary lists.
    Listed 5 "value is not among those listed",
    /// The value is not the one that the dictionary wants in this case.
    Fixed 5 "value is not the one that it must be in this case",
    /// The number is below the dictionary's least or above its greatest.
    Range 5 "value is out of range",
    /// The number is between two of those that the dictionary allows: it has too many decimals, or is not whole.
    Step 5 "value is not a multiple of its step",
    /// The value has more bytes than the dictionary allows.
    Length 5 "value is too long",
    /// The count of a group is not the number of its entries.
    GroupCount 16 "count is not the number of entries",
    /// A group has fewer or more entries than the dictionary allows.
    Entries 5 "number of entries is out of range",
    /// An entry of a group does not begin with the group's first field.
    GroupOrder 15 "group entry does not begin with its first field",
    /// A field is there twice, outside of a group or in one entry.
    Once 13 "field appears more than once",
    /// A field of the header or trailer is not in its place.
    Order 14 "field of the header or trailer is not in its place",
    /// No field of the dictionary has this tag.
    Defined 3 "tag is not defined",
    /// The field is defined, but not for this message.
    Member 2 "tag is not defined for this message",
    /// A length field does not lead to the end of its DATA field.
    DataLength 6 "length does not lead to the end of its data field",
    /// The message is not sent by this side, or not on this session.
    Sender 11 "message is not sent by this side on this session",
}

impl Rule {
    /// The BusinessRejectReason (380) with which an acceptor answers this violation in the body of an application
    /// message, where it is the application's matter: a conditional field that is missing (5), and a message that does
    /// not belong here (3).
    #[must_use]
    pub const fn business_reject_reason(self) -> Option<u16> {
        match self {
            Rule::Conditional => Some(5),
            Rule::Sender => Some(3),
            _ => None,
        }
    }

    /// The answer to a breach of this rule, in the body of an application message or elsewhere.
    pub(crate) const fn answer(self, application: bool) -> Answer {
        match self.business_reject_reason() {
            Some(reason) if application => Answer::BusinessReject(reason),
            _ => Answer::Reject(self.session_reject_reason()),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.rule)?;
        if !self.value.is_empty() {
            write!(f, ": `{}`", Text::from_bytes(&self.value))?;
        }
        if !self.expected.is_empty() {
            write!(f, "; expected {}", self.expected)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Violation {
    /// What is wrong, without the place and the value: the rule, and what is expected instead.
    #[must_use]
    pub fn complaint(&self) -> String {
        if self.expected.is_empty() {
            self.rule.to_string()
        } else {
            format!("{}; expected {}", self.rule, self.expected)
        }
    }

    /// A violation that shows no value of a secret field.
    pub(crate) fn new(
        rule: Rule,
        tag: u32,
        path: String,
        value: &[u8],
        secret: bool,
        application: bool,
    ) -> Violation {
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
            expected: String::new(),
            answer: rule.answer(application),
        }
    }
}
