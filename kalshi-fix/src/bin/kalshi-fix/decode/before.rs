//! The text in front of a frame: a log's own words, or the rest of a frame that was cut.

use std::borrow::Cow;

use kalshi_fix::dialect::secret_in;

use super::frames::DELIMITERS;

/// What of it can be shown. Where it looks like fields, its first bytes are the end of a value that is cut in two, which may be a
/// secret; and nothing behind the tag of a secret is shown, whose value may hold delimiters.
pub(super) fn shown(before: &[u8]) -> Cow<'_, [u8]> {
    let before = before.trim_ascii();
    let (cut, secret) = (first_field(before).unwrap_or(0), secret_in(before));
    if cut == 0 && secret.is_none() {
        return Cow::Borrowed(before);
    }
    let mut shown = Vec::new();
    if cut > 0 {
        shown.extend_from_slice(format!("<{cut} bytes>").as_bytes());
    }
    let end = secret.unwrap_or(before.len());
    if let Some(fields) = before.get(cut..end) {
        shown.extend_from_slice(fields);
    }
    if secret.is_some() {
        shown.extend_from_slice(b"<redacted>");
    }
    Cow::Owned(shown)
}

/// Where the first delimiter stands behind which a field begins.
fn first_field(text: &[u8]) -> Option<usize> {
    (0..text.len()).find(|&at| {
        DELIMITERS.iter().any(|delimiter| {
            text[at..].strip_prefix(*delimiter).is_some_and(|field| {
                let digits = field.iter().take_while(|byte| byte.is_ascii_digit()).count();
                digits > 0 && field.get(digits) == Some(&b'=')
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, expected: &str) {
        assert_eq!(
            String::from_utf8_lossy(&shown(before.as_bytes())),
            expected,
            "{before}"
        );
    }

    #[test]
    fn a_log_s_own_words_are_shown() {
        for words in [
            "12:00:01 INFO out:",
            "2026-05-01|INFO|session=A|",
            "a = b, 35=D",
            "8=FIX",
            "",
        ] {
            check(words, words);
        }
        check(" padded \n", "padded");
    }

    #[test]
    fn no_secret_is_shown_of_a_frame_that_is_cut() {
        for delimiter in DELIMITERS {
            let delimiter = std::str::from_utf8(delimiter).expect("text");
            let cut = |text: &str| text.replace('|', delimiter);
            check(
                &cut("00:00.123|98=0|95=14|96=TOPSECRETSIGN=|554=hunter2|10=001|"),
                &cut("<9 bytes>|98=0|95=14|96=<redacted>"),
            );
            check(&cut("hunter2|1137=9|10=001|"), &cut("<7 bytes>|1137=9|10=001|"));
            check(&cut("|554=hunter2|10=001|"), &cut("|554=<redacted>"));
        }
        // However it is written.
        check("INFO 554=hunter2 58=x", "INFO 554=<redacted>");
        check("RawData=SECRET|96=SECRETSIG|", "<14 bytes>|96=<redacted>");
        check("96=SECRET", "96=<redacted>");
    }

    #[test]
    fn wherever_a_logon_is_cut() {
        let logon = "35=A|34=1|95=6|96=SECRET|554=hunter2|925=hunter3|89=SIGNED|10=001|";
        for cut in 0..logon.len() {
            let shown = String::from_utf8_lossy(&shown(&logon.as_bytes()[cut..])).into_owned();
            for secret in ["SECRET", "hunter2", "hunter3", "SIGNED"] {
                for part in 0..secret.len() - 2 {
                    assert!(!shown.contains(&secret[part..part + 3]), "cut at {cut}: {shown}");
                }
            }
        }
    }
}
