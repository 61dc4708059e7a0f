//! A fill, counted once: in its order and in its position, or in neither.

use super::Tracker;
use super::event::{FillEvent, Inconsistency, TrackerEvent};
use super::exec_id::ExecId;
use super::fills::Seen;
use super::order::OrderKey;
use super::position::Account;
use super::report::{ExecType, Fill, Report};
use crate::units::Money;

/// What became of a fill.
pub(super) enum Counted {
    /// It may be taken for a part of its report.
    Yes,
    /// The whole report is left aside, and may come again.
    No,
}

impl Tracker {
    /// Counts the fill of a report of no order that is kept.
    pub(super) fn count_apart(
        &mut self,
        exec_id: ExecId,
        report: &Report<'_>,
        events: &mut Vec<TrackerEvent>,
    ) {
        if report.exec_type == ExecType::Trade {
            self.count(None, exec_id, report, events);
        }
    }

    /// Counts a fill, if it is new.
    pub(super) fn count(
        &mut self,
        key: Option<OrderKey>,
        exec_id: ExecId,
        report: &Report<'_>,
        events: &mut Vec<TrackerEvent>,
    ) -> Counted {
        let Some(fill) = &report.fill else {
            events.push(TrackerEvent::Inconsistent(Inconsistency::NoFill { exec_id }));
            return Counted::No;
        };
        let content = fingerprint(report.order_id);
        match self.fills.look(exec_id, content) {
            Seen::New => match self.add(key, exec_id, report, fill, events) {
                Ok(()) => {
                    self.fills.add(exec_id, content);
                    Counted::Yes
                }
                Err(inconsistency) => {
                    events.push(TrackerEvent::Inconsistent(inconsistency));
                    Counted::No
                }
            },
            Seen::Before => Counted::Yes,
            Seen::Conflict => {
                events.push(TrackerEvent::Inconsistent(Inconsistency::Conflict { exec_id }));
                Counted::No
            }
            Seen::Outside => {
                events.push(TrackerEvent::Inconsistent(Inconsistency::OutsideMemory {
                    exec_id,
                    symbol: report.symbol.into(),
                    quantity: fill.quantity,
                    price: fill.price,
                }));
                Counted::Yes
            }
            Seen::NoRoom => {
                let what = "exchange indexes";
                events.push(TrackerEvent::Inconsistent(Inconsistency::NoRoom {
                    exec_id,
                    what,
                }));
                Counted::No
            }
        }
    }

    /// Adds a fill to its order and its position: to both, or to none.
    fn add(
        &mut self,
        key: Option<OrderKey>,
        exec_id: ExecId,
        report: &Report<'_>,
        fill: &Fill<'_>,
        events: &mut Vec<TrackerEvent>,
    ) -> Result<(), Inconsistency> {
        let too_large = Inconsistency::TooLarge { exec_id };
        let order = key.and_then(|key| self.orders.get(&key));
        let (symbol, account) = match order {
            Some(order) => (order.symbol.clone(), order.account.clone()),
            None => (self.symbol(report.symbol), Account::from(report.account)),
        };
        let of_order = match order {
            Some(order) => {
                let filled = order.filled.with(fill.quantity, fill.price);
                let fees = order.fees.checked_add(fill.fee.unwrap_or(Money::ZERO));
                Some(filled.zip(fees).ok_or(too_large.clone())?)
            }
            None => None,
        };
        let at = self.position_at(&symbol, &account).ok_or(Inconsistency::NoRoom {
            exec_id,
            what: "positions",
        })?;
        let position = &mut self.positions[at];
        let sums = position
            .with(report.side, fill.quantity, fill.price, fill.fee)
            .ok_or(too_large)?;
        position.set(sums);
        if let Some(reported) = fill.position {
            position.report(exec_id, reported);
        }
        let order = key.and_then(|key| self.orders.get_mut(&key));
        if let (Some(order), Some((filled, fees))) = (order, of_order) {
            (order.filled, order.fees) = (filled, fees);
        }
        events.push(TrackerEvent::Fill(FillEvent {
            order: key,
            exec_id,
            symbol,
            side: report.side,
            quantity: fill.quantity,
            price: fill.price,
            fee: fill.fee,
        }));
        Ok(())
    }
}

/// What a fill's number is remembered with: two orders hardly ever have the same.
fn fingerprint(order_id: &str) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64 ^ order_id.len() as u64;
    for chunk in order_id.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 29;
    }
    hash
}
