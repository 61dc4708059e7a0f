//! What was reported to each member in the last three hours, for those who missed it.
//!
//! Drop copy replays from here: reports in the order of their ExecIDs, within one exchange index. Pending reports and
//! rejects are not kept. What is kept is bounded twice, by time and by number
//! ([`Rules::remembered_reports`](super::Rules::remembered_reports)); what the second bound pushed out counts as too old.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::calendar::Time;
use super::engine::Exchange;
use super::order::OwnerId;
use super::report::{ExecId, OrderEvent, OrderReport, Output};

/// Why reports cannot be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayRefusal {
    /// The first ExecID is older than what is kept.
    #[error("the first ExecID is older than what drop copy keeps, which is {LOOKBACK_SECONDS} s")]
    BeginTooSmall,
    /// The last ExecID has not been given out yet.
    #[error("the last ExecID has not been given out yet")]
    EndTooLarge,
    /// The two ExecIDs belong to different exchange indexes.
    #[error("the two ExecIDs are of different exchange indexes: expected both of one")]
    OtherIndex,
}

impl ReplayRefusal {
    /// EventResendRejectReason (21004). The venue has none for a range over two indexes; its end is not one there, so it is
    /// reported as too large.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            ReplayRefusal::BeginTooSmall => 3,
            ReplayRefusal::EndTooLarge | ReplayRefusal::OtherIndex => 4,
        }
    }
}

impl Exchange {
    /// A member's reports from `begin` to `end`, both included, in the order of their ExecIDs; to the latest one where no
    /// end is named. Those of other members, pending reports and rejects are left out. `now` decides what is too old: reports
    /// are kept for [`LOOKBACK_SECONDS`].
    pub fn replay(
        &mut self,
        now: Time,
        owner: OwnerId,
        begin: ExecId,
        end: Option<ExecId>,
    ) -> Result<impl Iterator<Item = &Arc<OrderReport>>, ReplayRefusal> {
        self.history.forget(now);
        self.history.replay(owner, begin, end)
    }

    /// The latest ExecID of an exchange index, whoever it was reported to.
    #[must_use]
    pub fn latest_exec_id(&self, exchange_index: u32) -> Option<ExecId> {
        self.history.latest.get(&exchange_index).copied()
    }

    /// Keeps what a command led to.
    pub(super) fn remember(&mut self, now: Time, outputs: &[Output]) {
        self.history.forget(now);
        for output in outputs {
            if let Output::Order(report) = output {
                self.history.add(report);
            }
        }
    }
}

/// The reports of all members.
#[derive(Debug)]
pub(super) struct History {
    most: usize,
    reports: BTreeMap<Shelf, VecDeque<Arc<OrderReport>>>,
    /// Where each report is, the oldest first.
    order: VecDeque<Shelf>,
    /// The last ExecID of each exchange index that is no longer kept.
    forgotten: BTreeMap<u32, ExecId>,
    latest: BTreeMap<u32, ExecId>,
}

/// A member, and an exchange index.
type Shelf = (OwnerId, u32);

impl History {
    pub(super) fn new(most: usize) -> History {
        History {
            most,
            reports: BTreeMap::new(),
            order: VecDeque::new(),
            forgotten: BTreeMap::new(),
            latest: BTreeMap::new(),
        }
    }

    fn add(&mut self, report: &Arc<OrderReport>) {
        let Some(exec_id) = report.exec_id else { return };
        self.latest.insert(exec_id.exchange_index, exec_id);
        if matches!(report.event, OrderEvent::Rejected(_)) {
            return;
        }
        let shelf = (report.order.origin.owner, exec_id.exchange_index);
        self.reports
            .entry(shelf)
            .or_default()
            .push_back(Arc::clone(report));
        self.order.push_back(shelf);
        if self.order.len() > self.most {
            self.drop_oldest();
        }
    }

    /// Drops what is older than three hours.
    fn forget(&mut self, now: Time) {
        let horizon =
            Time::from_unix_nanos(now.unix_nanos().saturating_sub(LOOKBACK_SECONDS * 1_000_000_000));
        while let Some(shelf) = self.order.front()
            && self
                .reports
                .get(shelf)
                .and_then(VecDeque::front)
                .is_none_or(|report| report.time < horizon)
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(shelf) = self.order.pop_front() else {
            return;
        };
        let Some(reports) = self.reports.get_mut(&shelf) else {
            return;
        };
        if let Some(exec_id) = reports.pop_front().and_then(|report| report.exec_id) {
            self.forgotten.insert(exec_id.exchange_index, exec_id);
        }
        if reports.is_empty() {
            self.reports.remove(&shelf);
        }
    }

    fn replay(
        &self,
        owner: OwnerId,
        begin: ExecId,
        end: Option<ExecId>,
    ) -> Result<impl Iterator<Item = &Arc<OrderReport>>, ReplayRefusal> {
        let index = begin.exchange_index;
        if end.is_some_and(|end| end.exchange_index != index) {
            return Err(ReplayRefusal::OtherIndex);
        }
        if self.forgotten.get(&index).is_some_and(|last| begin <= *last) {
            return Err(ReplayRefusal::BeginTooSmall);
        }
        let latest = self.latest.get(&index);
        if end.is_some_and(|end| latest.is_none_or(|latest| end > *latest)) {
            return Err(ReplayRefusal::EndTooLarge);
        }
        let reports = self.reports.get(&(owner, index));
        Ok(reports.into_iter().flat_map(move |reports| {
            let first = reports.partition_point(|report| report.exec_id < Some(begin));
            reports
                .range(first..)
                .take_while(move |report| end.is_none_or(|end| report.exec_id <= Some(end)))
        }))
    }
}

/// How long reports are kept, in seconds: the lookback window of drop copy.
pub const LOOKBACK_SECONDS: i64 = 3 * 3_600;

#[cfg(test)]
mod tests {
    use super::super::{Command, Market, Money, NewOrder, Origin, Price, Quantity, Rules, SessionId, Side};
    use super::*;

    const START: i64 = 1_767_225_600;

    /// Two markets on different indexes, and a member with money on both.
    fn exchange(remembered: usize) -> Exchange {
        let rules = Rules {
            remembered_reports: remembered,
            ..Rules::prediction()
        };
        let mut exchange = Exchange::new(rules);
        exchange.list(Market::prediction("NEAR"));
        exchange.list(Market::prediction("FAR").on_index(2));
        for owner in [1, 2].map(OwnerId) {
            exchange.deposit(owner, 0, Money::from_dollars(100));
            exchange.deposit_on(owner, 2, 0, Money::from_dollars(100));
        }
        exchange
    }

    /// A bid by a member after so many seconds, by which it is named too; too large to be paid for where `size` is.
    fn bid(exchange: &mut Exchange, seconds: i64, owner: u32, symbol: &str, size: i64) {
        let origin = Origin {
            session: SessionId(owner),
            owner: OwnerId(owner),
        };
        let id = format!("{owner} {seconds}");
        let order = NewOrder::limit(
            &id,
            symbol,
            Side::Buy,
            Price::from_cents(10),
            Quantity::from_contracts(size),
        );
        exchange.apply(
            Time::from_unix_seconds(START + seconds),
            Command::NewOrder(origin, order),
        );
    }

    fn id(clock: u64, exchange_index: u32) -> ExecId {
        ExecId {
            clock,
            event: 1,
            exchange_index,
        }
    }

    /// The ClOrdIDs that a replay for the first member brings, `seconds` after the start.
    #[track_caller]
    fn check(
        exchange: &mut Exchange,
        seconds: i64,
        begin: ExecId,
        end: Option<ExecId>,
        expected: Result<&[&str], ReplayRefusal>,
    ) {
        let now = Time::from_unix_seconds(START + seconds);
        let found = exchange.replay(now, OwnerId(1), begin, end).map(|reports| {
            reports
                .map(|report| report.cl_ord_id.to_string())
                .collect::<Vec<_>>()
        });
        let expected = expected.map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(found, expected, "{begin} to {end:?}");
    }

    #[test]
    fn a_replay_has_the_members_reports_of_one_index_and_no_rejects() {
        let mut exchange = exchange(100);
        bid(&mut exchange, 1, 1, "NEAR", 1);
        bid(&mut exchange, 2, 2, "NEAR", 1);
        bid(&mut exchange, 3, 1, "FAR", 1);
        bid(&mut exchange, 4, 1, "NEAR", 5_000);
        bid(&mut exchange, 5, 1, "NEAR", 1);
        let latest = exchange.latest_exec_id(0);
        assert_eq!(latest, Some(id(5, 0)));
        check(&mut exchange, 6, id(1, 0), None, Ok(&["1 1", "1 5"]));
        check(&mut exchange, 6, id(1, 0), Some(id(1, 0)), Ok(&["1 1"]));
        check(&mut exchange, 6, id(2, 0), latest, Ok(&["1 5"]));
        check(&mut exchange, 6, id(4, 0), Some(id(2, 0)), Ok(&[]));
        check(&mut exchange, 6, id(1, 2), Some(id(3, 2)), Ok(&["1 3"]));
        check(&mut exchange, 6, id(1, 7), None, Ok(&[]));
        check(
            &mut exchange,
            6,
            id(1, 2),
            Some(id(4, 2)),
            Err(ReplayRefusal::EndTooLarge),
        );
        check(
            &mut exchange,
            6,
            id(1, 0),
            Some(id(6, 0)),
            Err(ReplayRefusal::EndTooLarge),
        );
        check(
            &mut exchange,
            6,
            id(1, 0),
            Some(id(3, 2)),
            Err(ReplayRefusal::OtherIndex),
        );
    }

    #[test]
    fn what_is_three_hours_old_is_gone() {
        let mut exchange = exchange(100);
        bid(&mut exchange, 0, 1, "NEAR", 1);
        bid(&mut exchange, 10, 1, "NEAR", 1);
        let later = LOOKBACK_SECONDS;
        check(&mut exchange, later, id(1, 0), None, Ok(&["1 0", "1 10"]));
        check(
            &mut exchange,
            later + 1,
            id(1, 0),
            None,
            Err(ReplayRefusal::BeginTooSmall),
        );
        check(&mut exchange, later + 1, id(2, 0), None, Ok(&["1 10"]));
        assert_eq!(ReplayRefusal::BeginTooSmall.code(), 3);
    }

    #[test]
    fn no_more_is_kept_than_the_rules_say() {
        let mut exchange = exchange(2);
        for seconds in 1..5 {
            bid(&mut exchange, seconds, 1, "NEAR", 1);
        }
        check(
            &mut exchange,
            5,
            id(2, 0),
            None,
            Err(ReplayRefusal::BeginTooSmall),
        );
        check(&mut exchange, 5, id(3, 0), None, Ok(&["1 3", "1 4"]));
    }
}
