//! What happens to a market by the clock: moves, halts, pauses, the close, the settlement.
//!
//! A scenario is data, and what it leads to are [commands](Command) at times: the same scenario from the same start does the
//! same. What members think that a market is worth moves no orders by itself; bots look at it.

use std::time::Duration;

use super::super::random::Random;
use super::calendar::Time;
use super::command::Command;
use super::engine::Exchange;
use super::market::{ExchangeStatus, MarketStatus, Symbol};
use super::settlement::Outcome;
use super::units::Price;

/// What happens to a market, and when.
///
/// ```
/// use std::time::Duration;
///
/// use kalshi_fix::gateway::exchange::{Happening, Outcome, Price, Scenario};
///
/// let minutes = Duration::from_mins;
/// let scenario = Scenario::new()
///     .random_walk(7, Price::from_cents(50), Price::from_cents(1), Duration::from_secs(2), 300)
///     .after(minutes(5), Happening::Worth(Price::from_cents(80)))
///     .after(minutes(6), Happening::Halt)
///     .after(minutes(7), Happening::Resume)
///     .after(minutes(10), Happening::Close)
///     .after(minutes(11), Happening::Determine(Outcome::Yes))
///     .after(minutes(12), Happening::Settle);
/// # let _ = scenario;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    steps: Vec<(Duration, Happening)>,
}

/// One thing that happens to a market, or to the exchange that it trades on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// The market is worth this from now on: bots quote and trade around it.
    Worth(Price),
    /// The market stops trading.
    Halt,
    /// The market trades again, with an empty book.
    Resume,
    /// The market's close time is moved to now.
    Close,
    /// The outcome is known.
    Determine(Outcome),
    /// Positions are paid out.
    Settle,
    /// The exchange takes cancels alone.
    PauseTrading,
    /// The exchange takes nothing.
    Pause,
    /// The exchange takes everything again.
    Reopen,
}

impl Scenario {
    /// A scenario in which nothing happens.
    #[must_use]
    pub fn new() -> Scenario {
        Scenario::default()
    }

    /// The same scenario, in which this happens so long after its start.
    #[must_use]
    pub fn after(mut self, time: Duration, happening: Happening) -> Scenario {
        self.steps.push((time, happening));
        self
    }

    /// The same scenario, in which the worth moves up or down by `step`, or stays, `count` times: once each `every`, by chance
    /// that follows from the seed, within a cent of a dollar's bounds.
    #[must_use]
    pub fn random_walk(
        mut self,
        seed: u64,
        from: Price,
        step: Price,
        every: Duration,
        count: u32,
    ) -> Scenario {
        let mut random = Random::new(seed);
        let mut worth = from.ten_thousandths();
        for number in 1..=count {
            worth += step.ten_thousandths() * (random.below(3).cast_signed() - 1);
            worth = worth.clamp(LOWEST, HIGHEST);
            let price = Price::from_ten_thousandths(worth);
            self.steps.push((every * number, Happening::Worth(price)));
        }
        self
    }

    /// A market's life in so much time, by chance that follows from the seed: a walk, a halt, a jump, a pause of the
    /// exchange, the close, and a settlement towards which the jump pointed.
    #[must_use]
    pub fn life(seed: u64, length: Duration) -> Scenario {
        let mut random = Random::new(seed);
        let part = |hundredths: u32| length * hundredths / 100;
        let from = Price::from_cents(30 + random.below(41).cast_signed());
        let up = random.percent(50);
        let (jump, outcome) = if up { (85, Outcome::Yes) } else { (15, Outcome::No) };
        let walk = Scenario::new().random_walk(seed ^ WALK, from, Price::from_cents(1), length / 100, 50);
        walk.after(part(20), Happening::Halt)
            .after(part(25), Happening::Resume)
            .after(part(60), Happening::Worth(Price::from_cents(jump)))
            .after(part(70), Happening::PauseTrading)
            .after(part(75), Happening::Reopen)
            .after(part(80), Happening::Close)
            .after(part(90), Happening::Determine(outcome))
            .after(length, Happening::Settle)
    }

    /// How long it takes until the last thing has happened.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.steps.iter().map(|(time, _)| *time).max().unwrap_or_default()
    }

    fn commands(&self, symbol: &Symbol, start: Time) -> impl Iterator<Item = (Time, Command)> {
        self.steps.iter().map(move |(after, happening)| {
            let nanos = i64::try_from(after.as_nanos()).unwrap_or(i64::MAX);
            let time = Time::from_unix_nanos(start.unix_nanos().saturating_add(nanos));
            let symbol = Symbol::clone(symbol);
            let command = match *happening {
                Happening::Worth(price) => Command::SetWorth(symbol, price),
                Happening::Halt => Command::SetMarketStatus(symbol, MarketStatus::Inactive),
                Happening::Resume => Command::SetMarketStatus(symbol, MarketStatus::Active),
                Happening::Close => Command::SetMarketStatus(symbol, MarketStatus::Closed),
                Happening::Determine(outcome) => Command::Determine(symbol, outcome),
                Happening::Settle => Command::Settle(symbol),
                Happening::PauseTrading => Command::SetStatus(ExchangeStatus::TradingPaused),
                Happening::Pause => Command::SetStatus(ExchangeStatus::Paused),
                Happening::Reopen => Command::SetStatus(ExchangeStatus::Open),
            };
            (time, command)
        })
    }
}

impl Exchange {
    /// Has a scenario happen to a market. What is due at the same time happens in the order in which it was written, and what
    /// cannot happen then, such as a settlement before the outcome, is left out.
    pub fn play(&mut self, symbol: &str, scenario: &Scenario, start: Time) {
        for (time, command) in scenario.commands(&symbol.into(), start) {
            self.schedule(time, command);
        }
    }

    /// Carries out a command when its time has come ([`next_expiry`](Exchange::next_expiry) tells when).
    pub fn schedule(&mut self, time: Time, command: Command) {
        self.last_scheduled += 1;
        self.scheduled.insert((time, self.last_scheduled), command);
    }

    /// What a market is said to be worth, where it was said.
    #[must_use]
    pub fn worth(&self, symbol: &str) -> Option<Price> {
        self.markets.get(symbol)?.worth
    }
}

/// One cent, and 99.
const LOWEST: i64 = 100;
const HIGHEST: i64 = 9_900;
/// A walk draws other numbers than the life that it is a part of.
const WALK: u64 = 0x7761_6c6b;

#[cfg(test)]
mod tests {
    use super::super::{Market, Output, Rules};
    use super::*;

    const START: i64 = 1_767_225_600;
    const LENGTH: Duration = Duration::from_secs(1_000);

    /// What a life brings about, as `seconds worth status` at each time that something is due.
    fn live(seed: u64) -> Vec<String> {
        let mut exchange = Exchange::new(Rules::prediction());
        exchange.list(Market::prediction("M"));
        let scenario = Scenario::life(seed, LENGTH);
        assert_eq!(scenario.length(), LENGTH);
        exchange.play("M", &scenario, Time::from_unix_seconds(START));
        let mut told = Vec::new();
        while let Some(due) = exchange.next_expiry() {
            exchange.apply(due, Command::Tick);
            let seconds = due.unix_nanos() / 1_000_000_000 - START;
            let status = exchange.markets().map(|market| market.status).next();
            let worth = exchange.worth("M").map(Price::ten_thousandths);
            told.push(format!("{seconds} {worth:?} {status:?} {:?}", exchange.status()));
        }
        told
    }

    #[test]
    fn a_life_ends_with_a_settlement_and_follows_from_its_seed() {
        let told = live(1);
        assert_eq!(told, live(1));
        assert_ne!(told, live(2));
        let ends = |seconds: u32, with: &str| {
            let found = told.iter().find(|line| line.starts_with(&format!("{seconds} ")));
            assert!(
                found.is_some_and(|line| line.ends_with(with)),
                "{seconds}: {found:?}"
            );
        };
        ends(10, "Some(Active) Open");
        ends(200, "Some(Inactive) Open");
        ends(250, "Some(Active) Open");
        ends(700, "Some(Active) TradingPaused");
        ends(750, "Some(Active) Open");
        ends(800, "Some(Closed) Open");
        ends(900, "Some(Determined) Open");
        ends(1_000, "Some(Settled) Open");
    }

    #[test]
    fn what_is_late_happens_in_order() {
        let mut exchange = Exchange::new(Rules::prediction());
        exchange.list(Market::prediction("M"));
        let at = Time::from_unix_seconds;
        exchange.schedule(at(20), Command::Settle("M".into()));
        exchange.schedule(at(10), Command::Determine("M".into(), Outcome::No));
        exchange.schedule(at(10), Command::SetWorth("M".into(), Price::from_cents(1)));
        exchange.apply(
            at(5),
            Command::SubscribeStatus(super::super::SessionId(1), "M".into()),
        );
        assert_eq!(exchange.next_expiry(), Some(at(10)));
        let outputs = exchange.apply(at(30), Command::Tick);
        let statuses: Vec<_> = outputs
            .iter()
            .filter_map(|output| match output {
                Output::MarketStatus { status, .. } => Some(*status),
                _ => None,
            })
            .collect();
        assert_eq!(statuses, [MarketStatus::Determined, MarketStatus::Settled]);
        assert_eq!(exchange.next_expiry(), None);
        assert_eq!(exchange.worth("M"), Some(Price::from_cents(1)));
    }
}
