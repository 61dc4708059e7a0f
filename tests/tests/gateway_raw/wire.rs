//! A FIX client by hand: bytes over TLS, its own signature, its own framing. It shares no code with the toolkit's client; every
//! message that comes is held against the dictionary.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fix_dialect::Validator;
use fix_dialect::tables::Tables;
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::pss::BlindedSigningKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) struct Wire {
    stream: TlsStream<TcpStream>,
    received: Vec<u8>,
    waiting: VecDeque<String>,
    pub(crate) sender: String,
    target: &'static str,
    pub(crate) sequence: u64,
    /// How far this client's clock is ahead of the system's.
    pub(crate) ahead: Duration,
    fences: u32,
    /// The judge of what the exchange sends.
    dictionary: Validator,
}

impl Wire {
    pub(crate) async fn connect(
        address: SocketAddr,
        root: &str,
        sender: &str,
        target: &'static str,
        tables: &'static Tables,
    ) -> Wire {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(root.as_bytes()).unwrap())
            .unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap();
        Wire {
            stream,
            received: Vec::new(),
            waiting: VecDeque::new(),
            sender: sender.to_owned(),
            target,
            sequence: 0,
            ahead: Duration::ZERO,
            fences: 0,
            dictionary: Validator::new(tables),
        }
    }

    /// Sends a signed Logon with further fields, and returns the answer.
    pub(crate) async fn logon(&mut self, key: &RsaPrivateKey, fields: &str) -> String {
        self.logon_at(key, fields, SystemTime::now()).await
    }

    pub(crate) async fn logon_at(&mut self, key: &RsaPrivateKey, fields: &str, at: SystemTime) -> String {
        let time = utc(at);
        self.logon_signed(key, fields, &time, &time).await
    }

    /// As [`Wire::logon`], with a signature over another SendingTime than the one that goes out.
    pub(crate) async fn forged_logon(&mut self, key: &RsaPrivateKey) -> String {
        let time = utc(SystemTime::now());
        self.logon_signed(key, "", &time, "20260101-00:00:00.000").await
    }

    /// As [`Wire::logon`], without a reset, with the number that is due.
    pub(crate) async fn resume(&mut self, key: &RsaPrivateKey, fields: &str, sequence: u64) -> String {
        let time = utc(SystemTime::now());
        self.sequence = sequence - 1;
        self.logon_with(key, &format!("141=N|{fields}"), &time, &time)
            .await
    }

    async fn logon_signed(&mut self, key: &RsaPrivateKey, fields: &str, time: &str, signed: &str) -> String {
        self.sequence = 0;
        self.logon_with(key, &format!("141=Y|{fields}"), time, signed)
            .await
    }

    async fn logon_with(&mut self, key: &RsaPrivateKey, fields: &str, time: &str, signed: &str) -> String {
        let sequence = self.sequence + 1;
        let signed = format!(
            "{signed}\x01A\x01{sequence}\x01{}\x01{}",
            self.sender, self.target
        );
        let signature =
            BlindedSigningKey::<Sha256>::new(key.clone()).sign_with_rng(&mut OsRng, signed.as_bytes());
        let raw_data = STANDARD.encode(signature.to_bytes());
        let body = format!("35=A|98=0|108=30|96={raw_data}|1137=9|{fields}");
        self.send_at(&body, time).await;
        self.next().await.unwrap_or_default()
    }

    /// Sends a message: MsgType (35) first, `|` between fields.
    pub(crate) async fn send(&mut self, body: &str) {
        self.send_at(body, &utc(SystemTime::now() + self.ahead)).await;
    }

    async fn send_at(&mut self, body: &str, time: &str) {
        self.sequence += 1;
        let (msg_type, rest) = body.split_once('|').unwrap_or((body, ""));
        let Wire {
            sender,
            target,
            sequence,
            ..
        } = self;
        let header = format!("{msg_type}|49={sender}|56={target}|34={sequence}|52={time}|");
        let rest = if rest.is_empty() || rest.ends_with('|') {
            rest.to_owned()
        } else {
            format!("{rest}|")
        };
        let body = format!("{header}{rest}").replace('|', "\x01");
        let framed = format!("8=FIXT.1.1\x019={}\x01{body}", body.len());
        let sum: u32 = framed.bytes().map(u32::from).sum();
        self.bytes(format!("{framed}10={:03}\x01", sum % 256).as_bytes())
            .await;
    }

    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// All bytes that still come, up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.received);
        let read = tokio::time::timeout(Duration::from_secs(20), self.stream.read_to_end(&mut rest)).await;
        // The end may come without TLS's own farewell.
        drop(read.expect("an end in time"));
        rest
    }

    /// The next message, without BodyLength and CheckSum, which are checked; `None` when the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<String> {
        if let Some(waiting) = self.waiting.pop_front() {
            return Some(waiting);
        }
        loop {
            if let Some(frame) = self.cut() {
                return Some(frame);
            }
            let mut chunk = [0; 4096];
            let read = tokio::time::timeout(Duration::from_secs(20), self.stream.read(&mut chunk)).await;
            match read.expect("an answer or an end in time") {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.received.extend_from_slice(&chunk[..count]),
            }
        }
    }

    fn cut(&mut self) -> Option<String> {
        let text = self.received.clone();
        let start = text.strip_prefix(b"8=FIXT.1.1\x019=").or_else(|| {
            assert!(
                text.len() < 20,
                "not a frame: {:?}",
                String::from_utf8_lossy(&text)
            );
            None
        })?;
        let digits = start.iter().position(|byte| *byte == 1)?;
        let length: usize = std::str::from_utf8(&start[..digits]).unwrap().parse().unwrap();
        let body = text.len() - start.len() + digits + 1;
        let whole = body + length + 7;
        if text.len() < whole {
            return None;
        }
        let sum: u32 = text[..body + length].iter().map(|byte| u32::from(*byte)).sum();
        assert_eq!(
            text[body + length..whole],
            *format!("10={:03}\x01", sum % 256).as_bytes()
        );
        let violations = self.dictionary.validate(&text[..whole]).unwrap();
        assert!(violations.is_empty(), "{violations:?}");
        self.received.drain(..whole);
        Some(
            String::from_utf8(text[body..body + length].to_vec())
                .unwrap()
                .replace('\x01', "|"),
        )
    }

    /// Sends a message and returns everything that has come up to the answer to a question after it, without
    /// the fields that differ from run to run.
    pub(crate) async fn ask(&mut self, body: &str) -> Vec<String> {
        self.send(body).await;
        self.heard().await
    }

    /// Everything that has come so far.
    pub(crate) async fn heard(&mut self) -> Vec<String> {
        self.fences += 1;
        let name = format!("fence-{}", self.fences);
        let (question, answer) = if self.target == "KalshiMD" {
            (format!("35=V|263=0|146=1|55={name}"), format!("|55={name}|"))
        } else if self.target == "KalshiRFQ" {
            (format!("35=Z|117={name}"), format!("|117={name}|"))
        } else {
            (
                format!("35=F|11={name}|41=no-such-order|54=1|55=NOWHERE"),
                format!("|11={name}|"),
            )
        };
        self.send(&question).await;
        let mut heard = Vec::new();
        loop {
            let message = self.next().await.expect("the session to go on");
            if message.contains(&answer) {
                return heard;
            }
            heard.push(steady(&message));
        }
    }
}

/// A message without the header and the fields that differ from run to run.
pub(crate) fn steady(message: &str) -> String {
    let kept: Vec<&str> = message
        .split('|')
        .filter(|field| {
            let tag = field.split('=').next().unwrap_or_default();
            ![
                "", "49", "56", "34", "52", "17", "37", "60", "126", "272", "273", "880",
            ]
            .contains(&tag)
        })
        .collect();
    kept.join("|")
}

pub(crate) fn field<'a>(message: &'a str, tag: &str) -> Option<&'a str> {
    message
        .split('|')
        .find_map(|field| field.strip_prefix(tag)?.strip_prefix('='))
}

pub(crate) fn private_key() -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs8_pem(PRIVATE_KEY).unwrap()
}

/// `YYYYMMDD-HH:MM:SS.mmm`
pub(crate) fn utc(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap();
    let (mut days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!(
        "{year:04}{month:02}{:02}-{:02}:{:02}:{:02}.{:03}",
        days + 1,
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        since.subsec_millis()
    )
}

const PRIVATE_KEY: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-pkcs8.pem");
