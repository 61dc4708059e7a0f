//! Heartbeats, test requests and the timers in general.

use std::collections::VecDeque;
use std::time::Duration;

use super::admin::{Heartbeat, TestRequest};
use super::timer::Timer;
use super::{EndReason, Event, Now, Session, SessionState, TestRequestId};

/// What is known of the peer's life.
#[derive(Default)]
pub(super) struct Liveness {
    /// HeartBtInt (108); `None` when it is 0, or not yet agreed.
    interval: Option<Duration>,
    last_received: Duration,
    /// The surroundings do not drain the queues, so that nothing is read: the peer's silence is of our making.
    held_up: bool,
    /// Since when messages may have waited for us to read them, if they still do.
    behind_since: Option<Duration>,
    last_test_request: u64,
    /// Test requests without an exact answer yet, with the time of each. Bounded: the oldest are forgotten.
    unanswered: VecDeque<(u64, Duration)>,
}

impl Liveness {
    pub(super) fn next_test_request(&mut self, at: Duration) -> TestRequestId {
        self.last_test_request += 1;
        if self.unanswered.len() == UNANSWERED {
            self.unanswered.pop_front();
        }
        self.unanswered.push_back((self.last_test_request, at));
        TestRequestId(self.last_test_request)
    }

    /// How many test requests wait for their exact answer.
    pub(super) fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// No more is read until the queues are drained.
    pub(super) fn hold_up(&mut self, at: Duration) {
        self.held_up = true;
        self.behind_since.get_or_insert(at);
    }

    /// Reading goes on. What comes next may have waited, if this says so.
    pub(super) const fn go_on(&mut self) -> bool {
        std::mem::replace(&mut self.held_up, false)
    }

    /// A message came that was not late: whatever waited has been read.
    pub(super) const fn caught_up(&mut self) {
        self.behind_since = None;
    }

    /// How late a message may be by our own fault.
    pub(super) fn behind(&self, at: Duration) -> Duration {
        self.behind_since
            .map_or(Duration::ZERO, |since| at.saturating_sub(since))
    }

    /// The id and the time of the test request that this answers.
    pub(super) fn answered(&mut self, id: u64) -> Option<(TestRequestId, Duration)> {
        let at = self
            .unanswered
            .iter()
            .position(|(unanswered, _)| *unanswered == id)?;
        self.unanswered.remove(at).map(|(id, at)| (TestRequestId(id), at))
    }
}

impl Session {
    /// HeartBtInt (108) in force, in seconds.
    pub(super) fn heart_bt_int(&self) -> u32 {
        let seconds = self.liveness.interval.map_or(0, |interval| interval.as_secs());
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }

    /// The session is logged on with this HeartBtInt (108): from here on silence counts.
    pub(super) fn start_heartbeats(&mut self, now: Now, heart_bt_int: u32) {
        self.liveness.interval = (heart_bt_int > 0).then(|| Duration::from_secs(heart_bt_int.into()));
        self.keep_alive(now);
        self.heard(now);
    }

    /// Something was sent: the next heartbeat is due an interval from now.
    pub(super) fn keep_alive(&mut self, now: Now) {
        if let Some(interval) = self.liveness.interval {
            self.timers.start(Timer::Send, now, interval);
        }
    }

    /// A valid frame came: whatever it is, the peer lives.
    pub(super) fn heard(&mut self, now: Now) {
        self.liveness.last_received = now.monotonic;
        if let (Some(interval), SessionState::Established) = (self.liveness.interval, self.state) {
            let patience = percent(interval, self.settings.test_request_percent);
            self.timers.start(Timer::Receive, now, patience);
            self.timers.stop(Timer::Silence);
        }
    }

    pub(super) fn expired(&mut self, now: Now, timer: Timer) {
        let waited = now.monotonic.saturating_sub(self.waiting_since);
        match timer {
            Timer::Send => self.say(now, &Heartbeat { test_req_id: None }),
            // What the peer has said may be waiting to be read.
            Timer::Receive | Timer::Silence if self.liveness.held_up => self.heard(now),
            Timer::Resend if self.liveness.held_up => self.put_off_watchdog(now),
            Timer::Resend => self.resend_overdue(now),
            Timer::Receive => self.ask_for_life(now),
            Timer::Silence => {
                let silent = now.monotonic.saturating_sub(self.liveness.last_received);
                self.part(now, EndReason::PeerSilent { silent });
            }
            Timer::Logon if self.state == SessionState::Established => {
                self.part(now, EndReason::ResetUnanswered { waited });
            }
            Timer::Logon => self.end(EndReason::LogonTimeout {
                waited,
                state: self.state,
            }),
            Timer::LogoutAck => {
                let reason = self
                    .farewell
                    .take()
                    .unwrap_or(EndReason::LogoutUnanswered { waited });
                self.end(reason);
            }
            Timer::DisconnectWait => {
                let mut reason = self.farewell.take();
                if let Some(EndReason::PeerLogout { left_open, .. }) = &mut reason {
                    *left_open = true;
                }
                self.end(reason.unwrap_or(EndReason::Disconnected { state: self.state }));
            }
        }
    }

    /// The peer has been silent for too long. It gets the rest of its time from now on: when it is we who
    /// slept, its messages may be waiting to be read.
    fn ask_for_life(&mut self, now: Now) {
        let Some(interval) = self.liveness.interval else {
            return;
        };
        let id = self.liveness.next_test_request(now.monotonic);
        self.say(now, &TestRequest { id: id.0 });
        self.events.push_back(Event::PeerSilent);
        let rest = self.settings.silence_percent - self.settings.test_request_percent;
        self.timers.start(Timer::Silence, now, percent(interval, rest));
    }
}

fn percent(interval: Duration, percent: u32) -> Duration {
    interval * percent / 100
}

const UNANSWERED: usize = 8;
