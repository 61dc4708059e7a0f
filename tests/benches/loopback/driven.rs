//! The session engine: a client and a venue of the driver, each on a thread with a runtime of its own.
//!
//! Every message is typed on both sides: encoded from its type when it is sent, and decoded to it when it is received.
//! Where the client keeps a journal, so does the venue, and it always keeps its own in memory.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StandardListener};
use std::path::PathBuf;
use std::thread;
use std::time::{Instant, SystemTime};

use kalshi_fix::dialect::{Decoder, Timestamp};
use kalshi_fix::driver::{Builder, Event, Events, Handle, SessionStore};
use kalshi_fix::prediction::{Message, Prediction};
use kalshi_fix::session::{self, Acceptance, Identity, Journal, JournalGate, Logon, Role, SessionSettings};
use kalshi_fix::store::{JournalSettings, JournalStore, MemoryStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Runtime};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::tls::Tls;
use super::traffic::{CLIENT, TARGET, Traffic, VENUE};
use super::{BATCH, PING_PONG, PIPELINED, Sample, Security, Stopwatch, WARM_UP};

/// Where the client keeps what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Nowhere: a session without retransmission.
    Nothing,
    Memory,
    /// In a journal on the disk, with one `fsync` for all that has gathered since the last.
    Disk(JournalGate),
}

pub(crate) fn measure(
    keep: Keep,
    security: Security,
    tls: &'static Tls,
    traffic: &'static Traffic,
) -> Sample {
    let listener = StandardListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let venue = thread::spawn(move || run(accept(keep, security, tls, traffic, listener)));
    let sample = run(connect(keep, security, tls, traffic, address));
    venue.join().expect("a venue that did its part");
    sample
}

/// Runs it as a task of a runtime of its own: the future that a runtime of one thread was started for does not take turns
/// with the session's task, but waits for a look at the sockets each time.
pub(crate) fn run<T: Send + 'static>(part: impl Future<Output = T> + Send + 'static) -> T {
    runtime().block_on(async { tokio::spawn(part).await.expect("no panic") })
}

async fn accept(
    keep: Keep,
    security: Security,
    tls: &'static Tls,
    traffic: &'static Traffic,
    listener: StandardListener,
) {
    let stream = accepted(listener).await;
    match security {
        Security::Plain => answer(keep, stream, traffic).await,
        Security::Tls => {
            let acceptor = TlsAcceptor::from(tls.server.clone());
            let stream = acceptor.accept(stream).await.expect("a handshake");
            answer(keep, stream, traffic).await;
        }
    }
}

/// The one connection that comes.
pub(crate) async fn accepted(listener: StandardListener) -> TcpStream {
    listener.set_nonblocking(true).expect("an option");
    let listener = TcpListener::from_std(listener).expect("a runtime");
    let (stream, _) = listener.accept().await.expect("a connection");
    stream.set_nodelay(true).expect("an option");
    stream
}

async fn connect(
    keep: Keep,
    security: Security,
    tls: &'static Tls,
    traffic: &'static Traffic,
    address: SocketAddr,
) -> Sample {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("an option");
    match security {
        Security::Plain => ask(keep, stream, traffic).await,
        Security::Tls => {
            let connector = TlsConnector::from(tls.client.clone());
            let stream = connector.connect(Tls::name(), stream).await.expect("a handshake");
            ask(keep, stream, traffic).await
        }
    }
}

/// A client that is not logged on yet.
pub(crate) fn client(
    keep: Keep,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> (Handle, Events) {
    let settings = SessionSettings::kalshi_prediction(Identity::initiator(CLIENT, TARGET));
    let role = Role::Initiator(Logon::new(30).reset().default_appl_ver_id("9"));
    builder(keep, settings, role).spawn(stream).expect("a session")
}

/// A venue that waits for a logon.
pub(crate) fn venue(
    keep: Keep,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> (Handle, Events) {
    let settings = SessionSettings::kalshi_prediction(Identity::acceptor(VENUE));
    let keep = match keep {
        Keep::Nothing => Keep::Nothing,
        Keep::Memory | Keep::Disk(_) => Keep::Memory,
    };
    builder(keep, settings, Role::Acceptor)
        .spawn(stream)
        .expect("a session")
}

fn builder(keep: Keep, settings: SessionSettings, role: Role) -> Builder {
    let now = Timestamp::from(SystemTime::now());
    match keep {
        Keep::Nothing => Builder::new(settings, role),
        Keep::Memory => {
            let store = SessionStore::inline(MemoryStore::new(now));
            Builder::new(settings.retransmitting(), role).store(store)
        }
        Keep::Disk(gate) => {
            let mut settings = settings.retransmitting();
            settings.journal = Journal::Keep(gate);
            // A journal of the round before would go on with its numbers.
            clean_up();
            let store = JournalStore::open(directory(), JournalSettings::new("benchmark"), now);
            let store = SessionStore::threaded(store.expect("a journal"));
            Builder::new(settings, role).store(store)
        }
    }
}

/// Removes what the journals of [`Keep::Disk`] have left.
pub(crate) fn clean_up() {
    let _ = fs::remove_dir_all(directory());
}

fn directory() -> PathBuf {
    std::env::temp_dir().join(format!("kalshi-fix-bench-session-{}", std::process::id()))
}

pub(crate) fn runtime() -> Runtime {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

async fn ask(
    keep: Keep,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    traffic: &'static Traffic,
) -> Sample {
    let (handle, events) = client(keep, stream);
    assert!(handle.ready().await, "the logon is accepted");
    let mut client = Client {
        handle,
        events,
        decoder: Decoder::new(),
        traffic,
        sent: 0,
        received: 0,
    };
    client.pipeline(WARM_UP).await;
    let watch = Stopwatch::start();
    client.pipeline(PIPELINED).await;
    let pipelined = watch.stop(PIPELINED);
    let mut round_trips = Vec::with_capacity(PING_PONG);
    for _ in 0..PING_PONG {
        let start = Instant::now();
        client.send(1).await;
        client.receive_to(client.sent).await;
        round_trips.push(start.elapsed());
    }
    let _ = client.events.close().await;
    Sample::new(pipelined, round_trips)
}

struct Client {
    handle: Handle,
    events: Events,
    decoder: Decoder<Prediction>,
    traffic: &'static Traffic,
    sent: usize,
    received: usize,
}

impl Client {
    async fn pipeline(&mut self, count: usize) {
        let end = self.sent + count;
        self.send(BATCH).await;
        while self.sent < end {
            self.send(BATCH).await;
            self.receive_to(self.sent - BATCH).await;
        }
        self.receive_to(end).await;
    }

    async fn send(&mut self, count: usize) {
        for _ in 0..count {
            let order = self.traffic.orders.message(self.sent);
            self.handle.send(order).await.expect("a session");
            self.sent += 1;
        }
    }

    async fn receive_to(&mut self, end: usize) {
        while self.received < end {
            match self.events.recv().await.expect("a session") {
                Event::Session(session::Event::Application(inbound)) => {
                    let decoded = self.decoder.decode(&inbound.frame).expect("a sound message");
                    assert!(matches!(decoded.message(), Some(Message::ExecutionReport(_))));
                    self.received += 1;
                }
                Event::Ended(end) => panic!("{end}"),
                _ => {}
            }
        }
    }
}

/// A report for every order, until the client logs out.
async fn answer(
    keep: Keep,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    traffic: &'static Traffic,
) {
    let (handle, mut events) = venue(keep, stream);
    let mut decoder = Decoder::<Prediction>::new();
    let mut answered = 0;
    while let Some(event) = events.recv().await {
        match event {
            Event::Session(session::Event::LogonRequest(_)) => {
                handle.accept_logon(Acceptance::default()).expect("a logon");
            }
            Event::Session(session::Event::Application(inbound)) => {
                let decoded = decoder.decode(&inbound.frame).expect("a sound message");
                assert!(matches!(decoded.message(), Some(Message::NewOrderSingle(_))));
                let report = traffic.reports.message(answered);
                handle.send(report).await.expect("a session");
                answered += 1;
            }
            _ => {}
        }
    }
}
