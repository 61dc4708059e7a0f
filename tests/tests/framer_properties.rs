//! The framer on arbitrary bytes in arbitrary chunks: it never panics, always makes progress, and yields the same frames
//! however the stream was cut.

use fix_dialect::{Framer, Framing, Header, fields};
use kalshi_fix_tests::fixtures::{Kind, readable, wire};
use proptest::{collection::vec, prelude::*, sample::Index};

/// When the reader looks at its buffer again.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    /// After every chunk.
    Eager,
    /// When it has the number of bytes that the framer asked for, and at the end of the stream.
    Patient,
}

/// The frames of a stream that arrives in these chunks. Panics where the framer does not do what it says it does.
fn read(framer: Framer, chunks: &[&[u8]], reader: Reader) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut buffer: Vec<u8> = Vec::new();
    let mut needed = 0;
    for (number, chunk) in chunks.iter().enumerate() {
        buffer.extend_from_slice(chunk);
        let last = number + 1 == chunks.len();
        if reader == Reader::Patient && buffer.len() < needed && !last {
            continue;
        }
        needed = drain(framer, &mut buffer, &mut found);
    }
    found
}

/// Takes all frames from the front of the buffer; returns how many bytes are needed before looking again.
fn drain(framer: Framer, buffer: &mut Vec<u8>, found: &mut Vec<Vec<u8>>) -> usize {
    loop {
        match framer.next(buffer) {
            Framing::Frame(length) => {
                assert!(
                    length > 0 && length <= buffer.len().min(framer.max_frame()),
                    "a frame of {length}"
                );
                found.push(buffer.drain(..length).collect());
            }
            Framing::Garbled { skip, .. } => {
                assert!(
                    skip > 0 && skip <= buffer.len(),
                    "a skip of {skip} in {}",
                    buffer.len()
                );
                buffer.drain(..skip);
            }
            Framing::NeedMore(total) => {
                assert!(total > buffer.len(), "asks for {total}, has {}", buffer.len());
                assert!(total <= framer.max_frame().max(64), "asks for {total}");
                return total;
            }
        }
    }
}

fn recorded_frames() -> Vec<Vec<u8>> {
    Kind::ALL.into_iter().flat_map(Kind::frames).collect()
}

/// A recorded frame.
fn recorded() -> impl Strategy<Value = Vec<u8>> {
    proptest::sample::select(recorded_frames())
}

/// A recorded frame with one byte replaced.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    (recorded(), any::<Index>(), any::<u8>()).prop_map(|(mut frame, at, byte)| {
        let at = at.index(frame.len());
        frame[at] = byte;
        frame
    })
}

/// The beginning of a recorded frame.
fn truncated() -> impl Strategy<Value = Vec<u8>> {
    (recorded(), any::<Index>()).prop_map(|(mut frame, at)| {
        frame.truncate(at.index(frame.len()));
        frame
    })
}

/// Pieces that a frame is made of, in no order, with lengths that lie.
fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "8=FIX",
        "8=FIXT.1.1|",
        "8=FIX.4.4|",
        "9=",
        "9=5|",
        "9=0|",
        "9=99|",
        "9=999999999|",
        "9=00000000005|",
        "35=0|",
        "34=1|",
        "10=",
        "10=241|",
        "10=999|",
        "|",
        "=",
        "8",
        "x",
    ];
    vec(proptest::sample::select(pieces), 0..12).prop_map(|pieces| wire(&pieces.concat()))
}

/// A stream of sound frames, damaged ones, and noise.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let segment = prop_oneof![
        4 => recorded(),
        2 => damaged(),
        1 => truncated(),
        2 => fragments(),
        1 => vec(any::<u8>(), 0..40),
    ];
    vec(segment, 0..8).prop_map(|segments| segments.concat())
}

/// Cuts a stream at the given places.
fn cut<'a>(stream: &'a [u8], places: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place.index(stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn any_chunking_gives_the_same_frames(
        stream in stream(),
        places in vec(any::<Index>(), 0..20),
        limit in prop_oneof![Just(1 << 20), 60_usize..800],
    ) {
        let framer = Framer::new(limit);
        let whole = read(framer, &[&stream], Reader::Eager);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(&read(framer, &bytes, Reader::Eager), &whole, "byte by byte");
        let chunks = cut(&stream, &places);
        prop_assert_eq!(&read(framer, &chunks, Reader::Eager), &whole, "{:?}", chunks);
        prop_assert_eq!(&read(framer, &chunks, Reader::Patient), &whole, "patiently: {:?}", chunks);
    }

    #[test]
    fn sound_frames_between_noise_are_all_found(
        frames in vec(recorded(), 1..5),
        noise in vec(vec(any::<u8>().prop_filter("no frame starts in it", |byte| *byte != b'8'), 0..30), 5),
    ) {
        let mut stream = Vec::new();
        for (frame, noise) in frames.iter().zip(&noise) {
            stream.extend_from_slice(noise);
            stream.extend_from_slice(frame);
        }
        prop_assert_eq!(read(Framer::default(), &[&stream], Reader::Eager), frames);
    }

    #[test]
    fn what_was_framed_can_be_read_without_a_panic(stream in stream()) {
        for frame in read(Framer::default(), &[&stream], Reader::Eager) {
            let covered: usize = fields(&frame).map(|field| field.value.len() + 2).sum();
            prop_assert!(covered <= frame.len(), "{}", readable(&frame));
            let _ = Header::read(&frame);
        }
    }

    #[test]
    fn arbitrary_bytes_can_be_read_without_a_panic(bytes in prop_oneof![vec(any::<u8>(), 0..200), fragments()]) {
        read(Framer::default(), &[&bytes], Reader::Eager);
        let fields = fields(&bytes).count();
        prop_assert!(fields <= bytes.len());
        let _ = Header::read(&bytes);
    }
}

#[test]
fn recorded_frames_are_framed_whole() {
    let frames = recorded_frames();
    let stream = frames.concat();
    assert_eq!(read(Framer::default(), &[&stream], Reader::Eager), frames);
}
