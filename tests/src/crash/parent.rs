//! Who starts the child, kills it, and judges.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use kalshi_fix::client::{Event, Receiver};
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::Member;
use kalshi_fix::gateway::exchange::{NewOrder, Price, Quantity, Side, TimeInForce};
use kalshi_fix::prediction::sessions::NR;
use rust_decimal::Decimal;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, sleep_until, timeout};

use super::child::{Orders, ROOT, STAGES};
use super::oracle::{Summary, Truth, check};
use super::{Habit, RESTING, log};
use crate::proxy::{Plan, Trouble};
use crate::simulation::random::Random;
use crate::stack::{MARKET, PREFIX, Report, Scene};

/// How often to kill, and whom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often.
    pub kills: u32,
    /// What the moments of death follow from.
    pub seed: u64,
    /// The program whose `child` is to be killed.
    pub program: PathBuf,
    /// How it treats its records.
    pub habit: Habit,
}

/// What it came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The comparison of the child's records with what happened.
    pub summary: Summary,
    /// How often each life ended how far on: by the last of [`STAGES`] that it had come to, or "nothing".
    pub deaths: BTreeMap<&'static str, u32>,
}

/// Kills the child as often as it is told to, and lets it finish then.
pub async fn run(settings: Settings) -> Result<Outcome, Box<dyn Error>> {
    let kind = SessionKind::OrderEntryRetransmitting;
    let mut troubles = Random::new(!settings.seed);
    // Some connections break besides, so that sessions resume in one life too.
    let scene = Scene::start(kind, move || {
        let mut plan = Plan::default();
        if troubles.percent(30) {
            plan.up.troubles = vec![(troubles.below(20_000), Trouble::Cut)];
        }
        plan
    })
    .await?;
    let directory = Directory::new(settings.seed)?;
    fs::write(directory.0.join(ROOT), scene.gateway.root_certificate())?;
    let truth = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    tasks.spawn(witness(scene.witness().await?, Arc::clone(&truth)));
    let other = scene.gateway.member();
    other.deposit(Product::Prediction, 100_000_000);
    let filling = tasks.spawn(fill(other.clone(), settings.seed));

    let mut orders = Orders {
        directory: directory.0.clone(),
        port: scene.proxy.port(),
        key_id: scene.key_id(),
        incarnation: 0,
        habit: settings.habit,
    };
    let mut random = Random::new(settings.seed);
    let mut deaths = BTreeMap::new();
    let mut sales = 0_u32;
    for _ in 0..settings.kills {
        orders.incarnation += 1;
        let mut life = Life::begin(&settings.program, &orders)?;
        life.until(Moment::draw(&mut random)).await?;
        *deaths.entry(life.kill()?).or_default() += 1;
        // What happens while it is dead.
        for _ in 0..random.below(60) {
            sales += 1;
            sell(&other, &format!("meanwhile-{sales}"), random.between(1, 2));
        }
        sleep(Duration::from_millis(random.skewed(0, 30))).await;
    }

    scene.proxy.calm();
    orders.incarnation += 1;
    let mut life = Life::begin(&settings.program, &orders)?;
    life.until(Moment::Stage("session", Duration::ZERO)).await?;
    life.tell("hold")?;
    filling.abort();
    let summary = settle(&directory.0, &truth).await?;
    life.tell("finish")?;
    life.end().await?;
    // Nothing comes after the end, and what was handled stays handled.
    compare(&directory.0, &truth)?;
    Ok(Outcome { summary, deaths })
}

/// Waits until the child's records agree with what happened; what is wrong with them, if they do not and nothing comes any
/// more.
async fn settle(directory: &Path, truth: &Mutex<Vec<Truth>>) -> Result<Summary, Box<dyn Error>> {
    let bound = Instant::now() + SETTLING;
    let mut before = (0, None);
    let mut quiet_since = Instant::now();
    loop {
        let now = compare(directory, truth);
        let state = (
            lock(truth).len() + log::reports_of(directory)?.len(),
            now.as_ref().ok().copied(),
        );
        match now {
            Ok(summary) if before == state => return Ok(summary),
            Err(fault) if before == state && quiet_since.elapsed() > QUIET => return Err(fault),
            Err(fault) if Instant::now() > bound => return Err(fault),
            _ => {}
        }
        if before != state {
            quiet_since = Instant::now();
        }
        before = state;
        sleep(Duration::from_millis(150)).await;
    }
}

fn compare(directory: &Path, truth: &Mutex<Vec<Truth>>) -> Result<Summary, Box<dyn Error>> {
    // What happens in between is in the records and not yet known to have happened, never the other way about for long.
    let truth = lock(truth).clone();
    Ok(check(
        &log::orders_of(directory)?,
        &truth,
        &log::reports_of(directory)?,
    )?)
}

/// When the child is to die.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after its start.
    After(Duration),
    /// So long after it came to this stage.
    Stage(&'static str, Duration),
}

impl Moment {
    fn draw(random: &mut Random) -> Moment {
        if random.percent(30) {
            return Moment::After(Duration::from_micros(random.skewed(0, 300_000)));
        }
        let stage = random.pick(&STAGES);
        Moment::Stage(stage, Duration::from_micros(random.skewed(0, 20_000)))
    }
}

/// A child.
struct Life {
    child: Child,
    said: mpsc::UnboundedReceiver<String>,
    last: &'static str,
}

impl Life {
    fn begin(program: &Path, orders: &Orders) -> Result<Life, Box<dyn Error>> {
        let mut child = Command::new(program)
            .arg("child")
            .args(orders.words())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("a child without an output")?;
        // Bounded by the child: a line for each stage.
        let (say, said) = mpsc::unbounded_channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if say.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Life {
            child,
            said,
            last: "nothing",
        })
    }

    /// Waits for a moment, or for as long as it makes sense.
    async fn until(&mut self, moment: Moment) -> Result<(), Box<dyn Error>> {
        let began = tokio::time::Instant::now();
        let (stage, mut deadline) = match moment {
            Moment::After(time) => (None, began + time),
            Moment::Stage(stage, delay) => (Some((stage, delay)), began + PATIENCE),
        };
        loop {
            tokio::select! {
                biased;
                line = self.said.recv() => {
                    let Some(line) = line else {
                        let status = self.child.wait()?;
                        return Err(format!("the child ended by itself: {status}").into());
                    };
                    self.last = STAGES.into_iter().find(|stage| *stage == line).unwrap_or(self.last);
                    if let Some((stage, delay)) = stage && stage == self.last {
                        deadline = tokio::time::Instant::now() + delay;
                    }
                }
                () = sleep_until(deadline) => return Ok(()),
            }
        }
    }

    /// Kill -9. How far it had come.
    fn kill(mut self) -> Result<&'static str, Box<dyn Error>> {
        self.child.kill()?;
        self.child.wait()?;
        while let Ok(line) = self.said.try_recv() {
            self.last = STAGES
                .into_iter()
                .find(|stage| *stage == line)
                .unwrap_or(self.last);
        }
        Ok(self.last)
    }

    fn tell(&mut self, what: &str) -> Result<(), Box<dyn Error>> {
        let input = self.child.stdin.as_mut().ok_or("a child without an input")?;
        Ok(writeln!(input, "{what}")?)
    }

    /// Waits until it ends as it was told to.
    async fn end(mut self) -> Result<(), Box<dyn Error>> {
        let ended = timeout(SETTLING, async { while self.said.recv().await.is_some() {} }).await;
        if ended.is_err() {
            self.child.kill()?;
            self.child.wait()?;
            return Err("the child does not finish".into());
        }
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the child ended badly: {status}").into())
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // Of one that has ended there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn witness(mut heard: Receiver<NR>, truth: Arc<Mutex<Vec<Truth>>>) {
    while let Some(event) = heard.recv().await {
        let Event::Message(received) = event else { continue };
        if let Some(report) = Report::read(&received.inbound().frame, PREFIX) {
            lock(&truth).push(Truth {
                report,
                // OrdRejReason (103): a duplicate order.
                repeated: received.raw().field(103) == Some(b"6"),
            });
        }
    }
}

/// Sells to the child's resting orders now and then, whether it lives or not.
async fn fill(member: Member, seed: u64) {
    let mut random = Random::new(seed ^ 0xf111);
    let mut pace = interval(Duration::from_millis(20));
    for number in 0_u64.. {
        pace.tick().await;
        sell(&member, &format!("fill-{number}"), random.between(1, 2));
    }
}

fn sell(member: &Member, id: &str, contracts: u64) {
    let price = Price::from_dollars(Decimal::new(RESTING, 2));
    let quantity = Quantity::from_decimal(Decimal::from(contracts));
    if let (Some(price), Some(quantity)) = (price, quantity) {
        let mut order = NewOrder::limit(id, MARKET, Side::Sell, price, quantity);
        order.time_in_force = TimeInForce::ImmediateOrCancel;
        // Nobody at this price: then it is cancelled.
        let _ = member.place(Product::Prediction, order);
    }
}

/// A directory that goes when its owner does.
struct Directory(PathBuf);

impl Directory {
    fn new(seed: u64) -> Result<Directory, Box<dyn Error>> {
        let name = format!("kalshi-fix-crash-{}-{seed}", std::process::id());
        let path = std::env::temp_dir().join(name);
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path)?;
        Ok(Directory(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a child may take to come to a stage: not every life does.
const PATIENCE: Duration = Duration::from_millis(500);
/// When nothing has come for this long, nothing comes any more.
const QUIET: Duration = Duration::from_secs(15);
/// How long everything may take to come to rest.
const SETTLING: Duration = Duration::from_secs(30);
