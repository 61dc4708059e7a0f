//! The application's two ends of a session.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use fix_dialect::EncodeBody;
use tokio::sync::futures::Notified;

use super::end::SessionEnd;
use super::event::Event;
use super::shared::{Origin, Shared};
use super::wire::Mark;
use crate::session::{
    self, Acceptance, CommandError, Refusal, Reject, SendError, SequenceNumber, Sequences, SessionState,
    TestRequestId,
};

/// The sending end of a session. Clone it as often as needed; it can be used from several tasks at once.
///
/// It does not keep the session alive: that is for [`Events`]. What is sent by it passes neither the rate limit nor the
/// pre-trade limits of a client: see [`client::Sender::untyped`](crate::client::Sender::untyped).
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    /// Whether a lost connection is replaced.
    reconnects: bool,
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>, reconnects: bool) -> Handle {
        Handle { shared, reconnects }
    }

    /// Sends an application message and returns its `MsgSeqNum (34)`, when there is room for it or as soon as there is.
    ///
    /// When this returns, the message is on its way in the order of its number, and not necessarily written yet.
    /// Dropping the future before it is ready sends nothing.
    ///
    /// A supervised session that has no connection refuses ([`SendError::Reconnecting`]), also for those who wait for
    /// room when the connection is lost: nothing is kept for the next one. To wait for it, see
    /// [`ready`](Handle::ready). It also refuses until the application has taken the
    /// [`Event::Disconnected`] of every connection that was lost: numbers may start anew with a connection, and who does
    /// not know that one is gone could not tell which message a number in doubt belongs to. While the numbers are being started anew
    /// ([`reset_sequence_numbers`](Handle::reset_sequence_numbers)), it waits too.
    pub async fn send<M: EncodeBody>(&self, message: &M) -> Result<SequenceNumber, SendError> {
        self.send_noting(message, |_| {}).await
    }

    /// As [`send`](Handle::send); `note` is called with the number before anything can come in answer to it, and before
    /// any other message takes a number.
    ///
    /// It is called under the session's lock, once or, when nothing is sent, not at all: it must neither block nor use
    /// the session's handles. Dropping the future before it is ready sends nothing, and calls nothing.
    pub async fn send_noting<M: EncodeBody>(
        &self,
        message: &M,
        mut note: impl FnMut(SequenceNumber),
    ) -> Result<SequenceNumber, SendError> {
        let begun = self.connection();
        loop {
            // Enlisted before the attempt, so that room made in between is not missed.
            let mut room = pin!(self.room());
            room.as_mut().enable();
            match self.attempt(Some(begun), message, || Some(()), &mut note) {
                Ok(Some(sequence)) => return Ok(sequence),
                Ok(None) => {}
                Err(error) if error.is_for_want_of_room() => room.await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Which of several connections in a row this is.
    pub(crate) fn connection(&self) -> u64 {
        self.shared.connection()
    }

    /// Told when it is worth while to try again what failed for want of room. Enlist before the attempt.
    pub(crate) fn room(&self) -> Notified<'_> {
        self.shared.room.notified()
    }

    /// One attempt to send, on this connection if it has to be this one. `leave` is asked for when nothing else stands in
    /// between, under the session's lock; what it gives is held until the message has its number. Without leave nothing is
    /// sent: `None`.
    pub(crate) fn attempt<M: EncodeBody, L>(
        &self,
        connection: Option<u64>,
        message: &M,
        leave: impl FnOnce() -> Option<L>,
        mut note: impl FnMut(SequenceNumber),
    ) -> Result<Option<SequenceNumber>, SendError> {
        self.message(|session, now| {
            if connection.is_some_and(|begun| begun != self.shared.connection()) {
                return Err(SendError::NotEstablished(SessionState::Ended));
            }
            let Some(_leave) = leave() else {
                return Ok(None);
            };
            let sequence = session.send(now, message)?;
            note(sequence);
            Ok(Some(sequence))
        })
    }

    /// Waits until messages can be sent, which the application has its part in: it takes the events, among them the one
    /// that tells of a lost connection. `false` when they never will be again, since the session is over.
    ///
    /// Dropping the future before it is ready changes nothing. On a supervised session this is how to hold a message
    /// back while there is no connection: it is encoded, numbered and dated when it is sent. What it says may be out of
    /// date by then, which is why [`send`](Handle::send) refuses instead.
    pub async fn ready(&self) -> bool {
        loop {
            let mut ready = pin!(self.shared.ready.notified());
            ready.as_mut().enable();
            if self.state().is_established() && !self.shared.inbox.hides_a_loss() {
                return true;
            }
            if self.shared.is_over() {
                return false;
            }
            ready.await;
        }
    }

    /// Sends an application message at once, or not at all.
    pub fn try_send<M: EncodeBody>(&self, message: &M) -> Result<SequenceNumber, SendError> {
        self.try_send_noting(message, |_| {})
    }

    /// As [`try_send`](Handle::try_send), with a `note` as for [`send_noting`](Handle::send_noting).
    pub fn try_send_noting<M: EncodeBody>(
        &self,
        message: &M,
        mut note: impl FnMut(SequenceNumber),
    ) -> Result<SequenceNumber, SendError> {
        self.message(|session, now| session.send(now, message).inspect(|sequence| note(*sequence)))
    }

    /// Rejects an application message of the peer's with a session-level `Reject (3)`.
    pub fn reject(&self, reject: Reject) -> Result<SequenceNumber, SendError> {
        self.command(|session, now| session.reject(now, reject))
    }

    /// Asks the peer for a sign of life. The answer is a
    /// [`TestRequestAnswered`](session::Event::TestRequestAnswered).
    pub fn test_request(&self) -> Result<TestRequestId, SendError> {
        self.command(|session, now| {
            let id = session.test_request(now)?;
            let sequence = session.sequences().next_outgoing.saturating_sub(1);
            let numbering = session.numbering();
            self.shared.probe(id, Mark { numbering, sequence });
            Ok(id)
        })
    }

    /// Starts to log out. What is under way is still delivered, and [`Event::Ended`] follows. A supervised session does
    /// not connect again.
    pub fn logout(&self, text: Option<&str>) {
        self.command(|session, now| {
            self.shared.close();
            session.logout(now, text);
        });
    }

    /// Says that the application has handled every message up to this `MsgSeqNum (34)`, on a session with a store and
    /// [`Acknowledge::Explicit`](super::Acknowledge::Explicit). A number of a connection that is gone, whose session was
    /// since started anew, or of before a [`ResetInSession`](session::Event::ResetInSession), must not be given.
    pub fn acknowledge(&self, through: SequenceNumber) {
        self.shared.acknowledge_latest(through);
    }

    /// Starts both directions at 1 in mid-session (`ResetSeqNumFlag (141)` = Y), where the peer allows it; Kalshi does not
    /// say that it does. [`ResetInSession`](session::Event::ResetInSession) follows. Until then [`send`](Handle::send)
    /// waits, and [`try_send`](Handle::try_send) refuses. A peer that does not answer ends the session; see
    /// [`session::Session::reset`].
    ///
    /// # Errors
    ///
    /// When the session is not logged on, a reset is under way, or the peer is being sent messages again. Nothing has
    /// happened then.
    pub fn reset_sequence_numbers(&self) -> Result<(), CommandError> {
        self.command(session::Session::reset)
    }

    /// Acceptor: lets a peer in that has asked by [`LogonRequest`](session::Event::LogonRequest).
    pub fn accept_logon(&self, acceptance: Acceptance) -> Result<(), CommandError> {
        self.command(|session, now| session.accept_logon(now, acceptance))
    }

    /// Acceptor: keeps a peer out that has asked by [`LogonRequest`](session::Event::LogonRequest).
    pub fn refuse_logon(&self, refusal: Refusal) -> Result<(), CommandError> {
        self.command(|session, now| session.refuse_logon(now, refusal))
    }

    /// Ends the session at once, without a logout.
    pub fn abort(&self) {
        self.shared.abort();
    }

    /// Where the session stands. One that connects again is [`Idle`](SessionState::Idle) between two connections;
    /// [`Ended`](SessionState::Ended) is for good.
    #[must_use]
    pub fn state(&self) -> SessionState {
        match self.shared.session().state() {
            SessionState::Ended if self.goes_on() => SessionState::Idle,
            state => state,
        }
    }

    /// The sequence numbers as they stand.
    #[must_use]
    pub fn sequences(&self) -> Sequences {
        self.shared.session().sequences()
    }

    /// How many events wait for the application.
    pub(crate) fn unread(&self) -> usize {
        self.shared.inbox.waiting()
    }

    /// Sends, if the application knows which connection it sends on.
    fn message<T>(
        &self,
        send: impl FnOnce(&mut session::Session, session::Now) -> Result<T, SendError>,
    ) -> Result<T, SendError> {
        self.command(|session, now| {
            if self.shared.inbox.hides_a_loss() {
                return Err(SendError::NotEstablished(SessionState::Ended));
            }
            send(session, now)
        })
        .map_err(|error| self.of_a_session(error))
    }

    /// What is over for a connection is not for a session that connects again.
    fn of_a_session(&self, error: SendError) -> SendError {
        match error {
            SendError::NotEstablished(_) if self.goes_on() => SendError::Reconnecting,
            error => error,
        }
    }

    fn goes_on(&self) -> bool {
        self.reconnects && !self.shared.is_over() && !self.shared.is_closing()
    }

    fn command<T>(&self, command: impl FnOnce(&mut session::Session, session::Now) -> T) -> T {
        let mut session = self.shared.session();
        // Read under the lock, so that times go out in the order of the numbers.
        let result = command(&mut session, self.shared.time.now());
        drop(session);
        self.shared.wake.notify_one();
        result
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// The receiving end of a session. The session lives as long as this: dropping it aborts, without a logout.
pub struct Events {
    shared: Arc<Shared>,
    /// Whether to ask for the next event acknowledges the one before.
    acknowledges: bool,
    /// The last message that was taken, and where it came from.
    taken: Option<(Origin, SequenceNumber)>,
}

impl Events {
    pub(super) fn new(shared: Arc<Shared>, acknowledges: bool) -> Events {
        Events {
            shared,
            acknowledges,
            taken: None,
        }
    }

    /// The next event; `None` after [`Event::Ended`]. Dropping the future before it is ready loses nothing.
    ///
    /// On a session with a store, the message that was taken before counts as handled from here on, unless the
    /// application says so itself ([`Acknowledge`](super::Acknowledge)).
    pub async fn recv(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// As [`recv`](Events::recv), for those who write their own futures and streams.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.acknowledge();
        self.poll_next(cx)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let next = std::task::ready!(self.shared.inbox.poll_next(cx));
        Poll::Ready(next.map(|(event, origin)| {
            if let Event::Session(session::Event::Application(inbound)) = &event {
                self.taken = Some((origin, inbound.msg_seq_num));
            }
            if let Event::Disconnected(_) = &event {
                self.shared.ready.notify_waiters();
            }
            event
        }))
    }

    fn acknowledge(&mut self) {
        if let Some((origin, sequence)) = self.taken.take()
            && self.acknowledges
        {
            self.shared.acknowledge(origin, sequence);
        }
    }

    /// Logs out and waits until the session is over, which its time-outs bound. What still comes is not delivered any
    /// more, but counted: to read it, call [`Handle::logout`] and go on with [`recv`](Events::recv). On a session with a
    /// store it is not acknowledged, and comes again with the next session; the store is closed by then, and can be opened
    /// again. (A disk that hangs is waited for, for 10 s at most.)
    ///
    /// Dropping the future ends the session without waiting any longer, as dropping the events does.
    pub async fn close(mut self) -> Closed {
        self.acknowledge();
        Handle::new(Arc::clone(&self.shared), false).logout(None);
        let mut unread = 0;
        loop {
            match poll_fn(|cx| self.poll_next(cx)).await {
                Some(Event::Session(session::Event::Application(_))) => unread += 1,
                Some(Event::Dropped(dropped)) => {
                    unread += usize::try_from(dropped.messages).unwrap_or(usize::MAX);
                }
                Some(Event::Ended(end)) => {
                    return Closed {
                        end: Some(end),
                        unread,
                    };
                }
                Some(_) => {}
                None => return Closed { end: None, unread },
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.shared.abort();
    }
}

#[expect(
    clippy::missing_fields_in_debug,
    reason = "what was taken last is of no interest to anybody"
)]
impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("state", &self.shared.session().state())
            .field("waiting", &self.shared.inbox.waiting())
            .finish()
    }
}

/// What [`Events::close`] came to.
#[derive(Clone, Debug)]
#[must_use = "the session may have ended in another way than by its logout"]
#[non_exhaustive]
pub struct Closed {
    /// How the session ended; `None` if that was delivered before.
    pub end: Option<SessionEnd>,
    /// How many application messages had come and were never delivered.
    pub unread: usize,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            Some(end) => end.fmt(f)?,
            None => f.write_str("the session was over before")?,
        }
        match self.unread {
            0 => Ok(()),
            1 => f.write_str("; 1 message had come that was not taken"),
            unread => write!(f, "; {unread} messages had come that were not taken"),
        }
    }
}
