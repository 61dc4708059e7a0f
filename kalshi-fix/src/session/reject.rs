//! The two messages that refuse another: Reject (3) and BusinessMessageReject (j).

use fix_dialect::{BodyWriter, EncodeBody};

use super::SequenceNumber;
use super::admin::{write_quoted, write_text};

/// A session-level Reject (3) of one of the peer's messages.
///
/// The session sends those about the header, the numbers and its own messages itself. Those about an
/// application message's fields are the application's to send, through [`reject`](super::Session::reject).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// RefSeqNum (45): MsgSeqNum (34) of the rejected message.
    pub ref_seq_num: SequenceNumber,
    /// RefMsgType (372).
    pub ref_msg_type: Option<String>,
    /// RefTagID (371): the field at fault.
    pub ref_tag_id: Option<u32>,
    /// SessionRejectReason (373).
    pub reason: RejectReason,
    /// Text (58).
    pub text: Option<String>,
}

impl Reject {
    /// A rejection of this message for this reason, to which the rest can be added.
    #[must_use]
    pub const fn new(ref_seq_num: SequenceNumber, reason: RejectReason) -> Self {
        Reject {
            ref_seq_num,
            ref_msg_type: None,
            ref_tag_id: None,
            reason,
            text: None,
        }
    }

    /// Of a message of this type (372).
    #[must_use]
    pub fn of_type(mut self, msg_type: impl Into<String>) -> Self {
        self.ref_msg_type = Some(msg_type.into());
        self
    }

    /// About this field (371).
    #[must_use]
    pub const fn about(mut self, tag: u32) -> Self {
        self.ref_tag_id = Some(tag);
        self
    }

    /// With this text (58).
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }
}

impl EncodeBody for Reject {
    fn msg_type(&self) -> &[u8] {
        b"3"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.unsigned(45, self.ref_seq_num);
        if let Some(tag) = self.ref_tag_id {
            out.unsigned(371, tag.into());
        }
        write_quoted(out, 372, self.ref_msg_type.as_deref());
        out.unsigned(373, self.reason.code().into());
        write_text(out, self.text.as_deref());
    }
}

/// A BusinessMessageReject (j) that the session sends itself: of a message type that the dialect defines and
/// this session does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessReject {
    /// RefSeqNum (45): MsgSeqNum (34) of the rejected message.
    pub ref_seq_num: SequenceNumber,
    /// RefMsgType (372).
    pub ref_msg_type: String,
    /// BusinessRejectReason (380).
    pub reason: u32,
    /// Text (58).
    pub text: String,
}

impl EncodeBody for BusinessReject {
    fn msg_type(&self) -> &[u8] {
        b"j"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.unsigned(45, self.ref_seq_num);
        write_quoted(out, 372, Some(&self.ref_msg_type));
        out.unsigned(380, self.reason.into());
        write_text(out, Some(&self.text));
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// SessionRejectReason (373).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RejectReason { $($(#[$doc])* $name = $code,)+ }

        impl RejectReason {
            /// The reason of this wire value, if the standard lists it.
            #[must_use]
            pub const fn from_code(code: u32) -> Option<Self> {
                match code {
                    $($code => Some(RejectReason::$name),)+
                    _ => None,
                }
            }
        }
    };
}

reasons! {
    /// The tag is not a number that a tag can have.
    InvalidTagNumber = 0,
    /// A required field is missing.
    RequiredTagMissing = 1,
    /// The tag exists, but not in this message type.
    TagNotDefinedForMessage = 2,
    /// No definition knows the tag.
    UndefinedTag = 3,
    /// A field has no value.
    TagWithoutValue = 4,
    /// The value is outside what the field may hold.
    ValueIncorrect = 5,
    /// The value is not of the field's type.
    IncorrectDataFormat = 6,
    /// Something encrypted could not be read.
    DecryptionProblem = 7,
    /// The signature is wrong.
    SignatureProblem = 8,
    /// SenderCompID (49) or TargetCompID (56) is not that of the session.
    CompIdProblem = 9,
    /// SendingTime (52) is too far from the receiver's clock, or before OrigSendingTime (122).
    SendingTimeAccuracy = 10,
    /// No definition knows the MsgType (35).
    InvalidMsgType = 11,
    /// The XML is not valid.
    XmlValidation = 12,
    /// A tag appears twice outside a group.
    TagAppearsMoreThanOnce = 13,
    /// A header or trailer field is among the body's, or the other way about.
    TagOutOfOrder = 14,
    /// The fields of a group's entry are not in order.
    GroupFieldsOutOfOrder = 15,
    /// A group does not have as many entries as it says.
    GroupCountIncorrect = 16,
    /// A value holds the field delimiter.
    DelimiterInValue = 17,
    /// The application version is not supported.
    UnsupportedVersion = 18,
    /// Something else.
    Other = 99,
}

impl RejectReason {
    /// The wire value.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_return_to_their_reasons() {
        let known = (0..=200).filter_map(RejectReason::from_code).inspect(|reason| {
            assert_eq!(RejectReason::from_code(reason.code()), Some(*reason));
        });
        assert_eq!(known.count(), 20);
    }
}
