//! The example `quickstart`, step by step: it gets through, it fails where it is told to, and a seed changes what it trades.

#[path = "../examples/quickstart/arguments.rs"]
mod arguments;
#[path = "../examples/quickstart/book.rs"]
mod book;
#[path = "../examples/support/command_line.rs"]
mod command_line;
#[path = "../examples/quickstart/draw.rs"]
mod draw;
#[path = "../examples/quickstart/screen.rs"]
mod screen;
#[path = "../examples/quickstart/shutdown.rs"]
mod shutdown;
#[path = "../examples/quickstart/step.rs"]
mod step;
#[path = "../examples/quickstart/talk.rs"]
mod talk;
#[path = "../examples/quickstart/tour.rs"]
mod tour;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arguments::{Arguments, Parsed};
use kalshi_fix::dialect::Dialect as _;
use kalshi_fix::prediction::Prediction;
use screen::Screen;
use step::Step;
use tour::Tour;

/// What was printed.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the run printed, and at which step it failed.
async fn run(seed: u64, fault: Option<Step>) -> (String, Option<(Step, String)>) {
    let page = Page::default();
    let screen = Screen::new(Prediction::tables(), Box::new(page.clone()), false);
    let stay = false;
    let mut tour = Tour::new(Arguments { seed, fault, stay }, screen);
    let failed = shutdown::take(&mut tour, stay).await.err();
    tour.summary(Duration::ZERO);
    let printed = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    (printed, failed)
}

#[tokio::test]
async fn every_step_happens_and_a_seed_changes_the_prices() {
    let prices = |printed: &str| -> Vec<String> {
        let lines = printed.lines().filter(|line| line.contains("LastPx"));
        lines
            .map(|line| line.split_whitespace().last().unwrap().to_owned())
            .collect()
    };
    let mut traded = Vec::new();
    for seed in [1, 2, 3] {
        let (printed, failed) = run(seed, None).await;
        assert_eq!(failed, None, "{printed}");
        assert_eq!(prices(&printed).len(), 2, "{printed}");
        assert!(
            printed.lines().all(|line| line.chars().count() <= 132),
            "{printed}"
        );
        traded.push(prices(&printed));
    }
    traded.dedup();
    assert!(traded.len() > 1, "{traded:?}");
}

#[tokio::test]
async fn every_step_can_fail() {
    // At the same time, since some of them fail by waiting.
    let runs = Step::ALL.map(|step| (step, tokio::spawn(run(1, Some(step)))));
    for (step, run) in runs {
        let (printed, failed) = run.await.unwrap();
        let (at, reason) = failed.unwrap_or_else(|| panic!("{step:?} did not fail:\n{printed}"));
        assert_eq!(at, step, "{reason}");
        assert!(!reason.is_empty());
    }
}

/// What the test below runs in a process of its own.
#[cfg(unix)]
#[tokio::test]
async fn as_a_child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let arguments = Arguments {
        seed: 1,
        fault: None,
        stay: true,
    };
    let screen = Screen::new(Prediction::tables(), Box::new(std::io::stdout()), false);
    let mut tour = Tour::new(arguments, screen);
    shutdown::take(&mut tour, true).await.unwrap();
}

#[cfg(unix)]
#[test]
fn a_process_that_is_asked_to_end_logs_out() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "as_a_child", "--nocapture"])
        .env(CHILD, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut page = String::new();
    let mut read_to = |end: Option<&str>, page: &mut String| {
        for line in lines.by_ref() {
            let line = line.unwrap();
            page.push_str(&line);
            page.push('\n');
            if end.is_some_and(|end| line.contains(end)) {
                return;
            }
        }
    };
    read_to(Some("until Ctrl-C or SIGTERM"), &mut page);
    let told = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(told.unwrap().success(), "{page}");
    read_to(None, &mut page);
    assert!(child.wait().unwrap().success(), "{page}");
    let (_, after) = page.split_once("Asked to end").expect("it was asked");
    for name in ["KalshiNR", "KalshiMD"] {
        let line = after.lines().find(|line| line.contains(name)).expect("its end");
        assert!(line.ends_with("logged out"), "{line}");
    }
}

/// Set in the process that the test above starts.
#[cfg(unix)]
const CHILD: &str = "KALSHI_FIX_QUICKSTART_CHILD";

#[test]
fn the_command_line_is_read_or_refused() {
    let parse = |line: &str| arguments::parse(line.split_whitespace().map(Into::into));
    let run = |seed, fault| {
        let stay = false;
        Ok(Parsed::Run(Arguments { seed, fault, stay }))
    };
    let stays = parse("--stay --seed 7");
    assert!(matches!(
        stays,
        Ok(Parsed::Run(Arguments {
            seed: 7,
            stay: true,
            ..
        }))
    ));
    assert_eq!(parse(""), run(1, None));
    assert_eq!(
        parse("--seed 7 --fault=mass-cancel"),
        run(7, Some(Step::MassCancel))
    );
    assert_eq!(parse("--seed 7 -h"), Ok(Parsed::Help));
    assert_eq!(parse("--seed"), Err("--seed wants a number".to_owned()));
    assert_eq!(
        parse("--seed x"),
        Err("--seed wants a whole number, and got \"x\"".to_owned())
    );
    assert!(
        parse("--fault nowhere")
            .unwrap_err()
            .starts_with("no step is named \"nowhere\"; there are exchange, ")
    );
    assert!(
        parse("--verbose")
            .unwrap_err()
            .starts_with("unknown argument \"--verbose\"")
    );
    assert_eq!(
        parse("--wait"),
        Err("unknown argument \"--wait\"; there are --seed N, --fault STEP, --stay and --help".to_owned())
    );
    assert_eq!(
        parse("--fault --stay"),
        Err("--fault wants the name of a step, and got \"--stay\"".to_owned())
    );
    assert_eq!(
        parse("--stay=yes"),
        Err("--stay takes no value, and got \"--stay=yes\"".to_owned())
    );
    assert_eq!(
        parse("--seed 1 --seed=2"),
        Err("--seed is given twice".to_owned())
    );
    assert!(arguments::help().contains("mass-cancel"));
}
