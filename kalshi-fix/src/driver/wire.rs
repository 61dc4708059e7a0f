//! Reading from and writing to the stream, both from one task.

use std::future::Future as _;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::time::Instant;

use super::DriverSettings;
use crate::session::{Intake, SequenceNumber, Session, Transmit};

/// What is being written.
#[derive(Default)]
pub(super) struct Outgoing {
    pub(super) bytes: Bytes,
    /// The last message in `bytes`.
    through: Mark,
    /// The last message that the stream has taken whole; TLS may still hold it.
    taken: Mark,
    /// The last message that was flushed.
    written: Arc<Written>,
    unflushed: bool,
    /// Since when the peer has taken nothing, though something waits.
    pub(super) stalled_since: Option<Instant>,
    /// Since when nothing can be written any more. The peer's last words may still wait to be read.
    pub(super) broken_since: Option<Instant>,
}

/// A number that was sent, and which [numbering](Session::numbering) it is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) numbering: u64,
    pub(super) sequence: SequenceNumber,
}

/// How far messages are known to have been written. It is written and read by the session's task alone, and by what
/// takes its place when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Written {
    numbering: AtomicU64,
    sequence: AtomicU64,
}

impl Written {
    pub(super) fn starting(before: SequenceNumber) -> Written {
        let written = Written::default();
        written.start(before);
        written
    }

    /// A connection begins, before which these numbers were used.
    pub(super) fn start(&self, before: SequenceNumber) {
        self.set(Mark {
            numbering: 0,
            sequence: before,
        });
    }

    fn set(&self, mark: Mark) {
        self.numbering.store(mark.numbering, Ordering::Relaxed);
        self.sequence.store(mark.sequence, Ordering::Relaxed);
    }

    fn mark(&self) -> Mark {
        Mark {
            numbering: self.numbering.load(Ordering::Relaxed),
            sequence: self.sequence.load(Ordering::Relaxed),
        }
    }

    /// The last number of this numbering that was written; 0 if none was.
    pub(super) fn through(&self, numbering: u64) -> SequenceNumber {
        let mark = self.mark();
        if mark.numbering == numbering {
            mark.sequence
        } else {
            0
        }
    }
}

/// What the stream has done.
pub(super) enum Progress {
    /// Bytes were read into the buffer.
    Read,
    /// The peer has ended the stream, or it broke.
    ReadEnd(Option<io::Error>),
    /// All of the outgoing bytes were written.
    Written,
    WriteFailed(io::Error),
    /// The peer takes nothing for now.
    Stalled,
}

impl Outgoing {
    pub(super) fn new(written: Arc<Written>) -> Outgoing {
        Outgoing {
            taken: written.mark(),
            written,
            ..Outgoing::default()
        }
    }

    /// Takes the next bytes from the core, once the last are written; says whether there were any. What is still in the
    /// core counts against its limit; what is here does not.
    pub(super) fn refill(&mut self, session: &mut Session) -> bool {
        if self.broken_since.is_some() {
            while session.poll_transmit().is_some() {}
            return false;
        }
        if !self.bytes.is_empty() {
            return false;
        }
        let Some(transmit) = session.poll_transmit() else {
            return false;
        };
        self.through = mark(&transmit);
        self.bytes = transmit.bytes;
        // Where each frame waits for the store they come one by one: several make one write.
        let mut several: Option<BytesMut> = None;
        while several.as_ref().map_or(self.bytes.len(), BytesMut::len) < ONE_WRITE {
            let Some(transmit) = session.poll_transmit() else {
                break;
            };
            let several = several.get_or_insert_with(|| BytesMut::from(&self.bytes[..]));
            several.extend_from_slice(&transmit.bytes);
            self.through = mark(&transmit);
        }
        if let Some(several) = several {
            self.bytes = several.freeze();
        }
        true
    }

    /// Until when something has to happen.
    pub(super) fn limit(&self, settings: &DriverSettings) -> Option<Instant> {
        match self.broken_since {
            Some(since) => since.checked_add(settings.final_flush),
            None => self
                .stalled_since
                .and_then(|since| since.checked_add(settings.write_timeout)),
        }
    }

    /// The stream has passed on everything that it has taken.
    pub(super) fn flushed(&mut self) {
        self.unflushed = false;
        self.stalled_since = None;
        self.written.set(self.taken);
    }

    pub(super) fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.unflushed = true;
        self.stalled_since = None;
        if self.bytes.is_empty() {
            self.taken = self.taken.max(self.through);
        }
    }
}

const fn mark(transmit: &Transmit) -> Mark {
    Mark {
        numbering: transmit.numbering,
        sequence: transmit.through,
    }
}

/// Writes first, then reads, as far as the stream lets it.
pub(super) fn poll_stream<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    outgoing: &mut Outgoing,
    received: &mut BytesMut,
    want_read: bool,
    cx: &mut Context<'_>,
) -> Poll<Progress> {
    while outgoing.broken_since.is_none() && !outgoing.bytes.is_empty() {
        match Pin::new(&mut *stream).poll_write(cx, &outgoing.bytes) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Progress::WriteFailed(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(count)) => {
                outgoing.advance(count);
                if outgoing.bytes.is_empty() {
                    return Poll::Ready(Progress::Written);
                }
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Progress::WriteFailed(error)),
            Poll::Pending => break,
        }
    }
    if outgoing.broken_since.is_none() && outgoing.bytes.is_empty() && outgoing.unflushed {
        match Pin::new(&mut *stream).poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                outgoing.flushed();
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Progress::WriteFailed(error)),
            Poll::Pending => {}
        }
    }
    let waits = !outgoing.bytes.is_empty() || outgoing.unflushed;
    if outgoing.broken_since.is_none() && waits && outgoing.stalled_since.is_none() {
        outgoing.stalled_since = Some(Instant::now());
        return Poll::Ready(Progress::Stalled);
    }
    if want_read {
        match pin!(stream.read_buf(received)).poll(cx) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Progress::ReadEnd(None)),
            Poll::Ready(Ok(_)) => return Poll::Ready(Progress::Read),
            Poll::Ready(Err(error)) => return Poll::Ready(Progress::ReadEnd(Some(error))),
            Poll::Pending => {}
        }
    }
    Poll::Pending
}

/// Room for the next read: what the current frame lacks, or a whole chunk when little is left of this one. While nobody
/// holds a frame of it, the same memory is used again.
pub(super) fn make_room(received: &mut BytesMut, intake: Intake, chunk: usize) {
    let lacking = match intake {
        Intake::NeedMore(total) => total.saturating_sub(received.len()),
        _ => 0,
    };
    let free = received.capacity() - received.len();
    if free < lacking.max(chunk / 8) {
        received.reserve(lacking.max(chunk));
    }
}

/// About as much as one call of the operating system takes.
const ONE_WRITE: usize = 32 << 10;
