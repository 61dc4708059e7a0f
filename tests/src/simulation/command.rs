//! The program: many seeds on all cores, or one with a trace.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{Counters, Violation, run};

const USAGE: &str = "\
Runs the simulation of the session engine.

    simulation [--seeds COUNT] [--from SEED] [--threads COUNT] [--seconds LIMIT] [--failures COUNT] [--complete]
    simulation --seed SEED [--trace]

  --seeds COUNT     how many seeds (100000)
  --from SEED       the first one (0)
  --threads COUNT   how many at a time (all cores)
  --seconds LIMIT   fail when it takes longer
  --failures COUNT  stop after so many (1)
  --complete        fail unless the workload is what is promised, and every fault was met in every state
  --seed SEED       this seed alone
  --trace           print what happens in it
";

#[derive(Debug, Clone)]
struct Arguments {
    seeds: u64,
    from: u64,
    threads: usize,
    limit: Option<Duration>,
    failures: u64,
    complete: bool,
    seed: Option<u64>,
    trace: bool,
}

/// Reads the program's arguments and does what they say.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(text) => {
            eprint!("{text}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if let Some(seed) = arguments.seed {
        return match attempt(seed, arguments.trace) {
            Ok(counters) => {
                println!("{counters}");
                ExitCode::SUCCESS
            }
            Err(violation) => {
                println!("{violation}");
                ExitCode::FAILURE
            }
        };
    }
    many(&arguments)
}

fn parse(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments {
        seeds: 100_000,
        from: 0,
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        limit: None,
        failures: 1,
        complete: false,
        seed: None,
        trace: false,
    };
    while let Some(name) = given.next() {
        let mut number = || {
            let value = given.next().ok_or_else(|| format!("{name} needs a number"))?;
            value
                .parse::<u64>()
                .map_err(|error| format!("{name} {value}: {error}"))
        };
        match name.as_str() {
            "--seeds" => arguments.seeds = number()?,
            "--from" => arguments.from = number()?,
            "--threads" => arguments.threads = number()?.clamp(1, 1024) as usize,
            "--seconds" => arguments.limit = Some(Duration::from_secs(number()?)),
            "--failures" => arguments.failures = number()?,
            "--seed" => arguments.seed = Some(number()?),
            "--complete" => arguments.complete = true,
            "--trace" => arguments.trace = true,
            _ => return Err(format!("unknown argument {name}")),
        }
    }
    Ok(arguments)
}

/// A run; a panic is a violation too.
fn attempt(seed: u64, trace: bool) -> Result<Counters, Violation> {
    catch_unwind(AssertUnwindSafe(|| run(seed, trace))).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("a panic");
        Err(Violation {
            seed,
            at: 0,
            what: format!("panicked: {text}"),
        })
    })
}

fn many(arguments: &Arguments) -> ExitCode {
    let started = Instant::now();
    let next = AtomicU64::new(arguments.from);
    let last = arguments.from.saturating_add(arguments.seeds);
    let stop = AtomicBool::new(false);
    let failures = AtomicU64::new(0);
    let sum = Mutex::new((Counters::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| {
                let (mut counters, mut violations) = (Counters::default(), Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= last {
                        break;
                    }
                    match attempt(seed, false) {
                        Ok(met) => counters.add(&met),
                        Err(violation) => {
                            if failures.fetch_add(1, Ordering::Relaxed) + 1 >= arguments.failures {
                                stop.store(true, Ordering::Relaxed);
                            }
                            violations.push(violation);
                        }
                    }
                    if arguments.limit.is_some_and(|limit| started.elapsed() > limit) {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                if let Ok(mut sum) = sum.lock() {
                    sum.0.add(&counters);
                    sum.1.append(&mut violations);
                }
            });
        }
    });
    let Ok((counters, violations)) = sum.into_inner() else {
        return ExitCode::FAILURE;
    };
    report(arguments, &counters, &violations, started.elapsed())
}

fn report(
    arguments: &Arguments,
    counters: &Counters,
    violations: &[Violation],
    elapsed: Duration,
) -> ExitCode {
    let seconds = elapsed.as_secs_f64();
    println!("{counters}");
    println!(
        "{} runs in {seconds:.1} s on {} threads: {:.2} ms a run on each",
        counters.runs,
        arguments.threads,
        seconds * 1000.0 * arguments.threads as f64 / counters.runs.max(1) as f64
    );
    if let Some((count, what)) = counters.rarest() {
        println!("met least often: {what}: {count} times");
    }
    let mut failures: Vec<String> = Vec::new();
    for violation in violations {
        failures.push(format!(
            "{violation}\nreplay it with: cargo run --release -p kalshi-fix-tests --bin simulation -- --seed {} --trace",
            violation.seed
        ));
    }
    if violations.is_empty() && counters.runs < arguments.seeds {
        failures.push(format!(
            "only {} of {} seeds in time",
            counters.runs, arguments.seeds
        ));
    }
    if arguments.complete {
        failures.extend(incomplete(counters));
    }
    for failure in &failures {
        println!("FAILED: {failure}");
    }
    let _ = std::io::stdout().flush();
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn incomplete(counters: &Counters) -> Vec<String> {
    let each = |count: u64| count as f64 / counters.runs.max(1) as f64;
    let mut failures = counters.unmet();
    for (name, count, least) in [
        ("application messages", counters.sent, 200.0),
        ("disconnections", counters.disconnections, 3.0),
        ("crashes", counters.crashes, 1.0),
    ] {
        if each(count) < least {
            failures.push(format!(
                "{:.2} {name} a run, at least {least} were promised",
                each(count)
            ));
        }
    }
    failures
}
