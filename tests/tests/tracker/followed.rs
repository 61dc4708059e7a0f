//! Sessions that are followed: what was missed is fetched without being asked for.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kalshi_fix::client::{Client, ClientBuilder, KalshiProduct};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::driver::{DriverSettings, InboundPolicy, SessionStore};
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::{Effect, Fault, Gateway, Member, Step, exchange};
use kalshi_fix::margin::{self, Margin};
use kalshi_fix::observe::{LogQueue, MessageLog};
use kalshi_fix::prediction::{self, Prediction};
use kalshi_fix::reconnect::ReconnectPolicy;
use kalshi_fix::recovery::{Followed, FollowedEvent, RecoverError, RecoverySettings};
use kalshi_fix::store::MemoryStore;
use kalshi_fix::tracker::{AccountRef, OrderState, Source, Tracker, TrackerEvent, TrackerSettings};
use tokio::time::timeout;

use super::sessions::{KEY, MARKET, PATIENCE, PERP, decimal, now, place};

/// An exchange, a member under test, and one to trade with.
struct Venue {
    gateway: Gateway,
    member: Member,
    other: Member,
}

impl Venue {
    /// Somebody else sells, for 40 cents, on prediction.
    fn sell_at_forty(&self, contracts: i64) {
        let (product, side) = (Product::Prediction, exchange::Side::Sell);
        place(&self.other, product, MARKET, side, "0.40", contracts);
    }

    async fn start(product: Product) -> Venue {
        let gateway = Gateway::builder().market(MARKET).margin_market(PERP);
        let gateway = gateway.start().await.unwrap();
        let (member, other) = (gateway.member(), gateway.member());
        for member in [&member, &other] {
            member.deposit(product, 1_000_000);
        }
        Venue {
            gateway,
            member,
            other,
        }
    }

    /// A client with a key of its own, whose sessions connect again where that is wanted.
    fn client<D: KalshiProduct>(&self, reconnects: bool) -> Client<D> {
        self.builder(reconnects).build().unwrap()
    }

    fn builder<D: KalshiProduct>(&self, reconnects: bool) -> ClientBuilder<D> {
        let mut eager = ReconnectPolicy::default();
        eager.backoff = Duration::from_millis(10);
        eager.longest_backoff = Duration::from_millis(50);
        eager.spacing = Duration::from_millis(5);
        eager.key_in_use_interval = Duration::from_millis(50);
        eager.maintenance = Vec::new();
        let key = PrivateKey::from_pem(KEY).unwrap();
        let builder = self.gateway.client_builder(self.member.credentials(&key));
        if reconnects {
            builder.reconnect(eager)
        } else {
            builder
        }
    }

    /// The connection ends instead of the next report.
    fn cut_at_the_next_report(&self, kind: SessionKind) {
        self.gateway
            .inject(Fault::new(Step::sending("8"), Effect::Disconnect).on(kind));
    }
}

/// The lines of a message log.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// How many execution reports have come.
    fn reports(&self) -> usize {
        let lines = self.0.lock().unwrap();
        let is_report = |window: &&[u8]| !window[0].is_ascii_digit() && window[1..] == *b"35=8";
        lines.windows(5).filter(is_report).count()
    }
}

impl Write for Heard {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_recovered(event: &FollowedEvent) -> bool {
    matches!(event, FollowedEvent::Recovered(outcome) if outcome.is_complete())
}

fn fills(events: &[FollowedEvent]) -> usize {
    let is_fill = |event: &&FollowedEvent| matches!(event, FollowedEvent::Tracker(TrackerEvent::Fill(_)));
    events.iter().filter(is_fill).count()
}

macro_rules! until {
    ($followed:expr, $wanted:expr) => {
        timeout(PATIENCE, async {
            let mut events = Vec::new();
            loop {
                let event = $followed.recv().await.expect("the session goes on");
                let found = $wanted(&event);
                events.push(event);
                if found {
                    return events;
                }
            }
        })
        .await
        .expect("in time")
    };
}

macro_rules! state {
    ($followed:expr, $id:expr) => {
        $followed
            .tracker()
            .by_cl_ord_id($id)
            .expect("a known order")
            .state()
    };
}

macro_rules! followed {
    ($name:ident, $dialect:ident, $marker:ident, $symbol:expr, $price:expr) => {
        mod $name {
            use $dialect::{NewOrderSingle, fields};

            use super::*;

            const PRODUCT: Product = $marker::PRODUCT;

            fn order(id: &str) -> NewOrderSingle<'_> {
                let (ten, price) = (decimal("10"), decimal($price));
                NewOrderSingle {
                    time_in_force: Some(fields::TimeInForce::GoodTillCancel),
                    ..NewOrderSingle::new(id, ten, fields::OrdType::Limit, price, fields::Side::Buy, $symbol)
                }
            }

            fn sell(venue: &Venue, contracts: i64) {
                place(&venue.other, PRODUCT, $symbol, exchange::Side::Sell, $price, contracts);
            }

            fn becomes(state: OrderState) -> impl Fn(&FollowedEvent) -> bool {
                move |event| matches!(event, FollowedEvent::Tracker(TrackerEvent::Changed { to, .. }) if *to == state)
            }

            fn check_position(venue: &Venue, tracker: &Tracker, contracts: &str) {
                let position = tracker.position($symbol, AccountRef::default()).unwrap();
                let net = position.net().unwrap().contracts();
                assert_eq!(net, decimal(contracts));
                assert_eq!(net, venue.member.position(PRODUCT, $symbol));
            }

            #[tokio::test]
            async fn what_was_missed_is_fetched_without_being_asked_for() {
                let venue = Venue::start(PRODUCT).await;
                let session = venue.client::<$marker>(true).order_entry().await.unwrap();
                let tracker = Tracker::new(TrackerSettings::default());
                let mut followed = Followed::new(session, tracker, venue.client(false));
                for id in ["filled", "part"] {
                    followed.send(&order(id)).await.unwrap();
                    until!(followed, becomes(OrderState::New));
                }
                venue.cut_at_the_next_report(SessionKind::OrderEntry);
                sell(&venue, 14);
                let events = until!(followed, is_recovered);
                let lost = |event: &FollowedEvent| matches!(event, FollowedEvent::Disconnected(_));
                assert!(events.iter().any(lost), "{events:?}");
                assert_eq!(state!(followed, "filled"), OrderState::Filled);
                assert_eq!(state!(followed, "part"), OrderState::PartiallyFilled);
                assert_eq!(fills(&events), 2);
                check_position(&venue, followed.tracker(), "14");

                // The session goes on, and the second key is free for the next time.
                sell(&venue, 1);
                let wanted = |event: &FollowedEvent| matches!(event, FollowedEvent::Tracker(TrackerEvent::Fill(_)));
                until!(followed, wanted);
                venue.cut_at_the_next_report(SessionKind::OrderEntry);
                sell(&venue, 5);
                until!(followed, is_recovered);
                assert_eq!(state!(followed, "part"), OrderState::Filled);
                check_position(&venue, followed.tracker(), "20");
                let (tracker, closed) = followed.close().await;
                assert_eq!(closed.end.unwrap().to_string(), "logged out");
                assert_eq!(tracker.open_orders().count(), 0);
            }

            #[tokio::test]
            async fn a_second_key_that_is_in_use_is_tried_again() {
                let venue = Venue::start(PRODUCT).await;
                let copies = venue.client::<$marker>(false);
                let holder = copies.drop_copy().await.unwrap();
                let session = venue.client::<$marker>(true).order_entry().await.unwrap();
                let mut settings = RecoverySettings::default();
                settings.retry_after = Duration::from_millis(20);
                let mut followed =
                    Followed::new(session, Tracker::new(TrackerSettings::default()), copies).settings(settings);
                followed.send(&order("a")).await.unwrap();
                until!(followed, becomes(OrderState::New));
                venue.cut_at_the_next_report(SessionKind::OrderEntry);
                sell(&venue, 10);
                let failed = |event: &FollowedEvent| {
                    let FollowedEvent::RecoveryFailed { error, .. } = event else {
                        return false;
                    };
                    assert!(matches!(error, RecoverError::Open(_)), "{error}");
                    true
                };
                until!(followed, failed);
                until!(followed, failed);
                assert_eq!(state!(followed, "a"), OrderState::Unknown);
                assert!(holder.close().await.end.is_some());
                until!(followed, is_recovered);
                assert_eq!(state!(followed, "a"), OrderState::Filled);
            }

            #[tokio::test]
            async fn a_restored_tracker_is_brought_up_to_date_first() {
                restored_tracker(false).await;
            }

            /// The listener is as gone as the process that it was in.
            #[tokio::test]
            async fn a_restored_tracker_had_a_listener() {
                restored_tracker(true).await;
            }

            async fn restored_tracker(with_listener: bool) {
                let venue = Venue::start(PRODUCT).await;
                let trading = venue.client::<$marker>(false);
                let copies = venue.client::<$marker>(false);
                let session = trading.order_entry().await.unwrap();
                let mut followed =
                    Followed::new(session, Tracker::new(TrackerSettings::default()), copies.clone());
                followed.send(&order("a")).await.unwrap();
                until!(followed, becomes(OrderState::New));
                if with_listener {
                    let (tracker, told) = (followed.tracker_mut(), &mut Vec::new());
                    tracker.connected(Source::Listener, false, told);
                }
                // The process dies with a snapshot of what it knew.
                let snapshot = followed.tracker().snapshot();
                drop(followed);
                sell(&venue, 3);

                let tracker = Tracker::restore(&snapshot, TrackerSettings::default()).unwrap();
                let session = timeout(PATIENCE, async {
                    loop {
                        // The venue may not have noticed yet that the first one is gone.
                        if let Ok(session) = trading.order_entry().await {
                            return session;
                        }
                    }
                });
                let mut followed = Followed::new(session.await.unwrap(), tracker, copies);
                assert_eq!(state!(followed, "a"), OrderState::Unknown);
                let events = until!(followed, is_recovered);
                assert_eq!(fills(&events), 1);
                assert_eq!(state!(followed, "a"), OrderState::PartiallyFilled);
                check_position(&venue, followed.tracker(), "3");
            }

            #[tokio::test]
            async fn messages_that_were_dropped_are_fetched() {
                let venue = Venue::start(PRODUCT).await;
                let heard = Heard::default();
                let mut driver = DriverSettings::default();
                driver.inbound_policy = InboundPolicy::DropAndInvalidate;
                driver.max_waiting_events = 4;
                let key = PrivateKey::from_pem(KEY).unwrap();
                let trading = venue.gateway.client_builder::<$marker>(venue.member.credentials(&key));
                let log = MessageLog::writer(heard.clone(), LogQueue::default()).unwrap();
                let trading = trading.driver(driver).message_log(log).build().unwrap();
                let session = trading.order_entry().await.unwrap();
                let tracker = Tracker::new(TrackerSettings::default());
                let mut followed = Followed::new(session, tracker, venue.client(false));
                followed.send(&order("a")).await.unwrap();
                let mut events = until!(followed, becomes(OrderState::New));
                // Nobody takes the reports of eight fills, until all of them are there.
                let before = heard.reports();
                for _ in 0..8 {
                    sell(&venue, 1);
                }
                timeout(PATIENCE, async {
                    while heard.reports() < before + 8 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                })
                .await
                .expect("the session reads on");
                events.extend(until!(followed, is_recovered));
                let dropped = |event: &FollowedEvent| matches!(event, FollowedEvent::Dropped(_));
                assert!(events.iter().any(dropped), "{events:?}");
                assert_eq!(state!(followed, "a"), OrderState::PartiallyFilled);
                assert_eq!(fills(&events), 8);
                check_position(&venue, followed.tracker(), "8");
            }

            #[tokio::test]
            async fn a_session_that_retransmits_needs_no_recovery() {
                let venue = Venue::start(PRODUCT).await;
                let store = SessionStore::inline(MemoryStore::new(now()));
                let trading = venue.client::<$marker>(true);
                let session = trading.order_entry_retransmitting(store).await.unwrap();
                let tracker = Tracker::new(TrackerSettings::default());
                let mut followed = Followed::new(session, tracker, venue.client(false));
                followed.send(&order("a")).await.unwrap();
                until!(followed, becomes(OrderState::New));
                venue.cut_at_the_next_report(SessionKind::OrderEntryRetransmitting);
                sell(&venue, 10);
                let mut events = until!(followed, becomes(OrderState::Filled));
                followed.send(&order("b")).await.unwrap();
                events.extend(until!(followed, becomes(OrderState::New)));
                assert!(
                    events.iter().any(|event| matches!(event, FollowedEvent::Reconnected(_))),
                    "{events:?}"
                );
                let asked = |event: &FollowedEvent| {
                    matches!(
                        event,
                        FollowedEvent::Recovered(_) | FollowedEvent::RecoveryFailed { .. }
                    )
                };
                assert!(!events.iter().any(asked), "{events:?}");
                assert_eq!(fills(&events), 1);
                check_position(&venue, followed.tracker(), "10");
            }
        }
    };
}

followed!(on_prediction, prediction, Prediction, MARKET, "0.40");
followed!(on_margin, margin, Margin, PERP, "20000");

/// Ten contracts of [`MARKET`], at a price in the session's unit.
fn bid<'a>(id: &'a str, price: &str) -> prediction::NewOrderSingle<'a> {
    let (ten, limit) = (decimal("10"), prediction::fields::OrdType::Limit);
    let side = prediction::fields::Side::Buy;
    prediction::NewOrderSingle {
        time_in_force: Some(prediction::fields::TimeInForce::GoodTillCancel),
        ..prediction::NewOrderSingle::new(id, ten, limit, decimal(price), side, MARKET)
    }
}

fn is_accepted(event: &FollowedEvent) -> bool {
    matches!(event, FollowedEvent::Tracker(TrackerEvent::Changed { to, .. }) if *to == OrderState::New)
}

/// Times of the settings that no clock counts to: a range is fetched, and one that cannot be is tried again in the end.
#[tokio::test]
async fn no_time_of_a_recovery_is_too_long() {
    let venue = Venue::start(Product::Prediction).await;
    let mut settings = RecoverySettings::default();
    (settings.answer_timeout, settings.retry_after) = (Duration::MAX, Duration::MAX);
    let copies = venue.client::<Prediction>(false);
    let holder = copies.drop_copy().await.unwrap();
    // The key of the first is in use.
    for (copies, is_fetched) in [(copies, false), (venue.client(false), true)] {
        let session = venue.client::<Prediction>(true).order_entry().await.unwrap();
        let tracker = Tracker::new(TrackerSettings::default());
        let mut followed = Followed::new(session, tracker, copies).settings(settings.clone());
        let id = format!("fetched-{is_fetched}");
        followed.send(&bid(&id, "0.40")).await.unwrap();
        until!(followed, is_accepted);
        venue.cut_at_the_next_report(SessionKind::OrderEntry);
        venue.sell_at_forty(10);
        until!(followed, |event: &FollowedEvent| match event {
            FollowedEvent::RecoveryFailed { again_in, .. } => {
                assert_eq!((*again_in, is_fetched), (Duration::MAX, false));
                true
            }
            event => is_fetched && is_recovered(event),
        });
    }
    assert!(holder.close().await.end.is_some());
}

/// The unit of a report's prices is what the logon of its own session asked for, whatever that of the other did.
#[tokio::test]
async fn each_session_has_a_price_unit_of_its_own() {
    for (orders, copies) in [(false, true), (true, false), (false, false), (true, true)] {
        let venue = Venue::start(Product::Prediction).await;
        let unit = |dollars| {
            let client = venue.builder::<Prediction>(true).use_dollars(dollars);
            client.build().unwrap()
        };
        let session = unit(orders).order_entry().await.unwrap();
        let tracker = Tracker::new(TrackerSettings::default());
        let mut followed = Followed::new(session, tracker, unit(copies));
        let price = if orders { "0.40" } else { "40" };
        followed.send(&bid("a", price)).await.unwrap();
        until!(followed, is_accepted);
        venue.cut_at_the_next_report(SessionKind::OrderEntry);
        venue.sell_at_forty(4);
        until!(followed, is_recovered);
        let found = followed.tracker().by_cl_ord_id("a").expect("a known order");
        let (price, paid) = (found.price().unwrap(), found.filled().notional);
        assert_eq!(price.dollars(), decimal("0.40"), "{orders} {copies}");
        assert_eq!(paid.dollars(), decimal("1.60"), "{orders} {copies}");
        let position = followed
            .tracker()
            .position(MARKET, AccountRef::default())
            .unwrap();
        assert_eq!(
            position.bought().notional.dollars(),
            decimal("1.60"),
            "{orders} {copies}"
        );
    }
}
