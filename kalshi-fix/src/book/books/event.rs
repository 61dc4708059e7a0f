//! What a set of books tells.

use std::sync::Arc;

use crate::book::state::{EntryFault, StaleReason};
use crate::book::status::{Refusal, Trade, TradingStatus};

/// Something that happened to a book, or that market data told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BookEvent {
    /// A snapshot is in the book, which is live.
    Snapshot {
        /// The market.
        symbol: Arc<str>,
        /// Its price levels. None: the book is empty, or the venue does not know the market, which it does not tell
        /// apart.
        levels: usize,
        /// At how many levels the book differed, if it was live before. That should never happen.
        differences: usize,
    },
    /// A message has changed levels of a live book.
    Changed {
        /// The market.
        symbol: Arc<str>,
        /// How many entries of the message were levels of this book.
        levels: usize,
        /// Whether the best price of a side, or the size there, has changed on the way.
        best: bool,
    },
    /// A trade.
    Trade(Trade),
    /// A market's trading status has changed; prediction only. It is not known any more once messages may be missing, which
    /// is told for all markets at once: by the session, and by [`Stale`](BookEvent::Stale) of the live books.
    Status {
        /// The market.
        symbol: Arc<str>,
        /// What it is now.
        status: TradingStatus,
    },
    /// A live book cannot be believed any more. A snapshot is asked for by itself.
    Stale {
        /// The market.
        symbol: Arc<str>,
        /// Why.
        reason: StaleReason,
    },
    /// An entry could not be taken. If it was of a level, [`Stale`](BookEvent::Stale) follows.
    Fault {
        /// The market.
        symbol: Arc<str>,
        /// What is wrong.
        fault: EntryFault,
    },
    /// The venue does not send this market, and it is not asked for again on this connection.
    Refused {
        /// The market.
        symbol: Arc<str>,
        /// Why.
        reason: Refusal,
        /// The venue's text.
        text: Arc<str>,
    },
    /// The venue has refused a request. What it was for is asked for again later, or in smaller numbers; or it is not
    /// known what it was for.
    RequestRefused {
        /// Why.
        reason: Refusal,
        /// The venue's text.
        text: Arc<str>,
        /// How many markets will be asked for again.
        retried: usize,
    },
    /// No snapshot came in time. It is asked for again.
    Unanswered {
        /// The market.
        symbol: Arc<str>,
        /// How often it was asked for in a row.
        attempts: u32,
    },
}
