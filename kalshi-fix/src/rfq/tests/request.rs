//! What a creator asks.

use super::*;

#[test]
fn a_request_has_exactly_one_size() {
    let request = RequestForQuote::market("M", hundred())
        .rest_remainder(true)
        .replace_existing(true);
    let message = request.message("req-1").unwrap();
    let entry = &message.related_sym[0];
    assert_eq!(
        (entry.order_qty, entry.cash_order_qty),
        (Some(decimal("100")), None)
    );
    assert_eq!(entry.symbol.as_ref().unwrap(), &"M");
    assert_eq!(entry.rest_remainder, Some(fields::RestRemainder::Yes));
    assert_eq!(entry.replace_existing, Some(fields::ReplaceExisting::Yes));
    let by_cost = RequestForQuote::market("M", Size::Cost("25.50".parse().unwrap()))
        .message("req-2")
        .unwrap();
    let entry = &by_cost.related_sym[0];
    assert_eq!(
        (entry.order_qty, entry.cash_order_qty),
        (None, Some(decimal("25.50")))
    );
}

#[test]
fn a_combination_names_legs_and_no_symbol() {
    let request = RequestForQuote::combination("PARLAY", legs(), hundred())
        .account(Account::Customer("subtrader/1".to_owned()));
    let message = request.message("req-1").unwrap();
    assert_eq!(message.related_sym[0].symbol, None);
    assert_eq!(message.multivariate_collection_ticker, Some("PARLAY".into()));
    let sides: Vec<_> = message
        .multivariate_selected_legs
        .iter()
        .flatten()
        .map(|leg| leg.multivariate_selected_side.clone())
        .collect();
    assert_eq!(
        sides,
        [
            fields::MultivariateSelectedSide::YesLeg,
            fields::MultivariateSelectedSide::NoLeg
        ]
    );
    let party = &message.related_sym[0].party_ids.as_ref().unwrap()[0];
    assert_eq!(party.party_id, Some("subtrader/1".into()));
}

#[test]
fn requests_that_the_venue_would_refuse_are_not_made() {
    let check = |request: RequestForQuote, expected: &str| {
        assert_eq!(request.message("req-1").unwrap_err().to_string(), expected);
    };
    check(
        RequestForQuote::market("M", Size::Contracts("0.001".parse().unwrap())),
        "OrderQty (38) is 0.001: expected a multiple of 0.01 contracts above zero",
    );
    check(
        RequestForQuote::market("M", Size::Cost(Money::ZERO)),
        "CashOrderQty (152) is 0: expected dollars above 0",
    );
    check(
        RequestForQuote::combination("C", [], hundred()),
        "NoMultivariateSelectedLegs (20181) is 0: expected 1 to 100 legs",
    );
    check(
        RequestForQuote::market("M", hundred()).account(Account::Subaccount(64)),
        "AllocAccount (79) is 64: expected 0 to 63",
    );
}
