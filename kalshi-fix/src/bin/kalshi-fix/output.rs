//! Standard output: buffered, coloured only when asked.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::{Path, PathBuf};

use kalshi_fix::dialect::dictionary::{Faults, MergeError};

use crate::arguments::Color;

/// Whether a command found what it looks for: errors, violations, breaking changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Findings {
    None,
    Some,
}

impl From<bool> for Findings {
    fn from(found: bool) -> Self {
        if found { Findings::Some } else { Findings::None }
    }
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    #[error("{0}")]
    Faulty(#[from] Faults),
    #[error("the dictionaries do not go together: {0}")]
    Merge(#[from] MergeError),
    #[error("the exchange cannot be started: {0}")]
    Exchange(#[from] kalshi_fix::gateway::StartError),
    #[error("{}: {source}", path.display())]
    Key {
        path: PathBuf,
        source: kalshi_fix::credentials::KeyError,
    },
    /// A session cannot be opened, or has ended.
    #[error("{0}")]
    Session(String),
    #[error("{0}")]
    Usage(String),
    /// What was given to be read is not what it should be.
    #[error("{0}")]
    Input(String),
}

impl Failure {
    pub(crate) fn session(error: impl std::fmt::Display) -> Failure {
        Failure::Session(error.to_string())
    }

    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Failure + '_ {
        |source| Failure::Unreadable {
            path: path.to_owned(),
            source,
        }
    }
}

impl Failure {
    pub(crate) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Failure + '_ {
        |source| Failure::Unwritable {
            path: path.to_owned(),
            source,
        }
    }
}

/// Standard output.
#[derive(Debug)]
pub(crate) struct Output {
    writer: BufWriter<StdoutLock<'static>>,
    colour: bool,
}

impl Output {
    pub(crate) fn new(colour: Color) -> Output {
        let stdout = io::stdout().lock();
        let colour = match colour {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Output {
            writer: BufWriter::with_capacity(1 << 16, stdout),
            colour,
        }
    }

    pub(crate) fn colour(&self) -> bool {
        self.colour
    }

    pub(crate) fn write(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.writer.write_all(text.as_bytes())?)
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.writer.flush()?)
    }

    /// The escape sequences of a style, or nothing: its start and its end.
    pub(crate) fn style(&self, style: Style) -> (&'static str, &'static str) {
        if !self.colour {
            return ("", "");
        }
        let start = match style {
            Style::Strong => "\x1b[1m",
            Style::Dim => "\x1b[2m",
            Style::Name => "\x1b[36m",
            Style::Error => "\x1b[1;31m",
            Style::Warning => "\x1b[1;33m",
            Style::Good => "\x1b[32m",
        };
        (start, "\x1b[0m")
    }

    pub(crate) fn styled(&self, style: Style, text: impl std::fmt::Display) -> String {
        let (start, end) = self.style(style);
        format!("{start}{text}{end}")
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    Strong,
    Dim,
    Name,
    Error,
    Warning,
    Good,
}

/// Lines of at most 78 characters, each a little to the right. A command in backticks stays on one line, however long, so that it
/// can be pasted.
pub(crate) fn wrapped(text: &str) -> String {
    let mut wrapped = String::new();
    let mut length = 0;
    for word in unbroken(text) {
        let width = word.chars().count();
        if length > 0 && length + 1 + width <= LINE {
            wrapped.push(' ');
            length += 1 + width;
        } else {
            wrapped.push_str(if length > 0 { "\n  " } else { "  " });
            length = 2 + width;
        }
        wrapped.push_str(&word);
    }
    wrapped.push('\n');
    wrapped
}

/// The words of a text, where what stands in backticks is one.
fn unbroken(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_inside = false;
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if is_inside => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        is_inside ^= word.matches('`').count() % 2 == 1;
    }
    words
}

const LINE: usize = 78;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let word = "x".repeat(40);
        assert_eq!(wrapped("a b"), "  a b\n");
        assert_eq!(
            wrapped(&format!("{word} {word}")),
            format!("  {word}\n  {word}\n")
        );
        assert_eq!(wrapped(""), "\n");
        let long = "y".repeat(60);
        assert_eq!(
            wrapped(&format!("{long} `a command to paste`, and b")),
            format!("  {long}\n  `a command to paste`, and b\n")
        );
        let command = format!("b `{word} {word}` c");
        assert_eq!(wrapped(&command), format!("  b\n  `{word} {word}`\n  c\n"));
    }
}
