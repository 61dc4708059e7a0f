//! A recovery over a drop copy session.

use std::time::Duration;

use fix_dialect::ClientSends;
use tokio::time::{Instant, timeout_at};

use super::machine::{Answer, Outcome, Recovery, RecoverySettings, Step};
use crate::client::{Client, Event, KalshiProduct, KalshiSession, OpenError, Session};
use crate::driver::instant;
use crate::driver::{Clock, SessionEnd};
use crate::session::SendError;
use crate::tracker::{AsIncoming, ExecId, Incoming, Source, Tracker, TrackerEvent};
use crate::units::PriceUnit;
use crate::{margin, prediction};

/// A drop copy session of one of the products. Sealed.
pub trait DropCopy: KalshiSession + sealed::Sealed {
    /// EventResendRequest (U1) of the product.
    type Request: ClientSends<Self>;

    /// Asks for the reports from one ExecID (17) to another, or to the latest.
    fn request(begin: ExecId, end: Option<ExecId>) -> Self::Request
    where
        Self: Sized;

    #[doc(hidden)]
    fn read<'m>(event: &'m Event<'_, Self>, unit: PriceUnit) -> Read<'m>
    where
        Self: Sized;
}

/// What an event of a drop copy session is to a recovery.
#[doc(hidden)]
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it lives as long as one event")]
pub enum Read<'m> {
    Report(Incoming<'m>),
    Answer(Answer),
    Unreadable,
    Nothing,
}

/// Why a recovery could not be carried through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// There is no drop copy session.
    #[error("drop copy cannot be opened: {0}")]
    Open(#[from] Box<OpenError>),
    /// A request could not be sent.
    #[error("drop copy cannot be asked: {0}")]
    Send(#[from] SendError),
    /// The session ended. What had come until then is in the tracker.
    #[error("drop copy ended: {0}")]
    Ended(Box<SessionEnd>),
}

/// Fetches everything that the tracker missed, over a drop copy session that is logged on, and returns what came of it.
/// Prices are in the unit that this session's own logon asked for. Bounded in time by the settings.
///
/// Dropping the future before it is ready loses nothing: what had come is in the tracker, and a new recovery fetches what is
/// still missing.
///
/// A session that [reconnects](crate::client::ClientBuilder::reconnect) may be lost and come back meanwhile.
pub async fn recover<S: DropCopy>(
    session: &mut Session<S>,
    tracker: &mut Tracker,
    settings: RecoverySettings,
    clock: &dyn Clock,
    events: &mut Vec<TrackerEvent>,
) -> Result<Outcome, RecoverError> {
    let recovery = Recovery::new(tracker, settings);
    run(session, recovery, tracker, clock, events).await
}

/// As [`recover`], over a session that is opened for it and logged out afterwards. The client's key must be one that no other
/// session uses.
///
/// Dropping the future loses as little, and ends the session without a logout.
pub async fn recover_with<D>(
    client: &Client<D>,
    tracker: &mut Tracker,
    settings: RecoverySettings,
    clock: &dyn Clock,
    events: &mut Vec<TrackerEvent>,
) -> Result<Outcome, RecoverError>
where
    D: KalshiProduct,
    D::DropCopy: DropCopy,
{
    let recovery = Recovery::new(tracker, settings);
    let mut session = client.drop_copy().await.map_err(Box::new)?;
    let outcome = run(&mut session, recovery, tracker, clock, events).await;
    // How the session ended does not matter any more.
    let _closed = session.close().await;
    outcome
}

impl Recovery {
    /// As [`recover`], of this recovery: for ranges of one's own. Dropping the future forgets which of them were fetched;
    /// what had come is in the tracker.
    pub async fn run<S: DropCopy>(
        self,
        session: &mut Session<S>,
        tracker: &mut Tracker,
        clock: &dyn Clock,
        events: &mut Vec<TrackerEvent>,
    ) -> Result<Outcome, RecoverError> {
        run(session, self, tracker, clock, events).await
    }
}

async fn run<S: DropCopy>(
    session: &mut Session<S>,
    recovery: Recovery,
    tracker: &mut Tracker,
    clock: &dyn Clock,
    events: &mut Vec<TrackerEvent>,
) -> Result<Outcome, RecoverError> {
    let mut running = Running::new(recovery);
    let mut sink = Sink {
        tracker,
        clock,
        events,
    };
    loop {
        if let Some(outcome) = running.step(session, &mut sink).await? {
            return Ok(outcome);
        }
    }
}

/// A recovery under way.
#[derive(Debug)]
pub(super) struct Running {
    recovery: Recovery,
    origin: Instant,
    is_up: bool,
}

/// Where reports go.
pub(super) struct Sink<'t> {
    pub(super) tracker: &'t mut Tracker,
    pub(super) clock: &'t dyn Clock,
    pub(super) events: &'t mut Vec<TrackerEvent>,
}

impl Running {
    pub(super) fn new(recovery: Recovery) -> Running {
        Running {
            recovery,
            origin: Instant::now(),
            is_up: true,
        }
    }

    /// Goes on by one message; what came of it, when that was the last. Dropping the future loses nothing.
    pub(super) async fn step<S: DropCopy>(
        &mut self,
        session: &mut Session<S>,
        sink: &mut Sink<'_>,
    ) -> Result<Option<Outcome>, RecoverError> {
        let deadline = match self.recovery.poll(self.origin.elapsed()) {
            Step::Finished => return Ok(Some(self.recovery.outcome(sink.tracker))),
            Step::Send(range) if self.is_up => {
                let number = session.send(&S::request(range.begin, range.end)).await?;
                self.recovery.sent(self.origin.elapsed(), number);
                return Ok(None);
            }
            // The supervisor's policy bounds this: the session comes back, or it ends.
            Step::Send(_) => None,
            Step::Wait(until) => Some(instant(self.origin, until)),
        };
        // Each session's reports are in the unit that its own logon asked for.
        let unit = session.price_units().orders();
        let received = match deadline {
            Some(deadline) => match timeout_at(deadline, session.recv()).await {
                Ok(received) => received,
                Err(_elapsed) => return Ok(None),
            },
            None => session.recv().await,
        };
        let Some(event) = received else {
            unreachable!("the end of a session is delivered, and nobody asks after it");
        };
        let now: Duration = self.origin.elapsed();
        match S::read(&event, unit) {
            Read::Report(incoming) => {
                let Incoming::Report(report) = &incoming else {
                    return Ok(None);
                };
                match report.exec_id {
                    Some(exec_id) => self.recovery.received(now, exec_id),
                    None => self.recovery.unreadable(now),
                }
                sink.tracker
                    .receive(sink.clock.utc(), Source::DropCopy, &incoming, sink.events);
            }
            Read::Answer(answer) => self.recovery.answered(now, answer, sink.tracker, sink.events),
            Read::Unreadable => self.recovery.unreadable(now),
            Read::Nothing => match event {
                Event::Disconnected(_) => {
                    self.is_up = false;
                    self.recovery.disconnected(now);
                }
                Event::Reconnected(_) => self.is_up = true,
                Event::Ended(end) => return Err(RecoverError::Ended(Box::new(end))),
                _ => {}
            },
        }
        Ok(None)
    }
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! drop_copy {
    ($dialect:ident) => {
        impl sealed::Sealed for $dialect::sessions::DC {}

        impl DropCopy for $dialect::sessions::DC {
            type Request = $dialect::EventResendRequest<'static>;

            fn request(begin: ExecId, end: Option<ExecId>) -> Self::Request {
                $dialect::EventResendRequest {
                    end_exec_id: end.map(|end| end.to_string().into()),
                    ..$dialect::EventResendRequest::new(begin.to_string())
                }
            }

            fn read<'m>(event: &'m Event<'_, Self>, unit: PriceUnit) -> Read<'m> {
                use $dialect::Message;
                let received = match event {
                    Event::Message(received) | Event::Invalid { received, .. } => received,
                    Event::Malformed { inbound, .. } if inbound.msg_type() == b"8" => {
                        return Read::Unreadable;
                    }
                    Event::Rejected(rejected) => {
                        let ref_seq_num = rejected.reject.ref_seq_num;
                        return Read::Answer(Answer::Refused { ref_seq_num });
                    }
                    _ => return Read::Nothing,
                };
                match received.message() {
                    Some(Message::ExecutionReport(report)) => match report.as_incoming(unit) {
                        Ok(Some(incoming)) => Read::Report(incoming),
                        _ => Read::Unreadable,
                    },
                    Some(Message::EventResendComplete(complete)) => Read::Answer(Answer::Complete {
                        ref_seq_num: complete.ref_seq_num,
                        count: complete.resend_event_count,
                    }),
                    Some(Message::EventResendReject(reject)) => Read::Answer(Answer::Rejected {
                        ref_seq_num: reject.ref_seq_num,
                        reason: reject.event_resend_reject_reason.as_wire(),
                    }),
                    Some(Message::BusinessMessageReject(reject)) => Read::Answer(Answer::Refused {
                        ref_seq_num: reject.ref_seq_num,
                    }),
                    None if received.header().msg_type == b"8" => Read::Unreadable,
                    _ => Read::Nothing,
                }
            }
        }
    };
}

drop_copy!(prediction);
drop_copy!(margin);
