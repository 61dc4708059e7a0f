//! Books that are drawn again as they change, until somebody has seen enough.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kalshi_fix::book::{BookEvent, FeedEvent, MarketDataFeed, MarketDataProduct};
use tokio::time::MissedTickBehavior;

use super::Unwatched;
use super::keys::{Key, keys};
use super::screen;
use super::shown::Shown;
use crate::place::Place;
use crate::remedy;
use crate::requested::Requested;

/// Takes the terminal over. It is given back on each way out, panics included.
pub(super) async fn watch<D: MarketDataProduct>(
    feed: &mut MarketDataFeed<D>,
    shown: &mut Shown,
    place: &Place,
) -> Result<(), Unwatched> {
    let mut terminal = ratatui::try_init()?;
    let watched = draw(&mut terminal, feed, shown, place).await;
    ratatui::restore();
    watched
}

/// Draws until it is told to end, or until the session does.
async fn draw<D: MarketDataProduct>(
    terminal: &mut ratatui::DefaultTerminal,
    feed: &mut MarketDataFeed<D>,
    shown: &mut Shown,
    place: &Place,
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
    let mut is_connected = true;
    loop {
        tokio::select! {
            event = feed.recv() => {
                let Some(event) = event else { return Ok(()) };
                if let FeedEvent::Ended(end) = event {
                    return Err(Unwatched::Ended(end));
                }
                heard.note(&event);
                match event {
                    FeedEvent::Disconnected(_) => is_connected = false,
                    FeedEvent::Reconnected(_) => is_connected = true,
                    _ => {}
                }
                note(shown, event);
                tell_loss(shown, is_connected, place);
            }
            key = keys.recv(), if keys_are_read => match key {
                Some(Key::Quit) => return Ok(()),
                Some(Key::Next) => shown.next(1),
                Some(Key::Previous) => shown.next(-1),
                Some(Key::Turn) => shown.turn(),
                Some(Key::Redraw) => shown.redraw(),
                None => keys_are_read = false,
            },
            () = &mut requested => return Ok(()),
            // Attempts may be far apart, and what became of the exchange is known at once.
            _ = looks.tick(), if !is_connected => tell_loss(shown, is_connected, place),
            _ = frames.tick() => {
                shown.set_quiet(heard.quiet(shown.symbol()));
                if shown.take_changed() {
                    let book = feed.book(shown.symbol());
                    terminal.draw(|frame| screen::draw(frame, shown, book))?;
                }
            }
        }
    }
}

/// While there is no connection: where no attempt can bring it back, that is what there is to say.
fn tell_loss(shown: &mut Shown, is_connected: bool, place: &Place) {
    if !is_connected && let Some(why) = place.lost() {
        shown.say(why.to_owned());
    }
}

fn note(shown: &mut Shown, event: FeedEvent) {
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
        FeedEvent::Disconnected(gone) => shown.say(format!("disconnected: {}", remedy::said(&gone.end))),
        FeedEvent::AttemptFailed(failed) => shown.say(remedy::said(&failed.end)),
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
/// How often it is looked whether an exchange that is gone may come back.
const LOOK: Duration = Duration::from_secs(1);
