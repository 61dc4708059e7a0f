//! The kill switch, carried out on a session.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::kill::{Cancels, KillAction, KillState};
use super::open::{OpenOrder, OpenOrders};
use super::shared::SharedPreTrade;
use super::unheard::COUNTED_FOR;
use crate::client::{Event, KalshiSession, Sender, Session};
use crate::driver::{Clock as _, SystemClock};
use crate::margin::{self, Margin};
use crate::orders::{ClOrdIdGenerator, OrderError, mass_cancel};
use crate::prediction::{self, Prediction};
use crate::session::SendError;
use crate::tracker::{Order, RequestKind, Source, Tracker, TrackerEvent, ViewError};
use crate::units::PriceUnit;

/// Carries the kill switch out on a session: trips it, sends what it says, and takes in what the session brings, until nothing
/// is open, or until the time is over.
///
/// Open is what the tracker shows, and what the limits have let through and the tracker has not heard of
/// ([what counts](super#what-counts-as-open)): such an order may rest as well as any other. What the tracker is never told of keeps
/// a run going until it counts no more, a minute after it was let through; [`Killed::unheard`] says how many there were at the end.
/// An order whose refusal [`submit`](crate::client::Sender::submit) or [`begin`](crate::client::Sender::begin) has brought is none
/// of them.
///
/// The tracker has to be told of what is sent on the session, as always. One run at a time: where an account trades on several
/// sessions, run it on each of them, one after the other ([`Cancels::Mass`]). The switch stays tripped afterwards, however it
/// went, until it is [released](super::KillSwitch::release).
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::Duration;
///
/// use kalshi_fix::limits::{KillRun, Limits, SharedPreTrade};
/// use kalshi_fix::orders::ClOrdIdGenerator;
/// use kalshi_fix::tracker::{Tracker, TrackerSettings};
/// # use kalshi_fix::credentials::PrivateKey;
/// # use kalshi_fix::driver::{Clock as _, SystemClock};
/// # use kalshi_fix::gateway::Gateway;
/// # use kalshi_fix::prediction::Prediction;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let gateway = Gateway::builder().market("HIGHNY-23DEC31").start().await?;
/// # let key = PrivateKey::generate()?;
/// # let builder = gateway.client_builder::<Prediction>(gateway.member().credentials(&key));
/// # let now = SystemClock.utc();
/// let tracker = Arc::new(Mutex::new(Tracker::new(TrackerSettings::default())));
/// let limits = Arc::new(SharedPreTrade::tracking(Limits::default(), Arc::clone(&tracker) as _));
/// let ids = ClOrdIdGenerator::new(now, std::process::id().into());
/// let mut session = builder.pre_trade(Arc::clone(&limits)).build()?.order_entry().await?;
///
/// let run = KillRun::new(&limits, &tracker, &ids).within(Duration::from_secs(20));
/// let killed = run.run(&mut session, "too many rejects", |event| println!("{event:?}")).await;
/// if !killed.is_flat() {
///     eprintln!("{killed}");
/// }
/// # assert!(killed.is_flat());
/// # session.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing happens until it is run"]
pub struct KillRun<'a> {
    limits: &'a SharedPreTrade,
    tracker: &'a Mutex<Tracker>,
    ids: &'a ClOrdIdGenerator,
    within: Duration,
}

/// What a run has come to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Killed {
    /// Why it has stopped.
    pub stop: KillStop,
    /// What is open, or may be, as far as the tracker knows. Nothing after [`KillStop::Flat`].
    pub open: Vec<OpenOrder<'static>>,
    /// How many orders more the limits have let through of which the tracker has not heard: they may be open. Nothing after
    /// [`KillStop::Flat`].
    pub unheard: usize,
    /// For how long these count at most, from the end of the run on: whatever the tracker is told, a run that is started
    /// later does not wait for them.
    pub unheard_for: Duration,
    /// What went wrong last. It may have gone right since. Where nothing did, and the run ended with orders that the tracker
    /// has not heard of, that is the [problem](KillProblem::Unheard).
    pub problem: Option<KillProblem>,
}

/// Why a run has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KillStop {
    /// Nothing is open that is known of, and the venue has accepted what was sent.
    Flat,
    /// The time was over.
    Deadline,
    /// The session is over.
    Ended,
}

/// What went wrong during a run, which goes on all the same: what was to be sent is said again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KillProblem {
    /// A cancellation could not be made, for what reports said of the order.
    #[error("a cancellation could not be made: {0}")]
    Order(#[from] OrderError),
    /// A cancellation could not be sent.
    #[error("a cancellation could not be sent: {0}")]
    Send(#[from] SendError),
    /// The venue has refused a cancellation. An order that is gone (`ORDER_NOT_FOUND`) is so because its report was missed, or
    /// because it is another session's.
    #[error("the venue has refused to cancel {cl_ord_id:?}{}", why(*reason, text.as_deref()))]
    Refused {
        /// The order, by the `ClOrdID (11)` that it goes by; the cancellation's own where the order is not known.
        cl_ord_id: String,
        /// `CxlRejReason (102)`, or the reason of the reject.
        reason: Option<i64>,
        /// `Text (58)`.
        text: Option<String>,
    },
    /// The venue has refused to cancel all orders of the session at once.
    #[error("the venue has refused the mass cancellation")]
    MassCancelRefused,
    /// The run ended with orders of which the tracker has not heard.
    #[error("{}", unheard_of(*orders, *counted_for))]
    Unheard {
        /// How many.
        orders: usize,
        /// For how long they count at most.
        counted_for: Duration,
    },
    /// A message about orders could not be read. What it says is missing until drop copy or the user tells.
    #[error("a message about orders could not be read: {0}")]
    Unreadable(#[from] ViewError),
}

impl Killed {
    /// Whether nothing is open, as far as anybody knows.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.stop == KillStop::Flat
    }
}

/// What it has come to in a line: why it stopped, what may be open, and what went wrong if it is not flat.
impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stop)?;
        if self.is_flat() {
            return Ok(());
        }
        write!(f, ": {}", orders(self.open.len(), "open"))?;
        let mut ids = self.open.iter().map(|order| &order.cl_ord_id);
        for (index, id) in ids.by_ref().take(SHOWN).enumerate() {
            write!(f, "{}{id:?}", if index == 0 { " (" } else { ", " })?;
        }
        match (self.open.len(), ids.next()) {
            (0, _) => {}
            (_, None) => f.write_str(")")?,
            (all, Some(_)) => write!(f, ", and {} more)", all - SHOWN)?,
        }
        if self.unheard > 0 {
            write!(f, "; {}", unheard_of(self.unheard, self.unheard_for))?;
        }
        match &self.problem {
            Some(KillProblem::Unheard { .. }) | None => Ok(()),
            Some(problem) => write!(f, "; last problem: {problem}"),
        }
    }
}

impl fmt::Display for KillStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KillStop::Flat => "nothing is open",
            KillStop::Deadline => "the time was over",
            KillStop::Ended => "the session is over",
        })
    }
}

fn orders(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 order is {what}"),
        _ => format!("{count} orders are {what}"),
    }
}

fn unheard_of(count: usize, counted_for: Duration) -> String {
    let (orders, them) = match count {
        1 => ("1 order was".to_owned(), "it may be open, and counts"),
        _ => (format!("{count} orders were"), "they may be open, and count"),
    };
    let seconds = counted_for.as_secs() + u64::from(counted_for.subsec_nanos() > 0);
    format!(
        "{orders} let through that the tracker has not heard of: {them} for {seconds} s more at most; tell the tracker of each \
         message when it has its number (Tracker::sent), or run it again after that"
    )
}

fn why(code: Option<i64>, text: Option<&str>) -> String {
    let text = text.map_or_else(String::new, |text| format!(": {text}"));
    let code = code.map_or_else(String::new, |code| format!(" (reason {code})"));
    format!("{text}{code}")
}

impl<'a> KillRun<'a> {
    /// With these limits' switch, by what this tracker knows, and with ids of these for what is sent. It takes 75 seconds at
    /// most, which outlasts the minute for which an order counts that the tracker never hears of.
    pub fn new(
        limits: &'a SharedPreTrade,
        tracker: &'a Mutex<Tracker>,
        ids: &'a ClOrdIdGenerator,
    ) -> KillRun<'a> {
        KillRun {
            limits,
            tracker,
            ids,
            within: PATIENCE,
        }
    }

    /// It takes so long at most.
    pub fn within(mut self, within: Duration) -> KillRun<'a> {
        self.within = within;
        self
    }

    /// Trips the switch for this reason, unless it is tripped already, and carries it out. `heard` is called with all that the
    /// tracker tells meanwhile, fills among it; other events of the session are dropped.
    ///
    /// Dropping the future leaves the switch tripped and the tracker whole: what was sent is in it, what waited to be sent is
    /// not, and the next run cancels everything anew.
    pub async fn run<S: CancelsOrders>(
        self,
        session: &mut Session<S>,
        reason: &str,
        mut heard: impl FnMut(TrackerEvent),
    ) -> Killed {
        self.trip(reason, S::CANCELS);
        let started = Instant::now();
        let until = started.checked_add(self.within).unwrap_or(started + LONGEST);
        let (sender, unit) = (session.sender(), session.price_units().orders());
        let mut actions = VecDeque::new();
        let mut sending: Option<Sending<'_>> = None;
        let (mut problem, mut events) = (None, Vec::new());
        let stop = loop {
            if sending.is_none() {
                if actions.is_empty() {
                    actions.extend(self.limits.poll_kill_switch_with(self.tracker));
                }
                sending = self
                    .next_action(&mut actions)
                    .map(|action| self.send(&sender, action, unit));
            }
            if self.is_flat() {
                break KillStop::Flat;
            }
            let again = self.limits.kill_switch_deadline().filter(|_| sending.is_none());
            tokio::select! {
                () = sleep_until(until) => break KillStop::Deadline,
                event = session.recv() => {
                    let Some(event) = event else {
                        break KillStop::Ended;
                    };
                    let read = S::observe(&mut self.tracker(), &event, unit, &mut events);
                    problem = read.err().map(KillProblem::from).or(problem);
                    let is_over = matches!(event, Event::Ended(_));
                    for event in events.drain(..) {
                        if let TrackerEvent::MassCancel { accepted, .. } = event {
                            self.limits.with(|core| core.kill_switch_mut().mass_cancel_answered(accepted));
                        }
                        problem = self.refused(&event).or(problem);
                        heard(event);
                    }
                    if is_over {
                        break KillStop::Ended;
                    }
                }
                sent = async {
                    match &mut sending {
                        Some(sending) => sending.as_mut().await,
                        None => pending().await,
                    }
                } => {
                    sending = None;
                    problem = sent.err().or(problem);
                }
                () = async {
                    match again {
                        Some(again) => sleep_until(again.into()).await,
                        None => pending().await,
                    }
                } => {}
            }
        };
        let mut open = Vec::new();
        self.tracker()
            .visit(&mut |order| open.push(order.clone().into_owned()));
        let (unheard, unheard_for) = match stop {
            KillStop::Flat => (0, Duration::ZERO),
            KillStop::Deadline | KillStop::Ended => self.limits.unheard_orders(self.tracker),
        };
        let nobody_told = (unheard > 0).then_some(KillProblem::Unheard {
            orders: unheard,
            counted_for: unheard_for,
        });
        Killed {
            stop,
            open,
            unheard,
            unheard_for,
            problem: problem.or(nobody_told),
        }
    }

    /// That the venue has refused a cancellation, if that is what this tells.
    fn refused(&self, event: &TrackerEvent) -> Option<KillProblem> {
        match event {
            TrackerEvent::MassCancel { accepted: false, .. } => Some(KillProblem::MassCancelRefused),
            TrackerEvent::RequestRefused {
                order,
                kind: RequestKind::Cancel,
                cl_ord_id,
                reason,
                text,
            } => {
                let tracker = self.tracker();
                let goes_by = tracker.order(*order).map(Order::cl_ord_id);
                Some(KillProblem::Refused {
                    cl_ord_id: goes_by.unwrap_or(cl_ord_id).to_owned(),
                    reason: *reason,
                    text: text.as_deref().map(str::to_owned),
                })
            }
            _ => None,
        }
    }

    fn trip(&self, reason: &str, cancels: Cancels) {
        self.limits
            .with(|core| core.kill_switch_mut().trip(reason, cancels));
    }

    fn is_flat(&self) -> bool {
        self.limits.with(|core| core.kill_switch().state()) == KillState::Flat
    }

    /// The next of these that is worth while: an order may have ended since.
    fn next_action(&self, actions: &mut VecDeque<KillAction>) -> Option<KillAction> {
        let tracker = self.tracker();
        let is_over = |action: &KillAction| match action {
            KillAction::MassCancel => false,
            KillAction::Cancel(open) => tracker
                .by_cl_ord_id(&open.cl_ord_id)
                .is_none_or(|order| order.state().is_final()),
        };
        while let Some(action) = actions.pop_front() {
            if !is_over(&action) {
                return Some(action);
            }
        }
        None
    }

    /// It goes on while the session is read: the venue may be waiting for that before it takes anything.
    fn send<S: CancelsOrders>(&self, sender: &Sender<S>, action: KillAction, unit: PriceUnit) -> Sending<'a> {
        let (tracker, sender, id) = (self.tracker, sender.clone(), self.ids.next_id());
        Box::pin(async move { S::carry_out(&sender, &action, id.as_str(), unit, tracker).await })
    }

    fn tracker(&self) -> MutexGuard<'a, Tracker> {
        lock(self.tracker)
    }
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), KillProblem>> + Send + 'a>>;

/// A session on which orders can be canceled: order entry of both products, with retransmission and without. Sealed.
pub trait CancelsOrders: KalshiSession + sealed::Sealed {
    /// How.
    const CANCELS: Cancels;

    #[doc(hidden)]
    fn carry_out(
        sender: &Sender<Self>,
        action: &KillAction,
        cl_ord_id: &str,
        unit: PriceUnit,
        tracker: &Mutex<Tracker>,
    ) -> impl Future<Output = Result<(), KillProblem>> + Send
    where
        Self: Sized;

    #[doc(hidden)]
    fn observe(
        tracker: &mut Tracker,
        event: &Event<'_, Self>,
        unit: PriceUnit,
        events: &mut Vec<TrackerEvent>,
    ) -> Result<(), ViewError>
    where
        Self: Sized;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! send_noted {
    ($sender:ident, $message:expr, $unit:ident, $tracker:ident) => {{
        let message = $message;
        let number = $sender.send(&message).await?;
        // Nothing is awaited in between: what has a number is in the tracker.
        let now = SystemClock.utc();
        // Of a cancellation there is nothing to tell.
        lock($tracker).sent(now, number, &message, $unit, &mut Vec::new())?;
        Ok(())
    }};
}

macro_rules! cancels_orders {
    ($($module:ident :: $session:ident of $dialect:ident by $cancels:ident, mass |$sender:ident, $id:ident, $unit:ident, $tracker:ident| $mass:expr;)*) => {
        $(
            impl sealed::Sealed for $module::sessions::$session {}

            impl CancelsOrders for $module::sessions::$session {
                const CANCELS: Cancels = Cancels::$cancels;

                async fn carry_out(
                    $sender: &Sender<Self>,
                    action: &KillAction,
                    $id: &str,
                    $unit: PriceUnit,
                    $tracker: &Mutex<Tracker>,
                ) -> Result<(), KillProblem> {
                    match action {
                        KillAction::MassCancel => $mass,
                        KillAction::Cancel(open) => {
                            let placed = open.placed::<$dialect>();
                            send_noted!($sender, placed.cancel($id)?, $unit, $tracker)
                        }
                    }
                }

                fn observe(
                    tracker: &mut Tracker,
                    event: &Event<'_, Self>,
                    unit: PriceUnit,
                    events: &mut Vec<TrackerEvent>,
                ) -> Result<(), ViewError> {
                    tracker.observe(SystemClock.utc(), Source::OrderEntry, event, unit, events)
                }
            }
        )*
    };
}

cancels_orders! {
    prediction::NR of Prediction by Mass, mass |sender, id, unit, tracker|
        send_noted!(sender, mass_cancel::<Prediction>(id)?, unit, tracker);
    // Never said where orders are canceled one by one.
    prediction::RT of Prediction by Single, mass |sender, id, unit, tracker| Ok(());
    margin::NR of Margin by Mass, mass |sender, id, unit, tracker|
        send_noted!(sender, mass_cancel::<Margin>(id)?, unit, tracker);
    margin::RT of Margin by Single, mass |sender, id, unit, tracker| Ok(());
}

fn lock(tracker: &Mutex<Tracker>) -> MutexGuard<'_, Tracker> {
    tracker.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a run takes at most, unless told otherwise.
const PATIENCE: Duration = COUNTED_FOR.saturating_add(Duration::from_secs(15));
/// How many open orders are shown by their identifiers.
const SHOWN: usize = 5;
/// Longer than any program runs.
const LONGEST: Duration = Duration::from_hours(24 * 365);
