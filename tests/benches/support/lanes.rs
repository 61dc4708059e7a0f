//! The contenders: each handles all messages of a row, one after another, in one pass.

use std::hint::black_box;

use super::workload::Workload;
use kalshi_fix::dialect::{
    Context, Decoder, Dialect as _, Encoder, Framer, Framing, Message as _, Outcome, Prices, SessionHeader,
    Timestamp, Validator,
};
use kalshi_fix::prediction::Prediction;

use crate::floor::{scan, values::Message, vector, write::Writer};

/// A contender. All lanes of a row do their copying and their looping in the same way, so that they can be compared.
pub(crate) struct Lane<'a> {
    pub(crate) name: &'static str,
    /// Handles every message of the row once.
    pub(crate) pass: Box<dyn FnMut() + 'a>,
}

impl<'a> Lane<'a> {
    fn new(name: &'static str, pass: impl FnMut() + 'a) -> Lane<'a> {
        Lane {
            name,
            pass: Box::new(pass),
        }
    }
}

/// The lane that only copies: what each decode lane pays for the refilled buffer.
pub(crate) const REFILL: &str = "refill";
/// The vectorised pass that finds delimiters and sums.
pub(crate) const VECTOR: &str = "vector";
/// The hand-written floor.
pub(crate) const FLOOR: &str = "floor";

/// The codec of `fix-dialect` with the types of `kalshi_fix::prediction`.
pub(crate) const OURS: &str = "ours";

/// Ours, behind the check that a client makes before it sends.
pub(crate) const CHECKED: &str = "checked";

/// The lanes that decode the frames of a row.
pub(crate) fn decoders(row: &Workload) -> Vec<Lane<'_>> {
    let mut positions = [0_u16; 512];
    vec![
        decoder(REFILL, row, |frame| {
            black_box(frame);
        }),
        decoder(VECTOR, row, move |frame| {
            black_box(vector::index(frame, &mut positions));
        }),
        decoder(FLOOR, row, |frame| scan::decode(frame).expect("a sound frame")),
        ours(row),
    ]
}

/// The lanes that encode the messages of a row.
pub(crate) fn encoders(row: &Workload) -> Vec<Lane<'_>> {
    let messages: Vec<Message> = row.frames.iter().map(|frame| Message::read(frame)).collect();
    let mut writer = Writer::new();
    let floor = Lane::new(FLOOR, move || {
        for message in &messages {
            black_box(writer.encode(black_box(message)));
        }
    });
    // The last lane's allocations are told: those of a send as a client makes it.
    vec![floor, our_encoder(row), our_checked_encoder(row)]
}

/// The codec of the product, through the calls that a session makes: the framer, then the decoder.
fn ours(row: &Workload) -> Lane<'_> {
    let framer = Framer::default();
    let mut codec = Decoder::<Prediction>::new();
    decoder(OURS, row, move |frame| {
        let Framing::Frame(length) = framer.next(frame) else {
            panic!("a sound frame")
        };
        let decoded = codec.decode(&frame[..length]).expect("a sound message");
        assert!(
            matches!(decoded.outcome(), Outcome::Message(_)),
            "{:?}",
            decoded.violations()
        );
        black_box(&decoded);
    })
}

/// A message with what its session writes in front of it.
type Sent = (
    SessionHeader,
    u64,
    Timestamp,
    kalshi_fix::prediction::Message<'static>,
);

/// The typed messages of a row.
fn sent(row: &Workload) -> Vec<Sent> {
    let mut codec = Decoder::<Prediction>::new();
    row.frames
        .iter()
        .map(|frame| {
            let decoded = codec.decode(frame).expect("a sound message");
            let header = decoded.header();
            let text = |bytes| std::str::from_utf8(bytes).expect("UTF-8");
            let constant = SessionHeader::new(
                "FIXT.1.1",
                text(header.sender_comp_id),
                text(header.target_comp_id),
            );
            let message = decoded.message().expect("a whole message").clone().into_owned();
            (
                constant.expect("a header"),
                header.msg_seq_num,
                header.sending_time,
                message,
            )
        })
        .collect()
}

/// The typed messages of a row, written behind the header of their session as a session writes them.
fn our_encoder(row: &Workload) -> Lane<'_> {
    let messages = sent(row);
    let mut encoder = Encoder::new();
    Lane::new(OURS, move || {
        for (header, number, time, message) in &messages {
            let (number, time): (u64, Timestamp) = (*number, *time);
            black_box(
                encoder
                    .encode(header, number, time, black_box(message))
                    .expect("a sound message"),
            );
        }
    })
}

/// The same as a client sends them: encoded for the validator, validated, and encoded for the wire.
fn our_checked_encoder(row: &Workload) -> Lane<'_> {
    let messages = sent(row);
    let (mut checked, mut encoder) = (Encoder::new(), Encoder::new());
    let mut validator = Validator::new(Prediction::tables());
    let context = Context::default().priced_in(Prices::Dollars);
    Lane::new(CHECKED, move || {
        for (header, number, time, message) in &messages {
            let (number, time): (u64, Timestamp) = (*number, *time);
            let frame = checked
                .encode(header, 1, time, black_box(message))
                .expect("a sound message");
            let violations = validator.validate_in(frame, &context).expect("a sound message");
            // Feeds that were recorded before August 2026 lack what the dictionary wants of the exchange.
            black_box(violations);
            black_box(
                encoder
                    .encode(header, number, time, black_box(message))
                    .expect("a sound message"),
            );
        }
    })
}

/// A lane that has one receive buffer, and refills it between messages.
fn decoder<'a>(name: &'static str, row: &'a Workload, mut decode: impl FnMut(&[u8]) + 'a) -> Lane<'a> {
    let mut buffer = vec![0_u8; 16 * 1024];
    Lane::new(name, move || {
        for frame in &row.frames {
            let received = &mut buffer[..frame.len()];
            received.copy_from_slice(frame);
            decode(black_box(received));
        }
    })
}
