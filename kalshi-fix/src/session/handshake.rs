//! What both sides of a logon share.

use bytes::Bytes;
use fix_dialect::{Header, Timestamp, parse_int};

use super::admin::{Fault, fault, find, flag, lossy, required, required_number};
use super::inbound::offset_millis;
use super::timer::Timer;
use super::{
    EndReason, Established, Event, LogonRequest, Now, OutOfSequence, RejectReason, SequenceNumber, Session,
    SessionState, Ticket,
};

/// What the logon waits for.
pub(super) enum Handshake {
    None,
    /// The signature over this SendingTime (52).
    Signature {
        ticket: Ticket,
        sending_time: Timestamp,
    },
    /// The signature over this SendingTime (52), for a reset in mid-session.
    ResetSignature {
        ticket: Ticket,
        sending_time: Timestamp,
    },
    /// The peer's answer to our reset in mid-session, before which we had sent this number.
    Reset {
        sent: SequenceNumber,
    },
    /// The application's decision.
    Decision(Box<LogonRequest>, Terms),
}

/// What the two sides of a logon agree upon.
pub(super) struct Terms {
    pub(super) heart_bt_int: u32,
    pub(super) reset: bool,
    /// NextExpectedMsgSeqNum (789), where the settings heed it.
    pub(super) next_expected: Option<SequenceNumber>,
    pub(super) default_appl_ver_id: Option<String>,
}

impl Session {
    /// Reads what a Logon (A) must say (case 1B-d, 1S-d).
    pub(super) fn terms(&self, frame: &[u8]) -> Result<Terms, Fault> {
        let encryption = required(frame, 98, "EncryptMethod")?;
        if encryption != b"0" {
            let text = format!("EncryptMethod (98) is {:?}, expected 0 (none)", lossy(encryption));
            return Err(fault(98, RejectReason::ValueIncorrect, text));
        }
        let value = required(frame, 108, "HeartBtInt")?;
        let allowed = &self.settings.heart_bt_int;
        let heart_bt_int = parse_int(value)
            .and_then(|seconds| u32::try_from(seconds).ok())
            .filter(|seconds| allowed.contains(seconds))
            .ok_or_else(|| {
                let (least, most) = (allowed.start(), allowed.end());
                let text = format!(
                    "HeartBtInt (108) is {:?}, allowed are {least} to {most} s",
                    lossy(value)
                );
                fault(108, RejectReason::ValueIncorrect, text)
            })?;
        let reset = flag(frame, 141, "ResetSeqNumFlag")?;
        let next_expected = if self.settings.next_expected && find(frame, 789).is_some() {
            Some(required_number(frame, 789, "NextExpectedMsgSeqNum")?)
        } else {
            None
        };
        // It is said back in the answer, where a field without a value could not be encoded.
        let default_appl_ver_id = match find(frame, 1137) {
            Some(_) => Some(lossy(required(frame, 1137, "DefaultApplVerID")?)),
            None => None,
        };
        Ok(Terms {
            heart_bt_int,
            reset,
            next_expected,
            default_appl_ver_id,
        })
    }

    /// What our Logon (A) says in NextExpectedMsgSeqNum (789).
    pub(super) fn next_expected(&self) -> Option<SequenceNumber> {
        self.settings
            .next_expected
            .then_some(self.sequences.next_incoming)
    }

    /// NextExpectedMsgSeqNum (789) of the peer's Logon (A) that is beyond `next`, which is what it could be at most.
    pub(super) fn expects_too_much(terms: &Terms, next: SequenceNumber) -> Option<EndReason> {
        let received = terms.next_expected.filter(|expected| *expected > next)?;
        let expected = next;
        Some(EndReason::NextExpectedTooHigh(OutOfSequence {
            expected,
            received,
        }))
    }

    /// After the logon: what either side lacks. `sent` is the last number that the peer's
    /// NextExpectedMsgSeqNum (789) may say it lacks.
    pub(super) fn resynchronise(
        &mut self,
        now: Now,
        next_expected: Option<SequenceNumber>,
        sent: SequenceNumber,
    ) {
        if let Some(begin) = next_expected {
            if (1..=sent).contains(&begin) {
                self.resend(now, begin, sent, 0);
            }
            // It has heard what we expect, too.
            self.expect_unasked_resend(now);
        }
        self.settle_gap(now);
    }

    /// Why this number is not the expected one.
    pub(super) fn out_of_sequence(&self, received: SequenceNumber) -> Option<EndReason> {
        let numbers = OutOfSequence {
            expected: self.sequences.next_incoming,
            received,
        };
        match received.cmp(&numbers.expected) {
            std::cmp::Ordering::Less => Some(EndReason::SequenceTooLow(numbers)),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(EndReason::SequenceGap(numbers)),
        }
    }

    /// Why a logon with this number cannot be accepted: another number than the expected one, unless it is above and
    /// what lies between can be had.
    pub(super) fn unrecoverable(&self, received: SequenceNumber, reset: bool) -> Option<EndReason> {
        let reason = self.out_of_sequence(received)?;
        let recoverable = !reset && self.recovery().is_some() && matches!(reason, EndReason::SequenceGap(_));
        (!recoverable).then_some(reason)
    }

    /// The number of a logon that was accepted.
    pub(super) fn logged_on_with(&mut self, received: SequenceNumber) {
        if received == self.sequences.next_incoming {
            self.expect(received + 1);
        } else {
            self.tell_processed();
            self.early_done(received);
        }
    }

    /// SendingTime (52) outside the window. A message that had to wait for us to read it is not late by the time that
    /// it waited.
    pub(super) fn wrong_time(&mut self, now: Now, header: &Header<'_>) -> Option<EndReason> {
        let offset_millis = offset_millis(header.sending_time, now.utc);
        self.observe_clock(header.sending_time, offset_millis);
        let window = self.settings.sending_time_window?;
        let offset = u128::from(offset_millis.unsigned_abs());
        if offset <= window.as_millis() {
            self.liveness.caught_up();
            return None;
        }
        let waited = self.liveness.behind(now.monotonic);
        if offset_millis < 0 && offset <= (window + waited).as_millis() {
            return None;
        }
        Some(EndReason::SendingTimeOutOfWindow {
            offset_millis,
            window,
        })
    }

    pub(super) fn learn_peer(&mut self, sender: &[u8], target: &[u8]) {
        self.peer_sender_comp_id.get_or_insert_with(|| lossy(sender));
        self.peer_target_comp_id.get_or_insert_with(|| lossy(target));
    }

    pub(super) fn establish(&mut self, now: Now, frame: Bytes, heart_bt_int: u32, reset: bool) {
        self.enter(SessionState::Established);
        self.timers.stop(Timer::Logon);
        self.start_heartbeats(now, heart_bt_int);
        let peer_sender_comp_id = self.peer_sender_comp_id.clone().unwrap_or_default();
        self.events.push_back(Event::Established(Established {
            peer_sender_comp_id,
            heart_bt_int,
            reset,
            frame,
        }));
    }
}
