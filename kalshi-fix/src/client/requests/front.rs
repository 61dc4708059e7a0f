//! The requests of a session, between those who submit and the driver's task.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::correlator::{Correlator, RequestId, Settled, Settlement};
use super::identity::Identity;
use super::ledger::{Ledger, Record, SentMessage};
use super::outcome::SubmitError;
use crate::driver::{Event, Missed, Observer, SessionEnd};
use crate::limits::{Counted, Names};
use crate::session::{self, Inbound, RejectReceived, SequenceNumber};
use crate::tracker::held_back;

/// What a session has sent, and what of it waits for an answer. Observes the session.
pub(in crate::client) struct Requests {
    state: Mutex<State>,
    /// So that nobody waits for the lock to learn that there is nothing to look for.
    outstanding: AtomicUsize,
    retransmits: bool,
}

struct State {
    correlator: Correlator<Waiter>,
    ledger: Ledger,
}

struct Waiter {
    told: oneshot::Sender<Told>,
    /// What counts in the pre-trade limits until it is heard of.
    counted: Option<Counted>,
    /// The number of the request, once it has one.
    sequence: Option<SequenceNumber>,
}

/// What those who wait are told.
#[derive(Debug)]
pub(super) enum Told {
    Settled(Settlement),
    /// The connection, or the numbers, are gone.
    Gone(Option<SessionEnd>),
}

impl Requests {
    /// Of a session that resumes after a lost connection, or of one that does not.
    pub(in crate::client) fn new(retransmits: bool) -> Requests {
        Requests {
            state: Mutex::new(State {
                correlator: Correlator::new(MOST_OUTSTANDING),
                ledger: Ledger::default(),
            }),
            outstanding: AtomicUsize::new(0),
            retransmits,
        }
    }

    /// Makes room for a request. It is given back when the ticket is dropped.
    pub(super) fn reserve(
        self: &Arc<Self>,
        identity: Identity,
    ) -> Result<(Ticket, oneshot::Receiver<Told>), SubmitError> {
        let (sender, told) = oneshot::channel();
        let waiter = Waiter {
            told: sender,
            counted: None,
            sequence: None,
        };
        let mut state = self.lock();
        let id = state.correlator.reserve(identity, waiter)?;
        self.count(&state);
        drop(state);
        let requests = Arc::clone(self);
        Ok((Ticket { requests, id }, told))
    }

    /// A message has this number. To be called under the session's lock.
    pub(in crate::client) fn sent(&self, sequence: SequenceNumber, record: Record) {
        self.lock().ledger.push(sequence, record);
    }

    /// The message with this number, if it is one of the latest.
    pub(in crate::client) fn find(&self, sequence: SequenceNumber) -> Option<SentMessage> {
        self.lock().ledger.find(sequence)
    }

    fn message(&self, inbound: &Inbound) {
        // Whoever has sent a request has counted it under the session's lock, which is held here too.
        if self.outstanding.load(Ordering::Acquire) > 0 {
            self.tell(|correlator| correlator.message(inbound));
        }
    }

    fn reject(&self, reject: &RejectReceived) {
        if self.outstanding.load(Ordering::Acquire) > 0 {
            self.tell(|correlator| correlator.reject(reject));
        }
    }

    fn held_back(&self, numbers: &RangeInclusive<SequenceNumber>) {
        if self.outstanding.load(Ordering::Acquire) > 0 {
            self.tell(|correlator| correlator.held_back(numbers));
        }
    }

    fn tell<I>(&self, look: impl FnOnce(&mut Correlator<Waiter>) -> I)
    where
        I: IntoIterator<Item = Settled<Waiter>>,
    {
        let mut state = self.lock();
        let State { correlator, ledger } = &mut *state;
        let settled = look(correlator).into_iter();
        let settled: Vec<_> = settled.map(|settled| doubted(ledger, settled)).collect();
        self.count(&state);
        drop(state);
        for (waiter, settlement) in settled {
            // Before anybody is told, so that whoever is finds it so.
            if let (Some(counted), Some(names)) = (waiter.counted, settlement.refusal()) {
                counted.refused(names);
            }
            // Nobody is there when the request was given up at this very moment.
            let _ = waiter.told.send(Told::Settled(settlement));
        }
    }

    /// Nothing that was sent will be answered, and its numbers mean nothing any more.
    fn gone(&self, end: Option<&SessionEnd>) {
        let mut state = self.lock();
        let waiters = state.correlator.disconnect();
        state.ledger.clear();
        self.count(&state);
        drop(state);
        for waiter in waiters {
            let _ = waiter.told.send(Told::Gone(end.cloned()));
        }
    }

    fn count(&self, state: &State) {
        self.outstanding.store(state.correlator.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refusal that names a ClOrdID (11) which an earlier message has too may be that message's.
fn doubted(ledger: &mut Ledger, (waiter, settlement): Settled<Waiter>) -> Settled<Waiter> {
    let Some(sequence) = waiter.sequence else {
        return (waiter, settlement);
    };
    let names_all = settlement.refusal() == Some(Names::ClOrdId);
    match settlement {
        Settlement::Rejected(rejection) if names_all && ledger.is_one_of_several(sequence) => {
            (waiter, Settlement::Ambiguous(rejection.inbound))
        }
        Settlement::Rejected(_) | Settlement::Acknowledged { .. } => {
            ledger.answered(sequence);
            (waiter, settlement)
        }
        unknown => (waiter, unknown),
    }
}

impl Observer for Requests {
    fn observe(&self, event: &Event) {
        match event {
            Event::Session(session::Event::Application(inbound)) => self.message(inbound),
            Event::Session(session::Event::RejectReceived(reject)) => self.reject(reject),
            Event::Session(session::Event::ResetInSession(_)) => self.gone(None),
            Event::Session(event) if held_back(event).is_some() => {
                if let Some(numbers) = held_back(event) {
                    self.held_back(&numbers);
                }
            }
            // A session that resumes may still bring the answers; its numbers go on.
            Event::Disconnected(event) if !self.retransmits || event.wait.reset => {
                self.gone(Some(&event.end));
            }
            Event::AttemptFailed(event) if event.wait.reset => self.gone(Some(&event.end)),
            Event::Reconnected(event) if self.retransmits && event.missed != Missed::Nothing => {
                self.gone(None);
            }
            Event::Ended(end) => self.gone(Some(end)),
            _ => {}
        }
    }
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requests")
            .field("outstanding", &self.outstanding)
            .finish_non_exhaustive()
    }
}

/// A request's place among those that wait.
#[derive(Debug)]
pub(super) struct Ticket {
    requests: Arc<Requests>,
    id: RequestId,
}

impl Ticket {
    /// The request has this number, and counts so in the pre-trade limits. To be called under the session's lock.
    pub(super) fn sent(&self, sequence: SequenceNumber, record: Record, counted: Option<Counted>) {
        let mut state = self.requests.lock();
        if let Some(waiter) = state.correlator.sent(self.id, sequence) {
            waiter.counted = counted;
            waiter.sequence = Some(sequence);
        }
        state.ledger.push(sequence, record);
    }

    /// Nobody waits any more.
    pub(super) fn give_up(&self) {
        let mut state = self.requests.lock();
        state.correlator.abandon(self.id);
        self.requests.count(&state);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// How many requests of a session may wait for their answers at a time.
const MOST_OUTSTANDING: usize = 4096;
