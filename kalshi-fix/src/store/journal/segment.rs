//! A file of the journal: what is known of it, and how its records are visited.

use std::io;
use std::ops::ControlFlow;

use bytes::Bytes;
use fix_dialect::Timestamp;

use super::record::{self, Head, Kind, Parsed};
use crate::session::SequenceNumber;
use crate::store::disk::{DiskFile, read_up_to};

/// What is kept in memory of a segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) generation: u64,
    pub(super) index: u64,
    pub(super) created: Timestamp,
    /// What the checksums of its records begin with.
    pub(super) seed: u32,
    /// Where its records begin.
    pub(super) start: u64,
    /// Where they end, with those that are not written yet.
    pub(super) length: u64,
    /// How many messages there are.
    pub(super) messages: u64,
    /// The numbers of the first and the last message.
    pub(super) range: Option<(SequenceNumber, SequenceNumber)>,
    /// Where some of the messages are, about one every [`MARK_INTERVAL`] bytes.
    marks: Vec<(SequenceNumber, u64)>,
}

impl Segment {
    pub(super) fn new(generation: u64, index: u64, created: Timestamp, seed: u32, start: u64) -> Segment {
        Segment {
            generation,
            index,
            created,
            seed,
            start,
            length: start,
            messages: 0,
            range: None,
            marks: Vec::new(),
        }
    }

    /// The name of the file.
    pub(super) fn name(&self) -> String {
        name(self.generation, self.index)
    }

    /// Takes note of a record at the end.
    pub(super) fn extend(&mut self, head: &Head) {
        if head.kind == Kind::Message {
            self.messages += 1;
            let first = self.range.map_or(head.number, |(first, _)| first);
            self.range = Some((first, head.number));
            if self
                .marks
                .last()
                .is_none_or(|(_, offset)| self.length - offset >= MARK_INTERVAL)
            {
                self.marks.push((head.number, self.length));
            }
        }
        self.length += head.record_length() as u64;
    }

    /// A place from which all messages from `begin` on are found.
    pub(super) fn place_before(&self, begin: SequenceNumber) -> u64 {
        let behind = self.marks.partition_point(|(sequence, _)| *sequence <= begin);
        match behind.checked_sub(1) {
            Some(place) => self.marks[place].1,
            None => self.marks.first().map_or(self.start, |(_, offset)| *offset),
        }
    }
}

/// How a visit of records ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visited {
    /// At the end of the range, or where the visitor broke it off.
    All,
    /// At this offset, where no record stands that is whole.
    Bad(u64),
}

/// Shows the visitor each record between two offsets: its offset, head and payload. Reads in pieces of `chunk` bytes,
/// or as many as one record needs; payloads share them.
pub(super) fn visit(
    file: &mut dyn DiskFile,
    seed: u32,
    (from, to): (u64, u64),
    chunk: usize,
    mut visitor: impl FnMut(u64, Head, Bytes) -> ControlFlow<()>,
) -> io::Result<Visited> {
    let mut offset = from;
    let mut chunk = chunk.max(record::HEAD);
    while offset < to {
        let left = to - offset;
        let wanted = usize::try_from(left).map_or(chunk, |left| left.min(chunk));
        let mut buffer = vec![0; wanted];
        let read = read_up_to(file, offset, &mut buffer)?;
        buffer.truncate(read);
        let bytes = Bytes::from(buffer);
        let mut at = 0;
        loop {
            match record::parse(&bytes[at..], seed, offset + at as u64) {
                Parsed::Whole(head) => {
                    let payload = bytes.slice(at + record::HEAD..at + head.record_length());
                    if visitor(offset + at as u64, head, payload).is_break() {
                        return Ok(Visited::All);
                    }
                    at += head.record_length();
                }
                Parsed::Cut(_) if at > 0 => break,
                Parsed::Cut(needed) if read == wanted && needed as u64 <= left => {
                    chunk = chunk.max(needed);
                    break;
                }
                Parsed::Cut(_) | Parsed::Bad => return Ok(Visited::Bad(offset + at as u64)),
            }
        }
        offset += at as u64;
    }
    Ok(Visited::All)
}

/// Whether a record behind `bad` says that the file was on the disk beyond it: what is bad there was whole once.
pub(super) fn was_synced_beyond(file: &mut dyn DiskFile, seed: u32, bad: u64, to: u64) -> io::Result<bool> {
    let mut offset = bad + 1;
    let mut window = vec![0; SEARCH_WINDOW];
    while offset < to {
        let read = read_up_to(file, offset, &mut window)?;
        // What begins in the last bytes of a window is looked at again at the front of the next.
        let places = match read {
            SEARCH_WINDOW => read - record::HEAD,
            _ => read,
        };
        for place in 0..places {
            let at = offset + place as u64;
            let proves = |head: Head| head.synced > bad;
            match record::parse(&window[place..read], seed, at) {
                Parsed::Whole(head) if proves(head) => return Ok(true),
                Parsed::Cut(needed) if needed > record::HEAD && at + needed as u64 <= to => {
                    let mut whole = vec![0; needed];
                    let length = read_up_to(file, at, &mut whole)?;
                    if let Parsed::Whole(head) = record::parse(&whole[..length], seed, at)
                        && proves(head)
                    {
                        return Ok(true);
                    }
                }
                _ => {}
            }
        }
        offset += places.max(1) as u64;
    }
    Ok(false)
}

/// The name of a segment's file. Names sort as segments do.
pub(super) fn name(generation: u64, index: u64) -> String {
    format!("{generation:016x}-{index:016x}{SUFFIX}")
}

/// The generation and the index that a file's name tells.
pub(super) fn parse_name(file: &str) -> Option<(u64, u64)> {
    let (generation, index) = file.strip_suffix(SUFFIX)?.split_once('-')?;
    let generation = u64::from_str_radix(generation, 16).ok()?;
    let index = u64::from_str_radix(index, 16).ok()?;
    (name(generation, index) == file).then_some((generation, index))
}

const SUFFIX: &str = ".journal";

/// A reading begins at a mark, so that at most about this much is read in vain.
const MARK_INTERVAL: u64 = 32 << 10;

const SEARCH_WINDOW: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(name(1, 255), "0000000000000001-00000000000000ff.journal");
        assert_eq!(parse_name(&name(1, 255)), Some((1, 255)));
        assert_eq!(parse_name(&name(u64::MAX, 0)), Some((u64::MAX, 0)));
        for other in [
            "lock",
            "1-1.journal",
            "0000000000000001-00000000000000FF.journal",
            ".journal",
        ] {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }

    #[test]
    fn marks_are_sparse_and_never_too_late() {
        let mut segment = Segment::new(1, 1, Timestamp::from_unix_nanos(0), 0, 100);
        let mut offsets = Vec::new();
        for number in 1..=2000 {
            offsets.push(segment.length);
            let head = Head {
                kind: Kind::Message,
                number: number * 2,
                synced: 0,
                length: 300,
            };
            segment.extend(&head);
        }
        assert_eq!(segment.range, Some((2, 4000)));
        assert!(segment.marks.len() < 25, "{}", segment.marks.len());
        for begin in 0..=4001 {
            let offset = segment.place_before(begin);
            // The first message that is wanted.
            let wanted = (begin.max(1) as usize).div_ceil(2) - 1;
            let Some(&wanted) = offsets.get(wanted) else {
                continue;
            };
            assert!(
                offset <= wanted && wanted - offset < MARK_INTERVAL + 324,
                "{begin}"
            );
        }
    }
}
