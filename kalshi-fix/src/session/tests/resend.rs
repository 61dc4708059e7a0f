//! Case 8 with a journal: what a peer asks for is sent again, and nothing is interleaved.

use std::sync::Arc;

use super::*;
use crate::session::{EndReason, Event, ResendCandidate, ResendPolicy, ResendVerdict, StoreOperation};

fn frames(bytes: &[u8]) -> usize {
    bytes.windows(7).filter(|window| *window == b"8=FIXT.").count()
}

both_resuming! {
    /// Application messages again, one gap fill for what lies between them.
    fn case_8_messages_are_sent_again(us) {
        us.send("a");
        us.session.test_request(us.now()).unwrap();
        us.session.test_request(us.now()).unwrap();
        us.send("b");
        us.send("c");
        us.session.test_request(us.now()).unwrap();
        us.drain();
        us.sent_frames();
        us.receive("35=2|34=2|7=1|16=0");
        us.expect_sent([
            "35=4|34=1|43=Y|123=Y|36=2",
            "35=D|34=2|43=Y|11=a",
            "35=4|34=3|43=Y|123=Y|36=5",
            "35=D|34=5|43=Y|11=b",
            "35=D|34=6|43=Y|11=c",
            "35=4|34=7|43=Y|123=Y|36=8",
        ]);
        us.expect_events(["resend of 1-0 requested", "served 1-7, 3 replayed"]);
        us.send("d");
        us.expect_sent(["35=D|34=8|11=d"]);
    }

    /// The body's bytes and the first SendingTime are the original's, the rest is new.
    fn case_8_original_time_and_body(us) {
        us.send("a=b");
        let first = us.sent_frames().remove(0);
        us.sleep(milliseconds(5250));
        us.receive("35=2|34=2|7=2|16=2");
        let again = us.sent_frames().remove(0);
        let changed = bars(&first)
            .replace("|52=20260817-16:00:00.000|", "|52=20260817-16:00:05.250|43=Y|122=20260817-16:00:00.000|");
        let body = |text: &str| {
            let start = text.find("|35=").unwrap() + 1;
            text[start..text.rfind("10=").unwrap()].to_owned()
        };
        assert_eq!(body(&bars(&again)), body(&changed));
    }

    fn case_8_ranges(us) {
        for text in ["a", "b", "c"] {
            us.send(text);
        }
        us.sent_frames();
        us.receive("35=2|34=2|7=3|16=3");
        us.expect_sent(["35=D|34=3|43=Y|11=b"]);
        us.receive("35=2|34=3|7=2|16=3");
        us.expect_sent(["35=D|34=2|43=Y|11=a", "35=D|34=3|43=Y|11=b"]);
        for (number, end) in [(4, "0"), (5, "4"), (6, "5"), (7, "999999"), (8, "4294967295")] {
            us.receive(&format!("35=2|34={number}|7=4|16={end}"));
            us.expect_sent(["35=D|34=4|43=Y|11=c"]);
        }
        us.take_events();
        us.receive("35=2|34=9|7=5|16=0");
        us.expect_events(["reject sent of 9 about Some(7): ValueIncorrect"]);
    }

    /// A journal that has forgotten, in the middle or all.
    fn case_8_holes_in_the_journal_are_filled_over(us) {
        for text in ["a", "b", "c", "d"] {
            us.send(text);
        }
        us.sent_frames();
        us.journal.remove(&3);
        us.journal.remove(&5);
        us.receive("35=2|34=2|7=2|16=0");
        us.expect_sent([
            "35=D|34=2|43=Y|11=a",
            "35=4|34=3|43=Y|123=Y|36=4",
            "35=D|34=4|43=Y|11=c",
            "35=4|34=5|43=Y|123=Y|36=6",
        ]);
        us.journal.clear();
        us.receive("35=2|34=3|7=1|16=0");
        us.expect_sent(["35=4|34=1|43=Y|123=Y|36=6"]);
    }

    /// Numbered at once, journalled at once, sent afterwards: orders and heartbeats alike.
    fn case_8_nothing_is_interleaved(us) {
        us.send("a");
        us.send("b");
        us.sent_frames();
        us.automatic = false;
        us.receive("35=2|34=2|7=2|16=0");
        let Some(StoreOperation::SetNextIncoming { .. }) = us.session.poll_store() else {
            panic!("the request's own number")
        };
        let Some(StoreOperation::Read { ticket, begin: 2, end: 3, .. }) = us.session.poll_store() else {
            panic!("no read")
        };
        assert!(us.session.is_resending());
        assert_eq!(us.session.send(us.now(), &bench::Order("c")), Ok(4));
        us.session.test_request(us.now()).unwrap();
        assert!(matches!(us.session.poll_store(), Some(StoreOperation::Append { sequence: 4, .. })));
        assert!(matches!(us.session.poll_store(), Some(StoreOperation::SetNextOutgoing { next: 6, .. })));
        assert_eq!(us.session.poll_transmit(), None, "nothing may overtake the resend");
        let page = bench::read(&us.journal, 2, 2, 1);
        us.session.handle_read(us.now(), ticket, page);
        us.automatic = true;
        us.drain();
        us.expect_sent(["35=D|34=2|43=Y|11=a", "35=D|34=3|43=Y|11=b", "35=D|34=4|11=c", "35=1|34=5|112=1"]);
        assert!(!us.session.is_resending());
    }

    /// What is held counts as waiting to be sent.
    fn a_resend_that_stalls_does_not_hold_without_bound(us) {
        us.send("a");
        us.automatic = false;
        us.receive("35=2|34=2|7=1|16=0");
        let long: &'static str = "x".repeat(1 << 20).leak();
        let mut sent = 0;
        let refused = loop {
            match us.session.send(us.now(), &bench::Order(long)) {
                Ok(_) => sent += 1,
                Err(error) => break error,
            }
            while us.session.poll_store().is_some() {}
            assert_eq!(us.session.poll_transmit(), None);
        };
        assert_eq!(sent, 4);
        assert!(matches!(refused, crate::session::SendError::Backlog { .. }), "{refused}");
    }

    /// A second request is served once the first has been, as far as it goes beyond it.
    fn case_8_a_second_request_meanwhile(us) {
        for text in ["a", "b", "c", "d"] {
            us.send(text);
        }
        us.sent_frames();
        us.automatic = false;
        us.receive("35=2|34=2|7=2|16=3");
        us.session.poll_store();
        let Some(StoreOperation::Read { ticket, .. }) = us.session.poll_store() else { panic!("no read") };
        us.session.handle_read(us.now(), ticket, bench::read(&us.journal, 2, 2, 1));
        // Nothing of this was sent again yet: it only makes the range longer.
        us.receive("35=2|34=3|7=3|16=0");
        us.automatic = true;
        us.drain();
        us.expect_sent(["35=D|34=2|43=Y|11=a", "35=D|34=3|43=Y|11=b", "35=D|34=4|43=Y|11=c", "35=D|34=5|43=Y|11=d"]);
        us.expect_events(["resend of 2-3 requested", "resend of 3-0 requested", "served 2-5, 4 replayed"]);
    }

    /// A page that was read before the range became longer says nothing of what the range has now.
    fn case_8_an_empty_page_of_a_shorter_range(us) {
        us.session.test_request(us.now()).unwrap();
        us.drain();
        for text in ["a", "b"] {
            us.send(text);
        }
        us.sent_frames();
        us.automatic = false;
        us.receive("35=2|34=2|7=2|16=2");
        us.session.poll_store();
        let Some(StoreOperation::Read { ticket, begin: 2, end: 2, .. }) = us.session.poll_store() else { panic!("no read") };
        us.receive("35=2|34=3|7=3|16=0");
        us.session.handle_read(us.now(), ticket, bench::read(&us.journal, 2, 2, usize::MAX));
        us.automatic = true;
        us.drain();
        us.expect_sent(["35=4|34=2|43=Y|123=Y|36=3", "35=D|34=3|43=Y|11=a", "35=D|34=4|43=Y|11=b"]);
    }

    /// What was sent again already is sent a third time: it was lost on the way. An answer to a read from before is
    /// of no use.
    fn case_8_a_second_request_starts_over(us) {
        for text in ["a", "b", "c"] {
            us.send(text);
        }
        us.sent_frames();
        us.automatic = false;
        us.receive("35=2|34=2|7=2|16=0");
        us.session.poll_store();
        let Some(StoreOperation::Read { ticket, .. }) = us.session.poll_store() else { panic!("no read") };
        us.session.handle_read(us.now(), ticket, bench::read(&us.journal, 2, 2, 1));
        let Some(StoreOperation::Read { ticket: late, begin: 3, .. }) = us.session.poll_store() else {
            panic!("no second page")
        };
        assert_eq!(us.session.send(us.now(), &bench::Order("d")), Ok(5));
        us.receive("35=2|34=3|7=2|16=0");
        us.session.handle_read(us.now(), late, bench::read(&us.journal, 3, 4, 9999));
        us.automatic = true;
        us.drain();
        us.expect_sent([
            "35=D|34=2|43=Y|11=a",
            "35=D|34=2|43=Y|11=a",
            "35=D|34=3|43=Y|11=b",
            "35=D|34=4|43=Y|11=c",
            "35=D|34=5|11=d",
        ]);
    }

    /// Our logout waits for the end of the resend, and its own time begins with the last page.
    fn case_12_a_logout_waits_for_the_resend(us) {
        us.send("a");
        us.sent_frames();
        us.automatic = false;
        us.receive("35=2|34=2|7=2|16=0");
        us.session.poll_store();
        let Some(StoreOperation::Read { ticket, .. }) = us.session.poll_store() else { panic!("no read") };
        us.session.logout(us.now(), None);
        us.wait(milliseconds(1900));
        us.session.handle_read(us.now(), ticket, bench::read(&us.journal, 2, 2, 9999));
        us.automatic = true;
        us.wait(milliseconds(1900));
        us.drain();
        us.expect_sent(["35=D|34=2|43=Y|11=a", "35=5|34=3"]);
        us.receive("35=5|34=3");
        assert_eq!(*us.reason(), EndReason::LoggedOut { out_of_sequence: None });
    }

    /// When the session fails, what is held stays in the journal and does not go out on a session that is over.
    fn a_violation_during_a_resend(us) {
        us.send("a");
        us.sent_frames();
        us.automatic = false;
        us.gapless = false;
        us.receive("35=2|34=2|7=2|16=0");
        us.session.poll_store();
        let Some(StoreOperation::Read { ticket, .. }) = us.session.poll_store() else { panic!("no read") };
        assert_eq!(us.session.send(us.now(), &bench::Order("b")), Ok(3));
        us.receive("35=U1|34=1");
        us.session.handle_read(us.now(), ticket, bench::read(&us.journal, 2, 2, 9999));
        us.automatic = true;
        us.drain();
        assert!(us.journal.contains_key(&3));
        us.expect_sent(["35=5|34=4|58=MsgSeqNum too low, expecting 3 but received 1"]);
    }

    /// The whole range is never in memory: a page is read when the last one has left.
    fn case_8_a_long_range_goes_page_by_page(us) {
        for _ in 0..5000 {
            us.send("an order like any other");
        }
        us.sent_frames();
        us.operations.clear();
        us.automatic = false;
        us.receive("35=2|34=2|7=1|16=0");
        let (mut waiting, mut reads, mut sent) = (0, 0, 0);
        while us.session.is_resending() {
            while let Some(operation) = us.session.poll_store() {
                if let StoreOperation::Read { ticket, begin, end, max_bytes } = operation {
                    reads += 1;
                    assert_eq!(max_bytes, 64 << 10);
                    let page = bench::read(&us.journal, begin, end, max_bytes);
                    us.session.handle_read(us.now(), ticket, page);
                }
            }
            let mut bytes = 0;
            while let Some(transmit) = us.session.poll_transmit() {
                bytes += transmit.bytes.len();
                sent += frames(&transmit.bytes);
            }
            waiting = waiting.max(bytes);
            assert_ne!(bytes, 0);
        }
        while let Some(transmit) = us.session.poll_transmit() {
            sent += frames(&transmit.bytes);
        }
        assert_eq!(sent, 5001);
        assert!(reads > 5, "{reads}");
        assert!(waiting < 256 << 10, "{waiting}");
    }
}

/// The application's choice.
#[test]
fn case_8_the_policy_decides() {
    let check = |policy: ResendPolicy, sent: [&str; 2], events: &[&str]| {
        for mut us in Bench::both_with(|settings| settings.resend = policy.clone()) {
            us.send("a");
            us.sleep(seconds(60));
            us.send("b");
            us.sent_frames();
            us.receive("35=2|34=2|7=2|16=0");
            let expected: Vec<&str> = sent.into_iter().filter(|sent| !sent.is_empty()).collect();
            let all: Vec<String> = us.sent_frames().iter().map(|frame| bench::shown(frame)).collect();
            assert_eq!(all, expected, "{policy:?}");
            let shown: Vec<String> = us.take_events().iter().map(bench::describe).collect();
            assert_eq!(shown[1..], *events, "{policy:?}");
        }
    };
    let (a, b) = ("35=D|34=2|43=Y|11=a", "35=D|34=3|43=Y|11=b");
    check(ResendPolicy::Replay, [a, b], &["served 2-3, 2 replayed"]);
    check(
        ResendPolicy::HoldBack,
        ["35=4|34=2|43=Y|123=Y|36=4", ""],
        &["served 2-3, 0 replayed"],
    );
    check(
        ResendPolicy::Younger(seconds(59)),
        ["35=4|34=2|43=Y|123=Y|36=3", b],
        &["2 held back", "served 2-3, 1 replayed"],
    );
    let first = |message: &ResendCandidate<'_>| {
        assert_eq!(message.msg_type, b"D");
        if message.frame.windows(5).any(|window| window == b"11=a\x01") {
            assert_eq!(message.age, seconds(60));
            ResendVerdict::Replay
        } else {
            ResendVerdict::HoldBack
        }
    };
    check(
        ResendPolicy::PerMessage(Arc::new(first)),
        [a, "35=4|34=3|43=Y|123=Y|36=4"],
        &["3 held back", "served 2-3, 1 replayed"],
    );
    let none = |_: &ResendCandidate<'_>| ResendVerdict::HoldBack;
    check(
        ResendPolicy::PerMessage(Arc::new(none)),
        ["35=4|34=2|43=Y|123=Y|36=4", ""],
        &["2 held back", "3 held back", "served 2-3, 0 replayed"],
    );
}

/// A venue keeps messages for so long (Kalshi: 24 to 72 h): what lies further back is refused, not filled.
#[test]
fn case_8_beyond_the_retention_period() {
    for mut us in Bench::both_with(|settings| settings.resend_window = Some(seconds(20))) {
        us.send("a");
        us.sleep(seconds(10));
        us.send("b");
        us.sleep(seconds(11));
        us.sent_frames();
        us.receive("35=2|34=2|7=3|16=0");
        us.expect_sent(["35=D|34=3|43=Y|11=b"]);
        us.take_events();
        us.receive("35=2|34=3|7=2|16=0");
        us.expect_sent([
            "35=3|34=4|45=3|371=7|372=2|373=5|58=BeginSeqNo (7) is 2, which was sent 21 s ago: beyond the retention period",
        ]);
        us.expect_events([
            "resend of 2-0 requested",
            "reject sent of 3 about Some(7): ValueIncorrect",
        ]);
        us.send("c");
        us.expect_sent(["35=D|34=5|11=c"]);
    }
}

/// A clock that was set back: the original is not later than its copy, which the peer would reject (case 2f).
#[test]
fn a_resend_after_the_clock_was_set_back() {
    for mut us in Bench::both_with(|_| {}) {
        let later = us.frame("35=D|34=2|52=20260817-16:00:07.000|11=a");
        us.send("a");
        us.sent_frames();
        us.journal.insert(2, later.into());
        us.receive("35=2|34=2|7=2|16=0");
        let sent = bars(&us.sent_frames()[0]);
        assert!(
            sent.contains("|52=20260817-16:00:00.000|43=Y|122=20260817-16:00:00.000|11=a|"),
            "{sent}"
        );
    }
}

/// A held-back message is told with the frame, and the frame is not shown.
#[test]
fn what_is_held_back_is_told() {
    for mut us in Bench::both_with(|settings| settings.resend = ResendPolicy::Younger(seconds(0))) {
        us.send("a");
        let first = us.sent_frames().remove(0);
        us.sleep(seconds(1));
        us.receive("35=2|34=2|7=2|16=0");
        let events = us.take_events();
        let Event::HeldBack(held) = &events[1] else {
            panic!("{events:?}")
        };
        assert_eq!((held.msg_seq_num, &held.frame[..]), (2, &first[..]));
        assert!(!format!("{held:?}").contains("11=a"));
    }
}

/// What waits for the application holds up no resend, behind which everything new waits, heartbeats too.
#[test]
fn a_full_queue_of_events_holds_up_no_resend() {
    let replay = |_: &ResendCandidate<'_>| ResendVerdict::Replay;
    for policy in [
        ResendPolicy::Replay,
        ResendPolicy::Younger(seconds(60)),
        ResendPolicy::PerMessage(Arc::new(replay)),
        ResendPolicy::ThisConnection,
    ] {
        for mut us in Bench::both_with(|settings| {
            settings.max_events = 2;
            settings.resend = policy.clone();
        }) {
            us.send("a");
            us.sent_frames();
            us.automatic = false;
            us.receive("35=2|34=2|7=2|16=2");
            us.receive("35=U1|34=3");
            assert_eq!(us.session.queued().events, 2);
            us.session.poll_store();
            let Some(StoreOperation::Read { ticket, .. }) = us.session.poll_store() else {
                panic!("no read: {policy:?}")
            };
            let page = bench::read(&us.journal, 2, 2, 9999);
            us.session.handle_read(us.now(), ticket, page);
            let transmit = us.session.poll_transmit().unwrap();
            us.transmitted(&transmit);
            us.expect_sent(["35=D|34=2|43=Y|11=a"]);
            assert!(!us.session.is_resending());
        }
    }
}

/// What is held back is told one by one, and an application that takes nothing does not make that pile up for ever.
#[test]
fn what_is_held_back_waits_within_bounds() {
    for mut us in Bench::both_with(|settings| {
        settings.max_events = 2;
        settings.resend_page = 400;
        settings.resend = ResendPolicy::Younger(seconds(0));
    }) {
        for _ in 0..50 {
            us.send("a");
        }
        us.sleep(seconds(1));
        us.sent_frames();
        us.automatic = false;
        us.receive("35=2|34=2|7=2|16=0");
        us.session.poll_store();
        let (mut most, mut told) = (0, 0);
        while us.session.is_resending() {
            while let Some(StoreOperation::Read {
                ticket,
                begin,
                end,
                max_bytes,
            }) = us.session.poll_store()
            {
                let page = bench::read(&us.journal, begin, end, max_bytes);
                us.session.handle_read(us.now(), ticket, page);
            }
            most = most.max(us.session.queued().events);
            told += u64::from(matches!(us.session.poll_event(), Some(Event::HeldBack(_))));
        }
        // Twice as many as are let in from outside, and what the last page adds.
        assert!((3..=8).contains(&most), "{most}");
        told += std::iter::from_fn(|| us.session.poll_event())
            .filter(|event| matches!(event, Event::HeldBack(_)))
            .count() as u64;
        assert_eq!(told, 50);
    }
}
