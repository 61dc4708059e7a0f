//! A diff as text, and as Markdown for a pull request.

use std::fmt::Write;

use super::{Change, Diff, Impact, Subject};

/// A heading of both forms, and whether a change belongs under it.
type Section = (&'static str, fn(&Change) -> bool);

const SECTIONS: [Section; 4] = [
    ("Numbers that name something else now", |change| {
        change.subject == Subject::TagReuse
    }),
    ("Breaking", |change| is(change, Impact::Breaking)),
    ("Additive", |change| is(change, Impact::Additive)),
    ("Cosmetic", |change| {
        change.impact() <= Impact::Cosmetic && is(change, change.impact())
    }),
];

fn is(change: &Change, impact: Impact) -> bool {
    change.subject != Subject::TagReuse && change.impact() == impact
}

impl Diff {
    /// Plain text: the changes by how grave they are, and the verdict.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.sections(|heading, changes| {
            let _ = writeln!(text, "{heading}:");
            for change in changes {
                let _ = writeln!(
                    text,
                    "  [receive: {:<9}  send: {:<9}]  {change}",
                    change.receive, change.send
                );
            }
            text.push('\n');
        });
        text + &self.verdict() + "\n"
    }

    /// Markdown: the same as tables.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!("**Verdict.** {}\n", self.verdict());
        self.sections(|heading, changes| {
            let _ = write!(
                text,
                "\n### {heading}\n\n| where | what | receiving | sending |\n| --- | --- | --- | --- |\n"
            );
            for change in changes {
                let mut places = format!("`{}`", cell(&change.place));
                for place in &change.also {
                    let _ = write!(places, ", `{}`", cell(place));
                }
                let _ = writeln!(
                    text,
                    "| {places} | {} | {} | {} |",
                    cell(&change.what),
                    change.receive,
                    change.send
                );
            }
        });
        text
    }

    fn sections(&self, mut write: impl FnMut(&str, Vec<&Change>)) {
        for (heading, belongs) in SECTIONS {
            let changes: Vec<&Change> = self.changes.iter().filter(|change| belongs(change)).collect();
            if !changes.is_empty() {
                write(heading, changes);
            }
        }
    }
}

/// What stands in a cell of a table must not end it, nor be read as HTML.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for character in text.chars() {
        match character {
            '|' => cell.push_str("\\|"),
            '<' => cell.push_str("&lt;"),
            '`' => cell.push('\''),
            '\n' | '\r' => cell.push(' '),
            other => cell.push(other),
        }
    }
    cell
}
