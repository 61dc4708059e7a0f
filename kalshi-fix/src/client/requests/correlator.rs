//! Which answer belongs to which request: no clock, no socket, no task.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use super::answer_fields::{AnswerFields, cl_ord_id, number};
use super::identity::{Identity, Kind, SPACES};
use super::outcome::{RejectedBy, Rejection, SubmitError};
use crate::limits::Names;
use crate::session::{Inbound, RejectReceived, SequenceNumber};

/// The requests that wait for their answers, each with whatever waits for it.
#[derive(Debug)]
pub(super) struct Correlator<W> {
    entries: BTreeMap<RequestId, Entry<W>>,
    /// By the id that is theirs alone among requests of their [`Kind::space`].
    named: [HashMap<Box<[u8]>, RequestId>; SPACES],
    sent: BTreeMap<SequenceNumber, RequestId>,
    last: RequestId,
    most: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RequestId(u64);

#[derive(Debug)]
struct Entry<W> {
    identity: Identity,
    /// `None` until it is sent: nothing can be its answer.
    sequence: Option<SequenceNumber>,
    /// `None` when nobody waits any more.
    waiter: Option<W>,
    replayed: Vec<Inbound>,
}

/// How a request ended, as far as one message tells.
#[derive(Debug, PartialEq)]
pub(super) enum Settlement {
    Acknowledged {
        inbound: Inbound,
        /// Of a replay: what came before.
        replayed: Vec<Inbound>,
    },
    Rejected(Rejection),
    Unavailable(Inbound),
    Unclear(Inbound),
    /// A refusal of one of several messages with the request's ClOrdID (11).
    Ambiguous(Inbound),
    TooManyReports {
        limit: usize,
    },
    /// The venue asked for it again, and does not get it.
    HeldBack,
}

impl Settlement {
    /// How the request's refusal names it, if it was refused.
    pub(super) fn refusal(&self) -> Option<Names> {
        let Settlement::Rejected(rejection) = self else {
            return None;
        };
        let named = number::<SequenceNumber>(AnswerFields::of(&rejection.inbound).ref_seq_num);
        Some(named.map_or(Names::ClOrdId, |_| Names::SequenceNumber))
    }
}

/// A request that is settled, for whoever waits for it.
pub(super) type Settled<W> = (W, Settlement);

impl<W> Correlator<W> {
    /// For so many requests at a time.
    pub(super) fn new(most: usize) -> Correlator<W> {
        Correlator {
            entries: BTreeMap::new(),
            named: Default::default(),
            sent: BTreeMap::new(),
            last: RequestId::default(),
            most,
        }
    }

    /// How many requests wait, those that nobody waits for among them.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Makes room for a request that is about to be sent.
    pub(super) fn reserve(&mut self, identity: Identity, waiter: W) -> Result<RequestId, SubmitError> {
        if self.entries.len() >= self.most {
            return Err(SubmitError::TooMany { most: self.most });
        }
        let id = RequestId(self.last.0 + 1);
        if let (Some(space), Some(name)) = (identity.kind.space(), &identity.id) {
            if self.named[space].contains_key(name) {
                return Err(SubmitError::UnderWay {
                    msg_type: identity.kind.msg_type(),
                    id: String::from_utf8_lossy(name).into_owned(),
                });
            }
            self.named[space].insert(name.clone(), id);
        }
        self.last = id;
        let entry = Entry {
            identity,
            sequence: None,
            waiter: Some(waiter),
            replayed: Vec::new(),
        };
        self.entries.insert(id, entry);
        Ok(id)
    }

    /// The request has this number: answers to it can come from now on. What waits for them, if something still does.
    pub(super) fn sent(&mut self, id: RequestId, sequence: SequenceNumber) -> Option<&mut W> {
        let entry = self.entries.get_mut(&id)?;
        entry.sequence = Some(sequence);
        self.sent.insert(sequence, id);
        entry.waiter.as_mut()
    }

    /// Nobody waits for this request any more. Says whether somebody still did.
    ///
    /// Where answers are told apart by the order of the requests, its place is kept until it is answered or the
    /// connection ends.
    pub(super) fn abandon(&mut self, id: RequestId) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        let waited = entry.waiter.take().is_some();
        entry.replayed = Vec::new();
        if entry.sequence.is_none() || !entry.identity.kind.is_in_order() {
            self.remove(id);
        }
        waited
    }

    /// No request that was sent will be answered: its connection is gone.
    pub(super) fn disconnect(&mut self) -> Vec<W> {
        let gone: Vec<RequestId> = std::mem::take(&mut self.sent).into_values().collect();
        gone.into_iter()
            .filter_map(|id| self.remove(id)?.waiter)
            .collect()
    }

    /// Requests with these numbers do not get to the venue any more, if they have not: nobody waits for them longer.
    pub(super) fn held_back(&mut self, numbers: &RangeInclusive<SequenceNumber>) -> Vec<Settled<W>> {
        if numbers.is_empty() {
            return Vec::new();
        }
        let held: Vec<RequestId> = self.sent.range(numbers.clone()).map(|(_, id)| *id).collect();
        let mut settled = Vec::new();
        for id in held {
            let waiter = self.entries.get_mut(&id).and_then(|entry| entry.waiter.take());
            settled.extend(waiter.map(|waiter| (waiter, Settlement::HeldBack)));
            // Where answers are told apart by their order, its place is kept: one may still come.
            self.abandon(id);
        }
        settled
    }

    /// The venue rejects a message of ours (Reject (3)).
    pub(super) fn reject(&mut self, reject: &RejectReceived) -> Option<Settled<W>> {
        let id = *self.sent.get(&reject.ref_seq_num?)?;
        if self.contradicts(id, reject.ref_msg_type.as_ref().map(String::as_bytes), None) {
            return None;
        }
        if reject.text.as_deref().map(str::as_bytes) == Some(EXCHANGE_UNAVAILABLE) {
            return self.settle(id, Settlement::Unavailable(reject.inbound.clone()));
        }
        let rejection = Rejection {
            by: RejectedBy::Reject,
            code: reject.reason,
            text: reject.text.clone(),
            ref_tag_id: reject.ref_tag_id,
            inbound: reject.inbound.clone(),
        };
        self.settle(id, Settlement::Rejected(rejection))
    }

    /// Looks for the request that a message answers, and for what it makes of it.
    ///
    /// Where an answer names no more than a ClOrdID (11), it may be that to an earlier message with the same one, which was
    /// sent without waiting, or is not waited for any more. An acknowledgement is taken for the request's all the same: it
    /// shows that an order under this ClOrdID was accepted, amended or canceled, whichever message did it. Of a refusal `front`
    /// looks for such a message.
    pub(super) fn message(&mut self, inbound: &Inbound) -> Option<Settled<W>> {
        let msg_type = inbound.msg_type();
        if msg_type == b"8" {
            return self.execution_report(inbound);
        }
        let fields = &AnswerFields::of(inbound);
        let acknowledged = || Settlement::Acknowledged {
            inbound: inbound.clone(),
            replayed: Vec::new(),
        };
        let rejected = |by, code| rejected(inbound, fields, by, code);
        // A status of the venue's, by the values that say yes and no.
        let status = |value: Option<&[u8]>, yes: &[u32], no: &[u32], by| match number::<u32>(value) {
            Some(code) if yes.contains(&code) => acknowledged(),
            Some(code) if no.contains(&code) => rejected(by, Some(code)),
            _ => Settlement::Unclear(inbound.clone()),
        };
        let (id, settlement) = match msg_type {
            b"9" => {
                let id = self.named(Kind::Cancel, fields.cl_ord_id)?;
                let code = number(fields.cxl_rej_reason);
                (id, rejected(RejectedBy::OrderCancelReject, code))
            }
            b"r" => {
                let id = self.named(Kind::MassCancel, fields.cl_ord_id)?;
                let code = number(fields.mass_cancel_reject_reason);
                let settlement = match fields.mass_cancel_response {
                    Some(b"0") => rejected(RejectedBy::OrderMassCancelReport, code),
                    Some(b"6") => acknowledged(),
                    _ => Settlement::Unclear(inbound.clone()),
                };
                (id, settlement)
            }
            b"UOH" => (self.group_action(fields.order_group_id)?, acknowledged()),
            b"b" => (
                self.named(Kind::QuoteRequest, fields.quote_req_id)?,
                acknowledged(),
            ),
            b"AG" => {
                let id = self.named(Kind::QuoteRequest, fields.quote_req_id)?;
                let code = number(fields.quote_request_reject_reason);
                (id, rejected(RejectedBy::QuoteRequestReject, code))
            }
            b"AI" => {
                let by = RejectedBy::QuoteStatusReport;
                (
                    self.quote(fields)?,
                    status(fields.quote_status, &[0, 10, 17], &[5], by),
                )
            }
            b"U9" => {
                let id = self.named(Kind::QuoteCancel, fields.quote_id)?;
                let by = RejectedBy::QuoteCancelStatus;
                (id, status(fields.quote_cancel_status, &[0], &[1], by))
            }
            b"UC" => {
                let id = self.acceptance(fields)?;
                let by = RejectedBy::AcceptQuoteStatus;
                (id, status(fields.accept_quote_status, &[0], &[1], by))
            }
            b"UB" => {
                let id = self.first(|identity| {
                    identity.kind == Kind::RfqCancel
                        && (identity.has(fields.quote_req_id) || identity.has(fields.rfq_id))
                })?;
                // 2 is EXPIRED: the venue has closed it by itself, and it is gone as it was to be.
                let by = RejectedBy::RfqCancelStatus;
                (id, status(fields.rfq_cancel_status, &[0, 2], &[1], by))
            }
            b"U8" => {
                let id = self.named(Kind::QuoteConfirm, fields.quote_id)?;
                // Since 1.0.17 the status is in 21010; it may still come in 297.
                let value = fields.quote_confirm_status.or(fields.quote_status);
                (id, status(value, &[0], &[1], RejectedBy::QuoteConfirmStatus))
            }
            b"U2" => {
                let id = self.replay(fields)?;
                let replayed = std::mem::take(&mut self.entries.get_mut(&id)?.replayed);
                let inbound = inbound.clone();
                (id, Settlement::Acknowledged { inbound, replayed })
            }
            b"U3" => {
                let code = number(fields.event_resend_reject_reason);
                (
                    self.replay(fields)?,
                    rejected(RejectedBy::EventResendReject, code),
                )
            }
            b"j" => {
                let code = number(fields.business_reject_reason);
                (
                    self.refused(fields)?,
                    rejected(RejectedBy::BusinessMessageReject, code),
                )
            }
            _ => return None,
        };
        self.settle(id, settlement)
    }

    fn execution_report(&mut self, inbound: &Inbound) -> Option<Settled<W>> {
        if let Some(id) = self.named(Kind::Replay, Some(b"")) {
            return self.collect(id, inbound);
        }
        let id = self.named(Kind::Order, cl_ord_id(inbound))?;
        let fields = &AnswerFields::of(inbound);
        let kind = self.entries.get(&id)?.identity.kind;
        let settlement = match (kind, fields.exec_type?) {
            (Kind::Order | Kind::Cancel | Kind::Amend, b"8") => {
                let code = number(fields.ord_rej_reason);
                rejected(inbound, fields, RejectedBy::ExecutionReport, code)
            }
            // The first report of an order may be its fill, its end, or both. ClOrdID (11) is that of the message which
            // last changed the order, so that a report under an amend's own id shows that the amend was carried out.
            (Kind::Order, b"0" | b"F" | b"4" | b"C")
            | (Kind::Cancel, b"4" | b"C")
            | (Kind::Amend, b"5" | b"F" | b"4" | b"C") => Settlement::Acknowledged {
                inbound: inbound.clone(),
                replayed: Vec::new(),
            },
            // Pending, or nothing that tells.
            _ => return None,
        };
        self.settle(id, settlement)
    }

    fn collect(&mut self, id: RequestId, inbound: &Inbound) -> Option<Settled<W>> {
        let entry = self.entries.get_mut(&id)?;
        // Of a replay that nobody waits for nothing is kept.
        entry.waiter.as_ref()?;
        if entry.replayed.len() < MOST_REPLAYED {
            entry.replayed.push(inbound.clone());
            return None;
        }
        entry.replayed = Vec::new();
        let waiter = entry.waiter.take()?;
        let limit = MOST_REPLAYED;
        Some((waiter, Settlement::TooManyReports { limit }))
    }

    /// By the group, as far as the request named one; in the order of sending among equals, and among those that create
    /// one, since nothing else tells them apart.
    fn group_action(&self, group: Option<&[u8]>) -> Option<RequestId> {
        let of_group = |identity: &Identity| identity.kind == Kind::GroupAction && identity.has(group);
        let creation = |identity: &Identity| identity.kind == Kind::GroupAction && identity.id.is_none();
        self.first(of_group).or_else(|| self.first(creation))
    }

    /// Which request a QuoteStatusReport (AI) answers: a rejected quote has no QuoteID (117) in it.
    fn quote(&self, fields: &AnswerFields<'_>) -> Option<RequestId> {
        let quote_id = fields.quote_id.filter(|id| !id.is_empty());
        let status = fields.quote_status;
        if status == Some(b"17")
            && let Some(id) = self.named(Kind::QuoteCancel, quote_id)
        {
            return Some(id);
        }
        if let Some(id) = self.named(Kind::Quote, quote_id) {
            return Some(id);
        }
        if status != Some(b"5") || quote_id.is_some() {
            return None;
        }
        let rfq = fields.quote_req_id?;
        self.first(|identity| identity.kind == Kind::Quote && identity.other.as_deref() == Some(rfq))
    }

    /// Which request an AcceptQuoteStatus (UC) answers. ClOrdID (11) is there if the request had one.
    fn acceptance(&self, fields: &AnswerFields<'_>) -> Option<RequestId> {
        let id = self.named(Kind::AcceptQuote, fields.quote_id)?;
        let named = self.entries.get(&id)?.identity.other.as_deref();
        let contradicts = matches!((named, fields.cl_ord_id), (Some(ours), Some(theirs)) if ours != theirs);
        (!contradicts).then_some(id)
    }

    fn replay(&self, fields: &AnswerFields<'_>) -> Option<RequestId> {
        let id = *self.sent.get(&number(fields.ref_seq_num)?)?;
        (self.entries.get(&id)?.identity.kind == Kind::Replay).then_some(id)
    }

    /// Which request a BusinessMessageReject (j) refuses: by RefSeqNum (45), or else by RefMsgType (372) and
    /// BusinessRejectRefID (379) together. With less than that it could be any.
    fn refused(&self, fields: &AnswerFields<'_>) -> Option<RequestId> {
        let (msg_type, name) = (fields.ref_msg_type, fields.business_reject_ref_id);
        if let Some(sequence) = number::<SequenceNumber>(fields.ref_seq_num) {
            let id = *self.sent.get(&sequence)?;
            return (!self.contradicts(id, msg_type, name)).then_some(id);
        }
        let (msg_type, name) = (msg_type?, name?);
        self.first(|identity| identity.kind.msg_type().as_bytes() == msg_type && identity.has(Some(name)))
    }

    /// Whether a reject speaks of another message than the one that its number names.
    fn contradicts(&self, id: RequestId, msg_type: Option<&[u8]>, name: Option<&[u8]>) -> bool {
        let Some(Entry { identity, .. }) = self.entries.get(&id) else {
            return true;
        };
        let other_type = msg_type.is_some_and(|found| found != identity.kind.msg_type().as_bytes());
        let other_name =
            name.is_some() && identity.id.as_ref().is_some_and(|id| !id.is_empty()) && !identity.has(name);
        other_type || other_name
    }

    /// The request with this id in the space of `kind`, once it is sent.
    fn named(&self, kind: Kind, name: Option<&[u8]>) -> Option<RequestId> {
        let id = *self.named[kind.space()?].get(name?)?;
        let entry = self.entries.get(&id)?;
        // A cancel and a mass cancel share the names of orders, and not the answers.
        let shares = match kind {
            Kind::Cancel => matches!(entry.identity.kind, Kind::Cancel | Kind::Amend),
            Kind::Order => true,
            other => entry.identity.kind == other,
        };
        (shares && entry.sequence.is_some()).then_some(id)
    }

    /// The first in the order of sending.
    fn first(&self, matches: impl Fn(&Identity) -> bool) -> Option<RequestId> {
        let found = self.sent.values().find(|id| {
            let entry = self.entries.get(id);
            entry.is_some_and(|entry| matches(&entry.identity))
        });
        found.copied()
    }

    fn settle(&mut self, id: RequestId, settlement: Settlement) -> Option<Settled<W>> {
        let waiter = self.remove(id)?.waiter?;
        Some((waiter, settlement))
    }

    fn remove(&mut self, id: RequestId) -> Option<Entry<W>> {
        let entry = self.entries.remove(&id)?;
        if let Some(sequence) = entry.sequence {
            self.sent.remove(&sequence);
        }
        if let (Some(space), Some(name)) = (entry.identity.kind.space(), &entry.identity.id) {
            self.named[space].remove(name);
        }
        Some(entry)
    }
}

/// A refusal, unless the venue says that it does not know either: whatever message says that.
fn rejected(inbound: &Inbound, fields: &AnswerFields<'_>, by: RejectedBy, code: Option<u32>) -> Settlement {
    if fields.text == Some(EXCHANGE_UNAVAILABLE) {
        return Settlement::Unavailable(inbound.clone());
    }
    Settlement::Rejected(Rejection {
        by,
        code,
        text: fields.text(),
        ref_tag_id: number(fields.ref_tag_id),
        inbound: inbound.clone(),
    })
}

const EXCHANGE_UNAVAILABLE: &[u8] = b"EXCHANGE_UNAVAILABLE";
/// How many reports of one replay are collected. Each pins the buffer that it was read into.
pub(super) const MOST_REPLAYED: usize = 65_536;

#[cfg(test)]
mod tests;
