//! The session engine end to end over loopback, against a raw blocking pair of sockets that exchanges the same bytes.
//!
//! A NewOrderSingle (D) goes out and an ExecutionReport (8) comes back. The lanes take turns, round by round, in one
//! process, and each ratio is the median of the ratios of the rounds: a neighbour on the machine slows all lanes of a
//! round alike, so the ratios hold where the figures do not. CPU time is the whole process's, and so of both sides
//! together, in every lane. `bare tokio` is the floor's exchange by tokio's tasks: what waiting for a socket by way of a
//! runtime costs anybody.
//!
//! `--bench session -- resend idle` runs parts of it: `exchange`, `resend`, `idle`.

#![expect(clippy::cast_precision_loss, reason = "durations and counts of a benchmark")]

mod loopback;

use std::process::Command;
use std::time::Duration;

use kalshi_fix::session::JournalGate;
use loopback::driven::Keep;
use loopback::tls::Tls;
use loopback::traffic::Traffic;
use loopback::{Sample, Security, bare, driven, floor, idle, resend};

const ROUNDS: usize = 5;

fn main() {
    let parts: Vec<String> = std::env::args()
        .skip(1)
        .filter(|part| !part.starts_with('-'))
        .collect();
    if parts.is_empty() {
        exchange();
        alone("resend");
    }
    for part in &parts {
        match part.as_str() {
            "exchange" => exchange(),
            "resend" => resend::print(),
            "idle-plain" => idle::print(Security::Plain),
            "idle-tls" => idle::print(Security::Tls),
            "idle" => {}
            other => panic!("{other}: the parts are exchange, resend and idle"),
        }
    }
    if parts.is_empty() || parts.iter().any(|part| part == "idle") {
        alone("idle-plain");
        alone("idle-tls");
    }
}

/// A part in a process of its own: memory that another part has freed would be used again and not show.
fn alone(part: &str) {
    let program = std::env::current_exe().expect("a path");
    let done = Command::new(program).arg(part).status().expect("a process");
    assert!(done.success(), "{part}: {done}");
}

fn exchange() {
    // The sessions are tasks, which borrow nothing that ends.
    let tls: &'static Tls = Box::leak(Box::new(Tls::generate()));
    let traffic: &'static Traffic = Box::leak(Box::new(Traffic::recorded()));
    println!(
        "order out ({} bytes), report back ({} bytes)",
        traffic.orders.mean_length(),
        traffic.reports.mean_length()
    );
    for security in [Security::Plain, Security::Tls] {
        let mut lanes = [
            Lane::new("floor", |security, tls, traffic| {
                floor::measure(security, tls, traffic)
            }),
            Lane::new("bare tokio", |security, tls, traffic| {
                bare::measure(security, tls, traffic)
            }),
            Lane::new("no journal", |security, tls, traffic| {
                driven::measure(Keep::Nothing, security, tls, traffic)
            }),
            Lane::new("memory", |security, tls, traffic| {
                driven::measure(Keep::Memory, security, tls, traffic)
            }),
            Lane::new("disk", |security, tls, traffic| {
                driven::measure(Keep::Disk(JournalGate::HandedOut), security, tls, traffic)
            }),
            Lane::new("disk before wire", |security, tls, traffic| {
                driven::measure(Keep::Disk(JournalGate::Stored), security, tls, traffic)
            }),
        ];
        for round in 0..=ROUNDS {
            for lane in &mut lanes {
                let sample = (lane.run)(security, tls, traffic);
                // The first round is for warming up.
                if round > 0 {
                    lane.samples.push(sample);
                }
            }
        }
        print_table(security, &lanes);
    }
    driven::clean_up();
}

/// One figure of a sample.
type Value = fn(&Sample) -> f64;
type Run = fn(Security, &'static Tls, &'static Traffic) -> Sample;

struct Lane {
    name: &'static str,
    run: Run,
    samples: Vec<Sample>,
}

impl Lane {
    fn new(name: &'static str, run: Run) -> Lane {
        Lane {
            name,
            run,
            samples: Vec::new(),
        }
    }

    fn median(&self, value: Value) -> f64 {
        median(self.samples.iter().map(value))
    }

    /// The median of the rounds' ratios.
    fn ratio(&self, to: &Lane, value: Value) -> f64 {
        let rounds = self.samples.iter().zip(&to.samples);
        median(rounds.map(|(of, to)| value(of) / value(to)))
    }
}

fn print_table(security: Security, lanes: &[Lane]) {
    println!(
        "\n{:<18} {:>11} {:>6} {:>6} {:>12} {:>6} {:>10} {:>6} {:>10} {:>6}",
        format!("{security:?}"),
        "pipelined/s",
        "ratio",
        "cores",
        "CPU a trip",
        "ratio",
        "p50",
        "ratio",
        "p99",
        "ratio"
    );
    for lane in lanes {
        let rate = |sample: &Sample| sample.rate;
        // What it had of the machine: below 2, the rate is that of a pair that waits for its turn.
        let cores = lane.median(|sample| sample.rate * sample.cpu.as_secs_f64());
        let (rate, ratio) = (lane.median(rate), lane.ratio(&lanes[0], rate));
        print!("{:<18} {rate:>11.0} {ratio:>6.2} {cores:>6.2}", lane.name);
        let columns: [(Value, usize); 3] = [
            (|sample| micros(sample.cpu), 9),
            (|sample| micros(sample.p50), 7),
            (|sample| micros(sample.p99), 7),
        ];
        for (value, width) in columns {
            let (median, ratio) = (lane.median(value), lane.ratio(&lanes[0], value));
            print!(" {median:>width$.2} µs {ratio:>6.2}");
        }
        println!();
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
