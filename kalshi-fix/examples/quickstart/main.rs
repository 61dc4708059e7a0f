//! A tour: a simulated exchange, a live book, orders, fills, amends, cancels.
//!
//! ```text
//! cargo run --release --example quickstart
//! cargo run --release --example quickstart -- --seed 7
//! cargo run --release --example quickstart -- --fault cross
//! ```
//!
//! With `--stay` it stays logged on until SIGTERM or Ctrl-C. Either logs out, whenever it comes.
//!
//! The exit code is 0 when every step happened, 1 when one did not (it is named), and 2 when the command line cannot be
//! understood. What to read first: `tour.rs`, in which each step is a method.

mod arguments;
mod book;
#[path = "../support/command_line.rs"]
mod command_line;
mod draw;
mod screen;
mod shutdown;
mod step;
mod talk;
mod tour;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Instant;

use arguments::Parsed;
use kalshi_fix::dialect::Dialect as _;
use kalshi_fix::prediction::Prediction;
use screen::Screen;
use tour::Tour;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Parsed::Run(arguments)) => arguments,
        Ok(Parsed::Help) => {
            print!("{}", arguments::help());
            return ExitCode::SUCCESS;
        }
        Err(reason) => {
            eprintln!("quickstart: {reason}");
            return ExitCode::from(2);
        }
    };
    let started = Instant::now();
    let out = std::io::stdout();
    let coloured = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut tour = Tour::new(
        arguments,
        Screen::new(Prediction::tables(), Box::new(out), coloured),
    );
    if let Err((step, reason)) = shutdown::take(&mut tour, arguments.stay).await {
        eprintln!("\nquickstart: step {:?} failed: {reason}", step.name());
        return ExitCode::FAILURE;
    }
    tour.summary(started.elapsed());
    ExitCode::SUCCESS
}
