//! Limits that sessions share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::time::Instant;

use super::breach::LimitBreach;
use super::intent::{Intent, IntentKind};
use super::kill::KillAction;
use super::open::{NothingOpen, OpenOrders};
use super::pre_trade::{Admitted, Limits, PreTrade};
use super::unheard::{Names, Place, Refused};
use crate::driver::instant;

/// Limits and a kill switch for several sessions: put it into an `Arc`, give it to the clients, and keep one to change
/// limits, tell reference prices and trip the switch. Time is tokio's.
pub struct SharedPreTrade {
    origin: Instant,
    core: Mutex<PreTrade>,
    /// Counts the changes of the core that could make a message which was let through one that would not be. It changes while
    /// the core is locked, and is held while a message takes its number. Whoever holds it waits for nothing else.
    revision: RwLock<u64>,
    /// What the venue has refused, and the core has not been told: who learns of it must not wait for the core, which waits for
    /// the tracker. No longer than what was let through since the core was last looked at, and waited for an answer then.
    refused: Mutex<Vec<Refused>>,
    open: Arc<dyn OpenOrders + Send + Sync>,
}

impl SharedPreTrade {
    /// These limits, for someone who tracks no orders.
    #[must_use]
    pub fn new(limits: Limits) -> SharedPreTrade {
        SharedPreTrade::tracking(limits, Arc::new(NothingOpen))
    }

    /// These limits, and the one who knows what is open. It is asked while a message waits to be sent: it must answer at
    /// once, and must not use this.
    #[must_use]
    pub fn tracking(limits: Limits, open: Arc<dyn OpenOrders + Send + Sync>) -> SharedPreTrade {
        SharedPreTrade {
            origin: Instant::now(),
            core: Mutex::new(PreTrade::new(limits)),
            revision: RwLock::new(0),
            refused: Mutex::default(),
            open,
        }
    }

    /// Looks at the core, or changes it: limits, reference prices, the kill switch.
    ///
    /// When this returns, a change counts for every message that has no sequence number yet, those included that were let
    /// through before and wait for room to be sent. After the kill switch was tripped so, nothing that could trade takes a
    /// number on any of the sessions.
    pub fn with<T>(&self, look: impl FnOnce(&mut PreTrade) -> T) -> T {
        let mut core = self.core();
        let value = look(&mut core);
        self.revise(&mut core);
        value
    }

    /// What the kill switch says to send now: see [`PreTrade::poll_kill_switch`].
    pub fn poll_kill_switch(&self) -> Vec<KillAction> {
        self.poll_kill_switch_with(&*self.open)
    }

    /// The same, by what this one knows to be open.
    pub(super) fn poll_kill_switch_with<O: OpenOrders + ?Sized>(&self, open: &O) -> Vec<KillAction> {
        let now = self.now();
        self.core().poll_kill_switch(now, open)
    }

    /// When to ask that again, if nothing happens before: for `tokio::time::sleep_until(deadline.into())`.
    #[must_use]
    pub fn kill_switch_deadline(&self) -> Option<std::time::Instant> {
        let deadline = self.core().kill_switch().next_deadline()?;
        Some(instant(self.origin, deadline).into_std())
    }

    /// Lets a message through, or says why not.
    pub(crate) fn admit(&self, intent: &Intent<'_>) -> Result<Leave, LimitBreach> {
        let now = self.now();
        let mut core = self.core();
        let admitted = core.admit(now, intent, &*self.open)?;
        let revision = *self.revision.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Leave {
            admitted,
            revision: (intent.kind != IntentKind::Other).then_some(revision),
        })
    }

    /// Keeps everything as it is for as long as a message takes its number; `None` when something has changed since it was
    /// let through.
    pub(crate) fn hold(&self, leave: &Leave) -> Option<Held<'_>> {
        let Some(given) = leave.revision else {
            return Some(Held::default());
        };
        let revision = self.revision.read().unwrap_or_else(PoisonError::into_inner);
        (*revision == given).then_some(Held(Some(revision)))
    }

    /// The message was not sent after all.
    pub(crate) fn take_back(&self, leave: Leave) {
        self.core().take_back(leave.admitted);
    }

    /// For whoever waits for the answer to what was let through and is about to be sent; `None`: it does not count as open.
    pub(crate) fn counted(self: &Arc<Self>, leave: &Leave) -> Option<Counted> {
        let place = leave.admitted.place()?;
        let limits = Arc::clone(self);
        Some(Counted { limits, place })
    }

    /// How many orders were let through of which this one has not heard, and for how long they count at most.
    pub(super) fn unheard_orders<O: OpenOrders + ?Sized>(&self, open: &O) -> (usize, Duration) {
        let now = self.now();
        self.core().unheard_orders(now, open)
    }

    pub(crate) fn reads(&self, kind: IntentKind) -> bool {
        self.core().reads(kind, self.open.is_told())
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn core(&self) -> MutexGuard<'_, PreTrade> {
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        for refused in self.refusals().drain(..) {
            core.refused_at(refused);
        }
        // What somebody changed who panicked before it was told.
        self.revise(&mut core);
        core
    }

    fn refusals(&self) -> MutexGuard<'_, Vec<Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn revise(&self, core: &mut PreTrade) {
        if core.take_changed() {
            let mut revision = self.revision.write().unwrap_or_else(PoisonError::into_inner);
            *revision = revision.wrapping_add(1);
        }
    }
}

/// That a message was let through.
#[derive(Debug)]
pub(crate) struct Leave {
    admitted: Admitted,
    /// As of which revision; `None` of what always passes.
    revision: Option<u64>,
}

/// That a message counts as open until somebody hears of it. When it is dropped, it still does.
#[derive(Debug)]
pub(crate) struct Counted {
    limits: Arc<SharedPreTrade>,
    place: Place,
}

impl Counted {
    /// The venue has refused the message. It waits for nobody.
    pub(crate) fn refused(self, names: Names) {
        let place = self.place;
        self.limits.refusals().push(Refused { place, names });
    }
}

/// While it is there, nothing changes.
#[derive(Debug, Default)]
pub(crate) struct Held<'l>(#[expect(dead_code, reason = "it is held")] Option<RwLockReadGuard<'l, u64>>);

impl fmt::Debug for SharedPreTrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = self.core();
        f.debug_struct("SharedPreTrade")
            .field("limits", core.limits())
            .field("kill_switch", &core.kill_switch().state())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::kill::Cancels;
    use super::*;

    #[test]
    fn the_switch_may_ask_later_than_the_clock_can_count_to() {
        let limits = SharedPreTrade::new(Limits::default());
        let now = limits.origin;
        limits.with(|core| core.kill_switch_mut().trip("a test", Cancels::Mass));
        limits.with(|core| core.poll_kill_switch(Duration::MAX, &NothingOpen));
        let deadline = limits.kill_switch_deadline();
        assert!(
            deadline.is_some_and(|deadline| deadline > now.into_std()),
            "{deadline:?}"
        );
    }
}
