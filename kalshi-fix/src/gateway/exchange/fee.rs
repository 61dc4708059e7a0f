//! What a trade costs each side, and how fees are rounded.

use super::units::{Money, Price, Quantity};
use crate::environment::Product;

/// The fees of a market. Rates are in millionths.
///
/// A prediction market charges `rate * price * (1 - price)` a contract, the venue's published form; a margin market
/// charges `rate * price`. Takers and makers have rates of their own.
///
/// Fees are rounded up to [`step`](FeeSchedule::step) over the life of an order, not at each fill: an order filled in ten
/// parts costs what one fill of the whole at those prices would. The venue rounds each fill and rebates the excess, which
/// comes to the same total with other parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeSchedule {
    /// What the fee is a part of.
    pub basis: Product,
    /// The taker's rate in millionths.
    pub taker: u32,
    /// The maker's rate in millionths.
    pub maker: u32,
    /// The smallest amount charged: fees are rounded up to a multiple of it.
    pub step: Money,
}

impl FeeSchedule {
    /// The venue's usual prediction fees: 7 % of `price * (1 - price)` for takers, nothing for makers, in whole cents.
    #[must_use]
    pub const fn prediction() -> FeeSchedule {
        FeeSchedule {
            basis: Product::Prediction,
            taker: 70_000,
            maker: 0,
            step: Money::from_millionths(10_000),
        }
    }

    /// Margin fees: 0.05 % of the notional for takers, nothing for makers, in hundredths of a cent. (The venue's margin
    /// fees were not published when this was written.)
    #[must_use]
    pub const fn margin() -> FeeSchedule {
        FeeSchedule {
            basis: Product::Margin,
            taker: 500,
            maker: 0,
            step: Money::from_millionths(100),
        }
    }

    /// No fees at all.
    #[must_use]
    pub const fn free(basis: Product) -> FeeSchedule {
        FeeSchedule {
            basis,
            taker: 0,
            maker: 0,
            step: Money::from_millionths(1),
        }
    }

    /// The fee of one fill before rounding.
    #[must_use]
    pub fn exact(&self, price: Price, quantity: Quantity, is_taker: bool) -> ExactFee {
        let rate = if is_taker { self.taker } else { self.maker };
        let price_part = match self.basis {
            // In (ten-thousandths of a dollar) squared.
            Product::Prediction => {
                i128::from(price.ten_thousandths()) * i128::from(price.complement().ten_thousandths())
            }
            Product::Margin => i128::from(price.ten_thousandths()) * 10_000,
        };
        ExactFee(i128::from(rate) * price_part.max(0) * i128::from(quantity.hundredths()))
    }

    /// An exact fee rounded up to the next step.
    #[must_use]
    pub fn rounded(&self, exact: ExactFee) -> Money {
        let step = self.step.millionths().max(1);
        let unit = step * EXACT_PER_MILLIONTH;
        // `div_ceil` of signed integers is not stable; fees are never negative.
        Money::from_millionths((exact.0 + unit - 1) / unit * step)
    }
}

/// A fee before rounding, in 1e-16 dollars: rate (1e-6) times price squared (1e-8) times quantity (1e-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExactFee(i128);

impl std::ops::Add for ExactFee {
    type Output = ExactFee;
    fn add(self, other: ExactFee) -> ExactFee {
        ExactFee(self.0 + other.0)
    }
}

const EXACT_PER_MILLIONTH: i128 = 10_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: &FeeSchedule, ten_thousandths: i64, contracts: i64, expected_millionths: i128) {
        let price = Price::from_ten_thousandths(ten_thousandths);
        let fee = schedule.rounded(schedule.exact(price, Quantity::from_contracts(contracts), true));
        assert_eq!(fee, Money::from_millionths(expected_millionths));
    }

    #[test]
    fn fees_are_rounded_up() {
        // 0.07 * 100 * 0.5 * 0.5 = 1.75
        check(&FeeSchedule::prediction(), 5_000, 100, 1_750_000);
        // 0.07 * 1 * 0.75 * 0.25 = 0.013125
        check(&FeeSchedule::prediction(), 7_500, 1, 20_000);
        check(&FeeSchedule::prediction(), 7_500, 0, 0);
        // 0.0005 * 10 * 19.5 = 0.0975
        check(&FeeSchedule::margin(), 195_000, 10, 97_500);
        check(&FeeSchedule::free(Product::Margin), 195_000, 10, 0);
    }
}
