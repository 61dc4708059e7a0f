//! The whole stack, tokio, TLS and sockets included, under the faults of a [proxy](crate::proxy): what its tests and its
//! soak share.
//!
//! A [`Scene`] is an exchange in which every order is answered with exactly one report. A [`Desk`] is the application of
//! the session under test; the witness is a listener's session beside it, without a proxy, which hears what the exchange
//! really did. Both write into one [`Ledger`], which holds:
//!
//! - every order ends: it is answered, or refused before it was sent, or in doubt, or known to have been received when its
//!   connection was lost;
//! - what has no answer when a connection is lost is told to be in doubt, or was received;
//! - an answer is the one that the exchange gave, and comes once: nothing is invented;
//! - no order is carried out twice, and none that was refused.

mod desk;
mod ledger;
mod report;
mod scene;

pub use desk::{Desk, Shared, witness};
pub use ledger::{Extent, Fault, Ledger, Tally};
pub use report::Report;
pub use scene::{KEY, LAST_WORD, MARKET, PREFIX, SPACING, Scene, order};
