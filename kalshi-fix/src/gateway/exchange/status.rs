//! Pauses of the exchange, the life of a market, and orders whose time is over.

use super::engine::Exchange;
use super::market::{ExchangeStatus, MarketStatus, Symbol};
use super::operation::OperationError;
use super::order::OrderId;
use super::report::{CancelReason, OrderEvent, Output};
use super::turn::Turn;

impl Exchange {
    pub(super) fn expire(&mut self, turn: &mut Turn) {
        while let Some(due) = self.next_expiry()
            && due <= turn.now
        {
            match self.expiries.first() {
                Some(&(time, id)) if time == due => {
                    self.end(turn, id, OrderEvent::Expired);
                    // `end` removes the entry with its order; an entry without one must not stop the exchange.
                    self.expiries.remove(&(time, id));
                }
                _ => match self.closings.first() {
                    Some((time, symbol)) if *time == due => {
                        let symbol = Symbol::clone(symbol);
                        self.closings.pop_first();
                        self.close_on_time(turn, &symbol);
                    }
                    _ => match self.scheduled.first_entry() {
                        Some(entry) if entry.key().0 == due => {
                            let command = entry.remove();
                            // Whoever wrote it down is not there to be told that it cannot happen.
                            let _ = self.carry_out(turn, command);
                        }
                        _ => self.rfq_timer(turn),
                    },
                },
            }
        }
    }

    /// A market's close time has come. One that has ended already stays as it is.
    fn close_on_time(&mut self, turn: &mut Turn, symbol: &Symbol) {
        let status = self.markets.get(symbol).map(|listing| listing.market.status);
        if matches!(status, Some(MarketStatus::Active | MarketStatus::Inactive)) {
            self.change_market(turn, symbol, MarketStatus::Closed);
        }
    }

    pub(super) fn set_status(
        &mut self,
        turn: &mut Turn,
        status: ExchangeStatus,
    ) -> Result<(), OperationError> {
        if self.status == status {
            return Err(OperationError::ExchangeAlready { status });
        }
        let pauses = self.status == ExchangeStatus::Open && status != ExchangeStatus::Open;
        self.status = status;
        if pauses {
            let mut doomed: Vec<OrderId> = self
                .orders
                .values()
                .filter(|order| order.cancel_on_pause)
                .map(|order| order.id)
                .collect();
            doomed.sort_unstable();
            for id in doomed {
                self.end(turn, id, OrderEvent::Canceled(CancelReason::Paused));
            }
        }
        Ok(())
    }

    /// Changes a market's status where its life allows it: a market that has closed can be opened again, as its close time can
    /// be moved, and one that is determined only waits to be settled.
    pub(super) fn set_market_status(
        &mut self,
        turn: &mut Turn,
        symbol: &Symbol,
        asked: MarketStatus,
    ) -> Result<(), OperationError> {
        let Some(listing) = self.markets.get(symbol) else {
            let symbol = Symbol::clone(symbol);
            return Err(OperationError::UnknownMarket { symbol });
        };
        let (status, symbol) = (listing.market.status, Symbol::clone(symbol));
        match (status, asked) {
            _ if status == asked => Err(OperationError::MarketAlready { symbol, status }),
            (_, MarketStatus::Settled) => Err(OperationError::Unpaid { symbol }),
            (MarketStatus::Settled | MarketStatus::Determined, _)
            | (MarketStatus::Closed, MarketStatus::Inactive) => Err(OperationError::TooLate {
                symbol,
                status,
                asked,
            }),
            _ => {
                self.change_market(turn, &symbol, asked);
                Ok(())
            }
        }
    }

    /// A market that closes, or that trades again after a stop, loses its resting orders.
    pub(super) fn change_market(&mut self, turn: &mut Turn, symbol: &Symbol, status: MarketStatus) {
        let Some(listing) = self.markets.get_mut(symbol) else {
            return;
        };
        if listing.market.status == status {
            return;
        }
        listing.market.status = status;
        if status != MarketStatus::Inactive {
            for id in listing.book.orders() {
                let event = match status {
                    MarketStatus::Closed | MarketStatus::Determined | MarketStatus::Settled => {
                        OrderEvent::Expired
                    }
                    MarketStatus::Active | MarketStatus::Inactive => {
                        OrderEvent::Canceled(CancelReason::MarketReactivated)
                    }
                };
                self.end(turn, id, event);
            }
        }
        let subscribers = self.statuses.of(symbol);
        if !subscribers.is_empty() && status != MarketStatus::Closed {
            turn.outputs.push(Output::MarketStatus {
                subscribers,
                symbol: Symbol::clone(symbol),
                status,
            });
        }
        if matches!(status, MarketStatus::Closed | MarketStatus::Determined) {
            self.close_rfqs_of(turn, symbol);
        }
        if status == MarketStatus::Settled {
            self.statuses.remove_symbol(symbol);
        }
    }
}
