//! What a session sends, held against what it said to the store before.

use std::collections::{HashMap, HashSet};

use fix_dialect::{Framer, Framing, Header, fields};
use kalshi_fix::session::{Journal, JournalGate, SessionSettings, StoreOperation, Ticket, Transmit};

use crate::fixtures::readable;

pub(super) struct Outgoing {
    journal: Journal,
    /// MsgSeqNum (34) of the next message that is no duplicate; `None` while it can be any.
    next: Option<u64>,
    /// The journalled frames, by their number.
    journalled: HashMap<u64, (Ticket, Vec<u8>)>,
    stored: HashSet<Ticket>,
    /// Journalled and not sent.
    waiting: HashSet<u64>,
}

impl Outgoing {
    pub(super) fn new(settings: &SessionSettings) -> Outgoing {
        Outgoing {
            journal: settings.journal,
            next: None,
            journalled: HashMap::new(),
            stored: HashSet::new(),
            waiting: HashSet::new(),
        }
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
                let before = self.journalled.insert(*sequence, (*ticket, frame.to_vec()));
                assert!(before.is_none(), "{sequence} is journalled twice");
                self.waiting.insert(*sequence);
            }
            StoreOperation::Reset { .. } => {
                assert!(self.waiting.is_empty(), "{:?} is forgotten", self.waiting);
                self.journalled.clear();
            }
            _ => {}
        }
    }

    pub(super) fn stored(&mut self, ticket: Ticket) {
        self.stored.insert(ticket);
    }

    /// Whole frames, each with the next number; what is journalled was handed to the store before, and kept by it where
    /// that is what was asked for.
    pub(super) fn transmit(&mut self, transmit: &Transmit) {
        let mut rest = &transmit.bytes[..];
        assert!(!rest.is_empty(), "nothing is sent");
        while !rest.is_empty() {
            let Framing::Frame(length) = Framer::new(usize::MAX).next(rest) else {
                panic!("no frame: {}", readable(rest));
            };
            let (frame, behind) = rest.split_at(length);
            self.frame(frame, transmit.through);
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
            let next = self.next.unwrap_or(u64::MAX);
            assert!(
                sequence < next,
                "{sequence} of {next} as a duplicate: {}",
                readable(frame)
            );
            return;
        }
        if let Some(next) = self.next {
            assert_eq!(sequence, next, "{}", readable(frame));
        }
        self.next = Some(sequence + 1);
        if header.msg_type == b"D" && self.journal != Journal::None {
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
}
