//! What a session is to do, as data: the venue's profile, the standard's, and every point where they differ.

use std::ops::RangeInclusive;
use std::time::Duration;

use fix_dialect::{EncodeError, Precision, SOH, SessionHeader};

use super::core::MAX_SEQUENCE;
use super::logon::RESERVED;
use super::{Logon, LogonField, Sequences, SettingsError};

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
    /// [`handle_bytes`](super::Session::handle_bytes) stops when this many events wait.
    pub max_events: usize,
    /// [`handle_bytes`](super::Session::handle_bytes) stops, and `send` refuses, when this many bytes wait to
    /// be sent.
    pub max_pending_transmit: usize,
    /// What an MsgSeqNum (34) above the expected one leads to.
    pub gap_policy: GapPolicy,
    /// Whether a Logon (A) must carry ResetSeqNumFlag (141) = Y.
    pub reset: ResetRule,
    /// How an acceptor tells a peer that its logon is refused.
    pub refusal: RefusalStyle,
    /// Which message types are known.
    pub message_types: MessageTypes,
    /// Whether outbound messages and numbers are handed to a store.
    pub journal: Journal,
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
            journal: Journal::None,
        }
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
        match role {
            Role::Initiator(logon) => self.validate_logon(logon),
            Role::Acceptor => Ok(()),
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

/// Who is who on a session.
///
/// On Kalshi the two directions do not mirror each other: a client writes `KalshiNR` (and its like) as
/// TargetCompID (56), and the venue's own SenderCompID (49) is `Kalshi`, or `KalshiMD` on market data. So
/// what we write and what we expect are settings of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// SenderCompID (49) of what we send.
    pub sender_comp_id: String,
    /// TargetCompID (56) of what we send. `None` for an acceptor: the SenderCompID of the peer's logon.
    pub target_comp_id: Option<String>,
    /// SenderCompID (49) that the peer must write. `None`: learned from its Logon (A), and held from then on.
    pub peer_sender_comp_id: Option<String>,
    /// TargetCompID (56) that the peer must write. `None`: learned from its Logon (A), and held from then on.
    pub peer_target_comp_id: Option<String>,
}

impl Identity {
    /// A client: writes these two, expects its own SenderCompID back as TargetCompID, and learns what the
    /// peer calls itself from the answer to the logon (documented as `Kalshi`; `KalshiMD` in the market data
    /// examples).
    #[must_use]
    pub fn initiator(sender_comp_id: impl Into<String>, target_comp_id: impl Into<String>) -> Self {
        let sender_comp_id = sender_comp_id.into();
        Identity {
            peer_target_comp_id: Some(sender_comp_id.clone()),
            sender_comp_id,
            target_comp_id: Some(target_comp_id.into()),
            peer_sender_comp_id: None,
        }
    }

    /// An exchange: writes this SenderCompID and learns the rest from the logon, whose CompIDs the
    /// application judges when it is asked to accept it.
    #[must_use]
    pub fn acceptor(sender_comp_id: impl Into<String>) -> Self {
        Identity {
            sender_comp_id: sender_comp_id.into(),
            target_comp_id: None,
            peer_sender_comp_id: None,
            peer_target_comp_id: None,
        }
    }
}

/// What an inbound MsgSeqNum (34) above the expected one leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapPolicy {
    /// Logout (5) with a text that names both numbers, then the end: what a session without retransmission
    /// can do.
    Logout,
}

/// Whether a logon must reset the sequence numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetRule {
    /// ResetSeqNumFlag (141) must be Y: Kalshi's sessions without retransmission.
    Required,
    /// Either.
    Optional,
}

/// How an acceptor tells a peer that its logon is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalStyle {
    /// Logout (5) with a text and MsgSeqNum (34) = 1, or Reject (3), without touching a store; then the end.
    /// Kalshi.
    Logout,
    /// Nothing is said. The standard, since a message would take a number of a session that is not the
    /// peer's.
    Silent,
}

/// Whether outbound messages and sequence numbers are handed to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// No store operation is asked for.
    None,
    /// Outbound application messages and the numbers of both directions.
    Keep(JournalGate),
}

/// When a frame may leave whose store operation comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalGate {
    /// As soon as the operation was taken by [`poll_store`](super::Session::poll_store).
    HandedOut,
    /// When [`handle_stored`](super::Session::handle_stored) has confirmed it.
    Stored,
}

/// Which application message types a session takes. Session message types are always known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageTypes {
    /// `None`: any. Otherwise sorted, with whether the type is supported.
    known: Option<Vec<(Box<[u8]>, bool)>>,
}

/// What a [`MessageTypes`] says of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Supported,
    Unsupported,
    Unknown,
}

impl MessageTypes {
    /// Any type is delivered: the lenient profile, right for a client that must not lose a fill to a new
    /// type.
    #[must_use]
    pub const fn any() -> Self {
        MessageTypes { known: None }
    }

    /// Only `supported` types are delivered. Other `defined` ones are answered with BusinessMessageReject (j)
    /// 380=3, all others with Reject (3) 373=11: the strict profile of an exchange.
    ///
    /// ```
    /// use kalshi_fix::session::MessageTypes;
    ///
    /// let types = MessageTypes::strict(["D", "F", "G"], ["8", "9"]);
    /// ```
    pub fn strict<T: AsRef<[u8]>, U: AsRef<[u8]>>(
        supported: impl IntoIterator<Item = T>,
        defined: impl IntoIterator<Item = U>,
    ) -> Self {
        let mut known: Vec<(Box<[u8]>, bool)> = defined
            .into_iter()
            .map(|name| (Box::from(name.as_ref()), false))
            .chain(supported.into_iter().map(|name| (Box::from(name.as_ref()), true)))
            .collect();
        known.sort();
        known.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            earlier.1 |= same && later.1;
            same
        });
        MessageTypes { known: Some(known) }
    }

    pub(super) fn known(&self, msg_type: &[u8]) -> Known {
        let Some(known) = &self.known else {
            return Known::Supported;
        };
        match known.binary_search_by(|(name, _)| (**name).cmp(msg_type)) {
            Ok(at) if known[at].1 => Known::Supported,
            Ok(_) => Known::Unsupported,
            Err(_) => Known::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_types() {
        let strict = MessageTypes::strict(["D", "G", "UOG"], ["8", "D", "9"]);
        let check = |msg_type: &str, expected| {
            assert_eq!(strict.known(msg_type.as_bytes()), expected, "{msg_type}");
            assert_eq!(
                MessageTypes::any().known(msg_type.as_bytes()),
                Known::Supported,
                "{msg_type}"
            );
        };
        check("D", Known::Supported);
        check("G", Known::Supported);
        check("UOG", Known::Supported);
        check("8", Known::Unsupported);
        check("9", Known::Unsupported);
        check("UO", Known::Unknown);
        check("", Known::Unknown);
    }
}
