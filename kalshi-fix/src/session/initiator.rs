//! The initiator's side of the logon.

use bytes::Bytes;
use fix_dialect::{Header, Timestamp};

use super::admin::{Kind, LogonBody, fault, lossy, required_number, text};
use super::handshake::Handshake;
use super::logon::pre_hash;
use super::outbox::Record;
use super::timer::Timer;
use super::{
    CommandError, EndReason, Event, LogonRefused, Now, RefusalKind, RejectReason, Role, SequenceNumber,
    Sequences, Session, SessionState, SignLogon, SigningFailed, Ticket,
};

impl Session {
    pub(super) fn open(&mut self, now: Now) {
        self.waiting_since = now.monotonic;
        self.timers.start(Timer::Logon, now, self.settings.logon_timeout);
        let Role::Initiator(logon) = &self.role else {
            self.enter(SessionState::AwaitingLogon);
            return;
        };
        if logon.reset {
            self.sequences = Sequences::START;
            self.outbox.renumber();
        } else {
            self.recorded = true;
        }
        let signed = logon.signed;
        self.began = self.sequences.next_outgoing;
        self.tell_processed();
        let sending_time = self.sending_time(now);
        if !signed {
            self.send_logon(now, sending_time, None);
            return;
        }
        let ticket = self.ask_for_signature(sending_time, self.sequences.next_outgoing);
        self.handshake = Handshake::Signature { ticket, sending_time };
        self.enter(SessionState::Signing);
    }

    /// Has a logon with this time and number signed.
    pub(super) fn ask_for_signature(&mut self, sending_time: Timestamp, sequence: SequenceNumber) -> Ticket {
        let identity = &self.settings.identity;
        let pre_hash = pre_hash(
            sending_time.to_string().as_bytes(),
            sequence,
            identity.sender_comp_id.as_bytes(),
            identity.target_comp_id.as_deref().unwrap_or_default().as_bytes(),
        );
        let ticket = self.outbox.ticket();
        self.events
            .push_back(Event::SignLogon(SignLogon { ticket, pre_hash }));
        ticket
    }

    pub(super) fn signed(
        &mut self,
        now: Now,
        ticket: Ticket,
        signature: Result<Vec<u8>, SigningFailed>,
    ) -> Result<(), CommandError> {
        let (asked, sending_time, reset) = match (self.state, &self.handshake) {
            (SessionState::Signing, Handshake::Signature { ticket, sending_time }) => {
                (*ticket, *sending_time, false)
            }
            (SessionState::Established, Handshake::ResetSignature { ticket, sending_time }) => {
                (*ticket, *sending_time, true)
            }
            _ => return Err(self.wrong_state("use a signature")),
        };
        if asked != ticket {
            return Err(CommandError::UnknownTicket);
        }
        self.handshake = Handshake::None;
        match signature {
            Ok(raw_data) if reset => self.send_reset(now, sending_time, Some(&raw_data)),
            Ok(raw_data) => self.send_logon(now, sending_time, Some(&raw_data)),
            Err(SigningFailed) if reset => self.fail(now, EndReason::SigningFailed),
            Err(SigningFailed) => self.end(EndReason::SigningFailed),
        }
        Ok(())
    }

    /// The logon goes out with the SendingTime (52) that was signed, whenever the signature came.
    fn send_logon(&mut self, now: Now, sending_time: Timestamp, raw_data: Option<&[u8]>) {
        let Role::Initiator(logon) = &self.role else {
            return;
        };
        let body = LogonBody {
            heart_bt_int: logon.heart_bt_int,
            raw_data,
            raw_data_length: logon.raw_data_length,
            reset: logon.reset,
            next_expected: self.next_expected(),
            default_appl_ver_id: logon.default_appl_ver_id.as_deref(),
            fields: &logon.fields,
        };
        let sequence = self.sequences.next_outgoing;
        let record = if self.recorded {
            Record::Number
        } else {
            Record::Nothing
        };
        match self.outbox.push(sequence, sending_time, &body, record) {
            Ok(()) => {
                self.sequences.next_outgoing = sequence + 1;
                self.keep_alive(now);
                self.enter(SessionState::LogonSent);
            }
            Err(error) => self.end(EndReason::LogonNotEncodable {
                fault: error.to_string(),
            }),
        }
    }

    /// The first message of the peer.
    pub(super) fn logon_answer(&mut self, now: Now, frame: Bytes, header: &Header<'_>) {
        if let Some(reason) = Session::refusal(&frame, header.msg_type) {
            self.end(reason);
            return;
        }
        let Role::Initiator(logon) = &self.role else {
            return;
        };
        let asked_reset = logon.reset;
        if self.state == SessionState::Signing {
            self.end(EndReason::InvalidLogon {
                fault: "it came before ours was sent".to_owned(),
            });
            return;
        }
        if let Some(reason) = self.wrong_begin_string(header.begin_string) {
            self.fail(now, reason);
            return;
        }
        if Kind::of(header.msg_type) != Kind::Logon {
            self.fail(
                now,
                EndReason::FirstMessageNotLogon {
                    msg_type: lossy(header.msg_type),
                },
            );
            return;
        }
        if let Some(reason) = self.wrong_comp_id(header) {
            self.reject_comp_id(now, header, &reason);
            self.fail(now, reason);
            return;
        }
        if let Some(reason) = self.wrong_time(now, header) {
            self.reject_time(now, header, &reason);
            self.fail(now, reason);
            return;
        }
        let terms = self.terms(&frame).and_then(|terms| {
            if terms.reset && !asked_reset {
                let text = "ResetSeqNumFlag (141) is Y in the answer to a logon without it".to_owned();
                return Err(fault(141, RejectReason::ValueIncorrect, text));
            }
            Ok(terms)
        });
        let terms = match terms {
            Ok(terms) => terms,
            Err(fault) => {
                self.send_reject(now, header.msg_seq_num, header.msg_type, &fault);
                self.fail(now, EndReason::InvalidLogon { fault: fault.text });
                return;
            }
        };
        let sent = self.sequences.next_outgoing - 1;
        let unacceptable = self
            .unrecoverable(header.msg_seq_num, asked_reset)
            .or_else(|| Session::expects_too_much(&terms, sent + 1));
        if let Some(reason) = unacceptable {
            self.fail(now, reason);
            return;
        }
        if asked_reset {
            self.outbox.reset();
            self.outbox.next_outgoing(self.sequences.next_outgoing);
            self.recorded = true;
        }
        self.learn_peer(header.sender_comp_id, header.target_comp_id);
        self.logged_on_with(header.msg_seq_num);
        self.establish(now, frame, terms.heart_bt_int, asked_reset);
        self.resynchronise(now, terms.next_expected, sent);
    }

    /// What a refused logon draws: Logout (5), Reject (3), or on prediction BusinessMessageReject (j) over
    /// the rate limit. It belongs to no session yet: numbers, times and CompIDs are not checked.
    pub(super) fn refusal(frame: &[u8], msg_type: &[u8]) -> Option<EndReason> {
        let code_tag = match msg_type {
            b"5" => None,
            b"3" => Some(373),
            b"j" => Some(380),
            _ => return None,
        };
        let text = text(frame, 58);
        let number = |tag| {
            let number = required_number(frame, tag, "").ok();
            number.and_then(|number| u32::try_from(number).ok())
        };
        let code = code_tag.and_then(number);
        let (session, business) = if msg_type == b"3" {
            (code, None)
        } else {
            (None, code)
        };
        let kind = RefusalKind::classify(text.as_deref(), session, number(371), business);
        Some(EndReason::LogonRefused(LogonRefused { kind, text, code }))
    }
}
