//! A message of a user's own where the client or the tracker needs one of the dialect.

use kalshi_fix::FixMessage;
use kalshi_fix::client::Session;
use kalshi_fix::dialect::Timestamp;
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::tracker::{Source, Tracker};
use kalshi_fix::units::PriceUnit;

#[derive(FixMessage)]
#[fix(msg_type = "D", client = NR)]
struct Order {
    #[fix(tag = 11)]
    id: String,
}

async fn place(session: &Session<NR>, order: &Order) {
    let _ = session.send(order).await;
    let _ = session.submit(order).await;
}

fn track(tracker: &mut Tracker, order: &Order, now: Timestamp, from: Source) {
    let _ = tracker.sent(now, 2, order, PriceUnit::Dollars, &mut Vec::new());
    let _ = tracker.read(now, from, order, PriceUnit::Dollars, &mut Vec::new());
}

fn main() {}
