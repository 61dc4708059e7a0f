//! The application of a session without retransmission, and the witness's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kalshi_fix::client::{Event, Sender};
use kalshi_fix::driver::Missed;
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::reconnect::FailureClass;
use kalshi_fix::session::{self, SendError};
use tokio::time::timeout;

use super::ledger::{Extent, Fault, Ledger};
use super::report::Report;
use super::scene::{LAST_WORD, PREFIX, order};

/// Sends orders and takes events; its ledger complains about what must not be.
#[derive(Debug)]
pub struct Desk {
    sender: Sender<NR>,
    ledger: Shared,
    connected: bool,
    closing: bool,
    ended: bool,
    sends: u64,
}

/// A ledger that the desk and the witness write in.
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<Mutex<Ledger>>);

impl Shared {
    /// The ledger.
    pub fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// The desk of a session that is logged on.
    #[must_use]
    pub const fn new(sender: Sender<NR>, ledger: Shared) -> Desk {
        Desk {
            sender,
            ledger,
            connected: true,
            closing: false,
            ended: false,
            sends: 0,
        }
    }

    /// What the desk writes in.
    #[must_use]
    pub fn ledger(&self) -> Shared {
        self.ledger.clone()
    }

    /// Whether the session is logged on, as far as the application knows.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.connected
    }

    /// Whether the session is over.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        self.ended
    }

    /// Sends an order, and now and then a test request. Whether the session took it: one that has just lost its connection
    /// refuses.
    pub async fn send(&mut self) -> Result<bool, Fault> {
        self.send_within(Duration::MAX).await
    }

    /// As [`send`](Desk::send), and gives up when there is no room for the order in time.
    pub async fn send_within(&mut self, time: Duration) -> Result<bool, Fault> {
        let id = self.ledger.lock().offer();
        let cl_ord_id = format!("{PREFIX}{id}");
        let order = order(id, &cl_ord_id);
        match timeout(time, self.sender.send(&order)).await {
            Ok(Ok(number)) => self.ledger.lock().sent(id, number),
            Ok(Err(SendError::NotEstablished(_) | SendError::Reconnecting)) | Err(_) => {
                self.ledger.lock().refused(id)?;
                return Ok(false);
            }
            Ok(Err(other)) => return Err(format!("order {id} was refused: {other}")),
        }
        self.sends += 1;
        if self.sends.is_multiple_of(TEST_REQUEST_EVERY) {
            // A session without a connection refuses this too.
            let _ = self.sender.test_request();
        }
        Ok(true)
    }

    /// Logs out.
    pub fn close(&mut self) {
        self.closing = true;
        self.sender.logout();
    }

    /// Takes what the session delivers.
    pub fn take(&mut self, event: Option<Event<'_, NR>>) -> Result<(), Fault> {
        match event {
            Some(Event::Message(received)) => {
                let inbound = received.inbound();
                let report = Report::read(&inbound.frame, PREFIX);
                match report {
                    Some(report) if received.message().is_some() && !inbound.poss_dup => {
                        self.ledger.lock().told(report)
                    }
                    _ => Err(format!("nobody expects this: {}", received.raw())),
                }
            }
            Some(Event::Disconnected(lost)) => {
                self.connected = false;
                match lost.class {
                    FailureClass::Network | FailureClass::PeerLogout => {
                        self.ledger.lock().disconnected(&Extent::from(&lost.end))
                    }
                    class => Err(format!("a session was lost as {class:?}: {}", lost.end)),
                }
            }
            Some(Event::AttemptFailed(failed)) => match failed.class {
                FailureClass::Network | FailureClass::KeyInUse => Ok(()),
                class => Err(format!("an attempt failed as {class:?}: {}", failed.end)),
            },
            Some(Event::Reconnected(reconnected)) => {
                self.connected = true;
                match reconnected.missed {
                    Missed::Unknown { .. } => Ok(()),
                    missed => Err(format!("a session that starts anew says it missed {missed:?}")),
                }
            }
            Some(Event::Ended(end)) if self.closing => {
                self.ended = true;
                self.ledger.lock().disconnected(&Extent::from(&end))
            }
            Some(Event::Session(
                session::Event::PeerSilent
                // What was held back on the way looks like a clock that is behind.
                | session::Event::ClockSkew { .. }
                | session::Event::TestRequestAnswered { .. }
                | session::Event::LogoutReceived { .. },
            )) => Ok(()),
            other => Err(format!("nobody expects this: {other:?}")),
        }
    }
}

/// Takes what the witness hears. `true` at the [last word](LAST_WORD).
pub fn witness(ledger: &Shared, event: Option<Event<'_, NR>>) -> Result<bool, Fault> {
    match event {
        Some(Event::Message(received)) => {
            let frame = &received.inbound().frame;
            if let Some(report) = Report::read(frame, PREFIX) {
                ledger.lock().truth(report)?;
                return Ok(false);
            }
            Ok(received.raw().field(11) == Some(LAST_WORD.as_bytes()))
        }
        Some(Event::Session(_)) => Ok(false),
        other => Err(format!("the witness is lost: {other:?}")),
    }
}

const TEST_REQUEST_EVERY: u64 = 13;
