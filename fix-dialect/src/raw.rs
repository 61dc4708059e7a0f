//! The raw layer: any structurally sound frame, as ordered fields over its bytes.

use std::fmt;

use crate::field::{Shown, data_field, split_tag};
use crate::header::is_header;
use crate::number::parse_unsigned;
use crate::shape::Place;
use crate::tables::Tables;
use crate::{Field, FieldIndex, Fields, Header, HeaderError, fields, fields_by};

/// A structurally sound frame: its bytes, its standard header, and its fields in the order of the wire.
///
/// It exists for every frame with a readable header, whatever its body holds, and `bytes` encodes it again exactly.
#[derive(Clone, Copy)]
pub struct RawMessage<'a> {
    bytes: &'a [u8],
    /// Where the body begins, and where CheckSum (10) does.
    body: Place,
    /// What says which fields are DATA, beside the standard.
    tables: Option<&'static Tables>,
}

/// A raw message with the index that it was found by.
pub(crate) struct Indexed<'a, 'i> {
    pub(crate) raw: RawMessage<'a>,
    pub(crate) msg_type: &'a [u8],
    /// Every delimiter of the frame.
    pub(crate) ends: &'i [u32],
    /// The first field of the body, and the first behind it.
    pub(crate) body: (usize, usize),
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
    pub fn parse(frame: &'a [u8], index: &mut FieldIndex) -> Result<RawMessage<'a>, Malformed> {
        RawMessage::index(frame, index)?.raw.checked()
    }

    /// As [`RawMessage::parse`], where these tables also say which fields are DATA and may contain the delimiter: those of
    /// a dialect with private ones, or of a message of one's own.
    ///
    /// # Errors
    ///
    /// As [`RawMessage::parse`].
    pub fn parse_by(
        frame: &'a [u8],
        index: &mut FieldIndex,
        tables: &'static Tables,
    ) -> Result<RawMessage<'a>, Malformed> {
        RawMessage::index(frame, index)?.raw.by(tables).checked()
    }

    /// The same message, whose DATA fields these tables tell too.
    #[must_use]
    #[inline]
    pub const fn by(mut self, tables: &'static Tables) -> RawMessage<'a> {
        self.tables = Some(tables);
        self
    }

    fn checked(self) -> Result<RawMessage<'a>, Malformed> {
        let (raw, frame) = (self, self.bytes);
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

    /// As [`RawMessage::parse`], without a look at the fields of the body.
    pub(crate) fn index<'i>(
        frame: &'a [u8],
        index: &'i mut FieldIndex,
    ) -> Result<Indexed<'a, 'i>, Malformed> {
        if u32::try_from(frame.len()).is_err() {
            return Err(Malformed::TooLong { length: frame.len() });
        }
        let ends = index.scan(frame);
        let (header, count) = Header::read_index(frame, ends)?;
        let body_end = ends.len() - 1;
        let trailer = ends[body_end - 1] + 1;
        let stands = frame
            .get(trailer as usize..)
            .is_some_and(|rest| rest.starts_with(b"10="));
        let place = Place::new(ends[count - 1] + 1, trailer).filter(|_| stands && body_end >= count);
        let Some(body) = place.filter(|_| ends[body_end] as usize + 1 == frame.len()) else {
            return Err(Malformed::Unterminated);
        };
        Ok(Indexed {
            raw: RawMessage::found(frame, body),
            msg_type: header.msg_type,
            ends,
            body: (count, body_end),
        })
    }

    /// A frame that is known to be sound, the body of which stands between these places.
    #[inline]
    pub(crate) const fn found(bytes: &'a [u8], body: Place) -> RawMessage<'a> {
        RawMessage {
            bytes,
            body,
            tables: None,
        }
    }

    pub(crate) const fn place(&self) -> Place {
        self.body
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
        let head = self.bytes.get(..self.body.start()).unwrap_or_default();
        Header::read(head).expect("the header was read when the message was made")
    }

    /// All fields, from BeginString (8) to CheckSum (10).
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        self.fields_of(self.bytes)
    }

    fn fields_of(&self, bytes: &'a [u8]) -> Fields<'a> {
        match self.tables {
            Some(tables) => fields_by(bytes, tables),
            None => fields(bytes),
        }
    }

    /// The fields of the body: without the standard header and trailer.
    pub fn body(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        self.fields_of(
            self.bytes
                .get(self.body.start()..self.body.end())
                .unwrap_or_default(),
        )
        .filter(|field| !is_header(field.tag) && !matches!(field.tag, 89 | 93))
    }

    /// The value of the first field with this tag.
    #[must_use]
    pub fn field(&self, tag: u32) -> Option<&'a [u8]> {
        self.fields()
            .find(|field| field.tag == tag)
            .map(|field| field.value)
    }
}

impl<'a> Header<'a> {
    /// As [`Header::read`], over an index; also says how many fields belong to the header.
    fn read_index(frame: &'a [u8], ends: &[u32]) -> Result<(Header<'a>, usize), HeaderError> {
        Header::read_fields(IndexedFields {
            frame,
            ends,
            at: 0,
            data: None,
        })
    }
}

/// Fields over an index.
struct IndexedFields<'a, 'i> {
    frame: &'a [u8],
    ends: &'i [u32],
    at: usize,
    data: Option<(u32, usize)>,
}

impl<'a> Iterator for IndexedFields<'a, '_> {
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
