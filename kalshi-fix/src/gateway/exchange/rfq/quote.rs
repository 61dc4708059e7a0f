//! Quotes come and go.

use std::sync::Arc;

use super::super::engine::Exchange;
use super::super::market::ExchangeStatus;
use super::super::order::Origin;
use super::super::report::{OrderEvent, Output, RejectReason};
use super::super::turn::Turn;
use super::super::units::Price;
use super::report::{QuoteState, RfqFault, RfqReport};
use super::request::NewQuote;
use super::state::{Quote, RfqId, Timer};

impl Exchange {
    /// A maker quotes: its earlier quote for the same RFQ is cancelled.
    pub(super) fn quote(&mut self, turn: &mut Turn, maker: Origin, new: NewQuote) {
        let (rfq, previous) = match self.judge_quote(maker, &new) {
            Ok(found) => found,
            Err(fault) => {
                let rfq = new.rfq;
                return turn
                    .outputs
                    .push(Output::Rfq(RfqReport::QuoteRefused { maker, rfq, fault }));
            }
        };
        if let Some(previous) = previous {
            self.drop_quote(turn, previous, Some(QuoteState::Cancelled));
        }
        self.rfqs.last_quote += 1;
        let number = self.rfqs.last_quote;
        self.rfqs.names.insert(Arc::clone(&new.id), number);
        let quote = Quote {
            id: new.id,
            rfq,
            maker,
            bid: new.bid,
            offer: new.offer,
            post_only: new.post_only,
            partial: new.partial,
            subaccount: new.subaccount,
            deal: None,
        };
        self.rfqs.quotes.insert(number, quote);
        if let Some(rfq) = self.rfqs.open.get_mut(&rfq) {
            rfq.quotes.insert(number);
        }
        if let Some(report) = self.rfqs.describe(number, QuoteState::Pending) {
            turn.outputs.push(Output::Rfq(RfqReport::Quote(report.clone())));
            turn.outputs.push(Output::Rfq(RfqReport::Quoted(report)));
        }
    }

    /// The RFQ that a quote is for, and the maker's quote that it replaces.
    fn judge_quote(&self, maker: Origin, new: &NewQuote) -> Result<(RfqId, Option<u64>), RfqFault> {
        let rfq = RfqId::parse(&new.rfq).and_then(|id| self.rfqs.open.get(&id));
        let rfq = rfq.ok_or(RfqFault::Closed)?;
        self.rfq_fault(&rfq.symbol)?;
        if rfq.creator.owner == maker.owner {
            return Err(RfqFault::OwnRequest);
        }
        let on_grid = |price: Option<Price>| price.is_none_or(|price| self.is_on_grid(&rfq.symbol, price));
        let together = new.bid.unwrap_or_default() + new.offer.unwrap_or_default();
        let nothing = !rfq.size.at(new.bid).is_positive() && !rfq.size.at(new.offer).is_positive();
        if new.symbol != rfq.symbol
            || nothing
            || !(on_grid(new.bid) && on_grid(new.offer))
            || together > Price::ONE_DOLLAR
        {
            return Err(RfqFault::InvalidParameters);
        }
        let own = rfq.quotes.iter().find(|number| {
            let quote = self.rfqs.quotes.get(number);
            quote.is_some_and(|quote| quote.maker.owner == maker.owner)
        });
        let own = own.copied();
        if own.is_some() && rfq.accepted == own {
            return Err(RfqFault::AlreadyAccepted);
        }
        match self.rfqs.names.get(&new.id) {
            Some(number) if Some(*number) != own => return Err(RfqFault::QuoteAlreadyExists),
            _ => {}
        }
        if own.is_none() && rfq.quotes.len() >= self.rules.quotes_per_rfq {
            return Err(RfqFault::ExceedsLimit);
        }
        Ok((rfq.id, own))
    }

    pub(super) fn cancel_quote(&mut self, turn: &mut Turn, maker: Origin, id: Arc<str>, rfq: Option<&str>) {
        let found = self.rfqs.find_quote(&id, rfq);
        let found = found.filter(|(_, quote)| quote.maker.owner == maker.owner);
        let fault = match found {
            None => Some(RfqFault::QuoteNotFound),
            Some(_) if self.status == ExchangeStatus::Paused => Some(RfqFault::ExchangePaused),
            Some((_, quote)) if quote.deal.as_ref().is_some_and(|deal| deal.confirmed) => {
                Some(RfqFault::AlreadyConfirmed)
            }
            Some(_) => None,
        };
        let number = found.map(|(number, _)| number);
        if let (None, Some(number)) = (fault, number) {
            self.drop_quote(turn, number, Some(QuoteState::Cancelled));
        }
        turn.outputs.push(Output::Rfq(RfqReport::QuoteCancelled {
            maker,
            quote: id,
            fault,
        }));
    }

    /// Removes a quote, and tells its maker where there is something to tell. An order that was to accept it has no quote any
    /// more.
    pub(super) fn drop_quote(&mut self, turn: &mut Turn, number: u64, state: Option<QuoteState>) {
        let report = state.and_then(|state| self.rfqs.describe(number, state));
        let Some(quote) = self.rfqs.quotes.remove(&number) else {
            return;
        };
        self.rfqs.names.remove(&quote.id);
        if let Some(rfq) = self.rfqs.open.get_mut(&quote.rfq) {
            rfq.quotes.remove(&number);
            if rfq.accepted == Some(number) {
                rfq.accepted = None;
            }
        }
        if let Some(report) = report {
            turn.outputs.push(Output::Rfq(RfqReport::Quote(report)));
        }
        if let Some(deal) = quote.deal {
            self.rfqs.timers.remove(&(deal.due, Timer::Deal(number)));
            if let Some(id) = deal.pending {
                let order = self.pending_order(id, deal.from, deal.order);
                turn.report(order, OrderEvent::Rejected(RejectReason::Expired), None);
            }
        }
    }
}
