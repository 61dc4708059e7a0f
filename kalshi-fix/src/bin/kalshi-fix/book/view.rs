//! A book as it is looked at: in the terms of those who trade YES, or NO, with as many levels as there is room for.

use kalshi_fix::book::{Aggressor, Book, Level, Side, Trade};
use kalshi_fix::dialect::Decimal;
use kalshi_fix::units::Price;

/// In whose terms prices are shown. Margin knows none but the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Terms {
    #[default]
    Yes,
    No,
}

impl Terms {
    pub(super) const fn other(self) -> Terms {
        match self {
            Terms::Yes => Terms::No,
            Terms::No => Terms::Yes,
        }
    }
}

/// The best levels of a book, the best first, and what follows from them.
pub(super) struct View {
    pub(super) bids: Vec<Level>,
    pub(super) offers: Vec<Level>,
    pub(super) mid: Option<Price>,
    pub(super) spread: Option<Price>,
    pub(super) is_crossed: bool,
    pub(super) is_locked: bool,
    /// How many decimals prices and sizes are shown with.
    pub(super) price_decimals: usize,
    pub(super) size_decimals: usize,
}

impl View {
    pub(super) fn of(book: &Book, terms: Terms, levels: usize) -> View {
        let side = |side| -> Vec<Level> {
            match (terms, book.no()) {
                (Terms::No, Some(no)) => no.levels(side).take(levels).collect(),
                _ => book.levels(side).take(levels).collect(),
            }
        };
        let mid = match (terms, book.no()) {
            (Terms::No, Some(no)) => no.mid(),
            _ => book.mid(),
        };
        // More levels than are shown have a say, so that the columns stand still.
        let looked_at = || book.bids().take(LOOKED_AT).chain(book.offers().take(LOOKED_AT));
        View {
            bids: side(Side::Bid),
            offers: side(Side::Offer),
            mid,
            spread: book.spread(),
            is_crossed: book.is_crossed(),
            is_locked: book.is_locked(),
            price_decimals: decimals(looked_at().map(|level| level.price.dollars())).max(2),
            size_decimals: decimals(looked_at().map(|level| level.size.contracts())),
        }
    }
}

/// A trade in these terms: who buys YES sells NO.
pub(super) fn traded(trade: &Trade, terms: Terms) -> (Price, Option<Aggressor>) {
    match (terms, trade.price.complement()) {
        (Terms::No, Some(price)) => {
            let aggressor = match trade.aggressor {
                Some(Aggressor::Buy) => Some(Aggressor::Sell),
                Some(Aggressor::Sell) => Some(Aggressor::Buy),
                other => other,
            };
            (price, aggressor)
        }
        _ => (trade.price, trade.aggressor),
    }
}

/// A number with so many decimals, or with more where it has more: none is rounded.
pub(super) fn shown(number: Decimal, decimals: usize) -> String {
    let decimals = decimals.max(number.normalize().scale() as usize);
    format!("{number:.decimals$}")
}

fn decimals(numbers: impl Iterator<Item = Decimal>) -> usize {
    numbers
        .map(|number| number.normalize().scale() as usize)
        .max()
        .unwrap_or_default()
}

/// How many levels of each side decide on the number of decimals.
const LOOKED_AT: usize = 200;

#[cfg(test)]
mod tests {
    use kalshi_fix::book::Entry;
    use kalshi_fix::environment::Product;

    use super::*;

    fn book(product: Product, levels: &[(Side, i64, i64)]) -> Book {
        let mut book = Book::new("M", product);
        let entries = levels
            .iter()
            .map(|(side, price, size)| Entry::level(*side, Decimal::new(*price, 3), Decimal::new(*size, 1)));
        book.load(entries).unwrap();
        book
    }

    #[test]
    fn terms() {
        let levels = [
            (Side::Bid, 350, 100),
            (Side::Bid, 345, 25),
            (Side::Offer, 410, 70),
        ];
        let check = |product, terms, expected: &str| {
            let view = View::of(&book(product, &levels), terms, 5);
            let side = |levels: &[Level]| -> Vec<String> {
                let level = |level: &Level| {
                    let price = shown(level.price.dollars(), view.price_decimals);
                    format!("{price}x{}", shown(level.size.contracts(), view.size_decimals))
                };
                levels.iter().map(level).collect()
            };
            let mid = shown(view.mid.unwrap().dollars(), view.price_decimals);
            let text = format!(
                "{} | {} mid {mid}",
                side(&view.bids).join(" "),
                side(&view.offers).join(" ")
            );
            assert_eq!(text, expected);
        };
        check(
            Product::Prediction,
            Terms::Yes,
            "0.350x10.0 0.345x2.5 | 0.410x7.0 mid 0.380",
        );
        check(
            Product::Prediction,
            Terms::No,
            "0.590x7.0 | 0.650x10.0 0.655x2.5 mid 0.620",
        );
        // Margin has no other side.
        check(
            Product::Margin,
            Terms::No,
            "0.350x10.0 0.345x2.5 | 0.410x7.0 mid 0.380",
        );
    }

    #[test]
    fn a_number_is_never_rounded() {
        let check = |number: &str, decimals, expected: &str| {
            assert_eq!(shown(number.parse().unwrap(), decimals), expected);
        };
        check("0.5700", 2, "0.57");
        check("0.5725", 2, "0.5725");
        check("3", 2, "3.00");
        check("-0.0200", 2, "-0.02");
        check("100", 0, "100");
    }
}
