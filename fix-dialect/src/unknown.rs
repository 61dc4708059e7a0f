//! Fields that a dialect does not know, kept as they came.

use std::borrow::Cow;
use std::fmt;

use crate::field::{Shown, fields};
use crate::{BodyWriter, EncodeError, Fields, SOH};

/// The fields of a message, or of a group's entry, that the dictionary does not have there, in the order of the wire.
///
/// They are encoded again behind the known fields, so that nothing is lost on the way through.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Unknown<'a>(Cow<'a, [u8]>);

impl<'a> Unknown<'a> {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Unknown(Cow::Borrowed(&[]))
    }

    pub(crate) const fn from_wire(wire: Cow<'a, [u8]>) -> Self {
        Unknown(wire)
    }

    /// The fields in wire form, each with its delimiter.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields, in the order of the wire.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        fields(&self.0)
    }

    /// The value of the first field with this tag.
    #[must_use]
    pub fn get(&self, tag: u32) -> Option<&[u8]> {
        self.fields()
            .find(|field| field.tag == tag)
            .map(|field| field.value)
    }

    /// Adds a field, such as a private tag of the sender's.
    ///
    /// # Errors
    ///
    /// When the tag is not 1 to 9,999,999, or the value is empty or contains SOH.
    pub fn push(&mut self, tag: u32, value: &[u8]) -> Result<(), EncodeError> {
        if crate::Tag::checked(tag).is_none() {
            return Err(EncodeError::Tag { tag });
        }
        if value.is_empty() {
            return Err(EncodeError::Empty { tag });
        }
        if value.contains(&SOH) {
            return Err(EncodeError::ContainsDelimiter { tag });
        }
        let wire = self.0.to_mut();
        wire.extend_from_slice(tag.to_string().as_bytes());
        wire.push(b'=');
        wire.extend_from_slice(value);
        wire.push(SOH);
        Ok(())
    }

    /// The same fields, owned.
    #[must_use]
    pub fn into_owned(self) -> Unknown<'static> {
        Unknown(Cow::Owned(self.0.into_owned()))
    }

    /// Writes the fields as they are.
    #[inline]
    pub fn write(&self, out: &mut BodyWriter) {
        if !self.0.is_empty() {
            out.raw(&self.0);
        }
    }
}

impl fmt::Debug for Unknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for field in self.fields() {
            map.entry(&field.tag, &format_args!("{}", Shown(field)));
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_fields() {
        let mut unknown = Unknown::new();
        unknown.push(9001, b"a").unwrap();
        unknown.push(554, b"hunter2").unwrap();
        assert_eq!(unknown.as_bytes(), b"9001=a\x01554=hunter2\x01");
        assert_eq!(unknown.get(9001), Some(&b"a"[..]));
        assert_eq!(format!("{unknown:?}"), "{9001: a, 554: <redacted>}");
        assert_eq!(unknown.push(0, b"x"), Err(EncodeError::Tag { tag: 0 }));
        assert_eq!(unknown.push(1, b""), Err(EncodeError::Empty { tag: 1 }));
        assert_eq!(
            unknown.push(1, b"a\x01b"),
            Err(EncodeError::ContainsDelimiter { tag: 1 })
        );
    }
}
