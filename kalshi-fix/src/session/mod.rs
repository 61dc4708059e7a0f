//! The session engine: a sans-IO core for both sides of a FIX session.
//!
//! A [`Session`] owns no clock, socket, file, random numbers or task. It takes bytes, time and commands in,
//! and gives store operations, bytes to send, a deadline and events out. What surrounds it (a driver) does
//! the rest:
//!
//! ```text
//!                                                        handle_stored
//!                                                        handle_read
//!            handle_bytes  handle_eof  handle_timeout  handle_store_failed  handle_signature
//!  commands ────────┐           │           │              │              │
//!  connected  send  ▼           ▼           ▼              ▼              ▼
//!  logout     ┌─────────────────────────────────────────────────────────────┐
//!  …        ─►│                          Session                            │
//!             └───┬────────────────┬─────────────────┬────────────────┬─────┘
//!                 ▼                ▼                 ▼                ▼
//!            poll_store     poll_transmit      next_deadline      poll_event
//! ```
//!
//! After every call the driver drains the outputs in this order: store operations, transmits, the deadline,
//! events. A message is thus with the store before it is with the transport, whatever the driver does in
//! between: a frame does not come out of [`poll_transmit`](Session::poll_transmit) before the store operation
//! that it depends on has come out of [`poll_store`](Session::poll_store).
//!
//! A driver's loop, in outline:
//!
//! ```text
//! session.connected(now)
//! loop {
//!     repeat, until none of the three has anything to give:
//!         while let Some(operation) = session.poll_store()    { store it; session.handle_stored(operation.ticket());
//!                                                               or read it; session.handle_read(now, ticket, page);
//!                                                               or session.handle_store_failed(ticket, why) }
//!         while let Some(transmit)  = session.poll_transmit() { write transmit.bytes }
//!         while let Some(event)     = session.poll_event()    { sign, authenticate, deliver; on Ended: close, return }
//!     if bytes were left in `buffer`: session.handle_bytes(now, &mut buffer), and go on at the top
//!     wait for the first of:
//!         bytes from the transport   → append them to `buffer`; session.handle_bytes(now, &mut buffer)
//!         the end of the stream      → session.handle_eof(now)
//!         session.next_deadline()    → session.handle_timeout(now)
//!         a command                  → session.send(now, &message), session.logout(now, None), …
//! }
//! ```
//!
//! [`handle_bytes`](Session::handle_bytes) takes whole frames off the front of the driver's buffer without a
//! copy: an event's frame shares the buffer that it was read into. It stops when too many events or bytes to
//! send wait to be drained, and says so; a driver that then leaves off reading passes the pressure on to the
//! peer. Nothing in the core grows with what a peer sends beyond those limits.
//!
//! What waits to be sent, and the events, make room for one another: after transmits were taken there may be
//! another part of the journal to read for a resend, and after events were taken an inbound number to store. A
//! driver that takes transmits only as fast as the transport does thereby paces a resend.
//!
//! One `Session` is one connection. Sequence numbers that outlive it are the store's, and the next session's
//! [`SessionSettings::sequences`].

mod acceptor;
mod admin;
mod core;
mod delivery;
mod end;
mod error;
mod event;
mod farewell;
mod handshake;
mod identity;
mod inbound;
mod initiator;
mod liveness;
mod logon;
mod message_types;
mod now;
mod outbox;
mod output;
mod policy;
mod queued;
mod recovery;
mod reject;
mod replay;
mod resend;
mod resync;
mod settings;
mod skew;
mod state;
mod tap;
#[cfg(test)]
mod tests;
mod timer;

pub use self::core::Session;
pub use self::end::{EndReason, LogonRefused, OutOfSequence, RefusalKind};
pub use self::error::{CommandError, SendError, SettingsError};
pub use self::event::{Established, Event, HeldBack, Inbound, RejectReceived, ResetInSession, TestRequestId};
pub use self::identity::Identity;
pub use self::logon::{Acceptance, Logon, LogonField, LogonRequest, Refusal, SignLogon, SigningFailed};
pub use self::message_types::MessageTypes;
pub use self::now::Now;
pub use self::output::{Intake, MAX_JOURNALLED, Sequences, StoreOperation, Ticket, Transmit};
pub use self::policy::{
    Acknowledgement, EarlyMessages, GapPolicy, InSessionReset, Journal, JournalGate, Recovery, RefusalStyle,
    ResendCandidate, ResendDecision, ResendPolicy, ResendVerdict, ResetRule,
};
pub use self::queued::Queued;
pub use self::reject::{BusinessReject, Reject, RejectReason};
pub use self::settings::{Role, SessionSettings};
pub use self::state::SessionState;
pub use self::tap::WireTap;

/// A MsgSeqNum (34), from 1.
pub type SequenceNumber = u64;
