//! Requests for quote.

use super::super::*;
use super::{SYMBOL, cents, check, contracts, side_of};

/// The request of a line: `alice rfq q1 10`, `bob quote x1 rfq1 45 50`, `alice accept x1 buy`.
pub(super) fn request(verb: &str, words: &[&str]) -> RfqRequest {
    let has = |flag| words.contains(&flag);
    let number = words
        .iter()
        .find_map(|word| word.strip_prefix("rfq")?.parse().ok());
    let rfq = number.map(|number| RfqId(number).to_string().into());
    let id = words[0].into();
    match verb {
        "rfq" => {
            let combo = has("combo").then(|| Combo {
                collection: "C".into(),
                legs: words
                    .iter()
                    .filter_map(|word| word.split_once(':'))
                    .map(|(market, side)| Leg {
                        event: "E".into(),
                        market: market.into(),
                        side: side.into(),
                    })
                    .collect(),
            });
            let size = match words[1].strip_prefix('$') {
                Some(dollars) => RfqSize::Cash(Money::from_dollars(dollars.parse().expect("dollars"))),
                None => RfqSize::Contracts(contracts(words[1])),
            };
            RfqRequest::Create(NewRfq {
                client_id: id,
                market: combo.map_or_else(|| Ok(SYMBOL.into()), Err),
                size,
                rest_remainder: has("rest"),
                replace_existing: has("replace"),
                subaccount: None,
                party: None,
            })
        }
        "unrfq" => RfqRequest::Cancel {
            client_id: number.is_none().then_some(id),
            rfq,
        },
        "quote" => {
            let price = |word: &str| (word != "-").then(|| cents(word));
            RfqRequest::Quote(NewQuote {
                id,
                rfq: rfq.expect("an RFQ"),
                symbol: SYMBOL.into(),
                bid: price(words[2]),
                offer: price(words[3]),
                post_only: has("post"),
                partial: has("partial"),
                subaccount: None,
            })
        }
        "unquote" => RfqRequest::CancelQuote { quote: id, rfq },
        "accept" => RfqRequest::Accept(Acceptance {
            quote: id,
            rfq,
            side: side_of(words[1]),
            quantity: words
                .get(2)
                .filter(|word| word.parse::<f64>().is_ok())
                .map(|word| contracts(word)),
            cl_ord_id: has("order").then(|| "order".into()),
            prefer_better: has("better"),
        }),
        _ => RfqRequest::Confirm { quote: id, rfq },
    }
}

pub(super) fn show(report: &RfqReport) -> String {
    let fault = |fault: &Option<RfqFault>| fault.map_or("done", RfqFault::text);
    match report {
        RfqReport::Created {
            client_id,
            rfq,
            resolved,
            exchange_index,
            ..
        } => {
            let resolved = resolved.as_deref().unwrap_or("as asked");
            format!("{client_id} is rfq {}, {resolved} on {exchange_index}", rfq.0)
        }
        RfqReport::Refused {
            client_id,
            fault,
            combo,
            ..
        } => {
            let combo = combo
                .as_ref()
                .map(|combo| format!(" {} {:?}", combo.code.text(), combo.legs));
            format!(
                "{client_id} refused {} {}{}",
                fault.code(),
                fault.text(),
                combo.unwrap_or_default()
            )
        }
        RfqReport::Announced(announcement) => {
            let makers: Vec<u32> = announcement.makers.iter().map(|session| session.0).collect();
            let size = match announcement.size {
                RfqSize::Contracts(contracts) => contracts.to_string(),
                RfqSize::Cash(cash) => format!("${cash}"),
            };
            format!("{makers:?} hear of rfq {}: {size}", announcement.rfq.0)
        }
        RfqReport::Gone { makers, rfq } => {
            let makers: Vec<u32> = makers.iter().map(|session| session.0).collect();
            format!("{makers:?} lose rfq {}", rfq.0)
        }
        RfqReport::Closed { id, closing, .. } => match closing {
            RfqClosing::Rejected(fault) => format!("{id} not closed {}", fault.text()),
            closing => format!("{id} {closing:?}"),
        },
        RfqReport::Quote(quote) => {
            format!("maker {}: {} {:?}", quote.maker.owner.0, quote.quote, quote.state)
        }
        RfqReport::Quoted(quote) => format!(
            "creator {}: {} buys {} YES, {} NO",
            quote.creator.owner.0, quote.quote, quote.bid_size, quote.offer_size
        ),
        RfqReport::QuoteRefused { fault, .. } => format!("quote refused {}", fault.text()),
        RfqReport::QuoteCancelled {
            quote, fault: why, ..
        } => format!("{quote} cancel {}", fault(why)),
        RfqReport::Confirmed {
            quote, fault: why, ..
        } => format!("{quote} confirm {}", fault(why)),
        RfqReport::Accepted { quote, accepted, .. } => match accepted {
            Ok(accepted) => format!("{quote} accepted as {accepted}"),
            Err(fault) => format!("{quote} not accepted {}", fault.text()),
        },
    }
}

#[test]
fn a_quote_is_accepted_confirmed_and_executed() {
    check(
        "> bob makes
         > carol makes
         > alice rfq q1 10
         q1 is rfq 1, as asked on 0
         [2, 3] hear of rfq 1: 10.00
         > bob quote x1 rfq1 45 50
         maker 2: x1 Pending
         creator 1: x1 buys 10.00 YES, 10.00 NO
         > carol quote y1 rfq1 44 -
         maker 3: y1 Pending
         creator 1: y1 buys 10.00 YES, 0.00 NO
         > bob confirm x1
         x1 confirm QUOTE_NOT_ACCEPTED
         > alice accept x1 buy order
         x1 accepted as x1
         maker 2: x1 Accepted(Offer, Quantity(1000))
         > alice accept y1 sell
         y1 not accepted QUOTE_ALREADY_ACCEPTED
         > wait 29999
         > bob confirm x1 rfq1
         x1 confirm done
         > bob confirm x1
         x1 confirm QUOTE_ALREADY_CONFIRMED
         > bob unquote x1
         x1 cancel QUOTE_ALREADY_CONFIRMED
         > alice unrfq q1
         q1 not closed QUOTE_ALREADY_CONFIRMED
         > wait 14999
         > wait 1
         maker 3: y1 Cancelled
         [2, 3] lose rfq 1
         x1 new
         order new (trades)
         order takes 10.00@0.5000 open 0.00 paid -5.0000 holds 10.00
         x1 makes 10.00@0.5000 open 0.00 paid -5.0000 holds -10.00",
    );
}

#[test]
fn an_accepted_quote_that_nobody_confirms_is_void() {
    check(
        "> bob makes
         > alice rfq q1 10
         q1 is rfq 1, as asked on 0
         [2] hear of rfq 1: 10.00
         > bob quote x1 rfq1 45 50
         maker 2: x1 Pending
         creator 1: x1 buys 10.00 YES, 10.00 NO
         > alice accept x1 sell
         x1 accepted as x1
         maker 2: x1 Accepted(Bid, Quantity(1000))
         > wait 30000
         maker 2: x1 Cancelled
         > bob confirm x1
         x1 confirm QUOTE_NOT_FOUND
         > alice accept x1 sell
         x1 not accepted QUOTE_NOT_FOUND
         > bob quote x1 rfq1 46 50
         maker 2: x1 Pending
         creator 1: x1 buys 10.00 YES, 10.00 NO
         > alice accept x1 sell
         x1 accepted as x1
         maker 2: x1 Accepted(Bid, Quantity(1000))
         > bob unquote x1 rfq2
         x1 cancel QUOTE_NOT_FOUND
         > bob unquote x1
         maker 2: x1 Cancelled
         x1 cancel done
         > alice unrfq rfq1
         00000009-0000-8000-8000-000000000001 Cancelled
         [2] lose rfq 1",
    );
}

#[test]
fn markets_of_high_volatility_are_faster() {
    check(
        "> volatile
         > alice rfq q1 1
         q1 is rfq 1, as asked on 0
         [] hear of rfq 1: 1.00
         > bob quote x1 rfq1 45 -
         maker 2: x1 Pending
         creator 1: x1 buys 1.00 YES, 0.00 NO
         > alice accept x1 sell order
         x1 accepted as x1
         maker 2: x1 Accepted(Bid, Quantity(100))
         > wait 2999
         > bob confirm x1
         x1 confirm done
         > wait 1000
         [] lose rfq 1
         x1 new
         order new (trades)
         order takes 1.00@0.4500 open 0.00 paid -0.5500 holds -1.00
         x1 makes 1.00@0.4500 open 0.00 paid -0.4500 holds 1.00
         > alice rfq q2 1
         q2 is rfq 2, as asked on 0
         [] hear of rfq 2: 1.00
         > bob quote x2 rfq2 45 -
         maker 2: x2 Pending
         creator 1: x2 buys 1.00 YES, 0.00 NO
         > alice accept x2 sell
         x2 accepted as x2
         maker 2: x2 Accepted(Bid, Quantity(100))
         > wait 3000
         maker 2: x2 Cancelled",
    );
}

#[test]
fn rfqs_are_refused_replaced_and_expire() {
    check(
        "> bob makes
         > alice rfq q1 10
         q1 is rfq 1, as asked on 0
         [2] hear of rfq 1: 10.00
         > alice rfq q2 10
         q2 refused 99 RFQ already exists
         > alice rfq q2 10 replace
         q2 is rfq 2, as asked on 0
         [2] hear of rfq 2: 10.00
         > bob quote x1 rfq1 45 50
         maker 2: x1 Pending
         creator 1: x1 buys 10.00 YES, 10.00 NO
         > alice rfq q3 10 replace
         maker 2: x1 Cancelled
         [2] lose rfq 1
         q1 Expired
         q3 is rfq 3, as asked on 0
         [2] hear of rfq 3: 10.00
         > alice rfq q4 0
         q4 refused 99 invalid_parameters
         > carol rfq q4 1.5
         q4 is rfq 4, as asked on 0
         [2] hear of rfq 4: 1.50
         > carol rfq q5 1000000001
         q5 refused 3 RFQ_LIMIT_EXCEEDED
         > carol rfq q5 $1001
         q5 refused 11 INSUFFICIENT_BALANCE
         > alice unrfq q9
         q9 not closed RFQ_CLOSED
         > later 1
         [2] lose rfq 2
         q2 Expired
         [2] lose rfq 3
         q3 Expired
         [2] lose rfq 4
         q4 Expired
         > exchange trading-paused
         > alice rfq q6 1
         q6 refused 99 TRADING_PAUSED
         > exchange paused
         > alice rfq q6 1
         q6 refused 99 EXCHANGE_PAUSED
         > exchange open
         > alice rfq q6 1
         q6 is rfq 5, as asked on 0
         [2] hear of rfq 5: 1.00
         > market closed
         [2] lose rfq 5
         q6 Expired
         > alice rfq q7 1
         q7 refused 99 MARKET_INACTIVE
         > market determined
         > alice rfq q7 1
         q7 refused 99 MARKET_ALREADY_CLOSED",
    );
}

#[test]
fn quotes_are_refused_and_replaced() {
    check(
        "> alice rfq q1 10
         q1 is rfq 1, as asked on 0
         [] hear of rfq 1: 10.00
         > bob quote x1 rfq2 45 50
         quote refused RFQ_CLOSED
         > alice quote x1 rfq1 45 50
         quote refused OWN_RFQ
         > bob quote x1 rfq1 50 51
         quote refused invalid_parameters
         > bob quote x1 rfq1 - -
         quote refused invalid_parameters
         > bob quote x1 rfq1 45.5 50
         quote refused invalid_parameters
         > bob quote x1 rfq1 50 50
         maker 2: x1 Pending
         creator 1: x1 buys 10.00 YES, 10.00 NO
         > carol quote x1 rfq1 50 50
         quote refused QUOTE_ALREADY_EXISTS
         > bob quote x2 rfq1 49 50
         maker 2: x1 Cancelled
         maker 2: x2 Pending
         creator 1: x2 buys 10.00 YES, 10.00 NO
         > alice accept x2 buy 5
         x2 not accepted invalid_parameters
         > alice accept x2 buy 11
         x2 not accepted invalid_parameters
         > carol accept x2 buy
         x2 not accepted QUOTE_NOT_FOUND
         > alice accept x2 buy
         x2 accepted as x2
         maker 2: x2 Accepted(Offer, Quantity(1000))
         > bob quote x3 rfq1 49 50
         quote refused QUOTE_ALREADY_ACCEPTED",
    );
}

#[test]
fn a_part_is_accepted_and_the_rest_rests() {
    check(
        "> alice rfq q1 10 rest
         q1 is rfq 1, as asked on 0
         [] hear of rfq 1: 10.00
         > bob quote x1 rfq1 45 50 partial
         maker 2: x1 Pending
         creator 1: x1 buys 10.00 YES, 10.00 NO
         > alice accept x1 sell 4 order
         x1 accepted as x1
         maker 2: x1 Accepted(Bid, Quantity(400))
         > bob confirm x1
         x1 confirm done
         > wait 15000
         [] lose rfq 1
         x1 new
         order new (trades)
         order takes 4.00@0.4500 open 0.00 paid -2.2000 holds -4.00
         x1 makes 4.00@0.4500 open 6.00 paid -1.8000 holds 4.00
         > bob cancel c x1 buy
         c canceled Requested filled 4.00",
    );
}

#[test]
fn the_book_takes_part_and_what_is_left_does_not_rest() {
    check(
        "> carol buy c1 3 46
         c1 new
         > alice rfq q1 10
         q1 is rfq 1, as asked on 0
         [] hear of rfq 1: 10.00
         > bob quote x1 rfq1 45 -
         maker 2: x1 Pending
         creator 1: x1 buys 10.00 YES, 0.00 NO
         > alice accept x1 sell order
         x1 accepted as x1
         maker 2: x1 Accepted(Bid, Quantity(1000))
         > bob confirm x1
         x1 confirm done
         > wait 15000
         [] lose rfq 1
         x1 new
         order new (trades)
         order takes 3.00@0.4600 open 7.00 paid -1.6200 holds -3.00
         c1 makes 3.00@0.4600 open 0.00 paid -1.3800 holds 3.00
         order takes 7.00@0.4500 open 0.00 paid -3.8500 holds -10.00
         x1 makes 7.00@0.4500 open 3.00 paid -3.1500 holds 7.00
         x1 canceled ImmediateOrCancelled filled 7.00",
    );
}

#[test]
fn a_better_quote_is_taken_where_that_is_preferred() {
    check(
        "> alice rfq q1 $10
         q1 is rfq 1, as asked on 0
         [] hear of rfq 1: $10.0000
         > bob quote x1 rfq1 45 50
         maker 2: x1 Pending
         creator 1: x1 buys 18.18 YES, 20.00 NO
         > carol quote y1 rfq1 44 51
         maker 3: y1 Pending
         creator 1: y1 buys 17.85 YES, 20.40 NO
         > alice accept x1 buy better
         x1 accepted as y1
         maker 3: y1 Accepted(Offer, Quantity(2040))",
    );
}

#[test]
fn an_order_can_accept_a_quote() {
    check(
        "> alice buy a1 10 50 quote
         a1 rejected 8 EXPIRED
         > alice rfq q1 10
         q1 is rfq 1, as asked on 0
         [] hear of rfq 1: 10.00
         > bob quote x1 rfq1 45 50
         maker 2: x1 Pending
         creator 1: x1 buys 10.00 YES, 10.00 NO
         > alice buy a1 10 50 quote rfq9
         a1 rejected 8 EXPIRED
         > alice buy a1 10 49 quote
         a1 rejected 11 INVALID_ORDER
         > alice buy a1 9 50 quote
         a1 rejected 13 INVALID_ORDER
         > alice buy a1 10 50 quote
         maker 2: x1 Accepted(Offer, Quantity(1000))
         > wait 30000
         maker 2: x1 Cancelled
         a1 rejected 8 EXPIRED
         > bob quote x1 rfq1 45 50
         maker 2: x1 Pending
         creator 1: x1 buys 10.00 YES, 10.00 NO
         > alice buy a2 10 50 quote
         maker 2: x1 Accepted(Offer, Quantity(1000))
         > bob confirm x1
         x1 confirm done
         > wait 15000
         [] lose rfq 1
         x1 new
         a2 new (trades)
         a2 takes 10.00@0.5000 open 0.00 paid -5.0000 holds 10.00
         x1 makes 10.00@0.5000 open 0.00 paid -5.0000 holds -10.00",
    );
}

#[test]
fn who_cannot_pay_cannot_accept_or_confirm() {
    check(
        "> alice rfq q1 300
         q1 is rfq 1, as asked on 0
         [] hear of rfq 1: 300.00
         > bob quote x1 rfq1 45 50
         maker 2: x1 Pending
         creator 1: x1 buys 300.00 YES, 300.00 NO
         > alice accept x1 buy
         x1 not accepted INSUFFICIENT_BALANCE
         > bob rfq q2 150
         q2 is rfq 2, as asked on 0
         [] hear of rfq 2: 150.00
         > alice quote y1 rfq2 75 -
         maker 1: y1 Pending
         creator 2: y1 buys 150.00 YES, 0.00 NO
         > bob accept y1 sell
         y1 accepted as y1
         maker 1: y1 Accepted(Bid, Quantity(15000))
         > alice confirm y1
         y1 confirm INSUFFICIENT_BALANCE",
    );
}

#[test]
fn combinations_are_markets_of_their_own() {
    let mut scene = super::Scene::new(Product::Prediction);
    scene.exchange.list(Market::prediction("N"));
    scene.exchange.list_collection("C");
    scene
        .exchange
        .deposit_on(OwnerId(2), 1, 0, Money::from_dollars(10));
    let mut check = |line: &str, expected: &[&str]| assert_eq!(scene.run(line), expected, "{line}");
    check(
        "alice rfq q1 1 combo M:yes N:no",
        &["q1 refused 11 INSUFFICIENT_BALANCE"],
    );
    check(
        "bob rfq q1 1 combo M:yes N:no",
        &["q1 is rfq 1, C-C1 on 1", "[] hear of rfq 1: 1.00"],
    );
    check(
        "bob rfq q2 1 combo N:no M:yes",
        &["q2 refused 99 RFQ already exists"],
    );
    check(
        "bob rfq q2 1 combo N:yes M:yes",
        &["q2 is rfq 2, C-C2 on 1", "[] hear of rfq 2: 1.00"],
    );
    for (legs, expected) in [
        ("M:yes", "invalid_market_combination []"),
        ("M:yes X:no", "invalid_market_combination [\"X\"]"),
        ("M:yes N:maybe", "invalid_market_combination [\"N\"]"),
        ("M:yes N:no N:no", "duplicated_legs [\"N\"]"),
        ("M:yes N:no M:no", "conflicting_leg_outcomes [\"M\"]"),
    ] {
        let refused = format!("q3 refused 99 INVALID_COMBINATION {expected}");
        check(&format!("bob rfq q3 1 combo {legs}"), &[&refused]);
    }
}
