//! `gateway`: the exchange on the command line, as a user runs it.

#![cfg(unix)]

#[path = "exchange/directories.rs"]
mod directories;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use kalshi_fix::client::{Client, Event};
use kalshi_fix::config::Config;
use kalshi_fix::credentials::{Credentials, PrivateKey};
use kalshi_fix::environment::{Environment, SessionKind};
use kalshi_fix::margin::Margin;
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
        let mut command = program(arguments);
        command.arg(directory);
        Running::started(command)
    }

    fn started(mut command: Command) -> Running {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
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
        // The last line is the last of the next steps.
        while !said.last().is_some_and(|line: &String| line.starts_with("  . ")) {
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

    fn stop(self) -> (Option<i32>, String) {
        self.stop_by("-TERM")
    }

    fn stop_by(mut self, signal: &str) -> (Option<i32>, String) {
        tell(&self.child, signal);
        let status = self.child.wait().expect("the program ends");
        let mut errors = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            let _ = pipe.read_to_string(&mut errors);
        }
        (status.code(), errors)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn tell(child: &Child, signal: &str) {
    let process = child.id().to_string();
    let kill = Command::new("kill").args([signal, &process]).status();
    assert!(kill.expect("kill").success());
}

fn client(running: &Running, directory: &Path) -> Client<Prediction> {
    let root = fs::read_to_string(directory.join("root.pem")).unwrap();
    client_that_trusts(&root, running, directory)
}

fn client_that_trusts(root: &str, running: &Running, directory: &Path) -> Client<Prediction> {
    let port = running.value("prediction  KalshiNR", 0).parse().unwrap();
    let id = running.value("prediction  KalshiNR", 1);
    let key = PrivateKey::from_pem_file(directory.join("member-1.pem")).unwrap();
    Client::<Prediction>::builder(Environment::Loopback)
        .endpoints(|endpoints| endpoints.port(SessionKind::OrderEntry, port))
        .tls(
            TlsSettings::new()
                .without_system_roots()
                .roots_from_pem(root)
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
    for secret in ["member-1.pem", "root.pem", "issuer.pem", "exchange.json"] {
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
    let root = fs::read_to_string(directory.join("root.pem")).unwrap();
    assert_eq!(running.stop(), (Some(0), String::new()));

    let running = Running::start(&directory, &["--keep-sessions"]);
    assert_eq!(running.value("prediction  KalshiNR", 1), id);
    assert_eq!(fs::read(directory.join("member-1.pem")).unwrap(), key);
    // Who has read the root certificate of the first one goes on with this one.
    let client = client_that_trusts(&root, &running, &directory);
    let mut session = client.order_entry().await.unwrap();
    // Who is logged on is told of the end.
    assert_eq!(running.stop(), (Some(0), String::new()));
    let end = loop {
        if let Event::Ended(end) = session.recv().await.expect("the end") {
            break end.to_string();
        }
    };
    assert!(end.contains("the exchange closes"), "{end}");
}

/// In a shell that has read the member's variables, whoever is configured by the environment goes there.
#[tokio::test]
async fn programs_of_one_s_own_are_led_there() {
    let directory = scratch("gateway's variables");
    let running = Running::start(&directory, &["--members", "2"]);
    let file = directory.join("member-2.env");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let mut shell = Command::new("sh");
    shell.args(["-c", ". \"$0\"; env"]).arg(&file).env_clear();
    let said = shell.output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let variables: Vec<(&str, &str)> = said.lines().filter_map(|line| line.split_once('=')).collect();
    let look_up = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    };
    let config = Config::<Margin>::new().variables(variables.clone()).unwrap();
    let client = config
        .builder()
        .unwrap()
        .credentials(config.keys_from(look_up).unwrap());
    let session = client.build().unwrap().market_data().await.unwrap();
    assert!(session.close().await.end.is_some());
    let config = Config::<Prediction>::new().variables(variables.clone()).unwrap();
    let client = config
        .builder()
        .unwrap()
        .credentials(config.keys_from(look_up).unwrap());
    let session = client.build().unwrap().order_entry().await.unwrap();
    assert!(session.close().await.end.is_some());
    assert!(
        running
            .said
            .iter()
            .any(|line| line.ends_with("/gateway'\\''s variables/member-1.env'"))
    );
    assert_eq!(running.stop(), (Some(0), String::new()));
    assert!(!file.exists(), "it would lead nowhere");
}

/// Its markets, and commands that lead to it: in another terminal, and with the names quoted as a shell wants them.
#[test]
fn it_says_what_it_has_and_what_to_do_next() {
    let directory = scratch("gateway's summary");
    let check = |arguments: &[&str], expected: &[&str]| {
        let running = Running::start(&directory, arguments);
        for line in expected {
            assert!(
                running.said.iter().any(|said| said == line),
                "{line}: {:?}",
                running.said
            );
        }
        assert_eq!(running.stop(), (Some(0), String::new()));
    };
    let there = directory.display().to_string().replace('\'', r"'\''");
    let probe = format!("  kalshi-fix probe --gateway '{there}'");
    check(
        &["--bots", "1"],
        &[
            "prediction markets    HIGHNY-23DEC31",
            "margin markets        BTC-PERP",
            "in another terminal:",
            &probe,
            &format!("  kalshi-fix book --gateway '{there}' HIGHNY-23DEC31"),
        ],
    );
    check(
        &["--market", "N", "--market", "M$1", "--margin-market", "X"],
        &[
            "prediction markets    M$1, N",
            "margin markets        X",
            "in another terminal; without --bots, books are empty until somebody trades:",
            &probe,
            &format!("  kalshi-fix book --gateway '{there}' 'M$1'"),
        ],
    );
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
    assert_eq!(running.stop().0, Some(0));
}

fn fails(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = program(arguments).output().expect("the program runs");
    assert_eq!(status.code(), Some(2), "{arguments:?}");
    String::from_utf8(stderr).unwrap()
}

/// It ends with the test, whatever becomes of that.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_ends_while_it_makes_keys() {
    let directory = scratch("gateway-keys");
    // All of them would take minutes.
    let child = program(&["--members", "1000", directory.to_str().unwrap()]).spawn();
    let mut child = Killed(child.unwrap());
    let deadline = Instant::now() + PATIENCE;
    while !directory.join("member-1.pem").exists() {
        assert!(Instant::now() < deadline, "no key is made");
        std::thread::sleep(Duration::from_millis(10));
    }
    tell(&child.0, "-TERM");
    let status = loop {
        match child.0.try_wait().unwrap() {
            Some(status) => break status,
            None => assert!(Instant::now() < deadline, "it goes on"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(0));
    assert!(!directory.join("exchange.json").exists());
    assert!(!directory.join("member-1000.pem").exists());
    // Meanwhile one knows what it is at.
    let mut error = String::new();
    child
        .0
        .stderr
        .as_mut()
        .unwrap()
        .read_to_string(&mut error)
        .unwrap();
    assert_eq!(
        error,
        "kalshi-fix: making the keys of 1000 members first, which takes a while; Ctrl-C ends it\n"
    );
}

#[test]
fn the_end_of_its_terminal_is_an_end_as_any_other() {
    let directory = scratch("gateway-hangup");
    let running = Running::start(&directory, &[]);
    assert!(directory.join("exchange.json").exists());
    assert_eq!(running.stop_by("-HUP"), (Some(0), String::new()));
    assert!(!directory.join("exchange.json").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn it_outlives_its_terminal_if_it_is_to() {
    let directory = scratch("gateway-nohup");
    let gateway = env!("CARGO_BIN_EXE_kalshi-fix");
    let script = format!(
        "trap '' HUP; exec {gateway} gateway --commands {}",
        directory.display()
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).stderr(Stdio::piped());
    let mut running = Running::started(command);
    tell(&running.child, "-HUP");
    // It would have ended by now.
    for _ in 0..20 {
        assert!(running.tell("").starts_with("refused: an empty line"));
    }
    assert_eq!(running.stop(), (Some(0), String::new()));
}

#[test]
fn the_end_of_the_commands_is_told() {
    let directory = scratch("gateway-no-commands");
    let mut running = Running::start(&directory, &["--commands"]);
    assert!(running.tell("halt HIGHNY-23DEC31").starts_with("done: "));
    drop(running.child.stdin.take());
    let mut errors = BufReader::new(running.child.stderr.take().unwrap());
    let mut told = String::new();
    errors.read_line(&mut told).unwrap();
    assert_eq!(
        told,
        "kalshi-fix: the standard input has ended: no more commands; the exchange runs on\n"
    );
    assert_eq!(running.stop().0, Some(0));
}

#[test]
fn it_says_why_it_does_not_start() {
    let directory = scratch("gateway-errors");
    let place = directory.to_str().unwrap();
    let check = |arguments: &[&str], expected: &str| {
        let errors = fails(&[arguments, &[place]].concat());
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    };
    for (flag, range) in [
        ("--deposit", "1 to 1000000000"),
        ("--members", "1 to 1000"),
        ("--bots", "0 to 1000"),
        ("--bot-interval", "1 to 3600000"),
        ("--seed", "0 to 18446744073709551615"),
        ("--first-port", "1 to 65535"),
    ] {
        let expected = format!("expected a whole number from {range}");
        for value in ["-5", "1.5", "many", "", "18446744073709551616"] {
            check(&[flag, value], &expected);
        }
    }
    for (symbol, shown) in [
        ("", "\"\" is no market's name: it is empty"),
        ("A B", "\"A B\" is no market's name: there is a space in it"),
        (
            "A\tB\u{1b}",
            "\"A\\tB\\u{1b}\" is no market's name: there is a control",
        ),
        (
            "MÄRZ",
            "\"MÄRZ\" is no market's name: there is a character beyond ASCII",
        ),
        (
            &"X".repeat(101),
            "is no market's name: it is longer than 100 bytes",
        ),
    ] {
        for flag in ["--market", "--margin-market"] {
            check(&[flag, symbol], &format!("{flag}: "));
            check(&[flag, symbol], shown);
        }
    }
    check(&["--market", "M", "--market", "M"], "--market M is given twice");
    check(
        &["--market", "M", "--margin-market", "M"],
        "M would be a market of both products",
    );
    check(
        &["--market", "BTC-PERP"],
        "BTC-PERP would be a market of both products",
    );
    check(
        &["--first-port", "65527"],
        "--first-port 65527: 10 ports are needed, and the last one is 65535; give 65526 at most",
    );
    check(
        &["--first-port", "65526", "--plaintext"],
        "20 ports are needed, and the last one is 65535; give 65516 at most",
    );
    // Nothing is left of all these.
    assert!(!directory.exists());

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let errors = fails(&["--first-port", &port, place]);
    assert!(
        errors.contains(&format!("cannot listen on 127.0.0.1:{port}: ")),
        "{errors}"
    );
    assert!(
        errors.contains("; give another --first-port, or none"),
        "{errors}"
    );
}
