//! Sessions on which the dialect does not let a side send the message; and one that is wrong where nothing is stated.

use kalshi_fix::FixMessage;
use kalshi_fix::dialect::Decimal;
use kalshi_fix::margin;
use kalshi_fix::prediction::{Prediction, fields, sessions::*};

#[derive(FixMessage)]
#[fix(msg_type = "D", dialect = Prediction)]
#[fix(client = NR, client = RT, client = MD, client = margin::sessions::NR, exchange = NR)]
struct Order<'a> {
    cl_ord_id: &'a str,
    order_qty: Decimal,
    ord_type: fields::OrdType,
    price: Decimal,
    side: fields::Side,
    symbol: &'a str,
}

#[derive(FixMessage)]
#[fix(msg_type = "j", dialect = Prediction, client = NR, exchange = NR)]
struct Refusal<'a> {
    ref_msg_type: &'a str,
    business_reject_reason: fields::BusinessRejectReason,
}

#[derive(FixMessage)]
#[fix(msg_type = "U77", dialect = Prediction, client = MD, client = margin::sessions::MD, client = Own)]
struct Private<'a> {
    symbol: &'a str,
}

/// A session of a user's own, of no dialect.
struct Own;

fn main() {}
