//! The buckets of a product together.

use std::time::Duration;

use super::bucket::{TokenBucket, Wait};
use super::budget::{Budget, Budgets};
use super::cost::{Bucket, Cost, names_a_shard};

/// The rate limits of one product, as arithmetic on whole numbers: it reads no clock. Times are those since an origin of
/// the caller's choice, on a clock that does not run backwards; if it does, nothing is gained by it.
///
/// Buckets begin full. What the venue thinks of them is only known when it refuses: see
/// [`refused`](RateLimiter::refused).
#[derive(Clone, Debug)]
pub struct RateLimiter {
    budgets: Budgets,
    read: TokenBucket,
    write: TokenBucket,
    shards: Vec<(u16, TokenBucket)>,
    mass_cancel: TokenBucket,
}

/// Whether something may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Now.
    Ready,
    /// Not before this time, if nothing else is sent until then.
    WaitUntil(Duration),
    /// Never: it costs more than its bucket holds, or the bucket never refills.
    Never,
}

impl RateLimiter {
    /// Full buckets of these sizes.
    #[must_use]
    pub fn new(budgets: Budgets) -> RateLimiter {
        let full = |budget| TokenBucket::full(budget, Duration::ZERO);
        RateLimiter {
            budgets,
            read: full(budgets.read),
            write: full(budgets.write),
            shards: Vec::new(),
            mass_cancel: full(MASS_CANCEL),
        }
    }

    /// The sizes.
    #[must_use]
    pub fn budgets(&self) -> Budgets {
        self.budgets
    }

    /// Whether there are tokens for this now. Takes none.
    pub fn check(&mut self, now: Duration, cost: &Cost) -> Decision {
        let mut decision = Decision::Ready;
        if cost.tokens > 0 {
            decision = later(decision, self.bucket(cost.bucket).wait(now, cost.tokens));
        }
        if cost.is_mass_cancel {
            decision = later(decision, self.mass_cancel.wait(now, 1));
        }
        decision
    }

    /// Takes the tokens for this, if they are there; none otherwise.
    pub fn take(&mut self, now: Duration, cost: &Cost) -> Decision {
        let decision = self.check(now, cost);
        if decision == Decision::Ready {
            self.bucket(cost.bucket).take(cost.tokens);
            if cost.is_mass_cancel {
                self.mass_cancel.take(1);
            }
        }
        decision
    }

    /// Takes the tokens, or as many as there are: for what is sent in any case.
    pub fn take_what_is_there(&mut self, now: Duration, cost: &Cost) {
        self.check(now, cost);
        self.bucket(cost.bucket).take(cost.tokens);
        if cost.is_mass_cancel {
            self.mass_cancel.take(1);
        }
    }

    /// Gives back the tokens of something that was not sent after all.
    pub fn put_back(&mut self, cost: &Cost) {
        self.bucket(cost.bucket).put_back(cost.tokens);
        if cost.is_mass_cancel {
            self.mass_cancel.put_back(1);
        }
    }

    /// The venue refused something for its rate (`BusinessMessageReject (j)` with `380=8`, or 429 over REST): whatever
    /// bucket it may have drawn on was empty. Takes the table's word for whether messages of a type draw on Write.
    ///
    /// `msg_type` is `RefMsgType (372)`; without it, every bucket is emptied. An order may have named any shard.
    pub fn refused(&mut self, now: Duration, msg_type: Option<&str>, is_write: bool) {
        if msg_type.is_none() || !is_write {
            self.read.drain(now);
        }
        if msg_type.is_none() || is_write {
            self.write.drain(now);
        }
        if msg_type.is_none_or(names_a_shard) {
            for (_, bucket) in &mut self.shards {
                bucket.drain(now);
            }
        }
        if msg_type.is_none_or(|msg_type| msg_type == "q") {
            self.mass_cancel.drain(now);
        }
    }

    /// How many whole tokens a bucket holds.
    pub fn tokens(&mut self, now: Duration, bucket: Bucket) -> u32 {
        self.bucket(bucket).tokens(now)
    }

    fn bucket(&mut self, bucket: Bucket) -> &mut TokenBucket {
        let shard = match bucket {
            Bucket::Read => return &mut self.read,
            Bucket::Write => return &mut self.write,
            Bucket::ShardWrite(shard) => shard,
        };
        let known = self.shards.iter().position(|(known, _)| *known == shard);
        match known {
            Some(at) => &mut self.shards[at].1,
            // Shards that nobody knows of: they share the bucket that is sure to exist.
            None if self.shards.len() >= MAX_SHARDS => &mut self.write,
            None => {
                let full = TokenBucket::full(self.budgets.write, Duration::ZERO);
                &mut self.shards.push_mut((shard, full)).1
            }
        }
    }
}

fn later(decision: Decision, wait: Wait) -> Decision {
    match (decision, wait) {
        (decision, Wait::None) => decision,
        (Decision::Never, _) | (_, Wait::Forever) => Decision::Never,
        (Decision::Ready, Wait::Until(time)) => Decision::WaitUntil(time),
        (Decision::WaitUntil(other), Wait::Until(time)) => Decision::WaitUntil(other.max(time)),
    }
}

/// One mass cancellation a second, and none saved up.
const MASS_CANCEL: Budget = Budget::new(1, 1);
/// The venue has a handful.
const MAX_SHARDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::{CostTable, Tier};

    fn millis(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    fn limiter() -> RateLimiter {
        RateLimiter::new(Budgets::prediction(Tier::Premier))
    }

    #[test]
    fn the_venues_example_of_a_burst() {
        let mut limiter = limiter();
        let order = CostTable::venue().cost("D", None, false);
        for _ in 0..200 {
            assert_eq!(limiter.take(millis(2_000), &order), Decision::Ready);
        }
        assert_eq!(
            limiter.take(millis(2_000), &order),
            Decision::WaitUntil(millis(2_010))
        );
        assert_eq!(limiter.tokens(millis(3_000), Bucket::Write), 1_000);
        // From then on 100 orders a second hold it there.
        for order_at in 300..400 {
            assert_eq!(limiter.take(millis(order_at * 10), &order), Decision::Ready);
        }
        assert_eq!(limiter.tokens(millis(4_000), Bucket::Write), 1_000);
    }

    #[test]
    fn buckets_are_independent() {
        let mut limiter = limiter();
        let costs = CostTable::venue();
        let cost = |shard| costs.cost("D", Some(shard), false);
        for _ in 0..200 {
            assert_eq!(limiter.take(millis(0), &cost(1)), Decision::Ready);
        }
        assert_eq!(limiter.take(millis(0), &cost(1)), Decision::WaitUntil(millis(10)));
        for other in [0, -1, 2] {
            assert_eq!(limiter.take(millis(0), &cost(other)), Decision::Ready);
        }
        assert_eq!(
            limiter.take(millis(0), &costs.cost("V", None, false)),
            Decision::Ready
        );
        // What is free never waits.
        assert_eq!(
            limiter.take(millis(0), &costs.cost("0", None, false)),
            Decision::Ready
        );
    }

    #[test]
    fn one_mass_cancellation_a_second() {
        let mut limiter = limiter();
        let cost = CostTable::venue().cost("q", None, false);
        assert_eq!(limiter.take(millis(0), &cost), Decision::Ready);
        assert_eq!(limiter.take(millis(1), &cost), Decision::WaitUntil(millis(1_000)));
        // A refusal by one bucket takes nothing from the other.
        assert_eq!(limiter.tokens(millis(1), Bucket::Write), 1_991);
        assert_eq!(limiter.take(millis(1_000), &cost), Decision::Ready);
        limiter.put_back(&cost);
        assert_eq!(limiter.take(millis(1_000), &cost), Decision::Ready);
    }

    #[test]
    fn a_refusal_of_the_venues_empties_what_it_can_have_drawn_on() {
        let costs = CostTable::venue();
        let check = |refused: Option<&str>, expected: [u32; 3]| {
            let mut limiter = limiter();
            assert_eq!(
                limiter.take(millis(0), &costs.cost("D", Some(1), false)),
                Decision::Ready
            );
            let is_write = refused.is_some_and(|msg_type| costs.of(msg_type).is_write);
            limiter.refused(millis(5_000), refused, is_write);
            let left = [Bucket::Read, Bucket::Write, Bucket::ShardWrite(1)]
                .map(|bucket| limiter.tokens(millis(5_000), bucket));
            assert_eq!(left, expected, "{refused:?}");
        };
        check(Some("D"), [1_000, 0, 0]);
        check(Some("S"), [1_000, 0, 2_000]);
        check(Some("V"), [0, 2_000, 2_000]);
        check(None, [0, 0, 0]);
    }

    #[test]
    fn shards_are_bounded() {
        let mut limiter = limiter();
        for shard in 1..1_000 {
            let cost = Cost::new(Bucket::ShardWrite(shard), 1);
            assert_eq!(limiter.take(millis(0), &cost), Decision::Ready);
        }
        assert_eq!(limiter.shards.len(), MAX_SHARDS);
        assert_eq!(limiter.tokens(millis(0), Bucket::Write), 2_000 - (999 - 64));
    }

    #[test]
    fn what_no_bucket_can_hold_never_goes() {
        let cost = Cost::new(Bucket::Write, 2_001);
        assert_eq!(limiter().take(millis(0), &cost), Decision::Never);
    }
}
