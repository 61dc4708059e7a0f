//! One book, entry by entry.

use fix_dialect::{Decoder, Timestamp};
use rust_decimal::Decimal;

use super::*;
use crate::environment::Product;
use crate::margin::Margin;
use crate::prediction::Prediction;
use crate::units::Price;

fn decimal(text: &str) -> Decimal {
    fix_dialect::parse_decimal(text.as_bytes()).expect("a decimal")
}

fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

/// `b 0.35 10`: a bid of 10 contracts at 0.35 dollars. An `x` in front deletes.
fn entry(text: &str) -> Entry {
    let mut words = text.split(' ').peekable();
    let deleted = words.next_if_eq(&"x").is_some();
    let side = if words.next() == Some("b") {
        Side::Bid
    } else {
        Side::Offer
    };
    let price = decimal(words.next().expect("a price"));
    match (deleted, words.next()) {
        (true, _) => Entry::deletion(side, price),
        (false, size) => Entry::level(side, price, decimal(size.expect("a size"))),
    }
}

fn entries(text: &str) -> Vec<Entry> {
    text.split(", ")
        .filter(|text| !text.is_empty())
        .map(entry)
        .collect()
}

fn book_of(product: Product, text: &str) -> Book {
    let mut book = Book::new("TEST", product);
    book.load(entries(text)).expect("a sound snapshot");
    book
}

/// Bids and offers, each the best first: `0.35*10 0.34*7 | 0.39*5`.
fn shown(book: &Book) -> String {
    let side = |side| {
        let levels = book.levels(side);
        let levels: Vec<String> = levels
            .map(|level| {
                format!(
                    "{}*{}",
                    level.price.dollars().normalize(),
                    level.size.contracts().normalize()
                )
            })
            .collect();
        levels.join(" ")
    };
    format!("{} | {}", side(Side::Bid), side(Side::Offer))
}

#[test]
fn updates_change_levels() {
    let check = |updates: &str, expected: &str| {
        let mut book = book_of(Product::Prediction, "b 0.35 10, b 0.34 7, o 0.39 5, o 0.40 1.25");
        for update in entries(updates) {
            book.apply(&update).expect("a sound update");
        }
        assert_eq!(shown(&book), expected, "{updates}");
        assert_eq!(book.state(), BookState::Live);
    };
    check("", "0.35*10 0.34*7 | 0.39*5 0.4*1.25");
    check("b 0.36 1", "0.36*1 0.35*10 0.34*7 | 0.39*5 0.4*1.25");
    check("b 0.34 8", "0.35*10 0.34*8 | 0.39*5 0.4*1.25");
    check("x b 0.35", "0.34*7 | 0.39*5 0.4*1.25");
    check("b 0.35 0", "0.34*7 | 0.39*5 0.4*1.25");
    check("b 0.35 0.00", "0.34*7 | 0.39*5 0.4*1.25");
    check("o 0.3801 0.01", "0.35*10 0.34*7 | 0.3801*0.01 0.39*5 0.4*1.25");
    // The edges of the range, and levels that are not there.
    check("b 0 1, o 1 2", "0.35*10 0.34*7 0*1 | 0.39*5 0.4*1.25 1*2");
    check("x b 0.11, o 0.99 0", "0.35*10 0.34*7 | 0.39*5 0.4*1.25");
    check("x b 0.35, x b 0.34, x o 0.39, x o 0.40", " | ");
}

#[test]
fn what_cannot_be_taken_makes_the_book_stale_and_changes_nothing() {
    let bid = || entry("b 0.36 1");
    let check = |product, update: Entry, expected: EntryFault| {
        let levels = "b 0.35 10, o 0.39 5";
        let mut book = book_of(product, levels);
        assert_eq!(book.apply(&update), Err(expected));
        assert_eq!(book.state(), BookState::Stale(StaleReason::BadUpdate(expected)));
        assert_eq!(book.differences(&book_of(product, levels)), []);
        // It stands still until a snapshot comes.
        assert_eq!(book.apply(&bid()), Ok(Applied::NotLive));
        assert_eq!(shown(&book), "0.35*10 | 0.39*5");
        book.load([bid()]).unwrap();
        assert_eq!(
            (shown(&book).as_str(), book.state()),
            ("0.36*1 | ", BookState::Live)
        );
    };
    let (prediction, margin) = (Product::Prediction, Product::Margin);
    check(prediction, Entry { price: None, ..bid() }, EntryFault::NoPrice);
    check(prediction, Entry { size: None, ..bid() }, EntryFault::NoSize);
    let deletion = Entry {
        price: None,
        size: None,
        action: UpdateAction::Delete,
        ..bid()
    };
    check(prediction, deletion, EntryFault::NoPrice);
    let action = UpdateAction::Unlisted(b'5');
    check(prediction, Entry { action, ..bid() }, EntryFault::Action(b'5'));
    for text in [
        "b -0.01 1",
        "b 1.0001 1",
        "o 2 1",
        "x b 1.01",
        "b 79228162514264337593543950335 1",
    ] {
        let update = entry(text);
        check(prediction, update, EntryFault::PriceRange(update.price.unwrap()));
    }
    for text in ["b -0.0001 1", "o 922337203685477.5808 1"] {
        let update = entry(text);
        check(margin, update, EntryFault::PriceRange(update.price.unwrap()));
    }
    for text in [
        "b 0.36 -1",
        "b 0.36 922337203685478",
        "b 0.36 79228162514264337593543950335",
    ] {
        let update = entry(text);
        check(prediction, update, EntryFault::SizeRange(update.size.unwrap()));
    }
    check(
        prediction,
        entry("b 0.36001 1"),
        EntryFault::PriceTooFine(decimal("0.36001")),
    );
    check(
        margin,
        entry("b 19.50005 1"),
        EntryFault::PriceTooFine(decimal("19.50005")),
    );
    check(
        prediction,
        entry("b 0.36 0.00001"),
        EntryFault::SizeTooFine(decimal("0.00001")),
    );
}

#[test]
fn a_delete_needs_no_size_and_its_size_means_nothing() {
    for size in [None, Some(decimal("3")), Some(decimal("-3")), Some(Decimal::MAX)] {
        let mut book = book_of(Product::Margin, "b 19.5 10");
        let deletion = Entry {
            size,
            ..entry("x b 19.5")
        };
        let Ok(Applied::Level(change)) = book.apply(&deletion) else {
            panic!()
        };
        assert_eq!(
            (
                change.before.map(|size| size.to_string()).as_deref(),
                change.after
            ),
            (Some("10.00"), None)
        );
        assert!(change.best);
        assert_eq!(shown(&book), " | ");
    }
}

#[test]
fn entries_that_are_no_levels_spare_the_book() {
    let mut book = book_of(Product::Prediction, "b 0.35 10, o 0.39 5");
    let trade = Entry::trade(decimal("0.39"), decimal("3"), Aggressor::Buy);
    for (update, expected) in [
        (
            Entry {
                entry_type: EntryType::Unlisted(b'7'),
                ..trade
            },
            EntryFault::Type(b'7'),
        ),
        (Entry { price: None, ..trade }, EntryFault::NoPrice),
        (Entry { size: None, ..trade }, EntryFault::NoSize),
        (
            Entry {
                size: Some(decimal("0")),
                ..trade
            },
            EntryFault::SizeRange(decimal("0")),
        ),
        (
            Entry {
                action: UpdateAction::Change,
                ..trade
            },
            EntryFault::Action(b'1'),
        ),
        (
            Entry {
                action: UpdateAction::Delete,
                ..trade
            },
            EntryFault::Action(b'2'),
        ),
    ] {
        assert_eq!(book.apply(&update), Err(expected));
        assert!(book.is_live() && book.last_trade().is_none());
    }
    let time = Timestamp::parse(b"20260817-16:00:00.789");
    let Ok(Applied::Trade(told)) = book.apply(&trade.at(time.unwrap())) else {
        panic!()
    };
    assert_eq!(book.last_trade(), Some(&told));
    assert_eq!(
        (told.time, told.aggressor, book.time()),
        (time, Some(Aggressor::Buy), time)
    );
    assert_eq!(shown(&book), "0.35*10 | 0.39*5");
    // Trades are told whatever is known of the levels.
    book.mark_stale(StaleReason::Gap);
    assert!(matches!(book.apply(&trade), Ok(Applied::Trade(_))));
}

#[test]
fn snapshots_are_taken_whole_or_not_at_all() {
    let mut book = book_of(Product::Prediction, "b 0.35 10");
    let trade = Entry::trade(decimal("0.39"), decimal("3"), Aggressor::Buy);
    let levels = [entry("o 0.4 1"), trade, entry("b 0.2 0"), entry("o 0.3 1")];
    assert_eq!(book.load(levels), Ok(Loaded { levels: 2, others: 1 }));
    assert_eq!(shown(&book), " | 0.3*1 0.4*1");
    for (snapshot, expected) in [
        (
            "b 0.3 1, b 0.3 2",
            EntryFault::Twice {
                side: Side::Bid,
                price: decimal("0.3"),
            },
        ),
        ("b 0.3 1, o 0.4 -1", EntryFault::SizeRange(decimal("-1"))),
        ("b 0.3 1, o 1.4 1", EntryFault::PriceRange(decimal("1.4"))),
    ] {
        assert_eq!(book.load(entries(snapshot)), Err(expected));
        assert_eq!(book.state(), BookState::Stale(StaleReason::BadSnapshot(expected)));
        assert_eq!(shown(&book), " | ");
    }
    // One price on both sides is a locked book, and not one level twice.
    assert!(book.load(entries("b 0.3 1, o 0.3 2")).is_ok());
    assert!(book.is_locked());
    assert_eq!(book.load([]), Ok(Loaded { levels: 0, others: 0 }));
    assert!(book.is_live() && book.best_bid().is_none());
}

#[test]
fn a_side_is_bounded() {
    let level = |at: usize| Entry::level(Side::Bid, Decimal::from(at) / Decimal::from(10_000), Decimal::ONE);
    let mut book = Book::new("TEST", Product::Margin);
    book.load((0..MAX_LEVELS).map(level)).unwrap();
    // A change takes no more room.
    assert!(book.apply(&level(7)).is_ok());
    let fault = EntryFault::TooManyLevels { side: Side::Bid };
    assert_eq!(book.apply(&level(MAX_LEVELS)), Err(fault));
    assert_eq!(book.level_count(Side::Bid), MAX_LEVELS);
    assert_eq!(book.load((0..=MAX_LEVELS).map(level)), Err(fault));
}

#[test]
fn figures() {
    let check = |levels: &str, mid: &str, spread: &str, crossed: bool, locked: bool| {
        let book = book_of(Product::Margin, levels);
        let text = |price: Option<Price>| price.map(|price| price.to_string()).unwrap_or_default();
        assert_eq!(
            (text(book.mid()).as_str(), text(book.spread()).as_str()),
            (mid, spread),
            "{levels}"
        );
        assert_eq!(
            (book.is_crossed(), book.is_locked()),
            (crossed, locked),
            "{levels}"
        );
    };
    check("", "", "", false, false);
    check("b 19.5 1", "", "", false, false);
    check("b 19.5 1, o 19.51 1", "19.5050", "0.0100", false, false);
    check("b 19.5 1, o 19.5001 1", "19.50005", "0.0001", false, false);
    check("b 19.5 1, o 19.5 1", "19.5000", "0.0000", false, true);
    check("b 19.6 1, o 19.5 1", "19.5500", "-0.1000", true, false);

    let book = book_of(Product::Margin, "b 3 1, b 2 2, b 1 4, o 4 8, o 5 16.5");
    let size = |size: crate::units::Quantity| size.to_string();
    assert_eq!(size(book.size_at(Side::Bid, price("2.0"))), "2.00");
    assert_eq!(size(book.size_at(Side::Offer, price("2"))), "0.00");
    assert_eq!(size(book.size_at(Side::Bid, price("2.00001"))), "0.00");
    assert_eq!(size(book.size_through(Side::Bid, price("1.5"))), "3.00");
    assert_eq!(size(book.size_through(Side::Offer, price("5"))), "24.50");
    assert_eq!(size(book.size_through(Side::Offer, price("3"))), "0.00");
    assert_eq!(size(book.total_size(Side::Bid)), "7.00");
    let depth = book.depth(1);
    assert_eq!((depth.bids.len(), depth.offers[0].price), (1, price("4")));
    assert!(book.no().is_none(), "a margin market has no NO");
}

#[test]
fn no_mirrors_yes() {
    let book = book_of(Product::Prediction, "b 0.35 10, b 0.34 7, o 0.3999 5");
    let no = book.no().unwrap();
    assert_eq!(no.best_bid().unwrap().price, price("0.6001"));
    assert_eq!(no.best_bid().unwrap().size, book.best_offer().unwrap().size);
    assert_eq!(no.best_offer().unwrap().price, price("0.65"));
    let offers: Vec<String> = no
        .levels(Side::Offer)
        .map(|level| level.price.to_string())
        .collect();
    assert_eq!(offers, ["0.6500", "0.6600"]);
    assert_eq!(no.size_at(Side::Offer, price("0.66")).to_string(), "7.00");
    assert_eq!(no.size_at(Side::Offer, price("1.66")).to_string(), "0");
    assert_eq!(no.mid().unwrap(), price("0.62505"));
    assert_eq!(no.spread(), book.spread());
    assert!(std::ptr::eq(no.yes(), &raw const book));
}

#[test]
fn differences_are_found_on_both_sides() {
    let book = book_of(Product::Prediction, "b 0.35 10, b 0.34 7, o 0.39 5");
    let check = |snapshot: &str, expected: &[&str]| {
        let found = book.verify(entries(snapshot)).unwrap();
        let found = found.iter().map(|difference| {
            let Difference {
                side,
                price,
                book,
                snapshot,
            } = difference;
            format!("{side} {price}: {book}, {snapshot}")
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "{snapshot}");
    };
    check("o 0.39 5.00, b 0.34 7, b 0.350 10", &[]);
    check(
        "b 0.36 1, b 0.34 8, o 0.38 1, o 0.39 5",
        &[
            "bid 0.3600: 0.00, 1.00",
            "bid 0.3500: 10.00, 0.00",
            "bid 0.3400: 7.00, 8.00",
            "offer 0.3800: 0.00, 1.00",
        ],
    );
    check(
        "",
        &[
            "bid 0.3500: 10.00, 0.00",
            "bid 0.3400: 7.00, 0.00",
            "offer 0.3900: 5.00, 0.00",
        ],
    );
    assert!(book.verify(entries("b 7 1")).is_err());
    assert!(book.is_live(), "verifying changes nothing");
}

#[test]
fn only_a_live_book_goes_stale() {
    let mut book = Book::new("TEST", Product::Margin);
    assert!(!book.mark_stale(StaleReason::Disconnected));
    assert_eq!(book.state(), BookState::AwaitingSnapshot);
    assert_eq!(book.apply(&entry("b 1 1")), Ok(Applied::NotLive));
    book.load([]).unwrap();
    assert!(book.mark_stale(StaleReason::Gap));
    assert!(!book.mark_stale(StaleReason::Disconnected));
    assert_eq!(book.state().to_string(), "stale: messages may be missing");
}

/// The frame of a body, with a header and a checksum.
fn frame(body: &str) -> Vec<u8> {
    let body = format!("{body}|").replace('|', "\x01");
    let (msg_type, rest) = body.split_once('\x01').expect("a type");
    let body = format!("{msg_type}\x0149=KalshiMD\x0156=me\x0134=2\x0152=20260817-16:00:00.900\x01{rest}");
    let head = format!("8=FIXT.1.1\x019={}\x01", body.len());
    let sum = head.bytes().chain(body.bytes()).fold(0_u8, u8::wrapping_add);
    format!("{head}{body}10={sum:03}\x01").into_bytes()
}

/// The venue's own examples, in the order of its page.
#[test]
fn the_documented_messages_make_a_book() {
    let symbol = "KXNBAGAME-26MAY25NYKCLE-NYK";
    let mut book = Book::new(symbol, Product::Prediction);
    let mut decoder = Decoder::<Prediction>::new();
    let mut take = |body: &str| {
        let frame = frame(&body.replace("SYMBOL", symbol));
        let decoded = decoder.decode(&frame).unwrap();
        match MarketData::of_prediction(decoded.message().expect("a whole message")) {
            Some(MarketData::Snapshot(snapshot)) => {
                assert_eq!(snapshot.symbol(), symbol.as_bytes());
                book.load(snapshot.entries()).unwrap();
            }
            Some(MarketData::Updates(updates)) => {
                for update in updates.iter() {
                    assert_eq!(update.symbol, symbol.as_bytes());
                    book.apply(&update.entry).unwrap();
                }
            }
            other => panic!("{other:?}"),
        }
        (
            shown(&book),
            book.time().unwrap().to_string(),
            book.last_trade().cloned(),
        )
    };
    let snapshot = "35=W|55=SYMBOL|268=2|269=0|270=0.3500|271=10.00|272=20260817|273=16:00:00.123|269=1|270=0.6500|271=5.00|272=20260817|273=16:00:00.123";
    let (levels, time, _) = take(snapshot);
    assert_eq!(
        (levels.as_str(), time.as_str()),
        ("0.35*10 | 0.65*5", "20260817-16:00:00.123")
    );
    let (levels, time, trade) =
        take("35=X|268=1|279=1|55=SYMBOL|269=0|270=0.3500|271=15.00|272=20260817|273=16:00:00.456");
    assert_eq!(
        (levels.as_str(), time.as_str()),
        ("0.35*15 | 0.65*5", "20260817-16:00:00.456")
    );
    assert_eq!(trade, None);
    let (levels, _, trade) =
        take("35=X|268=1|279=0|55=SYMBOL|269=2|270=0.6500|271=3.00|272=20260817|273=16:00:00.789|2446=1");
    assert_eq!(levels, "0.35*15 | 0.65*5");
    let trade = trade.unwrap();
    assert_eq!(trade.aggressor, Some(Aggressor::Buy));
    assert_eq!(trade.time.unwrap().to_string(), "20260817-16:00:00.789");
    // A delete without price or size, which a client has to accept; and one without a size.
    let (levels, ..) = take("35=X|268=1|279=2|55=SYMBOL|269=0|270=0.3500");
    assert_eq!(levels, " | 0.65*5");
}

#[test]
fn margin_messages_make_a_book() {
    let mut decoder = Decoder::<Margin>::new();
    let mut book = Book::new("BTC-PERP", Product::Margin);
    let frames = [
        "35=W|55=BTC-PERP|268=2|269=0|270=19.5000|271=10.00|269=1|270=19.5100|271=5.00",
        "35=X|268=1|279=1|55=BTC-PERP|269=0|270=19.5000|271=15.00",
        "35=X|268=1|279=0|55=BTC-PERP|269=2|270=19.5000|271=3.00|2446=1",
    ];
    for body in frames {
        let frame = frame(body);
        let decoded = decoder.decode(&frame).unwrap();
        match MarketData::of_margin(decoded.message().expect("a whole message")) {
            Some(MarketData::Snapshot(snapshot)) => {
                book.load(snapshot.entries()).unwrap();
            }
            Some(MarketData::Updates(updates)) => {
                for update in updates.iter() {
                    book.apply(&update.entry).unwrap();
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(shown(&book), "19.5*15 | 19.51*5");
    assert_eq!(book.last_trade().unwrap().size.to_string(), "3.00");
    assert_eq!(book.time(), None);
}

#[test]
fn the_other_messages_of_the_session() {
    let mut decoder = Decoder::<Prediction>::new();
    let mut check = |body: &str, expected: &str| {
        let frame = frame(body);
        let decoded = decoder.decode(&frame).unwrap();
        let found = match MarketData::of_prediction(decoded.message().expect("a whole message")) {
            Some(MarketData::Status { symbol, status }) => {
                format!("{} {status}", String::from_utf8_lossy(symbol))
            }
            Some(MarketData::Refused { reason, text }) => {
                format!("{reason}: {}", String::from_utf8_lossy(text))
            }
            other => format!("{other:?}"),
        };
        assert_eq!(found, expected);
    };
    check("35=f|55=A|326=2", "A halted");
    check("35=f|55=A|326=3", "A open");
    check("35=f|55=A|326=100", "A determined");
    check("35=f|55=A|326=101", "A settled");
    check("35=f|55=A|326=7", "A status 7");
    check(
        "35=Y|281=2|58=too many",
        "the limit of symbols is reached: too many",
    );
    check("35=Y|281=4", "the type of request is not supported: ");
    check("35=Y|281=9", "MDReqRejReason (281) is '9': ");
    check("35=Y|58=no", "no reason given: no");
}
