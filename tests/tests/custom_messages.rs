//! Messages of a user's own: every type that a field may have, groups in groups, and the way through encoder, decoder,
//! rules and raw layer.

use std::borrow::Cow;

use kalshi_fix::dialect::custom::support::is_standard;
use kalshi_fix::dialect::{
    BodyWriter, ClientSends, CustomDecoder, CustomError, Date, Decimal, Decoder, EncodeError, Encoder,
    ExchangeSends, FieldIndex, FieldType, FieldValue, MultipleValue, Outcome, RawMessage, Rule,
    SessionHeader, Tag, Text, TimeOfDay, Timestamp, Unknown, Unlisted, Validator,
};
use kalshi_fix::prediction::{Prediction, sessions};
use kalshi_fix::{FixEnum, FixGroup, FixMessage};

#[derive(Debug, Clone, Copy, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Urgency {
    #[fix(value = '1')]
    Low,
    #[fix(value = '2')]
    High,
    Unlisted(Unlisted<Self>),
}

#[derive(Debug, Clone, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Reason {
    #[fix(value = -1)]
    None,
    #[fix(value = 99)]
    Human,
    Other(Unlisted<Reason>),
}

#[derive(Debug, Clone, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Desk {
    #[fix(value = "NYC")]
    NewYork,
    #[fix(value = "LON")]
    London,
    Other(Unlisted<Self>),
}

/// A price in ticks of a quarter: a type of the user's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks(i64);

impl FieldValue<'_> for Ticks {
    fn read(bytes: &[u8]) -> Option<Ticks> {
        let quarters = kalshi_fix::dialect::parse_decimal(bytes)? * Decimal::from(4);
        let ticks = quarters.is_integer().then(|| quarters.try_into().ok())?;
        ticks.map(Ticks)
    }

    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.decimal_value(tag, Decimal::new(self.0 * 25, 2));
    }
}

#[derive(Debug, Clone, PartialEq, FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Leg<'a> {
    #[fix(tag = 20101)]
    symbol: &'a str,
    #[fix(tag = 20102)]
    ratio: Option<u16>,
    #[fix(tag = 20103)]
    fills: Option<Vec<Fill>>,
    #[fix(unknown)]
    rest: Unknown<'a>,
}

#[derive(Debug, Clone, PartialEq, FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Fill {
    #[fix(tag = 20104)]
    quantity: Decimal,
    #[fix(tag = 20105)]
    price: Option<Ticks>,
}

#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(
    msg_type = "U77",
    crate = "kalshi_fix::dialect",
    client = "sessions::NR",
    client = "sessions::RT",
    exchange = sessions::DC
)]
struct Instruction<'a> {
    #[fix(tag = 11)]
    id: Text<'a>,
    #[fix(tag = 20001)]
    urgency: Urgency,
    #[fix(tag = 20002)]
    reason: Option<Reason>,
    #[fix(tag = 20003)]
    desk: Option<Desk>,
    #[fix(tag = 20004)]
    account: Option<String>,
    #[fix(tag = 20005)]
    memo: Option<Cow<'a, str>>,
    #[fix(tag = 20006)]
    limit: Option<Ticks>,
    #[fix(tag = 20007)]
    amount: Option<Decimal>,
    #[fix(tag = 20008)]
    until: Option<Timestamp>,
    #[fix(tag = 20009)]
    day: Option<Date>,
    #[fix(tag = 20010)]
    time: Option<TimeOfDay>,
    #[fix(tag = 20011)]
    hidden: Option<bool>,
    #[fix(tag = 20012)]
    desks: Option<MultipleValue<'a, Desk>>,
    #[fix(tag = 20013)]
    small: Option<i8>,
    #[fix(tag = 20014)]
    count: Option<u32>,
    #[fix(tag = 20015)]
    letter: Option<char>,
    #[fix(tag = 20016)]
    byte: Option<u8>,
    #[fix(tag = 20017)]
    wide: Option<i64>,
    #[fix(tag = 20018)]
    bytes: Option<&'a [u8]>,
    #[fix(tag = 355, length = 354)]
    blob: Option<Vec<u8>>,
    #[fix(tag = 20100)]
    legs: Vec<Leg<'a>>,
    #[fix(tag = 20021)]
    last: Option<usize>,
    #[fix(unknown)]
    unknown: Unknown<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq, FixMessage)]
#[fix(msg_type = "U78", crate = "kalshi_fix::dialect")]
struct Ping;

fn header() -> SessionHeader {
    SessionHeader::new("FIXT.1.1", "key", "KalshiNR").expect("a header")
}

fn time() -> Timestamp {
    Timestamp::parse(b"20260821-14:30:00.125").expect("a timestamp")
}

fn frame(message: &impl kalshi_fix::dialect::EncodeBody) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder
        .encode(&header(), 2, time(), message)
        .expect("a frame")
        .to_vec()
}

/// A frame with this body, `|` for SOH.
fn wire(msg_type: &str, body: &str) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder
        .begin(&header(), msg_type.as_bytes(), 2, time())
        .raw(body.replace('|', "\u{1}").as_bytes());
    encoder.finish().to_vec()
}

/// The body of a frame, `|` for SOH.
fn body(frame: &[u8]) -> String {
    let mut index = FieldIndex::new();
    let raw = RawMessage::parse(frame, &mut index).expect("a raw message");
    let mut text = String::new();
    for field in raw.fields().filter(|field| !is_standard(field.tag)) {
        let value = String::from_utf8_lossy(field.value).replace('\u{1}', "^");
        text.push_str(&field.tag.to_string());
        text.push('=');
        text.push_str(&value);
        text.push('|');
    }
    text
}

fn full<'a>() -> Instruction<'a> {
    let mut unknown = Unknown::new();
    unknown.push(29999, b"kept").expect("a field");
    let mut rest = Unknown::new();
    rest.push(29998, b"inner").expect("a field");
    Instruction {
        id: "i-1".into(),
        urgency: Urgency::High,
        reason: Some(Reason::None),
        desk: Some(Desk::London),
        account: Some("acc".to_owned()),
        memo: Some("see below".into()),
        limit: Some(Ticks(41)),
        amount: Some("10.50".parse().expect("a decimal")),
        until: Some(time()),
        day: Date::parse(b"20260821"),
        time: TimeOfDay::parse(b"14:30:00.125"),
        hidden: Some(true),
        desks: Some([Desk::NewYork, Desk::London].into_iter().collect()),
        small: Some(-8),
        count: Some(4_000_000_000),
        letter: Some('x'),
        byte: Some(b'y'),
        wide: Some(-1),
        bytes: Some(b"\xff\xfe"),
        blob: Some(b"a\x01b".to_vec()),
        legs: vec![
            Leg {
                symbol: "A",
                ratio: Some(2),
                fills: Some(vec![
                    Fill {
                        quantity: 5.into(),
                        price: Some(Ticks(3)),
                    },
                    Fill {
                        quantity: 6.into(),
                        price: None,
                    },
                ]),
                rest,
            },
            Leg {
                symbol: "B",
                ratio: None,
                fills: None,
                rest: Unknown::new(),
            },
        ],
        last: Some(7),
        unknown,
    }
}

#[test]
fn every_type_goes_out_and_comes_back() {
    let message = full();
    let frame = frame(&message);
    assert_eq!(
        body(&frame).replace(char::REPLACEMENT_CHARACTER, "?"),
        "11=i-1|20001=2|20002=-1|20003=LON|20004=acc|20005=see below|20006=10.25|20007=10.50|\
         20008=20260821-14:30:00.125|20009=20260821|20010=14:30:00.125|20011=Y|20012=NYC LON|20013=-8|\
         20014=4000000000|20015=x|20016=y|20017=-1|20018=??|354=3|355=a^b|29999=kept|\
         20100=2|20101=A|20102=2|29998=inner|20103=2|20104=5|20105=0.75|20104=6|20101=B|20021=7|"
    );
    let mut decoder = CustomDecoder::new();
    let decoded = decoder.decode::<Instruction<'_>>(&frame).expect("a message");
    assert_eq!(decoded.message, message);
    assert_eq!(decoded.violations, []);
    assert_eq!(
        message.validate().map(|violations| violations.len()),
        Ok(2),
        "the unknown fields alone"
    );
}

#[test]
fn a_message_without_fields() {
    let frame = frame(&Ping);
    assert_eq!(body(&frame), "");
    let mut decoder = CustomDecoder::new();
    assert_eq!(decoder.decode::<Ping>(&frame).map(|ping| ping.message), Ok(Ping));
}

#[test]
fn values_that_are_not_listed_are_kept() {
    let frame = wire("U77", "11=i|20001=9|20002=7|20003=SGP|20100=0|");
    let mut decoder = CustomDecoder::new();
    let message = decoder
        .decode::<Instruction<'_>>(&frame)
        .expect("a message")
        .into_message();
    assert!(matches!(message.urgency, Urgency::Unlisted(_)));
    assert!(matches!(message.reason, Some(Reason::Other(_))));
    assert!(matches!(message.desk, Some(Desk::Other(_))));
    assert_eq!(message.legs, []);
    assert_eq!(
        body(&self::frame(&message)),
        "11=i|20001=9|20002=7|20003=SGP|20100=0|"
    );
    // None of them can be made of a value that is listed.
    assert_eq!(Unlisted::<Urgency>::new(b'1'), None);
    assert_eq!(Unlisted::<Reason>::new(-1), None);
    assert_eq!(Unlisted::<Desk>::new(Box::from(*b"NYC")), None);
}

#[test]
fn what_cannot_be_read_is_told_and_never_made_up() {
    fn check(body: &str, expected: &str) {
        let frame = wire("U77", body);
        let mut decoder = CustomDecoder::new();
        let shown = match decoder.decode::<Instruction<'_>>(&frame) {
            Ok(decoded) => decoded
                .violations
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{body}");
    }
    check("11=i|20001=1|20100=0|", "");
    check(
        "11=i|20100=0|",
        "the message is incomplete: Instruction/20001: required field is missing",
    );
    check(
        "11=i|20001=12|20100=0|",
        "the message is incomplete: Instruction/20001: value is not of the field's type: `12`",
    );
    // Optional: the message is there without it.
    check(
        "11=i|20001=1|20006=0.30|20013=300|20014=4294967296|20015=xy|20100=0|",
        "Instruction/20006: value is not of the field's type: `0.30`; \
         Instruction/20013: value is not of the field's type: `300`; \
         Instruction/20014: value is not of the field's type: `4294967296`; \
         Instruction/20015: value is not of the field's type: `xy`",
    );
    check(
        "11=i|20001=1|20005=\u{1}20100=0|",
        "Instruction/20005: field has no value",
    );
    check(
        "11=i|20001=1|20100=2|20101=A|20103=1|20105=0.25|",
        "the message is incomplete: Instruction/20100: count is not the number of entries: `2`; expected 1; \
         Instruction/20100[0]/20103[0]/20104: required field is missing",
    );
}

#[test]
fn the_stream_of_a_dialect_holds_messages_of_ones_own() {
    let frame = frame(&full());
    let mut decoder = Decoder::<Prediction>::new();
    let decoded = decoder.decode(&frame).expect("a raw message");
    assert!(matches!(decoded.outcome(), Outcome::UnknownType));
    let message = decoded.decode_as::<Instruction<'_>>().expect("a message");
    assert_eq!(message.legs.len(), 2);
    assert_eq!(
        decoded.decode_as::<Ping>(),
        Err(CustomError::OtherType {
            expected: "U78",
            found: b"U77".to_vec()
        })
    );
    assert_eq!(
        decoded.decode_as::<Ping>().unwrap_err().to_string(),
        "expected a message of type `U78`, got `U77`"
    );
}

#[test]
fn tables_name_every_field_and_rules_apply() {
    let tables = <Instruction<'_> as FixMessage<'_>>::tables();
    assert!(tables.fields.is_sorted_by_key(|field| field.tag));
    let named = |tag: u32| tables.field(tag).map(|field| (field.name, field.field_type));
    assert_eq!(named(11), Some(("Id", FieldType::String)));
    assert_eq!(named(20001), Some(("Urgency", FieldType::Char)));
    assert_eq!(named(20012), Some(("Desks", FieldType::MultipleStringValue)));
    assert_eq!(named(355), Some(("Blob", FieldType::Data)));
    assert_eq!(named(354), Some(("BlobLength", FieldType::Length)));
    assert_eq!(named(20100), Some(("NoLegs", FieldType::NumInGroup)));
    assert_eq!(named(20104), Some(("Quantity", FieldType::Float)));
    assert_eq!(named(34), Some(("MsgSeqNum", FieldType::SeqNum)));

    let mut validator = Validator::new(tables);
    let frame = wire("U77", "11=i|20001=9|20012=NYC SGP|20100=0|11=j|777=x|");
    let rules: Vec<(Rule, u32)> = validator
        .validate(&frame)
        .expect("a raw message")
        .into_iter()
        .map(|violation| (violation.rule, violation.tag))
        .collect();
    assert_eq!(
        rules,
        [
            (Rule::Listed, 20001),
            (Rule::Listed, 20012),
            (Rule::Once, 11),
            (Rule::Defined, 777)
        ]
    );
}

#[test]
fn what_cannot_be_written_is_refused() {
    let refused = |change: fn(&mut Instruction<'_>)| {
        let mut message = full();
        change(&mut message);
        let mut encoder = Encoder::new();
        encoder.encode(&header(), 2, time(), &message).map(<[u8]>::len)
    };
    assert_eq!(
        refused(|message| message.letter = Some('é')),
        Err(EncodeError::Unwritable { tag: 20015 })
    );
    assert_eq!(
        refused(|message| {
            message.bytes = Some(b"a\x01b");
            message.blob = None;
        }),
        Err(EncodeError::ContainsDelimiter { tag: 20018 })
    );
    assert_eq!(
        refused(|message| message.legs[0].symbol = ""),
        Err(EncodeError::Empty { tag: 20101 })
    );
}

#[test]
fn sessions_are_those_of_the_attribute() {
    fn client<S, M: ClientSends<S>>() {}
    fn exchange<S, M: ExchangeSends<S>>() {}
    client::<sessions::NR, Instruction<'_>>();
    client::<sessions::RT, Instruction<'_>>();
    exchange::<sessions::DC, Instruction<'_>>();
}
