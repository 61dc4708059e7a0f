//! Waiting for what becomes of an order.

use kalshi_fix::client::KalshiSession;
use kalshi_fix::prediction::Prediction;
use kalshi_fix::tracker::{self, OrderState, TrackerEvent};

use crate::desk::Desk;
use crate::support::Failure;

/// Takes news in until an order is in this state, and returns them. An order that ends in another one ends the example.
pub(crate) async fn until<S: KalshiSession<Dialect = Prediction>>(
    desk: &mut Desk<S>,
    cl_ord_id: &str,
    wanted: OrderState,
) -> Result<Vec<TrackerEvent>, Failure> {
    let mut all = Vec::new();
    loop {
        let order = desk
            .tracker
            .by_cl_ord_id(cl_ord_id)
            .ok_or("an order that was never sent")?;
        let state = order.state();
        if state == wanted {
            return Ok(all);
        }
        if state.is_final() {
            let reason = order
                .rejection()
                .and_then(tracker::Rejection::text)
                .or(order.text());
            return Err(format!(
                "the order is {state:?}, not {wanted:?}: {}",
                reason.unwrap_or("no reason given")
            )
            .into());
        }
        all.extend(desk.news().await?);
    }
}
