//! A `Vec` of what is no entry of a group, and entries that nothing can begin.

use kalshi_fix::{FixGroup, FixMessage};

struct Plain;

#[derive(FixMessage)]
#[fix(msg_type = "U77", crate = "kalshi_fix::dialect")]
struct Payment {
    #[fix(tag = 20001)]
    legs: Vec<Plain>,
}

#[derive(FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Optional {
    #[fix(tag = 20002)]
    amount: Option<u32>,
}

#[derive(FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Nested {
    #[fix(tag = 20003)]
    inner: Vec<Optional>,
}

#[derive(FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Measured {
    #[fix(tag = 20005, length = 20004)]
    data: Vec<u8>,
}

fn main() {}
