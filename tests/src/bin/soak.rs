//! The whole stack at full rate, for minutes, with the proxy's faults now and then: see [`kalshi_fix_tests::stack`] for what
//! must hold. It prints the rate and the memory, and fails when memory grows or anything else breaks.
//!
//! `tests/soak/run` builds and runs it; `--minutes`, `--seed` and `--megabytes` (from one fault to the next, at most)
//! change what it does.

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use kalshi_fix::client::Client;
use kalshi_fix::environment::SessionKind;
use kalshi_fix::prediction::Prediction;
use kalshi_fix_tests::proxy::Planner;
use kalshi_fix_tests::stack::{Desk, Scene, Shared, witness};
use tokio::task::JoinHandle;
use tokio::time::timeout;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::read(env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(reason) => {
            eprintln!("soak: {reason}\nusage: soak [--minutes N] [--seed N] [--megabytes N]");
            return ExitCode::from(2);
        }
    };
    match soak(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("FAILED: {fault}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    minutes: u64,
    seed: u64,
    megabytes: u64,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut arguments = Arguments {
            minutes: 10,
            seed: 1,
            megabytes: 150,
        };
        while let Some(word) = words.next() {
            let place = match word.as_str() {
                "--minutes" => &mut arguments.minutes,
                "--seed" => &mut arguments.seed,
                "--megabytes" => &mut arguments.megabytes,
                _ => return Err(format!("{word} is not understood")),
            };
            let value = words.next().ok_or_else(|| format!("{word} needs a number"))?;
            *place = value.parse().map_err(|_| format!("{value} is no number"))?;
        }
        Ok(arguments)
    }
}

async fn soak(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments {
        minutes,
        seed,
        megabytes,
    } = *arguments;
    println!("{minutes} minutes, seed {seed}, a fault within {megabytes} MB");
    let mut planner = Planner::new(seed, megabytes << 20);
    let mut connections = 0_u64;
    let scene = Scene::start(SessionKind::OrderEntry, move || {
        let mut plan = planner.next_plan();
        connections += 1;
        if !connections.is_multiple_of(SLOW_EVERY) {
            // A slow connection is a fault among others; most are to show what the stack can do.
            plan.up.latency = Duration::ZERO;
            plan.down.latency = Duration::ZERO;
        }
        plan
    })
    .await?;
    let ledger = Shared::default();
    let witness = listen(&scene, &ledger).await?;
    let client: Client<Prediction> = scene.client(SessionKind::OrderEntry).build()?;
    let (sender, mut receiver) = client.order_entry().await?.split();
    let mut desk = Desk::new(sender, ledger.clone());

    let began = Instant::now();
    let end = began + Duration::from_secs(minutes * 60);
    let mut memory = Memory::default();
    let mut next_line = began + LINE;
    let mut answered = 0;
    let mut calm = false;
    loop {
        let now = Instant::now();
        if now >= end && !calm {
            calm = true;
            scene.proxy.calm();
        }
        if calm && now > end + SETTLING {
            return Err(format!("it does not come to rest: {}", scene.proxy).into());
        }
        if now >= next_line {
            next_line += LINE;
            let (tally, kept) = {
                let ledger = ledger.lock();
                (ledger.tally(), ledger.kept())
            };
            let rate = (tally.answered - answered) / LINE.as_secs();
            answered = tally.answered;
            let resident = memory.sample()?;
            println!(
                "{:>4} s: {rate:>6} orders/s, {resident:>6} KiB resident, {kept} orders kept, {tally}; {}",
                began.elapsed().as_secs(),
                scene.proxy
            );
        }
        if witness.is_finished() {
            break;
        }
        if calm {
            if desk.is_connected() && ledger.lock().open() == 0 && scene.proxy.open() <= 1 {
                break;
            }
        } else if desk.is_connected() && ledger.lock().open() <= WINDOW / 2 {
            while desk.is_connected() && ledger.lock().open() < WINDOW {
                if !desk.send().await? {
                    break;
                }
            }
        }
        // So many at a time as it takes to look at the clock seldom.
        for _ in 0..WINDOW / 4 {
            let Ok(event) = timeout(LINE, receiver.recv()).await else {
                break;
            };
            desk.take(event)?;
            if !desk.is_connected() {
                break;
            }
            if calm || ledger.lock().open() <= WINDOW / 2 {
                break;
            }
        }
    }
    desk.close();
    while !desk.is_ended() {
        let event = timeout(SETTLING, receiver.recv()).await;
        desk.take(event.map_err(|_| "the session does not end")?)?;
    }
    scene.check_pace(Duration::from_millis(500))?;
    scene.last_word()?;
    timeout(SETTLING, witness)
        .await
        .map_err(|_| "the witness does not hear the last word")???;
    let ledger = ledger.lock();
    ledger.close()?;
    let tally = ledger.tally();
    println!(
        "{tally}; {}; {} orders/s over all",
        scene.proxy,
        tally.answered / began.elapsed().as_secs().max(1)
    );
    memory.judge()
}

/// The witness's task: ends with the last word.
async fn listen(
    scene: &Scene,
    ledger: &Shared,
) -> Result<JoinHandle<Result<(), kalshi_fix_tests::stack::Fault>>, Box<dyn Error>> {
    let mut heard = scene.witness().await?;
    let ledger = ledger.clone();
    Ok(tokio::spawn(async move {
        while !witness(&ledger, heard.recv().await)? {}
        Ok(())
    }))
}

/// What the process has had resident, sample by sample, in KiB.
#[derive(Default)]
struct Memory(Vec<u64>);

impl Memory {
    fn sample(&mut self) -> Result<u64, Box<dyn Error>> {
        let status = fs::read_to_string("/proc/self/status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = line.and_then(|line| line.split_whitespace().next());
        let resident = resident.ok_or("no VmRSS in /proc/self/status")?.parse()?;
        self.0.push(resident);
        Ok(resident)
    }

    /// The first quarter is for warming up: the exchange remembers so many orders, and no more. Of the rest, the second
    /// half must be where the first one was.
    fn judge(&self) -> Result<(), Box<dyn Error>> {
        let settled = &self.0[self.0.len() / 4..];
        let (first, second) = settled.split_at(settled.len() / 2);
        let (Some(before), Some(after)) = (median(first), median(second)) else {
            return Err("too short a run to judge the memory by".into());
        };
        let bound = before + before / 20 + 2048;
        println!(
            "memory: {before} KiB in the first half after warming up, {after} KiB in the second (at most {bound})"
        );
        if after > bound {
            return Err(format!("memory is not flat: {before} KiB, then {after} KiB").into());
        }
        Ok(())
    }
}

fn median(samples: &[u64]) -> Option<u64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

const LINE: Duration = Duration::from_secs(5);
/// How long it may take until all is well when the faults have stopped.
const SETTLING: Duration = Duration::from_secs(90);
/// How many orders are under way at most.
const WINDOW: usize = 256;
/// Of so many connections one may be slow.
const SLOW_EVERY: u64 = 8;
