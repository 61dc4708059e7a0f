//! The exchange itself: markets, books, matching, money; no FIX, no sockets.
//!
//! [`Exchange::apply`] takes a [`Command`] and the time, and returns what the exchange says. It reads no clock, file, socket
//! or source of chance: the same commands at the same times give the same outputs, which is what makes a scripted test
//! repeatable.
//!
//! ```
//! use kalshi_fix::gateway::exchange::{
//!     Command, Exchange, Market, Money, NewOrder, Origin, OrderEvent, Output, OwnerId, Price, Quantity, Rules,
//!     SessionId, Side, Time,
//! };
//!
//! let mut exchange = Exchange::new(Rules::prediction());
//! exchange.list(Market::prediction("HIGHNY-23DEC31"));
//! let now = Time::from_unix_seconds(1_766_000_000);
//! let maker = Origin { session: SessionId(1), owner: OwnerId(1) };
//! let taker = Origin { session: SessionId(2), owner: OwnerId(2) };
//! for origin in [maker, taker] {
//!     exchange.deposit(origin.owner, 0, Money::from_dollars(100));
//! }
//!
//! let bid = NewOrder::limit("bid", "HIGHNY-23DEC31", Side::Buy, Price::from_cents(40), Quantity::from_contracts(10));
//! exchange.apply(now, Command::NewOrder(maker, bid));
//! let hit = NewOrder::limit("hit", "HIGHNY-23DEC31", Side::Sell, Price::from_cents(40), Quantity::from_contracts(4));
//! let outputs = exchange.apply(now, Command::NewOrder(taker, hit));
//!
//! let fills = outputs.iter().filter(
//!     |output| matches!(output, Output::Order(report) if matches!(report.event, OrderEvent::Trade(_))),
//! );
//! assert_eq!(fills.count(), 2);
//! ```

mod account;
mod amend;
mod book;
mod calendar;
mod cancel;
mod command;
mod customer;
mod engine;
mod entry;
mod fee;
mod feed;
mod group;
mod history;
mod identifiers;
mod market;
mod matching;
mod operation;
mod order;
mod report;
mod rfq;
mod rules;
mod scenario;
mod settlement;
mod status;
mod turn;
mod units;

pub use crate::environment::Product;
pub use account::{Account, Exposure, Position, Settlement, Terms};
pub use book::{Book, LevelChange, Resting};
pub use calendar::Time;
pub use command::Command;
pub use engine::Exchange;
pub use fee::{ExactFee, FeeSchedule};
pub use group::{
    GroupAction, GroupReject, GroupRejectReason, GroupRequest, GroupResponse, OrderGroupId, WINDOW_SECONDS,
};
pub use history::{LOOKBACK_SECONDS, ReplayRefusal};
pub use market::{Band, ExchangeStatus, Market, MarketStatus, PriceGrid, Symbol, quantity_step};
pub use matching::{Plan, Step, Taker};
pub use operation::OperationError;
pub use order::{
    AccountKey, Amend, Cancel, ClOrdId, CustomerId, MatchId, NewOrder, Order, OrderId, Origin, OwnerId,
    Party, SelfTradeGroup, SelfTradePrevention, SessionId, Side, Target, TimeInForce,
};
pub use report::{
    CancelReason, CancelReject, CancelRejectReason, Ended, ExecId, Fill, Increment, MarketDataRejectReason,
    MassCancelReport, OrderEvent, OrderReport, Output, RejectReason, Snapshot, TradePrint,
};
pub use rfq::{
    Acceptance, Announcement, CONFIRMATION, Combo, ComboFault, ComboFaultCode, EXECUTION, Leg, NewQuote,
    NewRfq, QuoteReport, QuoteSide, QuoteState, RfqClosing, RfqFault, RfqId, RfqReport, RfqRequest, RfqSize,
};
pub use rules::Rules;
pub use scenario::{Happening, Scenario};
pub use settlement::{Outcome, ScalarValue, SettledParty, SettlementId, SettlementReport};
pub use units::{Money, Price, Quantity};

#[cfg(test)]
mod tests;
