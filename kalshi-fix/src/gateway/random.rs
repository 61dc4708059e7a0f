//! Chance that follows from a seed.

/// A source of numbers that are the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the limit; 0 where the limit is 0.
    pub(super) const fn below(&mut self, limit: u64) -> u64 {
        match limit {
            0 => 0,
            _ => self.next() % limit,
        }
    }

    /// True in so many of a hundred cases.
    pub(super) const fn percent(&mut self, percent: u8) -> bool {
        self.below(100) < percent as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_has_the_same_numbers() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            [(); 4].map(|()| random.below(1000))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let mut random = Random::new(1);
        let hits = (0..10_000).filter(|_| random.percent(25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!(!(0..1000).any(|_| random.percent(0)));
        assert!((0..1000).all(|_| random.percent(100)));
    }
}
