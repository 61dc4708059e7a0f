//! The loop of a run: the next thing that happens, until the faults have stopped and all is well.

use std::fmt::Write as _;
use std::time::Duration;

use kalshi_fix::dialect::Timestamp;
use kalshi_fix::session::{Now, SessionState};

use super::counters::Counters;
use super::network::{Arrival, Pipe};
use super::oracle::Direction;
use super::plan::{Fault, Plan, Planned, Profile, Trigger};
use super::process::{Endpoint, Order, Process};
use super::random::Random;
use super::store::SimulatedStore;
use super::{ACCEPTOR, INITIATOR, MILLI, Nanos, SECOND, Violation};

/// Everything.
pub(super) struct World {
    seed: u64,
    pub(super) trace: bool,
    pub(super) now: Nanos,
    pub(super) random: Random,
    pub(super) plan: Plan,
    pub(super) processes: [Process; 2],
    pub(super) connections: Vec<Connection>,
    pub(super) last_connection: u32,
    /// The newest connection that was logged on.
    pub(super) newest: u32,
    /// By sender, where numbers outlive connections.
    pub(super) directions: [Direction; 2],
    pub(super) armed: Vec<(Nanos, usize, Fault)>,
    pub(super) counters: Counters,
    pub(super) calm: bool,
    /// How often each message was worked off, by sender.
    pub(super) worked_off: [Vec<u8>; 2],
}

/// A connection, with what each side has of it. `ends` and `pipes` go by the side that they lead to.
pub(super) struct Connection {
    pub(super) id: u32,
    pub(super) ends: [Option<Endpoint>; 2],
    pub(super) pipes: [Pipe; 2],
    pub(super) accept_at: Option<Nanos>,
    /// By sender, where numbers do not outlive connections.
    pub(super) directions: [Direction; 2],
    /// The highest number that was asked for again, by who is to send it.
    pub(super) asked: [u64; 2],
    /// Bytes were changed or swallowed, so that anything may be missing.
    pub(super) lossy: bool,
}

/// What does not hold; the world adds when.
pub(super) type Checked<T = ()> = Result<T, String>;

macro_rules! trace {
    ($world:expr, $($text:tt)*) => {
        if $world.trace {
            eprintln!("{:>12.6} {}", $world.now as f64 / 1e9, format_args!($($text)*));
        }
    };
}
pub(super) use trace;

impl World {
    pub(super) fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::draw(&mut random);
        let process = |side: usize| {
            let now = Timestamp::from_unix_nanos(START);
            let store = plan.journal.map_or_else(
                || SimulatedStore::model(plan.promise),
                |segment| SimulatedStore::journal(plan.promise, seed ^ side as u64, segment, now),
            );
            Process::new(side, store, plan.skew[side], plan.quota[side])
        };
        let mut world = World {
            seed,
            trace,
            now: 0,
            processes: [process(INITIATOR), process(ACCEPTOR)],
            connections: Vec::new(),
            last_connection: 0,
            newest: 0,
            directions: plan.replays.map(Direction::new),
            armed: Vec::new(),
            counters: Counters::default(),
            calm: false,
            worked_off: [Vec::new(), Vec::new()],
            random,
            plan,
        };
        for Planned { trigger, side, fault } in &world.plan.faults {
            if let Trigger::At(at) = trigger {
                world.armed.push((*at, *side, *fault));
            }
        }
        world
            .plan
            .faults
            .retain(|planned| matches!(planned.trigger, Trigger::Reached(..)));
        world
    }

    pub(super) fn run(mut self) -> Result<Counters, Violation> {
        trace!(self, "{:#?}", self.plan);
        match self.live() {
            Ok(()) => {
                self.counters.runs = 1;
                self.counters.seconds = self.now / SECOND;
                Ok(self.counters)
            }
            Err(what) => Err(Violation {
                seed: self.seed,
                at: self.now,
                what,
            }),
        }
    }

    fn live(&mut self) -> Checked {
        let deadline = self.plan.calm + PATIENCE;
        loop {
            let next = self.next();
            if next > deadline {
                self.now = deadline;
                return Err(self.unsettled());
            }
            self.now = self.now.max(next);
            if !self.calm && self.now >= self.plan.calm {
                self.calm_down();
            }
            self.counters.steps += 1;
            self.step()?;
            if self.calm && self.is_settled() {
                trace!(self, "settled");
                return Ok(());
            }
            if self.counters.steps > MOST_STEPS {
                return Err("it does not come to an end".to_owned());
            }
        }
    }

    /// No fault strikes any more, and those that last are over.
    fn calm_down(&mut self) {
        trace!(self, "the faults stop");
        self.calm = true;
        self.armed.clear();
        self.plan.faults.clear();
        for process in &mut self.processes {
            process.crash_in = None;
            process.fail_in = None;
            process.store_slow_until = 0;
            process.frozen_until = process.frozen_until.min(self.now);
            process.application.stalled_until = process.application.stalled_until.min(self.now);
            if process.application.send_at > self.now {
                process.application.send_at = self.now;
            }
        }
        for connection in &mut self.connections {
            for pipe in &mut connection.pipes {
                pipe.corrupt = false;
                pipe.drop = None;
            }
        }
    }

    /// When the next thing happens.
    fn next(&self) -> Nanos {
        let mut next = Nanos::MAX;
        let mut at = |time: Nanos| next = next.min(time);
        for (time, ..) in &self.armed {
            at(*time);
        }
        if !self.calm {
            at(self.plan.calm);
        }
        for (side, process) in self.processes.iter().enumerate() {
            if let Some(restart) = process.restart_at {
                at(restart);
                continue;
            }
            let frozen = process.frozen_until;
            let application = &process.application;
            let stalled = application.stalled_until;
            let times = [process.connect_at, process.commit_at, application.acknowledge_at];
            for time in times.into_iter().flatten() {
                at(time.max(frozen));
            }
            if application.next().is_some() {
                at(application.send_at.max(frozen));
            }
            if stalled > self.now {
                at(stalled.max(frozen));
            }
            for connection in &self.connections {
                if let Some(accept) = connection.accept_at
                    && side == ACCEPTOR
                {
                    at(accept.max(frozen));
                }
                let Some(end) = &connection.ends[side] else {
                    continue;
                };
                if end.reads()
                    && let Some(arrival) = connection.pipes[side].next_arrival()
                {
                    at(arrival.max(frozen));
                }
                if let Some(deadline) = end.session.next_deadline() {
                    at((deadline.as_nanos() as Nanos)
                        .saturating_sub(process.origin)
                        .max(frozen));
                }
                if let Some((time, ..)) = &end.signature {
                    at((*time).max(frozen));
                }
                if let Some((time, _)) = end.decision {
                    at(time.max(frozen));
                }
                // What waits to be sent goes on when there is room again, which an arrival at the peer makes.
            }
        }
        next
    }

    fn step(&mut self) -> Checked {
        while let Some(at) = self.armed.iter().position(|(time, ..)| *time <= self.now) {
            let (_, side, fault) = self.armed.swap_remove(at);
            self.strike(side, fault)?;
        }
        for side in [INITIATOR, ACCEPTOR] {
            let process = &mut self.processes[side];
            if let Some(restart) = process.restart_at {
                if restart <= self.now {
                    self.restart(side);
                }
                continue;
            }
            if process.frozen_until > self.now {
                continue;
            }
            self.step_process(side)?;
        }
        self.connections.retain(|connection| {
            connection.ends.iter().any(Option::is_some) || connection.accept_at.is_some()
        });
        Ok(())
    }

    fn step_process(&mut self, side: usize) -> Checked {
        let now = self.now;
        let process = &mut self.processes[side];
        if process.commit_at.is_some_and(|at| at <= now) {
            process.commit_at = None;
            self.committed(side)?;
        }
        let process = &mut self.processes[side];
        if process.connect_at.is_some_and(|at| at <= now) {
            process.connect_at = None;
            self.connect()?;
        }
        let mut index = 0;
        while index < self.connections.len() && self.processes[side].is_up() {
            self.step_endpoint(index, side)?;
            index += 1;
        }
        if !self.processes[side].is_up() {
            return Ok(());
        }
        let application = &mut self.processes[side].application;
        if application.stalled_until != 0 && application.stalled_until <= now {
            application.stalled_until = 0;
            self.work_off(side)?;
            if let Some(index) = self.current(side) {
                self.drive(index, side)?;
            }
        }
        let application = &mut self.processes[side].application;
        if application.acknowledge_at.is_some_and(|at| at <= now) {
            application.acknowledge_at = None;
            self.acknowledge(side)?;
        }
        if self.processes[side].is_up() && application_due(&self.processes[side], now) {
            self.send_some(side)?;
        }
        Ok(())
    }

    fn step_endpoint(&mut self, index: usize, side: usize) -> Checked {
        let now = self.now;
        if side == ACCEPTOR && self.connections[index].accept_at.is_some_and(|at| at <= now) {
            self.accept_connection(index)?;
        }
        if let Some(end) = &self.connections[index].ends[side]
            && let Some((at, ..)) = &end.signature
            && *at <= now
        {
            self.sign(index, side)?;
        }
        if let Some(end) = &self.connections[index].ends[side]
            && let Some((at, authentic)) = end.decision
            && at <= now
        {
            self.decide(index, authentic)?;
        }
        let clock = self.clock(side);
        let Connection { ends, pipes, .. } = &mut self.connections[index];
        let Some(end) = &mut ends[side] else { return Ok(()) };
        let mut touched = false;
        if end.reads() && pipes[side].next_arrival().is_some_and(|at| at <= now) {
            let state = end.session.state();
            match pipes[side].read(now, &mut end.inbox) {
                Some(Arrival::Bytes { segments }) => {
                    end.intake = end.session.handle_bytes(clock, &mut end.inbox);
                    end.watch_resend();
                    if !end.inbox.is_empty() {
                        self.counters.met(Fault::Split, side, Some(state));
                    }
                    if segments > 1 {
                        self.counters.met(Fault::Join, side, Some(state));
                    }
                }
                Some(Arrival::End) => end.session.handle_eof(clock),
                None => {}
            }
            touched = true;
        }
        if end
            .session
            .next_deadline()
            .is_some_and(|at| at <= clock.monotonic)
        {
            end.session.handle_timeout(clock);
            touched = true;
        }
        if touched {
            self.drive(index, side)?;
            // The reader has made room for the writer.
            let other = 1 - side;
            if self.connections[index].ends[other].is_some() && self.runs(other) {
                self.drive(index, other)?;
            }
        }
        Ok(())
    }

    pub(super) fn runs(&self, side: usize) -> bool {
        self.processes[side].is_up() && self.processes[side].frozen_until <= self.now
    }

    /// The readings of a side's clocks.
    pub(super) fn clock(&self, side: usize) -> Now {
        let process = &self.processes[side];
        Now::new(
            Duration::from_nanos(self.now + process.origin),
            Timestamp::from_unix_nanos(START + self.now as i64 + process.clock_offset),
        )
    }

    /// The connection whose session may touch the store.
    pub(super) fn current(&self, side: usize) -> Option<usize> {
        let owner = |connection: &Connection| {
            connection.ends[side]
                .as_ref()
                .is_some_and(|end| end.owner && end.honest)
        };
        self.connections.iter().position(owner)
    }

    pub(super) fn direction(&mut self, index: usize, sender: usize) -> &mut Direction {
        match self.plan.profile {
            Profile::Retransmitting => &mut self.directions[sender],
            Profile::Plain => &mut self.connections[index].directions[sender],
        }
    }

    /// The application sends a few messages, some of which cannot be sent.
    fn send_some(&mut self, side: usize) -> Checked {
        let pace = if self.calm { 20 * MILLI } else { self.plan.pace };
        let burst = self.random.skewed(1, if self.calm { 60 } else { 12 });
        self.processes[side].application.send_at = self.now + self.random.skewed(MILLI, 2 * pace);
        let Some(index) = self.current(side) else {
            self.processes[side].application.send_at += 100 * MILLI;
            return Ok(());
        };
        let mut taken = false;
        for _ in 0..burst {
            let Some(id) = self.processes[side].application.next() else {
                break;
            };
            let clock = self.clock(side);
            let invalid = self.random.percent(2);
            let Some(end) = &mut self.connections[index].ends[side] else {
                break;
            };
            if end.session.state() != SessionState::Established {
                self.processes[side].application.send_at += 100 * MILLI;
                break;
            }
            let before = end.session.sequences();
            match end.session.send(clock, &Order { id, invalid }) {
                Ok(sequence) if !invalid => {
                    trace!(self, "side {side} sends {id} as {sequence}");
                    self.direction(index, side).sent(sequence, id)?;
                    self.processes[side].application.done();
                    self.counters.sent += 1;
                    taken = true;
                }
                Ok(sequence) => {
                    return Err(format!("a message that cannot be sent became number {sequence}"));
                }
                Err(_) => {
                    self.counters.refused += 1;
                    if end.session.sequences() != before {
                        return Err(format!("a refused message took number {}", before.next_outgoing));
                    }
                    if !invalid {
                        break;
                    }
                }
            }
        }
        if taken { self.drive(index, side) } else { Ok(()) }
    }

    /// Whether both sides are logged on, agree, and have delivered everything.
    fn is_settled(&self) -> bool {
        let (Some(index), Some(other)) = (self.current(INITIATOR), self.current(ACCEPTOR)) else {
            return false;
        };
        let connection = &self.connections[index];
        let [Some(initiator), Some(acceptor)] = &connection.ends else {
            return false;
        };
        if index != other || self.connections.len() != 1 || !connection.pipes.iter().all(Pipe::is_empty) {
            return false;
        }
        let quiet = |end: &Endpoint| {
            end.session.state() == SessionState::Established
                && !end.session.is_recovering()
                && !end.session.is_resending()
        };
        let (ours, theirs) = (initiator.session.sequences(), acceptor.session.sequences());
        let done = |process: &Process| {
            process.application.next().is_none()
                && process.application.queue.is_empty()
                && process.unconfirmed.is_empty()
        };
        let directions = match self.plan.profile {
            Profile::Retransmitting => &self.directions,
            Profile::Plain => &connection.directions,
        };
        quiet(initiator)
            && quiet(acceptor)
            && ours.next_outgoing == theirs.next_incoming
            && theirs.next_outgoing == ours.next_incoming
            && self.processes.iter().all(done)
            && directions
                .iter()
                .all(|direction| direction.missing(u64::MAX).is_none())
    }

    fn unsettled(&self) -> String {
        let mut text = format!("not settled {} s after the faults stopped:", PATIENCE / SECOND);
        for (side, process) in self.processes.iter().enumerate() {
            let left = process.application.next();
            let _ = write!(
                text,
                " side {side} up {}, next to send {left:?}, worked off {};",
                process.is_up(),
                self.directions[1 - side].processed()
            );
        }
        for connection in &self.connections {
            for (side, end) in connection.ends.iter().enumerate() {
                if let Some(end) = end {
                    let _ = write!(
                        text,
                        " connection {} side {side}: {:?};",
                        connection.id, end.session
                    );
                }
            }
        }
        text
    }
}

fn application_due(process: &Process, now: Nanos) -> bool {
    process.application.next().is_some() && process.application.send_at <= now
}

/// 2026-08-17 16:00:00 UTC.
const START: i64 = 1_786_982_400_000_000_000;
/// How long after the last fault all must be well.
const PATIENCE: Nanos = 300 * SECOND;
/// Far more than any run takes.
const MOST_STEPS: u64 = 2_000_000;
