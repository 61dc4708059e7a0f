//! New York's clocks.

use fix_dialect::Date;

/// New York's offset from UTC in seconds: daylight saving time runs from the second Sunday of March to the first of
/// November, 02:00 local time each (since 2007).
pub(crate) fn offset(unix_seconds: i64) -> i64 {
    let year = year_of(unix_seconds);
    let starts = sunday_on_or_after(year, 3, 8) * DAY + 7 * HOUR;
    let ends = sunday_on_or_after(year, 11, 1) * DAY + 6 * HOUR;
    if (starts..ends).contains(&unix_seconds) {
        -4 * HOUR
    } else {
        -5 * HOUR
    }
}

fn year_of(unix_seconds: i64) -> u16 {
    let nanos = unix_seconds.saturating_mul(1_000_000_000);
    fix_dialect::Timestamp::from_unix_nanos(nanos).date().year()
}

/// Days since the epoch of the first Sunday on or after a date.
fn sunday_on_or_after(year: u16, month: u8, day: u8) -> i64 {
    let days = Date::new(year, month, day).map_or(0, |date| date.days_since_epoch());
    // 1970-01-01 was a Thursday.
    days + (3 - days).rem_euclid(7)
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

#[cfg(test)]
mod tests {
    use fix_dialect::Timestamp;

    use super::*;

    #[test]
    fn the_clocks_change_twice_a_year() {
        let check = |utc: &str, hours: i64| {
            let seconds = Timestamp::parse(utc.as_bytes()).unwrap().unix_nanos() / 1_000_000_000;
            assert_eq!(offset(seconds), hours * HOUR, "{utc}");
        };
        check("20260101-00:00:00", -5);
        check("20260308-06:59:59", -5);
        check("20260308-07:00:00", -4);
        check("20260701-12:00:00", -4);
        check("20261101-05:59:59", -4);
        check("20261101-06:00:00", -5);
        check("20270314-06:59:59", -5);
        check("20270314-07:00:00", -4);
        check("20271107-05:59:59", -4);
        check("20271107-06:00:00", -5);
    }
}
