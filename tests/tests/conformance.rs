//! The table of session conformance says what the tests do.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The case list of the standard, as the table must name it.
const CASES: &str = "1B-a 1B-b 1B-c 1B-d 1B-e 1S-a 1S-b 1S-c 1S-d 2S 2a 2b 2c 2d 2e 2f 2g 2h 2i 2j 2k 2l 2m 2n 2o 2p \
                     2q 2r 2s 2t 3a 3b 3c 3d 3e 4a 4b 5 6 7 8 9 10a 10b 10c 10d 10e 11a 11b 11c 12 13a 13b 14a 14b \
                     14c 14d 14e 14f 14g 14h 14i 14j 14k 14l 14m 14n 15 16a 16b 17 18 19a 19b 20";

#[test]
fn the_table_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("CONFORMANCE.md")).expect("the table");
    let tests = tests(&root.join("../kalshi-fix/src/session/tests"));
    let (table, hostile) = table
        .split_once("## What no honest peer does")
        .expect("both tables");
    let rows = rows(table);
    for row in self::rows(hostile) {
        let shown = row.trim_matches('|').split('|').next_back().unwrap_or_default();
        let names: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            assert!(tests.contains(name), "there is no test {name}");
        }
    }
    let mut listed = BTreeSet::new();
    let mut cases = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [case, _, _, shown] = cells[..] else {
            panic!("four cells: {row}")
        };
        cases.push(case);
        let names: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(
            !names.is_empty() || shown.starts_with("none"),
            "{case}: neither a test nor a reason"
        );
        for name in names {
            assert!(tests.contains(name), "{case}: there is no test {name}");
            listed.insert(name.to_owned());
        }
    }
    assert_eq!(cases, CASES.split_whitespace().collect::<Vec<_>>());
    for test in tests.iter().filter(|test| test.starts_with("case_")) {
        assert!(
            listed.contains(test),
            "{test} is named after a case and not in the table"
        );
    }
}

/// The rows of a table, without its head.
fn rows(table: &str) -> Vec<&str> {
    table
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(2)
        .collect()
}

/// The names of the functions in the session's tests that are tests: those after `#[test]` and those of `both_roles!`.
fn tests(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the session's tests") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a source file");
        let mut marked = false;
        for line in text.lines() {
            let Some((name, arguments)) = line
                .trim_start()
                .strip_prefix("fn ")
                .and_then(|rest| rest.split_once('('))
            else {
                marked = line.trim() == "#[test]";
                continue;
            };
            if marked || arguments.starts_with("us)") {
                names.insert(name.to_owned());
            }
            marked = false;
        }
    }
    names
}
