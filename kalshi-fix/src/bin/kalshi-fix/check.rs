//! `dictionary check`: every fault in its place.

use kalshi_fix::dialect::dictionary::{Dictionary, Fault, Severity};

use crate::arguments::CheckArguments;
use crate::json;
use crate::output::{Failure, Findings, Output, Style};

pub(crate) fn run(arguments: &CheckArguments, output: &mut Output) -> Result<Findings, Failure> {
    let (mut errors, mut warnings) = (0, 0);
    let mut unreadable = None;
    let mut list = String::from("[");
    for path in &arguments.files {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(source) => {
                let failure = Failure::unreadable(path)(source);
                // The other files are checked all the same.
                if let Some(earlier) = unreadable.replace(failure) {
                    eprintln!("kalshi-fix: {earlier}");
                }
                continue;
            }
        };
        let source = String::from_utf8_lossy(&bytes);
        let (faults, omitted) = match Dictionary::parse_bytes(&bytes, &path.to_string_lossy()) {
            Ok(dictionary) => (dictionary.warnings, 0),
            Err(faults) => {
                let omitted = faults.omitted();
                (faults.into_iter().collect(), omitted)
            }
        };
        let lines: Vec<&str> = source.trim_start_matches('\u{feff}').lines().collect();
        for fault in &faults {
            match fault.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
            if arguments.json {
                write_json(&mut list, fault);
            } else {
                write_fault(output, fault, &lines)?;
            }
        }
        errors += omitted;
        if omitted > 0 && !arguments.json {
            output.write(&format!("{}: … and {omitted} more\n\n", path.display()))?;
        }
    }
    if arguments.json {
        output.write(&(list + "]\n"))?;
    } else {
        let count = |count: usize, what: &str| match count {
            0 => format!("no {what}s"),
            1 => format!("1 {what}"),
            many => format!("{many} {what}s"),
        };
        let files = count(arguments.files.len(), "file");
        let summary = format!(
            "{files}: {}, {}\n",
            count(errors, "error"),
            count(warnings, "warning")
        );
        output.write(&summary)?;
    }
    match unreadable {
        Some(failure) => {
            output.flush()?;
            Err(failure)
        }
        None => Ok((errors > 0 || arguments.deny_warnings && warnings > 0).into()),
    }
}

fn write_fault(output: &mut Output, fault: &Fault, lines: &[&str]) -> Result<(), Failure> {
    let (style, word) = match fault.severity {
        Severity::Error => (Style::Error, "error"),
        Severity::Warning => (Style::Warning, "warning"),
    };
    let place = output.styled(Style::Strong, format_args!("{}:{}", fault.path, fault.position));
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
    const WIDTH: usize = 120;
    const BEFORE: usize = 60;
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
    if !list.ends_with('[') {
        list.push(',');
    }
    list.push_str("\n{");
    json::text(list, "path", &fault.path);
    json::plain(list, "line", fault.position.line);
    json::plain(list, "column", fault.position.column);
    let severity = match fault.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json::text(list, "severity", severity);
    json::text(list, "message", &fault.message);
    if let Some(name) = &fault.suggestion {
        json::text(list, "suggestion", name);
    }
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
