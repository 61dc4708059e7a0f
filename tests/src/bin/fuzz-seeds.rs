//! Writes the seeds of the fuzz targets, and what they found and is kept: `fuzz-seeds DIRECTORY` makes a directory for each
//! target in it, as `cargo fuzz run` wants its corpus.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use kalshi_fix_tests::fuzz::TARGETS;

fn main() -> io::Result<()> {
    let Some(corpus) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("usage: fuzz-seeds DIRECTORY"));
    };
    for target in TARGETS {
        let directory = corpus.join(target.name);
        fs::create_dir_all(&directory)?;
        let seeds = (target.seeds)();
        for (at, seed) in seeds.iter().enumerate() {
            fs::write(directory.join(format!("seed-{at:03}")), seed)?;
        }
        let kept = copy(&kept(target.name), &directory)?;
        println!("{}: {} seeds, {kept} kept", target.name, seeds.len());
    }
    Ok(())
}

/// Where what a target found is kept.
fn kept(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/regressions")
        .join(target)
}

fn copy(from: &Path, to: &Path) -> io::Result<usize> {
    if !from.is_dir() {
        return Ok(0);
    }
    let mut copied = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
        copied += 1;
    }
    Ok(copied)
}
