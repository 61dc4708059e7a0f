//! What to say of an input in which no frame is, and what it may be instead.

use kalshi_fix::dialect::Escaped;

use super::frames::Seen;
use super::input::STANDARD;

/// That there is no frame, what one looks like, and what this input looks like.
pub(super) fn told(name: &str, seen: &Seen) -> String {
    let bytes = match seen.bytes {
        1 => "1 byte".to_owned(),
        many => format!("{many} bytes"),
    };
    let mut text = format!("{name}: no FIX frame in {bytes}\n  {LOOKS_LIKE}");
    if let Some(hint) = hint(seen) {
        text.push_str("\n  ");
        text.push_str(&hint.replace("INPUT", if name == STANDARD { "FILE" } else { name }));
    }
    text
}

/// What the input may be, and what to do then.
fn hint(seen: &Seen) -> Option<String> {
    let head = &seen.head[..];
    let has = |wanted: &[u8]| head.windows(wanted.len()).any(|bytes| bytes == wanted);
    if let Some((_, hint)) = BEGINNINGS.iter().find(|(begin, _)| head.starts_with(begin)) {
        return Some((*hint).to_owned());
    }
    if has(b"8\0=\0F\0I\0X\0") || has(b"\08\0=\0F\0I\0X") {
        return Some(UTF_16.to_owned());
    }
    if seen.no_frames > 0 {
        return Some(format!(
            "\"{}\" begins like one, but no separator with 9= (BodyLength) behind it follows",
            Escaped(&seen.no_frame)
        ));
    }
    if has(b"383D464958") || has(b"383d464958") {
        return Some("it is in hexadecimal: xxd -r -p INPUT | kalshi-fix decode".to_owned());
    }
    // 8=FIX in Base64, wherever it begins within three bytes.
    if [&b"OD1GSV"[..], b"g9Rkl", b"4PUZJW"].iter().any(|mark| has(mark)) {
        return Some("it is in Base64: base64 -d INPUT | kalshi-fix decode".to_owned());
    }
    let is_field = |at: usize| at == 0 || !head[at - 1].is_ascii_digit();
    let type_of_message = head.windows(3).position(|bytes| bytes == b"35=");
    if type_of_message.is_some_and(is_field) {
        return Some(
            "there is a MsgType (35=), but no BeginString: were the first fields, 8= and 9=, left out when it was written?"
                .to_owned(),
        );
    }
    None
}

const LOOKS_LIKE: &str = "a frame looks like 8=FIXT.1.1|9=5|35=0|10=241|\n  \
                          with SOH (byte 1) where | is, or as logs show it: | ^A <SOH> \\x01 \\u0001 \\001 \u{2401}";

const UTF_16: &str = "it is UTF-16: iconv -f UTF-16 -t UTF-8 INPUT | kalshi-fix decode";

/// How files begin that hold frames only for other programs, and what to do with each.
const BEGINNINGS: [(&[u8], &str); 12] = [
    (
        b"\x1f\x8b",
        "it is compressed: gzip -dc INPUT | kalshi-fix decode",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "it is compressed: zstd -dc INPUT | kalshi-fix decode",
    ),
    (
        b"\xfd7zXZ\0",
        "it is compressed: xz -dc INPUT | kalshi-fix decode",
    ),
    (b"BZh", "it is compressed: bzip2 -dc INPUT | kalshi-fix decode"),
    (
        b"PK\x03\x04",
        "it is a zip archive: unzip -p INPUT | kalshi-fix decode",
    ),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (b"\xd4\xc3\xb2\xa1", CAPTURE),
    (b"\xa1\xb2\xc3\xd4", CAPTURE),
    (b"\x0a\x0d\x0d\x0a", CAPTURE),
    (b"<?xml", DICTIONARY),
    (b"<fix", DICTIONARY),
];

const CAPTURE: &str = "it is a capture of packets: what went over TLS cannot be read from it; decode the message log of the program";

const DICTIONARY: &str = "is it a dictionary? kalshi-fix dictionary check INPUT";

#[cfg(test)]
mod tests {
    use super::super::frames::Frames;
    use super::*;

    fn check(input: &[u8], expected: &str) {
        let mut frames = Frames::new();
        let mut rest = input;
        while frames.fill(&mut rest).expect("a slice can be read") > 0 {}
        assert!(frames.next(true).is_none(), "{}", Escaped(input));
        let told = told("my.log", frames.seen());
        let (first, hint) = told.split_once(LOOKS_LIKE).expect("what a frame looks like");
        assert!(first.starts_with(&format!("my.log: no FIX frame in {} byte", input.len())));
        assert_eq!(hint.trim_start(), expected, "{}", Escaped(input));
    }

    #[test]
    fn the_usual_causes_are_told() {
        check(b"x", "");
        check(b"nothing of the kind\n", "");
        check(
            b"\x1f\x8b\x08\x08",
            "it is compressed: gzip -dc my.log | kalshi-fix decode",
        );
        check(
            b"PK\x03\x04\x14",
            "it is a zip archive: unzip -p my.log | kalshi-fix decode",
        );
        let utf_16 = "it is UTF-16: iconv -f UTF-16 -t UTF-8 my.log | kalshi-fix decode";
        check(b"\xff\xfe8\0=\0F\0I\0X\0", utf_16);
        check(b"8\0=\0F\0I\0X\0T\0", utf_16);
        check(b"\08\0=\0F\0I\0X\0T", utf_16);
        let cut = |begin: &str| {
            format!("\"{begin}\" begins like one, but no separator with 9= (BodyLength) behind it follows")
        };
        check(
            b"at 8=FIXT.1.1;9=5;35=0;10=241;\n",
            &cut("8=FIXT.1.1;9=5;35=0;10=2"),
        );
        check(b"8=FIXT.1.1|\nmore", &cut("8=FIXT.1.1|"));
        check(
            b"383D464958542E312E31",
            "it is in hexadecimal: xxd -r -p my.log | kalshi-fix decode",
        );
        // 8=FIXT.1.1 behind none, one and two other bytes.
        for text in [&b"OD1GSVhULjEuMQ=="[..], b"eDg9RklYVC4xLjE=", b"eHg4PUZJWFQuMS4x"] {
            check(text, "it is in Base64: base64 -d my.log | kalshi-fix decode");
        }
        check(
            b"35=0|10=241|",
            "there is a MsgType (35=), but no BeginString: were the first fields, 8= and 9=, left out when it was written?",
        );
        check(b"135=0|", "");
        check(
            b"<fix major='4'>",
            "is it a dictionary? kalshi-fix dictionary check my.log",
        );
    }
}
