//! From typed messages of both dialects to what the tracker reads.

use fix_dialect::{Decimal, Text};

use super::exec_id::ExecId;
use super::report::{
    AccountRef, CancelReject, ExecType, Fill, Incoming, MassCancelReport, OrdStatus, Refusal, Report, Side,
};
use super::request::{CancelRequest, NewRequest, ReplaceRequest, Request};
use crate::environment::Product;
use crate::session::RejectReceived;
use crate::units::{Money, Price, PriceUnit, PriceUnits, Quantity, UnitError};
use crate::{margin, prediction};

/// What the venue sends, as the tracker reads it. Implemented for the messages of both dialects; implement it for a struct of
/// your own to track by that.
#[diagnostic::on_unimplemented(
    message = "the tracker cannot read a `{Self}`",
    label = "no message of a dialect, and without `AsIncoming`",
    note = "a struct of your own says what it reports by `impl AsIncoming`, which returns a `kalshi_fix::tracker::Incoming`; or give the tracker the dialect's message"
)]
pub trait AsIncoming {
    /// The view of this message; `None` where it says nothing about orders. `unit` is that of the session's prices: margin
    /// has dollars whatever it is.
    ///
    /// # Errors
    ///
    /// Where a value that the tracker cannot do without is missing or cannot be read. Nothing is made up for it: the fill
    /// of such a report is counted by nobody until it is read in another way, or comes again by drop copy.
    fn as_incoming(&self, unit: PriceUnit) -> Result<Option<Incoming<'_>>, ViewError>;
}

/// What a client sends, as the tracker reads it. Implemented for the messages of both dialects; implement it for an order
/// struct of your own to track what you send by that.
#[diagnostic::on_unimplemented(
    message = "the tracker cannot read a `{Self}` as a request",
    label = "no message of a dialect, and without `AsRequest`",
    note = "a struct of your own says what it asks for by `impl AsRequest`, which returns a `kalshi_fix::tracker::Request`; or tell the tracker by `Tracker::note_request`"
)]
pub trait AsRequest {
    /// The view of this message; `None` where it is no request about orders.
    ///
    /// # Errors
    ///
    /// As for [`AsIncoming::as_incoming`].
    fn as_request(&self, unit: PriceUnit) -> Result<Option<Request<'_>>, ViewError>;
}

/// Why a message cannot be tracked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// A field that the tracker needs is not there.
    #[error("{field} is missing, which {what} cannot be tracked without")]
    Missing {
        /// The field.
        field: &'static str,
        /// What the message is.
        what: &'static str,
    },
    /// A message about orders lacks a field that its dialect requires, or has one that cannot be read.
    #[error("a message of MsgType (35) {msg_type} is incomplete, and cannot be tracked")]
    Incomplete {
        /// Its MsgType (35).
        msg_type: &'static str,
    },
    /// A text is not UTF-8.
    #[error("{field} is not UTF-8: {value:?}")]
    NotUtf8 {
        /// The field.
        field: &'static str,
        /// What stands there.
        value: Text<'static>,
    },
    /// An ExecID (17) is neither a number nor that of a pending report.
    #[error(
        "ExecID (17) is {value:?}: expected clock;event or clock;event;index, or -1;-1 on pending reports"
    )]
    ExecId {
        /// What stands there.
        value: Text<'static>,
    },
    /// An AllocAccount (79) is no subaccount.
    #[error("AllocAccount (79) is {value}: expected 0 to 63")]
    Subaccount {
        /// What stands there.
        value: i64,
    },
    /// A price cannot be converted, or is none: a contract of prediction costs 0 to 1 dollar. Mostly it is in another unit
    /// than was told.
    #[error("{field}: {source}")]
    Price {
        /// The field.
        field: &'static str,
        /// Why.
        source: UnitError,
    },
    /// Amounts are too large to be added up exactly.
    #[error("{field}: the sum cannot be kept exactly")]
    Sum {
        /// The field.
        field: &'static str,
    },
}

fn text<'a>(field: &'static str, value: &'a Text<'_>) -> Result<&'a str, ViewError> {
    value.as_str().map_err(|_| ViewError::NotUtf8 {
        field,
        value: value.clone().into_owned(),
    })
}

fn optional<'a>(field: &'static str, value: Option<&'a Text<'_>>) -> Result<Option<&'a str>, ViewError> {
    value.map(|value| text(field, value)).transpose()
}

fn price(units: PriceUnits, field: &'static str, value: Decimal) -> Result<Price, ViewError> {
    units
        .contract_price(value)
        .map_err(|source| ViewError::Price { field, source })
}

/// The limit of the order that a report is about.
fn limit(units: PriceUnits, exec_type: ExecType, value: Option<Decimal>) -> Result<Option<Price>, ViewError> {
    let limit = value.map(|value| price(units, "Price (44)", value)).transpose();
    match limit {
        // A price that cannot be may be why it is rejected. No order has it, and this one has ended nonetheless.
        Err(ViewError::Price {
            source: UnitError::NoContractPrice { .. },
            ..
        }) if exec_type == ExecType::Rejected => Ok(None),
        limit => limit,
    }
}

fn subaccount(value: Option<i64>) -> Result<u8, ViewError> {
    let value = value.unwrap_or(0);
    match u8::try_from(value) {
        Ok(subaccount) if subaccount < SUBACCOUNTS => Ok(subaccount),
        _ => Err(ViewError::Subaccount { value }),
    }
}

fn exec_id(value: &Text<'_>) -> Result<Option<ExecId>, ViewError> {
    if ExecId::is_pending(value.as_bytes()) {
        return Ok(None);
    }
    let unreadable = || ViewError::ExecId {
        value: value.clone().into_owned(),
    };
    ExecId::parse(value.as_bytes()).map(Some).ok_or_else(unreadable)
}

fn position(long: Option<Decimal>, short: Option<Decimal>) -> Result<Option<Quantity>, ViewError> {
    if long.is_none() && short.is_none() {
        return Ok(None);
    }
    let of = |value: Option<Decimal>| value.map_or(Quantity::ZERO, Quantity::from_contracts);
    let field = "LongQty (704)";
    of(long)
        .checked_sub(of(short))
        .map(Some)
        .ok_or(ViewError::Sum { field })
}

fn fees(mut amounts: impl Iterator<Item = Decimal>) -> Result<Money, ViewError> {
    let field = "MiscFeeAmt (137)";
    amounts
        .try_fold(Money::ZERO, |sum, amount| {
            sum.checked_add(Money::from_dollars(amount))
        })
        .ok_or(ViewError::Sum { field })
}

/// What is the same in both dialects, word for word.
macro_rules! dialect {
    ($dialect:ident, $product:ident, $group_of_order:ident) => {
        impl AsIncoming for $dialect::Message<'_> {
            fn as_incoming(&self, unit: PriceUnit) -> Result<Option<Incoming<'_>>, ViewError> {
                use $dialect::Message;
                match self {
                    Message::ExecutionReport(message) => message.as_incoming(unit),
                    Message::OrderCancelReject(message) => message.as_incoming(unit),
                    Message::OrderMassCancelReport(message) => message.as_incoming(unit),
                    Message::BusinessMessageReject(message) => message.as_incoming(unit),
                    Message::Reject(message) => message.as_incoming(unit),
                    _ => Ok(None),
                }
            }
        }

        impl AsRequest for $dialect::Message<'_> {
            fn as_request(&self, unit: PriceUnit) -> Result<Option<Request<'_>>, ViewError> {
                use $dialect::Message;
                match self {
                    Message::NewOrderSingle(message) => message.as_request(unit),
                    Message::OrderCancelReplaceRequest(message) => message.as_request(unit),
                    Message::OrderCancelRequest(message) => message.as_request(unit),
                    Message::OrderMassCancelRequest(message) => message.as_request(unit),
                    _ => Ok(None),
                }
            }
        }

        impl AsIncoming for $dialect::ExecutionReport<'_> {
            fn as_incoming(&self, unit: PriceUnit) -> Result<Option<Incoming<'_>>, ViewError> {
                let units = PriceUnits::new(Product::$product, unit);
                let exec_type = ExecType::from_wire(self.exec_type.as_wire());
                let fill = if exec_type == ExecType::Trade {
                    let missing = |field| ViewError::Missing { field, what: "a trade" };
                    let last_qty = self.last_qty.ok_or(missing("LastQty (32)"))?;
                    let last_px = self.last_px.ok_or(missing("LastPx (31)"))?;
                    Some(Fill {
                        quantity: Quantity::from_contracts(last_qty),
                        price: price(units, "LastPx (31)", last_px)?,
                        fee: match &self.misc_fees {
                            Some(paid) => Some(fees(paid.iter().map(|fee| fee.misc_fee_amt))?),
                            None => None,
                        },
                        match_id: optional("TrdMatchID (880)", self.trd_match_id.as_ref())?,
                        is_aggressor: self.aggressor_indicator,
                        position: position(self.long_qty, self.short_qty)?,
                    })
                } else {
                    None
                };
                let exec_id = exec_id(&self.exec_id)?;
                Ok(Some(Incoming::Report(Report {
                    exec_id,
                    exec_type,
                    ord_status: OrdStatus::from_wire(self.ord_status.as_wire()),
                    order_id: text("OrderID (37)", &self.order_id)?,
                    cl_ord_id: text("ClOrdID (11)", &self.cl_ord_id)?,
                    orig_cl_ord_id: optional("OrigClOrdID (41)", self.orig_cl_ord_id.as_ref())?,
                    symbol: text("Symbol (55)", &self.symbol)?,
                    side: dialect!(@side $dialect, self),
                    order_qty: Quantity::from_contracts(self.order_qty),
                    cum_qty: Quantity::from_contracts(self.cum_qty),
                    leaves_qty: Quantity::from_contracts(self.leaves_qty),
                    price: limit(units, exec_type, self.price)?,
                    fill,
                    text: optional("Text (58)", self.text.as_ref())?,
                    ord_rej_reason: self.ord_rej_reason.as_ref().map(|reason| reason.as_wire()),
                    transact_time: self.transact_time.into(),
                    expire_time: self.expire_time,
                    account: dialect!(@account self),
                })))
            }
        }

        impl AsIncoming for $dialect::OrderCancelReject<'_> {
            fn as_incoming(&self, _: PriceUnit) -> Result<Option<Incoming<'_>>, ViewError> {
                Ok(Some(Incoming::CancelReject(CancelReject {
                    order_id: text("OrderID (37)", &self.order_id)?,
                    cl_ord_id: text("ClOrdID (11)", &self.cl_ord_id)?,
                    orig_cl_ord_id: optional("OrigClOrdID (41)", self.orig_cl_ord_id.as_ref())?,
                    ord_status: OrdStatus::from_wire(self.ord_status.as_wire()),
                    reason: self.cxl_rej_reason.as_ref().map(|reason| reason.as_wire()),
                    text: optional("Text (58)", self.text.as_ref())?,
                })))
            }
        }

        impl AsIncoming for $dialect::OrderMassCancelReport<'_> {
            fn as_incoming(&self, _: PriceUnit) -> Result<Option<Incoming<'_>>, ViewError> {
                Ok(Some(Incoming::MassCancel(MassCancelReport {
                    cl_ord_id: text("ClOrdID (11)", &self.cl_ord_id)?,
                    accepted: self.mass_cancel_response.as_wire() == b'6',
                    reason: self.mass_cancel_reject_reason,
                })))
            }
        }

        impl AsIncoming for $dialect::BusinessMessageReject<'_> {
            fn as_incoming(&self, _: PriceUnit) -> Result<Option<Incoming<'_>>, ViewError> {
                Ok(Some(Incoming::Refusal(Refusal {
                    ref_seq_num: self.ref_seq_num,
                    ref_id: optional("BusinessRejectRefID (379)", self.business_reject_ref_id.as_ref())?,
                    ref_msg_type: optional("RefMsgType (372)", self.ref_msg_type.as_ref())?,
                    reason: Some(self.business_reject_reason.as_wire()),
                    text: optional("Text (58)", self.text.as_ref())?,
                })))
            }
        }

        impl AsIncoming for $dialect::Reject<'_> {
            fn as_incoming(&self, _: PriceUnit) -> Result<Option<Incoming<'_>>, ViewError> {
                Ok(Some(Incoming::Refusal(Refusal {
                    ref_seq_num: Some(self.ref_seq_num),
                    ref_id: None,
                    ref_msg_type: optional("RefMsgType (372)", self.ref_msg_type.as_ref())?,
                    reason: self.session_reject_reason.as_ref().map(|reason| reason.as_wire()),
                    text: optional("Text (58)", self.text.as_ref())?,
                })))
            }
        }

        impl AsRequest for $dialect::NewOrderSingle<'_> {
            fn as_request(&self, unit: PriceUnit) -> Result<Option<Request<'_>>, ViewError> {
                let units = PriceUnits::new(Product::$product, unit);
                let time_in_force = self.time_in_force.as_ref().map(|value| value.as_wire());
                let group: Option<&Text<'_>> = $group_of_order(self);
                Ok(Some(Request::New(NewRequest {
                    cl_ord_id: text("ClOrdID (11)", &self.cl_ord_id)?,
                    symbol: text("Symbol (55)", &self.symbol)?,
                    side: dialect!(@side $dialect, self),
                    order_qty: Quantity::from_contracts(self.order_qty),
                    price: Some(price(units, "Price (44)", self.price)?),
                    account: dialect!(@account self),
                    order_group: optional("OrderGroupID (20130)", group)?,
                    is_immediate: matches!(time_in_force, Some(b'3' | b'4')),
                    expire_time: self.expire_time,
                })))
            }
        }

        impl AsRequest for $dialect::OrderCancelReplaceRequest<'_> {
            fn as_request(&self, unit: PriceUnit) -> Result<Option<Request<'_>>, ViewError> {
                let units = PriceUnits::new(Product::$product, unit);
                Ok(Some(Request::Replace(ReplaceRequest {
                    cl_ord_id: text("ClOrdID (11)", &self.cl_ord_id)?,
                    orig_cl_ord_id: text("OrigClOrdID (41)", &self.orig_cl_ord_id)?,
                    order_qty: Quantity::from_contracts(self.order_qty),
                    price: self.price.map(|value| price(units, "Price (44)", value)).transpose()?,
                })))
            }
        }

        impl AsRequest for $dialect::OrderCancelRequest<'_> {
            fn as_request(&self, _: PriceUnit) -> Result<Option<Request<'_>>, ViewError> {
                Ok(Some(Request::Cancel(CancelRequest {
                    cl_ord_id: text("ClOrdID (11)", &self.cl_ord_id)?,
                    orig_cl_ord_id: text("OrigClOrdID (41)", &self.orig_cl_ord_id)?,
                })))
            }
        }

        impl AsRequest for $dialect::OrderMassCancelRequest<'_> {
            fn as_request(&self, _: PriceUnit) -> Result<Option<Request<'_>>, ViewError> {
                let cl_ord_id = text("ClOrdID (11)", &self.cl_ord_id)?;
                Ok(Some(Request::MassCancel { cl_ord_id }))
            }
        }
    };
    (@side $dialect:ident, $message:ident) => {
        match &$message.side {
            $dialect::fields::Side::Buy => Side::Buy,
            $dialect::fields::Side::Sell => Side::Sell,
            $dialect::fields::Side::Unlisted(_) => {
                let (field, what) = ("a Side (54) of 1 or 2", "an order");
                return Err(ViewError::Missing { field, what });
            }
        }
    };
    (@account $message:ident) => {{
        let parties = $message.party_ids.as_ref();
        let party = parties.and_then(|parties| parties.first()?.party_id.as_ref());
        AccountRef {
            subaccount: subaccount($message.alloc_account)?,
            party: optional("PartyID (448)", party)?,
        }
    }};
}

dialect!(prediction, Prediction, prediction_group);
dialect!(margin, Margin, margin_group);

fn prediction_group<'m>(order: &'m prediction::NewOrderSingle<'_>) -> Option<&'m Text<'m>> {
    order
        .order_group_id
        .as_ref()
        .or(order.secondary_cl_ord_id.as_ref())
}

fn margin_group<'m>(order: &'m margin::NewOrderSingle<'_>) -> Option<&'m Text<'m>> {
    order.secondary_cl_ord_id.as_ref()
}

/// A Reject (3) as the session delivers it.
impl AsIncoming for RejectReceived {
    fn as_incoming(&self, _: PriceUnit) -> Result<Option<Incoming<'_>>, ViewError> {
        Ok(Some(Incoming::Refusal(Refusal {
            ref_seq_num: self.ref_seq_num,
            ref_id: None,
            ref_msg_type: self.ref_msg_type.as_deref(),
            reason: self.reason.map(i64::from),
            text: self.text.as_deref(),
        })))
    }
}

/// AllocAccount (79) is 0 to 63.
pub(super) const SUBACCOUNTS: u8 = 64;
