//! Orders and the requests that make, change and end them.

use std::fmt;
use std::sync::Arc;

use super::calendar::Time;
use super::fee::ExactFee;
use super::group::OrderGroupId;
use super::market::Symbol;
use super::units::{Money, Price, Quantity};

/// A session of the exchange: an API key on one kind of session. It outlives its connections, so that a mass cancel still
/// finds the orders entered before a reconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

/// A member of the exchange, who may own several API keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(pub u32);

/// Who sends a command: the session, and the member whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The session, to which the answers go.
    pub session: SessionId,
    /// The member, whose money and orders these are.
    pub owner: OwnerId,
}

/// A customer of a clearing member, who has an account of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(pub(super) u32);

/// Where money and positions are kept: one of a member's subaccounts, 0 to 63 (AllocAccount (79); 0 when absent), or one of
/// its customers, on one exchange index. Money on one index pays for nothing on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// The member.
    pub owner: OwnerId,
    /// The exchange index.
    pub exchange_index: u32,
    /// The subaccount.
    pub subaccount: u8,
    /// The customer, where it is one's.
    pub customer: Option<CustomerId>,
}

impl AccountKey {
    /// A member's own subaccount on an exchange index.
    #[must_use]
    pub const fn new(owner: OwnerId, exchange_index: u32, subaccount: u8) -> AccountKey {
        AccountKey {
            owner,
            exchange_index,
            subaccount,
            customer: None,
        }
    }

    /// A customer's account on exchange index 0.
    #[must_use]
    pub const fn of_customer(owner: OwnerId, customer: CustomerId) -> AccountKey {
        AccountKey {
            customer: Some(customer),
            ..AccountKey::new(owner, 0, 0)
        }
    }
}

/// An identifier chosen by the client: ClOrdID (11).
pub type ClOrdId = Arc<str>;

/// The exchange's number of an order. Displays in the form of a UUID, which is what OrderID (37) carries at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub u64);

impl fmt::Display for OrderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid_like(formatter, 0x0a, self.0)
    }
}

/// The exchange's number of a trade, the same in both sides' reports: TrdMatchID (880). Displays in the form of a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchId(pub u64);

impl fmt::Display for MatchId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid_like(formatter, 0x0f, self.0)
    }
}

/// A UUID of version 8 (for the exchange's own use) that still shows the number: ids must not depend on chance.
pub(super) fn uuid_like(formatter: &mut fmt::Formatter<'_>, kind: u8, number: u64) -> fmt::Result {
    write!(
        formatter,
        "000000{kind:02x}-0000-8000-8{:03x}-{:012x}",
        number >> 48,
        number & 0xffff_ffff_ffff
    )
}

/// The number that [`uuid_like`] wrote, whatever the kind; the caller compares what the number's own text is.
pub(super) fn uuid_number(text: &str) -> Option<u64> {
    let (head, low) = text.rsplit_once('-')?;
    let high = head.rsplit_once("-8")?.1;
    let (high, low) = (
        u64::from_str_radix(high, 16).ok()?,
        u64::from_str_radix(low, 16).ok()?,
    );
    Some(high.checked_mul(1 << 48)? | low)
}

/// The side of an order, in YES terms on prediction markets: selling YES is buying NO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Buys (YES), a bid.
    Buy,
    /// Sells (YES), an offer.
    Sell,
}

impl Side {
    /// The side that this one trades with.
    #[must_use]
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

/// How long an order lives: TimeInForce (59).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeInForce {
    /// Until the end of the day in New York.
    #[default]
    Day,
    /// Until it is cancelled.
    GoodTillCancel,
    /// It takes what it can at once; the rest is cancelled.
    ImmediateOrCancel,
    /// All of it at once, or nothing.
    FillOrKill,
    /// Until an instant. One that is past makes the order immediate-or-cancel.
    GoodTillDate(Time),
}

/// What happens where an order meets another of the same member: SelfTradePreventionType (2964).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelfTradePrevention {
    /// The value 0. The facts name it without a meaning; here the incoming order ends as with
    /// [`TakerAtCross`](SelfTradePrevention::TakerAtCross), with the older texts SELF_CROSS_ATTEMPT and
    /// SELF_CROSS_ATTEMPT_PARTIALLY_FILLED.
    Unknown,
    /// The incoming order ends where it would trade with the member's own: the venue's default.
    #[default]
    TakerAtCross,
    /// The resting order is cancelled, and the incoming one goes on.
    Maker,
}

/// The customer for whom a clearing member enters an order; echoed in the reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party {
    /// PartyID (448).
    pub id: Arc<str>,
    /// PartyRole (452), when it was sent.
    pub role: Option<u32>,
}

/// Whose orders must not trade with each other: those of one member, and of one customer where it names customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfTradeGroup {
    /// The member.
    pub owner: OwnerId,
    /// The customer.
    pub party: Option<Party>,
}

/// A request for a new order: NewOrderSingle (D).
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// ClOrdID (11), to be used once.
    pub cl_ord_id: ClOrdId,
    /// The market.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// The limit.
    pub price: Price,
    /// How many contracts.
    pub quantity: Quantity,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// It must rest: it is cancelled where it would trade on arrival.
    pub post_only: bool,
    /// What happens where it meets the member's own orders.
    pub self_trade_prevention: SelfTradePrevention,
    /// The subaccount that pays, 0 to 63.
    pub subaccount: Option<u8>,
    /// The customer.
    pub party: Option<Party>,
    /// The most that its immediate executions may cost; it is cancelled when it cannot be filled for that.
    pub max_execution_cost: Option<Money>,
    /// The order group that counts its contracts.
    pub order_group: Option<Arc<str>>,
    /// It is cancelled when the exchange pauses.
    pub cancel_on_pause: bool,
    /// The exchange index that it is sent to: a market on another one is not found. It is looked for where none is named.
    pub exchange_index: Option<u32>,
    /// QuoteID (117): the quote that it accepts.
    pub quote: Option<Arc<str>>,
    /// RfqId (21023): the RFQ that the quote must belong to.
    pub rfq: Option<Arc<str>>,
}

impl NewOrder {
    /// A limit order that lives for the day, with the venue's defaults.
    #[must_use]
    pub fn limit(cl_ord_id: &str, symbol: &str, side: Side, price: Price, quantity: Quantity) -> NewOrder {
        NewOrder {
            cl_ord_id: cl_ord_id.into(),
            symbol: symbol.into(),
            side,
            price,
            quantity,
            time_in_force: TimeInForce::default(),
            post_only: false,
            self_trade_prevention: SelfTradePrevention::default(),
            subaccount: None,
            party: None,
            max_execution_cost: None,
            order_group: None,
            cancel_on_pause: false,
            exchange_index: None,
            quote: None,
            rfq: None,
        }
    }
}

/// A request to change an order: OrderCancelReplaceRequest (G).
#[derive(Clone, Debug)]
pub struct Amend {
    /// ClOrdID (11): the order's identifier from now on.
    pub cl_ord_id: ClOrdId,
    /// Which order, and what must agree with it.
    pub target: Target,
    /// The new limit; the old one stays when absent.
    pub price: Option<Price>,
    /// The new total: what is filled and what is to be open.
    pub quantity: Quantity,
}

/// A request to end an order: OrderCancelRequest (F).
#[derive(Clone, Debug)]
pub struct Cancel {
    /// ClOrdID (11) of the request.
    pub cl_ord_id: ClOrdId,
    /// Which order, and what must agree with it.
    pub target: Target,
}

/// Which order an amend or a cancel is about. Symbol, side, subaccount and party must be the order's own.
#[derive(Clone, Debug)]
pub struct Target {
    /// OrigClOrdID (41): the order's current identifier.
    pub orig_cl_ord_id: ClOrdId,
    /// OrderID (37), when the client names it too.
    pub order_id: Option<Arc<str>>,
    /// The market.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// The subaccount.
    pub subaccount: Option<u8>,
    /// The customer.
    pub party: Option<Party>,
}

/// An order as the exchange keeps it, and as a report shows it.
#[derive(Clone, Debug)]
pub struct Order {
    /// The exchange's number.
    pub id: OrderId,
    /// The client's current identifier.
    pub cl_ord_id: ClOrdId,
    /// Who entered it.
    pub origin: Origin,
    /// The market.
    pub symbol: Symbol,
    /// The market's exchange index; the one that the order was sent to, or 0, where there is no such market.
    pub exchange_index: u32,
    /// Buy or sell.
    pub side: Side,
    /// The limit.
    pub price: Price,
    /// The total: filled and open.
    pub quantity: Quantity,
    /// What has been filled.
    pub filled: Quantity,
    /// The sum of price times quantity of all fills.
    pub notional: Money,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// When it expires, where it does.
    pub expires: Option<Time>,
    /// It must not trade on arrival.
    pub post_only: bool,
    /// What happens where it meets the member's own orders.
    pub self_trade_prevention: SelfTradePrevention,
    /// The subaccount, when the order named one.
    pub subaccount: Option<u8>,
    /// The customer.
    pub party: Option<Party>,
    /// Whose account pays, where the customer has one.
    pub customer: Option<CustomerId>,
    /// The order group that counts its contracts.
    pub group: Option<OrderGroupId>,
    /// It is cancelled when the exchange pauses.
    pub cancel_on_pause: bool,
    /// Its fees so far before rounding.
    pub(super) fee: ExactFee,
    /// Its fees so far as charged.
    pub(super) fee_charged: Money,
}

impl Order {
    /// What is still open.
    #[must_use]
    pub fn leaves(&self) -> Quantity {
        self.quantity - self.filled
    }

    /// The average price of its fills in dollars, `None` before the first.
    #[must_use]
    pub fn average_price(&self) -> Option<rust_decimal::Decimal> {
        let hundredths = i128::from(self.filled.hundredths());
        // Money is 1e-6 and quantity 1e-2: two more decimals make the quotient exact to 1e-6 dollars.
        (hundredths > 0).then(|| {
            let scaled = (self.notional.millionths() * 100 + hundredths / 2) / hundredths;
            rust_decimal::Decimal::from_i128_with_scale(scaled, 6).normalize()
        })
    }

    /// Where its money is kept.
    #[must_use]
    pub fn account(&self) -> AccountKey {
        AccountKey {
            owner: self.origin.owner,
            exchange_index: self.exchange_index,
            subaccount: self.subaccount.unwrap_or(0),
            customer: self.customer,
        }
    }

    /// Whose orders it must not trade with.
    #[must_use]
    pub fn self_trade_group(&self) -> SelfTradeGroup {
        SelfTradeGroup {
            owner: self.origin.owner,
            party: self.party.clone(),
        }
    }

    pub(super) fn new(
        id: OrderId,
        origin: Origin,
        request: NewOrder,
        exchange_index: u32,
        expires: Option<Time>,
    ) -> Order {
        Order {
            id,
            cl_ord_id: request.cl_ord_id,
            origin,
            symbol: request.symbol,
            exchange_index,
            side: request.side,
            price: request.price,
            quantity: request.quantity,
            filled: Quantity::ZERO,
            notional: Money::ZERO,
            time_in_force: request.time_in_force,
            expires,
            post_only: request.post_only,
            self_trade_prevention: request.self_trade_prevention,
            subaccount: request.subaccount,
            party: request.party,
            customer: None,
            group: None,
            cancel_on_pause: request.cancel_on_pause,
            fee: ExactFee::default(),
            fee_charged: Money::ZERO,
        }
    }

    /// Whether what a request says about its order is true of this one.
    pub(super) fn agrees_with(&self, target: &Target) -> bool {
        self.symbol == target.symbol
            && self.side == target.side
            && self.subaccount.unwrap_or(0) == target.subaccount.unwrap_or(0)
            && self.party == target.party
            && target
                .order_id
                .as_deref()
                .is_none_or(|id| id == self.id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_form_of_a_uuid() {
        assert_eq!(OrderId(42).to_string(), "0000000a-0000-8000-8000-00000000002a");
        assert_eq!(MatchId(u64::MAX).to_string().len(), 39 - 2);
    }
}
