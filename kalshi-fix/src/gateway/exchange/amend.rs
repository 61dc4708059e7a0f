//! Amends: a new total, a new price, and what becomes of the place in the queue.

use super::engine::Exchange;
use super::identifiers::Use;
use super::market::{ExchangeStatus, MarketStatus, Symbol};
use super::order::{Amend, ClOrdId, Order, OrderId, Origin, Target};
use super::report::{
    CancelReason, CancelReject, CancelRejectReason, Ended, OrderEvent, Output, RejectReason,
};
use super::turn::{Request, Turn};

/// What an OrigClOrdID leads to.
pub(super) enum Found {
    Open(Box<Order>),
    Ended(OrderId, Ended),
    Nothing,
}

impl Exchange {
    /// Amends an order. Less quantity at the same price keeps the place in the queue; more quantity or another price gives it
    /// up, and the order can trade as a new one. A total equal to what is filled cancels the order.
    pub(super) fn amend(&mut self, turn: &mut Turn, origin: Origin, amend: &Amend) {
        let found = self.find(origin, &amend.target);
        let refuse = |turn: &mut Turn, found: Found, reason: CancelRejectReason| {
            turn.refuse(origin, &amend.cl_ord_id, &amend.target, true, found, reason);
        };
        let order = match found {
            Found::Open(order) => order,
            Found::Ended(..) if self.is_closed(&amend.target.symbol) => {
                return refuse(turn, found, CancelRejectReason::MarketInactive);
            }
            Found::Ended(_, Ended::Filled) => {
                return refuse(turn, found, CancelRejectReason::CannotUpdateFilledOrder);
            }
            Found::Ended(_, Ended::Canceled) => return refuse(turn, found, CancelRejectReason::TooLate),
            Found::Nothing => return refuse(turn, found, CancelRejectReason::UnknownOrder),
        };
        let request = Request {
            origin,
            cl_ord_id: &amend.cl_ord_id,
            orig_cl_ord_id: &amend.target.orig_cl_ord_id,
        };
        turn.report((*order).clone(), OrderEvent::PendingReplace, Some(request));

        let price = amend.price.unwrap_or(order.price);
        if let Some(reason) = self.amend_refusal(&order, amend) {
            return refuse(turn, Found::Open(order), reason);
        }
        if amend.quantity == order.filled {
            let Some(mut order) = self.take_out(order.id) else {
                return;
            };
            self.retire(&order);
            order.cl_ord_id = ClOrdId::clone(&amend.cl_ord_id);
            self.member(origin.owner)
                .identifiers
                .retire(&amend.cl_ord_id, Use::Ended(order.id, Ended::Canceled));
            turn.report(
                order,
                OrderEvent::Canceled(CancelReason::Requested),
                Some(request),
            );
            return;
        }

        let mut amended = (*order).clone();
        amended.cl_ord_id = ClOrdId::clone(&amend.cl_ord_id);
        amended.price = price;
        amended.quantity = amend.quantity;
        let keeps_place = price == order.price && amend.quantity <= order.quantity;
        if !keeps_place {
            let more = (amended.leaves() - order.leaves()).or_zero();
            match self.risk(&amended, more) {
                Some(RejectReason::ExceededSellPositionFloor) => {
                    return refuse(
                        turn,
                        Found::Open(order),
                        CancelRejectReason::ExceededSellPositionFloor,
                    );
                }
                Some(_) => {
                    return refuse(
                        turn,
                        Found::Open(order),
                        CancelRejectReason::ExceededPerMarketRiskLimit,
                    );
                }
                None => {}
            }
            if !self.is_covered_in_place_of(&order, &amended) {
                return refuse(turn, Found::Open(order), CancelRejectReason::InsufficientBalance);
            }
            if self.plan(&amended).stopped_at_own_order {
                return refuse(turn, Found::Open(order), CancelRejectReason::SelfCrossAttempt);
            }
        }
        self.member(origin.owner)
            .identifiers
            .retire(&order.cl_ord_id, Use::Replaced(order.id));
        if keeps_place {
            self.shrink(&order, &amended);
            turn.report(amended, OrderEvent::Replaced, Some(request));
        } else {
            self.take_out(order.id);
            self.re_enter(turn, amended, request);
        }
    }

    /// The order that a request is about, among its member's.
    pub(super) fn find(&mut self, origin: Origin, target: &Target) -> Found {
        match self.member(origin.owner).identifiers.find(&target.orig_cl_ord_id) {
            Some(Use::Open(id)) => match self.orders.get(&id) {
                Some(order) => Found::Open(Box::new(order.clone())),
                None => Found::Nothing,
            },
            Some(Use::Ended(id, ended)) => Found::Ended(id, ended),
            Some(Use::Replaced(_)) | None => Found::Nothing,
        }
    }

    /// Whether a market's close time has passed, after which nothing else is said of its orders.
    pub(super) fn is_closed(&self, symbol: &Symbol) -> bool {
        let listing = self.markets.get(symbol);
        listing.is_some_and(|listing| listing.market.status == MarketStatus::Closed)
    }

    fn amend_refusal(&mut self, order: &Order, amend: &Amend) -> Option<CancelRejectReason> {
        match self.status {
            ExchangeStatus::Paused => return Some(CancelRejectReason::ExchangePaused),
            ExchangeStatus::TradingPaused => return Some(CancelRejectReason::TradingPaused),
            ExchangeStatus::Open => {}
        }
        match self.markets.get(&order.symbol)?.market.status {
            MarketStatus::Inactive | MarketStatus::Closed => return Some(CancelRejectReason::MarketInactive),
            MarketStatus::Determined | MarketStatus::Settled => {
                return Some(CancelRejectReason::MarketAlreadyClosed);
            }
            MarketStatus::Active => {}
        }
        if !order.agrees_with(&amend.target) {
            return Some(CancelRejectReason::Mismatch);
        }
        if self
            .member(order.origin.owner)
            .identifiers
            .find(&amend.cl_ord_id)
            .is_some()
        {
            return Some(CancelRejectReason::OrderAlreadyExists);
        }
        if amend
            .price
            .is_some_and(|price| !self.is_on_grid(&order.symbol, price))
        {
            return Some(CancelRejectReason::InvalidPrice);
        }
        let valid = self.is_valid(amend.quantity) && amend.quantity >= order.filled;
        (!valid).then_some(CancelRejectReason::InvalidAmendQuantity)
    }

    /// Whether the account can pay for `amended` once `order` no longer holds anything back.
    fn is_covered_in_place_of(&mut self, order: &Order, amended: &Order) -> bool {
        let terms = self.terms();
        let before = self.exposure(order, false);
        let after = self.exposure(amended, true);
        let Some(account) = self.accounts.get_mut(&order.account()) else {
            return false;
        };
        account.close(terms, &order.symbol, before);
        let covered = account.covers(terms, &order.symbol, after);
        account.open(terms, &order.symbol, before);
        covered
    }

    /// Changes an order where it is: it wants the same or less at the same price.
    fn shrink(&mut self, order: &Order, amended: &Order) {
        let terms = self.terms();
        let before = self.exposure(order, false);
        let after = self.exposure(amended, false);
        if let Some(account) = self.accounts.get_mut(&order.account()) {
            account.close(terms, &order.symbol, before);
            account.open(terms, &order.symbol, after);
        }
        if let Some(listing) = self.touch(&order.symbol) {
            listing.book.reduce(order.id, order.quantity - amended.quantity);
        }
        self.member(order.origin.owner)
            .identifiers
            .open(&amended.cl_ord_id, amended.id);
        self.orders.insert(amended.id, amended.clone());
    }
}

impl Turn {
    /// Refuses an amend or a cancel.
    pub(super) fn refuse(
        &mut self,
        origin: Origin,
        cl_ord_id: &ClOrdId,
        target: &Target,
        is_amend: bool,
        found: Found,
        reason: CancelRejectReason,
    ) {
        let (order, order_id, ended) = match found {
            Found::Open(order) => {
                let id = order.id;
                (Some(order), Some(id), None)
            }
            Found::Ended(id, ended) => (None, Some(id), Some(ended)),
            Found::Nothing => (None, None, None),
        };
        self.outputs.push(Output::CancelReject(CancelReject {
            origin,
            order,
            order_id,
            cl_ord_id: ClOrdId::clone(cl_ord_id),
            orig_cl_ord_id: ClOrdId::clone(&target.orig_cl_ord_id),
            is_amend,
            ended,
            reason,
        }));
    }
}
