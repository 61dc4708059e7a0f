//! Finds the one PEM block that a key is expected in, and names what is found instead.
//!
//! Looser than RFC 7468 where people's files are: text around the blocks, Windows line ends, no line ends at all (a
//! variable in a deployment file). Stricter in that exactly one block is accepted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::error::{KeyError, KeyRole};

/// A block's label and its decoded contents.
pub(super) struct Block {
    pub(super) label: String,
    pub(super) contents: Zeroizing<Vec<u8>>,
}

/// Whether this is the text of a key, or a path that it was joined to: PEM, also on one line, or its base64 alone.
pub(crate) fn is_key_text(text: &str) -> bool {
    if text.contains("-----BEGIN") {
        return true;
    }
    // The DER of a key is a sequence of more than 255 bytes, which base64 begins with these letters.
    let joined = Zeroizing::new(text.replace("\\n", "").replace(char::is_whitespace, ""));
    joined.match_indices("MII").any(|(start, _)| {
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        joined[start..].bytes().take_while(is_base64).count() >= SHORTEST_KEY
    })
}

/// The only block of `text`.
pub(super) fn only_block(text: &str, expected: KeyRole) -> Result<Block, KeyError> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some(span) = next_span(rest)? {
        rest = &rest[span.end..];
        // OpenSSL writes the curve in front of an EC key; the key that follows is what tells the reader anything.
        if span.label != "EC PARAMETERS" {
            spans.push(span);
        }
    }
    match spans.as_slice() {
        [] => Err(not_pem(text, expected)),
        [Span { label, body, .. }] => decode(label, body),
        several => Err(KeyError::SeveralBlocks {
            labels: several
                .iter()
                .take(MAX_LABELS_SHOWN)
                .map(|span| span.label.to_owned())
                .collect(),
        }),
    }
}

/// What stands where a PEM was expected. A path is told as one, and no part of the text is shown.
fn not_pem(text: &str, expected: KeyRole) -> KeyError {
    let text = text.trim();
    let is_line = !text.contains(['\n', '\r']) && text.len() <= LONGEST_PATH;
    let hint = if text.is_empty() {
        Some("there is nothing in it")
    } else if is_key_text(text) {
        Some("its BEGIN and END lines are missing: copy the file whole")
    } else if text.starts_with("ssh-") || text.starts_with("ecdsa-") {
        Some(
            "this is a public key as OpenSSH writes it: `ssh-keygen -e -m PKCS8 -f FILE` converts it, and its private key is another file",
        )
    } else if is_line && (text.contains(['/', '\\']) || PATHS.iter().any(|end| text.ends_with(end))) {
        return KeyError::PathForText;
    } else {
        None
    };
    KeyError::NotPem { expected, hint }
}

/// As [`only_block`]'s error, for bytes that are no text.
pub(super) fn not_text(bytes: &[u8], expected: KeyRole) -> KeyError {
    let hint = match bytes {
        // A sequence of more than 127 bytes.
        [0x30, 0x81..=0x83, ..] => Some(match expected {
            KeyRole::Private => {
                "this may be DER: `openssl pkey -inform der -in FILE -out key.pem` converts it"
            }
            KeyRole::Public => {
                "this may be DER: `openssl pkey -pubin -inform der -in FILE -out key.pub.pem` converts it"
            }
        }),
        _ => Some("it is no text"),
    };
    KeyError::NotPem { expected, hint }
}

struct Span<'t> {
    label: &'t str,
    body: &'t str,
    end: usize,
}

fn next_span(text: &str) -> Result<Option<Span<'_>>, KeyError> {
    let Some(begin) = text.find(BEGIN) else {
        return Ok(None);
    };
    let after = &text[begin + BEGIN.len()..];
    let damaged = |label: &str, problem| KeyError::DamagedPem {
        label: label.to_owned(),
        problem,
    };
    let label_length = after
        .find(DASHES)
        .ok_or_else(|| damaged("", "its BEGIN line has no end"))?;
    let label = &after[..label_length];
    // What is not a label may be part of a key: it must not be repeated in an error.
    let is_label_byte = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ';
    if label.is_empty() || label.len() > MAX_LABEL || !label.bytes().all(is_label_byte) {
        return Err(damaged("", "its BEGIN line has no end"));
    }
    let body = &after[label_length + DASHES.len()..];
    let end = body
        .find("-----END ")
        .ok_or_else(|| damaged(label, "its END line is missing"))?;
    let after_end = &body[end + "-----END ".len()..];
    if !after_end.starts_with(label) || !after_end[label.len()..].starts_with(DASHES) {
        return Err(damaged(label, "its END line names another block or is cut off"));
    }
    let consumed = text.len() - after_end.len() + label.len() + DASHES.len();
    Ok(Some(Span {
        label,
        body: &body[..end],
        end: consumed,
    }))
}

fn decode(label: &str, body: &str) -> Result<Block, KeyError> {
    if body.contains("Proc-Type:") || body.contains("DEK-Info:") {
        return Err(KeyError::Format {
            label: label.to_owned(),
            hint: "it is encrypted in OpenSSL's old way, convert it with `openssl pkcs8 -topk8 -in old.pem -out new.pem`",
        });
    }
    let mut compact = Zeroizing::new(Vec::with_capacity(body.len()));
    compact.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    // Sized ahead, so that no partial copy of a key is left behind by a growing vector.
    let mut contents = Zeroizing::new(Vec::with_capacity(compact.len()));
    STANDARD
        .decode_vec(compact.as_slice(), &mut contents)
        .map_err(|_| KeyError::DamagedPem {
            label: label.to_owned(),
            problem: "it is not base64 between the BEGIN and the END line",
        })?;
    if contents.is_empty() {
        return Err(KeyError::DamagedPem {
            label: label.to_owned(),
            problem: "it is empty",
        });
    }
    Ok(Block {
        label: label.to_owned(),
        contents,
    })
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
const MAX_LABEL: usize = 64;
const MAX_LABELS_SHOWN: usize = 8;
/// How the names of files end that keys are in.
const PATHS: [&str; 4] = [".pem", ".key", ".txt", ".der"];
const LONGEST_PATH: usize = 4096;
/// In base64, of a key or half of one.
const SHORTEST_KEY: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        fn check(text: &str, expected: Result<(&str, &[u8]), &str>) {
            let found = only_block(text, KeyRole::Private);
            let found = found
                .as_ref()
                .map(|b| (b.label.as_str(), b.contents.as_slice()))
                .map_err(ToString::to_string);
            assert_eq!(
                found.as_ref().map(|x| *x).map_err(String::as_str),
                expected,
                "{text:?}"
            );
        }
        check("-----BEGIN X-----\nYWJj\n-----END X-----\n", Ok(("X", b"abc")));
        check(
            "Bag Attributes\r\n-----BEGIN X-----\r\nYW\r\nJj\r\n-----END X-----\r\ntail",
            Ok(("X", b"abc")),
        );
        check("-----BEGIN X-----YWJj-----END X-----", Ok(("X", b"abc")));
        check("-----BEGIN X----- YWJj -----END X-----", Ok(("X", b"abc")));
        check(
            "-----BEGIN EC PARAMETERS-----\nYWJj\n-----END EC PARAMETERS-----\n-----BEGIN X-----\nYWJj\n-----END X-----",
            Ok(("X", b"abc")),
        );
        check(
            "-----BEGIN X-----\nYWJj\n",
            Err("damaged PEM block \"X\": its END line is missing"),
        );
        check(
            "-----BEGIN X-----\nYWJj\n-----END Y-----",
            Err("damaged PEM block \"X\": its END line names another block or is cut off"),
        );
        check(
            "-----BEGIN X-----\nYWJj\n-----END X",
            Err("damaged PEM block \"X\": its END line names another block or is cut off"),
        );
        check(
            "-----BEGIN X-----\nYW_j\n-----END X-----",
            Err("damaged PEM block \"X\": it is not base64 between the BEGIN and the END line"),
        );
        check(
            "-----BEGIN X-----\n-----END X-----",
            Err("damaged PEM block \"X\": it is empty"),
        );
        check(
            "-----BEGIN X",
            Err("damaged PEM block \"\": its BEGIN line has no end"),
        );
        check(
            "-----BEGIN \nsecret-----",
            Err("damaged PEM block \"\": its BEGIN line has no end"),
        );
        check(
            "-----BEGIN X-----\nYWJj\n-----END X-----\n-----BEGIN Y-----\nYWJj\n-----END Y-----",
            Err("2 PEM blocks (X, Y) where exactly one key is expected"),
        );
        check(
            "some words",
            Err("not a PEM: no \"-----BEGIN …-----\" line found; expected an RSA private key in PEM"),
        );
        check(
            " \n",
            Err(
                "not a PEM: no \"-----BEGIN …-----\" line found; expected an RSA private key in PEM; there is nothing in it",
            ),
        );
        check(
            &format!("MII{}", "ab/+".repeat(80)),
            Err(
                "not a PEM: no \"-----BEGIN …-----\" line found; expected an RSA private key in PEM; its BEGIN and END \
                 lines are missing: copy the file whole",
            ),
        );
        check(
            "ssh-rsa AAAAB3NzaC1yc2E= me@here\n",
            Err(
                "not a PEM: no \"-----BEGIN …-----\" line found; expected an RSA private key in PEM; this is a public key \
                 as OpenSSH writes it: `ssh-keygen -e -m PKCS8 -f FILE` converts it, and its private key is another file",
            ),
        );
        for path in ["/home/me/key.pem", "key.pem", "keys\\me", "~/key"] {
            check(
                path,
                Err(
                    "this is the path of a file, where the text of a key belongs; a path goes where a file is expected",
                ),
            );
        }
    }
}
