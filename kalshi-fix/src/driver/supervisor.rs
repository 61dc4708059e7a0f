//! A session that outlives its connections.

use std::future::{Future, ready};
use std::pin::pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::Instrument as _;

use super::DriverSettings;
use super::builder::Random;
use super::end::{EndCause, SessionEnd};
use super::event::{AttemptFailed, Disconnected, Event, Gone};
use super::keeper::Keeper;
use super::shared::{Installed, Shared};
use super::task::{Outcome, Task};
use crate::credentials::Signer;
use crate::reconnect::{Decision, Reconnector, StopReason};
use crate::session::{EndReason, Journal, Logon, ResetRule, Role, Session, SessionSettings};
use crate::transport::ConnectError;

/// Makes connections, one after the other. Any function that returns a future of a stream does.
pub trait Dial: Send + 'static {
    /// What a connection is.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Connects. Dropping the future gives up; it has to bound itself in time.
    fn dial(&mut self) -> impl Future<Output = Result<Self::Stream, ConnectError>> + Send;
}

impl<F, O, S> Dial for F
where
    F: FnMut() -> O + Send + 'static,
    O: Future<Output = Result<S, ConnectError>> + Send,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = S;

    fn dial(&mut self) -> impl Future<Output = Result<S, ConnectError>> + Send {
        self()
    }
}

pub(super) struct Supervisor<D> {
    pub(super) dial: D,
    pub(super) shared: Arc<Shared>,
    pub(super) session: SessionSettings,
    pub(super) logon: Logon,
    pub(super) signer: Option<Arc<dyn Signer>>,
    pub(super) settings: DriverSettings,
    pub(super) keeper: Option<Keeper>,
    pub(super) reconnector: Reconnector,
    pub(super) random: Random,
}

impl<D: Dial> Supervisor<D> {
    pub(super) async fn run(mut self) {
        let end = self.supervise().await;
        tracing::debug!(%end, "no further attempt");
        self.keep();
        if let Some(keeper) = self.keeper.take() {
            // Whoever hears of the end may open the store again.
            keeper.let_go().await;
        }
        self.shared.finish(end);
    }

    /// One connection after the other, until there is to be no further one.
    async fn supervise(&mut self) -> SessionEnd {
        let shared = Arc::clone(&self.shared);
        let mut gone = None;
        let mut reset = false;
        loop {
            self.reconnector.attempting(shared.time.now());
            let mut outcome = self.attempt(gone, reset).await;
            if let Some(now) = outcome.established {
                self.reconnector.established(now);
                // A session that is kept was started anew once, and resumes from then on.
                if self.session.journal != Journal::None && self.session.reset == ResetRule::Optional {
                    self.logon.reset = false;
                }
            }
            gone = outcome.gone;
            let class = outcome.end.cause.class();
            let (now, random) = (shared.time.now(), (self.random)());
            let wait = match self.reconnector.failed(class, now, random) {
                // It says so itself.
                Decision::Stop(StopReason::Application) => return outcome.end,
                Decision::Stop(reason) => {
                    outcome.end.stopped = Some(reason);
                    return outcome.end;
                }
                Decision::Wait(_) if shared.is_closing() => {
                    outcome.end.stopped = Some(StopReason::Application);
                    return outcome.end;
                }
                Decision::Wait(wait) => wait,
            };
            reset = wait.reset;
            let end = outcome.end.clone();
            let failures = self.reconnector.failures();
            tracing::info!(%end, %class, failures, delay = ?wait.delay, reason = %wait.reason, "connecting again");
            shared.inbox.push(
                if outcome.established.is_some() {
                    Event::Disconnected(Disconnected { end, class, wait })
                } else {
                    Event::AttemptFailed(AttemptFailed {
                        end,
                        class,
                        wait,
                        failures,
                    })
                },
                shared.origin(),
            );
            let mut waited = pin!(async {
                sleep(wait.delay).await;
                shared.inbox.room().await;
            });
            loop {
                if shared.is_closing() {
                    outcome.end.stopped = Some(StopReason::Application);
                    return outcome.end;
                }
                // What the application works off meanwhile is kept at once.
                let due = self.keep();
                tokio::select! {
                    biased;
                    () = shared.wake.notified() => {}
                    () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
                    () = &mut waited => break,
                }
            }
        }
    }

    /// Keeps what the core of the connection before still wants kept: numbers, and what the application has worked off.
    /// Returns when the store wants to be called again.
    fn keep(&mut self) -> Option<Instant> {
        let keeper = self.keeper.as_mut()?;
        keeper.pump(&mut self.shared.session(), self.shared.time.now());
        keeper.due()
    }

    /// What the session that is kept goes on with. `Err`: the store has failed.
    async fn resume(&mut self) -> Result<(), EndCause> {
        self.keep();
        if let Some(keeper) = &mut self.keeper {
            let Some(state) = keeper.state().await else {
                let fault = "it has failed, and takes nothing more".to_owned();
                return Err(EndCause::Session(EndReason::StoreFailed { fault }));
            };
            self.session.sequences = state.sequences;
        }
        Ok(())
    }

    /// Connects, and carries the session to its end.
    async fn attempt(&mut self, gone: Option<Gone>, reset: bool) -> Outcome {
        let shared = Arc::clone(&self.shared);
        let failed = |cause| Outcome {
            end: SessionEnd::before_the_logon(cause),
            established: None,
            gone,
            keeper: None,
        };
        if let Err(cause) = self.resume().await {
            return failed(cause);
        }
        let stream = tokio::select! {
            biased;
            () = called_off(&shared) => return failed(EndCause::Aborted),
            stream = self.dial.dial() => stream,
        };
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => {
                return failed(EndCause::Connect {
                    source: Arc::new(error),
                });
            }
        };
        let mut logon = self.logon.clone();
        logon.reset |= reset;
        loop {
            // The application goes on working off what it has while this connection is made.
            if let Err(cause) = self.resume().await {
                return failed(cause);
            }
            let core = match Session::new(self.session.clone(), Role::Initiator(logon.clone())) {
                Ok(core) => core,
                Err(error) => {
                    // They were accepted before the first attempt.
                    tracing::error!(%error, "the session's settings cannot work");
                    return failed(EndCause::Stopped);
                }
            };
            match shared.install(core) {
                Installed::Yes => break,
                Installed::Unwanted => return failed(EndCause::Aborted),
                Installed::Outdated => {}
            }
        }
        let task = Task::new(
            stream,
            Arc::clone(&shared),
            self.signer.clone(),
            self.settings.clone(),
            gone,
            self.keeper.take(),
        );
        let mut outcome = None;
        let span = tracing::info_span!("connection", number = shared.connection());
        let run = task.run(|ended| {
            outcome = Some(ended);
            ready(())
        });
        run.instrument(span).await;
        let mut outcome = outcome.unwrap_or_else(|| failed(EndCause::Stopped));
        self.keeper = outcome.keeper.take();
        outcome
    }
}

async fn called_off(shared: &Shared) {
    while !shared.is_closing() {
        shared.wake.notified().await;
    }
}
