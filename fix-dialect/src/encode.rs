//! Writing frames: a reusable buffer with room in front, so that BodyLength (9) is written without moving the body.

mod body;
mod told;

pub use self::body::BodyWriter;
use self::body::copy;
use crate::frame::{MAX_BEGIN_STRING, TRAILER};
use crate::number::write_digits;
use crate::sum::sum_and_count;
use crate::tables::Tables;
use crate::{SOH, Tag, Timestamp};

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
    /// FIX has no empty values: an optional field without one is left out, and a required one needs one.
    #[error(
        "the value of tag {tag} is empty, which FIX does not have: leave an optional field out, and give a required one a value"
    )]
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

    /// The tables that name the message and its fields: its own, or those of its dialect. `None` where nobody knows them; an
    /// error has tags then, and no names.
    fn named_by(&self) -> Option<&'static Tables> {
        self.own_tables()
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
