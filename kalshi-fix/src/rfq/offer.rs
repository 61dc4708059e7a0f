//! A maker's quote, as the creator of the RFQ sees it.

use crate::prediction::Quote;
use crate::units::{Price, Quantity};

/// One of the two contracts of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contract {
    /// Pays when it happens.
    Yes,
    /// Pays when it does not.
    No,
}

/// A quote that was announced to the creator: two bids of a maker's, either of which may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offer {
    /// The venue's `QuoteID (117)`, by which it is accepted.
    pub quote_id: String,
    /// The maker's pseudonym.
    pub maker: Option<String>,
    /// What the maker pays for YES, in dollars.
    pub yes_bid: Option<Price>,
    /// What the maker pays for NO, in dollars.
    pub no_bid: Option<Price>,
    /// For how many contracts: what the request named, or what its cost comes to.
    pub quantity: Option<Quantity>,
    /// How many contracts on the YES side.
    pub yes_size: Option<Quantity>,
    /// How many contracts on the NO side.
    pub no_size: Option<Quantity>,
}

impl Offer {
    /// What YES costs from this maker: the complement of its bid for NO.
    #[must_use]
    pub fn yes_ask(&self) -> Option<Price> {
        self.no_bid.and_then(Price::complement)
    }

    /// What NO costs from this maker: the complement of its bid for YES.
    #[must_use]
    pub fn no_ask(&self) -> Option<Price> {
        self.yes_bid.and_then(Price::complement)
    }

    /// The maker's bid that somebody takes who buys this contract: that for the other one.
    #[must_use]
    pub fn bid_taken_by_buying(&self, contract: Contract) -> Option<Price> {
        match contract {
            Contract::Yes => self.no_bid,
            Contract::No => self.yes_bid,
        }
    }

    /// Announcements are in dollars whatever the session's unit is. A price of zero is no bid.
    pub(super) fn of(quote: &Quote<'_>) -> Offer {
        let bid = |value: Option<_>| {
            value
                .map(Price::from_dollars)
                .filter(|price: &Price| price.is_positive())
        };
        let size = |value: Option<_>| value.map(Quantity::from_contracts);
        let parties = quote.party_ids.as_deref().unwrap_or_default();
        Offer {
            quote_id: quote.quote_id.to_string(),
            maker: parties
                .iter()
                .find_map(|party| party.party_id.as_ref())
                .map(ToString::to_string),
            yes_bid: bid(quote.bid_px),
            no_bid: bid(quote.offer_px),
            quantity: size(quote.order_qty),
            yes_size: size(quote.bid_size),
            no_size: size(quote.offer_size),
        }
    }
}
