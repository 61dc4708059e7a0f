//! What is lost when a future is dropped before it is ready: nothing, or what its documentation says.

use std::collections::BTreeSet;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::pair::*;
use super::scripted::Peer;
use super::stored::{Shared, connected, note_or_resend};
use super::supervised::Supervised;
use crate::driver::{DriverSettings, Event, SessionStore};
use crate::reconnect::ReconnectPolicy;
use crate::session::{JournalGate, SendError};

/// Every public future of the crate's runtime, by file and name, and the tests that drop it.
const FUTURES: &[(&str, &str, &[&str])] = &[
    ("book/feed.rs", "close", &["a_feed_whose_futures_are_dropped"]),
    ("book/feed.rs", "recv", &["a_feed_whose_futures_are_dropped"]),
    ("client/mod.rs", "drop_copy", &["openings_that_are_dropped"]),
    ("client/mod.rs", "market_data", &["openings_that_are_dropped"]),
    ("client/mod.rs", "order_entry", &["openings_that_are_dropped"]),
    (
        "client/mod.rs",
        "order_entry_listener",
        &["openings_that_are_dropped"],
    ),
    (
        "client/mod.rs",
        "order_entry_retransmitting",
        &["openings_that_are_dropped_let_go_of_their_store"],
    ),
    (
        "client/mod.rs",
        "order_entry_retransmitting_listener",
        &["openings_that_are_dropped_let_go_of_their_store"],
    ),
    (
        "client/mod.rs",
        "post_trade",
        &["openings_that_are_dropped_let_go_of_their_store"],
    ),
    ("client/mod.rs", "rfq", &["openings_that_are_dropped"]),
    (
        "client/requests/submit.rs",
        "begin",
        &[
            "typed_ends_whose_futures_are_dropped",
            "a_dropped_wait_takes_nothing_back_and_keeps_nothing",
        ],
    ),
    (
        "client/requests/submit.rs",
        "submit",
        &["typed_ends_whose_futures_are_dropped"],
    ),
    (
        "client/session.rs",
        "begin",
        &["typed_ends_whose_futures_are_dropped"],
    ),
    ("client/session.rs", "close", &["a_typed_close_that_is_dropped"]),
    (
        "client/session.rs",
        "ready",
        &["typed_ends_whose_futures_are_dropped"],
    ),
    (
        "client/session.rs",
        "recv",
        &["typed_ends_whose_futures_are_dropped"],
    ),
    (
        "client/session.rs",
        "send",
        &["typed_ends_whose_futures_are_dropped"],
    ),
    (
        "client/session.rs",
        "submit",
        &["typed_ends_whose_futures_are_dropped"],
    ),
    (
        "credentials/signer.rs",
        "raw_data",
        &["signers_that_fail_or_take_too_long"],
    ),
    (
        "credentials/signer.rs",
        "sign",
        &["signers_that_fail_or_take_too_long"],
    ),
    (
        "driver/handle.rs",
        "close",
        &[
            "a_close_that_is_dropped",
            "a_close_that_is_dropped_acknowledges_nothing",
        ],
    ),
    (
        "driver/handle.rs",
        "ready",
        &["a_wait_for_a_session_that_is_dropped"],
    ),
    (
        "driver/handle.rs",
        "recv",
        &[
            "a_receive_that_is_dropped",
            "a_receive_that_is_dropped_acknowledges_what_was_taken",
        ],
    ),
    (
        "driver/handle.rs",
        "send",
        &[
            "a_send_that_is_dropped",
            "a_send_that_waits_for_a_reset_is_dropped",
        ],
    ),
    ("driver/handle.rs", "send_noting", &["a_send_that_is_dropped"]),
    (
        "gateway/builder.rs",
        "start",
        &["a_gateway_whose_futures_are_dropped"],
    ),
    (
        "gateway/server.rs",
        "close",
        &["a_gateway_whose_futures_are_dropped"],
    ),
    (
        "gateway/server.rs",
        "start",
        &["a_gateway_whose_futures_are_dropped"],
    ),
    (
        "limits/carry_out.rs",
        "run",
        &["a_run_of_the_kill_switch_that_is_dropped"],
    ),
    (
        "rate/shared.rs",
        "acquire",
        &["who_gives_up_takes_nothing_and_holds_nobody_up"],
    ),
    (
        "recovery/followed.rs",
        "close",
        &["a_followed_session_whose_futures_are_dropped"],
    ),
    (
        "recovery/followed.rs",
        "recv",
        &["a_followed_session_whose_futures_are_dropped"],
    ),
    (
        "recovery/followed.rs",
        "send",
        &["a_followed_session_whose_futures_are_dropped"],
    ),
    ("recovery/run.rs", "recover", &["recoveries_that_are_dropped"]),
    (
        "recovery/run.rs",
        "recover_with",
        &["recoveries_that_are_dropped"],
    ),
    ("recovery/run.rs", "run", &["recoveries_that_are_dropped"]),
    ("transport/connect.rs", "connect", &["openings_that_are_dropped"]),
];

/// Polls a future once, and drops it.
fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn sources(folder: &Path, tests: bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if tests || name != "tests" {
                sources(&path, tests, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && (tests || name != "tests.rs" && name != "testing.rs")
        {
            found.push(path);
        }
    }
}

/// Each public asynchronous function is in the table, says what dropping it means, and has a test that does so.
#[test]
fn every_public_future_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut listed: BTreeSet<(String, String)> = FUTURES
        .iter()
        .map(|(file, name, _)| ((*file).to_owned(), (*name).to_owned()))
        .collect();
    let known = listed.clone();
    let mut tests = String::new();
    let (mut files, mut all) = (Vec::new(), Vec::new());
    sources(&root, false, &mut files);
    sources(&root, true, &mut all);
    for path in all {
        tests.push_str(&fs::read_to_string(path).unwrap());
    }
    for path in files {
        let file = path
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        let text = fs::read_to_string(&path).unwrap();
        let mut documentation = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(said) = line.strip_prefix("///") {
                documentation.push_str(said);
            } else if let Some(rest) = line.strip_prefix("pub async fn ") {
                let name = rest.split(['(', '<']).next().unwrap().to_owned();
                let row = (file.clone(), name.clone());
                assert!(
                    known.contains(&row),
                    "{file}: {name} is a public future: drop it in a test, and list it in {}",
                    file!()
                );
                listed.remove(&row);
                assert!(
                    documentation.contains("Dropping the future"),
                    "{file}: the documentation of {name} does not say what dropping the future means"
                );
            } else if !line.starts_with("#[") {
                documentation.clear();
            }
        }
    }
    assert!(listed.is_empty(), "there is no such future: {listed:?}");
    for test in FUTURES.iter().flat_map(|(_, _, tests)| *tests) {
        assert!(tests.contains(&format!("fn {test}(")), "there is no test {test}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_that_is_dropped() {
    let mut peer = Peer::connected_through(64, DriverSettings::default()).await;
    let fill = "x".repeat(100_000);
    let mut sent = 0;
    while peer.handle.try_send(&note(&fill)).is_ok() {
        sent += 1;
    }
    let noted = AtomicUsize::new(0);
    for _ in 0..3 {
        assert!(poll_once(peer.handle.send(&note("dropped"))).is_pending());
        let note_it = |_| {
            noted.fetch_add(1, Ordering::Relaxed);
        };
        assert!(poll_once(peer.handle.send_noting(&note("dropped"), note_it)).is_pending());
    }
    assert_eq!(noted.load(Ordering::Relaxed), 0);
    // None of them took a number, or is on its way; and who waits on is not forgotten.
    let handle = peer.handle.clone();
    let waiting = tokio::spawn(async move { handle.send(&note("kept")).await });
    let read = tokio::spawn(async move { (peer.read_to_end().await, peer) });
    assert_eq!(waiting.await.unwrap(), Ok(sent + 2));
    sleep(Duration::from_secs(1)).await;
    drop(read);
}

#[tokio::test(start_paused = true)]
async fn what_was_dropped_never_comes() {
    let ((client, _events), (_venue, mut venue_events)) = established(64, DriverSettings::default()).await;
    let fill = "x".repeat(100_000);
    let mut sent = 0;
    while client.try_send(&note(&fill)).is_ok() {
        sent += 1;
        let _ = poll_once(client.send(&note("dropped or sent at once")));
    }
    assert!(sent > 2);
    assert!(poll_once(client.send(&note("dropped"))).is_pending());
    let last = client.sequences().next_outgoing - 1;
    for sequence in 2..=last {
        let (number, text) = next_note(&mut venue_events).await;
        assert_eq!(number, sequence);
        assert_ne!(text, "dropped");
    }
    assert_eq!(client.send(&note("after")).await, Ok(last + 1));
    assert_eq!(next_note(&mut venue_events).await, (last + 1, "after".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_send_that_waits_for_a_reset_is_dropped() {
    let ((client, _events), _venue) = established(4096, DriverSettings::default()).await;
    client.reset_sequence_numbers().unwrap();
    assert!(poll_once(client.send(&note("dropped"))).is_pending());
    assert_eq!(client.try_send(&note("refused")), Err(SendError::Resetting));
    assert_eq!(
        client.sequences().next_outgoing,
        2,
        "the logon's number, and no other"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_session_that_is_dropped() {
    let mut client = Supervised::start(ReconnectPolicy::default());
    assert!(poll_once(client.handle.ready()).is_pending());
    let waits = client.handle.clone();
    let waits = tokio::spawn(async move { waits.ready().await });
    tokio::task::yield_now().await;
    assert!(poll_once(client.handle.ready()).is_pending());
    let _venue = client.accept().await;
    assert!(
        timeout(LONG, waits).await.unwrap().unwrap(),
        "who waits on is woken"
    );
    assert_eq!(poll_once(client.handle.ready()), Poll::Ready(true));
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_is_dropped() {
    let ((_client, mut events), (venue, _venue_events)) = established(4096, DriverSettings::default()).await;
    for index in 0..50 {
        // Dropped before there is anything, with something on its way, and while another waker is known.
        assert!(poll_once(events.recv()).is_pending());
        assert!(timeout(Duration::from_millis(10), events.recv()).await.is_err());
        venue.send(&note(index)).await.unwrap();
        assert!(poll_once(events.recv()).is_pending(), "it has not come yet");
        assert_eq!(next_note(&mut events).await, (index + 2, index.to_string()));
    }
    // The last event of all is not lost either.
    venue.abort();
    assert!(poll_once(events.recv()).is_pending());
    assert!(matches!(events.recv().await, Some(Event::Ended(_))));
    assert!(matches!(poll_once(events.recv()), Poll::Ready(None)));
}

#[tokio::test]
async fn a_receive_that_is_dropped_acknowledges_what_was_taken() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let store = SessionStore::inline(ours.clone());
    let (mut client, venue) = connected(store, JournalGate::Stored, &theirs).await;
    for index in 0..2 {
        venue.0.send(&note(index)).await.unwrap();
    }
    assert_eq!(note_or_resend(&mut client.1).await.0, 2);
    assert_eq!(note_or_resend(&mut client.1).await.0, 3);
    settle().await;
    assert_eq!(ours.next_incoming(), 3, "3 is taken, and not known to be handled");
    // To ask for the next says that it is, whether the next comes or not.
    assert!(poll_once(client.1.recv()).is_pending());
    settle().await;
    assert_eq!(ours.next_incoming(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_dropped() {
    for polled in [false, true] {
        let ((client, events), (venue, mut venue_events)) =
            established(4096, DriverSettings::default()).await;
        venue.send(&note("unread")).await.unwrap();
        let close = events.close();
        if polled {
            assert!(poll_once(close).is_pending());
        } else {
            drop(close);
        }
        let said = timeout(Duration::from_secs(10), end(&mut venue_events))
            .await
            .unwrap();
        assert_eq!(
            said, "the connection ended while established",
            "as dropping the events does"
        );
        assert!(client.send(&note("late")).await.is_err());
    }
}

#[tokio::test]
async fn a_close_that_is_dropped_acknowledges_nothing() {
    let (ours, theirs) = (Shared::new(), Shared::new());
    let store = SessionStore::inline(ours.clone());
    let (client, venue) = connected(store, JournalGate::Stored, &theirs).await;
    venue.0.send(&note("unread")).await.unwrap();
    venue.0.test_request().unwrap();
    let mut venue_events = venue.1;
    while !matches!(venue_events.recv().await, Some(Event::Session(_))) {}
    assert!(poll_once(client.1.close()).is_pending());
    settle().await;
    assert_eq!(ours.next_incoming(), 2, "it comes again with the next session");
}

/// Lets the tasks of this runtime come to rest.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
