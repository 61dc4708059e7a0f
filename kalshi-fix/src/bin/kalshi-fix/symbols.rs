//! Names of markets that are given on the command line.

use crate::output::Failure;

/// A name that a message can carry, and that no market lacks by mistake: it is neither empty nor several words.
pub(crate) fn checked(symbol: &str) -> Result<&str, Failure> {
    let problem = if symbol.is_empty() {
        "it is empty"
    } else if symbol.contains(' ') {
        "there is a space in it, and several markets are words of their own"
    } else if symbol
        .chars()
        .any(|character| character.is_whitespace() || character.is_control())
    {
        "there is a control character or a line's end in it"
    } else if symbol.contains('|') {
        "there is a | in it"
    } else if !symbol.is_ascii() {
        "there is a character beyond ASCII in it"
    } else if symbol.len() > LONGEST {
        "it is longer than 100 bytes"
    } else {
        return Ok(symbol);
    };
    let shown: String = symbol.chars().take(LONGEST).collect();
    Err(Failure::Usage(format!(
        "{shown:?} is no market's name: {problem}"
    )))
}

/// Longer than any of the venue's.
const LONGEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |symbol: &str, expected: &str| {
            let text = checked(symbol).map_or_else(|failure| failure.to_string(), str::to_owned);
            assert_eq!(text, expected);
        };
        check("HIGHNY-23DEC31", "HIGHNY-23DEC31");
        check("KXNBAGAME-26MAY25NYKCLE-NYK", "KXNBAGAME-26MAY25NYKCLE-NYK");
        check("", "\"\" is no market's name: it is empty");
        check(
            "A B",
            "\"A B\" is no market's name: there is a space in it, and several markets are words of their own",
        );
        for wrong in ["A\u{1}B", "A\n", "A\tB"] {
            check(
                wrong,
                &format!("{wrong:?} is no market's name: there is a control character or a line's end in it"),
            );
        }
        check(
            "MÄRZ",
            "\"MÄRZ\" is no market's name: there is a character beyond ASCII in it",
        );
        check("A|B", "\"A|B\" is no market's name: there is a | in it");
        let long = "X".repeat(101);
        let shown = "X".repeat(100);
        check(
            &long,
            &format!("\"{shown}\" is no market's name: it is longer than 100 bytes"),
        );
    }
}
