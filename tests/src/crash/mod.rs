//! Kill -9 in a loop: a process that trades on order entry with retransmission is killed at moments of all kinds, started
//! again, and resumes, until it has died often enough. Then its own records are held against what the exchange did.
//!
//! The [`child`] writes down each order before it sends it and each report before it takes the next, and nothing else: what
//! it does not lose by that, the session must not lose either. The [`parent`] is the exchange, those who trade with the
//! child's resting orders while it is dead, and who kills it. The [`oracle`] compares at the end:
//!
//! - no report is lost: what happened at the exchange was handled by some incarnation;
//! - none is invented, and what comes a second time says so (PossDupFlag (43));
//! - no order is sent twice: the exchange, which refuses a ClOrdID (11) that it knows, never had to;
//! - no order reaches the exchange that the child did not mean to send.
//!
//! Two careless [`Habit`]s show that the oracle looks.

pub mod child;
mod log;
pub mod oracle;
pub mod parent;

use std::fmt;
use std::str::FromStr;

use kalshi_fix::prediction::{NewOrderSingle, fields};
use rust_decimal::Decimal;

use crate::stack::MARKET;

/// How the child treats its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Habit {
    /// As it should.
    #[default]
    Sound,
    /// It takes the next report before it has written down the one before.
    Forgets,
    /// When it is started again, it sends its last order again, with the same ClOrdID (11).
    Repeats,
}

impl fmt::Display for Habit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Habit::Sound => "sound",
            Habit::Forgets => "forgets",
            Habit::Repeats => "repeats",
        })
    }
}

impl FromStr for Habit {
    type Err = String;

    fn from_str(text: &str) -> Result<Habit, String> {
        [Habit::Sound, Habit::Forgets, Habit::Repeats]
            .into_iter()
            .find(|habit| habit.to_string() == text)
            .ok_or_else(|| format!("{text:?} is no habit"))
    }
}

/// The child's order with this number: it rests, or is filled at once, or is cancelled at once.
fn order(id: u64, cl_ord_id: &str) -> NewOrderSingle<'_> {
    let (cents, count, lasts) = match id % 4 {
        0 | 2 => (RESTING, 2, fields::TimeInForce::GoodTillCancel),
        1 => (FILLED, 1, fields::TimeInForce::ImmediateOrCancel),
        _ => (CANCELLED, 1, fields::TimeInForce::ImmediateOrCancel),
    };
    NewOrderSingle {
        time_in_force: Some(lasts),
        ..NewOrderSingle::new(
            cl_ord_id,
            Decimal::from(count),
            fields::OrdType::Limit,
            Decimal::new(cents, 2),
            fields::Side::Buy,
            MARKET,
        )
    }
}

/// Between the maker's bid and its offer: whoever sells at this price meets the child's orders.
const RESTING: i64 = 45;
const FILLED: i64 = 60;
const CANCELLED: i64 = 41;
