//! A client and a venue, connected in memory.

use std::time::Duration;

use bytes::BytesMut;
use fix_dialect::{Precision, Timestamp};

use super::bench::{Order, START};
use super::*;
use crate::session::{
    Acceptance, EndReason, Event, Intake, Now, Refusal, Role, SequenceNumber, Session, State,
};

/// One side: a session and the bytes on their way to it.
struct Side {
    session: Session,
    inbox: BytesMut,
    events: Vec<Event>,
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
        let side = |settings, role| Side {
            session: Session::new(settings, role).unwrap(),
            inbox: BytesMut::new(),
            events: Vec::new(),
        };
        let mut pair = Pair {
            client: side(Bench::client_settings(), Role::Initiator(Bench::logon().signed())),
            venue: side(Bench::venue_settings(), Role::Acceptor),
            at: Duration::from_secs(5),
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
            while let Some(transmit) = side.session.poll_transmit() {
                self.in_flight
                    .push((self.at + self.latency, !client, transmit.bytes.to_vec()));
            }
            let Some(event) = side.session.poll_event() else {
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
                    side.session.accept_logon(now, Acceptance::default()).unwrap();
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
        assert_eq!(pair.client.session.state(), State::Established);
        assert_eq!(pair.venue.session.state(), State::Established);
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
    assert_eq!(pair.client.session.state(), State::Established);
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
