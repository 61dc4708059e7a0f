//! What is open, for those who limit it.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::{Order, Tracker};
use crate::environment::Product;
use crate::limits::{OpenOrder, OpenOrders, most_it_can_cost};
use crate::orders::Account;
use crate::units::{Money, Price, Quantity};

/// All orders that have not ended, those in doubt and those under way included, with the terms last reported or, before that,
/// sent. An order shows the terms of an amend once that is accepted; what all of them can cost is reckoned with the dearer of
/// the two, for as long as the amend has no answer, or is in doubt.
///
/// Of an order that reports showed without a price, the price is shown as zero, and what is open cannot be reckoned: `notional`
/// is `None` then. So it is where an amend to what cannot be reckoned has no answer.
///
/// It has heard of what it was told of as [sent](Tracker::sent), the last 4,096 messages, and of every `ClOrdID (11)` of an
/// order that it keeps.
impl OpenOrders for Tracker {
    fn count(&self) -> usize {
        self.open_orders().count()
    }

    fn visit(&self, visitor: &mut dyn FnMut(&OpenOrder<'_>)) {
        self.open_orders()
            .map(open_order)
            .for_each(|order| visitor(&order));
    }

    fn has_heard_of(&self, cl_ord_id: &str) -> bool {
        self.by_cl_ord_id.contains_key(cl_ord_id) || self.heard_of.contains(cl_ord_id)
    }

    fn notional(&self, product: Product) -> Option<Money> {
        self.open_orders()
            .try_fold(Money::ZERO, |sum, order| sum.checked_add(cost(product, order)?))
    }
}

/// What an order can cost at most: by the terms that it has, or by those of an amend that may have been accepted.
fn cost(product: Product, order: &Order) -> Option<Money> {
    let of = |quantity, price| most_it_can_cost(product, order.side(), quantity, price);
    let mut most = of(order.leaves_qty(), order.price()?)?;
    for request in order.pending_requests() {
        let Some(total) = request.order_qty() else {
            continue;
        };
        // What is filled already costs nothing more; an amend to less than that is none.
        let open = total.checked_sub(order.cum_qty())?.max(Quantity::ZERO);
        let price = request.price().or_else(|| order.price())?;
        most = most.max(of(open, price)?);
    }
    Some(most)
}

/// The latest requests that the tracker was told of, also those that were refused, or whose orders are forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct HeardOf {
    cl_ord_ids: HashSet<Arc<str>>,
    /// The oldest first.
    order: VecDeque<Arc<str>>,
}

impl HeardOf {
    pub(super) fn note(&mut self, cl_ord_id: &str) {
        let cl_ord_id: Arc<str> = cl_ord_id.into();
        if !self.cl_ord_ids.insert(Arc::clone(&cl_ord_id)) {
            return;
        }
        self.order.push_back(cl_ord_id);
        if self.order.len() > MOST_HEARD_OF
            && let Some(oldest) = self.order.pop_front()
        {
            self.cl_ord_ids.remove(&oldest);
        }
    }

    pub(super) fn contains(&self, cl_ord_id: &str) -> bool {
        self.cl_ord_ids.contains(cl_ord_id)
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

/// As many as the limits count at most without having heard of them.
const MOST_HEARD_OF: usize = 4096;
