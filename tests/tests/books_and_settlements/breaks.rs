//! Books and settlements over connections that break, against what the exchange itself has.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use kalshi_fix::book::{Book, BooksSettings, FeedEvent, MarketDataFeed, MarketDataProduct, Side};
use kalshi_fix::client::{Client, Event, KalshiProduct, KalshiSession, Receiver, Retransmission};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::dialect::{Decimal, Timestamp};
use kalshi_fix::driver::SessionStore;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::exchange::{self, NewOrder, Order, Outcome, Party};
use kalshi_fix::gateway::{Effect, Fault, Gateway, Member, Step};
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::{Message, Prediction, sessions};
use kalshi_fix::reconnect::ReconnectPolicy;
use kalshi_fix::settlement::{Handled, Reassembler, ReassemblerSettings, Settlement};
use kalshi_fix::store::MemoryStore;
use kalshi_fix::units::Quantity;
use kalshi_fix_tests::proxy::{Opening, Plan, Proxy, Trouble};
use kalshi_fix_tests::stack::KEY;
use tokio::time::timeout;

const MARKETS: [&str; 3] = ["ONE", "TWO", "THREE"];
/// No test waits longer for an event.
const PATIENCE: Duration = Duration::from_mins(1);
const SEEDS: u64 = 4;
const STEPS: u64 = 1_500;
/// The market moves on when nothing has come for so long.
const QUIET: Duration = Duration::from_micros(200);

/// Where chance comes from: xorshift.
struct Chance(u64);

impl Chance {
    fn of(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// A connection that breaks soon, in one direction or the other, or does not come about.
fn plan(chance: &mut Chance, reach: u64) -> Plan {
    let mut plan = Plan::default();
    if chance.below(8) == 0 {
        plan.opening = Opening::Refused;
    }
    let place = 2_500 + chance.below(reach);
    let way = if chance.below(4) == 0 {
        &mut plan.up
    } else {
        &mut plan.down
    };
    way.troubles = vec![(place, Trouble::Cut)];
    plan
}

fn eager() -> ReconnectPolicy {
    let mut policy = ReconnectPolicy::default();
    policy.backoff = Duration::from_millis(5);
    policy.longest_backoff = Duration::from_millis(20);
    policy.spacing = Duration::from_millis(5);
    policy.key_in_use_interval = Duration::from_millis(20);
    policy.maintenance = Vec::new();
    policy
}

/// A client of a member's, whose sessions of this kind go through the proxy.
fn client<D: KalshiProduct>(
    gateway: &Gateway,
    member: &Member,
    kind: SessionKind,
    port: Option<u16>,
) -> Client<D> {
    let key = PrivateKey::from_pem(KEY).unwrap();
    let builder = gateway.client_builder::<D>(member.credentials(&key));
    builder
        .endpoints(|endpoints| match port {
            Some(port) => endpoints.port(kind, port),
            None => endpoints,
        })
        .reconnect(eager())
        .build()
        .unwrap()
}

/// Random orders of two members, which rest, trade and are cancelled.
struct Crowd {
    product: Product,
    members: [Member; 2],
    chance: Chance,
    orders: u64,
    resting: Vec<(usize, Order)>,
    /// In cents.
    middle: i64,
}

impl Crowd {
    fn new(gateway: &Gateway, product: Product, seed: u64) -> Crowd {
        let members = [gateway.member(), gateway.member()];
        for member in &members {
            member.deposit(product, 10_000_000);
        }
        Crowd {
            product,
            members,
            chance: Chance::of(seed),
            orders: 0,
            resting: Vec::new(),
            middle: match product {
                Product::Prediction => 50,
                Product::Margin => 200_000,
            },
        }
    }

    fn step(&mut self) {
        let chance = &mut self.chance;
        if chance.below(3) == 0 && !self.resting.is_empty() {
            let at = chance.below(self.resting.len() as u64) as usize;
            let (owner, order) = self.resting.swap_remove(at);
            self.members[owner].cancel(self.product, &order);
            return;
        }
        let owner = chance.below(2) as usize;
        let symbol = MARKETS[chance.below(3) as usize];
        let side = [exchange::Side::Buy, exchange::Side::Sell][chance.below(2) as usize];
        // Mostly on its own side of the middle.
        let away = chance.below(20).cast_signed() - 3;
        let cents = match side {
            exchange::Side::Buy => self.middle - away,
            exchange::Side::Sell => self.middle + away,
        };
        self.place(owner, symbol, side, cents, 1 + self.orders % 9);
    }

    fn place(&mut self, owner: usize, symbol: &str, side: exchange::Side, cents: i64, contracts: u64) {
        self.orders += 1;
        let price = exchange::Price::from_cents(cents);
        let quantity = exchange::Quantity::from_contracts(contracts.cast_signed());
        let order = NewOrder::limit(&format!("o-{}", self.orders), symbol, side, price, quantity);
        let order = self.members[owner].place(self.product, order).expect("an order");
        self.resting.push((owner, order));
    }
}

fn levels(book: &Book) -> [Vec<(Decimal, Decimal)>; 2] {
    [Side::Bid, Side::Offer].map(|side| {
        book.levels(side)
            .map(|level| (level.price.dollars(), level.size.contracts()))
            .collect()
    })
}

fn truth(gateway: &Gateway, product: Product, symbol: &str) -> [Vec<(Decimal, Decimal)>; 2] {
    [exchange::Side::Buy, exchange::Side::Sell].map(|side| gateway.levels(product, symbol, side))
}

/// How often connections were lost and books seen.
#[derive(Debug, Default)]
struct Tally {
    reconnections: u64,
    updates: u64,
    levels: usize,
}

async fn books_through_breaks<D: MarketDataProduct>(seed: u64, tally: &mut Tally) {
    let product = D::PRODUCT;
    let mut builder = Gateway::builder();
    for market in MARKETS {
        builder = builder.market(market).margin_market(market);
    }
    let gateway = builder.start().await.unwrap();
    let address = gateway.address(product, SessionKind::MarketData).unwrap();
    let mut troubles = Chance::of(seed + 100);
    let proxy = Proxy::start(address, move || plan(&mut troubles, 12_000))
        .await
        .unwrap();
    let follower = client::<D>(
        &gateway,
        &gateway.member(),
        SessionKind::MarketData,
        Some(proxy.port()),
    );
    let mut crowd = Crowd::new(&gateway, product, seed);
    let session = loop {
        // The policy gives a first connection up that breaks before its logon is answered for good.
        if let Ok(session) = follower.market_data().await {
            break session;
        }
    };
    let mut feed: MarketDataFeed<D> = MarketDataFeed::new(session, BooksSettings::default());
    feed.subscribe(MARKETS).unwrap();
    let mut is_up = true;
    for _ in 0..STEPS {
        crowd.step();
        // The market moves on while there is no connection, but not as far as a slow machine would have it.
        let waits = !is_up && crowd.chance.below(6) == 0;
        loop {
            let patience = if waits && !is_up { PATIENCE } else { QUIET };
            let Ok(event) = timeout(patience, feed.recv()).await else {
                assert!(is_up || !waits, "seed {seed}: the connection does not come back");
                break;
            };
            let event = event.expect("the session goes on");
            match &event {
                FeedEvent::Disconnected(_) => is_up = false,
                FeedEvent::Reconnected(_) => is_up = true,
                _ => {}
            }
            note(&event, tally);
        }
    }
    proxy.calm();
    // The last word in each market; what the exchange said before comes before.
    let (low, high) = (crowd.middle - 40, crowd.middle + 40);
    for market in MARKETS {
        crowd.place(0, market, exchange::Side::Buy, low, 7);
        crowd.place(0, market, exchange::Side::Sell, high, 7);
    }
    let expected = MARKETS.map(|market| truth(&gateway, product, market));
    let caught_up = async {
        loop {
            let is_live = MARKETS.iter().all(|market| feed.book(market).unwrap().is_live());
            let found = MARKETS.map(|market| levels(feed.book(market).unwrap()));
            let has_last_word = |book: &[Vec<(Decimal, Decimal)>; 2]| {
                let last = |cents| exchange::Price::from_cents(cents).dollars();
                book[0].last().is_some_and(|level| level.0 == last(low))
                    && book[1].last().is_some_and(|level| level.0 == last(high))
            };
            if is_live && found.iter().all(has_last_word) {
                return found;
            }
            note(&feed.recv().await.expect("the session goes on"), tally);
        }
    };
    let found = timeout(PATIENCE, caught_up).await.expect("in time");
    assert_eq!(found, expected, "seed {seed}");
    tally.levels += found.iter().flatten().map(Vec::len).sum::<usize>();
}

fn note(event: &FeedEvent, tally: &mut Tally) {
    match event {
        FeedEvent::Reconnected(_) => tally.reconnections += 1,
        FeedEvent::Book(_) => tally.updates += 1,
        FeedEvent::Ended(end) => panic!("{end}"),
        _ => {}
    }
}

#[tokio::test]
async fn prediction_books_are_those_of_the_exchange_when_connections_break() {
    check_books::<Prediction>().await;
}

#[tokio::test]
async fn margin_books_are_those_of_the_exchange_when_connections_break() {
    check_books::<Margin>().await;
}

async fn check_books<D: MarketDataProduct>() {
    let mut tally = Tally::default();
    for seed in 1..=SEEDS {
        books_through_breaks::<D>(seed, &mut tally).await;
    }
    println!("{SEEDS} seeds: {tally:?}");
    // A run in which nothing goes wrong, or in which there is nothing to see, shows nothing.
    assert!(tally.reconnections > SEEDS, "{tally:?}");
    assert!(tally.updates > SEEDS * 100 && tally.levels > 50, "{tally:?}");
}

/// What a session was told of settlements, each page as often as it came.
async fn listen(
    receiver: &mut Receiver<sessions::PT>,
    reassembler: &mut Reassembler,
    settled: &mut Vec<Settlement>,
    duplicates: &mut u64,
) -> bool {
    let event = timeout(PATIENCE, receiver.recv()).await.expect("in time");
    match event.expect("the session goes on") {
        Event::Message(received) => {
            if let Some(Message::MarketSettlementReport(report)) = received.message() {
                match reassembler.handle(report) {
                    Handled::Complete(settlement) => settled.push(settlement),
                    Handled::Taken { evicted, .. } => assert!(evicted.is_empty()),
                    Handled::Duplicate => *duplicates += 1,
                    other => panic!("{other:?}"),
                }
            }
            false
        }
        Event::Reconnected(_) => true,
        Event::Ended(end) => panic!("{end}"),
        _ => false,
    }
}

/// Customers of one member hold what chance gives them; then all markets are settled, over connections that break.
#[tokio::test]
async fn settlements_are_those_of_the_exchange_when_connections_break() {
    let (mut reconnections, mut duplicates) = (0, 0);
    for seed in 1..=SEEDS {
        settle_through_breaks(seed, &mut reconnections, &mut duplicates).await;
    }
    println!("{SEEDS} seeds: {reconnections} reconnections, {duplicates} pages twice");
    assert!(reconnections > SEEDS);
}

async fn settle_through_breaks(seed: u64, reconnections: &mut u64, duplicates: &mut u64) {
    const CUSTOMERS: usize = 70;
    let symbols: Vec<String> = (0..8).map(|number| format!("M-{number}")).collect();
    let mut builder = Gateway::builder();
    for symbol in &symbols {
        builder = builder.market(symbol);
    }
    let gateway = builder.start().await.unwrap();
    let (member, other) = (gateway.member(), gateway.member());
    other.deposit(Product::Prediction, 1_000_000);
    let customers: Vec<String> = (0..CUSTOMERS)
        .map(|number| format!("3f2504e0-4f89-11d3-9a0c-0305e82c{number:04}"))
        .collect();
    for customer in &customers {
        assert!(member.add_customer(customer, 10_000));
    }
    let address = gateway
        .address(Product::Prediction, SessionKind::PostTrade)
        .unwrap();
    let mut troubles = Chance::of(seed + 200);
    let proxy = Proxy::start(address, move || plan(&mut troubles, 20_000))
        .await
        .unwrap();
    let through = client::<Prediction>(&gateway, &member, SessionKind::PostTrade, Some(proxy.port()));
    let session = loop {
        let store = SessionStore::inline(MemoryStore::new(Timestamp::from(SystemTime::now())));
        // A store that was lost with its connection begins anew.
        let kept = Retransmission::new(store).start_anew();
        if let Ok(session) = through.post_trade(kept).await {
            break session;
        }
    };
    let (sender, mut receiver) = session.split();

    // Who holds how much of what, in YES contracts: all of these orders are accepted and trade.
    let mut chance = Chance::of(seed);
    let mut held: BTreeMap<(String, String), i64> = BTreeMap::new();
    for symbol in &symbols {
        for (number, customer) in customers.iter().enumerate() {
            if chance.below(5) == 0 {
                continue;
            }
            let contracts = 1 + chance.below(30).cast_signed();
            let buys = chance.below(2) == 0;
            let (own, others) = if buys {
                (exchange::Side::Buy, exchange::Side::Sell)
            } else {
                (exchange::Side::Sell, exchange::Side::Buy)
            };
            let order = |id: &str, side| {
                let price = exchange::Price::from_cents(40);
                NewOrder::limit(
                    id,
                    symbol,
                    side,
                    price,
                    exchange::Quantity::from_contracts(contracts),
                )
            };
            let mut taken = order(&format!("{symbol}-{number}"), own);
            taken.party = Some(Party {
                id: customer.as_str().into(),
                role: Some(24),
            });
            let made = order(&format!("{symbol}-{number}-other"), others);
            other.place(Product::Prediction, made).unwrap();
            member.place(Product::Prediction, taken).unwrap();
            let sign = if buys { 1 } else { -1 };
            held.insert((symbol.clone(), customer.clone()), sign * contracts);
        }
    }
    // Some pages are lost, whether a connection breaks or not: what follows comes twice.
    gateway.inject(
        Fault::new(Step::sending("UMS"), Effect::Ignore)
            .on(SessionKind::PostTrade)
            .always()
            .chance(10),
    );
    let mut reassembler = Reassembler::new(ReassemblerSettings::default());
    let mut settled = Vec::new();
    for (number, symbol) in symbols.iter().enumerate() {
        let outcome = if number % 2 == 0 {
            Outcome::Yes
        } else {
            Outcome::No
        };
        gateway.determine(symbol, outcome).unwrap();
        gateway.settle(symbol).unwrap();
        // Some come while others are under way.
        if chance.below(2) == 0 {
            let back = listen(&mut receiver, &mut reassembler, &mut settled, duplicates).await;
            *reconnections += u64::from(back);
        }
    }
    while settled.len() < symbols.len() {
        // The answer shows that a page is missing, where it was the last. Without a connection it is not sent.
        let _ = sender.test_request();
        let back = listen(&mut receiver, &mut reassembler, &mut settled, duplicates).await;
        *reconnections += u64::from(back);
    }
    assert_eq!(reassembler.incomplete(), [], "seed {seed}");
    let mut found = BTreeMap::new();
    for settlement in &settled {
        assert_eq!(settlement.findings, [], "seed {seed}");
        let price = settlement.price.dollars();
        for party in &settlement.parties {
            let long = party.long.map_or(Decimal::ZERO, Quantity::contracts);
            let short = party.short.map_or(Decimal::ZERO, Quantity::contracts);
            let payout = party.payout.expect("a payout").dollars();
            assert_eq!(
                payout,
                long * price + short * (Decimal::ONE - price),
                "seed {seed}"
            );
            let key = (settlement.symbol.to_string(), party.id.to_string());
            assert_eq!(found.insert(key, long - short), None, "seed {seed}");
        }
    }
    let held: BTreeMap<_, _> = held
        .into_iter()
        .map(|(key, contracts)| (key, Decimal::from(contracts)))
        .collect();
    assert_eq!(found, held, "seed {seed}");
    let closed = timeout(PATIENCE, receiver.close()).await.expect("in time");
    assert!(closed.end.is_some());
    assert_eq!(sessions::PT::KIND, SessionKind::PostTrade);
}
