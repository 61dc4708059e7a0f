//! Watch an account's orders from a second session, which cannot send anything.
//!
//! ```text
//! cargo run --example listener
//! cargo run --example listener -- --demo SYMBOL
//! ```
//!
//! - A listener hears what order entry hears, for all orders of the account; a read-only key is enough. It has no sending
//!   end: to send on it does not compile. Its key is that of `KALSHI_NR_LISTENER_KEY_ID` and its like.
//! - Its tracker was never told of a request: it adopts orders from the reports.
//! - The session that trades uses `submit` here, which waits for the venue's answer: acknowledged, rejected, or in doubt.

#[path = "support/counterparty.rs"]
mod counterparty;
mod support;

use std::process::ExitCode;

use kalshi_fix::client::{Receiver, Session};
use kalshi_fix::credentials::KeyUse;
use kalshi_fix::driver::{Clock as _, SystemClock};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::exchange::Side;
use kalshi_fix::gateway::{Gateway, Member};
use kalshi_fix::orders::{ClOrdIdGenerator, LimitOrder};
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::tracker::{Order, OrderState, Source, Tracker, TrackerEvent, TrackerSettings};
use kalshi_fix::units::{PriceUnit, Quantity};
use support::{Failure, Options};

#[tokio::main]
async fn main() -> ExitCode {
    support::main(ABOUT, SESSIONS, run).await
}

async fn run(options: Options) -> Result<(), Failure> {
    let (client, market, exchange) = support::open(&options, Gateway::builder()).await?;
    let client = client.cancel_orders_on_disconnect(true).build()?;
    // The listener first, so that it misses nothing.
    let mut listener = client.order_entry_listener().await?;
    let trading = client.order_entry().await?;
    let heard = support::in_time(
        &options,
        trade_and_hear(&trading, &mut listener, &market, exchange.as_ref()),
    )
    .await;
    support::ended("KalshiNR", &trading.close().await);
    support::ended("KalshiNR, the listener", &listener.close().await);
    heard
}

async fn trade_and_hear(
    trading: &Session<NR>,
    listener: &mut Receiver<NR>,
    market: &str,
    exchange: Option<&(Gateway, Member)>,
) -> Result<(), Failure> {
    let (now, unit) = (SystemClock.utc(), PriceUnit::Dollars);
    let ids = ClOrdIdGenerator::new(now, std::process::id().into());
    let price = if exchange.is_some() { "0.40" } else { "0.01" };
    let order = LimitOrder::buy_yes(market, Quantity::from_whole(10), price.parse()?).post_only();
    let id = ids.next_id();
    trading
        .submit(&order.message(id.as_str(), unit, now)?)
        .await?
        .acknowledged()?;
    if let Some((_, other)) = exchange {
        counterparty::place(other, market, Side::Sell, 40, 4)?;
    }
    let placed = order.placed(id.as_str(), now)?;
    trading
        .submit(&placed.cancel(ids.next_id().as_str())?)
        .await?
        .acknowledged()?;

    // All of it waits for the listener by now, or is on its way.
    let mut tracker = Tracker::new(TrackerSettings::default());
    let is_canceled =
        |tracker: &Tracker| tracker.by_cl_ord_id(id.as_str()).map(Order::state) == Some(OrderState::Canceled);
    while !is_canceled(&tracker) {
        let event = listener.recv().await.ok_or("the listener is over")?;
        let mut news = Vec::new();
        tracker.observe(SystemClock.utc(), Source::Listener, &event, unit, &mut news)?;
        for event in news {
            match event {
                TrackerEvent::Adopted { .. } => println!("heard of an order that was not sent from here"),
                TrackerEvent::Changed { order, to, .. } => {
                    let order = tracker.order(order).ok_or("the order is forgotten")?;
                    println!("heard: {to:?}, {} of 10 filled", order.cum_qty());
                }
                TrackerEvent::Fill(fill) => println!("heard: fill, {} at {}", fill.quantity, fill.price),
                other => println!("{other:?}"),
            }
        }
    }
    Ok(())
}

const ABOUT: &str = "Watch an account's orders from a second session, which cannot send anything.";

/// What it opens at the venue.
const SESSIONS: &[KeyUse] = &[
    KeyUse::Session(SessionKind::OrderEntry),
    KeyUse::Listener(SessionKind::OrderEntry),
];
