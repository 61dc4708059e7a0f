//! `book`: live order books in the terminal, or as they are now.

mod keys;
mod known;
mod live;
mod once;
mod screen;
mod shown;
mod source;
mod view;

use std::io::{self, IsTerminal as _};
use std::pin::pin;
use std::time::Duration;

use kalshi_fix::book::MarketDataProduct;
use kalshi_fix::client::OpenError;
use kalshi_fix::driver::SessionEnd;
use kalshi_fix::environment::Product;
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::Prediction;
use tokio::sync::mpsc;

use crate::arguments::BookArguments;
use crate::output::{Failure, Findings, Output, wrapped};
use crate::place::ProductName;
use crate::remedy::{Attempted, Step, Trouble};
use crate::symbols::checked;
use known::Known;
use shown::Shown;
use source::{NotOpened, Opened, Source};
use view::Terms;

pub(crate) fn run(arguments: &BookArguments, output: &mut Output) -> Result<Findings, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = match arguments.place.product {
        ProductName::Prediction => runtime.block_on(show::<Prediction>(arguments, output)),
        ProductName::Margin => runtime.block_on(show::<Margin>(arguments, output)),
    };
    // The thread that waits for keys cannot be told to stop; it ends with the process.
    runtime.shutdown_background();
    done
}

async fn show<D: MarketDataProduct>(
    arguments: &BookArguments,
    output: &mut Output,
) -> Result<Findings, Failure> {
    let symbols = distinct(&arguments.symbols)?;
    let is_live = !arguments.once && !arguments.json && io::stdout().is_terminal();
    check(arguments, D::PRODUCT, is_live)?;
    let source = Source {
        place: &arguments.place,
        product: D::PRODUCT,
        symbols: &symbols,
        is_live,
    };
    let attempted = source.attempted();
    let place = source.find().await?;
    let feed = if is_live {
        let (sender, failed) = mpsc::channel(1);
        let logging_on = source.log_on::<D>(&place, Some(sender));
        patiently(logging_on, failed, &place.name, &attempted).await
    } else {
        source.log_on(&place, None).await
    };
    let feed = feed.map_err(|error| match error {
        NotOpened::Session(error) => no_session(&error, &attempted),
        NotOpened::Failed(failure) => failure,
    })?;
    let terms = if arguments.no { Terms::No } else { Terms::Yes };
    let known = Known::new(D::PRODUCT, &symbols, &place);
    let mut shown = Shown::new(D::PRODUCT, place.name.clone(), &symbols, terms, known);
    shown.colour = output.colour();
    let mut opened = Opened { place, feed };
    let done = if is_live {
        live::watch(&mut opened, &mut shown, source)
            .await
            .map(|()| Findings::None)
    } else {
        once::print(&mut opened.feed, &mut shown, arguments, output).await
    };
    let done = done.map_err(|failure| match failure {
        Unwatched::Ended(end) => with_probe(&attempted.ended(Step::Heartbeat, &end), &attempted),
        Unwatched::Failed(failure) => failure,
    });
    drop(opened.feed.close().await);
    opened.place.close().await;
    done
}

/// Why books are watched no longer.
enum Unwatched {
    Ended(SessionEnd),
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Unwatched {
    fn from(failure: E) -> Unwatched {
        Unwatched::Failed(failure.into())
    }
}

/// Refuses what would say nothing here.
fn check(arguments: &BookArguments, product: Product, is_live: bool) -> Result<(), Failure> {
    let problem = if arguments.no && product == Product::Margin {
        "--no is for event contracts, and perpetual futures have no NO side: leave it out"
    } else if arguments.levels.is_some() && is_live {
        "--levels is for printed books, and the live screen has as many as it has room for: add --once, or leave it out"
    } else {
        return Ok(());
    };
    Err(Failure::Usage(problem.to_owned()))
}

fn no_session(error: &OpenError, attempted: &Attempted<'_>) -> Failure {
    match attempted.not_opened(error) {
        Some((_, trouble)) => with_probe(&trouble, attempted),
        None => Failure::session(error),
    }
}

/// What is wrong, what to do, and the command that looks further.
fn with_probe(trouble: &Trouble, attempted: &Attempted<'_>) -> Failure {
    Failure::Session(format!(
        "{}\n{}step by step: {}",
        trouble.what,
        wrapped(&trouble.remedy),
        attempted.probe()
    ))
}

/// Waits for the first connection. What keeps it from coming about is said as soon as it is known, and once.
async fn patiently<T>(
    logging_on: impl Future<Output = T>,
    mut failed: mpsc::Receiver<SessionEnd>,
    place: &str,
    attempted: &Attempted<'_>,
) -> T {
    eprintln!("connecting to {} ({place})…", attempted.product);
    let mut logging_on = pin!(logging_on);
    let mut patience = pin!(tokio::time::sleep(PATIENCE));
    let mut is_patient = true;
    let mut said = String::new();
    loop {
        tokio::select! {
            biased;
            opened = &mut logging_on => return opened,
            Some(end) = failed.recv() => {
                is_patient = false;
                let trouble = attempted.ended(Step::LogOn, &end);
                let saying = format!("{}\n{}", trouble.what, wrapped(&trouble.remedy));
                if saying != said {
                    eprintln!(
                        "not connected yet: {saying}it is tried again by itself, and Ctrl-C gives up; step by step: {}",
                        attempted.probe()
                    );
                    said = saying;
                }
            }
            () = &mut patience, if is_patient => {
                is_patient = false;
                eprintln!(
                    "not connected yet; Ctrl-C gives up, and what is wrong is told by: {}",
                    attempted.probe()
                );
            }
        }
    }
}

/// Each market once, in the order in which they were named.
fn distinct(symbols: &[String]) -> Result<Vec<String>, Failure> {
    let mut distinct: Vec<String> = Vec::new();
    for symbol in symbols {
        if !distinct.contains(symbol) {
            distinct.push(checked(symbol)?.to_owned());
        }
    }
    Ok(distinct)
}

/// How long a connection may take before a word is said about it.
const PATIENCE: Duration = Duration::from_secs(8);
