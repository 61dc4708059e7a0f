//! The contenders: each handles all messages of a row, one after another, in one pass.

use std::hint::black_box;

use super::workload::Workload;
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
    ]
}

/// The lanes that encode the messages of a row.
pub(crate) fn encoders(row: &Workload) -> Vec<Lane<'_>> {
    let messages: Vec<Message> = row.frames.iter().map(|frame| Message::read(frame)).collect();
    let mut writer = Writer::new();
    vec![Lane::new(FLOOR, move || {
        for message in &messages {
            black_box(writer.encode(black_box(message)));
        }
    })]
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
