//! Which ranges to ask for, one after the other, and what came of each.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use crate::tracker::{ExecId, Order, OrderState, Tracker, TrackerEvent};

/// Reports to fetch: those from one ExecID to another of the same exchange index, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// BeginExecID (21001).
    pub begin: ExecId,
    /// EndExecID (21002); the latest where there is none.
    pub end: Option<ExecId>,
}

/// How patient a recovery is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoverySettings {
    /// How long the venue may be silent in the middle of a range before it is asked for again; 30 s by default.
    pub answer_timeout: Duration,
    /// How often a range is asked for at most; 5 by default.
    pub attempts: u32,
    /// How long to wait before a range is asked for again that the venue refused for a passing reason; 1 s by default, twice
    /// as long each time.
    pub retry_after: Duration,
}

impl Default for RecoverySettings {
    fn default() -> RecoverySettings {
        RecoverySettings {
            answer_timeout: Duration::from_secs(30),
            attempts: 5,
            retry_after: Duration::from_secs(1),
        }
    }
}

/// What the venue answers a request with, besides the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// EventResendComplete (U2).
    Complete {
        /// RefSeqNum (45).
        ref_seq_num: u64,
        /// ResendEventCount (21003).
        count: i64,
    },
    /// EventResendReject (U3).
    Rejected {
        /// RefSeqNum (45).
        ref_seq_num: u64,
        /// EventResendRejectReason (21004).
        reason: i64,
    },
    /// BusinessMessageReject (j) or Reject (3): the request did not get as far.
    Refused {
        /// RefSeqNum (45); `None` is taken for the request that is under way.
        ref_seq_num: Option<u64>,
    },
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask for a range (EventResendRequest (U1)), and say under which number with [`Recovery::sent`].
    Send(Range),
    /// Wait for an answer, or until this time.
    Wait(Duration),
    /// There is nothing more to do: see [`Recovery::outcome`].
    Finished,
}

/// What came of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RangeOutcome {
    /// The range.
    pub range: Range,
    /// How many reports came for it, in the last attempt.
    pub reports: u64,
    /// How often it was asked for.
    pub attempts: u32,
    /// Why it was given up; `None` where it was fetched whole.
    pub failure: Option<RangeFailure>,
}

/// Why a range was given up. Each but the first is after as many attempts as the settings allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeFailure {
    /// The range begins before what the venue keeps (three hours). Its gap stays, until
    /// [`Tracker::recovered`](crate::tracker::Tracker::recovered) is called for it.
    #[error("BeginExecID is older than what drop copy keeps")]
    OutsideWindow,
    /// The venue takes no more requests for now.
    #[error("drop copy takes no more requests")]
    TooManyRequests,
    /// The venue could not.
    #[error("drop copy reports an error of its own")]
    ServerError,
    /// The range ends beyond what there is.
    #[error("EndExecID is not known to drop copy")]
    EndTooLarge,
    /// The venue refused it for a reason that is not known, or before it came to drop copy.
    #[error("drop copy refused the request")]
    Refused,
    /// Fewer or more reports came than were announced.
    #[error("{announced} reports were announced, and {received} came")]
    WrongCount {
        /// ResendEventCount (21003).
        announced: i64,
        /// How many came.
        received: u64,
    },
    /// Reports could not be read.
    #[error("{count} reports could not be read")]
    Unreadable {
        /// How many.
        count: u64,
    },
    /// No answer came.
    #[error("drop copy did not answer")]
    Silence,
    /// The session was lost.
    #[error("the drop copy session was lost")]
    Disconnected,
}

/// What came of all ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Each range.
    pub ranges: Vec<RangeOutcome>,
    /// Whether reports were missed anew while this was under way: then another recovery is due.
    pub is_superseded: bool,
}

impl Outcome {
    /// Whether everything was fetched, and nothing has been missed since.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.is_superseded && self.ranges.iter().all(|range| range.failure.is_none())
    }
}

/// Fetches what a tracker missed: which requests to send, and what came. See the [module](super).
///
/// ```
/// use std::time::Duration;
/// use kalshi_fix::recovery::{Answer, Range, Recovery, RecoverySettings, Step};
/// use kalshi_fix::tracker::{ExecId, Tracker, TrackerSettings};
///
/// let mut tracker = Tracker::new(TrackerSettings::default());
/// let mut events = Vec::new();
/// let range = Range { begin: ExecId::new(0, 12, 1), end: None };
/// let mut recovery = Recovery::of(vec![range], &tracker, RecoverySettings::default());
///
/// let second = Duration::from_secs;
/// assert_eq!(recovery.poll(second(0)), Step::Send(range));
/// recovery.sent(second(0), 2);
/// assert_eq!(recovery.poll(second(0)), Step::Wait(second(30)));
/// recovery.received(second(1), ExecId::new(0, 12, 1)); // and the report goes to the tracker
/// let answer = Answer::Complete { ref_seq_num: 2, count: 1 };
/// recovery.answered(second(1), answer, &mut tracker, &mut events);
/// assert_eq!(recovery.poll(second(1)), Step::Finished);
/// assert!(recovery.outcome(&tracker).is_complete());
/// ```
#[derive(Clone, Debug)]
pub struct Recovery {
    settings: RecoverySettings,
    /// The tracker's period in which this began.
    period: u64,
    waiting: VecDeque<Query>,
    current: Option<Query>,
    done: Vec<RangeOutcome>,
    /// A range was fetched, and counts for nothing: reports were missed meanwhile.
    is_overtaken: bool,
}

/// A range being fetched.
#[derive(Clone, Copy, Debug)]
struct Query {
    range: Range,
    /// Where to begin instead, should the venue not go as far back.
    instead: Option<ExecId>,
    attempts: u32,
    state: QueryState,
    received: u64,
    unreadable: u64,
    last: Option<ExecId>,
    failure: Option<RangeFailure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QueryState {
    /// To be sent, not before this time.
    Due(Duration),
    /// Sent under this number, and silent until this time at most.
    Sent { number: u64, until: Duration },
}

impl Recovery {
    /// Of all that the tracker missed. Where the first gap of an exchange index is older than what the venue keeps, that
    /// range has [failed](RangeFailure::OutsideWindow), and the last gap is asked for by itself.
    ///
    /// Where it has seen no report at all and has orders in doubt, it asks for everything on exchange index 0. The venue
    /// refuses that once it keeps less than everything.
    #[must_use]
    pub fn new(tracker: &Tracker, settings: RecoverySettings) -> Recovery {
        let mut begins: Vec<_> = tracker.gaps_of_indexes().collect();
        let in_doubt = |order: &Order| order.state() == OrderState::Unknown && order.last_exec_id().is_none();
        if !tracker.has_seen_reports() && tracker.open_orders().any(in_doubt) {
            begins.push((ExecId::new(0, 0, 0), None));
        }
        let query = |(begin, instead)| Query {
            instead,
            ..Query::new(Range { begin, end: None })
        };
        Recovery {
            waiting: begins.into_iter().map(query).collect(),
            ..Recovery::of(Vec::new(), tracker, settings)
        }
    }

    /// Of these ranges: for a tracker that starts anew, or an exchange index of which it has seen nothing. Only a range
    /// without an end shows how orders are now.
    #[must_use]
    pub fn of(ranges: Vec<Range>, tracker: &Tracker, settings: RecoverySettings) -> Recovery {
        Recovery {
            settings,
            period: tracker.period(),
            waiting: ranges.into_iter().map(Query::new).collect(),
            current: None,
            done: Vec::new(),
            is_overtaken: false,
        }
    }

    /// What to do now. `now` is the time since an origin of the caller's choice, the same for all calls.
    pub fn poll(&mut self, now: Duration) -> Step {
        if let Some(Query {
            state: QueryState::Sent { until, .. },
            ..
        }) = self.current
            && until <= now
        {
            self.again(now, RangeFailure::Silence);
        }
        if self.current.is_none() {
            self.current = self.waiting.pop_front();
        }
        match &self.current {
            None => Step::Finished,
            Some(query) => match query.state {
                QueryState::Due(at) if at <= now => Step::Send(query.range),
                QueryState::Due(at) => Step::Wait(at),
                QueryState::Sent { until, .. } => Step::Wait(until),
            },
        }
    }

    /// The request of the last [`Step::Send`] was sent under this MsgSeqNum (34).
    pub fn sent(&mut self, now: Duration, number: u64) {
        if let Some(query) = &mut self.current {
            let until = now.saturating_add(self.settings.answer_timeout);
            query.state = QueryState::Sent { number, until };
            query.attempts += 1;
            (query.received, query.unreadable, query.last) = (0, 0, None);
        }
    }

    /// A report came. It goes to the tracker as well, from [`Source::DropCopy`](crate::tracker::Source::DropCopy).
    pub fn received(&mut self, now: Duration, exec_id: ExecId) {
        if let Some(query) = self.heard(now) {
            query.received += 1;
            if exec_id.exchange_index() == query.range.begin.exchange_index()
                && query.last.is_none_or(|last| last < exec_id)
            {
                query.last = Some(exec_id);
            }
        }
    }

    /// A report came that cannot be read.
    pub fn unreadable(&mut self, now: Duration) {
        if let Some(query) = self.heard(now) {
            query.received += 1;
            query.unreadable += 1;
        }
    }

    /// The venue answered. Where that completes a range, the tracker is [told](Tracker::recovered).
    pub fn answered(
        &mut self,
        now: Duration,
        answer: Answer,
        tracker: &mut Tracker,
        events: &mut Vec<TrackerEvent>,
    ) {
        let Some(query) = &mut self.current else {
            return;
        };
        let QueryState::Sent { number, .. } = query.state else {
            return;
        };
        match answer {
            Answer::Complete { ref_seq_num, count } if ref_seq_num == number => {
                if u64::try_from(count) != Ok(query.received) {
                    let received = query.received;
                    let announced = count;
                    self.again(now, RangeFailure::WrongCount { announced, received });
                } else if query.unreadable > 0 {
                    // They would be no more readable if they came again.
                    let count = query.unreadable;
                    self.finish(Some(RangeFailure::Unreadable { count }));
                } else {
                    let (range, last) = (query.range, query.last);
                    if range.end.is_none() {
                        let counts = tracker.recovered_from(range.begin, self.period, last, events);
                        self.is_overtaken |= !counts;
                    }
                    self.finish(None);
                }
            }
            Answer::Rejected { ref_seq_num, reason } if ref_seq_num == number => match reason {
                TOO_MANY_REQUESTS => self.again(now, RangeFailure::TooManyRequests),
                SERVER_ERROR => self.again(now, RangeFailure::ServerError),
                BEGIN_TOO_SMALL => {
                    let instead = query.instead.map(|begin| Range { begin, end: None });
                    self.finish(Some(RangeFailure::OutsideWindow));
                    if let Some(range) = instead {
                        self.waiting.push_front(Query::new(range));
                    }
                }
                END_TOO_LARGE => self.finish(Some(RangeFailure::EndTooLarge)),
                _ => self.finish(Some(RangeFailure::Refused)),
            },
            Answer::Refused { ref_seq_num } if ref_seq_num.is_none_or(|of| of == number) => {
                self.again(now, RangeFailure::Refused);
            }
            // The answer to a request that was given up.
            _ => {}
        }
    }

    /// The session was lost: what is under way is asked for again on the next one.
    pub fn disconnected(&mut self, now: Duration) {
        if matches!(&self.current, Some(query) if matches!(query.state, QueryState::Sent { .. })) {
            self.again(now, RangeFailure::Disconnected);
        }
    }

    /// What came of the ranges so far. Those that are still to be fetched are not among them.
    #[must_use]
    pub fn outcome(&self, tracker: &Tracker) -> Outcome {
        Outcome {
            ranges: self.done.clone(),
            is_superseded: self.is_overtaken || tracker.period() != self.period,
        }
    }

    /// The query under way, which is not silent.
    fn heard(&mut self, now: Duration) -> Option<&mut Query> {
        let query = self.current.as_mut()?;
        let QueryState::Sent { until, .. } = &mut query.state else {
            return None;
        };
        *until = now.saturating_add(self.settings.answer_timeout);
        Some(query)
    }

    /// Asks for the current range once more, unless that was done often enough.
    fn again(&mut self, now: Duration, failure: RangeFailure) {
        let Some(query) = &mut self.current else {
            return;
        };
        query.failure = Some(failure);
        if query.attempts >= self.settings.attempts {
            self.finish(Some(failure));
            return;
        }
        let doublings = query.attempts.saturating_sub(1).min(MOST_DOUBLINGS);
        let wait = self.settings.retry_after.saturating_mul(2_u32.pow(doublings));
        query.state = QueryState::Due(now.saturating_add(wait));
    }

    fn finish(&mut self, failure: Option<RangeFailure>) {
        if let Some(query) = self.current.take() {
            self.done.push(RangeOutcome {
                range: query.range,
                reports: query.received,
                attempts: query.attempts,
                failure,
            });
        }
    }
}

impl Query {
    fn new(range: Range) -> Query {
        Query {
            range,
            instead: None,
            attempts: 0,
            state: QueryState::Due(Duration::ZERO),
            received: 0,
            unreadable: 0,
            last: None,
            failure: None,
        }
    }
}

/// EventResendRejectReason (21004).
const TOO_MANY_REQUESTS: i64 = 1;
const SERVER_ERROR: i64 = 2;
const BEGIN_TOO_SMALL: i64 = 3;
const END_TOO_LARGE: i64 = 4;
/// Waits double this often at most.
const MOST_DOUBLINGS: u32 = 6;
