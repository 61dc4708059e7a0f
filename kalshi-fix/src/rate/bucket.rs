//! One bucket: tokens in billionths, so that a refill over nanoseconds is a whole number and nothing is rounded.

use std::time::Duration;

use super::budget::Budget;

/// A bucket that refills continuously up to its capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenBucket {
    budget: Budget,
    /// In billionths of a token, at most the capacity.
    level: u64,
    /// When the level was right.
    at: Duration,
}

/// When so many tokens will be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    None,
    Until(Duration),
    Forever,
}

impl TokenBucket {
    /// A full bucket.
    pub(super) fn full(budget: Budget, now: Duration) -> TokenBucket {
        TokenBucket {
            budget,
            level: u64::from(budget.capacity) * BILLIONTHS,
            at: now,
        }
    }

    /// When the bucket will hold so many tokens.
    pub(super) fn wait(&mut self, now: Duration, tokens: u32) -> Wait {
        self.refill(now);
        let needed = u64::from(tokens) * BILLIONTHS;
        let Some(missing) = needed.checked_sub(self.level).filter(|missing| *missing > 0) else {
            return Wait::None;
        };
        if tokens > self.budget.capacity || self.budget.per_second == 0 {
            return Wait::Forever;
        }
        // A billionth of a token is what one token a second makes in a nanosecond.
        let nanos = missing.div_ceil(u64::from(self.budget.per_second));
        // `at` and not `now`: a clock that went back is waited for.
        Wait::Until(self.at.saturating_add(Duration::from_nanos(nanos)))
    }

    /// Takes so many tokens, or all that are there.
    pub(super) fn take(&mut self, tokens: u32) {
        self.level = self.level.saturating_sub(u64::from(tokens) * BILLIONTHS);
    }

    /// Gives tokens back that were not used.
    pub(super) fn put_back(&mut self, tokens: u32) {
        let most = u64::from(self.budget.capacity) * BILLIONTHS;
        self.level = self
            .level
            .saturating_add(u64::from(tokens) * BILLIONTHS)
            .min(most);
    }

    /// Empties it.
    pub(super) fn drain(&mut self, now: Duration) {
        self.refill(now);
        self.level = 0;
    }

    /// Whole tokens in it.
    pub(super) fn tokens(&mut self, now: Duration) -> u32 {
        self.refill(now);
        (self.level / BILLIONTHS) as u32
    }

    fn refill(&mut self, now: Duration) {
        // A clock that goes back refills nothing, and what it then makes up for is not counted twice.
        let Some(elapsed) = now.checked_sub(self.at) else {
            return;
        };
        self.at = now;
        let most = u64::from(self.budget.capacity) * BILLIONTHS;
        let refill = elapsed
            .as_nanos()
            .saturating_mul(u128::from(self.budget.per_second));
        let level = u128::from(self.level)
            .saturating_add(refill)
            .min(u128::from(most));
        // At most `most`, which is one.
        self.level = u64::try_from(level).unwrap_or(most);
    }
}

const BILLIONTHS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(nanos: u64) -> Duration {
        Duration::from_nanos(nanos)
    }

    #[test]
    fn it_waits_for_what_is_missing_to_the_nanosecond() {
        let mut bucket = TokenBucket::full(Budget::new(3, 10), at(0));
        assert_eq!(bucket.wait(at(0), 10), Wait::None);
        bucket.take(10);
        // A third of a second, rounded up: one nanosecond earlier there is less than a token.
        assert_eq!(bucket.wait(at(0), 1), Wait::Until(at(333_333_334)));
        assert_eq!(bucket.wait(at(333_333_333), 1), Wait::Until(at(333_333_334)));
        assert_eq!(bucket.wait(at(333_333_334), 1), Wait::None);
        assert_eq!(bucket.wait(at(333_333_334), 11), Wait::Forever);
        assert_eq!(bucket.tokens(at(1_000_000_000_000)), 10);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut bucket = TokenBucket::full(Budget::new(1_000, 1_000), at(5_000_000_000));
        bucket.drain(at(5_000_000_000));
        assert_eq!(bucket.wait(at(1), 1), Wait::Until(at(5_001_000_000)));
        assert_eq!(bucket.tokens(at(5_500_000_000)), 500);
    }

    #[test]
    fn nothing_overflows() {
        let mut bucket = TokenBucket::full(Budget::new(u32::MAX, u32::MAX), Duration::ZERO);
        bucket.drain(Duration::ZERO);
        assert_eq!(bucket.tokens(Duration::MAX), u32::MAX);
        bucket.put_back(u32::MAX);
        assert_eq!(bucket.tokens(Duration::MAX), u32::MAX);
        bucket.drain(Duration::MAX);
        assert_eq!(bucket.wait(Duration::MAX, u32::MAX), Wait::Until(Duration::MAX));
        let mut never = TokenBucket::full(Budget::new(0, 5), Duration::ZERO);
        never.take(5);
        assert_eq!(never.wait(Duration::MAX, 1), Wait::Forever);
    }

    proptest! {
        /// The venue's promise: in any span, no more than the capacity and what the span refills.
        #[test]
        fn no_span_gets_more_than_its_share(
            per_second in 1_u32..10_000,
            capacity in 1_u32..20_000,
            steps in prop::collection::vec((0_u64..2_000_000_000, 1_u32..50), 1..100),
        ) {
            let mut bucket = TokenBucket::full(Budget::new(per_second, capacity), Duration::ZERO);
            let mut now = 0_u64;
            let mut taken: Vec<(u64, u32)> = Vec::new();
            for (elapsed, tokens) in steps {
                now += elapsed;
                match bucket.wait(at(now), tokens) {
                    Wait::None => {
                        bucket.take(tokens);
                        taken.push((now, tokens));
                    }
                    Wait::Until(then) => {
                        // Not yet a nanosecond earlier, and then for certain.
                        let mut early = bucket;
                        prop_assert!(early.wait(then.saturating_sub(at(1)), tokens) != Wait::None);
                        let mut late = bucket;
                        prop_assert_eq!(late.wait(then, tokens), Wait::None);
                    }
                    Wait::Forever => prop_assert!(tokens > capacity),
                }
            }
            for from in 0..taken.len() {
                let mut sum = 0_u128;
                for (when, tokens) in &taken[from..] {
                    sum += u128::from(*tokens) * u128::from(BILLIONTHS);
                    let span = u128::from(when - taken[from].0) * u128::from(per_second);
                    prop_assert!(sum <= u128::from(capacity) * u128::from(BILLIONTHS) + span);
                }
            }
        }
    }
}
