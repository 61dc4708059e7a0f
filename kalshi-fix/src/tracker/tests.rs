//! An order's life, told by reports in and out of order.

use fix_dialect::{Decimal, Timestamp};

use super::*;
use crate::prediction::{
    BusinessMessageReject, ExecutionReport, NewOrderSingle, OrderCancelReject, OrderCancelReplaceRequest,
    OrderCancelRequest, OrderMassCancelReport, OrderMassCancelRequest, fields, groups,
};
use crate::units::{Money, Quantity};

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
    events: Vec<Event>,
    sent: u64,
    seconds: i64,
}

impl World {
    fn new(settings: Settings) -> World {
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
        let of = |event: &'_ Event| match event {
            Event::Inconsistent(inconsistency) => Some(inconsistency.clone()),
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
    World::new(Settings::default())
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
fn unavailable_is_no_reject() {
    let unavailable = || saying(EXCHANGE_UNAVAILABLE, report("-1;-1", "88", "a", "0/0"));
    let mut first = world();
    first.order("a");
    first.read(&unavailable());
    first.check("a", OrderState::Unknown, "0");
    assert_eq!(
        first.tracker.by_cl_ord_id("a").unwrap().doubt(),
        Some(Doubt::Unavailable)
    );
    assert_eq!(first.tracker.open_orders().count(), 1);
    // A report shows that it lives.
    let mut alive = World {
        tracker: first.tracker.clone(),
        events: Vec::new(),
        ..first
    };
    alive.read_from(Source::DropCopy, &report("3;1", "00", "a", "0/10"));
    alive.check("a", OrderState::New, "0");
    // The same, when the report was first.
    alive.read(&unavailable());
    alive.check("a", OrderState::New, "0");
    // Another attempt is refused since the identifier is in use: that says that it lived once, and not more.
    let mut again = World {
        tracker: first.tracker.clone(),
        events: Vec::new(),
        ..first
    };
    again.order("a");
    again.check("a", OrderState::PendingNew, "0");
    again.read(&saying("ORDER_ALREADY_EXISTS", report("-1;-1", "88", "a", "0/0")));
    again.check("a", OrderState::Unknown, "0");
    again.read_from(Source::DropCopy, &trade("3;2", "a", "10/0", "10@0.5"));
    again.check("a", OrderState::Filled, "10");
}

#[test]
fn a_refusal_of_the_only_attempt_is_final() {
    let mut world = world();
    world.order("a");
    world.read(&saying("INSUFFICIENT_BALANCE", report("2;1", "88", "a", "0/0")));
    world.check("a", OrderState::Rejected, "0");
    let order = world.tracker.by_cl_ord_id("a").unwrap();
    assert_eq!(order.rejection().unwrap().text(), Some("INSUFFICIENT_BALANCE"));
    assert_eq!(order.ended(), Some(Ended::Rejected));
    let first = order.key();
    // A new order may have its identifier.
    world.order("a");
    world.check("a", OrderState::PendingNew, "0");
    assert_ne!(world.tracker.by_cl_ord_id("a").unwrap().key(), first);
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
        [Event::Unattributed(Unattributed::Refusal { .. })]
    ));
    // An amend that is refused so leaves the order as it was.
    world.order("c");
    world.read(&report("4;1", "00", "c", "0/10"));
    world.amend("d", "c");
    world.read(&busy(Some(5), None));
    assert!(matches!(
        &world.events[0],
        Event::RequestRefused { kind: RequestKind::Replace, cl_ord_id, .. } if **cl_ord_id == *"d"
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
        [Event::Unattributed(Unattributed::Request { msg_type: "9", .. })]
    ));
    // The venue does not know whether it was carried out.
    world.cancel("d", "a");
    world.read(&cancel_reject("d", fields::OrdStatus::New, EXCHANGE_UNAVAILABLE));
    world.check("a", OrderState::Unknown, "0");
    world.read(&renamed("a", report("2;1", "44", "d", "0/0")));
    world.check("a", OrderState::Canceled, "0");
}

#[test]
fn a_reject_that_knows_the_order_as_ended_puts_it_in_doubt() {
    let mut world = world();
    world.order("a");
    world.read(&report("1;1", "00", "a", "0/10"));
    world.cancel("b", "a");
    world.read(&cancel_reject(
        "b",
        fields::OrdStatus::Filled,
        "TOO_LATE_TO_CANCEL",
    ));
    world.check("a", OrderState::Unknown, "0");
    assert!(matches!(
        world.inconsistencies()[..],
        [Inconsistency::EndedUnseen { .. }]
    ));
    world.read_from(Source::DropCopy, &trade("1;2", "a", "10/0", "10@0.5"));
    world.check("a", OrderState::Filled, "10");
}

#[test]
fn the_end_of_a_connection_puts_everything_in_doubt() {
    let mut world = world();
    world.order("open");
    world.read(&report("1;1", "00", "open", "0/10"));
    world.order("unanswered");
    world.order("unconfirmed");
    world.lose();
    for order in ["open", "unanswered", "unconfirmed"] {
        assert_eq!(world.state(order), OrderState::Unknown, "{order}");
    }
    let doubt = |world: &World, order| world.tracker.by_cl_ord_id(order).unwrap().doubt();
    assert_eq!(doubt(&world, "open"), None);
    assert_eq!(doubt(&world, "unanswered"), Some(Doubt::Unanswered));
    assert_eq!(doubt(&world, "unconfirmed"), Some(Doubt::Unconfirmed));

    // Numbers that go on bring what was missed; a session that starts anew does not.
    let mut resumed = World {
        tracker: world.tracker.clone(),
        events: Vec::new(),
        ..world
    };
    resumed.connect(false);
    assert_eq!(resumed.state("open"), OrderState::New);
    assert_eq!(resumed.state("unanswered"), OrderState::PendingNew);
    assert_eq!(resumed.state("unconfirmed"), OrderState::Unknown);
    assert_eq!(resumed.tracker.gaps().count(), 0);
    world.connect(true);
    assert_eq!(world.state("open"), OrderState::Unknown);
    assert_eq!(world.tracker.gaps().collect::<Vec<_>>(), [ExecId::new(0, 1, 1)]);

    // A report from before the gap, again, shows nothing of now; one from after it does.
    world.read(&report("1;1", "00", "open", "0/10"));
    assert_eq!(world.state("open"), OrderState::Unknown);
    let mut shown = World {
        tracker: world.tracker.clone(),
        events: Vec::new(),
        ..world
    };
    shown.read(&trade("9;1", "open", "4/6", "4@0.5"));
    shown.check("open", OrderState::PartiallyFilled, "4");
    // What was fetched shows it too, once all of it was.
    world.read_from(Source::DropCopy, &trade("9;1", "open", "4/6", "4@0.5"));
    world.check("open", OrderState::Unknown, "4");
    let period = world.tracker.period();
    world
        .tracker
        .recovered(0, period, Some(ExecId::new(0, 9, 1)), &mut world.events);
    world.check("open", OrderState::PartiallyFilled, "4");
    assert_eq!(world.state("unanswered"), OrderState::Unknown);
    assert_eq!(world.tracker.gaps().count(), 0);
}

#[test]
fn what_was_fetched_before_another_gap_does_not_fill_it() {
    let mut world = world();
    world.order("a");
    world.read(&report("1;1", "00", "a", "0/10"));
    world.lose();
    world.connect(true);
    let period = world.tracker.period();
    world.lose();
    world.tracker.recovered(0, period, None, &mut world.events);
    world.connect(true);
    assert_eq!(world.state("a"), OrderState::Unknown);
    world.tracker.recovered(0, period, None, &mut world.events);
    assert_eq!(world.state("a"), OrderState::Unknown);
    assert_eq!(world.tracker.gaps().count(), 1);
    let period = world.tracker.period();
    world.tracker.recovered(0, period, None, &mut world.events);
    assert_eq!(world.state("a"), OrderState::New);
}

#[test]
fn a_listener_that_stays_keeps_orders_known() {
    let mut world = world();
    world.order("a");
    world.read(&report("1;1", "00", "a", "0/10"));
    world.tracker.connected(Source::Listener, false, &mut Vec::new());
    world.order("b");
    world.lose();
    assert_eq!(world.state("a"), OrderState::New);
    assert_eq!(world.state("b"), OrderState::Unknown);
    world.read_from(Source::Listener, &trade("2;1", "a", "4/6", "4@0.5"));
    world.check("a", OrderState::PartiallyFilled, "4");
    world.connect(true);
    world.check("a", OrderState::PartiallyFilled, "4");
    assert_eq!(world.tracker.gaps().count(), 0);
}

#[test]
fn the_user_can_say_what_became_of_it() {
    let mut world = world();
    world.order("a");
    world.lose();
    let key = world.tracker.by_cl_ord_id("a").unwrap().key();
    let resolve = |world: &mut World, resolution| {
        world.events.clear();
        world.tracker.resolve(key, resolution, &mut world.events)
    };
    let mut never = World {
        tracker: world.tracker.clone(),
        events: Vec::new(),
        ..world
    };
    assert!(resolve(&mut never, Resolution::NeverAccepted));
    never.check("a", OrderState::Rejected, "0");
    assert_eq!(
        never.tracker.by_cl_ord_id("a").unwrap().ended(),
        Some(Ended::Resolved)
    );
    assert!(!resolve(&mut never, Resolution::Open));
    // What the venue says counts for more, and the contradiction shows.
    never.read_from(Source::DropCopy, &trade("2;1", "a", "4/6", "4@0.5"));
    assert!(matches!(
        never.inconsistencies()[..],
        [Inconsistency::ResolvedWrongly { .. }]
    ));
    assert_eq!(
        never.tracker.by_cl_ord_id("a").unwrap().filled().quantity,
        "4".parse().unwrap()
    );
    assert!(!never.state("a").is_final());
    assert!(resolve(&mut world, Resolution::Ended));
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

    let mut told = World::new(Settings {
        ioc_cancel_reports: true,
        ..Settings::default()
    });
    told.send(&order("a"));
    told.read(&trade("2;1", "a", "4/6", "4@0.5"));
    told.tracker.advance(time(100), &mut told.events);
    told.check("a", OrderState::PartiallyFilled, "4");
}

#[test]
fn orders_that_ended_are_forgotten_and_not_taken_for_new_ones() {
    let mut world = World::new(Settings {
        finished_orders: 1,
        ..Settings::default()
    });
    let named = |order_id: &'static str, report: ExecutionReport<'static>| ExecutionReport {
        order_id: order_id.into(),
        ..report
    };
    world.order("a");
    world.read(&named("1", trade("2;1", "a", "4/6", "4@0.5")));
    world.read(&named("1", renamed("a", report("5;1", "44", "a", "4/0"))));
    world.order("b");
    world.read(&named("2", trade("6;1", "b", "10/0", "10@0.5")));
    assert!(
        world
            .events
            .iter()
            .any(|event| matches!(event, Event::Forgotten { .. }))
    );
    assert_eq!(
        (world.tracker.orders().count(), world.tracker.forgotten()),
        (1, 1)
    );
    assert!(world.tracker.by_cl_ord_id("a").is_none() && world.tracker.by_order_id("1").is_none());
    assert_eq!(world.net(), "14".parse().unwrap());

    // Its reports again, from drop copy: nothing is counted, and nothing opens.
    world.read_from(Source::DropCopy, &named("1", trade("2;1", "a", "4/6", "4@0.5")));
    assert!(matches!(
        world.events[..],
        [Event::Unattributed(Unattributed::Old { .. })]
    ));
    // One that was missed is counted.
    world.read_from(Source::DropCopy, &named("1", trade("3;1", "a", "5/5", "1@0.5")));
    assert!(matches!(
        world.events[0],
        Event::Fill(FillEvent { order: None, .. })
    ));
    assert_eq!(world.net(), "15".parse().unwrap());
    assert_eq!(world.tracker.open_orders().count(), 0);
}

#[test]
fn orders_of_another_origin_are_adopted_as_far_as_there_is_room() {
    let mut world = World::new(Settings {
        adopted_orders: 1,
        ..Settings::default()
    });
    let named = |order_id: &'static str, report: ExecutionReport<'static>| ExecutionReport {
        order_id: order_id.into(),
        ..report
    };
    world.read_from(Source::Listener, &named("1", report("2;1", "00", "x", "0/10")));
    assert!(matches!(
        world.events[..],
        [
            Event::Adopted { .. },
            Event::Changed {
                from: None,
                to: OrderState::New,
                ..
            }
        ]
    ));
    assert!(!world.tracker.by_order_id("1").unwrap().is_ours());
    world.read_from(Source::Listener, &named("2", trade("3;1", "y", "4/6", "4@0.5")));
    assert!(matches!(
        world.events[..],
        [
            Event::Fill(FillEvent { order: None, .. }),
            Event::Unattributed(Unattributed::NoRoom { .. })
        ]
    ));
    assert_eq!(world.net(), "4".parse().unwrap());
    // A reject or a pending report of somebody else's request opens nothing.
    world.read(&report("-1;-1", "AA", "z", "0/10"));
    world.read(&report("4;1", "88", "z", "0/0"));
    assert!(world.tracker.by_cl_ord_id("z").is_none());
}

#[test]
fn what_does_not_fit_is_told_and_not_counted() {
    let mut world = World::new(Settings {
        remembered_fills: 1,
        ..Settings::default()
    });
    world.order("a");
    world.read(&trade("5;1", "a", "4/6", "4@0.5"));
    let check = |world: &mut World, report: &ExecutionReport<'_>, expected: fn(&Inconsistency) -> bool| {
        world.read(report);
        let found = world.inconsistencies();
        assert!(found.len() == 1 && expected(&found[0]), "{found:?}");
        assert_eq!(world.net(), "4".parse().unwrap());
    };
    let base = || trade("6;1", "a", "5/5", "1@0.5");
    let other_symbol = ExecutionReport {
        symbol: "OTHER".into(),
        ..base()
    };
    check(&mut world, &other_symbol, |found| {
        matches!(
            found,
            Inconsistency::Mismatch {
                field: "Symbol (55)",
                ..
            }
        )
    });
    let other_side = ExecutionReport {
        side: fields::Side::Sell,
        ..base()
    };
    check(&mut world, &other_side, |found| {
        matches!(
            found,
            Inconsistency::Mismatch {
                field: "Side (54)",
                ..
            }
        )
    });
    let other_order = ExecutionReport {
        order_id: "2".into(),
        exec_id: "5;1".into(),
        cl_ord_id: "q".into(),
        ..base()
    };
    check(&mut world, &other_order, |found| {
        matches!(found, Inconsistency::Conflict { .. })
    });
    let huge = ExecutionReport {
        last_qty: Some(Decimal::MAX),
        ..base()
    };
    check(&mut world, &huge, |found| {
        matches!(found, Inconsistency::TooLarge { .. })
    });
    let unnumbered = ExecutionReport {
        exec_id: "-1;-1".into(),
        ..base()
    };
    check(&mut world, &unnumbered, |found| {
        matches!(found, Inconsistency::Unnumbered { .. })
    });
    world.read(&base());
    assert_eq!(world.net(), "5".parse().unwrap());
    world.read(&trade("5;0", "a", "4/6", "4@0.5"));
    assert!(matches!(
        world.inconsistencies()[..],
        [Inconsistency::OutsideMemory { .. }]
    ));
    assert_eq!(world.net(), "5".parse().unwrap());
    assert_eq!(world.tracker.watermark(0), Some(ExecId::new(0, 5, 1)));
    // The venue says that less is filled than was.
    world.read(&report("9;1", "50", "a", "1/9"));
    assert!(matches!(
        world.inconsistencies()[..],
        [Inconsistency::Overfilled { .. }]
    ));
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
        [Event::MassCancel { accepted: true, .. }]
    ));
    world.read(&answer);
    assert!(matches!(world.events[..], [Event::Unattributed(_)]));
}

#[test]
fn what_cannot_be_read_is_refused_whole() {
    let check = |report: ExecutionReport<'_>, expected: &str| {
        let error = report.as_incoming(PriceUnit::Dollars).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let base = || trade("6;1", "a", "5/5", "1@0.5");
    check(
        ExecutionReport {
            last_px: None,
            ..base()
        },
        "LastPx (31) is missing, which a trade cannot be tracked without",
    );
    check(
        ExecutionReport {
            exec_id: "6-1".into(),
            ..base()
        },
        "ExecID (17) is \"6-1\": expected clock;event or clock;event;index, or -1;-1 on pending reports",
    );
    check(
        ExecutionReport {
            alloc_account: Some(64),
            ..base()
        },
        "AllocAccount (79) is 64: expected 0 to 63",
    );
    check(
        ExecutionReport {
            cl_ord_id: b"\xff"[..].into(),
            ..base()
        },
        "ClOrdID (11) is not UTF-8: b\"\\xff\"",
    );
}

#[test]
fn a_fill_without_a_fee_counts_and_shows() {
    let mut world = world();
    world.read(&ExecutionReport {
        misc_fees: None,
        ..trade("6;1", "a", "5/5", "5@0.5")
    });
    let position = world.tracker.positions().next().unwrap();
    assert_eq!(
        (position.net(), position.fills_without_fee()),
        (Some("5".parse().unwrap()), 1)
    );
}

#[test]
fn snapshots_are_whole_or_nothing() {
    let mut world = world();
    world.order("a\tb\\~\n");
    world.order("~");
    world.read(&trade("2;1", "~", "4/6", "4@0.54"));
    world.cancel("c", "~");
    world.lose();
    let text = world.tracker.snapshot();
    let restored = Tracker::restore(&text, Settings::default()).unwrap();
    assert_eq!(restored.snapshot(), text);
    assert!(restored.orders().eq(world.tracker.orders()));
    assert!(restored.positions().eq(world.tracker.positions()));

    let check = |text: &str, expected: &str| {
        let error = Tracker::restore(text, Settings::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("", "no snapshot");
    check("something else\n", "no snapshot");
    check(&text.replacen("tracker 1", "tracker 9", 1), "version \"9\"");
    check(&text[..text.len() - 1], "the last line has no end");
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        assert!(
            Tracker::restore(&text[..at], Settings::default()).is_err(),
            "cut at {at}"
        );
    }
    check(&text.replacen("2.16", "2.17", 1), "its end is");
    // A line that cannot be read, under a checksum that holds.
    let with = |from: &str, to: &str| {
        let body = text.rsplit_once("end\t").unwrap().0.replacen(from, to, 1);
        let sum = crc32fast::hash(body.as_bytes());
        format!("{body}end\t{}\t{sum:08x}\n", body.lines().count())
    };
    check(
        &with("\nposition", "\nsomething"),
        "expected a line of this version",
    );
    check(
        &with("tracker\t2", "tracker\tx"),
        "line 2 of the snapshot: expected a key",
    );
    check(
        &with("tracker\t2", "tracker\t1"),
        "expected orders and fills that fit together",
    );
}
