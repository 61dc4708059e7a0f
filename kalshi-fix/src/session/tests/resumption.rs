//! Connections that go on where the last one stopped: numbers from the store, NextExpectedMsgSeqNum (789),
//! LastMsgSeqNumProcessed (369), and resets.

use super::*;
use crate::session::{
    Acceptance, EarlyMessages, EndReason, Event, GapPolicy, InSessionReset, Logon, Recovery, ResendPolicy,
    Role, Sequences, SessionSettings, SessionState, StoreOperation,
};

const STORED: Sequences = Sequences {
    next_outgoing: 7,
    next_incoming: 9,
};

/// A client that goes on from its store, and has sent its logon as number 7. Number 5 is in its journal.
fn client(change: impl Fn(&mut SessionSettings)) -> Bench {
    let mut settings = Bench::client_settings().retransmitting();
    settings.sequences = STORED;
    change(&mut settings);
    let mut us = Bench::new(settings, Role::Initiator(Logon::new(30).default_appl_ver_id("9")));
    us.gapless = false;
    keep_number_5(&mut us);
    us.connect();
    us
}

/// A venue that has got this logon and accepts it, with numbers from its store.
fn venue(logon: &str, change: impl Fn(&mut SessionSettings)) -> Bench {
    let mut settings = Bench::venue_settings().retransmitting();
    change(&mut settings);
    let mut us = Bench::listening_with(settings);
    us.gapless = false;
    keep_number_5(&mut us);
    us.receive(logon);
    us.session
        .accept_logon(
            us.now(),
            Acceptance {
                sequences: STORED,
                ..Acceptance::default()
            },
        )
        .unwrap();
    us.read();
    us
}

fn keep_number_5(us: &mut Bench) {
    let frame = us.frame("35=D|34=5|52=20260817-15:00:00.000|11=a");
    us.journal.insert(5, frame.into());
}

fn nothing(_: &mut SessionSettings) {}

#[test]
fn case_1b_c_answer_with_a_high_number_is_asked_for() {
    let mut us = client(nothing);
    us.receive("35=A|34=12|98=0|108=30");
    us.expect_sent(["35=A|34=7|98=0|108=30|1137=9", "35=2|34=8|7=9|16=11"]);
    us.expect_events(["established with Kalshi, 30 s", "asked for 9-11, attempt 1"]);
    us.receive("35=U1|34=13");
    us.receive("35=4|34=9|43=Y|123=Y|36=12");
    us.expect_events(["gap fill 9 -> 12", "application U1 13", "gap closed, next 14"]);
}

#[test]
fn case_1s_a_logon_with_a_high_number_is_asked_for() {
    let mut us = venue("35=A|34=12|98=0|108=30|1137=9", nothing);
    us.expect_sent(["35=A|34=7|98=0|108=30|1137=9", "35=2|34=8|7=9|16=11"]);
    us.receive("35=4|34=9|43=Y|123=Y|36=12");
    us.receive("35=U1|34=13");
    us.expect_events([
        "logon request of key-1",
        "established with key-1, 30 s",
        "asked for 9-11, attempt 1",
        "gap fill 9 -> 12",
        "gap closed, next 13",
        "application U1 13",
    ]);
}

/// With everything dropped that is early, all is asked for, the logon's own number included.
#[test]
fn a_high_logon_where_nothing_is_kept() {
    let drop = |settings: &mut SessionSettings| {
        settings.gap_policy = GapPolicy::Resend(Recovery {
            early: EarlyMessages::Drop,
            ..Recovery::default()
        });
    };
    for mut us in [client(drop), venue("35=A|34=12|98=0|108=30|1137=9", drop)] {
        if us.session.state() == SessionState::LogonSent {
            us.receive("35=A|34=12|98=0|108=30");
        }
        us.expect_sent(["35=A|34=7|98=0|108=30|1137=9", "35=2|34=8|7=9|16=0"]);
        us.receive("35=4|34=9|43=Y|123=Y|36=13");
        assert_eq!(us.next().1, 13);
        assert!(!us.session.is_recovering());
    }
}

#[test]
fn a_logon_with_a_low_number_ends_the_session() {
    let mut us = client(nothing);
    us.receive("35=A|34=8|98=0|108=30");
    us.end_of_stream();
    assert!(matches!(us.reason(), EndReason::SequenceTooLow(_)));
    let mut us = venue("35=A|34=8|98=0|108=30|1137=9", nothing);
    us.expect_sent(["35=5|34=7|58=MsgSeqNum too low, expecting 9 but received 8"]);
    us.end_of_stream();
    assert!(matches!(us.reason(), EndReason::SequenceTooLow(_)));
}

/// A reset that is answered with another number than 1 is no reset.
#[test]
fn a_reset_that_is_answered_with_a_high_number() {
    let mut us = Bench::new(
        Bench::client_settings().retransmitting(),
        Role::Initiator(Bench::logon()),
    );
    us.connect();
    us.receive("35=A|34=3|98=0|108=30|141=Y|1137=9");
    us.end_of_stream();
    assert!(matches!(us.reason(), EndReason::SequenceGap(_)));
    assert_eq!(us.operations, []);
}

/// A logon may reset the numbers of a session that could go on, too.
#[test]
fn a_reset_voids_the_store() {
    let mut us = venue("35=A|34=1|98=0|108=30|141=Y|1137=9", nothing);
    us.expect_sent(["35=A|34=1|98=0|108=30|141=Y|1137=9"]);
    assert!(matches!(us.operations[0], StoreOperation::Reset { .. }));
    assert_eq!(us.next(), (2, 2));
    us.receive("35=2|34=2|7=1|16=0");
    us.expect_sent(["35=4|34=1|43=Y|123=Y|36=2"]);
}

/// What was asked for on the last connection is asked for anew: a session is one connection.
#[test]
fn a_gap_does_not_outlive_its_connection() {
    let mut us = client(nothing);
    us.receive("35=A|34=12|98=0|108=30");
    us.end_of_stream();
    let stored = us.operations.iter().rev().find_map(|operation| match operation {
        StoreOperation::SetNextIncoming { next, .. } => Some(*next),
        _ => None,
    });
    assert_eq!(stored, None, "nothing was received in order");
    let mut us = client(|settings| settings.sequences.next_outgoing = us.next().0);
    us.receive("35=A|34=13|98=0|108=30");
    us.expect_sent(["35=A|34=9|98=0|108=30|1137=9", "35=2|34=10|7=9|16=12"]);
}

/// NextExpectedMsgSeqNum (789): each side sends what the other lacks without being asked.
#[test]
fn next_expected_numbers_spare_the_requests() {
    let next = |settings: &mut SessionSettings| settings.next_expected = true;
    let mut us = client(next);
    us.expect_sent(["35=A|34=7|98=0|108=30|789=9|1137=9"]);
    us.receive("35=A|34=12|98=0|108=30|789=5");
    us.expect_sent(["35=D|34=5|43=Y|11=a", "35=4|34=6|43=Y|123=Y|36=8"]);
    us.expect_events([
        "established with Kalshi, 30 s",
        "asked for 9-11, attempt 0",
        "served 5-7, 1 replayed",
    ]);
    us.receive("35=4|34=9|43=Y|123=Y|36=12");
    us.expect_events(["gap fill 9 -> 12", "gap closed, next 13"]);

    let mut us = venue("35=A|34=12|98=0|108=30|789=4|1137=9", next);
    us.expect_sent([
        "35=A|34=7|98=0|108=30|789=9|1137=9",
        "35=4|34=4|43=Y|123=Y|36=5",
        "35=D|34=5|43=Y|11=a",
        "35=4|34=6|43=Y|123=Y|36=7",
    ]);
    us.wait(seconds(10));
    us.expect_sent(["35=2|34=8|7=9|16=11"]);
    us.receive("35=4|34=9|43=Y|123=Y|36=12");
    assert_eq!(us.next().1, 13);
}

/// Nothing lacks: nothing is sent.
#[test]
fn next_expected_numbers_that_fit() {
    let next = |settings: &mut SessionSettings| settings.next_expected = true;
    let mut us = client(next);
    us.sent_frames();
    us.receive("35=A|34=9|98=0|108=30|789=8");
    us.expect_sent([]);
    us.expect_events(["established with Kalshi, 30 s"]);
    let mut us = venue("35=A|34=9|98=0|108=30|789=7|1137=9", next);
    us.expect_sent(["35=A|34=7|98=0|108=30|789=10|1137=9"]);
    assert_eq!(us.session.state(), SessionState::Established);
    // A peer without the field is asked as ever.
    let mut us = venue("35=A|34=10|98=0|108=30|1137=9", next);
    us.expect_sent(["35=A|34=7|98=0|108=30|789=9|1137=9", "35=2|34=8|7=9|16=9"]);
}

#[test]
fn a_peer_that_expects_more_than_was_sent() {
    let next = |settings: &mut SessionSettings| settings.next_expected = true;
    let mut us = client(next);
    us.receive("35=A|34=9|98=0|108=30|789=9");
    us.end_of_stream();
    let EndReason::NextExpectedTooHigh(numbers) = us.reason() else {
        panic!("{:?}", us.reason())
    };
    assert_eq!((numbers.expected, numbers.received), (8, 9));
    let mut us = venue("35=A|34=9|98=0|108=30|789=8|1137=9", next);
    us.expect_sent(["35=5|34=7|58=NextExpectedMsgSeqNum (789) too high, expected at most 7 but received 8"]);
    us.end_of_stream();
    assert!(matches!(us.reason(), EndReason::NextExpectedTooHigh(_)));
    let mut us = client(next);
    us.receive("35=A|34=9|98=0|108=30|789=many");
    us.end_of_stream();
    assert!(matches!(us.reason(), EndReason::InvalidLogon { .. }));
}

/// LastMsgSeqNumProcessed (369) on everything that goes out, a resend included.
#[test]
fn last_processed_numbers() {
    for mut us in Bench::both_with(|settings| settings.last_processed = true) {
        us.send("a");
        us.expect_sent(["35=D|34=2|369=1|11=a"]);
        us.receive("35=U1|34=2");
        us.send("b");
        us.receive("35=2|34=3|7=1|16=0");
        us.expect_sent([
            "35=D|34=3|369=2|11=b",
            "35=4|34=1|43=Y|369=3|123=Y|36=2",
            "35=D|34=2|43=Y|369=3|11=a",
            "35=D|34=3|43=Y|369=3|11=b",
        ]);
        // What is missing is not processed, nor is what lies above it.
        us.receive("35=U1|34=7");
        us.expect_sent(["35=2|34=4|369=3|7=4|16=6"]);
    }
    let mut us = client(|settings| settings.last_processed = true);
    us.expect_sent(["35=A|34=7|369=8|98=0|108=30|1137=9"]);
}

/// The standard's reset in mid-session, where it is allowed.
#[test]
fn a_reset_in_session_is_followed() {
    for mut us in Bench::both_with(|settings| settings.in_session_reset = InSessionReset::Follow) {
        us.gapless = false;
        us.send("a");
        us.receive("35=U1|34=2");
        us.receive("35=U1|34=9");
        us.sent_frames();
        us.take_events();
        us.operations.clear();
        us.receive("35=A|34=1|98=0|108=10|141=Y|1137=9");
        us.expect_sent(["35=A|34=1|98=0|108=10|141=Y|1137=9"]);
        us.expect_events(["reset in session by the peer, sent 3, received 2"]);
        assert!(matches!(
            us.operations[..],
            [
                StoreOperation::Reset { .. },
                StoreOperation::SetNextOutgoing { next: 2, .. },
                StoreOperation::SetNextIncoming { next: 2, .. }
            ]
        ));
        assert_eq!(us.next(), (2, 2));
        assert!(!us.session.is_recovering());
        us.receive("35=U1|34=2");
        us.expect_events(["application U1 2"]);
        us.wait(seconds(10));
        us.expect_sent(["35=0|34=2"]);
    }
}

both_roles! {
    /// The default, and Kalshi's way.
    fn a_logon_in_mid_session_is_refused(us) {
        us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
        us.expect_sent(["35=5|34=2|58=a logon came on an established session"]);
        us.end_of_stream();
        assert_eq!(*us.reason(), EndReason::UnexpectedLogon);
        assert_eq!(us.next().1, 2);
    }
}

/// Whatever is no proper reset is refused, also where resets are followed.
#[test]
fn a_logon_in_mid_session_that_is_no_reset() {
    for logon in [
        "35=A|34=2|98=0|108=30|1137=9",
        "35=A|34=2|98=0|108=30|141=Y|1137=9",
        "35=A|34=1|98=0|108=30|141=N|1137=9",
        "35=A|34=1|98=0|108=30|141=Q|1137=9",
        "35=A|34=1|98=0|108=1|141=Y|1137=9",
        "35=A|34=1|141=Y",
    ] {
        for mut us in Bench::both_with(|settings| settings.in_session_reset = InSessionReset::Follow) {
            us.receive(logon);
            us.end_of_stream();
            assert_eq!(*us.reason(), EndReason::UnexpectedLogon, "{logon}");
            assert_eq!(us.next().1, 2, "{logon}");
        }
    }
    // Stale: the numbers are as they were.
    for mut us in Bench::both_with(|settings| settings.in_session_reset = InSessionReset::Follow) {
        us.receive("35=A|34=1|52=20260817-15:00:00.000|98=0|108=30|141=Y|1137=9");
        us.end_of_stream();
        assert!(matches!(us.reason(), EndReason::SendingTimeOutOfWindow { .. }));
    }
    // Numbers were promised to messages that wait behind a resend.
    for mut us in Bench::both_with(|settings| settings.in_session_reset = InSessionReset::Follow) {
        us.gapless = false;
        us.send("a");
        us.automatic = false;
        us.receive("35=2|34=2|7=1|16=0");
        us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
        us.automatic = true;
        us.end_of_stream();
        assert_eq!(*us.reason(), EndReason::UnexpectedLogon);
    }
}

/// The peer's clock drifts away: told long before its messages are refused.
#[test]
fn a_clock_that_drifts_is_told() {
    for mut us in [Bench::initiator(), Bench::acceptor()] {
        let mut told = None;
        for second in 0..28 {
            let number = second + 2;
            us.receive(&format!("35=0|34={number}|52=20260817-16:00:{second:02}.000"));
            if told.is_none()
                && let Some(Event::ClockSkew { excessive: true, .. }) = us.take_events().last()
            {
                told = Some(second);
            }
        }
        assert!(matches!(told, Some(6..20)), "{told:?}");
        assert!(
            us.session
                .clock_offset_millis()
                .is_some_and(|offset| offset > 15_000)
        );
        assert_eq!(us.session.state(), SessionState::Established);
    }
}

/// Messages that had to wait for us say nothing about the peer's clock.
#[test]
fn a_slow_reader_is_no_skew() {
    let mut settings = Bench::client_settings();
    settings.max_events = 1;
    let mut us = Bench::initiator_with(settings);
    us.automatic = false;
    let bytes: Vec<u8> = (2..40)
        .flat_map(|number| us.frame(&format!("35=U1|34={number}")))
        .collect();
    us.receive_bytes(&bytes);
    us.sleep(seconds(25));
    us.automatic = true;
    us.drain();
    us.read();
    let skewed = us
        .take_events()
        .iter()
        .any(|event| matches!(event, Event::ClockSkew { .. }));
    assert!(!skewed);
    assert_eq!(us.next().1, 40);
}

/// What was sent on this connection is as good as when it was sent; what was sent before it is held back, and told. The
/// venue's request may have been written before the first message of this connection was.
#[test]
fn case_8_what_was_sent_on_this_connection_is_sent_again() {
    for next_expected in [false, true] {
        let policy = |settings: &mut SessionSettings| {
            let profile = SessionSettings::kalshi_prediction_retransmitting(settings.identity.clone());
            settings.resend = profile.resend;
            settings.next_expected = next_expected;
        };
        let mut us = client(policy);
        let answer = if next_expected { "|789=5" } else { "" };
        us.receive(&format!("35=A|34=9|98=0|108=30{answer}"));
        assert_eq!(us.send("on this connection"), 8);
        us.sent_frames();
        us.take_events();
        us.receive("35=2|34=10|7=5|16=0");
        us.expect_sent([
            "35=4|34=5|43=Y|123=Y|36=8",
            "35=D|34=8|43=Y|11=on this connection",
        ]);
        us.expect_events(["resend of 5-0 requested", "5 held back", "served 5-8, 1 replayed"]);
        // Whatever has become of the journal's older messages, they would have been held back.
        us.automatic = false;
        us.receive("35=2|34=11|7=5|16=0");
        let dropped = loop {
            match us.session.poll_store() {
                Some(StoreOperation::Read { ticket, begin: 5, .. }) => break ticket,
                Some(_) => {}
                None => panic!("no read"),
            }
        };
        us.session.handle_read_dropped(us.now(), dropped, 6);
        us.automatic = true;
        us.drain();
        us.expect_sent([
            "35=4|34=5|43=Y|123=Y|36=8",
            "35=D|34=8|43=Y|11=on this connection",
        ]);
    }
    // An acceptor's connection begins with its answer, and numbers that start anew begin another one.
    let mut us = venue("35=A|34=9|98=0|108=30|1137=9", |settings| {
        settings.resend = ResendPolicy::ThisConnection;
        settings.in_session_reset = InSessionReset::Follow;
    });
    assert_eq!(us.send("b"), 8);
    us.sent_frames();
    us.receive("35=2|34=10|7=5|16=0");
    us.expect_sent(["35=4|34=5|43=Y|123=Y|36=8", "35=D|34=8|43=Y|11=b"]);
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    assert_eq!(us.send("c"), 2);
    us.sent_frames();
    us.receive("35=2|34=2|7=1|16=0");
    us.expect_sent(["35=4|34=1|43=Y|123=Y|36=2", "35=D|34=2|43=Y|11=c"]);
}
