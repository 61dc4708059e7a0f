//! What a contract costs.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use super::{Money, Quantity, UnitError, exact};

/// Dollars a contract; in YES terms on prediction markets. A difference of two prices is a price too, so that it can be
/// negative.
///
/// Prices compare by value: `0.57` equals `0.5700`. The scale is kept all the same, and shows where it is displayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(Decimal);

impl Price {
    /// Nothing.
    pub const ZERO: Price = Price(Decimal::ZERO);
    /// One dollar: what a prediction contract pays at most, and what its YES and its NO cost together.
    pub const ONE_DOLLAR: Price = Price(Decimal::ONE);

    /// A price of so many dollars.
    #[must_use]
    pub const fn from_dollars(dollars: Decimal) -> Price {
        Price(dollars)
    }

    /// A price of so many cents, which may have decimals.
    pub fn from_cents(cents: Decimal) -> Result<Price, UnitError> {
        let what = "price";
        exact::over_ten_to(cents, 2)
            .map(Price)
            .ok_or(UnitError::Range { what, value: cents })
    }

    /// A price of so many whole cents.
    #[must_use]
    pub fn from_whole_cents(cents: i64) -> Price {
        Price(Decimal::new(cents, 2))
    }

    /// The price in dollars.
    #[must_use]
    pub const fn dollars(self) -> Decimal {
        self.0
    }

    /// The price in cents, with decimals where it lies between two of them.
    pub fn to_cents(self) -> Result<Decimal, UnitError> {
        let (what, value) = ("price", self.0);
        exact::times_ten_to(self.0, 2).ok_or(UnitError::Range { what, value })
    }

    /// The price in cents, if it is a whole number of them; with no decimals.
    pub fn to_whole_cents(self) -> Result<Decimal, UnitError> {
        let cents = self.to_cents()?.normalize();
        if cents.scale() == 0 {
            Ok(cents)
        } else {
            Err(UnitError::BetweenCents { cents })
        }
    }

    /// What the other side of a prediction contract costs: a dollar less this. `None` for what is no price of a
    /// prediction contract, that is, outside of 0 to 1 dollar.
    #[must_use]
    pub fn complement(self) -> Option<Price> {
        if self < Price::ZERO || self > Price::ONE_DOLLAR {
            return None;
        }
        Price::ONE_DOLLAR.checked_sub(self)
    }

    /// What so many contracts cost at this price.
    #[must_use]
    pub fn checked_mul(self, quantity: Quantity) -> Option<Money> {
        exact::multiply(self.0, quantity.contracts()).map(Money::from_dollars)
    }
}

arithmetic!(Price, "price", dollars);

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().expect("a price")
    }

    #[test]
    fn cents_are_exact_or_refused() {
        let check = |dollars: &str, cents: Result<&str, &str>| {
            let found = price(dollars).to_whole_cents().map(|cents| cents.to_string());
            let found = found.map_err(|error| error.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), cents, "{dollars}");
        };
        check("0.57", Ok("57"));
        check("0.5700", Ok("57"));
        check("12", Ok("1200"));
        check("-0.01", Ok("-1"));
        check(
            "0.575",
            Err("the price 57.5 cents lies between two cents: expected whole cents"),
        );
        let max = "79228162514264337593543950335";
        check(
            max,
            Err(
                "the price 79228162514264337593543950335 cannot be converted exactly: the result has more digits than can be kept",
            ),
        );
        assert_eq!(
            price("0.575")
                .to_cents()
                .map(|cents| cents.to_string())
                .as_deref(),
            Ok("57.5")
        );
        assert_eq!(Price::from_cents(Decimal::new(123, 2)), Ok(price("0.0123")));
        assert_eq!(Price::from_whole_cents(99), price("0.99"));
        let finest = Decimal::new(1, 28);
        assert_eq!(
            Price::from_cents(finest),
            Err(UnitError::Range {
                what: "price",
                value: finest
            })
        );
    }

    #[test]
    fn complements_are_of_prediction_prices_only() {
        let check = |yes: &str, no: Option<&str>| {
            let found = price(yes).complement().map(|no| no.to_string());
            assert_eq!(found.as_deref(), no, "{yes}");
        };
        check("0.57", Some("0.43"));
        check("0.0001", Some("0.9999"));
        check("0", Some("1"));
        check("1", Some("0"));
        check("1.01", None);
        check("-0.01", None);
    }

    #[test]
    fn text_is_read_exactly_or_not_at_all() {
        assert_eq!(price("0.5700").to_string(), "0.5700");
        assert_eq!(format!("{:>8}", price("0.57")), "    0.57");
        for text in [
            "",
            "x",
            "1e2",
            " 1",
            "+1",
            "1,5",
            "0.00000000000000000000000000001",
            "1.2.3",
        ] {
            let error = text.parse::<Price>().expect_err(text);
            assert_eq!(
                error,
                UnitError::Malformed {
                    what: "price",
                    text: text.to_owned()
                }
            );
        }
    }

    #[test]
    fn equality_and_order_go_by_value() {
        assert_eq!(price("0.57"), price("0.5700"));
        assert!(price("0.57") < price("0.5701"));
        assert_eq!(price("0.57").checked_sub(price("0.60")), Some(price("-0.03")));
        assert_eq!(price("0.57").negated(), price("-0.57"));
    }
}
