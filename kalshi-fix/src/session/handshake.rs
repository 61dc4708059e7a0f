//! The logon, from both sides.

use bytes::Bytes;
use fix_dialect::{Header, HeaderError, SessionHeader, Timestamp, parse_int};

use super::admin::{
    Fault, Kind, LogonBody, Logout, fault, find, flag, lossy, required, required_number, text,
};
use super::inbound::{header_fault, offset_millis};
use super::logon::pre_hash;
use super::outbox::Record;
use super::settings::check_logon_fields;
use super::timer::Timer;
use super::{
    CommandError, EndReason, Established, Event, LogonField, LogonRefused, LogonRequest, Now, OutOfSequence,
    Refusal, RefusalKind, RefusalStyle, Reject, RejectReason, ResetRule, Role, SequenceNumber, Sequences,
    Session, SignLogon, SigningFailed, State, Ticket,
};

/// What the logon waits for.
pub(super) enum Handshake {
    None,
    /// The signature over this SendingTime (52).
    Signature {
        ticket: Ticket,
        sending_time: Timestamp,
    },
    /// The application's decision.
    Decision(Box<LogonRequest>, Terms),
}

/// What the two sides of a logon agree upon.
pub(super) struct Terms {
    heart_bt_int: u32,
    reset: bool,
    default_appl_ver_id: Option<String>,
}

/// The initiator.
impl Session {
    pub(super) fn open(&mut self, now: Now) {
        self.waiting_since = now.monotonic;
        self.timers
            .set(Timer::Logon, now.monotonic + self.settings.logon_timeout);
        let Role::Initiator(logon) = &self.role else {
            self.enter(State::AwaitingLogon);
            return;
        };
        if logon.reset {
            self.sequences = Sequences::START;
        } else {
            self.recorded = true;
        }
        let sending_time = self.sending_time(now);
        if !logon.signed {
            self.send_logon(now, sending_time, None);
            return;
        }
        let identity = &self.settings.identity;
        let pre_hash = pre_hash(
            sending_time.to_string().as_bytes(),
            self.sequences.next_outgoing,
            identity.sender_comp_id.as_bytes(),
            identity.target_comp_id.as_deref().unwrap_or_default().as_bytes(),
        );
        let ticket = self.outbox.ticket();
        self.handshake = Handshake::Signature { ticket, sending_time };
        self.enter(State::Signing);
        self.events
            .push_back(Event::SignLogon(SignLogon { ticket, pre_hash }));
    }

    pub(super) fn signed(
        &mut self,
        now: Now,
        ticket: Ticket,
        signature: Result<Vec<u8>, SigningFailed>,
    ) -> Result<(), CommandError> {
        let (
            State::Signing,
            Handshake::Signature {
                ticket: asked,
                sending_time,
            },
        ) = (self.state, &self.handshake)
        else {
            return Err(self.wrong_state("use a signature"));
        };
        if *asked != ticket {
            return Err(CommandError::UnknownTicket);
        }
        let sending_time = *sending_time;
        self.handshake = Handshake::None;
        match signature {
            Ok(raw_data) => self.send_logon(now, sending_time, Some(&raw_data)),
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
                self.enter(State::LogonSent);
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
        if self.state == State::Signing {
            self.end(EndReason::InvalidLogon {
                fault: "it came before ours was sent".to_owned(),
            });
            return;
        }
        if let Some(reason) = self.wrong_begin_string(&frame) {
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
        if let Some(reason) = self.out_of_sequence(header.msg_seq_num) {
            self.fail(now, reason);
            return;
        }
        if asked_reset {
            self.outbox.reset();
            self.outbox.next_outgoing(self.sequences.next_outgoing);
            self.recorded = true;
        }
        self.learn_peer(header.sender_comp_id, header.target_comp_id);
        self.expect(header.msg_seq_num + 1);
        self.establish(now, frame, terms.heart_bt_int, asked_reset);
    }

    /// What a refused logon draws: Logout (5), Reject (3), or on prediction BusinessMessageReject (j) over the rate
    /// limit. It belongs to no session yet: numbers, times and CompIDs are not checked.
    pub(super) fn refusal(frame: &[u8], msg_type: &[u8]) -> Option<EndReason> {
        let code_tag = match msg_type {
            b"5" => None,
            b"3" => Some(373),
            b"j" => Some(380),
            _ => return None,
        };
        let text = text(frame, 58);
        let code = code_tag
            .and_then(|tag| required_number(frame, tag, "").ok())
            .and_then(|code| u32::try_from(code).ok());
        let (session, business) = if msg_type == b"3" {
            (code, None)
        } else {
            (None, code)
        };
        let kind = RefusalKind::classify(text.as_deref(), session, business);
        Some(EndReason::LogonRefused(LogonRefused { kind, text, code }))
    }
}

/// The acceptor.
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
            .wrong_begin_string(frame)
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
                self.enter(State::Authenticating);
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
            self.outbox.reset();
        } else {
            self.sequences = sequences;
        }
        self.learn_peer(
            request.sender_comp_id.as_bytes(),
            request.target_comp_id.as_bytes(),
        );
        if let Some(reason) = self.out_of_sequence(request.msg_seq_num) {
            self.fail(now, reason);
            return Ok(());
        }
        self.expect(request.msg_seq_num + 1);
        let body = LogonBody {
            heart_bt_int: terms.heart_bt_int,
            raw_data: None,
            raw_data_length: false,
            reset: terms.reset,
            default_appl_ver_id: terms.default_appl_ver_id.as_deref(),
            fields,
        };
        if let Err(error) = self.transmit(now, &body, Record::Number) {
            self.end(EndReason::LogonNotEncodable {
                fault: error.to_string(),
            });
            return Ok(());
        }
        self.establish(now, request.frame, terms.heart_bt_int, terms.reset);
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

/// Both.
impl Session {
    /// Reads what a Logon (A) must say (case 1B-d, 1S-d).
    fn terms(&self, frame: &[u8]) -> Result<Terms, Fault> {
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
        Ok(Terms {
            heart_bt_int,
            reset,
            default_appl_ver_id: text(frame, 1137),
        })
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

    /// SendingTime (52) outside the window. A message that had to wait for us to read it is not late by the time that
    /// it waited.
    pub(super) fn wrong_time(&mut self, now: Now, header: &Header<'_>) -> Option<EndReason> {
        let window = self.settings.sending_time_window?;
        let offset_millis = offset_millis(header.sending_time, now.utc);
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

    fn learn_peer(&mut self, sender: &[u8], target: &[u8]) {
        self.peer_sender_comp_id.get_or_insert_with(|| lossy(sender));
        self.peer_target_comp_id.get_or_insert_with(|| lossy(target));
    }

    fn establish(&mut self, now: Now, frame: Bytes, heart_bt_int: u32, reset: bool) {
        self.enter(State::Established);
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
