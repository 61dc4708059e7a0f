//! Put orders into a group that cancels them all when too much of them is filled at once.
//!
//! ```text
//! cargo run --example order_groups
//! cargo run --example order_groups -- --demo SYMBOL
//! ```
//!
//! - A group has a limit: contracts in 15 seconds. What goes beyond triggers it: its orders are canceled, and it takes no
//!   new ones until it is reset. It guards a strategy of many quotes, of which one fast counterparty could take all.
//! - The venue says nothing of its own about a trigger. `Groups` reads it off what becomes of the orders, as the tracker
//!   tells it.

#[path = "support/counterparty.rs"]
mod counterparty;
#[path = "support/desk.rs"]
mod desk;
mod support;

use std::process::ExitCode;

use desk::Desk;
use kalshi_fix::credentials::KeyUse;
use kalshi_fix::driver::{Clock as _, SystemClock};
use kalshi_fix::environment::SessionKind;
use kalshi_fix::gateway::exchange::Side;
use kalshi_fix::gateway::{Gateway, Member};
use kalshi_fix::groups::{GroupEvent, GroupRequest, GroupResponse, Groups};
use kalshi_fix::orders::{ClOrdId, ClOrdIdGenerator, LimitOrder};
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::tracker::{Ended, OrderState, Rejection, Tracker, TrackerSettings};
use kalshi_fix::units::{Price, PriceUnit, Quantity};
use support::{Failure, Options};

#[tokio::main]
async fn main() -> ExitCode {
    support::main(ABOUT, SESSIONS, run).await
}

async fn run(options: Options) -> Result<(), Failure> {
    let (client, market, exchange) = support::open(&options, Gateway::builder()).await?;
    let client = client.cancel_orders_on_disconnect(true).build()?;
    let mut trader = Trader {
        desk: Desk {
            session: client.order_entry().await?,
            tracker: Tracker::new(TrackerSettings::default()),
        },
        groups: Groups::new(10),
        ids: ClOrdIdGenerator::new(SystemClock.utc(), std::process::id().into()),
        market,
    };
    let traded = support::in_time(&options, trader.trade(exchange.as_ref())).await;
    support::ended("KalshiNR", &trader.desk.session.close().await);
    traded
}

struct Trader {
    desk: Desk<NR>,
    groups: Groups,
    ids: ClOrdIdGenerator,
    market: String,
}

impl Trader {
    async fn trade(&mut self, exchange: Option<&(Gateway, Member)>) -> Result<(), Failure> {
        let group = self.ask(&GroupRequest::create(10)?).await?;
        println!("a group with a limit of 10 contracts");
        // Against the venue: so low that nobody takes them.
        let (high, low) = if exchange.is_some() { (40, 39) } else { (2, 1) };
        let quotes = [self.order(high, &group).await?, self.order(low, &group).await?];
        for id in &quotes {
            println!("in the group, a bid for 10: {:?}", self.accepted(id).await?);
        }
        match exchange {
            // Beyond the limit by one.
            Some((_, other)) => counterparty::place(other, &self.market, Side::Sell, 39, 11)?,
            None => drop(self.ask(&GroupRequest::trigger(&group)).await?),
        }
        while self.desk.tracker.open_orders().count() > 0 {
            self.news().await?;
        }
        for (number, id) in quotes.iter().enumerate() {
            let order = self
                .desk
                .tracker
                .by_cl_ord_id(id.as_str())
                .ok_or("an order is forgotten")?;
            let (number, filled) = (number + 1, order.cum_qty());
            match order.ended() {
                Some(Ended::OrderGroup) => println!("bid {number}: canceled by the group, {filled} filled"),
                _ => println!("bid {number}: {:?}, {filled} filled", order.state()),
            }
        }
        if let Some(group) = self.groups.group(&group, 0) {
            println!("the group is {:?}", group.state());
        }

        let refused = self.order(low, &group).await?;
        println!("another bid: {:?}", self.outcome(&refused).await?);
        println!("  {}", self.reason(&refused)?);

        self.ask(&GroupRequest::reset(&group)).await?;
        let accepted = self.order(low, &group).await?;
        println!("after a reset: {:?}", self.accepted(&accepted).await?);

        // Deleting a group cancels what is open of it.
        self.ask(&GroupRequest::delete(&group)).await?;
        while self.desk.tracker.open_orders().count() > 0 {
            self.news().await?;
        }
        println!("the group is deleted, and its order with it");
        Ok(())
    }

    /// Asks for something about a group, and waits for the answer, which names the group.
    async fn ask(&mut self, request: &GroupRequest) -> Result<String, Failure> {
        let submitted = self.desk.session.submit(&request.to_prediction()).await?;
        let mut told = Vec::new();
        self.groups.sent(submitted.sequence, request, &mut told);
        let response = submitted
            .acknowledged()?
            .message
            .ok_or("an answer that cannot be read")?;
        let response = GroupResponse::of_prediction(&response)?;
        self.groups.answered(&response, &mut told);
        Ok(response.group.to_owned())
    }

    /// Sends a bid for ten contracts, in the group.
    async fn order(&mut self, cents: i64, group: &str) -> Result<ClOrdId, Failure> {
        let (price, ten) = (Price::from_whole_cents(cents), Quantity::from_whole(10));
        let order = LimitOrder::buy_yes(self.market.as_str(), ten, price).order_group(group);
        let id = self.ids.next_id();
        let message = order.message(id.as_str(), PriceUnit::Dollars, SystemClock.utc())?;
        self.desk.send(&message).await?;
        Ok(id)
    }

    /// What the venue says of an order first.
    async fn outcome(&mut self, id: &ClOrdId) -> Result<OrderState, Failure> {
        loop {
            let order = self
                .desk
                .tracker
                .by_cl_ord_id(id.as_str())
                .ok_or("an order is forgotten")?;
            if order.state() != OrderState::PendingNew {
                return Ok(order.state());
            }
            self.news().await?;
        }
    }

    /// As [`outcome`](Trader::outcome), of an order that has to be accepted.
    async fn accepted(&mut self, id: &ClOrdId) -> Result<OrderState, Failure> {
        match self.outcome(id).await? {
            OrderState::Rejected => Err(format!("the order is refused: {}", self.reason(id)?).into()),
            state => Ok(state),
        }
    }

    /// Why the venue has refused an order.
    fn reason(&self, id: &ClOrdId) -> Result<&str, Failure> {
        let order = self.desk.tracker.by_cl_ord_id(id.as_str());
        let rejection = order.ok_or("an order is forgotten")?.rejection();
        Ok(rejection.and_then(Rejection::text).unwrap_or("no reason given"))
    }

    /// What the tracker tells, the groups are told.
    async fn news(&mut self) -> Result<(), Failure> {
        let mut told = Vec::new();
        for event in self.desk.news().await? {
            self.groups
                .observe(SystemClock.utc(), &self.desk.tracker, &event, &mut told);
        }
        for event in told {
            // `BeyondLimit` comes earlier, and is an estimate: the venue counts by its own clock.
            if let GroupEvent::Triggered { .. } = event {
                println!("triggered");
            }
        }
        Ok(())
    }
}

const ABOUT: &str = "\
Put orders into a group that cancels them all when too much of them is filled at
once.";

/// What it opens at the venue.
const SESSIONS: &[KeyUse] = &[KeyUse::Session(SessionKind::OrderEntry)];
