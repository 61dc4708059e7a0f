//! When to connect again: a decision, and nothing else.
//!
//! A [`Reconnector`] is told what happened, when, and one random number, and answers whether to wait, for how long, or
//! to stop. It reads no clock, draws no random number, opens no connection, and knows of no message: a reconnect never
//! sends an order again by itself.
//!
//! | [`FailureClass`] | what is done |
//! | --- | --- |
//! | `Network`, `PeerLogout`, `Protocol`, `SlowReader` | wait, by exponential backoff with full jitter |
//! | `KeyInUse` (`already exists`) | wait out the old session, which can hold the key for a minute |
//! | `RateLimited` | wait for tokens; a logon costs some too |
//! | `Sequence` | start anew, where that loses nothing that is kept; stop, where it would |
//! | `Clock` | wait long, or stop: our clock or the venue's has to be set first |
//! | `Refused`, `Signing` | as `Network`; a limited number of times, if there was no session yet |
//! | `Credentials`, `WrongSession`, `Untrusted`, `NoTls`, `Configuration` | stop: something has to be configured otherwise first |
//! | `Local`, `Application` | stop: trying again changes nothing |
//!
//! During the venue's maintenance ([`MaintenanceWindow`]) a lost connection is no fault: it is tried again now and then,
//! and does not count.
//!
//! ```
//! use std::time::Duration;
//!
//! use kalshi_fix::dialect::Timestamp;
//! use kalshi_fix::reconnect::{Decision, FailureClass, ReconnectPolicy, Reconnector, StopReason, WaitReason};
//! use kalshi_fix::session::Now;
//!
//! // A Sunday at noon; five seconds on a clock that never runs backwards.
//! let utc = Timestamp::parse(b"20261122-12:00:00").unwrap();
//! let now = Now::new(Duration::from_secs(5), utc);
//! let mut reconnector = Reconnector::new(ReconnectPolicy::default(), false);
//! reconnector.attempting(Now::new(Duration::ZERO, utc));
//!
//! let Decision::Wait(wait) = reconnector.failed(FailureClass::Network, now, u64::MAX / 2) else { panic!() };
//! assert_eq!(wait.reason, WaitReason::Backoff);
//! // About half of the first backoff, 500 ms: the random number was half of the largest.
//! assert_eq!(wait.delay.as_micros().div_ceil(1000), 250);
//!
//! let refused = reconnector.failed(FailureClass::Credentials, now, 0);
//! assert_eq!(refused, Decision::Stop(StopReason::Credentials));
//! ```

mod class;
mod maintenance;
pub(crate) mod new_york;
mod policy;
mod reconnector;

pub use class::FailureClass;
pub use maintenance::{MaintenanceWindow, MaintenanceWindowError, Weekday};
pub use policy::{ClockTrouble, ReconnectPolicy};
pub use reconnector::{Decision, Reconnector, StopReason, Wait, WaitReason};
