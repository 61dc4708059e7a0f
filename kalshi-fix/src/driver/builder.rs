//! Starting sessions.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::Instrument as _;

use super::clock::{Clock, SystemClock};
use super::handle::{Events, Handle};
use super::inbox::Inbox;
use super::keeper::{Keeper, SessionStore};
use super::observer::Observer;
use super::shared::{EndGuard, Shared};
use super::supervisor::{Dial, Supervisor};
use super::task::Task;
use super::{Acknowledge, DriverSettings, InboundPolicy};
use crate::credentials::Signer;
use crate::observe::{Instruments, Labels, MessageLog};
use crate::reconnect::{ReconnectPolicy, Reconnector};
use crate::session::{Acknowledgement, Journal, Role, Session, SessionSettings, SettingsError};

/// Puts together what a session needs beside its stream, and starts it.
///
/// ```
/// use kalshi_fix::driver::Builder;
/// use kalshi_fix::session::{Identity, Logon, Role, SessionSettings};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = SessionSettings::kalshi_prediction(Identity::initiator("api-key-id", "KalshiNR"));
/// let role = Role::Initiator(Logon::new(30).reset().default_appl_ver_id("9"));
/// let (near, _far) = tokio::io::duplex(4096);
/// let (handle, mut events) = Builder::new(settings, role).spawn(near)?;
/// # handle.abort();
/// # events.recv().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is started before `spawn` or `supervise`"]
pub struct Builder {
    session: SessionSettings,
    role: Role,
    signer: Option<Arc<dyn Signer>>,
    settings: DriverSettings,
    store: Option<SessionStore>,
    clock: Arc<dyn Clock>,
    random: Random,
    observer: Option<Arc<dyn Observer>>,
    log: Option<MessageLog>,
    labels: Labels,
}

pub(super) type Random = Box<dyn FnMut() -> u64 + Send>;

impl Builder {
    /// A session by these rules, in this role.
    pub fn new(session: SessionSettings, role: Role) -> Builder {
        Builder {
            session,
            role,
            signer: None,
            settings: DriverSettings::default(),
            store: None,
            clock: Arc::new(SystemClock),
            random: Box::new(random),
            observer: None,
            log: None,
            labels: Labels::default(),
        }
    }

    /// What signs the logon. An initiator whose logon is to be signed needs one.
    pub fn signer(mut self, signer: Arc<dyn Signer>) -> Builder {
        self.signer = Some(signer);
        self
    }

    /// What the driver may use, and what it does at the limits.
    pub fn settings(mut self, settings: DriverSettings) -> Builder {
        self.settings = settings;
        self
    }

    /// Where a session keeps what it has sent and how far it is: needed where its settings ask for a journal, and of no
    /// use elsewhere.
    ///
    /// The session goes on where the store ended. An acceptor learns the numbers with
    /// [`Handle::accept_logon`]: read [`Store::state`](crate::store::Store::state) before.
    pub fn store(mut self, store: SessionStore) -> Builder {
        self.store = Some(store);
        self
    }

    /// Where UTC comes from; by default the system.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Builder {
        self.clock = clock;
        self
    }

    /// Where the random part of the waits between attempts comes from: any number, all equally likely. By default the
    /// operating system's.
    pub fn random(mut self, random: impl FnMut() -> u64 + Send + 'static) -> Builder {
        self.random = Box::new(random);
        self
    }

    /// What sees each event before it is queued for the application.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Builder {
        self.observer = Some(observer);
        self
    }

    /// Where the session's messages are written, of all its connections.
    pub fn message_log(mut self, log: MessageLog) -> Builder {
        self.log = Some(log);
        self
    }

    /// What the session is called in spans, metrics and logs.
    pub fn labels(mut self, labels: Labels) -> Builder {
        self.labels = labels;
        self
    }

    /// Starts a session over a connected stream, on the current tokio runtime. It ends with its connection.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime; in its task, if the runtime has no timers.
    pub fn spawn<S>(mut self, stream: S) -> Result<(Handle, Events), SpawnError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let shared = self.shared()?;
        let keeper = self.keeper(&shared)?;
        let ends = self.ends(&shared, false);
        let span = self.labels.span(&self.session, &self.role);
        let task = Task::new(
            stream,
            Arc::clone(&shared),
            self.signer,
            self.settings,
            None,
            keeper,
        );
        // Made here rather than in the task, which a runtime may drop before it was ever polled.
        let guard = EndGuard(Arc::clone(&shared));
        let connection = span.in_scope(|| tracing::info_span!("connection", number = 1));
        let run = async move {
            task.run(|outcome| async move {
                // Whoever hears of the end may open the store again.
                if let Some(keeper) = outcome.keeper {
                    keeper.let_go().await;
                }
                shared.finish(outcome.end);
            })
            .await;
            drop(guard);
        };
        tokio::spawn(run.instrument(connection).instrument(span));
        Ok(ends)
    }

    /// Starts an initiator's session that connects by `dial`, and connects again by `policy` when the connection is
    /// lost, on the current tokio runtime. It ends when the policy gives up, or when the application logs out, aborts or
    /// drops its [`Events`].
    ///
    /// While events wait that the application has no room for, there is no further attempt: nobody would take what a new
    /// session delivers.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime; in its task, if the runtime has no timers.
    pub fn supervise<D: Dial>(
        mut self,
        dial: D,
        policy: ReconnectPolicy,
    ) -> Result<(Handle, Events), SpawnError> {
        let Role::Initiator(logon) = &self.role else {
            return Err(SpawnError::NotAnInitiator);
        };
        let logon = logon.clone();
        let shared = self.shared()?;
        let keeper = self.keeper(&shared)?;
        let ends = self.ends(&shared, true);
        let span = self.labels.span(&self.session, &self.role);
        let retransmits = self.session.journal != Journal::None;
        let supervisor = Supervisor {
            dial,
            shared: Arc::clone(&shared),
            session: self.session,
            logon,
            signer: self.signer,
            settings: self.settings,
            keeper,
            reconnector: Reconnector::new(policy, retransmits),
            random: self.random,
        };
        let guard = EndGuard(Arc::clone(&shared));
        let run = async move {
            supervisor.run().await;
            drop(guard);
        };
        tokio::spawn(run.instrument(span));
        Ok(ends)
    }

    fn ends(&self, shared: &Arc<Shared>, reconnects: bool) -> (Handle, Events) {
        let journalled = self.session.journal != Journal::None;
        let acknowledges = journalled && self.settings.acknowledge == Acknowledge::TakingTheNext;
        (
            Handle::new(Arc::clone(shared), reconnects),
            Events::new(Arc::clone(shared), acknowledges),
        )
    }

    fn keeper(&mut self, shared: &Shared) -> Result<Option<Keeper>, SpawnError> {
        let Some(store) = self.store.take() else {
            return Ok(None);
        };
        let instruments = shared.instruments.clone();
        Keeper::new(
            store,
            Arc::clone(&self.clock),
            Arc::clone(&shared.wake),
            instruments,
        )
        .map(Some)
        .map_err(SpawnError::Thread)
    }

    fn shared(&mut self) -> Result<Arc<Shared>, SpawnError> {
        match (&self.store, self.session.journal) {
            (None, Journal::None) => {}
            (None, Journal::Keep(_)) => return Err(SpawnError::NoStore),
            (Some(_), Journal::None) => return Err(SpawnError::NoJournal),
            (Some(store), Journal::Keep(_)) => {
                self.session.sequences = store.store.state().sequences;
                // The core hands an event to the driver; who acknowledges it is the application.
                self.session.acknowledgement = Acknowledgement::Explicit;
            }
        }
        if matches!(&self.role, Role::Initiator(logon) if logon.signed) && self.signer.is_none() {
            return Err(SpawnError::NoSigner);
        }
        let DriverSettings {
            max_waiting_events,
            max_waiting_bytes,
            read_chunk,
            ..
        } = self.settings;
        if max_waiting_events == 0 || max_waiting_bytes == 0 || read_chunk == 0 {
            return Err(SpawnError::NoRoom);
        }
        let drops = self.settings.inbound_policy == InboundPolicy::DropAndInvalidate;
        if drops && self.store.is_some() {
            return Err(SpawnError::DropsWhatIsKept);
        }
        let core = Session::new(self.session.clone(), self.role.clone())?;
        let instruments = Instruments::new(&self.labels, &self.role);
        let shared = Shared::new(
            core,
            Arc::clone(&self.clock),
            Inbox::new(
                max_waiting_events,
                max_waiting_bytes,
                drops,
                self.observer.take(),
                instruments.clone(),
            ),
            instruments,
            self.log.take(),
            self.labels,
        );
        Ok(Arc::new(shared))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("session", &self.session)
            .field("role", &self.role)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A number from the operating system's randomness, with which the standard library keys its hash maps.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Why a session cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The core refuses its settings.
    #[error("the session's settings cannot work: {0}")]
    Settings(#[from] SettingsError),
    /// The logon is to be signed, and there is nothing to sign it with.
    #[error("the logon is to be signed, and no signer was given")]
    NoSigner,
    /// The session keeps a journal, and there is nothing to keep it in.
    #[error("the session's settings ask for a journal, and there is no store to keep it in")]
    NoStore,
    /// There is a store, and the session keeps nothing.
    #[error("there is a store, and the session's settings ask for no journal to keep in it")]
    NoJournal,
    /// There is a store, and the policy is [`InboundPolicy::DropAndInvalidate`](super::InboundPolicy::DropAndInvalidate).
    #[error(
        "the session's messages are to be kept until they are handled, and its inbound policy drops them"
    )]
    DropsWhatIsKept,
    /// The store's thread cannot be started.
    #[error("the store's thread cannot be started: {0}")]
    Thread(#[source] std::io::Error),
    /// A limit of the driver is 0.
    #[error("the driver's limits (max_waiting_events, max_waiting_bytes, read_chunk) must not be 0")]
    NoRoom,
    /// Only those who connect can connect again.
    #[error("only an initiator can be supervised: an acceptor waits for its peer to connect")]
    NotAnInitiator,
}
