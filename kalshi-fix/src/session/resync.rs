//! SequenceReset (4) in both modes, and the reset in mid-session.

use fix_dialect::Header;

use super::admin::{Fault, LogonBody, fault, flag, required_number};
use super::core::MAX_SEQUENCE;
use super::delivery::Delivery;
use super::recovery::Gap;
use super::timer::Timer;
use super::{EndReason, Event, InSessionReset, Now, RejectReason, SequenceNumber, Sequences, Session, State};

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

    /// Logon (A) on a session that is logged on: the standard's reset in mid-session, where the settings follow it.
    pub(super) fn logon_in_session(&mut self, now: Now, frame: &[u8], header: &Header<'_>) {
        let terms = self.terms(frame);
        let follow = self.settings.in_session_reset == InSessionReset::Follow
            && self.state == State::Established
            && header.msg_seq_num == 1
            // Numbers that were promised to messages that wait cannot be taken back.
            && self.serving.is_none();
        let (true, Ok(terms)) = (follow, terms) else {
            self.fail(now, EndReason::UnexpectedLogon);
            return;
        };
        if !terms.reset {
            self.fail(now, EndReason::UnexpectedLogon);
            return;
        }
        if let Some(reason) = self.wrong_time(now, header) {
            self.reject_time(now, header, &reason);
            self.fail(now, reason);
            return;
        }
        self.timers.stop(Timer::Resend);
        self.gap = Gap::default();
        self.delivery = Delivery::default();
        self.outbox.reset();
        self.sequences = Sequences::START;
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
        self.start_heartbeats(now, terms.heart_bt_int);
        self.events.push_back(Event::ResetInSession);
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
