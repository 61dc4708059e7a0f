//! A gap in what the peer sent: asking for it, waiting for it, and what came early.
//!
//! ```text
//!            a number above the expected one
//!   whole ─────────────────────────────────────► asked ──┐ progress: the watchdog starts anew
//!     ▲                                          │  ▲ ◄──┘
//!     │  every number up to the highest has come │  │ the range has come and a gap remains;
//!     └──────────────────────────────────────────┤  │ the watchdog, while attempts are left
//!                                                │  └──┐
//!                                                └─────┘
//! ```
//!
//! One range is asked for at a time. All of it belongs to one connection: the next one finds its own gaps.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use fix_dialect::{BodyWriter, EncodeBody, Header, parse_unsigned};

use super::admin::{Kind, find, text};
use super::outbox::Record;
use super::timer::Timer;
use super::{
    EarlyMessages, EndReason, Event, GapPolicy, Now, Recovery, SequenceNumber, Session, SessionState,
};

/// What is known of a gap in the peer's numbers.
#[derive(Default)]
pub(super) struct Gap {
    /// What came early, by number.
    held: BTreeMap<SequenceNumber, Held>,
    held_bytes: usize,
    /// The highest number that came early.
    highest: SequenceNumber,
    asked: Option<Asked>,
}

/// A range that the peer is to send again.
#[derive(Clone, Copy)]
struct Asked {
    /// The last number; 0 is "to the latest".
    end: SequenceNumber,
    /// Up to where, not including, the range had come at the last progress.
    reached: SequenceNumber,
    /// How often it was asked for since then.
    attempt: u32,
    /// The number of our last ResendRequest (2); `None` while the peer is to send unasked.
    request: Option<SequenceNumber>,
    /// Whether the peer has asked for a resend of its own in the meantime (case 20).
    crossed: Crossed,
}

/// The peer's own ResendRequest (2) on top of ours may mean that it has not seen ours. It is asked once more, and
/// not each time: two sides that do so would never end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Crossed {
    No,
    Served,
    AskedAgain,
}

enum Held {
    Frame(Bytes),
    /// Dealt with when it came.
    Done,
}

impl Session {
    /// The rules for gaps, where the session recovers from them.
    pub(super) const fn recovery(&self) -> Option<Recovery> {
        match self.settings.gap_policy {
            GapPolicy::Resend(recovery) => Some(recovery),
            GapPolicy::Logout => None,
        }
    }

    /// A message above the expected number, whose time and names were checked.
    pub(super) fn early(
        &mut self,
        now: Now,
        recovery: Recovery,
        kind: Kind,
        frame: &Bytes,
        header: &Header<'_>,
    ) {
        let sequence = header.msg_seq_num;
        if self.gap.held.contains_key(&sequence) {
            return;
        }
        let done = match kind {
            Kind::ResendRequest => {
                // Theirs comes first, even within our own gap: two sides that wait for each other would wait
                // for ever (case 20).
                if let Err(fault) = self.resend_request(now, frame, sequence) {
                    self.send_reject(now, sequence, header.msg_type, &fault);
                }
                if let Some(asked) = &mut self.gap.asked
                    && asked.crossed == Crossed::No
                {
                    asked.crossed = Crossed::Served;
                    self.ask_again_after_serving(now);
                }
                true
            }
            Kind::TestRequest => self.answer_test_request(now, frame).is_ok(),
            Kind::Heartbeat => {
                self.heartbeat(now, frame);
                true
            }
            Kind::Reject if self.refuses_our_request(frame) => {
                let (begin, text) = (self.sequences.next_incoming, text(frame, 58));
                self.fail(now, EndReason::ResendRefused { begin, text });
                return;
            }
            _ => false,
        };
        self.gap.highest = self.gap.highest.max(sequence);
        if let EarlyMessages::Keep {
            max_messages,
            max_bytes,
        } = recovery.early
            && self.gap.held.len() < max_messages
            && (done || self.gap.held_bytes + frame.len() <= max_bytes)
        {
            let held = if done {
                Held::Done
            } else {
                // A copy: the frame shares a receive buffer that is many times larger.
                self.gap.held_bytes += frame.len();
                Held::Frame(Bytes::copy_from_slice(frame))
            };
            self.gap.held.insert(sequence, held);
        }
    }

    /// A number above the expected one was used by something that need not come again: a Logon (A).
    pub(super) fn early_done(&mut self, sequence: SequenceNumber) {
        self.gap.highest = self.gap.highest.max(sequence);
        if matches!(
            self.recovery(),
            Some(Recovery {
                early: EarlyMessages::Keep { .. },
                ..
            })
        ) {
            self.gap.held.insert(sequence, Held::Done);
        }
    }

    /// A number above the expected one was seen on something that cannot be used.
    pub(super) fn early_lost(&mut self, sequence: SequenceNumber) {
        self.gap.highest = self.gap.highest.max(sequence);
    }

    /// How many messages came early and are kept, and their bytes.
    pub(super) fn early_held(&self) -> (usize, usize) {
        (self.gap.held.len(), self.gap.held_bytes)
    }

    /// The next message, if it came early and waits.
    pub(super) fn next_held(&mut self) -> Option<Bytes> {
        let expected = self.sequences.next_incoming;
        let entry = self.gap.held.first_entry()?;
        if *entry.key() != expected || matches!(entry.get(), Held::Done) {
            return None;
        }
        let Held::Frame(frame) = entry.remove() else {
            return None;
        };
        self.gap.held_bytes -= frame.len();
        Some(frame)
    }

    /// Passes over what was dealt with when it came, and drops what a gap fill or a reset has voided.
    fn skip_held(&mut self) {
        while let Some(entry) = self.gap.held.first_entry() {
            let sequence = *entry.key();
            let waits = matches!(entry.get(), Held::Frame(_));
            if sequence > self.sequences.next_incoming || waits && sequence == self.sequences.next_incoming {
                return;
            }
            if let Held::Frame(frame) = entry.remove() {
                self.gap.held_bytes -= frame.len();
            }
            self.consume(sequence);
        }
    }

    /// Sees to a gap after the numbers may have changed: it is closed, has become smaller, or is new.
    pub(super) fn settle_gap(&mut self, now: Now) {
        let Some(recovery) = self.recovery() else { return };
        self.skip_held();
        let expected = self.sequences.next_incoming;
        if self.gap.highest < expected {
            if self.gap.asked.take().is_some() {
                self.timers.stop(Timer::Resend);
                self.events.push_back(Event::GapClosed { next: expected });
            }
            return;
        }
        // On the way out nothing more is asked for: the next logon finds the gap again.
        if self.state != SessionState::Established || self.gap.held.contains_key(&expected) {
            return;
        }
        match &mut self.gap.asked {
            None => self.ask(now, recovery, 1, Crossed::No),
            Some(asked) if asked.end != 0 && expected > asked.end => self.ask(now, recovery, 1, Crossed::No),
            Some(asked) if expected > asked.reached => {
                asked.reached = expected;
                asked.attempt = 0;
                asked.crossed = Crossed::No;
                self.timers.start(Timer::Resend, now, recovery.timeout);
            }
            // Messages above the gap are no progress.
            Some(_) => {}
        }
    }

    /// The peer knows from our NextExpectedMsgSeqNum (789) what it has to send again.
    pub(super) fn expect_unasked_resend(&mut self, now: Now) {
        let Some(recovery) = self.recovery() else { return };
        let expected = self.sequences.next_incoming;
        if self.gap.highest < expected {
            return;
        }
        let end = self.wanted_end(recovery);
        self.gap.asked = Some(Asked {
            end,
            reached: expected,
            attempt: 0,
            request: None,
            crossed: Crossed::No,
        });
        self.timers.start(Timer::Resend, now, recovery.timeout);
        self.events.push_back(Event::ResendAsked {
            begin: expected,
            end,
            attempt: 0,
        });
    }

    /// The watchdog: nothing of what was asked for has come.
    pub(super) fn resend_overdue(&mut self, now: Now) {
        let (Some(recovery), Some(asked)) = (self.recovery(), self.gap.asked) else {
            return;
        };
        if asked.attempt < recovery.attempts {
            self.ask(now, recovery, asked.attempt + 1, asked.crossed);
            return;
        }
        let begin = self.sequences.next_incoming;
        let attempts = asked.attempt;
        self.fail(now, EndReason::ResendUnanswered { begin, attempts });
    }

    /// Case 20: after theirs was served, ours again if the gap remains.
    pub(super) fn ask_again_after_serving(&mut self, now: Now) {
        // What has come and waits for room need not come again, and below it nothing is missing.
        let waits = self.gap.held.contains_key(&self.sequences.next_incoming);
        if self.serving.is_some() || waits || self.state != SessionState::Established {
            return;
        }
        if let (Some(recovery), Some(asked)) = (self.recovery(), self.gap.asked)
            && asked.crossed == Crossed::Served
        {
            self.ask(now, recovery, asked.attempt.max(1), Crossed::AskedAgain);
        }
    }

    fn ask(&mut self, now: Now, recovery: Recovery, attempt: u32, crossed: Crossed) {
        let begin = self.sequences.next_incoming;
        let end = self.wanted_end(recovery);
        let said = self.transmit(now, &ResendRequest { begin, end }, Record::Number);
        debug_assert!(said.is_ok(), "{said:?}");
        self.gap.asked = Some(Asked {
            end,
            reached: begin,
            attempt,
            request: said.ok(),
            crossed,
        });
        self.timers.start(Timer::Resend, now, recovery.timeout);
        self.events.push_back(Event::ResendAsked { begin, end, attempt });
    }

    /// Up to where to ask: to what waits, and else to the highest number that was seen.
    fn wanted_end(&self, recovery: Recovery) -> SequenceNumber {
        match recovery.early {
            EarlyMessages::Drop => 0,
            EarlyMessages::Keep { .. } => {
                let first = self.gap.held.keys().next();
                first.map_or(self.gap.highest, |first| first - 1)
            }
        }
    }

    /// Whether a Reject (3) is about our ResendRequest (2).
    pub(super) fn refuses_our_request(&self, frame: &[u8]) -> bool {
        let request = self.gap.asked.and_then(|asked| asked.request);
        request.is_some() && find(frame, 45).and_then(parse_unsigned) == request
    }

    /// The watchdog's time, while we do not read ourselves.
    pub(super) fn put_off_watchdog(&mut self, now: Now) {
        let timeout = self
            .recovery()
            .map_or(Duration::ZERO, |recovery| recovery.timeout);
        self.timers.start(Timer::Resend, now, timeout);
    }

    pub(super) const fn has_gap(&self) -> bool {
        self.gap.asked.is_some()
    }
}

/// ResendRequest (2).
struct ResendRequest {
    begin: SequenceNumber,
    end: SequenceNumber,
}

impl EncodeBody for ResendRequest {
    fn msg_type(&self) -> &[u8] {
        b"2"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.unsigned(7, self.begin).unsigned(16, self.end);
    }
}
