//! What is true, whatever the two sides believe: what was sent under which number, and what has arrived.

use bytes::Bytes;
use kalshi_fix::dialect::{Field, Header, Timestamp, fields, parse_unsigned};
use kalshi_fix::session::SequenceNumber;

use super::plan::Replays;

/// Messages in one direction, over the life of its sequence numbers.
#[derive(Debug)]
pub(super) struct Direction {
    entries: Vec<Entry>,
    replays: Replays,
    /// The number of the sender's last Logon (A): what is below was sent on an earlier connection.
    began: SequenceNumber,
    /// What the receiving application has worked off. It outlives crashes.
    processed: SequenceNumber,
}

#[derive(Debug, Default, Clone)]
struct Entry {
    /// ClOrdID (11), where it is an application message.
    id: Option<u64>,
    /// As it was first seen on the wire.
    seen: Option<Seen>,
    /// The sender has told the receiver that it will not come.
    forgone: bool,
}

#[derive(Debug, Clone)]
struct Seen {
    frame: Bytes,
    sending_time: Timestamp,
}

/// What a delivered message turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivered {
    New(u64),
    /// It was worked off before: the application knows its number.
    Again,
}

impl Direction {
    pub(super) const fn new(replays: Replays) -> Self {
        Direction {
            entries: Vec::new(),
            replays,
            began: 0,
            processed: 0,
        }
    }

    fn entry(&mut self, sequence: SequenceNumber) -> Result<&mut Entry, String> {
        let at = sequence as usize;
        if at >= self.entries.len() {
            if at > MOST {
                return Err(format!("number {sequence} is far beyond what was sent"));
            }
            self.entries.resize(at + 1, Entry::default());
        }
        Ok(&mut self.entries[at])
    }

    /// An application was told that its message has this number.
    pub(super) fn sent(&mut self, sequence: SequenceNumber, id: u64) -> Result<(), String> {
        let entry = self.entry(sequence)?;
        if entry.seen.is_some() || entry.id.is_some() {
            return Err(format!("number {sequence} was given to a second message, {id}"));
        }
        entry.id = Some(id);
        Ok(())
    }

    /// A session goes on from its store: what has no place there was lost before it left. Returns those messages.
    pub(super) fn resume(&mut self, next_outgoing: SequenceNumber) -> Result<Vec<u64>, String> {
        let mut lost = Vec::new();
        for (sequence, entry) in self.entries.iter_mut().enumerate().skip(next_outgoing as usize) {
            if entry.seen.is_some() {
                return Err(format!(
                    "number {sequence} was on the wire, and the store goes on with {next_outgoing}"
                ));
            }
            lost.extend(entry.id.take());
        }
        Ok(lost)
    }

    /// A frame goes onto the wire. `asked` is the highest number that the peer has asked for again.
    pub(super) fn wrote(
        &mut self,
        frame: &Bytes,
        header: &Header<'_>,
        asked: SequenceNumber,
    ) -> Result<(), String> {
        let sequence = header.msg_seq_num;
        if !header.poss_dup {
            return self.wrote_new(sequence, frame, header);
        }
        if sequence > asked {
            return Err(format!(
                "{sequence} is sent again, and at most {asked} was asked for"
            ));
        }
        if header.msg_type == b"4" {
            return self.wrote_gap_fill(sequence, frame, asked);
        }
        let Some(original) = header.orig_sending_time else {
            return Err(format!("{sequence} is sent again without OrigSendingTime (122)"));
        };
        let (replays, began) = (self.replays, self.began);
        let entry = self.entry(sequence)?;
        if replays == Replays::Connection && sequence < began {
            return Err(format!("{sequence} is sent again, and was sent before {began}"));
        }
        if entry.id.is_none() || entry.id != id(frame) {
            return Err(format!("{sequence} is sent again, and was not {:?}", id(frame)));
        }
        match &entry.seen {
            Some(seen) if !same(&seen.frame, frame) => {
                Err(format!("{sequence} is sent again with another body"))
            }
            // No later than its copy, where the clock was set back.
            Some(seen) if seen.sending_time.min(header.sending_time) != original => Err(format!(
                "{sequence} is sent again with OrigSendingTime (122) {original}, and was sent at {}",
                seen.sending_time
            )),
            Some(_) => Ok(()),
            None => {
                entry.seen = Some(Seen {
                    frame: frame.clone(),
                    sending_time: original,
                });
                Ok(())
            }
        }
    }

    fn wrote_new(
        &mut self,
        sequence: SequenceNumber,
        frame: &Bytes,
        header: &Header<'_>,
    ) -> Result<(), String> {
        let entry = self.entry(sequence)?;
        if entry.seen.is_some() {
            return Err(format!("number {sequence} is used for a second message"));
        }
        if header.msg_type == b"A" {
            self.began = sequence;
        }
        let entry = self.entry(sequence)?;
        let application = !matches!(header.msg_type, b"0" | b"1" | b"2" | b"3" | b"4" | b"5" | b"A");
        if application && entry.id != id(frame) || !application && entry.id.is_some() {
            return Err(format!("number {sequence} is not the message that got it"));
        }
        entry.seen = Some(Seen {
            frame: frame.clone(),
            sending_time: header.sending_time,
        });
        Ok(())
    }

    fn wrote_gap_fill(
        &mut self,
        begin: SequenceNumber,
        frame: &[u8],
        asked: SequenceNumber,
    ) -> Result<(), String> {
        let Some(new) = find(frame, 36).and_then(|field| parse_unsigned(field.value)) else {
            return Err(format!("a gap fill of {begin} without NewSeqNo (36)"));
        };
        if new - 1 > asked || new <= begin {
            return Err(format!(
                "a gap fill from {begin} to {new}, and at most {asked} was asked for"
            ));
        }
        let (replays, began) = (self.replays, self.began);
        for sequence in begin..new {
            let entry = self.entry(sequence)?;
            if let Some(id) = entry.id {
                if replays.replays(id, sequence >= began) {
                    return Err(format!(
                        "a gap fill over message {sequence}, which is to be sent again"
                    ));
                }
                entry.forgone = true;
            }
        }
        Ok(())
    }

    /// The receiving application takes a message.
    pub(super) fn delivered(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<Delivered, String> {
        let processed = self.processed;
        let Some(entry) = self.entries.get(sequence as usize) else {
            return Err(format!("message {sequence} was delivered and never sent"));
        };
        let (Some(sent), Some(seen)) = (entry.id, &entry.seen) else {
            return Err(format!("message {sequence} was delivered and never sent"));
        };
        if !same(&seen.frame, frame) {
            return Err(format!("message {sequence} was delivered with another body"));
        }
        if sequence <= processed {
            return Ok(Delivered::Again);
        }
        if let Some(missing) = self.missing(sequence) {
            return Err(format!(
                "message {missing} was lost: {sequence} was delivered after {processed}"
            ));
        }
        self.processed = sequence;
        Ok(Delivered::New(sent))
    }

    /// The first application message below `end` that has not been delivered and is to be.
    pub(super) fn missing(&self, end: SequenceNumber) -> Option<SequenceNumber> {
        let between = self
            .entries
            .iter()
            .enumerate()
            .take(end as usize)
            .skip(self.processed as usize + 1);
        between
            .filter(|(_, entry)| entry.id.is_some() && !entry.forgone)
            .map(|(sequence, _)| sequence as u64)
            .next()
    }

    pub(super) const fn processed(&self) -> SequenceNumber {
        self.processed
    }
}

/// ClOrdID (11) of an application message.
pub(super) fn id(frame: &[u8]) -> Option<u64> {
    parse_unsigned(find(frame, 11)?.value)
}

pub(super) fn find(frame: &[u8], tag: u32) -> Option<Field<'_>> {
    fields(frame).find(|field| field.tag == tag)
}

/// Whether two frames are the same message, but for what a resend writes anew.
fn same(one: &Bytes, other: &Bytes) -> bool {
    if one == other {
        return true;
    }
    let kept = |field: &Field<'_>| !WRITTEN_ANEW.contains(&field.tag);
    let values = |field: Field<'_>| (field.tag, field.value.to_vec());
    let one = fields(one).filter(kept).map(values);
    one.eq(fields(other).filter(kept).map(values))
}

/// What the header and the trailer of a resend have of their own.
const WRITTEN_ANEW: [u32; 6] = [9, 10, 43, 52, 122, 369];
/// More numbers than a run can use.
const MOST: usize = 100_000;
