//! What a journal promises and how much it keeps.

use std::time::Duration;

use crate::store::Retention;

/// When what was given to a [`JournalStore`](super::JournalStore) is forced onto the disk: what its
/// [`commit`](crate::store::Store::commit) promises.
///
/// | | the process is killed | the machine loses power |
/// | --- | --- | --- |
/// | [`EveryMessage`](Durability::EveryMessage) | nothing is lost that was appended | nothing is lost that was appended |
/// | [`Batched`](Durability::Batched) | nothing is lost that was committed | nothing is lost that was committed longer ago than the interval |
/// | [`OperatingSystem`](Durability::OperatingSystem) | nothing is lost that was committed | whatever the system had not written by itself is lost: on Linux some 30 seconds |
///
/// What is lost is lost from the end: the journal never holds a later operation without the earlier ones. A
/// [`reset`](crate::store::Store::reset) is forced onto the disk at once, whatever the policy. All of it holds for a disk
/// that does what it is told; one that confirms what it only has in a volatile cache can lose anything.
///
/// A message that was sent and whose record was lost is dangerous: its number will be used again. With
/// [`JournalGate::Stored`](crate::session::JournalGate::Stored) a message leaves only when it has been committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// One `fsync` for each message and each outgoing number, before the operation returns. The next incoming number is
    /// forced by the next of these or by [`commit`](crate::store::Store::commit): what is lost of it is received again.
    EveryMessage,
    /// One `fsync` for all that was given since the last one.
    Batched {
        /// At most this long after the commit; zero: by the commit itself. With an interval, the driver calls
        /// [`commit`](crate::store::Store::commit) again when it is told to
        /// ([`Committed::again_in`](crate::store::Committed::again_in)).
        interval: Duration,
    },
    /// No `fsync` but for resets, new segments and the orderly end: the operating system writes when it likes.
    OperatingSystem,
}

impl Durability {
    /// Each commit is one `fsync`.
    pub const EVERY_COMMIT: Durability = Durability::Batched {
        interval: Duration::ZERO,
    };
}

/// How a [`JournalStore`](super::JournalStore) is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalSettings {
    /// Whose journal it is: the CompIDs of both sides and the kind of session, for instance. It is written into the
    /// files, and a journal of another session is not opened. At most 65,535 bytes, and no secret. A client takes none but
    /// those of its own sessions' names ([`Client::journal_settings`](crate::client::Client::journal_settings)).
    pub session: String,
    /// When it is forced onto the disk.
    pub durability: Durability,
    /// How much is kept. Whole segments are dropped, so that up to a quarter fewer bytes and messages are kept than the
    /// limits say, and messages up to a quarter longer. The bytes are those of the files.
    pub retention: Retention,
    /// A segment is closed, and the next file begun, when it has this many bytes; or an eighth of a limit of
    /// `retention`, if that is less.
    pub max_segment_bytes: u64,
}

impl JournalSettings {
    /// The journal of this session: one `fsync` a commit, everything kept, segments of 64 MiB.
    #[must_use]
    pub fn new(session: impl Into<String>) -> Self {
        JournalSettings {
            session: session.into(),
            durability: Durability::EVERY_COMMIT,
            retention: Retention::EVERYTHING,
            max_segment_bytes: 64 << 20,
        }
    }

    pub(super) fn segment_limit(&self) -> u64 {
        let share = self.retention.max_bytes.map_or(u64::MAX, |max| max / 8);
        self.max_segment_bytes.min(share).max(1)
    }

    pub(super) fn segment_messages(&self) -> u64 {
        self.retention.max_messages.map_or(u64::MAX, |max| max / 8).max(1)
    }

    /// What the sealed segments may have when the next one is begun: room is left for that one, and for it to become
    /// somewhat larger than its limit by the last commit.
    pub(super) fn sealed_bytes(&self) -> u64 {
        self.retention.max_bytes.map_or(u64::MAX, less_a_sixth)
    }

    /// The same, in messages.
    pub(super) fn sealed_messages(&self) -> u64 {
        self.retention.max_messages.map_or(u64::MAX, less_a_sixth)
    }
}

const fn less_a_sixth(limit: u64) -> u64 {
    limit - limit.div_ceil(6)
}
