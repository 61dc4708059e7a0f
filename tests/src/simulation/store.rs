//! A store of which a crash leaves what a store may leave: the journal on a disk that is simulated, or a model of what
//! any store promises.

use bytes::Bytes;
use kalshi_fix::dialect::Timestamp;
use kalshi_fix::session::{SequenceNumber, Sequences, StoreOperation};
use kalshi_fix::store::{Durability, Fault, JournalSettings, JournalStore, SimulatedDisk, Store as _};

use super::random::Random;

/// Operations are seen when they are given, and survive a crash when they were committed. Of those after the last
/// commit some survive, the first ones.
pub(super) struct SimulatedStore {
    kind: Kind,
    promise: Promise,
    /// As of the last commit.
    committed: SequenceNumber,
    given: usize,
    /// Messages that a journal was given since its last commit: some of them survive a crash, and none otherwise than whole.
    recent: Vec<(SequenceNumber, Bytes)>,
}

/// What a store promises to have kept after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// What was given, but for the next incoming number.
    Given,
    /// What was committed.
    Committed,
}

enum Kind {
    Model(Model),
    Journal {
        disk: SimulatedDisk,
        settings: JournalSettings,
        store: Box<JournalStore>,
    },
}

/// The least that a store must do.
struct Model {
    live: Kept,
    durable: Kept,
    /// Since the last commit.
    given: Vec<StoreOperation>,
}

#[derive(Clone)]
struct Kept {
    sequences: Sequences,
    messages: Vec<(SequenceNumber, Bytes)>,
}

impl Kept {
    const EMPTY: Kept = Kept {
        sequences: Sequences::START,
        messages: Vec::new(),
    };

    fn apply(&mut self, operation: StoreOperation) -> Result<(), String> {
        match operation {
            StoreOperation::Append { sequence, frame, .. } => {
                self.advance(sequence)?;
                self.sequences.next_outgoing = sequence + 1;
                self.messages.push((sequence, frame));
            }
            StoreOperation::SetNextOutgoing { next, .. } => {
                self.advance(next)?;
                self.sequences.next_outgoing = next;
            }
            StoreOperation::SetNextIncoming { next, .. } => self.sequences.next_incoming = next,
            StoreOperation::Reset { .. } => *self = Kept::EMPTY,
            _ => {}
        }
        Ok(())
    }

    fn advance(&self, to: SequenceNumber) -> Result<(), String> {
        let least = self.sequences.next_outgoing;
        if to < least {
            return Err(format!("the store was given number {to} after {}", least - 1));
        }
        Ok(())
    }

    fn read(
        &self,
        begin: SequenceNumber,
        end: SequenceNumber,
        max_bytes: usize,
    ) -> Vec<(SequenceNumber, Bytes)> {
        let first = self.messages.partition_point(|(sequence, _)| *sequence < begin);
        let mut room = max_bytes;
        let mut page = Vec::new();
        for (sequence, frame) in &self.messages[first..] {
            if *sequence > end || !page.is_empty() && frame.len() > room {
                break;
            }
            room = room.saturating_sub(frame.len());
            page.push((*sequence, frame.clone()));
        }
        page
    }
}

/// Of the messages that a crash may have cost those below the next number are there, as they were given.
fn came_back_whole(store: &mut JournalStore, recent: &[(SequenceNumber, Bytes)]) -> Result<(), String> {
    let next = store.state().sequences.next_outgoing;
    let survived = recent.partition_point(|(sequence, _)| *sequence < next);
    let Some((first, _)) = recent[..survived].first() else {
        return Ok(());
    };
    let mut found = Vec::new();
    let read = store.read(*first, next - 1, usize::MAX, &mut found);
    let _page = read.map_err(|error| format!("after a crash: {error}"))?;
    if found != recent[..survived] {
        return Err(format!(
            "messages from {first} to {} are others after a crash",
            next - 1
        ));
    }
    Ok(())
}

impl Model {
    fn keep(&mut self, first: usize) {
        for operation in self.given.drain(..).take(first) {
            // It was possible when it was given.
            let _ = self.durable.apply(operation);
        }
    }
}

impl SimulatedStore {
    pub(super) const fn model(promise: Promise) -> Self {
        let kind = Kind::Model(Model {
            live: Kept::EMPTY,
            durable: Kept::EMPTY,
            given: Vec::new(),
        });
        SimulatedStore {
            kind,
            promise,
            committed: 1,
            given: 0,
            recent: Vec::new(),
        }
    }

    /// A journal, with files of this many bytes.
    pub(super) fn journal(promise: Promise, seed: u64, segment: u64, now: Timestamp) -> Self {
        let disk = SimulatedDisk::new(seed);
        let mut settings = JournalSettings::new("simulated");
        settings.max_segment_bytes = segment;
        settings.durability = match promise {
            Promise::Given => Durability::EveryMessage,
            Promise::Committed => Durability::EVERY_COMMIT,
        };
        let store = disk
            .open(settings.clone(), now)
            .unwrap_or_else(|error| panic!("an empty disk takes no journal: {error}"));
        let store = Box::new(store);
        SimulatedStore {
            kind: Kind::Journal {
                disk,
                settings,
                store,
            },
            promise,
            committed: 1,
            given: 0,
            recent: Vec::new(),
        }
    }

    pub(super) fn sequences(&self) -> Sequences {
        match &self.kind {
            Kind::Model(model) => model.live.sequences,
            Kind::Journal { store, .. } => store.state().sequences,
        }
    }

    /// Up to which number, not included, outbound messages would survive a crash now.
    pub(super) fn safe_outgoing(&self) -> SequenceNumber {
        match self.promise {
            Promise::Given => self.sequences().next_outgoing,
            Promise::Committed => self.committed,
        }
    }

    /// The error is the session's fault, or the store's.
    pub(super) fn give(&mut self, operation: &StoreOperation, now: Timestamp) -> Result<(), String> {
        match &mut self.kind {
            Kind::Model(model) => {
                model.live.apply(operation.clone())?;
                model.given.push(operation.clone());
            }
            Kind::Journal { store, .. } => {
                let given = match operation {
                    StoreOperation::Append { sequence, frame, .. } => {
                        self.recent.push((*sequence, frame.clone()));
                        store.append(*sequence, frame)
                    }
                    StoreOperation::SetNextOutgoing { next, .. } => store.set_next_outgoing(*next),
                    StoreOperation::SetNextIncoming { next, .. } => store.set_next_incoming(*next),
                    StoreOperation::Reset { .. } => store.reset(now),
                    _ => Ok(()),
                };
                given.map_err(|error| error.to_string())?;
            }
        }
        self.given += 1;
        // A reset needs no commit.
        if matches!(operation, StoreOperation::Reset { .. }) {
            self.commit(now)?;
        }
        Ok(())
    }

    pub(super) fn commit(&mut self, now: Timestamp) -> Result<(), String> {
        match &mut self.kind {
            Kind::Model(model) => {
                let given = model.given.len();
                model.keep(given);
            }
            Kind::Journal { store, .. } => {
                store.commit(now).map_err(|error| error.to_string())?;
            }
        }
        self.given = 0;
        self.recent.clear();
        self.committed = self.sequences().next_outgoing;
        Ok(())
    }

    /// The process dies, and what comes back is what was kept. Returns how many operations may have been lost.
    pub(super) fn crash(&mut self, now: Timestamp, random: &mut Random) -> Result<usize, String> {
        match &mut self.kind {
            Kind::Model(model) => {
                let given = model.given.len();
                let survive = match self.promise {
                    Promise::Given => given,
                    Promise::Committed => random.below(given as u64 + 1) as usize,
                };
                model.keep(survive);
                model.live = model.durable.clone();
            }
            Kind::Journal {
                disk,
                settings,
                store,
            } => {
                // In the middle of a commit, if there was anything to commit: most often when it is written, and not safe.
                let fault = random.pick(&[
                    Fault::Kill,
                    Fault::CutPower,
                    Fault::CutPower,
                    Fault::CutPower,
                    Fault::CutPower,
                ]);
                if random.percent(90) {
                    disk.set_fault(disk.operations() + random.pick(&[0, 1, 1, 1, 1, 2]), fault);
                    let _ = store.commit(now);
                    disk.clear_faults();
                }
                if fault == Fault::Kill {
                    disk.kill();
                } else {
                    disk.cut_power();
                }
                **store = disk
                    .open(settings.clone(), now)
                    .map_err(|error| error.to_string())?;
                came_back_whole(store, &std::mem::take(&mut self.recent))?;
            }
        }
        let kept = self.sequences().next_outgoing;
        if kept < self.committed {
            return Err(format!(
                "the store goes on with {kept}, and {} was committed",
                self.committed
            ));
        }
        self.committed = kept;
        Ok(std::mem::take(&mut self.given))
    }

    pub(super) fn read(
        &mut self,
        begin: SequenceNumber,
        end: SequenceNumber,
        max_bytes: usize,
    ) -> Result<Vec<(SequenceNumber, Bytes)>, String> {
        match &mut self.kind {
            Kind::Model(model) => Ok(model.live.read(begin, end, max_bytes)),
            Kind::Journal { store, .. } => {
                let mut page = Vec::new();
                let read = store.read(begin, end, max_bytes, &mut page);
                read.map(|_| page).map_err(|error| error.to_string())
            }
        }
    }
}
