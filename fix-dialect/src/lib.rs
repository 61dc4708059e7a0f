#![doc = include_str!("../README.md")]
//!
//! # The way of a message
//!
//! A [`Framer`] cuts a stream into frames; a [`Decoder`] indexes a frame's fields in one pass and makes a [`RawMessage`] of it, and
//! from that the typed message of a [`Dialect`], or an [`Outcome`] that says why there is none. An [`Encoder`] writes a message's
//! fields behind the header of a session. [`validation`] applies the dialect's [`tables`] to either; [`Unknown`] keeps what they
//! do not know. [`FixMessage`] is what a struct of one's own becomes.

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
pub use field::{Field, Fields, data_field, fields, fields_by, is_secret, secret_in};
pub use field_type::FieldType;
pub use frame::{Framer, Framing, Garbled, MAX_BEGIN_STRING};
pub use header::{Header, HeaderError};
pub use number::{parse_decimal, parse_int, parse_unsigned};
pub use parts::{FieldPart, Part, PartWalker, Place};
pub use print::{Escaped, Printer, Unread};
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
