//! What of a market data session's events concerns its books.

use std::time::Duration;

use super::Books;
use super::event::BookEvent;
use crate::book::request::Request;
use crate::book::state::StaleReason;
use crate::book::status::Refusal;
use crate::book::view::MarketData;
use crate::client::{Event, KalshiProduct, Received, Rejected, Sender};
use crate::margin::{self, Margin};
use crate::prediction::{self, Prediction};
use crate::session::{self, SendError, SequenceNumber};

/// A product whose market data becomes books: both of them.
pub trait MarketDataProduct: KalshiProduct {
    /// What a message is to a book, if anything.
    fn market_data<'m>(message: &'m Self::Message<'_>) -> Option<MarketData<'m>>;

    /// Sends a request at once, or not at all.
    fn try_send(sender: &Sender<Self::MarketData>, request: &Request) -> Result<SequenceNumber, SendError>;
}

impl MarketDataProduct for Prediction {
    fn market_data<'m>(message: &'m prediction::Message<'_>) -> Option<MarketData<'m>> {
        MarketData::of_prediction(message)
    }

    fn try_send(
        sender: &Sender<prediction::sessions::MD>,
        request: &Request,
    ) -> Result<SequenceNumber, SendError> {
        sender.try_send(request)
    }
}

impl MarketDataProduct for Margin {
    fn market_data<'m>(message: &'m margin::Message<'_>) -> Option<MarketData<'m>> {
        MarketData::of_margin(message)
    }

    fn try_send(
        sender: &Sender<margin::sessions::MD>,
        request: &Request,
    ) -> Result<SequenceNumber, SendError> {
        sender.try_send(request)
    }
}

impl Books {
    /// Takes an event of the session in: messages, and what says that some may be missing.
    pub fn handle_event<D: MarketDataProduct>(
        &mut self,
        event: &Event<'_, D::MarketData>,
        now: Duration,
        events: &mut Vec<BookEvent>,
    ) {
        match event {
            Event::Message(received) | Event::Invalid { received, .. } => {
                self.received::<D>(received, now, events);
            }
            Event::Malformed { inbound, .. } => self.unreadable(inbound.msg_type(), None, now, events),
            Event::Rejected(Rejected { reject, .. }) if reject.ref_msg_type.as_deref() == Some("V") => {
                let text = reject.text.as_deref().unwrap_or_default();
                self.refused(Refusal::Malformed, text.as_bytes(), now, events);
            }
            Event::Session(event) => self.session_event(event, now, events),
            Event::Dropped(_) => self.handle_loss(StaleReason::MessagesDropped, now, events),
            Event::Disconnected(_) | Event::Ended(_) => self.handle_disconnected(events),
            Event::Reconnected(_) => self.handle_reconnected(events),
            Event::Rejected(_) | Event::AttemptFailed(_) => {}
        }
    }

    #[inline]
    fn received<D: MarketDataProduct>(
        &mut self,
        received: &Received<'_, D::MarketData>,
        now: Duration,
        events: &mut Vec<BookEvent>,
    ) {
        if let Some(message) = received.message() {
            if let Some(message) = D::market_data(message) {
                self.handle(message, now, events);
            }
        } else {
            let msg_type = received.inbound().msg_type();
            self.unreadable(msg_type, Some(received.raw()), now, events);
        }
    }

    fn session_event(&mut self, event: &session::Event, now: Duration, events: &mut Vec<BookEvent>) {
        let lost = match event {
            session::Event::SequenceReset { expected, new, .. } => new != expected,
            session::Event::Garbled { .. } | session::Event::ResetInSession(_) => true,
            _ => false,
        };
        if lost {
            self.handle_loss(StaleReason::Gap, now, events);
        }
    }
}
