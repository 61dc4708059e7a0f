//! What is asked of order groups, and what is answered, whichever product it is.

use fix_dialect::Text;

use super::GroupError;
use crate::tracker::ViewError;
use crate::{margin, prediction};

/// A request about an order group: OrderGroupRequest (UOG).
///
/// ```
/// use kalshi_fix::groups::{GroupAction, GroupRequest};
///
/// let create = GroupRequest::create(5_000)?.subaccount(2)?;
/// assert_eq!(create.to_prediction().alloc_account, Some(2));
/// // Margin's groups belong to no subaccount.
/// assert!(create.to_margin().is_err());
/// assert!(GroupRequest::create(1_000_001).is_err());
/// # Ok::<(), kalshi_fix::groups::GroupError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRequest {
    pub(super) action: GroupAction,
    pub(super) subaccount: u8,
    pub(super) exchange_index: Option<i64>,
}

/// What is to be done: OrderGroupAction (20131), with what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupAction {
    /// Makes a group; the venue gives it an id.
    Create {
        /// OrderGroupContractsLimit (20132): contracts in 15 s, 1 to 1,000,000.
        limit: u32,
    },
    /// Lets a triggered group take orders again, and clears its volume.
    Reset {
        /// OrderGroupID (20130).
        group: Box<str>,
    },
    /// Removes a group, and cancels its resting orders.
    Delete {
        /// OrderGroupID (20130).
        group: Box<str>,
    },
    /// Cancels a group's resting orders; it takes no new ones until it is reset.
    Trigger {
        /// OrderGroupID (20130).
        group: Box<str>,
    },
    /// Gives a group another limit. Below its rolling volume, that triggers it.
    Update {
        /// OrderGroupID (20130).
        group: Box<str>,
        /// OrderGroupContractsLimit (20132): contracts in 15 s, 1 to 1,000,000.
        limit: u32,
    },
}

impl GroupAction {
    /// The group; `None` of one that is to be made.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        match self {
            GroupAction::Create { .. } => None,
            GroupAction::Reset { group }
            | GroupAction::Delete { group }
            | GroupAction::Trigger { group }
            | GroupAction::Update { group, .. } => Some(group),
        }
    }

    /// The limit that it sets.
    #[must_use]
    pub fn limit(&self) -> Option<u32> {
        match self {
            GroupAction::Create { limit } | GroupAction::Update { limit, .. } => Some(*limit),
            _ => None,
        }
    }
}

impl GroupRequest {
    /// Asks for a group of this limit: contracts in 15 s, 1 to 1,000,000.
    pub fn create(limit: u32) -> Result<GroupRequest, GroupError> {
        check_limit(limit)?;
        Ok(GroupRequest::of(GroupAction::Create { limit }))
    }

    /// Asks to reset a group.
    #[must_use]
    pub fn reset(group: &str) -> GroupRequest {
        GroupRequest::of(GroupAction::Reset { group: group.into() })
    }

    /// Asks to delete a group.
    #[must_use]
    pub fn delete(group: &str) -> GroupRequest {
        GroupRequest::of(GroupAction::Delete { group: group.into() })
    }

    /// Asks to trigger a group.
    #[must_use]
    pub fn trigger(group: &str) -> GroupRequest {
        GroupRequest::of(GroupAction::Trigger { group: group.into() })
    }

    /// Asks for another limit of a group: contracts in 15 s, 1 to 1,000,000.
    pub fn update(group: &str, limit: u32) -> Result<GroupRequest, GroupError> {
        check_limit(limit)?;
        let group = group.into();
        Ok(GroupRequest::of(GroupAction::Update { group, limit }))
    }

    /// AllocAccount (79), 0 to 63: whose the group is. A group is not found under another one's. Prediction only.
    pub fn subaccount(mut self, subaccount: u8) -> Result<GroupRequest, GroupError> {
        if subaccount > 63 {
            return Err(GroupError::Subaccount { subaccount });
        }
        self.subaccount = subaccount;
        Ok(self)
    }

    /// ExDestination (100): the exchange index (shard) of the group. Without it the venue looks on index 0, wherever the
    /// group is. Prediction only.
    #[must_use]
    pub fn exchange_index(mut self, exchange_index: u32) -> GroupRequest {
        self.exchange_index = Some(exchange_index.into());
        self
    }

    /// What it asks for.
    #[must_use]
    pub fn action(&self) -> &GroupAction {
        &self.action
    }

    /// The message, on prediction.
    #[must_use]
    pub fn to_prediction(&self) -> prediction::OrderGroupRequest<'_> {
        use prediction::fields::OrderGroupAction;
        let action = match &self.action {
            GroupAction::Create { .. } => OrderGroupAction::Create,
            GroupAction::Reset { .. } => OrderGroupAction::Reset,
            GroupAction::Delete { .. } => OrderGroupAction::Delete,
            GroupAction::Trigger { .. } => OrderGroupAction::TriggerCancel,
            GroupAction::Update { .. } => OrderGroupAction::Update,
        };
        prediction::OrderGroupRequest {
            order_group_contracts_limit: self.action.limit().map(i64::from),
            order_group_id: self.action.group().map(Text::from),
            alloc_account: (self.subaccount != 0).then_some(self.subaccount.into()),
            ex_destination: self.exchange_index,
            ..prediction::OrderGroupRequest::new(action)
        }
    }

    /// The message, on margin.
    ///
    /// # Errors
    ///
    /// Where a subaccount or an exchange index is named: margin has neither for groups.
    pub fn to_margin(&self) -> Result<margin::OrderGroupRequest<'_>, GroupError> {
        use margin::fields::OrderGroupAction;
        if self.subaccount != 0 || self.exchange_index.is_some() {
            return Err(GroupError::NotOnMargin);
        }
        let action = match &self.action {
            GroupAction::Create { .. } => OrderGroupAction::Create,
            GroupAction::Reset { .. } => OrderGroupAction::Reset,
            GroupAction::Delete { .. } => OrderGroupAction::Delete,
            GroupAction::Trigger { .. } => OrderGroupAction::TriggerCancel,
            GroupAction::Update { .. } => OrderGroupAction::Update,
        };
        Ok(margin::OrderGroupRequest {
            order_group_contracts_limit: self.action.limit().map(i64::from),
            order_group_id: self.action.group().map(Text::from),
            ..margin::OrderGroupRequest::new(action)
        })
    }

    fn of(action: GroupAction) -> GroupRequest {
        GroupRequest {
            action,
            subaccount: 0,
            exchange_index: None,
        }
    }
}

/// An answer: OrderGroupResponse (UOH).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupResponse<'a> {
    /// OrderGroupID (20130).
    pub group: &'a str,
    /// OrderGroupContractsLimit (20132), on answers to Create and Update.
    pub limit: Option<i64>,
    /// AllocAccount (79).
    pub subaccount: Option<i64>,
}

impl<'a> GroupResponse<'a> {
    /// Of prediction's message.
    pub fn of_prediction(
        message: &'a prediction::OrderGroupResponse<'_>,
    ) -> Result<GroupResponse<'a>, ViewError> {
        Ok(GroupResponse {
            group: text(&message.order_group_id)?,
            limit: message.order_group_contracts_limit,
            subaccount: message.alloc_account,
        })
    }

    /// Of margin's message.
    pub fn of_margin(message: &'a margin::OrderGroupResponse<'_>) -> Result<GroupResponse<'a>, ViewError> {
        Ok(GroupResponse {
            group: text(&message.order_group_id)?,
            limit: None,
            subaccount: None,
        })
    }
}

fn text<'a>(group: &'a Text<'_>) -> Result<&'a str, ViewError> {
    group.as_str().map_err(|_| ViewError::NotUtf8 {
        field: "OrderGroupID (20130)",
        value: group.clone().into_owned(),
    })
}

fn check_limit(limit: u32) -> Result<(), GroupError> {
    match limit {
        1..=MOST_CONTRACTS => Ok(()),
        _ => Err(GroupError::Limit { limit }),
    }
}

/// OrderGroupContractsLimit (20132) is 1 to this.
const MOST_CONTRACTS: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_keep_the_rules_of_their_dialect() {
        let requests = [
            GroupRequest::create(1).unwrap(),
            GroupRequest::reset("g"),
            GroupRequest::delete("g"),
            GroupRequest::trigger("g"),
            GroupRequest::update("g", 1_000_000).unwrap(),
        ];
        for request in requests {
            assert_eq!(
                request.to_margin().unwrap().validate().unwrap(),
                [],
                "{request:?}"
            );
            let request = request.subaccount(63).unwrap().exchange_index(2);
            assert_eq!(request.to_prediction().validate().unwrap(), [], "{request:?}");
            assert_eq!(request.to_margin().unwrap_err(), GroupError::NotOnMargin);
        }
    }

    #[test]
    fn bounds() {
        for limit in [0, 1_000_001] {
            assert_eq!(GroupRequest::create(limit), Err(GroupError::Limit { limit }));
            assert_eq!(GroupRequest::update("g", limit), Err(GroupError::Limit { limit }));
        }
        let error = GroupRequest::reset("g").subaccount(64).unwrap_err();
        assert_eq!(error.to_string(), "subaccount 64: expected 0 to 63");
    }
}
