//! The example `quickstart`, step by step: it gets through, it fails where it is told to, and a seed changes what it trades.

#[path = "../examples/quickstart/arguments.rs"]
mod arguments;
#[path = "../examples/quickstart/book.rs"]
mod book;
#[path = "../examples/quickstart/draw.rs"]
mod draw;
#[path = "../examples/quickstart/screen.rs"]
mod screen;
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
    let mut tour = Tour::new(Arguments { seed, fault }, screen);
    let mut failed = None;
    for step in Step::ALL {
        if let Err(reason) = tour.run(step).await {
            failed = Some((step, reason));
            break;
        }
    }
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

#[test]
fn the_command_line_is_read_or_refused() {
    let parse = |line: &str| arguments::parse(line.split_whitespace().map(str::to_owned));
    let run = |seed, fault| Ok(Parsed::Run(Arguments { seed, fault }));
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
    assert!(arguments::help().contains("mass-cancel"));
}
