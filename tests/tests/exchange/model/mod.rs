//! A second exchange, plain and slow, that is held against the real one after every command.
//!
//! It is written from the venue's rules: orders in one list, the best one found by looking at all of them, money in
//! ten-thousandths of a dollar, and nothing kept that can be counted again. Fees are the venue's 7 % of `p * (1 - p)` a
//! contract for takers, in whole cents over an order's life. The one thing that it does not decide is whether an account
//! can pay for an order, since the venue's rule is not published; it holds both answers against what any rule must keep:
//! whatever fills, nobody is overdrawn, and nobody is refused who could pay for all of its orders at once.

mod plain;
mod script;

use kalshi_fix::gateway::exchange::{
    Amend, Cancel, Command, Exchange, ExchangeStatus, Market, MarketStatus, Money, NewOrder, OrderEvent,
    Origin, Outcome, Output, OwnerId, Price, Quantity, Rules, SelfTradePrevention, SessionId, Side, Target,
    Time, TimeInForce,
};
use proptest::prelude::*;

use plain::{Entry, Model};
use script::{Action, Lifetime, Total, action};

const MEMBERS: u32 = 3;
const DEPOSIT: i128 = 200;
/// 2026-01-01 00:00 UTC, which is 19:00 of the day before in New York.
const START: i64 = 1_767_225_600;

/// Both exchanges, and the script's state.
struct World {
    model: Model,
    exchange: Exchange,
    now: i64,
    requests: u64,
    status: ExchangeStatus,
    active: bool,
}

impl World {
    fn new() -> World {
        let mut exchange = Exchange::new(Rules::prediction());
        exchange.list(Market::prediction("M"));
        let mut model = Model::default();
        for member in 1..=MEMBERS {
            exchange.deposit(OwnerId(member), 0, Money::from_millionths(DEPOSIT * 1_000_000));
            model.cash.insert(member, DEPOSIT * 10_000);
            model.position.insert(member, 0);
        }
        World {
            model,
            exchange,
            now: START,
            requests: 0,
            status: ExchangeStatus::Open,
            active: true,
        }
    }

    fn apply(&mut self, command: Command) -> Vec<String> {
        let outputs = self.exchange.apply(Time::from_unix_seconds(self.now), command);
        outputs.iter().filter_map(told).collect()
    }

    fn act(&mut self, action: &Action) {
        self.requests += 1;
        let id = format!("id-{}", self.requests);
        match action {
            Action::Wait { minutes } => self.now += minutes * 60,
            // One a second is taken.
            Action::MassCancel { .. } => self.now += 1,
            _ => {}
        }
        self.expire();
        let heard = match *action {
            Action::New { .. } => self.new_order(&id, action),
            Action::Amend { which, cents, total } => self.amend(&id, which, cents, total),
            Action::Cancel { which } => self.cancel(&id, which),
            Action::MassCancel { member } => {
                if self.status != ExchangeStatus::Paused {
                    self.model.sweep("cancel", " MassCancel", |entry| {
                        (entry.member == member).then_some(entry.number)
                    });
                }
                self.apply(Command::MassCancel(origin(member), id.as_str().into()))
            }
            Action::Wait { .. } => self.apply(Command::Tick),
            Action::Market(active) => {
                if active && !self.active {
                    self.model.sweep("cancel", " MarketReactivated", |entry| {
                        let price = if entry.buys { -entry.cents } else { entry.cents };
                        Some((!entry.buys, price, entry.since))
                    });
                }
                self.active = active;
                let status = if active {
                    MarketStatus::Active
                } else {
                    MarketStatus::Inactive
                };
                self.apply(Command::SetMarketStatus("M".into(), status))
            }
            Action::Pause(which) => {
                self.status = match which {
                    0 => ExchangeStatus::Paused,
                    1 => ExchangeStatus::TradingPaused,
                    _ => ExchangeStatus::Open,
                };
                self.apply(Command::SetStatus(self.status))
            }
        };
        let expected = std::mem::take(&mut self.model.events);
        assert_eq!(heard, expected, "{action:?}");
        self.compare();
    }

    fn expire(&mut self) {
        let now = self.now;
        self.model.sweep("expire", "", |entry| {
            let expires = entry.expires.filter(|time| *time <= now * 1_000)?;
            Some((expires, entry.number))
        });
    }

    /// Why the exchange as a whole takes no orders.
    fn halt(&self) -> Option<&'static str> {
        match self.status {
            ExchangeStatus::Paused => Some("EXCHANGE_PAUSED"),
            ExchangeStatus::TradingPaused => Some("TRADING_PAUSED"),
            ExchangeStatus::Open if !self.active => Some("MARKET_INACTIVE"),
            ExchangeStatus::Open => None,
        }
    }

    fn new_order(&mut self, id: &str, action: &Action) -> Vec<String> {
        let Action::New {
            member,
            buys,
            cents,
            hundredths,
            lifetime,
            post_only,
            takes_own_out,
            reuses_id,
        } = *action
        else {
            return Vec::new();
        };
        let id = match self.model.used.first() {
            Some(used) if reuses_id => used.clone(),
            _ => format!("{id}/{member}"),
        };
        // An identifier is used up for its own member alone.
        let member = owner_of(&id);
        let side = if buys { Side::Buy } else { Side::Sell };
        let quantity = Quantity::from_hundredths(hundredths);
        let mut order = NewOrder::limit(&id, "M", side, Price::from_cents(cents), quantity);
        order.post_only = post_only;
        order.time_in_force = match lifetime {
            Lifetime::Day => TimeInForce::Day,
            Lifetime::Forever => TimeInForce::GoodTillCancel,
            Lifetime::Immediate => TimeInForce::ImmediateOrCancel,
            Lifetime::AllOrNothing => TimeInForce::FillOrKill,
            Lifetime::Until(minutes) => {
                TimeInForce::GoodTillDate(Time::from_unix_seconds(self.now + minutes * 60))
            }
        };
        if takes_own_out {
            order.self_trade_prevention = SelfTradePrevention::Maker;
        }
        let heard = self.apply(Command::NewOrder(origin(member), order));
        let entry = Entry {
            id: id.clone(),
            number: self.requests,
            member,
            buys,
            cents,
            total: hundredths,
            filled: 0,
            post_only,
            takes_own_out,
            expires: match lifetime {
                Lifetime::Day => Some(end_of_day(self.now)),
                Lifetime::Until(minutes) if minutes > 0 => Some((self.now + minutes * 60) * 1_000),
                _ => None,
            },
            since: 0,
            fee: 0,
            charged: 0,
        };
        if let Some(text) = self.halt() {
            self.model.events.push(format!("reject {id} {text}"));
        } else if self.model.used.contains(&id) {
            self.model
                .events
                .push(format!("reject {id} ORDER_ALREADY_EXISTS"));
        } else if heard.contains(&format!("reject {id} INSUFFICIENT_BALANCE")) {
            self.check_refusal(member, &entry, 0);
            self.model
                .events
                .push(format!("reject {id} INSUFFICIENT_BALANCE"));
        } else {
            self.model.enter(entry, lifetime);
        }
        heard
    }

    /// Nobody is refused who could pay for all of its orders.
    fn check_refusal(&self, member: u32, entry: &Entry, released: i128) {
        let all = self.model.everything(member) - released + Model::full_cost(entry);
        let cash = self.model.cash[&member];
        assert!(
            all > cash,
            "{member} has {cash}, all of it costs {all} with {entry:?}"
        );
    }

    fn pick(&self, which: usize) -> Option<(String, u32, bool)> {
        let open = &self.model.open;
        let entry = open.get(which % open.len().max(1))?;
        Some((entry.id.clone(), entry.member, entry.buys))
    }

    fn amend(&mut self, id: &str, which: usize, cents: Option<i64>, total: Total) -> Vec<String> {
        let Some((orig, member, buys)) = self.pick(which) else {
            return Vec::new();
        };
        let id = &format!("{id}/{member}");
        let before = self
            .model
            .open
            .iter()
            .find(|entry| entry.id == orig)
            .expect("picked");
        let hundredths = match total {
            Total::To(hundredths) => hundredths,
            Total::By(change) => (before.total + change).max(1),
        };
        let amend = Amend {
            cl_ord_id: id.as_str().into(),
            target: target(&orig, buys),
            price: cents.map(Price::from_cents),
            quantity: Quantity::from_hundredths(hundredths),
        };
        let heard = self.apply(Command::Amend(origin(member), amend));
        let at = self
            .model
            .open
            .iter()
            .position(|entry| entry.id == orig)
            .expect("picked");
        let before = self.model.open[at].clone();
        let mut after = Entry {
            id: id.clone(),
            cents: cents.unwrap_or(before.cents),
            total: hundredths,
            ..before.clone()
        };
        let keeps_place = after.cents == before.cents && after.total <= before.total;
        if let Some(text) = self.halt() {
            self.model.events.push(format!("refuse {id} {text}"));
        } else if after.total < before.filled {
            self.model
                .events
                .push(format!("refuse {id} INVALID_AMEND_QTY_FOR_ORDER"));
        } else if after.total == before.filled {
            self.model.remove(&orig);
            self.model.used.insert(id.to_owned());
            self.model.end(&after);
            self.model.events.push(format!("cancel {id} Requested"));
        } else if keeps_place {
            self.model.open[at] = after;
            self.model.used.insert(id.to_owned());
            self.model.events.push(format!("replace {id}"));
        } else if heard.contains(&format!("refuse {id} INSUFFICIENT_BALANCE")) {
            self.check_refusal(member, &after, Model::full_cost(&before));
            self.model
                .events
                .push(format!("refuse {id} INSUFFICIENT_BALANCE"));
        } else {
            let mut trial = self.model.clone();
            trial.open.remove(at);
            let crosses = trial.first_opposite(after.buys, after.cents).is_some();
            if trial.trade(&mut after.clone()) {
                self.model.events.push(format!("refuse {id} SELF_CROSS_ATTEMPT"));
                return heard;
            }
            self.model.open.remove(at);
            self.model.used.insert(id.to_owned());
            if after.post_only && crosses {
                self.model.end(&after);
                self.model.events.push(format!("cancel {id} PostOnlyCross"));
                return heard;
            }
            self.model.events.push(format!("replace {id}"));
            self.model.trade(&mut after);
            if after.filled < after.total {
                self.model.rest(after);
            } else {
                self.model.end(&after);
            }
        }
        heard
    }

    fn cancel(&mut self, id: &str, which: usize) -> Vec<String> {
        // Some that have ended, too.
        let ended = self
            .model
            .ended
            .iter()
            .nth(which % 7)
            .filter(|_| which.is_multiple_of(5));
        let ended = ended.map(|orig| (orig.clone(), owner_of(orig), true));
        let is_late = ended.is_some();
        let Some((orig, member, buys)) = ended.or_else(|| self.pick(which)) else {
            return Vec::new();
        };
        let cancel = Cancel {
            cl_ord_id: id.into(),
            target: target(&orig, buys),
        };
        let heard = self.apply(Command::Cancel(origin(member), cancel));
        if is_late {
            self.model.events.push(format!("refuse {id} TOO_LATE_TO_CANCEL"));
        } else if self.status == ExchangeStatus::Paused {
            self.model.events.push(format!("refuse {id} EXCHANGE_PAUSED"));
        } else {
            self.model.remove(&orig);
            self.model.events.push(format!("cancel {orig} Requested"));
        }
        heard
    }

    /// Both have the same orders in the same places, the same money and the same contracts.
    fn compare(&self) {
        let book = self.exchange.book("M").expect("listed");
        let real: Vec<(String, i64, i64)> = book
            .orders()
            .iter()
            .filter_map(|id| self.exchange.order(*id))
            .map(|order| {
                let cents = order.price.ten_thousandths() / 100;
                (order.cl_ord_id.to_string(), cents, order.leaves().hundredths())
            })
            .collect();
        let queues = [self.model.queue(true), self.model.queue(false)].concat();
        let plain: Vec<(String, i64, i64)> = queues
            .iter()
            .map(|entry| (entry.id.clone(), entry.cents, entry.total - entry.filled))
            .collect();
        assert_eq!(real, plain, "the book");
        for member in 1..=MEMBERS {
            let account = self.exchange.account(OwnerId(member), 0).expect("it has money");
            let cash = self.model.cash[&member];
            assert_eq!(account.balance().millionths(), cash * 100, "the cash of {member}");
            assert_eq!(
                account.position("M").quantity.hundredths(),
                self.model.position[&member],
                "the position of {member}"
            );
            let worst = self.model.worst_case(member);
            assert!(worst <= cash, "{member} could owe {worst} of {cash}");
            let held = (account.balance() - account.available()).millionths() / 100;
            assert!(held >= worst, "{member}: {held} are held back for {worst}");
        }
        assert_eq!(
            self.exchange.fees().millionths(),
            self.model.fees * 100,
            "the fees"
        );
    }

    /// Pays out: what was locked up for pairs is all that there is to pay.
    fn settle(&mut self, outcome: Outcome) {
        self.exchange.apply(
            Time::from_unix_seconds(self.now),
            Command::Determine("M".into(), outcome),
        );
        self.exchange
            .apply(Time::from_unix_seconds(self.now), Command::Settle("M".into()));
        let yes = i128::from(outcome.price().ten_thousandths());
        let mut left = 0;
        for member in 1..=MEMBERS {
            let position = i128::from(self.model.position[&member]);
            // Millionths of a dollar: ten-thousandths a contract times hundredths of one.
            let worth = if position > 0 {
                yes * position
            } else {
                (10_000 - yes) * -position
            };
            let paid = worth - worth % 10_000;
            left += worth - paid;
            let account = self.exchange.account(OwnerId(member), 0).expect("it has money");
            assert_eq!(
                account.balance().millionths(),
                self.model.cash[&member] * 100 + paid
            );
            assert_eq!(account.available(), account.balance());
        }
        let fees = self.model.fees * 100 + left;
        assert_eq!(self.exchange.fees().millionths(), fees);
        let balances: Money = self
            .exchange
            .accounts()
            .map(|(_, account)| account.balance())
            .sum();
        let deposits = DEPOSIT * 1_000_000 * i128::from(MEMBERS);
        assert_eq!(balances.millionths() + fees, deposits, "money is conserved");
    }
}

fn origin(member: u32) -> Origin {
    Origin {
        session: SessionId(member),
        owner: OwnerId(member),
    }
}

/// Identifiers end with the member whose they are.
fn owner_of(id: &str) -> u32 {
    let (_, member) = id.rsplit_once('/').expect("a member's identifier");
    member.parse().expect("a member")
}

fn target(orig: &str, buys: bool) -> Target {
    Target {
        orig_cl_ord_id: orig.into(),
        order_id: None,
        symbol: "M".into(),
        side: if buys { Side::Buy } else { Side::Sell },
        subaccount: None,
        party: None,
    }
}

/// The end of a day in New York in winter, in milliseconds: five hours behind UTC.
fn end_of_day(now: i64) -> i64 {
    let local = now - 5 * 3_600;
    ((local / 86_400 + 1) * 86_400 + 5 * 3_600) * 1_000 - 1
}

/// What the exchange says, in the model's words; what is pending or only acknowledged is left out.
fn told(output: &Output) -> Option<String> {
    match output {
        Output::Order(report) => {
            let id = &report.order.cl_ord_id;
            Some(match &report.event {
                OrderEvent::Canceled(reason) => format!("cancel {id} {reason:?}"),
                OrderEvent::Expired => format!("expire {id}"),
                OrderEvent::Rejected(reason) => format!("reject {id} {}", reason.text()),
                OrderEvent::Replaced => format!("replace {id}"),
                OrderEvent::Trade(fill) => format!(
                    "{} {id} {} at {} fee {}",
                    if fill.is_aggressor { "take" } else { "make" },
                    fill.quantity.hundredths(),
                    fill.price.ten_thousandths() / 100,
                    fill.fee.millionths() / 100
                ),
                _ => return None,
            })
        }
        Output::CancelReject(reject) => Some(format!("refuse {} {}", reject.cl_ord_id, reject.reason.text())),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_exchange_does_what_the_plain_model_does(
        actions in prop::collection::vec(action(), 1..150),
        outcome in prop_oneof![
            Just(Outcome::Yes),
            Just(Outcome::No),
            (0_i64..=10_000).prop_map(|hundredths| {
                Outcome::scalar(rust_decimal::Decimal::new(hundredths, 2)).expect("a value")
            }),
        ],
    ) {
        let mut world = World::new();
        for action in &actions {
            world.act(action);
        }
        world.settle(outcome);
    }
}
