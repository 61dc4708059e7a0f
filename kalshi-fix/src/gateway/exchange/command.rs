//! What an exchange can be told to do.

use super::group::GroupRequest;
use super::market::{ExchangeStatus, MarketStatus, Symbol};
use super::order::{Amend, Cancel, ClOrdId, NewOrder, Origin, SessionId};
use super::report::RejectReason;
use super::rfq::RfqRequest;
use super::settlement::Outcome;
use super::units::Price;

/// Something to do. Each carries who asks, where somebody does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Command {
    /// NewOrderSingle (D).
    NewOrder(Origin, NewOrder),
    /// OrderCancelReplaceRequest (G).
    Amend(Origin, Amend),
    /// OrderCancelRequest (F).
    Cancel(Origin, Cancel),
    /// OrderMassCancelRequest (q): ends the session's orders.
    MassCancel(Origin, ClOrdId),
    /// OrderGroupRequest (UOG).
    Group(Origin, GroupRequest),
    /// A request of a creator's or a maker's about a request for quote.
    Rfq(Origin, RfqRequest),
    /// From here on the session hears of RFQs, until it is [detached](Command::Detach).
    AttachMaker(Origin),
    /// The session's connection ended, and its logon had asked to cancel its orders.
    CancelOnDisconnect(SessionId),
    /// MarketDataRequest (V) for a snapshot of each market.
    Snapshot(SessionId, Vec<Symbol>),
    /// MarketDataRequest (V) for a snapshot of each market and its changes from then on.
    Subscribe(SessionId, Vec<Symbol>),
    /// MarketDataRequest (V) to end subscriptions; all of them where no market is named.
    Unsubscribe(SessionId, Option<Vec<Symbol>>),
    /// SecurityStatusRequest (e): the market's trading status from now on.
    SubscribeStatus(SessionId, Symbol),
    /// SecurityStatusRequest (e) to end that.
    UnsubscribeStatus(SessionId, Symbol),
    /// The session is gone: its subscriptions end. Its orders stay.
    Detach(SessionId),
    /// A market stops or resumes trading, or closes. What cannot be done here and below is
    /// [refused](super::Output::Refused).
    SetMarketStatus(Symbol, MarketStatus),
    /// What bots take a market to be worth from now on.
    SetWorth(Symbol, Price),
    /// The outcome of a prediction market is known: its orders end. A second one replaces the first until it is settled.
    Determine(Symbol, Outcome),
    /// The positions in a market that was [determined](Command::Determine) are paid out.
    Settle(Symbol),
    /// The exchange pauses or resumes.
    SetStatus(ExchangeStatus),
    /// Refuses what another command asks for, for this reason where the answer has room for one: a fault on demand.
    Refuse(Box<Command>, RejectReason),
    /// Carries out what another command asks for, and answers an order EXCHANGE_UNAVAILABLE instead of saying what came of
    /// it: the order may live, and what becomes of it later is told as usual. Its reports are in drop copy.
    Doubt(Box<Command>),
    /// Time passed: orders may have expired. Every other command does this first.
    Tick,
}
