//! The toolkit's client, spoken to in lines: one way to test both products and all sessions.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fix_dialect::{BodyWriter, EncodeBody, Timestamp};
use kalshi_fix::client::{Client, ClientBuilder, KalshiProduct, KalshiSession, Session};
use kalshi_fix::credentials::{Credentials, PrivateKey};
use kalshi_fix::driver::{Event, Events, Handle, SessionEnd, SessionStore};
use kalshi_fix::gateway::{Gateway, ManualClock, Member};
use kalshi_fix::session::{self, RejectReceived};
use kalshi_fix::store::{Committed, MemoryStore, Page, Store, StoreError, StoreState};
use tokio::time::timeout;

pub(crate) const MARKET: &str = "HIGHNY-23DEC31";
pub(crate) const PERP: &str = "BTC-PERP";

/// A session, spoken to in lines: MsgType (35) first, `|` between fields.
pub(crate) struct Peer {
    pub(crate) handle: Handle,
    events: Events,
    fences: u32,
}

/// A message that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) sequence: u64,
    pub(crate) poss_dup: bool,
    /// The body from MsgType (35) on, without the header and the fields that differ from run to run.
    pub(crate) text: String,
}

impl Message {
    pub(crate) fn field(&self, tag: &str) -> Option<&str> {
        self.text
            .split('|')
            .find_map(|field| field.strip_prefix(tag)?.strip_prefix('='))
    }

    /// The fields of these tags that are there.
    pub(crate) fn show(&self, tags: &[&str]) -> String {
        let shown = tags
            .iter()
            .filter_map(|tag| Some(format!("{tag}={}", self.field(tag)?)));
        shown.collect::<Vec<_>>().join("|")
    }
}

impl Peer {
    pub(crate) fn new<S: KalshiSession>(session: Session<S>) -> Peer {
        let (sender, receiver) = session.split();
        Peer {
            handle: sender.untyped().clone(),
            events: receiver.into_untyped(),
            fences: 0,
        }
    }

    pub(crate) async fn send(&self, line: &str) -> u64 {
        self.handle.send(&Line(line)).await.unwrap()
    }

    pub(crate) async fn event(&mut self) -> Event {
        let event = timeout(BOUND, self.events.recv()).await;
        event.expect("an event in time").expect("an event before the end")
    }

    /// The next application message.
    pub(crate) async fn next(&mut self) -> Message {
        loop {
            match self.event().await {
                Event::Session(session::Event::Application(inbound)) => {
                    return Message {
                        sequence: inbound.msg_seq_num,
                        poss_dup: inbound.poss_dup,
                        text: steady(&inbound.frame),
                    };
                }
                Event::Session(_) => {}
                other => panic!("expected a message, found {other:?}"),
            }
        }
    }

    /// So many application messages, each as the fields of these tags.
    pub(crate) async fn show(&mut self, count: usize, tags: &[&str]) -> Vec<String> {
        let mut shown = Vec::new();
        for _ in 0..count {
            shown.push(self.next().await.show(tags));
        }
        shown
    }

    /// The next Reject (3) of one of our messages.
    pub(crate) async fn rejected(&mut self) -> RejectReceived {
        loop {
            match self.event().await {
                Event::Session(session::Event::RejectReceived(reject)) => return reject,
                Event::Session(_) => {}
                other => panic!("expected a reject, found {other:?}"),
            }
        }
    }

    /// All that has come, up to the answer to a question that is asked now. On sessions that carry orders.
    pub(crate) async fn heard(&mut self) -> Vec<Message> {
        self.fences += 1;
        let name = format!("fence-{}-{}", self.fences, self.handle.sequences().next_outgoing);
        self.send(&format!("35=F|11={name}|41=none|54=1|55=NOWHERE"))
            .await;
        let mut heard = Vec::new();
        loop {
            let message = self.next().await;
            if message.field("11") == Some(&name) {
                return heard;
            }
            heard.push(message);
        }
    }

    /// How the session ends, and the application messages that came before.
    pub(crate) async fn end(mut self) -> (SessionEnd, Vec<Message>) {
        let mut messages = Vec::new();
        loop {
            match self.event().await {
                Event::Ended(end) => return (end, messages),
                Event::Session(session::Event::Application(inbound)) => messages.push(Message {
                    sequence: inbound.msg_seq_num,
                    poss_dup: inbound.poss_dup,
                    text: steady(&inbound.frame),
                }),
                _ => {}
            }
        }
    }

    /// Logs out, and waits for the end.
    pub(crate) async fn close(self) {
        self.handle.logout(None);
        self.end().await;
    }
}

/// A message as a line.
struct Line<'a>(&'a str);

impl EncodeBody for Line<'_> {
    fn msg_type(&self) -> &[u8] {
        let msg_type = self.0.strip_prefix("35=").expect("MsgType (35) first");
        msg_type.split('|').next().unwrap().as_bytes()
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        for field in self.0.split('|').skip(1) {
            let (tag, value) = field.split_once('=').expect("a field");
            out.field(tag.parse().expect("a tag"), value.as_bytes());
        }
    }
}

fn steady(frame: &[u8]) -> String {
    let frame = String::from_utf8_lossy(frame);
    let kept = frame.split('\x01').filter(|field| {
        let tag = field.split('=').next().unwrap_or_default();
        ![
            "", "8", "9", "10", "49", "56", "34", "52", "43", "122", "37", "60", "126", "880",
        ]
        .contains(&tag)
    });
    kept.collect::<Vec<_>>().join("|")
}

/// A store that several sessions of a client use one after the other.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<MemoryStore>>);

impl Shared {
    pub(crate) fn new() -> Shared {
        Shared(Arc::new(Mutex::new(MemoryStore::new(
            Timestamp::from_unix_nanos(0),
        ))))
    }

    pub(crate) fn session_store(&self) -> SessionStore {
        SessionStore::inline(self.clone())
    }
}

impl Store for Shared {
    fn claim(&mut self, session: &str) -> Result<(), StoreError> {
        self.0.lock().unwrap().claim(session)
    }

    fn state(&self) -> StoreState {
        self.0.lock().unwrap().state()
    }

    fn append(&mut self, sequence: u64, frame: &Bytes) -> Result<(), StoreError> {
        self.0.lock().unwrap().append(sequence, frame)
    }

    fn set_next_outgoing(&mut self, next: u64) -> Result<(), StoreError> {
        self.0.lock().unwrap().set_next_outgoing(next)
    }

    fn set_next_incoming(&mut self, next: u64) -> Result<(), StoreError> {
        self.0.lock().unwrap().set_next_incoming(next)
    }

    fn reset(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.0.lock().unwrap().reset(now)
    }

    fn commit(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
        self.0.lock().unwrap().commit(now)
    }

    fn read(
        &mut self,
        begin: u64,
        end: u64,
        max_bytes: usize,
        out: &mut Vec<(u64, Bytes)>,
    ) -> Result<Page, StoreError> {
        self.0.lock().unwrap().read(begin, end, max_bytes, out)
    }
}

/// The exchange and what its clients share.
pub(crate) struct Scene {
    pub(crate) gateway: Gateway,
    pub(crate) clock: ManualClock,
}

impl Scene {
    pub(crate) async fn new() -> Scene {
        let clock = noon();
        let builder = Gateway::builder().market(MARKET).margin_market(PERP);
        Scene {
            gateway: builder.manual_clock(&clock).start().await.unwrap(),
            clock,
        }
    }

    pub(crate) fn builder<D: KalshiProduct>(&self, credentials: &Credentials) -> ClientBuilder<D> {
        self.gateway
            .client_builder::<D>(credentials.clone())
            .clock(Arc::new(self.clock.clone()))
    }

    pub(crate) fn client<D: KalshiProduct>(&self, credentials: &Credentials) -> Client<D> {
        self.builder(credentials).build().unwrap()
    }
}

/// A key of its own for one more session of a member.
pub(crate) fn credentials(member: &Member) -> Credentials {
    member.credentials(&PrivateKey::from_pem(PRIVATE_KEY).unwrap())
}

/// Noon in New York, on a Monday in August.
pub(crate) fn noon() -> ManualClock {
    ManualClock::at(Timestamp::parse(b"20260817-16:00:00").unwrap())
}

/// A directory that goes when its owner does.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("kalshi-fix-gateway-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Nothing here takes as long; a session that hangs fails its test.
pub(crate) const BOUND: Duration = Duration::from_secs(30);
pub(crate) const PUBLIC_KEY: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-public.pem");
pub(crate) const PRIVATE_KEY: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-pkcs8.pem");
