//! One command being carried out, and what is said in the course of it.

use std::sync::Arc;

use super::calendar::Time;
use super::order::{ClOrdId, Order, Origin};
use super::report::{ExecId, OrderEvent, OrderReport, Output};

/// One command being carried out: the time, its number, and what has been said so far.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) now: Time,
    pub(super) clock: u64,
    pub(super) event: u32,
    pub(super) outputs: Vec<Output>,
}

/// The amend or cancel that a report answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) origin: Origin,
    pub(super) cl_ord_id: &'a ClOrdId,
    pub(super) orig_cl_ord_id: &'a ClOrdId,
}

impl Turn {
    /// Says something about an order. `request` has the identifiers of the amend or cancel that brought it about.
    pub(super) fn report(&mut self, order: Order, event: OrderEvent, request: Option<Request<'_>>) {
        let is_pending = matches!(
            event,
            OrderEvent::PendingNew | OrderEvent::PendingCancel | OrderEvent::PendingReplace
        );
        let exec_id = (!is_pending).then(|| {
            self.event += 1;
            ExecId {
                clock: self.clock,
                event: self.event,
                exchange_index: order.exchange_index,
            }
        });
        let (cl_ord_id, orig_cl_ord_id) = if let Some(request) = request {
            (
                ClOrdId::clone(request.cl_ord_id),
                Some(ClOrdId::clone(request.orig_cl_ord_id)),
            )
        } else {
            let own = ClOrdId::clone(&order.cl_ord_id);
            let ends = matches!(event, OrderEvent::Canceled(_) | OrderEvent::Expired);
            (ClOrdId::clone(&own), ends.then_some(own))
        };
        let time = self.now;
        self.outputs.push(Output::Order(Arc::new(OrderReport {
            order,
            event,
            exec_id,
            cl_ord_id,
            orig_cl_ord_id,
            requester: request.map(|request| request.origin.session),
            time,
        })));
    }
}
