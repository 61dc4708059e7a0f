//! How far the store is told that inbound messages were received.

use super::*;
use crate::session::{Acknowledgement, Event, StoreOperation};

fn told(us: &mut Bench) -> Option<u64> {
    let operations = std::mem::take(&mut us.operations);
    operations.iter().rev().find_map(|operation| match operation {
        StoreOperation::SetNextIncoming { next, .. } => Some(*next),
        _ => None,
    })
}

/// Only what the application has acknowledged, and the session messages behind it.
#[test]
fn explicit_acknowledgement() {
    for mut us in Bench::both_with(|settings| settings.acknowledgement = Acknowledgement::Explicit) {
        us.receive("35=0|34=2");
        assert_eq!(told(&mut us), Some(3));
        us.receive("35=U1|34=3");
        us.receive("35=0|34=4");
        us.receive("35=U1|34=5");
        us.receive("35=0|34=6");
        assert_eq!(told(&mut us), None);
        us.session.acknowledge(3);
        us.drain();
        assert_eq!(told(&mut us), Some(4));
        us.session.acknowledge(3);
        us.session.acknowledge(1);
        us.drain();
        assert_eq!(told(&mut us), None);
        us.session.acknowledge(5);
        us.drain();
        assert_eq!(told(&mut us), Some(7));
        us.receive("35=U1|34=7");
        assert_eq!(told(&mut us), None);
        // Nobody has what has not come.
        us.session.acknowledge(u64::MAX);
        us.drain();
        assert_eq!(told(&mut us), Some(8));
        us.receive("35=U1|34=8");
        us.receive("35=0|34=9");
        assert_eq!(told(&mut us), None);
    }
}

/// What is acknowledged after the end is told all the same.
#[test]
fn acknowledgement_after_the_end() {
    for mut us in Bench::both_with(|settings| settings.acknowledgement = Acknowledgement::Explicit) {
        us.receive("35=U1|34=2");
        us.receive("35=U1|34=3");
        us.end_of_stream();
        assert_eq!(told(&mut us), None);
        us.session.acknowledge(2);
        us.drain();
        assert_eq!(told(&mut us), Some(3));
    }
}

/// By default whoever takes the event has the message: as long as it waits in the session, it is not acknowledged.
#[test]
fn acknowledgement_on_delivery() {
    for mut us in Bench::both_with(|_| {}) {
        us.automatic = false;
        us.receive("35=U1|34=2");
        us.receive("35=U1|34=3");
        assert_eq!(us.session.poll_store(), None);
        assert!(matches!(us.session.poll_event(), Some(Event::Application(_))));
        let operation = us.session.poll_store();
        assert!(
            matches!(operation, Some(StoreOperation::SetNextIncoming { next: 3, .. })),
            "{operation:?}"
        );
        assert_eq!(us.session.poll_store(), None);
        us.automatic = true;
        us.drain();
        assert_eq!(told(&mut us), Some(4));
    }
}

/// A gap fill after unacknowledged messages does not acknowledge them.
#[test]
fn gap_fills_do_not_acknowledge() {
    for mut us in Bench::both_with(|settings| settings.acknowledgement = Acknowledgement::Explicit) {
        us.receive("35=U1|34=2");
        us.receive("35=4|34=3|43=Y|123=Y|36=9");
        us.receive("35=4|34=9|36=20");
        assert_eq!(told(&mut us), None);
        us.session.acknowledge(2);
        us.drain();
        assert_eq!(told(&mut us), Some(20));
    }
}
