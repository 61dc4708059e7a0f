//! Each fuzz target on its corpus: the seeds, what was found and is kept under `fuzz/regressions/`, and altered seeds.

use std::path::Path;

use kalshi_fix_tests::fuzz::mutate::{Random, altered};
use kalshi_fix_tests::fuzz::{TARGETS, Target};

/// Runs the target on its corpus, and on so many altered entries of it.
fn check(name: &str, times: usize) {
    let target = TARGETS
        .iter()
        .find(|target| target.name == name)
        .expect("a target of this name");
    let mut corpus = (target.seeds)();
    assert!(!corpus.is_empty());
    corpus.extend(regressions(target));
    for input in &corpus {
        (target.run)(input);
    }
    let mut random = Random::new(times as u64);
    for round in 0..times {
        let input = altered(&corpus, &mut random);
        let told = Told(round, &input);
        (target.run)(&input);
        std::mem::forget(told);
    }
}

/// Says which input it was, when the target panics.
struct Told<'i>(usize, &'i [u8]);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        eprintln!("input of round {}: b\"{}\"", self.0, self.1.escape_ascii());
    }
}

fn regressions(target: &Target) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/regressions")
        .join(target.name);
    let Ok(entries) = std::fs::read_dir(&directory) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("a file that can be read"))
        .collect()
}

#[test]
fn frames() {
    check("frames", 3000);
}

#[test]
fn prediction() {
    check("prediction", 300);
}

#[test]
fn margin() {
    check("margin", 300);
}

#[test]
fn dictionaries() {
    check("dictionaries", 500);
}

#[test]
fn initiator() {
    check("initiator", 3000);
}

#[test]
fn acceptor() {
    check("acceptor", 3000);
}
