//! Sessions that come and go, lose messages, and start again in another process: what nobody heard is known to be missing,
//! and fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kalshi_fix::prediction::{ExecutionReport, fields};
use kalshi_fix::recovery::{Answer, Range, RangeFailure, Recovery, RecoverySettings, Step as Next};
use kalshi_fix::tracker::{AccountRef, ExecId, OrderState, Source, Tracker, TrackerEvent};
use kalshi_fix::units::{Money, Price, Quantity};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::history::{History, MARKETS, Said, Sent, Step, actions};
use super::interleavings::{hear, options, send, settings};

/// Something that happens between two messages.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Nothing,
    Lose(Feed),
    Return(Feed),
    /// The network fails: all sessions that are there are dead, and nobody notices before they are lost.
    Die,
    /// The next message of a session is dropped.
    Drop(Feed),
    /// The process ends, and another one begins with its snapshot.
    Restart,
    /// Drop copy is asked, and keeps the later part of what there was.
    Recover(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Feed {
    OrderEntry,
    Listener,
}

impl Feed {
    const ALL: [Feed; 2] = [Feed::OrderEntry, Feed::Listener];

    fn source(self) -> Source {
        match self {
            Feed::OrderEntry => Source::OrderEntry,
            Feed::Listener => Source::Listener,
        }
    }
}

fn troubles() -> impl Strategy<Value = Vec<Trouble>> {
    let feed = || prop_oneof![Just(Feed::OrderEntry), Just(Feed::Listener)];
    let trouble = prop_oneof![
        10 => Just(Trouble::Nothing),
        3 => feed().prop_map(Trouble::Lose),
        4 => feed().prop_map(Trouble::Return),
        2 => feed().prop_map(Trouble::Drop),
        1 => Just(Trouble::Die),
        1 => Just(Trouble::Restart),
        1 => any::<u8>().prop_map(Trouble::Recover),
    ];
    proptest::collection::vec(trouble, 1..80)
}

/// One session, as it really is.
#[derive(Debug, Default)]
struct Line {
    is_up: bool,
    was_up: bool,
    /// Nothing comes any more, while it still counts as there.
    is_dead: bool,
    /// Its numbers go on: what it missed comes when it is back.
    resumes: bool,
    drops_next: bool,
    /// What waits for it, by its place in the history.
    waiting: Vec<usize>,
}

struct World<'h> {
    said: Vec<&'h Said>,
    tracker: Tracker,
    events: Vec<TrackerEvent>,
    number: u64,
    lines: BTreeMap<Feed, Line>,
    /// How much of the history has happened.
    happened: usize,
    /// What the tracker has heard.
    heard: BTreeSet<usize>,
    /// Exchange indexes of which something was missed before anything was ever heard: nobody can know of that.
    unseen: BTreeSet<u32>,
    tally: Tally,
}

/// What happened, so that the property is not of nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    missed: usize,
    fetched: usize,
    refused: usize,
    resumed: usize,
    restarts: usize,
    /// What nobody heard while a session was back, and another one was dead without a notice.
    unnoticed: usize,
}

impl<'h> World<'h> {
    fn new(history: &'h History, resumes: [bool; 2]) -> World<'h> {
        let line = |resumes| Line {
            resumes,
            ..Line::default()
        };
        let lines = Feed::ALL.into_iter().zip(resumes.map(line)).collect();
        World {
            said: history.apart().1,
            tracker: Tracker::new(settings()),
            events: Vec::new(),
            number: 1,
            lines,
            happened: 0,
            heard: BTreeSet::new(),
            unseen: BTreeSet::new(),
            tally: Tally::default(),
        }
    }

    fn line(&mut self, feed: Feed) -> &mut Line {
        self.lines.get_mut(&feed).expect("both are there")
    }

    fn act(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Nothing => {}
            Trouble::Lose(feed) => self.lose(feed),
            Trouble::Return(feed) => self.come_back(feed),
            Trouble::Die => {
                for line in self.lines.values_mut() {
                    line.is_dead = line.is_up;
                }
            }
            Trouble::Drop(feed) => self.line(feed).drops_next = true,
            Trouble::Restart => {
                let snapshot = self.tracker.snapshot();
                self.tracker =
                    Tracker::restore(&snapshot, settings()).expect("a snapshot that was just made");
                for line in self.lines.values_mut() {
                    (line.is_up, line.is_dead, line.drops_next) = (false, false, false);
                }
                self.tally.restarts += 1;
            }
            Trouble::Recover(kept) => {
                let recovery = Recovery::new(&self.tracker, RecoverySettings::default());
                let from = usize::from(kept) * self.happened / 256;
                self.recover(recovery, from);
            }
        }
    }

    fn lose(&mut self, feed: Feed) {
        let line = self.line(feed);
        (line.is_dead, line.drops_next) = (false, false);
        if std::mem::replace(&mut line.is_up, false) {
            let all = 1..=u64::MAX;
            self.tracker.disconnected(feed.source(), &all, &mut self.events);
        }
    }

    fn come_back(&mut self, feed: Feed) {
        let line = self.line(feed);
        if std::mem::replace(&mut line.is_up, true) {
            return;
        }
        let missed = line.was_up && !line.resumes;
        line.was_up = true;
        let waiting = std::mem::take(&mut line.waiting);
        self.tracker.connected(feed.source(), missed, &mut self.events);
        self.tally.resumed += usize::from(!waiting.is_empty());
        let is_dead = self.lines.values().any(|line| line.is_dead);
        self.tally.unnoticed += usize::from(is_dead && self.heard.len() < self.happened);
        for which in waiting {
            self.hear(feed.source(), which);
        }
    }

    fn hear(&mut self, source: Source, which: usize) {
        hear(&mut self.tracker, source, self.said[which], &mut self.events);
        self.heard.insert(which);
    }

    /// The venue says the next thing, on the sessions that are there.
    fn say(&mut self) {
        let which = self.happened;
        self.happened += 1;
        let numbered = numbered(self.said[which]);
        for feed in Feed::ALL {
            if feed == Feed::Listener && numbered.is_none() {
                continue;
            }
            let line = self.line(feed);
            let is_there = line.is_up && !line.is_dead;
            if is_there && std::mem::take(&mut line.drops_next) {
                self.tracker.lost_messages(feed.source(), &mut self.events);
            } else if is_there {
                self.hear(feed.source(), which);
            } else if line.was_up && line.resumes {
                line.waiting.push(which);
            }
        }
        if let Some((_, exec_id)) = numbered
            && !self.heard.contains(&which)
        {
            self.tally.missed += 1;
            let index = exec_id.exchange_index();
            let has_index = |other: &usize| {
                numbered_at(&self.said, *other).is_some_and(|(_, other)| other.exchange_index() == index)
            };
            if !self.heard.iter().any(has_index) {
                self.unseen.insert(index);
            }
        }
    }

    /// Asks a drop copy that keeps what was said from there on.
    fn recover(&mut self, mut recovery: Recovery, kept_from: usize) {
        let now = Duration::ZERO;
        loop {
            let range = match recovery.poll(now) {
                Next::Send(range) => range,
                Next::Finished => break,
                Next::Wait(_) => unreachable!("each request is answered at once"),
            };
            self.number += 1;
            let ref_seq_num = self.number;
            recovery.sent(now, ref_seq_num);
            let all: Vec<(usize, ExecId)> = (0..self.happened)
                .filter_map(|which| Some((which, numbered_at(&self.said, which)?.1)))
                .filter(|(_, exec_id)| exec_id.exchange_index() == range.begin.exchange_index())
                .collect();
            let answer = if all
                .iter()
                .any(|(which, exec_id)| *which < kept_from && *exec_id >= range.begin)
            {
                self.tally.refused += 1;
                Answer::Rejected {
                    ref_seq_num,
                    reason: 3,
                }
            } else {
                let mut count = 0;
                for (which, exec_id) in all {
                    if exec_id >= range.begin {
                        count += 1;
                        self.tally.fetched += usize::from(!self.heard.contains(&which));
                        recovery.received(now, exec_id);
                        self.hear(Source::DropCopy, which);
                    }
                }
                Answer::Complete { ref_seq_num, count }
            };
            recovery.answered(now, answer, &mut self.tracker, &mut self.events);
        }
        let outcome = recovery.outcome(&self.tracker);
        let too_old = |failure: Option<RangeFailure>| failure == Some(RangeFailure::OutsideWindow);
        assert!(
            outcome
                .ranges
                .iter()
                .all(|range| range.failure.is_none() || too_old(range.failure)),
            "{outcome:?}"
        );
    }

    /// What nobody heard is behind a gap, and no order looks as if it were known of which something is missing. While a
    /// session is dead and nobody has noticed, nobody can know.
    fn check_honest(&self) {
        if self.lines.values().any(|line| line.is_dead) {
            return;
        }
        for which in (0..self.happened).filter(|which| !self.heard.contains(which)) {
            let Some((report, exec_id)) = numbered_at(&self.said, which) else {
                continue;
            };
            if self.unseen.contains(&exec_id.exchange_index()) {
                continue;
            }
            let is_behind = self.tracker.gaps().any(|gap| gap < exec_id);
            assert!(
                is_behind,
                "{exec_id} was missed: {:?}",
                self.tracker.gaps().collect::<Vec<_>>()
            );
            let order_id = report.order_id.as_str().expect("text");
            let order = self.tracker.by_order_id(order_id);
            let order = order.or_else(|| {
                let sent = self
                    .tracker
                    .by_cl_ord_id(report.cl_ord_id.as_str().expect("text"))?;
                sent.order_id().is_none().then_some(sent)
            });
            if let Some(order) = order
                && order.last_exec_id().is_none_or(|last| last < exec_id)
            {
                assert_eq!(
                    order.state(),
                    OrderState::Unknown,
                    "{exec_id} was missed of {order:?}"
                );
            }
        }
    }

    /// All is there, and all was fetched.
    fn end(mut self, history: &History) -> Tally {
        for feed in Feed::ALL {
            if self.line(feed).is_dead {
                self.lose(feed);
            }
        }
        self.come_back(Feed::OrderEntry);
        let recovery = Recovery::new(&self.tracker, RecoverySettings::default());
        self.recover(recovery, 0);
        let whole = |index: &u32| Range {
            begin: ExecId::new(*index, 0, 0),
            end: None,
        };
        let ranges = self.unseen.iter().map(whole).collect();
        let recovery = Recovery::of(ranges, &self.tracker, RecoverySettings::default());
        self.recover(recovery, 0);
        self.unseen.clear();
        self.check_honest();
        assert_eq!(self.tracker.gaps().count(), 0);
        self.check_truth(history);
        self.tally
    }

    fn check_truth(&self, history: &History) {
        let fills: Vec<String> = self
            .events
            .iter()
            .filter_map(|event| match event {
                TrackerEvent::Fill(fill) => Some(fill.exec_id.to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(fills.len(), history.fills, "{fills:?}");
        assert_eq!(fills.iter().collect::<BTreeSet<_>>().len(), fills.len());
        for (name, truth) in &history.orders {
            if truth.is_rejected {
                // The answer may have been lost, and drop copy does not have it.
                if let Some(order) = self.tracker.by_cl_ord_id(name) {
                    let state = order.state();
                    let is_honest = matches!(state, OrderState::Rejected | OrderState::Unknown);
                    assert!(is_honest, "{order:?}");
                    assert!(order.filled().quantity.is_zero(), "{order:?}");
                }
                continue;
            }
            let order = self.tracker.by_order_id(name);
            let order = order.unwrap_or_else(|| panic!("{name} is not known"));
            assert_eq!(order.filled().quantity.contracts(), truth.filled, "{order:?}");
            assert!(order.missing_fills().is_zero(), "{order:?}");
            assert_eq!(order.leaves_qty().contracts(), truth.leaves, "{order:?}");
            assert_eq!(!order.state().is_final(), truth.is_open, "{order:?}");
            if truth.is_open {
                assert_ne!(order.state(), OrderState::Unknown, "{order:?}");
                assert_eq!(order.cl_ord_id(), truth.cl_ord_id);
                assert_eq!(order.price().map(Price::dollars), Some(truth.price));
            }
            let in_doubt = order
                .pending_requests()
                .iter()
                .all(|request| request.doubt().is_some());
            assert!(in_doubt, "an answer is waited for that does not come: {order:?}");
        }
        for symbol in MARKETS {
            let position = self.tracker.position(symbol, AccountRef::default());
            let net = position.map_or(Quantity::ZERO, |position| position.net().unwrap());
            assert_eq!(net.contracts(), history.positions[symbol], "{symbol}");
        }
        let fees = self.tracker.positions().map(kalshi_fix::tracker::Position::fees);
        assert_eq!(Money::checked_sum(fees).unwrap().dollars(), history.fees);
    }
}

/// A report that drop copy and listeners have, and its number.
fn numbered(said: &Said) -> Option<(&ExecutionReport<'static>, ExecId)> {
    match said {
        Said::Report(report) if report.ord_status != fields::OrdStatus::Rejected => {
            Some((report, ExecId::parse(report.exec_id.as_bytes())?))
        }
        _ => None,
    }
}

fn numbered_at<'h>(said: &[&'h Said], which: usize) -> Option<(&'h ExecutionReport<'static>, ExecId)> {
    numbered(said[which])
}

fn play(history: &History, troubles: &[Trouble], resumes: [bool; 2]) -> Tally {
    let mut world = World::new(history, resumes);
    world.come_back(Feed::OrderEntry);
    let mut troubles = troubles.iter().copied().cycle();
    for step in &history.steps {
        for _ in 0..2 {
            world.act(troubles.next().expect("there is one"));
            world.check_honest();
        }
        match step {
            Step::Sent(request) => {
                // What is sent while the session is away is somebody else's, for the tracker.
                if world.line(Feed::OrderEntry).is_up {
                    world.number += 1;
                    let request: &Sent = request;
                    send(&mut world.tracker, world.number, request, &mut world.events);
                }
            }
            Step::Said(_) => world.say(),
        }
        world.check_honest();
    }
    world.end(history)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever becomes of the sessions, nothing looks known that is not; and once all is fetched, it is the truth.
    #[test]
    fn what_nobody_heard_is_known_to_be_missing(
        actions in actions(), options in options(), troubles in troubles(), resumes in any::<[bool; 2]>(),
    ) {
        play(&History::of(&actions, options), &troubles, resumes);
    }
}

/// The property is of outages in which each kind of thing happens.
#[test]
fn outages_have_something_in_them() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut total = Tally::default();
    for run in 0..60 {
        let actions = actions().new_tree(&mut runner).unwrap().current();
        let options = options().new_tree(&mut runner).unwrap().current();
        let history = History::of(&actions, options);
        let troubles = troubles().new_tree(&mut runner).unwrap().current();
        let tally = play(&history, &troubles, [run % 2 == 0, run % 3 == 0]);
        total.missed += tally.missed;
        total.fetched += tally.fetched;
        total.refused += tally.refused;
        total.resumed += tally.resumed;
        total.restarts += tally.restarts;
        total.unnoticed += tally.unnoticed;
    }
    println!("{total:?}");
    let Tally {
        missed,
        fetched,
        refused,
        resumed,
        restarts,
        unnoticed,
    } = total;
    assert!(
        missed > 200 && fetched > 100 && refused > 10 && resumed > 20 && restarts > 100 && unnoticed > 20,
        "{total:?}"
    );
}
