//! Waiting for the answer to a request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

use super::correlator::Settlement;
use super::front::{Ticket, Told};
use super::outcome::{Doubt, Response, Submitted};
use crate::driver::Handle;
use crate::session::{Inbound, SequenceNumber};

/// A request that was sent and waits for its answer: a future of [`Submitted`].
///
/// It can be polled by reference, as in `tokio::select!`. Dropping it neither takes the request back nor keeps its place: an
/// answer that comes later goes to the session's receiver, as every answer does.
#[must_use = "the request is sent, and what it comes to is told here"]
pub struct Pending<A> {
    sequence: SequenceNumber,
    handle: Handle,
    ticket: Ticket,
    told: oneshot::Receiver<Told>,
    timeout: Pin<Box<Sleep>>,
    waited: Duration,
    read: Box<dyn FnMut(Inbound, Vec<Inbound>) -> A + Send>,
}

impl<A> Pending<A> {
    pub(super) fn new(
        sequence: SequenceNumber,
        handle: Handle,
        ticket: Ticket,
        told: oneshot::Receiver<Told>,
        timeout: Duration,
        read: impl FnMut(Inbound, Vec<Inbound>) -> A + Send + 'static,
    ) -> Pending<A> {
        Pending {
            sequence,
            handle,
            ticket,
            told,
            timeout: Box::pin(sleep(timeout)),
            waited: timeout,
            read: Box::new(read),
        }
    }

    /// The request's `MsgSeqNum (34)`.
    #[must_use]
    pub const fn sequence(&self) -> SequenceNumber {
        self.sequence
    }

    /// Waits for so long from now on, rather than for the client's
    /// [`request_timeout`](crate::client::ClientBuilder::request_timeout) from the sending on.
    pub fn within(mut self, timeout: Duration) -> Pending<A> {
        self.timeout = Box::pin(sleep(timeout));
        self.waited = timeout;
        self
    }

    fn response(&mut self, told: Told) -> Response<A> {
        let reason = match told {
            Told::Settled(Settlement::Acknowledged { inbound, replayed }) => {
                return Response::Acknowledged((self.read)(inbound, replayed));
            }
            Told::Settled(Settlement::Rejected(rejection)) => return Response::Rejected(rejection),
            Told::Settled(Settlement::Unavailable(inbound)) => Doubt::ExchangeUnavailable { inbound },
            Told::Settled(Settlement::Unclear(inbound)) => Doubt::Unclear { inbound },
            Told::Settled(Settlement::Ambiguous(inbound)) => Doubt::Ambiguous { inbound },
            Told::Settled(Settlement::TooManyReports { limit }) => Doubt::TooManyReports { limit },
            Told::Settled(Settlement::HeldBack) => Doubt::HeldBack,
            Told::Gone(end) => Doubt::Disconnected { end },
        };
        Response::InDoubt { reason }
    }
}

impl<A> Future for Pending<A> {
    type Output = Submitted<A>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Submitted<A>> {
        let this = &mut *self;
        let told = match Pin::new(&mut this.told).poll(cx) {
            Poll::Ready(told) => told.ok(),
            Poll::Pending => {
                std::task::ready!(this.timeout.as_mut().poll(cx));
                this.ticket.give_up();
                // An answer that came at this very moment counts.
                let Ok(told) = this.told.try_recv() else {
                    let reason = Doubt::TimedOut {
                        waited: this.waited,
                        unread: this.handle.unread(),
                    };
                    return Poll::Ready(Submitted::new(this.sequence, Response::InDoubt { reason }));
                };
                Some(told)
            }
        };
        // Without a word the session is gone, and all that it knew.
        let response = this.response(told.unwrap_or(Told::Gone(None)));
        Poll::Ready(Submitted::new(this.sequence, response))
    }
}

impl<A> fmt::Debug for Pending<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("sequence", &self.sequence)
            .field("waited", &self.waited)
            .finish_non_exhaustive()
    }
}
