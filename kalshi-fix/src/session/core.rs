//! The session itself: its inputs, commands and outputs.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use fix_dialect::{EncodeBody, Framer, Framing, Garbled, SessionHeader, Timestamp};

use super::admin::{Kind, TestRequest};
use super::delivery::Delivery;
use super::handshake::Handshake;
use super::liveness::Liveness;
use super::outbox::{NotQueued, Outbox, Record};
use super::recovery::Gap;
use super::resend::Serving;
use super::skew::Skew;
use super::timer::Timers;
use super::{
    Acceptance, CommandError, EndReason, Event, Intake, Now, Refusal, Reject, Role, SendError,
    SequenceNumber, Sequences, SessionSettings, SessionState, SettingsError, SigningFailed, StoreOperation,
    TestRequestId, Ticket, Transmit, WireTap,
};

/// One FIX session over one connection, as a state machine without input or output of its own.
///
/// See the [module](super) for how to drive it.
pub struct Session {
    pub(super) settings: SessionSettings,
    pub(super) role: Role,
    pub(super) state: SessionState,
    pub(super) sequences: Sequences,
    /// The number of our Logon (A): what has a lower one was sent on an earlier connection.
    pub(super) began: SequenceNumber,
    /// Whether the numbers are those that the store keeps: not before a reset is agreed.
    pub(super) recorded: bool,
    pub(super) peer_sender_comp_id: Option<String>,
    pub(super) peer_target_comp_id: Option<String>,
    pub(super) handshake: Handshake,
    pub(super) liveness: Liveness,
    /// When the connection was made, or the Logout (5) sent: what a time-out is counted from.
    pub(super) waiting_since: Duration,
    /// Why the session ends, once its farewell is over.
    pub(super) farewell: Option<EndReason>,
    pub(super) timers: Timers,
    pub(super) outbox: Outbox,
    pub(super) events: VecDeque<Event>,
    /// What the peer has asked for again.
    pub(super) serving: Option<Serving>,
    /// What we miss of the peer's.
    pub(super) gap: Gap,
    pub(super) delivery: Delivery,
    pub(super) skew: Skew,
    /// Acceptor: DefaultApplVerID (1137) of the peer's logon, for a logon of our own.
    pub(super) default_appl_ver_id: Option<String>,
    framer: Framer,
}

impl Session {
    /// A session that is not connected yet.
    ///
    /// # Errors
    ///
    /// When the settings cannot work, or contradict the logon.
    pub fn new(settings: SessionSettings, role: Role) -> Result<Self, SettingsError> {
        settings.validate(&role)?;
        let identity = &settings.identity;
        let mut outbox = Outbox::new(settings.journal);
        if let Some(target) = &identity.target_comp_id {
            let header = SessionHeader::new(&settings.begin_string, &identity.sender_comp_id, target);
            outbox.address(header.map_err(SettingsError::from_encode)?);
        }
        Ok(Session {
            state: SessionState::Idle,
            sequences: settings.sequences,
            began: settings.sequences.next_outgoing,
            recorded: false,
            peer_sender_comp_id: identity.peer_sender_comp_id.clone(),
            peer_target_comp_id: identity.peer_target_comp_id.clone(),
            handshake: Handshake::None,
            liveness: Liveness::default(),
            waiting_since: Duration::ZERO,
            farewell: None,
            timers: Timers::default(),
            outbox,
            events: VecDeque::new(),
            serving: None,
            gap: Gap::default(),
            delivery: Delivery::default(),
            skew: Skew::default(),
            default_appl_ver_id: None,
            framer: Framer::new(settings.max_frame),
            settings,
            role,
        })
    }

    /// The transport is connected. An initiator now asks for its signature, or sends its Logon (A).
    ///
    /// # Errors
    ///
    /// When it was called before, or the session has ended.
    pub fn connected(&mut self, now: Now) -> Result<(), CommandError> {
        if self.state != SessionState::Idle {
            return Err(self.wrong_state("connect"));
        }
        self.open(now);
        Ok(())
    }

    /// What sees every frame of both directions from here on. To be called before the session is connected: of what has
    /// left already it is told nothing.
    pub fn set_tap(&mut self, tap: Box<dyn WireTap>) {
        self.outbox.set_tap(tap);
    }

    /// How many bytes wait to be sent.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.outbox.pending()
    }

    /// Takes whole frames off the front of `received`, without a copy, and leaves what is not yet whole.
    ///
    /// Append what the transport reads to the same buffer. See [`Intake`] for when to call again.
    pub fn handle_bytes(&mut self, now: Now, received: &mut BytesMut) -> Intake {
        loop {
            match self.state {
                SessionState::Idle | SessionState::Ended => {
                    received.clear();
                    return Intake::Closed;
                }
                SessionState::Authenticating => return Intake::LogonPending,
                _ => {}
            }
            let full = self.outbox.pending() >= self.settings.reading_limit();
            if full || self.events.len() >= self.settings.max_events {
                self.liveness.hold_up(now.monotonic);
                return Intake::Drain;
            }
            if self.liveness.go_on() {
                self.skew.reading_again(now.utc);
            }
            if let Some(frame) = self.next_held() {
                self.handle_held(now, frame);
                self.settle_gap(now);
                continue;
            }
            match self.framer.next(received) {
                Framing::NeedMore(total) => return Intake::NeedMore(total),
                Framing::Garbled { skip, reason } => {
                    if let Some(tap) = self.outbox.tap() {
                        tap.garbled(&received[..skip]);
                    }
                    received.advance(skip);
                    self.garbled(skip, reason);
                }
                Framing::Frame(length) => {
                    let frame = received.split_to(length).freeze();
                    if let Some(tap) = self.outbox.tap() {
                        tap.received(&frame);
                    }
                    self.handle_frame(now, frame);
                    self.settle_gap(now);
                }
            }
        }
    }

    /// The peer has closed its side of the connection, or the connection is broken.
    ///
    /// Hand over the bytes that came before with [`handle_bytes`](Self::handle_bytes) first.
    pub fn handle_eof(&mut self, now: Now) {
        let reason = match self.state {
            SessionState::Ended => return,
            SessionState::LogoutSent => EndReason::LogoutUnanswered {
                waited: now.monotonic.saturating_sub(self.waiting_since),
            },
            state => self.farewell.take().unwrap_or(EndReason::Disconnected { state }),
        };
        self.end(reason);
    }

    /// Time has passed. Call it at [`next_deadline`](Self::next_deadline) or any time after.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.expire(now.monotonic) {
            self.expired(now, timer);
        }
    }

    /// The store has done this operation and all before it.
    pub fn handle_stored(&mut self, ticket: Ticket) {
        self.outbox.stored(ticket);
    }

    /// The answer to [`StoreOperation::Read`]: each record's MsgSeqNum (34) and frame, in rising order, as many
    /// as were asked for; empty when the range has none. An answer to a read that is not awaited any more
    /// changes nothing.
    pub fn handle_read(&mut self, now: Now, ticket: Ticket, page: Vec<(SequenceNumber, Bytes)>) {
        self.page(now, ticket, page);
    }

    /// The answer to a [`StoreOperation::Read`] whose range begins where the store has dropped messages: all up to
    /// `through`, as [`StoreState::dropped_through`](crate::store::StoreState::dropped_through) has it.
    ///
    /// What is gone cannot be told from what never was an application message. The ResendRequest (2) is therefore
    /// rejected, as Kalshi documents of itself for what is beyond its retention period, rather than filled over as if
    /// nothing had been lost. With [`ResendPolicy::Younger`](super::ResendPolicy::Younger) it counts as too old to be sent
    /// again, and is filled over; with [`ResendPolicy::ThisConnection`](super::ResendPolicy::ThisConnection) that goes for what
    /// was sent on earlier connections.
    pub fn handle_read_dropped(&mut self, now: Now, ticket: Ticket, through: SequenceNumber) {
        self.dropped(now, ticket, through);
    }

    /// The store could not do this operation, or any after it. The session ends at once, with
    /// [`EndReason::StoreFailed`], and what waited for the store is not sent: no Logout (5) either, since its
    /// number could not be kept.
    pub fn handle_store_failed(&mut self, ticket: Ticket, fault: &str) {
        if !self.outbox.was_handed_out(ticket) {
            return;
        }
        self.outbox.fail();
        if self.state != SessionState::Ended {
            let fault = fault.to_owned();
            self.end(EndReason::StoreFailed { fault });
        }
    }

    /// The application has everything up to this inbound MsgSeqNum (34), and need not get it again after a
    /// crash. With [`Acknowledgement::OnDelivery`](super::Acknowledgement::OnDelivery) it is not needed.
    ///
    /// It works after the session has ended, too: what is acknowledged then comes out of
    /// [`poll_store`](Self::poll_store).
    pub fn acknowledge(&mut self, through: SequenceNumber) {
        self.acknowledged(through);
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
        self.signed(now, ticket, signature)
    }

    /// Acceptor: the logon of [`Event::LogonRequest`] is authentic and welcome. Only now are its
    /// ResetSeqNumFlag (141) and its MsgSeqNum (34) acted upon.
    ///
    /// # Errors
    ///
    /// When no logon waits for a decision (any more), or the answer cannot be written; the logon then still
    /// waits.
    pub fn accept_logon(&mut self, now: Now, acceptance: Acceptance) -> Result<(), CommandError> {
        let Acceptance {
            sequences,
            fields,
            resend_window,
        } = acceptance;
        self.accept(now, sequences, &fields)?;
        self.settings.resend_window = resend_window.or(self.settings.resend_window);
        Ok(())
    }

    /// Acceptor: the logon of [`Event::LogonRequest`] is not welcome. No store is touched, and the session
    /// ends.
    ///
    /// # Errors
    ///
    /// When no logon waits for a decision (any more).
    pub fn refuse_logon(&mut self, now: Now, refusal: Refusal) -> Result<(), CommandError> {
        self.refuse(now, refusal)
    }

    /// Sends an application message and returns its MsgSeqNum (34).
    ///
    /// # Errors
    ///
    /// A message that is refused takes no number, and nothing of it leaves.
    pub fn send(&mut self, now: Now, message: &dyn EncodeBody) -> Result<SequenceNumber, SendError> {
        if self.state != SessionState::Established {
            return Err(SendError::NotEstablished(self.state));
        }
        if self.is_resetting() {
            return Err(SendError::Resetting);
        }
        if Kind::of(message.msg_type()) != Kind::Application {
            let msg_type = String::from_utf8_lossy(message.msg_type()).into_owned();
            return Err(SendError::SessionMessage { msg_type });
        }
        self.check_room()?;
        self.transmit(now, message, Record::Message)
            .map_err(|refused| refused.of(message))
    }

    /// Rejects an application message of the peer's on the session level (Reject (3)).
    ///
    /// # Errors
    ///
    /// When the session is not logged on, or cannot send.
    pub fn reject(&mut self, now: Now, reject: Reject) -> Result<SequenceNumber, SendError> {
        if !matches!(self.state, SessionState::Established | SessionState::LogoutSent) {
            return Err(SendError::NotEstablished(self.state));
        }
        self.check_room()?;
        let sequence = self
            .transmit(now, &reject, Record::Number)
            .map_err(|refused| refused.of(&reject))?;
        self.events.push_back(Event::RejectSent(reject));
        Ok(sequence)
    }

    /// Asks the peer for a sign of life; [`Event::TestRequestAnswered`] follows, unless the session ends.
    ///
    /// # Errors
    ///
    /// When the session is not logged on, or cannot send.
    pub fn test_request(&mut self, now: Now) -> Result<TestRequestId, SendError> {
        if self.state != SessionState::Established {
            return Err(SendError::NotEstablished(self.state));
        }
        self.check_room()?;
        let id = self.liveness.next_test_request(now.monotonic);
        let request = TestRequest { id: id.0 };
        self.transmit(now, &request, Record::Number)
            .map_err(|refused| refused.of(&request))?;
        Ok(id)
    }

    /// Starts both directions at 1 in mid-session, by a Logon (A) with ResetSeqNumFlag (141) = Y, which is signed like the
    /// first one where that was. The peer has to allow it: [`InSessionReset`](super::InSessionReset).
    ///
    /// [`Event::ResetInSession`] follows with the peer's answer; until then nothing can be sent
    /// ([`SendError::Resetting`]), and what the peer had sent before is still delivered. Without an answer within the
    /// logon's time-out the session ends ([`EndReason::ResetUnanswered`]). The store learns of it with the answer, as for
    /// the first logon.
    ///
    /// # Errors
    ///
    /// When the session is not logged on, a reset is under way, or the peer is being sent messages again. Nothing has
    /// happened then.
    pub fn reset(&mut self, now: Now) -> Result<(), CommandError> {
        self.start_reset(now)
    }

    /// Logs out, with a text for the peer. Messages that are under way are still delivered until the answer
    /// comes.
    ///
    /// Before the logon is complete it ends the session at once. A session that is already on its way out
    /// goes on.
    pub fn logout(&mut self, now: Now, text: Option<&str>) {
        self.start_logout(now, text);
    }

    /// What to keep or to read, before anything else is drained.
    pub fn poll_store(&mut self) -> Option<StoreOperation> {
        self.outbox.poll_store().or_else(|| self.next_page())
    }

    /// What to write to the transport, in this order.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.poll_transmit()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), on the scale of [`Now::monotonic`]. It changes
    /// with every other call.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// What has happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.delivered(&event);
        Some(event)
    }

    /// Where the session stands.
    #[must_use]
    pub const fn state(&self) -> SessionState {
        self.state
    }

    /// The sequence numbers as they stand.
    #[must_use]
    pub const fn sequences(&self) -> Sequences {
        self.sequences
    }

    /// How often the numbers of what we send have started at 1 on this connection: by a logon that resets, and by each
    /// reset in mid-session after it.
    #[must_use]
    pub const fn numbering(&self) -> u64 {
        self.outbox.numbering()
    }

    /// Whether a [`reset`](Self::reset) is under way.
    #[must_use]
    pub const fn is_resetting(&self) -> bool {
        matches!(
            self.handshake,
            Handshake::Reset { .. } | Handshake::ResetSignature { .. }
        )
    }

    /// Whether messages of the peer's are missing that it was asked to send again.
    #[must_use]
    pub const fn is_recovering(&self) -> bool {
        self.has_gap()
    }

    /// Whether the peer is being sent again what it asked for. What is sent meanwhile goes out after that.
    #[must_use]
    pub const fn is_resending(&self) -> bool {
        self.serving.is_some()
    }

    /// The peer's clock less ours, in milliseconds: a smoothed estimate from the SendingTime (52) of what came,
    /// the time on the wire included. `None` before the first message after the logon.
    #[must_use]
    pub fn clock_offset_millis(&self) -> Option<i64> {
        self.skew.offset_millis()
    }

    /// SenderCompID (49) of the peer, once it is known: `Kalshi` or `KalshiMD`.
    #[must_use]
    pub fn peer_sender_comp_id(&self) -> Option<&str> {
        self.peer_sender_comp_id.as_deref()
    }
}

/// What the parts of the session share.
impl Session {
    pub(super) fn enter(&mut self, next: SessionState) {
        debug_assert!(
            self.state.may_become(next),
            "{:?} -> {next:?} is not in the diagram",
            self.state
        );
        self.state = next;
    }

    /// Encodes and queues a message under the next number. On an error nothing has changed.
    pub(super) fn transmit(
        &mut self,
        now: Now,
        message: &dyn EncodeBody,
        record: Record,
    ) -> Result<SequenceNumber, NotQueued> {
        let sequence = self.sequences.next_outgoing;
        let record = if self.recorded { record } else { Record::Nothing };
        self.outbox
            .push(sequence, self.sending_time(now), message, record)?;
        self.sequences.next_outgoing = sequence + 1;
        self.keep_alive(now);
        Ok(sequence)
    }

    /// Queues a message of the session's own, which can always be encoded.
    pub(super) fn say(&mut self, now: Now, message: &dyn EncodeBody) {
        let said = self.transmit(now, message, Record::Number);
        debug_assert!(said.is_ok(), "{said:?}");
    }

    pub(super) const fn sending_time(&self, now: Now) -> Timestamp {
        now.utc.with_precision(self.settings.sending_time_precision)
    }

    /// The next inbound message must have this number.
    pub(super) fn expect(&mut self, next: SequenceNumber) {
        self.sequences.next_incoming = next;
        self.tell_incoming();
        self.tell_processed();
    }

    /// What goes out from here on says how far we are, where it says so at all.
    pub(super) fn tell_processed(&mut self) {
        if self.settings.last_processed {
            self.outbox.processed(self.sequences.next_incoming - 1);
        }
    }

    pub(super) const fn wrong_state(&self, command: &'static str) -> CommandError {
        CommandError::WrongState {
            command,
            state: self.state,
        }
    }

    fn check_room(&self) -> Result<(), SendError> {
        let (pending, max) = (self.outbox.pending(), self.settings.max_pending_transmit);
        if pending >= max {
            return Err(SendError::Backlog { pending, max });
        }
        if self.sequences.next_outgoing >= MAX_SEQUENCE {
            return Err(SendError::SequenceExhausted);
        }
        Ok(())
    }

    fn garbled(&mut self, skip: usize, reason: Garbled) {
        if matches!(
            self.state,
            SessionState::Failing | SessionState::AwaitingDisconnect
        ) {
            return;
        }
        if let Some(Event::Garbled { skipped, .. }) = self.events.back_mut() {
            *skipped += skip as u64;
        } else {
            self.events.push_back(Event::Garbled {
                reason,
                skipped: skip as u64,
            });
        }
    }
}

/// Shows where the session stands, and no message: a logon's bytes hold secrets.
impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("state", &self.state)
            .field("role", &self.role)
            .field("sequences", &self.sequences)
            .field("identity", &self.settings.identity)
            .field("peer_sender_comp_id", &self.peer_sender_comp_id)
            .field("next_deadline", &self.timers.next())
            .field("pending_events", &self.events.len())
            .field("pending_bytes", &self.outbox.pending())
            .finish_non_exhaustive()
    }
}

/// No number goes beyond: far more than a session can use, far less than what would overflow.
pub(super) const MAX_SEQUENCE: SequenceNumber = 999_999_999_999_999_999;
