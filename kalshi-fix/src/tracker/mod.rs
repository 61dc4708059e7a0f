//! Orders, fills and positions, followed from what is sent and what is reported.
//!
//! A [`Tracker`] is told of every request that is sent ([`sent`](Tracker::sent)), of everything that the venue says about
//! orders, on whatever session ([`receive`](Tracker::receive)), and of what happens to the sessions
//! ([`disconnected`](Tracker::disconnected), [`connected`](Tracker::connected)). It tells in [`TrackerEvent`]s what changed. It reads
//! no clock, holds no connection, and does nothing by itself.
//!
//! ```
//! use kalshi_fix::dialect::{Decimal, Timestamp};
//! use kalshi_fix::prediction::{ExecutionReport, NewOrderSingle, fields};
//! use kalshi_fix::tracker::{OrderState, Source, Tracker, TrackerEvent, TrackerSettings};
//! use kalshi_fix::units::PriceUnit;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut tracker = Tracker::new(TrackerSettings::default());
//! let mut events = Vec::new();
//! let now = Timestamp::parse(b"20260817-16:00:00.000").unwrap();
//!
//! let (ten, price) = (Decimal::from(10), Decimal::new(55, 2));
//! let order = NewOrderSingle::new("a-1", ten, fields::OrdType::Limit, price, fields::Side::Buy, "HIGHNY-23DEC31");
//! tracker.sent(now, 2, &order, PriceUnit::Dollars, &mut events)?;
//! assert_eq!(tracker.by_cl_ord_id("a-1").unwrap().state(), OrderState::PendingNew);
//!
//! // The trade is the first that is heard of the order: its acknowledgement is folded into it.
//! let (four, six) = (Decimal::from(4), Decimal::from(6));
//! let trade = ExecutionReport {
//!     last_qty: Some(four),
//!     last_px: Some(price),
//!     misc_fees: Some(Vec::new()),
//!     ..ExecutionReport::new(
//!         price, "a-1", four, "17;2", "order-7", ten, fields::OrdStatus::PartiallyFilled, fields::Side::Buy,
//!         "HIGHNY-23DEC31", fields::ExecType::Trade, six,
//!     )
//! };
//! events.clear();
//! tracker.read(now, Source::OrderEntry, &trade, PriceUnit::Dollars, &mut events)?;
//! assert!(matches!(&events[0], TrackerEvent::Fill(fill) if fill.quantity.to_string() == "4"));
//! assert!(matches!(events[1], TrackerEvent::Changed { to: OrderState::PartiallyFilled, .. }));
//!
//! // The same report once more, from drop copy: nothing is counted twice.
//! events.clear();
//! tracker.read(now, Source::DropCopy, &trade, PriceUnit::Dollars, &mut events)?;
//! assert!(events.is_empty());
//! let position = tracker.positions().next().unwrap();
//! assert_eq!(position.net().unwrap().to_string(), "4");
//! # Ok(())
//! # }
//! ```
//!
//! # Why the order of reports does not matter
//!
//! Reports come at least once, from several sessions, in any order. What is kept of them is made of parts that merge in any
//! order and any number of times to the same:
//!
//! - A *fill* is a member of a set, named by its [`ExecId`]. Positions, fees and what is counted as filled are sums over that
//!   set. The set is remembered as far as [`TrackerSettings::remembered_fills`] goes, for each exchange index: below that, a fill is
//!   not counted and told of ([`Inconsistency::OutsideMemory`]), since it may have been counted before.
//! - What the venue *last said* of an order (status, CumQty, LeavesQty, price, identifier) is that of the highest `ExecId`.
//! - An *identifier* belongs to the order of the report that names it, and is as old as the lowest `ExecId` that does.
//! - A *request* is answered once a report carries its identifier, or a reject does; an answer is never taken back.
//! - The [state](OrderState) is no fact of its own: it follows from these.
//!
//! So a report that comes late, twice, or by another session leads to the same as one that comes when it should. Pending
//! reports and rejects have no place in that order, and are not replayed by drop copy: they only answer the request that they
//! name, and never override what a numbered report says.
//!
//! # What is not known
//!
//! [`OrderState::Unknown`] is a state of its own. A new order is unknown when its connection ended before the answer came, or
//! when the venue says EXCHANGE_UNAVAILABLE, which looks like a reject and is none. An open order is unknown while no session
//! brings its reports, once messages of a session that does are [lost](Tracker::lost_messages), and once a session is lost that was
//! there alone for a while and may have been [dead](Tracker::disconnected) already; and after that until a later
//! report shows it, until what was missed has been fetched ([`recovery`](crate::recovery)), or until the user says so
//! ([`resolve`](Tracker::resolve)). Drop copy proves a fill, and that an order was accepted; it never proves that one was not.
//!
//! # Bounds
//!
//! Orders that have ended are kept for as long as [`TrackerSettings::finished_orders`] allows, then [forgotten](TrackerEvent::Forgotten).
//! A report as old as a forgotten order never brings it back. What a peer alone can make the tracker keep is bounded by
//! [`TrackerSettings::adopted_orders`], [`TrackerSettings::positions`] and [`KEPT_IDENTIFIERS`]; of answers to requests that it was
//! not told of it keeps the last 1,024.

mod alone;
mod count;
mod coverage;
mod event;
mod exec_id;
mod fills;
mod in_doubt;
mod incoming;
mod observe;
mod open;
mod order;
mod position;
mod price;
mod receive;
mod report;
mod request;
mod sent;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod unclaimed;

pub use coverage::Source;
pub use event::{FillEvent, Inconsistency, TrackerEvent, Unattributed};
pub use exec_id::{ExecId, ExecPlace};
pub use incoming::{AsIncoming, AsRequest, ViewError};
pub use order::{KEPT_IDENTIFIERS, Order, OrderKey, PendingRequest, Rejection, RequestKind, Resolution};
pub use position::{Account, Position, Totals};
pub use report::{
    AccountRef, CancelReject, EXCHANGE_UNAVAILABLE, ExecType, Fill, Incoming, MassCancelReport, OrdStatus,
    Refusal, Report, Side,
};
pub use request::{CancelRequest, NewRequest, ReplaceRequest, Request};
pub use snapshot::RestoreError;
pub use state::{Doubt, Ended, OrderState};

pub(crate) use observe::{held_back, loses_messages};

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use coverage::{Feeds, IndexProgress};
use fills::FillMemory;
use fix_dialect::Timestamp;
use open::HeardOf;
use unclaimed::{Unclaimed, Way};

use crate::units::PriceUnit;

/// What a tracker keeps, and what it knows of the session's logon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackerSettings {
    /// How many orders that have ended are kept; 10,000 by default.
    pub finished_orders: usize,
    /// How many fills of each exchange index are remembered, so as to count none twice; 65,536 by default.
    pub remembered_fills: usize,
    /// How many orders are kept at most before reports of orders that were not sent from here are no longer
    /// [adopted](TrackerEvent::Adopted); 100,000 by default.
    pub adopted_orders: usize,
    /// How many positions are kept at most; 65,536 by default.
    pub positions: usize,
    /// The logon set EnableIocCancelReport: the rest of a partly filled
    /// immediate-or-cancel order is reported as cancelled. Without it, which is the default, it ends without a word, as it
    /// does where that report was missed and cannot be fetched.
    pub ioc_cancel_reports: bool,
    /// Without such reports: how long after its last trade an immediate-or-cancel order counts as ended
    /// ([`Tracker::advance`]); one second by default. A trade that comes later still counts.
    pub immediate_grace: Duration,
}

impl Default for TrackerSettings {
    fn default() -> TrackerSettings {
        TrackerSettings {
            finished_orders: 10_000,
            remembered_fills: 65_536,
            adopted_orders: 100_000,
            positions: 65_536,
            ioc_cancel_reports: false,
            immediate_grace: Duration::from_secs(1),
        }
    }
}

/// Follows orders, fills and positions. See the [module](self).
#[derive(Clone, Debug)]
pub struct Tracker {
    settings: TrackerSettings,
    orders: BTreeMap<OrderKey, Order>,
    next_key: u64,
    by_order_id: HashMap<Box<str>, OrderKey>,
    by_cl_ord_id: HashMap<Box<str>, Named>,
    /// Orders that have ended, the oldest first.
    finished: VecDeque<OrderKey>,
    forgotten: u64,
    /// Immediate orders with a fill, whose rest may end without a report.
    immediate: Vec<OrderKey>,
    mass_cancels: VecDeque<Box<str>>,
    heard_of: HeardOf,
    unclaimed: Unclaimed,
    fills: FillMemory,
    indexes: Vec<IndexProgress>,
    positions: Vec<Position>,
    by_market: HashMap<Arc<str>, Vec<usize>>,
    feeds: Feeds,
}

/// What a ClOrdID names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    order: OrderKey,
    kind: NamedKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamedKind {
    /// The order as it was sent, or as reports name it.
    Order,
    /// An amend or a cancel.
    Request,
}

impl Tracker {
    /// A tracker of nothing.
    #[must_use]
    pub fn new(settings: TrackerSettings) -> Tracker {
        Tracker {
            fills: FillMemory::new(settings.remembered_fills),
            settings,
            orders: BTreeMap::new(),
            next_key: 0,
            by_order_id: HashMap::new(),
            by_cl_ord_id: HashMap::new(),
            finished: VecDeque::new(),
            forgotten: 0,
            immediate: Vec::new(),
            mass_cancels: VecDeque::new(),
            heard_of: HeardOf::default(),
            unclaimed: Unclaimed::default(),
            indexes: Vec::new(),
            positions: Vec::new(),
            by_market: HashMap::new(),
            feeds: Feeds::default(),
        }
    }

    /// As [`receive`](Tracker::receive), of a typed message. A message that says nothing about orders changes nothing.
    ///
    /// # Errors
    ///
    /// Where the message cannot be read: then nothing was changed.
    pub fn read(
        &mut self,
        now: Timestamp,
        source: Source,
        message: &impl AsIncoming,
        unit: PriceUnit,
        events: &mut Vec<TrackerEvent>,
    ) -> Result<(), ViewError> {
        let way = Way::first(source);
        self.read_by(now, way, message, unit, events)
    }

    /// As [`read`](Tracker::read), of what may have come before.
    fn read_by(
        &mut self,
        now: Timestamp,
        way: Way,
        message: &impl AsIncoming,
        unit: PriceUnit,
        events: &mut Vec<TrackerEvent>,
    ) -> Result<(), ViewError> {
        if let Some(incoming) = message.as_incoming(unit)? {
            self.take_in(now, way, &incoming, events);
        }
        Ok(())
    }

    /// An order by its key.
    #[must_use]
    pub fn order(&self, key: OrderKey) -> Option<&Order> {
        self.orders.get(&key)
    }

    /// An order by OrderID (37).
    #[must_use]
    pub fn by_order_id(&self, order_id: &str) -> Option<&Order> {
        self.orders.get(self.by_order_id.get(order_id)?)
    }

    /// An order by a ClOrdID (11) that it has or had, or by that of an amend or a cancel of it that is under way.
    #[must_use]
    pub fn by_cl_ord_id(&self, cl_ord_id: &str) -> Option<&Order> {
        self.orders.get(&self.by_cl_ord_id.get(cl_ord_id)?.order)
    }

    /// All orders that are kept, in the order in which they became known.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// The orders that are open or may be: all that have not ended, those in doubt and those under way included.
    pub fn open_orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values().filter(|order| !order.state.is_final())
    }

    /// What was traded, by market and account, in the order of the first trades.
    pub fn positions(&self) -> impl Iterator<Item = &Position> {
        self.positions.iter()
    }

    /// What was traded in a market for an account.
    #[must_use]
    pub fn position(&self, symbol: &str, account: AccountRef<'_>) -> Option<&Position> {
        let candidates = self.by_market.get(symbol)?;
        let mut candidates = candidates.iter().map(|at| &self.positions[*at]);
        candidates.find(|position| position.account.borrow() == account)
    }

    /// The highest fill of an exchange index that is no longer remembered: an older one is not counted.
    #[must_use]
    pub fn watermark(&self, exchange_index: u32) -> Option<ExecId> {
        let place = self.fills.watermark(exchange_index)?;
        Some(ExecId::at(exchange_index, place))
    }

    /// How many orders have been forgotten.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// What it keeps.
    #[must_use]
    pub fn settings(&self) -> &TrackerSettings {
        &self.settings
    }

    /// Tells the state of an order anew after a change, and keeps book of those that have ended.
    fn settle(&mut self, key: OrderKey, changed: bool, known: bool, events: &mut Vec<TrackerEvent>) {
        let coverage = self.feeds.coverage();
        let Some(order) = self.orders.get_mut(&key) else {
            return;
        };
        let (from, to) = (order.state, order.derive_state(coverage));
        order.state = to;
        if from != to || changed || !known {
            events.push(TrackerEvent::Changed {
                order: key,
                from: known.then_some(from),
                to,
            });
        }
        if to.is_final() && !order.is_retired {
            order.is_retired = true;
            self.finished.push_back(key);
            while self.finished.len() > self.settings.finished_orders {
                self.forget_oldest(events);
            }
        }
    }

    fn forget_oldest(&mut self, events: &mut Vec<TrackerEvent>) {
        let Some(key) = self.finished.pop_front() else {
            return;
        };
        let Some(order) = self.orders.get_mut(&key) else {
            return;
        };
        if !order.state.is_final() {
            // It was taken for ended, and is not: a later report or a new attempt showed it.
            order.is_retired = false;
            return;
        }
        if let Some(exec_id) = order.last_exec_id() {
            self.forgot(exec_id);
        }
        let Some(order) = self.orders.remove(&key) else {
            return;
        };
        if let Some(order_id) = &order.order_id {
            self.by_order_id.remove(order_id);
        }
        let requests = order.requests.iter().map(PendingRequest::cl_ord_id);
        for cl_ord_id in order.identifiers().chain(requests) {
            self.unname(cl_ord_id, key);
        }
        if let Some(entry) = &order.entry {
            self.unname(&entry.cl_ord_id, key);
        }
        self.immediate.retain(|immediate| *immediate != key);
        self.forgotten += 1;
        events.push(TrackerEvent::Forgotten { order: key });
    }

    /// Lets go of an identifier, unless it names another order by now.
    fn unname(&mut self, cl_ord_id: &str, order: OrderKey) {
        if self
            .by_cl_ord_id
            .get(cl_ord_id)
            .is_some_and(|named| named.order == order)
        {
            self.by_cl_ord_id.remove(cl_ord_id);
        }
    }

    fn next_key(&mut self) -> OrderKey {
        self.next_key += 1;
        OrderKey(self.next_key)
    }

    /// The position of a market and account; `None` where there is no room for one more.
    fn position_at(&mut self, symbol: &Arc<str>, account: &Account) -> Option<usize> {
        let known = self.by_market.get(symbol).and_then(|candidates| {
            let mut candidates = candidates.iter().copied();
            candidates.find(|at| self.positions[*at].account == *account)
        });
        if known.is_some() {
            return known;
        }
        if self.positions.len() >= self.settings.positions {
            return None;
        }
        let at = self.positions.len();
        self.positions
            .push(Position::new(Arc::clone(symbol), account.clone()));
        self.by_market.entry(Arc::clone(symbol)).or_default().push(at);
        Some(at)
    }

    /// The market's name, shared where it is known.
    fn symbol(&self, symbol: &str) -> Arc<str> {
        match self.by_market.get_key_value(symbol) {
            Some((known, _)) => Arc::clone(known),
            None => symbol.into(),
        }
    }
}
