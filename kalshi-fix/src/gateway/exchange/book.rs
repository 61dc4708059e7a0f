//! One market's order book: price levels, each a queue in order of arrival.

use std::collections::{BTreeMap, HashMap};

use super::order::{OrderId, SelfTradeGroup, Side};
use super::units::{Price, Quantity};

/// The resting orders of a market by price and time.
///
/// It knows of an order only what matching needs, and remembers which levels changed since the changes were last
/// [taken](Book::take_changes), for the market data feed.
#[derive(Debug, Default)]
pub struct Book {
    bids: BTreeMap<Price, Level>,
    offers: BTreeMap<Price, Level>,
    places: HashMap<OrderId, Place>,
    /// The next place in a queue. One counter for the whole book: an order's place is unique and only grows.
    arrivals: u64,
    /// The levels touched since the last look, with the size that they had then.
    touched: BTreeMap<(Side, Price), Quantity>,
}

/// An order at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resting {
    /// The order.
    pub order: OrderId,
    /// Whose it is, to prevent self-trades.
    pub group: SelfTradeGroup,
    /// What is open.
    pub leaves: Quantity,
}

/// A change of a level's size. A size of zero says that the level is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelChange {
    /// Bids or offers.
    pub side: Side,
    /// The level.
    pub price: Price,
    /// Whether the level was there before.
    pub existed: bool,
    /// The level's size from now on.
    pub size: Quantity,
}

#[derive(Debug, Default)]
struct Level {
    total: Quantity,
    queue: BTreeMap<u64, Resting>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    side: Side,
    price: Price,
    arrival: u64,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new() -> Book {
        Book::default()
    }

    /// The highest bid or the lowest offer.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Price> {
        match side {
            Side::Buy => self.bids.last_key_value(),
            Side::Sell => self.offers.first_key_value(),
        }
        .map(|(price, _)| *price)
    }

    /// Whether an order on `side` with this limit would find something to trade with.
    #[must_use]
    pub fn crosses(&self, side: Side, limit: Price) -> bool {
        self.best(side.opposite())
            .is_some_and(|price| reaches(side, limit, price))
    }

    /// The levels of a side with their sizes, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Quantity)> {
        self.sorted(side).map(|(price, level)| (price, level.total))
    }

    /// What an order on `side` with this limit would meet, in the order in which it would trade.
    pub fn opposite_orders(&self, side: Side, limit: Price) -> impl Iterator<Item = (Price, &Resting)> {
        self.sorted(side.opposite())
            .take_while(move |(price, _)| reaches(side, limit, *price))
            .flat_map(|(price, level)| level.queue.values().map(move |resting| (price, resting)))
    }

    /// All resting orders: bids, then offers, each in the order in which they would trade.
    #[must_use]
    pub fn orders(&self) -> Vec<OrderId> {
        let sides = self.sorted(Side::Buy).chain(self.sorted(Side::Sell));
        sides
            .flat_map(|(_, level)| level.queue.values().map(|resting| resting.order))
            .collect()
    }

    /// How many orders rest.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing rests.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Puts an order at the end of its level's queue.
    pub fn insert(&mut self, side: Side, price: Price, resting: Resting) {
        self.remove(resting.order);
        self.arrivals += 1;
        let arrival = self.arrivals;
        self.touch(side, price);
        self.places.insert(resting.order, Place { side, price, arrival });
        let level = self.side_mut(side).entry(price).or_default();
        level.total += resting.leaves;
        level.queue.insert(arrival, resting);
    }

    /// Takes `quantity` off an order, which keeps its place, and is gone when nothing is left.
    pub fn reduce(&mut self, order: OrderId, quantity: Quantity) {
        let Some(place) = self.places.get(&order).copied() else {
            return;
        };
        self.touch(place.side, place.price);
        let Some(level) = self.side_mut(place.side).get_mut(&place.price) else {
            return;
        };
        let Some(resting) = level.queue.get_mut(&place.arrival) else {
            return;
        };
        let taken = quantity.min(resting.leaves);
        resting.leaves -= taken;
        level.total -= taken;
        if !resting.leaves.is_positive() {
            self.remove(order);
        }
    }

    /// Removes an order, if it rests here.
    pub fn remove(&mut self, order: OrderId) {
        let Some(place) = self.places.remove(&order) else {
            return;
        };
        self.touch(place.side, place.price);
        let levels = self.side_mut(place.side);
        let Some(level) = levels.get_mut(&place.price) else {
            return;
        };
        if let Some(resting) = level.queue.remove(&place.arrival) {
            level.total -= resting.leaves;
        }
        if level.queue.is_empty() {
            levels.remove(&place.price);
        }
    }

    /// The levels that changed since this was last asked, bids first, each side from the lowest price up. A level that
    /// changed and changed back is left out.
    pub fn take_changes(&mut self) -> Vec<LevelChange> {
        let touched = std::mem::take(&mut self.touched);
        touched
            .into_iter()
            .filter_map(|((side, price), before)| {
                let size = self.size(side, price);
                let existed = before.is_positive();
                (size != before).then_some(LevelChange {
                    side,
                    price,
                    existed,
                    size,
                })
            })
            .collect()
    }

    fn size(&self, side: Side, price: Price) -> Quantity {
        let levels = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.offers,
        };
        levels.get(&price).map_or(Quantity::ZERO, |level| level.total)
    }

    fn touch(&mut self, side: Side, price: Price) {
        let before = self.size(side, price);
        self.touched.entry((side, price)).or_insert(before);
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<Price, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.offers,
        }
    }

    fn sorted(&self, side: Side) -> impl Iterator<Item = (Price, &Level)> {
        let (bids, offers) = match side {
            Side::Buy => (Some(self.bids.iter().rev()), None),
            Side::Sell => (None, Some(self.offers.iter())),
        };
        bids.into_iter()
            .flatten()
            .chain(offers.into_iter().flatten())
            .map(|(price, level)| (*price, level))
    }
}

/// Whether an order on `side` with this limit may trade at `price`.
fn reaches(side: Side, limit: Price, price: Price) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::OwnerId;
    use super::*;

    fn resting(order: u64, contracts: i64) -> Resting {
        let group = SelfTradeGroup {
            owner: OwnerId(1),
            party: None,
        };
        Resting {
            order: OrderId(order),
            group,
            leaves: Quantity::from_contracts(contracts),
        }
    }

    fn book(orders: &[(Side, i64, u64, i64)]) -> Book {
        let mut book = Book::new();
        for &(side, cents, order, contracts) in orders {
            book.insert(side, Price::from_cents(cents), resting(order, contracts));
        }
        book
    }

    fn queue(book: &Book, side: Side, limit: i64) -> Vec<u64> {
        book.opposite_orders(side, Price::from_cents(limit))
            .map(|(_, resting)| resting.order.0)
            .collect()
    }

    #[test]
    fn orders_are_met_by_price_then_time() {
        let book = book(&[
            (Side::Sell, 60, 1, 5),
            (Side::Sell, 59, 2, 5),
            (Side::Sell, 60, 3, 5),
            (Side::Buy, 50, 4, 5),
            (Side::Buy, 51, 5, 5),
        ]);
        assert_eq!(queue(&book, Side::Buy, 60), [2, 1, 3]);
        assert_eq!(queue(&book, Side::Buy, 59), [2]);
        assert_eq!(queue(&book, Side::Sell, 50), [5, 4]);
        assert!(book.crosses(Side::Buy, Price::from_cents(59)));
        assert!(!book.crosses(Side::Buy, Price::from_cents(58)));
    }

    #[test]
    fn a_reduced_order_keeps_its_place_and_an_inserted_one_loses_it() {
        let mut book = book(&[(Side::Sell, 60, 1, 5), (Side::Sell, 60, 2, 5)]);
        book.reduce(OrderId(1), Quantity::from_contracts(2));
        assert_eq!(queue(&book, Side::Buy, 60), [1, 2]);
        book.insert(Side::Sell, Price::from_cents(60), resting(1, 3));
        assert_eq!(queue(&book, Side::Buy, 60), [2, 1]);
        book.reduce(OrderId(2), Quantity::from_contracts(9));
        assert_eq!(queue(&book, Side::Buy, 60), [1]);
        assert_eq!(book.len(), 1);
    }

    #[test]
    fn changes_are_net() {
        let mut book = book(&[(Side::Sell, 60, 1, 5), (Side::Buy, 40, 2, 5)]);
        assert_eq!(book.take_changes().len(), 2);
        book.remove(OrderId(1));
        book.insert(Side::Sell, Price::from_cents(60), resting(3, 5));
        assert_eq!(book.take_changes(), []);
        book.remove(OrderId(3));
        let gone = LevelChange {
            side: Side::Sell,
            price: Price::from_cents(60),
            existed: true,
            size: Quantity::ZERO,
        };
        assert_eq!(book.take_changes(), [gone]);
    }
}
