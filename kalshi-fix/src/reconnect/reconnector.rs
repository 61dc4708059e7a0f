//! The decision, and what it remembers.

use std::fmt;
use std::time::Duration;

use fix_dialect::Timestamp;

use super::class::FailureClass;
use super::policy::{ClockTrouble, ReconnectPolicy};
use crate::session::Now;

/// Decides, failure by failure, whether to connect again.
///
/// Tell it of each attempt ([`attempting`](Reconnector::attempting)), of each logon that succeeded
/// ([`established`](Reconnector::established)), and of each end of a connection or of an attempt
/// ([`failed`](Reconnector::failed)), which it answers.
#[derive(Clone, Debug)]
pub struct Reconnector {
    policy: ReconnectPolicy,
    retransmits: bool,
    /// Failures in a row that count.
    failures: u32,
    /// Of these, refusals in unknown words, by the venue or by the signer; and those over the rate limit.
    refusals: u32,
    rate_limits: u32,
    attempted: Option<Duration>,
    established: Option<Duration>,
    /// Whether there was ever a session: what it logs on with is right.
    was_established: bool,
    /// Since when there is no session, maintenance left out.
    gone_since: Option<Duration>,
    key_in_use_since: Option<Duration>,
    /// The next session starts its numbers anew.
    reset_due: bool,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Connect again, after a while.
    Wait(Wait),
    /// Do not connect again.
    Stop(StopReason),
}

/// How long to wait, why, and how to log on then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// From now to the next attempt.
    pub delay: Duration,
    /// Why so long.
    pub reason: WaitReason,
    /// Whether the next logon has to start the sequence numbers anew, on a session that could go on.
    pub reset: bool,
}

/// Why the next attempt has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// The network, or the venue, may need a while.
    Backoff,
    /// Another connection holds the key; it may be an old one of ours.
    KeyInUse,
    /// Tokens of the rate limit have to come back.
    RateLimit,
    /// A clock has to be set.
    Clock,
    /// The venue is in maintenance until then.
    Maintenance {
        /// When the window closes.
        until: Timestamp,
    },
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitReason::Backoff => f.write_str("the network or the venue may need a while"),
            WaitReason::KeyInUse => {
                f.write_str("another connection holds the API key, perhaps an old one of ours")
            }
            WaitReason::RateLimit => f.write_str("the rate limit's tokens have to come back"),
            WaitReason::Clock => f.write_str("our clock and the venue's are too far apart"),
            WaitReason::Maintenance { until } => write!(f, "the venue is in maintenance until {until} UTC"),
        }
    }
}

/// Why there is no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StopReason {
    /// The venue does not accept who we are.
    #[error("the venue does not accept the signature, the API key, or what it is used for")]
    Credentials,
    /// The port is that of another session.
    #[error("the port is that of another session, or the API key may not use this one there")]
    WrongSession,
    /// Whoever answers cannot be trusted.
    #[error("the certificate there is not trusted")]
    Untrusted,
    /// No TLS comes about.
    #[error("what answers there does not agree on TLS")]
    NoTls,
    /// No connection can be made as it is configured.
    #[error("no connection can be made with this configuration")]
    Configuration,
    /// Our own part failed.
    #[error("a part of this program failed, and would fail again")]
    Local,
    /// The application ended the session.
    #[error("the application ended the session")]
    Application,
    /// The clocks are too far apart.
    #[error("our clock and the venue's are too far apart; set ours")]
    Clock,
    /// The numbers do not fit, and to start anew would lose what the venue has kept for this session.
    #[error(
        "the sequence numbers do not fit, and to start anew would lose messages that the venue has kept; \
         log on with a reset if that is meant (`reset_retransmitting`)"
    )]
    Sequence,
    /// The key was in use for longer than an old session of ours could hold it.
    #[error(
        "the API key was in use for {held:?}, longer than an old session could hold it: another program uses it"
    )]
    KeyInUse {
        /// Since the first such refusal.
        held: Duration,
    },
    /// Refused again and again, in words that are not known.
    #[error("the venue refused {refusals} logons in a row")]
    Refused {
        /// How often.
        refusals: u32,
    },
    /// The logon could not be signed, again and again.
    #[error("{failures} logons in a row could not be signed")]
    Signing {
        /// How many.
        failures: u32,
    },
    /// As often as the policy allows.
    #[error("{failures} failures in a row, as many as the policy allows")]
    TooManyFailures {
        /// How many.
        failures: u32,
    },
    /// As long as the policy allows.
    #[error("no session for {gone:?}, as long as the policy allows")]
    TooLong {
        /// For how long.
        gone: Duration,
    },
}

impl Reconnector {
    /// Has seen nothing yet. `retransmits`: whether messages that are missed on this session can be asked for again.
    #[must_use]
    pub const fn new(policy: ReconnectPolicy, retransmits: bool) -> Reconnector {
        Reconnector {
            policy,
            retransmits,
            failures: 0,
            refusals: 0,
            rate_limits: 0,
            attempted: None,
            established: None,
            was_established: false,
            gone_since: None,
            key_in_use_since: None,
            reset_due: false,
        }
    }

    /// What it decides by.
    #[must_use]
    pub const fn policy(&self) -> &ReconnectPolicy {
        &self.policy
    }

    /// How many failures in a row count by now.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// An attempt begins.
    pub fn attempting(&mut self, now: Now) {
        self.attempted = Some(now.monotonic);
        self.gone_since.get_or_insert(now.monotonic);
    }

    /// The attempt led to a session.
    pub fn established(&mut self, now: Now) {
        self.established = Some(now.monotonic);
        self.was_established = true;
        self.gone_since = None;
        self.key_in_use_since = None;
        self.reset_due = false;
    }

    /// The session, or the attempt, has ended. `random` is any number, all equally likely.
    pub fn failed(&mut self, class: FailureClass, now: Now, random: u64) -> Decision {
        if let Some(established) = self.established.take() {
            if now.monotonic.saturating_sub(established) >= self.policy.stable_after {
                self.failures = 0;
                self.refusals = 0;
                self.rate_limits = 0;
            }
            self.gone_since = Some(now.monotonic);
        }
        if class != FailureClass::KeyInUse {
            self.key_in_use_since = None;
        }
        match self.judge(class, now, random) {
            Ok(mut wait) => {
                // What was decided holds until there is a session, however long that takes.
                self.reset_due |= wait.reset;
                wait.reset = self.reset_due;
                let since = self
                    .attempted
                    .map_or(Duration::MAX, |attempted| now.monotonic.saturating_sub(attempted));
                wait.delay = wait.delay.max(self.policy.spacing.saturating_sub(since));
                Decision::Wait(wait)
            }
            Err(reason) => Decision::Stop(reason),
        }
    }

    fn judge(&mut self, class: FailureClass, now: Now, random: u64) -> Result<Wait, StopReason> {
        match class {
            FailureClass::Credentials => return Err(StopReason::Credentials),
            FailureClass::WrongSession => return Err(StopReason::WrongSession),
            FailureClass::Untrusted => return Err(StopReason::Untrusted),
            FailureClass::NoTls => return Err(StopReason::NoTls),
            FailureClass::Configuration => return Err(StopReason::Configuration),
            FailureClass::Local => return Err(StopReason::Local),
            FailureClass::Application => return Err(StopReason::Application),
            FailureClass::Network | FailureClass::PeerLogout | FailureClass::Refused => {
                let windows = &self.policy.maintenance;
                if let Some(until) = windows.iter().find_map(|window| window.until(now.utc)) {
                    // Time and failures in a window do not count.
                    self.gone_since = Some(now.monotonic);
                    let delay = half_at_random(self.policy.maintenance_interval, random);
                    return Ok(Wait::new(delay, WaitReason::Maintenance { until }));
                }
            }
            _ => {}
        }
        self.failures = self.failures.saturating_add(1);
        self.within_limits(now)?;
        match class {
            FailureClass::KeyInUse => {
                let since = *self.key_in_use_since.get_or_insert(now.monotonic);
                let held = now.monotonic.saturating_sub(since);
                if held > self.policy.key_in_use_limit {
                    return Err(StopReason::KeyInUse { held });
                }
                let delay = half_at_random(self.policy.key_in_use_interval, random);
                Ok(Wait::new(delay, WaitReason::KeyInUse))
            }
            FailureClass::RateLimited => {
                let base = self.policy.rate_limit_wait;
                let spread = doubled(base, self.rate_limits, self.policy.longest_backoff);
                self.rate_limits = self.rate_limits.saturating_add(1);
                let delay = base.saturating_add(part(spread, random));
                Ok(Wait::new(delay, WaitReason::RateLimit))
            }
            FailureClass::Clock => match self.policy.clock_trouble {
                ClockTrouble::Stop => Err(StopReason::Clock),
                ClockTrouble::Wait(delay) => Ok(Wait::new(delay, WaitReason::Clock)),
            },
            FailureClass::Sequence if self.retransmits && !self.policy.reset_retransmitting => {
                Err(StopReason::Sequence)
            }
            FailureClass::Refused | FailureClass::Signing => {
                self.refusals = self.refusals.saturating_add(1);
                let refusals = self.refusals;
                // Who was accepted before is refused for what will pass, such as maintenance that nobody announced.
                if self.was_established || refusals < self.policy.max_refusals {
                    return Ok(self.back_off(random));
                }
                Err(match class {
                    FailureClass::Refused => StopReason::Refused { refusals },
                    _ => StopReason::Signing { failures: refusals },
                })
            }
            class => Ok(Wait {
                reset: class == FailureClass::Sequence,
                ..self.back_off(random)
            }),
        }
    }

    fn within_limits(&self, now: Now) -> Result<(), StopReason> {
        if self.policy.max_failures.is_some_and(|max| self.failures > max) {
            return Err(StopReason::TooManyFailures {
                failures: self.failures,
            });
        }
        let gone = self
            .gone_since
            .map_or(Duration::ZERO, |since| now.monotonic.saturating_sub(since));
        if self.policy.give_up_after.is_some_and(|limit| gone >= limit) {
            return Err(StopReason::TooLong { gone });
        }
        Ok(())
    }

    /// Full jitter: any wait up to the bound is as likely as any other, so that clients that failed together do not come
    /// back together.
    fn back_off(&self, random: u64) -> Wait {
        let doublings = self.failures.saturating_sub(1);
        let bound = doubled(self.policy.backoff, doublings, self.policy.longest_backoff);
        Wait::new(part(bound, random), WaitReason::Backoff)
    }
}

impl Wait {
    const fn new(delay: Duration, reason: WaitReason) -> Wait {
        Wait {
            delay,
            reason,
            reset: false,
        }
    }
}

fn doubled(base: Duration, times: u32, longest: Duration) -> Duration {
    let factor = 1_u32.checked_shl(times.min(31)).unwrap_or(u32::MAX);
    base.saturating_mul(factor).min(longest)
}

/// `random` of 2^64 parts of a duration.
fn part(whole: Duration, random: u64) -> Duration {
    // A duration is below 2^94 ns: halving the random number's width keeps the product within 128 bits.
    let nanos = (whole.as_nanos() * u128::from(random >> 32)) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn half_at_random(whole: Duration, random: u64) -> Duration {
    let half = whole / 2;
    half.saturating_add(part(half, random))
}

#[cfg(test)]
mod tests;
