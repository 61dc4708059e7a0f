//! The orders and the reports: the recorded ones, as the sessions of this benchmark write them.

use kalshi_fix::dialect::{Decoder, Encoder, Message as _, SessionHeader, Timestamp};
use kalshi_fix::prediction::{Message, Prediction};
use kalshi_fix_tests::fixtures::Kind;

/// Both directions.
pub(crate) struct Traffic {
    pub(crate) orders: Script,
    pub(crate) reports: Script,
}

impl Traffic {
    pub(crate) fn recorded() -> Traffic {
        Traffic {
            orders: Script::new(Kind::NewOrderSingle, CLIENT, TARGET),
            reports: Script::new(Kind::ExecutionReport, VENUE, CLIENT),
        }
    }
}

/// The messages of one direction, which come round and round.
pub(crate) struct Script {
    messages: Vec<Message<'static>>,
    /// Their frames, several times over, so that a run of them can begin at any of them.
    bytes: Vec<u8>,
    /// Where each frame of `bytes` begins, and where the last one ends.
    bounds: Vec<usize>,
}

impl Script {
    fn new(kind: Kind, sender: &str, target: &str) -> Script {
        let mut decoder = Decoder::<Prediction>::new();
        let messages: Vec<Message<'static>> = kind
            .frames()
            .iter()
            .map(|frame| {
                let decoded = decoder.decode(frame).expect("a sound message");
                decoded.message().expect("a whole message").clone().into_owned()
            })
            .collect();
        let header = SessionHeader::new("FIXT.1.1", sender, target).expect("a header");
        let mut encoder = Encoder::new();
        let mut bytes = Vec::new();
        let mut bounds = vec![0];
        for message in messages.iter().cycle().take(REPEATED * messages.len()) {
            let frame = encoder.encode(&header, USUAL_NUMBER, sent_at(), message);
            bytes.extend_from_slice(frame.expect("a sound message"));
            bounds.push(bytes.len());
        }
        Script {
            messages,
            bytes,
            bounds,
        }
    }

    /// The message of this place in an endless row of them.
    pub(crate) fn message(&self, place: usize) -> &Message<'static> {
        &self.messages[place % self.messages.len()]
    }

    /// The frames of these places, in one piece. `count` is at most [`LONGEST_RUN`].
    pub(crate) fn run(&self, place: usize, count: usize) -> &[u8] {
        let first = place % self.messages.len();
        &self.bytes[self.bounds[first]..self.bounds[first + count]]
    }

    /// How many whole frames, from this place on, so many bytes are.
    pub(crate) fn whole(&self, place: usize, bytes: usize) -> usize {
        let first = place % self.messages.len();
        let end = self.bounds[first] + bytes;
        (first + 1..self.bounds.len())
            .take_while(|bound| self.bounds[*bound] <= end)
            .count()
            .min(LONGEST_RUN)
    }

    pub(crate) fn mean_length(&self) -> usize {
        self.bytes.len() / (self.bounds.len() - 1)
    }
}

fn sent_at() -> Timestamp {
    Timestamp::parse(b"20261122-12:00:00.123").expect("a time")
}

pub(crate) const CLIENT: &str = "b1d4e1a0-5c3f-4c58-9c4c-0d2f8d2f6a11";
pub(crate) const TARGET: &str = "KalshiNR";
pub(crate) const VENUE: &str = "Kalshi";
/// As many digits as most numbers of a run have.
const USUAL_NUMBER: u64 = 54_321;
const REPEATED: usize = 9;
/// Eight times the 64 messages that are recorded of each kind.
pub(crate) const LONGEST_RUN: usize = 512;
