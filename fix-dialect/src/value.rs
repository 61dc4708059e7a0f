//! Field values: how each Rust type is read from the wire and written to it.

use std::fmt;
use std::marker::PhantomData;

use rust_decimal::Decimal;

use crate::tables::{Representation, ValueTable};
use crate::{BodyWriter, Date, FieldType, Tag, Text, TimeOfDay, Timestamp};

/// A type that a field's value can have.
///
/// Implemented for the built-in types and by the derives for enums. Implement it for a type of your own to use it in a
/// message; `read(write(x)) == x` must hold, and what cannot be written is refused with [`BodyWriter::refuse`].
///
/// ```
/// use fix_dialect::{BodyWriter, FieldValue, Tag};
///
/// /// A price in ticks of a quarter.
/// struct Ticks(i64);
///
/// impl FieldValue<'_> for Ticks {
///     fn read(bytes: &[u8]) -> Option<Ticks> {
///         let quarters = fix_dialect::parse_decimal(bytes)? * fix_dialect::Decimal::from(4);
///         quarters.is_integer().then(|| quarters.try_into().ok().map(Ticks))?
///     }
///
///     fn write(&self, tag: Tag, out: &mut BodyWriter) {
///         out.decimal_value(tag, fix_dialect::Decimal::new(self.0 * 25, 2));
///     }
/// }
///
/// assert_eq!(Ticks::read(b"10.25").map(|ticks| ticks.0), Some(41));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a FIX field",
    label = "not a FIX value",
    note = "a field is text (`Text<'a>`, `&'a str`, `String`), bytes (`&'a [u8]`, `Vec<u8>`), an integer, `Decimal`, `bool`, `char` or `u8`",
    note = "or `Timestamp`, `Date`, `TimeOfDay`, `MultipleValue<'a, E>`, an enum with `#[derive(FixEnum)]`, or an `Option` of one of these",
    note = "implement `FieldValue` to use a type of your own"
)]
pub trait FieldValue<'a>: Sized {
    /// The data type that the tables of a user's own message give to such a field, where the type says.
    const FIELD_TYPE: Option<FieldType> = None;

    /// How values are checked; `None` when [`FieldValue::read`] alone can tell.
    const REPRESENTATION: Option<Representation> = None;

    /// The listed values of an enum.
    const VALUES: &'static [ValueTable] = &[];

    /// Reads the bytes between `=` and the delimiter, of which there is at least one; `None` when they are not a
    /// value of this type.
    fn read(bytes: &'a [u8]) -> Option<Self>;

    /// As [`FieldValue::read`], of the bytes `start..end` of a frame: what lies behind the value may be looked at.
    #[inline]
    #[must_use]
    fn read_at(frame: &'a [u8], start: usize, end: usize) -> Option<Self> {
        Self::read(frame.get(start..end)?)
    }

    /// Writes the field with this tag.
    fn write(&self, tag: Tag, out: &mut BodyWriter);
}

impl<'a> FieldValue<'a> for Text<'a> {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::String);
    const REPRESENTATION: Option<Representation> = Some(Representation::Text);

    #[inline]
    fn read(bytes: &'a [u8]) -> Option<Self> {
        Some(Text::from_bytes(bytes))
    }

    #[inline]
    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.text(tag, self.as_bytes());
    }
}

impl FieldValue<'_> for Decimal {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::Float);
    const REPRESENTATION: Option<Representation> = Some(Representation::Decimal);

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        crate::parse_decimal(bytes)
    }

    #[inline]
    fn read_at(frame: &[u8], start: usize, end: usize) -> Option<Self> {
        crate::number::decimal_at(frame, start, end)
    }

    #[inline]
    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.decimal_value(tag, *self);
    }
}

impl FieldValue<'_> for i64 {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::Int);
    const REPRESENTATION: Option<Representation> = Some(Representation::Int);

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        crate::parse_int(bytes)
    }

    #[inline]
    fn read_at(frame: &[u8], start: usize, end: usize) -> Option<Self> {
        match frame.get(start..end)? {
            [digit @ b'0'..=b'9'] => Some(i64::from(digit - b'0')),
            bytes => Self::read(bytes),
        }
    }

    #[inline]
    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.int_value(tag, *self);
    }
}

impl FieldValue<'_> for u64 {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::Int);
    const REPRESENTATION: Option<Representation> = Some(Representation::Unsigned);

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        crate::parse_unsigned(bytes)
    }

    #[inline]
    fn read_at(frame: &[u8], start: usize, end: usize) -> Option<Self> {
        match frame.get(start..start + 8).and_then(<[u8]>::as_array) {
            Some(word) => crate::number::unsigned_at(u64::from_le_bytes(*word), frame, start, end),
            None => Self::read(frame.get(start..end)?),
        }
    }

    #[inline]
    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.unsigned_value(tag, *self);
    }
}

impl FieldValue<'_> for u8 {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::Char);
    const REPRESENTATION: Option<Representation> = Some(Representation::Char);

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        if let [byte] = bytes { Some(*byte) } else { None }
    }

    #[inline]
    fn read_at(frame: &[u8], start: usize, end: usize) -> Option<Self> {
        if end == start + 1 {
            frame.get(start).copied()
        } else {
            None
        }
    }

    #[inline]
    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.text(tag, &[*self]);
    }
}

impl FieldValue<'_> for bool {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::Boolean);
    const REPRESENTATION: Option<Representation> = Some(Representation::Boolean);

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            b"Y" => Some(true),
            b"N" => Some(false),
            _ => None,
        }
    }

    #[inline]
    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.byte_value(tag, if *self { b'Y' } else { b'N' });
    }
}

impl FieldValue<'_> for Timestamp {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::UtcTimestamp);
    const REPRESENTATION: Option<Representation> = Some(Representation::Timestamp);

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        Timestamp::parse(bytes)
    }

    #[inline]
    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.timestamp_value(tag, *self);
    }
}

impl FieldValue<'_> for Date {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::UtcDateOnly);
    const REPRESENTATION: Option<Representation> = Some(Representation::Date);

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        Date::parse(bytes)
    }

    #[inline]
    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.date_value(tag, *self);
    }
}

impl FieldValue<'_> for TimeOfDay {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::UtcTimeOnly);
    const REPRESENTATION: Option<Representation> = Some(Representation::TimeOfDay);

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        TimeOfDay::parse(bytes)
    }

    #[inline]
    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.time_value(tag, *self);
    }
}

/// An enumerated field: the values that the dictionary lists, and `Other` for those that it does not.
pub trait Enumeration: Sized + Clone + Eq + fmt::Debug {
    /// What a value is on the wire: `u8` for CHAR, `i64` for INT, `Box<[u8]>` for text.
    type Wire: Clone + Eq + fmt::Debug + std::hash::Hash;

    /// The listed values.
    const VALUES: &'static [ValueTable] = &[];

    /// The listed value that this is on the wire, if any.
    fn listed(wire: &Self::Wire) -> Option<Self>;

    /// Reads the bytes between `=` and the delimiter; `None` when they are outside of the field's type.
    fn from_wire(bytes: &[u8]) -> Option<Self>;

    /// The wire form of a listed value.
    fn as_listed(&self) -> Option<&'static str>;

    /// Calls `use_it` with the wire form.
    fn with_wire<R>(&self, use_it: impl FnOnce(&[u8]) -> R) -> R;
}

/// A value that the dictionary does not list. It cannot be made from one that it does.
pub struct Unlisted<E: Enumeration> {
    wire: E::Wire,
    field: PhantomData<fn() -> E>,
}

impl<E: Enumeration> Unlisted<E> {
    /// The value; `None` when the dictionary lists it.
    #[must_use]
    #[inline]
    pub fn new(wire: E::Wire) -> Option<Self> {
        if E::listed(&wire).is_some() {
            None
        } else {
            Some(Unlisted {
                wire,
                field: PhantomData,
            })
        }
    }

    /// The value as on the wire.
    #[must_use]
    pub const fn wire(&self) -> &E::Wire {
        &self.wire
    }
}

#[expect(clippy::expl_impl_clone_on_copy, reason = "a derive would ask for E: Copy")]
impl<E: Enumeration> Clone for Unlisted<E> {
    fn clone(&self) -> Self {
        Unlisted {
            wire: self.wire.clone(),
            field: PhantomData,
        }
    }
}

impl<E: Enumeration> Copy for Unlisted<E> where E::Wire: Copy {}

impl<E: Enumeration> PartialEq for Unlisted<E> {
    fn eq(&self, other: &Self) -> bool {
        self.wire == other.wire
    }
}

impl<E: Enumeration> Eq for Unlisted<E> {}

impl<E: Enumeration> std::hash::Hash for Unlisted<E> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.wire.hash(state);
    }
}

impl<E: Enumeration> fmt::Debug for Unlisted<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wire.fmt(f)
    }
}

/// The value of a field that holds several enumerated values, separated by spaces.
#[derive(Clone, PartialEq, Eq)]
pub struct MultipleValue<'a, E> {
    text: Text<'a>,
    values: PhantomData<fn() -> E>,
}

impl<'a, E: Enumeration> MultipleValue<'a, E> {
    /// The values, in the order of the wire; `None` for one that is outside of the field's type.
    pub fn iter(&self) -> impl Iterator<Item = Option<E>> + '_ {
        self.text.as_bytes().split(|&byte| byte == b' ').map(E::from_wire)
    }

    /// Whether `value` is among them.
    #[must_use]
    pub fn contains(&self, value: &E) -> bool {
        self.iter().any(|each| each.as_ref() == Some(value))
    }

    /// The whole value as on the wire.
    #[must_use]
    pub const fn as_text(&self) -> &Text<'a> {
        &self.text
    }

    /// The same, owned.
    #[must_use]
    pub fn into_owned(self) -> MultipleValue<'static, E> {
        MultipleValue {
            text: self.text.into_owned(),
            values: PhantomData,
        }
    }
}

impl<E: Enumeration> From<E> for MultipleValue<'_, E> {
    fn from(value: E) -> Self {
        let text = match value.as_listed() {
            Some(wire) => Text::from(wire),
            None => value.with_wire(|wire| Text::from(wire.to_vec())),
        };
        MultipleValue {
            text,
            values: PhantomData,
        }
    }
}

impl<E: Enumeration> FromIterator<E> for MultipleValue<'_, E> {
    fn from_iter<I: IntoIterator<Item = E>>(values: I) -> Self {
        let mut text = Vec::new();
        for value in values {
            if !text.is_empty() {
                text.push(b' ');
            }
            value.with_wire(|wire| text.extend_from_slice(wire));
        }
        MultipleValue {
            text: Text::from(text),
            values: PhantomData,
        }
    }
}

impl<E: Enumeration> fmt::Debug for MultipleValue<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().flatten()).finish()
    }
}

impl<'a, E: Enumeration> FieldValue<'a> for MultipleValue<'a, E> {
    const FIELD_TYPE: Option<FieldType> = Some(FieldType::MultipleStringValue);
    const REPRESENTATION: Option<Representation> = Some(Representation::Multiple);
    const VALUES: &'static [ValueTable] = E::VALUES;

    #[inline]
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let words = MultipleValue {
            text: Text::from_bytes(bytes),
            values: PhantomData,
        };
        crate::Representation::Multiple.accepts(bytes).then_some(words)
    }

    #[inline]
    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.text(tag, self.text.as_bytes());
    }
}
