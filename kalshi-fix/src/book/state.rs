//! Whether a book can be believed, and what makes it unbelievable.

use std::fmt;

use rust_decimal::Decimal;

use super::entry::Side;

/// What is known of a book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BookState {
    /// No snapshot has come yet: the book is empty because nothing is known.
    #[default]
    AwaitingSnapshot,
    /// A snapshot and all that followed it.
    Live,
    /// The book stands still as it was when something went wrong, and waits for a snapshot.
    Stale(StaleReason),
}

impl fmt::Display for BookState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BookState::AwaitingSnapshot => f.write_str("awaiting a snapshot"),
            BookState::Live => f.write_str("live"),
            BookState::Stale(reason) => write!(f, "stale: {reason}"),
        }
    }
}

/// Why a book cannot be believed. There is no sequence number for each book: nothing but a new snapshot helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StaleReason {
    /// The numbers of the session have a gap, or bytes came that were no message.
    #[error("messages may be missing")]
    Gap,
    /// The session lost its connection.
    #[error("the session is disconnected")]
    Disconnected,
    /// Messages were dropped on our side, unread.
    #[error("messages were dropped unread")]
    MessagesDropped,
    /// An update could not be taken.
    #[error("an update could not be taken: {0}")]
    BadUpdate(EntryFault),
    /// A snapshot could not be taken. The book is empty, since it was told to forget what it had.
    #[error("a snapshot could not be taken: {0}")]
    BadSnapshot(EntryFault),
    /// A message with the book's symbol could not be read.
    #[error("a message could not be read")]
    Unreadable,
}

impl StaleReason {
    /// Whether whole messages may be missing, rather than something of one.
    pub(super) const fn may_miss_messages(self) -> bool {
        matches!(
            self,
            StaleReason::Gap | StaleReason::Disconnected | StaleReason::MessagesDropped
        )
    }
}

/// Why an entry cannot be taken. Nothing is made up in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryFault {
    /// No readable MDEntryPx (270). A delete may lack it by the documentation, which does not say what it deletes then.
    #[error("MDEntryPx (270) is missing or cannot be read")]
    NoPrice,
    /// No readable MDEntrySize (271) on what is no delete.
    #[error("MDEntrySize (271) is missing or cannot be read")]
    NoSize,
    /// The price is negative, above a dollar on a prediction market, or too great to be one.
    #[error("MDEntryPx (270) is {0}: out of range")]
    PriceRange(Decimal),
    /// The price has more than four decimals.
    #[error("MDEntryPx (270) is {0}: at most 4 decimals are known")]
    PriceTooFine(Decimal),
    /// The size is negative, or too great to be one; that of a trade must not be zero either.
    #[error("MDEntrySize (271) is {0}: out of range")]
    SizeRange(Decimal),
    /// The size has more than four decimals.
    #[error("MDEntrySize (271) is {0}: at most 4 decimals are known")]
    SizeTooFine(Decimal),
    /// A snapshot has two levels at one price of a side.
    #[error("the snapshot has two {side} levels at {price}")]
    Twice {
        /// The side.
        side: Side,
        /// The price in dollars.
        price: Decimal,
    },
    /// A side would have more than [`MAX_LEVELS`](super::MAX_LEVELS) levels.
    #[error("more than {max} {side} levels", max = super::MAX_LEVELS)]
    TooManyLevels {
        /// The side.
        side: Side,
    },
    /// A level with an MDUpdateAction (279) that the venue does not document; or a trade that is not new.
    #[error("MDUpdateAction (279) is {:?}, which means nothing here", char::from(*.0))]
    Action(u8),
    /// An MDEntryType (269) that the venue does not document. It is none of the levels, which are bids or offers.
    #[error("MDEntryType (269) is {:?}, which means nothing here", char::from(*.0))]
    Type(u8),
}
