//! What the benchmark of sessions stands on: the traffic, and the two ways to exchange it.

pub(crate) mod bare;
pub(crate) mod driven;
pub(crate) mod floor;
pub(crate) mod idle;
pub(crate) mod resend;
pub(crate) mod tls;
pub(crate) mod traffic;
pub(crate) mod usage;

use std::time::{Duration, Instant};

/// So many orders are sent in one go, and two such batches are under way at most.
pub(crate) const BATCH: usize = 256;
/// Before the clock starts: enough for both sides to have seen every message of the traffic.
pub(crate) const WARM_UP: usize = 8 * BATCH;
pub(crate) const PIPELINED: usize = 400 * BATCH;
pub(crate) const PING_PONG: usize = 2000;

/// How the bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    Plain,
    Tls,
}

/// What one lane did in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Round trips a second, pipelined.
    pub(crate) rate: f64,
    /// CPU time a round trip, pipelined, of both sides together.
    pub(crate) cpu: Duration,
    /// Of a round trip with nothing else under way.
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// Times a pipelined run.
pub(crate) struct Stopwatch {
    start: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        Stopwatch {
            cpu: usage::cpu(),
            start: Instant::now(),
        }
    }

    /// The rate, and the CPU time, of so many round trips.
    pub(crate) fn stop(&self, count: usize) -> (f64, Duration) {
        let rate = count as f64 / self.start.elapsed().as_secs_f64();
        (rate, usage::cpu().saturating_sub(self.cpu) / count as u32)
    }
}

impl Sample {
    pub(crate) fn new((rate, cpu): (f64, Duration), mut round_trips: Vec<Duration>) -> Sample {
        round_trips.sort_unstable();
        Sample {
            rate,
            cpu,
            p50: round_trips[round_trips.len() / 2],
            p99: round_trips[round_trips.len() * 99 / 100],
        }
    }
}
