//! Sessions with a store: what is kept and sent again, group commit, stores that fail.
//!
//! All of them by the system's clock: what is sent again must not be from the future of the next connection.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use fix_dialect::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{sleep, timeout};

use super::pair::*;
use crate::driver::{
    Acknowledge, Builder, DriverSettings, EndCause, Event, Events, SessionStore, SpawnError,
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

    /// On a thread of its own, or in the session's task.
    pub(super) fn place(&self, threaded: bool) -> SessionStore {
        if threaded {
            SessionStore::threaded(self.clone())
        } else {
            SessionStore::inline(self.clone())
        }
    }

    pub(super) fn next_incoming(&self) -> SequenceNumber {
        self.state().sequences.next_incoming
    }

    /// How many commits there were, since it was asked for another.
    pub(super) fn commits(&self) -> usize {
        self.with(|inner| inner.commits)
    }

    /// The next commit asks for another one after so long.
    pub(super) fn asks_once_for(&self, again_in: Duration) {
        self.with(|inner| (inner.commits, inner.again_in) = (0, Some(again_in)));
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
    fn claim(&mut self, session: &str) -> Result<(), StoreError> {
        self.with(|inner| inner.store.claim(session))
    }

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

pub(super) fn settings(identity: Identity, gate: JournalGate) -> SessionSettings {
    let mut settings = SessionSettings::kalshi_prediction(identity).retransmitting();
    settings.journal = session::Journal::Keep(gate);
    settings
}

pub(super) fn resuming() -> Role {
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

pub(super) fn venue(stream: DuplexStream, store: &Shared) -> Ends {
    Builder::new(
        settings(Identity::acceptor("Kalshi"), JournalGate::HandedOut),
        Role::Acceptor,
    )
    .store(SessionStore::inline(store.clone()))
    .spawn(stream)
    .unwrap()
}

pub(super) async fn accept(venue: &mut Ends, store: &Shared) {
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
        let event = timeout(Duration::from_secs(30), events.recv()).await;
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
        let (mut client, mut venue) = connected(ours.place(threaded), JournalGate::Stored, &theirs).await;
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

        let (mut client, mut venue) = connected(ours.place(threaded), JournalGate::Stored, &theirs).await;
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
    ours.asks_once_for(Duration::from_millis(100));
    client.0.send(&note("an order")).await.unwrap();
    assert_eq!(note_or_resend(&mut venue.1).await.1, "an order");
    assert_eq!(ours.commits(), 1);
    sleep(Duration::from_millis(90)).await;
    assert_eq!(ours.commits(), 1);
    sleep(Duration::from_millis(20)).await;
    assert_eq!(ours.commits(), 2);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(ours.commits(), 2);
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
        let (mut client, mut venue) = connected(ours.place(threaded), JournalGate::Stored, &theirs).await;
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
