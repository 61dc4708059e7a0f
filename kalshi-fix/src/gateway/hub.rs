//! What all connections share: the two exchanges, who may log on, who has, and the faults that wait.
//!
//! Everything is behind one lock, which is never held over an await. An answer goes into its session's outbound buffer
//! while the lock is held, so that every session sees what happened in the order in which it happened. The buffers
//! are bounded: a client that does not read what it is sent is cut off ([`Hub::deliver`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::dialect::KINDS;
use super::exchange::{Command, Exchange, Money, Origin, Output, OwnerId, Rules, SessionId, Time};
use super::fault::{Effect, Fault, Faults, Step};
use super::options::Options;
use super::reply::{
    ExecutionReport, FullRefresh, IncrementalRefresh, MarketDataRequestReject, OrderCancelReject,
    OrderMassCancelReport, SecurityStatus,
};
use crate::credentials::PublicKey;
use crate::driver::{Clock, Handle};
use crate::environment::{Product, SessionKind};
use crate::session::SendError;

/// The shared state of a gateway.
pub(super) struct Hub {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    deposit: Money,
}

struct State {
    prediction: Exchange,
    margin: Exchange,
    keys: BTreeMap<String, ApiKey>,
    /// The keys that hold a connection.
    connected: BTreeSet<String>,
    /// Sessions by key, product and kind: they outlive their connections.
    identities: BTreeMap<(String, u8), SessionId>,
    attached: BTreeMap<SessionId, Attached>,
    /// Listener sessions by member and product.
    listeners: BTreeMap<(OwnerId, u8), BTreeSet<SessionId>>,
    faults: Faults,
    members: u32,
}

#[derive(Clone)]
struct ApiKey {
    owner: OwnerId,
    public: PublicKey,
}

/// A session that is logged on.
struct Attached {
    handle: Handle,
    options: Arc<Options>,
}

/// A logon that was accepted. Dropping it says that the connection is over.
pub(super) struct Seat {
    hub: Arc<Hub>,
    key_id: String,
    product: Product,
    pub(super) origin: Origin,
    pub(super) options: Arc<Options>,
}

/// Why nobody gets a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSeat {
    /// No such API key.
    UnknownKey,
    /// The key has a connection.
    AlreadyExists,
}

impl Hub {
    pub(super) fn new(clock: Arc<dyn Clock>, deposit: Money) -> Hub {
        let state = State {
            prediction: Exchange::new(Rules::prediction()),
            margin: Exchange::new(Rules::margin()),
            keys: BTreeMap::new(),
            connected: BTreeSet::new(),
            identities: BTreeMap::new(),
            attached: BTreeMap::new(),
            listeners: BTreeMap::new(),
            faults: Faults::default(),
            members: 0,
        };
        Hub {
            state: Mutex::new(state),
            clock,
            deposit,
        }
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// A new member, with money in subaccount 0 of both products.
    pub(super) fn add_member(&self) -> OwnerId {
        let mut state = self.state();
        state.members += 1;
        let owner = OwnerId(state.members);
        for product in PRODUCTS {
            state.exchange(product).deposit(owner, 0, self.deposit);
        }
        owner
    }

    /// A new API key of a member.
    pub(super) fn add_key(&self, owner: OwnerId, public: PublicKey) -> String {
        let mut state = self.state();
        let key_id = format!("{:08x}-0000-8000-8000-{:012x}", owner.0, state.keys.len() + 1);
        state.keys.insert(key_id.clone(), ApiKey { owner, public });
        key_id
    }

    pub(super) fn public_key(&self, key_id: &str) -> Option<PublicKey> {
        self.state().keys.get(key_id).map(|key| key.public.clone())
    }

    /// Has the exchange of a product looked at.
    pub(super) fn look<T>(&self, product: Product, look: impl FnOnce(&mut Exchange) -> T) -> T {
        look(self.state().exchange(product))
    }

    /// Carries out a command, tells everybody concerned, and returns what was said.
    pub(super) fn apply(&self, product: Product, command: Command) -> Vec<Output> {
        let now = self.now();
        let mut state = self.state();
        let outputs = state.exchange(product).apply(now, command);
        for output in &outputs {
            state.tell(product, output);
        }
        outputs
    }

    /// Lets orders expire whose time is over.
    pub(super) fn tick(&self) {
        let now = self.now();
        for product in PRODUCTS {
            let due = self.look(product, |exchange| {
                exchange.next_expiry().is_some_and(|time| time <= now)
            });
            if due {
                self.apply(product, Command::Tick);
            }
        }
    }

    pub(super) fn inject(&self, fault: Fault) {
        self.state().faults.add(fault);
    }

    pub(super) fn fault(&self, kind: SessionKind, step: &Step) -> Option<Effect> {
        self.state().faults.take(kind, step)
    }

    /// As [`Hub::fault`], for a message of this type.
    pub(super) fn message_fault(&self, kind: SessionKind, msg_type: &[u8]) -> Option<Effect> {
        let mut state = self.state();
        if state.faults.is_empty() {
            return None;
        }
        let step = Step::Message(String::from_utf8_lossy(msg_type).into_owned());
        state.faults.take(kind, &step)
    }

    /// Reserves a key for a connection whose signature was verified.
    pub(super) fn seat(
        self: &Arc<Self>,
        key_id: &str,
        product: Product,
        kind: SessionKind,
        options: Options,
    ) -> Result<Seat, NoSeat> {
        let mut state = self.state();
        let owner = state.keys.get(key_id).ok_or(NoSeat::UnknownKey)?.owner;
        if !state.connected.insert(key_id.to_owned()) {
            return Err(NoSeat::AlreadyExists);
        }
        let session = state.identity(key_id, product, kind);
        Ok(Seat {
            hub: Arc::clone(self),
            key_id: key_id.to_owned(),
            product,
            origin: Origin { session, owner },
            options: Arc::new(options),
        })
    }

    /// From here on the seat's session hears what concerns it.
    pub(super) fn attach(&self, seat: &Seat, handle: Handle) {
        let Origin { session, owner } = seat.origin;
        let attached = Attached {
            handle,
            options: Arc::clone(&seat.options),
        };
        let mut state = self.state();
        if seat.options.listener {
            state
                .listeners
                .entry((owner, seat.product as u8))
                .or_default()
                .insert(session);
        }
        state.attached.insert(session, attached);
    }

    /// Sends a message, or cuts the client off that does not read.
    pub(super) fn deliver(handle: &Handle, message: &impl fix_dialect::EncodeBody) {
        if let Err(SendError::Backlog { pending, max }) = handle.try_send(message) {
            tracing::warn!(
                pending,
                max,
                "a client does not read what it is sent; it is cut off"
            );
            handle.abort();
        }
    }

    fn now(&self) -> Time {
        Time::from_unix_nanos(self.clock.utc().unix_nanos())
    }

    /// A panic under the lock leaves no half-done change behind that is worse than no exchange at all.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn exchange(&mut self, product: Product) -> &mut Exchange {
        match product {
            Product::Prediction => &mut self.prediction,
            Product::Margin => &mut self.margin,
        }
    }

    fn identity(&mut self, key_id: &str, product: Product, kind: SessionKind) -> SessionId {
        let of_kind = KINDS
            .iter()
            .position(|known| *known == kind)
            .unwrap_or(KINDS.len());
        let place = if product == Product::Prediction {
            of_kind
        } else {
            of_kind + KINDS.len() + 1
        };
        let next = SessionId(FIRST_SESSION + self.identities.len() as u32);
        *self
            .identities
            .entry((key_id.to_owned(), place as u8))
            .or_insert(next)
    }

    fn tell(&self, product: Product, output: &Output) {
        match output {
            Output::Order(report) => {
                let Origin { session, owner } = report.order.origin;
                let mut concerned = BTreeSet::from([session]);
                concerned.extend(report.requester);
                concerned.extend(self.listeners.get(&(owner, product as u8)).into_iter().flatten());
                for session in concerned.iter().filter_map(|id| self.attached.get(id)) {
                    let message = ExecutionReport {
                        report,
                        options: &session.options,
                    };
                    if message.is_wanted() {
                        Hub::deliver(&session.handle, &message);
                    }
                }
            }
            Output::CancelReject(reject) => self.send(reject.origin.session, &OrderCancelReject(reject)),
            Output::MassCancel(report) => self.send(report.origin.session, &OrderMassCancelReport(report)),
            Output::Snapshot(snapshot) => self.send(snapshot.session, &FullRefresh { snapshot, product }),
            Output::MarketDataReject { session, reason } => {
                self.send(*session, &MarketDataRequestReject(*reason));
            }
            Output::Increment(increment) => {
                for session in increment.subscribers.iter() {
                    self.send(*session, &IncrementalRefresh { increment, product });
                }
            }
            // No session carries these yet.
            Output::Settlement(_) => {}
            Output::MarketStatus {
                subscribers,
                symbol,
                status,
            } => {
                for session in subscribers.iter() {
                    self.send(
                        *session,
                        &SecurityStatus {
                            symbol,
                            status: *status,
                        },
                    );
                }
            }
        }
    }

    fn send(&self, session: SessionId, message: &impl fix_dialect::EncodeBody) {
        if let Some(attached) = self.attached.get(&session) {
            Hub::deliver(&attached.handle, message);
        }
    }
}

impl Seat {
    /// Sends this session alone a message.
    pub(super) fn apply(&self, command: Command) {
        self.hub.apply(self.product, command);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let session = self.origin.session;
        {
            let mut state = self.hub.state();
            state.attached.remove(&session);
            state.connected.remove(&self.key_id);
            let of_member = (self.origin.owner, self.product as u8);
            if let Some(listeners) = state.listeners.get_mut(&of_member) {
                listeners.remove(&session);
                if listeners.is_empty() {
                    state.listeners.remove(&of_member);
                }
            }
        }
        self.apply(Command::Detach(session));
        if self.options.cancel_on_disconnect {
            self.apply(Command::CancelOnDisconnect(session));
        }
    }
}

const PRODUCTS: [Product; 2] = [Product::Prediction, Product::Margin];
/// Numbers below belong to members that trade in the process itself.
const FIRST_SESSION: u32 = 1 << 24;
