//! The order tracker against the exchange's own truth.

mod breaks;
mod followed;
mod history;
mod interleavings;
mod kill;
mod outages;
mod sessions;
