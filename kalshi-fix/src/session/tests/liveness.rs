//! Cases 4 to 6: heartbeats and test requests.

use super::*;
use crate::session::{EndReason, Event, Intake, SessionState};

both_roles! {
    fn case_4a_heartbeat_when_nothing_was_sent(us) {
        us.wait(milliseconds(29_999));
        us.expect_sent([]);
        us.wait(milliseconds(1));
        us.expect_sent(["35=0|34=2"]);
        us.receive("35=0|34=2");
        us.wait(seconds(30));
        us.expect_sent(["35=0|34=3"]);
        us.expect_events([]);
    }

    fn case_4a_sending_puts_the_heartbeat_off(us) {
        us.wait(seconds(20));
        us.session.send(us.now(), &bench::Order("a")).unwrap();
        us.drain();
        us.expect_sent(["35=D|34=2|11=a"]);
        us.receive("35=0|34=2");
        us.wait(seconds(29));
        us.expect_sent([]);
        us.wait(seconds(1));
        us.expect_sent(["35=0|34=3"]);
    }

    fn case_4b_test_request_is_echoed(us) {
        us.receive("35=1|34=2|112=are you there?");
        us.expect_sent(["35=0|34=2|112=are you there?"]);
        us.expect_events([]);
        assert_eq!(us.next(), (3, 3));
    }

    fn case_14b_test_request_without_id(us) {
        us.receive("35=1|34=2");
        us.receive("35=1|34=3|112=");
        us.expect_sent([
            "35=3|34=2|45=2|371=112|372=1|373=1|58=TestReqID (112) is missing",
            "35=3|34=3|45=3|371=112|372=1|373=4|58=TestReqID (112) has no value",
        ]);
        assert_eq!(us.next(), (4, 4));
    }

    fn case_5_heartbeat(us) {
        us.receive("35=0|34=2");
        us.receive("35=0|34=3|112=not one of ours");
        us.receive("35=0|34=4|112=77");
        us.expect_events([]);
        us.expect_sent([]);
        assert_eq!(us.next(), (2, 5));
    }

    fn case_6_test_request_when_nothing_came(us) {
        us.wait(milliseconds(35_999));
        us.expect_sent(["35=0|34=2"]);
        us.wait(milliseconds(1));
        us.expect_sent(["35=1|34=3|112=1"]);
        us.expect_events(["peer silent"]);
        us.wait(seconds(2));
        us.receive("35=U1|34=2");
        us.receive("35=0|34=3|112=1");
        us.expect_events(["application U1 2", "test request answered in 2s"]);
        us.wait(seconds(35));
        us.expect_events([]);
        assert_eq!(us.session.state(), SessionState::Established);
    }

    /// Any message proves life; an echo is not asked for.
    fn case_6_any_message_proves_life(us) {
        us.wait(seconds(36));
        us.expect_events(["peer silent"]);
        us.receive("35=U1|34=2");
        us.wait(seconds(35));
        us.expect_events(["application U1 2"]);
        us.wait(seconds(1));
        us.expect_events(["peer silent"]);
    }

    fn case_6_a_peer_that_stays_silent(us) {
        us.wait(seconds(36));
        us.expect_sent(["35=0|34=2", "35=1|34=3|112=1"]);
        us.wait(milliseconds(35_999));
        assert_eq!(us.session.state(), SessionState::Established);
        us.wait(milliseconds(1));
        assert_eq!(*us.reason(), EndReason::PeerSilent { silent: seconds(72) });
    }

    /// Garbage is no sign of life: a peer that sends nothing else is gone.
    fn garbage_is_no_sign_of_life(us) {
        for _ in 0..8 {
            us.receive_bytes(b"garbage");
            us.wait(seconds(9));
        }
        assert_eq!(*us.reason(), EndReason::PeerSilent { silent: seconds(72) });
    }

    /// After a sleep (a stopped process, a laptop's lid) the peer's messages may wait unread: silence counts
    /// from now.
    fn a_sleep_of_ours_is_not_the_peers_silence(us) {
        us.sleep(seconds(600));
        us.session.handle_timeout(us.now());
        us.drain();
        us.expect_events(["peer silent"]);
        us.expect_sent(["35=0|34=2", "35=1|34=3|112=1"]);
        us.wait(seconds(35));
        us.receive("35=0|34=2");
        assert_eq!(us.session.state(), SessionState::Established);
    }

    /// An application that does not take its events stops the reading, and is to find its session alive.
    fn what_waits_for_us_is_neither_silence_nor_late(us) {
        us.session.settings.max_events = 2;
        us.automatic = false;
        for number in 2..5 {
            us.receive(&format!("35=U1|34={number}"));
        }
        assert_eq!(us.intake, Intake::Drain);
        let on_its_way = us.frame("35=U1|34=5");
        us.wait(seconds(600));
        us.automatic = true;
        us.drain();
        let signs_of_life = us.sent_frames();
        assert_eq!(signs_of_life.len(), 20);
        assert!(signs_of_life.iter().all(|frame| bench::bars(frame).contains("|35=0|")));
        us.read();
        us.receive_bytes(&on_its_way);
        us.expect_events(["application U1 2", "application U1 3", "application U1 4", "application U1 5"]);
        // Once a message came in time, lateness is the peer's again.
        us.receive("35=U1|34=6");
        let late = us.frame("35=U1|34=7");
        us.sleep(seconds(31));
        us.receive_bytes(&late);
        assert_eq!(us.session.state(), SessionState::Failing);
    }

    /// The peer is asked for a sign of life as ever, once reading goes on.
    fn silence_counts_again_when_reading_goes_on(us) {
        us.session.settings.max_events = 1;
        us.automatic = false;
        us.receive("35=U1|34=2");
        us.receive("35=U1|34=3");
        assert_eq!(us.intake, Intake::Drain);
        us.wait(seconds(100));
        us.automatic = true;
        us.drain();
        us.read();
        us.expect_events(["application U1 2", "application U1 3"]);
        us.wait(seconds(36));
        us.expect_events(["peer silent"]);
    }

    fn a_test_request_on_command(us) {
        let id = us.session.test_request(us.now()).unwrap();
        us.drain();
        us.expect_sent(["35=1|34=2|112=1"]);
        us.sleep(milliseconds(7));
        us.receive("35=0|34=2|112=1");
        let answered = Event::TestRequestAnswered { id, round_trip: milliseconds(7) };
        assert_eq!(us.take_events(), [answered]);
        // Only the first answer counts.
        us.receive("35=0|34=3|112=1");
        us.expect_events([]);
    }

    fn test_requests_without_an_answer_are_forgotten_in_the_end(us) {
        for _ in 0..100 {
            us.session.test_request(us.now()).unwrap();
        }
        us.receive("35=0|34=2|112=1");
        us.expect_events([]);
        us.receive("35=0|34=3|112=100");
        us.expect_events(["test request answered in 0ns"]);
    }

    /// A driver that is called too early changes nothing.
    fn an_early_timeout_does_nothing(us) {
        let deadline = us.session.next_deadline();
        us.session.handle_timeout(us.now());
        us.drain();
        assert_eq!(us.session.next_deadline(), deadline);
        us.expect_sent([]);
        us.expect_events([]);
    }
}

/// HeartBtInt (108) = 0 is the standard's way to ask for no heartbeats.
#[test]
fn no_heartbeats() {
    let mut settings = Bench::venue_settings();
    settings.heart_bt_int = 0..=60;
    let mut us = Bench::listening_with(settings);
    us.receive("35=A|34=1|98=0|108=0|141=Y|1137=9");
    us.accept();
    us.expect_sent(["35=A|34=1|98=0|108=0|141=Y|1137=9"]);
    us.wait(seconds(86_400));
    us.expect_sent([]);
    assert_eq!(us.session.next_deadline(), None);
    assert_eq!(us.session.state(), SessionState::Established);
}
