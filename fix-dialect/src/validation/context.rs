//! What validation is told of the session that a message is on.

use crate::tables::MessageTable;

/// What is known of a message beside its bytes. Nothing, by default: a rule that depends on something unknown is not
/// applied.
///
/// ```
/// use fix_dialect::{Context, Prices, Sender};
///
/// let orders = Context::default()
///     .from(Sender::Client)
///     .on("NR")
///     .priced_in(Prices::Dollars);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Context {
    /// Who sends the message.
    pub sender: Option<Sender>,
    /// The session it is on, as the dictionary names it, such as `NR`.
    pub session: Option<&'static str>,
    /// What order prices are on the session.
    pub prices: Option<Prices>,
}

/// A side of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The client.
    Client,
    /// The exchange.
    Exchange,
}

/// What the prices of orders and quotes are on a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prices {
    /// Whole cents.
    Cents,
    /// Dollars: the logon set UseDollars (21005), or the product knows nothing else.
    Dollars,
}

impl Context {
    /// The same, for what this side sends.
    #[must_use]
    pub const fn from(mut self, sender: Sender) -> Context {
        self.sender = Some(sender);
        self
    }

    /// The same, on this session.
    #[must_use]
    pub const fn on(mut self, session: &'static str) -> Context {
        self.session = Some(session);
        self
    }

    /// The same, where prices are these.
    #[must_use]
    pub const fn priced_in(mut self, prices: Prices) -> Context {
        self.prices = Some(prices);
        self
    }

    /// Who sends a message of this type: what was said, or else the one side that sends it at all, or on the session.
    pub(crate) fn sender_of(&self, table: &MessageTable) -> Option<Sender> {
        if self.sender.is_some() {
            return self.sender;
        }
        let sends = |sessions: Option<&[&str]>| match (sessions, self.session) {
            (None, _) => None,
            (Some(sessions), Some(session)) => Some(sessions.contains(&session)),
            (Some(sessions), None) => Some(!sessions.is_empty()),
        };
        match (sends(table.client), sends(table.exchange)) {
            (Some(true), Some(false) | None) => Some(Sender::Client),
            (Some(false) | None, Some(true)) => Some(Sender::Exchange),
            _ => None,
        }
    }

    /// Whether the dictionary says that this message is not sent by this side, or not on this session.
    pub(crate) fn contradicts(&self, table: &MessageTable) -> bool {
        let absent = |sessions: Option<&[&str]>| {
            sessions.is_some_and(|sessions| match self.session {
                Some(session) => !sessions.contains(&session),
                None => sessions.is_empty(),
            })
        };
        match self.sender {
            Some(Sender::Client) => absent(table.client),
            Some(Sender::Exchange) => absent(table.exchange),
            None => absent(table.client) && absent(table.exchange),
        }
    }
}
