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
use kalshi_fix::gateway::exchange::{NewOrder, Price, Quantity, Side};
use tokio::runtime::Runtime;

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

/// Whatever the one who runs the tests has set.
fn without_variables(command: &mut Command) {
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("KALSHI_") {
            command.env_remove(variable);
        }
    }
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
        without_variables(&mut command);
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
}

#[test]
fn an_environment_that_there_is_not_is_told_with_its_variable() {
    let mut command = example("place_orders");
    without_variables(&mut command);
    command
        .args(["--demo", "SYMBOL"])
        .env("KALSHI_FIX_ENVIRONMENT", "prod");
    let (status, printed, errors) = Running::start(command).end();
    assert_eq!((status.code(), printed.as_str()), (Some(1), ""), "{errors}");
    assert_eq!(
        errors,
        "error: KALSHI_FIX_ENVIRONMENT: no environment is named \"prod\"; expected demo, or loopback for an exchange on this \
         machine\n"
    );
    // What is empty counts as not set.
    let mut command = example("place_orders");
    without_variables(&mut command);
    command
        .args(["--demo", "SYMBOL"])
        .env("KALSHI_FIX_ENVIRONMENT", "");
    let (_, _, errors) = Running::start(command).end();
    assert!(errors.contains("KALSHI_KEY_ID is not set"), "{errors}");
}

#[test]
fn each_says_what_it_is_and_what_it_takes() {
    let mut names: Vec<_> = shown().into_keys().collect();
    names.push("quickstart".to_owned());
    for_each(names, |name| {
        let told = |argument: &str| {
            let mut command = example(name);
            command.arg(argument);
            Running::start(command).end()
        };
        let (status, help, errors) = told("--help");
        let usage = format!(" --example {name} -- [FLAG]...\n");
        let own = match name {
            "quickstart" => "--fault STEP",
            "rfq" => "KALSHI_MAKER_KEY_ID",
            "drop_copy_recovery" => "  KALSHI_DC_KEY_ID and its like, for KalshiDC\n",
            "listener" => "  KALSHI_NR_LISTENER_KEY_ID and its like, for a listener on KalshiNR\n",
            _ => "  KALSHI_PRIVATE_KEY_PATH ",
        };
        let widest = help.lines().map(|line| line.chars().count()).max();
        let all = [&usage, "--stay", "--help", own]
            .iter()
            .all(|part| help.contains(*part));
        if !(status.success() && errors.is_empty() && all && widest <= Some(80)) {
            return Err(format!("{status}\n{help}\n{errors}"));
        }
        let (status, printed, errors) = told("--nonsense");
        let said = format!(
            "unknown argument \"--nonsense\"; there are {}",
            match name {
                "quickstart" => "--seed N, --fault STEP, --stay and --help\n",
                _ => "--demo SYMBOL, --stay and --help\n",
            }
        );
        if status.code() == Some(2) && printed.is_empty() && errors.ends_with(&said) {
            return Ok(());
        }
        Err(format!("{status}\n{printed}\n{errors}"))
    });
}

/// Before anything is sent, and by the name under which it is looked for.
#[test]
fn a_key_that_is_missing_is_named() {
    let key_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys/rsa-pkcs8.pem");
    let check = |name: &str, expected: &str| {
        let mut command = example(name);
        without_variables(&mut command);
        command
            .args(["--demo", "SYMBOL"])
            .env("KALSHI_KEY_ID", "the-only-one")
            .env("KALSHI_PRIVATE_KEY_PATH", &key_file);
        let (status, printed, errors) = Running::start(command).end();
        assert_eq!(status.code(), Some(1), "{name}: {printed}{errors}");
        assert!(errors.contains(expected), "{name}: {printed}{errors}");
    };
    for name in ["drop_copy_recovery", "listener"] {
        let (whose, variable) = match name {
            "listener" => ("a listener on KalshiNR", "KALSHI_NR_LISTENER"),
            _ => ("KalshiDC", "KALSHI_DC"),
        };
        check(
            name,
            &format!(
                "{whose} has the key of KalshiNR; both are open at the same time, and the venue takes one connection for \
                 each key: set {variable}_KEY_ID and {variable}_PRIVATE_KEY_PATH to a key of its own\n"
            ),
        );
    }
    check("rfq", "error: KALSHI_MAKER_KEY_ID is not set");
}

/// What they do among others, of whom nothing is known: here an exchange behind the variables that name the venue's. Those whose
/// sessions keep their numbers do it again, with the same key.
#[test]
fn each_comes_through_where_nobody_trades_with_it() {
    for_each(shown().into_keys(), |name| {
        let elsewhere = Elsewhere::start(name);
        let times = match name {
            "resume" | "rfq" | "settlement" => 2,
            _ => 1,
        };
        for time in 1..=times {
            let (status, printed, errors) = Running::start(elsewhere.example(name)).end();
            let begins = printed.starts_with("on the exchange of this machine, market ELSEWHERE\n");
            let logged_out = printed.trim_end().ends_with(": logged out");
            if !(status.success() && begins && logged_out && errors.is_empty()) {
                return Err(format!("time {time}: {status}\n{printed}\n{errors}"));
            }
        }
        Ok(())
    });
}

/// What is accepted trades on the public book, where others may be in the way.
#[test]
fn an_rfq_that_comes_to_no_trade_says_why() {
    let elsewhere = Elsewhere::start("rfq-among-others");
    let other = elsewhere.gateway.member();
    let (price, quantity) = (Price::from_cents(76), Quantity::from_contracts(50));
    let bid = NewOrder::limit("other-1", "ELSEWHERE", Side::Buy, price, quantity);
    other.place(Product::Prediction, bid).expect("a bid");
    let (status, printed, errors) = Running::start(elsewhere.example("rfq")).end();
    assert_eq!(status.code(), Some(1), "{printed}\n{errors}");
    assert!(
        errors.starts_with("error: the order of the accepted quote was canceled")
            && errors.contains("take a market with bids below 0.50"),
        "{printed}\n{errors}"
    );
    assert!(printed.ends_with("KalshiRFQ: logged out\n"), "{printed}");
}

/// What the venue refuses is not sent again and again, and not passed over: it ends the example, with the venue's words.
#[test]
fn a_refused_order_is_a_failure_with_the_reason() {
    let names = [
        "place_orders",
        "market_maker",
        "order_groups",
        "listener",
        "resume",
        "drop_copy_recovery",
    ];
    for_each(names.map(str::to_owned), |name| {
        let elsewhere = Elsewhere::start(&format!("{name}-refused"));
        let (status, printed, errors) = Running::start(elsewhere.example_in("NOSUCH", name)).end();
        let refused = errors.starts_with("error: ") && errors.contains("MARKET_NOT_FOUND");
        let logged_out = printed.trim_end().ends_with(": logged out");
        if status.code() == Some(1) && refused && logged_out {
            return Ok(());
        }
        Err(format!("{status}\n{printed}\n{errors}"))
    });
}

/// The exchange is gone, and does not come back.
#[test]
fn a_book_without_a_connection_is_a_failure_in_words() {
    let elsewhere = Elsewhere::start("book-that-is-gone");
    let mut running = Running::start(elsewhere.example("live_book"));
    let mut out = BufReader::new(running.0.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while !line.starts_with("live | ") {
        line.clear();
        let length = out.read_line(&mut line).expect("text");
        assert!(length > 0, "it ended: {}", all(running.0.stderr.take()));
    }
    drop(elsewhere);
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("text");
    let status = running.wait();
    let errors = all(running.0.stderr.take());
    assert_eq!(status.code(), Some(1), "{rest}{errors}");
    assert!(
        rest.contains("no connection: ") && !rest.contains("SessionEnd"),
        "{rest}{errors}"
    );
    assert!(
        errors.starts_with("error: the connection did not come back: "),
        "{rest}{errors}"
    );
}

/// An exchange that is not the example's, and two accounts there.
struct Elsewhere {
    gateway: Gateway,
    variables: Vec<(String, String)>,
    /// What the exchange runs on.
    _runtime: Runtime,
}

impl Elsewhere {
    fn start(name: &str) -> Elsewhere {
        let key_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys/rsa-pkcs8.pem");
        let key = PrivateKey::from_pem_file(&key_file).expect("a key");
        let runtime = Runtime::new().expect("a runtime");
        let gateway = Gateway::builder().market("ELSEWHERE");
        let gateway = runtime.block_on(gateway.start()).expect("an exchange");
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("root-of-{name}.pem"));
        std::fs::write(&root, gateway.root_certificate()).expect("a file");
        let mut variables = vec![
            ("KALSHI_FIX_ENVIRONMENT".to_owned(), "loopback".to_owned()),
            ("KALSHI_FIX_TLS_ROOTS".to_owned(), root.display().to_string()),
        ];
        for kind in SessionKind::ALL {
            let address = gateway.address(Product::Prediction, kind).expect("an address");
            let port = format!("KALSHI_FIX_PORTS_{}", short(kind));
            variables.push((port, address.port().to_string()));
        }
        // An RFQ has two sides.
        for prefix in ["KALSHI_", "KALSHI_MAKER_"] {
            let member = gateway.member();
            for key_use in ["NR", "NR_LISTENER", "RT", "DC", "PT", "RFQ", "MD"] {
                let variable = |name: &str| format!("{prefix}{key_use}_{name}");
                variables.push((variable("KEY_ID"), member.add_key(key.public_key())));
                variables.push((variable("PRIVATE_KEY_PATH"), key_file.display().to_string()));
            }
        }
        Elsewhere {
            gateway,
            variables,
            _runtime: runtime,
        }
    }

    fn example(&self, name: &str) -> Command {
        self.example_in("ELSEWHERE", name)
    }

    fn example_in(&self, market: &str, name: &str) -> Command {
        let mut command = example(name);
        command
            .args(["--demo", market])
            .envs(self.variables.iter().cloned());
        command
    }
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
