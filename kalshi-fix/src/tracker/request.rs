//! What we ask of the venue, whichever product it is: borrowed views of typed messages.

use fix_dialect::Timestamp;

use super::report::{AccountRef, Side};
use crate::units::{Price, Quantity};

/// A request about orders. [`AsRequest`](super::AsRequest) makes it of a typed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// NewOrderSingle (D).
    New(NewRequest<'a>),
    /// OrderCancelReplaceRequest (G).
    Replace(ReplaceRequest<'a>),
    /// OrderCancelRequest (F).
    Cancel(CancelRequest<'a>),
    /// OrderMassCancelRequest (q).
    MassCancel {
        /// ClOrdID (11).
        cl_ord_id: &'a str,
    },
}

/// A NewOrderSingle (D). The price is in dollars a contract, the quantity in contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRequest<'a> {
    /// ClOrdID (11).
    pub cl_ord_id: &'a str,
    /// Symbol (55).
    pub symbol: &'a str,
    /// Side (54).
    pub side: Side,
    /// OrderQty (38).
    pub order_qty: Quantity,
    /// Price (44).
    pub price: Option<Price>,
    /// Whose order it is.
    pub account: AccountRef<'a>,
    /// The order group: OrderGroupID (20130) or SecondaryClOrdID (526).
    pub order_group: Option<&'a str>,
    /// TimeInForce (59) is IOC or FOK: the order does not rest.
    pub is_immediate: bool,
    /// ExpireTime (126).
    pub expire_time: Option<Timestamp>,
}

/// An OrderCancelReplaceRequest (G).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplaceRequest<'a> {
    /// ClOrdID (11): the order's identifier once this is accepted.
    pub cl_ord_id: &'a str,
    /// OrigClOrdID (41).
    pub orig_cl_ord_id: &'a str,
    /// OrderQty (38): the new total, what is filled included.
    pub order_qty: Quantity,
    /// Price (44); `None` leaves it as it is.
    pub price: Option<Price>,
}

/// An OrderCancelRequest (F).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRequest<'a> {
    /// ClOrdID (11).
    pub cl_ord_id: &'a str,
    /// OrigClOrdID (41).
    pub orig_cl_ord_id: &'a str,
}
