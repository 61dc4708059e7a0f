//! The timers of a session: one deadline each.

use std::time::Duration;

use super::Now;

/// What a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The logon must be complete.
    Logon,
    /// Nothing was sent for HeartBtInt (108): send a Heartbeat (0).
    Send,
    /// Nothing was received for HeartBtInt and a margin: send a TestRequest (1).
    Receive,
    /// Nothing was received after that either: the peer is gone.
    Silence,
    /// Nothing of what our ResendRequest (2) asked for has come: ask again, or give up.
    Resend,
    /// The answer to our Logout (5) is due.
    LogoutAck,
    /// The peer should have closed the connection after a Logout (5) that we answered.
    DisconnectWait,
}

impl Timer {
    const ALL: [Timer; 7] = [
        Timer::Logon,
        Timer::Send,
        Timer::Receive,
        Timer::Silence,
        Timer::Resend,
        Timer::LogoutAck,
        Timer::DisconnectWait,
    ];
}

/// A deadline a timer, or none.
#[derive(Default)]
pub(super) struct Timers {
    deadlines: [Option<Duration>; Timer::ALL.len()],
}

impl Timers {
    /// Goes off after this long. What is longer than any clock runs never does.
    pub(super) fn start(&mut self, timer: Timer, now: Now, after: Duration) {
        self.deadlines[timer as usize] = Some(now.monotonic.saturating_add(after));
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = None;
    }

    pub(super) fn stop_all(&mut self) {
        self.deadlines = [None; Timer::ALL.len()];
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Duration> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Stops and returns a timer whose deadline has passed, the earliest first.
    pub(super) fn expire(&mut self, now: Duration) -> Option<Timer> {
        let timer = Timer::ALL
            .into_iter()
            .filter(|timer| self.deadlines[*timer as usize].is_some_and(|deadline| deadline <= now))
            .min_by_key(|timer| self.deadlines[*timer as usize])?;
        self.stop(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_first() {
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        let now = Now::new(Duration::from_secs(1), fix_dialect::Timestamp::from_unix_nanos(0));
        timers.start(Timer::Logon, now, Duration::from_secs(8));
        timers.start(Timer::Silence, now, Duration::from_secs(4));
        timers.start(Timer::Send, now, Duration::from_secs(6));
        timers.start(Timer::Resend, now, Duration::MAX);
        assert_eq!(timers.next(), Some(Duration::from_secs(5)));
        assert_eq!(timers.expire(Duration::from_secs(4)), None);
        assert_eq!(timers.expire(Duration::from_secs(8)), Some(Timer::Silence));
        assert_eq!(timers.expire(Duration::from_secs(8)), Some(Timer::Send));
        assert_eq!(timers.expire(Duration::from_secs(8)), None);
        timers.stop(Timer::Logon);
        assert_eq!(timers.expire(Duration::from_secs(u64::MAX)), None);
        timers.stop_all();
        assert_eq!(timers.next(), None);
    }
}
