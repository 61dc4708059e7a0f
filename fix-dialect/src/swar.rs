//! Eight bytes at a time in one register: the arithmetic behind the number and time parsers.

use wide::u8x16;

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

/// The number that the `count` (1 to 8) ASCII digits in the low bytes of `word` spell; what stands above them is not
/// looked at.
#[inline]
pub(crate) const fn up_to_eight_digits(word: u64, count: usize) -> Option<u32> {
    let shift = (8 - count as u32) * 8;
    eight_digits(word << (shift & 63) | ZEROS[count & 7])
}

/// The `0`s that fill up a word in whose high bytes this many digits stand; eight (or none) need none.
pub(crate) const ZEROS: [u64; 8] = {
    let mut fills = [0; 8];
    let mut count = 1;
    while count < 8 {
        fills[count] = 0x3030_3030_3030_3030 >> (count * 8);
        count += 1;
    }
    fills
};

/// Marks the bytes of `word` that are `needle` by their highest bit: the lowest mark is exact, those above it need not
/// be.
#[inline]
pub(crate) const fn marks(word: u64, needle: u8) -> u64 {
    let difference = word ^ (needle as u64 * 0x0101_0101_0101_0101);
    difference.wrapping_sub(0x0101_0101_0101_0101) & !difference & 0x8080_8080_8080_8080
}

/// Where the first byte `needle` stands in `word`, counted from the lowest; eight when it does not.
#[inline]
pub(crate) const fn position(word: u64, needle: u8) -> usize {
    (marks(word, needle).trailing_zeros() / 8) as usize
}

/// The sum of a vector's lanes.
#[inline]
pub(crate) fn lanes(vector: u8x16) -> usize {
    const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
    let (words, _) = vector.as_array().as_chunks::<8>();
    let mut sum = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        sum += (word & EVEN) + (word >> 8 & EVEN);
    }
    // Four sums of at most 1,020 in lanes of sixteen bits.
    (sum.wrapping_mul(0x0001_0001_0001_0001) >> 48) as usize
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
