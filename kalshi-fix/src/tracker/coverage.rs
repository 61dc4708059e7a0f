//! Which sessions bring reports, when they did not, and from where what was missed is to be fetched.

use std::ops::RangeInclusive;
use std::time::Duration;

use fix_dialect::Timestamp;

use super::alone::{Alone, Live};
use super::exec_id::{ExecId, ExecPlace};
use super::fills::MAX_EXCHANGE_INDEXES;
use super::order::{Coverage, OrderKey, Resolution};
use super::state::Doubt;
use super::{Tracker, TrackerEvent};

/// Where reports come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Order entry, with retransmission or without: the session that requests are sent on.
    OrderEntry,
    /// A listener: it hears what order entry hears, and goes on while that is gone.
    Listener,
    /// Drop copy: what was, and not what comes next.
    DropCopy,
}

/// Whether the sessions bring reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Feeds {
    pub(super) order_entry: Feed,
    pub(super) listener: Feed,
    /// Counts the periods in which reports came without a gap.
    pub(super) period: u64,
    /// Counts the connections of order entry whose numbers start anew.
    pub(super) connection: u64,
}

/// One session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Feed {
    /// Nothing was heard of it.
    #[default]
    Unused,
    Up,
    /// Gone since this period.
    Down {
        since: u64,
    },
}

/// Reports that nobody heard, from somewhere on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The highest report before it.
    pub(super) after: ExecPlace,
    /// The period that it ended.
    pub(super) period: u64,
    /// Which sessions bring what is in it, if they resume.
    pub(super) by: Live<bool>,
}

/// How far the reports of an exchange index have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IndexProgress {
    pub(super) exchange_index: u32,
    /// The highest report that came live, or was fetched.
    pub(super) high: ExecPlace,
    /// The first gap that has not been filled.
    pub(super) gap: Option<Gap>,
    /// The last one, where there is another: drop copy may still keep what the first one is too old for.
    pub(super) last_gap: Option<Gap>,
    /// What one session was alone for, and is not yet known to have brought.
    pub(super) alone: Live<Option<Alone>>,
    /// The highest report of an order that was forgotten.
    pub(super) forgotten: Option<ExecPlace>,
}

impl Feeds {
    pub(super) fn coverage(&self) -> Coverage {
        let is_unused = self.order_entry == Feed::Unused && self.listener == Feed::Unused;
        Coverage {
            is_up: is_unused || self.order_entry == Feed::Up || self.listener == Feed::Up,
            period: self.period,
        }
    }

    fn feed(&mut self, source: Source) -> Option<&mut Feed> {
        match source {
            Source::OrderEntry => Some(&mut self.order_entry),
            Source::Listener => Some(&mut self.listener),
            Source::DropCopy => None,
        }
    }
}

impl Tracker {
    /// Something came, or went out, on a session that nothing was heard of.
    pub(super) fn note(&mut self, source: Source) {
        let was_up = self.feeds.coverage().is_up;
        if let Some(feed) = self.feeds.feed(source)
            && *feed == Feed::Unused
        {
            *feed = Feed::Up;
            // It has nothing of what came before: orders stay in doubt, and gaps open.
            self.feeds.period += u64::from(!was_up);
            self.begin_alone();
        }
    }

    /// A session is logged on. `missed` is whether reports may have been lost to it since it was last there: it is not the
    /// first connection, and its numbers start anew
    /// ([`Missed::Unknown`](crate::driver::Missed::Unknown)). Drop copy has no such state, and changes nothing.
    ///
    /// Reports count as missed where no other session brought them in the meantime. A session that was there before, and
    /// missed nothing, brings all since it went. One that comes for the first time brings nothing of what was before it.
    /// Where `missed` is said of a session that was not [`disconnected`](Tracker::disconnected), it is now, with all
    /// numbers in doubt.
    pub fn connected(&mut self, source: Source, missed: bool, events: &mut Vec<TrackerEvent>) {
        if missed && self.feeds.feed(source).is_some_and(|feed| *feed == Feed::Up) {
            self.disconnected(source, &(1..=u64::MAX), events);
        }
        let was_up = self.feeds.coverage().is_up;
        let Some(feed) = self.feeds.feed(source) else {
            return;
        };
        let before = std::mem::replace(feed, Feed::Up);
        if source == Source::OrderEntry {
            if missed {
                self.feeds.connection += 1;
                self.unclaimed.clear();
            } else {
                self.answers_will_come();
            }
        }
        match before {
            // What was missed comes again, in its order: nothing is lost.
            Feed::Down { since } if !missed => self.close_gaps_of(source, since),
            Feed::Up => {}
            Feed::Down { .. } | Feed::Unused => {
                for index in &mut self.indexes {
                    index.never_by(source);
                }
                self.feeds.period += u64::from(!was_up);
            }
        }
        self.begin_alone();
        self.settle_all(events);
    }

    /// A session has lost its connection, or ended. `in_doubt` are the numbers of messages that the venue is not known to
    /// have received ([`SessionEnd::in_doubt`](crate::driver::SessionEnd::in_doubt)).
    ///
    /// Requests of order entry without an answer are in doubt from now on. Open orders are, where no other session brings
    /// their reports.
    ///
    /// A session that is lost may have been dead for a while. What it alone was there for counts as missed now, from its last
    /// report on, unless it has brought one since the other session came back. Of a session that was logged out,
    /// [`logged_out`](Tracker::logged_out) knows better.
    pub fn disconnected(
        &mut self,
        source: Source,
        in_doubt: &RangeInclusive<u64>,
        events: &mut Vec<TrackerEvent>,
    ) {
        self.gone(source, in_doubt, false, events);
    }

    /// As [`disconnected`](Tracker::disconnected), of a session that ended by logouts of both sides, with no message missing
    /// before the venue's: it has brought all until then.
    pub fn logged_out(
        &mut self,
        source: Source,
        in_doubt: &RangeInclusive<u64>,
        events: &mut Vec<TrackerEvent>,
    ) {
        self.gone(source, in_doubt, true, events);
    }

    fn gone(
        &mut self,
        source: Source,
        in_doubt: &RangeInclusive<u64>,
        is_whole: bool,
        events: &mut Vec<TrackerEvent>,
    ) {
        let before = self.feeds.coverage();
        let Some(feed) = self.feeds.feed(source) else {
            return;
        };
        if !matches!(feed, Feed::Down { .. }) {
            let since = before.period;
            *feed = Feed::Down { since };
        }
        if source == Source::OrderEntry {
            self.doubt_requests(in_doubt, false);
        }
        if is_whole {
            self.forget_alone(source);
        }
        let ends = before.is_up && !self.feeds.coverage().is_up;
        let missed = self.miss_alone(source, ends, true);
        if ends {
            self.open_gaps();
        }
        if missed {
            self.feeds.period += 1;
            self.go_on(before.period);
        }
        self.begin_alone();
        self.settle_all(events);
    }

    /// Messages of a session were lost, and its connection and numbers go on: they were
    /// [dropped](crate::client::Event::Dropped) because nobody took them, or the venue went on with a later number
    /// ([`SequenceReset`](crate::session::Event::SequenceReset)). [`observe`](Tracker::observe) calls this where it has to
    /// be. It changes nothing for drop copy, or while the session counts as gone.
    ///
    /// Reports count as missed, whatever other session is there: it may lag behind, or lose the same. Requests of order entry
    /// without an answer are in doubt: it may have been among what was lost.
    pub fn lost_messages(&mut self, source: Source, events: &mut Vec<TrackerEvent>) {
        self.note(source);
        if self.feeds.feed(source).is_none_or(|feed| *feed != Feed::Up) {
            return;
        }
        if source == Source::OrderEntry {
            self.doubt_requests(&RangeInclusive::new(1, 0), true);
        }
        self.miss_alone(source, true, false);
        self.open_gaps();
        self.feeds.period += 1;
        self.begin_alone();
        self.settle_all(events);
    }

    /// Says of an order what the user has found out. It ends a doubt; what a later report says counts for more.
    ///
    /// Whether there was such an order, and it had not ended.
    pub fn resolve(&mut self, key: OrderKey, resolution: Resolution, events: &mut Vec<TrackerEvent>) -> bool {
        let period = self.feeds.period;
        let Some(order) = self.orders.get_mut(&key) else {
            return false;
        };
        if order.state.is_final() {
            return false;
        }
        order.contradicted = false;
        order.confirmed = period;
        order.requests.retain(|request| request.sent.doubt.is_none());
        order.resolution = match resolution {
            // A report has shown it: it is as that says.
            Resolution::NeverAccepted if order.latest.is_some() => return false,
            Resolution::Open if order.latest.is_some() => None,
            resolution => Some(resolution),
        };
        self.settle(key, false, true, events);
        true
    }

    /// Time passes: immediate-or-cancel orders that are partly filled have ended, where the venue does not report that.
    pub fn advance(&mut self, now: Timestamp, events: &mut Vec<TrackerEvent>) {
        let grace = self.settings.immediate_grace;
        let mut over = Vec::new();
        self.immediate.retain(|key| {
            let latest = self.orders.get(key).and_then(|order| order.latest.as_ref());
            let is_over = latest.is_none_or(|latest| elapsed(latest.received, now) >= grace);
            if is_over {
                over.push(*key);
            }
            !is_over
        });
        for key in over {
            if let Some(order) = self.orders.get_mut(&key) {
                order.is_over = true;
                self.settle(key, false, true, events);
            }
        }
    }

    /// From where reports are missing, for each exchange index: the last report before the gap. What follows it is to be
    /// fetched from drop copy ([`Recovery`](crate::recovery::Recovery)). An index of which no report ever came is not among
    /// them: nobody can say where its reports begin.
    pub fn gaps(&self) -> impl Iterator<Item = ExecId> {
        self.gaps_of_indexes().map(|(first, _)| first)
    }

    /// The first gap of each exchange index that has one, and the last where there is another that begins later.
    pub(crate) fn gaps_of_indexes(&self) -> impl Iterator<Item = (ExecId, Option<ExecId>)> {
        self.indexes.iter().filter_map(|index| {
            let begin = |gap: Gap| ExecId::at(index.exchange_index, gap.after);
            let first = begin(index.gap?);
            Some((first, index.last_gap.map(begin).filter(|last| first < *last)))
        })
    }

    /// Whether a numbered report was ever seen, on any exchange index.
    #[must_use]
    pub fn has_seen_reports(&self) -> bool {
        !self.indexes.is_empty()
    }

    /// Counts the periods in which reports came without a gap: what was fetched in one fills the gaps before it.
    #[must_use]
    pub fn period(&self) -> u64 {
        self.feeds.period
    }

    /// All reports of an exchange index up to now have been fetched, by a query that began in this
    /// [period](Tracker::period), with `last` the highest of them. The orders of that index are as reported again, and its
    /// [gaps](Tracker::gaps) are closed. Nothing is closed where reports have been missed since, or no session brings them
    /// now.
    ///
    /// [`Recovery`](crate::recovery::Recovery) calls this. Call it yourself, with the present period and without a `last`,
    /// once you have found out elsewhere what drop copy no longer has, and have said so: reports by
    /// [`receive`](Tracker::receive), and what became of an order by [`resolve`](Tracker::resolve).
    ///
    /// Requests in doubt stay so: drop copy has neither rejects nor requests that are still under way.
    pub fn recovered(
        &mut self,
        exchange_index: u32,
        period: u64,
        last: Option<ExecId>,
        events: &mut Vec<TrackerEvent>,
    ) {
        if let Some(last) = last {
            self.reached(last);
        }
        let known = match last {
            Some(last) => Some(last.place()),
            None => self.progress(exchange_index).map(|index| index.high),
        };
        if self.fill_gaps(exchange_index, None, period, events) {
            self.known_to(exchange_index, None, known);
        }
    }

    /// As [`recovered`](Tracker::recovered), of all reports from `begin` on: gaps of before that stay, and orders that may
    /// have changed in them. Whether it counts: reports may have been missed since.
    pub(crate) fn recovered_from(
        &mut self,
        begin: ExecId,
        period: u64,
        last: Option<ExecId>,
        events: &mut Vec<TrackerEvent>,
    ) -> bool {
        if let Some(last) = last {
            self.reached(last);
        }
        let (exchange_index, begin) = (begin.exchange_index(), Some(begin.place()));
        let counts = self.fill_gaps(exchange_index, begin, period, events);
        if counts {
            self.known_to(exchange_index, begin, last.map(|last| last.place()));
        }
        counts
    }

    /// Closes the gaps of an exchange index, or those from `begin` on. Whether it counts.
    fn fill_gaps(
        &mut self,
        exchange_index: u32,
        begin: Option<ExecPlace>,
        period: u64,
        events: &mut Vec<TrackerEvent>,
    ) -> bool {
        if period != self.feeds.period || !self.feeds.coverage().is_up {
            return false;
        }
        let is_filled = |gap: Gap| begin.is_none_or(|begin| begin <= gap.after);
        let mut is_whole = begin.is_none();
        // Orders that were as reported in this period, or later, are so again.
        let mut since = u64::MAX;
        for index in &mut self.indexes {
            if index.exchange_index != exchange_index {
                continue;
            }
            if begin.is_none() || index.gap.is_some_and(is_filled) {
                (index.gap, index.last_gap) = (None, None);
                is_whole = true;
            } else if let Some(last) = index.last_gap.take_if(|last| is_filled(*last)) {
                since = last.period;
            }
        }
        let filled = self.progress(exchange_index).copied();
        for order in self.orders.values_mut() {
            let Some(exec_id) = order.last_exec_id() else {
                continue;
            };
            let is_fetched = begin.is_some_and(|begin| begin <= exec_id.place());
            let is_doubtful = || filled.is_some_and(|index| index.is_open_since(order.confirmed));
            if exec_id.exchange_index() == exchange_index
                && (is_whole || is_fetched || order.confirmed >= since && !is_doubtful())
            {
                order.confirmed = period;
                // A report that ended it would have been among them.
                order.contradicted &= !(is_whole || is_fetched);
                // Such an order never rests: what is not filled has been cancelled, and drop copy may not have said so.
                let is_immediate = order.entry.as_ref().is_some_and(|entry| entry.is_immediate);
                if is_immediate
                    && !order.state.is_final()
                    && !order.is_over
                    && !self.immediate.contains(&order.key)
                {
                    self.immediate.push(order.key);
                }
                for request in &mut order.requests {
                    if request.sent.doubt == Some(Doubt::Unavailable) {
                        request.sent.doubt = Some(Doubt::Unanswered);
                    }
                }
            }
        }
        self.settle_all(events);
        true
    }

    /// Whether a live report of this number was made after the last gap began, and so shows how things are now.
    pub(super) fn is_after_gap(&self, exec_id: ExecId) -> bool {
        match self.progress(exec_id.exchange_index()) {
            Some(index) => index
                .last_gap
                .or(index.gap)
                .is_none_or(|gap| gap.after < exec_id.place()),
            None => true,
        }
    }

    /// Reports of an exchange index have come this far, whoever said so.
    fn reached(&mut self, exec_id: ExecId) {
        let place = exec_id.place();
        if let Some(index) = self.progress_mut(exec_id) {
            index.high = index.high.max(place);
        }
    }

    /// A session has brought a report as it was made.
    pub(super) fn brought(&mut self, source: Source, exec_id: ExecId) {
        let known = self.progress(exec_id.exchange_index());
        let is_abreast = known.is_none_or(|index| index.high <= exec_id.place());
        self.reached(exec_id);
        self.heard(source, exec_id, is_abreast);
    }

    /// A report of an exchange index was fetched: it says nothing of those before it.
    pub(super) fn fetched(&mut self, exec_id: ExecId) {
        self.progress_mut(exec_id);
    }

    /// An order is forgotten whose last report this was.
    pub(super) fn forgot(&mut self, exec_id: ExecId) {
        let place = exec_id.place();
        if let Some(index) = self.progress_mut(exec_id) {
            index.forgotten = index.forgotten.max(Some(place));
        }
    }

    /// Whether a report may be of an order that was forgotten.
    pub(super) fn may_be_forgotten(&self, exec_id: ExecId) -> bool {
        self.progress(exec_id.exchange_index())
            .is_some_and(|index| index.forgotten >= Some(exec_id.place()))
    }

    fn progress(&self, exchange_index: u32) -> Option<&IndexProgress> {
        self.indexes
            .iter()
            .find(|index| index.exchange_index == exchange_index)
    }

    fn progress_mut(&mut self, exec_id: ExecId) -> Option<&mut IndexProgress> {
        let exchange_index = exec_id.exchange_index();
        let at = self
            .indexes
            .iter()
            .position(|index| index.exchange_index == exchange_index);
        if at.is_none() && self.indexes.len() < MAX_EXCHANGE_INDEXES {
            self.indexes.push(IndexProgress {
                exchange_index,
                high: exec_id.place(),
                gap: None,
                last_gap: None,
                alone: Live::default(),
                forgotten: None,
            });
            self.begin_alone();
            return self.indexes.last_mut();
        }
        self.indexes.get_mut(at?)
    }

    /// Nobody brings reports any more: what comes after the highest is missing.
    fn open_gaps(&mut self) {
        let (period, by) = (self.feeds.period, self.who_resumes());
        for index in &mut self.indexes {
            let after = index.high;
            index.open(Gap { after, period, by });
        }
    }

    /// All that a session missed since some time in this period is there, or comes: the gaps of which it brings all are none.
    /// Others stay, and so do doubts about orders that may have changed in them.
    fn close_gaps_of(&mut self, source: Source, since: u64) {
        for index in &mut self.indexes {
            index.close_by(source);
        }
        self.go_on(since);
    }

    /// Of orders that were as reported since some time in this period, and of whose exchange index no gap is open since, nothing
    /// was missed: they are as reported now.
    fn go_on(&mut self, since: u64) {
        let period = self.feeds.period;
        let indexes = &self.indexes;
        for order in self.orders.values_mut() {
            let of = order.last_exec_id().map(|last| last.exchange_index());
            let mut indexes = indexes
                .iter()
                .filter(|index| of.is_none_or(|of| of == index.exchange_index));
            if order.confirmed >= since && !indexes.any(|index| index.is_open_since(order.confirmed)) {
                order.confirmed = period;
            }
        }
    }

    /// All sessions that were there are gone, with the process that they were in.
    pub(super) fn lose_all(&mut self) {
        // Nobody has been told of anything yet; the orders show it.
        let mut told = Vec::new();
        for source in [Source::OrderEntry, Source::Listener] {
            if self.feeds.feed(source).is_some_and(|feed| *feed == Feed::Up) {
                self.disconnected(source, &(1..=u64::MAX), &mut told);
            }
        }
    }

    pub(super) fn settle_all(&mut self, events: &mut Vec<TrackerEvent>) {
        let open = |order: &&super::Order| !order.state.is_final();
        let keys: Vec<OrderKey> = self.orders.values().filter(open).map(|order| order.key).collect();
        for key in keys {
            self.settle(key, false, true, events);
        }
    }
}

fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    let nanos = now.unix_nanos().saturating_sub(since.unix_nanos());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}
