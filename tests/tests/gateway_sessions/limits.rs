//! Rate limits: who sends too much is told so, and goes on when time has passed.

use std::time::Duration;

use kalshi_fix::client::Client;
use kalshi_fix::environment::Product;
use kalshi_fix::gateway::Gateway;
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::Prediction;
use kalshi_fix::rate::{Budget, Budgets, Tier};

use crate::peer::{MARKET, PERP, Peer, Scene, credentials, noon};

async fn scene() -> Scene {
    let clock = noon();
    let budgets = Budgets::new(Budget::new(100, 100), Budget::new(50, 50));
    let builder = Gateway::builder()
        .market(MARKET)
        .margin_market(PERP)
        .manual_clock(&clock)
        .rate_tier(Tier::Basic)
        .rate_limits(Product::Margin, budgets);
    Scene {
        gateway: builder.start().await.unwrap(),
        clock,
    }
}

#[tokio::test]
async fn who_sends_too_much_is_told_so() {
    let scene = scene().await;
    let member = scene.gateway.member();
    let client: Client<Prediction> = scene.client(&credentials(&member));
    let mut first = Peer::new(client.order_entry().await.unwrap());
    let client: Client<Prediction> = scene.client(&credentials(&member));
    let mut second = Peer::new(client.order_entry().await.unwrap());
    // 100 tokens, which both sessions draw on: 10 an order.
    let order = |id: &str| format!("35=D|11={id}|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1");
    for number in 0..10 {
        let peer = if number % 2 == 0 { &mut first } else { &mut second };
        peer.send(&order(&format!("o{number}"))).await;
        assert_eq!(peer.show(2, &["150"]).await, ["150=A", "150=0"]);
    }
    let throttled = "35=j|372=D|380=8|58=rate limit exceeded";
    for peer in [&mut first, &mut second] {
        let sequence = peer.send(&order("x")).await;
        let answer = peer.next().await;
        assert_eq!(answer.show(&["35", "372", "380", "58"]), throttled);
        assert_eq!(answer.field("45"), Some(&*sequence.to_string()));
    }
    // A fifth of a second is two orders.
    scene.clock.advance(Duration::from_millis(200));
    for id in ["y", "z"] {
        first.send(&order(id)).await;
        assert_eq!(first.show(2, &["150"]).await, ["150=A", "150=0"]);
    }
    first.send(&order("w")).await;
    assert_eq!(first.show(1, &["35"]).await, ["35=j"]);
    // Heartbeats and the farewell are free.
    first.close().await;
}

#[tokio::test]
async fn margin_has_buckets_of_its_own_and_no_code() {
    let scene = scene().await;
    let member = scene.gateway.member();
    let client: Client<Margin> = scene.client(&credentials(&member));
    let mut peer = Peer::new(client.order_entry().await.unwrap());
    for number in 0..6 {
        peer.send(&format!("35=F|11=c{number}|41=none|54=1|55={PERP}"))
            .await;
        assert_eq!(peer.show(1, &["35"]).await, ["35=9"]);
    }
    for number in 0..4 {
        peer.send(&format!("35=D|11=o{number}|38=1|40=2|44=1|54=1|55={PERP}|59=3"))
            .await;
        let last = peer.next().await;
        if number < 3 {
            peer.next().await;
        } else {
            assert_eq!(last.show(&["35", "380"]), "35=j|380=0");
        }
    }
}

#[tokio::test]
async fn logons_are_counted_too() {
    let scene = scene().await;
    let member = scene.gateway.member();
    let client: Client<Prediction> = scene.client(&credentials(&member));
    // Basic holds 400 tokens for reading, 10 a logon.
    let mut refused = None;
    for _ in 0..60 {
        match client.order_entry().await {
            Ok(session) => Peer::new(session).close().await,
            Err(error) if error.to_string().contains("already exists") => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(error) => {
                refused = Some(error.to_string());
                break;
            }
        }
    }
    let refused = refused.expect("a logon too many");
    assert!(refused.contains("rate limit exceeded"), "{refused}");
    scene.clock.advance(Duration::from_secs(1));
    for _ in 0..1000 {
        if client.order_entry().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody is let in any more");
}
