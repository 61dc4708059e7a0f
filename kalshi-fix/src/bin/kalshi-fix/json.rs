//! JSON, as far as this program writes it.

use std::fmt::Write;

/// Appends a string, quoted and escaped.
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, character) in text.char_indices() {
        let escape = match character {
            '"' | '\\' => true,
            other => other.is_control() || matches!(other, '\u{2028}' | '\u{2029}'),
        };
        if !escape {
            continue;
        }
        out.push_str(&text[plain..at]);
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            other => {
                let _ = write!(out, "\\u{:04x}", u32::from(other));
            }
        }
        plain = at + character.len_utf8();
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// Appends `"name":`, behind a comma where something stands in front.
pub(crate) fn key(out: &mut String, name: &str) {
    if !out.ends_with(['{', '[']) {
        out.push(',');
    }
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
}

/// Appends a member with a string.
pub(crate) fn text(out: &mut String, name: &str, value: &str) {
    key(out, name);
    string(out, value);
}

/// Appends a member with a number or a truth value.
pub(crate) fn plain(out: &mut String, name: &str, value: impl std::fmt::Display) {
    key(out, name);
    let _ = write!(out, "{value}");
}

/// Appends a member with a list of strings.
pub(crate) fn texts<'t>(out: &mut String, name: &str, values: impl IntoIterator<Item = &'t str>) {
    key(out, name);
    out.push('[');
    for value in values {
        if !out.ends_with('[') {
            out.push(',');
        }
        string(out, value);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        for (text, expected) in [
            ("", r#""""#),
            ("plain", r#""plain""#),
            ("a\"b\\c\nd", r#""a\"b\\c\nd""#),
            ("\u{1}é\u{7f}", r#""\u0001é\u007f""#),
        ] {
            let mut out = String::new();
            string(&mut out, text);
            assert_eq!(out, expected);
        }
    }
}
