//! What was traded: sums over fills, exact and in any order.

use std::sync::Arc;

use fix_dialect::Decimal;

use super::exec_id::ExecId;
use super::report::{AccountRef, Side};
use crate::units::{Money, Price, Quantity};

/// Sums over fills. Since they are sums, the order in which fills come does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Contracts.
    pub quantity: Quantity,
    /// Price times quantity, in dollars (YES terms on prediction).
    pub notional: Money,
    /// How many fills.
    pub fills: u64,
}

impl Totals {
    /// The average price in dollars, to the 28 digits that a quotient can have; `None` without a fill.
    #[must_use]
    pub fn average_price(&self) -> Option<Decimal> {
        self.notional.dollars().checked_div(self.quantity.contracts())
    }

    /// With one more fill; `None` where the sums could not be exact any more.
    pub(super) fn with(&self, quantity: Quantity, price: Price) -> Option<Totals> {
        Some(Totals {
            quantity: self.quantity.checked_add(quantity)?,
            notional: self.notional.checked_add(price.checked_mul(quantity)?)?,
            fills: self.fills + 1,
        })
    }
}

/// Whose orders and positions: a subaccount, and at a clearing member a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// AllocAccount (79); 0 is the primary one.
    pub subaccount: u8,
    /// PartyID (448).
    pub party: Option<Arc<str>>,
}

impl Account {
    /// The same, borrowed.
    #[must_use]
    pub fn borrow(&self) -> AccountRef<'_> {
        AccountRef {
            subaccount: self.subaccount,
            party: self.party.as_deref(),
        }
    }
}

impl From<AccountRef<'_>> for Account {
    fn from(account: AccountRef<'_>) -> Account {
        Account {
            subaccount: account.subaccount,
            party: account.party.map(Arc::from),
        }
    }
}

/// What was traded in one market for one account, since the tracker counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub(super) symbol: Arc<str>,
    pub(super) account: Account,
    pub(super) bought: Totals,
    pub(super) sold: Totals,
    pub(super) fees: Money,
    pub(super) without_fee: u64,
    pub(super) reported: Option<(ExecId, Quantity)>,
}

impl Position {
    pub(super) fn new(symbol: Arc<str>, account: Account) -> Position {
        Position {
            symbol,
            account,
            bought: Totals::default(),
            sold: Totals::default(),
            fees: Money::ZERO,
            without_fee: 0,
            reported: None,
        }
    }

    /// The market.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What was bought (YES, on prediction), with its average price.
    #[must_use]
    pub fn bought(&self) -> &Totals {
        &self.bought
    }

    /// What was sold, with its average price.
    #[must_use]
    pub fn sold(&self) -> &Totals {
        &self.sold
    }

    /// Bought less sold: the position that the counted fills make, negative when it is short. `None` where the difference
    /// cannot be exact.
    #[must_use]
    pub fn net(&self) -> Option<Quantity> {
        self.bought.quantity.checked_sub(self.sold.quantity)
    }

    /// What the fills paid, fees included: sold less bought less fees, in dollars and YES terms. With the position valued
    /// at a price, `cash + net × price` is the profit. `None` where it cannot be exact.
    #[must_use]
    pub fn cash(&self) -> Option<Money> {
        self.sold
            .notional
            .checked_sub(self.bought.notional)?
            .checked_sub(self.fees)
    }

    /// What the fills cost in fees, net of rebates.
    #[must_use]
    pub fn fees(&self) -> Money {
        self.fees
    }

    /// How many fills came without a fee, though each should have one: [`fees`](Position::fees) lacks theirs.
    #[must_use]
    pub fn fills_without_fee(&self) -> u64 {
        self.without_fee
    }

    /// The net position as the venue last reported it, by the highest ExecID (17): it knows of what was there before the
    /// tracker counted, too.
    #[must_use]
    pub fn reported(&self) -> Option<Quantity> {
        self.reported.map(|(_, quantity)| quantity)
    }

    /// With one more fill; `None` where the sums could not be exact any more.
    pub(super) fn with(
        &self,
        side: Side,
        quantity: Quantity,
        price: Price,
        fee: Option<Money>,
    ) -> Option<Sums> {
        let (mut bought, mut sold) = (self.bought, self.sold);
        match side {
            Side::Buy => bought = bought.with(quantity, price)?,
            Side::Sell => sold = sold.with(quantity, price)?,
        }
        Some(Sums {
            bought,
            sold,
            fees: self.fees.checked_add(fee.unwrap_or(Money::ZERO))?,
            without_fee: self.without_fee + u64::from(fee.is_none()),
        })
    }

    pub(super) fn set(&mut self, sums: Sums) {
        let Sums {
            bought,
            sold,
            fees,
            without_fee,
        } = sums;
        (self.bought, self.sold) = (bought, sold);
        (self.fees, self.without_fee) = (fees, without_fee);
    }

    /// Takes the venue's word of the position, unless a later one is known. Of different exchange indexes, the higher
    /// counts: a market is on one.
    pub(super) fn report(&mut self, exec_id: ExecId, quantity: Quantity) {
        let rank = |id: ExecId| (id.exchange_index(), id.place());
        if self.reported.is_none_or(|(known, _)| rank(known) < rank(exec_id)) {
            self.reported = Some((exec_id, quantity));
        }
    }
}

/// The sums of a position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    bought: Totals,
    sold: Totals,
    fees: Money,
    without_fee: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(fills: &[(Side, &str, &str, &str)]) -> Option<Position> {
        let mut position = Position::new("M".into(), Account::default());
        for (side, quantity, price, fee) in fills {
            let (quantity, price) = (quantity.parse().unwrap(), price.parse().unwrap());
            let sums = position.with(*side, quantity, price, fee.parse().ok())?;
            position.set(sums);
        }
        Some(position)
    }

    #[test]
    fn sums_are_exact() {
        let fills = [
            (Side::Buy, "10", "0.4000", "0.17"),
            (Side::Sell, "4.25", "0.61", "0.006"),
            (Side::Buy, "0.01", "0.4001", "-0.001"),
        ];
        let position = position(&fills).unwrap();
        assert_eq!(position.net().unwrap().to_string(), "5.76");
        assert_eq!(position.bought().notional.to_string(), "4.004001");
        assert_eq!(position.cash().unwrap(), "-1.586501".parse().unwrap());
        assert_eq!(position.fees(), "0.175".parse().unwrap());
        assert_eq!(position.sold().average_price().unwrap().to_string(), "0.61");
        assert_eq!(
            position.bought().average_price().unwrap().to_string(),
            "0.4000000999000999000999000999"
        );
    }

    #[test]
    fn what_cannot_be_exact_is_refused() {
        assert!(position(&[(Side::Buy, "79228162514264337593543950335", "0.5", "0")]).is_none());
        let most = ("79228162514264337593543950335", "1", "0");
        let twice = [
            (Side::Buy, most.0, most.1, most.2),
            (Side::Buy, most.0, most.1, most.2),
        ];
        assert!(position(&twice).is_none());
    }

    #[test]
    fn nothing_traded_has_no_average() {
        assert_eq!(Totals::default().average_price(), None);
    }
}
