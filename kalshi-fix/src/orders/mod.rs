//! Orders: what is sent is checked first, and means what was said.
//!
//! A [`LimitOrder`] of either product becomes a `NewOrderSingle (D)` of its dialect, with the price in the unit of the
//! session. What the venue would reject for reasons that the order itself shows is refused before it is sent, with an
//! [`OrderError`] that names the field, its value, and what was expected. A [`PlacedOrder`] is what has to be known of
//! an order to amend or cancel it.
//!
//! ```
//! use kalshi_fix::dialect::Timestamp;
//! use kalshi_fix::orders::{ClOrdIdGenerator, LimitOrder};
//! use kalshi_fix::prediction::{Prediction, fields};
//! use kalshi_fix::ticks::TickGrid;
//! use kalshi_fix::units::{PriceUnit, Quantity};
//!
//! let now = Timestamp::parse(b"20260817-16:00:00.123").expect("a time");
//! let ids = ClOrdIdGenerator::new(now, 7);
//!
//! // NO for 43 cents is bought by selling YES for 57.
//! let order = LimitOrder::<Prediction>::buy_no("HIGHNY-23DEC31", "10".parse()?, "0.43".parse()?)
//!     .on_grid(&TickGrid::LINEAR_CENT)
//!     .post_only();
//! let id = ids.next_id();
//! let message = order.message(id.as_str(), PriceUnit::Dollars, now)?;
//! assert_eq!((message.side, message.price.to_string()), (fields::Side::Sell, "0.57".to_owned()));
//!
//! // An amendment names the total, of which three contracts are filled by now.
//! let placed = order.placed(id.as_str(), now)?;
//! let total = placed.total(Quantity::from_whole(3), Quantity::from_whole(5))?;
//! let id = ids.next_id();
//! let amendment = placed.amend(id.as_str(), total, Some("0.58".parse()?), PriceUnit::Dollars)?;
//! assert_eq!((amendment.order_qty.to_string(), amendment.price), ("8".to_owned(), Some("0.58".parse()?)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod check;
mod cl_ord_id;
mod dialect;
mod error;
mod limit;
mod placed;
mod terms;

#[cfg(test)]
mod properties;

pub use cl_ord_id::{ClOrdId, ClOrdIdGenerator};
pub use dialect::OrderProduct;
pub use error::OrderError;
pub use limit::LimitOrder;
pub use placed::{PlacedOrder, mass_cancel};
pub use terms::{Account, SelfTradePrevention, Side, TimeInForce};
