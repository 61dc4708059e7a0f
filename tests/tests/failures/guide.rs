//! The guide's page of errors has every error, and names none that there is not; the first pages say what there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Item, Visibility};

/// Of the dialect's runtime, those that a user of `kalshi-fix` meets; the others are named in the last paragraph.
const LISTED_IN_PROSE: [&str; 3] = ["LoadError", "MergeError", "StartError"];

#[test]
fn the_guide_has_every_error() {
    let page = fs::read_to_string(below("../kalshi-fix/src/guide/errors.md")).unwrap();
    let mut missing = Vec::new();
    let mut checked = BTreeSet::new();
    for source in ["../kalshi-fix/src", "../fix-dialect/src"] {
        for file in sources(&below(source)) {
            let parsed = syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap();
            for item in parsed.items {
                let Item::Enum(item) = item else { continue };
                let is_error =
                    |variant: &syn::Variant| variant.attrs.iter().any(|a| a.path().is_ident("error"));
                if !matches!(item.vis, Visibility::Public(_)) || !item.variants.iter().any(is_error) {
                    continue;
                }
                let name = item.ident.to_string();
                let Some(section) = section(&page, &name) else {
                    missing.push(name);
                    continue;
                };
                let of_enum = item.variants.iter().map(|variant| variant.ident.to_string());
                missing.extend(
                    of_enum
                        .filter(|variant| !section.contains(&format!("`{variant}`")))
                        .map(|variant| format!("{name}::{variant}")),
                );
                checked.insert(name);
            }
        }
    }
    assert!(checked.len() > 30, "{checked:?}");
    assert!(
        missing.is_empty(),
        "kalshi-fix/src/guide/errors.md says nothing of {missing:?}: give each a cause and what helps"
    );
}

/// The pages that a newcomer meets first say which features there are, which Rust is tested, and what is not supported.
#[test]
fn the_first_pages_say_what_there_is() {
    let read = |path: &str| fs::read_to_string(below(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let workspace = read("../Cargo.toml");
    let (_, version) = workspace.split_once("rust-version = \"").unwrap();
    let rust = format!("Rust {}", version.split('"').next().unwrap());
    for page in [
        "../README.md",
        "../kalshi-fix/src/lib.rs",
        "../kalshi-fix/src/guide/features.md",
        "../fix-dialect/README.md",
        "../fix-derive/README.md",
    ] {
        let text = read(page);
        assert!(text.contains(&rust), "{page} does not say that {rust} is tested");
        let lower = text.to_lowercase();
        assert!(
            lower.contains("not supported") || lower.contains("what it does not do"),
            "{page} does not say what is not supported"
        );
    }
    assert!(read("ui/RUSTC").starts_with(rust.trim_start_matches("Rust ")));
    let manifest = read("../kalshi-fix/Cargo.toml");
    let (_, features) = manifest.split_once("[features]\n").unwrap();
    let features: Vec<&str> = features
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = ").filter(|_| !line.starts_with('#')))
        .map(|(name, _)| name)
        .collect();
    assert!(features.len() > 4, "{features:?}");
    for page in ["../kalshi-fix/src/lib.rs", "../kalshi-fix/src/guide/features.md"] {
        let text = read(page);
        for feature in &features {
            assert!(
                text.contains(&format!("| `{feature}` |")),
                "{page} has no row for the feature {feature}"
            );
        }
    }
}

/// Whoever pastes a sample of a README has a program: each has a `main` that can be seen.
#[test]
fn samples_of_the_readmes_are_whole_programs() {
    let mut samples = 0;
    for page in [
        "../README.md",
        "../fix-dialect/README.md",
        "../fix-derive/README.md",
    ] {
        let text = fs::read_to_string(below(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        for sample in text.split("```rust\n").skip(1) {
            let sample = sample.split("```").next().unwrap_or_default();
            let file = syn::parse_file(sample).unwrap_or_else(|error| panic!("{page}: {error}\n{sample}"));
            let is_main = |item: &Item| matches!(item, Item::Fn(item) if item.sig.ident == "main");
            assert!(
                file.items.iter().any(is_main),
                "{page} has a sample without `main`:\n{sample}"
            );
            samples += 1;
        }
    }
    assert!(samples >= 7, "{samples}");
}

/// The lines under the heading of an error, or those that name it where it has none.
fn section<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    if let Some((_, section)) = page.split_once(&format!("\n## `{name}`\n")) {
        let end = section.find("\n## ").or_else(|| section.find("\n# "));
        return Some(&section[..end.unwrap_or(section.len())]);
    }
    if LISTED_IN_PROSE.contains(&name) {
        let at = page.find(&format!("`{name}`"))?;
        return Some(&page[at..]);
    }
    // A row of a table: it begins with a link to the type, or with its name.
    page.lines()
        .find(|line| line.contains(&format!("::{name}`]")))
        .or_else(|| {
            let heading = format!("| `{name}` | cause");
            let at = page.find(&heading)?;
            page[at..].split("\n\n").next()
        })
}

pub(super) fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "bin" && name != "tests" {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

pub(super) fn below(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
