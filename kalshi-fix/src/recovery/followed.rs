//! An order entry session whose tracker is kept whole by itself.

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use fix_dialect::{ClientSends, Dialect};
use tokio::time::Instant;

use super::machine::{Outcome, Recovery, RecoverySettings};
use super::run::{DropCopy, RecoverError, Running, Sink};
use crate::client::{Client, Event, KalshiProduct, KalshiSession, OpenError, Rejected, Sender, Session};
use crate::driver::after;
use crate::driver::{
    AttemptFailed, Clock, Closed, Disconnected, Dropped, Missed, Reconnected, SessionEnd, SystemClock,
};
use crate::session::{self, Inbound, SendError, SequenceNumber};
use crate::tracker::{AsIncoming, AsRequest, Source, Tracker, TrackerEvent, ViewError, loses_messages};
use crate::units::PriceUnit;

/// An order entry session, the tracker of its orders, and a second key: whenever reports may have been missed, they are
/// fetched from drop copy without being asked for, while the session goes on.
///
/// All work is done in [`recv`](Followed::recv), so it has to be called again and again. The session's own policy says
/// whether it connects again ([`ClientBuilder::reconnect`](crate::client::ClientBuilder::reconnect)). A drop copy session is
/// open only as long as it is needed; one that cannot be had is tried again, after
/// [`RecoverySettings::retry_after`] and then twice as long each time, and 64 times as long at most.
///
/// ```
/// use kalshi_fix::recovery::{Followed, FollowedEvent};
/// use kalshi_fix::tracker::{OrderState, Tracker, TrackerEvent, TrackerSettings};
/// # use kalshi_fix::credentials::PrivateKey;
/// # use kalshi_fix::gateway::Gateway;
/// # use kalshi_fix::orders::{LimitOrder, Side};
/// # use kalshi_fix::prediction::Prediction;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let gateway = Gateway::builder().market("HIGHNY-23DEC31").start().await?;
/// # let (key, member) = (PrivateKey::generate()?, gateway.member());
/// # let trading = gateway.client_builder::<Prediction>(member.credentials(&key)).build()?;
/// # let second_key = gateway.client_builder::<Prediction>(member.credentials(&key)).build()?;
/// # let order = kalshi_fix::prediction::NewOrderSingle::new(
/// #     "order-1", "10".parse()?, kalshi_fix::prediction::fields::OrdType::Limit, "0.4".parse()?,
/// #     kalshi_fix::prediction::fields::Side::Buy, "HIGHNY-23DEC31");
/// let session = trading.order_entry().await?;
/// let mut followed = Followed::new(session, Tracker::new(TrackerSettings::default()), second_key);
/// followed.send(&order).await?;
/// while let Some(event) = followed.recv().await {
///     match event {
///         FollowedEvent::Tracker(TrackerEvent::Changed { order, to, .. }) => {
///             println!("{order:?} is {to:?}");
/// #           if to == OrderState::New { break }
///         }
///         FollowedEvent::Recovered(outcome) => assert!(outcome.is_complete(), "{outcome:?}"),
///         other => println!("{other:?}"),
///     }
/// }
/// let (tracker, _closed) = followed.close().await;
/// # assert_eq!(tracker.open_orders().count(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Followed<S: KalshiSession> {
    session: Session<S>,
    is_up: bool,
    tracker: Tracker,
    clock: Arc<dyn Clock>,
    copies: Client<S::Dialect>,
    settings: RecoverySettings,
    fetching: Fetching<S::Dialect>,
    /// From when on a recovery is due, where one is.
    due: Option<Instant>,
    /// The tracker's period in which that was last thought of.
    period: u64,
    /// How many have failed in a row.
    failures: u32,
    told: VecDeque<FollowedEvent>,
    events: Vec<TrackerEvent>,
}

/// How far the drop copy session is.
enum Fetching<D: KalshiProduct> {
    Rest,
    Opening(Boxed<Opened<D>>),
    Open(Box<Copying<D>>),
    Closing(Boxed<Closed>),
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Opened<D> = Result<Box<Session<<D as KalshiProduct>::DropCopy>>, OpenError>;

/// A recovery under way, and its session.
struct Copying<D: KalshiProduct> {
    session: Session<D::DropCopy>,
    running: Running,
}

/// Something that happened to it.
enum Stepped<D: KalshiProduct> {
    Opened(Opened<D>),
    Ran(Result<Option<Outcome>, RecoverError>),
    Closed,
}

/// Something that a followed session tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum FollowedEvent {
    /// Of an order, or a fill.
    Tracker(TrackerEvent),
    /// A message that is not about orders, or a BusinessMessageReject (j), which may be about anything.
    Message(Inbound),
    /// A message about orders that cannot be read. What it says is missing until drop copy or the user tells.
    Unreadable {
        /// The message.
        inbound: Inbound,
        /// Why.
        error: ViewError,
    },
    /// The venue rejects a message (Reject (3)). If it is about an order, the tracker tells too.
    Rejected(Rejected),
    /// Something about the session itself.
    Session(session::Event),
    /// Messages were dropped, because this was not called often enough. What they said is fetched now.
    Dropped(Dropped),
    /// The session has lost its connection and will connect again.
    Disconnected(Disconnected),
    /// An attempt to connect again has failed, and there will be another.
    AttemptFailed(AttemptFailed),
    /// The session is logged on again. Where reports may have been missed, they are fetched now.
    Reconnected(Reconnected),
    /// A recovery has come to its end. What it could not fetch ([`Outcome::is_complete`]) is not asked for again.
    Recovered(Outcome),
    /// A recovery could not be carried through. There will be another.
    RecoveryFailed {
        /// Why.
        error: RecoverError,
        /// How long it takes until the next one begins.
        again_in: Duration,
    },
    /// The session is over. Nothing follows.
    Ended(SessionEnd),
}

/// Why a followed session did not send a message. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowedSendError {
    /// The tracker could not follow it.
    #[error("the message cannot be followed: {0}")]
    Unreadable(#[from] ViewError),
    /// The session does not send it.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl<S> Followed<S>
where
    S: KalshiSession,
    for<'m> <S::Dialect as Dialect>::Message<'m>: AsIncoming,
    <S::Dialect as KalshiProduct>::DropCopy: DropCopy,
{
    /// Takes over a session that is logged on. `copies` opens drop copy with a key that no other session uses; its reports
    /// are read in the unit that its own logon asks for.
    ///
    /// The tracker may be one that has followed an earlier session ([restored](Tracker::restore), say): where the numbers of
    /// this one start anew, what was missed in between is fetched first.
    #[must_use]
    pub fn new(session: Session<S>, mut tracker: Tracker, copies: Client<S::Dialect>) -> Followed<S> {
        let mut events = Vec::new();
        let knows_something = tracker.has_seen_reports() || tracker.open_orders().next().is_some();
        let missed = knows_something && session.established().reset;
        if knows_something {
            // Of what was under way nobody knows how far it came.
            tracker.disconnected(Source::OrderEntry, &(0..=u64::MAX), &mut events);
        }
        tracker.connected(Source::OrderEntry, missed, &mut events);
        Followed {
            session,
            is_up: true,
            period: tracker.period(),
            tracker,
            clock: Arc::new(SystemClock),
            copies,
            settings: RecoverySettings::default(),
            fetching: Fetching::Rest,
            due: missed.then(Instant::now),
            failures: 0,
            told: events.drain(..).map(FollowedEvent::Tracker).collect(),
            events,
        }
    }

    /// How patient recoveries are.
    #[must_use]
    pub fn settings(mut self, settings: RecoverySettings) -> Self {
        self.settings = settings;
        self
    }

    /// Where the times of the tracker come from: the system, unless told otherwise.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sends a request, and has the tracker follow it. Dropping the future before it is ready sends nothing.
    ///
    /// # Errors
    ///
    /// Where it cannot be followed, or is not sent.
    pub async fn send<M>(&mut self, message: &M) -> Result<SequenceNumber, FollowedSendError>
    where
        M: ClientSends<S> + AsRequest,
    {
        message.as_request(self.unit())?;
        let number = self.session.send(message).await?;
        let (now, unit) = (self.clock.utc(), self.unit());
        self.tracker.sent(now, number, message, unit, &mut self.events)?;
        self.tell();
        Ok(number)
    }

    /// The next thing to tell; `None` after [`FollowedEvent::Ended`]. Dropping the future before it is ready loses nothing.
    pub async fn recv(&mut self) -> Option<FollowedEvent> {
        loop {
            if let Some(event) = self.told.pop_front() {
                return Some(event);
            }
            let wake = self.begin();
            let unit = self.unit();
            let Followed {
                session,
                tracker,
                clock,
                fetching,
                events,
                ..
            } = self;
            let mut sink = Sink {
                tracker,
                clock: &**clock,
                events,
            };
            let stepped = tokio::select! {
                biased;
                event = session.recv() => {
                    let event = event?;
                    let now = sink.clock.utc();
                    let read = sink.tracker.observe(now, Source::OrderEntry, &event, unit, sink.events);
                    if let Some(event) = pass_on(event, read) {
                        match &event {
                            FollowedEvent::Disconnected(_) => self.is_up = false,
                            FollowedEvent::Reconnected(back) => {
                                self.is_up = true;
                                if back.missed != Missed::Nothing {
                                    self.due = Some(Instant::now());
                                }
                            }
                            FollowedEvent::Dropped(_) => self.due = Some(Instant::now()),
                            FollowedEvent::Session(event) if loses_messages(event) => {
                                self.due = Some(Instant::now());
                            }
                            _ => {}
                        }
                        self.told.push_back(event);
                    }
                    None
                }
                stepped = fetching.step(&mut sink) => Some(stepped),
                () = sleep_until(wake) => None,
            };
            self.tell();
            if let Some(stepped) = stepped {
                self.go_on(stepped);
            }
        }
    }

    /// The tracker, between two calls.
    #[must_use]
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// The tracker, for what the user has found out ([`Tracker::resolve`]), or for what another session reports. Where that
    /// leaves a gap, it is fetched too.
    #[must_use]
    pub fn tracker_mut(&mut self) -> &mut Tracker {
        &mut self.tracker
    }

    /// The session's sending end. The tracker does not see what is sent by it: reports of orders that were sent so count as
    /// somebody else's.
    #[must_use]
    pub fn sender(&self) -> Sender<S> {
        self.session.sender()
    }

    /// Logs out, waits until the session is over, and hands the tracker back. Dropping the future ends the session without
    /// waiting any longer, and the tracker is lost: to keep it, take a snapshot first.
    pub async fn close(self) -> (Tracker, Closed) {
        let Followed {
            session, mut tracker, ..
        } = self;
        let closed = session.close().await;
        let in_doubt = closed.end.as_ref().map_or(0..=u64::MAX, SessionEnd::in_doubt);
        // There is nobody to tell any more; the states are in the tracker.
        tracker.disconnected(Source::OrderEntry, &in_doubt, &mut Vec::new());
        (tracker, closed)
    }

    fn unit(&self) -> PriceUnit {
        self.session.price_units().orders()
    }

    fn tell(&mut self) {
        self.told
            .extend(self.events.drain(..).map(FollowedEvent::Tracker));
    }

    /// Begins a recovery that is due; when to look again, where that is not yet.
    fn begin(&mut self) -> Option<Instant> {
        let period = self.tracker.period();
        if std::mem::replace(&mut self.period, period) != period && self.tracker.gaps().next().is_some() {
            self.due.get_or_insert_with(Instant::now);
        }
        let due = self.due?;
        if !self.is_up || !matches!(self.fetching, Fetching::Rest) {
            return None;
        }
        if Instant::now() < due {
            return Some(due);
        }
        self.due = None;
        let copies = self.copies.clone();
        self.fetching = Fetching::Opening(Box::pin(async move { copies.drop_copy().await.map(Box::new) }));
        None
    }

    fn go_on(&mut self, stepped: Stepped<S::Dialect>) {
        match stepped {
            Stepped::Opened(Ok(session)) => {
                // Made only now: it covers what was missed until here.
                let recovery = Recovery::new(&self.tracker, self.settings.clone());
                self.due = None;
                let running = Running::new(recovery);
                let session = *session;
                self.fetching = Fetching::Open(Box::new(Copying { session, running }));
            }
            Stepped::Opened(Err(error)) => self.failed(RecoverError::Open(Box::new(error))),
            Stepped::Ran(Ok(None)) => {}
            Stepped::Ran(Ok(Some(outcome))) => {
                self.failures = 0;
                let open = std::mem::replace(&mut self.fetching, Fetching::Rest);
                if let Fetching::Open(open) = open {
                    self.fetching = Fetching::Closing(Box::pin(open.session.close()));
                }
                if outcome.is_superseded && self.due.is_none() {
                    self.due = Some(Instant::now());
                }
                self.told.push_back(FollowedEvent::Recovered(outcome));
            }
            Stepped::Ran(Err(error)) => self.failed(error),
            Stepped::Closed => self.fetching = Fetching::Rest,
        }
    }

    fn failed(&mut self, error: RecoverError) {
        self.fetching = Fetching::Rest;
        let doublings = self.failures.min(MOST_DOUBLINGS);
        self.failures = self.failures.saturating_add(1);
        let again_in = self.settings.retry_after.saturating_mul(2_u32.pow(doublings));
        self.due = Some(after(again_in));
        self.told
            .push_back(FollowedEvent::RecoveryFailed { error, again_in });
    }
}

impl<D> Fetching<D>
where
    D: KalshiProduct,
    D::DropCopy: DropCopy,
{
    /// Goes on by as much as is known. Dropping the future loses nothing.
    async fn step(&mut self, sink: &mut Sink<'_>) -> Stepped<D> {
        match self {
            Fetching::Rest => pending().await,
            Fetching::Opening(opening) => Stepped::Opened(opening.as_mut().await),
            Fetching::Open(open) => Stepped::Ran(open.running.step(&mut open.session, sink).await),
            Fetching::Closing(closing) => {
                // How it ended does not matter any more.
                let _closed = closing.as_mut().await;
                Stepped::Closed
            }
        }
    }
}

impl<S: KalshiSession> fmt::Debug for Followed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed")
            .field("session", &self.session)
            .field("copies", &self.copies)
            .field("settings", &self.settings)
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

/// What is told of a session's event beside what the tracker makes of it.
fn pass_on<S: KalshiSession>(event: Event<'_, S>, read: Result<(), ViewError>) -> Option<FollowedEvent> {
    let message = |inbound: &Inbound| match read {
        Err(error) => Some(FollowedEvent::Unreadable {
            inbound: inbound.clone(),
            error,
        }),
        Ok(()) if TOLD_BY_THE_TRACKER.contains(&inbound.msg_type()) => None,
        Ok(()) => Some(FollowedEvent::Message(inbound.clone())),
    };
    match event {
        Event::Message(received) | Event::Invalid { received, .. } => message(received.inbound()),
        Event::Malformed { inbound, .. } => message(inbound),
        Event::Rejected(event) => Some(FollowedEvent::Rejected(event)),
        Event::Session(event) => Some(FollowedEvent::Session(event)),
        Event::Dropped(event) => Some(FollowedEvent::Dropped(event)),
        Event::Disconnected(event) => Some(FollowedEvent::Disconnected(event)),
        Event::AttemptFailed(event) => Some(FollowedEvent::AttemptFailed(event)),
        Event::Reconnected(event) => Some(FollowedEvent::Reconnected(event)),
        Event::Ended(end) => Some(FollowedEvent::Ended(end)),
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => pending().await,
    }
}

/// MsgType (35) of what is about orders alone.
const TOLD_BY_THE_TRACKER: [&[u8]; 3] = [b"8", b"9", b"r"];
/// Waits double this often at most.
const MOST_DOUBLINGS: u32 = 6;
