//! The dialect of Kalshi's margin exchange (perpetual futures).

use fix_derive::Dialect;

/// Kalshi's margin exchange: order entry, drop copy and market data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Dialect)]
#[fix(dictionary = "spec/kalshi-margin.xml")]
pub struct Margin;
