//! Order groups: what was asked, what was answered, and where each group stands.
//!
//! A group cancels its resting orders, and takes no new ones, once more contracts than its limit were filled in 15 seconds.
//! Its answers (UOH) name neither the request nor the action: [`Groups`] matches them by the order in which requests were
//! sent, and by the group that they name. It sends nothing and reads no clock.
//!
//! ```
//! use kalshi_fix::dialect::Timestamp;
//! use kalshi_fix::groups::{GroupEvent, GroupRequest, GroupResponse, GroupState, Groups};
//! use kalshi_fix::units::Quantity;
//!
//! # fn main() -> Result<(), kalshi_fix::groups::GroupError> {
//! let now = Timestamp::parse(b"20260817-16:00:00.000").unwrap();
//! let (mut groups, mut events) = (Groups::new(100), Vec::new());
//! let create = GroupRequest::create(5_000)?;
//! // session.send(&create.to_prediction()) gave the number 2.
//! groups.sent(2, &create, &mut events);
//! groups.answered(&GroupResponse { group: "770e8400", limit: Some(5_000), subaccount: None }, &mut events);
//! assert!(matches!(events[..], [GroupEvent::Done { .. }]));
//!
//! let group = groups.group("770e8400", 0).unwrap();
//! assert_eq!((group.state(), group.limit()), (GroupState::Active, Some(5_000)));
//! groups.filled("770e8400", 0, now, Quantity::from_whole(4_999), &mut events);
//! let group = groups.group("770e8400", 0).unwrap();
//! assert_eq!(group.rolling_volume(now), Some(Quantity::from_whole(4_999)));
//! # Ok(())
//! # }
//! ```
//!
//! The rolling volume is an estimate, by the time at which fills were heard of; whether a group is triggered, the venue
//! decides. It shows when an order of the group is cancelled with ORDER_GROUP_CANCEL or refused with
//! EXCEEDED_ORDER_GROUP_RISK_LIMIT: [`observe`](Groups::observe) finds both in what a [`Tracker`] tells.

mod request;
mod window;

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use fix_dialect::Timestamp;
pub use request::{GroupAction, GroupRequest, GroupResponse};
use window::Window;

use crate::tracker::{self, Ended, OrderState, Refusal, Tracker, TrackerEvent};
use crate::units::Quantity;

/// Why a request about groups cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// The limit is out of bounds.
    #[error("a limit of {limit} contracts: expected 1 to 1,000,000")]
    Limit {
        /// The limit.
        limit: u32,
    },
    /// No such subaccount.
    #[error("subaccount {subaccount}: expected 0 to 63")]
    Subaccount {
        /// The subaccount.
        subaccount: u8,
    },
    /// Margin's groups have neither subaccounts nor exchange indexes.
    #[error("a group on margin has no subaccount and no exchange index")]
    NotOnMargin,
}

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupState {
    /// It takes orders, and counts their fills.
    Active,
    /// Its orders were cancelled, and it takes none until it is reset.
    Triggered,
    /// A request about it is in doubt: it may stand as before, or not.
    Unknown,
}

/// A group of orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    id: Box<str>,
    subaccount: u8,
    exchange_index: Option<i64>,
    limit: Option<u32>,
    state: GroupState,
    window: Window,
}

impl Group {
    /// OrderGroupID (20130).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// AllocAccount (79): whose it is. Requests about it must say so.
    #[must_use]
    pub fn subaccount(&self) -> u8 {
        self.subaccount
    }

    /// ExDestination (100) with which it was made, which requests about it must name.
    #[must_use]
    pub fn exchange_index(&self) -> Option<i64> {
        self.exchange_index
    }

    /// Contracts in 15 s; `None` where it is not known: of a group that was not made here.
    #[must_use]
    pub fn limit(&self) -> Option<u32> {
        self.limit
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> GroupState {
        self.state
    }

    /// The contracts that were filled in the last 15 s, as far as was heard, and up to a tenth of a second longer. `None`
    /// where the sum cannot be exact.
    #[must_use]
    pub fn rolling_volume(&self, now: Timestamp) -> Option<Quantity> {
        self.window.sum(now)
    }

    /// Whether its volume is beyond its limit, by the estimate.
    #[must_use]
    pub fn is_beyond_limit(&self, now: Timestamp) -> bool {
        self.limit.is_some_and(|limit| {
            let limit = Quantity::from_whole(limit.into());
            self.rolling_volume(now).is_none_or(|volume| volume > limit)
        })
    }
}

/// What is told of groups.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupEvent {
    /// A request was carried out.
    Done {
        /// The group.
        group: Box<str>,
        /// What was asked for.
        request: GroupRequest,
    },
    /// A request was refused.
    Refused {
        /// What was asked for.
        request: GroupRequest,
        /// The venue does not know the group (ORDER_GROUP_NOT_FOUND): not under this subaccount, or not any more. It is no
        /// longer kept.
        not_found: bool,
        /// BusinessRejectReason (380) or SessionRejectReason (373).
        reason: Option<i64>,
        /// Text (58).
        text: Option<Box<str>>,
    },
    /// The connection was lost before the answer came. A group that was to be made may exist, and nobody knows its id; any
    /// other is [`Unknown`](GroupState::Unknown) until a request about it is answered.
    InDoubt {
        /// What was asked for.
        request: GroupRequest,
        /// Whether the venue is known to have received it.
        was_received: bool,
    },
    /// A group was triggered: the venue cancelled or refused an order of it.
    Triggered {
        /// The group.
        group: Box<str>,
    },
    /// By the estimate, a group's volume is beyond its limit: it is about to be triggered.
    BeyondLimit {
        /// The group.
        group: Box<str>,
        /// The volume.
        volume: Option<Quantity>,
    },
    /// An answer to no request that is under way.
    Unattributed {
        /// The group that it names.
        group: Box<str>,
    },
    /// There is no room for one more: the group, or the request, is not followed.
    NoRoom {
        /// What was asked for.
        request: GroupRequest,
    },
}

/// The groups of a session. See the [module](self).
#[derive(Clone, Debug)]
pub struct Groups {
    known: Vec<Group>,
    pending: VecDeque<Pending>,
    capacity: usize,
}

#[derive(Clone, Debug)]
struct Pending {
    msg_seq_num: u64,
    request: GroupRequest,
}

impl Groups {
    /// Follows this many groups, and as many requests under way.
    #[must_use]
    pub fn new(capacity: usize) -> Groups {
        Groups {
            known: Vec::new(),
            pending: VecDeque::new(),
            capacity,
        }
    }

    /// A group that is known, of a subaccount.
    #[must_use]
    pub fn group(&self, id: &str, subaccount: u8) -> Option<&Group> {
        self.known
            .iter()
            .find(|group| *group.id == *id && group.subaccount == subaccount)
    }

    /// All groups that are known.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.known.iter()
    }

    /// The requests that have no answer, in the order in which they were sent.
    pub fn pending(&self) -> impl Iterator<Item = &GroupRequest> {
        self.pending.iter().map(|pending| &pending.request)
    }

    /// A group that was made before, or elsewhere: its limit may not be known. Whether there was room.
    pub fn adopt(
        &mut self,
        id: &str,
        subaccount: u8,
        exchange_index: Option<u32>,
        limit: Option<u32>,
    ) -> bool {
        if self.group(id, subaccount).is_some() {
            return true;
        }
        self.insert(
            id,
            subaccount,
            exchange_index.map(i64::from),
            limit,
            GroupState::Unknown,
        )
    }

    /// Takes note of a request that was sent, with the MsgSeqNum (34) that it was sent under.
    pub fn sent(&mut self, msg_seq_num: u64, request: &GroupRequest, events: &mut Vec<GroupEvent>) {
        if self.pending.len() >= self.capacity {
            let request = request.clone();
            events.push(GroupEvent::NoRoom { request });
            return;
        }
        self.pending.push_back(Pending {
            msg_seq_num,
            request: request.clone(),
        });
    }

    /// Takes in an answer. It belongs to the first request under way that it can be an answer to: one about the group that
    /// it names or, where that is not known, one to make a group.
    pub fn answered(&mut self, response: &GroupResponse<'_>, events: &mut Vec<GroupEvent>) {
        let about = |pending: &Pending| pending.request.action.group() == Some(response.group);
        let creates = |pending: &Pending| pending.request.action.group().is_none();
        let is_known = self.known.iter().any(|group| *group.id == *response.group);
        let at = if is_known {
            self.pending.iter().position(about)
        } else {
            self.pending
                .iter()
                .position(|pending| about(pending) || creates(pending))
        };
        let Some(Pending { request, .. }) = at.and_then(|at| self.pending.remove(at)) else {
            let group = response.group.into();
            events.push(GroupEvent::Unattributed { group });
            return;
        };
        self.carry_out(&request, response, events);
    }

    /// Takes in a BusinessMessageReject (j) or Reject (3). Whether it is about a request for a group.
    pub fn refused(&mut self, refusal: &Refusal<'_>, events: &mut Vec<GroupEvent>) -> bool {
        let at = match refusal.ref_seq_num {
            Some(number) => self
                .pending
                .iter()
                .position(|pending| pending.msg_seq_num == number),
            // Without a number: the first one, where the type of message says that it is one.
            None if refusal.ref_msg_type == Some(MSG_TYPE) && !self.pending.is_empty() => Some(0),
            None => None,
        };
        let Some(Pending { request, .. }) = at.and_then(|at| self.pending.remove(at)) else {
            return false;
        };
        let not_found = refusal.text == Some(NOT_FOUND);
        if not_found && let Some(id) = request.action.group() {
            self.remove(id, request.subaccount);
        }
        events.push(GroupEvent::Refused {
            request,
            not_found,
            reason: refusal.reason,
            text: refusal.text.map(Into::into),
        });
        true
    }

    /// The session has lost its connection, or ended. `in_doubt` are the numbers of messages that the venue is not known to
    /// have received ([`SessionEnd::in_doubt`](crate::driver::SessionEnd::in_doubt)).
    pub fn disconnected(&mut self, in_doubt: &RangeInclusive<u64>, events: &mut Vec<GroupEvent>) {
        for Pending { msg_seq_num, request } in std::mem::take(&mut self.pending) {
            if let Some(id) = request.action.group()
                && let Some(group) = self.find(id, request.subaccount)
            {
                group.state = GroupState::Unknown;
            }
            let was_received = !in_doubt.contains(&msg_seq_num);
            events.push(GroupEvent::InDoubt {
                request,
                was_received,
            });
        }
    }

    /// Contracts of an order of a group were filled.
    pub fn filled(
        &mut self,
        id: &str,
        subaccount: u8,
        now: Timestamp,
        quantity: Quantity,
        events: &mut Vec<GroupEvent>,
    ) {
        let Some(group) = self.find(id, subaccount) else {
            return;
        };
        let was_beyond = group.is_beyond_limit(now);
        group.window.add(now, quantity);
        if group.is_beyond_limit(now) && !was_beyond && group.state == GroupState::Active {
            events.push(GroupEvent::BeyondLimit {
                group: id.into(),
                volume: group.rolling_volume(now),
            });
        }
    }

    /// The venue cancelled or refused an order since its group was triggered.
    pub fn triggered(&mut self, id: &str, subaccount: u8, events: &mut Vec<GroupEvent>) {
        if let Some(group) = self.find(id, subaccount)
            && group.state != GroupState::Triggered
        {
            group.state = GroupState::Triggered;
            events.push(GroupEvent::Triggered { group: id.into() });
        }
    }

    /// Takes in what a tracker tells: fills of orders in groups, and orders that a group ended. Give it each event of the
    /// tracker once, as it comes. Fills that are fetched late count from when they are told.
    pub fn observe(
        &mut self,
        now: Timestamp,
        tracker: &Tracker,
        event: &TrackerEvent,
        events: &mut Vec<GroupEvent>,
    ) {
        let (TrackerEvent::Fill(tracker::FillEvent { order: Some(key), .. })
        | TrackerEvent::Changed { order: key, .. }) = event
        else {
            return;
        };
        let Some(order) = tracker.order(*key) else {
            return;
        };
        let Some(id) = order.order_group() else {
            return;
        };
        let subaccount = order.account().subaccount;
        match event {
            TrackerEvent::Fill(fill) => self.filled(id, subaccount, now, fill.quantity, events),
            TrackerEvent::Changed { to, from, .. } if to.is_final() && *from != Some(*to) => {
                let over_limit = order.rejection().and_then(tracker::Rejection::text) == Some(EXCEEDED);
                if over_limit || (*to == OrderState::Canceled && order.ended() == Some(Ended::OrderGroup)) {
                    self.triggered(id, subaccount, events);
                }
            }
            _ => {}
        }
    }

    fn carry_out(
        &mut self,
        request: &GroupRequest,
        response: &GroupResponse<'_>,
        events: &mut Vec<GroupEvent>,
    ) {
        let subaccount = request.subaccount;
        let echoed = response.limit.and_then(|limit| u32::try_from(limit).ok());
        match &request.action {
            GroupAction::Create { limit } => {
                let limit = Some(echoed.unwrap_or(*limit));
                let index = request.exchange_index;
                if !self.insert(response.group, subaccount, index, limit, GroupState::Active) {
                    let request = request.clone();
                    events.push(GroupEvent::NoRoom { request });
                }
            }
            GroupAction::Delete { group } => self.remove(group, subaccount),
            action => {
                if let Some(group) = self.find(response.group, subaccount) {
                    match action {
                        GroupAction::Reset { .. } => {
                            group.state = GroupState::Active;
                            group.window.clear();
                        }
                        GroupAction::Trigger { .. } => group.state = GroupState::Triggered,
                        // Whether the new limit triggered it, the cancels of its orders tell.
                        _ => group.limit = echoed.or(action.limit()),
                    }
                }
            }
        }
        events.push(GroupEvent::Done {
            group: response.group.into(),
            request: request.clone(),
        });
    }

    fn find(&mut self, id: &str, subaccount: u8) -> Option<&mut Group> {
        self.known
            .iter_mut()
            .find(|group| *group.id == *id && group.subaccount == subaccount)
    }

    fn insert(
        &mut self,
        id: &str,
        subaccount: u8,
        exchange_index: Option<i64>,
        limit: Option<u32>,
        state: GroupState,
    ) -> bool {
        let has_room = self.known.len() < self.capacity;
        if has_room {
            self.known.push(Group {
                id: id.into(),
                subaccount,
                exchange_index,
                limit,
                state,
                window: Window::default(),
            });
        }
        has_room
    }

    fn remove(&mut self, id: &str, subaccount: u8) {
        self.known
            .retain(|group| *group.id != *id || group.subaccount != subaccount);
    }
}

/// MsgType (35) of OrderGroupRequest.
const MSG_TYPE: &str = "UOG";
/// Text (58) where the venue does not know a group.
const NOT_FOUND: &str = "ORDER_GROUP_NOT_FOUND";
/// Text (58) where a group takes no orders.
const EXCEEDED: &str = "EXCEEDED_ORDER_GROUP_RISK_LIMIT";

#[cfg(test)]
mod tests;
