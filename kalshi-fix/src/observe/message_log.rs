//! A log of messages that never holds up a session.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use fix_dialect::{Precision, Timestamp};

use super::log_files::{LogFiles, RotatingFiles};
use super::redact::{self, Loose};
use super::{Instruments, Labels};

/// Where every message of a session is written, in both directions, with its time and without its secrets.
///
/// A line is a time (UTC, with microseconds), the session's kind, `in` or `out`, and the frame as it is on the wire, with
/// its delimiters: `kalshi-fix decode FILE` reads it. What is masked keeps the frame sound: its BodyLength (9) and
/// CheckSum (10) are those of what is shown. Garbled bytes are a line with `garbled`, of which no more than header fields
/// are shown. `out` means handed to the transport, not that it arrived.
///
/// Lines wait in a queue of bounded size for a thread of the log's own, so that no disk holds up a session; what does not
/// fit is dropped and counted, as [`LogOverload`] says. One log serves any number of sessions: clone it.
///
/// Its last lines are written when all clones are gone, unless the process ends before: [`flush`](MessageLog::flush).
///
/// ```
/// use kalshi_fix::observe::{LogFiles, MessageLog};
///
/// # fn main() -> std::io::Result<()> {
/// # let directory = std::env::temp_dir().join(format!("kalshi-fix-log-{}", std::process::id()));
/// let log = MessageLog::files(LogFiles::new(&directory, "orders"))?;
/// // ClientBuilder::message_log(log.clone()), or driver::Builder::message_log
/// # drop(log);
/// # std::fs::remove_dir_all(directory)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MessageLog {
    sink: Sink,
}

#[derive(Clone)]
enum Sink {
    Thread(Arc<Owner>),
    Tracing,
}

/// What a [`MessageLog`] does when its lines come faster than they can be written, or cannot be written at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogOverload {
    /// Drop the line that does not fit, count it, say in the log how many are missing as soon as lines fit again, and try
    /// a disk that failed again each second.
    #[default]
    DropNewest,
    /// The same until a write fails; from then on drop everything, without another try.
    Stop,
}

/// How much may wait to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogQueue {
    /// How many bytes of lines may wait.
    pub max_bytes: usize,
    /// What happens beyond that, and when lines cannot be written.
    pub overload: LogOverload,
}

impl Default for LogQueue {
    /// 16 MiB, and [`LogOverload::DropNewest`].
    fn default() -> LogQueue {
        LogQueue {
            max_bytes: 16 << 20,
            overload: LogOverload::DropNewest,
        }
    }
}

impl MessageLog {
    /// A log in files that rotate.
    ///
    /// # Errors
    ///
    /// When the directory or the first file cannot be made, or the log's thread not started.
    pub fn files(settings: LogFiles) -> io::Result<MessageLog> {
        let queue = settings.queue;
        MessageLog::writer(RotatingFiles::open(settings)?, queue)
    }

    /// A log into anything. Each line comes as one [`write_all`](Write::write_all), from a thread of the log's own;
    /// [`flush`](Write::flush) follows when no more wait.
    ///
    /// # Errors
    ///
    /// When the log's thread cannot be started.
    pub fn writer(writer: impl Write + Send + 'static, queue: LogQueue) -> io::Result<MessageLog> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            queue,
        });
        let served = Arc::clone(&shared);
        thread::Builder::new()
            .name("message-log".to_owned())
            .spawn(move || serve(&served, writer))?;
        Ok(MessageLog {
            sink: Sink::Thread(Arc::new(Owner(shared))),
        })
    }

    /// A log into `tracing`, as events of the target `kalshi_fix::messages` and of level DEBUG, with `|` for the delimiter.
    /// It is as fast as their subscriber, on the session's own time.
    #[must_use]
    pub const fn tracing() -> MessageLog {
        MessageLog { sink: Sink::Tracing }
    }

    /// How many lines were dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        match &self.sink {
            Sink::Thread(owner) => owner.0.lock().dropped,
            Sink::Tracing => 0,
        }
    }

    /// Waits until all that was logged before is written, or given up; `false` if that takes longer. It blocks the thread:
    /// for the end of a program.
    #[must_use]
    pub fn flush(&self, within: Duration) -> bool {
        let Sink::Thread(owner) = &self.sink else {
            return true;
        };
        // `None`: the clock cannot count to it.
        let (shared, limit) = (&owner.0, Instant::now().checked_add(within));
        let mut state = shared.lock();
        let wanted = state.accepted;
        while state.done < wanted {
            let left = limit.map_or(within, |limit| limit.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            state = shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    pub(super) fn frame(&self, time: Timestamp, labels: &Labels, direction: &str, frame: &[u8]) {
        let mut shown = Vec::with_capacity(frame.len() + 64);
        match &self.sink {
            Sink::Thread(owner) => {
                begin(&mut shown, time, labels, direction);
                redact::frame(frame, &mut shown);
                shown.push(b'\n');
                owner.0.push(&shown);
            }
            Sink::Tracing => {
                if tracing::enabled!(target: "kalshi_fix::messages", tracing::Level::DEBUG) {
                    redact::frame(frame, &mut shown);
                    let frame = String::from_utf8_lossy(&shown).replace('\x01', "|");
                    tracing::debug!(target: "kalshi_fix::messages", direction, %frame);
                }
            }
        }
    }

    pub(super) fn garbled(&self, time: Timestamp, labels: &Labels, bytes: &[u8], loose: &mut Loose) {
        let mut masked = Vec::new();
        loose.bytes(bytes, &mut masked);
        masked.truncate(LONGEST_GARBLED);
        match &self.sink {
            Sink::Thread(owner) => {
                let mut line = Vec::new();
                begin(&mut line, time, labels, "garbled");
                line.extend_from_slice(&masked);
                line.push(b'\n');
                owner.0.push(&line);
            }
            Sink::Tracing => {
                let bytes = String::from_utf8_lossy(&masked);
                tracing::debug!(target: "kalshi_fix::messages", direction = "garbled", %bytes);
            }
        }
    }
}

impl fmt::Debug for MessageLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageLog")
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

fn begin(line: &mut Vec<u8>, time: Timestamp, labels: &Labels, direction: &str) {
    let kind = if labels.kind.is_empty() { "-" } else { labels.kind };
    let time = time.with_precision(Precision::MICROS);
    line.extend_from_slice(format!("{time} {kind} {direction} ").as_bytes());
}

/// Ends the log when the last clone is gone.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.lock().closing = true;
        self.0.changed.notify_all();
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    queue: LogQueue,
}

#[derive(Default)]
struct State {
    /// Lines, one behind the other, and how long each is.
    bytes: Vec<u8>,
    lengths: Vec<usize>,
    /// Lines that were ever taken, and those that are written or given up.
    accepted: u64,
    done: u64,
    dropped: u64,
    /// Lines dropped since the log last said so.
    untold: u64,
    stopped: bool,
    closing: bool,
}

impl Shared {
    fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.stopped || state.bytes.len() + line.len() > self.queue.max_bytes {
            state.drop_lines(1);
            return;
        }
        state.bytes.extend_from_slice(line);
        state.lengths.push(line.len());
        state.accepted += 1;
        let first = state.lengths.len() == 1;
        drop(state);
        if first {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn drop_lines(&mut self, lines: u64) {
        self.dropped += lines;
        self.untold += lines;
        Instruments::log_dropped(lines);
    }
}

fn serve(shared: &Shared, mut writer: impl Write) {
    let (mut bytes, mut lengths) = (Vec::new(), Vec::new());
    // When a writer that failed is tried again.
    let mut again: Option<Instant> = None;
    loop {
        let untold = {
            let mut state = shared.lock();
            while state.lengths.is_empty() {
                if state.closing {
                    let _ = writer.flush();
                    return;
                }
                state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut bytes, &mut state.bytes);
            std::mem::swap(&mut lengths, &mut state.lengths);
            state.untold
        };
        let waits = again.is_some_and(|again| Instant::now() < again);
        let written = if waits {
            Ok(0)
        } else {
            write_lines(&mut writer, &bytes, &lengths, untold)
        };
        let mut state = shared.lock();
        let lines = lengths.len();
        let count = match written {
            Ok(count) => {
                if !waits {
                    again = None;
                    state.untold -= untold.min(state.untold);
                }
                count
            }
            Err((count, error)) => {
                tracing::warn!(%error, "the message log cannot be written");
                again = Some(Instant::now() + AGAIN);
                state.stopped = shared.queue.overload == LogOverload::Stop;
                count
            }
        };
        state.drop_lines((lines - count) as u64);
        state.done += lines as u64;
        drop(state);
        shared.changed.notify_all();
        bytes.clear();
        lengths.clear();
    }
}

/// Writes lines, and before them how many are missing. How many were written, also when one fails.
fn write_lines(
    writer: &mut impl Write,
    bytes: &[u8],
    lengths: &[usize],
    missing: u64,
) -> Result<usize, (usize, io::Error)> {
    if missing > 0 {
        let note = format!("# {missing} lines are missing here: they could not be written in time\n");
        writer.write_all(note.as_bytes()).map_err(|error| (0, error))?;
    }
    let mut rest = bytes;
    for (index, length) in lengths.iter().enumerate() {
        let (line, after) = rest.split_at(*length);
        writer.write_all(line).map_err(|error| (index, error))?;
        rest = after;
    }
    writer.flush().map_err(|error| (0, error))?;
    Ok(lengths.len())
}

/// How long a writer that failed is left alone.
const AGAIN: Duration = Duration::from_secs(1);
/// Garbled bytes are told by their beginning.
const LONGEST_GARBLED: usize = 1024;
