//! Why a message of an RFQ is not made.

use crate::orders::OrderError;

/// Why a message of an RFQ was not made. Nothing changed, and there is nothing to send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RfqError {
    /// A field's value is none that the venue takes.
    #[error(transparent)]
    Field(#[from] OrderError),
    /// An RFQ that is not known, or not any more.
    #[error("RFQ {rfq_id:?} is not known, or not any more")]
    UnknownRfq {
        /// The venue's id of it.
        rfq_id: String,
    },
    /// A quote that is not known, or not any more.
    #[error("quote {quote_id:?} is not known, or not any more")]
    UnknownQuote {
        /// Its id.
        quote_id: String,
    },
    /// An id that was given to another quote.
    #[error("quote {quote_id:?}: expected an id that no other quote has")]
    QuoteIdUsed {
        /// The id.
        quote_id: String,
    },
    /// Something that cannot be done in the state that things are in.
    #[error("cannot {action}: {what} is {state}, expected {expected}")]
    State {
        /// What was to be done.
        action: &'static str,
        /// To what.
        what: String,
        /// How it stands.
        state: &'static str,
        /// How it would have to stand.
        expected: &'static str,
    },
    /// More quotes of one RFQ under way than are kept track of.
    #[error("{most} quotes of RFQ {rfq_id:?} wait for the venue's answer: no more are kept track of")]
    TooManyQuotes {
        /// The venue's id of the RFQ.
        rfq_id: String,
        /// How many are.
        most: usize,
    },
}
