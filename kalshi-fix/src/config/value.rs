//! Values as they are written down, and what they can be read as.

use std::time::Duration;

/// A value of a setting, as its source has it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    not(feature = "config"),
    expect(
        dead_code,
        reason = "without files, only texts of variables and of code come in"
    )
)]
pub(super) enum Raw {
    /// A text, of which nothing says what it is: a variable's, or one given in code.
    Plain(String),
    /// A text of TOML.
    Text(String),
    /// A boolean of TOML.
    Flag(bool),
    /// An integer of TOML.
    Integer(i64),
    /// An array of texts of TOML.
    List(Vec<String>),
    /// Anything else of TOML, by the name of its type.
    Other(&'static str),
}

/// What was expected, in words.
pub(super) type Expected = String;

impl Raw {
    /// What is there, for an error. Long texts are cut.
    pub(super) fn shown(&self) -> String {
        match self {
            Raw::Plain(text) | Raw::Text(text) if text.chars().count() > MOST_SHOWN => {
                format!(
                    "{:?} and so on",
                    text.chars().take(MOST_SHOWN).collect::<String>()
                )
            }
            Raw::Plain(text) | Raw::Text(text) => format!("{text:?}"),
            Raw::Flag(flag) => flag.to_string(),
            Raw::Integer(number) => number.to_string(),
            Raw::List(list) => format!("a list of {}", list.len()),
            Raw::Other(name) => (*name).to_owned(),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, Expected> {
        match self {
            Raw::Flag(flag) => Ok(*flag),
            Raw::Plain(text) if text == "true" => Ok(true),
            Raw::Plain(text) if text == "false" => Ok(false),
            _ => Err("true or false".to_owned()),
        }
    }

    pub(super) fn text(&self) -> Result<&str, Expected> {
        match self {
            Raw::Plain(text) | Raw::Text(text) if !text.is_empty() => Ok(text),
            _ => Err("a text in quotes".to_owned()),
        }
    }

    /// A list; of a text without a type, what is between commas.
    pub(super) fn list(&self) -> Result<Vec<String>, Expected> {
        match self {
            Raw::List(list) => Ok(list.clone()),
            Raw::Plain(text) => Ok(text
                .split(',')
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect()),
            _ => Err("a list of texts".to_owned()),
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn number(&self, least: u64, most: u64) -> Result<u64, Expected> {
        let number = match self {
            Raw::Integer(number) => u64::try_from(*number).ok(),
            Raw::Plain(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| match most {
                u64::MAX => format!("a whole number of at least {least}"),
                most => format!("a whole number from {least} to {most}"),
            })
    }

    /// A time with its unit: `500ms`, `30s`, `5m`, `24h`.
    pub(super) fn duration(&self) -> Result<Duration, Expected> {
        let text = self.text().ok();
        text.and_then(duration)
            .ok_or_else(|| "a time with its unit, such as \"500ms\", \"30s\", \"5m\" or \"24h\"".to_owned())
    }

    /// A time with its unit that is not zero.
    pub(super) fn positive_duration(&self) -> Result<Duration, Expected> {
        let time = self.duration().ok().filter(|time| !time.is_zero());
        time.ok_or_else(|| {
            "a time above zero with its unit, such as \"500ms\", \"30s\", \"5m\" or \"24h\"".to_owned()
        })
    }

    /// One of these words, or what is made of it.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Expected> {
        let found = self.text().ok().and_then(|text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value)
        });
        found.ok_or_else(|| one_of(words.iter().map(|(word, _)| *word)))
    }
}

fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> Expected {
    let words: Vec<String> = words.map(|word| format!("{word:?}")).collect();
    format!("one of {}", words.join(", "))
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        "h" => Duration::from_secs(number.checked_mul(3600)?),
        _ => return None,
    })
}

/// The known word that is nearest to a misspelt one, if one is near enough.
pub(super) fn nearest(word: &str, known: impl Iterator<Item = impl Into<String>>) -> Option<String> {
    if word.len() > MOST_COMPARED {
        return None;
    }
    let known: Vec<String> = known.map(Into::into).collect();
    let near = known.iter().map(|known| (distance(word, known), known));
    let (distance, nearest) = near.min()?;
    if distance <= nearest.len().div_ceil(4).max(1) {
        return Some(nearest.clone());
    }
    // The right name in the wrong table.
    let last = |name: &String| name.rsplit('.').next() == word.rsplit('.').next();
    known.iter().find(|known| last(known)).cloned()
}

/// How many letters have to be changed, left out or put in (Levenshtein).
pub(super) fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (done, one) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], done + 1);
        for (at, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(one != *other);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

const MOST_SHOWN: usize = 60;
const MOST_COMPARED: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let check = |text: &str, expected: Option<Duration>| {
            assert_eq!(Raw::Text(text.to_owned()).duration().ok(), expected, "{text}");
        };
        check("500ms", Some(Duration::from_millis(500)));
        check("30s", Some(Duration::from_secs(30)));
        check("5m", Some(Duration::from_mins(5)));
        check("24h", Some(Duration::from_hours(24)));
        for wrong in [
            "",
            "30",
            "s",
            "-1s",
            "1.5s",
            "1 s",
            "30S",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn misspelt_words() {
        let check = |word: &str, expected: Option<&str>| {
            let known = [
                "heartbeat",
                "hosts.NR",
                "hosts.RT",
                "logon.use_dollars",
                "tls.pins",
            ];
            assert_eq!(nearest(word, known.into_iter()).as_deref(), expected, "{word}");
        };
        check("hartbeat", Some("heartbeat"));
        check("logon.usedolars", Some("logon.use_dollars"));
        check("hosts.NRX", Some("hosts.NR"));
        check("tls.pin", Some("tls.pins"));
        check("colour", None);
        check(&"x".repeat(10_000), None);
    }

    #[test]
    fn numbers_and_flags() {
        let plain = |text: &str| Raw::Plain(text.to_owned());
        assert_eq!(plain("7").number(0, 9), Ok(7));
        assert_eq!(Raw::Integer(7).number(0, 9), Ok(7));
        for wrong in [
            plain("+7"),
            plain("10"),
            plain(""),
            Raw::Integer(-1),
            Raw::Text("7".to_owned()),
        ] {
            assert_eq!(
                wrong.number(0, 9),
                Err("a whole number from 0 to 9".to_owned()),
                "{wrong:?}"
            );
        }
        assert_eq!(plain("true").flag(), Ok(true));
        // TOML has booleans of its own: a text is not one.
        assert!(Raw::Text("true".to_owned()).flag().is_err());
        assert!(plain("yes").flag().is_err());
        assert_eq!(plain("a, b,,").list(), Ok(vec!["a".to_owned(), "b".to_owned()]));
    }
}
