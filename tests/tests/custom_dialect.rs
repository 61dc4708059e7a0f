//! Messages of a user's own that are held against a dialect by its type: what is filled in, the rules that come along,
//! groups with private tags, and what is kept beyond the frame.

#![expect(
    clippy::struct_field_names,
    reason = "fields have the names that the dictionary gives them"
)]

use kalshi_fix::dialect::tables::{MemberKind, MemberTable};
use kalshi_fix::dialect::{
    BodyWriter, Context, CustomDecoder, Decimal, Decoder, EncodeBody, Encoder, FieldIndex, FieldType,
    FieldValue, IntoOwned, Malformed, MultipleValue, Outcome, Prices, Printer, RawMessage, Rule, Sender,
    SessionHeader, Tag, Text, Timestamp, Unknown, Unlisted, Validator,
};
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::{self, Prediction, fields};
use kalshi_fix::{FixEnum, FixGroup, FixMessage};

/// The venue's order, with a private tag. No tag of the venue's is stated.
#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(msg_type = "D", dialect = Prediction, crate = "kalshi_fix::dialect")]
struct Order<'a> {
    cl_ord_id: Text<'a>,
    order_qty: Decimal,
    ord_type: fields::OrdType,
    price: Decimal,
    side: Side,
    symbol: Text<'a>,
    time_in_force: Option<fields::TimeInForce>,
    expire_time: Option<Timestamp>,
    alloc_account: Option<u16>,
    // In front of the group: behind it, who does not know the tag takes it for a field of the last entry.
    #[fix(tag = 20001)]
    strategy: Option<Text<'a>>,
    party_ids: Option<Vec<Party<'a>>>,
    #[fix(unknown)]
    unknown: Unknown<'a>,
}

/// As the venue's, with one of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Side {
    #[fix(value = '1')]
    Buy,
    Other(Unlisted<Self>),
}

#[derive(Debug, Clone, PartialEq, FixGroup)]
#[fix(dialect = Prediction, group = "NoPartyIDs", crate = "kalshi_fix::dialect")]
struct Party<'a> {
    party_id: Text<'a>,
    party_role: Option<fields::PartyRole>,
    #[fix(tag = 20002)]
    desk: Option<Text<'a>>,
}

/// A book, whose group is defined anew in another message.
#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(
    msg_type = "X",
    dialect = "kalshi_fix::prediction::Prediction",
    crate = "kalshi_fix::dialect"
)]
struct Increments<'a> {
    md_entries: Vec<Increment<'a>>,
}

#[derive(Debug, Clone, PartialEq, FixGroup)]
#[fix(dialect = Prediction, group = "NoMDEntries", crate = "kalshi_fix::dialect")]
struct Increment<'a> {
    md_update_action: fields::MDUpdateAction,
    symbol: Text<'a>,
    md_entry_type: fields::MDEntryType,
    md_entry_px: Option<Decimal>,
    md_entry_size: Option<Decimal>,
}

/// A message that no dictionary has, with fields of the venue's.
#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(msg_type = "U77", dialect = Margin, crate = "kalshi_fix::dialect")]
struct Note<'a> {
    symbol: Text<'a>,
    #[fix(tag = 44)]
    price: Option<Decimal>,
    #[fix(tag = 20003)]
    tags: Option<MultipleValue<'a, fields::Side>>,
    #[fix(tag = 20031, length = 20030)]
    blob: Option<Vec<u8>>,
    #[fix(tag = 20004)]
    mine: Option<Mine<'a>>,
}

/// A value type of the user's own that borrows.
#[derive(Debug, Clone, PartialEq)]
struct Mine<'a>(Text<'a>);

impl<'a> FieldValue<'a> for Mine<'a> {
    fn read(bytes: &'a [u8]) -> Option<Mine<'a>> {
        bytes.starts_with(b"m-").then_some(Mine(Text::from_bytes(bytes)))
    }

    fn write(&self, tag: Tag, out: &mut BodyWriter) {
        out.text(tag, self.0.as_bytes());
    }
}

impl IntoOwned for Mine<'_> {
    type Owned = Mine<'static>;

    fn into_owned(self) -> Mine<'static> {
        Mine(self.0.into_owned())
    }
}

fn encode(message: &impl EncodeBody) -> Vec<u8> {
    let header = SessionHeader::new("FIXT.1.1", "key", "KalshiNR").expect("a header");
    let time = Timestamp::parse(b"20260821-14:30:00.125").expect("a timestamp");
    let mut encoder = Encoder::new();
    encoder
        .encode(&header, 2, time, message)
        .expect("a frame")
        .to_vec()
}

/// A frame with this body, `|` for SOH.
fn wire(msg_type: &str, body: &str) -> Vec<u8> {
    let header = SessionHeader::new("FIXT.1.1", "key", "KalshiNR").expect("a header");
    let time = Timestamp::parse(b"20260821-14:30:00.125").expect("a timestamp");
    let mut encoder = Encoder::new();
    encoder
        .begin(&header, msg_type.as_bytes(), 2, time)
        .raw(body.replace('|', "\u{1}").as_bytes());
    encoder.finish().to_vec()
}

fn order<'a>() -> Order<'a> {
    Order {
        cl_ord_id: "o-1".into(),
        order_qty: 10.into(),
        ord_type: fields::OrdType::Limit,
        price: Decimal::new(5500, 4),
        side: Side::Buy,
        symbol: "HIGHNY-23DEC31".into(),
        time_in_force: Some(fields::TimeInForce::GoodTillCancel),
        expire_time: None,
        alloc_account: None,
        party_ids: Some(vec![Party {
            party_id: "p".into(),
            party_role: Some(fields::PartyRole::CustomerAccount),
            desk: Some("NYC".into()),
        }]),
        strategy: Some("momentum".into()),
        unknown: Unknown::new(),
    }
}

#[test]
fn tags_and_names_are_filled_in() {
    let body = String::from_utf8(encode(&order()))
        .expect("ASCII")
        .replace('\u{1}', "|");
    let body = body.split_once("52=20260821-14:30:00.125|").expect("a header").1;
    assert!(
        body.starts_with(
            "11=o-1|38=10|40=2|44=0.5500|54=1|55=HIGHNY-23DEC31|59=1|20001=momentum|453=1|448=p|452=24|20002=NYC|10="
        ),
        "{body}"
    );
    let tables = <Order<'_> as FixMessage<'_>>::tables();
    assert_eq!(tables.name, "NewOrderSingle");
    let named = |tag: u32| tables.field(tag).map(|field| (field.name, field.field_type));
    assert_eq!(named(44), Some(("Price", FieldType::Price)));
    assert_eq!(named(453), Some(("NoPartyIDs", FieldType::NumInGroup)));
    assert_eq!(named(20001), Some(("Strategy", FieldType::String)));
    assert_eq!(named(20002), Some(("Desk", FieldType::String)));
    // What the struct leaves out is the dialect's still.
    assert_eq!(named(79).map(|(name, _)| name), Some("AllocAccount"));
    assert!(tables.fields.is_sorted_by(|one, other| one.tag < other.tag));
    assert_eq!(Note::tables().name, "Note");
    assert_eq!(Note::tables().field(44).map(|field| field.name), Some("Price"));
}

/// Everything that a member says, as text.
fn told(member: &MemberTable) -> String {
    format!("{} {:?} {:?}", member.may_be_empty, member.when, member.rules)
}

/// The members of a message, those of components and groups among them, by their tags.
fn members(of: &[MemberTable], path: &str, found: &mut Vec<(String, bool, String)>) {
    for member in of {
        match member.kind {
            MemberKind::Field(field) => {
                found.push((format!("{path}/{}", field.tag), member.required, told(member)));
            }
            MemberKind::Group(group) => {
                let path = format!("{path}/{}", group.count.tag);
                found.push((
                    path.clone(),
                    member.required,
                    format!("{} {}", group.any_delimiter, told(member)),
                ));
                members(group.members, &path, found);
            }
            MemberKind::Component(component) => members(component.members, path, found),
        }
    }
}

#[test]
fn the_rules_are_the_dialects_and_the_private_ones() {
    fn check<M: for<'a> FixMessage<'a>>(private: &[&str]) {
        let msg_type = M::MSG_TYPE.as_bytes();
        let (_, table) = prediction_table(msg_type);
        let mut expected = Vec::new();
        members(table, "", &mut expected);
        let mut found = Vec::new();
        members(M::RULES, "", &mut found);
        found.retain(|(path, ..)| !private.contains(&path.as_str()));
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{}", M::NAME);
    }
    fn prediction_table(msg_type: &[u8]) -> (usize, &'static [MemberTable]) {
        use kalshi_fix::dialect::Dialect;
        let (at, table) = Prediction::TABLES.message(msg_type).expect("a message");
        (at, table.members)
    }
    check::<OwnedOrder>(&["/20001"]);
    check::<OwnedIncrements>(&[]);
}

/// As [`Order`], without a lifetime, so that it is a message for every frame.
#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(msg_type = "D", dialect = Prediction, crate = "kalshi_fix::dialect")]
struct OwnedOrder {
    cl_ord_id: String,
    order_qty: Decimal,
    ord_type: fields::OrdType,
    price: Decimal,
    side: fields::Side,
    symbol: String,
    #[fix(tag = 20001)]
    strategy: Option<String>,
}

#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(msg_type = "X", dialect = Prediction, crate = "kalshi_fix::dialect")]
struct OwnedIncrements {
    md_entries: Vec<OwnedIncrement>,
}

/// Without the optional fields, which the rules have all the same.
#[derive(Debug, Clone, PartialEq, FixGroup)]
#[fix(dialect = Prediction, group = "NoMDEntries", crate = "kalshi_fix::dialect")]
struct OwnedIncrement {
    md_update_action: fields::MDUpdateAction,
    symbol: String,
    md_entry_type: fields::MDEntryType,
}

#[test]
fn conditions_steps_and_limits_hold_for_messages_of_ones_own() {
    fn check(what: &str, context: &Context, change: fn(&mut Order<'_>), expected: &[(Rule, u32)]) {
        let mut order = order();
        order.party_ids = None;
        change(&mut order);
        let violations = order.validate_in(context).expect("an encodable order");
        let rules: Vec<_> = violations
            .iter()
            .map(|violation| (violation.rule, violation.tag))
            .collect();
        assert_eq!(rules, expected, "{what}");
        // A raw frame is judged alike.
        let frame = encode(&order);
        let mut validator = Validator::new(<Order<'_> as FixMessage<'_>>::tables());
        assert_eq!(validator.validate_in(&frame, context), Ok(violations), "{what}");
    }
    let any = Context::default();
    let dollars = Context::default()
        .from(Sender::Client)
        .on("NR")
        .priced_in(Prices::Dollars);
    let cents = dollars.priced_in(Prices::Cents);
    check("sound", &any, |_| {}, &[]);
    check("sound in dollars", &dollars, |_| {}, &[]);
    check("x-value", &cents, |_| {}, &[(Rule::Range, 44)]);
    check(
        "x-step",
        &dollars,
        |order| order.price = Decimal::new(55005, 5),
        &[(Rule::Step, 44)],
    );
    check(
        "x-when",
        &any,
        |order| order.time_in_force = Some(fields::TimeInForce::GoodTillDate),
        &[(Rule::Conditional, 126)],
    );
    check(
        "x-when is met",
        &any,
        |order| {
            order.time_in_force = Some(fields::TimeInForce::GoodTillDate);
            order.expire_time = Timestamp::parse(b"20260901-00:00:00");
        },
        &[],
    );
    check(
        "x-never",
        &any,
        |order| {
            order.alloc_account = Some(1);
            order.party_ids = self::order().party_ids;
        },
        &[(Rule::Forbidden, 79)],
    );
    check(
        "x-max",
        &any,
        |order| order.alloc_account = Some(64),
        &[(Rule::Range, 79)],
    );
    check(
        "x-max-length",
        &any,
        |order| order.cl_ord_id = "x".repeat(65).into(),
        &[(Rule::Length, 11)],
    );
    check(
        "a value of the enum's own",
        &any,
        |order| order.side = Side::Other(Unlisted::new(b'9').expect("not listed")),
        &[(Rule::Listed, 54)],
    );
    check(
        "a value that the dialect lists, and the enum does not",
        &any,
        |order| order.side = Side::Other(Unlisted::new(b'2').expect("not listed")),
        &[],
    );
}

#[test]
fn conditions_look_at_fields_that_the_struct_does_not_have() {
    // SelfTradePreventionType (2964) is one of the venue's, and so no fault; 29999 is nobody's.
    let frame = wire(
        "D",
        "11=o|38=1|40=2|44=55|54=1|55=S|2964=1|59=6|29999=x|453=1|448=p|452=24|79=1|",
    );
    let mut validator = Validator::new(OwnedOrder::tables());
    let rules: Vec<_> = validator
        .validate(&frame)
        .expect("a raw message")
        .into_iter()
        .map(|violation| (violation.rule, violation.tag))
        .collect();
    assert_eq!(
        rules,
        [
            (Rule::Conditional, 126),
            (Rule::Forbidden, 79),
            (Rule::Defined, 29999)
        ]
    );
    // The struct itself keeps to the fields that it has.
    let mut decoder = CustomDecoder::new();
    let decoded = decoder.decode::<OwnedOrder>(&frame).expect("an order");
    assert_eq!(decoded.symbol, "S");
    assert_eq!(decoded.violations, []);
}

#[test]
fn a_group_is_that_of_its_message() {
    let check = |entry: &str, expected: &[(Rule, u32)]| {
        let frame = wire("X", &format!("268=1|{entry}"));
        let mut validator = Validator::new(<Increments<'_> as FixMessage<'_>>::tables());
        let rules: Vec<_> = validator
            .validate(&frame)
            .expect("a raw message")
            .into_iter()
            .map(|violation| (violation.rule, violation.tag))
            .collect();
        assert_eq!(rules, expected, "{entry}");
    };
    let times = "272=20260821|273=14:30:00.125|";
    check(&format!("279=0|55=S|269=0|270=0.55|271=1|{times}"), &[]);
    check(&format!("279=2|55=S|269=0|{times}"), &[]);
    check(
        &format!("279=1|55=S|269=0|{times}"),
        &[(Rule::Conditional, 270), (Rule::Conditional, 271)],
    );
    check(
        &format!("279=0|55=S|269=0|270=1.5|271=1|{times}"),
        &[(Rule::Range, 270)],
    );
    check(
        &format!("269=0|279=0|55=S|270=0.5|271=1|{times}"),
        &[(Rule::GroupOrder, 269)],
    );
}

#[test]
fn what_was_decoded_is_kept_beyond_its_frame() {
    let order = order();
    let note = Note {
        symbol: "S".into(),
        price: None,
        tags: Some([fields::Side::Buy, fields::Side::Sell].into_iter().collect()),
        blob: Some(b"a\x01b".to_vec()),
        mine: Some(Mine("m-1".into())),
    };
    let (kept, kept_note): (Order<'static>, Note<'static>) = {
        let (frame, note) = (encode(&order), encode(&note));
        let mut decoder = CustomDecoder::new();
        let order = decoder
            .decode::<Order<'_>>(&frame)
            .expect("an order")
            .into_owned();
        let note = decoder.decode::<Note<'_>>(&note).expect("a note");
        (order.into_message(), note.into_message().into_owned())
    };
    assert_eq!(kept, order);
    assert_eq!(kept_note, note);
    assert_eq!(
        kept.party_ids
            .and_then(|parties| parties.into_iter().next()?.desk),
        Some("NYC".into())
    );
}

#[test]
fn a_message_of_ones_own_is_printed_with_its_names() {
    let mut printer = Printer::new(<Order<'_> as FixMessage<'_>>::tables());
    let mut order = order();
    order.time_in_force = Some(fields::TimeInForce::GoodTillDate);
    let violations = order.validate().expect("an encodable order");
    let text = printer.to_string(&encode(&order), &violations);
    let body: Vec<&str> = text
        .lines()
        .filter(|line| {
            let tag = line.split_whitespace().next().unwrap_or_default();
            !["8", "9", "35", "49", "56", "34", "52", "10"].contains(&tag)
        })
        .collect();
    assert_eq!(
        body.join("\n"),
        "NewOrderSingle (D)
     11  ClOrdID               o-1
     38  OrderQty              10
     40  OrdType               2  LIMIT
     44  Price                 0.5500
     54  Side                  1  BUY
     55  Symbol                HIGHNY-23DEC31
     59  TimeInForce           6  GTD
  20001  Strategy              momentum
    453  NoPartyIDs            1
        Party 0
        448  PartyID               p
        452  PartyRole             24  CUSTOMER_ACCOUNT
      20002  Desk                  NYC
    126  <- field is required in this case and missing"
    );
}

#[test]
fn private_data_with_delimiters_is_printed_whole() {
    let note = Note {
        symbol: "S".into(),
        price: None,
        tags: None,
        blob: Some(b"a\x0155=b\x01c".to_vec()),
        mine: None,
    };
    let frame = encode(&note);
    assert_eq!(note.validate(), Ok(Vec::new()));
    let tables = <Note<'_> as FixMessage<'_>>::tables();
    // The raw layer, where it is told of the tables, and where it is not.
    let mut index = FieldIndex::new();
    let raw = RawMessage::parse_by(&frame, &mut index, tables).expect("a raw message");
    assert_eq!(raw.field(20031), Some(&b"a\x0155=b\x01c"[..]));
    assert_eq!(raw.body().count(), 3);
    let mut index = FieldIndex::new();
    let alone = RawMessage::parse(&frame, &mut index).map(|raw| raw.body().count());
    assert!(matches!(alone, Err(Malformed::NotAField { .. })), "{alone:?}");
    // In the stream of a dialect that does not know it, it is there to be read as what it is.
    let mut decoder = Decoder::<Prediction>::new();
    let decoded = decoder.decode(&frame).expect("a frame");
    assert!(matches!(decoded.outcome(), Outcome::UnknownType));
    assert!(
        decoded
            .decode_as::<Note<'_>>()
            .is_ok_and(|found| found.message == note)
    );
    let text = Printer::new(tables).to_string(&frame, &[]);
    assert!(
        text.contains(
            "     55  Symbol                S\n  20030  BlobLength            8\n  20031  Blob                  \
             a\\u{1}55=b\\u{1}c\n     10  "
        ),
        "{text}"
    );
}

/// The dialect's own message is untouched by what is derived beside it.
#[test]
fn the_dialect_reads_what_extends_it() {
    let frame = encode(&order());
    let mut decoder = Decoder::<Prediction>::new();
    let decoded = decoder.decode(&frame).expect("a raw message");
    let Some(prediction::Message::NewOrderSingle(message)) = decoded.message() else {
        panic!("an order: {decoded:?}");
    };
    assert_eq!(message.unknown.get(20001), Some(&b"momentum"[..]));
    let parties = message.party_ids.as_ref().expect("parties");
    assert_eq!(parties[0].unknown.get(20002), Some(&b"NYC"[..]));
    assert!(
        decoded
            .decode_as::<Order<'_>>()
            .is_ok_and(|found| found.message == order())
    );
}
