//! The store that does not outlive its process.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;
use fix_dialect::Timestamp;

use super::{
    Committed, Page, Retention, Store, StoreError, StoreState, age, check_append, check_incoming,
    check_outgoing,
};
use crate::session::SequenceNumber;

/// Keeps everything in memory: a reconnect can resume, a new process cannot.
///
/// A message takes its frame's length, which it shares with what is sent, and 64 bytes. Limit it with a
/// [`Retention`], unless the session is short. It belongs to the first session that it is given to.
pub struct MemoryStore {
    /// Whose it is, once a session has claimed it.
    session: Option<String>,
    state: StoreState,
    retention: Retention,
    /// By rising number.
    messages: VecDeque<Message>,
    /// How many of them, from the front, have been committed.
    committed: usize,
    /// Of all frames.
    bytes: u64,
}

struct Message {
    sequence: SequenceNumber,
    frame: Bytes,
    /// When it was committed; of no meaning before.
    sent: Timestamp,
}

impl MemoryStore {
    /// An empty store of a session that begins `now`, which keeps everything.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        MemoryStore::with_retention(now, Retention::EVERYTHING)
    }

    /// An empty store of a session that begins `now`. Its bytes are those of the frames.
    #[must_use]
    pub fn with_retention(now: Timestamp, retention: Retention) -> Self {
        MemoryStore {
            session: None,
            state: StoreState::new(now),
            retention,
            messages: VecDeque::new(),
            committed: 0,
            bytes: 0,
        }
    }

    fn drop_beyond_retention(&mut self, now: Timestamp) {
        while let Some(oldest) = self.messages.front() {
            let Retention {
                max_age,
                max_bytes,
                max_messages,
            } = self.retention;
            let beyond = max_age.is_some_and(|max| age(oldest.sent, now) > max)
                || max_bytes.is_some_and(|max| self.bytes > max)
                || max_messages.is_some_and(|max| self.messages.len() as u64 > max);
            if !beyond {
                break;
            }
            self.bytes -= oldest.frame.len() as u64;
            self.state.dropped_through = oldest.sequence;
            self.messages.pop_front();
        }
        self.committed = self.messages.len();
        self.state.first_message = self.messages.front().map(|message| message.sequence);
    }
}

impl Store for MemoryStore {
    fn claim(&mut self, session: &str) -> Result<(), StoreError> {
        match &self.session {
            Some(found) if found != session => Err(StoreError::Claimed {
                found: found.clone(),
                expected: session.to_owned(),
            }),
            Some(_) => Ok(()),
            None => {
                self.session = Some(session.to_owned());
                Ok(())
            }
        }
    }

    fn state(&self) -> StoreState {
        self.state
    }

    fn append(&mut self, sequence: SequenceNumber, frame: &Bytes) -> Result<(), StoreError> {
        self.state.sequences.next_outgoing = check_append(&self.state, sequence, frame)?;
        self.state.first_message.get_or_insert(sequence);
        self.bytes += frame.len() as u64;
        self.messages.push_back(Message {
            sequence,
            frame: frame.clone(),
            sent: self.state.began,
        });
        Ok(())
    }

    fn set_next_outgoing(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        check_outgoing(&self.state, next)?;
        self.state.sequences.next_outgoing = next;
        Ok(())
    }

    fn set_next_incoming(&mut self, next: SequenceNumber) -> Result<(), StoreError> {
        check_incoming(next)?;
        self.state.sequences.next_incoming = next;
        Ok(())
    }

    fn reset(&mut self, now: Timestamp) -> Result<(), StoreError> {
        *self = MemoryStore {
            session: self.session.take(),
            ..MemoryStore::with_retention(now, self.retention)
        };
        Ok(())
    }

    fn commit(&mut self, now: Timestamp) -> Result<Committed, StoreError> {
        for message in self.messages.range_mut(self.committed..) {
            message.sent = now;
        }
        self.drop_beyond_retention(now);
        Ok(Committed::default())
    }

    fn read(
        &mut self,
        begin: SequenceNumber,
        end: SequenceNumber,
        max_bytes: usize,
        out: &mut Vec<(SequenceNumber, Bytes)>,
    ) -> Result<Page, StoreError> {
        let first = self.messages.partition_point(|message| message.sequence < begin);
        let mut room = max_bytes;
        for (place, message) in self.messages.range(first..).enumerate() {
            if message.sequence > end {
                break;
            }
            if place > 0 && message.frame.len() > room {
                return Ok(Page::from(message.sequence));
            }
            room = room.saturating_sub(message.frame.len());
            out.push((message.sequence, message.frame.clone()));
        }
        Ok(Page::DONE)
    }
}

/// Shows how much there is, and no byte of it.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryStore")
            .field("state", &self.state)
            .field("retention", &self.retention)
            .field("messages", &self.messages.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: i64 = 1_786_982_400_000_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_nanos(START + seconds * 1_000_000_000)
    }

    /// Commits one message of ten bytes at each of these seconds, then once more at the last; the rest of the store is
    /// what is left of them.
    fn check(
        retention: Retention,
        seconds: &[i64],
        left: &[SequenceNumber],
        dropped_through: SequenceNumber,
    ) {
        let mut store = MemoryStore::with_retention(at(0), retention);
        let frame = Bytes::from_static(b"ten bytes.");
        for (sequence, second) in (1..).zip(seconds) {
            store.append(sequence, &frame).unwrap();
            store.commit(at(*second)).unwrap();
        }
        let mut found = Vec::new();
        let page = store.read(1, u64::MAX, usize::MAX, &mut found).unwrap();
        assert_eq!(page, Page::DONE);
        let numbers: Vec<SequenceNumber> = found.iter().map(|(sequence, _)| *sequence).collect();
        assert_eq!(numbers, left, "{retention:?} {seconds:?}");
        assert_eq!(store.state().first_message, left.first().copied());
        assert_eq!(store.state().dropped_through, dropped_through);
        assert_eq!(store.bytes, 10 * left.len() as u64);
    }

    #[test]
    fn retention() {
        let everything = Retention::EVERYTHING;
        let messages = Retention {
            max_messages: Some(2),
            ..everything
        };
        let bytes = Retention {
            max_bytes: Some(29),
            ..everything
        };
        let minute = Retention {
            max_age: Some(Duration::from_mins(1)),
            ..everything
        };
        let nothing = Retention {
            max_bytes: Some(0),
            ..everything
        };
        check(everything, &[0, 0, 9_999_999], &[1, 2, 3], 0);
        check(messages, &[0, 0], &[1, 2], 0);
        check(messages, &[0, 0, 0, 0], &[3, 4], 2);
        check(bytes, &[0, 0, 0, 0], &[3, 4], 2);
        check(minute, &[0, 30, 60], &[1, 2, 3], 0);
        check(minute, &[0, 30, 61], &[2, 3], 1);
        // A clock that was set back makes nothing old.
        check(minute, &[30, 0, 90], &[1, 2, 3], 0);
        check(nothing, &[0, 1], &[], 2);
    }

    /// What is not committed has no age yet, however old the session is.
    #[test]
    fn age_counts_from_the_commit() {
        let retention = Retention {
            max_age: Some(Duration::from_mins(1)),
            ..Retention::EVERYTHING
        };
        let mut store = MemoryStore::with_retention(at(0), retention);
        store.append(1, &Bytes::from_static(b"frame")).unwrap();
        store.commit(at(3600)).unwrap();
        assert_eq!(store.state().first_message, Some(1));
    }

    #[test]
    fn debug_shows_no_bytes() {
        let mut store = MemoryStore::new(at(0));
        store.append(1, &Bytes::from_static(b"554=secret")).unwrap();
        assert!(!format!("{store:?}").contains("secret"));
    }
}
