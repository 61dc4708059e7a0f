//! Place an order, amend it, have it partly filled, cancel the rest; a tracker knows at every moment how it stands.
//!
//! ```text
//! cargo run --example place_orders
//! cargo run --example place_orders -- --demo SYMBOL
//! ```
//!
//! - `LimitOrder` is checked before it is a message: what the venue would reject is refused here, by field.
//! - `PlacedOrder` is what has to be known of an order to amend or cancel it.
//! - `Tracker` is told of every request that is sent and of every event of the session (`support/desk.rs` does nothing
//!   else), and tells what that changed. It reads no clock and has no session, so it works in a backtest too.

#[path = "support/counterparty.rs"]
mod counterparty;
#[path = "support/desk.rs"]
mod desk;
mod support;
#[path = "support/until.rs"]
mod until;

use std::process::ExitCode;

use desk::Desk;
use kalshi_fix::credentials::KeyUse;
use kalshi_fix::driver::{Clock as _, SystemClock};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::exchange::Side;
use kalshi_fix::gateway::{Gateway, Member};
use kalshi_fix::orders::{ClOrdIdGenerator, LimitOrder};
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::ticks::TickGrid;
use kalshi_fix::tracker::{AccountRef, OrderState, Position, Tracker, TrackerEvent, TrackerSettings};
use kalshi_fix::units::{PriceUnit, Quantity};
use support::{Failure, Options};
use until::until;

#[tokio::main]
async fn main() -> ExitCode {
    support::main(ABOUT, SESSIONS, run).await
}

async fn run(options: Options) -> Result<(), Failure> {
    let (client, market, exchange) = support::open(&options, Gateway::builder()).await?;
    // Should this program end early, the venue cancels what it left open.
    let client = client.cancel_orders_on_disconnect(true).build()?;
    let mut desk = Desk {
        session: client.order_entry().await?,
        tracker: Tracker::new(TrackerSettings::default()),
    };
    let traded = support::in_time(&options, trade(&mut desk, &market, exchange.as_ref())).await;
    support::ended("KalshiNR", &desk.session.close().await);
    traded
}

async fn trade(
    desk: &mut Desk<NR>,
    market: &str,
    exchange: Option<&(Gateway, Member)>,
) -> Result<(), Failure> {
    let (now, unit) = (SystemClock.utc(), PriceUnit::Dollars);
    // Ids that never come twice: no other process may give the same number.
    let ids = ClOrdIdGenerator::new(now, std::process::id().into());
    let (ten, twelve) = (Quantity::from_whole(10), Quantity::from_whole(12));

    // Nothing of this reaches the venue.
    let mistaken = LimitOrder::buy_yes(market, ten, "0.405".parse()?).on_grid(&TickGrid::LINEAR_CENT);
    if let Err(error) = mistaken.message(ids.next_id().as_str(), unit, now) {
        println!("refused before it left: {error}");
    }

    // Against the venue: so low that nobody takes it.
    let (price, better) = match exchange {
        Some(_) => ("0.40", "0.41"),
        None => ("0.01", "0.02"),
    };
    let order = LimitOrder::buy_yes(market, ten, price.parse()?).post_only();
    let id = ids.next_id();
    desk.send(&order.message(id.as_str(), unit, now)?).await?;
    until(desk, id.as_str(), OrderState::New).await?;
    println!("new: buy 10 at {price}");

    // An amendment names the total, filled and open, and the order goes by its id from then on.
    let placed = order.placed(id.as_str(), now)?;
    let amended = ids.next_id();
    let better_price = Some(better.parse()?);
    desk.send(&placed.amend(amended.as_str(), twelve, better_price, unit)?)
        .await?;
    until(desk, amended.as_str(), OrderState::New).await?;
    println!("amended: buy 12 at {better}");

    if let Some((_, other)) = exchange {
        counterparty::place(other, market, Side::Sell, 41, 5)?;
        for event in until(desk, amended.as_str(), OrderState::PartiallyFilled).await? {
            if let TrackerEvent::Fill(fill) = event {
                println!("fill: {} at {}", fill.quantity, fill.price);
            }
        }
    }

    let placed = placed.replaced_by(amended.as_str());
    desk.send(&placed.cancel(ids.next_id().as_str())?).await?;
    until(desk, amended.as_str(), OrderState::Canceled).await?;

    let order = desk
        .tracker
        .by_cl_ord_id(amended.as_str())
        .ok_or("the order is forgotten")?;
    println!("canceled: {} of 12 were filled", order.cum_qty());
    let position = desk.tracker.position(market, AccountRef::default());
    let net = position.map_or(Some(Quantity::ZERO), Position::net);
    println!(
        "position: {} contracts",
        net.ok_or("a position that cannot be exact")?
    );
    Ok(())
}

const ABOUT: &str = "\
Place an order, amend it, have it partly filled, cancel the rest; a tracker
knows at every moment how it stands.";

/// What it opens at the venue.
const SESSIONS: &[KeyUse] = &[KeyUse::Session(SessionKind::OrderEntry)];
