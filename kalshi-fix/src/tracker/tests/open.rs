//! What is open, as limits see it.

use super::*;
use crate::environment::Product;
use crate::limits::OpenOrders;
use crate::orders;

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
