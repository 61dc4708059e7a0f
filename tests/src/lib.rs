//! What the integration tests and the benchmarks share: the recorded messages under `fixtures/`, and round trips.
//!
//! The crate is never published. Its tests live in `tests/`, its benchmarks in `benches/`.

pub mod fixtures;
pub mod round_trip;
