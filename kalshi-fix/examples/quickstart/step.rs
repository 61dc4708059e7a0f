//! The steps of the tour.

/// One step: it succeeds, or the tour ends with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Exchange,
    Key,
    MarketData,
    OrderEntry,
    Book,
    Rest,
    Update,
    Cross,
    Fill,
    Amend,
    Cancel,
    MassCancel,
    Logout,
}

impl Step {
    /// All of them, in order.
    pub(crate) const ALL: [Step; 13] = [
        Step::Exchange,
        Step::Key,
        Step::MarketData,
        Step::OrderEntry,
        Step::Book,
        Step::Rest,
        Step::Update,
        Step::Cross,
        Step::Fill,
        Step::Amend,
        Step::Cancel,
        Step::MassCancel,
        Step::Logout,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Step::Exchange => "exchange",
            Step::Key => "key",
            Step::MarketData => "market-data",
            Step::OrderEntry => "order-entry",
            Step::Book => "book",
            Step::Rest => "rest",
            Step::Update => "update",
            Step::Cross => "cross",
            Step::Fill => "fill",
            Step::Amend => "amend",
            Step::Cancel => "cancel",
            Step::MassCancel => "mass-cancel",
            Step::Logout => "logout",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Step::Exchange => "start a simulated exchange",
            Step::Key => "generate a key and register it",
            Step::MarketData => "log on to market data over TLS, with a signed logon",
            Step::OrderEntry => "log on to order entry",
            Step::Book => "subscribe to a market's book",
            Step::Rest => "place an order that rests",
            Step::Update => "see it in the live book",
            Step::Cross => "place an order that crosses, and is filled in part",
            Step::Fill => "somebody sells into the rest of it: filled",
            Step::Amend => "amend the resting order: another price, one more contract",
            Step::Cancel => "cancel it",
            Step::MassCancel => "place two more, and cancel everything",
            Step::Logout => "log out of both sessions",
        }
    }
}
