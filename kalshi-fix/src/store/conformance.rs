//! What every store must do, as a suite that any implementation can be held against.
//!
//! ```
//! use kalshi_fix::dialect::Timestamp;
//! use kalshi_fix::store::conformance::{self, Subject};
//! use kalshi_fix::store::MemoryStore;
//!
//! struct Memory;
//!
//! impl Subject for Memory {
//!     type Store = MemoryStore;
//!
//!     fn fresh(&mut self, now: Timestamp) -> MemoryStore {
//!         MemoryStore::new(now)
//!     }
//! }
//!
//! conformance::check(&mut Memory);
//! ```

use std::collections::BTreeMap;

use bytes::Bytes;
use fix_dialect::Timestamp;

use super::{MAX_FRAME, Page, Store, StoreError, StoreState};
use crate::session::{SequenceNumber, Sequences};

/// How the suite gets stores of the kind that it checks.
pub trait Subject {
    /// What is checked.
    type Store: Store;

    /// An empty store, without any [`Retention`](super::Retention), of a session that begins `now`; other than all
    /// those before.
    fn fresh(&mut self, now: Timestamp) -> Self::Store;

    /// The name of the session whose those stores are, if they have one from the beginning.
    fn session(&self) -> &'static str {
        "a session"
    }

    /// Closes a store, all of it committed, and opens it anew, as after a restart of the process. A store that does
    /// not outlive its process is returned as it is.
    fn reopen(&mut self, store: Self::Store, now: Timestamp) -> Self::Store {
        let _ = now;
        store
    }
}

/// An operation that writes, with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the methods")]
pub enum Operation {
    Append(SequenceNumber, Bytes),
    SetNextOutgoing(SequenceNumber),
    SetNextIncoming(SequenceNumber),
    Reset(Timestamp),
    Commit(Timestamp),
}

impl Operation {
    /// Does it to a store.
    pub fn apply(&self, store: &mut dyn Store) -> Result<(), StoreError> {
        match self {
            Operation::Append(sequence, frame) => store.append(*sequence, frame),
            Operation::SetNextOutgoing(next) => store.set_next_outgoing(*next),
            Operation::SetNextIncoming(next) => store.set_next_incoming(*next),
            Operation::Reset(now) => store.reset(*now),
            Operation::Commit(now) => store.commit(*now).map(drop),
        }
    }
}

/// A store as plain as one can be: what the suite, and property tests, compare with. It drops nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The numbers.
    pub sequences: Sequences,
    /// The messages, by number.
    pub messages: BTreeMap<SequenceNumber, Bytes>,
    /// When the session began.
    pub began: Timestamp,
}

impl Model {
    /// A session that begins.
    #[must_use]
    pub fn new(began: Timestamp) -> Model {
        Model {
            sequences: Sequences::START,
            messages: BTreeMap::new(),
            began,
        }
    }

    /// Does an operation, or returns `false` if it is to be refused.
    pub fn apply(&mut self, operation: &Operation) -> bool {
        match operation {
            Operation::Append(sequence, frame) => {
                let possible = *sequence >= self.sequences.next_outgoing
                    && *sequence < u64::MAX
                    && !frame.is_empty()
                    && frame.len() <= MAX_FRAME;
                if possible {
                    self.sequences.next_outgoing = sequence + 1;
                    self.messages.insert(*sequence, frame.clone());
                }
                possible
            }
            Operation::SetNextOutgoing(next) => {
                let possible = *next >= self.sequences.next_outgoing;
                if possible {
                    self.sequences.next_outgoing = *next;
                }
                possible
            }
            Operation::SetNextIncoming(next) => {
                if *next > 0 {
                    self.sequences.next_incoming = *next;
                }
                *next > 0
            }
            Operation::Reset(now) => {
                *self = Model::new(*now);
                true
            }
            Operation::Commit(_) => true,
        }
    }

    /// What a store tells that holds the same.
    #[must_use]
    pub fn state(&self) -> StoreState {
        StoreState {
            sequences: self.sequences,
            first_message: self.messages.keys().next().copied(),
            dropped_through: 0,
            began: Timestamp::from_unix_nanos(self.began.unix_nanos()),
        }
    }

    /// What a store serves of a range that holds the same.
    #[must_use]
    pub fn read(&self, begin: SequenceNumber, end: SequenceNumber) -> Vec<(SequenceNumber, Bytes)> {
        let messages = self.messages.iter();
        messages
            .filter(|(sequence, _)| (begin..=end).contains(*sequence))
            .map(|(sequence, frame)| (*sequence, frame.clone()))
            .collect()
    }
}

/// Holds an implementation against the whole suite.
///
/// # Panics
///
/// If the store does not conform; the message says where.
pub fn check<S: Subject>(subject: &mut S) {
    let script = script();
    for length in 0..=script.len() {
        let (before, after) = script.split_at(length);
        let mut model = Model::new(at(0));
        let mut store = subject.fresh(at(0));
        step_through(&mut store, &mut model, before);
        let session = subject.session();
        let claimed = store.claim(session);
        assert!(claimed.is_ok(), "claimed for the first time: {claimed:?}");
        check_claims(&mut store, session, &model);
        store.commit(at(1000)).expect("a commit");
        let mut store = subject.reopen(store, at(2000));
        check_equal(&mut store, &model, "opened anew");
        check_claims(&mut store, session, &model);
        check_ranges(&mut store, &model);
        step_through(&mut store, &mut model, after);
        check_claims(&mut store, session, &model);
    }
}

/// It belongs to one session, and says so to another one, which changes nothing.
fn check_claims(store: &mut dyn Store, session: &str, model: &Model) {
    match store.claim("another session") {
        Ok(()) => panic!("'{session}' was claimed by another session, which was not refused"),
        Err(error) => {
            let text = error.to_string();
            let names_both = text.contains(session) && text.contains("another session");
            assert!(
                names_both && !error.is_fatal(),
                "claimed by another session: '{text}'"
            );
        }
    }
    let claimed = store.claim(session);
    assert!(claimed.is_ok(), "claimed by its own session: {claimed:?}");
    check_equal(store, model, "after claims");
}

/// Holds a store's state and all of its messages against a model's.
///
/// # Panics
///
/// If they differ.
pub fn check_equal(store: &mut dyn Store, model: &Model, context: &str) {
    assert_eq!(store.state(), model.state(), "state, {context}");
    check_range(store, model, (0, u64::MAX), usize::MAX, context);
}

fn step_through(store: &mut dyn Store, model: &mut Model, operations: &[Operation]) {
    for (place, operation) in operations.iter().enumerate() {
        let context = format!("after operation {place}: {}", shown(operation));
        match operation.apply(store) {
            Ok(()) => assert!(model.apply(operation), "was not refused, {context}"),
            Err(error) => {
                assert!(!model.apply(operation), "failed with '{error}', {context}");
                assert!(!error.is_fatal(), "'{error}', {context}");
            }
        }
        check_equal(store, model, &context);
    }
}

/// Every range that begins or ends at or beside a number of interest, in pages of several sizes.
fn check_ranges(store: &mut dyn Store, model: &Model) {
    let mut bounds = vec![0, 1, u64::MAX - 1, u64::MAX];
    for sequence in model.messages.keys() {
        bounds.extend([sequence - 1, *sequence, sequence + 1]);
    }
    bounds.sort_unstable();
    bounds.dedup();
    for &begin in &bounds {
        for &end in &bounds {
            check_range(store, model, (begin, end), 40, "ranges");
        }
    }
    for max_bytes in [0, 1, 1000, 1001, 2000, 100_000] {
        check_range(store, model, (0, u64::MAX), max_bytes, "ranges");
    }
}

fn check_range(
    store: &mut dyn Store,
    model: &Model,
    (begin, end): (SequenceNumber, SequenceNumber),
    max_bytes: usize,
    context: &str,
) {
    let context = format!("read {begin} to {end} by {max_bytes} bytes, {context}");
    let expected = model.read(begin, end);
    let mut found = Vec::new();
    let mut next = Some(begin);
    while let Some(from) = next {
        let known = found.len();
        let page: Page = store
            .read(from, end, max_bytes, &mut found)
            .unwrap_or_else(|error| panic!("failed with '{error}', {context}"));
        let bytes: usize = found[known..].iter().map(|(_, frame)| frame.len()).sum();
        assert!(
            bytes <= max_bytes || found.len() == known + 1,
            "a page of {bytes} bytes, {context}"
        );
        assert!(page.next.is_none_or(|next| next > from), "no progress, {context}");
        assert!(found.len() <= expected.len(), "too many messages, {context}");
        next = page.next;
    }
    let numbers = |messages: &[(SequenceNumber, Bytes)]| -> Vec<SequenceNumber> {
        messages.iter().map(|(sequence, _)| *sequence).collect()
    };
    assert_eq!(numbers(&found), numbers(&expected), "{context}");
    for ((sequence, frame), (_, expected)) in found.iter().zip(&expected) {
        assert!(frame == expected, "other bytes under {sequence}, {context}");
    }
}

/// A session's life, with everything that a store must refuse.
fn script() -> Vec<Operation> {
    use Operation::{Append, Commit, Reset, SetNextIncoming, SetNextOutgoing};
    let frame = |length: usize, seed: usize| -> Bytes {
        (0..length)
            .map(|place| (place * 7 + seed * 31 + place / 251) as u8)
            .collect()
    };
    vec![
        SetNextOutgoing(2),
        SetNextIncoming(2),
        Append(2, frame(300, 1)),
        Append(3, Bytes::from_static(b"8=FIXT.1.1\x019=5\x0135=0\x0110=000\x01")),
        Append(3, frame(20, 2)),
        Append(1, frame(20, 3)),
        Append(4, Bytes::new()),
        SetNextOutgoing(3),
        SetNextIncoming(0),
        Commit(at(1)),
        SetNextIncoming(3),
        // Admin messages between: a hole.
        Append(9, frame(1, 4)),
        Append(10, frame(100_000, 5)),
        SetNextOutgoing(11),
        SetNextOutgoing(12),
        Commit(at(2)),
        Commit(at(2)),
        Append(12, frame(1000, 6)),
        Append(13, frame(1000, 6)),
        // A peer's reset may take the incoming number anywhere.
        SetNextIncoming(1),
        SetNextIncoming(u64::MAX),
        // The other bytes of a number come only after a reset.
        Reset(at(3)),
        SetNextOutgoing(1),
        Append(1, frame(50, 7)),
        Append(3, frame(50, 8)),
        SetNextIncoming(7),
        Commit(at(4)),
        Reset(at(5)),
        Reset(at(6)),
        Commit(at(7)),
        Append(2, frame(10, 9)),
        Append(u64::MAX - 1, frame(10, 10)),
        Append(u64::MAX, frame(10, 11)),
        Commit(at(8)),
    ]
}

fn shown(operation: &Operation) -> String {
    match operation {
        Operation::Append(sequence, frame) => format!("Append({sequence}, {} bytes)", frame.len()),
        operation => format!("{operation:?}"),
    }
}

/// So many seconds into the suite.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(1_786_982_400_000_000_000 + seconds * 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::super::{Committed, MemoryStore};
    use super::*;

    struct Memory;

    impl Subject for Memory {
        type Store = MemoryStore;

        fn fresh(&mut self, now: Timestamp) -> MemoryStore {
            MemoryStore::new(now)
        }
    }

    #[test]
    fn the_memory_store_conforms() {
        check(&mut Memory);
    }

    /// A way in which a store can be wrong.
    #[derive(Clone, Copy)]
    enum Fault {
        ForgetsOnReopen,
        LowersOutgoing,
        LeavesOutTheLast,
        ServesOtherBytes,
        KeepsMessagesOnReset,
        NeverEndsAPage,
        IsAnybodys,
        IsNobodysAfterReset,
    }

    struct Faulty(Fault, MemoryStore);

    impl Subject for Fault {
        type Store = Faulty;

        fn fresh(&mut self, now: Timestamp) -> Faulty {
            Faulty(*self, MemoryStore::new(now))
        }

        fn reopen(&mut self, store: Faulty, now: Timestamp) -> Faulty {
            match self {
                Fault::ForgetsOnReopen => self.fresh(now),
                _ => store,
            }
        }
    }

    impl Store for Faulty {
        fn claim(&mut self, session: &str) -> Result<(), StoreError> {
            match self.0 {
                Fault::IsAnybodys => Ok(()),
                _ => self.1.claim(session),
            }
        }

        fn state(&self) -> StoreState {
            self.1.state()
        }

        fn append(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<(), StoreError> {
            self.1.append(sequence, frame)
        }

        fn set_next_outgoing(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
            match self.0 {
                Fault::LowersOutgoing => self.1.set_next_outgoing(next).or(Ok(())),
                _ => self.1.set_next_outgoing(next),
            }
        }

        fn set_next_incoming(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
            self.1.set_next_incoming(next)
        }

        fn reset(&mut self, now: Timestamp) -> Result<(), StoreError> {
            match self.0 {
                Fault::KeepsMessagesOnReset => Ok(()),
                Fault::IsNobodysAfterReset => {
                    self.1 = MemoryStore::new(now);
                    Ok(())
                }
                _ => self.1.reset(now),
            }
        }

        fn commit(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
            self.1.commit(now)
        }

        fn read(
            &mut self,
            begin: SequenceNumber,
            end: SequenceNumber,
            max_bytes: usize,
            out: &mut Vec<(SequenceNumber, Bytes)>,
        ) -> Result<Page, StoreError> {
            match self.0 {
                Fault::LeavesOutTheLast => self.1.read(begin, end.saturating_sub(1), max_bytes, out),
                Fault::NeverEndsAPage => self.1.read(begin, end, usize::MAX, out),
                Fault::ServesOtherBytes => {
                    let page = self.1.read(begin, end, max_bytes, out)?;
                    if let Some((_, frame)) = out.last_mut() {
                        *frame = frame.slice(1..);
                    }
                    Ok(page)
                }
                _ => self.1.read(begin, end, max_bytes, out),
            }
        }
    }

    /// The suite finds what it is there to find.
    #[test]
    fn a_faulty_store_does_not_conform() {
        let check = |fault: Fault, expected: &str| {
            let mut fault = fault;
            let failure = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| super::check(&mut fault)))
                .unwrap_err();
            let text = failure.downcast_ref::<String>().cloned().unwrap_or_default();
            assert!(text.contains(expected), "{text}");
        };
        check(Fault::ForgetsOnReopen, "state, ");
        check(Fault::LowersOutgoing, "was not refused, ");
        check(Fault::LeavesOutTheLast, "read ");
        check(Fault::ServesOtherBytes, "other bytes under 2");
        check(Fault::KeepsMessagesOnReset, "state, ");
        check(Fault::NeverEndsAPage, "a page of ");
        check(Fault::IsAnybodys, "another session, which was not refused");
        check(
            Fault::IsNobodysAfterReset,
            "another session, which was not refused",
        );
    }
}
