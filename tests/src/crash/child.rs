//! The process that is killed.

use std::error::Error;
use std::io::BufRead as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use kalshi_fix::client::{Client, Event, LogonOptions, Receiver, Retransmission, Sender};
use kalshi_fix::credentials::{Credentials, PrivateKey};
use kalshi_fix::driver::{Missed, SessionStore};
use kalshi_fix::environment::{Environment, SessionKind};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::prediction::sessions::RT;
use kalshi_fix::reconnect::{FailureClass, ReconnectPolicy};
use kalshi_fix::session::{self, ResendPolicy, SendError};
use kalshi_fix::store::{Durability, JournalStore};
use kalshi_fix::transport::TlsSettings;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::log::Log;
use super::oracle::Handled;
use super::{Habit, order};
use crate::stack::{KEY, PREFIX, Report};

/// What the parent tells the child.
#[derive(Clone, Debug)]
pub struct Orders {
    /// Where its journal and its records are, and the certificate to trust.
    pub directory: PathBuf,
    /// Where the exchange is.
    pub port: u16,
    /// Whose sessions they are.
    pub key_id: String,
    /// Which life this is, from 1.
    pub incarnation: u32,
    /// How it treats its records.
    pub habit: Habit,
}

impl Orders {
    /// As the words of a command line.
    #[must_use]
    pub fn words(&self) -> [String; 5] {
        [
            self.directory.display().to_string(),
            self.port.to_string(),
            self.key_id.clone(),
            self.incarnation.to_string(),
            self.habit.to_string(),
        ]
    }

    /// From the words of a command line.
    pub fn read(words: &[String]) -> Result<Orders, Box<dyn Error>> {
        let [directory, port, key_id, incarnation, habit] = words else {
            return Err("the child needs five words".into());
        };
        Ok(Orders {
            directory: directory.into(),
            port: port.parse()?,
            key_id: key_id.clone(),
            incarnation: incarnation.parse()?,
            habit: habit.parse()?,
        })
    }
}

/// How far a life has come: what the child says when it is there for the first time.
pub const STAGES: [&str; 8] = [
    "began", "journal", "session", "order", "report", "asked", "again", "served",
];

/// Trades until it is killed, or told to finish.
pub async fn run(orders: Orders) -> Result<(), Box<dyn Error>> {
    say("began");
    let told = listen();
    let mut log = Log::open(&orders.directory)?;
    let client = client(&orders)?;
    let mut settings = client.journal_settings(SessionKind::OrderEntryRetransmitting)?;
    settings.durability = Durability::OperatingSystem;
    settings.max_segment_bytes = 64 << 10;
    let now = SystemTime::now().into();
    let journal = JournalStore::open(orders.directory.join("journal"), settings, now)?;
    say("journal");
    // Every other life has the exchange get what it missed; the others let it go.
    let policy = if orders.incarnation.is_multiple_of(2) {
        ResendPolicy::Replay
    } else {
        ResendPolicy::HoldBack
    };
    let kept = Retransmission::new(SessionStore::threaded(journal)).resend(policy);
    let session = client.order_entry_retransmitting(kept).await?;
    say("session");
    let (sender, receiver) = session.split();
    if orders.habit == Habit::Repeats && log.last() > 0 {
        send(&sender, log.last()).await?;
    }
    let mut life = Life {
        orders,
        sender,
        connected: true,
        said: [false; STAGES.len()],
        unwritten: None,
    };
    life.trade(receiver, &mut log, &told).await
}

struct Life {
    orders: Orders,
    sender: Sender<RT>,
    connected: bool,
    said: [bool; STAGES.len()],
    /// A report that a forgetful child has not written down yet.
    unwritten: Option<Handled>,
}

impl Life {
    async fn trade(
        &mut self,
        mut receiver: Receiver<RT>,
        log: &mut Log,
        told: &AtomicU8,
    ) -> Result<(), Box<dyn Error>> {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = receiver.recv() => {
                    if self.take(event, log).await? {
                        return Ok(());
                    }
                }
                _ = pace.tick() => match told.load(Ordering::Relaxed) {
                    TRADE if self.connected => {
                        let id = log.intend()?;
                        send(&self.sender, id).await?;
                        self.reached("order");
                    }
                    FINISH => self.sender.logout(),
                    _ => {}
                }
            }
        }
    }

    /// Whether it is over.
    async fn take(&mut self, event: Option<Event<'_, RT>>, log: &mut Log) -> Result<bool, Box<dyn Error>> {
        match event {
            Some(Event::Message(received)) => {
                let inbound = received.inbound();
                let report = Report::read(&inbound.frame, PREFIX).filter(|_| received.message().is_some());
                let handled = Handled {
                    incarnation: self.orders.incarnation,
                    sequence: inbound.msg_seq_num,
                    poss_dup: inbound.poss_dup,
                    report: report.ok_or_else(|| format!("nobody expects this: {}", received.raw()))?,
                };
                let due = match self.orders.habit {
                    Habit::Forgets => self.unwritten.replace(handled),
                    _ => Some(handled),
                };
                if handled.report.digest.is_multiple_of(8) {
                    // Some take their time: to die over one must not lose it.
                    sleep(PACE).await;
                }
                if let Some(due) = due {
                    log.handled(&due)?;
                }
                self.reached(if handled.poss_dup { "again" } else { "report" });
            }
            Some(Event::Session(event)) => match event {
                session::Event::ResendAsked { .. } => self.reached("asked"),
                session::Event::ResendRequested { .. } => self.reached("served"),
                session::Event::ResendServed { .. }
                | session::Event::GapClosed { .. }
                | session::Event::SequenceReset { gap_fill: true, .. }
                | session::Event::DuplicateIgnored { .. }
                | session::Event::PeerSilent
                | session::Event::ClockSkew { .. }
                | session::Event::TestRequestAnswered { .. }
                | session::Event::LogoutReceived { .. } => {}
                other => return Err(format!("nobody expects this: {other:?}").into()),
            },
            Some(Event::Disconnected(lost)) => {
                self.connected = false;
                check(lost.class, &lost.end)?;
            }
            Some(Event::AttemptFailed(failed)) => check(failed.class, &failed.end)?,
            Some(Event::Reconnected(reconnected)) => {
                self.connected = true;
                if reconnected.missed != Missed::Nothing {
                    return Err(format!("a session that resumes missed {:?}", reconnected.missed).into());
                }
            }
            Some(Event::Ended(end)) if end.to_string() == "logged out" => return Ok(true),
            other => return Err(format!("nobody expects this: {other:?}").into()),
        }
        Ok(false)
    }

    fn reached(&mut self, stage: &str) {
        let at = STAGES.iter().position(|known| *known == stage);
        if let Some(said) = at.and_then(|at| self.said.get_mut(at))
            && !std::mem::replace(said, true)
        {
            say(stage);
        }
    }
}

async fn send(sender: &Sender<RT>, id: u64) -> Result<(), Box<dyn Error>> {
    match sender.send(&order(id, &format!("{PREFIX}{id}"))).await {
        // The connection was just lost: the order has no number, and is not sent again.
        Ok(_) | Err(SendError::NotEstablished(_) | SendError::Reconnecting) => Ok(()),
        Err(other) => Err(format!("order {id} was refused: {other}").into()),
    }
}

fn check(class: FailureClass, end: &impl std::fmt::Display) -> Result<(), String> {
    match class {
        FailureClass::Network | FailureClass::KeyInUse => Ok(()),
        class => Err(format!("{class:?}: {end}")),
    }
}

fn client(orders: &Orders) -> Result<Client<Prediction>, Box<dyn Error>> {
    let tls = TlsSettings::new().without_system_roots();
    let mut policy = ReconnectPolicy::default();
    policy.backoff = Duration::from_millis(10);
    policy.longest_backoff = Duration::from_millis(50);
    policy.spacing = Duration::from_millis(10);
    policy.key_in_use_interval = Duration::from_millis(20);
    policy.maintenance = Vec::new();
    let kind = SessionKind::OrderEntryRetransmitting;
    let client = Client::builder(Environment::Loopback)
        .endpoints(|endpoints| endpoints.host(kind, "127.0.0.1").port(kind, orders.port))
        .tls(tls.roots_from_pem_file(orders.directory.join(ROOT))?)
        .credentials(Credentials::new(
            orders.key_id.clone(),
            PrivateKey::from_pem(KEY)?,
        )?)
        .logon(LogonOptions::default().skip_pending_exec_reports(true))
        .reconnect(policy)
        .build()?;
    Ok(client)
}

/// Takes what the parent says; a child without a parent ends.
fn listen() -> Arc<AtomicU8> {
    let told = Arc::new(AtomicU8::new(TRADE));
    let shared = Arc::clone(&told);
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let what = match line.as_str() {
                "hold" => HOLD,
                "finish" => FINISH,
                _ => continue,
            };
            shared.store(what, Ordering::Relaxed);
        }
        std::process::exit(0);
    });
    told
}

fn say(stage: &str) {
    println!("{stage}");
}

/// The exchange's certificate, in the child's directory.
pub const ROOT: &str = "root.pem";
const TRADE: u8 = 0;
const HOLD: u8 = 1;
const FINISH: u8 = 2;
const PACE: Duration = Duration::from_millis(3);
