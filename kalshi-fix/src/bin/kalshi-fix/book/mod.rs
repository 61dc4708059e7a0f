//! `book`: live order books in the terminal, or as they are now.

mod keys;
mod live;
mod once;
mod screen;
mod shown;
mod view;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use kalshi_fix::book::{BooksSettings, MarketDataFeed, MarketDataProduct};
use kalshi_fix::client::Client;
use kalshi_fix::environment::Product;
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::Prediction;
use kalshi_fix::reconnect::ReconnectPolicy;

use crate::arguments::BookArguments;
use crate::output::{Failure, Findings, Output};
use crate::place::ProductName;
use shown::Shown;
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
    let symbols = distinct(&arguments.symbols);
    let is_live = !arguments.once && !arguments.json && io::stdout().is_terminal();
    let place = arguments.place.open(D::PRODUCT, &symbols).await?;
    let mut builder = place.client::<D>(&arguments.place)?;
    if is_live {
        builder = builder.reconnect(ReconnectPolicy::default());
    }
    let client = builder.build().map_err(Failure::session)?;
    let session = if is_live {
        connected(&client, &place.name).await
    } else {
        client.market_data().await
    };
    let mut feed = MarketDataFeed::<D>::new(session.map_err(Failure::session)?, BooksSettings::default());
    let names = || symbols.iter().map(String::as_str);
    let subscribed = match D::PRODUCT {
        Product::Prediction if is_live => feed.subscribe_status(names()),
        _ => feed.subscribe(names()),
    };
    subscribed.map_err(|error| Failure::Usage(error.to_string()))?;
    let terms = if arguments.no { Terms::No } else { Terms::Yes };
    let mut shown = Shown::new(D::PRODUCT, place.name.clone(), &symbols, terms);
    let done = if is_live {
        live::watch(&mut feed, &mut shown).await.map(|()| Findings::None)
    } else {
        once::print(&mut feed, &shown, arguments, output).await
    };
    drop(feed.close().await);
    place.close().await;
    done
}

/// A session that connects again by itself, and says so while its first connection does not come about.
async fn connected<D: MarketDataProduct>(
    client: &Client<D>,
    place: &str,
) -> Result<kalshi_fix::client::Session<D::MarketData>, kalshi_fix::client::OpenError> {
    eprintln!("connecting to {} ({place})…", D::PRODUCT);
    let mut opening = std::pin::pin!(client.market_data());
    loop {
        match tokio::time::timeout(PATIENCE, &mut opening).await {
            Ok(opened) => return opened,
            Err(_) => eprintln!(
                "not connected yet; Ctrl-C gives up, and `kalshi-fix probe --session md` with the same \
                 options says what is wrong"
            ),
        }
    }
}

/// Each market once, in the order in which they were named.
fn distinct(symbols: &[String]) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for symbol in symbols {
        if !distinct.contains(symbol) {
            distinct.push(symbol.clone());
        }
    }
    distinct
}

/// How long a connection may take before a word is said about it.
const PATIENCE: Duration = Duration::from_secs(8);
