//! Clients of the venue: [`Client<Prediction>`](crate::prediction::Prediction) and
//! [`Client<Margin>`](crate::margin::Margin).
//!
//! A client knows an environment, credentials and options, and opens sessions. Each session is a connection of its own
//! and needs an API key of its own: the venue accepts one connection per key.
//!
//! ```no_run
//! use kalshi_fix::client::{Client, Event};
//! use kalshi_fix::environment::Environment;
//! use kalshi_fix::prediction::Prediction;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::<Prediction>::from_env(Environment::Demo)?;
//! let mut session = client.order_entry().await?;
//! while let Some(event) = session.recv().await {
//!     match event {
//!         Event::Message(received) => println!("{}", received.raw()),
//!         Event::Ended(end) => println!("ended: {end}"),
//!         other => println!("{other:?}"),
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod builder;
mod delivery;
mod error;
mod event;
mod gate;
mod logon;
mod product;
mod requests;
mod retransmission;
mod session;
mod validation;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

pub use builder::{AttemptObserver, ClientBuilder};
pub use error::{BuildError, LogonError, OLD_SESSION_TIMEOUT, OpenError};
pub use event::{Event, OwnedMessage, Received, Rejected};
pub use logon::{LogonOptions, LogonOptionsError, RetentionHours};
pub use product::{KalshiProduct, KalshiSession};
pub use requests::{
    Answer, Doubt, Pending, RejectedBy, Rejection, Replay, Request, Response, SentMessage, SubmitError,
    Submitted, Unacknowledged,
};
pub use retransmission::Retransmission;
pub use session::{Receiver, Sender, Session};
pub use validation::Validation;

pub(crate) use logon::Choices;

use gate::Limiters;
use logon::Purpose;
use requests::Requests;
use session::Parts;

use crate::credentials::{CredentialsError, KeyRing, KeyUse};
use crate::driver::{self, Clock, DriverSettings, InboundPolicy, Observer};
use crate::environment::{Endpoint, Endpoints, Environment, Product, SessionKind};
use crate::observe::{Labels, MessageLog};
use crate::prediction::{Prediction, sessions};
use crate::reconnect::ReconnectPolicy;
use crate::session::{self as core, Identity, Journal, Role, SessionSettings};
use crate::store::JournalSettings;
use crate::transport::{ConnectError, Connector, Stream};

/// Opens sessions of one product in one environment with one set of credentials. Cheap to clone.
pub struct Client<D: KalshiProduct> {
    config: Arc<Config>,
    product: PhantomData<fn() -> D>,
}

struct Config {
    endpoints: Endpoints,
    keys: KeyRing,
    connector: Connector,
    options: Choices,
    validation: Validation,
    driver: DriverSettings,
    market_data_policy: InboundPolicy,
    message_log: Option<MessageLog>,
    reconnect: Option<ReconnectPolicy>,
    attempt_observer: Option<AttemptObserver>,
    logon_timeout: Duration,
    logout_timeout: Duration,
    request_timeout: Duration,
    limiters: Limiters,
    clock: Arc<dyn Clock>,
}

impl<D: KalshiProduct> Client<D> {
    /// Starts to put a client together.
    pub fn builder(environment: Environment) -> ClientBuilder<D> {
        ClientBuilder::new(environment)
    }

    /// A client with the keys of the process's environment variables (see [`KeyRing::from_env`]) and the default options.
    pub fn from_env(environment: Environment) -> Result<Client<D>, BuildError> {
        Client::builder(environment)
            .credentials(KeyRing::from_env(D::PRODUCT)?)
            .build()
    }

    /// Connects to order entry (`KalshiNR`) and logs on.
    ///
    /// Dropping the future before it is ready gives up: the connection, if there is one by then, is closed.
    pub async fn order_entry(&self) -> Result<Session<D::OrderEntry>, OpenError> {
        self.open(Purpose::Trading, None).await
    }

    /// Connects to order entry with retransmission (`KalshiRT`) and logs on.
    ///
    /// The session goes on where its store ended: what the venue sent in the meantime comes again, and what the
    /// application did not get to handle, marked as a possible duplicate. Nothing that we sent is sent again by itself;
    /// what the venue asks for goes by [`Retransmission::resend`]. With [`ClientBuilder::reconnect`] it resumes after a
    /// lost connection too. A store of another session, of another key or in another environment is refused before anything
    /// is sent ([`OpenError::Store`]). A session that cannot be opened lets go of its store. Dropping the future before it is ready
    /// gives up, and lets go of the store as soon as that is at rest.
    ///
    /// ```no_run
    /// use kalshi_fix::client::{Client, Retransmission};
    /// use kalshi_fix::dialect::Timestamp;
    /// use kalshi_fix::driver::SessionStore;
    /// use kalshi_fix::environment::{Environment, SessionKind};
    /// use kalshi_fix::prediction::Prediction;
    /// use kalshi_fix::session::ResendPolicy;
    /// use kalshi_fix::store::JournalStore;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::<Prediction>::from_env(Environment::Demo)?;
    /// let whose = client.journal_settings(SessionKind::OrderEntryRetransmitting)?;
    /// let now = Timestamp::from(std::time::SystemTime::now());
    /// let journal = JournalStore::open("journal/orders", whose, now)?;
    /// let kept = Retransmission::new(SessionStore::threaded(journal)).resend(ResendPolicy::ThisConnection);
    /// let session = client.order_entry_retransmitting(kept).await?;
    /// # let _ = session;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn order_entry_retransmitting(
        &self,
        kept: impl Into<Retransmission>,
    ) -> Result<Session<D::OrderEntryRetransmitting>, OpenError> {
        self.open(Purpose::Trading, Some(kept.into())).await
    }

    /// Connects to order entry (`KalshiNR`) as a listener: the account's reports come, and nothing can be sent.
    ///
    /// The logon says `ListenerSession (20126)` and, as the venue requires, `SkipPendingExecReports (21011)`, and never
    /// `CancelOrdersOnDisconnect (8013)`. A read-only key is enough; like every session it needs one of its own.
    /// Dropping the future gives up, as for [`order_entry`](Client::order_entry).
    pub async fn order_entry_listener(&self) -> Result<Receiver<D::OrderEntry>, OpenError> {
        let session = self.open(Purpose::Listening, None).await?;
        Ok(session.split().1)
    }

    /// As [`order_entry_listener`](Client::order_entry_listener), with retransmission (`KalshiRT`): what was missed
    /// between two connections comes again. Dropping the future gives up, as for
    /// [`order_entry_retransmitting`](Client::order_entry_retransmitting).
    pub async fn order_entry_retransmitting_listener(
        &self,
        kept: impl Into<Retransmission>,
    ) -> Result<Receiver<D::OrderEntryRetransmitting>, OpenError> {
        let session = self.open(Purpose::Listening, Some(kept.into())).await?;
        Ok(session.split().1)
    }

    /// The settings of a journal that belongs to this client's session of a kind: by product, environment, key and
    /// session. Sessions compare it with their own name, so that no other one takes the journal for its own. For a
    /// listener's, name [`KeyUse::Listener`].
    ///
    /// # Errors
    ///
    /// [`CredentialsError::NoKeyFor`], when this client has no key for that session.
    pub fn journal_settings(&self, key_use: impl Into<KeyUse>) -> Result<JournalSettings, CredentialsError> {
        let key_use = key_use.into();
        let key_id = self.config.keys.find(key_use)?.key_id();
        Ok(JournalSettings::new(self.session_name(key_use.kind(), key_id)))
    }

    /// Whose a store is.
    fn session_name(&self, kind: SessionKind, key_id: &str) -> String {
        let environment = self.config.endpoints.environment();
        format!("{} {environment} {key_id} {kind}", D::PRODUCT)
    }

    /// Connects to market data (`KalshiMD`) and logs on.
    ///
    /// When the application does not keep up, messages are dropped and [`Event::Dropped`] tells so, unless
    /// [`ClientBuilder::market_data_policy`] says otherwise. Dropping the future gives up, as for
    /// [`order_entry`](Client::order_entry).
    pub async fn market_data(&self) -> Result<Session<D::MarketData>, OpenError> {
        self.open(Purpose::Trading, None).await
    }

    /// Connects to drop copy (`KalshiDC`) and logs on. Dropping the future gives up, as for
    /// [`order_entry`](Client::order_entry).
    pub async fn drop_copy(&self) -> Result<Session<D::DropCopy>, OpenError> {
        self.open(Purpose::Trading, None).await
    }

    async fn open<S: KalshiSession<Dialect = D>>(
        &self,
        purpose: Purpose,
        kept: Option<Retransmission>,
    ) -> Result<Session<S>, OpenError> {
        let Config {
            endpoints,
            keys,
            connector,
            options,
            validation,
            ..
        } = &*self.config;
        let mut driver = self.config.driver.clone();
        if S::KIND == SessionKind::MarketData {
            driver.inbound_policy = self.config.market_data_policy;
        }
        let target = S::KIND.profile().target_comp_id;
        let mut logon = options.logon(D::PRODUCT, S::KIND, purpose)?;
        let endpoint = endpoints.endpoint(S::KIND)?;
        let credentials = keys.find(match purpose {
            Purpose::Trading => KeyUse::Session(S::KIND),
            Purpose::Listening => KeyUse::Listener(S::KIND),
        })?;
        let mut settings = self.settings(S::KIND, credentials.key_id());
        let mut store = None;
        if let Some(mut kept) = kept {
            // Before anything is sent: the numbers of another session would be taken for ours, and ours written over its.
            let whose = self.session_name(S::KIND, credentials.key_id());
            kept.store.claim(&whose)?;
            settings.resend = kept.resend;
            settings.journal = Journal::Keep(kept.gate);
            logon.reset |= kept.start_anew;
            store = Some(kept.store);
        }
        let mut builder = driver::Builder::new(settings, Role::Initiator(logon))
            .signer(credentials.shared_signer())
            .settings(driver)
            .clock(Arc::clone(&self.config.clock))
            .labels(Labels::new(D::PRODUCT.name(), target));
        if let Some(log) = &self.config.message_log {
            builder = builder.message_log(log.clone());
        }
        let requests = Arc::new(Requests::new(store.is_some()));
        let limiters = &self.config.limiters;
        builder = builder.observer(limiters.watching(Arc::clone(&requests) as Arc<dyn Observer>));
        if let Some(store) = store {
            builder = builder.store(store);
        }
        let (handle, mut events) = match &self.config.reconnect {
            None => {
                limiters.admit_logon().await;
                builder.spawn(connect(connector, &endpoint, target).await?)?
            }
            Some(policy) => {
                let (connector, limiters) = (connector.clone(), limiters.clone());
                let dial = move || {
                    let (connector, endpoint) = (connector.clone(), endpoint.clone());
                    let limiters = limiters.clone();
                    async move {
                        limiters.admit_logon().await;
                        connect(&connector, &endpoint, target).await
                    }
                };
                builder.supervise(dial, policy.clone())?
            }
        };
        // Bounded by the logon's time-out, or by the policy. What comes before the answer (garbled bytes) is of no use to
        // anybody later.
        loop {
            match events.recv().await {
                Some(driver::Event::Session(core::Event::Established(established))) => {
                    return Ok(Session::new(Parts {
                        handle,
                        events,
                        established,
                        validation: *validation,
                        dollars: options.use_dollars,
                        requests,
                        request_timeout: self.config.request_timeout,
                        limiters: limiters.clone(),
                    }));
                }
                Some(driver::Event::Ended(end)) => return Err(OpenError::ended(target, end)),
                Some(event) => {
                    tracing::debug!(?event, "before the logon's answer");
                    if let (driver::Event::AttemptFailed(failed), Some(observer)) =
                        (&event, &self.config.attempt_observer)
                    {
                        observer(failed);
                    }
                }
                None => unreachable!("the end of a session is delivered once, and this loop stops at it"),
            }
        }
    }

    fn settings(&self, kind: SessionKind, key_id: &str) -> SessionSettings {
        let profile = kind.profile();
        let identity = Identity::initiator(key_id, profile.target_comp_id);
        let settings = match (D::PRODUCT, profile.retransmission) {
            (Product::Prediction, false) => SessionSettings::kalshi_prediction,
            (Product::Prediction, true) => SessionSettings::kalshi_prediction_retransmitting,
            (Product::Margin, false) => SessionSettings::kalshi_margin,
            (Product::Margin, true) => SessionSettings::kalshi_margin_retransmitting,
        };
        let mut settings = settings(identity);
        settings.logon_timeout = self.config.logon_timeout;
        settings.logout_ack = self.config.logout_timeout;
        settings
    }
}

async fn connect(connector: &Connector, endpoint: &Endpoint, target: &str) -> Result<Stream, ConnectError> {
    let stream = connector.connect(endpoint).await?;
    tracing::debug!(%endpoint, peer = %stream.peer(), tls = ?stream.tls_summary(), target, "connected");
    Ok(stream)
}

/// Sessions that only prediction has.
///
/// ```compile_fail,E0599
/// use kalshi_fix::{client::Client, margin::Margin};
///
/// async fn no_such_session(client: Client<Margin>) {
///     client.rfq().await; // margin has no RFQ
/// }
/// ```
impl Client<Prediction> {
    /// Connects to RFQ (`KalshiRFQ`) and logs on: for those who quote. Dropping the future gives up, as for
    /// [`order_entry`](Client::order_entry).
    ///
    /// ```no_run
    /// # use kalshi_fix::client::Client;
    /// # use kalshi_fix::environment::Environment;
    /// # use kalshi_fix::prediction::{Prediction, Quote};
    /// # async fn example(quote: Quote<'_>) -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::<Prediction>::from_env(Environment::Demo)?;
    /// let session = client.rfq().await?;
    /// let report = session.submit(&quote).await?.acknowledged()?;
    /// # let _ = report;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rfq(&self) -> Result<Session<sessions::RFQ>, OpenError> {
        self.open(Purpose::Trading, None).await
    }

    /// Connects to post trade (`KalshiPT`) and logs on: settlement reports, with retransmission. As for
    /// [`order_entry_retransmitting`](Client::order_entry_retransmitting), it goes on where its store ended.
    /// Dropping the future gives up, and lets go of the store.
    ///
    /// ```no_run
    /// # use kalshi_fix::client::Client;
    /// # use kalshi_fix::dialect::Timestamp;
    /// # use kalshi_fix::driver::SessionStore;
    /// # use kalshi_fix::environment::{Environment, SessionKind};
    /// # use kalshi_fix::prediction::Prediction;
    /// # use kalshi_fix::store::JournalStore;
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::<Prediction>::from_env(Environment::Demo)?;
    /// let whose = client.journal_settings(SessionKind::PostTrade)?;
    /// let now = Timestamp::from(std::time::SystemTime::now());
    /// let journal = JournalStore::open("journal/settlement", whose, now)?;
    /// let session = client.post_trade(SessionStore::threaded(journal)).await?;
    /// # let _ = session;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn post_trade(
        &self,
        kept: impl Into<Retransmission>,
    ) -> Result<Session<sessions::PT>, OpenError> {
        self.open(Purpose::Trading, Some(kept.into())).await
    }
}

impl<D: KalshiProduct> Clone for Client<D> {
    fn clone(&self) -> Self {
        Client {
            config: Arc::clone(&self.config),
            product: PhantomData,
        }
    }
}

impl<D: KalshiProduct> fmt::Debug for Client<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("product", &D::PRODUCT)
            .field("endpoints", &self.config.endpoints)
            .field("keys", &self.config.keys)
            .field("connector", &self.config.connector)
            .field("options", &self.config.options)
            .field("validation", &self.config.validation)
            .field("driver", &self.config.driver)
            .field("market_data_policy", &self.config.market_data_policy)
            .field("reconnect", &self.config.reconnect)
            .field("logon_timeout", &self.config.logon_timeout)
            .field("logout_timeout", &self.config.logout_timeout)
            .field("request_timeout", &self.config.request_timeout)
            .field("limiters", &self.config.limiters)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
