//! The order tracker against the exchange's own truth.

mod breaks;
mod history;
mod interleavings;
mod sessions;
