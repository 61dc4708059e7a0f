//! Market data messages of both products, as one: borrowed from the typed messages, and copying nothing.

use fix_dialect::Text;

use super::entry::{Aggressor, Entry, EntryType, UpdateAction};
use super::status::{Refusal, TradingStatus};
use crate::{margin, prediction};

/// A message of a market data session that a book has a use for.
#[derive(Clone, Copy, Debug)]
pub enum MarketData<'m> {
    /// MarketDataSnapshotFullRefresh (W).
    Snapshot(Snapshot<'m>),
    /// MarketDataIncrementalRefresh (X).
    Updates(Updates<'m>),
    /// SecurityStatus (f); prediction only.
    Status {
        /// Symbol (55).
        symbol: &'m [u8],
        /// SecurityTradingStatus (326).
        status: TradingStatus,
    },
    /// MarketDataRequestReject (Y). It names neither the request nor a symbol.
    Refused {
        /// MDReqRejReason (281).
        reason: Refusal,
        /// Text (58), empty where there is none.
        text: &'m [u8],
    },
    /// BusinessMessageReject (j).
    BusinessReject {
        /// RefMsgType (372), empty where there is none.
        ref_msg_type: &'m [u8],
        /// RefSeqNum (45).
        ref_seq_num: Option<u64>,
        /// Text (58), empty where there is none.
        text: &'m [u8],
    },
}

impl<'m> MarketData<'m> {
    /// What a prediction message is; `None` for one that is not among these.
    #[must_use]
    pub fn of_prediction(message: &'m prediction::Message<'_>) -> Option<MarketData<'m>> {
        Some(match message {
            prediction::Message::MarketDataIncrementalRefresh(message) => MarketData::Updates(message.into()),
            prediction::Message::MarketDataSnapshotFullRefresh(message) => {
                MarketData::Snapshot(message.into())
            }
            prediction::Message::SecurityStatus(message) => MarketData::Status {
                symbol: message.symbol.as_bytes(),
                status: message.security_trading_status.into(),
            },
            prediction::Message::MarketDataRequestReject(message) => MarketData::Refused {
                reason: Refusal::of(message.md_req_rej_reason.map(|reason| reason.as_wire())),
                text: text(message.text.as_ref()),
            },
            prediction::Message::BusinessMessageReject(message) => MarketData::BusinessReject {
                ref_msg_type: text(message.ref_msg_type.as_ref()),
                ref_seq_num: message.ref_seq_num,
                text: text(message.text.as_ref()),
            },
            _ => return None,
        })
    }

    /// What a margin message is; `None` for one that is not among these.
    #[must_use]
    pub fn of_margin(message: &'m margin::Message<'_>) -> Option<MarketData<'m>> {
        Some(match message {
            margin::Message::MarketDataIncrementalRefresh(message) => MarketData::Updates(message.into()),
            margin::Message::MarketDataSnapshotFullRefresh(message) => MarketData::Snapshot(message.into()),
            margin::Message::MarketDataRequestReject(message) => MarketData::Refused {
                reason: Refusal::of(message.md_req_rej_reason.map(|reason| reason.as_wire())),
                text: text(message.text.as_ref()),
            },
            margin::Message::BusinessMessageReject(message) => MarketData::BusinessReject {
                ref_msg_type: text(message.ref_msg_type.as_ref()),
                ref_seq_num: message.ref_seq_num,
                text: text(message.text.as_ref()),
            },
            _ => return None,
        })
    }
}

/// A whole book of one market, from MarketDataSnapshotFullRefresh (W) or from entries of one's own.
///
/// No entries: the market's book is empty, or the venue does not know the market.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'m> {
    symbol: &'m [u8],
    entries: SnapshotEntries<'m>,
}

#[derive(Clone, Copy, Debug)]
enum SnapshotEntries<'m> {
    Prediction(&'m [prediction::groups::MDFullEntry<'m>]),
    Margin(&'m [margin::groups::MDFullEntry<'m>]),
    Own(&'m [Entry]),
}

impl<'m> Snapshot<'m> {
    /// A snapshot of a backtest or a test.
    #[must_use]
    pub fn new(symbol: &'m str, entries: &'m [Entry]) -> Snapshot<'m> {
        Snapshot {
            symbol: symbol.as_bytes(),
            entries: SnapshotEntries::Own(entries),
        }
    }

    /// Symbol (55).
    #[must_use]
    pub fn symbol(&self) -> &'m [u8] {
        self.symbol
    }

    /// The levels, in the order of the message.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + use<'m> {
        let entries = self.entries;
        let length = match entries {
            SnapshotEntries::Prediction(entries) => entries.len(),
            SnapshotEntries::Margin(entries) => entries.len(),
            SnapshotEntries::Own(entries) => entries.len(),
        };
        (0..length).map(move |at| match entries {
            SnapshotEntries::Prediction(entries) => (&entries[at]).into(),
            SnapshotEntries::Margin(entries) => (&entries[at]).into(),
            SnapshotEntries::Own(entries) => entries[at],
        })
    }
}

/// Changes of levels, and trades, from MarketDataIncrementalRefresh (X) or from updates of one's own.
#[derive(Clone, Copy, Debug)]
pub struct Updates<'m>(UpdateEntries<'m>);

#[derive(Clone, Copy, Debug)]
enum UpdateEntries<'m> {
    Prediction(&'m [prediction::groups::MDIncEntry<'m>]),
    Margin(&'m [margin::groups::MDIncEntry<'m>]),
    Own(&'m [Update<'m>]),
}

/// An entry, and the market that it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update<'m> {
    /// Symbol (55).
    pub symbol: &'m [u8],
    /// The change of a level, or the trade.
    pub entry: Entry,
}

impl<'m> Update<'m> {
    /// An update of a backtest or a test.
    #[must_use]
    pub fn new(symbol: &'m str, entry: Entry) -> Update<'m> {
        Update {
            symbol: symbol.as_bytes(),
            entry,
        }
    }
}

impl<'m> Updates<'m> {
    /// Updates of a backtest or a test.
    #[must_use]
    pub fn new(updates: &'m [Update<'m>]) -> Updates<'m> {
        Updates(UpdateEntries::Own(updates))
    }

    /// The updates, in the order of the message.
    pub fn iter(&self) -> impl Iterator<Item = Update<'m>> + use<'m> {
        let entries = self.0;
        let length = match entries {
            UpdateEntries::Prediction(entries) => entries.len(),
            UpdateEntries::Margin(entries) => entries.len(),
            UpdateEntries::Own(updates) => updates.len(),
        };
        (0..length).map(move |at| match entries {
            UpdateEntries::Prediction(entries) => Update {
                symbol: entries[at].symbol.as_bytes(),
                entry: (&entries[at]).into(),
            },
            UpdateEntries::Margin(entries) => Update {
                symbol: entries[at].symbol.as_bytes(),
                entry: (&entries[at]).into(),
            },
            UpdateEntries::Own(updates) => updates[at],
        })
    }
}

fn text<'m>(text: Option<&'m Text<'_>>) -> &'m [u8] {
    text.map_or(&[], Text::as_bytes)
}

/// The moment that an entry's date and time name together; `None` where either is missing.
macro_rules! moment {
    ($entry:ident) => {
        match ($entry.md_entry_date, $entry.md_entry_time) {
            (Some(date), Some(time)) => Some(fix_dialect::Timestamp::new(date, time)),
            _ => None,
        }
    };
}

macro_rules! no_moment {
    ($entry:ident) => {
        None
    };
}

/// The conversions that differ between the products in the module of the types, and in whether entries have times.
macro_rules! conversions {
    ($module:ident, $variant:ident, $time:ident) => {
        impl<'m> From<&'m $module::MarketDataSnapshotFullRefresh<'_>> for Snapshot<'m> {
            fn from(message: &'m $module::MarketDataSnapshotFullRefresh<'_>) -> Snapshot<'m> {
                Snapshot {
                    symbol: message.symbol.as_bytes(),
                    entries: SnapshotEntries::$variant(&message.md_entries),
                }
            }
        }

        impl<'m> From<&'m $module::MarketDataIncrementalRefresh<'_>> for Updates<'m> {
            fn from(message: &'m $module::MarketDataIncrementalRefresh<'_>) -> Updates<'m> {
                Updates(UpdateEntries::$variant(&message.md_entries))
            }
        }

        impl From<&$module::groups::MDFullEntry<'_>> for Entry {
            #[inline]
            fn from(entry: &$module::groups::MDFullEntry<'_>) -> Entry {
                Entry {
                    action: UpdateAction::New,
                    entry_type: entry.md_entry_type.into(),
                    price: Some(entry.md_entry_px),
                    size: Some(entry.md_entry_size),
                    time: $time!(entry),
                    aggressor: None,
                }
            }
        }

        impl From<&$module::groups::MDIncEntry<'_>> for Entry {
            #[inline]
            fn from(entry: &$module::groups::MDIncEntry<'_>) -> Entry {
                Entry {
                    action: entry.md_update_action.into(),
                    entry_type: entry.md_entry_type.into(),
                    price: entry.md_entry_px,
                    size: entry.md_entry_size,
                    time: $time!(entry),
                    aggressor: entry.aggressor_side.map(Aggressor::from),
                }
            }
        }

        impl From<$module::fields::MDUpdateAction> for UpdateAction {
            #[inline]
            fn from(action: $module::fields::MDUpdateAction) -> UpdateAction {
                match action {
                    $module::fields::MDUpdateAction::New => UpdateAction::New,
                    $module::fields::MDUpdateAction::Change => UpdateAction::Change,
                    $module::fields::MDUpdateAction::Delete => UpdateAction::Delete,
                    $module::fields::MDUpdateAction::Unlisted(value) => UpdateAction::Unlisted(*value.wire()),
                }
            }
        }

        impl From<$module::fields::MDEntryType> for EntryType {
            #[inline]
            fn from(entry_type: $module::fields::MDEntryType) -> EntryType {
                match entry_type {
                    $module::fields::MDEntryType::Bid => EntryType::Bid,
                    $module::fields::MDEntryType::Offer => EntryType::Offer,
                    $module::fields::MDEntryType::Trade => EntryType::Trade,
                    $module::fields::MDEntryType::Unlisted(value) => EntryType::Unlisted(*value.wire()),
                }
            }
        }

        impl From<$module::fields::AggressorSide> for Aggressor {
            #[inline]
            fn from(side: $module::fields::AggressorSide) -> Aggressor {
                match side {
                    $module::fields::AggressorSide::Buy => Aggressor::Buy,
                    $module::fields::AggressorSide::Sell => Aggressor::Sell,
                    $module::fields::AggressorSide::Unlisted(value) => Aggressor::Unlisted(*value.wire()),
                }
            }
        }
    };
}

conversions!(prediction, Prediction, moment);
conversions!(margin, Margin, no_moment);
