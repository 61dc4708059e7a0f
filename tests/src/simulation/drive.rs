//! What a driver does: drains a session in the order that it asks for, and looks at all that comes out.

use bytes::Bytes;
use kalshi_fix::dialect::{Framer, Framing, Header, parse_unsigned};
use kalshi_fix::session::{EndReason, Event, Inbound, Intake, RefusalKind, SessionState};

use super::network::Target;
use super::oracle::{Delivered, find};
use super::plan::{Profile, Replays, Trigger};
use super::process::{Endpoint, GapWatch};
use super::world::{Checked, World, trace};
use super::{ACCEPTOR, INITIATOR, MILLI, MINUTE, SECOND};

impl World {
    /// Drains a session until nothing more comes out, and closes the connection of one that has ended.
    pub(super) fn drive(&mut self, index: usize, side: usize) -> Checked {
        loop {
            let (mut progress, mut drained) = (false, 0);
            while let Some(operation) = self.end(index, side).and_then(|end| end.session.poll_store()) {
                progress = true;
                if !self.operate(index, side, &operation)? {
                    return Ok(());
                }
            }
            if progress && self.processes[side].commit_at.is_none() {
                self.schedule_commit(side)?;
            }
            progress |= self.transmit(index, side)?;
            while self.takes_events(index, side) {
                let Some(event) = self.end(index, side).and_then(|end| end.session.poll_event()) else {
                    break;
                };
                progress = true;
                drained += 1;
                // A resend goes on, and may hold a page back, message by message.
                let settings = &self.plan.settings[side];
                if drained > 2 * settings.max_events + settings.resend_page / LEAST_FRAME + SLACK {
                    return Err(format!("{drained} events waited in the session"));
                }
                self.event(index, side, event)?;
            }
            let clock = self.clock(side);
            let Some(end) = self.end(index, side) else {
                return Ok(());
            };
            if end.intake == Intake::Drain {
                let before = end.inbox.len();
                end.intake = end.session.handle_bytes(clock, &mut end.inbox);
                end.watch_resend();
                if end.inbox.len() < before || end.intake != Intake::Drain {
                    progress = true;
                }
            }
            if !progress {
                break;
            }
        }
        self.observe(index, side)?;
        self.goes_on(index, side)?;
        if self
            .end(index, side)
            .is_some_and(|end| end.session.state() == SessionState::Ended)
        {
            self.hang_up(index, side);
        }
        Ok(())
    }

    pub(super) fn end(&mut self, index: usize, side: usize) -> Option<&mut Endpoint> {
        self.connections.get_mut(index)?.ends[side].as_mut()
    }

    /// A resend waits for the store or for the transport, and for nothing else: all that is new waits behind it.
    fn goes_on(&self, index: usize, side: usize) -> Checked {
        let Some(connection) = self.connections.get(index) else {
            return Ok(());
        };
        let resending = connection.ends[side]
            .as_ref()
            .is_some_and(|end| end.session.is_resending());
        let waits = self.processes[side].commit_at.is_some() || !connection.pipes[1 - side].has_room();
        // What is held back is told, message by message, and the application may take nothing.
        if resending && !waits && self.plan.replays[side] == Replays::All {
            return Err("a resend stands still".to_owned());
        }
        Ok(())
    }

    /// Writes what the connection has room for.
    pub(super) fn transmit(&mut self, index: usize, side: usize) -> Checked<bool> {
        let mut any = false;
        let mut bytes = 0;
        loop {
            let Some(connection) = self.connections.get_mut(index) else {
                return Ok(any);
            };
            if !connection.pipes[1 - side].has_room() {
                return Ok(any);
            }
            let Some(end) = &mut connection.ends[side] else {
                return Ok(any);
            };
            let Some(transmit) = end.session.poll_transmit() else {
                return Ok(any);
            };
            any = true;
            bytes += transmit.bytes.len();
            if bytes
                > self.plan.settings[side].max_pending_transmit
                    + 2 * self.plan.settings[side].resend_page
                    + ROOM
            {
                return Err(format!("{bytes} bytes waited in the session"));
            }
            let mut rest = transmit.bytes;
            while !rest.is_empty() {
                let Framing::Frame(length) = Framer::default().next(&rest) else {
                    return Err("what is to be sent is no frame".to_owned());
                };
                let frame = rest.split_to(length);
                self.write(index, side, &frame, transmit.through)?;
            }
        }
    }

    /// A frame goes onto the wire.
    fn write(&mut self, index: usize, side: usize, frame: &Bytes, through: u64) -> Checked {
        let header = Header::read(frame).map_err(|error| error.to_string())?;
        let sequence = header.msg_seq_num;
        trace!(
            self,
            "connection {} side {side} writes {}",
            self.connections[index].id,
            bars(frame)
        );
        if sequence > through {
            return Err(format!(
                "{sequence} goes out as part of what is through {through}"
            ));
        }
        let retransmitting = self.plan.profile == Profile::Retransmitting;
        let connection = &mut self.connections[index];
        let Some(end) = &connection.ends[side] else {
            return Ok(());
        };
        let numbered = end.owner && end.honest;
        if numbered {
            if retransmitting && !header.poss_dup && sequence >= self.processes[side].store.safe_outgoing() {
                return Err(format!("{sequence} is on the wire before it is safe"));
            }
            if let Some(boundary) = end.boundary
                && !header.poss_dup
                && sequence >= boundary
                && end.session.is_resending()
            {
                return Err(format!("{sequence} was sent in the middle of a resend"));
            }
            // What this side asks the other one for.
            let asks = match header.msg_type {
                b"2" => number(frame, 16).map(|end| if end == 0 { u64::MAX } else { end }),
                b"A" => find(frame, 789).map(|_| u64::MAX),
                _ => None,
            };
            match header.msg_type {
                b"2" => self.counters.resend_requests += 1,
                b"4" => self.counters.gap_fills += 1,
                _ if header.poss_dup => self.counters.replayed += 1,
                _ => {}
            }
            if header.msg_type == b"2"
                && let (Some(begin), Some(end)) = (number(frame, 7), asks)
                && end < begin
            {
                return Err(format!("{end} is asked for, and {begin} before it"));
            }
            let asked = &mut connection.asked[1 - side];
            *asked = (*asked).max(asks.unwrap_or(0));
            let asked = connection.asked[side];
            self.direction(index, side).wrote(frame, &header, asked)?;
        }
        let connection = &mut self.connections[index];
        let pipe = &mut connection.pipes[1 - side];
        let dropped = match pipe.drop {
            Some(Target::Any) => true,
            Some(Target::ResendRequest) => header.msg_type == b"2",
            Some(Target::PossDup) => header.poss_dup,
            None => false,
        };
        if dropped {
            pipe.drop = None;
            connection.lossy = true;
            trace!(self, "it vanishes");
            return Ok(());
        }
        connection.lossy |= pipe.corrupt;
        pipe.write(self.now, frame.clone(), &mut self.random);
        Ok(())
    }

    /// Whether the next event can be taken. Who is not logged on yet has no application behind it.
    fn takes_events(&self, index: usize, side: usize) -> bool {
        let Some(end) = &self.connections[index].ends[side] else {
            return false;
        };
        if !end.owner || !end.honest || end.last_state as usize <= SessionState::Authenticating as usize {
            return true;
        }
        let application = &self.processes[side].application;
        if self.plan.explicit[side] {
            application.queue.len() < self.plan.inbox
        } else {
            application.stalled_until <= self.now
        }
    }

    fn event(&mut self, index: usize, side: usize, event: Event) -> Checked {
        let id = self.connections[index].id;
        let honest = self.end(index, side).is_some_and(|end| end.honest);
        trace!(self, "connection {id} side {side}: {event:?}");
        match event {
            Event::SignLogon(request) => {
                let wait = if honest {
                    self.random.skewed(0, 800 * MILLI)
                } else {
                    0
                };
                let mut signature = request.pre_hash;
                signature.retain(|byte| *byte != 1);
                if !honest {
                    signature.reverse();
                }
                let due = self.now + wait;
                if let Some(end) = self.end(index, side) {
                    end.signature = Some((due, request.ticket, signature));
                }
            }
            Event::LogonRequest(request) => {
                let mut expected = request.pre_hash;
                expected.retain(|byte| *byte != 1);
                let authentic = request.raw_data.as_deref() == Some(&expected[..]);
                let due = self.now + self.random.skewed(0, 800 * MILLI);
                if let Some(end) = self.end(index, side) {
                    end.decision = Some((due, authentic));
                }
            }
            Event::Established(_) if honest => {
                self.counters.logons += 1;
                self.newest = self.newest.max(id);
            }
            Event::Application(inbound) => {
                if !honest {
                    return Err("an impostor was sent an application message".to_owned());
                }
                if self.plan.explicit[side] {
                    self.processes[side].application.queue.push_back((id, inbound));
                    self.work_off(side)?;
                } else {
                    self.work_off_one(index, side, &inbound)?;
                }
            }
            Event::RejectSent(reject) if self.plan.profile == Profile::Retransmitting && honest => {
                return Err(format!(
                    "side {side} rejects what a session sent that keeps the rules: {reject:?}"
                ));
            }
            Event::Ended(reason) if honest => self.ended(index, side, &reason)?,
            _ => {}
        }
        Ok(())
    }

    /// The application works off what it has taken, and acknowledges it now or later.
    pub(super) fn work_off(&mut self, side: usize) -> Checked {
        while self.processes[side].application.stalled_until <= self.now {
            let Some((id, inbound)) = self.processes[side].application.queue.pop_front() else {
                return Ok(());
            };
            let Some(index) = self.connections.iter().position(|connection| connection.id == id) else {
                continue;
            };
            self.work_off_one(index, side, &inbound)?;
            let later = self.random.skewed(0, 2 * SECOND);
            let application = &mut self.processes[side].application;
            application.unacknowledged = Some((id, inbound.msg_seq_num));
            application.acknowledge_at.get_or_insert(self.now + later);
        }
        Ok(())
    }

    fn work_off_one(&mut self, index: usize, side: usize, inbound: &Inbound) -> Checked {
        let retransmitting = self.plan.profile == Profile::Retransmitting;
        let sender = 1 - side;
        match self
            .direction(index, sender)
            .delivered(inbound.msg_seq_num, &inbound.frame)?
        {
            Delivered::New(id) => {
                self.counters.delivered += 1;
                let worked_off = &mut self.worked_off[sender];
                let at = (id >> 1) as usize;
                if worked_off.len() <= at {
                    worked_off.resize(at + 1, 0);
                }
                worked_off[at] += 1;
                if worked_off[at] > 1 {
                    return Err(format!("message {id} was worked off twice"));
                }
            }
            Delivered::Again if retransmitting => {
                self.counters.repeated += 1;
                if !inbound.poss_dup {
                    return Err(format!("message {} came again, unmarked", inbound.msg_seq_num));
                }
            }
            Delivered::Again => return Err(format!("message {} came again", inbound.msg_seq_num)),
        }
        Ok(())
    }

    pub(super) fn acknowledge(&mut self, side: usize) -> Checked {
        let Some((id, sequence)) = self.processes[side].application.unacknowledged.take() else {
            return Ok(());
        };
        let Some(index) = self.connections.iter().position(|connection| connection.id == id) else {
            return Ok(());
        };
        if let Some(end) = self.end(index, side) {
            end.session.acknowledge(sequence);
        }
        self.drive(index, side)
    }

    pub(super) fn sign(&mut self, index: usize, side: usize) -> Checked {
        let clock = self.clock(side);
        if let Some(end) = self.end(index, side)
            && let Some((_, ticket, signature)) = end.signature.take()
        {
            let state = end.session.state();
            if state == SessionState::Signing {
                end.session
                    .handle_signature(clock, ticket, Ok(signature))
                    .map_err(|error| error.to_string())?;
            }
        }
        self.drive(index, side)
    }

    /// Looks at the session after each input: its state, its gap, its resend.
    fn observe(&mut self, index: usize, side: usize) -> Checked {
        let (now, recovery, calm) = (self.now, self.plan.recovery, self.calm);
        let Some(end) = self.end(index, side) else {
            return Ok(());
        };
        let state = end.session.state();
        end.watch_resend();
        let expected = end.session.sequences().next_incoming;
        if !end.session.is_recovering() || expected != end.gap.expected || !end.reads() {
            end.gap = GapWatch { expected, since: now };
        }
        // As often as it may ask, once more for a request that crossed, and what a frozen process was late by.
        let patience = recovery.timeout.as_nanos() as u64 * u64::from(recovery.attempts + 2) + 30 * SECOND;
        if now - end.gap.since > patience {
            return Err(format!(
                "side {side} waits for {expected} since {} s",
                (now - end.gap.since) / SECOND
            ));
        }
        let entered = std::mem::replace(&mut end.last_state, state) != state;
        let honest = end.honest;
        if entered && !calm && honest {
            trace!(
                self,
                "connection {} side {side} is {state:?}", self.connections[index].id
            );
            let mut at = 0;
            while at < self.plan.faults.len() {
                let planned = self.plan.faults[at];
                match planned.trigger {
                    Trigger::Reached(reached, after)
                        if reached == state && side_of(state).is_none_or(|only| only == side) =>
                    {
                        self.plan.faults.swap_remove(at);
                        self.armed.push((now + after, side, planned.fault));
                    }
                    _ => at += 1,
                }
            }
        }
        Ok(())
    }

    /// Every end must be explained by the faults.
    fn ended(&mut self, index: usize, side: usize, reason: &EndReason) -> Checked {
        let retransmitting = self.plan.profile == Profile::Retransmitting;
        let lossy = self.connections[index].lossy;
        let stale = self.connections[index].id < self.newest;
        let (name, explained) = match reason {
            EndReason::LoggedOut { .. } => ("LoggedOut", true),
            EndReason::LogoutUnanswered { .. } => ("LogoutUnanswered", true),
            EndReason::Abandoned { .. } => ("Abandoned", true),
            EndReason::PeerLogout { .. } => ("PeerLogout", true),
            EndReason::LogonRefused(refused) => (
                "LogonRefused",
                // A logout may be what is seen first of a logon whose answer has vanished.
                refused.kind == RefusalKind::AlreadyExists || !retransmitting || lossy,
            ),
            EndReason::LogonTimeout { .. } => ("LogonTimeout", true),
            EndReason::RefusedLogon { .. } => ("RefusedLogon", side == ACCEPTOR),
            EndReason::FirstMessageNotLogon { .. } => ("FirstMessageNotLogon", lossy),
            EndReason::SequenceGap(_) => ("SequenceGap", !retransmitting && lossy),
            EndReason::ResendUnanswered { .. } => {
                ("ResendUnanswered", self.now < self.plan.calm + MINUTE || lossy)
            }
            // An old logon that was decided upon after a newer one.
            EndReason::SequenceTooLow(_) => ("SequenceTooLow", side == ACCEPTOR && stale),
            EndReason::SendingTimeOutOfWindow { .. } => ("SendingTimeOutOfWindow", !retransmitting),
            EndReason::PeerSilent { .. } => ("PeerSilent", true),
            EndReason::Disconnected { .. } => ("Disconnected", true),
            _ => ("otherwise", false),
        };
        self.counters.ended(side, name);
        if !explained {
            let who = if side == INITIATOR {
                "initiator"
            } else {
                "acceptor"
            };
            return Err(format!("the {who}'s session ended without a cause: {reason}"));
        }
        Ok(())
    }
}

fn number(frame: &[u8], tag: u32) -> Option<u64> {
    parse_unsigned(find(frame, tag)?.value)
}

/// States of one side only.
pub(super) const fn side_of(state: SessionState) -> Option<usize> {
    match state {
        SessionState::Signing | SessionState::LogonSent => Some(INITIATOR),
        SessionState::AwaitingLogon | SessionState::Authenticating => Some(ACCEPTOR),
        _ => None,
    }
}

pub(super) fn bars(frame: &[u8]) -> String {
    let mut text: String = frame
        .iter()
        .map(|byte| if *byte == 1 { '|' } else { char::from(*byte) })
        .take(160)
        .collect();
    if frame.len() > 160 {
        text.push('…');
    }
    text
}

/// Events that one input can add beyond the limit.
const SLACK: usize = 64;
/// No application message is shorter.
const LEAST_FRAME: usize = 60;
/// What the session's own messages may add to what waits.
const ROOM: usize = 16 << 10;
