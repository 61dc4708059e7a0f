//! Cases 7 to 11 and 14: rejects, resend requests, sequence resets, and what is sent.

use fix_dialect::{BodyWriter, EncodeBody, EncodeError};

use super::*;
use crate::session::{EndReason, Reject, RejectReason, SendError};

both_roles! {
    fn case_7_reject_received(us) {
        us.receive("35=3|34=2|45=1|371=38|372=D|373=5|58=no such quantity");
        us.expect_events(["reject received of Some(1): Some(5) Some(\"no such quantity\")"]);
        us.receive("35=3|34=3");
        us.expect_events(["reject received of None: None None"]);
        us.expect_sent([]);
        assert_eq!(us.next(), (2, 4));
    }

    /// Nothing is journalled, so everything is filled.
    fn case_8_resend_request(us) {
        for text in ["a", "b", "c"] {
            us.session.send(us.now(), &bench::Order(text)).unwrap();
        }
        us.drain();
        us.sent_frames();
        us.receive("35=2|34=2|7=2|16=0");
        us.receive("35=2|34=3|7=2|16=3");
        us.receive("35=2|34=4|7=1|16=999999");
        us.expect_sent([
            "35=4|34=2|43=Y|123=Y|36=5",
            "35=4|34=2|43=Y|123=Y|36=4",
            "35=4|34=1|43=Y|123=Y|36=5",
        ]);
        us.expect_events([
            "resend of 2-0 requested",
            "served 2-4, 0 replayed",
            "resend of 2-3 requested",
            "served 2-3, 0 replayed",
            "resend of 1-999999 requested",
            "served 1-4, 0 replayed",
        ]);
        assert_eq!(us.next(), (5, 5));
    }

    fn case_8_gap_fill_has_the_original_time(us) {
        us.receive("35=2|34=2|7=1|16=0");
        let sent = us.sent_frames();
        assert!(bench::bars(&sent[0]).contains("|52=20260817-16:00:00.000|43=Y|122=20260817-16:00:00.000|"));
    }

    fn case_8_resend_request_out_of_range(us) {
        us.receive("35=2|34=2|7=2|16=0");
        us.receive("35=2|34=3|7=0|16=0");
        us.receive("35=2|34=4|7=18446744073709551615|16=18446744073709551615");
        us.receive("35=2|34=5|16=0");
        us.receive("35=2|34=6|7=1|16=4x");
        us.expect_events([
            "reject sent of 2 about Some(7): ValueIncorrect",
            "reject sent of 3 about Some(7): ValueIncorrect",
            "reject sent of 4 about Some(7): ValueIncorrect",
            "reject sent of 5 about Some(7): RequiredTagMissing",
            "reject sent of 6 about Some(16): IncorrectDataFormat",
        ]);
        us.receive("35=2|34=7|7=3|16=2");
        us.expect_events(["reject sent of 7 about Some(16): ValueIncorrect"]);
        assert_eq!(us.next(), (8, 8));
    }

    fn case_10a_gap_fill_with_a_high_number(us) {
        us.receive("35=4|34=5|123=Y|36=9");
        us.end_of_stream();
        assert!(matches!(us.reason(), EndReason::SequenceGap(_)));
        assert_eq!(us.next().1, 2);
    }

    fn case_10b_gap_fill(us) {
        us.receive("35=4|34=2|43=Y|122=20260817-16:00:00.000|123=Y|36=7");
        us.receive("35=U1|34=7");
        us.receive("35=4|34=8|43=Y|123=Y|36=9");
        us.receive("35=U1|34=9");
        us.expect_events(["gap fill 2 -> 7", "application U1 7", "gap fill 8 -> 9", "application U1 9"]);
        us.expect_sent([]);
    }

    fn case_10c_low_gap_fill_that_is_a_duplicate(us) {
        us.receive("35=U1|34=2");
        us.receive("35=4|34=1|43=Y|122=20260817-16:00:00.000|123=Y|36=9");
        us.expect_events(["application U1 2", "duplicate 1 ignored"]);
        us.expect_sent([]);
        assert_eq!(us.next(), (2, 3));
    }

    fn case_10d_low_gap_fill(us) {
        us.receive("35=U1|34=2");
        us.receive("35=4|34=2|123=Y|36=9");
        us.expect_sent(["35=5|34=2|58=MsgSeqNum too low, expecting 3 but received 2"]);
        us.wait(seconds(2));
        assert!(matches!(us.reason(), EndReason::SequenceTooLow(_)));
    }

    fn case_10e_gap_fill_that_lowers(us) {
        us.receive("35=4|34=2|123=Y|36=2");
        us.receive("35=4|34=3|123=Y|36=1");
        us.expect_sent([
            "35=3|34=2|45=2|371=36|372=4|373=5|58=attempt to lower sequence number, invalid value NewSeqNo(36)=2",
            "35=3|34=3|45=3|371=36|372=4|373=5|58=attempt to lower sequence number, invalid value NewSeqNo(36)=1",
        ]);
        assert_eq!(us.next(), (4, 4));
    }

    fn case_11a_reset(us) {
        us.receive("35=4|34=2|36=9");
        us.receive("35=U1|34=9");
        us.receive("35=4|34=1|123=N|36=20");
        us.receive("35=4|34=77|36=30");
        us.receive("35=U1|34=30");
        us.expect_events([
            "reset 2 -> 9",
            "application U1 9",
            "reset 10 -> 20",
            "reset 20 -> 30",
            "application U1 30",
        ]);
        us.expect_sent([]);
    }

    fn case_11b_reset_to_the_same(us) {
        us.receive("35=4|34=1|36=2");
        us.expect_events(["reset 2 -> 2"]);
        assert_eq!(us.next(), (2, 2));
    }

    fn case_11c_reset_that_lowers(us) {
        us.receive("35=U1|34=2");
        us.receive("35=4|34=3|36=2");
        us.expect_events(["application U1 2", "reject sent of 3 about Some(36): ValueIncorrect"]);
        assert_eq!(us.next(), (3, 3));
    }

    /// A reset that cannot be read takes no number but its own.
    fn case_11_reset_with_a_high_number_that_cannot_be_read(us) {
        us.receive("35=4|34=9");
        us.expect_events(["reject sent of 9 about Some(36): RequiredTagMissing"]);
        us.receive("35=4|34=9|52=20260817-17:00:00|36=10");
        us.end_of_stream();
        assert!(matches!(us.reason(), EndReason::SendingTimeOutOfWindow { .. }));
        assert_eq!(us.next().1, 2);
    }

    fn case_11_reset_beyond_reason(us) {
        us.receive("35=4|34=2|36=18446744073709551615");
        us.receive("35=4|34=3|36=x");
        us.receive("35=4|34=4");
        us.receive("35=4|34=5|123=maybe|36=9");
        us.receive("35=4|34=6|123=Y|36=99999999999999999999");
        us.expect_events([
            "reject sent of 2 about Some(36): ValueIncorrect",
            "reject sent of 3 about Some(36): IncorrectDataFormat",
            "reject sent of 4 about Some(36): RequiredTagMissing",
            "reject sent of 5 about Some(123): IncorrectDataFormat",
            "reject sent of 6 about Some(36): IncorrectDataFormat",
        ]);
        assert_eq!(us.next(), (7, 7));
    }

    fn case_16_numbers_and_times_are_those_of_sending(us) {
        assert_eq!(us.session.send(us.now(), &bench::Order("a")), Ok(2));
        us.sleep(std::time::Duration::from_micros(1_234_567));
        assert_eq!(us.session.send(us.now(), &bench::Order("b")), Ok(3));
        us.drain();
        let sent = us.sent_frames();
        assert!(bench::bars(&sent[0]).contains("|34=2|52=20260817-16:00:00.000|11=a|"));
        assert!(bench::bars(&sent[1]).contains("|34=3|52=20260817-16:00:01.234|11=b|"));
    }

    fn a_refused_message_burns_no_number(us) {
        let refused = us.session.send(us.now(), &bench::Order("a\u{1}58=b"));
        assert!(matches!(refused, Err(SendError::Encode { error: EncodeError::ContainsDelimiter { tag: 11 }, .. })), "{refused:?}");
        let refused = us.session.send(us.now(), &bench::Order(""));
        assert!(matches!(refused, Err(SendError::Encode { error: EncodeError::Empty { tag: 11 }, .. })), "{refused:?}");
        us.drain();
        us.expect_sent([]);
        assert_eq!(us.session.send(us.now(), &bench::Order("c")), Ok(2));
        us.drain();
        us.expect_sent(["35=D|34=2|11=c"]);
    }

    fn session_messages_are_the_sessions_own(us) {
        for msg_type in ["A", "0", "1", "2", "3", "4", "5"] {
            let refused = us.session.send(us.now(), &Typed(msg_type));
            assert_eq!(refused, Err(SendError::SessionMessage { msg_type: msg_type.to_owned() }));
        }
        assert_eq!(us.session.send(us.now(), &Typed("AE")), Ok(2));
    }

    fn case_14_the_application_rejects(us) {
        us.receive("35=D|34=2|9999=x");
        let reject = Reject::new(2, RejectReason::UndefinedTag).of_type("D").about(9999).with_text("what is it?");
        assert_eq!(us.session.reject(us.now(), reject), Ok(2));
        us.drain();
        us.expect_sent(["35=3|34=2|45=2|371=9999|372=D|373=3|58=what is it?"]);
        us.expect_events(["application D 2", "reject sent of 2 about Some(9999): UndefinedTag"]);
    }

    fn case_14_faults_of_the_header(us) {
        us.receive("35=U1|34=2|43=maybe");
        us.receive("35=U1|34=3|97=");
        us.receive("35=U1|34=4|122=never|43=Y");
        us.expect_events([
            "reject sent of 2 about Some(43): IncorrectDataFormat",
            "reject sent of 3 about Some(97): TagWithoutValue",
            "reject sent of 4 about Some(122): IncorrectDataFormat",
        ]);
        assert_eq!(us.next(), (5, 5));
    }

    fn case_14h_repeated_header_field(us) {
        us.receive("35=U1|34=2|43=N|43=N");
        us.expect_events(["reject sent of 2 about Some(43): TagAppearsMoreThanOnce"]);
        assert_eq!(us.next(), (3, 3));
    }
}

/// Case 16: of the two strategies that the standard allows, the one that keeps nothing: a message is refused while the
/// session is not logged on, and takes no number.
#[test]
fn case_16a_nothing_is_taken_before_the_logon() {
    for mut us in [Bench::logging_on(), Bench::listening()] {
        let (state, next) = (us.session.state(), us.next());
        let refused = us.session.send(us.now(), &bench::Order("a"));
        assert_eq!(refused, Err(SendError::NotEstablished(state)));
        assert_eq!(us.next(), next);
    }
    let mut us = Bench::initiator();
    us.logout(None);
    let refused = us.session.send(us.now(), &bench::Order("a"));
    assert_eq!(
        refused,
        Err(SendError::NotEstablished(
            crate::session::SessionState::LogoutSent
        ))
    );
    assert_eq!(us.next(), (3, 2));
}

struct Typed(&'static str);

impl EncodeBody for Typed {
    fn msg_type(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn encode_body(&self, _: &mut BodyWriter) {}
}
