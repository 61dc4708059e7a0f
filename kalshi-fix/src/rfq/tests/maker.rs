//! The maker's side.

use super::*;

#[test]
fn a_quote_from_the_request_to_the_orders() {
    let mut maker = maker();
    let quote = maker
        .quote("rfq-1", "q1", &terms().post_only().subaccount(3))
        .unwrap();
    let expected = Quote {
        bid_px: Some(decimal("45")),
        offer_px: Some(decimal("50")),
        exec_inst: Some(fields::ExecInst::PostOnly.into()),
        alloc_account: Some(3),
        ..Quote::new("q1", "rfq-1", "M")
    };
    assert_eq!(quote, expected);
    let q1 = || "q1".to_owned();
    assert_eq!(
        maker.handle(seconds(0), &report("q1", fields::QuoteStatus::Pending)),
        [MakerEvent::Live { quote_id: q1() }]
    );
    assert_eq!(maker.next_deadline(), None);
    let events = maker.handle(seconds(10), &report("q1", fields::QuoteStatus::Accepted));
    let contract = Some(Contract::No); // Side 2 of this message: our bid for NO.
    let quantity = Some(Quantity::from_whole(80));
    assert_eq!(
        events,
        [MakerEvent::Accepted {
            quote_id: q1(),
            contract,
            quantity,
            confirm_by: seconds(40)
        }]
    );
    assert_eq!(maker.next_deadline(), Some(seconds(40)));
    let confirm = maker.confirm(seconds(39), "q1").unwrap();
    assert_eq!(
        (confirm.quote_id, confirm.rfq_id),
        ("q1".into(), Some("rfq-1".into()))
    );
    // Nobody can withdraw any more, and no other quote is made meanwhile.
    assert!(matches!(maker.cancel("q1"), Err(RfqError::State { .. })));
    assert!(matches!(
        maker.quote("rfq-1", "q2", &terms()),
        Err(RfqError::State { .. })
    ));
    let events = maker.handle(
        seconds(41),
        &confirm_status("q1", fields::QuoteConfirmStatus::Accepted),
    );
    assert_eq!(
        events,
        [MakerEvent::Confirmed {
            quote_id: q1(),
            executes_at: seconds(56)
        }]
    );
    // The request goes away, and the quote goes on.
    let rfq_id = "rfq-1".to_owned();
    let text = "RFQ_CLOSED".to_owned();
    assert_eq!(
        maker.handle(seconds(42), &gone("rfq-1")),
        [MakerEvent::RequestGone { rfq_id, text }]
    );
    assert_eq!(maker.requests().count(), 0);
    assert_eq!(maker.next_deadline(), Some(seconds(56)));
    assert_eq!(
        maker.handle_timeout(seconds(56)),
        [MakerEvent::Executing { quote_id: q1() }]
    );
    assert_eq!((maker.next_deadline(), maker.quotes_of("rfq-1").len()), (None, 0));
}

#[test]
fn what_is_not_confirmed_in_time_is_void() {
    let mut maker = maker();
    maker.set_high_volatility("rfq-1", true);
    maker.quote("rfq-1", "q1", &terms()).unwrap();
    maker.handle(seconds(10), &report("q1", fields::QuoteStatus::Accepted));
    let mut asleep = maker.clone();
    assert_eq!(maker.next_deadline(), Some(seconds(13)));
    assert_eq!(maker.handle_timeout(seconds(12)), []);
    assert_eq!(
        maker.handle_timeout(seconds(13)),
        [MakerEvent::Lapsed {
            quote_id: "q1".to_owned()
        }]
    );
    assert!(matches!(
        maker.confirm(seconds(13), "q1"),
        Err(RfqError::UnknownQuote { .. })
    ));
    let error = asleep.confirm(seconds(13), "q1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot confirm: quote \"q1\" is accepted, expected accepted, in time"
    );
    // A confirmation that nobody answers is in doubt, and not kept for ever.
    asleep.confirm(seconds(12), "q1").unwrap();
    assert_eq!(
        asleep.handle_timeout(seconds(43)),
        [MakerEvent::ConfirmationUnanswered {
            quote_id: "q1".to_owned()
        }]
    );
}

#[test]
fn the_two_answers_to_a_cancellation_are_one_event_in_either_order() {
    let answers = [
        report("q1", fields::QuoteStatus::Cancelled),
        cancel_status("q1", fields::QuoteCancelStatus::Cancelled),
    ];
    for order in [[0, 1], [1, 0]] {
        let mut maker = maker();
        maker.quote("rfq-1", "q1", &terms()).unwrap();
        maker.handle(seconds(0), &report("q1", fields::QuoteStatus::Pending));
        assert_eq!(maker.cancel("q1").unwrap().rfq_id, Some("rfq-1".into()));
        let events: Vec<_> = order
            .iter()
            .flat_map(|at| maker.handle(seconds(0), &answers[*at]))
            .collect();
        assert_eq!(
            events,
            [MakerEvent::Canceled {
                quote_id: "q1".to_owned(),
                was_asked_for: true
            }]
        );
    }
}

#[test]
fn a_cancellation_that_crosses_an_acceptance_is_refused() {
    let mut maker = maker();
    maker.quote("rfq-1", "q1", &terms()).unwrap();
    maker.cancel("q1").unwrap();
    let mut refused = maker.clone();
    assert!(matches!(
        &refused.handle(
            seconds(0),
            &cancel_status("q1", fields::QuoteCancelStatus::Rejected)
        )[..],
        [MakerEvent::CancelRefused { .. }]
    ));
    assert!(matches!(
        &maker.handle(seconds(0), &report("q1", fields::QuoteStatus::Accepted))[..],
        [MakerEvent::Accepted { .. }]
    ));
    assert_eq!(
        maker.handle(
            seconds(0),
            &cancel_status("q1", fields::QuoteCancelStatus::Rejected)
        ),
        []
    );
    assert!(maker.confirm(seconds(1), "q1").is_ok());
}

#[test]
fn one_live_quote_for_a_request() {
    let mut maker = maker();
    maker.quote("rfq-1", "q1", &terms()).unwrap();
    maker.quote("rfq-1", "q2", &terms()).unwrap();
    let replaced: Vec<_> = maker
        .quotes_of("rfq-1")
        .iter()
        .map(|quote| quote.is_replaced)
        .collect();
    assert_eq!(replaced, [true, false]);
    assert!(matches!(
        maker.quote("rfq-1", "q2", &terms()),
        Err(RfqError::QuoteIdUsed { .. })
    ));
    let events = maker.handle(seconds(0), &report("q1", fields::QuoteStatus::Cancelled));
    assert_eq!(
        events,
        [MakerEvent::Canceled {
            quote_id: "q1".to_owned(),
            was_asked_for: false
        }]
    );
    // The creator may accept the one before it hears of the other.
    maker.quote("rfq-1", "q3", &terms()).unwrap();
    assert!(matches!(
        &maker.handle(seconds(0), &report("q2", fields::QuoteStatus::Accepted))[..],
        [MakerEvent::Accepted { .. }]
    ));
    for number in 0..20 {
        let _ = maker.quote("rfq-1", &format!("n{number}"), &terms());
    }
    assert!(maker.quotes_of("rfq-1").len() <= 16);
}

#[test]
fn a_rejected_quote_is_the_first_that_was_not_answered() {
    let mut maker = maker();
    maker.quote("rfq-1", "q1", &terms()).unwrap();
    maker.quote("rfq-1", "q2", &terms()).unwrap();
    maker.handle(seconds(0), &report("q1", fields::QuoteStatus::Pending));
    let rejected = QuoteStatusReport {
        text: Some("invalid_parameters".into()),
        ..QuoteStatusReport::new("", "rfq-1", fields::QuoteStatus::Rejected)
    };
    let events = maker.handle(seconds(0), &Message::QuoteStatusReport(rejected.clone()));
    let text = Some("invalid_parameters".to_owned());
    assert_eq!(
        events,
        [MakerEvent::Rejected {
            quote_id: "q2".to_owned(),
            text
        }]
    );
    assert_eq!(
        maker.handle(seconds(0), &Message::QuoteStatusReport(rejected)),
        []
    );
}

fn rejected() -> Message<'static> {
    Message::QuoteStatusReport(QuoteStatusReport::new("", "rfq-1", fields::QuoteStatus::Rejected))
}

fn is_rejected(events: &[MakerEvent], expected: &str) -> bool {
    matches!(events, [MakerEvent::Rejected { quote_id, .. }] if quote_id == expected)
}

#[test]
fn a_rejected_quote_may_be_one_that_is_being_canceled() {
    let mut maker = maker();
    maker.quote("rfq-1", "q1", &terms()).unwrap();
    maker.cancel("q1").unwrap();
    let mut alone = maker.clone();
    assert!(is_rejected(&alone.handle(seconds(0), &rejected()), "q1"));
    let refused = cancel_status("q1", fields::QuoteCancelStatus::Rejected);
    assert_eq!(alone.handle(seconds(0), &refused), []);
    assert!(alone.quotes_of("rfq-1").is_empty());

    maker.quote("rfq-1", "q2", &terms()).unwrap();
    assert!(is_rejected(&maker.handle(seconds(0), &rejected()), "q1"));
    assert_eq!(maker.handle(seconds(0), &refused), []);
    maker.handle(seconds(0), &report("q2", fields::QuoteStatus::Pending));
    assert!(matches!(
        &maker.handle(seconds(0), &report("q2", fields::QuoteStatus::Accepted))[..],
        [MakerEvent::Accepted { .. }]
    ));

    // One that has its answer is not meant, whether it is being canceled or not.
    let mut maker = self::maker();
    maker.quote("rfq-1", "q1", &terms()).unwrap();
    maker.cancel("q1").unwrap();
    maker.handle(seconds(0), &report("q1", fields::QuoteStatus::Pending));
    maker.quote("rfq-1", "q2", &terms()).unwrap();
    assert!(is_rejected(&maker.handle(seconds(0), &rejected()), "q2"));
}

#[test]
fn a_refused_cancellation_leaves_the_quote_as_it_was() {
    let refused = cancel_status("q1", fields::QuoteCancelStatus::Rejected);
    let mut maker = maker();
    maker.quote("rfq-1", "q1", &terms()).unwrap();
    maker.cancel("q1").unwrap();
    maker.handle(seconds(0), &refused);
    assert_eq!(maker.quotes_of("rfq-1")[0].state, QuoteState::Sent);
    maker.handle(seconds(0), &report("q1", fields::QuoteStatus::Pending));
    maker.cancel("q1").unwrap();
    maker.handle(seconds(0), &refused);
    assert_eq!(maker.quotes_of("rfq-1")[0].state, QuoteState::Live);
    maker.handle(seconds(0), &report("q1", fields::QuoteStatus::Accepted));
    maker.cancel("q1").unwrap();
    maker.handle(seconds(1), &refused);
    assert_eq!(maker.next_deadline(), Some(seconds(30)));
    assert!(maker.confirm(seconds(1), "q1").is_ok());
}

#[test]
fn what_did_not_leave_has_no_answer() {
    let mut maker = maker();
    maker.quote("rfq-1", "q1", &terms()).unwrap();
    maker.quote("rfq-1", "q2", &terms()).unwrap();
    maker.not_sent("q2");
    maker.not_sent("nobody's");
    assert!(!maker.quotes_of("rfq-1")[0].is_replaced);
    maker.quote("rfq-1", "q2", &terms()).unwrap();
    maker.not_sent("q1");
    assert!(is_rejected(&maker.handle(seconds(0), &rejected()), "q2"));

    maker.quote("rfq-1", "q3", &terms()).unwrap();
    let state = |maker: &RfqMaker| maker.quotes_of("rfq-1")[0].state;
    maker.cancel("q3").unwrap();
    maker.not_sent("q3");
    assert_eq!(state(&maker), QuoteState::Sent);
    maker.handle(seconds(0), &report("q3", fields::QuoteStatus::Accepted));
    let accepted = state(&maker);
    maker.confirm(seconds(1), "q3").unwrap();
    maker.not_sent("q3");
    assert_eq!(state(&maker), accepted);
    // The venue's word stands.
    maker.not_sent("q3");
    assert_eq!(state(&maker), accepted);
    assert!(maker.confirm(seconds(2), "q3").is_ok());
}

#[test]
fn an_acceptance_that_names_no_quote_is_of_none() {
    let mut maker = maker();
    maker.quote("rfq-1", "q1", &terms()).unwrap();
    for status in [fields::QuoteStatus::Accepted, fields::QuoteStatus::Pending] {
        assert_eq!(maker.handle(seconds(0), &report("", status)), []);
    }
}

#[test]
fn quotes_that_the_venue_would_reject_are_not_made() {
    let mut maker = maker();
    let mut check = |terms: QuoteTerms, expected: &str| {
        assert_eq!(
            maker.quote("rfq-1", "q1", &terms).unwrap_err().to_string(),
            expected
        );
    };
    check(
        QuoteTerms::both(price("0.55"), price("0.46")),
        "OfferPx (133) is 0.46 along with BidPx (132) 0.55: expected bids for NO and for YES of at most 1 dollar together",
    );
    check(
        QuoteTerms::yes_only(price("0")),
        "BidPx (132) is 0: expected dollars above 0 and below 1",
    );
    check(
        QuoteTerms::no_only(price("0.455")).on_grid(&TickGrid::LINEAR_CENT),
        "OfferPx (133) is 0.455: expected a price on the market's grid, such as 0.4500 or 0.4600",
    );
    // On a session in cents.
    check(
        QuoteTerms::no_only(price("0.455")),
        "OfferPx (133): the price 45.5 cents lies between two cents: expected whole cents",
    );
    check(
        terms().subaccount(64),
        "AllocAccount (79) is 64: expected 0 to 63",
    );
    assert!(matches!(
        maker.quote("rfq-2", "q1", &terms()),
        Err(RfqError::UnknownRfq { .. })
    ));
    // What was refused was not counted.
    assert!(maker.quotes_of("rfq-1").is_empty());
    assert!(
        maker
            .quote("rfq-1", "q1", &QuoteTerms::both(price("0.55"), price("0.45")))
            .is_ok()
    );
}

#[test]
fn requests_are_bounded_and_those_with_quotes_are_kept() {
    let units = PriceUnits::new(Product::Prediction, PriceUnit::Dollars);
    let mut maker = RfqMaker::with_capacity(units, 2);
    maker.handle(seconds(0), &request("a"));
    maker.quote("a", "q1", &terms()).unwrap();
    maker.handle(seconds(0), &request("b"));
    let events = maker.handle(seconds(0), &request("c"));
    assert!(
        matches!(&events[..], [MakerEvent::Forgotten { rfq_id }, MakerEvent::Requested(_)] if rfq_id == "b")
    );
    maker.quote("c", "q2", &terms()).unwrap();
    assert_eq!(
        maker.handle(seconds(0), &request("d")),
        [MakerEvent::Ignored {
            rfq_id: "d".to_owned()
        }]
    );
    let doubtful: Vec<_> = maker
        .disconnected()
        .into_iter()
        .map(|quote| quote.quote_id)
        .collect();
    assert_eq!(doubtful, ["q1", "q2"]);
    assert_eq!(maker.requests().count(), 0);
    // A request that names no market cannot be quoted.
    let nameless = QuoteRequest::new("e", vec![groups::QuoteRequestSymbol::new()]);
    let ignored = maker.handle(seconds(0), &Message::QuoteRequest(nameless));
    assert_eq!(
        ignored,
        [MakerEvent::Ignored {
            rfq_id: "e".to_owned()
        }]
    );
}
