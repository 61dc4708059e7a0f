//! The store on a disk: a checksummed journal to which records are only ever appended.
//!
//! A directory holds the journal of one session: segments `GENERATION-INDEX.journal` and the file `lock`. A segment
//! begins with a header, which says whose it is and what was known when it began, and goes on with records, each with a
//! checksum that also covers its place. A reset begins a new generation; its first segment comes into being under its
//! name, whole, and from then on what is older is of no account. Retention removes whole segments from the front.
//!
//! On opening everything is read and held against everything else. The last segment may end in the middle of a record,
//! if the process or the machine died: that torn end is cut off and told ([`JournalStore::recovery`]). It is known from
//! damage by what the records behind it say: each tells how far the file was on the disk when it was written, and what
//! was on the disk cannot be torn. After an orderly end, the last record vouches for all of them. Damage is an error that
//! names the file and the place ([`StoreError::Corrupt`]); nothing is opened then, and nothing served. What no journal can
//! know is that its end is missing as if it had never been written: when an older copy of the directory is put in its
//! place, for instance. The peer's numbers tell.

mod active;
mod header;
mod record;
mod recovery;
mod segment;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fix_dialect::Timestamp;

use self::active::{Active, FLUSH_AT};
use self::header::Header;
use self::record::Kind;
use self::recovery::NotFound;
use self::segment::{Segment, Visited, visit};
pub use self::settings::{Durability, JournalSettings};
use super::disk::{Disk, DiskFile, SystemDisk};
use super::{
    Committed, Page, Retention, Store, StoreError, StoreState, age, check_append, check_incoming,
    check_outgoing,
};
use crate::session::SequenceNumber;

/// A durable [`Store`]: outlives its process, by its [`Durability`].
///
/// One process at a time: the directory is locked for as long as this value lives. The files are readable by their owner
/// alone on Unix; elsewhere they have the permissions of the directory. They hold application messages, and never a
/// Logon (A).
///
/// Dropping it closes it in order; [`close`](JournalStore::close) also says whether that succeeded.
///
/// ```
/// use bytes::Bytes;
/// use kalshi_fix::dialect::Timestamp;
/// use kalshi_fix::store::{JournalSettings, JournalStore, Store};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = std::env::temp_dir().join(format!("kalshi-fix-doctest-{}", std::process::id()));
/// let now = Timestamp::parse(b"20260817-16:00:00").unwrap();
/// let mut store = JournalStore::open(&directory, JournalSettings::new("me to KalshiRT"), now)?;
/// store.append(2, &Bytes::from_static(b"8=FIXT.1.1|9=..."))?;
/// store.commit(now)?; // on the disk
/// drop(store);
///
/// let store = JournalStore::open(&directory, JournalSettings::new("me to KalshiRT"), now)?;
/// assert_eq!(store.state().sequences.next_outgoing, 3);
/// assert!(store.recovery().closed_in_order);
/// # drop(store);
/// # std::fs::remove_dir_all(directory)?;
/// # Ok(())
/// # }
/// ```
pub struct JournalStore {
    disk: Box<dyn Disk>,
    settings: JournalSettings,
    state: StoreState,
    /// Whole segments, in order.
    sealed: VecDeque<Segment>,
    active: Active,
    /// The sealed segment that was last read from.
    reader: Option<(u64, Box<dyn DiskFile>)>,
    /// The last commit that forced everything onto the disk.
    last_sync: Option<Timestamp>,
    /// Why nothing more can be done.
    broken: Option<String>,
    recovery: Recovery,
    closed: bool,
}

/// What was found when a journal was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The end that was cut off, if it was torn.
    pub torn: Option<TornTail>,
    /// Whether the process before closed the journal, rather than died. A new journal counts as closed.
    pub closed_in_order: bool,
    /// Whether there was no journal, and one was begun.
    pub is_new: bool,
}

/// The end of a journal that did not make a whole record when the process or the machine died. Nothing of it had been
/// promised to be kept, as long as the disk does what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TornTail {
    /// The segment.
    pub file: PathBuf,
    /// Where it was cut.
    pub offset: u64,
    /// How many bytes were cut off.
    pub bytes: u64,
}

impl JournalStore {
    /// Opens the journal in a directory, or begins one. All of it is read and verified: about a second for each
    /// gigabyte.
    pub fn open(
        directory: impl AsRef<Path>,
        settings: JournalSettings,
        now: Timestamp,
    ) -> Result<JournalStore, StoreError> {
        let disk = SystemDisk::open(directory.as_ref())?;
        JournalStore::open_on(Box::new(disk), settings, now)
    }

    pub(super) fn open_on(
        mut disk: Box<dyn Disk>,
        settings: JournalSettings,
        now: Timestamp,
    ) -> Result<JournalStore, StoreError> {
        if settings.session.len() > usize::from(u16::MAX) {
            return Err(StoreError::SessionName {
                length: settings.session.len(),
            });
        }
        let (state, sealed, active, recovery, leftovers) = match recovery::find(&mut *disk, &settings) {
            Ok(found) => {
                let recovery = Recovery {
                    torn: found.torn,
                    closed_in_order: found.closed_in_order,
                    is_new: false,
                };
                let sealed = VecDeque::from(found.sealed);
                (found.state, sealed, found.active, recovery, found.leftovers)
            }
            Err(NotFound::Nothing { leftovers }) => {
                let state = StoreState::new(now);
                let header = Header::first(1, &state, now, &settings.session);
                let active = Active::create(&mut *disk, &header)?;
                let recovery = Recovery {
                    torn: None,
                    closed_in_order: true,
                    is_new: true,
                };
                (state, VecDeque::new(), active, recovery, leftovers)
            }
            Err(NotFound::Failed(error)) => return Err(error),
        };
        if let Some(torn) = &recovery.torn {
            tracing::warn!(
                file = %torn.file.display(),
                offset = torn.offset,
                bytes = torn.bytes,
                "cut the torn end off a journal"
            );
        }
        let mut store = JournalStore {
            disk,
            settings,
            state,
            sealed,
            active,
            reader: None,
            last_sync: None,
            broken: None,
            recovery,
            closed: false,
        };
        // The name of the last segment may not be on the disk yet, and must be before anything relies on it.
        let synced = store.disk.sync_directory();
        store.writing("sync the directory of", synced)?;
        store.remove(leftovers.into_iter())?;
        Ok(store)
    }

    /// What was found when it was opened.
    #[must_use]
    pub const fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Closes it in order: everything is forced onto the disk, and marked as whole.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.usable()?;
        self.finish()
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.closed = true;
        self.sync()?;
        self.active.push(Kind::Closed, 0, &[]);
        self.sync()
    }

    fn usable(&self) -> Result<(), StoreError> {
        match &self.broken {
            Some(cause) => Err(StoreError::Unusable { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// After an error nobody knows what a file holds: the store is no longer usable.
    fn or_break<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.broken = Some(error.to_string());
        }
        result
    }

    /// The result of an operation on the active segment.
    fn writing<T>(&mut self, operation: &'static str, result: io::Result<T>) -> Result<T, StoreError> {
        let result = result.map_err(|source| StoreError::Io {
            operation,
            file: self.disk.place(&self.active.segment.name()),
            source,
        });
        self.or_break(result)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let flushed = self.active.flush();
        self.writing("write", flushed)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.flush()?;
        let synced = self.active.sync();
        self.writing("sync", synced)
    }

    /// A record was pushed that must not be lost.
    fn given(&mut self) -> Result<(), StoreError> {
        if self.settings.durability == Durability::EveryMessage {
            self.sync()
        } else {
            self.written_by_and_by()
        }
    }

    /// Bounds what waits for a commit.
    fn written_by_and_by(&mut self) -> Result<(), StoreError> {
        if self.active.pending.len() >= FLUSH_AT {
            self.flush()?;
        }
        Ok(())
    }

    /// Keeps the promise of the policy, and says when to be called again for it.
    fn sync_by_policy(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
        let interval = match self.settings.durability {
            Durability::OperatingSystem => return Ok(Committed::default()),
            Durability::EveryMessage => std::time::Duration::ZERO,
            Durability::Batched { interval } => interval,
        };
        if self.active.synced == self.active.written {
            return Ok(Committed::default());
        }
        // A clock that was set back says nothing of how long ago that was.
        if let Some(last) = self.last_sync.filter(|last| *last <= now)
            && let Some(left) = interval.checked_sub(age(last, now))
            && !left.is_zero()
        {
            return Ok(Committed { again_in: Some(left) });
        }
        self.sync()?;
        self.last_sync = Some(now);
        Ok(Committed::default())
    }

    /// How many sealed segments are beyond what is to be kept: too old, or, when another is about to be begun, in the
    /// way of its room.
    fn beyond_retention(&self, now: Timestamp, is_full: bool) -> usize {
        let retention = &self.settings.retention;
        if *retention == Retention::EVERYTHING {
            return 0;
        }
        let all = || self.sealed.iter().chain([&self.active.segment]);
        let mut bytes: u64 = all().map(|segment| segment.length).sum();
        let mut messages: u64 = all().map(|segment| segment.messages).sum();
        let mut beyond = 0;
        for (segment, next) in all().zip(all().skip(1)) {
            // All that a segment holds is older than the next one.
            let dropped = retention.max_age.is_some_and(|max| age(next.created, now) > max)
                || is_full
                    && (bytes > self.settings.sealed_bytes() || messages > self.settings.sealed_messages());
            if !dropped {
                break;
            }
            bytes -= segment.length;
            messages -= segment.messages;
            beyond += 1;
        }
        beyond
    }

    fn is_full(&self, now: Timestamp) -> bool {
        let Segment {
            length,
            start,
            messages,
            created,
            ..
        } = self.active.segment;
        let old = |max| age(created, now) >= max / 8;
        length - start >= self.settings.segment_limit()
            || messages >= self.settings.segment_messages()
            || messages > 0 && self.settings.retention.max_age.is_some_and(old)
    }

    /// Seals the active segment, begins the next, and drops so many from the front. The new segment's header says which
    /// are dropped, before any is removed.
    fn roll(&mut self, now: Timestamp, dropped: usize) -> Result<(), StoreError> {
        self.sync()?;
        let last_dropped = self.sealed.iter().take(dropped).rev();
        let dropped_through = last_dropped
            .filter_map(|segment| segment.range)
            .map(|(_, last)| last)
            .next()
            .unwrap_or(self.state.dropped_through);
        let first_kept = self.sealed.get(dropped).unwrap_or(&self.active.segment).index;
        let header = Header {
            generation: self.active.segment.generation,
            index: self.active.segment.index + 1,
            first_kept,
            previous_length: self.active.segment.length,
            began: self.state.began,
            created: now,
            sequences: self.state.sequences,
            dropped_through,
            session: self.settings.session.clone(),
        };
        let created = Active::create(&mut *self.disk, &header);
        let created = self.or_break(created)?;
        let before = std::mem::replace(&mut self.active, created);
        self.sealed.push_back(before.segment);
        let names: Vec<String> = self
            .sealed
            .drain(..dropped)
            .map(|segment| segment.name())
            .collect();
        self.reader = None;
        self.state.dropped_through = dropped_through;
        self.state.first_message = self.first_message();
        self.remove(names.into_iter())
    }

    fn first_message(&self) -> Option<SequenceNumber> {
        let mut segments = self.sealed.iter().chain([&self.active.segment]);
        segments.find_map(|segment| segment.range.map(|(first, _)| first))
    }

    /// Removes files that are no longer part of the journal.
    fn remove(&mut self, names: impl Iterator<Item = String>) -> Result<(), StoreError> {
        for name in names {
            let removed = self.disk.remove(&name).map_err(|source| StoreError::Io {
                operation: "remove",
                file: self.disk.place(&name),
                source,
            });
            self.or_break(removed)?;
        }
        Ok(())
    }
}

impl Store for JournalStore {
    /// It is that of the session that it was opened for.
    fn claim(&mut self, session: &str) -> Result<(), StoreError> {
        if self.settings.session == session {
            return Ok(());
        }
        Err(StoreError::OtherSession {
            file: self.disk.place(""),
            found: self.settings.session.clone(),
            expected: session.to_owned(),
        })
    }

    fn state(&self) -> StoreState {
        self.state
    }

    fn append(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<(), StoreError> {
        self.usable()?;
        let next = check_append(&self.state, sequence, frame)?;
        self.active.push(Kind::Message, sequence, frame);
        self.state.sequences.next_outgoing = next;
        self.state.first_message.get_or_insert(sequence);
        self.given()
    }

    fn set_next_outgoing(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        self.usable()?;
        check_outgoing(&self.state, next)?;
        self.active.push(Kind::NextOutgoing, next, &[]);
        self.state.sequences.next_outgoing = next;
        self.given()
    }

    fn set_next_incoming(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        self.usable()?;
        check_incoming(next)?;
        self.active.push(Kind::NextIncoming, next, &[]);
        self.state.sequences.next_incoming = next;
        self.written_by_and_by()
    }

    fn reset(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.usable()?;
        let state = StoreState::new(now);
        let generation = self.active.segment.generation + 1;
        let header = Header::first(generation, &state, now, &self.settings.session);
        let created = Active::create(&mut *self.disk, &header);
        let created = self.or_break(created)?;
        let before = std::mem::replace(&mut self.active, created);
        self.state = state;
        self.reader = None;
        let obsolete = self.sealed.drain(..).chain([before.segment]);
        let names: Vec<String> = obsolete.map(|segment| segment.name()).collect();
        self.remove(names.into_iter())
    }

    fn commit(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
        self.usable()?;
        self.flush()?;
        let is_full = self.is_full(now);
        let beyond = self.beyond_retention(now, is_full);
        let mut dropped = self.sealed.iter().take(beyond);
        if is_full || dropped.any(|segment| segment.length > segment.start) {
            self.roll(now, beyond)?;
            self.last_sync = Some(now);
        }
        self.sync_by_policy(now)
    }

    fn read(
        &mut self,
        begin: SequenceNumber,
        end: SequenceNumber,
        max_bytes: usize,
        out: &mut Vec<(SequenceNumber, Bytes)>,
    ) -> Result<Page, StoreError> {
        self.usable()?;
        self.flush()?;
        let known = out.len();
        let mut room = max_bytes;
        let chunk = max_bytes.clamp(MIN_READ, MAX_READ);
        for place in 0..=self.sealed.len() {
            let segment = self.sealed.get(place).unwrap_or(&self.active.segment);
            match segment.range {
                Some((_, last)) if last < begin => continue,
                Some((first, _)) if first > end => break,
                Some(_) => {}
                None => continue,
            }
            let range = (segment.place_before(begin), segment.length);
            let path = &self.disk.place(&segment.name());
            let failed = |operation| {
                move |source| StoreError::Io {
                    operation,
                    file: path.clone(),
                    source,
                }
            };
            let file = match &mut self.reader {
                _ if place == self.sealed.len() => &mut self.active.file,
                Some((index, file)) if *index == segment.index => file,
                reader => {
                    let file = self.disk.open(&segment.name()).map_err(failed("open"))?;
                    &mut reader.insert((segment.index, file)).1
                }
            };
            let mut full = None;
            let visited = visit(&mut **file, segment.seed, range, chunk, |_, head, frame| {
                if head.kind != Kind::Message || head.number < begin {
                    return ControlFlow::Continue(());
                }
                if head.number > end {
                    return ControlFlow::Break(());
                }
                if out.len() > known && frame.len() > room {
                    full = Some(head.number);
                    return ControlFlow::Break(());
                }
                room = room.saturating_sub(frame.len());
                out.push((head.number, frame));
                ControlFlow::Continue(())
            });
            if let Visited::Bad(offset) = visited.map_err(failed("read"))? {
                return Err(StoreError::Corrupt {
                    file: path.clone(),
                    offset,
                    expected: "a whole record",
                });
            }
            if let Some(next) = full {
                return Ok(Page::from(next));
            }
        }
        Ok(Page::DONE)
    }
}

impl Drop for JournalStore {
    fn drop(&mut self) {
        if !self.closed
            && self.broken.is_none()
            && let Err(error) = self.finish()
        {
            tracing::warn!(%error, "a journal was not closed in order");
        }
    }
}

/// Shows where it is and how much there is, and no byte of it.
impl fmt::Debug for JournalStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JournalStore")
            .field("directory", &self.disk.place(""))
            .field("settings", &self.settings)
            .field("state", &self.state)
            .field("segments", &(self.sealed.len() + 1))
            .field("broken", &self.broken)
            .field("recovery", &self.recovery)
            .finish_non_exhaustive()
    }
}

/// Less is not read at once, since a reading begins at a mark before what is wanted.
const MIN_READ: usize = 64 << 10;

/// More is not read at once, whatever the page is.
const MAX_READ: usize = 1 << 20;
