//! Kill -9 in a loop: see [`kalshi_fix_tests::crash`]. `crash --kills 200 --seed 1`; `tests/crash/run` builds and runs it.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use kalshi_fix_tests::crash::Habit;
use kalshi_fix_tests::crash::child::{self, Orders};
use kalshi_fix_tests::crash::parent::{self, Settings};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((first, orders)) if first == "child" => child(orders),
        _ => parent(&words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("FAILED: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn child(words: &[String]) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(child::run(Orders::read(words)?))
}

fn parent(words: &[String]) -> Result<(), Box<dyn Error>> {
    let mut settings = Settings {
        kills: 200,
        seed: 1,
        program: env::current_exe()?,
        habit: Habit::Sound,
    };
    for pair in words.chunks(2) {
        match pair {
            [name, value] if name == "--kills" => settings.kills = value.parse()?,
            [name, value] if name == "--seed" => settings.seed = value.parse()?,
            [name, value] if name == "--habit" => settings.habit = value.parse()?,
            _ => return Err("usage: crash [--kills N] [--seed N] [--habit sound|forgets|repeats]".into()),
        }
    }
    let began = Instant::now();
    let kills = settings.kills;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(parent::run(settings))?;
    println!(
        "{kills} kills in {} s: {}",
        began.elapsed().as_secs(),
        outcome.summary
    );
    println!("how far the lives came: {:?}", outcome.deaths);
    Ok(())
}
