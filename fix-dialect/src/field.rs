//! Fields of a frame in wire order, found one after another.

use std::fmt;

use crate::number::parse_unsigned;
use crate::tables::Tables;
use crate::{SOH, Text};

/// One field as it stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The tag number.
    pub tag: u32,
    /// The bytes between `=` and the delimiter.
    pub value: &'a [u8],
}

impl fmt::Debug for Field<'_> {
    /// `tag=value`; the values of secret fields are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.tag, Shown(*self))
    }
}

/// A field's value for a human's eyes: lossy, and hidden when it is secret.
pub(crate) struct Shown<'a>(pub(crate) Field<'a>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_secret(self.0.tag) {
            f.pad("<redacted>")
        } else {
            Text::from_bytes(self.0.value).fmt(f)
        }
    }
}

/// Whether a field's value must never be shown: Signature (89), RawData (96), Password (554), NewPassword (925).
#[must_use]
pub const fn is_secret(tag: u32) -> bool {
    matches!(tag, 89 | 96 | 554 | 925)
}

/// Where the first secret value begins in bytes that hold fields without being a frame, such as the rest of one that was cut:
/// behind the tag and its `=`, whatever delimits the fields (SOH, or what logs show for it). None of what follows is to be
/// shown, since the value may hold delimiters. A tag counts with zeros in front too.
///
/// ```
/// assert_eq!(fix_dialect::secret_in(b"98=0|554=hunter2|"), Some(9));
/// assert_eq!(fix_dialect::secret_in(b"98=0|1554=x|"), None);
/// ```
#[must_use]
pub fn secret_in(bytes: &[u8]) -> Option<usize> {
    let equals = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'=');
    equals.map(|(at, _)| at).find_map(|at| {
        let front = &bytes[..at];
        let digits = front
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (words, digits) = front.split_at(at - digits);
        // SOH as logs show it ends in digits itself.
        let written = [(&b"\\x"[..], &b"01"[..]), (b"\\u", b"0001"), (b"\\", b"001")];
        let written = written.into_iter().find(|(begin, _)| words.ends_with(begin));
        let tag = written
            .and_then(|(_, soh)| digits.strip_prefix(soh))
            .unwrap_or(digits);
        let tag = std::str::from_utf8(tag).ok()?.trim_start_matches('0');
        tag.parse().is_ok_and(is_secret).then_some(at + 1)
    })
}

/// The DATA field whose length `tag` announces, in standard FIX.
#[must_use]
pub const fn data_field(tag: u32) -> Option<u32> {
    Some(match tag {
        90 => 91,
        93 => 89,
        95 => 96,
        212 => 213,
        348 => 349,
        350 => 351,
        352 => 353,
        354 => 355,
        356 => 357,
        358 => 359,
        360 => 361,
        362 => 363,
        364 => 365,
        445 => 446,
        618 => 619,
        621 => 622,
        1184 => 1185,
        1277 => 1278,
        1280 => 1281,
        1282 => 1283,
        1397 => 1398,
        1468 => 1469,
        1401 => 1402,
        1403 => 1404,
        1525 => 1527,
        _ => return None,
    })
}

/// The fields of `frame` from its start, one after another, without an index: for short messages and for tools.
///
/// A DATA field is cut by its length field where that is right, and by the delimiter where it is not. The iterator
/// ends at the first bytes that are no `tag=value` with a delimiter.
#[must_use]
pub const fn fields(frame: &[u8]) -> Fields<'_> {
    Fields {
        rest: frame,
        number: None,
        lengths: Lengths::Standard,
    }
}

/// As [`fields`], where these tables also say which fields are DATA, and which tell their length.
#[must_use]
pub const fn fields_by<'a>(frame: &'a [u8], tables: &'a Tables) -> Fields<'a> {
    Fields {
        rest: frame,
        number: None,
        lengths: Lengths::Tables(tables),
    }
}

/// As [`fields`], where any number may be the length of the field behind it: of a message that no tables know, this tells
/// whether it can be a sequence of fields at all.
pub(crate) const fn fields_at_most(frame: &[u8]) -> Fields<'_> {
    Fields {
        rest: frame,
        number: None,
        lengths: Lengths::Any,
    }
}

/// See [`fields`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
    /// The last field, where its value may be the length of the next.
    number: Option<(u32, usize)>,
    lengths: Lengths<'a>,
}

/// Which fields tell the length of the one behind them.
#[derive(Debug, Clone, Copy)]
enum Lengths<'a> {
    /// Those of standard FIX.
    Standard,
    /// Those, and the ones of these tables.
    Tables(&'a Tables),
    /// Any.
    Any,
}

impl Lengths<'_> {
    /// Whether `length` tells the number of bytes of `data`.
    fn pair(self, length: u32, data: u32) -> bool {
        data_field(length) == Some(data)
            || match self {
                Lengths::Standard => false,
                Lengths::Tables(tables) => tables
                    .field(data)
                    .is_some_and(|field| field.length_tag == Some(length)),
                Lengths::Any => true,
            }
    }
}

impl<'a> Fields<'a> {
    /// The bytes not yet iterated.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        let (tag, value) = split_tag(self.rest)?;
        let end = value.iter().position(|&byte| byte == SOH);
        let length = match self.number.take() {
            // The pair is looked up only where it makes a difference.
            Some((before, length))
                if end.is_none_or(|end| end < length)
                    && value.get(length) == Some(&SOH)
                    && self.lengths.pair(before, tag) =>
            {
                length
            }
            _ => end?,
        };
        let (value, rest) = value.split_at(length);
        self.rest = &rest[1..];
        if let [b'0'..=b'9', ..] = value {
            self.number = parse_unsigned(value).and_then(|length| Some((tag, usize::try_from(length).ok()?)));
        }
        Some(Field { tag, value })
    }
}

/// The tag at the front of `bytes`, and what stands behind its `=`.
///
/// One to seven digits that do not begin with 0: tags above that exist in no dictionary.
#[inline]
pub(crate) fn split_tag(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut tag = 0_u32;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' if at < 7 => tag = tag * 10 + u32::from(byte - b'0'),
            b'=' if at > 0 && bytes[0] != b'0' => return Some((tag, &bytes[at + 1..])),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let bytes = text.replace('|', "\x01").into_bytes();
        let shown: Vec<String> = fields(&bytes).map(|field| format!("{field:?}")).collect();
        assert_eq!(shown.join(" ").replace('\x01', "|"), expected, "{text}");
    }

    #[test]
    fn any_number_may_be_a_length_where_nothing_is_known() {
        let frame = b"20030=3\x0120031=a\x01b\x0158=x\x01";
        assert_eq!(fields(frame).count(), 2, "the rest is no field");
        assert_eq!(fields_at_most(frame).count(), 3);
        assert_eq!(
            fields_at_most(b"1=1\x012=a\x01b\x01").count(),
            2,
            "one byte, and not three"
        );
    }

    #[test]
    fn secrets_are_found_in_anything() {
        let check = |text: &str, shown: Option<&str>| {
            let found = secret_in(text.as_bytes()).map(|at| &text[..at]);
            assert_eq!(found, shown, "{text:?}");
        };
        for delimiter in [
            "\x01", "|", "^A", "<SOH>", "\\x01", "\\u0001", "\\001", "\u{2401}", " ", "", "\n",
        ] {
            for tag in ["89", "96", "554", "925", "0554"] {
                let text = format!("oops{delimiter}{tag}=hush");
                check(&text, text.strip_suffix("hush"));
            }
            check(&format!("96{delimiter}1554=x"), None);
        }
        check("58=a|554=b|96=c", Some("58=a|554="));
        check("==|99999999999999999999=x|9=6|=", None);
        check("", None);
    }

    #[test]
    fn splits_fields() {
        check("35=D|11=a=b|58=|", "35=D 11=a=b 58=");
        check("212=3|213=a|b|10=000|", "212=3 213=a|b 10=000");
        check("212=9|213=a|b=|10=000|", "212=9 213=a");
        check("212=x|213=a|10=000|", "212=x 213=a 10=000");
        check("213=a|10=000|", "213=a 10=000");
        check("95=3|96=a|b|10=1|", "95=3 96=<redacted> 10=1");
        for bad in [
            "=x|",
            "x=1|",
            "11",
            "11=x",
            "011=x|",
            "0=x|",
            "12345678=x|",
            "-1=x|",
            " 1=x|",
            "11=a|oops",
        ] {
            check(bad, if bad.ends_with("oops") { "11=a" } else { "" });
        }
    }
}
