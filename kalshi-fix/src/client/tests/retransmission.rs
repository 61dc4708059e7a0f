//! Order entry with retransmission, over TLS and a relay that loses bytes: nothing is lost, and nothing is handled twice.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bytes::Bytes;
use fix_dialect::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use super::venue::Connection;
use super::*;
use crate::driver::{Missed, SessionStore};
use crate::prediction::sessions::RT;
use crate::session::{Inbound, ResendPolicy, SequenceNumber};
use crate::store::{Committed, Durability, JournalStore, MemoryStore, Page, Store, StoreError, StoreState};

/// A venue's store, which outlives its connections.
#[derive(Clone)]
pub(super) struct Kept(pub(super) Arc<Mutex<dyn Store>>);

impl Kept {
    pub(super) fn new(store: impl Store + 'static) -> Kept {
        Kept(Arc::new(Mutex::new(store)))
    }
}

impl Store for Kept {
    fn claim(&mut self, session: &str) -> Result<(), StoreError> {
        self.0.lock().unwrap().claim(session)
    }

    fn state(&self) -> StoreState {
        self.0.lock().unwrap().state()
    }

    fn append(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<(), StoreError> {
        self.0.lock().unwrap().append(sequence, frame)
    }

    fn set_next_outgoing(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        self.0.lock().unwrap().set_next_outgoing(next)
    }

    fn set_next_incoming(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        self.0.lock().unwrap().set_next_incoming(next)
    }

    fn reset(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.0.lock().unwrap().reset(now)
    }

    fn commit(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
        self.0.lock().unwrap().commit(now)
    }

    fn read(
        &mut self,
        begin: SequenceNumber,
        end: SequenceNumber,
        max_bytes: usize,
        out: &mut Vec<(SequenceNumber, Bytes)>,
    ) -> Result<Page, StoreError> {
        self.0.lock().unwrap().read(begin, end, max_bytes, out)
    }
}

/// What one side has handled: `ClOrdID (11)` by `MsgSeqNum (34)`.
#[derive(Default)]
struct Ledger(BTreeMap<SequenceNumber, String>);

impl Ledger {
    /// The message's `ClOrdID (11)` if it is new. A number that comes again has to say so, and to bring the same.
    fn take(&mut self, inbound: &Inbound) -> Option<String> {
        let frame = String::from_utf8_lossy(&inbound.frame);
        let id = frame.split('\x01').find_map(|field| field.strip_prefix("11="));
        let id = id.expect("a ClOrdID").to_owned();
        if let Some(known) = self.0.get(&inbound.msg_seq_num) {
            assert_eq!(*known, id);
            assert!(inbound.poss_dup, "{id} came twice, and does not say so");
            return None;
        }
        self.0.insert(inbound.msg_seq_num, id.clone());
        Some(id)
    }

    /// The next new message that the venue receives: its `ClOrdID (11)`, and whether it may be a duplicate.
    async fn order(&mut self, connection: &mut Connection) -> (String, bool) {
        loop {
            let event = timeout(BOUND, connection.events.recv()).await;
            match event.expect("an order in time") {
                Some(driver::Event::Session(core::Event::Application(inbound))) => {
                    if let Some(id) = self.take(&inbound) {
                        return (id, inbound.poss_dup);
                    }
                }
                Some(driver::Event::Session(_)) => {}
                other => panic!("expected an order, found {other:?}"),
            }
        }
    }

    /// The next new message that the client receives: its `ClOrdID (11)`, and whether it may be a duplicate.
    async fn report<S: KalshiSession>(&mut self, session: &mut Session<S>) -> (String, bool) {
        loop {
            let event = timeout(BOUND, session.recv()).await;
            match event.expect("a report in time") {
                Some(Event::Message(received)) => {
                    if let Some(id) = self.take(received.inbound()) {
                        return (id, received.inbound().poss_dup);
                    }
                }
                Some(Event::Session(_)) => {}
                other => panic!("expected a report, found {other:?}"),
            }
        }
    }

    fn ids(&self) -> Vec<&str> {
        self.0.values().map(String::as_str).collect()
    }
}

/// Nothing here takes as long; a session that hangs fails its test.
pub(super) const BOUND: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Forward,
    /// Bytes are read, and go nowhere.
    Swallow,
    /// Connections are closed, and new ones too.
    Cut,
}

/// Between the client and the venue.
pub(super) struct Relay {
    port: u16,
    mode: watch::Sender<Mode>,
}

impl Relay {
    pub(super) async fn start(venue: u16) -> Relay {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, watched) = watch::channel(Mode::Forward);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *watched.borrow() != Mode::Cut {
                    let venue = TcpStream::connect((Ipv4Addr::LOCALHOST, venue)).await.unwrap();
                    tokio::spawn(carry(client, venue, watched.clone()));
                }
            }
        });
        Relay { port, mode }
    }

    pub(super) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn carry(client: TcpStream, venue: TcpStream, mode: watch::Receiver<Mode>) {
    let (from_client, to_client) = client.into_split();
    let (from_venue, to_venue) = venue.into_split();
    let mut cut = mode.clone();
    tokio::select! {
        () = pump(from_client, to_venue, mode.clone()) => {}
        () = pump(from_venue, to_client, mode) => {}
        _ = cut.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mode: watch::Receiver<Mode>,
) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let mode = *mode.borrow();
        if mode == Mode::Forward && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// A directory that goes when its owner does.
pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    pub(super) fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("kalshi-fix-client-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Directory(path)
    }

    /// Opens the journal, as soon as the session before it has let go of it.
    async fn open<D: KalshiProduct>(&self, client: &Client<D>) -> JournalStore {
        for _ in 0..10_000 {
            let mut settings = client
                .journal_settings(SessionKind::OrderEntryRetransmitting)
                .unwrap();
            settings.durability = Durability::OperatingSystem;
            match JournalStore::open(&self.0, settings, now()) {
                Err(StoreError::Locked { .. }) => sleep(Duration::from_millis(1)).await,
                other => return other.unwrap(),
            }
        }
        panic!("the session does not let go of its journal");
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(super) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// Connects again at once.
pub(super) fn eager() -> ReconnectPolicy {
    ReconnectPolicy {
        backoff: Duration::from_millis(10),
        longest_backoff: Duration::from_millis(20),
        spacing: Duration::from_millis(5),
        maintenance: Vec::new(),
        ..ReconnectPolicy::default()
    }
}

pub(super) fn through<D: KalshiProduct>(venue: &Venue, relay: &Relay) -> ClientBuilder<D> {
    venue
        .client()
        .endpoints(|endpoints| endpoints.port(SessionKind::OrderEntryRetransmitting, relay.port))
}

fn ids(letter: char, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{letter}-{index}")).collect()
}

/// Cuts the connection, and lets the next one through when both sides have noticed. What the client said of it.
pub(super) async fn cut<S: KalshiSession>(
    relay: &Relay,
    session: &mut Session<S>,
    connection: &mut Connection,
) -> driver::Disconnected {
    relay.set(Mode::Cut);
    let disconnected = loop {
        match timeout(BOUND, session.recv()).await.expect("the cut in time") {
            Some(Event::Disconnected(disconnected)) => break disconnected,
            Some(Event::Session(_)) => {}
            other => panic!("expected the cut, found {other:?}"),
        }
    };
    timeout(BOUND, connection.end())
        .await
        .expect("the venue's end in time");
    relay.set(Mode::Forward);
    disconnected
}

/// Waits until a session is logged on again. Whether the venue started it anew.
pub(super) async fn reconnected<S: KalshiSession>(session: &mut Session<S>) -> Missed {
    loop {
        match timeout(BOUND, session.recv())
            .await
            .expect("a connection in time")
        {
            Some(Event::Reconnected(reconnected)) => return reconnected.missed,
            Some(Event::AttemptFailed(_)) => {}
            other => panic!("expected a connection, found {other:?}"),
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_by_a_cut_and_by_a_restart() {
    let (ours, theirs) = (Directory::new("ours"), Directory::new("theirs"));
    let direct: Client<Prediction> = Client::builder(Environment::Loopback)
        .credentials(Credentials::new("key-id", PrivateKey::generate().unwrap()).unwrap())
        .plaintext()
        .build()
        .unwrap();
    let mut venue = Venue::start_keeping(Product::Prediction, Kept::new(theirs.open(&direct).await)).await;
    let relay = Relay::start(venue.port).await;
    let client: Client<Prediction> = through(&venue, &relay).reconnect(eager()).build().unwrap();
    let keep = async || {
        let store = SessionStore::threaded(ours.open(&client).await);
        Retransmission::new(store).resend(ResendPolicy::Replay)
    };
    let (mut orders, mut reports) = (Ledger::default(), Ledger::default());

    let mut session: Session<RT> = client.order_entry_retransmitting(keep().await).await.unwrap();
    let mut connection = venue.connection().await;
    assert_eq!(connection.request.target_comp_id, "KalshiRT");
    assert_eq!(logon_fields(&connection.request), "98=0|108=30|1137=9|21005=Y");
    for id in ids('a', 10) {
        session.send(&order(&id)).await.unwrap();
        assert_eq!(orders.order(&mut connection).await, (id.clone(), false));
        connection.handle.send(&report(&id)).await.unwrap();
        assert_eq!(reports.report(&mut session).await, (id, false));
    }

    // Five orders and five reports go nowhere, and then the connection does.
    relay.set(Mode::Swallow);
    for id in ids('b', 5) {
        session.send(&order(&id)).await.unwrap();
        connection.handle.send(&report(&id)).await.unwrap();
    }
    let disconnected = cut(&relay, &mut session, &mut connection).await;
    assert_eq!(disconnected.end.sent, 16);
    assert_eq!(reconnected(&mut session).await, Missed::Nothing);
    let mut connection = venue.connection().await;
    assert_eq!(
        (connection.request.reset, connection.request.msg_seq_num),
        (false, 17)
    );
    for id in ids('b', 5) {
        assert_eq!(reports.report(&mut session).await, (id.clone(), true));
        assert_eq!(orders.order(&mut connection).await, (id, true));
    }
    let last = session.send(&order("c-0")).await.unwrap();
    assert_eq!(orders.order(&mut connection).await, ("c-0".to_owned(), false));

    // The process dies with reports on the way, and others that it has not handled.
    for id in ids('c', 4) {
        connection.handle.send(&report(&id)).await.unwrap();
    }
    assert_eq!(reports.report(&mut session).await, ("c-0".to_owned(), false));
    drop(session);
    timeout(BOUND, connection.end()).await.unwrap();
    let store = ours.open(&client).await;
    assert!(!store.recovery().is_new);
    assert!(store.state().sequences.next_outgoing > last);
    drop(store);
    let mut session = client.order_entry_retransmitting(keep().await).await.unwrap();
    let mut connection = venue.connection().await;
    assert!(!connection.request.reset);
    assert!(connection.request.msg_seq_num > last);
    for id in &ids('c', 4)[1..] {
        assert_eq!(reports.report(&mut session).await, (id.clone(), true));
    }
    assert!(session.send(&order("d-0")).await.unwrap() > last);
    assert_eq!(orders.order(&mut connection).await, ("d-0".to_owned(), false));
    connection.handle.send(&report("d-0")).await.unwrap();
    assert_eq!(reports.report(&mut session).await, ("d-0".to_owned(), false));

    let before = [ids('a', 10), ids('b', 5)].concat();
    let sent = [before.clone(), ids('c', 1), ids('d', 1)].concat();
    assert_eq!(orders.ids(), sent);
    assert_eq!(reports.ids(), [before, ids('c', 4), ids('d', 1)].concat());
    assert_eq!(session.close().await.end.unwrap().to_string(), "logged out");
}

/// By default a late order is not sent; and what is to start anew does so once.
#[tokio::test]
async fn orders_are_held_back_and_a_new_start_is_made_once() {
    let used = || {
        let mut store = MemoryStore::new(now());
        store.set_next_outgoing(70).unwrap();
        store.set_next_incoming(80).unwrap();
        store
    };
    let mut venue = Venue::start_keeping(Product::Prediction, Kept::new(used())).await;
    let relay = Relay::start(venue.port).await;
    let options = LogonOptions::default()
        .cancel_orders_on_disconnect(true)
        .message_retention(RetentionHours::new(48).unwrap())
        .receive_settlement_reports(false);
    let client: Client<Prediction> = through(&venue, &relay)
        .logon(options)
        .reconnect(eager())
        .build()
        .unwrap();
    let kept = Retransmission::new(SessionStore::inline(used())).start_anew();
    let mut session = client.order_entry_retransmitting(kept).await.unwrap();
    assert!(session.established().reset);
    let mut connection = venue.connection().await;
    assert_eq!(
        logon_fields(&connection.request),
        "98=0|108=30|141=Y|1137=9|8013=Y|20127=N|20200=48|21005=Y"
    );
    let mut orders = Ledger::default();
    assert_eq!(session.send(&order("kept")).await.unwrap(), 2);
    assert_eq!(orders.order(&mut connection).await.0, "kept");

    relay.set(Mode::Swallow);
    let lost = session
        .begin(&order("lost"))
        .await
        .unwrap()
        .within(Duration::from_hours(1));
    assert_eq!(lost.sequence(), 3);
    let disconnected = cut(&relay, &mut session, &mut connection).await;
    assert!(disconnected.end.in_doubt().contains(&3));
    assert_eq!(reconnected(&mut session).await, Missed::Nothing);
    let mut connection = venue.connection().await;
    assert_eq!(
        (connection.request.reset, connection.request.msg_seq_num),
        (false, 4)
    );
    let mut held_back = Vec::new();
    loop {
        match timeout(BOUND, session.recv()).await.unwrap() {
            Some(Event::Session(core::Event::HeldBack(held))) => held_back.push(held.msg_seq_num),
            Some(Event::Session(core::Event::ResendServed { replayed, .. })) => {
                assert_eq!(replayed, 0);
                break;
            }
            Some(Event::Session(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    // Who waits for it is told, too.
    let told = timeout(BOUND, lost).await.unwrap().response;
    assert!(
        matches!(
            told,
            Response::InDoubt {
                reason: Doubt::HeldBack
            }
        ),
        "{told:?}"
    );
    // What will not come is told. The venue's application may not have been done with the one before.
    assert!(held_back.ends_with(&[3]), "{held_back:?}");
    session.send(&order("new")).await.unwrap();
    assert_eq!(orders.order(&mut connection).await, ("new".to_owned(), false));
    assert_eq!(orders.ids(), ["kept", "new"]);
}

#[tokio::test]
async fn margin_resumes_from_a_store_in_memory() {
    let ours = Kept::new(MemoryStore::new(now()));
    let mut venue = Venue::start_keeping(Product::Margin, Kept::new(MemoryStore::new(now()))).await;
    let client: Client<Margin> = venue.client().heartbeat(Duration::from_secs(3)).build().unwrap();
    for number in [1, 4] {
        let store = SessionStore::inline(ours.clone());
        let session = client.order_entry_retransmitting(store).await.unwrap();
        let mut connection = venue.connection().await;
        assert_eq!(connection.request.target_comp_id, "KalshiRT");
        assert_eq!(logon_fields(&connection.request), "98=0|108=3|1137=9");
        assert_eq!(connection.request.msg_seq_num, number);
        let order = crate::margin::NewOrderSingle::new(
            "m-1",
            Decimal::ONE,
            crate::margin::fields::OrdType::Limit,
            Decimal::new(612_345_000, 4),
            crate::margin::fields::Side::Sell,
            "BTC-PERP",
        );
        assert_eq!(session.send(&order).await.unwrap(), number + 1);
        assert!(connection.next_message().await.contains("|44=61234.5000|54=2|"));
        // The logout takes the third number.
        assert_eq!(session.close().await.end.unwrap().to_string(), "logged out");
        timeout(BOUND, connection.end()).await.unwrap();
    }
}

#[tokio::test]
async fn listeners_only_listen() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let builder = venue.client::<Prediction>().cancel_orders_on_disconnect(true);
    let client = builder.build().unwrap();
    let mut listener = client.order_entry_listener().await.unwrap();
    let connection = venue.connection().await;
    assert_eq!(
        logon_fields(&connection.request),
        "98=0|108=30|141=Y|1137=9|20126=Y|21005=Y|21011=Y"
    );
    connection.handle.send(&report("theirs")).await.unwrap();
    let event = timeout(BOUND, listener.recv()).await.unwrap();
    assert!(matches!(event, Some(Event::Message(_))), "{event:?}");

    let mut venue = Venue::start_keeping(Product::Prediction, Kept::new(MemoryStore::new(now()))).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    let store = SessionStore::inline(MemoryStore::new(now()));
    let listener = client.order_entry_retransmitting_listener(store).await.unwrap();
    let connection = venue.connection().await;
    assert_eq!(
        logon_fields(&connection.request),
        "98=0|108=30|1137=9|20126=Y|21005=Y|21011=Y"
    );
    assert_eq!(listener.close().await.end.unwrap().to_string(), "logged out");
}
