//! Streams: cutting them into frames, in any chunks, and reading the frames as raw messages.
//!
//! An input is a byte that chooses the framer's limit, a chunk of chunk lengths, and segments until it ends: a kind and a
//! chunk each.

use fix_dialect::{FieldIndex, Framer, Framing, Header, RawMessage, fields};

use super::input::{Input, Recipe};
use crate::fixtures::{Kind, SOH, frame, readable};

const RAW: u8 = 0;
const BODY: u8 = 1;
const BAD_SUM: u8 = 2;
const SEGMENTS: u8 = 3;

/// The target.
///
/// # Panics
///
/// Where a stream is not cut alike in all chunks, or a frame is not kept as it is.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let framer = match input.byte() % 4 {
        0 => Framer::default(),
        limit => Framer::new(usize::from(limit) * 120),
    };
    let lengths = input.chunk();
    let mut stream = Vec::new();
    // The frames, as long as nothing else is in the stream.
    let mut sound = Some(Vec::new());
    while !input.is_empty() {
        let kind = input.byte() % SEGMENTS;
        let bytes = input.chunk();
        let framed = frame(&body(bytes));
        match kind {
            RAW => stream.extend_from_slice(bytes),
            BODY => stream.extend_from_slice(&framed),
            _ => {
                stream.extend_from_slice(&framed);
                let last_digit = stream.len() - 2;
                stream[last_digit] = b'0' + (stream[last_digit] - b'0' + 1) % 10;
            }
        }
        match &mut sound {
            Some(frames) if kind == BODY && framed.len() <= framer.max_frame() => frames.push(framed),
            _ => sound = None,
        }
    }

    let frames = read(framer, [&stream[..]], false);
    if let Some(sound) = sound {
        assert_eq!(frames, sound, "sound frames are found: {}", readable(&stream));
    }
    let bytes = stream.chunks(1);
    assert_eq!(
        read(framer, bytes, false),
        frames,
        "byte by byte: {}",
        readable(&stream)
    );
    for patient in [false, true] {
        let chunks = cut(&stream, lengths);
        assert_eq!(
            read(framer, chunks, patient),
            frames,
            "in chunks: {}",
            readable(&stream)
        );
    }
    let mut index = FieldIndex::new();
    for frame in &frames {
        assert_eq!(
            framer.next(frame),
            Framing::Frame(frame.len()),
            "{}",
            readable(frame)
        );
        check_raw(frame, &mut index);
    }
    let covered: usize = fields(&stream).map(|field| field.value.len() + 3).sum();
    assert!(covered <= stream.len(), "fields of {}", readable(&stream));
    let _ = Header::read(&stream);
    if let Ok(raw) = RawMessage::parse(&stream, &mut index) {
        assert_eq!(raw.bytes(), stream);
    }
}

/// A body of fields: it begins with MsgType (35), and ends with a delimiter.
fn body(bytes: &[u8]) -> Vec<u8> {
    let mut body = bytes.to_vec();
    if !body.starts_with(b"35=") {
        body.splice(..0, *b"35=");
    }
    if body.last() != Some(&SOH) {
        body.push(SOH);
    }
    body
}

/// The stream in chunks of these lengths, one after another and again.
fn cut<'s>(mut stream: &'s [u8], lengths: &[u8]) -> Vec<&'s [u8]> {
    let mut chunks = Vec::new();
    let mut lengths = lengths.iter().cycle();
    while !stream.is_empty() {
        let length = lengths
            .next()
            .map_or(stream.len(), |length| usize::from(*length).max(1));
        let (chunk, rest) = stream.split_at(length.min(stream.len()));
        chunks.push(chunk);
        stream = rest;
    }
    chunks
}

/// The frames of a stream that comes in these chunks, by a reader that looks after each, or waits for as much as it was
/// told to.
fn read<'s>(framer: Framer, chunks: impl IntoIterator<Item = &'s [u8]>, patient: bool) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut buffer: Vec<u8> = Vec::new();
    let mut needed = 0;
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        if !patient || buffer.len() >= needed {
            needed = drain(framer, &mut buffer, &mut found);
        }
    }
    drain(framer, &mut buffer, &mut found);
    found
}

/// Takes what can be taken; says how many bytes there must be for more.
fn drain(framer: Framer, buffer: &mut Vec<u8>, found: &mut Vec<Vec<u8>>) -> usize {
    let mut at = 0;
    let needed = loop {
        let rest = &buffer[at..];
        at += match framer.next(rest) {
            Framing::Frame(length) => {
                assert!(
                    0 < length && length <= rest.len().min(framer.max_frame()),
                    "{length}"
                );
                found.push(rest[..length].to_vec());
                length
            }
            Framing::Garbled { skip, .. } => {
                assert!(0 < skip && skip <= rest.len(), "skips {skip} of {}", rest.len());
                skip
            }
            Framing::NeedMore(total) => {
                assert!(
                    rest.len() < total && total <= framer.max_frame().max(64),
                    "asks for {total}"
                );
                break total;
            }
        };
    };
    buffer.drain(..at);
    needed
}

/// A frame that can be read at all is a sequence of fields, and nothing of it is lost.
fn check_raw(frame: &[u8], index: &mut FieldIndex) {
    let header = Header::read(frame);
    let mut fresh = FieldIndex::new();
    let raw = RawMessage::parse(frame, index);
    assert_eq!(
        raw.as_ref().map(RawMessage::bytes),
        RawMessage::parse(frame, &mut fresh)
            .as_ref()
            .map(RawMessage::bytes),
        "{}",
        readable(frame)
    );
    let Ok(raw) = raw else { return };
    assert_eq!(Ok(raw.header()), header, "{}", readable(frame));
    let mut again = Vec::new();
    for field in raw.fields() {
        again.extend(field.tag.to_string().bytes());
        again.push(b'=');
        again.extend_from_slice(field.value);
        again.push(SOH);
    }
    assert_eq!(readable(&again), readable(frame));
    assert_eq!(raw.field(35), Some(raw.header().msg_type));
    assert!(raw.body().count() <= raw.fields().count());
    let _ = (raw.to_string(), format!("{raw:?}"));
}

/// Recorded frames, whole, in pieces, damaged, and between noise.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        Recipe::new()
            .byte(1)
            .chunk(&[3])
            .byte(RAW)
            .chunk(b"8=FIX.4.4\x019=999999999\x0135=0\x01")
            .done(),
        Recipe::new()
            .byte(0)
            .chunk(&[1])
            .byte(RAW)
            .chunk(b"8=FIXT.1.1\x019=5\x0135=0\x0110=241\x01 8=FIX")
            .done(),
        Recipe::new()
            .byte(0)
            .chunk(b"")
            .byte(BODY)
            .chunk(b"35=A\x0195=5\x0196=a\x0110=\x01108=30")
            .done(),
    ];
    for kind in Kind::ALL {
        let frames = kind.frames();
        let bodies: Vec<&[u8]> = frames[..2]
            .iter()
            .map(|frame| {
                let start = frame.windows(4).position(|at| at == b"\x0135=").unwrap_or(0) + 1;
                &frame[start..frame.len() - 7]
            })
            .collect();
        seeds.push(
            Recipe::new()
                .byte(0)
                .chunk(&[7, 40])
                .byte(BODY)
                .chunk(bodies[0])
                .byte(BODY)
                .chunk(bodies[1])
                .done(),
        );
        let mixed = Recipe::new()
            .byte(3)
            .chunk(&[64])
            .byte(BAD_SUM)
            .chunk(bodies[0])
            .byte(RAW)
            .chunk(b"noise 8=FI");
        seeds.push(
            mixed
                .byte(BODY)
                .chunk(bodies[1])
                .byte(RAW)
                .chunk(&frames[2])
                .done(),
        );
    }
    seeds
}
