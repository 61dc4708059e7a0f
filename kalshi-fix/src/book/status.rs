//! Trades, trading statuses, and why requests are refused: what comes beside the levels.

use std::fmt;
use std::sync::Arc;

use fix_dialect::Timestamp;

use super::entry::Aggressor;
use crate::prediction;
use crate::units::{Price, Quantity};

/// A trade that market data told of. It has no id: the feed says that it happened, not whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The market.
    pub symbol: Arc<str>,
    /// The price, in YES terms on prediction markets.
    pub price: Price,
    /// The contracts traded.
    pub size: Quantity,
    /// Who came to meet the resting order; `None` where the message does not say, though it should.
    pub aggressor: Option<Aggressor>,
    /// When it happened, by the venue's clock; `None` on margin, and where the message does not say.
    pub time: Option<Timestamp>,
}

/// SecurityTradingStatus (326): what a prediction market has become. Only changes are told, and no scheduled ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TradingStatus {
    /// 2: the market was deactivated.
    Halted,
    /// 3: the market was activated, and is open.
    Open,
    /// 100: trading has ended and the result is known.
    Determined,
    /// 101: the market has settled. The venue ends the subscription of its status.
    Settled,
    /// A value that the venue does not document.
    Unlisted(i64),
}

impl From<prediction::fields::SecurityTradingStatus> for TradingStatus {
    fn from(status: prediction::fields::SecurityTradingStatus) -> TradingStatus {
        use prediction::fields::SecurityTradingStatus as Wire;
        match status {
            Wire::TradingHalt => TradingStatus::Halted,
            Wire::Resume => TradingStatus::Open,
            Wire::KalshiDetermined => TradingStatus::Determined,
            Wire::KalshiSettled => TradingStatus::Settled,
            Wire::Unlisted(value) => TradingStatus::Unlisted(*value.wire()),
        }
    }
}

impl fmt::Display for TradingStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TradingStatus::Halted => f.write_str("halted"),
            TradingStatus::Open => f.write_str("open"),
            TradingStatus::Determined => f.write_str("determined"),
            TradingStatus::Settled => f.write_str("settled"),
            TradingStatus::Unlisted(value) => write!(f, "status {value}"),
        }
    }
}

/// Why the venue refused a request for market data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// MDReqRejReason (281) = 2: the limit of symbols of a request or of the session, which the venue does not state.
    SymbolLimit,
    /// MDReqRejReason (281) = 4.
    UnsupportedType,
    /// A reason that the venue does not document.
    Unlisted(u8),
    /// MarketDataRequestReject (Y) without a reason.
    Unstated,
    /// BusinessMessageReject (j), such as for the rate of requests.
    Business,
    /// Reject (3): the venue could not read the request.
    Malformed,
}

impl Refusal {
    /// The reason of this number (281).
    pub(super) fn of(wire: Option<u8>) -> Refusal {
        match wire {
            Some(b'2') => Refusal::SymbolLimit,
            Some(b'4') => Refusal::UnsupportedType,
            Some(other) => Refusal::Unlisted(other),
            None => Refusal::Unstated,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::SymbolLimit => f.write_str("the limit of symbols is reached"),
            Refusal::UnsupportedType => f.write_str("the type of request is not supported"),
            Refusal::Unlisted(value) => write!(f, "MDReqRejReason (281) is {:?}", char::from(*value)),
            Refusal::Unstated => f.write_str("no reason given"),
            Refusal::Business => f.write_str("refused before it was handled"),
            Refusal::Malformed => f.write_str("the venue could not read it"),
        }
    }
}
