//! Messages in both directions, pressure, and signs of life.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::duplex;
use tokio::time::{sleep, timeout};

use super::pair::*;
use crate::credentials::{SignatureFuture, Signer, SignerError};
use crate::driver::{Builder, DriverSettings, Event, InboundPolicy, Observer};
use crate::session::{self, Acceptance, Role, SendError, SequenceNumber, SessionState};

#[tokio::test(start_paused = true)]
async fn messages_both_ways_whatever_the_chunks() {
    for pipe in [1, 7, 64, 100_000] {
        let ((client, mut client_events), (venue, mut venue_events)) =
            established(pipe, DriverSettings::default()).await;
        assert_eq!(client.state(), SessionState::Established);
        for index in 0..20 {
            // The logon was number 1.
            assert_eq!(client.send(&note(index)).await.unwrap(), index + 2);
            assert_eq!(venue.send(&note(100 + index)).await.unwrap(), index + 2);
        }
        for index in 0..20 {
            assert_eq!(next_note(&mut venue_events).await, (index + 2, index.to_string()));
            assert_eq!(
                next_note(&mut client_events).await,
                (index + 2, (100 + index).to_string())
            );
        }
        assert_eq!(client.sequences().next_outgoing, 22);
        let closed = client_events.close().await;
        assert_eq!(closed.end.unwrap().to_string(), "logged out", "pipe of {pipe}");
        assert_eq!(closed.unread, 0);
        assert_eq!(end(&mut venue_events).await, "the peer logged out");
    }
}

#[tokio::test]
async fn logons_are_signed() {
    let (signer, public) = test_key();
    let (near, far) = duplex(4096);
    let mut client = drive_signing_client(near, signer);
    let mut venue = drive_venue(far);
    let request = logon_request(&mut venue).await;
    public
        .verify_signed_text(&request.pre_hash, &request.raw_data.unwrap())
        .unwrap();
    venue.0.accept_logon(Acceptance::default()).unwrap();
    established_event(&mut client.1).await;
}

/// Answers, for good or ill, after a while.
struct Slow(Duration, Option<&'static str>);

impl Signer for Slow {
    fn sign<'a>(&'a self, _message: &'a [u8]) -> SignatureFuture<'a> {
        Box::pin(async move {
            sleep(self.0).await;
            match self.1 {
                Some(error) => Err(SignerError::new(error)),
                None => Ok(vec![1, 2, 3]),
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn signers_that_fail_or_take_too_long() {
    for (slow, expected) in [
        (
            Slow(Duration::from_secs(1), Some("the module is locked")),
            "the logon could not be signed: the module is locked",
        ),
        (
            Slow(LONG, None),
            "no complete logon within 10s (still signing its logon)",
        ),
    ] {
        let (near, _far) = duplex(4096);
        let mut client = drive_signing_client(near, Arc::new(slow));
        let text = timeout(Duration::from_secs(11), end(&mut client.1))
            .await
            .unwrap();
        assert_eq!(text, expected);
    }
    // One that takes its time is waited for.
    let (near, far) = duplex(4096);
    let _client = drive_signing_client(near, Arc::new(Slow(Duration::from_secs(9), None)));
    let mut venue = drive_venue(far);
    assert_eq!(logon_request(&mut venue).await.raw_data.unwrap(), b"AQID");
}

#[tokio::test(start_paused = true)]
async fn a_session_at_rest_stays_alive() {
    let ((client, mut client_events), (venue, mut venue_events)) =
        established(4096, DriverSettings::default()).await;
    assert!(
        timeout(LONG, client_events.recv()).await.is_err(),
        "nothing happens for an hour"
    );
    assert!(
        timeout(Duration::from_secs(1), venue_events.recv())
            .await
            .is_err()
    );
    // A heartbeat each half minute, in both directions.
    for handle in [&client, &venue] {
        let sent = handle.sequences().next_outgoing;
        assert!((115..=125).contains(&sent), "{sent}");
    }
    let id = client.test_request().unwrap();
    match client_events.recv().await {
        Some(Event::Session(session::Event::TestRequestAnswered { id: answered, .. })) => {
            assert_eq!(answered, id);
        }
        other => panic!("expected the answer, found {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_not_read_keeps_its_session() {
    let settings = DriverSettings {
        max_waiting_events: 10,
        read_chunk: 1024,
        ..DriverSettings::default()
    };
    let ((client, mut client_events), (venue, mut venue_events)) = established(100_000, settings).await;
    let count = 10_000;
    let flood = tokio::spawn(async move {
        for index in 0..count {
            // More than the venue may have waiting.
            venue.send(&note(format!("{index:01500}"))).await.unwrap();
        }
        venue
    });
    // For ten minutes the application looks away: the client's heartbeats go on, and it does not take the venue, from
    // which it reads nothing, for dead.
    let odd = timeout(Duration::from_mins(10), venue_events.recv()).await;
    assert!(odd.is_err(), "the venue sees {odd:?}");
    assert_eq!(client.state(), SessionState::Established);
    assert!(
        client.sequences().next_outgoing >= 20,
        "heartbeats: {:?}",
        client.sequences()
    );
    assert!(!flood.is_finished(), "the venue is made to wait");
    // Nothing was lost, and what came late by our own fault is not held against the venue.
    for index in 0..count {
        assert_eq!(next_note(&mut client_events).await.1, format!("{index:01500}"));
    }
    let venue = flood.await.unwrap();
    assert!(timeout(LONG, client_events.recv()).await.is_err());
    assert_eq!(venue.state(), SessionState::Established);
    assert_eq!(client_events.close().await.end.unwrap().to_string(), "logged out");
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_bounded_in_bytes_too() {
    let settings = DriverSettings {
        max_waiting_bytes: 10_000,
        ..DriverSettings::default()
    };
    let ((_client, mut client_events), (venue, _venue_events)) = established(100_000, settings).await;
    for index in 0..100 {
        venue.send(&note(format!("{index:0900}"))).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    // The tenth frame of about a thousand bytes fills it; the core holds the rest.
    let waiting = format!("{client_events:?}");
    assert!(
        waiting.ends_with("waiting: 10 }") || waiting.ends_with("waiting: 11 }"),
        "{waiting}"
    );
    for index in 0..100 {
        assert_eq!(next_note(&mut client_events).await.1, format!("{index:0900}"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_not_read_can_lose_its_session() {
    let settings = DriverSettings {
        inbound_policy: InboundPolicy::Disconnect,
        max_waiting_events: 10,
        ..DriverSettings::default()
    };
    let ((_client, mut client_events), (venue, mut venue_events)) = established(1 << 20, settings).await;
    for index in 0..5000 {
        if venue.try_send(&note(index)).is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(
        end(&mut venue_events).await,
        "the peer logged out: the client does not keep up"
    );
    // What waited is delivered, without a gap, and then the reason.
    let mut received = 0;
    let end = loop {
        match client_events.recv().await.unwrap() {
            Event::Session(session::Event::Application(inbound)) => {
                assert_eq!(text(&inbound), received.to_string());
                received += 1;
            }
            Event::Ended(end) => break end.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert!((1000..2000).contains(&received), "{received}");
    assert!(
        end.starts_with("the application did not keep up: 10 events waited for it"),
        "{end}"
    );
}

#[tokio::test(start_paused = true)]
async fn numbers_are_given_in_the_order_of_the_wire() {
    let ((client, _client_events), (_venue, mut venue_events)) =
        established(512, DriverSettings::default()).await;
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut numbers = Vec::new();
                for index in 0..50 {
                    numbers.push((
                        client.send(&note(format!("{sender} {index}"))).await.unwrap(),
                        index,
                    ));
                    tokio::task::yield_now().await;
                }
                (sender, numbers)
            })
        })
        .collect();
    let mut received = Vec::new();
    for _ in 0..400 {
        received.push(next_note(&mut venue_events).await);
    }
    let mut seen = HashSet::new();
    for sender in senders {
        let (sender, numbers) = sender.await.unwrap();
        assert!(numbers.is_sorted());
        for (number, index) in numbers {
            assert!(seen.insert(number), "{number} was given twice");
            assert_eq!(
                received[number as usize - 2],
                (number, format!("{sender} {index}"))
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sender_waits_for_room() {
    let (near, far) = duplex(4096);
    let mut session = client_settings();
    session.max_pending_transmit = 2000;
    let (client, mut client_events) = crate::driver::spawn_with_clock(
        near,
        session,
        session::Role::Initiator(logon()),
        None,
        DriverSettings::default(),
        TestClock::shared(),
    )
    .unwrap();
    let mut venue = drive_venue(far);
    logon_request(&mut venue).await;
    venue.0.accept_logon(Acceptance::default()).unwrap();
    established_event(&mut client_events).await;
    established_event(&mut venue.1).await;
    // No await: the driver's task has no chance to write.
    let mut sent = 0;
    let refused = loop {
        match client.try_send(&note("x".repeat(100))) {
            Ok(_) => sent += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refused, SendError::Backlog { max: 2000, .. }),
        "{refused}"
    );
    assert!((10..20).contains(&sent), "{sent}");
    // Far more than fits anywhere: each waits for room, and all arrive.
    for _ in sent..1000 {
        client.send(&note("x".repeat(100))).await.unwrap();
    }
    for index in 0..1000 {
        assert_eq!(next_note(&mut venue.1).await.0, index + 2);
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_encoded_takes_no_number() {
    let ((client, _client_events), (_venue, mut venue_events)) =
        established(4096, DriverSettings::default()).await;
    let error = client.send(&note("a\x0149=b")).await.unwrap_err();
    assert!(matches!(error, SendError::Encode { .. }), "{error}");
    assert_eq!(client.send(&note("fine")).await.unwrap(), 2);
    assert_eq!(next_note(&mut venue_events).await, (2, "fine".to_owned()));
}

/// Panics in the midst of writing its body.
struct Broken;

impl fix_dialect::EncodeBody for Broken {
    fn msg_type(&self) -> &[u8] {
        b"B"
    }

    fn encode_body(&self, out: &mut fix_dialect::BodyWriter) {
        out.field(58, b"half");
        panic!("an application's own bug");
    }
}

#[tokio::test]
async fn a_panic_in_an_applications_message_leaves_the_session_as_it_was() {
    let ((client, _client_events), (_venue, mut venue_events)) =
        established(4096, DriverSettings::default()).await;
    let other = client.clone();
    let panicked = tokio::spawn(async move { other.send(&Broken).await }).await;
    assert!(panicked.unwrap_err().is_panic());
    assert_eq!(client.send(&note("fine")).await.unwrap(), 2);
    assert_eq!(next_note(&mut venue_events).await, (2, "fine".to_owned()));
}

/// Writes down what it sees, in words.
#[derive(Default)]
struct Witness(Mutex<Vec<String>>);

impl Witness {
    fn say(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }
}

impl Observer for Witness {
    fn observe(&self, event: &Event) {
        self.say(match event {
            Event::Session(session::Event::Application(inbound)) => text(inbound),
            Event::Session(session::Event::Established(_)) => "established".to_owned(),
            Event::Ended(end) => end.to_string(),
            other => format!("{other:?}"),
        });
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_everything_though_nobody_reads() {
    let witness = Arc::new(Witness::default());
    let (near, far) = duplex(4096);
    let (client, mut client_events) = Builder::new(client_settings(), Role::Initiator(logon()))
        .observer(witness.clone())
        .clock(TestClock::shared())
        .spawn(near)
        .unwrap();
    let mut venue = drive_venue(far);
    logon_request(&mut venue).await;
    venue.0.accept_logon(Acceptance::default()).unwrap();
    established_event(&mut venue.1).await;
    for index in 0..3 {
        venue.0.send(&note(index)).await.unwrap();
    }
    assert!(client.ready().await);
    // A number is noted before an answer to it can be.
    let note_down = |sequence: SequenceNumber| witness.say(format!("sent {sequence}"));
    assert_eq!(client.send_noting(&note("x"), note_down).await, Ok(2));
    assert_eq!(client.try_send_noting(&note("y"), note_down), Ok(3));
    assert_eq!(next_note(&mut venue.1).await, (2, "x".to_owned()));
    venue.0.send(&note("answer")).await.unwrap();
    venue.0.logout(None);
    assert_eq!(end(&mut venue.1).await, "logged out");
    let refused = |_: SequenceNumber| panic!("nothing is sent after the end");
    assert!(client.send_noting(&note("z"), refused).await.is_err());
    // None of it was read so far, and all of it can be.
    assert_eq!(end(&mut client_events).await, "the peer logged out");
    let mut seen = witness.0.lock().unwrap().clone();
    // These two come in either order: the notes by the application, the messages by the wire.
    seen.retain(|text| !text.starts_with("sent") && !text.starts_with("Session"));
    assert_eq!(
        seen,
        ["established", "0", "1", "2", "answer", "the peer logged out"]
    );
}
