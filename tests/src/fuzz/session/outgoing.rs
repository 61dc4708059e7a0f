//! What a session sends, held against what it said to the store before.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use fix_dialect::{Framer, Framing, Header, fields};
use kalshi_fix::session::{Journal, JournalGate, SessionSettings, StoreOperation, Ticket, Transmit};

use crate::fixtures::readable;

pub(super) struct Outgoing {
    journal: Journal,
    /// MsgSeqNum (34) of the next message that is no duplicate; `None` while it can be any.
    next: Option<u64>,
    /// The journalled frames, by their number.
    journalled: BTreeMap<u64, (Ticket, Bytes)>,
    /// Those of the connections before.
    old: BTreeMap<u64, (Ticket, Bytes)>,
    stored: HashSet<Ticket>,
    /// Journalled and not sent.
    waiting: HashSet<u64>,
    /// The peer has asked for a resend.
    pub(super) resending: bool,
    /// From which number on new messages wait for the end of a resend; beyond all numbers while there is none.
    pub(super) held_from: u64,
    /// How often the numbers had started anew when the last frame was sent.
    numbering: u64,
    /// Both directions were started at 1 while messages of ours waited: they follow with their old numbers.
    overlapping: bool,
}

impl Outgoing {
    pub(super) fn new(settings: &SessionSettings) -> Outgoing {
        Outgoing {
            journal: settings.journal,
            next: None,
            journalled: BTreeMap::new(),
            old: BTreeMap::new(),
            stored: HashSet::new(),
            waiting: HashSet::new(),
            resending: false,
            held_from: u64::MAX,
            numbering: 0,
            overlapping: false,
        }
    }

    /// Another connection: the next session's tickets begin anew, and the journal has what the store had done.
    pub(super) fn reconnect(&mut self) {
        let stored = &self.stored;
        self.journalled.retain(|_, (ticket, _)| stored.contains(ticket));
        self.old.append(&mut self.journalled);
        self.stored.clear();
        self.waiting.clear();
        self.next = None;
        self.resending = false;
        self.held_from = u64::MAX;
        self.numbering = 0;
        self.overlapping = false;
    }

    /// The store is another one, which is empty.
    pub(super) fn forget(&mut self) {
        self.old.clear();
    }

    /// A decision about a logon says where the numbers stand.
    pub(super) fn restart(&mut self) {
        if self.journalled.is_empty() {
            self.next = None;
        }
    }

    /// How many journalled frames have not been sent.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn store(&mut self, operation: &StoreOperation) {
        match operation {
            StoreOperation::Append {
                ticket,
                sequence,
                frame,
            } => {
                let before = self.journalled.insert(*sequence, (*ticket, frame.clone()));
                assert!(before.is_none(), "{sequence} is journalled twice");
                assert!(
                    !self.old.contains_key(sequence),
                    "{sequence} was journalled before"
                );
                self.waiting.insert(*sequence);
            }
            StoreOperation::Reset { .. } => {
                // What waits for the store goes out before the logon that answers the reset.
                self.overlapping |= !self.waiting.is_empty();
                self.waiting.clear();
                self.journalled.clear();
                self.old.clear();
                self.next = None;
            }
            _ => {}
        }
    }

    /// What the journal has of these numbers: as much as fits, and at least one.
    pub(super) fn page(&self, begin: u64, end: u64, max_bytes: usize) -> Vec<(u64, Bytes)> {
        assert!(begin <= end, "reads {begin} to {end}");
        let mut bytes = 0;
        let range = self
            .old
            .range(begin..=end)
            .chain(self.journalled.range(begin..=end));
        range
            .take_while(|(_, (_, frame))| {
                bytes += frame.len();
                bytes == frame.len() || bytes <= max_bytes
            })
            .map(|(sequence, (_, frame))| (*sequence, frame.clone()))
            .collect()
    }

    pub(super) fn stored(&mut self, ticket: Ticket) {
        self.stored.insert(ticket);
    }

    /// Whole frames, each with the next number; what is journalled was handed to the store before, and kept by it where
    /// that is what was asked for.
    pub(super) fn transmit(&mut self, transmit: &Transmit) {
        let mut rest = &transmit.bytes[..];
        assert!(!rest.is_empty(), "nothing is sent");
        assert!(transmit.numbering >= self.numbering, "{transmit:?}");
        // What went before numbers started anew has none of the new ones.
        let mut anew = transmit.numbering == self.numbering;
        self.numbering = transmit.numbering;
        while !rest.is_empty() {
            let Framing::Frame(length) = Framer::new(usize::MAX).next(rest) else {
                panic!("no frame: {}", readable(rest));
            };
            let (frame, behind) = rest.split_at(length);
            anew |= is_reset(frame);
            self.frame(frame, if anew { transmit.through } else { u64::MAX });
            rest = behind;
        }
    }

    fn frame(&mut self, frame: &[u8], through: u64) {
        let header = Header::read(frame).unwrap_or_else(|fault| panic!("{fault}: {}", readable(frame)));
        assert_eq!(header.sender_comp_id, b"US", "{}", readable(frame));
        let sequence = header.msg_seq_num;
        assert!(sequence <= through, "{sequence} of {through}");
        assert_eq!(
            fields(frame).last().map(|field| field.tag),
            Some(10),
            "{}",
            readable(frame)
        );
        if header.poss_dup {
            let next = self.next.filter(|_| !self.overlapping).unwrap_or(u64::MAX);
            assert!(
                sequence < next,
                "{sequence} of {next} as a duplicate: {}",
                readable(frame)
            );
            assert!(header.orig_sending_time.is_some(), "{}", readable(frame));
            assert!(
                header.msg_type == b"4" || self.overlapping || self.is_replay(&header),
                "{}",
                readable(frame)
            );
            return;
        }
        let resets = is_reset(frame);
        if let Some(next) = self.next.filter(|_| !resets && !self.overlapping) {
            // A farewell goes before what waits for the end of a resend, which is left to the journal.
            let farewell = self.resending && header.msg_type == b"5" && sequence > next;
            assert!(
                sequence == next || farewell,
                "{sequence} of {next}: {}",
                readable(frame)
            );
        }
        self.next = Some(sequence + 1);
        // What is numbered while a resend goes on waits for its end, but for a farewell.
        assert!(
            sequence < self.held_from || resets || header.msg_type == b"5",
            "within a resend: {}",
            readable(frame)
        );
        if self.overlapping {
            self.waiting.remove(&sequence);
        }
        if header.msg_type == b"D" && self.journal != Journal::None && !self.overlapping {
            let Some((ticket, journalled)) = self.journalled.get(&sequence) else {
                panic!("sent before it was journalled: {}", readable(frame));
            };
            assert_eq!(readable(journalled), readable(frame));
            let kept = self.stored.contains(ticket);
            assert!(
                kept || self.journal != Journal::Keep(JournalGate::Stored),
                "{}",
                readable(frame)
            );
            self.waiting.remove(&sequence);
        }
    }

    /// Whether a duplicate is that of a message that was journalled.
    fn is_replay(&self, header: &Header<'_>) -> bool {
        let sequence = header.msg_seq_num;
        let original = self.journalled.get(&sequence).or_else(|| self.old.get(&sequence));
        original.is_some_and(|(_, original)| {
            Header::read(original).is_ok_and(|original| {
                // A clock that was set back does not make the original later than its copy.
                let sent = Some(original.sending_time.min(header.sending_time));
                original.msg_type == header.msg_type && sent == header.orig_sending_time
            })
        })
    }
}

fn is_reset(frame: &[u8]) -> bool {
    has(frame, 35, b"A") && has(frame, 34, b"1") && has(frame, 141, b"Y")
}

fn has(frame: &[u8], tag: u32, value: &[u8]) -> bool {
    fields(frame).any(|field| field.tag == tag && field.value == value)
}
