//! The head of a segment: whose it is, and what was known when it began.
//!
//! ```text
//! bytes
//!     8  "KFIXJRNL"
//!     2  version of the format
//!     2  length of the session's name
//!     8  generation: how many times the session had been reset
//!     8  index of this segment in its generation
//!     8  index of the first segment that is kept
//!     8  length of the segment before, 0 if there is none
//!     8  when the session began      (nanoseconds since 1970, UTC)
//!     8  when this segment was made  (the same)
//!     8  next outgoing number
//!     8  next incoming number
//!     8  highest number that retention has dropped
//!     …  name of the session
//!     4  CRC-32 of all before
//! ```
//!
//! All numbers are little-endian. With the state in each head, the segments before can be removed, and a reset is one new
//! file that takes its place under its name at once.

use fix_dialect::Timestamp;

use crate::session::Sequences;
use crate::store::StoreState;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) generation: u64,
    pub(super) index: u64,
    pub(super) first_kept: u64,
    pub(super) previous_length: u64,
    pub(super) began: Timestamp,
    pub(super) created: Timestamp,
    pub(super) sequences: Sequences,
    pub(super) dropped_through: u64,
    pub(super) session: String,
}

/// Why some bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    /// The file is none of ours, or its first bytes are damaged.
    Magic,
    /// Another version of the format.
    Version(u16),
    /// Damaged, or cut.
    Contents,
}

impl Header {
    /// The header of a generation's first segment.
    pub(super) fn first(generation: u64, state: &StoreState, created: Timestamp, session: &str) -> Header {
        Header {
            generation,
            index: 1,
            first_kept: 1,
            previous_length: 0,
            began: state.began,
            created,
            sequences: state.sequences,
            dropped_through: 0,
            session: session.to_owned(),
        }
    }

    /// The header as bytes, and the seed of the records that follow it.
    pub(super) fn write(&self) -> (Vec<u8>, u32) {
        let mut out = Vec::with_capacity(FIXED + self.session.len() + SUM);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&(self.session.len() as u16).to_le_bytes());
        for number in [
            self.generation,
            self.index,
            self.first_kept,
            self.previous_length,
            self.began.unix_nanos().cast_unsigned(),
            self.created.unix_nanos().cast_unsigned(),
            self.sequences.next_outgoing,
            self.sequences.next_incoming,
            self.dropped_through,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(self.session.as_bytes());
        let seed = crc32fast::hash(&out);
        out.extend_from_slice(&seed.to_le_bytes());
        (out, seed)
    }

    /// Reads a header off the front of a file: itself, its length, and the seed of the records that follow it.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Header, usize, u32), Bad> {
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(Bad::Contents)?;
        if magic != MAGIC {
            return Err(Bad::Magic);
        }
        let (version, rest) = rest.split_first_chunk::<2>().ok_or(Bad::Contents)?;
        match u16::from_le_bytes(*version) {
            VERSION => {}
            other => return Err(Bad::Version(other)),
        }
        let (name_length, rest) = rest.split_first_chunk::<2>().ok_or(Bad::Contents)?;
        let name_length = usize::from(u16::from_le_bytes(*name_length));
        let (numbers, rest) = rest.split_first_chunk::<72>().ok_or(Bad::Contents)?;
        let (name, rest) = rest.split_at_checked(name_length).ok_or(Bad::Contents)?;
        let (sum, _) = rest.split_first_chunk::<SUM>().ok_or(Bad::Contents)?;
        let seed = crc32fast::hash(&bytes[..FIXED + name_length]);
        if seed != u32::from_le_bytes(*sum) {
            return Err(Bad::Contents);
        }
        let (numbers, _) = numbers.as_chunks::<8>();
        let number = |place: usize| u64::from_le_bytes(numbers[place]);
        let time = |place: usize| Timestamp::from_unix_nanos(number(place).cast_signed());
        let header = Header {
            generation: number(0),
            index: number(1),
            first_kept: number(2),
            previous_length: number(3),
            began: time(4),
            created: time(5),
            sequences: Sequences {
                next_outgoing: number(6),
                next_incoming: number(7),
            },
            dropped_through: number(8),
            session: String::from_utf8(name.to_vec()).map_err(|_| Bad::Contents)?,
        };
        Ok((header, FIXED + name_length + SUM, seed))
    }
}

/// The version of the format that is written, and the only one that is read.
pub(super) const VERSION: u16 = 1;

/// No header is longer.
pub(super) const MAX_HEADER: usize = FIXED + u16::MAX as usize + SUM;

const MAGIC: &[u8; 8] = b"KFIXJRNL";
const FIXED: usize = 8 + 2 + 2 + 72;
const SUM: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            generation: 3,
            index: 7,
            first_kept: 5,
            previous_length: 1 << 40,
            began: Timestamp::from_unix_nanos(-1),
            created: Timestamp::from_unix_nanos(i64::MAX),
            sequences: Sequences {
                next_outgoing: 12,
                next_incoming: u64::MAX,
            },
            dropped_through: 4,
            session: "FIXT.1.1:us→them".to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let (mut bytes, seed) = header().write();
        let length = bytes.len();
        bytes.extend_from_slice(b"records");
        assert_eq!(Header::parse(&bytes), Ok((header(), length, seed)));
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_noticed() {
        let (bytes, _) = header().write();
        for length in 0..bytes.len() {
            assert_eq!(Header::parse(&bytes[..length]), Err(Bad::Contents), "{length}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let expected = match bit / 8 {
                0..8 => Bad::Magic,
                8..10 => Bad::Version(u16::from_le_bytes([changed[8], changed[9]])),
                _ => Bad::Contents,
            };
            assert_eq!(Header::parse(&changed), Err(expected), "bit {bit}");
        }
    }
}
