//! The exchange's time: nanoseconds since the Unix epoch, handed in by the caller, and the end of a trading day.

use std::fmt;

use fix_dialect::{Precision, Timestamp};

use crate::reconnect::new_york::offset;

/// An instant in UTC, in nanoseconds since the Unix epoch. The exchange reads no clock: each command carries one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The instant `nanos` nanoseconds after the Unix epoch.
    #[must_use]
    pub const fn from_unix_nanos(nanos: i64) -> Time {
        Time(nanos)
    }

    /// The instant `seconds` seconds after the Unix epoch.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Time {
        Time(seconds.saturating_mul(NANOS))
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_nanos(self) -> i64 {
        self.0
    }

    /// The instant as FIX writes it, in milliseconds.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_unix_nanos(self.0).with_precision(Precision::MILLIS)
    }

    /// The date of this instant in New York, as `YYYYMMDD`.
    #[must_use]
    pub fn date_in_new_york(self) -> String {
        let seconds = self.0.div_euclid(NANOS);
        let local = Time::from_unix_seconds(seconds + offset(seconds)).to_string();
        local.split('-').next().unwrap_or_default().to_owned()
    }

    /// The end of this instant's day in New York, 23:59:59.999 there: when a Day order expires.
    #[must_use]
    pub fn end_of_day_in_new_york(self) -> Time {
        let seconds = self.0.div_euclid(NANOS);
        let local = seconds + offset(seconds);
        let end = local.div_euclid(DAY) * DAY + DAY - 1;
        // The offset can differ at the end of a day on which the clocks change; they change at night, hours before it.
        let standard = end + 5 * HOUR;
        let in_utc = if offset(standard - HOUR) == -4 * HOUR {
            standard - HOUR
        } else {
            standard
        };
        Time(in_utc * NANOS + 999_000_000)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.timestamp(), formatter)
    }
}

const NANOS: i64 = 1_000_000_000;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(unix_seconds: i64, now: &str, end_of_day: &str) {
        let time = Time::from_unix_seconds(unix_seconds);
        assert_eq!(
            (
                time.to_string().as_str(),
                time.end_of_day_in_new_york().to_string().as_str()
            ),
            (now, end_of_day)
        );
    }

    #[test]
    fn a_date_is_new_yorks() {
        for (seconds, expected) in [
            (1_767_225_600, "20251231"),
            (1_782_907_200, "20260701"),
            (1_767_243_600, "20260101"),
        ] {
            assert_eq!(Time::from_unix_seconds(seconds).date_in_new_york(), expected);
        }
    }

    #[test]
    fn a_day_ends_before_midnight_in_new_york() {
        check(1_767_225_600, "20260101-00:00:00.000", "20260101-04:59:59.999");
        check(1_782_907_200, "20260701-12:00:00.000", "20260702-03:59:59.999");
        // 2026-03-08: the clocks go forward at 07:00 UTC.
        check(1_772_949_600, "20260308-06:00:00.000", "20260309-03:59:59.999");
        // 2026-11-01: the clocks go back at 06:00 UTC.
        check(1_793_509_200, "20261101-05:00:00.000", "20261102-04:59:59.999");
        check(1_709_164_800, "20240229-00:00:00.000", "20240229-04:59:59.999");
    }
}
