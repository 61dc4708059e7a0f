//! Writing frames: a reusable buffer with room in front, so that BodyLength (9) is written without moving the body.

use rust_decimal::Decimal;

use crate::frame::{MAX_BEGIN_STRING, TRAILER};
use crate::number::{DECIMAL_LENGTH, short_decimal_text, short_text, write_decimal, write_digits};
use crate::sum::{count_delimiters, sum_and_count};
use crate::tables::Tables;
use crate::time::TIME_LENGTH;
use crate::{Date, SOH, Tag, TimeOfDay, Timestamp};

/// Writes one frame after another into the same buffer.
///
/// ```
/// use fix_dialect::{Encoder, SessionHeader, Timestamp};
///
/// let header = SessionHeader::new("FIXT.1.1", "key-id", "KalshiNR")?;
/// let mut encoder = Encoder::new();
/// let now = Timestamp::parse(b"20260817-16:00:00.123").unwrap();
/// encoder.begin(&header, b"0", 2, now).field(112, b"hello");
/// let frame = encoder.finish_checked()?;
/// assert!(frame.starts_with(b"8=FIXT.1.1\x019="));
/// # Ok::<(), fix_dialect::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    body: BodyWriter,
    prefix: Prefix,
}

/// The part of the standard header that stays the same for a session, rendered once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionHeader {
    prefix: Prefix,
    /// `49=…<SOH>56=…<SOH>34=`
    parties: Vec<u8>,
}

/// `8=…<SOH>9=`, at the end of room that it need not fill, so that it is copied as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Prefix {
    room: [u8; PREFIX],
    length: usize,
}

/// Receives the fields of a message's body, in the order in which they go out.
pub struct BodyWriter {
    buffer: Vec<u8>,
    at: usize,
    /// How many delimiters the fields written so far account for.
    delimiters: usize,
    /// Whether to look into each text for the delimiter: only when one is known to be in some.
    careful: bool,
    fault: Option<EncodeError>,
}

/// Why a message cannot go on the wire. Nothing has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A value that is not DATA contains the delimiter, which would inject fields.
    #[error("the value of tag {tag} contains the field delimiter SOH (0x01)")]
    ContainsDelimiter {
        /// The field.
        tag: u32,
    },
    /// FIX has no empty values: a field without one is left out.
    #[error("the value of tag {tag} is empty; leave the field out instead")]
    Empty {
        /// The field.
        tag: u32,
    },
    /// A value has no form on the wire as its field's type: a `char` that is not ASCII.
    #[error("the value of tag {tag} cannot be written as a value of its field's type")]
    Unwritable {
        /// The field.
        tag: u32,
    },
    /// A tag must be 1 to 9,999,999.
    #[error("{tag} is no tag number: expected 1 to 9999999")]
    Tag {
        /// The number given.
        tag: u32,
    },
    /// BeginString (8) is longer than a frame's may be.
    #[error("BeginString (8) has {length} bytes; at most {MAX_BEGIN_STRING} are allowed")]
    BeginString {
        /// The length given, in bytes.
        length: usize,
    },
}

/// Anything that can be the body of an outbound message.
pub trait EncodeBody {
    /// The value of MsgType (35).
    fn msg_type(&self) -> &[u8];

    /// Writes the fields after the standard header, in order.
    fn encode_body(&self, out: &mut BodyWriter);

    /// The tables by which the message is validated, where it brings its own: a message of a user's own, which its
    /// dialect does not know, or not as it is. `None` for the messages of a dialect.
    fn own_tables(&self) -> Option<&'static Tables> {
        None
    }
}

const PREFIX: usize = 24;
/// Room in front of the body for `8=…<SOH>9=nnnnnnnnn<SOH>`.
const ROOM: usize = PREFIX + 16;
const INITIAL: usize = 1024;

impl SessionHeader {
    /// The constant header of a session between `sender` (49) and `target` (56).
    ///
    /// # Errors
    ///
    /// When a value is empty, contains SOH, or BeginString (8) is longer than [`MAX_BEGIN_STRING`].
    pub fn new(begin_string: &str, sender: &str, target: &str) -> Result<SessionHeader, EncodeError> {
        if begin_string.len() > MAX_BEGIN_STRING {
            return Err(EncodeError::BeginString {
                length: begin_string.len(),
            });
        }
        for (tag, value) in [(8, begin_string), (49, sender), (56, target)] {
            if value.is_empty() {
                return Err(EncodeError::Empty { tag });
            }
            if value.as_bytes().contains(&SOH) {
                return Err(EncodeError::ContainsDelimiter { tag });
            }
        }
        Ok(SessionHeader {
            prefix: Prefix::new(begin_string),
            parties: format!("49={sender}\x0156={target}\x0134=").into_bytes(),
        })
    }
}

impl Prefix {
    /// `begin_string` has at most [`MAX_BEGIN_STRING`] bytes.
    fn new(begin_string: &str) -> Prefix {
        let text = format!("8={begin_string}\x019=");
        let mut room = [0; PREFIX];
        room[PREFIX - text.len()..].copy_from_slice(text.as_bytes());
        Prefix {
            room,
            length: text.len(),
        }
    }
}

/// Copies `value` into room of its length: as two blocks of a fixed length that overlap, since most values are too short
/// for a call to be worth its while.
#[inline]
fn copy(room: &mut [u8], value: &[u8]) {
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

impl Default for Encoder {
    fn default() -> Self {
        Encoder::new()
    }
}

impl Encoder {
    /// An encoder with an empty buffer, which grows to the longest frame written and stays so.
    #[must_use]
    pub fn new() -> Encoder {
        let body = BodyWriter {
            buffer: vec![0; INITIAL],
            at: ROOM,
            delimiters: 0,
            careful: false,
            fault: None,
        };
        Encoder {
            body,
            prefix: Prefix::new(""),
        }
    }

    /// Starts a frame with the standard header: 8, 9, 35, 49, 56, 34, 52.
    ///
    /// A frame that was begun and not finished is dropped. SendingTime (52) is written with the precision that
    /// `sending_time` has.
    #[inline]
    pub fn begin(
        &mut self,
        header: &SessionHeader,
        msg_type: &[u8],
        msg_seq_num: u64,
        sending_time: Timestamp,
    ) -> &mut BodyWriter {
        const MSG_TYPE: Tag = Tag::new(35);
        const SENDING_TIME: Tag = Tag::new(52);
        self.prefix = header.prefix;
        let body = &mut self.body;
        body.at = ROOM;
        // 8, 9, 49, 56 and 34; the others count themselves.
        body.delimiters = 5;
        body.fault = None;
        body.text(MSG_TYPE, msg_type);
        body.reserve(header.parties.len() + 24);
        let parties = body.at + header.parties.len();
        copy(&mut body.buffer[body.at..parties], &header.parties);
        body.push_unsigned(parties, msg_seq_num);
        body.timestamp_value(SENDING_TIME, sending_time);
        body
    }

    /// Starts a possible duplicate, as a resend is: the header of [`Encoder::begin`] with PossDupFlag (43) set and
    /// OrigSendingTime (122).
    pub fn begin_duplicate(
        &mut self,
        header: &SessionHeader,
        msg_type: &[u8],
        msg_seq_num: u64,
        sending_time: Timestamp,
        orig_sending_time: Timestamp,
    ) -> &mut BodyWriter {
        let body = self.begin(header, msg_type, msg_seq_num, sending_time);
        body.boolean(43, true).timestamp(122, orig_sending_time);
        body
    }

    /// Begins, writes and checks a whole message.
    ///
    /// # Errors
    ///
    /// As [`Encoder::finish_checked`].
    #[inline]
    pub fn encode<M: EncodeBody + ?Sized>(
        &mut self,
        header: &SessionHeader,
        msg_seq_num: u64,
        sending_time: Timestamp,
        message: &M,
    ) -> Result<&[u8], EncodeError> {
        let body = self.begin(header, message.msg_type(), msg_seq_num, sending_time);
        message.encode_body(body);
        let (start, delimiters) = self.complete();
        if let Some(fault) = self.body.fault {
            return Err(fault);
        }
        if delimiters != self.body.delimiters {
            return Err(self.find_delimiter_in(header, message));
        }
        Ok(&self.body.buffer[start..self.body.at])
    }

    /// Names the field whose value contains the delimiter. What it injects may look like fields, so the frame does not
    /// tell: the message is written again, and each text looked into.
    #[cold]
    fn find_delimiter_in<M: EncodeBody + ?Sized>(
        &mut self,
        header: &SessionHeader,
        message: &M,
    ) -> EncodeError {
        self.body.careful = true;
        let body = self.begin(header, message.msg_type(), 1, Timestamp::from_unix_nanos(0));
        message.encode_body(body);
        self.body.careful = false;
        let (start, _) = self.complete();
        let fault = self.body.fault.take();
        fault.unwrap_or_else(|| find_delimiter(&self.body.buffer[start..self.body.at]))
    }

    /// Completes the frame with BodyLength (9) and CheckSum (10), whatever its values are.
    ///
    /// For tests that need a bad message; a session uses [`Encoder::finish_checked`].
    pub fn finish(&mut self) -> &[u8] {
        let (start, _) = self.complete();
        &self.body.buffer[start..self.body.at]
    }

    /// Completes the frame with BodyLength (9) and CheckSum (10).
    ///
    /// # Errors
    ///
    /// When a value is empty or contains SOH: the frame must not be sent.
    #[inline]
    pub fn finish_checked(&mut self) -> Result<&[u8], EncodeError> {
        let (start, delimiters) = self.complete();
        if let Some(fault) = self.body.fault {
            return Err(fault);
        }
        let frame = &self.body.buffer[start..self.body.at];
        if delimiters != self.body.delimiters {
            return Err(find_delimiter(frame));
        }
        Ok(frame)
    }

    /// Writes what stands around the body; returns where the frame starts and the delimiters before its trailer.
    fn complete(&mut self) -> (usize, usize) {
        let body = &mut self.body;
        body.reserve(TRAILER);
        let end = body.at;
        let front = body
            .buffer
            .first_chunk_mut::<ROOM>()
            .expect("the buffer is longer than its room");
        front[ROOM - 1] = SOH;
        let digits = write_digits((end - ROOM) as u64, front, ROOM - 1);
        let start = digits - self.prefix.length;
        if let Some(room) = front[..digits].last_chunk_mut() {
            *room = self.prefix.room;
        }
        let (sum, delimiters) = sum_and_count(&body.buffer[start..end]);
        let trailer = [
            b'1',
            b'0',
            b'=',
            b'0' + sum / 100,
            b'0' + sum / 10 % 10,
            b'0' + sum % 10,
            SOH,
        ];
        body.buffer[end..end + TRAILER].copy_from_slice(&trailer);
        body.at = end + TRAILER;
        (start, delimiters)
    }
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
    /// Writes a field. The value must not be empty nor contain SOH; [`Encoder::finish_checked`] reports it.
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

    /// Records that a value cannot be written: [`Encoder::finish_checked`] reports the first that was recorded.
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
    fn push_unsigned(&mut self, at: usize, value: u64) {
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
    fn reserve(&mut self, more: usize) {
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

/// Names the field whose value contains the delimiter, as far as the frame tells: the last that was well formed before one
/// that is not.
#[cold]
fn find_delimiter(frame: &[u8]) -> EncodeError {
    let mut last = 0;
    for part in frame.split(|&byte| byte == SOH) {
        let tag = part
            .split(|&byte| byte == b'=')
            .next()
            .and_then(crate::number::parse_unsigned);
        match tag {
            Some(tag) if part.contains(&b'=') => last = tag as u32,
            _ => break,
        }
    }
    EncodeError::ContainsDelimiter { tag: last }
}

#[cfg(test)]
mod tests;
