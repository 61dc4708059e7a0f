//! What is known of one order: facts that merge in any order, and the state that follows from them.

use std::sync::Arc;

use fix_dialect::Timestamp;

use super::exec_id::{ExecId, ExecPlace};
use super::position::{Account, Totals};
use super::report::{OrdStatus, Report, Side};
use super::state::{Doubt, Ended, OrderState};
use crate::units::{Money, Price, Quantity};

/// Names an order within its tracker. Keys are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey(pub(super) u64);

/// What a request about an order asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// An amend: OrderCancelReplaceRequest (G).
    Replace,
    /// A cancel: OrderCancelRequest (F).
    Cancel,
}

/// An order, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_field_names, reason = "FIX's own names")]
pub struct Order {
    pub(super) key: OrderKey,
    pub(super) symbol: Arc<str>,
    pub(super) side: Side,
    pub(super) account: Account,
    pub(super) order_group: Option<Box<str>>,
    /// Our request, where it was seen.
    pub(super) entry: Option<Entry>,
    pub(super) order_id: Option<Box<str>>,
    /// The ClOrdIDs that it has had, oldest first.
    pub(super) identifiers: Vec<Identifier>,
    /// The report with the highest ExecID.
    pub(super) latest: Option<Latest>,
    /// What the highest report says that tells of the price. `None` in it where the price was changed to nobody knows what.
    pub(super) reported_price: Option<(ExecPlace, Option<Price>)>,
    /// What was counted.
    pub(super) filled: Totals,
    pub(super) fees: Money,
    /// Amends and cancels without an answer.
    pub(super) requests: Vec<PendingRequest>,
    pub(super) rejection: Option<Rejection>,
    /// A reject said that it has ended, and no report has.
    pub(super) contradicted: bool,
    /// The last period of coverage in which its state was confirmed.
    pub(super) confirmed: u64,
    pub(super) resolution: Option<Resolution>,
    /// An immediate order whose rest has ended without a report.
    pub(super) is_over: bool,
    /// As last told.
    pub(super) state: OrderState,
    /// It is among those that have ended.
    pub(super) is_retired: bool,
}

/// Our NewOrderSingle (D).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) sent: Sent,
    pub(super) cl_ord_id: Box<str>,
    pub(super) order_qty: Quantity,
    pub(super) price: Option<Price>,
    pub(super) is_immediate: bool,
    pub(super) expire_time: Option<Timestamp>,
    /// How often it was sent.
    pub(super) attempts: u32,
    /// An earlier attempt is in doubt.
    pub(super) was_in_doubt: bool,
}

/// How a request of ours fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) at: Timestamp,
    pub(super) msg_seq_num: u64,
    /// The connection that it was sent on.
    pub(super) connection: u64,
    /// A pending report has come.
    pub(super) acknowledged: bool,
    /// Its answer may have been among messages that were lost here: then it does not come again.
    pub(super) may_be_lost: bool,
    pub(super) doubt: Option<Doubt>,
}

/// An amend or a cancel of ours that has no answer yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingRequest {
    pub(super) kind: RequestKind,
    pub(super) cl_ord_id: Box<str>,
    pub(super) sent: Sent,
    pub(super) order_qty: Option<Quantity>,
    pub(super) price: Option<Price>,
}

impl PendingRequest {
    /// Amend or cancel.
    #[must_use]
    pub fn kind(&self) -> RequestKind {
        self.kind
    }

    /// ClOrdID (11).
    #[must_use]
    pub fn cl_ord_id(&self) -> &str {
        &self.cl_ord_id
    }

    /// When it was sent.
    #[must_use]
    pub fn sent_at(&self) -> Timestamp {
        self.sent.at
    }

    /// The new total of an amend.
    #[must_use]
    pub fn order_qty(&self) -> Option<Quantity> {
        self.order_qty
    }

    /// The new price of an amend that has one.
    #[must_use]
    pub fn price(&self) -> Option<Price> {
        self.price
    }

    /// Why nobody knows what became of it, where that is so.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        self.sent.doubt
    }
}

/// A ClOrdID that the order has had, and the first report that is known to have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identifier {
    pub(super) cl_ord_id: Box<str>,
    /// `None` of the identifier that it was sent with. The flag is set where the report names the identifier as its own, and
    /// not as the one before.
    pub(super) since: Option<(ExecPlace, bool)>,
}

/// What the report with the highest ExecID said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Latest {
    pub(super) exec_id: ExecId,
    pub(super) status: OrdStatus,
    pub(super) order_qty: Quantity,
    pub(super) cum_qty: Quantity,
    pub(super) leaves_qty: Quantity,
    pub(super) cl_ord_id: Box<str>,
    pub(super) text: Option<Box<str>>,
    pub(super) transact_time: Option<Timestamp>,
    pub(super) expire_time: Option<Timestamp>,
    /// It is the answer to a request of its own identifier: 11 differs from 41.
    pub(super) is_answer: bool,
    /// When it came.
    pub(super) received: Timestamp,
}

/// A new order was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub(super) exec_id: Option<ExecId>,
    pub(super) reason: Option<i64>,
    pub(super) text: Option<Box<str>>,
}

impl Rejection {
    /// OrdRejReason (103), or that of a BusinessMessageReject (j) or Reject (3).
    #[must_use]
    pub fn reason(&self) -> Option<i64> {
        self.reason
    }

    /// Text (58).
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

/// What the user has found out about an order that was in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// It never reached the market.
    NeverAccepted,
    /// It is open, as last reported.
    Open,
    /// It has ended.
    Ended,
}

/// What the state of an order depends on besides the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coverage {
    /// Whether reports come in now.
    pub(super) is_up: bool,
    /// Counts the times that they did.
    pub(super) period: u64,
}

impl Order {
    /// One of which nothing is known yet, neither by a request nor by a report.
    pub(super) fn unseen(key: OrderKey, symbol: Arc<str>, side: Side, account: Account) -> Order {
        Order {
            key,
            symbol,
            side,
            account,
            order_group: None,
            entry: None,
            order_id: None,
            identifiers: Vec::new(),
            latest: None,
            reported_price: None,
            filled: Totals::default(),
            fees: Money::ZERO,
            requests: Vec::new(),
            rejection: None,
            contradicted: false,
            confirmed: 0,
            resolution: None,
            is_over: false,
            state: OrderState::Unknown,
            is_retired: false,
        }
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> OrderKey {
        self.key
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> OrderState {
        self.state
    }

    /// Whether it was sent from here, rather than learned of from a report.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.entry.is_some()
    }

    /// The market.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// Buy or sell.
    #[must_use]
    pub fn side(&self) -> Side {
        self.side
    }

    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The order group that it was sent with.
    #[must_use]
    pub fn order_group(&self) -> Option<&str> {
        self.order_group.as_deref()
    }

    /// OrderID (37), once it is known.
    #[must_use]
    pub fn order_id(&self) -> Option<&str> {
        self.order_id.as_deref()
    }

    /// Its ClOrdID now: that of the last amend that was accepted, or the one that it was sent with.
    #[must_use]
    pub fn cl_ord_id(&self) -> &str {
        match (&self.latest, &self.entry) {
            (Some(latest), _) => &latest.cl_ord_id,
            (None, Some(entry)) => &entry.cl_ord_id,
            (None, None) => "",
        }
    }

    /// The ClOrdIDs that it has had, oldest first, [`KEPT_IDENTIFIERS`](super::KEPT_IDENTIFIERS) of them at most.
    pub fn identifiers(&self) -> impl Iterator<Item = &str> {
        self.identifiers.iter().map(|identifier| &*identifier.cl_ord_id)
    }

    /// The total, of which some may be filled: OrderQty (38) of the last report or, before the first, of the request.
    #[must_use]
    pub fn order_qty(&self) -> Option<Quantity> {
        match (&self.latest, &self.entry) {
            (Some(latest), _) => Some(latest.order_qty),
            (None, Some(entry)) => Some(entry.order_qty),
            (None, None) => None,
        }
    }

    /// CumQty (14): what the venue says is filled.
    #[must_use]
    pub fn cum_qty(&self) -> Quantity {
        self.latest
            .as_ref()
            .map_or(Quantity::ZERO, |latest| latest.cum_qty)
    }

    /// What is open: LeavesQty (151) of the last report or, before the first, the quantity that was sent. Nothing of an
    /// order that has ended. Of one that is [`Unknown`](OrderState::Unknown), what may be.
    #[must_use]
    pub fn leaves_qty(&self) -> Quantity {
        if self.state.is_final() {
            return Quantity::ZERO;
        }
        match (&self.latest, &self.entry) {
            (Some(latest), _) => latest.leaves_qty,
            (None, Some(entry)) => entry.order_qty,
            (None, None) => Quantity::ZERO,
        }
    }

    /// The fills that were counted, each once.
    #[must_use]
    pub fn filled(&self) -> &Totals {
        &self.filled
    }

    /// What the counted fills cost in fees, net.
    #[must_use]
    pub fn fees(&self) -> Money {
        self.fees
    }

    /// What the venue says is filled and was not counted: more than nothing where fills are still to come, or were missed.
    #[must_use]
    pub fn missing_fills(&self) -> Quantity {
        // Both are sums of what was read: where the difference cannot be exact, one of them is absurd.
        self.cum_qty()
            .checked_sub(self.filled.quantity)
            .unwrap_or(self.cum_qty())
    }

    /// The number of the last report.
    #[must_use]
    pub fn last_exec_id(&self) -> Option<ExecId> {
        self.latest.as_ref().map(|latest| latest.exec_id)
    }

    /// Text (58) of the last report.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.latest.as_ref()?.text.as_deref()
    }

    /// TransactTime (60) of the last report.
    #[must_use]
    pub fn transact_time(&self) -> Option<Timestamp> {
        self.latest.as_ref()?.transact_time
    }

    /// When it expires: as reported, or as sent.
    #[must_use]
    pub fn expire_time(&self) -> Option<Timestamp> {
        let reported = self.latest.as_ref().and_then(|latest| latest.expire_time);
        reported.or(self.entry.as_ref().and_then(|entry| entry.expire_time))
    }

    /// Amends and cancels that have no answer.
    #[must_use]
    pub fn pending_requests(&self) -> &[PendingRequest] {
        &self.requests
    }

    /// Why nobody knows whether it was accepted, where that is so.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        if self.latest.is_some() {
            return None;
        }
        self.entry.as_ref()?.sent.doubt
    }

    /// Why it was refused.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        self.rejection
            .as_ref()
            .filter(|_| self.state == OrderState::Rejected)
    }

    /// Why it ended, once it has.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        match self.state {
            OrderState::Filled => Some(Ended::Filled),
            OrderState::Expired => Some(Ended::Expired),
            OrderState::Rejected if self.rejection.is_none() => Some(Ended::Resolved),
            OrderState::Rejected => Some(Ended::Rejected),
            OrderState::Canceled => Some(self.reason_of_cancel()),
            _ => None,
        }
    }

    fn reason_of_cancel(&self) -> Ended {
        match &self.latest {
            Some(latest) if latest.status == OrdStatus::Canceled => match &latest.text {
                Some(text) => Ended::of_text(text),
                None if latest.is_answer => Ended::Requested,
                None => Ended::Unsolicited,
            },
            _ if self.is_over => Ended::Silently,
            _ => Ended::Resolved,
        }
    }

    /// The state that follows from the facts.
    pub(super) fn derive_state(&self, coverage: Coverage) -> OrderState {
        match &self.latest {
            Some(latest) => self.accepted_state(latest, coverage),
            None => self.entered_state(),
        }
    }

    fn accepted_state(&self, latest: &Latest, coverage: Coverage) -> OrderState {
        match latest.status {
            OrdStatus::Filled => return OrderState::Filled,
            OrdStatus::Canceled => return OrderState::Canceled,
            OrdStatus::Expired => return OrderState::Expired,
            _ => {}
        }
        if self.is_over || matches!(self.resolution, Some(Resolution::Ended)) {
            return OrderState::Canceled;
        }
        let unavailable = |request: &PendingRequest| request.sent.doubt == Some(Doubt::Unavailable);
        let is_unknown = self.contradicted
            || !coverage.is_up
            || self.confirmed < coverage.period
            || matches!(latest.status, OrdStatus::Unlisted(_))
            || self.requests.iter().any(unavailable);
        if is_unknown {
            return OrderState::Unknown;
        }
        // What was held back most likely never came to the venue: the order is as reported.
        let is_sent = |request: &&PendingRequest| request.sent.doubt != Some(Doubt::HeldBack);
        let sent = || self.requests.iter().filter(is_sent);
        let is_under_way = |kind| sent().any(|request| request.kind == kind);
        if is_under_way(RequestKind::Cancel) {
            OrderState::PendingCancel
        } else if is_under_way(RequestKind::Replace) {
            OrderState::PendingReplace
        } else if latest.cum_qty.is_zero() {
            OrderState::New
        } else {
            OrderState::PartiallyFilled
        }
    }

    fn entered_state(&self) -> OrderState {
        match self.resolution {
            Some(Resolution::NeverAccepted) => return OrderState::Rejected,
            Some(Resolution::Ended) => return OrderState::Canceled,
            Some(Resolution::Open) => return OrderState::New,
            None => {}
        }
        let Some(entry) = &self.entry else {
            return OrderState::Unknown;
        };
        // Where an earlier attempt is in doubt, a refusal of this one (even that the identifier is in use) does not say what
        // became of the other.
        match (&self.rejection, entry.sent.doubt) {
            (Some(_), _) if entry.was_in_doubt => OrderState::Unknown,
            (Some(_), _) => OrderState::Rejected,
            (None, Some(_)) => OrderState::Unknown,
            (None, None) => OrderState::PendingNew,
        }
    }

    /// Takes over what a report says, unless a later one is known. Whether anything of it shows.
    pub(super) fn merge(&mut self, exec_id: ExecId, report: &Report<'_>, now: Timestamp) -> bool {
        if self
            .latest
            .as_ref()
            .is_some_and(|latest| latest.exec_id.place() >= exec_id.place())
        {
            return false;
        }
        let cl_ord_id = match report.orig_cl_ord_id {
            Some(own) if is_end(report) => own,
            _ => report.cl_ord_id,
        };
        let Some(latest) = &mut self.latest else {
            self.latest = Some(Latest {
                exec_id,
                status: report.ord_status,
                order_qty: report.order_qty,
                cum_qty: report.cum_qty,
                leaves_qty: report.leaves_qty,
                cl_ord_id: cl_ord_id.into(),
                text: report.text.map(Into::into),
                transact_time: report.transact_time,
                expire_time: report.expire_time,
                is_answer: is_answer(report),
                received: now,
            });
            return true;
        };
        let shows = latest.order_qty != report.order_qty
            || *latest.cl_ord_id != *cl_ord_id
            || latest.cum_qty != report.cum_qty;
        latest.exec_id = exec_id;
        latest.status = report.ord_status;
        latest.order_qty = report.order_qty;
        latest.cum_qty = report.cum_qty;
        latest.leaves_qty = report.leaves_qty;
        if *latest.cl_ord_id != *cl_ord_id {
            latest.cl_ord_id = cl_ord_id.into();
        }
        if latest.text.as_deref() != report.text {
            latest.text = report.text.map(Into::into);
        }
        latest.transact_time = report.transact_time;
        latest.expire_time = report.expire_time;
        latest.is_answer = is_answer(report);
        latest.received = now;
        shows
    }

    /// Notes an identifier; the one that had to make room for it, if any.
    pub(super) fn identify(
        &mut self,
        cl_ord_id: &str,
        since: Option<(ExecPlace, bool)>,
    ) -> Option<Identifier> {
        let known = self
            .identifiers
            .iter_mut()
            .find(|known| *known.cl_ord_id == *cl_ord_id);
        match known {
            Some(known) if known.since <= since => return None,
            Some(known) => known.since = since,
            None => self.identifiers.push(Identifier {
                cl_ord_id: cl_ord_id.into(),
                since,
            }),
        }
        self.identifiers.sort_by_key(|identifier| identifier.since);
        (self.identifiers.len() > KEPT_IDENTIFIERS).then(|| self.identifiers.remove(0))
    }

    /// Removes a request that was answered.
    pub(super) fn take_request(&mut self, cl_ord_id: &str) -> Option<PendingRequest> {
        let at = self
            .requests
            .iter()
            .position(|request| *request.cl_ord_id == *cl_ord_id)?;
        Some(self.requests.remove(at))
    }
}

/// On a cancel, 11 is the request's and 41 the order's own.
pub(super) fn is_end(report: &Report<'_>) -> bool {
    matches!(report.ord_status, OrdStatus::Canceled | OrdStatus::Expired)
}

fn is_answer(report: &Report<'_>) -> bool {
    report.orig_cl_ord_id.is_some_and(|own| own != report.cl_ord_id)
}

/// How many of the ClOrdIDs that an order has had are kept: amends by older ones are refused by the venue anyway.
pub const KEPT_IDENTIFIERS: usize = 32;
