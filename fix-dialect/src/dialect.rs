//! What the derive implements for a dialect and its messages.

use crate::slots::{Refused, Slots};
use crate::tables::Tables;
use crate::{Context, EncodeBody, EncodeError, Encoder, SessionHeader, Timestamp, Validator, Violation};

/// A dialect: the messages of a dictionary as types. Implemented by `#[derive(Dialect)]` for a marker.
pub trait Dialect: Sized + Send + Sync + 'static {
    /// Any message of the dialect.
    type Message<'a>: Message<'a, Owned = Self::Message<'static>>;
    /// Room for the entries of groups, used again from message to message.
    type Storage: Default + Send + std::fmt::Debug;

    /// The dialect as data, also while a crate is compiled: a user's message is held against it.
    const TABLES: &'static Tables;

    /// The dialect as data.
    #[must_use]
    fn tables() -> &'static Tables {
        Self::TABLES
    }

    /// Builds the message with this ordinal from its slots, in its empty place.
    ///
    /// # Errors
    ///
    /// When a required value is missing or malformed.
    fn build<'a>(
        ordinal: usize,
        slots: &mut Slots<'_, 'a, Self::Storage>,
        place: &mut Option<Self::Message<'a>>,
    ) -> Result<(), Refused>;

    /// Takes the room of a message's groups back.
    fn recycle(message: &mut Self::Message<'_>, storage: &mut Self::Storage);
}

/// Any message of a dialect: the generated enum.
pub trait Message<'a>: EncodeBody + Clone + PartialEq + std::fmt::Debug {
    /// The same message, owned.
    type Owned: Message<'static>;

    /// The same message, owned: it no longer borrows from the frame that it was decoded from.
    fn into_owned(self) -> Self::Owned;
}

/// A session of a dialect, such as order entry: a generated marker type.
pub trait Session: Sized + Send + Sync + 'static {
    /// The dialect spoken on it.
    type Dialect: Dialect;
    /// The name in the dictionary, such as `NR`.
    const NAME: &'static str;
}

/// A message that the client sends on the session `S`, by the dictionary.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message that the client sends on the session `{S}`",
    label = "the dictionary does not let a client send this on `{S}`",
    note = "the message's documentation lists the sessions on which each side sends it",
    note = "a struct of your own that derives `FixMessage` names them itself: `#[fix(client = {S})]`"
)]
pub trait ClientSends<S>: EncodeBody {}

/// A message that the exchange sends on the session `S`, by the dictionary.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message that the exchange sends on the session `{S}`",
    label = "the dictionary does not let the exchange send this on `{S}`",
    note = "the message's documentation lists the sessions on which each side sends it",
    note = "a struct of your own that derives `FixMessage` names them itself: `#[fix(exchange = {S})]`"
)]
pub trait ExchangeSends<S>: EncodeBody {}

/// Gives the room of a message's groups back. For generated code.
pub trait Recycle<S> {
    /// Empties the groups into the storage.
    fn recycle(&mut self, storage: &mut S);
}

/// Every breach of the dictionary's rules by an outbound message. For generated code.
///
/// # Errors
///
/// When a value cannot be encoded at all.
pub fn validate<D: Dialect, M: EncodeBody + ?Sized>(message: &M) -> Result<Vec<Violation>, EncodeError> {
    validate_in::<D, M>(message, &Context::default())
}

/// Every breach of the dictionary's rules by an outbound message on a session of which this much is known.
///
/// To check many, keep a [`Validator`]: this makes one for each call.
///
/// # Errors
///
/// When a value cannot be encoded at all.
pub fn validate_in<D: Dialect, M: EncodeBody + ?Sized>(
    message: &M,
    context: &Context,
) -> Result<Vec<Violation>, EncodeError> {
    let header = SessionHeader::new(D::tables().begin_string, "sender", "target")?;
    let mut encoder = Encoder::new();
    let frame = encoder.encode(&header, 1, Timestamp::from_unix_nanos(0), message)?;
    Ok(Validator::new(D::tables())
        .validate_in(frame, context)
        .unwrap_or_default())
}

/// The messages of a dialect whose dictionary could not be read: none. For generated code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoMessage {}

impl EncodeBody for NoMessage {
    fn msg_type(&self) -> &[u8] {
        match *self {}
    }

    fn encode_body(&self, _: &mut crate::BodyWriter) {
        match *self {}
    }
}

impl Message<'_> for NoMessage {
    type Owned = NoMessage;

    fn into_owned(self) -> NoMessage {
        self
    }
}
