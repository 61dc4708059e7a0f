//! What the exchange says: outcomes addressed to sessions, in the exchange's own terms.
//!
//! Nothing here knows FIX messages or the settings of a session's logon. Some outcomes are not for every session (a New
//! that a trade follows at once, a pending report, the cancel of a partly filled IOC order); they are always given, and
//! whoever writes them out leaves out what a session did not ask for.

use std::fmt;
use std::sync::Arc;

use super::book::LevelChange;
use super::calendar::Time;
use super::group::{GroupReject, GroupResponse};
use super::market::{MarketStatus, Symbol};
use super::operation::OperationError;
use super::order::{ClOrdId, MatchId, Order, OrderId, Origin, SessionId, Side};
use super::rfq::RfqReport;
use super::settlement::SettlementReport;
use super::units::{Money, Price, Quantity};

/// One thing that the exchange says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Output {
    /// Something happened to an order.
    Order(Arc<OrderReport>),
    /// An amend or a cancel was refused.
    CancelReject(CancelReject),
    /// A mass cancel was carried out; the cancels themselves follow.
    MassCancel(MassCancelReport),
    /// A whole book.
    Snapshot(Snapshot),
    /// Changes of a book, and trades.
    Increment(Increment),
    /// A market data request was refused.
    MarketDataReject {
        /// The session that asked.
        session: SessionId,
        /// Why.
        reason: MarketDataRejectReason,
    },
    /// A request about an order group was carried out; the cancels that it led to follow.
    Group(GroupResponse),
    /// A request about an order group was refused.
    GroupReject(GroupReject),
    /// Something about a request for quote.
    Rfq(RfqReport),
    /// A market was settled: a page for one of those who held contracts of it.
    Settlement(Arc<SettlementReport>),
    /// A market stopped or resumed trading, or was determined or settled. (Scheduled closes are not announced.)
    MarketStatus {
        /// The sessions that subscribed to it.
        subscribers: Arc<[SessionId]>,
        /// The market.
        symbol: Symbol,
        /// Its status from now on.
        status: MarketStatus,
    },
    /// The change of a market or of the exchange that the command asked for was not made. No session is told.
    Refused(OperationError),
}

/// An outcome for an order, with the order as it is afterwards.
#[derive(Clone, Debug)]
pub struct OrderReport {
    /// The order.
    pub order: Order,
    /// What happened.
    pub event: OrderEvent,
    /// The number of the event; `None` for pending reports.
    pub exec_id: Option<ExecId>,
    /// ClOrdID (11): the request that brought this about, or the order's own.
    pub cl_ord_id: ClOrdId,
    /// OrigClOrdID (41), of amends and cancels.
    pub orig_cl_ord_id: Option<ClOrdId>,
    /// The session whose request this answers; the order's own session hears of it too.
    pub requester: Option<SessionId>,
    /// When it happened.
    pub time: Time,
}

/// The exchange's number of an event. Events are ordered by the clock, then by the event, within one exchange index.
///
/// Displays as ExecID (17): `clock;event` on exchange index 0, `clock;event;index` elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecId {
    /// Counts commands.
    pub clock: u64,
    /// Counts events within a command, from 1.
    pub event: u32,
    /// The exchange index (shard) of the market.
    pub exchange_index: u32,
}

impl ExecId {
    /// Reads ExecID (17) in the form in which it displays; `None` for anything else, the `-1;-1` of pending reports included.
    #[must_use]
    pub fn parse(text: &str) -> Option<ExecId> {
        let mut parts = text.split(';');
        let exec_id = ExecId {
            clock: parts.next()?.parse().ok()?,
            event: parts.next()?.parse().ok()?,
            exchange_index: parts.next().map_or(Some(0), |index| index.parse().ok())?,
        };
        // Signs and leading zeros are read as numbers, but nobody was given such an ExecID.
        (parts.next().is_none() && exec_id.to_string() == text).then_some(exec_id)
    }
}

impl fmt::Display for ExecId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{};{}", self.clock, self.event)?;
        match self.exchange_index {
            0 => Ok(()),
            index => write!(formatter, ";{index}"),
        }
    }
}

/// What can happen to an order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OrderEvent {
    /// The request for a new order was received.
    PendingNew,
    /// The request for a cancel was received.
    PendingCancel,
    /// The request for an amend was received.
    PendingReplace,
    /// The order was accepted.
    New {
        /// A trade of the same order follows at once, which can stand for this.
        trade_follows: bool,
    },
    /// The order was changed.
    Replaced,
    /// The order ended.
    Canceled(CancelReason),
    /// The order's time was over.
    Expired,
    /// The order was not accepted.
    Rejected(RejectReason),
    /// The order traded.
    Trade(Box<Fill>),
}

/// One side of a trade.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// How many contracts.
    pub quantity: Quantity,
    /// At what price.
    pub price: Price,
    /// The trade, the same for both sides.
    pub match_id: MatchId,
    /// Whether this side came later and took.
    pub is_aggressor: bool,
    /// What the trade cost this side in fees.
    pub fee: Money,
    /// What it paid out or (negative) cost, before the fee.
    pub balance_change: Money,
    /// The account's position afterwards.
    pub position: Quantity,
}

/// Why an order ended that was not filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelReason {
    /// A cancel, or an amend to what was filled already.
    Requested,
    /// A mass cancel.
    MassCancel,
    /// The session's connection ended, and its logon had asked for this.
    Disconnected,
    /// It was to rest, and would have traded.
    PostOnlyCross,
    /// It was to be filled at once as a whole, and could not.
    FillOrKillVolume,
    /// The rest of an immediate-or-cancel order.
    ImmediateOrCancelled,
    /// It met an order of the same member.
    SelfTradeTaker,
    /// An order of the same member arrived that prefers to go on.
    SelfTradeMaker,
    /// As [`SelfTradeTaker`](CancelReason::SelfTradeTaker), for an order with SelfTradePreventionType 0.
    SelfCross,
    /// As [`SelfCross`](CancelReason::SelfCross), after a part of it was filled.
    SelfCrossPartiallyFilled,
    /// Its immediate executions would have cost more than its MaxExecutionCost.
    MaxExecutionCost,
    /// The market trades again after a stop, which clears its book.
    MarketReactivated,
    /// The exchange paused, and the order had asked for this.
    Paused,
    /// Its order group was triggered or deleted.
    OrderGroup,
}

impl CancelReason {
    /// Text (58), where the venue gives one.
    #[must_use]
    pub const fn text(self) -> Option<&'static str> {
        match self {
            CancelReason::Requested
            | CancelReason::MassCancel
            | CancelReason::Disconnected
            | CancelReason::MarketReactivated
            | CancelReason::Paused => None,
            CancelReason::OrderGroup => Some("ORDER_GROUP_CANCEL"),
            CancelReason::PostOnlyCross => Some("POST_ONLY_CROSS"),
            CancelReason::FillOrKillVolume => Some("FOK_INSUFFICIENT_VOLUME"),
            CancelReason::ImmediateOrCancelled => Some("IMMEDIATE_OR_CANCELLED"),
            CancelReason::SelfTradeTaker => Some("TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION"),
            CancelReason::SelfTradeMaker => Some("MAKER_CANCEL_FOR_SELF_TRADE_PREVENTION"),
            CancelReason::SelfCross => Some("SELF_CROSS_ATTEMPT"),
            CancelReason::SelfCrossPartiallyFilled => Some("SELF_CROSS_ATTEMPT_PARTIALLY_FILLED"),
            // The venue states the outcome, not the text.
            CancelReason::MaxExecutionCost => Some("MAX_EXECUTION_COST_EXCEEDED"),
        }
    }
}

/// Why an order was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectReason {
    /// No such market.
    MarketNotFound,
    /// The market does not trade.
    MarketInactive,
    /// The market's close time has passed.
    MarketAlreadyClosed,
    /// The exchange takes nothing.
    ExchangePaused,
    /// The exchange takes cancels only.
    TradingPaused,
    /// The ClOrdID was used before.
    OrderAlreadyExists,
    /// Too many open orders in one market, or a position beyond its limit.
    ExceededPerMarketRiskLimit,
    /// The account cannot pay for it.
    InsufficientBalance,
    /// The price is not on the market's grid.
    InvalidPrice,
    /// The quantity is not a positive multiple of the product's step, or absurdly large.
    IncorrectQuantity,
    /// No such order group of this subaccount on this exchange index.
    OrderGroupNotFound,
    /// The order group was triggered, and has not been reset.
    ExceededOrderGroupRiskLimit,
    /// The quote that it was to accept is no more.
    Expired,
    /// No customer has this PartyID.
    CustomerAccountNotFound,
    /// The customer is another member's.
    PermissionDeniedForCustomerAccount,
    /// The sell could lead to a position that the market does not allow.
    ExceededSellPositionFloor,
    /// It came too late. Nothing brings this about but a fault on demand; the venue lists the code without a text.
    TooLateToEnter,
    /// The exchange was told to refuse (a fault on demand).
    InternalError,
    /// The exchange was told not to answer for certain (a fault on demand): the order may live.
    ExchangeUnavailable,
}

impl RejectReason {
    /// Text (58).
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            RejectReason::MarketNotFound => "MARKET_NOT_FOUND",
            RejectReason::MarketInactive => "MARKET_INACTIVE",
            RejectReason::MarketAlreadyClosed => "MARKET_ALREADY_CLOSED",
            RejectReason::ExchangePaused => "EXCHANGE_PAUSED",
            RejectReason::TradingPaused => "TRADING_PAUSED",
            RejectReason::OrderAlreadyExists => "ORDER_ALREADY_EXISTS",
            RejectReason::ExceededPerMarketRiskLimit => "EXCEEDED_PER_MARKET_RISK_LIMIT",
            RejectReason::InsufficientBalance => "INSUFFICIENT_BALANCE",
            RejectReason::InvalidPrice | RejectReason::IncorrectQuantity => "INVALID_ORDER",
            RejectReason::ExceededOrderGroupRiskLimit => "EXCEEDED_ORDER_GROUP_RISK_LIMIT",
            RejectReason::OrderGroupNotFound => "ORDER_GROUP_NOT_FOUND",
            RejectReason::Expired => "EXPIRED",
            RejectReason::CustomerAccountNotFound => "CUSTOMER_ACCOUNT_NOT_FOUND",
            RejectReason::PermissionDeniedForCustomerAccount => "PERMISSION_DENIED_FOR_CUSTOMER_ACCOUNT",
            RejectReason::ExceededSellPositionFloor => "EXCEEDED_SELL_POSITION_FLOOR",
            RejectReason::TooLateToEnter => "TOO_LATE_TO_ENTER",
            RejectReason::InternalError => "INTERNAL_ERROR",
            RejectReason::ExchangeUnavailable => "EXCHANGE_UNAVAILABLE",
        }
    }

    /// The reason with this text; the first where several share it.
    #[must_use]
    pub fn named(text: &str) -> Option<RejectReason> {
        ALL_REJECT_REASONS
            .iter()
            .copied()
            .find(|reason| reason.text() == text)
    }

    /// OrdRejReason (103).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            RejectReason::MarketNotFound => 1,
            RejectReason::MarketInactive
            | RejectReason::MarketAlreadyClosed
            | RejectReason::ExchangePaused
            | RejectReason::TradingPaused => 2,
            RejectReason::TooLateToEnter => 4,
            RejectReason::ExceededSellPositionFloor
            | RejectReason::ExceededOrderGroupRiskLimit
            | RejectReason::ExceededPerMarketRiskLimit
            | RejectReason::InsufficientBalance => 3,
            RejectReason::OrderAlreadyExists => 6,
            RejectReason::Expired => 8,
            RejectReason::InvalidPrice | RejectReason::OrderGroupNotFound => 11,
            RejectReason::IncorrectQuantity => 13,
            RejectReason::CustomerAccountNotFound | RejectReason::PermissionDeniedForCustomerAccount => 15,
            RejectReason::InternalError | RejectReason::ExchangeUnavailable => 99,
        }
    }
}

impl std::error::Error for RejectReason {}

/// Its text, and its code.
impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (103={})", self.text(), self.code())
    }
}

/// A refused amend or cancel: OrderCancelReject (9).
#[derive(Clone, Debug)]
pub struct CancelReject {
    /// Who asked.
    pub origin: Origin,
    /// The order as it is, if there is one.
    pub order: Option<Box<Order>>,
    /// The order's number, also where it has ended.
    pub order_id: Option<OrderId>,
    /// ClOrdID (11) of the request.
    pub cl_ord_id: ClOrdId,
    /// OrigClOrdID (41) of the request.
    pub orig_cl_ord_id: ClOrdId,
    /// Whether it was an amend.
    pub is_amend: bool,
    /// How an order that has ended did so.
    pub ended: Option<Ended>,
    /// Why.
    pub reason: CancelRejectReason,
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Filled.
    Filled,
    /// Cancelled or expired.
    Canceled,
}

/// Why an amend or a cancel was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelRejectReason {
    /// The order has ended.
    TooLate,
    /// There is no such order.
    UnknownOrder,
    /// The new total is less than what is filled, or not a valid quantity.
    InvalidAmendQuantity,
    /// The order was filled.
    CannotUpdateFilledOrder,
    /// Amended like this, the order would trade with one of the same member.
    SelfCrossAttempt,
    /// The new price is not on the market's grid.
    InvalidPrice,
    /// Symbol, side, subaccount, party or OrderID is not the order's.
    Mismatch,
    /// The new ClOrdID was used before.
    OrderAlreadyExists,
    /// The account cannot pay for it.
    InsufficientBalance,
    /// The account could hold more than the market allows.
    ExceededPerMarketRiskLimit,
    /// The sell could lead to a position that the market does not allow.
    ExceededSellPositionFloor,
    /// The market does not trade.
    MarketInactive,
    /// The market's outcome is known.
    MarketAlreadyClosed,
    /// The exchange takes nothing.
    ExchangePaused,
    /// The exchange takes cancels only.
    TradingPaused,
    /// The exchange was told to refuse (a fault on demand).
    InternalError,
}

impl CancelRejectReason {
    /// Text (58).
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            CancelRejectReason::TooLate => "TOO_LATE_TO_CANCEL",
            CancelRejectReason::UnknownOrder => "ORDER_NOT_FOUND",
            CancelRejectReason::InvalidAmendQuantity => "INVALID_AMEND_QTY_FOR_ORDER",
            CancelRejectReason::CannotUpdateFilledOrder => "CANNOT_UPDATE_FILLED_ORDER",
            CancelRejectReason::SelfCrossAttempt => "SELF_CROSS_ATTEMPT",
            CancelRejectReason::InvalidPrice => "INVALID_PRICE",
            CancelRejectReason::Mismatch => "INVALID_ORDER",
            CancelRejectReason::OrderAlreadyExists => "ORDER_ALREADY_EXISTS",
            CancelRejectReason::InsufficientBalance => "INSUFFICIENT_BALANCE",
            CancelRejectReason::ExceededPerMarketRiskLimit => "EXCEEDED_PER_MARKET_RISK_LIMIT",
            CancelRejectReason::ExceededSellPositionFloor => "EXCEEDED_SELL_POSITION_FLOOR",
            CancelRejectReason::MarketInactive => "MARKET_INACTIVE",
            CancelRejectReason::MarketAlreadyClosed => "MARKET_ALREADY_CLOSED",
            CancelRejectReason::ExchangePaused => "EXCHANGE_PAUSED",
            CancelRejectReason::TradingPaused => "TRADING_PAUSED",
            CancelRejectReason::InternalError => "INTERNAL_ERROR",
        }
    }

    /// CxlRejReason (102).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            CancelRejectReason::TooLate => 0,
            CancelRejectReason::UnknownOrder | CancelRejectReason::Mismatch => 1,
            CancelRejectReason::InvalidAmendQuantity | CancelRejectReason::CannotUpdateFilledOrder => 2,
            CancelRejectReason::SelfCrossAttempt | CancelRejectReason::InvalidPrice => 18,
            CancelRejectReason::OrderAlreadyExists
            | CancelRejectReason::ExceededPerMarketRiskLimit
            | CancelRejectReason::ExceededSellPositionFloor
            | CancelRejectReason::InsufficientBalance
            | CancelRejectReason::MarketInactive
            | CancelRejectReason::MarketAlreadyClosed
            | CancelRejectReason::ExchangePaused
            | CancelRejectReason::TradingPaused
            | CancelRejectReason::InternalError => 99,
        }
    }
}

/// The answer to a mass cancel: OrderMassCancelReport (r).
#[derive(Clone, Debug)]
pub struct MassCancelReport {
    /// Who asked.
    pub origin: Origin,
    /// ClOrdID (11) of the request.
    pub cl_ord_id: ClOrdId,
    /// The number of the operation, which the report carries as OrderID (37).
    pub operation: OrderId,
    /// How many orders it ends, or `None` where it was refused.
    pub cancelled: Option<usize>,
}

/// A whole book: MarketDataSnapshotFullRefresh (W). An unknown ticker has an empty one.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The session that asked.
    pub session: SessionId,
    /// The market, as the session named it.
    pub symbol: Symbol,
    /// Bids, best first.
    pub bids: Vec<(Price, Quantity)>,
    /// Offers, best first.
    pub offers: Vec<(Price, Quantity)>,
    /// When it was taken.
    pub time: Time,
}

/// Changes of one market: MarketDataIncrementalRefresh (X).
#[derive(Clone, Debug)]
pub struct Increment {
    /// The sessions that subscribed.
    pub subscribers: Arc<[SessionId]>,
    /// The market.
    pub symbol: Symbol,
    /// Trades, in order.
    pub trades: Vec<TradePrint>,
    /// Levels, with their new sizes.
    pub levels: Vec<LevelChange>,
    /// When it happened.
    pub time: Time,
}

/// A trade as everybody sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradePrint {
    /// At what price.
    pub price: Price,
    /// How many contracts.
    pub quantity: Quantity,
    /// Which side came later and took.
    pub aggressor: Side,
}

/// Why a market data request was refused: MDReqRejReason (281).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MarketDataRejectReason {
    /// More symbols than a request or a session may have.
    TooManySymbols,
    /// A SubscriptionRequestType that does not exist.
    UnsupportedType,
}

const ALL_REJECT_REASONS: [RejectReason; 19] = [
    RejectReason::MarketNotFound,
    RejectReason::MarketInactive,
    RejectReason::MarketAlreadyClosed,
    RejectReason::ExchangePaused,
    RejectReason::TradingPaused,
    RejectReason::OrderAlreadyExists,
    RejectReason::ExceededPerMarketRiskLimit,
    RejectReason::InsufficientBalance,
    RejectReason::InvalidPrice,
    RejectReason::IncorrectQuantity,
    RejectReason::OrderGroupNotFound,
    RejectReason::ExceededOrderGroupRiskLimit,
    RejectReason::Expired,
    RejectReason::CustomerAccountNotFound,
    RejectReason::PermissionDeniedForCustomerAccount,
    RejectReason::ExceededSellPositionFloor,
    RejectReason::TooLateToEnter,
    RejectReason::InternalError,
    RejectReason::ExchangeUnavailable,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(u64, u32, u32)>) {
        let read = ExecId::parse(text).map(|id| (id.clock, id.event, id.exchange_index));
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn exec_ids_are_read_as_they_are_written() {
        check("4;7", Some((4, 7, 0)));
        check("4;7;1", Some((4, 7, 1)));
        check("18446744073709551615;1", Some((u64::MAX, 1, 0)));
        for malformed in [
            "", "4", "4;", ";7", "4;7;", "4;7;0", "4;7;1;1", "-1;-1", "+4;7", "04;7", "4;7;x",
        ] {
            check(malformed, None);
        }
    }
}
