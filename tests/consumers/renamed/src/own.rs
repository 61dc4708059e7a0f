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
