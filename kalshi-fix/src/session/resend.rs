//! Serving the peer's ResendRequests (2): page by page from the journal, before anything new is sent.
//!
//! ```text
//!   ResendRequest (2)          poll_store           handle_read, as often as there are pages
//!  ──────────────────► begin ──────────────► Read ─────────────────────────────────────────► finish
//!                        │                    ▲         │ possible duplicates and gap fills      │
//!                        │                    └─────────┘ go out, as fast as the transport       │
//!                        ▼                                takes them                             ▼
//!             what is sent from now on is numbered and journalled, and held           what was held goes out
//! ```
//!
//! At most a page is in memory, whatever the range. Nothing is interleaved: not an order, and not a heartbeat,
//! whose number would be above those of the orders that are held.

use std::time::Duration;

use bytes::Bytes;

use super::admin::{Fault, fault, required_number};
use super::event::HeldBack;
use super::replay::Original;
use super::{
    EndReason, Event, Journal, Now, RejectReason, ResendCandidate, ResendPolicy, ResendVerdict,
    SequenceNumber, Session, SessionState, StoreOperation, Ticket,
};

/// A resend under way.
pub(super) struct Serving {
    /// The ResendRequest's own number.
    request: SequenceNumber,
    begin: SequenceNumber,
    /// The last number of the range.
    through: SequenceNumber,
    /// The first number that was used after the resend began: what is held has this number or a higher one.
    boundary: SequenceNumber,
    /// The next number to deal with.
    next: SequenceNumber,
    /// The first number that nothing was sent for yet: a gap fill from here is due before the next message.
    fill_from: SequenceNumber,
    /// The read under way, and its last number. The range may have grown since it was asked for.
    read: Option<(Ticket, SequenceNumber)>,
    replayed: u64,
    /// Whether the range was asked for more than once.
    restarted: bool,
}

impl Session {
    /// ResendRequest (2) (cases 8 and 20).
    pub(super) fn resend_request(
        &mut self,
        now: Now,
        frame: &[u8],
        request: SequenceNumber,
    ) -> Result<(), Fault> {
        let begin = required_number(frame, 7, "BeginSeqNo")?;
        let end = required_number(frame, 16, "EndSeqNo")?;
        let next = self.sequences.next_outgoing;
        if begin == 0 || begin >= next {
            let text = format!("BeginSeqNo (7) is {begin}; sent were 1 to {}", next - 1);
            return Err(fault(7, RejectReason::ValueIncorrect, text));
        }
        if end != 0 && end < begin {
            let text = format!("EndSeqNo (16) {end} is before BeginSeqNo (7) {begin}");
            return Err(fault(16, RejectReason::ValueIncorrect, text));
        }
        self.events.push_back(Event::ResendRequested { begin, end });
        // 0 means "to the latest", and so does any number that was not reached yet (older versions use
        // 999999).
        let through = if end == 0 || end >= next { next - 1 } else { end };
        self.resend(now, begin, through, request);
        Ok(())
    }

    /// Sends `begin` to `through` again, after whatever else is being sent again.
    pub(super) fn resend(
        &mut self,
        now: Now,
        begin: SequenceNumber,
        through: SequenceNumber,
        request: SequenceNumber,
    ) {
        if let Some(serving) = &mut self.serving {
            // What is held goes out anyway. What is yet to be sent of the range under way need not be sent
            // twice; what was sent of it was lost again, and the resend starts over from there.
            let through = through.min(serving.boundary - 1);
            if begin < serving.next {
                serving.begin = serving.begin.min(begin);
                serving.next = begin;
                serving.fill_from = begin;
                serving.read = None;
                serving.restarted = true;
            }
            serving.through = serving.through.max(through);
            return;
        }
        let journalled = self.recorded && self.settings.journal != Journal::None;
        if !journalled || matches!(self.settings.resend, ResendPolicy::HoldBack) {
            self.fill(now, begin, through + 1);
            let replayed = 0;
            self.events.push_back(Event::ResendServed {
                begin,
                through,
                replayed,
            });
            return;
        }
        self.serving = Some(Serving {
            request,
            begin,
            through,
            boundary: self.sequences.next_outgoing,
            next: begin,
            fill_from: begin,
            read: None,
            replayed: 0,
            restarted: false,
        });
        self.outbox.hold();
    }

    /// The next page to read, if there is room for it.
    pub(super) fn next_page(&mut self) -> Option<StoreOperation> {
        // All that is new waits behind a resend, heartbeats too: an application that takes no events must not hold it up.
        // Only what is held back adds an event for each message, and has room for as many as the rest has.
        let telling = !matches!(self.settings.resend, ResendPolicy::Replay);
        let untold = telling && self.events.len() >= self.settings.max_events.saturating_mul(2);
        let serving = self.serving.as_mut().filter(|serving| serving.read.is_none())?;
        let page = self.settings.resend_page;
        if untold || self.outbox.flowing() >= page {
            return None;
        }
        let ticket = self.outbox.read()?;
        serving.read = Some((ticket, serving.through));
        Some(StoreOperation::Read {
            ticket,
            begin: serving.next,
            end: serving.through,
            max_bytes: page,
        })
    }

    /// A page of the journal has been read.
    pub(super) fn page(&mut self, now: Now, ticket: Ticket, page: Vec<(SequenceNumber, Bytes)>) {
        let awaited = |serving: &mut Serving| serving.read.is_some_and(|(read, _)| read == ticket);
        let Some(mut serving) = self.serving.take_if(awaited) else {
            return;
        };
        if let Some((_, end)) = serving.read.take()
            && page.is_empty()
        {
            serving.next = end + 1;
        }
        for (sequence, frame) in page {
            match self.send_again(now, &mut serving, sequence, frame) {
                Ok(()) => {}
                Err(Refused::TooOld(age)) => {
                    let why = format!(
                        "which was sent {} s ago: beyond the retention period",
                        age.as_secs()
                    );
                    self.refuse_resend(now, &serving, &why);
                    return;
                }
                Err(Refused::Unusable(fault)) => {
                    self.fail(now, EndReason::JournalUnusable { sequence, fault });
                    return;
                }
            }
        }
        // A logout of ours waits behind the resend: its answer is not late as long as that goes on.
        if self.state == SessionState::LogoutSent && !serving.restarted {
            self.wait_for_answer(now);
        }
        self.go_on_serving(now, serving);
    }

    /// What the range begins with was dropped by the store.
    pub(super) fn dropped(&mut self, now: Now, ticket: Ticket, through: SequenceNumber) {
        let awaited = |serving: &mut Serving| serving.read.is_some_and(|(read, _)| read == ticket);
        let Some(mut serving) = self.serving.take_if(awaited) else {
            return;
        };
        serving.read = None;
        let last = through.clamp(serving.next, serving.through.max(serving.next));
        let held_back = match self.settings.resend {
            ResendPolicy::Younger(_) => true,
            ResendPolicy::ThisConnection => last < self.began,
            _ => false,
        };
        if held_back {
            serving.next = last + 1;
            self.go_on_serving(now, serving);
            return;
        }
        self.fill(now, serving.fill_from, serving.next);
        self.refuse_resend(
            now,
            &serving,
            &format!("messages up to {through} are beyond the retention period"),
        );
    }

    fn go_on_serving(&mut self, now: Now, serving: Serving) {
        if serving.next <= serving.through {
            self.serving = Some(serving);
            return;
        }
        self.fill(now, serving.fill_from, serving.through + 1);
        self.outbox.release();
        self.events.push_back(Event::ResendServed {
            begin: serving.begin,
            through: serving.through,
            replayed: serving.replayed,
        });
        self.ask_again_after_serving(now);
    }

    fn send_again(
        &mut self,
        now: Now,
        serving: &mut Serving,
        sequence: SequenceNumber,
        frame: Bytes,
    ) -> Result<(), Refused> {
        if !(serving.next..=serving.through).contains(&sequence) {
            let (next, through) = (serving.next, serving.through);
            let fault = format!("it is out of order, or was not asked for: {next} to {through} was");
            return Err(Refused::Unusable(fault));
        }
        let original = Original::read(&frame, sequence).map_err(Refused::Unusable)?;
        let nanos = now
            .utc
            .unix_nanos()
            .saturating_sub(original.sending_time.unix_nanos());
        let age = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
        let first = serving.next == serving.begin && serving.replayed == 0;
        if first && self.settings.resend_window.is_some_and(|window| age > window) {
            return Err(Refused::TooOld(age));
        }
        serving.next = sequence + 1;
        let verdict = self.settings.resend.verdict(&ResendCandidate {
            msg_type: original.msg_type,
            msg_seq_num: sequence,
            sending_time: original.sending_time,
            age,
            this_connection: sequence >= self.began,
            frame: &frame,
        });
        match verdict {
            ResendVerdict::Replay => {
                self.fill(now, serving.fill_from, sequence);
                let sending_time = self.sending_time(now);
                self.outbox
                    .push_replay(sending_time, &original)
                    .map_err(|error| Refused::Unusable(error.to_string()))?;
                self.keep_alive(now);
                serving.fill_from = sequence + 1;
                serving.replayed += 1;
            }
            ResendVerdict::HoldBack => self.events.push_back(Event::HeldBack(HeldBack {
                msg_seq_num: sequence,
                frame,
            })),
        }
        Ok(())
    }

    /// One gap fill from `begin` up to, not including, `new`; none over nothing.
    fn fill(&mut self, now: Now, begin: SequenceNumber, new: SequenceNumber) {
        if begin >= new {
            return;
        }
        let sending_time = self.sending_time(now);
        let said = self.outbox.push_gap_fill(sending_time, begin, new);
        debug_assert!(said.is_ok(), "{said:?}");
        self.keep_alive(now);
    }

    /// The range begins with a message that is older than what is sent again, or than what the store has.
    fn refuse_resend(&mut self, now: Now, serving: &Serving, why: &str) {
        self.outbox.release();
        let text = format!("BeginSeqNo (7) is {}, {why}", serving.begin);
        let fault = fault(7, RejectReason::ValueIncorrect, text);
        self.send_reject(now, serving.request, b"2", &fault);
        self.ask_again_after_serving(now);
    }

    /// The session ends: what was not sent again yet is not any more.
    pub(super) fn stop_serving(&mut self) {
        self.serving = None;
        self.outbox.drop_held();
    }
}

/// Why a journalled message is not sent again, nor anything after it.
enum Refused {
    TooOld(Duration),
    Unusable(String),
}
