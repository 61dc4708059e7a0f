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
    /// What is on the disk is not what was written there, and none of it is served.
    #[error(
        "{} is damaged at byte {offset}: {expected} was expected; bring the directory back from a copy, or move it away \
         and start anew (`Retransmission::start_anew`: a logon with ResetSeqNumFlag (141) = Y)",
        file.display()
    )]
    Corrupt {
        /// The segment.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What should have been there.
        expected: &'static str,
    },
    /// The journal was written by another version of this crate.
    #[error(
        "{} has version {found} of the format, this program reads {supported}: use the version that wrote it, or move the \
         directory away and start anew (`Retransmission::start_anew`: a logon with ResetSeqNumFlag (141) = Y)",
        file.display()
    )]
    Version {
        /// The segment.
        file: PathBuf,
        /// Its version.
        found: u16,
        /// The one that can be read.
        supported: u16,
    },
    /// The directory holds the journal of another session. Nothing was changed.
    #[error("{} belongs to the session '{found}', not '{expected}': give each session a directory", file.display())]
    OtherSession {
        /// The segment, or the directory.
        file: PathBuf,
        /// Whose it is.
        found: String,
        /// Whose was to be opened, or who asked for it.
        expected: String,
    },
    /// The store is that of another session ([`Store::claim`](super::Store::claim)). Nothing was changed.
    #[error(
        "the store belongs to the session '{found}', not '{expected}': give each session a store of its own"
    )]
    Claimed {
        /// Whose it is.
        found: String,
        /// Who asked for it.
        expected: String,
    },
    /// The name of the session does not fit into the files.
    #[error("the session's name has {length} bytes, at most 65535 are possible")]
    SessionName {
        /// Its length.
        length: usize,
    },
    /// Another process, or another value in this one, has the journal open.
    #[error("{} is locked: the journal is open elsewhere, and can be open once only", file.display())]
    Locked {
        /// The file that is locked.
        file: PathBuf,
    },
    /// An operation failed before, so that nobody knows what the files hold.
    #[error("the store takes nothing more since it failed: {cause}")]
    Unusable {
        /// The error of that time.
        cause: String,
    },
}

impl StoreError {
    /// Whether it is more than a mistake in the arguments of one operation, which changes nothing. As the answer to an
    /// operation that writes it is the last: the store takes no further one. A read that fails leaves the store as it was.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        !matches!(
            self,
            StoreError::Sequence { .. }
                | StoreError::FrameLength { .. }
                | StoreError::Claimed { .. }
                | StoreError::OtherSession { .. }
        )
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
