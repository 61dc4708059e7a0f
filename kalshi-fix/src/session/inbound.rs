//! Inbound frames: the checks in their order, and what each message does.

use bytes::Bytes;
use fix_dialect::{Header, HeaderError, Timestamp, parse_unsigned};

use super::admin::{Fault, Heartbeat, Kind, fault, find, lossy, required, text};
use super::message_types::Known;
use super::{
    BusinessReject, EndReason, Event, Inbound, Now, Reject, RejectReason, RejectReceived, SequenceNumber,
    Session, SessionState,
};

impl Session {
    pub(super) fn handle_frame(&mut self, now: Now, frame: Bytes) {
        if matches!(
            self.state,
            SessionState::Failing | SessionState::AwaitingDisconnect
        ) {
            self.after_farewell(&frame);
            return;
        }
        // The header borrows from a second handle on the frame, so that the frame itself can go into an
        // event.
        let bytes = frame.clone();
        match (Header::read(&bytes), self.state) {
            (Ok(header), SessionState::Established | SessionState::LogoutSent) => {
                self.message(now, frame, &header);
            }
            (Ok(header), SessionState::Signing | SessionState::LogonSent) => {
                self.logon_answer(now, frame, &header);
            }
            (Ok(header), SessionState::AwaitingLogon) => self.logon_request(now, &bytes, &header),
            (Err(error), _) => self.bad_header(now, &frame, &error),
            (Ok(_), _) => {}
        }
    }

    /// Our Logout (5) said that the session is over: only the peer's is of interest.
    fn after_farewell(&mut self, frame: &[u8]) {
        if self.state == SessionState::Failing
            && find(frame, 35) == Some(b"5")
            && let Some(reason) = self.farewell.take()
        {
            self.end(reason);
        }
    }

    /// A message on a session that is logged on.
    fn message(&mut self, now: Now, frame: Bytes, header: &Header<'_>) {
        self.heard(now);
        let kind = Kind::of(header.msg_type);
        if let Some(reason) = self.wrong_begin_string(header.begin_string) {
            self.fail(now, reason);
            return;
        }
        if let Some(reason) = self.wrong_comp_id(header) {
            self.reject_comp_id(now, header, &reason);
            self.consume(header.msg_seq_num);
            self.fail(now, reason);
            return;
        }
        let expected = self.sequences.next_incoming;
        let repeated = header.poss_dup && header.msg_seq_num < expected;
        match kind {
            Kind::Logout if !repeated => {
                self.peer_logout(now, &frame, header.msg_seq_num);
                return;
            }
            Kind::Logon if !repeated => {
                self.logon_in_session(now, &frame, header);
                return;
            }
            _ => {}
        }
        let reset = is_reset(kind, &frame);
        let out_of_sequence = self
            .out_of_sequence(header.msg_seq_num)
            .filter(|_| !reset && !repeated);
        let early = self
            .recovery()
            .filter(|_| matches!(out_of_sequence, Some(EndReason::SequenceGap(_))));
        if let (Some(reason), None) = (out_of_sequence, early) {
            self.fail(now, reason);
            return;
        }
        if let Some(reason) = self.wrong_time(now, header) {
            self.reject_time(now, header, &reason);
            self.consume(header.msg_seq_num);
            self.fail(now, reason);
            return;
        }
        if let Some(recovery) = early {
            self.early(now, recovery, kind, &frame, header);
            return;
        }
        self.in_turn(now, kind, frame, header);
    }

    /// A message that came early and was kept, now that its number is expected. When it came, its names and its time
    /// were checked.
    pub(super) fn handle_held(&mut self, now: Now, frame: Bytes) {
        let bytes = frame.clone();
        if let (Ok(header), SessionState::Established | SessionState::LogoutSent) =
            (Header::read(&bytes), self.state)
        {
            self.in_turn(now, Kind::of(header.msg_type), frame, &header);
        }
    }

    /// A message with the expected number, a possible duplicate with a lower one, or a SequenceReset (4) in reset mode.
    fn in_turn(&mut self, now: Now, kind: Kind, frame: Bytes, header: &Header<'_>) {
        let repeated = header.msg_seq_num < self.sequences.next_incoming;
        let reset = is_reset(kind, &frame);
        if let Some(fault) = duplicate_fault(kind, header) {
            self.send_reject(now, header.msg_seq_num, header.msg_type, &fault);
            self.consume(header.msg_seq_num);
            return;
        }
        if reset {
            self.sequence_reset(now, &frame, header);
        } else if repeated {
            self.events.push_back(Event::DuplicateIgnored {
                msg_seq_num: header.msg_seq_num,
            });
        } else if kind == Kind::Application {
            self.application(now, frame, header);
        } else {
            self.session_message(now, kind, frame, header);
        }
    }

    fn application(&mut self, now: Now, frame: Bytes, header: &Header<'_>) {
        let known = self.settings.message_types.known(header.msg_type);
        if known == Known::Supported {
            self.delivery.arrived(header.msg_seq_num);
        }
        self.consume(header.msg_seq_num);
        match known {
            Known::Supported => self.events.push_back(Event::Application(inbound(frame, header))),
            Known::Unsupported => {
                let reject = BusinessReject {
                    ref_seq_num: header.msg_seq_num,
                    ref_msg_type: lossy(header.msg_type),
                    reason: 3,
                    text: format!(
                        "MsgType (35) {:?} is not supported on this session",
                        lossy(header.msg_type)
                    ),
                };
                self.say(now, &reject);
                self.events.push_back(Event::BusinessRejectSent(reject));
            }
            Known::Unknown => {
                let text = format!("MsgType (35) {:?} is not defined", lossy(header.msg_type));
                let fault = fault(35, RejectReason::InvalidMsgType, text);
                self.send_reject(now, header.msg_seq_num, header.msg_type, &fault);
            }
        }
    }

    /// A session message with the expected number.
    fn session_message(&mut self, now: Now, kind: Kind, frame: Bytes, header: &Header<'_>) {
        let done = match kind {
            Kind::TestRequest => self.answer_test_request(now, &frame),
            Kind::ResendRequest => self.resend_request(now, &frame, header.msg_seq_num),
            Kind::SequenceReset => self.gap_fill(&frame, header),
            Kind::Heartbeat => {
                self.heartbeat(now, &frame);
                Ok(())
            }
            Kind::Reject => {
                self.reject_received(now, frame, header);
                Ok(())
            }
            Kind::Logout | Kind::Logon | Kind::Application => Ok(()),
        };
        if let Err(fault) = done {
            self.send_reject(now, header.msg_seq_num, header.msg_type, &fault);
        }
        self.consume(header.msg_seq_num);
    }

    pub(super) fn answer_test_request(&mut self, now: Now, frame: &[u8]) -> Result<(), Fault> {
        let id = required(frame, 112, "TestReqID")?;
        self.say(
            now,
            &Heartbeat {
                test_req_id: Some(id),
            },
        );
        Ok(())
    }

    pub(super) fn heartbeat(&mut self, now: Now, frame: &[u8]) {
        let answered = find(frame, 112)
            .and_then(parse_unsigned)
            .and_then(|id| self.liveness.answered(id));
        if let Some((id, asked)) = answered {
            let round_trip = now.monotonic.saturating_sub(asked);
            self.events
                .push_back(Event::TestRequestAnswered { id, round_trip });
        }
    }

    fn reject_received(&mut self, now: Now, frame: Bytes, header: &Header<'_>) {
        let number = |tag| find(&frame, tag).and_then(parse_unsigned);
        let small = |tag| number(tag).and_then(|number| u32::try_from(number).ok());
        let (ref_seq_num, ref_tag_id, reason) = (number(45), small(371), small(373));
        let (ref_msg_type, text) = (text(&frame, 372), text(&frame, 58));
        let refused = self
            .refuses_our_request(&frame)
            .then(|| EndReason::ResendRefused {
                begin: self.sequences.next_incoming,
                text: text.clone(),
            });
        self.events.push_back(Event::RejectReceived(RejectReceived {
            inbound: inbound(frame, header),
            ref_seq_num,
            ref_tag_id,
            ref_msg_type,
            reason,
            text,
        }));
        if let Some(reason) = refused {
            self.fail(now, reason);
        }
    }

    /// A frame whose header cannot be read.
    fn bad_header(&mut self, now: Now, frame: &[u8], error: &HeaderError) {
        let msg_type = find(frame, 35).unwrap_or_default();
        let refusal = match self.state {
            SessionState::AwaitingLogon => return self.logon_with_bad_header(now, frame, error),
            SessionState::Signing | SessionState::LogonSent => Session::refusal(frame, msg_type),
            _ => None,
        };
        if let Some(reason) = refusal {
            return self.end(reason);
        }
        if self.state == SessionState::Signing {
            return self.end(EndReason::InvalidLogon {
                fault: header_fault(error).text,
            });
        }
        if let Some(reason) = self.wrong_begin_string(find(frame, 8).unwrap_or_default()) {
            return self.fail(now, reason);
        }
        if self.state == SessionState::LogonSent {
            return self.fail(
                now,
                EndReason::InvalidLogon {
                    fault: header_fault(error).text,
                },
            );
        }
        self.heard(now);
        let sequence = find(frame, 34)
            .and_then(parse_unsigned)
            .filter(|number| *number > 0);
        let Some(sequence) = sequence.filter(|_| error.tag() != 34) else {
            return self.fail(now, EndReason::NoSequenceNumber);
        };
        let repeated = sequence < self.sequences.next_incoming && find(frame, 43) == Some(b"Y");
        if !repeated && let Some(reason) = self.out_of_sequence(sequence) {
            if self.recovery().is_some() && matches!(reason, EndReason::SequenceGap(_)) {
                return self.early_lost(sequence);
            }
            return self.fail(now, reason);
        }
        self.send_reject(now, sequence, msg_type, &header_fault(error));
        self.consume(sequence);
        if let Some(reason) = self.missing_comp_id(error.tag()) {
            self.fail(now, reason);
        }
    }

    /// The expected number is used, whatever became of the message; another number is not.
    pub(super) fn consume(&mut self, sequence: SequenceNumber) {
        if sequence == self.sequences.next_incoming {
            self.expect(sequence + 1);
        }
    }

    pub(super) fn send_reject(
        &mut self,
        now: Now,
        ref_seq_num: SequenceNumber,
        msg_type: &[u8],
        fault: &Fault,
    ) {
        let reject = Reject {
            ref_seq_num,
            ref_msg_type: Some(lossy(msg_type)),
            ref_tag_id: Some(fault.tag),
            reason: fault.reason,
            text: Some(fault.text.clone()),
        };
        self.say(now, &reject);
        self.events.push_back(Event::RejectSent(reject));
    }
}

/// The checks of the header.
impl Session {
    pub(super) fn wrong_begin_string(&self, received: &[u8]) -> Option<EndReason> {
        let expected = &self.settings.begin_string;
        (received != expected.as_bytes()).then(|| EndReason::WrongBeginString {
            expected: expected.clone(),
            received: lossy(received),
        })
    }

    pub(super) fn wrong_comp_id(&self, header: &Header<'_>) -> Option<EndReason> {
        let check = |tag, expected: &Option<String>, received: &[u8]| {
            let expected = expected
                .as_ref()
                .filter(|expected| expected.as_bytes() != received)?;
            Some(EndReason::WrongCompId {
                tag,
                expected: expected.clone(),
                received: lossy(received),
            })
        };
        check(49, &self.peer_sender_comp_id, header.sender_comp_id)
            .or_else(|| check(56, &self.peer_target_comp_id, header.target_comp_id))
    }

    fn missing_comp_id(&self, tag: u32) -> Option<EndReason> {
        let expected = match tag {
            49 => self.peer_sender_comp_id.clone(),
            56 => self.peer_target_comp_id.clone(),
            _ => return None,
        };
        Some(EndReason::WrongCompId {
            tag,
            expected: expected.unwrap_or_default(),
            received: String::new(),
        })
    }

    pub(super) fn reject_comp_id(&mut self, now: Now, header: &Header<'_>, reason: &EndReason) {
        let tag = if let EndReason::WrongCompId { tag, .. } = reason {
            *tag
        } else {
            49
        };
        let fault = fault(tag, RejectReason::CompIdProblem, reason.to_string());
        self.send_reject(now, header.msg_seq_num, header.msg_type, &fault);
    }

    pub(super) fn reject_time(&mut self, now: Now, header: &Header<'_>, reason: &EndReason) {
        let fault = fault(52, RejectReason::SendingTimeAccuracy, reason.to_string());
        self.send_reject(now, header.msg_seq_num, header.msg_type, &fault);
    }
}

/// SequenceReset (4) in reset mode: without GapFillFlag (123), or with N.
fn is_reset(kind: Kind, frame: &[u8]) -> bool {
    kind == Kind::SequenceReset && matches!(find(frame, 123), None | Some(b"N"))
}

/// What is wrong with a possible duplicate (cases 2f, 2g). A gap fill is spared: engines send it without
/// OrigSendingTime (122), since it is no copy of anything.
fn duplicate_fault(kind: Kind, header: &Header<'_>) -> Option<Fault> {
    if !header.poss_dup || kind == Kind::SequenceReset {
        return None;
    }
    match header.orig_sending_time {
        None => {
            let text = "OrigSendingTime (122) is missing from a possible duplicate".to_owned();
            Some(fault(122, RejectReason::RequiredTagMissing, text))
        }
        Some(original) if original > header.sending_time => {
            let text = format!("OrigSendingTime (122) {original} is after SendingTime (52)");
            Some(fault(122, RejectReason::SendingTimeAccuracy, text))
        }
        Some(_) => None,
    }
}

pub(super) fn header_fault(error: &HeaderError) -> Fault {
    let reason = match error {
        HeaderError::Missing(_) => RejectReason::RequiredTagMissing,
        HeaderError::Malformed { value, .. } if value.is_empty() => RejectReason::TagWithoutValue,
        HeaderError::Repeated(_) => RejectReason::TagAppearsMoreThanOnce,
        _ => RejectReason::IncorrectDataFormat,
    };
    fault(error.tag(), reason, error.to_string())
}

/// How far `time` is ahead of `clock`, in milliseconds, away from zero where it does not divide.
pub(super) fn offset_millis(time: Timestamp, clock: Timestamp) -> i64 {
    let nanos = i128::from(time.unix_nanos()) - i128::from(clock.unix_nanos());
    let millis = nanos.unsigned_abs().div_ceil(1_000_000) as i64;
    if nanos < 0 { -millis } else { millis }
}

pub(super) fn inbound(frame: Bytes, header: &Header<'_>) -> Inbound {
    // BeginString (8), BodyLength (9) and MsgType (35) come first: the type begins behind the second
    // delimiter.
    let start = frame
        .windows(4)
        .position(|window| window == b"\x0135=")
        .map_or(0, |at| at as u32 + 4);
    let end = start + header.msg_type.len() as u32;
    Inbound {
        frame,
        msg_seq_num: header.msg_seq_num,
        sending_time: header.sending_time,
        poss_dup: header.poss_dup,
        poss_resend: header.poss_resend,
        msg_type: start..end,
    }
}
