//! Answers that came before the tracker was told of their requests.
//!
//! A request has its number before its answer comes, but who waits for the answer, or sends on one task and reads on another,
//! may tell the tracker of it afterwards. So what order entry says about a request that the tracker has not been told of is
//! kept for a while, and [`Tracker::sent`] takes it in the order in which it came.
//!
//! To take an answer for that of another request would be worse than to lose it: an order that lives would count as refused.
//! So an answer is kept and taken only under these conditions.
//!
//! - It came by order entry, on the connection that the request is told on, and not as a possible duplicate (43): what comes
//!   again may be about what another process has sent.
//! - It names a ClOrdID (11) that the tracker was never told of and that is no order's, as far as it remembers. The venue wants
//!   each to be used once, for all types of messages; one that is used twice has to be told in time.
//! - Where it names a MsgSeqNum (45) or a MsgType (372) it is those of the request; without a ClOrdID, the number has to be there.
//! - It is taken once, and each attempt under one ClOrdID takes one final answer.
//!
//! Nothing of this is in a snapshot: who would tell of the request is gone with the process.

use std::collections::{BTreeSet, VecDeque};

use super::Tracker;
use super::coverage::Source;
use super::event::TrackerEvent;
use super::exec_id::ExecId;
use super::open::HeardOf;
use super::order::OrderKey;
use super::report::{CancelReject, MassCancelReport, Refusal, Report};
use super::request::{NewRequest, Request};

/// By which way something came, as far as it matters for what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) source: Source,
    /// PossDupFlag (43): it may have come before, to whoever was there then.
    pub(super) is_again: bool,
}

/// What is kept until the tracker is told of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Unclaimed {
    /// The oldest first.
    answers: VecDeque<Answer>,
    /// Orders without a request of ours that order entry has brought reports of.
    orders: BTreeSet<OrderKey>,
    /// The cancels and mass cancels that the tracker was told of. Of orders and amends it is remembered elsewhere.
    cancels: HeardOf,
}

/// What the venue said about a request.
#[derive(Clone, Debug)]
struct Answer {
    cl_ord_id: Option<Box<str>>,
    msg_seq_num: Option<u64>,
    /// The MsgTypes (35) of which the request can be.
    msg_types: &'static [&'static str],
    says: Says,
}

#[derive(Clone, Debug, PartialEq)]
enum Says {
    /// It was received.
    Pending,
    /// A report has shown it as carried out.
    CarriedOut,
    Refused(Reasons),
    MassCancel {
        accepted: bool,
    },
}

/// What is said of a refusal, or (with EXCHANGE_UNAVAILABLE) of a doubt.
#[derive(Clone, Debug, PartialEq)]
struct Reasons {
    exec_id: Option<ExecId>,
    reason: Option<i64>,
    text: Option<Box<str>>,
}

impl Unclaimed {
    /// Another connection: what comes from now on answers what is sent on it.
    pub(super) fn clear(&mut self) {
        self.answers.clear();
        self.orders.clear();
    }

    /// Remembers a cancel or a mass cancel that the tracker is told of.
    pub(super) fn told_of_cancel(&mut self, cl_ord_id: &str) {
        self.cancels.note(cl_ord_id);
    }

    fn keep(&mut self, answer: Answer) {
        if self.answers.len() >= MOST_ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back(answer);
    }

    /// What was said of a request, in the order in which it came: up to the first answer that is final.
    fn take(&mut self, msg_type: &str, cl_ord_id: &str, msg_seq_num: u64) -> Vec<Says> {
        let mut taken = Vec::new();
        let mut at = 0;
        while let Some(answer) = self.answers.get(at) {
            let is_meant = answer.is_about(msg_type, cl_ord_id, msg_seq_num);
            if !is_meant {
                at += 1;
                continue;
            }
            let Some(answer) = self.answers.remove(at) else {
                break;
            };
            let is_final = answer.says != Says::Pending;
            taken.push(answer.says);
            if is_final {
                break;
            }
        }
        taken
    }
}

impl Answer {
    fn is_about(&self, msg_type: &str, cl_ord_id: &str, msg_seq_num: u64) -> bool {
        let is_named = match (&self.cl_ord_id, self.msg_seq_num) {
            (Some(named), number) => {
                **named == *cl_ord_id && number.is_none_or(|number| number == msg_seq_num)
            }
            (None, Some(number)) => number == msg_seq_num,
            (None, None) => false,
        };
        is_named && self.msg_types.contains(&msg_type)
    }
}

impl Tracker {
    /// Keeps the refusal of a request that is not known.
    pub(super) fn keep_rejected(&mut self, way: Way, report: &Report<'_>) {
        let reasons = reasons(report.exec_id, report.ord_rej_reason, report.text);
        self.keep(way, report.cl_ord_id, ORDERS, Says::Refused(reasons));
    }

    /// Keeps that a request was received which is not known.
    pub(super) fn keep_pending(&mut self, way: Way, report: &Report<'_>) {
        self.keep(way, report.cl_ord_id, ORDERS, Says::Pending);
    }

    /// Keeps the refusal of an amend or a cancel that is not known.
    pub(super) fn keep_cancel_reject(&mut self, way: Way, reject: &CancelReject<'_>) {
        let reasons = reasons(None, reject.reason, reject.text);
        self.keep(way, reject.cl_ord_id, CHANGES, Says::Refused(reasons));
    }

    /// Keeps the answer to a mass cancel that is not known.
    pub(super) fn keep_mass_cancel(&mut self, way: Way, report: &MassCancelReport<'_>) {
        let accepted = report.accepted;
        self.keep(way, report.cl_ord_id, MASS_CANCEL, Says::MassCancel { accepted });
    }

    /// Keeps the refusal of a message that is not known.
    pub(super) fn keep_refusal(&mut self, way: Way, refusal: &Refusal<'_>) {
        let msg_types = match refusal.ref_msg_type {
            Some("D") => ORDER,
            Some("G") => AMEND,
            Some("F") => CANCEL,
            Some("q") => MASS_CANCEL,
            Some(_) => return,
            None => ALL,
        };
        let is_new = refusal.ref_id.is_none_or(|id| self.is_new(id));
        if is_new && way.is_first() {
            self.unclaimed.keep(Answer {
                cl_ord_id: refusal.ref_id.map(Into::into),
                msg_seq_num: refusal.ref_seq_num,
                msg_types,
                says: Says::Refused(reasons(None, refusal.reason, refusal.text)),
            });
        }
    }

    /// Keeps what a numbered report says of a request that is not known: that it was carried out, and which order is of it.
    pub(super) fn keep_executed(&mut self, way: Way, key: OrderKey, report: &Report<'_>) {
        if !way.is_first() {
            return;
        }
        let Some(order) = self.orders.get(&key) else {
            return;
        };
        let is_ours = order.entry.is_some();
        let is_pending = |cl_ord_id: &str| {
            let mut requests = order.requests.iter();
            requests.any(|request| *request.cl_ord_id == *cl_ord_id)
        };
        let by_request = report
            .orig_cl_ord_id
            .is_some_and(|before| before != report.cl_ord_id);
        if by_request && !is_pending(report.cl_ord_id) && !self.was_told(report.cl_ord_id) {
            self.unclaimed.keep(Answer {
                cl_ord_id: Some(report.cl_ord_id.into()),
                msg_seq_num: None,
                msg_types: CHANGES,
                says: Says::CarriedOut,
            });
        }
        if !is_ours && self.unclaimed.orders.insert(key) && self.unclaimed.orders.len() > MOST_ANSWERS {
            self.unclaimed.orders.pop_first();
        }
    }

    fn keep(&mut self, way: Way, cl_ord_id: &str, msg_types: &'static [&'static str], says: Says) {
        if way.is_first() && self.is_new(cl_ord_id) {
            self.unclaimed.keep(Answer {
                cl_ord_id: Some(cl_ord_id.into()),
                msg_seq_num: None,
                msg_types,
                says,
            });
        }
    }

    /// Whether nothing is known by this ClOrdID (11).
    fn is_new(&self, cl_ord_id: &str) -> bool {
        !self.by_cl_ord_id.contains_key(cl_ord_id) && !self.was_told(cl_ord_id)
    }

    fn was_told(&self, cl_ord_id: &str) -> bool {
        self.heard_of.contains(cl_ord_id) || self.unclaimed.cancels.contains(cl_ord_id)
    }

    /// The order that order entry has brought before the tracker was told of this request, where it has ended since.
    pub(super) fn ended_before_told(&mut self, request: &NewRequest<'_>) -> Option<OrderKey> {
        let key = self.by_cl_ord_id.get(request.cl_ord_id)?.order;
        let order = self.orders.get(&key)?;
        let is_of_it = order.entry.is_none()
            && *order.symbol == *request.symbol
            && order.side == request.side
            && order.account.borrow() == request.account
            && !self.was_told(request.cl_ord_id);
        (is_of_it && self.unclaimed.orders.remove(&key)).then_some(key)
    }

    /// A request is told of: what was said of it already is taken in.
    pub(super) fn claim(&mut self, msg_seq_num: u64, request: &Request<'_>, events: &mut Vec<TrackerEvent>) {
        let (msg_type, cl_ord_id) = match request {
            Request::New(request) => ("D", request.cl_ord_id),
            Request::Replace(request) => ("G", request.cl_ord_id),
            Request::Cancel(request) => ("F", request.cl_ord_id),
            Request::MassCancel { cl_ord_id } => ("q", *cl_ord_id),
        };
        for says in self.unclaimed.take(msg_type, cl_ord_id, msg_seq_num) {
            match says {
                Says::Pending => {
                    self.acknowledge(cl_ord_id, events);
                }
                Says::CarriedOut => self.carried_out(cl_ord_id, events),
                Says::Refused(Reasons {
                    exec_id,
                    reason,
                    text,
                }) => {
                    self.refuse(cl_ord_id, exec_id, reason, text.as_deref(), events);
                }
                Says::MassCancel { accepted } => {
                    self.answer_mass_cancel(cl_ord_id, accepted, events);
                }
            }
        }
    }

    /// A report has shown this amend or cancel as carried out.
    fn carried_out(&mut self, cl_ord_id: &str, events: &mut Vec<TrackerEvent>) {
        // An amend's identifier is the order's own by now, so that it is looked for among the orders' requests.
        let Some(key) = self.by_cl_ord_id.get(cl_ord_id).map(|named| named.order) else {
            return;
        };
        let order = self.orders.get_mut(&key);
        if order.and_then(|order| order.take_request(cl_ord_id)).is_some() {
            self.release_request(cl_ord_id, key);
            self.settle(key, false, true, events);
        }
    }
}

impl Way {
    /// Of what did not come before.
    pub(super) fn first(source: Source) -> Way {
        let is_again = false;
        Way { source, is_again }
    }

    /// Whether it says something that nobody was told before, by the session that requests are sent on.
    fn is_first(self) -> bool {
        self.source == Source::OrderEntry && !self.is_again
    }
}

fn reasons(exec_id: Option<ExecId>, reason: Option<i64>, text: Option<&str>) -> Reasons {
    Reasons {
        exec_id,
        reason,
        text: text.map(Into::into),
    }
}

const ORDER: &[&str] = &["D"];
const AMEND: &[&str] = &["G"];
const CANCEL: &[&str] = &["F"];
const MASS_CANCEL: &[&str] = &["q"];
const CHANGES: &[&str] = &["G", "F"];
const ORDERS: &[&str] = &["D", "G", "F"];
const ALL: &[&str] = &["D", "G", "F", "q"];
/// How many answers, and how many orders, are kept for requests that the tracker has not been told of. What comes after that
/// pushes out the oldest, whose request then waits for an answer that came already.
const MOST_ANSWERS: usize = 1024;
