//! Books of a session on which everything goes wrong, held against a venue that knows what is true.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use kalshi_fix::book::{
    BookEvent, Books, BooksSettings, Entry, MarketData, Refusal, Request, Side, Snapshot, StaleReason,
    TradingStatus, Update, Updates,
};
use kalshi_fix::dialect::Decimal;
use kalshi_fix::environment::Product;
use proptest::prelude::*;

const MARKETS: [&str; 4] = ["A", "B", "C", "D"];

#[derive(Clone, Debug)]
enum Step {
    /// A level of a market changes.
    Change {
        market: usize,
        offer: bool,
        price: i64,
        size: i64,
    },
    /// A market becomes another status.
    Status {
        market: usize,
        value: i64,
    },
    /// The client takes so many messages.
    Deliver(usize),
    /// Messages are dropped on the client's side, and it is told.
    Drop(usize),
    /// An update comes that nobody can take.
    Corrupt,
    /// The client asks for what it wants, and the venue takes what was asked.
    Ask,
    /// The venue refuses the next request.
    RefuseNext,
    /// The venue does not answer the next request.
    IgnoreNext,
    Disconnect,
    Reconnect,
    Pass(u64),
    Follow(usize),
    Leave(usize),
    Refresh(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let change = (0..4_usize, any::<bool>(), 1..20_i64, 0..4_i64);
    prop_oneof![
        20 => change.prop_map(|(market, offer, price, size)| Step::Change { market, offer, price, size }),
        4 => (0..4_usize, 0..9_i64).prop_map(|(market, value)| Step::Status { market, value }),
        20 => (1..6_usize).prop_map(Step::Deliver),
        10 => Just(Step::Ask),
        2 => (1..4_usize).prop_map(Step::Drop),
        1 => Just(Step::Corrupt),
        1 => Just(Step::RefuseNext),
        1 => Just(Step::IgnoreNext),
        1 => Just(Step::Disconnect),
        2 => Just(Step::Reconnect),
        4 => (0..20_u64).prop_map(Step::Pass),
        3 => (0..4_usize).prop_map(Step::Follow),
        1 => (0..4_usize).prop_map(Step::Leave),
        1 => (0..4_usize).prop_map(Step::Refresh),
    ]
}

/// Sizes by side and price.
type Levels = BTreeMap<(bool, i64), i64>;

enum Sent {
    Snapshot(&'static str),
    Update(&'static str, Entry),
    Corrupt(&'static str),
    Status(&'static str, TradingStatus),
    Refused,
}

struct World {
    books: Books,
    events: Vec<BookEvent>,
    now: Duration,
    truth: BTreeMap<&'static str, Levels>,
    subscribed: BTreeSet<&'static str>,
    statuses_subscribed: BTreeSet<&'static str>,
    /// What is on its way, with the market as it is after it.
    stream: VecDeque<(Sent, Levels)>,
    /// The markets as they were after what the client has taken or lost.
    reached: BTreeMap<&'static str, Levels>,
    /// The statuses at that point.
    reached_statuses: BTreeMap<&'static str, TradingStatus>,
    connected: bool,
    refuse: bool,
    ignore: bool,
}

fn entry((offer, price): (bool, i64), size: i64) -> Entry {
    let side = if offer { Side::Offer } else { Side::Bid };
    Entry::level(side, Decimal::new(price, 2), Decimal::from(size))
}

impl World {
    fn new() -> World {
        let mut settings = BooksSettings::default();
        settings.symbols_per_request = 2;
        World {
            books: Books::new(Product::Prediction, settings),
            events: Vec::new(),
            now: Duration::from_secs(1),
            truth: MARKETS
                .into_iter()
                .map(|market| (market, Levels::new()))
                .collect(),
            subscribed: BTreeSet::new(),
            statuses_subscribed: BTreeSet::new(),
            stream: VecDeque::new(),
            reached: BTreeMap::new(),
            reached_statuses: BTreeMap::new(),
            connected: true,
            refuse: false,
            ignore: false,
        }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Change {
                market,
                offer,
                price,
                size,
            } => {
                let market = MARKETS[market];
                let levels = self.truth.get_mut(market).expect("a market");
                if size == 0 {
                    levels.remove(&(offer, price));
                } else {
                    levels.insert((offer, price), size);
                }
                if self.subscribed.contains(market) {
                    let sent = Sent::Update(market, entry((offer, price), size));
                    self.stream.push_back((sent, levels.clone()));
                }
            }
            Step::Status { market, value } => {
                let (market, status) = (MARKETS[market], TradingStatus::Unlisted(value));
                if self.statuses_subscribed.contains(market) {
                    let levels = self.truth[market].clone();
                    self.stream.push_back((Sent::Status(market, status), levels));
                } else {
                    self.reached_statuses.insert(market, status);
                }
            }
            Step::Deliver(count) => (0..count).for_each(|_| self.deliver()),
            Step::Drop(count) => {
                let lost: Vec<_> = (0..count).map_while(|_| self.stream.pop_front()).collect();
                if !lost.is_empty() {
                    for (sent, levels) in lost {
                        self.reach(&sent, levels);
                    }
                    self.books
                        .handle_loss(StaleReason::MessagesDropped, self.now, &mut self.events);
                }
            }
            Step::Corrupt => {
                if let Some(&market) = self.subscribed.first() {
                    self.stream
                        .push_back((Sent::Corrupt(market), self.truth[market].clone()));
                }
            }
            Step::Ask => self.ask(),
            Step::RefuseNext => self.refuse = true,
            Step::IgnoreNext => self.ignore = true,
            Step::Disconnect if self.connected => {
                self.connected = false;
                self.subscribed.clear();
                self.statuses_subscribed.clear();
                for (sent, levels) in std::mem::take(&mut self.stream) {
                    self.reach(&sent, levels);
                }
                self.books.handle_disconnected(&mut self.events);
            }
            Step::Reconnect if !self.connected => {
                self.connected = true;
                self.books.handle_reconnected(&mut self.events);
            }
            Step::Disconnect | Step::Reconnect => {}
            Step::Pass(seconds) => {
                self.now += Duration::from_secs(seconds);
                self.books.handle_timeout(self.now, &mut self.events);
            }
            Step::Follow(market) => {
                let followed = if market < 2 {
                    self.books.subscribe_status(MARKETS[market], self.now)
                } else {
                    self.books.subscribe(MARKETS[market], self.now)
                };
                followed.expect("room");
            }
            Step::Leave(market) => {
                self.books.unsubscribe(MARKETS[market]);
            }
            Step::Refresh(market) => {
                self.books.refresh(MARKETS[market], self.now);
            }
        }
        self.check();
    }

    fn ask(&mut self) {
        while let Some(request) = self.books.next_request(self.now) {
            assert!(self.connected, "nothing is asked for without a connection");
            assert!((1..=2).contains(&request.symbols().len()));
            let asked: Vec<&'static str> = MARKETS
                .into_iter()
                .filter(|market| request.symbols().iter().any(|symbol| **symbol == **market))
                .collect();
            match request {
                Request::Unsubscribe(_) => self.subscribed.retain(|market| !asked.contains(market)),
                Request::SubscribeStatus(_) => self.statuses_subscribed.extend(asked),
                Request::UnsubscribeStatus(_) => {
                    self.statuses_subscribed.retain(|market| !asked.contains(market));
                    // Nothing tells one that comes late from one of a later subscription.
                    self.stream.retain(
                        |(sent, _)| !matches!(sent, Sent::Status(market, _) if asked.contains(market)),
                    );
                }
                _ if std::mem::take(&mut self.ignore) => {}
                _ if std::mem::take(&mut self.refuse) => {
                    self.stream.push_back((Sent::Refused, Levels::new()));
                }
                request => {
                    for market in asked {
                        if matches!(request, Request::Subscribe(_)) {
                            self.subscribed.insert(market);
                        }
                        self.stream
                            .push_back((Sent::Snapshot(market), self.truth[market].clone()));
                    }
                }
            }
        }
    }

    fn deliver(&mut self) {
        let Some((sent, levels)) = self.stream.pop_front() else {
            return;
        };
        let entries: Vec<Entry> = levels.iter().map(|(at, size)| entry(*at, *size)).collect();
        self.reach(&sent, levels);
        let update;
        let message = match sent {
            Sent::Snapshot(market) => MarketData::Snapshot(Snapshot::new(market, &entries)),
            Sent::Update(market, entry) => {
                update = [Update::new(market, entry)];
                MarketData::Updates(Updates::new(&update))
            }
            Sent::Corrupt(market) => {
                update = [Update::new(market, entry((false, 1), -1))];
                MarketData::Updates(Updates::new(&update))
            }
            Sent::Status(market, status) => MarketData::Status {
                symbol: market.as_bytes(),
                status,
            },
            Sent::Refused => MarketData::Refused {
                reason: Refusal::Unstated,
                text: b"",
            },
        };
        self.books.handle(message, self.now, &mut self.events);
    }

    fn reach(&mut self, sent: &Sent, levels: Levels) {
        if let Sent::Status(market, status) = sent {
            self.reached_statuses.insert(market, *status);
        }
        if let Sent::Snapshot(market) | Sent::Update(market, _) | Sent::Corrupt(market) = sent {
            self.reached.insert(market, levels);
        }
    }

    /// A live book is right, whatever has happened, and so is a status that is known.
    fn check(&self) {
        for book in self.books.iter() {
            if let Some(status) = book.status() {
                let reached = &self.reached_statuses[&**book.symbol()];
                assert_eq!(status, *reached, "the status of {}", book.symbol());
            }
        }
        for book in self.books.iter().filter(|book| book.is_live()) {
            let levels = &self.reached[&**book.symbol()];
            let levels = levels.iter().map(|(at, size)| entry(*at, *size));
            assert_eq!(
                book.verify(levels).expect("a sound snapshot"),
                [],
                "{}",
                book.symbol()
            );
        }
        for event in &self.events {
            let BookEvent::Snapshot {
                symbol, differences, ..
            } = event
            else {
                continue;
            };
            assert_eq!(*differences, 0, "{symbol} was live and wrong");
        }
    }

    /// When nothing goes wrong any more, all is well soon.
    fn settle(&mut self) {
        (self.refuse, self.ignore) = (false, false);
        self.run(&Step::Reconnect);
        let followed = |market: &usize| self.books.book(MARKETS[*market]).is_some();
        let followed: Vec<usize> = (0..4).filter(followed).collect();
        for _ in 0..20 {
            // A market that was refused alone is not asked for again by itself.
            for market in &followed {
                self.run(&Step::Follow(*market));
            }
            self.run(&Step::Ask);
            self.run(&Step::Deliver(1000));
            self.run(&Step::Pass(30));
        }
        for book in self.books.iter() {
            assert!(book.is_live(), "{}: {}", book.symbol(), book.state());
            let levels = self.truth[&**book.symbol()]
                .iter()
                .map(|(at, size)| entry(*at, *size));
            assert_eq!(book.verify(levels).expect("a sound snapshot"), []);
        }
        assert!(self.books.next_request(self.now).is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_live_book_is_right_and_every_book_becomes_live(steps in proptest::collection::vec(step(), 0..300)) {
        let mut world = World::new();
        (0..3).for_each(|market| world.run(&Step::Follow(market)));
        for step in &steps {
            world.run(step);
        }
        world.settle();
    }
}
