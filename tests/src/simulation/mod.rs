//! Both sides of a session in a simulated world: one seed, one run, always the same.
//!
//! An initiator and an acceptor, both the session core, talk over a network that delays, splits, joins, cuts and
//! swallows; their clocks differ and jump; their stores are slow, fail, and lose what they may lose when a process
//! dies, which it does at any store operation; their applications send, work off, acknowledge, stall and log out as
//! they like. An oracle knows what was sent under which number. What must hold:
//!
//! - no application message is lost, or worked off twice, where the session retransmits, but for what its
//!   sender's policy holds back; none is invented, and none arrives out of turn, in any session;
//! - a number is never used for different bytes: not by a second message, not by a resend, not after a crash;
//! - a frame is not on the wire before its number is as safe as the store's gate says;
//! - a store is not touched before the logon was accepted;
//! - a resend is what was asked for, has OrigSendingTime (122), and nothing new comes between it; it waits for the store and
//!   the transport, and for nothing else;
//! - a gap does not stay as it is: it is asked for again, or the session ends;
//! - a message that is refused takes no number;
//! - what waits in a session stays within its limits;
//! - a session between two sides that keep the rules ends for a reason that the faults explain;
//! - when the faults stop, both sides are soon logged on, agree on the numbers, and have delivered everything.
//!
//! `cargo run --release -p kalshi-fix-tests --bin simulation -- --help` runs many seeds, or one with a trace.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "counts and simulated times are far below 2^52"
)]

pub mod command;
mod connections;
mod counters;
mod drive;
mod faults;
mod network;
mod oracle;
mod plan;
mod process;
pub(crate) mod random;
mod store;
mod storing;
#[cfg(test)]
mod tests;
mod world;

pub use counters::Counters;

use world::World;

/// What does not hold, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The run's seed.
    pub seed: u64,
    /// The simulated time in nanoseconds.
    pub at: u64,
    /// What does not hold.
    pub what: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seconds, micros) = (self.at / SECOND, self.at % SECOND / 1000);
        write!(
            formatter,
            "seed {}, after {seconds}.{micros:06} s: {}",
            self.seed, self.what
        )
    }
}

impl std::error::Error for Violation {}

/// Runs one seed to its end; with a trace, it prints what happens to the standard error.
pub fn run(seed: u64, trace: bool) -> Result<Counters, Violation> {
    World::new(seed, trace).run()
}

/// Simulated time, in nanoseconds since the beginning of a run.
type Nanos = u64;

const MILLI: Nanos = 1_000_000;
const SECOND: Nanos = 1000 * MILLI;
const MINUTE: Nanos = 60 * SECOND;
const INITIATOR: usize = 0;
const ACCEPTOR: usize = 1;
