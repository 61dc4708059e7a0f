//! What an exchange is made for, and what bounds it.

use crate::environment::Product;

/// What an exchange is made for, and its bounds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rules {
    /// The product of all its markets.
    pub product: Product,
    /// The initial margin in millionths of the notional; prediction is fully paid.
    pub initial_margin: u32,
    /// How many used ClOrdIDs of a member are remembered, to refuse them.
    pub remembered_identifiers: usize,
    /// How many orders a member may have open in one market.
    pub open_orders_per_market: usize,
    /// How many milliseconds there must be between two mass cancels of a session.
    pub mass_cancel_interval: i64,
    /// How many order groups a member may have.
    pub order_groups_per_member: usize,
    /// How many RFQs a member may have open.
    pub rfqs_per_member: usize,
    /// How many makers may quote for one RFQ.
    pub quotes_per_rfq: usize,
    /// After how many seconds an RFQ expires that nobody closed.
    pub rfq_lifetime: i64,
    /// How many combinations creators may have made markets of.
    pub combos: usize,
    /// The exchange index of combinations.
    pub combo_index: u32,
    /// How many markets a session may subscribe to.
    pub subscriptions_per_session: usize,
    /// How many levels of a side a snapshot shows at most.
    pub snapshot_levels: usize,
    /// How many reports are kept for drop copy, over all members.
    pub remembered_reports: usize,
    /// How many parties one page of settlements has at most.
    pub settlement_page: usize,
    /// How many pages of settlements are kept for each member.
    pub remembered_settlements: usize,
}

impl Rules {
    /// A prediction exchange.
    #[must_use]
    pub const fn prediction() -> Rules {
        Rules {
            product: Product::Prediction,
            initial_margin: 1_000_000,
            remembered_identifiers: 100_000,
            open_orders_per_market: 10_000,
            mass_cancel_interval: 1_000,
            order_groups_per_member: 1_000,
            rfqs_per_member: 100,
            quotes_per_rfq: 1_000,
            rfq_lifetime: 3_600,
            combos: 10_000,
            combo_index: 1,
            subscriptions_per_session: 1_000,
            snapshot_levels: 5_000,
            remembered_reports: 200_000,
            settlement_page: 50,
            remembered_settlements: 1_000,
        }
    }

    /// A margin exchange, with an initial margin of 10 %.
    #[must_use]
    pub const fn margin() -> Rules {
        Rules {
            product: Product::Margin,
            initial_margin: 100_000,
            ..Rules::prediction()
        }
    }
}
