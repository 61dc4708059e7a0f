//! A resend of everything that was ever sent, from a journal on the disk: two session cores in one thread, with the
//! bytes handed from one to the other, so that neither a socket nor a scheduler has a part in it.
//!
//! The time is from the connection to the last message at the peer, whose core has then checked and delivered all of
//! them. The journal was written by another session core before, and its files are in the system's cache.
//! The memory is the whole process's: what holds the journal's pages is part of it, and so is the program.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use bytes::BytesMut;
use kalshi_fix::dialect::Timestamp;
use kalshi_fix::session::{
    Acceptance, Event, Identity, Intake, Logon, Now, Role, Sequences, Session, SessionSettings,
    StoreOperation,
};
use kalshi_fix::store::{Durability, JournalSettings, JournalStore, Store};

use super::traffic::{CLIENT, Traffic, VENUE};
use super::usage;

const MESSAGES: u64 = 100_000;
const ROUNDS: usize = 5;

pub(crate) fn print() {
    let directory = std::env::temp_dir().join(format!("kalshi-fix-bench-resend-{}", std::process::id()));
    let traffic = Traffic::recorded();
    fill(&directory, &traffic);
    let mut times = Vec::new();
    usage::forget_peak();
    for _ in 0..ROUNDS {
        times.push(resend(&directory));
    }
    let peak = usage::peak();
    std::fs::remove_dir_all(&directory).expect("it can be removed");
    times.sort_unstable();
    print!(
        "\nresend of {MESSAGES} orders ({} MB) from the journal: {:.0} ms ({:.0} to {:.0})",
        MESSAGES as usize * traffic.orders.mean_length() / 1_000_000,
        millis(times[ROUNDS / 2]),
        millis(times[0]),
        millis(times[ROUNDS - 1])
    );
    match peak {
        Some(bytes) => println!(
            ", at most {:.1} MiB resident, program included",
            bytes as f64 / 1024.0 / 1024.0
        ),
        None => println!(),
    }
}

/// Sends them on a connection that loses everything behind the logon.
fn fill(directory: &Path, traffic: &Traffic) {
    let mut pair = Pair::new(directory, Logon::new(30).reset(), Acceptance::default());
    while !pair.client.state().is_established() {
        pair.turn();
    }
    for place in 0..MESSAGES {
        let order = traffic.orders.message(place as usize);
        pair.client.send(pair.now(), order).expect("a session");
        pair.keep();
        while pair.client.poll_transmit().is_some() {}
    }
    pair.store.commit(pair.now().utc).expect("a disk");
}

fn resend(directory: &Path) -> Duration {
    let mut pair = Pair::new(directory, Logon::new(30), Acceptance::default());
    // To the peer nothing has come but the logon of the first connection.
    let sequences = Sequences {
        next_outgoing: pair.store.state().sequences.next_incoming,
        next_incoming: 2,
    };
    pair.acceptance = Some(Acceptance {
        sequences,
        ..Acceptance::default()
    });
    let start = Instant::now();
    while pair.delivered < MESSAGES {
        pair.turn();
    }
    start.elapsed()
}

struct Pair {
    client: Session,
    store: JournalStore,
    venue: Session,
    acceptance: Option<Acceptance>,
    to_venue: BytesMut,
    to_client: BytesMut,
    start: Instant,
    /// Application messages that the venue has received.
    delivered: u64,
}

impl Pair {
    fn new(directory: &Path, logon: Logon, acceptance: Acceptance) -> Pair {
        let mut journal = JournalSettings::new("benchmark");
        journal.durability = Durability::OperatingSystem;
        let utc = Timestamp::from(SystemTime::now());
        let store = JournalStore::open(directory, journal, utc).expect("a journal");
        let client = Identity::initiator(CLIENT, "KalshiRT");
        let mut client = SessionSettings::kalshi_prediction(client).retransmitting();
        client.sequences = store.state().sequences;
        let venue = SessionSettings::kalshi_prediction(Identity::acceptor(VENUE)).retransmitting();
        let logon = logon.default_appl_ver_id("9");
        let mut pair = Pair {
            client: Session::new(client, Role::Initiator(logon)).expect("sound settings"),
            store,
            venue: Session::new(venue, Role::Acceptor).expect("sound settings"),
            acceptance: Some(acceptance),
            to_venue: BytesMut::new(),
            to_client: BytesMut::new(),
            start: Instant::now(),
            delivered: 0,
        };
        let now = pair.now();
        pair.client.connected(now).expect("a new session");
        pair.venue.connected(now).expect("a new session");
        pair
    }

    fn now(&self) -> Now {
        Now::new(self.start.elapsed(), Timestamp::from(SystemTime::now()))
    }

    /// Each side does what it can, once.
    fn turn(&mut self) {
        self.keep();
        while let Some(transmit) = self.client.poll_transmit() {
            self.to_venue.extend_from_slice(&transmit.bytes);
        }
        while let Some(event) = self.client.poll_event() {
            assert!(!matches!(event, Event::Ended(_)), "{event:?}");
        }
        while self.venue.handle_bytes(self.now(), &mut self.to_venue) == Intake::Drain {
            self.attend();
        }
        self.attend();
        let _ = self.client.handle_bytes(self.now(), &mut self.to_client);
    }

    /// The client's store.
    fn keep(&mut self) {
        while let Some(operation) = self.client.poll_store() {
            let ticket = operation.ticket();
            match operation {
                StoreOperation::Append { sequence, frame, .. } => self.store.append(sequence, &frame),
                StoreOperation::SetNextOutgoing { next, .. } => self.store.set_next_outgoing(next),
                StoreOperation::SetNextIncoming { next, .. } => self.store.set_next_incoming(next),
                StoreOperation::Reset { .. } => self.store.reset(self.now().utc),
                StoreOperation::Read {
                    begin,
                    end,
                    max_bytes,
                    ..
                } => {
                    let mut page = Vec::new();
                    let read = self.store.read(begin, end, max_bytes, &mut page);
                    let _ = read.expect("a sound journal");
                    self.client.handle_read(self.now(), ticket, page);
                    continue;
                }
                other => panic!("{other:?}"),
            }
            .expect("a disk");
            self.client.handle_stored(ticket);
        }
    }

    /// The venue's application. It needs no store, since nobody asks it for anything.
    fn attend(&mut self) {
        while let Some(event) = self.venue.poll_event() {
            match event {
                Event::Application(_) => self.delivered += 1,
                Event::LogonRequest(_) => {
                    let acceptance = self.acceptance.take().expect("one logon");
                    self.venue.accept_logon(self.now(), acceptance).expect("a logon");
                }
                Event::Ended(reason) => panic!("{reason:?}"),
                _ => {}
            }
        }
        while let Some(operation) = self.venue.poll_store() {
            self.venue.handle_stored(operation.ticket());
        }
        while let Some(transmit) = self.venue.poll_transmit() {
            self.to_client.extend_from_slice(&transmit.bytes);
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
