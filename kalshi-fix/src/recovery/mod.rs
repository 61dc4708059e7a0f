//! What was missed, fetched from drop copy.
//!
//! A session without retransmission that reconnects has lost what the venue sent in the meantime. Drop copy has it for three
//! hours: execution reports by ranges of ExecID (17), each within one exchange index. [`Recovery`] knows what to ask for and
//! judges the answers; it has no session and no clock. [`recover`] runs it over a drop copy session of either product, and
//! [`recover_with`] opens one for it, with a key of its own. [`Followed`] does so by itself whenever reports may have been
//! missed. By hand it is this:
//!
//! ```no_run
//! use kalshi_fix::client::{Client, Event};
//! use kalshi_fix::driver::{Missed, SystemClock};
//! use kalshi_fix::prediction::Prediction;
//! use kalshi_fix::recovery::{self, RecoverySettings};
//! use kalshi_fix::tracker::{Source, Tracker};
//!
//! # async fn example(
//! #     trading: Client<Prediction>, second_key: Client<Prediction>, mut tracker: Tracker,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! let mut session = trading.order_entry().await?;
//! let mut news = Vec::new();
//! while let Some(event) = session.recv().await {
//!     match event {
//!         Event::Disconnected(lost) => {
//!             tracker.disconnected(Source::OrderEntry, &lost.end.in_doubt(), &mut news);
//!         }
//!         Event::Reconnected(back) => {
//!             let missed = back.missed != Missed::Nothing;
//!             tracker.connected(Source::OrderEntry, missed, &mut news);
//!             if missed {
//!                 let settings = RecoverySettings::default();
//!                 let clock = &SystemClock;
//!                 let outcome = recovery::recover_with(&second_key, &mut tracker, settings, clock, &mut news).await?;
//!                 assert!(outcome.is_complete(), "{outcome:?}");
//!             }
//!         }
//!         _ => { /* messages go to the tracker */ }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it proves
//!
//! A range that was fetched to its end, with as many reports as the venue announced, has every fill and every change of an
//! order in it: the orders of that exchange index are as reported again. It has no rejects and no pending reports. A request
//! without an answer stays in doubt, however long drop copy is asked.
//!
//! The range begins with the last report that was seen before the gap. Where that is older than three hours, the venue
//! refuses it ([`RangeFailure::OutsideWindow`]), though the gap itself may be short; what was missed is then to be asked for
//! elsewhere (the venue's REST interface), and told to the tracker: fills as reports
//! ([`Tracker::receive`](crate::tracker::Tracker::receive), from drop copy), the ends of orders by
//! [`Tracker::resolve`](crate::tracker::Tracker::resolve). Until [`Tracker::recovered`](crate::tracker::Tracker::recovered) is
//! called for that exchange index, the gap stays, and is asked for and refused each time. It keeps no later gap from being
//! filled: the last one is asked for by itself then.

mod followed;
mod machine;
mod run;

pub use followed::{Followed, FollowedEvent, FollowedSendError};
pub use machine::{Answer, Outcome, Range, RangeFailure, RangeOutcome, Recovery, RecoverySettings, Step};
pub use run::{DropCopy, RecoverError, recover, recover_with};
