//! Numbers that are given on the command line.

/// A whole number within bounds. What is none, is told the bounds.
pub(crate) fn within<const LEAST: u32, const MOST: u32>(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if (LEAST..=MOST).contains(&number) => Ok(number),
        _ => Err(format!("expected a whole number from {LEAST} to {MOST}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        let check = |text, expected: Option<u32>| assert_eq!(within::<1, 300>(text).ok(), expected, "{text}");
        check("1", Some(1));
        check("300", Some(300));
        for wrong in ["0", "301", "-1", "1.5", "ten", "", "99999999999999999999"] {
            check(wrong, None);
        }
        let text = within::<1, 300>("0").unwrap_err();
        assert_eq!(text, "expected a whole number from 1 to 300");
    }
}
