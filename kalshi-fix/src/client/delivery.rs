//! How a message that was looked at gets leave and takes its number.

use std::pin::pin;

use fix_dialect::EncodeBody;

use super::gate::Pass;
use super::product::KalshiSession;
use super::requests::{Noted, Record};
use super::session::Sender;
use crate::session::{SendError, SequenceNumber};

impl<S: KalshiSession> Sender<S> {
    /// Sends a message that has leave, when there is room for it or as soon as there is. What has to wait for room gives its
    /// leave back, and asks anew when there is some: tokens are taken, and limits asked, for what is sent at once. Leave that
    /// was given before limits, reference prices or the kill switch changed does not count either.
    ///
    /// `note` is called under the session's lock, with the leave that the message has.
    pub(super) async fn deliver<M: EncodeBody>(
        &self,
        pass: Pass<'_>,
        message: &M,
        mut note: impl FnMut(SequenceNumber, Record, &Pass<'_>),
    ) -> Result<SequenceNumber, SendError> {
        let noted = Noted::new(message);
        let begun = self.handle.connection();
        let mut pass = pass;
        loop {
            // Enlisted before the attempt, so that room made in between is not missed.
            let mut room = pin!(self.handle.room());
            room.as_mut().enable();
            let note = |sequence| note(sequence, noted.record(), &pass);
            match self.handle.attempt(Some(begun), &noted, || pass.hold(), note) {
                Ok(Some(sequence)) => {
                    pass.sent();
                    return Ok(sequence);
                }
                Ok(None) => drop(pass),
                Err(error) if error.is_for_want_of_room() => {
                    drop(pass);
                    room.await;
                }
                Err(error) => return Err(error),
            }
            pass = self.admit(message).await?;
        }
    }

    /// As [`deliver`](Sender::deliver), at once or not at all.
    pub(super) fn try_deliver<M: EncodeBody>(
        &self,
        pass: Pass<'_>,
        message: &M,
        mut note: impl FnMut(SequenceNumber, Record, &Pass<'_>),
    ) -> Result<SequenceNumber, SendError> {
        let noted = Noted::new(message);
        let mut pass = pass;
        loop {
            let note = |sequence| note(sequence, noted.record(), &pass);
            let attempt = self.handle.attempt(None, &noted, || pass.hold(), note);
            if let Some(sequence) = attempt? {
                pass.sent();
                return Ok(sequence);
            }
            drop(pass);
            pass = self.try_admit(message)?;
        }
    }
}
