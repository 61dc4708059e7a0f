//! Case 1 for an initiator: its logon, the answers, and the settings that it starts from.

use super::bench::bars;
use super::*;
use crate::session::{
    CommandError, EndReason, Event, Identity, Logon, OutOfSequence, RefusalKind, ResetRule, Role, Sequences,
    Session, SessionState, SettingsError, SigningFailed, Ticket,
};

#[test]
fn case_1b_b_logon_and_answer() {
    let mut us = Bench::logging_on();
    us.expect_sent(["35=A|34=1|98=0|108=30|141=Y|1137=9"]);
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    us.expect_events(["established with Kalshi, 30 s"]);
    assert_eq!(us.next(), (2, 2));
    assert_eq!(us.session.peer_sender_comp_id(), Some("Kalshi"));
}

#[test]
fn the_whole_logon() {
    let logon = Bench::logon().signed().field(8013, "Y").field(21005, "Y");
    let mut us = Bench::new(Bench::client_settings(), Role::Initiator(logon));
    us.connect();
    let Some(Event::SignLogon(request)) = us.take_events().pop() else {
        panic!("no request for a signature")
    };
    assert_eq!(
        bars(&request.pre_hash),
        "20260817-16:00:00.000|A|1|key-1|KalshiNR"
    );
    // However long the signature takes, the time that goes out is the time that was signed.
    us.wait(seconds(3));
    us.session
        .handle_signature(us.now(), request.ticket, Ok(b"c2lnbmVk".to_vec()))
        .unwrap();
    us.drain();
    let sent = us.sent_frames();
    let body = "|35=A|49=key-1|56=KalshiNR|34=1|52=20260817-16:00:00.000|98=0|108=30|96=c2lnbmVk|141=Y|1137=9|\
                8013=Y|21005=Y|10=";
    assert!(bars(&sent[0]).contains(body), "{}", bars(&sent[0]));
}

#[test]
fn raw_data_length_is_a_setting() {
    let mut us = Bench::new(
        Bench::client_settings(),
        Role::Initiator(Bench::logon().signed().raw_data_length()),
    );
    us.connect();
    let Some(Event::SignLogon(request)) = us.take_events().pop() else {
        panic!("no request for a signature")
    };
    us.session
        .handle_signature(us.now(), request.ticket, Ok(b"c2ln".to_vec()))
        .unwrap();
    us.drain();
    us.expect_sent(["35=A|34=1|98=0|108=30|95=4|96=c2ln|141=Y|1137=9"]);
}

#[test]
fn signatures_that_do_not_come() {
    let signing = || {
        let mut us = Bench::new(Bench::client_settings(), Role::Initiator(Bench::logon().signed()));
        us.connect();
        let Some(Event::SignLogon(request)) = us.take_events().pop() else {
            panic!("no request")
        };
        (us, request.ticket)
    };
    let (mut us, ticket) = signing();
    us.session
        .handle_signature(us.now(), ticket, Err(SigningFailed))
        .unwrap();
    us.drain();
    assert_eq!(*us.reason(), EndReason::SigningFailed);
    us.expect_sent([]);
    // A signature that comes after the end is refused.
    let late = us.session.handle_signature(us.now(), ticket, Ok(b"x".to_vec()));
    assert_eq!(
        late,
        Err(CommandError::WrongState {
            command: "use a signature",
            state: SessionState::Ended
        })
    );

    let (mut us, ticket) = signing();
    let other = us
        .session
        .handle_signature(us.now(), Ticket(ticket.0 + 1), Ok(b"x".to_vec()));
    assert_eq!(other, Err(CommandError::UnknownTicket));
    us.wait(seconds(10));
    assert_eq!(
        *us.reason(),
        EndReason::LogonTimeout {
            waited: seconds(10),
            state: SessionState::Signing
        }
    );

    let (mut us, ticket) = signing();
    us.session
        .handle_signature(us.now(), ticket, Ok(b"a\x01b".to_vec()))
        .unwrap();
    us.drain();
    assert!(matches!(us.reason(), EndReason::LogonNotEncodable { .. }));
    us.expect_sent([]);
}

#[test]
fn the_signature_reaches_no_log() {
    let mut us = Bench::new(
        Bench::client_settings(),
        Role::Initiator(Bench::logon().signed().field(554, "hunter2")),
    );
    us.automatic = false;
    us.connect();
    let Some(Event::SignLogon(request)) = us.session.poll_event() else {
        panic!("no request")
    };
    us.session
        .handle_signature(us.now(), request.ticket, Ok(b"c2lnbmF0dXJl".to_vec()))
        .unwrap();
    let shown = format!("{:?}", us.session);
    let transmit = us.session.poll_transmit().unwrap();
    let mut venue = Bench::listening();
    venue.receive_bytes(&transmit.bytes);
    let more = format!("{transmit:?} {:?} {:?}", venue.take_events(), venue.session);
    for secret in ["c2lnbmF0dXJl", "hunter2"] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!more.contains(secret), "{more}");
    }
}

#[test]
fn case_1b_c_answer_with_a_high_number() {
    let mut us = Bench::logging_on();
    us.receive("35=A|34=4|98=0|108=30|141=Y|1137=9");
    us.end_of_stream();
    let numbers = OutOfSequence {
        expected: 1,
        received: 4,
    };
    assert_eq!(*us.reason(), EndReason::SequenceGap(numbers));
}

#[test]
fn case_1b_d_invalid_answers() {
    let check = |answer: &str, fault: &str| {
        let mut us = Bench::logging_on();
        us.receive(answer);
        assert_eq!(us.session.state(), SessionState::Failing, "{answer}");
        us.wait(seconds(2));
        assert_eq!(
            *us.reason(),
            EndReason::InvalidLogon {
                fault: fault.to_owned()
            },
            "{answer}"
        );
    };
    check("35=A|34=1|108=30", "EncryptMethod (98) is missing");
    check(
        "35=A|34=1|98=1|108=30",
        "EncryptMethod (98) is \"1\", expected 0 (none)",
    );
    check("35=A|34=1|98=0", "HeartBtInt (108) is missing");
    check("35=A|34=1|98=0|108=", "HeartBtInt (108) has no value");
    check(
        "35=A|34=1|98=0|108=-30",
        "HeartBtInt (108) is \"-30\", allowed are 4 to 3600 s",
    );
    check(
        "35=A|34=1|98=0|108=0",
        "HeartBtInt (108) is \"0\", allowed are 4 to 3600 s",
    );
    check(
        "35=A|34=1|98=0|108=30|141=X",
        "ResetSeqNumFlag (141) is \"X\", expected Y or N",
    );
    check(
        "35=A|34=x|98=0|108=30",
        "tag 34 in the standard header has the value `x`",
    );
}

#[test]
fn case_1b_d_answer_from_somebody_else() {
    let mut settings = Bench::client_settings();
    settings.identity.peer_sender_comp_id = Some("KalshiMD".to_owned());
    for (answer, tag) in [
        ("35=A|34=1|98=0|108=30", 49),
        ("35=A|34=1|49=KalshiMD|56=key-2|98=0|108=30", 56),
    ] {
        let mut us = Bench::new(settings.clone(), Role::Initiator(Bench::logon()));
        us.connect();
        us.receive(answer);
        us.end_of_stream();
        assert!(
            matches!(us.reason(), EndReason::WrongCompId { tag: wrong, .. } if *wrong == tag),
            "{answer}"
        );
    }
}

#[test]
fn case_1b_d_answer_with_a_stale_time() {
    let mut us = Bench::logging_on();
    us.receive("35=A|34=1|52=20260817-15:59:29.000|98=0|108=30");
    us.end_of_stream();
    assert!(matches!(
        us.reason(),
        EndReason::SendingTimeOutOfWindow {
            offset_millis: -31_000,
            ..
        }
    ));
}

#[test]
fn case_1b_d_answer_with_a_reset_that_nobody_asked_for() {
    let mut settings = Bench::client_settings();
    settings.reset = ResetRule::Optional;
    settings.sequences = Sequences {
        next_outgoing: 7,
        next_incoming: 9,
    };
    let mut us = Bench::new(settings, Role::Initiator(Logon::new(30)));
    us.session.connected(us.now()).unwrap();
    us.automatic = false;
    us.receive("35=A|34=1|98=0|108=30|141=Y");
    us.end_of_stream();
    let mut last = None;
    while let Some(event) = us.session.poll_event() {
        last = Some(event);
    }
    assert!(
        matches!(last, Some(Event::Ended(EndReason::InvalidLogon { .. }))),
        "{last:?}"
    );
}

#[test]
fn case_1b_e_first_message_not_a_logon() {
    let mut us = Bench::logging_on();
    us.receive("35=0|34=1");
    us.expect_sent([
        "35=A|34=1|98=0|108=30|141=Y|1137=9",
        "35=5|34=2|58=the first message was not a logon but of type \"0\"",
    ]);
    us.wait(seconds(2));
    assert_eq!(
        *us.reason(),
        EndReason::FirstMessageNotLogon {
            msg_type: "0".to_owned()
        }
    );
}

#[test]
fn refused_logons() {
    let check = |answer: &str, kind, code| {
        let mut us = Bench::logging_on();
        us.sent_frames();
        us.receive(answer);
        let EndReason::LogonRefused(refused) = us.reason().clone() else {
            panic!("{:?}", us.reason())
        };
        assert_eq!((refused.kind, refused.code), (kind, code), "{answer}");
        us.expect_sent([]);
    };
    check("35=5|34=1|58=already exists", RefusalKind::AlreadyExists, None);
    // A refusal's number, time and CompIDs are nobody's: it belongs to no session.
    check("35=5|34=9|58=already exists", RefusalKind::AlreadyExists, None);
    check(
        "35=5|34=1|49=Gateway|56=unknown|58=Invalid signature",
        RefusalKind::Signature,
        None,
    );
    check(
        "35=5|34=1|52=20250101-00:00:00|58=go away",
        RefusalKind::Other,
        None,
    );
    check("35=5|-34|-52|58=already exists", RefusalKind::AlreadyExists, None);
    check("35=5|34=1", RefusalKind::Other, None);
    check("35=3|34=1|45=1|371=52|373=10", RefusalKind::SendingTime, Some(10));
    check("35=3|34=1|45=1|373=9", RefusalKind::CompId, Some(9));
    check("35=3|34=1|45=1|371=56|373=9", RefusalKind::TargetCompId, Some(9));
    check(
        "35=j|34=1|45=1|372=A|380=8|58=slow down",
        RefusalKind::RateLimit,
        Some(8),
    );
}

#[test]
fn a_peer_that_speaks_before_our_logon() {
    let check = |message: &str, expected: &str| {
        let mut us = Bench::new(Bench::client_settings(), Role::Initiator(Bench::logon().signed()));
        us.connect();
        us.receive(message);
        us.expect_sent([]);
        us.expect_events(["sign the logon", expected]);
    };
    check(
        "35=5|34=1|58=already exists",
        "ended: logon refused: already exists",
    );
    check(
        "35=A|34=1|98=0|108=30",
        "ended: invalid logon: it came before ours was sent",
    );
    check(
        "35=A|34=1|-52|98=0|108=30",
        "ended: invalid logon: required tag 52 is missing from the standard header",
    );
}

#[test]
fn the_answer_does_not_come() {
    let mut us = Bench::logging_on();
    us.wait(seconds(10));
    assert_eq!(
        *us.reason(),
        EndReason::LogonTimeout {
            waited: seconds(10),
            state: SessionState::LogonSent
        }
    );
}

#[test]
fn an_answer_from_kalshi_md_is_held_to_that_name() {
    let mut us = Bench::logging_on();
    us.receive("35=A|34=1|49=KalshiMD|98=0|108=30|141=Y|1137=9");
    us.expect_events(["established with KalshiMD, 30 s"]);
    us.receive("35=0|34=2|49=Kalshi");
    us.end_of_stream();
    assert!(
        matches!(us.reason(), EndReason::WrongCompId { tag: 49, expected, .. } if expected == "KalshiMD")
    );
}

#[test]
fn another_interval_in_the_answer_is_taken() {
    let mut us = Bench::logging_on();
    us.receive("35=A|34=1|98=0|108=10|1137=9");
    us.expect_events(["established with Kalshi, 10 s"]);
    us.sent_frames();
    us.wait(seconds(10));
    us.expect_sent(["35=0|34=2"]);
}

#[test]
fn settings_that_cannot_work() {
    let check = |change: &dyn Fn(&mut crate::session::SessionSettings, &mut Logon), expected: &str| {
        let (mut settings, mut logon) = (Bench::client_settings(), Bench::logon());
        change(&mut settings, &mut logon);
        let error = Session::new(settings, Role::Initiator(logon)).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    };
    check(
        &|_, logon| logon.heart_bt_int = 3,
        "HeartBtInt (108) is 3 s, allowed are 4 to 3600 s",
    );
    check(
        &|_, logon| logon.reset = false,
        "this session must log on with ResetSeqNumFlag (141) = Y",
    );
    check(
        &|settings, _| settings.identity = Identity::acceptor("x"),
        "an initiator needs a TargetCompID (56)",
    );
    check(
        &|settings, _| settings.max_frame = 10,
        "max_frame is too small to hold one message",
    );
    check(
        &|settings, _| settings.max_events = 0,
        "max_events is too small to hold one message",
    );
    check(
        &|settings, _| settings.silence_percent = 120,
        "silence_percent must be above test_request_percent, and that at least 100",
    );
    let resend = crate::session::GapPolicy::Resend(crate::session::Recovery::default());
    check(
        &|settings, _| settings.gap_policy = resend,
        "GapPolicy::Resend needs Journal::Keep",
    );
    check(
        &|settings, _| settings.acknowledgement = crate::session::Acknowledgement::Explicit,
        "Acknowledgement::Explicit needs Journal::Keep",
    );
    check(
        &|settings, _| settings.resend_window = Some(seconds(1)),
        "resend_window needs Journal::Keep",
    );
    check(
        &|settings, _| settings.next_expected = true,
        "NextExpectedMsgSeqNum (789) needs GapPolicy::Resend",
    );
    check(
        &|settings, _| {
            *settings = settings.clone().retransmitting();
            settings.gap_policy = crate::session::GapPolicy::Resend(crate::session::Recovery {
                attempts: 0,
                ..crate::session::Recovery::default()
            });
        },
        "a recovery needs at least one attempt and a timeout above zero",
    );
    check(
        &|settings, _| settings.resend_page = 1,
        "resend_page is too small to hold one message",
    );
    check(
        &|settings, _| settings.sequences.next_incoming = 0,
        "sequence numbers start at 1 and end at 999999999999999999",
    );
    let (settings, logon) = (Bench::client_settings(), Bench::logon().field(49, "x"));
    let refused = Session::new(settings, Role::Initiator(logon)).expect_err("a reserved tag");
    assert_eq!(refused, SettingsError::ReservedTag { tag: 49 });
    let settings =
        crate::session::SessionSettings::kalshi_prediction(Identity::initiator("a\u{1}b", "KalshiNR"));
    assert!(matches!(
        Session::new(settings, Role::Initiator(Bench::logon())),
        Err(SettingsError::NotWritable { .. })
    ));
}

#[test]
fn a_session_connects_once() {
    let mut us = Bench::initiator();
    let refused = us.session.connected(us.now());
    assert_eq!(
        refused,
        Err(CommandError::WrongState {
            command: "connect",
            state: SessionState::Established
        })
    );
}
