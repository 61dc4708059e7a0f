//! Messages of a user's own go out and come back, whatever they hold: `decode(encode(m)) == m`, and what was decoded and
//! kept is the same, and is written as the same bytes.

#![expect(
    clippy::struct_field_names,
    reason = "fields have the names that the dictionary gives them"
)]

use kalshi_fix::dialect::{
    CustomDecoder, Date, Decimal, Encoder, IntoOwned, MultipleValue, SessionHeader, Text, TimeOfDay,
    Timestamp, Unknown, Unlisted, Validator,
};
use kalshi_fix::prediction::{Prediction, fields};
use kalshi_fix::{FixEnum, FixGroup, FixMessage};
use proptest::prelude::*;

/// The venue's order with private fields of every type.
#[derive(Debug, Clone, PartialEq, FixMessage)]
#[fix(msg_type = "D", dialect = Prediction, crate = "kalshi_fix::dialect")]
struct Order<'a> {
    cl_ord_id: Text<'a>,
    order_qty: Decimal,
    ord_type: fields::OrdType,
    price: Decimal,
    side: fields::Side,
    symbol: Text<'a>,
    #[fix(tag = 20001)]
    urgency: Option<Urgency>,
    #[fix(tag = 20002)]
    words: Option<MultipleValue<'a, Urgency>>,
    #[fix(tag = 20003)]
    number: Option<i64>,
    #[fix(tag = 20004)]
    small: Option<u16>,
    #[fix(tag = 20005)]
    flag: Option<bool>,
    #[fix(tag = 20006)]
    day: Option<Date>,
    #[fix(tag = 20007)]
    time: Option<TimeOfDay>,
    #[fix(tag = 20008)]
    moment: Option<Timestamp>,
    #[fix(tag = 20010, length = 20009)]
    blob: Option<Vec<u8>>,
    #[fix(unknown)]
    unknown: Unknown<'a>,
    party_ids: Option<Vec<Party<'a>>>,
    #[fix(tag = 20020)]
    legs: Option<Vec<Leg<'a>>>,
}

#[derive(Debug, Clone, PartialEq, FixGroup)]
#[fix(dialect = Prediction, group = "NoPartyIDs", crate = "kalshi_fix::dialect")]
struct Party<'a> {
    party_id: Text<'a>,
    party_role: Option<fields::PartyRole>,
}

#[derive(Debug, Clone, PartialEq, FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Leg<'a> {
    #[fix(tag = 20021)]
    symbol: Text<'a>,
    #[fix(tag = 20023, length = 20022)]
    blob: Option<Vec<u8>>,
    #[fix(tag = 20024)]
    fills: Vec<Fill>,
}

#[derive(Debug, Clone, PartialEq, FixGroup)]
#[fix(crate = "kalshi_fix::dialect")]
struct Fill {
    #[fix(tag = 20025)]
    quantity: Decimal,
    #[fix(tag = 20026)]
    price: Option<Decimal>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, FixEnum)]
#[fix(crate = "kalshi_fix::dialect")]
enum Urgency {
    #[fix(value = '1')]
    Low,
    #[fix(value = '2')]
    High,
    Other(Unlisted<Self>),
}

fn text() -> impl Strategy<Value = Text<'static>> {
    prop::collection::vec(2_u8.., 1..12).prop_map(Text::from)
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), 0_u32..9).prop_map(|(digits, scale)| Decimal::new(digits, scale))
}

fn urgency() -> impl Strategy<Value = Urgency> {
    prop_oneof![
        Just(Urgency::Low),
        Just(Urgency::High),
        (b'3'..=b'9').prop_map(|other| Urgency::Other(Unlisted::new(other).expect("not listed"))),
    ]
}

/// Nanoseconds of the years 2000 to 2100.
fn moment() -> impl Strategy<Value = Timestamp> {
    (946_684_800_i64..4_102_444_800, 0_i64..1_000).prop_map(|(seconds, millis)| {
        Timestamp::from_unix_nanos(seconds * 1_000_000_000 + millis * 1_000_000)
    })
}

fn unknown() -> impl Strategy<Value = Unknown<'static>> {
    prop::collection::vec((30_000_u32..30_100, text()), 0..3).prop_map(|fields| {
        let mut unknown = Unknown::new();
        for (tag, value) in fields {
            unknown.push(tag, value.as_bytes()).expect("a field");
        }
        unknown
    })
}

fn leg() -> impl Strategy<Value = Leg<'static>> {
    let fill =
        (decimal(), prop::option::of(decimal())).prop_map(|(quantity, price)| Fill { quantity, price });
    let blob = prop::option::of(prop::collection::vec(any::<u8>(), 1..12));
    (text(), blob, prop::collection::vec(fill, 0..3)).prop_map(|(symbol, blob, fills)| Leg {
        symbol,
        blob,
        fills,
    })
}

fn party() -> impl Strategy<Value = Party<'static>> {
    (text(), prop::option::of(Just(fields::PartyRole::CustomerAccount)))
        .prop_map(|(party_id, party_role)| Party { party_id, party_role })
}

prop_compose! {
    fn order()(
        (cl_ord_id, order_qty, price, symbol) in (text(), decimal(), decimal(), text()),
        urgency_of in prop::option::of(urgency()),
        words in prop::option::of(prop::collection::vec(urgency(), 1..4)),
        (number, small, flag) in any::<(Option<i64>, Option<u16>, Option<bool>)>(),
        moments in prop::option::of(moment()),
        blob in prop::option::of(prop::collection::vec(any::<u8>(), 1..20)),
        unknown in unknown(),
        party_ids in prop::option::of(prop::collection::vec(party(), 0..3)),
        legs in prop::option::of(prop::collection::vec(leg(), 0..3)),
    ) -> Order<'static> {
        Order {
            cl_ord_id,
            order_qty,
            ord_type: fields::OrdType::Limit,
            price,
            side: fields::Side::Sell,
            symbol,
            urgency: urgency_of,
            words: words.map(|words| words.into_iter().collect()),
            number,
            small,
            flag,
            day: moments.as_ref().map(Timestamp::date),
            time: moments.as_ref().map(Timestamp::time),
            moment: moments,
            blob,
            unknown,
            party_ids,
            legs,
        }
    }
}

proptest! {
    #[test]
    fn what_goes_out_comes_back(order in order()) {
        let header = SessionHeader::new("FIXT.1.1", "key", "KalshiNR").expect("a header");
        let time = Timestamp::parse(b"20260821-14:30:00.125").expect("a timestamp");
        let mut encoder = Encoder::new();
        let frame = encoder.encode(&header, 2, time, &order).expect("a frame").to_vec();
        let mut decoder = CustomDecoder::new();
        let kept: Order<'static> = {
            // Twice, so that the decoder's memory of the first is put to the test.
            let first = decoder.decode::<Order<'_>>(&frame).expect("an order");
            prop_assert_eq!(&first.message, &order);
            let second = decoder.decode::<Order<'_>>(&frame).expect("an order");
            prop_assert_eq!(&second.violations, &[]);
            second.into_message().into_owned()
        };
        prop_assert_eq!(&kept, &order);
        prop_assert_eq!(encoder.encode(&header, 2, time, &kept).expect("a frame"), &frame[..]);
        // The rules read what the message reads: no value is of another type than its field's.
        let mut validator = Validator::new(<Order<'_> as FixMessage<'_>>::tables());
        let violations = validator.validate(&frame).expect("a raw message");
        prop_assert!(
            violations.iter().all(|violation| violation.rule.session_reject_reason() != 6),
            "{:?}",
            violations
        );
    }
}
