//! The same seed and the same script: the same bytes.

use std::time::Duration;

use kalshi_fix::credentials::PublicKey;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::{BotSettings, Effect, Fault, Gateway, Step};

use crate::peer::{MARKET, PUBLIC_KEY, noon};
use crate::raw::Raw;

/// What an exchange has said to a trader and to a listener of the book, with bots at work and faults by chance.
async fn transcripts(seed: u64) -> [Vec<u8>; 2] {
    let clock = noon();
    let mut bots = BotSettings::new(4);
    bots.interval = Duration::from_millis(100);
    let gateway = Gateway::builder()
        .market(MARKET)
        .manual_clock(&clock)
        .plaintext()
        .seed(seed)
        .bots(bots)
        .start()
        .await
        .unwrap();
    gateway.inject(Fault::new(Step::sending("8"), Effect::Garble).always().chance(30));
    gateway.inject(
        Fault::new(Step::sending("X"), Effect::Duplicate)
            .always()
            .chance(20),
    );
    gateway.inject(
        Fault::new(Step::message("D"), Effect::Refuse(String::new()))
            .always()
            .chance(10),
    );
    let member = gateway.member();
    let open = async |kind: SessionKind| {
        let id = member.add_key(PublicKey::from_pem(PUBLIC_KEY).unwrap());
        let address = gateway.plaintext_address(Product::Prediction, kind).unwrap();
        let mut raw = Raw::connect(address, &clock, &id, kind.profile().target_comp_id).await;
        raw.logon("141=Y|21005=Y").await;
        raw
    };
    let mut orders = open(SessionKind::OrderEntry).await;
    let mut data = open(SessionKind::MarketData).await;
    data.send(&format!("35=V|263=1|146=1|55={MARKET}")).await;
    data.until(b"\x0135=W\x01").await;
    for step in 0..60 {
        let cents = 30 + (step * 7) % 40;
        let side = 1 + step % 2;
        orders
            .send(&format!(
                "35=D|11=o{step}|38=3|40=2|44=0.{cents}|54={side}|55={MARKET}|59=1"
            ))
            .await;
        orders
            .send(&format!("35=F|11=fence{step}|41=none|54=1|55={MARKET}"))
            .await;
        orders.until(format!("\x0111=fence{step}\x01").as_bytes()).await;
        clock.advance(Duration::from_millis(137));
        data.send(&format!("35=1|112=fence{step}")).await;
        data.until(format!("\x01112=fence{step}\x01").as_bytes()).await;
    }
    orders.send("35=5").await;
    orders.end().await;
    data.send("35=5").await;
    data.end().await;
    [orders.received, data.received]
}

#[tokio::test]
async fn the_same_seed_and_script_make_the_same_bytes() {
    let first = transcripts(7).await;
    let again = transcripts(7).await;
    for (first, again) in first.iter().zip(&again) {
        assert!(first.len() > 5_000, "{}", first.len());
        assert_eq!(String::from_utf8_lossy(first), String::from_utf8_lossy(again));
    }
    assert_ne!(first, transcripts(8).await);
}
