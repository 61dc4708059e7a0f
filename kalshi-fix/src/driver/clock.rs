//! The two clocks of a driver.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fix_dialect::Timestamp;
use tokio::time::Instant;

use crate::session::Now;

/// Where UTC comes from, for `SendingTime (52)` and its checks. Intervals are tokio's business.
pub trait Clock: Send + Sync {
    /// The time, now.
    fn utc(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn utc(&self) -> Timestamp {
        Timestamp::from(SystemTime::now())
    }
}

/// Both clocks, as the core wants them read.
pub(super) struct Time {
    origin: Instant,
    clock: Arc<dyn Clock>,
}

impl Time {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Time {
        Time {
            origin: Instant::now(),
            clock,
        }
    }

    pub(super) fn now(&self) -> Now {
        Now::new(self.origin.elapsed(), self.clock.utc())
    }

    /// The moment of a deadline that the core gave.
    pub(super) fn instant(&self, deadline: Duration) -> Instant {
        self.origin + deadline.min(NEVER)
    }
}

/// So long from now. A time-out may be longer than what the system's clock can count to.
pub(super) fn after(time: Duration) -> Instant {
    Instant::now() + time.min(NEVER)
}

/// Longer than any session lasts: thirty years.
const NEVER: Duration = Duration::from_hours(30 * 365 * 24);
