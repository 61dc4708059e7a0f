//! Where frames are read from: standard input, a file, or a file that goes on to grow.

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::output::Failure;
use crate::requested::Requested;

/// What is read.
pub(super) enum Input {
    Standard(io::StdinLock<'static>),
    File { path: PathBuf, file: File },
}

/// What became of a file that is followed, when its end was reached.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    /// There may be more to come.
    Same,
    /// It begins anew: it was cut off, or another file has taken its name. What was read is all that there was.
    Anew,
}

impl Input {
    /// Standard input for no path, and for `-`.
    pub(super) fn open(path: Option<&Path>) -> Result<Input, Failure> {
        match path {
            Some(path) if path.as_os_str() != "-" => {
                let file = File::open(path).map_err(Failure::unreadable(path))?;
                let path = path.to_owned();
                Ok(Input::File { path, file })
            }
            _ => {
                let input = io::stdin();
                if input.is_terminal() {
                    eprintln!(
                        "kalshi-fix: reading frames from the terminal, until Ctrl-D; a file can be named instead"
                    );
                }
                Ok(Input::Standard(input.lock()))
            }
        }
    }

    /// The name for messages.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Input::Standard(_) => STANDARD.into(),
            Input::File { path, .. } => path.clone(),
        }
    }

    /// Looks, at the end of a file, whether its name stands for another by now, and goes on with that.
    pub(super) fn renew(&mut self) -> io::Result<Renewal> {
        let Input::File { path, file } = self else {
            return Ok(Renewal::Same);
        };
        let there = match std::fs::metadata(&*path) {
            Ok(there) => there,
            // Between the old file's removal and the new one's creation.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Renewal::Same),
            Err(error) => return Err(error),
        };
        let ours = file.metadata()?;
        if !is_same(&ours, &there) {
            *file = File::open(&*path)?;
            return Ok(Renewal::Anew);
        }
        if ours.len() < file.stream_position()? {
            file.rewind()?;
            return Ok(Renewal::Anew);
        }
        Ok(Renewal::Same)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::Standard(input) => input.read(buffer),
            Input::File { file, .. } => file.read(buffer),
        }
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Elsewhere a file that is followed is at most cut off.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Whether the user wants the program to end: Ctrl-C, or the system's request.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on, on a thread of its own; the signals no longer end the process by themselves.
    pub(super) fn listen() -> io::Result<Interrupt> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let raised = Arc::new(AtomicBool::new(false));
        let raise = Arc::clone(&raised);
        // Registered before this returns: a signal that comes at once must not be lost.
        let requested = {
            let _inside = runtime.enter();
            Requested::new()?
        };
        std::thread::spawn(move || {
            runtime.block_on(requested.wait());
            raise.store(true, Ordering::Release);
        });
        Ok(Interrupt(raised))
    }

    pub(super) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The name of what is no file.
pub(super) const STANDARD: &str = "standard input";

/// How often a file that is followed is looked at.
pub(super) const FOLLOW_EVERY: Duration = Duration::from_millis(200);
