//! `decode`: frames as people or programs can read them.

mod frames;
mod json_line;

use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

use kalshi_fix::dialect::tables::Tables;
use kalshi_fix::dialect::{Escaped, Malformed, Printer, Validator, Violation};

use crate::arguments::DecodeArguments;
use crate::output::{Failure, Findings, Output, Style};
use frames::{Found, Frames};
use json_line::JsonLine;

pub(crate) fn run(arguments: &DecodeArguments, output: &mut Output) -> Result<Findings, Failure> {
    let tables = arguments.dialect.tables()?;
    let wanted = wanted(&arguments.msg_type, tables)?;
    let mut reader: Box<dyn Read> = match &arguments.file {
        Some(path) if path.as_os_str() != "-" => {
            Box::new(File::open(path).map_err(Failure::unreadable(path))?)
        }
        _ => Box::new(io::stdin().lock()),
    };
    let mut shown = Shown {
        printer: Printer::new(tables).colour(output.colour()),
        validator: Validator::new(tables),
        json: JsonLine::new(tables),
        text: String::new(),
        counts: Counts::default(),
        tables,
        wanted,
    };
    let mut frames = Frames::new();
    loop {
        let read = match frames.fill(&mut reader) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => {
                let path = arguments.file.clone().unwrap_or_else(|| "-".into());
                return Err(Failure::Unreadable { path, source });
            }
        };
        let at_end = read == 0 && !arguments.follow;
        while let Some(found) = frames.next(at_end) {
            shown.frame(&found, arguments, output)?;
        }
        if at_end {
            break;
        }
        if read == 0 {
            output.flush()?;
            std::thread::sleep(FOLLOW_EVERY);
        }
    }
    let counts = shown.counts;
    if arguments.count {
        output.write(&format!(
            "{} frames shown, {} garbled, {} of unknown type, {} violations in {} frames\n",
            counts.frames, counts.garbled, counts.unknown, counts.violations, counts.in_breach
        ))?;
    }
    Ok((arguments.validate && counts.garbled + counts.unknown + counts.violations > 0).into())
}

/// How often a file that is followed is looked at.
const FOLLOW_EVERY: Duration = Duration::from_millis(200);

/// The types that are asked for; none stands for all.
fn wanted(names: &[String], tables: &Tables) -> Result<Vec<Vec<u8>>, Failure> {
    names
        .iter()
        .map(|name| {
            let by_name = tables.messages.iter().find(|message| message.name == *name);
            match by_name.map(|message| message.msg_type) {
                Some(msg_type) => Ok(msg_type.as_bytes().to_vec()),
                // A type that the dictionary does not know may well be in the log.
                None if name.len() <= 4 => Ok(name.as_bytes().to_vec()),
                None => Err(Failure::Usage(format!(
                    "no message of the dictionary is named \"{name}\""
                ))),
            }
        })
        .collect()
}

#[derive(Debug, Default)]
struct Counts {
    frames: u64,
    garbled: u64,
    unknown: u64,
    violations: u64,
    in_breach: u64,
}

struct Shown {
    printer: Printer,
    validator: Validator,
    json: JsonLine,
    text: String,
    counts: Counts,
    tables: &'static Tables,
    wanted: Vec<Vec<u8>>,
}

impl Shown {
    fn frame(
        &mut self,
        found: &Found<'_>,
        arguments: &DecodeArguments,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let msg_type = msg_type(found.frame);
        if !self.wanted.is_empty() && self.wanted.iter().all(|wanted| wanted != msg_type) {
            return Ok(());
        }
        self.counts.frames += 1;
        self.counts.garbled += u64::from(found.garbled.is_some());
        let is_unknown = self.tables.message(msg_type).is_none();
        self.counts.unknown += u64::from(is_unknown);
        let (violations, malformed) = if arguments.validate {
            match self.validator.validate(found.frame) {
                Ok(violations) => (violations, None),
                Err(malformed) => (Vec::new(), Some(malformed)),
            }
        } else {
            (Vec::new(), None)
        };
        let breaches = violations.len() as u64 + u64::from(malformed.is_some());
        self.counts.violations += breaches;
        self.counts.in_breach += u64::from(breaches > 0);
        if arguments.count {
            return Ok(());
        }
        self.text.clear();
        if arguments.json {
            self.json
                .write(found, &violations, malformed.as_ref(), &mut self.text);
        } else {
            self.readable(found, &violations, malformed.as_ref(), output);
        }
        output.write(&self.text)
    }

    fn readable(
        &mut self,
        found: &Found<'_>,
        violations: &[Violation],
        malformed: Option<&Malformed>,
        output: &Output,
    ) {
        if !found.before.is_empty() {
            let before = Escaped(found.before).to_string();
            self.text += &output.styled(Style::Dim, before.trim());
            self.text.push('\n');
        }
        // A String takes everything.
        let _ = self.printer.print(found.frame, violations, &mut self.text);
        let mut note = |text: String| {
            self.text.push_str("        ");
            self.text += &output.styled(Style::Warning, text);
            self.text.push('\n');
        };
        if let Some(garbled) = &found.garbled {
            note(format!("garbled: {garbled}"));
        }
        if let Some(malformed) = malformed {
            note(format!("malformed: {malformed}"));
        }
        self.text.push('\n');
    }
}

fn msg_type(frame: &[u8]) -> &[u8] {
    kalshi_fix::dialect::fields(frame)
        .take(3)
        .find(|field| field.tag == 35)
        .map_or(&[], |field| field.value)
}
