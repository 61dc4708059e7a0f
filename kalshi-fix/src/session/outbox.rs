//! What is on its way out: frames, and the store operations that go before them.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use fix_dialect::{BodyWriter, EncodeBody, EncodeError, Encoder, SessionHeader, Timestamp};

use super::replay::Original;
use super::{
    Journal, JournalGate, MAX_JOURNALLED, SendError, SequenceNumber, StoreOperation, Ticket, Transmit,
    WireTap,
};

/// Encodes frames and holds them until they may leave. No `Debug`: they may hold secrets.
pub(super) struct Outbox {
    encoder: Encoder,
    /// To whom it is addressed; unknown to an acceptor before the logon, and then nothing can be said.
    header: Option<SessionHeader>,
    /// LastMsgSeqNumProcessed (369), where messages carry it.
    last_processed: Option<SequenceNumber>,
    queue: Queue,
}

struct Queue {
    journal: Journal,
    /// Without a journal: frames in one piece.
    ready: BytesMut,
    ready_through: Mark,
    /// With a journal: frames behind a store operation.
    gated: VecDeque<Gated>,
    gated_bytes: usize,
    /// Frames that were numbered while a resend is under way, and go after it. `None`: no resend is.
    held: Option<VecDeque<Gated>>,
    held_bytes: usize,
    operations: VecDeque<StoreOperation>,
    /// The inbound number has changed; told when no other operation waits.
    next_incoming: Option<SequenceNumber>,
    last_ticket: Ticket,
    /// The last operation that frames wait for.
    last_gate: Ticket,
    handed_out: Ticket,
    stored: Ticket,
    /// How often the numbers have started anew.
    numbering: u64,
    /// The highest number of what has left.
    through: Mark,
    /// The store has failed: nothing that waits may leave, and nothing more is asked of it.
    failed: bool,
    tap: Option<Box<dyn WireTap>>,
}

struct Gated {
    behind: Ticket,
    frame: Bytes,
    mark: Mark,
}

/// A number, and which numbering it is of: a later numbering's first is higher than all before it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    numbering: u64,
    sequence: SequenceNumber,
}

/// Why a message was not queued. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotQueued {
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("{}", SendError::too_long(*length))]
    TooLong { length: usize },
}

impl NotQueued {
    /// The same for whoever wanted to send this message.
    pub(super) fn of(self, message: &dyn EncodeBody) -> SendError {
        match self {
            NotQueued::Encode(error) => SendError::encode(error, message),
            NotQueued::TooLong { length } => SendError::too_long(length),
        }
    }
}

/// What the store must know of a frame before it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    /// Nothing: the frame has no number of this session's (a refusal, a logon whose reset is not answered
    /// yet), or one that was used before (a gap fill).
    Nothing,
    /// That the number is used.
    Number,
    /// The whole message, which may have to be sent again.
    Message,
}

impl Outbox {
    pub(super) fn new(journal: Journal) -> Self {
        let queue = Queue {
            journal,
            ready: BytesMut::new(),
            ready_through: Mark::default(),
            gated: VecDeque::new(),
            gated_bytes: 0,
            held: None,
            held_bytes: 0,
            operations: VecDeque::new(),
            next_incoming: None,
            last_ticket: Ticket(0),
            last_gate: Ticket(0),
            handed_out: Ticket(0),
            stored: Ticket(0),
            numbering: 0,
            through: Mark::default(),
            failed: false,
            tap: None,
        };
        Outbox {
            encoder: Encoder::new(),
            header: None,
            last_processed: None,
            queue,
        }
    }

    /// What sees the frames of both directions.
    pub(super) fn set_tap(&mut self, tap: Box<dyn WireTap>) {
        self.queue.tap = Some(tap);
    }

    pub(super) fn tap(&mut self) -> Option<&mut (dyn WireTap + 'static)> {
        self.queue.tap.as_deref_mut()
    }

    /// From whom and to whom all frames go from here on.
    pub(super) fn address(&mut self, header: SessionHeader) {
        self.header = Some(header);
    }

    /// Encodes a message and puts it at the end of the queue. A message that cannot be encoded, or is to be journalled
    /// and too long for any store, leaves no trace.
    pub(super) fn push(
        &mut self,
        sequence: SequenceNumber,
        sending_time: Timestamp,
        message: &dyn EncodeBody,
        record: Record,
    ) -> Result<(), NotQueued> {
        let Some(header) = &self.header else { return Ok(()) };
        let body = self
            .encoder
            .begin(header, message.msg_type(), sequence, sending_time);
        if let Some(last) = self.last_processed {
            body.unsigned(369, last);
        }
        message.encode_body(body);
        let frame = self.encoder.finish_checked()?;
        let kept = record == Record::Message && self.queue.journal != Journal::None;
        if kept && frame.len() > MAX_JOURNALLED {
            return Err(NotQueued::TooLong { length: frame.len() });
        }
        self.queue.push(frame, sequence, record);
        Ok(())
    }

    /// Queues a gap fill for `begin` up to, not including, `new`, as the possible duplicate that it is.
    pub(super) fn push_gap_fill(
        &mut self,
        sending_time: Timestamp,
        begin: SequenceNumber,
        new: SequenceNumber,
    ) -> Result<(), EncodeError> {
        let write = |body: &mut BodyWriter| {
            body.boolean(123, true).unsigned(36, new);
        };
        self.push_again(sending_time, begin, sending_time, b"4", write)
    }

    /// Queues a message that was sent before, with its number and its body.
    pub(super) fn push_replay(
        &mut self,
        sending_time: Timestamp,
        original: &Original<'_>,
    ) -> Result<(), EncodeError> {
        let write = |body: &mut BodyWriter| {
            body.raw(original.body);
        };
        // A clock that was set back since then must not make the original later than its copy, which peers reject.
        let (sequence, first) = (original.msg_seq_num, original.sending_time.min(sending_time));
        self.push_again(sending_time, sequence, first, original.msg_type, write)
    }

    fn push_again(
        &mut self,
        sending_time: Timestamp,
        sequence: SequenceNumber,
        orig_sending_time: Timestamp,
        msg_type: &[u8],
        write: impl FnOnce(&mut BodyWriter),
    ) -> Result<(), EncodeError> {
        let Some(header) = &self.header else { return Ok(()) };
        let body = self
            .encoder
            .begin_duplicate(header, msg_type, sequence, sending_time, orig_sending_time);
        if let Some(last) = self.last_processed {
            body.unsigned(369, last);
        }
        write(body);
        self.queue.push_again(self.encoder.finish_checked()?, sequence);
        Ok(())
    }

    /// All messages carry this LastMsgSeqNumProcessed (369) from here on.
    pub(super) const fn processed(&mut self, last: SequenceNumber) {
        self.last_processed = Some(last);
    }

    /// A resend begins: what is numbered from here on goes after it.
    pub(super) fn hold(&mut self) {
        self.queue.held.get_or_insert_default();
    }

    /// The resend is over: what was held goes.
    pub(super) fn release(&mut self) {
        if let Some(mut held) = self.queue.held.take() {
            self.queue.gated.append(&mut held);
            self.queue.gated_bytes += std::mem::take(&mut self.queue.held_bytes);
        }
    }

    /// The resend is given up, and what was held with it: it stays in the journal, and the peer can ask for it.
    pub(super) fn drop_held(&mut self) {
        self.queue.held = None;
        self.queue.held_bytes = 0;
    }

    /// The store has failed: whatever waits for it must not leave.
    pub(super) fn fail(&mut self) {
        self.drop_held();
        let queue = &mut self.queue;
        queue.failed = true;
        queue.gated.clear();
        queue.gated_bytes = 0;
        queue.operations.clear();
        queue.next_incoming = None;
    }

    /// What is queued from here on has numbers that have nothing to do with those before.
    pub(super) const fn renumber(&mut self) {
        self.queue.numbering += 1;
    }

    /// How often that was said.
    pub(super) const fn numbering(&self) -> u64 {
        self.queue.numbering
    }

    /// The store is to start both directions at 1.
    pub(super) fn reset(&mut self) {
        self.queue.next_incoming = None;
        self.queue.operate(|ticket| StoreOperation::Reset { ticket });
    }

    /// A number of ours was used by a frame that was queued with [`Record::Nothing`].
    pub(super) fn next_outgoing(&mut self, next: SequenceNumber) {
        self.queue
            .operate(|ticket| StoreOperation::SetNextOutgoing { ticket, next });
    }

    /// The number of the next inbound message has changed.
    pub(super) fn next_incoming(&mut self, next: SequenceNumber) {
        if self.queue.journal != Journal::None && !self.queue.failed {
            self.queue.next_incoming = Some(next);
        }
    }

    /// Names a request that is no store operation.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.queue.ticket()
    }

    /// The store has done every operation up to this one.
    pub(super) fn stored(&mut self, ticket: Ticket) {
        self.queue.stored = self.queue.stored.max(ticket.min(self.queue.handed_out));
    }

    pub(super) fn was_handed_out(&self, ticket: Ticket) -> bool {
        ticket <= self.queue.handed_out
    }

    /// How many bytes wait.
    pub(super) fn pending(&self) -> usize {
        self.flowing() + self.queue.held_bytes
    }

    /// How many store operations were not handed out.
    pub(super) fn operations(&self) -> usize {
        self.queue.operations.len() + usize::from(self.queue.next_incoming.is_some())
    }

    /// How many bytes wait for nothing but the store and the transport.
    pub(super) fn flowing(&self) -> usize {
        self.queue.ready.len() + self.queue.gated_bytes
    }

    /// The ticket of a read, which is handed out at once.
    pub(super) fn read(&mut self) -> Option<Ticket> {
        let queue = &mut self.queue;
        if queue.failed || !queue.operations.is_empty() {
            return None;
        }
        queue.handed_out = queue.ticket();
        Some(queue.handed_out)
    }

    pub(super) fn poll_store(&mut self) -> Option<StoreOperation> {
        let queue = &mut self.queue;
        let operation = queue.operations.pop_front().or_else(|| {
            let next = queue.next_incoming.take()?;
            Some(StoreOperation::SetNextIncoming {
                ticket: queue.ticket(),
                next,
            })
        })?;
        queue.handed_out = operation.ticket();
        Some(operation)
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Transmit> {
        let queue = &mut self.queue;
        if !queue.ready.is_empty() {
            queue.through = queue.through.max(queue.ready_through);
            let bytes = queue.ready.split().freeze();
            return Some(queue.transmit(bytes));
        }
        let first = queue.pop_open()?;
        let last = queue.gated.front().is_none_or(|next| next.behind > queue.open());
        if last {
            return Some(queue.transmit(first));
        }
        // One write for many small frames is worth their copy.
        queue.ready.extend_from_slice(&first);
        while queue.ready.len() < TOGETHER
            && let Some(next) = queue.pop_open()
        {
            queue.ready.extend_from_slice(&next);
        }
        let bytes = queue.ready.split().freeze();
        Some(queue.transmit(bytes))
    }
}

impl Queue {
    const fn transmit(&self, bytes: Bytes) -> Transmit {
        let Mark { numbering, sequence } = self.through;
        Transmit {
            bytes,
            through: sequence,
            numbering,
        }
    }

    const fn mark(&self, sequence: SequenceNumber) -> Mark {
        Mark {
            numbering: self.numbering,
            sequence,
        }
    }

    /// Up to which operation frames may leave.
    const fn open(&self) -> Ticket {
        match self.journal {
            Journal::Keep(JournalGate::Stored) => self.stored,
            Journal::Keep(JournalGate::HandedOut) | Journal::None => self.handed_out,
        }
    }

    /// The next frame, if the store has what goes before it.
    fn pop_open(&mut self) -> Option<Bytes> {
        let open = self.open();
        let Gated { frame, mark, .. } = self.gated.pop_front_if(|gated| gated.behind <= open)?;
        self.gated_bytes -= frame.len();
        self.tapped(&frame);
        self.through = self.through.max(mark);
        Some(frame)
    }

    fn push(&mut self, frame: &[u8], sequence: SequenceNumber, record: Record) {
        if self.journal == Journal::None {
            // Next in turn: nothing can come before it any more.
            self.tapped(frame);
            self.ready.extend_from_slice(frame);
            self.ready_through = self.ready_through.max(self.mark(sequence));
            return;
        }
        let frame = Bytes::copy_from_slice(frame);
        match record {
            Record::Nothing => {}
            Record::Number => {
                self.operate(|ticket| StoreOperation::SetNextOutgoing {
                    ticket,
                    next: sequence + 1,
                });
            }
            Record::Message => {
                let frame = frame.clone();
                self.operate(|ticket| StoreOperation::Append {
                    ticket,
                    sequence,
                    frame,
                });
            }
        }
        let length = frame.len();
        let gated = Gated {
            behind: self.last_gate,
            frame,
            mark: self.mark(sequence),
        };
        if let Some(held) = &mut self.held {
            self.held_bytes += length;
            held.push_back(gated);
        } else {
            self.gated_bytes += length;
            self.gated.push_back(gated);
        }
    }

    /// A frame of a resend: the store has had its number, and it goes before all that is held.
    fn push_again(&mut self, frame: &[u8], sequence: SequenceNumber) {
        if self.journal == Journal::None {
            // Next in turn: nothing can come before it any more.
            self.tapped(frame);
            self.ready.extend_from_slice(frame);
            self.ready_through = self.ready_through.max(self.mark(sequence));
            return;
        }
        self.gated_bytes += frame.len();
        self.gated.push_back(Gated {
            behind: Ticket(0),
            frame: Bytes::copy_from_slice(frame),
            mark: self.mark(sequence),
        });
    }

    fn tapped(&mut self, frame: &[u8]) {
        if let Some(tap) = &mut self.tap {
            tap.sent(frame);
        }
    }

    fn operate(&mut self, operation: impl FnOnce(Ticket) -> StoreOperation) {
        if self.journal != Journal::None && !self.failed {
            self.last_gate = self.ticket();
            self.operations.push_back(operation(self.last_gate));
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.last_ticket.0 += 1;
        self.last_ticket
    }
}

/// Frames are put together up to about so many bytes.
const TOGETHER: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Reject;
    use crate::session::RejectReason;

    fn outbox(journal: Journal) -> Outbox {
        let mut outbox = Outbox::new(journal);
        outbox.address(SessionHeader::new("FIXT.1.1", "me", "you").unwrap());
        let time = Timestamp::from_unix_nanos(0);
        let message = Reject::new(1, RejectReason::Other);
        outbox.push(1, time, &message, Record::Message).unwrap();
        outbox.push(2, time, &message, Record::Number).unwrap();
        outbox
    }

    fn sent(outbox: &mut Outbox) -> Vec<SequenceNumber> {
        std::iter::from_fn(|| outbox.poll_transmit())
            .map(|transmit| transmit.through)
            .collect()
    }

    #[test]
    fn without_a_journal_frames_leave_together() {
        let mut outbox = outbox(Journal::None);
        assert!(outbox.pending() > 0);
        assert_eq!(outbox.poll_store(), None);
        assert_eq!(sent(&mut outbox), [2]);
        assert_eq!(outbox.pending(), 0);
    }

    #[test]
    fn a_frame_waits_until_its_operation_is_handed_out() {
        let mut outbox = outbox(Journal::Keep(JournalGate::HandedOut));
        assert_eq!(sent(&mut outbox), []);
        assert!(matches!(
            outbox.poll_store(),
            Some(StoreOperation::Append { sequence: 1, .. })
        ));
        assert_eq!(sent(&mut outbox), [1]);
        assert!(matches!(
            outbox.poll_store(),
            Some(StoreOperation::SetNextOutgoing { next: 3, .. })
        ));
        assert_eq!(sent(&mut outbox), [2]);
        assert_eq!(outbox.poll_store(), None);
        assert_eq!(outbox.pending(), 0);
    }

    #[test]
    fn frames_whose_operations_are_done_leave_together() {
        let mut outbox = outbox(Journal::Keep(JournalGate::HandedOut));
        let pending = outbox.pending();
        while outbox.poll_store().is_some() {}
        let transmit = outbox.poll_transmit().unwrap();
        assert_eq!((transmit.bytes.len(), transmit.through), (pending, 2));
        assert_eq!(outbox.poll_transmit(), None);
        assert_eq!(outbox.pending(), 0);
    }

    #[test]
    fn a_frame_waits_until_its_operation_is_stored() {
        let mut outbox = outbox(Journal::Keep(JournalGate::Stored));
        let first = outbox.poll_store().unwrap().ticket();
        assert_eq!(sent(&mut outbox), []);
        // A confirmation of what was never handed out opens nothing.
        outbox.stored(Ticket(u64::MAX));
        assert_eq!(sent(&mut outbox), [1]);
        outbox.stored(first);
        let second = outbox.poll_store().unwrap().ticket();
        assert_eq!(sent(&mut outbox), []);
        outbox.stored(second);
        assert_eq!(sent(&mut outbox), [2]);
    }

    #[test]
    fn only_the_last_inbound_number_is_told_and_a_reset_voids_it() {
        let mut outbox = Outbox::new(Journal::Keep(JournalGate::HandedOut));
        outbox.next_incoming(2);
        outbox.next_incoming(3);
        assert!(matches!(
            outbox.poll_store(),
            Some(StoreOperation::SetNextIncoming { next: 3, .. })
        ));
        outbox.next_incoming(4);
        outbox.reset();
        assert!(matches!(outbox.poll_store(), Some(StoreOperation::Reset { .. })));
        assert_eq!(outbox.poll_store(), None);
    }
}
