//! Fixed-point units of the matching engine: prices, quantities and money as integers, so that sums are exact.
//!
//! The three scales fit each other: a price in ten-thousandths of a dollar times a quantity in hundredths of a
//! contract is an amount in millionths of a dollar, without rounding.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// A price per contract in ten-thousandths of a dollar (the finest step that the venue accepts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(i64);

impl Price {
    /// One dollar, what a prediction contract pays at most.
    pub const ONE_DOLLAR: Price = Price(10_000);

    /// A price of `value` ten-thousandths of a dollar.
    #[must_use]
    pub const fn from_ten_thousandths(value: i64) -> Price {
        Price(value)
    }

    /// A price of `value` whole cents.
    #[must_use]
    pub const fn from_cents(value: i64) -> Price {
        Price(value * 100)
    }

    /// Ten-thousandths of a dollar.
    #[must_use]
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// Reads dollars; `None` when the value has a digit beyond the fourth decimal or is out of range.
    #[must_use]
    pub fn from_dollars(value: Decimal) -> Option<Price> {
        exact(value, 4).map(Price)
    }

    /// Dollars, with four decimals.
    #[must_use]
    pub fn dollars(self) -> Decimal {
        Decimal::new(self.0, 4)
    }

    /// What the other side of a prediction contract costs: a dollar less this price.
    #[must_use]
    pub const fn complement(self) -> Price {
        Price(Price::ONE_DOLLAR.0 - self.0)
    }

    /// Price times quantity.
    #[must_use]
    pub fn times(self, quantity: Quantity) -> Money {
        Money(i128::from(self.0) * i128::from(quantity.0))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.dollars(), formatter)
    }
}

/// A number of contracts in hundredths; negative in a short position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

impl Quantity {
    /// No contracts.
    pub const ZERO: Quantity = Quantity(0);

    /// A quantity of `value` hundredths of a contract.
    #[must_use]
    pub const fn from_hundredths(value: i64) -> Quantity {
        Quantity(value)
    }

    /// A quantity of `value` whole contracts.
    #[must_use]
    pub const fn from_contracts(value: i64) -> Quantity {
        Quantity(value * 100)
    }

    /// Hundredths of a contract.
    #[must_use]
    pub const fn hundredths(self) -> i64 {
        self.0
    }

    /// Reads contracts; `None` when the value has a digit beyond the second decimal or is out of range.
    #[must_use]
    pub fn from_decimal(value: Decimal) -> Option<Quantity> {
        exact(value, 2).map(Quantity)
    }

    /// Contracts, with two decimals.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.0, 2)
    }

    /// The quantity without its sign.
    #[must_use]
    pub const fn abs(self) -> Quantity {
        Quantity(self.0.abs())
    }

    /// This quantity, or zero where it is negative.
    #[must_use]
    pub const fn or_zero(self) -> Quantity {
        if self.0 > 0 { self } else { Quantity::ZERO }
    }

    /// Whether there is something: more than zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.decimal(), formatter)
    }
}

/// An amount in millionths of a dollar; negative where it is owed or lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// An amount of `value` millionths of a dollar.
    #[must_use]
    pub const fn from_millionths(value: i128) -> Money {
        Money(value)
    }

    /// Reads dollars; `None` when the value has a digit beyond the sixth decimal or is out of range.
    #[must_use]
    pub fn from_decimal(dollars: Decimal) -> Option<Money> {
        let dollars = dollars.normalize();
        if dollars.scale() > 6 {
            return None;
        }
        let millionths = dollars.checked_mul(Decimal::from(1_000_000))?;
        millionths.to_i128().map(Money)
    }

    /// An amount of `value` whole dollars.
    #[must_use]
    pub const fn from_dollars(value: i64) -> Money {
        Money(value as i128 * 1_000_000)
    }

    /// Millionths of a dollar.
    #[must_use]
    pub const fn millionths(self) -> i128 {
        self.0
    }

    /// Dollars with as many decimals as the amount needs, four at least (the venue's form of an amount).
    #[must_use]
    pub fn dollars(self) -> Decimal {
        match Decimal::try_from_i128_with_scale(self.0, 6) {
            Ok(exact) if self.0 % 100 == 0 => exact.trunc_with_scale(4),
            Ok(exact) => exact,
            Err(_) if self.0 < 0 => Decimal::MIN,
            Err(_) => Decimal::MAX,
        }
    }

    /// One dollar a contract: what a pair of opposite prediction contracts is worth.
    #[must_use]
    pub fn dollar_each(quantity: Quantity) -> Money {
        Price::ONE_DOLLAR.times(quantity)
    }

    /// The part `numerator / denominator` of this amount, rounded towards zero; nothing of nothing.
    #[must_use]
    pub fn share(self, numerator: Quantity, denominator: Quantity) -> Money {
        if denominator.0 == 0 {
            return Money::ZERO;
        }
        Money(self.0 * i128::from(numerator.0) / i128::from(denominator.0))
    }

    /// This amount, or zero where it is negative.
    #[must_use]
    pub const fn or_zero(self) -> Money {
        if self.0 > 0 { self } else { Money::ZERO }
    }

    /// The amount without its sign.
    #[must_use]
    pub const fn abs(self) -> Money {
        Money(self.0.abs())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.dollars(), formatter)
    }
}

/// Moves the decimal point `scale` digits to the right, provided that nothing is lost by it.
fn exact(value: Decimal, scale: u32) -> Option<i64> {
    let value = value.normalize();
    if value.scale() > scale {
        return None;
    }
    value.checked_mul(Decimal::from(10_i64.pow(scale)))?.to_i64()
}

macro_rules! arithmetic {
    ($unit:ident) => {
        impl Add for $unit {
            type Output = $unit;
            fn add(self, other: $unit) -> $unit {
                $unit(self.0 + other.0)
            }
        }
        impl Sub for $unit {
            type Output = $unit;
            fn sub(self, other: $unit) -> $unit {
                $unit(self.0 - other.0)
            }
        }
        impl Neg for $unit {
            type Output = $unit;
            fn neg(self) -> $unit {
                $unit(-self.0)
            }
        }
        impl AddAssign for $unit {
            fn add_assign(&mut self, other: $unit) {
                self.0 += other.0;
            }
        }
        impl SubAssign for $unit {
            fn sub_assign(&mut self, other: $unit) {
                self.0 -= other.0;
            }
        }
        impl Sum for $unit {
            fn sum<I: Iterator<Item = $unit>>(amounts: I) -> $unit {
                amounts.fold($unit::default(), Add::add)
            }
        }
    };
}

arithmetic!(Price);
arithmetic!(Quantity);
arithmetic!(Money);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_price(text: &str, expected: Option<i64>) {
        let value: Decimal = text.parse().expect("a decimal");
        assert_eq!(
            Price::from_dollars(value).map(Price::ten_thousandths),
            expected,
            "{text}"
        );
    }

    #[test]
    fn prices_are_exact_or_refused() {
        check_price("0.75", Some(7_500));
        check_price("0.7500", Some(7_500));
        check_price("0.75000000", Some(7_500));
        check_price("0.00001", None);
        check_price("-1", Some(-10_000));
        check_price("79228162514264337593543950335", None);
    }

    #[track_caller]
    fn check_money(millionths: i128, expected: &str) {
        assert_eq!(Money::from_millionths(millionths).dollars().to_string(), expected);
    }

    #[test]
    fn amounts_show_four_decimals_or_six() {
        check_money(3_990_000, "3.9900");
        check_money(-6_000, "-0.0060");
        check_money(1, "0.000001");
        check_money(0, "0.0000");
    }

    #[test]
    fn price_times_quantity_is_exact() {
        let amount = Price::from_ten_thousandths(5_701).times(Quantity::from_hundredths(101));
        assert_eq!(amount, Money::from_millionths(575_801));
    }
}
