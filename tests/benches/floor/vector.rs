//! The pass that no decoder can do without: all delimiters found and all bytes summed, 16 at a time.

use wide::u8x16;

const SOH: u8 = 0x01;
const LANES: usize = 16;

/// Writes the position of every SOH of `frame` to `delimiters`, and returns their number and the sum of all bytes
/// modulo 256. Positions that have no room are counted and not written.
#[inline(never)]
pub(crate) fn index(frame: &[u8], delimiters: &mut [u16]) -> (usize, u8) {
    let mut count = 0;
    let mut sums = u8x16::splat(0);
    let soh = u8x16::splat(SOH);
    let (chunks, tail) = frame.as_chunks::<LANES>();
    let mut at = 0;
    for chunk in chunks {
        let bytes = u8x16::new(*chunk);
        sums += bytes;
        let mut mask = bytes.simd_eq(soh).to_bitmask();
        while mask != 0 {
            if let Some(slot) = delimiters.get_mut(count) {
                *slot = (at + mask.trailing_zeros() as usize) as u16;
            }
            count += 1;
            mask &= mask - 1;
        }
        at += LANES;
    }
    let mut sum = sums
        .to_array()
        .iter()
        .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    for (offset, byte) in tail.iter().enumerate() {
        sum = sum.wrapping_add(*byte);
        if *byte == SOH {
            if let Some(slot) = delimiters.get_mut(count) {
                *slot = (at + offset) as u16;
            }
            count += 1;
        }
    }
    (count, sum)
}
