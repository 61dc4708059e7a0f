//! The bodies of the session's own messages, written and read.

use fix_dialect::{BodyWriter, EncodeBody, SOH, fields, parse_unsigned};

use super::{LogonField, RejectReason, SequenceNumber};

/// MsgType (35), as far as the session layer cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Heartbeat,
    TestRequest,
    ResendRequest,
    Reject,
    SequenceReset,
    Logout,
    Logon,
    Application,
}

impl Kind {
    pub(super) fn of(msg_type: &[u8]) -> Self {
        match msg_type {
            b"0" => Kind::Heartbeat,
            b"1" => Kind::TestRequest,
            b"2" => Kind::ResendRequest,
            b"3" => Kind::Reject,
            b"4" => Kind::SequenceReset,
            b"5" => Kind::Logout,
            b"A" => Kind::Logon,
            _ => Kind::Application,
        }
    }
}

/// Heartbeat (0); answers a TestRequest when it has a TestReqID (112).
pub(super) struct Heartbeat<'a> {
    pub(super) test_req_id: Option<&'a [u8]>,
}

impl EncodeBody for Heartbeat<'_> {
    fn msg_type(&self) -> &[u8] {
        b"0"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        if let Some(id) = self.test_req_id {
            out.field(112, id);
        }
    }
}

/// TestRequest (1).
pub(super) struct TestRequest {
    pub(super) id: u64,
}

impl EncodeBody for TestRequest {
    fn msg_type(&self) -> &[u8] {
        b"1"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.unsigned(112, self.id);
    }
}

/// Logout (5).
pub(super) struct Logout<'a> {
    pub(super) text: Option<&'a str>,
}

impl EncodeBody for Logout<'_> {
    fn msg_type(&self) -> &[u8] {
        b"5"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        write_text(out, self.text);
    }
}

/// Logon (A), of either side.
pub(super) struct LogonBody<'a> {
    pub(super) heart_bt_int: u32,
    pub(super) raw_data: Option<&'a [u8]>,
    pub(super) raw_data_length: bool,
    pub(super) reset: bool,
    pub(super) next_expected: Option<SequenceNumber>,
    pub(super) default_appl_ver_id: Option<&'a str>,
    pub(super) fields: &'a [LogonField],
}

impl EncodeBody for LogonBody<'_> {
    fn msg_type(&self) -> &[u8] {
        b"A"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.unsigned(98, 0).unsigned(108, self.heart_bt_int.into());
        match self.raw_data {
            Some(raw_data) if self.raw_data_length => {
                out.data(95, 96, raw_data);
            }
            Some(raw_data) => {
                out.field(96, raw_data);
            }
            None => {}
        }
        if self.reset {
            out.boolean(141, true);
        }
        if let Some(next) = self.next_expected {
            out.unsigned(789, next);
        }
        if let Some(version) = self.default_appl_ver_id {
            out.field(1137, version.as_bytes());
        }
        for field in self.fields {
            out.field(field.tag, &field.value);
        }
    }
}

/// Writes Text (58), whatever it is: a text may quote a peer, and must not keep a message from being sent.
pub(super) fn write_text(out: &mut BodyWriter, text: Option<&str>) {
    write_quoted(out, 58, text);
}

/// Writes a text that may quote a peer: left out when empty, delimiters replaced.
pub(super) fn write_quoted(out: &mut BodyWriter, tag: u32, text: Option<&str>) {
    match text {
        None | Some("") => {}
        Some(text) if text.bytes().any(|byte| byte == SOH) => {
            out.field(tag, text.replace(char::from(SOH), "|").as_bytes());
        }
        Some(text) => {
            out.field(tag, text.as_bytes());
        }
    }
}

/// What is wrong with a field, as a Reject (3) says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) tag: u32,
    pub(super) reason: RejectReason,
    pub(super) text: String,
}

/// The first field with this tag.
pub(super) fn find(frame: &[u8], tag: u32) -> Option<&[u8]> {
    fields(frame)
        .find(|field| field.tag == tag)
        .map(|field| field.value)
}

/// A field's value as text, for humans.
pub(super) fn text(frame: &[u8], tag: u32) -> Option<String> {
    find(frame, tag).map(lossy)
}

pub(super) fn lossy(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// A required field.
pub(super) fn required<'a>(frame: &'a [u8], tag: u32, name: &str) -> Result<&'a [u8], Fault> {
    match find(frame, tag) {
        None => Err(fault(
            tag,
            RejectReason::RequiredTagMissing,
            format!("{name} ({tag}) is missing"),
        )),
        Some([]) => Err(fault(
            tag,
            RejectReason::TagWithoutValue,
            format!("{name} ({tag}) has no value"),
        )),
        Some(value) => Ok(value),
    }
}

/// A required number.
pub(super) fn required_number(frame: &[u8], tag: u32, name: &str) -> Result<SequenceNumber, Fault> {
    let value = required(frame, tag, name)?;
    parse_unsigned(value).ok_or_else(|| {
        let text = format!("{name} ({tag}) is {:?}, not a number", lossy(value));
        fault(tag, RejectReason::IncorrectDataFormat, text)
    })
}

/// A flag that is N when it is not there.
pub(super) fn flag(frame: &[u8], tag: u32, name: &str) -> Result<bool, Fault> {
    match find(frame, tag) {
        None | Some(b"N") => Ok(false),
        Some(b"Y") => Ok(true),
        Some(value) => {
            let text = format!("{name} ({tag}) is {:?}, expected Y or N", lossy(value));
            Err(fault(tag, RejectReason::IncorrectDataFormat, text))
        }
    }
}

pub(super) const fn fault(tag: u32, reason: RejectReason, text: String) -> Fault {
    Fault { tag, reason, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_fields() {
        let frame = b"7=5\x0116=\x0136=x\x01123=Q\x0143=Y\x01";
        assert_eq!(required_number(frame, 7, "BeginSeqNo"), Ok(5));
        let check = |tag, reason| {
            assert_eq!(
                required_number(frame, tag, "It").unwrap_err().reason,
                reason,
                "{tag}"
            );
        };
        check(8, RejectReason::RequiredTagMissing);
        check(16, RejectReason::TagWithoutValue);
        check(36, RejectReason::IncorrectDataFormat);
        assert_eq!(flag(frame, 43, "PossDupFlag"), Ok(true));
        assert_eq!(flag(frame, 97, "PossResend"), Ok(false));
        assert_eq!(
            flag(frame, 123, "GapFillFlag").unwrap_err().reason,
            RejectReason::IncorrectDataFormat
        );
    }
}
