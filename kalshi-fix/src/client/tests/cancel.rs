//! Futures of clients and of typed sessions that are dropped before they are ready.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::task::yield_now;

use super::retransmission::Kept;
use super::*;
use crate::driver::SessionStore;
use crate::store::MemoryStore;

type Opening<'a> = Pin<Box<dyn Future<Output = Result<(), OpenError>> + 'a>>;

/// How often a future is polled before it is dropped: in the midst of resolving, connecting, the handshake, the logon.
pub(super) const DEPTHS: [usize; 8] = [0, 1, 2, 4, 8, 16, 64, 256];

pub(super) fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a future so many times at most, and drops it unless it is ready.
pub(super) async fn poll_up_to<T>(depth: usize, mut future: impl Future<Output = T> + Unpin) -> Option<T> {
    for _ in 0..depth {
        if let Poll::Ready(done) = Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop())) {
            return Some(done);
        }
        yield_now().await;
        // The signature is made in this thread; the sockets want a moment, which a poll of the runtime gives them.
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    None
}

/// Whatever was under way, the connection is closed and the next attempt works.
#[tokio::test]
async fn openings_that_are_dropped() {
    let mut reachable = Venue::start(Product::Prediction, None).await;
    let mut connections = std::mem::replace(&mut reachable.connections, tokio::sync::mpsc::channel(1).1);
    let drain = tokio::spawn(async move {
        let (mut opened, mut ended) = (0, 0);
        while let Some(mut connection) = connections.recv().await {
            opened += 1;
            timeout(Duration::from_secs(20), connection.end())
                .await
                .expect("a connection whose opening was dropped is closed");
            ended += 1;
        }
        (opened, ended)
    });
    let client: Client<Prediction> = reachable.client().build().unwrap();
    let openings: [fn(&Client<Prediction>) -> Opening<'_>; 5] = [
        |client| Box::pin(async { client.rfq().await.map(|_| ()) }),
        |client| Box::pin(async { client.order_entry().await.map(|_| ()) }),
        |client| Box::pin(async { client.order_entry_listener().await.map(|_| ()) }),
        |client| Box::pin(async { client.market_data().await.map(|_| ()) }),
        |client| Box::pin(async { client.drop_copy().await.map(|_| ()) }),
    ];
    for depth in DEPTHS {
        for open in openings {
            if let Some(done) = poll_up_to(depth, open(&client)).await {
                done.unwrap();
            }
        }
    }
    for open in openings {
        open(&client).await.unwrap();
    }
    drain.abort();
    if let Ok((opened, ended)) = drain.await {
        assert_eq!(opened, ended);
    }
}

#[tokio::test]
async fn openings_that_are_dropped_let_go_of_their_store() {
    let now = fix_dialect::Timestamp::parse(b"20261122-12:00:00").unwrap();
    let mut venue = Venue::start_keeping(Product::Prediction, Kept::new(MemoryStore::new(now))).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    let ours = Kept::new(MemoryStore::new(now));
    for depth in DEPTHS {
        for kind in 0..3 {
            let store = SessionStore::threaded(ours.clone());
            let opening: Opening<'_> = if kind == 2 {
                Box::pin(async { client.post_trade(store).await.map(|_| ()) })
            } else if kind == 1 {
                Box::pin(async {
                    client
                        .order_entry_retransmitting_listener(store)
                        .await
                        .map(|_| ())
                })
            } else {
                Box::pin(async { client.order_entry_retransmitting(store).await.map(|_| ()) })
            };
            poll_up_to(depth, opening).await;
            // In real time: the store may be with a thread of its own.
            for _ in 0..2000 {
                if Arc::strong_count(&ours.0) == 1 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert_eq!(Arc::strong_count(&ours.0), 1, "after {depth} polls");
            while venue.connections.try_recv().is_ok() {}
        }
    }
    // It resumes: whatever was sent of those attempts has used numbers, and the store has them.
    let session = client
        .order_entry_retransmitting(SessionStore::inline(ours))
        .await
        .unwrap();
    assert_eq!(session.close().await.end.unwrap().to_string(), "logged out");
}

#[tokio::test]
async fn typed_ends_whose_futures_are_dropped() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    let mut session = client.order_entry().await.unwrap();
    let mut connection = venue.connection().await;
    // Nothing is awaited, so that nothing is written: the backlog fills up.
    let sender = session.sender();
    assert_eq!(poll_once(sender.ready()), Poll::Ready(true));
    let mut sent = 0;
    while sender.try_send(&order("filled")).is_ok() {
        sent += 1;
    }
    assert!(poll_once(sender.send(&order("dropped"))).is_pending());
    assert!(poll_once(session.send(&order("dropped"))).is_pending());
    for _ in 0..2 {
        // The second time it would be refused if the first had kept its place.
        assert!(poll_once(sender.begin(&order("dropped"))).is_pending());
        assert!(poll_once(session.begin(&order("dropped"))).is_pending());
        assert!(poll_once(sender.submit(&order("dropped"))).is_pending());
        assert!(poll_once(session.submit(&order("dropped"))).is_pending());
    }
    let last = sender.send(&order("last")).await.unwrap();
    assert_eq!(last, sent + 2);
    loop {
        let message = connection.next_message().await;
        assert!(!message.contains("|11=dropped|"), "{message}");
        if message.contains("|11=last|") {
            break;
        }
    }
    // And in the other direction.
    for number in 0..20 {
        assert!(poll_once(session.recv()).is_pending());
        connection
            .handle
            .send(&report(&number.to_string()))
            .await
            .unwrap();
        match session.recv().await {
            Some(Event::Message(received)) => assert_eq!(received.inbound().msg_seq_num, number + 2),
            other => panic!("{other:?}"),
        }
    }
    let (_, mut receiver) = session.split();
    assert!(poll_once(receiver.recv()).is_pending());
    assert!(poll_once(receiver.close()).is_pending());
}

#[tokio::test]
async fn a_typed_close_that_is_dropped() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    for split in [false, true] {
        let session = client.order_entry().await.unwrap();
        let mut connection = venue.connection().await;
        if split {
            assert!(poll_once(session.split().1.close()).is_pending());
        } else {
            assert!(poll_once(session.close()).is_pending());
        }
        // As dropping the session does: at once, and without waiting for the answer.
        timeout(Duration::from_secs(20), connection.end()).await.unwrap();
    }
}
