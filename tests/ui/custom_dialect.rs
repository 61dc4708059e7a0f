//! Messages of a user's own do not agree with the dialect that they name by its type. Everything in one build.

use kalshi_fix::dialect::{Decimal, Text, Unlisted};
use kalshi_fix::prediction::{Prediction, fields};
use kalshi_fix::{FixEnum, FixGroup, FixMessage};

#[derive(FixMessage)]
#[fix(msg_type = "D", dialect = Prediction, crate = "kalshi_fix::dialect")]
struct Order<'a> {
    cl_ord_id: Option<Text<'a>>,
    pricee: Decimal,
    whim: u8,
    #[fix(tag = 44)]
    side: fields::Side,
    #[fix(tag = 20001)]
    symbol: Text<'a>,
    time_in_force: Pace,
    ord_type: Decimal,
    party_ids: Option<Text<'a>>,
    exec_id: Text<'a>,
    #[fix(tag = 54)]
    sending_time: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Pace {
    #[fix(value = '1')]
    Slow,
    #[fix(value = '9')]
    Fast,
    Other(Unlisted<Self>),
}

#[derive(FixMessage)]
#[fix(msg_type = "X", dialect = Prediction, crate = "kalshi_fix::dialect")]
struct Book {
    md_entries: Vec<Level>,
}

#[derive(FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Level {
    #[fix(tag = 269)]
    kind: fields::MDEntryType,
    #[fix(tag = 271)]
    size: Option<Decimal>,
    #[fix(tag = 270)]
    price: Option<Decimal>,
    #[fix(tag = 38)]
    quantity: Option<Decimal>,
}

#[derive(FixGroup)]
#[fix(dialect = Prediction, group = "NoPartyID", crate = "kalshi_fix::dialect")]
struct Misnamed<'a> {
    party_id: Text<'a>,
}

#[derive(FixGroup)]
#[fix(dialect = Prediction, group = "NoPartyIDs", crate = "kalshi_fix::dialect")]
struct Party<'a> {
    party_role: fields::PartyRole,
    party_id: Text<'a>,
    order_qty: Option<Decimal>,
}

#[derive(FixMessage)]
#[fix(msg_type = "A", dialect = Prediction, crate = "kalshi_fix::dialect")]
struct Logon {
    encrypt_method: fields::EncryptMethod,
    heart_bt_int: u32,
    default_appl_ver_id: fields::DefaultApplVerID,
    raw_data: Option<Vec<u8>>,
}

fn main() {}
