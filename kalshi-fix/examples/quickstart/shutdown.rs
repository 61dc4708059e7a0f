//! Ending in good order when the system asks for it: SIGTERM, or Ctrl-C.

use std::io;
use std::pin::pin;

use crate::step::Step;
use crate::tour::Tour;

/// Takes the tour, step by step. Asked to end, it logs out and leaves the rest out; told to stay, it stays logged on until
/// it is asked.
pub(crate) async fn take(tour: &mut Tour, stay: bool) -> Result<(), (Step, String)> {
    // Registered before the first session is opened: from here on the signal no longer ends the process by itself.
    let listening = Requested::listen().map_err(|error| (Step::Exchange, error.to_string()))?;
    let mut requested = pin!(listening.wait());
    for step in Step::ALL {
        if stay && step == Step::Logout {
            tour.screen.note("Staying", "logged on until Ctrl-C or SIGTERM");
            requested.as_mut().await;
            return tour.leave().await.map_err(|reason| (step, reason));
        }
        tokio::select! {
            done = tour.run(step) => done.map_err(|reason| (step, reason))?,
            () = requested.as_mut() => return tour.leave().await.map_err(|reason| (step, reason)),
        }
    }
    Ok(())
}

#[cfg(unix)]
struct Requested([tokio::signal::unix::Signal; 2]);

#[cfg(unix)]
impl Requested {
    fn listen() -> io::Result<Requested> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Requested([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ]))
    }

    async fn wait(mut self) {
        let [interrupt, terminate] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Requested;

#[cfg(not(unix))]
impl Requested {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    const fn listen() -> io::Result<Requested> {
        Ok(Requested)
    }

    async fn wait(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
