//! What a session tells of itself, and what it never tells.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fix_dialect::{Framer, Framing};
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{sleep, timeout};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};

use super::pair::*;
use super::supervised::Supervised;
use crate::credentials::{SignatureFuture, Signer};
use crate::driver::{Builder, DriverSettings, Event, InboundPolicy, SessionStore};
use crate::observe::{Labels, LogQueue, MessageLog};
use crate::reconnect::ReconnectPolicy;
use crate::session::{self, Acceptance, Identity, Reject, RejectReason, Role, SessionSettings};
use crate::store::MemoryStore;
use crate::testing::Written;

/// Keeps every metric under its name and labels.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

/// Counts what is recorded.
struct Times(Arc<AtomicU64>);

impl HistogramFn for Times {
    fn record(&self, value: f64) {
        assert!((0.0..3600.0).contains(&value), "{value} seconds");
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Kept {
    fn place(&self, key: &Key) -> Arc<AtomicU64> {
        let mut name = key.name().to_owned();
        for label in key.labels() {
            write!(name, " {}={}", label.key(), label.value()).unwrap();
        }
        Arc::clone(self.0.lock().unwrap().entry(name).or_default())
    }

    /// The value of the metric of this name with these labels beyond the three that all have.
    fn value(&self, role: &str, name: &str) -> Option<u64> {
        let (name, rest) = name.split_once(' ').unwrap_or((name, ""));
        let full = format!("kalshi_fix_{name} product=prediction kind=KalshiNR role={role} {rest}");
        let kept = self.0.lock().unwrap();
        kept.get(full.trim_end())
            .map(|value| value.load(Ordering::Relaxed))
    }

    fn gauge(&self, role: &str, name: &str) -> u64 {
        f64::from_bits(self.value(role, name).expect("a gauge")) as u64
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.place(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.place(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Times(self.place(key))))
    }
}

/// All that `tracing` was told, as text.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<String>>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl tracing::Subscriber for Told {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = self.0.lock().unwrap();
        write!(text, "span {}", span.metadata().name()).unwrap();
        span.record(&mut Fields(&mut text));
        text.push('\n');
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Fields(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = self.0.lock().unwrap();
        write!(text, "{}", event.metadata().level()).unwrap();
        event.record(&mut Fields(&mut text));
        text.push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Signs everything alike.
struct Sealed;

impl Signer for Sealed {
    fn sign<'a>(&'a self, _: &'a [u8]) -> SignatureFuture<'a> {
        Box::pin(async { Ok(b"a very secret signature".to_vec()) })
    }
}

/// The signature as it is on the wire, and passwords.
const SECRETS: [&str; 4] = [
    "YSB2ZXJ5IHNlY3JldCBzaWduYXR1cmU",
    "hunter2",
    "hunter3",
    "opensesame",
];

fn drive(stream: DuplexStream, role: Role, log: Option<MessageLog>) -> Ends {
    let identity = match &role {
        Role::Initiator(_) => Identity::initiator("key-id", "KalshiNR"),
        Role::Acceptor => Identity::acceptor("Kalshi"),
    };
    let mut builder = Builder::new(SessionSettings::kalshi_prediction(identity), role)
        .signer(Arc::new(Sealed))
        .clock(TestClock::shared())
        .labels(Labels::new("prediction", "KalshiNR"));
    if let Some(log) = log {
        builder = builder.message_log(log);
    }
    builder.spawn(stream).unwrap()
}

/// A client with passwords in its logon, and a venue.
async fn logged_on(log: Option<MessageLog>) -> (Ends, Ends) {
    let (near, far) = duplex(1 << 16);
    let logon = logon().signed().field(554, "hunter2").field(925, "hunter3");
    let mut client = drive(near, Role::Initiator(logon), log.clone());
    let mut venue = drive(far, Role::Acceptor, log);
    logon_request(&mut venue).await;
    venue.0.accept_logon(Acceptance::default()).unwrap();
    established_event(&mut client.1).await;
    established_event(&mut venue.1).await;
    (client, venue)
}

/// A bit of everything that a session can tell of.
async fn all_kinds((mut client, mut venue): (Ends, Ends)) {
    for index in 0..3 {
        client.0.send(&note(index)).await.unwrap();
        next_note(&mut venue.1).await;
    }
    venue
        .0
        .reject(Reject::new(2, RejectReason::Other).with_text("no"))
        .unwrap();
    client.0.test_request().unwrap();
    for _ in 0..2 {
        assert!(client.1.recv().await.is_some());
    }
    assert_eq!(client.1.close().await.end.unwrap().to_string(), "logged out");
    assert_eq!(end(&mut venue.1).await, "the peer logged out");
}

#[tokio::test(start_paused = true)]
async fn messages_and_what_became_of_them_are_counted() {
    let kept = Kept::default();
    let _recorder = metrics::set_default_local_recorder(&kept);
    let ends = logged_on(None).await;
    assert_eq!(kept.gauge("initiator", "established"), 1);
    all_kinds(ends).await;
    let check = |role: &str, name: &str, expected: u64| {
        assert_eq!(kept.value(role, name), Some(expected), "{role} {name}");
    };
    for (role, out, back) in [("initiator", "out", "in"), ("acceptor", "in", "out")] {
        check(role, &format!("messages_total direction={out} msg_type=A"), 1);
        check(role, &format!("messages_total direction={out} msg_type=B"), 3);
        check(role, &format!("messages_total direction={out} msg_type=1"), 1);
        check(role, &format!("messages_total direction={back} msg_type=0"), 1);
        check(role, &format!("messages_total direction={back} msg_type=3"), 1);
        check(role, &format!("rejects_total direction={back} level=session"), 1);
        check(role, "logons_total", 1);
        assert!(kept.value(role, &format!("bytes_total direction={out}")).unwrap() > 500);
    }
    check("initiator", "round_trip_seconds", 1);
    assert_eq!(kept.gauge("initiator", "established"), 0);
}

#[tokio::test(start_paused = true)]
async fn gaps_garbage_and_types_without_end_are_counted_within_bounds() {
    let kept = Kept::default();
    let _recorder = metrics::set_default_local_recorder(&kept);
    let (near, mut far) = duplex(1 << 20);
    let client = drive(near, Role::Initiator(logon().signed()), None);
    let mut bytes = b"garbage".to_vec();
    for index in 0..200 {
        let body = format!(
            "35=U{index}|49=Kalshi|56=key-id|34={}|52=20261122-12:00:00|",
            index + 1
        );
        let mut frame = format!("8=FIXT.1.1|9={}|{body}", body.len()).replace('|', "\x01");
        let sum = frame.bytes().fold(0_u8, u8::wrapping_add);
        write!(frame, "10={sum:03}\x01").unwrap();
        bytes.extend_from_slice(frame.as_bytes());
    }
    far.write_all(&bytes).await.unwrap();
    let mut events = client.1;
    end(&mut events).await;
    assert_eq!(kept.value("initiator", "garbled_bytes_total"), Some(7));
    let types = kept.0.lock().unwrap();
    let types = types
        .keys()
        .filter(|name| name.contains("direction=in msg_type="))
        .count();
    assert!(types <= 65, "{types}");
}

#[tokio::test(start_paused = true)]
async fn connections_stores_and_drops_are_counted() {
    let kept = Kept::default();
    let _recorder = metrics::set_default_local_recorder(&kept);
    let settings = DriverSettings {
        inbound_policy: InboundPolicy::DropAndInvalidate,
        max_waiting_events: 10,
        ..DriverSettings::default()
    };
    let mut client = Supervised::start_with(ReconnectPolicy::default(), settings, TestClock::shared());
    let venue = client.accept().await;
    established_event(&mut client.events).await;
    for index in 0..25 {
        venue.0.send(&note(index)).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    let of = |name: &str| {
        let all = kept.0.lock().unwrap();
        let found = all
            .iter()
            .find(|(key, _)| key.starts_with(&format!("kalshi_fix_{name} product= kind= role=initiator")));
        found.map(|(_, value)| value.load(Ordering::Relaxed))
    };
    assert_eq!(of("dropped_messages_total"), Some(20));
    assert_eq!(
        of("waiting_events").map(|bits| f64::from_bits(bits) as u64),
        Some(6),
        "one event for all that was dropped"
    );
    venue.0.abort();
    let _venue = client.accept().await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(of("logons_total"), Some(2));
    assert_eq!(of("disconnections_total"), Some(1));
    let all = kept
        .0
        .lock()
        .unwrap()
        .keys()
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(all.contains("class=network"), "{all}");
}

#[tokio::test]
async fn the_store_is_timed() {
    let kept = Kept::default();
    let _recorder = metrics::set_default_local_recorder(&kept);
    let (near, _far) = duplex(1 << 16);
    let identity = Identity::initiator("key-id", "KalshiRT");
    let store = MemoryStore::new(TestClock::shared().utc());
    let role = Role::Initiator(session::Logon::new(30).default_appl_ver_id("9"));
    let client = Builder::new(
        SessionSettings::kalshi_prediction(identity).retransmitting(),
        role,
    )
    .labels(Labels::new("prediction", "KalshiNR"))
    .store(SessionStore::inline(store))
    .spawn(near)
    .unwrap();
    // The logon's number is kept.
    let is_timed = || {
        kept.value("initiator", "store_seconds")
            .is_some_and(|times| times > 0)
    };
    timeout(Duration::from_secs(30), async {
        while !is_timed() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("in time");
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn spans_and_events_name_the_session_and_no_secret() {
    // What a place tells is asked after when it is first met, and another test that meets it first has no subscriber: so
    // each is met before there is one, which asks all of them anew.
    all_kinds(logged_on(Some(MessageLog::tracing())).await).await;
    let told = Told::default();
    let subscriber = tracing::subscriber::set_default(told.clone());
    all_kinds(logged_on(Some(MessageLog::tracing())).await).await;
    drop(subscriber);
    let text = told.0.lock().unwrap().clone();
    for expected in [
        "span session product=\"prediction\" kind=\"KalshiNR\" role=\"initiator\" sender_comp_id=key-id \
         target_comp_id=\"KalshiNR\"\n",
        "span connection number=1\n",
        "INFO message=logged on peer=Kalshi heart_bt_int=30 reset=true\n",
        "WARN message=the peer rejects a message reference=Some(2)",
        "WARN message=rejected a message of the peer's reference=2",
        "DEBUG message=a test request was answered",
        "INFO message=the peer logs out",
        "DEBUG direction=\"out\" frame=8=FIXT.1.1|9=",
        "|554=***|925=***|",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is in:\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_has_every_message_of_both_directions_and_no_secret() {
    let written = Written::default();
    let log = MessageLog::writer(written.clone(), LogQueue::default()).unwrap();
    all_kinds(logged_on(Some(log.clone())).await).await;
    // Garbled, and with a secret cut in two.
    let (near, mut far) = duplex(1 << 16);
    let mut client = drive(near, Role::Initiator(logon().signed()), Some(log.clone()));
    for piece in [
        "8=FIXT.1.1\x019=999999999999\x0135=A\x01554=open",
        "sesame\x0158=opensesame\x01",
        "8=FIXT.1.1\x019=5\x01",
    ] {
        far.write_all(piece.as_bytes()).await.unwrap();
        sleep(Duration::from_millis(10)).await;
    }
    drop(far);
    while let Some(event) = client.1.recv().await {
        if let Event::Ended(_) = event {
            break;
        }
    }
    assert!(log.flush(Duration::from_mins(1)));
    let bytes = written.bytes();
    let text = String::from_utf8_lossy(&bytes).replace('\x01', "|");
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is in:\n{text}");
    }
    assert!(!text.contains("sesame"), "{text}");
    let (mut out, mut back, mut garbled) = (0, 0, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line = String::from_utf8(line.to_vec()).unwrap();
        let mut words = line.splitn(4, ' ');
        let (time, kind, way, rest) = (words.next(), words.next(), words.next(), words.next().unwrap());
        assert!(time.unwrap().starts_with("20261122-12:00:"), "{line}");
        assert_eq!(kind, Some("KalshiNR"));
        match way.unwrap() {
            "garbled" => garbled += 1,
            way => {
                let frame = rest.strip_suffix('\n').unwrap().as_bytes();
                assert_eq!(
                    Framer::default().next(frame),
                    Framing::Frame(frame.len()),
                    "{line}"
                );
                *if way == "out" { &mut out } else { &mut back } += 1;
            }
        }
    }
    // Both ends of one session: each message is out once and in once. The third logon was answered by nobody.
    assert_eq!((out, back), (11, 10), "{text}");
    assert!(garbled > 0);
}
