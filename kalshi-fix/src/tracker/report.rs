//! What the venue says about orders, whichever product and session it comes from: borrowed views of typed messages.

use fix_dialect::Timestamp;

use super::exec_id::ExecId;
pub use crate::orders::Side;
use crate::units::{Money, Price, Quantity};

/// Something that the venue says about orders. [`AsIncoming`](super::AsIncoming) makes it of a typed message.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is made for each report, which is the largest of them"
)]
pub enum Incoming<'a> {
    /// ExecutionReport (8).
    Report(Report<'a>),
    /// OrderCancelReject (9).
    CancelReject(CancelReject<'a>),
    /// OrderMassCancelReport (r).
    MassCancel(MassCancelReport<'a>),
    /// BusinessMessageReject (j) or Reject (3).
    Refusal(Refusal<'a>),
}

/// An ExecutionReport (8).
///
/// Prices are in dollars a contract (in YES terms on prediction), whatever the session is set to; quantities are
/// contracts.
#[derive(Clone, Debug, PartialEq)]
pub struct Report<'a> {
    /// ExecID (17); `None` where the venue gives none: on pending reports.
    pub exec_id: Option<ExecId>,
    /// ExecType (150).
    pub exec_type: ExecType,
    /// OrdStatus (39), as on the wire.
    pub ord_status: OrdStatus,
    /// OrderID (37).
    pub order_id: &'a str,
    /// ClOrdID (11): of the request that last changed the order.
    pub cl_ord_id: &'a str,
    /// OrigClOrdID (41).
    pub orig_cl_ord_id: Option<&'a str>,
    /// Symbol (55).
    pub symbol: &'a str,
    /// Side (54).
    pub side: Side,
    /// OrderQty (38).
    pub order_qty: Quantity,
    /// CumQty (14).
    pub cum_qty: Quantity,
    /// LeavesQty (151).
    pub leaves_qty: Quantity,
    /// Price (44).
    pub price: Option<Price>,
    /// What traded; on trades.
    pub fill: Option<Fill<'a>>,
    /// Text (58).
    pub text: Option<&'a str>,
    /// OrdRejReason (103).
    pub ord_rej_reason: Option<i64>,
    /// TransactTime (60).
    pub transact_time: Option<Timestamp>,
    /// ExpireTime (126).
    pub expire_time: Option<Timestamp>,
    /// Whose order it is.
    pub account: AccountRef<'a>,
}

/// What a trade report adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill<'a> {
    /// LastQty (32).
    pub quantity: Quantity,
    /// LastPx (31).
    pub price: Price,
    /// The sum of MiscFeeAmt (137): what the fill cost net, rounding and rebates included; negative where more came back.
    /// `None` where the report does not say, though it should: the fill counts all the same.
    pub fee: Option<Money>,
    /// TrdMatchID (880).
    pub match_id: Option<&'a str>,
    /// AggressorIndicator (1057): this side came later and took.
    pub is_aggressor: Option<bool>,
    /// LongQty (704) less ShortQty (705): the net position after the trade, negative where it is short (NO). `None` where
    /// the report has neither.
    pub position: Option<Quantity>,
}

/// An OrderCancelReject (9): an amend or a cancel was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelReject<'a> {
    /// OrderID (37).
    pub order_id: &'a str,
    /// ClOrdID (11) of the request.
    pub cl_ord_id: &'a str,
    /// OrigClOrdID (41).
    pub orig_cl_ord_id: Option<&'a str>,
    /// OrdStatus (39) of the order.
    pub ord_status: OrdStatus,
    /// CxlRejReason (102).
    pub reason: Option<i64>,
    /// Text (58).
    pub text: Option<&'a str>,
}

/// An OrderMassCancelReport (r).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MassCancelReport<'a> {
    /// ClOrdID (11) of the request.
    pub cl_ord_id: &'a str,
    /// Whether it is carried out; the cancels are reported one by one.
    pub accepted: bool,
    /// MassCancelRejectReason (532).
    pub reason: Option<i64>,
}

/// A message of ours that did not get as far as the exchange: BusinessMessageReject (j) or Reject (3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// RefSeqNum (45): the number of our message.
    pub ref_seq_num: Option<u64>,
    /// BusinessRejectRefID (379): the identifier in our message, such as its ClOrdID (11).
    pub ref_id: Option<&'a str>,
    /// RefMsgType (372).
    pub ref_msg_type: Option<&'a str>,
    /// BusinessRejectReason (380) or SessionRejectReason (373).
    pub reason: Option<i64>,
    /// Text (58).
    pub text: Option<&'a str>,
}

/// Whose order it is: a subaccount, and at a clearing member a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountRef<'a> {
    /// AllocAccount (79); 0 is the primary one.
    pub subaccount: u8,
    /// PartyID (448).
    pub party: Option<&'a str>,
}

/// ExecType (150).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExecType {
    /// The order was accepted.
    New,
    /// The order traded.
    Trade,
    /// The order ended before it was filled.
    Canceled,
    /// The order was changed.
    Replaced,
    /// The order was not accepted, or (with the text EXCHANGE_UNAVAILABLE) nobody knows.
    Rejected,
    /// The order's time was over.
    Expired,
    /// The request for a new order was received.
    PendingNew,
    /// The request for a cancel was received.
    PendingCancel,
    /// The request for an amend was received.
    PendingReplace,
    /// A value that the dictionary does not list.
    Unlisted(u8),
}

/// OrdStatus (39).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrdStatus {
    /// 0: open, without a fill.
    New,
    /// 1: open, with a fill.
    PartiallyFilled,
    /// 2: filled.
    Filled,
    /// 4: ended before it was filled.
    Canceled,
    /// 5: changed, and open.
    Replaced,
    /// 6: a cancel is under way.
    PendingCancel,
    /// 8: not accepted.
    Rejected,
    /// A: received.
    PendingNew,
    /// C: its time was over.
    Expired,
    /// E: an amend is under way.
    PendingReplace,
    /// A value that the dictionary does not list.
    Unlisted(u8),
}

impl Report<'_> {
    /// A report of something that was only received, and has not happened yet.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(
            self.exec_type,
            ExecType::PendingNew | ExecType::PendingCancel | ExecType::PendingReplace
        )
    }

    /// A refusal, or (see [`is_unavailable`](Report::is_unavailable)) what looks like one.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.exec_type == ExecType::Rejected || self.ord_status == OrdStatus::Rejected
    }

    /// The gateway does not know what became of the request: it comes as a rejection and is none.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.text == Some(EXCHANGE_UNAVAILABLE)
    }
}

impl ExecType {
    /// Of the byte on the wire.
    #[must_use]
    pub const fn from_wire(byte: u8) -> ExecType {
        match byte {
            b'0' => ExecType::New,
            b'F' => ExecType::Trade,
            b'4' => ExecType::Canceled,
            b'5' => ExecType::Replaced,
            b'8' => ExecType::Rejected,
            b'C' => ExecType::Expired,
            b'A' => ExecType::PendingNew,
            b'6' => ExecType::PendingCancel,
            b'E' => ExecType::PendingReplace,
            other => ExecType::Unlisted(other),
        }
    }
}

impl OrdStatus {
    /// Of the byte on the wire.
    #[must_use]
    pub const fn from_wire(byte: u8) -> OrdStatus {
        match byte {
            b'0' => OrdStatus::New,
            b'1' => OrdStatus::PartiallyFilled,
            b'2' => OrdStatus::Filled,
            b'4' => OrdStatus::Canceled,
            b'5' => OrdStatus::Replaced,
            b'6' => OrdStatus::PendingCancel,
            b'8' => OrdStatus::Rejected,
            b'A' => OrdStatus::PendingNew,
            b'C' => OrdStatus::Expired,
            b'E' => OrdStatus::PendingReplace,
            other => OrdStatus::Unlisted(other),
        }
    }

    /// Whether nothing can happen to an order any more that has this status.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, OrdStatus::Filled | OrdStatus::Canceled | OrdStatus::Expired)
    }
}

/// Text (58) of what comes as a rejection and is none: the order may live.
pub const EXCHANGE_UNAVAILABLE: &str = "EXCHANGE_UNAVAILABLE";
