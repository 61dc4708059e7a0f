//! Prices and sizes as integers, so that levels are found and summed without a decimal's cost, and exactly.

use rust_decimal::Decimal;

use crate::units::{Price, Quantity};

/// Whether a value has a digit beyond the last that an integer here keeps.
pub(super) fn is_too_fine(value: Decimal) -> bool {
    value.normalize().scale() > SCALE
}

/// A price in ten-thousandths of a dollar, the finest step that the venue has. `None` where there is no such integer.
#[inline]
pub(super) fn ticks(dollars: Decimal) -> Option<i64> {
    ten_thousandths(dollars)
}

/// A size in ten-thousandths of a contract: a hundred times finer than the venue's steps. `None` where there is no such
/// integer.
#[inline]
pub(super) fn lots(contracts: Decimal) -> Option<i64> {
    ten_thousandths(contracts)
}

#[inline]
pub(super) fn price(ticks: i64) -> Price {
    Price::from_dollars(Decimal::new(ticks, SCALE))
}

/// With two decimals, as the venue writes quantities, and with four where two do not do.
#[inline]
pub(super) fn quantity(lots: i64) -> Quantity {
    Quantity::from_contracts(if lots % 100 == 0 {
        Decimal::new(lots / 100, SCALE - 2)
    } else {
        Decimal::new(lots, SCALE)
    })
}

/// As [`quantity`], for a sum of sizes.
pub(super) fn total(lots: i128) -> Quantity {
    // A side has at most 2^16 levels of at most 2^63 lots each: the sum has fewer than the 96 bits of a decimal.
    match i64::try_from(lots) {
        Ok(lots) => quantity(lots),
        Err(_) => Quantity::from_contracts(Decimal::from_i128_with_scale(lots, SCALE)),
    }
}

/// The price in the middle of two: exact, with a fifth decimal where it lies between two ticks.
pub(super) fn middle(one: i64, other: i64) -> Price {
    let sum = i128::from(one) + i128::from(other);
    Price::from_dollars(if sum % 2 == 0 {
        Decimal::from_i128_with_scale(sum / 2, SCALE)
    } else {
        Decimal::from_i128_with_scale(sum * 5, SCALE + 1)
    })
}

#[inline]
fn ten_thousandths(value: Decimal) -> Option<i64> {
    let (mantissa, scale) = (value.mantissa(), value.scale());
    // Below 2^96 times 10^4: far from the end of an i128.
    let scaled = match scale.cmp(&SCALE) {
        std::cmp::Ordering::Equal => mantissa,
        std::cmp::Ordering::Less => mantissa * FACTORS[(SCALE - scale) as usize],
        std::cmp::Ordering::Greater => {
            let finer = 10_i128.pow(scale - SCALE);
            if mantissa % finer != 0 {
                return None;
            }
            mantissa / finer
        }
    };
    i64::try_from(scaled).ok()
}

const SCALE: u32 = 4;

/// Powers of ten.
const FACTORS: [i128; 5] = [1, 10, 100, 1_000, 10_000];

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        fix_dialect::parse_decimal(text.as_bytes()).expect("a decimal")
    }

    #[test]
    fn decimals_become_integers_exactly_or_not_at_all() {
        for (text, expected) in [
            ("0.3500", Some(3_500)),
            ("0.35", Some(3_500)),
            ("1", Some(10_000)),
            ("-0.0001", Some(-1)),
            ("0.35000000", Some(3_500)),
            ("0.00005", None),
            ("922337203685477.5807", Some(i64::MAX)),
            ("922337203685477.5808", None),
            ("79228162514264337593543950335", None),
            ("0.0000000000000000000000000000", Some(0)),
        ] {
            assert_eq!(ticks(decimal(text)), expected, "{text}");
        }
    }

    #[test]
    fn integers_are_shown_as_the_venue_writes_them() {
        assert_eq!(price(3_500).to_string(), "0.3500");
        assert_eq!(quantity(100_000).to_string(), "10.00");
        assert_eq!(quantity(100_010).to_string(), "10.0010");
        assert_eq!(
            total(i128::from(i64::MAX) << 16).to_string(),
            "60446290980731458728.7552"
        );
        assert_eq!(middle(3_500, 3_600).to_string(), "0.3550");
        assert_eq!(middle(3_500, 3_501).to_string(), "0.35005");
        assert_eq!(middle(i64::MAX, i64::MAX).to_string(), "922337203685477.5807");
    }
}
