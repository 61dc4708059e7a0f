//! Peers that mean harm, or do not know better: nothing they send takes the exchange down, starves others, or makes it grow.

use std::time::Duration;

use kalshi_fix::client::Client;
use kalshi_fix::credentials::PublicKey;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::exchange::{NewOrder, Price, Quantity, Side};
use kalshi_fix::gateway::{Gateway, GatewayBuilder, Member};
use kalshi_fix::prediction::Prediction;

use crate::peer::{MARKET, PUBLIC_KEY, Peer, Scene, credentials, noon};
use crate::raw::{Draw, PAUSE, Raw};

async fn scene(change: impl FnOnce(GatewayBuilder) -> GatewayBuilder) -> Scene {
    let clock = noon();
    let builder = Gateway::builder().market(MARKET).manual_clock(&clock).plaintext();
    let gateway = change(builder).start().await.unwrap();
    Scene { gateway, clock }
}

async fn raw(scene: &Scene, kind: SessionKind, key: &str) -> Raw {
    let address = scene
        .gateway
        .plaintext_address(Product::Prediction, kind)
        .unwrap();
    Raw::connect(address, &scene.clock, key, kind.profile().target_comp_id).await
}

fn api_key(member: &Member) -> String {
    member.add_key(PublicKey::from_pem(PUBLIC_KEY).unwrap())
}

/// A session of somebody who only wants to trade.
async fn honest(scene: &Scene) -> Peer {
    let client: Client<Prediction> = scene.client(&credentials(&scene.gateway.member()));
    Peer::new(client.order_entry().await.unwrap())
}

/// Bytes of a kind that no other engine would send, drawn from what it would.
fn mutated(draw: &mut Draw, mut frame: Vec<u8>) -> Vec<u8> {
    for _ in 0..=draw.below(4) {
        let at = draw.below(frame.len());
        match draw.below(6) {
            0 => frame[at] = u8::try_from(draw.below(256)).unwrap(),
            1 => drop(frame.drain(at..)),
            2 => frame
                .splice(at..at, b"\x0110=000\x018=FIXT.1.1\x019=99999999\x01".to_owned())
                .for_each(drop),
            3 => {
                let copy = frame[at..].to_vec();
                frame.extend(copy);
            }
            4 => frame.splice(at..at, vec![b'9'; draw.below(300)]).for_each(drop),
            _ => frame[at] = 1,
        }
        if frame.is_empty() {
            frame = vec![b'8'];
        }
    }
    frame
}

#[tokio::test]
async fn no_bytes_take_it_down() {
    let scene = scene(|builder| builder).await;
    let mut honest = honest(&scene).await;
    let member = scene.gateway.member();
    let mut draw = Draw(1);
    for round in 0..150 {
        let kinds = Product::Prediction.sessions();
        let kind = kinds[draw.below(kinds.len())];
        let mut bad = raw(&scene, kind, &api_key(&member)).await;
        if draw.below(3) == 0 {
            // Before the logon.
            let logon = bad.logon_frame("141=Y");
            let bytes = mutated(&mut draw, logon);
            bad.bytes(&bytes).await;
        } else {
            bad.logon("141=Y").await;
            for body in [
                format!("35=D|11=o{round}|38=3|40=2|44=40|54=1|55={MARKET}|59=1"),
                format!("35=V|263=1|146=2|55={MARKET}|55=ELSEWHERE"),
                "35=U1|21001=1;1".to_owned(),
                "35=2|7=1|16=0".to_owned(),
                "35=4|123=Y|36=9".to_owned(),
                "35=S|131=1|117=2|132=40".to_owned(),
                "35=UOG|20131=1|20132=100".to_owned(),
            ] {
                let frame = bad.frame(&body);
                let bytes = if draw.below(2) == 0 {
                    mutated(&mut draw, frame)
                } else {
                    frame
                };
                bad.bytes(&bytes).await;
            }
        }
        if round % 10 == 0 {
            assert_eq!(honest.heard().await, []);
        }
    }
    assert_eq!(honest.heard().await, []);
    honest
        .send(&format!("35=D|11=a|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1"))
        .await;
    assert_eq!(honest.show(2, &["150"]).await, ["150=A", "150=0"]);
    honest.close().await;
    // Nobody holds a session by what was sent.
    for _ in 0..5_000 {
        let left: usize = Product::Prediction
            .sessions()
            .iter()
            .map(|kind| scene.gateway.sessions(Product::Prediction, *kind))
            .sum();
        if left == 0 {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("sessions without a connection are still there");
}

#[tokio::test]
async fn who_does_not_log_on_is_let_go() {
    let scene = scene(|builder| builder.logon_timeout(Duration::from_secs(1)).connections(3)).await;
    let mut honest = honest(&scene).await;
    for half in [0, 10, 60] {
        let mut idle = raw(&scene, SessionKind::OrderEntry, "nobody").await;
        let mut logon = idle.logon_frame("141=Y");
        logon.truncate(half);
        idle.bytes(&logon).await;
        idle.end().await;
        assert_eq!(idle.text(), "");
    }
    assert_eq!(honest.heard().await, []);
}

#[tokio::test]
async fn a_flood_starves_nobody() {
    let scene = scene(|builder| builder).await;
    let mut honest = honest(&scene).await;
    let key = api_key(&scene.gateway.member());
    let mut flood = raw(&scene, SessionKind::OrderEntry, &key).await;
    flood.logon("141=Y").await;
    let mut frames = Vec::new();
    for number in 0..2_000 {
        frames.extend(flood.frame(&format!(
            "35=D|11=o{number}|38=1|40=2|44=40|54=1|55={MARKET}|59=3"
        )));
    }
    let flooding = tokio::spawn(async move {
        flood.bytes(&frames).await;
        // Its answers are read, or it would be cut off.
        flood.until(b"\x0111=o1999\x01").await;
    });
    for _ in 0..20 {
        assert_eq!(honest.heard().await, []);
    }
    flooding.await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_loses_nothing_where_it_can_resume() {
    let scene = scene(|builder| builder.outbound_limit(16 << 10)).await;
    let kind = SessionKind::OrderEntryRetransmitting;
    let member = scene.gateway.member();
    member.deposit(Product::Prediction, 1_000_000);
    let key = api_key(&member);
    let mut slow = raw(&scene, kind, &key).await;
    slow.logon("141=Y").await;
    slow.send(&format!("35=D|11=a|38=500000|40=2|44=40|54=1|55={MARKET}|59=1"))
        .await;
    slow.until(b"\x01150=0\x01").await;
    let other = scene.gateway.member();
    other.deposit(Product::Prediction, 1_000_000);
    let mut fills = 0;
    let mut hit = || {
        let price = Price::from_cents(40);
        let order = NewOrder::limit(
            &format!("s{fills}"),
            MARKET,
            Side::Sell,
            price,
            Quantity::from_contracts(1),
        );
        other.place(Product::Prediction, order).unwrap();
        fills += 1;
        fills
    };
    while scene.gateway.sessions(Product::Prediction, kind) == 1 {
        let fills = hit();
        assert!(fills < 200_000, "it is never cut off");
        if fills % 50 == 0 {
            tokio::time::sleep(PAUSE).await;
        }
    }
    let fills = hit();

    let sequence = slow.sequence;
    let mut slow = raw(&scene, kind, &key).await;
    slow.sequence = sequence;
    slow.logon("141=N").await;
    slow.send("35=2|7=4|16=0").await;
    slow.until(format!("\x0114={fills}.00\x01").as_bytes()).await;
    let found = slow.text();
    for fill in 1..=fills {
        let report = format!("|14={fill}.00|");
        assert_eq!(found.matches(&report).count(), 1, "fill {fill} of {fills}");
    }
}
