//! Decoding in straight scalar code: one cursor, a `match` on the tag, values converted as they are scanned.

#![expect(
    clippy::inline_always,
    reason = "a floor leaves nothing to the compiler's mood"
)]

use std::hint::black_box;

use rust_decimal::Decimal;

use super::values::Stamp;

const SOH: u8 = 0x01;

/// Decodes one complete frame and drops what it read. `None` when anything in it is not as it must be.
#[inline(never)]
pub(crate) fn decode(frame: &[u8]) -> Option<()> {
    let length = frame.len();
    let mut cursor = Cursor { bytes: frame, at: 0 };
    cursor.literal(b"8=FIXT.1.1\x019=")?;
    let body_length = cursor.integer()? as usize;
    let trailer = cursor.at.checked_add(body_length)?;
    if trailer + 7 != length || frame.get(trailer..trailer + 3)? != b"10=" {
        return None;
    }
    let sum = frame[..trailer]
        .iter()
        .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    let mut stated = Cursor {
        bytes: frame,
        at: trailer + 3,
    };
    if stated.integer()? != u64::from(sum) {
        return None;
    }
    cursor.bytes = &frame[..trailer];
    cursor.literal(b"35=")?;
    match cursor.character()? {
        b'D' => order(&mut cursor),
        b'8' => report(&mut cursor),
        b'X' => refresh(&mut cursor),
        b'0' => heartbeat(&mut cursor),
        _ => None,
    }
}

/// Fields of the header; its texts and what nobody expected are skipped alike, since nothing is kept here.
#[inline(always)]
fn header(cursor: &mut Cursor<'_>, tag: u32) -> Option<()> {
    match tag {
        34 => drop(black_box(cursor.integer()?)),
        52 => drop(black_box(cursor.timestamp()?)),
        _ => drop(black_box(cursor.text()?)),
    }
    Some(())
}

fn heartbeat(cursor: &mut Cursor<'_>) -> Option<()> {
    while cursor.at < cursor.bytes.len() {
        match cursor.tag()? {
            112 => drop(black_box(cursor.text()?)),
            tag => header(cursor, tag)?,
        }
    }
    Some(())
}

fn order(cursor: &mut Cursor<'_>) -> Option<()> {
    while cursor.at < cursor.bytes.len() {
        match cursor.tag()? {
            11 | 55 => drop(black_box(cursor.text()?)),
            38 | 44 => drop(black_box(cursor.decimal()?)),
            40 | 54 | 59 => drop(black_box(cursor.character()?)),
            tag => header(cursor, tag)?,
        }
    }
    Some(())
}

fn report(cursor: &mut Cursor<'_>) -> Option<()> {
    while cursor.at < cursor.bytes.len() {
        match cursor.tag()? {
            11 | 17 | 37 | 55 | 138 | 880 | 1705 => drop(black_box(cursor.text()?)),
            6 | 14 | 31 | 32 | 38 | 44 | 137 | 151 | 704 | 705 | 1704 => drop(black_box(cursor.decimal()?)),
            39 | 54 | 139 | 150 => drop(black_box(cursor.character()?)),
            136 | 891 | 1703 => drop(black_box(cursor.integer()?)),
            1057 => drop(black_box(cursor.boolean()?)),
            60 => drop(black_box(cursor.timestamp()?)),
            tag => header(cursor, tag)?,
        }
    }
    Some(())
}

fn refresh(cursor: &mut Cursor<'_>) -> Option<()> {
    while cursor.at < cursor.bytes.len() {
        match cursor.tag()? {
            55 => drop(black_box(cursor.text()?)),
            270 | 271 => drop(black_box(cursor.decimal()?)),
            269 | 279 => drop(black_box(cursor.character()?)),
            268 => drop(black_box(cursor.integer()?)),
            tag => header(cursor, tag)?,
        }
    }
    Some(())
}

/// A place in a frame. Each method reads a value and the delimiter after it.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    fn literal(&mut self, expected: &[u8]) -> Option<()> {
        self.bytes[self.at..]
            .starts_with(expected)
            .then(|| self.at += expected.len())
    }

    #[inline(always)]
    fn tag(&mut self) -> Option<u32> {
        let (tag, end) = self.digits(0)?;
        (end == b'=').then_some(tag as u32)
    }

    #[inline(always)]
    fn text(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let length = delimiter(rest)?;
        self.at += length + 1;
        Some(&rest[..length])
    }

    #[inline(always)]
    fn character(&mut self) -> Option<u8> {
        let value = *self.bytes.get(self.at)?;
        if *self.bytes.get(self.at + 1)? != SOH {
            return None;
        }
        self.at += 2;
        Some(value)
    }

    #[inline(always)]
    fn boolean(&mut self) -> Option<bool> {
        match self.character()? {
            b'Y' => Some(true),
            b'N' => Some(false),
            _ => None,
        }
    }

    #[inline(always)]
    fn integer(&mut self) -> Option<u64> {
        let first = self.at;
        let (value, end) = self.digits(0)?;
        let digits = self.at - 1 - first;
        (end == SOH && digits > 0 && digits < 19).then_some(value)
    }

    #[inline(always)]
    fn decimal(&mut self) -> Option<Decimal> {
        let negative = *self.bytes.get(self.at)? == b'-';
        self.at += usize::from(negative);
        let first = self.at;
        let (mut mantissa, mut end) = self.digits(0)?;
        let mut digits = self.at - 1 - first;
        let mut scale = 0;
        if end == b'.' {
            let point = self.at;
            (mantissa, end) = self.digits(mantissa)?;
            scale = self.at - 1 - point;
            digits += scale;
        }
        if end != SOH || digits == 0 || digits > 18 {
            return None;
        }
        Some(Decimal::from_parts(
            mantissa as u32,
            (mantissa >> 32) as u32,
            0,
            negative,
            scale as u32,
        ))
    }

    /// Reads digits on to `value`; returns it with the byte after them, which is taken too.
    #[inline(always)]
    fn digits(&mut self, mut value: u64) -> Option<(u64, u8)> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return Some((value, byte));
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        }
    }

    #[inline(always)]
    fn timestamp(&mut self) -> Option<Stamp> {
        let text = self.bytes.get(self.at..self.at + 22)?;
        self.at += 22;
        let stamp = Stamp {
            year: pair(text, 0)? * 100 + pair(text, 2)?,
            month: pair(text, 4)? as u8,
            day: pair(text, 6)? as u8,
            hour: pair(text, 9)? as u8,
            minute: pair(text, 12)? as u8,
            second: pair(text, 15)? as u8,
            millis: digit(text[18])? * 100 + pair(text, 19)?,
        };
        let punctuated = text[8] == b'-' && text[11] == b':' && text[14] == b':' && text[17] == b'.';
        let in_range = (1..=12).contains(&stamp.month)
            && stamp.day >= 1
            && stamp.day <= days_in(stamp.year, stamp.month)
            && stamp.hour < 24
            && stamp.minute < 60
            && stamp.second <= 60;
        (punctuated && in_range && text[21] == SOH).then_some(stamp)
    }
}

/// The position of the first SOH, eight bytes at a time.
#[inline(always)]
fn delimiter(bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let (words, tail) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word) ^ LOW;
        let found = word.wrapping_sub(LOW) & !word & (LOW << 7);
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    tail.iter()
        .position(|byte| *byte == SOH)
        .map(|at| bytes.len() - tail.len() + at)
}

#[inline(always)]
fn digit(byte: u8) -> Option<u16> {
    byte.is_ascii_digit().then(|| u16::from(byte - b'0'))
}

#[inline(always)]
fn pair(text: &[u8], at: usize) -> Option<u16> {
    Some(digit(text[at])? * 10 + digit(text[at + 1])?)
}

#[inline(always)]
fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
