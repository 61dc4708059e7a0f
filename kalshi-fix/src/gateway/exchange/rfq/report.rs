//! What creators and makers are told.

use std::sync::Arc;

use super::super::market::Symbol;
use super::super::order::{ClOrdId, Origin, SessionId};
use super::super::units::{Price, Quantity};
use super::request::Combo;
use super::state::{QuoteSide, RfqId, RfqSize};

/// One thing that a creator or a maker is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RfqReport {
    /// The RFQ is open: QuoteRequestAck (b).
    Created {
        /// The creator.
        creator: Origin,
        /// The creator's id.
        client_id: Arc<str>,
        /// The exchange's id.
        rfq: RfqId,
        /// The market that the legs stand for, where there were legs.
        resolved: Option<Symbol>,
        /// The market's exchange index.
        exchange_index: u32,
    },
    /// The RFQ was refused: QuoteRequestReject (AG).
    Refused {
        /// The creator.
        creator: Origin,
        /// The creator's id.
        client_id: Arc<str>,
        /// Why.
        fault: RfqFault,
        /// What is wrong with the combination, where that is it.
        combo: Option<ComboFault>,
    },
    /// There is an RFQ: QuoteRequest (R) to makers.
    Announced(Announcement),
    /// An RFQ went away: QuoteRequestReject (AG) to makers.
    Gone {
        /// The makers' sessions.
        makers: Arc<[SessionId]>,
        /// The exchange's id.
        rfq: RfqId,
    },
    /// What became of an RFQ, because its creator asked or by itself: RFQCancelStatus (UB).
    Closed {
        /// The creator.
        creator: Origin,
        /// The creator's id, or whatever the request named.
        id: Arc<str>,
        /// The exchange's id, where there is such an RFQ.
        rfq: Option<RfqId>,
        /// How it ended, or why it did not.
        closing: RfqClosing,
    },
    /// A quote's state changed: QuoteStatusReport (AI) to its maker.
    Quote(QuoteReport),
    /// There is a quote: Quote (S) to the creator.
    Quoted(QuoteReport),
    /// A quote was refused: QuoteStatusReport (AI) to the maker.
    QuoteRefused {
        /// The maker.
        maker: Origin,
        /// The RFQ as the maker named it.
        rfq: Arc<str>,
        /// Why.
        fault: RfqFault,
    },
    /// The answer to a QuoteCancel (Z): QuoteCancelStatus (U9).
    QuoteCancelled {
        /// The maker.
        maker: Origin,
        /// The quote as the maker named it.
        quote: Arc<str>,
        /// Why it was not cancelled.
        fault: Option<RfqFault>,
    },
    /// The answer to a QuoteConfirm (U7): QuoteConfirmStatus (U8).
    Confirmed {
        /// The maker.
        maker: Origin,
        /// The quote as the maker named it.
        quote: Arc<str>,
        /// Why it was not confirmed.
        fault: Option<RfqFault>,
    },
    /// The answer to an AcceptQuote (UA): AcceptQuoteStatus (UC).
    Accepted {
        /// The creator.
        creator: Origin,
        /// The quote as the creator named it.
        quote: Arc<str>,
        /// The quote that was accepted, or why none was.
        accepted: Result<Arc<str>, RfqFault>,
        /// ClOrdID (11), where the acceptance had one.
        cl_ord_id: Option<ClOrdId>,
    },
}

/// An RFQ as makers see it.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// The makers' sessions.
    pub makers: Arc<[SessionId]>,
    /// The exchange's id.
    pub rfq: RfqId,
    /// The market.
    pub symbol: Symbol,
    /// How much.
    pub size: RfqSize,
    /// A pseudonym of the creator's.
    pub creator: Arc<str>,
    /// The combination that the market stands for.
    pub combo: Option<Combo>,
}

/// A quote, as its maker and the creator see it.
#[derive(Clone, Debug)]
pub struct QuoteReport {
    /// The maker.
    pub maker: Origin,
    /// The creator.
    pub creator: Origin,
    /// A pseudonym of the maker's.
    pub pseudonym: Arc<str>,
    /// QuoteID (117).
    pub quote: Arc<str>,
    /// The exchange's id of the RFQ.
    pub rfq: RfqId,
    /// The market.
    pub symbol: Symbol,
    /// The maker's bid for YES.
    pub bid: Option<Price>,
    /// The maker's bid for NO.
    pub offer: Option<Price>,
    /// How many contracts the bid for YES is for.
    pub bid_size: Quantity,
    /// How many contracts the bid for NO is for.
    pub offer_size: Quantity,
    /// The RFQ's size, where it was named in contracts.
    pub contracts: Option<Quantity>,
    /// The maker's subaccount, where the quote named one.
    pub subaccount: Option<u8>,
    /// The quote's state.
    pub state: QuoteState,
}

/// The state of a quote: QuoteStatus (297).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteState {
    /// It can be accepted.
    Pending,
    /// The creator accepted so much of this bid.
    Accepted(QuoteSide, Quantity),
    /// It is no more.
    Cancelled,
}

/// What became of an RFQ: RFQCancelStatus (21013).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RfqClosing {
    /// Its creator cancelled it.
    Cancelled,
    /// It could not be cancelled.
    Rejected(RfqFault),
    /// The exchange closed it.
    Expired,
}

/// Why something about an RFQ was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RfqFault {
    /// The exchange takes nothing.
    ExchangePaused,
    /// The exchange takes cancels only.
    TradingPaused,
    /// No such market, or no such collection of combinations.
    MarketNotFound,
    /// The market does not trade.
    MarketInactive,
    /// The market's outcome is known.
    MarketAlreadyClosed,
    /// The creator has an RFQ on this market.
    AlreadyExists,
    /// More RFQs, combinations or contracts than there may be.
    ExceedsLimit,
    /// The account cannot pay for it.
    InsufficientBalance,
    /// No customer has this PartyID.
    CustomerAccountNotFound,
    /// The customer is another member's.
    PermissionDenied,
    /// The legs do not make a combination.
    InvalidCombination,
    /// There is no such RFQ, or no more.
    Closed,
    /// A price off the market's grid, prices above a dollar together, no price at all, or a size that cannot be.
    InvalidParameters,
    /// A maker's quote for its own RFQ.
    OwnRequest,
    /// There is no such quote, or it belongs to another RFQ or to somebody else.
    QuoteNotFound,
    /// A quote of this id is live.
    QuoteAlreadyExists,
    /// The creator has accepted a quote.
    AlreadyAccepted,
    /// Nobody can withdraw any more.
    AlreadyConfirmed,
    /// The creator has not accepted the quote.
    NotAccepted,
    /// The ClOrdID was used before.
    OrderAlreadyExists,
    /// The exchange was told to refuse (a fault on demand).
    InternalError,
}

impl RfqFault {
    /// Text (58): the venue's where it gives one, else this exchange's own.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            RfqFault::ExchangePaused => "EXCHANGE_PAUSED",
            RfqFault::TradingPaused => "TRADING_PAUSED",
            RfqFault::MarketNotFound => "MARKET_NOT_FOUND",
            RfqFault::MarketInactive => "MARKET_INACTIVE",
            RfqFault::MarketAlreadyClosed => "MARKET_ALREADY_CLOSED",
            RfqFault::AlreadyExists => "RFQ already exists",
            RfqFault::ExceedsLimit => "RFQ_LIMIT_EXCEEDED",
            RfqFault::InsufficientBalance => "INSUFFICIENT_BALANCE",
            RfqFault::CustomerAccountNotFound => "CUSTOMER_ACCOUNT_NOT_FOUND",
            RfqFault::PermissionDenied => "PERMISSION_DENIED_FOR_CUSTOMER_ACCOUNT",
            RfqFault::InvalidCombination => "INVALID_COMBINATION",
            RfqFault::Closed => "RFQ_CLOSED",
            RfqFault::InvalidParameters => "invalid_parameters",
            RfqFault::OwnRequest => "OWN_RFQ",
            RfqFault::QuoteNotFound => "QUOTE_NOT_FOUND",
            RfqFault::QuoteAlreadyExists => "QUOTE_ALREADY_EXISTS",
            RfqFault::AlreadyAccepted => "QUOTE_ALREADY_ACCEPTED",
            RfqFault::AlreadyConfirmed => "QUOTE_ALREADY_CONFIRMED",
            RfqFault::NotAccepted => "QUOTE_NOT_ACCEPTED",
            RfqFault::OrderAlreadyExists => "ORDER_ALREADY_EXISTS",
            RfqFault::InternalError => "INTERNAL_ERROR",
        }
    }

    /// QuoteRequestRejectReason (658).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            RfqFault::MarketNotFound => 1,
            RfqFault::ExceedsLimit => 3,
            RfqFault::InsufficientBalance => 11,
            _ => 99,
        }
    }
}

/// What is wrong with a combination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComboFault {
    /// The kind of mistake.
    pub code: ComboFaultCode,
    /// The markets of the legs concerned.
    pub legs: Vec<Symbol>,
}

/// MVEValidationReasonCode (20187).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComboFaultCode {
    /// One market, both outcomes.
    ConflictingLegOutcomes,
    /// One outcome twice.
    DuplicatedLegs,
    /// A market that is not listed, a side that does not exist, or fewer than two legs.
    InvalidMarketCombination,
}

impl ComboFaultCode {
    /// The code's text.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            ComboFaultCode::ConflictingLegOutcomes => "conflicting_leg_outcomes",
            ComboFaultCode::DuplicatedLegs => "duplicated_legs",
            ComboFaultCode::InvalidMarketCombination => "invalid_market_combination",
        }
    }
}
