//! A session, and the tracker that follows its orders: what is sent is noted, what comes is taken in.

use kalshi_fix::client::{Event, KalshiSession, Session};
use kalshi_fix::dialect::ClientSends;
use kalshi_fix::driver::{Clock as _, SystemClock};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::tracker::{AsRequest, Source, Tracker, TrackerEvent};

use crate::support::Failure;

pub(crate) struct Desk<S: KalshiSession<Dialect = Prediction>> {
    pub(crate) session: Session<S>,
    /// What is known of orders, fills and positions.
    pub(crate) tracker: Tracker,
}

impl<S: KalshiSession<Dialect = Prediction>> Desk<S> {
    /// Sends a request. The tracker is told of it, with its number, before any answer is taken in.
    pub(crate) async fn send<M: ClientSends<S> + AsRequest>(&mut self, message: &M) -> Result<(), Failure> {
        let number = self.session.send(message).await?;
        let unit = self.session.price_units().orders();
        self.tracker
            .sent(SystemClock.utc(), number, message, unit, &mut Vec::new())?;
        Ok(())
    }

    /// Waits for the session's next event, and returns what it changed. A refused request ends the example.
    pub(crate) async fn news(&mut self) -> Result<Vec<TrackerEvent>, Failure> {
        let unit = self.session.price_units().orders();
        let event = self.session.recv().await.ok_or("the session is over")?;
        let mut news = Vec::new();
        self.tracker
            .observe(SystemClock.utc(), Source::OrderEntry, &event, unit, &mut news)?;
        if let Event::Rejected(rejected) = event {
            return Err(rejected.to_string().into());
        }
        for event in &news {
            if let TrackerEvent::RequestRefused { kind, text, .. } = event {
                return Err(format!(
                    "{kind:?} refused: {}",
                    text.as_deref().unwrap_or("no reason given")
                )
                .into());
            }
        }
        Ok(news)
    }
}
