//! A session's typed ends.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use fix_dialect::{ClientSends, Context, Decoder, Profile, Sender as Side};

use super::event::{Event, Received};
use super::product::{KalshiProduct, KalshiSession};
use super::validation::{OutboundCheck, Validation, context};
use crate::driver::{self, Closed, Events, Handle};
use crate::session::{self, Established, Inbound, SendError, SequenceNumber, State, TestRequestId};

/// An established session of the kind `S`, such as [`prediction::sessions::NR`](crate::prediction::sessions::NR).
///
/// Use it whole, or [`split`](Session::split) it to send and to receive from different tasks (or in one `select!`).
/// Dropping it, or its receiver, ends the session without a logout; [`close`](Session::close) logs out.
pub struct Session<S: KalshiSession> {
    sender: Sender<S>,
    receiver: Receiver<S>,
    established: Established,
}

impl<S: KalshiSession> Session<S> {
    pub(super) fn new(
        handle: Handle,
        events: Events,
        established: Established,
        validation: Validation,
        dollars: bool,
    ) -> Session<S> {
        let context = |side| context::<S>(side, S::Dialect::PRODUCT, dollars);
        let check = OutboundCheck::new::<S::Dialect>(validation.outbound, context(Side::Client));
        let sender = Sender {
            handle,
            check: check.map(Arc::new),
            session: PhantomData,
        };
        let receiver = Receiver {
            events,
            decoder: Decoder::new(),
            current: None,
            profile: validation.inbound,
            context: context(Side::Exchange),
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

    /// As [`Sender::send`].
    pub async fn send<M: ClientSends<S>>(&self, message: &M) -> Result<SequenceNumber, SendError> {
        self.sender.send(message).await
    }

    /// As [`Receiver::recv`].
    pub async fn recv(&mut self) -> Option<Event<'_, S>> {
        self.receiver.recv().await
    }

    /// Goes by these profiles from now on: [`Sender::set_validation`] and [`Receiver::set_validation`] at once.
    pub fn set_validation(&mut self, validation: Validation) {
        self.sender.set_validation(validation.outbound);
        self.receiver.set_validation(validation.inbound);
    }

    /// As [`Receiver::close`].
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
    handle: Handle,
    check: Option<Arc<OutboundCheck>>,
    session: PhantomData<fn(S)>,
}

impl<S: KalshiSession> Sender<S> {
    /// Sends a message and returns its `MsgSeqNum (34)`, when there is room for it or as soon as there is.
    ///
    /// Only messages that the dictionary lets a client send on this kind of session are accepted; others do not
    /// compile. When this returns, the message is on its way in the order of its number, and not necessarily written
    /// yet: an order is certain only with the venue's answer.
    ///
    /// A message that breaks the dialect's rules is refused before it takes a number, as the client's
    /// [`Validation`] says: [`SendError::Invalid`] lists each breach.
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
        self.handle.send(message).await
    }

    /// Sends a message at once, or not at all.
    pub fn try_send<M: ClientSends<S>>(&self, message: &M) -> Result<SequenceNumber, SendError> {
        self.check(message)?;
        self.handle.try_send(message)
    }

    fn check<M: ClientSends<S>>(&self, message: &M) -> Result<(), SendError> {
        match &self.check {
            Some(check) => check.check(message),
            None => Ok(()),
        }
    }

    /// What breaches in messages that this session sends lead to, from now on, for every sender of the session. It has
    /// what the client's [`Validation`] said until then.
    pub fn set_validation(&self, outbound: Profile) {
        if let Some(check) = &self.check {
            check.set(outbound);
        }
    }

    /// Waits until messages can be sent; `false` when they never will be again. See
    /// [`Handle::ready`](crate::driver::Handle::ready).
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

    /// Where the session stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.handle.state()
    }

    /// The session's end without types, for messages of one's own and for the rarer commands.
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

    /// Logs out and waits until the session is over, which its time-outs bound. What still comes is not delivered any
    /// more, but counted: to read it, call [`Sender::logout`] and go on with [`recv`](Receiver::recv).
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
