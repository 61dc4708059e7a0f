//! The few file operations that a journal needs, so that tests can stand between it and the disk.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::StoreError;

/// One directory, which belongs to one journal for as long as this value lives.
pub(super) trait Disk: Send {
    /// Where a file is, for errors.
    fn place(&self, name: &str) -> PathBuf;
    /// The names of all files, in no order.
    fn list(&mut self) -> io::Result<Vec<String>>;
    /// Opens a file that exists, to read and to write.
    fn open(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Makes an empty file, to read and to write; in the place of one that exists.
    fn create(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, at once or not at all.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&mut self, name: &str) -> io::Result<()>;
    /// Returns when all names survive a loss of power.
    fn sync_directory(&mut self) -> io::Result<()>;
}

/// An open file.
pub(super) trait DiskFile: Send {
    /// Its length in bytes.
    fn length(&mut self) -> io::Result<u64>;
    /// Reads from an offset: some bytes, or none at the end.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes at an offset, and says how many bytes: perhaps not all.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts off what is behind this length.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Returns when the contents survive a loss of power.
    fn sync(&mut self) -> io::Result<()>;
}

/// Writes all of it, in as many calls as it takes.
pub(super) fn write_all(file: &mut dyn DiskFile, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(offset, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                offset += written as u64;
                bytes = &bytes[written..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until the buffer is full or the file ends, and says how many bytes.
pub(super) fn read_up_to(file: &mut dyn DiskFile, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(offset + filled as u64, &mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A directory of the system's.
pub(super) struct SystemDisk {
    directory: PathBuf,
    /// Held open for its lock, which ends with it.
    _lock: File,
}

impl SystemDisk {
    /// Makes the directory if there is none, and locks it.
    pub(super) fn open(directory: &Path) -> Result<SystemDisk, StoreError> {
        if directory.as_os_str().is_empty() {
            // It would be the process's own, which nobody asked for.
            return Err(StoreError::Io {
                operation: "open the journal in",
                file: "\"\"".into(),
                source: io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the path of a directory was expected",
                ),
            });
        }
        let failed = |operation| {
            move |source| StoreError::Io {
                operation,
                file: directory.to_owned(),
                source,
            }
        };
        if !directory.is_dir() {
            make_directory(directory).map_err(failed("make"))?;
            // The name of the directory is in its parent.
            let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
            sync_directory(parent.unwrap_or(Path::new("."))).map_err(failed("sync the parent of"))?;
        }
        warn_if_others_may_read(directory);
        let path = directory.join(LOCK);
        let failed = |operation, source| StoreError::Io {
            operation,
            file: path.clone(),
            source,
        };
        let lock = private()
            .create(true)
            .open(&path)
            .map_err(|source| failed("open", source))?;
        match lock.try_lock() {
            Ok(()) => Ok(SystemDisk {
                directory: directory.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { file: path }),
            Err(TryLockError::Error(source)) => Err(failed("lock", source)),
        }
    }
}

impl Disk for SystemDisk {
    fn place(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            // A name that is not UTF-8 is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(SystemFile(private().open(self.place(name))?)))
    }

    fn create(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = private().create(true).truncate(true).open(self.place(name))?;
        Ok(Box::new(SystemFile(file)))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.place(from), self.place(to))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        fs::remove_file(self.place(name))
    }

    fn sync_directory(&mut self) -> io::Result<()> {
        sync_directory(&self.directory)
    }
}

struct SystemFile(File);

impl DiskFile for SystemFile {
    fn length(&mut self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.seek(SeekFrom::Start(offset))?;
        self.0.read(buffer)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.seek(SeekFrom::Start(offset))?;
        self.0.write(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        // Length included: it is needed to read the contents back.
        self.0.sync_data()
    }
}

/// To read and to write, for the owner alone where the system knows such a thing.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn warn_if_others_may_read(directory: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let others = fs::metadata(directory).is_ok_and(|metadata| metadata.permissions().mode() & 0o022 != 0);
        if others {
            tracing::warn!(
                directory = %directory.display(),
                "users other than the owner may write in the journal's directory"
            );
        }
    }
    #[cfg(not(unix))]
    tracing::warn!(
        directory = %directory.display(),
        "the journal's files have the permissions of this directory: restrict it to the user who trades"
    );
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere a directory is no file that could be opened; its names are the file system's own care.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// It stays when the journal is closed: removing it could take it from under a process that waits for it.
const LOCK: &str = "lock";
