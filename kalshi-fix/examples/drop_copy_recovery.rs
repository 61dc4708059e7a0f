//! Lose the connection while orders trade, and fetch from drop copy what was missed.
//!
//! ```text
//! cargo run --example drop_copy_recovery
//! cargo run --example drop_copy_recovery -- --demo SYMBOL
//! ```
//!
//! - `KalshiNR` sends nothing again: what happens while nobody is logged on is lost to it. The tracker says so: orders are
//!   `Unknown`, rather than as they were.
//! - Drop copy has the execution reports of the last three hours. `recovery` asks it for what the tracker lacks, and counts
//!   what comes; a fill that comes twice counts once.
//!
//! Here the program breaks the connection itself. A client that connects again by itself (`ClientBuilder::reconnect`) tells
//! the same with `Event::Disconnected` and `Event::Reconnected`, which `Tracker::observe` takes in.

#[path = "support/again.rs"]
mod again;
#[path = "support/counterparty.rs"]
mod counterparty;
#[path = "support/desk.rs"]
mod desk;
mod support;
#[path = "support/until.rs"]
mod until;

use std::process::ExitCode;
use std::time::Duration;

use desk::Desk;
use kalshi_fix::client::Client;
use kalshi_fix::credentials::KeyUse;
use kalshi_fix::driver::{Clock as _, SystemClock};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::exchange::Side;
use kalshi_fix::gateway::{Gateway, Member};
use kalshi_fix::orders::{ClOrdIdGenerator, LimitOrder, mass_cancel};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::recovery::{self, RecoverySettings};
use kalshi_fix::tracker::{OrderState, Source, Tracker, TrackerEvent, TrackerSettings};
use kalshi_fix::units::{PriceUnit, Quantity};
use support::{Failure, Options};
use until::until;

#[tokio::main]
async fn main() -> ExitCode {
    support::main(ABOUT, SESSIONS, run).await
}

async fn run(options: Options) -> Result<(), Failure> {
    let (client, market, exchange) = support::open(&options, Gateway::builder()).await?;
    // The venue may hold the key for a moment when its connection is gone: the second logon then comes again.
    let client = client.reconnect(again::policy(exchange.is_some())).build()?;
    let mut desk = Desk {
        session: client.order_entry().await?,
        tracker: Tracker::new(TrackerSettings::default()),
    };
    let work = lose_and_recover(&client, &mut desk, &market, exchange.as_ref());
    let recovered = support::in_time(&options, work).await;
    // Whatever ended it: nothing is left open.
    let left = tokio::time::timeout(TO_LEAVE, cancel_all(&client, &mut desk)).await;
    support::ended("KalshiNR", &desk.session.close().await);
    recovered?;
    left.map_err(|_| format!("canceling what is open was not confirmed within {TO_LEAVE:?}"))?
}

async fn lose_and_recover(
    client: &Client<Prediction>,
    desk: &mut Desk<NR>,
    market: &str,
    exchange: Option<&(Gateway, Member)>,
) -> Result<(), Failure> {
    let (now, unit) = (SystemClock.utc(), PriceUnit::Dollars);
    let ids = ClOrdIdGenerator::new(now, std::process::id().into());
    let price = if exchange.is_some() { "0.40" } else { "0.01" };
    let orders = [ids.next_id(), ids.next_id()];
    for id in &orders {
        let order = LimitOrder::buy_yes(market, Quantity::from_whole(10), price.parse()?);
        desk.send(&order.message(id.as_str(), unit, now)?).await?;
        until(desk, id.as_str(), OrderState::New).await?;
    }
    println!("two orders rest: buy 10 at {price}, twice");

    desk.session.sender().abort();
    for id in &orders {
        until(desk, id.as_str(), OrderState::Unknown).await?;
    }
    println!("the connection is gone: both are Unknown");
    if let Some((_, other)) = exchange {
        counterparty::place(other, market, Side::Sell, 40, 14)?;
        println!("meanwhile somebody sells 14 at 0.40");
    }

    desk.session = client.order_entry().await?;
    let recovered = recover(client, &mut desk.tracker).await;
    for (number, id) in orders.iter().enumerate() {
        let order = desk
            .tracker
            .by_cl_ord_id(id.as_str())
            .ok_or("an order is forgotten")?;
        println!(
            "order {}: {:?}, {} filled",
            number + 1,
            order.state(),
            order.filled().quantity
        );
    }
    recovered
}

/// Cancels what is open: on another session, where the work was ended between two.
async fn cancel_all(client: &Client<Prediction>, desk: &mut Desk<NR>) -> Result<(), Failure> {
    let ids = ClOrdIdGenerator::new(SystemClock.utc(), u64::from(std::process::id()) + 1);
    let id = ids.next_id();
    let cancel = mass_cancel::<Prediction>(id.as_str())?;
    if desk.send(&cancel).await.is_err() {
        desk.session = client.order_entry().await?;
        desk.send(&cancel).await?;
    }
    while desk.tracker.open_orders().count() > 0 {
        desk.news().await?;
    }
    Ok(())
}

/// Asks drop copy, over a session of its own, which needs a key of its own.
async fn recover(client: &Client<Prediction>, tracker: &mut Tracker) -> Result<(), Failure> {
    let mut news = Vec::new();
    // Order entry is back, and does not know what it missed.
    tracker.connected(Source::OrderEntry, true, &mut news);
    let settings = RecoverySettings::default();
    let outcome = recovery::recover_with(client, tracker, settings, &SystemClock, &mut news).await?;
    for event in news {
        if let TrackerEvent::Fill(fill) = event {
            println!("fill, from drop copy: {} at {}", fill.quantity, fill.price);
        }
    }
    if outcome.is_complete() {
        println!("drop copy told everything");
        Ok(())
    } else {
        Err(format!("drop copy did not tell everything: {outcome:?}").into())
    }
}

/// How long canceling may take.
const TO_LEAVE: Duration = Duration::from_secs(30);

const ABOUT: &str = "\
Lose the connection while orders trade, and fetch from drop copy what was
missed.";

/// What it opens at the venue.
const SESSIONS: &[KeyUse] = &[
    KeyUse::Session(SessionKind::OrderEntry),
    KeyUse::Session(SessionKind::DropCopy),
];
