//! The plain exchange itself.

use std::collections::{BTreeMap, BTreeSet};

use super::script::Lifetime;

/// An order as the model knows it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    /// The count of requests when it was entered.
    pub(super) number: u64,
    pub(super) member: u32,
    pub(super) buys: bool,
    pub(super) cents: i64,
    pub(super) total: i64,
    pub(super) filled: i64,
    pub(super) post_only: bool,
    pub(super) takes_own_out: bool,
    pub(super) expires: Option<i64>,
    /// Its place in the queue.
    pub(super) since: u64,
    /// The exact fees so far in millionths of a cent, and what was charged of them in ten-thousandths of a dollar.
    pub(super) fee: i128,
    pub(super) charged: i128,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) open: Vec<Entry>,
    pub(super) ended: BTreeSet<String>,
    pub(super) used: BTreeSet<String>,
    /// Ten-thousandths of a dollar, by member.
    pub(super) cash: BTreeMap<u32, i128>,
    /// Hundredths of a contract, by member.
    pub(super) position: BTreeMap<u32, i64>,
    /// Ten-thousandths of a dollar.
    pub(super) fees: i128,
    pub(super) clock: u64,
    pub(super) events: Vec<String>,
}

impl Model {
    /// The order that an incoming one meets first.
    pub(super) fn first_opposite(&self, buys: bool, cents: i64) -> Option<usize> {
        let crosses = |entry: &Entry| {
            entry.buys != buys
                && if buys {
                    entry.cents <= cents
                } else {
                    entry.cents >= cents
                }
        };
        (0..self.open.len())
            .filter(|at| crosses(&self.open[*at]))
            .min_by_key(|at| {
                let entry = &self.open[*at];
                (if buys { entry.cents } else { -entry.cents }, entry.since)
            })
    }

    /// Lets an order trade; whether it stopped at one of the same member.
    pub(super) fn trade(&mut self, entry: &mut Entry) -> bool {
        while entry.filled < entry.total
            && let Some(at) = self.first_opposite(entry.buys, entry.cents)
        {
            if self.open[at].member == entry.member {
                if !entry.takes_own_out {
                    return true;
                }
                let own = self.open.remove(at);
                self.end(&own);
                self.events.push(format!("cancel {} SelfTradeMaker", own.id));
                continue;
            }
            let mut maker = self.open.remove(at);
            let quantity = (entry.total - entry.filled).min(maker.total - maker.filled);
            let cents = maker.cents;
            let fee = self.fill(entry, cents, quantity, true);
            self.events
                .push(format!("take {} {quantity} at {cents} fee {fee}", entry.id));
            let fee = self.fill(&mut maker, cents, quantity, false);
            self.events
                .push(format!("make {} {quantity} at {cents} fee {fee}", maker.id));
            if maker.filled < maker.total {
                self.open.push(maker);
            } else {
                self.end(&maker);
            }
        }
        false
    }

    /// One side of a trade: cash, position, fee. A pair of opposite contracts is worth a dollar, which comes back.
    pub(super) fn fill(&mut self, entry: &mut Entry, cents: i64, quantity: i64, takes: bool) -> i128 {
        let position = self.position.entry(entry.member).or_default();
        let shorts = |position: i64| i128::from((-position).max(0));
        let before = shorts(*position);
        *position += if entry.buys { quantity } else { -quantity };
        let locked = (shorts(*position) - before) * 100;
        let price = i128::from(cents * quantity);
        let change = if entry.buys { -price } else { price } - locked;
        entry.filled += quantity;
        if takes {
            entry.fee += 7 * i128::from(cents * (100 - cents)) * i128::from(quantity);
        }
        let mut fee = (entry.fee + 999_999) / 1_000_000 * 100 - entry.charged;
        if change >= 0 {
            // A fill that pays out never costs more than that; the rest of its fee is due with the next fill.
            fee = fee.min(change);
        }
        entry.charged += fee;
        *self.cash.entry(entry.member).or_default() += change - fee;
        self.fees += fee;
        fee
    }

    pub(super) fn end(&mut self, entry: &Entry) {
        self.ended.insert(entry.id.clone());
    }

    /// A new order on its way into the book.
    pub(super) fn enter(&mut self, mut entry: Entry, lifetime: Lifetime) {
        self.used.insert(entry.id.clone());
        let kill = |model: &mut Model, entry: &Entry, reason: &str| {
            model.end(entry);
            model.events.push(format!("cancel {} {reason}", entry.id));
        };
        if entry.post_only && self.first_opposite(entry.buys, entry.cents).is_some() {
            return kill(self, &entry, "PostOnlyCross");
        }
        if lifetime == Lifetime::AllOrNothing {
            let (mut trial, mut copy) = (self.clone(), entry.clone());
            let stopped = trial.trade(&mut copy);
            if copy.filled < copy.total {
                let reason = if stopped {
                    "SelfTradeTaker"
                } else {
                    "FillOrKillVolume"
                };
                return kill(self, &entry, reason);
            }
        }
        let stopped = self.trade(&mut entry);
        let immediate = matches!(lifetime, Lifetime::Immediate | Lifetime::Until(0));
        if entry.filled == entry.total {
            self.end(&entry);
        } else if stopped {
            kill(self, &entry, "SelfTradeTaker");
        } else if immediate {
            kill(self, &entry, "ImmediateOrCancelled");
        } else {
            self.rest(entry);
        }
    }

    pub(super) fn rest(&mut self, mut entry: Entry) {
        self.clock += 1;
        entry.since = self.clock;
        self.open.push(entry);
    }

    /// The orders of a side as they would trade.
    pub(super) fn queue(&self, buys: bool) -> Vec<&Entry> {
        let mut queue: Vec<&Entry> = self.open.iter().filter(|entry| entry.buys == buys).collect();
        queue.sort_by_key(|entry| (if buys { -entry.cents } else { entry.cents }, entry.since));
        queue
    }

    pub(super) fn remove(&mut self, id: &str) -> Entry {
        let at = self
            .open
            .iter()
            .position(|entry| entry.id == id)
            .expect("it is open");
        let entry = self.open.remove(at);
        self.end(&entry);
        entry
    }

    /// Ends all orders for which `doomed` gives a key, in the order of the keys.
    pub(super) fn sweep<K: Ord>(&mut self, event: &str, reason: &str, doomed: impl Fn(&Entry) -> Option<K>) {
        let mut keyed: Vec<(K, String)> = self
            .open
            .iter()
            .filter_map(|entry| Some((doomed(entry)?, entry.id.clone())))
            .collect();
        keyed.sort();
        for (_, id) in keyed {
            self.remove(&id);
            self.events.push(format!("{event} {id}{reason}"));
        }
    }

    /// What a member could be charged at worst, whichever of its orders are filled: by trying all cases that can be the
    /// worst, since what is locked up for shorts is convex in what is sold.
    pub(super) fn worst_case(&self, member: u32) -> i128 {
        let own: Vec<&Entry> = self.open.iter().filter(|entry| entry.member == member).collect();
        let position = self.position.get(&member).copied().unwrap_or(0);
        let shorts = |position: i64| i128::from((-position).max(0)) * 100;
        let side = |buys: bool| -> (i128, i64) {
            let orders = own.iter().filter(|entry| entry.buys == buys);
            orders.fold((0, 0), |(cost, quantity), entry| {
                let left = entry.total - entry.filled;
                let price = i128::from(entry.cents * left);
                (
                    cost + if buys { price } else { -price },
                    quantity + if buys { left } else { -left },
                )
            })
        };
        let (buys, sells) = (side(true), side(false));
        let charge = |cost: i128, moved: i64| cost + shorts(position + moved) - shorts(position);
        let cases = [
            charge(buys.0, buys.1),
            charge(sells.0, sells.1),
            charge(buys.0 + sells.0, buys.1 + sells.1),
        ];
        cases.into_iter().max().unwrap_or(0).max(0)
    }

    /// What all of a member's orders cost, none of them closing anything, with the highest fee there is.
    pub(super) fn everything(&self, member: u32) -> i128 {
        let own = self.open.iter().filter(|entry| entry.member == member);
        own.map(Model::full_cost).sum()
    }

    pub(super) fn full_cost(entry: &Entry) -> i128 {
        let left = i128::from(entry.total - entry.filled);
        let price = if entry.buys {
            entry.cents
        } else {
            100 - entry.cents
        };
        // 7 % of 0.25 is 1.75 cents a contract; two cents for rounding.
        i128::from(price) * left + left * 175 / 100 + 200
    }
}
