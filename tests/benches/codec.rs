//! Decode and encode under criterion, each contender by itself. `benches/ratio.rs` compares them in one table.

mod floor;
mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{
    lanes::{self, Lane},
    workload::Workload,
};

fn decode(criterion: &mut Criterion) {
    for row in Workload::all() {
        measure(criterion, "decode", &row, lanes::decoders(&row));
    }
}

fn encode(criterion: &mut Criterion) {
    for row in Workload::canonical() {
        measure(criterion, "encode", &row, lanes::encoders(&row));
    }
}

/// Times one pass over the row; criterion's throughput is in messages.
fn measure(criterion: &mut Criterion, direction: &str, row: &Workload, lanes: Vec<Lane<'_>>) {
    let mut group = criterion.benchmark_group(format!("{direction}/{}", row.name));
    group.throughput(Throughput::Elements(row.frames.len() as u64));
    for mut lane in lanes {
        group.bench_function(lane.name, |bencher| bencher.iter(&mut lane.pass));
    }
    group.finish();
}

criterion_group!(benches, decode, encode);
criterion_main!(benches);
