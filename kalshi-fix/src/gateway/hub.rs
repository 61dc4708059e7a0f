//! What all connections share: the two exchanges, who may log on, who has, and the faults that wait.
//!
//! Everything is behind one lock, which is never held over an await. An answer goes into its session's outbound buffer
//! while the lock is held, so that every session sees what happened in the order in which it happened. The buffers
//! are bounded: a client that does not read what it is sent is cut off ([`Lines`]).
//!
//! Locks are taken in this order: the hub's, a session's, that of what is kept of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fix_dialect::{EncodeBody, Timestamp};

use super::drop_copy::Range;
use super::exchange::{
    Command, Exchange, Money, OperationError, OrderReport, Origin, Output, OwnerId, ReplayRefusal, Rules,
    SessionId, Time,
};
use super::fault::Faults;
use super::groups::{self, OrderGroupResponse};
use super::kept::{Keeping, Kept, NotKept, Slot, lock};
use super::limits::Limits;
use super::lines::{Lines, Place};
use super::options::Options;
use super::quotes;
use super::reply::{
    ExecutionReport, FullRefresh, IncrementalRefresh, MarketDataRequestReject, OrderCancelReject,
    OrderMassCancelReport, SecurityStatus,
};
use super::settlement::MarketSettlementReport;
use crate::credentials::PublicKey;
use crate::driver::{Clock, Handle};
use crate::environment::{Product, SessionKind};
use crate::rate::Budgets;
use crate::session::{Acceptance, CommandError, SequenceNumber};

/// The shared state of a gateway.
pub(super) struct Hub {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    deposit: Money,
    faults: Arc<Faults>,
}

struct State {
    prediction: Exchange,
    margin: Exchange,
    keys: BTreeMap<String, ApiKey>,
    /// The keys that hold a connection.
    connected: BTreeSet<String>,
    /// Sessions by key, product and kind: they outlive their connections.
    identities: BTreeMap<(String, u8), SessionId>,
    lines: Lines,
    keeping: Keeping,
    members: u32,
    is_maintained: bool,
    limits: Limits,
}

#[derive(Clone)]
struct ApiKey {
    owner: OwnerId,
    public: PublicKey,
}

/// A logon that was accepted. Dropping it says that the connection is over.
pub(super) struct Seat {
    hub: Arc<Hub>,
    key_id: String,
    product: Product,
    pub(super) origin: Origin,
    pub(super) options: Arc<Options>,
    /// The first of the client's messages that was not looked at, since a fault struck there.
    pub(super) cut: Option<SequenceNumber>,
}

/// A logon that is authentic, and what it asks for.
pub(super) struct Admission {
    pub(super) product: Product,
    pub(super) kind: SessionKind,
    pub(super) key_id: String,
    pub(super) options: Options,
    pub(super) handle: Handle,
    /// Where the connection looks for what is kept of a session that retransmits.
    pub(super) slot: Slot,
}

/// Why nobody gets a seat.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSeat {
    #[error("unknown API key in SenderCompID (49)")]
    UnknownKey,
    /// The venue's own text: the key has a connection.
    #[error("already exists")]
    AlreadyExists,
    #[error("maintenance")]
    Maintenance,
    #[error("rate limit exceeded")]
    RateLimit,
    #[error("what the exchange has kept of this session cannot be opened: {0}")]
    NotKept(#[from] NotKept),
    /// The connection ended while its logon was looked at.
    #[error("the logon cannot be accepted")]
    Gone(#[from] CommandError),
}

impl Hub {
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        deposit: Money,
        keeping: Keeping,
        seed: u64,
        budgets: BTreeMap<u8, Budgets>,
        [prediction, margin]: [Rules; 2],
    ) -> Hub {
        let limits = Limits::new(budgets, clock.utc());
        let state = State {
            prediction: Exchange::new(prediction),
            margin: Exchange::new(margin),
            keys: BTreeMap::new(),
            connected: BTreeSet::new(),
            identities: BTreeMap::new(),
            lines: Lines::default(),
            keeping,
            members: 0,
            is_maintained: false,
            limits,
        };
        Hub {
            state: Mutex::new(state),
            clock,
            deposit,
            faults: Arc::new(Faults::new(seed)),
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
        let mut state = self.state();
        state.apply(self.clock.utc(), product, command)
    }

    /// Carries out what the exchange's operator asks for, or says why it is not done.
    pub(super) fn operate(&self, product: Product, command: Command) -> Result<(), OperationError> {
        let outputs = self.apply(product, command);
        let refusal = outputs.into_iter().find_map(|output| match output {
            Output::Refused(refusal) => Some(refusal),
            _ => None,
        });
        refusal.map_or(Ok(()), Err)
    }

    /// Whether a member may send this message now, for which it then has paid.
    pub(super) fn allows(&self, owner: OwnerId, product: Product, msg_type: &[u8], frame: &[u8]) -> bool {
        let now = self.clock.utc();
        self.state().limits.allow(now, owner, product, msg_type, frame)
    }

    /// Sends a session a message of its own.
    pub(super) fn send(&self, session: SessionId, message: &dyn EncodeBody) {
        let mut state = self.state();
        state.lines.send(self.clock.utc(), session, message);
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

    /// How many sessions of a kind are logged on.
    pub(super) fn sessions(&self, product: Product, kind: SessionKind) -> usize {
        self.state().lines.of_kind(product, kind).count()
    }

    /// Frees what is kept of sessions, for another gateway.
    pub(super) fn let_go(&self) {
        self.state().lines = Lines::default();
    }

    /// The faults that may strike.
    pub(super) fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// Says whether logons are refused; whether that is a change.
    pub(super) fn set_maintenance(&self, is_maintained: bool) -> bool {
        let before = std::mem::replace(&mut self.state().is_maintained, is_maintained);
        before != is_maintained
    }

    /// Ends all connections without a word.
    pub(super) fn disconnect(&self) {
        self.state().lines.abort();
    }

    /// Accepts a logon, and has its session hear from there on what concerns it.
    pub(super) fn admit(self: &Arc<Self>, admission: Admission) -> Result<Seat, NoSeat> {
        let Admission {
            product,
            kind,
            key_id,
            options,
            handle,
            slot,
        } = admission;
        let now = self.clock.utc();
        let mut state = self.state();
        let owner = state.keys.get(&key_id).ok_or(NoSeat::UnknownKey)?.owner;
        if !state.limits.allow(now, owner, product, b"A", b"") {
            return Err(NoSeat::RateLimit);
        }
        if state.is_maintained {
            return Err(NoSeat::Maintenance);
        }
        if state.connected.contains(&key_id) {
            return Err(NoSeat::AlreadyExists);
        }
        let session = state.identity(&key_id, product, kind);
        let kept = if kind.profile().retransmission {
            Some(state.kept(now, session, product, kind, &key_id)?)
        } else {
            None
        };
        let mut acceptance = Acceptance::default();
        if let Some(kept) = &kept {
            acceptance.sequences = lock(kept).sequences();
            acceptance.resend_window = Some(options.retention);
            slot.fill(Arc::clone(kept));
        }
        handle.accept_logon(acceptance)?;
        state.connected.insert(key_id.clone());
        let origin = Origin { session, owner };
        let options = Arc::new(options);
        let place = Place {
            origin,
            product,
            kind,
        };
        state.lines.attach(place, handle, &options, kept);
        if kind == SessionKind::Rfq {
            state.apply(now, product, Command::AttachMaker(origin));
        }
        Ok(Seat {
            hub: Arc::clone(self),
            key_id,
            product,
            origin,
            options,
            cut: None,
        })
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
        let place = (product as u8) << 4 | kind as u8;
        let next = SessionId(FIRST_SESSION + self.identities.len() as u32);
        *self.identities.entry((key_id.to_owned(), place)).or_insert(next)
    }

    /// What is kept of a session that retransmits: from before, or from an earlier process, or nothing yet.
    fn kept(
        &self,
        now: Timestamp,
        session: SessionId,
        product: Product,
        kind: SessionKind,
        key_id: &str,
    ) -> Result<Arc<Mutex<Kept>>, NotKept> {
        if let Some(kept) = self.lines.kept(session) {
            return Ok(kept);
        }
        let kept = self
            .keeping
            .open(&format!("{product}-{kind}-{key_id}"), key_id, now)?;
        Ok(Arc::new(Mutex::new(kept)))
    }

    /// Carries out a command, tells everybody concerned, and returns what was said.
    fn apply(&mut self, now: Timestamp, product: Product, command: Command) -> Vec<Output> {
        let time = Time::from_unix_nanos(now.unix_nanos());
        let outputs = self.exchange(product).apply(time, command);
        for output in &outputs {
            self.tell(now, product, output);
        }
        outputs
    }

    fn tell(&mut self, now: Timestamp, product: Product, output: &Output) {
        match output {
            Output::Order(report) => {
                let Origin { session, owner } = report.order.origin;
                let mut concerned = BTreeSet::from([session]);
                concerned.extend(report.requester);
                concerned.extend(self.lines.listeners(owner, product));
                for session in concerned {
                    // What becomes of a maker's order is told on other sessions than that of its quotes.
                    if self.exchange(product).is_maker(session) {
                        continue;
                    }
                    let Some(options) = self.lines.options(session) else {
                        continue;
                    };
                    let message = ExecutionReport {
                        report,
                        options: &options,
                    };
                    if message.is_wanted() {
                        self.lines.send(now, session, &message);
                    }
                }
            }
            Output::CancelReject(reject) => {
                self.lines
                    .send(now, reject.origin.session, &OrderCancelReject(reject));
            }
            Output::MassCancel(report) => {
                self.lines
                    .send(now, report.origin.session, &OrderMassCancelReport(report));
            }
            Output::Snapshot(snapshot) => {
                self.lines
                    .send(now, snapshot.session, &FullRefresh { snapshot, product });
            }
            Output::MarketDataReject { session, reason } => {
                self.lines.send(now, *session, &MarketDataRequestReject(*reason));
            }
            Output::Increment(increment) => {
                for session in increment.subscribers.iter() {
                    let message = IncrementalRefresh { increment, product };
                    self.lines.send(now, *session, &message);
                }
            }
            Output::Group(response) => {
                let message = OrderGroupResponse { response, product };
                self.lines.send(now, response.origin.session, &message);
            }
            Output::GroupReject(reject) => {
                self.lines
                    .send(now, reject.origin.session, &groups::reject(reject));
            }
            Output::Rfq(report) => {
                let message = quotes::Message(report);
                for session in message.recipients().iter() {
                    self.lines.send(now, *session, &message);
                }
            }
            Output::Settlement(report) => {
                let told: Vec<SessionId> = self.lines.settlements(report.owner, product).collect();
                for session in told {
                    self.lines.send(now, session, &MarketSettlementReport(report));
                }
            }
            Output::MarketStatus {
                subscribers,
                symbol,
                status,
            } => {
                let status = *status;
                for session in subscribers.iter() {
                    self.lines.send(now, *session, &SecurityStatus { symbol, status });
                }
            }
            Output::Refused(_) => {}
        }
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Seat {
    /// Whether the member may send this message now.
    pub(super) fn allows(&self, msg_type: &[u8], frame: &[u8]) -> bool {
        self.hub.allows(self.origin.owner, self.product, msg_type, frame)
    }

    /// Carries out a command of this session's.
    pub(super) fn apply(&self, command: Command) {
        self.hub.apply(self.product, command);
    }

    /// Sends this session alone a message.
    pub(super) fn send(&self, message: &dyn EncodeBody) {
        self.hub.send(self.origin.session, message);
    }

    /// What was reported to the member in this range.
    pub(super) fn replay(&self, range: Range) -> Result<Vec<Arc<OrderReport>>, ReplayRefusal> {
        let now = self.hub.now();
        self.hub.look(self.product, |exchange| {
            let reports = exchange.replay(now, self.origin.owner, range.begin, range.end)?;
            Ok(reports.cloned().collect())
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let session = self.origin.session;
        let now = self.hub.clock.utc();
        let mut state = self.hub.state();
        state.lines.detach(session, now, self.cut);
        state.connected.remove(&self.key_id);
        state.apply(now, self.product, Command::Detach(session));
        if self.options.cancel_on_disconnect {
            state.apply(now, self.product, Command::CancelOnDisconnect(session));
        }
    }
}

const PRODUCTS: [Product; 2] = [Product::Prediction, Product::Margin];
/// Numbers below belong to members that trade in the process itself.
const FIRST_SESSION: u32 = 1 << 24;
