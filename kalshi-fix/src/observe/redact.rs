//! Messages without their secrets.

use fix_dialect::{SOH, fields, is_secret, parse_unsigned};

/// Appends a frame to `out` with its secrets masked: a frame with the same fields, whose BodyLength (9) and CheckSum (10)
/// are right again, so that what reads frames reads this one.
///
/// Signatures and RawData (96) keep their length, which a field before them may announce; passwords do not.
pub(super) fn frame(frame: &[u8], out: &mut Vec<u8>) {
    if !may_hold_a_secret(frame) {
        out.extend_from_slice(frame);
        return;
    }
    let (mut head, mut body) = (Vec::new(), Vec::with_capacity(frame.len()));
    let mut rest = fields(frame);
    for field in rest.by_ref() {
        match field.tag {
            8 if head.is_empty() => write(&mut head, 8, field.value),
            9 | 10 => {}
            tag if !is_masked(tag) => write(&mut body, tag, field.value),
            tag if keeps_its_length(tag) => write(&mut body, tag, &vec![b'*'; field.value.len()]),
            tag => write(&mut body, tag, b"***"),
        }
    }
    if !rest.rest().is_empty() {
        // Not fields to the end: nothing of it is taken for harmless.
        Loose::default().bytes(frame, out);
        return;
    }
    let start = out.len();
    out.extend_from_slice(&head);
    write(out, 9, body.len().to_string().as_bytes());
    out.extend_from_slice(&body);
    let sum = out[start..]
        .iter()
        .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    write(out, 10, format!("{sum:03}").as_bytes());
}

/// Masks what cannot be read as a frame: a run of garbled bytes, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Loose {
    /// The last piece ended within a value that is masked.
    inside: bool,
}

impl Loose {
    /// A frame came between: what follows has nothing to do with what was before.
    pub(super) const fn whole(&mut self) {
        self.inside = false;
    }

    /// Appends these bytes with `|` for SOH. Of the header's fields the values are shown, where they stand between
    /// delimiters; of everything else, how long it is. Behind a secret field nothing is shown: its value may hold
    /// delimiters, and a secret may be cut in two.
    pub(super) fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut hidden = self.inside;
        for (index, piece) in bytes.split(|byte| *byte == SOH).enumerate() {
            if index > 0 {
                out.push(b'|');
            }
            if piece.is_empty() {
                continue;
            }
            let tag = piece
                .iter()
                .position(|byte| *byte == b'=')
                .and_then(|at| parse_unsigned(&piece[..at]));
            let begins = index > 0 || piece.starts_with(b"8=FIX");
            match tag.and_then(|tag| u32::try_from(tag).ok()) {
                Some(tag) if !hidden && begins && SHOWN.contains(&tag) && piece.is_ascii() => {
                    out.extend_from_slice(&piece[..piece.len().min(LONGEST)]);
                }
                tag => {
                    hidden |= tag.is_some_and(is_masked);
                    out.extend_from_slice(format!("<{} bytes>", piece.len()).as_bytes());
                }
            }
        }
        self.inside = hidden;
    }
}

fn write(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    out.extend_from_slice(tag.to_string().as_bytes());
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(SOH);
}

const fn is_masked(tag: u32) -> bool {
    is_secret(tag) || matches!(tag, 91 | 1402 | 1404)
}

/// Fields whose length another field may announce.
const fn keeps_its_length(tag: u32) -> bool {
    matches!(tag, 89 | 91 | 96 | 1402 | 1404)
}

/// Most frames hold none, which one pass over them tells.
fn may_hold_a_secret(frame: &[u8]) -> bool {
    let mut rest = frame;
    while let Some(at) = rest.iter().position(|byte| *byte == SOH) {
        rest = &rest[at + 1..];
        // A tag that begins with 0 is none, and what follows it is not read as fields.
        if rest.starts_with(b"0") || MARKS.iter().any(|mark| rest.starts_with(mark)) {
            return true;
        }
    }
    false
}

/// What is masked, as it stands on the wire.
const MARKS: [&[u8]; 7] = [b"89=", b"91=", b"96=", b"554=", b"925=", b"1402=", b"1404="];
/// The header's fields, and the sum.
const SHOWN: [u32; 12] = [8, 9, 10, 34, 35, 43, 49, 50, 52, 56, 57, 122];
/// A name is no longer.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use fix_dialect::{Framer, Framing};

    use super::*;

    fn bars(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).replace('\x01', "|")
    }

    fn complete(body: &str) -> Vec<u8> {
        let mut bytes = format!("8=FIXT.1.1|9={}|{body}", body.len())
            .replace('|', "\x01")
            .into_bytes();
        let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        bytes.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
        bytes
    }

    #[test]
    fn frames_stay_frames() {
        let check = |body: &str, expected: &str| {
            let mut out = b"before ".to_vec();
            frame(&complete(body), &mut out);
            let shown = &out[7..];
            assert_eq!(
                Framer::default().next(shown),
                Framing::Frame(shown.len()),
                "{}",
                bars(shown)
            );
            assert_eq!(bars(shown), bars(&complete(expected)), "{body}");
        };
        check("35=D|34=2|11=a|", "35=D|34=2|11=a|");
        check("35=A|96=c2ln|108=30|", "35=A|96=****|108=30|");
        check("35=A|95=7|96=a|b10=x|108=30|", "35=A|95=7|96=*******|108=30|");
        check("35=A|554=hunter2|925=hunter3|89=s|", "35=A|554=***|925=***|89=*|");
        check("35=A|91=xx|1402=yyy|1404=z|", "35=A|91=**|1402=***|1404=*|");
    }

    #[test]
    fn what_is_not_fields_to_the_end_shows_little() {
        // The second tag is one that some readers take for 554.
        for body in ["35=A|34=1|554=hunter2|junk|58=x|", "35=A|34=1|0554=hunter2|58=x|"] {
            let mut out = Vec::new();
            frame(&complete(body), &mut out);
            let shown = String::from_utf8(out).unwrap();
            assert!(!shown.contains("hunter2") && !shown.contains('x'), "{shown}");
            assert!(shown.contains("|35=A|34=1|"), "{shown}");
        }
    }

    #[test]
    fn garbled_bytes_show_the_header_alone() {
        let check = |pieces: &[&str], expected: &str| {
            let (mut loose, mut out) = (Loose::default(), Vec::new());
            for piece in pieces {
                loose.bytes(piece.replace('|', "\x01").as_bytes(), &mut out);
                out.push(b'/');
            }
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{pieces:?}");
        };
        check(&["garbage"], "<7 bytes>/");
        check(&["8=FIXT.1.1|9=5|35=D|11=a|"], "8=FIXT.1.1|9=5|35=D|<4 bytes>|/");
        check(
            &["8=FIXT.1.1|35=A|96=a|35=b|34=7|"],
            "8=FIXT.1.1|35=A|<4 bytes>|<4 bytes>|<4 bytes>|/",
        );
        // Cut within a secret, at every place.
        let text = "8=FIXT.1.1|35=A|554=hunter2";
        for cut in 0..text.len() {
            let (mut loose, mut out) = (Loose::default(), Vec::new());
            for piece in [&text[..cut], &text[cut..]] {
                loose.bytes(piece.replace('|', "\x01").as_bytes(), &mut out);
            }
            let shown = String::from_utf8(out).unwrap();
            for start in 0..5 {
                assert!(
                    !shown.contains(&"hunter2"[start..start + 3]),
                    "cut at {cut}: {shown}"
                );
            }
        }
        check(
            &["8=FIXT.1.1|554=hun", "8=FIXter2|35=A|"],
            "8=FIXT.1.1|<7 bytes>/<9 bytes>|<4 bytes>|/",
        );
    }
}
