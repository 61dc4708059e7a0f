//! In the steady state a change of a book allocates nothing, from the frame on.

use std::time::Duration;

use kalshi_fix::book::{Book, Books, BooksSettings, Entry, MarketData, Side};
use kalshi_fix::dialect::{Decimal, Decoder, Encoder, SessionHeader, Timestamp};
use kalshi_fix::environment::Product;
use kalshi_fix::prediction::{self, Prediction, fields, groups};

/// Changes that leave about as many levels as there were, and that follow from a number.
fn changes(levels: i64, count: usize) -> Vec<Entry> {
    let mut state = 7_i64;
    let mut below = move |bound: i64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33 & i64::MAX >> 33) % bound
    };
    let step = 10_000 / (levels + 1);
    let change = |_| {
        let at = 1 + below(levels);
        let side = if at <= levels / 2 { Side::Bid } else { Side::Offer };
        let price = Decimal::new(at * step, 4);
        match below(4) {
            0 => Entry::deletion(side, price),
            _ => Entry::level(side, price, Decimal::new(1 + below(100_000), 2)),
        }
    };
    (0..count).map(change).collect()
}

#[test]
fn changing_levels() {
    for levels in [99, 9_999] {
        let changes = changes(levels, 20_000);
        let mut book = Book::new("TEST", Product::Prediction);
        let mut snapshot: Vec<Entry> = Vec::new();
        for change in changes.iter().filter(|change| change.size.is_some()) {
            if !snapshot.iter().any(|level| level.price == change.price) {
                snapshot.push(*change);
            }
        }
        let mut pass = || {
            book.load(snapshot.iter().copied()).expect("a sound snapshot");
            for change in &changes {
                book.apply(change).expect("a sound update");
            }
        };
        let first = allocation_counter::measure(&mut pass);
        assert!(first.count_total > 0, "the counter counts nothing");
        let later = allocation_counter::measure(&mut pass);
        assert_eq!(later.count_total, 0, "{levels} levels: {later:?}");
    }
}

#[test]
fn from_frames() {
    let symbols = ["KXHIGHNY-26AUG17-B82.5", "KXNBAGAME-26MAY25NYKCLE-NYK"];
    let header = SessionHeader::new("FIXT.1.1", "KalshiMD", "me").expect("a header");
    let time = Timestamp::parse(b"20260817-16:00:00.123").expect("a time");
    let mut encoder = Encoder::new();
    let mut frame = |message: &prediction::Message<'_>| {
        encoder
            .encode(&header, 1, time, message)
            .expect("a frame")
            .to_vec()
    };
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for symbol in symbols {
        let snapshot = prediction::MarketDataSnapshotFullRefresh::new(symbol, Vec::new());
        frames.push(frame(&snapshot.into()));
    }
    for (at, change) in changes(99, 3_000).iter().enumerate() {
        let action = change
            .size
            .map_or(fields::MDUpdateAction::Delete, |_| fields::MDUpdateAction::Change);
        let kind = match at % 10 {
            0 if change.size.is_some() => fields::MDEntryType::Trade,
            _ if change.entry_type == Side::Bid.into() => fields::MDEntryType::Bid,
            _ => fields::MDEntryType::Offer,
        };
        let action = if kind == fields::MDEntryType::Trade {
            fields::MDUpdateAction::New
        } else {
            action
        };
        let entry = groups::MDIncEntry {
            md_entry_px: change.price,
            md_entry_size: change.size,
            md_entry_date: Some(time.date()),
            md_entry_time: Some(time.time()),
            ..groups::MDIncEntry::new(action, symbols[at / 7 % 2], kind)
        };
        let refresh = prediction::MarketDataIncrementalRefresh::new(vec![entry]);
        frames.push(frame(&refresh.into()));
    }
    let mut books = Books::new(Product::Prediction, BooksSettings::default());
    let now = Duration::from_secs(1);
    for symbol in symbols {
        books.subscribe(symbol, now).expect("room");
    }
    while books.next_request(now).is_some() {}
    let mut decoder = Decoder::<Prediction>::new();
    let (mut events, mut told) = (Vec::new(), 0);
    let mut pass = || {
        // The snapshots come once: to compare a live book with another one takes room.
        let frames = if told == 0 { &frames[..] } else { &frames[2..] };
        for frame in frames {
            let decoded = decoder.decode(frame).expect("a sound message");
            let message = decoded.message().and_then(MarketData::of_prediction);
            books.handle(message.expect("market data"), now, &mut events);
            told += events.drain(..).count();
        }
    };
    allocation_counter::measure(&mut pass);
    let later = allocation_counter::measure(&mut pass);
    assert_eq!(later.count_total, 0, "{later:?}");
    assert!(told >= 6_000, "{told}");
    assert!(books.iter().all(Book::is_live));
}
