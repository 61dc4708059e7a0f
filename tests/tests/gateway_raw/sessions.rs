//! Sessions: who is let in, who is not, and what goes wrong on request.

use std::time::{Duration, SystemTime};

use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::{Effect, Fault, Gateway, Step};

use crate::wire::{field, private_key, steady};
use crate::{MARKET, Scene, show};

#[tokio::test]
async fn logons_are_judged() {
    let scene = Scene::new().await;
    let member = scene.gateway.member();
    let (product, kind) = (Product::Prediction, SessionKind::OrderEntry);
    let key = private_key();

    let mut unknown = scene.connect(product, kind, "nobody").await;
    let answer = unknown.logon(&key, "").await;
    assert_eq!(steady(&answer), "35=5|58=unknown API key in SenderCompID (49)");
    assert_eq!(unknown.next().await, None);

    let mut forged = scene.connect(product, kind, &Scene::key(&member)).await;
    assert_eq!(
        steady(&forged.forged_logon(&key).await),
        "35=5|58=invalid signature in RawData (96)"
    );

    let mut stale = scene.connect(product, kind, &Scene::key(&member)).await;
    let answer = stale
        .logon_at(&key, "", SystemTime::now() - Duration::from_secs(40))
        .await;
    assert_eq!(
        show(&[answer], &["35", "371", "372", "373"]),
        ["35=3|371=52|372=A|373=10"]
    );
    assert_eq!(stale.next().await, None);

    let id = Scene::key(&member);
    let mut first = scene.connect(product, kind, &id).await;
    assert_eq!(field(&first.logon(&key, "").await, "35"), Some("A"));
    let mut second = scene.connect(product, kind, &id).await;
    assert_eq!(steady(&second.logon(&key, "").await), "35=5|58=already exists");
    assert_eq!(first.ask("35=q|11=1|530=6").await, ["35=r|11=1|531=6"]);

    let mut listener = scene.connect(product, kind, &Scene::key(&member)).await;
    let answer = listener.logon(&key, "20126=Y").await;
    assert_eq!(
        steady(&answer),
        "35=5|58=ListenerSession=Y requires SkipPendingExecReports=Y"
    );

    // Only once the first connection is over is the key free again.
    first.send("35=5").await;
    assert_eq!(
        first.next().await.map(|answer| steady(&answer)),
        Some("35=5".to_owned())
    );
    assert_eq!(first.next().await, None);
    let mut again = scene.connect(product, kind, &id).await;
    assert_eq!(field(&again.logon(&key, "").await, "35"), Some("A"));
}

#[tokio::test]
async fn a_gap_ends_the_session_and_takes_orders_along_where_asked() {
    let scene = Scene::new().await;
    let mut data = scene
        .session(
            Product::Prediction,
            SessionKind::MarketData,
            &scene.gateway.member(),
            "",
        )
        .await;
    let mut wire = scene.orders("21005=Y|21011=Y|8013=Y").await;
    wire.ask(&format!("35=D|11=a|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1"))
        .await;
    data.ask(&format!("35=V|263=1|146=1|55={MARKET}")).await;
    wire.sequence += 5;
    wire.send("35=0").await;
    let farewell = wire.next().await.unwrap_or_default();
    assert_eq!(field(&farewell, "35"), Some("5"), "{farewell}");
    drop(wire);
    let deleted = format!("35=X|268=1|279=2|55={MARKET}|269=0|270=0.4000|271=0.00");
    let mut heard = Vec::new();
    for _ in 0..1_000 {
        heard.extend(data.heard().await);
        if !heard.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(heard, [deleted]);
}

#[tokio::test]
async fn a_listener_hears_everything_and_may_say_nothing() {
    let scene = Scene::new().await;
    let member = scene.gateway.member();
    let (product, kind) = (Product::Prediction, SessionKind::OrderEntry);
    let mut listener = scene
        .session(product, kind, &member, "20126=Y|21011=Y|21005=Y")
        .await;
    let mut orders = scene.session(product, kind, &member, "21005=Y").await;
    orders
        .ask(&format!("35=D|11=a|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1"))
        .await;
    let heard = listener.next().await.unwrap_or_default();
    assert_eq!(show(&[heard], &["35", "11", "150"]), ["35=8|11=a|150=0"]);
    listener.send("35=q|11=b|530=6").await;
    let heard = listener.next().await.unwrap_or_default();
    assert_eq!(show(&[heard], &["35", "372", "380"]), ["35=j|372=q|380=6"]);
}

#[tokio::test]
async fn there_is_room_for_so_many_connections() {
    let gateway = Gateway::builder()
        .market(MARKET)
        .connections(2)
        .start()
        .await
        .unwrap();
    let scene = Scene { gateway };
    let first = scene.orders("").await;
    let mut second = scene.orders("").await;
    let address = scene
        .gateway
        .address(Product::Prediction, SessionKind::OrderEntry)
        .unwrap();
    let mut third = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut byte = [0];
    let read = tokio::io::AsyncReadExt::read(&mut third, &mut byte).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    assert_eq!(second.ask("35=q|11=a|530=6").await, ["35=r|11=a|531=6"]);
    drop(first);
    for _ in 0..1_000 {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        // Nothing is said before the client does: a connection that stays open was let in.
        let closed = tokio::time::timeout(Duration::from_millis(20), stream.readable())
            .await
            .is_ok();
        if !closed {
            return;
        }
    }
    panic!("the first connection's place was never free again");
}

#[tokio::test]
async fn faults_strike_when_asked_for() {
    let scene = Scene::new().await;
    let gateway = &scene.gateway;
    let key = private_key();
    let member = gateway.member();
    let (product, kind) = (Product::Prediction, SessionKind::OrderEntry);

    gateway.inject(Fault::new(Step::Logon, Effect::Refuse("maintenance".to_owned())));
    let mut wire = scene.connect(product, kind, &Scene::key(&member)).await;
    assert_eq!(steady(&wire.logon(&key, "").await), "35=5|58=maintenance");

    let mut wire = scene.orders("21005=Y|21011=Y").await;
    gateway.inject(Fault::new(Step::message("D"), Effect::Refuse(String::new())));
    let order = format!("35=D|11=a|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1");
    assert_eq!(
        show(&wire.ask(&order).await, &["150", "103", "58"]),
        ["150=8|103=99|58=INTERNAL_ERROR"]
    );
    gateway.inject(Fault::new(Step::message("D"), Effect::Ignore).on(SessionKind::OrderEntry));
    assert_eq!(wire.ask(&order).await, Vec::<String>::new());
    assert_eq!(show(&wire.ask(&order).await, &["150"]), ["150=0"]);
    gateway.inject(Fault::new(Step::message("q"), Effect::Disconnect));
    wire.send("35=q|11=b|530=6").await;
    assert_eq!(wire.next().await, None);

    gateway.inject(Fault::new(Step::Logout, Effect::Disconnect));
    let mut wire = scene.orders("").await;
    wire.send("35=5").await;
    assert_eq!(wire.next().await, None);
}

#[tokio::test]
async fn garbage_and_strangers_do_no_harm() {
    let scene = Scene::new().await;
    let (product, kind) = (Product::Prediction, SessionKind::OrderEntry);
    let address = scene.gateway.address(product, kind).unwrap();
    // No TLS at all.
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 4096],
        b"8=FIXT.1.1\x019=5\x0135=0\x0110=0\x01",
    ] {
        use tokio::io::AsyncWriteExt as _;
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(bytes).await;
    }
    // TLS, and then nothing that is FIX, or not what is due.
    for bytes in [
        &vec![b'9'; 100_000][..],
        b"8=FIXT.1.1\x019=99999999999\x01",
        &[1; 5_000],
    ] {
        let mut wire = scene.connect(product, kind, "nobody").await;
        wire.bytes(bytes).await;
    }
    let mut wire = scene.connect(product, kind, "nobody").await;
    wire.send("35=D|11=a").await;
    assert_eq!(wire.next().await, None);
    // Garbled bytes within a session are skipped.
    let mut wire = scene.orders("").await;
    wire.bytes(b"\x01\x01garbage 8=FIX\x01").await;
    assert_eq!(wire.ask("35=q|11=a|530=6").await, ["35=r|11=a|531=6"]);
}

#[tokio::test]
async fn a_message_is_cut_in_the_middle_where_asked() {
    let scene = Scene::new().await;
    let torn = |bytes| Fault::new(Step::sending("8"), Effect::CutAfter(bytes));
    for bytes in [0, 1, 40, 150] {
        let mut wire = scene.orders("21005=Y|21011=Y").await;
        scene.gateway.inject(torn(bytes));
        wire.send(&format!("35=D|11=a|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1"))
            .await;
        let rest = wire.rest().await;
        assert_eq!(rest.len(), bytes, "{}", String::from_utf8_lossy(&rest));
        assert!(b"8=FIXT.1.1\x019=".starts_with(&rest[..bytes.min(13)]));
    }
    // Over several messages: the first is whole.
    let mut wire = scene.orders("21005=Y").await;
    scene.gateway.inject(torn(300));
    wire.send(&format!("35=D|11=b|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1"))
        .await;
    assert_eq!(show(&[wire.next().await.unwrap()], &["150"]), ["150=A"]);
    assert!(!wire.rest().await.is_empty());
}

#[tokio::test]
async fn silence_is_kept_while_the_exchange_goes_on() {
    let scene = Scene::new().await;
    let mut wire = scene.orders("21005=Y").await;
    scene
        .gateway
        .inject(Fault::new(Step::sending("8"), Effect::Silence));
    wire.send(&format!("35=D|11=a|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1"))
        .await;
    wire.send("35=1|112=still there").await;
    let product = Product::Prediction;
    for _ in 0..1000 {
        if scene.gateway.best(product, MARKET).0.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(
        scene.gateway.best(product, MARKET).0,
        Some("0.4".parse().unwrap())
    );
    scene.gateway.begin_maintenance();
    assert_eq!(wire.rest().await, Vec::<u8>::new());
    let mut refused = scene
        .connect(
            product,
            SessionKind::OrderEntry,
            &Scene::key(&scene.gateway.member()),
        )
        .await;
    assert_eq!(
        steady(&refused.logon(&private_key(), "").await),
        "35=5|58=maintenance"
    );
    scene.gateway.end_maintenance();
    scene.orders("").await;
}
