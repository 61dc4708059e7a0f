//! Quote both sides of one market, replace the quotes after each fill, and leave with nothing open.
//!
//! ```text
//! cargo run --example market_maker
//! cargo run --example market_maker -- --demo SYMBOL
//! ```
//!
//! - What the quotes should be is compared with what the tracker says they are, after each event: a fill, a canceled quote and a
//!   restart are then one case. Nothing is sent for a side while a request about it is under way, and a quote that the venue
//!   refuses is not sent again: whatever it refuses one for, it would refuse the next one for too.
//! - Pre-trade limits stand between the strategy and the venue: what breaks one takes no sequence number.
//! - The kill switch ends it, also on Ctrl-C: it blocks new orders, and cancels until nothing is open, and says so.

#[path = "support/counterparty.rs"]
mod counterparty;
mod support;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kalshi_fix::client::{Event, Session};
use kalshi_fix::credentials::KeyUse;
use kalshi_fix::dialect::{ClientSends, Decimal, Timestamp};
use kalshi_fix::driver::{Clock as _, SystemClock};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::exchange;
use kalshi_fix::gateway::{Gateway, Member};
use kalshi_fix::limits::{KillRun, Limits, SharedPreTrade};
use kalshi_fix::orders::{ClOrdIdGenerator, LimitOrder, PlacedOrder, Side};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::tracker::{
    AccountRef, AsRequest, OrderKey, OrderState, Rejection, Source, Tracker, TrackerEvent, TrackerSettings,
};
use kalshi_fix::units::{Price, PriceUnit, Quantity};
use support::{Failure, Options};

#[tokio::main]
async fn main() -> ExitCode {
    support::main(ABOUT, SESSIONS, run).await
}

async fn run(options: Options) -> Result<(), Failure> {
    let (client, market, exchange) = support::open(&options, Gateway::builder()).await?;
    let tracker = Arc::new(Mutex::new(Tracker::new(TrackerSettings::default())));
    let limits = Limits::default()
        .max_order_quantity(Quantity::from_whole(100))
        .max_open_orders(2)
        .max_open_notional("50".parse()?)
        .max_order_rate(20, Duration::from_secs(1));
    // The limits ask the tracker what is open.
    let limits = Arc::new(SharedPreTrade::tracking(limits, Arc::clone(&tracker) as _));
    let client = client
        .pre_trade(Arc::clone(&limits))
        .cancel_orders_on_disconnect(true)
        .build()?;
    let mut maker = Maker {
        session: client.order_entry().await?,
        tracker,
        ids: ClOrdIdGenerator::new(now(), std::process::id().into()),
        market,
        // Among other people: so far off that nobody takes it.
        margin: if exchange.is_some() { 2 } else { 49 },
        quotes: [None, None],
    };

    let quoted = support::in_time(&options, maker.quote(exchange.as_ref())).await;
    // Whatever ended it.
    let killed = maker.kill(&limits).await;
    support::ended("KalshiNR", &maker.session.close().await);
    quoted.and(killed)
}

struct Maker {
    session: Session<NR>,
    tracker: Arc<Mutex<Tracker>>,
    ids: ClOrdIdGenerator,
    market: String,
    /// Half of the spread, in cents.
    margin: i64,
    /// The orders by which we bid and offer, by the ids that they go by.
    quotes: [Option<String>; 2],
}

impl Maker {
    /// Quotes until nobody comes any more.
    async fn quote(&mut self, exchange: Option<&(Gateway, Member)>) -> Result<(), Failure> {
        let too_much =
            LimitOrder::buy_yes(self.market.as_str(), Quantity::from_whole(5_000), "0.01".parse()?);
        let id = self.ids.next_id();
        if let Err(refused) = self.send(&too_much.message(id.as_str(), UNIT, now())?).await {
            println!("{refused}");
        }
        // Who comes: somebody sells to us, then somebody buys.
        let mut visitors = [(exchange::Side::Sell, 48, 5), (exchange::Side::Buy, 51, 10)].into_iter();
        loop {
            if self.requote().await? {
                let [bid, offer] = self.prices()?;
                println!("quoting: 10 at {bid}, 10 at {offer}");
                match (exchange, visitors.next()) {
                    (Some((_, other)), Some((side, cents, contracts))) => {
                        counterparty::place(other, &self.market, side, cents, contracts)?;
                    }
                    _ => return Ok(()),
                }
            }
            for event in self.news().await? {
                match event {
                    TrackerEvent::Fill(fill) => {
                        let (quantity, price) = (fill.quantity, fill.price);
                        println!(
                            "fill: {:?} {quantity} at {price}, position {}",
                            fill.side,
                            self.position()?
                        );
                    }
                    // An amend that came too late is none: the order has ended, and is replaced.
                    TrackerEvent::RequestRefused { order, text, .. } if self.is_open(order) => {
                        let why = text.as_deref().unwrap_or("no reason given");
                        return Err(format!("the venue refuses to amend a quote: {why}").into());
                    }
                    _ => {}
                }
            }
        }
    }

    /// Sends what makes the quotes those that they should be. Whether they are.
    async fn requote(&mut self) -> Result<bool, Failure> {
        let mut are_right = true;
        let prices = self.prices()?;
        for (index, side) in [Side::Buy, Side::Sell].into_iter().enumerate() {
            let price = prices[index];
            // What is there now; nothing of it stays locked while something is sent.
            let current = self.quotes[index].as_deref().and_then(|id| {
                let tracker = self.tracker();
                let order = tracker.by_cl_ord_id(id)?;
                let placed = PlacedOrder::<Prediction>::new(id, self.market.as_str(), side);
                Some((
                    order.state(),
                    order.price(),
                    order.leaves_qty(),
                    order.cum_qty(),
                    placed,
                    order.rejection().and_then(Rejection::text).map(str::to_owned),
                ))
            });
            let id = self.ids.next_id();
            match current {
                Some((OrderState::New | OrderState::PartiallyFilled, at, leaves, filled, placed, _)) => {
                    if at == Some(price) && leaves == SIZE {
                        continue;
                    }
                    let total = placed.total(filled, SIZE)?;
                    self.send(&placed.amend(id.as_str(), total, Some(price), UNIT)?)
                        .await?;
                    self.quotes[index] = Some(id.into());
                }
                // A request is under way: its answer comes.
                Some((state, ..)) if !state.is_final() => {}
                Some((OrderState::Rejected, .., why)) => {
                    let why = why.as_deref().unwrap_or("no reason given");
                    return Err(format!("the venue refuses a quote at {price}: {why}").into());
                }
                _ => {
                    let order = match side {
                        Side::Buy => LimitOrder::buy_yes(self.market.as_str(), SIZE, price),
                        Side::Sell => LimitOrder::sell_yes(self.market.as_str(), SIZE, price),
                    };
                    let order = order.post_only();
                    self.send(&order.message(id.as_str(), UNIT, now())?).await?;
                    self.quotes[index] = Some(id.into());
                }
            }
            are_right = false;
        }
        Ok(are_right)
    }

    /// Bid and offer: half a dollar less and more the margin, and a cent lower for each five contracts that we have.
    fn prices(&self) -> Result<[Price; 2], Failure> {
        let fives = (self.position()?.contracts() / Decimal::from(5)).trunc();
        let middle = 50 - i64::try_from(fives)?;
        Ok([middle - self.margin, middle + self.margin].map(Price::from_whole_cents))
    }

    fn position(&self) -> Result<Quantity, Failure> {
        let tracker = self.tracker();
        match tracker.position(&self.market, AccountRef::default()) {
            Some(position) => position
                .net()
                .ok_or_else(|| "a position that cannot be exact".into()),
            None => Ok(Quantity::ZERO),
        }
    }

    /// Sends a request, and has the tracker take note of it. The limits look at the tracker meanwhile, so that it must not
    /// be locked by then.
    async fn send<M: ClientSends<NR> + AsRequest>(&self, message: &M) -> Result<(), Failure> {
        let number = self.session.send(message).await?;
        self.tracker()
            .sent(now(), number, message, UNIT, &mut Vec::new())?;
        Ok(())
    }

    /// Waits for the session's next event, and returns what it changed.
    async fn news(&mut self) -> Result<Vec<TrackerEvent>, Failure> {
        let event = self.session.recv().await.ok_or("the session is over")?;
        let mut news = Vec::new();
        lock(&self.tracker).observe(now(), Source::OrderEntry, &event, UNIT, &mut news)?;
        match event {
            Event::Rejected(rejected) => Err(rejected.to_string().into()),
            _ => Ok(news),
        }
    }

    fn tracker(&self) -> MutexGuard<'_, Tracker> {
        lock(&self.tracker)
    }

    fn is_open(&self, order: OrderKey) -> bool {
        let tracker = self.tracker();
        tracker
            .order(order)
            .is_some_and(|order| !order.state().is_final())
    }

    /// Cancels everything, and stops when nothing is open, or when it takes too long.
    async fn kill(&mut self, limits: &SharedPreTrade) -> Result<(), Failure> {
        let run = KillRun::new(limits, &self.tracker, &self.ids).within(Duration::from_secs(30));
        let killed = run
            .run(&mut self.session, "the market maker goes home", |_news| {})
            .await;
        let position = self.position()?;
        println!("killed: {killed}, position {position}");
        if killed.is_flat() {
            Ok(())
        } else {
            Err(killed.to_string().into())
        }
    }
}

fn lock(tracker: &Mutex<Tracker>) -> MutexGuard<'_, Tracker> {
    tracker.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> Timestamp {
    SystemClock.utc()
}

const UNIT: PriceUnit = PriceUnit::Dollars;
/// What is open on each side.
const SIZE: Quantity = Quantity::from_contracts(Decimal::TEN);

const ABOUT: &str = "\
Quote both sides of one market, replace the quotes after each fill, and leave
with nothing open.";

/// What it opens at the venue.
const SESSIONS: &[KeyUse] = &[KeyUse::Session(SessionKind::OrderEntry)];
