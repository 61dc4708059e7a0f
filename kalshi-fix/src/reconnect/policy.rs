//! What a user chooses.

use std::time::Duration;

use super::maintenance::MaintenanceWindow;

/// When to connect again, and when to stop trying.
///
/// The default tries for ever where trying can help, and never hurries:
///
/// ```
/// use std::time::Duration;
///
/// use kalshi_fix::reconnect::ReconnectPolicy;
///
/// let mut policy = ReconnectPolicy::default();
/// policy.give_up_after = Some(Duration::from_mins(10));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReconnectPolicy {
    /// The first backoff is a random part of this; each further one of twice as much. 500 ms.
    pub backoff: Duration,
    /// No backoff is longer. 60 s.
    pub longest_backoff: Duration,
    /// The least time from one attempt to the next, whatever the reason: each logon costs tokens of the rate limit, of
    /// which orders could make better use. 1 s.
    pub spacing: Duration,
    /// A session that lasted this long is taken as healthy: what failed before it no longer counts. 30 s.
    pub stable_after: Duration,
    /// Stop after so many failures in a row, maintenance not counted; `None`, the default, never stops for that.
    pub max_failures: Option<u32>,
    /// Stop when the session was gone for so long, maintenance not counted; `None`, the default, never stops for that.
    pub give_up_after: Option<Duration>,
    /// The time between attempts while another connection holds the key, half of it at random. 10 s.
    pub key_in_use_interval: Duration,
    /// For how long a key in use is put down to an old session of ours, which the venue drops after 60 s at the latest,
    /// and not to another program that uses the key. 3 min.
    pub key_in_use_limit: Duration,
    /// The least wait after a logon over the rate limit; it doubles each time. 2 s, in which the venue's buckets are full
    /// again.
    pub rate_limit_wait: Duration,
    /// How often a logon may be refused in a row, in words that are not known, or not be signed, before that is final: as
    /// long as there was no session. Later it is tried again as after a failure of the network, since what is logged on with
    /// was accepted. 5.
    pub max_refusals: u32,
    /// What to do when the clocks are too far apart.
    pub clock_trouble: ClockTrouble,
    /// Whether a session that retransmits may start anew when the numbers do not fit. What the venue has kept for it is
    /// then lost, so the default is to stop. A session without retransmission always starts anew.
    pub reset_retransmitting: bool,
    /// When the venue may drop sessions. [`MaintenanceWindow::KALSHI`].
    pub maintenance: Vec<MaintenanceWindow>,
    /// The time between attempts during maintenance, half of it at random. 60 s.
    pub maintenance_interval: Duration,
}

impl Default for ReconnectPolicy {
    fn default() -> ReconnectPolicy {
        ReconnectPolicy {
            backoff: Duration::from_millis(500),
            longest_backoff: Duration::from_mins(1),
            spacing: Duration::from_secs(1),
            stable_after: Duration::from_secs(30),
            max_failures: None,
            give_up_after: None,
            key_in_use_interval: Duration::from_secs(10),
            key_in_use_limit: Duration::from_mins(3),
            rate_limit_wait: Duration::from_secs(2),
            max_refusals: 5,
            clock_trouble: ClockTrouble::Wait(Duration::from_mins(5)),
            reset_retransmitting: false,
            maintenance: vec![MaintenanceWindow::KALSHI],
            maintenance_interval: Duration::from_mins(1),
        }
    }
}

/// What to do when our clock and the venue's are too far apart for a logon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockTrouble {
    /// Stop: somebody has to set a clock.
    Stop,
    /// Try again after this time, in which a time service may set the clock.
    Wait(Duration),
}
