//! What a client's session delivers, taken in as it comes.

use fix_dialect::{Dialect, Timestamp};

use super::Tracker;
use super::coverage::Source;
use super::event::TrackerEvent;
use super::incoming::{AsIncoming, ViewError};
use crate::client::{self, KalshiSession};
use crate::driver::Missed;
use crate::units::PriceUnit;

impl Tracker {
    /// Takes in an event of a session: its messages, rejects of ours, and what becomes of its connection. Events that say
    /// nothing about orders change nothing. Give it every event of every session that brings reports, in their order.
    ///
    /// `unit` is that of the session's prices.
    ///
    /// # Errors
    ///
    /// Where a message about orders cannot be read: then nothing was changed, and what it says is missing until drop copy or
    /// the user tells.
    pub fn observe<S>(
        &mut self,
        now: Timestamp,
        source: Source,
        event: &client::Event<'_, S>,
        unit: PriceUnit,
        events: &mut Vec<TrackerEvent>,
    ) -> Result<(), ViewError>
    where
        S: KalshiSession,
        for<'m> <S::Dialect as Dialect>::Message<'m>: AsIncoming,
    {
        match event {
            client::Event::Message(received) | client::Event::Invalid { received, .. } => {
                match received.message() {
                    Some(message) => self.read(now, source, message, unit, events)?,
                    None => unreadable(received.header().msg_type)?,
                }
            }
            client::Event::Malformed { inbound, .. } => unreadable(inbound.msg_type())?,
            client::Event::Rejected(rejected) => {
                self.read(now, source, &rejected.reject, unit, events)?;
            }
            client::Event::Disconnected(lost) => {
                self.disconnected(source, &lost.end.in_doubt(), events);
            }
            client::Event::Reconnected(back) => {
                self.connected(source, back.missed != Missed::Nothing, events);
            }
            client::Event::Ended(end) => self.disconnected(source, &end.in_doubt(), events),
            _ => {}
        }
        Ok(())
    }
}

fn unreadable(msg_type: &[u8]) -> Result<(), ViewError> {
    match ABOUT_ORDERS.iter().find(|about| about.as_bytes() == msg_type) {
        Some(msg_type) => Err(ViewError::Incomplete { msg_type }),
        None => Ok(()),
    }
}

/// MsgType (35) of what the venue says about orders.
const ABOUT_ORDERS: [&str; 4] = ["8", "9", "r", "j"];
