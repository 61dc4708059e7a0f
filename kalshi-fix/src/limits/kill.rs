//! The kill switch.
//!
//! ```text
//!              trip                       nothing open, and the venue
//! Released ───────────► Canceling ───────────────────────────────────► Flat
//!     ▲                  │     ▲   has accepted what was sent            │
//!     │                  │     └──────────── something is open ──────────┤
//!     └──────────────────┴──────────────────── release ──────────────────┘
//! ```
//!
//! In every state but `Released` nothing that could trade is let through.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::open::{OpenOrder, OpenOrders};

/// Blocks new orders, says what to send so that everything open is canceled, and stays so until it is released.
///
/// It sends nothing itself: a [`KillRun`](super::KillRun) does, or ask [`poll`](KillSwitch::poll) after tripping it, whenever a report has come in, and at
/// [`next_deadline`](KillSwitch::next_deadline). What it says to send is said again after a while, as long as something is
/// open: an answer may be lost, a cancellation may be rejected, and an order that was under way may have arrived behind it.
#[derive(Clone, Debug, Default)]
pub struct KillSwitch {
    tripped: Option<Tripped>,
}

#[derive(Clone, Debug)]
struct Tripped {
    reason: String,
    cancels: Cancels,
    /// When a mass cancellation was last asked for, and what came of it.
    mass_cancel: Option<(Duration, Answer)>,
    /// What was open when it was.
    covered: HashSet<String>,
    /// When the cancellation of an order was last asked for; of those that are open.
    asked: HashMap<String, Duration>,
    state: KillState,
    /// When to ask again.
    next: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Awaited,
    Accepted,
    Refused,
}

/// How orders are canceled on a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cancels {
    /// All at once, with `OrderMassCancelRequest (q)`: on `KalshiNR`. At most one a second.
    ///
    /// The venue cancels the orders of the session that asks, and no others. What was open before it was asked and still is a
    /// second after it has accepted (orders of the account's other sessions, and of its other programs) is canceled one by
    /// one, on this session. Whether such a cancellation reaches the order of another session is not documented: where it
    /// does not, it is refused and said again, the switch is never [`Flat`](KillState::Flat), and that session has to cancel
    /// its orders itself.
    Mass,
    /// One by one: on `KalshiRT`, which knows no mass cancellation.
    Single,
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KillAction {
    /// A mass cancellation: [`mass_cancel`](crate::orders::mass_cancel).
    MassCancel,
    /// The cancellation of this order: [`OpenOrder::placed`] and [`PlacedOrder::cancel`](crate::orders::PlacedOrder::cancel).
    Cancel(OpenOrder<'static>),
}

/// Where the switch stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KillState {
    /// Not tripped.
    #[default]
    Released,
    /// Tripped, and something may be open.
    Canceling,
    /// Tripped, and nothing is open that is known of.
    Flat,
}

impl KillSwitch {
    /// Trips it. When it is tripped already, the first reason stays, and everything is canceled anew.
    pub fn trip(&mut self, reason: impl Into<String>, cancels: Cancels) {
        let reason = match self.tripped.take() {
            Some(tripped) => tripped.reason,
            None => reason.into(),
        };
        self.tripped = Some(Tripped {
            reason,
            cancels,
            mass_cancel: None,
            covered: HashSet::new(),
            asked: HashMap::new(),
            state: KillState::Canceling,
            next: None,
        });
    }

    /// Lets orders through again.
    pub fn release(&mut self) {
        self.tripped = None;
    }

    /// Where it stands, as of the last [`poll`](KillSwitch::poll).
    #[must_use]
    pub fn state(&self) -> KillState {
        self.tripped
            .as_ref()
            .map_or(KillState::Released, |tripped| tripped.state)
    }

    /// Why it was tripped; `None` when it is not.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.tripped.as_ref().map(|tripped| tripped.reason.as_str())
    }

    /// What to send now. Each is said once, and again when nothing has come of it within a second (mass), or five (single). An
    /// order that counts as open and is not shown is waited for.
    pub fn poll<O: OpenOrders + ?Sized>(&mut self, now: Duration, open: &O) -> Vec<KillAction> {
        match &mut self.tripped {
            None => Vec::new(),
            Some(tripped) => tripped.poll(now, open),
        }
    }

    /// When to ask again what to send, if nothing happens before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.tripped.as_ref()?.next
    }

    /// The answer to the mass cancellation: `MassCancelResponse (531)`, 6 or 0; or that it was rejected altogether. A
    /// refused one is sent again a second after it was sent.
    pub fn mass_cancel_answered(&mut self, accepted: bool) {
        if let Some(tripped) = &mut self.tripped
            && let Some((_, answer)) = &mut tripped.mass_cancel
        {
            *answer = if accepted {
                Answer::Accepted
            } else {
                Answer::Refused
            };
        }
    }
}

impl Tripped {
    fn poll<O: OpenOrders + ?Sized>(&mut self, now: Duration, open: &O) -> Vec<KillAction> {
        let count = open.count();
        let mut shown = Vec::new();
        open.visit(&mut |order| shown.push(order.clone().into_owned()));
        let mut actions = Vec::new();
        let left_over = match self.cancels {
            Cancels::Single => shown.iter().collect(),
            Cancels::Mass => {
                // Whose reports should have come by now.
                let is_over = self
                    .mass_cancel
                    .is_none_or(|(at, _)| now >= at.saturating_add(MASS_AGAIN));
                let was_accepted = self.is_accepted();
                let is_left = |order: &&OpenOrder<'_>| self.covered.contains(&*order.cl_ord_id);
                let left_over: Vec<_> = if is_over && was_accepted {
                    shown.iter().filter(is_left).collect()
                } else {
                    Vec::new()
                };
                if is_over && (!was_accepted || left_over.len() < count) {
                    self.mass_cancel = Some((now, Answer::Awaited));
                    self.covered = shown.iter().map(|order| order.cl_ord_id.to_string()).collect();
                    actions.push(KillAction::MassCancel);
                }
                left_over
            }
        };
        // Only those that are still open are remembered, so that this is as bounded as they are.
        let is_open: HashSet<&str> = shown.iter().map(|order| &*order.cl_ord_id).collect();
        self.asked.retain(|id, _| is_open.contains(id.as_str()));
        self.covered.retain(|id| is_open.contains(id.as_str()));
        for order in left_over {
            let asked = self.asked.get(&*order.cl_ord_id);
            if asked.is_none_or(|at| now >= at.saturating_add(SINGLE_AGAIN)) {
                self.asked.insert(order.cl_ord_id.to_string(), now);
                actions.push(KillAction::Cancel(order.clone()));
            }
        }
        let is_flat = count == 0 && (self.cancels == Cancels::Single || self.is_accepted());
        (self.state, self.next) = if is_flat {
            (KillState::Flat, None)
        } else {
            (KillState::Canceling, Some(self.again(now)))
        };
        actions
    }

    fn is_accepted(&self) -> bool {
        matches!(self.mass_cancel, Some((_, Answer::Accepted)))
    }

    /// When something is to be said again, or, where that is not known, a second from now.
    fn again(&self, now: Duration) -> Duration {
        let mass = self.mass_cancel.map(|(at, _)| at.saturating_add(MASS_AGAIN));
        let single = self.asked.values().map(|at| at.saturating_add(SINGLE_AGAIN));
        let next = mass.into_iter().chain(single).filter(|at| *at > now).min();
        next.unwrap_or_else(|| now.saturating_add(MASS_AGAIN))
    }
}

/// The venue takes one mass cancellation a second.
const MASS_AGAIN: Duration = Duration::from_secs(1);
/// Time for an answer, and for the rate limit.
const SINGLE_AGAIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Product;
    use crate::limits::{Intent, IntentKind, LimitBreach, NothingOpen, PreTrade};
    use crate::orders::Side;
    use crate::prediction::Prediction;
    use crate::units::{Price, Quantity};

    fn seconds(time: u64) -> Duration {
        Duration::from_secs(time)
    }

    fn open(ids: &[&'static str]) -> Vec<OpenOrder<'static>> {
        let one = Quantity::from_whole(1);
        let half = Price::from_whole_cents(50);
        ids.iter()
            .map(|id| OpenOrder::new(*id, "M", Side::Buy, one, half))
            .collect()
    }

    fn names(actions: &[KillAction]) -> Vec<&str> {
        let name = |action| match action {
            &KillAction::MassCancel => "all",
            KillAction::Cancel(order) => &*order.cl_ord_id,
        };
        actions.iter().map(name).collect()
    }

    #[test]
    fn all_at_once_until_nothing_is_open() {
        let mut kill = KillSwitch::default();
        assert_eq!((kill.state(), kill.next_deadline()), (KillState::Released, None));
        assert_eq!(kill.poll(seconds(0), &open(&["1"])), []);
        kill.trip("a test", Cancels::Mass);
        let both = open(&["1", "2"]);
        assert_eq!(names(&kill.poll(seconds(0), &both)), ["all"]);
        assert_eq!(names(&kill.poll(seconds(0), &both)), [""; 0]);
        assert_eq!(kill.next_deadline(), Some(seconds(1)));
        kill.mass_cancel_answered(true);
        // An order that was under way behind it.
        assert_eq!(names(&kill.poll(seconds(1), &open(&["3"]))), ["all"]);
        kill.mass_cancel_answered(false);
        assert_eq!(names(&kill.poll(seconds(1), &NothingOpen)), [""; 0]);
        assert_eq!(kill.state(), KillState::Canceling);
        assert_eq!(names(&kill.poll(seconds(2), &NothingOpen)), ["all"]);
        kill.mass_cancel_answered(true);
        assert_eq!(names(&kill.poll(seconds(2), &NothingOpen)), [""; 0]);
        assert_eq!((kill.state(), kill.next_deadline()), (KillState::Flat, None));
        // And if one shows up after all.
        assert_eq!(names(&kill.poll(seconds(9), &open(&["4"]))), ["all"]);
        assert_eq!(kill.state(), KillState::Canceling);
    }

    #[test]
    fn what_an_accepted_mass_cancellation_leaves_is_canceled_one_by_one() {
        let mut kill = KillSwitch::default();
        kill.trip("a test", Cancels::Mass);
        // "x" is of another session: the venue cancels those of the session that asks.
        assert_eq!(names(&kill.poll(seconds(0), &open(&["1", "x"]))), ["all"]);
        kill.mass_cancel_answered(true);
        // The reports of what it cancels are still to come.
        assert_eq!(names(&kill.poll(seconds(0), &open(&["1", "x"]))), [""; 0]);
        assert_eq!(kill.next_deadline(), Some(seconds(1)));
        assert_eq!(names(&kill.poll(seconds(1), &open(&["x"]))), ["x"]);
        assert_eq!(
            (kill.state(), kill.next_deadline()),
            (KillState::Canceling, Some(seconds(6)))
        );
        // One that was under way is for another mass cancellation.
        assert_eq!(names(&kill.poll(seconds(2), &open(&["x", "2"]))), ["all"]);
        kill.mass_cancel_answered(true);
        assert_eq!(names(&kill.poll(seconds(3), &open(&["x", "2"]))), ["2"]);
        assert_eq!(names(&kill.poll(seconds(6), &open(&["x", "2"]))), ["x"]);
        assert_eq!(names(&kill.poll(seconds(7), &NothingOpen)), [""; 0]);
        assert_eq!((kill.state(), kill.next_deadline()), (KillState::Flat, None));
    }

    #[test]
    fn nobody_needs_to_track_orders_for_a_mass_cancellation() {
        let mut kill = KillSwitch::default();
        kill.trip("a test", Cancels::Mass);
        assert_eq!(names(&kill.poll(seconds(0), &NothingOpen)), ["all"]);
        assert_eq!(kill.state(), KillState::Canceling);
        kill.mass_cancel_answered(true);
        kill.poll(seconds(0), &NothingOpen);
        assert_eq!(kill.state(), KillState::Flat);
    }

    #[test]
    fn one_by_one_where_there_is_no_mass_cancellation() {
        let mut kill = KillSwitch::default();
        kill.trip("a test", Cancels::Single);
        assert_eq!(names(&kill.poll(seconds(0), &open(&["1", "2"]))), ["1", "2"]);
        assert_eq!(names(&kill.poll(seconds(1), &open(&["2", "3"]))), ["3"]);
        assert_eq!(kill.next_deadline(), Some(seconds(5)));
        assert_eq!(names(&kill.poll(seconds(4), &open(&["2", "3"]))), [""; 0]);
        let actions = kill.poll(seconds(5), &open(&["2", "3"]));
        assert_eq!(names(&actions), ["2"]);
        let KillAction::Cancel(order) = &actions[0] else {
            panic!("{actions:?}")
        };
        let placed = order.placed::<Prediction>();
        assert_eq!(placed.cancel("9").unwrap().orig_cl_ord_id, "2");
        assert_eq!(kill.poll(seconds(6), &NothingOpen), []);
        assert_eq!((kill.state(), kill.next_deadline()), (KillState::Flat, None));
    }

    #[test]
    fn it_blocks_what_could_trade_until_it_is_released() {
        let mut pre_trade = PreTrade::default();
        pre_trade
            .kill_switch_mut()
            .trip("too many rejects", Cancels::Mass);
        pre_trade.kill_switch_mut().trip("something else", Cancels::Mass);
        let mut admit = |msg_type: &[u8]| {
            let intent = Intent::of_kind(Product::Prediction, IntentKind::of(msg_type));
            pre_trade.admit(seconds(0), &intent, &NothingOpen).map(drop)
        };
        let killed = LimitBreach::Killed {
            reason: "too many rejects".to_owned(),
        };
        for blocked in ["D", "G", "R", "S", "UA", "U7"] {
            assert_eq!(admit(blocked.as_bytes()), Err(killed.clone()), "{blocked}");
        }
        for passes in ["F", "q", "Z", "UE", "UOG", "U1", "V"] {
            assert_eq!(admit(passes.as_bytes()), Ok(()), "{passes}");
        }
        pre_trade.kill_switch_mut().release();
        let order = Intent::of_kind(Product::Prediction, IntentKind::Order);
        assert!(pre_trade.admit(seconds(0), &order, &NothingOpen).is_ok());
    }
}
