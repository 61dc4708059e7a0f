//! Why a store did not do what it was asked.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::MAX_FRAME;
use crate::session::SequenceNumber;

/// Why a [`Store`](super::Store) did not do what it was asked. It never carries bytes of a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The caller's mistake: a number that would go back. Nothing was changed.
    #[error("cannot {operation} {given}: at least {least} was expected, and less than 2^64 - 1")]
    Sequence {
        /// What was asked.
        operation: SequenceOperation,
        /// The number that came with it.
        given: SequenceNumber,
        /// The lowest that is possible.
        least: SequenceNumber,
    },
    /// The caller's mistake: a frame of no bytes, or of more than [`MAX_FRAME`]. Nothing was changed.
    #[error("cannot journal message {sequence} of {length} bytes: 1 to {MAX_FRAME} were expected")]
    FrameLength {
        /// Its number.
        sequence: SequenceNumber,
        /// Its length in bytes.
        length: usize,
    },
    /// The disk failed, or is full. What of the operation has reached it is unknown: close the store, see to the disk,
    /// and open the store again, which finds out.
    #[error("cannot {operation} {}: {source}; see to the disk, then open the store again", file.display())]
    Io {
        /// What was tried, as a verb.
        operation: &'static str,
        /// The file or directory.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StoreError {
    /// Whether the store takes no further operation that writes. It can still be read, as far as the disk allows.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        !matches!(self, StoreError::Sequence { .. } | StoreError::FrameLength { .. })
    }
}

/// Which operation a [`StoreError::Sequence`] refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SequenceOperation {
    /// [`append`](super::Store::append).
    Append,
    /// [`set_next_outgoing`](super::Store::set_next_outgoing).
    SetNextOutgoing,
    /// [`set_next_incoming`](super::Store::set_next_incoming).
    SetNextIncoming,
}

impl SequenceOperation {
    pub(super) const fn refused(self, given: SequenceNumber, least: SequenceNumber) -> StoreError {
        StoreError::Sequence {
            operation: self,
            given,
            least,
        }
    }
}

impl fmt::Display for SequenceOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            SequenceOperation::Append => "journal message",
            SequenceOperation::SetNextOutgoing => "set the next outgoing number to",
            SequenceOperation::SetNextIncoming => "set the next incoming number to",
        })
    }
}
