//! Every way in which a session ends comes out as one event with its cause.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::time::{Instant, timeout};

use super::pair::*;
use super::scripted::{Peer, Scripted};
use crate::driver::{DriverSettings, EndCause, Event, SpawnError, spawn};
use crate::session::{
    self, EndReason, Journal, JournalGate, Refusal, RefusalKind, Role, SendError, SessionState,
};

#[tokio::test(start_paused = true)]
async fn a_refused_logon() {
    let (near, far) = duplex(4096);
    let mut client = drive_client(near, DriverSettings::default());
    let mut venue = drive_venue(far);
    logon_request(&mut venue).await;
    venue
        .0
        .refuse_logon(Refusal::Logout("already exists".to_owned()))
        .unwrap();
    match client.1.recv().await {
        Some(Event::Ended(end)) => match end.cause {
            EndCause::Session(EndReason::LogonRefused(refused)) => {
                assert_eq!(refused.kind, RefusalKind::AlreadyExists);
                assert_eq!(refused.text.as_deref(), Some("already exists"));
            }
            other => panic!("{other}"),
        },
        other => panic!("{other:?}"),
    }
    assert!(client.1.recv().await.is_none());
    assert_eq!(end(&mut venue.1).await, "refused a logon: already exists");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing() {
    let (near, _far) = duplex(4096);
    let started = Instant::now();
    let mut client = drive_client(near, DriverSettings::default());
    let text = end(&mut client.1).await;
    assert_eq!(
        text,
        "no complete logon within 10s (still waiting for the answer to its logon)"
    );
    assert_eq!(started.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_falls_silent() {
    let ((_client, mut client_events), (venue, venue_events)) =
        established(4096, DriverSettings::default()).await;
    // The venue's task is gone, and its end of the pipe with it, only when both are dropped: here it hangs.
    drop(venue);
    std::mem::forget(venue_events);
    let mut peer = Peer::connected(DriverSettings::default()).await;
    assert!(
        timeout(Duration::from_secs(35), client_events.recv())
            .await
            .is_err(),
        "a live venue"
    );
    assert_eq!(end(&mut peer.events).await, "nothing was received for 72s");
    let frames = peer.read_to_end().await;
    assert!(frames.contains("35=1"), "it was asked first: {frames}");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_events_aborts_without_a_logout() {
    let ((client, client_events), (_venue, mut venue_events)) =
        established(4096, DriverSettings::default()).await;
    drop(client_events);
    assert_eq!(
        end(&mut venue_events).await,
        "the connection ended while established"
    );
    let error = client.send(&note("late")).await.unwrap_err();
    assert!(
        matches!(error, SendError::NotEstablished(SessionState::Ended)),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn aborting_delivers_what_had_come() {
    let ((client, mut client_events), (venue, mut venue_events)) =
        established(4096, DriverSettings::default()).await;
    venue.send(&note("before")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.abort();
    assert_eq!(next_note(&mut client_events).await, (2, "before".to_owned()));
    assert_eq!(
        end(&mut client_events).await,
        "the application aborted the session"
    );
    assert_eq!(
        end(&mut venue_events).await,
        "the connection ended while established"
    );
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handles_alone_changes_nothing() {
    let ((client, mut client_events), (venue, _venue_events)) =
        established(4096, DriverSettings::default()).await;
    drop(client);
    venue.send(&note("still there")).await.unwrap();
    assert_eq!(next_note(&mut client_events).await, (2, "still there".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_at_a_logout_is_delivered() {
    let ((client, mut client_events), (venue, mut venue_events)) =
        established(4096, DriverSettings::default()).await;
    for index in 0..10 {
        venue.send(&note(index)).await.unwrap();
    }
    client.logout(Some("bye"));
    for index in 0..10 {
        assert_eq!(next_note(&mut client_events).await.1, index.to_string());
    }
    assert_eq!(end(&mut client_events).await, "logged out");
    assert_eq!(end(&mut venue_events).await, "the peer logged out: bye");
}

#[tokio::test(start_paused = true)]
async fn closing_counts_what_is_not_read() {
    let ((_client, client_events), (venue, _venue_events)) =
        established(4096, DriverSettings::default()).await;
    for index in 0..10 {
        venue.send(&note(index)).await.unwrap();
    }
    let closed = client_events.close().await;
    assert_eq!(closed.end.unwrap().to_string(), "logged out");
    assert_eq!(closed.unread, 10);
}

#[tokio::test(start_paused = true)]
async fn closing_is_bounded_when_nobody_answers() {
    let peer = Peer::connected(DriverSettings::default()).await;
    let started = Instant::now();
    let closed = peer.events.close().await;
    assert_eq!(
        closed.end.unwrap().to_string(),
        "logged out, without an answer within 2s"
    );
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends() {
    let mut peer = Peer::connected(DriverSettings::default()).await;
    drop(peer.stream);
    assert_eq!(
        end(&mut peer.events).await,
        "the connection ended while established"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks() {
    let (mut client, script) = Scripted::client().await;
    script.break_reads();
    assert_eq!(
        end(&mut client.1).await,
        "the connection broke while established: connection reset"
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_words_are_read_when_writing_fails() {
    let (mut client, script) = Scripted::client().await;
    script.break_writes();
    client.0.send(&note("an order")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    script.say(&script.frame(b"5", |body| {
        body.field(58, b"maintenance");
    }));
    script.break_reads();
    match client.1.recv().await {
        Some(Event::Session(session::Event::LogoutReceived { text })) => {
            assert_eq!(text.as_deref(), Some("maintenance"));
        }
        other => panic!("{other:?}"),
    }
    let Some(Event::Ended(end)) = client.1.recv().await else {
        panic!("the end is next")
    };
    assert!(
        end.to_string()
            .starts_with("the peer logged out: maintenance (messages 2 to "),
        "{end}"
    );
    assert_eq!(end.written, 1, "the logon was written, the order was not");
}

#[tokio::test(start_paused = true)]
async fn writing_fails_and_nothing_is_left_to_read() {
    let (mut client, script) = Scripted::client().await;
    script.break_writes();
    client.0.send(&note("an order")).await.unwrap();
    let text = timeout(Duration::from_secs(2), end(&mut client.1)).await.unwrap();
    assert_eq!(
        text,
        "the connection broke while established: broken pipe (messages 2 to 2 may not have been written)"
    );
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing() {
    let mut peer = Peer::connected_through(64, DriverSettings::default()).await;
    peer.handle.send(&note("x".repeat(100))).await.unwrap();
    let started = Instant::now();
    assert_eq!(
        end(&mut peer.events).await,
        "the peer took none of what waits to be written for 30s (messages 2 to 2 may not have been written)"
    );
    assert_eq!(started.elapsed().as_secs(), 30);
}

/// The venue's Logout may have crossed ours: it proves nothing of what we sent, least of all of what never left.
#[tokio::test(start_paused = true)]
async fn a_logout_of_the_peer_proves_nothing_of_what_was_sent() {
    let mut peer = Peer::connected_through(64, DriverSettings::default()).await;
    assert_eq!(peer.handle.try_send(&note("x".repeat(100))), Ok(2));
    peer.handle.logout(None);
    let logout = peer.frame(b"5", |_| {});
    peer.stream.write_all(&logout).await.unwrap();
    let Some(Event::Ended(end)) = peer.events.recv().await else {
        panic!("the end is next")
    };
    assert_eq!(
        end.to_string(),
        "logged out (messages 2 to 3 may not have been written)"
    );
    assert_eq!((end.confirmed, end.written, end.sent), (0, 1, 3));
    assert!(end.in_doubt().contains(&2));

    // Nor does one that answers ours, which cannot be told from one that crossed it. A test request can.
    let ((client, mut client_events), _venue) = established(4096, DriverSettings::default()).await;
    client.test_request().unwrap();
    assert!(matches!(
        client_events.recv().await,
        Some(Event::Session(session::Event::TestRequestAnswered { .. }))
    ));
    client.send(&note("an order")).await.unwrap();
    let end = client_events.close().await.end.unwrap();
    assert_eq!((end.confirmed, end.written, end.sent), (2, 4, 4));
}

#[test]
fn a_runtime_that_is_shut_down() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (client, mut client_events) = runtime.block_on(async {
        let (near, far) = duplex(4096);
        let client = drive_client(near, DriverSettings::default());
        std::mem::forget(far);
        client
    });
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(
        other.block_on(end(&mut client_events)),
        "the session's task was stopped"
    );
    assert!(matches!(
        client.try_send(&note("x")),
        Err(SendError::NotEstablished(SessionState::Ended))
    ));
}

#[tokio::test]
async fn what_cannot_be_started() {
    let check = |change: fn(&mut session::SessionSettings, &mut Role, &mut DriverSettings),
                 expected: &str| {
        let (mut session, mut role, mut driver) = (
            client_settings(),
            Role::Initiator(logon()),
            DriverSettings::default(),
        );
        change(&mut session, &mut role, &mut driver);
        let error: SpawnError = spawn(duplex(1).0, session, role, None, driver).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        |_, role, _| *role = Role::Initiator(logon().signed()),
        "the logon is to be signed, and no signer was given",
    );
    check(
        |session, _, _| session.journal = Journal::Keep(JournalGate::HandedOut),
        "the session's settings ask for a journal, and there is no store to keep it in",
    );
    check(
        |_, _, driver| driver.max_waiting_events = 0,
        "the driver's limits (max_waiting_events, max_waiting_bytes, read_chunk) must not be 0",
    );
    check(
        |_, role, _| *role = Role::Initiator(session::Logon::new(1).reset()),
        "the session's settings cannot work: HeartBtInt (108) is 1 s, allowed are 4 to 3600 s",
    );
}

#[tokio::test(start_paused = true)]
async fn garbage_is_told_and_passed_over() {
    let mut peer = Peer::connected(DriverSettings::default()).await;
    let note = peer.frame(b"B", |body| {
        body.field(58, b"after the garbage");
    });
    peer.stream.write_all(b"garbage").await.unwrap();
    peer.stream.write_all(&note).await.unwrap();
    match peer.events.recv().await {
        Some(Event::Session(session::Event::Garbled { skipped: 7, .. })) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(
        next_note(&mut peer.events).await,
        (2, "after the garbage".to_owned())
    );
    let mut bytes = [0; 1];
    assert!(
        timeout(Duration::from_secs(1), peer.stream.read(&mut bytes))
            .await
            .is_err(),
        "no answer to garbage"
    );
}

/// A time-out that is longer than any clock runs is none, and no mistake.
#[tokio::test(start_paused = true)]
async fn time_outs_of_never() {
    let (near, far) = duplex(4096);
    let mut session = client_settings();
    session.logon_timeout = Duration::MAX;
    session.logout_ack = Duration::MAX;
    session.disconnect_wait = Duration::MAX;
    let settings = DriverSettings {
        write_timeout: Duration::MAX,
        final_flush: Duration::MAX,
        ..DriverSettings::default()
    };
    let (client, mut client_events) = spawn(near, session, Role::Initiator(logon()), None, settings).unwrap();
    // By the system's clock, as the client.
    let mut venue = drive_venue_by(far, std::sync::Arc::new(crate::driver::SystemClock));
    logon_request(&mut venue).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    venue
        .0
        .accept_logon(crate::session::Acceptance::default())
        .unwrap();
    established_event(&mut client_events).await;
    client.send(&note("an order")).await.unwrap();
    client.logout(None);
    assert_eq!(end(&mut client_events).await, "logged out");
}
