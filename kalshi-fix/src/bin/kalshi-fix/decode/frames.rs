//! Finding frames in anything: a capture, or a log with text around them and the delimiter written so that it can be seen.

use std::fmt;
use std::io::{self, Read};

use kalshi_fix::dialect::{Framer, Framing, Garbled, SOH, secret_in};

/// Finds frames in a stream, with a buffer of bounded size.
#[derive(Debug)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    /// What has been dealt with.
    start: usize,
    /// How far the search for the frame at `start` has come.
    searched: usize,
    /// How far into that frame the search for its end has come.
    ended: usize,
    framer: Framer,
    /// A frame with its delimiters put back.
    wire: Vec<u8>,
    /// What was read so far.
    seen: Seen,
}

/// What is known of an input beside its frames.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How many bytes it has.
    pub(super) bytes: u64,
    /// The first of them, as far as they tell what it is.
    pub(super) head: Vec<u8>,
    /// How often it says `8=FIX` where no frame is.
    pub(super) no_frames: u64,
    /// How the first of those goes on.
    pub(super) no_frame: Vec<u8>,
}

/// A frame that was found.
#[derive(Debug)]
pub(super) struct Found<'f> {
    /// The text in front of it on its line, secrets included.
    pub(super) before: &'f [u8],
    /// The frame, delimited by SOH.
    pub(super) frame: &'f [u8],
    /// Why it is no sound frame, if it is none.
    pub(super) garbled: Option<Reason>,
}

/// Why a frame is not sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its length or sum is wrong.
    Garbled(Garbled),
    /// Its line ends before its CheckSum (10).
    Cut,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Garbled(reason) => reason.fmt(f),
            Reason::Cut => f.write_str("the frame ends before its CheckSum (10)"),
        }
    }
}

/// How the delimiter is written: as it is on the wire, and as logs show it.
pub(super) const DELIMITERS: [&[u8]; 8] = [
    WIRE,
    b"|",
    b"^A",
    b"<SOH>",
    b"\\x01",
    b"\\u0001",
    b"\\001",
    "\u{2401}".as_bytes(),
];
const WIRE: &[u8] = &[SOH];

/// What the search for the end of a frame came to.
enum End {
    /// The frame ends before this offset.
    At(usize),
    /// The line ends here, and no CheckSum (10) came.
    Cut(usize),
    /// More bytes are needed.
    More,
}

const MARK: &[u8] = b"8=FIX";
/// The longest frame; what is longer is cut.
const MAX_FRAME: usize = 1 << 20;
/// The most text in front of a frame that is kept.
const MAX_BEFORE: usize = 512;
const CHUNK: usize = 1 << 16;
/// How much of an input's beginning tells what it is.
const HEAD: usize = 4096;
/// How much is kept of what is no frame.
const SHOWN: usize = 24;

impl Frames {
    pub(super) fn new() -> Frames {
        Frames {
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            ended: 0,
            framer: Framer::new(MAX_FRAME),
            wire: Vec::new(),
            seen: Seen::default(),
        }
    }

    /// What is known of the input beside its frames.
    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Forgets what is left of an input that another takes the place of.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        (self.start, self.searched, self.ended) = (0, 0, 0);
    }

    /// Reads some more; 0 at the end of the input.
    pub(super) fn fill(&mut self, reader: &mut impl Read) -> io::Result<usize> {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        let filled = self.buffer.len();
        self.buffer.resize(filled + CHUNK, 0);
        let read = reader.read(&mut self.buffer[filled..]);
        self.buffer.truncate(filled + *read.as_ref().unwrap_or(&0));
        let new = &self.buffer[filled..];
        let wanted = HEAD.saturating_sub(self.seen.head.len()).min(new.len());
        self.seen.head.extend_from_slice(&new[..wanted]);
        self.seen.bytes += new.len() as u64;
        read
    }

    /// The next frame; `None` when more bytes are needed, or none are left.
    pub(super) fn next(&mut self, at_end: bool) -> Option<Found<'_>> {
        loop {
            let Some(mark) = position(&self.buffer[self.searched..], MARK).map(|at| at + self.searched)
            else {
                // Only a part of the line under way is kept, as the text in front of a frame to come.
                let keep = self.buffer.len().saturating_sub(MAX_BEFORE);
                self.start = self.start.max(keep);
                self.searched = self.buffer.len().saturating_sub(MARK.len() - 1).max(self.start);
                return None;
            };
            self.searched = mark;
            let rest = &self.buffer[mark..];
            let delimiter = match delimiter(rest, at_end) {
                Ok(Some(delimiter)) => delimiter,
                Ok(None) => {
                    if self.seen.no_frames == 0 {
                        let line = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
                        let shown = line.len().min(SHOWN).min(secret_in(line).unwrap_or(SHOWN));
                        self.seen.no_frame = line[..shown].to_vec();
                    }
                    self.seen.no_frames += 1;
                    self.searched = mark + 1;
                    continue;
                }
                Err(NeedMore) => return None,
            };
            if delimiter == WIRE {
                match self.framer.next(rest) {
                    Framing::Frame(length) => return Some(self.sound(mark, length)),
                    Framing::NeedMore(_) if !at_end => return None,
                    Framing::NeedMore(_) | Framing::Garbled { .. } => {}
                }
            }
            let (length, reason) = match end(rest, delimiter, at_end, &mut self.ended) {
                End::More => return None,
                End::At(length) => (length, None),
                End::Cut(length) => (length, Some(Reason::Cut)),
            };
            return Some(self.unframed(mark, length, delimiter, reason));
        }
    }

    fn sound(&mut self, mark: usize, length: usize) -> Found<'_> {
        let from = std::mem::replace(&mut self.start, mark + length);
        self.searched = self.start;
        self.ended = 0;
        Found {
            before: line_end(&self.buffer[from..mark]),
            frame: &self.buffer[mark..mark + length],
            garbled: None,
        }
    }

    /// A frame that was found by its last field rather than by its length.
    fn unframed(
        &mut self,
        mark: usize,
        length: usize,
        delimiter: &'static [u8],
        reason: Option<Reason>,
    ) -> Found<'_> {
        let from = std::mem::replace(&mut self.start, mark + length);
        self.searched = self.start;
        self.ended = 0;
        self.wire.clear();
        let text = &self.buffer[mark..mark + length];
        let mut rest = text;
        while let Some(at) = position(rest, delimiter) {
            self.wire.extend_from_slice(&rest[..at]);
            self.wire.push(SOH);
            rest = &rest[at + delimiter.len()..];
        }
        self.wire.extend_from_slice(rest);
        if self.wire.last() != Some(&SOH) {
            self.wire.push(SOH);
        }
        let garbled = reason.or_else(|| match self.framer.next(&self.wire) {
            Framing::Frame(length) if length == self.wire.len() => None,
            Framing::Garbled { reason, .. } => Some(Reason::Garbled(reason)),
            Framing::Frame(_) | Framing::NeedMore(_) => Some(Reason::Garbled(Garbled::CheckSumField)),
        });
        Found {
            before: line_end(&self.buffer[from..mark]),
            frame: &self.wire,
            garbled,
        }
    }
}

/// The bytes do not tell yet.
struct NeedMore;

/// How the frame at the front is delimited; `None` when it is no frame.
fn delimiter(frame: &[u8], at_end: bool) -> Result<Option<&'static [u8]>, NeedMore> {
    let value = frame[MARK.len()..]
        .iter()
        .take(16)
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.')
        .count();
    let rest = &frame[MARK.len() + value..];
    let Some(found) = DELIMITERS
        .into_iter()
        .find(|delimiter| rest.starts_with(delimiter))
    else {
        let may_become_one = DELIMITERS.iter().any(|delimiter| delimiter.starts_with(rest));
        return if may_become_one && !at_end {
            Err(NeedMore)
        } else {
            Ok(None)
        };
    };
    // A word about BeginString in a log is no frame: BodyLength follows in one.
    match &rest[found.len()..] {
        [b'9', b'=', ..] => Ok(Some(found)),
        [] | [b'9'] if !at_end => Err(NeedMore),
        _ => Ok(None),
    }
}

/// Where the frame at the front ends: behind `10=nnn` and its delimiter, if it has one; at the latest where the next
/// frame begins. `searched` keeps how far the search has come, when more bytes are needed.
fn end(frame: &[u8], bytes: &[u8], at_end: bool, searched: &mut usize) -> End {
    let mut at = *searched;
    loop {
        let limit = frame.len().min(MAX_FRAME);
        let rest = &frame[at.min(limit)..limit];
        let Some(next) = rest
            .iter()
            .position(|&byte| byte == bytes[0] || byte == b'\n')
            .map(|next| at + next)
        else {
            *searched = limit;
            return if frame.len() >= MAX_FRAME {
                End::Cut(MAX_FRAME)
            } else if at_end {
                End::Cut(frame.len())
            } else {
                End::More
            };
        };
        if frame[next] == b'\n' {
            let carriage_return = next > 0 && frame[next - 1] == b'\r';
            return End::Cut(next - usize::from(carriage_return));
        }
        at = next + 1;
        *searched = next;
        if frame.len() < next + bytes.len() && !at_end {
            return End::More;
        }
        let Some(field) = frame[next..].strip_prefix(bytes) else {
            continue;
        };
        let from = next + bytes.len();
        match field {
            [b'1', b'0', b'=', a, b, c, ..] if [a, b, c].iter().all(|byte| byte.is_ascii_digit()) => {
                let behind = from + 6;
                let rest = &frame[behind..];
                if rest.len() < bytes.len() && !at_end && bytes.starts_with(rest) {
                    return End::More;
                }
                return End::At(behind + if rest.starts_with(bytes) { bytes.len() } else { 0 });
            }
            [b'8', b'=', b'F', b'I', b'X', ..] => return End::Cut(from),
            short if short.len() < 6 && !at_end => return End::More,
            _ => {}
        }
    }
}

/// The last line of the text in front of a frame.
fn line_end(text: &[u8]) -> &[u8] {
    let line = text.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    &line[line.len().saturating_sub(MAX_BEFORE)..]
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].iter().position(|&byte| byte == wanted[0])?;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARTBEAT: &str = "8=FIXT.1.1|9=5|35=0|10=241|";

    /// Each frame with what is in front of it, whatever the chunks that the input comes in.
    fn check(input: &str, expected: &[&str]) {
        for chunk in [1, 2, 7, 1 << 20] {
            let mut frames = Frames::new();
            let mut found = Vec::new();
            let mut rest = input.as_bytes();
            loop {
                let (mut now, later) = rest.split_at(chunk.min(rest.len()));
                rest = later;
                let read = frames.fill(&mut now).expect("a slice can be read");
                while let Some(next) = frames.next(read == 0) {
                    let text = |bytes| String::from_utf8_lossy(bytes).replace('\x01', "|");
                    let garbled = next.garbled.map(|reason| format!(" <{reason}>"));
                    found.push(format!(
                        "{}>{}{}",
                        text(next.before),
                        text(next.frame),
                        garbled.unwrap_or_default()
                    ));
                }
                if read == 0 {
                    break;
                }
            }
            assert_eq!(found, expected, "in chunks of {chunk}: {input:?}");
        }
    }

    #[test]
    fn frames_are_found_however_they_are_delimited() {
        let plain = format!(">{HEARTBEAT}");
        for delimiter in DELIMITERS {
            let delimiter = std::str::from_utf8(delimiter).expect("text");
            let frame = HEARTBEAT.replace('|', delimiter);
            check(&frame, &[&plain]);
            check(&format!("{frame}{frame}"), &[&plain, &plain]);
            check(
                &format!("2026 INFO 8=FIXed IN: {frame}\r\nnoise\n{frame} tail\n"),
                &[&format!("2026 INFO 8=FIXed IN: {plain}"), &plain],
            );
        }
        // Without the last delimiter.
        check(&format!("{}\n", HEARTBEAT.trim_end_matches('|')), &[&plain]);
        check(HEARTBEAT.trim_end_matches('|'), &[&plain]);
    }

    #[test]
    fn what_is_not_sound_is_told() {
        check(
            "8=FIXT.1.1|9=5|35=0|10=240|\n",
            &[">8=FIXT.1.1|9=5|35=0|10=240| <CheckSum (10) is 240, the bytes sum to 241>"],
        );
        check(
            "8=FIXT.1.1|9=9|35=0|\nnext 8=FIXT.1.1|9=5|35=0|10=241|",
            &[
                ">8=FIXT.1.1|9=9|35=0| <the frame ends before its CheckSum (10)>",
                "next >8=FIXT.1.1|9=5|35=0|10=241|",
            ],
        );
        check(
            "8=FIXT.1.1\x019=5\x0135=0\x0110=240\x018=FIXT.1.1\x019=5\x0135=0\x0110=241\x01",
            &[
                ">8=FIXT.1.1|9=5|35=0|10=240| <CheckSum (10) is 240, the bytes sum to 241>",
                ">8=FIXT.1.1|9=5|35=0|10=241|",
            ],
        );
        check(
            "8=FIXT.1.1|9=5|8=FIXT.1.1|9=5|35=0|10=241|",
            &[
                ">8=FIXT.1.1|9=5| <the frame ends before its CheckSum (10)>",
                ">8=FIXT.1.1|9=5|35=0|10=241|",
            ],
        );
        check("8=FIX", &[]);
        check("8=FIXT.1.1|", &[]);
        check("8=FIXT.1.1^", &[]);
        check("nothing\n", &[]);
    }

    #[test]
    fn the_buffer_is_bounded() {
        for text in ["x".repeat(100), "8=FIX.4.4|9=1|x".repeat(100), "8=FIX".repeat(20)] {
            let mut frames = Frames::new();
            for _ in 0..2_000 {
                let mut input = text.as_bytes();
                while frames.fill(&mut input).expect("a slice can be read") > 0 {
                    while frames.next(false).is_some() {}
                }
            }
            assert!(frames.buffer.capacity() < 4 * MAX_FRAME);
        }
    }
}
