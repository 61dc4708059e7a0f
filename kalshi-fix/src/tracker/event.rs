//! What the tracker tells.

use std::sync::Arc;

use super::exec_id::ExecId;
use super::order::{OrderKey, RequestKind};
use super::report::Side;
use super::state::OrderState;
use crate::units::{Money, Price, Quantity};

/// Something that the tracker has to tell. Orders are named by their [`OrderKey`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TrackerEvent {
    /// An order of another origin is tracked from now on: no request of it was seen here.
    Adopted {
        /// The order.
        order: OrderKey,
    },
    /// An order is in another state, or has other terms (price, quantity, identifier) in the same one.
    Changed {
        /// The order.
        order: OrderKey,
        /// The state before; `None` of an order that was not tracked before.
        from: Option<OrderState>,
        /// The state now.
        to: OrderState,
    },
    /// A fill, for the first time.
    Fill(FillEvent),
    /// An amend or a cancel was refused.
    RequestRefused {
        /// The order.
        order: OrderKey,
        /// What was asked for.
        kind: RequestKind,
        /// ClOrdID (11) of the request.
        cl_ord_id: Box<str>,
        /// CxlRejReason (102), or that of a BusinessMessageReject (j) or Reject (3).
        reason: Option<i64>,
        /// Text (58).
        text: Option<Box<str>>,
    },
    /// What a mass cancel was answered with. The cancels are reported one by one.
    MassCancel {
        /// ClOrdID (11) of the request.
        cl_ord_id: Box<str>,
        /// Whether it is carried out.
        accepted: bool,
    },
    /// A report that is about nothing that is tracked. It changed no order.
    Unattributed(Unattributed),
    /// What the venue says contradicts itself, or what is known. What of it was not counted is in it.
    Inconsistent(Inconsistency),
    /// The order ended long ago, and is no longer kept.
    Forgotten {
        /// The order.
        order: OrderKey,
    },
}

/// A fill that is told once.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FillEvent {
    /// The order; `None` where it is no longer kept. The position has the fill in either case.
    pub order: Option<OrderKey>,
    /// The number of the report.
    pub exec_id: ExecId,
    /// The market.
    pub symbol: Arc<str>,
    /// Buy or sell.
    pub side: Side,
    /// How many contracts.
    pub quantity: Quantity,
    /// At what price, in dollars.
    pub price: Price,
    /// What it cost in fees, net; `None` where the report does not say.
    pub fee: Option<Money>,
}

/// Why a report could not be related to what is tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unattributed {
    /// A report of an order that may have been forgotten: it is as old as those that were. A fill in it has been
    /// [counted](TrackerEvent::Fill).
    Old {
        /// The report.
        exec_id: ExecId,
        /// OrderID (37).
        order_id: Box<str>,
    },
    /// There is no room for one more order of another origin ([`TrackerSettings::adopted_orders`](super::TrackerSettings)). A fill in the
    /// report has been [counted](TrackerEvent::Fill).
    NoRoom {
        /// The report.
        exec_id: ExecId,
        /// OrderID (37).
        order_id: Box<str>,
    },
    /// A pending report, a reject or a mass cancel report, for a request that is not under way: it was answered already, or
    /// is not ours, or the tracker is [told](super::Tracker::sent) of it after this.
    Request {
        /// ClOrdID (11).
        cl_ord_id: Box<str>,
        /// MsgType (35) of what came.
        msg_type: &'static str,
        /// Text (58).
        text: Option<Box<str>>,
    },
    /// A BusinessMessageReject (j) or Reject (3) that names no request which is under way, as far as the tracker was told.
    Refusal {
        /// RefSeqNum (45).
        ref_seq_num: Option<u64>,
        /// Text (58).
        text: Option<Box<str>>,
    },
    /// A request of ours, for an order that is not tracked.
    Sent {
        /// ClOrdID (11) of the request.
        cl_ord_id: Box<str>,
        /// OrigClOrdID (41).
        orig_cl_ord_id: Box<str>,
    },
}

/// What does not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Inconsistency {
    /// A report that is neither pending nor a reject has no number. It changed nothing.
    #[error("a report of order {order_id} has no ExecID (17), and is not pending")]
    Unnumbered {
        /// OrderID (37).
        order_id: Box<str>,
    },
    /// A trade report without what traded. It changed nothing.
    #[error("report {exec_id} is a trade without LastQty (32) and LastPx (31)")]
    NoFill {
        /// The report.
        exec_id: ExecId,
    },
    /// A report differs from its order in what never changes. It changed nothing.
    #[error("report {exec_id} has another {field} than its order")]
    Mismatch {
        /// The order.
        order: OrderKey,
        /// The report.
        exec_id: ExecId,
        /// What differs.
        field: &'static str,
    },
    /// Two fills with one number, for two orders. The second is not counted.
    #[error("fill {exec_id} came before, for another order")]
    Conflict {
        /// The report.
        exec_id: ExecId,
    },
    /// A fill that is older than what is remembered: whether it has been counted is not known. It is not counted now.
    #[error("fill {exec_id} of {quantity} is older than what is remembered, and is not counted")]
    OutsideMemory {
        /// The report.
        exec_id: ExecId,
        /// The market.
        symbol: Box<str>,
        /// How many contracts.
        quantity: Quantity,
        /// At what price.
        price: Price,
    },
    /// A fill for which there is no room: too many exchange indexes or positions. It is not counted, and not remembered.
    #[error("fill {exec_id} is not counted: there are too many {what}")]
    NoRoom {
        /// The report.
        exec_id: ExecId,
        /// Of what there are too many.
        what: &'static str,
    },
    /// Sums would not be exact any more. The fill is not counted, and not remembered.
    #[error("fill {exec_id} is not counted: the sums with it are too large to be exact")]
    TooLarge {
        /// The report.
        exec_id: ExecId,
    },
    /// The fills that were counted come to more than the venue's CumQty (14) says.
    #[error("{counted} contracts of an order were counted as filled, and report {exec_id} says {cum_qty}")]
    Overfilled {
        /// The order.
        order: OrderKey,
        /// The report.
        exec_id: ExecId,
        /// What was counted.
        counted: Quantity,
        /// CumQty (14).
        cum_qty: Quantity,
    },
    /// A reject says that the order has ended, and no report did. It is in doubt until one does.
    #[error("a reject says that an open order has ended")]
    EndedUnseen {
        /// The order.
        order: OrderKey,
    },
    /// The user said that the order had ended, or was never accepted, and a report shows it open.
    #[error("report {exec_id} shows an order open that was resolved as ended")]
    ResolvedWrongly {
        /// The order.
        order: OrderKey,
        /// The report.
        exec_id: ExecId,
    },
    /// A report with a status that is not known.
    #[error("report {exec_id} has an OrdStatus (39) that is not known")]
    UnknownStatus {
        /// The order.
        order: OrderKey,
        /// The report.
        exec_id: ExecId,
    },
}
