//! Between the core and its store.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

use super::clock::{Clock, after};
use crate::observe::Instruments;
use crate::session::{Now, SequenceNumber, Session, StoreOperation, Ticket};
use crate::store::{Store, StoreError, StoreState};

/// A store, and where its work is done.
pub struct SessionStore {
    pub(super) store: Box<dyn Store>,
    pub(super) thread: bool,
}

impl SessionStore {
    /// Makes the store the session's of this name, if it is nobody's yet ([`Store::claim`]). A
    /// [`Client`](crate::client::Client) does so for each session that it opens; who starts sessions with a
    /// [`Builder`](super::Builder) names them, if at all, here.
    ///
    /// # Errors
    ///
    /// When it is another session's, whose name the error tells.
    pub fn claim(&mut self, session: &str) -> Result<(), StoreError> {
        self.store.claim(session)
    }

    /// The store's work is done by the session's own task: for a store that never waits, such as
    /// [`MemoryStore`](crate::store::MemoryStore).
    pub fn inline(store: impl Store + 'static) -> SessionStore {
        SessionStore {
            store: Box::new(store),
            thread: false,
        }
    }

    /// The store's work is done by a thread of its own, so that no disk holds up the session's task: for a store that
    /// writes to one. What was asked for while it worked is done together, with one
    /// [`commit`](Store::commit). The session's end waits for the thread, for 10 s at most: once
    /// [`Event::Ended`](super::Event::Ended) is there, the store is closed and can be opened again.
    pub fn threaded(store: impl Store + 'static) -> SessionStore {
        SessionStore {
            store: Box::new(store),
            thread: true,
        }
    }
}

impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStore")
            .field("state", &self.store.state())
            .field("thread", &self.thread)
            .finish_non_exhaustive()
    }
}

/// What the store has to say to the core.
enum Answer {
    /// This operation and all before it are kept.
    Stored(Ticket),
    Read(Ticket, Vec<(SequenceNumber, Bytes)>),
    /// Messages that were to be read are not there any more, up to this number.
    Dropped(Ticket, SequenceNumber),
    Failed(Ticket, String),
}

/// Does the core's store operations, and brings the answers back.
pub(super) enum Keeper {
    Inline(Box<Worker>),
    Thread(Thread),
}

impl Keeper {
    pub(super) fn new(
        store: SessionStore,
        clock: Arc<dyn Clock>,
        wake: Arc<Notify>,
        instruments: Instruments,
    ) -> Result<Keeper, std::io::Error> {
        let worker = Worker {
            store: store.store,
            clock,
            failed: None,
            again: None,
            instruments,
        };
        if store.thread {
            Thread::start(worker, wake).map(Keeper::Thread)
        } else {
            Ok(Keeper::Inline(Box::new(worker)))
        }
    }

    /// Hands on what the core wants kept or read, as far as there is room, and the answers that are there.
    pub(super) fn pump(&mut self, session: &mut Session, now: Now) {
        match self {
            Keeper::Inline(worker) => loop {
                let mut operations = Vec::new();
                while let Some(operation) = session.poll_store() {
                    operations.push(operation);
                }
                if operations.is_empty() {
                    if worker.again.is_some_and(|again| again <= Instant::now()) {
                        // A failure of it is told with the next operation.
                        let _ = worker.commit();
                    }
                    return;
                }
                let mut answers = VecDeque::new();
                worker.work(operations, &mut answers);
                give(session, now, answers);
            },
            Keeper::Thread(thread) => {
                give(session, now, thread.take_answers());
                while thread.outstanding < MAX_OUTSTANDING {
                    let Some(operation) = session.poll_store() else {
                        return;
                    };
                    let ticket = operation.ticket();
                    thread.outstanding += 1;
                    if thread.requests.send(Request::Operation(operation)).is_err() {
                        session.handle_store_failed(ticket, "the store's thread is gone");
                        return;
                    }
                }
            }
        }
    }

    /// Whether operations are under way whose answers will come.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Keeper::Thread(thread) if thread.outstanding > 0)
    }

    /// When to [`pump`](Keeper::pump) at the latest: the store wants to be called again. A thread sees to that by itself.
    pub(super) const fn due(&self) -> Option<Instant> {
        match self {
            Keeper::Inline(worker) => worker.again,
            Keeper::Thread(_) => None,
        }
    }

    /// Lets go of the store, and waits until it is gone and whatever it had locked is free; no longer than
    /// [`LONGEST_LETTING_GO`], since a disk may hang.
    pub(super) async fn let_go(self) {
        match self {
            Keeper::Inline(worker) => drop(worker),
            Keeper::Thread(Thread { requests, gone, .. }) => {
                drop(requests);
                // Nothing is ever said there: it ends when the store is gone.
                if timeout_at(after(LONGEST_LETTING_GO), gone).await.is_err() {
                    tracing::warn!(
                        waited = ?LONGEST_LETTING_GO,
                        "the store is not closed yet: its thread is still at work"
                    );
                }
            }
        }
    }

    /// Operations that wait for the store's thread.
    pub(super) fn outstanding(&self) -> usize {
        match self {
            Keeper::Inline(_) => 0,
            Keeper::Thread(thread) => thread.outstanding,
        }
    }

    /// What the store holds, once everything that was handed on is done. `None`: it has failed.
    pub(super) async fn state(&mut self) -> Option<StoreState> {
        match self {
            Keeper::Inline(worker) => worker.failed.is_none().then(|| worker.store.state()),
            Keeper::Thread(thread) => {
                let (sender, receiver) = oneshot::channel();
                thread.requests.send(Request::State(sender)).ok()?;
                let state = receiver.await.ok()?;
                // They were for the core of a connection that is gone.
                thread.take_answers();
                thread.outstanding = 0;
                state
            }
        }
    }
}

fn give(session: &mut Session, now: Now, answers: VecDeque<Answer>) {
    for answer in answers {
        match answer {
            Answer::Stored(ticket) => session.handle_stored(ticket),
            Answer::Read(ticket, page) => session.handle_read(now, ticket, page),
            Answer::Dropped(ticket, through) => session.handle_read_dropped(now, ticket, through),
            Answer::Failed(ticket, fault) => session.handle_store_failed(ticket, &fault),
        }
    }
}

/// The store, and what it has come to.
pub(super) struct Worker {
    store: Box<dyn Store>,
    clock: Arc<dyn Clock>,
    failed: Option<String>,
    /// When the store wants to be called again.
    again: Option<Instant>,
    instruments: Instruments,
}

impl Worker {
    /// Does these operations in their order, with one commit, before which none of them is confirmed.
    fn work(&mut self, operations: Vec<StoreOperation>, answers: &mut VecDeque<Answer>) {
        let begun = Instruments::ENABLED.then(std::time::Instant::now);
        let (mut last, mut reads) = (None, VecDeque::new());
        for operation in operations {
            let ticket = operation.ticket();
            if let Some(fault) = &self.failed {
                answers.push_back(Answer::Failed(ticket, fault.clone()));
                continue;
            }
            match self.apply(operation) {
                Ok(Some(answer)) => reads.push_back(answer),
                Ok(None) => last = Some(ticket),
                Err(error) => {
                    let fault = self.failed.insert(error.to_string());
                    answers.push_back(Answer::Failed(ticket, fault.clone()));
                }
            }
        }
        if let Some(last) = last {
            match self.commit() {
                Ok(()) => answers.push_front(Answer::Stored(last)),
                Err(fault) => answers.push_front(Answer::Failed(last, fault)),
            }
        }
        answers.append(&mut reads);
        if let Some(begun) = begun {
            self.instruments.stored(begun.elapsed());
        }
    }

    fn apply(&mut self, operation: StoreOperation) -> Result<Option<Answer>, StoreError> {
        match operation {
            StoreOperation::Append { sequence, frame, .. } => self.store.append(sequence, &frame)?,
            StoreOperation::SetNextOutgoing { next, .. } => self.store.set_next_outgoing(next)?,
            StoreOperation::SetNextIncoming { next, .. } => self.store.set_next_incoming(next)?,
            StoreOperation::Reset { .. } => self.store.reset(self.clock.utc())?,
            StoreOperation::Read {
                ticket,
                begin,
                end,
                max_bytes,
            } => {
                let dropped_through = self.store.state().dropped_through;
                if begin <= dropped_through {
                    return Ok(Some(Answer::Dropped(ticket, dropped_through)));
                }
                let mut page = Vec::new();
                // How far the page goes, its last number says; the core asks for what follows.
                let _ = self.store.read(begin, end, max_bytes, &mut page)?;
                return Ok(Some(Answer::Read(ticket, page)));
            }
        }
        Ok(None)
    }

    fn commit(&mut self) -> Result<(), String> {
        self.again = None;
        match self.store.commit(self.clock.utc()) {
            Ok(committed) => {
                self.again = committed.again_in.map(after);
                Ok(())
            }
            Err(error) => Err(self.failed.insert(error.to_string()).clone()),
        }
    }
}

enum Request {
    Operation(StoreOperation),
    State(oneshot::Sender<Option<StoreState>>),
}

/// A store's own thread. It ends when this is dropped, after it has done what it was handed.
pub(super) struct Thread {
    requests: SyncSender<Request>,
    answers: Arc<Mutex<Answers>>,
    /// Operations that were handed on and are not answered yet.
    outstanding: usize,
    /// Closed when the store is gone.
    gone: oneshot::Receiver<()>,
}

#[derive(Default)]
struct Answers {
    answers: VecDeque<Answer>,
    /// How many operations they answer: one commit confirms many.
    answered: usize,
}

impl Thread {
    fn start(worker: Worker, wake: Arc<Notify>) -> Result<Thread, std::io::Error> {
        // One more than can be outstanding, for a question about the state: to send never waits.
        let (requests, receiver) = sync_channel(MAX_OUTSTANDING + 1);
        let answers = Arc::default();
        let shared = Arc::clone(&answers);
        let (held, gone) = oneshot::channel();
        thread::Builder::new()
            .name("session-store".to_owned())
            .spawn(move || {
                serve(worker, &receiver, &shared, &wake);
                // Only now: the store went with the worker.
                drop(held);
            })?;
        Ok(Thread {
            requests,
            answers,
            outstanding: 0,
            gone,
        })
    }

    fn take_answers(&mut self) -> VecDeque<Answer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        self.outstanding -= std::mem::take(&mut answers.answered).min(self.outstanding);
        std::mem::take(&mut answers.answers)
    }
}

fn serve(mut worker: Worker, requests: &Receiver<Request>, answers: &Mutex<Answers>, wake: &Notify) {
    loop {
        let first = match worker.again {
            None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(again) => requests.recv_timeout(again.saturating_duration_since(Instant::now())),
        };
        let mut next = match first {
            Ok(request) => Some(request),
            Err(RecvTimeoutError::Timeout) => {
                // A failure of it is told with the next operation.
                let _ = worker.commit();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => {
                let _ = worker.commit();
                return;
            }
        };
        let mut operations = Vec::new();
        let mut asked = None;
        while let Some(request) = next {
            match request {
                Request::Operation(operation) => operations.push(operation),
                Request::State(sender) => {
                    asked = Some(sender);
                    break;
                }
            }
            next = requests.try_recv().ok();
        }
        let answered = operations.len();
        let mut found = VecDeque::new();
        if answered > 0 {
            worker.work(operations, &mut found);
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.answers.append(&mut found);
            answers.answered += answered;
            drop(answers);
            wake.notify_one();
        }
        if let Some(asked) = asked {
            let _ = asked.send(worker.failed.is_none().then(|| worker.store.state()));
        }
    }
}

/// Operations that may wait for the store's thread. What is beyond it stays with the core, whose own limit on bytes to
/// send makes senders wait.
const MAX_OUTSTANDING: usize = 4096;
/// How long the end of a session waits for its store to be closed.
pub(super) const LONGEST_LETTING_GO: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::SystemClock;
    use crate::observe::Labels;
    use crate::session::{Identity, Logon, Role, SessionSettings};
    use crate::store::{Committed, MemoryStore, Page};

    /// A store that wants to be called again after each commit, and closes when it is told to.
    struct Again(MemoryStore, Option<Mutex<Receiver<()>>>);

    impl Drop for Again {
        fn drop(&mut self) {
            if let Some(may_close) = &self.1 {
                let _ = may_close.lock().unwrap().recv();
            }
        }
    }

    impl Store for Again {
        fn claim(&mut self, session: &str) -> Result<(), StoreError> {
            self.0.claim(session)
        }

        fn state(&self) -> StoreState {
            self.0.state()
        }

        fn append(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<(), StoreError> {
            self.0.append(sequence, frame)
        }

        fn set_next_outgoing(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
            self.0.set_next_outgoing(next)
        }

        fn set_next_incoming(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
            self.0.set_next_incoming(next)
        }

        fn reset(&mut self, now: fix_dialect::Timestamp) -> Result<(), StoreError> {
            self.0.reset(now)
        }

        fn commit(&mut self, now: fix_dialect::Timestamp) -> Result<Committed, StoreError> {
            let _ = self.0.commit(now)?;
            Ok(Committed {
                again_in: Some(Duration::MAX),
            })
        }

        fn read(
            &mut self,
            begin: SequenceNumber,
            end: SequenceNumber,
            max_bytes: usize,
            out: &mut Vec<(SequenceNumber, Bytes)>,
        ) -> Result<Page, StoreError> {
            self.0.read(begin, end, max_bytes, out)
        }
    }

    /// A read in the meantime keeps nothing, and changes nothing of what is still to be done.
    #[test]
    fn a_read_does_not_call_off_the_next_commit() {
        let role = Role::Initiator(Logon::new(30).default_appl_ver_id("9"));
        let mut worker = Worker {
            store: Box::new(Again(MemoryStore::new(SystemClock.utc()), None)),
            clock: Arc::new(SystemClock),
            failed: None,
            again: None,
            instruments: Instruments::new(&Labels::default(), &role),
        };
        let identity = Identity::initiator("key-id", "KalshiRT");
        let settings = SessionSettings::kalshi_prediction_retransmitting(identity);
        let mut session = Session::new(settings, role).unwrap();
        session
            .connected(Now::new(Duration::ZERO, SystemClock.utc()))
            .unwrap();
        // The logon's number.
        let number = session.poll_store().unwrap();
        let ticket = number.ticket();
        let mut answers = VecDeque::new();
        worker.work(vec![number], &mut answers);
        assert!(worker.again.is_some());
        let read = StoreOperation::Read {
            ticket,
            begin: 1,
            end: 1,
            max_bytes: 1000,
        };
        worker.work(vec![read], &mut answers);
        assert!(worker.again.is_some());
        assert_eq!(answers.len(), 2);
    }

    /// A disk that hangs holds up the end of its session for a time, and not for ever.
    #[tokio::test(start_paused = true)]
    async fn letting_go_is_bounded() {
        let (may, may_close) = std::sync::mpsc::channel();
        let store = Again(MemoryStore::new(SystemClock.utc()), Some(Mutex::new(may_close)));
        let role = Role::Initiator(Logon::new(30).default_appl_ver_id("9"));
        let keeper = Keeper::new(
            SessionStore::threaded(store),
            Arc::new(SystemClock),
            Arc::default(),
            Instruments::new(&Labels::default(), &role),
        );
        let begun = Instant::now();
        keeper.unwrap().let_go().await;
        assert!(begun.elapsed() >= LONGEST_LETTING_GO, "{:?}", begun.elapsed());
        drop(may);
    }
}
