//! Store operations: what is kept, and that nothing leaves before it.

use super::bench::Order;
use super::*;
use crate::session::{
    Acceptance, Journal, JournalGate, Logon, Refusal, ResetRule, Role, Sequences, StoreOperation,
};

fn shown(operations: &[StoreOperation]) -> Vec<String> {
    let show = |operation: &StoreOperation| match operation {
        StoreOperation::Append { sequence, .. } => format!("append {sequence}"),
        StoreOperation::SetNextOutgoing { next, .. } => format!("outgoing {next}"),
        StoreOperation::SetNextIncoming { next, .. } => format!("incoming {next}"),
        StoreOperation::Read { begin, end, .. } => format!("read {begin}-{end}"),
        StoreOperation::Reset { .. } => "reset".to_owned(),
    };
    operations.iter().map(show).collect()
}

fn keep(mut settings: crate::session::SessionSettings) -> crate::session::SessionSettings {
    settings.journal = Journal::Keep(JournalGate::Stored);
    settings
}

#[test]
fn without_a_journal_nothing_is_asked_for() {
    let mut us = Bench::initiator();
    us.session.send(us.now(), &Order("a")).unwrap();
    us.receive("35=U1|34=2");
    assert_eq!(shown(&us.operations), [""; 0]);
}

/// The store hears of a reset when the peer has agreed to it, and not before.
#[test]
fn an_initiators_reset_waits_for_the_answer() {
    let mut us = Bench::new(keep(Bench::client_settings()), Role::Initiator(Bench::logon()));
    us.connect();
    us.expect_sent(["35=A|34=1|98=0|108=30|141=Y|1137=9"]);
    assert_eq!(shown(&us.operations), [""; 0]);
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    assert_eq!(shown(&us.operations), ["reset", "outgoing 2", "incoming 2"]);
}

#[test]
fn a_refused_logon_leaves_no_trace() {
    let mut us = Bench::new(keep(Bench::client_settings()), Role::Initiator(Bench::logon()));
    us.connect();
    us.receive("35=5|34=1|58=already exists");
    assert_eq!(shown(&us.operations), [""; 0]);
    let mut us = Bench::new(keep(Bench::client_settings()), Role::Initiator(Bench::logon()));
    us.connect();
    us.receive("35=A|34=3|98=0|108=30|141=Y|1137=9");
    us.end_of_stream();
    assert_eq!(shown(&us.operations), [""; 0]);
}

/// `141=Y` is applied after authentication: an acceptor's store is untouched until then.
#[test]
fn an_acceptors_store_is_untouched_before_the_decision() {
    let mut us = Bench::listening_with(keep(Bench::venue_settings()));
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    assert_eq!(shown(&us.operations), [""; 0]);
    us.accept();
    assert_eq!(shown(&us.operations), ["reset", "outgoing 2", "incoming 2"]);
    let mut us = Bench::listening_with(keep(Bench::venue_settings()));
    us.receive("35=A|34=1|98=0|108=30|141=Y|1137=9");
    us.session
        .refuse_logon(us.now(), Refusal::Logout("unknown".to_owned()))
        .unwrap();
    us.drain();
    us.expect_sent(["35=5|34=1|58=unknown"]);
    assert_eq!(shown(&us.operations), [""; 0]);
}

#[test]
fn resumed_numbers_are_kept_from_the_first_message_on() {
    let mut settings = keep(Bench::client_settings());
    settings.reset = ResetRule::Optional;
    settings.sequences = Sequences {
        next_outgoing: 7,
        next_incoming: 9,
    };
    let mut us = Bench::new(settings, Role::Initiator(Logon::new(30)));
    us.automatic = false;
    us.connect();
    // The logon's own number is with the store before the logon is with the transport.
    assert_eq!(us.session.poll_transmit(), None);
    let operation = us.session.poll_store().unwrap();
    assert_eq!(shown(std::slice::from_ref(&operation)), ["outgoing 8"]);
    assert_eq!(us.session.poll_transmit(), None);
    us.session.handle_stored(operation.ticket());
    assert!(us.session.poll_transmit().is_some());
    us.receive("35=A|34=9|98=0|108=30");
    let operation = us.session.poll_store().unwrap();
    assert_eq!(shown(&[operation]), ["incoming 10"]);
}

#[test]
fn a_message_is_with_the_journal_before_it_is_with_the_transport() {
    for gate in [JournalGate::HandedOut, JournalGate::Stored] {
        let mut settings = Bench::client_settings();
        settings.journal = Journal::Keep(gate);
        let mut us = Bench::initiator_with(settings);
        us.automatic = false;
        us.session.send(us.now(), &Order("a")).unwrap();
        us.session.send(us.now(), &Order("b")).unwrap();
        assert_eq!(us.session.poll_transmit(), None);
        let Some(StoreOperation::Append {
            ticket,
            sequence: 2,
            frame,
        }) = us.session.poll_store()
        else {
            panic!("no journal entry")
        };
        if gate == JournalGate::Stored {
            assert_eq!(us.session.poll_transmit(), None);
            us.session.handle_stored(ticket);
        }
        let transmit = us.session.poll_transmit().unwrap();
        assert_eq!((transmit.bytes, transmit.through), (frame, 2));
        assert_eq!(us.session.poll_transmit(), None);
    }
}

/// A refused message reaches neither the journal nor the transport.
#[test]
fn a_refused_message_is_not_journalled() {
    let mut us = Bench::initiator_with(keep(Bench::client_settings()));
    us.session.send(us.now(), &Order("")).unwrap_err();
    us.drain();
    assert_eq!(shown(&us.operations), [""; 0]);
}

#[test]
fn inbound_numbers_are_told_once_a_batch() {
    let mut us = Bench::acceptor_with(keep(Bench::venue_settings()));
    let bytes: Vec<u8> = (2..50)
        .flat_map(|number| us.frame(&format!("35=U1|34={number}")))
        .collect();
    us.receive_bytes(&bytes);
    assert_eq!(shown(&us.operations), ["incoming 50"]);
}

#[test]
fn acceptance_of_stored_numbers() {
    let mut settings = keep(Bench::venue_settings());
    settings.reset = ResetRule::Optional;
    let mut us = Bench::listening_with(settings);
    us.automatic = false;
    us.receive("35=A|34=10|98=0|108=30|1137=9");
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
    let operations: Vec<_> = std::iter::from_fn(|| us.session.poll_store()).collect();
    assert_eq!(shown(&operations), ["outgoing 21", "incoming 11"]);
}
