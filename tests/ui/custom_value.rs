//! A type that cannot be the value of a field, and one that cannot be an entry: each is told once.

use kalshi_fix::dialect::Text;
use kalshi_fix::{FixGroup, FixMessage};

struct Money(i64);

#[derive(FixMessage)]
#[fix(msg_type = "U77", crate = "kalshi_fix::dialect")]
struct Payment<'a> {
    #[fix(tag = 20001)]
    amount: Money,
    #[fix(tag = 20002)]
    fee: Option<f64>,
    #[fix(tag = 20003)]
    payee: Text<'a>,
}

#[derive(FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Leg {
    #[fix(tag = 20005)]
    amount: Money,
}

fn main() {}
