//! Uses the toolkit under another name: the venue's dialect, and one of its own from a dictionary of awkward names.

mod hostile;

use hostile::{Hostile, fields, groups};
use venue::dialect::{Decoder, Encoder, Framer, Framing, SessionHeader, Text, Timestamp};
use venue::prediction::{self, Prediction};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let session = SessionHeader::new("FIXT.1.1", "key", "KalshiNR")?;
    let time = Timestamp::parse(b"20260821-14:30:00.125").ok_or("a timestamp")?;
    let mut encoder = Encoder::new();

    let order = prediction::NewOrderSingle {
        time_in_force: Some(prediction::fields::TimeInForce::GoodTillCancel),
        ..prediction::NewOrderSingle::new(
            "order-1",
            "10.00".parse()?,
            prediction::fields::OrdType::Limit,
            "0.7500".parse()?,
            prediction::fields::Side::Buy,
            "HIGHNY-23DEC31",
        )
    };
    let frame = encoder.encode(&session, 2, time, &order)?;
    assert_eq!(Framer::default().next(frame), Framing::Frame(frame.len()));
    let mut decoder = Decoder::<Prediction>::new();
    let decoded = decoder.decode(frame)?;
    assert_eq!(
        decoded.message(),
        Some(&prediction::Message::NewOrderSingle(order))
    );
    drop(decoded);

    let entry = groups::String {
        when: None,
        ..groups::String::new("-0.10".parse()?)
    };
    let option = hostile::Option {
        r#match: Some(fields::Match::True),
        default: Some(fields::Default::Type),
        bytes: Some([fields::Bytes::Copy, fields::Bytes::Drop].into_iter().collect()),
        r#box: Some(groups::Box {
            clone: Some(true),
            r#where: Some(time),
        }),
        vec: Some(vec![groups::Vec {
            string: Some(vec![entry]),
            ..groups::Vec::new("first")
        }]),
        raw: Some(Text::from("any\u{1}bytes")),
        ..hostile::Option::new(fields::Type::None)
    };
    let frame = encoder.encode(&session, 3, time, &option)?;
    let mut decoder = Decoder::<Hostile>::new();
    let decoded = decoder.decode(frame)?;
    assert_eq!(decoded.message(), Some(&hostile::Message::Option(option)));
    println!("both dialects work under another name: {}", decoded.raw());
    Ok(())
}
