//! What ends the program on request: Ctrl-C, the system's own wish, or the end of its terminal.

use std::io;

#[cfg(unix)]
pub(crate) struct Requested {
    signals: [tokio::signal::unix::Signal; 2],
    /// Unless it is to outlive its terminal (`nohup`).
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Requested {
    /// Listens from now on; the signals no longer end the process by themselves.
    pub(crate) fn new() -> io::Result<Requested> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Requested {
            signals: [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?],
            hangup: if outlives_its_terminal() {
                None
            } else {
                Some(signal(SignalKind::hangup())?)
            },
        })
    }

    pub(crate) async fn wait(mut self) {
        let [interrupt, terminate] = &mut self.signals;
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Whether whoever started this process has it ignore the end of its terminal. Linux tells; elsewhere nothing is known, and the
/// signal is left alone.
#[cfg(unix)]
fn outlives_its_terminal() -> bool {
    const HANGUP: u64 = 1;
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return true;
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask & HANGUP != 0)
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
