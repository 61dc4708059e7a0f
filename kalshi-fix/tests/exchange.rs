//! `gateway`: the exchange on the command line, as a user runs it.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use kalshi_fix::client::{Client, Event};
use kalshi_fix::credentials::{Credentials, PrivateKey};
use kalshi_fix::environment::{Environment, SessionKind};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::transport::TlsSettings;

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_mins(1);

fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    path
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kalshi-fix"));
    command
        .arg("gateway")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// An exchange that runs, and what it has printed.
struct Running {
    child: Child,
    said: Vec<String>,
    lines: Receiver<String>,
}

impl Running {
    fn start(directory: &Path, arguments: &[&str]) -> Running {
        let mut child = program(arguments)
            .arg(directory)
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut said = Vec::new();
        // The last line is the API key of the last session.
        while !said
            .last()
            .is_some_and(|line: &String| line.starts_with("margin      KalshiMD   0"))
        {
            said.push(lines.recv_timeout(PATIENCE).expect("the summary in time"));
        }
        Running { child, said, lines }
    }

    /// The last column of a line of the summary that starts like this, the nth of them.
    fn value(&self, start: &str, nth: usize) -> &str {
        let line = self.said.iter().filter(|line| line.starts_with(start)).nth(nth);
        line.and_then(|line| line.split_whitespace().nth(2))
            .expect("a value")
    }

    /// Writes a line to the program, and returns the one that it answers with.
    fn tell(&mut self, line: &str) -> String {
        let input = self.child.stdin.as_mut().expect("a pipe");
        writeln!(input, "{line}").expect("the program reads");
        self.lines.recv_timeout(PATIENCE).expect("an answer in time")
    }

    fn stop(mut self) -> (Option<i32>, String) {
        let kill = Command::new("kill")
            .arg("-TERM")
            .arg(self.child.id().to_string())
            .status();
        assert!(kill.expect("kill").success());
        let status = self.child.wait().expect("the program ends");
        let mut errors = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            let _ = std::io::Read::read_to_string(&mut pipe, &mut errors);
        }
        (status.code(), errors)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn client(running: &Running, directory: &Path) -> Client<Prediction> {
    let port = running.value("prediction  KalshiNR", 0).parse().unwrap();
    let id = running.value("prediction  KalshiNR", 1);
    let key = PrivateKey::from_pem_file(directory.join("member-1.pem")).unwrap();
    let root = fs::read_to_string(directory.join("root.pem")).unwrap();
    Client::<Prediction>::builder(Environment::Loopback)
        .endpoints(|endpoints| endpoints.port(SessionKind::OrderEntry, port))
        .tls(
            TlsSettings::new()
                .without_system_roots()
                .roots_from_pem(&root)
                .unwrap(),
        )
        .credentials(Credentials::new(id, key).unwrap())
        .build()
        .unwrap()
}

#[tokio::test]
async fn it_serves_until_it_is_told_to_end_and_is_the_same_again() {
    let directory = scratch("gateway");
    let running = Running::start(
        &directory,
        &["--bots", "3", "--seed", "7", "--plaintext", "--keep-sessions"],
    );
    assert!(!running.said.iter().any(|line| line.ends_with(" -")));
    for secret in ["member-1.pem", "root.pem", "exchange.json"] {
        let mode = fs::metadata(directory.join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    assert_eq!(
        fs::metadata(&directory).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let session = client(&running, &directory).order_entry().await.unwrap();
    assert!(session.close().await.end.is_some());
    let id = running.value("prediction  KalshiNR", 1).to_owned();
    let key = fs::read(directory.join("member-1.pem")).unwrap();
    assert_eq!(running.stop(), (Some(0), String::new()));

    let running = Running::start(&directory, &["--keep-sessions"]);
    assert_eq!(running.value("prediction  KalshiNR", 1), id);
    assert_eq!(fs::read(directory.join("member-1.pem")).unwrap(), key);
    let mut session = client(&running, &directory).order_entry().await.unwrap();
    // Who is logged on is told of the end.
    assert_eq!(running.stop(), (Some(0), String::new()));
    let end = loop {
        if let Event::Ended(end) = session.recv().await.expect("the end") {
            break end.to_string();
        }
    };
    assert!(end.contains("the exchange closes"), "{end}");
}

/// Tells a running exchange one line after the other, and looks at each answer: `done`, or why it is refused.
#[track_caller]
fn check_answers(running: &mut Running, answers: &[(&str, &str)]) {
    for (line, expected) in answers {
        let expected = if *expected == "done" {
            format!("done: {line}")
        } else {
            format!("refused: {line}: {expected}")
        };
        assert_eq!(running.tell(line), expected);
    }
}

#[test]
fn it_does_what_the_standard_input_says_or_says_why_not() {
    let directory = scratch("gateway-commands");
    let arguments = ["--commands", "--market", "M", "--market", "N", "--market", "O"];
    let mut running = Running::start(&directory, &arguments);
    // A market's life.
    check_answers(
        &mut running,
        &[
            ("resume M", "\"M\" is active already"),
            (
                "settle M",
                "\"M\" is active without an outcome: it has to be determined before it is settled",
            ),
            ("halt M", "done"),
            ("halt M", "\"M\" is inactive already"),
            ("resume M", "done"),
            ("close M", "done"),
            ("close M", "\"M\" is closed already"),
            ("halt M", "\"M\" is closed, and cannot become inactive any more"),
            ("resume M", "done"),
            ("determine M 30.6", "done"),
            (
                "determine M 30.60",
                "\"M\" is determined already, with the same outcome",
            ),
            (
                "resume M",
                "\"M\" is determined, and cannot become active any more",
            ),
            (
                "close M",
                "\"M\" is determined, and cannot become closed any more",
            ),
            ("determine M yes", "done"),
            ("settle M", "done"),
            ("settle M", "\"M\" is settled already"),
            (
                "determine M no",
                "\"M\" is settled, and cannot become determined any more",
            ),
            ("halt M", "\"M\" is settled, and cannot become inactive any more"),
            ("close N", "done"),
            ("determine N no", "done"),
            ("halt O", "done"),
            ("determine O yes", "done"),
            ("settle O", "done"),
        ],
    );
    // Both products, and what they do not have.
    check_answers(
        &mut running,
        &[
            ("halt BTC-PERP", "done"),
            (
                "determine BTC-PERP yes",
                "\"BTC-PERP\" is a margin market, which has no outcome",
            ),
            (
                "settle BTC-PERP",
                "\"BTC-PERP\" is a margin market, which has no outcome",
            ),
            ("halt X", "no market \"X\" is listed"),
            ("determine X yes", "no market \"X\" is listed"),
            (
                "determine N 100.01",
                "\"100.01\" is not yes, no, or 0 to 100 cents with at most 2 decimals",
            ),
            ("halt M N", "the form is halt SYMBOL"),
            ("determine N", "the form is determine SYMBOL yes|no|CENTS"),
        ],
    );
    // The exchange.
    check_answers(
        &mut running,
        &[
            ("reopen", "the exchange is open already"),
            ("pause trading", "done"),
            (
                "pause trading",
                "the exchange is paused for all but cancels already",
            ),
            ("pause", "done"),
            ("pause", "the exchange is paused already"),
            ("reopen", "done"),
            ("maintenance end", "no maintenance is under way"),
            ("maintenance begin", "done"),
            ("maintenance begin", "a maintenance is under way already"),
            ("maintenance end", "done"),
        ],
    );
    let listed = "halt SYMBOL, resume SYMBOL, close SYMBOL, determine SYMBOL yes|no|CENTS, settle SYMBOL, pause, \
                  pause trading, reopen, maintenance begin, maintenance end";
    assert_eq!(
        running.tell(""),
        format!("refused: an empty line is none of {listed}")
    );
    assert_eq!(
        running.tell("stop\t it"),
        format!("refused: stop it: not one of {listed}")
    );
    // It goes on when there is nothing more to read.
    drop(running.child.stdin.take());
    assert_eq!(running.stop(), (Some(0), String::new()));
}

fn fails(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = program(arguments).output().expect("the program runs");
    assert_eq!(status.code(), Some(2), "{arguments:?}");
    String::from_utf8(stderr).unwrap()
}

#[test]
fn it_says_why_it_does_not_start() {
    let directory = scratch("gateway-errors");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let place = directory.to_str().unwrap();
    let errors = fails(&["--first-port", &port, place]);
    assert!(
        errors.contains(&format!("cannot listen on 127.0.0.1:{port}: ")),
        "{errors}"
    );

    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("file");
    fs::write(&file, "").unwrap();
    let errors = fails(&[file.join("below").to_str().unwrap()]);
    assert!(
        errors.contains("cannot write ") && errors.contains("below"),
        "{errors}"
    );

    fs::write(directory.join("member-1.pem"), "no key").unwrap();
    let errors = fails(&[place]);
    assert!(errors.contains("member-1.pem"), "{errors}");
    assert!(fails(&["--market", "", place]).contains("no symbol"));
    assert!(fails(&["--first-port", "65535", place]).contains("not enough ports"));
}
