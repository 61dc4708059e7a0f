//! Cases 12 and 13: leaving, and the end of the stream in every state.

use super::*;
use crate::session::{EndReason, OutOfSequence, SendError, SessionState};

both_roles! {
    fn case_12_we_log_out(us) {
        us.logout(Some("good night"));
        us.expect_sent(["35=5|34=2|58=good night"]);
        assert_eq!(us.session.state(), SessionState::LogoutSent);
        us.receive("35=5|34=2");
        assert_eq!(*us.reason(), EndReason::LoggedOut { out_of_sequence: None });
        us.expect_sent([]);
    }

    fn case_12_nobody_answers(us) {
        us.logout(None);
        us.expect_sent(["35=5|34=2"]);
        us.wait(milliseconds(1_999));
        assert_eq!(us.session.state(), SessionState::LogoutSent);
        us.wait(milliseconds(1));
        assert_eq!(*us.reason(), EndReason::LogoutUnanswered { waited: seconds(2) });
    }

    /// What was under way is still delivered, answered and counted.
    fn case_12_messages_under_way_are_delivered(us) {
        us.logout(None);
        us.receive("35=U1|34=2");
        us.receive("35=1|34=3|112=x");
        us.receive("35=5|34=4");
        us.expect_sent(["35=5|34=2", "35=0|34=3|112=x"]);
        us.expect_events(["application U1 2", "ended: logged out"]);
    }

    fn case_12_a_gap_before_the_answer_is_told(us) {
        us.logout(None);
        us.receive("35=5|34=4");
        let numbers = OutOfSequence { expected: 2, received: 4 };
        assert_eq!(*us.reason(), EndReason::LoggedOut { out_of_sequence: Some(numbers) });
    }

    fn case_12_a_violation_while_waiting(us) {
        us.logout(None);
        us.receive("35=U1|34=9");
        us.end_of_stream();
        assert!(matches!(us.reason(), EndReason::SequenceGap(_)));
    }

    /// The answer has its own time-out: nobody is asked for a sign of life meanwhile.
    fn case_12_silence_while_waiting(us) {
        us.wait(seconds(35));
        us.logout(None);
        us.sent_frames();
        us.wait(milliseconds(1_500));
        us.expect_sent([]);
        us.expect_events([]);
    }

    fn case_13a_logouts_cross(us) {
        us.logout(None);
        us.receive("35=5|34=2|58=bye");
        us.expect_sent(["35=5|34=2"]);
        us.expect_events(["ended: logged out"]);
    }

    fn case_13b_the_peer_logs_out(us) {
        us.receive("35=5|34=2|58=maintenance");
        us.expect_sent(["35=5|34=2"]);
        us.expect_events(["logout received: Some(\"maintenance\")"]);
        assert_eq!(us.session.state(), SessionState::AwaitingDisconnect);
        us.wait(seconds(9));
        us.end_of_stream();
        let text = Some("maintenance".to_owned());
        assert_eq!(*us.reason(), EndReason::PeerLogout { text, out_of_sequence: None, left_open: false });
        assert_eq!(us.next(), (3, 3));
    }

    fn case_13b_the_peer_logs_out_and_stays(us) {
        us.receive("35=5|34=2");
        us.receive("35=U1|34=3");
        us.receive_bytes(b"garbage");
        us.wait(seconds(10));
        us.expect_events(["logout received: None", "ended: the peer logged out"]);
        us.expect_sent(["35=5|34=2"]);
    }

    fn case_13b_left_open_is_told(us) {
        us.receive("35=5|34=2");
        us.wait(seconds(10));
        assert!(matches!(us.reason(), EndReason::PeerLogout { left_open: true, .. }));
    }

    /// A logout with the wrong number is answered all the same, with the complaint in the answer (case 2c).
    fn case_2c_logout_with_a_low_number(us) {
        us.receive("35=U1|34=2");
        us.receive("35=5|34=1|58=already exists");
        us.expect_sent(["35=5|34=2|58=MsgSeqNum too low, expecting 3 but received 1"]);
        us.end_of_stream();
        let numbers = OutOfSequence { expected: 3, received: 1 };
        let text = Some("already exists".to_owned());
        assert_eq!(
            *us.reason(),
            EndReason::PeerLogout { text, out_of_sequence: Some(numbers), left_open: false }
        );
    }

    fn case_2b_logout_with_a_high_number(us) {
        us.receive("35=5|34=7");
        us.end_of_stream();
        let numbers = OutOfSequence { expected: 2, received: 7 };
        assert_eq!(
            *us.reason(),
            EndReason::PeerLogout { text: None, out_of_sequence: Some(numbers), left_open: false }
        );
    }

    fn the_stream_ends(us) {
        us.end_of_stream();
        assert_eq!(*us.reason(), EndReason::Disconnected { state: SessionState::Established });
        us.expect_sent([]);
        us.end_of_stream();
        us.session.handle_timeout(us.now());
        us.receive("35=U1|34=2");
        us.logout(None);
        us.drain();
        us.expect_events(["ended: the connection ended while established"]);
    }

    fn the_stream_ends_after_our_logout(us) {
        us.logout(None);
        us.wait(seconds(1));
        us.end_of_stream();
        assert_eq!(*us.reason(), EndReason::LogoutUnanswered { waited: seconds(1) });
    }

    fn nothing_is_sent_after_a_logout(us) {
        us.logout(None);
        let refused = us.session.send(us.now(), &bench::Order("a"));
        assert_eq!(refused, Err(SendError::NotEstablished(SessionState::LogoutSent)));
        assert_eq!(us.next(), (3, 2));
        us.logout(Some("again"));
        us.expect_sent(["35=5|34=2"]);
    }

    fn a_logout_text_cannot_inject_fields(us) {
        us.logout(Some("a\u{1}35=D"));
        us.expect_sent(["35=5|34=2|58=a|35=D"]);
    }

    /// A peer that keeps on talking does not keep the session from ending.
    fn a_farewell_is_not_prolonged(us) {
        us.receive("35=U1|34=9");
        for number in 10..20 {
            us.wait(milliseconds(190));
            us.receive(&format!("35=0|34={number}"));
        }
        us.wait(milliseconds(100));
        assert!(matches!(us.reason(), EndReason::SequenceGap(_)));
    }
}

#[test]
fn the_stream_ends_before_the_logon() {
    let mut us = Bench::logging_on();
    us.end_of_stream();
    assert_eq!(
        *us.reason(),
        EndReason::Disconnected {
            state: SessionState::LogonSent
        }
    );
    let mut us = Bench::listening();
    us.end_of_stream();
    assert_eq!(
        *us.reason(),
        EndReason::Disconnected {
            state: SessionState::AwaitingLogon
        }
    );
    let mut us = Bench::listening();
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    us.end_of_stream();
    assert_eq!(
        *us.reason(),
        EndReason::Disconnected {
            state: SessionState::Authenticating
        }
    );
}

#[test]
fn a_logout_before_the_logon_gives_up() {
    let mut us = Bench::logging_on();
    us.logout(None);
    assert_eq!(
        *us.reason(),
        EndReason::Abandoned {
            state: SessionState::LogonSent
        }
    );
}
