//! Sequence numbers out of step: SequenceReset (4) and ResendRequest (2).

use fix_dialect::Header;

use super::admin::{Fault, fault, flag, required_number};
use super::core::MAX_SEQUENCE;
use super::{Event, Now, RejectReason, SequenceNumber, Session};

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

    /// ResendRequest (2). Nothing is journalled that could be sent again: the whole range is filled (case 8,
    /// with every message held back).
    pub(super) fn resend_request(&mut self, now: Now, frame: &[u8]) -> Result<(), Fault> {
        let begin = required_number(frame, 7, "BeginSeqNo")?;
        let end = required_number(frame, 16, "EndSeqNo")?;
        let next = self.sequences.next_outgoing;
        if begin == 0 || begin >= next {
            let text = format!("BeginSeqNo (7) is {begin}; sent were 1 to {}", next - 1);
            return Err(fault(7, RejectReason::ValueIncorrect, text));
        }
        if end != 0 && end < begin {
            let text = format!("EndSeqNo (16) {end} is before BeginSeqNo (7) {begin}");
            return Err(fault(16, RejectReason::ValueIncorrect, text));
        }
        // 0 means "to the latest", and so does any number that was not reached yet (older versions use
        // 999999).
        let filled_to = if end == 0 || end >= next { next } else { end + 1 };
        let sending_time = self.sending_time(now);
        let said = self.outbox.push_gap_fill(sending_time, begin, filled_to);
        debug_assert!(said.is_ok(), "{said:?}");
        self.keep_alive(now);
        self.events.push_back(Event::ResendRequested {
            begin,
            end,
            filled_to,
        });
        Ok(())
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
