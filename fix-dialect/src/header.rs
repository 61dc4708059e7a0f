//! The standard header, as the session layer needs it.

use crate::{Field, Timestamp, fields, parse_unsigned};

/// The standard header of a frame, borrowed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// BeginString (8).
    pub begin_string: &'a [u8],
    /// MsgType (35).
    pub msg_type: &'a [u8],
    /// SenderCompID (49).
    pub sender_comp_id: &'a [u8],
    /// TargetCompID (56).
    pub target_comp_id: &'a [u8],
    /// MsgSeqNum (34), at least 1.
    pub msg_seq_num: u64,
    /// SendingTime (52).
    pub sending_time: Timestamp,
    /// SendingTime (52) as it stands on the wire: a logon signs this very text.
    pub sending_time_text: &'a [u8],
    /// PossDupFlag (43): the message may have been received before under this number.
    pub poss_dup: bool,
    /// PossResend (97): the content may have been received before under another number.
    pub poss_resend: bool,
    /// OrigSendingTime (122), which a possible duplicate carries.
    pub orig_sending_time: Option<Timestamp>,
}

/// What is wrong with a standard header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// A required field is not there (SessionRejectReason 1).
    #[error("required tag {0} is missing from the standard header")]
    Missing(u32),
    /// A value is not of its field's type (SessionRejectReason 6; 4 when it is empty).
    #[error("tag {tag} in the standard header has the value `{}`", value.escape_ascii())]
    Malformed {
        /// The field.
        tag: u32,
        /// Its value on the wire, at most 64 bytes of it.
        value: Vec<u8>,
    },
    /// A field of the header occurs twice (SessionRejectReason 13).
    #[error("tag {0} appears more than once in the standard header")]
    Repeated(u32),
}

impl HeaderError {
    /// The field at fault.
    #[must_use]
    pub const fn tag(&self) -> u32 {
        match self {
            HeaderError::Missing(tag) | HeaderError::Repeated(tag) | HeaderError::Malformed { tag, .. } => {
                *tag
            }
        }
    }
}

impl HeaderError {
    /// The SessionRejectReason (373) with which an acceptor answers it.
    #[must_use]
    pub fn session_reject_reason(&self) -> u16 {
        match self {
            HeaderError::Missing(_) => 1,
            HeaderError::Malformed { value, .. } if value.is_empty() => 4,
            HeaderError::Malformed { .. } => 6,
            HeaderError::Repeated(_) => 13,
        }
    }
}

impl<'a> Header<'a> {
    /// Reads the header of a frame: its fields up to the first that does not belong to a standard header.
    ///
    /// # Errors
    ///
    /// The first fault, in the order of the fields on the wire, then of the required fields that are missing.
    pub fn read(frame: &'a [u8]) -> Result<Header<'a>, HeaderError> {
        Header::read_fields(fields(frame)).map(|(header, _)| header)
    }

    /// As [`Header::read`], from a frame's fields; also says how many belong to the header.
    pub(crate) fn read_fields(
        fields: impl Iterator<Item = Field<'a>>,
    ) -> Result<(Header<'a>, usize), HeaderError> {
        let mut slots: [Option<&'a [u8]>; SLOTS.len()] = [None; SLOTS.len()];
        let mut expected = 0;
        let mut count = 0;
        for field in fields {
            let slot = match SLOTS.get(expected) {
                Some(&tag) if tag == field.tag => expected,
                _ => match SLOTS.iter().position(|&tag| tag == field.tag) {
                    Some(slot) => slot,
                    None if is_header(field.tag) => {
                        count += 1;
                        continue;
                    }
                    None => break,
                },
            };
            if slots[slot].replace(field.value).is_some() {
                return Err(HeaderError::Repeated(field.tag));
            }
            expected = slot + 1;
            count += 1;
        }
        let required = |slot: usize| slots[slot].ok_or(HeaderError::Missing(SLOTS[slot]));
        let sending_time_text = required(6)?;
        let header = Header {
            begin_string: text(8, required(0)?)?,
            msg_type: text(35, required(2)?)?,
            sender_comp_id: text(49, required(3)?)?,
            target_comp_id: text(56, required(4)?)?,
            msg_seq_num: convert(34, required(5)?, |value| {
                parse_unsigned(value).filter(|&number| number > 0)
            })?,
            sending_time: convert(52, sending_time_text, Timestamp::parse)?,
            sending_time_text,
            poss_dup: slots[7].map_or(Ok(false), |value| convert(43, value, boolean))?,
            poss_resend: slots[8].map_or(Ok(false), |value| convert(97, value, boolean))?,
            orig_sending_time: slots[9]
                .map(|value| convert(122, value, Timestamp::parse))
                .transpose()?,
        };
        Ok((header, count))
    }
}

/// The fields that are read, in the order in which they are usually sent.
const SLOTS: [u32; 10] = [8, 9, 35, 49, 56, 34, 52, 43, 97, 122];

/// Whether `tag` belongs to the standard header.
#[inline]
pub(crate) const fn is_header(tag: u32) -> bool {
    matches!(
        tag,
        8 | 9 | 34 | 35 | 43 | 49 | 50 | 52 | 56 | 57 | 90 | 91 | 97 | 115 | 116 | 122 | 128 | 129 | 142
            ..=145 | 212 | 213 | 347 | 369 | 1128 | 1129
    )
}

fn text(tag: u32, value: &[u8]) -> Result<&[u8], HeaderError> {
    if value.is_empty() {
        Err(malformed(tag, value))
    } else {
        Ok(value)
    }
}

fn convert<'a, T>(tag: u32, value: &'a [u8], read: impl Fn(&'a [u8]) -> Option<T>) -> Result<T, HeaderError> {
    read(value).ok_or_else(|| malformed(tag, value))
}

#[cold]
fn malformed(tag: u32, value: &[u8]) -> HeaderError {
    HeaderError::Malformed {
        tag,
        value: value[..value.len().min(64)].to_vec(),
    }
}

fn boolean(value: &[u8]) -> Option<bool> {
    match value {
        b"Y" => Some(true),
        b"N" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, HeaderError> {
        let bytes = text.replace('|', "\x01").into_bytes();
        Header::read(&bytes).map(|header| {
            format!(
                "{} {} {} {} dup={} {:?}",
                header.msg_type.escape_ascii(),
                header.sender_comp_id.escape_ascii(),
                header.msg_seq_num,
                header.sending_time,
                header.poss_dup,
                header.orig_sending_time
            )
        })
    }

    const TIME: &str = "52=20260817-16:00:00.123|";

    #[test]
    fn reads_headers() {
        let ok = |text: String, expected: &str| assert_eq!(read(&text).as_deref(), Ok(expected), "{text}");
        let line = "D me 7 20260817-16:00:00.123 dup=false None";
        ok(format!("8=FIXT.1.1|9=5|35=D|49=me|56=you|34=7|{TIME}11=x|"), line);
        ok(
            format!("8=FIXT.1.1|9=5|35=D|34=7|{TIME}50=desk|49=me|56=you|11=x|34=9|"),
            line,
        );
        ok(
            format!("8=FIXT.1.1|9=5|35=D|49=me|56=you|34=7|{TIME}43=Y|122=20260817-15:00:00|11=x|"),
            "D me 7 20260817-16:00:00.123 dup=true Some(20260817-15:00:00)",
        );
    }

    #[test]
    fn names_the_fault() {
        let bad = |text: String, expected| assert_eq!(read(&text), Err(expected), "{text}");
        let value = |tag, value: &str| HeaderError::Malformed {
            tag,
            value: value.into(),
        };
        bad(
            format!("8=FIXT.1.1|9=5|35=D|56=you|34=7|{TIME}11=x|"),
            HeaderError::Missing(49),
        );
        bad(
            "8=FIXT.1.1|9=5|35=D|49=me|56=you|34=7|11=x|".into(),
            HeaderError::Missing(52),
        );
        bad(
            format!("8=FIXT.1.1|9=5|35=D|49=me|56=you|34=0|{TIME}"),
            value(34, "0"),
        );
        bad(
            format!("8=FIXT.1.1|9=5|35=D|49=me|56=you|34=|{TIME}"),
            value(34, ""),
        );
        bad(
            format!("8=FIXT.1.1|9=5|35=D|49=|56=you|34=7|{TIME}"),
            value(49, ""),
        );
        bad(
            format!("8=FIXT.1.1|9=5|35=D|49=me|56=you|34=7|{TIME}43=X|"),
            value(43, "X"),
        );
        bad(
            format!("8=FIXT.1.1|9=5|35=D|49=me|56=you|34=7|34=8|{TIME}"),
            HeaderError::Repeated(34),
        );
        bad(
            "8=FIXT.1.1|9=5|35=D|49=me|56=you|34=7|52=today|".into(),
            value(52, "today"),
        );
    }
}
