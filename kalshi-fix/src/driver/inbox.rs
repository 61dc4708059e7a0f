//! The queue from the driver's task to the application: bounded in events and in bytes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::Notify;

use super::end::SessionEnd;
use super::event::{Dropped, Event};
use super::observer::Observer;
use super::shared::Origin;
use crate::observe::{Instruments, trace};
use crate::session;

pub(super) struct Inbox {
    state: Mutex<State>,
    /// Told when an event was taken from an inbox that had no room.
    pub(super) drained: Notify,
    max_events: usize,
    max_bytes: usize,
    observer: Option<Arc<dyn Observer>>,
    instruments: Instruments,
    /// Messages make room for later ones, rather than keeping them out.
    drops: bool,
    /// How many lost connections wait to be told of.
    unheard: AtomicUsize,
}

#[derive(Default)]
struct State {
    /// Each with where it came from.
    events: VecDeque<(Event, Origin)>,
    messages: Load,
    others: Load,
    end: Option<SessionEnd>,
    end_delivered: bool,
    reader: Option<Waker>,
}

/// How much of something waits.
#[derive(Clone, Copy, Default)]
struct Load {
    events: usize,
    bytes: usize,
}

impl Inbox {
    pub(super) fn new(
        max_events: usize,
        max_bytes: usize,
        drops: bool,
        observer: Option<Arc<dyn Observer>>,
        instruments: Instruments,
    ) -> Inbox {
        Inbox {
            state: Mutex::default(),
            drained: Notify::new(),
            max_events,
            max_bytes,
            observer,
            instruments,
            drops,
            unheard: AtomicUsize::new(0),
        }
    }

    /// Whether a connection was lost of which the application has not heard.
    pub(super) fn hides_a_loss(&self) -> bool {
        self.unheard.load(Ordering::Acquire) > 0
    }

    /// Whether another event may come, whatever it is.
    pub(super) fn has_room(&self) -> bool {
        self.has_room_in(&self.lock())
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().events.len()
    }

    /// How many events wait, and how many bytes of frames.
    pub(super) fn load(&self) -> (usize, usize) {
        let state = self.lock();
        (state.events.len(), state.messages.bytes + state.others.bytes)
    }

    /// Takes an event, room or no room: to ask first is the caller's part.
    pub(super) fn push(&self, mut event: Event, origin: Origin) {
        if let Some(observer) = &self.observer {
            observer.observe(&event);
        }
        if !is_message(&event) {
            trace(&event);
            self.instruments.event(&event);
        }
        let mut state = self.lock();
        if matches!(event, Event::AttemptFailed(_)) {
            // However long the venue is away, and however long the application does not look: one is enough.
            let last = state
                .events
                .pop_back_if(|(last, _)| matches!(last, Event::AttemptFailed(_)));
            if last.is_some() {
                state.others.events -= 1;
            }
        }
        if self.drops {
            if is_message(&event) {
                let limit = state.messages.bytes + frame_length(&event);
                if state.messages.events >= self.max_events || limit > self.max_bytes {
                    tracing::warn!(
                        messages = state.messages.events,
                        "the application does not keep up: dropped"
                    );
                    self.instruments.dropped(state.messages.events as u64);
                    state.drop_messages();
                }
            } else {
                own_its_frame(&mut event);
            }
        }
        if matches!(event, Event::Disconnected(_)) {
            self.unheard.fetch_add(1, Ordering::Release);
        }
        let load = state.load(&event);
        load.events += 1;
        load.bytes += frame_length(&event);
        state.events.push_back((event, origin));
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

    /// The next event, and where it came from; `None` after the end was delivered.
    pub(super) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<(Event, Origin)>> {
        let mut state = self.lock();
        if let Some((event, origin)) = state.events.pop_front() {
            // The event that was popped counted as well.
            let was_full = !self.has_room_in(&state);
            let load = state.load(&event);
            load.events -= 1;
            load.bytes -= frame_length(&event);
            drop(state);
            if matches!(event, Event::Disconnected(_)) {
                self.unheard.fetch_sub(1, Ordering::Release);
            }
            if was_full {
                self.drained.notify_one();
            }
            return Poll::Ready(Some((event, origin)));
        }
        if let Some(end) = state.end.take() {
            state.end_delivered = true;
            return Poll::Ready(Some((Event::Ended(end), Origin::default())));
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
        let State { messages, others, .. } = state;
        if self.drops {
            // Messages make room for themselves.
            return others.events < self.max_events && others.bytes < self.max_bytes;
        }
        messages.events + others.events < self.max_events && messages.bytes + others.bytes < self.max_bytes
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn load(&mut self, event: &Event) -> &mut Load {
        if is_message(event) {
            &mut self.messages
        } else {
            &mut self.others
        }
    }

    /// Puts one event in the place of the messages that wait, or one for each numbering where numbers started anew
    /// between them.
    ///
    /// It costs a look at each event that waits, and sets at least as many messages free as may wait, or as many bytes.
    fn drop_messages(&mut self) {
        let mut kept: VecDeque<(Event, Origin)> = VecDeque::new();
        // Where in `kept` the event stands that tells of this numbering's messages.
        let mut told: Option<usize> = None;
        for (event, origin) in self.events.drain(..) {
            let dropped = match event {
                Event::Session(session::Event::Application(inbound)) => Dropped::one(inbound.msg_seq_num),
                Event::Dropped(dropped) => {
                    self.others.events -= 1;
                    dropped
                }
                event => {
                    if starts_anew(&event) {
                        told = None;
                    }
                    kept.push_back((event, origin));
                    continue;
                }
            };
            if let Some((Event::Dropped(before), _)) = told.and_then(|at| kept.get_mut(at)) {
                before.add(&dropped);
            } else {
                told = Some(kept.len());
                self.others.events += 1;
                kept.push_back((Event::Dropped(dropped), origin));
            }
        }
        self.events = kept;
        self.messages = Load::default();
    }
}

/// Whether the numbers of messages behind this event have nothing to do with those before it.
fn starts_anew(event: &Event) -> bool {
    matches!(
        event,
        Event::Disconnected(_) | Event::Reconnected(_) | Event::Session(session::Event::ResetInSession(_))
    )
}

fn is_message(event: &Event) -> bool {
    matches!(event, Event::Session(session::Event::Application(_)))
}

/// What stays while messages around it are dropped must not pin the buffer that it shares with them.
fn own_its_frame(event: &mut Event) {
    if let Event::Session(session::Event::RejectReceived(reject)) = event {
        reject.inbound.frame = Bytes::copy_from_slice(&reject.inbound.frame);
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
