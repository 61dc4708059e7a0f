//! Commands against an exchange that another process of the program runs.

#![cfg(unix)]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
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
    // Somebody has been at its files.
    for file in ["member-2.pem", "root.pem"] {
        let path = Path::new(&directory).join(file);
        fs::rename(&path, path.with_extension("kept")).unwrap();
        let lacks = told(&["probe", "--gateway", &directory, "--member", "2"], &[]).await;
        assert_eq!((lacks.code, lacks.out.as_str()), (2, ""), "{lacks:?}");
        assert!(
            lacks.error.contains(file)
                && lacks
                    .error
                    .contains("where it is missing when it is started again"),
            "{lacks:?}"
        );
        fs::rename(path.with_extension("kept"), path).unwrap();
    }
    // It is killed: its description is still there, and leads nowhere.
    drop(running);
    for command in [
        &["probe", "--gateway", &directory][..],
        &["book", "--gateway", &directory, SYMBOL],
    ] {
        let gone = told(command, &[]).await;
        assert_eq!((gone.code, gone.out.as_str()), (2, ""), "{gone:?}");
        let start = format!("kalshi-fix: the exchange of {directory} is not running (it was started 2");
        assert!(gone.error.starts_with(&start), "{gone:?}");
        let end = format!(
            " UTC, and was not ended properly); start it, and leave it running: kalshi-fix gateway {directory}\n"
        );
        assert!(gone.error.ends_with(&end), "{gone:?}");
    }
    // One that was ended properly has left none.
    fs::remove_file(Path::new(&directory).join("exchange.json")).unwrap();
    let ended = told(&["probe", "--gateway", &directory], &[]).await;
    let expected = format!(
        "kalshi-fix: the exchange of {directory} is not running; start it, and leave it running: kalshi-fix gateway \
         {directory}\n"
    );
    assert_eq!((ended.code, ended.error), (2, expected));
}

#[tokio::test]
async fn a_kept_session_that_is_damaged_is_named() {
    let directory = scratch("gateway-kept");
    let path = directory.display().to_string();
    let start = || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kalshi-fix"))
            .args(["gateway", &path, "--keep-sessions"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let running = Running(child);
        while !lines
            .next()
            .expect("more to come")
            .expect("a line")
            .starts_with("  . ")
        {}
        running
    };
    let probe = [
        "probe",
        "--gateway",
        &path,
        "--session",
        "rt",
        "--reset",
        "--count",
        "1",
    ];
    let running = start();
    assert_eq!(told(&probe, &[]).await.code, 0);
    drop(running);
    let mut damaged = 0;
    for session in fs::read_dir(directory.join("sessions")).unwrap() {
        for file in fs::read_dir(session.unwrap().path()).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "journal") {
                fs::write(&file, "garbage").unwrap();
                damaged += 1;
            }
        }
    }
    assert!(damaged > 0);
    let _running = start();
    let refused = told(&probe, &[]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    // Folded to the width of a terminal.
    let words: Vec<&str> = refused.out.split_whitespace().collect();
    let words = words.join(" ");
    assert!(
        words.contains("has kept of this session cannot be opened: "),
        "{refused:?}"
    );
    assert!(words.contains(".journal is damaged at byte 0"), "{refused:?}");
}

#[tokio::test]
async fn directories_without_an_exchange() {
    let directory = scratch("gateway-none");
    let check = async |path: &Path, expected: &str| {
        let path = path.display().to_string();
        let told = told(&["probe", "--gateway", &path], &[]).await;
        assert_eq!((told.code, told.out.as_str()), (2, ""), "{told:?}");
        assert!(told.error.contains(expected), "{expected}: {told:?}");
    };
    check(
        &directory,
        "; start one there, and leave it running: kalshi-fix gateway ",
    )
    .await;
    check(&directory.join("my venue"), "my venue'\n").await;
    let file = directory.join("file");
    fs::write(&file, "").unwrap();
    check(
        &file,
        "file is a file; name the directory of `kalshi-fix gateway`",
    )
    .await;
    // Somebody has it, and has not said yet where to go.
    let lock = File::create(directory.join("exchange.lock")).unwrap();
    lock.lock().unwrap();
    check(&directory, "is about to start, or to end; try again in a moment").await;
    lock.unlock().unwrap();
    check(&directory, "is not running; start it").await;
}
