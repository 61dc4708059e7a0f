//! What a client's session delivers, taken in as it comes.

use std::ops::RangeInclusive;

use fix_dialect::{Dialect, Timestamp};

use super::Tracker;
use super::coverage::Source;
use super::event::TrackerEvent;
use super::incoming::{AsIncoming, ViewError};
use super::unclaimed::Way;
use crate::client::{self, KalshiSession};
use crate::driver::{EndCause, Missed, SessionEnd};
use crate::session::{self, EndReason};
use crate::units::PriceUnit;

impl Tracker {
    /// Takes in an event of a session: its messages, rejects of ours, what was lost of them, and what becomes of its
    /// connection. Events that say nothing about orders change nothing. Give it every event of every session that brings reports, in their order.
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
                let is_again = received.inbound().poss_dup;
                match received.message() {
                    Some(message) => self.read_by(now, Way { source, is_again }, message, unit, events)?,
                    None => unreadable(received.header().msg_type)?,
                }
            }
            client::Event::Malformed { inbound, .. } => unreadable(inbound.msg_type())?,
            client::Event::Rejected(rejected) => {
                let is_again = rejected.reject.inbound.poss_dup;
                self.read_by(now, Way { source, is_again }, &rejected.reject, unit, events)?;
            }
            client::Event::Disconnected(lost) => self.ended(source, &lost.end, events),
            client::Event::Reconnected(back) => {
                self.connected(source, back.missed != Missed::Nothing, events);
            }
            client::Event::Ended(end) => self.ended(source, end, events),
            client::Event::Dropped(_) => self.lost_messages(source, events),
            client::Event::Session(session::Event::ResetInSession(reset)) => {
                // To the numbers it is what a new connection is.
                self.disconnected(source, &(1..=reset.sent), events);
                self.connected(source, true, events);
            }
            client::Event::Session(event) if source == Source::OrderEntry && held_back(event).is_some() => {
                if let Some(numbers) = held_back(event) {
                    self.held_back(&numbers, events);
                }
            }
            client::Event::Session(event) if loses_messages(event) => self.lost_messages(source, events),
            client::Event::Session(_) | client::Event::AttemptFailed(_) => {}
        }
        Ok(())
    }

    fn ended(&mut self, source: Source, end: &SessionEnd, events: &mut Vec<TrackerEvent>) {
        match end.cause {
            // The venue's logout follows everything that it sent before.
            EndCause::Session(
                EndReason::LoggedOut {
                    out_of_sequence: None,
                }
                | EndReason::PeerLogout {
                    out_of_sequence: None,
                    ..
                },
            ) => self.logged_out(source, &end.in_doubt(), events),
            _ => self.disconnected(source, &end.in_doubt(), events),
        }
    }
}

/// The numbers of messages that the venue asked for again and does not get.
pub(crate) fn held_back(event: &session::Event) -> Option<RangeInclusive<u64>> {
    match event {
        session::Event::HeldBack(held) => Some(held.msg_seq_num..=held.msg_seq_num),
        // Where nothing is sent again, there may be no word of each message.
        session::Event::ResendServed {
            begin,
            through,
            replayed: 0,
        } => Some(*begin..=*through),
        _ => None,
    }
}

/// Whether messages about orders may have been lost by it, on a connection that goes on.
pub(crate) fn loses_messages(event: &session::Event) -> bool {
    match event {
        // Of a gap that is filled the venue says that nothing but session messages was in it.
        session::Event::SequenceReset {
            gap_fill,
            expected,
            new,
        } => !gap_fill && new != expected,
        session::Event::ResetInSession(_) => true,
        // We refused it, so that nobody reads it, and it has taken its number.
        session::Event::RejectSent(reject) => {
            let msg_type = reject.ref_msg_type.as_deref();
            msg_type.is_some_and(|msg_type| ABOUT_ORDERS.contains(&msg_type))
        }
        _ => false,
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
