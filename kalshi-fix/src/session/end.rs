//! How a session ends: one reason, always.

use std::time::Duration;

use super::{SequenceNumber, SessionState};

/// Why a session ended. It comes once, with [`Event::Ended`](super::Event::Ended), as the last event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// We logged out and the peer answered.
    #[error("logged out")]
    LoggedOut {
        /// The MsgSeqNum (34) of the peer's answer, where that was not the expected one: messages may have
        /// been lost.
        out_of_sequence: Option<OutOfSequence>,
    },
    /// We logged out and no answer came: in time, or before the connection ended.
    #[error("logged out, without an answer within {waited:?}")]
    LogoutUnanswered {
        /// How long the session waited.
        waited: Duration,
    },
    /// We gave up before the session was logged on.
    #[error("given up before the logon was complete (still {state})")]
    Abandoned {
        /// What the session was waiting for.
        state: SessionState,
    },
    /// The peer logged out.
    #[error("the peer logged out{}", said(text.as_ref()))]
    PeerLogout {
        /// Text (58), lossily read as UTF-8.
        text: Option<String>,
        /// Its MsgSeqNum (34), where that was not the expected one: messages may have been lost.
        out_of_sequence: Option<OutOfSequence>,
        /// Whether the peer then left the closing of the connection to us (case 13b of the session test
        /// cases).
        left_open: bool,
    },
    /// Initiator: the logon was refused.
    #[error(transparent)]
    LogonRefused(#[from] LogonRefused),
    /// The logon was not complete in time.
    #[error("no complete logon within {waited:?} (still {state})")]
    LogonTimeout {
        /// How long the session waited.
        waited: Duration,
        /// What it was waiting for.
        state: SessionState,
    },
    /// We started both directions at 1 in mid-session, and no answer came.
    #[error("no answer to the reset of the sequence numbers within {waited:?}")]
    ResetUnanswered {
        /// How long the session waited.
        waited: Duration,
    },
    /// Initiator: the signature could not be made.
    #[error("the logon could not be signed")]
    SigningFailed,
    /// Acceptor: we refused the logon.
    #[error("refused a logon: {text}")]
    RefusedLogon {
        /// Why, as told to the peer where the settings have it told.
        text: String,
    },
    /// The first message was not a Logon (A).
    #[error("the first message was not a logon but of type {msg_type:?}")]
    FirstMessageNotLogon {
        /// Its MsgType (35), lossily read as UTF-8.
        msg_type: String,
    },
    /// The peer's Logon (A) cannot be accepted: what the session protocol demands of it does not hold.
    #[error("invalid logon: {fault}")]
    InvalidLogon {
        /// What is wrong.
        fault: String,
    },
    /// A Logon (A) came on a session that was logged on.
    #[error("a logon came on an established session")]
    UnexpectedLogon,
    /// MsgSeqNum (34) was below the expected one, without PossDupFlag (43).
    #[error("MsgSeqNum too low, expecting {} but received {}", .0.expected, .0.received)]
    SequenceTooLow(OutOfSequence),
    /// MsgSeqNum (34) was above the expected one, and this session has no retransmission: messages were lost.
    #[error("MsgSeqNum too high, expecting {} but received {}, and this session has no retransmission", .0.expected, .0.received)]
    SequenceGap(OutOfSequence),
    /// The peer did not send again what we asked for, though asked as often as the settings allow.
    #[error("no answer to {attempts} requests to send {begin} and what follows again")]
    ResendUnanswered {
        /// The first number that is missing.
        begin: SequenceNumber,
        /// How often the peer was asked without any progress.
        attempts: u32,
    },
    /// The peer rejected our ResendRequest (2): what is missing is older than what it keeps, perhaps. Only a
    /// logon with a reset goes on from here.
    #[error("the peer refused to send {begin} and what follows again{}", said(text.as_ref()))]
    ResendRefused {
        /// The first number that is missing.
        begin: SequenceNumber,
        /// Text (58), lossily read as UTF-8.
        text: Option<String>,
    },
    /// The peer's NextExpectedMsgSeqNum (789) is beyond what we have sent: our numbers were lost, or its are
    /// another session's.
    #[error("NextExpectedMsgSeqNum (789) too high, expected at most {} but received {}", .0.expected, .0.received)]
    NextExpectedTooHigh(OutOfSequence),
    /// The store could not do what it was asked to. Nothing that was to be kept first was sent after that.
    #[error("the store failed: {fault}")]
    StoreFailed {
        /// What the store said.
        fault: String,
    },
    /// The store gave a record that is not what was journalled. It was not sent.
    #[error("the journal's record of message {sequence} cannot be sent again: {fault}")]
    JournalUnusable {
        /// The record's number.
        sequence: SequenceNumber,
        /// What is wrong with it.
        fault: String,
    },
    /// A message had no MsgSeqNum (34), or one that is no number.
    #[error("a message without a readable MsgSeqNum (34)")]
    NoSequenceNumber,
    /// BeginString (8) was not the session's.
    #[error("BeginString (8) is {received:?}, expected {expected:?}")]
    WrongBeginString {
        /// The session's.
        expected: String,
        /// The peer's, lossily read as UTF-8.
        received: String,
    },
    /// SenderCompID (49) or TargetCompID (56) was not the session's.
    #[error("CompID ({tag}) is {received:?}, expected {expected:?}")]
    WrongCompId {
        /// 49 or 56.
        tag: u32,
        /// The session's.
        expected: String,
        /// The peer's, lossily read as UTF-8.
        received: String,
    },
    /// SendingTime (52) was outside the window.
    #[error("SendingTime (52) is {offset_millis} ms from our clock, allowed are {} ms", window.as_millis())]
    SendingTimeOutOfWindow {
        /// The peer's time less ours, in milliseconds.
        offset_millis: i64,
        /// What the settings allow.
        window: Duration,
    },
    /// Nothing was received for too long, a TestRequest (1) notwithstanding.
    #[error("nothing was received for {silent:?}")]
    PeerSilent {
        /// For how long.
        silent: Duration,
    },
    /// The connection ended without a Logout (5).
    #[error("the connection ended while {state}")]
    Disconnected {
        /// Where the session stood.
        state: SessionState,
    },
    /// Our own Logon (A) could not be encoded, though the settings were accepted: a bug, or a signature with
    /// SOH in it.
    #[error("the logon could not be encoded: {fault}")]
    LogonNotEncodable {
        /// What the encoder said.
        fault: String,
    },
}

/// A sequence number that is not the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutOfSequence {
    /// The number that the next message had to have.
    pub expected: SequenceNumber,
    /// The number that it had.
    pub received: SequenceNumber,
}

/// The peer's refusal of our logon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("logon refused{}", said(text.as_ref()))]
#[non_exhaustive]
pub struct LogonRefused {
    /// What kind of refusal it is: whether to wait, to repair something, or to stop.
    pub kind: RefusalKind,
    /// Text (58), lossily read as UTF-8.
    pub text: Option<String>,
    /// SessionRejectReason (373) or BusinessRejectReason (380), where the refusal was a Reject (3) or a
    /// BusinessMessageReject (j).
    pub code: Option<u32>,
}

/// What to make of a refused logon.
///
/// The venue documents one text (`already exists`) and two codes (373=10, 380=8). The rest is read from words
/// of the text, and what is not recognised is [`Other`](RefusalKind::Other).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// Another connection holds the key: wait for it to end (up to 60 s after a crash).
    AlreadyExists,
    /// The signature was not accepted. Trying again does not help.
    Signature,
    /// A CompID is unknown or not entitled to this session. Trying again does not help.
    CompId,
    /// TargetCompID (56) is not that of the session on this port: each session has a port of its own. Trying again
    /// does not help.
    TargetCompId,
    /// The SendingTime (52) was too far from the venue's clock: set ours.
    SendingTime,
    /// The logon was over the rate limit: wait for tokens.
    RateLimit,
    /// The sequence numbers do not fit: log on with a reset.
    Sequence,
    /// Anything else.
    Other,
}

impl RefusalKind {
    /// Reads the kind from a refusal's text and codes; `about` is the RefTagID (371) of a Reject (3).
    pub(super) fn classify(
        text: Option<&str>,
        session_reason: Option<u32>,
        about: Option<u32>,
        business_reason: Option<u32>,
    ) -> Self {
        let text = text.unwrap_or_default().to_ascii_lowercase();
        let by_words = WORDS
            .iter()
            .find(|(words, _)| words.iter().any(|word| text.contains(word)))
            .map_or(RefusalKind::Other, |(_, kind)| *kind);
        match (session_reason, business_reason) {
            (Some(8), _) => RefusalKind::Signature,
            // The code is for both CompIDs.
            (Some(9), _) => match (about, by_words) {
                (Some(56), _) | (None, RefusalKind::TargetCompId) => RefusalKind::TargetCompId,
                _ => RefusalKind::CompId,
            },
            (Some(10), _) => RefusalKind::SendingTime,
            (_, Some(8)) => RefusalKind::RateLimit,
            (_, Some(6)) => RefusalKind::CompId,
            _ => by_words,
        }
    }
}

fn said(text: Option<&String>) -> String {
    text.map_or_else(String::new, |text| format!(": {text}"))
}

/// The first line with a word that the text contains decides.
const WORDS: [(&[&str], RefusalKind); 8] = [
    (
        &["already exists", "already connected", "already logged"],
        RefusalKind::AlreadyExists,
    ),
    (&["rate limit", "too many"], RefusalKind::RateLimit),
    (
        &["sendingtime", "sending time", "timestamp", "clock"],
        RefusalKind::SendingTime,
    ),
    (&["msgseqnum", "sequence"], RefusalKind::Sequence),
    (&["signature", "rawdata", "raw data"], RefusalKind::Signature),
    // What names both is not sure of either.
    (&["sendercompid", "sender comp id"], RefusalKind::CompId),
    (&["targetcompid", "target comp id"], RefusalKind::TargetCompId),
    (
        &[
            "compid",
            "comp id",
            "api key",
            "unknown",
            "entitle",
            "permission",
            "not permitted",
            "not allowed",
            "denied",
            "forbidden",
            "not authorized",
            "unauthorized",
        ],
        RefusalKind::CompId,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        let check = |text: &str, session, business, expected| {
            let kind = RefusalKind::classify(Some(text), session, None, business);
            assert_eq!(kind, expected, "{text}");
        };
        check("already exists", None, None, RefusalKind::AlreadyExists);
        check("Invalid signature", None, None, RefusalKind::Signature);
        check("Unknown SenderCompID", None, None, RefusalKind::CompId);
        check(
            "SendingTime accuracy problem",
            Some(10),
            None,
            RefusalKind::SendingTime,
        );
        check("", Some(9), None, RefusalKind::CompId);
        check("", None, Some(8), RefusalKind::RateLimit);
        check("Rate limit exceeded", None, None, RefusalKind::RateLimit);
        check(
            "MsgSeqNum too low, expecting 5 but received 1",
            None,
            None,
            RefusalKind::Sequence,
        );
        for text in [
            "API key is not entitled to KalshiRT",
            "Missing entitlement",
            "Session not permitted for this key",
            "access denied",
            "Forbidden",
            "unknown API key in SenderCompID (49)",
            "Invalid SenderCompID or TargetCompID",
        ] {
            check(text, None, None, RefusalKind::CompId);
        }
        for text in [
            "TargetCompID (56) is \"KalshiNR\" on the port of KalshiMD",
            "Unknown TargetCompID",
        ] {
            check(text, None, None, RefusalKind::TargetCompId);
            check(text, Some(9), None, RefusalKind::TargetCompId);
        }
        check("go away", None, None, RefusalKind::Other);
        check("maintenance", None, None, RefusalKind::Other);
        let none = RefusalKind::classify(None, None, None, None);
        assert_eq!(none, RefusalKind::Other);
        for (about, expected) in [(56, RefusalKind::TargetCompId), (49, RefusalKind::CompId)] {
            let kind = RefusalKind::classify(Some("CompID problem"), Some(9), Some(about), None);
            assert_eq!(kind, expected, "{about}");
        }
    }

    #[test]
    fn texts() {
        let refused = LogonRefused {
            kind: RefusalKind::Other,
            text: Some("go away".to_owned()),
            code: None,
        };
        assert_eq!(EndReason::from(refused).to_string(), "logon refused: go away");
        let low = OutOfSequence {
            expected: 5,
            received: 3,
        };
        let text = "MsgSeqNum too low, expecting 5 but received 3";
        assert_eq!(EndReason::SequenceTooLow(low).to_string(), text);
    }
}
