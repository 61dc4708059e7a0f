//! Requests, answers, and what happens in between.

use super::*;
use crate::prediction::{ExecutionReport, NewOrderSingle, fields, groups};
use crate::tracker::{Source, TrackerSettings};
use crate::units::PriceUnit;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(seconds * 1_000_000_000)
}

fn response(group: &str) -> GroupResponse<'_> {
    GroupResponse {
        group,
        limit: None,
        subaccount: None,
    }
}

fn refusal(ref_seq_num: Option<u64>, text: &'static str) -> Refusal<'static> {
    Refusal {
        ref_seq_num,
        ref_id: None,
        ref_msg_type: Some("UOG"),
        reason: Some(0),
        text: Some(text),
    }
}

struct World {
    groups: Groups,
    events: Vec<GroupEvent>,
    number: u64,
}

impl World {
    fn new() -> World {
        World {
            groups: Groups::new(3),
            events: Vec::new(),
            number: 1,
        }
    }

    /// With a group `g` of ten contracts.
    fn with_group() -> World {
        let mut world = World::new();
        world.send(&GroupRequest::create(10).unwrap());
        world.answer("g");
        world
    }

    fn send(&mut self, request: &GroupRequest) -> u64 {
        self.number += 1;
        self.events.clear();
        self.groups.sent(self.number, request, &mut self.events);
        self.number
    }

    fn answer(&mut self, group: &str) {
        self.events.clear();
        self.groups.answered(&response(group), &mut self.events);
    }

    fn refuse(&mut self, ref_seq_num: Option<u64>, text: &'static str) -> bool {
        self.events.clear();
        self.groups.refused(&refusal(ref_seq_num, text), &mut self.events)
    }

    #[track_caller]
    fn check(&self, state: Option<GroupState>) {
        assert_eq!(
            self.groups.group("g", 0).map(Group::state),
            state,
            "{:?}",
            self.events
        );
    }
}

#[test]
fn answers_are_matched_by_group_and_by_order() {
    let mut world = World::with_group();
    world.send(&GroupRequest::create(20).unwrap());
    world.send(&GroupRequest::trigger("g"));
    world.send(&GroupRequest::create(30).unwrap());
    // That of the known group first.
    world.answer("g");
    world.check(Some(GroupState::Triggered));
    world.answer("h");
    world.answer("i");
    let limit = |id: &str| world.groups.group(id, 0).unwrap().limit();
    assert_eq!((limit("h"), limit("i")), (Some(20), Some(30)));
    world.answer("g");
    assert_eq!(world.events, [GroupEvent::Unattributed { group: "g".into() }]);
}

#[test]
fn what_each_action_does() {
    let mut world = World::with_group();
    world.check(Some(GroupState::Active));
    let mut act = |request: GroupRequest, state: Option<GroupState>| {
        world.send(&request);
        world.answer("g");
        assert_eq!(
            world.events,
            [GroupEvent::Done {
                group: "g".into(),
                request
            }]
        );
        world.check(state);
    };
    act(GroupRequest::trigger("g"), Some(GroupState::Triggered));
    act(
        GroupRequest::update("g", 99).unwrap(),
        Some(GroupState::Triggered),
    );
    act(GroupRequest::reset("g"), Some(GroupState::Active));
    act(GroupRequest::delete("g"), None);
}

#[test]
fn the_limit_of_an_answer_counts() {
    let mut world = World::with_group();
    world.send(&GroupRequest::update("g", 99).unwrap());
    let response = GroupResponse {
        limit: Some(98),
        ..response("g")
    };
    world.groups.answered(&response, &mut world.events);
    assert_eq!(world.groups.group("g", 0).unwrap().limit(), Some(98));
}

#[test]
fn refusals() {
    let mut world = World::with_group();
    let number = world.send(&GroupRequest::reset("g"));
    assert!(!world.refuse(Some(number + 1), "RATE_LIMITED"));
    assert!(world.refuse(Some(number), "RATE_LIMITED"));
    assert!(matches!(
        world.events[..],
        [GroupEvent::Refused { not_found: false, .. }]
    ));
    world.check(Some(GroupState::Active));
    assert_eq!(world.groups.pending().count(), 0);
    // Without a number, by the type of message.
    world.send(&GroupRequest::reset("g"));
    assert!(world.refuse(None, "ORDER_GROUP_NOT_FOUND"));
    assert!(matches!(
        world.events[..],
        [GroupEvent::Refused { not_found: true, .. }]
    ));
    world.check(None);
    assert!(!world.refuse(None, "ORDER_GROUP_NOT_FOUND"));
}

#[test]
fn groups_are_those_of_their_subaccount() {
    let mut world = World::new();
    world.send(&GroupRequest::create(10).unwrap().subaccount(2).unwrap());
    world.answer("g");
    world.check(None);
    assert!(world.groups.group("g", 2).is_some());
    // Not found under the primary account: the group of the other stays.
    let number = world.send(&GroupRequest::reset("g"));
    assert!(world.refuse(Some(number), "ORDER_GROUP_NOT_FOUND"));
    assert!(world.groups.group("g", 2).is_some());
}

#[test]
fn a_lost_connection_leaves_requests_in_doubt() {
    let mut world = World::with_group();
    let first = world.send(&GroupRequest::delete("g"));
    let second = world.send(&GroupRequest::create(20).unwrap());
    world.events.clear();
    world.groups.disconnected(&(second..=second), &mut world.events);
    let expected = [
        (GroupRequest::delete("g"), true),
        (GroupRequest::create(20).unwrap(), false),
    ];
    let expected = expected.map(|(request, was_received)| GroupEvent::InDoubt {
        request,
        was_received,
    });
    assert_eq!(world.events, expected, "{first}");
    world.check(Some(GroupState::Unknown));
    world.send(&GroupRequest::reset("g"));
    world.answer("g");
    world.check(Some(GroupState::Active));
}

#[test]
fn what_is_kept_is_bounded() {
    let mut world = World::with_group();
    for _ in 0..3 {
        world.send(&GroupRequest::create(20).unwrap());
        assert!(world.events.is_empty());
    }
    world.send(&GroupRequest::create(20).unwrap());
    assert!(matches!(world.events[..], [GroupEvent::NoRoom { .. }]));
    world.answer("h");
    world.answer("i");
    world.answer("j");
    assert!(matches!(
        world.events[..],
        [GroupEvent::NoRoom { .. }, GroupEvent::Done { .. }]
    ));
    assert_eq!(world.groups.groups().count(), 3);
    assert!(!world.groups.adopt("k", 0, None, None) && world.groups.adopt("h", 0, None, None));
}

#[test]
fn the_volume_of_fills_is_told_beyond_the_limit() {
    let mut world = World::with_group();
    let mut fill = |seconds, contracts| {
        world.events.clear();
        let quantity = Quantity::from_whole(contracts);
        world
            .groups
            .filled("g", 0, at(seconds), quantity, &mut world.events);
        world.events.len()
    };
    assert_eq!(fill(0, 10), 0);
    // Ten count for nothing any more; eleven are one too many, once.
    assert_eq!(fill(16, 10), 0);
    assert_eq!(fill(17, 1), 1);
    assert_eq!(fill(17, 1), 0);
}

#[test]
fn a_tracker_tells_of_fills_and_triggers() {
    let decimal = |text: &str| fix_dialect::parse_decimal(text.as_bytes()).unwrap();
    let mut tracker = Tracker::new(TrackerSettings::default());
    let mut told = Vec::new();
    let order = |id: &'static str| NewOrderSingle {
        order_group_id: Some("g".into()),
        ..NewOrderSingle::new(
            id,
            decimal("20"),
            fields::OrdType::Limit,
            decimal("0.5"),
            fields::Side::Buy,
            "M",
        )
    };
    let report = |id: &'static str, exec_id: &'static str, status, exec_type, cum: &str| ExecutionReport {
        orig_cl_ord_id: Some(id.into()),
        ..ExecutionReport::new(
            decimal("0"),
            id,
            decimal(cum),
            exec_id,
            id,
            decimal("20"),
            status,
            fields::Side::Buy,
            "M",
            exec_type,
            decimal("0"),
        )
    };
    for (number, id) in [(2, "a"), (3, "b")] {
        tracker
            .sent(at(0), number, &order(id), PriceUnit::Dollars, &mut told)
            .unwrap();
    }
    let fee = groups::MiscFee::new(
        decimal("0"),
        "USD",
        fields::MiscFeeType::ExchangeFees,
        fields::MiscFeeBasis::Absolute,
    );
    let trade = ExecutionReport {
        last_qty: Some(decimal("11")),
        last_px: Some(decimal("0.5")),
        misc_fees: Some(vec![fee]),
        ..report(
            "a",
            "1;1",
            fields::OrdStatus::PartiallyFilled,
            fields::ExecType::Trade,
            "11",
        )
    };
    let canceled = ExecutionReport {
        text: Some("ORDER_GROUP_CANCEL".into()),
        ..report(
            "a",
            "1;2",
            fields::OrdStatus::Canceled,
            fields::ExecType::Canceled,
            "11",
        )
    };
    let rejected = ExecutionReport {
        text: Some("EXCEEDED_ORDER_GROUP_RISK_LIMIT".into()),
        ..report(
            "b",
            "2;1",
            fields::OrdStatus::Rejected,
            fields::ExecType::Rejected,
            "0",
        )
    };
    let play = |reports: &[&ExecutionReport<'_>]| {
        let mut world = World::with_group();
        let mut tracker = tracker.clone();
        for report in reports {
            let mut told = Vec::new();
            let unit = PriceUnit::Dollars;
            tracker
                .read(at(1), Source::OrderEntry, *report, unit, &mut told)
                .unwrap();
            for event in &told {
                world.groups.observe(at(1), &tracker, event, &mut world.events);
            }
        }
        world.events
    };
    let found = play(&[&trade, &canceled]);
    assert!(
        matches!(
            found[..],
            [
                GroupEvent::Done { .. },
                GroupEvent::BeyondLimit { .. },
                GroupEvent::Triggered { .. }
            ]
        ),
        "{found:?}"
    );
    let found = play(&[&rejected]);
    assert!(
        matches!(found[..], [GroupEvent::Done { .. }, GroupEvent::Triggered { .. }]),
        "{found:?}"
    );
}
