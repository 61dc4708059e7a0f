//! Amounts.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use super::{UnitError, exact};

/// Dollars: what something costs, a balance, a fee. Negative where it is owed or lost.
///
/// Fees and collateral may have more decimals than cents. Amounts compare by value; the scale is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(Decimal);

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(Decimal::ZERO);

    /// So many dollars.
    #[must_use]
    pub const fn from_dollars(dollars: Decimal) -> Money {
        Money(dollars)
    }

    /// So many cents, which may have decimals.
    pub fn from_cents(cents: Decimal) -> Result<Money, UnitError> {
        let what = "amount";
        exact::over_ten_to(cents, 2)
            .map(Money)
            .ok_or(UnitError::Range { what, value: cents })
    }

    /// The amount in dollars.
    #[must_use]
    pub const fn dollars(self) -> Decimal {
        self.0
    }

    /// The amount in cents, with decimals where it lies between two of them.
    pub fn to_cents(self) -> Result<Decimal, UnitError> {
        let (what, value) = ("amount", self.0);
        exact::times_ten_to(self.0, 2).ok_or(UnitError::Range { what, value })
    }
}

arithmetic!(Money, "amount", dollars);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_add_up() {
        let amounts = ["0.006", "-1.25", "3"].map(|text| text.parse::<Money>().unwrap());
        assert_eq!(Money::checked_sum(amounts).unwrap().to_string(), "1.756");
        let most = Money::from_dollars(Decimal::MAX);
        assert_eq!(Money::checked_sum([most, "0.1".parse().unwrap()]), None);
        assert_eq!(Money::checked_sum([]), Some(Money::ZERO));
    }

    #[test]
    fn cents() {
        let fee: Money = "0.006".parse().unwrap();
        assert_eq!(fee.to_cents().unwrap().to_string(), "0.6");
        assert_eq!(Money::from_cents(Decimal::new(6, 1)), Ok(fee));
        assert!(Money::from_dollars(Decimal::MAX).to_cents().is_err());
    }
}
