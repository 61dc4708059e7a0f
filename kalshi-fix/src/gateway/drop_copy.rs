//! Drop copy: reports of the last three hours, sent again on request.
//!
//! A replay can be longer than what may wait for a client to read. It is sent as the client takes it, and the session goes on
//! meanwhile; a second request during that time is one too many.

use std::collections::VecDeque;
use std::sync::Arc;

use fix_dialect::{BodyWriter, EncodeBody};

use super::exchange::{ExecId, OrderReport, ReplayRefusal};
use super::options::Options;
use super::reply::ExecutionReport;
use super::request::{Refusal, Request};
use crate::driver::Handle;
use crate::session::SequenceNumber;

/// What an EventResendRequest (U1) asks for: both ends are included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) begin: ExecId,
    pub(super) end: Option<ExecId>,
}

impl Range {
    pub(super) fn read(request: &Request<'_>) -> Result<Range, Refusal> {
        let exec_id = |tag| {
            let id = ExecId::parse(&request.text(tag)?);
            id.ok_or_else(|| request.value_incorrect(tag, "not an ExecID (17) of this exchange"))
        };
        Ok(Range {
            begin: exec_id(21001)?,
            end: request.raw.field(21002).map(|_| exec_id(21002)).transpose()?,
        })
    }
}

/// EventResendReject (U3).
#[derive(Clone, Copy, Debug)]
pub(super) struct EventResendReject {
    pub(super) request: SequenceNumber,
    /// EventResendRejectReason (21004).
    pub(super) reason: u16,
}

impl EventResendReject {
    pub(super) fn refused(request: SequenceNumber, refusal: ReplayRefusal) -> EventResendReject {
        let reason = refusal.code();
        EventResendReject { request, reason }
    }
}

impl EncodeBody for EventResendReject {
    fn msg_type(&self) -> &[u8] {
        b"U3"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.unsigned(45, self.request).unsigned(21004, self.reason.into());
    }
}

/// EventResendComplete (U2).
struct EventResendComplete {
    request: SequenceNumber,
    count: u64,
}

impl EncodeBody for EventResendComplete {
    fn msg_type(&self) -> &[u8] {
        b"U2"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.unsigned(45, self.request).unsigned(21003, self.count);
    }
}

/// Reports that are being sent again.
#[derive(Debug)]
pub(super) struct Replay {
    request: SequenceNumber,
    reports: VecDeque<Arc<OrderReport>>,
    count: u64,
}

impl Replay {
    /// Sends these, for the request of this number.
    pub(super) fn new(request: SequenceNumber, reports: Vec<Arc<OrderReport>>) -> Replay {
        Replay {
            request,
            reports: reports.into(),
            count: 0,
        }
    }

    /// Sends some of what is left, when there is room for it; whether that was the last of it. Dropping the future loses and
    /// doubles nothing.
    pub(super) async fn go_on(&mut self, handle: &Handle, options: &Options) -> bool {
        for _ in 0..AT_ONCE {
            let Some(report) = self.reports.front() else {
                let complete = EventResendComplete {
                    request: self.request,
                    count: self.count,
                };
                // An error says that the session is over, and so is the replay.
                let _ = handle.send(&complete).await;
                return true;
            };
            let message = ExecutionReport { report, options };
            if message.is_wanted() {
                if handle.send(&message).await.is_err() {
                    return true;
                }
                self.count += 1;
            }
            self.reports.pop_front();
        }
        false
    }
}

/// EventResendRejectReason (21004): there is a replay under way.
pub(super) const TOO_MANY_REQUESTS: u16 = 1;
/// EventResendRejectReason (21004): a fault on demand.
pub(super) const SERVER_ERROR: u16 = 2;
/// How many reports are sent before the session looks for what the client has sent.
const AT_ONCE: usize = 64;
