//! What nobody heard: where gaps open, and what closes them.

use super::*;
use crate::prediction::sessions::NR;
use crate::{client, driver, session};

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

/// One failure ends both sessions, and order entry is back before the death of the listener shows.
#[test]
fn what_a_dead_listener_covered_alone_was_missed() {
    let cover = || {
        let mut world = world();
        world.connect(false);
        world.tracker.connected(Source::Listener, false, &mut Vec::new());
        world.order("a");
        world.read(&report("1;1", "00", "a", "0/10"));
        world.read_from(Source::Listener, &report("1;1", "00", "a", "0/10"));
        world.lose();
        // The order may trade here.
        world.connect(true);
        assert_eq!(
            (world.state("a"), world.tracker.gaps().count()),
            (OrderState::New, 0)
        );
        world
    };
    let all = 1..=u64::MAX;
    let check = |mut world: World, is_missed: bool| {
        world
            .tracker
            .disconnected(Source::Listener, &all, &mut world.events);
        let expected = if is_missed {
            OrderState::Unknown
        } else {
            OrderState::New
        };
        assert_eq!(world.state("a"), expected);
        let gaps: Vec<_> = world.tracker.gaps().collect();
        let expected: &[ExecId] = if is_missed { &[ExecId::new(0, 1, 1)] } else { &[] };
        assert_eq!(gaps, expected);
        world
    };
    let other = |exec_id| ExecutionReport {
        order_id: "order-2".into(),
        ..report(exec_id, "00", "other", "0/10")
    };
    // Of the listener nothing was heard since.
    let mut silent = check(cover(), true);
    // It comes back, and its numbers go on: it brings what it missed.
    silent
        .tracker
        .connected(Source::Listener, false, &mut silent.events);
    assert_eq!(
        (silent.state("a"), silent.tracker.gaps().count()),
        (OrderState::New, 0)
    );
    // Its numbers start anew: that is to be fetched, once.
    let mut anew = check(cover(), true);
    anew.tracker.connected(Source::Listener, true, &mut anew.events);
    assert_eq!(
        (anew.state("a"), anew.tracker.gaps().count()),
        (OrderState::Unknown, 1)
    );
    let period = anew.tracker.period();
    anew.tracker.recovered(0, period, None, &mut anew.events);
    assert_eq!(
        (anew.state("a"), anew.tracker.gaps().count()),
        (OrderState::New, 0)
    );
    // What it brings is behind what order entry has brought, and then abreast of it.
    let mut behind = cover();
    behind.read(&other("9;1"));
    behind = check(behind, true);
    drop(behind);
    let mut alive = cover();
    alive.read(&other("9;1"));
    alive.read_from(Source::Listener, &other("9;1"));
    check(alive, false);
    // A session that logs out was there until then.
    let mut left = cover();
    left.tracker.logged_out(Source::Listener, &all, &mut left.events);
    assert_eq!(
        (left.state("a"), left.tracker.gaps().count()),
        (OrderState::New, 0)
    );
    // A snapshot keeps it in mind.
    let kept = cover().tracker.snapshot();
    let restored = Tracker::restore(&kept, TrackerSettings::default()).expect("it was just made");
    assert_eq!(
        restored.snapshot(),
        Tracker::restore(&restored.snapshot(), TrackerSettings::default())
            .unwrap()
            .snapshot()
    );
    assert_eq!(restored.gaps().collect::<Vec<_>>(), [ExecId::new(0, 1, 1)]);
}

/// What was missed of one exchange index leaves the orders of others as they were reported.
#[test]
fn a_gap_of_one_exchange_index_is_none_of_another() {
    let all = 1..=u64::MAX;
    let mut world = world();
    let second = ExecutionReport {
        order_id: "order-2".into(),
        ..report("1;1;2", "00", "b", "0/10")
    };
    world.connect(false);
    world
        .tracker
        .connected(Source::Listener, false, &mut world.events);
    world.order("b");
    world.read(&second);
    world.read_from(Source::Listener, &second);
    // Order entry is alone, and brings nothing any more of this index.
    world
        .tracker
        .disconnected(Source::Listener, &all, &mut world.events);
    world.tracker.connected(Source::Listener, true, &mut world.events);
    world.order("a");
    world.read_from(Source::Listener, &report("3;1", "00", "a", "0/10"));
    world.lose();
    assert_eq!(world.tracker.gaps().collect::<Vec<_>>(), [ExecId::new(2, 1, 1)]);
    assert_eq!(
        (world.state("a"), world.state("b")),
        (OrderState::New, OrderState::Unknown)
    );
    world.connect(true);
    let period = world.tracker.period();
    world.tracker.recovered(2, period, None, &mut world.events);
    assert_eq!(world.tracker.gaps().count(), 0);
    assert_eq!(
        (world.state("a"), world.state("b")),
        (OrderState::New, OrderState::New)
    );
}

/// A listener that was never there before covers what comes from now on, and nothing of what came until then.
#[test]
fn the_first_connection_of_a_listener_closes_no_gap() {
    let by_a_call = |world: &mut World| world.tracker.connected(Source::Listener, false, &mut Vec::new());
    let by_a_message = |world: &mut World| {
        let other = ExecutionReport {
            order_id: "order-2".into(),
            ..report("9;1", "00", "other", "0/10")
        };
        world.read_from(Source::Listener, &other);
    };
    let ways: [&dyn Fn(&mut World); 2] = [&by_a_call, &by_a_message];
    for come in ways {
        let mut world = world();
        world.connect(false);
        world.order("a");
        world.read(&report("1;1", "00", "a", "0/10"));
        world.lose();
        // Here the order trades, and nobody hears of it.
        come(&mut world);
        assert_eq!(world.state("a"), OrderState::Unknown);
        assert_eq!(world.tracker.gaps().collect::<Vec<_>>(), [ExecId::new(0, 1, 1)]);
        let mut resumed = World {
            tracker: world.tracker.clone(),
            events: Vec::new(),
            ..world
        };
        world.connect(true);
        assert_eq!(world.state("a"), OrderState::Unknown);
        assert_eq!(world.tracker.gaps().count(), 1);
        // Order entry that resumes has everything since it went, whoever came in between.
        resumed.connect(false);
        assert_eq!(resumed.state("a"), OrderState::New);
        assert_eq!(resumed.tracker.gaps().count(), 0);
    }
}

/// What a session resumes from closes the gaps since it went, and no earlier one.
#[test]
fn a_session_that_resumes_closes_the_gaps_since_it_went() {
    let mut world = world();
    world.connect(false);
    world.order("a");
    world.read(&report("1;1", "00", "a", "0/10"));
    world.lose();
    world.connect(true);
    let other = ExecutionReport {
        order_id: "order-2".into(),
        ..report("5;1", "00", "b", "0/10")
    };
    world.read(&other);
    world.lose();
    assert_eq!(world.state("b"), OrderState::Unknown);
    world.connect(false);
    assert_eq!(world.state("a"), OrderState::Unknown);
    assert_eq!(world.state("b"), OrderState::New);
    assert_eq!(world.tracker.gaps().collect::<Vec<_>>(), [ExecId::new(0, 1, 1)]);
}

/// Messages are lost while the connection stays: what was said in them is missing, and answers may have been among them.
#[test]
fn messages_that_are_lost_on_the_way_are_missed() {
    use client::Event::{Dropped, Session};
    use session::Event::{ResetInSession, SequenceReset};

    let dropped: client::Event<'_, NR> = Dropped(driver::Dropped::one(3));
    let jump = |gap_fill, new| SequenceReset {
        gap_fill,
        expected: 3,
        new,
    };
    let reset = session::ResetInSession {
        ours: false,
        sent: 9,
        received: 9,
    };
    let (answered, open) = (Some(Doubt::Unanswered), None);
    let check = |event: &client::Event<'_, NR>, is_lost: bool, expected: Option<Doubt>| {
        for with_listener in [false, true] {
            let mut world = world();
            world.connect(false);
            if with_listener {
                world
                    .tracker
                    .connected(Source::Listener, false, &mut world.events);
            }
            world.order("a");
            world.read(&report("1;1", "00", "a", "0/10"));
            world.order("asked");
            let World { tracker, events, .. } = &mut world;
            tracker
                .observe(time(0), Source::OrderEntry, event, PriceUnit::Dollars, events)
                .unwrap();
            // Of a connection that begins anew the listener heard what came meanwhile; what was dropped it may not have come to.
            let is_missed = is_lost && !(with_listener && expected == Some(Doubt::Unconfirmed));
            let state = if is_missed {
                OrderState::Unknown
            } else {
                OrderState::New
            };
            assert_eq!(world.state("a"), state, "{event:?}");
            let gaps: Vec<_> = world.tracker.gaps().collect();
            let expected_gaps = [ExecId::new(0, 1, 1)];
            assert_eq!(gaps, expected_gaps[..usize::from(is_missed)], "{event:?}");
            let doubt = world.tracker.by_cl_ord_id("asked").unwrap().doubt();
            assert_eq!(doubt, expected, "{event:?}");
        }
    };
    check(&dropped, true, answered);
    check(&Session(jump(false, 7)), true, answered);
    check(&Session(jump(false, 3)), false, open);
    // The peer says that nothing but session messages lay between.
    check(&Session(jump(true, 7)), false, open);
    check(&Session(ResetInSession(reset)), true, Some(Doubt::Unconfirmed));
}
