//! A clock that stands still until it is told to move.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use fix_dialect::Timestamp;

use super::hub::Hub;
use crate::driver::Clock;

/// A clock that stands still until it is told to move, for exchanges and clients alike. Clones show the same time.
///
/// It is where UTC comes from: SendingTime (52) and its window, expiries, the retention of messages, the times of
/// reports. Intervals (heartbeats, time-outs) are counted by tokio, whose own clock can be
/// [paused](https://docs.rs/tokio/latest/tokio/time/fn.pause.html). When it moves, orders of an exchange that
/// [uses it](super::GatewayBuilder::manual_clock) expire before it says so.
///
/// ```
/// # use kalshi_fix::credentials::PrivateKey;
/// # use kalshi_fix::prediction::Prediction;
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use kalshi_fix::dialect::Timestamp;
/// use kalshi_fix::gateway::{Gateway, ManualClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = PrivateKey::generate()?;
/// let clock = ManualClock::at(Timestamp::parse(b"20260817-16:00:00").ok_or("a time")?);
/// let gateway = Gateway::builder().market("HIGHNY-23DEC31").manual_clock(&clock).start().await?;
/// let client = gateway
///     .client_builder::<Prediction>(gateway.member().credentials(&key))
///     .clock(Arc::new(clock.clone()))
///     .build()?;
/// let session = client.order_entry().await?;
/// clock.advance(Duration::from_secs(86_400)); // the day's orders are gone
/// # session.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<Shared>);

struct Shared {
    nanos: AtomicI64,
    followers: Mutex<Vec<Weak<dyn Follower>>>,
}

/// Something in an exchange that happens by the clock.
pub(super) trait Follower: Send + Sync {
    /// The clock has moved.
    fn catch_up(&self);
}

impl Follower for Hub {
    fn catch_up(&self) {
        self.tick();
    }
}

impl ManualClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(time: Timestamp) -> ManualClock {
        ManualClock(Arc::new(Shared {
            nanos: AtomicI64::new(time.unix_nanos()),
            followers: Mutex::default(),
        }))
    }

    /// Moves it forward. What is due by then has happened in the exchanges that follow it when this returns.
    pub fn advance(&self, by: Duration) {
        let nanos = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
        let moved = |time: i64| Some(time.saturating_add(nanos));
        // It never fails: the closure always says where to.
        let _ = self
            .0
            .nanos
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
        let followers: Vec<Arc<dyn Follower>> = {
            let mut followers = self.0.followers.lock().unwrap_or_else(PoisonError::into_inner);
            followers.retain(|follower| follower.strong_count() > 0);
            followers.iter().filter_map(Weak::upgrade).collect()
        };
        for follower in followers {
            follower.catch_up();
        }
    }

    /// The time that it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix_nanos(self.0.nanos.load(Ordering::SeqCst))
    }

    /// Has this follow the clock for as long as somebody else keeps it.
    pub(super) fn lead<F: Follower + 'static>(&self, follower: Arc<F>) -> Arc<F> {
        let weak: Weak<F> = Arc::downgrade(&follower);
        let mut followers = self.0.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.push(weak);
        follower
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}

impl Clock for ManualClock {
    fn utc(&self) -> Timestamp {
        self.now()
    }
}
