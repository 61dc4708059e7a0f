//! Numbers as they stand on the wire: read exactly or not at all, written with their scale kept.

use rust_decimal::Decimal;

use crate::swar;

/// Reads a FIX float (`PRICE`, `QTY`, `AMT`, …) exactly, with its scale kept.
///
/// An optional `-`, digits, at most one point, at least one digit. What a [`Decimal`] cannot hold (more than 96 bits
/// of digits or 28 decimals) is `None`, never a rounded value; so are exponents, spaces and `+`.
///
/// ```
/// let price = fix_dialect::parse_decimal(b"0.5700").unwrap();
/// assert_eq!((price.mantissa(), price.scale()), (5700, 4));
/// assert_eq!(fix_dialect::parse_decimal(b"1e5"), None);
/// ```
#[must_use]
#[inline]
pub fn parse_decimal(bytes: &[u8]) -> Option<Decimal> {
    let (digits, negative) = match bytes {
        [b'-', rest @ ..] => (rest, true),
        _ => (bytes, false),
    };
    if digits.len() <= 8 {
        short_decimal(swar::word(digits), digits.len(), negative)
    } else {
        long_decimal(digits, negative)
    }
}

/// As [`parse_decimal`] of `frame[start..end]`, where `word` is the first eight bytes from `start` on.
#[inline]
pub(crate) fn decimal_at(word: u64, frame: &[u8], start: usize, end: usize) -> Option<Decimal> {
    let negative = word as u8 == b'-';
    let sign = usize::from(negative);
    let length = end.checked_sub(start + sign)?;
    if length > 8 - sign {
        return parse_decimal(frame.get(start..end)?);
    }
    let word = (word >> (sign * 8)) & u64::MAX.unbounded_shr(64 - length as u32 * 8);
    short_decimal(word, length, negative)
}

/// The decimal that the `length` (at most eight) low bytes of `word` spell, all others being zero.
#[inline]
fn short_decimal(word: u64, length: usize, negative: bool) -> Option<Decimal> {
    let point = swar::position(word, b'.');
    let (digits, count, scale) = if point < length {
        // Close the gap that the point leaves.
        let below = (1_u64 << (point * 8)) - 1;
        let digits = (word & below) | ((word >> 8) & !below);
        (digits, length - 1, length - 1 - point)
    } else {
        (word, length, 0)
    };
    if count == 0 {
        return None;
    }
    let mantissa = swar::up_to_eight_digits(digits, count)?;
    Some(Decimal::from_parts(mantissa, 0, 0, negative, scale as u32))
}

#[cold]
#[inline(never)]
fn long_decimal(bytes: &[u8], negative: bool) -> Option<Decimal> {
    let mut mantissa = 0_u128;
    let mut scale = None;
    let mut digits = 0;
    for &byte in bytes {
        match (byte, &mut scale) {
            (b'0'..=b'9', scale) => {
                mantissa = mantissa.checked_mul(10)?.checked_add(u128::from(byte - b'0'))?;
                digits += 1;
                if let Some(scale) = scale {
                    *scale += 1;
                }
            }
            (b'.', scale @ None) => *scale = Some(0),
            _ => return None,
        }
    }
    let scale = scale.unwrap_or(0);
    if digits == 0 || scale > Decimal::MAX_SCALE || mantissa >> 96 != 0 {
        return None;
    }
    let [low, middle, high] = [0, 32, 64].map(|shift| (mantissa >> shift) as u32);
    Some(Decimal::from_parts(low, middle, high, negative, scale))
}

/// Reads a FIX `INT`: an optional `-` and digits that fit an `i64`.
#[must_use]
#[inline]
pub fn parse_int(bytes: &[u8]) -> Option<i64> {
    match bytes {
        [b'-', rest @ ..] => {
            let magnitude = parse_unsigned(rest)?;
            0_i64.checked_sub_unsigned(magnitude)
        }
        _ => i64::try_from(parse_unsigned(bytes)?).ok(),
    }
}

/// Reads a `LENGTH`, `SEQNUM`, `NUMINGROUP` or `TAGNUM`: digits that fit a `u64`.
#[must_use]
#[inline]
pub fn parse_unsigned(bytes: &[u8]) -> Option<u64> {
    match bytes.len() {
        0 => None,
        1..=8 => swar::up_to_eight_digits(swar::word(bytes), bytes.len()).map(u64::from),
        _ => bytes.iter().try_fold(0_u64, |number, byte| match byte {
            b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
            _ => None,
        }),
    }
}

/// The most bytes that [`write_decimal`] writes: sign, 29 digits, point and a leading zero.
pub(crate) const DECIMAL_LENGTH: usize = 32;

/// Writes `value` at the end of `buffer` and returns where it starts.
#[inline]
pub(crate) fn write_decimal(value: Decimal, buffer: &mut [u8; DECIMAL_LENGTH]) -> usize {
    let parts = value.unpack();
    let scale = parts.scale as usize;
    if parts.hi == 0 && parts.mid == 0 {
        write_scaled(u64::from(parts.lo), scale, parts.negative, buffer)
    } else if parts.hi == 0 {
        write_scaled(
            u64::from(parts.mid) << 32 | u64::from(parts.lo),
            scale,
            parts.negative,
            buffer,
        )
    } else {
        write_wide(value.mantissa().unsigned_abs(), scale, parts.negative, buffer)
    }
}

#[inline]
fn write_scaled(mut mantissa: u64, scale: usize, negative: bool, buffer: &mut [u8; DECIMAL_LENGTH]) -> usize {
    let mut at = DECIMAL_LENGTH;
    if scale > 0 {
        let mut left = scale;
        while left >= 2 {
            let pair = PAIRS[(mantissa % 100) as usize];
            mantissa /= 100;
            buffer[at - 2] = pair[0];
            buffer[at - 1] = pair[1];
            at -= 2;
            left -= 2;
        }
        if left == 1 {
            at -= 1;
            buffer[at] = b'0' + (mantissa % 10) as u8;
            mantissa /= 10;
        }
        at -= 1;
        buffer[at] = b'.';
    }
    at = write_digits(mantissa, buffer, at);
    if negative {
        at -= 1;
        buffer[at] = b'-';
    }
    at
}

/// Writes the digits of `number` (at least one) so that they end before `at`; returns where they start.
#[inline]
pub(crate) fn write_digits<const N: usize>(mut number: u64, buffer: &mut [u8; N], mut at: usize) -> usize {
    while number >= 100 {
        let pair = PAIRS[(number % 100) as usize];
        number /= 100;
        buffer[at - 2] = pair[0];
        buffer[at - 1] = pair[1];
        at -= 2;
    }
    if number >= 10 {
        let pair = PAIRS[number as usize];
        buffer[at - 2] = pair[0];
        buffer[at - 1] = pair[1];
        at - 2
    } else {
        buffer[at - 1] = b'0' + number as u8;
        at - 1
    }
}

#[cold]
#[inline(never)]
fn write_wide(mut mantissa: u128, scale: usize, negative: bool, buffer: &mut [u8; DECIMAL_LENGTH]) -> usize {
    let mut at = DECIMAL_LENGTH;
    let mut written = 0;
    while mantissa > 0 || written <= scale {
        at -= 1;
        buffer[at] = b'0' + (mantissa % 10) as u8;
        mantissa /= 10;
        written += 1;
        if written == scale {
            at -= 1;
            buffer[at] = b'.';
        }
    }
    if negative {
        at -= 1;
        buffer[at] = b'-';
    }
    at
}

/// The two digits of every number below one hundred.
pub(crate) const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str, expected: Option<(i128, u32)>) {
        let parsed = parse_decimal(text.as_bytes());
        assert_eq!(parsed.map(|d| (d.mantissa(), d.scale())), expected, "{text}");
    }

    #[test]
    fn reads_decimals_exactly() {
        decimal("0", Some((0, 0)));
        decimal("0.5700", Some((5700, 4)));
        decimal("15438", Some((15438, 0)));
        decimal("-3.9900", Some((-39900, 4)));
        decimal("-0.00", Some((0, 2)));
        decimal("12345678", Some((12_345_678, 0)));
        decimal("123456.78", Some((12_345_678, 2)));
        decimal(".5", Some((5, 1)));
        decimal("5.", Some((5, 0)));
        decimal("00000000000000000000000000000000000001", Some((1, 0)));
        decimal(
            "79228162514264337593543950335",
            Some((79_228_162_514_264_337_593_543_950_335, 0)),
        );
        decimal("79228162514264337593543950336", None);
        decimal("0.0000000000000000000000000001", Some((1, 28)));
        decimal("0.00000000000000000000000000001", None);
        for bad in [
            "", "-", ".", "-.", "1e5", "+1", " 1", "1 ", "1.2.3", "1,2", "0x1", "--1", "1-", "\u{661}",
        ] {
            decimal(bad, None);
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for text in [
            "0",
            "0.00",
            "5",
            "42",
            "100",
            "0.5700",
            "-3.9900",
            "123456.78",
            "0.006",
            "15438",
            "10.0",
            "79228162514264337593543950335",
            "-0.0000000000000000000000000001",
            "18446744073709551616.5",
            "4294967296",
            "-429496729.6",
            "7.9228162514264337593543950335",
        ] {
            let mut buffer = [0; DECIMAL_LENGTH];
            let start = write_decimal(parse_decimal(text.as_bytes()).unwrap(), &mut buffer);
            assert_eq!(std::str::from_utf8(&buffer[start..]), Ok(text));
        }
    }

    #[test]
    fn reads_integers() {
        let check = |text: &str, expected| assert_eq!(parse_int(text.as_bytes()), expected, "{text}");
        check("0", Some(0));
        check("007", Some(7));
        check("-12", Some(-12));
        check("123456789012", Some(123_456_789_012));
        check("9223372036854775807", Some(i64::MAX));
        check("-9223372036854775808", Some(i64::MIN));
        for bad in [
            "",
            "-",
            "9223372036854775808",
            "-9223372036854775809",
            "1.0",
            "+1",
            "99999999999999999999",
            "1a",
        ] {
            check(bad, None);
        }
    }
}
