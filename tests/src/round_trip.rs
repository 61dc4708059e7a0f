//! From a frame to a typed message and back.

use fix_dialect::{Decoder, Dialect, EncodeBody, Encoder, Header, Message as _, Outcome, SessionHeader};

use crate::fixtures::readable;

/// Encodes a message behind the header that the frame `like` has.
///
/// # Panics
///
/// When the frame has no readable header, or the message cannot be encoded.
#[must_use]
pub fn encode(message: &(impl EncodeBody + ?Sized), like: &[u8]) -> Vec<u8> {
    let header = Header::read(like).expect("a header");
    let text = |bytes| std::str::from_utf8(bytes).expect("ASCII");
    let (sender, target) = (text(header.sender_comp_id), text(header.target_comp_id));
    let session =
        SessionHeader::new(text(header.begin_string), sender, target).expect("identifiers that were read");
    let mut encoder = Encoder::new();
    encoder
        .encode(&session, header.msg_seq_num, header.sending_time, message)
        .expect("what was decoded can be encoded")
        .to_vec()
}

/// Decodes a frame to a complete message without a fault, and encodes the message.
///
/// # Panics
///
/// When the frame is anything else, or its owned copy encodes to something else.
#[must_use]
pub fn reencode<D: Dialect>(frame: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::<D>::new();
    let decoded = decoder
        .decode(frame)
        .unwrap_or_else(|fault| panic!("{fault}: {}", readable(frame)));
    let Outcome::Message(message) = decoded.outcome() else {
        panic!("{:?}: {}", decoded.outcome(), readable(frame));
    };
    assert!(
        decoded.violations().is_empty(),
        "{:?}: {}",
        decoded.violations(),
        readable(frame)
    );
    let again = encode(message, frame);
    assert_eq!(encode(&message.clone().into_owned(), frame), again);
    again
}

/// Asserts that two frames hold the same message, decoded.
///
/// # Panics
///
/// When they do not, or one cannot be decoded.
pub fn assert_same_message<D: Dialect>(one: &[u8], other: &[u8]) {
    let (mut first, mut second) = (Decoder::<D>::new(), Decoder::<D>::new());
    let one_decoded = first
        .decode(one)
        .unwrap_or_else(|fault| panic!("{fault}: {}", readable(one)));
    let other_decoded = second
        .decode(other)
        .unwrap_or_else(|fault| panic!("{fault}: {}", readable(other)));
    assert_eq!(
        one_decoded.message(),
        other_decoded.message(),
        "{} and {}",
        readable(one),
        readable(other)
    );
}

/// The fields of a frame, sorted: what stands there, whatever the order. `CheckSum` (10) is left out, since it follows
/// from the rest, and the order does not change it.
#[must_use]
pub fn sorted_fields(frame: &[u8]) -> Vec<String> {
    let text = readable(frame);
    let mut fields: Vec<String> = text.split_terminator('|').map(str::to_owned).collect();
    fields.retain(|field| !field.starts_with("10="));
    fields.sort();
    fields
}
