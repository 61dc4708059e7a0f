//! Faults, as they strike.

use super::plan::Fault;
use super::world::{Checked, World, trace};
use super::{INITIATOR, MILLI, SECOND};

impl World {
    /// A fault strikes a side, or what leads to it.
    pub(super) fn strike(&mut self, side: usize, fault: Fault) -> Checked {
        if !self.processes[side].is_up() {
            return Ok(());
        }
        let now = self.now;
        let latest = |connection: &super::world::Connection| {
            connection.ends[side].as_ref().is_some_and(|end| end.honest)
        };
        let index = self.connections.iter().rposition(latest);
        let state =
            index.and_then(|index| Some(self.connections[index].ends[side].as_ref()?.session.state()));
        trace!(self, "{fault:?} on side {side}, {state:?}");
        // Those are met when the store comes to it.
        if !fault.is_of_store() {
            self.counters.met(fault, side, state);
        }
        let process = &mut self.processes[side];
        match fault {
            Fault::Crash => return self.crash(side, true),
            Fault::CrashAtStore(after) => process.crash_in = Some(after),
            Fault::FailStore(after) => process.fail_in = Some(after),
            Fault::SlowStore(delay) => process.slow_store(now, delay),
            Fault::StallApplication(duration) => process.application.stalled_until = now + duration,
            Fault::Freeze(duration) => process.frozen_until = now + duration,
            Fault::Clock(jump) => {
                let most = 5 * SECOND as i64;
                process.clock_offset = (process.clock_offset + jump).clamp(-most, most);
            }
            Fault::Impostor => {
                if self.runs(INITIATOR) && self.processes[1 - INITIATOR].is_up() {
                    return self.intrude();
                }
            }
            Fault::Logout => {
                let clock = self.clock(side);
                let Some(index) = index else { return Ok(()) };
                if let Some(end) = &mut self.connections[index].ends[side] {
                    end.session.logout(clock, Some("enough for now"));
                }
                return self.drive(index, side);
            }
            Fault::Cut
            | Fault::HalfOpen
            | Fault::Stall(_)
            | Fault::Split
            | Fault::Join
            | Fault::Corrupt
            | Fault::Drop(_) => {
                if let Some(index) = index {
                    self.disturb(index, side, fault);
                }
            }
        }
        Ok(())
    }

    fn disturb(&mut self, index: usize, side: usize, fault: Fault) {
        let now = self.now;
        let random = &mut self.random;
        let connection = &mut self.connections[index];
        match fault {
            Fault::Cut => {
                for pipe in &mut connection.pipes {
                    pipe.cut(now, false, random);
                }
            }
            Fault::HalfOpen => {
                connection.pipes[side].cut(now, true, random);
                let both = random.percent(50);
                connection.pipes[1 - side].cut(now, both, random);
            }
            Fault::Stall(duration) => connection.pipes[side].stall(now + duration),
            Fault::Split => connection.pipes[side].quality.segment = random.between(1, 30) as usize,
            Fault::Join => {
                let pipe = &mut connection.pipes[side];
                pipe.quality.joined = true;
                pipe.stall(now + random.below(600 * MILLI));
            }
            Fault::Corrupt => connection.pipes[side].corrupt = true,
            Fault::Drop(target) => connection.pipes[side].drop = Some(target),
            _ => {}
        }
    }

    /// The process dies. Its peer sees the end of the connection, or nothing.
    pub(super) fn crash(&mut self, side: usize, hard: bool) -> Checked {
        trace!(self, "side {side} dies");
        let now = self.now;
        self.counters.crashes += 1;
        for connection in &mut self.connections {
            let Some(end) = connection.ends[side].take_if(|end| end.honest) else {
                continue;
            };
            if end.owner {
                self.counters.disconnections += 1;
            }
            let silent = hard && self.random.percent(25);
            if hard {
                connection.pipes[1 - side].cut(now, silent, &mut self.random);
            } else {
                connection.pipes[1 - side].close(now);
            }
        }
        if side != INITIATOR {
            for connection in &mut self.connections {
                if connection.accept_at.take().is_some() {
                    connection.pipes[INITIATOR].close(now);
                }
            }
        }
        let wait = self.random.skewed(5 * MILLI, 4 * SECOND);
        let utc = self.clock(side).utc;
        let process = &mut self.processes[side];
        let lost = process.store.crash(utc, &mut self.random)?;
        self.counters.operations_lost += lost as u64;
        process.application.crash();
        process.restart_at = Some(now + wait);
        process.connect_at = None;
        process.commit_at = None;
        process.unconfirmed.clear();
        process.crash_in = None;
        process.fail_in = None;
        process.frozen_until = 0;
        Ok(())
    }

    /// The process is back, with its store and with what its application keeps.
    pub(super) fn restart(&mut self, side: usize) {
        trace!(self, "side {side} is back");
        let process = &mut self.processes[side];
        process.restart_at = None;
        process.origin = self.random.below(1000 * SECOND);
        process.application.send_at = self.now;
        if side == INITIATOR {
            process.connect_at = Some(self.now);
        }
    }
}
