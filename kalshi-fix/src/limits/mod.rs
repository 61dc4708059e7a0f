//! Pre-trade limits, and the kill switch: what keeps a program that went wrong from trading.
//!
//! [`Limits`] say how large, how dear, how many and how fast orders may be; each is off until it is set. [`PreTrade`] holds
//! orders and amendments against them before they are sent, and keeps the [`KillSwitch`]: once tripped, nothing that
//! could trade is let through, it says what to send so that everything open is canceled, and it stays so until it is
//! released. [`KillRun`] carries it out on a session. Cancellations always pass. Neither reads a clock; what is open is told by whoever tracks it, through
//! [`OpenOrders`].
//!
//! # What counts as open
//!
//! The limits on all that is open (their number, and what they may cost together) err on the safe side. What counts is
//!
//! - what [`OpenOrders`] shows: the tracker shows every order that has not ended, those in doubt included, and reckons an order
//!   whose amend has no answer, or is in doubt, at the dearer of its two terms;
//! - what was let through, on any of the sessions that share the limits, and is not known to it yet. That ends when it has
//!   [heard](OpenOrders::has_heard_of) of the message by its `ClOrdID (11)`, when the message is not sent after all, or when
//!   the client that waits for its answer ([`submit`](crate::client::Sender::submit), [`begin`](crate::client::Sender::begin))
//!   has its refusal in hand. A refusal that names the `ClOrdID (11)` alone is nobody's in particular while another message
//!   under it is not known. Of which it never hears counts for a minute, and 4,096 such messages at most: then nothing more is
//!   let through ([`LimitBreach::Unheard`]). So does a message under a `ClOrdID (11)` that was used before, unless it is refused;
//! - the message in question, an amendment beside the order that it amends.
//!
//! So tell the tracker what was sent ([`Tracker::sent`](crate::tracker::Tracker::sent)) right when it has its number. Where
//! nobody tracks orders ([`NothingOpen`]) these two limits find nothing. What goes past the limits
//! ([`Sender::untyped`](crate::client::Sender::untyped)), and what other programs do with the account, counts from when the
//! tracker hears of it.
//!
//! A client takes a [`SharedPreTrade`] with
//! [`ClientBuilder::pre_trade`](crate::client::ClientBuilder::pre_trade), and asks it before a message takes a sequence
//! number.
//!
//! ```
//! use std::time::Duration;
//!
//! use kalshi_fix::environment::Product;
//! use kalshi_fix::limits::{Intent, Limits, OpenOrder, PreTrade};
//! use kalshi_fix::orders::Side;
//! use kalshi_fix::units::Quantity;
//!
//! let mut pre_trade = PreTrade::new(Limits::default().max_order_quantity(Quantity::from_whole(100)));
//! let nothing_open: &[OpenOrder] = &[];
//! let order = Intent::order(Product::Prediction, "M", Side::Buy, Quantity::from_whole(500), "0.57".parse()?);
//! let refused = pre_trade.admit(Duration::ZERO, &order, nothing_open).unwrap_err();
//! assert_eq!(refused.to_string(), "the limit on an order's quantity: 500 contracts, at most 100 are allowed");
//! # Ok::<(), kalshi_fix::units::UnitError>(())
//! ```

mod breach;
mod carry_out;
mod intent;
mod kill;
mod open;
mod pre_trade;
mod shared;
mod unheard;

pub use breach::LimitBreach;
pub use carry_out::{CancelsOrders, KillProblem, KillRun, KillStop, Killed};
pub(crate) use intent::most_it_can_cost;
pub use intent::{Intent, IntentKind};
pub use kill::{Cancels, KillAction, KillState, KillSwitch};
pub use open::{NothingOpen, OpenOrder, OpenOrders};
pub use pre_trade::{Admitted, Limits, PreTrade, PriceBand};
pub use shared::SharedPreTrade;
pub(crate) use shared::{Counted, Held, Leave};
pub use unheard::Names;
