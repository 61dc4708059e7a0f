//! What is kept, what is forgotten, and what does not fit.

use super::*;

#[test]
fn orders_that_ended_are_forgotten_and_not_taken_for_new_ones() {
    let mut world = World::new(TrackerSettings {
        finished_orders: 1,
        ..TrackerSettings::default()
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
            .any(|event| matches!(event, TrackerEvent::Forgotten { .. }))
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
        [TrackerEvent::Unattributed(Unattributed::Old { .. })]
    ));
    // One that was missed is counted.
    world.read_from(Source::DropCopy, &named("1", trade("3;1", "a", "5/5", "1@0.5")));
    assert!(matches!(
        world.events[0],
        TrackerEvent::Fill(FillEvent { order: None, .. })
    ));
    assert_eq!(world.net(), "15".parse().unwrap());
    assert_eq!(world.tracker.open_orders().count(), 0);
}

#[test]
fn orders_of_another_origin_are_adopted_as_far_as_there_is_room() {
    let mut world = World::new(TrackerSettings {
        adopted_orders: 1,
        ..TrackerSettings::default()
    });
    let named = |order_id: &'static str, report: ExecutionReport<'static>| ExecutionReport {
        order_id: order_id.into(),
        ..report
    };
    world.read_from(Source::Listener, &named("1", report("2;1", "00", "x", "0/10")));
    assert!(matches!(
        world.events[..],
        [
            TrackerEvent::Adopted { .. },
            TrackerEvent::Changed {
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
            TrackerEvent::Fill(FillEvent { order: None, .. }),
            TrackerEvent::Unattributed(Unattributed::NoRoom { .. })
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
    let mut world = World::new(TrackerSettings {
        remembered_fills: 1,
        ..TrackerSettings::default()
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
    let restored = Tracker::restore(&text, TrackerSettings::default()).unwrap();
    assert_eq!(restored.snapshot(), text);
    assert!(restored.orders().eq(world.tracker.orders()));
    assert!(restored.positions().eq(world.tracker.positions()));

    let check = |text: &str, expected: &str| {
        let error = Tracker::restore(text, TrackerSettings::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("", "no snapshot");
    check("something else\n", "no snapshot");
    check(&text.replacen("tracker 3", "tracker 9", 1), "version \"9\"");
    check(&text[..text.len() - 1], "the last line has no end");
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        assert!(
            Tracker::restore(&text[..at], TrackerSettings::default()).is_err(),
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
