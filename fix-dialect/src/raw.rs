//! The raw layer: any structurally sound frame, as ordered fields over its bytes.

use std::fmt;

use crate::field::{Shown, data_field, split_tag};
use crate::header::is_header;
use crate::number::parse_unsigned;
use crate::walk::load;
use crate::{Field, FieldIndex, FieldValue, Header, HeaderError, Tag, Timestamp, fields};

/// A structurally sound frame: its bytes, its standard header, and its fields in the order of the wire.
///
/// It exists for every frame with a readable header, whatever its body holds, and `bytes` encodes it again exactly.
#[derive(Clone, Copy)]
pub struct RawMessage<'a> {
    bytes: &'a [u8],
    ends: &'a [u32],
    /// The first field of the body, and the first behind it.
    body: (usize, usize),
}

/// Why bytes are not even a raw message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The standard header lacks what every message needs.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Bytes are not a `tag=value`.
    #[error("expected `tag=value` at byte {offset} of the frame")]
    NotAField {
        /// Where, counted from the start of the frame.
        offset: usize,
    },
    /// The frame does not end with CheckSum (10) and its delimiter.
    #[error("the frame does not end with CheckSum (10)")]
    Unterminated,
    /// More bytes than an index can address.
    #[error("the frame has {length} bytes; at most {} are supported", u32::MAX)]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
}

impl<'a> RawMessage<'a> {
    /// Reads a frame as a [`Framer`](crate::Framer) cuts it; CheckSum (10) and BodyLength (9) are the framer's matter.
    ///
    /// # Errors
    ///
    /// When the header cannot be read, or the bytes are not a sequence of fields that ends with CheckSum (10).
    pub fn parse(frame: &'a [u8], index: &'a mut FieldIndex) -> Result<RawMessage<'a>, Malformed> {
        let (raw, _) = RawMessage::index(frame, index)?;
        let mut end = 0;
        for field in raw.fields() {
            end = field.value.as_ptr().addr() + field.value.len() + 1 - frame.as_ptr().addr();
        }
        if end == frame.len() {
            Ok(raw)
        } else {
            Err(Malformed::NotAField { offset: end })
        }
    }

    /// As [`RawMessage::parse`], without a look at the fields of the body; also says what MsgType (35) is.
    #[inline]
    pub(crate) fn index(
        frame: &'a [u8],
        index: &'a mut FieldIndex,
    ) -> Result<(RawMessage<'a>, &'a [u8]), Malformed> {
        if u32::try_from(frame.len()).is_err() {
            return Err(Malformed::TooLong { length: frame.len() });
        }
        let ends = index.scan(frame);
        let (header, count) = Header::read_index(frame, ends)?;
        let body_end = ends.len() - 1;
        let trailer = frame.get(ends[body_end - 1] as usize + 1..).unwrap_or_default();
        if !trailer.starts_with(b"10=") || ends[body_end] as usize + 1 != frame.len() || body_end < count {
            return Err(Malformed::Unterminated);
        }
        let raw = RawMessage {
            bytes: frame,
            ends,
            body: (count, body_end),
        };
        Ok((raw, header.msg_type))
    }

    /// The whole frame.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The standard header, read anew: it is large to keep, and the session layer has read it before.
    ///
    /// # Panics
    ///
    /// Never: there is no raw message without a header that can be read.
    #[must_use]
    pub fn header(&self) -> Header<'a> {
        let read = Header::read_index(self.bytes, self.ends);
        read.expect("the header was read when the message was made").0
    }

    /// All fields, from BeginString (8) to CheckSum (10).
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        fields(self.bytes)
    }

    /// The fields of the body: without the standard header and trailer.
    pub fn body(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let start = self.ends[self.body.0 - 1] as usize + 1;
        let end = self.ends[self.body.1 - 1] as usize + 1;
        fields(&self.bytes[start.min(end)..end])
            .filter(|field| !is_header(field.tag) && !matches!(field.tag, 89 | 93))
    }

    /// The value of the first field with this tag.
    #[must_use]
    pub fn field(&self, tag: u32) -> Option<&'a [u8]> {
        self.fields()
            .find(|field| field.tag == tag)
            .map(|field| field.value)
    }

    pub(crate) const fn ends(&self) -> &'a [u32] {
        self.ends
    }

    pub(crate) const fn body_fields(&self) -> (usize, usize) {
        self.body
    }
}

impl<'a> Header<'a> {
    /// As [`Header::read`], over an index; also says how many fields belong to the header.
    #[inline]
    pub(crate) fn read_index(frame: &'a [u8], ends: &'a [u32]) -> Result<(Header<'a>, usize), HeaderError> {
        match Header::read_usual(frame, ends) {
            Some(header) => Ok((header, USUAL.len())),
            None => Header::read_fields(IndexedFields {
                frame,
                ends,
                at: 0,
                data: None,
            }),
        }
    }

    /// The seven fields that every header has, in the usual order, and none else; `None` for any other header.
    #[inline]
    fn read_usual(frame: &'a [u8], ends: &[u32]) -> Option<Header<'a>> {
        let (ends, rest) = ends.split_first_chunk::<{ USUAL.len() }>()?;
        let mut values = [(0, 0); USUAL.len()];
        let mut start = 0;
        for ((&end, tag), value) in ends.iter().zip(USUAL).zip(&mut values) {
            let (pattern, mask) = tag.pattern();
            let begin = start + tag.len() as u32;
            if load(frame, start) & mask != pattern || begin >= end {
                return None;
            }
            *value = (begin as usize, end as usize);
            start = end + 1;
        }
        let next = frame.get(start as usize..*rest.first()? as usize)?;
        if !next.starts_with(b"10=") && is_header(split_tag(next)?.0) {
            return None;
        }
        let [
            begin_string,
            _,
            msg_type,
            sender_comp_id,
            target_comp_id,
            number,
            sending_time,
        ] = values;
        let text = |(begin, end)| frame.get(begin..end);
        let sending_time_text = text(sending_time)?;
        Some(Header {
            begin_string: text(begin_string)?,
            msg_type: text(msg_type)?,
            sender_comp_id: text(sender_comp_id)?,
            target_comp_id: text(target_comp_id)?,
            msg_seq_num: u64::read_at(frame, number.0, number.1).filter(|&number| number > 0)?,
            sending_time: Timestamp::parse(sending_time_text)?,
            sending_time_text,
            poss_dup: false,
            poss_resend: false,
            orig_sending_time: None,
        })
    }
}

/// The fields of the usual header, in their order.
const USUAL: [Tag; 7] = [
    Tag::new(8),
    Tag::new(9),
    Tag::new(35),
    Tag::new(49),
    Tag::new(56),
    Tag::new(34),
    Tag::new(52),
];

/// Fields over an index.
struct IndexedFields<'a> {
    frame: &'a [u8],
    ends: &'a [u32],
    at: usize,
    data: Option<(u32, usize)>,
}

impl<'a> Iterator for IndexedFields<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        let start = if self.at == 0 {
            0
        } else {
            self.ends[self.at - 1] as usize + 1
        };
        let mut end = *self.ends.get(self.at)? as usize;
        let (tag, value) = split_tag(self.frame.get(start..end)?)?;
        let begin = end - value.len();
        if let Some((data, length)) = self.data.take()
            && data == tag
            && let Some(at) = begin.checked_add(length).and_then(|end| {
                self.ends[self.at..]
                    .iter()
                    .position(|&delimiter| delimiter as usize == end)
            })
        {
            self.at += at;
            end = begin + length;
        }
        self.at += 1;
        let value = &self.frame[begin..end];
        if let Some(data) = data_field(tag) {
            self.data = parse_unsigned(value).and_then(|length| Some((data, usize::try_from(length).ok()?)));
        }
        Some(Field { tag, value })
    }
}

impl fmt::Display for RawMessage<'_> {
    /// One line, `|` for the delimiter; the values of secret fields are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for field in self.fields() {
            write!(f, "{}={}|", field.tag, Shown(field))?;
        }
        Ok(())
    }
}

impl fmt::Debug for RawMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawMessage({self})")
    }
}
