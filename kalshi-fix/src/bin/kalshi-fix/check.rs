//! `dictionary check`: every fault in its place.

use std::collections::HashMap;

use kalshi_fix::dialect::dictionary::{Dictionary, Fault, Position, Severity};

use crate::arguments::CheckArguments;
use crate::json;
use crate::output::{Failure, Findings, Output, Style};
use crate::source::Source;

pub(crate) fn run(arguments: &CheckArguments, output: &mut Output) -> Result<Findings, Failure> {
    let mut check = Check {
        json: arguments.json,
        errors: 0,
        warnings: 0,
        files: 0,
        list: String::from("["),
        unreadable: None,
    };
    let transport = match &arguments.layers.transport {
        None => None,
        Some(path) => Some(check.file(Source::read(path), None, output)?),
    };
    let overlay = match &arguments.layers.overlay {
        None => None,
        Some(path) => check.readable(Source::read(path)),
    };
    if arguments.layers.overlay.is_none() || overlay.is_some() {
        for name in &arguments.dictionaries {
            let dictionary = check.file(Source::named(name), overlay.as_ref(), output)?;
            // One that cannot be read by itself has been told of.
            if let (Some(dictionary), Some(Some(transport))) = (dictionary, &transport)
                && let Err(error) = dictionary.over(transport)
            {
                check.unfit(name, &error.to_string(), output)?;
            }
        }
    }
    check.files += usize::from(overlay.is_some());
    check.finish(arguments.deny_warnings, output)
}

/// What has been found so far.
struct Check {
    json: bool,
    errors: usize,
    warnings: usize,
    files: usize,
    /// The faults as JSON.
    list: String,
    unreadable: Option<Failure>,
}

impl Check {
    /// A file's contents. One that cannot be read is told at the end: the others are checked all the same.
    fn readable(&mut self, source: Result<Source, Failure>) -> Option<Source> {
        match source {
            Ok(source) => Some(source),
            Err(failure) => {
                if let Some(earlier) = self.unreadable.replace(failure) {
                    eprintln!("kalshi-fix: {earlier}");
                }
                None
            }
        }
    }

    /// Tells every fault of a file, and of what is laid over it. The dictionary, when there is no error.
    fn file(
        &mut self,
        source: Result<Source, Failure>,
        overlay: Option<&Source>,
        output: &mut Output,
    ) -> Result<Option<Dictionary>, Failure> {
        let Some(source) = self.readable(source) else {
            return Ok(None);
        };
        self.files += 1;
        let (dictionary, faults, omitted) = match source.parse(overlay) {
            Ok(mut dictionary) => {
                let warnings = std::mem::take(&mut dictionary.warnings);
                (Some(dictionary), warnings, 0)
            }
            Err(faults) => {
                let omitted = faults.omitted();
                (None, faults.into_iter().collect(), omitted)
            }
        };
        let texts: HashMap<&str, &str> = [Some(&source), overlay]
            .into_iter()
            .flatten()
            // What is no text is not shown.
            .map(|source| {
                (
                    &source.name[..],
                    std::str::from_utf8(&source.bytes).unwrap_or_default(),
                )
            })
            .collect();
        let lines: HashMap<&str, Vec<&str>> = texts
            .iter()
            .map(|(name, text)| (*name, text.trim_start_matches('\u{feff}').lines().collect()))
            .collect();
        for fault in &faults {
            match fault.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
            }
            if self.json {
                write_json(&mut self.list, fault);
            } else {
                let name = fault.position.file().unwrap_or(&fault.path);
                write_fault(output, fault, lines.get(name).map_or(&[], |lines| &lines[..]))?;
            }
        }
        self.errors += omitted;
        if omitted > 0 && !self.json {
            output.write(&format!("{}: … and {omitted} more\n\n", source.name))?;
        }
        Ok(dictionary)
    }

    /// Tells that a dictionary does not go over its transport.
    fn unfit(&mut self, name: &str, error: &str, output: &mut Output) -> Result<(), Failure> {
        self.errors += 1;
        if self.json {
            object(&mut self.list, name, None, Severity::Error, error);
            return Ok(());
        }
        let (place, word) = (
            output.styled(Style::Strong, name),
            output.styled(Style::Error, "error"),
        );
        output.write(&format!("{place}: {word}: {error}\n\n"))
    }

    fn finish(self, deny_warnings: bool, output: &mut Output) -> Result<Findings, Failure> {
        if self.json {
            output.write(&(self.list + "]\n"))?;
        } else if self.files > 0 {
            let count = |count: usize, what: &str| match count {
                0 => format!("no {what}s"),
                1 => format!("1 {what}"),
                many => format!("{many} {what}s"),
            };
            let summary = format!(
                "{}: {}, {}\n",
                count(self.files, "file"),
                count(self.errors, "error"),
                count(self.warnings, "warning")
            );
            output.write(&summary)?;
        }
        match self.unreadable {
            Some(failure) => {
                output.flush()?;
                Err(failure)
            }
            None => Ok((self.errors > 0 || deny_warnings && self.warnings > 0).into()),
        }
    }
}

fn write_fault(output: &mut Output, fault: &Fault, lines: &[&str]) -> Result<(), Failure> {
    let (style, word) = match fault.severity {
        Severity::Error => (Style::Error, "error"),
        Severity::Warning => (Style::Warning, "warning"),
    };
    let place = output.styled(Style::Strong, fault.position.within(&fault.path));
    let word = output.styled(style, word);
    let suggestion = match &fault.suggestion {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    };
    output.write(&format!("{place}: {word}: {}{suggestion}\n", fault.message))?;
    let number = fault.position.line;
    if let Some(line) = lines.get(number as usize - 1) {
        let (excerpt, column) = excerpt(line, fault.position.column as usize - 1);
        let bar = output.styled(Style::Dim, "|");
        let caret = output.styled(style, "^");
        output.write(&format!(
            "{number:>6} {bar} {excerpt}\n       {bar} {:column$}{caret}\n",
            ""
        ))?;
    }
    output.write("\n")
}

/// What is shown of a line around a column, and the column within it.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    // With the line's number in front, 80 columns.
    const WIDTH: usize = 69;
    const BEFORE: usize = 40;
    let characters = line.chars().count();
    let from = if characters > WIDTH && column > BEFORE {
        column - BEFORE
    } else {
        0
    };
    let mut excerpt: String = line
        .chars()
        .skip(from)
        .take(WIDTH)
        // A tab or a control character would move the caret, or the terminal.
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    let mut column = column - from;
    if from > 0 {
        excerpt.insert(0, '…');
        column += 1;
    }
    if from + WIDTH < characters {
        excerpt.push('…');
    }
    (excerpt, column)
}

fn write_json(list: &mut String, fault: &Fault) {
    let path = fault.position.file().unwrap_or(&fault.path);
    object(list, path, Some(fault.position), fault.severity, &fault.message);
    if let Some(name) = &fault.suggestion {
        list.pop();
        json::text(list, "suggestion", name);
        list.push('}');
    }
}

fn object(list: &mut String, path: &str, position: Option<Position>, severity: Severity, message: &str) {
    if !list.ends_with('[') {
        list.push(',');
    }
    list.push_str("\n{");
    json::text(list, "path", path);
    if let Some(position) = position {
        json::plain(list, "line", position.line);
        json::plain(list, "column", position.column);
    }
    let severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json::text(list, "severity", severity);
    json::text(list, "message", message);
    list.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_around_its_fault() {
        let line = format!("{}X{}", "a".repeat(300), "b".repeat(300));
        let (excerpt, column) = excerpt(&line, 300);
        assert_eq!(excerpt.chars().nth(column), Some('X'));
        assert!(excerpt.starts_with('…') && excerpt.ends_with('…') && excerpt.chars().count() < 130);
        assert_eq!(super::excerpt("\ta", 1), (" a".to_owned(), 1));
    }
}
