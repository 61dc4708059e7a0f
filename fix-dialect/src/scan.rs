//! The first pass over a frame: where its delimiters are, sixteen bytes at a time.

use wide::u8x16;

use crate::SOH;

/// Reusable room for the positions of a frame's delimiters.
///
/// Filled by [`RawMessage::parse`](crate::RawMessage::parse) and by the decoder; grows to the longest frame seen.
#[derive(Debug, Clone, Default)]
pub struct FieldIndex {
    ends: Vec<u32>,
}

impl FieldIndex {
    /// An empty index.
    #[must_use]
    pub const fn new() -> FieldIndex {
        FieldIndex { ends: Vec::new() }
    }

    /// Finds every SOH of `frame`; the positions, in order.
    #[inline]
    pub(crate) fn scan(&mut self, frame: &[u8]) -> &[u32] {
        // Every byte may be a delimiter, and a block writes through a whole block of room.
        let most = frame.len() + 2 * BLOCK;
        if self.ends.len() < most {
            self.ends.resize(most.next_power_of_two(), 0);
        }
        let ends = &mut self.ends[..];
        let mut count = 0;
        let (blocks, rest) = frame.as_chunks::<BLOCK>();
        let mut base = 0;
        for block in blocks {
            count = push(ends, count, base, mask(block));
            base += BLOCK as u32;
        }
        if !rest.is_empty() {
            // The last block again from its end, less what has been seen; a copy only where there is no whole block.
            let mask = if let Some(block) = frame.last_chunk() {
                mask(block) >> (BLOCK - rest.len())
            } else {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                mask(&block)
            };
            count = push(ends, count, base, mask);
        }
        &self.ends[..count]
    }
}

const BLOCK: usize = 64;

/// A bit for each byte of the block that is SOH.
#[inline]
fn mask(block: &[u8; BLOCK]) -> u64 {
    let needle = u8x16::splat(SOH);
    let (lanes, _) = block.as_chunks::<16>();
    let mut mask = 0;
    for (at, lane) in lanes.iter().enumerate() {
        mask |= u64::from(u8x16::new(*lane).simd_eq(needle).to_bitmask()) << (at * 16);
    }
    mask
}

/// Writes the positions that are set in `mask`.
///
/// A block rarely has more than [`USUAL`] delimiters, and so many are written whether they are there or not: a loop
/// whose length differs from block to block would be mispredicted at almost every one.
#[inline]
fn push(ends: &mut [u32], count: usize, base: u32, mut mask: u64) -> usize {
    let Some(room) = ends[count..].first_chunk_mut::<BLOCK>() else {
        return count;
    };
    let found = mask.count_ones() as usize;
    for end in &mut room[..USUAL] {
        *end = base + mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
    }
    let mut at = USUAL;
    while mask != 0 {
        room[at % BLOCK] = base + mask.trailing_zeros();
        mask &= mask - 1;
        at += 1;
    }
    count + found
}

const USUAL: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_delimiter() {
        let mut index = FieldIndex::new();
        assert_eq!(index.scan(&[SOH; 4096]).len(), 4096);
        for length in 0..300 {
            let frame: Vec<u8> = (0..length)
                .map(|at| if at % 7 == 3 || at % 64 == 0 { SOH } else { b'x' })
                .collect();
            let expected: Vec<u32> = (0..length as u32)
                .filter(|&at| frame[at as usize] == SOH)
                .collect();
            assert_eq!(index.scan(&frame), expected, "{length}");
        }
    }
}
