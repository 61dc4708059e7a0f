//! The time of an input.

use std::time::Duration;

use fix_dialect::Timestamp;

/// The time at which an input or a command happens, as the caller's clocks read it.
///
/// The core reads no clock. It wants two readings, because they answer different questions: intervals
/// (heartbeats, time-outs) must not jump when a wall clock is corrected, and SendingTime (52) must be UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Time since an origin of the caller's choice, on a clock that never runs backwards. The origin must be
    /// the same for the whole life of a [`Session`](super::Session); deadlines are given on the same scale.
    pub monotonic: Duration,
    /// Universal time. Finer digits than
    /// [`SessionSettings::sending_time_precision`](super::SessionSettings::sending_time_precision) are cut
    /// off where the time goes onto the wire.
    pub utc: Timestamp,
}

impl Now {
    /// Both readings of one moment.
    #[must_use]
    pub const fn new(monotonic: Duration, utc: Timestamp) -> Self {
        Now { monotonic, utc }
    }
}
