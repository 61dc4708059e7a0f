//! Limits by themselves, and what counts as open.

use std::sync::Mutex;

use super::*;
use crate::limits::{Cancels, KillState, Names, NothingOpen, OpenOrder};
use crate::orders::Side;
use crate::units::{PriceUnit, PriceUnits};

fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

fn order(side: Side, quantity: i64, dollars: &str) -> Intent<'static> {
    Intent::order(
        Product::Prediction,
        "M",
        side,
        Quantity::from_whole(quantity),
        price(dollars),
    )
}

fn two_open() -> Vec<OpenOrder<'static>> {
    let ten = Quantity::from_whole(10);
    vec![
        OpenOrder::new("1", "M", Side::Buy, ten, price("0.40")),
        OpenOrder::new("2", "M", Side::Sell, ten, price("0.40")),
    ]
}

/// An order of 10 at 57 cents, and one that is just too much.
#[track_caller]
fn check(limits: Limits, too_much: &Intent<'_>, expected: &str) {
    let mut pre_trade = PreTrade::new(limits);
    pre_trade.set_reference("M", Some(price("0.55")));
    assert_eq!(
        pre_trade
            .admit(Duration::ZERO, &order(Side::Buy, 10, "0.57"), &two_open())
            .map(drop),
        Ok(())
    );
    let breach = pre_trade
        .admit(Duration::ZERO, too_much, &two_open())
        .expect_err(expected);
    assert_eq!(breach.to_string(), expected);
}

#[test]
fn each_limit_names_itself_the_value_and_the_bound() {
    let limits = Limits::default;
    let dollars = |text: &str| text.parse::<Money>().unwrap();
    check(
        limits().max_order_quantity(Quantity::from_whole(10)),
        &order(Side::Buy, 11, "0.57"),
        "the limit on an order's quantity: 11 contracts, at most 10 are allowed",
    );
    check(
        limits().price_band(PriceBand::Between(price("0.10"), price("0.57"))),
        &order(Side::Buy, 1, "0.58"),
        "the price band of M: 0.58 dollars, 0.10 to 0.57 is allowed",
    );
    check(
        limits().price_band(PriceBand::AroundReference(price("0.02"))),
        &order(Side::Buy, 1, "0.52"),
        "the price band of M: 0.52 dollars, 0.53 to 0.57 is allowed",
    );
    check(
        limits().max_order_notional(dollars("5.70")),
        &order(Side::Sell, 10, "0.42"),
        "the limit on what an order may cost: 5.80 dollars, at most 5.70 are allowed",
    );
    // Open: 4 dollars for the bid, 6 for the offer.
    check(
        limits().max_open_notional(dollars("15.70")),
        &order(Side::Buy, 10, "0.58"),
        "the limit on what open orders may cost: 15.80 dollars with this one, at most 15.70 are allowed",
    );
    check(
        limits().max_order_rate(1, Duration::from_secs(1)),
        &order(Side::Buy, 1, "0.57"),
        "the limit on the rate of orders: this would be number 2 within 1s, at most 1 are allowed",
    );
}

#[test]
fn open_orders_are_counted_with_the_new_one() {
    let mut pre_trade = PreTrade::new(Limits::default().max_open_orders(2));
    let breach = pre_trade
        .admit(Duration::ZERO, &order(Side::Buy, 1, "0.5"), &two_open())
        .unwrap_err();
    assert_eq!(
        breach.to_string(),
        "the limit on open orders: 3 with this one, at most 2 are allowed"
    );
    // What is behind a lock counts alike.
    let shared = Mutex::new(two_open());
    let again = pre_trade.admit(Duration::ZERO, &order(Side::Buy, 1, "0.5"), &shared);
    assert_eq!(again.unwrap_err(), breach);
    // An amendment opens none.
    let amendment = Intent {
        kind: IntentKind::Amendment,
        ..order(Side::Buy, 1, "0.5")
    };
    assert!(pre_trade.admit(Duration::ZERO, &amendment, &two_open()).is_ok());
}

#[test]
fn what_is_off_lets_everything_through() {
    let mut pre_trade = PreTrade::default();
    let huge = order(Side::Buy, i64::MAX, "0.99");
    assert!(pre_trade.admit(Duration::ZERO, &huge, &NothingOpen).is_ok());
    for kind in [
        IntentKind::Order,
        IntentKind::Amendment,
        IntentKind::Quote,
        IntentKind::Other,
    ] {
        let unknown = Intent::of_kind(Product::Margin, kind);
        assert!(pre_trade.admit(Duration::ZERO, &unknown, &NothingOpen).is_ok());
    }
}

#[test]
fn what_cannot_be_read_is_not_let_through() {
    let all = Limits::default()
        .max_order_quantity(Quantity::from_whole(1))
        .price_band(PriceBand::Between(Price::ZERO, Price::ONE_DOLLAR))
        .max_order_notional(Money::ZERO);
    let check = |missing: Intent<'_>, field: &str| {
        let breach = PreTrade::new(all.clone())
            .admit(Duration::ZERO, &missing, &NothingOpen)
            .unwrap_err();
        let LimitBreach::Unreadable { field: found } = breach else {
            panic!("{breach}")
        };
        assert_eq!(found, field);
    };
    check(
        Intent {
            quantity: None,
            ..order(Side::Buy, 1, "0.5")
        },
        "OrderQty (38)",
    );
    check(
        Intent {
            price: None,
            ..order(Side::Buy, 1, "0.5")
        },
        "Price (44)",
    );
    check(
        Intent {
            symbol: None,
            ..order(Side::Buy, 1, "0.5")
        },
        "Symbol (55)",
    );
    check(
        Intent {
            side: None,
            ..order(Side::Buy, 1, "0.5")
        },
        "Price (44), OrderQty (38) or Side (54)",
    );
    let no_reference = Limits::default().price_band(PriceBand::AroundReference(price("0.1")));
    let breach = PreTrade::new(no_reference).admit(Duration::ZERO, &order(Side::Buy, 1, "0.5"), &NothingOpen);
    assert_eq!(
        breach,
        Err(LimitBreach::NoReference {
            symbol: "M".to_owned()
        })
    );
}

#[test]
fn an_amendment_that_leaves_the_price_is_reckoned_at_the_most_it_can_be() {
    let mut pre_trade = PreTrade::new(Limits::default().max_order_notional("9".parse().unwrap()));
    let amendment = |quantity| Intent {
        kind: IntentKind::Amendment,
        price: None,
        ..order(Side::Buy, quantity, "0.5")
    };
    assert!(
        pre_trade
            .admit(Duration::ZERO, &amendment(9), &NothingOpen)
            .is_ok()
    );
    let breach = pre_trade.admit(Duration::ZERO, &amendment(10), &NothingOpen);
    assert!(matches!(breach, Err(LimitBreach::Notional { .. })), "{breach:?}");
}

#[test]
fn the_rate_is_that_of_any_interval() {
    let second = Duration::from_secs(1);
    let mut pre_trade = PreTrade::new(Limits::default().max_order_rate(2, second));
    let mut admit = |millis: u64| {
        let at = Duration::from_millis(millis);
        let admitted = pre_trade.admit(at, &order(Side::Buy, 1, "0.5"), &NothingOpen);
        admitted.ok()
    };
    assert!(admit(0).is_some() && admit(900).is_some());
    assert!(admit(999).is_none());
    assert!(admit(1_000).is_some());
    assert!(admit(1_899).is_none());
    let last = admit(1_900).expect("the second within a second");
    assert!(admit(1_900).is_none());
    pre_trade.take_back(last);
    let again = pre_trade.admit(
        Duration::from_millis(1_900),
        &order(Side::Buy, 1, "0.5"),
        &NothingOpen,
    );
    assert!(again.is_ok());
}

#[test]
fn messages_are_read_in_the_unit_of_their_session() {
    let frame = b"8=FIXT.1.1\x0135=D\x0111=1\x0138=10.50\x0140=2\x0144=57\x0154=2\x0155=M\x01";
    let units = PriceUnits::new(Product::Prediction, PriceUnit::Cents);
    let intent = Intent::of_frame(units, b"D", frame);
    let quantity = "10.5".parse().unwrap();
    assert_eq!(
        intent,
        Intent::order(Product::Prediction, "M", Side::Sell, quantity, price("0.57")).named("1")
    );
    assert_eq!(
        intent.notional().map(|cost| cost.to_string()).as_deref(),
        Some("4.5150")
    );
    let malformed = Intent::of_frame(units, b"D", b"38=x\x0144=\x0154=3\x0155=\xff\x01");
    assert_eq!(malformed, Intent::of_kind(Product::Prediction, IntentKind::Order));
}

/// Someone who tracks orders: which are open, and what else has been heard of.
#[derive(Default)]
struct Desk {
    open: Vec<OpenOrder<'static>>,
    heard_of: Vec<&'static str>,
}

impl OpenOrders for Desk {
    fn count(&self) -> usize {
        self.open.len()
    }

    fn visit(&self, visitor: &mut dyn FnMut(&OpenOrder<'_>)) {
        self.open.iter().for_each(visitor);
    }

    fn has_heard_of(&self, cl_ord_id: &str) -> bool {
        self.heard_of.contains(&cl_ord_id)
    }
}

fn seconds(time: u64) -> Duration {
    Duration::from_secs(time)
}

/// An order of a dollar, by its identifier.
fn named(cl_ord_id: &'static str) -> Intent<'static> {
    order(Side::Buy, 2, "0.50").named(cl_ord_id)
}

#[test]
fn what_was_let_through_counts_until_it_is_known() {
    let open_orders = Limits::default().max_open_orders(1);
    let open_notional = Limits::default().max_open_notional("1.50".parse().unwrap());
    for limits in [open_orders, open_notional] {
        let mut pre_trade = PreTrade::new(limits);
        let mut desk = Desk::default();
        let mut admit = |desk: &Desk, time, id| pre_trade.admit(seconds(time), &named(id), desk);
        admit(&desk, 0, "a").unwrap();
        assert!(admit(&desk, 0, "b").is_err(), "it is not known yet");
        desk.heard_of.push("a");
        let one = Quantity::from_whole(2);
        desk.open
            .push(OpenOrder::new("a", "M", Side::Buy, one, price("0.50")));
        assert!(admit(&desk, 0, "b").is_err(), "it is open");
        desk.open.clear();
        let b = admit(&desk, 0, "b").unwrap();
        assert!(admit(&desk, 0, "c").is_err());
        pre_trade.take_back(b);
        let mut admit = |desk: &Desk, time, id| pre_trade.admit(seconds(time), &named(id), desk);
        admit(&desk, 1, "c").unwrap();
        // Nobody ever hears of it.
        assert!(admit(&desk, 60, "d").is_err());
        admit(&desk, 61, "a").unwrap();
        // What was heard of "a" before says nothing about this one.
        assert!(admit(&desk, 120, "d").is_err());
        admit(&desk, 121, "d").unwrap();
    }
}

#[test]
fn what_is_refused_counts_no_more() {
    let mut pre_trade = PreTrade::new(Limits::default());
    let desk = Desk::default();
    let counted = |pre_trade: &mut PreTrade| pre_trade.unheard_orders(seconds(1), &desk).0;
    let first = pre_trade
        .admit(seconds(0), &named("a"), &Desk::default())
        .unwrap();
    let second = pre_trade
        .admit(seconds(0), &named("a"), &Desk::default())
        .unwrap();
    let third = pre_trade
        .admit(seconds(0), &named("b"), &Desk::default())
        .unwrap();
    pre_trade.refused(third, Names::ClOrdId);
    assert_eq!(counted(&mut pre_trade), 2);
    pre_trade.refused(second, Names::ClOrdId);
    assert_eq!(counted(&mut pre_trade), 2, "it may be the first that was refused");
    pre_trade.refused(first, Names::SequenceNumber);
    assert_eq!(pre_trade.unheard_orders(seconds(1), &desk), (1, seconds(59)));
    // Of limits that took the place of these.
    let old = pre_trade.admit(seconds(1), &named("c"), &desk).unwrap();
    pre_trade = PreTrade::default();
    for id in ["d", "e", "f", "g"] {
        pre_trade.admit(seconds(2), &named(id), &desk).unwrap();
    }
    pre_trade.refused(old, Names::SequenceNumber);
    assert_eq!(pre_trade.unheard_orders(seconds(2), &desk).0, 4);
}

#[test]
fn a_breach_says_how_many_are_not_known() {
    let check = |orders: usize, expected: &str| {
        let mut pre_trade = PreTrade::new(Limits::default().max_open_orders(orders));
        for id in ["a", "b", "c"].into_iter().take(orders) {
            pre_trade.admit(seconds(0), &named(id), &Desk::default()).unwrap();
        }
        let breach = pre_trade.admit(seconds(0), &named("d"), &Desk::default());
        assert_eq!(breach.unwrap_err().to_string(), expected);
    };
    check(
        0,
        "the limit on open orders: 1 with this one, at most 0 are allowed",
    );
    check(
        1,
        "the limit on open orders: 2 with this one, at most 1 are allowed; 1 of those counted is not known to the tracker: it \
         counts until the tracker is told, or for a minute",
    );
    check(
        2,
        "the limit on open orders: 3 with this one, at most 2 are allowed; 2 of those counted are not known to the tracker: they \
         count until it is told, or for a minute",
    );
    let mut pre_trade = PreTrade::new(Limits::default().max_open_notional("1.50".parse().unwrap()));
    pre_trade
        .admit(seconds(0), &named("a"), &Desk::default())
        .unwrap();
    let breach = pre_trade.admit(seconds(0), &named("b"), &Desk::default());
    assert_eq!(
        breach.unwrap_err().to_string(),
        "the limit on what open orders may cost: 2.00 dollars with this one, at most 1.50 are allowed; 1 of those counted is not \
         known to the tracker: it counts until the tracker is told, or for a minute"
    );
}

#[test]
fn where_nobody_tracks_orders_nothing_is_open() {
    let mut pre_trade = PreTrade::new(Limits::default().max_open_orders(1));
    for id in ["a", "b"] {
        assert!(pre_trade.admit(Duration::ZERO, &named(id), &NothingOpen).is_ok());
    }
    // Nor does what has no identifier count.
    for _ in 0..2 {
        let unnamed = order(Side::Buy, 1, "0.50");
        assert!(
            pre_trade
                .admit(Duration::ZERO, &unnamed, &Desk::default())
                .is_ok()
        );
    }
}

#[test]
fn what_nobody_hears_of_is_bounded() {
    let desk = Desk::default();
    let mut pre_trade = PreTrade::new(Limits::default().max_open_orders(100_000));
    let ids: Vec<String> = (0..=MOST_UNHEARD).map(|id| id.to_string()).collect();
    let mut refused = 0;
    for id in &ids {
        let intent = order(Side::Buy, 1, "0.50").named(id.as_str());
        match pre_trade.admit(Duration::ZERO, &intent, &desk) {
            Ok(_) => {}
            Err(breach) => {
                refused += 1;
                assert_eq!(breach, LimitBreach::Unheard { bound: MOST_UNHEARD });
            }
        }
    }
    assert_eq!(refused, 1);
    // Where no limit is on what is open, the oldest is let go of.
    pre_trade.set_limits(Limits::default());
    assert!(pre_trade.admit(Duration::ZERO, &named("more"), &desk).is_ok());
    assert!(
        pre_trade
            .admit(seconds(60), &order(Side::Buy, 1, "0.50"), &desk)
            .is_ok()
    );
    pre_trade.set_limits(Limits::default().max_open_orders(1));
    assert!(pre_trade.admit(seconds(60), &named("after"), &desk).is_ok());
}

#[test]
fn the_kill_switch_waits_for_what_is_not_known_yet() {
    let mut pre_trade = PreTrade::default();
    let mut desk = Desk::default();
    pre_trade.admit(seconds(0), &named("a"), &desk).unwrap();
    pre_trade.kill_switch_mut().trip("a test", Cancels::Single);
    assert_eq!(pre_trade.poll_kill_switch(seconds(0), &desk), []);
    let switch = pre_trade.kill_switch();
    assert_eq!(
        (switch.state(), switch.next_deadline()),
        (KillState::Canceling, Some(seconds(1)))
    );
    desk.heard_of.push("a");
    desk.open.push(OpenOrder::new(
        "a",
        "M",
        Side::Buy,
        Quantity::from_whole(2),
        price("0.50"),
    ));
    let cancel = KillAction::Cancel(desk.open[0].clone());
    assert_eq!(pre_trade.poll_kill_switch(seconds(1), &desk), [cancel]);
    desk.open.clear();
    assert_eq!(pre_trade.poll_kill_switch(seconds(2), &desk), []);
    assert_eq!(pre_trade.kill_switch().state(), KillState::Flat);
}
