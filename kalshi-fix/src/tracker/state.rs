//! Where an order stands, and how it ended.
//!
//! ```text
//!            sent                  report              amend or cancel sent
//!  (nothing) ────► PendingNew ───────────► New ◄──────────────────────────────► PendingReplace
//!                    │    │                 │ ▲          refused, or accepted    PendingCancel
//!                    │    │           trade │ │ amended
//!                    │    │                 ▼ │                                   │
//!                    │    └───────► PartiallyFilled ◄─────────────────────────────┤
//!                    │                      │                                     │
//!                    ▼                      ▼                                     ▼
//!                Rejected        Filled, Canceled, Expired  ◄──────────────────────
//!
//!  Unknown: from any state but the last four, when what is known is not enough to tell; back to any state.
//! ```

use super::report::EXCHANGE_UNAVAILABLE;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// Sent; the venue has not said that it is accepted.
    PendingNew,
    /// Open, without a fill. An amended order is here again (39=5 is no state of its own).
    New,
    /// Open, with a fill.
    PartiallyFilled,
    /// Open, and an amend is under way.
    PendingReplace,
    /// Open, and a cancel is under way.
    PendingCancel,
    /// It may be anything: the answer was lost with the connection, the venue said that it does not know
    /// (EXCHANGE_UNAVAILABLE), or reports may have been missed. What was last known is still in the [order](super::Order).
    Unknown,
    /// Filled.
    Filled,
    /// Ended before it was filled. Expiry is reported like this too, unless the logon set UseExpiredOrdStatus (21012).
    Canceled,
    /// Its time was over.
    Expired,
    /// Never accepted.
    Rejected,
}

impl OrderState {
    /// Whether nothing happens to the order any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            OrderState::Filled | OrderState::Canceled | OrderState::Expired | OrderState::Rejected
        )
    }

    /// All states.
    pub const ALL: [OrderState; 10] = [
        OrderState::PendingNew,
        OrderState::New,
        OrderState::PartiallyFilled,
        OrderState::PendingReplace,
        OrderState::PendingCancel,
        OrderState::Unknown,
        OrderState::Filled,
        OrderState::Canceled,
        OrderState::Expired,
        OrderState::Rejected,
    ];
}

/// Why an order ended without being filled, as far as the venue tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// A request of ours: a cancel, or an amend to what was filled already.
    Requested,
    /// Its order group was triggered or deleted.
    OrderGroup,
    /// It met an order of the same member.
    SelfTradePrevention,
    /// It was to rest, and would have traded.
    PostOnly,
    /// It was to be filled at once as a whole, and could not.
    FillOrKill,
    /// The rest of an immediate-or-cancel order, by a report.
    ImmediateOrCancel,
    /// The rest of an immediate-or-cancel order, without a report: see
    /// [`TrackerSettings::immediate_grace`](super::TrackerSettings::immediate_grace).
    Silently,
    /// Its time was over.
    Expired,
    /// It was filled.
    Filled,
    /// It was not accepted.
    Rejected,
    /// The user said so ([`Tracker::resolve`](super::Tracker::resolve)).
    Resolved,
    /// The venue gave no reason, and it was no request about this order: a mass cancel, the end of the connection, a market
    /// that closed or paused.
    Unsolicited,
    /// Another reason: it is in [`Order::text`](super::Order::text).
    Other,
}

impl Ended {
    /// Of the Text (58) of a cancel.
    pub(super) fn of_text(text: &str) -> Ended {
        match text {
            "ORDER_GROUP_CANCEL" => Ended::OrderGroup,
            "TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION"
            | "MAKER_CANCEL_FOR_SELF_TRADE_PREVENTION"
            | "SELF_CROSS_ATTEMPT"
            | "SELF_CROSS_ATTEMPT_PARTIALLY_FILLED" => Ended::SelfTradePrevention,
            "POST_ONLY_CROSS" => Ended::PostOnly,
            "FOK_INSUFFICIENT_VOLUME" => Ended::FillOrKill,
            "IMMEDIATE_OR_CANCELLED" => Ended::ImmediateOrCancel,
            _ => Ended::Other,
        }
    }
}

/// Why nobody knows what became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// The connection was lost, and the venue may not have received it.
    Unconfirmed,
    /// The venue received it; the answer may have been lost with the connection.
    Unanswered,
    /// The venue said that it does not know (EXCHANGE_UNAVAILABLE).
    Unavailable,
    /// The venue asked for it again, and the [`ResendPolicy`](crate::session::ResendPolicy) held it back. It does not come to
    /// the venue any more; but a venue can ask for more than it has missed, and may have had it before.
    HeldBack,
}

/// Whether a refusal is final: one with this text is none.
pub(super) fn is_final_refusal(text: Option<&str>) -> bool {
    text != Some(EXCHANGE_UNAVAILABLE)
}
