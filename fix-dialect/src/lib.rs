//! Wire runtime and dictionary model for FIX dialects.
//!
//! The way of a message: a [`Framer`] cuts a stream into frames; a [`Decoder`] indexes a frame's fields in one pass and
//! makes a [`RawMessage`] of it, and from that the typed message of a [`Dialect`]; an [`Encoder`] writes a message's
//! fields behind the header of a session. The types and tables of a dialect are generated from an XML dictionary by
//! `#[derive(Dialect)]` of the `fix-derive` crate.
//!
//! Most programs use it through `fix-derive` (messages of their own: its first page has the first one, in five minutes) or through
//! `kalshi-fix` (Kalshi's dialects, sessions, clients). By itself it reads and writes any FIX, field by field:
//!
//! ```
//! use fix_dialect::{Encoder, FieldIndex, Framer, Framing, RawMessage, SessionHeader, Timestamp};
//!
//! let header = SessionHeader::new("FIX.4.4", "me", "you")?;
//! let now = Timestamp::parse(b"20260817-16:00:00.123").expect("a time");
//! let mut encoder = Encoder::new();
//! encoder.begin(&header, b"D", 1, now).field(11, b"order-1").field(44, b"0.55");
//! let stream = encoder.finish_checked()?;
//!
//! match Framer::default().next(stream) {
//!     Framing::Frame(length) => {
//!         let mut index = FieldIndex::new(); // kept from frame to frame: nothing is allocated once it is large enough
//!         let raw = RawMessage::parse(&stream[..length], &mut index).expect("fields");
//!         assert_eq!(raw.header().msg_seq_num, 1);
//!         assert_eq!(raw.field(44), Some(&b"0.55"[..]));
//!     }
//!     Framing::NeedMore(bytes) => println!("{bytes} in all are needed to go on"),
//!     Framing::Garbled { skip, reason } => println!("{skip} bytes are no frame: {reason}"),
//! }
//! # Ok::<(), fix_dialect::EncodeError>(())
//! ```
//!
//! What a typed message is worth over that: a required field that is missing or malformed is told and never made up
//! ([`Outcome`]), the venue's rules are checked ([`validation`]), and what nobody knows is kept ([`Unknown`]).
//!
//! Features: `dictionary` (off by default) adds the XML loader, the linter, tables at run time and the
//! semantic diff.

mod check;
mod check_ends;
pub mod custom;
mod decoder;
mod dialect;
#[cfg(feature = "dictionary")]
pub mod dictionary;
mod encode;
mod few;
mod field;
mod field_type;
mod frame;
mod header;
mod number;
mod own_values;
mod parts;
mod plan;
mod print;
mod raw;
mod scan;
mod shape;
mod slots;
mod sum;
mod swar;
pub mod tables;
mod tag;
mod text;
mod time;
mod unknown;
pub mod validation;
mod value;
mod violation;
mod walk;

pub use custom::{Custom, CustomDecoder, CustomError, FixGroup, FixMessage, IntoOwned};
pub use decoder::{Decoded, Decoder, Outcome, Validator};
pub use dialect::{
    ClientSends, Dialect, ExchangeSends, Message, NoMessage, Recycle, Session, validate, validate_in,
};
pub use encode::{BodyWriter, EncodeBody, EncodeError, Encoder, SessionHeader};
pub use field::{Field, Fields, data_field, fields, fields_by, is_secret};
pub use field_type::FieldType;
pub use frame::{Framer, Framing, Garbled, MAX_BEGIN_STRING};
pub use header::{Header, HeaderError};
pub use number::{parse_decimal, parse_int, parse_unsigned};
pub use parts::{FieldPart, Part, PartWalker, Place};
pub use print::{Escaped, Printer};
pub use raw::{Malformed, RawMessage};
pub use rust_decimal::Decimal;
pub use scan::FieldIndex;
pub use slots::{Block, Pool, Refused, Slots};
pub use tables::Representation;
pub use tag::Tag;
pub use text::Text;
pub use time::{Date, Precision, TimeOfDay, Timestamp};
pub use unknown::Unknown;
pub use validation::{Action, Context, Prices, Profile, Sender, Verdict};
pub use value::{Enumeration, FieldValue, MultipleValue, Unlisted};
pub use violation::{Answer, Rule, Violation};
pub use walk::Span;

/// The field delimiter of the tag=value encoding.
pub const SOH: u8 = 0x01;
