//! A book kept from snapshots and increments.

use std::collections::BTreeMap;

use kalshi_fix::dialect::Decimal;
use kalshi_fix::prediction::fields::{MDEntryType, MDUpdateAction};
use kalshi_fix::prediction::{MarketDataIncrementalRefresh, MarketDataSnapshotFullRefresh};

/// Sizes by price, in dollars.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    bids: BTreeMap<Decimal, Decimal>,
    offers: BTreeMap<Decimal, Decimal>,
}

impl Book {
    /// Starts anew from a whole book.
    pub(crate) fn replace(&mut self, snapshot: &MarketDataSnapshotFullRefresh<'_>) {
        *self = Book::default();
        for entry in &snapshot.md_entries {
            if let Some(side) = self.side(entry.md_entry_type) {
                side.insert(entry.md_entry_px, entry.md_entry_size);
            }
        }
    }

    /// Takes changes in. Trades are in there too: they are no levels.
    pub(crate) fn change(&mut self, increment: &MarketDataIncrementalRefresh<'_>) {
        for entry in &increment.md_entries {
            let (Some(side), Some(price)) = (self.side(entry.md_entry_type), entry.md_entry_px) else {
                continue;
            };
            let size = entry.md_entry_size.unwrap_or_default();
            if entry.md_update_action == MDUpdateAction::Delete || size.is_zero() {
                side.remove(&price);
            } else {
                side.insert(price, size);
            }
        }
    }

    /// The bids, best first.
    pub(crate) fn bids(&self) -> impl Iterator<Item = (Decimal, Decimal)> {
        self.bids.iter().rev().map(|(price, size)| (*price, *size))
    }

    /// The offers, best first.
    pub(crate) fn offers(&self) -> impl Iterator<Item = (Decimal, Decimal)> {
        self.offers.iter().map(|(price, size)| (*price, *size))
    }

    fn side(&mut self, entry_type: MDEntryType) -> Option<&mut BTreeMap<Decimal, Decimal>> {
        match entry_type {
            MDEntryType::Bid => Some(&mut self.bids),
            MDEntryType::Offer => Some(&mut self.offers),
            _ => None,
        }
    }
}
