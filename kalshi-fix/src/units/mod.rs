//! Prices, amounts and quantities as types that do not mix, and the unit that each priced field is in.
//!
//! [`Price`] is dollars a contract, [`Money`] dollars, [`Quantity`] contracts. Each wraps a [`Decimal`](rust_decimal::Decimal) and costs
//! nothing over it. Nothing here rounds: an operation that cannot be exact answers `None`, a conversion that cannot be
//! exact is refused with a [`UnitError`].
//!
//! On the wire a price is dollars or cents, by product, message, direction, and what the logon said: [`PriceUnits`]
//! knows, and converts in both directions.
//!
//! ```
//! use kalshi_fix::environment::Product;
//! use kalshi_fix::units::{Money, Price, PriceField, PriceUnit, PriceUnits, Quantity};
//!
//! let yes: Price = "0.5700".parse()?;
//! let quantity: Quantity = "10.50".parse()?;
//! assert_eq!(yes.checked_mul(quantity), Some("5.985".parse::<Money>()?));
//! assert_eq!(yes.complement(), Some(Price::from_whole_cents(43))); // what NO costs
//!
//! // A session whose logon did not set UseDollars (21005) prices its orders in cents, but never its market data.
//! let units = PriceUnits::new(Product::Prediction, PriceUnit::Cents);
//! assert_eq!(units.to_wire(PriceField::Price, yes)?.to_string(), "57");
//! assert_eq!(units.unit(PriceField::MDEntryPx), PriceUnit::Dollars);
//! # Ok::<(), kalshi_fix::units::UnitError>(())
//! ```

#[macro_use]
mod arithmetic;
mod error;
mod exact;
mod field;
mod money;
mod price;
mod quantity;

pub use error::UnitError;
pub use field::{PriceField, PriceUnit, PriceUnits};
pub use money::Money;
pub use price::Price;
pub use quantity::Quantity;
