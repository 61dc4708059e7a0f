//! Validation: what is known of a session beside a message, and what its rules are for.
//!
//! The rules themselves are a dialect's tables; [`Decoded::validate_in`](crate::Decoded::validate_in),
//! [`Validator`](crate::Validator) and [`validate_in`](crate::validate_in) apply them. A [`Context`] says what the
//! message alone does not tell, and a [`Profile`] what a breach of each rule leads to.

mod context;
mod profile;

pub use context::{Context, Prices, Sender};
pub use profile::{Action, Profile, Verdict};
