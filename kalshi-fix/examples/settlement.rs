//! Hear what a market was settled at, and what it paid: pages put together, and the amounts checked.
//!
//! ```text
//! cargo run --example settlement
//! cargo run --example settlement -- --demo SYMBOL
//! ```
//!
//! - `KalshiPT` carries settlement reports, and keeps its numbers over connections: what is reported while nobody listens
//!   comes later. Here its store is in memory; `resume` shows one on the disk.
//! - A settlement of many parties comes in pages. `Reassembler` gives each settlement out once, and says what in it does not
//!   add up.

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
use kalshi_fix::client::{Client, Event, Retransmission, Session};
use kalshi_fix::credentials::KeyUse;
use kalshi_fix::driver::{Clock as _, SessionStore, SystemClock};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::exchange::{Outcome, Side};
use kalshi_fix::gateway::{Gateway, Member};
use kalshi_fix::orders::{ClOrdIdGenerator, LimitOrder};
use kalshi_fix::prediction::sessions::PT;
use kalshi_fix::prediction::{Message, Prediction};
use kalshi_fix::settlement::{Handled, Reassembler, ReassemblerSettings, SettledParty, Settlement};
use kalshi_fix::store::MemoryStore;
use kalshi_fix::tracker::{OrderState, Tracker, TrackerSettings};
use kalshi_fix::units::{PriceUnit, Quantity};
use support::{Failure, Options};
use until::until;

#[tokio::main]
async fn main() -> ExitCode {
    support::main(ABOUT, SESSIONS, run).await
}

async fn run(options: Options) -> Result<(), Failure> {
    let (client, market, exchange) = support::open(&options, Gateway::builder()).await?;
    let client = client.build()?;
    let store = SessionStore::inline(MemoryStore::new(SystemClock.utc()));
    // A store in memory knows nothing of the numbers at which an earlier run has left the venue. Whoever must not lose
    // what was kept meanwhile has one on the disk, and resumes.
    let mut session = client.post_trade(Retransmission::new(store).start_anew()).await?;
    let heard = support::in_time(&options, async {
        if let Some((gateway, other)) = &exchange {
            buy(&client, &market, other).await?;
            gateway.determine(&market, Outcome::No)?;
            gateway.settle(&market)?;
        }
        // The venue settles when it does.
        let patience = Duration::from_secs(if exchange.is_some() { 40 } else { 10 });
        match tokio::time::timeout(patience, next(&mut session)).await {
            Ok(settlement) => tell(&settlement?),
            Err(_) if exchange.is_none() => println!("nothing was settled within {patience:?}"),
            Err(_) => return Err("no settlement came".into()),
        }
        Ok(())
    });
    let heard = heard.await;
    support::ended("KalshiPT", &session.close().await);
    heard
}

/// The next settlement that is complete.
async fn next(session: &mut Session<PT>) -> Result<Settlement, Failure> {
    let mut reassembler = Reassembler::new(ReassemblerSettings::default());
    loop {
        let received = match session.recv().await.ok_or("the session is over")? {
            Event::Message(received) => received,
            Event::Ended(end) => return Err(end.to_string().into()),
            _ => continue,
        };
        let Some(Message::MarketSettlementReport(page)) = received.message() else {
            continue;
        };
        match reassembler.handle(page) {
            Handled::Complete(settlement) => return Ok(settlement),
            Handled::Taken { pages, of, .. } => println!("{pages} pages of {of:?}"),
            // The reports of a session that keeps its numbers can come twice.
            Handled::Duplicate => {}
            // Money has moved: ask elsewhere what is right.
            other => return Err(format!("a page that cannot be taken: {other:?}").into()),
        }
    }
}

fn tell(settlement: &Settlement) {
    println!(
        "{}: {:?}, at {} dollars",
        settlement.symbol, settlement.result, settlement.price
    );
    for party in &settlement.parties {
        let held = held(party);
        match party.payout {
            Some(payout) => println!("{held} paid {payout} dollars"),
            None => println!("{held}, and no payout is stated"),
        }
    }
    if settlement.is_reconciled() {
        println!("everything adds up");
    } else {
        println!("does not add up: {:?}", settlement.findings);
    }
}

/// What a party held: contracts for YES or for NO. A side that is not stated is not taken for none.
fn held(party: &SettledParty) -> String {
    let contracts = |quantity: Option<Quantity>, side: &str| {
        quantity
            .filter(|quantity| *quantity != Quantity::ZERO)
            .map(|quantity| format!("{quantity} {side} contracts"))
    };
    match (contracts(party.long, "YES"), contracts(party.short, "NO")) {
        (Some(yes), Some(no)) => format!("{yes} and {no}"),
        (Some(held), None) | (None, Some(held)) => held,
        (None, None) if party.long.is_none() && party.short.is_none() => {
            "a position that is not stated".to_owned()
        }
        (None, None) => "no contracts".to_owned(),
    }
}

/// Buys ten contracts for NO of what will be settled.
async fn buy(client: &Client<Prediction>, market: &str, other: &Member) -> Result<(), Failure> {
    let now = SystemClock.utc();
    let id = ClOrdIdGenerator::new(now, std::process::id().into()).next_id();
    let mut desk = Desk {
        session: client.order_entry().await?,
        tracker: Tracker::new(TrackerSettings::default()),
    };
    // A bid of 60 cents for YES sells NO for the rest of a dollar.
    counterparty::place(other, market, Side::Buy, 60, 10)?;
    let order = LimitOrder::buy_no(market, Quantity::from_whole(10), "0.40".parse()?);
    desk.send(&order.message(id.as_str(), PriceUnit::Dollars, now)?)
        .await?;
    until(&mut desk, id.as_str(), OrderState::Filled).await?;
    println!("bought 10 NO at 0.40");
    support::ended("KalshiNR", &desk.session.close().await);
    Ok(())
}

const ABOUT: &str = "\
Hear what a market was settled at, and what it paid: pages put together, and the
amounts checked.

With --demo, it starts its session anew: what the venue has kept for that key's
KalshiPT is lost.";

/// What it opens at the venue.
const SESSIONS: &[KeyUse] = &[KeyUse::Session(SessionKind::PostTrade)];
