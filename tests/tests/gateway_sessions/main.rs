//! The simulated exchange's sessions, end to end: over TLS, with the toolkit's own client.

mod bad_peers;
mod determinism;
mod drop_copy;
mod faults;
mod limits;
mod peer;
mod raw;
mod retransmission;
