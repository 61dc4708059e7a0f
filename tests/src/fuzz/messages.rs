//! Messages of a dialect: decoded, validated, printed, encoded and decoded again.
//!
//! An input is a sequence of messages: a byte that chooses the type, and a chunk that is the body behind the fields of the
//! usual header. A type from `AGAIN` on repeats an earlier message, which the next byte chooses, up to four times.
//! BodyLength (9) and CheckSum (10) are always right, so that every input gets as far as the body.

use fix_dialect::{
    Decoder, Dialect, EncodeBody, EncodeError, Encoder, Framer, Framing, Message as _, Printer, Rule,
    SessionHeader, Timestamp, is_secret,
};
use kalshi_fix::{margin::Margin, prediction::Prediction};

use super::input::{Input, Recipe};
use crate::fixtures::{self, Example, Kind, SOH, frame, readable, wire};
use crate::observe::Readers;

/// The target for prediction.
pub fn prediction(data: &[u8]) {
    run::<Prediction>(data);
}

/// The target for margin.
pub fn margin(data: &[u8]) {
    run::<Margin>(data);
}

/// What the target for prediction starts from.
#[must_use]
pub fn prediction_seeds() -> Vec<Vec<u8>> {
    seeds::<Prediction>(fixtures::Dialect::Prediction)
}

/// What the target for margin starts from.
#[must_use]
pub fn margin_seeds() -> Vec<Vec<u8>> {
    seeds::<Margin>(fixtures::Dialect::Margin)
}

fn run<D: Dialect>(data: &[u8]) {
    let mut input = Input::new(data);
    let mut warm = Readers::<D>::new();
    let mut frames: Vec<(Vec<u8>, String)> = Vec::new();
    let mut left = MOST;
    while left > 0 && !input.is_empty() {
        let msg_type = input.byte();
        if msg_type >= AGAIN && !frames.is_empty() {
            let (frame, seen) = &frames[usize::from(input.byte()) % frames.len()];
            for _ in 0..=(msg_type - AGAIN) % 4 {
                assert_eq!(&warm.observe(frame), seen, "warm and new: {}", readable(frame));
                left = left.saturating_sub(1);
            }
            continue;
        }
        left -= 1;
        let frame = next_frame::<D>(msg_type, &mut input);
        assert_eq!(Framer::default().next(&frame), Framing::Frame(frame.len()));
        let seen = Readers::<D>::new().observe(&frame);
        assert_eq!(warm.observe(&frame), seen, "warm and new: {}", readable(&frame));
        check_round_trip::<D>(&frame);
        check_secrets::<D>(&frame);
        frames.push((frame, seen));
    }
}

/// The first of the types that stand for an earlier message.
const AGAIN: u8 = 0xf0;

/// How many messages of an input are looked at.
const MOST: usize = 24;

fn next_frame<D: Dialect>(msg_type: u8, input: &mut Input<'_>) -> Vec<u8> {
    let messages = D::tables().messages;
    let msg_type = match messages.get(usize::from(msg_type) % (messages.len() + 1)) {
        Some(message) => message.msg_type,
        None => "ZZ",
    };
    let mut body = wire(&format!("35={msg_type}|49=A|56=B|34=7|52=20260821-14:30:00.125|"));
    body.extend_from_slice(input.chunk());
    if body.last() != Some(&SOH) {
        body.push(SOH);
    }
    frame(&body)
}

/// A typed message that was read from anything can be written, and what is written is canonical: it is read as the same
/// message, without a complaint about a value, and written again byte for byte.
fn check_round_trip<D: Dialect>(frame: &[u8]) {
    let Some(read) = read::<D>(frame) else { return };
    let strict = !read.misplaced;
    let once = match encode(&read.message) {
        Ok(once) => once,
        Err(fault) => {
            assert!(!strict, "{fault}: {}", readable(frame));
            return;
        }
    };
    let again = self::read::<D>(&once);
    if strict {
        let context = || format!("{} as {}", readable(frame), readable(&once));
        let again = again.unwrap_or_else(|| panic!("is not read again: {}", context()));
        assert!(!again.complaints, "{}", context());
        assert_eq!(again.message, read.message, "{}", context());
        assert_eq!(encode(&again.message), Ok(once.clone()), "{}", context());
    }
}

/// A typed message that was read.
struct Read<M> {
    message: M,
    /// Whether there is a value that could not be read.
    complaints: bool,
    /// Whether something is where it must not be, so that it means something else when it is written where it belongs: a
    /// field that is there twice, an entry that does not begin with the group's first field, or whose first is unreadable.
    misplaced: bool,
}

fn read<D: Dialect>(frame: &[u8]) -> Option<Read<D::Message<'static>>> {
    let mut decoder = Decoder::<D>::new();
    let decoded = decoder.decode(frame).ok()?;
    let message = decoded.message()?;
    let owned = message.clone().into_owned();
    assert_eq!(encode(&owned), encode(message), "{}", readable(frame));
    let misplaced = |rule| {
        matches!(
            rule,
            Rule::Once | Rule::Order | Rule::DataLength | Rule::GroupOrder | Rule::Entries
        )
    };
    let unreadable = decoded.violations();
    Some(Read {
        message: owned,
        complaints: !unreadable.is_empty(),
        misplaced: unreadable.iter().any(|violation| violation.path.contains('['))
            || decoded
                .validate()
                .iter()
                .any(|violation| misplaced(violation.rule)),
    })
}

fn encode(message: &impl EncodeBody) -> Result<Vec<u8>, EncodeError> {
    let header = SessionHeader::new("FIXT.1.1", "A", "B")?;
    let mut encoder = Encoder::new();
    encoder
        .encode(&header, 7, Timestamp::from_unix_nanos(1), message)
        .map(<[u8]>::to_vec)
}

/// What can be shown of a frame does not depend on the values of secret fields: they can be turned around, which keeps
/// BodyLength (9) and CheckSum (10).
fn check_secrets<D: Dialect>(original: &[u8]) {
    let mut other = original.to_vec();
    for field in fix_dialect::fields(original).filter(|field| is_secret(field.tag)) {
        if !field.value.contains(&SOH) {
            let start = field.value.as_ptr().addr() - original.as_ptr().addr();
            other[start..start + field.value.len()].reverse();
        }
    }
    if other != original {
        assert_eq!(shown::<D>(&other), shown::<D>(original), "{}", readable(original));
    }
}

/// What could get into a log.
fn shown<D: Dialect>(frame: &[u8]) -> String {
    let mut decoder = Decoder::<D>::new();
    match decoder.decode(frame) {
        Ok(decoded) => {
            let violations = decoded.validate();
            let printed = Printer::new(D::tables()).to_string(frame, &violations);
            format!("{decoded:?} {} {violations:?} {printed}", decoded.raw())
        }
        Err(malformed) => format!("{malformed} {malformed:?}"),
    }
}

/// The recorded messages and the venue's examples of a dialect, alone and in a row.
fn seeds<D: Dialect>(dialect: fixtures::Dialect) -> Vec<Vec<u8>> {
    let recorded = Kind::ALL
        .into_iter()
        .flat_map(|kind| kind.frames().into_iter().take(2));
    let examples = Example::all()
        .into_iter()
        .filter(|example| example.dialect == dialect);
    let frames: Vec<_> = recorded.chain(examples.map(|example| example.frame())).collect();
    let recipe = |recipe: Recipe, frame: &[u8]| {
        let mut fields = frame.splitn(8, |byte| *byte == SOH);
        let msg_type = fields
            .nth(2)
            .and_then(|field| field.strip_prefix(b"35="))
            .unwrap_or_default();
        let messages = D::tables().messages;
        let ordinal = messages
            .iter()
            .position(|message| message.msg_type.as_bytes() == msg_type);
        let body = fields
            .nth(4)
            .and_then(|rest| rest.get(..rest.len() - 7))
            .unwrap_or_default();
        recipe.byte(ordinal.unwrap_or(messages.len()) as u8).chunk(body)
    };
    let mut seeds: Vec<_> = frames
        .iter()
        .map(|frame| recipe(Recipe::new(), frame).done())
        .collect();
    for run in frames.windows(2).step_by(3) {
        // Each is learnt, given up for the other, and learnt again.
        let both = recipe(recipe(Recipe::new(), &run[0]), &run[1]);
        let again = |all: Recipe, at: u8| all.byte(AGAIN + 3).byte(at);
        seeds.push([0, 1, 1, 0].into_iter().fold(both, again).done());
        let twins = recipe(recipe(Recipe::new(), &run[0]), &run[0]);
        seeds.push([1, 0].into_iter().fold(twins, again).done());
    }
    seeds
}
