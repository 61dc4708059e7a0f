//! Arbitrary messages of both dialects, made from the dialect's own tables: every message, field, group and value that a
//! dictionary allows is read and written again.

use fix_dialect::tables::{
    FieldTable, GroupTable, MemberKind, MemberTable, MessageTable, Representation, Tables,
};
use fix_dialect::{Decimal, Decoder, Dialect};
use kalshi_fix::{margin::Margin, prediction::Prediction};
use kalshi_fix_tests::fixtures::{SOH, frame, readable, wire};
use kalshi_fix_tests::round_trip::{assert_same_message, reencode, sorted_fields};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// `tag=value` and its delimiter.
type Field = Vec<u8>;

/// A field, a DATA field behind its length, or a group: what may change places without changing the message.
type Block = Vec<Field>;

/// A message's type and its blocks in the dictionary's order.
#[derive(Clone, Debug)]
struct Body {
    msg_type: &'static str,
    blocks: Vec<Block>,
}

impl Body {
    fn frame(&self) -> Vec<u8> {
        let mut body = wire(&format!(
            "35={}|49=A|56=B|34=7|52=20260821-14:30:00.125|",
            self.msg_type
        ));
        body.extend(self.blocks.iter().flatten().flatten());
        frame(&body)
    }
}

fn bodies(tables: &'static Tables) -> BoxedStrategy<Body> {
    let message = |message: &'static MessageTable| {
        let msg_type = message.msg_type;
        members(message.members, false)
            .prop_map(move |blocks| Body { msg_type, blocks })
            .boxed()
    };
    let messages: Vec<_> = tables.messages.iter().map(message).collect();
    proptest::strategy::Union::new(messages).boxed()
}

/// The blocks of members. The first of a group's entry is always there, since it delimits the entry.
fn members(members: &'static [MemberTable], in_entry: bool) -> BoxedStrategy<Vec<Block>> {
    let blocks: Vec<_> = members
        .iter()
        .enumerate()
        .filter(|(_, member)| !is_length(member, members))
        .map(|(at, member)| one(member, member.required || in_entry && at == 0))
        .collect();
    blocks.prop_map(|blocks| blocks.concat()).boxed()
}

/// Whether the member is the length of a DATA field, which writes both.
fn is_length(member: &MemberTable, members: &[MemberTable]) -> bool {
    let MemberKind::Field(field) = member.kind else {
        return false;
    };
    members
        .iter()
        .any(|other| matches!(other.kind, MemberKind::Field(data) if data.length_tag == Some(field.tag)))
}

fn one(member: &'static MemberTable, required: bool) -> BoxedStrategy<Vec<Block>> {
    let blocks = match member.kind {
        MemberKind::Field(field) => value(field, member.may_be_empty)
            .prop_map(|value| vec![block(field, &value)])
            .boxed(),
        MemberKind::Group(table) => group(table).prop_map(|block| vec![block]).boxed(),
        MemberKind::Component(component) => members(component.members, false),
    };
    if required {
        return blocks;
    }
    option::of(blocks).prop_map(Option::unwrap_or_default).boxed()
}

fn block(field: &FieldTable, value: &[u8]) -> Block {
    let length = field
        .length_tag
        .map(|tag| self::field(tag, value.len().to_string().as_bytes()));
    length
        .into_iter()
        .chain([self::field(field.tag, value)])
        .collect()
}

fn field(tag: u32, value: &[u8]) -> Field {
    [format!("{tag}=").as_bytes(), value, &[SOH]].concat()
}

fn group(table: &'static GroupTable) -> BoxedStrategy<Block> {
    vec(members(table.members, true), 0..4)
        .prop_map(|entries| {
            let count = field(table.count.tag, entries.len().to_string().as_bytes());
            std::iter::once(count).chain(entries.concat().concat()).collect()
        })
        .boxed()
}

fn value(field: &'static FieldTable, may_be_empty: bool) -> BoxedStrategy<Vec<u8>> {
    let listed: Vec<Vec<u8>> = field
        .values
        .iter()
        .map(|value| value.wire.as_bytes().to_vec())
        .collect();
    let free = free_value(field.representation);
    if field.representation == Representation::Multiple {
        let word = if listed.is_empty() {
            text(b" ")
        } else {
            prop_oneof![3 => select(listed), 1 => text(b" ")].boxed()
        };
        return vec(word, 1..4).prop_map(|words| words.join(&b' ')).boxed();
    }
    if field.representation.has_enum() && !listed.is_empty() {
        return prop_oneof![3 => select(listed), 1 => free].boxed();
    }
    if may_be_empty && field.representation == Representation::Text {
        return prop_oneof![1 => Just(Vec::new()), 3 => free].boxed();
    }
    free
}

/// Any value of a type, in the form in which it is written.
fn free_value(representation: Representation) -> BoxedStrategy<Vec<u8>> {
    let digits = |text: BoxedStrategy<String>| text.prop_map(String::into_bytes).boxed();
    match representation {
        Representation::Char => any::<u8>()
            .prop_filter("no delimiter", |byte| *byte != SOH)
            .prop_map(|byte| vec![byte])
            .boxed(),
        Representation::Int => digits(any::<i64>().prop_map(|number| number.to_string()).boxed()),
        Representation::Unsigned => digits(any::<u64>().prop_map(|number| number.to_string()).boxed()),
        Representation::Decimal => digits(decimal()),
        Representation::Boolean => select(vec![b"Y".to_vec(), b"N".to_vec()]).boxed(),
        Representation::Date => digits(date()),
        Representation::TimeOfDay => digits(time()),
        Representation::Timestamp => digits(
            (date(), time())
                .prop_map(|(date, time)| format!("{date}-{time}"))
                .boxed(),
        ),
        Representation::Data => vec(any::<u8>(), 1..40).boxed(),
        _ => text(b""),
    }
}

/// Text, UTF-8 or not, without the delimiter and without the bytes of `but`.
fn text(but: &'static [u8]) -> BoxedStrategy<Vec<u8>> {
    let byte = prop_oneof![4 => b' '..=b'~', 1 => any::<u8>()];
    vec(
        byte.prop_filter("an allowed byte", |byte| *byte != SOH && !but.contains(byte)),
        1..40,
    )
    .boxed()
}

/// Everything that a decimal can hold: 96 bits of digits and a scale of 28.
fn decimal() -> BoxedStrategy<String> {
    let mantissa = prop_oneof![-10_000_i128..10_000, -((1 << 96) - 1)..(1_i128 << 96)];
    (mantissa, 0_u32..=28)
        .prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale).to_string())
        .boxed()
}

fn date() -> BoxedStrategy<String> {
    (0_u16..=9999, 1_u8..=12, 1_u8..=28)
        .prop_map(|(year, month, day)| format!("{year:04}{month:02}{day:02}"))
        .boxed()
}

/// A time with zero to nine digits of a second.
fn time() -> BoxedStrategy<String> {
    (0..24, 0..60, 0..60, "(\\.[0-9]{1,9})?")
        .prop_map(|(hour, minute, second, fraction)| format!("{hour:02}:{minute:02}:{second:02}{fraction}"))
        .boxed()
}

/// Fields that no dictionary has, to be put among others: where, as a share of the places there are, and what.
fn unknown_fields() -> impl Strategy<Value = Vec<(prop::sample::Index, Field)>> {
    let tag = prop_oneof![30_000_u32..40_000, 1_000_000_u32..9_999_999];
    vec(
        (
            any::<prop::sample::Index>(),
            (tag, text(b"")).prop_map(|(tag, value)| field(tag, &value)),
        ),
        1..4,
    )
}

/// The body with fields put between others, inside groups too, but never between a length and its DATA.
fn with_unknown(body: &Body, unknown: &[(prop::sample::Index, Field)]) -> Body {
    let mut fields: Vec<Field> = body.blocks.concat();
    for (place, field) in unknown {
        let follows_length = |at: usize| at > 0 && announces_data(&fields[at - 1]);
        let places: Vec<usize> = (0..=fields.len()).filter(|at| !follows_length(*at)).collect();
        fields.insert(places[place.index(places.len())], field.clone());
    }
    Body {
        msg_type: body.msg_type,
        blocks: vec![fields],
    }
}

fn announces_data(field: &[u8]) -> bool {
    let tag = field
        .split(|byte| *byte == b'=')
        .next()
        .and_then(fix_dialect::parse_unsigned);
    tag.is_some_and(|tag| fix_dialect::data_field(tag as u32).is_some())
}

/// A message in the dictionary's order is written again byte for byte, also with a field behind it that nobody knows.
fn check_canonical<D: Dialect>(body: &Body, unknown: &[(prop::sample::Index, Field)]) {
    let frame = body.frame();
    assert_eq!(readable(&reencode::<D>(&frame)), readable(&frame));
    let mut longer = body.clone();
    longer
        .blocks
        .extend(unknown.iter().map(|(_, field)| vec![field.clone()]));
    let frame = longer.frame();
    assert_eq!(readable(&reencode::<D>(&frame)), readable(&frame));
}

/// Another order of the fields is the same message.
fn check_order<D: Dialect>(body: &Body, shuffled: Vec<Block>) {
    let shuffled = Body {
        msg_type: body.msg_type,
        blocks: shuffled,
    };
    assert_same_message::<D>(&body.frame(), &shuffled.frame());
    assert_eq!(
        readable(&reencode::<D>(&shuffled.frame())),
        readable(&body.frame())
    );
}

/// Unknown fields anywhere are kept, and end no group.
fn check_unknown<D: Dialect>(body: &Body, unknown: &[(prop::sample::Index, Field)]) {
    let frame = with_unknown(body, unknown).frame();
    let once = reencode::<D>(&frame);
    assert_eq!(sorted_fields(&once), sorted_fields(&frame));
    assert_eq!(readable(&reencode::<D>(&once)), readable(&once));
}

/// Whatever is done to a message's bytes, decoding it neither panics nor reads what is not there.
fn check_damage<D: Dialect>(body: &Body, damage: &[(prop::sample::Index, u8)]) {
    let mut bytes = body.frame();
    for (at, byte) in damage {
        let at = at.index(bytes.len());
        bytes[at] = *byte;
    }
    let mut decoder = Decoder::<D>::new();
    if let Ok(decoded) = decoder.decode(&bytes) {
        let _ = decoded.validate();
        let _ = format!("{decoded:?}");
        assert!(
            decoded
                .raw()
                .fields()
                .all(|field| field.value.len() < bytes.len())
        );
    }
}

macro_rules! properties {
    ($module:ident, $dialect:ty) => {
        mod $module {
            use super::*;

            fn any_body() -> BoxedStrategy<Body> {
                bodies(<$dialect>::tables())
            }

            fn shuffled() -> impl Strategy<Value = (Body, Vec<Block>)> {
                any_body().prop_flat_map(|body| {
                    let blocks = Just(body.blocks.clone()).prop_shuffle();
                    (Just(body), blocks)
                })
            }

            proptest! {
                #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

                #[test]
                fn canonical_messages_are_written_as_they_were_read(body in any_body(), unknown in unknown_fields()) {
                    check_canonical::<$dialect>(&body, &unknown);
                }

                #[test]
                fn the_order_of_fields_does_not_matter((body, blocks) in shuffled()) {
                    check_order::<$dialect>(&body, blocks);
                }

                #[test]
                fn unknown_fields_are_kept(body in any_body(), unknown in unknown_fields()) {
                    check_unknown::<$dialect>(&body, &unknown);
                }

                #[test]
                fn damaged_messages_do_not_panic(body in any_body(), damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
                    check_damage::<$dialect>(&body, &damage);
                }
            }
        }
    };
}

properties!(prediction, Prediction);
properties!(margin, Margin);
