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
pub enum State {
    /// Built, but without a connection yet.
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

impl State {
    /// All states, in the order of a session's life.
    pub const ALL: [State; 10] = [
        State::Idle,
        State::Signing,
        State::LogonSent,
        State::AwaitingLogon,
        State::Authenticating,
        State::Established,
        State::LogoutSent,
        State::AwaitingDisconnect,
        State::Failing,
        State::Ended,
    ];

    /// Whether the diagram has an edge from `self` to `next`.
    #[must_use]
    pub const fn may_become(self, next: State) -> bool {
        match next {
            State::Idle => false,
            State::Signing | State::AwaitingLogon => matches!(self, State::Idle),
            State::LogonSent => matches!(self, State::Idle | State::Signing),
            State::Authenticating => matches!(self, State::AwaitingLogon),
            State::Established => matches!(self, State::LogonSent | State::Authenticating),
            State::LogoutSent | State::AwaitingDisconnect => matches!(self, State::Established),
            State::Failing => matches!(
                self,
                State::LogonSent | State::Authenticating | State::Established | State::LogoutSent
            ),
            State::Ended => !matches!(self, State::Ended),
        }
    }

    /// Whether application messages may be sent.
    #[must_use]
    pub const fn is_established(self) -> bool {
        matches!(self, State::Established)
    }

    /// Whether the session is over.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        matches!(self, State::Ended)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            State::Idle => "idle",
            State::Signing => "signing its logon",
            State::LogonSent => "waiting for the answer to its logon",
            State::AwaitingLogon => "waiting for a logon",
            State::Authenticating => "authenticating a logon",
            State::Established => "established",
            State::LogoutSent => "waiting for the answer to its logout",
            State::AwaitingDisconnect => "waiting for the peer to disconnect",
            State::Failing => "logging out after a violation",
            State::Ended => "ended",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_can_end_and_none_returns() {
        for state in State::ALL {
            assert!(!state.may_become(State::Idle), "{state:?}");
            assert_eq!(state.may_become(State::Ended), state != State::Ended, "{state:?}");
            assert!(!state.may_become(state), "{state:?}");
        }
    }

    #[test]
    fn only_a_logon_leads_to_established() {
        let before: Vec<State> = State::ALL
            .into_iter()
            .filter(|state| state.may_become(State::Established))
            .collect();
        assert_eq!(before, [State::LogonSent, State::Authenticating]);
    }
}
