//! Bots: members that keep a book lively, by chance that follows from a seed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::clock::{Follower, ManualClock};
use super::exchange::{
    Account, Cancel, Command, MarketStatus, Money, NewOrder, Origin, OwnerId, Price, Quantity, SessionId,
    Side, Target, TimeInForce,
};
use super::hub::Hub;
use super::random::Random;
use crate::environment::Product;

/// How many bots there are, and how busy they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BotSettings {
    /// How many trade in each market.
    pub per_market: u32,
    /// How long it takes until one of each market does something again.
    pub interval: Duration,
}

impl BotSettings {
    /// So many bots in each market, and four times a second one of them does something.
    #[must_use]
    pub const fn new(per_market: u32) -> BotSettings {
        BotSettings {
            per_market,
            interval: Duration::from_millis(250),
        }
    }
}

/// All bots of a gateway.
pub(super) struct Bots {
    hub: Arc<Hub>,
    random: Random,
    crowds: Vec<Crowd>,
    orders: u64,
    interval: Duration,
}

/// The bots of one market, and what they think it is worth.
struct Crowd {
    product: Product,
    symbol: Arc<str>,
    exchange_index: u32,
    /// In ten-thousandths of a dollar.
    value: i64,
    /// What they were last told that it is worth.
    told: Option<Price>,
    bots: Vec<Bot>,
}

struct Bot {
    owner: OwnerId,
    /// Its resting orders, the oldest first.
    resting: VecDeque<(Arc<str>, Side)>,
}

impl Bots {
    pub(super) fn new(hub: Arc<Hub>, settings: BotSettings, seed: u64) -> Bots {
        let mut random = Random::new(seed ^ SALT);
        let mut crowds = Vec::new();
        let mut owners = (FIRST_BOT..).map(OwnerId);
        for product in [Product::Prediction, Product::Margin] {
            let markets: Vec<(Arc<str>, u32)> = hub.look(product, |exchange| {
                let named = exchange
                    .markets()
                    .map(|market| (Arc::clone(&market.symbol), market.exchange_index));
                named.collect()
            });
            for (symbol, exchange_index) in markets {
                let bots = owners
                    .by_ref()
                    .take(settings.per_market as usize)
                    .map(|owner| Bot {
                        owner,
                        resting: VecDeque::new(),
                    })
                    .collect();
                let value = match product {
                    Product::Prediction => 1_000 + 100 * random.below(80).cast_signed(),
                    Product::Margin => 100_000_000 + 10_000 * random.below(10_000).cast_signed(),
                };
                crowds.push(Crowd {
                    product,
                    symbol,
                    exchange_index,
                    value,
                    told: None,
                    bots,
                });
            }
        }
        Bots {
            hub,
            random,
            crowds,
            orders: 0,
            interval: settings.interval.max(Duration::from_millis(1)),
        }
    }

    /// Trades until the exchange closes.
    pub(super) async fn run(mut self, mut closes: watch::Receiver<bool>) {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.step(),
                _ = closes.wait_for(|closes| *closes) => return,
            }
        }
    }

    /// Trades by a clock that is moved by hand.
    pub(super) fn follow(self, clock: &ManualClock) -> Arc<Follow> {
        Arc::new(Follow {
            clock: clock.clone(),
            state: Mutex::new((clock.now().unix_nanos(), self)),
        })
    }

    /// In each market one bot does one thing.
    fn step(&mut self) {
        for crowd in &mut self.crowds {
            self.orders += 1;
            crowd.step(&self.hub, &mut self.random, self.orders);
        }
    }
}

/// Bots by a clock that is moved by hand.
pub(super) struct Follow {
    clock: ManualClock,
    /// Up to when they have traded, in nanoseconds.
    state: Mutex<(i64, Bots)>,
}

impl Follower for Follow {
    fn catch_up(&self) {
        let now = self.clock.now().unix_nanos();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (traded, bots) = &mut *state;
        let interval = i64::try_from(bots.interval.as_nanos()).unwrap_or(i64::MAX);
        let due = now.saturating_sub(*traded) / interval;
        for _ in 0..due.min(AT_ONCE) {
            bots.step();
        }
        *traded = traded.saturating_add(due.saturating_mul(interval));
    }
}

impl Crowd {
    fn step(&mut self, hub: &Hub, random: &mut Random, number: u64) {
        let tick = match self.product {
            Product::Prediction => 100,
            Product::Margin => 10_000,
        };
        let worth = hub.look(self.product, |exchange| exchange.worth(&self.symbol));
        if worth != self.told {
            self.told = worth;
            self.value = worth.map_or(self.value, Price::ten_thousandths);
        }
        self.value += tick * (random.below(3).cast_signed() - 1);
        if self.product == Product::Prediction {
            self.value = self.value.clamp(1_000, 9_000);
        }
        let chosen = random.below(self.bots.len() as u64);
        let Some(bot) = usize::try_from(chosen)
            .ok()
            .and_then(|chosen| self.bots.get_mut(chosen))
        else {
            return;
        };
        let origin = Origin {
            session: SessionId(bot.owner.0),
            owner: bot.owner,
        };
        let side = if random.percent(50) { Side::Buy } else { Side::Sell };
        let away = tick * (1 + random.below(5).cast_signed());
        let action = random.below(100);
        let id: Arc<str> = format!("bot-{number}").into();
        if action < 25 || bot.resting.len() >= RESTING {
            let Some((resting, side)) = bot.resting.pop_front() else {
                return;
            };
            let target = Target {
                orig_cl_ord_id: resting,
                order_id: None,
                symbol: Arc::clone(&self.symbol),
                side,
                subaccount: None,
                party: None,
            };
            hub.apply(
                self.product,
                Command::Cancel(
                    origin,
                    Cancel {
                        cl_ord_id: id,
                        target,
                    },
                ),
            );
            return;
        }
        let takes = action >= 85;
        // Who takes pays up to where others rest; who rests stays on its own side of what it thinks.
        let towards = (side == Side::Buy) == takes;
        let price = if towards {
            self.value + away
        } else {
            self.value - away
        };
        let price = Price::from_ten_thousandths(price.max(tick));
        let quantity = Quantity::from_contracts(1 + random.below(20).cast_signed());
        let mut order = NewOrder::limit(&id, &self.symbol, side, price, quantity);
        order.time_in_force = if takes {
            TimeInForce::ImmediateOrCancel
        } else {
            TimeInForce::GoodTillCancel
        };
        let is_open = hub.look(self.product, |exchange| {
            // They are the house: what they lose, they get back.
            let available = exchange
                .account_on(bot.owner, self.exchange_index, 0)
                .map_or(Money::ZERO, Account::available);
            if available < FUNDS {
                exchange.deposit_on(bot.owner, self.exchange_index, 0, FUNDS);
            }
            exchange
                .markets()
                .any(|market| market.symbol == self.symbol && market.status == MarketStatus::Active)
        });
        if !is_open {
            bot.resting.clear();
            return;
        }
        if !takes {
            bot.resting.push_back((Arc::clone(&id), side));
        }
        hub.apply(self.product, Command::NewOrder(origin, order));
    }
}

/// How often a bot of a market acts at most when a clock is moved far.
const AT_ONCE: i64 = 10_000;
/// How many orders of a bot rest at most.
const RESTING: usize = 20;
/// What a bot has at least before it places an order.
const FUNDS: Money = Money::from_dollars(10_000_000);
/// Members that log on are numbered from 1, whether there are bots or not.
const FIRST_BOT: u32 = 1 << 20;
/// Bots draw other numbers than faults.
const SALT: u64 = 0x626f_7473;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::driver::SystemClock;
    use crate::gateway::exchange::{Market, Rules};
    use crate::gateway::kept::Keeping;

    /// The book of a market after so many steps, as bids and offers in dollars.
    fn book(seed: u64, steps: usize) -> (usize, String) {
        let hub = Hub::new(
            Arc::new(SystemClock),
            Money::ZERO,
            Keeping::default(),
            0,
            BTreeMap::new(),
            [Rules::prediction(), Rules::margin()],
        );
        let hub = Arc::new(hub);
        hub.look(Product::Prediction, |exchange| {
            exchange.list(Market::prediction("M"));
        });
        let mut bots = Bots::new(Arc::clone(&hub), BotSettings::new(5), seed);
        for _ in 0..steps {
            bots.step();
        }
        hub.look(Product::Prediction, |exchange| {
            let levels = |side| {
                let book = exchange.book("M");
                book.map(|book| book.levels(side).collect::<Vec<_>>())
            };
            let book = format!("{:?} {:?}", levels(Side::Buy), levels(Side::Sell));
            (exchange.open_orders(), book)
        })
    }

    #[test]
    fn the_same_seed_makes_the_same_book() {
        assert_eq!(book(1, 400), book(1, 400));
        assert_ne!(book(1, 400), book(2, 400));
    }

    #[test]
    fn a_book_is_lively_and_bounded() {
        let (open, _) = book(3, 3_000);
        assert!((5..=5 * RESTING).contains(&open), "{open}");
    }
}
