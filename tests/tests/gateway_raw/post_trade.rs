//! Settlements, on the sessions that want them, and sessions that cannot be had otherwise yet.

use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::Member;
use kalshi_fix::gateway::exchange::{NewOrder, Outcome, Price, Quantity, Side};
use rust_decimal::Decimal;

use crate::wire::{Wire, field, private_key, steady};
use crate::{MARKET, Scene};

async fn open(scene: &Scene, kind: SessionKind, key: &str, fields: &str) -> Wire {
    let mut wire = scene.connect(Product::Prediction, kind, key).await;
    let answer = wire.logon(&private_key(), fields).await;
    assert_eq!(field(&answer, "35"), Some("A"), "{answer}");
    wire
}

/// What has come up to the answer to a test request.
async fn heard(wire: &mut Wire) -> Vec<String> {
    wire.send("35=1|112=fence").await;
    let mut heard = Vec::new();
    loop {
        let message = wire.next().await.expect("the session to go on");
        if field(&message, "35") == Some("0") {
            return heard;
        }
        heard.push(steady(&message));
    }
}

/// The member holds so many contracts at 40 cents, from another one.
fn buys(scene: &Scene, member: &Member, contracts: i64) {
    let price = Price::from_cents(40);
    let order =
        |id: &str, side| NewOrder::limit(id, MARKET, side, price, Quantity::from_contracts(contracts));
    let other = scene.gateway.member();
    other.place(Product::Prediction, order("s", Side::Sell)).unwrap();
    member.place(Product::Prediction, order("b", Side::Buy)).unwrap();
}

#[tokio::test]
async fn a_settlement_is_told_where_it_is_wanted() {
    let scene = Scene::new().await;
    let member = scene.gateway.member();
    buys(&scene, &member, 100);
    let (default, declined) = (Scene::key(&member), Scene::key(&member));
    let (plain, asking) = (Scene::key(&member), Scene::key(&member));
    let mut post_trade = open(&scene, SessionKind::PostTrade, &default, "").await;
    let mut not_wanted = open(&scene, SessionKind::PostTrade, &declined, "20127=N").await;
    let kind = SessionKind::OrderEntryRetransmitting;
    let mut orders = open(&scene, kind, &plain, "").await;
    let mut both = open(&scene, kind, &asking, "20127=Y").await;
    let mut stranger = open(
        &scene,
        SessionKind::PostTrade,
        &Scene::key(&scene.gateway.member()),
        "",
    )
    .await;

    scene.gateway.determine(MARKET, Outcome::Yes).unwrap();
    assert_eq!(heard(&mut post_trade).await, Vec::<String>::new());
    scene.gateway.settle(MARKET).unwrap();
    let told = heard(&mut post_trade).await;
    let [report] = &told[..] else { panic!("{told:?}") };
    let tail = report.split_once("|55=").unwrap().1;
    let date = field(report, "715").unwrap();
    assert_eq!(date.len(), 8);
    let party = field(report, "20109").unwrap();
    assert_eq!(
        format!("55={tail}"),
        format!(
            "55={MARKET}|715={date}|20107=yes|730=100.00|893=Y|20108=1|20109={party}|20110=24|704=100.00|705=0.00|1703=1|1704=100.00|1705=PAYOUT|136=1|137=0.00|138=USD|139=4|891=0"
        )
    );
    assert_eq!(heard(&mut both).await, told);
    for silent in [&mut not_wanted, &mut orders, &mut stranger] {
        assert_eq!(heard(silent).await, Vec::<String>::new());
    }
    // Its counterpart held nothing but this, and has paid for it when it sold.
    assert_eq!(member.position(Product::Prediction, MARKET), Decimal::ZERO);
}

#[tokio::test]
async fn pages_of_a_batch_count_each_other_and_come_again() {
    let scene = Scene::new().await;
    let member = scene.gateway.member();
    let customers = 120;
    for number in 0..customers {
        assert!(member.add_customer(&format!("3f2504e0-4f89-11d3-9a0c-0305e82c{number:04}"), 100));
    }
    let id = Scene::key(&member);
    let mut wire = open(&scene, SessionKind::PostTrade, &id, "").await;
    assert_eq!(heard(&mut wire).await, Vec::<String>::new());
    // The settlement finds nobody connected.
    wire.send("35=5").await;
    while wire.next().await.is_some() {}
    let scalar = Outcome::scalar("30.6".parse().unwrap()).unwrap();
    for number in 0..customers {
        let mut order = NewOrder::limit(
            &format!("b{number}"),
            MARKET,
            Side::Buy,
            Price::from_cents(40),
            Quantity::from_contracts(1),
        );
        order.party = Some(kalshi_fix::gateway::exchange::Party {
            id: format!("3f2504e0-4f89-11d3-9a0c-0305e82c{number:04}").into(),
            role: Some(24),
        });
        let other = scene.gateway.member();
        let mut sell = order.clone();
        (sell.side, sell.party) = (Side::Sell, None);
        other.place(Product::Prediction, sell).unwrap();
        member.place(Product::Prediction, order).unwrap();
    }
    scene.gateway.determine(MARKET, scalar).unwrap();
    scene.gateway.settle(MARKET).unwrap();

    let mut wire = scene
        .connect(Product::Prediction, SessionKind::PostTrade, &id)
        .await;
    let answer = wire.resume(&private_key(), "", 4).await;
    assert_eq!(
        (field(&answer, "35"), field(&answer, "34")),
        (Some("A"), Some("7")),
        "{answer}"
    );
    for _ in 0..2 {
        wire.send("35=2|7=4|16=6").await;
        let mut pages = Vec::new();
        for _ in 0..3 {
            pages.push(wire.next().await.unwrap());
        }
        let shown = crate::show(&pages, &["35", "34", "43", "20106", "730", "893", "20108"]);
        assert_eq!(
            shown,
            [
                "35=UMS|34=4|43=Y|20106=3|730=30.60|893=N|20108=50",
                "35=UMS|34=5|43=Y|20106=3|730=30.60|893=N|20108=50",
                "35=UMS|34=6|43=Y|20106=3|730=30.60|893=Y|20108=20",
            ]
        );
        let mut ids: Vec<_> = pages.iter().map(|page| field(page, "20105")).collect();
        ids.dedup();
        assert_eq!(ids.len(), 3);
    }
}

#[tokio::test]
async fn sessions_reset_where_they_must() {
    let scene = Scene::new().await;
    for kind in [SessionKind::DropCopy, SessionKind::Rfq, SessionKind::OrderEntry] {
        let key = Scene::key(&scene.gateway.member());
        let mut wire = scene.connect(Product::Prediction, kind, &key).await;
        let answer = wire.resume(&private_key(), "", 1).await;
        assert_eq!(
            steady(&answer),
            "35=5|58=ResetSeqNumFlag (141) must be Y on this session",
            "{kind}"
        );
        let mut wire = open(&scene, kind, &key, "").await;
        assert_eq!(heard(&mut wire).await, Vec::<String>::new());
        assert_eq!(scene.gateway.sessions(Product::Prediction, kind), 1);
    }
    for kind in [SessionKind::PostTrade, SessionKind::Rfq] {
        assert!(scene.gateway.address(Product::Margin, kind).is_none());
    }
}
