//! A limit order.

use std::marker::PhantomData;

use fix_dialect::Timestamp;

use super::check;
use super::dialect::{Checked, OrderProduct};
use super::error::OrderError;
use super::placed::PlacedOrder;
use super::terms::{Account, SelfTradePrevention, Side, TimeInForce};
use crate::margin::Margin;
use crate::prediction::Prediction;
use crate::ticks::TickGrid;
use crate::units::{Money, Price, PriceUnit, PriceUnits, Quantity};

/// A limit order of a product; `NewOrderSingle (D)` once [`message`](LimitOrder::message) has checked it.
///
/// Prices are dollars, quantities contracts, whatever the session's unit is. What is not said is left to the venue, but
/// for the time in force, which is always sent: [`TimeInForce::GoodTillCancel`] unless another one is given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an order is sent as the message that it makes"]
pub struct LimitOrder<D> {
    pub(super) symbol: String,
    side: Side,
    contract: Contract,
    quantity: Quantity,
    price: Price,
    pub(super) time_in_force: TimeInForce,
    pub(super) post_only: bool,
    pub(super) order_group: Option<String>,
    pub(super) account: Account,
    pub(super) self_trade_prevention: Option<SelfTradePrevention>,
    pub(super) cancel_on_pause: Option<bool>,
    pub(super) exchange_index: Option<u16>,
    pub(super) max_execution_cost: Option<Money>,
    pub(super) quote: Option<String>,
    pub(super) rfq: Option<String>,
    grid: Option<TickGrid>,
    product: PhantomData<fn() -> D>,
}

/// What is bought or sold, and priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contract {
    /// The contract itself: YES on prediction markets.
    Itself,
    /// The other side of a prediction contract.
    No,
}

impl<D: OrderProduct> LimitOrder<D> {
    fn new(
        side: Side,
        contract: Contract,
        symbol: impl Into<String>,
        quantity: Quantity,
        price: Price,
    ) -> Self {
        LimitOrder {
            symbol: symbol.into(),
            side,
            contract,
            quantity,
            price,
            time_in_force: TimeInForce::default(),
            post_only: false,
            order_group: None,
            account: Account::Primary,
            self_trade_prevention: None,
            cancel_on_pause: None,
            exchange_index: None,
            max_execution_cost: None,
            quote: None,
            rfq: None,
            grid: None,
            product: PhantomData,
        }
    }

    /// Only as a maker, `ExecInst (18) = 6`: an order that would trade on arrival is canceled. Not along with
    /// [`TimeInForce::ImmediateOrCancel`] or [`TimeInForce::FillOrKill`].
    pub fn post_only(mut self) -> Self {
        self.post_only = true;
        self
    }

    /// How long it rests.
    pub fn time_in_force(mut self, time: TimeInForce) -> Self {
        self.time_in_force = time;
        self
    }

    /// In an order group, by the group's id (a UUID): `SecondaryClOrdID (526)`.
    pub fn order_group(mut self, id: impl Into<String>) -> Self {
        self.order_group = Some(id.into());
        self
    }

    /// Whose order it is.
    pub fn account(mut self, account: Account) -> Self {
        self.account = account;
        self
    }

    /// What happens when it meets an order of the same owner.
    pub fn self_trade_prevention(mut self, prevention: SelfTradePrevention) -> Self {
        self.self_trade_prevention = Some(prevention);
        self
    }

    /// Whether it is canceled when trading pauses: `CancelOrderOnPause (21006)`.
    pub fn cancel_on_pause(mut self, on: bool) -> Self {
        self.cancel_on_pause = Some(on);
        self
    }

    /// Checks the price against this grid of its market too.
    pub fn on_grid(mut self, grid: &TickGrid) -> Self {
        self.grid = Some(grid.clone());
        self
    }

    /// Buy or sell, in terms of what goes onto the wire: to buy NO is to sell.
    #[must_use]
    pub fn side(&self) -> Side {
        match self.contract {
            Contract::Itself => self.side,
            Contract::No => self.side.opposite(),
        }
    }

    /// The limit in dollars, in YES terms on prediction markets: that of a NO order is the complement of what was given.
    pub fn price(&self) -> Result<Price, OrderError> {
        match self.contract {
            Contract::Itself => Ok(self.price),
            Contract::No => self.price.complement().ok_or_else(|| {
                let value = format!("{} for NO", self.price);
                OrderError::value(check::PRICE, &value, "dollars above 0 and below 1")
            }),
        }
    }

    /// How many contracts.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// The market.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// The message, for a session whose logon asked for this unit; margin prices in dollars whatever it asked.
    ///
    /// `cl_ord_id` must never have been used before: see [`ClOrdIdGenerator`](super::ClOrdIdGenerator). `now` is the
    /// time (UTC) after which an order that is good till date has to expire.
    ///
    /// # Errors
    ///
    /// What is wrong first, by field: nothing is rounded, corrected or left out.
    pub fn message<'a>(
        &'a self,
        cl_ord_id: &'a str,
        unit: PriceUnit,
        now: Timestamp,
    ) -> Result<D::NewOrderSingle<'a>, OrderError> {
        check::identifier(check::CL_ORD_ID, cl_ord_id)?;
        check::symbol(&self.symbol)?;
        let units = PriceUnits::new(D::PRODUCT, unit);
        let checked = Checked {
            cl_ord_id,
            side: self.side(),
            quantity: check::quantity(D::PRODUCT, self.quantity)?,
            price: check::price(units, self.grid.as_ref(), self.price()?)?,
            max_execution_cost: self.max_execution_cost.map(check::cost).transpose()?,
        };
        check::time_in_force(self.time_in_force, self.post_only, now)?;
        check::account(D::PRODUCT, &self.account)?;
        if let Some(group) = &self.order_group {
            check::uuid(check::ORDER_GROUP, group)?;
        }
        if let Some(quote) = &self.quote {
            check::uuid(check::QUOTE_ID, quote)?;
        }
        if let Some(rfq) = &self.rfq {
            check::uuid(check::RFQ_ID, rfq)?;
        }
        Ok(D::new_order_single(self, &checked))
    }

    /// What has to be known of this order to amend or cancel it once it has been sent with this id. Checks it as
    /// [`message`](LimitOrder::message) does.
    pub fn placed(&self, cl_ord_id: &str, now: Timestamp) -> Result<PlacedOrder<D>, OrderError> {
        self.message(cl_ord_id, PriceUnit::Dollars, now)?;
        let mut placed = PlacedOrder::new(cl_ord_id, &self.symbol, self.side()).account(self.account.clone());
        placed.exchange_index = self.exchange_index;
        placed.grid.clone_from(&self.grid);
        Ok(placed)
    }
}

impl LimitOrder<Prediction> {
    /// Buys YES for at most this price.
    pub fn buy_yes(symbol: impl Into<String>, quantity: Quantity, price: Price) -> Self {
        LimitOrder::new(Side::Buy, Contract::Itself, symbol, quantity, price)
    }

    /// Sells YES for at least this price.
    pub fn sell_yes(symbol: impl Into<String>, quantity: Quantity, price: Price) -> Self {
        LimitOrder::new(Side::Sell, Contract::Itself, symbol, quantity, price)
    }

    /// Buys NO for at most this price (of NO): sells YES for at least the complement.
    pub fn buy_no(symbol: impl Into<String>, quantity: Quantity, price: Price) -> Self {
        LimitOrder::new(Side::Buy, Contract::No, symbol, quantity, price)
    }

    /// Sells NO for at least this price (of NO): buys YES for at most the complement.
    pub fn sell_no(symbol: impl Into<String>, quantity: Quantity, price: Price) -> Self {
        LimitOrder::new(Side::Sell, Contract::No, symbol, quantity, price)
    }

    /// Straight to the shard of this exchange index, `ExDestination (100)`, rather than routed by its symbol, which is
    /// slower. It also makes the order draw on that shard's own budget of the rate limit.
    pub fn exchange_index(mut self, index: u16) -> Self {
        self.exchange_index = Some(index);
        self
    }

    /// The most that it may cost to fill it: `MaxExecutionCost (21009)`. The venue cancels an order that it cannot fill
    /// within that.
    pub fn max_execution_cost(mut self, most: Money) -> Self {
        self.max_execution_cost = Some(most);
        self
    }

    /// Accepts a maker's quote, `QuoteID (117)`; it must belong to the RFQ, `RfqId (21023)`, where one is named.
    pub fn accepting_quote(mut self, quote_id: impl Into<String>, rfq_id: Option<String>) -> Self {
        self.quote = Some(quote_id.into());
        self.rfq = rfq_id;
        self
    }
}

impl LimitOrder<Margin> {
    /// Buys for at most this price.
    pub fn buy(symbol: impl Into<String>, quantity: Quantity, price: Price) -> Self {
        LimitOrder::new(Side::Buy, Contract::Itself, symbol, quantity, price)
    }

    /// Sells for at least this price.
    pub fn sell(symbol: impl Into<String>, quantity: Quantity, price: Price) -> Self {
        LimitOrder::new(Side::Sell, Contract::Itself, symbol, quantity, price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::fields;
    use crate::{margin, prediction};

    const GROUP: &str = "0b1d3a40-5f0e-4c0e-9a55-8f0f5a1f2b3c";

    fn now() -> Timestamp {
        at("20260817-16:00:00.123")
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text.as_bytes()).expect("a time")
    }

    fn yes(quantity: &str, price: &str) -> LimitOrder<Prediction> {
        LimitOrder::buy_yes(
            "HIGHNY-23DEC31",
            quantity.parse().unwrap(),
            price.parse().unwrap(),
        )
    }

    fn perp(quantity: &str, price: &str) -> LimitOrder<Margin> {
        LimitOrder::buy("BTC-PERP", quantity.parse().unwrap(), price.parse().unwrap())
    }

    /// Side and price on the wire.
    #[track_caller]
    fn check_wire(order: &LimitOrder<Prediction>, unit: PriceUnit, expected: &str) {
        let message = order.message("1", unit, now()).expect("a message");
        assert_eq!(format!("{:?} {}", message.side, message.price), expected);
    }

    #[test]
    fn yes_and_no_in_dollars_and_in_cents() {
        let terms = |price: &str| ("M", Quantity::from_whole(10), price.parse::<Price>().unwrap());
        let (symbol, ten, price) = terms("0.4300");
        let (dollars, cents) = (PriceUnit::Dollars, PriceUnit::Cents);
        check_wire(&LimitOrder::buy_yes(symbol, ten, price), dollars, "Buy 0.4300");
        check_wire(&LimitOrder::sell_yes(symbol, ten, price), dollars, "Sell 0.4300");
        check_wire(&LimitOrder::buy_no(symbol, ten, price), dollars, "Sell 0.5700");
        check_wire(&LimitOrder::sell_no(symbol, ten, price), dollars, "Buy 0.5700");
        check_wire(&LimitOrder::buy_yes(symbol, ten, price), cents, "Buy 43");
        check_wire(&LimitOrder::buy_no(symbol, ten, price), cents, "Sell 57");
    }

    #[test]
    fn everything_an_order_can_say() {
        let until = at("20260817-16:00:01");
        let order = yes("10.25", "0.57")
            .on_grid(&TickGrid::LINEAR_CENT)
            .post_only()
            .time_in_force(TimeInForce::GoodTillDate(until))
            .order_group(GROUP)
            .account(Account::Subaccount(63))
            .self_trade_prevention(SelfTradePrevention::Maker)
            .cancel_on_pause(true)
            .exchange_index(2)
            .max_execution_cost("5.85".parse().unwrap());
        let message = order.message("id-1", PriceUnit::Dollars, now()).unwrap();
        let decimal = |text: &str| fix_dialect::parse_decimal(text.as_bytes()).unwrap();
        let expected = prediction::NewOrderSingle {
            exec_inst: Some(fields::ExecInst::PostOnly.into()),
            ex_destination: Some(2),
            time_in_force: Some(fields::TimeInForce::GoodTillDate),
            expire_time: Some(until),
            alloc_account: Some(63),
            secondary_cl_ord_id: Some(GROUP.into()),
            self_trade_prevention_type: Some(fields::SelfTradePreventionType::Maker),
            cancel_order_on_pause: Some(true),
            max_execution_cost: Some(decimal("5.85")),
            ..prediction::NewOrderSingle::new(
                "id-1",
                decimal("10.25"),
                fields::OrdType::Limit,
                decimal("0.57"),
                fields::Side::Buy,
                "HIGHNY-23DEC31",
            )
        };
        assert_eq!(message, expected);
    }

    #[test]
    fn margin_orders_are_in_dollars_and_whole_contracts() {
        let order = perp("10.00", "64000.2500")
            .account(Account::Customer("desk/7".to_owned()))
            .time_in_force(TimeInForce::ImmediateOrCancel);
        let message = order.message("1", PriceUnit::Cents, now()).unwrap();
        assert_eq!(message.price.to_string(), "64000.2500");
        assert_eq!(
            message.time_in_force,
            Some(margin::fields::TimeInForce::ImmediateOrCancel)
        );
        let party = &message.party_ids.as_ref().unwrap()[0];
        assert_eq!(party.party_id.as_ref().unwrap(), &"desk/7");
        assert_eq!(party.party_role, Some(margin::fields::PartyRole::CustomerAccount));
        assert_eq!(message.alloc_account, None);
    }

    #[test]
    fn a_quote_is_accepted_with_an_order() {
        let order = yes("1", "0.5").accepting_quote(GROUP, Some(GROUP.to_owned()));
        let message = order.message("1", PriceUnit::Dollars, now()).unwrap();
        assert_eq!(
            (message.quote_id, message.rfq_id),
            (Some(GROUP.into()), Some(GROUP.into()))
        );
    }

    #[track_caller]
    fn check_refused<D: OrderProduct>(order: &LimitOrder<D>, unit: PriceUnit, expected: &str) {
        let error = order.message("1", unit, now()).map(|_| ()).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn every_error_names_field_value_and_what_was_expected() {
        let dollars = PriceUnit::Dollars;
        let steps = "a multiple of 0.01 contracts above zero";
        check_refused(
            &yes("0", "0.5"),
            dollars,
            &format!("OrderQty (38) is 0: expected {steps}"),
        );
        check_refused(
            &yes("-1", "0.5"),
            dollars,
            &format!("OrderQty (38) is -1: expected {steps}"),
        );
        check_refused(
            &yes("0.005", "0.5"),
            dollars,
            &format!("OrderQty (38) is 0.005: expected {steps}"),
        );
        check_refused(
            &perp("1.5", "19"),
            dollars,
            "OrderQty (38) is 1.5: expected a whole number of contracts above zero",
        );
        let bounds = "expected dollars above 0 and below 1";
        check_refused(&yes("1", "0"), dollars, &format!("Price (44) is 0: {bounds}"));
        check_refused(&yes("1", "1"), dollars, &format!("Price (44) is 1: {bounds}"));
        // Cents where dollars are meant.
        check_refused(
            &yes("1", "57"),
            PriceUnit::Cents,
            &format!("Price (44) is 57: {bounds}"),
        );
        check_refused(
            &LimitOrder::buy_no("M", Quantity::from_whole(1), "43".parse().unwrap()),
            dollars,
            &format!("Price (44) is 43 for NO: {bounds}"),
        );
        check_refused(
            &perp("1", "0"),
            dollars,
            "Price (44) is 0: expected dollars above 0",
        );
        check_refused(
            &yes("1", "0.575"),
            PriceUnit::Cents,
            "Price (44): the price 57.5 cents lies between two cents: expected whole cents",
        );
        check_refused(
            &perp("1", "19.00001"),
            dollars,
            "Price (44): the price 19.00001 dollars is too fine: expected at most 4 decimals",
        );
        check_refused(
            &yes("1", "0.575").on_grid(&TickGrid::LINEAR_CENT),
            dollars,
            "Price (44) is 0.575: expected a price on the market's grid, such as 0.5700 or 0.5800",
        );
        check_refused(
            &yes("1", "0.995").on_grid(&TickGrid::LINEAR_CENT),
            dollars,
            "Price (44) is 0.995: expected a price on the market's grid, such as 0.9900",
        );
        check_refused(
            &yes("1", "0.5").time_in_force(TimeInForce::GoodTillDate(now())),
            dollars,
            "ExpireTime (126) is 20260817-16:00:00.123: expected a time (UTC) after now, 20260817-16:00:00.123",
        );
        for (time, name) in [
            (TimeInForce::ImmediateOrCancel, "ImmediateOrCancel"),
            (TimeInForce::FillOrKill, "FillOrKill"),
        ] {
            let expected = format!(
                "ExecInst (18) is PostOnly along with TimeInForce (59) {name}: expected a time in force that lets the order rest"
            );
            check_refused(
                &perp("1", "19").post_only().time_in_force(time),
                dollars,
                &expected,
            );
        }
        check_refused(
            &yes("1", "0.5").account(Account::Subaccount(64)),
            dollars,
            "AllocAccount (79) is 64: expected 0 to 63",
        );
        check_refused(
            &yes("1", "0.5").account(Account::Customer("desk".to_owned())),
            dollars,
            "PartyID (448) is \"desk\": expected a UUID",
        );
        check_refused(
            &yes("1", "0.5").order_group("0b1d3a40-5f0e-4c0e-9a55-8f0f5a1f2b3"),
            dollars,
            "SecondaryClOrdID (526) is \"0b1d3a40-5f0e-4c0e-9a55-8f0f5a1f2b3\": expected a UUID",
        );
        check_refused(
            &yes("1", "0.5").max_execution_cost(Money::ZERO),
            dollars,
            "MaxExecutionCost (21009) is 0: expected dollars above 0",
        );
        check_refused(
            &yes("1", "0.5").accepting_quote("q", None),
            dollars,
            "QuoteID (117) is \"q\": expected a UUID",
        );
        check_refused(
            &LimitOrder::buy_yes("NO SUCH", Quantity::from_whole(1), Price::from_whole_cents(50)),
            dollars,
            "Symbol (55) is \"NO SUCH\": expected a market's ticker, printable ASCII characters without spaces",
        );
    }

    #[test]
    fn ids_are_bounded() {
        let order = yes("1", "0.5");
        for id in ["", "a b", "a\u{1}b", &"x".repeat(65)] {
            let error = order
                .message(id, PriceUnit::Dollars, now())
                .map(|_| ())
                .expect_err(id);
            assert_eq!(error.field(), "ClOrdID (11)");
        }
        assert!(order.message(&"x".repeat(64), PriceUnit::Dollars, now()).is_ok());
    }
}
