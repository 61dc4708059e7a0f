//! Why a message is not let through.

use std::time::Duration;

use crate::units::{Money, Price, Quantity};

/// Why a message is not let through. It has taken no sequence number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitBreach {
    /// More contracts than an order may have.
    #[error("the limit on an order's quantity: {value} contracts, at most {bound} are allowed")]
    Quantity {
        /// The order's contracts, in total.
        value: Quantity,
        /// The limit.
        bound: Quantity,
    },
    /// A price outside of the band.
    #[error("the price band of {symbol}: {value} dollars, {lowest} to {highest} is allowed")]
    Price {
        /// The market.
        symbol: String,
        /// The order's price.
        value: Price,
        /// The lowest that is allowed.
        lowest: Price,
        /// The highest that is allowed.
        highest: Price,
    },
    /// There is a band around a reference price, and no reference price.
    #[error("the price band of {symbol}: no reference price is known, and one is needed")]
    NoReference {
        /// The market.
        symbol: String,
    },
    /// An order that may cost too much.
    #[error("the limit on what an order may cost: {value} dollars, at most {bound} are allowed")]
    Notional {
        /// What the order may cost.
        value: Money,
        /// The limit.
        bound: Money,
    },
    /// Open orders that together may cost too much.
    #[error(
        "the limit on what open orders may cost: {value} dollars with this one, at most {bound} are allowed{}",
        not_known(*unheard)
    )]
    OpenNotional {
        /// What they may cost with this one.
        value: Money,
        /// The limit.
        bound: Money,
        /// How many orders and amendments are among them that were let through, and that whoever tracks orders has not heard of.
        unheard: usize,
    },
    /// Too many open orders.
    #[error(
        "the limit on open orders: {value} with this one, at most {bound} are allowed{}",
        not_known(*unheard)
    )]
    OpenOrders {
        /// How many there would be with this one.
        value: usize,
        /// The limit.
        bound: usize,
        /// How many of them were let through, and whoever tracks orders has not heard of.
        unheard: usize,
    },
    /// Whoever tracks orders has not heard of too many that were let through within the last minute: what is open cannot be
    /// told.
    #[error(
        "a limit is set on what is open, and of {bound} orders that were let through whoever tracks orders has not heard: no more \
         until it has, or a minute has passed"
    )]
    Unheard {
        /// How many there may be.
        bound: usize,
    },
    /// Too many orders in too short a time.
    #[error("the limit on the rate of orders: this would be number {} within {interval:?}, at most {bound} are allowed", .bound + 1)]
    Rate {
        /// How many are allowed.
        bound: usize,
        /// Within this long.
        interval: Duration,
        /// When the next one is.
        until: Duration,
    },
    /// A limit is set on something that the message does not say, or not as the dialect has it.
    #[error(
        "a limit is set, and {field} is missing, malformed, or too large to reckon with: expected a value to hold against it"
    )]
    Unreadable {
        /// The field, as `Name (tag)`.
        field: &'static str,
    },
    /// The kill switch is tripped.
    #[error("the kill switch is tripped ({reason}): nothing that could trade is sent until it is released")]
    Killed {
        /// Why it was tripped.
        reason: String,
    },
}

fn not_known(unheard: usize) -> String {
    match unheard {
        0 => String::new(),
        1 => "; 1 of those counted is not known to the tracker: it counts until the tracker is told, or for a minute".to_owned(),
        _ => format!(
            "; {unheard} of those counted are not known to the tracker: they count until it is told, or for a minute"
        ),
    }
}
