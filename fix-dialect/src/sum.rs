//! CheckSum (10), and the delimiters of a frame, in one pass: sixteen bytes at a time.

use wide::u8x16;

use crate::SOH;
use crate::swar::lanes;

/// The sum of `bytes`, modulo 256: CheckSum (10) as a number.
#[inline]
pub(crate) fn sum(bytes: &[u8]) -> u8 {
    let (mut even, mut odd) = (tail(bytes), u8x16::splat(0));
    let (pairs, single) = bytes.as_chunks::<LANES>().0.as_chunks::<2>();
    for [first, second] in pairs {
        even += u8x16::new(*first);
        odd += u8x16::new(*second);
    }
    for block in single {
        odd += u8x16::new(*block);
    }
    lanes(even + odd) as u8
}

/// The sum of `bytes`, modulo 256, and the number of delimiters in them.
#[inline]
pub(crate) fn sum_and_count(bytes: &[u8]) -> (u8, usize) {
    let (blocks, _) = bytes.as_chunks::<LANES>();
    let mut sums = tail(bytes);
    // Equal lanes are all ones, which is minus one.
    let mut counts = u8x16::splat(0) - sums.simd_eq(u8x16::splat(SOH));
    if blocks.len() <= MOST {
        add(blocks, &mut sums, &mut counts);
        return (lanes(sums) as u8, lanes(counts));
    }
    let mut count = lanes(counts);
    for blocks in blocks.chunks(MOST) {
        counts = u8x16::splat(0);
        add(blocks, &mut sums, &mut counts);
        count += lanes(counts);
    }
    (lanes(sums) as u8, count)
}

/// Adds the bytes of at most [`MOST`] blocks, and counts the delimiters among them.
#[inline]
fn add(blocks: &[[u8; LANES]], sums: &mut u8x16, counts: &mut u8x16) {
    for block in blocks {
        let bytes = u8x16::new(*block);
        *sums += bytes;
        *counts -= bytes.simd_eq(u8x16::splat(SOH));
    }
}

/// How many delimiters there are in `bytes`.
#[inline]
pub(crate) fn count_delimiters(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<LANES>();
    if blocks.len() > MOST {
        return sum_and_count(bytes).1;
    }
    let needle = u8x16::splat(SOH);
    let mut counts = u8x16::splat(0) - tail(bytes).simd_eq(needle);
    for block in blocks {
        counts -= u8x16::new(*block).simd_eq(needle);
    }
    lanes(counts)
}

/// The bytes behind the last whole block, in lanes of which the others are zero.
#[inline]
fn tail(bytes: &[u8]) -> u8x16 {
    let length = bytes.len() % LANES;
    if let (Some(last), Some(mask)) = (bytes.last_chunk(), MASKS[length..].first_chunk()) {
        // The last sixteen bytes, less those that belong to a whole block.
        return u8x16::new(*last) & u8x16::new(*mask);
    }
    let mut lanes = [0; LANES];
    lanes[..bytes.len()].copy_from_slice(bytes);
    u8x16::new(lanes)
}

const LANES: usize = 16;

/// So many blocks, and what is behind them, cannot overflow a lane of eight bits.
const MOST: usize = 254;

/// From `length` on: sixteen lanes, of which the last `length` are ones.
const MASKS: [u8; 2 * LANES] = {
    let mut masks = [0; 2 * LANES];
    let mut at = LANES;
    while at < masks.len() {
        masks[at] = 0xff;
        at += 1;
    }
    masks
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_length() {
        let bytes: Vec<u8> = (0..9000_u32).map(|at| (at * 7 % 251) as u8).collect();
        for length in (0..100).chain([4063, 4064, 4065, 4079, 4080, 4081, 8999]) {
            let bytes = &bytes[..length];
            let expected = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
            let count = bytes.split(|&byte| byte == SOH).count() - 1;
            assert_eq!(sum(bytes), expected, "{length}");
            assert_eq!(sum_and_count(bytes), (expected, count), "{length}");
            assert_eq!(count_delimiters(&vec![SOH; length]), length);
        }
    }
}
