//! A text of TOML as settings, each with its line.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Place};
use super::value::Raw;

/// A key with its tables, its value, and where it stands.
pub(super) type Assignment = (String, Raw, Place);

/// Takes a text apart. Nothing is known here of what the keys mean.
pub(super) fn assignments(text: &str, path: Option<&Path>) -> Result<Vec<Assignment>, ConfigError> {
    let place = |at: usize| Place::Text {
        path: path.map(Path::to_owned),
        line: text[..at.min(text.len())].matches('\n').count() + 1,
    };
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: place(error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let mut found = Vec::new();
    flatten("", table.get_ref(), &place, &mut found);
    // In the order of the text, so that the first mistake is told first.
    found.sort_by_key(|(_, _, place)| match place {
        Place::Text { line, .. } => *line,
        _ => 0,
    });
    Ok(found)
}

/// The parser bounds how deep tables are within each other.
fn flatten(prefix: &str, table: &DeTable<'_>, place: &impl Fn(usize) -> Place, found: &mut Vec<Assignment>) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(table) => flatten(&format!("{name}."), table, place, found),
            value => found.push((name, raw(value), place(key.span().start))),
        }
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_or(Raw::Other("an integer that is too large"), Raw::Integer)
        }
        DeValue::Array(array) => {
            let texts: Option<Vec<String>> = array
                .iter()
                .map(|each| each.get_ref().as_str().map(str::to_owned))
                .collect();
            texts.map_or(Raw::Other("a list of other things than texts"), Raw::List)
        }
        DeValue::Float(_) => Raw::Other("a number with a point"),
        DeValue::Datetime(_) => Raw::Other("a date or a time of day"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}
