//! A prediction book for those who trade NO.

use super::entry::Side;
use super::fixed;
use super::order_book::{self, Book, Level, ONE_DOLLAR};
use crate::units::{Price, Quantity};

/// A prediction market's book in NO terms: a bid for NO is an offer of YES at a dollar less, and the other way about.
///
/// It is a view: nothing is copied, and both speak of the same orders.
#[derive(Clone, Copy, Debug)]
pub struct NoView<'a> {
    pub(super) book: &'a Book,
}

impl<'a> NoView<'a> {
    /// The highest bid for NO: one dollar less the lowest offer of YES.
    #[must_use]
    pub fn best_bid(&self) -> Option<Level> {
        self.best(Side::Bid)
    }

    /// The lowest offer of NO: one dollar less the highest bid for YES.
    #[must_use]
    pub fn best_offer(&self) -> Option<Level> {
        self.best(Side::Offer)
    }

    /// The best level of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Level> {
        let yes = side.opposite();
        self.book.ladder(yes).best().map(|level| mirrored(yes, level))
    }

    /// The levels of a side, the best first.
    #[must_use]
    pub fn levels(&self, side: Side) -> impl DoubleEndedIterator<Item = Level> + Clone + use<'a> {
        let (book, yes) = (self.book, side.opposite());
        book.ladder(yes).iter().map(move |level| mirrored(yes, level))
    }

    /// What is wanted or offered at a price of NO; zero where there is no level.
    #[must_use]
    pub fn size_at(&self, side: Side, price: Price) -> Quantity {
        price
            .complement()
            .map_or(Quantity::ZERO, |yes| self.book.size_at(side.opposite(), yes))
    }

    /// The price in the middle between the best bid and the best offer.
    #[must_use]
    pub fn mid(&self) -> Option<Price> {
        self.book.mid().and_then(Price::complement)
    }

    /// The best offer less the best bid: what it is for YES.
    #[must_use]
    pub fn spread(&self) -> Option<Price> {
        self.book.spread()
    }

    /// The book in YES terms.
    #[must_use]
    pub fn yes(&self) -> &'a Book {
        self.book
    }
}

/// The level of NO that a level of this side of YES is.
fn mirrored(yes: Side, (key, size): (i64, i64)) -> Level {
    Level {
        price: fixed::price(ONE_DOLLAR - order_book::key(yes, key)),
        size: fixed::quantity(size),
    }
}
