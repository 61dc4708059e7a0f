//! Cancels: of one order, and of all orders of a session.

use super::amend::Found;
use super::engine::Exchange;
use super::market::{ExchangeStatus, MarketStatus};
use super::order::{Cancel, ClOrdId, Order, OrderId, Origin, SessionId};
use super::report::{CancelReason, CancelRejectReason, MassCancelReport, OrderEvent, Output};
use super::turn::{Request, Turn};

impl Exchange {
    pub(super) fn cancel(&mut self, turn: &mut Turn, origin: Origin, cancel: &Cancel) {
        let found = self.find(origin, &cancel.target);
        let refuse = |turn: &mut Turn, found: Found, reason: CancelRejectReason| {
            turn.refuse(origin, &cancel.cl_ord_id, &cancel.target, false, found, reason);
        };
        let order = match found {
            Found::Open(order) => order,
            Found::Ended(..) if self.is_closed(&cancel.target.symbol) => {
                return refuse(turn, found, CancelRejectReason::MarketInactive);
            }
            Found::Ended(..) => return refuse(turn, found, CancelRejectReason::TooLate),
            Found::Nothing => return refuse(turn, found, CancelRejectReason::UnknownOrder),
        };
        let request = Request {
            origin,
            cl_ord_id: &cancel.cl_ord_id,
            orig_cl_ord_id: &cancel.target.orig_cl_ord_id,
        };
        turn.report((*order).clone(), OrderEvent::PendingCancel, Some(request));
        if let Some(reason) = self.cancel_refusal(&order, cancel) {
            return refuse(turn, Found::Open(order), reason);
        }
        if let Some(order) = self.take_out(order.id) {
            self.retire(&order);
            turn.report(
                order,
                OrderEvent::Canceled(CancelReason::Requested),
                Some(request),
            );
        }
    }

    /// Ends all orders that the session entered: the report first, then each cancel. One that follows another too soon is
    /// refused.
    pub(super) fn mass_cancel(&mut self, turn: &mut Turn, origin: Origin, cl_ord_id: ClOrdId) {
        let operation = self.next_order_id();
        let interval = self.rules.mass_cancel_interval * 1_000_000;
        let last = self.mass_cancels.get(&origin.session);
        let is_soon = last.is_some_and(|last| turn.now.unix_nanos() - last.unix_nanos() < interval);
        let refused = is_soon || self.status == ExchangeStatus::Paused;
        if !is_soon {
            self.mass_cancels.insert(origin.session, turn.now);
        }
        let count = self
            .by_session
            .get(&origin.session)
            .map_or(0, std::collections::BTreeSet::len);
        turn.outputs.push(Output::MassCancel(MassCancelReport {
            origin,
            cl_ord_id,
            operation,
            cancelled: (!refused).then_some(count),
        }));
        if !refused {
            self.cancel_session(turn, origin.session, CancelReason::MassCancel);
        }
    }

    pub(super) fn cancel_session(&mut self, turn: &mut Turn, session: SessionId, reason: CancelReason) {
        let doomed: Vec<OrderId> = self
            .by_session
            .get(&session)
            .map(|orders| orders.iter().copied().collect())
            .unwrap_or_default();
        for id in doomed {
            self.end(turn, id, OrderEvent::Canceled(reason));
        }
    }

    fn cancel_refusal(&self, order: &Order, cancel: &Cancel) -> Option<CancelRejectReason> {
        if self.status == ExchangeStatus::Paused {
            return Some(CancelRejectReason::ExchangePaused);
        }
        match self.markets.get(&order.symbol)?.market.status {
            MarketStatus::Closed => return Some(CancelRejectReason::MarketInactive),
            MarketStatus::Determined | MarketStatus::Settled => {
                return Some(CancelRejectReason::MarketAlreadyClosed);
            }
            MarketStatus::Active | MarketStatus::Inactive => {}
        }
        (!order.agrees_with(&cancel.target)).then_some(CancelRejectReason::Mismatch)
    }
}
