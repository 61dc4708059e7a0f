//! Who runs the exchange of a directory: it holds a lock there, which the system takes back when its process ends, however
//! that ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::output::Failure;

/// The lock of a directory, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Held(File);

/// Whether the exchange of a directory runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Running {
    Yes,
    No,
    /// There is no telling: the system cannot lock there.
    Unknown,
}

impl Held {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(directory: &Path) -> Result<Held, Failure> {
        let path = directory.join(LOCK);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(&path).map_err(Failure::unwritable(&path))?;
        let impossible = |error: &io::Error| Failure::Usage(unlockable(directory, error));
        for _ in 0..ATTEMPTS {
            match file.try_lock() {
                Ok(()) => {
                    let mut held = Held(file);
                    held.sign().map_err(Failure::unwritable(&path))?;
                    return Ok(held);
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(impossible(&error)),
            }
            // Clients hold it for a moment when they have a look, and together; an exchange holds it alone.
            match file.try_lock_shared() {
                Ok(()) => file.unlock().map_err(|error| impossible(&error))?,
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(error)) => return Err(impossible(&error)),
            }
            thread::sleep(PAUSE);
        }
        let holder = fs::read_to_string(&path).ok();
        Err(Failure::Usage(in_use(directory, holder.as_deref())))
    }

    /// Says who has it, to those who would like to.
    fn sign(&mut self) -> io::Result<()> {
        self.0.set_len(0)?;
        writeln!(self.0, "{}", std::process::id())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The lock ends with the file, whatever stands in it.
        let _ = self.0.set_len(0);
    }
}

/// Whether somebody holds the lock of a directory.
pub(crate) fn running(directory: &Path) -> Running {
    let file = match File::open(directory.join(LOCK)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Running::No,
        Err(_) => return Running::Unknown,
    };
    match file.try_lock_shared() {
        Ok(()) => Running::No,
        Err(TryLockError::WouldBlock) => Running::Yes,
        Err(TryLockError::Error(_)) => Running::Unknown,
    }
}

/// Whether an exchange was ever run in a directory.
pub(crate) fn was_held(directory: &Path) -> bool {
    directory.join(LOCK).exists()
}

fn in_use(directory: &Path, holder: Option<&str>) -> String {
    let process = holder.and_then(|text| text.trim().parse::<u32>().ok());
    let process = process.map_or_else(String::new, |process| format!(" (process {process})"));
    format!(
        "{} is in use by another exchange{process}; stop that one, or name another directory",
        directory.display()
    )
}

fn unlockable(directory: &Path, error: &io::Error) -> String {
    format!(
        "cannot lock {} ({error}), so that nothing would keep another exchange out of it; name a directory on a disk \
         of this machine",
        directory.display()
    )
}

/// It stays when nobody holds it: who removed it could let two in at once.
const LOCK: &str = "exchange.lock";
/// How often a lock that clients look at is tried.
const ATTEMPTS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_have_it_is_told_why() {
        let check = |holder: Option<&str>, expected: &str| {
            let told = in_use(Path::new("venue"), holder);
            assert_eq!(told, format!("venue is in use by another exchange{expected}"));
        };
        let remedy = "; stop that one, or name another directory";
        check(Some("4711\n"), &format!(" (process 4711){remedy}"));
        check(Some(""), remedy);
        check(Some("half a num"), remedy);
        check(None, remedy);
        let unsupported = io::Error::from(io::ErrorKind::Unsupported);
        assert_eq!(
            unlockable(Path::new("venue"), &unsupported),
            "cannot lock venue (unsupported), so that nothing would keep another exchange out of it; name a directory \
             on a disk of this machine"
        );
    }
}
