//! Futures of what stands on typed sessions, dropped before they are ready: feeds, recoveries, and the simulated exchange
//! that they are tried on.

use std::ops::RangeInclusive;
use std::task::Poll;

use super::cancel::{DEPTHS, poll_once, poll_up_to};
use super::*;
use crate::book::{BooksSettings, MarketDataFeed};
use crate::driver::SystemClock;
use crate::gateway::exchange::{NewOrder, Price, Product, Quantity, Side};
use crate::gateway::{Effect, Fault, Gateway, Member, Step};
use crate::reconnect::ReconnectPolicy;
use crate::recovery::{self, Followed, FollowedEvent, Range, Recovery, RecoverySettings};
use crate::tracker::{AccountRef, ExecId, OrderState, Source, Tracker, TrackerEvent, TrackerSettings};

const MARKET: &str = "HIGHNY-23DEC31";
/// Only to end what hangs.
const PATIENCE: Duration = Duration::from_mins(1);

fn place(member: &Member, id: &str, side: Side, cents: i64, contracts: i64) {
    let (price, quantity) = (Price::from_cents(cents), Quantity::from_contracts(contracts));
    let order = NewOrder::limit(id, MARKET, side, price, quantity);
    member.place(Product::Prediction, order).expect("an order");
}

fn client_of(gateway: &Gateway, member: &Member) -> Client<Prediction> {
    let key = PrivateKey::generate().unwrap();
    gateway.client_builder(member.credentials(&key)).build().unwrap()
}

/// Each time that it has to wait, the future is dropped, and no level of the book is lost by that.
#[tokio::test]
async fn a_feed_whose_futures_are_dropped() {
    let gateway = Gateway::start().await.unwrap();
    let maker = gateway.member();
    let client = client_of(&gateway, &gateway.member());
    let mut feed =
        MarketDataFeed::<Prediction>::new(client.market_data().await.unwrap(), BooksSettings::default());
    feed.subscribe([MARKET]).unwrap();
    let levels = 40;
    let filled = async {
        let mut entered = 0;
        loop {
            match poll_once(feed.recv()) {
                Poll::Ready(event) => drop(event.expect("the session goes on")),
                Poll::Pending => tokio::time::sleep(Duration::from_micros(200)).await,
            }
            let book = feed.book(MARKET).expect("it is followed");
            // One order after the other, so that most of them are updates rather than parts of the snapshot.
            if book.is_live() && entered < levels && book.bids().count() == entered {
                entered += 1;
                let cents = i64::try_from(entered).unwrap();
                place(&maker, &entered.to_string(), Side::Buy, cents, 5);
            }
            if book.bids().count() == levels {
                break;
            }
        }
    };
    timeout(PATIENCE, filled).await.expect("every level comes");
    assert!(poll_once(feed.close()).is_pending());
    timeout(PATIENCE, async {
        while gateway.sessions(Product::Prediction, SessionKind::MarketData) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .expect("the session is over though nobody waits for it");
}

/// A recovery that is dropped at any moment leaves a tracker to which another one brings the rest.
#[tokio::test]
async fn recoveries_that_are_dropped() {
    let gateway = Gateway::start().await.unwrap();
    let (member, other) = (gateway.member(), gateway.member());
    for member in [&member, &other] {
        member.deposit(Product::Prediction, 1_000_000);
    }
    let mut traded = 0;
    let mut trade = |count| {
        for _ in 0..count {
            traded += 1;
            place(&member, &format!("buy-{traded}"), Side::Buy, 40, 1);
            place(&other, &format!("sell-{traded}"), Side::Sell, 40, 1);
        }
    };
    let client = client_of(&gateway, &member);
    let settings = RecoverySettings {
        retry_after: Duration::from_millis(1),
        attempts: 1000,
        ..RecoverySettings::default()
    };
    let mut tracker = Tracker::new(TrackerSettings::default());
    let mut told = Vec::new();
    let mut session = client.drop_copy().await.unwrap();
    tracker.connected(Source::OrderEntry, false, &mut told);
    // Once, one knows of something; what comes after it is missed.
    trade(1);
    let first = Range {
        begin: ExecId::new(0, 0, 0),
        end: None,
    };
    let recovery = Recovery::of(vec![first], &tracker, settings.clone());
    let run = recovery.run(&mut session, &mut tracker, &SystemClock, &mut told);
    assert!(timeout(PATIENCE, run).await.unwrap().unwrap().is_complete());
    lose_a_connection(&mut tracker, &mut told);
    trade(20);
    for depth in DEPTHS {
        let recovery = Recovery::new(&tracker, settings.clone());
        let run = recovery.run(&mut session, &mut tracker, &SystemClock, &mut told);
        let done = poll_up_to(depth, Box::pin(run)).await;
        assert!(done.is_none_or(|done| done.unwrap().is_complete()));
        let run = recovery::recover(
            &mut session,
            &mut tracker,
            settings.clone(),
            &SystemClock,
            &mut told,
        );
        let done = poll_up_to(depth, Box::pin(run)).await;
        assert!(done.is_none_or(|done| done.unwrap().is_complete()));
    }
    let _ = session.close().await;
    lose_a_connection(&mut tracker, &mut told);
    trade(20);
    for depth in DEPTHS.into_iter().chain([usize::MAX]) {
        let run = recovery::recover_with(&client, &mut tracker, settings.clone(), &SystemClock, &mut told);
        let done = timeout(PATIENCE, poll_up_to(depth, Box::pin(run))).await;
        let done = done.expect("it is bounded");
        assert!(done.is_some() || depth < usize::MAX);
        assert!(done.is_none_or(|done| done.unwrap().is_complete()));
        // The key is free again when the venue has seen that the connection is gone.
        timeout(PATIENCE, async {
            while gateway.sessions(Product::Prediction, SessionKind::DropCopy) > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await
        .expect("the session that was opened for it is over");
    }
    // Whatever became of those, everything is there, and nothing was counted twice.
    let position = tracker.position(MARKET, AccountRef::default()).expect("fills");
    assert_eq!(position.net().unwrap().contracts(), Decimal::from(41));
    let fills = told.iter().filter(|event| matches!(event, TrackerEvent::Fill(_)));
    assert_eq!(fills.count(), 41);
}

fn lose_a_connection(tracker: &mut Tracker, told: &mut Vec<TrackerEvent>) {
    let nothing_in_doubt = RangeInclusive::new(1, 0);
    tracker.disconnected(Source::OrderEntry, &nothing_in_doubt, told);
    tracker.connected(Source::OrderEntry, true, told);
}

/// Each time that it has to wait, the future is dropped: of the orders, of a connection that is lost, and of the recovery
/// behind it, everything is told all the same.
#[tokio::test]
async fn a_followed_session_whose_futures_are_dropped() {
    let gateway = Gateway::start().await.unwrap();
    let member = gateway.member();
    member.deposit(Product::Prediction, 1_000_000);
    let mut eager = ReconnectPolicy::default();
    eager.backoff = Duration::from_millis(1);
    eager.longest_backoff = eager.backoff;
    eager.spacing = eager.backoff;
    eager.key_in_use_interval = eager.backoff;
    eager.maintenance = Vec::new();
    let key = PrivateKey::generate().unwrap();
    let trading = gateway.client_builder::<Prediction>(member.credentials(&key));
    let session = trading.reconnect(eager).build().unwrap().order_entry().await;
    let tracker = Tracker::new(TrackerSettings::default());
    let mut followed = Followed::new(session.unwrap(), tracker, client_of(&gateway, &member));
    let named = |id: &'static str| NewOrderSingle {
        symbol: MARKET.into(),
        ..order(id)
    };
    drop(followed.send(&named("never")));
    followed.send(&named("one")).await.unwrap();
    let mut open = 0;
    let (mut is_cut, mut is_recovered) = (false, false);
    let told = async {
        while open < 2 || !is_recovered {
            let event = match poll_once(followed.recv()) {
                Poll::Ready(event) => event.expect("the session goes on"),
                Poll::Pending => {
                    tokio::time::sleep(Duration::from_micros(200)).await;
                    continue;
                }
            };
            match event {
                FollowedEvent::Tracker(TrackerEvent::Changed {
                    to: OrderState::New, ..
                }) => {
                    open += 1;
                    if !is_cut {
                        is_cut = true;
                        let cut = Fault::new(Step::message("D"), Effect::Disconnect);
                        gateway.inject(cut);
                        followed.send(&named("lost")).await.unwrap();
                    }
                }
                FollowedEvent::Reconnected(_) => {
                    followed.send(&named("two")).await.unwrap();
                }
                FollowedEvent::Recovered(outcome) => is_recovered = outcome.is_complete(),
                _ => {}
            }
        }
    };
    timeout(PATIENCE, told).await.expect("everything is told");
    let known = |id| followed.tracker().by_cl_ord_id(id).is_some();
    assert!(known("one") && known("lost") && known("two") && !known("never"));
    assert!(poll_once(followed.close()).is_pending());
    timeout(PATIENCE, async {
        while gateway.sessions(Product::Prediction, SessionKind::OrderEntry) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .expect("the session is over though nobody waits for it");
}

#[tokio::test]
async fn a_gateway_whose_futures_are_dropped() {
    for depth in DEPTHS {
        if let Some(started) = poll_up_to(depth, Box::pin(Gateway::start())).await {
            drop(started.unwrap());
        }
        let start = Box::pin(Gateway::builder().market(MARKET).start());
        if let Some(started) = poll_up_to(depth, start).await {
            drop(started.unwrap());
        }
    }
    let gateway = Gateway::start().await.unwrap();
    let client = client_of(&gateway, &gateway.member());
    let mut session = client.order_entry().await.unwrap();
    assert!(poll_once(gateway.close()).is_pending());
    let end = async {
        loop {
            if let Some(Event::Ended(end)) = session.recv().await {
                break end;
            }
        }
    };
    timeout(PATIENCE, end).await.expect("it is gone at once");
}

/// The answer to a request is there, or still to come, however often its future was polled.
#[tokio::test]
async fn an_answer_is_polled_by_reference() {
    let gateway = Gateway::start().await.unwrap();
    let client = client_of(&gateway, &gateway.member());
    let session = client.order_entry().await.unwrap();
    for depth in DEPTHS {
        let order = NewOrderSingle {
            symbol: MARKET.into(),
            ..order("a")
        };
        let id = format!("id-{depth}");
        let order = NewOrderSingle {
            cl_ord_id: id.as_str().into(),
            ..order
        };
        let mut pending = session.begin(&order).await.unwrap();
        let submitted = match poll_up_to(depth, &mut pending).await {
            Some(submitted) => submitted,
            None => timeout(PATIENCE, pending).await.expect("an answer"),
        };
        submitted.acknowledged().expect("an order that is accepted");
    }
    let _ = session.close().await;
}
