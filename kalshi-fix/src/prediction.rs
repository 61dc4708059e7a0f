//! The dialect of Kalshi's prediction markets (event contracts).

use fix_derive::Dialect;

/// Kalshi's prediction exchange: order entry, drop copy, market data, post trade and RFQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Dialect)]
#[fix(dictionary = "spec/kalshi-prediction.xml")]
pub struct Prediction;
