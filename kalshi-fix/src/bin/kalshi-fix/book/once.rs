//! Books as they are now, as text or JSON: for pipes, and for a quick look.

use std::fmt::Write as _;
use std::time::Duration;

use kalshi_fix::book::{Book, BookEvent, BookState, FeedEvent, Level, MarketDataFeed, MarketDataProduct};
use kalshi_fix::units::Price;
use tokio::time::Instant;

use super::Unwatched;
use super::known::is_empty;
use super::shown::Shown;
use super::view::{Terms, View, shown as number};
use crate::arguments::BookArguments;
use crate::json;
use crate::output::{Findings, Output, Style, wrapped};

/// Prints each market as soon as all of them are known, or the venue has taken too long. What is not live is a finding.
pub(super) async fn print<D: MarketDataProduct>(
    feed: &mut MarketDataFeed<D>,
    shown: &mut Shown,
    arguments: &BookArguments,
    output: &mut Output,
) -> Result<Findings, Unwatched> {
    let levels = arguments.levels.unwrap_or(LEVELS) as usize;
    let symbols = shown.symbols.clone();
    let mut missing: Vec<(&str, String)> = symbols
        .iter()
        .map(|symbol| {
            (
                symbol.as_str(),
                format!("no snapshot within {} s", PATIENCE.as_secs()),
            )
        })
        .collect();
    let limit = Instant::now() + PATIENCE;
    let mut refused: Vec<(String, String)> = Vec::new();
    while !missing.is_empty() {
        let Ok(event) = tokio::time::timeout_at(limit, feed.recv()).await else {
            break;
        };
        if let Some(FeedEvent::Book(event)) = &event {
            shown.known.note(event);
        }
        match event {
            None => break,
            Some(FeedEvent::Ended(end)) => return Err(Unwatched::Ended(end)),
            Some(FeedEvent::Book(BookEvent::Snapshot { symbol, .. })) => {
                missing.retain(|(waits, _)| *waits != &*symbol);
            }
            Some(FeedEvent::Book(BookEvent::Refused { symbol, reason, text })) => {
                missing.retain(|(waits, _)| *waits != &*symbol);
                refused.push((symbol.to_string(), format!("{reason} {text}").trim().to_owned()));
            }
            Some(_) => {}
        }
    }
    let why = |symbol: &str| {
        let missing = missing
            .iter()
            .find(|(waits, _)| *waits == symbol)
            .map(|(_, why)| why.as_str());
        let refused = refused
            .iter()
            .find(|(of, _)| of == symbol)
            .map(|(_, why)| why.as_str());
        missing.or(refused)
    };
    let mut found = false;
    for (number, symbol) in symbols.iter().enumerate() {
        let book = feed.book(symbol);
        found |= !shown.known.is_live(symbol, book);
        let text = if arguments.json {
            object(symbol, book, shown, levels, why(symbol))
        } else {
            let separator = if number > 0 { "\n" } else { "" };
            format!(
                "{separator}{}",
                table(symbol, book, shown, levels, why(symbol), output)
            )
        };
        output.write(&text)?;
    }
    Ok(found.into())
}

/// A market as a table.
fn table(
    symbol: &str,
    book: Option<&Book>,
    shown: &Shown,
    levels: usize,
    why: Option<&str>,
    output: &Output,
) -> String {
    let state = book.map_or(BookState::AwaitingSnapshot, Book::state);
    let terms = match (shown.has_terms(), shown.terms) {
        (false, _) => "",
        (true, Terms::Yes) => ", YES",
        (true, Terms::No) => ", NO",
    };
    let doubt = shown.known.doubt(symbol, book);
    let style = if state == BookState::Live && doubt.is_none() {
        Style::Good
    } else {
        Style::Error
    };
    let word = match (why, &doubt) {
        (Some(why), _) => why.to_owned(),
        (None, Some(doubt)) => doubt.word.to_owned(),
        (None, None) => state.to_string(),
    };
    let mut text = format!(
        "{}  {}, {}{terms}  {}\n",
        output.styled(Style::Strong, symbol),
        shown.product,
        shown.place,
        output.styled(style, word),
    );
    let Some(book) = book else { return text };
    let view = View::of(book, shown.terms, levels);
    let price = |price: Price| number(price.dollars(), view.price_decimals);
    if let (Some(mid), Some(spread)) = (view.mid, view.spread) {
        let _ = writeln!(text, "mid {}  spread {}", price(mid), price(spread));
    }
    if view.bids.is_empty() && view.offers.is_empty() {
        if let Some(doubt) = doubt {
            text.push_str(&wrapped(&doubt.why));
        } else if state == BookState::Live {
            text.push_str("  no orders\n");
        }
        return text;
    }
    let size = |level: &Level| number(level.size.contracts(), view.size_decimals);
    let columns = |levels: &[Level]| -> Vec<(String, String)> {
        levels
            .iter()
            .map(|level| (price(level.price), size(level)))
            .collect()
    };
    let (bids, offers) = (columns(&view.bids), columns(&view.offers));
    let all = || bids.iter().chain(&offers);
    let widest_price = all().map(|(price, _)| price.len()).max().unwrap_or_default();
    let widest_size = all().map(|(_, size)| size.len()).max().unwrap_or_default().max(4);
    let _ = writeln!(
        text,
        "{:>widest_size$}  {:>widest_price$}   {:<widest_price$}  {:>widest_size$}",
        "size", "bid", "ask", "size"
    );
    let nothing = (String::new(), String::new());
    for row in 0..bids.len().max(offers.len()) {
        let (bid, bid_size) = bids.get(row).unwrap_or(&nothing);
        let (offer, offer_size) = offers.get(row).unwrap_or(&nothing);
        let line = format!(
            "{bid_size:>widest_size$}  {bid:>widest_price$}   {offer:<widest_price$}  {offer_size:>widest_size$}"
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// A market as a line of JSON. Numbers are texts, as exact as they came.
fn object(symbol: &str, book: Option<&Book>, shown: &Shown, levels: usize, why: Option<&str>) -> String {
    let mut text = String::from("{");
    json::text(&mut text, "symbol", symbol);
    json::text(&mut text, "product", &shown.product.to_string());
    json::text(&mut text, "place", &shown.place);
    if shown.has_terms() {
        let terms = match shown.terms {
            Terms::Yes => "yes",
            Terms::No => "no",
        };
        json::text(&mut text, "terms", terms);
    }
    let state = book.map_or(BookState::AwaitingSnapshot, Book::state);
    let doubt = shown.known.doubt(symbol, book);
    json::plain(&mut text, "live", state == BookState::Live && doubt.is_none());
    if let Some(doubt) = &doubt {
        json::text(&mut text, "state", doubt.word);
        json::text(&mut text, "why", &doubt.why);
    } else if state != BookState::Live {
        json::text(
            &mut text,
            "state",
            &why.map_or_else(|| state.to_string(), str::to_owned),
        );
    }
    if let Some(book) = book {
        if state == BookState::Live {
            json::plain(&mut text, "empty", is_empty(book));
        }
        let view = View::of(book, shown.terms, levels);
        for (name, levels) in [("bids", &view.bids), ("asks", &view.offers)] {
            json::key(&mut text, name);
            text.push('[');
            for (at, level) in levels.iter().enumerate() {
                text.push_str(if at > 0 { ",{" } else { "{" });
                json::text(
                    &mut text,
                    "price",
                    &number(level.price.dollars(), view.price_decimals),
                );
                json::text(
                    &mut text,
                    "size",
                    &number(level.size.contracts(), view.size_decimals),
                );
                text.push('}');
            }
            text.push(']');
        }
    }
    text.push_str("}\n");
    text
}

/// How many levels of each side are printed where nobody says.
const LEVELS: u32 = 10;
/// How long the venue may take for all snapshots.
const PATIENCE: Duration = Duration::from_secs(15);
