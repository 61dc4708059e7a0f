//! What holds after every step, and what comes out of the session meanwhile.

use kalshi_fix::session::{EarlyMessages, Event, GapPolicy, Journal, SessionState, StoreOperation};

use super::{Driver, OWN_FRAME, SECRET};
use crate::fixtures::readable;

impl Driver {
    /// What holds after every step.
    pub(super) fn after(&mut self) {
        self.held = self.held.saturating_sub(1);
        if self.held == 0 {
            while self.drain() && !self.received.is_empty() {
                self.read();
            }
        }
        let state = self.session.state();
        let deadline = self.session.next_deadline();
        let silent = matches!(state, SessionState::Idle | SessionState::Ended);
        if silent {
            assert_eq!(deadline, None, "{state:?}");
        } else if state != SessionState::Established {
            assert!(deadline.is_some(), "{state:?} can last for ever");
        }
        self.check_bounds();
        self.outgoing.held_from = if self.session.is_resending() {
            let next = self.session.sequences().next_outgoing;
            self.outgoing.held_from.min(next)
        } else {
            u64::MAX
        };
        if self.discreet {
            let shown = format!("{:?}", self.session);
            assert!(!shown.contains(SECRET), "{shown}");
        }
    }

    /// Whatever the peer and the application do, what waits has its bounds.
    fn check_bounds(&self) {
        let (queued, settings) = (self.session.queued(), &self.settings);
        assert!(
            queued.events <= self.events_allowed,
            "{queued:?}, {} events allowed",
            self.events_allowed
        );
        let bytes =
            2 * (settings.max_pending_transmit + settings.resend_page) + 3 * OWN_FRAME + 4 * self.longest;
        assert!(
            queued.transmit_bytes <= bytes,
            "{queued:?}, {bytes} bytes allowed"
        );
        // A frame is longer than this, and has one operation at most.
        let operations = queued.transmit_bytes / 50 + 8;
        assert!(
            queued.store_operations <= operations,
            "{queued:?}, {operations} operations allowed"
        );
        let (messages, bytes) = match settings.gap_policy {
            GapPolicy::Resend(recovery) => match recovery.early {
                EarlyMessages::Keep {
                    max_messages,
                    max_bytes,
                } => (max_messages + 1, max_bytes),
                _ => (0, 0),
            },
            _ => (0, 0),
        };
        assert!(
            queued.early_messages <= messages && queued.early_bytes <= bytes,
            "{queued:?}, {messages} early messages and {bytes} bytes allowed"
        );
        assert!(queued.test_requests <= 8, "{queued:?}");
    }

    /// Drains everything; says whether there was something that makes room.
    pub(super) fn drain(&mut self) -> bool {
        while let Some(operation) = self.session.poll_store() {
            self.store(&operation);
        }
        let (mut events, mut bytes) = (0, 0);
        if !self.session.is_resending() {
            self.outgoing.held_from = u64::MAX;
        }
        while let Some(transmit) = self.session.poll_transmit() {
            bytes += transmit.bytes.len();
            self.outgoing.transmit(&transmit);
        }
        while let Some(event) = self.session.poll_event() {
            events += 1;
            self.event(&event);
        }
        assert!(
            events <= self.events_allowed,
            "{events} events, allowed {}",
            self.events_allowed
        );
        assert!(
            bytes <= self.bytes_allowed,
            "{bytes} bytes, allowed {}",
            self.bytes_allowed
        );
        if self.outgoing.waiting() == 0 {
            self.drained();
        }
        events + bytes > 0
    }

    /// Every queue is empty: this much can come together before the session stops to read.
    pub(super) fn drained(&mut self) {
        // The last frame that is read can lead to several events, and to answers that quote it.
        self.events_allowed = self.settings.max_events + 4;
        let settings = &self.settings;
        self.bytes_allowed = 2 * (settings.max_pending_transmit + settings.resend_page)
            + 4 * OWN_FRAME
            + 32 * settings.max_frame;
    }

    fn store(&mut self, operation: &StoreOperation) {
        assert_ne!(self.settings.journal, Journal::None, "{operation:?}");
        assert!(self.admitted, "before the logon was accepted: {operation:?}");
        self.storing.push_back(operation.clone());
        self.outgoing.store(operation);
    }

    fn event(&mut self, event: &Event) {
        assert!(!self.ended, "after the last event: {event:?}");
        let mut shown = format!("{event:?}");
        match event {
            Event::ResendRequested { begin, end } => {
                self.interrupted = true;
                self.requested.push((*begin, *end));
            }
            Event::ResendServed { through, .. } => {
                // Requests that overlap are served together.
                let asked = |(_, last): &(u64, u64)| *last == 0 || through <= last;
                assert!(
                    self.requested.iter().any(asked),
                    "{event:?} of {:?}",
                    self.requested
                );
            }
            Event::SequenceReset { gap_fill: false, .. } => {
                assert!(self.plain_reset, "{event:?}, and the peer only filled gaps");
            }
            Event::SignLogon(request) => self.signature = Some(request.ticket),
            Event::Ended(reason) => {
                self.ended = true;
                assert!(self.session.state().is_ended());
                shown += &reason.to_string();
            }
            Event::Application(inbound) => {
                let frame = &inbound.frame;
                let stated = [b"\x0135=", inbound.msg_type(), b"\x01"].concat();
                assert!(
                    frame.windows(stated.len()).any(|at| at == stated),
                    "{}",
                    readable(frame)
                );
            }
            _ => {}
        }
        assert!(!self.discreet || !shown.contains(SECRET), "{shown}");
    }
}
