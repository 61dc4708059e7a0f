//! What a session was taken to bring alone, until it is known that it did.
//!
//! While one session is gone, the other one counts as bringing all reports. It may be dead itself, without a notice: one
//! failure of the network ends both, and the first may be back before the death of the second shows. So what a session
//! covered alone is kept in mind until it brings a report that is as far as any; where it is lost before that, all after the
//! last report that it brought counts as missed.

use super::Tracker;
use super::coverage::{Feed, Gap, IndexProgress, Source};
use super::exec_id::{ExecId, ExecPlace};

/// Something of each session that brings reports as they are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Live<T> {
    pub(super) order_entry: T,
    pub(super) listener: T,
}

impl<T> Live<T> {
    pub(super) fn of(&mut self, source: Source) -> Option<&mut T> {
        match source {
            Source::OrderEntry => Some(&mut self.order_entry),
            Source::Listener => Some(&mut self.listener),
            Source::DropCopy => None,
        }
    }
}

impl Live<bool> {
    fn both(self, other: Live<bool>) -> Live<bool> {
        Live {
            order_entry: self.order_entry && other.order_entry,
            listener: self.listener && other.listener,
        }
    }
}

/// Reports of an exchange index that one session was there for, and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alone {
    /// The highest report that is known whatever becomes of the session: of before, or brought by it or fetched since.
    pub(super) after: ExecPlace,
    /// Which sessions bring all of it again, if they resume.
    pub(super) by: Live<bool>,
}

impl IndexProgress {
    /// Keeps a gap: the first one and the last, and those between them in the first.
    pub(super) fn open(&mut self, gap: Gap) {
        let Some(first) = self.gap else {
            self.gap = Some(gap);
            return;
        };
        let Some(last) = self.last_gap else {
            let is_later = first.after <= gap.after;
            (self.gap, self.last_gap) = if is_later {
                (Some(first), Some(gap))
            } else {
                (Some(gap), Some(first))
            };
            return;
        };
        let mut all = [first, last, gap];
        all.sort_by_key(|gap| gap.after);
        let [first, between, last] = all;
        self.gap = Some(Gap {
            after: first.after,
            period: first.period.max(between.period),
            by: first.by.both(between.by),
        });
        self.last_gap = Some(last);
    }

    /// A session brings what it missed: the gaps that are in that are none.
    pub(super) fn close_by(&mut self, source: Source) {
        let stays = |gap: &mut Gap| gap.by.of(source).is_none_or(|brings| !*brings);
        self.gap = self.gap.filter(|gap| stays(&mut { *gap }));
        self.last_gap = self.last_gap.filter(|gap| stays(&mut { *gap }));
        if self.gap.is_none() {
            self.gap = self.last_gap.take();
        }
        for alone in [&mut self.alone.order_entry, &mut self.alone.listener] {
            alone.take_if(|alone| alone.by.of(source).is_some_and(|brings| *brings));
        }
    }

    /// A session is back, and brings nothing of what it missed.
    pub(super) fn never_by(&mut self, source: Source) {
        let alone = [&mut self.alone.order_entry, &mut self.alone.listener];
        let alone = alone.into_iter().flatten().map(|alone| &mut alone.by);
        let gaps = [&mut self.gap, &mut self.last_gap];
        let gaps = gaps.into_iter().flatten().map(|gap| &mut gap.by);
        for by in alone.chain(gaps) {
            if let Some(brings) = by.of(source) {
                *brings = false;
            }
        }
    }

    /// Whether a gap is open that ended this period or a later one.
    pub(super) fn is_open_since(&self, period: u64) -> bool {
        let mut gaps = self.gap.iter().chain(&self.last_gap);
        gaps.any(|gap| gap.period >= period)
    }
}

impl Tracker {
    /// Which sessions bring what is missed from now on, if they resume: those that are gone.
    pub(super) fn who_resumes(&self) -> Live<bool> {
        let is_down = |feed: Feed| matches!(feed, Feed::Down { .. });
        Live {
            order_entry: is_down(self.feeds.order_entry),
            listener: is_down(self.feeds.listener),
        }
    }

    /// The session that brings reports while no other does.
    pub(super) fn only_session(&self) -> Option<Source> {
        match (self.feeds.order_entry, self.feeds.listener) {
            (Feed::Up, Feed::Up) => None,
            (Feed::Up, _) => Some(Source::OrderEntry),
            (_, Feed::Up) => Some(Source::Listener),
            _ => None,
        }
    }

    /// Where only one session is there, what comes from now on is by it alone.
    pub(super) fn begin_alone(&mut self) {
        let Some(source) = self.only_session() else {
            return;
        };
        let mut by = self.who_resumes();
        by.of(source).into_iter().for_each(|brings| *brings = true);
        for index in &mut self.indexes {
            let after = index.high;
            if let Some(alone) = index.alone.of(source) {
                alone.get_or_insert(Alone { after, by });
            }
        }
    }

    /// A session has brought this report. `is_abreast` is whether none is known that is later.
    pub(super) fn heard(&mut self, source: Source, exec_id: ExecId, is_abreast: bool) {
        // What it says comes in order: it was alive when the other one was there again.
        if is_abreast && self.feeds.order_entry == Feed::Up && self.feeds.listener == Feed::Up {
            self.forget_alone(source);
            return;
        }
        let exchange_index = exec_id.exchange_index();
        let mut indexes = self.indexes.iter_mut();
        let index = indexes.find(|index| index.exchange_index == exchange_index);
        if let Some(alone) = index.and_then(|index| index.alone.of(source)?.as_mut()) {
            alone.after = alone.after.max(exec_id.place());
        }
    }

    /// Reports of an exchange index were fetched: all, or all after `begin`, up to this one. What a session was alone for is
    /// known that far, whatever becomes of it.
    pub(super) fn known_to(
        &mut self,
        exchange_index: u32,
        begin: Option<ExecPlace>,
        known: Option<ExecPlace>,
    ) {
        let Some(known) = known else {
            return;
        };
        let mut indexes = self.indexes.iter_mut();
        let Some(index) = indexes.find(|index| index.exchange_index == exchange_index) else {
            return;
        };
        let alone = [&mut index.alone.order_entry, &mut index.alone.listener];
        for alone in alone.into_iter().flatten() {
            if begin.is_none_or(|begin| begin <= alone.after) {
                alone.after = alone.after.max(known);
            }
        }
    }

    /// A session has brought all that it was alone for.
    pub(super) fn forget_alone(&mut self, source: Source) {
        for index in &mut self.indexes {
            index.alone.of(source).into_iter().for_each(|alone| *alone = None);
        }
    }

    /// What a session was alone for, and has not brought, counts as missed. `is_open` is whether a gap opens now in any case;
    /// `resumes` whether the session brings it, if it resumes. Whether anything was missed that is not in that gap.
    pub(super) fn miss_alone(&mut self, source: Source, is_open: bool, resumes: bool) -> bool {
        let (period, now) = (self.feeds.period, self.who_resumes());
        let mut missed = false;
        for index in &mut self.indexes {
            let Some(Alone { after, mut by }) = index.alone.of(source).and_then(Option::take) else {
                continue;
            };
            by.of(source).into_iter().for_each(|brings| *brings &= resumes);
            if is_open && after == index.high && by == now {
                continue;
            }
            index.open(Gap { after, period, by });
            missed = true;
        }
        missed
    }
}
