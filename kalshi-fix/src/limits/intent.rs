//! What a message would do, in words that limits understand.

use std::borrow::Cow;

use fix_dialect::{fields, parse_decimal};

use crate::environment::Product;
use crate::orders::Side;
use crate::units::{Money, Price, PriceField, PriceUnits, Quantity};

/// What an outbound message would do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Intent<'a> {
    /// The product.
    pub product: Product,
    /// What kind of message it is.
    pub kind: IntentKind,
    /// `ClOrdID (11)`. Without one the message does not count as open once it was let through, until [`OpenOrders`] shows it.
    ///
    /// [`OpenOrders`]: super::OpenOrders
    pub cl_ord_id: Option<Cow<'a, str>>,
    /// `Symbol (55)`.
    pub symbol: Option<Cow<'a, str>>,
    /// `Side (54)`.
    pub side: Option<Side>,
    /// `OrderQty (38)`: the total.
    pub quantity: Option<Quantity>,
    /// `Price (44)` in dollars.
    pub price: Option<Price>,
}

/// What kind of message it is, to limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntentKind {
    /// A new order: every limit applies.
    Order,
    /// An amendment: every limit but that on the number of open orders, as far as it says what the limit is on.
    Amendment,
    /// What could lead to a trade and is no order: quotes, and what accepts or confirms them. The kill switch alone holds
    /// it back.
    Quote,
    /// A cancellation, or anything else: it always passes.
    Other,
}

impl IntentKind {
    /// By `MsgType (35)`.
    #[must_use]
    pub fn of(msg_type: &[u8]) -> IntentKind {
        match msg_type {
            b"D" => IntentKind::Order,
            b"G" => IntentKind::Amendment,
            b"R" | b"S" | b"UA" | b"U7" => IntentKind::Quote,
            _ => IntentKind::Other,
        }
    }
}

impl<'a> Intent<'a> {
    /// A new order.
    #[must_use]
    pub fn order(
        product: Product,
        symbol: impl Into<Cow<'a, str>>,
        side: Side,
        quantity: Quantity,
        price: Price,
    ) -> Intent<'a> {
        Intent {
            product,
            kind: IntentKind::Order,
            cl_ord_id: None,
            symbol: Some(symbol.into()),
            side: Some(side),
            quantity: Some(quantity),
            price: Some(price),
        }
    }

    /// The same, under this `ClOrdID (11)`.
    #[must_use]
    pub fn named(mut self, cl_ord_id: impl Into<Cow<'a, str>>) -> Intent<'a> {
        self.cl_ord_id = Some(cl_ord_id.into());
        self
    }

    /// Of a message of this kind of which nothing else is known.
    #[must_use]
    pub fn of_kind(product: Product, kind: IntentKind) -> Intent<'a> {
        Intent {
            product,
            kind,
            cl_ord_id: None,
            symbol: None,
            side: None,
            quantity: None,
            price: None,
        }
    }

    /// Of an encoded message, on a session with these units. What is missing or malformed is `None`.
    #[must_use]
    pub fn of_frame(units: PriceUnits, msg_type: &[u8], frame: &'a [u8]) -> Intent<'a> {
        let mut intent = Intent::of_kind(units.product(), IntentKind::of(msg_type));
        if !matches!(intent.kind, IntentKind::Order | IntentKind::Amendment) {
            return intent;
        }
        for field in fields(frame) {
            match field.tag {
                11 => intent.cl_ord_id = std::str::from_utf8(field.value).ok().map(Cow::Borrowed),
                38 => intent.quantity = parse_decimal(field.value).map(Quantity::from_contracts),
                44 => {
                    let price = parse_decimal(field.value);
                    intent.price = price.and_then(|value| units.price(PriceField::Price, value).ok());
                }
                54 => {
                    intent.side = match field.value {
                        b"1" => Some(Side::Buy),
                        b"2" => Some(Side::Sell),
                        _ => None,
                    }
                }
                55 => intent.symbol = std::str::from_utf8(field.value).ok().map(Cow::Borrowed),
                _ => {}
            }
        }
        intent
    }

    /// What it can cost at most, in dollars: quantity times price. To sell on a prediction market is to buy NO, so that
    /// it costs the complement. Margin reckons with the price on both sides.
    #[must_use]
    pub fn notional(&self) -> Option<Money> {
        most_it_can_cost(self.product, self.side?, self.quantity?, self.price?)
    }
}

pub(crate) fn most_it_can_cost(
    product: Product,
    side: Side,
    quantity: Quantity,
    price: Price,
) -> Option<Money> {
    let each = match (product, side) {
        (Product::Prediction, Side::Sell) => price.complement()?,
        _ => price,
    };
    each.checked_mul(quantity)
}
