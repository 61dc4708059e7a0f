//! A book held against a snapshot.

use super::entry::{Entry, Side};
use super::fixed;
use super::ladder::Ladder;
use super::order_book::{Book, key};
use super::state::EntryFault;
use crate::units::{Price, Quantity};

/// A level at which a book and a snapshot differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The side.
    pub side: Side,
    /// The price.
    pub price: Price,
    /// What the book has there; zero where it has no level.
    pub book: Quantity,
    /// What the snapshot has there; zero where it has no level.
    pub snapshot: Quantity,
}

impl Book {
    /// Holds the book against a snapshot, and changes nothing: bids first, the best first on each side. A book that is
    /// right, at the moment of the snapshot, has no differences.
    ///
    /// # Errors
    ///
    /// The first entry that could not be loaded.
    ///
    /// ```
    /// use kalshi_fix::book::{Book, Entry, Side};
    /// use kalshi_fix::dialect::Decimal;
    /// use kalshi_fix::environment::Product;
    ///
    /// let bid = |size| Entry::level(Side::Bid, Decimal::new(35, 2), Decimal::from(size));
    /// let mut book = Book::new("HIGHNY-23DEC31", Product::Prediction);
    /// book.load([bid(10)])?;
    /// assert_eq!(book.verify([bid(10)])?, []);
    /// assert_eq!(book.verify([bid(11)])?[0].snapshot.to_string(), "11.00");
    /// # Ok::<(), kalshi_fix::book::EntryFault>(())
    /// ```
    pub fn verify(&self, entries: impl IntoIterator<Item = Entry>) -> Result<Vec<Difference>, EntryFault> {
        let mut other = Book::new(self.symbol().clone(), self.product());
        other.load(entries)?;
        Ok(self.differences(&other))
    }

    /// The levels at which two books differ: this one's under `book`, the other one's under `snapshot`.
    #[must_use]
    pub fn differences(&self, other: &Book) -> Vec<Difference> {
        let mut differences = Vec::new();
        for side in [Side::Bid, Side::Offer] {
            compare(side, self.ladder(side), other.ladder(side), &mut differences);
        }
        differences
    }
}

/// Goes down both ladders at once.
fn compare(side: Side, book: &Ladder, snapshot: &Ladder, differences: &mut Vec<Difference>) {
    let (mut ours, mut theirs) = (book.iter().peekable(), snapshot.iter().peekable());
    loop {
        let at = match (ours.peek(), theirs.peek()) {
            (None, None) => return,
            (Some((ours, _)), Some((theirs, _))) => *ours.max(theirs),
            (Some((only, _)), None) | (None, Some((only, _))) => *only,
        };
        let size = |level: Option<(i64, i64)>| level.map_or(0, |(_, size)| size);
        let ours = size(ours.next_if(|(key, _)| *key == at));
        let theirs = size(theirs.next_if(|(key, _)| *key == at));
        if ours != theirs {
            differences.push(Difference {
                side,
                price: fixed::price(key(side, at)),
                book: fixed::quantity(ours),
                snapshot: fixed::quantity(theirs),
            });
        }
    }
}
