//! What is wrong with a dictionary, and where.

use std::fmt;
use std::sync::Arc;

use super::position::Position;
use super::suggest::nearest;

/// Whether a fault makes a dictionary unusable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The dictionary can be used; something in it is doubtful.
    Warning,
    /// The dictionary cannot be used.
    Error,
}

/// One thing that is wrong with a dictionary.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Fault {
    /// Whether the dictionary can be used in spite of it.
    pub severity: Severity,
    /// The file, as it was named to [`Dictionary::parse`](super::Dictionary::parse).
    pub path: Arc<str>,
    /// Where in the file.
    pub position: Position,
    /// What is wrong, without the place and the suggestion.
    pub message: String,
    /// The known name that was probably meant.
    pub suggestion: Option<String>,
}

/// `path:line:column: message`, with "did you mean" at the end when there is a suggestion.
impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.position.within(&self.path))?;
        if self.severity == Severity::Warning {
            formatter.write_str("warning: ")?;
        }
        formatter.write_str(&self.message)?;
        match &self.suggestion {
            Some(name) => write!(formatter, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

/// Everything that keeps a dictionary from being used, in the order of the file.
///
/// At most [`Faults::LIMIT`] faults are kept; [`Faults::omitted`] tells how many more there were.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Faults {
    faults: Vec<Fault>,
    omitted: usize,
}

impl Faults {
    /// How many faults are kept of one dictionary.
    pub const LIMIT: usize = 50;

    /// The faults, errors only, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.faults.iter()
    }

    /// The number of faults that were found beyond [`Faults::LIMIT`].
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl<'f> IntoIterator for &'f Faults {
    type Item = &'f Fault;
    type IntoIter = std::slice::Iter<'f, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.faults.into_iter()
    }
}

/// One fault a line, then how many more there were.
impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            fault.fmt(formatter)?;
        }
        if self.omitted > 0 {
            write!(formatter, "\n… and {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Collects faults while a dictionary is read.
///
/// It panics when it is dropped without [`FaultCollector::finish`], so that no fault is ever found and forgotten.
#[derive(Debug)]
pub(super) struct FaultCollector {
    path: Arc<str>,
    errors: Vec<Fault>,
    warnings: Vec<Fault>,
    finished: bool,
}

impl FaultCollector {
    pub(super) fn new(path: &str) -> Self {
        FaultCollector {
            path: path.into(),
            errors: Vec::new(),
            warnings: Vec::new(),
            finished: false,
        }
    }

    pub(super) fn error(&mut self, position: Position, message: impl Into<String>) {
        self.error_with(position, message, None);
    }

    pub(super) fn error_with(
        &mut self,
        position: Position,
        message: impl Into<String>,
        suggestion: Option<&str>,
    ) {
        let fault = self.fault(Severity::Error, position, message.into(), suggestion);
        self.errors.push(fault);
    }

    pub(super) fn warning(&mut self, position: Position, message: impl Into<String>) {
        let fault = self.fault(Severity::Warning, position, message.into(), None);
        self.warnings.push(fault);
    }

    /// An error about the unknown name `name`, with the nearest of the known ones as the suggestion.
    ///
    /// Beyond [`Faults::LIMIT`] errors the search is spared: nobody will read them.
    pub(super) fn unknown<'c>(
        &mut self,
        position: Position,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'c str>,
    ) {
        let message = format!("no {what} named {}", quoted(name));
        self.error_near(position, message, name, known);
    }

    /// An error with the nearest of the known names to `name` as the suggestion; the search is spared as in `unknown`.
    pub(super) fn error_near<'c>(
        &mut self,
        position: Position,
        message: String,
        name: &str,
        known: impl IntoIterator<Item = &'c str>,
    ) {
        let suggestion = if self.errors.len() < Faults::LIMIT {
            nearest(name, known)
        } else {
            None
        };
        self.error_with(position, message, suggestion);
    }

    /// The warnings when there was no error, the errors otherwise; both in the order of the file.
    pub(super) fn finish(mut self) -> Result<Vec<Fault>, Faults> {
        self.finished = true;
        let (mut errors, mut warnings) = (
            std::mem::take(&mut self.errors),
            std::mem::take(&mut self.warnings),
        );
        if errors.is_empty() {
            warnings.sort_by_key(|fault| fault.position);
            return Ok(warnings);
        }
        errors.sort_by_key(|fault| fault.position);
        let omitted = errors.len().saturating_sub(Faults::LIMIT);
        errors.truncate(Faults::LIMIT);
        Err(Faults {
            faults: errors,
            omitted,
        })
    }

    /// The faults, where it is known that there is an error.
    pub(super) fn into_faults<T>(self) -> Result<T, Faults> {
        match self.finish() {
            Ok(_) => unreachable!("there is an error"),
            Err(faults) => Err(faults),
        }
    }

    fn fault(
        &self,
        severity: Severity,
        position: Position,
        message: String,
        suggestion: Option<&str>,
    ) -> Fault {
        Fault {
            severity,
            path: match position.file() {
                Some(overlay) => overlay.into(),
                None => self.path.clone(),
            },
            position,
            message,
            suggestion: suggestion.map(str::to_owned),
        }
    }
}

impl Drop for FaultCollector {
    fn drop(&mut self) {
        assert!(
            self.finished || std::thread::panicking(),
            "the faults of {} were dropped",
            self.path
        );
    }
}

/// A text of the dictionary as a message shows it: quoted, escaped, and cut when it is long.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32) -> Position {
        Position::new(line, 1)
    }

    #[test]
    fn faults_come_in_the_order_of_the_file_and_are_capped() {
        let mut faults = FaultCollector::new("some.xml");
        for line in (1..=Faults::LIMIT as u32 + 3).rev() {
            faults.error(at(line), "wrong");
        }
        let faults = faults.finish().expect_err("there are errors");
        assert_eq!(faults.iter().count(), Faults::LIMIT);
        assert_eq!(faults.omitted(), 3);
        assert_eq!(
            faults.iter().next().map(ToString::to_string).as_deref(),
            Some("some.xml:1:1: wrong")
        );
        assert!(faults.to_string().ends_with("\n… and 3 more"));
    }

    #[test]
    fn warnings_alone_are_no_failure() {
        let mut faults = FaultCollector::new("some.xml");
        faults.warning(at(2), "doubtful");
        let warnings = faults.finish().expect("no error");
        assert_eq!(warnings[0].to_string(), "some.xml:2:1: warning: doubtful");
    }

    #[test]
    #[should_panic(expected = "were dropped")]
    fn a_forgotten_collector_panics() {
        drop(FaultCollector::new("some.xml"));
    }
}
