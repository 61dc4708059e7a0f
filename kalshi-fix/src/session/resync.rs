//! SequenceReset (4) in both modes, and the reset in mid-session.

use fix_dialect::{Header, Timestamp};

use super::admin::{Fault, LogonBody, fault, flag, required_number};
use super::core::MAX_SEQUENCE;
use super::delivery::Delivery;
use super::handshake::Handshake;
use super::outbox::Record;
use super::recovery::Gap;
use super::timer::Timer;
use super::{
    CommandError, EndReason, Event, InSessionReset, Now, RejectReason, ResetInSession, Role, SequenceNumber,
    Session, SessionState,
};

impl Session {
    /// SequenceReset (4) in reset mode, whatever its own MsgSeqNum (34) (case 11).
    pub(super) fn sequence_reset(&mut self, now: Now, frame: &[u8], header: &Header<'_>) {
        let expected = self.sequences.next_incoming;
        match new_sequence(frame) {
            Ok(new) if new >= expected => {
                self.expect(new);
                self.events.push_back(Event::SequenceReset {
                    gap_fill: false,
                    expected,
                    new,
                });
            }
            // The number expected stays: a reset that would lower it must have no effect at all.
            Ok(new) => self.send_reject(now, header.msg_seq_num, header.msg_type, &lowering(new)),
            Err(fault) => {
                self.send_reject(now, header.msg_seq_num, header.msg_type, &fault);
                self.consume(header.msg_seq_num);
            }
        }
    }

    /// SequenceReset (4) in gap fill mode, with the expected MsgSeqNum (34) (case 10).
    pub(super) fn gap_fill(&mut self, frame: &[u8], header: &Header<'_>) -> Result<(), Fault> {
        flag(frame, 123, "GapFillFlag")?;
        let new = new_sequence(frame)?;
        if new <= header.msg_seq_num {
            return Err(lowering(new));
        }
        let expected = self.sequences.next_incoming;
        self.expect(new);
        self.events.push_back(Event::SequenceReset {
            gap_fill: true,
            expected,
            new,
        });
        Ok(())
    }

    /// Logon (A) on a session that is logged on: the answer to our reset, or the peer's own, where the settings follow it.
    pub(super) fn logon_in_session(&mut self, now: Now, frame: &[u8], header: &Header<'_>) {
        let answered = match self.handshake {
            Handshake::Reset { sent } => Some(sent),
            _ => None,
        };
        let allowed = answered.is_some()
            || (self.settings.in_session_reset == InSessionReset::Follow
                && self.state == SessionState::Established
                // Numbers that were promised to messages that wait cannot be taken back.
                && self.serving.is_none());
        let terms = match self.terms(frame) {
            Ok(terms) if allowed && terms.reset && header.msg_seq_num == 1 => terms,
            _ => {
                self.fail(now, EndReason::UnexpectedLogon);
                return;
            }
        };
        if let Some(reason) = self.wrong_time(now, header) {
            self.reject_time(now, header, &reason);
            self.fail(now, reason);
            return;
        }
        self.timers.stop(Timer::Resend);
        self.gap = Gap::default();
        self.delivery = Delivery::default();
        let received = self.sequences.next_incoming - 1;
        self.sequences.next_incoming = 1;
        self.began = 1;
        let sent = if let Some(sent) = answered {
            self.timers.stop(Timer::Logon);
            self.outbox.reset();
            // Our Logon has used 1, and a sign of life may have used more since.
            self.outbox.next_outgoing(self.sequences.next_outgoing);
            self.recorded = true;
            self.expect(2);
            sent
        } else {
            let sent = self.sequences.next_outgoing - 1;
            self.outbox.reset();
            self.outbox.renumber();
            self.sequences.next_outgoing = 1;
            self.expect(2);
            let answer = LogonBody {
                heart_bt_int: terms.heart_bt_int,
                raw_data: None,
                raw_data_length: false,
                reset: true,
                next_expected: self.next_expected(),
                default_appl_ver_id: terms.default_appl_ver_id.as_deref(),
                fields: &[],
            };
            self.say(now, &answer);
            sent
        };
        // A reset of ours that was still to be signed is what the peer has just done.
        self.handshake = Handshake::None;
        if self.state == SessionState::Established {
            self.start_heartbeats(now, terms.heart_bt_int);
        }
        self.events.push_back(Event::ResetInSession(ResetInSession {
            ours: answered.is_some(),
            sent,
            received,
        }));
    }

    /// The command to start both directions at 1.
    pub(super) fn start_reset(&mut self, now: Now) -> Result<(), CommandError> {
        let command = "start the sequence numbers anew";
        if self.state != SessionState::Established || self.is_resetting() {
            return Err(self.wrong_state(command));
        }
        if self.serving.is_some() {
            return Err(CommandError::ResendUnderWay { command });
        }
        self.waiting_since = now.monotonic;
        self.timers.start(Timer::Logon, now, self.settings.logon_timeout);
        let sending_time = self.sending_time(now);
        if matches!(&self.role, Role::Initiator(logon) if logon.signed) {
            let ticket = self.ask_for_signature(sending_time, 1);
            self.handshake = Handshake::ResetSignature { ticket, sending_time };
        } else {
            self.send_reset(now, sending_time, None);
        }
        Ok(())
    }

    /// Our Logon (A) in mid-session. What follows it is of the new numbering, which the store is told of with the answer:
    /// until then the peer may still be of the old one.
    pub(super) fn send_reset(&mut self, now: Now, sending_time: Timestamp, raw_data: Option<&[u8]>) {
        let sent = self.sequences.next_outgoing - 1;
        let next_expected = self.settings.next_expected.then_some(1);
        let body = match &self.role {
            Role::Initiator(logon) => LogonBody {
                heart_bt_int: logon.heart_bt_int,
                raw_data,
                raw_data_length: logon.raw_data_length,
                reset: true,
                next_expected,
                default_appl_ver_id: logon.default_appl_ver_id.as_deref(),
                fields: &logon.fields,
            },
            Role::Acceptor => LogonBody {
                heart_bt_int: self.heart_bt_int(),
                raw_data: None,
                raw_data_length: false,
                reset: true,
                next_expected,
                default_appl_ver_id: self.default_appl_ver_id.as_deref(),
                fields: &[],
            },
        };
        self.outbox.renumber();
        match self.outbox.push(1, sending_time, &body, Record::Nothing) {
            Ok(()) => {
                self.recorded = false;
                self.sequences.next_outgoing = 2;
                self.handshake = Handshake::Reset { sent };
                self.keep_alive(now);
            }
            Err(error) => self.end(EndReason::LogonNotEncodable {
                fault: error.to_string(),
            }),
        }
    }
}

fn new_sequence(frame: &[u8]) -> Result<SequenceNumber, Fault> {
    let new = required_number(frame, 36, "NewSeqNo")?;
    if new > MAX_SEQUENCE {
        let text = format!("NewSeqNo (36) is {new}, at most {MAX_SEQUENCE} is possible");
        return Err(fault(36, RejectReason::ValueIncorrect, text));
    }
    Ok(new)
}

/// The text is the session test cases' (10e).
fn lowering(new: SequenceNumber) -> Fault {
    let text = format!("attempt to lower sequence number, invalid value NewSeqNo(36)={new}");
    fault(36, RejectReason::ValueIncorrect, text)
}
