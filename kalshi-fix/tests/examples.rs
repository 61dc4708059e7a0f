//! The examples, run as a user runs them: they end well, print what `examples/README.md` shows, say what is missing for the
//! demo environment, and log out when they are asked to stop.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::Gateway;

const README: &str = include_str!("../examples/README.md");

/// Longer than the examples give themselves: it ends a hang.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the README shows of each: the words behind the name, and what is printed.
fn shown() -> BTreeMap<String, String> {
    let mut shown = BTreeMap::new();
    for block in README.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").expect("a block that ends");
        let (command, printed) = block.split_once('\n').expect("a command");
        let Some(name) = command.strip_prefix("$ cargo run --example ") else {
            continue;
        };
        let before = shown.insert(name.to_owned(), printed.to_owned());
        assert_eq!(before, None, "{name} is there twice");
    }
    shown
}

fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("this test's own path");
    let profile = test.ancestors().nth(2).expect("the profile's directory");
    let path = profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.exists(),
        "{} is not built: `cargo test -p kalshi-fix` and `cargo test --workspace` build the examples, `--test` alone does not",
        path.display()
    );
    let mut command = Command::new(path);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// An example that runs. It does not outlive its test.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Running {
        Running(command.spawn().expect("the example starts"))
    }

    /// How it ended, what it printed, and what it said of errors.
    fn end(mut self) -> (ExitStatus, String, String) {
        let (out, err) = (self.0.stdout.take(), self.0.stderr.take());
        let (out, err) = (thread::spawn(|| all(out)), thread::spawn(|| all(err)));
        let status = self.wait();
        (status, out.join().unwrap(), err.join().unwrap())
    }

    fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.0.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < until, "the example does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn all(pipe: Option<impl Read>) -> String {
    let mut text = String::new();
    let mut pipe = pipe.expect("a pipe");
    pipe.read_to_string(&mut text).expect("text");
    text
}

/// Runs them all, as many at a time as there are cores, and collects what was wrong.
fn for_each(names: impl IntoIterator<Item = String>, check: impl Fn(&str) -> Result<(), String> + Sync) {
    let waiting = Mutex::new(names.into_iter().collect::<Vec<_>>());
    let wrong = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(name) = waiting.lock().unwrap().pop() else {
                        return;
                    };
                    if let Err(reason) = check(&name) {
                        wrong.lock().unwrap().push(format!("{name}: {reason}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn each_does_what_the_readme_shows() {
    let shown = shown();
    assert!(shown.len() >= 10, "{shown:?}");
    for_each(shown.keys().cloned(), |name| {
        let (status, printed, errors) = Running::start(example(name)).end();
        let expected = &shown[name];
        if status.success() && printed == *expected && errors.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{status}, the README shows\n{expected}\nit printed\n{printed}\n{errors}"
        ))
    });
}

#[test]
fn the_readme_lists_all_of_them() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut names = BTreeSet::new();
    for entry in directory.read_dir().expect("the examples") {
        let path: PathBuf = entry.expect("an entry").path();
        let is_example =
            path.join("main.rs").exists() || path.extension().is_some_and(|extension| extension == "rs");
        if is_example {
            names.insert(path.file_stem().expect("a name").to_string_lossy().into_owned());
        }
    }
    let listed: BTreeSet<String> = README
        .lines()
        .filter_map(|line| line.strip_prefix("| [`")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(listed, names);
    // It prints more than a page shows.
    names.remove("quickstart");
    assert_eq!(shown().into_keys().collect::<BTreeSet<_>>(), names);
}

#[test]
fn without_keys_the_demo_is_refused_in_words() {
    for_each(shown().into_keys(), |name| {
        let mut command = example(name);
        command.args(["--demo", "SYMBOL"]);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("KALSHI_") {
                command.env_remove(variable);
            }
        }
        let (status, printed, errors) = Running::start(command).end();
        let says_what_to_do = errors.starts_with("error: ") && errors.contains("KALSHI_KEY_ID");
        if status.code() == Some(1) && says_what_to_do {
            return Ok(());
        }
        Err(format!("{status}\n{printed}\n{errors}"))
    });
    // Whoever has exported what a service of his needs does not trade with real money by an example.
    for name in ["place_orders", "rfq"] {
        let mut real = example(name);
        real.args(["--demo", "SYMBOL"])
            .env("KALSHI_FIX_ENVIRONMENT", "production");
        let (status, printed, errors) = Running::start(real).end();
        assert_eq!((status.code(), printed.as_str()), (Some(1), ""), "{errors}");
        assert!(
            errors.contains("KALSHI_FIX_ENVIRONMENT says production"),
            "{errors}"
        );
    }
    let mut mistaken = example("place_orders");
    mistaken.arg("--nonsense");
    let (status, printed, errors) = Running::start(mistaken).end();
    assert_eq!((status.code(), printed.as_str()), (Some(1), ""));
    assert!(
        errors.starts_with("error: unknown argument \"--nonsense\"; there are --demo SYMBOL"),
        "{errors}"
    );
}

/// What they do among others, of whom nothing is known: here an exchange behind the variables that name the venue's.
#[test]
fn each_comes_through_where_nobody_trades_with_it() {
    let key_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys/rsa-pkcs8.pem");
    let key = PrivateKey::from_pem_file(&key_file).expect("a key");
    // They come back after a break at the venue's pace.
    let slow = ["drop_copy_recovery", "resume"];
    for_each(
        shown().into_keys().filter(|name| !slow.contains(&name.as_str())),
        |name| {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            let gateway = Gateway::builder().market("ELSEWHERE");
            let gateway = runtime.block_on(gateway.start()).expect("an exchange");
            let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("root-of-{name}.pem"));
            std::fs::write(&root, gateway.root_certificate()).expect("a file");
            let mut command = example(name);
            command
                .args(["--demo", "ELSEWHERE"])
                .env("KALSHI_FIX_ENVIRONMENT", "loopback")
                .env("KALSHI_FIX_TLS_ROOTS", &root);
            for kind in SessionKind::ALL {
                let address = gateway.address(Product::Prediction, kind).expect("an address");
                command.env(
                    format!("KALSHI_FIX_PORTS_{}", short(kind)),
                    address.port().to_string(),
                );
            }
            // Two accounts: an RFQ has two sides.
            for prefix in ["KALSHI_", "KALSHI_MAKER_"] {
                let member = gateway.member();
                for key_use in ["NR", "NR_LISTENER", "RT", "DC", "PT", "RFQ", "MD"] {
                    let variable = |name: &str| format!("{prefix}{key_use}_{name}");
                    command.env(variable("KEY_ID"), member.add_key(key.public_key()));
                    command.env(variable("PRIVATE_KEY_PATH"), &key_file);
                }
            }
            let (status, printed, errors) = Running::start(command).end();
            let logged_out = printed.trim_end().ends_with(": logged out");
            if status.success() && logged_out && !printed.contains("simulated") && errors.is_empty() {
                return Ok(());
            }
            Err(format!("{status}\n{printed}\n{errors}"))
        },
    );
}

fn short(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::OrderEntry => "NR",
        SessionKind::OrderEntryRetransmitting => "RT",
        SessionKind::DropCopy => "DC",
        SessionKind::PostTrade => "PT",
        SessionKind::Rfq => "RFQ",
        SessionKind::MarketData => "MD",
    }
}

/// A signal in the middle of trading: nothing stays open, and there is a logout.
#[cfg(unix)]
#[test]
fn a_signal_is_a_request_to_stop() {
    for signal in ["TERM", "INT"] {
        let mut command = example("market_maker");
        command.arg("--stay");
        let mut running = Running::start(command);
        let mut out = BufReader::new(running.0.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while line.trim_end() != "staying logged on until Ctrl-C" {
            line.clear();
            let length = out.read_line(&mut line).expect("text");
            assert!(length > 0, "it ended: {}", all(running.0.stderr.take()));
        }
        let pid = running.0.id().to_string();
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(&pid).status();
        assert!(sent.expect("kill").success());
        let mut rest = String::new();
        out.read_to_string(&mut rest).expect("text");
        let status = running.wait();
        assert!(status.success(), "{status}: {rest}");
        assert_eq!(
            rest,
            "asked to stop\nkilled: nothing is open, position -5.00\nKalshiNR: logged out\n"
        );
    }
}
