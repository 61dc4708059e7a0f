//! Stores that fail, or give back what was never kept.

use bytes::Bytes;

use super::*;
use crate::session::{EndReason, Event, Journal, JournalGate, SendError, SequenceNumber, State, Ticket};

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
        assert_eq!(us.session.send(us.now(), &bench::Order("c")), Err(SendError::NotEstablished(State::Ended)));
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
        assert_eq!(us.session.state(), State::Established);
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
            assert_eq!(us.session.state(), State::Failing, "{kind}");
        }
    }
}
