//! The session itself: its inputs, commands and outputs.

use std::time::Duration;

use bytes::BytesMut;
use fix_dialect::EncodeBody;

use super::{
    Acceptance, CommandError, Event, Intake, Now, Refusal, Reject, Role, SendError, SequenceNumber,
    Sequences, SessionSettings, SettingsError, SigningFailed, State, StoreOperation, TestRequestId, Ticket,
    Transmit,
};

/// One FIX session over one connection, as a state machine without input or output of its own.
///
/// See the [module](super) for how to drive it.
#[derive(Debug)]
pub struct Session {
    state: State,
}

impl Session {
    /// A session that is not connected yet.
    ///
    /// # Errors
    ///
    /// When the settings cannot work, or contradict the logon.
    pub fn new(settings: SessionSettings, role: Role) -> Result<Self, SettingsError> {
        todo!("{settings:?} {role:?}")
    }

    /// The transport is connected. An initiator now asks for its signature, or sends its Logon (A).
    ///
    /// # Errors
    ///
    /// When it was called before.
    pub fn connected(&mut self, now: Now) -> Result<(), CommandError> {
        todo!("{now:?}")
    }

    /// Takes whole frames off the front of `received`, without a copy, and leaves what is not yet whole.
    ///
    /// Append what the transport reads to the same buffer. See [`Intake`] for when to call again.
    pub fn handle_bytes(&mut self, now: Now, received: &mut BytesMut) -> Intake {
        todo!("{now:?} {}", received.len())
    }

    /// The peer has closed its side of the connection, or the connection is broken.
    ///
    /// Hand over the bytes that came before with [`handle_bytes`](Self::handle_bytes) first.
    pub fn handle_eof(&mut self, now: Now) {
        todo!("{now:?}")
    }

    /// Time has passed. Call it at [`next_deadline`](Self::next_deadline) or any time after.
    pub fn handle_timeout(&mut self, now: Now) {
        todo!("{now:?}")
    }

    /// The store has done this operation and all before it.
    pub fn handle_stored(&mut self, ticket: Ticket) {
        todo!("{ticket:?}")
    }

    /// The answer to [`Event::SignLogon`]: the value of RawData (96), base64 on Kalshi.
    ///
    /// # Errors
    ///
    /// When no signature is awaited (any more), or another one.
    pub fn handle_signature(
        &mut self,
        now: Now,
        ticket: Ticket,
        signature: Result<Vec<u8>, SigningFailed>,
    ) -> Result<(), CommandError> {
        todo!("{now:?} {ticket:?} {}", signature.is_ok())
    }

    /// Acceptor: the logon of [`Event::LogonRequest`] is authentic and welcome. Only now are its ResetSeqNumFlag (141)
    /// and its MsgSeqNum (34) acted upon.
    ///
    /// # Errors
    ///
    /// When no logon waits for a decision (any more), or the answer cannot be written.
    pub fn accept_logon(&mut self, now: Now, acceptance: Acceptance) -> Result<(), CommandError> {
        todo!("{now:?} {acceptance:?}")
    }

    /// Acceptor: the logon of [`Event::LogonRequest`] is not welcome. No store is touched, and the session ends.
    ///
    /// # Errors
    ///
    /// When no logon waits for a decision (any more).
    pub fn refuse_logon(&mut self, now: Now, refusal: Refusal) -> Result<(), CommandError> {
        todo!("{now:?} {refusal:?}")
    }

    /// Sends an application message and returns its MsgSeqNum (34).
    ///
    /// # Errors
    ///
    /// A message that is refused takes no number, and nothing of it leaves.
    pub fn send(&mut self, now: Now, message: &dyn EncodeBody) -> Result<SequenceNumber, SendError> {
        todo!("{now:?} {:?}", message.msg_type())
    }

    /// Rejects an application message of the peer's on the session level (Reject (3)).
    ///
    /// # Errors
    ///
    /// When the session is not logged on, or cannot send.
    pub fn reject(&mut self, now: Now, reject: Reject) -> Result<SequenceNumber, SendError> {
        todo!("{now:?} {reject:?}")
    }

    /// Asks the peer for a sign of life; [`Event::TestRequestAnswered`] follows, unless the session ends.
    ///
    /// # Errors
    ///
    /// When the session is not logged on, or cannot send.
    pub fn test_request(&mut self, now: Now) -> Result<TestRequestId, SendError> {
        todo!("{now:?}")
    }

    /// Logs out, with a text for the peer. Messages that are under way are still delivered until the answer comes.
    ///
    /// Before the logon is complete it ends the session at once. A session that is already on its way out goes on.
    pub fn logout(&mut self, now: Now, text: Option<&str>) {
        todo!("{now:?} {text:?}")
    }

    /// What to keep, before anything else is drained.
    pub fn poll_store(&mut self) -> Option<StoreOperation> {
        todo!()
    }

    /// What to write to the transport, in this order.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        todo!()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), on the scale of [`Now::monotonic`]. It changes with
    /// every other call.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        todo!()
    }

    /// What has happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }

    /// Where the session stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The sequence numbers as they stand.
    #[must_use]
    pub const fn sequences(&self) -> Sequences {
        todo!()
    }

    /// SenderCompID (49) of the peer, once it is known: `Kalshi` or `KalshiMD`.
    #[must_use]
    pub fn peer_sender_comp_id(&self) -> Option<&str> {
        todo!()
    }
}
