//! Peers that do as they are told: one over a pipe, and one that is the stream itself and can break it.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use fix_dialect::{BodyWriter, Encoder, SessionHeader};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex,
};

use super::pair::{Ends, TestClock, drive_client, established_event};
use crate::driver::{Clock, DriverSettings, Events, Handle};

/// Writes the venue's frames.
struct Venue {
    header: SessionHeader,
    encoder: Encoder,
    clock: Arc<dyn Clock>,
    next: u64,
}

impl Venue {
    fn new() -> Venue {
        Venue {
            header: SessionHeader::new("FIXT.1.1", "Kalshi", "key-id").unwrap(),
            encoder: Encoder::new(),
            clock: TestClock::shared(),
            next: 1,
        }
    }

    fn frame(&mut self, msg_type: &[u8], body: impl FnOnce(&mut BodyWriter)) -> Vec<u8> {
        body(
            self.encoder
                .begin(&self.header, msg_type, self.next, self.clock.utc()),
        );
        self.next += 1;
        self.encoder.finish_checked().unwrap().to_vec()
    }

    fn logon(&mut self) -> Vec<u8> {
        self.frame(b"A", |body| {
            body.field(98, b"0")
                .field(108, b"30")
                .field(141, b"Y")
                .field(1137, b"9");
        })
    }
}

/// A peer at the far end of a pipe, which says and reads only what the test has it do.
pub(super) struct Peer {
    pub(super) stream: DuplexStream,
    pub(super) handle: Handle,
    pub(super) events: Events,
    venue: Venue,
}

impl Peer {
    pub(super) async fn connected(settings: DriverSettings) -> Peer {
        Peer::connected_through(1 << 16, settings).await
    }

    pub(super) async fn connected_through(pipe: usize, settings: DriverSettings) -> Peer {
        let (near, mut stream) = duplex(pipe);
        let (handle, mut events) = drive_client(near, settings);
        let mut venue = Venue::new();
        read_logon(&mut stream).await;
        let answer = venue.logon();
        stream.write_all(&answer).await.unwrap();
        established_event(&mut events).await;
        Peer {
            stream,
            handle,
            events,
            venue,
        }
    }

    pub(super) fn frame(&mut self, msg_type: &[u8], body: impl FnOnce(&mut BodyWriter)) -> Vec<u8> {
        self.venue.frame(msg_type, body)
    }

    pub(super) async fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap().replace('\x01', "|")
    }
}

/// The venue's end of a client's connection, logged on, which says only what the test has it do, under any number.
pub(super) struct Accepted {
    stream: DuplexStream,
    venue: Venue,
}

impl Accepted {
    pub(super) async fn answer(mut stream: DuplexStream) -> Accepted {
        let mut venue = Venue::new();
        read_logon(&mut stream).await;
        let answer = venue.logon();
        stream.write_all(&answer).await.unwrap();
        Accepted { stream, venue }
    }

    pub(super) const fn next_number(&mut self, next: u64) {
        self.venue.next = next;
    }

    pub(super) async fn say_note(&mut self, text: &str) {
        let frame = self.venue.frame(b"B", |body| {
            body.field(58, text.as_bytes());
        });
        self.stream.write_all(&frame).await.unwrap();
    }

    /// What the client says until it ends the connection, or waits for the answer to its Logout in vain.
    pub(super) async fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap().replace('\x01', "|")
    }
}

async fn read_logon(stream: &mut DuplexStream) {
    let mut logon = Vec::new();
    while !logon.ends_with(b"\x01") || !String::from_utf8_lossy(&logon).contains("\x0110=") {
        logon.push(stream.read_u8().await.unwrap());
    }
}

/// A stream that delivers what the test says and fails when the test wants it to.
#[derive(Clone)]
pub(super) struct Scripted {
    state: Arc<Mutex<State>>,
}

struct State {
    venue: Venue,
    inbound: VecDeque<u8>,
    reads_broken: bool,
    writes_broken: bool,
    reader: Option<Waker>,
}

impl Scripted {
    /// A client that is logged on over such a stream.
    pub(super) async fn client() -> (Ends, Scripted) {
        let mut venue = Venue::new();
        let inbound = venue.logon().into();
        let state = State {
            venue,
            inbound,
            reads_broken: false,
            writes_broken: false,
            reader: None,
        };
        let script = Scripted {
            state: Arc::new(Mutex::new(state)),
        };
        let mut client = drive_client(script.clone(), DriverSettings::default());
        established_event(&mut client.1).await;
        (client, script)
    }

    pub(super) fn frame(&self, msg_type: &[u8], body: impl FnOnce(&mut BodyWriter)) -> Vec<u8> {
        self.state.lock().unwrap().venue.frame(msg_type, body)
    }

    pub(super) fn say(&self, bytes: &[u8]) {
        self.change(|state| state.inbound.extend(bytes));
    }

    /// From here on reads fail, once what was said is read.
    pub(super) fn break_reads(&self) {
        self.change(|state| state.reads_broken = true);
    }

    pub(super) fn break_writes(&self) {
        self.change(|state| state.writes_broken = true);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap();
        change(&mut state);
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }
}

impl AsyncRead for Scripted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.state.lock().unwrap();
        if state.inbound.is_empty() {
            if state.reads_broken {
                return Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::ConnectionReset,
                    "connection reset",
                )));
            }
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = buffer.remaining().min(state.inbound.len());
        let bytes: Vec<u8> = state.inbound.drain(..count).collect();
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.state.lock().unwrap().writes_broken {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, "broken pipe")));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
