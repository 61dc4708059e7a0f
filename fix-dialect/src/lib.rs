//! Wire runtime and dictionary model for FIX dialects.

mod encode;
mod field;
mod frame;
mod header;
mod number;
mod scan;
mod swar;
mod text;
mod time;

pub use encode::{BodyWriter, EncodeBody, EncodeError, Encoder, SessionHeader, Tag};
pub use field::{Field, Fields, data_field, fields, is_secret};
pub use frame::{Framer, Framing, Garbled, MAX_BEGIN_STRING};
pub use header::{Header, HeaderError};
pub use number::{parse_decimal, parse_int, parse_unsigned};
pub use rust_decimal::Decimal;
pub use scan::FieldIndex;
pub use text::Text;
pub use time::{Date, Precision, TimeOfDay, Timestamp};

/// The field delimiter of the tag=value encoding.
pub const SOH: u8 = 0x01;
