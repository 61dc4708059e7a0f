//! The simulated exchange under load: a hundred clients at once, over TLS, with the toolkit's own client.
//!
//! `cargo bench -p kalshi-fix-tests --bench gateway`, and for the long run `-- --seconds 600`. Clients and exchange share one
//! process and its cores: what is measured is both together. First as fast as the exchange answers, with one order of each
//! client under way; then at a quarter of that, for the latencies of an exchange that is not full. Latency is the time from
//! before an order is sent to when its New (or Canceled) is taken.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of a benchmark, rounded for people"
)]

#[path = "loopback/usage.rs"]
mod usage;

use std::sync::Arc;
use std::time::{Duration, Instant};

use fix_dialect::{BodyWriter, EncodeBody};
use kalshi_fix::client::{Client, LogonOptions};
use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::driver::{Event, Events, Handle};
use kalshi_fix::gateway::Gateway;
use kalshi_fix::gateway::exchange::Rules;
use kalshi_fix::prediction::Prediction;
use kalshi_fix::session;
use tokio::time::{MissedTickBehavior, interval};

const CLIENTS: usize = 100;
const MARKETS: usize = 20;
const KEY: &str = include_str!("../../kalshi-fix/tests/fixtures/keys/rsa-pkcs8.pem");

/// NewOrderSingle (D), or OrderCancelRequest (F) of the order before.
struct Request {
    client: usize,
    number: u64,
    is_cancel: bool,
}

impl EncodeBody for Request {
    fn msg_type(&self) -> &[u8] {
        if self.is_cancel { b"F" } else { b"D" }
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        let id = format!("{}-{}", self.client, self.number);
        let symbol = format!("M{}", self.client % MARKETS);
        out.field(11, id.as_bytes());
        if self.is_cancel {
            let order = format!("{}-{}", self.client, self.number - 1);
            out.field(41, order.as_bytes())
                .field(54, b"1")
                .field(55, symbol.as_bytes());
            return;
        }
        let cents = format!("0.{}", 20 + self.client % 10);
        out.field(38, b"10").field(40, b"2").field(44, cents.as_bytes());
        out.field(54, b"1").field(55, symbol.as_bytes()).field(59, b"1");
    }
}

struct Trader {
    client: usize,
    handle: Handle,
    events: Events,
    number: u64,
}

impl Trader {
    /// Sends one request and waits for its answer.
    async fn ask(&mut self) -> Duration {
        self.number += 1;
        let request = Request {
            client: self.client,
            number: self.number,
            is_cancel: self.number.is_multiple_of(2),
        };
        let start = Instant::now();
        self.handle.send(&request).await.expect("a session that goes on");
        loop {
            match self.events.recv().await {
                Some(Event::Session(session::Event::Application(_))) => return start.elapsed(),
                Some(Event::Session(_)) => {}
                other => panic!("expected an answer, found {other:?}"),
            }
        }
    }

    async fn until(mut self, end: Instant, pace: Option<Duration>) -> (Trader, Vec<Duration>) {
        let mut found = Vec::new();
        let mut pace = pace.map(|pace| {
            let mut ticks = interval(pace);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            ticks
        });
        while Instant::now() < end {
            if let Some(ticks) = &mut pace {
                ticks.tick().await;
            }
            found.push(self.ask().await);
        }
        (self, found)
    }
}

async fn traders(gateway: &Gateway) -> Vec<Trader> {
    let key = PrivateKey::from_pem(KEY).expect("a key");
    let mut traders = Vec::new();
    for client in 0..CLIENTS {
        let options = LogonOptions::default().skip_pending_exec_reports(true);
        let credentials = gateway.member().credentials(&key);
        let builder = gateway.client_builder::<Prediction>(credentials).logon(options);
        let opened = builder
            .build()
            .map(async |client: Client<Prediction>| client.order_entry().await);
        let session = opened.expect("a client").await.expect("a session");
        let (sender, receiver) = session.split();
        traders.push(Trader {
            client,
            handle: sender.untyped().clone(),
            events: receiver.into_untyped(),
            number: 0,
        });
    }
    traders
}

/// Lets all traders go on for so long; requests a second.
async fn run(
    name: &str,
    traders: Vec<Trader>,
    length: Duration,
    pace: Option<Duration>,
) -> (Vec<Trader>, f64) {
    let start = Instant::now();
    let cpu = usage::cpu();
    let tasks: Vec<_> = traders
        .into_iter()
        .map(|trader| tokio::spawn(trader.until(start + length, pace)))
        .collect();
    let (mut traders, mut found) = (Vec::new(), Vec::new());
    for task in tasks {
        let (trader, mut latencies) = task.await.expect("a trader that goes on");
        traders.push(trader);
        found.append(&mut latencies);
    }
    let elapsed = start.elapsed().as_secs_f64();
    let cores = usage::cpu().saturating_sub(cpu).as_secs_f64() / elapsed;
    found.sort_unstable();
    let at = |part: f64| found[((found.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
    let rate = found.len() as f64 / elapsed;
    println!(
        "{name:<10} {rate:>9.0} requests/s   p50 {:>7.0} µs   p90 {:>7.0} µs   p99 {:>7.0} µs   p99.9 {:>7.0} µs   {cores:.2} cores",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
    );
    (traders, rate)
}

fn main() {
    let seconds = std::env::args()
        .skip_while(|argument| argument != "--seconds")
        .nth(1);
    let seconds: u64 = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(6);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        // What is remembered reaches its bound within seconds, so that memory shows what grows without one.
        let mut rules = Rules::prediction();
        rules.remembered_identifiers = 1_000;
        rules.remembered_reports = 20_000;
        let mut builder = Gateway::builder().rules(rules);
        for market in 0..MARKETS {
            builder = builder.market(&format!("M{market}"));
        }
        let gateway = Arc::new(builder.start().await.expect("a gateway"));
        let traders = traders(&gateway).await;
        println!("{CLIENTS} clients, {MARKETS} markets");
        let (mut traders, full) = run("warm-up", traders, Duration::from_secs(2), None).await;
        let share = Duration::from_secs(seconds.max(2)) / 6;
        usage::forget_peak();
        for part in ["full 1/3", "full 2/3", "full 3/3"] {
            (traders, _) = run(part, traders, share, None).await;
            if let Some(resident) = usage::resident() {
                println!(
                    "{:<10} {:>9.1} MiB resident",
                    "",
                    resident as f64 / f64::from(1 << 20)
                );
            }
        }
        let pace = Duration::from_secs_f64(CLIENTS as f64 / (full / 4.0));
        run("a quarter", traders, share * 3, Some(pace)).await;
        if let (Some(resident), Some(peak)) = (usage::resident(), usage::peak()) {
            let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
            println!(
                "{:<10} {:>9.1} MiB resident, {:.1} at most",
                "",
                mebibytes(resident),
                mebibytes(peak)
            );
        }
    });
}
