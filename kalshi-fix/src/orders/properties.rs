//! What is built breaks no rule of its dialect, and what breaks one is not built.

use fix_dialect::{Context, Encoder, Prices, Sender, SessionHeader, Timestamp, Validator};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Account, LimitOrder, SelfTradePrevention, TimeInForce};
use crate::margin::Margin;
use crate::prediction::Prediction;
use crate::units::{Price, PriceUnit, Quantity};

#[derive(Debug, Clone)]
struct Terms {
    kind: u8,
    quantity: Quantity,
    price: Price,
    time: TimeInForce,
    post_only: bool,
    account: Account,
    prevention: Option<SelfTradePrevention>,
}

fn terms() -> impl Strategy<Value = Terms> {
    let decimal =
        |most: i64| (-5..most, 0_u32..=5).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale));
    let time = prop_oneof![
        Just(TimeInForce::Day),
        Just(TimeInForce::GoodTillCancel),
        Just(TimeInForce::ImmediateOrCancel),
        Just(TimeInForce::FillOrKill),
        (-2_i64..3).prop_map(|seconds| TimeInForce::GoodTillDate(now(seconds))),
    ];
    let account = prop_oneof![
        Just(Account::Primary),
        (0_u8..70).prop_map(Account::Subaccount),
        Just(Account::Customer(
            "0b1d3a40-5f0e-4c0e-9a55-8f0f5a1f2b3c".to_owned()
        )),
    ];
    let prevention = prop::option::of(prop::sample::select(vec![
        SelfTradePrevention::TakerAtCross,
        SelfTradePrevention::Maker,
    ]));
    (
        0_u8..4,
        decimal(2_000),
        decimal(11_000),
        time,
        any::<bool>(),
        account,
        prevention,
    )
        .prop_map(
            |(kind, quantity, price, time, post_only, account, prevention)| Terms {
                kind,
                quantity: Quantity::from_contracts(quantity),
                price: Price::from_dollars(price),
                time,
                post_only,
                account,
                prevention,
            },
        )
}

fn now(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(1_786_982_400_000_000_000 + seconds * 1_000_000_000)
}

fn with_terms<D: super::OrderProduct>(order: LimitOrder<D>, terms: &Terms) -> LimitOrder<D> {
    let mut order = order.time_in_force(terms.time).account(terms.account.clone());
    if terms.post_only {
        order = order.post_only();
    }
    if let Some(prevention) = terms.prevention {
        order = order.self_trade_prevention(prevention);
    }
    order
}

/// What the dialect's rules say of a message.
fn violations<D: fix_dialect::Dialect>(
    message: &impl fix_dialect::EncodeBody,
    prices: Prices,
) -> Vec<String> {
    let tables = D::tables();
    let header = SessionHeader::new(tables.begin_string, "client", "KalshiNR").expect("a header");
    let mut encoder = Encoder::new();
    let frame = encoder.encode(&header, 1, now(0), message).expect("a frame");
    let context = Context::default().from(Sender::Client).on("NR").priced_in(prices);
    let found = Validator::new(tables)
        .validate_in(frame, &context)
        .expect("a sound frame");
    found.iter().map(ToString::to_string).collect()
}

proptest! {
    #[test]
    fn prediction_orders_that_are_built_break_no_rule(terms in terms(), use_dollars in any::<bool>()) {
        let build = match terms.kind {
            0 => LimitOrder::buy_yes,
            1 => LimitOrder::sell_yes,
            2 => LimitOrder::buy_no,
            _ => LimitOrder::<Prediction>::sell_no,
        };
        let order = with_terms(build("M".to_owned(), terms.quantity, terms.price), &terms);
        let unit = PriceUnit::of_logon(use_dollars);
        if let Ok(message) = order.message("1", unit, now(0)) {
            prop_assert_eq!(violations::<Prediction>(&message, unit.into()), Vec::<String>::new());
            let price = unit.price(message.price).expect("a price");
            let is_no = matches!(terms.kind, 2 | 3);
            prop_assert_eq!(if is_no { price.complement() } else { Some(price) }, Some(terms.price));
            prop_assert_eq!(Quantity::from_contracts(message.order_qty), terms.quantity);
        }
    }

    #[test]
    fn margin_orders_that_are_built_break_no_rule(terms in terms()) {
        let build = if terms.kind % 2 == 0 { LimitOrder::buy } else { LimitOrder::<Margin>::sell };
        let order = with_terms(build("M".to_owned(), terms.quantity, terms.price), &terms);
        if let Ok(message) = order.message("1", PriceUnit::Dollars, now(0)) {
            prop_assert_eq!(violations::<Margin>(&message, Prices::Dollars), Vec::<String>::new());
            prop_assert_eq!(Price::from_dollars(message.price), terms.price);
            prop_assert!(message.order_qty.fract().is_zero());
        }
    }
}
