//! What the screen shows, drawn into memory.

use std::sync::Arc;

use kalshi_fix::book::{Entry, StaleReason, Trade, TradingStatus};
use kalshi_fix::dialect::Timestamp;
use kalshi_fix::environment::Product;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

use super::super::known::Known;
use super::*;

const SYMBOL: &str = "KXNBAGAME-26MAY25NYKCLE-NYK";

fn time() -> Timestamp {
    Timestamp::parse(b"20260817-16:00:00.123").unwrap()
}

fn book() -> Book {
    let mut book = Book::new(SYMBOL, Product::Prediction);
    let level = |side, cents: i64, hundredths| {
        Entry::level(side, Decimal::new(cents, 2), Decimal::new(hundredths, 2)).at(time())
    };
    let bids = (1..=30_i64).map(|at| level(Side::Bid, 56 - at, at * at * 1_150));
    let offers = (1..=20_i64).map(|at| level(Side::Offer, 57 + at, at * 7_725 + at % 3 * 20_000));
    book.load(bids.chain(offers)).unwrap();
    book
}

fn shown() -> Shown {
    let symbols = [SYMBOL.to_owned()];
    let known = Known::unknown(Product::Prediction, &symbols);
    let mut shown = Shown::new(
        Product::Prediction,
        "demo".to_owned(),
        &symbols,
        Terms::Yes,
        known,
    );
    for at in 0..40_i64 {
        shown.traded(Trade {
            symbol: Arc::from(if at % 5 == 0 { "ANOTHER" } else { SYMBOL }),
            price: kalshi_fix::units::Price::from_whole_cents(56 + at % 2),
            size: kalshi_fix::units::Quantity::from_contracts(Decimal::new(at * 125, 2)),
            aggressor: Some(if at % 2 == 0 {
                Aggressor::Buy
            } else {
                Aggressor::Sell
            }),
            time: Some(time()),
        });
    }
    shown
}

fn drawn(width: u16, height: u16, shown: &Shown, book: Option<&Book>) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, shown, book)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn a_terminal_of_eighty_columns() {
    insta::assert_snapshot!(drawn(80, 24, &shown(), Some(&book())));
}

#[test]
fn a_narrow_window() {
    insta::assert_snapshot!(drawn(40, 20, &shown(), Some(&book())));
}

#[test]
fn the_other_side() {
    let (mut shown, mut book) = (shown(), book());
    shown.turn();
    book.set_status(TradingStatus::Halted);
    insta::assert_snapshot!(drawn(80, 10, &shown, Some(&book)));
}

#[test]
fn a_stale_book_of_several_that_is_crossed() {
    let mut book = book();
    book.apply(&Entry::level(Side::Bid, Decimal::new(60, 2), Decimal::ONE))
        .unwrap();
    // It is not shown: another one may have been missed.
    book.set_status(TradingStatus::Halted);
    book.mark_stale(StaleReason::Disconnected);
    let symbols = [SYMBOL.to_owned(), "B".to_owned()];
    let known = Known::unknown(Product::Prediction, &symbols);
    let mut shown = Shown::new(
        Product::Prediction,
        "simulated".to_owned(),
        &symbols,
        Terms::Yes,
        known,
    );
    shown.say("disconnected: the connection is gone".to_owned());
    shown.set_quiet(75);
    insta::assert_snapshot!(drawn(100, 12, &shown, Some(&book)));
}

#[test]
fn an_empty_book_of_a_market_that_nobody_may_know() {
    let mut book = Book::new(SYMBOL, Product::Prediction);
    book.load([]).unwrap();
    insta::assert_snapshot!(drawn(60, 8, &shown(), Some(&book)));
}

#[test]
fn what_is_said_leaves_room_for_the_keys() {
    let mut shown = shown();
    let check = |shown: &Shown, (width, height), expected: &[&str]| {
        let picture = drawn(width, height, shown, None);
        let lines: Vec<&str> = picture
            .lines()
            .map(|line| line.trim_matches(['"', ' ']))
            .collect();
        assert_eq!(&lines[lines.len() - expected.len()..], expected, "{picture}");
    };
    let known = Known::unknown(Product::Prediction, &[SYMBOL.to_owned()]);
    shown.start_over(known, "another exchange, started 07:12:44 UTC".to_owned());
    let notice = "another exchange, started 07:12:44 UTC";
    check(&shown, (50, 20), &[notice, "q quit   n as NO"]);
    check(
        &shown,
        (50, 6),
        &["another exchange, started 07:12:44 UTC   q quit"],
    );
    // What is wrong now goes before what has happened, with what to do about it.
    shown.trouble(
        "the exchange is not running: waiting for it".to_owned(),
        "start it again with `kalshi-fix gateway venue/`".to_owned(),
    );
    let wrong = "the exchange is not running: waiting for it";
    check(
        &shown,
        (50, 20),
        &[
            wrong,
            "start it again with `kalshi-fix gateway venue/`",
            "q quit   n as NO",
        ],
    );
    check(
        &shown,
        (36, 20),
        &[
            "the exchange is not running:",
            "waiting for it",
            "start it again with `kalshi-fix",
            "gateway venue/`",
            "q quit   n as NO",
        ],
    );
    check(
        &shown,
        (50, 7),
        &[
            "the exchange is not running: waiting for it …",
            "q quit   n as NO",
        ],
    );
    check(&shown, (36, 6), &["the exchange is not runni…   q quit"]);
    shown.say(String::new());
    shown.seen();
    check(&shown, (50, 20), &["q quit   n as NO"]);
}

#[test]
fn lines_of_a_width() {
    let check = |text: &str, width, expected: &[&str]| assert_eq!(folded(text, width), expected);
    check("", 10, &[]);
    check("a b", 4, &[" a b"]);
    check("a b", 3, &[" a", " b"]);
    check("a\nb", 9, &[" a b"]);
    check("abcdef g", 4, &[" abc", " def", " g"]);
    check("x", 0, &[" x"]);
}

/// What is left without colours is no less true: a bar still grows from the middle, without a hole.
#[test]
fn without_colours() {
    let mut shown = shown();
    shown.colour = false;
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let book = book();
    terminal.draw(|frame| draw(frame, &shown, Some(&book))).unwrap();
    for cell in &terminal.backend().buffer().content {
        let style = (cell.fg, cell.bg, cell.modifier);
        assert_eq!(style, (Color::Reset, Color::Reset, Modifier::empty()), "{cell:?}");
    }
    insta::assert_snapshot!(terminal.backend().to_string());
}

#[test]
fn nothing_is_too_small() {
    for (width, height) in [(1, 1), (3, 2), (10, 4), (20, 3), (66, 5), (300, 100)] {
        drawn(width, height, &shown(), Some(&book()));
        drawn(width, height, &shown(), None);
    }
}

#[test]
fn bars() {
    let check = |size: i64, room, expected: (usize, usize)| {
        assert_eq!(bar(Decimal::from(size), Decimal::from(80), room), expected);
    };
    check(80, 4, (4, 0));
    check(40, 4, (2, 0));
    check(25, 4, (1, 2));
    check(1, 1, (0, 1));
    check(0, 4, (0, 0));
    check(80, 0, (0, 0));
    assert_eq!(bar(Decimal::ONE, Decimal::ZERO, 4), (0, 1));
}
