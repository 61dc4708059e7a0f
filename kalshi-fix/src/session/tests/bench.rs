//! One session against a scripted peer.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fix_dialect::{BodyWriter, EncodeBody, Framer, Framing, SOH, Timestamp, fields};

use crate::session::{
    Acceptance, EndReason, Event, Identity, Intake, Logon, Now, Role, SequenceNumber, Session,
    SessionSettings, SessionState, StoreOperation, Transmit,
};

/// A session under test, its clock, and everything that it has put out.
pub(in crate::session) struct Bench {
    pub(in crate::session) session: Session,
    at: Duration,
    /// What the session's peer calls itself, and it.
    peer: (String, String),
    inbox: BytesMut,
    /// What [`Session::handle_bytes`] said last.
    pub(in crate::session) intake: Intake,
    /// Whether outputs are drained after every call, and store operations confirmed.
    pub(in crate::session) automatic: bool,
    sent: Vec<Vec<u8>>,
    events: Vec<Event>,
    pub(in crate::session) operations: Vec<StoreOperation>,
    /// What a store has kept.
    pub(in crate::session) journal: BTreeMap<SequenceNumber, Bytes>,
    last_number: u64,
    /// Whether every new message must have the number after the last one's.
    pub(in crate::session) gapless: bool,
}

/// A page of a journal, as [`StoreOperation::Read`] asks for it.
pub(in crate::session) fn read(
    journal: &BTreeMap<SequenceNumber, Bytes>,
    begin: SequenceNumber,
    end: SequenceNumber,
    max_bytes: usize,
) -> Vec<(SequenceNumber, Bytes)> {
    let mut bytes = 0;
    let fits = |(_, frame): &(&SequenceNumber, &Bytes)| {
        let first = bytes == 0;
        bytes += frame.len();
        first || bytes <= max_bytes
    };
    let page = journal.range(begin..=end).take_while(fits);
    page.map(|(sequence, frame)| (*sequence, frame.clone())).collect()
}

/// The UTC time at which every test begins.
pub(in crate::session) const START: &str = "20260817-16:00:00.000";

impl Bench {
    pub(in crate::session) fn new(settings: SessionSettings, role: Role) -> Self {
        let peer = match &role {
            Role::Initiator(_) => ("Kalshi".to_owned(), settings.identity.sender_comp_id.clone()),
            Role::Acceptor => ("key-1".to_owned(), "KalshiNR".to_owned()),
        };
        Bench {
            session: Session::new(settings, role).expect("settings that work"),
            at: Duration::from_hours(1),
            peer,
            inbox: BytesMut::new(),
            intake: Intake::Closed,
            automatic: true,
            sent: Vec::new(),
            events: Vec::new(),
            operations: Vec::new(),
            journal: BTreeMap::new(),
            last_number: 0,
            gapless: true,
        }
    }

    pub(in crate::session) fn client_settings() -> SessionSettings {
        SessionSettings::kalshi_prediction(Identity::initiator("key-1", "KalshiNR"))
    }

    pub(in crate::session) fn venue_settings() -> SessionSettings {
        SessionSettings::kalshi_prediction(Identity::acceptor("Kalshi"))
    }

    pub(in crate::session) fn logon() -> Logon {
        Logon::new(30).reset().default_appl_ver_id("9")
    }

    /// A client that has sent its logon.
    pub(in crate::session) fn logging_on() -> Self {
        let mut bench = Bench::new(Bench::client_settings(), Role::Initiator(Bench::logon()));
        bench.connect();
        bench
    }

    /// A venue that waits for a logon.
    pub(in crate::session) fn listening() -> Self {
        Bench::listening_with(Bench::venue_settings())
    }

    pub(in crate::session) fn listening_with(settings: SessionSettings) -> Self {
        let mut bench = Bench::new(settings, Role::Acceptor);
        bench.connect();
        bench
    }

    /// A session of each role with these rules, logged on: both sides have used number 1.
    pub(in crate::session) fn both_with(change: impl Fn(&mut SessionSettings)) -> [Self; 2] {
        let change = |mut settings: SessionSettings| {
            change(&mut settings);
            settings
        };
        [
            Bench::initiator_with(change(Bench::client_settings().retransmitting())),
            Bench::acceptor_with(change(Bench::venue_settings().retransmitting())),
        ]
    }

    /// Sends an application message.
    pub(in crate::session) fn send(&mut self, text: &'static str) -> SequenceNumber {
        let sent = self.session.send(self.now(), &Order(text));
        self.drain();
        sent.expect("a session that is logged on")
    }

    /// A client that is logged on: both sides have used number 1.
    pub(in crate::session) fn initiator() -> Self {
        Bench::initiator_with(Bench::client_settings())
    }

    pub(in crate::session) fn initiator_with(settings: SessionSettings) -> Self {
        let mut bench = Bench::new(settings, Role::Initiator(Bench::logon()));
        bench.connect();
        bench.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
        bench.forget()
    }

    /// A venue with a client logged on: both sides have used number 1.
    pub(in crate::session) fn acceptor() -> Self {
        Bench::acceptor_with(Bench::venue_settings())
    }

    pub(in crate::session) fn acceptor_with(settings: SessionSettings) -> Self {
        let mut bench = Bench::listening_with(settings);
        bench.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
        bench.accept();
        bench.forget()
    }

    fn forget(mut self) -> Self {
        assert_eq!(
            self.session.state(),
            SessionState::Established,
            "{:?}",
            self.events()
        );
        self.sent.clear();
        self.events.clear();
        self.operations.clear();
        self
    }

    pub(in crate::session) fn now(&self) -> Now {
        let start = Timestamp::parse(START.as_bytes())
            .expect("a timestamp")
            .unix_nanos();
        let elapsed = self.at.saturating_sub(Duration::from_hours(1)).as_nanos() as i64;
        Now::new(self.at, Timestamp::from_unix_nanos(start + elapsed))
    }

    pub(in crate::session) fn connect(&mut self) {
        self.session.connected(self.now()).expect("an idle session");
        self.drain();
    }

    pub(in crate::session) fn accept(&mut self) {
        self.session
            .accept_logon(self.now(), Acceptance::default())
            .expect("a logon to accept");
        self.read();
    }

    /// A message of the peer's: its fields from MsgType (35) on, `|` for SOH. The CompIDs and SendingTime
    /// (52) are added, unless they are there or `-tag` leaves them out.
    pub(in crate::session) fn receive(&mut self, text: &str) {
        let bytes = self.frame(text);
        self.receive_bytes(&bytes);
    }

    pub(in crate::session) fn frame(&self, text: &str) -> Vec<u8> {
        let time = self
            .now()
            .utc
            .with_precision(fix_dialect::Precision::MILLIS)
            .to_string();
        frame(text, &self.peer.0, &self.peer.1, &time)
    }

    pub(in crate::session) fn receive_bytes(&mut self, bytes: &[u8]) {
        self.inbox.extend_from_slice(bytes);
        self.read();
    }

    /// Gives the session what it has left of its bytes.
    pub(in crate::session) fn read(&mut self) {
        loop {
            self.intake = self.session.handle_bytes(self.now(), &mut self.inbox);
            let blocked = self.intake == Intake::Drain;
            self.drain();
            if !blocked || !self.automatic {
                break;
            }
        }
    }

    pub(in crate::session) fn end_of_stream(&mut self) {
        self.session.handle_eof(self.now());
        self.drain();
    }

    pub(in crate::session) fn logout(&mut self, text: Option<&str>) {
        self.session.logout(self.now(), text);
        self.drain();
    }

    /// Lets time pass, with every deadline served on the dot.
    pub(in crate::session) fn wait(&mut self, duration: Duration) {
        let until = self.at + duration;
        while let Some(deadline) = self.session.next_deadline().filter(|deadline| *deadline <= until) {
            self.at = self.at.max(deadline);
            self.session.handle_timeout(self.now());
            self.drain();
        }
        self.at = until;
    }

    /// Lets time pass without serving deadlines: a process that was stopped.
    pub(in crate::session) fn sleep(&mut self, duration: Duration) {
        self.at += duration;
    }

    pub(in crate::session) fn drain(&mut self) {
        if !self.automatic {
            return;
        }
        loop {
            let before = (self.operations.len(), self.sent.len(), self.events.len());
            while let Some(operation) = self.session.poll_store() {
                self.store(&operation);
                self.operations.push(operation);
            }
            while let Some(transmit) = self.session.poll_transmit() {
                self.transmitted(&transmit);
            }
            while let Some(event) = self.session.poll_event() {
                assert!(!self.ended(), "{event:?} after the end");
                self.events.push(event);
            }
            if before == (self.operations.len(), self.sent.len(), self.events.len()) {
                break;
            }
        }
    }

    /// What a store does: keeps messages in order, and reads a page at least one record long.
    fn store(&mut self, operation: &StoreOperation) {
        match operation {
            StoreOperation::Append { sequence, frame, .. } => {
                self.journal.insert(*sequence, frame.clone());
            }
            StoreOperation::Reset { .. } => self.journal.clear(),
            StoreOperation::Read {
                ticket,
                begin,
                end,
                max_bytes,
            } => {
                let page = read(&self.journal, *begin, *end, *max_bytes);
                self.session.handle_read(self.now(), *ticket, page);
                return;
            }
            _ => {}
        }
        self.session.handle_stored(operation.ticket());
    }

    /// Cuts and checks what was sent: valid frames, numbers that rise by one.
    pub(in crate::session) fn transmitted(&mut self, transmit: &Transmit) {
        let mut bytes = &transmit.bytes[..];
        while !bytes.is_empty() {
            let Framing::Frame(length) = Framer::default().next(bytes) else {
                panic!("{bytes:?} is no frame")
            };
            let (frame, rest) = bytes.split_at(length);
            bytes = rest;
            let value = |tag| {
                fields(frame)
                    .find(|field| field.tag == tag)
                    .map(|field| field.value)
            };
            let number = value(34).and_then(fix_dialect::parse_unsigned).expect("a number");
            assert!(
                number <= transmit.through,
                "{number} is beyond {}",
                transmit.through
            );
            if value(43).is_none() && self.gapless {
                assert_eq!(number, self.last_number + 1, "numbers rise by one");
                self.last_number = number;
            }
            self.sent.push(frame.to_vec());
        }
    }

    fn ended(&self) -> bool {
        matches!(self.events.last(), Some(Event::Ended(_)))
    }

    /// The whole frames sent since the last call.
    pub(in crate::session) fn sent_frames(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.sent)
    }

    /// What was sent since the last call, without the fields that are always the same.
    #[track_caller]
    pub(in crate::session) fn expect_sent<const N: usize>(&mut self, expected: [&str; N]) {
        let sent: Vec<String> = self.sent_frames().iter().map(|frame| shown(frame)).collect();
        assert_eq!(sent, expected);
    }

    /// What happened since the last call.
    #[track_caller]
    pub(in crate::session) fn expect_events<const N: usize>(&mut self, expected: [&str; N]) {
        assert_eq!(self.events(), expected);
        self.events.clear();
    }

    pub(in crate::session) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The reason of the end, which must have come.
    #[track_caller]
    pub(in crate::session) fn reason(&self) -> &EndReason {
        assert_eq!(self.session.state(), SessionState::Ended);
        assert_eq!(self.session.next_deadline(), None, "a timer runs after the end");
        match self.events.last() {
            Some(Event::Ended(reason)) => reason,
            other => panic!("the last event is {other:?}"),
        }
    }

    fn events(&self) -> Vec<String> {
        self.events.iter().map(describe).collect()
    }

    /// The numbers that the session goes on with: outgoing, incoming.
    pub(in crate::session) fn next(&self) -> (u64, u64) {
        let sequences = self.session.sequences();
        (sequences.next_outgoing, sequences.next_incoming)
    }
}

/// A whole frame from the short form that [`Bench::receive`] takes.
pub(in crate::session) fn frame(text: &str, sender: &str, target: &str, time: &str) -> Vec<u8> {
    let given: Vec<&str> = text.split('|').collect();
    let begin = given
        .iter()
        .find_map(|field| field.strip_prefix("8="))
        .unwrap_or("FIXT.1.1");
    let mut body = String::new();
    let mut push = |field: &str| {
        body.push_str(field);
        body.push('|');
    };
    push(
        given
            .iter()
            .find(|field| field.starts_with("35="))
            .expect("a MsgType (35)"),
    );
    for (tag, value) in [("49", sender), ("56", target), ("34", ""), ("52", time)] {
        let named = given.iter().find(|field| field.split('=').next() == Some(tag));
        if let Some(field) = named {
            push(field);
        } else if !given.contains(&format!("-{tag}").as_str()) {
            push(&format!("{tag}={value}"));
        }
    }
    for field in &given {
        let tag = field.split('=').next().unwrap_or_default();
        if !["8", "35", "49", "56", "34", "52"].contains(&tag) && !tag.starts_with('-') {
            push(field);
        }
    }
    complete(begin, &body)
}

/// BeginString (8), BodyLength (9) and CheckSum (10) around a body.
pub(in crate::session) fn complete(begin: &str, body: &str) -> Vec<u8> {
    let mut bytes = format!("8={begin}|9={}|{body}", body.len())
        .replace('|', "\x01")
        .into_bytes();
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
    bytes
}

pub(in crate::session) fn shown(frame: &[u8]) -> String {
    let shown: Vec<String> = fields(frame)
        .filter(|field| ![8, 9, 10, 49, 56, 52, 122].contains(&field.tag))
        .map(|field| format!("{}={}", field.tag, String::from_utf8_lossy(field.value)))
        .collect();
    shown.join("|")
}

pub(in crate::session) fn describe(event: &Event) -> String {
    match event {
        Event::SignLogon(_) => "sign the logon".to_owned(),
        Event::LogonRequest(request) => format!("logon request of {}", request.sender_comp_id),
        Event::Established(established) => {
            format!(
                "established with {}, {} s",
                established.peer_sender_comp_id, established.heart_bt_int
            )
        }
        Event::Application(inbound) => {
            let msg_type = String::from_utf8_lossy(inbound.msg_type()).into_owned();
            let duplicate = if inbound.poss_dup {
                ", possible duplicate"
            } else {
                ""
            };
            let resend = if inbound.poss_resend {
                ", possible resend"
            } else {
                ""
            };
            format!(
                "application {msg_type} {}{duplicate}{resend}",
                inbound.msg_seq_num
            )
        }
        Event::RejectReceived(reject) => {
            format!(
                "reject received of {:?}: {:?} {:?}",
                reject.ref_seq_num, reject.reason, reject.text
            )
        }
        Event::RejectSent(reject) => {
            format!(
                "reject sent of {} about {:?}: {:?}",
                reject.ref_seq_num, reject.ref_tag_id, reject.reason
            )
        }
        Event::BusinessRejectSent(reject) => {
            format!(
                "business reject sent of {}: {}",
                reject.ref_seq_num, reject.reason
            )
        }
        Event::Garbled { reason, skipped } => format!("garbled {skipped}: {reason}"),
        Event::DuplicateIgnored { msg_seq_num } => format!("duplicate {msg_seq_num} ignored"),
        Event::SequenceReset {
            gap_fill,
            expected,
            new,
        } => {
            format!(
                "{} {expected} -> {new}",
                if *gap_fill { "gap fill" } else { "reset" }
            )
        }
        Event::ResendRequested { begin, end } => format!("resend of {begin}-{end} requested"),
        Event::HeldBack(held) => format!("{} held back", held.msg_seq_num),
        Event::ResendServed {
            begin,
            through,
            replayed,
        } => format!("served {begin}-{through}, {replayed} replayed"),
        Event::ResendAsked { begin, end, attempt } => format!("asked for {begin}-{end}, attempt {attempt}"),
        Event::GapClosed { next } => format!("gap closed, next {next}"),
        Event::ResetInSession(reset) => {
            let (by, sent, received) = (
                if reset.ours { "us" } else { "the peer" },
                reset.sent,
                reset.received,
            );
            format!("reset in session by {by}, sent {sent}, received {received}")
        }
        Event::ClockSkew { excessive, .. } => format!("clock skew, excessive {excessive}"),
        Event::PeerSilent => "peer silent".to_owned(),
        Event::TestRequestAnswered { round_trip, .. } => format!("test request answered in {round_trip:?}"),
        Event::LogoutReceived { text } => format!("logout received: {text:?}"),
        Event::Ended(reason) => format!("ended: {reason}"),
    }
}

/// An application message.
pub(in crate::session) struct Order(pub(in crate::session) &'static str);

impl EncodeBody for Order {
    fn msg_type(&self) -> &[u8] {
        b"D"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.field(11, self.0.as_bytes());
    }
}

/// A message of any type with these fields.
pub(in crate::session) struct Body(
    pub(in crate::session) &'static str,
    pub(in crate::session) Vec<(u32, String)>,
);

impl EncodeBody for Body {
    fn msg_type(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        for (tag, value) in &self.1 {
            out.field(*tag, value.as_bytes());
        }
    }
}

/// Field delimiters shown as `|`.
pub(in crate::session) fn bars(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| if *byte == SOH { '|' } else { char::from(*byte) })
        .collect()
}

pub(in crate::session) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(in crate::session) const fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// As [`both_roles!`], on a session with retransmission.
macro_rules! both_resuming {
    ($($(#[$attribute:meta])* fn $name:ident($us:ident) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            fn run(mut $us: Bench) $body

            #[test]
            fn initiator() {
                run(Bench::initiator_with(Bench::client_settings().retransmitting()));
            }

            #[test]
            fn acceptor() {
                run(Bench::acceptor_with(Bench::venue_settings().retransmitting()));
            }
        }
    )+};
}
pub(in crate::session) use both_resuming;

/// Makes of each function a test for each role, on a session that is logged on.
macro_rules! both_roles {
    ($($(#[$attribute:meta])* fn $name:ident($us:ident) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            fn run(mut $us: Bench) $body

            #[test]
            fn initiator() {
                run(Bench::initiator());
            }

            #[test]
            fn acceptor() {
                run(Bench::acceptor());
            }
        }
    )+};
}
pub(in crate::session) use both_roles;
