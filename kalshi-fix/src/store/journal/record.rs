//! One record of a segment: how it is written, and how it is told from anything else.
//!
//! ```text
//! offset  bytes
//!      0      4  CRC-32 of the segment's seed, the record's offset in its file, and all that follows
//!      4      4  length of the payload
//!      8      8  number: a MsgSeqNum (34), or 0
//!     16      7  how far the file was known to be on the disk when this was written
//!     23      1  kind
//!     24      …  payload: the frame of a message, nothing otherwise
//! ```
//!
//! All numbers are little-endian. The seed and the offset are in the checksum so that a record is one only at its own
//! place: not in a copy of another segment, and not inside of a frame that happens to hold the bytes of a record.

use crc32fast::Hasher;

use crate::store::MAX_FRAME;

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The payload was sent under this number.
    Message = 1,
    /// The number of the next outbound message.
    NextOutgoing = 2,
    /// The number of the next inbound message.
    NextIncoming = 3,
    /// The journal was closed in order; all before is on the disk.
    Closed = 4,
}

impl Kind {
    const fn of(byte: u8) -> Option<Kind> {
        match byte {
            1 => Some(Kind::Message),
            2 => Some(Kind::NextOutgoing),
            3 => Some(Kind::NextIncoming),
            4 => Some(Kind::Closed),
            _ => None,
        }
    }
}

/// The head of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) number: u64,
    /// Up to where the file was on the disk.
    pub(super) synced: u64,
    /// The length of the payload.
    pub(super) length: usize,
}

impl Head {
    /// The length of the whole record.
    pub(super) const fn record_length(&self) -> usize {
        HEAD + self.length
    }
}

/// What stands at the beginning of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A record: its payload follows the head.
    Whole(Head),
    /// What could be a record of this length, of which not all is there.
    Cut(usize),
    /// No record.
    Bad,
}

/// Appends a record that will stand at `offset` of the file.
pub(super) fn write(out: &mut Vec<u8>, seed: u32, offset: u64, head: Head, payload: &[u8]) {
    debug_assert_eq!(head.length, payload.len());
    let mut bytes = [0; HEAD];
    bytes[4..8].copy_from_slice(&(head.length as u32).to_le_bytes());
    bytes[8..16].copy_from_slice(&head.number.to_le_bytes());
    bytes[16..24].copy_from_slice(&(head.synced | (head.kind as u64) << KIND).to_le_bytes());
    let sum = checksum(seed, offset, &bytes[4..], payload);
    bytes[..4].copy_from_slice(&sum.to_le_bytes());
    out.extend_from_slice(&bytes);
    out.extend_from_slice(payload);
}

/// Reads the record that stands at `offset` of the file, where `bytes` begin.
pub(super) fn parse(bytes: &[u8], seed: u32, offset: u64) -> Parsed {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
        return Parsed::Cut(HEAD);
    };
    let length = word(head, 4) as usize;
    let number = long(head, 8);
    let last = long(head, 16);
    let synced = last & ((1 << KIND) - 1);
    let Some(kind) = Kind::of((last >> KIND) as u8) else {
        return Parsed::Bad;
    };
    let possible = match kind {
        Kind::Message => length > 0 && length <= MAX_FRAME,
        Kind::NextOutgoing | Kind::NextIncoming | Kind::Closed => length == 0,
    };
    if !possible || synced > offset {
        return Parsed::Bad;
    }
    let Some(payload) = rest.get(..length) else {
        return Parsed::Cut(HEAD + length);
    };
    if word(head, 0) != checksum(seed, offset, &head[4..], payload) {
        return Parsed::Bad;
    }
    Parsed::Whole(Head {
        kind,
        number,
        synced,
        length,
    })
}

fn checksum(seed: u32, offset: u64, head: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(seed);
    hasher.update(&offset.to_le_bytes());
    hasher.update(head);
    hasher.update(payload);
    hasher.finalize()
}

fn word(bytes: &[u8; HEAD], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn long(bytes: &[u8; HEAD], at: usize) -> u64 {
    u64::from(word(bytes, at)) | u64::from(word(bytes, at + 4)) << 32
}

/// The length of a record's head.
pub(super) const HEAD: usize = 24;

/// The bit at which the kind begins.
const KIND: u32 = 56;

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u32 = 77;
    const OFFSET: u64 = 1000;

    fn record() -> (Head, Vec<u8>) {
        let payload = b"8=FIXT.1.1";
        let head = Head {
            kind: Kind::Message,
            number: 0x0102_0304_0506_0708,
            synced: 900,
            length: payload.len(),
        };
        let mut bytes = Vec::new();
        write(&mut bytes, SEED, OFFSET, head, payload);
        (head, bytes)
    }

    #[test]
    fn what_is_written_is_read() {
        let (head, mut bytes) = record();
        assert_eq!(bytes.len(), head.record_length());
        assert_eq!(parse(&bytes, SEED, OFFSET), Parsed::Whole(head));
        bytes.extend_from_slice(b"more");
        assert_eq!(parse(&bytes, SEED, OFFSET), Parsed::Whole(head));
        assert_eq!(&bytes[HEAD..head.record_length()], b"8=FIXT.1.1");
    }

    #[test]
    fn a_record_is_one_at_its_own_place_only() {
        let (_, bytes) = record();
        assert_eq!(parse(&bytes, SEED, OFFSET + 1), Parsed::Bad);
        assert_eq!(parse(&bytes, SEED + 1, OFFSET), Parsed::Bad);
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_noticed() {
        let (head, bytes) = record();
        for length in 0..bytes.len() {
            let whole = if length < HEAD { HEAD } else { head.record_length() };
            assert_eq!(
                parse(&bytes[..length], SEED, OFFSET),
                Parsed::Cut(whole),
                "{length}"
            );
        }
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let parsed = parse(&changed, SEED, OFFSET);
            assert!(!matches!(parsed, Parsed::Whole(_)), "bit {bit}: {parsed:?}");
        }
    }
}
