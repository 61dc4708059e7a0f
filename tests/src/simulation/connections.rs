//! Connections as they come and go: opened, accepted, decided upon, hung up.

use kalshi_fix::session::{Acceptance, Identity, Logon, Refusal, Role, Sequences, Session, SessionSettings};

use super::network::Pipe;
use super::oracle::Direction;
use super::plan::{CLIENT, Profile, VENUE_NAME};
use super::process::Endpoint;
use super::world::{Checked, Connection, World, trace};
use super::{ACCEPTOR, INITIATOR, MILLI, SECOND};

impl World {
    /// The initiator opens a connection.
    pub(super) fn connect(&mut self) -> Checked {
        if !self.processes[ACCEPTOR].is_up() {
            self.reconnect_later();
            return Ok(());
        }
        let mut settings = self.plan.settings[INITIATOR].clone();
        settings.sequences = self.resume(INITIATOR)?;
        let mut logon = Logon::new(self.plan.heart_bt_int)
            .signed()
            .default_appl_ver_id("9");
        if self.plan.profile == Profile::Plain {
            logon = logon.reset();
        }
        let session = Session::new(settings, Role::Initiator(logon)).map_err(|error| error.to_string())?;
        self.open(Endpoint::new(session, true, true))
    }

    /// Somebody who has no key.
    pub(super) fn intrude(&mut self) -> Checked {
        let settings = SessionSettings::kalshi_prediction(Identity::initiator(CLIENT, VENUE_NAME));
        let logon = Logon::new(self.plan.heart_bt_int)
            .reset()
            .signed()
            .default_appl_ver_id("9");
        let session = Session::new(settings, Role::Initiator(logon)).map_err(|error| error.to_string())?;
        self.open(Endpoint::new(session, true, false))
    }

    fn open(&mut self, end: Endpoint) -> Checked {
        self.counters.connections += 1;
        self.last_connection += 1;
        let quality = self.plan.quality;
        let accept_at = self.now + self.random.skewed(MILLI, SECOND);
        let honest = end.honest;
        self.connections.push(Connection {
            id: self.last_connection,
            ends: [Some(end), None],
            pipes: [Pipe::new(quality), Pipe::new(quality)],
            accept_at: Some(accept_at),
            directions: self.plan.replays.map(Direction::new),
            asked: [0; 2],
            lossy: false,
        });
        let index = self.connections.len() - 1;
        trace!(
            self,
            "connection {} of {}",
            self.last_connection,
            if honest { "the initiator" } else { "an impostor" }
        );
        let clock = self.clock(INITIATOR);
        if let Some(end) = &mut self.connections[index].ends[INITIATOR] {
            end.session.connected(clock).map_err(|error| error.to_string())?;
        }
        self.drive(index, INITIATOR)
    }

    pub(super) fn accept_connection(&mut self, index: usize) -> Checked {
        let settings = self.plan.settings[ACCEPTOR].clone();
        let session = Session::new(settings, Role::Acceptor).map_err(|error| error.to_string())?;
        let mut end = Endpoint::new(session, false, true);
        end.session
            .connected(self.clock(ACCEPTOR))
            .map_err(|error| error.to_string())?;
        self.connections[index].accept_at = None;
        self.connections[index].ends[ACCEPTOR] = Some(end);
        self.drive(index, ACCEPTOR)
    }

    /// A session goes on from what the store has.
    fn resume(&mut self, side: usize) -> Checked<Sequences> {
        if self.plan.profile == Profile::Plain {
            return Ok(Sequences::START);
        }
        let sequences = self.processes[side].store.sequences();
        let lost = self.directions[side].resume(sequences.next_outgoing)?;
        self.counters.lost_before_sending += lost.len() as u64;
        let application = &mut self.processes[side].application;
        application.lost(lost);
        // What was taken and not worked off comes again.
        application.queue.clear();
        application.unacknowledged = None;
        application.acknowledge_at = None;
        Ok(sequences)
    }

    /// The acceptor has looked at a logon for long enough.
    pub(super) fn decide(&mut self, index: usize, authentic: bool) -> Checked {
        let id = self.connections[index].id;
        let old = self.current(ACCEPTOR);
        let refusal = if !authentic {
            Some("invalid signature")
        } else if old.is_some() && !self.plan.takeover {
            Some("already exists")
        } else {
            None
        };
        if let Some(end) = &mut self.connections[index].ends[ACCEPTOR] {
            end.decision = None;
        }
        let decided = if let Some(text) = refusal {
            trace!(self, "connection {id} is refused: {text}");
            let clock = self.clock(ACCEPTOR);
            let Some(end) = &mut self.connections[index].ends[ACCEPTOR] else {
                return Ok(());
            };
            end.session.refuse_logon(clock, Refusal::Logout(text.to_owned()))
        } else {
            if let Some(old) = old {
                trace!(
                    self,
                    "connection {id} takes the place of {}", self.connections[old].id
                );
                self.hang_up(old, ACCEPTOR);
            }
            let sequences = self.resume(ACCEPTOR)?;
            let clock = self.clock(ACCEPTOR);
            let Some(end) = &mut self.connections[index].ends[ACCEPTOR] else {
                return Ok(());
            };
            end.owner = true;
            let acceptance = Acceptance {
                sequences,
                ..Acceptance::default()
            };
            end.session.accept_logon(clock, acceptance)
        };
        decided.map_err(|error| error.to_string())?;
        let clock = self.clock(ACCEPTOR);
        if let Some(end) = &mut self.connections[index].ends[ACCEPTOR] {
            end.watch_resend();
            end.intake = end.session.handle_bytes(clock, &mut end.inbox);
        }
        self.drive(index, ACCEPTOR)
    }

    /// A side closes its connection and forgets it.
    pub(super) fn hang_up(&mut self, index: usize, side: usize) {
        let connection = &mut self.connections[index];
        let Some(end) = connection.ends[side].take() else {
            return;
        };
        connection.pipes[1 - side].close(self.now);
        connection.accept_at = connection.accept_at.filter(|_| side == ACCEPTOR);
        if end.owner && end.honest {
            if !self.calm {
                self.counters.disconnections += 1;
            }
            if side == INITIATOR {
                self.reconnect_later();
            }
        }
    }

    pub(super) fn reconnect_later(&mut self) {
        let wait = self.random.skewed(20 * MILLI, 4 * SECOND);
        self.processes[INITIATOR].connect_at = Some(self.now + wait);
    }
}
