//! Prices that no contract can have, which are mostly prices in another unit than was told.

use super::*;
use crate::margin;

/// What becomes of an order, an amend, a report and a fill at this price: the price in dollars, or the error.
fn check(unit: PriceUnit, value: &str, expected: Result<&str, &str>) {
    let price = decimal(value);
    let (ten, limit, side) = (decimal("10"), fields::OrdType::Limit, fields::Side::Buy);
    let order = NewOrderSingle::new("a-1", ten, limit, price, side, MARKET);
    let amend = OrderCancelReplaceRequest {
        price: Some(price),
        ..OrderCancelReplaceRequest::new("a-2", ten, limit, "a-1", side, MARKET)
    };
    let resting = ExecutionReport {
        price: Some(price),
        ..report("1;1", "00", "a-1", "0/10")
    };
    let fill = ExecutionReport {
        price: None,
        ..trade("1;2;0", "a-1", "1/9", &format!("1@{value}"))
    };

    let mut tracker = Tracker::new(TrackerSettings::default());
    let mut events = Vec::new();
    let text = |price: Option<Price>| price.map(|price| price.to_string()).ok_or_else(String::new);
    let sent = tracker.sent(time(0), 2, &order, unit, &mut events);
    let ordered = sent
        .map_err(|error| error.to_string())
        .and_then(|()| text(tracker.by_cl_ord_id("a-1").and_then(Order::price)));
    let amended = match amend.as_request(unit) {
        Ok(Some(Request::Replace(amend))) => text(amend.price),
        other => Err(other.expect_err("a price that is none").to_string()),
    };
    let read = |report: &ExecutionReport<'_>| match report.as_incoming(unit) {
        Ok(Some(Incoming::Report(report))) => text(report.fill.map(|fill| fill.price).or(report.price)),
        other => Err(other.expect_err("a price that is none").to_string()),
    };
    let with_field = |field: &str| match expected {
        Ok(price) => Ok(price.to_owned()),
        Err(error) => Err(format!("{field}: {error}")),
    };
    assert_eq!(ordered, with_field("Price (44)"), "{value} {unit:?}");
    assert_eq!(amended, with_field("Price (44)"), "{value} {unit:?}");
    assert_eq!(read(&resting), with_field("Price (44)"), "{value} {unit:?}");
    assert_eq!(read(&fill), with_field("LastPx (31)"), "{value} {unit:?}");
    if expected.is_err() {
        for report in [&resting, &fill] {
            let observed = tracker.read(time(1), Source::OrderEntry, report, unit, &mut events);
            assert!(matches!(observed, Err(ViewError::Price { .. })), "{observed:?}");
        }
        assert!(events.is_empty() && tracker.by_cl_ord_id("a-1").is_none());
    }
}

#[test]
fn a_contract_of_prediction_costs_no_more_than_a_dollar() {
    let (dollars, cents) = (PriceUnit::Dollars, PriceUnit::Cents);
    check(dollars, "0", Ok("0"));
    check(dollars, "0.0001", Ok("0.0001"));
    check(dollars, "1.0000", Ok("1.0000"));
    check(cents, "0", Ok("0.00"));
    check(cents, "40", Ok("0.40"));
    check(cents, "100", Ok("1.00"));
    let error = "the price 40 is none of a contract that pays 1 dollar: expected 0 to 1 dollars; is that the session's unit?";
    check(dollars, "40", Err(error));
    let error = "the price 1.0001 is none of a contract that pays 1 dollar: expected 0 to 1 dollars; is that the session's unit?";
    check(dollars, "1.0001", Err(error));
    let error = "the price -0.01 is none of a contract that pays 1 dollar: expected 0 to 1 dollars; is that the session's unit?";
    check(dollars, "-0.01", Err(error));
    let error = "the price 100.5 is none of a contract that pays 1 dollar: expected 0 to 100 cents; is that the session's unit?";
    check(cents, "100.5", Err(error));
}

/// It is rejected for its price: the order has ended nonetheless.
#[test]
fn the_rejection_of_a_price_that_is_none_is_read() {
    let mut world = World::new(TrackerSettings::default());
    world.order("a-1");
    world.read(&ExecutionReport {
        price: Some(decimal("1.50")),
        ..report("1;1", "88", "a-1", "0/0")
    });
    world.check("a-1", OrderState::Rejected, "0");
    let price = world.tracker.by_cl_ord_id("a-1").and_then(Order::price);
    assert_eq!(price.map(|price| price.to_string()).as_deref(), Some("0.55"));
}

#[test]
fn margin_has_no_such_range() {
    let order = margin::NewOrderSingle::new(
        "m-1",
        decimal("1"),
        margin::fields::OrdType::Limit,
        decimal("61234.5"),
        margin::fields::Side::Sell,
        "BTC-PERP",
    );
    for unit in [PriceUnit::Dollars, PriceUnit::Cents] {
        let Ok(Some(Request::New(order))) = order.as_request(unit) else {
            panic!("an order")
        };
        assert_eq!(order.price, Some(Price::from_dollars(decimal("61234.5"))));
    }
}
