//! Stores that fail, or give back what was never kept.

use std::sync::Arc;

use bytes::Bytes;
use fix_dialect::{BodyWriter, EncodeBody};

use super::*;
use crate::session::{
    EndReason, Event, Journal, JournalGate, MAX_JOURNALLED, ResendCandidate, ResendPolicy, ResendVerdict,
    SendError, SequenceNumber, SessionState, StoreOperation, Ticket,
};

both_resuming! {
    /// A record that is not the message: it is not served, and the session says so.
    fn a_journal_that_is_corrupt_is_not_served(us) {
        us.send("a");
        us.send("b");
        us.sent_frames();
        let length = us.journal[&3].len();
        let torn = us.journal[&3].slice(..20);
        us.journal.insert(3, torn);
        us.receive("35=2|34=2|7=2|16=0");
        us.expect_sent([
            "35=D|34=2|43=Y|11=a",
            &format!("35=5|34=4|58=the journal's record of message 3 cannot be sent again: it has 20 bytes, {length} are needed"),
        ]);
        us.wait(seconds(2));
        assert!(matches!(us.reason(), EndReason::JournalUnusable { sequence: 3, .. }), "{:?}", us.reason());
    }

    /// What waits for the store does not leave once it has failed, and nothing more is asked of it.
    fn a_store_that_fails_ends_the_session(us) {
        us.automatic = false;
        us.session.send(us.now(), &bench::Order("a")).unwrap();
        us.session.send(us.now(), &bench::Order("b")).unwrap();
        let first = us.session.poll_store().unwrap();
        us.session.handle_store_failed(first.ticket(), "no space left");
        assert_eq!(us.session.poll_transmit(), None);
        assert_eq!(us.session.poll_store(), None);
        us.automatic = true;
        us.drain();
        us.expect_events(["ended: the store failed: no space left"]);
        us.expect_sent([]);
        assert_eq!(us.session.send(us.now(), &bench::Order("c")), Err(SendError::NotEstablished(SessionState::Ended)));
        us.session.acknowledge(99);
        assert_eq!(us.session.poll_store(), None);
    }

    /// A read that fails is no different: what could not be read cannot be sent again.
    fn a_read_that_fails_ends_the_session(us) {
        us.send("a");
        us.automatic = false;
        us.receive("35=2|34=2|7=2|16=0");
        us.session.poll_store();
        let read = us.session.poll_store().unwrap();
        us.session.handle_store_failed(read.ticket(), "bad sector");
        us.automatic = true;
        us.drain();
        assert_eq!(*us.reason(), EndReason::StoreFailed { fault: "bad sector".to_owned() });
    }

    /// The failure of an operation that was never handed out is nobody's.
    fn a_failure_of_nothing(us) {
        us.automatic = false;
        us.session.send(us.now(), &bench::Order("a")).unwrap();
        us.session.poll_store().unwrap();
        us.session.handle_store_failed(Ticket(999), "from another session");
        assert_eq!(us.session.state(), SessionState::Established);
        assert!(us.session.poll_transmit().is_some());
    }

    /// A late failure: the session has ended, and what it still had to say stays unsaid.
    fn a_failure_after_the_end(us) {
        us.automatic = false;
        us.session.send(us.now(), &bench::Order("a")).unwrap();
        let first = us.session.poll_store().unwrap();
        us.session.handle_eof(us.now());
        us.session.handle_store_failed(first.ticket(), "late");
        assert_eq!(us.session.poll_transmit(), None);
        let events: Vec<Event> = std::iter::from_fn(|| us.session.poll_event()).collect();
        assert!(matches!(events[..], [Event::Ended(EndReason::Disconnected { .. })]), "{events:?}");
    }
}

/// A resend is not held up by operations that come after it, and the originals wait for theirs.
#[test]
fn a_resend_behind_a_gate() {
    for mut us in Bench::both_with(|settings| settings.journal = Journal::Keep(JournalGate::Stored)) {
        us.send("a");
        us.sent_frames();
        us.automatic = false;
        us.receive("35=2|34=2|7=2|16=0");
        us.session.poll_store();
        let read = us.session.poll_store().unwrap();
        us.session.send(us.now(), &bench::Order("b")).unwrap();
        let append = us.session.poll_store().unwrap();
        us.session
            .handle_read(us.now(), read.ticket(), bench::read(&us.journal, 2, 2, 99));
        let sent: Vec<u64> = std::iter::from_fn(|| us.session.poll_transmit())
            .map(|transmit| transmit.through)
            .collect();
        assert_eq!(
            sent.len(),
            1,
            "the resend, and not the message that is not stored"
        );
        us.session.handle_stored(append.ticket());
        assert_eq!(
            us.session.poll_transmit().map(|transmit| transmit.through),
            Some(3)
        );
    }
}

/// What a store must not answer: the wrong order, a message twice, another number's record, another range.
#[test]
fn pages_that_were_not_asked_for() {
    for kind in 0..4 {
        for mut us in Bench::both_with(|_| {}) {
            us.send("a");
            us.send("b");
            let (a, b) = (us.journal[&2].clone(), us.journal[&3].clone());
            let page: Vec<(SequenceNumber, Bytes)> = match kind {
                0 => vec![(3, b), (2, a)],
                1 => vec![(2, a.clone()), (2, a)],
                2 => vec![(2, b)],
                _ => vec![(9, a)],
            };
            us.automatic = false;
            us.receive("35=2|34=2|7=2|16=0");
            us.session.poll_store();
            let read = us.session.poll_store().unwrap();
            us.session.handle_read(us.now(), read.ticket(), page);
            assert_eq!(us.session.state(), SessionState::Failing, "{kind}");
        }
    }
}

/// A message that no store would take is refused before it takes a number.
#[test]
fn a_message_too_long_for_any_store() {
    struct Long(usize);
    impl EncodeBody for Long {
        fn msg_type(&self) -> &[u8] {
            b"B"
        }
        fn encode_body(&self, out: &mut BodyWriter) {
            out.field(58, &vec![b'x'; self.0]);
        }
    }
    for mut us in Bench::both_with(|settings| settings.max_pending_transmit = 64 << 20) {
        let refused = us.session.send(us.now(), &Long(MAX_JOURNALLED)).unwrap_err();
        assert!(
            matches!(refused, SendError::TooLong { length, max: MAX_JOURNALLED } if length > MAX_JOURNALLED),
            "{refused}"
        );
        us.drain();
        us.expect_sent([]);
        assert_eq!(us.next(), (2, 2));
        assert!(us.operations.is_empty() && us.journal.is_empty());
        assert_eq!(us.session.send(us.now(), &Long(MAX_JOURNALLED - 200)), Ok(2));
        let kept = us.session.poll_store();
        assert!(matches!(kept, Some(StoreOperation::Append { sequence: 2, .. })));
    }
    // Where nothing is kept there is no such limit.
    for mut us in [Bench::initiator(), Bench::acceptor()] {
        assert_eq!(us.session.send(us.now(), &Long(MAX_JOURNALLED)), Ok(2));
    }
}

/// What the store has dropped is not filled over as if there had been nothing.
#[test]
fn what_the_store_has_dropped() {
    let served = |policy: ResendPolicy, range: &str, through| {
        let mut shown = Vec::new();
        for mut us in Bench::both_with(|settings| settings.resend = policy.clone()) {
            for text in ["a", "b", "c"] {
                us.send(text);
            }
            us.sent_frames();
            us.take_events();
            us.automatic = false;
            us.receive(&format!("35=2|34=2|{range}"));
            loop {
                match us.session.poll_store() {
                    Some(StoreOperation::Read { ticket, begin, .. }) if begin <= through => {
                        us.session.handle_read_dropped(us.now(), ticket, through);
                    }
                    Some(StoreOperation::Read {
                        ticket, begin, end, ..
                    }) => {
                        let page = bench::read(&us.journal, begin, end, 1);
                        us.session.handle_read(us.now(), ticket, page);
                    }
                    Some(operation) => us.session.handle_stored(operation.ticket()),
                    None => break,
                }
            }
            assert!(!us.session.is_resending(), "what is held goes");
            us.automatic = true;
            us.drain();
            us.gapless = false;
            let sent: Vec<String> = us.sent_frames().iter().map(|frame| bench::shown(frame)).collect();
            shown.push(sent);
        }
        assert_eq!(shown[0], shown[1]);
        shown.remove(0)
    };
    let check = |policy: ResendPolicy, range, through, expected: &[&str]| {
        assert_eq!(
            served(policy.clone(), range, through),
            expected,
            "{policy:?} {range} {through}"
        );
    };
    let reject = |begin: u64, through: u64| {
        format!(
            "35=3|34=5|45=2|371=7|372=2|373=5|58=BeginSeqNo (7) is {begin}, messages up to {through} are beyond the \
             retention period"
        )
    };
    check(ResendPolicy::Replay, "7=1|16=0", 2, &[&reject(1, 2)]);
    check(ResendPolicy::Replay, "7=2|16=2", 3, &[&reject(2, 3)]);
    check(ResendPolicy::Replay, "7=4|16=4", 3, &["35=D|34=4|43=Y|11=c"]);
    let decides = ResendPolicy::PerMessage(Arc::new(|_: &ResendCandidate<'_>| ResendVerdict::HoldBack));
    check(decides, "7=1|16=0", 2, &[&reject(1, 2)]);
    // Whose every old message is held back anyway: what is gone is too old.
    let younger = ResendPolicy::Younger(seconds(60));
    let expected = ["35=4|34=1|43=Y|123=Y|36=4", "35=D|34=4|43=Y|11=c"];
    check(younger.clone(), "7=1|16=0", 3, &expected);
    check(younger, "7=1|16=3", 9, &["35=4|34=1|43=Y|123=Y|36=4"]);
}
