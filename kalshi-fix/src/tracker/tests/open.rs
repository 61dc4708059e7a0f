//! What is open, as limits see it.

use std::time::Duration;

use super::*;
use crate::environment::Product;
use crate::limits::{Intent, LimitBreach, Limits, OpenOrders, PreTrade};
use crate::orders;
use crate::units::PriceUnits;

#[test]
fn limits_see_what_may_trade() {
    let mut world = world();
    world.order("a");
    world.read(&trade("2;1;3", "a", "4/6", "4@0.54"));
    world.order("b");
    world.order("c");
    let rejected = ExecutionReport {
        order_id: "order-3".into(),
        ..report("3;1", "88", "c", "0/0")
    };
    world.read(&rejected);
    world.lose();
    let mut seen = Vec::new();
    world.tracker.visit(&mut |order| {
        seen.push(format!(
            "{} {:?} {} {} at {} {:?} {:?} {:?}",
            order.cl_ord_id,
            order.order_id,
            order.side,
            order.open,
            order.price,
            order.symbol,
            order.account,
            order.exchange_index
        ));
    });
    let expected = [
        r#"a Some("order-1") Buy 6 at 0.55 "HIGHNY-23DEC31" Primary Some(3)"#,
        r#"b None Buy 10 at 0.55 "HIGHNY-23DEC31" Primary None"#,
    ];
    assert_eq!(seen, expected);
    assert_eq!(world.tracker.count(), 2);
    let cost = world.tracker.notional(Product::Prediction);
    assert_eq!(cost, Some("8.80".parse().unwrap()));
}

#[test]
fn what_has_no_price_cannot_be_reckoned() {
    let mut world = world();
    let report = ExecutionReport {
        price: None,
        alloc_account: Some(7),
        ..report("2;1", "00", "x", "0/10")
    };
    world.read_from(Source::Listener, &report);
    assert_eq!(
        (world.tracker.count(), world.tracker.notional(Product::Prediction)),
        (1, None)
    );
    world
        .tracker
        .visit(&mut |order| assert_eq!(order.account, orders::Account::Subaccount(7)));
}

/// Admits an amend to 40 contracts at 55 cents (22 dollars), and sends it.
fn amend_to_forty(
    pre_trade: &mut PreTrade,
    world: &mut World,
    cl_ord_id: &str,
    orig_cl_ord_id: &str,
) -> Result<(), LimitBreach> {
    let frame = format!(
        "8=FIXT.1.1\x0135=G\x0111={cl_ord_id}\x0138=40\x0140=2\x0141={orig_cl_ord_id}\x0144=0.55\x0154=1\x0155=M\x01"
    );
    let units = PriceUnits::new(Product::Prediction, PriceUnit::Dollars);
    let intent = Intent::of_frame(units, b"G", frame.as_bytes());
    pre_trade
        .admit(Duration::ZERO, &intent, &world.tracker)
        .map(drop)?;
    let (forty, limit) = (decimal("40"), fields::OrdType::Limit);
    world.send(&OrderCancelReplaceRequest {
        price: Some(decimal("0.55")),
        ..OrderCancelReplaceRequest::new(cl_ord_id, forty, limit, orig_cl_ord_id, fields::Side::Buy, MARKET)
    });
    Ok(())
}

/// Two orders that rest, of 5.50 dollars each.
fn two_rest() -> World {
    let mut world = world();
    for (id, exec_id, order_id) in [("a", "1;1", "order-1"), ("b", "2;1", "order-2")] {
        world.order(id);
        world.read(&ExecutionReport {
            order_id: order_id.into(),
            ..report(exec_id, "00", id, "0/10")
        });
    }
    world
}

#[test]
fn an_amend_without_an_answer_counts_at_the_dearer_terms() {
    let mut world = two_rest();
    let mut pre_trade = PreTrade::new(Limits::default().max_open_notional("34".parse().unwrap()));
    assert_eq!(amend_to_forty(&mut pre_trade, &mut world, "c", "a"), Ok(()));
    let cost = |world: &World| {
        let cost = world.tracker.notional(Product::Prediction);
        cost.map(|cost| cost.to_string())
    };
    assert_eq!(cost(&world).as_deref(), Some("27.50"));
    let refused = amend_to_forty(&mut pre_trade, &mut world, "d", "b");
    assert!(
        matches!(refused, Err(LimitBreach::OpenNotional { .. })),
        "{refused:?}"
    );
    // Nor while nobody knows whether it was taken.
    world.lose();
    world.connect(false);
    let refused = amend_to_forty(&mut pre_trade, &mut world, "d", "b");
    assert!(
        matches!(refused, Err(LimitBreach::OpenNotional { .. })),
        "{refused:?}"
    );
    // Its refusal lets go of it.
    let reject = OrderCancelReject {
        orig_cl_ord_id: Some("a".into()),
        ..OrderCancelReject::new(
            "order-1",
            "c",
            fields::OrdStatus::New,
            fields::CxlRejResponseTo::OrderCancelReplaceRequest,
        )
    };
    world.read(&reject);
    assert_eq!(cost(&world).as_deref(), Some("11.00"));
    assert_eq!(amend_to_forty(&mut pre_trade, &mut world, "d", "b"), Ok(()));
}
