//! Order groups: how many contracts a group of orders may trade in a short time before all of it is cancelled.
//!
//! A group belongs to one subaccount on one exchange index. Fills of its orders are counted over the last
//! [`WINDOW_SECONDS`]; when they come to more than the group's limit, it is *triggered*: its resting orders are
//! cancelled, and new ones are refused until it is reset, which forgets the count too. A group is judged when the order that
//! filled it has been matched: what one incoming order takes from it is not cut off in the middle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::calendar::Time;
use super::engine::Exchange;
use super::market::ExchangeStatus;
use super::order::{NewOrder, Order, OrderId, Origin, OwnerId, uuid_like, uuid_number};
use super::report::{CancelReason, OrderEvent, Output, RejectReason};
use super::turn::Turn;
use super::units::Quantity;

/// The exchange's number of an order group. Displays as OrderGroupID (20130), in the form of a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderGroupId(pub u64);

impl fmt::Display for OrderGroupId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid_like(formatter, 0x0e, self.0)
    }
}

/// A request about an order group: OrderGroupRequest (UOG).
#[derive(Clone, Debug)]
pub struct GroupRequest {
    /// Whatever the asker calls the request (MsgSeqNum (34)): a refusal names it.
    pub reference: u64,
    /// What to do.
    pub action: GroupAction,
    /// The exchange index; 0 unless named.
    pub exchange_index: u32,
    /// The subaccount that owns the group; 0 unless named.
    pub subaccount: u8,
}

/// What to do with an order group. Groups are named as OrderGroupID (20130) does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupAction {
    /// Makes a group with a limit in contracts, 1 to 1,000,000.
    Create(u64),
    /// Makes a triggered group take orders again, and forgets what it has traded.
    Reset(Arc<str>),
    /// Cancels the group's orders and removes it.
    Delete(Arc<str>),
    /// Cancels the group's orders, and refuses more until it is reset.
    Trigger(Arc<str>),
    /// Sets another limit in contracts, 1 to 1,000,000. It triggers the group where that has traded more already.
    Update(Arc<str>, u64),
}

/// What was done: OrderGroupResponse (UOH).
#[derive(Clone, Debug)]
pub struct GroupResponse {
    /// Who asked.
    pub origin: Origin,
    /// The group.
    pub id: OrderGroupId,
    /// Its limit in contracts, where it was set.
    pub limit: Option<u64>,
    /// The subaccount that owns it.
    pub subaccount: u8,
}

/// Why nothing was done: BusinessMessageReject (j).
#[derive(Clone, Debug)]
pub struct GroupReject {
    /// Who asked.
    pub origin: Origin,
    /// What the asker calls the request.
    pub reference: u64,
    /// The group that was named.
    pub id: Option<Arc<str>>,
    /// Why.
    pub reason: GroupRejectReason,
}

/// Why a request about an order group was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupRejectReason {
    /// There is no such group of this subaccount on this exchange index.
    NotFound,
    /// The limit is not 1 to 1,000,000 contracts.
    InvalidLimit,
    /// The member has as many groups as it may have.
    TooMany,
    /// The exchange takes nothing.
    ExchangePaused,
    /// The exchange was told to refuse (a fault on demand).
    InternalError,
}

impl GroupRejectReason {
    /// Text (58). The venue gives the first alone.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            GroupRejectReason::NotFound => "ORDER_GROUP_NOT_FOUND",
            GroupRejectReason::InvalidLimit => "INVALID_ORDER_GROUP_LIMIT",
            GroupRejectReason::TooMany => "TOO_MANY_ORDER_GROUPS",
            GroupRejectReason::ExchangePaused => "EXCHANGE_PAUSED",
            GroupRejectReason::InternalError => "INTERNAL_ERROR",
        }
    }

    /// BusinessRejectReason (380).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            GroupRejectReason::NotFound => 1,
            GroupRejectReason::ExchangePaused => 4,
            GroupRejectReason::InvalidLimit
            | GroupRejectReason::TooMany
            | GroupRejectReason::InternalError => 0,
        }
    }
}

/// All groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    known: BTreeMap<OrderGroupId, Group>,
    of_member: BTreeMap<OwnerId, usize>,
    last: u64,
    /// Groups that have traded more than their limit in the current command.
    exceeded: BTreeSet<OrderGroupId>,
}

#[derive(Debug)]
struct Group {
    owner: OwnerId,
    exchange_index: u32,
    subaccount: u8,
    limit: Quantity,
    triggered: bool,
    open: BTreeSet<OrderId>,
    /// What was filled, by the millisecond: [`WINDOW_SECONDS`] of it at most.
    fills: VecDeque<(i64, Quantity)>,
    volume: Quantity,
}

impl Group {
    /// Counts what was filled, and says whether that is too much.
    fn count(&mut self, now: Time, quantity: Quantity) -> bool {
        self.forget(now);
        let millis = now.unix_nanos().div_euclid(NANOS_PER_MILLI);
        match self.fills.back_mut() {
            Some((last, filled)) if *last == millis => *filled += quantity,
            _ => self.fills.push_back((millis, quantity)),
        }
        self.volume += quantity;
        !self.triggered && self.volume > self.limit
    }

    fn forget(&mut self, now: Time) {
        let horizon = now.unix_nanos().div_euclid(NANOS_PER_MILLI) - WINDOW_SECONDS * 1_000;
        while let Some(&(millis, filled)) = self.fills.front()
            && millis <= horizon
        {
            self.fills.pop_front();
            self.volume -= filled;
        }
    }
}

impl Groups {
    /// The group of this name, if it belongs to this subaccount on this index.
    fn find(
        &self,
        owner: OwnerId,
        exchange_index: u32,
        subaccount: u8,
        name: &str,
    ) -> Option<(OrderGroupId, &Group)> {
        let id = OrderGroupId::parse(name)?;
        let group = self.known.get(&id)?;
        let place = (group.owner, group.exchange_index, group.subaccount);
        (place == (owner, exchange_index, subaccount)).then_some((id, group))
    }

    /// An order of a group rests, or no longer does.
    pub(super) fn rests(&mut self, order: &Order, rests: bool) {
        if let Some(group) = order.group.and_then(|id| self.known.get_mut(&id)) {
            if rests {
                group.open.insert(order.id);
            } else {
                group.open.remove(&order.id);
            }
        }
    }

    /// An order of a group was filled.
    pub(super) fn count(&mut self, now: Time, order: &Order, quantity: Quantity) {
        if let Some(id) = order.group
            && let Some(group) = self.known.get_mut(&id)
            && group.count(now, quantity)
        {
            self.exceeded.insert(id);
        }
    }

    /// Whether orders of a group are to end.
    pub(super) fn is_triggered(&self, id: Option<OrderGroupId>) -> bool {
        id.and_then(|id| self.known.get(&id))
            .is_some_and(|group| group.triggered)
    }
}

impl OrderGroupId {
    /// Reads OrderGroupID (20130); `None` for what this exchange never gave out.
    fn parse(text: &str) -> Option<OrderGroupId> {
        let id = OrderGroupId(uuid_number(text)?);
        id.to_string().eq_ignore_ascii_case(text).then_some(id)
    }
}

impl Exchange {
    pub(super) fn group(&mut self, turn: &mut Turn, origin: Origin, request: GroupRequest) {
        let GroupRequest {
            reference,
            action,
            exchange_index,
            subaccount,
        } = request;
        let refuse = |turn: &mut Turn, id: Option<Arc<str>>, reason| {
            turn.outputs.push(Output::GroupReject(GroupReject {
                origin,
                reference,
                id,
                reason,
            }));
        };
        let limit = match action {
            GroupAction::Create(limit) | GroupAction::Update(_, limit) => Some(limit),
            GroupAction::Reset(_) | GroupAction::Delete(_) | GroupAction::Trigger(_) => None,
        };
        let name = match &action {
            GroupAction::Create(_) => None,
            GroupAction::Reset(name)
            | GroupAction::Delete(name)
            | GroupAction::Trigger(name)
            | GroupAction::Update(name, _) => Some(Arc::clone(name)),
        };
        if self.status == ExchangeStatus::Paused {
            return refuse(turn, name, GroupRejectReason::ExchangePaused);
        }
        if limit.is_some_and(|limit| !(1..=LARGEST_LIMIT).contains(&limit)) {
            return refuse(turn, name, GroupRejectReason::InvalidLimit);
        }
        let id = match &name {
            None => match self.create_group(origin.owner, exchange_index, subaccount) {
                Some(id) => id,
                None => return refuse(turn, name, GroupRejectReason::TooMany),
            },
            Some(text) => match self.groups.find(origin.owner, exchange_index, subaccount, text) {
                Some((id, _)) => id,
                None => return refuse(turn, name, GroupRejectReason::NotFound),
            },
        };
        if let Some(limit) = limit {
            self.limit_group(turn.now, id, limit);
        }
        turn.outputs.push(Output::Group(GroupResponse {
            origin,
            id,
            limit,
            subaccount,
        }));
        match action {
            GroupAction::Create(_) => {}
            GroupAction::Reset(_) => {
                if let Some(group) = self.groups.known.get_mut(&id) {
                    group.triggered = false;
                    group.volume = Quantity::ZERO;
                    group.fills.clear();
                }
            }
            GroupAction::Trigger(_) => self.trigger(turn, id),
            GroupAction::Update(..) => self.trigger_groups(turn),
            GroupAction::Delete(_) => {
                self.trigger(turn, id);
                self.groups.known.remove(&id);
                if let Some(count) = self.groups.of_member.get_mut(&origin.owner) {
                    *count = count.saturating_sub(1);
                }
            }
        }
    }

    /// The group that an order is to count in; why it cannot, if it cannot.
    pub(super) fn group_of(
        &self,
        origin: Origin,
        request: &NewOrder,
    ) -> Result<Option<OrderGroupId>, RejectReason> {
        let Some(name) = &request.order_group else {
            return Ok(None);
        };
        let subaccount = request.subaccount.unwrap_or(0);
        match self
            .groups
            .find(origin.owner, self.index_of(request), subaccount, name)
        {
            None => Err(RejectReason::OrderGroupNotFound),
            Some((_, group)) if group.triggered => Err(RejectReason::ExceededOrderGroupRiskLimit),
            Some((id, _)) => Ok(Some(id)),
        }
    }

    /// Triggers the groups that have traded too much.
    pub(super) fn trigger_groups(&mut self, turn: &mut Turn) {
        for id in std::mem::take(&mut self.groups.exceeded) {
            self.trigger(turn, id);
        }
    }

    fn trigger(&mut self, turn: &mut Turn, id: OrderGroupId) {
        let Some(group) = self.groups.known.get_mut(&id) else {
            return;
        };
        group.triggered = true;
        for order in std::mem::take(&mut group.open) {
            self.end(turn, order, OrderEvent::Canceled(CancelReason::OrderGroup));
        }
    }

    fn create_group(&mut self, owner: OwnerId, exchange_index: u32, subaccount: u8) -> Option<OrderGroupId> {
        let count = self.groups.of_member.entry(owner).or_default();
        if *count >= self.rules.order_groups_per_member {
            return None;
        }
        *count += 1;
        self.groups.last += 1;
        let id = OrderGroupId(self.groups.last);
        let group = Group {
            owner,
            exchange_index,
            subaccount,
            limit: Quantity::ZERO,
            triggered: false,
            open: BTreeSet::new(),
            fills: VecDeque::new(),
            volume: Quantity::ZERO,
        };
        self.groups.known.insert(id, group);
        Some(id)
    }

    fn limit_group(&mut self, now: Time, id: OrderGroupId, limit: u64) {
        let Some(group) = self.groups.known.get_mut(&id) else {
            return;
        };
        group.limit = Quantity::from_contracts(i64::try_from(limit.min(LARGEST_LIMIT)).unwrap_or_default());
        group.forget(now);
        if !group.triggered && group.volume > group.limit {
            self.groups.exceeded.insert(id);
        }
    }
}

impl Turn {
    /// Refuses a request about a group without looking at it.
    pub(super) fn refuse_group(&mut self, origin: Origin, request: GroupRequest) {
        let id = match request.action {
            GroupAction::Create(_) => None,
            GroupAction::Reset(name)
            | GroupAction::Delete(name)
            | GroupAction::Trigger(name)
            | GroupAction::Update(name, _) => Some(name),
        };
        self.outputs.push(Output::GroupReject(GroupReject {
            origin,
            reference: request.reference,
            id,
            reason: GroupRejectReason::InternalError,
        }));
    }
}

/// Over how many seconds fills are counted.
pub const WINDOW_SECONDS: i64 = 15;
/// The largest limit of a group in contracts.
const LARGEST_LIMIT: u64 = 1_000_000;
const NANOS_PER_MILLI: i64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        for number in [1, 42, 1 << 48, u64::MAX] {
            let id = OrderGroupId(number);
            assert_eq!(OrderGroupId::parse(&id.to_string()), Some(id));
            assert_eq!(OrderGroupId::parse(&id.to_string().to_uppercase()), Some(id));
        }
        let order = super::super::OrderId(1).to_string();
        for other in ["", "-", "g", "-8-", order.as_str()] {
            assert_eq!(OrderGroupId::parse(other), None, "{other}");
        }
    }
}
