//! What the tour prints: steps, frames as fields with names, and books.

use std::fmt::{Display, Write as _};
use std::io::Write;

use kalshi_fix::dialect::tables::Tables;
use kalshi_fix::dialect::{self as frame, Decimal, FieldPart, FieldType, PartWalker, Place, fields};

use crate::book::Book;
use crate::step::Step;

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Sent,
    Received,
}

/// Where the tour is shown.
pub(crate) struct Screen {
    out: Box<dyn Write + Send>,
    walker: PartWalker,
    coloured: bool,
    pub(crate) frames: usize,
}

/// A field as it is shown.
struct Cell {
    tag: u32,
    name: String,
    value: String,
}

/// A part of a frame: fields by themselves, or the entries of a group.
enum Part {
    Fields(Vec<Cell>),
    Entries(Vec<Vec<Cell>>),
}

impl Screen {
    pub(crate) fn new(tables: &'static Tables, out: Box<dyn Write + Send>, coloured: bool) -> Screen {
        Screen {
            out,
            walker: PartWalker::new(tables),
            coloured,
            frames: 0,
        }
    }

    pub(crate) fn step(&mut self, step: Step) {
        let number = Step::ALL
            .iter()
            .position(|other| *other == step)
            .map_or(0, |at| at + 1);
        self.heading(&format!("{number:>2}  {:<12}  {}", step.name(), step.title()));
    }

    pub(crate) fn heading(&mut self, text: &str) {
        let text = self.paint(BOLD, text);
        self.line(&format!("\n{text}"));
    }

    pub(crate) fn note(&mut self, name: &str, value: impl Display) {
        let name = self.paint(DIM, &format!("{name:<12}"));
        self.line(&format!("      {name}  {value}"));
    }

    /// Says that a message went which cannot be shown.
    pub(crate) fn unseen(&mut self, direction: Direction, name: &str, about: &str) {
        let (arrow, colour) = direction.arrow();
        let heading = self.paint(colour, &format!("{arrow} {name}"));
        let about = self.paint(DIM, about);
        self.line(&format!("    {heading}  {about}"));
    }

    /// Shows a frame: a line with what its header says, then its fields, and the entries of groups as tables.
    pub(crate) fn frame(&mut self, direction: Direction, session: &str, frame: &[u8]) {
        self.frames += 1;
        let header = |tag| {
            let found = fields(frame).find(|field| field.tag == tag);
            found
                .map(|field| String::from_utf8_lossy(field.value).into_owned())
                .unwrap_or_default()
        };
        let msg_type = header(35);
        let (name, parts) = self.parts(frame);
        self.unseen(
            direction,
            name,
            &format!("{msg_type} on {session}, MsgSeqNum {}", header(34)),
        );
        self.show(&parts);
    }

    /// Bids and offers side by side, best first.
    pub(crate) fn book(&mut self, book: &Book) {
        let heading = self.paint(
            DIM,
            &format!("{:>10}  {:>8}   {:<8}  size", "size", "bid", "offer"),
        );
        self.line(&format!("      {heading}"));
        let show = |level: Option<(Decimal, Decimal)>| {
            level.map_or_else(<(String, String)>::default, |(price, size)| {
                (price.to_string(), size.to_string())
            })
        };
        let (mut bids, mut offers) = (book.bids(), book.offers());
        loop {
            let (bid, offer) = (bids.next(), offers.next());
            if bid.is_none() && offer.is_none() {
                return;
            }
            let ((bid, bid_size), (offer, offer_size)) = (show(bid), show(offer));
            let bid = self.paint(GREEN, &format!("{bid:>8}"));
            let offer = self.paint(RED, &format!("{offer:<8}"));
            self.line(&format!("      {bid_size:>10}  {bid} │ {offer}  {offer_size}"));
        }
    }

    fn line(&mut self, text: &str) {
        // A reader that has seen enough (`| head`) is no reason to fail.
        let _ = writeln!(self.out, "{}", text.trim_end());
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.coloured {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// The name of a frame's message, and its body. (`Printer` prints a field a line; a tour has less room.)
    fn parts(&mut self, frame: &[u8]) -> (&'static str, Vec<Part>) {
        let mut name = "a message of an unknown type";
        let mut parts = vec![Part::Fields(Vec::new())];
        self.walker.walk(frame, &mut |part| match part {
            frame::Part::Message {
                table: Some(table), ..
            } => name = table.name,
            frame::Part::Entry { depth: 1, .. } => match parts.last_mut() {
                Some(Part::Entries(entries)) => entries.push(Vec::new()),
                _ => parts.push(Part::Entries(vec![Vec::new()])),
            },
            frame::Part::Field(field) if field.place == Place::Body => {
                let cell = Cell::new(&field);
                match parts.last_mut() {
                    Some(Part::Entries(entries)) if field.depth > 0 => {
                        if let Some(entry) = entries.last_mut() {
                            entry.push(cell);
                        }
                    }
                    Some(Part::Fields(cells)) => cells.push(cell),
                    _ => parts.push(Part::Fields(vec![cell])),
                }
                // Each group is a table of its own.
                if field.group.is_some() && field.depth == 0 {
                    parts.push(Part::Entries(Vec::new()));
                }
            }
            _ => {}
        });
        (name, parts)
    }

    /// Fields in two columns, which are the same through the whole frame; groups as tables.
    fn show(&mut self, parts: &[Part]) {
        let pairs = parts.iter().flat_map(|part| match part {
            Part::Fields(cells) => cells.chunks(2),
            Part::Entries(_) => [].chunks(2),
        });
        let mut widths = [0; 3];
        for pair in pairs {
            if let [first, rest @ ..] = pair {
                let second = rest.first().map_or(0, |cell| cell.name.len());
                let found = [first.name.len(), first.value.len(), second];
                widths = std::array::from_fn(|at| widths[at].max(found[at]));
            }
        }
        let [name, value, second_name] = widths;
        for part in parts {
            match part {
                Part::Fields(cells) => {
                    for pair in cells.chunks(2) {
                        let mut row = String::from("      ");
                        for (cell, name) in pair.iter().zip([name, second_name]) {
                            row.push_str(&self.paint(DIM, &format!("{:<name$}", cell.name)));
                            let _ = write!(row, "  {:<value$}   ", cell.value);
                        }
                        self.line(&row);
                    }
                }
                Part::Entries(entries) => self.table(entries),
            }
        }
    }

    /// Entries of a group, a row each, under the names of their fields.
    fn table(&mut self, entries: &[Vec<Cell>]) {
        let mut columns: Vec<(u32, String, usize)> = Vec::new();
        for cell in entries.iter().flatten() {
            match columns.iter_mut().find(|(tag, ..)| *tag == cell.tag) {
                Some((_, _, width)) => *width = cell.value.len().max(*width),
                None => columns.push((cell.tag, cell.name.clone(), cell.name.len().max(cell.value.len()))),
            }
        }
        let row = |text: &dyn Fn(u32, &str) -> String| {
            columns
                .iter()
                .fold(String::from("          "), |mut row, (tag, name, width)| {
                    let _ = write!(row, "{:<width$}  ", text(*tag, name));
                    row
                })
        };
        let heading = row(&|_, name| name.to_owned());
        let heading = self.paint(DIM, heading.trim_end());
        let rows: Vec<String> = entries
            .iter()
            .map(|entry| {
                let value = |tag| {
                    entry
                        .iter()
                        .find(|cell| cell.tag == tag)
                        .map(|cell| cell.value.clone())
                };
                row(&|tag, _| value(tag).unwrap_or_default())
            })
            .collect();
        self.line(&heading);
        for row in rows {
            self.line(&row);
        }
    }
}

impl Cell {
    fn new(field: &FieldPart<'_>) -> Cell {
        let value = String::from_utf8_lossy(field.value).into_owned();
        let value = match field.value_name() {
            _ if field.is_secret() => "(secret)".to_owned(),
            Some(name) if name.contains(|letter: char| letter.is_ascii_digit()) => name.to_owned(),
            Some(name) => name.to_lowercase().replace('_', " "),
            None if field
                .table
                .is_some_and(|table| table.field_type == FieldType::Boolean) =>
            {
                if value == "Y" { "yes" } else { "no" }.to_owned()
            }
            None => value,
        };
        Cell {
            tag: field.tag,
            name: field
                .table
                .map_or_else(|| field.tag.to_string(), |table| table.name.to_owned()),
            value,
        }
    }
}

impl Direction {
    const fn arrow(self) -> (&'static str, &'static str) {
        match self {
            Direction::Sent => ("──▶", CYAN),
            Direction::Received => ("◀──", GREEN),
        }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const CYAN: &str = "36";
