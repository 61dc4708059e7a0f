//! The contents of a Logon (A), on both sides of it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use fix_dialect::{SOH, Timestamp, is_secret};

use super::output::Hidden;
use super::{SequenceNumber, Sequences, Ticket};

/// What an initiator's Logon (A) carries.
///
/// ```
/// use kalshi_fix::session::Logon;
///
/// let logon = Logon::new(30).reset().signed().default_appl_ver_id("9").field(21005, "Y");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Logon {
    /// HeartBtInt (108) in seconds.
    pub heart_bt_int: u32,
    /// ResetSeqNumFlag (141): both directions start at 1. `false` leaves the field out.
    pub reset: bool,
    /// DefaultApplVerID (1137), required by FIXT.1.1; Kalshi's is `9`.
    pub default_appl_ver_id: Option<String>,
    /// Whether RawData (96) carries a signature, for which the session asks with
    /// [`Event::SignLogon`](super::Event::SignLogon).
    pub signed: bool,
    /// Whether RawDataLength (95) goes before RawData (96). The standard requires it; the venue's documented
    /// sample logons do without.
    pub raw_data_length: bool,
    /// Further fields of the body, in this order, after those above: the dialect's flags.
    pub fields: Vec<LogonField>,
}

impl Logon {
    /// A logon with this HeartBtInt (108), in seconds, and nothing else.
    #[must_use]
    pub const fn new(heart_bt_int: u32) -> Self {
        Logon {
            heart_bt_int,
            reset: false,
            default_appl_ver_id: None,
            signed: false,
            raw_data_length: false,
            fields: Vec::new(),
        }
    }

    /// With ResetSeqNumFlag (141) = Y.
    #[must_use]
    pub const fn reset(mut self) -> Self {
        self.reset = true;
        self
    }

    /// With a signature in RawData (96).
    #[must_use]
    pub const fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    /// With RawDataLength (95) before RawData (96).
    #[must_use]
    pub const fn raw_data_length(mut self) -> Self {
        self.raw_data_length = true;
        self
    }

    /// With this DefaultApplVerID (1137).
    #[must_use]
    pub fn default_appl_ver_id(mut self, value: impl Into<String>) -> Self {
        self.default_appl_ver_id = Some(value.into());
        self
    }

    /// With one more field.
    #[must_use]
    pub fn field(mut self, tag: u32, value: impl Into<Vec<u8>>) -> Self {
        self.fields.push(LogonField {
            tag,
            value: value.into(),
        });
        self
    }
}

/// One field of a Logon (A) body that the session does not interpret.
#[derive(Clone, PartialEq, Eq)]
pub struct LogonField {
    /// The tag. Not one that the session writes itself (the header, the trailer, 95, 96, 98, 108, 141, 789, 1137).
    pub tag: u32,
    /// The value, not empty and without SOH.
    pub value: Vec<u8>,
}

/// Values of secret tags (554, 925 and their like) are not shown.
impl fmt::Debug for LogonField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_secret(self.tag) {
            write!(formatter, "{}={:?}", self.tag, Hidden(self.value.len()))
        } else {
            write!(
                formatter,
                "{}={:?}",
                self.tag,
                String::from_utf8_lossy(&self.value)
            )
        }
    }
}

/// A session's request for the signature of its Logon (A).
///
/// The SendingTime (52) is fixed at this moment and goes out unchanged, since it is part of what is signed.
/// Answer with [`handle_signature`](super::Session::handle_signature) before the logon time-out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignLogon {
    /// Names the request.
    pub ticket: Ticket,
    /// What is to be signed: SendingTime, MsgType, MsgSeqNum, SenderCompID and TargetCompID, joined by SOH.
    pub pre_hash: Vec<u8>,
}

/// The signature that a logon needs could not be made. Why is the signer's to tell; the session only ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, thiserror::Error)]
#[error("the logon could not be signed")]
pub struct SigningFailed;

/// A Logon (A) that an acceptor has read, found well formed and in time, and not yet acted upon: neither its
/// ResetSeqNumFlag (141) nor its MsgSeqNum (34) has had any effect.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogonRequest {
    /// SenderCompID (49): who wants in.
    pub sender_comp_id: String,
    /// TargetCompID (56): to what.
    pub target_comp_id: String,
    /// MsgSeqNum (34).
    pub msg_seq_num: SequenceNumber,
    /// SendingTime (52).
    pub sending_time: Timestamp,
    /// HeartBtInt (108) in seconds, within the settings' range.
    pub heart_bt_int: u32,
    /// Whether ResetSeqNumFlag (141) is Y.
    pub reset: bool,
    /// What the signature in RawData (96) must have been made over.
    pub pre_hash: Vec<u8>,
    /// RawData (96), if there is one.
    pub raw_data: Option<Vec<u8>>,
    /// The whole frame, for the dialect's own fields.
    pub frame: Bytes,
}

/// Shows neither the frame nor RawData (96).
impl fmt::Debug for LogonRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LogonRequest")
            .field("sender_comp_id", &self.sender_comp_id)
            .field("target_comp_id", &self.target_comp_id)
            .field("msg_seq_num", &self.msg_seq_num)
            .field("sending_time", &self.sending_time)
            .field("heart_bt_int", &self.heart_bt_int)
            .field("reset", &self.reset)
            .field(
                "raw_data",
                &self.raw_data.as_ref().map(|value| Hidden(value.len())),
            )
            .field("frame", &Hidden(self.frame.len()))
            .finish_non_exhaustive()
    }
}

/// An acceptor's yes to a logon.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acceptance {
    /// Where the sequence numbers of this peer stand. Not used when the logon resets them.
    pub sequences: Sequences,
    /// Further fields of the answering Logon (A), after those that the session writes.
    pub fields: Vec<LogonField>,
    /// [`SessionSettings::resend_window`](super::SessionSettings::resend_window) of this session, where the logon had a
    /// say in it (MessageRetentionPeriod (20200) on Kalshi). `None`: as the settings say.
    pub resend_window: Option<Duration>,
}

/// An acceptor's no to a logon. [`RefusalStyle::Silent`](super::RefusalStyle::Silent) says neither on the
/// wire.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Logout (5) with this text: unknown identity, bad signature, key in use (`already exists`).
    Logout(String),
    /// Reject (3) with 373=10: the SendingTime (52) is not acceptable.
    SendingTime(String),
}

/// The bytes that a logon's signature covers (venue's authentication rule).
pub(super) fn pre_hash(
    sending_time_text: &[u8],
    msg_seq_num: SequenceNumber,
    sender_comp_id: &[u8],
    target_comp_id: &[u8],
) -> Vec<u8> {
    [
        sending_time_text,
        b"A",
        msg_seq_num.to_string().as_bytes(),
        sender_comp_id,
        target_comp_id,
    ]
    .join(&SOH)
}

/// Tags of a Logon (A) that the session writes itself.
pub(super) const RESERVED: [u32; 19] = [
    8, 9, 10, 34, 35, 43, 49, 52, 56, 95, 96, 97, 98, 108, 122, 141, 369, 789, 1137,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_out_of_debug() {
        let logon = Logon::new(30).field(554, "hunter2").field(553, "me");
        assert_eq!(format!("{:?}", logon.fields), "[554=<7 bytes>, 553=\"me\"]");
    }

    #[test]
    fn what_is_signed() {
        let expected = b"20230809-05:28:18.035\x01A\x011\x01b1d4e1a0\x01KalshiNR";
        assert_eq!(
            pre_hash(b"20230809-05:28:18.035", 1, b"b1d4e1a0", b"KalshiNR"),
            expected
        );
    }
}
