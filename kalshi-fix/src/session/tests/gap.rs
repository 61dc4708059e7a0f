//! Gaps in what the peer sends, on sessions that ask for it again: cases 2b, 10a, 20 and what goes with them.

use super::*;
use crate::session::{EarlyMessages, EndReason, GapPolicy, Recovery, SessionSettings, SessionState};

/// A possible duplicate of the peer's.
fn again(us: &mut Bench, number: u64) {
    us.receive(&format!("35=U1|34={number}|43=Y|122=20260817-16:00:00.000"));
}

fn recovery(settings: &mut SessionSettings, change: impl Fn(&mut Recovery)) {
    let mut recovery = Recovery::default();
    change(&mut recovery);
    settings.gap_policy = GapPolicy::Resend(recovery);
}

both_resuming! {
    /// Only the gap is asked for; what came early waits, and is delivered in its turn.
    fn case_2b_a_gap_is_asked_for(us) {
        us.receive("35=U1|34=6");
        us.receive("35=U1|34=7");
        us.expect_sent(["35=2|34=2|7=2|16=5"]);
        us.expect_events(["asked for 2-5, attempt 1"]);
        assert!(us.session.is_recovering());
        again(&mut us, 2);
        us.receive("35=4|34=3|43=Y|123=Y|36=5");
        us.expect_events(["application U1 2, possible duplicate", "gap fill 3 -> 5"]);
        again(&mut us, 5);
        us.expect_events([
            "application U1 5, possible duplicate",
            "application U1 6",
            "application U1 7",
            "gap closed, next 8",
        ]);
        us.receive("35=U1|34=8");
        us.expect_events(["application U1 8"]);
        us.expect_sent([]);
        assert!(!us.session.is_recovering());
        us.wait(seconds(29));
        us.expect_sent([]);
    }

    /// The frames of a gap come in any order, and twice.
    fn early_messages_twice(us) {
        us.receive("35=U1|34=4");
        us.receive("35=U1|34=3");
        us.receive("35=U1|34=4");
        us.expect_events(["asked for 2-3, attempt 1"]);
        again(&mut us, 2);
        us.expect_events([
            "application U1 2, possible duplicate",
            "application U1 3",
            "application U1 4",
            "gap closed, next 5",
        ]);
        again(&mut us, 3);
        us.expect_events(["duplicate 3 ignored"]);
    }

    /// What needs no order is dealt with at once: both sides stay alive during a long recovery.
    fn test_requests_are_answered_within_a_gap(us) {
        us.receive("35=1|34=5|112=are you there");
        us.receive("35=0|34=6");
        us.expect_sent(["35=0|34=2|112=are you there", "35=2|34=3|7=2|16=4"]);
        us.receive("35=4|34=2|43=Y|123=Y|36=5");
        us.expect_events(["asked for 2-4, attempt 1", "gap fill 2 -> 5", "gap closed, next 7"]);
        us.expect_sent([]);
    }

    /// Where a gap remains in what was sent again, only that is asked for.
    fn a_gap_remains(us) {
        us.receive("35=U1|34=9");
        us.expect_sent(["35=2|34=2|7=2|16=8"]);
        again(&mut us, 2);
        again(&mut us, 4);
        again(&mut us, 5);
        us.take_events();
        us.wait(seconds(10));
        us.expect_sent(["35=2|34=3|7=3|16=3"]);
        us.expect_events(["asked for 3-3, attempt 1"]);
        again(&mut us, 3);
        us.expect_events([
            "application U1 3, possible duplicate",
            "application U1 4, possible duplicate",
            "application U1 5, possible duplicate",
            "asked for 6-8, attempt 1",
        ]);
        us.expect_sent(["35=2|34=4|7=6|16=8"]);
    }

    /// The watchdog: messages above the gap do not put it off, and after the last attempt the session ends.
    fn a_resend_request_is_never_satisfied(us) {
        us.receive("35=U1|34=5");
        for number in 6..36 {
            us.wait(milliseconds(999));
            us.receive(&format!("35=U1|34={number}"));
        }
        us.wait(milliseconds(29));
        us.expect_sent(["35=2|34=2|7=2|16=4", "35=2|34=3|7=2|16=4", "35=2|34=4|7=2|16=4"]);
        us.expect_events(["asked for 2-4, attempt 1", "asked for 2-4, attempt 2", "asked for 2-4, attempt 3"]);
        us.wait(milliseconds(1));
        us.expect_sent(["35=5|34=5|58=no answer to 3 requests to send 2 and what follows again"]);
        us.wait(seconds(2));
        assert_eq!(*us.reason(), EndReason::ResendUnanswered { begin: 2, attempts: 3 });
    }

    /// A slow resend is a resend: each message of it starts the watchdog anew.
    fn progress_puts_the_watchdog_off(us) {
        us.receive("35=U1|34=9");
        us.sent_frames();
        for number in 2..9 {
            us.wait(milliseconds(9_999));
            again(&mut us, number);
        }
        let asked = us.sent_frames().iter().any(|frame| bars(frame).contains("|35=2|"));
        assert!(!asked);
        assert_eq!(us.next().1, 10);
    }

    /// The peer has forgotten: it says so, and there is nothing to wait for.
    fn a_resend_that_is_refused(us) {
        us.receive("35=U1|34=9");
        us.expect_sent(["35=2|34=2|7=2|16=8"]);
        us.receive("35=3|34=10|45=2|371=7|372=2|373=5|58=beyond retention");
        us.end_of_stream();
        let text = Some("beyond retention".to_owned());
        assert_eq!(*us.reason(), EndReason::ResendRefused { begin: 2, text });
    }

    fn a_reject_of_something_else_within_a_gap(us) {
        us.receive("35=U1|34=9");
        us.receive("35=3|34=10|45=1|373=5");
        us.expect_events(["asked for 2-8, attempt 1"]);
        us.receive("35=4|34=2|43=Y|123=Y|36=9");
        us.expect_events([
            "gap fill 2 -> 9",
            "application U1 9",
            "reject received of Some(1): Some(5) None",
            "gap closed, next 11",
        ]);
    }

    fn case_10a_gap_fill_with_a_high_number_is_asked_for(us) {
        us.receive("35=4|34=5|123=Y|36=9");
        us.expect_sent(["35=2|34=2|7=2|16=4"]);
        us.receive("35=4|34=2|43=Y|123=Y|36=5");
        us.expect_events(["asked for 2-4, attempt 1", "gap fill 2 -> 5", "gap fill 5 -> 9", "gap closed, next 9"]);
        us.receive("35=U1|34=9");
        us.expect_events(["application U1 9"]);
    }

    /// A gap fill that came twice, or overlaps what came since.
    fn case_10c_low_gap_fill_within_a_resend(us) {
        us.receive("35=U1|34=5");
        us.receive("35=4|34=2|43=Y|123=Y|36=4");
        us.receive("35=4|34=2|43=Y|123=Y|36=5");
        us.expect_events(["asked for 2-4, attempt 1", "gap fill 2 -> 4", "duplicate 2 ignored"]);
        again(&mut us, 4);
        us.expect_events(["application U1 4, possible duplicate", "application U1 5", "gap closed, next 6"]);
    }

    fn case_10d_low_gap_fill_within_a_gap(us) {
        us.receive("35=U1|34=5");
        us.receive("35=4|34=1|123=Y|36=5");
        us.end_of_stream();
        assert!(matches!(us.reason(), EndReason::SequenceTooLow(_)));
    }

    fn case_10e_gap_fill_that_lowers_within_a_gap(us) {
        us.receive("35=U1|34=5");
        us.receive("35=4|34=2|43=Y|123=Y|36=2");
        us.expect_events(["asked for 2-4, attempt 1", "reject sent of 2 about Some(36): ValueIncorrect"]);
        assert_eq!(us.next().1, 3);
    }

    /// A gap fill beyond what is held voids it.
    fn a_gap_fill_over_what_is_held(us) {
        us.receive("35=U1|34=5");
        us.receive("35=U1|34=7");
        us.receive("35=4|34=2|43=Y|123=Y|36=7");
        us.expect_events(["asked for 2-4, attempt 1", "gap fill 2 -> 7", "application U1 7", "gap closed, next 8"]);
    }

    /// A reset closes a gap: the peer gives up what lies between.
    fn case_11a_reset_within_a_gap(us) {
        us.receive("35=U1|34=5");
        us.receive("35=U1|34=9");
        us.receive("35=4|34=1|36=9");
        us.expect_events(["asked for 2-4, attempt 1", "reset 2 -> 9", "application U1 9", "gap closed, next 10"]);
        us.receive("35=4|34=3|123=N|36=20");
        us.receive("35=U1|34=20");
        us.expect_events(["reset 10 -> 20", "application U1 20"]);
        us.wait(seconds(29));
        assert_eq!(us.session.state(), SessionState::Established);
    }

    fn case_11b_and_11c_within_a_gap(us) {
        us.receive("35=U1|34=5");
        us.receive("35=4|34=6|36=2");
        us.receive("35=4|34=6|36=1");
        us.expect_events(["asked for 2-4, attempt 1", "reset 2 -> 2", "reject sent of 6 about Some(36): ValueIncorrect"]);
        assert_eq!(us.next().1, 2);
        assert!(us.session.is_recovering());
    }

    /// Theirs first, then ours again, once.
    fn case_20_resend_request_while_awaiting_a_resend(us) {
        us.send("a");
        us.receive("35=U1|34=5");
        us.sent_frames();
        us.take_events();
        us.receive("35=2|34=6|7=2|16=2");
        us.expect_sent(["35=D|34=2|43=Y|11=a", "35=2|34=4|7=2|16=4"]);
        us.expect_events(["resend of 2-2 requested", "served 2-2, 1 replayed", "asked for 2-4, attempt 1"]);
        // Two sides that did so each time would never end.
        us.receive("35=2|34=7|7=2|16=2");
        us.expect_sent(["35=D|34=2|43=Y|11=a"]);
        us.receive("35=4|34=2|43=Y|123=Y|36=5");
        us.expect_events(["resend of 2-2 requested", "served 2-2, 1 replayed", "gap fill 2 -> 5", "application U1 5", "gap closed, next 8"]);
        us.receive("35=U1|34=8");
        us.expect_events(["application U1 8"]);
    }

    /// The request itself reveals the gap.
    fn case_20_resend_request_with_a_high_number(us) {
        us.send("a");
        us.sent_frames();
        us.receive("35=2|34=4|7=1|16=0");
        us.expect_sent(["35=4|34=1|43=Y|123=Y|36=2", "35=D|34=2|43=Y|11=a", "35=2|34=3|7=2|16=3"]);
        us.receive("35=4|34=2|43=Y|123=Y|36=4");
        us.take_events();
        assert_eq!(us.next().1, 5);
        assert!(!us.session.is_recovering());
    }

    fn a_resend_request_within_a_gap_that_cannot_be_served(us) {
        us.receive("35=2|34=4|7=99|16=0");
        us.expect_sent([
            "35=3|34=2|45=4|371=7|372=2|373=5|58=BeginSeqNo (7) is 99; sent were 1 to 1",
            "35=2|34=3|7=2|16=3",
        ]);
    }

    /// The peer goes: it is let go, and the next logon finds the gap again.
    fn case_2b_logout_with_a_high_number_is_answered(us) {
        us.receive("35=5|34=9|58=good night");
        us.expect_sent(["35=5|34=2"]);
        us.end_of_stream();
        let EndReason::PeerLogout { out_of_sequence: Some(numbers), .. } = us.reason() else {
            panic!("{:?}", us.reason())
        };
        assert_eq!((numbers.expected, numbers.received), (2, 9));
        assert_eq!(us.next().1, 2);
    }

    /// After our own logout nothing more is asked for.
    fn a_gap_after_our_logout(us) {
        us.logout(None);
        us.expect_sent(["35=5|34=2"]);
        us.receive("35=U1|34=5");
        us.expect_sent([]);
        us.receive("35=U1|34=2");
        us.expect_events(["application U1 2"]);
        us.receive("35=5|34=6");
        assert!(matches!(us.reason(), EndReason::LoggedOut { out_of_sequence: Some(_) }));
        assert_eq!(us.next().1, 3);
    }

    /// An early message with a header that cannot be read is asked for again, and judged when its turn comes.
    fn an_early_message_that_cannot_be_read(us) {
        us.receive("35=U1|34=4|43=maybe");
        us.expect_sent(["35=2|34=2|7=2|16=4"]);
        us.receive("35=4|34=2|43=Y|123=Y|36=4");
        us.expect_events(["asked for 2-4, attempt 1", "gap fill 2 -> 4"]);
        us.receive("35=U1|34=4|97=maybe");
        us.expect_events(["reject sent of 4 about Some(97): IncorrectDataFormat", "gap closed, next 5"]);
    }

    /// Early does not mean unchecked.
    fn early_messages_are_checked(us) {
        us.receive("35=U1|34=9|52=20260817-15:00:00.000");
        us.end_of_stream();
        assert!(matches!(us.reason(), EndReason::SendingTimeOutOfWindow { .. }));
        assert_eq!(us.next().1, 2);
    }

    /// A message that waited for its turn longer than the window of SendingTime (52) is not late.
    fn what_is_held_is_not_judged_by_its_time_again(us) {
        us.receive("35=U1|34=9");
        for number in 2..9 {
            us.wait(milliseconds(9_000));
            again(&mut us, number);
        }
        let events = us.take_events();
        let shown: Vec<String> = events.iter().map(bench::describe).collect();
        assert!(shown.contains(&"application U1 9".to_owned()), "{shown:?}");
        assert_eq!(us.session.state(), SessionState::Established);
    }

    fn sending_goes_on_within_a_gap(us) {
        us.receive("35=U1|34=9");
        us.send("a");
        us.expect_sent(["35=2|34=2|7=2|16=8", "35=D|34=3|11=a"]);
    }
}

/// What does not fit is dropped, and asked for when the gap before it is closed.
#[test]
fn early_messages_are_kept_within_bounds() {
    let check = |messages: usize, bytes: usize, kept: u64| {
        for mut us in Bench::both_with(|settings| {
            recovery(settings, |recovery| {
                recovery.early = EarlyMessages::Keep {
                    max_messages: messages,
                    max_bytes: bytes,
                };
            });
        }) {
            for number in 3..=20 {
                us.receive(&format!("35=U1|34={number}"));
            }
            us.expect_sent(["35=2|34=2|7=2|16=2"]);
            again(&mut us, 2);
            assert_eq!(us.next().1, 3 + kept, "{messages} {bytes}");
            us.expect_sent([&format!("35=2|34=3|7={}|16=20", 3 + kept)[..]]);
            for number in 3 + kept..=20 {
                again(&mut us, number);
            }
            assert_eq!(us.next().1, 21);
            assert!(!us.session.is_recovering());
        }
    };
    check(5, 1 << 20, 5);
    check(1000, 300, 3);
}

/// Nothing is kept: everything from the gap on is asked for.
#[test]
fn early_messages_are_dropped() {
    for mut us in
        Bench::both_with(|settings| recovery(settings, |recovery| recovery.early = EarlyMessages::Drop))
    {
        us.receive("35=U1|34=4");
        us.receive("35=U1|34=5");
        us.expect_sent(["35=2|34=2|7=2|16=0"]);
        us.expect_events(["asked for 2-0, attempt 1"]);
        for number in 2..=5 {
            again(&mut us, number);
        }
        us.expect_events([
            "application U1 2, possible duplicate",
            "application U1 3, possible duplicate",
            "application U1 4, possible duplicate",
            "application U1 5, possible duplicate",
            "gap closed, next 6",
        ]);
    }
}

#[test]
fn the_number_of_attempts_is_a_setting() {
    for mut us in Bench::both_with(|settings| {
        recovery(settings, |recovery| {
            recovery.attempts = 1;
            recovery.timeout = seconds(3);
        });
    }) {
        us.receive("35=U1|34=9");
        us.wait(seconds(5));
        assert_eq!(
            *us.reason(),
            EndReason::ResendUnanswered {
                begin: 2,
                attempts: 1
            }
        );
    }
}

/// While we do not read, what was asked for may be waiting: that is not held against the peer.
#[test]
fn the_watchdog_waits_for_a_slow_reader() {
    for mut us in Bench::both_with(|settings| settings.max_events = 2) {
        us.receive("35=U1|34=9");
        us.sent_frames();
        us.automatic = false;
        us.receive("35=0|34=10");
        for number in 2..8 {
            let bytes = us.frame(&format!("35=U1|34={number}|43=Y|122=20260817-16:00:00.000"));
            us.receive_bytes(&bytes);
        }
        assert_eq!(us.intake, crate::session::Intake::Drain);
        us.wait(seconds(25));
        us.automatic = true;
        us.drain();
        us.expect_sent([]);
        us.read();
        assert_eq!(us.next().1, 8);
    }
}

/// Ours again after theirs was served, but not for what has come meanwhile and waits for room.
#[test]
fn what_waits_to_be_taken_is_not_asked_for() {
    for mut us in Bench::both_with(|settings| settings.max_events = 4) {
        us.send("a");
        us.drain();
        us.receive("35=U1|34=5");
        for number in 6..9 {
            us.receive(&format!("35=U1|34={number}"));
        }
        us.expect_events(["asked for 2-4, attempt 1"]);
        us.sent_frames();
        us.automatic = false;
        us.receive("35=2|34=9|7=2|16=2");
        let Some(crate::session::StoreOperation::Read { ticket, .. }) =
            std::iter::from_fn(|| us.session.poll_store())
                .find(|operation| matches!(operation, crate::session::StoreOperation::Read { .. }))
        else {
            panic!("no read")
        };
        us.receive("35=4|34=2|43=Y|122=20260817-16:00:00.000|123=Y|36=5");
        assert_eq!((us.intake, us.next().1), (crate::session::Intake::Drain, 7));
        let page = bench::read(&us.journal, 2, 2, 9999);
        us.session.handle_read(us.now(), ticket, page);
        us.automatic = true;
        us.drain();
        us.read();
        us.expect_sent(["35=D|34=2|43=Y|11=a"]);
        assert_eq!(us.next().1, 10);
        assert!(!us.session.is_recovering());
    }
}
