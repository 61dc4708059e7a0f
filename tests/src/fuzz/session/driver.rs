//! What surrounds the session core, as its documentation describes it, with a check of every promise on the way.

mod promises;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;
use fix_dialect::{Precision, SOH, Timestamp, fields};
use kalshi_fix::session::{
    Acceptance, Intake, Now, Refusal, Role, SendError, Sequences, Session, SessionSettings, SessionState,
    SigningFailed, StoreOperation, Ticket,
};

use super::outgoing::Outgoing;

/// A secret that no output may show.
pub(super) const SECRET: &str = "S3CR3T";

/// A message of the peer's.
pub(super) struct Message<'m> {
    pub(super) msg_type: &'m str,
    /// How it departs from the usual; see [`Driver::receive_message`].
    pub(super) flags: u8,
    pub(super) number: u16,
    /// The fields behind the header.
    pub(super) body: &'m [u8],
}

pub(super) struct Driver {
    session: Session,
    settings: SessionSettings,
    role: Role,
    at: Duration,
    /// How far our clock, and the peer's, were set, in seconds.
    set: i64,
    peer_set: i64,
    /// What the store has of the numbers.
    kept: Sequences,
    /// The longest piece of the script so far: nothing that it makes a session say is much longer.
    longest: usize,
    /// Ranges that the peer has asked for.
    requested: Vec<(u64, u64)>,
    /// Whether the peer has said, or may have said, that numbers are skipped without a gap fill.
    plain_reset: bool,
    /// Whether this connection's logon was accepted, or is ours.
    admitted: bool,
    received: BytesMut,
    /// All that the peer has said.
    heard: Vec<u8>,
    outgoing: Outgoing,
    /// Operations that the store has not done.
    storing: VecDeque<StoreOperation>,
    /// The store has failed, or a resend was asked for: what waits for it can be left behind, but for the journal.
    interrupted: bool,
    /// The store has failed: it does nothing more for this session.
    failed: bool,
    signature: Option<Ticket>,
    /// For how many more steps nothing is drained.
    held: usize,
    /// What may have come together since everything was drained: events, and bytes to send.
    events_allowed: usize,
    bytes_allowed: usize,
    ended: bool,
    /// Whether all that came has its secrets only where secrets belong.
    discreet: bool,
}

impl Driver {
    pub(super) fn new(settings: &SessionSettings, role: Role) -> Driver {
        let mut driver = Driver {
            session: Session::new(settings.clone(), role.clone()).expect("settings that can work"),
            admitted: matches!(role, Role::Initiator(_)),
            longest: 0,
            requested: Vec::new(),
            plain_reset: false,
            settings: settings.clone(),
            role,
            set: 0,
            peer_set: 0,
            kept: settings.sequences,
            at: Duration::from_hours(1),
            received: BytesMut::new(),
            heard: Vec::new(),
            outgoing: Outgoing::new(settings),
            storing: VecDeque::new(),
            interrupted: false,
            failed: false,
            signature: None,
            held: 0,
            events_allowed: 0,
            bytes_allowed: 0,
            ended: false,
            discreet: true,
        };
        driver.drained();
        driver
    }

    fn now(&self) -> Now {
        Now::new(self.at, self.utc(self.set))
    }

    fn utc(&self, set: i64) -> Timestamp {
        Timestamp::from_unix_nanos(START + self.at.as_nanos() as i64 + set * 1_000_000_000)
    }

    /// Sets our clock by so many seconds, or the peer's as well.
    pub(super) fn set_clocks(&mut self, seconds: i64, both: bool) {
        self.set += seconds;
        self.peer_set += if both { seconds } else { 0 };
    }

    /// The connection is lost, and another one made. What the store was asked for and has not done is done still, or, if
    /// the process dies with the connection, never.
    pub(super) fn reconnect(&mut self, dies: bool) {
        self.held = 0;
        if !dies {
            self.stored(usize::MAX);
        }
        self.end_of_stream();
        if !dies && !self.failed {
            self.stored(usize::MAX);
        }
        self.storing.clear();
        assert!(self.ended, "no last event");
        self.outgoing.reconnect();
        self.received.clear();
        self.signature = None;
        self.interrupted = false;
        self.failed = false;
        self.ended = false;
        self.requested.clear();
        self.admitted = matches!(self.role, Role::Initiator(_));
        self.settings.sequences = self.kept;
        self.session = Session::new(self.settings.clone(), self.role.clone()).expect("settings that worked");
        self.drained();
        self.connect();
    }

    /// What the store has of the numbers.
    pub(super) const fn kept(&self) -> Sequences {
        self.kept
    }

    /// The next logon finds another store, with these numbers.
    pub(super) fn other_store(&mut self, sequences: Sequences) {
        self.kept = sequences;
        self.outgoing.forget();
    }

    /// Starts both directions at 1, if the session can do that now.
    pub(super) fn reset(&mut self) {
        let before = self.session.sequences();
        if self.session.reset(self.now()).is_err() {
            assert_eq!(self.session.sequences(), before);
        }
        self.events_allowed += 2;
        self.bytes_allowed += OWN_FRAME + LONGEST_CHUNK;
        self.after();
    }

    pub(super) fn connect(&mut self) {
        self.session.connected(self.now()).expect("an idle session");
        self.after();
    }

    /// Feeds a message with a right BodyLength (9) and CheckSum (10), but for what its flags say: MsgSeqNum (34) beyond
    /// (1), below (2) or set (3), PossDupFlag (4), a bad checksum (8), SendingTime (52) off by the number in seconds (16), another
    /// SenderCompID (32), another BeginString (64), in two pieces (128).
    pub(super) fn receive_message(&mut self, message: &Message<'_>) {
        let Message { flags, body, .. } = *message;
        let fills = fields(body).any(|field| field.tag == 123 && field.value == b"Y");
        self.plain_reset |= message.msg_type == "4" && !fills;
        let number = u64::from(message.number);
        let expected = self.session.sequences().next_incoming;
        let sequence = match flags & 3 {
            0 => expected,
            1 => expected.saturating_add(number),
            2 => expected.saturating_sub(number),
            _ => number,
        };
        let mut time = self.utc(self.peer_set);
        if flags & 16 != 0 {
            time = Timestamp::from_unix_nanos(
                time.unix_nanos() + (i64::from(message.number) - 60) * 1_000_000_000,
            );
        }
        let sender = if flags & 32 == 0 { "PEER" } else { "OTHER" };
        let begin = if flags & 64 == 0 {
            self.settings.begin_string.as_str()
        } else {
            "FIX.4.2"
        };
        let dup = if flags & 4 == 0 { "" } else { "43=Y\u{1}" };
        let time = time.with_precision(Precision::MILLIS);
        let header = format!(
            "35={}\u{1}49={sender}\u{1}56=US\u{1}34={sequence}\u{1}{dup}52={time}\u{1}",
            message.msg_type
        );
        let mut content = header.into_bytes();
        content.extend_from_slice(body);
        if content.last() != Some(&SOH) {
            content.push(SOH);
        }
        let mut frame = format!("8={begin}\u{1}9={}\u{1}", content.len()).into_bytes();
        frame.extend(content);
        let sum = frame
            .iter()
            .fold(flags >> 3 & 1, |sum, byte| sum.wrapping_add(*byte));
        frame.extend(format!("10={sum:03}\u{1}").bytes());
        if flags & 128 == 0 {
            self.receive(&frame);
        } else {
            let (first, second) = frame.split_at(usize::from(message.number) % frame.len());
            self.receive(first);
            self.receive(second);
        }
    }

    /// What comes is bytes of any kind, a SequenceReset (4) perhaps.
    pub(super) const fn skip_reset_checks(&mut self) {
        self.plain_reset = true;
    }

    /// The script has something to say that is not the peer's: a secret in it is no secret.
    pub(super) fn quote(&mut self, text: &[u8]) {
        self.longest = self.longest.max(text.len());
        self.discreet &= !text.windows(SECRET.len()).any(|at| at == SECRET.as_bytes());
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.longest = self.longest.max(bytes.len());
        self.heard.extend_from_slice(bytes);
        let heard = &self.heard;
        let count = |pattern: &str| {
            heard
                .windows(pattern.len())
                .filter(|at| *at == pattern.as_bytes())
                .count()
        };
        let hidden =
            count("\u{1}96=S3CR3T\u{1}") + count("\u{1}554=S3CR3T\u{1}") + count("\u{1}925=S3CR3T\u{1}");
        self.discreet &= count(SECRET) == hidden;
        self.outgoing.resending |= count("35=2") + count("789=") > 0;
        if !self.ended {
            self.received.extend_from_slice(bytes);
        }
        self.read();
        self.after();
    }

    /// Lets the session take what has come, as far as its queues go.
    fn read(&mut self) {
        loop {
            match self.session.handle_bytes(self.now(), &mut self.received) {
                Intake::NeedMore(total) => {
                    let most = self.settings.max_frame.max(64);
                    assert!(
                        self.received.len() < total && total <= most,
                        "needs {total} bytes"
                    );
                    return;
                }
                Intake::Drain => {
                    if self.held > 0 || !self.drain() {
                        return;
                    }
                }
                Intake::LogonPending => {
                    assert_eq!(self.session.state(), SessionState::Authenticating);
                    return;
                }
                Intake::Closed => {
                    assert!(self.received.is_empty() && self.session.state().is_ended());
                    return;
                }
            }
        }
    }

    pub(super) fn wait(&mut self, time: Duration, alarm: bool) {
        self.at = self.at.saturating_add(time).min(LATEST);
        if alarm {
            self.time_out();
        }
        self.after();
    }

    /// Waits for the deadline, and for so long after it.
    pub(super) fn wait_for_deadline(&mut self, late: Duration) {
        if let Some(deadline) = self.session.next_deadline() {
            self.wait(deadline.saturating_sub(self.at) + late, true);
        }
    }

    fn time_out(&mut self) {
        self.session.handle_timeout(self.now());
        self.events_allowed += TIMERS;
        self.bytes_allowed += TIMERS * OWN_FRAME;
        let (at, deadline) = (self.at, self.session.next_deadline());
        assert!(
            deadline.is_none_or(|deadline| deadline > at),
            "{deadline:?} at {at:?}"
        );
    }

    /// A command that takes a number when it succeeds, and nothing when it does not.
    pub(super) fn command(&mut self, command: impl FnOnce(&mut Session, Now) -> Result<u64, SendError>) {
        let before = self.session.sequences();
        let now = self.now();
        let done = command(&mut self.session, now);
        let after = self.session.sequences();
        assert_eq!(after.next_incoming, before.next_incoming);
        match done {
            Ok(sequence) => {
                assert!(
                    sequence == 0 || sequence == before.next_outgoing,
                    "{sequence} of {before:?}"
                );
                assert_eq!(after.next_outgoing, before.next_outgoing + 1);
                self.events_allowed += 1;
                self.bytes_allowed += OWN_FRAME + 2 * LONGEST_CHUNK;
            }
            Err(error) => {
                assert_eq!(after, before, "{error}");
                assert!(!error.to_string().is_empty());
            }
        }
        self.after();
    }

    pub(super) fn logout(&mut self, text: Option<&str>) {
        self.session.logout(self.now(), text);
        self.events_allowed += 1;
        self.bytes_allowed += OWN_FRAME + 3 * LONGEST_CHUNK;
        self.after();
    }

    pub(super) fn accept(&mut self, acceptance: Acceptance) {
        let asked = self.session.state() == SessionState::Authenticating;
        self.admitted |= asked;
        let done = self.session.accept_logon(self.now(), acceptance);
        assert_eq!(done.is_ok(), asked, "{done:?}");
        self.decided();
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        let asked = self.session.state() == SessionState::Authenticating;
        let done = self.session.refuse_logon(self.now(), refusal);
        assert_eq!(done.is_ok(), asked, "{done:?}");
        self.decided();
    }

    fn decided(&mut self) {
        self.events_allowed += 3;
        self.bytes_allowed += OWN_FRAME + 3 * LONGEST_CHUNK;
        self.outgoing.restart();
        self.read();
        self.after();
    }

    pub(super) fn sign(&mut self, signature: Option<Vec<u8>>) {
        let Some(ticket) = self.signature.take() else {
            return;
        };
        self.bytes_allowed += OWN_FRAME + LONGEST_CHUNK;
        self.events_allowed += 1;
        let asked = self.session.state() == SessionState::Signing;
        let resetting = self.session.is_resetting();
        let done = self
            .session
            .handle_signature(self.now(), ticket, signature.ok_or(SigningFailed));
        assert!(done.is_ok() == asked || resetting, "{done:?}");
        self.after();
    }

    /// The store does so many more operations, and reads.
    pub(super) fn stored(&mut self, operations: usize) {
        for _ in 0..operations {
            let Some(operation) = self.storing.pop_front() else {
                break;
            };
            let ticket = operation.ticket();
            if let StoreOperation::Read {
                begin,
                end,
                max_bytes,
                ..
            } = operation
            {
                let page = self.outgoing.page(begin, end, max_bytes);
                self.events_allowed += page.len() + 2;
                self.bytes_allowed += 4 * self.settings.resend_page + OWN_FRAME * (page.len() + 2);
                self.session.handle_read(self.now(), ticket, page);
            } else {
                match &operation {
                    StoreOperation::Append { sequence, .. } => self.kept.next_outgoing = sequence + 1,
                    StoreOperation::SetNextOutgoing { next, .. } => self.kept.next_outgoing = *next,
                    StoreOperation::SetNextIncoming { next, .. } => self.kept.next_incoming = *next,
                    _ => self.kept = Sequences::START,
                }
                self.session.handle_stored(ticket);
                self.outgoing.stored(ticket);
            }
            if self.held == 0 {
                self.drain();
            }
        }
        self.read();
        self.after();
    }

    /// The store cannot do what it was asked for, nor anything behind it.
    pub(super) fn store_fails(&mut self) {
        let Some(operation) = self.storing.pop_front() else {
            return;
        };
        self.storing.clear();
        self.interrupted = true;
        self.failed = true;
        self.events_allowed += 1;
        self.session.handle_store_failed(operation.ticket(), "no room");
        assert!(self.session.state().is_ended());
        self.after();
    }

    pub(super) fn acknowledge(&mut self, through: u64) {
        self.session.acknowledge(through);
        self.after();
    }

    /// Drains nothing for so many steps.
    pub(super) fn hold(&mut self, steps: usize) {
        self.held = steps + 1;
        self.after();
    }

    pub(super) fn end_of_stream(&mut self) {
        self.session.handle_eof(self.now());
        self.events_allowed += 1;
        assert!(self.session.state().is_ended());
        self.after();
    }

    /// The connection is lost at the end of every script, and then the session is over.
    pub(super) fn finish(mut self) {
        self.held = 0;
        self.stored(usize::MAX);
        self.end_of_stream();
        while !self.storing.is_empty() {
            self.stored(usize::MAX);
        }
        self.drain();
        assert!(self.ended, "no last event");
        assert_eq!(self.session.next_deadline(), None);
        let (outgoing, session) = (&self.outgoing, &self.session);
        assert!(
            self.interrupted || outgoing.waiting() == 0,
            "left behind by {session:?}"
        );
    }
}

/// 2026-08-21, without the hour at which a script begins.
const START: i64 = 1_787_313_600_000_000_000;
/// Some forty years on: what the core is given is time of this world.
const LATEST: Duration = Duration::from_hours(40 * 365 * 24);
/// How many timers can expire in one call, and more.
const TIMERS: usize = 8;
/// More than a frame of the session's own takes, without what it quotes.
const OWN_FRAME: usize = 1024;
const LONGEST_CHUNK: usize = 1 << 16;
