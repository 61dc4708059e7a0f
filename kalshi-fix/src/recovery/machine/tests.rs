//! Ranges, the answers to them, and what the tracker takes from those.

use fix_dialect::{Decimal, Timestamp};

use super::*;
use crate::tracker::{Source, TrackerSettings};
use crate::units::PriceUnit;

struct World {
    recovery: Recovery,
    tracker: Tracker,
    events: Vec<TrackerEvent>,
    now: Duration,
    number: u64,
}

fn range(clock: u64) -> Range {
    Range {
        begin: ExecId::new(0, clock, 1),
        end: None,
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn world(ranges: &[Range]) -> World {
    let tracker = Tracker::new(TrackerSettings::default());
    World {
        recovery: Recovery::of(ranges.to_vec(), &tracker, RecoverySettings::default()),
        tracker,
        events: Vec::new(),
        now: Duration::ZERO,
        number: 1,
    }
}

impl World {
    #[track_caller]
    fn send(&mut self, expected: Range) {
        assert_eq!(self.recovery.poll(self.now), Step::Send(expected));
        self.number += 1;
        self.recovery.sent(self.now, self.number);
    }

    fn report(&mut self, clock: u64) {
        self.recovery.received(self.now, ExecId::new(0, clock, 1));
    }

    fn complete(&mut self, count: i64) {
        let ref_seq_num = self.number;
        self.answer(Answer::Complete { ref_seq_num, count });
    }

    fn reject(&mut self, reason: i64) {
        let ref_seq_num = self.number;
        self.answer(Answer::Rejected { ref_seq_num, reason });
    }

    fn answer(&mut self, answer: Answer) {
        self.recovery
            .answered(self.now, answer, &mut self.tracker, &mut self.events);
    }

    #[track_caller]
    fn wait(&mut self, expected: u64) {
        assert_eq!(
            self.recovery.poll(self.now),
            Step::Wait(self.now + seconds(expected))
        );
        self.now += seconds(expected);
    }

    #[track_caller]
    fn check(&mut self, expected: &[(u32, Option<RangeFailure>)]) {
        assert_eq!(self.recovery.poll(self.now), Step::Finished);
        let outcome = self.recovery.outcome(&self.tracker);
        let found = outcome.ranges.iter().map(|range| (range.attempts, range.failure));
        assert_eq!(found.collect::<Vec<_>>(), expected);
        let all = expected.iter().all(|(_, failure)| failure.is_none());
        assert_eq!(outcome.is_complete(), all);
    }
}

#[test]
fn ranges_are_fetched_one_after_the_other() {
    let mut world = world(&[range(4), range(9)]);
    world.send(range(4));
    world.report(4);
    world.report(5);
    // Of another request: not this one's answer.
    world.answer(Answer::Complete {
        ref_seq_num: 77,
        count: 2,
    });
    world.complete(2);
    world.send(range(9));
    world.complete(0);
    world.check(&[(1, None), (1, None)]);
}

#[test]
fn nothing_missed_is_nothing_to_do() {
    world(&[]).check(&[]);
}

#[test]
fn a_wrong_count_is_asked_for_again_and_then_given_up() {
    let mut world = world(&[range(4)]);
    for attempt in 0..5 {
        world.send(range(4));
        world.report(4);
        world.complete(2);
        if attempt < 4 {
            world.wait(1 << attempt);
        }
    }
    let failure = RangeFailure::WrongCount {
        announced: 2,
        received: 1,
    };
    world.check(&[(5, Some(failure))]);
}

#[test]
fn reports_of_a_failed_attempt_do_not_count_for_the_next() {
    let mut world = world(&[range(4)]);
    world.send(range(4));
    world.report(4);
    world.recovery.disconnected(world.now);
    world.wait(1);
    world.send(range(4));
    world.report(4);
    world.report(6);
    world.complete(2);
    world.check(&[(2, None)]);
}

#[test]
fn no_time_of_the_settings_is_too_long() {
    let mut world = world(&[]);
    let settings = RecoverySettings {
        answer_timeout: Duration::MAX,
        retry_after: Duration::MAX,
        ..RecoverySettings::default()
    };
    world.recovery = Recovery::of(vec![range(4)], &world.tracker, settings);
    world.now = seconds(1);
    let waits = Step::Wait(Duration::MAX);
    world.send(range(4));
    assert_eq!(world.recovery.poll(world.now), waits);
    world.report(5);
    assert_eq!(world.recovery.poll(world.now), waits);
    world.reject(TOO_MANY_REQUESTS);
    assert_eq!(world.recovery.poll(world.now), waits);
}

#[test]
fn reasons_of_a_reject() {
    let check = |reason, again: bool, expected| {
        let mut world = world(&[range(4)]);
        world.send(range(4));
        world.reject(reason);
        if again {
            world.wait(1);
            world.send(range(4));
            world.complete(0);
            world.check(&[(2, None)]);
        } else {
            world.check(&[(1, Some(expected))]);
        }
    };
    check(1, true, RangeFailure::TooManyRequests);
    check(2, true, RangeFailure::ServerError);
    check(3, false, RangeFailure::OutsideWindow);
    check(4, false, RangeFailure::EndTooLarge);
    check(9, false, RangeFailure::Refused);
}

#[test]
fn silence_is_measured_from_the_last_report() {
    let mut world = world(&[range(4)]);
    world.send(range(4));
    world.now += seconds(29);
    world.report(4);
    world.wait(30);
    world.wait(1);
    world.send(range(4));
    world.answer(Answer::Refused { ref_seq_num: None });
    world.wait(2);
    world.send(range(4));
    world.complete(0);
    world.check(&[(3, None)]);
}

#[test]
fn what_cannot_be_read_is_not_recovered() {
    let mut world = world(&[range(4)]);
    world.send(range(4));
    world.recovery.unreadable(world.now);
    world.complete(1);
    world.check(&[(1, Some(RangeFailure::Unreadable { count: 1 }))]);
}

/// A tracker that missed something twice: after `1;1`, and after `9;1`.
fn missed_twice() -> World {
    let mut world = world(&[]);
    let World { tracker, events, .. } = &mut world;
    for clock in [1, 9] {
        tracker.connected(Source::OrderEntry, clock > 1, events);
        hear(tracker, Source::OrderEntry, clock, "live", events);
        tracker.disconnected(Source::OrderEntry, &(1..=u64::MAX), events);
    }
    tracker.connected(Source::OrderEntry, true, events);
    world.recovery = Recovery::new(&world.tracker, RecoverySettings::default());
    world
}

/// The acceptance of an order of its own.
fn hear(tracker: &mut Tracker, source: Source, clock: u64, id: &str, events: &mut Vec<TrackerEvent>) {
    use crate::prediction::{ExecutionReport, fields};
    let (zero, ten) = (Decimal::ZERO, Decimal::from(10));
    let (id, exec_id) = (format!("{id}-{clock}"), format!("{clock};1"));
    let (new, side) = (fields::OrdStatus::New, fields::Side::Buy);
    let accepted = fields::ExecType::New;
    let (id, exec_id) = (id.as_str(), exec_id.as_str());
    let report = ExecutionReport::new(zero, id, zero, exec_id, id, ten, new, side, "M", accepted, ten);
    let now = Timestamp::from_unix_nanos(1_800_000_000_000_000_000);
    tracker
        .read(now, source, &report, PriceUnit::Dollars, events)
        .unwrap();
}

fn state(world: &World, id: &str) -> OrderState {
    world.tracker.by_cl_ord_id(id).unwrap().state()
}

#[test]
fn one_gap_that_is_too_old_does_not_keep_another_from_being_filled() {
    let mut world = missed_twice();
    world.send(range(1));
    world.reject(BEGIN_TOO_SMALL);
    // The later one is within what the venue keeps.
    world.send(range(9));
    for clock in [9, 12] {
        world.report(clock);
        let World { tracker, events, .. } = &mut world;
        hear(tracker, Source::DropCopy, clock, "live", events);
    }
    world.complete(2);
    world.check(&[(1, Some(RangeFailure::OutsideWindow)), (1, None)]);
    // What lay in the first is missing still, and orders of before it may have changed there.
    assert_eq!(world.tracker.gaps().collect::<Vec<_>>(), [range(1).begin]);
    assert_eq!(state(&world, "live-1"), OrderState::Unknown);
    assert_eq!(state(&world, "live-9"), OrderState::New);
    assert_eq!(state(&world, "live-12"), OrderState::New);
    // A third one is found as well, though the first is refused again.
    let World { tracker, events, .. } = &mut world;
    tracker.disconnected(Source::OrderEntry, &(1..=u64::MAX), events);
    tracker.connected(Source::OrderEntry, true, events);
    world.recovery = Recovery::new(&world.tracker, RecoverySettings::default());
    world.send(range(1));
    world.reject(BEGIN_TOO_SMALL);
    world.send(range(12));
    world.complete(0);
    assert_eq!(state(&world, "live-9"), OrderState::New);
    assert_eq!(state(&world, "live-1"), OrderState::Unknown);
    // By hand, once the user knows what lay in it.
    let World { tracker, events, .. } = &mut world;
    let period = tracker.period();
    tracker.recovered(0, period, None, events);
    assert_eq!(tracker.gaps().count(), 0);
    assert_eq!(state(&world, "live-1"), OrderState::New);
}

#[test]
fn all_gaps_are_one_range_where_the_venue_keeps_them() {
    let mut world = missed_twice();
    world.send(range(1));
    world.complete(0);
    world.check(&[(1, None)]);
    assert_eq!(world.tracker.gaps().count(), 0);
    assert_eq!(state(&world, "live-1"), OrderState::New);
}

#[test]
fn a_range_of_ones_own_closes_no_gap_from_before_it() {
    let mut world = missed_twice();
    let ranges = vec![range(10)];
    world.recovery = Recovery::of(ranges, &world.tracker, RecoverySettings::default());
    world.send(range(10));
    world.complete(0);
    world.check(&[(1, None)]);
    assert_eq!(world.tracker.gaps().collect::<Vec<_>>(), [range(1).begin]);
    assert_eq!(state(&world, "live-9"), OrderState::Unknown);
}

#[test]
fn an_answer_that_comes_while_nothing_does_is_no_end() {
    let mut world = missed_twice();
    world.send(range(1));
    let World { tracker, events, .. } = &mut world;
    tracker.disconnected(Source::OrderEntry, &(1..=u64::MAX), events);
    world.complete(0);
    assert_eq!(world.recovery.poll(world.now), Step::Finished);
    assert!(!world.recovery.outcome(&world.tracker).is_complete());
    let World { tracker, events, .. } = &mut world;
    tracker.connected(Source::OrderEntry, false, events);
    assert_eq!(world.tracker.gaps().count(), 1);
    assert!(!world.recovery.outcome(&world.tracker).is_complete());
}
