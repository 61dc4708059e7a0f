//! A tracker as text, and back.
//!
//! A snapshot is lines of fields with tabs between them; the first field says what the line is. A tab, a line feed and a
//! backslash in a text are written `\t`, `\n` and `\\`; `~` alone is a value that is not there, and a text that begins with
//! it has a backslash in front.
//!
//! ```text
//! kalshi-fix tracker 3                                         what it is, and the version of this format
//! tracker next-key forgotten order-entry listener period connection
//! index   exchange-index high gap(4) last-gap(4) alone(6) forgotten     how far the reports of an index have come
//! window  exchange-index watermark                             the memory of its fills, whose lines follow
//! fill    place content
//! position symbol subaccount party bought(3) sold(3) fees without-fee reported(2)
//! order   key symbol side subaccount party group order-id ...  an order, whose lines follow
//! entry, identifier, latest, request, rejection
//! finished, immediate, mass, name                              orders by their keys, requests and names
//! end     lines checksum                                       how many lines, and the CRC-32 of them
//! ```
//!
//! The end is checked before anything is read, and each line when it is: a snapshot is taken whole or not at all.

mod read;
mod write;

use super::{Tracker, TrackerSettings};

impl Tracker {
    /// Everything that the tracker knows, as text. Settings are not part of it.
    ///
    /// What is told in events is not either: take a snapshot when the events of the last call have been handled.
    #[must_use]
    pub fn snapshot(&self) -> String {
        write::snapshot(self)
    }

    /// The tracker of a snapshot, with these settings. Where they are tighter than those that it was kept with, the oldest
    /// fills are let go of at once, and the oldest orders as others end.
    ///
    /// The sessions of the tracker that it was taken of are gone with their process, listeners included: what is open is
    /// [`Unknown`](super::OrderState::Unknown), requests without an answer are in doubt, and no event tells of that. Call
    /// [`connected`](Tracker::connected) for each new one. `missed` is `false` only of a session that resumes from numbers
    /// no later than the snapshot.
    ///
    /// # Errors
    ///
    /// Where the text is not a whole snapshot, or not one of this version: nothing is made up for what cannot be read.
    pub fn restore(snapshot: &str, settings: TrackerSettings) -> Result<Tracker, RestoreError> {
        read::restore(snapshot, settings)
    }
}

/// Why a snapshot was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The text does not begin as a snapshot does.
    #[error("this is no snapshot of a tracker: expected a first line that begins with {HEADER:?}")]
    NotASnapshot,
    /// It was written by another version.
    #[error("the snapshot has version {found:?} of the format: expected {VERSION}")]
    Version {
        /// The version.
        found: String,
    },
    /// Its end is missing, or is not that of the lines before it.
    #[error("the snapshot is cut off or was changed: {what}")]
    Damaged {
        /// What does not fit.
        what: String,
    },
    /// A line cannot be read.
    #[error("line {line} of the snapshot: expected {expected}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
}

const HEADER: &str = "kalshi-fix tracker";
const VERSION: &str = "3";
/// What stands for a value that is not there.
const NONE: &str = "~";
/// What stands before the period that a session is gone since.
const DOWN: &str = "down:";
