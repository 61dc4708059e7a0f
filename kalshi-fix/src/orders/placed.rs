//! Orders that are at the venue: amending and canceling them.

use std::marker::PhantomData;

use super::check;
use super::dialect::OrderProduct;
use super::error::OrderError;
use super::terms::{Account, Side};
use crate::prediction::Prediction;
use crate::ticks::TickGrid;
use crate::units::{Price, PriceUnit, PriceUnits, Quantity};

/// What has to be known of an order to amend or cancel it. Side, symbol, party and subaccount must be those that it was
/// placed with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it sends nothing by itself"]
pub struct PlacedOrder<D> {
    pub(super) cl_ord_id: String,
    pub(super) symbol: String,
    pub(super) side: Side,
    pub(super) order_id: Option<String>,
    pub(super) account: Account,
    pub(super) exchange_index: Option<u16>,
    pub(super) grid: Option<TickGrid>,
    product: PhantomData<fn() -> D>,
}

impl<D: OrderProduct> PlacedOrder<D> {
    /// An order by its current `ClOrdID (11)`: that of the last message that changed it. See also
    /// [`LimitOrder::placed`](super::LimitOrder::placed).
    pub fn new(cl_ord_id: impl Into<String>, symbol: impl Into<String>, side: Side) -> PlacedOrder<D> {
        PlacedOrder {
            cl_ord_id: cl_ord_id.into(),
            symbol: symbol.into(),
            side,
            order_id: None,
            account: Account::Primary,
            exchange_index: None,
            grid: None,
            product: PhantomData,
        }
    }

    /// The same, with the venue's `OrderID (37)`, which is sent along then.
    pub fn order_id(mut self, id: impl Into<String>) -> Self {
        self.order_id = Some(id.into());
        self
    }

    /// The same, for this account, which must be the one that it was placed for.
    pub fn account(mut self, account: Account) -> Self {
        self.account = account;
        self
    }

    /// The same, whose prices are checked against this grid too.
    pub fn on_grid(mut self, grid: &TickGrid) -> Self {
        self.grid = Some(grid.clone());
        self
    }

    pub(crate) fn routed_to(mut self, exchange_index: Option<u16>) -> Self {
        self.exchange_index = exchange_index;
        self
    }

    /// The same after an amendment: from then on the order goes by the amendment's id.
    pub fn replaced_by(mut self, cl_ord_id: impl Into<String>) -> Self {
        self.cl_ord_id = cl_ord_id.into();
        self
    }

    /// The `ClOrdID (11)` that the order goes by.
    #[must_use]
    pub fn cl_ord_id(&self) -> &str {
        &self.cl_ord_id
    }

    /// The total quantity, which is what an amendment names, of an order that has this much filled and shall have this
    /// much open. Nothing open would cancel it, and is refused: that is what [`cancel`](PlacedOrder::cancel) is for.
    pub fn total(&self, filled: Quantity, open: Quantity) -> Result<Quantity, OrderError> {
        if filled < Quantity::ZERO {
            return Err(OrderError::value("CumQty (14)", &filled, "contracts, 0 or more"));
        }
        check::quantity(D::PRODUCT, open)?;
        let total = filled.checked_add(open);
        total.ok_or_else(|| {
            OrderError::value(
                check::ORDER_QTY,
                &open,
                "a quantity whose sum with the filled one is exact",
            )
        })
    }

    /// `OrderCancelReplaceRequest (G)`: another total quantity (filled *and* open, see [`total`](PlacedOrder::total)),
    /// or another price, or both. The price stays where none is given. More quantity forfeits the place in the queue; a
    /// total that equals what is filled cancels the order, and one below it is rejected.
    pub fn amend<'a>(
        &'a self,
        cl_ord_id: &'a str,
        total: Quantity,
        price: Option<Price>,
        unit: PriceUnit,
    ) -> Result<D::OrderCancelReplaceRequest<'a>, OrderError> {
        self.check(cl_ord_id)?;
        let total = check::quantity(D::PRODUCT, total)?;
        let units = PriceUnits::new(D::PRODUCT, unit);
        let price = price
            .map(|price| check::price(units, self.grid.as_ref(), price))
            .transpose()?;
        Ok(D::replace(self, cl_ord_id, total, price))
    }

    /// `OrderCancelRequest (F)`: cancels what is open of it.
    pub fn cancel<'a>(&'a self, cl_ord_id: &'a str) -> Result<D::OrderCancelRequest<'a>, OrderError> {
        self.check(cl_ord_id)?;
        Ok(D::cancel(self, cl_ord_id))
    }

    fn check(&self, cl_ord_id: &str) -> Result<(), OrderError> {
        check::identifier(check::CL_ORD_ID, cl_ord_id)?;
        check::identifier(check::ORIG_CL_ORD_ID, &self.cl_ord_id)?;
        if cl_ord_id == self.cl_ord_id {
            let expected = "an id of the request's own, other than the order's";
            return Err(OrderError::value(
                check::CL_ORD_ID,
                &format!("{cl_ord_id:?}"),
                expected,
            ));
        }
        check::symbol(&self.symbol)?;
        check::account(D::PRODUCT, &self.account)
    }
}

impl PlacedOrder<Prediction> {
    /// The same, on the shard of this exchange index: `ExDestination (100)`.
    pub fn exchange_index(mut self, index: u16) -> Self {
        self.exchange_index = Some(index);
        self
    }
}

/// `OrderMassCancelRequest (q)`: cancels every order of the session, on every shard. On `KalshiNR` only, and at most one
/// a second.
pub fn mass_cancel<D: OrderProduct>(cl_ord_id: &str) -> Result<D::OrderMassCancelRequest<'_>, OrderError> {
    check::identifier(check::CL_ORD_ID, cl_ord_id)?;
    Ok(D::mass_cancel(cl_ord_id))
}

#[cfg(test)]
mod tests {
    use fix_dialect::Timestamp;

    use super::*;
    use crate::margin::Margin;
    use crate::orders::LimitOrder;
    use crate::prediction::fields;

    fn now() -> Timestamp {
        Timestamp::parse(b"20260817-16:00:00").expect("a time")
    }

    fn placed() -> PlacedOrder<Prediction> {
        let ten = Quantity::from_whole(10);
        LimitOrder::buy_no("M", ten, "0.43".parse().unwrap())
            .exchange_index(1)
            .account(Account::Subaccount(7))
            .on_grid(&TickGrid::LINEAR_CENT)
            .placed("1", now())
            .expect("an order")
            .order_id("venue-1")
    }

    #[test]
    fn an_amendment_repeats_what_must_match_and_names_the_total() {
        let placed = placed();
        let total = placed
            .total("2.50".parse().unwrap(), "5".parse().unwrap())
            .unwrap();
        let message = placed
            .amend("2", total, Some("0.58".parse().unwrap()), PriceUnit::Cents)
            .unwrap();
        assert_eq!(message.order_qty.to_string(), "7.50");
        assert_eq!(
            message.price.map(|price| price.to_string()).as_deref(),
            Some("58")
        );
        assert_eq!(
            (message.cl_ord_id, message.orig_cl_ord_id),
            ("2".into(), "1".into())
        );
        assert_eq!(
            (message.side, message.alloc_account, message.ex_destination),
            (fields::Side::Sell, Some(7), Some(1))
        );
        assert_eq!(message.order_id, Some("venue-1".into()));
        let same_price = placed.amend("2", total, None, PriceUnit::Cents).unwrap();
        assert_eq!(same_price.price, None);
    }

    #[test]
    fn a_cancellation_goes_by_the_current_id() {
        let placed = placed().replaced_by("2");
        let message = placed.cancel("3").unwrap();
        assert_eq!(
            (message.cl_ord_id, message.orig_cl_ord_id),
            ("3".into(), "2".into())
        );
        assert_eq!(
            (message.ex_destination, message.alloc_account),
            (Some(1), Some(7))
        );
        let margin = PlacedOrder::<Margin>::new("1", "BTC-PERP", Side::Buy);
        assert_eq!(margin.cancel("2").unwrap().side, crate::margin::fields::Side::Buy);
    }

    #[test]
    fn mistakes_are_refused() {
        let placed = placed();
        let check = |error: OrderError, expected: &str| assert_eq!(error.to_string(), expected);
        let one = Quantity::from_whole(1);
        check(
            placed.cancel("1").map(|_| ()).unwrap_err(),
            "ClOrdID (11) is \"1\": expected an id of the request's own, other than the order's",
        );
        check(
            placed
                .amend("2", Quantity::ZERO, None, PriceUnit::Dollars)
                .map(|_| ())
                .unwrap_err(),
            "OrderQty (38) is 0: expected a multiple of 0.01 contracts above zero",
        );
        check(
            placed
                .amend("2", one, Some("0.575".parse().unwrap()), PriceUnit::Dollars)
                .map(|_| ())
                .unwrap_err(),
            "Price (44) is 0.575: expected a price on the market's grid, such as 0.5700 or 0.5800",
        );
        check(
            placed.total(one, Quantity::ZERO).unwrap_err(),
            "OrderQty (38) is 0: expected a multiple of 0.01 contracts above zero",
        );
        check(
            placed.total(Quantity::from_whole(-1), one).unwrap_err(),
            "CumQty (14) is -1: expected contracts, 0 or more",
        );
        check(
            mass_cancel::<Margin>("").map(|_| ()).unwrap_err(),
            "ClOrdID (11) is \"\": expected 1 to 64 printable ASCII characters without spaces",
        );
        assert_eq!(mass_cancel::<Prediction>("9").unwrap().cl_ord_id, "9");
    }
}
