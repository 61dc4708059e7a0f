//! Order books against plain maps from prices to sizes, interleaved round by round in one process, as a table.
//!
//! A neighbour on the machine slows all contenders of a round alike, so the ratios hold where the nanoseconds do not.
//! Each ratio is the median of the ratios of the rounds. Every contender takes the same entries, as they stand in a typed
//! message: `decimals` keeps a `BTreeMap` a side from `Decimal` to `Decimal`, as one would write it, and `integers` one from
//! `i64` to `i64`, with prices and sizes converted as the book does it. Neither judges anything. Allocations are those of
//! the book in one pass after a first one, a change.

#![expect(clippy::cast_precision_loss, reason = "nanoseconds and counts of a benchmark")]

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::time::{Duration, Instant};

use kalshi_fix::book::{Book, Books, BooksSettings, Entry, MarketData, Side, UpdateAction};
use kalshi_fix::dialect::Decimal;
use kalshi_fix::environment::Product;
use kalshi_fix::prediction::{self, fields, groups};
use kalshi_fix::settlement::{Handled, Reassembler, ReassemblerSettings};

const ROUNDS: usize = 200;
/// The changes of a pass: more than a branch predictor learns by heart.
const CHANGES: usize = 20_000;
const SYMBOL: &str = "KXNBAGAME-26MAY25NYKCLE-NYK";

fn main() {
    println!(
        "{:<34} {:>9} {:>9} {:>9} {:>14} {:>14} {:>12}",
        "nanoseconds each", "book", "integers", "decimals", "book/integers", "book/decimals", "allocations"
    );
    for levels in [99, 9_999] {
        row(
            &format!("change near the touch, {levels} levels"),
            &Workload::near(levels),
        );
        row(
            &format!("change anywhere, {levels} levels"),
            &Workload::anywhere(levels),
        );
        snapshots(levels);
    }
    for levels in [99, 9_999] {
        messages(levels);
    }
    println!(
        "\n{:<34} {:>9} {:>9} {:>14} {:>12}",
        "nanoseconds each", "ours", "kept", "ours/kept", "allocations"
    );
    for parties in [1, 20] {
        settlements(parties);
    }
}

/// What is done to a book, over and over.
struct Workload {
    /// Every level.
    snapshot: Vec<Entry>,
    changes: Vec<Entry>,
}

impl Workload {
    /// Levels are changed, deleted and made at prices that are drawn evenly.
    fn anywhere(levels: i64) -> Workload {
        Workload::new(levels, |random, levels| 1 + random.below(levels))
    }

    /// As most changes of a market are: half of them within two prices of the middle.
    fn near(levels: i64) -> Workload {
        Workload::new(levels, |random, levels| {
            let mut distance = 0;
            while distance < levels / 2 - 1 && random.below(4) != 0 {
                distance += 1;
            }
            if random.below(2) == 0 {
                levels / 2 - distance
            } else {
                levels / 2 + 1 + distance
            }
        })
    }

    fn new(levels: i64, mut place: impl FnMut(&mut Random, i64) -> i64) -> Workload {
        let mut random = Random(11);
        let step = 10_000 / (levels + 1);
        let level = |at: i64, random: &mut Random| {
            let side = if at <= levels / 2 { Side::Bid } else { Side::Offer };
            Entry::level(
                side,
                Decimal::new(at * step, 4),
                Decimal::new(1 + random.below(1_000_000), 2),
            )
        };
        let mut snapshot: Vec<Entry> = (1..=levels).map(|at| level(at, &mut random)).collect();
        // Best first on both sides, as a snapshot comes.
        snapshot[..(levels / 2) as usize].reverse();
        let changes = (0..CHANGES).map(|_| {
            let at = place(&mut random, levels);
            let action = match random.below(8) {
                0 | 1 => UpdateAction::Delete,
                2 => UpdateAction::New,
                _ => UpdateAction::Change,
            };
            Entry {
                action,
                ..level(at, &mut random)
            }
        });
        Workload {
            changes: changes.collect(),
            snapshot,
        }
    }
}

struct Random(i64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33 & i64::MAX >> 33) % bound
    }
}

/// Whoever keeps a book, or something like it.
trait Contender {
    fn load(&mut self, entries: &[Entry]);
    fn apply(&mut self, entry: &Entry);
    /// The best prices, so that nobody can put the work off.
    fn touch(&self) -> (i64, i64);
}

impl Contender for Book {
    fn load(&mut self, entries: &[Entry]) {
        Book::load(self, entries.iter().copied()).expect("a sound snapshot");
    }

    fn apply(&mut self, entry: &Entry) {
        black_box(Book::apply(self, entry).expect("a sound update"));
    }

    fn touch(&self) -> (i64, i64) {
        let price =
            |level: Option<kalshi_fix::book::Level>| level.map_or(0, |level| ticks(level.price.dollars()));
        (price(self.best_bid()), price(self.best_offer()))
    }
}

/// Maps from prices to sizes: bids and offers.
struct Maps<K>([BTreeMap<K, K>; 2]);

impl<K: Convert> Contender for Maps<K> {
    fn load(&mut self, entries: &[Entry]) {
        self.0 = [BTreeMap::new(), BTreeMap::new()];
        for entry in entries {
            self.apply(entry);
        }
    }

    #[inline]
    fn apply(&mut self, entry: &Entry) {
        let side = &mut self.0[usize::from(entry.entry_type == Side::Offer.into())];
        let Some(price) = entry.price.map(K::of) else {
            return;
        };
        match entry.size {
            Some(size) if entry.action != UpdateAction::Delete && !size.is_zero() => {
                black_box(side.insert(price, K::of(size)));
            }
            _ => {
                black_box(side.remove(&price));
            }
        }
    }

    fn touch(&self) -> (i64, i64) {
        let price = |level: Option<(&K, &K)>| level.map_or(0, |(price, _)| price.in_ticks());
        (
            price(self.0[0].last_key_value()),
            price(self.0[1].first_key_value()),
        )
    }
}

trait Convert: Ord + Copy {
    fn of(value: Decimal) -> Self;
    fn in_ticks(self) -> i64;
}

impl Convert for Decimal {
    fn of(value: Decimal) -> Decimal {
        value
    }

    fn in_ticks(self) -> i64 {
        ticks(self)
    }
}

impl Convert for i64 {
    #[inline]
    fn of(value: Decimal) -> i64 {
        ticks(value)
    }

    fn in_ticks(self) -> i64 {
        self
    }
}

/// Ten-thousandths; the workloads have no finer ones.
#[inline]
fn ticks(value: Decimal) -> i64 {
    const FACTORS: [i128; 5] = [1, 10, 100, 1_000, 10_000];
    (value.mantissa() * FACTORS[4 - value.scale() as usize]) as i64
}

fn contenders() -> [Box<dyn Contender>; 3] {
    [
        Box::new(Book::new("TEST", Product::Prediction)),
        Box::new(Maps::<i64>([BTreeMap::new(), BTreeMap::new()])),
        Box::new(Maps::<Decimal>([BTreeMap::new(), BTreeMap::new()])),
    ]
}

fn row(name: &str, workload: &Workload) {
    let mut contenders = contenders();
    for contender in &mut contenders {
        contender.load(&workload.snapshot);
        workload.changes.iter().for_each(|change| contender.apply(change));
    }
    let [book, integers, decimals] = &contenders;
    assert_eq!(book.touch(), integers.touch());
    assert_eq!(book.touch(), decimals.touch());
    let [book, ..] = &mut contenders;
    let counted =
        allocation_counter::measure(|| workload.changes.iter().for_each(|change| book.apply(change)));
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            times.push(timed(workload.changes.len(), || {
                workload
                    .changes
                    .iter()
                    .for_each(|change| contender.apply(black_box(change)));
            }));
        }
    }
    print_row(
        name,
        &times,
        counted.count_total as f64 / workload.changes.len() as f64,
    );
}

/// The time of a level of a snapshot.
fn snapshots(levels: i64) {
    let workload = Workload::anywhere(levels);
    let mut contenders = contenders();
    let [book, ..] = &mut contenders;
    book.load(&workload.snapshot);
    let counted = allocation_counter::measure(|| book.load(&workload.snapshot));
    let times_a_round = (CHANGES / workload.snapshot.len()).max(1);
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            times.push(timed(workload.snapshot.len() * times_a_round, || {
                (0..times_a_round).for_each(|_| contender.load(black_box(&workload.snapshot)));
            }));
        }
    }
    let allocations = counted.count_total as f64 / workload.snapshot.len() as f64;
    print_row(&format!("a level of a snapshot of {levels}"), &times, allocations);
}

/// The time of a typed message of one level, from the message to the events that a set of books tells.
fn messages(levels: i64) {
    let workload = Workload::near(levels);
    let message = |entry: &Entry| {
        let action = match entry.action {
            UpdateAction::Delete => fields::MDUpdateAction::Delete,
            _ => fields::MDUpdateAction::Change,
        };
        let offer = entry.entry_type == Side::Offer.into();
        let kind = if offer {
            fields::MDEntryType::Offer
        } else {
            fields::MDEntryType::Bid
        };
        let entry = groups::MDIncEntry {
            md_entry_px: entry.price,
            md_entry_size: entry.size,
            ..groups::MDIncEntry::new(action, SYMBOL, kind)
        };
        prediction::Message::from(prediction::MarketDataIncrementalRefresh::new(vec![entry]))
    };
    let messages: Vec<prediction::Message<'static>> = workload.changes.iter().map(message).collect();
    let (mut books, now, mut events) = books(&workload.snapshot);
    let mut maps: HashMap<String, Maps<Decimal>> = HashMap::new();
    let mut plain = Maps([BTreeMap::new(), BTreeMap::new()]);
    plain.load(&workload.snapshot);
    maps.insert(SYMBOL.to_owned(), plain);
    let mut ours = || {
        for message in &messages {
            let message = MarketData::of_prediction(black_box(message)).expect("market data");
            books.handle(message, now, &mut events);
            black_box(&events);
            events.clear();
        }
    };
    let mut theirs = || {
        for message in &messages {
            let prediction::Message::MarketDataIncrementalRefresh(refresh) = black_box(message) else {
                continue;
            };
            for entry in &refresh.md_entries {
                let symbol = entry.symbol.as_str().expect("text");
                maps.get_mut(symbol).expect("a book").apply(&entry.into());
            }
        }
    };
    ours();
    let counted = allocation_counter::measure(&mut ours);
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(timed(messages.len(), &mut ours));
        times[2].push(timed(messages.len(), &mut theirs));
    }
    let allocations = counted.count_total as f64 / messages.len() as f64;
    print_row(&format!("typed message, {levels} levels"), &times, allocations);
}

fn books(snapshot: &[Entry]) -> (Books, Duration, Vec<kalshi_fix::book::BookEvent>) {
    let (mut books, now, mut events) = (
        Books::new(Product::Prediction, BooksSettings::default()),
        Duration::from_secs(1),
        Vec::new(),
    );
    books.subscribe(SYMBOL, now).expect("room");
    while books.next_request(now).is_some() {}
    let message = MarketData::Snapshot(kalshi_fix::book::Snapshot::new(SYMBOL, snapshot));
    books.handle(message, now, &mut events);
    events.clear();
    (books, now, events)
}

/// The time of a page of a settlement, in batches of four pages of so many parties, findings included. `kept` makes each an
/// owned message and puts it into a map by symbol, until there are four.
fn settlements(parties: usize) {
    const PAGES: i64 = 4;
    let party = |number: usize| {
        let change = groups::CollateralAmountChange::new(
            Decimal::new(10_000, 2),
            fields::CollateralAmountType::Payout,
        );
        let (kind, basis) = (fields::MiscFeeType::ExchangeFees, fields::MiscFeeBasis::Absolute);
        groups::MarketSettlementParty {
            long_qty: Some(Decimal::from(100)),
            short_qty: Some(Decimal::ZERO),
            collateral_amount_changes: Some(vec![change]),
            misc_fees: Some(vec![groups::MiscFee::new(Decimal::new(0, 2), "USD", kind, basis)]),
            ..groups::MarketSettlementParty::new(
                format!("86f51285-5d5f-4da3-80d6-{number:012}"),
                fields::MarketSettlementPartyRole::CustomerAccount,
            )
        }
    };
    let page = |market: i64, number: i64| prediction::MarketSettlementReport {
        tot_num_market_settlement_reports: Some(PAGES),
        last_fragment: Some(number == PAGES),
        market_settlement_party_ids: Some(
            (0..parties)
                .map(|at| party(at + parties * number as usize))
                .collect(),
        ),
        ..prediction::MarketSettlementReport::new(
            format!("{market:08}-5d5f-4da3-80d6-{number:012}"),
            format!("KXHIGHNY-{market}"),
            kalshi_fix::dialect::Date::new(2026, 8, 17).expect("a day"),
            fields::MarketResult::YesOutcome,
            Decimal::new(10_000, 2),
        )
    };
    let pages: Vec<_> = (0..200)
        .flat_map(|market| (1..=PAGES).map(move |number| (market, number)))
        .collect();
    let pages: Vec<_> = pages
        .into_iter()
        .map(|(market, number)| page(market, number))
        .collect();
    let ours = || {
        let mut reassembler = Reassembler::new(ReassemblerSettings::default());
        for page in &pages {
            if let Handled::Complete(settlement) = reassembler.handle(black_box(page)) {
                assert!(settlement.is_reconciled());
            }
        }
    };
    let theirs = || {
        let mut kept: HashMap<String, Vec<prediction::MarketSettlementReport<'static>>> = HashMap::new();
        for page in &pages {
            let symbol = page.symbol.to_string();
            let batch = kept.entry(symbol.clone()).or_default();
            batch.push(black_box(page).clone().into_owned());
            if batch.len() == PAGES as usize {
                black_box(kept.remove(&symbol));
            }
        }
    };
    let counted = allocation_counter::measure(ours);
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS / 4 {
        our_times.push(timed(pages.len(), ours));
        their_times.push(timed(pages.len(), theirs));
    }
    let ratio = median(our_times.iter().zip(&their_times).map(|(of, to)| of / to));
    println!(
        "{:<34} {:>9.0} {:>9.0} {:>14.2} {:>12.1}",
        format!("a settlement report, {parties} parties"),
        median(our_times.iter().copied()).unwrap_or_default(),
        median(their_times.iter().copied()).unwrap_or_default(),
        ratio.unwrap_or_default(),
        counted.count_total as f64 / pages.len() as f64,
    );
}

/// Nanoseconds of one of so many.
fn timed(count: usize, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64 / count as f64
}

fn print_row(name: &str, [book, integers, decimals]: &[Vec<f64>; 3], allocations: f64) {
    let text =
        |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |value| format!("{value:.digits$}"));
    let ratio = |to: &[f64]| median(book.iter().zip(to).map(|(of, to)| of / to));
    println!(
        "{name:<34} {:>9} {:>9} {:>9} {:>14} {:>14} {allocations:>12.3}",
        text(median(book.iter().copied()), 1),
        text(median(integers.iter().copied()), 1),
        text(median(decimals.iter().copied()), 1),
        text(ratio(integers), 2),
        text(ratio(decimals), 2),
    );
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
