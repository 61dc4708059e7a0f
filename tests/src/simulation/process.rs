//! A process: its store, its application, and what it knows of its connections.

use std::collections::VecDeque;

use bytes::BytesMut;
use kalshi_fix::dialect::{BodyWriter, EncodeBody};
use kalshi_fix::session::{Inbound, Intake, SequenceNumber, Session, SessionState, Ticket};

use super::random::mix;
use super::store::SimulatedStore;
use super::{INITIATOR, Nanos, SECOND};

/// One side of a connection.
pub(super) struct Endpoint {
    pub(super) session: Session,
    pub(super) inbox: BytesMut,
    pub(super) intake: Intake,
    /// It may touch the store: an initiator from the beginning, an acceptor once it has accepted the logon.
    pub(super) owner: bool,
    pub(super) honest: bool,
    pub(super) signature: Option<(Nanos, Ticket, Vec<u8>)>,
    /// When the logon is decided upon, and whether it is authentic.
    pub(super) decision: Option<(Nanos, bool)>,
    pub(super) last_state: SessionState,
    pub(super) gap: GapWatch,
    /// The first number that was not used when the resend under way began.
    pub(super) boundary: Option<SequenceNumber>,
}

/// Since when a gap has not become smaller.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GapWatch {
    pub(super) expected: SequenceNumber,
    pub(super) since: Nanos,
}

impl Endpoint {
    pub(super) fn new(session: Session, owner: bool, honest: bool) -> Self {
        Endpoint {
            session,
            inbox: BytesMut::new(),
            intake: Intake::NeedMore(0),
            owner,
            honest,
            signature: None,
            decision: None,
            last_state: SessionState::Idle,
            gap: GapWatch::default(),
            boundary: None,
        }
    }

    /// Call it after each input that can begin or end a resend.
    pub(super) fn watch_resend(&mut self) {
        if self.session.is_resending() {
            let next = self.session.sequences().next_outgoing;
            self.boundary.get_or_insert(next);
        } else {
            self.boundary = None;
        }
    }

    /// Whether the driver reads from the connection.
    pub(super) const fn reads(&self) -> bool {
        matches!(self.intake, Intake::NeedMore(_))
    }
}

/// What outlives a connection, and of it what outlives a crash.
pub(super) struct Process {
    pub(super) store: SimulatedStore,
    pub(super) application: Application,
    /// `Some`: it is dead until then.
    pub(super) restart_at: Option<Nanos>,
    pub(super) frozen_until: Nanos,
    pub(super) connect_at: Option<Nanos>,
    pub(super) clock_offset: i64,
    /// What the monotonic clock starts from.
    pub(super) origin: Nanos,
    pub(super) commit_at: Option<Nanos>,
    /// What is to be confirmed to which connection, after the commit.
    pub(super) unconfirmed: Vec<Unconfirmed>,
    pub(super) store_delay: Nanos,
    pub(super) store_slow_until: Nanos,
    /// After how many store operations the process dies.
    pub(super) crash_in: Option<u64>,
    pub(super) fail_in: Option<u64>,
}

pub(super) struct Unconfirmed {
    pub(super) connection: u32,
    pub(super) ticket: Ticket,
    pub(super) read: Option<(SequenceNumber, SequenceNumber, usize)>,
}

impl Process {
    pub(super) fn new(side: usize, store: SimulatedStore, clock_offset: i64, quota: u64) -> Self {
        Process {
            store,
            application: Application::new(side, quota),
            restart_at: None,
            frozen_until: 0,
            connect_at: (side == INITIATOR).then_some(0),
            clock_offset,
            origin: 0,
            commit_at: None,
            unconfirmed: Vec::new(),
            store_delay: 0,
            store_slow_until: 0,
            crash_in: None,
            fail_in: None,
        }
    }

    pub(super) const fn is_up(&self) -> bool {
        self.restart_at.is_none()
    }

    /// Its store takes this long for a while.
    pub(super) const fn slow_store(&mut self, now: Nanos, delay: Nanos) {
        self.store_delay = delay;
        self.store_slow_until = now + 15 * SECOND;
    }
}

/// Sends, works off, acknowledges.
pub(super) struct Application {
    side: u64,
    /// What was numbered and lost, and has to be sent under another number.
    again: VecDeque<u64>,
    made: u64,
    quota: u64,
    pub(super) send_at: Nanos,
    pub(super) stalled_until: Nanos,
    /// Events that were taken, with their connection, and are not worked off.
    pub(super) queue: VecDeque<(u32, Inbound)>,
    pub(super) unacknowledged: Option<(u32, SequenceNumber)>,
    pub(super) acknowledge_at: Option<Nanos>,
}

impl Application {
    const fn new(side: usize, quota: u64) -> Self {
        Application {
            side: side as u64,
            again: VecDeque::new(),
            made: 0,
            quota,
            send_at: 0,
            stalled_until: 0,
            queue: VecDeque::new(),
            unacknowledged: None,
            acknowledge_at: None,
        }
    }

    /// What it would send next.
    pub(super) fn next(&self) -> Option<u64> {
        let made = (self.made < self.quota).then_some(self.made << 1 | self.side);
        self.again.front().copied().or(made)
    }

    /// It was sent.
    pub(super) fn done(&mut self) {
        if self.again.pop_front().is_none() {
            self.made += 1;
        }
    }

    pub(super) fn lost(&mut self, ids: Vec<u64>) {
        self.again.extend(ids);
    }

    /// The process died: what was taken and not worked off comes again.
    pub(super) fn crash(&mut self) {
        self.queue.clear();
        self.unacknowledged = None;
        self.acknowledge_at = None;
        self.stalled_until = 0;
    }
}

/// An application message whose body follows from its ClOrdID (11).
pub(super) struct Order {
    pub(super) id: u64,
    /// It has an empty field, and cannot be sent.
    pub(super) invalid: bool,
}

impl EncodeBody for Order {
    fn msg_type(&self) -> &[u8] {
        if self.id.is_multiple_of(2) { b"D" } else { b"8" }
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.unsigned(11, self.id);
        let bits = mix(self.id);
        let length = match bits % 64 {
            0 => 3000,
            1..8 => 400,
            other => other as usize,
        };
        if length > 0 {
            let start = (bits >> 32) as usize % 100;
            out.field(58, &PADDING[start..start + length]);
        }
        if self.invalid {
            out.field(1, b"");
        }
    }
}

const PADDING: [u8; 3100] = {
    let mut padding = [0; 3100];
    let mut at = 0;
    while at < padding.len() {
        padding[at] = b'!' + (mix(at as u64) % 90) as u8;
        at += 1;
    }
    padding
};
