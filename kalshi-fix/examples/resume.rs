//! A process trades and is gone without a word; the next one goes on where it was, and misses nothing.
//!
//! ```text
//! cargo run --example resume
//! cargo run --example resume -- --demo SYMBOL
//! ```
//!
//! - `KalshiRT` keeps its numbers over connections and processes. The journal on the disk has our side of them, and belongs
//!   to one key and one kind of session.
//! - What the venue sent in the meantime comes when the session resumes, and what this side had not handled comes again.
//!   Nothing that we sent is sent again by itself.
//! - The tracker's own memory is a text, which is kept beside the journal. A report that it knows changes nothing.
//!
//! Both processes are this one: all that a killed process leaves is what it wrote to the disk, and all else is dropped
//! here, without a logout. (The project's own tests kill processes for real.)

#[path = "support/again.rs"]
mod again;
#[path = "support/counterparty.rs"]
mod counterparty;
#[path = "support/desk.rs"]
mod desk;
mod support;
#[path = "support/until.rs"]
mod until;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use desk::Desk;
use kalshi_fix::client::{Client, Retransmission};
use kalshi_fix::credentials::KeyUse;
use kalshi_fix::driver::{Clock as _, SessionStore, SystemClock};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::Gateway;
use kalshi_fix::gateway::exchange::Side;
use kalshi_fix::orders::{ClOrdIdGenerator, LimitOrder, PlacedOrder, Side as OrderSide};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::prediction::sessions::RT;
use kalshi_fix::store::{JournalStore, StoreError};
use kalshi_fix::tracker::{Order, OrderState, Source, Tracker, TrackerEvent, TrackerSettings};
use kalshi_fix::units::{PriceUnit, Quantity};
use support::{Failure, Options};
use until::until;

#[tokio::main]
async fn main() -> ExitCode {
    support::main(ABOUT, SESSIONS, run).await
}

async fn run(options: Options) -> Result<(), Failure> {
    let (client, market, exchange) = support::open(&options, Gateway::builder()).await?;
    // The venue may hold the key for the process that is gone: the logon then comes again.
    let client = client.reconnect(again::policy(exchange.is_some())).build()?;
    let directory = std::env::temp_dir().join(format!("kalshi-fix-resume-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    // The session that is open, if one is.
    let mut desk = None;
    let done = support::in_time(&options, async {
        let price = if exchange.is_some() { "0.40" } else { "0.01" };
        let order = first_process(&client, &directory, &market, price, &mut desk).await?;
        desk = None;
        println!("process A is gone, without a logout");
        if let Some((_, other)) = &exchange {
            counterparty::place(other, &market, Side::Sell, 40, 4)?;
            println!("meanwhile somebody sells 4 at 0.40");
        }
        let expected = match exchange {
            Some(_) => OrderState::PartiallyFilled,
            None => OrderState::New,
        };
        second_process(&client, &directory, &market, &order, expected, &mut desk).await
    });
    let done = done.await;
    // Whatever ended it: nothing is left open.
    let left = tokio::time::timeout(TO_LEAVE, leave(&client, &directory, &market, desk)).await;
    std::fs::remove_dir_all(&directory)?;
    done?;
    left.map_err(|_| format!("canceling what is open was not confirmed within {TO_LEAVE:?}"))?
}

/// Places an order, keeps what it knows, and is gone as soon as its desk is. Returns what the next process finds out from the
/// tracker's text.
async fn first_process(
    client: &Client<Prediction>,
    directory: &Path,
    market: &str,
    price: &str,
    desk: &mut Option<Desk<RT>>,
) -> Result<String, Failure> {
    // Its journal is empty, and knows nothing of the numbers at which an earlier run has left the venue.
    let anew = Retransmission::new(journal(client, directory).await?).start_anew();
    let desk = desk.insert(Desk {
        session: client.order_entry_retransmitting(anew).await?,
        tracker: Tracker::new(TrackerSettings::default()),
    });
    let now = SystemClock.utc();
    let id = ClOrdIdGenerator::new(now, std::process::id().into()).next_id();
    let order = LimitOrder::buy_yes(market, Quantity::from_whole(10), price.parse()?);
    desk.send(&order.message(id.as_str(), PriceUnit::Dollars, now)?)
        .await?;
    until(desk, id.as_str(), OrderState::New).await?;
    std::fs::write(directory.join("tracker"), desk.tracker.snapshot())?;
    println!("process A: buy 10 at {price} rests");
    Ok(id.into())
}

/// Goes on: hears what was missed, and cancels what is left.
async fn second_process(
    client: &Client<Prediction>,
    directory: &Path,
    market: &str,
    order: &str,
    expected: OrderState,
    desk: &mut Option<Desk<RT>>,
) -> Result<(), Failure> {
    let kept = std::fs::read_to_string(directory.join("tracker"))?;
    // The sessions of before are gone: whatever was under way then is in doubt now.
    let mut tracker = Tracker::restore(&kept, TrackerSettings::default())?;
    let mut news = Vec::new();
    let state = |tracker: &Tracker| tracker.by_cl_ord_id(order).map(Order::state);
    println!(
        "process B: the order is {:?}",
        state(&tracker).ok_or("the order is forgotten")?
    );

    let session = client
        .order_entry_retransmitting(journal(client, directory).await?)
        .await?;
    // The numbers go on, so that nothing is missed: it comes.
    tracker.connected(Source::OrderEntry, false, &mut news);
    let desk = desk.insert(Desk { session, tracker });
    for event in until(desk, order, expected).await? {
        if let TrackerEvent::Fill(fill) = event {
            println!("process B: fill, {} at {}", fill.quantity, fill.price);
        }
    }
    let placed = PlacedOrder::<Prediction>::new(order, market, OrderSide::Buy);
    let ids = ClOrdIdGenerator::new(SystemClock.utc(), u64::from(std::process::id()) + 1);
    desk.send(&placed.cancel(ids.next_id().as_str())?).await?;
    until(desk, order, OrderState::Canceled).await?;
    let order = desk.tracker.by_cl_ord_id(order).ok_or("the order is forgotten")?;
    println!(
        "process B: canceled, {} of 10 were filled",
        order.filled().quantity
    );
    Ok(())
}

/// Cancels what is open, and logs out: between the two processes, as a third one that goes on.
async fn leave(
    client: &Client<Prediction>,
    directory: &Path,
    market: &str,
    desk: Option<Desk<RT>>,
) -> Result<(), Failure> {
    let mut desk = match (desk, std::fs::read_to_string(directory.join("tracker"))) {
        (Some(desk), _) => desk,
        (None, Ok(kept)) => Desk {
            tracker: Tracker::restore(&kept, TrackerSettings::default())?,
            session: client
                .order_entry_retransmitting(journal(client, directory).await?)
                .await?,
        },
        // Nothing was sent.
        (None, Err(_)) => return Ok(()),
    };
    let left = cancel_all(&mut desk, market).await;
    support::ended("KalshiRT", &desk.session.close().await);
    left
}

async fn cancel_all(desk: &mut Desk<RT>, market: &str) -> Result<(), Failure> {
    let ids = ClOrdIdGenerator::new(SystemClock.utc(), u64::from(std::process::id()) + 2);
    let open: Vec<_> = desk
        .tracker
        .open_orders()
        .map(|order| order.cl_ord_id().to_owned())
        .collect();
    for order in open {
        let placed = PlacedOrder::<Prediction>::new(&order, market, OrderSide::Buy);
        desk.send(&placed.cancel(ids.next_id().as_str())?).await?;
        until(desk, &order, OrderState::Canceled).await?;
    }
    Ok(())
}

/// The journal, as soon as the session before lets go of it. A process that is gone has let go.
async fn journal(client: &Client<Prediction>, directory: &Path) -> Result<SessionStore, Failure> {
    loop {
        let whose = client.journal_settings(SessionKind::OrderEntryRetransmitting)?;
        match JournalStore::open(directory.join("journal"), whose, SystemClock.utc()) {
            Err(StoreError::Locked { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
            opened => return Ok(SessionStore::threaded(opened?)),
        }
    }
}

/// How long canceling may take.
const TO_LEAVE: Duration = Duration::from_secs(30);

const ABOUT: &str = "\
A process trades and is gone without a word; the next one goes on where it was,
and misses nothing.

With --demo, the first process starts its session anew: what the venue has kept
for that key's KalshiRT is lost.";

/// What it opens at the venue.
const SESSIONS: &[KeyUse] = &[KeyUse::Session(SessionKind::OrderEntryRetransmitting)];
