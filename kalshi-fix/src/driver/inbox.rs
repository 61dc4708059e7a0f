//! The queue from the driver's task to the application: bounded in events and in bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;

use super::end::SessionEnd;
use super::event::Event;
use super::observer::Observer;
use crate::session;

pub(super) struct Inbox {
    state: Mutex<State>,
    /// Told when an event was taken from an inbox that had no room.
    pub(super) drained: Notify,
    max_events: usize,
    max_bytes: usize,
    observer: Option<Arc<dyn Observer>>,
}

#[derive(Default)]
struct State {
    /// Each with the connection that it came by.
    events: VecDeque<(Event, u64)>,
    bytes: usize,
    end: Option<SessionEnd>,
    end_delivered: bool,
    reader: Option<Waker>,
}

impl Inbox {
    pub(super) fn new(max_events: usize, max_bytes: usize, observer: Option<Arc<dyn Observer>>) -> Inbox {
        Inbox {
            state: Mutex::default(),
            drained: Notify::new(),
            max_events,
            max_bytes,
            observer,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.has_room_in(&self.lock())
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().events.len()
    }

    /// Takes an event, room or no room: to ask first is the caller's part.
    pub(super) fn push(&self, event: Event, connection: u64) {
        if let Some(observer) = &self.observer {
            observer.observe(&event);
        }
        let mut state = self.lock();
        if matches!(event, Event::AttemptFailed(_)) {
            // However long the venue is away, and however long the application does not look: one is enough.
            let _ = state
                .events
                .pop_back_if(|(last, _)| matches!(last, Event::AttemptFailed(_)));
        }
        state.bytes += frame_length(&event);
        state.events.push_back((event, connection));
        wake(state);
    }

    /// Nothing follows. To be called once.
    pub(super) fn finish(&self, end: SessionEnd) {
        if let Some(observer) = &self.observer {
            observer.observe(&Event::Ended(end.clone()));
        }
        let mut state = self.lock();
        state.end = Some(end);
        wake(state);
    }

    /// The next event, and by which connection it came; `None` after the end was delivered.
    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<(Event, u64)>> {
        let mut state = self.lock();
        if let Some((event, connection)) = state.events.pop_front() {
            let had_room = self.has_room_in(&state);
            state.bytes -= frame_length(&event);
            // The event that was popped counted as well.
            let was_full = !had_room || state.events.len() + 1 >= self.max_events;
            drop(state);
            if was_full {
                self.drained.notify_one();
            }
            return Poll::Ready(Some((event, connection)));
        }
        if let Some(end) = state.end.take() {
            state.end_delivered = true;
            return Poll::Ready(Some((Event::Ended(end), 0)));
        }
        if state.end_delivered {
            return Poll::Ready(None);
        }
        if !state
            .reader
            .as_ref()
            .is_some_and(|reader| reader.will_wake(cx.waker()))
        {
            state.reader = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits until the application has taken enough.
    pub(super) async fn room(&self) {
        while !self.has_room() {
            self.drained.notified().await;
        }
    }

    fn has_room_in(&self, state: &State) -> bool {
        state.events.len() < self.max_events && state.bytes < self.max_bytes
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let reader = state.reader.take();
    drop(state);
    if let Some(reader) = reader {
        reader.wake();
    }
}

fn frame_length(event: &Event) -> usize {
    let Event::Session(event) = event else { return 0 };
    match event {
        session::Event::Application(inbound) => inbound.frame.len(),
        session::Event::RejectReceived(reject) => reject.inbound.frame.len(),
        session::Event::Established(established) => established.frame.len(),
        session::Event::LogonRequest(request) => request.frame.len(),
        _ => 0,
    }
}
