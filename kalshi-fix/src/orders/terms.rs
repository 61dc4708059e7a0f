//! What an order is made of, in words that both products share.

use std::fmt;

use fix_dialect::Timestamp;

/// Buy or sell. On prediction markets it is YES that is bought or sold: to sell YES is to buy NO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// `Side (54) = 1`.
    Buy,
    /// `Side (54) = 2`.
    Sell,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Buy => "Buy",
            Side::Sell => "Sell",
        })
    }
}

/// How long an order rests: `TimeInForce (59)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeInForce {
    /// Until 23:59:59.999 in New York.
    Day,
    /// Until it is filled or canceled.
    #[default]
    GoodTillCancel,
    /// Not at all: what is not filled at once is canceled.
    ImmediateOrCancel,
    /// Not at all: it is filled at once as a whole, or canceled.
    FillOrKill,
    /// Until this time (UTC), `ExpireTime (126)`. It has to be in the future: the venue would take an order whose time
    /// has passed as one that is immediate or canceled.
    GoodTillDate(Timestamp),
}

impl fmt::Display for TimeInForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TimeInForce::Day => f.write_str("Day"),
            TimeInForce::GoodTillCancel => f.write_str("GoodTillCancel"),
            TimeInForce::ImmediateOrCancel => f.write_str("ImmediateOrCancel"),
            TimeInForce::FillOrKill => f.write_str("FillOrKill"),
            TimeInForce::GoodTillDate(until) => write!(f, "GoodTillDate {until}"),
        }
    }
}

/// Whose order it is. Both ways of naming someone exclude each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Account {
    /// The member's own primary account, which is not named.
    #[default]
    Primary,
    /// A subaccount: `AllocAccount (79)`, 0 (the primary one) to 63.
    Subaccount(u8),
    /// A customer of a futures commission merchant: `PartyID (448)` with `PartyRole (452) = 24`. A UUID on prediction
    /// markets.
    Customer(String),
}

/// What happens when an order meets another one of the same owner: `SelfTradePreventionType (2964)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SelfTradePrevention {
    /// The arriving order is canceled; what the venue does unasked.
    TakerAtCross,
    /// The resting order is canceled.
    Maker,
}
