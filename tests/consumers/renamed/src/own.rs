//! Messages of one's own where nothing of the prelude can be reached, and where its names mean something else.

#![no_implicit_prelude]

use ::venue::dialect::{Decimal, Text, Unknown, Unlisted};

/// A message of one's own.
#[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::venue::FixMessage)]
#[fix(
    msg_type = "U77",
    crate = "::venue::dialect",
    client = "crate::hostile::sessions::Send"
)]
pub struct Own<'a> {
    /// A text.
    #[fix(tag = 20001)]
    pub r#type: Text<'a>,
    /// A value.
    #[fix(tag = 20002)]
    pub kind: Kind,
    /// DATA.
    #[fix(tag = 96, length = 95)]
    pub raw: ::core::option::Option<::std::vec::Vec<u8>>,
    /// A group.
    #[fix(tag = 20003)]
    pub entries: ::core::option::Option<::std::vec::Vec<Entry<'a>>>,
    /// The rest.
    #[fix(unknown)]
    pub unknown: Unknown<'a>,
}

/// An entry.
#[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::venue::FixGroup)]
#[fix(crate = "::venue::dialect")]
pub struct Entry<'a> {
    /// Begins it.
    #[fix(tag = 20004)]
    pub name: &'a str,
    /// A group in it.
    #[fix(tag = 20005)]
    pub inner: ::std::vec::Vec<Inner>,
}

/// An entry of a group in a group.
#[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::venue::FixGroup)]
#[fix(crate = "::venue::dialect")]
pub struct Inner {
    /// Begins it.
    #[fix(tag = 20006)]
    pub amount: Decimal,
}

/// The venue's order, held against its dialect by the type, with a private tag.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq, ::venue::FixMessage)]
#[fix(
    msg_type = "D",
    dialect = "::venue::prediction::Prediction",
    crate = "::venue::dialect",
    client = "::venue::prediction::sessions::NR"
)]
pub struct Order<'a> {
    /// ClOrdID.
    pub cl_ord_id: Text<'a>,
    /// OrderQty.
    pub order_qty: Decimal,
    /// OrdType.
    pub ord_type: ::venue::prediction::fields::OrdType,
    /// Price, as a type of one's own.
    pub price: Ticks,
    /// Side.
    pub side: ::venue::prediction::fields::Side,
    /// Symbol.
    pub symbol: Text<'a>,
    /// A private tag.
    #[fix(tag = 20001)]
    pub strategy: ::core::option::Option<Kind>,
    /// NoPartyIDs.
    pub party_ids: ::core::option::Option<::std::vec::Vec<Party<'a>>>,
    /// The rest.
    #[fix(unknown)]
    pub unknown: Unknown<'a>,
}

/// An entry of the venue's.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq, ::venue::FixGroup)]
#[fix(
    dialect = "::venue::prediction::Prediction",
    group = "NoPartyIDs",
    crate = "::venue::dialect"
)]
pub struct Party<'a> {
    /// PartyID.
    pub party_id: Text<'a>,
    /// PartyRole.
    pub party_role: ::core::option::Option<::venue::prediction::fields::PartyRole>,
}

/// A message held against the dialect of this crate, whose names are awkward.
#[derive(::core::fmt::Debug, ::core::cmp::PartialEq, ::venue::FixMessage)]
#[fix(msg_type = "U78", dialect = crate::hostile::Hostile, crate = "::venue::dialect")]
pub struct Awkward {
    /// A field whose name is a keyword.
    pub r#type: ::core::option::Option<crate::hostile::fields::Type>,
}

/// A price in ten-thousandths: a type of one's own.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
pub struct Ticks(pub i64);

impl ::venue::dialect::FieldValue<'_> for Ticks {
    const FIELD_TYPE: ::core::option::Option<::venue::dialect::FieldType> =
        ::core::option::Option::Some(::venue::dialect::FieldType::Price);

    fn read(bytes: &[u8]) -> ::core::option::Option<Ticks> {
        let ticks = ::venue::dialect::parse_decimal(bytes)?.checked_mul(Decimal::new(10_000, 0))?;
        let whole = ::core::option::Option::filter(::core::option::Option::Some(ticks), Decimal::is_integer)?;
        ::core::result::Result::ok(<i64 as ::core::convert::TryFrom<Decimal>>::try_from(whole)).map(Ticks)
    }

    fn write(&self, tag: ::venue::dialect::Tag, out: &mut ::venue::dialect::BodyWriter) {
        out.decimal_value(tag, Decimal::new(self.0, 4));
    }
}

/// Values.
#[derive(
    ::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq, ::core::cmp::Eq, ::venue::FixEnum,
)]
#[fix(crate = "::venue::dialect")]
pub enum Kind {
    /// One.
    #[fix(value = "NONE")]
    None,
    /// Another.
    #[fix(value = "SOME")]
    Some,
    /// Any other.
    Other(Unlisted<Kind>),
}

/// Stands in the way of generated code that says `core` and not `::core`.
pub mod core {}

/// As [`core`].
pub mod std {}

/// As [`core`].
pub mod fix_dialect {}

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub struct Vec;

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub trait From {}

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub trait AsRef {}
