//! The order tracker against the exchange's own truth.

mod history;
mod interleavings;
mod sessions;
