//! The session test cases of the FIX Trading Community, as far as they apply to sessions without
//! retransmission, and what a peer or a driver can do beyond them. Simulated time; no input or output.
//!
//! A test is named after its case. `both_roles!` runs it as an initiator and as an acceptor.

mod acceptor;
mod bench;
mod checks;
mod hostile;
mod initiator;
mod journal;
mod liveness;
mod logout;
mod messages;
mod pair;

pub(super) use bench::{Bench, both_roles, milliseconds, seconds};
