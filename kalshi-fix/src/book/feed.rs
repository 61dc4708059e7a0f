//! Books over a session: the one module here that waits.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::books::{BookEvent, Books, BooksSettings, MarketDataProduct, SubscribeError};
use super::order_book::Book;
use super::request::Request;
use crate::client::{Event, KalshiSession as _, Receiver, Rejected, Sender, Session};
use crate::driver::{AttemptFailed, Closed, Disconnected, Dropped, Reconnected, SessionEnd};
use crate::driver::{after, instant};
use crate::session::{self, Inbound, SendError};

/// The books of a market data session: they are subscribed to, kept, and subscribed to again after whatever happens.
///
/// The session's own policy says whether it connects again
/// ([`ClientBuilder::reconnect`](crate::client::ClientBuilder::reconnect)). All work is done in
/// [`recv`](MarketDataFeed::recv), so it has to be called again and again; between two calls the books stand still and can
/// be read.
///
/// ```
/// use kalshi_fix::book::{BookEvent, BooksSettings, FeedEvent, MarketDataFeed};
/// # use kalshi_fix::credentials::PrivateKey;
/// # use kalshi_fix::gateway::Gateway;
/// use kalshi_fix::prediction::Prediction;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let gateway = Gateway::builder().market("HIGHNY-23DEC31").start().await?;
/// # let key = PrivateKey::generate()?;
/// # let client = gateway.client_builder::<Prediction>(gateway.member().credentials(&key)).build()?;
/// let session = client.market_data().await?;
/// let mut feed = MarketDataFeed::<Prediction>::new(session, BooksSettings::default());
/// feed.subscribe(["HIGHNY-23DEC31"])?;
/// while let Some(event) = feed.recv().await {
///     if let FeedEvent::Book(BookEvent::Snapshot { symbol, .. } | BookEvent::Changed { symbol, .. }) = event {
///         let book = feed.book(&symbol).unwrap();
///         println!("{symbol}: {:?} / {:?}", book.best_bid(), book.best_offer());
///         break;
///     }
/// }
/// feed.close().await;
/// # Ok(())
/// # }
/// ```
pub struct MarketDataFeed<D: MarketDataProduct> {
    sender: Sender<D::MarketData>,
    receiver: Receiver<D::MarketData>,
    books: Books,
    origin: Instant,
    /// What is to be told first; last, if it is the end.
    first: Option<FeedEvent>,
    /// What is to be told then, the next one last.
    told: Vec<BookEvent>,
    /// Nothing is sent before.
    blocked_until: Option<Instant>,
    /// The session is over: nothing is sent any more, and nothing but what is kept here is told.
    is_over: bool,
}

/// Something that a feed tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FeedEvent {
    /// Of a book, or of a market.
    Book(BookEvent),
    /// The session has lost its connection and will connect again. All books are stale.
    Disconnected(Disconnected),
    /// An attempt to connect again has failed, and there will be another.
    AttemptFailed(AttemptFailed),
    /// The session is logged on again. All books are asked for again.
    Reconnected(Reconnected),
    /// Messages were dropped, because this was not called often enough. All books are stale, and asked for again.
    Dropped(Dropped),
    /// The venue rejects a message (Reject (3)). If it is a request of the feed's, books tell what becomes of it.
    Rejected(Rejected),
    /// Something about the session itself.
    Session(session::Event),
    /// A request cannot be sent. What it was for is asked for again when no answer has come.
    NotSent {
        /// The request.
        request: Request,
        /// Why.
        error: SendError,
    },
    /// A message that books have no use for, or that cannot be read.
    Unhandled(Inbound),
    /// The session is over. Nothing follows: what it makes of the books was told before.
    Ended(SessionEnd),
}

impl<D: MarketDataProduct> MarketDataFeed<D> {
    /// Takes a session over. Nothing is subscribed to yet.
    #[must_use]
    pub fn new(session: Session<D::MarketData>, settings: BooksSettings) -> MarketDataFeed<D> {
        let (sender, receiver) = session.split();
        MarketDataFeed {
            sender,
            receiver,
            books: Books::new(D::PRODUCT, settings),
            origin: Instant::now(),
            first: None,
            told: Vec::new(),
            blocked_until: None,
            is_over: false,
        }
    }

    /// Follows these markets from now on. Where one cannot be followed, those before it are.
    pub fn subscribe<'s>(
        &mut self,
        symbols: impl IntoIterator<Item = &'s str>,
    ) -> Result<(), SubscribeError> {
        let now = self.origin.elapsed();
        let mut symbols = symbols.into_iter();
        let subscribed = symbols.try_for_each(|symbol| self.books.subscribe(symbol, now));
        self.flush();
        subscribed
    }

    /// Follows the trading status of these markets, and their books. Prediction only.
    pub fn subscribe_status<'s>(
        &mut self,
        symbols: impl IntoIterator<Item = &'s str>,
    ) -> Result<(), SubscribeError> {
        let now = self.origin.elapsed();
        let mut symbols = symbols.into_iter();
        let subscribed = symbols.try_for_each(|symbol| self.books.subscribe_status(symbol, now));
        self.flush();
        subscribed
    }

    /// Follows a market no more, and lets go of its book. Whether it was followed.
    pub fn unsubscribe(&mut self, symbol: &str) -> bool {
        let followed = self.books.unsubscribe(symbol);
        self.flush();
        followed
    }

    /// As [`Books::refresh`].
    pub fn refresh(&mut self, symbol: &str) -> bool {
        let followed = self.books.refresh(symbol, self.origin.elapsed());
        self.flush();
        followed
    }

    /// The next thing to tell; `None` after [`FeedEvent::Ended`]. Dropping the future before it is ready loses nothing.
    pub async fn recv(&mut self) -> Option<FeedEvent> {
        loop {
            if let Some(event) = self.next_told() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            self.flush();
            if self.first.is_some() {
                continue;
            }
            let wake = self.wake();
            let MarketDataFeed {
                receiver,
                books,
                told,
                origin,
                is_over,
                ..
            } = self;
            tokio::select! {
                biased;
                event = receiver.recv() => {
                    let event = event?;
                    books.handle_event::<D>(&event, origin.elapsed(), told);
                    *is_over = matches!(event, Event::Ended(_));
                    let passed_on = pass_on::<D>(event);
                    self.first = passed_on;
                }
                () = sleep_until(wake) => {
                    self.blocked_until = None;
                    books.handle_timeout(origin.elapsed(), told);
                }
            }
            self.told.reverse();
        }
    }

    /// The book of a market that is followed.
    #[must_use]
    pub fn book(&self, symbol: &str) -> Option<&Book> {
        self.books.book(symbol)
    }

    /// All books.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// The session's sending end, for what a feed does not do.
    #[must_use]
    pub fn sender(&self) -> &Sender<D::MarketData> {
        &self.sender
    }

    /// Logs out and waits until the session is over. Dropping the future ends the session without waiting any longer, as
    /// dropping the feed does.
    pub async fn close(self) -> Closed {
        self.receiver.close().await
    }

    fn next_told(&mut self) -> Option<FeedEvent> {
        if self.is_over
            && let Some(told) = self.told.pop()
        {
            return Some(FeedEvent::Book(told));
        }
        self.first.take().or_else(|| self.told.pop().map(FeedEvent::Book))
    }

    /// When to look again, if nothing happens before.
    fn wake(&self) -> Option<Instant> {
        let deadline = self
            .books
            .next_deadline()
            .map(|deadline| instant(self.origin, deadline));
        // A deadline that has passed is of something that could not be sent.
        self.blocked_until.or(deadline)
    }

    /// Sends what is to be sent.
    fn flush(&mut self) {
        // What is to be told first would be lost, if this could not be sent either.
        let is_to_wait =
            self.first.is_some() || self.blocked_until.is_some_and(|until| Instant::now() < until);
        if self.is_over || is_to_wait {
            return;
        }
        self.blocked_until = None;
        let now = self.origin.elapsed();
        while let Some(request) = self.books.next_request(now) {
            match D::try_send(&self.sender, &request) {
                Ok(number) => tracing::debug!(?request, number, "sent"),
                Err(error) => {
                    if let Some(wait) = until_next_try(&error) {
                        self.books.not_sent(request, now);
                        self.blocked_until = Some(after(wait));
                    } else {
                        self.first = Some(FeedEvent::NotSent { request, error });
                    }
                    return;
                }
            }
        }
    }
}

impl<D: MarketDataProduct> fmt::Debug for MarketDataFeed<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MarketDataFeed")
            .field("kind", &D::MarketData::KIND)
            .field("books", &self.books)
            .field("receiver", &self.receiver)
            .finish_non_exhaustive()
    }
}

/// What is told of a session's event beside what the books make of it.
fn pass_on<D: MarketDataProduct>(event: Event<'_, D::MarketData>) -> Option<FeedEvent> {
    Some(match event {
        Event::Message(received) | Event::Invalid { received, .. } => {
            if received.message().and_then(D::market_data).is_some() {
                return None;
            }
            FeedEvent::Unhandled(received.inbound().clone())
        }
        Event::Malformed { inbound, .. } => FeedEvent::Unhandled(inbound.clone()),
        Event::Rejected(event) => FeedEvent::Rejected(event),
        Event::Session(event) => FeedEvent::Session(event),
        Event::Dropped(event) => FeedEvent::Dropped(event),
        Event::Disconnected(event) => FeedEvent::Disconnected(event),
        Event::AttemptFailed(event) => FeedEvent::AttemptFailed(event),
        Event::Reconnected(event) => FeedEvent::Reconnected(event),
        Event::Ended(end) => FeedEvent::Ended(end),
    })
}

/// How long a request waits that cannot be sent now: for the connection to come back, for what waits in front of it to
/// leave, or for the rate limit's tokens. `None` for one that never can be.
fn until_next_try(error: &SendError) -> Option<Duration> {
    match error {
        SendError::NotEstablished(_)
        | SendError::Reconnecting
        | SendError::Backlog { .. }
        | SendError::Resetting => Some(TRY_AGAIN),
        SendError::RateLimited { wait, .. } => wait.map(|wait| wait.max(TRY_AGAIN)),
        _ => None,
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

/// How long a request waits that could not be sent.
const TRY_AGAIN: Duration = Duration::from_millis(50);
