//! Price grids: which prices a market accepts.
//!
//! A prediction market has a *price level structure*: bands of prices, each with a step, in dollars. The feed does not
//! carry it; the venue's REST interface names it for each market, and it can change while the market trades. The
//! structures known so far are constants of [`TickGrid`]; new ones appear, so that a grid is data, made of bands
//! ([`TickGrid::from_bands`]). A margin market has one step and no upper bound ([`TickGrid::fixed`]).
//!
//! An order whose price is off the grid is rejected. [`TickGrid::snap`] brings a price onto it, exactly, and in the
//! direction that the caller names.
//!
//! ```
//! use kalshi_fix::ticks::{Snap, TickGrid};
//! use kalshi_fix::units::Price;
//!
//! let grid = TickGrid::named("tapered_deci_cent").expect("one of the venue's");
//! let price: Price = "0.0567".parse()?;
//! assert!(!grid.is_on_grid(price));
//! assert_eq!(grid.snap(price, Snap::Down), Some("0.056".parse()?)); // below 10 cents the step is a tenth of one
//! assert_eq!(grid.next_up("0.10".parse()?), Some("0.11".parse()?));
//! assert_eq!(grid.next_down("0.10".parse()?), Some("0.099".parse()?));
//! # Ok::<(), kalshi_fix::units::UnitError>(())
//! ```

mod band;
mod grid;
mod venue;

#[cfg(test)]
mod properties;

pub use band::{Band, GridError};
pub use grid::{Snap, TickGrid};
