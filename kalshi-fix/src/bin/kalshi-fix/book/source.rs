//! Where books come from: a session of market data, and the next one where an exchange is started again.

use std::sync::Arc;

use kalshi_fix::book::{BooksSettings, MarketDataFeed, MarketDataProduct};
use kalshi_fix::client::OpenError;
use kalshi_fix::driver::SessionEnd;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::reconnect::ReconnectPolicy;
use tokio::sync::mpsc;

use crate::output::Failure;
use crate::place::{Place, PlaceArguments, built};
use crate::remedy::{Attempted, Step};

/// What is asked for, and where.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) place: &'a PlaceArguments,
    pub(super) product: Product,
    pub(super) symbols: &'a [String],
    pub(super) is_live: bool,
}

/// What was opened, and the books that come of it.
pub(super) struct Opened<D: MarketDataProduct> {
    pub(super) place: Place,
    pub(super) feed: MarketDataFeed<D>,
}

/// Why there are no books.
pub(super) enum NotOpened {
    Session(OpenError),
    Failed(Failure),
}

impl From<Failure> for NotOpened {
    fn from(failure: Failure) -> NotOpened {
        NotOpened::Failed(failure)
    }
}

impl<'a> Source<'a> {
    pub(super) async fn find(&self) -> Result<Place, Failure> {
        self.place.open(self.product, self.symbols).await
    }

    /// Logs on there, and asks for the markets.
    ///
    /// A session of the live screen connects again by itself, but for one of an exchange in whose place another one may
    /// come, with other ports, keys and certificates: that ends with its connection, and the place is opened again.
    /// Who waits for the first connection is told of the attempts that fail meanwhile.
    pub(super) async fn log_on<D: MarketDataProduct>(
        &self,
        place: &Place,
        failed: Option<mpsc::Sender<SessionEnd>>,
    ) -> Result<MarketDataFeed<D>, NotOpened> {
        let mut builder = place.client::<D>(self.place)?;
        if self.is_live && !place.may_be_replaced() {
            builder = builder.reconnect(ReconnectPolicy::default());
            if let Some(failed) = failed {
                builder = builder.attempt_observer(Arc::new(move |attempt| {
                    // What cannot be told at once is not worth waiting for: another one follows.
                    let _ = failed.try_send(attempt.end.clone());
                }));
            }
        }
        let session = built(builder)?.market_data().await.map_err(NotOpened::Session)?;
        let mut feed = MarketDataFeed::<D>::new(session, BooksSettings::default());
        let names = || self.symbols.iter().map(String::as_str);
        let subscribed = match self.product {
            Product::Prediction if self.is_live => feed.subscribe_status(names()),
            _ => feed.subscribe(names()),
        };
        subscribed.map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(feed)
    }

    /// Both, after what was opened before has come to its end.
    pub(super) async fn reopen<D: MarketDataProduct>(self) -> Result<Opened<D>, NotOpened> {
        let place = self.find().await?;
        let feed = self.log_on(&place, None).await?;
        Ok(Opened { place, feed })
    }

    /// What a remedy depends on.
    pub(super) fn attempted(&self) -> Attempted<'a> {
        Attempted {
            place: self.place,
            product: self.product,
            kind: SessionKind::MarketData,
        }
    }

    /// Why there are no books, and what to do about it.
    pub(super) fn trouble(&self, error: &NotOpened) -> (String, String) {
        match error {
            NotOpened::Session(error) => match self.attempted().not_opened(error) {
                Some((_, trouble)) => (trouble.what, trouble.remedy),
                None => (error.to_string(), String::new()),
            },
            // The next step is part of it.
            NotOpened::Failed(failure) => (failure.to_string(), String::new()),
        }
    }

    /// Why the session has ended, or did not come about, and what to do about it.
    pub(super) fn ended(&self, step: Step, end: &SessionEnd) -> (String, String) {
        let trouble = self.attempted().ended(step, end);
        (trouble.what, trouble.remedy)
    }
}
