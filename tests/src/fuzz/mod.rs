//! The fuzz targets: what each does with arbitrary bytes, what it starts from, and a deterministic way to alter that.
//!
//! `tests/fuzz` runs them under libFuzzer; `tests/tests/fuzz.rs` runs each on its corpus, and on some thousands of
//! altered entries, within the test command. A target panics where something does not hold. CONTRIBUTING.md says how to
//! run one, and how to keep what it finds.

pub mod dictionaries;
pub mod frames;
pub mod input;
pub mod messages;
pub mod mutate;
pub mod session;

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of the binary, and of the directory of its corpus.
    pub name: &'static str,
    /// What it does with an input.
    pub run: fn(&[u8]),
    /// What it starts from, made from the project's own fixtures.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 6] = [
    Target {
        name: "frames",
        run: frames::run,
        seeds: frames::seeds,
    },
    Target {
        name: "prediction",
        run: messages::prediction,
        seeds: messages::prediction_seeds,
    },
    Target {
        name: "margin",
        run: messages::margin,
        seeds: messages::margin_seeds,
    },
    Target {
        name: "dictionaries",
        run: dictionaries::run,
        seeds: dictionaries::seeds,
    },
    Target {
        name: "initiator",
        run: session::initiator,
        seeds: session::initiator_seeds,
    },
    Target {
        name: "acceptor",
        run: session::acceptor,
        seeds: session::acceptor_seeds,
    },
];
