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
        book.out.contains("no orders, or no market of that name"),
        "{book:?}"
    );
    drop(running);
    // Nobody is there any more, or somebody else who has been given the port since.
    let gone = told(&["probe", "--gateway", &directory, "--timeout", "30"], &[]).await;
    assert_eq!(gone.code, 1, "{gone:?}");
    assert!(gone.out.contains("what to do"), "{gone:?}");
}
