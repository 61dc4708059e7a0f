//! Drop copy: what was reported is found again, in the range asked for and in no other.

use std::time::Duration;

use kalshi_fix::client::{Client, KalshiProduct, LogonOptions};
use kalshi_fix::environment::Product;
use kalshi_fix::gateway::{Effect, Fault, Step};
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::Prediction;

use crate::peer::{MARKET, PERP, Peer, Scene, credentials};

/// Orders of a member on NR, each with its cancel, and a session on DC of the same member: the ExecIDs of what NR was told.
async fn traded<D: KalshiProduct>(scene: &Scene, count: usize) -> (Peer, Vec<String>) {
    let member = scene.gateway.member();
    member.deposit(D::PRODUCT, 1_000_000);
    let options = LogonOptions::default().skip_pending_exec_reports(true);
    let trading: Client<D> = scene
        .builder(&credentials(&member))
        .logon(options)
        .build()
        .unwrap();
    let copies: Client<D> = scene.client(&credentials(&member));
    let mut orders = Peer::new(trading.order_entry().await.unwrap());
    let (symbol, price) = match D::PRODUCT {
        Product::Prediction => (MARKET, "0.40"),
        Product::Margin => (PERP, "20000"),
    };
    let mut told = Vec::new();
    for number in 0..count {
        let order = format!("35=D|11=o{number}|38=10|40=2|44={price}|54=1|55={symbol}|59=1");
        orders.send(&order).await;
        // A reject, which drop copy leaves out.
        orders.send(&order).await;
        orders
            .send(&format!("35=F|11=c{number}|41=o{number}|54=1|55={symbol}"))
            .await;
        for kind in ["0", "8", "4"] {
            let report = orders.next().await;
            assert_eq!(report.field("150"), Some(kind), "{report:?}");
            if kind != "8" {
                told.push(report.field("17").unwrap().to_owned());
            }
        }
    }
    orders.close().await;
    (Peer::new(copies.drop_copy().await.unwrap()), told)
}

/// Everything up to the end of a replay: the ExecIDs, and the answer that ends it.
async fn replayed(copies: &mut Peer) -> (Vec<String>, String) {
    let mut found = Vec::new();
    loop {
        let message = copies.next().await;
        match message.field("35") {
            Some("8") => found.push(message.field("17").unwrap().to_owned()),
            _ => return (found, message.show(&["35", "45", "21003", "21004"])),
        }
    }
}

async fn finds_what_was_reported<D: KalshiProduct>() {
    let scene = Scene::new().await;
    let (mut copies, told) = traded::<D>(&scene, 3).await;
    assert_eq!(told.len(), 6);
    let (first, third) = (&told[0], &told[2]);

    let request = copies.send(&format!("35=U1|21001={first}")).await;
    let all = replayed(&mut copies).await;
    assert_eq!(all, (told.clone(), format!("35=U2|45={request}|21003=6")));

    let request = copies.send(&format!("35=U1|21001={first}|21002={third}")).await;
    let some = replayed(&mut copies).await;
    assert_eq!(some, (told[..3].to_vec(), format!("35=U2|45={request}|21003=3")));

    // An end that was never given out, the ends of two shards, and what is not an ExecID at all.
    for (range, answer) in [
        (format!("21001={first}|21002=999999;1"), "35=U3|21004=4"),
        (format!("21001={first}|21002={third};1"), "35=U3|21004=4"),
        ("21001=-1;-1".to_owned(), "reject"),
        ("21001=12".to_owned(), "reject"),
    ] {
        let request = copies.send(&format!("35=U1|{range}")).await;
        if answer == "reject" {
            let reject = copies.rejected().await;
            assert_eq!(
                (reject.ref_seq_num, reject.ref_tag_id),
                (Some(request), Some(21001)),
                "{range}"
            );
            continue;
        }
        let message = copies.next().await;
        assert_eq!(message.show(&["35", "21004"]), answer, "{range}");
        assert_eq!(message.field("45"), Some(&*request.to_string()));
    }

    // Of another member's reports there is nothing to be had.
    let stranger: Client<D> = scene.client(&credentials(&scene.gateway.member()));
    let mut stranger = Peer::new(stranger.drop_copy().await.unwrap());
    let request = stranger.send(&format!("35=U1|21001={first}")).await;
    assert_eq!(
        replayed(&mut stranger).await,
        (vec![], format!("35=U2|45={request}|21003=0"))
    );

    // Three hours later, and a little.
    scene.clock.advance(Duration::from_secs(3 * 3600 + 1));
    let request = copies.send(&format!("35=U1|21001={first}")).await;
    assert_eq!(
        replayed(&mut copies).await,
        (vec![], format!("35=U3|45={request}|21004=3"))
    );
}

#[tokio::test]
async fn reports_are_found_again() {
    finds_what_was_reported::<Prediction>().await;
    finds_what_was_reported::<Margin>().await;
}

#[tokio::test]
async fn a_request_during_a_replay_is_one_too_many() {
    let scene = Scene::new().await;
    let (mut copies, told) = traded::<Prediction>(&scene, 60).await;
    // Two requests of a client race with the replay of the first. One that is carried out twice does not.
    scene
        .gateway
        .inject(Fault::new(Step::message("U1"), Effect::Duplicate));
    let request = copies.send(&format!("35=U1|21001={}", told[0])).await;
    let mut found = 0;
    let mut ends = Vec::new();
    while ends.len() < 2 {
        let message = copies.next().await;
        match message.field("35") {
            Some("8") => found += 1,
            _ => ends.push(message.show(&["35", "45", "21003", "21004"])),
        }
    }
    assert_eq!(
        ends,
        [
            format!("35=U3|45={request}|21004=1"),
            format!("35=U2|45={request}|21003={found}")
        ]
    );
    assert_eq!(found, told.len());
}

#[tokio::test]
async fn a_fault_makes_it_a_server_error() {
    let scene = Scene::new().await;
    let (mut copies, told) = traded::<Prediction>(&scene, 1).await;
    scene
        .gateway
        .inject(Fault::new(Step::message("U1"), Effect::Refuse(String::new())));
    copies.send(&format!("35=U1|21001={}", told[0])).await;
    assert_eq!(copies.show(1, &["35", "21004"]).await, ["35=U3|21004=2"]);
}
