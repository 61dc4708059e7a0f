//! A session's typed ends.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fix_dialect::{ClientSends, Context, Decoder, EncodeBody, Profile, Sender as Side};

use super::event::{Event, Received, Rejected};
use super::gate::{Gate, Limiters, Pass};
use super::product::{KalshiProduct, KalshiSession};
use super::requests::{Pending, Request, Requests, SentMessage, SubmitError, Submitted};
use super::validation::{OutboundCheck, Validation, context};
use crate::driver::{self, Closed, Events, Handle};
use crate::session::{self, Established, Inbound, SendError, SequenceNumber, SessionState, TestRequestId};
use crate::units::{PriceUnit, PriceUnits};

/// An established session of the kind `S`, such as [`prediction::sessions::NR`](crate::prediction::sessions::NR).
///
/// Use it whole, or [`split`](Session::split) it to send and to receive from different tasks (or in one `select!`).
/// Dropping it, or its receiver, ends the session without a logout; [`close`](Session::close) logs out.
pub struct Session<S: KalshiSession> {
    sender: Sender<S>,
    receiver: Receiver<S>,
    established: Established,
}

/// What a session is made of.
pub(super) struct Parts {
    pub(super) handle: Handle,
    pub(super) events: Events,
    pub(super) established: Established,
    pub(super) validation: Validation,
    pub(super) dollars: bool,
    pub(super) requests: Arc<Requests>,
    pub(super) request_timeout: Duration,
    pub(super) limiters: Limiters,
}

impl<S: KalshiSession> Session<S> {
    pub(super) fn new(parts: Parts) -> Session<S> {
        let Parts {
            handle,
            events,
            established,
            validation,
            dollars,
            requests,
            request_timeout,
            limiters,
        } = parts;
        let units = PriceUnits::new(S::Dialect::PRODUCT, PriceUnit::of_logon(dollars));
        let context = |side| context::<S>(side, S::Dialect::PRODUCT, dollars);
        let check = OutboundCheck::new::<S::Dialect>(validation.outbound, context(Side::Client));
        let gate = Gate::new(limiters, units).map(Arc::new);
        let sender = Sender {
            handle,
            check: check.map(Arc::new),
            gate: gate.clone(),
            requests: Arc::clone(&requests),
            request_timeout,
            answers: Arc::default(),
            units,
            session: PhantomData,
        };
        let receiver = Receiver {
            events,
            decoder: Decoder::new(),
            current: None,
            profile: validation.inbound,
            context: context(Side::Exchange),
            requests,
            units,
            session: PhantomData,
        };
        Session {
            sender,
            receiver,
            established,
        }
    }

    /// The venue's answer to the logon.
    #[must_use]
    pub fn established(&self) -> &Established {
        &self.established
    }

    /// The two ends: the sender can be cloned, the receiver is one.
    #[must_use]
    pub fn split(self) -> (Sender<S>, Receiver<S>) {
        (self.sender, self.receiver)
    }

    /// A sender of this session.
    #[must_use]
    pub fn sender(&self) -> Sender<S> {
        self.sender.clone()
    }

    /// As [`Sender::send`]. Dropping the future before it is ready sends nothing.
    pub async fn send<M: ClientSends<S>>(&self, message: &M) -> Result<SequenceNumber, SendError> {
        self.sender.send(message).await
    }

    /// As [`Sender::submit`]. Dropping the future before the request has its number sends nothing; later it does not take
    /// the request back.
    pub async fn submit<R: Request<S>>(&self, request: &R) -> Result<Submitted<R::Answer>, SubmitError> {
        self.sender.submit(request).await
    }

    /// As [`Sender::begin`]. Dropping the future before it is ready sends nothing.
    pub async fn begin<R: Request<S>>(&self, request: &R) -> Result<Pending<R::Answer>, SubmitError> {
        self.sender.begin(request).await
    }

    /// As [`Sender::price_units`].
    #[must_use]
    pub fn price_units(&self) -> PriceUnits {
        self.sender.price_units()
    }

    /// As [`Receiver::recv`]. Dropping the future before it is ready loses nothing.
    pub async fn recv(&mut self) -> Option<Event<'_, S>> {
        self.receiver.recv().await
    }

    /// Goes by these profiles from now on: [`Sender::set_validation`] and [`Receiver::set_validation`] at once.
    pub fn set_validation(&mut self, validation: Validation) {
        self.sender.set_validation(validation.outbound);
        self.receiver.set_validation(validation.inbound);
    }

    /// As [`Receiver::close`]. Dropping the future ends the session at once, without waiting for the answer.
    pub async fn close(self) -> Closed {
        self.receiver.close().await
    }
}

impl<S: KalshiSession> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("kind", &S::KIND)
            .field("state", &self.sender.state())
            .field("established", &self.established)
            .finish_non_exhaustive()
    }
}

/// The sending end of a session. Clone it as often as needed; it does not keep the session alive.
pub struct Sender<S: KalshiSession> {
    pub(super) handle: Handle,
    check: Option<Arc<OutboundCheck>>,
    gate: Option<Arc<Gate>>,
    pub(super) requests: Arc<Requests>,
    pub(super) request_timeout: Duration,
    /// Decodes the answers to requests; all senders of a session share it.
    pub(super) answers: Arc<Mutex<Decoder<S::Dialect>>>,
    units: PriceUnits,
    session: PhantomData<fn(S)>,
}

impl<S: KalshiSession> Sender<S> {
    /// Sends a message and returns its `MsgSeqNum (34)`, when there is room for it or as soon as there is.
    ///
    /// Only messages that the dictionary lets a client send on this kind of session are accepted; others do not
    /// compile. When this returns, the message is on its way in the order of its number, and not necessarily written
    /// yet: an order is certain only with the venue's answer.
    ///
    /// Dropping the future before it is ready sends nothing.
    ///
    /// A message that breaks the dialect's rules is refused before it takes a number, as the client's
    /// [`Validation`] says: [`SendError::Invalid`] lists each breach. Where the client has a rate limit, the message waits
    /// for its tokens, or is refused ([`SendError::RateLimited`]); where it has pre-trade limits, it is held against them
    /// ([`SendError::Limit`]), as they are when it takes its number: what waits for room asks anew when there is some. What is
    /// not sent takes nothing from either.
    ///
    /// ```compile_fail,E0277
    /// use kalshi_fix::client::Sender;
    /// use kalshi_fix::prediction::{QuoteCancel, sessions::MD};
    ///
    /// async fn wrong_session(market_data: &Sender<MD>, cancel: &QuoteCancel<'_>) {
    ///     market_data.send(cancel).await; // only RFQ takes it
    /// }
    /// ```
    pub async fn send<M: ClientSends<S>>(&self, message: &M) -> Result<SequenceNumber, SendError> {
        self.check(message)?;
        let pass = self.admit(message).await?;
        let note = |sequence, record, _: &Pass<'_>| self.requests.sent(sequence, record);
        self.deliver(pass, message, note).await
    }

    /// Sends a message at once, or not at all.
    pub fn try_send<M: ClientSends<S>>(&self, message: &M) -> Result<SequenceNumber, SendError> {
        self.check(message)?;
        let pass = self.try_admit(message)?;
        let note = |sequence, record, _: &Pass<'_>| self.requests.sent(sequence, record);
        self.try_deliver(pass, message, note)
    }

    pub(super) fn check<M: ClientSends<S>>(&self, message: &M) -> Result<(), SendError> {
        match &self.check {
            Some(check) => check.check(message),
            None => Ok(()),
        }
    }

    /// Waits for the rate limit, and asks the pre-trade limits, where the client has some.
    pub(super) async fn admit<M: EncodeBody>(&self, message: &M) -> Result<Pass<'_>, SendError> {
        match &self.gate {
            Some(gate) => gate.admit(message).await,
            None => Ok(Pass::of(None)),
        }
    }

    /// As `admit`, without waiting.
    pub(super) fn try_admit<M: EncodeBody>(&self, message: &M) -> Result<Pass<'_>, SendError> {
        match &self.gate {
            Some(gate) => gate.try_admit(message),
            None => Ok(Pass::of(None)),
        }
    }

    /// What breaches in messages that this session sends lead to, from now on, for every sender of the session. It has
    /// what the client's [`Validation`] said until then.
    pub fn set_validation(&self, outbound: Profile) {
        if let Some(check) = &self.check {
            check.set(outbound);
        }
    }

    /// Which message of this session has this `MsgSeqNum (34)`: for rejects, which name no more than that. `None` for the
    /// session's own messages, for those that were sent through [`untyped`](Sender::untyped), for all but the latest 1,024,
    /// and for those of a connection that is gone where its numbers are not continued.
    #[must_use]
    pub fn sent_message(&self, sequence: SequenceNumber) -> Option<SentMessage> {
        self.requests.find(sequence)
    }

    /// The unit of each priced field on this session, by what its logon said of `UseDollars (21005)`.
    #[must_use]
    pub fn price_units(&self) -> PriceUnits {
        self.units
    }

    /// Waits until messages can be sent; `false` when they never will be again. See
    /// [`Handle::ready`](crate::driver::Handle::ready). Dropping the future before it is ready changes nothing.
    pub async fn ready(&self) -> bool {
        self.handle.ready().await
    }

    /// Asks the venue for a sign of life; the answer is a
    /// [`TestRequestAnswered`](session::Event::TestRequestAnswered).
    pub fn test_request(&self) -> Result<TestRequestId, SendError> {
        self.handle.test_request()
    }

    /// Starts to log out. What is under way is still delivered, and [`Event::Ended`] follows. A session that reconnects
    /// does not do so any more.
    pub fn logout(&self) {
        self.handle.logout(None);
    }

    /// Ends the session at once, without a logout.
    pub fn abort(&self) {
        self.handle.abort();
    }

    /// Where the session stands. One that connects again is [`Idle`](SessionState::Idle) between two connections;
    /// [`Ended`](SessionState::Ended) is for good.
    #[must_use]
    pub fn state(&self) -> SessionState {
        self.handle.state()
    }

    /// The session's end without types, for messages of one's own and for the rarer commands.
    ///
    /// What is sent by it goes past everything that this sender asks first: it is not validated, takes no tokens of the
    /// [rate limit](crate::client::ClientBuilder::rate_limit), and is not held against
    /// [pre-trade limits](crate::client::ClientBuilder::pre_trade). **The kill switch does not stop it**: whoever sends orders
    /// so has to ask [`SharedPreTrade`](crate::limits::SharedPreTrade) before, and answer for the moment in between.
    #[must_use]
    pub fn untyped(&self) -> &Handle {
        &self.handle
    }
}

impl<S: KalshiSession> Clone for Sender<S> {
    fn clone(&self) -> Self {
        Sender {
            handle: self.handle.clone(),
            check: self.check.clone(),
            gate: self.gate.clone(),
            requests: Arc::clone(&self.requests),
            request_timeout: self.request_timeout,
            answers: Arc::clone(&self.answers),
            units: self.units,
            session: PhantomData,
        }
    }
}

impl<S: KalshiSession> fmt::Debug for Sender<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("kind", &S::KIND)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// The receiving end of a session. The session lives as long as this: dropping it aborts, without a logout.
pub struct Receiver<S: KalshiSession> {
    events: Events,
    decoder: Decoder<S::Dialect>,
    /// The message that the last event borrows from.
    current: Option<Inbound>,
    profile: Profile,
    context: Context,
    requests: Arc<Requests>,
    units: PriceUnits,
    session: PhantomData<fn() -> S>,
}

impl<S: KalshiSession> Receiver<S> {
    /// The next event; `None` after [`Event::Ended`]. Dropping the future before it is ready loses nothing.
    ///
    /// A message is decoded here, on the caller's task, into storage that the receiver uses again: the event borrows
    /// from it and has to be dropped before the next call.
    pub async fn recv(&mut self) -> Option<Event<'_, S>> {
        // The last frame is let go of before the wait, so that its buffer can be used again.
        self.current = None;
        let event = match self.events.recv().await? {
            driver::Event::Session(session::Event::Application(inbound)) => {
                let inbound = self.current.insert(inbound);
                match self.decoder.decode(&inbound.frame) {
                    Ok(decoded) => {
                        let received = Received::new(decoded, inbound, self.profile, self.context);
                        if !self.profile.can_reject() {
                            return Some(Event::Message(received));
                        }
                        let violations = received.judge().rejected;
                        if violations.is_empty() {
                            Event::Message(received)
                        } else {
                            Event::Invalid { received, violations }
                        }
                    }
                    Err(error) => Event::Malformed { inbound, error },
                }
            }
            driver::Event::Session(session::Event::RejectReceived(reject)) => {
                let of = reject.ref_seq_num.and_then(|number| self.requests.find(number));
                Event::Rejected(Rejected { reject, of })
            }
            driver::Event::Session(event) => Event::Session(event),
            driver::Event::Dropped(event) => Event::Dropped(event),
            driver::Event::Disconnected(event) => Event::Disconnected(event),
            driver::Event::AttemptFailed(event) => Event::AttemptFailed(event),
            driver::Event::Reconnected(event) => Event::Reconnected(event),
            driver::Event::Ended(end) => Event::Ended(end),
        };
        Some(event)
    }

    /// What breaches in messages that this session receives lead to, from the next one on. It has what the client's
    /// [`Validation`] said until then.
    pub fn set_validation(&mut self, inbound: Profile) {
        self.profile = inbound;
    }

    /// As [`Sender::sent_message`]: which message of ours a `BusinessMessageReject (j)` speaks of by its `RefSeqNum (45)`.
    #[must_use]
    pub fn sent_message(&self, sequence: SequenceNumber) -> Option<SentMessage> {
        self.requests.find(sequence)
    }

    /// The unit of each priced field on this session, by what its logon said of `UseDollars (21005)`.
    #[must_use]
    pub fn price_units(&self) -> PriceUnits {
        self.units
    }

    /// Logs out and waits until the session is over, which its time-outs bound. What still comes is not delivered any
    /// more, but counted: to read it, call [`Sender::logout`] and go on with [`recv`](Receiver::recv). A session's store is
    /// closed by then, as it is when [`Event::Ended`] was received, and can be opened again. (A disk that hangs is waited
    /// for, for 10 s at most.)
    ///
    /// Dropping the future ends the session at once, without waiting for the answer, as dropping the receiver does.
    pub async fn close(self) -> Closed {
        self.events.close().await
    }

    /// The events without types: frames as they came.
    #[must_use]
    pub fn into_untyped(self) -> Events {
        self.events
    }
}

impl<S: KalshiSession> fmt::Debug for Receiver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("kind", &S::KIND)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}
