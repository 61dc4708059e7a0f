//! The latest messages that a session has sent, by number: a reject names no more than that.

use std::collections::VecDeque;
use std::fmt;

use crate::session::SequenceNumber;

/// A message that the session sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentMessage {
    /// Its `MsgSeqNum (34)`.
    pub sequence: SequenceNumber,
    /// Its `MsgType (35)`.
    pub msg_type: String,
    /// What it is known by, and the tag of that: `ClOrdID (11)`, `QuoteID (117)`, `QuoteReqID (131)`, `OrderGroupID (20130)`
    /// or `BeginExecID (21001)`, whichever comes first. `None` if it has none of them, or one of more than 64 bytes.
    pub id: Option<(u32, String)>,
}

impl fmt::Display for SentMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} (MsgType {}", self.sequence, self.msg_type)?;
        if let Some((tag, id)) = &self.id {
            write!(f, ", {tag}={id}")?;
        }
        f.write_str(")")
    }
}

/// Keeps the latest few, in the order of their numbers, without allocating for each.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    records: VecDeque<Record>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::client) struct Record {
    sequence: SequenceNumber,
    msg_type: Short<7>,
    id: Option<(u32, Short<MAX_ID>)>,
    /// Its answer was seen, by whoever waited for it.
    is_answered: bool,
}

impl Record {
    /// What is to be known of a message, from its type and the fields of its body.
    pub(super) fn of(msg_type: &[u8], body: &[u8]) -> Record {
        let id = fix_dialect::fields(body)
            .take(FIELDS)
            .find(|field| IDS.contains(&field.tag))
            .and_then(|field| Some((field.tag, Short::new(field.value)?)));
        Record {
            sequence: 0,
            msg_type: Short::new(msg_type).unwrap_or_default(),
            id,
            is_answered: false,
        }
    }

    fn cl_ord_id(&self) -> Option<&[u8]> {
        let (tag, id) = self.id.as_ref()?;
        (*tag == CL_ORD_ID).then(|| id.as_bytes())
    }
}

impl Ledger {
    pub(super) fn push(&mut self, sequence: SequenceNumber, record: Record) {
        // Numbers that start anew are another session's.
        if self.records.back().is_some_and(|last| last.sequence >= sequence) {
            self.records.clear();
        }
        if self.records.len() == MOST {
            self.records.pop_front();
        }
        self.records.push_back(Record { sequence, ..record });
    }

    /// The answer to this message was seen, and names no other.
    pub(super) fn answered(&mut self, sequence: SequenceNumber) {
        let record = self.place(sequence).and_then(|at| self.records.get_mut(at));
        if let Some(record) = record {
            record.is_answered = true;
        }
    }

    /// Whether an earlier message has the ClOrdID (11) of this one, and no answer that was seen: one that names no more than
    /// the ClOrdID may be that to the other.
    pub(super) fn is_one_of_several(&self, sequence: SequenceNumber) -> bool {
        let Some(at) = self.place(sequence) else {
            return false;
        };
        let Some(id) = self.records.get(at).and_then(Record::cl_ord_id) else {
            return false;
        };
        let mut earlier = self.records.range(..at);
        earlier.any(|record| !record.is_answered && record.cl_ord_id() == Some(id))
    }

    fn place(&self, sequence: SequenceNumber) -> Option<usize> {
        self.records
            .binary_search_by_key(&sequence, |record| record.sequence)
            .ok()
    }

    pub(super) fn find(&self, sequence: SequenceNumber) -> Option<SentMessage> {
        let record = self.records.get(self.place(sequence)?)?;
        Some(SentMessage {
            sequence,
            msg_type: record.msg_type.text(),
            id: record.id.map(|(tag, id)| (tag, id.text())),
        })
    }

    pub(super) fn clear(&mut self) {
        self.records.clear();
    }
}

/// A short text in place.
#[derive(Clone, Copy, Debug)]
struct Short<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

impl<const N: usize> Default for Short<N> {
    fn default() -> Self {
        Short {
            bytes: [0; N],
            length: 0,
        }
    }
}

impl<const N: usize> Short<N> {
    fn new(text: &[u8]) -> Option<Short<N>> {
        let mut short = Short::default();
        short.bytes.get_mut(..text.len())?.copy_from_slice(text);
        short.length = u8::try_from(text.len()).ok()?;
        Some(short)
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(self.as_bytes()).into_owned()
    }
}

/// How many messages are kept: a reject of an older one is told without it.
const MOST: usize = 1024;
/// The longest ClOrdID (11) that the venue takes.
const MAX_ID: usize = 64;
const CL_ORD_ID: u32 = 11;
const IDS: [u32; 5] = [CL_ORD_ID, 117, 131, 20_130, 21_001];
/// An id is among the first fields of every message that has one.
const FIELDS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(ledger: &Ledger, sequence: SequenceNumber) -> Option<String> {
        ledger.find(sequence).map(|sent| sent.to_string())
    }

    #[test]
    fn messages_are_found_by_number() {
        let mut ledger = Ledger::default();
        let mut push = |sequence, msg_type: &str, body: &str| {
            let body = body.replace('|', "\x01");
            ledger.push(sequence, Record::of(msg_type.as_bytes(), body.as_bytes()));
        };
        push(2, "D", "11=a-1|38=10|");
        push(3, "V", "263=1|146=1|55=X|");
        push(7, "UOG", "20131=2|20130=g|");
        push(9, "S", &format!("117={}|131=r|", "x".repeat(65)));
        assert_eq!(sent(&ledger, 2).as_deref(), Some("message 2 (MsgType D, 11=a-1)"));
        assert_eq!(sent(&ledger, 3).as_deref(), Some("message 3 (MsgType V)"));
        assert_eq!(
            sent(&ledger, 7).as_deref(),
            Some("message 7 (MsgType UOG, 20130=g)")
        );
        assert_eq!(sent(&ledger, 9).as_deref(), Some("message 9 (MsgType S)"));
        // Numbers in between were the session's own messages.
        assert_eq!(sent(&ledger, 4), None);
        assert_eq!(sent(&ledger, 10), None);
    }

    #[test]
    fn what_has_an_identifier_that_another_waits_under() {
        let mut ledger = Ledger::default();
        let mut push = |sequence, msg_type: &str, body: &str| {
            let body = body.replace('|', "\x01");
            ledger.push(sequence, Record::of(msg_type.as_bytes(), body.as_bytes()));
        };
        push(2, "D", "11=a|38=10|");
        push(3, "D", "11=b|38=10|");
        push(4, "G", "11=a|41=b|");
        push(5, "S", "117=c|");
        push(6, "S", "117=c|");
        push(7, "D", "38=10|");
        push(8, "D", "38=10|");
        let several = |ledger: &Ledger| {
            let all = 2..=9;
            all.filter(|sequence| ledger.is_one_of_several(*sequence))
                .collect::<Vec<_>>()
        };
        assert_eq!(several(&ledger), [4]);
        ledger.answered(4);
        assert_eq!(several(&ledger), [4]);
        ledger.answered(2);
        assert_eq!(several(&ledger), [0; 0]);
    }

    #[test]
    fn the_oldest_go_and_numbers_start_anew() {
        let mut ledger = Ledger::default();
        for sequence in 1..=MOST as u64 + 5 {
            ledger.push(sequence, Record::of(b"D", b""));
        }
        assert_eq!(ledger.records.len(), MOST);
        assert_eq!(sent(&ledger, 5), None);
        assert!(sent(&ledger, 6).is_some());
        ledger.push(2, Record::of(b"F", b""));
        assert_eq!(sent(&ledger, 2).as_deref(), Some("message 2 (MsgType F)"));
        assert_eq!(sent(&ledger, 6), None);
    }
}
