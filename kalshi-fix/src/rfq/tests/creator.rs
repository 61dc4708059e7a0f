//! The creator's side.

use super::*;

fn announced(quote_id: &'static str, maker: &'static str, yes: &str, no: &str) -> Message<'static> {
    let party = groups::Party {
        party_id: Some(maker.into()),
        ..groups::Party::new()
    };
    Message::Quote(Quote {
        bid_px: Some(decimal(yes)),
        offer_px: Some(decimal(no)),
        party_ids: Some(vec![party]),
        ..Quote::new(quote_id, "rfq-1", "M")
    })
}

fn trade(cl_ord_id: &'static str) -> Message<'static> {
    let zero = Decimal::ZERO;
    let (status, side) = (fields::OrdStatus::Filled, fields::Side::Buy);
    let kind = fields::ExecType::Trade;
    Message::ExecutionReport(ExecutionReport::new(
        zero, cl_ord_id, zero, "1;1", "o", zero, status, side, "M", kind, zero,
    ))
}

fn traded(cl_ord_id: &str) -> CreatorEvent {
    CreatorEvent::Traded {
        cl_ord_id: cl_ord_id.to_owned(),
    }
}

fn overdue(quote_id: &str, cl_ord_id: &str) -> CreatorEvent {
    CreatorEvent::TradeOverdue {
        quote_id: quote_id.to_owned(),
        cl_ord_id: cl_ord_id.to_owned(),
    }
}

fn accepted(quote_id: &'static str, accepted: &'static str) -> Message<'static> {
    let status = AcceptQuoteStatus::new(quote_id, fields::AcceptQuoteStatus::Accepted);
    Message::AcceptQuoteStatus(AcceptQuoteStatus {
        accepted_quote_id: Some(accepted.into()),
        ..status
    })
}

#[test]
fn quotes_are_ranked_by_what_they_cost() {
    let mut rfq = open();
    assert_eq!(
        (rfq.state(), rfq.rfq_id(), rfq.symbol()),
        (CreatorState::Open, Some("rfq-1"), Some("M"))
    );
    for (id, maker, yes, no) in [
        ("a", "alice", "0.45", "0.50"),
        ("b", "bob", "0.40", "0.55"),
        ("c", "carol", "0.46", "0"),
        ("d", "dave", "0.45", "0.50"),
    ] {
        rfq.handle(seconds(0), &announced(id, maker, yes, no));
    }
    let ranked = |rfq: &CreatedRfq, buy| {
        rfq.ranked(buy)
            .iter()
            .map(|offer| offer.quote_id.clone())
            .collect::<Vec<_>>()
    };
    // YES costs a dollar less the bid for NO: 45 cents from Bob, 50 from Alice and Dave, and Carol sells none.
    assert_eq!(ranked(&rfq, Contract::Yes), ["b", "a", "d"]);
    assert_eq!(rfq.best(Contract::Yes).unwrap().yes_ask(), Some(price("0.45")));
    assert_eq!(ranked(&rfq, Contract::No), ["c", "a", "d", "b"]);
    assert_eq!(rfq.best(Contract::No).unwrap().no_ask(), Some(price("0.54")));
    // A maker's new quote takes the place of its last.
    let events = rfq.handle(seconds(0), &announced("e", "bob", "0.40", "0.49"));
    assert_eq!(
        events,
        [CreatorEvent::Quoted {
            quote_id: "e".to_owned(),
            replaced: Some("b".to_owned())
        }]
    );
    assert_eq!(ranked(&rfq, Contract::Yes), ["a", "d", "e"]);
}

#[test]
fn to_buy_yes_the_makers_bid_for_no_is_taken() {
    let mut rfq = open();
    rfq.handle(seconds(0), &announced("a", "alice", "0.45", "0.50"));
    // Without an identifier nobody could tell of the trade, and nothing is accepted.
    for identifier in ["", "a\x01b", &"x".repeat(65)] {
        let error = rfq
            .accept("a", Contract::Yes, None, identifier, true)
            .unwrap_err();
        assert!(error.to_string().contains("ClOrdID (11)"), "{error}");
        assert_eq!(rfq.state(), CreatorState::Open);
    }
    let message = rfq.accept("a", Contract::Yes, None, "order-1", true).unwrap();
    assert_eq!(
        (message.side, message.rfq_id, message.cl_ord_id),
        (fields::Side::Buy, Some("rfq-1".into()), Some("order-1".into()))
    );
    assert_eq!(message.prefer_better_quote, Some(fields::PreferBetterQuote::Yes));
    assert_eq!(rfq.state(), CreatorState::Accepting);
    // The venue found a better one.
    let events = rfq.handle(seconds(10), &accepted("a", "z"));
    let (quote_id, accepted_quote_id) = ("a".to_owned(), "z".to_owned());
    assert_eq!(
        events,
        [CreatorEvent::Accepted {
            quote_id,
            accepted_quote_id
        }]
    );
    // 30 seconds to confirm, 15 to execute, and some on the way.
    assert_eq!(rfq.next_deadline(), Some(seconds(57)));
    assert_eq!(rfq.handle_timeout(seconds(56)), []);
    let mut late = rfq.clone();
    assert_eq!(late.handle_timeout(seconds(57)), [overdue("z", "order-1")]);
    assert_eq!(late.next_deadline(), None);
    // It was not this one that was void.
    assert!(late.best(Contract::Yes).is_some());

    assert_eq!(rfq.handle(seconds(20), &trade("other")), []);
    assert_eq!(rfq.handle(seconds(20), &trade("order-1")), [traded("order-1")]);
    assert_eq!((rfq.next_deadline(), rfq.state()), (None, CreatorState::Closed));
    // It may be filled in parts.
    assert_eq!(rfq.handle(seconds(21), &trade("order-1")), [traded("order-1")]);
}

#[test]
fn to_buy_no_the_bid_for_yes_is_taken_in_shorter_windows_on_a_combination() {
    let request = RequestForQuote::combination("PARLAY", legs(), hundred());
    let (mut rfq, _) = CreatedRfq::create(request, "req-1").unwrap();
    let ack = QuoteRequestAck::new("req-1", fields::QuoteRequestType::Manual);
    let ack = QuoteRequestAck {
        rfq_id: Some("rfq-1".into()),
        symbol: Some("PARLAY-1".into()),
        ex_destination: Some(1),
        ..ack
    };
    let events = rfq.handle(seconds(0), &Message::QuoteRequestAck(ack));
    let symbol = Some("PARLAY-1".to_owned());
    assert_eq!(
        events,
        [CreatorEvent::Opened {
            rfq_id: Some("rfq-1".to_owned()),
            symbol,
            exchange_index: Some(1)
        }]
    );
    rfq.handle(seconds(0), &announced("a", "alice", "0.45", "0.50"));
    let message = rfq
        .accept("a", Contract::No, Some(Quantity::from_whole(5)), "order-1", false)
        .unwrap();
    assert_eq!(
        (message.side, message.order_qty),
        (fields::Side::Sell, Some(decimal("5")))
    );
    rfq.handle(seconds(0), &accepted("a", "a"));
    assert_eq!(rfq.next_deadline(), Some(seconds(6)));
}

#[test]
fn an_acceptance_that_is_refused_can_be_tried_again() {
    let mut rfq = open();
    rfq.handle(seconds(0), &announced("a", "alice", "0.45", "0"));
    let error = rfq
        .accept("a", Contract::Yes, None, "order-1", false)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot accept a quote: quote \"a\" is without a bid on that side, expected a bid for the contract that is not bought"
    );
    assert!(matches!(
        rfq.accept("z", Contract::No, None, "order-1", false),
        Err(RfqError::UnknownQuote { .. })
    ));
    rfq.accept("a", Contract::No, None, "order-1", false).unwrap();
    let error = rfq.accept("a", Contract::No, None, "order-1", false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot accept a quote: RFQ \"req-1\" is accepting a quote, expected open"
    );
    let refused = AcceptQuoteStatus::new("a", fields::AcceptQuoteStatus::Rejected);
    let refused = AcceptQuoteStatus {
        text: Some("QUOTE_EXPIRED".into()),
        ..refused
    };
    let events = rfq.handle(seconds(0), &Message::AcceptQuoteStatus(refused));
    let text = Some("QUOTE_EXPIRED".to_owned());
    assert_eq!(
        events,
        [CreatorEvent::AcceptanceRefused {
            quote_id: "a".to_owned(),
            text
        }]
    );
    assert!(rfq.accept("a", Contract::No, None, "order-1", false).is_ok());
}

/// An RFQ with two quotes, the first of which was accepted in vain.
fn lapsed() -> CreatedRfq {
    let mut rfq = open();
    rfq.handle(seconds(0), &announced("a", "alice", "0.45", "0.50"));
    rfq.handle(seconds(0), &announced("b", "bob", "0.45", "0.49"));
    rfq.accept("a", Contract::Yes, None, "order-1", true).unwrap();
    rfq.handle(seconds(10), &accepted("a", "a"));
    assert_eq!(rfq.handle_timeout(seconds(57)), [overdue("a", "order-1")]);
    assert_eq!(rfq.handle_timeout(seconds(58)), []);
    rfq
}

#[test]
fn an_acceptance_that_lapses_leaves_the_rfq_open() {
    let mut rfq = lapsed();
    assert_eq!((rfq.state(), rfq.next_deadline()), (CreatorState::Open, None));
    assert_eq!(
        rfq.best(Contract::Yes).map(|offer| offer.quote_id.as_str()),
        Some("b")
    );
    assert!(rfq.clone().cancel().is_ok());
    rfq.accept("b", Contract::Yes, None, "order-2", false).unwrap();
    rfq.handle(seconds(60), &accepted("b", "b"));
    assert_eq!(rfq.next_deadline(), Some(seconds(107)));
    assert_eq!(rfq.handle(seconds(61), &trade("order-2")), [traded("order-2")]);
    assert_eq!(rfq.state(), CreatorState::Closed);
}

#[test]
fn a_trade_that_is_reported_late_is_told_all_the_same() {
    let mut rfq = lapsed();
    assert_eq!(rfq.handle(seconds(60), &trade("order-1")), [traded("order-1")]);
    assert_eq!(rfq.state(), CreatorState::Closed);

    // Another acceptance, which the venue cannot take any more, is still answered.
    let mut rfq = lapsed();
    rfq.accept("b", Contract::Yes, None, "order-2", false).unwrap();
    assert_eq!(rfq.handle(seconds(60), &trade("order-1")), [traded("order-1")]);
    assert_eq!(rfq.state(), CreatorState::Accepting);
    let refused = AcceptQuoteStatus::new("b", fields::AcceptQuoteStatus::Rejected);
    assert!(matches!(
        &rfq.handle(seconds(60), &Message::AcceptQuoteStatus(refused))[..],
        [CreatorEvent::AcceptanceRefused { .. }]
    ));
    assert_eq!(rfq.state(), CreatorState::Closed);
}

#[test]
fn an_acceptance_that_lapses_on_a_closed_rfq_is_its_end() {
    let mut rfq = open();
    rfq.handle(seconds(0), &announced("a", "alice", "0.45", "0.50"));
    rfq.accept("a", Contract::Yes, None, "order-1", false).unwrap();
    rfq.handle(seconds(0), &accepted("a", "a"));
    rfq.handle(seconds(1), &closed(fields::RFQCancelStatus::Expired));
    assert_eq!(rfq.state(), CreatorState::Accepted);
    assert_eq!(rfq.handle_timeout(seconds(47)), [overdue("a", "order-1")]);
    assert_eq!(rfq.state(), CreatorState::Closed);
}

#[test]
fn an_acceptance_that_did_not_leave_can_be_made_again() {
    let mut rfq = open();
    rfq.acceptance_not_sent();
    rfq.handle(seconds(0), &announced("a", "alice", "0.45", "0.50"));
    rfq.accept("a", Contract::Yes, None, "order-1", false).unwrap();
    rfq.acceptance_not_sent();
    assert_eq!(rfq.state(), CreatorState::Open);
    rfq.accept("a", Contract::Yes, None, "order-1", false).unwrap();
    rfq.handle(seconds(0), &accepted("a", "a"));
    // The venue's word stands.
    rfq.acceptance_not_sent();
    assert_eq!(rfq.state(), CreatorState::Accepted);
}

fn closed(status: fields::RFQCancelStatus) -> Message<'static> {
    Message::RFQCancelStatus(RFQCancelStatus {
        rfq_id: Some("rfq-1".into()),
        ..RFQCancelStatus::new("rfq-1", status)
    })
}

#[test]
fn cancellations_and_what_the_venue_closes() {
    let mut rfq = open();
    let message = rfq.cancel().unwrap();
    assert_eq!(
        (message.rfq_id, message.quote_req_id),
        (Some("rfq-1".into()), None)
    );
    let mut refused = rfq.clone();
    assert_eq!(
        refused.handle(seconds(0), &closed(fields::RFQCancelStatus::Rejected)),
        [CreatorEvent::CancelRefused { text: None }]
    );
    assert_eq!(refused.state(), CreatorState::Open);
    assert_eq!(
        rfq.handle(seconds(0), &closed(fields::RFQCancelStatus::Canceled)),
        [CreatorEvent::Canceled]
    );
    assert_eq!(rfq.state(), CreatorState::Closed);
    assert!(rfq.cancel().is_err());

    // Before the venue has an id for it, it goes by ours.
    let mut unacknowledged = created();
    assert_eq!(
        unacknowledged.cancel().unwrap().quote_req_id,
        Some("req-1".into())
    );
    assert_eq!(
        open().handle(seconds(0), &closed(fields::RFQCancelStatus::Expired)),
        [CreatorEvent::Expired]
    );
}

#[test]
fn an_acceptance_survives_that_the_venue_closes_the_rfq() {
    let mut rfq = open();
    rfq.handle(seconds(0), &announced("a", "alice", "0.45", "0.50"));
    rfq.accept("a", Contract::Yes, None, "order-1", false).unwrap();
    assert_eq!(
        rfq.handle(seconds(0), &closed(fields::RFQCancelStatus::Expired)),
        [CreatorEvent::Expired]
    );
    let mut refused = rfq.clone();
    assert!(matches!(
        &rfq.handle(seconds(0), &accepted("a", "a"))[..],
        [CreatorEvent::Accepted { .. }]
    ));
    assert_eq!(rfq.state(), CreatorState::Accepted);
    let no = AcceptQuoteStatus::new("a", fields::AcceptQuoteStatus::Rejected);
    refused.handle(seconds(0), &Message::AcceptQuoteStatus(no));
    assert_eq!(refused.state(), CreatorState::Closed);
}

#[test]
fn a_refused_request_tells_what_is_wrong_with_its_legs() {
    let mut rfq = created();
    let reject = QuoteRequestReject::new(
        "req-1",
        fields::QuoteRequestRejectReason::OtherReason,
        "invalid combination",
    );
    let reject = QuoteRequestReject {
        mve_validation_reason_code: Some(fields::MVEValidationReasonCode::DuplicatedLegs),
        mve_offending_legs: Some(vec![groups::MVEOffendingLeg::new("M1")]),
        ..reject
    };
    let events = rfq.handle(seconds(0), &Message::QuoteRequestReject(reject));
    let expected = CreatorEvent::Refused {
        reason: fields::QuoteRequestRejectReason::OtherReason,
        text: "invalid combination".to_owned(),
        combination: Some(fields::MVEValidationReasonCode::DuplicatedLegs),
        offending: vec!["M1".to_owned()],
    };
    assert_eq!((events, rfq.state()), (vec![expected], CreatorState::Closed));
}

#[test]
fn quotes_are_bounded_and_the_best_are_kept() {
    let mut rfq = open();
    let mut dropped = 0;
    for number in 0..1_000_u32 {
        let quote = Quote {
            bid_px: Some(Decimal::new(i64::from(number % 50), 2)),
            offer_px: Some(Decimal::new(i64::from(number * 7 % 50), 2)),
            ..Quote::new(format!("q{number}"), "rfq-1", "M")
        };
        let events = rfq.handle(seconds(0), &Message::Quote(quote));
        dropped += events
            .iter()
            .filter(|event| matches!(event, CreatorEvent::QuoteDropped { .. }))
            .count();
    }
    assert_eq!(dropped, 1_000 - 256);
    assert_eq!(rfq.best(Contract::No).unwrap().yes_bid, Some(price("0.49")));
    assert_eq!(rfq.best(Contract::Yes).unwrap().no_bid, Some(price("0.49")));
}
