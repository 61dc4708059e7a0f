//! The simulated exchange's sessions, end to end: over TLS, with the toolkit's own client.

mod drop_copy;
mod faults;
mod peer;
mod retransmission;
