//! Cutting a byte stream into frames.
//!
//! A frame is found by its BodyLength (9), never by searching for `10=`, so that a value that looks like a trailer
//! cannot end a message early (FIX session protocol, "message structure").

use crate::sum::sum;
use crate::{SOH, swar};

/// Cuts frames from the front of a receive buffer and verifies BodyLength (9) and CheckSum (10).
///
/// The framer keeps no bytes: it looks at what the caller has and says what to do next, so that any chunking of a
/// stream yields the same frames.
///
/// ```
/// use fix_dialect::{Framer, Framing};
///
/// let stream = b"8=FIXT.1.1\x019=5\x0135=0\x0110=241\x01 8=FIX";
/// assert_eq!(Framer::default().next(stream), Framing::Frame(27));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Framer {
    max_frame: usize,
}

/// What is at the front of the receive buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// A whole frame of this many bytes, with the right BodyLength (9) and CheckSum (10).
    Frame(usize),
    /// Too few bytes to tell: at least this many in all are needed to go on.
    NeedMore(usize),
    /// The first `skip` bytes (at least one) are no valid frame; drop them and look again.
    Garbled {
        /// How many bytes to drop.
        skip: usize,
        /// Why they are no frame.
        reason: Garbled,
    },
}

/// Why bytes are not a frame. FIX calls such a message garbled: it is ignored and takes no sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Garbled {
    /// The bytes do not begin with a BeginString (8) of at most [`MAX_BEGIN_STRING`] bytes.
    #[error("expected `8=FIX…` at the start of a frame")]
    NotABeginString,
    /// The second field is not a BodyLength (9) of one to nine digits.
    #[error("expected BodyLength (9) with one to nine digits as the second field")]
    BodyLength,
    /// The announced frame is longer than this framer accepts.
    #[error("BodyLength (9) announces a frame of {announced} bytes; at most {max} are accepted")]
    TooLong {
        /// The whole frame's length as announced, in bytes.
        announced: u64,
        /// The longest frame accepted, in bytes.
        max: usize,
    },
    /// The third field is not MsgType (35).
    #[error("expected MsgType (35) as the third field")]
    FieldOrder,
    /// No `10=nnn` stands where BodyLength (9) says that the body ends.
    #[error("BodyLength (9) does not lead to a CheckSum (10) field of three digits")]
    CheckSumField,
    /// The CheckSum (10) stated is not that of the bytes.
    #[error("CheckSum (10) is {stated:03}, the bytes sum to {computed:03}")]
    CheckSum {
        /// The value on the wire.
        stated: u16,
        /// The sum of the bytes, modulo 256.
        computed: u8,
    },
}

/// The longest BeginString (8) value that a frame may carry, in bytes.
pub const MAX_BEGIN_STRING: usize = 16;

/// Length of the trailer `10=nnn<SOH>`.
pub(crate) const TRAILER: usize = 7;

const DEFAULT_MAX_FRAME: usize = 1 << 20;
const MARK: &[u8] = b"8=FIX";

impl Default for Framer {
    /// A framer that accepts frames of up to 1 MiB.
    fn default() -> Self {
        Framer::new(DEFAULT_MAX_FRAME)
    }
}

impl Framer {
    /// A framer that accepts frames of up to `max_frame` bytes, trailer included.
    #[must_use]
    pub const fn new(max_frame: usize) -> Self {
        Framer { max_frame }
    }

    /// The longest frame accepted, in bytes.
    #[must_use]
    pub const fn max_frame(&self) -> usize {
        self.max_frame
    }

    /// Looks at the front of `bytes`, which may hold any part of a stream.
    #[must_use]
    pub fn next(&self, bytes: &[u8]) -> Framing {
        let head = match Head::usual(bytes).map_or_else(|| Head::read(bytes), Ok) {
            Ok(head) => head,
            Err(Stop::More(total)) => return Framing::NeedMore(total),
            Err(Stop::Garbled(reason)) => return garbled(bytes, reason),
        };
        let total = head.body_start as u64 + head.body_length + TRAILER as u64;
        if total > self.max_frame as u64 {
            return garbled(
                bytes,
                Garbled::TooLong {
                    announced: total,
                    max: self.max_frame,
                },
            );
        }
        let total = total as usize;
        let Some(frame) = bytes.get(..total) else {
            // The order of the first fields is known long before a frame that lies about its length is.
            let third = &bytes[head.body_start..];
            if third.len() >= 3 && !third.starts_with(b"35=") {
                return garbled(bytes, Garbled::FieldOrder);
            }
            return Framing::NeedMore(total);
        };
        let body = &frame[..total - TRAILER];
        if !body[head.body_start..].starts_with(b"35=") {
            return garbled(bytes, Garbled::FieldOrder);
        }
        let Some(stated) = frame.last_chunk().copied().and_then(checksum) else {
            return garbled(bytes, Garbled::CheckSumField);
        };
        let computed = sum(body);
        if stated == u16::from(computed) {
            Framing::Frame(total)
        } else {
            Framing::Garbled {
                skip: total,
                reason: Garbled::CheckSum { stated, computed },
            }
        }
    }
}

/// What a frame that ends with these bytes states in CheckSum (10), if its body ends before that.
#[inline]
fn checksum(end: [u8; TRAILER + 1]) -> Option<u16> {
    let fixed = u64::from_le_bytes(*b"\x0110=\0\0\0\x01");
    // What is as it must be has become zero, and the digits stand in bytes 4 to 6.
    let word = u64::from_le_bytes(end) ^ fixed;
    let digits = word ^ 0x0030_3030_0000_0000;
    if digits & 0xff00_0000_ffff_ffff != 0 || !swar::are_digits(digits) {
        return None;
    }
    let digit = |at: u32| (digits >> (at * 8)) as u16 & 0xf;
    Some(digit(4) * 100 + digit(5) * 10 + digit(6))
}

/// How the frames of FIXT.1.1 begin.
const USUAL: &[u8; 13] = b"8=FIXT.1.1\x019=";

/// Where the body of a frame begins and how long it says it is.
struct Head {
    body_start: usize,
    body_length: u64,
}

/// How the frames of a dialect begin, as two words: `8=…<SOH>9=`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begin {
    words: [u64; 2],
    masks: [u64; 2],
    length: usize,
}

impl Begin {
    /// `None` where that is shorter than one word or longer than two: such frames are read with care each time.
    pub(crate) fn new(begin_string: &str) -> Option<Begin> {
        let text = format!("8={begin_string}\x019=").into_bytes();
        let (low, high) = text.split_first_chunk::<8>()?;
        if high.len() > 8 {
            return None;
        }
        let mask = u64::MAX.checked_shr((8 - high.len() as u32) * 8).unwrap_or(0);
        Some(Begin {
            words: [u64::from_le_bytes(*low), swar::word(high)],
            masks: [u64::MAX, mask],
            length: text.len(),
        })
    }

    /// The MsgType (35) of a frame of the dialect, and where the field behind it begins; `None` for any other frame,
    /// right or wrong, and for one whose type is longer than seven bytes.
    #[inline]
    pub(crate) fn head<'a>(&self, frame: &'a [u8]) -> Option<(&'a [u8], u32)> {
        for (at, (word, mask)) in self.words.iter().zip(self.masks).enumerate() {
            let found = u64::from_le_bytes(*frame.get(at * 8..at * 8 + 8)?.as_array()?);
            if found & mask != *word {
                return None;
            }
        }
        let digits = swar::position(word_at(frame, self.length)?, SOH);
        if digits == 0 || digits == 8 {
            return None;
        }
        let start = self.length + digits + 1;
        let tag = word_at(frame, start)? & 0xff_ffff;
        let word = word_at(frame, start + 3)?;
        let length = swar::position(word, SOH);
        if tag != u64::from_le_bytes(*b"35=\0\0\0\0\0") || length == 0 || length == 8 {
            return None;
        }
        let msg_type = frame.get(start + 3..start + 3 + length)?;
        Some((msg_type, (start + 3 + length + 1) as u32))
    }
}

#[inline]
fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..at + 8)?.as_array()?))
}

enum Stop {
    More(usize),
    Garbled(Garbled),
}

impl Head {
    /// The head of a FIXT.1.1 frame, where eight bytes of its body are there; `None` for any other, right or wrong.
    #[inline]
    fn usual(bytes: &[u8]) -> Option<Head> {
        let (begin, rest) = bytes.split_first_chunk::<{ USUAL.len() }>()?;
        if begin != USUAL {
            return None;
        }
        // Digit by digit: there are two or three, as in the frame before, which a branch predictor knows.
        let mut body_length = 0;
        for (digits, &byte) in rest.first_chunk::<8>()?.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return (byte == SOH && digits > 0).then_some(Head {
                    body_start: USUAL.len() + digits + 1,
                    body_length,
                });
            }
            body_length = body_length * 10 + u64::from(digit);
        }
        None
    }

    #[inline]
    fn read(bytes: &[u8]) -> Result<Head, Stop> {
        let known = bytes.len().min(MARK.len());
        if bytes[..known] != MARK[..known] {
            return Err(Stop::Garbled(Garbled::NotABeginString));
        }
        // The shortest frame: `8=FIX|9=5|35=0|10=000|`.
        let begin = &bytes[..bytes.len().min(MAX_BEGIN_STRING + 3)];
        let Some(end) = begin.iter().position(|&b| b == SOH) else {
            return Err(if begin.len() == MAX_BEGIN_STRING + 3 {
                Stop::Garbled(Garbled::NotABeginString)
            } else {
                Stop::More(bytes.len() + 1)
            });
        };
        let mut at = end + 1;
        for expected in *b"9=" {
            match bytes.get(at) {
                Some(&b) if b == expected => at += 1,
                Some(_) => return Err(Stop::Garbled(Garbled::BodyLength)),
                None => return Err(Stop::More(bytes.len() + 1)),
            }
        }
        let digits = at;
        let mut body_length = 0_u64;
        loop {
            match bytes.get(at) {
                Some(digit @ b'0'..=b'9') if at - digits < 9 => {
                    body_length = body_length * 10 + u64::from(digit - b'0');
                    at += 1;
                }
                Some(&SOH) if at > digits => {
                    return Ok(Head {
                        body_start: at + 1,
                        body_length,
                    });
                }
                Some(_) => return Err(Stop::Garbled(Garbled::BodyLength)),
                None => return Err(Stop::More(bytes.len() + 1)),
            }
        }
    }
}

/// Skips to the next place where a frame may begin; keeps a tail that may be the start of one.
fn garbled(bytes: &[u8], reason: Garbled) -> Framing {
    let rest = &bytes[1..];
    let skip = rest
        .windows(MARK.len())
        .position(|window| window == MARK)
        .or_else(|| {
            (rest.len().saturating_sub(MARK.len() - 1)..rest.len()).find(|&at| MARK.starts_with(&rest[at..]))
        })
        .unwrap_or(rest.len());
    Framing::Garbled {
        skip: skip + 1,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARTBEAT: &[u8] = b"8=FIXT.1.1\x019=5\x0135=0\x0110=241\x01";

    fn check(bytes: &[u8], expected: Framing) {
        assert_eq!(
            Framer::new(100).next(bytes),
            expected,
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }

    #[test]
    fn frames() {
        check(HEARTBEAT, Framing::Frame(27));
        check(&[HEARTBEAT, b"8=F"].concat(), Framing::Frame(27));
        check(b"", Framing::NeedMore(1));
        for cut in 0..HEARTBEAT.len() {
            match Framer::default().next(&HEARTBEAT[..cut]) {
                Framing::NeedMore(more) => assert!(more > cut && more <= HEARTBEAT.len(), "{cut}: {more}"),
                other => panic!("{cut}: {other:?}"),
            }
        }
    }

    #[test]
    fn garbled_frames() {
        let garbled = |skip, reason| Framing::Garbled { skip, reason };
        check(b"xx8=FIX", garbled(2, Garbled::NotABeginString));
        check(b"xxx8=F", garbled(3, Garbled::NotABeginString));
        check(b"xxxxxx", garbled(6, Garbled::NotABeginString));
        check(
            b"8=FIXT.1.1-and-more-than-that",
            garbled(29, Garbled::NotABeginString),
        );
        check(b"8=FIXT.1.1\x0135=0\x01", garbled(16, Garbled::BodyLength));
        check(b"8=FIXT.1.1\x019=\x01", garbled(14, Garbled::BodyLength));
        check(b"8=FIXT.1.1\x019=-5\x01", garbled(16, Garbled::BodyLength));
        check(
            b"8=FIXT.1.1\x019=1234567890\x01",
            garbled(24, Garbled::BodyLength),
        );
        check(
            b"8=FIXT.1.1\x019=5\x0134=0\x0110=240\x01",
            garbled(27, Garbled::FieldOrder),
        );
        check(b"8=FIXT.1.1\x019=50\x0134=", garbled(19, Garbled::FieldOrder));
        check(
            b"8=FIXT.1.1\x019=6\x0135=0\x0110=242\x01\x01",
            garbled(28, Garbled::CheckSumField),
        );
        check(
            b"8=FIXT.1.1\x019=999999999\x01",
            garbled(
                23,
                Garbled::TooLong {
                    announced: 1_000_000_029,
                    max: 100,
                },
            ),
        );
        check(
            b"8=FIXT.1.1\x019=5\x0135=0\x0110=242\x018=FIX",
            garbled(
                27,
                Garbled::CheckSum {
                    stated: 242,
                    computed: 241,
                },
            ),
        );
        check(
            b"8=FIXT.1.1\x019=5\x0135=0\x0110=999\x01",
            garbled(
                27,
                Garbled::CheckSum {
                    stated: 999,
                    computed: 241,
                },
            ),
        );
    }
}
