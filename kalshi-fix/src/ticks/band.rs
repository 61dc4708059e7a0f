//! A stretch of prices with one step, and prices as whole numbers.

use rust_decimal::Decimal;

use crate::units::Price;

/// The prices from `start` to `end`, both included, in steps of `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Band {
    pub(super) start: Ticks,
    pub(super) end: Ticks,
    pub(super) step: Ticks,
}

impl Band {
    /// A band. Refused: a step that is not above zero, a band without extent, ends that are no whole number of steps
    /// apart, and anything finer than a billionth of a dollar.
    pub fn new(start: Price, end: Price, step: Price) -> Result<Band, GridError> {
        let fine = |price: Price| match ticks(price) {
            Some((ticks, Rest::Nothing)) => Ok(ticks),
            _ => Err(GridError::TooFine { price }),
        };
        let band = Band {
            start: fine(start)?,
            end: fine(end)?,
            step: fine(step)?,
        };
        if band.step <= 0 {
            return Err(GridError::Step { step });
        }
        if band.end <= band.start || (band.end - band.start) % band.step != 0 {
            return Err(GridError::Extent { start, end, step });
        }
        Ok(band)
    }

    /// A band of the venue's, in ten-thousandths of a dollar.
    pub(super) const fn ten_thousandths(start: i64, end: i64, step: i64) -> Band {
        const EACH: Ticks = TICKS_A_DOLLAR / 10_000;
        Band {
            start: start as Ticks * EACH,
            end: end as Ticks * EACH,
            step: step as Ticks * EACH,
        }
    }

    /// Where it begins.
    #[must_use]
    pub fn start(&self) -> Price {
        price(self.start)
    }

    /// Where it ends.
    #[must_use]
    pub fn end(&self) -> Price {
        price(self.end)
    }

    /// Its step.
    #[must_use]
    pub fn step(&self) -> Price {
        price(self.step)
    }
}

/// Why bands or a step make no grid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// A grid of no bands.
    #[error("a grid without bands has no prices: expected at least one")]
    Empty,
    /// More bands than a grid may have.
    #[error("{count} bands: expected at most {most}")]
    TooMany {
        /// How many.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// A step of nothing, or below it.
    #[error("the step {step} dollars: expected one above zero")]
    Step {
        /// The step.
        step: Price,
    },
    /// A band whose end is not above its start by a whole number of steps.
    #[error(
        "the band {start} to {end} dollars: expected an end above the start, by a multiple of the step {step}"
    )]
    Extent {
        /// Where it begins.
        start: Price,
        /// Where it ends.
        end: Price,
        /// Its step.
        step: Price,
    },
    /// A band that does not begin where the one before ends.
    #[error("a band begins at {start} dollars: expected {end}, where the one before it ends")]
    Gap {
        /// Where it begins.
        start: Price,
        /// Where it should.
        end: Price,
    },
    /// A start, end or step that is finer than grids are.
    #[error(
        "{price} dollars is too fine or too large for a grid: expected at most 9 decimals and 18 digits before them"
    )]
    TooFine {
        /// The start, end or step.
        price: Price,
    },
}

/// A price as a whole number of billionths of a dollar.
pub(super) type Ticks = i128;

/// The largest whole number of ticks that is not above the price, and what of the price is beyond it. `None`: beyond what
/// grids reach to.
pub(super) fn ticks(price: Price) -> Option<(Ticks, Rest)> {
    let dollars = price.dollars();
    let (mantissa, scale) = (dollars.mantissa(), dollars.scale());
    let (ticks, rest) = if scale <= DECIMALS {
        let factor = 10_i128.checked_pow(DECIMALS - scale)?;
        (mantissa.checked_mul(factor)?, Rest::Nothing)
    } else {
        let divisor = 10_i128.checked_pow(scale - DECIMALS)?;
        let rest = match mantissa.rem_euclid(divisor) {
            0 => Rest::Nothing,
            rest if rest * 2 <= divisor => Rest::HalfATickAtMost,
            _ => Rest::MoreThanHalfATick,
        };
        (mantissa.div_euclid(divisor), rest)
    };
    (ticks.abs() <= LARGEST).then_some((ticks, rest))
}

/// What of a price is beyond a whole number of ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    Nothing,
    HalfATickAtMost,
    MoreThanHalfATick,
}

/// So many ticks, with the four decimals in which the venue writes prices, or with nine.
pub(super) fn price(ticks: Ticks) -> Price {
    const TO_FOUR: Ticks = 100_000;
    let (mantissa, scale) = if ticks % TO_FOUR == 0 {
        (ticks / TO_FOUR, 4)
    } else {
        (ticks, DECIMALS)
    };
    // Never too large: grids reach to `LARGEST`, a step beyond that is less than twice as much, and 28 digits fit.
    Price::from_dollars(Decimal::from_i128_with_scale(mantissa, scale))
}

const DECIMALS: u32 = 9;
const TICKS_A_DOLLAR: Ticks = 1_000_000_000;
/// A billion of billions of dollars.
const LARGEST: Ticks = TICKS_A_DOLLAR * TICKS_A_DOLLAR * TICKS_A_DOLLAR;
