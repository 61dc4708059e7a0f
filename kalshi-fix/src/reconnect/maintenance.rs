//! The venue's maintenance, told apart from faults.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fix_dialect::Timestamp;

use super::new_york::offset;

/// A time of the week at which the venue may drop sessions, by New York's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MaintenanceWindow {
    /// The day on which it begins.
    pub weekday: Weekday,
    /// When it begins, from midnight.
    pub from: Duration,
    /// How long it lasts by the clocks, less than a week.
    pub length: Duration,
}

impl MaintenanceWindow {
    /// The venue's: Thursdays, 03:00 to 05:00.
    pub const KALSHI: MaintenanceWindow = MaintenanceWindow::new(
        Weekday::Thursday,
        Duration::from_hours(3),
        Duration::from_hours(2),
    );

    /// A window of this length that begins at this time of the day.
    #[must_use]
    pub const fn new(weekday: Weekday, from: Duration, length: Duration) -> MaintenanceWindow {
        MaintenanceWindow {
            weekday,
            from,
            length,
        }
    }

    /// Until when the window lasts, if it is open at this moment.
    #[must_use]
    pub fn until(&self, utc: Timestamp) -> Option<Timestamp> {
        let now = utc.unix_nanos().div_euclid(NANOS);
        let local = now.saturating_add(offset(now));
        let begins = self.weekday as i64 * DAY + whole_seconds(self.from);
        let since = (local - begins).rem_euclid(WEEK);
        if since >= whole_seconds(self.length) {
            return None;
        }
        let ends = local - since + whole_seconds(self.length);
        // The clocks may change between now and then; the offset at the end is the one that counts.
        let guess = ends - offset(now);
        let ends = ends - offset(guess);
        Some(Timestamp::from_unix_nanos(ends.saturating_mul(NANOS)))
    }
}

impl FromStr for MaintenanceWindow {
    type Err = MaintenanceWindowError;

    /// Reads a day and two times of New York's clocks, `Thursday 03:00-05:00`. A window whose second time is not after its
    /// first ends on the next day: `Saturday 23:00-01:00`.
    fn from_str(text: &str) -> Result<MaintenanceWindow, MaintenanceWindowError> {
        let read = || {
            let (day, times) = text.split_once(' ')?;
            let (from, to) = times.split_once('-')?;
            let weekday = DAYS.into_iter().find(|known| known.to_string() == day)?;
            let (from, to) = (minutes(from)?, minutes(to)?);
            let length = if to > from {
                to - from
            } else {
                to + MINUTES_A_DAY - from
            };
            let [from, length] = [from, length].map(|minutes| Duration::from_secs(minutes * 60));
            Some(MaintenanceWindow::new(weekday, from, length))
        };
        read().ok_or_else(|| MaintenanceWindowError {
            found: text.to_owned(),
        })
    }
}

/// A text is not a [`MaintenanceWindow`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a day and two times of it, such as \"Thursday 03:00-05:00\"")]
pub struct MaintenanceWindowError {
    found: String,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the days of the week need no explanation")]
pub enum Weekday {
    // In the order of the days since the Unix epoch, which was a Thursday.
    Thursday,
    Friday,
    Saturday,
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
}

impl fmt::Display for Weekday {
    /// Its name in English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The minutes since midnight of a time such as `03:00`.
fn minutes(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let [tens, ones, b':', minute_tens, minute_ones] = bytes else {
        return None;
    };
    let number = |tens: u8, ones: u8| {
        let both = [tens, ones].map(|digit| char::from(digit).to_digit(10));
        Some(u64::from(both[0]? * 10 + both[1]?))
    };
    let (hours, minutes) = (number(*tens, *ones)?, number(*minute_tens, *minute_ones)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX).min(WEEK)
}

const DAYS: [Weekday; 7] = [
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
];
const MINUTES_A_DAY: u64 = 24 * 60;
const NANOS: i64 = 1_000_000_000;
const DAY: i64 = 24 * 3_600;
const WEEK: i64 = 7 * DAY;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(window: MaintenanceWindow, utc: &str, expected: Option<&str>) {
        let until = window.until(Timestamp::parse(utc.as_bytes()).unwrap());
        assert_eq!(
            until.map(|until| until.to_string()),
            expected.map(str::to_owned),
            "{utc}"
        );
    }

    #[test]
    fn thursdays_in_summer_and_in_winter() {
        let kalshi = MaintenanceWindow::KALSHI;
        // Summer: 03:00 in New York is 07:00 UTC. 2026-08-20 is a Thursday.
        check(kalshi, "20260820-06:59:59", None);
        check(kalshi, "20260820-07:00:00", Some("20260820-09:00:00.000000000"));
        check(kalshi, "20260820-08:59:59", Some("20260820-09:00:00.000000000"));
        check(kalshi, "20260820-09:00:00", None);
        // Winter: 08:00 UTC. 2026-11-26 is a Thursday, and the first after the clocks went back is 2026-11-05.
        check(kalshi, "20261126-07:30:00", None);
        check(kalshi, "20261126-08:00:00", Some("20261126-10:00:00.000000000"));
        check(kalshi, "20261105-07:30:00", None);
        check(kalshi, "20261105-08:30:00", Some("20261105-10:00:00.000000000"));
        check(kalshi, "20261029-07:30:00", Some("20261029-09:00:00.000000000"));
        for day in [18, 19, 21, 22, 23, 24] {
            check(kalshi, &format!("202608{day}-08:00:00"), None);
        }
    }

    #[test]
    fn windows_are_read() {
        fn check(text: &str, weekday: Weekday, from: u64, length: u64) {
            let [from, length] = [from, length].map(|minutes| Duration::from_secs(minutes * 60));
            let expected = MaintenanceWindow::new(weekday, from, length);
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert_eq!("Thursday 03:00-05:00".parse(), Ok(MaintenanceWindow::KALSHI));
        check("Sunday 00:00-23:59", Weekday::Sunday, 0, 24 * 60 - 1);
        check("Saturday 23:30-01:00", Weekday::Saturday, 23 * 60 + 30, 90);
        check("Wednesday 04:00-04:00", Weekday::Wednesday, 4 * 60, 24 * 60);
        for day in DAYS {
            check(&format!("{day} 01:02-02:03"), day, 62, 61);
        }
        for wrong in [
            "",
            "Thursday",
            "thursday 03:00-05:00",
            "Thu 03:00-05:00",
            "Thursday 3:00-5:00",
            "Thursday 03:00",
            "Thursday 24:00-25:00",
            "Thursday 03:60-05:00",
            "Thursday 03:00-05:00 ",
            "Thursday  03:00-05:00",
            "Thursday +3:00-05:00",
        ] {
            let error = wrong.parse::<MaintenanceWindow>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("{wrong:?} is not a day and two times of it, such as \"Thursday 03:00-05:00\"")
            );
        }
    }

    #[test]
    fn windows_over_midnight_over_the_week_and_over_a_change_of_the_clocks() {
        let late = MaintenanceWindow::new(
            Weekday::Wednesday,
            Duration::from_hours(23),
            Duration::from_hours(2),
        );
        // Wednesday 23:00 in New York, summer: Thursday 03:00 UTC.
        check(late, "20260820-02:59:59", None);
        check(late, "20260820-04:30:00", Some("20260820-05:00:00.000000000"));
        let sunday =
            MaintenanceWindow::new(Weekday::Sunday, Duration::from_hours(1), Duration::from_hours(3));
        // 2026-03-08: 02:00 becomes 03:00, so that 01:00 to 04:00 lasts two hours.
        check(sunday, "20260308-06:00:00", Some("20260308-08:00:00.000000000"));
        check(sunday, "20260308-07:59:59", Some("20260308-08:00:00.000000000"));
        check(sunday, "20260308-08:00:00", None);
        // 2026-11-01: 02:00 becomes 01:00, so that it lasts four.
        check(sunday, "20261101-05:00:00", Some("20261101-09:00:00.000000000"));
        check(sunday, "20261101-08:59:59", Some("20261101-09:00:00.000000000"));
        check(sunday, "20261101-09:00:00", None);
    }
}
