//! Messages of a user's own that are held against a dictionary, and a dictionary with an overlay.

use kalshi_fix::dialect::{
    CustomDecoder, Decimal, Decoder, EncodeBody, Encoder, FieldType, Outcome, Rule, SessionHeader, Text,
    Timestamp, Unknown,
};
use kalshi_fix::prediction::{self, Prediction, fields};
use kalshi_fix::{FixGroup, FixMessage};

/// The venue's order, with a private tag: the tags of the dictionary's fields are filled in.
#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(
    msg_type = "D",
    dictionary = "../spec/kalshi-prediction.xml",
    crate = "kalshi_fix::dialect",
    client = "prediction::sessions::NR"
)]
struct TaggedOrder<'a> {
    cl_ord_id: Text<'a>,
    order_qty: Decimal,
    ord_type: fields::OrdType,
    price: Decimal,
    side: fields::Side,
    symbol: &'a str,
    time_in_force: Option<fields::TimeInForce>,
    party_ids: Option<Vec<Party<'a>>>,
    #[fix(tag = 20001)]
    strategy: Option<u32>,
    #[fix(unknown)]
    unknown: Unknown<'a>,
}

#[derive(Debug, Clone, PartialEq, FixGroup)]
#[fix(
    dictionary = "../spec/kalshi-prediction.xml",
    group = "NoPartyIDs",
    crate = "kalshi_fix::dialect"
)]
struct Party<'a> {
    party_id: &'a str,
    party_role: Option<fields::PartyRole>,
}

mod venue {
    use kalshi_fix::Dialect;

    /// A venue whose dictionary lacks something.
    #[derive(Debug, Dialect)]
    #[fix(
        dictionary = "tests/dictionaries/venue.xml",
        overlay = "tests/dictionaries/venue-overlay.xml",
        crate = "kalshi_fix::dialect"
    )]
    pub(crate) struct Venue;
}

fn frame(begin_string: &str, message: &impl EncodeBody) -> Vec<u8> {
    let header = SessionHeader::new(begin_string, "key", "KalshiNR").expect("a header");
    let time = Timestamp::parse(b"20260821-14:30:00.125").expect("a timestamp");
    let mut encoder = Encoder::new();
    encoder
        .encode(&header, 2, time, message)
        .expect("a frame")
        .to_vec()
}

fn order<'a>() -> TaggedOrder<'a> {
    TaggedOrder {
        cl_ord_id: "o-1".into(),
        order_qty: 10.into(),
        ord_type: fields::OrdType::Limit,
        price: Decimal::new(5500, 4),
        side: fields::Side::Buy,
        symbol: "HIGHNY-23DEC31",
        time_in_force: Some(fields::TimeInForce::GoodTillCancel),
        party_ids: Some(vec![Party {
            party_id: "p",
            party_role: Some(fields::PartyRole::CustomerAccount),
        }]),
        strategy: Some(7),
        unknown: Unknown::new(),
    }
}

#[test]
fn a_message_of_the_dictionary_is_extended() {
    let order = order();
    let frame = frame("FIXT.1.1", &order);
    let mut decoder = CustomDecoder::new();
    let decoded = decoder.decode::<TaggedOrder<'_>>(&frame).expect("an order");
    assert_eq!(decoded.message, order);

    // The dialect reads the same frame, and keeps the private tag.
    let mut decoder = Decoder::<Prediction>::new();
    let decoded = decoder.decode(&frame).expect("a raw message");
    let Some(prediction::Message::NewOrderSingle(message)) = decoded.message() else {
        panic!("an order: {decoded:?}");
    };
    assert_eq!(message.cl_ord_id, "o-1");
    assert_eq!(message.party_ids.as_ref().map(Vec::len), Some(1));
    assert!(decoded.raw().field(20001).is_some());
    assert_eq!(
        decoded.decode_as::<TaggedOrder<'_>>().map(|order| order.strategy),
        Ok(Some(7))
    );
}

#[test]
fn the_dictionary_gives_names_types_and_rules() {
    let tables = <TaggedOrder<'_> as FixMessage<'_>>::tables();
    assert_eq!(tables.name, "NewOrderSingle");
    let named = |tag: u32| tables.field(tag).map(|field| (field.name, field.field_type));
    assert_eq!(named(11), Some(("ClOrdID", FieldType::String)));
    assert_eq!(named(44), Some(("Price", FieldType::Price)));
    assert_eq!(named(453), Some(("NoPartyIDs", FieldType::NumInGroup)));
    assert_eq!(named(448), Some(("PartyID", FieldType::String)));
    assert_eq!(named(20001), Some(("Strategy", FieldType::Int)));

    let long = TaggedOrder {
        cl_ord_id: "x".repeat(65).into(),
        ..order()
    };
    let violations = long.validate().expect("an encodable order");
    let rules: Vec<_> = violations
        .iter()
        .map(|violation| (violation.rule, violation.tag))
        .collect();
    assert_eq!(rules, [(Rule::Length, 11)]);
    assert_eq!(order().validate(), Ok(Vec::new()));
}

#[test]
fn an_overlay_becomes_part_of_the_dialect() {
    let order = venue::Order {
        strategy: Some("momentum".into()),
        legs: Some(vec![venue::groups::Leg {
            ratio: Some(2),
            ..venue::groups::Leg::new("A")
        }]),
        ..venue::Order::new("o-1", venue::fields::Side::SellShort)
    };
    assert_eq!(order.validate(), Ok(Vec::new()));
    let frame = frame("FIX.4.4", &order);
    let mut decoder = Decoder::<venue::Venue>::new();
    let decoded = decoder.decode(&frame).expect("a raw message");
    assert!(matches!(decoded.outcome(), Outcome::Message(venue::Message::Order(found)) if *found == order));
    let long = venue::Order::new("longer than eight", venue::fields::Side::Buy);
    assert_eq!(long.validate().map(|violations| violations.len()), Ok(1));
    assert_eq!(venue::Probe::new("s").strategy, "s");
}
