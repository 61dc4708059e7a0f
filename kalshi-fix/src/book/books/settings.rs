//! The bounds and the patience of a set of books.

use std::time::Duration;

/// How many books there may be, and how snapshots are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BooksSettings {
    /// The most markets that are followed at a time; 1,000 by default. The venue has a limit for a session, which it does
    /// not state.
    pub max_symbols: usize,
    /// The most symbols of one MarketDataRequest (V); 100 by default. A request that the venue refuses for its number of
    /// symbols is asked again in halves.
    pub symbols_per_request: usize,
    /// How long the venue may take for the snapshots of a request; 10 s by default.
    pub snapshot_timeout: Duration,
    /// How long to wait before a book that did not become or stay live is asked for again: twice as long each time, up
    /// to a minute; 1 s by default. The first request goes at once.
    pub retry_after: Duration,
}

impl Default for BooksSettings {
    fn default() -> BooksSettings {
        BooksSettings {
            max_symbols: 1_000,
            symbols_per_request: 100,
            snapshot_timeout: Duration::from_secs(10),
            retry_after: Duration::from_secs(1),
        }
    }
}

impl BooksSettings {
    /// How long to wait in front of a request, after so many of them for the same book.
    pub(super) fn delay(&self, attempts: u32) -> Duration {
        match attempts {
            0 => Duration::ZERO,
            more => LONGEST_DELAY.min(self.retry_after.saturating_mul(1 << (more - 1).min(16))),
        }
    }
}

/// However often a book failed, it is asked for again after a minute; and one that was live for as long has not failed.
pub(super) const LONGEST_DELAY: Duration = Duration::from_mins(1);
