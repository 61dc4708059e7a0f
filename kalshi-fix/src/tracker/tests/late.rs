//! Requests that the tracker is told of after their answers were read.

use super::*;
use crate::tracker::unclaimed::Way;

fn refusal(cl_ord_id: &str, text: &'static str) -> ExecutionReport<'static> {
    saying(text, report("-1;-1", "88", cl_ord_id, "0/0"))
}

fn busy(ref_seq_num: Option<u64>, ref_id: Option<&'static str>) -> BusinessMessageReject<'static> {
    BusinessMessageReject {
        ref_seq_num,
        business_reject_ref_id: ref_id.map(Into::into),
        ..BusinessMessageReject::new(fields::BusinessRejectReason::OtherReason)
    }
}

fn of_type<'a>(msg_type: &'a str, reject: BusinessMessageReject<'a>) -> BusinessMessageReject<'a> {
    BusinessMessageReject {
        ref_msg_type: Some(msg_type.into()),
        ..reject
    }
}

/// An order whose answers are read before the tracker is told of it, as number 2.
#[track_caller]
fn check_order(answers: &[&dyn Fn(&mut World)], state: OrderState, filled: &str) -> World {
    let mut world = world();
    for answer in answers {
        answer(&mut world);
    }
    world.order("a");
    world.check("a", state, filled);
    let open = usize::from(!state.is_final());
    assert_eq!(world.tracker.open_orders().count(), open, "{:?}", world.events);
    assert_eq!(world.tracker.orders().count(), 1, "{:?}", world.events);
    assert!(world.tracker.by_cl_ord_id("a").unwrap().is_ours());
    world
}

#[test]
fn an_order_is_as_its_answers_said() {
    use OrderState::{Canceled, Expired, Filled, New, PartiallyFilled, PendingNew, Rejected, Unknown};

    let world = check_order(
        &[&|world| world.read(&refusal("a", "INSUFFICIENT_BALANCE"))],
        Rejected,
        "0",
    );
    let order = world.tracker.by_cl_ord_id("a").unwrap();
    assert_eq!(order.rejection().unwrap().text(), Some("INSUFFICIENT_BALANCE"));
    let states = |world: &World| {
        let changed = |event: &TrackerEvent| match event {
            TrackerEvent::Changed { from, to, .. } => Some((*from, *to)),
            _ => None,
        };
        world.events.iter().filter_map(changed).collect::<Vec<_>>()
    };
    assert_eq!(states(&world), [(None, PendingNew), (Some(PendingNew), Rejected)]);

    check_order(&[&|world| world.read(&busy(Some(2), Some("a")))], Rejected, "0");
    check_order(&[&|world| world.read(&busy(None, Some("a")))], Rejected, "0");
    check_order(&[&|world| world.read(&busy(Some(2), None))], Rejected, "0");
    check_order(
        &[&|world| world.read(&of_type("D", busy(Some(2), None)))],
        Rejected,
        "0",
    );
    check_order(
        &[
            &|world| world.read(&report("-1;-1", "AA", "a", "0/10")),
            &|world| world.read(&refusal("a", "INSUFFICIENT_BALANCE")),
        ],
        Rejected,
        "0",
    );

    let world = check_order(
        &[&|world| world.read(&refusal("a", EXCHANGE_UNAVAILABLE))],
        Unknown,
        "0",
    );
    let order = world.tracker.by_cl_ord_id("a").unwrap();
    assert_eq!(order.doubt(), Some(Doubt::Unavailable));

    let accept = |world: &mut World| world.read(&report("1;1", "00", "a", "0/10"));
    let part = |world: &mut World| world.read(&trade("2;1", "a", "4/6", "4@0.5"));
    let rest = |world: &mut World| world.read(&trade("3;1", "a", "10/0", "6@0.5"));
    check_order(&[&accept], New, "0");
    check_order(&[&part], PartiallyFilled, "4");
    check_order(&[&accept, &part, &rest], Filled, "10");
    check_order(&[&part, &rest], Filled, "10");
    let cancel = |world: &mut World| world.read(&renamed("a", report("4;1", "44", "a", "0/0")));
    check_order(&[&accept, &cancel], Canceled, "0");
    check_order(
        &[&accept, &|world| world.read(&report("4;1", "CC", "a", "0/0"))],
        Expired,
        "0",
    );
    // A listener was faster.
    let by_listener = |world: &mut World| {
        world.read_from(Source::Listener, &trade("2;1", "a", "10/0", "10@0.5"));
    };
    check_order(
        &[&by_listener, &|world| {
            world.read(&trade("2;1", "a", "10/0", "10@0.5"));
        }],
        Filled,
        "10",
    );
}

#[test]
fn what_the_venue_has_received_is_not_unconfirmed() {
    let mut world = world();
    world.connect(false);
    world.read(&report("-1;-1", "AA", "a", "0/10"));
    world.order("a");
    world.check("a", OrderState::PendingNew, "0");
    world.lose();
    let order = world.tracker.by_cl_ord_id("a").unwrap();
    assert_eq!(order.doubt(), Some(Doubt::Unanswered));
}

/// An open order "a", and what is said of a request about it, before the tracker is told of that as number 3.
#[track_caller]
fn check_request(
    answer: &dyn Fn(&mut World),
    request: &dyn Fn(&mut World),
    state: OrderState,
    refused: Option<RequestKind>,
) -> World {
    let mut world = world();
    world.order("a");
    world.read(&report("1;1", "00", "a", "0/10"));
    answer(&mut world);
    request(&mut world);
    world.check("a", state, "0");
    let order = world.tracker.by_cl_ord_id("a").unwrap();
    assert!(
        order.pending_requests().is_empty(),
        "{:?}",
        order.pending_requests()
    );
    let kind = |event: &TrackerEvent| match event {
        TrackerEvent::RequestRefused { kind, cl_ord_id, .. } if **cl_ord_id == *"b" => Some(*kind),
        _ => None,
    };
    assert_eq!(world.events.iter().find_map(kind), refused, "{:?}", world.events);
    world
}

#[test]
fn an_amend_or_a_cancel_has_had_its_answer() {
    use RequestKind::{Cancel, Replace};

    let amend = |world: &mut World| world.amend("b", "a");
    let cancel = |world: &mut World| world.cancel("b", "a");
    let reject = |world: &mut World| {
        world.read(&cancel_reject(
            "b",
            fields::OrdStatus::New,
            "INVALID_AMEND_QTY_FOR_ORDER",
        ));
    };
    check_request(&reject, &amend, OrderState::New, Some(Replace));
    check_request(&reject, &cancel, OrderState::New, Some(Cancel));
    let by_number = |world: &mut World| world.read(&busy(Some(3), None));
    check_request(&by_number, &amend, OrderState::New, Some(Replace));
    check_request(&by_number, &cancel, OrderState::New, Some(Cancel));
    let report_of = |kind: &'static str, filled: &'static str| {
        move |world: &mut World| world.read(&renamed("a", report("2;1", kind, "b", filled)))
    };
    let world = check_request(&report_of("55", "0/12"), &amend, OrderState::New, None);
    let order = world.tracker.by_cl_ord_id("b").unwrap();
    assert_eq!(
        (order.cl_ord_id(), order.order_qty()),
        ("b", Some("12".parse().unwrap()))
    );
    let world = check_request(&report_of("44", "0/0"), &cancel, OrderState::Canceled, None);
    let order = world.tracker.by_cl_ord_id("a").unwrap();
    assert_eq!(order.ended(), Some(Ended::Requested));
    assert!(world.tracker.by_cl_ord_id("b").is_none());
}

#[test]
fn a_mass_cancel_has_had_its_answer() {
    let mut world = world();
    let response = fields::MassCancelResponse::from_wire(b"6").unwrap();
    world.read(&OrderMassCancelReport::new("m", "op-1", response));
    let request_type = fields::MassCancelRequestType::CancelForSession;
    world.send(&OrderMassCancelRequest::new("m", request_type));
    assert!(
        matches!(
            &world.events[..],
            [TrackerEvent::MassCancel { accepted: true, .. }]
        ),
        "{:?}",
        world.events
    );
}

/// What is said, and then an order "a" of which it may not be.
#[track_caller]
fn check_waits(said: &dyn Fn(&mut World)) {
    let mut world = world();
    world.connect(false);
    said(&mut world);
    world.order("a");
    world.check("a", OrderState::PendingNew, "0");
}

#[test]
fn what_may_answer_another_request_is_left_alone() {
    let refused = || refusal("a", "INSUFFICIENT_BALANCE");
    check_waits(&|world| world.read_from(Source::Listener, &refused()));
    check_waits(&|world| world.read(&refusal("b", "INSUFFICIENT_BALANCE")));
    check_waits(&|world| world.read(&busy(Some(3), None)));
    check_waits(&|world| world.read(&busy(Some(3), Some("a"))));
    check_waits(&|world| world.read(&busy(Some(2), Some("b"))));
    check_waits(&|world| world.read(&of_type("G", busy(Some(2), None))));
    check_waits(&|world| world.read(&of_type("UOG", busy(Some(2), None))));
    check_waits(&|world| world.read(&busy(None, None)));
    check_waits(&|world| world.read(&cancel_reject("a", fields::OrdStatus::New, "ORDER_NOT_FOUND")));
    // Of another connection; and what comes again, to another process than the one that sent the request.
    check_waits(&|world| {
        world.read(&refused());
        world.lose();
        world.connect(true);
    });
    check_waits(&|world| {
        let way = Way {
            source: Source::OrderEntry,
            is_again: true,
        };
        let (unit, now) = (PriceUnit::Dollars, time(0));
        let mut events = Vec::new();
        world
            .tracker
            .read_by(now, way, &refused(), unit, &mut events)
            .unwrap();
        assert!(matches!(events[..], [TrackerEvent::Unattributed(_)]));
    });
    // An order that drop copy knows, and one of another market.
    check_waits(&|world| {
        world.read_from(Source::DropCopy, &trade("2;1", "a", "10/0", "10@0.5"));
    });
    check_waits(&|world| {
        world.read(&ExecutionReport {
            symbol: "ANOTHER".into(),
            ..trade("2;1", "a", "10/0", "10@0.5")
        });
    });
}

#[test]
fn an_identifier_that_was_told_before_is_answered_as_it_comes() {
    // The refusal comes once more when its order is forgotten, and says nothing of an order that has its identifier now.
    let mut world = World::new(TrackerSettings {
        finished_orders: 0,
        ..TrackerSettings::default()
    });
    world.order("a");
    world.read(&refusal("a", "INSUFFICIENT_BALANCE"));
    assert!(world.tracker.by_cl_ord_id("a").is_none());
    world.read(&refusal("a", "INSUFFICIENT_BALANCE"));
    world.order("a");
    world.check("a", OrderState::PendingNew, "0");

    let mut world = super::world();
    world.order("a");
    world.read(&report("1;1", "00", "a", "0/10"));
    world.cancel("b", "a");
    for _ in 0..2 {
        world.read(&cancel_reject("b", fields::OrdStatus::New, "ORDER_NOT_FOUND"));
    }
    world.cancel("b", "a");
    world.check("a", OrderState::PendingCancel, "0");
}

#[test]
fn an_answer_is_taken_once_and_each_attempt_takes_one() {
    let mut world = world();
    world.read(&refusal("a", "INSUFFICIENT_BALANCE"));
    world.order("a");
    world.check("a", OrderState::Rejected, "0");
    world.order("a");
    world.check("a", OrderState::PendingNew, "0");

    // The second attempt is refused since the first one lives, or did.
    let mut world = super::world();
    world.read(&refusal("a", EXCHANGE_UNAVAILABLE));
    world.read(&refusal("a", "ORDER_ALREADY_EXISTS"));
    world.order("a");
    world.check("a", OrderState::Unknown, "0");
    world.order("a");
    world.check("a", OrderState::Unknown, "0");
    world.read(&report("1;1", "00", "a", "0/10"));
    world.check("a", OrderState::New, "0");
}

#[test]
fn what_is_kept_is_bounded() {
    let others = |count: usize| {
        let mut world = world();
        world.read(&refusal("a", "INSUFFICIENT_BALANCE"));
        for other in 0..count {
            world.read(&refusal(&format!("other-{other}"), "INSUFFICIENT_BALANCE"));
        }
        world.order("a");
        world.state("a")
    };
    assert_eq!(others(1023), OrderState::Rejected);
    assert_eq!(others(1024), OrderState::PendingNew);
}

#[test]
fn an_immediate_order_ends_silently_though_it_had_traded() {
    let mut world = world();
    world.read(&trade("2;1", "a", "4/6", "4@0.5"));
    world.send(&NewOrderSingle {
        time_in_force: Some(fields::TimeInForce::ImmediateOrCancel),
        ..NewOrderSingle::new(
            "a",
            decimal("10"),
            fields::OrdType::Limit,
            decimal("0.55"),
            fields::Side::Buy,
            MARKET,
        )
    });
    world.check("a", OrderState::PartiallyFilled, "4");
    world.tracker.advance(time(1), &mut world.events);
    world.check("a", OrderState::Canceled, "4");
    assert_eq!(
        world.tracker.by_cl_ord_id("a").unwrap().ended(),
        Some(Ended::Silently)
    );
}
