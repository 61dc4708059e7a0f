//! What we send, taken note of.

use fix_dialect::Timestamp;

use super::coverage::Source;
use super::event::{TrackerEvent, Unattributed};
use super::incoming::{AsRequest, ViewError};
use super::order::{Entry, Order, OrderKey, PendingRequest, RequestKind, Sent};
use super::position::Account;
use super::request::{NewRequest, Request};
use super::state::OrderState;
use super::{Named, NamedKind, Tracker};
use crate::units::PriceUnit;

impl Tracker {
    /// Takes note of a request that was sent, with the MsgSeqNum (34) that it was sent under. A message that is no request
    /// about orders changes nothing.
    ///
    /// Best call it before its answer is taken in: with [`begin`](crate::client::Sender::begin) the number is there before
    /// ([how](crate::guide::order_entry#with-a-tracker)). An answer that came first is told as
    /// [`Unattributed`](TrackerEvent::Unattributed), or as that of an [adopted](TrackerEvent::Adopted) order, and taken in now, as
    /// far as it was kept: the last 1,024 of such answers are, of this connection of order entry. Tell of requests in
    /// the order of their numbers, and before the tracker is shown that their connection is lost. A `ClOrdID (11)` that was used
    /// before has to be told before its answer in any case: that goes to the request before.
    ///
    /// A new order whose ClOrdID (11) is that of one which has not ended is another attempt at the same order, as the venue
    /// wants it after EXCHANGE_UNAVAILABLE.
    ///
    /// # Errors
    ///
    /// Where the message cannot be read: then nothing was changed.
    pub fn sent(
        &mut self,
        now: Timestamp,
        msg_seq_num: u64,
        message: &impl AsRequest,
        unit: PriceUnit,
        events: &mut Vec<TrackerEvent>,
    ) -> Result<(), ViewError> {
        if let Some(request) = message.as_request(unit)? {
            self.note_request(now, msg_seq_num, &request, events);
        }
        Ok(())
    }

    /// As [`sent`](Tracker::sent), of the product-neutral view.
    pub fn note_request(
        &mut self,
        now: Timestamp,
        msg_seq_num: u64,
        request: &Request<'_>,
        events: &mut Vec<TrackerEvent>,
    ) {
        self.note(Source::OrderEntry);
        self.note_sent(now, msg_seq_num, request, events);
        self.claim(msg_seq_num, request, events);
    }

    fn note_sent(
        &mut self,
        now: Timestamp,
        msg_seq_num: u64,
        request: &Request<'_>,
        events: &mut Vec<TrackerEvent>,
    ) {
        let sent = Sent {
            at: now,
            msg_seq_num,
            connection: self.feeds.connection,
            acknowledged: false,
            may_be_lost: false,
            doubt: None,
        };
        match *request {
            Request::New(request) => self.sent_new(sent, &request, events),
            Request::Replace(request) => {
                let pending = PendingRequest {
                    kind: RequestKind::Replace,
                    cl_ord_id: request.cl_ord_id.into(),
                    sent,
                    order_qty: Some(request.order_qty),
                    price: request.price,
                };
                self.sent_request(pending, request.orig_cl_ord_id, events);
            }
            Request::Cancel(request) => {
                let pending = PendingRequest {
                    kind: RequestKind::Cancel,
                    cl_ord_id: request.cl_ord_id.into(),
                    sent,
                    order_qty: None,
                    price: None,
                };
                self.sent_request(pending, request.orig_cl_ord_id, events);
            }
            Request::MassCancel { cl_ord_id } => {
                self.unclaimed.told_of_cancel(cl_ord_id);
                if self.mass_cancels.len() >= KEPT_MASS_CANCELS {
                    self.mass_cancels.pop_front();
                }
                self.mass_cancels.push_back(cl_ord_id.into());
            }
        }
    }

    fn sent_new(&mut self, sent: Sent, request: &NewRequest<'_>, events: &mut Vec<TrackerEvent>) {
        let named = self.by_cl_ord_id.get(request.cl_ord_id).map(|named| named.order);
        let open = named.filter(|key| self.orders.get(key).is_some_and(|order| !order.state.is_final()));
        let known = open.or_else(|| self.ended_before_told(request));
        self.heard_of.note(request.cl_ord_id);
        if let Some(key) = known {
            self.sent_again(key, sent, request, events);
            return;
        }
        let key = self.next_key();
        let symbol = self.symbol(request.symbol);
        let mut order = Order {
            order_group: request.order_group.map(Into::into),
            entry: Some(entry(sent, request)),
            confirmed: self.feeds.period,
            state: OrderState::PendingNew,
            ..Order::unseen(key, symbol, request.side, Account::from(request.account))
        };
        order.identify(request.cl_ord_id, None);
        self.orders.insert(key, order);
        let kind = NamedKind::Order;
        self.by_cl_ord_id
            .insert(request.cl_ord_id.into(), Named { order: key, kind });
        self.settle(key, false, false, events);
    }

    /// One more attempt at an order: that of the attempts before stays in doubt. Or the first at one that was reported before
    /// the tracker was told of it.
    fn sent_again(
        &mut self,
        key: OrderKey,
        sent: Sent,
        request: &NewRequest<'_>,
        events: &mut Vec<TrackerEvent>,
    ) {
        let Some(order) = self.orders.get_mut(&key) else {
            return;
        };
        let mut again = entry(sent, request);
        if let Some(before) = &order.entry {
            again.attempts = before.attempts.saturating_add(1);
            // It has no answer yet, or it would have ended: whatever this attempt is answered, the one before may live.
            again.was_in_doubt = true;
        }
        if order.order_group.is_none() {
            order.order_group = request.order_group.map(Into::into);
        }
        // Where its first trade was before this, nobody has taken it for one that ends without a report.
        let has_traded = !order.state.is_final() && !order.cum_qty().is_zero();
        let ends_silently = again.is_immediate && !self.settings.ioc_cancel_reports;
        if has_traded && ends_silently && !self.immediate.contains(&key) {
            self.immediate.push(key);
        }
        order.entry = Some(again);
        order.rejection = None;
        if !order.state.is_final() {
            order.resolution = None;
        }
        self.settle(key, false, true, events);
    }

    fn sent_request(
        &mut self,
        pending: PendingRequest,
        orig_cl_ord_id: &str,
        events: &mut Vec<TrackerEvent>,
    ) {
        let named = self.by_cl_ord_id.get(orig_cl_ord_id).map(|named| named.order);
        let Some((key, order)) = named.and_then(|key| Some((key, self.orders.get_mut(&key)?))) else {
            events.push(TrackerEvent::Unattributed(Unattributed::Sent {
                cl_ord_id: pending.cl_ord_id,
                orig_cl_ord_id: orig_cl_ord_id.into(),
            }));
            return;
        };
        let kind = NamedKind::Request;
        self.by_cl_ord_id
            .entry(pending.cl_ord_id.clone())
            .or_insert(Named { order: key, kind });
        order.take_request(&pending.cl_ord_id);
        match pending.kind {
            RequestKind::Replace => self.heard_of.note(&pending.cl_ord_id),
            RequestKind::Cancel => self.unclaimed.told_of_cancel(&pending.cl_ord_id),
        }
        order.requests.push(pending);
        self.settle(key, false, true, events);
    }
}

fn entry(sent: Sent, request: &NewRequest<'_>) -> Entry {
    Entry {
        sent,
        cl_ord_id: request.cl_ord_id.into(),
        order_qty: request.order_qty,
        price: request.price,
        is_immediate: request.is_immediate,
        expire_time: request.expire_time,
        attempts: 1,
        was_in_doubt: false,
    }
}

/// Mass cancels without an answer that are kept: the venue takes one a second.
const KEPT_MASS_CANCELS: usize = 64;
