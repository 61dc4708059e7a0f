//! Limits that sessions share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::breach::LimitBreach;
use super::intent::{Intent, IntentKind};
use super::open::{NothingOpen, OpenOrders};
use super::pre_trade::{Limits, PreTrade};

/// Limits and a kill switch for several sessions: put it into an `Arc`, give it to the clients, and keep one to change
/// limits, tell reference prices and trip the switch. Time is tokio's.
pub struct SharedPreTrade {
    origin: Instant,
    core: Mutex<PreTrade>,
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
            open,
        }
    }

    /// Looks at the core, or changes it: limits, reference prices, the kill switch.
    pub fn with<T>(&self, look: impl FnOnce(&mut PreTrade) -> T) -> T {
        look(&mut self.core())
    }

    /// What the kill switch says to send now: see [`KillSwitch::poll`](super::KillSwitch::poll).
    pub fn poll_kill_switch(&self) -> Vec<super::KillAction> {
        let now = self.now();
        self.core().kill_switch_mut().poll(now, &*self.open)
    }

    /// When to ask that again, if nothing happens before: for `tokio::time::sleep_until(deadline.into())`.
    #[must_use]
    pub fn kill_switch_deadline(&self) -> Option<std::time::Instant> {
        let deadline = self.core().kill_switch().next_deadline()?;
        Some((self.origin + deadline).into_std())
    }

    /// Lets a message through, or says why not. The time that comes back is for [`take_back`](SharedPreTrade::take_back).
    pub(crate) fn admit(&self, intent: &Intent<'_>) -> Result<Duration, LimitBreach> {
        let now = self.now();
        self.core().admit(now, intent, &*self.open)?;
        Ok(now)
    }

    pub(crate) fn take_back(&self, at: Duration) {
        self.core().take_back(at);
    }

    pub(crate) fn reads(&self, kind: IntentKind) -> bool {
        self.core().reads(kind)
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn core(&self) -> MutexGuard<'_, PreTrade> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SharedPreTrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = self.core();
        f.debug_struct("SharedPreTrade")
            .field("limits", core.limits())
            .field("kill_switch", &core.kill_switch().state())
            .finish_non_exhaustive()
    }
}
