//! The driver's task: moves bytes, time and signatures between the world and the core.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::alarm::Alarm;
use super::clock::after;
use super::end::{EndCause, SessionEnd};
use super::event::{self, Gone};
use super::keeper::Keeper;
use super::shared::Shared;
use super::wire::{Outgoing, Progress, make_room, poll_stream};
use super::{DriverSettings, InboundPolicy};
use crate::credentials::{Signer, SignerError, raw_data};
use crate::observe::{Depths, Instruments};
use crate::session::{EndReason, Event, Intake, Now, Session, SignLogon, SigningFailed, Ticket};

pub(super) struct Task<S> {
    stream: S,
    shared: Arc<Shared>,
    signer: Option<Arc<dyn Signer>>,
    settings: DriverSettings,
    received: BytesMut,
    intake: Intake,
    outgoing: Outgoing,
    signing: Option<Signing>,
    signer_error: Option<Arc<SignerError>>,
    transport_error: Option<Arc<io::Error>>,
    keeper: Option<Keeper>,
    /// Supervised: the connection before this one, until this one is logged on.
    gone: Option<Gone>,
    established: Option<Now>,
    last_heard: Now,
    /// Senders wait for the numbers to be started anew.
    resetting: bool,
}

/// What a connection came to.
pub(super) struct Outcome {
    pub(super) end: SessionEnd,
    /// When it was logged on, if it was.
    pub(super) established: Option<Now>,
    /// What the next connection is to know: of this one, or of the one before if this one was not logged on.
    pub(super) gone: Option<Gone>,
    /// The store, for the next connection.
    pub(super) keeper: Option<Keeper>,
}

type Signing = Pin<Box<dyn Future<Output = (Ticket, Result<String, SignerError>)> + Send>>;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Task<S> {
    pub(super) fn new(
        stream: S,
        shared: Arc<Shared>,
        signer: Option<Arc<dyn Signer>>,
        settings: DriverSettings,
        gone: Option<Gone>,
        keeper: Option<Keeper>,
    ) -> Task<S> {
        let last_heard = shared.time.now();
        let outgoing = Outgoing::new(Arc::clone(&shared.written));
        let received = BytesMut::with_capacity(settings.read_chunk);
        Task {
            stream,
            shared,
            signer,
            settings,
            received,
            intake: Intake::NeedMore(0),
            outgoing,
            signing: None,
            signer_error: None,
            transport_error: None,
            keeper,
            gone,
            established: None,
            last_heard,
            resetting: false,
        }
    }

    /// Carries the session to its end, tells of it, and then closes the connection.
    pub(super) async fn run<F: Future<Output = ()>>(mut self, ended: impl FnOnce(Outcome) -> F) {
        let cause = self.drive().await;
        let graceful = !matches!(cause, EndCause::Aborted | EndCause::WriteStalled { .. });
        let flushed = graceful && self.flush().await;
        tracing::debug!(%cause, "session ended");
        let outcome = self.outcome(cause);
        ended(outcome).await;
        if flushed {
            self.shut_down().await;
        }
    }

    fn outcome(&mut self, cause: EndCause) -> Outcome {
        let shared = Arc::clone(&self.shared);
        shared.instruments.established(false);
        let end = shared.end(cause, |event| match event {
            Event::SignLogon(_) | Event::Ended(_) => None,
            event => Some(event::Event::Session(event)),
        });
        let gone = Gone {
            next_incoming: shared.session().sequences().next_incoming,
            last_heard: self.last_heard,
            ended: shared.time.now(),
        };
        // What was sent or acknowledged since the last turn, and never left, is kept all the same.
        self.keep(&mut shared.session());
        Outcome {
            end,
            keeper: self.keeper.take(),
            established: self.established,
            gone: self.established.map_or(self.gone, |_| Some(gone)),
        }
    }

    /// Until the session is over.
    async fn drive(&mut self) -> EndCause {
        let shared = Arc::clone(&self.shared);
        if let Err(error) = shared.session().connected(shared.time.now()) {
            // A core that was just made takes this once.
            tracing::error!(%error, "the session could not be started");
            return EndCause::Aborted;
        }
        let mut alarm = pin!(Alarm::new());
        loop {
            if shared.is_aborted() {
                shared.session().handle_eof(shared.time.now());
                return EndCause::Aborted;
            }
            let deadline = match self.turn() {
                Turn::Ended(reason) => return self.cause(reason),
                Turn::SlowReader { waiting } => return EndCause::SlowReader { waiting },
                Turn::Wait(deadline) => deadline,
            };
            let limit = self.outgoing.limit(&self.settings);
            let due = self.keeper.as_ref().and_then(Keeper::due);
            alarm
                .as_mut()
                .set(deadline.into_iter().chain(limit).chain(due).min());
            let want_read = matches!(self.intake, Intake::NeedMore(_));
            tokio::select! {
                progress = poll_fn(|cx| {
                    poll_stream(&mut self.stream, &mut self.outgoing, &mut self.received, want_read, cx)
                }) => self.progress(progress),
                () = shared.wake.notified() => {}
                () = shared.inbox.drained.notified() => {}
                () = alarm.as_mut().wait() => {}
                (ticket, signature) = signed(&mut self.signing) => {
                    self.signed(ticket, signature);
                }
            }
            let now = Instant::now();
            if self
                .outgoing
                .limit(&self.settings)
                .is_some_and(|limit| limit <= now)
            {
                shared.session().handle_eof(shared.time.now());
                if self.outgoing.broken_since.is_none() {
                    return EndCause::WriteStalled {
                        waited: self.settings.write_timeout,
                    };
                }
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                shared.session().handle_timeout(shared.time.now());
            }
        }
    }

    /// Drains the core until it has nothing more to say.
    fn turn(&mut self) -> Turn {
        let shared = Arc::clone(&self.shared);
        let mut session = shared.session();
        loop {
            // Before any transmit: what leaves was handed to the store.
            self.keep(&mut session);
            let was_resetting = std::mem::replace(&mut self.resetting, session.is_resetting());
            if self.outgoing.refill(&mut session) || (was_resetting && !self.resetting) {
                shared.room.notify_waiters();
            }
            if let Some(reason) = self.deliver(&mut session) {
                return Turn::Ended(reason);
            }
            if self.intake == Intake::Drain
                && self.settings.inbound_policy == InboundPolicy::Disconnect
                && !shared.inbox.has_room()
            {
                session.logout(shared.time.now(), Some("the client does not keep up"));
                return Turn::SlowReader {
                    waiting: shared.inbox.waiting(),
                };
            }
            // Bytes that the core has left in the buffer come first, now that its queues are drained. They are offered
            // again as long as that makes a difference.
            let before = (self.received.len(), self.intake);
            let waits = matches!(self.intake, Intake::Drain | Intake::LogonPending);
            if waits {
                self.intake = session.handle_bytes(shared.time.now(), &mut self.received);
            }
            if before == (self.received.len(), self.intake) {
                if Instruments::ENABLED {
                    self.tell_depths(&session);
                }
                return Turn::Wait(
                    session
                        .next_deadline()
                        .map(|deadline| shared.time.instant(deadline)),
                );
            }
        }
    }

    fn tell_depths(&self, session: &Session) {
        let (waiting_events, waiting_bytes) = self.shared.inbox.load();
        self.shared.instruments.depths(Depths {
            waiting_events,
            waiting_bytes,
            pending_bytes: session.pending_bytes() + self.outgoing.bytes.len(),
            store_operations: self.keeper.as_ref().map_or(0, Keeper::outstanding),
            clock_offset_millis: session.clock_offset_millis(),
        });
    }

    /// Hands the core's events on, while there is room. Returns how the session ended, when it has.
    fn deliver(&mut self, session: &mut Session) -> Option<EndReason> {
        // After the end there will be no more than the core holds: they are all delivered, so that the task can go.
        let last = session.state().is_ended();
        while last || self.shared.inbox.has_room() {
            match session.poll_event()? {
                Event::SignLogon(request) => self.sign(request),
                Event::Ended(reason) => return Some(reason),
                event => {
                    self.shared.learn(&event);
                    self.hand_over(event);
                }
            }
        }
        None
    }

    /// Does the core's store operations, as far as there is room for them.
    fn keep(&mut self, session: &mut Session) {
        if let Some(keeper) = &mut self.keeper {
            keeper.pump(session, self.shared.time.now());
        }
    }

    fn hand_over(&mut self, event: Event) {
        let event = match (event, self.gone) {
            (Event::Established(established), gone) => {
                let now = *self.established.insert(self.shared.time.now());
                self.gone = None;
                self.shared.instruments.established(true);
                // Said before the application can know: whoever waits for this may send at once.
                self.shared.ready.notify_waiters();
                match gone {
                    Some(gone) => event::Event::Reconnected(gone.reconnected(established, now)),
                    None => event::Event::Session(Event::Established(established)),
                }
            }
            (event, _) => event::Event::Session(event),
        };
        self.shared.inbox.push(event, self.shared.origin());
    }

    fn sign(&mut self, request: SignLogon) {
        let Some(signer) = self.signer.clone() else { return };
        self.signing = Some(Box::pin(async move {
            (request.ticket, raw_data(&*signer, &request.pre_hash).await)
        }));
    }

    fn signed(&mut self, ticket: Ticket, signature: Result<String, SignerError>) {
        self.signing = None;
        let signature = signature.map(String::into_bytes).map_err(|error| {
            self.signer_error = Some(Arc::new(error));
            SigningFailed
        });
        // Refused when the session has moved on, by its time-out or a logout: then there is no use for it.
        let _ = self
            .shared
            .session()
            .handle_signature(self.shared.time.now(), ticket, signature);
    }

    fn progress(&mut self, progress: Progress) {
        match progress {
            Progress::Read => {
                let mut session = self.shared.session();
                self.last_heard = self.shared.time.now();
                self.intake = session.handle_bytes(self.last_heard, &mut self.received);
                drop(session);
                make_room(&mut self.received, self.intake, self.settings.read_chunk);
            }
            Progress::ReadEnd(error) => {
                if self.transport_error.is_none() {
                    self.transport_error = error.map(Arc::new);
                }
                self.shared.session().handle_eof(self.shared.time.now());
            }
            Progress::WriteFailed(error) => {
                self.transport_error = Some(Arc::new(error));
                self.outgoing.broken_since = Some(Instant::now());
                self.outgoing.bytes = Bytes::new();
            }
            // What follows from these is seen to by the next turn.
            Progress::Written | Progress::Stalled => {}
        }
    }

    /// Names the cause where the core could only see the effect.
    fn cause(&mut self, reason: EndReason) -> EndCause {
        match (reason, self.transport_error.take(), self.signer_error.take()) {
            (EndReason::Disconnected { state }, Some(source), _) => EndCause::Transport { state, source },
            (EndReason::SigningFailed, _, Some(source)) => EndCause::Signing { source },
            (reason, ..) => EndCause::Session(reason),
        }
    }

    /// Writes what is left, a Logout among it, within a bound. Whether all of it was written.
    async fn flush(&mut self) -> bool {
        if self.outgoing.broken_since.is_some() {
            return false;
        }
        let shared = Arc::clone(&self.shared);
        let written = timeout_at(after(self.settings.final_flush), async {
            loop {
                {
                    let mut session = shared.session();
                    self.keep(&mut session);
                    self.outgoing.refill(&mut session);
                }
                if self.outgoing.bytes.is_empty() && self.keeper.as_ref().is_some_and(Keeper::is_busy) {
                    shared.wake.notified().await;
                    continue;
                }
                if self.outgoing.bytes.is_empty() {
                    self.stream.flush().await?;
                    self.outgoing.flushed();
                    return Ok::<(), io::Error>(());
                }
                while !self.outgoing.bytes.is_empty() {
                    let count = self.stream.write(&self.outgoing.bytes).await?;
                    if count == 0 {
                        return Err(io::ErrorKind::WriteZero.into());
                    }
                    self.outgoing.advance(count);
                }
            }
        });
        matches!(written.await, Ok(Ok(())))
    }

    /// Closes our direction, and reads what still comes until the peer closes its own: to close while unread bytes wait
    /// makes the operating system reset the connection, and the peer may then never see our last words.
    async fn shut_down(mut self) {
        let _ = timeout_at(after(self.settings.final_flush), async {
            self.stream.shutdown().await?;
            loop {
                self.received.clear();
                if self.stream.read_buf(&mut self.received).await? == 0 {
                    return Ok::<(), io::Error>(());
                }
            }
        })
        .await;
    }
}

enum Turn {
    Ended(EndReason),
    SlowReader { waiting: usize },
    Wait(Option<Instant>),
}

async fn signed(signing: &mut Option<Signing>) -> (Ticket, Result<String, SignerError>) {
    match signing {
        Some(signing) => signing.await,
        None => pending().await,
    }
}
