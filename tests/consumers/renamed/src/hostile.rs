//! A dialect generated where nothing of the prelude can be reached, and where its names mean something else.

#![no_implicit_prelude]

/// The marker of the dialect.
#[derive(::venue::Dialect)]
#[fix(dictionary = "hostile.xml", crate = "::venue::dialect")]
pub struct Hostile;

/// Stands in the way of generated code that says `core` and not `::core`.
pub mod core {}

/// As [`core`].
pub mod std {}

/// As [`core`].
pub mod alloc {}

/// As [`core`].
pub mod fix_dialect {}

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub trait Clone {}

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub trait PartialEq {}

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub trait Default {}

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub trait From {}

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub trait Into {}

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub struct Vec;

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub struct Box;

/// As [`core`].
#[expect(dead_code, reason = "a decoy")]
pub struct String;
