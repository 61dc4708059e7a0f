//! The acceptor's side of the logon.

use bytes::Bytes;
use fix_dialect::{Header, HeaderError, SessionHeader};

use super::admin::{Fault, Kind, LogonBody, Logout, fault, find, lossy, required};
use super::handshake::{Handshake, Terms};
use super::inbound::header_fault;
use super::logon::pre_hash;
use super::outbox::Record;
use super::settings::check_logon_fields;
use super::{
    CommandError, EndReason, Event, LogonField, LogonRequest, Now, Refusal, RefusalStyle, Reject,
    RejectReason, ResetRule, SequenceNumber, Sequences, Session, SessionState,
};

impl Session {
    /// The first message of a peer that should log on.
    pub(super) fn logon_request(&mut self, now: Now, frame: &Bytes, header: &Header<'_>) {
        if Kind::of(header.msg_type) != Kind::Logon {
            self.end(EndReason::FirstMessageNotLogon {
                msg_type: lossy(header.msg_type),
            });
            return;
        }
        self.address(header.sender_comp_id);
        if let Some(reason) = self
            .wrong_begin_string(header.begin_string)
            .or_else(|| self.wrong_comp_id(header))
        {
            self.turn_away(
                now,
                header.msg_seq_num,
                Refusal::Logout(reason.to_string()),
                reason,
            );
            return;
        }
        if let Some(reason) = self.wrong_time(now, header) {
            self.turn_away(
                now,
                header.msg_seq_num,
                Refusal::SendingTime(reason.to_string()),
                reason,
            );
            return;
        }
        match self.acceptable(frame, header) {
            Ok((request, terms)) => {
                self.enter(SessionState::Authenticating);
                self.handshake = Handshake::Decision(Box::new(request.clone()), terms);
                self.events.push_back(Event::LogonRequest(request));
            }
            Err(fault) => {
                let reason = EndReason::InvalidLogon {
                    fault: fault.text.clone(),
                };
                self.turn_away(now, header.msg_seq_num, Refusal::Logout(fault.text), reason);
            }
        }
    }

    /// A logon whose very header cannot be read.
    pub(super) fn logon_with_bad_header(&mut self, now: Now, frame: &[u8], error: &HeaderError) {
        let msg_type = find(frame, 35).unwrap_or_default();
        if Kind::of(msg_type) != Kind::Logon {
            self.end(EndReason::FirstMessageNotLogon {
                msg_type: lossy(msg_type),
            });
            return;
        }
        if let Some(sender) = find(frame, 49) {
            self.address(sender);
        }
        let fault = header_fault(error).text;
        self.turn_away(
            now,
            0,
            Refusal::Logout(fault.clone()),
            EndReason::InvalidLogon { fault },
        );
    }

    fn acceptable(&self, frame: &Bytes, header: &Header<'_>) -> Result<(LogonRequest, Terms), Fault> {
        let terms = self.terms(frame)?;
        if self.settings.begin_string.starts_with("FIXT") && terms.default_appl_ver_id.is_none() {
            required(frame, 1137, "DefaultApplVerID")?;
        }
        if self.settings.reset == ResetRule::Required && !terms.reset {
            let text = "ResetSeqNumFlag (141) must be Y on this session".to_owned();
            return Err(fault(141, RejectReason::ValueIncorrect, text));
        }
        if terms.reset && header.msg_seq_num != 1 {
            let text = format!(
                "MsgSeqNum (34) is {}, must be 1 with ResetSeqNumFlag (141) = Y",
                header.msg_seq_num
            );
            return Err(fault(34, RejectReason::ValueIncorrect, text));
        }
        let name = |tag, value: &[u8]| {
            String::from_utf8(value.to_vec()).map_err(|_| {
                fault(
                    tag,
                    RejectReason::IncorrectDataFormat,
                    format!("CompID ({tag}) is not a text"),
                )
            })
        };
        let request = LogonRequest {
            sender_comp_id: name(49, header.sender_comp_id)?,
            target_comp_id: name(56, header.target_comp_id)?,
            msg_seq_num: header.msg_seq_num,
            sending_time: header.sending_time,
            heart_bt_int: terms.heart_bt_int,
            reset: terms.reset,
            pre_hash: pre_hash(
                header.sending_time_text,
                header.msg_seq_num,
                header.sender_comp_id,
                header.target_comp_id,
            ),
            raw_data: find(frame, 96).map(<[u8]>::to_vec),
            frame: frame.clone(),
        };
        Ok((request, terms))
    }

    pub(super) fn accept(
        &mut self,
        now: Now,
        sequences: Sequences,
        fields: &[LogonField],
    ) -> Result<(), CommandError> {
        let Handshake::Decision(..) = &self.handshake else {
            return Err(self.wrong_state("accept a logon"));
        };
        check_logon_fields(fields)?;
        let Handshake::Decision(request, terms) = std::mem::replace(&mut self.handshake, Handshake::None)
        else {
            return Err(self.wrong_state("accept a logon"));
        };
        self.recorded = true;
        if request.reset {
            self.sequences = Sequences::START;
            self.outbox.renumber();
            self.outbox.reset();
        } else {
            self.sequences = sequences;
        }
        self.learn_peer(
            request.sender_comp_id.as_bytes(),
            request.target_comp_id.as_bytes(),
        );
        let unacceptable = self
            .unrecoverable(request.msg_seq_num, request.reset)
            .or_else(|| Session::expects_too_much(&terms, self.sequences.next_outgoing));
        if let Some(reason) = unacceptable {
            self.fail(now, reason);
            return Ok(());
        }
        self.logged_on_with(request.msg_seq_num);
        self.began = self.sequences.next_outgoing;
        let sent = self.began - 1;
        let body = LogonBody {
            heart_bt_int: terms.heart_bt_int,
            raw_data: None,
            raw_data_length: false,
            reset: terms.reset,
            next_expected: self.next_expected(),
            default_appl_ver_id: terms.default_appl_ver_id.as_deref(),
            fields,
        };
        if let Err(error) = self.transmit(now, &body, Record::Number) {
            self.end(EndReason::LogonNotEncodable {
                fault: error.to_string(),
            });
            return Ok(());
        }
        self.default_appl_ver_id.clone_from(&terms.default_appl_ver_id);
        self.establish(now, request.frame, terms.heart_bt_int, terms.reset);
        self.resynchronise(now, terms.next_expected, sent);
        Ok(())
    }

    pub(super) fn refuse(&mut self, now: Now, refusal: Refusal) -> Result<(), CommandError> {
        let Handshake::Decision(request, _) = &self.handshake else {
            return Err(self.wrong_state("refuse a logon"));
        };
        let sequence = request.msg_seq_num;
        self.handshake = Handshake::None;
        let (Refusal::Logout(text) | Refusal::SendingTime(text)) = &refusal;
        let reason = EndReason::RefusedLogon { text: text.clone() };
        self.turn_away(now, sequence, refusal, reason);
        Ok(())
    }

    /// Refuses a logon, in the settings' way, with MsgSeqNum (34) = 1 and without a trace in any store.
    fn turn_away(&mut self, now: Now, ref_seq_num: SequenceNumber, refusal: Refusal, reason: EndReason) {
        if self.settings.refusal == RefusalStyle::Logout {
            self.recorded = false;
            self.sequences = Sequences::START;
            self.outbox.renumber();
            match refusal {
                Refusal::Logout(text) => self.say(now, &Logout { text: Some(&text) }),
                Refusal::SendingTime(text) => {
                    let reject = Reject::new(ref_seq_num, RejectReason::SendingTimeAccuracy)
                        .of_type("A")
                        .about(52)
                        .with_text(text);
                    self.say(now, &reject);
                    self.events.push_back(Event::RejectSent(reject));
                }
            }
        }
        self.end(reason);
    }

    /// From here on it is known to whom we speak.
    fn address(&mut self, peer: &[u8]) {
        if self.settings.identity.target_comp_id.is_some() {
            return;
        }
        let header = SessionHeader::new(
            &self.settings.begin_string,
            &self.settings.identity.sender_comp_id,
            &lossy(peer),
        );
        if let Ok(header) = header {
            self.outbox.address(header);
        }
    }
}
