//! Feeds on sessions with the simulated exchange, over TLS.

use std::time::Duration;

use kalshi_fix::book::{
    Book, BookEvent, BookState, BooksSettings, FeedEvent, MarketDataFeed, MarketDataProduct, TradingStatus,
};
use kalshi_fix::client::Session;
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::exchange::{MarketStatus, NewOrder, Price, Product, Quantity, Side};
use kalshi_fix::gateway::{Effect, Fault, Gateway, Member, Step};
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::Prediction;
use kalshi_fix::reconnect::ReconnectPolicy;
use tokio::time::timeout;

/// No test waits longer for an event.
const PATIENCE: Duration = Duration::from_secs(20);

struct Venue {
    gateway: Gateway,
    member: Member,
    product: Product,
    orders: u32,
}

impl Venue {
    async fn start(product: Product) -> Venue {
        let gateway = Gateway::builder()
            .market("ONE")
            .market("TWO")
            .margin_market("ONE")
            .margin_market("TWO");
        let gateway = gateway.start().await.expect("an exchange");
        let member = gateway.member();
        Venue {
            gateway,
            member,
            product,
            orders: 0,
        }
    }

    async fn feed<D: MarketDataProduct>(&self) -> MarketDataFeed<D> {
        self.feed_with(BooksSettings::default()).await
    }

    async fn feed_with<D: MarketDataProduct>(&self, settings: BooksSettings) -> MarketDataFeed<D> {
        let key = PrivateKey::generate().expect("a key");
        let mut eager = ReconnectPolicy::default();
        eager.backoff = Duration::from_millis(10);
        eager.longest_backoff = Duration::from_millis(20);
        eager.spacing = Duration::from_millis(5);
        eager.maintenance = Vec::new();
        let builder = self
            .gateway
            .client_builder::<D>(self.gateway.member().credentials(&key));
        let client = builder.reconnect(eager).build().expect("a client");
        let session: Session<D::MarketData> = client.market_data().await.expect("a session");
        MarketDataFeed::new(session, settings)
    }

    /// Enters an order at a price in cents.
    fn order(&mut self, symbol: &str, side: Side, cents: i64, contracts: i64) {
        self.orders += 1;
        let price = Price::from_cents(cents);
        let quantity = Quantity::from_contracts(contracts);
        let order = NewOrder::limit(&self.orders.to_string(), symbol, side, price, quantity);
        // Of another member, where it is to trade.
        let member = if contracts < 5 {
            self.gateway.member()
        } else {
            self.member.clone()
        };
        member.place(self.product, order).expect("an order");
    }
}

/// The next event for which `wanted` has a value.
async fn wait<D: MarketDataProduct, T>(
    feed: &mut MarketDataFeed<D>,
    mut wanted: impl FnMut(&FeedEvent) -> Option<T>,
) -> T {
    let found = async {
        loop {
            let event = feed.recv().await.expect("the session goes on");
            assert!(
                !matches!(event, FeedEvent::Ended(_) | FeedEvent::Unhandled(_)),
                "{event:?}"
            );
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("in time")
}

async fn changed<D: MarketDataProduct>(feed: &mut MarketDataFeed<D>) -> String {
    wait(feed, |event| match event {
        FeedEvent::Book(BookEvent::Changed { symbol, .. } | BookEvent::Snapshot { symbol, .. }) => {
            Some(symbol.to_string())
        }
        _ => None,
    })
    .await
}

fn best<D: MarketDataProduct>(feed: &MarketDataFeed<D>, symbol: &str) -> String {
    let book = feed.book(symbol).expect("it is followed");
    let text = |level: Option<kalshi_fix::book::Level>| {
        level.map_or("-".to_owned(), |level| format!("{}*{}", level.price, level.size))
    };
    format!("{} {}", text(book.best_bid()), text(book.best_offer()))
}

/// A snapshot that is waited for as long as it takes is not waited for longer than the clock can count to.
#[tokio::test]
async fn no_patience_is_too_long() {
    let mut venue = Venue::start(Product::Prediction).await;
    venue.order("ONE", Side::Buy, 40, 10);
    let mut settings = BooksSettings::default();
    settings.snapshot_timeout = Duration::MAX;
    settings.retry_after = Duration::MAX;
    let mut feed = venue.feed_with::<Prediction>(settings).await;
    feed.subscribe(["ONE"]).expect("room");
    assert_eq!(changed(&mut feed).await, "ONE");
    assert!(feed.book("ONE").is_some_and(Book::is_live));
}

async fn follows<D: MarketDataProduct>(product: Product, cents: i64) {
    let mut venue = Venue::start(product).await;
    venue.order("ONE", Side::Buy, cents, 10);
    let mut feed = venue.feed::<D>().await;
    feed.subscribe(["ONE", "TWO", "UNKNOWN"]).expect("room");
    assert_eq!(feed.book("ONE").unwrap().state(), BookState::AwaitingSnapshot);
    for _ in 0..3 {
        changed(&mut feed).await;
    }
    assert!(feed.books().iter().all(Book::is_live));
    let price = |cents| Price::from_cents(cents);
    assert_eq!(best(&feed, "ONE"), format!("{}*10.00 -", price(cents)));
    assert_eq!(
        (best(&feed, "TWO").as_str(), best(&feed, "UNKNOWN").as_str()),
        ("- -", "- -")
    );

    venue.order("TWO", Side::Sell, cents + 5, 20);
    assert_eq!(changed(&mut feed).await, "TWO");
    assert_eq!(best(&feed, "TWO"), format!("- {}*20.00", price(cents + 5)));
    venue.order("TWO", Side::Buy, cents + 6, 3);
    let trade = wait(&mut feed, |event| match event {
        FeedEvent::Book(BookEvent::Trade(trade)) => Some(trade.clone()),
        _ => None,
    });
    let trade = trade.await;
    assert_eq!(
        (trade.price.to_string(), trade.size.to_string()),
        (price(cents + 5).to_string(), "3.00".to_owned())
    );
    assert_eq!(trade.time.is_some(), product == Product::Prediction);
    changed(&mut feed).await;
    assert_eq!(best(&feed, "TWO"), format!("- {}*17.00", price(cents + 5)));

    // The connection is lost with the next request; the market moves on meanwhile.
    venue
        .gateway
        .inject(Fault::new(Step::message("V"), Effect::Disconnect).on(SessionKind::MarketData));
    assert!(feed.refresh("ONE"));
    let mut stale = Vec::new();
    wait(&mut feed, |event| match event {
        FeedEvent::Book(BookEvent::Stale { symbol, .. }) => {
            stale.push(symbol.to_string());
            (stale.len() == 3).then_some(())
        }
        _ => None,
    })
    .await;
    venue.order("ONE", Side::Buy, cents + 1, 30);
    wait(&mut feed, |event| {
        matches!(event, FeedEvent::Reconnected(_)).then_some(())
    })
    .await;
    for _ in 0..3 {
        changed(&mut feed).await;
    }
    assert!(feed.books().iter().all(Book::is_live));
    assert_eq!(best(&feed, "ONE"), format!("{}*30.00 -", price(cents + 1)));
    assert_eq!(best(&feed, "TWO"), format!("- {}*17.00", price(cents + 5)));

    assert!(feed.unsubscribe("TWO"));
    assert!(feed.book("TWO").is_none());
    assert!(
        timeout(PATIENCE, feed.close())
            .await
            .expect("in time")
            .end
            .is_some()
    );
}

#[tokio::test]
async fn prediction_books_are_followed_through_a_reconnect() {
    follows::<Prediction>(Product::Prediction, 40).await;
}

#[tokio::test]
async fn margin_books_are_followed_through_a_reconnect() {
    follows::<Margin>(Product::Margin, 1_950).await;
}

#[tokio::test]
async fn statuses_are_told() {
    let venue = Venue::start(Product::Prediction).await;
    let mut feed = venue.feed::<Prediction>().await;
    feed.subscribe_status(["ONE"]).expect("room");
    changed(&mut feed).await;
    // The request for the status went behind that for the book, so a refresh tells that it was taken.
    feed.refresh("ONE");
    changed(&mut feed).await;
    venue
        .gateway
        .set_market_status(Product::Prediction, "ONE", MarketStatus::Inactive)
        .unwrap();
    let status = wait(&mut feed, |event| match event {
        FeedEvent::Book(BookEvent::Status { status, .. }) => Some(*status),
        _ => None,
    });
    assert_eq!(status.await, TradingStatus::Halted);
    assert_eq!(feed.book("ONE").unwrap().status(), Some(TradingStatus::Halted));
}

#[tokio::test]
async fn a_refused_request_is_divided() {
    let venue = Venue::start(Product::Prediction).await;
    let mut feed = venue.feed::<Prediction>().await;
    let refusal = Effect::Refuse("no".to_owned());
    venue
        .gateway
        .inject(Fault::new(Step::message("V"), refusal).on(SessionKind::MarketData));
    feed.subscribe(["ONE", "TWO"]).expect("room");
    let retried = wait(&mut feed, |event| match event {
        FeedEvent::Book(BookEvent::RequestRefused { retried, .. }) => Some(*retried),
        _ => None,
    });
    assert_eq!(retried.await, 2);
    assert_eq!(changed(&mut feed).await, "ONE");
    assert_eq!(changed(&mut feed).await, "TWO");
}

/// What the end of the session makes of the books is told before it, and nothing after it, whatever is asked for then.
#[tokio::test]
async fn the_end_is_told_last() {
    let venue = Venue::start(Product::Prediction).await;
    let mut feed = venue.feed::<Prediction>().await;
    feed.subscribe(["ONE", "TWO"]).expect("room");
    for _ in 0..2 {
        changed(&mut feed).await;
    }
    feed.sender().logout();
    let mut stale = 0;
    let end = async {
        loop {
            match feed.recv().await.expect("an end") {
                FeedEvent::Book(BookEvent::Stale { .. }) => stale += 1,
                FeedEvent::Ended(_) => break,
                _ => {}
            }
        }
        feed.subscribe(["THREE"]).expect("room");
        assert!(feed.refresh("ONE"));
        let next = feed.recv().await;
        assert!(next.is_none(), "{next:?}");
        assert!(feed.recv().await.is_none());
    };
    timeout(PATIENCE, end).await.expect("in time");
    assert_eq!(stale, 2);
}
