//! A deterministic source of altered inputs: no match for a fuzzer that watches coverage, and always at hand.

/// Pseudo-random numbers (xorshift64*): the same seed, the same numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A source with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below `limit`; 0 if that is 0.
    pub const fn below(&mut self, limit: usize) -> usize {
        if limit == 0 {
            return 0;
        }
        (self.next() % limit as u64) as usize
    }
}

/// One of the seeds, altered in one to six places.
///
/// # Panics
///
/// When there is no seed.
pub fn altered(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        alter(&mut bytes, &seeds[random.below(seeds.len())], random);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn alter(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let length = bytes.len();
    let at = random.below(length + 1);
    match random.below(8) {
        0 => bytes.insert(at, random.next() as u8),
        1 => bytes
            .splice(at..at, WORDS[random.below(WORDS.len())].bytes())
            .for_each(drop),
        2 => drop(bytes.drain(at..(at + 1 + random.below(16)).min(length))),
        3 => {
            let piece = piece(other, random).to_vec();
            drop(bytes.splice(at..at, piece));
        }
        4 => {
            let piece = piece(bytes, random).to_vec();
            drop(bytes.splice(at..at, piece));
        }
        5 => {
            let end = (at + random.below(4)).min(length);
            drop(bytes.splice(at..end, WORDS[random.below(WORDS.len())].bytes()));
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = match random.below(3) {
                    0 => *byte ^ (1 << random.below(8)),
                    1 => byte.wrapping_add(1),
                    _ => random.next() as u8,
                };
            }
        }
    }
}

fn piece<'b>(bytes: &'b [u8], random: &mut Random) -> &'b [u8] {
    let start = random.below(bytes.len());
    let end = (start + random.below(48)).min(bytes.len());
    &bytes[start..end]
}

/// What means something to one of the targets.
const WORDS: [&str; 18] = [
    "\x01",
    "=",
    "0",
    "1",
    "-1",
    "9",
    "\x0110=000\x01",
    "\x0135=",
    "\x019=",
    "8=FIX",
    "58=x\x01",
    "9999=y\x01",
    "95=3\x0196=",
    "\u{fffd}",
    "18446744073709551616",
    "<",
    "'/>",
    "&lt;",
];

const LONGEST: usize = 1 << 16;
