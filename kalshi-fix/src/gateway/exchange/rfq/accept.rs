//! The acceptance of a quote, its confirmation, and the two orders that come of it.

use std::sync::Arc;

use super::super::engine::Exchange;
use super::super::identifiers::Use;
use super::super::order::{NewOrder, Order, OrderId, Origin, TimeInForce};
use super::super::report::{CancelReason, OrderEvent, Output, RejectReason};
use super::super::turn::Turn;
use super::super::units::Quantity;
use super::create::later;
use super::report::{QuoteState, RfqFault, RfqReport};
use super::request::Acceptance;
use super::state::{Deal, QuoteSide, Timer};

/// A quote that can be accepted, and how.
struct Found {
    number: u64,
    side: QuoteSide,
    quantity: Quantity,
}

impl Exchange {
    pub(super) fn accept_quote(&mut self, turn: &mut Turn, creator: Origin, acceptance: Acceptance) {
        let outcome = self.accept(turn, creator, &acceptance);
        turn.outputs.push(Output::Rfq(RfqReport::Accepted {
            creator,
            quote: acceptance.quote,
            accepted: outcome.clone().map(|(_, quote)| quote),
            cl_ord_id: acceptance.cl_ord_id,
        }));
        if let Ok((number, _)) = outcome {
            self.tell_accepted(turn, number);
        }
    }

    fn accept(
        &mut self,
        turn: &Turn,
        creator: Origin,
        acceptance: &Acceptance,
    ) -> Result<(u64, Arc<str>), RfqFault> {
        let Found {
            number,
            side,
            quantity,
        } = self.judge_acceptance(creator, acceptance)?;
        let quote = self.rfqs.quotes.get(&number).ok_or(RfqFault::QuoteNotFound)?;
        let rfq = self.rfqs.open.get(&quote.rfq).ok_or(RfqFault::Closed)?;
        let price = quote.yes_price(side).ok_or(RfqFault::InvalidParameters)?;
        let named = acceptance.cl_ord_id.clone();
        let cl_ord_id = named.unwrap_or_else(|| rfq.id.to_string().into());
        let mut order = NewOrder::limit(&cl_ord_id, &rfq.symbol, acceptance.side, price, quantity);
        order.time_in_force = TimeInForce::ImmediateOrCancel;
        order.subaccount = rfq.subaccount;
        order.party.clone_from(&rfq.party);
        let id = Arc::clone(&quote.id);
        if self.member(creator.owner).identifiers.find(&cl_ord_id).is_some() {
            return Err(RfqFault::OrderAlreadyExists);
        }
        let draft = self.pending_order(OrderId(0), creator, order.clone());
        if self.unpaid(&draft).is_some() {
            return Err(RfqFault::InsufficientBalance);
        }
        self.strike(turn, number, side, quantity, (creator, order, None));
        Ok((number, id))
    }

    /// The quote that is accepted: the one that was named, or the best one.
    fn judge_acceptance(&self, creator: Origin, acceptance: &Acceptance) -> Result<Found, RfqFault> {
        let found = self.rfqs.find_quote(&acceptance.quote, acceptance.rfq.as_deref());
        let (mut number, mut quote) = found.ok_or(RfqFault::QuoteNotFound)?;
        let rfq = self.rfqs.open.get(&quote.rfq).ok_or(RfqFault::Closed)?;
        if rfq.creator.owner != creator.owner {
            return Err(RfqFault::QuoteNotFound);
        }
        self.rfq_fault(&rfq.symbol)?;
        if rfq.accepted.is_some() {
            return Err(RfqFault::AlreadyAccepted);
        }
        let side = QuoteSide::taken_by(acceptance.side);
        if acceptance.prefer_better {
            for other in &rfq.quotes {
                if let Some(candidate) = self.rfqs.quotes.get(other)
                    && candidate.price(side) > quote.price(side)
                {
                    (number, quote) = (*other, candidate);
                }
            }
        }
        let size = rfq.size.at(quote.price(side));
        let quantity = acceptance.quantity.unwrap_or(size);
        let fits = quantity == size || (quote.partial && quantity < size);
        if !(quantity.is_positive() && self.is_valid(quantity) && fits) {
            return Err(RfqFault::InvalidParameters);
        }
        Ok(Found {
            number,
            side,
            quantity,
        })
    }

    /// A NewOrderSingle (D) that accepts a quote. It is pending until the quote is confirmed and its time has come.
    pub(in super::super) fn accept_by_order(&mut self, turn: &mut Turn, origin: Origin, request: NewOrder) {
        let id = self.next_order_id();
        let order = self.pending_order(id, origin, request.clone());
        turn.report(order.clone(), OrderEvent::PendingNew, None);
        let refused = self.refusal(origin, &request).or_else(|| self.unpaid(&order));
        let outcome = match refused {
            Some(reason) => Err(reason),
            None => self.judge_order(origin, &request),
        };
        match outcome {
            Err(reason) => turn.report(order, OrderEvent::Rejected(reason), None),
            Ok(Found {
                number,
                side,
                quantity,
            }) => {
                self.strike(turn, number, side, quantity, (origin, request, Some(id)));
                self.tell_accepted(turn, number);
            }
        }
    }

    fn judge_order(&self, origin: Origin, request: &NewOrder) -> Result<Found, RejectReason> {
        let acceptance = Acceptance {
            quote: request.quote.clone().ok_or(RejectReason::Expired)?,
            rfq: request.rfq.clone(),
            side: request.side,
            quantity: Some(request.quantity),
            cl_ord_id: None,
            prefer_better: false,
        };
        let found = self
            .judge_acceptance(origin, &acceptance)
            .map_err(|fault| match fault {
                RfqFault::InvalidParameters => RejectReason::IncorrectQuantity,
                _ => RejectReason::Expired,
            })?;
        let quote = self.rfqs.quotes.get(&found.number);
        let price = quote.and_then(|quote| quote.yes_price(found.side));
        let reaches = price.is_some_and(|price| match request.side {
            super::super::order::Side::Buy => request.price >= price,
            super::super::order::Side::Sell => request.price <= price,
        });
        if reaches {
            Ok(found)
        } else {
            Err(RejectReason::InvalidPrice)
        }
    }

    /// Notes that a quote was accepted, and until when it is to be confirmed.
    fn strike(
        &mut self,
        turn: &Turn,
        number: u64,
        side: QuoteSide,
        quantity: Quantity,
        (from, order, pending): (Origin, NewOrder, Option<OrderId>),
    ) {
        let due = later(turn.now, self.window(&order, super::CONFIRMATION));
        let deal = Deal {
            side,
            quantity,
            order,
            from,
            pending,
            confirmed: false,
            due,
        };
        let Some(quote) = self.rfqs.quotes.get_mut(&number) else {
            return;
        };
        quote.deal = Some(deal);
        if let Some(rfq) = self.rfqs.open.get_mut(&quote.rfq) {
            rfq.accepted = Some(number);
        }
        self.rfqs.timers.insert((due, Timer::Deal(number)));
    }

    fn tell_accepted(&self, turn: &mut Turn, number: u64) {
        let deal = self
            .rfqs
            .quotes
            .get(&number)
            .and_then(|quote| quote.deal.as_ref());
        let report = deal.and_then(|deal| {
            let state = QuoteState::Accepted(deal.side, deal.quantity);
            self.rfqs.describe(number, state)
        });
        turn.outputs
            .extend(report.map(|report| Output::Rfq(RfqReport::Quote(report))));
    }

    pub(super) fn confirm_quote(&mut self, turn: &mut Turn, maker: Origin, id: Arc<str>, rfq: Option<&str>) {
        let fault = self.confirm(turn, maker, &id, rfq).err();
        turn.outputs.push(Output::Rfq(RfqReport::Confirmed {
            maker,
            quote: id,
            fault,
        }));
    }

    fn confirm(&mut self, turn: &Turn, maker: Origin, id: &str, rfq: Option<&str>) -> Result<(), RfqFault> {
        let found = self.rfqs.find_quote(id, rfq);
        let found = found.filter(|(_, quote)| quote.maker.owner == maker.owner);
        let (number, quote) = found.ok_or(RfqFault::QuoteNotFound)?;
        let deal = quote.deal.as_ref().ok_or(RfqFault::NotAccepted)?;
        self.rfq_fault(&deal.order.symbol)?;
        if deal.confirmed {
            return Err(RfqFault::AlreadyConfirmed);
        }
        let order = self.maker_order(number).ok_or(RfqFault::QuoteNotFound)?;
        let draft = self.pending_order(OrderId(0), maker, order);
        if self.unpaid(&draft).is_some() {
            return Err(RfqFault::InsufficientBalance);
        }
        let at = later(turn.now, self.window(&deal.order, super::EXECUTION));
        let before = deal.due;
        if let Some(deal) = self
            .rfqs
            .quotes
            .get_mut(&number)
            .and_then(|quote| quote.deal.as_mut())
        {
            deal.confirmed = true;
            deal.due = at;
        }
        self.rfqs.timers.remove(&(before, Timer::Deal(number)));
        self.rfqs.timers.insert((at, Timer::Deal(number)));
        Ok(())
    }

    /// The time of an accepted quote is over: it is void, or its orders are entered.
    pub(super) fn finish_deal(&mut self, turn: &mut Turn, number: u64) {
        let Some(quote) = self.rfqs.quotes.get_mut(&number) else {
            return;
        };
        if !quote.deal.as_ref().is_some_and(|deal| deal.confirmed) {
            return self.drop_quote(turn, number, Some(QuoteState::Cancelled));
        }
        let (maker, rfq) = (quote.maker, quote.rfq);
        let Some(order) = self.maker_order(number) else {
            return;
        };
        let Some(deal) = self
            .rfqs
            .quotes
            .get_mut(&number)
            .and_then(|quote| quote.deal.take())
        else {
            return;
        };
        let rests = self.rfqs.open.get(&rfq).is_some_and(|rfq| rfq.rest_remainder);
        self.drop_quote(turn, number, None);
        self.close_rfq(turn, rfq, None);
        let name = Arc::clone(&order.cl_ord_id);
        self.enter_order(turn, maker, order, None);
        let mut taking = deal.order;
        taking.quote = None;
        self.enter_order(turn, deal.from, taking, deal.pending);
        if !rests && let Some(Use::Open(id)) = self.member(maker.owner).identifiers.find(&name) {
            self.end(turn, id, OrderEvent::Canceled(CancelReason::ImmediateOrCancelled));
        }
    }

    /// The order that a maker's accepted quote becomes.
    fn maker_order(&self, number: u64) -> Option<NewOrder> {
        let quote = self.rfqs.quotes.get(&number)?;
        let deal = quote.deal.as_ref()?;
        let rfq = self.rfqs.open.get(&quote.rfq)?;
        let quantity = if rfq.rest_remainder {
            rfq.size.at(quote.price(deal.side))
        } else {
            deal.quantity
        };
        let price = quote.yes_price(deal.side)?;
        let mut order = NewOrder::limit(&quote.id, &rfq.symbol, deal.side.maker(), price, quantity);
        order.time_in_force = TimeInForce::GoodTillCancel;
        order.post_only = quote.post_only;
        order.subaccount = quote.subaccount;
        Some(order)
    }

    /// An order that is not in the book.
    pub(in super::super) fn pending_order(&self, id: OrderId, origin: Origin, request: NewOrder) -> Order {
        let index = self.index_of(&request);
        let mut order = Order::new(id, origin, request, index, None);
        let customer = self.customer(origin.owner, order.party.as_ref());
        order.customer = customer.ok().flatten();
        order
    }

    /// Seconds that a market has for something.
    fn window(&self, order: &NewOrder, (usual, volatile): (i64, i64)) -> i64 {
        let listing = self.markets.get(&order.symbol);
        if listing.is_some_and(|listing| listing.market.high_volatility) {
            volatile
        } else {
            usual
        }
    }
}
