//! Numbers that start anew in mid-session, and what is said of what was sent before and after.

use std::time::Duration;

use tokio::io::duplex;
use tokio::time::timeout;

use super::pair::*;
use super::stored::{Shared, note_or_resend};
use crate::driver::{Builder, DriverSettings, Event, Events, SessionEnd, SessionStore};
use crate::session::{
    self, Acceptance, Identity, InSessionReset, Journal, JournalGate, ResetInSession, Role, SendError,
    SessionSettings, SessionState,
};
use crate::store::{MemoryStore, Retention, Store as _};

/// A client that signs its logon and a venue, logged on, with stores if they are given; each follows the other's resets.
async fn pair(ours: Option<&Shared>, theirs: Option<&Shared>) -> (Ends, Ends) {
    let (near, far) = duplex(1 << 16);
    let (signer, _) = test_key();
    let settings = |identity, store: Option<&Shared>| {
        let mut settings = SessionSettings::kalshi_prediction(identity);
        if store.is_some() {
            settings = settings.retransmitting();
            settings.journal = Journal::Keep(JournalGate::Stored);
        }
        settings.in_session_reset = InSessionReset::Follow;
        settings
    };
    let start = |settings, role, store: Option<&Shared>, stream| {
        let mut builder = Builder::new(settings, role)
            .signer(signer.clone())
            .clock(TestClock::shared());
        if let Some(store) = store {
            builder = builder.store(SessionStore::inline(store.clone()));
        }
        builder.spawn(stream).unwrap()
    };
    let identity = Identity::initiator("key-id", "KalshiNR");
    let mut client = start(
        settings(identity, ours),
        Role::Initiator(logon().signed()),
        ours,
        near,
    );
    let mut venue = start(
        settings(Identity::acceptor("Kalshi"), theirs),
        Role::Acceptor,
        theirs,
        far,
    );
    logon_request(&mut venue).await;
    venue.0.accept_logon(Acceptance::default()).unwrap();
    established_event(&mut client.1).await;
    established_event(&mut venue.1).await;
    (client, venue)
}

async fn reset_event(events: &mut Events) -> ResetInSession {
    match timeout(Duration::from_secs(20), events.recv()).await {
        Ok(Some(Event::Session(session::Event::ResetInSession(reset)))) => reset,
        other => panic!("expected a reset, found {other:?}"),
    }
}

async fn ended(events: &mut Events) -> SessionEnd {
    loop {
        if let Event::Ended(end) = events.recv().await.expect("the end") {
            return end;
        }
    }
}

#[tokio::test]
async fn numbers_start_anew_in_mid_session_and_what_is_in_doubt_goes_by_them() {
    for ours in [true, false] {
        let (client, venue) = pair(None, None).await;
        let (mut asks, mut follows) = if ours { (client, venue) } else { (venue, client) };
        for index in 0..5 {
            asks.0.send(&note(index)).await.unwrap();
            next_note(&mut follows.1).await;
        }
        let probe = asks.0.test_request().unwrap();
        asks.0.reset_sequence_numbers().unwrap();
        let refused = asks.0.try_send(&note("too early")).unwrap_err();
        assert_eq!(refused, SendError::Resetting);
        // Who waits is served when the peer has answered.
        assert_eq!(asks.0.send(&note("anew")).await.unwrap(), 2);
        let told = reset_event(&mut follows.1).await;
        assert_eq!((told.ours, told.sent, told.received), (false, 2, 7));
        assert_eq!(next_note(&mut follows.1).await, (2, "anew".to_owned()));
        // The probe of before is answered, and says nothing of the numbers since.
        match asks.1.recv().await {
            Some(Event::Session(session::Event::TestRequestAnswered { id, .. })) => assert_eq!(id, probe),
            other => panic!("{other:?}"),
        }
        let told = reset_event(&mut asks.1).await;
        assert_eq!((told.ours, told.sent, told.received), (true, 7, 2));
        follows.0.abort();
        let end = ended(&mut asks.1).await;
        assert_eq!(
            (end.confirmed, end.written, end.sent),
            (0, 2, 2),
            "asked by us: {ours}"
        );
        assert_eq!(end.in_doubt(), 1..=2);
        let end = ended(&mut follows.1).await;
        assert_eq!(
            (end.confirmed, end.written, end.sent),
            (0, 1, 1),
            "asked by us: {ours}"
        );
    }
}

#[tokio::test]
async fn a_test_request_proves_the_new_numbers() {
    let (mut client, venue) = pair(None, None).await;
    for index in 0..5 {
        client.0.send(&note(index)).await.unwrap();
    }
    client.0.reset_sequence_numbers().unwrap();
    client.0.send(&note("anew")).await.unwrap();
    client.0.test_request().unwrap();
    reset_event(&mut client.1).await;
    match client.1.recv().await {
        Some(Event::Session(session::Event::TestRequestAnswered { .. })) => {}
        other => panic!("{other:?}"),
    }
    client.0.send(&note("after")).await.unwrap();
    venue.0.abort();
    let end = ended(&mut client.1).await;
    assert_eq!((end.confirmed, end.sent, end.in_doubt()), (3, 4, 4..=4));
}

/// A logon that resets what a store held: the numbers of before are not those of what is written.
#[tokio::test]
async fn a_logon_that_resets_starts_what_is_written_anew() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    ours.clone().set_next_outgoing(51).unwrap();
    let (mut client, _venue) = pair(Some(&ours), Some(&theirs)).await;
    client.0.abort();
    let end = ended(&mut client.1).await;
    assert_eq!((end.confirmed, end.written, end.sent), (0, 1, 1));
}

/// What the application took before a reset acknowledges nothing of what came after it under the same numbers.
#[tokio::test]
async fn old_numbers_acknowledge_nothing_new() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let (mut client, mut venue) = pair(Some(&ours), Some(&theirs)).await;
    for index in 0..5 {
        venue.0.send(&note(index)).await.unwrap();
    }
    for _ in 0..5 {
        note_or_resend(&mut client.1).await;
    }
    venue.0.reset_sequence_numbers().unwrap();
    for index in 0..10 {
        venue.0.send(&note(index)).await.unwrap();
    }
    // The answer proves that all of it was read.
    venue.0.test_request().unwrap();
    reset_event(&mut venue.1).await;
    assert!(matches!(
        venue.1.recv().await,
        Some(Event::Session(session::Event::TestRequestAnswered { .. }))
    ));
    // To ask for this event acknowledges number 6 of the old numbers.
    assert_eq!(reset_event(&mut client.1).await.received, 6);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ours.state().sequences.next_incoming, 2);
    // The first of the new ones is handled when the second is asked for.
    for expected in [2, 3] {
        assert_eq!(note_or_resend(&mut client.1).await.0, expected);
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ours.state().sequences.next_incoming, 3);
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_is_refused_ends_the_session() {
    let ((client, mut events), (_venue, mut venue_events)) =
        established(4096, DriverSettings::default()).await;
    client.reset_sequence_numbers().unwrap();
    let waiting = client.send(&note("waits")).await.unwrap_err();
    assert!(
        matches!(
            waiting,
            SendError::NotEstablished(SessionState::Failing | SessionState::Ended)
        ),
        "{waiting}"
    );
    assert_eq!(
        end(&mut venue_events).await,
        "a logon came on an established session"
    );
    assert_eq!(
        ended(&mut events).await.to_string(),
        "the peer logged out: a logon came on an established session"
    );
}

/// The venue has dropped what the client asks for: it says so, and the client learns that it is lost.
#[tokio::test]
async fn what_retention_has_dropped_is_refused() {
    let began = TestClock::shared().utc();
    for threaded in [false, true] {
        let mut retention = Retention::EVERYTHING;
        retention.max_messages = Some(2);
        let mut store = MemoryStore::with_retention(began, retention);
        for sequence in 2..=6 {
            store
                .append(sequence, &bytes::Bytes::from_static(b"an order"))
                .unwrap();
        }
        store.commit(began).unwrap();
        assert_eq!(store.state().dropped_through, 4);
        let sequences = store.state().sequences;
        let (near, far) = duplex(1 << 16);
        let settings = |identity| {
            let mut settings = SessionSettings::kalshi_prediction(identity).retransmitting();
            settings.sending_time_window = None;
            settings
        };
        let role = Role::Initiator(session::Logon::new(30).default_appl_ver_id("9"));
        let mut client = Builder::new(settings(Identity::initiator("key-id", "KalshiRT")), role)
            .store(SessionStore::inline(MemoryStore::new(began)))
            .spawn(near)
            .unwrap();
        let store = if threaded {
            SessionStore::threaded(store)
        } else {
            SessionStore::inline(store)
        };
        let mut venue = Builder::new(settings(Identity::acceptor("Kalshi")), Role::Acceptor)
            .store(store)
            .spawn(far)
            .unwrap();
        logon_request(&mut venue).await;
        let acceptance = Acceptance {
            sequences,
            ..Acceptance::default()
        };
        venue.0.accept_logon(acceptance).unwrap();
        let end = timeout(Duration::from_secs(20), end(&mut client.1))
            .await
            .unwrap();
        assert_eq!(
            end,
            "the peer refused to send 1 and what follows again: BeginSeqNo (7) is 1, messages up to 4 are beyond the \
             retention period"
        );
    }
}
