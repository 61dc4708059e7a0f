//! Field values of types that a user's own messages may have, beside those that the derive of a dialect uses.

use std::borrow::Cow;

use crate::tables::Representation;
use crate::{BodyWriter, EncodeError, FieldType, FieldValue, Tag};

macro_rules! text {
    ($($type:ty, $bytes:ident => $read:expr;)*) => {
        $(impl<'a> FieldValue<'a> for $type {
            const FIELD_TYPE: Option<FieldType> = Some(FieldType::String);

            #[inline]
            fn read($bytes: &'a [u8]) -> Option<Self> {
                $read
            }

            #[inline]
            fn write(&self, tag: Tag, out: &mut BodyWriter) {
                out.text(tag, AsRef::<[u8]>::as_ref(&**self));
            }
        })*
    };
}

text! {
    &'a str, bytes => std::str::from_utf8(bytes).ok();
    String, bytes => std::str::from_utf8(bytes).ok().map(str::to_owned);
    Cow<'a, str>, bytes => std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
    &'a [u8], bytes => Some(bytes);
    Vec<u8>, bytes => Some(bytes.to_vec());
    Cow<'a, [u8]>, bytes => Some(Cow::Borrowed(bytes));
}

macro_rules! integers {
    ($($type:ty, $wide:ty, $read:ident, $write:ident;)*) => {
        $(impl FieldValue<'_> for $type {
            const FIELD_TYPE: Option<FieldType> = Some(FieldType::Int);

            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                Self::try_from(crate::$read(bytes)?).ok()
            }

            #[inline]
            fn write(&self, tag: Tag, out: &mut BodyWriter) {
                out.$write(tag, *self as $wide);
            }
        })*
    };
}

// `u8` is a CHAR: FIX has no integer that one byte would be made for.
integers! {
    i8, i64, parse_int, int_value;
    i16, i64, parse_int, int_value;
    i32, i64, parse_int, int_value;
    isize, i64, parse_int, int_value;
    u16, u64, parse_unsigned, unsigned_value;
    u32, u64, parse_unsigned, unsigned_value;
    usize, u64, parse_unsigned, unsigned_value;
}

/// A CHAR: one byte of ASCII. Others are refused when they are sent.
impl FieldValue<'_> for char {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::Char);

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [byte] if byte.is_ascii() => Some(char::from(*byte)),
            _ => None,
        }
    }

    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        match u8::try_from(*self) {
            Ok(byte) if byte.is_ascii() => out.text(tag, &[byte]),
            _ => out.refuse(EncodeError::Unwritable { tag: tag.number() }),
        }
    }
}

/// How values are read and checked, by what a type says of itself and by its own way of reading. For generated code.
#[must_use]
pub const fn representation(of: Option<Representation>, accepts: fn(&[u8]) -> bool) -> Representation {
    match of {
        Some(representation) => representation,
        None => Representation::Own(crate::tables::Accepts(accepts)),
    }
}
