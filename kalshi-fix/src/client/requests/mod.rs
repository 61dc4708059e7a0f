//! Requests, and the answers that belong to them.
//!
//! [`Sender::submit`](super::Sender::submit) sends a request and waits until the venue has acknowledged it, has rejected it, or
//! until its fate is in doubt. The answers are looked at on the session's task, before they wait for the application, so
//! that it makes no difference whether anybody reads the session's receiver; they still go there as well.

mod answer_fields;
mod correlator;
mod front;
mod identity;
mod ledger;
mod outcome;
mod pending;
mod request;
mod submit;

pub use ledger::SentMessage;
pub use outcome::{
    Answer, Doubt, RejectedBy, Rejection, Replay, Response, SubmitError, Submitted, Unacknowledged,
};
pub use pending::Pending;
pub use request::Request;

pub(super) use front::Requests;
pub(super) use ledger::Record;
pub(super) use submit::Noted;
