//! What an incoming order would do to a book: decided first, carried out afterwards.
//!
//! A plan changes nothing, so the same function answers "could this be filled at once?" (fill-or-kill, post-only, the
//! limit on cost) and "with whom does it trade?".

use super::book::Book;
use super::order::{OrderId, SelfTradeGroup, SelfTradePrevention, Side};
use super::units::{Money, Price, Quantity};

/// An order on its way into a book.
#[derive(Clone, Debug)]
pub struct Taker {
    /// Buy or sell.
    pub side: Side,
    /// The limit.
    pub limit: Price,
    /// How much it wants.
    pub quantity: Quantity,
    /// Whose orders it must not trade with.
    pub group: SelfTradeGroup,
    /// What happens when it meets one of them.
    pub self_trade_prevention: SelfTradePrevention,
}

/// One thing that happens to a resting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It trades, at its own price.
    Trade {
        /// The resting order.
        maker: OrderId,
        /// The resting order's price.
        price: Price,
        /// How much.
        quantity: Quantity,
    },
    /// It is cancelled, since the incoming order is the same member's and prefers that.
    CancelMaker {
        /// The resting order.
        maker: OrderId,
    },
}

/// Everything that an incoming order does on arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// How much of the incoming order is filled.
    pub filled: Quantity,
    /// The incoming order met one of its own member's and goes no further.
    pub stopped_at_own_order: bool,
}

impl Plan {
    /// Decides what `taker` does to `book`.
    #[must_use]
    pub fn new(book: &Book, taker: &Taker) -> Plan {
        let mut plan = Plan::default();
        for (price, resting) in book.opposite_orders(taker.side, taker.limit) {
            let wanted = taker.quantity - plan.filled;
            if !wanted.is_positive() {
                break;
            }
            if resting.group == taker.group {
                match taker.self_trade_prevention {
                    SelfTradePrevention::Maker => {
                        plan.steps.push(Step::CancelMaker { maker: resting.order });
                        continue;
                    }
                    SelfTradePrevention::TakerAtCross | SelfTradePrevention::Unknown => {
                        plan.stopped_at_own_order = true;
                        break;
                    }
                }
            }
            let quantity = wanted.min(resting.leaves);
            plan.steps.push(Step::Trade {
                maker: resting.order,
                price,
                quantity,
            });
            plan.filled += quantity;
        }
        plan
    }

    /// What the trades cost a buyer, or cost a seller of a fully collateralised contract, before fees.
    #[must_use]
    pub fn cost(&self, side: Side) -> Money {
        self.steps
            .iter()
            .map(|step| match (*step, side) {
                (Step::Trade { price, quantity, .. }, Side::Buy) => price.times(quantity),
                (Step::Trade { price, quantity, .. }, Side::Sell) => price.complement().times(quantity),
                (Step::CancelMaker { .. }, _) => Money::ZERO,
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::book::Resting;
    use super::super::order::OwnerId;
    use super::*;

    fn group(owner: u32) -> SelfTradeGroup {
        SelfTradeGroup {
            owner: OwnerId(owner),
            party: None,
        }
    }

    /// Offers of `(cents, owner, contracts)`, numbered from 1.
    fn offers(orders: &[(i64, u32, i64)]) -> Book {
        let mut book = Book::new();
        for (number, &(cents, owner, contracts)) in (1..).zip(orders) {
            let leaves = Quantity::from_contracts(contracts);
            let resting = Resting {
                order: OrderId(number),
                group: group(owner),
                leaves,
            };
            book.insert(Side::Sell, Price::from_cents(cents), resting);
        }
        book
    }

    #[track_caller]
    fn check(
        prevention: SelfTradePrevention,
        limit: i64,
        contracts: i64,
        trades: &[(u64, i64)],
        stopped: bool,
    ) {
        let book = offers(&[(60, 1, 5), (61, 9, 5), (62, 2, 5)]);
        let taker = Taker {
            side: Side::Buy,
            limit: Price::from_cents(limit),
            quantity: Quantity::from_contracts(contracts),
            group: group(9),
            self_trade_prevention: prevention,
        };
        let plan = Plan::new(&book, &taker);
        let found: Vec<_> = plan
            .steps
            .iter()
            .map(|step| match step {
                Step::Trade { maker, quantity, .. } => (maker.0, quantity.hundredths() / 100),
                Step::CancelMaker { maker } => (maker.0, 0),
            })
            .collect();
        assert_eq!((found.as_slice(), plan.stopped_at_own_order), (trades, stopped));
    }

    #[test]
    fn an_order_trades_up_to_its_limit_and_meets_its_own_as_asked() {
        check(SelfTradePrevention::TakerAtCross, 59, 3, &[], false);
        check(SelfTradePrevention::TakerAtCross, 60, 3, &[(1, 3)], false);
        check(SelfTradePrevention::TakerAtCross, 60, 30, &[(1, 5)], false);
        check(SelfTradePrevention::TakerAtCross, 62, 30, &[(1, 5)], true);
        check(SelfTradePrevention::TakerAtCross, 62, 5, &[(1, 5)], false);
        check(
            SelfTradePrevention::Maker,
            62,
            7,
            &[(1, 5), (2, 0), (3, 2)],
            false,
        );
    }
}
