//! What a driver does with the operations that a session asks of its store: gives them, commits them, and confirms them.

use kalshi_fix::session::{SessionState, StoreOperation};

use super::drive::side_of;
use super::plan::{Fault, Trigger};
use super::process::Unconfirmed;
use super::world::{Checked, World, trace};

impl World {
    /// A fault of the store that waits for a session of this side to come to this state. In a state that is passed quickly
    /// it strikes at the first operation: there may be no second one.
    fn aimed(&mut self, side: usize, state: SessionState) -> Option<Fault> {
        if self.calm || state == SessionState::Established {
            return None;
        }
        let at = self.plan.faults.iter().position(|planned| {
            planned.fault.is_of_store()
                && matches!(planned.trigger, Trigger::Reached(reached, _) if reached == state)
                && side_of(state).is_none_or(|only| only == side)
        })?;
        Some(self.plan.faults.swap_remove(at).fault)
    }

    /// False when the process has died of it, or the session.
    pub(super) fn operate(&mut self, index: usize, side: usize, operation: &StoreOperation) -> Checked<bool> {
        let id = self.connections[index].id;
        let Some(end) = self.end(index, side) else {
            return Ok(false);
        };
        if !end.owner || !end.honest {
            return Err(format!("{operation:?} before the logon was accepted"));
        }
        let state = end.session.state();
        self.counters.operations += 1;
        trace!(self, "side {side} stores {operation:?}");
        let aimed = self.aimed(side, state);
        if let Some(Fault::SlowStore(delay)) = aimed {
            self.processes[side].slow_store(self.now, delay);
        }
        if countdown(&mut self.processes[side].fail_in) || matches!(aimed, Some(Fault::FailStore(_))) {
            self.counters.met(Fault::FailStore(0), side, Some(state));
            trace!(self, "side {side}: the store fails");
            if let Some(end) = self.end(index, side) {
                end.session.handle_store_failed(operation.ticket(), "no room");
                if end.session.state() != SessionState::Ended {
                    return Err("a session goes on after its store has failed".to_owned());
                }
            }
            // What may still leave, leaves; then the process starts anew, to find out what its store has.
            self.transmit(index, side)?;
            self.counters.ended(side, "StoreFailed");
            self.crash(side, false)?;
            return Ok(false);
        }
        let utc = self.clock(side).utc;
        let dies =
            countdown(&mut self.processes[side].crash_in) || matches!(aimed, Some(Fault::CrashAtStore(_)));
        if dies {
            self.counters.met(Fault::CrashAtStore(0), side, Some(state));
        }
        let before = dies && self.random.percent(25);
        if !before {
            let process = &mut self.processes[side];
            let mut read = None;
            if let StoreOperation::Read {
                begin,
                end,
                max_bytes,
                ..
            } = operation
            {
                read = Some((*begin, *end, *max_bytes));
            } else {
                process.store.give(operation, utc)?;
            }
            process.unconfirmed.push(Unconfirmed {
                connection: id,
                ticket: operation.ticket(),
                read,
            });
        }
        if dies {
            if !before && self.random.percent(50) {
                self.processes[side].store.commit(utc)?;
            } else if !before && self.plan.gate == kalshi_fix::session::JournalGate::HandedOut {
                self.transmit(index, side)?;
            }
            self.crash(side, true)?;
        }
        Ok(!dies)
    }

    /// The operations that were given are committed now, or when a slow store gets to it.
    pub(super) fn schedule_commit(&mut self, side: usize) -> Checked {
        let process = &mut self.processes[side];
        if process.store_slow_until > self.now {
            let state = self
                .current(side)
                .and_then(|index| Some(self.connections[index].ends[side].as_ref()?.session.state()));
            self.counters.met(Fault::SlowStore(0), side, state);
            let delay = 1 + self.random.skewed(0, self.processes[side].store_delay);
            self.processes[side].commit_at = Some(self.now + delay);
            return Ok(());
        }
        self.confirm(side).map(|_| ())
    }

    /// The store has got to it.
    pub(super) fn committed(&mut self, side: usize) -> Checked {
        let touched = self.confirm(side)?;
        for id in touched {
            if let Some(index) = self.connections.iter().position(|connection| connection.id == id) {
                self.drive(index, side)?;
            }
        }
        Ok(())
    }

    /// Commits and confirms. Returns the connections that were told.
    fn confirm(&mut self, side: usize) -> Checked<Vec<u32>> {
        let clock = self.clock(side);
        self.processes[side].store.commit(clock.utc)?;
        let mut touched = Vec::new();
        for Unconfirmed {
            connection,
            ticket,
            read,
        } in std::mem::take(&mut self.processes[side].unconfirmed)
        {
            let Some(index) = self.connections.iter().position(|found| found.id == connection) else {
                continue;
            };
            let process = &mut self.processes[side];
            let Some(end) = &mut self.connections[index].ends[side] else {
                continue;
            };
            if !touched.contains(&connection) {
                touched.push(connection);
            }
            if let Some((begin, last, max_bytes)) = read {
                let page = process.store.read(begin, last, max_bytes)?;
                end.session.handle_read(clock, ticket, page);
                end.watch_resend();
            } else {
                end.session.handle_stored(ticket);
            }
        }
        Ok(touched)
    }
}

/// Whether it is now.
const fn countdown(left: &mut Option<u64>) -> bool {
    match left {
        None => false,
        Some(0) => {
            *left = None;
            true
        }
        Some(left) => {
            *left -= 1;
            false
        }
    }
}
