//! What was let through, and is not known yet to whoever tracks orders.

use std::collections::VecDeque;
use std::time::Duration;

use super::open::{OpenOrder, OpenOrders};
use crate::environment::Product;
use crate::units::Money;

/// Orders and amendments that were let through and may be open, and that [`OpenOrders`] does not show yet: they count until
/// it has [heard](OpenOrders::has_heard_of) of them, until they are taken back or refused, or until their time is over.
#[derive(Clone, Debug, Default)]
pub(super) struct Unheard {
    last: u64,
    /// The oldest first.
    messages: VecDeque<Message>,
}

#[derive(Clone, Debug)]
struct Message {
    place: Place,
    cl_ord_id: Box<str>,
    /// It is an order, and no amendment of one.
    is_order: bool,
    /// What it can cost at most, if that can be reckoned.
    cost: Option<Money>,
    /// The identifier was used before: that somebody has heard of it says nothing about this message.
    is_reused: bool,
}

/// One of them. Its time as well as its number, so that it is none of those of limits that took the place of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    number: u64,
    until: Duration,
}

impl Unheard {
    /// Lets go of what is known by now, and of what is over.
    pub(super) fn update<O: OpenOrders + ?Sized>(&mut self, now: Duration, open: &O) {
        self.messages.retain(|message| {
            now < message.place.until && (message.is_reused || !open.has_heard_of(&message.cl_ord_id))
        });
    }

    /// Takes note of a message, and returns where it is. The oldest makes room where there is none:
    /// [`is_full`](Unheard::is_full).
    pub(super) fn add<O: OpenOrders + ?Sized>(
        &mut self,
        now: Duration,
        cl_ord_id: &str,
        is_order: bool,
        cost: Option<Money>,
        open: &O,
    ) -> Place {
        self.last += 1;
        let place = Place {
            number: self.last,
            until: now.saturating_add(COUNTED_FOR),
        };
        if self.is_full() {
            self.messages.pop_front();
        }
        self.messages.push_back(Message {
            place,
            cl_ord_id: cl_ord_id.into(),
            is_order,
            cost,
            is_reused: open.has_heard_of(cl_ord_id),
        });
        place
    }

    /// It was not sent after all.
    pub(super) fn remove(&mut self, place: Place) {
        self.messages.retain(|message| message.place != place);
    }

    /// It was refused. A refusal that names it by its identifier alone could be that of another message under it, as long as
    /// there is one that nobody has heard of: then all of them count on.
    pub(super) fn refused(&mut self, refused: Refused) {
        let Refused { place, names } = refused;
        if names == Names::ClOrdId {
            let of = |message: &&Message| message.place == place;
            let Some(id) = self.messages.iter().find(of).map(|message| &message.cl_ord_id) else {
                return;
            };
            let under_it = self.messages.iter().filter(|message| message.cl_ord_id == *id);
            if under_it.count() > 1 {
                return;
            }
        }
        self.remove(place);
    }

    pub(super) fn is_full(&self) -> bool {
        self.messages.len() >= MOST_UNHEARD
    }

    /// How many there are, amendments among them.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// When the last of the orders among them counts no more, whatever is heard.
    pub(super) fn last_order_until(&self) -> Option<Duration> {
        let orders = self.messages.iter().filter(|message| message.is_order);
        orders.map(|message| message.place.until).max()
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

/// That a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) place: Place,
    pub(super) names: Names,
}

/// How a refusal says which message it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Names {
    /// By its `MsgSeqNum (34)`, as RefSeqNum (45) of a `Reject (3)` or a `BusinessMessageReject (j)` does: it is that message
    /// and no other.
    SequenceNumber,
    /// By its `ClOrdID (11)`, as an `ExecutionReport (8)` and an `OrderCancelReject (9)` do: it could be another one under the
    /// same identifier.
    ClOrdId,
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
