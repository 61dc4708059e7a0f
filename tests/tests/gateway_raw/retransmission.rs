//! What a session that retransmits sends again, and what it refuses to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use fix_dialect::Timestamp;
use kalshi_fix::driver::Clock;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::Gateway;

use crate::wire::{Wire, field};
use crate::{MARKET, Scene, show};

/// The system's clock, so many hours ahead.
#[derive(Default)]
struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn utc(&self) -> Timestamp {
        Timestamp::from(SystemTime::now() + Duration::from_hours(self.0.load(Ordering::SeqCst)))
    }
}

/// A session whose message 2 is so old.
async fn with_an_old_report(fields: &str, hours: u64) -> (Scene, Wire) {
    let clock = Arc::new(Ahead::default());
    let scene = Scene::built_by(Gateway::builder().clock(Arc::clone(&clock) as Arc<dyn Clock>)).await;
    let member = scene.gateway.member();
    let kind = SessionKind::OrderEntryRetransmitting;
    let mut wire = scene.session(Product::Prediction, kind, &member, fields).await;
    let heard = wire
        .ask(&format!("35=D|11=a|38=1|40=2|44=40|54=1|55={MARKET}|59=1"))
        .await;
    assert_eq!(show(&heard, &["150"]), ["150=A", "150=0"]);
    clock.0.store(hours, Ordering::SeqCst);
    wire.ahead = Duration::from_hours(hours);
    (scene, wire)
}

async fn check(fields: &str, hours: u64, resent: bool) {
    let (_scene, mut wire) = with_an_old_report(fields, hours).await;
    wire.send("35=2|7=2|16=0").await;
    let answer = wire.next().await.expect("an answer");
    if resent {
        assert_eq!(
            show(std::slice::from_ref(&answer), &["35", "34", "43", "150"]),
            ["35=8|34=2|43=Y|150=A"]
        );
        assert!(field(&answer, "122") < field(&answer, "52"), "{answer}");
        let rest = [wire.next().await.unwrap(), wire.next().await.unwrap()];
        assert_eq!(
            show(&rest, &["35", "34", "43"]),
            ["35=8|34=3|43=Y", "35=9|34=4|43=Y"]
        );
    } else {
        assert_eq!(
            show(&[answer], &["35", "371", "372", "373"]),
            ["35=3|371=7|372=2|373=5"]
        );
    }
    // The session goes on either way.
    assert_eq!(wire.heard().await, Vec::<String>::new());
}

#[tokio::test]
async fn messages_are_sent_again_for_a_day_or_as_long_as_the_logon_asked_for() {
    check("", 23, true).await;
    check("", 25, false).await;
    check("20200=72", 71, true).await;
    check("20200=72", 73, false).await;
    check("20200=1", 2, false).await;
}

#[tokio::test]
async fn numbers_that_were_never_used_are_not_sent_again() {
    let (_scene, mut wire) = with_an_old_report("", 0).await;
    for (range, tag) in [("7=99|16=0", 7), ("7=0|16=0", 7), ("7=3|16=2", 16)] {
        wire.send(&format!("35=2|{range}")).await;
        let answer = wire.next().await.expect("an answer");
        assert_eq!(
            show(&[answer], &["35", "371", "373"]),
            [format!("35=3|371={tag}|373=5")],
            "{range}"
        );
    }
}

#[tokio::test]
async fn a_retention_beyond_three_days_is_refused() {
    let scene = Scene::new().await;
    let member = scene.gateway.member();
    let kind = SessionKind::OrderEntryRetransmitting;
    let mut wire = scene
        .connect(Product::Prediction, kind, &Scene::key(&member))
        .await;
    let answer = wire.logon(&crate::wire::private_key(), "20200=73").await;
    assert_eq!(
        field(&answer, "58"),
        Some("MessageRetentionPeriod (20200) is 73, must be 1 to 72 hours")
    );
}
