//! The program on a terminal, as somebody sits in front of it: keys that are typed, and what stands on the screen.

#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::Pty;
use rustix::termios::{LocalModes, tcgetattr};
use vt100::{Parser, Screen};

use super::without_credentials;

/// The program, which runs on a terminal of its own. It ends with the test, whatever becomes of that.
///
/// Everything here blocks. Where the exchange is the test's, use this within `tokio::task::spawn_blocking`.
pub(super) struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    written: Receiver<Vec<u8>>,
    parser: Parser,
    transcript: Vec<u8>,
}

/// What is left when the program has ended.
pub(super) struct Left {
    /// How it ended: an exit code, or a signal.
    pub(super) status: ExitStatus,
    /// What stands on the screen, without the blanks at the ends of lines; what was wrapped is one line.
    pub(super) screen: String,
    /// Each byte that came, escape sequences included.
    pub(super) transcript: Vec<u8>,
    /// Whether the terminal is as it was: it shows what is typed, it takes lines, and Ctrl-C interrupts.
    pub(super) restored: bool,
}

impl Terminal {
    /// Starts the program on a terminal of so many rows and columns, without any credentials unless some are given.
    pub(super) fn start(
        arguments: &[&str],
        variables: &[(&str, &str)],
        (rows, columns): (u16, u16),
    ) -> Terminal {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kalshi-fix"));
        without_credentials(&mut command);
        command
            .args(arguments)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .envs(variables.iter().copied());
        let (pty, program_side) = pty_process::blocking::open().expect("a pseudo-terminal");
        pty.resize(Size::new(rows, columns)).expect("a size");
        let child = pty_process::blocking::Command::from(command)
            .spawn(program_side)
            .expect("the program starts");
        let pty = Arc::new(pty);
        let (sender, written) = channel();
        let reader = Arc::clone(&pty);
        // It ends when the program has: nothing comes any more, which systems say as an end or as an error.
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = (&*reader).read(&mut chunk) {
                if sender.send(chunk[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            child,
            pty,
            written,
            parser: Parser::new(rows, columns, 0),
            transcript: Vec::new(),
        }
    }

    /// Types keys: `\r` is Enter, `\x03` Ctrl-C, `\x04` Ctrl-D, `\x7f` Backspace, `\t` Tab, `\x1b` Esc.
    pub(super) fn keys(&mut self, keys: &str) {
        (&*self.pty)
            .write_all(keys.as_bytes())
            .expect("the keys are typed");
    }

    /// Sends the program a signal, by its name without `SIG`.
    pub(super) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("a shell").success(), "{kill}");
    }

    /// Gives the terminal another size, as a window that is dragged.
    pub(super) fn resize(&mut self, rows: u16, columns: u16) {
        self.parser.screen_mut().set_size(rows, columns);
        self.pty.resize(Size::new(rows, columns)).expect("another size");
    }

    /// Waits until this stands on the screen.
    #[track_caller]
    pub(super) fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until the screen is so.
    #[track_caller]
    pub(super) fn wait_until(&mut self, what: &str, holds: impl Fn(&Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self.screen()) {
            if let Err(end) = self.hear(deadline) {
                let screen = self.screen().contents();
                panic!("{what:?} never comes ({end}); the screen has:\n{screen}");
            }
        }
    }

    /// The screen as it is now.
    pub(super) fn screen(&self) -> &Screen {
        self.parser.screen()
    }

    /// Waits until the program has ended by itself.
    #[track_caller]
    pub(super) fn left(mut self) -> Left {
        let deadline = Instant::now() + PATIENCE;
        let end = loop {
            if let Err(end) = self.hear(deadline) {
                break end;
            }
        };
        let screen = self.screen().contents();
        assert_eq!(
            end,
            RecvTimeoutError::Disconnected,
            "it goes on; the screen has:\n{screen}"
        );
        // It has let go of the terminal, which is as good as over.
        let status = loop {
            match self.child.try_wait().expect("the program is a child") {
                Some(status) => break status,
                None => assert!(Instant::now() < deadline, "it goes on without a terminal"),
            }
            thread::sleep(Duration::from_millis(5));
        };
        let modes = tcgetattr(&*self.pty).expect("a terminal").local_modes;
        Left {
            status,
            screen,
            transcript: std::mem::take(&mut self.transcript),
            restored: modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG),
        }
    }

    fn hear(&mut self, deadline: Instant) -> Result<(), RecvTimeoutError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let chunk = self.written.recv_timeout(left)?;
        self.parser.process(&chunk);
        self.transcript.extend_from_slice(&chunk);
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Left {
    /// Whether the whole screen was given back: what was there before is shown again, and the cursor is.
    pub(super) fn gave_the_screen_back(&self) -> bool {
        let last = |sequence: &[u8]| {
            let mut parts = self.transcript.windows(sequence.len());
            parts.rposition(|part| part == sequence)
        };
        let (entered, left) = (last(b"\x1b[?1049h"), last(b"\x1b[?1049l"));
        let (hidden, shown) = (last(b"\x1b[?25l"), last(b"\x1b[?25h"));
        self.restored && entered.is_some() && left > entered && shown > hidden
    }

    /// Whether this was ever written, to whatever place of the screen.
    pub(super) fn was_written(&self, text: &str) -> bool {
        let text = text.as_bytes();
        self.transcript.windows(text.len()).any(|part| part == text)
    }
}

/// How long something may take to appear: it only ends a hang.
const PATIENCE: Duration = Duration::from_mins(1);
