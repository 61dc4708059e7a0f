//! What the two benchmark programs share: the messages that are timed, and the code that handles them.

pub(crate) mod lanes;
pub(crate) mod workload;
