//! A stream that can be made to fail where the session engine itself would behave: at a Logout (5).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::fault::Effect;

/// A stream with a [`Tap`].
#[derive(Debug)]
pub(super) struct Tapped<S> {
    stream: S,
    tap: Arc<Tap>,
    /// The last bytes read: a Logout's MsgType can be cut by the end of a read.
    tail: Vec<u8>,
    muted: bool,
}

/// The other end of a [`Tapped`] stream: what it does when the peer logs out.
#[derive(Debug, Default)]
pub(super) struct Tap(AtomicU8);

impl Tap {
    pub(super) fn at_logout(&self, effect: &Effect) {
        let code = match effect {
            Effect::Disconnect => DISCONNECT,
            Effect::Ignore | Effect::Refuse(_) => MUTE,
        };
        self.0.store(code, Ordering::Release);
    }
}

impl<S> Tapped<S> {
    pub(super) fn new(stream: S, tap: Arc<Tap>) -> Tapped<S> {
        Tapped {
            stream,
            tap,
            tail: Vec::new(),
            muted: false,
        }
    }

    /// Looks for a Logout in what was just read; an error when the connection is to end there.
    fn look(&mut self, read: &[u8]) -> io::Result<()> {
        let code = self.tap.0.load(Ordering::Acquire);
        if code == NOTHING || read.is_empty() {
            return Ok(());
        }
        self.tail.extend_from_slice(read);
        let found = self.tail.windows(LOGOUT.len()).any(|window| window == LOGOUT);
        let keep = self.tail.len().min(LOGOUT.len() - 1);
        self.tail.drain(..self.tail.len() - keep);
        match (found, code) {
            (true, DISCONNECT) => Err(io::ErrorKind::ConnectionAborted.into()),
            (true, _) => {
                self.muted = true;
                Ok(())
            }
            (false, _) => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = polled {
            self.look(&buffer.filled()[before..])?;
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.muted {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

const NOTHING: u8 = 0;
const MUTE: u8 = 1;
const DISCONNECT: u8 = 2;
const LOGOUT: &[u8] = b"\x0135=5\x01";
