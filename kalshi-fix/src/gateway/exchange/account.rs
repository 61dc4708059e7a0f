//! Money and positions: what trades move, and what open orders hold back.
//!
//! # Prediction
//!
//! A position is fully paid. Buying YES at `p` costs `p`; selling YES (which is buying NO) costs `1 - p`; a trade that
//! closes part of a position instead returns what that part sells for (a YES contract `p`, a NO contract `1 - p`).
//!
//! Open orders hold back what they could cost at worst, fees included. In one market that is the dearer of two cases, all
//! buys filled or all sells filled, and the fees of the other side: filling both sides pairs contracts off, which always
//! returns the money, but not the fees. The part of a side that would close the position costs nothing. From this follows what the tests state: the free balance
//! of an account is never negative, whichever of its orders fill, in whichever order.
//!
//! # Margin
//!
//! A position is opened without payment; closing part of it settles the profit or loss against the average price of
//! the position. Open orders and positions hold back the *initial margin*: a rate (10 % unless the exchange is built with
//! another) of the larger of two notionals, position and buys or position and sells, each net of what closes. Balances
//! are not marked to market, there is no liquidation, no funding payment, and a balance can become negative by losses.

use std::collections::BTreeMap;

use super::market::Symbol;
use super::order::Side;
use super::units::{Money, Price, Quantity};
use crate::environment::Product;

/// One subaccount of a member.
#[derive(Clone, Debug, Default)]
pub struct Account {
    balance: Money,
    held: Money,
    holdings: BTreeMap<Symbol, Holding>,
}

/// What an account has in one market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Contracts: positive when long (YES), negative when short (NO).
    pub quantity: Quantity,
    /// Margin only: what the position was opened at, price times quantity; negative when short.
    pub basis: Money,
}

/// What a fill did to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What was paid out or (negative) paid, before the fee.
    pub balance_change: Money,
    /// The fee.
    pub fee: Money,
    /// The position afterwards.
    pub position: Quantity,
}

/// What the settlement of a market pays for a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payout {
    /// The position that is no more.
    pub(super) position: Quantity,
    /// What is paid, in whole cents.
    pub(super) amount: Money,
    /// The part of a cent that is not.
    pub(super) fee: Money,
}

/// What one open order contributes to what its account holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Buy or sell.
    pub side: Side,
    /// The limit.
    pub price: Price,
    /// What is open.
    pub leaves: Quantity,
    /// The most that its fees may still come to.
    pub fee: Money,
}

/// How a product is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The product.
    pub product: Product,
    /// The initial margin in millionths of the notional; of no meaning for prediction.
    pub initial_margin: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Holding {
    position: Position,
    buys: OpenSide,
    sells: OpenSide,
}

/// The open orders of one side.
#[derive(Clone, Copy, Debug, Default)]
struct OpenSide {
    quantity: Quantity,
    notional: Money,
    fees: Money,
}

impl Account {
    /// What the account has, held back or not, in dollars.
    #[must_use]
    pub fn balance(&self) -> Money {
        self.balance
    }

    /// What is not held back by open orders (and margin positions).
    #[must_use]
    pub fn available(&self) -> Money {
        self.balance - self.held
    }

    /// The position in a market.
    #[must_use]
    pub fn position(&self, symbol: &str) -> Position {
        self.holdings
            .get(symbol)
            .map(|holding| holding.position)
            .unwrap_or_default()
    }

    /// All positions that are not flat.
    pub fn positions(&self) -> impl Iterator<Item = (&Symbol, Position)> {
        self.holdings
            .iter()
            .map(|(symbol, holding)| (symbol, holding.position))
            .filter(|(_, position)| position.quantity != Quantity::ZERO)
    }

    /// What is open on a side of a market.
    #[must_use]
    pub fn open_quantity(&self, symbol: &str, side: Side) -> Quantity {
        let holding = self.holdings.get(symbol);
        holding.map_or(Quantity::ZERO, |holding| match side {
            Side::Buy => holding.buys.quantity,
            Side::Sell => holding.sells.quantity,
        })
    }

    /// Pays money in, or out where it is negative.
    pub fn deposit(&mut self, amount: Money) {
        self.balance += amount;
    }

    /// Whether one more open order is covered. On margin an order that needs no more margin than before always is, so
    /// that a losing position can be closed.
    #[must_use]
    pub fn covers(&self, terms: Terms, symbol: &Symbol, order: Exposure) -> bool {
        let holding = self.holdings.get(symbol).copied().unwrap_or_default();
        let before = holding.held(terms);
        let mut after = holding;
        after.side_mut(order.side).add(order);
        let more = after.held(terms) - before;
        more <= Money::ZERO || more <= self.available()
    }

    /// Holds back what an open order may cost.
    pub fn open(&mut self, terms: Terms, symbol: &Symbol, order: Exposure) {
        self.change(terms, symbol, |holding| holding.side_mut(order.side).add(order));
    }

    /// Releases what an open order held back; `order` is as it was when it was [opened](Account::open).
    pub fn close(&mut self, terms: Terms, symbol: &Symbol, order: Exposure) {
        self.change(terms, symbol, |holding| {
            holding.side_mut(order.side).subtract(order);
        });
    }

    /// Settles a fill at `price`. A fill that pays out never costs more than it pays out: a fee that would is cut to it,
    /// and the rest is charged with the order's next fill.
    pub fn settle(
        &mut self,
        terms: Terms,
        symbol: &Symbol,
        side: Side,
        price: Price,
        quantity: Quantity,
        fee: Money,
    ) -> Settlement {
        let balance_change = self.change(terms, symbol, |holding| match terms.product {
            Product::Prediction => holding.position.pay_in_full(side, price, quantity),
            Product::Margin => holding.position.trade_on_margin(side, price, quantity),
        });
        let fee = match terms.product {
            Product::Prediction if balance_change >= Money::ZERO => fee.min(balance_change),
            _ => fee,
        };
        self.balance += balance_change - fee;
        Settlement {
            balance_change,
            fee,
            position: self.position(symbol).quantity,
        }
    }

    /// Pays a prediction position out, and forgets the market; `None` where there was no position.
    pub(super) fn pay_out(&mut self, terms: Terms, symbol: &str, price: Price) -> Option<Payout> {
        let holding = self.holdings.remove(symbol)?;
        self.held -= holding.held(terms);
        let position = holding.position.quantity;
        if position == Quantity::ZERO {
            return None;
        }
        let exact = if position.is_positive() {
            price.times(position)
        } else {
            price.complement().times(-position)
        };
        let amount = Money::from_millionths(exact.millionths() / CENT * CENT);
        self.balance += amount;
        Some(Payout {
            position,
            amount,
            fee: exact - amount,
        })
    }

    fn change<T>(&mut self, terms: Terms, symbol: &Symbol, change: impl FnOnce(&mut Holding) -> T) -> T {
        let holding = self.holdings.entry(Symbol::clone(symbol)).or_default();
        let before = holding.held(terms);
        let result = change(holding);
        self.held += holding.held(terms) - before;
        result
    }
}

impl Position {
    /// Moves a fully paid position, and says what that pays out or costs.
    fn pay_in_full(&mut self, side: Side, price: Price, quantity: Quantity) -> Money {
        let change = match side {
            Side::Buy => {
                let closed = quantity.min((-self.quantity).or_zero());
                self.quantity += quantity;
                Money::dollar_each(closed) - price.times(quantity)
            }
            Side::Sell => {
                let closed = quantity.min(self.quantity.or_zero());
                self.quantity -= quantity;
                price.times(quantity) - Money::dollar_each(quantity - closed)
            }
        };
        debug_assert_eq!(self.basis, Money::ZERO, "a paid position has no basis");
        change
    }

    /// Moves a position on margin, and says what profit or loss that settles.
    fn trade_on_margin(&mut self, side: Side, price: Price, quantity: Quantity) -> Money {
        let signed = match side {
            Side::Buy => quantity,
            Side::Sell => -quantity,
        };
        let opposite = (self.quantity.hundredths() < 0) != (signed.hundredths() < 0);
        let closed = if opposite {
            quantity.min(self.quantity.abs())
        } else {
            Quantity::ZERO
        };
        let opened = quantity - closed;
        let released = self.basis.share(closed, self.quantity.abs());
        self.quantity += signed;
        self.basis -= released;
        let sign = |amount: Money| if side == Side::Buy { amount } else { -amount };
        self.basis += sign(price.times(opened));
        // Closing a long (positive basis) by selling: proceeds less basis. Closing a short: what it was sold at less cost.
        -sign(price.times(closed)) - released
    }
}

impl Holding {
    fn side_mut(&mut self, side: Side) -> &mut OpenSide {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }

    fn held(&self, terms: Terms) -> Money {
        match terms.product {
            Product::Prediction => {
                let (buys, sells) = (self.cost_of_buys(), self.cost_of_sells());
                // What fills of the cheaper side cost comes back when they pair off, all but their fees.
                let fees = if buys < sells {
                    self.buys.fees
                } else {
                    self.sells.fees
                };
                buys.max(sells) + fees.min(buys.min(sells))
            }
            Product::Margin => {
                let notional = self
                    .notional_after(self.buys, Side::Buy)
                    .max(self.notional_after(self.sells, Side::Sell));
                let margin = notional.millionths() * i128::from(terms.initial_margin) / 1_000_000;
                Money::from_millionths(margin) + self.buys.fees + self.sells.fees
            }
        }
    }

    /// What it costs at worst if all buys fill; nothing where they only close a short position.
    fn cost_of_buys(&self) -> Money {
        let short = (-self.position.quantity).or_zero();
        if self.buys.quantity <= short {
            return Money::ZERO;
        }
        (self.buys.notional + self.buys.fees - Money::dollar_each(short)).or_zero()
    }

    /// What it costs at worst if all sells fill; nothing where they only close a long position.
    fn cost_of_sells(&self) -> Money {
        let long = self.position.quantity.or_zero();
        if self.sells.quantity <= long {
            return Money::ZERO;
        }
        let opened = Money::dollar_each(self.sells.quantity - long);
        (opened - self.sells.notional + self.sells.fees).or_zero()
    }

    /// The notional of the position if all of a side's orders fill; the position's own where they reduce it.
    fn notional_after(&self, open: OpenSide, side: Side) -> Money {
        let basis = self.position.basis.abs();
        let towards = match side {
            Side::Buy => self.position.quantity,
            Side::Sell => -self.position.quantity,
        };
        if towards >= Quantity::ZERO {
            return basis + open.notional;
        }
        let beyond = (open.quantity - towards.abs()).or_zero();
        basis.max(open.notional.share(beyond, open.quantity))
    }
}

impl OpenSide {
    fn add(&mut self, order: Exposure) {
        self.quantity += order.leaves;
        self.notional += order.price.times(order.leaves);
        self.fees += order.fee;
    }

    fn subtract(&mut self, order: Exposure) {
        self.quantity -= order.leaves;
        self.notional -= order.price.times(order.leaves);
        self.fees -= order.fee;
    }
}

/// In millionths of a dollar.
const CENT: i128 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    const PREDICTION: Terms = Terms {
        product: Product::Prediction,
        initial_margin: 0,
    };
    const MARGIN: Terms = Terms {
        product: Product::Margin,
        initial_margin: 100_000,
    };

    fn exposure(side: Side, cents: i64, contracts: i64) -> Exposure {
        let leaves = Quantity::from_contracts(contracts);
        Exposure {
            side,
            price: Price::from_cents(cents),
            leaves,
            fee: Money::ZERO,
        }
    }

    fn cents(amount: Money) -> i128 {
        amount.millionths() / 10_000
    }

    /// Fills one after the other, each with the change of the balance in cents that it is to bring.
    #[track_caller]
    fn check_fills(terms: Terms, fills: &[(Side, i64, i64, i128)]) {
        let symbol: Symbol = "M".into();
        let mut account = Account::default();
        for &(side, price, contracts, expected) in fills {
            let quantity = Quantity::from_contracts(contracts);
            let settled = account.settle(
                terms,
                &symbol,
                side,
                Price::from_cents(price),
                quantity,
                Money::ZERO,
            );
            assert_eq!(
                cents(settled.balance_change),
                expected,
                "{side:?} {contracts} at {price}"
            );
        }
    }

    #[test]
    fn prediction_positions_are_paid_in_full_and_closed_for_cash() {
        check_fills(
            PREDICTION,
            &[
                (Side::Buy, 40, 10, -400),
                (Side::Sell, 60, 4, 240),
                // Six close at 0.55, four open NO at 0.45.
                (Side::Sell, 55, 10, 330 - 180),
                // Four close at 1 - 0.30, one opens at 0.30.
                (Side::Buy, 30, 5, 280 - 30),
            ],
        );
    }

    #[test]
    fn margin_positions_settle_against_their_average_price() {
        check_fills(
            MARGIN,
            &[
                (Side::Buy, 2_000, 10, 0),
                (Side::Buy, 1_900, 10, 0),
                // Average 19.50.
                (Side::Sell, 2_050, 5, 500),
                // Fifteen close at a loss of 0.50, five open short.
                (Side::Sell, 1_900, 20, -750),
                (Side::Buy, 1_850, 5, 250),
            ],
        );
    }

    #[track_caller]
    fn check_available(terms: Terms, position: i64, orders: &[(Side, i64, i64)], expected_held: i128) {
        let symbol: Symbol = "M".into();
        let mut account = Account::default();
        let side = if position < 0 { Side::Sell } else { Side::Buy };
        let contracts = Quantity::from_contracts(position.abs());
        account.settle(
            terms,
            &symbol,
            side,
            Price::from_cents(50),
            contracts,
            Money::ZERO,
        );
        let balance = account.balance();
        for &(side, price, contracts) in orders {
            account.open(terms, &symbol, exposure(side, price, contracts));
        }
        assert_eq!(
            cents(balance - account.available()),
            expected_held,
            "{position} {orders:?}"
        );
        for &(side, price, contracts) in orders {
            account.close(terms, &symbol, exposure(side, price, contracts));
        }
        let position_alone = if terms.product == Product::Margin {
            position.abs().into()
        } else {
            0
        };
        assert_eq!(cents(account.balance() - account.available()), position_alone * 5);
    }

    #[test]
    fn prediction_orders_hold_back_their_worst_case() {
        check_available(PREDICTION, 0, &[(Side::Buy, 40, 10)], 400);
        check_available(PREDICTION, 0, &[(Side::Sell, 40, 10)], 600);
        check_available(PREDICTION, 0, &[(Side::Buy, 40, 10), (Side::Sell, 60, 10)], 400);
        check_available(PREDICTION, 0, &[(Side::Buy, 40, 10), (Side::Sell, 50, 10)], 500);
        check_available(PREDICTION, 10, &[(Side::Sell, 40, 10)], 0);
        check_available(PREDICTION, 10, &[(Side::Sell, 40, 20)], 1_000 - 800);
        check_available(PREDICTION, -10, &[(Side::Buy, 90, 10)], 0);
        check_available(PREDICTION, -10, &[(Side::Buy, 90, 20)], 1_800 - 1_000);
    }

    #[test]
    fn margin_orders_hold_back_a_part_of_the_notional() {
        check_available(MARGIN, 0, &[(Side::Buy, 40, 10)], 40);
        check_available(MARGIN, 10, &[(Side::Buy, 40, 10)], 90);
        check_available(MARGIN, 10, &[(Side::Sell, 40, 10)], 50);
        check_available(MARGIN, 10, &[(Side::Sell, 60, 20)], 60);
        check_available(MARGIN, -10, &[(Side::Sell, 60, 10)], 110);
    }

    #[test]
    fn a_fee_never_exceeds_what_a_closing_fill_pays_out() {
        let symbol: Symbol = "M".into();
        let mut account = Account::default();
        let one = Quantity::from_contracts(1);
        account.settle(
            PREDICTION,
            &symbol,
            Side::Buy,
            Price::from_cents(1),
            one,
            Money::ZERO,
        );
        let fee = Money::from_millionths(20_000);
        let settled = account.settle(PREDICTION, &symbol, Side::Sell, Price::from_cents(1), one, fee);
        assert_eq!(settled.fee, Money::from_millionths(10_000));
        assert_eq!(account.balance(), -settled.balance_change);
    }
}
