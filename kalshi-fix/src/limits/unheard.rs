//! What was let through, and is not known yet to whoever tracks orders.

use std::collections::VecDeque;
use std::time::Duration;

use super::open::{OpenOrder, OpenOrders};
use crate::environment::Product;
use crate::units::Money;

/// Orders and amendments that were let through and may be open, and that [`OpenOrders`] does not show yet: they count until
/// it has [heard](OpenOrders::has_heard_of) of them, until they are taken back, or until their time is over.
#[derive(Clone, Debug, Default)]
pub(super) struct Unheard {
    last: u64,
    /// The oldest first.
    messages: VecDeque<Message>,
}

#[derive(Clone, Debug)]
struct Message {
    number: u64,
    cl_ord_id: Box<str>,
    /// It is an order, and no amendment of one.
    is_order: bool,
    /// What it can cost at most, if that can be reckoned.
    cost: Option<Money>,
    /// The identifier was used before: that somebody has heard of it says nothing about this message.
    is_reused: bool,
    until: Duration,
}

impl Unheard {
    /// Lets go of what is known by now, and of what is over.
    pub(super) fn update<O: OpenOrders + ?Sized>(&mut self, now: Duration, open: &O) {
        self.messages.retain(|message| {
            now < message.until && (message.is_reused || !open.has_heard_of(&message.cl_ord_id))
        });
    }

    /// Takes note of a message, and returns what it goes by here. The oldest makes room where there is none:
    /// [`is_full`](Unheard::is_full).
    pub(super) fn add<O: OpenOrders + ?Sized>(
        &mut self,
        now: Duration,
        cl_ord_id: &str,
        is_order: bool,
        cost: Option<Money>,
        open: &O,
    ) -> u64 {
        self.last += 1;
        if self.is_full() {
            self.messages.pop_front();
        }
        self.messages.push_back(Message {
            number: self.last,
            cl_ord_id: cl_ord_id.into(),
            is_order,
            cost,
            is_reused: open.has_heard_of(cl_ord_id),
            until: now.saturating_add(COUNTED_FOR),
        });
        self.last
    }

    /// It was not sent after all.
    pub(super) fn remove(&mut self, number: u64) {
        self.messages.retain(|message| message.number != number);
    }

    pub(super) fn is_full(&self) -> bool {
        self.messages.len() >= MOST_UNHEARD
    }

    /// How many of them are orders.
    pub(super) fn orders(&self) -> usize {
        self.messages.iter().filter(|message| message.is_order).count()
    }

    /// What they can cost together at most, if it can be reckoned.
    pub(super) fn cost(&self) -> Option<Money> {
        let mut messages = self.messages.iter();
        messages.try_fold(Money::ZERO, |sum, message| sum.checked_add(message.cost?))
    }
}

/// What is open, and as many orders more of which nothing is known but that there are.
pub(super) struct WithUnheard<'o, O: ?Sized> {
    pub(super) open: &'o O,
    pub(super) orders: usize,
}

impl<O: OpenOrders + ?Sized> OpenOrders for WithUnheard<'_, O> {
    fn count(&self) -> usize {
        self.open.count().saturating_add(self.orders)
    }

    fn visit(&self, visitor: &mut dyn FnMut(&OpenOrder<'_>)) {
        self.open.visit(visitor);
    }

    fn notional(&self, product: Product) -> Option<Money> {
        self.open.notional(product)
    }
}

/// How long a message counts as open of which whoever tracks orders never hears: an answer that comes at all has come by then.
pub(super) const COUNTED_FOR: Duration = Duration::from_mins(1);
/// So that what nobody tracks has a bound.
pub(super) const MOST_UNHEARD: usize = 4096;
