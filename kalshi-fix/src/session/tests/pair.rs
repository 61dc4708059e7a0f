//! A client and a venue, connected in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fix_dialect::{Precision, Timestamp};

use super::bench::{Order, START, read};
use super::*;
use crate::session::{
    Acceptance, EarlyMessages, EndReason, Event, GapPolicy, Intake, Logon, Now, Recovery, Refusal, Role,
    SequenceNumber, Sequences, Session, SessionSettings, SessionState, StoreOperation,
};

/// One side: a session and the bytes on their way to it.
struct Side {
    session: Session,
    inbox: BytesMut,
    events: Vec<Event>,
    store: Store,
}

/// What outlives a connection: the numbers and the journal of one side.
#[derive(Default, Clone)]
struct Store {
    sequences: Sequences,
    journal: BTreeMap<SequenceNumber, Bytes>,
}

/// Two sessions with a wire between them that takes a while and cuts the bytes as it likes.
struct Pair {
    client: Side,
    venue: Side,
    at: Duration,
    latency: Duration,
    chunk: usize,
    in_flight: Vec<(Duration, bool, Vec<u8>)>,
}

impl Pair {
    fn new(chunk: usize) -> Self {
        let settings = [Bench::client_settings(), Bench::venue_settings()];
        Pair::with(chunk, seconds(5), settings, Bench::logon(), Default::default())
    }

    /// Two sides with these rules that go on from these stores.
    fn with(
        chunk: usize,
        at: Duration,
        settings: [SessionSettings; 2],
        logon: Logon,
        stores: [Store; 2],
    ) -> Self {
        let side = |mut settings: SessionSettings, role, store: Store| {
            settings.sequences = store.sequences;
            Side {
                session: Session::new(settings, role).unwrap(),
                inbox: BytesMut::new(),
                events: Vec::new(),
                store,
            }
        };
        let [client, venue] = settings;
        let [kept, kept_by_venue] = stores;
        let mut pair = Pair {
            client: side(client, Role::Initiator(logon.signed()), kept),
            venue: side(venue, Role::Acceptor, kept_by_venue),
            at,
            latency: Duration::from_millis(20),
            chunk,
            in_flight: Vec::new(),
        };
        let now = pair.now();
        pair.client.session.connected(now).unwrap();
        pair.venue.session.connected(now).unwrap();
        pair.run(Duration::from_millis(200));
        pair
    }

    fn now(&self) -> Now {
        let start = Timestamp::parse(START.as_bytes()).unwrap().unix_nanos();
        Now::new(
            self.at,
            Timestamp::from_unix_nanos(start + self.at.as_nanos() as i64),
        )
    }

    /// Runs both sides until this much time has passed.
    fn run(&mut self, duration: Duration) {
        let until = self.at + duration;
        loop {
            self.drain(true);
            self.drain(false);
            let arrival = self.in_flight.iter().map(|(at, ..)| *at).min();
            let deadlines = [
                self.client.session.next_deadline(),
                self.venue.session.next_deadline(),
                arrival,
            ];
            let Some(next) = deadlines
                .into_iter()
                .flatten()
                .min()
                .filter(|next| *next <= until)
            else {
                break;
            };
            self.at = self.at.max(next);
            let now = self.now();
            self.client.session.handle_timeout(now);
            self.venue.session.handle_timeout(now);
            let (arrived, rest) = std::mem::take(&mut self.in_flight)
                .into_iter()
                .partition(|(at, ..)| *at <= now.monotonic);
            self.in_flight = rest;
            let arrived: Vec<(Duration, bool, Vec<u8>)> = arrived;
            for (_, to_client, bytes) in arrived {
                let side = if to_client {
                    &mut self.client
                } else {
                    &mut self.venue
                };
                if bytes.is_empty() {
                    side.session.handle_eof(now);
                    continue;
                }
                for chunk in bytes.chunks(self.chunk) {
                    side.inbox.extend_from_slice(chunk);
                    let _ = side.session.handle_bytes(now, &mut side.inbox);
                }
            }
        }
        self.at = until;
    }

    /// What a driver does: signs, accepts, and closes the connection at the end.
    fn drain(&mut self, client: bool) {
        let now = self.now();
        let side = if client { &mut self.client } else { &mut self.venue };
        loop {
            while let Some(operation) = side.session.poll_store() {
                side.keep(now, operation);
            }
            while let Some(transmit) = side.session.poll_transmit() {
                self.in_flight
                    .push((self.at + self.latency, !client, transmit.bytes.to_vec()));
            }
            let Some(event) = side.session.poll_event() else {
                if let Some(operation) = side.session.poll_store() {
                    side.keep(now, operation);
                    continue;
                }
                break;
            };
            match &event {
                Event::SignLogon(request) => {
                    let signature = Ok(b"c2ln".to_vec());
                    side.session
                        .handle_signature(now, request.ticket, signature)
                        .unwrap();
                }
                Event::LogonRequest(request) => {
                    assert_eq!(request.raw_data.as_deref(), Some(&b"c2ln"[..]));
                    let sequences = side.store.sequences;
                    let acceptance = Acceptance {
                        sequences,
                        ..Acceptance::default()
                    };
                    side.session.accept_logon(now, acceptance).unwrap();
                }
                Event::Ended(_) => self.in_flight.push((self.at + self.latency, !client, Vec::new())),
                _ => {}
            }
            side.events.push(event);
            while side.session.handle_bytes(now, &mut side.inbox) == Intake::Drain {
                side.events
                    .extend(std::iter::from_fn(|| side.session.poll_event()));
            }
        }
    }
}

impl Side {
    fn keep(&mut self, now: Now, operation: StoreOperation) {
        let store = &mut self.store;
        let ticket = operation.ticket();
        match operation {
            StoreOperation::Append { sequence, frame, .. } => {
                assert!(
                    sequence >= store.sequences.next_outgoing,
                    "a number is used twice"
                );
                store.journal.insert(sequence, frame);
                store.sequences.next_outgoing = sequence + 1;
            }
            StoreOperation::SetNextOutgoing { next, .. } => {
                assert!(next >= store.sequences.next_outgoing, "a number is used twice");
                store.sequences.next_outgoing = next;
            }
            StoreOperation::SetNextIncoming { next, .. } => store.sequences.next_incoming = next,
            StoreOperation::Reset { .. } => *store = Store::default(),
            StoreOperation::Read {
                begin,
                end,
                max_bytes,
                ..
            } => {
                let page = read(&store.journal, begin, end, max_bytes);
                return self.session.handle_read(now, ticket, page);
            }
        }
        self.session.handle_stored(ticket);
    }

    fn numbers(&self) -> Vec<SequenceNumber> {
        let number = |event: &Event| match event {
            Event::Application(inbound) => Some(inbound.msg_seq_num),
            _ => None,
        };
        self.events.iter().filter_map(number).collect()
    }

    fn reason(&self) -> &EndReason {
        match self.events.last() {
            Some(Event::Ended(reason)) => reason,
            other => panic!("the last event is {other:?}"),
        }
    }
}

#[test]
fn a_whole_session() {
    for chunk in [1, 7, 100_000] {
        let mut pair = Pair::new(chunk);
        assert_eq!(pair.client.session.state(), SessionState::Established);
        assert_eq!(pair.venue.session.state(), SessionState::Established);
        for round in 0..50 {
            let now = pair.now();
            pair.client.session.send(now, &Order("from the client")).unwrap();
            pair.client.session.send(now, &Order("another")).unwrap();
            pair.venue.session.send(now, &Order("from the venue")).unwrap();
            pair.run(Duration::from_millis(round));
        }
        pair.run(seconds(1));
        assert_eq!(pair.venue.numbers(), (2..102).collect::<Vec<_>>());
        assert_eq!(pair.client.numbers(), (2..52).collect::<Vec<_>>());
        let now = pair.now();
        pair.client.session.logout(now, None);
        pair.run(seconds(1));
        assert_eq!(
            *pair.client.reason(),
            EndReason::LoggedOut {
                out_of_sequence: None
            }
        );
        assert_eq!(
            *pair.venue.reason(),
            EndReason::PeerLogout {
                text: None,
                out_of_sequence: None,
                left_open: false
            }
        );
    }
}

/// An hour without an order: heartbeats keep both sides content, and nothing else is said.
#[test]
fn an_idle_hour() {
    let mut pair = Pair::new(64);
    pair.run(Duration::from_hours(1));
    assert_eq!(pair.client.session.state(), SessionState::Established);
    assert_eq!(pair.client.events.len() + pair.venue.events.len(), 4);
    let sent = pair.client.session.sequences().next_outgoing;
    assert!((120..=122).contains(&sent), "{sent}");
}

/// The wire goes dead without a word: both sides find out.
#[test]
fn half_open() {
    let mut pair = Pair::new(64);
    pair.latency = Duration::from_hours(9);
    pair.run(seconds(120));
    assert!(matches!(pair.client.reason(), EndReason::PeerSilent { .. }));
    assert!(matches!(pair.venue.reason(), EndReason::PeerSilent { .. }));
}

#[test]
fn both_log_out_at_once() {
    let mut pair = Pair::new(64);
    let now = pair.now();
    pair.client.session.logout(now, None);
    pair.venue.session.logout(now, None);
    pair.run(seconds(1));
    for side in [&pair.client, &pair.venue] {
        assert_eq!(
            *side.reason(),
            EndReason::LoggedOut {
                out_of_sequence: None
            }
        );
    }
}

/// Two ends whose clocks differ by more than the window.
#[test]
fn clocks_that_differ() {
    let mut client = Session::new(Bench::client_settings(), Role::Initiator(Bench::logon())).unwrap();
    let mut venue = Session::new(Bench::venue_settings(), Role::Acceptor).unwrap();
    let ours = Now::new(seconds(0), Timestamp::parse(START.as_bytes()).unwrap());
    let late =
        Timestamp::from_unix_nanos(ours.utc.unix_nanos() + 45_000_000_000).with_precision(Precision::MILLIS);
    let theirs = Now::new(seconds(0), late);
    client.connected(ours).unwrap();
    venue.connected(theirs).unwrap();
    let mut wire = BytesMut::from(&client.poll_transmit().unwrap().bytes[..]);
    assert_eq!(venue.handle_bytes(theirs, &mut wire), Intake::Closed);
    let mut wire = BytesMut::from(&venue.poll_transmit().unwrap().bytes[..]);
    let _ = client.handle_bytes(ours, &mut wire);
    let Some(Event::Ended(EndReason::LogonRefused(refused))) = client.poll_event() else {
        panic!("not refused")
    };
    assert_eq!(refused.kind, crate::session::RefusalKind::SendingTime);
}

#[test]
fn a_key_that_is_in_use() {
    let mut client = Session::new(Bench::client_settings(), Role::Initiator(Bench::logon())).unwrap();
    let mut venue = Session::new(Bench::venue_settings(), Role::Acceptor).unwrap();
    let now = Now::new(seconds(0), Timestamp::parse(START.as_bytes()).unwrap());
    client.connected(now).unwrap();
    venue.connected(now).unwrap();
    let mut wire = BytesMut::from(&client.poll_transmit().unwrap().bytes[..]);
    assert_eq!(venue.handle_bytes(now, &mut wire), Intake::LogonPending);
    venue
        .refuse_logon(now, Refusal::Logout("already exists".to_owned()))
        .unwrap();
    let mut wire = BytesMut::from(&venue.poll_transmit().unwrap().bytes[..]);
    let _ = client.handle_bytes(now, &mut wire);
    let Some(Event::Ended(EndReason::LogonRefused(refused))) = client.poll_event() else {
        panic!("not refused")
    };
    assert_eq!(refused.kind, crate::session::RefusalKind::AlreadyExists);
    assert_eq!(refused.text.as_deref(), Some("already exists"));
}

/// Both lose what the other sent last, and go on: each serves the other's request and gets its own, all messages come
/// once and in order, whatever the options and however the bytes are cut.
#[test]
fn both_sides_resend_at_once() {
    type Change = fn(&mut SessionSettings);
    let changes: [Change; 5] = [
        |_| {},
        |settings| settings.next_expected = true,
        |settings| settings.last_processed = true,
        |settings| settings.resend_page = 300,
        |settings| {
            settings.gap_policy = GapPolicy::Resend(Recovery {
                early: EarlyMessages::Drop,
                ..Recovery::default()
            });
        },
    ];
    for (case, change) in changes.into_iter().enumerate() {
        for chunk in [1, 100_000] {
            let settings = [Bench::client_settings(), Bench::venue_settings()].map(|settings| {
                let mut settings = settings.retransmitting();
                change(&mut settings);
                settings
            });
            let logon = Logon::new(30).default_appl_ver_id("9");
            let mut pair = Pair::with(
                chunk,
                seconds(5),
                settings.clone(),
                logon.clone(),
                Default::default(),
            );
            let (mut to_venue, mut to_client) = (Vec::new(), Vec::new());
            for round in 0..5 {
                for _ in 0..20 {
                    let now = pair.now();
                    to_venue.push(pair.client.session.send(now, &Order("from the client")).unwrap());
                    to_client.push(pair.venue.session.send(now, &Order("from the venue")).unwrap());
                }
                if round % 2 == 0 {
                    pair.run(seconds(1));
                }
                // Cut: what is on its way never arrives, but what was sent is with the store.
                pair.drain(true);
                pair.drain(false);
                pair.in_flight.clear();
                let stores = [pair.client.store.clone(), pair.venue.store.clone()];
                let (at, old) = (pair.at, pair);
                pair = Pair::with(chunk, at, settings.clone(), logon.clone(), stores);
                // Both send at once, in the midst of the resends.
                let now = pair.now();
                to_venue.push(pair.client.session.send(now, &Order("amid")).unwrap());
                to_client.push(pair.venue.session.send(now, &Order("amid")).unwrap());
                pair.run(seconds(5));
                pair.client.events.splice(0..0, old.client.events);
                pair.venue.events.splice(0..0, old.venue.events);
            }
            pair.run(seconds(60));
            assert_eq!(pair.venue.numbers(), to_venue, "case {case}, chunks of {chunk}");
            assert_eq!(pair.client.numbers(), to_client, "case {case}, chunks of {chunk}");
            assert!(!pair.client.session.is_recovering() && !pair.venue.session.is_recovering());
            assert!(!pair.client.session.is_resending() && !pair.venue.session.is_resending());
            let (client, venue) = (pair.client.session.sequences(), pair.venue.session.sequences());
            assert_eq!(client.next_outgoing, venue.next_incoming);
            assert_eq!(venue.next_outgoing, client.next_incoming);
        }
    }
}
