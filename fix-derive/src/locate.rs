//! Where a dictionary's path leads.

use std::path::{Path, PathBuf};

use proc_macro2::Span;

/// The first existing file among the places where `path` may lead, or all the places that were tried.
pub(crate) fn locate(path: &str, span: Span) -> Result<PathBuf, Vec<PathBuf>> {
    let candidates = candidates(Path::new(path), span);
    match candidates.iter().find(|candidate| candidate.is_file()) {
        Some(found) => Ok(std::fs::canonicalize(found).unwrap_or_else(|_| found.clone())),
        None => Err(candidates),
    }
}

fn candidates(path: &Path, span: Span) -> Vec<PathBuf> {
    if path.is_absolute() {
        return vec![path.to_owned()];
    }
    let mut candidates = Vec::new();
    if let Some(package) = std::env::var_os("CARGO_MANIFEST_DIR") {
        candidates.push(Path::new(&package).join(path));
    }
    // A test harness may move the package's directory; the source file does not move.
    if let Some(file) = source_file(span) {
        let beside = file.parent().map(|directory| directory.join(path));
        candidates.extend(beside.map(|place| std::path::absolute(&place).unwrap_or(place)));
    }
    candidates.dedup();
    candidates
}

/// The file that holds the attribute; unknown outside of a compilation.
fn source_file(span: Span) -> Option<PathBuf> {
    proc_macro::is_available()
        .then(|| span.unwrap().local_file())
        .flatten()
}
