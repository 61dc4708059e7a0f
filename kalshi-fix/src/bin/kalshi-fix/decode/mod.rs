//! `decode`: frames as people or programs can read them.

mod before;
mod frames;
mod input;
mod json_line;
mod no_frame;

use std::io;

use kalshi_fix::dialect::dictionary::nearest;
use kalshi_fix::dialect::tables::{MessageTable, Tables};
use kalshi_fix::dialect::{Escaped, Malformed, Printer, Validator, Violation};

use crate::arguments::DecodeArguments;
use crate::output::{Failure, Findings, Output, Style};
use crate::source;
use frames::{Found, Frames};
use input::{FOLLOW_EVERY, Input, Interrupt, Renewal};
use json_line::JsonLine;

pub(crate) fn run(arguments: &DecodeArguments, output: &mut Output) -> Result<Findings, Failure> {
    let tables = arguments.dialect.tables()?;
    let wanted = wanted(&arguments.msg_type, tables, &arguments.dialect.dialect)?;
    let mut input = Input::open(arguments.file.as_deref())?;
    let interrupt = match (arguments.follow, &input) {
        (false, _) => None,
        (true, Input::File { path, file }) => {
            let found = file.metadata().map_err(Failure::unreadable(path))?;
            if !found.is_file() {
                return Err(Failure::Usage(format!(
                    "{} is no file that could grow; leave --follow out, and it is read to its end, however late that comes",
                    path.display()
                )));
            }
            Some(Interrupt::listen()?)
        }
        (true, Input::Standard(_)) => {
            return Err(Failure::Usage("--follow needs a file".to_owned()));
        }
    };
    let mut shown = Shown {
        printer: Printer::new(tables).colour(output.colour()),
        validator: Validator::new(tables),
        json: JsonLine::new(tables),
        text: String::new(),
        counts: Counts::default(),
        tables,
        other: source::other_dialect(&arguments.dialect.dialect),
        wanted,
    };
    let mut frames = Frames::new();
    loop {
        let read = match frames.fill(&mut input) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::unreadable(&input.path())(error)),
        };
        let mut at_end = false;
        if read == 0 {
            at_end = match &interrupt {
                None => true,
                Some(interrupt) if interrupt.is_raised() => true,
                Some(_) => {
                    let renewed = input.renew();
                    renewed.map_err(Failure::unreadable(&input.path()))? == Renewal::Anew
                }
            };
        }
        while let Some(found) = frames.next(at_end) {
            shown.frame(&found, arguments, output)?;
        }
        match &interrupt {
            Some(interrupt) if interrupt.is_raised() => break,
            None if at_end => break,
            // Half a frame at the end of the old file does not go on in the new one.
            Some(_) if at_end => frames.clear(),
            Some(_) if read == 0 => {
                output.flush()?;
                std::thread::sleep(FOLLOW_EVERY);
            }
            _ => {}
        }
    }
    let counts = shown.counts;
    if arguments.count {
        // No violations where nobody looked for any would be a clean bill of health.
        let judged = if arguments.validate {
            format!(
                "{} in {}",
                counted(counts.violations, "violation"),
                counted(counts.in_breach, "frame")
            )
        } else {
            "not validated (add --validate)".to_owned()
        };
        output.write(&format!(
            "{} shown, {} garbled, {} of unknown type, {judged}\n",
            counted(counts.frames, "frame"),
            counts.garbled,
            counts.unknown
        ))?;
    }
    let (name, seen) = (input.path().display().to_string(), frames.seen());
    match (counts.frames, counts.passed_over, seen.bytes) {
        (0, 0, 0) => eprintln!("kalshi-fix: {name} is empty: no frames"),
        // What is followed may have its first frame tomorrow.
        (0, 0, _) if arguments.follow => eprintln!("kalshi-fix: {}", no_frame::told(&name, seen)),
        (0, 0, _) => return Err(Failure::Input(no_frame::told(&name, seen))),
        (0, others, _) => eprintln!(
            "kalshi-fix: {name}: no frame of type {} among {others}",
            arguments.msg_type.join(" or ")
        ),
        _ => {}
    }
    if counts.frames > 0 && seen.no_frames > 0 {
        let places = match seen.no_frames {
            1 => "a place with 8=FIX is no frame, and was passed over".to_owned(),
            many => format!("{many} places with 8=FIX are no frames, and were passed over; the first"),
        };
        eprintln!("kalshi-fix: {name}: {places}: {}", Escaped(&seen.no_frame));
    }
    if let Some((other, _)) = shown.other.filter(|_| counts.other_dialect > 0) {
        eprintln!(
            "kalshi-fix: {name}: {} of unknown type are of types that {other} has: add --dialect {other}",
            counts.other_dialect
        );
    }
    Ok((arguments.validate && counts.garbled + counts.unknown + counts.violations > 0).into())
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        many => format!("{many} {what}s"),
    }
}

/// The types that are asked for; none stands for all.
fn wanted(names: &[String], tables: &Tables, dialect: &str) -> Result<Vec<Vec<u8>>, Failure> {
    names
        .iter()
        .map(|name| {
            let by_name = tables.messages.iter().find(|message| message.name == *name);
            match by_name.map(|message| message.msg_type) {
                Some(msg_type) => Ok(msg_type.as_bytes().to_vec()),
                // A type that the dictionary does not know may well be in the log.
                None if name.len() <= 4 => Ok(name.as_bytes().to_vec()),
                None => {
                    let is = |message: &&MessageTable| message.name.eq_ignore_ascii_case(name);
                    let other = source::other_dialect(dialect)
                        .filter(|(_, other)| other.messages.iter().any(|message| is(&message)));
                    let names = tables.messages.iter().map(|message| message.name);
                    let hint = match (nearest(name, names), other) {
                        (_, Some((other, _))) => format!("; {other} has it: add --dialect {other}"),
                        (Some(meant), None) => format!("; did you mean `{meant}`?"),
                        (None, None) => String::new(),
                    };
                    Err(Failure::Usage(format!(
                        "no message of {dialect} is named \"{name}\"{hint}"
                    )))
                }
            }
        })
        .collect()
}

#[derive(Debug, Default)]
struct Counts {
    /// Of the types that are asked for.
    frames: u64,
    /// Of other types.
    passed_over: u64,
    garbled: u64,
    unknown: u64,
    /// Of unknown type, which the other built-in dialect knows.
    other_dialect: u64,
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
    other: Option<(&'static str, &'static Tables)>,
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
            self.counts.passed_over += 1;
            return Ok(());
        }
        self.counts.frames += 1;
        self.counts.garbled += u64::from(found.garbled.is_some());
        let is_unknown = self.tables.message(msg_type).is_none();
        self.counts.unknown += u64::from(is_unknown);
        if let Some((_, other)) = self.other.filter(|_| is_unknown) {
            self.counts.other_dialect += u64::from(other.message(msg_type).is_some());
        }
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
            let before = Escaped(&before::shown(found.before)).to_string();
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
