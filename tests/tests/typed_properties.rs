//! Arbitrary typed messages: `decode(encode(m)) == m`, with the scale of every decimal and the digits of every time.
//!
//! Equality of decimals and of times leaves those out, so the bytes of a second encoding are compared as well.

use fix_dialect::{
    Date, Decimal, Decoder, EncodeError, Encoder, Enumeration, Framer, Framing, Message as _, Precision,
    SessionHeader, Text, TimeOfDay, Timestamp, Unknown, Unlisted,
};
use kalshi_fix::prediction::{self, Message, Prediction, fields, groups};
use kalshi_fix_tests::fixtures::{SOH, readable};
use proptest::{collection::vec, option, prelude::*, sample::select};

fn header() -> SessionHeader {
    SessionHeader::new("FIXT.1.1", "86f51285-5d5f-4da3-80d6-f43d0b7985df", "KalshiNR").expect("a header")
}

fn now() -> Timestamp {
    Timestamp::parse(b"20260821-14:30:00.125").expect("a timestamp")
}

/// A message, encoded and decoded, is the same.
fn check(message: &Message<'static>) {
    let mut encoder = Encoder::new();
    let frame = encoder
        .encode(&header(), 7, now(), message)
        .expect("a message that can be sent")
        .to_vec();
    assert_eq!(
        Framer::default().next(&frame),
        Framing::Frame(frame.len()),
        "{}",
        readable(&frame)
    );
    let mut decoder = Decoder::<Prediction>::new();
    let decoded = decoder.decode(&frame).expect("our own frame");
    assert_eq!(decoded.violations(), [], "{}", readable(&frame));
    let received = decoded
        .message()
        .expect("a complete message")
        .clone()
        .into_owned();
    assert_eq!(&received, message, "{}", readable(&frame));
    assert_eq!(format!("{received:?}"), format!("{message:?}"));
    let again = encoder
        .encode(&header(), 7, now(), &received)
        .expect("what was received can be sent");
    assert_eq!(readable(again), readable(&frame));
}

fn text() -> impl Strategy<Value = Text<'static>> {
    let byte =
        prop_oneof![4 => b' '..=b'~', 1 => any::<u8>()].prop_filter("no delimiter", |byte| *byte != SOH);
    vec(byte, 1..40).prop_map(Text::from)
}

fn decimal() -> impl Strategy<Value = Decimal> {
    let mantissa = prop_oneof![3 => -10_000_i128..10_000, 1 => -((1 << 96) - 1)..(1_i128 << 96)];
    (mantissa, 0_u32..=28).prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale))
}

fn date() -> impl Strategy<Value = Date> {
    (0_u16..=9999, 1_u8..=12, 1_u8..=31)
        .prop_filter_map("a day", |(year, month, day)| Date::new(year, month, day))
}

fn time() -> impl Strategy<Value = TimeOfDay> {
    let precision = (0_u8..=9).prop_map(|digits| Precision::digits(digits).expect("zero to nine"));
    let time = (0_u8..24, 0_u8..60, 0_u8..60, 0_u32..1_000_000_000, precision);
    let leap = prop::bool::weighted(0.05);
    (time, leap).prop_map(|((hour, minute, second, nanos, precision), leap)| {
        let (hour, minute, second) = if leap {
            (23, 59, 60)
        } else {
            (hour, minute, second)
        };
        TimeOfDay::new(hour, minute, second, nanos, precision).expect("a time")
    })
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    (date(), time()).prop_map(|(date, time)| Timestamp::new(date, time))
}

/// A listed value, or one that the dictionary does not list.
fn listed_or<E>(
    listed: &'static [E],
    wire: impl Strategy<Value = E::Wire> + 'static,
    other: fn(Unlisted<E>) -> E,
) -> BoxedStrategy<E>
where
    E: Enumeration + 'static,
{
    let unlisted = wire.prop_filter_map("not listed", Unlisted::new).prop_map(other);
    prop_oneof![4 => select(listed), 1 => unlisted].boxed()
}

/// One byte that a CHAR can be.
fn character() -> impl Strategy<Value = u8> {
    any::<u8>().prop_filter("no delimiter", |byte| *byte != SOH)
}

/// Fields that no dictionary has.
fn unknown() -> impl Strategy<Value = Unknown<'static>> {
    vec((30_000_u32..40_000, text()), 0..3).prop_map(|fields| {
        let mut unknown = Unknown::new();
        for (tag, value) in fields {
            unknown
                .push(tag, value.as_bytes())
                .expect("a field that can be sent");
        }
        unknown
    })
}

fn side() -> BoxedStrategy<fields::Side> {
    listed_or(fields::Side::LISTED, character(), fields::Side::Unlisted)
}

fn parties() -> impl Strategy<Value = Vec<groups::Party<'static>>> {
    let role = listed_or(
        fields::PartyRole::LISTED,
        any::<i64>(),
        fields::PartyRole::Unlisted,
    );
    let party = (text(), option::of(role), unknown()).prop_map(|(id, party_role, unknown)| groups::Party {
        party_id: Some(id),
        party_role,
        unknown,
    });
    vec(party, 0..3)
}

fn fees() -> impl Strategy<Value = Vec<groups::MiscFee<'static>>> {
    let kind = listed_or(
        fields::MiscFeeType::LISTED,
        character(),
        fields::MiscFeeType::Unlisted,
    );
    let basis = listed_or(
        fields::MiscFeeBasis::LISTED,
        any::<i64>(),
        fields::MiscFeeBasis::Unlisted,
    );
    let fee =
        (decimal(), text(), kind, basis, unknown()).prop_map(|(amount, currency, kind, basis, unknown)| {
            groups::MiscFee {
                unknown,
                ..groups::MiscFee::new(amount, currency, kind, basis)
            }
        });
    vec(fee, 0..3)
}

fn collateral() -> impl Strategy<Value = Vec<groups::CollateralAmountChange<'static>>> {
    let kind = listed_or(
        fields::CollateralAmountType::LISTED,
        text().prop_map(|text| text.as_bytes().into()),
        fields::CollateralAmountType::Unlisted,
    );
    let change =
        (decimal(), kind, unknown()).prop_map(|(amount, kind, unknown)| groups::CollateralAmountChange {
            unknown,
            ..groups::CollateralAmountChange::new(amount, kind)
        });
    vec(change, 0..3)
}

fn order() -> impl Strategy<Value = Message<'static>> {
    let required = (text(), decimal(), decimal(), side(), text());
    let exec_inst = listed_or(
        fields::ExecInst::LISTED,
        text().prop_filter_map("one word", |text| {
            let word = text.as_bytes();
            (!word.contains(&b' ')).then(|| word.into())
        }),
        fields::ExecInst::Unlisted,
    );
    let time_in_force = listed_or(
        fields::TimeInForce::LISTED,
        character(),
        fields::TimeInForce::Unlisted,
    );
    let optional = (
        option::of(vec(exec_inst, 1..3)),
        option::of(any::<i64>()),
        option::of(time_in_force),
        option::of(timestamp()),
        option::of(parties()),
        option::of(any::<bool>()),
        option::of(decimal()),
        unknown(),
    );
    (required, optional).prop_map(|((id, quantity, price, side, symbol), optional)| {
        let (exec_inst, ex_destination, time_in_force, expire_time, party_ids, pause, cost, unknown) =
            optional;
        Message::NewOrderSingle(prediction::NewOrderSingle {
            exec_inst: exec_inst.map(|values| values.into_iter().collect()),
            ex_destination,
            time_in_force,
            expire_time,
            party_ids,
            cancel_order_on_pause: pause,
            max_execution_cost: cost,
            unknown,
            ..prediction::NewOrderSingle::new(id, quantity, fields::OrdType::Limit, price, side, symbol)
        })
    })
}

fn report() -> impl Strategy<Value = Message<'static>> {
    let exec_type = listed_or(fields::ExecType::LISTED, character(), fields::ExecType::Unlisted);
    let status = listed_or(
        fields::OrdStatus::LISTED,
        character(),
        fields::OrdStatus::Unlisted,
    );
    let texts = (text(), text(), text(), text());
    let decimals = (decimal(), decimal(), decimal(), decimal());
    let optional = (
        option::of(decimal()),
        option::of(text()),
        option::of(timestamp()),
        option::of(fees()),
        option::of(any::<bool>()),
        option::of(collateral()),
        option::of(decimal()),
        unknown(),
    );
    (texts, decimals, (exec_type, status, side()), optional).prop_map(|(texts, decimals, codes, optional)| {
        let ((id, exec_id, order_id, symbol), (average, total, quantity, left)) = (texts, decimals);
        let (exec_type, status, side) = codes;
        let (last_px, text, transact_time, misc_fees, aggressor_indicator, changes, returned, unknown) =
            optional;
        Message::ExecutionReport(prediction::ExecutionReport {
            last_px,
            text,
            transact_time,
            misc_fees,
            aggressor_indicator,
            collateral_amount_changes: changes,
            ranged_market_collateral_return: returned,
            unknown,
            ..prediction::ExecutionReport::new(
                average, id, total, exec_id, order_id, quantity, status, side, symbol, exec_type, left,
            )
        })
    })
}

fn refresh() -> impl Strategy<Value = Message<'static>> {
    let action = listed_or(
        fields::MDUpdateAction::LISTED,
        character(),
        fields::MDUpdateAction::Unlisted,
    );
    let kind = listed_or(
        fields::MDEntryType::LISTED,
        character(),
        fields::MDEntryType::Unlisted,
    );
    let optional = (
        option::of(decimal()),
        option::of(decimal()),
        option::of(date()),
        option::of(time()),
        unknown(),
    );
    let entry = (action, text(), kind, optional).prop_map(|(action, symbol, kind, optional)| {
        let (md_entry_px, md_entry_size, md_entry_date, md_entry_time, unknown) = optional;
        groups::MDIncEntry {
            md_entry_px,
            md_entry_size,
            md_entry_date,
            md_entry_time,
            unknown,
            ..groups::MDIncEntry::new(action, symbol, kind)
        }
    });
    vec(entry, 0..12).prop_map(|entries| {
        Message::MarketDataIncrementalRefresh(prediction::MarketDataIncrementalRefresh::new(entries))
    })
}

/// Groups within the entries of a group.
fn settlement() -> impl Strategy<Value = Message<'static>> {
    let role = listed_or(
        fields::MarketSettlementPartyRole::LISTED,
        any::<i64>(),
        fields::MarketSettlementPartyRole::Unlisted,
    );
    let optional = (
        option::of(decimal()),
        option::of(collateral()),
        option::of(fees()),
        unknown(),
    );
    let party = (text(), role, optional).prop_map(|(id, role, optional)| {
        let (long_qty, collateral_amount_changes, misc_fees, unknown) = optional;
        groups::MarketSettlementParty {
            long_qty,
            collateral_amount_changes,
            misc_fees,
            unknown,
            ..groups::MarketSettlementParty::new(id, role)
        }
    });
    let result = listed_or(
        fields::MarketResult::LISTED,
        text().prop_map(|text| text.as_bytes().into()),
        fields::MarketResult::Unlisted,
    );
    let optional = (option::of(any::<bool>()), option::of(vec(party, 0..4)), unknown());
    (text(), text(), date(), result, decimal(), optional).prop_map(
        |(id, symbol, day, result, price, optional)| {
            let (last_fragment, market_settlement_party_ids, unknown) = optional;
            Message::MarketSettlementReport(prediction::MarketSettlementReport {
                last_fragment,
                market_settlement_party_ids,
                unknown,
                ..prediction::MarketSettlementReport::new(id, symbol, day, result, price)
            })
        },
    )
}

/// A group whose entry begins with whatever comes first, and a group within it.
fn quote_request() -> impl Strategy<Value = Message<'static>> {
    let quantities = (
        option::of(text()),
        option::of(decimal()),
        option::of(decimal()),
        option::of(any::<bool>()),
    );
    let entry = (quantities, option::of(parties()), unknown());
    let entry = entry.prop_filter_map(
        "an entry has a field",
        |((symbol, order_qty, cash, replace), party_ids, unknown)| {
            let some = symbol.is_some() || order_qty.is_some() || cash.is_some();
            some.then(|| groups::QuoteRequestSymbol {
                symbol,
                order_qty,
                cash_order_qty: cash,
                replace_existing: replace.map(|replace| {
                    if replace {
                        fields::ReplaceExisting::Yes
                    } else {
                        fields::ReplaceExisting::No
                    }
                }),
                party_ids,
                unknown,
                ..groups::QuoteRequestSymbol::new()
            })
        },
    );
    (
        text(),
        entry,
        option::of(any::<i64>()),
        option::of(text()),
        unknown(),
    )
        .prop_map(|(id, entry, account, ticker, unknown)| {
            Message::QuoteRequest(prediction::QuoteRequest {
                alloc_account: account,
                multivariate_collection_ticker: ticker,
                unknown,
                ..prediction::QuoteRequest::new(id, vec![entry])
            })
        })
}

/// A logon: its RawData is DATA, with any bytes in it.
fn logon() -> impl Strategy<Value = Message<'static>> {
    let data = vec(any::<u8>(), 1..300).prop_map(Text::from);
    let method = listed_or(
        fields::EncryptMethod::LISTED,
        any::<i64>(),
        fields::EncryptMethod::Unlisted,
    );
    let version = listed_or(
        fields::DefaultApplVerID::LISTED,
        text().prop_map(|text| text.as_bytes().into()),
        fields::DefaultApplVerID::Unlisted,
    );
    (
        method,
        any::<i64>(),
        version,
        option::of(data),
        option::of(text()),
        unknown(),
    )
        .prop_map(|(method, interval, version, raw_data, password, unknown)| {
            Message::Logon(prediction::Logon {
                raw_data,
                password,
                unknown,
                ..prediction::Logon::new(method, interval, version)
            })
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn orders(message in order()) {
        check(&message);
    }

    #[test]
    fn reports(message in report()) {
        check(&message);
    }

    #[test]
    fn refreshes(message in refresh()) {
        check(&message);
    }

    #[test]
    fn settlements(message in settlement()) {
        check(&message);
    }

    #[test]
    fn quote_requests(message in quote_request()) {
        check(&message);
    }

    #[test]
    fn logons(message in logon()) {
        check(&message);
    }
}

/// What cannot stand in a field is refused, before anything is sent.
#[test]
fn values_that_would_break_a_frame_are_refused() {
    fn encode(text: &str) -> Result<Vec<u8>, EncodeError> {
        let cancel = prediction::OrderCancelRequest::new("id", text, fields::Side::Buy, "symbol");
        Encoder::new()
            .encode(&header(), 7, now(), &cancel)
            .map(<[u8]>::to_vec)
    }
    assert!(encode("original").is_ok());
    assert_eq!(encode("\u{1}"), Err(EncodeError::ContainsDelimiter { tag: 41 }));
    assert_eq!(encode("a\u{1}b"), Err(EncodeError::ContainsDelimiter { tag: 41 }));
    assert_eq!(encode(""), Err(EncodeError::Empty { tag: 41 }));
    // A value that would inject whole fields.
    for injection in ["a\u{1}54=2", "a\u{1}54=2\u{1}10=000\u{1}8=FIXT.1.1"] {
        assert!(
            matches!(encode(injection), Err(EncodeError::ContainsDelimiter { .. })),
            "{injection}"
        );
    }
}
