//! An application that does not read, under each policy.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::time::{sleep, timeout};

use super::pair::*;
use super::scripted::Peer;
use super::supervised::Supervised;
use crate::driver::{
    Builder, DriverSettings, Dropped, Event, Events, InboundPolicy, SessionStore, SpawnError,
};
use crate::reconnect::ReconnectPolicy;
use crate::session::{self, Journal, JournalGate, Role, SessionState};
use crate::store::MemoryStore;

const ALL: [InboundPolicy; 3] = [
    InboundPolicy::Block,
    InboundPolicy::Disconnect,
    InboundPolicy::DropAndInvalidate,
];

fn settings(inbound_policy: InboundPolicy) -> DriverSettings {
    DriverSettings {
        inbound_policy,
        max_waiting_events: 10,
        read_chunk: 1024,
        ..DriverSettings::default()
    }
}

impl Peer {
    async fn say(&mut self, msg_type: &[u8], fields: &[(u32, &str)]) {
        let frame = self.frame(msg_type, |body| {
            for (tag, value) in fields {
                body.field(*tag, value.as_bytes());
            }
        });
        self.stream.write_all(&frame).await.unwrap();
    }

    /// Reads until this was said, or for a minute.
    async fn hears(&mut self, expected: &str) -> bool {
        let mut heard = Vec::new();
        let read = async {
            let expected = expected.replace('|', "\x01");
            while !String::from_utf8_lossy(&heard).contains(&expected) {
                heard.push(self.stream.read_u8().await.unwrap());
            }
        };
        timeout(Duration::from_mins(1), read).await.is_ok()
    }
}

/// How many events wait for the application.
fn waiting(events: &Events) -> usize {
    let text = format!("{events:?}");
    let (_, count) = text.rsplit_once("waiting: ").unwrap();
    count.trim_end_matches(" }").parse().unwrap()
}

async fn dropped(events: &mut Events) -> Dropped {
    match events.recv().await {
        Some(Event::Dropped(dropped)) => dropped,
        other => panic!("expected dropped messages, found {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_session_goes_on_while_the_application_does_not_read() {
    for policy in ALL {
        let mut peer = Peer::connected(settings(policy)).await;
        // As many messages as may wait; with the policy that drops, as many as the venue likes.
        let flood = if policy == InboundPolicy::DropAndInvalidate {
            5000
        } else {
            9
        };
        for index in 0..flood {
            peer.say(b"B", &[(58, &index.to_string())]).await;
        }
        // A sign of life is asked for and given, a resend is asked for and served, and heartbeats come by themselves.
        peer.say(b"1", &[(112, "are you there")]).await;
        assert!(peer.hears("112=are you there|").await, "{policy:?}");
        peer.say(b"2", &[(7, "1"), (16, "0")]).await;
        assert!(peer.hears("123=Y|36=").await, "{policy:?}");
        for _ in 0..3 {
            peer.say(b"0", &[]).await;
            assert!(peer.hears("35=0|").await, "{policy:?}");
        }
        assert_eq!(peer.handle.state(), SessionState::Established, "{policy:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_stalls_for_a_minute_keeps_its_session_or_loses_it_as_it_chose() {
    let count = 10_000;
    for policy in ALL {
        let ((client, mut events), (venue, mut venue_events)) = established(100_000, settings(policy)).await;
        let flood = tokio::spawn(async move {
            for index in 0..count {
                if venue.send(&note(format!("{index:0100}"))).await.is_err() {
                    break;
                }
            }
            venue
        });
        let ended = timeout(Duration::from_mins(1), end(&mut venue_events)).await;
        match policy {
            InboundPolicy::Block => {
                assert!(ended.is_err() && client.state() == SessionState::Established);
                for index in 0..count {
                    assert_eq!(next_note(&mut events).await, (index + 2, format!("{index:0100}")));
                }
            }
            InboundPolicy::Disconnect => {
                assert_eq!(ended.unwrap(), "the peer logged out: the client does not keep up");
                let text = end(&mut events).await;
                assert!(
                    text.starts_with("the application did not keep up: 10 events"),
                    "{text}"
                );
                continue;
            }
            InboundPolicy::DropAndInvalidate => {
                assert!(ended.is_err() && client.state() == SessionState::Established);
                assert!(waiting(&events) <= 11, "{events:?}");
                let Dropped {
                    messages,
                    first,
                    last,
                    ..
                } = dropped(&mut events).await;
                assert_eq!(
                    (first, messages),
                    (2, last - 1),
                    "every message from the first on"
                );
                // What follows is in turn, and nothing else is missing.
                for sequence in last + 1..count + 2 {
                    assert_eq!(next_note(&mut events).await.0, sequence);
                }
            }
        }
        // It goes on as if nothing had been.
        let venue = flood.await.unwrap();
        let sequence = venue.send(&note("and on")).await.unwrap();
        assert_eq!(next_note(&mut events).await, (sequence, "and on".to_owned()));
        assert_eq!(events.close().await.end.unwrap().to_string(), "logged out");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_session_has_to_tell_is_never_dropped() {
    let mut peer = Peer::connected(settings(InboundPolicy::DropAndInvalidate)).await;
    for index in 0..100 {
        peer.say(b"B", &[(58, &index.to_string())]).await;
        match index {
            30 | 60 => peer.stream.write_all(b"garbage").await.unwrap(),
            40 => peer.say(b"3", &[(45, "1"), (58, "no")]).await,
            _ => {}
        }
    }
    sleep(Duration::from_secs(1)).await;
    let told = dropped(&mut peer.events).await;
    assert_eq!(told.first, 2);
    for expected in ["Garbled", "RejectReceived", "Garbled"] {
        match peer.events.recv().await {
            Some(Event::Session(event)) => assert!(format!("{event:?}").starts_with(expected), "{event:?}"),
            other => panic!("{other:?}"),
        }
    }
    // The reject took a number among those of the messages, and is not counted.
    assert_eq!(told.messages + 1, told.last - told.first + 1);
    assert_eq!(next_note(&mut peer.events).await.0, told.last + 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_full_of_what_cannot_be_dropped_stops_reading() {
    let mut peer = Peer::connected_through(4096, settings(InboundPolicy::DropAndInvalidate)).await;
    let frame = |peer: &mut Peer| {
        let mut bytes = peer.frame(b"B", |body| {
            body.field(58, b"x");
        });
        bytes.extend_from_slice(b"garbage");
        bytes
    };
    let mut written = 0;
    while written < 1_000_000 {
        let bytes = frame(&mut peer);
        if timeout(Duration::from_secs(5), peer.stream.write_all(&bytes))
            .await
            .is_err()
        {
            break;
        }
        written += bytes.len();
    }
    // Ten events here, a thousand in the core, and what the pipe and the buffers hold.
    assert!((50_000..200_000).contains(&written), "{written}");
    assert_eq!(peer.handle.state(), SessionState::Established);
    let mut garbled = 0;
    while let Ok(Some(event)) = timeout(Duration::from_secs(1), peer.events.recv()).await {
        garbled += usize::from(matches!(event, Event::Session(session::Event::Garbled { .. })));
    }
    assert!(garbled > 400, "{garbled}: none was lost");
}

#[tokio::test(start_paused = true)]
async fn messages_are_dropped_by_their_bytes_too() {
    let limits = DriverSettings {
        inbound_policy: InboundPolicy::DropAndInvalidate,
        max_waiting_bytes: 10_000,
        ..DriverSettings::default()
    };
    let ((_client, mut events), (venue, _venue_events)) = established(100_000, limits).await;
    for index in 0..100 {
        venue.send(&note(format!("{index:0900}"))).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    let told = dropped(&mut events).await;
    assert!(told.last >= 90, "{told:?}");
    assert_eq!(next_note(&mut events).await.0, told.last + 1);
    // One that alone is too much is delivered all the same.
    while timeout(Duration::from_secs(1), events.recv()).await.is_ok() {}
    venue.send(&note("x".repeat(20_000))).await.unwrap();
    assert_eq!(next_note(&mut events).await.1.len(), 20_000);
}

#[tokio::test(start_paused = true)]
async fn messages_of_two_connections_are_told_apart() {
    let drops = settings(InboundPolicy::DropAndInvalidate);
    let mut client = Supervised::start_with(ReconnectPolicy::default(), drops, TestClock::shared());
    let mut venue = client.accept().await;
    established_event(&mut client.events).await;
    for connection in 0..2 {
        for index in 0..25 {
            venue.0.send(&note(index)).await.unwrap();
        }
        sleep(Duration::from_secs(1)).await;
        if connection == 0 {
            venue.0.abort();
            venue = client.accept().await;
        }
    }
    let before = dropped(&mut client.events).await;
    assert_eq!((before.first, before.last, before.messages), (2, 26, 25));
    client.disconnected().await;
    client.reconnected().await;
    let after = dropped(&mut client.events).await;
    assert_eq!((after.first, after.last), (2, 16));
    assert_eq!(next_note(&mut client.events).await.0, 17);
    // What was dropped was not delivered either.
    for _ in 0..30 {
        venue.0.send(&note("unread")).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(client.events.close().await.unread, 9 + 30);
}

#[tokio::test]
async fn what_is_kept_is_not_dropped() {
    let mut session = client_settings();
    session.journal = Journal::Keep(JournalGate::HandedOut);
    let store = SessionStore::inline(MemoryStore::new(TestClock::shared().utc()));
    let refused = Builder::new(session, Role::Initiator(logon()))
        .settings(settings(InboundPolicy::DropAndInvalidate))
        .store(store)
        .spawn(duplex(1).0)
        .unwrap_err();
    assert!(matches!(refused, SpawnError::DropsWhatIsKept), "{refused}");
}
