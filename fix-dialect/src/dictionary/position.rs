//! Where in its file a dictionary says something.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// A place in a dictionary file: of an element, or of an attribute's value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// Where a dictionary is made of several files: the number of this one among them, and its name.
    file: Option<File>,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The first character of a file.
    pub const START: Position = Position::new(1, 1);

    /// A place in the only file.
    #[must_use]
    pub const fn new(line: u32, column: u32) -> Position {
        Position {
            file: None,
            line,
            column,
        }
    }

    /// The file, where a dictionary is made of several.
    #[must_use]
    pub fn file(self) -> Option<&'static str> {
        self.file.map(|(_, name)| name)
    }

    /// `file:line:column`, where `path` is the file of a dictionary that is made of one.
    #[must_use]
    pub fn within(self, path: &str) -> String {
        match self.file {
            Some(_) => self.to_string(),
            None => format!("{path}:{self}"),
        }
    }

    pub(super) const fn of(self, file: Option<File>) -> Position {
        Position { file, ..self }
    }

    pub(super) fn same_file(self, other: Position) -> bool {
        self.file == other.file
    }
}

/// One of several files: its number among them, and its name.
pub(super) type File = (u8, &'static str);

/// The name of a file, kept as long as the program runs: a position is copied too often to own it.
pub(super) fn intern(file: &str) -> &'static str {
    static FILES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = files.iter().find(|known| **known == file) {
        return known;
    }
    let file: &'static str = Box::leak(file.into());
    files.push(file);
    file
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, file)) = self.file {
            write!(formatter, "{file}:")?;
        }
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// Turns byte offsets of a source into positions, in about the same time for a source that is one long line.
#[derive(Debug)]
pub(super) struct Lines<'s> {
    source: &'s str,
    file: Option<File>,
    /// The byte offset of the first character of each line.
    starts: Vec<usize>,
    /// The number of characters in front of each block of bytes.
    characters: Vec<u32>,
}

/// The number of bytes for which characters are counted once.
const BLOCK: usize = 256;

impl<'s> Lines<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Lines::of(source, None)
    }

    /// The lines of one of several files.
    pub(super) fn of(source: &'s str, file: Option<File>) -> Self {
        let breaks = source
            .bytes()
            .enumerate()
            .filter(|&(_, byte)| byte == b'\n')
            .map(|(offset, _)| offset + 1);
        let mut total = 0;
        let blocks = source.as_bytes().chunks(BLOCK).map(|block| {
            total += count_characters(block);
            total
        });
        Lines {
            source,
            file,
            starts: std::iter::once(0).chain(breaks).collect(),
            characters: std::iter::once(0).chain(blocks).collect(),
        }
    }

    /// The position of the character at byte `offset`; the end of the source for any offset behind it.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.source.len());
        let line = self.starts.partition_point(|&start| start <= offset) - 1;
        let column = self.characters_before(offset) - self.characters_before(self.starts[line]);
        Position::new(line as u32 + 1, column + 1).of(self.file)
    }

    fn characters_before(&self, offset: usize) -> u32 {
        let block = offset / BLOCK;
        self.characters[block] + count_characters(&self.source.as_bytes()[block * BLOCK..offset])
    }
}

/// How many characters start in a piece of UTF-8.
fn count_characters(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let lines = Lines::new("ab\nçd\n\nx");
        let check = |offset, line, column| {
            assert_eq!(
                lines.position(offset),
                Position::new(line, column),
                "offset {offset}"
            );
        };
        check(0, 1, 1);
        check(2, 1, 3);
        check(3, 2, 1);
        check(5, 2, 2);
        check(7, 3, 1);
        check(8, 4, 1);
        check(9, 4, 2);
        check(100, 4, 2);
    }

    #[test]
    fn columns_are_right_in_long_lines() {
        let source = "é".repeat(1000);
        let lines = Lines::new(&source);
        for column in [0, 1, 127, 128, 129, 999, 1000] {
            assert_eq!(lines.position(column * 2).column as usize, column + 1);
        }
    }
}
