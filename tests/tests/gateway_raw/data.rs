//! Market data: books, changes, trading status, and a client that does not read.

use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::Gateway;
use kalshi_fix::gateway::exchange::{ExchangeStatus, MarketStatus, NewOrder, Price, Quantity, Side};

use crate::wire::field;
use crate::{MARKET, Scene, show};

#[tokio::test]
async fn books_come_whole_and_then_in_changes() {
    let scene = Scene::new().await;
    let mut orders = scene.orders("21005=Y|21011=Y").await;
    orders
        .ask(&format!("35=D|11=a|38=10|40=2|44=0.40|54=1|55={MARKET}|59=1"))
        .await;
    let member = scene.gateway.member();
    let mut data = scene
        .session(Product::Prediction, SessionKind::MarketData, &member, "")
        .await;
    let heard = data
        .ask(&format!("35=V|263=1|146=2|55={MARKET}|55=NOWHERE"))
        .await;
    assert_eq!(
        heard,
        [
            format!("35=W|55={MARKET}|268=1|269=0|270=0.4000|271=10.00"),
            "35=W|55=NOWHERE|268=0".to_owned()
        ]
    );
    orders
        .ask(&format!("35=D|11=b|38=5|40=2|44=0.60|54=2|55={MARKET}|59=1"))
        .await;
    let mut taker = scene.orders("21005=Y|21011=Y").await;
    taker
        .ask(&format!("35=D|11=c|38=2|40=2|44=0.60|54=1|55={MARKET}|59=1"))
        .await;
    orders.ask(&format!("35=F|11=d|41=a|54=1|55={MARKET}")).await;
    assert_eq!(
        data.heard().await,
        [
            format!("35=X|268=1|279=0|55={MARKET}|269=1|270=0.6000|271=5.00"),
            format!(
                "35=X|268=2|279=0|55={MARKET}|269=2|270=0.6000|271=2.00|2446=1|279=1|55={MARKET}|269=1|270=0.6000|271=3.00"
            ),
            format!("35=X|268=1|279=2|55={MARKET}|269=0|270=0.4000|271=0.00"),
        ]
    );
    assert_eq!(
        data.ask("35=V|263=9").await,
        ["35=Y|281=4|58=unsupported SubscriptionRequestType"]
    );
    assert_eq!(data.ask("35=V|263=2").await, Vec::<String>::new());
    orders
        .ask(&format!("35=D|11=e|38=1|40=2|44=0.30|54=1|55={MARKET}|59=1"))
        .await;
    assert_eq!(data.heard().await, Vec::<String>::new());
}

#[tokio::test]
async fn trading_stops_and_resumes() {
    let scene = Scene::new().await;
    let (product, member) = (Product::Prediction, scene.gateway.member());
    let mut data = scene.session(product, SessionKind::MarketData, &member, "").await;
    assert_eq!(
        data.ask(&format!("35=e|263=1|55={MARKET}")).await,
        Vec::<String>::new()
    );
    scene
        .gateway
        .set_market_status(product, MARKET, MarketStatus::Inactive)
        .unwrap();
    assert_eq!(data.heard().await, [format!("35=f|55={MARKET}|326=2")]);
    let mut wire = scene.orders("21011=Y").await;
    let order = format!("35=D|11=a|38=1|40=2|44=20|54=1|55={MARKET}");
    assert_eq!(
        show(&wire.ask(&order).await, &["150", "103", "58"]),
        ["150=8|103=2|58=MARKET_INACTIVE"]
    );
    scene
        .gateway
        .set_market_status(product, MARKET, MarketStatus::Active)
        .unwrap();
    assert_eq!(
        data.ask(&format!("35=e|263=2|55={MARKET}")).await,
        [format!("35=f|55={MARKET}|326=3")]
    );
    scene
        .gateway
        .set_status(product, ExchangeStatus::TradingPaused)
        .unwrap();
    assert_eq!(
        show(&wire.ask(&order).await, &["150", "103", "58"]),
        ["150=8|103=2|58=TRADING_PAUSED"]
    );
    assert_eq!(data.heard().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_nobody_waits_for_it() {
    let gateway = Gateway::builder()
        .market(MARKET)
        .outbound_limit(32 << 10)
        .start()
        .await
        .unwrap();
    let scene = Scene { gateway };
    let (product, member) = (Product::Prediction, scene.gateway.member());
    let mut idle = scene.session(product, SessionKind::MarketData, &member, "").await;
    idle.ask(&format!("35=V|263=1|146=1|55={MARKET}")).await;
    let house = scene.gateway.member();
    let flood = tokio::task::spawn_blocking(move || {
        // More than all the buffers on the way can take.
        for number in 0..60_000 {
            let id = format!("house-{number}");
            let (price, one) = (Price::from_cents(40), Quantity::from_contracts(1));
            let order = house
                .place(product, NewOrder::limit(&id, MARKET, Side::Buy, price, one))
                .unwrap();
            assert!(house.cancel(product, &order));
        }
    });
    flood.await.unwrap();
    // Changes, as far as the network still delivers them, and then the end, without a word.
    while let Some(message) = idle.next().await {
        assert_eq!(field(&message, "35"), Some("X"), "{message}");
    }
    let mut wire = scene.orders("").await;
    assert_eq!(wire.ask("35=q|11=a|530=6").await, ["35=r|11=a|531=6"]);
}
