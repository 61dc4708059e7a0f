//! The passphrase of a key: from the environment, or asked for in the terminal, where it is not shown.

use std::io::{self, IsTerminal as _};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal;
use zeroize::Zeroizing;

use crate::output::Failure;

/// The variable that clients look into, too.
pub(super) const VARIABLE: &str = "KALSHI_PRIVATE_KEY_PASSPHRASE";

/// The passphrase: from the environment, or asked for twice. It is no argument, since everybody can read those.
pub(super) fn passphrase() -> Result<Zeroizing<String>, Failure> {
    if let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        let value = value.into_string();
        return value
            .map(Zeroizing::new)
            .map_err(|_| Failure::Usage(format!("{VARIABLE} is no Unicode text")));
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::Usage(format!(
            "--encrypt needs a passphrase: set {VARIABLE}, or run this in a terminal"
        )));
    }
    // From before the first question to behind the last answer, so that what is typed in between is not shown either.
    let _hidden = Hidden::begin()?;
    let first = asked("passphrase: ")?;
    if first.is_empty() {
        return Err(Failure::Usage(
            "an empty passphrase protects nothing; nothing was written".to_owned(),
        ));
    }
    if *first != *asked("the same once more: ")? {
        return Err(Failure::Usage(
            "the two passphrases differ; nothing was written".to_owned(),
        ));
    }
    Ok(first)
}

/// While it lives, the terminal shows nothing of what is typed.
struct Hidden;

impl Hidden {
    fn begin() -> io::Result<Hidden> {
        terminal::enable_raw_mode()?;
        Ok(Hidden)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // There is nobody left to tell where it fails.
        let _ = terminal::disable_raw_mode();
    }
}

/// A line from the terminal.
fn asked(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    eprint!("{prompt}");
    let mut line = Line::default();
    let answer = loop {
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Press
            && let Some(answer) = line.press(key)
        {
            break answer;
        }
    };
    // The terminal does not go to the line's beginning by itself.
    eprint!("\r\n");
    answer
}

/// What has been typed so far.
struct Line {
    text: Zeroizing<String>,
    is_too_long: bool,
}

impl Default for Line {
    fn default() -> Line {
        Line {
            // Sized ahead, so that no part of it is left behind by a growing text.
            text: Zeroizing::new(String::with_capacity(LONGEST)),
            is_too_long: false,
        }
    }
}

impl Line {
    /// Takes a key; the answer, once there is one.
    fn press(&mut self, key: KeyEvent) -> Option<Result<Zeroizing<String>, Failure>> {
        // With both, a key of some keyboards is a character like any other.
        let is_control =
            key.modifiers.contains(KeyModifiers::CONTROL) && !key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            // What was typed before the terminal was taken ends in Ctrl-J.
            KeyCode::Enter => return Some(self.take()),
            KeyCode::Char('j' | 'm') if is_control => return Some(self.take()),
            KeyCode::Char('c' | 'd') if is_control => {
                return Some(Err(Failure::Usage("given up; nothing was written".to_owned())));
            }
            KeyCode::Char('u') if is_control => *self = Line::default(),
            KeyCode::Char(_) if is_control => {}
            KeyCode::Backspace => drop(self.text.pop()),
            KeyCode::Char(character) if self.text.len() + character.len_utf8() <= LONGEST => {
                self.text.push(character);
            }
            KeyCode::Char(_) => self.is_too_long = true,
            _ => {}
        }
        None
    }

    fn take(&mut self) -> Result<Zeroizing<String>, Failure> {
        if self.is_too_long {
            return Err(Failure::Usage(format!(
                "the passphrase is longer than {LONGEST} bytes; nothing was written"
            )));
        }
        Ok(std::mem::take(&mut self.text))
    }
}

/// In bytes: what is typed or pasted at once reaches the program in parts of 1,024.
const LONGEST: usize = 512;
