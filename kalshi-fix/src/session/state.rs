//! The states of a session and what leads from one to the next.
//!
//! A [`Session`](super::Session) lives as long as one transport connection. What outlives it (sequence
//! numbers, the journal) goes out as store operations and comes back in through
//! [`Sequences`](super::Sequences) when the next one is built.
//!
//! ```text
//!                              ┌────────┐
//!                              │  Idle  │
//!                              └───┬────┘
//!                     connected    │    connected
//!              ┌───── (initiator) ─┴─ (acceptor) ─────┐
//!              ▼                                      ▼
//!        ┌───────────┐                        ┌───────────────┐
//!        │  Signing  │ unsigned logons        │ AwaitingLogon │
//!        └─────┬─────┘ skip this state        └───────┬───────┘
//!   handle_    │                                      │ Logon (A), well formed and in time
//!   signature  ▼                                      ▼
//!        ┌───────────┐                        ┌────────────────┐
//!        │ LogonSent │                        │ Authenticating │ no bytes are read in this state
//!        └─────┬─────┘                        └───────┬────────┘
//!              │ Logon (A)                            │ accept_logon
//!              └──────────────►┌─────────────┐◄───────┘
//!                              │ Established │
//!                              └──┬───┬───┬──┘
//!                 logout          │   │   │   Logout (5) from the peer, answered
//!            ┌────────────────────┘   │   └────────────────────┐
//!            ▼                        │ a violation,           ▼
//!     ┌────────────┐                  │ our Logout    ┌────────────────────┐
//!     │ LogoutSent │                  │ says which    │ AwaitingDisconnect │
//!     └──┬─────┬───┘                  ▼               └─────────┬──────────┘
//!        │     │ a violation     ┌─────────┐                    │ end of stream,
//!        │     └────────────────►│ Failing │                    │ DisconnectWait
//!        │                       └────┬────┘                    │
//!        │ Logout (5), end of stream, │                         │
//!        │ LogoutAck                  ▼                         │
//!        └──────────────────────►┌─────────┐◄───────────────────┘
//!                                │  Ended  │
//!                                └─────────┘
//! ```
//!
//! Edges that the drawing leaves out, because they would cross it:
//!
//! - every state goes to `Ended` on the end of the stream, and on a failure after which nothing more is said;
//! - `LogonSent` goes to `Failing` when the answer to the logon cannot be accepted; a Logout, Reject or
//!   BusinessMessageReject there is a refusal and ends the session at once;
//! - `Authenticating` goes to `Ended` by `refuse_logon`, and to `Failing` when the MsgSeqNum (34) of the
//!   accepted logon does not fit the numbers that came with the acceptance;
//! - `LogoutSent` never goes to `AwaitingDisconnect`: the peer's Logout is the answer, even if it crossed
//!   ours.
//!
//! Two things go on within `Established` and `LogoutSent`, beside the diagram and independent of each other:
//!
//! - serving what the peer has asked for again, drawn at the head of `session/resend.rs`: what is sent meanwhile
//!   is held back until it is done;
//! - recovering what we miss ourselves, drawn at the head of `session/recovery.rs`: what comes early is kept or
//!   dropped until the gap is closed.
//!
//! Where both sides lack something, theirs is served first. Leaving the two states ends both; a session that
//! retransmits finds its gaps again with the next connection's logon.
//!
//! In `Failing` and `AwaitingDisconnect` whatever else the peer says is read and dropped. In `LogoutSent`
//! application messages are still delivered: a fill that was under way when we said goodbye is as real as any
//! other.

use std::fmt;

/// Where a session stands. The diagram of the transitions stands at the head of `session/state.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionState {
    /// Without a connection: built and not connected yet, or between two connections.
    Idle,
    /// Initiator: waits for the signature of its Logon (A).
    Signing,
    /// Initiator: has sent its Logon (A) and waits for the answer.
    LogonSent,
    /// Acceptor: connected, and waits for the first message.
    AwaitingLogon,
    /// Acceptor: has read a Logon (A) and waits for the application to accept or to refuse it.
    Authenticating,
    /// Logged on; application messages flow.
    Established,
    /// We have sent Logout (5) and wait for the answer.
    LogoutSent,
    /// The peer has logged out, we have answered, and wait for it to close the connection.
    AwaitingDisconnect,
    /// We have sent a Logout (5) that names a violation, and give the peer the time to read it.
    Failing,
    /// Over. The reason was the last event.
    Ended,
}

impl SessionState {
    /// All states, in the order of a session's life.
    pub const ALL: [SessionState; 10] = [
        SessionState::Idle,
        SessionState::Signing,
        SessionState::LogonSent,
        SessionState::AwaitingLogon,
        SessionState::Authenticating,
        SessionState::Established,
        SessionState::LogoutSent,
        SessionState::AwaitingDisconnect,
        SessionState::Failing,
        SessionState::Ended,
    ];

    /// Whether the diagram has an edge from `self` to `next`.
    #[must_use]
    pub const fn may_become(self, next: SessionState) -> bool {
        match next {
            SessionState::Idle => false,
            SessionState::Signing | SessionState::AwaitingLogon => matches!(self, SessionState::Idle),
            SessionState::LogonSent => matches!(self, SessionState::Idle | SessionState::Signing),
            SessionState::Authenticating => matches!(self, SessionState::AwaitingLogon),
            SessionState::Established => {
                matches!(self, SessionState::LogonSent | SessionState::Authenticating)
            }
            SessionState::LogoutSent | SessionState::AwaitingDisconnect => {
                matches!(self, SessionState::Established)
            }
            SessionState::Failing => matches!(
                self,
                SessionState::LogonSent
                    | SessionState::Authenticating
                    | SessionState::Established
                    | SessionState::LogoutSent
            ),
            SessionState::Ended => !matches!(self, SessionState::Ended),
        }
    }

    /// Whether application messages may be sent.
    #[must_use]
    pub const fn is_established(self) -> bool {
        matches!(self, SessionState::Established)
    }

    /// Whether the session is over.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        matches!(self, SessionState::Ended)
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            SessionState::Idle => "idle",
            SessionState::Signing => "signing its logon",
            SessionState::LogonSent => "waiting for the answer to its logon",
            SessionState::AwaitingLogon => "waiting for a logon",
            SessionState::Authenticating => "authenticating a logon",
            SessionState::Established => "established",
            SessionState::LogoutSent => "waiting for the answer to its logout",
            SessionState::AwaitingDisconnect => "waiting for the peer to disconnect",
            SessionState::Failing => "logging out after a violation",
            SessionState::Ended => "ended",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_can_end_and_none_returns() {
        for state in SessionState::ALL {
            assert!(!state.may_become(SessionState::Idle), "{state:?}");
            assert_eq!(
                state.may_become(SessionState::Ended),
                state != SessionState::Ended,
                "{state:?}"
            );
            assert!(!state.may_become(state), "{state:?}");
        }
    }

    #[test]
    fn only_a_logon_leads_to_established() {
        let before: Vec<SessionState> = SessionState::ALL
            .into_iter()
            .filter(|state| state.may_become(SessionState::Established))
            .collect();
        assert_eq!(before, [SessionState::LogonSent, SessionState::Authenticating]);
    }
}
