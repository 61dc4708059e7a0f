//! Arithmetic on decimals that is exact or refuses. That of `Decimal` itself rounds where digits run out.

use rust_decimal::Decimal;

/// The sum, unless it has more digits than a decimal keeps.
pub(super) fn add(left: Decimal, right: Decimal) -> Option<Decimal> {
    aligned_sum(left, right).or_else(|| aligned_sum(left.normalize(), right.normalize()))
}

/// The product, unless it has more digits than a decimal keeps.
pub(super) fn multiply(left: Decimal, right: Decimal) -> Option<Decimal> {
    product(left, right).or_else(|| product(left.normalize(), right.normalize()))
}

/// The value with its point moved `places` to the right.
pub(super) fn times_ten_to(value: Decimal, places: u32) -> Option<Decimal> {
    let scale = value.scale();
    if scale >= places {
        return Decimal::try_from_i128_with_scale(value.mantissa(), scale - places).ok();
    }
    let factor = 10_i128.checked_pow(places - scale)?;
    Decimal::try_from_i128_with_scale(value.mantissa().checked_mul(factor)?, 0).ok()
}

/// The value with its point moved `places` to the left.
pub(super) fn over_ten_to(value: Decimal, places: u32) -> Option<Decimal> {
    let move_point = |value: Decimal| {
        Decimal::try_from_i128_with_scale(value.mantissa(), value.scale().checked_add(places)?).ok()
    };
    move_point(value).or_else(|| move_point(value.normalize()))
}

/// Whether the value is a whole number of steps. No step, and one that is not above zero, has no multiples.
pub(super) fn is_multiple(value: Decimal, step: Decimal) -> bool {
    if step <= Decimal::ZERO {
        return false;
    }
    let (value, step) = (value.normalize(), step.normalize());
    // A value with a digit beyond the step's last is no multiple of it, and aligning it might not fit.
    if value.scale() > step.scale() {
        return false;
    }
    let factor = 10_i128.checked_pow(step.scale() - value.scale());
    match factor.and_then(|factor| value.mantissa().checked_mul(factor)) {
        Some(mantissa) => mantissa % step.mantissa() == 0,
        None => false,
    }
}

fn aligned_sum(left: Decimal, right: Decimal) -> Option<Decimal> {
    let scale = left.scale().max(right.scale());
    let mantissa = |value: Decimal| {
        let factor = 10_i128.checked_pow(scale - value.scale())?;
        value.mantissa().checked_mul(factor)
    };
    exact(mantissa(left)?.checked_add(mantissa(right)?)?, scale)
}

fn product(left: Decimal, right: Decimal) -> Option<Decimal> {
    let mantissa = left.mantissa().checked_mul(right.mantissa())?;
    exact(mantissa, left.scale() + right.scale())
}

/// A decimal of these digits, without trailing zeros where it does not fit with them.
fn exact(mut mantissa: i128, mut scale: u32) -> Option<Decimal> {
    loop {
        if let Ok(value) = Decimal::try_from_i128_with_scale(mantissa, scale) {
            return Some(value);
        }
        if scale == 0 || mantissa % 10 != 0 {
            return None;
        }
        mantissa /= 10;
        scale -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        fix_dialect::parse_decimal(text.as_bytes()).expect("a decimal")
    }

    #[track_caller]
    fn check(found: Option<Decimal>, expected: Option<&str>) {
        assert_eq!(found.map(|value| value.to_string()).as_deref(), expected);
    }

    const MAX: &str = "79228162514264337593543950335";

    #[test]
    fn sums_are_exact_or_none() {
        let sum = |left: &str, right: &str| add(decimal(left), decimal(right));
        check(sum("0.5700", "0.43"), Some("1.0000"));
        check(sum("1", "-0.0001"), Some("0.9999"));
        check(sum(MAX, "1"), None);
        // The library's own sum rounds this one.
        check(sum(MAX, "0.1"), None);
        assert!(decimal(MAX).checked_add(decimal("0.1")).is_some());
        // What does not fit with its zeros fits without them.
        check(sum(MAX, "0.0"), Some(MAX));
        check(
            sum("7922816251426433759354395033.0", "1.000"),
            Some("7922816251426433759354395034"),
        );
    }

    #[test]
    fn products_are_exact_or_none() {
        let product = |left: &str, right: &str| multiply(decimal(left), decimal(right));
        check(product("0.57", "10.50"), Some("5.9850"));
        check(product("-0.0001", "0.01"), Some("-0.000001"));
        check(product(MAX, "2"), None);
        check(product(MAX, "0.1"), Some("7922816251426433759354395033.5"));
        // 29 decimals: the library's own product rounds it.
        check(product("0.000000000000001", "0.00000000000001"), None);
        assert!(
            decimal("0.000000000000001")
                .checked_mul(decimal("0.00000000000001"))
                .is_some()
        );
        check(
            product("0.000000000000010", "0.00000000000001"),
            Some("0.0000000000000000000000000001"),
        );
        check(product(MAX, MAX), None);
        check(
            product("100000000000000.0000000000", "100000000000000.0000000000"),
            Some("10000000000000000000000000000"),
        );
    }

    #[test]
    fn the_point_moves_without_loss_or_not_at_all() {
        check(times_ten_to(decimal("0.57"), 2), Some("57"));
        check(times_ten_to(decimal("0.5700"), 2), Some("57.00"));
        check(times_ten_to(decimal("5"), 2), Some("500"));
        check(times_ten_to(decimal(MAX), 2), None);
        check(over_ten_to(decimal("57"), 2), Some("0.57"));
        check(
            over_ten_to(decimal(MAX), 2),
            Some("792281625142643375935439503.35"),
        );
        check(over_ten_to(decimal("0.0000000000000000000000000001"), 2), None);
        check(
            over_ten_to(decimal("0.0000000000000000000000000100"), 2),
            Some("0.0000000000000000000000000001"),
        );
    }

    #[test]
    fn multiples() {
        let multiple = |value: &str, step: &str| is_multiple(decimal(value), decimal(step));
        assert!(multiple("0.57", "0.01"));
        assert!(multiple("0.5700", "0.01"));
        assert!(multiple("-3", "1.0"));
        assert!(multiple("0", "0.01"));
        assert!(!multiple("0.575", "0.01"));
        assert!(!multiple("0.01", "0.005001"));
        assert!(!multiple("1", "0"));
        assert!(!multiple("1", "-1"));
        assert!(multiple(MAX, "1"));
        assert!(!multiple("0.5", "1"));
        assert!(!multiple("10", "20") && multiple("40", "20"));
    }
}
