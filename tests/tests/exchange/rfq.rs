//! Requests for quote over FIX, from both sides.

use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::Gateway;

use crate::wire::Wire;
use crate::{Scene, check, check_heard};

const RFQ: &str = "00000009-0000-8000-8000-000000000001";
const CREATOR: &str = "00000008-0000-8000-8000-000000000001";
const MAKER: &str = "00000007-0000-8000-8000-000000000002";

/// A creator on RT, a maker on RFQ, and the maker's order entry, which hears of its orders.
async fn parties(scene: &Scene) -> (Wire, Wire) {
    let product = Product::Prediction;
    let (creator, maker) = (scene.gateway.member(), scene.gateway.member());
    (
        scene
            .session(product, SessionKind::OrderEntryRetransmitting, &creator)
            .await,
        scene.session(product, SessionKind::Rfq, &maker).await,
    )
}

#[tokio::test]
async fn an_rfq_from_the_request_to_the_execution() {
    let scene = Scene::new().await;
    let (mut creator, mut maker) = parties(&scene).await;
    check(
        &mut creator,
        "35=R|131=req-1|146=1|55=M|38=10",
        &[&format!("35=b|131=req-1|303=1|21023={RFQ}|100=0")],
    )
    .await;
    check_heard(
        &mut maker,
        &[&format!("35=R|131={RFQ}|146=1|55=M|38=10.00|453=1|448={CREATOR}")],
    )
    .await;
    let quoted = format!("35=AI|117=quote-1|131={RFQ}|297=10|38=10.00|132=45|133=50|134=10.00|135=10.00");
    let request = format!("35=S|117=quote-1|131={RFQ}|55=M|132=45|133=50");
    check(&mut maker, &request, &[&quoted]).await;
    check_heard(
        &mut creator,
        &[&format!(
            "35=S|117=quote-1|131={RFQ}|55=M|132=0.4500|133=0.5000|38=10.00|134=10.00|135=10.00|453=1|448={MAKER}|452=35"
        )],
    )
    .await;
    check(
        &mut creator,
        "35=UA|117=quote-1|54=1|11=take-1",
        &["35=UC|117=quote-1|21025=0|21024=quote-1|11=take-1"],
    )
    .await;
    check_heard(
        &mut maker,
        &[&format!("{}|54=2", quoted.replace("297=10", "297=0"))],
    )
    .await;
    check(
        &mut maker,
        &format!("35=U7|117=quote-1|21023={RFQ}"),
        &["35=U8|117=quote-1|21010=0"],
    )
    .await;
    scene.pass(15, &mut [&mut creator, &mut maker]);
    // The fee: 0.07 * 10 * 0.5 * 0.5 = 0.175, rounded up to a cent; the balance pays it with the price.
    let trade =
        "704=10.00|705=0.00|136=1|137=0.18|138=USD|139=4|891=0|1057=Y|1703=1|1704=-5.1800|1705=BALANCE";
    check_heard(
        &mut creator,
        &[&format!(
            "35=8|6=50|11=take-1|14=10.00|30=0|31=50|32=10.00|38=10.00|39=2|44=50|54=1|55=M|150=F|151=0.00|{trade}"
        )],
    )
    .await;
    check_heard(&mut maker, &[&format!("35=AG|131={RFQ}|658=99|58=RFQ_CLOSED")]).await;
}

#[tokio::test]
async fn refusals_of_both_sides() {
    let scene = Scene::new().await;
    let (mut creator, mut maker) = parties(&scene).await;
    creator
        .ask(&format!("35=R|131=req-1|146=1|55={}|38=10", crate::MARKET))
        .await;
    maker.heard().await;
    let quote = |fields: &str| format!("35=S|117=quote-1|131={RFQ}|55=M|{fields}");
    for (side, request, expected) in [
        (
            0,
            "35=R|131=req-2|146=1|55=M|38=10".to_owned(),
            "35=AG|131=req-2|658=99|58=RFQ already exists",
        ),
        (
            0,
            "35=R|131=req-2|146=1|55=N|38=10".to_owned(),
            "35=AG|131=req-2|658=1|58=MARKET_NOT_FOUND",
        ),
        (
            0,
            "35=R|131=req-2|146=1|55=M|38=1000000001".to_owned(),
            "35=AG|131=req-2|658=3|58=RFQ_LIMIT_EXCEEDED",
        ),
        (
            0,
            "35=R|131=req-2|146=1|55=M|152=10001".to_owned(),
            "35=AG|131=req-2|658=11|58=INSUFFICIENT_BALANCE",
        ),
        (
            0,
            "35=UA|117=quote-9|54=1".to_owned(),
            "35=UC|117=quote-9|21025=1|58=QUOTE_NOT_FOUND",
        ),
        (
            0,
            "35=UE|131=req-9".to_owned(),
            "35=UB|131=req-9|21013=1|58=RFQ_CLOSED",
        ),
        (
            1,
            quote("132=50|133=51"),
            "35=AI|117=|131=RFQ|297=5|58=invalid_parameters",
        ),
        (
            1,
            "35=Z|117=quote-9".to_owned(),
            "35=U9|117=quote-9|298=1|58=QUOTE_NOT_FOUND",
        ),
        (
            1,
            "35=U7|117=quote-9".to_owned(),
            "35=U8|117=quote-9|21010=1|58=QUOTE_NOT_FOUND",
        ),
    ] {
        let wire = if side == 0 { &mut creator } else { &mut maker };
        check(wire, &request, &[&expected.replace("RFQ|", &format!("{RFQ}|"))]).await;
    }
    let status = |status: u8| format!("35=AI|117=quote-1|131={RFQ}|297={status}|38=10.00|133=50|135=10.00");
    check(&mut maker, &quote("132=0|133=50"), &[&status(10)]).await;
    check(
        &mut maker,
        "35=Z|117=quote-1",
        &[&status(17), "35=U9|117=quote-1|298=0"],
    )
    .await;
    creator.heard().await;
    check(
        &mut creator,
        "35=UE|131=req-1",
        &[&format!("35=UB|131=req-1|21013=0|21023={RFQ}")],
    )
    .await;
    check_heard(&mut maker, &[&format!("35=AG|131={RFQ}|658=99|58=RFQ_CLOSED")]).await;
}

#[tokio::test]
async fn an_rfq_expires_and_is_replaced_where_it_says_so_inside_the_group() {
    let scene = Scene::new().await;
    let (mut creator, mut maker) = parties(&scene).await;
    for number in 1..4 {
        let heard = creator
            .ask(&format!(
                "35=R|131=req-{number}|146=1|55={}|38=1|21016=Y",
                crate::MARKET
            ))
            .await;
        assert_eq!(heard.len(), if number == 3 { 2 } else { 1 }, "{heard:?}");
    }
    scene.pass(3_600, &mut [&mut creator, &mut maker]);
    let expired = |number: u32| {
        format!("35=UB|131=req-{number}|21013=2|21023=00000009-0000-8000-8000-00000000000{number}")
    };
    check_heard(&mut creator, &[&expired(2), &expired(3)]).await;
}

#[tokio::test]
async fn a_combination_has_a_market_of_its_own() {
    let scene = Scene::built_by(Gateway::builder().market("OTHER").collection("PARLAY")).await;
    let (mut creator, mut maker) = parties(&scene).await;
    let legs = |first: &str, second: &str| {
        format!(
            "35=R|131=req|146=1|38=10|20180=PARLAY|20181=2|20182=E|20183={}|20184={first}|20182=E|20183=OTHER|20184={second}",
            crate::MARKET
        )
    };
    let broke = "35=AG|131=req|658=11|58=INSUFFICIENT_BALANCE";
    check(&mut creator, &legs("yes", "no"), &[broke]).await;
    check(
        &mut creator,
        &legs("yes", "no").replace("20183=OTHER", "20183=NOWHERE"),
        &["35=AG|131=req|658=99|58=INVALID_COMBINATION|20187=invalid_market_combination|20185=1|20186=NOWHERE"],
    )
    .await;
    maker.heard().await;
    let rich = scene.gateway.member();
    rich.deposit_on(Product::Prediction, 1, 100);
    let mut rich = scene
        .session(Product::Prediction, SessionKind::OrderEntryRetransmitting, &rich)
        .await;
    check(
        &mut rich,
        &legs("yes", "no"),
        &[&format!("35=b|131=req|303=1|21023={RFQ}|55=PARLAY-C1|100=1")],
    )
    .await;
    let heard = maker.heard().await;
    let legs = format!(
        "|20180=PARLAY|20181=2|20182=E|20183={}|20184=yes|20182=E|20183=OTHER|20184=no",
        crate::MARKET
    );
    assert!(
        heard[0].contains("|55=PARLAY-C1|38=10.00|") && heard[0].ends_with(&legs),
        "{heard:?}"
    );
}
