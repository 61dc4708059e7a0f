//! Commands against an exchange that another process of the program runs.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::{SYMBOL, scratch, told};

/// It ends with the test, whatever becomes of that.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_directory_is_all_that_is_needed() {
    let directory = scratch("gateway").display().to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kalshi-fix"))
        .args(["gateway", &directory, "--members", "2"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let running = Running(child);
    // The last line is the last key of the second member.
    let mut keys = 0;
    while keys < 2 {
        let line = lines.next().expect("more to come").expect("a line");
        keys += u32::from(line.starts_with("margin      KalshiMD   0"));
    }
    for arguments in [
        &["probe", "--gateway", &directory][..],
        &[
            "probe",
            "--gateway",
            &directory,
            "--member",
            "2",
            "--product",
            "margin",
            "--session",
            "md",
        ],
        &["probe", "--gateway", &directory, "--session", "rt", "--reset"],
    ] {
        let told = told(arguments, &[]).await;
        assert_eq!(
            (told.code, told.error.as_str()),
            (0, ""),
            "{arguments:?}: {told:?}"
        );
        assert!(told.out.ends_with("All is well.\n"), "{told:?}");
    }
    let book = told(&["book", "--gateway", &directory, SYMBOL], &[]).await;
    assert_eq!(book.code, 0, "{book:?}");
    assert!(
        book.out.contains("  live\n  no orders\n"),
        "its market is known: {book:?}"
    );
    let missing = [
        "book",
        "--gateway",
        &directory,
        SYMBOL,
        "NOPE",
        "BTC-PERP",
        "--json",
    ];
    let missing = told(&missing, &[]).await;
    assert_eq!(missing.code, 1, "{missing:?}");
    let expected = [
        r#""live":true,"empty":true,"bids":[],"asks":[]}"#.to_owned(),
        format!(
            r#""live":false,"state":"no such market","why":"the exchange has no prediction market of that name: it has {SYMBOL}","empty":true"#
        ),
        r#""why":"the exchange has no prediction market of that name, but one of margin: --product margin""#
            .to_owned(),
    ];
    for (line, expected) in missing.out.lines().zip(expected) {
        assert!(line.contains(&expected), "{expected}: {missing:?}");
    }
    drop(running);
    // Nobody is there any more, or somebody else who has been given the port since.
    let arguments = ["probe", "--gateway", &directory, "--timeout", "30", "--json"];
    let gone = told(&arguments, &[]).await;
    assert_eq!(gone.code, 1, "{gone:?}");
    let start = format!("`kalshi-fix gateway {directory}`");
    assert!(gone.out.contains(&start), "{gone:?}");
    let gone = told(&["book", "--gateway", &directory, SYMBOL], &[]).await;
    assert_eq!(gone.code, 2, "{gone:?}");
    let probe = format!("step by step: kalshi-fix probe --session md --gateway {directory}\n");
    for part in [&start, &probe] {
        assert!(gone.error.contains(part), "{part}: {gone:?}");
    }
}
