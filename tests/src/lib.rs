//! What the integration tests and the benchmarks share: the recorded messages under `fixtures/`, round trips, the fuzz
//! targets, all that can be seen of a frame, the simulation, and the whole stack under faults.
//!
//! The crate is never published. Its tests live in `tests/`, its benchmarks in `benches/`.

pub mod crash;
pub mod fixtures;
pub mod fuzz;
pub mod index;
pub mod observe;
pub mod proxy;
pub mod round_trip;
pub mod simulation;
pub mod stack;
