//! How what the exchange says reaches its clients: over a connection, or into what is kept until there is one again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use fix_dialect::tables::Tables;
use fix_dialect::{EncodeBody, Timestamp};

use super::exchange::{Origin, OwnerId, SessionId};
use super::kept::{KEPT_BYTES, Kept, Rendered, lock};
use super::options::Options;
use crate::driver::Handle;
use crate::environment::{Product, SessionKind};
use crate::session::{SendError, SequenceNumber};

/// All sessions that have a connection, or that are kept without one.
#[derive(Default)]
pub(super) struct Lines {
    attached: BTreeMap<SessionId, Attached>,
    kept: BTreeMap<SessionId, KeptLine>,
    /// Listener sessions by member and product.
    listeners: BTreeMap<(OwnerId, u8), BTreeSet<SessionId>>,
}

/// What a session is, and whose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) origin: Origin,
    pub(super) product: Product,
    pub(super) kind: SessionKind,
}

/// A session that is logged on.
struct Attached {
    place: Place,
    handle: Handle,
    options: Arc<Options>,
    unsent: Unsent,
}

/// A session that retransmits, with what its last logon asked for.
struct KeptLine {
    place: Place,
    kept: Arc<Mutex<Kept>>,
    options: Arc<Options>,
}

/// Messages for a session that retransmits, whose connection is on its way out and takes no more of them. They are
/// numbered when it is gone.
#[derive(Default)]
struct Unsent {
    messages: Vec<Rendered>,
    bytes: usize,
}

impl Lines {
    /// From here on the session hears over this connection what concerns it.
    pub(super) fn attach(
        &mut self,
        place: Place,
        handle: Handle,
        options: &Arc<Options>,
        kept: Option<Arc<Mutex<Kept>>>,
    ) {
        let Origin { session, owner } = place.origin;
        if options.listener {
            let listeners = self.listeners.entry((owner, place.product as u8)).or_default();
            listeners.insert(session);
        } else {
            // The last logon of a session that is kept may have been a listener's.
            self.leave(place);
        }
        if let Some(kept) = kept {
            let options = Arc::clone(options);
            let line = KeptLine { place, kept, options };
            self.kept.insert(session, line);
        }
        let attached = Attached {
            place,
            handle,
            options: Arc::clone(options),
            unsent: Unsent::default(),
        };
        self.attached.insert(session, attached);
    }

    /// The session's connection is over, and its driver is done with what is kept. Messages of the client's from `cut`
    /// on were not looked at.
    pub(super) fn detach(&mut self, session: SessionId, now: Timestamp, cut: Option<SequenceNumber>) {
        let Some(attached) = self.attached.remove(&session) else {
            return;
        };
        let Some(line) = self.kept.get(&session) else {
            self.leave(attached.place);
            return;
        };
        let received = attached.handle.sequences().next_incoming;
        let mut kept = lock(&line.kept);
        let mut result = kept.expect(now, cut.map_or(received, |cut| cut.min(received)));
        for message in &attached.unsent.messages {
            result = result.and_then(|()| kept.keep(now, message));
        }
        if let Err(error) = result {
            tracing::error!(%error, "what a session that retransmits is to be sent could not be kept");
        }
    }

    /// Ends all connections without a word.
    pub(super) fn abort(&self) {
        for attached in self.attached.values() {
            attached.handle.abort();
        }
    }

    /// What is kept of a session, if anything was before.
    pub(super) fn kept(&self, session: SessionId) -> Option<Arc<Mutex<Kept>>> {
        self.kept.get(&session).map(|line| Arc::clone(&line.kept))
    }

    /// What a session asked for that has a connection, or that is kept.
    pub(super) fn options(&self, session: SessionId) -> Option<Arc<Options>> {
        let attached = self.attached.get(&session).map(|attached| &attached.options);
        let options = attached.or_else(|| Some(&self.kept.get(&session)?.options))?;
        Some(Arc::clone(options))
    }

    /// The listener sessions of a member.
    pub(super) fn listeners(&self, owner: OwnerId, product: Product) -> impl Iterator<Item = SessionId> + '_ {
        self.listeners
            .get(&(owner, product as u8))
            .into_iter()
            .flatten()
            .copied()
    }

    /// The sessions, with or without a connection, that are told of a member's settlements.
    pub(super) fn settlements(
        &self,
        owner: OwnerId,
        product: Product,
    ) -> impl Iterator<Item = SessionId> + '_ {
        let wanted = move |line: &&KeptLine| {
            let Place {
                origin, product: of, ..
            } = line.place;
            line.options.settlements && origin.owner == owner && of == product
        };
        self.kept
            .values()
            .filter(wanted)
            .map(|line| line.place.origin.session)
    }

    /// Who is logged on to sessions of this kind.
    pub(super) fn of_kind(&self, product: Product, kind: SessionKind) -> impl Iterator<Item = Origin> + '_ {
        self.attached
            .values()
            .map(|attached| attached.place)
            .filter(move |place| place.product == product && place.kind == kind)
            .map(|place| place.origin)
    }

    /// Sends a message. A client that does not read is cut off; a session that retransmits gets what it missed when it
    /// asks for it, others get it never.
    pub(super) fn send(&mut self, now: Timestamp, session: SessionId, message: &dyn EncodeBody) {
        let line = self.kept.get(&session);
        match (self.attached.get_mut(&session), line) {
            (Some(attached), None) => {
                let _ = deliver(&attached.handle, message);
            }
            (Some(attached), Some(_)) => {
                // Behind one that could not be sent nothing is, or the numbers would say another order than the events.
                if !attached.unsent.messages.is_empty() || !deliver(&attached.handle, message) {
                    attached.unsent.push(message);
                }
            }
            (None, Some(line)) => {
                if let Err(error) = lock(&line.kept).keep(now, message) {
                    tracing::error!(%error, "a message of a session that retransmits could not be kept");
                }
            }
            (None, None) => {}
        }
    }

    fn leave(&mut self, place: Place) {
        let origin = place.origin;
        let of_member = (origin.owner, place.product as u8);
        if let Some(listeners) = self.listeners.get_mut(&of_member) {
            listeners.remove(&origin.session);
            if listeners.is_empty() {
                self.listeners.remove(&of_member);
            }
        }
    }
}

impl Unsent {
    fn push(&mut self, message: &dyn EncodeBody) {
        match Rendered::new(message) {
            Ok(rendered) if (self.bytes + rendered.len()) as u64 <= KEPT_BYTES => {
                self.bytes += rendered.len();
                self.messages.push(rendered);
            }
            Ok(_) => tracing::error!("more than is kept of a session came while its connection ended"),
            Err(error) => tracing::error!(%error, "a message cannot be encoded"),
        }
    }
}

/// Sends a message, or cuts the client off that does not read; whether it was sent.
fn deliver(handle: &Handle, message: &dyn EncodeBody) -> bool {
    match handle.try_send(&Borrowed(message)) {
        Ok(_) => true,
        Err(SendError::Backlog { pending, max }) => {
            tracing::warn!(
                pending,
                max,
                "a client does not read what it is sent; it is cut off"
            );
            handle.abort();
            false
        }
        Err(error) => {
            tracing::debug!(%error, "a message could not be sent");
            false
        }
    }
}

/// [`Handle::try_send`] takes a message of a known type.
struct Borrowed<'a>(&'a dyn EncodeBody);

impl EncodeBody for Borrowed<'_> {
    fn msg_type(&self) -> &[u8] {
        self.0.msg_type()
    }

    fn encode_body(&self, out: &mut fix_dialect::BodyWriter) {
        self.0.encode_body(out);
    }

    fn named_by(&self) -> Option<&'static Tables> {
        self.0.named_by()
    }
}
