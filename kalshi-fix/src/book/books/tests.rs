//! What is asked for when, and what is told.

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;

use super::*;
use crate::book::{Aggressor, BookState, Entry, Refusal, Request, Side, TradingStatus, Update};

/// Books, a clock that is turned by hand, and what they told.
struct Desk {
    books: Books,
    now: Duration,
    events: Vec<BookEvent>,
}

impl Desk {
    fn new(change: impl FnOnce(&mut BooksSettings)) -> Desk {
        let mut settings = BooksSettings::default();
        change(&mut settings);
        Desk {
            books: Books::new(Product::Prediction, settings),
            now: Duration::from_secs(1000),
            events: Vec::new(),
        }
    }

    fn subscribe(&mut self, symbols: &[&str]) {
        for symbol in symbols {
            self.books.subscribe(symbol, self.now).unwrap();
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.books.handle_timeout(self.now, &mut self.events);
    }

    /// All that is to be sent now, as `1: A B`, and `e1: A` for statuses.
    fn sent(&mut self) -> String {
        let mut sent = Vec::new();
        while let Some(request) = self.books.next_request(self.now) {
            let kind = match request {
                Request::Snapshot(_) => "0",
                Request::Subscribe(_) => "1",
                Request::Unsubscribe(_) => "2",
                Request::SubscribeStatus(_) => "e1",
                Request::UnsubscribeStatus(_) => "e2",
            };
            let symbols: Vec<&str> = request.symbols().iter().map(AsRef::as_ref).collect();
            sent.push(format!("{kind}: {}", symbols.join(" ")));
        }
        sent.join(", ")
    }

    fn snapshot(&mut self, symbol: &str, entries: &[Entry]) {
        let message = MarketData::Snapshot(Snapshot::new(symbol, entries));
        self.books.handle(message, self.now, &mut self.events);
    }

    fn updates(&mut self, updates: &[Update<'_>]) {
        let message = MarketData::Updates(Updates::new(updates));
        self.books.handle(message, self.now, &mut self.events);
    }

    fn refused(&mut self, reason: Refusal) {
        let message = MarketData::Refused { reason, text: b"no" };
        self.books.handle(message, self.now, &mut self.events);
    }

    /// What was told since the last call, a word an event.
    fn told(&mut self) -> String {
        let told = self.events.drain(..).map(|event| match event {
            BookEvent::Snapshot {
                symbol,
                levels,
                differences,
            } => format!("{symbol}={levels}~{differences}"),
            BookEvent::Changed { symbol, levels, best } => {
                format!("{symbol}+{levels}{}", if best { "!" } else { "" })
            }
            BookEvent::Trade(trade) => format!("{}@{}", trade.symbol, trade.price),
            BookEvent::Status { symbol, status } => format!("{symbol}:{status}"),
            BookEvent::Stale { symbol, reason } => match reason {
                StaleReason::BadUpdate(_) => format!("{symbol}-bad"),
                StaleReason::BadSnapshot(_) => format!("{symbol}-worse"),
                other => format!("{symbol}-{other:?}"),
            },
            BookEvent::Fault { symbol, .. } => format!("{symbol}?"),
            BookEvent::Refused { symbol, reason, .. } => format!("{symbol}/{reason:?}"),
            BookEvent::RequestRefused { reason, retried, .. } => format!("refused/{reason:?}*{retried}"),
            BookEvent::Unanswered { symbol, attempts } => format!("{symbol}..{attempts}"),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    fn live(&mut self, symbols: &[&str]) {
        self.subscribe(symbols);
        let _ = self.sent();
        for symbol in symbols {
            self.snapshot(symbol, &[bid(35, 10)]);
        }
        self.events.clear();
    }
}

fn bid(cents: i64, size: i64) -> Entry {
    Entry::level(Side::Bid, Decimal::new(cents, 2), Decimal::from(size))
}

fn on(symbol: &str, entry: Entry) -> Update<'_> {
    Update::new(symbol, entry)
}

#[test]
fn subscribing_in_batches_one_at_a_time() {
    let mut desk = Desk::new(|settings| settings.symbols_per_request = 2);
    desk.subscribe(&["A", "B", "C", "B"]);
    assert_eq!(desk.sent(), "1: A B");
    assert_eq!(desk.sent(), "");
    desk.snapshot("B", &[bid(35, 10)]);
    assert_eq!(desk.sent(), "", "A has no answer yet");
    desk.snapshot("A", &[]);
    assert_eq!(desk.sent(), "1: C");
    assert_eq!(desk.told(), "B=1~0 A=0~0");
    assert!(
        desk.books.book("A").unwrap().is_live(),
        "an empty snapshot is one"
    );
    assert_eq!(desk.books.book("C").unwrap().state(), BookState::AwaitingSnapshot);
    desk.snapshot("C", &[bid(35, 10)]);
    assert_eq!((desk.books.next_deadline(), desk.books.len()), (None, 3));
}

#[test]
fn messages_reach_their_books() {
    let mut desk = Desk::new(|_| ());
    desk.live(&["A", "B"]);
    let trade = Entry::trade(Decimal::new(35, 2), Decimal::ONE, Aggressor::Sell);
    desk.updates(&[
        on("A", bid(36, 1)),
        on("A", bid(30, 1)),
        on("B", bid(30, 1)),
        on("B", trade),
        on("NOBODY", bid(1, 1)),
    ]);
    assert_eq!(desk.told(), "A+2! B@0.3500 B+1");
    assert_eq!(desk.books.strays(), 1);
    desk.snapshot("NOBODY", &[]);
    let status = MarketData::Status {
        symbol: b"A",
        status: TradingStatus::Halted,
    };
    desk.books.handle(status, desk.now, &mut desk.events);
    assert_eq!(desk.told(), "A:halted");
    assert_eq!(
        desk.books.book("A").unwrap().status(),
        Some(TradingStatus::Halted)
    );
    assert_eq!(desk.books.strays(), 2);
    // Bytes that are no text are nobody's symbol.
    let stray = Update {
        symbol: &[0xff],
        entry: bid(1, 1),
    };
    desk.updates(&[stray]);
    assert_eq!((desk.told().as_str(), desk.books.strays()), ("", 3));
}

fn halted(desk: &mut Desk, symbol: &str) {
    let status = MarketData::Status {
        symbol: symbol.as_bytes(),
        status: TradingStatus::Halted,
    };
    desk.books.handle(status, desk.now, &mut desk.events);
}

#[test]
fn a_status_is_known_no_more_once_messages_may_be_missing() {
    let status = |desk: &Desk, symbol: &str| desk.books.book(symbol).unwrap().status();
    // Also that of a book which has no snapshot yet.
    let check = |lose: fn(&mut Desk), expected: Option<TradingStatus>| {
        let mut desk = Desk::new(|_| ());
        desk.live(&["A"]);
        desk.subscribe(&["B"]);
        halted(&mut desk, "A");
        halted(&mut desk, "B");
        lose(&mut desk);
        assert_eq!((status(&desk, "A"), status(&desk, "B")), (expected, expected));
        // The next change is told, as the first was.
        halted(&mut desk, "A");
        assert_eq!(status(&desk, "A"), Some(TradingStatus::Halted));
    };
    let known = Some(TradingStatus::Halted);
    check(|desk| desk.books.handle_disconnected(&mut desk.events), None);
    check(
        |desk| {
            desk.books.handle_disconnected(&mut desk.events);
            desk.books.handle_reconnected(&mut desk.events);
            desk.snapshot("A", &[]);
        },
        None,
    );
    check(|desk| desk.books.handle_reconnected(&mut desk.events), None);
    check(
        |desk| {
            desk.books
                .handle_loss(StaleReason::MessagesDropped, desk.now, &mut desk.events);
        },
        None,
    );
    check(
        |desk| {
            desk.books
                .handle_loss(StaleReason::Gap, desk.now, &mut desk.events);
        },
        None,
    );
    // What concerns the levels alone says nothing of the status.
    check(
        |desk| desk.books.handle_unreadable([], desk.now, &mut desk.events),
        known,
    );
    check(|desk| desk.updates(&[on("A", bid(37, -1))]), known);
    check(|desk| desk.pass(100), known);
}

#[test]
fn an_entry_that_names_no_market_may_be_of_any() {
    let mut desk = Desk::new(|_| ());
    desk.live(&["A", "B"]);
    desk.books
        .handle_unreadable([b"A".as_slice(), b""], desk.now, &mut desk.events);
    assert_eq!(desk.told(), "A-Unreadable B-Unreadable");
}

#[test]
fn a_bad_update_is_told_and_a_snapshot_asked_for() {
    let mut desk = Desk::new(|_| ());
    desk.live(&["A", "B"]);
    desk.pass(100);
    desk.updates(&[
        on("A", bid(36, 1)),
        on("A", bid(37, -1)),
        on("A", bid(38, 1)),
        on("B", bid(30, 1)),
    ]);
    assert_eq!(desk.told(), "A+1! A? A-bad B+1");
    // The venue sends updates of it: a snapshot is all that is missing.
    assert_eq!(desk.sent(), "0: A");
    desk.updates(&[on("A", bid(37, -1))]);
    assert_eq!(desk.told(), "", "a stale book looks at no levels");
    desk.snapshot("A", &[bid(38, 1)]);
    assert_eq!(desk.told(), "A=1~0");
    // It fails again at once: asked for later and later.
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        desk.updates(&[on("A", bid(37, -1))]);
        assert_eq!((desk.told().as_str(), desk.sent().as_str()), ("A? A-bad", ""));
        assert_eq!(
            desk.books.next_deadline(),
            Some(desk.now + Duration::from_secs(wait))
        );
        desk.pass(wait - 1);
        assert_eq!(desk.sent(), "");
        desk.pass(1);
        assert_eq!(desk.sent(), "0: A");
        desk.snapshot("A", &[]);
        desk.told();
    }
    // Once it was live for long, it goes at once again.
    desk.pass(60);
    desk.updates(&[on("A", bid(37, -1))]);
    assert_eq!(desk.sent(), "0: A");
}

#[test]
fn a_bad_trade_spares_the_levels() {
    let mut desk = Desk::new(|_| ());
    desk.live(&["A"]);
    let trade = Entry::trade(Decimal::new(35, 2), Decimal::ZERO, Aggressor::Sell);
    desk.updates(&[on("A", trade), on("A", bid(36, 1))]);
    assert_eq!(desk.told(), "A? A+1!");
    // Also one with the very fault that made the book stale.
    desk.updates(&[
        on(
            "A",
            Entry {
                size: None,
                ..bid(36, 1)
            },
        ),
        on("A", Entry { size: None, ..trade }),
    ]);
    assert_eq!(desk.told(), "A? A-bad A?");
}

#[test]
fn a_bad_snapshot_is_asked_for_again() {
    let mut desk = Desk::new(|_| ());
    desk.subscribe(&["A"]);
    assert_eq!(desk.sent(), "1: A");
    desk.snapshot("A", &[bid(35, -1)]);
    assert_eq!(desk.told(), "A? A-worse");
    assert_eq!(desk.sent(), "");
    desk.pass(1);
    assert_eq!(desk.sent(), "0: A");
}

#[test]
fn no_answer() {
    let mut desk = Desk::new(|_| ());
    desk.subscribe(&["A", "B"]);
    assert_eq!(desk.sent(), "1: A B");
    desk.snapshot("A", &[]);
    desk.pass(9);
    assert_eq!(desk.told(), "A=0~0");
    desk.pass(1);
    assert_eq!((desk.told().as_str(), desk.sent().as_str()), ("B..1", ""));
    desk.pass(1);
    assert_eq!(desk.sent(), "1: B");
    desk.pass(10);
    assert_eq!(desk.told(), "B..2");
    // The answer may come late all the same.
    desk.snapshot("B", &[]);
    desk.pass(100);
    assert_eq!((desk.told().as_str(), desk.sent().as_str()), ("B=0~0", ""));
}

#[test]
fn a_refused_batch_is_halved_until_one_is_refused_alone() {
    let mut desk = Desk::new(|_| ());
    desk.subscribe(&["A", "B", "C", "D"]);
    assert_eq!(desk.sent(), "1: A B C D");
    desk.refused(Refusal::Unlisted(b'7'));
    assert_eq!(
        (desk.told().as_str(), desk.sent().as_str()),
        ("refused/Unlisted(55)*4", "1: A B")
    );
    desk.refused(Refusal::Unlisted(b'7'));
    assert_eq!(
        (desk.told().as_str(), desk.sent().as_str()),
        ("refused/Unlisted(55)*2", "1: A")
    );
    desk.refused(Refusal::Unlisted(b'7'));
    assert_eq!(
        (desk.told().as_str(), desk.sent().as_str()),
        ("A/Unlisted(55)", "1: B")
    );
    desk.snapshot("B", &[]);
    assert_eq!(desk.sent(), "1: C");
    desk.pass(9);
    // Asked for by hand, it is asked for again.
    desk.subscribe(&["A"]);
    desk.snapshot("C", &[]);
    assert_eq!(desk.sent(), "1: A");
}

#[test]
fn a_full_session_refuses_all_that_wait() {
    let mut desk = Desk::new(|settings| settings.symbols_per_request = 1);
    desk.live(&["A"]);
    desk.subscribe(&["B", "C", "D"]);
    assert_eq!(desk.sent(), "1: B");
    desk.refused(Refusal::SymbolLimit);
    assert_eq!(desk.told(), "B/SymbolLimit C/SymbolLimit D/SymbolLimit");
    assert_eq!((desk.sent().as_str(), desk.books.next_deadline()), ("", None));
    assert!(desk.books.book("A").unwrap().is_live());
    // A reconnect is another chance.
    desk.books.handle_disconnected(&mut desk.events);
    desk.books.handle_reconnected(&mut desk.events);
    assert_eq!(desk.sent(), "1: A");
}

#[test]
fn refusals_of_the_type_and_of_nothing_that_was_asked() {
    let mut desk = Desk::new(|_| ());
    desk.refused(Refusal::SymbolLimit);
    assert_eq!(desk.told(), "refused/SymbolLimit*0");
    desk.subscribe(&["A", "B"]);
    let _ = desk.sent();
    desk.refused(Refusal::UnsupportedType);
    assert_eq!(desk.told(), "A/UnsupportedType B/UnsupportedType");
    assert_eq!(desk.sent(), "");
}

#[test]
fn a_business_reject_is_for_now() {
    let mut desk = Desk::new(|_| ());
    desk.subscribe(&["A", "B"]);
    let _ = desk.sent();
    let reject = |ref_msg_type| MarketData::BusinessReject {
        ref_msg_type,
        ref_seq_num: None,
        text: b"slow down",
    };
    desk.books.handle(reject(b"e"), desk.now, &mut desk.events);
    assert_eq!(desk.told(), "refused/Business*0");
    desk.books.handle(reject(b"V"), desk.now, &mut desk.events);
    assert_eq!(
        (desk.told().as_str(), desk.sent().as_str()),
        ("refused/Business*2", "")
    );
    desk.pass(1);
    assert_eq!(desk.sent(), "1: A B");
}

#[test]
fn losses_make_all_live_books_stale() {
    let mut desk = Desk::new(|_| ());
    desk.live(&["A", "B"]);
    desk.pass(100);
    desk.subscribe(&["C"]);
    desk.books
        .handle_loss(StaleReason::MessagesDropped, desk.now, &mut desk.events);
    assert_eq!(desk.told(), "A-MessagesDropped B-MessagesDropped");
    // Of what is subscribed to a snapshot is enough, and each request is of one kind.
    assert_eq!(desk.sent(), "0: A B");
    // A snapshot that was asked for may be among what is lost.
    desk.snapshot("A", &[]);
    desk.books
        .handle_loss(StaleReason::MessagesDropped, desk.now, &mut desk.events);
    assert_eq!(
        (desk.told().as_str(), desk.sent().as_str()),
        ("A=0~0 A-MessagesDropped", "1: C")
    );
    desk.snapshot("C", &[]);
    desk.pass(1);
    assert_eq!((desk.told().as_str(), desk.sent().as_str()), ("C=0~0", "0: A B"));
    desk.snapshot("A", &[]);
    desk.snapshot("B", &[]);
    desk.told();
    desk.pass(100);
    desk.books
        .handle_unreadable([b"B".as_slice(), b"X"], desk.now, &mut desk.events);
    assert_eq!(desk.told(), "B-Unreadable");
    desk.books
        .handle_unreadable([b"X".as_slice()], desk.now, &mut desk.events);
    assert_eq!(desk.told(), "A-Unreadable C-Unreadable");
}

#[test]
fn a_reconnect_asks_for_everything_anew() {
    let mut desk = Desk::new(|_| ());
    desk.live(&["A", "B"]);
    desk.books.subscribe_status("A", desk.now).unwrap();
    assert_eq!(desk.sent(), "e1: A");
    desk.books.unsubscribe("B");
    desk.books.handle_disconnected(&mut desk.events);
    assert_eq!(desk.told(), "A-Disconnected");
    desk.subscribe(&["C"]);
    assert_eq!(
        (desk.sent().as_str(), desk.books.next_deadline()),
        ("", None),
        "there is nobody to ask"
    );
    desk.books.handle_reconnected(&mut desk.events);
    assert_eq!(desk.sent(), "1: A C, e1: A");
    desk.snapshot("A", &[bid(1, 1)]);
    assert_eq!(desk.told(), "A=1~0");
}

#[test]
fn unsubscribing() {
    let mut desk = Desk::new(|_| ());
    desk.live(&["A", "B", "C"]);
    desk.books.subscribe_status("A", desk.now).unwrap();
    desk.books.subscribe_status("B", desk.now).unwrap();
    assert_eq!(desk.sent(), "e1: A, e1: B");
    assert!(desk.books.unsubscribe("A"));
    assert!(!desk.books.unsubscribe("A"));
    assert_eq!(desk.sent(), "2: A, e2: A");
    desk.updates(&[on("A", bid(1, 1)), on("C", bid(36, 1)), on("B", bid(36, 1))]);
    assert_eq!((desk.told().as_str(), desk.books.strays()), ("C+1! B+1!", 1));
    // Followed again before the venue was told.
    desk.books.unsubscribe("B");
    desk.subscribe(&["B", "D"]);
    assert_eq!(desk.sent(), "1: B D");
    desk.books.unsubscribe("D");
    desk.snapshot("D", &[]);
    desk.snapshot("B", &[]);
    assert_eq!((desk.told().as_str(), desk.sent().as_str()), ("B=0~0", "2: D"));
    assert_eq!(desk.books.next_deadline(), None);
}

#[test]
fn a_snapshot_from_before_a_market_was_left_is_none() {
    let mut desk = Desk::new(|_| ());
    desk.subscribe(&["A"]);
    assert_eq!(desk.sent(), "1: A");
    desk.books.unsubscribe("A");
    assert_eq!(desk.sent(), "2: A");
    desk.subscribe(&["A"]);
    assert_eq!(desk.sent(), "1: A");
    // The venue sent no updates between the two, so the first one is out of date.
    desk.snapshot("A", &[bid(1, 1)]);
    assert_eq!((desk.told().as_str(), desk.books.strays()), ("", 1));
    desk.snapshot("A", &[bid(2, 1), bid(1, 1)]);
    assert_eq!(desk.told(), "A=2~0");
    // One that never comes costs no more than the wait for it.
    desk.books.unsubscribe("A");
    assert_eq!(desk.sent(), "2: A");
    desk.subscribe(&["A"]);
    assert_eq!(desk.sent(), "1: A");
    desk.books.unsubscribe("A");
    desk.subscribe(&["A"]);
    assert_eq!(desk.sent(), "1: A");
    desk.snapshot("A", &[]);
    desk.pass(10);
    desk.pass(1);
    assert_eq!((desk.told().as_str(), desk.sent().as_str()), ("A..1", "1: A"));
    desk.snapshot("A", &[]);
    assert_eq!(desk.told(), "A=0~0");
}

#[test]
fn a_refresh_compares() {
    let mut desk = Desk::new(|_| ());
    desk.live(&["A"]);
    desk.pass(100);
    assert!(desk.books.refresh("A", desk.now) && !desk.books.refresh("B", desk.now));
    desk.pass(1);
    assert_eq!(desk.sent(), "0: A");
    assert!(desk.books.book("A").unwrap().is_live());
    desk.snapshot("A", &[bid(35, 10), bid(36, 1)]);
    assert_eq!(desk.told(), "A=2~1");
    // And one more that nobody asked for.
    desk.snapshot("A", &[bid(35, 10), bid(36, 1)]);
    assert_eq!((desk.told().as_str(), desk.sent().as_str()), ("A=2~0", ""));
}

#[test]
fn what_could_not_be_sent_comes_again() {
    let mut desk = Desk::new(|_| ());
    desk.subscribe(&["A"]);
    desk.books.subscribe_status("A", desk.now).unwrap();
    for _ in 0..3 {
        let request = desk.books.next_request(desk.now).unwrap();
        assert_eq!(request, Request::Subscribe(vec![Arc::from("A")]));
        desk.books.not_sent(request, desk.now);
    }
    assert_eq!(desk.sent(), "1: A, e1: A");
    desk.books.unsubscribe("A");
    for _ in 0..3 {
        let request = desk.books.next_request(desk.now).unwrap();
        assert_eq!(request, Request::Unsubscribe(vec![Arc::from("A")]));
        desk.books.not_sent(request, desk.now);
    }
    assert_eq!(desk.sent(), "2: A, e2: A");
}

#[test]
fn what_cannot_be_followed() {
    let mut desk = Desk::new(|settings| settings.max_symbols = 1);
    for symbol in ["", "A B", " A", "A\x0155=B", "A\u{e9}", "A\u{a0}B"] {
        let expected = format!(
            "{symbol:?} is no symbol: expected a market's ticker, printable ASCII characters without spaces"
        );
        for subscribe in [Books::subscribe, Books::subscribe_status] {
            let error = subscribe(&mut desk.books, symbol, desk.now).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
    assert!(desk.books.is_empty());
    desk.subscribe(&["A"]);
    let error = desk.books.subscribe("B", desk.now).unwrap_err();
    assert_eq!(error, SubscribeError::TooMany { max: 1 });
    desk.subscribe(&["A"]);
    let mut margin = Books::new(Product::Margin, BooksSettings::default());
    let error = margin.subscribe_status("BTC-PERP", desk.now).unwrap_err();
    assert_eq!(
        error.to_string(),
        "margin has no trading status: nothing to subscribe to for BTC-PERP"
    );
    assert!(margin.is_empty());
}
