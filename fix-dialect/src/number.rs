//! Numbers as they stand on the wire: read exactly or not at all, written with their scale kept.

use rust_decimal::Decimal;

use crate::{SOH, swar};

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
    match digits.len() {
        0 => None,
        length @ 1..=8 => short_decimal(swar::word(digits), length).signed(negative),
        _ => long_decimal(digits, negative),
    }
}

/// As [`parse_decimal`] of `frame[start..end]`.
///
/// Inlined, while what it calls is not and answers in registers: a decimal that went through memory would be written
/// in quarters and read whole, which stalls until the quarters have left the store buffer.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "a call would hand the decimal over in memory"
)]
pub(crate) fn decimal_at(frame: &[u8], start: usize, end: usize) -> Option<Decimal> {
    let short = short_decimal_at(frame, start, end);
    if short != NOT_SHORT {
        return short.signed(short.0 & NEGATIVE != 0);
    }
    match long_decimal_at(frame, start, end) {
        u128::MAX => None,
        decimal => Some(Decimal::deserialize(decimal.to_le_bytes())),
    }
}

/// The serialised decimal of `frame[start..end]`, or all ones.
#[cold]
#[inline(never)]
fn long_decimal_at(frame: &[u8], start: usize, end: usize) -> u128 {
    let decimal = frame.get(start..end).and_then(parse_decimal);
    decimal.map_or(u128::MAX, |decimal| u128::from_le_bytes(decimal.serialize()))
}

/// A decimal of at most eight digits in one register: the mantissa in the low half, the scale above it, and the sign.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ShortDecimal(u64);

const NOT_SHORT: ShortDecimal = ShortDecimal(u64::MAX);
const NEGATIVE: u64 = 1 << 63;

impl ShortDecimal {
    #[inline]
    fn signed(self, negative: bool) -> Option<Decimal> {
        let scale = (self.0 >> 32) as u32 & 7;
        (self != NOT_SHORT).then(|| Decimal::from_parts(self.0 as u32, 0, 0, negative, scale))
    }
}

/// What is not short, or no decimal, is [`NOT_SHORT`].
///
/// A call of its own: it is the same code for every decimal of a dialect, and its result is in a register.
#[inline(never)]
fn short_decimal_at(frame: &[u8], start: usize, end: usize) -> ShortDecimal {
    let Some(word) = frame.get(start..start + 8).and_then(<[u8]>::as_array) else {
        return NOT_SHORT;
    };
    let word = u64::from_le_bytes(*word);
    let length = end.wrapping_sub(start);
    if word as u8 != b'-' {
        if length.wrapping_sub(1) >= 8 {
            return NOT_SHORT;
        }
        return short_decimal(word, length);
    }
    // Behind the sign the word holds seven digits.
    if length.wrapping_sub(2) >= 7 {
        return NOT_SHORT;
    }
    match short_decimal(word >> 8, length - 1) {
        NOT_SHORT => NOT_SHORT,
        ShortDecimal(decimal) => ShortDecimal(decimal | NEGATIVE),
    }
}

/// The decimal that the `length` (1 to 8) low bytes of `word` spell; what stands above them is not looked at.
#[inline]
fn short_decimal(word: u64, length: usize) -> ShortDecimal {
    // The last byte of the number becomes the highest of the word, so that a digit's place in it is known.
    let text = word << (((8 - length) * 8) & 63);
    let points = swar::marks(text, b'.');
    let (digits, scale) = if points == 0 {
        (text | swar::ZEROS[length & 7], 0)
    } else if length == 1 {
        return NOT_SHORT;
    } else {
        // Everything below the point moves up into its place.
        let point = points & points.wrapping_neg();
        let before = text & ((point >> 7) - 1);
        let after = text & (point << 1).wrapping_neg();
        let digits = before << 8 | after | swar::ZEROS[(length - 1) & 7];
        (digits, 7 - u64::from(points.trailing_zeros() / 8))
    };
    match swar::eight_digits(digits) {
        Some(mantissa) => ShortDecimal(u64::from(mantissa) | scale << 32),
        None => NOT_SHORT,
    }
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

/// As [`parse_unsigned`] of `frame[start..end]`, where `word` is the first eight bytes from `start` on.
#[inline]
pub(crate) fn unsigned_at(word: u64, frame: &[u8], start: usize, end: usize) -> Option<u64> {
    match end.wrapping_sub(start) {
        length @ 1..=8 => swar::up_to_eight_digits(word, length).map(u64::from),
        _ => parse_unsigned(frame.get(start..end)?),
    }
}

/// The most bytes that [`write_decimal`] writes: sign, 29 digits, point and a leading zero.
pub(crate) const DECIMAL_LENGTH: usize = 32;

/// A decimal of at most five digits and four decimals, and the delimiter, as the low bytes of a word; also how many
/// bytes those are. Most prices and quantities are such.
///
/// The number of digits is found by branches, which a predictor learns; to compute it would make each value wait for the
/// one before.
#[inline]
pub(crate) fn short_decimal_text(value: Decimal) -> Option<(u64, usize)> {
    let parts = value.unpack();
    if parts.hi != 0 || parts.mid != 0 || parts.lo >= 100_000 || parts.scale > 4 {
        return None;
    }
    let (text, length) = if parts.scale == 0 {
        short_text(parts.lo, u64::from(SOH), 1)
    } else {
        // From the last byte to the first.
        let (mut rest, mut text) = (parts.lo, u64::from(SOH));
        if parts.scale & 1 == 1 {
            text = text << 8 | digit(rest % 10);
            rest /= 10;
        }
        if parts.scale >= 2 {
            text = text << 16 | pair(rest % 100);
            rest /= 100;
        }
        if parts.scale == 4 {
            text = text << 16 | pair(rest % 100);
            rest /= 100;
        }
        short_text(rest, text << 8 | u64::from(b'.'), parts.scale as usize + 2)
    };
    if parts.negative {
        return Some((text << 8 | u64::from(b'-'), length + 1));
    }
    Some((text, length))
}

/// The digits of a number below one million in front of `text`, of which `length` bytes are in use; also how many are
/// then. The caller sees to it that they fit.
#[inline]
pub(crate) fn short_text(number: u32, text: u64, length: usize) -> (u64, usize) {
    if number < 10 {
        (text << 8 | digit(number), length + 1)
    } else if number < 100 {
        (text << 16 | pair(number), length + 2)
    } else if number < 1000 {
        (
            text << 24 | pair(number % 100) << 8 | digit(number / 100),
            length + 3,
        )
    } else if number < 10_000 {
        (
            text << 32 | pair(number % 100) << 16 | pair(number / 100),
            length + 4,
        )
    } else {
        let (top, low) = (number / 10_000, number % 10_000);
        let text = text << 32 | pair(low % 100) << 16 | pair(low / 100);
        if top < 10 {
            (text << 8 | digit(top), length + 5)
        } else {
            (text << 16 | pair(top), length + 6)
        }
    }
}

/// A number below ten.
#[inline]
fn digit(number: u32) -> u64 {
    u64::from(b'0') + u64::from(number)
}

/// The two digits of a number below one hundred, as the low bytes of a word.
#[inline]
pub(crate) fn pair(number: u32) -> u64 {
    u64::from(u16::from_le_bytes(PAIRS[number as usize % 100]))
}

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
