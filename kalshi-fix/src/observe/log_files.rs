//! Files that rotate.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::LogQueue;

/// Where a [`MessageLog`](super::MessageLog) keeps its files, and how many.
///
/// `NAME.log` is the file that is written, `NAME.1.log` the one before it, and so on. Files are readable by their owner
/// alone, where the system knows of such a thing: they hold what was traded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogFiles {
    /// The directory, which is made if it is not there.
    pub directory: PathBuf,
    /// What the files' names begin with. No two logs may share it.
    pub name: String,
    /// A file that would grow beyond this is put aside.
    pub max_bytes: u64,
    /// A file that has been written for longer than this is put aside; `None`: age does not matter.
    pub max_age: Option<Duration>,
    /// How many files there are at most, the one that is written included; the oldest are deleted.
    pub max_files: usize,
    /// How much may wait to be written, and what happens beyond that.
    pub queue: LogQueue,
}

impl LogFiles {
    /// Ten files of 64 MiB at most, each for a day at most.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, name: impl Into<String>) -> LogFiles {
        LogFiles {
            directory: directory.into(),
            name: name.into(),
            max_bytes: 64 << 20,
            max_age: Some(Duration::from_hours(24)),
            max_files: 10,
            queue: LogQueue::default(),
        }
    }
}

/// Writes into the current file, and puts it aside when its time has come.
pub(super) struct RotatingFiles {
    settings: LogFiles,
    /// `None` when it could not be opened: tried again with the next write.
    file: Option<File>,
    bytes: u64,
    begun: Instant,
    buffer: Vec<u8>,
}

impl RotatingFiles {
    pub(super) fn open(settings: LogFiles) -> io::Result<RotatingFiles> {
        let plain = Path::new(&settings.name).file_name() == Some(settings.name.as_ref());
        if !plain || settings.max_files == 0 {
            let said = "a message log wants a name without separators, and at least one file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, said));
        }
        let mut files = RotatingFiles {
            settings,
            file: None,
            bytes: 0,
            begun: Instant::now(),
            buffer: Vec::new(),
        };
        fs::create_dir_all(&files.settings.directory)?;
        files.reopen()?;
        Ok(files)
    }

    fn reopen(&mut self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(self.path(0))?;
        self.bytes = file.metadata()?.len();
        self.begun = Instant::now();
        self.file = Some(file);
        Ok(())
    }

    fn path(&self, index: usize) -> PathBuf {
        let name = match index {
            0 => format!("{}.log", self.settings.name),
            index => format!("{}.{index}.log", self.settings.name),
        };
        self.settings.directory.join(OsString::from(name))
    }

    fn is_due(&self, next: usize) -> bool {
        let full = self.bytes > 0 && self.bytes + next as u64 > self.settings.max_bytes;
        full || self.bytes > 0
            && self
                .settings
                .max_age
                .is_some_and(|age| self.begun.elapsed() >= age)
    }

    /// Puts the current file aside, and deletes what is too much.
    fn rotate(&mut self) -> io::Result<()> {
        self.write_out()?;
        self.file = None;
        let last = self.settings.max_files - 1;
        remove(&self.path(last))?;
        for index in (0..last).rev() {
            let path = self.path(index);
            if path.exists() {
                fs::rename(path, self.path(index + 1))?;
            }
        }
        self.reopen()
    }

    fn write_out(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let Some(file) = &mut self.file else {
            return Err(io::Error::other("the file is not open"));
        };
        let written = file.write_all(&self.buffer);
        // What may be there in part is not written twice.
        self.buffer.clear();
        written
    }
}

/// Each write is a line: a file ends with a whole one, unless the disk did not take it.
impl Write for RotatingFiles {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.file.is_none() {
            self.reopen()?;
        }
        if self.is_due(line.len()) {
            self.rotate()?;
        }
        if self.buffer.len() + line.len() > AT_ONCE {
            self.write_out()?;
        }
        self.buffer.extend_from_slice(line);
        self.bytes += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.write_out();
        if written.is_err() {
            // It may be another disk's by the next time.
            self.file = None;
        }
        written
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Lines are put together up to so many bytes.
const AT_ONCE: usize = 256 << 10;
