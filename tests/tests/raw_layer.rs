//! The raw layer on the venue's own examples, on the recorded frames, and on arbitrary bodies: what is read is what is
//! written again, byte for byte.

use fix_dialect::{Encoder, FieldIndex, Framer, Framing, RawMessage, SessionHeader, data_field};
use kalshi_fix_tests::fixtures::{Example, Kind, SOH, frame, readable, wire};
use proptest::{collection::vec, prelude::*};

/// Reads a frame, and writes it again from its header and the fields of its body.
fn reencode(frame: &[u8]) -> Vec<u8> {
    let mut index = FieldIndex::new();
    let raw =
        RawMessage::parse(frame, &mut index).unwrap_or_else(|fault| panic!("{fault}: {}", readable(frame)));
    let header = raw.header();
    let text = |bytes| std::str::from_utf8(bytes).expect("ASCII");
    let session = SessionHeader::new(
        text(header.begin_string),
        text(header.sender_comp_id),
        text(header.target_comp_id),
    )
    .expect("the identifiers of a frame that was read");
    let mut encoder = Encoder::new();
    let body = encoder.begin(&session, header.msg_type, header.msg_seq_num, header.sending_time);
    let mut length = None;
    for field in raw.body() {
        match length.take() {
            Some(length) if data_field(length) == Some(field.tag) => {
                body.data(length, field.tag, field.value);
            }
            _ if data_field(field.tag).is_some() => length = Some(field.tag),
            _ => {
                body.field_or_empty(field.tag, field.value);
            }
        }
    }
    encoder
        .finish_checked()
        .expect("values that were read can be written")
        .to_vec()
}

/// A frame, read and written again, is the same; and so are its fields, joined.
fn check(frame: &[u8]) {
    assert_eq!(
        Framer::default().next(frame),
        Framing::Frame(frame.len()),
        "{}",
        readable(frame)
    );
    assert_eq!(readable(&reencode(frame)), readable(frame));
    let mut index = FieldIndex::new();
    let raw = RawMessage::parse(frame, &mut index).expect("read before");
    let mut joined = Vec::new();
    for field in raw.fields() {
        joined.extend(format!("{}=", field.tag).bytes());
        joined.extend_from_slice(field.value);
        joined.push(SOH);
    }
    assert_eq!(readable(&joined), readable(frame));
    assert_eq!(raw.bytes(), frame);
}

#[test]
fn every_recorded_frame() {
    Kind::ALL
        .into_iter()
        .flat_map(Kind::frames)
        .for_each(|frame| check(&frame));
}

#[test]
fn every_example_of_the_documentation() {
    for example in Example::all() {
        let frame = example.frame();
        check(&frame);
        let mut index = FieldIndex::new();
        let raw = RawMessage::parse(&frame, &mut index).expect("read before");
        assert_eq!(raw.header().msg_type, example.msg_type().as_bytes());
        let mut fields = vec![format!("35={}", example.msg_type())];
        fields.extend(
            raw.body()
                .map(|field| format!("{}={}", field.tag, String::from_utf8_lossy(field.value))),
        );
        assert_eq!(fields.join("|"), example.body);
    }
}

/// Tags that belong neither to the header nor to the trailer, nor announce or hold DATA.
fn plain_tag() -> impl Strategy<Value = u32> {
    let taken = [
        8, 9, 10, 34, 35, 43, 49, 52, 56, 89, 90, 91, 93, 95, 96, 97, 115, 116, 122, 128, 129,
    ];
    (1_u32..9_999_999).prop_filter("a tag of the body", move |tag| {
        data_field(*tag).is_none() && !taken.contains(tag) && !(1..=400).contains(tag)
    })
}

fn plain_value() -> impl Strategy<Value = Vec<u8>> {
    vec(
        any::<u8>().prop_map(|byte| if byte == SOH { b'1' } else { byte }),
        0..80,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn arbitrary_fields(fields in vec((plain_tag(), plain_value()), 0..60), data in proptest::option::of(vec(any::<u8>(), 1..50))) {
        let mut body = wire("35=XYZ|49=A|56=B|34=9|52=20260821-14:30:00.125|");
        for (tag, value) in &fields {
            body.extend(format!("{tag}=").bytes());
            body.extend_from_slice(value);
            body.push(SOH);
        }
        if let Some(data) = data {
            body.extend(wire(&format!("95={}|96=", data.len())));
            body.extend(data);
            body.push(SOH);
        }
        check(&frame(&body));
    }

    #[test]
    fn arbitrary_bodies_do_not_panic(noise in vec(any::<u8>(), 0..200), headed in any::<bool>()) {
        let mut body = if headed { wire("35=8|49=A|56=B|34=9|52=20260821-14:30:00.125|") } else { wire("35=") };
        body.extend(noise);
        body.push(SOH);
        let frame = frame(&body);
        let mut index = FieldIndex::new();
        if let Ok(raw) = RawMessage::parse(&frame, &mut index) {
            let joined: usize = raw.fields().map(|field| field.tag.to_string().len() + field.value.len() + 2).sum();
            prop_assert!(joined <= frame.len(), "{}", readable(&frame));
            let _ = raw.to_string();
        }
    }
}
