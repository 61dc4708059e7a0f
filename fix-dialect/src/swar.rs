//! Eight bytes at a time in one register: the arithmetic behind the number and time parsers.

/// `bytes` (at most eight) as a little-endian word: the first byte is the lowest, absent ones are zero.
#[inline]
pub(crate) fn word(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk::<8>() {
        u64::from_le_bytes(*eight)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // Two overlapping halves.
        let low = u64::from(u32::from_le_bytes(*first));
        let high = u64::from(u32::from_le_bytes(*last));
        low | high << ((bytes.len() - 4) * 8)
    } else {
        match *bytes {
            [a, b, c] => u64::from(u32::from_le_bytes([a, b, c, 0])),
            [a, b] => u64::from(u16::from_le_bytes([a, b])),
            [a] => u64::from(a),
            _ => 0,
        }
    }
}

/// Whether every byte of `digits`, already reduced by `0x30`, is at most nine.
#[inline]
pub(crate) const fn are_digits(digits: u64) -> bool {
    (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 == 0
}

/// The number that eight ASCII digits spell, the first in the lowest byte.
#[inline]
pub(crate) const fn eight_digits(word: u64) -> Option<u32> {
    let digits = word ^ 0x3030_3030_3030_3030;
    if !are_digits(digits) {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let outer = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let inner = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    Some((outer.wrapping_add(inner) >> 32) as u32)
}

/// The number that the `count` (1 to 8) ASCII digits in the low bytes of `word` spell.
#[inline]
pub(crate) const fn up_to_eight_digits(word: u64, count: usize) -> Option<u32> {
    let shift = (8 - count as u32) * 8;
    let zeros = 0x3030_3030_3030_3030_u64.unbounded_shr(count as u32 * 8);
    eight_digits(word.unbounded_shl(shift) | zeros)
}

/// Where the first byte `needle` stands in `word`, counted from the lowest; eight when it does not.
#[inline]
pub(crate) const fn position(word: u64, needle: u8) -> usize {
    let difference = word ^ (needle as u64 * 0x0101_0101_0101_0101);
    let zeros = difference.wrapping_sub(0x0101_0101_0101_0101) & !difference & 0x8080_8080_8080_8080;
    (zeros.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_digits() {
        let text = b"12345678";
        for count in 1..=8 {
            let expected = text[..count].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
            assert_eq!(up_to_eight_digits(word(&text[..count]), count), Some(expected));
            let mut bad = *text;
            for byte in [b'/', b':', 0, 0x80, 0xff, b'.'] {
                bad[count - 1] = byte;
                assert_eq!(
                    up_to_eight_digits(word(&bad[..count]), count),
                    None,
                    "{count} {byte}"
                );
            }
        }
        assert_eq!(word(b""), 0);
        assert_eq!(position(word(b"0.5700"), b'.'), 1);
        assert_eq!(position(word(b"057"), b'.'), 8);
    }
}
