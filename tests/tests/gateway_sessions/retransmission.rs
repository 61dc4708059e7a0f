//! Order entry with retransmission: nothing is lost, and nothing comes twice without saying so.

use std::collections::BTreeMap;
use std::time::Duration;

use kalshi_fix::client::{Client, KalshiProduct, LogonOptions, OpenError, RetentionHours, Retransmission};
use kalshi_fix::credentials::Credentials;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::exchange::{NewOrder, Order, Price, Quantity, Side};
use kalshi_fix::gateway::{Effect, Fault, Gateway, Step};
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::Prediction;
use kalshi_fix::session::ResendPolicy;

use crate::peer::{BOUND, Directory, MARKET, Message, PERP, Peer, Scene, Shared, credentials, noon};

/// What came, by MsgSeqNum (34): a number that comes again must bring the same, and say that it may be a duplicate.
#[derive(Default)]
struct Ledger(BTreeMap<u64, String>);

impl Ledger {
    /// Whether the message is new.
    fn take(&mut self, message: &Message) -> bool {
        if let Some(known) = self.0.get(&message.sequence) {
            assert_eq!(*known, message.text);
            assert!(message.poss_dup, "{message:?} came twice, and does not say so");
            return false;
        }
        self.0.insert(message.sequence, message.text.clone());
        true
    }

    /// The next new messages, as ClOrdID (11), ExecType (150) and CumQty (14).
    async fn next(&mut self, peer: &mut Peer, count: usize) -> Vec<String> {
        let mut new = Vec::new();
        while new.len() < count {
            let message = peer.next().await;
            if self.take(&message) {
                new.push(message.show(&["11", "150", "14"]));
            }
        }
        new
    }
}

async fn open<D: KalshiProduct>(client: &Client<D>, store: &Shared) -> Result<Peer, OpenError> {
    let kept = Retransmission::new(store.session_store()).resend(ResendPolicy::Replay);
    client.order_entry_retransmitting(kept).await.map(Peer::new)
}

/// Opens a session as soon as the exchange has noticed that the one before it is over.
async fn open_again<D: KalshiProduct>(client: &Client<D>, store: &Shared) -> Peer {
    let opened = tokio::time::timeout(BOUND, async {
        loop {
            match open(client, store).await {
                Err(error) if error.to_string().contains("already exists") => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                other => return other.unwrap(),
            }
        }
    });
    opened.await.expect("the key is free again in time")
}

fn sell(symbol: &str, id: &str, contracts: i64) -> NewOrder {
    let price = if symbol == PERP { "20000" } else { "0.40" };
    let price = Price::from_dollars(price.parse().unwrap()).unwrap();
    NewOrder::limit(id, symbol, Side::Sell, price, Quantity::from_contracts(contracts))
}

/// Another member sells to whoever bids.
fn hit(scene: &Scene, product: Product, id: &str, contracts: i64) -> Order {
    let symbol = if product == Product::Margin { PERP } else { MARKET };
    let other = scene.gateway.member();
    other.deposit(product, 1_000_000);
    other.place(product, sell(symbol, id, contracts)).unwrap()
}

fn bid(product: Product, id: &str) -> String {
    match product {
        Product::Prediction => format!("35=D|11={id}|38=10|40=2|44=0.40|54=1|55={MARKET}|59=1"),
        Product::Margin => format!("35=D|11={id}|38=10|40=2|44=20000|54=1|55={PERP}|59=1"),
    }
}

fn cancel(product: Product, id: &str, order: &str) -> String {
    let symbol = if product == Product::Margin { PERP } else { MARKET };
    format!("35=F|11={id}|41={order}|54=1|55={symbol}")
}

async fn cut_and_resume<D: KalshiProduct>() {
    let product = D::PRODUCT;
    let scene = Scene::new().await;
    let member = scene.gateway.member();
    member.deposit(product, 1_000_000);
    let client: Client<D> = scene.client(&credentials(&member));
    let (store, mut ledger) = (Shared::new(), Ledger::default());

    let mut peer = open(&client, &store).await.unwrap();
    peer.send(&bid(product, "a")).await;
    assert_eq!(
        ledger.next(&mut peer, 2).await,
        ["11=a|150=A|14=0.00", "11=a|150=0|14=0.00"]
    );
    hit(&scene, product, "s1", 3);
    assert_eq!(ledger.next(&mut peer, 1).await, ["11=a|150=F|14=3.00"]);

    // The connection dies with a cancel on its way; meanwhile the order trades again.
    scene
        .gateway
        .inject(Fault::new(Step::message("F"), Effect::Disconnect));
    peer.send(&cancel(product, "c", "a")).await;
    let (_, last) = peer.end().await;
    assert_eq!(last, []);
    hit(&scene, product, "s2", 2);

    let mut peer = open_again(&client, &store).await;
    assert_eq!(
        ledger.next(&mut peer, 3).await,
        ["11=a|150=F|14=5.00", "11=c|150=6|14=5.00", "11=c|150=4|14=5.00"]
    );
    peer.send(&bid(product, "b")).await;
    assert_eq!(
        ledger.next(&mut peer, 2).await,
        ["11=b|150=A|14=0.00", "11=b|150=0|14=0.00"]
    );
    peer.close().await;

    // Logged out in order: what was handled does not come again, what happened since does.
    hit(&scene, product, "s3", 1);
    let mut peer = open_again(&client, &store).await;
    let message = peer.next().await;
    assert_eq!(
        (message.show(&["11", "150", "14"]).as_str(), message.poss_dup),
        ("11=b|150=F|14=1.00", true)
    );
    assert!(ledger.take(&message));
    assert_eq!(peer.heard().await, []);
}

#[tokio::test]
async fn a_cut_loses_and_doubles_nothing() {
    cut_and_resume::<Prediction>().await;
    cut_and_resume::<Margin>().await;
}

#[tokio::test]
async fn orders_that_end_with_the_connection_are_told_of_by_the_next() {
    let scene = Scene::new().await;
    let credentials = credentials(&scene.gateway.member());
    let options = LogonOptions::default().cancel_orders_on_disconnect(true);
    let client: Client<Prediction> = scene.builder(&credentials).logon(options).build().unwrap();
    let store = Shared::new();
    let mut peer = open(&client, &store).await.unwrap();
    peer.send(&bid(Product::Prediction, "a")).await;
    peer.show(2, &["150"]).await;
    peer.close().await;
    let mut peer = open_again(&client, &store).await;
    let message = peer.next().await;
    assert_eq!(
        (message.show(&["11", "150", "39"]).as_str(), message.poss_dup),
        ("11=a|150=4|39=4", true)
    );
}

#[tokio::test]
async fn a_logon_that_resets_forgets_what_was_kept() {
    let scene = Scene::new().await;
    let credentials = credentials(&scene.gateway.member());
    let client: Client<Prediction> = scene.client(&credentials);
    let store = Shared::new();
    let mut peer = open(&client, &store).await.unwrap();
    peer.send(&bid(Product::Prediction, "a")).await;
    peer.show(2, &["150"]).await;
    peer.close().await;
    hit(&scene, Product::Prediction, "s", 1);

    let anew = Retransmission::new(store.session_store()).start_anew();
    let session = client.order_entry_retransmitting(anew).await.unwrap();
    assert!(session.established().reset);
    let mut peer = Peer::new(session);
    assert_eq!(peer.heard().await, []);
    assert_eq!(peer.handle.sequences().next_incoming, 3);
}

#[tokio::test]
async fn a_number_below_the_expected_one_ends_the_session() {
    let scene = Scene::new().await;
    let client: Client<Prediction> = scene.client(&credentials(&scene.gateway.member()));
    let mut peer = open(&client, &Shared::new()).await.unwrap();
    peer.heard().await;
    peer.close().await;
    let error = open(&client, &Shared::new()).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("MsgSeqNum"), "{error}");
}

/// A day and an hour after an order was filled for nobody to hear.
async fn late(hours: RetentionHours) -> (Scene, Peer) {
    let scene = Scene::new().await;
    let credentials = credentials(&scene.gateway.member());
    let options = LogonOptions::default().message_retention(hours);
    let client: Client<Prediction> = scene.builder(&credentials).logon(options).build().unwrap();
    let store = Shared::new();
    let mut peer = open(&client, &store).await.unwrap();
    peer.send(&bid(Product::Prediction, "a")).await;
    peer.show(2, &["150"]).await;
    peer.close().await;
    hit(&scene, Product::Prediction, "s", 1);
    scene.clock.advance(Duration::from_hours(25));
    let peer = open_again(&client, &store).await;
    (scene, peer)
}

#[tokio::test]
async fn what_is_older_than_a_day_is_sent_where_the_logon_asked_for_more() {
    let (_scene, mut peer) = late(RetentionHours::MAX).await;
    let message = peer.next().await;
    assert_eq!(
        (message.show(&["11", "150"]).as_str(), message.poss_dup),
        ("11=a|150=F", true)
    );
}

#[tokio::test]
async fn a_listener_hears_what_it_missed() {
    let scene = Scene::new().await;
    let member = scene.gateway.member();
    let trading: Client<Prediction> = scene.client(&credentials(&member));
    let listening: Client<Prediction> = scene.client(&credentials(&member));
    let store = Shared::new();
    let mut orders = open(&trading, &Shared::new()).await.unwrap();
    let listen = async || {
        let receiver = listening
            .order_entry_retransmitting_listener(store.session_store())
            .await
            .unwrap();
        receiver.into_untyped()
    };
    let mut events = listen().await;
    orders.send(&bid(Product::Prediction, "a")).await;
    assert_eq!(reports(&mut events, 1).await, ["11=a|150=0|43=N"]);
    drop(events);
    orders.send(&cancel(Product::Prediction, "c", "a")).await;
    orders.show(4, &["150"]).await;
    let mut events = listen_again(&listening, &store).await;
    let mut heard = reports(&mut events, 1).await;
    if heard[0].contains("150=0") {
        // It was not handled for certain before the connection went, and comes again.
        assert!(heard[0].ends_with("43=Y"), "{heard:?}");
        heard = reports(&mut events, 1).await;
    }
    assert_eq!(heard, ["11=c|150=4|43=Y"]);
}

async fn listen_again(client: &Client<Prediction>, store: &Shared) -> kalshi_fix::driver::Events {
    for _ in 0..1000 {
        match client
            .order_entry_retransmitting_listener(store.session_store())
            .await
        {
            Ok(receiver) => return receiver.into_untyped(),
            Err(error) if error.to_string().contains("already exists") => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the key is never free again");
}

async fn reports(events: &mut kalshi_fix::driver::Events, count: usize) -> Vec<String> {
    use kalshi_fix::driver::Event;
    use kalshi_fix::session::Event as Session;
    let mut found = Vec::new();
    while found.len() < count {
        let event = tokio::time::timeout(BOUND, events.recv())
            .await
            .expect("a report in time");
        if let Some(Event::Session(Session::Application(inbound))) = event {
            let text = String::from_utf8_lossy(&inbound.frame).into_owned();
            let of = |tag: &str| {
                text.split('\x01')
                    .find(|field| field.starts_with(tag))
                    .unwrap_or_default()
                    .to_owned()
            };
            let dup = if inbound.poss_dup { "43=Y" } else { "43=N" };
            found.push(format!("{}|{}|{dup}", of("11="), of("150=")));
        }
    }
    found
}

#[tokio::test]
async fn there_is_no_mass_cancel_here() {
    let scene = Scene::new().await;
    let client: Client<Prediction> = scene.client(&credentials(&scene.gateway.member()));
    let mut peer = open(&client, &Shared::new()).await.unwrap();
    peer.send("35=q|11=a|530=6").await;
    assert_eq!(peer.show(1, &["35", "372", "380"]).await, ["35=j|372=q|380=3"]);
    let mut second = open(&client, &Shared::new())
        .await
        .map(|_| ())
        .unwrap_err()
        .to_string();
    second.truncate(200);
    assert!(second.contains("already exists"), "{second}");
}

/// A gateway that keeps its sessions on the disk, and the credentials of its one member, the same each time.
async fn restartable(directory: &Directory) -> (Scene, Credentials) {
    let clock = noon();
    let builder = Gateway::builder().market(MARKET).manual_clock(&clock);
    let gateway = builder.keep_sessions_in(&directory.0).start().await.unwrap();
    let scene = Scene { gateway, clock };
    let credentials = credentials(&scene.gateway.member());
    (scene, credentials)
}

#[tokio::test]
async fn a_gateway_that_is_started_again_goes_on() {
    let directory = Directory::new("restart");
    let store = Shared::new();
    let (scene, credentials) = restartable(&directory).await;
    let client: Client<Prediction> = scene.client(&credentials);
    let mut peer = open(&client, &store).await.unwrap();
    peer.send(&bid(Product::Prediction, "a")).await;
    peer.show(2, &["150"]).await;
    peer.close().await;
    hit(&scene, Product::Prediction, "s", 4);
    let address = scene
        .gateway
        .address(Product::Prediction, SessionKind::OrderEntryRetransmitting);
    assert!(address.is_some());
    scene.gateway.close().await;

    let (scene, credentials) = restartable(&directory).await;
    let client: Client<Prediction> = scene.client(&credentials);
    let mut peer = open_again(&client, &store).await;
    let message = peer.next().await;
    assert_eq!(
        (message.show(&["11", "150", "14"]).as_str(), message.poss_dup),
        ("11=a|150=F|14=4.00", true)
    );
    // The order itself was not kept.
    peer.send(&cancel(Product::Prediction, "c", "a")).await;
    assert_eq!(peer.show(1, &["35", "58"]).await, ["35=9|58=ORDER_NOT_FOUND"]);
}
