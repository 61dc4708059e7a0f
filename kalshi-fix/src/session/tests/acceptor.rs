//! Case 1 for an acceptor: logons, decisions, refusals.

use super::bench::bars;
use super::*;
use crate::session::{
    Acceptance, CommandError, EndReason, Event, Intake, LogonField, Refusal, RefusalStyle, ResetRule,
    Sequences, SessionState,
};

#[test]
fn case_1s_a_logon_is_answered() {
    let mut us = Bench::listening();
    us.receive("35=A|34=1|98=0|108=30|96=c2ln|141=Y|1137=9|21005=Y");
    us.expect_sent([]);
    let Some(Event::LogonRequest(request)) = us.take_events().pop() else {
        panic!("no logon request")
    };
    assert_eq!(
        (&request.sender_comp_id[..], &request.target_comp_id[..]),
        ("key-1", "KalshiNR")
    );
    assert_eq!(
        (request.msg_seq_num, request.heart_bt_int, request.reset),
        (1, 30, true)
    );
    assert_eq!(request.raw_data.as_deref(), Some(&b"c2ln"[..]));
    assert_eq!(
        bars(&request.pre_hash),
        "20260817-16:00:00.000|A|1|key-1|KalshiNR"
    );
    let fields = vec![LogonField {
        tag: 21005,
        value: b"Y".to_vec(),
    }];
    us.session
        .accept_logon(
            us.now(),
            Acceptance {
                fields,
                ..Acceptance::default()
            },
        )
        .unwrap();
    us.drain();
    us.expect_sent(["35=A|34=1|98=0|108=30|141=Y|1137=9|21005=Y"]);
    us.expect_events(["established with key-1, 30 s"]);
    assert_eq!(us.next(), (2, 2));
}

/// What follows a logon waits for the decision on it.
#[test]
fn nothing_is_read_before_the_decision() {
    let mut us = Bench::listening();
    let mut bytes = us.frame("35=A|34=1|98=0|108=30|141=Y|1137=9");
    bytes.extend(us.frame("35=D|34=2"));
    us.receive_bytes(&bytes);
    us.expect_events(["logon request of key-1"]);
    assert_eq!(us.intake, Intake::LogonPending);
    us.accept();
    us.expect_events(["established with key-1, 30 s", "application D 2"]);
}

/// Sessions that resume: the numbers come with the acceptance.
#[test]
fn case_1s_a_numbers_of_a_logon_without_reset() {
    let logon = |number: u64| {
        let mut settings = Bench::venue_settings();
        settings.reset = ResetRule::Optional;
        let mut us = Bench::listening_with(settings);
        us.receive(&format!("35=A|34={number}|98=0|108=30|1137=9"));
        us.take_events();
        us.automatic = false;
        let sequences = Sequences {
            next_outgoing: 20,
            next_incoming: 10,
        };
        us.session
            .accept_logon(
                us.now(),
                Acceptance {
                    sequences,
                    ..Acceptance::default()
                },
            )
            .unwrap();
        let sent = us
            .session
            .poll_transmit()
            .map(|transmit| bars(&transmit.bytes))
            .unwrap();
        (us, sent)
    };
    let (us, sent) = logon(10);
    assert!(sent.contains("|35=A|49=Kalshi|56=key-1|34=20|"), "{sent}");
    assert_eq!(us.next(), (21, 11));
    let (us, sent) = logon(9);
    assert!(
        sent.contains("|34=20|") && sent.contains("|58=MsgSeqNum too low, expecting 10 but received 9|"),
        "{sent}"
    );
    assert_eq!(us.session.state(), SessionState::Failing);
    let (us, sent) = logon(11);
    assert!(
        sent.contains("|35=5|") && sent.contains("|58=MsgSeqNum too high, expecting 10 but received 11"),
        "{sent}"
    );
    assert_eq!(us.session.state(), SessionState::Failing);
}

/// Kalshi's way: with a text, as number 1.
#[test]
fn case_1s_b_and_1s_c_a_logon_is_refused() {
    let mut us = Bench::listening();
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    us.session
        .refuse_logon(us.now(), Refusal::Logout("already exists".to_owned()))
        .unwrap();
    us.read();
    us.expect_sent(["35=5|34=1|58=already exists"]);
    us.expect_events(["logon request of key-1", "ended: refused a logon: already exists"]);
    let again = us.session.refuse_logon(us.now(), Refusal::Logout(String::new()));
    assert_eq!(
        again,
        Err(CommandError::WrongState {
            command: "refuse a logon",
            state: SessionState::Ended
        })
    );
    let accepted = us.session.accept_logon(us.now(), Acceptance::default());
    assert_eq!(
        accepted,
        Err(CommandError::WrongState {
            command: "accept a logon",
            state: SessionState::Ended
        })
    );
}

#[test]
fn a_logon_is_refused_for_its_time() {
    let mut us = Bench::listening();
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    us.session
        .refuse_logon(us.now(), Refusal::SendingTime("late".to_owned()))
        .unwrap();
    us.drain();
    us.expect_sent(["35=3|34=1|45=1|371=52|372=A|373=10|58=late"]);
    assert_eq!(
        *us.reason(),
        EndReason::RefusedLogon {
            text: "late".to_owned()
        }
    );
}

/// The standard's way: without a message.
#[test]
fn case_1s_c_a_logon_is_refused_in_silence() {
    let mut settings = Bench::venue_settings();
    settings.refusal = RefusalStyle::Silent;
    let mut us = Bench::listening_with(settings.clone());
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    us.session
        .refuse_logon(us.now(), Refusal::Logout("unknown".to_owned()))
        .unwrap();
    us.drain();
    us.expect_sent([]);
    us.expect_events(["logon request of key-1", "ended: refused a logon: unknown"]);
    let mut us = Bench::listening_with(settings);
    us.receive("35=A|34=1|98=0|108=1|141=Y|1137=9");
    us.expect_sent([]);
    assert!(matches!(us.reason(), EndReason::InvalidLogon { .. }));
}

#[test]
fn case_1s_d_invalid_logons() {
    let check = |logon: &str, fault: &str| {
        let mut us = Bench::listening();
        us.receive(logon);
        us.expect_sent([&format!("35=5|34=1|58={fault}")[..]]);
        assert_eq!(
            *us.reason(),
            EndReason::InvalidLogon {
                fault: fault.to_owned()
            }
        );
        assert_eq!(us.take_events().len(), 1);
    };
    check("35=A|34=1|108=30|141=Y|1137=9", "EncryptMethod (98) is missing");
    check(
        "35=A|34=1|98=0|108=3|141=Y|1137=9",
        "HeartBtInt (108) is \"3\", allowed are 4 to 3600 s",
    );
    check(
        "35=A|34=1|98=0|108=-5|141=Y|1137=9",
        "HeartBtInt (108) is \"-5\", allowed are 4 to 3600 s",
    );
    check(
        "35=A|34=1|98=0|108=99999999999|141=Y|1137=9",
        "HeartBtInt (108) is \"99999999999\", allowed are 4 to 3600 s",
    );
    check(
        "35=A|34=1|98=0|108=30|1137=9",
        "ResetSeqNumFlag (141) must be Y on this session",
    );
    check(
        "35=A|34=2|98=0|108=30|141=Y|1137=9",
        "MsgSeqNum (34) is 2, must be 1 with ResetSeqNumFlag (141) = Y",
    );
    check(
        "35=A|34=1|98=0|108=30|141=Y",
        "DefaultApplVerID (1137) is missing",
    );
    check(
        "35=A|34=x|98=0|108=30|141=Y|1137=9",
        "tag 34 in the standard header has the value `x`",
    );
}

#[test]
fn a_logon_with_a_stale_time() {
    let mut us = Bench::listening();
    us.receive("35=A|34=1|52=20260817-15:59:29.999|98=0|108=30|141=Y|1137=9");
    us.expect_sent([
        "35=3|34=1|45=1|371=52|372=A|373=10|58=SendingTime (52) is -30001 ms from our clock, allowed are 30000 ms",
    ]);
    assert!(matches!(
        us.reason(),
        EndReason::SendingTimeOutOfWindow {
            offset_millis: -30_001,
            ..
        }
    ));
}

#[test]
fn a_logon_to_somebody_else() {
    let mut settings = Bench::venue_settings();
    settings.identity.peer_target_comp_id = Some("KalshiNR".to_owned());
    let mut us = Bench::listening_with(settings);
    us.receive("35=A|34=1|56=KalshiDC|98=0|108=30|141=Y|1137=9");
    us.expect_sent(["35=5|34=1|58=CompID (56) is \"KalshiDC\", expected \"KalshiNR\""]);
    assert!(matches!(us.reason(), EndReason::WrongCompId { tag: 56, .. }));
}

#[test]
fn a_logon_of_another_version() {
    let mut us = Bench::listening();
    us.receive("8=FIX.4.4|35=A|34=1|98=0|108=30|141=Y|1137=9");
    assert!(matches!(us.reason(), EndReason::WrongBeginString { .. }));
    us.expect_sent(["35=5|34=1|58=BeginString (8) is \"FIX.4.4\", expected \"FIXT.1.1\""]);
}

#[test]
fn case_2s_first_message_not_a_logon() {
    for message in ["35=D|34=1", "35=5|34=1", "35=D|-34"] {
        let mut us = Bench::listening();
        us.receive(message);
        us.expect_sent([]);
        assert!(
            matches!(us.reason(), EndReason::FirstMessageNotLogon { .. }),
            "{message}"
        );
    }
}

#[test]
fn a_client_that_says_nothing_and_a_decision_that_does_not_come() {
    let mut us = Bench::listening();
    us.wait(seconds(10));
    assert_eq!(
        *us.reason(),
        EndReason::LogonTimeout {
            waited: seconds(10),
            state: SessionState::AwaitingLogon
        }
    );
    let mut us = Bench::listening();
    us.wait(seconds(9));
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    us.wait(seconds(1));
    assert_eq!(
        *us.reason(),
        EndReason::LogonTimeout {
            waited: seconds(10),
            state: SessionState::Authenticating
        }
    );
    us.expect_sent([]);
}

#[test]
fn an_answer_that_cannot_be_written() {
    let mut us = Bench::listening();
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    let bad = |tag, value: &[u8]| Acceptance {
        fields: vec![LogonField {
            tag,
            value: value.to_vec(),
        }],
        ..Acceptance::default()
    };
    for (tag, value) in [(141, &b"Y"[..]), (58, b"a\x01b"), (58, b""), (0, b"x")] {
        let refused = us.session.accept_logon(us.now(), bad(tag, value));
        assert!(matches!(refused, Err(CommandError::LogonField(_))), "{refused:?}");
    }
    us.accept();
    assert_eq!(us.session.state(), SessionState::Established);
}

/// The application takes its time, and meanwhile the session has ended: no decision brings it back.
#[test]
fn a_decision_after_the_end_comes_too_late() {
    for accepts in [false, true] {
        for over in [
            Bench::end_of_stream,
            |us: &mut Bench| us.wait(seconds(11)),
            |us: &mut Bench| us.logout(None),
        ] {
            let mut us = Bench::listening();
            us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
            over(&mut us);
            assert_eq!(us.session.state(), SessionState::Ended);
            us.take_events();
            let (now, numbers) = (us.now(), us.session.sequences());
            let decided = if accepts {
                us.session.accept_logon(now, Acceptance::default())
            } else {
                us.session
                    .refuse_logon(now, Refusal::Logout("too late".to_owned()))
            };
            assert!(
                matches!(
                    decided,
                    Err(CommandError::WrongState {
                        state: SessionState::Ended,
                        ..
                    })
                ),
                "{decided:?}"
            );
            us.drain();
            us.expect_sent([]);
            us.expect_events([]);
            assert_eq!(us.session.sequences(), numbers);
        }
    }
}
