//! Writing the fields of a body, one behind the other.

use rust_decimal::Decimal;

use super::{EncodeError, ROOM};
use crate::number::{DECIMAL_LENGTH, short_decimal_text, short_text, write_decimal, write_digits};
use crate::sum::count_delimiters;
use crate::time::TIME_LENGTH;
use crate::{Date, SOH, Tag, TimeOfDay, Timestamp};

/// Receives the fields of a message's body, in the order in which they go out.
pub struct BodyWriter {
    pub(super) buffer: Vec<u8>,
    pub(super) at: usize,
    /// How many delimiters the fields written so far account for.
    pub(super) delimiters: usize,
    /// Whether to look into each text for the delimiter: only when one is known to be in some.
    pub(super) careful: bool,
    pub(super) fault: Option<EncodeError>,
}

impl std::fmt::Debug for BodyWriter {
    /// How much has been written, and not what: a logon's signature is among it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyWriter")
            .field("bytes", &(self.at - ROOM))
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

impl BodyWriter {
    /// What has been written so far behind BodyLength (9): the header's fields, and those of the body. For messages that
    /// wrap another one, and want to know what it says.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        self.buffer.get(ROOM..self.at).unwrap_or_default()
    }

    /// Writes a field. The value must not be empty nor contain SOH; [`Encoder::finish_checked`](super::Encoder::finish_checked) reports it.
    pub fn field(&mut self, tag: u32, value: &[u8]) -> &mut Self {
        if let Some(tag) = self.tag(tag) {
            self.refuse_delimiter(tag, value);
            self.text(tag, value);
        }
        self
    }

    /// Writes a field whose value the dictionary allows to be empty.
    pub fn field_or_empty(&mut self, tag: u32, value: &[u8]) -> &mut Self {
        if let Some(tag) = self.tag(tag) {
            self.refuse_delimiter(tag, value);
            self.text_or_empty(tag, value);
        }
        self
    }

    /// Writes an integer.
    pub fn int(&mut self, tag: u32, value: i64) -> &mut Self {
        if let Some(tag) = self.tag(tag) {
            self.int_value(tag, value);
        }
        self
    }

    /// Writes an unsigned integer: a length, a count, a sequence number.
    pub fn unsigned(&mut self, tag: u32, value: u64) -> &mut Self {
        if let Some(tag) = self.tag(tag) {
            self.unsigned_value(tag, value);
        }
        self
    }

    /// Writes a decimal with the scale that it has.
    pub fn decimal(&mut self, tag: u32, value: Decimal) -> &mut Self {
        if let Some(tag) = self.tag(tag) {
            self.decimal_value(tag, value);
        }
        self
    }

    /// Writes a UTC timestamp with the precision that it has.
    pub fn timestamp(&mut self, tag: u32, value: Timestamp) -> &mut Self {
        if let Some(tag) = self.tag(tag) {
            self.timestamp_value(tag, value);
        }
        self
    }

    /// Writes `Y` or `N`.
    pub fn boolean(&mut self, tag: u32, value: bool) -> &mut Self {
        if let Some(tag) = self.tag(tag) {
            self.byte_value(tag, if value { b'Y' } else { b'N' });
        }
        self
    }

    /// Writes a DATA field, which may contain any byte, behind its length field.
    pub fn data(&mut self, length_tag: u32, tag: u32, value: &[u8]) -> &mut Self {
        if let (Some(length_tag), Some(tag)) = (self.tag(length_tag), self.tag(tag)) {
            self.unsigned_value(length_tag, value.len() as u64);
            self.data_value(tag, value);
        }
        self
    }

    /// Writes fields that are already in wire form, each with its delimiter, as a resend of a journalled body does.
    pub fn raw(&mut self, fields: &[u8]) -> &mut Self {
        self.reserve(fields.len());
        let end = self.at + fields.len();
        self.buffer[self.at..end].copy_from_slice(fields);
        self.at = end;
        self.delimiters += count_delimiters(fields);
        self
    }

    /// Writes a value whose tag is known at compile time.
    #[inline]
    pub fn text(&mut self, tag: Tag, value: &[u8]) {
        // One branch for both: this is the way of most fields.
        if value.is_empty() | self.careful {
            self.refuse_text(tag, value);
        }
        self.put(tag, value);
    }

    /// Writes a value that may be empty.
    #[inline]
    pub fn text_or_empty(&mut self, tag: Tag, value: &[u8]) {
        if self.careful {
            self.refuse_delimiter(tag, value);
        }
        self.put(tag, value);
    }

    #[cold]
    fn refuse_text(&mut self, tag: Tag, value: &[u8]) {
        if value.is_empty() {
            self.refuse(EncodeError::Empty { tag: tag.number });
        }
        self.refuse_delimiter(tag, value);
    }

    fn refuse_delimiter(&mut self, tag: Tag, value: &[u8]) {
        if value.contains(&SOH) {
            self.refuse(EncodeError::ContainsDelimiter { tag: tag.number });
        }
    }

    #[inline]
    fn put(&mut self, tag: Tag, value: &[u8]) {
        let at = self.start(tag, value.len());
        let end = at + value.len();
        copy(&mut self.buffer[at..end], value);
        self.end(end);
    }

    /// Writes a DATA value; its length field must have been written just before.
    pub fn data_value(&mut self, tag: Tag, value: &[u8]) {
        self.delimiters += count_delimiters(value);
        if value.is_empty() {
            self.refuse(EncodeError::Empty { tag: tag.number });
        }
        self.put(tag, value);
    }

    /// Writes a value of one byte.
    #[inline]
    pub fn byte_value(&mut self, tag: Tag, value: u8) {
        let at = self.start(tag, 1);
        if let Some(room) = self.buffer[at..].first_chunk_mut() {
            *room = [value, SOH];
        }
        self.at = at + 2;
    }

    /// Writes an integer.
    #[inline]
    pub fn int_value(&mut self, tag: Tag, value: i64) {
        let mut at = self.start(tag, 20);
        if value < 0 {
            self.buffer[at] = b'-';
            at += 1;
        }
        self.push_unsigned(at, value.unsigned_abs());
    }

    /// Writes an unsigned integer.
    #[inline]
    pub fn unsigned_value(&mut self, tag: Tag, value: u64) {
        let at = self.start(tag, 20);
        self.push_unsigned(at, value);
    }

    /// Writes a decimal with the scale that it has.
    #[inline]
    pub fn decimal_value(&mut self, tag: Tag, value: Decimal) {
        let at = self.start(tag, DECIMAL_LENGTH);
        if let Some((text, length)) = short_decimal_text(value)
            && let Some(room) = self.buffer[at..].first_chunk_mut()
        {
            *room = text.to_le_bytes();
            self.at = at + length;
        } else {
            self.push_decimal(at, value);
        }
    }

    /// Writes a decimal that fits no word, and the delimiter; room for both has been made.
    #[cold]
    #[inline(never)]
    fn push_decimal(&mut self, at: usize, value: Decimal) {
        let mut digits = [0; DECIMAL_LENGTH];
        let start = write_decimal(value, &mut digits);
        self.push_short(at, &digits[start..]);
    }

    /// Writes a date.
    #[inline]
    pub fn date_value(&mut self, tag: Tag, value: Date) {
        let at = self.start(tag, 8);
        if let Some(room) = self.buffer[at..].first_chunk_mut() {
            value.write(room);
        }
        self.end(at + 8);
    }

    /// Writes a time of day with the precision that it has.
    #[inline]
    pub fn time_value(&mut self, tag: Tag, value: TimeOfDay) {
        let at = self.start(tag, TIME_LENGTH);
        let mut length = 0;
        if let Some(room) = self.buffer[at..].first_chunk_mut() {
            length = value.write(room);
        }
        self.end(at + length);
    }

    /// Writes a UTC timestamp with the precision that it has.
    #[inline]
    pub fn timestamp_value(&mut self, tag: Tag, value: Timestamp) {
        let at = self.start(tag, 9 + TIME_LENGTH);
        let room = &mut self.buffer[at..];
        let mut length = 0;
        if let Some((date, rest)) = room.split_first_chunk_mut::<8>() {
            value.date().write(date);
            if let Some((dash, rest)) = rest.split_first_mut() {
                *dash = b'-';
                if let Some(room) = rest.first_chunk_mut() {
                    length = value.time().write(room);
                }
            }
        }
        self.end(at + 9 + length);
    }

    /// The tag, or a recorded fault when the number cannot be one.
    fn tag(&mut self, tag: u32) -> Option<Tag> {
        let checked = Tag::checked(tag);
        if checked.is_none() {
            self.refuse(EncodeError::Tag { tag });
        }
        checked
    }

    /// Records that a value cannot be written: [`Encoder::finish_checked`](super::Encoder::finish_checked) reports the first that was recorded.
    #[cold]
    pub fn refuse(&mut self, fault: EncodeError) {
        self.fault.get_or_insert(fault);
    }

    /// Writes the tag, after making room for it, a value of up to `value` bytes, the delimiter, and a whole word; says
    /// where the value begins. That it has been written is noted once, with the value: each field waits for the note of
    /// the one before.
    #[inline]
    fn start(&mut self, tag: Tag, value: usize) -> usize {
        self.reserve(value + 24);
        self.delimiters += 1;
        let at = self.at;
        if let Some(room) = self.buffer[at..].first_chunk_mut() {
            *room = tag.word;
        }
        at + tag.length
    }

    /// Writes the delimiter behind a value.
    #[inline]
    fn end(&mut self, at: usize) {
        self.buffer[at] = SOH;
        self.at = at + 1;
    }

    /// Writes a number and the delimiter; room for both has been made.
    #[inline]
    pub(super) fn push_unsigned(&mut self, at: usize, value: u64) {
        if value < 1_000_000
            && let Some(room) = self.buffer[at..].first_chunk_mut()
        {
            let (text, length) = short_text(value as u32, u64::from(SOH), 1);
            *room = text.to_le_bytes();
            self.at = at + length;
        } else {
            self.push_long_unsigned(at, value);
        }
    }

    #[cold]
    #[inline(never)]
    fn push_long_unsigned(&mut self, at: usize, value: u64) {
        let mut digits = [0; 20];
        let start = write_digits(value, &mut digits, 20);
        self.push_short(at, &digits[start..]);
    }

    #[inline]
    fn push_short(&mut self, at: usize, digits: &[u8]) {
        let end = at + digits.len();
        self.buffer[at..end].copy_from_slice(digits);
        self.end(end);
    }

    #[inline]
    pub(super) fn reserve(&mut self, more: usize) {
        if self.buffer.len() - self.at < more {
            self.grow(more);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let length = (self.at + more).next_power_of_two();
        self.buffer.resize(length, 0);
    }
}

/// Copies `value` into room of its length: as two blocks of a fixed length that overlap, since most values are too short
/// for a call to be worth its while.
#[inline]
pub(super) fn copy(room: &mut [u8], value: &[u8]) {
    match value.len() {
        32..=64 => copy_ends::<32>(room, value),
        16..32 => copy_ends::<16>(room, value),
        8..16 => copy_ends::<8>(room, value),
        4..8 => copy_ends::<4>(room, value),
        2..4 => copy_ends::<2>(room, value),
        1 => copy_ends::<1>(room, value),
        _ => room.copy_from_slice(value),
    }
}

/// Copies the first and the last `N` bytes of `value`, which is no shorter and at most twice as long.
#[inline]
fn copy_ends<const N: usize>(room: &mut [u8], value: &[u8]) {
    if let (Some(room), Some(value)) = (room.first_chunk_mut::<N>(), value.first_chunk()) {
        *room = *value;
    }
    if let (Some(room), Some(value)) = (room.last_chunk_mut::<N>(), value.last_chunk()) {
        *room = *value;
    }
}
