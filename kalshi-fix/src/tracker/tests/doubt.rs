//! What is not known, and what ends that.

use std::ops::RangeInclusive;

use super::*;
use crate::prediction::sessions::NR;
use crate::{client, driver, session};

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
fn a_listener_that_stays_keeps_orders_known() {
    let mut world = world();
    world.order("a");
    world.read(&report("1;1", "00", "a", "0/10"));
    world.tracker.connected(Source::Listener, false, &mut Vec::new());
    world.read(&report("1;1", "00", "a", "0/10"));
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
fn what_is_held_back_did_most_likely_not_arrive() {
    let hold = |world: &mut World, event: session::Event| {
        let event: client::Event<'_, NR> = client::Event::Session(event);
        world.events.clear();
        let observed = world.tracker.observe(
            time(0),
            Source::OrderEntry,
            &event,
            PriceUnit::Dollars,
            &mut world.events,
        );
        observed.expect("no message");
        world.events.len()
    };
    let served = |begin, through, replayed| session::Event::ResendServed {
        begin,
        through,
        replayed,
    };
    let mut first = world();
    first.connect(false);
    first.order("a");
    first.read(&report("1;1", "00", "a", "0/10"));
    first.order("b");
    first.amend("a-2", "a");
    first.cancel("a-3", "a");
    first.lose();
    first.connect(false);
    let doubts = |world: &World| {
        let order = world.tracker.by_cl_ord_id("a").unwrap();
        let requests = order.pending_requests().iter();
        requests.map(PendingRequest::doubt).collect::<Vec<_>>()
    };
    // Numbers 2 to 5 are a, b, the amend and the cancel. Where something was sent again, each of the others is told by itself.
    assert_eq!(hold(&mut first, served(2, 5, 1)), 0);
    assert_eq!(hold(&mut first, served(6, 9, 0)), 0);
    assert_eq!(first.state("a"), OrderState::PendingCancel);
    assert_eq!(first.state("b"), OrderState::PendingNew);
    assert_eq!(hold(&mut first, served(2, 5, 0)), 2);
    // An order that was reported is as it was; what was asked of it is in doubt.
    assert_eq!(first.state("a"), OrderState::New);
    assert_eq!(doubts(&first), [Some(Doubt::HeldBack); 2]);
    assert_eq!(first.state("b"), OrderState::Unknown);
    assert_eq!(
        first.tracker.by_cl_ord_id("b").unwrap().doubt(),
        Some(Doubt::HeldBack)
    );
    let kept = Tracker::restore(&first.tracker.snapshot(), TrackerSettings::default()).unwrap();
    assert_eq!(kept.by_cl_ord_id("b").unwrap().doubt(), Some(Doubt::HeldBack));
    // One more connection does not bring it either.
    first.lose();
    first.connect(false);
    assert_eq!(first.state("b"), OrderState::Unknown);
    // The venue had them all the same: it had asked for more than it had missed.
    first.read(&report("-1;-1", "AA", "b", "0/10"));
    assert_eq!(first.state("b"), OrderState::PendingNew);
    assert_eq!(hold(&mut first, served(3, 3, 0)), 0);
    first.read(&ExecutionReport {
        order_id: "order-2".into(),
        ..report("2;1", "00", "b", "0/10")
    });
    assert_eq!(first.state("b"), OrderState::New);
    first.read(&renamed("a", report("3;1", "44", "a-3", "0/0")));
    assert_eq!(first.state("a"), OrderState::Canceled);
}

/// What the venue does not know it had received; and numbers of another connection are other messages.
#[test]
fn what_had_an_answer_or_left_on_another_connection_is_not_held_back() {
    let mut world = world();
    world.connect(false);
    world.order("a");
    world.read(&saying(EXCHANGE_UNAVAILABLE, report("-1;-1", "88", "a", "0/0")));
    world.order("b");
    world.lose();
    world.connect(true);
    let doubts = |world: &mut World| {
        world.tracker.held_back(&(1..=9), &mut world.events);
        ["a", "b"].map(|id| world.tracker.by_cl_ord_id(id).unwrap().doubt())
    };
    let before = [Some(Doubt::Unavailable), Some(Doubt::Unconfirmed)];
    assert_eq!(doubts(&mut world), before);
    // On the same one.
    let mut world = super::world();
    world.order("a");
    world.read(&saying(EXCHANGE_UNAVAILABLE, report("-1;-1", "88", "a", "0/0")));
    world.order("b");
    let after = [Some(Doubt::Unavailable), Some(Doubt::HeldBack)];
    assert_eq!(doubts(&mut world), after);
}

/// Numbers that started anew in mid-session are those of other messages.
#[test]
fn a_reject_after_a_reset_is_of_the_new_numbers() {
    let reset = session::ResetInSession {
        ours: false,
        sent: 2,
        received: 9,
    };
    let mut world = world();
    world.connect(false);
    world.order("before");
    let World { tracker, events, .. } = &mut world;
    let event: client::Event<'_, NR> = client::Event::Session(session::Event::ResetInSession(reset));
    tracker
        .observe(time(0), Source::OrderEntry, &event, PriceUnit::Dollars, events)
        .unwrap();
    world.sent = 1;
    world.order("after");
    let refusal = crate::prediction::Reject::new(2_u64);
    world.read(&refusal);
    assert_eq!(world.state("before"), OrderState::Unknown);
    assert_eq!(world.state("after"), OrderState::Rejected);
}

/// A resumed session brings what was not delivered to it. What was, and got lost here, does not come again; but a reject by
/// number still finds its request.
#[test]
fn an_answer_that_was_dropped_does_not_come_again() {
    let dropped: client::Event<'_, NR> = client::Event::Dropped(driver::Dropped::one(3));
    let mut world = world();
    world.connect(false);
    world.order("a");
    let World { tracker, events, .. } = &mut world;
    tracker
        .observe(time(0), Source::OrderEntry, &dropped, PriceUnit::Dollars, events)
        .unwrap();
    let mut rejected = World {
        tracker: world.tracker.clone(),
        events: Vec::new(),
        ..world
    };
    let nothing_in_doubt = RangeInclusive::new(1, 0);
    world
        .tracker
        .disconnected(Source::OrderEntry, &nothing_in_doubt, &mut world.events);
    world.connect(false);
    assert_eq!(world.state("a"), OrderState::Unknown);
    let refusal = crate::prediction::Reject::new(2_u64);
    rejected.read(&refusal);
    assert_eq!(rejected.state("a"), OrderState::Rejected);
}

/// A logon that starts the numbers anew tells of the loss before it, which nobody has told.
#[test]
fn a_connection_without_the_loss_before_it() {
    let mut world = world();
    world.connect(false);
    world.order("a");
    world.read(&report("1;1", "00", "a", "0/10"));
    world.order("asked");
    world.connect(true);
    assert_eq!(world.state("a"), OrderState::Unknown);
    assert_eq!(world.tracker.gaps().count(), 1);
    let asked = world.tracker.by_cl_ord_id("asked").unwrap();
    assert_eq!(asked.doubt(), Some(Doubt::Unconfirmed));
    // A second one of the same kind, or one that resumes, loses nothing more.
    let period = world.tracker.period();
    world.connect(false);
    assert_eq!(world.tracker.period(), period);
}

/// A process that starts again has none of the sessions of the one before.
#[test]
fn a_restored_tracker_has_no_session() {
    let check = |sources: &[Source], missed: bool, expected: OrderState, gaps: usize| {
        let mut world = world();
        for source in sources {
            world.tracker.connected(*source, false, &mut world.events);
        }
        world.read_from(sources[0], &report("1;1", "00", "a", "0/10"));
        let mut again = Tracker::restore(&world.tracker.snapshot(), TrackerSettings::default()).unwrap();
        let state = |tracker: &Tracker| tracker.by_cl_ord_id("a").unwrap().state();
        assert_eq!(state(&again), OrderState::Unknown, "{sources:?}");
        again.connected(Source::OrderEntry, missed, &mut Vec::new());
        assert_eq!(
            (state(&again), again.gaps().count()),
            (expected, gaps),
            "{sources:?}"
        );
    };
    let (entry, listener) = (Source::OrderEntry, Source::Listener);
    check(&[entry], true, OrderState::Unknown, 1);
    check(&[entry, listener], true, OrderState::Unknown, 1);
    check(&[listener], true, OrderState::Unknown, 1);
    // Its numbers go on, so that all of it comes.
    check(&[entry], false, OrderState::New, 0);
    check(&[entry, listener], false, OrderState::New, 0);
    // It was never there before.
    check(&[listener], false, OrderState::Unknown, 1);
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
