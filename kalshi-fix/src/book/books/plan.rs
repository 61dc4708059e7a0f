//! What is asked for when.
//!
//! ```text
//!            subscribe                next_request
//!                │                         │
//!                ▼                         │            snapshot
//!  Refused ───► Due ───────────────────► Asked ───────────────────► Subscribed
//!     ▲          ▲                         │ │                           │
//!     │          └─────────────────────────┘ │                           │
//!     │          │  time is out, refused     │                           │
//!     │          │  among others             │                           │
//!     │          └───────────────────────────┼───────────────────────────┘
//!     └──────────────────────────────────────┘   stale, refresh
//!                 refused alone
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::event::BookEvent;
use super::{Books, Followed};
use crate::book::request::Request;
use crate::book::state::StaleReason;
use crate::book::status::Refusal;

/// Where a market stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// A snapshot is to be asked for at this time.
    Due { at: Duration },
    /// It is part of the request under way.
    Asked,
    /// A snapshot has come.
    Subscribed,
    /// The venue does not send it.
    Refused,
}

/// What is under way and what is to be done, beyond the phase of each market.
#[derive(Debug)]
pub(super) struct Plan {
    connected: bool,
    /// The most symbols of the next request.
    batch: usize,
    /// When the earliest market is due; possibly earlier, but never later.
    next_due: Option<Duration>,
    round: Option<Round>,
    /// Some market's status is still to be subscribed to.
    pub(super) statuses_due: bool,
    /// Subscriptions to be ended.
    ended: Vec<Arc<str>>,
    ended_statuses: Vec<Arc<str>>,
    /// Markets that were left with requests unanswered, and how many.
    left: HashMap<Arc<str>, u32>,
}

/// The request under way.
#[derive(Debug)]
struct Round {
    deadline: Duration,
    awaiting: usize,
}

impl Plan {
    pub(super) fn new(batch: usize) -> Plan {
        Plan {
            connected: true,
            batch: batch.max(1),
            next_due: None,
            round: None,
            statuses_due: false,
            ended: Vec::new(),
            ended_statuses: Vec::new(),
            left: HashMap::new(),
        }
    }

    pub(super) fn due_at(&mut self, at: Duration) {
        self.next_due = Some(self.next_due.map_or(at, |next| next.min(at)));
    }

    /// A market of the request under way needs no answer any more.
    pub(super) fn answered(&mut self) {
        if let Some(round) = &mut self.round {
            round.awaiting = round.awaiting.saturating_sub(1);
            if round.awaiting == 0 {
                self.round = None;
            }
        }
    }

    pub(super) fn end(&mut self, symbol: Arc<str>) {
        if self.connected {
            self.ended.push(symbol);
        }
    }

    pub(super) fn end_status(&mut self, symbol: Arc<str>) {
        if self.connected {
            self.ended_statuses.push(symbol);
        }
    }

    /// The market is followed anew: what was to end its subscription would come first or not at all. How many snapshots
    /// are still to come that were asked for before.
    pub(super) fn begin_again(&mut self, symbol: &Arc<str>) -> u32 {
        self.ended.retain(|ended| ended != symbol);
        self.ended_statuses.retain(|ended| ended != symbol);
        self.left.remove(symbol).unwrap_or_default()
    }

    /// The market is not followed any more, and so many snapshots are still to come. No more markets are remembered than
    /// can be followed: forgetting one costs a book that may lag behind for a moment, if it is followed again at once.
    pub(super) fn leave(&mut self, symbol: &Arc<str>, outdated: u32, most: usize) {
        if outdated > 0 && self.connected && self.left.len() < most {
            self.left.insert(Arc::clone(symbol), outdated);
        }
    }

    /// A snapshot has come of a market that is not followed.
    pub(super) fn passed_over(&mut self, symbol: &[u8]) {
        let Ok(symbol) = std::str::from_utf8(symbol) else {
            return;
        };
        if let Some(outdated) = self.left.get_mut(symbol) {
            *outdated -= 1;
            if *outdated == 0 {
                self.left.remove(symbol);
            }
        }
    }
}

impl Books {
    /// What is to be sent now, if anything. Ask until there is nothing more. What could not be sent is given back to
    /// [`not_sent`](Books::not_sent).
    pub fn next_request(&mut self, now: Duration) -> Option<Request> {
        if !self.plan.connected {
            return None;
        }
        if !self.plan.ended.is_empty() {
            let most = self
                .settings
                .symbols_per_request
                .max(1)
                .min(self.plan.ended.len());
            return Some(Request::Unsubscribe(self.plan.ended.drain(..most).collect()));
        }
        if let Some(symbol) = self.plan.ended_statuses.pop() {
            return Some(Request::UnsubscribeStatus(symbol));
        }
        if self.plan.round.is_none()
            && self.plan.next_due.is_some_and(|due| due <= now)
            && let Some(request) = self.next_round(now)
        {
            return Some(request);
        }
        if self.plan.statuses_due {
            if let Some(followed) = self.followed.iter_mut().find(|followed| followed.status_due) {
                followed.status_due = false;
                return Some(Request::SubscribeStatus(Arc::clone(followed.book.symbol())));
            }
            self.plan.statuses_due = false;
        }
        None
    }

    /// Takes a request back that could not be sent: it comes again from [`next_request`](Books::next_request).
    pub fn not_sent(&mut self, request: Request, now: Duration) {
        match request {
            Request::Snapshot(symbols) | Request::Subscribe(symbols) => {
                self.plan.round = None;
                for symbol in symbols {
                    if let Some(followed) = self.of(&symbol)
                        && followed.phase == Phase::Asked
                    {
                        followed.attempts = followed.attempts.saturating_sub(1);
                        followed.unanswered = followed.unanswered.saturating_sub(1);
                        followed.phase = Phase::Due { at: now };
                    }
                }
                self.plan.due_at(now);
            }
            Request::Unsubscribe(symbols) => self.plan.ended.extend(symbols),
            Request::UnsubscribeStatus(symbol) => self.plan.ended_statuses.push(symbol),
            Request::SubscribeStatus(symbol) => {
                if let Some(followed) = self.of(&symbol) {
                    followed.status_due = true;
                    self.plan.statuses_due = true;
                }
            }
        }
    }

    /// When to call [`handle_timeout`](Books::handle_timeout) and [`next_request`](Books::next_request) again, if
    /// nothing else happens before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let plan = &self.plan;
        if !plan.connected {
            return None;
        }
        match &plan.round {
            Some(round) => Some(round.deadline),
            None => plan.next_due,
        }
    }

    /// Time has passed: snapshots that should have come by now are asked for again.
    pub fn handle_timeout(&mut self, now: Duration, events: &mut Vec<BookEvent>) {
        let over = |round: &Round| round.deadline <= now;
        if self.plan.round.as_ref().is_none_or(|round| !over(round)) {
            return;
        }
        self.plan.round = None;
        for at in 0..self.followed.len() {
            let followed = &mut self.followed[at];
            if followed.phase == Phase::Asked {
                // Whatever the venue has of the subscription: the next request is for all of it.
                followed.subscribed = false;
                let (symbol, attempts) = (Arc::clone(followed.book.symbol()), followed.attempts);
                events.push(BookEvent::Unanswered { symbol, attempts });
                self.make_due(at, now);
            }
        }
    }

    /// The session has lost its connection: all live books are stale, and nothing is asked for until it is back.
    pub fn handle_disconnected(&mut self, events: &mut Vec<BookEvent>) {
        self.plan.connected = false;
        self.plan.round = None;
        self.plan.ended.clear();
        self.plan.ended_statuses.clear();
        self.plan.left.clear();
        for followed in &mut self.followed {
            if followed.book.mark_stale(StaleReason::Disconnected) {
                let symbol = Arc::clone(followed.book.symbol());
                let reason = StaleReason::Disconnected;
                events.push(BookEvent::Stale { symbol, reason });
            }
            followed.live_since = None;
            followed.subscribed = false;
            (followed.unanswered, followed.outdated) = (0, 0);
            followed.attempts = 0;
            followed.status_due = followed.wants_status;
            followed.phase = Phase::Due { at: Duration::ZERO };
        }
        self.plan.next_due = (!self.followed.is_empty()).then_some(Duration::ZERO);
        self.plan.statuses_due = true;
    }

    /// The session is logged on again: everything is asked for anew, what the venue has refused before included.
    pub fn handle_reconnected(&mut self, events: &mut Vec<BookEvent>) {
        if self.plan.connected {
            self.handle_disconnected(events);
        }
        self.plan.connected = true;
        self.plan.batch = self.settings.symbols_per_request.max(1);
    }

    /// MarketDataRequestReject (Y), or a Reject (3) of a MarketDataRequest (V). It is of the request under way: there is
    /// one at a time.
    pub(super) fn refused(
        &mut self,
        reason: Refusal,
        text: &[u8],
        now: Duration,
        events: &mut Vec<BookEvent>,
    ) {
        let text: Arc<str> = String::from_utf8_lossy(text).into();
        let asked = self.take_refused();
        // Of several markets one alone may be at fault, or too many. Nobody is told which.
        let divisible = asked.len() > 1 && reason != Refusal::UnsupportedType;
        let retried = if divisible { asked.len() } else { 0 };
        if retried > 0 || asked.is_empty() {
            let text = Arc::clone(&text);
            events.push(BookEvent::RequestRefused {
                reason,
                text,
                retried,
            });
        }
        if divisible {
            self.plan.batch = asked.len().div_ceil(2);
            for at in asked {
                self.followed[at].phase = Phase::Due { at: now };
                self.plan.due_at(now);
            }
            return;
        }
        let full = reason == Refusal::SymbolLimit && asked.iter().any(|&at| !self.followed[at].subscribed);
        for at in asked {
            self.refuse(at, reason, &text, events);
        }
        if full {
            // Where one has no room, the others that wait for the first time have none either.
            for at in 0..self.followed.len() {
                let Followed {
                    phase, subscribed, ..
                } = self.followed[at];
                if matches!(phase, Phase::Due { .. }) && !subscribed {
                    self.refuse(at, reason, &text, events);
                }
            }
        }
    }

    /// BusinessMessageReject (j): not now, such as for the rate of requests.
    pub(super) fn business_rejected(
        &mut self,
        ref_msg_type: &[u8],
        text: &[u8],
        now: Duration,
        events: &mut Vec<BookEvent>,
    ) {
        // A reject that does not say of what is of the request under way, if there is one.
        let ours = matches!(ref_msg_type, b"V" | b"");
        let asked = if ours { self.take_refused() } else { Vec::new() };
        let (reason, retried) = (Refusal::Business, asked.len());
        for at in asked {
            self.make_due(at, now);
        }
        let text = String::from_utf8_lossy(text).into();
        events.push(BookEvent::RequestRefused {
            reason,
            text,
            retried,
        });
    }

    fn next_round(&mut self, now: Duration) -> Option<Request> {
        let mut symbols = Vec::new();
        let mut subscribed = None;
        let mut next_due = None;
        for followed in &mut self.followed {
            let Phase::Due { at } = followed.phase else {
                continue;
            };
            let mut fits = || {
                *subscribed.get_or_insert(followed.subscribed) == followed.subscribed
                    && symbols.len() < self.plan.batch
            };
            if at <= now && fits() {
                followed.phase = Phase::Asked;
                followed.attempts = followed.attempts.saturating_add(1);
                followed.unanswered = followed.unanswered.saturating_add(1);
                symbols.push(Arc::clone(followed.book.symbol()));
            } else {
                next_due = Some(next_due.map_or(at, |next: Duration| next.min(at)));
            }
        }
        self.plan.next_due = next_due;
        if symbols.is_empty() {
            return None;
        }
        self.plan.round = Some(Round {
            deadline: now.saturating_add(self.settings.snapshot_timeout),
            awaiting: symbols.len(),
        });
        // Of a market that the venue sends updates of, a snapshot is all that is missing.
        Some(if subscribed == Some(true) {
            Request::Snapshot(symbols)
        } else {
            Request::Subscribe(symbols)
        })
    }

    /// The markets that the request under way still has no answer for. There is none under way afterwards.
    pub(super) fn take_round(&mut self) -> Vec<usize> {
        if self.plan.round.take().is_none() {
            return Vec::new();
        }
        let places = 0..self.followed.len();
        places
            .filter(|&at| self.followed[at].phase == Phase::Asked)
            .collect()
    }

    /// As [`take_round`](Books::take_round), of a request that will have no answer any more.
    fn take_refused(&mut self) -> Vec<usize> {
        let asked = self.take_round();
        for &at in &asked {
            let followed = &mut self.followed[at];
            followed.unanswered = followed.unanswered.saturating_sub(1);
        }
        asked
    }

    fn refuse(&mut self, at: usize, reason: Refusal, text: &Arc<str>, events: &mut Vec<BookEvent>) {
        let followed = &mut self.followed[at];
        followed.phase = Phase::Refused;
        let (symbol, text) = (Arc::clone(followed.book.symbol()), Arc::clone(text));
        events.push(BookEvent::Refused { symbol, reason, text });
    }
}
