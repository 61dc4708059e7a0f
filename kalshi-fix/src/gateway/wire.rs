//! The stream below a session, where messages can be lost, garbled, doubled, held up or cut on their way out.
//!
//! While no fault waits, bytes pass through. A fault begins with a whole message: what the session writes is whole messages,
//! and what of a write the transport has not taken yet goes out as it is.

use std::collections::VecDeque;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use fix_dialect::{Framer, Framing, fields};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::fault::{Effect, Faults, Reached, Spot};
use crate::driver::Handle;
use crate::environment::{Product, SessionKind};

/// A stream whose messages faults can strike.
pub(super) struct Wire<S> {
    stream: S,
    control: Arc<Control>,
    waiting: VecDeque<Piece>,
    waiting_bytes: usize,
    pause: Option<Pin<Box<Sleep>>>,
    /// How much of the last write the transport has not taken: what follows does not begin with a message.
    rest: usize,
    /// The last bytes read: a Logout's MsgType can be cut by the end of a read.
    tail: Vec<u8>,
}

/// Something on its way to the client.
enum Piece {
    Bytes(Bytes),
    Pause(Duration),
    /// Nothing after it.
    End,
}

/// The other end of a [`Wire`], for the connection that it belongs to.
pub(super) struct Control {
    faults: Arc<Faults>,
    product: Product,
    kind: SessionKind,
    key_id: OnceLock<String>,
    handle: OnceLock<Handle>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_silent: bool,
    /// Test requests that are to go nowhere: they only use up numbers.
    swallow: u32,
    /// After how many bytes the connection ends.
    cut_after: Option<usize>,
}

impl Control {
    pub(super) fn new(faults: Arc<Faults>, product: Product, kind: SessionKind) -> Control {
        Control {
            faults,
            product,
            kind,
            key_id: OnceLock::new(),
            handle: OnceLock::new(),
            state: Mutex::default(),
        }
    }

    /// Whose session it is.
    pub(super) fn belongs_to(&self, key_id: &str) {
        let _ = self.key_id.set(key_id.to_owned());
    }

    pub(super) fn drives(&self, handle: Handle) {
        let _ = self.handle.set(handle);
    }

    /// The fault that strikes at this step, if one does.
    pub(super) fn fault(&self, reached: Reached<'_>) -> Option<Effect> {
        let spot = Spot {
            product: self.product,
            kind: self.kind,
            key_id: self.key_id.get().map(String::as_str),
        };
        self.faults.take(&spot, reached)
    }

    /// Nothing leaves from here on.
    pub(super) fn silence(&self) {
        self.state().is_silent = true;
    }

    /// The connection ends when so many more bytes have left.
    pub(super) fn cut_after(&self, bytes: usize) {
        self.state().cut_after = Some(bytes);
    }

    /// Uses up so many numbers, a bounded number of them at a time.
    pub(super) fn gap(&self, count: u32) {
        let Some(handle) = self.handle.get() else { return };
        for _ in 0..count.min(LARGEST_GAP) {
            self.state().swallow += 1;
            if handle.test_request().is_err() {
                self.state().swallow -= 1;
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether bytes pass through.
    fn is_idle(&self) -> bool {
        let state = self.state();
        self.faults.is_empty() && !state.is_silent && state.swallow == 0 && state.cut_after.is_none()
    }
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, control: Arc<Control>) -> Wire<S> {
        Wire {
            stream,
            control,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            pause: None,
            rest: 0,
            tail: Vec::new(),
        }
    }

    /// Takes whole messages, and does to each what faults want.
    fn take(&mut self, mut bytes: &[u8]) {
        let framer = Framer::new(usize::MAX);
        while !bytes.is_empty() {
            let length = match framer.next(bytes) {
                Framing::Frame(length) => length,
                _ => bytes.len(),
            };
            let (frame, rest) = bytes.split_at(length);
            self.judge(frame);
            bytes = rest;
        }
    }

    fn judge(&mut self, frame: &[u8]) {
        // BeginString (8) and BodyLength (9) come first, and then MsgType (35).
        let msg_type = fields(frame).nth(2).map_or(&b""[..], |field| field.value);
        {
            let mut state = self.control.state();
            if state.swallow > 0 && msg_type == b"1" {
                state.swallow -= 1;
                return;
            }
        }
        let control = Arc::clone(&self.control);
        match control.fault(Reached::Sending(msg_type)) {
            None | Some(Effect::Doubt) => self.push(frame),
            Some(Effect::Ignore | Effect::Refuse(_)) => {}
            Some(Effect::Disconnect) => self.waiting.push_back(Piece::End),
            Some(Effect::Delay(pause)) => {
                self.waiting.push_back(Piece::Pause(pause));
                self.push(frame);
            }
            Some(Effect::Silence) => control.silence(),
            Some(Effect::Garble) => {
                let mut garbled = frame.to_vec();
                // Behind the length, so that only this message is lost, and before the checksum. SOH stays where it is.
                let from = frame.len().min(GARBLE_FROM);
                let to = frame.len().saturating_sub(TRAILER).max(from);
                let at = from + control.faults.pick(to - from);
                if let Some(byte) = garbled[at..].iter_mut().find(|byte| **byte != 1) {
                    *byte ^= 1 << 3;
                }
                self.push(&garbled);
            }
            Some(Effect::Duplicate) => {
                self.push(frame);
                self.push(frame);
            }
            Some(Effect::Gap(count)) => {
                self.push(frame);
                control.gap(count);
            }
            Some(Effect::CutAfter(bytes)) => {
                control.cut_after(bytes);
                self.push(frame);
            }
        }
    }

    fn push(&mut self, frame: &[u8]) {
        if self.control.state().is_silent {
            return;
        }
        self.waiting_bytes += frame.len();
        self.waiting
            .push_back(Piece::Bytes(Bytes::copy_from_slice(frame)));
    }

    /// Looks for a Logout in what was just read; an error when the connection is to end there.
    fn look(&mut self, read: &[u8]) -> io::Result<()> {
        if self.control.faults.is_empty() || read.is_empty() {
            self.tail.clear();
            return Ok(());
        }
        self.tail.extend_from_slice(read);
        let found = self.tail.windows(LOGOUT.len()).any(|window| window == LOGOUT);
        let keep = self.tail.len().min(LOGOUT.len() - 1);
        self.tail.drain(..self.tail.len() - keep);
        if !found {
            return Ok(());
        }
        match self.control.fault(Reached::Logout) {
            Some(Effect::Disconnect) => return Err(io::ErrorKind::ConnectionAborted.into()),
            Some(Effect::Ignore | Effect::Refuse(_) | Effect::Silence) => self.control.silence(),
            Some(Effect::Delay(pause)) => self.waiting.push_back(Piece::Pause(pause)),
            Some(Effect::CutAfter(bytes)) => self.control.cut_after(bytes),
            Some(Effect::Doubt | Effect::Garble | Effect::Duplicate | Effect::Gap(_)) | None => {}
        }
        Ok(())
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Sends what waits, as far as it may leave and the transport takes it.
    fn drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(pause) = &mut self.pause {
                std::task::ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            match self.waiting.front_mut() {
                None => return Poll::Ready(Ok(())),
                Some(Piece::End) => {
                    let _ = std::task::ready!(Pin::new(&mut self.stream).poll_flush(context));
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                Some(Piece::Pause(pause)) => {
                    self.pause = Some(Box::pin(sleep(*pause)));
                    self.waiting.pop_front();
                }
                Some(Piece::Bytes(bytes)) => {
                    let left = self.control.state().cut_after;
                    let most = left.unwrap_or(usize::MAX).min(bytes.len());
                    if most == 0 {
                        self.waiting.clear();
                        self.waiting.push_back(Piece::End);
                        continue;
                    }
                    let count =
                        std::task::ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[..most]))?;
                    if count == 0 {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    bytes.advance(count);
                    let is_done = bytes.is_empty();
                    self.waiting_bytes -= count;
                    if let Some(left) = left {
                        self.control.state().cut_after = Some(left - count);
                    }
                    if is_done {
                        self.waiting.pop_front();
                    }
                }
            }
        }
    }

    /// Whether what waits does so for a fault, and not for the client.
    fn is_paused(&self) -> bool {
        self.pause.is_some()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Whoever waits for the client to speak also waits for what was held up.
        if !self.waiting.is_empty()
            && let Poll::Ready(Err(error)) = self.drain(context)
        {
            return Poll::Ready(Err(error));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = polled {
            self.look(&buffer.filled()[before..])?;
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let passes = self.rest > 0 || (self.waiting.is_empty() && self.control.is_idle());
        if passes {
            let count = std::task::ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
            self.rest = bytes.len() - count;
            return Poll::Ready(Ok(count));
        }
        if self.waiting_bytes >= WAITING {
            std::task::ready!(self.drain(context))?;
        }
        self.take(bytes);
        match self.drain(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.drain(context) {
            // The session is not to think that the client takes nothing.
            Poll::Pending if self.is_paused() => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What is held up leaves before the end.
        if std::task::ready!(self.drain(context)).is_err() {
            self.waiting.clear();
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// How many bytes may be held up before the session has to wait.
const WAITING: usize = 1 << 20;
/// How many numbers one fault uses up at most.
const LARGEST_GAP: u32 = 10_000;
const LOGOUT: &[u8] = b"\x0135=5\x01";
/// The length of `8=FIXT.1.1<SOH>9=nnnnn<SOH>`, or a little more.
const GARBLE_FROM: usize = 24;
/// The length of `10=nnn<SOH>`.
const TRAILER: usize = 7;
