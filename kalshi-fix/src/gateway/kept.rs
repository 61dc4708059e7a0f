//! What the exchange keeps of a session that retransmits, between its connections and beyond them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use fix_dialect::{BodyWriter, EncodeBody, EncodeError, Encoder, Precision, SessionHeader, Timestamp};

use crate::session::{SequenceNumber, Sequences};
use crate::store::{
    Committed, Durability, JournalSettings, JournalStore, MemoryStore, Page, Retention, Store, StoreError,
    StoreState,
};

/// Where sessions that retransmit are kept.
#[derive(Clone, Debug, Default)]
pub(super) enum Keeping {
    /// For as long as the gateway lives.
    #[default]
    InMemory,
    /// In journals under this directory, one a session: a gateway that is started again goes on.
    InDirectory(PathBuf),
}

/// One session's numbers and messages. What it is sent while nobody is connected takes its number here.
pub(super) struct Kept {
    store: Box<dyn Store>,
    header: SessionHeader,
    encoder: Encoder,
}

/// A message that is encoded but for its header.
#[derive(Debug)]
pub(super) struct Rendered {
    msg_type: Vec<u8>,
    body: Vec<u8>,
}

/// A store for a connection whose client is not known yet: what was kept is put into it when the logon is accepted.
///
/// The session asks for nothing before that.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<OnceLock<Arc<Mutex<Kept>>>>);

impl Keeping {
    /// What is kept of the session of this name, whose client is `client`.
    pub(super) fn open(&self, name: &str, client: &str, now: Timestamp) -> Result<Kept, NotKept> {
        let header = SessionHeader::new("FIXT.1.1", SENDER, client)?;
        let retention = Retention {
            max_bytes: Some(KEPT_BYTES),
            ..Retention::EVERYTHING
        };
        let store: Box<dyn Store> = match self {
            Keeping::InMemory => Box::new(MemoryStore::with_retention(now, retention)),
            Keeping::InDirectory(directory) => {
                let mut settings = JournalSettings::new(format!("simulated exchange {name}"));
                settings.retention = retention;
                // The exchange's orders do not outlive its process: to outlive the machine's power is not worth a wait.
                settings.durability = Durability::OperatingSystem;
                Box::new(JournalStore::open(directory.join(name), settings, now)?)
            }
        };
        Ok(Kept {
            store,
            header,
            encoder: Encoder::new(),
        })
    }
}

impl Kept {
    pub(super) fn sequences(&self) -> Sequences {
        self.store.state().sequences
    }

    /// Numbers a message as if it was sent now, and keeps it for the next connection to ask for.
    pub(super) fn keep(&mut self, now: Timestamp, message: &dyn EncodeBody) -> Result<(), NotKept> {
        let sequence = self.sequences().next_outgoing;
        let sending_time = now.with_precision(Precision::MILLIS);
        let frame = self
            .encoder
            .encode(&self.header, sequence, sending_time, message)?;
        let frame = Bytes::copy_from_slice(frame);
        self.store.append(sequence, &frame)?;
        self.store.commit(now)?;
        Ok(())
    }

    /// The client's messages up to, not including, this number were received, and none after it.
    pub(super) fn expect(&mut self, now: Timestamp, next: SequenceNumber) -> Result<(), NotKept> {
        self.store.set_next_incoming(next)?;
        self.store.commit(now)?;
        Ok(())
    }
}

/// Why something could not be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotKept {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Rendered {
    pub(super) fn new(message: &dyn EncodeBody) -> Result<Rendered, EncodeError> {
        let header = SessionHeader::new("FIXT.1.1", "X", "X")?;
        let mut encoder = Encoder::new();
        let frame = encoder.encode(&header, 1, Timestamp::from_unix_nanos(0), message)?;
        // The header ends with SendingTime (52), and no value before it holds a delimiter.
        let rest = frame
            .windows(SENDING_TIME.len())
            .position(|window| window == SENDING_TIME)
            .map_or(&[][..], |at| &frame[at + SENDING_TIME.len()..]);
        let body = rest.iter().position(|byte| *byte == 1).map_or(0, |end| end + 1);
        Ok(Rendered {
            msg_type: message.msg_type().to_vec(),
            body: rest[body..rest.len().saturating_sub(TRAILER).max(body)].to_vec(),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.msg_type.len() + self.body.len()
    }
}

impl EncodeBody for Rendered {
    fn msg_type(&self) -> &[u8] {
        &self.msg_type
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        out.raw(&self.body);
    }
}

impl Slot {
    /// Puts what was kept in its place. A connection has one client: a second one is not taken.
    pub(super) fn fill(&self, kept: Arc<Mutex<Kept>>) {
        let _ = self.0.set(kept);
    }

    fn kept(&self) -> Option<MutexGuard<'_, Kept>> {
        self.0.get().map(|kept| lock(kept))
    }

    fn apply(
        &self,
        operation: impl FnOnce(&mut dyn Store) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self.kept() {
            Some(mut kept) => operation(&mut *kept.store),
            None => Ok(()),
        }
    }
}

/// A panic while it was locked left a store that either took the operation or will refuse all further ones.
pub(super) fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for Slot {
    fn claim(&mut self, session: &str) -> Result<(), StoreError> {
        self.apply(|store| store.claim(session))
    }

    fn state(&self) -> StoreState {
        self.kept().map_or(
            StoreState {
                sequences: Sequences::START,
                first_message: None,
                dropped_through: 0,
                began: Timestamp::from_unix_nanos(0),
            },
            |kept| kept.store.state(),
        )
    }

    fn append(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<(), StoreError> {
        self.apply(|store| store.append(sequence, frame))
    }

    fn set_next_outgoing(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        self.apply(|store| store.set_next_outgoing(next))
    }

    fn set_next_incoming(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        self.apply(|store| store.set_next_incoming(next))
    }

    fn reset(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.apply(|store| store.reset(now))
    }

    fn commit(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
        match self.kept() {
            Some(mut kept) => kept.store.commit(now),
            None => Ok(Committed::default()),
        }
    }

    fn read(
        &mut self,
        begin: SequenceNumber,
        end: SequenceNumber,
        max_bytes: usize,
        out: &mut Vec<(SequenceNumber, Bytes)>,
    ) -> Result<Page, StoreError> {
        match self.kept() {
            Some(mut kept) => kept.store.read(begin, end, max_bytes, out),
            None => Ok(Page::DONE),
        }
    }
}

/// SenderCompID (49) of the exchange on sessions that retransmit.
pub(super) const SENDER: &str = "Kalshi";
/// How many bytes of one session's messages are kept at most, the oldest dropped first.
pub(super) const KEPT_BYTES: u64 = 64 << 20;
const SENDING_TIME: &[u8] = b"\x0152=";
/// The length of `10=nnn<SOH>`.
const TRAILER: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    struct Note(&'static str);

    impl EncodeBody for Note {
        fn msg_type(&self) -> &[u8] {
            b"8"
        }

        fn encode_body(&self, out: &mut BodyWriter) {
            out.field(11, self.0.as_bytes()).field(58, b"52=not a time");
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_unix_nanos(1_786_982_400_000_000_000)
    }

    fn read(kept: &mut Kept) -> Vec<(SequenceNumber, String)> {
        let mut found = Vec::new();
        let page = kept.store.read(1, u64::MAX, usize::MAX, &mut found).unwrap();
        assert_eq!(page, Page::DONE);
        found
            .into_iter()
            .map(|(sequence, frame)| (sequence, String::from_utf8_lossy(&frame).replace('\x01', "|")))
            .collect()
    }

    #[test]
    fn what_nobody_is_there_to_read_is_numbered_and_kept() {
        let mut kept = Keeping::InMemory
            .open("prediction-KalshiRT-key", "key", now())
            .unwrap();
        kept.store.set_next_outgoing(5).unwrap();
        kept.keep(now(), &Note("a")).unwrap();
        kept.keep(now(), &Rendered::new(&Note("b")).unwrap()).unwrap();
        assert_eq!(kept.sequences().next_outgoing, 7);
        let body = |sequence, id| {
            format!("35=8|49=Kalshi|56=key|34={sequence}|52=20260817-16:00:00.000|11={id}|58=52=not a time|")
        };
        let found = read(&mut kept);
        for ((sequence, frame), (expected, id)) in found.iter().zip([(5, "a"), (6, "b")]) {
            assert_eq!(*sequence, expected);
            assert!(frame.contains(&body(expected, id)), "{frame}");
        }
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_slot_holds_nothing_before_it_is_filled() {
        let mut slot = Slot::default();
        assert_eq!(slot.state().sequences, Sequences::START);
        slot.set_next_outgoing(9).unwrap();
        assert_eq!(slot.state().sequences, Sequences::START);
        let kept = Keeping::InMemory.open("name", "key", now()).unwrap();
        slot.fill(Arc::new(Mutex::new(kept)));
        slot.set_next_outgoing(9).unwrap();
        assert_eq!(slot.state().sequences.next_outgoing, 9);
        let other = Keeping::InMemory.open("other", "key", now()).unwrap();
        slot.fill(Arc::new(Mutex::new(other)));
        assert_eq!(slot.state().sequences.next_outgoing, 9);
    }
}
