//! What the handles and the driver's task share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::clock::{Clock, Time};
use super::end::{EndCause, SessionEnd};
use super::inbox::Inbox;
use crate::session::{Event, Session};

pub(super) struct Shared {
    session: Mutex<Session>,
    pub(super) time: Time,
    pub(super) inbox: Inbox,
    /// Wakes the task: something is to be written, or the session is to be aborted.
    pub(super) wake: Notify,
    /// Told to all who wait to send when some bytes were written, and at the end.
    pub(super) room: Notify,
    /// The number of the last message that was flushed.
    pub(super) written: Arc<AtomicU64>,
    aborted: AtomicBool,
}

impl Shared {
    pub(super) fn new(
        session: Session,
        clock: Arc<dyn Clock>,
        max_events: usize,
        max_bytes: usize,
    ) -> Shared {
        Shared {
            session: Mutex::new(session),
            time: Time::new(clock),
            inbox: Inbox::new(max_events, max_bytes),
            wake: Notify::new(),
            room: Notify::new(),
            written: Arc::default(),
            aborted: AtomicBool::new(false),
        }
    }

    /// The core. A panic in an application's own `encode_body` poisons the lock, and leaves the core as it was before
    /// that message; the session goes on.
    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the core, if it has not ended by itself, delivers its last events, and then the end with this cause. Of
    /// several calls the first counts.
    pub(super) fn finish(&self, cause: EndCause) {
        let mut session = self.session();
        session.handle_eof(self.time.now());
        while let Some(event) = session.poll_event() {
            if !matches!(event, Event::SignLogon(_) | Event::Ended(_)) {
                self.inbox.push(event);
            }
        }
        let sent = session.sequences().next_outgoing.saturating_sub(1);
        drop(session);
        let end = SessionEnd {
            cause,
            sent,
            written: self.written.load(Ordering::Relaxed),
        };
        self.inbox.finish(end);
        self.room.notify_waiters();
    }

    pub(super) fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::Acquire)
    }
}
