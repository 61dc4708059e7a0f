//! A simulated exchange to test against: what the venue does, offline.

pub mod exchange;
