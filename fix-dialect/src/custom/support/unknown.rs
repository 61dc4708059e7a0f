//! What the field for unknown fields is.

use crate::{BodyWriter, Unknown};

/// The type of a field with `#[fix(unknown)]`: [`Unknown`], and nothing else.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` does not keep unknown fields",
    label = "unknown fields are kept in an `Unknown<'a>`",
    note = "what keeps all fields that have no field of their own is `#[fix(unknown)] rest: Unknown<'a>`, which is written again as it came"
)]
pub trait KeepsUnknown<'a>: Sized {
    /// The same without a frame to borrow from.
    type Owned;

    /// Takes them from a frame.
    fn keep(unknown: Unknown<'a>) -> Self;

    /// Writes them as they are.
    fn write(&self, out: &mut BodyWriter);

    /// Keeps them beyond the frame.
    fn into_owned(self) -> Self::Owned;
}

impl<'a> KeepsUnknown<'a> for Unknown<'a> {
    type Owned = Unknown<'static>;

    #[inline]
    fn keep(unknown: Unknown<'a>) -> Self {
        unknown
    }

    #[inline]
    fn write(&self, out: &mut BodyWriter) {
        Unknown::write(self, out);
    }

    fn into_owned(self) -> Unknown<'static> {
        Unknown::into_owned(self)
    }
}
