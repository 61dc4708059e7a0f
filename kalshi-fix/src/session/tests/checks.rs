//! Cases 2 and 3: the numbers, the header, the frame.

use super::bench::complete;
use super::*;
use crate::session::{EndReason, MessageTypes};

both_roles! {
    fn case_2a_expected_number(us) {
        us.receive("35=U1|34=2");
        us.receive("35=U1|34=3|97=Y");
        us.expect_events(["application U1 2", "application U1 3, possible resend"]);
        us.expect_sent([]);
        assert_eq!(us.next(), (2, 4));
    }

    /// Without retransmission a gap ends the session, and says so.
    fn case_2b_number_too_high(us) {
        us.receive("35=U1|34=5");
        let text = "MsgSeqNum too high, expecting 2 but received 5, and this session has no retransmission";
        us.expect_sent([&format!("35=5|34=2|58={text}")[..]]);
        us.expect_events([]);
        assert_eq!(us.next(), (3, 2));
        us.receive("35=5|34=6");
        us.expect_events([&format!("ended: {text}")[..]]);
    }

    fn case_2c_number_too_low(us) {
        us.receive("35=U1|34=2");
        us.receive("35=U1|34=2");
        let text = "MsgSeqNum too low, expecting 3 but received 2";
        us.expect_sent([&format!("35=5|34=2|58={text}")[..]]);
        us.expect_events(["application U1 2"]);
        us.wait(seconds(1));
        us.receive("35=U1|34=3");
        us.expect_events([]);
        us.wait(seconds(1));
        us.expect_events([&format!("ended: {text}")[..]]);
    }

    fn case_2d_garbled(us) {
        let mut bytes = us.frame("35=U1|34=2");
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        us.receive_bytes(&bytes);
        assert_eq!(us.next(), (2, 2));
        us.receive("35=U1|34=2");
        let events = us.take_events();
        assert!(matches!(events[0], crate::session::Event::Garbled { .. }), "{events:?}");
        assert!(matches!(events[1], crate::session::Event::Application(_)), "{events:?}");
        us.expect_sent([]);
    }

    fn case_2e_duplicate_received_before(us) {
        us.receive("35=U1|34=2");
        us.receive("35=U1|34=2|43=Y|122=20260817-15:59:00.000");
        us.receive("35=U1|34=3|43=Y|122=20260817-16:00:00.000");
        us.expect_events(["application U1 2", "duplicate 2 ignored", "application U1 3, possible duplicate"]);
        us.expect_sent([]);
        assert_eq!(us.next(), (2, 4));
    }

    fn case_2f_duplicate_from_the_future(us) {
        us.receive("35=U1|34=2|43=Y|122=20260817-16:00:00.001");
        us.expect_events(["reject sent of 2 about Some(122): SendingTimeAccuracy"]);
        us.expect_sent([
            "35=3|34=2|45=2|371=122|372=U1|373=10|58=OrigSendingTime (122) 20260817-16:00:00.001 is after SendingTime (52)",
        ]);
        assert_eq!(us.next(), (3, 3));
    }

    fn case_2g_duplicate_without_original_time(us) {
        us.receive("35=U1|34=2|43=Y");
        us.expect_events(["reject sent of 2 about Some(122): RequiredTagMissing"]);
        us.expect_sent([
            "35=3|34=2|45=2|371=122|372=U1|373=1|58=OrigSendingTime (122) is missing from a possible duplicate",
        ]);
        assert_eq!(us.next(), (3, 3));
    }

    fn case_2i_wrong_begin_string(us) {
        us.receive("8=FIX.4.4|35=U1|34=2");
        let text = "BeginString (8) is \"FIX.4.4\", expected \"FIXT.1.1\"";
        us.expect_sent([&format!("35=5|34=2|58={text}")[..]]);
        us.wait(seconds(2));
        us.expect_events([&format!("ended: {text}")[..]]);
    }

    fn case_2k_wrong_sender(us) {
        us.receive("35=U1|34=2|49=Mallory");
        let events = us.take_events();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(us.next(), (4, 3));
        us.wait(seconds(2));
        assert!(matches!(us.reason(), EndReason::WrongCompId { tag: 49, .. }));
    }

    fn case_2k_wrong_target(us) {
        us.receive("35=U1|34=2|56=Mallory");
        let sent = us.sent_frames();
        assert_eq!(sent.len(), 2);
        assert!(super::bench::bars(&sent[0]).contains("|371=56|372=U1|373=9|"));
        us.end_of_stream();
        assert!(matches!(us.reason(), EndReason::WrongCompId { tag: 56, .. }));
    }

    fn case_2k_missing_sender(us) {
        us.receive("35=U1|34=2|-49");
        us.expect_events(["reject sent of 2 about Some(49): RequiredTagMissing"]);
        assert_eq!(us.next(), (4, 3));
        us.wait(seconds(2));
        assert!(matches!(us.reason(), EndReason::WrongCompId { tag: 49, .. }));
    }

    fn case_2o_sending_time_outside_the_window(us) {
        us.sleep(seconds(31));
        us.receive("35=U1|34=2|52=20260817-16:00:00.999");
        let text = "SendingTime (52) is -30001 ms from our clock, allowed are 30000 ms";
        us.expect_events(["reject sent of 2 about Some(52): SendingTimeAccuracy"]);
        us.expect_sent([
            &format!("35=3|34=2|45=2|371=52|372=U1|373=10|58={text}")[..],
            &format!("35=5|34=3|58={text}"),
        ]);
        assert_eq!(us.next(), (4, 3));
        us.receive("35=5|34=3");
        us.expect_events([&format!("ended: {text}")[..]]);
    }

    fn case_2n_sending_time_at_the_edge_of_the_window(us) {
        us.receive("35=U1|34=2|52=20260817-16:00:30.000");
        us.receive("35=U1|34=3|52=20260817-15:59:30.000");
        us.expect_events(["application U1 2", "application U1 3"]);
        us.receive("35=U1|34=4|52=20260817-16:00:30.001");
        us.wait(seconds(2));
        assert!(matches!(us.reason(), EndReason::SendingTimeOutOfWindow { offset_millis: 30_001, .. }));
    }

    fn case_2o_sending_time_that_is_none(us) {
        us.receive("35=U1|34=2|52=yesterday");
        us.expect_events(["reject sent of 2 about Some(52): IncorrectDataFormat"]);
        assert_eq!(us.next(), (3, 3));
        us.receive("35=U1|34=3");
        us.expect_events(["application U1 3"]);
    }

    fn number_that_is_none(us) {
        us.receive("35=U1|34=x");
        us.expect_sent(["35=5|34=2|58=a message without a readable MsgSeqNum (34)"]);
        us.wait(seconds(2));
        assert_eq!(*us.reason(), EndReason::NoSequenceNumber);
    }

    fn number_that_is_missing_or_empty(us) {
        us.receive("35=U1|34=");
        us.wait(seconds(2));
        assert_eq!(*us.reason(), EndReason::NoSequenceNumber);
    }

    fn case_2m_wrong_body_length(us) {
        let good = us.frame("35=U1|34=2");
        let text = String::from_utf8(good).unwrap();
        let bad = text.replace("\x019=", "\x019=1");
        us.receive_bytes(bad.as_bytes());
        us.expect_events([]);
        // The frame announced never comes true; what comes next makes that plain.
        us.receive_bytes(&[b'x'; 200]);
        assert_eq!(us.next(), (2, 2));
        us.receive("35=U1|34=2");
        let events = us.take_events();
        assert_eq!(events.len(), 2, "{events:?}");
        us.expect_sent([]);
    }

    fn case_2t_type_not_third(us) {
        let time = "20260817-16:00:00.000";
        let begin = us.frame("35=0|34=2");
        let end = String::from_utf8(begin).unwrap();
        let parties: Vec<&str> = end
            .split('\x01')
            .filter(|field| field.starts_with("49=") || field.starts_with("56="))
            .collect();
        let parties = parties.join("|");
        us.receive_bytes(&complete("FIXT.1.1", &format!("{parties}|35=U1|34=2|52={time}|")));
        assert_eq!(us.next(), (2, 2));
        us.expect_sent([]);
        assert!(us.take_events().iter().all(|event| matches!(event, crate::session::Event::Garbled { .. })));
    }

    fn case_3b_wrong_check_sum_and_3e_no_check_sum_at_the_end(us) {
        let good = us.frame("35=U1|34=2");
        let mut sum = good.clone();
        let at = good.len() - 3;
        sum[at] = if sum[at] == b'0' { b'1' } else { b'0' };
        let mut short = good.clone();
        let at = good.len() - 7;
        short[at] = b'2';
        for bad in [sum, short] {
            us.receive_bytes(&bad);
            assert_eq!(us.next(), (2, 2));
        }
        us.receive_bytes(&good);
        assert_eq!(us.next(), (2, 3));
        us.expect_sent([]);
    }

    fn logon_on_an_established_session(us) {
        us.receive("35=A|34=2|98=0|108=30|1137=9");
        us.expect_sent(["35=5|34=2|58=a logon came on an established session"]);
        us.wait(seconds(2));
        assert_eq!(*us.reason(), EndReason::UnexpectedLogon);
    }

    fn logon_with_reset_on_an_established_session(us) {
        us.receive("35=U1|34=2");
        us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
        us.end_of_stream();
        assert_eq!(*us.reason(), EndReason::UnexpectedLogon);
        assert_eq!(us.next(), (3, 3));
    }

    fn case_19_possible_resend_is_the_applications_to_judge(us) {
        us.receive("35=U1|34=2|97=Y");
        us.expect_events(["application U1 2, possible resend"]);
    }

    fn case_15_header_fields_in_another_order(us) {
        let time = "20260817-16:00:00.000";
        let text = String::from_utf8(us.frame("35=0|34=2")).unwrap().replace('\x01', "|");
        let field = |tag: &str| {
            text.split('|').find(|field| field.starts_with(tag)).map(str::to_owned).unwrap()
        };
        let body = format!("35=U1|52={time}|34=2|{}|{}|", field("56="), field("49="));
        us.receive_bytes(&complete("FIXT.1.1", &body));
        us.expect_events(["application U1 2"]);
    }
}

/// Case 2p and 2q: a type that nobody defines. Case 2r: one that is defined and not taken.
#[test]
fn case_2q_and_2r_message_types() {
    let types = || MessageTypes::strict(["D", "F"], ["8", "D"]);
    let mut venue = Bench::venue_settings();
    venue.message_types = types();
    let mut client = Bench::client_settings();
    client.message_types = types();
    for mut us in [Bench::acceptor_with(venue), Bench::initiator_with(client)] {
        us.receive("35=D|34=2");
        us.receive("35=8|34=3");
        us.receive("35=ZZ|34=4");
        us.expect_events([
            "application D 2",
            "business reject sent of 3: 3",
            "reject sent of 4 about Some(35): InvalidMsgType",
        ]);
        us.expect_sent([
            "35=j|34=2|45=3|372=8|380=3|58=MsgType (35) \"8\" is not supported on this session",
            "35=3|34=3|45=4|371=35|372=ZZ|373=11|58=MsgType (35) \"ZZ\" is not defined",
        ]);
        assert_eq!(us.next(), (4, 5));
    }
}

/// Case 2o: the standard's window is a setting.
#[test]
fn the_window_is_a_setting() {
    let mut settings = Bench::client_settings();
    settings.sending_time_window = None;
    settings.clock_skew_warning = None;
    let mut us = Bench::initiator_with(settings);
    us.receive("35=U1|34=2|52=19990101-00:00:00");
    us.expect_events(["application U1 2"]);
}
