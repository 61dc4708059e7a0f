//! What the integration tests and the benchmarks share: the recorded messages under `fixtures/`.
//!
//! The crate is never published. Its tests live in `tests/`, its benchmarks in `benches/`.

pub mod fixtures;
