//! Dates and times as they stand on the wire, with their precision kept.

use std::fmt;
use std::num::NonZeroU8;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::number::{PAIRS, pair};
use crate::swar;

/// A calendar date, `YYYYMMDD` (FIX `UTCDateOnly`, `LocalMktDate`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: NonZeroU8,
    day: NonZeroU8,
}

/// A time of day, `HH:MM:SS` with up to nine digits of a second (FIX `UTCTimeOnly`). A leap second is `23:59:60`.
///
/// Two times are equal when they name the same instant, whatever the number of digits.
#[derive(Clone, Copy)]
pub struct TimeOfDay {
    /// Seconds since midnight: 86,400 is the leap second.
    seconds: u32,
    nanos: u32,
    precision: Precision,
}

/// A date and time in UTC, `YYYYMMDD-HH:MM:SS` with up to nine digits of a second (FIX `UTCTimestamp`).
///
/// ```
/// use fix_dialect::Timestamp;
///
/// let time = Timestamp::parse(b"20260817-16:00:00.123").unwrap();
/// assert_eq!(time.to_string(), "20260817-16:00:00.123");
/// assert_eq!(time.unix_nanos(), 1_786_982_400_123_000_000);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    date: Date,
    time: TimeOfDay,
}

/// How many digits of a second are written, zero to nine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Precision(u8);

impl Precision {
    /// Whole seconds.
    pub const SECONDS: Precision = Precision(0);
    /// Three digits, as Kalshi's SendingTime (52) has.
    pub const MILLIS: Precision = Precision(3);
    /// Six digits.
    pub const MICROS: Precision = Precision(6);
    /// Nine digits.
    pub const NANOS: Precision = Precision(9);

    /// This many digits of a second; `None` above nine.
    #[must_use]
    pub const fn digits(count: u8) -> Option<Precision> {
        if count <= 9 { Some(Precision(count)) } else { None }
    }

    /// The number of digits.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.0
    }

    const fn unit(self) -> u32 {
        const UNITS: [u32; 10] = [
            1_000_000_000,
            100_000_000,
            10_000_000,
            1_000_000,
            100_000,
            10_000,
            1000,
            100,
            10,
            1,
        ];
        UNITS[self.0 as usize]
    }
}

impl Date {
    /// A date of the proleptic Gregorian calendar, years 0 to 9999; `None` when there is no such day.
    #[must_use]
    #[inline]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        // The 29th of February is the one day that not every year has.
        if year > 9999
            || month > 12
            || day > DAYS[month as usize & 15]
            || month == 2 && day == 29 && !is_leap(year)
        {
            return None;
        }
        match (NonZeroU8::new(month), NonZeroU8::new(day)) {
            (Some(month), Some(day)) => Some(Date { year, month, day }),
            _ => None,
        }
    }

    /// Reads `YYYYMMDD`.
    #[must_use]
    #[inline]
    pub fn parse(bytes: &[u8]) -> Option<Date> {
        Date::read(u64::from_le_bytes(*bytes.as_array::<8>()?))
    }

    #[inline]
    const fn read(word: u64) -> Option<Date> {
        let digits = word ^ 0x3030_3030_3030_3030;
        if !swar::are_digits(digits) {
            return None;
        }
        let [century, _, year, _, month, _, day, _] = pairs(digits);
        Date::new(century as u16 * 100 + year as u16, month, day)
    }

    /// The year, 0 to 9999.
    #[must_use]
    pub const fn year(&self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(&self) -> u8 {
        self.month.get()
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(&self) -> u8 {
        self.day.get()
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days_since_epoch(&self) -> i64 {
        // Years that begin in March make the leap day the last; 400-year eras repeat exactly.
        let month = self.month.get() as i64;
        let year = self.year as i64 - (month <= 2) as i64;
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + self.day.get() as i64 - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    fn from_days(days: i64) -> Option<Date> {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = (shifted + 2) % 12 + 1;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Date::new(u16::try_from(year).ok()?, month as u8, day as u8)
    }

    pub(crate) fn write(self, out: &mut [u8; 8]) {
        let [month, day] = [self.month, self.day].map(|number| pair(u32::from(number.get()) % 100));
        let year = u32::from(self.year);
        *out = (pair(year / 100 % 100) | pair(year % 100) << 16 | month << 32 | day << 48).to_le_bytes();
    }
}

impl TimeOfDay {
    /// The time `hour:minute:second` and `nanos`; `None` when there is no such time. Second 60 exists at 23:59 only.
    #[must_use]
    pub const fn new(
        hour: u8,
        minute: u8,
        second: u8,
        nanos: u32,
        precision: Precision,
    ) -> Option<TimeOfDay> {
        if hour > 23 || minute > 59 || second > 60 || nanos > 999_999_999 {
            return None;
        }
        if second == 60 && (hour != 23 || minute != 59) {
            return None;
        }
        let seconds = hour as u32 * 3600 + minute as u32 * 60 + second as u32;
        Some(TimeOfDay {
            seconds,
            nanos: nanos - nanos % precision.unit(),
            precision,
        })
    }

    /// Reads `HH:MM:SS`, optionally followed by `.` and one to nine digits.
    #[must_use]
    #[inline]
    pub fn parse(bytes: &[u8]) -> Option<TimeOfDay> {
        let (clock, fraction) = bytes.split_first_chunk::<8>()?;
        let seconds = seconds(u64::from_le_bytes(*clock))?;
        let (nanos, precision) = match fraction {
            [] => (0, Precision::SECONDS),
            [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
                let precision = Precision(digits.len() as u8);
                let digits = crate::number::parse_unsigned(digits)? as u32;
                (digits * precision.unit(), precision)
            }
            _ => return None,
        };
        Some(TimeOfDay {
            seconds,
            nanos,
            precision,
        })
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub const fn hour(&self) -> u8 {
        if self.seconds >= 86_400 {
            23
        } else {
            (self.seconds / 3600) as u8
        }
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub const fn minute(&self) -> u8 {
        if self.seconds >= 86_400 {
            59
        } else {
            (self.seconds / 60 % 60) as u8
        }
    }

    /// The second, 0 to 60.
    #[must_use]
    pub const fn second(&self) -> u8 {
        if self.seconds >= 86_400 {
            60
        } else {
            (self.seconds % 60) as u8
        }
    }

    /// Nanoseconds within the second.
    #[must_use]
    pub const fn nanos(&self) -> u32 {
        self.nanos
    }

    /// How many digits of a second are on the wire.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        self.precision
    }

    /// The same time with this precision; digits beyond it are cut off.
    #[must_use]
    pub const fn with_precision(self, precision: Precision) -> TimeOfDay {
        TimeOfDay {
            seconds: self.seconds,
            nanos: self.nanos - self.nanos % precision.unit(),
            precision,
        }
    }

    /// Time since midnight; 24 hours and more in a leap second.
    #[must_use]
    pub const fn since_midnight(&self) -> Duration {
        Duration::new(self.seconds as u64, self.nanos)
    }

    pub(crate) fn write(self, out: &mut [u8; TIME_LENGTH]) -> usize {
        let [hour, minute, second] =
            [self.hour(), self.minute(), self.second()].map(|number| pair(u32::from(number)));
        let clock = hour | minute << 24 | second << 48 | COLONS;
        if let Some(room) = out.first_chunk_mut() {
            *room = clock.to_le_bytes();
        }
        if self.precision == Precision::SECONDS {
            return 8;
        }
        out[8] = b'.';
        if self.precision == Precision::MILLIS {
            let millis = self.nanos / 1_000_000;
            out[9] = b'0' + (millis / 100) as u8;
            out[10..12].copy_from_slice(&PAIRS[(millis % 100) as usize]);
            return 12;
        }
        self.write_fraction(out)
    }

    #[cold]
    #[inline(never)]
    fn write_fraction(self, out: &mut [u8; TIME_LENGTH]) -> usize {
        let count = usize::from(self.precision.0);
        let mut fraction = self.nanos / self.precision.unit();
        for digit in out[9..9 + count].iter_mut().rev() {
            *digit = b'0' + (fraction % 10) as u8;
            fraction /= 10;
        }
        9 + count
    }
}

impl Timestamp {
    /// The moment `time` of `date`.
    #[must_use]
    pub const fn new(date: Date, time: TimeOfDay) -> Timestamp {
        Timestamp { date, time }
    }

    /// Reads `YYYYMMDD-HH:MM:SS`, optionally followed by `.` and one to nine digits.
    #[must_use]
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a call would hand the timestamp over in memory, where it is read before it has settled"
    )]
    pub fn parse(bytes: &[u8]) -> Option<Timestamp> {
        if let Some(bytes) = bytes.as_array::<21>() {
            return Millis::read(bytes).timestamp();
        }
        let Timestamp { date, time } = Timestamp::parse_any(bytes)?;
        Some(Timestamp { date, time })
    }

    /// Whether these bytes are a moment in the usual precision.
    #[inline]
    pub(crate) fn is_millis(bytes: &[u8; 21]) -> bool {
        Millis::read(bytes).0 != Millis::NONE.0
    }

    #[cold]
    #[inline(never)]
    fn parse_any(bytes: &[u8]) -> Option<Timestamp> {
        let (date, rest) = bytes.split_first_chunk::<8>()?;
        let [b'-', time @ ..] = rest else { return None };
        let date = Date::read(u64::from_le_bytes(*date))?;
        Some(Timestamp {
            date,
            time: TimeOfDay::parse(time)?,
        })
    }

    /// The moment this many nanoseconds after 1970-01-01T00:00:00Z, in full precision.
    ///
    /// # Panics
    ///
    /// Never: every `i64` of nanoseconds falls in the years 1677 to 2262.
    #[must_use]
    pub fn from_unix_nanos(nanos: i64) -> Timestamp {
        const DAY: i64 = 86_400_000_000_000;
        let of_day = nanos.rem_euclid(DAY);
        let date = Date::from_days(nanos.div_euclid(DAY)).expect("years 1677 to 2262 are dates");
        let time = TimeOfDay {
            seconds: (of_day / 1_000_000_000) as u32,
            nanos: (of_day % 1_000_000_000) as u32,
            precision: Precision::NANOS,
        };
        Timestamp { date, time }
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z, leap seconds counted as the second after; clamped to what an `i64`
    /// holds (years 1677 to 2262).
    #[must_use]
    pub const fn unix_nanos(&self) -> i64 {
        let seconds = self.date.days_since_epoch() * 86_400 + self.time.seconds as i64;
        let nanos = seconds as i128 * 1_000_000_000 + self.time.nanos as i128;
        if nanos > i64::MAX as i128 {
            i64::MAX
        } else if nanos < i64::MIN as i128 {
            i64::MIN
        } else {
            nanos as i64
        }
    }

    /// The date, in UTC.
    #[must_use]
    pub const fn date(&self) -> Date {
        self.date
    }

    /// The time of day, in UTC.
    #[must_use]
    pub const fn time(&self) -> TimeOfDay {
        self.time
    }

    /// The same moment with this precision; digits beyond it are cut off.
    #[must_use]
    pub const fn with_precision(self, precision: Precision) -> Timestamp {
        Timestamp {
            date: self.date,
            time: self.time.with_precision(precision),
        }
    }
}

impl From<SystemTime> for Timestamp {
    /// In full precision, clamped to the years 1677 to 2262.
    fn from(time: SystemTime) -> Self {
        let nanos = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
        };
        Timestamp::from_unix_nanos(nanos)
    }
}

/// A timestamp with three digits of a second in one register, so that reading one can be a call that hands over no
/// memory: from the lowest bit on 10 bits of milliseconds, 17 of seconds, 5 of the day, 4 of the month, 14 of the year.
#[derive(Clone, Copy)]
struct Millis(u64);

impl Millis {
    /// No timestamp has month 0.
    const NONE: Millis = Millis(0);

    /// Reads `YYYYMMDD-HH:MM:SS.fff`, as words at fixed places.
    #[inline(never)]
    fn read(bytes: &[u8; 21]) -> Millis {
        let [date @ .., _, _, _, _, _, _, _, _, _, _, _, _, _] = *bytes;
        let [_, _, _, _, _, _, _, _, dash, clock @ .., _, _, _, _] = *bytes;
        let [.., a, b, c, d] = *bytes;
        let date = u64::from_le_bytes(date) ^ 0x3030_3030_3030_3030;
        let clock = u64::from_le_bytes(clock) ^ u64::from_le_bytes(*b"00:00:00");
        let fraction = u64::from(u32::from_le_bytes([a, b, c, d]) ^ u32::from_le_bytes(*b".000"));
        // Punctuation that is right has become zero, and so is no digit above nine.
        let punctuation = clock & 0x0000_ff00_00ff_0000 | fraction & 0xff | u64::from(dash ^ b'-');
        if punctuation != 0
            || !(swar::are_digits(date) && swar::are_digits(clock) && swar::are_digits(fraction))
        {
            return Millis::NONE;
        }
        let date = date.wrapping_mul(10).wrapping_add(date >> 8);
        let clock = clock.wrapping_mul(10).wrapping_add(clock >> 8);
        let number = |pairs: u64, at: u32| pairs >> (at * 8) & 0xff;
        let (year, month, day) = (
            number(date, 0) * 100 + number(date, 2),
            number(date, 4),
            number(date, 6),
        );
        let (hour, minute, second) = (number(clock, 0), number(clock, 3), number(clock, 6));
        // The days that every month has, and the seconds that every minute has; others are looked at anew.
        let usual = month.wrapping_sub(1) < 12 && day.wrapping_sub(1) < 28 && second < 60;
        if !usual || hour > 23 || minute > 59 {
            return Millis::read_unusual(bytes);
        }
        let seconds = hour * 3600 + minute * 60 + second;
        let millis = number(fraction, 1) * 100 + number(fraction, 2) * 10 + number(fraction, 3);
        Millis((year << 9 | month << 5 | day) << 27 | seconds << 10 | millis)
    }

    /// As [`Millis::read`], for days that not every month has, for leap seconds, and for what is no moment.
    #[cold]
    #[inline(never)]
    fn read_unusual(bytes: &[u8; 21]) -> Millis {
        let Some(Timestamp { date, time }) = Timestamp::parse_any(bytes) else {
            return Millis::NONE;
        };
        let date = u64::from(date.year) << 9 | u64::from(date.month.get()) << 5 | u64::from(date.day.get());
        Millis(date << 27 | u64::from(time.seconds) << 10 | u64::from(time.nanos / 1_000_000))
    }

    #[inline]
    fn timestamp(self) -> Option<Timestamp> {
        let (date, time) = ((self.0 >> 27) as u32, self.0 as u32);
        Some(Timestamp {
            date: Date {
                year: (date >> 9) as u16,
                month: NonZeroU8::new((date >> 5 & 0xf) as u8)?,
                day: NonZeroU8::new((date & 0x1f) as u8)?,
            },
            time: TimeOfDay {
                seconds: time >> 10 & 0x1_ffff,
                nanos: (time & 0x3ff) * 1_000_000,
                precision: Precision::MILLIS,
            },
        })
    }
}

/// The punctuation of `HH:MM:SS`.
const COLONS: u64 = u64::from_le_bytes(*b"\0\0:\0\0:\0\0");

/// The most bytes a time of day takes.
pub(crate) const TIME_LENGTH: usize = 18;

/// The days of each month in a leap year.
const DAYS: [u8; 16] = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0];

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// The seconds since midnight that `HH:MM:SS` names; `None` when there is no such time.
#[inline]
const fn seconds(clock: u64) -> Option<u32> {
    let digits = clock ^ u64::from_le_bytes(*b"00:00:00");
    if !swar::are_digits(digits) || digits & 0x0000_ff00_00ff_0000 != 0 {
        return None;
    }
    let [hour, _, _, minute, _, _, second, _] = pairs(digits);
    if hour > 23 || minute > 59 || second > 59 && !(second == 60 && hour == 23 && minute == 59) {
        return None;
    }
    Some(hour as u32 * 3600 + minute as u32 * 60 + second as u32)
}

/// The numbers that two digits each spell: those at 0 and 1, 1 and 2, and so on.
#[inline]
const fn pairs(digits: u64) -> [u8; 8] {
    (digits * 10 + (digits >> 8)).to_le_bytes()
}

impl PartialEq for TimeOfDay {
    fn eq(&self, other: &Self) -> bool {
        (self.seconds, self.nanos) == (other.seconds, other.nanos)
    }
}

impl Eq for TimeOfDay {}

impl PartialOrd for TimeOfDay {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TimeOfDay {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.seconds, self.nanos).cmp(&(other.seconds, other.nanos))
    }
}

impl std::hash::Hash for TimeOfDay {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.seconds, self.nanos).hash(state);
    }
}

fn ascii(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.pad(std::str::from_utf8(bytes).map_err(|_| fmt::Error)?)
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 8];
        self.write(&mut text);
        ascii(f, &text)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; TIME_LENGTH];
        let length = self.write(&mut text);
        ascii(f, &text[..length])
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}-{}", self.date, self.time))
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
