//! The codec against its floors, interleaved round by round in one process, as a table.
//!
//! A neighbour on the machine slows all contenders of a round alike, so the ratios hold where the nanoseconds do not.
//! Each ratio is the median of the ratios of the rounds. Allocations are those of one pass after a first one.

#![expect(clippy::cast_precision_loss, reason = "nanoseconds and counts of a benchmark")]

mod floor;
mod support;

use std::time::Instant;

use support::{
    lanes::{self, CHECKED, FLOOR, Lane, OURS, VECTOR},
    workload::Workload,
};

const ROUNDS: usize = 300;
/// A round of one lane handles about this many messages.
const MESSAGES_A_ROUND: usize = 640;

fn main() {
    let decoded = Workload::all()
        .into_iter()
        .map(|row| Row::measure(&row, lanes::decoders(&row)));
    print_table(
        "decode",
        decoded,
        &[(FLOOR, VECTOR), (OURS, FLOOR), (OURS, VECTOR)],
    );
    let encoded = Workload::canonical()
        .into_iter()
        .map(|row| Row::measure(&row, lanes::encoders(&row)));
    print_table("encode", encoded, &[(OURS, FLOOR), (CHECKED, OURS)]);
}

/// Prints each row as soon as it is measured.
fn print_table(direction: &str, rows: impl Iterator<Item = Row>, ratios: &[(&str, &str)]) {
    let mut titled = false;
    for row in rows {
        let ratios = ratios
            .iter()
            .filter_map(|(of, to)| Some((format!("{of}/{to}"), row.ratio(of, to)?)));
        let ratios: Vec<(String, f64)> = ratios.collect();
        if !titled {
            print!("\n{direction:<18} {:>6}", "bytes");
            for lane in &row.lanes {
                print!(" {:>9}", lane.name);
            }
            for (name, _) in &ratios {
                print!(" {name:>13}");
            }
            println!(" {:>12}", "allocations");
            titled = true;
        }
        print!("{:<18} {:>6}", row.name, row.length);
        row.lanes
            .iter()
            .for_each(|lane| print!(" {:>6.1} ns", median(lane.rounds.iter().copied())));
        for (_, ratio) in &ratios {
            print!(" {ratio:>13.2}");
        }
        let ours = row.lanes.iter().find(|lane| lane.name == OURS);
        println!(" {:>12.2}", ours.map_or(f64::NAN, |lane| lane.allocations));
    }
}

/// The lanes of one workload, measured.
struct Row {
    name: &'static str,
    /// The mean length of a frame in bytes.
    length: usize,
    lanes: Vec<Measured>,
}

/// What one lane did on one workload.
struct Measured {
    name: &'static str,
    /// Nanoseconds a message, one value a round.
    rounds: Vec<f64>,
    /// Allocations a message.
    allocations: f64,
}

impl Row {
    fn measure(workload: &Workload, mut lanes: Vec<Lane<'_>>) -> Row {
        let passes = MESSAGES_A_ROUND.div_ceil(workload.frames.len());
        let messages = workload.frames.len() as f64;
        let mut measured = Vec::new();
        for lane in &mut lanes {
            (lane.pass)();
            let counted = allocation_counter::measure(|| (lane.pass)());
            measured.push(Measured {
                name: lane.name,
                rounds: Vec::with_capacity(ROUNDS),
                allocations: counted.count_total as f64 / messages,
            });
        }
        for _ in 0..ROUNDS {
            for (lane, measured) in lanes.iter_mut().zip(&mut measured) {
                let start = Instant::now();
                for _ in 0..passes {
                    (lane.pass)();
                }
                measured
                    .rounds
                    .push(start.elapsed().as_nanos() as f64 / (messages * passes as f64));
            }
        }
        Row {
            name: workload.name,
            length: workload.frames.iter().map(Vec::len).sum::<usize>() / workload.frames.len(),
            lanes: measured,
        }
    }

    /// The median over the rounds of one lane's time over another's; `None` where a lane is not there.
    fn ratio(&self, of: &str, to: &str) -> Option<f64> {
        let lane = |name: &str| self.lanes.iter().find(|lane| lane.name == name);
        let (of, to) = (lane(of)?, lane(to)?);
        Some(median(of.rounds.iter().zip(&to.rounds).map(|(of, to)| of / to)))
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
