//! Books that are drawn again as they change, until somebody has seen enough.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::{Duration, Instant};

use kalshi_fix::book::{BookEvent, FeedEvent, MarketDataProduct};
use tokio::time::MissedTickBehavior;

use super::Unwatched;
use super::keys::{Key, keys};
use super::known::Known;
use super::screen;
use super::shown::Shown;
use super::source::{NotOpened, Opened, Source};
use crate::remedy::Step;
use crate::requested::Requested;

/// Takes the terminal over. It is given back on each way out, panics included.
pub(super) async fn watch<D: MarketDataProduct>(
    opened: &mut Opened<D>,
    shown: &mut Shown,
    source: Source<'_>,
) -> Result<(), Unwatched> {
    if shown.colour {
        // Whatever the environment says: that has been looked at.
        ratatui::crossterm::style::force_color_output(true);
    }
    let mut terminal = ratatui::try_init()?;
    let watched = draw(&mut terminal, opened, shown, source).await;
    ratatui::restore();
    watched
}

/// Draws until it is told to end, or until the session does and nothing can come in its place.
async fn draw<D: MarketDataProduct>(
    terminal: &mut ratatui::DefaultTerminal,
    opened: &mut Opened<D>,
    shown: &mut Shown,
    source: Source<'_>,
) -> Result<(), Unwatched> {
    let mut keys = keys();
    let mut keys_are_read = true;
    let requested = Requested::new()?;
    let mut requested = std::pin::pin!(requested.wait());
    let mut frames = tokio::time::interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Heard::default();
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Of an exchange in whose place another one may come: whether its session is over, and the next one.
    let mut is_over = false;
    let mut next: Option<Opening<'_, D>> = None;
    loop {
        tokio::select! {
            event = opened.feed.recv(), if !is_over => match event {
                None => return Ok(()),
                Some(FeedEvent::Ended(end)) if opened.place.may_be_replaced() => {
                    is_over = true;
                    disconnected(shown, source.ended(Step::Heartbeat, &end));
                }
                Some(FeedEvent::Ended(end)) => return Err(Unwatched::Ended(end)),
                Some(event) => {
                    heard.note(&event);
                    note(shown, event, source);
                }
            },
            _ = looks.tick(), if is_over && next.is_none() => match opened.place.absence() {
                Some((why, remedy)) => shown.trouble(why.to_owned(), remedy),
                None => next = Some(Box::pin(source.reopen())),
            },
            anew = opening(&mut next) => {
                next = None;
                match anew {
                    Ok(anew) => {
                        is_over = false;
                        replace(opened, anew, shown, source, &mut heard);
                    }
                    Err(error) => not_connected(shown, source.trouble(&error)),
                }
            }
            key = keys.recv(), if keys_are_read => {
                match key {
                    Some(Key::Quit) => return Ok(()),
                    Some(Key::Next) => shown.next(1),
                    Some(Key::Previous) => shown.next(-1),
                    Some(Key::Turn) => shown.turn(),
                    Some(Key::Redraw) => shown.redraw(),
                    Some(Key::Other) => {}
                    None => keys_are_read = false,
                }
                if key.is_some_and(|key| key != Key::Redraw) {
                    shown.seen();
                }
            }
            () = &mut requested => return Ok(()),
            _ = frames.tick() => {
                shown.set_quiet(heard.quiet(shown.symbol()));
                if shown.take_changed() {
                    let book = opened.feed.book(shown.symbol());
                    terminal.draw(|frame| screen::draw(frame, shown, book))?;
                }
            }
        }
    }
}

/// A place that is being opened again.
type Opening<'a, D> = Pin<Box<dyn Future<Output = Result<Opened<D>, NotOpened>> + 'a>>;

async fn opening<D: MarketDataProduct>(next: &mut Option<Opening<'_, D>>) -> Result<Opened<D>, NotOpened> {
    match next {
        Some(next) => next.await,
        None => std::future::pending().await,
    }
}

/// Goes on with a new session: of the same exchange, or of another one, of which everything is another.
fn replace<D: MarketDataProduct>(
    opened: &mut Opened<D>,
    anew: Opened<D>,
    shown: &mut Shown,
    source: Source<'_>,
    heard: &mut Heard,
) {
    match anew.place.other_than(&opened.place) {
        Some(started) => {
            *heard = Heard::default();
            // The time of the day is enough: somebody looks on.
            let time = started.split_once(' ').map_or(started, |(_, time)| time);
            let known = Known::new(source.product, source.symbols, &anew.place);
            shown.start_over(known, format!("another exchange, started {time}"));
        }
        None => shown.say(String::new()),
    }
    *opened = anew;
}

fn disconnected(shown: &mut Shown, (what, remedy): (String, String)) {
    not_connected(shown, (format!("disconnected: {what}"), remedy));
}

/// What is wrong and what to do; and that nobody has to start this command again.
fn not_connected(shown: &mut Shown, (what, remedy): (String, String)) {
    shown.trouble(format!("{what}; trying again"), remedy);
}

fn note(shown: &mut Shown, event: FeedEvent, source: Source<'_>) {
    shown.redraw();
    if let FeedEvent::Book(event) = &event {
        shown.known.note(event);
    }
    match event {
        FeedEvent::Book(BookEvent::Trade(trade)) => shown.traded(trade),
        FeedEvent::Book(BookEvent::Refused { symbol, reason, text }) => {
            shown.say(format!("{symbol}: {reason} {text}"));
        }
        FeedEvent::Book(BookEvent::Fault { symbol, fault }) => shown.say(format!("{symbol}: {fault}")),
        FeedEvent::Book(BookEvent::Snapshot { .. }) | FeedEvent::Reconnected(_) => shown.say(String::new()),
        FeedEvent::Disconnected(gone) => disconnected(shown, source.ended(Step::Heartbeat, &gone.end)),
        FeedEvent::AttemptFailed(failed) => not_connected(shown, source.ended(Step::LogOn, &failed.end)),
        FeedEvent::NotSent { error, .. } => shown.say(error.to_string()),
        _ => {}
    }
}

/// When something last came of each market.
#[derive(Default)]
struct Heard(HashMap<String, Instant>);

impl Heard {
    fn note(&mut self, event: &FeedEvent) {
        let symbol = match event {
            FeedEvent::Book(BookEvent::Trade(trade)) => &trade.symbol,
            FeedEvent::Book(
                BookEvent::Snapshot { symbol, .. }
                | BookEvent::Changed { symbol, .. }
                | BookEvent::Status { symbol, .. },
            ) => symbol,
            _ => return,
        };
        self.0.insert(symbol.to_string(), Instant::now());
    }

    /// For how many seconds nothing has come; none where nothing ever did.
    fn quiet(&self, symbol: &str) -> u64 {
        self.0.get(symbol).map_or(0, |at| at.elapsed().as_secs())
    }
}

/// The terminal is drawn at most this often.
const FRAME: Duration = Duration::from_millis(50);
/// How often it is looked whether an exchange that is gone has come back, or another one in its place.
const LOOK: Duration = Duration::from_secs(1);
