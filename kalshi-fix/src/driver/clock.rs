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
        instant(self.origin, deadline)
    }
}

/// So long from now. A time-out may be longer than what the system's clock can count to.
pub(crate) fn after(time: Duration) -> Instant {
    instant(Instant::now(), time)
}

/// So long after the moment that a core counts from, or as late as the system's clock can count to.
pub(crate) fn instant(origin: Instant, time: Duration) -> Instant {
    origin + time.min(NEVER)
}

/// Longer than any session lasts: thirty years.
const NEVER: Duration = Duration::from_hours(30 * 365 * 24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_too_long_to_count_to() {
        let origin = Instant::now();
        assert_eq!(
            instant(origin, Duration::from_secs(5)),
            origin + Duration::from_secs(5)
        );
        assert_eq!(instant(origin, Duration::MAX), origin + NEVER);
        assert!(after(Duration::MAX) >= origin + NEVER);
    }
}
