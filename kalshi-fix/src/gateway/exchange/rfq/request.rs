//! What creators and makers ask for.

use std::sync::Arc;

use super::super::market::Symbol;
use super::super::order::{ClOrdId, Party, Side};
use super::super::units::{Price, Quantity};
use super::state::RfqSize;

/// A request of a creator's or a maker's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RfqRequest {
    /// QuoteRequest (R) of a creator's.
    Create(NewRfq),
    /// RFQCancel (UE): by the creator's id, or by the exchange's.
    Cancel {
        /// QuoteReqID (131).
        client_id: Option<Arc<str>>,
        /// RfqId (21023).
        rfq: Option<Arc<str>>,
    },
    /// Quote (S) of a maker's.
    Quote(NewQuote),
    /// QuoteCancel (Z).
    CancelQuote {
        /// QuoteID (117).
        quote: Arc<str>,
        /// RfqId (21023): the RFQ that the quote must belong to.
        rfq: Option<Arc<str>>,
    },
    /// AcceptQuote (UA).
    Accept(Acceptance),
    /// QuoteConfirm (U7).
    Confirm {
        /// QuoteID (117).
        quote: Arc<str>,
        /// RfqId (21023): the RFQ that the quote must belong to.
        rfq: Option<Arc<str>>,
    },
}

/// A new RFQ.
#[derive(Clone, Debug)]
pub struct NewRfq {
    /// QuoteReqID (131), the creator's.
    pub client_id: Arc<str>,
    /// The market, or the legs of a combination.
    pub market: Result<Symbol, Combo>,
    /// How much.
    pub size: RfqSize,
    /// RestRemainder (21015): what the creator does not take of the quote rests in the book.
    pub rest_remainder: bool,
    /// ReplaceExisting (21016): older RFQs on the market are closed, all but the newest.
    pub replace_existing: bool,
    /// The subaccount that pays.
    pub subaccount: Option<u8>,
    /// The customer that pays.
    pub party: Option<Party>,
}

/// A combination of outcomes, which is a market of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combo {
    /// MultivariateCollectionTicker (20180).
    pub collection: Arc<str>,
    /// What has to come about.
    pub legs: Vec<Leg>,
}

/// One outcome of a combination.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leg {
    /// MultivariateSelectedEventTicker (20182).
    pub event: Arc<str>,
    /// MultivariateSelectedMarketTicker (20183).
    pub market: Symbol,
    /// MultivariateSelectedSide (20184): `yes` or `no`.
    pub side: Arc<str>,
}

/// A quote for an RFQ, always for its full size.
#[derive(Clone, Debug)]
pub struct NewQuote {
    /// QuoteID (117), the maker's.
    pub id: Arc<str>,
    /// QuoteReqID (131): the exchange's id of the RFQ.
    pub rfq: Arc<str>,
    /// The market.
    pub symbol: Symbol,
    /// What the maker pays for YES; nothing where it does not want it.
    pub bid: Option<Price>,
    /// What the maker pays for NO; nothing where it does not want it.
    pub offer: Option<Price>,
    /// Its order must not take from the book.
    pub post_only: bool,
    /// RestRemainder (21015): the creator may accept a part.
    pub partial: bool,
    /// The subaccount that pays.
    pub subaccount: Option<u8>,
}

/// The acceptance of a quote.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// QuoteID (117).
    pub quote: Arc<str>,
    /// RfqId (21023): the RFQ that the quote must belong to.
    pub rfq: Option<Arc<str>>,
    /// What the creator does: a buyer takes the maker's bid for NO, a seller its bid for YES.
    pub side: Side,
    /// How much; the full size where it is not said.
    pub quantity: Option<Quantity>,
    /// ClOrdID (11) of the creator's order; the exchange's id of the RFQ where it has none.
    pub cl_ord_id: Option<ClOrdId>,
    /// PreferBetterQuote (21022): the best quote there is will do.
    pub prefer_better: bool,
}
