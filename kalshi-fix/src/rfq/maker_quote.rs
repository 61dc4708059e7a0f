//! A quote of ours, from the maker's side.

use std::time::Duration;

use super::offer::Contract;
use crate::environment::Product;
use crate::orders::{Account, OrderError, check};
use crate::prediction::{Quote, fields};
use crate::ticks::TickGrid;
use crate::units::{Price, PriceField, PriceUnits};

/// What a maker bids: for YES, for NO, or for both; always for the whole size of the RFQ. Prices are dollars.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a quote is sent as the message that it makes"]
pub struct QuoteTerms {
    yes_bid: Option<Price>,
    no_bid: Option<Price>,
    post_only: bool,
    rest_remainder: Option<bool>,
    subaccount: Option<u8>,
    grid: Option<TickGrid>,
}

impl QuoteTerms {
    /// Bids for both sides, which together must not exceed a dollar. To make a market of `bid` and `ask` in YES terms, the
    /// bid for NO is a dollar less the ask.
    pub fn both(yes_bid: Price, no_bid: Price) -> QuoteTerms {
        QuoteTerms::new(Some(yes_bid), Some(no_bid))
    }

    /// A bid for YES alone.
    pub fn yes_only(bid: Price) -> QuoteTerms {
        QuoteTerms::new(Some(bid), None)
    }

    /// A bid for NO alone.
    pub fn no_only(bid: Price) -> QuoteTerms {
        QuoteTerms::new(None, Some(bid))
    }

    fn new(yes_bid: Option<Price>, no_bid: Option<Price>) -> QuoteTerms {
        QuoteTerms {
            yes_bid,
            no_bid,
            post_only: false,
            rest_remainder: None,
            subaccount: None,
            grid: None,
        }
    }

    /// Only as a maker: `ExecInst (18) = 6`.
    pub fn post_only(mut self) -> Self {
        self.post_only = true;
        self
    }

    /// Whether it may be filled in parts: `RestRemainder (21015)`.
    pub fn rest_remainder(mut self, on: bool) -> Self {
        self.rest_remainder = Some(on);
        self
    }

    /// For a subaccount, 0 to 63.
    pub fn subaccount(mut self, number: u8) -> Self {
        self.subaccount = Some(number);
        self
    }

    /// Checks both prices against this grid of the market too.
    pub fn on_grid(mut self, grid: &TickGrid) -> Self {
        self.grid = Some(grid.clone());
        self
    }

    /// The message, in the unit of the session.
    pub(super) fn message(
        &self,
        units: PriceUnits,
        quote_id: &str,
        rfq_id: &str,
        symbol: &str,
    ) -> Result<Quote<'static>, OrderError> {
        check::identifier(check::QUOTE_ID, quote_id)?;
        let wire = |name, field, price: Option<Price>| {
            price
                .map(|price| check::price_of(name, field, units, self.grid.as_ref(), price))
                .transpose()
        };
        let bid_px = wire(BID_PX, PriceField::MakerBidPx, self.yes_bid)?;
        let offer_px = wire(OFFER_PX, PriceField::MakerOfferPx, self.no_bid)?;
        if let (Some(yes), Some(no)) = (self.yes_bid, self.no_bid)
            && yes.checked_add(no).is_none_or(|sum| sum > Price::ONE_DOLLAR)
        {
            return Err(OrderError::Conflict {
                field: OFFER_PX,
                value: no.to_string(),
                other: format!("{BID_PX} {yes}"),
                expected: "bids for NO and for YES of at most 1 dollar together",
            });
        }
        if let Some(number) = self.subaccount {
            check::account(Product::Prediction, &Account::Subaccount(number))?;
        }
        Ok(Quote {
            bid_px,
            offer_px,
            exec_inst: self.post_only.then(|| fields::ExecInst::PostOnly.into()),
            alloc_account: self.subaccount.map(i64::from),
            rest_remainder: self.rest_remainder.map(super::request::yes_or_no_rest),
            ..Quote::new(quote_id.to_owned(), rfq_id.to_owned(), symbol.to_owned())
        })
    }
}

/// A quote of ours, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MakerQuote {
    /// Our id of it.
    pub quote_id: String,
    /// What we pay for YES, in dollars.
    pub yes_bid: Option<Price>,
    /// What we pay for NO, in dollars.
    pub no_bid: Option<Price>,
    /// How it stands.
    pub state: QuoteState,
    /// Whether a later quote of ours takes its place, or has taken it.
    pub is_replaced: bool,
    /// How it stood before the message of ours that is under way, and stands again if that is refused.
    pub(super) before: QuoteState,
}

impl MakerQuote {
    pub(super) fn sent(quote_id: &str, terms: &QuoteTerms) -> MakerQuote {
        MakerQuote {
            quote_id: quote_id.to_owned(),
            yes_bid: terms.yes_bid,
            no_bid: terms.no_bid,
            state: QuoteState::Sent,
            is_replaced: false,
            before: QuoteState::Sent,
        }
    }

    /// A message of ours about it is under way.
    pub(super) fn turn(&mut self, state: QuoteState) {
        self.before = std::mem::replace(&mut self.state, state);
    }

    /// Whether the venue has yet to say if it takes the quote, whatever was asked for since.
    pub(super) fn is_unanswered(&self) -> bool {
        match self.state {
            QuoteState::Sent => true,
            QuoteState::Canceling => self.before == QuoteState::Sent,
            _ => false,
        }
    }
}

/// How a quote of ours stands.
///
/// ```text
///        AI pending          AI accepted             U7              U8
/// Sent ─────────────► Live ──────────────► Accepted ────► Confirming ────► Confirmed ──► (orders)
///   │ AI rejected      │  Z                  │ too late       │ U8 refused
///   ▼                  ▼                     ▼                ▼
/// (gone)           Canceling ── AI or U9 ─► (gone)          (gone)
/// ```
///
/// What is sent or accepted can be canceled too. A cancellation that is refused leaves the quote as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuoteState {
    /// Sent, and not answered.
    Sent,
    /// The venue has announced it to the creator.
    Live,
    /// Its cancellation was sent, and neither of its two answers has come. The quote itself may not be answered either.
    Canceling,
    /// The creator accepted it: it has to be confirmed before the deadline.
    Accepted {
        /// Which of our bids was accepted, if the venue said so: which contract we buy.
        contract: Option<Contract>,
        /// Until when it can be confirmed.
        confirm_by: Duration,
    },
    /// Its confirmation was sent: nobody can withdraw any more.
    Confirming {
        /// When the answer to it is overdue.
        answer_by: Duration,
    },
    /// It is confirmed: orders are placed when the execution timer ends.
    Confirmed {
        /// When that is.
        executes_at: Duration,
    },
}

impl QuoteState {
    pub(super) const fn name(self) -> &'static str {
        match self {
            QuoteState::Sent => "sent",
            QuoteState::Live => "live",
            QuoteState::Canceling => "being canceled",
            QuoteState::Accepted { .. } => "accepted",
            QuoteState::Confirming { .. } => "being confirmed",
            QuoteState::Confirmed { .. } => "confirmed",
        }
    }

    /// Whether somebody is bound by it.
    pub(super) const fn is_accepted(self) -> bool {
        matches!(
            self,
            QuoteState::Accepted { .. } | QuoteState::Confirming { .. } | QuoteState::Confirmed { .. }
        )
    }
}

const BID_PX: &str = "BidPx (132)";
const OFFER_PX: &str = "OfferPx (133)";
