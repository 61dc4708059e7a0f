//! Another member of the simulated exchange, who trades without a session.

use std::sync::atomic::{AtomicU64, Ordering};

use kalshi_fix::environment::Product;
use kalshi_fix::gateway::Member;
use kalshi_fix::gateway::exchange::{NewOrder, Price, Quantity, Side};

use crate::support::Failure;

/// Has the member place an order: a price in cents, and contracts.
pub(crate) fn place(
    member: &Member,
    market: &str,
    side: Side,
    cents: i64,
    contracts: i64,
) -> Result<(), Failure> {
    static ORDERS: AtomicU64 = AtomicU64::new(1);
    let id = format!("other-{}", ORDERS.fetch_add(1, Ordering::Relaxed));
    let (price, quantity) = (Price::from_cents(cents), Quantity::from_contracts(contracts));
    member.place(
        Product::Prediction,
        NewOrder::limit(&id, market, side, price, quantity),
    )?;
    Ok(())
}
