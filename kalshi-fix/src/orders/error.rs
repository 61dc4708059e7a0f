//! Why an order, an amendment or a cancellation is not made.

use std::fmt;

use crate::units::UnitError;

/// Why a message of order entry was not made. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// A field's value is none that the venue takes.
    #[error("{field} is {value}: expected {expected}")]
    Value {
        /// The field, as `Name (tag)`.
        field: &'static str,
        /// Its value.
        value: String,
        /// What the venue takes.
        expected: String,
    },
    /// Two things that do not go together.
    #[error("{field} is {value} along with {other}: expected {expected}")]
    Conflict {
        /// The field, as `Name (tag)`.
        field: &'static str,
        /// Its value.
        value: String,
        /// The other field, with its value.
        other: String,
        /// What would do.
        expected: &'static str,
    },
    /// A price that cannot be said in the session's unit.
    #[error("{field}: {source}")]
    Unit {
        /// The field, as `Name (tag)`.
        field: &'static str,
        /// Why not.
        source: UnitError,
    },
}

impl OrderError {
    /// The field that is wrong, as `Name (tag)`.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            OrderError::Value { field, .. }
            | OrderError::Conflict { field, .. }
            | OrderError::Unit { field, .. } => field,
        }
    }

    pub(crate) fn value(
        field: &'static str,
        value: &dyn fmt::Display,
        expected: impl Into<String>,
    ) -> OrderError {
        OrderError::Value {
            field,
            value: value.to_string(),
            expected: expected.into(),
        }
    }
}
