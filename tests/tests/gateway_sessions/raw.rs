//! A client made of bytes, over plaintext: what it sends need not be FIX, and what it gets is kept as it came.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::gateway::ManualClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::peer::{BOUND, PRIVATE_KEY};

pub(crate) struct Raw {
    stream: TcpStream,
    clock: ManualClock,
    sender: String,
    target: &'static str,
    pub(crate) sequence: u64,
    /// Everything that has come.
    pub(crate) received: Vec<u8>,
    /// Up to where it was looked at.
    seen: usize,
}

impl Raw {
    pub(crate) async fn connect(
        address: SocketAddr,
        clock: &ManualClock,
        sender: &str,
        target: &'static str,
    ) -> Raw {
        let socket = TcpSocket::new_v4().unwrap();
        // Little fits in between, so that a client that does not read is soon known for one.
        socket.set_recv_buffer_size(4096).unwrap();
        Raw {
            stream: socket.connect(address).await.unwrap(),
            clock: clock.clone(),
            sender: sender.to_owned(),
            target,
            sequence: 0,
            received: Vec::new(),
            seen: 0,
        }
    }

    /// A frame of a message that is due next: MsgType (35) first, `|` between fields.
    pub(crate) fn frame(&mut self, body: &str) -> Vec<u8> {
        self.sequence += 1;
        let (msg_type, rest) = body.split_once('|').unwrap_or((body, ""));
        let rest = if rest.is_empty() {
            String::new()
        } else {
            format!("{rest}|")
        };
        let body = format!(
            "{msg_type}|49={}|56={}|34={}|52={}|{rest}",
            self.sender,
            self.target,
            self.sequence,
            self.time()
        );
        let framed = format!("8=FIXT.1.1|9={}|{body}", body.len()).replace('|', "\x01");
        let sum: u32 = framed.bytes().map(u32::from).sum();
        format!("{framed}10={:03}\x01", sum % 256).into_bytes()
    }

    pub(crate) fn logon_frame(&mut self, fields: &str) -> Vec<u8> {
        let next = self.sequence + 1;
        let signed = format!(
            "{}\x01A\x01{next}\x01{}\x01{}",
            self.time(),
            self.sender,
            self.target
        );
        let key = PrivateKey::from_pem(PRIVATE_KEY).unwrap();
        let raw_data = STANDARD.encode(key.sign_now(signed.as_bytes()).unwrap());
        self.frame(&format!("35=A|98=0|108=3600|96={raw_data}|1137=9|{fields}"))
    }

    pub(crate) async fn logon(&mut self, fields: &str) {
        let frame = self.logon_frame(fields);
        self.bytes(&frame).await;
        self.until(b"\x0135=A\x01").await;
    }

    pub(crate) async fn send(&mut self, body: &str) {
        let frame = self.frame(body);
        self.bytes(&frame).await;
    }

    /// Sends bytes. The exchange may have closed the connection.
    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        let sent = timeout(BOUND, self.stream.write_all(bytes)).await;
        drop(sent.expect("bytes are taken in time, or refused"));
    }

    /// Reads until these bytes have come, behind what was read until before.
    pub(crate) async fn until(&mut self, wanted: &[u8]) {
        loop {
            let new = &self.received[self.seen..];
            if let Some(at) = new.windows(wanted.len()).position(|window| window == wanted) {
                self.seen += at + wanted.len();
                return;
            }
            assert!(
                self.more().await,
                "{}",
                String::from_utf8_lossy(&self.received[self.seen..])
            );
        }
    }

    /// Reads until the connection ends.
    pub(crate) async fn end(&mut self) {
        while self.more().await {}
    }

    async fn more(&mut self) -> bool {
        let mut chunk = vec![0; 16 << 10];
        let read = timeout(BOUND, self.stream.read(&mut chunk)).await;
        match read.expect("bytes or the end in time") {
            Ok(count @ 1..) => {
                self.received.extend_from_slice(&chunk[..count]);
                true
            }
            _ => false,
        }
    }

    /// What has come, with `|` between fields.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).replace('\x01', "|")
    }

    fn time(&self) -> String {
        let precision = fix_dialect::Precision::MILLIS;
        self.clock.now().with_precision(precision).to_string()
    }
}

/// Numbers that follow from a seed.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// How long a test waits between two looks at the exchange.
pub(crate) const PAUSE: Duration = Duration::from_millis(2);
