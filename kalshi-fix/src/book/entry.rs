//! One entry of a market data message, whatever the product.

use fix_dialect::Timestamp;
use rust_decimal::Decimal;

/// A price level or a trade, as the message has it: nothing of it has been judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// MDUpdateAction (279); [`UpdateAction::New`] in snapshots, which have no such field.
    pub action: UpdateAction,
    /// MDEntryType (269).
    pub entry_type: EntryType,
    /// MDEntryPx (270), dollars. A delete may lack it.
    pub price: Option<Decimal>,
    /// MDEntrySize (271), contracts: what the level has from now on, or what was traded. A delete may lack it.
    pub size: Option<Decimal>,
    /// MDEntryDate (272) and MDEntryTime (273): in snapshots when they were taken, in updates when it happened. Margin
    /// has neither.
    pub time: Option<Timestamp>,
    /// AggressorSide (2446): trades only.
    pub aggressor: Option<Aggressor>,
}

impl Entry {
    /// A level that is there from now on, or has this size from now on. A size of zero deletes it.
    ///
    /// ```
    /// use kalshi_fix::book::{Entry, EntryType, Side, UpdateAction};
    /// use kalshi_fix::dialect::Decimal;
    ///
    /// let level = Entry::level(Side::Bid, Decimal::new(3500, 4), Decimal::from(10));
    /// assert_eq!(level.action, UpdateAction::New);
    /// assert_eq!(level.entry_type, EntryType::Bid);
    /// ```
    #[must_use]
    pub fn level(side: Side, price: Decimal, size: Decimal) -> Entry {
        Entry {
            action: UpdateAction::New,
            entry_type: side.into(),
            price: Some(price),
            size: Some(size),
            time: None,
            aggressor: None,
        }
    }

    /// A level that is gone from now on.
    #[must_use]
    pub fn deletion(side: Side, price: Decimal) -> Entry {
        Entry {
            action: UpdateAction::Delete,
            size: None,
            ..Entry::level(side, price, Decimal::ZERO)
        }
    }

    /// A trade.
    #[must_use]
    pub fn trade(price: Decimal, size: Decimal, aggressor: Aggressor) -> Entry {
        Entry {
            entry_type: EntryType::Trade,
            aggressor: Some(aggressor),
            ..Entry::level(Side::Bid, price, size)
        }
    }

    /// The same with this time.
    #[must_use]
    pub fn at(self, time: Timestamp) -> Entry {
        Entry {
            time: Some(time),
            ..self
        }
    }
}

/// A side of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Those who buy: on prediction markets, YES.
    Bid,
    /// Those who sell: on prediction markets, YES; that is, they buy NO.
    Offer,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Side {
        match self {
            Side::Bid => Side::Offer,
            Side::Offer => Side::Bid,
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Side::Bid => "bid",
            Side::Offer => "offer",
        })
    }
}

/// MDUpdateAction (279).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpdateAction {
    /// A level that was not there; or a trade.
    New,
    /// Another size of a level. The book takes it as it takes [`New`](UpdateAction::New): sizes are whole, so what was
    /// there before does not matter.
    Change,
    /// A level is gone.
    Delete,
    /// A value that the venue does not document.
    Unlisted(u8),
}

/// MDEntryType (269).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryType {
    /// A level of the bids.
    Bid,
    /// A level of the offers.
    Offer,
    /// A trade, and no level. In updates only.
    Trade,
    /// A value that the venue does not document.
    Unlisted(u8),
}

impl From<Side> for EntryType {
    fn from(side: Side) -> EntryType {
        match side {
            Side::Bid => EntryType::Bid,
            Side::Offer => EntryType::Offer,
        }
    }
}

/// AggressorSide (2446): who came to meet the resting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggressor {
    /// The buyer: on prediction markets, of YES.
    Buy,
    /// The seller: on prediction markets, of YES.
    Sell,
    /// A value that the venue does not document.
    Unlisted(u8),
}
