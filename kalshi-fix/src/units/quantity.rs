//! Numbers of contracts.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use super::{UnitError, exact};

/// Contracts: the size of an order, of a fill, of a price level, of a position (negative where it is short).
///
/// Prediction markets trade hundredths of a contract, margin markets whole ones. Quantities compare by value; the scale
/// is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(Decimal);

impl Quantity {
    /// No contracts.
    pub const ZERO: Quantity = Quantity(Decimal::ZERO);

    /// So many contracts.
    #[must_use]
    pub const fn from_contracts(contracts: Decimal) -> Quantity {
        Quantity(contracts)
    }

    /// So many whole contracts.
    #[must_use]
    pub fn from_whole(contracts: i64) -> Quantity {
        Quantity(Decimal::new(contracts, 0))
    }

    /// The number of contracts.
    #[must_use]
    pub const fn contracts(self) -> Decimal {
        self.0
    }

    /// Whether it is a whole number of steps, such as the 0.01 of prediction markets. `false` for a step that is not
    /// above zero.
    #[must_use]
    pub fn is_multiple_of(self, step: Quantity) -> bool {
        exact::is_multiple(self.0, step.0)
    }
}

arithmetic!(Quantity, "quantity", contracts);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        let quantity = |text: &str| text.parse::<Quantity>().unwrap();
        assert!(quantity("10.25").is_multiple_of(quantity("0.01")));
        assert!(!quantity("10.25").is_multiple_of(Quantity::from_whole(1)));
        assert!(quantity("10.00").is_multiple_of(Quantity::from_whole(1)));
        assert!(!quantity("10").is_multiple_of(Quantity::ZERO));
    }

    #[test]
    fn signs() {
        let short = Quantity::from_whole(-3);
        assert!(!short.is_positive() && !short.is_zero());
        assert_eq!(short.negated(), Quantity::from_whole(3));
        assert_eq!(short.abs(), Quantity::from_whole(3));
        assert!(Quantity::ZERO.is_zero());
        assert_eq!(
            short.checked_add(Quantity::from_whole(5)),
            Some(Quantity::from_whole(2))
        );
    }
}
