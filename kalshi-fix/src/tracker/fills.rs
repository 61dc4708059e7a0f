//! Which fills have been counted: what makes an at-least-once feed count exactly once.
//!
//! For each exchange index there is a window of the fills that were counted, ordered by ExecID (17), and a watermark below it.
//! A fill in the window is known; one above the watermark that is not in the window is new. When the window is full, its
//! lowest fill becomes the watermark. Of a fill at or below the watermark that is not in the window nothing is known any
//! more: it is [`Outside`](Seen::Outside), and whoever asks must say so rather than count it or drop it.

use std::collections::VecDeque;

use super::exec_id::{ExecId, ExecPlace};

/// What is known of a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It was not counted before, and is remembered now.
    New,
    /// It was counted before.
    Before,
    /// Its number was counted before, with another content.
    Conflict,
    /// It is older than what is remembered.
    Outside,
    /// One more exchange index than is remembered.
    NoRoom,
}

/// The fills of all exchange indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FillMemory {
    windows: Vec<Window>,
    capacity: usize,
}

/// The fills of one exchange index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) exchange_index: u32,
    pub(super) watermark: Option<ExecPlace>,
    pub(super) fills: VecDeque<(ExecPlace, u64)>,
}

impl FillMemory {
    /// Remembers this many fills of each index, at least one.
    pub(super) fn new(capacity: usize) -> FillMemory {
        FillMemory {
            windows: Vec::new(),
            capacity: capacity.max(1),
        }
    }

    /// What is known of a fill, without remembering it.
    pub(super) fn look(&self, exec_id: ExecId, content: u64) -> Seen {
        let Some(window) = self
            .windows
            .iter()
            .find(|window| window.exchange_index == exec_id.exchange_index())
        else {
            return if self.windows.len() < MAX_EXCHANGE_INDEXES {
                Seen::New
            } else {
                Seen::NoRoom
            };
        };
        window.look(exec_id.place(), content)
    }

    /// Remembers a fill of which [`look`](FillMemory::look) said that it is new.
    pub(super) fn add(&mut self, exec_id: ExecId, content: u64) {
        let index = exec_id.exchange_index();
        let at = match self
            .windows
            .binary_search_by_key(&index, |window| window.exchange_index)
        {
            Ok(at) => at,
            Err(at) => {
                let window = Window {
                    exchange_index: index,
                    watermark: None,
                    fills: VecDeque::new(),
                };
                self.windows.insert(at, window);
                at
            }
        };
        self.windows[at].add(exec_id.place(), content, self.capacity);
    }

    /// The highest fill that is no longer remembered, of an index.
    pub(super) fn watermark(&self, exchange_index: u32) -> Option<ExecPlace> {
        self.windows
            .iter()
            .find(|window| window.exchange_index == exchange_index)?
            .watermark
    }

    pub(super) fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// The windows of a snapshot; `None` where they are not in order or too large.
    pub(super) fn restore(capacity: usize, windows: Vec<Window>) -> Option<FillMemory> {
        let memory = FillMemory {
            windows,
            capacity: capacity.max(1),
        };
        let sorted = memory
            .windows
            .is_sorted_by(|a, b| a.exchange_index < b.exchange_index);
        (sorted
            && memory.windows.len() <= MAX_EXCHANGE_INDEXES
            && memory.windows.iter().all(Window::is_sound))
        .then(|| memory.shrunk())
    }

    /// A memory that was kept with another capacity.
    fn shrunk(mut self) -> FillMemory {
        for window in &mut self.windows {
            window.shrink(self.capacity);
        }
        self
    }
}

impl Window {
    fn look(&self, place: ExecPlace, content: u64) -> Seen {
        // Reports mostly come in order.
        if self.fills.back().is_none_or(|(last, _)| *last < place) && self.watermark < Some(place) {
            return Seen::New;
        }
        match self.fills.binary_search_by_key(&place, |(place, _)| *place) {
            Ok(at) if self.fills[at].1 == content => Seen::Before,
            Ok(_) => Seen::Conflict,
            Err(_) if self.watermark >= Some(place) => Seen::Outside,
            Err(_) => Seen::New,
        }
    }

    fn add(&mut self, place: ExecPlace, content: u64, capacity: usize) {
        if self.fills.back().is_none_or(|(last, _)| *last < place) {
            self.fills.push_back((place, content));
        } else if let Err(at) = self.fills.binary_search_by_key(&place, |(place, _)| *place) {
            self.fills.insert(at, (place, content));
        }
        self.shrink(capacity);
    }

    fn shrink(&mut self, capacity: usize) {
        while self.fills.len() > capacity {
            let lowest = self.fills.pop_front().map(|(place, _)| place);
            self.watermark = self.watermark.max(lowest);
        }
    }

    fn is_sound(&self) -> bool {
        let sorted = self.fills.iter().is_sorted_by(|(a, _), (b, _)| a < b);
        sorted
            && self
                .fills
                .front()
                .is_none_or(|(lowest, _)| self.watermark < Some(*lowest))
    }
}

/// More exchange indexes than this are not taken for what they claim to be: the venue has a handful.
pub(super) const MAX_EXCHANGE_INDEXES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn id(clock: u64) -> ExecId {
        ExecId::new(0, clock, 1)
    }

    /// Offers fills by their clocks, with what each is to be taken for.
    #[track_caller]
    fn check(capacity: usize, offers: &[(u64, Seen)]) {
        let mut memory = FillMemory::new(capacity);
        for (at, &(clock, expected)) in offers.iter().enumerate() {
            let seen = memory.look(id(clock), clock);
            assert_eq!(seen, expected, "offer {at} of {clock}");
            if seen == Seen::New {
                memory.add(id(clock), clock);
            }
            assert!(memory.windows().iter().all(Window::is_sound));
            assert!(
                memory
                    .windows()
                    .iter()
                    .all(|window| window.fills.len() <= capacity)
            );
        }
    }

    #[test]
    fn each_fill_is_new_once_in_any_order() {
        use Seen::{Before, New};
        check(
            8,
            &[
                (1, New),
                (2, New),
                (2, Before),
                (1, Before),
                (9, New),
                (5, New),
                (5, Before),
                (9, Before),
            ],
        );
    }

    #[test]
    fn what_has_left_the_window_is_neither_new_nor_known() {
        use Seen::{Before, New, Outside};
        check(
            2,
            &[
                (1, New),
                (2, New),
                (3, New),
                (1, Outside),
                (2, Before),
                (0, Outside),
            ],
        );
        // A late one pushes itself out at once, and raises the mark to where it was.
        check(
            2,
            &[
                (5, New),
                (7, New),
                (6, New),
                (5, Outside),
                (6, Before),
                (4, Outside),
            ],
        );
        check(
            2,
            &[(5, New), (7, New), (3, New), (3, Outside), (4, New), (4, Outside)],
        );
    }

    #[test]
    fn a_number_with_another_content_is_a_conflict() {
        let mut memory = FillMemory::new(4);
        memory.add(id(1), 10);
        assert_eq!(memory.look(id(1), 11), Seen::Conflict);
    }

    #[test]
    fn indexes_are_apart_and_bounded() {
        let mut memory = FillMemory::new(4);
        for index in 0..MAX_EXCHANGE_INDEXES as u32 {
            let exec_id = ExecId::new(index, 1, 1);
            assert_eq!(memory.look(exec_id, 1), Seen::New);
            memory.add(exec_id, 1);
        }
        assert_eq!(memory.look(ExecId::new(u32::MAX, 1, 1), 1), Seen::NoRoom);
        assert_eq!(memory.look(ExecId::new(7, 1, 1), 1), Seen::Before);
        assert_eq!(memory.look(ExecId::new(7, 2, 1), 1), Seen::New);
    }
}
