//! Requests for quotes on prediction markets, from both sides.
//!
//! A *creator* (on `KalshiRT`) asks for quotes on a market, or on a combination of legs, gets the makers' quotes, and
//! accepts one; a *maker* (on `KalshiRFQ`) hears of every request, quotes, and confirms what was accepted. Here each side is
//! a state machine that reads no clock and sends nothing: messages of the venue go in, messages to send and events come
//! out, deadlines are data.
//!
//! - [`RequestForQuote`] is what a creator asks, [`CreatedRfq`] what becomes of it.
//! - [`RfqMaker`] is the maker's side of all requests.
//!
//! A quote is two *bids*: one for YES, and one for NO. Who buys YES from a maker takes its NO bid, and pays the complement.
//!
//! ```
//! use std::time::Duration;
//!
//! use kalshi_fix::environment::Product;
//! use kalshi_fix::prediction::{Message, QuoteRequest, QuoteStatusReport, fields, groups};
//! use kalshi_fix::rfq::{Contract, MakerEvent, QuoteTerms, RfqMaker};
//! use kalshi_fix::units::{PriceUnit, PriceUnits};
//!
//! let mut maker = RfqMaker::new(PriceUnits::new(Product::Prediction, PriceUnit::Dollars));
//! let now = Duration::ZERO;
//!
//! let entry = groups::QuoteRequestSymbol {
//!     symbol: Some("HIGHNY-23DEC31".into()),
//!     order_qty: Some("100".parse()?),
//!     ..groups::QuoteRequestSymbol::new()
//! };
//! maker.handle(now, &Message::QuoteRequest(QuoteRequest::new("rfq-1", vec![entry])));
//!
//! let terms = QuoteTerms::both("0.45".parse()?, "0.53".parse()?); // bids: 45 cents for YES, 53 for NO
//! let quote = maker.quote("rfq-1", "quote-1", &terms)?; // to be sent
//! assert_eq!(quote.offer_px, Some("0.53".parse()?));
//!
//! let accepted = QuoteStatusReport {
//!     side: Some(fields::Side::Buy), // in this message: the YES bid
//!     ..QuoteStatusReport::new("quote-1", "rfq-1", fields::QuoteStatus::Accepted)
//! };
//! let events = maker.handle(now, &Message::QuoteStatusReport(accepted));
//! assert!(matches!(&events[..], [MakerEvent::Accepted { contract: Some(Contract::Yes), .. }]));
//! let confirm = maker.confirm(now, "quote-1")?; // to be sent within 30 seconds
//! # let _ = confirm;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod creator;
mod error;
mod maker;
mod maker_event;
mod maker_quote;
mod offer;
mod request;

#[cfg(test)]
mod tests;

pub use creator::{CreatedRfq, CreatorEvent, CreatorState};
pub use error::RfqError;
pub use maker::RfqMaker;
pub use maker_event::{KnownRequest, MakerEvent};
pub use maker_quote::{MakerQuote, QuoteState, QuoteTerms};
pub use offer::{Contract, Offer};
pub use request::{Leg, RequestForQuote, Size};

use std::time::Duration;

/// How long the venue gives for the steps after an acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// For the maker to confirm.
    pub(crate) confirmation: Duration,
    /// From the confirmation to the orders.
    pub(crate) execution: Duration,
}

impl Windows {
    /// Markets of high volatility, which all combinations are, have shorter ones.
    pub(crate) const fn of(is_high_volatility: bool) -> Windows {
        let (confirmation, execution) = if is_high_volatility { (3, 1) } else { (30, 15) };
        Windows {
            confirmation: Duration::from_secs(confirmation),
            execution: Duration::from_secs(execution),
        }
    }
}
