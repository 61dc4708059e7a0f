//! Faults on the wire: what a session that retransmits recovers from, and what ends one that does not.

use std::time::Duration;

use kalshi_fix::client::{Client, Retransmission};
use kalshi_fix::driver::Event;
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::{Effect, Fault, Step};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::session::{self, ResendPolicy};

use crate::peer::{MARKET, Peer, Scene, Shared, credentials};

fn order(id: &str) -> String {
    format!("35=D|11={id}|38=1|40=2|44=0.40|54=1|55={MARKET}|59=1")
}

async fn resuming(scene: &Scene) -> Peer {
    let client: Client<Prediction> = scene.client(&credentials(&scene.gateway.member()));
    let kept = Retransmission::new(Shared::new().session_store()).resend(ResendPolicy::Replay);
    Peer::new(client.order_entry_retransmitting(kept).await.unwrap())
}

async fn plain(scene: &Scene) -> Peer {
    let client: Client<Prediction> = scene.client(&credentials(&scene.gateway.member()));
    Peer::new(client.order_entry().await.unwrap())
}

/// After three orders a session that retransmits has six reports, whatever happens to one of them on the way.
async fn recovers(effect: Effect) {
    let scene = Scene::new().await;
    let mut peer = resuming(&scene).await;
    let shown = format!("{effect:?}");
    scene.gateway.inject(
        Fault::new(Step::sending("8"), effect)
            .after(2)
            .on(SessionKind::OrderEntryRetransmitting),
    );
    let mut told = Vec::new();
    for id in ["a", "b", "c"] {
        peer.send(&order(id)).await;
        if id != "b" {
            told.extend(peer.show(2, &["11", "150"]).await);
        }
        if id == "b" {
            // What follows shows the gap.
            told.extend(peer.show(2, &["11", "150"]).await);
        }
    }
    assert_eq!(
        told,
        [
            "11=a|150=A",
            "11=a|150=0",
            "11=b|150=A",
            "11=b|150=0",
            "11=c|150=A",
            "11=c|150=0"
        ],
        "{shown}"
    );
    peer.close().await;
}

#[tokio::test]
async fn a_session_that_retransmits_recovers() {
    for effect in [
        Effect::Ignore,
        Effect::Garble,
        Effect::Gap(3),
        Effect::Delay(Duration::from_millis(20)),
    ] {
        recovers(effect).await;
    }
}

#[tokio::test]
async fn a_session_that_does_not_ends() {
    for (effect, cause) in [
        (Effect::Ignore, "MsgSeqNum"),
        (Effect::Garble, "MsgSeqNum"),
        (Effect::Duplicate, "MsgSeqNum"),
        (Effect::Disconnect, "connection"),
        (Effect::CutAfter(33), "connection"),
    ] {
        let scene = Scene::new().await;
        let peer = plain(&scene).await;
        let shown = format!("{effect:?}");
        scene.gateway.inject(Fault::new(Step::sending("8"), effect));
        peer.send(&order("a")).await;
        let (end, _) = peer.end().await;
        assert!(end.to_string().contains(cause), "{shown}: {end}");
    }
    // Numbers that were used up show with the next message.
    let scene = Scene::new().await;
    let mut peer = plain(&scene).await;
    scene
        .gateway
        .inject(Fault::new(Step::sending("8"), Effect::Gap(7)).after(1));
    peer.send(&order("a")).await;
    assert_eq!(peer.show(2, &["150"]).await, ["150=A", "150=0"]);
    peer.send(&order("b")).await;
    let (end, _) = peer.end().await;
    assert!(end.to_string().contains("expecting 4 but received 11"), "{end}");
}

#[tokio::test]
async fn a_garbled_message_is_known_for_one() {
    let scene = Scene::new().await;
    let mut peer = resuming(&scene).await;
    scene
        .gateway
        .inject(Fault::new(Step::sending("8"), Effect::Garble));
    peer.send(&order("a")).await;
    loop {
        match peer.event().await {
            Event::Session(session::Event::Garbled { .. }) => break,
            Event::Session(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_request_is_carried_out_twice_where_asked() {
    let scene = Scene::new().await;
    let mut peer = plain(&scene).await;
    scene
        .gateway
        .inject(Fault::new(Step::AnyMessage, Effect::Duplicate));
    peer.send(&order("a")).await;
    assert_eq!(
        peer.show(4, &["11", "150", "58"]).await,
        [
            "11=a|150=A",
            "11=a|150=0",
            "11=a|150=A",
            "11=a|150=8|58=ORDER_ALREADY_EXISTS"
        ]
    );
}

#[tokio::test]
async fn logons_are_refused_held_up_and_cut() {
    let scene = Scene::new().await;
    let client: Client<Prediction> = scene.client(&credentials(&scene.gateway.member()));
    let refused = async || client.order_entry().await.map(|_| ()).unwrap_err().to_string();
    scene
        .gateway
        .inject(Fault::already_exists().on(SessionKind::OrderEntry));
    assert!(refused().await.contains("already exists"));
    scene
        .gateway
        .inject(Fault::new(Step::sending("A"), Effect::CutAfter(30)));
    let text = refused().await;
    assert!(text.contains("connection"), "{text}");
    scene
        .gateway
        .inject(Fault::new(Step::Logon, Effect::Disconnect).always());
    refused().await;
    refused().await;
    scene.gateway.clear_faults();
    for step in [Step::Connect, Step::Logon, Step::sending("A"), Step::Logout] {
        scene
            .gateway
            .inject(Fault::new(step, Effect::Delay(Duration::from_millis(10))));
    }
    let closed = client.order_entry().await.unwrap().close().await;
    assert!(closed.end.is_some());
}
