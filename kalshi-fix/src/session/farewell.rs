//! The ways out: logouts of either side, violations, and the end.

use super::admin::{Logout, text};
use super::handshake::Handshake;
use super::timer::Timer;
use super::{EndReason, Event, Now, OutOfSequence, Session, SessionState};

impl Session {
    /// The command to log out.
    pub(super) fn start_logout(&mut self, now: Now, text: Option<&str>) {
        match self.state {
            SessionState::Idle
            | SessionState::Signing
            | SessionState::LogonSent
            | SessionState::AwaitingLogon
            | SessionState::Authenticating => self.end(EndReason::Abandoned { state: self.state }),
            SessionState::Established => {
                self.say(now, &Logout { text });
                self.enter(SessionState::LogoutSent);
                self.timers.stop(Timer::Logon);
                self.timers.stop(Timer::Receive);
                self.timers.stop(Timer::Silence);
                self.timers.stop(Timer::Resend);
                self.wait_for_answer(now);
            }
            SessionState::LogoutSent
            | SessionState::AwaitingDisconnect
            | SessionState::Failing
            | SessionState::Ended => {}
        }
    }

    /// The peer's Logout (5) on an established session. The peer wants to go: a number that is not the
    /// expected one changes what we answer and report, not that we let it go.
    pub(super) fn peer_logout(&mut self, now: Now, frame: &[u8], msg_seq_num: u64) {
        let expected = self.sequences.next_incoming;
        let out_of_sequence = (msg_seq_num != expected).then_some(OutOfSequence {
            expected,
            received: msg_seq_num,
        });
        if out_of_sequence.is_none() {
            self.expect(expected + 1);
        }
        if self.state == SessionState::LogoutSent {
            self.end(EndReason::LoggedOut { out_of_sequence });
            return;
        }
        self.stop_serving();
        let said = text(frame, 58);
        self.events
            .push_back(Event::LogoutReceived { text: said.clone() });
        // A gap is no fault where it can be closed by the next connection.
        let complaint = out_of_sequence
            .filter(|numbers| numbers.received < numbers.expected || self.recovery().is_none())
            .map(|numbers| {
                if numbers.received < numbers.expected {
                    EndReason::SequenceTooLow(numbers).to_string()
                } else {
                    EndReason::SequenceGap(numbers).to_string()
                }
            });
        self.say(
            now,
            &Logout {
                text: complaint.as_deref(),
            },
        );
        self.enter(SessionState::AwaitingDisconnect);
        self.farewell = Some(EndReason::PeerLogout {
            text: said,
            out_of_sequence,
            left_open: false,
        });
        self.timers.stop_all();
        self.waiting_since = now.monotonic;
        self.timers
            .start(Timer::DisconnectWait, now, self.settings.disconnect_wait);
    }

    /// Ends a session that cannot go on: a Logout (5) that says why, then time for the peer to read it.
    pub(super) fn fail(&mut self, now: Now, reason: EndReason) {
        self.stop_serving();
        self.say(
            now,
            &Logout {
                text: Some(&reason.to_string()),
            },
        );
        self.enter(SessionState::Failing);
        self.farewell = Some(reason);
        self.timers.stop_all();
        self.wait_for_answer(now);
    }

    /// Says why, and ends at once: nobody is there to answer.
    pub(super) fn part(&mut self, now: Now, reason: EndReason) {
        self.stop_serving();
        self.say(
            now,
            &Logout {
                text: Some(&reason.to_string()),
            },
        );
        self.end(reason);
    }

    pub(super) fn end(&mut self, reason: EndReason) {
        self.stop_serving();
        self.enter(SessionState::Ended);
        // A decision or a signature that was asked for comes too late.
        self.handshake = Handshake::None;
        self.timers.stop_all();
        self.events.push_back(Event::Ended(reason));
    }

    pub(super) fn wait_for_answer(&mut self, now: Now) {
        self.waiting_since = now.monotonic;
        self.timers.start(Timer::LogoutAck, now, self.settings.logout_ack);
    }
}
