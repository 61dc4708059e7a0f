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
use crate::session::{Intake, SequenceNumber, Session};

/// What is being written.
#[derive(Default)]
pub(super) struct Outgoing {
    pub(super) bytes: Bytes,
    /// The number of the last message in `bytes`.
    through: SequenceNumber,
    /// The number of the last message that the stream has taken whole; TLS may still hold it.
    taken: SequenceNumber,
    /// The number of the last message that was flushed.
    written: Arc<AtomicU64>,
    unflushed: bool,
    /// Since when the peer has taken nothing, though something waits.
    pub(super) stalled_since: Option<Instant>,
    /// Since when nothing can be written any more. The peer's last words may still wait to be read.
    pub(super) broken_since: Option<Instant>,
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
    pub(super) fn new(written: Arc<AtomicU64>) -> Outgoing {
        Outgoing {
            taken: written.load(Ordering::Relaxed),
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
        self.through = transmit.through;
        self.bytes = transmit.bytes;
        // Where each frame waits for the store they come one by one: several make one write.
        let mut several: Option<BytesMut> = None;
        while several.as_ref().map_or(self.bytes.len(), BytesMut::len) < ONE_WRITE {
            let Some(transmit) = session.poll_transmit() else {
                break;
            };
            let several = several.get_or_insert_with(|| BytesMut::from(&self.bytes[..]));
            several.extend_from_slice(&transmit.bytes);
            self.through = transmit.through;
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
        self.written.store(self.taken, Ordering::Relaxed);
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
