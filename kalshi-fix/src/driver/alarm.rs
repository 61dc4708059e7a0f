//! The driver's one timer.

use std::future::pending;
use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is set anew with almost every message, and goes off once in many: it is only moved when it would
/// otherwise be late, and may wake the task too early instead.
pub(super) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    armed: Option<Instant>,
}

impl Alarm {
    pub(super) fn new() -> Alarm {
        Alarm {
            sleep: Box::pin(sleep_until(Instant::now())),
            armed: None,
        }
    }

    pub(super) fn set(mut self: Pin<&mut Self>, deadline: Option<Instant>) {
        let Some(deadline) = deadline else {
            self.armed = None;
            return;
        };
        if self
            .armed
            .is_none_or(|armed| deadline < armed || self.sleep.is_elapsed())
        {
            self.sleep.as_mut().reset(deadline);
            self.armed = Some(deadline);
        }
    }

    pub(super) async fn wait(mut self: Pin<&mut Self>) {
        if self.armed.is_some() {
            self.sleep.as_mut().await;
        } else {
            pending::<()>().await;
        }
    }
}
