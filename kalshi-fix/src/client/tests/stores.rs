//! A store belongs to one session, and is let go of when that ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex};

use bytes::Bytes;
use fix_dialect::Timestamp;
use tokio::net::TcpSocket;
use tokio::sync::mpsc;
use tokio::task::yield_now;

use super::retransmission::{BOUND, Directory, Kept, eager, now};
use super::*;
use crate::credentials::KeyUse;
use crate::driver::SessionStore;
use crate::session::SequenceNumber;
use crate::store::{
    Committed, JournalSettings, JournalStore, MemoryStore, Page, Store, StoreError, StoreState,
};

/// A port that is taken, and that nobody listens on.
static SILENT: LazyLock<TcpSocket> = LazyLock::new(|| {
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    silent
});

/// A client of a venue that is not there: what is sent nowhere cannot be mistaken for what was refused before.
fn client<D: KalshiProduct>(key_id: &str, environment: Environment) -> ClientBuilder<D> {
    let port = SILENT.local_addr().unwrap().port();
    let key = PrivateKey::from_pem(include_str!("../../../tests/fixtures/keys/rsa-pkcs8.pem"));
    Client::builder(environment)
        .credentials(Credentials::new(key_id, key.unwrap()).unwrap())
        .endpoints(|endpoints| {
            D::PRODUCT
                .sessions()
                .iter()
                .fold(endpoints, |endpoints, kind| endpoints.port(*kind, port))
        })
}

fn settings<D: KalshiProduct>(
    key_id: &str,
    environment: Environment,
    key_use: impl Into<KeyUse>,
) -> JournalSettings {
    let client = client::<D>(key_id, environment).build().unwrap();
    client.journal_settings(key_use).unwrap()
}

#[tokio::test]
async fn a_journal_is_taken_by_the_session_that_it_belongs_to_alone() {
    use Environment::{Demo, Loopback};
    use SessionKind::{OrderEntryRetransmitting, PostTrade};
    let check = async |whose: JournalSettings, found: &str| {
        let directory = Directory::new("claimed");
        let mut journal = JournalStore::open(&directory.0, whose.clone(), now()).unwrap();
        journal.set_next_outgoing(7).unwrap();
        journal.close().unwrap();
        for (threaded, reconnects) in [(false, false), (true, false), (false, true), (true, true)] {
            let journal = JournalStore::open(&directory.0, whose.clone(), now()).unwrap();
            let store = if threaded {
                SessionStore::threaded(journal)
            } else {
                SessionStore::inline(journal)
            };
            let mut builder = client::<Prediction>("a", Loopback).plaintext();
            if reconnects {
                builder = builder.reconnect(eager());
            }
            let kept = Retransmission::new(store).start_anew();
            let error = builder.build().unwrap().post_trade(kept).await.unwrap_err();
            assert!(
                matches!(&error, OpenError::Store(StoreError::OtherSession { .. })),
                "{found}: {error:?}"
            );
            assert_eq!(error.class(), None);
            let text = error.to_string();
            let expected =
                format!("belongs to the session '{found}', not 'prediction loopback a KalshiPT': give each");
            assert!(text.contains(&expected), "{text}");
        }
        // It was let go of, and is as it was.
        let journal = JournalStore::open(&directory.0, whose, now()).unwrap();
        assert_eq!(journal.state().sequences.next_outgoing, 7);
    };
    check(
        settings::<Prediction>("a", Loopback, OrderEntryRetransmitting),
        "prediction loopback a KalshiRT",
    )
    .await;
    check(
        settings::<Prediction>("b", Loopback, PostTrade),
        "prediction loopback b KalshiPT",
    )
    .await;
    check(
        settings::<Prediction>("a", Demo, PostTrade),
        "prediction demo a KalshiPT",
    )
    .await;
    check(
        settings::<Margin>("a", Loopback, OrderEntryRetransmitting),
        "margin loopback a KalshiRT",
    )
    .await;
    check(JournalSettings::new("mine"), "mine").await;

    // Its own is taken: what fails then is the connection.
    let directory = Directory::new("its-own");
    let whose = settings::<Prediction>("a", Loopback, PostTrade);
    let journal = JournalStore::open(&directory.0, whose, now()).unwrap();
    let client = client::<Prediction>("a", Loopback).plaintext();
    let opened = client
        .build()
        .unwrap()
        .post_trade(SessionStore::threaded(journal))
        .await;
    assert!(matches!(opened, Err(OpenError::Connect(_))), "{opened:?}");
}

/// Without a name of its own, it has that of the first session that it was given to.
#[tokio::test]
async fn a_store_in_memory_stays_with_its_first_session() {
    let store = Kept::new(MemoryStore::new(now()));
    let ours = |key_id| {
        let builder = client::<Prediction>(key_id, Environment::Loopback);
        builder.plaintext().build().unwrap()
    };
    let kept = || SessionStore::inline(store.clone());
    for _ in 0..2 {
        let opened = ours("a").order_entry_retransmitting(kept()).await;
        assert!(matches!(opened, Err(OpenError::Connect(_))), "{opened:?}");
    }
    let check = |opened: OpenError, expected: &str| {
        assert!(
            matches!(opened, OpenError::Store(StoreError::Claimed { .. })),
            "{opened:?}"
        );
        assert_eq!(opened.to_string(), expected);
    };
    check(
        ours("a").post_trade(kept()).await.unwrap_err(),
        "the store belongs to the session 'prediction loopback a KalshiRT', not 'prediction loopback a KalshiPT': give each \
         session a store of its own",
    );
    check(
        ours("b")
            .order_entry_retransmitting_listener(kept())
            .await
            .unwrap_err(),
        "the store belongs to the session 'prediction loopback a KalshiRT', not 'prediction loopback b KalshiRT': give each \
         session a store of its own",
    );
}

/// A store that takes its time to close.
struct Slow {
    store: MemoryStore,
    closing: mpsc::UnboundedSender<()>,
    may_close: Mutex<std::sync::mpsc::Receiver<()>>,
    closed: Arc<AtomicBool>,
}

impl Drop for Slow {
    fn drop(&mut self) {
        let _ = self.closing.send(());
        let _ = self.may_close.get_mut().unwrap().recv_timeout(BOUND);
        self.closed.store(true, Ordering::Release);
    }
}

impl Store for Slow {
    fn claim(&mut self, session: &str) -> Result<(), StoreError> {
        self.store.claim(session)
    }

    fn state(&self) -> StoreState {
        self.store.state()
    }

    fn append(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<(), StoreError> {
        self.store.append(sequence, frame)
    }

    fn set_next_outgoing(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        self.store.set_next_outgoing(next)
    }

    fn set_next_incoming(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        self.store.set_next_incoming(next)
    }

    fn reset(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.store.reset(now)
    }

    fn commit(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
        self.store.commit(now)
    }

    fn read(
        &mut self,
        begin: SequenceNumber,
        end: SequenceNumber,
        max_bytes: usize,
        out: &mut Vec<(SequenceNumber, Bytes)>,
    ) -> Result<Page, StoreError> {
        self.store.read(begin, end, max_bytes, out)
    }
}

/// However long its thread takes for it, the store is closed when the session's end is told.
#[tokio::test]
async fn a_session_that_is_over_has_let_go_of_its_store() {
    for reconnects in [false, true] {
        for closes in [true, false] {
            let mut venue =
                Venue::start_keeping(Product::Prediction, Kept::new(MemoryStore::new(now()))).await;
            let mut builder = venue.client::<Prediction>();
            if reconnects {
                builder = builder.reconnect(eager());
            }
            let (closing, mut begun) = mpsc::unbounded_channel();
            let (may, may_close) = std::sync::mpsc::channel();
            let closed = Arc::new(AtomicBool::new(false));
            let store = SessionStore::threaded(Slow {
                store: MemoryStore::new(now()),
                closing,
                may_close: Mutex::new(may_close),
                closed: Arc::clone(&closed),
            });
            let client = builder.build().unwrap();
            let mut session = client.order_entry_retransmitting(store).await.unwrap();
            let _connection = venue.connection().await;
            let ending = tokio::spawn(async move {
                if closes {
                    return session.close().await.end;
                }
                session.sender().logout();
                loop {
                    if let Event::Ended(end) = session.recv().await.expect("the end") {
                        return Some(end);
                    }
                }
            });
            timeout(BOUND, begun.recv()).await.expect("the end in time");
            for _ in 0..1000 {
                yield_now().await;
            }
            assert!(!ending.is_finished(), "told before the store was closed");
            may.send(()).unwrap();
            let end = timeout(BOUND, ending).await.expect("the end in time").unwrap();
            assert!(closed.load(Ordering::Acquire));
            assert_eq!(end.unwrap().to_string(), "logged out");
        }
    }
}
