//! What sees a session's frames as they come and go.

use std::sync::Arc;

use fix_dialect::SOH;

use super::redact::Loose;
use super::{Instruments, Labels, MessageLog};
use crate::driver::Clock;
use crate::session::WireTap;

/// Counts frames, and writes them into a log.
pub(crate) struct Tap {
    pub(crate) instruments: Instruments,
    pub(crate) log: Option<MessageLog>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) labels: Labels,
    loose: Loose,
}

impl Tap {
    /// `None` where nobody looks.
    pub(crate) fn new(
        instruments: Instruments,
        log: Option<MessageLog>,
        clock: Arc<dyn Clock>,
        labels: Labels,
    ) -> Option<Tap> {
        (Instruments::ENABLED || log.is_some()).then(|| Tap {
            instruments,
            log,
            clock,
            labels,
            loose: Loose::default(),
        })
    }
}

impl WireTap for Tap {
    fn received(&mut self, frame: &[u8]) {
        self.loose.whole();
        self.instruments.received(msg_type(frame), frame.len());
        if let Some(log) = &self.log {
            log.frame(self.clock.utc(), &self.labels, "in", frame);
        }
    }

    fn garbled(&mut self, bytes: &[u8]) {
        self.instruments.garbled(bytes.len());
        if let Some(log) = &self.log {
            log.garbled(self.clock.utc(), &self.labels, bytes, &mut self.loose);
        }
    }

    fn sent(&mut self, frame: &[u8]) {
        self.instruments.sent(msg_type(frame), frame.len());
        if let Some(log) = &self.log {
            log.frame(self.clock.utc(), &self.labels, "out", frame);
        }
    }
}

/// MsgType (35), which is the third field of every frame.
fn msg_type(frame: &[u8]) -> &[u8] {
    let third = frame.split(|byte| *byte == SOH).nth(2).unwrap_or_default();
    third.strip_prefix(b"35=").unwrap_or_default()
}
