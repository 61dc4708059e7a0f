//! The limits, and what is held against them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::breach::LimitBreach;
use super::intent::{Intent, IntentKind};
use super::kill::KillSwitch;
use super::open::OpenOrders;
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

    /// The most dollars that all open orders may cost together. An amendment is counted beside the order that it amends:
    /// the limit errs on the safe side.
    pub fn max_open_notional(mut self, most: Money) -> Limits {
        self.open_notional = Some(most);
        self
    }

    /// The most orders that may be open.
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
                open_orders: self.open_orders,
                ..Limits::default()
            }
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
    seen: Seen,
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
    pub(crate) fn reads(&self, kind: IntentKind) -> bool {
        matches!(kind, IntentKind::Order | IntentKind::Amendment) && self.limits.need_fields()
    }

    /// Lets a message through, or says why not. What is let through counts for the rate from then on: ask once for each
    /// message that is sent.
    pub fn admit<O: OpenOrders + ?Sized>(
        &mut self,
        now: Duration,
        intent: &Intent<'_>,
        open: &O,
    ) -> Result<(), LimitBreach> {
        if intent.kind != IntentKind::Other
            && let Some(reason) = self.kill.reason()
        {
            return Err(LimitBreach::Killed {
                reason: reason.to_owned(),
            });
        }
        if !matches!(intent.kind, IntentKind::Order | IntentKind::Amendment) {
            return Ok(());
        }
        self.check_quantity(intent)?;
        self.check_price(intent)?;
        self.check_notional(intent, open)?;
        if intent.kind == IntentKind::Order
            && let Some(bound) = self.limits.open_orders
        {
            let value = open.count().saturating_add(1);
            if value > bound {
                return Err(LimitBreach::OpenOrders { value, bound });
            }
        }
        self.check_and_count_rate(now)
    }

    /// Takes the last message that was let through at this time out of the count: it was not sent after all.
    pub fn take_back(&mut self, at: Duration) {
        if let Some(found) = self.recent.iter().rposition(|counted| *counted == at) {
            self.recent.remove(found);
        }
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
        // The most that a contract can cost, where an amendment leaves the price where it is and nobody says where.
        let stays = intent.kind == IntentKind::Amendment && intent.price.is_none();
        let value = match (intent.notional(), intent.quantity) {
            (Some(value), _) => value,
            (None, Some(quantity)) if stays && intent.product == Product::Prediction => Price::ONE_DOLLAR
                .checked_mul(quantity)
                .ok_or(unreadable("OrderQty (38)"))?,
            _ => return Err(unreadable("Price (44), OrderQty (38) or Side (54)")),
        };
        if let Some(bound) = self.limits.order_notional
            && value > bound
        {
            return Err(LimitBreach::Notional { value, bound });
        }
        if let Some(bound) = self.limits.open_notional {
            let all = open
                .notional(intent.product)
                .and_then(|open| open.checked_add(value));
            let value = all.ok_or(unreadable("what is open"))?;
            if value > bound {
                return Err(LimitBreach::OpenNotional { value, bound });
            }
        }
        Ok(())
    }

    fn check_and_count_rate(&mut self, now: Duration) -> Result<(), LimitBreach> {
        let Some((bound, interval)) = self.limits.order_rate else {
            return Ok(());
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
        Ok(())
    }
}

fn unreadable(field: &'static str) -> LimitBreach {
    LimitBreach::Unreadable { field }
}

/// So that a limit on the rate has a bound of its own.
const MOST_COUNTED: usize = 100_000;

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::limits::{NothingOpen, OpenOrder};
    use crate::orders::Side;
    use crate::units::{PriceUnit, PriceUnits};

    fn price(text: &str) -> Price {
        text.parse().expect("a price")
    }

    fn order(side: Side, quantity: i64, dollars: &str) -> Intent<'static> {
        Intent::order(
            Product::Prediction,
            "M",
            side,
            Quantity::from_whole(quantity),
            price(dollars),
        )
    }

    fn two_open() -> Vec<OpenOrder<'static>> {
        let ten = Quantity::from_whole(10);
        vec![
            OpenOrder::new("1", "M", Side::Buy, ten, price("0.40")),
            OpenOrder::new("2", "M", Side::Sell, ten, price("0.40")),
        ]
    }

    /// An order of 10 at 57 cents, and one that is just too much.
    #[track_caller]
    fn check(limits: Limits, too_much: &Intent<'_>, expected: &str) {
        let mut pre_trade = PreTrade::new(limits);
        pre_trade.set_reference("M", Some(price("0.55")));
        assert_eq!(
            pre_trade.admit(Duration::ZERO, &order(Side::Buy, 10, "0.57"), &two_open()),
            Ok(())
        );
        let breach = pre_trade
            .admit(Duration::ZERO, too_much, &two_open())
            .expect_err(expected);
        assert_eq!(breach.to_string(), expected);
    }

    #[test]
    fn each_limit_names_itself_the_value_and_the_bound() {
        let limits = Limits::default;
        let dollars = |text: &str| text.parse::<Money>().unwrap();
        check(
            limits().max_order_quantity(Quantity::from_whole(10)),
            &order(Side::Buy, 11, "0.57"),
            "the limit on an order's quantity: 11 contracts, at most 10 are allowed",
        );
        check(
            limits().price_band(PriceBand::Between(price("0.10"), price("0.57"))),
            &order(Side::Buy, 1, "0.58"),
            "the price band of M: 0.58 dollars, 0.10 to 0.57 is allowed",
        );
        check(
            limits().price_band(PriceBand::AroundReference(price("0.02"))),
            &order(Side::Buy, 1, "0.52"),
            "the price band of M: 0.52 dollars, 0.53 to 0.57 is allowed",
        );
        check(
            limits().max_order_notional(dollars("5.70")),
            &order(Side::Sell, 10, "0.42"),
            "the limit on what an order may cost: 5.80 dollars, at most 5.70 are allowed",
        );
        // Open: 4 dollars for the bid, 6 for the offer.
        check(
            limits().max_open_notional(dollars("15.70")),
            &order(Side::Buy, 10, "0.58"),
            "the limit on what open orders may cost: 15.80 dollars with this one, at most 15.70 are allowed",
        );
        check(
            limits().max_order_rate(1, Duration::from_secs(1)),
            &order(Side::Buy, 1, "0.57"),
            "the limit on the rate of orders: this would be number 2 within 1s, at most 1 are allowed",
        );
    }

    #[test]
    fn open_orders_are_counted_with_the_new_one() {
        let mut pre_trade = PreTrade::new(Limits::default().max_open_orders(2));
        let breach = pre_trade
            .admit(Duration::ZERO, &order(Side::Buy, 1, "0.5"), &two_open())
            .unwrap_err();
        assert_eq!(
            breach.to_string(),
            "the limit on open orders: 3 with this one, at most 2 are allowed"
        );
        // What is behind a lock counts alike.
        let shared = Mutex::new(two_open());
        let again = pre_trade.admit(Duration::ZERO, &order(Side::Buy, 1, "0.5"), &shared);
        assert_eq!(again.unwrap_err(), breach);
        // An amendment opens none.
        let amendment = Intent {
            kind: IntentKind::Amendment,
            ..order(Side::Buy, 1, "0.5")
        };
        assert_eq!(pre_trade.admit(Duration::ZERO, &amendment, &two_open()), Ok(()));
    }

    #[test]
    fn what_is_off_lets_everything_through() {
        let mut pre_trade = PreTrade::default();
        let huge = order(Side::Buy, i64::MAX, "0.99");
        assert_eq!(pre_trade.admit(Duration::ZERO, &huge, &NothingOpen), Ok(()));
        for kind in [
            IntentKind::Order,
            IntentKind::Amendment,
            IntentKind::Quote,
            IntentKind::Other,
        ] {
            let unknown = Intent::of_kind(Product::Margin, kind);
            assert_eq!(pre_trade.admit(Duration::ZERO, &unknown, &NothingOpen), Ok(()));
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_let_through() {
        let all = Limits::default()
            .max_order_quantity(Quantity::from_whole(1))
            .price_band(PriceBand::Between(Price::ZERO, Price::ONE_DOLLAR))
            .max_order_notional(Money::ZERO);
        let check = |missing: Intent<'_>, field: &str| {
            let breach = PreTrade::new(all.clone())
                .admit(Duration::ZERO, &missing, &NothingOpen)
                .unwrap_err();
            let LimitBreach::Unreadable { field: found } = breach else {
                panic!("{breach}")
            };
            assert_eq!(found, field);
        };
        check(
            Intent {
                quantity: None,
                ..order(Side::Buy, 1, "0.5")
            },
            "OrderQty (38)",
        );
        check(
            Intent {
                price: None,
                ..order(Side::Buy, 1, "0.5")
            },
            "Price (44)",
        );
        check(
            Intent {
                symbol: None,
                ..order(Side::Buy, 1, "0.5")
            },
            "Symbol (55)",
        );
        check(
            Intent {
                side: None,
                ..order(Side::Buy, 1, "0.5")
            },
            "Price (44), OrderQty (38) or Side (54)",
        );
        let no_reference = Limits::default().price_band(PriceBand::AroundReference(price("0.1")));
        let breach =
            PreTrade::new(no_reference).admit(Duration::ZERO, &order(Side::Buy, 1, "0.5"), &NothingOpen);
        assert_eq!(
            breach,
            Err(LimitBreach::NoReference {
                symbol: "M".to_owned()
            })
        );
    }

    #[test]
    fn an_amendment_that_leaves_the_price_is_reckoned_at_the_most_it_can_be() {
        let mut pre_trade = PreTrade::new(Limits::default().max_order_notional("9".parse().unwrap()));
        let amendment = |quantity| Intent {
            kind: IntentKind::Amendment,
            price: None,
            ..order(Side::Buy, quantity, "0.5")
        };
        assert_eq!(
            pre_trade.admit(Duration::ZERO, &amendment(9), &NothingOpen),
            Ok(())
        );
        let breach = pre_trade.admit(Duration::ZERO, &amendment(10), &NothingOpen);
        assert!(matches!(breach, Err(LimitBreach::Notional { .. })), "{breach:?}");
    }

    #[test]
    fn the_rate_is_that_of_any_interval() {
        let second = Duration::from_secs(1);
        let mut pre_trade = PreTrade::new(Limits::default().max_order_rate(2, second));
        let mut admit = |millis: u64| {
            let at = Duration::from_millis(millis);
            pre_trade
                .admit(at, &order(Side::Buy, 1, "0.5"), &NothingOpen)
                .is_ok()
        };
        assert!(admit(0) && admit(900));
        assert!(!admit(999));
        assert!(admit(1_000));
        assert!(!admit(1_899));
        assert!(admit(1_900));
        let at = Duration::from_millis(1_900);
        pre_trade.take_back(at);
        assert_eq!(
            pre_trade.admit(at, &order(Side::Buy, 1, "0.5"), &NothingOpen),
            Ok(())
        );
    }

    #[test]
    fn messages_are_read_in_the_unit_of_their_session() {
        let frame = b"8=FIXT.1.1\x0135=D\x0111=1\x0138=10.50\x0140=2\x0144=57\x0154=2\x0155=M\x01";
        let units = PriceUnits::new(Product::Prediction, PriceUnit::Cents);
        let intent = Intent::of_frame(units, b"D", frame);
        let quantity = "10.5".parse().unwrap();
        assert_eq!(
            intent,
            Intent::order(Product::Prediction, "M", Side::Sell, quantity, price("0.57"))
        );
        assert_eq!(
            intent.notional().map(|cost| cost.to_string()).as_deref(),
            Some("4.5150")
        );
        let malformed = Intent::of_frame(units, b"D", b"38=x\x0144=\x0154=3\x0155=\xff\x01");
        assert_eq!(malformed, Intent::of_kind(Product::Prediction, IntentKind::Order));
    }
}
