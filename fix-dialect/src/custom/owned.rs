//! From what borrows from a frame to what can be kept.

use std::borrow::Cow;

use crate::{Enumeration, MultipleValue, Text, Unknown};

/// What borrows from a frame, and can be made to borrow from nothing.
///
/// The derives implement it for messages and entries all of whose fields have it: a reference such as `&str` has no owned
/// form of the same type, and a [`Text`] or a [`Cow`] has. Fields without a lifetime need nothing. Implement it for a value
/// type of your own that has one.
///
/// ```
/// use fix_dialect::{IntoOwned, Text};
///
/// let frame = b"order-1".to_vec();
/// let text = Text::from_bytes(&frame);
/// let kept: Text<'static> = text.into_owned();
/// drop(frame);
/// assert_eq!(kept, "order-1");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made to borrow from nothing",
    label = "this cannot be kept beyond its frame",
    note = "a message can, when each field with a lifetime can: `Text<'a>` and `Cow<'a, str>`, and not `&'a str`",
    note = "implement `IntoOwned` for a value type of your own that has a lifetime"
)]
pub trait IntoOwned {
    /// The same, for as long as one likes.
    type Owned: 'static;

    /// The same, owned: it no longer borrows from the frame that it was decoded from.
    #[must_use]
    fn into_owned(self) -> Self::Owned;
}

macro_rules! owned {
    ($($type:ident,)*) => {
        $(impl IntoOwned for $type<'_> {
            type Owned = $type<'static>;

            fn into_owned(self) -> $type<'static> {
                $type::into_owned(self)
            }
        })*
    };
}

owned! { Text, Unknown, }

impl<E: Enumeration + 'static> IntoOwned for MultipleValue<'_, E> {
    type Owned = MultipleValue<'static, E>;

    fn into_owned(self) -> MultipleValue<'static, E> {
        MultipleValue::into_owned(self)
    }
}

impl<T: ToOwned<Owned: 'static> + ?Sized + 'static> IntoOwned for Cow<'_, T> {
    type Owned = Cow<'static, T>;

    fn into_owned(self) -> Cow<'static, T> {
        Cow::Owned(Cow::into_owned(self))
    }
}

impl<T: IntoOwned> IntoOwned for Option<T> {
    type Owned = Option<T::Owned>;

    fn into_owned(self) -> Option<T::Owned> {
        self.map(T::into_owned)
    }
}

impl<T: IntoOwned> IntoOwned for Vec<T> {
    type Owned = Vec<T::Owned>;

    fn into_owned(self) -> Vec<T::Owned> {
        self.into_iter().map(T::into_owned).collect()
    }
}
