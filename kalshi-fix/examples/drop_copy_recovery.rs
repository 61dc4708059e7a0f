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

use desk::Desk;
use kalshi_fix::client::Client;
use kalshi_fix::driver::{Clock as _, SystemClock};
use kalshi_fix::gateway::exchange::Side;
use kalshi_fix::gateway::{Gateway, Member};
use kalshi_fix::orders::{ClOrdIdGenerator, LimitOrder, mass_cancel};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::recovery::{self, RecoverySettings};
use kalshi_fix::tracker::{OrderState, Source, Tracker, TrackerEvent, TrackerSettings};
use kalshi_fix::units::{PriceUnit, Quantity};
use support::Failure;
use until::until;

#[tokio::main]
async fn main() -> ExitCode {
    support::report(run().await)
}

async fn run() -> Result<(), Failure> {
    let (client, market, exchange) = support::open(Gateway::builder()).await?;
    // The venue may hold the key for a moment when its connection is gone: the second logon then comes again.
    let client = client.reconnect(again::policy(exchange.is_some())).build()?;
    support::in_time(lose_and_recover(&client, &market, exchange.as_ref())).await
}

async fn lose_and_recover(
    client: &Client<Prediction>,
    market: &str,
    exchange: Option<&(Gateway, Member)>,
) -> Result<(), Failure> {
    let (now, unit) = (SystemClock.utc(), PriceUnit::Dollars);
    let ids = ClOrdIdGenerator::new(now, std::process::id().into());
    let price = if exchange.is_some() { "0.40" } else { "0.01" };
    let mut desk = Desk {
        session: client.order_entry().await?,
        tracker: Tracker::new(TrackerSettings::default()),
    };
    let orders = [ids.next_id(), ids.next_id()];
    for id in &orders {
        let order = LimitOrder::buy_yes(market, Quantity::from_whole(10), price.parse()?);
        desk.send(&order.message(id.as_str(), unit, now)?).await?;
        until(&mut desk, id.as_str(), OrderState::New).await?;
    }
    println!("two orders rest: buy 10 at {price}, twice");

    desk.session.sender().abort();
    for id in &orders {
        until(&mut desk, id.as_str(), OrderState::Unknown).await?;
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
    // Nothing is left open.
    desk.send(&mass_cancel::<Prediction>(ids.next_id().as_str())?)
        .await?;
    while desk.tracker.open_orders().count() > 0 {
        desk.news().await?;
    }
    support::ended("KalshiNR", &desk.session.close().await);
    recovered
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
