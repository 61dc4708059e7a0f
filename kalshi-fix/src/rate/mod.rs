//! The venue's rate limits, kept on our side.
//!
//! Messages and REST requests of a product draw tokens from the same buckets: *Read*, *Write*, and a Write bucket for
//! each shard that orders name. A bucket refills continuously, up to its capacity. What exceeds it is refused by the
//! venue (`BusinessMessageReject (j)` with `380=8`), after a sequence number and a round trip.
//!
//! - [`Budgets`] say how large the buckets are: by [`Tier`], or as the venue tells.
//! - [`CostTable`] says what a message costs, and which bucket pays.
//! - [`RateLimiter`] is the arithmetic: whole numbers, and time is an argument.
//! - [`SharedRateLimiter`] is the limiter that sessions and a REST client share; waiting for it is fair, and stops without
//!   a loss when the future is dropped.
//!
//! A client takes one with [`ClientBuilder::rate_limit`](crate::client::ClientBuilder::rate_limit), and looks at it before
//! a message takes a sequence number.
//!
//! ```
//! use std::time::Duration;
//!
//! use kalshi_fix::rate::{Budgets, CostTable, Decision, RateLimiter, Tier};
//!
//! let mut limiter = RateLimiter::new(Budgets::prediction(Tier::Basic));
//! let costs = CostTable::venue();
//! let order = costs.cost("D", None, false);
//! let start = Duration::ZERO;
//! for _ in 0..10 {
//!     assert_eq!(limiter.take(start, &order), Decision::Ready); // 100 tokens in the Write bucket, 10 an order
//! }
//! assert_eq!(limiter.take(start, &order), Decision::WaitUntil(Duration::from_millis(100)));
//! assert_eq!(limiter.take(Duration::from_millis(100), &order), Decision::Ready);
//! ```

mod bucket;
mod budget;
mod cost;
mod limiter;
mod shared;

pub use budget::{Budget, Budgets, Tier};
pub(crate) use cost::names_a_shard;
pub use cost::{Bucket, Cost, CostTable, MessageCost};
pub use limiter::{Decision, RateLimiter};
pub use shared::{RateLimited, RatePolicy, SharedRateLimiter};
