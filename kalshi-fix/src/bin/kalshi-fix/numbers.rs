//! Numbers that are given on the command line.

/// A whole number within bounds. What is none, is told the bounds.
pub(crate) fn within<const LEAST: u32, const MOST: u32>(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if (LEAST..=MOST).contains(&number) => Ok(number),
        _ => Err(format!("expected a whole number from {LEAST} to {MOST}")),
    }
}

/// A port.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    let number = within::<1, 65_535>(text)?;
    // It is within the bounds of one.
    u16::try_from(number).map_err(|error| error.to_string())
}

/// Any number that chance can follow from.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
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
