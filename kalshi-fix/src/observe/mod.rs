//! What a session lets its surroundings see of it: events and spans, metrics, and a log of its messages.
//!
//! | what | how it is had | cost without it |
//! | --- | --- | --- |
//! | what happens on a session, in words | a subscriber of the crate `tracing` | a comparison an event |
//! | counters, gauges and histograms ([`metrics`]) | the feature `metrics`, and a recorder of the crate `metrics` | none |
//! | every message of both directions ([`MessageLog`]) | [`Builder::message_log`](crate::driver::Builder::message_log) | a comparison a message |
//!
//! # Spans and events
//!
//! All that a session does happens in the span `session` with the fields `product` and `kind` (where they are known:
//! sessions of [`client`](crate::client)), `role`, `sender_comp_id` and `target_comp_id`; in it, each connection is a span
//! `connection` with its `number`, from 1. Their level is INFO.
//!
//! | level | events |
//! | --- | --- |
//! | INFO | logged on, logged out, connecting again, resends and how they ended, numbers started anew |
//! | WARN | rejects of either side, garbled bytes, a gap, a silent peer, a clock that is off, messages dropped, messages held back |
//! | DEBUG | duplicates, answers to test requests, how a session ended |
//!
//! No event, span, metric or line of a log shows a secret: the values of Signature (89), SecureData (91), RawData (96),
//! Password (554), NewPassword (925) and the encrypted passwords (1402, 1404) are masked before they reach any of them, in
//! garbled bytes too.

mod events;
mod instruments;
mod labels;
mod log_files;
mod message_log;
pub mod metrics;
mod redact;
mod tap;

pub(crate) use events::trace;
pub(crate) use instruments::{Depths, Instruments};
pub use labels::Labels;
pub use log_files::LogFiles;
pub use message_log::{LogOverload, LogQueue, MessageLog};
pub(crate) use tap::Tap;

#[cfg(test)]
mod tests;
