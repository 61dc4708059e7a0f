//! Whether there is a market of a name, as far as anybody knows.
//!
//! The venue answers a name that it does not know with an empty snapshot, and a market without orders alike. What tells them
//! apart is that something comes of the market, or that the exchange's own description has it, or has not.

use kalshi_fix::book::{Book, BookEvent};
use kalshi_fix::environment::Product;

use crate::place::{Market, Place};

/// What is known of the markets that are looked at.
pub(super) struct Known {
    product: Product,
    /// Each market by its name.
    markets: Vec<(String, Market)>,
}

impl Known {
    pub(super) fn new(product: Product, symbols: &[String], place: &Place) -> Known {
        let markets = symbols
            .iter()
            .map(|symbol| (symbol.clone(), place.market(product, symbol)));
        Known {
            product,
            markets: markets.collect(),
        }
    }

    /// Markets of which nobody knows anything.
    #[cfg(test)]
    pub(super) fn unknown(product: Product, symbols: &[String]) -> Known {
        let markets = symbols.iter().map(|symbol| (symbol.clone(), Market::Unknown));
        Known {
            product,
            markets: markets.collect(),
        }
    }

    /// Something that only comes of a market that exists.
    pub(super) fn note(&mut self, event: &BookEvent) {
        let symbol = match event {
            BookEvent::Snapshot { symbol, levels, .. } if *levels > 0 => symbol,
            BookEvent::Changed { symbol, .. } | BookEvent::Status { symbol, .. } => symbol,
            BookEvent::Trade(trade) => &trade.symbol,
            _ => return,
        };
        if let Some((_, market)) = self.markets.iter_mut().find(|(known, _)| **known == **symbol) {
            *market = Market::Exists;
        }
    }

    /// Whether what a book shows is what a market has: a snapshot came, and if it was empty, then of a market that is known to
    /// exist.
    pub(super) fn is_live(&self, symbol: &str, book: Option<&Book>) -> bool {
        book.is_some_and(Book::is_live) && self.doubt(symbol, book).is_none()
    }

    /// A word and an explanation for a live book that is empty, where that may mean that there is no such market.
    pub(super) fn doubt(&self, symbol: &str, book: Option<&Book>) -> Option<Doubt> {
        let book = book.filter(|book| book.is_live() && is_empty(book))?;
        let market = self
            .markets
            .iter()
            .find(|(known, _)| *known == *book.symbol().as_ref());
        match market.map(|(_, market)| market) {
            Some(Market::Exists) => None,
            Some(Market::Missing {
                others,
                other_product,
            }) => Some(Doubt::missing(self.product, others, *other_product)),
            Some(Market::Unknown) | None => Some(Doubt::unknown(self.product, symbol)),
        }
    }
}

/// Why an empty book is not taken for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    /// In the place of `live`.
    pub(super) word: &'static str,
    /// A line for a narrow window.
    pub(super) short: String,
    /// What may be wrong, and what to do.
    pub(super) why: String,
}

impl Doubt {
    fn missing(product: Product, others: &[String], other_product: bool) -> Doubt {
        let has = match others {
            [] => "it has none of this product".to_owned(),
            [one] => format!("it has {one}"),
            several => {
                let more = if several.len() > MOST_NAMED {
                    " and more"
                } else {
                    ""
                };
                format!(
                    "it has {}{more}",
                    several[..several.len().min(MOST_NAMED)].join(", ")
                )
            }
        };
        let (short, why) = if other_product {
            let option = option(product);
            (
                format!("the other product's: {option}"),
                format!(
                    "the exchange has no {product} market of that name, but one of {}: {option}",
                    product.other()
                ),
            )
        } else {
            (
                "the exchange has no market of that name".to_owned(),
                format!("the exchange has no {product} market of that name: {has}"),
            )
        };
        Doubt {
            word: "no such market",
            short,
            why,
        }
    }

    fn unknown(product: Product, symbol: &str) -> Doubt {
        let mut why = format!(
            "no orders, or no {product} market of that name: the exchange answers both alike; check the name, and {} needs {}",
            match product {
                Product::Prediction => "a perpetual future",
                Product::Margin => "an event contract",
            },
            option(product)
        );
        if symbol.chars().any(char::is_lowercase) {
            why.push_str("; the venue's names are in capitals");
        }
        Doubt {
            word: "empty",
            short: "no orders, or no market of that name".to_owned(),
            why,
        }
    }
}

/// What asks for it.
fn option(product: Product) -> String {
    format!("--product {}", product.other())
}

/// So many of the markets that there are are told.
const MOST_NAMED: usize = 8;

pub(super) fn is_empty(book: &Book) -> bool {
    book.bids().next().is_none() && book.offers().next().is_none()
}

#[cfg(test)]
mod tests {
    use kalshi_fix::book::{Entry, Side};
    use kalshi_fix::dialect::Decimal;

    use super::*;

    fn known(market: Market) -> Known {
        Known {
            product: Product::Prediction,
            markets: vec![("M".to_owned(), market)],
        }
    }

    fn book(levels: usize) -> Book {
        let mut book = Book::new("M", Product::Prediction);
        let level = Entry::level(Side::Bid, Decimal::new(35, 2), Decimal::TEN);
        book.load(std::iter::repeat_n(level, levels)).unwrap();
        book
    }

    #[test]
    fn an_empty_book_counts_where_its_market_is_known() {
        let check = |market, book: &Book, expected: Option<&str>| {
            let known = known(market);
            let word = known.doubt("M", Some(book)).map(|doubt| doubt.word);
            assert_eq!(word, expected);
            assert_eq!(known.is_live("M", Some(book)), expected.is_none());
        };
        let missing = || Market::Missing {
            others: vec!["A".to_owned()],
            other_product: false,
        };
        check(Market::Exists, &book(0), None);
        check(Market::Unknown, &book(0), Some("empty"));
        check(missing(), &book(0), Some("no such market"));
        for market in [Market::Exists, Market::Unknown, missing()] {
            check(market, &book(1), None);
        }
        let awaiting = Book::new("M", Product::Prediction);
        let known = known(Market::Exists);
        assert!(!known.is_live("M", Some(&awaiting)) && known.doubt("M", Some(&awaiting)).is_none());
        assert!(!known.is_live("M", None));
    }

    #[test]
    fn what_came_of_a_market_proves_it() {
        let check = |event: BookEvent, is_proof: bool| {
            let mut known = known(Market::Unknown);
            known.note(&event);
            assert_eq!(known.is_live("M", Some(&book(0))), is_proof, "{event:?}");
        };
        let snapshot = |symbol: &str, levels| BookEvent::Snapshot {
            symbol: symbol.into(),
            levels,
            differences: 0,
        };
        check(snapshot("M", 0), false);
        check(snapshot("M", 3), true);
        check(snapshot("ANOTHER", 3), false);
        let changed = BookEvent::Changed {
            symbol: "M".into(),
            levels: 1,
            best: true,
        };
        check(changed, true);
    }

    #[test]
    fn a_narrow_window_is_told_the_same() {
        let others = ["A".to_owned()];
        let check = |doubt: &Doubt, expected: &str| {
            assert_eq!(doubt.short, expected);
            assert!(expected.len() <= 45, "a narrow window has no room for it");
        };
        check(
            &Doubt::missing(Product::Prediction, &others, false),
            "the exchange has no market of that name",
        );
        check(
            &Doubt::missing(Product::Prediction, &others, true),
            "the other product's: --product margin",
        );
        check(
            &Doubt::missing(Product::Margin, &others, true),
            "the other product's: --product prediction",
        );
    }

    #[test]
    fn what_may_be_wrong_is_said() {
        let check = |doubt: &Doubt, expected: &str| assert_eq!(doubt.why, expected);
        check(
            &Doubt::unknown(Product::Prediction, "BTC-PERP"),
            "no orders, or no prediction market of that name: the exchange answers both alike; check the name, and a perpetual \
             future needs --product margin",
        );
        check(
            &Doubt::unknown(Product::Margin, "btc"),
            "no orders, or no margin market of that name: the exchange answers both alike; check the name, and an event contract \
             needs --product prediction; the venue's names are in capitals",
        );
        check(
            &Doubt::missing(Product::Prediction, &["A".to_owned(), "B".to_owned()], false),
            "the exchange has no prediction market of that name: it has A, B",
        );
        check(
            &Doubt::missing(Product::Prediction, &["A".to_owned()], true),
            "the exchange has no prediction market of that name, but one of margin: --product margin",
        );
    }
}
