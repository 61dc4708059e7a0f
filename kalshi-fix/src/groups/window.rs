//! The contracts of the last 15 seconds.

use std::collections::VecDeque;

use fix_dialect::Timestamp;

use crate::units::Quantity;

/// Contracts filled in the last 15 seconds, in steps of a tenth of a second: what was filled counts for up to a step longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// By the step, in order.
    steps: VecDeque<(i64, Quantity)>,
}

impl Window {
    /// Counts contracts. A sum that could not be exact stays where it was: it is beyond every limit by then.
    pub(super) fn add(&mut self, now: Timestamp, quantity: Quantity) {
        self.expire(now);
        let step = step(now);
        match self.steps.back_mut() {
            // A clock that goes back does not make the past longer.
            Some((last, sum)) if *last >= step => *sum = sum.checked_add(quantity).unwrap_or(*sum),
            _ => self.steps.push_back((step, quantity)),
        }
    }

    /// What counts now. `None` where the sum cannot be exact: it is beyond every limit.
    pub(super) fn sum(&self, now: Timestamp) -> Option<Quantity> {
        let oldest = oldest(now);
        let counted = self.steps.iter().filter(|(step, _)| *step >= oldest);
        Quantity::checked_sum(counted.map(|(_, quantity)| *quantity))
    }

    pub(super) fn clear(&mut self) {
        self.steps.clear();
    }

    fn expire(&mut self, now: Timestamp) {
        let oldest = oldest(now);
        while self.steps.front().is_some_and(|(step, _)| *step < oldest) {
            self.steps.pop_front();
        }
    }
}

fn step(at: Timestamp) -> i64 {
    at.unix_nanos().div_euclid(STEP)
}

fn oldest(now: Timestamp) -> i64 {
    step(now) - SECONDS * 1_000_000_000 / STEP
}

const STEP: i64 = 100_000_000;
/// How long a fill counts.
const SECONDS: i64 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_nanos(millis * 1_000_000)
    }

    #[track_caller]
    fn check(window: &Window, millis: i64, expected: i64) {
        assert_eq!(
            window.sum(at(millis)),
            Some(Quantity::from_whole(expected)),
            "at {millis}"
        );
    }

    #[test]
    fn fills_count_for_fifteen_seconds() {
        let mut window = Window::default();
        window.add(at(1_000), Quantity::from_whole(5));
        window.add(at(1_020), Quantity::from_whole(1));
        window.add(at(9_000), Quantity::from_whole(2));
        check(&window, 9_000, 8);
        check(&window, 16_000, 8);
        check(&window, 16_100, 2);
        check(&window, 24_100, 0);
        window.add(at(30_000), Quantity::from_whole(4));
        assert_eq!(window.steps.len(), 1);
        // Back in time.
        window.add(at(20_000), Quantity::from_whole(1));
        check(&window, 30_000, 5);
        window.clear();
        check(&window, 30_000, 0);
    }

    #[test]
    fn it_keeps_a_bounded_number_of_steps() {
        let mut window = Window::default();
        for millis in 0..60_000 {
            window.add(at(millis), Quantity::from_whole(1));
            assert!(window.steps.len() <= 151);
        }
        check(&window, 59_999, 15_100);
    }
}
