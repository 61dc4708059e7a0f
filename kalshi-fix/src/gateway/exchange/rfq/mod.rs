//! Requests for quote: a creator asks, makers quote, the creator accepts, the maker confirms, and both orders reach the book.
//!
//! A quote is two bids, one for YES (`bid`) and one for NO (`offer`); what it offers to the creator are the other sides of
//! both, at a dollar less. An accepted quote is to be confirmed within [`CONFIRMATION`] seconds, or is void; after that
//! nobody can withdraw, and when [`EXECUTION`] seconds are over the maker's order is entered, then the creator's, which is
//! immediate-or-cancel. Whatever else is in the book takes part, by price and time. Markets of high volatility, which all
//! combinations are, have 3 seconds and 1 instead of 30 and 15.
//!
//! Where the venue does not say: an RFQ that nobody closes expires after
//! [`Rules::rfq_lifetime`](super::Rules::rfq_lifetime) seconds; its creator is not told when an accepted quote was not confirmed,
//! and may accept another then; a cash amount is what the creator spends, a dollar less the quote's price a contract.

mod accept;
mod create;
mod quote;
mod report;
mod request;
mod state;

pub use report::{
    Announcement, ComboFault, ComboFaultCode, QuoteReport, QuoteState, RfqClosing, RfqFault, RfqReport,
};
pub use request::{Acceptance, Combo, Leg, NewQuote, NewRfq, RfqRequest};
pub(super) use state::Rfqs;
pub use state::{QuoteSide, RfqId, RfqSize};

/// Seconds in which an accepted quote is to be confirmed, and on markets of high volatility.
pub const CONFIRMATION: (i64, i64) = (30, 3);
/// Seconds between a confirmation and the execution, and on markets of high volatility.
pub const EXECUTION: (i64, i64) = (15, 1);
