//! A limiter that sessions and others share.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::budget::Budgets;
use super::cost::{Bucket, Cost, CostTable};
use super::limiter::{Decision, RateLimiter};
use crate::driver::instant;

/// The rate limits of one product, for everything that draws on them: put it into an `Arc`, give it to the clients of the
/// product, and ask it before a REST request. Time is tokio's.
///
/// ```
/// use std::sync::Arc;
///
/// use kalshi_fix::rate::{Bucket, Budgets, Cost, SharedRateLimiter, Tier};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), kalshi_fix::rate::RateLimited> {
/// let limits = Arc::new(SharedRateLimiter::new(Budgets::prediction(Tier::Premier)));
/// // A batch of 25 cancellations over REST, billed to the bucket that names no shard.
/// limits.acquire(&Cost::new(Bucket::Write, 50)).await?;
/// assert_eq!(limits.tokens(Bucket::Write), 1_950);
/// # Ok(())
/// # }
/// ```
pub struct SharedRateLimiter {
    costs: CostTable,
    origin: Instant,
    core: Mutex<RateLimiter>,
    /// Whoever waits for a bucket holds its turn, and others queue for that. A shard has one of its own, or shares it with
    /// shards 64 further on.
    turns: Vec<tokio::sync::Mutex<()>>,
}

/// What a session does with a message for which there are no tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RatePolicy {
    /// It waits for them, in turn. What must not wait (`try_send`) is refused.
    #[default]
    Wait,
    /// It refuses the message, which takes no sequence number.
    Refuse,
    /// It sends the message. The tokens are taken all the same, as far as there are any, so that others see them go.
    Off,
}

/// There are no tokens for something. Nothing was sent, and no token taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tokens} tokens of the rate limit's {bucket} bucket are needed: {}", in_words(*wait))]
#[non_exhaustive]
pub struct RateLimited {
    /// The bucket.
    pub bucket: Bucket,
    /// What it would have taken.
    pub tokens: u32,
    /// How long until they are there, if nobody else takes them; `None`: they never will be.
    pub wait: Option<Duration>,
}

fn in_words(wait: Option<Duration>) -> String {
    match wait {
        Some(wait) => format!("they are there in {wait:?}, or later where others wait for them"),
        None => "it never holds that many".to_owned(),
    }
}

impl SharedRateLimiter {
    /// Full buckets of these sizes, and the venue's costs.
    #[must_use]
    pub fn new(budgets: Budgets) -> SharedRateLimiter {
        SharedRateLimiter::with_costs(budgets, CostTable::venue())
    }

    /// Full buckets of these sizes, and these costs.
    #[must_use]
    pub fn with_costs(budgets: Budgets, costs: CostTable) -> SharedRateLimiter {
        SharedRateLimiter {
            costs,
            origin: Instant::now(),
            core: Mutex::new(RateLimiter::new(budgets)),
            turns: (0..SHARD_TURNS + 2)
                .map(|_| tokio::sync::Mutex::new(()))
                .collect(),
        }
    }

    /// What messages cost.
    #[must_use]
    pub fn costs(&self) -> &CostTable {
        &self.costs
    }

    /// Takes the tokens as soon as they are there. Whoever came first is served first, for each bucket.
    ///
    /// Dropping the future before it is ready takes none, and gives up the place in the queue.
    ///
    /// # Errors
    ///
    /// Only if the tokens never will be there.
    pub async fn acquire(&self, cost: &Cost) -> Result<(), RateLimited> {
        if cost.tokens == 0 && !cost.is_mass_cancel {
            return Ok(());
        }
        let _turn = self.turn(cost.bucket).lock().await;
        loop {
            // Taken in the last step before the future is ready, so that none is lost when it is dropped.
            match self.take(cost) {
                Decision::Ready => return Ok(()),
                Decision::WaitUntil(time) => tokio::time::sleep_until(instant(self.origin, time)).await,
                Decision::Never => return Err(self.refusal(cost, Decision::Never)),
            }
        }
    }

    /// Takes the tokens if they are there, and nobody waits for some of that bucket.
    pub fn try_acquire(&self, cost: &Cost) -> Result<(), RateLimited> {
        if cost.tokens == 0 && !cost.is_mass_cancel {
            return Ok(());
        }
        let Ok(_turn) = self.turn(cost.bucket).try_lock() else {
            let decision = self.core().check(self.now(), cost);
            return Err(self.refusal(cost, decision));
        };
        match self.take(cost) {
            Decision::Ready => Ok(()),
            decision => Err(self.refusal(cost, decision)),
        }
    }

    /// Takes the tokens, or as many as there are: for what is sent in any case.
    pub fn take_what_is_there(&self, cost: &Cost) {
        let now = self.now();
        self.core().take_what_is_there(now, cost);
    }

    /// Gives back the tokens of something that was not sent after all.
    pub fn put_back(&self, cost: &Cost) {
        self.core().put_back(cost);
    }

    /// The venue refused something for its rate: see [`RateLimiter::refused`]. Sessions that have this limiter call it for
    /// what they are told; a REST client does on status 429, with the `MsgType (35)` that the request corresponds to, or
    /// none.
    pub fn refused(&self, msg_type: Option<&str>) {
        let is_write = msg_type.is_some_and(|msg_type| self.costs.of(msg_type).is_write);
        let now = self.now();
        self.core().refused(now, msg_type, is_write);
    }

    /// How many whole tokens a bucket holds now.
    #[must_use]
    pub fn tokens(&self, bucket: Bucket) -> u32 {
        let now = self.now();
        self.core().tokens(now, bucket)
    }

    fn take(&self, cost: &Cost) -> Decision {
        let now = self.now();
        self.core().take(now, cost)
    }

    fn refusal(&self, cost: &Cost, decision: Decision) -> RateLimited {
        let wait = match decision {
            Decision::Ready => Some(Duration::ZERO),
            Decision::WaitUntil(time) => Some(time.saturating_sub(self.now())),
            Decision::Never => None,
        };
        RateLimited {
            bucket: cost.bucket,
            tokens: cost.tokens,
            wait,
        }
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn core(&self) -> MutexGuard<'_, RateLimiter> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, bucket: Bucket) -> &tokio::sync::Mutex<()> {
        let at = match bucket {
            Bucket::Read => 0,
            Bucket::Write => 1,
            Bucket::ShardWrite(shard) => 2 + usize::from(shard) % SHARD_TURNS,
        };
        &self.turns[at]
    }
}

impl fmt::Debug for SharedRateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRateLimiter")
            .field("budgets", &self.core().budgets())
            .field("read", &self.tokens(Bucket::Read))
            .field("write", &self.tokens(Bucket::Write))
            .finish_non_exhaustive()
    }
}

const SHARD_TURNS: usize = 64;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rate::Tier;

    fn limits() -> Arc<SharedRateLimiter> {
        Arc::new(SharedRateLimiter::new(Budgets::prediction(Tier::Basic)))
    }

    const ORDER: Cost = Cost::new(Bucket::Write, 10);
    const ALL: Cost = Cost::new(Bucket::Write, 100);

    #[tokio::test(start_paused = true)]
    async fn it_waits_no_longer_than_it_must() {
        let limits = limits();
        let start = Instant::now();
        for _ in 0..15 {
            limits.acquire(&ORDER).await.unwrap();
        }
        // 100 tokens at once, then one order in 100 ms; tokio's timer counts whole milliseconds.
        assert_eq!(start.elapsed().as_millis(), 500);
        let error = limits.try_acquire(&ALL).unwrap_err();
        assert_eq!(
            error.to_string(),
            "100 tokens of the rate limit's Write bucket are needed: they are there in 1s, or later where others wait for them"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_came_first_is_served_first() {
        let limits = limits();
        limits.acquire(&ALL).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (name, tokens) in [("first", 60), ("second", 1), ("third", 30)] {
            let (limits, served) = (Arc::clone(&limits), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                limits.acquire(&Cost::new(Bucket::Write, tokens)).await.unwrap();
                served.lock().unwrap().push(name);
            }));
            tokio::task::yield_now().await;
        }
        // There are tokens for the second one long before the first one's, and it waits; so does who will not wait.
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(limits.tokens(Bucket::Write), 50);
        assert!(limits.try_acquire(&Cost::new(Bucket::Write, 1)).is_err());
        // Other buckets are another queue.
        assert_eq!(limits.try_acquire(&Cost::new(Bucket::Read, 1)), Ok(()));
        assert_eq!(limits.try_acquire(&Cost::new(Bucket::ShardWrite(1), 1)), Ok(()));
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["first", "second", "third"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_takes_nothing_and_holds_nobody_up() {
        let limits = limits();
        limits.acquire(&ALL).await.unwrap();
        let patience = Duration::from_millis(50);
        assert!(
            tokio::time::timeout(patience, limits.acquire(&ALL))
                .await
                .is_err()
        );
        // Both one that waits for tokens and one that waits for its turn.
        let waiting = tokio::spawn({
            let limits = Arc::clone(&limits);
            async move { limits.acquire(&ALL).await }
        });
        tokio::task::yield_now().await;
        assert!(
            tokio::time::timeout(patience, limits.acquire(&ORDER))
                .await
                .is_err()
        );
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        // 100 ms have passed: the tokens of exactly one order.
        assert_eq!(limits.tokens(Bucket::Write), 10);
        assert_eq!(limits.try_acquire(&ORDER), Ok(()));
        assert_eq!(limits.tokens(Bucket::Write), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_of_the_venues_makes_others_wait() {
        let limits = limits();
        limits.refused(Some("D"));
        assert_eq!(
            limits.try_acquire(&ORDER).unwrap_err().wait,
            Some(Duration::from_millis(100))
        );
        let start = Instant::now();
        limits.acquire(&ORDER).await.unwrap();
        assert_eq!(start.elapsed().as_millis(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_fits_is_an_error_and_no_wait() {
        let limits = limits();
        let error = limits.acquire(&Cost::new(Bucket::Write, 101)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "101 tokens of the rate limit's Write bucket are needed: it never holds that many"
        );
        limits.take_what_is_there(&Cost::new(Bucket::Write, 101));
        assert_eq!(limits.tokens(Bucket::Write), 0);
    }
}
