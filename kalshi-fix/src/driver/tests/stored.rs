//! Sessions with a store: resends, resumption, group commit, stores that fail.
//!
//! All of them by the system's clock: what is sent again must not be from the future of the next connection.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use fix_dialect::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc as mpsc_async;
use tokio::time::{sleep, timeout};

use super::pair::*;
use crate::driver::{
    Acknowledge, Builder, DriverSettings, EndCause, Event, Events, Handle, Missed, SessionStore, SpawnError,
};
use crate::reconnect::{ReconnectPolicy, StopReason};
use crate::session::{
    self, Acceptance, EndReason, Identity, JournalGate, Logon, Role, SequenceNumber, SessionSettings,
};
use crate::store::{Committed, MemoryStore, Page, Store, StoreError, StoreState};
use crate::transport::ConnectError;

/// A store that the test can look into, make slow, and break.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Inner>>);

struct Inner {
    store: MemoryStore,
    commits: usize,
    appends: usize,
    fail: bool,
    /// Each commit waits for one of these.
    gate: Option<mpsc::Receiver<()>>,
    /// What a commit says of the next one, once.
    again_in: Option<Duration>,
}

impl Shared {
    pub(super) fn new() -> Shared {
        let began = Timestamp::parse(b"20261122-12:00:00").unwrap();
        Shared(Arc::new(Mutex::new(Inner {
            store: MemoryStore::new(began),
            commits: 0,
            appends: 0,
            fail: false,
            gate: None,
            again_in: None,
        })))
    }

    pub(super) fn next_incoming(&self) -> SequenceNumber {
        self.state().sequences.next_incoming
    }

    fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    fn check(inner: &Inner) -> Result<(), StoreError> {
        if inner.fail {
            return Err(StoreError::Io {
                operation: "append to",
                file: "journal".into(),
                source: std::io::Error::other("no space left"),
            });
        }
        Ok(())
    }
}

impl Store for Shared {
    fn state(&self) -> StoreState {
        self.with(|inner| inner.store.state())
    }

    fn append(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<(), StoreError> {
        self.with(|inner| {
            Shared::check(inner)?;
            inner.appends += 1;
            inner.store.append(sequence, frame)
        })
    }

    fn set_next_outgoing(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        self.with(|inner| {
            Shared::check(inner)?;
            inner.store.set_next_outgoing(next)
        })
    }

    fn set_next_incoming(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        self.with(|inner| {
            Shared::check(inner)?;
            inner.store.set_next_incoming(next)
        })
    }

    fn reset(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.with(|inner| inner.store.reset(now))
    }

    fn commit(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
        let gate = self.with(|inner| inner.gate.take());
        if let Some(gate) = gate {
            let _ = gate.recv();
            self.with(|inner| inner.gate = Some(gate));
        }
        self.with(|inner| {
            inner.commits += 1;
            let committed = inner.store.commit(now)?;
            Ok(Committed {
                again_in: inner.again_in.take().or(committed.again_in),
            })
        })
    }

    fn read(
        &mut self,
        begin: SequenceNumber,
        end: SequenceNumber,
        max_bytes: usize,
        out: &mut Vec<(SequenceNumber, Bytes)>,
    ) -> Result<Page, StoreError> {
        self.with(|inner| inner.store.read(begin, end, max_bytes, out))
    }
}

fn settings(identity: Identity, gate: JournalGate) -> SessionSettings {
    let mut settings = SessionSettings::kalshi_prediction(identity).retransmitting();
    settings.journal = session::Journal::Keep(gate);
    settings
}

fn resuming() -> Role {
    Role::Initiator(Logon::new(30).default_appl_ver_id("9"))
}

fn client(stream: DuplexStream, store: SessionStore, gate: JournalGate) -> Ends {
    Builder::new(
        settings(Identity::initiator("key-id", "KalshiRT"), gate),
        resuming(),
    )
    .store(store)
    .spawn(stream)
    .unwrap()
}

fn venue(stream: DuplexStream, store: &Shared) -> Ends {
    Builder::new(
        settings(Identity::acceptor("Kalshi"), JournalGate::HandedOut),
        Role::Acceptor,
    )
    .store(SessionStore::inline(store.clone()))
    .spawn(stream)
    .unwrap()
}

async fn accept(venue: &mut Ends, store: &Shared) {
    logon_request(venue).await;
    let acceptance = Acceptance {
        sequences: store.state().sequences,
        ..Acceptance::default()
    };
    venue.0.accept_logon(acceptance).unwrap();
    established_event(&mut venue.1).await;
}

/// Both sides, logged on.
pub(super) async fn connected(
    client_store: SessionStore,
    gate: JournalGate,
    venue_store: &Shared,
) -> (Ends, Ends) {
    let (near, far) = duplex(1 << 16);
    let mut client = client(near, client_store, gate);
    let mut venue = venue(far, venue_store);
    accept(&mut venue, venue_store).await;
    established_event(&mut client.1).await;
    (client, venue)
}

/// The next note; what the session says of its resends is passed over.
pub(super) async fn note_or_resend(events: &mut Events) -> (SequenceNumber, String, bool) {
    loop {
        // Bounded, so that a session that hangs fails its test.
        let event = timeout(Duration::from_secs(10), events.recv()).await;
        match event.expect("a note in time") {
            Some(Event::Session(session::Event::Application(inbound))) => {
                return (inbound.msg_seq_num, text(&inbound), inbound.poss_dup);
            }
            Some(Event::Session(_)) => {}
            other => panic!("expected a note, found {other:?}"),
        }
    }
}

// A store's thread takes real time, which a paused clock would not wait for.
#[tokio::test]
async fn a_restarted_process_resumes_and_what_was_not_handled_comes_again() {
    for threaded in [false, true] {
        let (ours, theirs) = (Shared::new(), Shared::new());
        let place = |store: &Shared| {
            if threaded {
                SessionStore::threaded(store.clone())
            } else {
                SessionStore::inline(store.clone())
            }
        };
        let (mut client, mut venue) = connected(place(&ours), JournalGate::Stored, &theirs).await;
        for index in 0..5 {
            venue.0.send(&note(index)).await.unwrap();
        }
        assert_eq!(client.0.send(&note("ours")).await.unwrap(), 2);
        assert_eq!(note_or_resend(&mut venue.1).await.1, "ours");
        // Three are taken; the third is not known to be handled when the process dies.
        for index in 0..3 {
            assert_eq!(note_or_resend(&mut client.1).await.1, index.to_string());
        }
        client.0.abort();
        drop(client);
        drop(venue);
        settled(&ours).await;
        settled(&theirs).await;
        assert_eq!(ours.state().sequences.next_outgoing, 3);
        assert_eq!(ours.state().sequences.next_incoming, 4, "2 and 3 are handled");

        let (mut client, mut venue) = connected(place(&ours), JournalGate::Stored, &theirs).await;
        for (number, index) in [(4, 2), (5, 3), (6, 4)] {
            let (found, text, poss_dup) = note_or_resend(&mut client.1).await;
            assert_eq!((found, text, poss_dup), (number, index.to_string(), true));
        }
        // Numbers go on: the logon took 3, and to ask took at least one more.
        assert!(client.0.send(&note("more")).await.unwrap() > 4);
        // The venue's application had taken "ours", and had not asked for what follows: it comes again.
        let (_, text, poss_dup) = note_or_resend(&mut venue.1).await;
        assert_eq!((text.as_str(), poss_dup), ("ours", true));
        assert_eq!(note_or_resend(&mut venue.1).await.1, "more");
        let closed = client.1.close().await;
        assert_eq!(closed.end.unwrap().to_string(), "logged out");
    }
}

/// Waits, in real time, until a store's thread is gone and has kept what it was handed.
async fn settled(store: &Shared) {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
        if Arc::strong_count(&store.0) == 1 {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the session does not let go of its store");
}

#[tokio::test(start_paused = true)]
async fn explicit_acknowledgement() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let (near, far) = duplex(1 << 16);
    let identity = Identity::initiator("key-id", "KalshiRT");
    let (client, mut client_events) = Builder::new(settings(identity, JournalGate::HandedOut), resuming())
        .store(SessionStore::inline(ours.clone()))
        .settings(DriverSettings {
            acknowledge: Acknowledge::Explicit,
            ..DriverSettings::default()
        })
        .spawn(near)
        .unwrap();
    let mut venue = venue(far, &theirs);
    accept(&mut venue, &theirs).await;
    established_event(&mut client_events).await;
    for index in 0..5 {
        venue.0.send(&note(index)).await.unwrap();
    }
    for _ in 0..5 {
        note_or_resend(&mut client_events).await;
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(ours.state().sequences.next_incoming, 2);
    client.acknowledge(4);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(ours.state().sequences.next_incoming, 5);
}

#[tokio::test(start_paused = true)]
async fn a_supervised_session_resumes_by_itself_and_what_was_lost_comes_again() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let (sender, mut connections) = tokio::sync::mpsc::unbounded_channel();
    let dial = move || {
        let (near, far) = duplex(1 << 16);
        sender.send(far).unwrap();
        async move { Ok::<_, ConnectError>(near) }
    };
    let identity = Identity::initiator("key-id", "KalshiRT");
    let (client, mut events): (Handle, Events) =
        Builder::new(settings(identity, JournalGate::Stored), resuming())
            .store(SessionStore::inline(ours.clone()))
            .supervise(dial, ReconnectPolicy::default())
            .unwrap();
    // The first connection breaks before the venue has read what was sent.
    let mut far = connections.recv().await.unwrap();
    {
        let (near, inner) = duplex(1 << 16);
        let mut first = venue(inner, &theirs);
        let relay = tokio::spawn(async move {
            let mut near = near;
            // The logon, whatever its length; nothing of the client's after that.
            let mut bytes = [0; 4096];
            let count = far.read(&mut bytes).await.unwrap();
            near.write_all(&bytes[..count]).await.unwrap();
            let count = near.read(&mut bytes).await.unwrap();
            far.write_all(&bytes[..count]).await.unwrap();
            (near, far)
        });
        accept(&mut first, &theirs).await;
        established_event(&mut events).await;
        let (near, far) = relay.await.unwrap();
        assert_eq!(client.send(&note("lost on the way")).await.unwrap(), 2);
        first.0.send(&note("lost on the way back")).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        drop((near, far, first));
    }
    match events.recv().await {
        Some(Event::Disconnected(event)) => assert_eq!(event.end.in_doubt(), 1..=2),
        other => panic!("{other:?}"),
    }
    let mut second = venue(connections.recv().await.unwrap(), &theirs);
    accept(&mut second, &theirs).await;
    match events.recv().await {
        Some(Event::Reconnected(event)) => assert_eq!(event.missed, Missed::Nothing),
        other => panic!("{other:?}"),
    }
    let (_, text, poss_dup) = note_or_resend(&mut second.1).await;
    assert_eq!((text.as_str(), poss_dup), ("lost on the way", true));
    let (_, text, poss_dup) = note_or_resend(&mut events).await;
    assert_eq!((text.as_str(), poss_dup), ("lost on the way back", true));
}

/// A supervised client with a store, whose dials wait until they are let through.
struct Line {
    client: Handle,
    events: Events,
    connections: mpsc_async::UnboundedReceiver<DuplexStream>,
    /// What becomes of each dial: a connection, or none.
    dials: mpsc_async::UnboundedSender<bool>,
}

impl Line {
    fn start(store: SessionStore, policy: ReconnectPolicy) -> Line {
        let (sender, connections) = mpsc_async::unbounded_channel();
        let (dials, allowed) = mpsc_async::unbounded_channel::<bool>();
        let allowed = Arc::new(tokio::sync::Mutex::new(allowed));
        let dial = move || {
            let (sender, allowed) = (sender.clone(), Arc::clone(&allowed));
            async move {
                if allowed.lock().await.recv().await != Some(true) {
                    return Err(ConnectError::Resolve {
                        endpoint: crate::environment::Endpoint::new("venue.test", 8228),
                        source: std::io::Error::other("no network"),
                    });
                }
                let (near, far) = duplex(1 << 16);
                sender.send(far).unwrap();
                Ok(near)
            }
        };
        let identity = Identity::initiator("key-id", "KalshiRT");
        let (client, events) = Builder::new(settings(identity, JournalGate::Stored), resuming())
            .store(store)
            .supervise(dial, policy)
            .unwrap();
        Line {
            client,
            events,
            connections,
            dials,
        }
    }

    /// The venue's side of the next connection, which asks to log on.
    async fn dialled(&mut self, store: &Shared) -> (Ends, session::LogonRequest) {
        self.dials.send(true).unwrap();
        let mut venue = venue(self.connections.recv().await.unwrap(), store);
        let request = logon_request(&mut venue).await;
        (venue, request)
    }

    async fn connected(&mut self, store: &Shared) -> Ends {
        let (mut venue, _) = self.dialled(store).await;
        let acceptance = Acceptance {
            sequences: store.state().sequences,
            ..Acceptance::default()
        };
        venue.0.accept_logon(acceptance).unwrap();
        established_event(&mut venue.1).await;
        venue
    }
}

fn at_once() -> ReconnectPolicy {
    ReconnectPolicy {
        backoff: Duration::from_millis(1),
        spacing: Duration::ZERO,
        maintenance: Vec::new(),
        ..ReconnectPolicy::default()
    }
}

/// Until the store has this. In real time: a store's thread is one.
async fn until(store: &Shared, next_incoming: SequenceNumber) {
    let kept = timeout(Duration::from_secs(30), async {
        while store.next_incoming() != next_incoming {
            sleep(Duration::from_millis(1)).await;
        }
    });
    assert!(kept.await.is_ok(), "it has {}", store.next_incoming());
}

/// What the application works off while there is no connection is handled, and does not come again.
#[tokio::test]
async fn what_is_handled_while_there_is_no_connection_is_kept() {
    for threaded in [false, true] {
        let (ours, theirs) = (Shared::new(), Shared::new());
        let store = if threaded {
            SessionStore::threaded(ours.clone())
        } else {
            SessionStore::inline(ours.clone())
        };
        let mut line = Line::start(store, at_once());
        let first = line.connected(&theirs).await;
        established_event(&mut line.events).await;
        for index in 0..5 {
            first.0.send(&note(index)).await.unwrap();
        }
        for index in 0..2 {
            assert_eq!(note_or_resend(&mut line.events).await.1, index.to_string());
        }
        // All of them have come when the answer to this has.
        first.0.test_request().unwrap();
        let mut first = first;
        while !matches!(
            first.1.recv().await,
            Some(Event::Session(session::Event::TestRequestAnswered { .. }))
        ) {}
        drop(first);
        while line.client.state().is_established() {
            sleep(Duration::from_millis(1)).await;
        }
        for index in 2..5 {
            assert_eq!(note_or_resend(&mut line.events).await.1, index.to_string());
        }
        // Asked for the next event, and so done with the last note; there may be a session message after it.
        assert!(matches!(line.events.recv().await, Some(Event::Disconnected(_))));
        let mut second = line.connected(&theirs).await;
        assert!(matches!(line.events.recv().await, Some(Event::Reconnected(_))));
        second.0.send(&note("fresh")).await.unwrap();
        let (_, text, poss_dup) = note_or_resend(&mut line.events).await;
        assert_eq!((text.as_str(), poss_dup), ("fresh", false));
        assert!(line.client.try_send(&note("an order")).is_ok());
        assert_eq!(note_or_resend(&mut second.1).await.1, "an order");
    }
}

/// And it is kept at once, not when there is a connection again: the process may not live to see it.
#[tokio::test]
async fn what_is_handled_in_an_outage_outlives_the_process() {
    for threaded in [false, true] {
        let (ours, theirs) = (Shared::new(), Shared::new());
        let store = if threaded {
            SessionStore::threaded(ours.clone())
        } else {
            SessionStore::inline(ours.clone())
        };
        // The next attempt is far away.
        let policy = ReconnectPolicy {
            spacing: Duration::from_hours(1),
            maintenance: Vec::new(),
            ..ReconnectPolicy::default()
        };
        let mut line = Line::start(store, policy);
        let mut first = line.connected(&theirs).await;
        established_event(&mut line.events).await;
        for index in 0..3 {
            first.0.send(&note(index)).await.unwrap();
        }
        first.0.test_request().unwrap();
        while !matches!(
            first.1.recv().await,
            Some(Event::Session(session::Event::TestRequestAnswered { .. }))
        ) {}
        drop(first);
        while line.client.state().is_established() {
            sleep(Duration::from_millis(1)).await;
        }
        for index in 0..3 {
            assert_eq!(note_or_resend(&mut line.events).await.1, index.to_string());
        }
        assert!(matches!(line.events.recv().await, Some(Event::Disconnected(_))));
        // The logon, three notes, the test request.
        until(&ours, 6).await;
    }
}

/// The venue says that the numbers do not fit, and then cannot be reached for a while: the session starts anew all the
/// same, as was told.
#[tokio::test]
async fn a_reset_that_was_decided_outlives_an_outage() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let policy = ReconnectPolicy {
        reset_retransmitting: true,
        ..at_once()
    };
    let mut line = Line::start(SessionStore::inline(ours), policy);
    let (first, request) = line.dialled(&theirs).await;
    assert!(!request.reset);
    let refusal = "MsgSeqNum too low, expecting 7 but received 1".to_owned();
    first.0.refuse_logon(session::Refusal::Logout(refusal)).unwrap();
    let next = async |events: &mut Events| match events.recv().await {
        Some(Event::AttemptFailed(failed)) => failed.wait.reset,
        other => panic!("{other:?}"),
    };
    assert!(next(&mut line.events).await);
    line.dials.send(false).unwrap();
    assert!(next(&mut line.events).await);
    let (_second, request) = line.dialled(&theirs).await;
    assert!(request.reset);
}

/// A store that wants to be called again is, on the session's own task as on a thread: what it promises depends on it.
#[tokio::test(start_paused = true)]
async fn a_store_is_committed_again_when_it_asks_for_it() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let (client, mut venue) = connected(
        SessionStore::inline(ours.clone()),
        JournalGate::HandedOut,
        &theirs,
    )
    .await;
    ours.with(|inner| {
        inner.commits = 0;
        inner.again_in = Some(Duration::from_millis(100));
    });
    client.0.send(&note("an order")).await.unwrap();
    assert_eq!(note_or_resend(&mut venue.1).await.1, "an order");
    assert_eq!(ours.with(|inner| inner.commits), 1);
    sleep(Duration::from_millis(90)).await;
    assert_eq!(ours.with(|inner| inner.commits), 1);
    sleep(Duration::from_millis(20)).await;
    assert_eq!(ours.with(|inner| inner.commits), 2);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(ours.with(|inner| inner.commits), 2);
}

/// While there is no connection, too.
#[tokio::test(start_paused = true)]
async fn a_store_is_committed_again_in_an_outage() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let policy = ReconnectPolicy {
        spacing: Duration::from_hours(1),
        ..at_once()
    };
    let mut line = Line::start(SessionStore::inline(ours.clone()), policy);
    let first = line.connected(&theirs).await;
    established_event(&mut line.events).await;
    first.0.send(&note("a report")).await.unwrap();
    note_or_resend(&mut line.events).await;
    drop(first);
    while line.client.state().is_established() {
        sleep(Duration::from_millis(1)).await;
    }
    sleep(Duration::from_secs(1)).await;
    ours.with(|inner| {
        inner.commits = 0;
        inner.again_in = Some(Duration::from_secs(2));
    });
    // Which says that the report is handled.
    assert!(matches!(line.events.recv().await, Some(Event::Disconnected(_))));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(ours.with(|inner| inner.commits), 1);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(ours.with(|inner| inner.commits), 2);
}

#[tokio::test]
async fn one_commit_confirms_what_was_asked_for_while_the_store_was_busy() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let (client, mut venue) =
        connected(SessionStore::threaded(ours.clone()), JournalGate::Stored, &theirs).await;
    let (open, gate) = mpsc::channel();
    ours.with(|inner| {
        inner.gate = Some(gate);
        inner.commits = 0;
    });
    for index in 0..1000 {
        client.0.send(&note(index)).await.unwrap();
        tokio::task::yield_now().await;
    }
    // The disk is busy: nothing leaves, and the session's task goes on.
    assert!(timeout(Duration::from_millis(50), venue.1.recv()).await.is_err());
    assert!(client.0.test_request().is_ok());
    drop(open);
    for index in 0..1000 {
        assert_eq!(note_or_resend(&mut venue.1).await.1, index.to_string());
    }
    let (commits, appends) = ours.with(|inner| (inner.commits, inner.appends));
    assert_eq!(appends, 1000);
    assert!(commits < 100, "{commits}");
}

#[tokio::test]
async fn a_store_that_is_too_slow_makes_senders_wait() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let (near, far) = duplex(1 << 16);
    let mut session = settings(Identity::initiator("key-id", "KalshiRT"), JournalGate::Stored);
    session.max_pending_transmit = 10_000;
    let (client, mut events) = Builder::new(session, resuming())
        .store(SessionStore::threaded(ours.clone()))
        .spawn(near)
        .unwrap();
    let mut venue = venue(far, &theirs);
    accept(&mut venue, &theirs).await;
    established_event(&mut events).await;
    let (open, gate) = mpsc::channel();
    ours.with(|inner| inner.gate = Some(gate));
    let sends = tokio::spawn(async move {
        for index in 0..1000 {
            client.send(&note(format!("{index:0100}"))).await.unwrap();
        }
    });
    assert!(timeout(Duration::from_millis(50), venue.1.recv()).await.is_err());
    assert!(!sends.is_finished());
    drop(open);
    for index in 0..1000 {
        assert_eq!(note_or_resend(&mut venue.1).await.1, format!("{index:0100}"));
    }
    sends.await.unwrap();
}

// A store's thread takes real time, which a paused clock would not wait for.
#[tokio::test]
async fn a_store_that_fails_ends_the_session_and_nothing_leaves_that_is_not_kept() {
    for threaded in [false, true] {
        let (ours, theirs) = (Shared::new(), Shared::new());
        let store = if threaded {
            SessionStore::threaded(ours.clone())
        } else {
            SessionStore::inline(ours.clone())
        };
        let (mut client, mut venue) = connected(store, JournalGate::Stored, &theirs).await;
        ours.with(|inner| inner.fail = true);
        client.0.send(&note("not kept")).await.unwrap();
        let Some(Event::Ended(end)) = client.1.recv().await else {
            panic!("the end is next")
        };
        assert!(
            matches!(&end.cause, EndCause::Session(EndReason::StoreFailed { fault }) if fault.contains("no space left")),
            "{end}"
        );
        assert_eq!(
            super::pair::end(&mut venue.1).await,
            "the connection ended while established"
        );
    }
    // A supervised one does not connect again.
    let ours = Shared::new();
    ours.with(|inner| inner.fail = true);
    let dial = || async { Ok::<_, ConnectError>(duplex(1 << 16).0) };
    let identity = Identity::initiator("key-id", "KalshiRT");
    let (_client, mut events) = Builder::new(settings(identity, JournalGate::Stored), resuming())
        .store(SessionStore::inline(ours))
        .supervise(dial, ReconnectPolicy::default())
        .unwrap();
    let Some(Event::Ended(end)) = events.recv().await else {
        panic!("the end is first")
    };
    assert_eq!(end.stopped, Some(StopReason::Local));
}

#[tokio::test]
async fn a_store_that_nothing_is_kept_in() {
    let error = Builder::new(client_settings(), Role::Initiator(logon()))
        .store(SessionStore::inline(Shared::new()))
        .spawn(duplex(1).0)
        .unwrap_err();
    assert!(matches!(error, SpawnError::NoJournal), "{error}");
}

/// What happens to a message whose bytes were partly written when the connection died: at every byte of its frame it is
/// in doubt, and it is in the journal.
#[tokio::test(start_paused = true)]
async fn a_partly_written_message_is_in_doubt_at_every_byte() {
    let mut length = None;
    for cut in 0.. {
        if length.is_some_and(|length| cut >= length) {
            break;
        }
        let (ours, theirs) = (Shared::new(), Shared::new());
        let (near, mut far) = duplex(1 << 16);
        let (client, mut events) = client(near, SessionStore::inline(ours.clone()), JournalGate::HandedOut);
        let (middle, inner) = duplex(1 << 16);
        let mut first = venue(inner, &theirs);
        let relay = tokio::spawn(async move {
            let mut middle = middle;
            let mut bytes = vec![0; 4096];
            let count = far.read(&mut bytes).await.unwrap();
            middle.write_all(&bytes[..count]).await.unwrap();
            let count = middle.read(&mut bytes).await.unwrap();
            far.write_all(&bytes[..count]).await.unwrap();
            // Of the order, only so much; then the line is dead.
            let count = far.read(&mut bytes).await.unwrap();
            middle.write_all(&bytes[..cut]).await.unwrap();
            middle.flush().await.unwrap();
            drop((middle, far));
            count
        });
        accept(&mut first, &theirs).await;
        established_event(&mut events).await;
        assert_eq!(client.send(&note("an order")).await.unwrap(), 2);
        length = Some(relay.await.unwrap());
        let Some(Event::Ended(end)) = events.recv().await else {
            panic!("the end is next")
        };
        assert!(end.in_doubt().contains(&2), "cut at {cut}: {end:?}");
        // The venue never got it.
        super::pair::end(&mut first.1).await;
        assert_eq!(theirs.state().sequences.next_incoming, 2, "cut at {cut}");
        // Nothing is lost: it is kept, and goes out again when the venue asks.
        let (_client, mut second) = {
            let (near, far) = duplex(1 << 16);
            let ends =
                super::stored::client(near, SessionStore::inline(ours.clone()), JournalGate::HandedOut);
            let mut venue = venue(far, &theirs);
            accept(&mut venue, &theirs).await;
            (ends, venue)
        };
        let (number, text, poss_dup) = note_or_resend(&mut second.1).await;
        assert_eq!(
            (number, text.as_str(), poss_dup),
            (2, "an order", true),
            "cut at {cut}"
        );
    }
    assert!(length.unwrap() > 80);
}
