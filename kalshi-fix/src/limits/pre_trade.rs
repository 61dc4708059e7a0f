//! The limits, and what is held against them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::breach::LimitBreach;
use super::intent::{Intent, IntentKind};
use super::kill::{KillAction, KillSwitch};
use super::open::OpenOrders;
use super::unheard::{MOST_UNHEARD, Names, Place, Refused, Unheard, WithUnheard};
use crate::environment::Product;
use crate::units::{Money, Price, Quantity};

/// Limits on orders; each is off until it is set. A limit is the most that is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    order_quantity: Option<Quantity>,
    price_band: Option<PriceBand>,
    order_notional: Option<Money>,
    open_notional: Option<Money>,
    open_orders: Option<usize>,
    order_rate: Option<(usize, Duration)>,
}

/// Which prices orders may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceBand {
    /// From the one to the other, in dollars, both included.
    Between(Price, Price),
    /// At most so many dollars away from the market's reference price, which is told with
    /// [`PreTrade::set_reference`]. Without one, nothing is let through.
    AroundReference(Price),
}

impl Limits {
    /// The most contracts that an order may have, what is filled of it included.
    pub fn max_order_quantity(mut self, most: Quantity) -> Limits {
        self.order_quantity = Some(most);
        self
    }

    /// Which prices orders may have.
    pub fn price_band(mut self, band: PriceBand) -> Limits {
        self.price_band = Some(band);
        self
    }

    /// The most dollars that an order may cost: see [`Intent::notional`].
    pub fn max_order_notional(mut self, most: Money) -> Limits {
        self.order_notional = Some(most);
        self
    }

    /// The most dollars that all open orders may cost together, those included that were let through and are not known of yet
    /// ([what counts](super#what-counts-as-open)). An amendment is counted beside the order that it amends: the limit errs on
    /// the safe side.
    pub fn max_open_notional(mut self, most: Money) -> Limits {
        self.open_notional = Some(most);
        self
    }

    /// The most orders that may be open, those included that were let through and are not known of yet
    /// ([what counts](super#what-counts-as-open)).
    pub fn max_open_orders(mut self, most: usize) -> Limits {
        self.open_orders = Some(most);
        self
    }

    /// The most orders and amendments within any interval of this length; at most 100,000 are counted.
    pub fn max_order_rate(mut self, most: usize, interval: Duration) -> Limits {
        self.order_rate = Some((most.min(MOST_COUNTED), interval));
        self
    }

    fn need_fields(&self) -> bool {
        *self
            != Limits {
                order_rate: self.order_rate,
                ..Limits::default()
            }
    }

    fn is_on_what_is_open(&self) -> bool {
        self.open_notional.is_some() || self.open_orders.is_some()
    }
}

/// Holds what is to be sent against limits and against the kill switch. Pure: times are those since an origin of the
/// caller's choice, on a clock that does not run backwards.
#[derive(Clone, Debug, Default)]
pub struct PreTrade {
    limits: Limits,
    references: HashMap<String, Price>,
    /// When the last orders and amendments were let through, as many as the limit counts.
    recent: VecDeque<Duration>,
    kill: KillSwitch,
    unheard: Unheard,
    seen: Seen,
}

/// That a message was let through: for [`PreTrade::take_back`] and [`PreTrade::refused`].
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    /// When it was counted for the rate.
    counted: Option<Duration>,
    /// Its place among those that are not known of yet.
    unheard: Option<Place>,
}

impl Admitted {
    pub(super) fn place(&self) -> Option<Place> {
        self.unheard
    }
}

/// Whether whoever shares it has seen it as it is now. A copy was seen by nobody.
#[derive(Debug, Default)]
struct Seen(bool);

impl Clone for Seen {
    fn clone(&self) -> Seen {
        Seen(false)
    }
}

impl PreTrade {
    /// These limits, and a kill switch that is not tripped.
    #[must_use]
    pub fn new(limits: Limits) -> PreTrade {
        PreTrade {
            limits,
            ..PreTrade::default()
        }
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Other limits from now on. What has been counted for the rate stays counted.
    pub fn set_limits(&mut self, limits: Limits) {
        self.seen = Seen(false);
        self.limits = limits;
    }

    /// A market's reference price in dollars, such as the middle of its book; `None` forgets it.
    pub fn set_reference(&mut self, symbol: &str, price: Option<Price>) {
        self.seen = Seen(false);
        match price {
            Some(price) => {
                self.references.insert(symbol.to_owned(), price);
            }
            None => {
                self.references.remove(symbol);
            }
        }
    }

    /// The kill switch.
    #[must_use]
    pub fn kill_switch(&self) -> &KillSwitch {
        &self.kill
    }

    /// The kill switch, to trip and release it.
    pub fn kill_switch_mut(&mut self) -> &mut KillSwitch {
        self.seen = Seen(false);
        &mut self.kill
    }

    /// Whether it may have been changed since this was last asked.
    pub(super) fn take_changed(&mut self) -> bool {
        !std::mem::replace(&mut self.seen.0, true)
    }

    /// Whether anything would have to be read from a message of this kind.
    pub(crate) fn reads(&self, kind: IntentKind, somebody_tracks: bool) -> bool {
        is_order_or_amendment(kind) && (somebody_tracks || self.limits.need_fields())
    }

    /// Lets a message through, or says why not. What is let through counts for the rate from then on, and as open until `open`
    /// has heard of it: ask once for each message that is sent.
    pub fn admit<O: OpenOrders + ?Sized>(
        &mut self,
        now: Duration,
        intent: &Intent<'_>,
        open: &O,
    ) -> Result<Admitted, LimitBreach> {
        if intent.kind != IntentKind::Other
            && let Some(reason) = self.kill.reason()
        {
            return Err(LimitBreach::Killed {
                reason: reason.to_owned(),
            });
        }
        if !is_order_or_amendment(intent.kind) {
            return Ok(Admitted {
                counted: None,
                unheard: None,
            });
        }
        // Before what is open is looked at: what becomes known in between counts twice, and never not at all.
        self.unheard.update(now, open);
        self.check_quantity(intent)?;
        self.check_price(intent)?;
        self.check_notional(intent, open)?;
        self.check_count(intent, open)?;
        let counted = self.check_and_count_rate(now)?;
        let name = intent.cl_ord_id.as_deref().filter(|_| open.is_told());
        let unheard = name.map(|cl_ord_id| {
            let is_order = intent.kind == IntentKind::Order;
            let cost = most_it_can_cost(intent);
            self.unheard.add(now, cl_ord_id, is_order, cost, open)
        });
        Ok(Admitted { counted, unheard })
    }

    /// Takes a message out of all counts: it was not sent after all.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is used up: nothing is taken back twice"
    )]
    pub fn take_back(&mut self, admitted: Admitted) {
        let Admitted { counted, unheard } = admitted;
        // Which of those that were counted at the same time does not matter.
        if let Some(at) = counted
            && let Some(found) = self.recent.iter().rposition(|counted| *counted == at)
        {
            self.recent.remove(found);
        }
        if let Some(place) = unheard {
            self.unheard.remove(place);
        }
    }

    /// The venue has refused a message that was sent: it counts as open no more, and for the rate as before. Not for what the
    /// venue says that it does not know itself (`EXCHANGE_UNAVAILABLE`).
    ///
    /// By its [`ClOrdID (11)`](Names::ClOrdId) alone it is not taken out while another message under the same one is not known
    /// of: the refusal could be that one's.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is used up: nothing is refused twice"
    )]
    pub fn refused(&mut self, admitted: Admitted, names: Names) {
        if let Some(place) = admitted.unheard {
            self.refused_at(Refused { place, names });
        }
    }

    pub(super) fn refused_at(&mut self, refused: Refused) {
        self.unheard.refused(refused);
    }

    /// How many orders were let through of which `open` has not heard, and for how long they count at most.
    pub(super) fn unheard_orders<O: OpenOrders + ?Sized>(
        &mut self,
        now: Duration,
        open: &O,
    ) -> (usize, Duration) {
        self.unheard.update(now, open);
        let until = self.unheard.last_order_until().unwrap_or(now);
        (self.unheard.orders(), until.saturating_sub(now))
    }

    /// What the kill switch says to send: [`KillSwitch::poll`], where an order that was let through and is not known to `open`
    /// yet counts as one that is open.
    pub fn poll_kill_switch<O: OpenOrders + ?Sized>(&mut self, now: Duration, open: &O) -> Vec<KillAction> {
        self.unheard.update(now, open);
        let orders = self.unheard.orders();
        self.kill.poll(now, &WithUnheard { open, orders })
    }

    fn check_count<O: OpenOrders + ?Sized>(&self, intent: &Intent<'_>, open: &O) -> Result<(), LimitBreach> {
        if self.limits.is_on_what_is_open() && self.unheard.is_full() {
            return Err(LimitBreach::Unheard { bound: MOST_UNHEARD });
        }
        let Some(bound) = self.limits.open_orders else {
            return Ok(());
        };
        if intent.kind != IntentKind::Order {
            return Ok(());
        }
        let unheard = self.unheard.orders();
        let value = open.count().saturating_add(unheard).saturating_add(1);
        if value > bound {
            return Err(LimitBreach::OpenOrders {
                value,
                bound,
                unheard,
            });
        }
        Ok(())
    }

    fn check_quantity(&self, intent: &Intent<'_>) -> Result<(), LimitBreach> {
        let Some(bound) = self.limits.order_quantity else {
            return Ok(());
        };
        let value = intent.quantity.ok_or(unreadable("OrderQty (38)"))?;
        if value > bound {
            Err(LimitBreach::Quantity { value, bound })
        } else {
            Ok(())
        }
    }

    fn check_price(&self, intent: &Intent<'_>) -> Result<(), LimitBreach> {
        let Some(band) = self.limits.price_band else {
            return Ok(());
        };
        let value = match (intent.price, intent.kind) {
            (Some(price), _) => price,
            // An amendment without one leaves the price where it is.
            (None, IntentKind::Amendment) => return Ok(()),
            (None, _) => return Err(unreadable("Price (44)")),
        };
        let symbol = intent.symbol.as_deref().ok_or(unreadable("Symbol (55)"))?;
        let (lowest, highest) = match band {
            PriceBand::Between(lowest, highest) => (lowest, highest),
            PriceBand::AroundReference(distance) => {
                let reference = self.references.get(symbol).copied();
                let Some(reference) = reference else {
                    let symbol = symbol.to_owned();
                    return Err(LimitBreach::NoReference { symbol });
                };
                let ends = reference
                    .checked_sub(distance)
                    .zip(reference.checked_add(distance));
                ends.ok_or(unreadable("Price (44)"))?
            }
        };
        if value < lowest || value > highest {
            let symbol = symbol.to_owned();
            return Err(LimitBreach::Price {
                symbol,
                value,
                lowest,
                highest,
            });
        }
        Ok(())
    }

    fn check_notional<O: OpenOrders + ?Sized>(
        &self,
        intent: &Intent<'_>,
        open: &O,
    ) -> Result<(), LimitBreach> {
        if self.limits.order_notional.is_none() && self.limits.open_notional.is_none() {
            return Ok(());
        }
        let value = most_it_can_cost(intent).ok_or(unreadable("Price (44), OrderQty (38) or Side (54)"))?;
        if let Some(bound) = self.limits.order_notional
            && value > bound
        {
            return Err(LimitBreach::Notional { value, bound });
        }
        if let Some(bound) = self.limits.open_notional {
            let known = open.notional(intent.product).zip(self.unheard.cost());
            let all = known.and_then(|(open, unheard)| open.checked_add(unheard)?.checked_add(value));
            let value = all.ok_or(unreadable("what is open"))?;
            if value > bound {
                return Err(LimitBreach::OpenNotional {
                    value,
                    bound,
                    unheard: self.unheard.len(),
                });
            }
        }
        Ok(())
    }

    /// When it was counted, if there is a limit on the rate.
    fn check_and_count_rate(&mut self, now: Duration) -> Result<Option<Duration>, LimitBreach> {
        let Some((bound, interval)) = self.limits.order_rate else {
            return Ok(None);
        };
        while self.recent.len() > bound {
            self.recent.pop_front();
        }
        if bound == 0 {
            return Err(LimitBreach::Rate {
                bound,
                interval,
                until: Duration::MAX,
            });
        }
        if self.recent.len() == bound
            && let Some(first) = self.recent.front()
        {
            let until = first.saturating_add(interval);
            if now < until {
                return Err(LimitBreach::Rate {
                    bound,
                    interval,
                    until,
                });
            }
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        Ok(Some(now))
    }
}

fn is_order_or_amendment(kind: IntentKind) -> bool {
    matches!(kind, IntentKind::Order | IntentKind::Amendment)
}

/// What it can cost at most: the most that a contract can cost, where an amendment leaves the price where it is and nobody says
/// where.
fn most_it_can_cost(intent: &Intent<'_>) -> Option<Money> {
    let stays = intent.kind == IntentKind::Amendment && intent.price.is_none();
    match intent.quantity {
        Some(quantity) if stays && intent.product == Product::Prediction => {
            Price::ONE_DOLLAR.checked_mul(quantity)
        }
        _ => intent.notional(),
    }
}

fn unreadable(field: &'static str) -> LimitBreach {
    LimitBreach::Unreadable { field }
}

/// So that a limit on the rate has a bound of its own.
const MOST_COUNTED: usize = 100_000;

#[cfg(test)]
mod tests;
