//! What is open, for those who limit it.

use std::borrow::Cow;

use super::{Order, Tracker};
use crate::environment::Product;
use crate::limits::{OpenOrder, OpenOrders};
use crate::orders::Account;
use crate::units::{Money, Price};

/// All orders that have not ended, those in doubt and those under way included, with the terms last reported or, before that,
/// sent. An amend counts once it is accepted.
///
/// Of an order that reports showed without a price, the price is shown as zero, and what is open cannot be reckoned: `notional`
/// is `None` then.
impl OpenOrders for Tracker {
    fn count(&self) -> usize {
        self.open_orders().count()
    }

    fn visit(&self, visitor: &mut dyn FnMut(&OpenOrder<'_>)) {
        self.open_orders()
            .map(open_order)
            .for_each(|order| visitor(&order));
    }

    fn notional(&self, product: Product) -> Option<Money> {
        let open: Vec<OpenOrder<'_>> = self
            .open_orders()
            .map(|order| order.price().map(|_| open_order(order)))
            .collect::<Option<_>>()?;
        open.notional(product)
    }
}

fn open_order(order: &Order) -> OpenOrder<'_> {
    let price = order.price().unwrap_or(Price::ZERO);
    let quantity = order.leaves_qty();
    let mut open = OpenOrder::new(order.cl_ord_id(), order.symbol(), order.side(), quantity, price);
    open.order_id = order.order_id().map(Cow::Borrowed);
    open.account = match (&order.account().party, order.account().subaccount) {
        (Some(party), _) => Account::Customer(party.to_string()),
        (None, 0) => Account::Primary,
        (None, subaccount) => Account::Subaccount(subaccount),
    };
    // Index 0 is where a request goes that names none.
    let index = order.last_exec_id().map(|exec_id| exec_id.exchange_index());
    open.exchange_index = index
        .filter(|index| *index != 0)
        .and_then(|index| index.try_into().ok());
    open
}
