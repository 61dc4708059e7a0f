//! The same messages in two dialects.

use std::fmt;

use rust_decimal::Decimal;

use super::limit::LimitOrder;
use super::placed::PlacedOrder;
use super::terms::{Account, SelfTradePrevention, Side, TimeInForce};
use crate::client::KalshiProduct;
use crate::margin::{self, Margin};
use crate::prediction::{self, Prediction};

/// A product whose orders can be built: both can. Sealed.
pub trait OrderProduct: KalshiProduct + fmt::Debug + Clone + sealed::Convert {
    /// Its `NewOrderSingle (D)`.
    type NewOrderSingle<'a>;
    /// Its `OrderCancelReplaceRequest (G)`.
    type OrderCancelReplaceRequest<'a>;
    /// Its `OrderCancelRequest (F)`.
    type OrderCancelRequest<'a>;
    /// Its `OrderMassCancelRequest (q)`.
    type OrderMassCancelRequest<'a>;

    #[doc(hidden)]
    fn new_order_single<'a>(order: &'a LimitOrder<Self>, checked: &Checked<'a>) -> Self::NewOrderSingle<'a>;

    #[doc(hidden)]
    fn replace<'a>(
        order: &'a PlacedOrder<Self>,
        cl_ord_id: &'a str,
        total: Decimal,
        price: Option<Decimal>,
    ) -> Self::OrderCancelReplaceRequest<'a>;

    #[doc(hidden)]
    fn cancel<'a>(order: &'a PlacedOrder<Self>, cl_ord_id: &'a str) -> Self::OrderCancelRequest<'a>;

    #[doc(hidden)]
    fn mass_cancel(cl_ord_id: &str) -> Self::OrderMassCancelRequest<'_>;
}

/// What of an order has been checked and converted.
#[doc(hidden)]
#[derive(Debug)]
pub struct Checked<'a> {
    pub(super) cl_ord_id: &'a str,
    pub(super) side: Side,
    pub(super) quantity: Decimal,
    pub(super) price: Decimal,
    pub(super) max_execution_cost: Option<Decimal>,
}

mod sealed {
    pub trait Convert {}
}

macro_rules! product {
    ($dialect:ident, $module:ident, $words:ident,
        order |$order:ident, $checked:ident| { $($order_field:ident: $order_value:expr,)* },
        placed |$placed:ident| { $($placed_field:ident: $placed_value:expr,)* }) => {
        /// The dialect's words for those that both products share.
        mod $words {
            use super::{Account, SelfTradePrevention, Side};
            use crate::$module::{fields, groups};

            pub(super) fn side(side: Side) -> fields::Side {
                match side {
                    Side::Buy => fields::Side::Buy,
                    Side::Sell => fields::Side::Sell,
                }
            }

            pub(super) fn prevention(prevention: SelfTradePrevention) -> fields::SelfTradePreventionType {
                match prevention {
                    SelfTradePrevention::TakerAtCross => fields::SelfTradePreventionType::TakerAtCross,
                    SelfTradePrevention::Maker => fields::SelfTradePreventionType::Maker,
                }
            }

            pub(super) fn parties(account: &Account) -> Option<Vec<groups::Party<'_>>> {
                let Account::Customer(id) = account else { return None };
                Some(vec![groups::Party {
                    party_id: Some(id.into()),
                    party_role: Some(fields::PartyRole::CustomerAccount),
                    ..groups::Party::new()
                }])
            }
        }

        impl sealed::Convert for $dialect {}

        impl OrderProduct for $dialect {
            type NewOrderSingle<'a> = $module::NewOrderSingle<'a>;
            type OrderCancelReplaceRequest<'a> = $module::OrderCancelReplaceRequest<'a>;
            type OrderCancelRequest<'a> = $module::OrderCancelRequest<'a>;
            type OrderMassCancelRequest<'a> = $module::OrderMassCancelRequest<'a>;

            fn new_order_single<'a>(
                $order: &'a LimitOrder<Self>,
                $checked: &Checked<'a>,
            ) -> $module::NewOrderSingle<'a> {
                use $module::fields;
                let (time_in_force, expire_time) = match $order.time_in_force {
                    TimeInForce::Day => (fields::TimeInForce::Day, None),
                    TimeInForce::GoodTillCancel => (fields::TimeInForce::GoodTillCancel, None),
                    TimeInForce::ImmediateOrCancel => (fields::TimeInForce::ImmediateOrCancel, None),
                    TimeInForce::FillOrKill => (fields::TimeInForce::FillOrKill, None),
                    TimeInForce::GoodTillDate(until) => (fields::TimeInForce::GoodTillDate, Some(until)),
                };
                $module::NewOrderSingle {
                    exec_inst: $order.post_only.then(|| fields::ExecInst::PostOnly.into()),
                    time_in_force: Some(time_in_force),
                    expire_time,
                    party_ids: $words::parties(&$order.account),
                    alloc_account: alloc_account(&$order.account),
                    secondary_cl_ord_id: $order.order_group.as_ref().map(Into::into),
                    self_trade_prevention_type: $order.self_trade_prevention.map($words::prevention),
                    cancel_order_on_pause: $order.cancel_on_pause,
                    $($order_field: $order_value,)*
                    ..$module::NewOrderSingle::new(
                        $checked.cl_ord_id,
                        $checked.quantity,
                        fields::OrdType::Limit,
                        $checked.price,
                        $words::side($checked.side),
                        &$order.symbol,
                    )
                }
            }

            fn replace<'a>(
                $placed: &'a PlacedOrder<Self>,
                cl_ord_id: &'a str,
                total: Decimal,
                price: Option<Decimal>,
            ) -> $module::OrderCancelReplaceRequest<'a> {
                $module::OrderCancelReplaceRequest {
                    order_id: $placed.order_id.as_ref().map(Into::into),
                    price,
                    party_ids: $words::parties(&$placed.account),
                    alloc_account: alloc_account(&$placed.account),
                    $($placed_field: $placed_value,)*
                    ..$module::OrderCancelReplaceRequest::new(
                        cl_ord_id,
                        total,
                        $module::fields::OrdType::Limit,
                        &$placed.cl_ord_id,
                        $words::side($placed.side),
                        &$placed.symbol,
                    )
                }
            }

            fn cancel<'a>(
                $placed: &'a PlacedOrder<Self>,
                cl_ord_id: &'a str,
            ) -> $module::OrderCancelRequest<'a> {
                $module::OrderCancelRequest {
                    order_id: $placed.order_id.as_ref().map(Into::into),
                    party_ids: $words::parties(&$placed.account),
                    alloc_account: alloc_account(&$placed.account),
                    $($placed_field: $placed_value,)*
                    ..$module::OrderCancelRequest::new(
                        cl_ord_id,
                        &$placed.cl_ord_id,
                        $words::side($placed.side),
                        &$placed.symbol,
                    )
                }
            }

            fn mass_cancel(cl_ord_id: &str) -> $module::OrderMassCancelRequest<'_> {
                let whole_session = $module::fields::MassCancelRequestType::CancelForSession;
                $module::OrderMassCancelRequest::new(cl_ord_id, whole_session)
            }
        }
    };
}

product!(Prediction, prediction, prediction_words,
    order |order, checked| {
        ex_destination: order.exchange_index.map(i64::from),
        quote_id: order.quote.as_ref().map(Into::into),
        rfq_id: order.rfq.as_ref().map(Into::into),
        max_execution_cost: checked.max_execution_cost,
    },
    placed |order| {
        ex_destination: order.exchange_index.map(i64::from),
    }
);
product!(
    Margin,
    margin,
    margin_words,
    order | order,
    checked | {},
    placed | order | {}
);

fn alloc_account(account: &Account) -> Option<i64> {
    match account {
        Account::Subaccount(number) => Some(i64::from(*number)),
        Account::Primary | Account::Customer(_) => None,
    }
}
