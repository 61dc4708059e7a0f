//! What the handles and the driver's task share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::clock::{Clock, Time};
use super::end::{EndCause, SessionEnd};
use super::inbox::Inbox;
use super::wire::{Mark, Written};
use crate::observe::{Instruments, Labels, MessageLog, Tap};
use crate::session::{Event, SequenceNumber, Session, TestRequestId};

/// It lasts as long as the handles do: a supervised session puts one core after the other into it.
pub(super) struct Shared {
    session: Mutex<Session>,
    pub(super) time: Time,
    pub(super) inbox: Inbox,
    /// Wakes the task: something is to be written, or the session is to be aborted.
    pub(super) wake: Arc<Notify>,
    /// Told to all who wait to send when some bytes were written, and at the end.
    pub(super) room: Notify,
    /// Told to all who wait for a session when there is one, and when there will be none.
    pub(super) ready: Notify,
    /// The last message that was flushed.
    pub(super) written: Arc<Written>,
    /// The number of the last message that the peer is known to have received.
    confirmed: AtomicU64,
    /// Test requests that are not answered yet, with their numbers.
    probes: Mutex<VecDeque<(TestRequestId, Mark)>>,
    /// Which of several connections in a row this is.
    connection: AtomicU64,
    /// Which numbering the events are of that were taken from the core last. It changes under the core's lock.
    numbering: AtomicU64,
    /// The application wants no (further) session.
    closing: AtomicBool,
    aborted: AtomicBool,
    over: AtomicBool,
    pub(super) instruments: Instruments,
    log: Option<MessageLog>,
    labels: Labels,
    clock: Arc<dyn Clock>,
}

impl Shared {
    pub(super) fn new(
        session: Session,
        clock: Arc<dyn Clock>,
        inbox: Inbox,
        instruments: Instruments,
        log: Option<MessageLog>,
        labels: Labels,
    ) -> Shared {
        let before = session.sequences().next_outgoing.saturating_sub(1);
        let shared = Shared {
            session: Mutex::new(session),
            time: Time::new(Arc::clone(&clock)),
            inbox,
            wake: Arc::default(),
            room: Notify::new(),
            ready: Notify::new(),
            written: Arc::new(Written::starting(before)),
            confirmed: AtomicU64::new(before),
            probes: Mutex::default(),
            connection: AtomicU64::new(0),
            numbering: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
            over: AtomicBool::new(false),
            instruments,
            log,
            labels,
            clock,
        };
        shared.tap(&mut shared.session());
        shared
    }

    /// Lets those who look see the frames of this core.
    fn tap(&self, session: &mut Session) {
        let (instruments, log) = (self.instruments.clone(), self.log.clone());
        if let Some(tap) = Tap::new(instruments, log, Arc::clone(&self.clock), self.labels) {
            session.set_tap(Box::new(tap));
        }
    }

    /// Puts the core of the next connection in the place of the last.
    pub(super) fn install(&self, mut next: Session) -> Installed {
        self.tap(&mut next);
        let mut session = self.session();
        if self.is_closing() {
            return Installed::Unwanted;
        }
        if session.queued().store_operations > 0 {
            return Installed::Outdated;
        }
        // What was sent before a session that goes on is that session's no more.
        let before = next.sequences().next_outgoing.saturating_sub(1);
        *session = next;
        self.connection.fetch_add(1, Ordering::Release);
        self.written.start(before);
        self.numbering.store(0, Ordering::Relaxed);
        self.confirmed.store(before, Ordering::Relaxed);
        self.probes().clear();
        Installed::Yes
    }

    /// Which of several connections in a row this is. It changes under the core's lock.
    pub(super) fn connection(&self) -> u64 {
        self.connection.load(Ordering::Acquire)
    }

    /// Where an event comes from that is taken from the core now.
    pub(super) fn origin(&self) -> Origin {
        Origin {
            connection: self.connection(),
            numbering: self.numbering.load(Ordering::Relaxed),
        }
    }

    /// The core. A panic in an application's own `encode_body` poisons the lock, and leaves the core as it was before
    /// that message; the session goes on.
    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the core, if it has not ended by itself, and delivers its last events but the end, which it returns.
    pub(super) fn end(&self, cause: EndCause, last: impl Fn(Event) -> Option<super::Event>) -> SessionEnd {
        let mut session = self.session();
        session.handle_eof(self.time.now());
        while let Some(event) = session.poll_event() {
            self.learn(&event);
            if let Some(event) = last(event) {
                self.inbox.push(event, self.origin());
            }
        }
        let sent = session.sequences().next_outgoing.saturating_sub(1);
        let written = self.written.through(session.numbering());
        drop(session);
        // A logout confirms nothing: the peer's may have crossed ours, and some of what was given a number never left.
        self.room.notify_waiters();
        SessionEnd {
            cause,
            stopped: None,
            confirmed: self.confirmed.load(Ordering::Relaxed).min(sent),
            sent,
            written: written.min(sent),
        }
    }

    /// Delivers the end. Of several calls the first counts.
    pub(super) fn finish(&self, end: SessionEnd) {
        if !self.over.swap(true, Ordering::AcqRel) {
            self.inbox.finish(end);
        }
        self.room.notify_waiters();
        self.ready.notify_waiters();
    }

    /// A test request of ours has this number: its answer will prove that all before it have arrived.
    pub(super) fn probe(&self, id: TestRequestId, mark: Mark) {
        let mut probes = self.probes();
        if probes.len() == MAX_PROBES {
            probes.pop_front();
        }
        probes.push_back((id, mark));
    }

    /// What an event proves of what the peer has received.
    pub(super) fn learn(&self, event: &Event) {
        let numbering = self.numbering.load(Ordering::Relaxed);
        let proven = match event {
            Event::TestRequestAnswered { id, .. } => {
                let mut probes = self.probes();
                let found = probes.iter().position(|(probe, _)| probe == id);
                found
                    .and_then(|found| probes.drain(..=found).next_back())
                    .filter(|(_, mark)| mark.numbering == numbering)
                    .map(|(_, mark)| mark.sequence)
            }
            // Just after a reset it may name a message of before, whose number says nothing of those since.
            Event::RejectReceived(reject) if !self.is_renumbered() => reject.ref_seq_num,
            Event::Established(established) => {
                if established.reset {
                    // The numbers that the store held, and all that the peer had of them, are another session's.
                    self.renumbered(1);
                }
                None
            }
            Event::ResetInSession(_) => {
                self.renumbered(numbering + 1);
                None
            }
            _ => None,
        };
        if let Some(proven) = proven {
            self.confirmed.fetch_max(proven, Ordering::Relaxed);
        }
    }

    fn renumbered(&self, numbering: u64) {
        self.numbering.store(numbering, Ordering::Relaxed);
        self.confirmed.store(0, Ordering::Relaxed);
    }

    /// Whether numbers were started anew in mid-session, and nothing since then is known to have been received.
    fn is_renumbered(&self) -> bool {
        self.numbering.load(Ordering::Relaxed) > 1 && self.confirmed.load(Ordering::Relaxed) == 0
    }

    /// The application has handled what came up to this number, whatever it was that came last.
    pub(super) fn acknowledge_latest(&self, through: SequenceNumber) {
        let mut session = self.session();
        session.acknowledge(through);
        drop(session);
        self.wake.notify_one();
    }

    /// The application has handled what came up to this number, from there.
    pub(super) fn acknowledge(&self, origin: Origin, through: SequenceNumber) {
        let mut session = self.session();
        // The numbers of another connection, or of before a reset, may be those of other messages.
        if self.connection() == origin.connection && session.numbering() == origin.numbering {
            session.acknowledge(through);
            drop(session);
            self.wake.notify_one();
        }
    }

    /// The application wants no further session. To be called under the core's lock.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire) || self.is_aborted()
    }

    pub(super) fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::Acquire)
    }

    /// Whether the end was, or is about to be, delivered.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    fn probes(&self) -> MutexGuard<'_, VecDeque<(TestRequestId, Mark)>> {
        self.probes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there is a core for the next connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Installed {
    Yes,
    /// The application wants no more.
    Unwanted,
    /// The core before has something to be kept, which the next one was made without.
    Outdated,
}

/// By which connection an event came, and in which numbering its number is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) connection: u64,
    pub(super) numbering: u64,
}

/// Tells the application of the end even if the task is dropped before its first await, or at any other.
pub(super) struct EndGuard(pub(super) Arc<Shared>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        if !self.0.is_over() {
            let end = self.0.end(EndCause::Stopped, |event| match event {
                Event::SignLogon(_) | Event::Ended(_) => None,
                event => Some(super::Event::Session(event)),
            });
            self.0.finish(end);
        }
    }
}

/// A peer that answers none of so many test requests will not answer the first of them.
const MAX_PROBES: usize = 64;
