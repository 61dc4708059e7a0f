//! Messages that could not be read, and which markets they may have been of.

use std::time::Duration;

use fix_dialect::RawMessage;

use super::Books;
use super::event::BookEvent;

impl Books {
    /// A message of this type could not be read, or not even its fields.
    pub(crate) fn unreadable(
        &mut self,
        msg_type: &[u8],
        raw: Option<&RawMessage<'_>>,
        now: Duration,
        events: &mut Vec<BookEvent>,
    ) {
        match msg_type {
            b"W" => self.handle_unreadable(raw.map(symbols).unwrap_or_default(), now, events),
            b"X" => self.handle_unreadable(raw.map(symbols_of_entries).unwrap_or_default(), now, events),
            b"f" => self.forget_statuses(&raw.map(symbols).unwrap_or_default()),
            _ => {}
        }
    }

    /// A SecurityStatus (f) could not be read. One that names no market that is followed may have been of any.
    fn forget_statuses(&mut self, symbols: &[&[u8]]) {
        let named: Vec<usize> = symbols.iter().filter_map(|symbol| self.place(symbol)).collect();
        for (at, followed) in self.followed.iter_mut().enumerate() {
            if named.is_empty() || named.contains(&at) {
                followed.book.forget_status();
            }
        }
    }
}

fn symbols<'m>(raw: &RawMessage<'m>) -> Vec<&'m [u8]> {
    let symbols = raw.body().filter(|field| field.tag == SYMBOL);
    symbols.map(|field| field.value).collect()
}

/// The markets of a MarketDataIncrementalRefresh (X), each entry of which names one; an empty one where an entry does not.
fn symbols_of_entries<'m>(raw: &RawMessage<'m>) -> Vec<&'m [u8]> {
    let mut symbols: Vec<&[u8]> = Vec::new();
    // Where the number of entries is not known, there may always be another one.
    let mut stated = None;
    let (mut is_unnamed, mut is_named) = (false, true);
    for field in raw.body() {
        match field.tag {
            ENTRIES => {
                let text = std::str::from_utf8(field.value).ok();
                stated = text.and_then(|text| text.parse().ok());
            }
            // An entry begins.
            ACTION => is_unnamed |= !std::mem::take(&mut is_named),
            SYMBOL => {
                is_named = true;
                symbols.push(field.value);
            }
            _ => {}
        }
    }
    if is_unnamed || !is_named || stated.is_none_or(|stated: usize| symbols.len() < stated) {
        symbols.push(b"");
    }
    symbols
}

const SYMBOL: u32 = 55;
const ENTRIES: u32 = 268;
const ACTION: u32 = 279;

#[cfg(test)]
mod tests {
    use fix_dialect::FieldIndex;

    use super::*;
    use crate::book::{BooksSettings, Entry, MarketData, Side, Snapshot, TradingStatus};
    use crate::environment::Product;
    use crate::testing::frame;

    /// Live books of A, B and C, each with a status.
    fn books() -> Books {
        let mut books = Books::new(Product::Prediction, BooksSettings::default());
        let level = [Entry::level(Side::Bid, "0.35".parse().unwrap(), 10.into())];
        for symbol in ["A", "B", "C"] {
            books.subscribe(symbol, Duration::ZERO).unwrap();
            let _ = books.next_request(Duration::ZERO);
            let snapshot = MarketData::Snapshot(Snapshot::new(symbol, &level));
            books.handle(snapshot, Duration::ZERO, &mut Vec::new());
            let status = MarketData::Status {
                symbol: symbol.as_bytes(),
                status: TradingStatus::Halted,
            };
            books.handle(status, Duration::ZERO, &mut Vec::new());
        }
        books
    }

    /// Which books are stale, and of which the status is not known.
    fn lost(books: &Books) -> (String, String) {
        let all = || {
            ["A", "B", "C"]
                .into_iter()
                .map(|symbol| books.book(symbol).unwrap())
        };
        let names = |books: Vec<&str>| books.concat();
        (
            names(
                all()
                    .filter(|book| !book.is_live())
                    .map(|book| &**book.symbol())
                    .collect(),
            ),
            names(
                all()
                    .filter(|book| book.status().is_none())
                    .map(|book| &**book.symbol())
                    .collect(),
            ),
        )
    }

    #[test]
    fn which_markets_are_concerned() {
        let check = |fields: &str, stale: &str, unknown: &str| {
            let (mut books, frame) = (books(), frame("KalshiMD", fields));
            let raw = RawMessage::parse(&frame, &mut FieldIndex::new()).unwrap();
            let msg_type = fields.split('|').next().unwrap();
            books.unreadable(msg_type.as_bytes(), Some(&raw), Duration::ZERO, &mut Vec::new());
            assert_eq!(lost(&books), (stale.to_owned(), unknown.to_owned()), "{fields}");
        };
        check("W|55=A|268=x", "A", "");
        check("W|268=x", "ABC", "");
        check("X|268=1|279=0|55=A|269=x", "A", "");
        check("X|268=2|279=0|55=A|269=x|279=0|55=C|269=0", "AC", "");
        // A market that nobody follows is one.
        check("X|268=2|279=0|55=A|269=x|279=0|55=Z|269=0", "A", "");
        // One of the entries names none.
        check("X|268=2|279=0|55=A|269=0|279=0|269=0", "ABC", "");
        check("X|268=2|279=0|269=0|279=0|55=A|269=0", "ABC", "");
        check("X|268=3|279=0|55=A|55=A|279=0|269=0|279=0|55=C|269=0", "ABC", "");
        check("X|268=2|279=0|55=A|269=0|269=0", "ABC", "");
        check("X|268=2|279=0|55=A|269=0|279=0|55=|269=0", "ABC", "");
        check("X|268=x|279=0|55=A|269=0", "ABC", "");
        check("X|279=0|55=A|269=0", "ABC", "");
        check("X|268=1", "ABC", "");
        check("f|55=A|326=x", "", "A");
        check("f|326=2", "", "ABC");
        check("f|55=Z|326=x", "", "ABC");
        check("j|55=A", "", "");

        let mut books = books();
        books.unreadable(b"f", None, Duration::ZERO, &mut Vec::new());
        books.unreadable(b"X", None, Duration::ZERO, &mut Vec::new());
        assert_eq!(lost(&books), ("ABC".to_owned(), "ABC".to_owned()));
    }
}
