//! Words as a shell takes them.

use std::borrow::Cow;

/// A word that can be pasted: as it is, or in quotes where a shell would take it for something else.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |character: char| character.is_alphanumeric() || "_-./:@%+,=".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let check = |word, expected: &str| assert_eq!(quoted(word), expected);
        check("venue/", "venue/");
        check("[::1]:9", "'[::1]:9'");
        check("my venue", "'my venue'");
        check("it's", r"'it'\''s'");
        check("", "''");
        check("a$b", "'a$b'");
    }
}
