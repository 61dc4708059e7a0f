//! What a session is to do, as data: the venue's profile, the standard's, and every point where they differ.

use std::ops::RangeInclusive;
use std::time::Duration;

use fix_dialect::{EncodeError, Precision, SOH, SessionHeader};

use super::core::MAX_SEQUENCE;
use super::logon::RESERVED;
use super::{
    Acknowledgement, GapPolicy, Identity, InSessionReset, Journal, JournalGate, Logon, LogonField,
    MessageTypes, Recovery, RefusalStyle, ResendPolicy, ResetRule, Sequences, SettingsError,
};

/// Which side of the connection a session is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Role {
    /// Opens the connection and speaks first, with this Logon (A).
    Initiator(Logon),
    /// Waits for a Logon (A).
    Acceptor,
}

/// The rules of one session.
///
/// Start from a profile and change what differs:
///
/// ```
/// use kalshi_fix::session::{Identity, SessionSettings};
///
/// let mut settings = SessionSettings::kalshi_prediction(Identity::initiator("api-key-id", "KalshiNR"));
/// settings.max_frame = 64 * 1024;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionSettings {
    /// BeginString (8) of both directions.
    pub begin_string: String,
    /// Who we are and who the peer must be.
    pub identity: Identity,
    /// Where the sequence numbers stand when the connection opens. Not used by an initiator whose logon
    /// resets them, nor by an acceptor, which learns them with
    /// [`accept_logon`](super::Session::accept_logon).
    pub sequences: Sequences,
    /// The HeartBtInt (108) values, in seconds, that a logon may carry. Kalshi: above 3 on prediction, at
    /// least 3 on margin. 0 stands for no heartbeats at all, where the range includes it.
    pub heart_bt_int: RangeInclusive<u32>,
    /// How far an inbound SendingTime (52) may be from our clock; `None` takes any. Kalshi: 30 s; the
    /// standard's default: 120 s.
    pub sending_time_window: Option<Duration>,
    /// Digits of the SendingTime (52) that we write. Kalshi: milliseconds.
    pub sending_time_precision: Precision,
    /// A TestRequest (1) goes out when nothing was received for this many percent of HeartBtInt (108).
    pub test_request_percent: u32,
    /// The peer counts as gone when nothing was received for this many percent of HeartBtInt (108).
    pub silence_percent: u32,
    /// How long the logon may take: for an initiator from the connection to the answer, the signature
    /// included; for an acceptor from the connection to the application's decision.
    pub logon_timeout: Duration,
    /// How long the answer to our Logout (5) may take (the standard's LogoutAckThreshold).
    pub logout_ack: Duration,
    /// How long the peer may take to close the connection after its Logout (5) was answered.
    pub disconnect_wait: Duration,
    /// The longest inbound frame, in bytes. A longer one is garbled.
    pub max_frame: usize,
    /// [`handle_bytes`](super::Session::handle_bytes) stops when this many events wait. A resend goes on; one whose policy holds
    /// messages back, each of which is an event, up to twice this and a [page](Self::resend_page).
    pub max_events: usize,
    /// `send` refuses when this many bytes wait to be sent. [`handle_bytes`](super::Session::handle_bytes) goes on
    /// up to twice this and two [pages](Self::resend_page) more.
    pub max_pending_transmit: usize,
    /// What an MsgSeqNum (34) above the expected one leads to.
    pub gap_policy: GapPolicy,
    /// Whether a Logon (A) must carry ResetSeqNumFlag (141) = Y.
    pub reset: ResetRule,
    /// How an acceptor tells a peer that its logon is refused.
    pub refusal: RefusalStyle,
    /// Which message types are known.
    pub message_types: MessageTypes,
    /// What a Logon (A) with ResetSeqNumFlag (141) = Y in mid-session leads to.
    pub in_session_reset: InSessionReset,
    /// Whether outbound messages and numbers are handed to a store.
    pub journal: Journal,
    /// What a ResendRequest (2) gets of the journal. Without a journal it gets a gap fill.
    pub resend: ResendPolicy,
    /// How old a message may be that a ResendRequest (2) begins with; one that begins with an older message is
    /// rejected (Reject (3)), as Kalshi documents of itself: 24 h, or up to 72 h by MessageRetentionPeriod.
    /// `None`: any.
    pub resend_window: Option<Duration>,
    /// How many bytes of the journal a [`StoreOperation::Read`](super::StoreOperation::Read) asks for at most,
    /// and about how many of a resend wait to be sent at a time.
    pub resend_page: usize,
    /// How far the store is told that inbound messages were received.
    pub acknowledgement: Acknowledgement,
    /// Whether a Logon (A) carries NextExpectedMsgSeqNum (789), and that of the peer's is acted upon: each side
    /// sends again what the other one lacks without being asked.
    pub next_expected: bool,
    /// Whether every message carries LastMsgSeqNumProcessed (369).
    pub last_processed: bool,
    /// From which difference between the peer's clock and ours on
    /// [`Event::ClockSkew`](super::Event::ClockSkew) warns; `None`: never.
    pub clock_skew_warning: Option<Duration>,
}

impl SessionSettings {
    /// Kalshi's prediction exchange, without retransmission.
    #[must_use]
    pub fn kalshi_prediction(identity: Identity) -> Self {
        SessionSettings {
            heart_bt_int: 4..=3600,
            sending_time_window: Some(Duration::from_secs(30)),
            reset: ResetRule::Required,
            refusal: RefusalStyle::Logout,
            clock_skew_warning: Some(Duration::from_secs(5)),
            ..SessionSettings::standard("FIXT.1.1", identity)
        }
    }

    /// Kalshi's margin exchange, without retransmission.
    #[must_use]
    pub fn kalshi_margin(identity: Identity) -> Self {
        SessionSettings {
            heart_bt_int: 3..=3600,
            ..SessionSettings::kalshi_prediction(identity)
        }
    }

    /// Kalshi's prediction exchange, with retransmission: `KalshiRT` and `KalshiPT`.
    ///
    /// Of our own messages those of this connection are sent again when the venue asks for them, older ones are filled over
    /// ([`ResendPolicy::ThisConnection`]); [`resend`](Self::resend) changes that.
    #[must_use]
    pub fn kalshi_prediction_retransmitting(identity: Identity) -> Self {
        SessionSettings {
            resend: ResendPolicy::ThisConnection,
            ..SessionSettings::kalshi_prediction(identity).retransmitting()
        }
    }

    /// Kalshi's margin exchange, with retransmission: `KalshiRT`. As
    /// [`kalshi_prediction_retransmitting`](Self::kalshi_prediction_retransmitting).
    #[must_use]
    pub fn kalshi_margin_retransmitting(identity: Identity) -> Self {
        SessionSettings {
            heart_bt_int: 3..=3600,
            ..SessionSettings::kalshi_prediction_retransmitting(identity)
        }
    }

    /// The same with a journal, resends in both directions, and numbers that outlive the connection. A logon
    /// may reset them, and need not.
    #[must_use]
    pub fn retransmitting(self) -> Self {
        SessionSettings {
            gap_policy: GapPolicy::Resend(Recovery::default()),
            journal: Journal::Keep(JournalGate::HandedOut),
            reset: ResetRule::Optional,
            resend: ResendPolicy::Replay,
            ..self
        }
    }

    /// The standard's recommended values (FIX session layer, FIXT.1.1), for any version.
    #[must_use]
    pub fn standard(begin_string: impl Into<String>, identity: Identity) -> Self {
        SessionSettings {
            begin_string: begin_string.into(),
            identity,
            sequences: Sequences::START,
            heart_bt_int: 0..=3600,
            sending_time_window: Some(Duration::from_mins(2)),
            sending_time_precision: Precision::MILLIS,
            test_request_percent: 120,
            silence_percent: 240,
            logon_timeout: Duration::from_secs(10),
            logout_ack: Duration::from_secs(2),
            disconnect_wait: Duration::from_secs(10),
            max_frame: 1 << 20,
            max_events: 1024,
            max_pending_transmit: 4 << 20,
            gap_policy: GapPolicy::Logout,
            reset: ResetRule::Optional,
            refusal: RefusalStyle::Silent,
            message_types: MessageTypes::any(),
            in_session_reset: InSessionReset::Refuse,
            journal: Journal::None,
            resend: ResendPolicy::Replay,
            resend_window: None,
            resend_page: 64 << 10,
            acknowledgement: Acknowledgement::OnDelivery,
            next_expected: false,
            last_processed: false,
            clock_skew_warning: Some(Duration::from_secs(20)),
        }
    }
}

impl SessionSettings {
    /// Reading stops when this many bytes wait to be sent.
    ///
    /// Not as soon as `send` refuses, nor for a resend that fills the transport: two sides that wait for each other to
    /// read would wait for ever. What reading itself adds is small, the session's own messages.
    pub(super) const fn reading_limit(&self) -> usize {
        self.max_pending_transmit
            .saturating_add(self.resend_page)
            .saturating_mul(2)
    }
}

/// What cannot work is refused before there is a connection.
impl SessionSettings {
    pub(super) fn validate(&self, role: &Role) -> Result<(), SettingsError> {
        let identity = &self.identity;
        SessionHeader::new(&self.begin_string, &identity.sender_comp_id, "peer")
            .map_err(SettingsError::from_encode)?;
        let least = identity.sender_comp_id.len() + MINIMUM_FRAME;
        for (what, limit) in [
            ("max_frame", self.max_frame),
            ("max_pending_transmit", self.max_pending_transmit),
            ("max_events", self.max_events.saturating_mul(least)),
            ("resend_page", self.resend_page),
        ] {
            if limit < least {
                return Err(SettingsError::TooSmall { what });
            }
        }
        if self.test_request_percent < 100 || self.silence_percent <= self.test_request_percent {
            return Err(SettingsError::Percent);
        }
        for number in [self.sequences.next_incoming, self.sequences.next_outgoing] {
            if !(1..=MAX_SEQUENCE).contains(&number) {
                return Err(SettingsError::Sequence {
                    maximum: MAX_SEQUENCE,
                });
            }
        }
        self.validate_retransmission()?;
        match role {
            Role::Initiator(logon) => self.validate_logon(logon),
            Role::Acceptor => Ok(()),
        }
    }

    fn validate_retransmission(&self) -> Result<(), SettingsError> {
        if self.journal == Journal::None {
            let needs = [
                (
                    matches!(self.gap_policy, GapPolicy::Resend(_)),
                    "GapPolicy::Resend",
                ),
                (
                    self.acknowledgement == Acknowledgement::Explicit,
                    "Acknowledgement::Explicit",
                ),
                (self.resend_window.is_some(), "resend_window"),
            ];
            if let Some((_, what)) = needs.into_iter().find(|(set, _)| *set) {
                return Err(SettingsError::NeedsJournal { what });
            }
        }
        match self.gap_policy {
            GapPolicy::Resend(recovery) if recovery.attempts == 0 || recovery.timeout.is_zero() => {
                Err(SettingsError::Recovery)
            }
            GapPolicy::Logout if self.next_expected => Err(SettingsError::NextExpected),
            _ => Ok(()),
        }
    }

    fn validate_logon(&self, logon: &Logon) -> Result<(), SettingsError> {
        if self.identity.target_comp_id.is_none() {
            return Err(SettingsError::NoTarget);
        }
        if !self.heart_bt_int.contains(&logon.heart_bt_int) {
            return Err(SettingsError::HeartBtInt {
                value: logon.heart_bt_int,
                minimum: *self.heart_bt_int.start(),
                maximum: *self.heart_bt_int.end(),
            });
        }
        if self.reset == ResetRule::Required && !logon.reset {
            return Err(SettingsError::ResetRequired);
        }
        if let Some(version) = &logon.default_appl_ver_id {
            check_writable(1137, version.as_bytes())?;
        }
        check_logon_fields(&logon.fields)
    }
}

/// Logon fields that the session neither writes itself nor cannot write.
pub(super) fn check_logon_fields(fields: &[LogonField]) -> Result<(), SettingsError> {
    for LogonField { tag, value } in fields {
        if *tag == 0 || *tag > MAX_TAG || RESERVED.contains(tag) {
            return Err(SettingsError::ReservedTag { tag: *tag });
        }
        check_writable(*tag, value)?;
    }
    Ok(())
}

fn check_writable(tag: u32, value: &[u8]) -> Result<(), SettingsError> {
    if value.is_empty() || value.contains(&SOH) {
        return Err(SettingsError::NotWritable {
            what: format!("the value of tag {tag} is empty or holds the field delimiter"),
        });
    }
    Ok(())
}

impl SettingsError {
    pub(super) fn from_encode(error: EncodeError) -> Self {
        SettingsError::NotWritable {
            what: error.to_string(),
        }
    }
}

/// Room for a frame of the session's own, CompIDs and a short text included.
const MINIMUM_FRAME: usize = 256;
const MAX_TAG: u32 = 9_999_999;
