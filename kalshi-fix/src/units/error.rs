//! Why a conversion was refused.

use rust_decimal::Decimal;

use super::PriceUnit;

/// Why a value was refused: it would have to be rounded, or is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// The text is no decimal number, or one with more digits than can be kept exactly.
    #[error("{text:?} is no {what}: expected digits with at most one point, 28 decimals at most")]
    Malformed {
        /// What was to be read: `price`, `amount` or `quantity`.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// The conversion has a result that cannot be kept exactly.
    #[error("the {what} {value} cannot be converted exactly: the result has more digits than can be kept")]
    Range {
        /// What was to be converted: `price` or `amount`.
        what: &'static str,
        /// Its value before the conversion, in the unit it was given in.
        value: Decimal,
    },
    /// A price between two cents, where whole cents are all that can be said.
    #[error("the price {cents} cents lies between two cents: expected whole cents")]
    BetweenCents {
        /// The price in cents.
        cents: Decimal,
    },
    /// A price with more decimals than the venue's four.
    #[error("the price {dollars} dollars is too fine: expected at most 4 decimals")]
    TooFine {
        /// The price in dollars.
        dollars: Decimal,
    },
    /// A price that no contract of prediction can have: below 0, or above the dollar that it pays at most.
    #[error(
        "the price {value} is none of a contract that pays 1 dollar: expected 0 to {}; is that the session's unit?",
        match unit { PriceUnit::Dollars => "1 dollars", PriceUnit::Cents => "100 cents" }
    )]
    NoContractPrice {
        /// The price, in the unit that it was read in.
        value: Decimal,
        /// That unit.
        unit: PriceUnit,
    },
}
