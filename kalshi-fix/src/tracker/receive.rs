//! What the venue says, taken in.

use fix_dialect::Timestamp;

use super::count::Counted;
use super::coverage::Source;
use super::event::{Inconsistency, TrackerEvent, Unattributed};
use super::exec_id::ExecId;
use super::order::{Order, OrderKey, PendingRequest, Rejection, RequestKind, Resolution};
use super::position::Account;
use super::report::{CancelReject, ExecType, Incoming, MassCancelReport, OrdStatus, Refusal, Report};
use super::state::{Doubt, is_final_refusal};
use super::unclaimed::Way;
use super::{Named, NamedKind, Tracker};

impl Tracker {
    /// Takes in what the venue says about orders, from whatever session it comes, and adds what that changes to `events`.
    ///
    /// An answer of order entry to a request that the tracker was not told of is [told](TrackerEvent::Unattributed), and kept
    /// until [`sent`](Tracker::sent) tells of the request. What comes again (PossDupFlag (43)), and may be the answer to what
    /// another process sent, is better taken in by [`observe`](Tracker::observe), which keeps none of it.
    pub fn receive(
        &mut self,
        now: Timestamp,
        source: Source,
        incoming: &Incoming<'_>,
        events: &mut Vec<TrackerEvent>,
    ) {
        self.take_in(now, Way::first(source), incoming, events);
    }

    /// As [`receive`](Tracker::receive), of what may have come before.
    pub(super) fn take_in(
        &mut self,
        now: Timestamp,
        way: Way,
        incoming: &Incoming<'_>,
        events: &mut Vec<TrackerEvent>,
    ) {
        self.note(way.source);
        match incoming {
            Incoming::Report(report) if report.is_rejected() => self.rejected(way, report, events),
            Incoming::Report(report) if report.is_pending() => self.pending(way, report, events),
            Incoming::Report(report) => self.executed(now, way, report, events),
            Incoming::CancelReject(reject) => self.cancel_rejected(way, reject, events),
            Incoming::MassCancel(report) => self.mass_cancelled(way, report, events),
            Incoming::Refusal(refusal) => self.refused(way, refusal, events),
        }
    }

    /// A report of something that happened: it has a number.
    fn executed(&mut self, now: Timestamp, way: Way, report: &Report<'_>, events: &mut Vec<TrackerEvent>) {
        let source = way.source;
        let Some(exec_id) = report.exec_id else {
            let order_id = report.order_id.into();
            events.push(TrackerEvent::Inconsistent(Inconsistency::Unnumbered { order_id }));
            return;
        };
        let is_live = source != Source::DropCopy;
        let shows_now = is_live && self.feeds.coverage().is_up && self.is_after_gap(exec_id);
        if is_live {
            self.brought(source, exec_id);
        } else {
            self.fetched(exec_id);
        }

        let known = self.find(report);
        if known.is_none() {
            let old = self.may_be_forgotten(exec_id);
            if old || self.orders.len() >= self.settings.adopted_orders {
                self.count_apart(exec_id, report, events);
                let order_id = report.order_id.into();
                events.push(TrackerEvent::Unattributed(if old {
                    Unattributed::Old { exec_id, order_id }
                } else {
                    Unattributed::NoRoom { exec_id, order_id }
                }));
                return;
            }
        }
        let key = known.unwrap_or_else(|| self.adopt(report));
        if known.is_none() {
            events.push(TrackerEvent::Adopted { order: key });
        }
        if let Some(field) = self.mismatch(key, exec_id, report) {
            let order = key;
            events.push(TrackerEvent::Inconsistent(Inconsistency::Mismatch {
                order,
                exec_id,
                field,
            }));
            return;
        }
        if report.exec_type == ExecType::Trade {
            match self.count(Some(key), exec_id, report, events) {
                Counted::Yes => {}
                Counted::No => return,
            }
        }
        self.keep_executed(way, key, report);
        self.apply(now, key, exec_id, report, shows_now, known.is_some(), events);
    }

    /// Takes a numbered report over into its order.
    #[expect(clippy::too_many_arguments, reason = "the parts of one report, in one place")]
    fn apply(
        &mut self,
        now: Timestamp,
        key: OrderKey,
        exec_id: ExecId,
        report: &Report<'_>,
        shows_now: bool,
        known: bool,
        events: &mut Vec<TrackerEvent>,
    ) {
        let period = self.feeds.period;
        let Some(order) = self.orders.get_mut(&key) else {
            return;
        };
        if order.order_id.is_none() && !report.order_id.is_empty() {
            order.order_id = Some(report.order_id.into());
            self.by_order_id.insert(report.order_id.into(), key);
        }
        if shows_now {
            order.confirmed = period;
        }
        let has_price = order.merge_price(exec_id, report);
        let changed = order.merge(exec_id, report, now) || has_price;
        let answered = order.take_request(report.cl_ord_id);
        if order.resolution.is_some() && !report.ord_status.is_final() {
            let wrong = order.resolution != Some(Resolution::Open);
            order.resolution = None;
            if wrong {
                events.push(TrackerEvent::Inconsistent(Inconsistency::ResolvedWrongly {
                    order: key,
                    exec_id,
                }));
            }
        }
        if changed
            && let Some(latest) = &order.latest
            && order.filled.quantity > latest.cum_qty
        {
            events.push(TrackerEvent::Inconsistent(Inconsistency::Overfilled {
                order: key,
                exec_id,
                counted: order.filled.quantity,
                cum_qty: latest.cum_qty,
            }));
        }
        if matches!(report.ord_status, OrdStatus::Unlisted(_)) {
            events.push(TrackerEvent::Inconsistent(Inconsistency::UnknownStatus {
                order: key,
                exec_id,
            }));
        }
        let is_immediate = order.entry.as_ref().is_some_and(|entry| entry.is_immediate);
        if is_immediate && report.exec_type == ExecType::Trade && !self.settings.ioc_cancel_reports {
            let rests = order
                .latest
                .as_ref()
                .is_some_and(|latest| !latest.status.is_final());
            self.immediate.retain(|immediate| *immediate != key);
            if rests && !order.is_over {
                self.immediate.push(key);
            }
        }
        self.identify(key, exec_id, report);
        if let Some(request) = answered {
            self.release_request(&request.cl_ord_id, key);
        }
        self.settle(key, changed, known, events);
    }

    /// The identifiers that a report names belong to its order.
    fn identify(&mut self, key: OrderKey, exec_id: ExecId, report: &Report<'_>) {
        let is_cancel = matches!(report.ord_status, OrdStatus::Canceled | OrdStatus::Expired);
        let own = if is_cancel && report.orig_cl_ord_id.is_some() {
            None
        } else {
            Some((report.cl_ord_id, true))
        };
        let before = report.orig_cl_ord_id.map(|before| (before, false));
        for (cl_ord_id, is_own) in own.into_iter().chain(before) {
            let Some(order) = self.orders.get_mut(&key) else {
                return;
            };
            if let Some(removed) = order.identify(cl_ord_id, Some((exec_id.place(), is_own))) {
                self.unname(&removed.cl_ord_id, key);
                if *removed.cl_ord_id == *cl_ord_id {
                    continue;
                }
            }
            let free = match self.by_cl_ord_id.get(cl_ord_id) {
                None => true,
                Some(named) if named.order == key => named.kind == NamedKind::Request,
                // The identifier was used for another order: the one that is not over counts.
                Some(named) => self
                    .orders
                    .get(&named.order)
                    .is_none_or(|other| other.state.is_final()),
            };
            if free {
                let kind = NamedKind::Order;
                self.by_cl_ord_id
                    .insert(cl_ord_id.into(), Named { order: key, kind });
            }
        }
    }

    /// The order that a numbered report is about.
    fn find(&self, report: &Report<'_>) -> Option<OrderKey> {
        if let Some(key) = self.by_order_id.get(report.order_id) {
            return Some(*key);
        }
        let named = |cl_ord_id: &str| {
            let key = self.by_cl_ord_id.get(cl_ord_id)?.order;
            let order = self.orders.get(&key)?;
            // One that has another OrderID only had the same identifier.
            order.order_id.is_none().then_some(key)
        };
        named(report.cl_ord_id).or_else(|| named(report.orig_cl_ord_id?))
    }

    /// Follows an order from its first report on.
    fn adopt(&mut self, report: &Report<'_>) -> OrderKey {
        let key = self.next_key();
        let symbol = self.symbol(report.symbol);
        let account = Account::from(report.account);
        self.orders
            .insert(key, Order::unseen(key, symbol, report.side, account));
        key
    }

    /// What of a report differs from its order and never may.
    fn mismatch(&self, key: OrderKey, exec_id: ExecId, report: &Report<'_>) -> Option<&'static str> {
        let order = self.orders.get(&key)?;
        let index = order.last_exec_id().map(|last| last.exchange_index());
        if *order.symbol != *report.symbol {
            Some("Symbol (55)")
        } else if order.side != report.side {
            Some("Side (54)")
        } else if index.is_some_and(|index| index != exec_id.exchange_index()) {
            Some("exchange index")
        } else {
            None
        }
    }

    /// A report that looks like a refusal. It answers the request that it names, and says nothing about the order as such.
    fn rejected(&mut self, way: Way, report: &Report<'_>, events: &mut Vec<TrackerEvent>) {
        if let Some(exec_id) = report.exec_id
            && way.source != Source::DropCopy
        {
            self.brought(way.source, exec_id);
        }
        let (reason, text) = (report.ord_rej_reason, report.text);
        if !self.refuse(report.cl_ord_id, report.exec_id, reason, text, events) {
            self.keep_rejected(way, report);
            events.push(TrackerEvent::Unattributed(Unattributed::Request {
                cl_ord_id: report.cl_ord_id.into(),
                msg_type: "8",
                text: text.map(Into::into),
            }));
        }
    }

    /// A request was received, and has not been carried out yet.
    fn pending(&mut self, way: Way, report: &Report<'_>, events: &mut Vec<TrackerEvent>) {
        if !self.acknowledge(report.cl_ord_id, events) {
            self.keep_pending(way, report);
            events.push(TrackerEvent::Unattributed(Unattributed::Request {
                cl_ord_id: report.cl_ord_id.into(),
                msg_type: "8",
                text: None,
            }));
        }
    }

    /// The venue has the request of this identifier. Whether the identifier is that of an order, or of a request.
    pub(super) fn acknowledge(&mut self, cl_ord_id: &str, events: &mut Vec<TrackerEvent>) -> bool {
        let order = self
            .by_cl_ord_id
            .get(cl_ord_id)
            .and_then(|named| self.orders.get_mut(&named.order));
        let is_known = order.is_some();
        let sent = order.and_then(|order| {
            let entry = order
                .entry
                .as_mut()
                .filter(|entry| *entry.cl_ord_id == *cl_ord_id);
            let mut requests = order.requests.iter_mut();
            match entry {
                Some(entry) => Some(&mut entry.sent),
                None => requests
                    .find(|request| *request.cl_ord_id == *cl_ord_id)
                    .map(|request| &mut request.sent),
            }
        });
        if let Some(sent) = sent {
            sent.acknowledged = true;
            // The venue had it before it was held back, and answers it.
            if sent.doubt.take_if(|doubt| *doubt == Doubt::HeldBack).is_some() {
                self.settle_named(cl_ord_id, events);
            }
        }
        is_known
    }

    fn settle_named(&mut self, cl_ord_id: &str, events: &mut Vec<TrackerEvent>) {
        if let Some(key) = self.by_cl_ord_id.get(cl_ord_id).map(|named| named.order) {
            self.settle(key, false, true, events);
        }
    }

    /// An amend or a cancel was refused.
    fn cancel_rejected(&mut self, way: Way, reject: &CancelReject<'_>, events: &mut Vec<TrackerEvent>) {
        let named = self.by_cl_ord_id.get(reject.cl_ord_id).copied();
        let named = named.or_else(|| self.by_cl_ord_id.get(reject.orig_cl_ord_id?).copied());
        let answers = self.refuse(reject.cl_ord_id, None, reject.reason, reject.text, events);
        // The venue knows the order as ended. A report should have said so first, and may still come.
        let is_final_there = reject.ord_status.is_final();
        if let Some(Named { order: key, .. }) = named.filter(|_| is_final_there)
            && let Some(order) = self.orders.get_mut(&key)
            && !order.state.is_final()
            && !order.contradicted
        {
            order.contradicted = true;
            events.push(TrackerEvent::Inconsistent(Inconsistency::EndedUnseen {
                order: key,
            }));
            self.settle(key, false, true, events);
        }
        if !answers {
            self.keep_cancel_reject(way, reject);
            events.push(TrackerEvent::Unattributed(Unattributed::Request {
                cl_ord_id: reject.cl_ord_id.into(),
                msg_type: "9",
                text: reject.text.map(Into::into),
            }));
        }
    }

    fn mass_cancelled(&mut self, way: Way, report: &MassCancelReport<'_>, events: &mut Vec<TrackerEvent>) {
        if !self.answer_mass_cancel(report.cl_ord_id, report.accepted, events) {
            self.keep_mass_cancel(way, report);
            events.push(TrackerEvent::Unattributed(Unattributed::Request {
                cl_ord_id: report.cl_ord_id.into(),
                msg_type: "r",
                text: None,
            }));
        }
    }

    /// A mass cancel has its answer. Whether there is one of this identifier.
    pub(super) fn answer_mass_cancel(
        &mut self,
        cl_ord_id: &str,
        accepted: bool,
        events: &mut Vec<TrackerEvent>,
    ) -> bool {
        let known = self.mass_cancels.iter().position(|known| **known == *cl_ord_id);
        let answered = known.and_then(|at| self.mass_cancels.remove(at));
        let is_known = answered.is_some();
        events.extend(answered.map(|cl_ord_id| TrackerEvent::MassCancel { cl_ord_id, accepted }));
        is_known
    }

    /// A message of ours did not get as far as the exchange.
    fn refused(&mut self, way: Way, refusal: &Refusal<'_>, events: &mut Vec<TrackerEvent>) {
        let by_id = refusal.ref_id.filter(|id| self.is_under_way(id)).map(Box::from);
        let cl_ord_id = by_id.or_else(|| self.under_way_by_number(refusal.ref_seq_num?));
        let answered = cl_ord_id
            .is_some_and(|cl_ord_id| self.refuse(&cl_ord_id, None, refusal.reason, refusal.text, events));
        if !answered {
            self.keep_refusal(way, refusal);
            events.push(TrackerEvent::Unattributed(Unattributed::Refusal {
                ref_seq_num: refusal.ref_seq_num,
                text: refusal.text.map(Into::into),
            }));
        }
    }

    /// The request of this identifier is refused, or (with EXCHANGE_UNAVAILABLE) in doubt. Whether there is one.
    pub(super) fn refuse(
        &mut self,
        cl_ord_id: &str,
        exec_id: Option<ExecId>,
        reason: Option<i64>,
        text: Option<&str>,
        events: &mut Vec<TrackerEvent>,
    ) -> bool {
        let Some(Named { order: key, .. }) = self.by_cl_ord_id.get(cl_ord_id).copied() else {
            return self.refuse_mass_cancel(cl_ord_id, text, events);
        };
        let is_final = is_final_refusal(text);
        let Some(order) = self.orders.get_mut(&key) else {
            return false;
        };
        if let Some(entry) = order
            .entry
            .as_mut()
            .filter(|entry| *entry.cl_ord_id == *cl_ord_id)
        {
            if is_final {
                let rejection = Rejection {
                    exec_id,
                    reason,
                    text: text.map(Into::into),
                };
                let rank = |rejection: &Rejection| rejection.exec_id.map(|id| id.place());
                if order
                    .rejection
                    .as_ref()
                    .is_none_or(|known| rank(known) < rank(&rejection))
                {
                    order.rejection = Some(rejection);
                }
            } else {
                entry.sent.doubt = Some(Doubt::Unavailable);
            }
            self.settle(key, false, true, events);
            return true;
        }
        if !is_final {
            let mut requests = order.requests.iter_mut();
            let Some(request) = requests.find(|request| *request.cl_ord_id == *cl_ord_id) else {
                return false;
            };
            request.sent.doubt = Some(Doubt::Unavailable);
            self.settle(key, false, true, events);
            return true;
        }
        let Some(PendingRequest { kind, cl_ord_id, .. }) = order.take_request(cl_ord_id) else {
            return false;
        };
        self.release_request(&cl_ord_id, key);
        events.push(TrackerEvent::RequestRefused {
            order: key,
            kind,
            cl_ord_id,
            reason,
            text: text.map(Into::into),
        });
        self.settle(key, false, true, events);
        true
    }

    fn refuse_mass_cancel(
        &mut self,
        cl_ord_id: &str,
        text: Option<&str>,
        events: &mut Vec<TrackerEvent>,
    ) -> bool {
        let Some(at) = self.mass_cancels.iter().position(|known| **known == *cl_ord_id) else {
            return false;
        };
        if is_final_refusal(text)
            && let Some(cl_ord_id) = self.mass_cancels.remove(at)
        {
            events.push(TrackerEvent::MassCancel {
                cl_ord_id,
                accepted: false,
            });
        }
        true
    }

    /// Lets go of the identifier of a request that was answered, unless the order has it now.
    pub(super) fn release_request(&mut self, cl_ord_id: &str, key: OrderKey) {
        let is_request = self
            .by_cl_ord_id
            .get(cl_ord_id)
            .is_some_and(|named| named.order == key && named.kind == NamedKind::Request);
        if is_request {
            self.by_cl_ord_id.remove(cl_ord_id);
        }
    }

    fn is_under_way(&self, cl_ord_id: &str) -> bool {
        self.by_cl_ord_id.contains_key(cl_ord_id)
            || self.mass_cancels.iter().any(|known| **known == *cl_ord_id)
    }

    /// The request of this number on the present connection that has no answer. Refusals are rare: this looks at every open
    /// order.
    fn under_way_by_number(&self, msg_seq_num: u64) -> Option<Box<str>> {
        let connection = self.feeds.connection;
        self.open_orders().find_map(|order| {
            let entry = order.entry.as_ref().filter(|_| order.latest.is_none());
            let entry = entry.map(|entry| (&entry.sent, &entry.cl_ord_id));
            let requests = order.requests.iter();
            let requests = requests.map(|request| (&request.sent, &request.cl_ord_id));
            let mut all = entry.into_iter().chain(requests);
            let found =
                all.find(|(sent, _)| sent.connection == connection && sent.msg_seq_num == msg_seq_num)?;
            Some(found.1.clone())
        })
    }
}

impl RequestKind {
    /// MsgType (35).
    #[must_use]
    pub const fn msg_type(self) -> &'static str {
        match self {
            RequestKind::Replace => "G",
            RequestKind::Cancel => "F",
        }
    }
}
