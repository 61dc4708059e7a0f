//! The session test cases of the FIX Trading Community, without and with retransmission, and what a peer, a store or
//! a driver can do beyond them. Simulated time; no input or output.
//!
//! A test is named after its case. `both_roles!` runs it as an initiator and as an acceptor, `both_resuming!` does
//! so with retransmission.

mod acceptor;
mod bench;
mod checks;
mod delivery;
mod dictionary;
mod gap;
mod hostile;
mod initiator;
mod journal;
mod liveness;
mod logout;
mod messages;
mod pair;
mod renumbering;
mod resend;
mod resumption;
mod store;

pub(super) use bench::{Bench, bars, both_resuming, both_roles, complete, milliseconds, seconds};
