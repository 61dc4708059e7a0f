//! What ends the program on request: Ctrl-C, or the system's own wish.

use std::io;

#[cfg(unix)]
pub(crate) struct Requested([tokio::signal::unix::Signal; 2]);

#[cfg(unix)]
impl Requested {
    /// Listens from now on; the signals no longer end the process by themselves.
    pub(crate) fn new() -> io::Result<Requested> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Requested([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ]))
    }

    pub(crate) async fn wait(mut self) {
        let [interrupt, terminate] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
pub(crate) struct Requested;

#[cfg(not(unix))]
impl Requested {
    /// Listens from now on; the signals no longer end the process by themselves.
    pub(crate) fn new() -> io::Result<Requested> {
        Ok(Requested)
    }

    pub(crate) async fn wait(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
