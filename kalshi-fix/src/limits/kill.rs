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

use std::collections::HashMap;
use std::time::Duration;

use super::open::{OpenOrder, OpenOrders};

/// Blocks new orders, says what to send so that everything open is canceled, and stays so until it is released.
///
/// It sends nothing itself: ask [`poll`](KillSwitch::poll) after tripping it, whenever a report has come in, and at
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
    /// When the cancellation of an order was last asked for; of those that are open.
    asked: HashMap<String, Duration>,
    state: KillState,
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
            asked: HashMap::new(),
            state: KillState::Canceling,
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

    /// What to send now. Each is said once, and again when nothing has come of it within a second (mass), or five (single).
    pub fn poll<O: OpenOrders + ?Sized>(&mut self, now: Duration, open: &O) -> Vec<KillAction> {
        match &mut self.tripped {
            None => Vec::new(),
            Some(tripped) => tripped.poll(now, open),
        }
    }

    /// When to ask again what to send, if nothing happens before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let tripped = self
            .tripped
            .as_ref()
            .filter(|tripped| tripped.state == KillState::Canceling)?;
        match tripped.cancels {
            Cancels::Mass => tripped.mass_cancel.map(|(at, _)| at.saturating_add(MASS_AGAIN)),
            Cancels::Single => tripped
                .asked
                .values()
                .min()
                .map(|at| at.saturating_add(SINGLE_AGAIN)),
        }
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
        let something_open = open.count() > 0;
        match self.cancels {
            Cancels::Mass => {
                let again = self.mass_cancel.is_none_or(|(at, answer)| {
                    now >= at.saturating_add(MASS_AGAIN) && (answer != Answer::Accepted || something_open)
                });
                if again {
                    self.mass_cancel = Some((now, Answer::Awaited));
                }
                let accepted = matches!(self.mass_cancel, Some((_, Answer::Accepted)));
                self.state = if accepted && !something_open {
                    KillState::Flat
                } else {
                    KillState::Canceling
                };
                if again {
                    vec![KillAction::MassCancel]
                } else {
                    Vec::new()
                }
            }
            Cancels::Single => {
                let mut actions = Vec::new();
                // Only those that are still open are remembered, so that this is as bounded as they are.
                let mut asked = HashMap::new();
                open.visit(&mut |order| {
                    let before = self.asked.get(&*order.cl_ord_id).copied();
                    let at = match before {
                        Some(at) if now < at.saturating_add(SINGLE_AGAIN) => at,
                        _ => {
                            actions.push(KillAction::Cancel(order.clone().into_owned()));
                            now
                        }
                    };
                    asked.insert(order.cl_ord_id.clone().into_owned(), at);
                });
                self.asked = asked;
                self.state = if something_open {
                    KillState::Canceling
                } else {
                    KillState::Flat
                };
                actions
            }
        }
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
            pre_trade.admit(seconds(0), &intent, &NothingOpen)
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
        assert_eq!(pre_trade.admit(seconds(0), &order, &NothingOpen), Ok(()));
    }
}
