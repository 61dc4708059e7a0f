//! In the steady state neither decoding nor encoding allocates, over one receive buffer that is refilled; nor does
//! validating what breaks no rule.

use fix_dialect::{
    Context, Decoder, Dialect as _, Encoder, Framer, Framing, Header, Message as _, Prices, SessionHeader,
    Validator,
};
use kalshi_fix::prediction::Prediction;
use kalshi_fix_tests::fixtures::Kind;

/// All recorded frames, their kinds taking turns.
fn mixed() -> Vec<Vec<u8>> {
    let kinds: Vec<Vec<Vec<u8>>> = Kind::ALL.into_iter().map(Kind::frames).collect();
    (0..kinds[0].len())
        .flat_map(|at| kinds.iter().map(move |frames| frames[at].clone()))
        .collect()
}

#[test]
fn decoding_a_mixed_stream() {
    let frames = mixed();
    let framer = Framer::default();
    let mut decoder = Decoder::<Prediction>::new();
    let mut buffer = vec![0; 4096];
    let mut pass = || {
        for frame in &frames {
            buffer[..frame.len()].copy_from_slice(frame);
            let Framing::Frame(length) = framer.next(&buffer) else {
                panic!("a sound frame")
            };
            let decoded = decoder.decode(&buffer[..length]).expect("a sound message");
            assert!(decoded.message().is_some());
        }
    };
    let first = allocation_counter::measure(&mut pass);
    assert!(first.count_total > 0, "the counter counts nothing");
    let later = allocation_counter::measure(&mut pass);
    assert_eq!(later.count_total, 0, "{later:?}");
}

#[test]
fn encoding_a_mixed_stream() {
    let mut decoder = Decoder::<Prediction>::new();
    let mut messages = Vec::new();
    for frame in mixed() {
        let decoded = decoder.decode(&frame).expect("a sound message");
        messages.push(
            decoded
                .message()
                .expect("a complete message")
                .clone()
                .into_owned(),
        );
    }
    let frame = &Kind::Heartbeat.frames()[0];
    let time = Header::read(frame).expect("a header").sending_time;
    let session =
        SessionHeader::new("FIXT.1.1", "86f51285-5d5f-4da3-80d6-f43d0b7985df", "KalshiNR").expect("a header");
    let mut encoder = Encoder::new();
    let mut pass = || {
        for message in &messages {
            let frame = encoder
                .encode(&session, 7, time, message)
                .expect("a sound message");
            assert!(!frame.is_empty());
        }
    };
    let first = allocation_counter::measure(&mut pass);
    let later = allocation_counter::measure(&mut pass);
    assert_eq!(later.count_total, 0, "{first:?}, then {later:?}");
}

#[test]
fn validating_what_is_right() {
    let mut validator = Validator::new(Prediction::tables());
    let context = Context::default().priced_in(Prices::Dollars);
    // Recorded feeds lack what the dictionary wants of the exchange since August 2026; a breach is written down.
    let mut right = |frame: &Vec<u8>| {
        let violations = validator.validate_in(frame, &context);
        violations.expect("a sound message").is_empty()
    };
    let frames: Vec<Vec<u8>> = mixed().into_iter().filter(|frame| right(frame)).collect();
    let kinds = [Kind::NewOrderSingle, Kind::Heartbeat].map(|kind| kind.frames()[0].clone());
    assert!(
        kinds.iter().all(|frame| frames.contains(frame)),
        "orders are right"
    );
    let mut pass = || {
        for frame in &frames {
            let violations = validator.validate_in(frame, &context).expect("a sound message");
            assert_eq!(violations, []);
        }
    };
    pass();
    let later = allocation_counter::measure(&mut pass);
    assert_eq!(later.count_total, 0, "{later:?}");
}
