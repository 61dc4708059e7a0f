//! How far the peer's clock is from ours, as its SendingTime (52) tells.

use std::time::Duration;

use fix_dialect::Timestamp;

use super::{Event, Session, SessionState};

/// A smoothed estimate of the peer's clock less ours. The time that a message was on the wire counts as ours being
/// ahead: it is what the window of SendingTime (52) judges, too.
#[derive(Default)]
pub(super) struct Skew {
    /// In microseconds, so that the smoothing does not stop short.
    estimate: Option<i64>,
    excessive: bool,
    /// How many messages there were, as far as it matters.
    samples: u8,
    /// When reading went on after the surroundings had held it up: what was sent before may have waited for us.
    reading_since: Option<Timestamp>,
}

impl Skew {
    pub(super) fn offset_millis(&self) -> Option<i64> {
        self.estimate.map(|micros| micros / 1000)
    }

    pub(super) const fn reading_again(&mut self, at: Timestamp) {
        self.reading_since = Some(at);
    }

    /// Whether a message may be late by our own fault: sent, by what is known of the peer's clock, before we read
    /// again. A clock that is set back makes this wrong for no longer than it was set back by.
    fn waited_for_us(&self, sending_time: Timestamp) -> bool {
        let offset_nanos = self.estimate.unwrap_or_default().saturating_mul(1000);
        self.reading_since
            .is_some_and(|since| sending_time.unix_nanos().saturating_sub(offset_nanos) < since.unix_nanos())
    }

    /// Takes the offset of one message, in milliseconds. Some when a warning is due, or its end: the limit must be
    /// passed for a warning, and less than half of it left for its end.
    fn observe(&mut self, offset_millis: i64, limit: Duration) -> Option<bool> {
        let sample = offset_millis.saturating_mul(1000);
        let estimate = self.estimate.map_or(sample, |estimate| {
            estimate.saturating_add(sample.saturating_sub(estimate) / SMOOTHING)
        });
        self.estimate = Some(estimate);
        self.samples = self.samples.saturating_add(1);
        if self.samples < SAMPLES {
            return None;
        }
        let (offset, limit) = (u128::from(estimate.unsigned_abs()), limit.as_micros());
        let excessive = if self.excessive {
            offset * 2 >= limit
        } else {
            offset > limit
        };
        (excessive != std::mem::replace(&mut self.excessive, excessive)).then_some(excessive)
    }
}

impl Session {
    /// A message came. A Logon (A) does not count: its time may be that of a signature that took a while.
    pub(super) fn observe_clock(&mut self, sending_time: Timestamp, offset_millis: i64) {
        let established = matches!(self.state, SessionState::Established | SessionState::LogoutSent);
        if !established || self.skew.waited_for_us(sending_time) {
            return;
        }
        let limit = self.settings.clock_skew_warning.unwrap_or(Duration::MAX);
        if let Some(excessive) = self.skew.observe(offset_millis, limit) {
            self.events.push_back(Event::ClockSkew {
                offset_millis: self.skew.offset_millis().unwrap_or_default(),
                excessive,
            });
        }
    }
}

/// A message's part in the estimate is one in this many.
const SMOOTHING: i64 = 8;
/// No warning before so many messages: a single one may have been late.
const SAMPLES: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_message_is_no_skew_and_a_drift_is() {
        let mut skew = Skew::default();
        let limit = Duration::from_secs(5);
        assert_eq!(skew.offset_millis(), None);
        for _ in 0..10 {
            assert_eq!(skew.observe(-20, limit), None);
        }
        assert_eq!(skew.observe(-20_000, limit), None);
        assert_eq!(skew.offset_millis(), Some(-2517));
        for _ in 0..50 {
            assert_eq!(skew.observe(-20, limit), None);
        }
        let warnings: Vec<bool> = (0..300)
            .filter_map(|step| {
                skew.observe(
                    if step < 150 {
                        step * 100
                    } else {
                        (300 - step) * 100
                    },
                    limit,
                )
            })
            .collect();
        assert_eq!(warnings, [true, false]);
    }

    #[test]
    fn around_the_limit_there_is_one_warning() {
        let mut skew = Skew::default();
        let limit = Duration::from_secs(5);
        assert_eq!(skew.observe(5000, limit), None);
        assert_eq!(skew.observe(5000, limit), None);
        assert_eq!(skew.observe(6000, limit), Some(true));
        for step in 0..100 {
            assert_eq!(skew.observe(if step % 2 == 0 { 4000 } else { 6000 }, limit), None);
        }
        assert_eq!(skew.observe(i64::MIN, limit), None);
        assert_eq!(skew.observe(i64::MAX, Duration::MAX), Some(false));
    }
}
