//! Follow a market's book and trades, and know at every moment whether the book can be believed.
//!
//! ```text
//! cargo run --example live_book
//! cargo run --example live_book -- --demo SYMBOL
//! ```
//!
//! - `MarketDataFeed` subscribes, keeps the books, and asks for a new snapshot whenever one cannot be believed: after a lost
//!   connection, a gap, a message that cannot be applied, or when this program did not keep up.
//! - A book that is stale can still be read. Whether to trade on it is asked of `Book::state`.

#[path = "support/again.rs"]
mod again;
#[path = "support/counterparty.rs"]
mod counterparty;
mod support;

use std::process::ExitCode;
use std::time::Duration;

use kalshi_fix::book::{
    Aggressor, Book, BookEvent, BookState, BooksSettings, FeedEvent, Level, MarketDataFeed,
};
use kalshi_fix::credentials::KeyUse;
use kalshi_fix::driver::{AttemptFailed, Disconnected};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::exchange::Side;
use kalshi_fix::gateway::{Effect, Fault, Gateway, Member, Step};
use kalshi_fix::prediction::Prediction;
use support::{Failure, Options};

#[tokio::main]
async fn main() -> ExitCode {
    support::main(ABOUT, SESSIONS, run).await
}

async fn run(options: Options) -> Result<(), Failure> {
    let (client, market, exchange) = support::open(&options, Gateway::builder()).await?;
    // A feed lives through lost connections if its client connects again.
    let client = client.reconnect(again::policy(exchange.is_some())).build()?;
    let mut feed = MarketDataFeed::<Prediction>::new(client.market_data().await?, BooksSettings::default());
    feed.subscribe([market.as_str()])?;
    let followed = support::in_time(&options, async {
        match &exchange {
            Some((gateway, other)) => tour(&mut feed, &market, gateway, other).await,
            None => follow(&mut feed, &market).await,
        }
    });
    let followed = followed.await;
    support::ended("KalshiMD", &feed.close().await);
    followed
}

/// The venue: whatever happens in ten seconds. Without a connection in the end, it failed.
async fn follow(feed: &mut MarketDataFeed<Prediction>, market: &str) -> Result<(), Failure> {
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    let mut gone = None;
    while let Ok(event) = tokio::time::timeout_at(until, feed.recv()).await {
        match event.ok_or("the feed is over")? {
            FeedEvent::Disconnected(Disconnected { end, wait, .. })
            | FeedEvent::AttemptFailed(AttemptFailed { end, wait, .. }) => {
                println!("no connection: {end}; the next attempt in {:?}", wait.delay);
                gone = Some(end);
            }
            FeedEvent::Reconnected(_) => {
                println!("connected again");
                gone = None;
            }
            FeedEvent::Book(BookEvent::Trade(trade)) => println!("trade: {} at {}", trade.size, trade.price),
            FeedEvent::Book(_) => println!("{}", top(book(feed, market)?)),
            FeedEvent::Ended(end) => return Err(end.to_string().into()),
            FeedEvent::Rejected(rejected) => return Err(rejected.to_string().into()),
            _ => {}
        }
    }
    match gone {
        Some(end) => Err(format!("the connection did not come back: {end}").into()),
        None => Ok(()),
    }
}

/// The simulated exchange: a trade, a broken connection, and a book that is believed again.
async fn tour(
    feed: &mut MarketDataFeed<Prediction>,
    market: &str,
    gateway: &Gateway,
    other: &Member,
) -> Result<(), Failure> {
    counterparty::place(other, market, Side::Buy, 43, 10)?;
    counterparty::place(other, market, Side::Sell, 47, 5)?;
    until(feed, market, |book| {
        book.is_live() && sizes(book) == ["10.00", "5.00"]
    })
    .await?;
    println!("{}", top(book(feed, market)?));

    counterparty::place(&gateway.member(), market, Side::Buy, 47, 3)?;
    until(feed, market, |book| {
        book.last_trade().is_some() && sizes(book) == ["10.00", "2.00"]
    })
    .await?;
    let book_now = book(feed, market)?;
    if let Some(trade) = book_now.last_trade() {
        let came = match trade.aggressor {
            Some(Aggressor::Buy) => "a buyer came",
            Some(Aggressor::Sell) => "a seller came",
            _ => "nobody says who came",
        };
        println!("trade: {} at {}, {came}", trade.size, trade.price);
    }
    println!("{}", top(book_now));

    // The next change never comes: the connection breaks in its place.
    let broken = Fault::new(Step::sending("X"), Effect::Disconnect).on(SessionKind::MarketData);
    gateway.inject(broken);
    counterparty::place(other, market, Side::Buy, 44, 7)?;
    until(feed, market, |book| matches!(book.state(), BookState::Stale(_))).await?;
    println!("{}", top(book(feed, market)?));
    // The feed connects and subscribes again by itself; the new snapshot has what was missed.
    until(feed, market, Book::is_live).await?;
    println!("{}", top(book(feed, market)?));
    Ok(())
}

/// Takes events until the book is so.
async fn until(
    feed: &mut MarketDataFeed<Prediction>,
    market: &str,
    is_so: impl Fn(&Book) -> bool,
) -> Result<(), Failure> {
    while !is_so(book(feed, market)?) {
        match feed.recv().await.ok_or("the feed is over")? {
            FeedEvent::Ended(end) => return Err(end.to_string().into()),
            FeedEvent::Book(BookEvent::Refused { text, .. }) => return Err(format!("refused: {text}").into()),
            _ => {}
        }
    }
    Ok(())
}

fn book<'f>(feed: &'f MarketDataFeed<Prediction>, market: &str) -> Result<&'f Book, Failure> {
    feed.book(market)
        .ok_or_else(|| "the market is not followed".into())
}

/// The sizes of the best bid and of the best offer.
fn sizes(book: &Book) -> [String; 2] {
    [book.best_bid(), book.best_offer()]
        .map(|level| level.map(|level| level.size.to_string()).unwrap_or_default())
}

/// The best bid and the best offer, and whether they can be believed.
fn top(book: &Book) -> String {
    let level = |level: Option<Level>| {
        level.map_or("nothing".to_owned(), |level| {
            format!("{} x {}", level.price, level.size)
        })
    };
    format!(
        "{} | bid {} | offer {}",
        book.state(),
        level(book.best_bid()),
        level(book.best_offer())
    )
}

const ABOUT: &str = "\
Follow a market's book and trades, and know at every moment whether the book
can be believed.";

/// What it opens at the venue.
const SESSIONS: &[KeyUse] = &[KeyUse::Session(SessionKind::MarketData)];
