//! Uses the toolkit under another name: the venue's dialect, and one of its own from a dictionary of awkward names.

mod hostile;
mod own;

use hostile::{Hostile, fields, groups};
use venue::FixMessage;
use venue::dialect::{
    ClientSends, CustomDecoder, Decoder, Encoder, Framer, Framing, IntoOwned, Printer, SessionHeader, Text,
    Timestamp, Unknown,
};
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
    let own = own::Own {
        r#type: "t".into(),
        kind: own::Kind::Some,
        raw: Some(b"any\x01bytes".to_vec()),
        entries: Some(vec![own::Entry {
            name: "first",
            inner: vec![own::Inner {
                amount: "-0.10".parse()?,
            }],
        }]),
        unknown: Unknown::new(),
    };
    let shown = decoded.raw().to_string();
    drop(decoded);
    let frame = encoder.encode(&session, 4, time, &own)?;
    let mut custom = CustomDecoder::new();
    assert_eq!(custom.decode::<own::Own<'_>>(frame)?.message, own);
    let decoded = decoder.decode(frame)?;
    assert_eq!(decoded.decode_as::<own::Own<'_>>()?.message, own);
    sends::<own::Own<'_>>();
    extended(&session, time)?;
    println!("both dialects work under another name: {}", shown);
    Ok(())
}

/// The venue's order with a private tag: written, validated by the venue's rules, printed, read and kept.
fn extended(session: &SessionHeader, time: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
    let order = own::Order {
        cl_ord_id: "order-2".into(),
        order_qty: "10.00".parse()?,
        ord_type: prediction::fields::OrdType::Limit,
        price: own::Ticks(7_500),
        side: prediction::fields::Side::Buy,
        symbol: "HIGHNY-23DEC31".into(),
        strategy: Some(own::Kind::None),
        party_ids: Some(vec![own::Party {
            party_id: "p".into(),
            party_role: Some(prediction::fields::PartyRole::CustomerAccount),
        }]),
        unknown: Unknown::new(),
    };
    assert_eq!(order.validate()?, []);
    let mut encoder = Encoder::new();
    let frame = encoder.encode(session, 5, time, &order)?;
    let kept: own::Order<'static> = CustomDecoder::new()
        .decode::<own::Order<'_>>(frame)?
        .into_message()
        .into_owned();
    assert_eq!(kept, order);
    let text = Printer::new(<own::Order<'_> as FixMessage<'_>>::tables()).to_string(frame, &[]);
    assert!(
        text.contains("  20001  Strategy              NONE  None\n"),
        "{text}"
    );
    let awkward = own::Awkward {
        r#type: Some(fields::Type::None),
    };
    let frame = encoder.encode(session, 6, time, &awkward)?;
    assert_eq!(
        CustomDecoder::new().decode::<own::Awkward>(frame)?.message,
        awkward
    );
    orders::<own::Order<'_>>();
    Ok(())
}

fn orders<M: ClientSends<prediction::sessions::NR>>() {}

fn sends<M: ClientSends<hostile::sessions::Send>>() {}
