//! What a maker is told.

use std::time::Duration;

use super::offer::Contract;
use super::request::Leg;
use crate::prediction::QuoteRequest;
use crate::units::{Money, Quantity};

/// A request that somebody makes, as makers are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownRequest {
    /// The venue's id: `QuoteReqID (131)`.
    pub rfq_id: String,
    /// The market.
    pub symbol: String,
    /// For how many contracts.
    pub quantity: Option<Quantity>,
    /// For how many dollars, where the creator said that.
    pub cost: Option<Money>,
    /// The creator's pseudonym.
    pub creator: Option<String>,
    /// The collection of a combination.
    pub collection: Option<String>,
    /// The legs of a combination.
    pub legs: Vec<Leg>,
}

/// What happened to requests and to our quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MakerEvent {
    /// Somebody asks for quotes.
    Requested(KnownRequest),
    /// A request that cannot be quoted: it names no market, not exactly one entry, or a side that is not known; or so many
    /// others have quotes of ours that there is no room for it.
    Ignored {
        /// The venue's id of it.
        rfq_id: String,
    },
    /// An older request was forgotten, so that there is room for newer ones.
    Forgotten {
        /// The venue's id of it.
        rfq_id: String,
    },
    /// A request went away. Quotes of ours that are accepted go on; the others are gone.
    RequestGone {
        /// The venue's id of it.
        rfq_id: String,
        /// Why, in the venue's words.
        text: String,
    },
    /// The venue has announced our quote.
    Live {
        /// Our id of it.
        quote_id: String,
    },
    /// The venue refused our quote. One that it was to replace may stand, or not: the venue's report of that one tells.
    Rejected {
        /// Our id of it.
        quote_id: String,
        /// Why, in the venue's words.
        text: Option<String>,
    },
    /// The creator accepted our quote: confirm it in time, or let it lapse.
    Accepted {
        /// Our id of it.
        quote_id: String,
        /// Which of our bids: the contract that we would buy. `None`: the venue did not say, as it should have.
        contract: Option<Contract>,
        /// For how many contracts, as far as the venue told.
        quantity: Option<Quantity>,
        /// Until when it can be confirmed.
        confirm_by: Duration,
    },
    /// The time to confirm has passed: the quote is void.
    Lapsed {
        /// Our id of it.
        quote_id: String,
    },
    /// The venue has our confirmation: orders are placed when the execution timer ends, and reports of them follow on the
    /// sessions for orders.
    Confirmed {
        /// Our id of it.
        quote_id: String,
        /// When that is.
        executes_at: Duration,
    },
    /// The venue refused our confirmation: the quote is void.
    ConfirmationRefused {
        /// Our id of it.
        quote_id: String,
        /// Why, in the venue's words.
        text: Option<String>,
    },
    /// The answer to our confirmation has not come, so that nobody knows whether the quote is executed: its trades, if
    /// there are any, show on the sessions for orders.
    ConfirmationUnanswered {
        /// Our id of it.
        quote_id: String,
    },
    /// The execution timer has ended: the orders of the quote are placed about now.
    Executing {
        /// Our id of it.
        quote_id: String,
    },
    /// Our quote is canceled. The venue's two answers to a cancellation are this one event, whichever comes first.
    Canceled {
        /// Our id of it.
        quote_id: String,
        /// Whether we asked for it, rather than the venue doing so: for a newer quote of ours, or since the request ended.
        was_asked_for: bool,
    },
    /// The cancellation was refused: the quote stands as it did.
    CancelRefused {
        /// Our id of it.
        quote_id: String,
        /// Why, in the venue's words.
        text: Option<String>,
    },
}

impl KnownRequest {
    /// `None`: it names no market, not exactly one entry, or a side that is not known.
    pub(super) fn of(request: &QuoteRequest<'_>) -> Option<KnownRequest> {
        let [entry] = &request.related_sym[..] else {
            return None;
        };
        let parties = entry.party_ids.as_deref().unwrap_or_default();
        let legs = request.multivariate_selected_legs.iter().flatten();
        Some(KnownRequest {
            rfq_id: request.quote_req_id.to_string(),
            symbol: entry.symbol.as_ref()?.to_string(),
            quantity: entry.order_qty.map(Quantity::from_contracts),
            cost: entry.cash_order_qty.map(Money::from_dollars),
            creator: parties
                .iter()
                .find_map(|party| party.party_id.as_ref())
                .map(ToString::to_string),
            collection: request
                .multivariate_collection_ticker
                .as_ref()
                .map(ToString::to_string),
            legs: legs.map(Leg::of_group).collect::<Option<_>>()?,
        })
    }
}
