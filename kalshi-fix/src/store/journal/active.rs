//! The segment that is written.

use std::io;

use super::header::Header;
use super::record::{self, Head, Kind};
use super::recovery::UNFINISHED;
use super::segment::Segment;
use crate::store::StoreError;
use crate::store::disk::{Disk, DiskFile, write_all};

/// The last segment, to which records are appended.
pub(super) struct Active {
    pub(super) segment: Segment,
    pub(super) file: Box<dyn DiskFile>,
    /// Records that are not written yet, the last of the segment.
    pub(super) pending: Vec<u8>,
    /// How long the file is.
    pub(super) written: u64,
    /// How much of it is on the disk.
    pub(super) synced: u64,
}

impl Active {
    /// Makes a file for a segment. It takes its name when it is whole and on the disk, so that there is never a segment
    /// with half a header.
    pub(super) fn create(disk: &mut dyn Disk, header: &Header) -> Result<Active, StoreError> {
        let (bytes, seed) = header.write();
        let start = bytes.len() as u64;
        let segment = Segment::new(header.generation, header.index, header.created, seed, start);
        let name = segment.name();
        let unfinished = format!("{name}{UNFINISHED}");
        let place = disk.place(&name);
        let failed = |operation| {
            move |source| StoreError::Io {
                operation,
                file: place,
                source,
            }
        };
        let mut file = disk.create(&unfinished).map_err(failed.clone()("make"))?;
        write_all(&mut *file, 0, &bytes).map_err(failed.clone()("write"))?;
        file.sync().map_err(failed.clone()("sync"))?;
        disk.rename(&unfinished, &name)
            .map_err(failed.clone()("give its name to"))?;
        disk.sync_directory().map_err(failed("sync the directory of"))?;
        Ok(Active {
            segment,
            file,
            pending: Vec::new(),
            written: start,
            synced: start,
        })
    }

    /// Takes a record, and writes nothing yet.
    pub(super) fn push(&mut self, kind: Kind, number: u64, payload: &[u8]) {
        let head = Head {
            kind,
            number,
            synced: self.synced,
            length: payload.len(),
        };
        record::write(
            &mut self.pending,
            self.segment.seed,
            self.segment.length,
            head,
            payload,
        );
        self.segment.extend(&head);
    }

    /// Gives what is pending to the operating system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            write_all(&mut *self.file, self.written, &self.pending)?;
            self.written += self.pending.len() as u64;
            self.pending.clear();
            // One burst must not hold its memory for ever.
            self.pending.shrink_to(FLUSH_AT);
        }
        Ok(())
    }

    /// Forces everything onto the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        if self.synced < self.written {
            self.file.sync()?;
            self.synced = self.written;
        }
        Ok(())
    }
}

/// So many pending bytes are written without waiting for a commit.
pub(super) const FLUSH_AT: usize = 1 << 20;
