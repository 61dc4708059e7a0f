//! What is open: told by whoever tracks orders.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::intent::most_it_can_cost;
use crate::environment::Product;
use crate::orders::{Account, OrderProduct, PlacedOrder, Side};
use crate::units::{Money, Price, Quantity};

/// An order that may still trade: acknowledged or not, and also one whose outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenOrder<'a> {
    /// The `ClOrdID (11)` that it goes by.
    pub cl_ord_id: Cow<'a, str>,
    /// The venue's `OrderID (37)`, where it is known.
    pub order_id: Option<Cow<'a, str>>,
    /// Its market.
    pub symbol: Cow<'a, str>,
    /// Its side.
    pub side: Side,
    /// What is open of it.
    pub open: Quantity,
    /// Its limit in dollars.
    pub price: Price,
    /// Whose it is.
    pub account: Account,
    /// Its exchange index, if it named one.
    pub exchange_index: Option<u16>,
}

impl<'a> OpenOrder<'a> {
    /// An order of the primary account that named no shard, and whose `OrderID (37)` is not known.
    #[must_use]
    pub fn new(
        cl_ord_id: impl Into<Cow<'a, str>>,
        symbol: impl Into<Cow<'a, str>>,
        side: Side,
        open: Quantity,
        price: Price,
    ) -> OpenOrder<'a> {
        OpenOrder {
            cl_ord_id: cl_ord_id.into(),
            order_id: None,
            symbol: symbol.into(),
            side,
            open,
            price,
            account: Account::Primary,
            exchange_index: None,
        }
    }

    /// The same, owned.
    #[must_use]
    pub fn into_owned(self) -> OpenOrder<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        OpenOrder {
            cl_ord_id: owned(self.cl_ord_id),
            order_id: self.order_id.map(owned),
            symbol: owned(self.symbol),
            side: self.side,
            open: self.open,
            price: self.price,
            account: self.account,
            exchange_index: self.exchange_index,
        }
    }

    /// What is needed to cancel it.
    pub fn placed<D: OrderProduct>(&self) -> PlacedOrder<D> {
        let placed =
            PlacedOrder::new(&*self.cl_ord_id, &*self.symbol, self.side).account(self.account.clone());
        let placed = match &self.order_id {
            Some(id) => placed.order_id(&**id),
            None => placed,
        };
        placed.routed_to(self.exchange_index)
    }
}

/// Whoever knows which orders are open.
pub trait OpenOrders {
    /// How many there are.
    fn count(&self) -> usize;

    /// Shows each of them.
    fn visit(&self, visitor: &mut dyn FnMut(&OpenOrder<'_>));

    /// Whether it knows what has become of an order or an amendment that was sent under this `ClOrdID (11)`: that it is
    /// open, has ended or was refused. Until then the message counts beside what is open, for a minute at most. By default:
    /// whether an order is open under it; who remembers others too lets go of them sooner.
    fn has_heard_of(&self, cl_ord_id: &str) -> bool {
        let mut found = false;
        self.visit(&mut |order| found |= order.cl_ord_id == cl_ord_id);
        found
    }

    /// Whether it hears of what is sent at all. If not, what was let through does not count.
    fn is_told(&self) -> bool {
        true
    }

    /// What they can cost together at most, if it can be reckoned.
    fn notional(&self, product: Product) -> Option<Money> {
        let mut sum = Some(Money::ZERO);
        self.visit(&mut |order| {
            let cost = most_it_can_cost(product, order.side, order.open, order.price);
            sum = sum.zip(cost).and_then(|(sum, cost)| sum.checked_add(cost));
        });
        sum
    }
}

impl OpenOrders for [OpenOrder<'_>] {
    fn count(&self) -> usize {
        self.len()
    }

    fn visit(&self, visitor: &mut dyn FnMut(&OpenOrder<'_>)) {
        self.iter().for_each(visitor);
    }
}

impl OpenOrders for Vec<OpenOrder<'_>> {
    fn count(&self) -> usize {
        self.len()
    }

    fn visit(&self, visitor: &mut dyn FnMut(&OpenOrder<'_>)) {
        self.iter().for_each(visitor);
    }
}

/// Such as the tracker of a session's task, which the limits of the client look at too. Whoever has it locked must not send
/// meanwhile: the limits would wait for the lock.
impl<O: OpenOrders + ?Sized> OpenOrders for Mutex<O> {
    fn count(&self) -> usize {
        lock(self).count()
    }

    fn visit(&self, visitor: &mut dyn FnMut(&OpenOrder<'_>)) {
        lock(self).visit(visitor);
    }

    fn has_heard_of(&self, cl_ord_id: &str) -> bool {
        lock(self).has_heard_of(cl_ord_id)
    }

    fn is_told(&self) -> bool {
        lock(self).is_told()
    }

    fn notional(&self, product: Product) -> Option<Money> {
        lock(self).notional(product)
    }
}

fn lock<O: ?Sized>(open: &Mutex<O>) -> MutexGuard<'_, O> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For those who track no orders: limits on what is open find nothing then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NothingOpen;

impl OpenOrders for NothingOpen {
    fn count(&self) -> usize {
        0
    }

    fn visit(&self, _: &mut dyn FnMut(&OpenOrder<'_>)) {}

    fn is_told(&self) -> bool {
        false
    }
}
