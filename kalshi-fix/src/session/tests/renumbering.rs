//! Resets in mid-session of our own asking.

use super::*;
use crate::session::{
    CommandError, EndReason, Event, InSessionReset, Role, SendError, SessionState, SigningFailed,
    StoreOperation, TestRequestId,
};

/// The peer's answer, and whatever it says to ask for a reset itself.
const ANSWER: &str = "35=A|34=1|98=0|108=30|141=Y|1137=9";

/// Logged on in each role, with and without retransmission.
fn each_way() -> impl Iterator<Item = Bench> {
    let mut all: Vec<Bench> = Bench::both_with(|_| {}).into();
    all.extend([Bench::initiator(), Bench::acceptor()]);
    all.into_iter().map(|mut us| {
        us.gapless = false;
        us
    })
}

fn reset(us: &mut Bench) {
    us.session.reset(us.now()).expect("a session that is logged on");
    us.drain();
}

fn kinds(us: &Bench) -> Vec<String> {
    let shown = |operation: &StoreOperation| match operation {
        StoreOperation::Reset { .. } => "reset".to_owned(),
        StoreOperation::SetNextOutgoing { next, .. } => format!("outgoing {next}"),
        StoreOperation::SetNextIncoming { next, .. } => format!("incoming {next}"),
        other => format!("{other:?}"),
    };
    us.operations.iter().map(shown).collect()
}

#[test]
fn a_reset_of_ours_is_answered() {
    for (index, mut us) in each_way().enumerate() {
        us.send("a");
        us.receive("35=U1|34=2");
        us.sent_frames();
        us.take_events();
        us.operations.clear();
        let before = us.session.numbering();
        reset(&mut us);
        us.expect_sent([ANSWER]);
        assert_eq!(
            kinds(&us),
            [""; 0],
            "the store is not told before the peer has agreed"
        );
        let refused = us.session.send(us.now(), &bench::Order("b"));
        assert_eq!(refused, Err(SendError::Resetting));
        // What the peer had sent before it heard of it is delivered, and a sign of life is given.
        us.receive("35=U1|34=3");
        us.receive("35=1|34=4|112=x");
        us.expect_sent(["35=0|34=2|112=x"]);
        us.operations.clear();
        us.receive(ANSWER);
        us.expect_sent([]);
        us.expect_events(["application U1 3", "reset in session by us, sent 2, received 4"]);
        if index < 2 {
            assert_eq!(kinds(&us), ["reset", "outgoing 3", "incoming 2"]);
        }
        assert_eq!((us.next(), us.session.numbering()), ((3, 2), before + 1));
        assert_eq!(us.session.send(us.now(), &bench::Order("b")), Ok(3));
        us.drain();
        us.receive("35=U1|34=2");
        us.expect_events(["application U1 2"]);
        us.sent_frames();
        us.wait(seconds(30));
        us.expect_sent(["35=0|34=4"]);
    }
}

/// What is handed to the transport says of which numbering it is, so that what is in doubt can be told.
#[test]
fn transmits_name_their_numbering() {
    for mut us in each_way() {
        for _ in 0..5 {
            us.send("a");
        }
        us.automatic = false;
        us.session.reset(us.now()).unwrap();
        let mut last = None;
        while let Some(transmit) = us.session.poll_transmit() {
            last = Some((transmit.through, transmit.numbering));
        }
        assert_eq!(last, Some((1, us.session.numbering())));
    }
}

#[test]
fn a_reset_of_ours_is_not_answered() {
    for mut us in each_way() {
        reset(&mut us);
        us.sent_frames();
        us.wait(seconds(10));
        us.expect_sent(["35=5|34=2|58=no answer to the reset of the sequence numbers within 10s"]);
        assert_eq!(*us.reason(), EndReason::ResetUnanswered { waited: seconds(10) });
    }
    // A session that came to rest in time has no such timer left.
    for mut us in each_way() {
        reset(&mut us);
        us.receive(ANSWER);
        us.wait(seconds(11));
        assert_eq!(us.session.state(), SessionState::Established);
    }
}

#[test]
fn a_reset_of_ours_is_answered_with_something_else() {
    for answer in [
        "35=A|34=5|98=0|108=30|141=Y|1137=9",
        "35=A|34=2|98=0|108=30|141=Y|1137=9",
        "35=A|34=1|98=0|108=30|1137=9",
        "35=A|34=1|98=0|108=2|141=Y|1137=9",
    ] {
        for mut us in each_way() {
            reset(&mut us);
            us.operations.clear();
            us.receive(answer);
            us.end_of_stream();
            assert_eq!(*us.reason(), EndReason::UnexpectedLogon, "{answer}");
            assert!(!kinds(&us).contains(&"reset".to_owned()), "{answer}");
        }
    }
    for mut us in each_way() {
        reset(&mut us);
        us.receive("35=5|34=2|58=not here");
        us.end_of_stream();
        assert!(matches!(us.reason(), EndReason::PeerLogout { .. }));
    }
}

/// Each is the other's answer.
#[test]
fn both_sides_reset_at_once() {
    for mut us in Bench::both_with(|settings| settings.in_session_reset = InSessionReset::Follow) {
        us.gapless = false;
        reset(&mut us);
        us.expect_sent([ANSWER]);
        us.receive(ANSWER);
        us.expect_sent([]);
        us.expect_events(["reset in session by us, sent 1, received 1"]);
        assert_eq!(us.next(), (2, 2));
    }
}

/// What the answer would have to say back cannot be said: the logon is none that can be followed.
#[test]
fn a_reset_of_the_peer_s_whose_fields_have_no_value() {
    for mut us in Bench::both_with(|settings| settings.in_session_reset = InSessionReset::Follow) {
        us.receive("35=A|34=1|98=0|108=30|141=Y|1137=");
        us.end_of_stream();
        assert_eq!(*us.reason(), EndReason::UnexpectedLogon);
    }
}

#[test]
fn a_logout_of_ours_during_a_reset() {
    for mut us in each_way() {
        reset(&mut us);
        us.sent_frames();
        us.logout(None);
        us.expect_sent(["35=5|34=2"]);
        us.receive(ANSWER);
        us.receive("35=5|34=2");
        assert_eq!(
            *us.reason(),
            EndReason::LoggedOut {
                out_of_sequence: None
            }
        );
    }
}

#[test]
fn when_a_reset_is_not_possible() {
    let mut us = Bench::logging_on();
    assert!(matches!(
        us.session.reset(us.now()),
        Err(CommandError::WrongState { .. })
    ));
    for mut us in each_way() {
        reset(&mut us);
        us.sent_frames();
        let again = us.session.reset(us.now()).unwrap_err();
        assert_eq!(
            again.to_string(),
            "cannot start the sequence numbers anew: the session is established"
        );
        us.drain();
        us.expect_sent([]);
    }
    for mut us in Bench::both_with(|_| {}) {
        us.gapless = false;
        us.send("a");
        us.automatic = false;
        us.receive("35=2|34=2|7=1|16=0");
        let busy = us.session.reset(us.now()).unwrap_err();
        assert_eq!(
            busy.to_string(),
            "cannot start the sequence numbers anew while the peer is being sent messages again"
        );
        assert_eq!(us.next().0, 3);
    }
}

fn signing() -> Bench {
    let mut us = Bench::new(Bench::client_settings(), Role::Initiator(Bench::logon().signed()));
    us.connect();
    sign(&mut us, Ok(b"Zmlyc3Q=".to_vec()));
    us.receive(ANSWER);
    us.sent_frames();
    us.gapless = false;
    us
}

fn sign(us: &mut Bench, signature: Result<Vec<u8>, SigningFailed>) {
    let Some(Event::SignLogon(request)) = us.take_events().pop() else {
        panic!("a signature is asked for")
    };
    assert!(
        bars(&request.pre_hash).contains("|A|1|"),
        "{}",
        bars(&request.pre_hash)
    );
    us.session
        .handle_signature(us.now(), request.ticket, signature)
        .expect("a signature that is awaited");
    us.drain();
}

#[test]
fn a_reset_is_signed_where_the_logon_was() {
    let mut us = signing();
    us.send("a");
    us.sent_frames();
    us.take_events();
    reset(&mut us);
    us.expect_sent([]);
    let refused = us.session.send(us.now(), &bench::Order("b"));
    assert_eq!(
        refused,
        Err(SendError::Resetting),
        "the number of its logon is taken"
    );
    us.sleep(seconds(1));
    sign(&mut us, Ok(b"c2Vjb25k".to_vec()));
    us.expect_sent(["35=A|34=1|98=0|108=30|96=c2Vjb25k|141=Y|1137=9"]);
    us.receive(ANSWER);
    us.expect_events(["reset in session by us, sent 2, received 1"]);
    assert_eq!(us.send("b"), 2);

    let mut us = signing();
    reset(&mut us);
    sign(&mut us, Err(SigningFailed));
    us.expect_sent(["35=5|34=2|58=the logon could not be signed"]);
    us.end_of_stream();
    assert_eq!(*us.reason(), EndReason::SigningFailed);

    let mut us = signing();
    reset(&mut us);
    us.wait(seconds(10));
    assert!(matches!(us.reason(), EndReason::ResetUnanswered { .. }));
}

#[test]
fn test_requests_of_two_numberings_have_ids_of_their_own() {
    let mut us = Bench::initiator();
    us.gapless = false;
    let ids: Vec<TestRequestId> = (0..2)
        .map(|_| {
            let id = us.session.test_request(us.now()).unwrap();
            us.drain();
            reset(&mut us);
            us.receive(ANSWER);
            id
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
}
