//! Opening: what the files say, held against one another.

use std::io;
use std::ops::ControlFlow;

use super::header::{Bad, Header, MAX_HEADER, VERSION};
use super::record::{Head, Kind};
use super::segment::{self, Segment, Visited, visit, was_synced_beyond};
use super::{Active, JournalSettings, TornTail};
use crate::session::Sequences;
use crate::store::disk::{Disk, DiskFile, read_up_to, write_all};
use crate::store::{StoreError, StoreState};

/// What was found in a directory with a journal in it.
pub(super) struct Found {
    pub(super) state: StoreState,
    pub(super) sealed: Vec<Segment>,
    pub(super) active: Active,
    pub(super) torn: Option<TornTail>,
    pub(super) closed_in_order: bool,
    /// Files that a crash has left behind, no part of the journal.
    pub(super) leftovers: Vec<String>,
}

/// Reads all of a journal; `None` if there is none. Changes nothing but the torn end.
pub(super) fn find(disk: &mut dyn Disk, settings: &JournalSettings) -> Result<Found, NotFound> {
    let names = disk
        .list()
        .map_err(|source| failed("list", disk.place(""), source))?;
    let mut leftovers: Vec<String> = names
        .iter()
        .filter(|name| name.ends_with(UNFINISHED))
        .cloned()
        .collect();
    let segments: Vec<(u64, u64)> = names
        .iter()
        .filter_map(|name| segment::parse_name(name))
        .collect();
    let Some(&(generation, last)) = segments.iter().max() else {
        return Err(NotFound::Nothing { leftovers });
    };

    let first = open(disk, settings, generation, last)?.header.first_kept;
    let obsolete = segments
        .iter()
        .filter(|(of, index)| *of < generation || *index < first);
    leftovers.extend(obsolete.map(|(generation, index)| segment::name(*generation, *index)));

    let mut reading = Reading::default();
    let mut sealed = Vec::new();
    for index in first..last {
        if !segments.contains(&(generation, index)) {
            let name = segment::name(generation, index);
            return Err(corrupt(disk, &name, 0, "this file, which later ones build upon").into());
        }
        let mut opened = open(disk, settings, generation, index)?;
        reading.begin(disk, &opened)?;
        let name = opened.segment.name();
        if let Visited::Bad(offset) = reading.scan(disk, &mut opened)? {
            return Err(corrupt(disk, &name, offset, "a whole record").into());
        }
        sealed.push(opened.segment);
    }
    let mut opened = open(disk, settings, generation, last)?;
    reading.begin(disk, &opened)?;
    let end = reading.scan(disk, &mut opened)?;
    let torn = mend(disk, &mut opened, end, &reading)?;

    let mut state = StoreState::new(opened.header.began);
    state.sequences = reading.sequences;
    state.dropped_through = opened.header.dropped_through;
    state.first_message = sealed
        .iter()
        .chain([&opened.segment])
        .find_map(|segment| segment.range.map(|(first, _)| first));
    Ok(Found {
        state,
        sealed,
        closed_in_order: torn.is_none() && reading.last == Some(Kind::Closed),
        torn,
        leftovers,
        active: Active {
            written: opened.segment.length,
            synced: opened.segment.length,
            segment: opened.segment,
            file: opened.file,
            pending: Vec::new(),
        },
    })
}

/// Why there is nothing to go on with.
pub(super) enum NotFound {
    /// No journal: one can be begun.
    Nothing { leftovers: Vec<String> },
    /// One that cannot be read.
    Failed(StoreError),
}

impl From<StoreError> for NotFound {
    fn from(error: StoreError) -> Self {
        NotFound::Failed(error)
    }
}

/// A segment whose header was read, and whose records were not.
struct Opened {
    file: Box<dyn DiskFile>,
    header: Header,
    segment: Segment,
    /// Of the file.
    length: u64,
}

fn open(
    disk: &mut dyn Disk,
    settings: &JournalSettings,
    generation: u64,
    index: u64,
) -> Result<Opened, StoreError> {
    let name = segment::name(generation, index);
    let place = disk.place(&name);
    let mut file = disk
        .open(&name)
        .map_err(|source| failed("open", place.clone(), source))?;
    let mut bytes = vec![0; MAX_HEADER];
    let read = read_up_to(&mut *file, 0, &mut bytes);
    let read = read.map_err(|source| failed("read", place.clone(), source))?;
    let length = file
        .length()
        .map_err(|source| failed("measure", place.clone(), source))?;
    let (header, start, seed) = Header::parse(&bytes[..read]).map_err(|bad| match bad {
        Bad::Version(found) => StoreError::Version {
            file: place.clone(),
            found,
            supported: VERSION,
        },
        Bad::Magic => corrupt(disk, &name, 0, "the first bytes of a journal, KFIXJRNL"),
        Bad::Contents => corrupt(disk, &name, 0, "a whole header"),
    })?;
    if (header.generation, header.index) != (generation, index) {
        return Err(corrupt(disk, &name, 0, "the numbers that the file's name says"));
    }
    if header.session != settings.session {
        return Err(StoreError::OtherSession {
            file: place,
            found: header.session,
            expected: settings.session.clone(),
        });
    }
    let segment = Segment::new(generation, index, header.created, seed, start as u64);
    Ok(Opened {
        file,
        header,
        segment,
        length,
    })
}

/// What the records say, from the first to the one last read.
#[derive(Default)]
struct Reading {
    sequences: Sequences,
    /// The length of the segment before; 0 before the first.
    previous_length: u64,
    /// Up to where records say that the segment was on the disk.
    proven: u64,
    last: Option<Kind>,
}

impl Reading {
    /// Goes on to the next segment, which says what the one before must have been.
    fn begin(&mut self, disk: &dyn Disk, opened: &Opened) -> Result<(), StoreError> {
        let header = &opened.header;
        if self.previous_length > 0
            && (header.previous_length, header.sequences) != (self.previous_length, self.sequences)
        {
            let expected = "a header that follows from the segment before";
            return Err(corrupt(disk, &opened.segment.name(), 0, expected));
        }
        self.sequences = header.sequences;
        self.proven = opened.segment.start;
        self.last = None;
        Ok(())
    }

    fn scan(&mut self, disk: &dyn Disk, opened: &mut Opened) -> Result<Visited, StoreError> {
        let Opened { file, segment, .. } = opened;
        let name = segment.name();
        let mut nonsense = None;
        let range = (segment.start, opened.length);
        let visited = visit(&mut **file, segment.seed, range, CHUNK, |offset, head, _| {
            if !self.take(&head) {
                nonsense = Some(offset);
                return ControlFlow::Break(());
            }
            segment.extend(&head);
            ControlFlow::Continue(())
        });
        let visited = visited.map_err(|source| failed("read", disk.place(&name), source))?;
        if let Some(offset) = nonsense {
            let expected = "a number that follows from those before";
            return Err(corrupt(disk, &name, offset, expected));
        }
        self.previous_length = segment.length;
        Ok(visited)
    }

    /// Whether the record can stand where it does.
    fn take(&mut self, head: &Head) -> bool {
        self.proven = self.proven.max(head.synced);
        self.last = Some(head.kind);
        let Sequences {
            next_outgoing,
            next_incoming,
        } = &mut self.sequences;
        match head.kind {
            Kind::Message if head.number < u64::MAX && head.number >= *next_outgoing => {
                *next_outgoing = head.number + 1;
            }
            Kind::NextOutgoing if head.number >= *next_outgoing => *next_outgoing = head.number,
            Kind::NextIncoming if head.number > 0 => *next_incoming = head.number,
            Kind::Closed => {}
            Kind::Message | Kind::NextOutgoing | Kind::NextIncoming => return false,
        }
        true
    }
}

/// Cuts off a torn end, tells it from damage, and sees to it that what is left is on the disk.
fn mend(
    disk: &dyn Disk,
    opened: &mut Opened,
    end: Visited,
    reading: &Reading,
) -> Result<Option<TornTail>, StoreError> {
    let name = opened.segment.name();
    let place = || disk.place(&name);
    let file = &mut *opened.file;
    let mut torn = None;
    if let Visited::Bad(offset) = end {
        let damaged = was_synced_beyond(file, opened.segment.seed, offset, opened.length)
            .map_err(|source| failed("read", place(), source))?;
        if damaged {
            return Err(corrupt(disk, &name, offset, "a whole record"));
        }
        file.truncate(offset)
            .map_err(|source| failed("cut the torn end of", place(), source))?;
        torn = Some(TornTail {
            file: place(),
            offset,
            bytes: opened.length - offset,
        });
    }
    // A process that was killed may have left what the system has not written yet; and one whose fsync failed, what the
    // system takes for written and is not. So what no record proves to be there is written once more.
    let mut offset = reading.proven;
    let mut buffer = vec![0; CHUNK];
    while offset < opened.segment.length {
        let left = usize::try_from(opened.segment.length - offset).unwrap_or(CHUNK);
        let piece = &mut buffer[..left.min(CHUNK)];
        let read = read_up_to(file, offset, piece).map_err(|source| failed("read", place(), source))?;
        if read == 0 {
            let source = io::ErrorKind::UnexpectedEof.into();
            return Err(failed("read", place(), source));
        }
        write_all(file, offset, &piece[..read]).map_err(|source| failed("write", place(), source))?;
        offset += read as u64;
    }
    file.sync().map_err(|source| failed("sync", place(), source))?;
    Ok(torn)
}

fn corrupt(disk: &dyn Disk, name: &str, offset: u64, expected: &'static str) -> StoreError {
    StoreError::Corrupt {
        file: disk.place(name),
        offset,
        expected,
    }
}

fn failed(operation: &'static str, file: std::path::PathBuf, source: io::Error) -> StoreError {
    StoreError::Io {
        operation,
        file,
        source,
    }
}

/// What the name of a segment ends with while it is being made.
pub(super) const UNFINISHED: &str = ".new";

const CHUNK: usize = 256 << 10;
