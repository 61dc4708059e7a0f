//! What kind of failure ended a session, or kept one from coming about.

use std::fmt;

use crate::session::{EndReason, RefusalKind};

/// A kind of failure, by what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// No connection, a broken one, a silent peer, no answer in time, messages that come too late.
    Network,
    /// The peer logged out, for reasons of its own.
    PeerLogout,
    /// The peer broke the session protocol, or says that we did.
    Protocol,
    /// The logon was refused: another connection holds the API key (`already exists`).
    KeyInUse,
    /// The logon was refused: over the rate limit.
    RateLimited,
    /// The sequence numbers of the two sides do not fit.
    Sequence,
    /// The two clocks are too far apart: the logon was refused for it, or a message comes from the future.
    Clock,
    /// The logon was refused: the signature, the key, a CompID, or what the key is entitled to.
    Credentials,
    /// The logon was refused in words that are not known.
    Refused,
    /// The logon was refused: the port is that of another session, or the key may not use this one there.
    WrongSession,
    /// Whoever answers cannot be trusted: the certificate's issuer, its name, its dates, or the pin.
    Untrusted,
    /// No TLS comes about: what answers does not speak it, or the two sides do not agree on it.
    NoTls,
    /// No connection can be made as it is configured: a host that no certificate can be for, plaintext to another machine.
    Configuration,
    /// The logon could not be signed.
    Signing,
    /// The application did not take events as fast as they came, and had chosen to lose its session for that.
    SlowReader,
    /// Something on our side failed, and will again: the store.
    Local,
    /// The application ended the session.
    Application,
}

impl FailureClass {
    /// The class of a session's end.
    #[must_use]
    pub const fn of(reason: &EndReason) -> FailureClass {
        match reason {
            EndReason::LogonRefused(refused) => FailureClass::of_refusal(refused.kind),
            EndReason::LoggedOut { .. }
            | EndReason::LogoutUnanswered { .. }
            | EndReason::Abandoned { .. }
            | EndReason::RefusedLogon { .. } => FailureClass::Application,
            EndReason::PeerLogout { .. } => FailureClass::PeerLogout,
            EndReason::SequenceTooLow(_)
            | EndReason::SequenceGap(_)
            | EndReason::ResendRefused { .. }
            | EndReason::NextExpectedTooHigh(_) => FailureClass::Sequence,
            // A message that came too late: the network stood still, or this machine did, and to wait longer helps
            // nobody. If it is our clock that runs ahead, the venue refuses the next logon for that.
            EndReason::SendingTimeOutOfWindow { offset_millis, .. } if *offset_millis < 0 => {
                FailureClass::Network
            }
            EndReason::SendingTimeOutOfWindow { .. } => FailureClass::Clock,
            EndReason::SigningFailed => FailureClass::Signing,
            EndReason::LogonNotEncodable { .. }
            | EndReason::StoreFailed { .. }
            | EndReason::JournalUnusable { .. } => FailureClass::Local,
            EndReason::LogonTimeout { .. }
            | EndReason::ResetUnanswered { .. }
            | EndReason::PeerSilent { .. }
            | EndReason::Disconnected { .. } => FailureClass::Network,
            // What a later version of the session may add is the peer's doing until it is sorted in here.
            _ => FailureClass::Protocol,
        }
    }

    /// The class of a refused logon.
    #[must_use]
    pub const fn of_refusal(kind: RefusalKind) -> FailureClass {
        match kind {
            RefusalKind::AlreadyExists => FailureClass::KeyInUse,
            RefusalKind::Signature | RefusalKind::CompId => FailureClass::Credentials,
            RefusalKind::TargetCompId => FailureClass::WrongSession,
            RefusalKind::SendingTime => FailureClass::Clock,
            RefusalKind::RateLimit => FailureClass::RateLimited,
            RefusalKind::Sequence => FailureClass::Sequence,
            RefusalKind::Other => FailureClass::Refused,
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FailureClass::Network => "network",
            FailureClass::PeerLogout => "peer_logout",
            FailureClass::Protocol => "protocol",
            FailureClass::KeyInUse => "key_in_use",
            FailureClass::RateLimited => "rate_limited",
            FailureClass::Sequence => "sequence",
            FailureClass::Clock => "clock",
            FailureClass::Credentials => "credentials",
            FailureClass::Refused => "refused",
            FailureClass::WrongSession => "wrong_session",
            FailureClass::Untrusted => "untrusted",
            FailureClass::NoTls => "no_tls",
            FailureClass::Configuration => "configuration",
            FailureClass::Signing => "signing",
            FailureClass::SlowReader => "slow_reader",
            FailureClass::Local => "local",
            FailureClass::Application => "application",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::session::{OutOfSequence, SessionState};

    #[test]
    fn ends_have_a_class() {
        let low = OutOfSequence {
            expected: 5,
            received: 3,
        };
        let checks = [
            (
                EndReason::LoggedOut {
                    out_of_sequence: None,
                },
                FailureClass::Application,
            ),
            (
                EndReason::PeerLogout {
                    text: None,
                    out_of_sequence: None,
                    left_open: false,
                },
                FailureClass::PeerLogout,
            ),
            (
                EndReason::Disconnected {
                    state: SessionState::Established,
                },
                FailureClass::Network,
            ),
            (
                EndReason::PeerSilent {
                    silent: Duration::from_secs(72),
                },
                FailureClass::Network,
            ),
            (EndReason::SequenceTooLow(low), FailureClass::Sequence),
            (EndReason::SequenceGap(low), FailureClass::Sequence),
            (
                EndReason::SendingTimeOutOfWindow {
                    offset_millis: 31_000,
                    window: Duration::from_secs(30),
                },
                FailureClass::Clock,
            ),
            // A message that came too late: the network stood still, or this machine did.
            (
                EndReason::SendingTimeOutOfWindow {
                    offset_millis: -35_000,
                    window: Duration::from_secs(30),
                },
                FailureClass::Network,
            ),
            (EndReason::NoSequenceNumber, FailureClass::Protocol),
            (EndReason::SigningFailed, FailureClass::Signing),
        ];
        for (reason, expected) in checks {
            assert_eq!(FailureClass::of(&reason), expected, "{reason}");
        }
    }

    #[test]
    fn refusals_have_a_class() {
        let check = |kind, expected| assert_eq!(FailureClass::of_refusal(kind), expected, "{kind:?}");
        check(RefusalKind::AlreadyExists, FailureClass::KeyInUse);
        check(RefusalKind::Signature, FailureClass::Credentials);
        check(RefusalKind::CompId, FailureClass::Credentials);
        check(RefusalKind::TargetCompId, FailureClass::WrongSession);
        check(RefusalKind::SendingTime, FailureClass::Clock);
        check(RefusalKind::RateLimit, FailureClass::RateLimited);
        check(RefusalKind::Sequence, FailureClass::Sequence);
        check(RefusalKind::Other, FailureClass::Refused);
    }
}
