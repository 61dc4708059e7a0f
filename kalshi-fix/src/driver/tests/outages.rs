//! Supervised sessions with a store: what goes on while there is no connection, and what comes after.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::pair::*;
use super::stored::{Shared, accept, note_or_resend, resuming, settings, venue};
use crate::driver::{Builder, Event, Events, Handle, Missed, SessionStore};
use crate::reconnect::ReconnectPolicy;
use crate::session::{self, Identity, JournalGate, SequenceNumber};
use crate::transport::ConnectError;

/// A supervised client with a store, whose dials wait until they are let through.
struct Line {
    client: Handle,
    events: Events,
    connections: mpsc::UnboundedReceiver<DuplexStream>,
    /// What becomes of each dial: a connection, or none.
    dials: mpsc::UnboundedSender<bool>,
}

impl Line {
    fn start(store: SessionStore, policy: ReconnectPolicy) -> Line {
        let (sender, connections) = mpsc::unbounded_channel();
        let (dials, allowed) = mpsc::unbounded_channel::<bool>();
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

    /// The connection is lost when all has come that the venue sent: the answer to a test request is behind that.
    async fn ends_when_all_has_come(&self, mut venue: Ends) {
        venue.0.test_request().unwrap();
        while !matches!(
            venue.1.recv().await,
            Some(Event::Session(session::Event::TestRequestAnswered { .. }))
        ) {}
        drop(venue);
        self.has_ended().await;
    }

    async fn has_ended(&self) {
        while self.client.state().is_established() {
            sleep(Duration::from_millis(1)).await;
        }
    }

    async fn connected(&mut self, store: &Shared) -> Ends {
        self.dials.send(true).unwrap();
        let mut venue = venue(self.connections.recv().await.unwrap(), store);
        accept(&mut venue, store).await;
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
        let mut line = Line::start(ours.place(threaded), at_once());
        let first = line.connected(&theirs).await;
        established_event(&mut line.events).await;
        for index in 0..5 {
            first.0.send(&note(index)).await.unwrap();
        }
        for index in 0..2 {
            assert_eq!(note_or_resend(&mut line.events).await.1, index.to_string());
        }
        line.ends_when_all_has_come(first).await;
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
        // The next attempt is far away.
        let policy = ReconnectPolicy {
            spacing: Duration::from_hours(1),
            maintenance: Vec::new(),
            ..ReconnectPolicy::default()
        };
        let mut line = Line::start(ours.place(threaded), policy);
        let first = line.connected(&theirs).await;
        established_event(&mut line.events).await;
        for index in 0..3 {
            first.0.send(&note(index)).await.unwrap();
        }
        line.ends_when_all_has_come(first).await;
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

#[tokio::test(start_paused = true)]
async fn a_supervised_session_resumes_by_itself_and_what_was_lost_comes_again() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let (sender, mut connections) = mpsc::unbounded_channel();
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
    line.has_ended().await;
    sleep(Duration::from_secs(1)).await;
    ours.asks_once_for(Duration::from_secs(2));
    // Which says that the report is handled.
    assert!(matches!(line.events.recv().await, Some(Event::Disconnected(_))));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(ours.commits(), 1);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(ours.commits(), 2);
}
