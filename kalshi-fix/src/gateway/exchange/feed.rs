//! The market data feed: who has subscribed to what, whole books, and changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::engine::Exchange;
use super::market::Symbol;
use super::order::{SessionId, Side};
use super::report::{Increment, MarketDataRejectReason, Output, Snapshot};
use super::turn::Turn;

impl Exchange {
    pub(super) fn snapshots(
        &mut self,
        turn: &mut Turn,
        session: SessionId,
        symbols: Vec<Symbol>,
        subscribe: bool,
    ) {
        let bound = self.rules.subscriptions_per_session;
        if symbols.len() > bound || (subscribe && self.data.count_with(session, &symbols) > bound) {
            turn.outputs.push(Output::MarketDataReject {
                session,
                reason: MarketDataRejectReason::TooManySymbols,
            });
            return;
        }
        for symbol in symbols {
            let levels = |side| {
                let book = self.markets.get(&symbol).map(|listing| &listing.book);
                book.map(|book| book.levels(side).take(self.rules.snapshot_levels).collect())
                    .unwrap_or_default()
            };
            let (bids, offers) = (levels(Side::Buy), levels(Side::Sell));
            if subscribe && self.markets.contains_key(&symbol) {
                self.data.add(session, &symbol);
            }
            turn.outputs.push(Output::Snapshot(Snapshot {
                session,
                symbol,
                bids,
                offers,
                time: turn.now,
            }));
        }
    }

    pub(super) fn subscribe_status(&mut self, turn: &mut Turn, session: SessionId, symbol: &Symbol) {
        let bound = self.rules.subscriptions_per_session;
        if self.statuses.count_with(session, std::slice::from_ref(symbol)) > bound {
            turn.outputs.push(Output::MarketDataReject {
                session,
                reason: MarketDataRejectReason::TooManySymbols,
            });
        } else if self.markets.contains_key(symbol) {
            self.statuses.add(session, symbol);
        }
    }

    /// Tells the subscribers what the command changed.
    pub(super) fn publish(&mut self, turn: &mut Turn) {
        for symbol in std::mem::take(&mut self.touched) {
            let Some(listing) = self.markets.get_mut(&symbol) else {
                continue;
            };
            let levels = listing.book.take_changes();
            let trades = std::mem::take(&mut listing.trades);
            let subscribers = self.data.of(&symbol);
            if !(subscribers.is_empty() || levels.is_empty() && trades.is_empty()) {
                let time = turn.now;
                turn.outputs.push(Output::Increment(Increment {
                    subscribers,
                    symbol,
                    trades,
                    levels,
                    time,
                }));
            }
        }
    }
}

/// Subscriptions by market, with a bound on those of one session.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    by_symbol: BTreeMap<Symbol, BTreeSet<SessionId>>,
    by_session: BTreeMap<SessionId, BTreeSet<Symbol>>,
}

impl Subscriptions {
    /// How many markets the session would be subscribed to with these as well.
    pub(super) fn count_with(&self, session: SessionId, symbols: &[Symbol]) -> usize {
        let existing = self.by_session.get(&session);
        let new: BTreeSet<&Symbol> = symbols
            .iter()
            .filter(|symbol| !existing.is_some_and(|have| have.contains(*symbol)))
            .collect();
        existing.map_or(0, BTreeSet::len) + new.len()
    }

    pub(super) fn add(&mut self, session: SessionId, symbol: &Symbol) {
        self.by_symbol
            .entry(Arc::clone(symbol))
            .or_default()
            .insert(session);
        self.by_session
            .entry(session)
            .or_default()
            .insert(Arc::clone(symbol));
    }

    pub(super) fn remove(&mut self, session: SessionId, symbol: &Symbol) {
        if let Some(sessions) = self.by_symbol.get_mut(symbol) {
            sessions.remove(&session);
            if sessions.is_empty() {
                self.by_symbol.remove(symbol);
            }
        }
        if let Some(symbols) = self.by_session.get_mut(&session) {
            symbols.remove(symbol);
            if symbols.is_empty() {
                self.by_session.remove(&session);
            }
        }
    }

    pub(super) fn remove_symbol(&mut self, symbol: &Symbol) {
        for session in self.of(symbol).iter() {
            self.remove(*session, symbol);
        }
    }

    pub(super) fn remove_all(&mut self, session: SessionId) {
        for symbol in self.by_session.remove(&session).unwrap_or_default() {
            self.remove(session, &symbol);
        }
    }

    /// The market's subscribers, in a fixed order.
    pub(super) fn of(&self, symbol: &Symbol) -> Arc<[SessionId]> {
        self.by_symbol
            .get(symbol)
            .map(|sessions| sessions.iter().copied().collect())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_come_and_go() {
        let (one, two): (Symbol, Symbol) = ("ONE".into(), "TWO".into());
        let mut subscriptions = Subscriptions::default();
        subscriptions.add(SessionId(2), &one);
        subscriptions.add(SessionId(1), &one);
        subscriptions.add(SessionId(1), &two);
        assert_eq!(*subscriptions.of(&one), [SessionId(1), SessionId(2)]);
        assert_eq!(
            subscriptions.count_with(SessionId(1), &[one.clone(), "THREE".into(), "THREE".into()]),
            3
        );
        subscriptions.remove_all(SessionId(1));
        assert_eq!(*subscriptions.of(&one), [SessionId(2)]);
        subscriptions.remove(SessionId(2), &one);
        assert!(subscriptions.by_symbol.is_empty() && subscriptions.by_session.is_empty());
    }
}
