//! Messages that a user declares, beside those of a dictionary.
//!
//! `#[derive(FixMessage)]` of the `fix-derive` crate implements [`FixMessage`] for a struct, `#[derive(FixGroup)]`
//! [`FixGroup`] for the entries of its repeating groups, and `#[derive(FixEnum)]` makes an enum a field's type. Such a
//! message brings its own tables, so that it is decoded, validated and printed by the same code as a dialect's.

mod decode;
mod owned;
pub mod support;

pub use decode::{Custom, CustomDecoder, CustomError};
pub use owned::IntoOwned;

use crate::slots::{Block, Refused, Slots};
use crate::tables::{MemberTable, MessageTable, Tables};
use crate::{
    BodyWriter, Context, EncodeBody, EncodeError, Encoder, SessionHeader, Span, Timestamp, Validator,
    Violation,
};

/// A message that a user declares. Implemented by `#[derive(FixMessage)]`.
///
/// The lifetime is that of the frame from which the message borrows.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a FIX message",
    label = "not a FIX message",
    note = "add `#[derive(FixMessage)]` and `#[fix(msg_type = \"…\")]` to its struct"
)]
pub trait FixMessage<'a>: Block<'a, ()> + EncodeBody {
    /// The message's name.
    const NAME: &'static str;
    /// MsgType (35).
    const MSG_TYPE: &'static str;
    /// The body's members, in the order in which they are written.
    const MEMBERS: &'static [MemberTable];

    /// The members by which the message is validated: [`MEMBERS`](FixMessage::MEMBERS), or, for a message that is held
    /// against a dialect, the dialect's members with their conditions, and the private ones.
    const RULES: &'static [MemberTable];

    /// The message as it is read and written.
    fn layout() -> &'static MessageTable;

    /// The message as a dialect of its own, with the standard header and trailer around it: for a
    /// [`Validator`], a [`Printer`](crate::Printer), and for whatever else goes by tables.
    ///
    /// A message that is held against a dialect has that dialect's fields and rules, so that what it extends is
    /// validated as ever.
    fn tables() -> &'static Tables;

    /// Applies the message's own rules to what would be sent, and returns every violation.
    ///
    /// # Errors
    ///
    /// When a value cannot be encoded at all.
    fn validate(&self) -> Result<Vec<Violation>, EncodeError> {
        self.validate_in(&Context::default())
    }

    /// As [`FixMessage::validate`], on a session of which this much is known.
    ///
    /// # Errors
    ///
    /// When a value cannot be encoded at all.
    fn validate_in(&self, context: &Context) -> Result<Vec<Violation>, EncodeError> {
        let tables = Self::tables();
        let header = SessionHeader::new(tables.begin_string, "sender", "target")?;
        let mut encoder = Encoder::new();
        let frame = encoder.encode(&header, 1, Timestamp::from_unix_nanos(0), self)?;
        Ok(Validator::new(tables)
            .validate_in(frame, context)
            .unwrap_or_default())
    }
}

/// An entry of a repeating group that a user declares. Implemented by `#[derive(FixGroup)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entry of a repeating group",
    label = "a `Vec` in a FIX message is a repeating group, and this is not the entry of one",
    note = "add `#[derive(FixGroup)]` to its struct; raw bytes are a `Vec<u8>`, several words in one field a `MultipleValue`"
)]
pub trait FixGroup<'a>: Block<'a, ()> {
    /// The name of one entry.
    const NAME: &'static str;
    /// The members of an entry, the first of which begins each.
    const MEMBERS: &'static [MemberTable];
    /// The members by which an entry is validated: see [`FixMessage::RULES`].
    const RULES: &'static [MemberTable];

    /// Writes the entry's fields.
    fn write(&self, out: &mut BodyWriter);

    /// The entries of a required group. For generated code.
    ///
    /// # Errors
    ///
    /// When the group is missing, its count is wrong, or an entry lacks a required value.
    fn required_entries(slots: &mut Slots<'_, 'a, ()>, found: Span) -> Result<Vec<Self>, Refused> {
        slots.required_entries(found)
    }

    /// The entries of an optional group; `None` when it is absent, or faulty, which is a violation then. For generated
    /// code.
    fn optional_entries(slots: &mut Slots<'_, 'a, ()>, found: Span) -> Option<Vec<Self>> {
        slots.optional_entries(found)
    }
}
