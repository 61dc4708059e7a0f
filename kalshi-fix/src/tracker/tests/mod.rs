//! An order's life, told by reports in and out of order.

mod bounds;
mod doubt;
mod gaps;
mod late;
mod open;
mod range;

use fix_dialect::{Decimal, Timestamp};

use super::*;
use crate::prediction::{
    BusinessMessageReject, ExecutionReport, NewOrderSingle, OrderCancelReject, OrderCancelReplaceRequest,
    OrderCancelRequest, OrderMassCancelReport, OrderMassCancelRequest, fields, groups,
};
use crate::units::{Money, Price, Quantity};

const MARKET: &str = "HIGHNY-23DEC31";

fn decimal(text: &str) -> Decimal {
    fix_dialect::parse_decimal(text.as_bytes()).expect("a decimal")
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(1_800_000_000_000_000_000 + seconds * 1_000_000_000)
}

/// A report: ExecID, ExecType and OrdStatus (`F1`), ClOrdID, and `cum/leaves`.
fn report(exec_id: &str, kind: &str, cl_ord_id: &str, filled: &str) -> ExecutionReport<'static> {
    let (cum, leaves) = filled.split_once('/').expect("cum/leaves");
    let (cum, leaves) = (decimal(cum), decimal(leaves));
    let [exec_type, ord_status] = kind.as_bytes() else {
        panic!("{kind}")
    };
    let exec_type = fields::ExecType::from_wire(&[*exec_type]).expect("an ExecType");
    let ord_status = fields::OrdStatus::from_wire(&[*ord_status]).expect("an OrdStatus");
    let (id, exec_id) = (cl_ord_id.to_owned(), exec_id.to_owned());
    ExecutionReport {
        price: Some(decimal("0.55")),
        ..ExecutionReport::new(
            decimal("0"),
            id,
            cum,
            exec_id,
            "order-1",
            cum + leaves,
            ord_status,
            fields::Side::Buy,
            MARKET,
            exec_type,
            leaves,
        )
    }
}

/// A trade of `quantity@price`, with a fee of a cent.
fn trade(exec_id: &str, cl_ord_id: &str, filled: &str, fill: &str) -> ExecutionReport<'static> {
    let (quantity, price) = fill.split_once('@').expect("quantity@price");
    let status = if filled.ends_with("/0") { "F2" } else { "F1" };
    let fee = groups::MiscFee::new(
        decimal("0.01"),
        "USD",
        fields::MiscFeeType::ExchangeFees,
        fields::MiscFeeBasis::Absolute,
    );
    ExecutionReport {
        last_qty: Some(decimal(quantity)),
        last_px: Some(decimal(price)),
        misc_fees: Some(vec![fee]),
        ..report(exec_id, status, cl_ord_id, filled)
    }
}

fn renamed<'a>(orig_cl_ord_id: &'a str, report: ExecutionReport<'a>) -> ExecutionReport<'a> {
    ExecutionReport {
        orig_cl_ord_id: Some(orig_cl_ord_id.into()),
        ..report
    }
}

fn saying<'a>(text: &'a str, report: ExecutionReport<'a>) -> ExecutionReport<'a> {
    ExecutionReport {
        text: Some(text.into()),
        ..report
    }
}

struct World {
    tracker: Tracker,
    events: Vec<TrackerEvent>,
    sent: u64,
    seconds: i64,
}

impl World {
    fn new(settings: TrackerSettings) -> World {
        World {
            tracker: Tracker::new(settings),
            events: Vec::new(),
            sent: 1,
            seconds: 0,
        }
    }

    fn send(&mut self, message: &impl AsRequest) {
        self.sent += 1;
        self.events.clear();
        self.tracker
            .sent(
                time(self.seconds),
                self.sent,
                message,
                PriceUnit::Dollars,
                &mut self.events,
            )
            .expect("a request that can be read");
    }

    fn order(&mut self, cl_ord_id: &str) {
        let (ten, limit, price) = (decimal("10"), fields::OrdType::Limit, decimal("0.55"));
        self.send(&NewOrderSingle::new(
            cl_ord_id,
            ten,
            limit,
            price,
            fields::Side::Buy,
            MARKET,
        ));
    }

    fn amend(&mut self, cl_ord_id: &str, orig_cl_ord_id: &str) {
        let (twelve, limit) = (decimal("12"), fields::OrdType::Limit);
        let side = fields::Side::Buy;
        self.send(&OrderCancelReplaceRequest::new(
            cl_ord_id,
            twelve,
            limit,
            orig_cl_ord_id,
            side,
            MARKET,
        ));
    }

    fn cancel(&mut self, cl_ord_id: &str, orig_cl_ord_id: &str) {
        self.send(&OrderCancelRequest::new(
            cl_ord_id,
            orig_cl_ord_id,
            fields::Side::Buy,
            MARKET,
        ));
    }

    fn read_from(&mut self, source: Source, message: &impl AsIncoming) {
        self.events.clear();
        self.tracker
            .read(
                time(self.seconds),
                source,
                message,
                PriceUnit::Dollars,
                &mut self.events,
            )
            .expect("a message that can be read");
    }

    fn read(&mut self, message: &impl AsIncoming) {
        self.read_from(Source::OrderEntry, message);
    }

    #[track_caller]
    fn state(&self, cl_ord_id: &str) -> OrderState {
        self.tracker
            .by_cl_ord_id(cl_ord_id)
            .expect("a known order")
            .state()
    }

    /// The state, and what is counted as filled.
    #[track_caller]
    fn check(&self, cl_ord_id: &str, state: OrderState, filled: &str) {
        let order = self.tracker.by_cl_ord_id(cl_ord_id).expect("a known order");
        assert_eq!(order.state(), state, "{:?}", self.events);
        assert_eq!(
            order.filled().quantity,
            filled.parse().unwrap(),
            "{:?}",
            self.events
        );
    }

    fn net(&self) -> Quantity {
        let position = self.tracker.position(MARKET, AccountRef::default());
        position.map_or(Quantity::ZERO, |position| position.net().unwrap())
    }

    fn inconsistencies(&self) -> Vec<Inconsistency> {
        let of = |event: &'_ TrackerEvent| match event {
            TrackerEvent::Inconsistent(inconsistency) => Some(inconsistency.clone()),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    fn lose(&mut self) {
        self.events.clear();
        let in_doubt = self.sent..=self.sent;
        self.tracker
            .disconnected(Source::OrderEntry, &in_doubt, &mut self.events);
    }

    fn connect(&mut self, missed: bool) {
        self.events.clear();
        self.tracker
            .connected(Source::OrderEntry, missed, &mut self.events);
    }
}

fn world() -> World {
    World::new(TrackerSettings::default())
}

#[test]
fn an_order_lives_and_is_cancelled() {
    let mut world = world();
    world.order("a");
    world.check("a", OrderState::PendingNew, "0");
    world.read(&report("-1;-1", "AA", "a", "0/10"));
    assert!(world.events.is_empty());
    world.check("a", OrderState::PendingNew, "0");
    world.read(&report("1;1", "00", "a", "0/10"));
    world.check("a", OrderState::New, "0");
    world.read(&trade("2;1", "a", "4/6", "4@0.54"));
    world.check("a", OrderState::PartiallyFilled, "4");

    world.amend("b", "a");
    world.check("a", OrderState::PendingReplace, "4");
    world.read(&renamed("a", report("-1;-1", "EE", "b", "4/6")));
    world.check("a", OrderState::PendingReplace, "4");
    world.read(&renamed("a", report("3;1", "55", "b", "4/8")));
    world.check("b", OrderState::PartiallyFilled, "4");
    let order = world.tracker.by_cl_ord_id("a").unwrap();
    assert_eq!(order.identifiers().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(
        (order.cl_ord_id(), order.order_qty().unwrap()),
        ("b", "12".parse().unwrap())
    );
    assert!(order.pending_requests().is_empty());

    world.cancel("c", "b");
    world.check("c", OrderState::PendingCancel, "4");
    world.read(&renamed("b", report("4;1", "44", "c", "4/0")));
    world.check("a", OrderState::Canceled, "4");
    assert!(world.tracker.by_cl_ord_id("c").is_none());
    let order = world.tracker.by_cl_ord_id("b").unwrap();
    assert_eq!(order.ended(), Some(Ended::Requested));
    assert_eq!((order.cl_ord_id(), order.leaves_qty()), ("b", Quantity::ZERO));
    assert_eq!(order.fees(), "0.01".parse::<Money>().unwrap());
    assert_eq!(world.tracker.open_orders().count(), 0);
    assert_eq!(world.net(), "4".parse().unwrap());
}

#[test]
fn the_acknowledgement_can_be_folded_into_the_first_trade() {
    let mut world = world();
    world.order("a");
    world.read(&trade("1;2", "a", "10/0", "10@0.5"));
    world.check("a", OrderState::Filled, "10");
    // It comes all the same, later.
    world.read(&report("1;1", "00", "a", "0/10"));
    assert!(world.events.is_empty());
    world.check("a", OrderState::Filled, "10");
}

#[test]
fn late_reports_change_nothing_but_what_they_add() {
    let mut world = world();
    world.order("a");
    world.amend("b", "a");
    world.read(&trade("5;1", "b", "7/5", "3@0.55"));
    world.check("a", OrderState::PartiallyFilled, "3");
    assert_eq!(
        world.tracker.by_cl_ord_id("a").unwrap().missing_fills(),
        "4".parse().unwrap()
    );
    world.read(&trade("2;1", "a", "4/6", "4@0.54"));
    world.check("b", OrderState::PartiallyFilled, "7");
    world.read(&renamed("a", report("3;1", "55", "b", "4/8")));
    world.read(&report("1;1", "00", "a", "0/10"));
    let order = world.tracker.by_cl_ord_id("b").unwrap();
    assert_eq!(order.cum_qty(), "7".parse().unwrap());
    assert!(order.missing_fills().is_zero());
    assert_eq!(order.identifiers().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_fill_counts_once_whichever_session_brings_it() {
    let mut world = world();
    world.order("a");
    let fill = trade("2;1;3", "a", "4/6", "4@0.54");
    world.read(&fill);
    assert_eq!(world.events.len(), 2);
    for source in [Source::Listener, Source::DropCopy, Source::OrderEntry] {
        world.read_from(source, &fill);
        assert!(world.events.is_empty(), "{source:?}: {:?}", world.events);
    }
    // In cents, on another session.
    let cents = ExecutionReport {
        last_px: Some(decimal("54")),
        price: Some(decimal("55")),
        ..fill
    };
    let mut events = Vec::new();
    world
        .tracker
        .read(time(9), Source::Listener, &cents, PriceUnit::Cents, &mut events)
        .unwrap();
    assert!(events.is_empty(), "{events:?}");
    assert_eq!(world.net(), "4".parse().unwrap());
    // The same place on another index is another fill, and an order has one index.
    world.read(&trade("2;1", "a", "4/6", "4@0.54"));
    assert!(matches!(
        world.inconsistencies()[..],
        [Inconsistency::Mismatch {
            field: "exchange index",
            ..
        }]
    ));
    assert_eq!(world.net(), "4".parse().unwrap());
}

#[test]
fn refusals_before_the_exchange_are_found_by_reference() {
    let busy = |ref_seq_num, ref_id: Option<&'static str>| BusinessMessageReject {
        ref_seq_num,
        business_reject_ref_id: ref_id.map(Into::into),
        ..BusinessMessageReject::new(fields::BusinessRejectReason::OtherReason)
    };
    let mut world = world();
    world.order("a");
    world.read(&busy(Some(2), None));
    world.check("a", OrderState::Rejected, "0");
    world.order("b");
    world.read(&busy(None, Some("b")));
    world.check("b", OrderState::Rejected, "0");
    world.read(&busy(Some(3), None));
    assert!(matches!(
        world.events[..],
        [TrackerEvent::Unattributed(Unattributed::Refusal { .. })]
    ));
    // An amend that is refused so leaves the order as it was.
    world.order("c");
    world.read(&report("4;1", "00", "c", "0/10"));
    world.amend("d", "c");
    world.read(&busy(Some(5), None));
    assert!(matches!(
        &world.events[0],
        TrackerEvent::RequestRefused { kind: RequestKind::Replace, cl_ord_id, .. } if **cl_ord_id == *"d"
    ));
    world.check("c", OrderState::New, "0");
}

fn cancel_reject(
    cl_ord_id: &'static str,
    status: fields::OrdStatus,
    text: &'static str,
) -> OrderCancelReject<'static> {
    OrderCancelReject {
        orig_cl_ord_id: Some("a".into()),
        text: Some(text.into()),
        ..OrderCancelReject::new(
            "order-1",
            cl_ord_id,
            status,
            fields::CxlRejResponseTo::OrderCancelRequest,
        )
    }
}

#[test]
fn refused_amends_and_cancels() {
    let mut world = world();
    world.order("a");
    world.read(&report("1;1", "00", "a", "0/10"));
    world.amend("b", "a");
    world.cancel("c", "a");
    world.check("a", OrderState::PendingCancel, "0");
    world.read(&cancel_reject("c", fields::OrdStatus::New, "ORDER_NOT_FOUND"));
    world.check("a", OrderState::PendingReplace, "0");
    world.read(&cancel_reject(
        "b",
        fields::OrdStatus::New,
        "INVALID_AMEND_QTY_FOR_ORDER",
    ));
    world.check("a", OrderState::New, "0");
    // Once more: nothing is under way.
    world.read(&cancel_reject(
        "b",
        fields::OrdStatus::New,
        "INVALID_AMEND_QTY_FOR_ORDER",
    ));
    assert!(matches!(
        world.events[..],
        [TrackerEvent::Unattributed(Unattributed::Request {
            msg_type: "9",
            ..
        })]
    ));
    // The venue does not know whether it was carried out.
    world.cancel("d", "a");
    world.read(&cancel_reject("d", fields::OrdStatus::New, EXCHANGE_UNAVAILABLE));
    world.check("a", OrderState::Unknown, "0");
    world.read(&renamed("a", report("2;1", "44", "d", "0/0")));
    world.check("a", OrderState::Canceled, "0");
}

#[test]
fn how_orders_end() {
    let check = |kind: &str, text: Option<&'static str>, state, ended| {
        let mut world = world();
        world.order("a");
        let end = report("2;1", kind, "a", "0/0");
        world.read(&match text {
            Some(text) => saying(text, renamed("a", end)),
            None => renamed("a", end),
        });
        let order = world.tracker.by_cl_ord_id("a").unwrap();
        assert_eq!(
            (order.state(), order.ended()),
            (state, Some(ended)),
            "{kind} {text:?}"
        );
    };
    let canceled = OrderState::Canceled;
    check("44", None, canceled, Ended::Unsolicited);
    check("44", Some("ORDER_GROUP_CANCEL"), canceled, Ended::OrderGroup);
    check("44", Some("POST_ONLY_CROSS"), canceled, Ended::PostOnly);
    check("44", Some("FOK_INSUFFICIENT_VOLUME"), canceled, Ended::FillOrKill);
    check(
        "44",
        Some("IMMEDIATE_OR_CANCELLED"),
        canceled,
        Ended::ImmediateOrCancel,
    );
    check(
        "44",
        Some("SELF_CROSS_ATTEMPT"),
        canceled,
        Ended::SelfTradePrevention,
    );
    check("44", Some("SOMETHING_NEW"), canceled, Ended::Other);
    check("CC", None, OrderState::Expired, Ended::Expired);
}

#[test]
fn an_immediate_order_ends_silently() {
    let order = |id: &'static str| NewOrderSingle {
        time_in_force: Some(fields::TimeInForce::ImmediateOrCancel),
        ..NewOrderSingle::new(
            id,
            decimal("10"),
            fields::OrdType::Limit,
            decimal("0.55"),
            fields::Side::Buy,
            MARKET,
        )
    };
    let mut world = world();
    world.send(&order("a"));
    world.read(&trade("2;1", "a", "4/6", "4@0.5"));
    world.check("a", OrderState::PartiallyFilled, "4");
    world.tracker.advance(time(0), &mut world.events);
    world.check("a", OrderState::PartiallyFilled, "4");
    world.tracker.advance(time(1), &mut world.events);
    world.check("a", OrderState::Canceled, "4");
    assert_eq!(
        world.tracker.by_cl_ord_id("a").unwrap().ended(),
        Some(Ended::Silently)
    );
    // A trade that comes late still counts.
    world.read(&trade("2;2", "a", "10/0", "6@0.5"));
    world.check("a", OrderState::Filled, "10");

    let mut told = World::new(TrackerSettings {
        ioc_cancel_reports: true,
        ..TrackerSettings::default()
    });
    told.send(&order("a"));
    told.read(&trade("2;1", "a", "4/6", "4@0.5"));
    told.tracker.advance(time(100), &mut told.events);
    told.check("a", OrderState::PartiallyFilled, "4");
    // Its cancel was missed, and drop copy, whose logon is another, has none: such an order cannot be open.
    told.tracker
        .disconnected(Source::OrderEntry, &(1..=1), &mut told.events);
    told.tracker.connected(Source::OrderEntry, true, &mut told.events);
    let (period, last) = (told.tracker.period(), Some(ExecId::new(0, 2, 1)));
    told.tracker.recovered(0, period, last, &mut told.events);
    told.check("a", OrderState::PartiallyFilled, "4");
    told.tracker.advance(time(101), &mut told.events);
    told.check("a", OrderState::Canceled, "4");
}

#[test]
fn a_mass_cancel_is_answered() {
    let mut world = world();
    let request = OrderMassCancelRequest::new("m", fields::MassCancelRequestType::CancelForSession);
    let answer =
        OrderMassCancelReport::new("m", "op-1", fields::MassCancelResponse::from_wire(b"6").unwrap());
    world.send(&request);
    world.read(&answer);
    assert!(matches!(
        world.events[..],
        [TrackerEvent::MassCancel { accepted: true, .. }]
    ));
    world.read(&answer);
    assert!(matches!(world.events[..], [TrackerEvent::Unattributed(_)]));
}

/// Price (44) is conditional on a report: one without it says nothing of the price.
#[test]
fn a_report_without_a_price_leaves_the_price() {
    let without = |report: ExecutionReport<'static>| ExecutionReport {
        price: None,
        ..report
    };
    let at = |price: &str, report: ExecutionReport<'static>| ExecutionReport {
        price: Some(decimal(price)),
        ..report
    };
    let amended = || renamed("a", at("0.60", report("2;1", "55", "b", "0/12")));
    let traded = || without(trade("3;1", "b", "4/8", "4@0.6"));
    let check = |reports: &[ExecutionReport<'static>], expected: &str| {
        let mut world = world();
        world.order("a");
        world.amend("b", "a");
        for report in reports {
            world.read(report);
        }
        let restored = Tracker::restore(&world.tracker.snapshot(), TrackerSettings::default()).unwrap();
        for tracker in [&world.tracker, &restored] {
            let price = tracker.by_order_id("order-1").unwrap().price();
            assert_eq!(price, Some(expected.parse().unwrap()), "{reports:?}");
        }
    };
    let new = || report("1;1", "00", "a", "0/10");
    check(&[new(), amended(), traded()], "0.60");
    // In any order, and more than once.
    check(&[traded(), amended(), new()], "0.60");
    check(&[new(), traded(), amended(), traded()], "0.60");
    check(&[without(new()), traded()], "0.55");
}

/// An amend that was carried out, by a report that does not say at which price.
#[test]
fn the_price_of_an_amend_that_the_report_leaves_out() {
    let replaced = || ExecutionReport {
        price: None,
        ..renamed("a", report("2;1", "55", "b", "0/12"))
    };
    let amend = |world: &mut World, price: Option<&str>| {
        let (twelve, limit) = (decimal("12"), fields::OrdType::Limit);
        world.send(&OrderCancelReplaceRequest {
            price: price.map(decimal),
            ..OrderCancelReplaceRequest::new("b", twelve, limit, "a", fields::Side::Buy, MARKET)
        });
    };
    let traded = || ExecutionReport {
        price: None,
        ..trade("3;1", "b", "4/8", "4@0.55")
    };
    let orders: [&[ExecutionReport<'static>]; 3] = [
        &[replaced(), replaced(), traded()],
        &[traded(), replaced()],
        &[traded(), traded()],
    ];
    let check = |asked: Option<Option<&str>>, expected: Option<&str>| {
        for reports in orders {
            let mut world = world();
            world.order("a");
            world.read(&report("1;1", "00", "a", "0/10"));
            if let Some(price) = asked {
                amend(&mut world, price);
            }
            let price = |world: &World| world.tracker.by_order_id("order-1").unwrap().price();
            for report in reports {
                world.read(report);
                let expected = expected.map(|price| price.parse().unwrap());
                assert_eq!(price(&world), expected, "{asked:?} {reports:?}");
            }
            world.read(&report("4;1", "00", "b", "4/8"));
            assert_eq!(price(&world), Some("0.55".parse().unwrap()), "{asked:?}");
        }
    };
    // It is what was asked for; an amend without a price leaves it.
    check(Some(Some("0.60")), Some("0.60"));
    check(Some(None), Some("0.55"));
    // Somebody else's amend: nobody can say.
    check(None, None);
}
