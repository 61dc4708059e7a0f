//! Landing a new dictionary: what a change of a dictionary looks like to the one who reviews it.
//!
//! `dictionaries/update.xml` is a small dialect. Three updates, as a venue announces them, are applied to it; each is a
//! snapshot of the difference in the dialect's index, and of what `kalshi-fix dictionary diff` says for the changelog.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use fix_dialect::dictionary::{Dictionary, Diff};
use kalshi_fix_tests::index::index;

const OLD: &str = include_str!("dictionaries/update.xml");

/// The edits of an update: what is replaced by what.
type Edits = [(&'static str, &'static str)];

const NEW_FIELD_IN_GROUP: &Edits = &[
    (
        "<field name='MDEntrySize' required='N'/>",
        "<field name='MDEntrySize' required='N'/>\n        <field name='NumberOfOrders' required='N'/>",
    ),
    (
        "<field number='271'",
        "<field number='346' name='NumberOfOrders' type='INT' x-min='1'/>\n    <field number='271'",
    ),
];

const REUSED_TAG: &Edits = &[
    ("'OrderGroupID' required", "'StrategyID' required"),
    (
        "name='OrderGroupID' type='STRING'",
        "name='StrategyID' type='INT'",
    ),
];

const NEW_MESSAGE_WITH_ENUM: &Edits = &[
    (
        "</messages>",
        "  <message name='TradingHalt' msgtype='UTH' msgcat='app' x-family='status' x-exchange='NR MD'>
      <field name='Symbol' required='Y'/>
      <field name='HaltReason' required='Y'/>
    </message>
  </messages>",
    ),
    (
        "<field number='271'",
        "<field number='327' name='HaltReason' type='INT'>
      <value enum='1' description='NEWS_PENDING' x-note='The venue waits for an announcement.'/>
      <value enum='2' description='SETTLEMENT'/>
    </field>
    <field number='271'",
    ),
];

const UPDATES: [(&str, &Edits); 3] = [
    ("a new optional field inside a group", NEW_FIELD_IN_GROUP),
    ("a reused tag", REUSED_TAG),
    ("a new message with a new enum", NEW_MESSAGE_WITH_ENUM),
];

fn load(text: &str) -> Dictionary {
    Dictionary::parse(text, "update.xml").unwrap_or_else(|faults| panic!("{faults}"))
}

fn edited(text: &str, edits: &Edits) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

fn index_of(text: &str) -> String {
    let dictionary = load(text);
    index(dictionary.leak_tables(), &dictionary)
}

/// The lines that come and go, each under the nearest line above that says what it is in.
fn line_diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    // The lengths of the longest common subsequences of what is left of both.
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for (at, was) in old.iter().enumerate().rev() {
        for (to, is) in new.iter().enumerate().rev() {
            common[at][to] = if was == is {
                common[at + 1][to + 1] + 1
            } else {
                common[at + 1][to].max(common[at][to + 1])
            };
        }
    }
    let (mut at, mut to) = (0, 0);
    let (mut text, mut heading) = (String::new(), None);
    while at < old.len() || to < new.len() {
        let same = at < old.len() && to < new.len() && old[at] == new[to];
        if same {
            if !old[at].is_empty() && !old[at].starts_with(' ') {
                heading = Some(old[at]);
            }
            (at, to) = (at + 1, to + 1);
            continue;
        }
        if let Some(heading) = heading.take() {
            let _ = writeln!(text, "@@ {heading}");
        }
        if to == new.len() || at < old.len() && common[at + 1][to] >= common[at][to + 1] {
            let _ = writeln!(text, "-{}", old[at]);
            at += 1;
        } else {
            let _ = writeln!(text, "+{}", new[to]);
            to += 1;
        }
    }
    text
}

#[test]
fn each_update_reads_as_what_it_is() {
    for (name, edits) in UPDATES {
        let new = edited(OLD, edits);
        let lines = line_diff(&index_of(OLD), &index_of(&new));
        let changelog = Diff::new(&load(OLD), &load(&new)).to_markdown();
        insta::assert_snapshot!(
            name.replace(' ', "_"),
            format!("In the snapshot of the dialect:\n\n{lines}\nFor the changelog:\n\n{changelog}")
        );
    }
}

/// The dialects that have a snapshot, each made of one dictionary: a change of one is in its own alone.
#[test]
fn a_change_is_in_one_snapshot() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec");
    let read = |name: &str| std::fs::read_to_string(spec.join(name)).expect("the dictionary");
    let dictionaries = ["kalshi-prediction.xml", "kalshi-margin.xml"];
    for changed in dictionaries {
        let edit = |name: &str| match read(name) {
            text if name == changed => text.replace("name='CxlRejReason'", "name='CancelRejectReason'"),
            text => text,
        };
        let differ: Vec<&str> = dictionaries
            .into_iter()
            .filter(|name| index_of(&read(name)) != index_of(&edit(name)))
            .collect();
        assert_eq!(differ, [changed]);
    }
    // A further snapshot of anything that is made of them would show the same change a second time.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeSet::new();
    for directory in ["fix-dialect", "fix-derive", "kalshi-fix", "tests"] {
        snapshots(&root.join(directory), &mut found);
    }
    let of_dialects: Vec<&str> = found
        .iter()
        .map(String::as_str)
        .filter(|name| {
            !OF_SMALL_DICTIONARIES
                .iter()
                .any(|prefix| name.starts_with(prefix))
        })
        .collect();
    assert_eq!(
        of_dialects,
        ["dialect_index__margin.snap", "dialect_index__prediction.snap"]
    );
}

/// Snapshots that are made of dictionaries written for them, or of none.
const OF_SMALL_DICTIONARIES: [&str; 5] = [
    "dictionary_update__",
    "failures__",
    "fix_derive__",
    "kalshi_fix__book__screen__",
    "kalshi_fix__remedy__",
];

fn snapshots(directory: &Path, found: &mut BTreeSet<String>) {
    let entries = std::fs::read_dir(directory).expect("a directory of the workspace");
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && name != "target" && !is_link(&path) {
            snapshots(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "snap") {
            found.insert(name);
        }
    }
}

fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

/// Whatever the semantic diff tells, the index shows: each attribute of the dictionary, changed by itself.
#[test]
fn whatever_is_a_change_shows_in_the_index() {
    let old = load(OLD);
    let before = index_of(OLD);
    let (mut shown, mut hidden) = (BTreeSet::new(), Vec::new());
    for (name, value) in attributes(OLD) {
        let text = &OLD[value.clone()];
        let without = (value.start - name.len() - 2..value.end + 1, String::new());
        let changed = candidates(text)
            .into_iter()
            .map(|candidate| (value.clone(), candidate));
        for (place, candidate) in changed.chain([without]) {
            let mut new = OLD.to_owned();
            new.replace_range(place, &candidate);
            let Ok(dictionary) = Dictionary::parse(&new, "new.xml") else {
                continue;
            };
            if Diff::new(&old, &dictionary).changes().is_empty() {
                continue;
            }
            if index(dictionary.leak_tables(), &dictionary) == before {
                hidden.push(format!("{name}: {text} to {candidate}"));
            } else {
                shown.insert(name);
            }
        }
    }
    assert!(hidden.is_empty(), "{hidden:#?}");
    let all: BTreeSet<&str> = attributes(OLD).into_iter().map(|(name, _)| name).collect();
    let untried: Vec<_> = all.difference(&shown).collect();
    assert!(untried.is_empty(), "{untried:?}");
}

/// Every attribute of a dictionary: its name, and where its value is.
fn attributes(text: &str) -> Vec<(&str, std::ops::Range<usize>)> {
    let mut found = Vec::new();
    let mut at = text.find("<fix").expect("a dictionary");
    while let Some(equals) = text[at..].find("='").map(|equals| at + equals) {
        let name_at = text[..equals].rfind([' ', '\n']).expect("a name") + 1;
        let start = equals + 2;
        let end = start + text[start..].find('\'').expect("the end of a value");
        found.push((&text[name_at..equals], start..end));
        at = end + 1;
    }
    found
}

/// Other values that an attribute may have, most of which some attribute takes.
fn candidates(value: &str) -> Vec<String> {
    let mut candidates: Vec<String> = [
        "Y", "N", "C", "NR", "MD", "NR MD", "app", "admin", "FIX", "FIXT", "INT", "STRING", "any",
    ]
    .map(str::to_owned)
    .into();
    candidates.push(format!("{value}2"));
    candidates.push(format!("{value} RT"));
    candidates.push(value.replace('1', "2"));
    candidates.push(value.replace("Symbol", "Side"));
    candidates.extend(value.parse::<u32>().ok().map(|number| (number + 1).to_string()));
    candidates.push(value.replace("Digest", "Other").replace("RawData", "Other"));
    candidates
}
