//! Many books, fed from one market data session.

mod event;
mod plan;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod unreadable;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use event::BookEvent;
pub use session::MarketDataProduct;
pub use settings::BooksSettings;

use plan::{Phase, Plan};

use super::order_book::{Applied, Book};
use super::state::{EntryFault, StaleReason};
use super::view::{MarketData, Snapshot, Updates};
use crate::environment::Product;
use crate::orders::check::{A_SYMBOL, is_symbol};

/// The books of the markets that are followed on a market data session, and what has to be asked for so that they are,
/// and stay, live.
///
/// It reads no clock and sends nothing: `now` is the time since any fixed moment, and what is to be sent is fetched with
/// [`next_request`](Books::next_request) after each call and at the [`next_deadline`](Books::next_deadline). What happens is added
/// to a vector of the caller's, whose room can be used again. [`MarketDataFeed`](super::MarketDataFeed) does all of that
/// over a session.
///
/// A book that goes stale is asked for again by itself. The refusal of a request (MarketDataRequestReject (Y)) names
/// nothing, so one request is under way at a time: the next one goes when each market of the last has its snapshot, or
/// time has run out.
///
/// ```
/// use std::time::Duration;
/// use kalshi_fix::book::{Books, BooksSettings, Entry, MarketData, Request, Side, Snapshot};
/// use kalshi_fix::dialect::Decimal;
/// use kalshi_fix::environment::Product;
///
/// let (mut books, mut events) = (Books::new(Product::Prediction, BooksSettings::default()), Vec::new());
/// let now = Duration::ZERO;
/// books.subscribe("HIGHNY-23DEC31", now)?;
/// let Some(Request::Subscribe(symbols)) = books.next_request(now) else { panic!() };
/// assert_eq!(*symbols[0], *"HIGHNY-23DEC31");
///
/// let levels = [Entry::level(Side::Bid, Decimal::new(35, 2), Decimal::from(10))];
/// books.handle(MarketData::Snapshot(Snapshot::new("HIGHNY-23DEC31", &levels)), now, &mut events);
/// assert!(books.book("HIGHNY-23DEC31").unwrap().is_live());
/// # Ok::<(), kalshi_fix::book::SubscribeError>(())
/// ```
pub struct Books {
    product: Product,
    settings: BooksSettings,
    followed: Vec<Followed>,
    /// Places in `followed`.
    places: HashMap<Arc<str>, usize>,
    /// Where the last update went: most messages are of one market, and so are many in a row.
    latest: usize,
    plan: Plan,
    strays: u64,
}

/// A book and what is done for it.
struct Followed {
    book: Book,
    phase: Phase,
    /// How often it was asked for since it was last live for long.
    attempts: u32,
    live_since: Option<Duration>,
    /// The venue sends updates, as far as is known.
    subscribed: bool,
    /// Requests of this connection that no snapshot has answered yet. Some never will be.
    unanswered: u32,
    /// As many snapshots are passed over: they answer requests of a time before the market was left, and the venue may
    /// have sent no updates since.
    outdated: u32,
    wants_status: bool,
    /// The status is still to be subscribed to on this connection.
    status_due: bool,
}

/// Why a market cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// There are as many as [`BooksSettings::max_symbols`] allows.
    #[error("{max} markets are followed, and no more may be: raise BooksSettings::max_symbols")]
    TooMany {
        /// How many there may be.
        max: usize,
    },
    /// A symbol that no market has: empty, or with a space, a control character, or another one that is not ASCII.
    #[error("{symbol:?} is no symbol: expected {A_SYMBOL}")]
    NoSymbol {
        /// The text.
        symbol: String,
    },
    /// Margin tells no trading statuses.
    #[error("margin has no trading status: nothing to subscribe to for {symbol}")]
    NoStatus {
        /// The market.
        symbol: String,
    },
}

impl Books {
    /// No books yet.
    #[must_use]
    pub fn new(product: Product, settings: BooksSettings) -> Books {
        let plan = Plan::new(settings.symbols_per_request);
        Books {
            product,
            settings,
            followed: Vec::new(),
            places: HashMap::new(),
            latest: 0,
            plan,
            strays: 0,
        }
    }

    /// Follows a market from now on: its snapshot is asked for. One that the venue has refused is asked for again; one
    /// that is followed stays as it is.
    pub fn subscribe(&mut self, symbol: &str, now: Duration) -> Result<(), SubscribeError> {
        if let Some(&at) = self.places.get(symbol) {
            if self.followed[at].phase == Phase::Refused {
                self.followed[at].attempts = 0;
                self.make_due(at, now);
            }
            return Ok(());
        }
        if !is_symbol(symbol) {
            let symbol = symbol.to_owned();
            return Err(SubscribeError::NoSymbol { symbol });
        }
        let max = self.settings.max_symbols;
        if self.followed.len() >= max {
            return Err(SubscribeError::TooMany { max });
        }
        let symbol: Arc<str> = symbol.into();
        let at = self.followed.len();
        self.places.insert(Arc::clone(&symbol), at);
        let outdated = self.plan.begin_again(&symbol);
        self.followed.push(Followed {
            book: Book::new(symbol, self.product),
            phase: Phase::Refused,
            attempts: 0,
            live_since: None,
            subscribed: false,
            unanswered: 0,
            outdated,
            wants_status: false,
            status_due: false,
        });
        self.make_due(at, now);
        Ok(())
    }

    /// Follows a market's trading status as well, and its book if it is not followed yet.
    pub fn subscribe_status(&mut self, symbol: &str, now: Duration) -> Result<(), SubscribeError> {
        if self.product == Product::Margin {
            let symbol = symbol.to_owned();
            return Err(SubscribeError::NoStatus { symbol });
        }
        self.subscribe(symbol, now)?;
        if let Some(followed) = self.of(symbol)
            && !followed.wants_status
        {
            followed.wants_status = true;
            followed.status_due = true;
            self.plan.statuses_due = true;
        }
        Ok(())
    }

    /// Follows a market no more, and lets go of its book. Whether it was followed.
    pub fn unsubscribe(&mut self, symbol: &str) -> bool {
        let Some(at) = self.places.remove(symbol) else {
            return false;
        };
        let gone = self.followed.swap_remove(at);
        if let Some(moved) = self.followed.get(at)
            && let Some(place) = self.places.get_mut(moved.book.symbol())
        {
            *place = at;
        }
        if gone.phase == Phase::Asked {
            self.plan.answered();
        }
        // Also while an answer is still to come: the venue may have taken the request by now.
        if gone.subscribed || gone.unanswered > 0 {
            self.plan.end(Arc::clone(gone.book.symbol()));
        }
        let outdated = gone.outdated.saturating_add(gone.unanswered);
        self.plan
            .leave(gone.book.symbol(), outdated, self.settings.max_symbols);
        if gone.wants_status && !gone.status_due {
            self.plan.end_status(Arc::clone(gone.book.symbol()));
        }
        true
    }

    /// Asks for a fresh snapshot of a live book, to hold the book against it: [`BookEvent::Snapshot`] says at how many
    /// levels they differ. Whether the market is followed.
    pub fn refresh(&mut self, symbol: &str, now: Duration) -> bool {
        let Some(&at) = self.places.get(symbol) else {
            return false;
        };
        if self.followed[at].phase == Phase::Subscribed {
            self.make_due(at, now);
        }
        true
    }

    /// Takes a message in. What it leads to is added to `events`.
    #[inline]
    pub fn handle(&mut self, message: MarketData<'_>, now: Duration, events: &mut Vec<BookEvent>) {
        match message {
            MarketData::Updates(updates) => self.update(updates, now, events),
            MarketData::Snapshot(snapshot) => self.load(snapshot, now, events),
            MarketData::Status { symbol, status } => {
                let Some(followed) = self.place(symbol).map(|at| &mut self.followed[at]) else {
                    self.strays += 1;
                    return;
                };
                followed.book.set_status(status);
                let symbol = Arc::clone(followed.book.symbol());
                events.push(BookEvent::Status { symbol, status });
            }
            MarketData::Refused { reason, text } => self.refused(reason, text, now, events),
            MarketData::BusinessReject {
                ref_msg_type, text, ..
            } => {
                self.business_rejected(ref_msg_type, text, now, events);
            }
        }
    }

    /// The session may have missed messages: all live books are stale, and are asked for again. Trading statuses are not
    /// known any more, since nothing but their changes is told.
    pub fn handle_loss(&mut self, reason: StaleReason, now: Duration, events: &mut Vec<BookEvent>) {
        if reason == StaleReason::MessagesDropped {
            // Snapshots that were asked for may have been among them.
            for at in self.take_round() {
                self.make_due(at, now);
            }
        }
        for at in 0..self.followed.len() {
            self.lose(at, reason, now, events);
        }
    }

    /// A message of these symbols could not be read: their books are stale. A message that names none that is followed
    /// may have been of any, and so may one with a symbol that is empty or no text: for an entry that names no market, pass an
    /// empty one.
    pub fn handle_unreadable<'m>(
        &mut self,
        symbols: impl IntoIterator<Item = &'m [u8]>,
        now: Duration,
        events: &mut Vec<BookEvent>,
    ) {
        let (mut named, mut unnamed) = (false, false);
        for symbol in symbols {
            unnamed |= symbol.is_empty() || std::str::from_utf8(symbol).is_err();
            if let Some(at) = self.place(symbol) {
                named = true;
                self.lose(at, StaleReason::Unreadable, now, events);
            }
        }
        if unnamed || !named {
            self.handle_loss(StaleReason::Unreadable, now, events);
        }
    }

    /// The book of a market that is followed.
    #[must_use]
    pub fn book(&self, symbol: &str) -> Option<&Book> {
        Some(&self.followed[*self.places.get(symbol)?].book)
    }

    /// All books, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Book> {
        self.followed.iter().map(|followed| &followed.book)
    }

    /// How many markets are followed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.followed.len()
    }

    /// Whether no market is followed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.followed.is_empty()
    }

    /// How many entries and messages were of markets that are not followed: some come after an
    /// [`unsubscribe`](Books::unsubscribe).
    #[must_use]
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// The product of the markets.
    #[must_use]
    pub fn product(&self) -> Product {
        self.product
    }

    #[inline]
    fn update(&mut self, updates: Updates<'_>, now: Duration, events: &mut Vec<BookEvent>) {
        let mut run = Run::default();
        for update in updates.iter() {
            let Some(at) = self.place(update.symbol) else {
                self.strays += 1;
                continue;
            };
            if run.at != at {
                self.tell(&run, events);
                run = Run { at, ..Run::default() };
            }
            match self.followed[at].book.apply(&update.entry) {
                Ok(Applied::Level(change)) => {
                    run.levels += 1;
                    run.best |= change.best;
                }
                Ok(Applied::Trade(trade)) => events.push(BookEvent::Trade(trade)),
                Ok(Applied::NotLive) => {}
                Err(fault) => {
                    // What was right before it is told first.
                    self.tell(&run, events);
                    run = Run { at, ..Run::default() };
                    self.fault(at, fault, now, events);
                }
            }
        }
        self.tell(&run, events);
    }

    #[inline]
    fn tell(&self, run: &Run, events: &mut Vec<BookEvent>) {
        if run.levels > 0 {
            events.push(BookEvent::Changed {
                symbol: Arc::clone(self.followed[run.at].book.symbol()),
                levels: run.levels,
                best: run.best,
            });
        }
    }

    #[cold]
    fn fault(&mut self, at: usize, fault: EntryFault, now: Duration, events: &mut Vec<BookEvent>) {
        let book = &self.followed[at].book;
        let symbol = Arc::clone(book.symbol());
        events.push(BookEvent::Fault { symbol, fault });
        if book.state() == super::BookState::Stale(StaleReason::BadUpdate(fault))
            && self.followed[at].live_since.is_some()
        {
            self.tell_stale(at, StaleReason::BadUpdate(fault), now, events);
        }
    }

    fn load(&mut self, snapshot: Snapshot<'_>, now: Duration, events: &mut Vec<BookEvent>) {
        let Some(at) = self.place(snapshot.symbol()) else {
            self.strays += 1;
            self.plan.passed_over(snapshot.symbol());
            return;
        };
        let followed = &mut self.followed[at];
        if followed.outdated > 0 {
            followed.outdated -= 1;
            self.strays += 1;
            return;
        }
        followed.unanswered = followed.unanswered.saturating_sub(1);
        if followed.phase == Phase::Asked {
            self.plan.answered();
        }
        let symbol = Arc::clone(followed.book.symbol());
        let differences = if followed.book.is_live() {
            followed
                .book
                .verify(snapshot.entries())
                .map_or(0, |found| found.len())
        } else {
            0
        };
        followed.phase = Phase::Subscribed;
        followed.subscribed = true;
        match followed.book.load(snapshot.entries()) {
            Ok(loaded) => {
                followed.live_since.get_or_insert(now);
                events.push(BookEvent::Snapshot {
                    symbol,
                    levels: loaded.levels,
                    differences,
                });
            }
            Err(fault) => {
                events.push(BookEvent::Fault { symbol, fault });
                self.tell_stale(at, StaleReason::BadSnapshot(fault), now, events);
            }
        }
    }

    /// Makes a book stale, if it is live, and has it asked for again.
    fn lose(&mut self, at: usize, reason: StaleReason, now: Duration, events: &mut Vec<BookEvent>) {
        if self.followed[at].book.mark_stale(reason) {
            self.tell_stale(at, reason, now, events);
        }
    }

    fn tell_stale(&mut self, at: usize, reason: StaleReason, now: Duration, events: &mut Vec<BookEvent>) {
        let followed = &mut self.followed[at];
        let symbol = Arc::clone(followed.book.symbol());
        events.push(BookEvent::Stale { symbol, reason });
        let live_since = followed.live_since.take();
        if live_since.is_some_and(|since| now.saturating_sub(since) >= settings::LONGEST_DELAY) {
            followed.attempts = 0;
        }
        // One that is asked for already gets its snapshot, or is asked for again when none comes.
        if followed.phase != Phase::Asked {
            self.make_due(at, now);
        }
    }

    fn make_due(&mut self, at: usize, now: Duration) {
        let followed = &mut self.followed[at];
        let due = now.saturating_add(self.settings.delay(followed.attempts));
        followed.phase = Phase::Due { at: due };
        self.plan.due_at(due);
    }

    #[inline]
    fn place(&mut self, symbol: &[u8]) -> Option<usize> {
        if let Some(latest) = self.followed.get(self.latest)
            && latest.book.symbol().as_bytes() == symbol
        {
            return Some(self.latest);
        }
        let symbol = std::str::from_utf8(symbol).ok()?;
        let at = *self.places.get(symbol)?;
        self.latest = at;
        Some(at)
    }

    fn of(&mut self, symbol: &str) -> Option<&mut Followed> {
        let at = *self.places.get(symbol)?;
        self.followed.get_mut(at)
    }
}

impl fmt::Debug for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Books")
            .field("product", &self.product)
            .field("settings", &self.settings)
            .field("followed", &self.followed.len())
            .field("plan", &self.plan)
            .field("strays", &self.strays)
            .finish_non_exhaustive()
    }
}

/// Entries of one market that stand together in a message.
#[derive(Default)]
struct Run {
    at: usize,
    levels: usize,
    best: bool,
}
