//! What a run has met, added up over runs.

use std::fmt;

use kalshi_fix::session::SessionState;

use super::plan::Fault;

/// Sums over any number of runs.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// How many runs.
    pub runs: u64,
    /// Application messages that a session took.
    pub sent: u64,
    /// Application messages that an application worked off.
    pub delivered: u64,
    /// Application messages that came again, and were known by their number.
    pub repeated: u64,
    /// Messages that were refused, and took no number.
    pub refused: u64,
    /// Messages that a crash lost before they were on the wire.
    pub lost_before_sending: u64,
    /// Messages that were sent again.
    pub replayed: u64,
    /// Gap fills.
    pub gap_fills: u64,
    /// ResendRequests (2).
    pub resend_requests: u64,
    /// Connections that were made.
    pub connections: u64,
    /// Sessions that were logged on, counted on each side.
    pub logons: u64,
    /// Connections that ended before the faults stopped.
    pub disconnections: u64,
    /// Processes that died.
    pub crashes: u64,
    /// Store operations that were not committed when a process died.
    pub operations_lost: u64,
    /// Store operations.
    pub operations: u64,
    /// Steps of the simulation.
    pub steps: u64,
    /// Simulated time, in seconds.
    pub seconds: u64,
    /// By fault, side and state; the last state is "no session".
    faults: [[[u64; STATES]; 2]; Fault::NAMES.len()],
    ends: std::collections::BTreeMap<String, u64>,
}

const STATES: usize = SessionState::ALL.len() + 1;

impl Counters {
    pub(super) fn met(&mut self, fault: Fault, side: usize, state: Option<SessionState>) {
        let at = state.map_or(STATES - 1, |state| state as usize);
        self.faults[fault.index()][side][at] += 1;
    }

    pub(super) fn ended(&mut self, side: usize, reason: &str) {
        let name = format!("{} {reason}", if side == 0 { "initiator" } else { "acceptor" });
        *self.ends.entry(name).or_default() += 1;
    }

    /// Adds those of other runs.
    pub fn add(&mut self, other: &Counters) {
        self.runs += other.runs;
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.repeated += other.repeated;
        self.refused += other.refused;
        self.lost_before_sending += other.lost_before_sending;
        self.replayed += other.replayed;
        self.gap_fills += other.gap_fills;
        self.resend_requests += other.resend_requests;
        self.connections += other.connections;
        self.logons += other.logons;
        self.disconnections += other.disconnections;
        self.crashes += other.crashes;
        self.operations_lost += other.operations_lost;
        self.operations += other.operations;
        self.steps += other.steps;
        self.seconds += other.seconds;
        for (fault, others) in self.faults.iter_mut().zip(&other.faults) {
            for (side, others) in fault.iter_mut().zip(others) {
                for (count, other) in side.iter_mut().zip(others) {
                    *count += other;
                }
            }
        }
        for (reason, count) in &other.ends {
            *self.ends.entry(reason.clone()).or_default() += count;
        }
    }

    /// Faults that were never met in a state in which they can be met, as `fault: side in state`.
    #[must_use]
    pub fn unmet(&self) -> Vec<String> {
        let met = self.met_in_states().into_iter();
        met.filter_map(|(count, what)| (count == 0).then_some(what))
            .collect()
    }

    /// The fault and state that were met least often together, and how often.
    #[must_use]
    pub fn rarest(&self) -> Option<(u64, String)> {
        self.met_in_states().into_iter().min()
    }

    fn met_in_states(&self) -> Vec<(u64, String)> {
        let mut met = Vec::new();
        for (fault, sides) in Fault::NAMES.iter().zip(&self.faults) {
            for (side, counts) in sides.iter().enumerate() {
                for state in SessionState::ALL {
                    if possible(fault, side, state) {
                        let what = format!("{fault}: {} {state}", SIDES[side]);
                        met.push((counts[state as usize], what));
                    }
                }
            }
        }
        met
    }
}

/// Whether a session of this side can be in this state when the fault strikes.
fn possible(fault: &str, side: usize, state: SessionState) -> bool {
    let of_side = match state {
        // Nothing happens between making a session and connecting it, nor after its end.
        SessionState::Idle | SessionState::Ended => false,
        SessionState::Signing | SessionState::LogonSent => side == 0,
        SessionState::AwaitingLogon | SessionState::Authenticating => side == 1,
        _ => true,
    };
    // The store is not touched before a logon is accepted, and the initiator's number is kept before it is sent.
    let with_store = !matches!(
        state,
        SessionState::Signing | SessionState::AwaitingLogon | SessionState::Authenticating
    );
    of_side && (with_store || !fault.ends_with("store"))
}

impl fmt::Display for Counters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = |count: u64| count as f64 / self.runs.max(1) as f64;
        for (name, count) in [
            ("application messages sent", self.sent),
            ("delivered", self.delivered),
            ("delivered again", self.repeated),
            ("refused by the session", self.refused),
            ("lost in a crash before they left", self.lost_before_sending),
            ("sent again", self.replayed),
            ("gap fills", self.gap_fills),
            ("resend requests", self.resend_requests),
            ("connections", self.connections),
            ("logons", self.logons),
            ("disconnections", self.disconnections),
            ("crashes", self.crashes),
            ("store operations", self.operations),
            ("uncommitted in a crash", self.operations_lost),
            ("steps", self.steps),
            ("simulated seconds", self.seconds),
        ] {
            writeln!(formatter, "{name:>34}: {count:>12}, {:>9.2} a run", each(count))?;
        }
        let states = SessionState::ALL.map(|state| format!("{state:?}"));
        write!(formatter, "{:>24}", "")?;
        for state in &states[1..states.len() - 1] {
            write!(formatter, " {:>13}", &state[..state.len().min(13)])?;
        }
        writeln!(formatter, " {:>13}", "no session")?;
        for (fault, sides) in Fault::NAMES.iter().zip(&self.faults) {
            for (side, counts) in sides.iter().enumerate() {
                write!(formatter, "{fault:>14} {:<9}", SIDES[side])?;
                for state in &SessionState::ALL[1..SessionState::ALL.len() - 1] {
                    let count = counts[*state as usize];
                    if count == 0 && !possible(fault, side, *state) {
                        write!(formatter, " {:>13}", "-")?;
                    } else {
                        write!(formatter, " {count:>13}")?;
                    }
                }
                writeln!(formatter, " {:>13}", counts[STATES - 1])?;
            }
        }
        for (reason, count) in &self.ends {
            writeln!(formatter, "{count:>12} ended: {reason}")?;
        }
        Ok(())
    }
}

const SIDES: [&str; 2] = ["initiator", "acceptor"];
