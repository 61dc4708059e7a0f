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
use crate::driver::{self, Clock, DriverSettings, InboundPolicy, Observer, SystemClock};
use crate::environment::{Endpoint, Endpoints, Environment, Product, SessionKind};
use crate::limits::SharedPreTrade;
use crate::observe::{Labels, MessageLog};
use crate::prediction::{Prediction, sessions};
use crate::rate::{RatePolicy, SharedRateLimiter};
use crate::reconnect::ReconnectPolicy;
use crate::session::{self as core, Identity, Journal, Role, SessionSettings};
use crate::store::JournalSettings;
use crate::transport::{ConnectError, ConnectTimeouts, Connector, Stream, TlsSettings};

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
    /// lost connection too. A session that cannot be opened lets go of its store. Dropping the future before it is ready
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
    /// let kept = Retransmission::new(SessionStore::threaded(journal)).resend(ResendPolicy::HoldBack);
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
    /// session, so that no other one can take it for its own. For a listener's, name [`KeyUse::Listener`].
    ///
    /// # Errors
    ///
    /// [`CredentialsError::NoKeyFor`], when this client has no key for that session.
    pub fn journal_settings(&self, key_use: impl Into<KeyUse>) -> Result<JournalSettings, CredentialsError> {
        let key_use = key_use.into();
        let (environment, kind) = (self.config.endpoints.environment(), key_use.kind());
        let key_id = self.config.keys.find(key_use)?.key_id();
        Ok(JournalSettings::new(format!(
            "{} {environment} {key_id} {kind}",
            D::PRODUCT
        )))
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
        if let Some(kept) = kept {
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
                Some(event) => tracing::debug!(?event, "before the logon's answer"),
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

/// Puts a [`Client`] together.
#[must_use]
pub struct ClientBuilder<D: KalshiProduct> {
    endpoints: Endpoints,
    keys: KeyRing,
    security: Security,
    connect_timeouts: ConnectTimeouts,
    options: Choices,
    validation: Validation,
    driver: DriverSettings,
    market_data_policy: InboundPolicy,
    message_log: Option<MessageLog>,
    reconnect: Option<ReconnectPolicy>,
    logon_timeout: Duration,
    logout_timeout: Duration,
    request_timeout: Duration,
    limiters: Limiters,
    clock: Arc<dyn Clock>,
    product: PhantomData<fn() -> D>,
}

#[derive(Debug)]
enum Security {
    Tls(TlsSettings),
    Plaintext,
}

impl<D: KalshiProduct> ClientBuilder<D> {
    fn new(environment: Environment) -> ClientBuilder<D> {
        ClientBuilder {
            endpoints: Endpoints::new(D::PRODUCT, environment),
            keys: KeyRing::empty(),
            security: Security::Tls(TlsSettings::new()),
            connect_timeouts: ConnectTimeouts::default(),
            options: LogonOptions::<D>::default().into_choices(),
            validation: Validation::default(),
            driver: DriverSettings::default(),
            market_data_policy: InboundPolicy::DropAndInvalidate,
            message_log: None,
            reconnect: None,
            logon_timeout: Duration::from_secs(10),
            logout_timeout: Duration::from_secs(2),
            request_timeout: Duration::from_secs(10),
            limiters: Limiters::default(),
            clock: Arc::new(SystemClock),
            product: PhantomData,
        }
    }

    /// Who logs on: [`Credentials`](crate::credentials::Credentials) for every session, or a [`KeyRing`] with a key for
    /// each, which those that are open at the same time need.
    pub fn credentials(mut self, keys: impl Into<KeyRing>) -> Self {
        self.keys = keys.into();
        self
    }

    /// Where the sessions are, when it is not where the venue documents them to be.
    pub fn endpoints(mut self, change: impl FnOnce(Endpoints) -> Endpoints) -> Self {
        self.endpoints = change(self.endpoints);
        self
    }

    /// Whom to trust; by default, the roots of the operating system.
    pub fn tls(mut self, settings: TlsSettings) -> Self {
        self.security = Security::Tls(settings);
        self
    }

    /// No TLS: for the loopback environment only.
    pub fn plaintext(mut self) -> Self {
        self.security = Security::Plaintext;
        self
    }

    /// What the logons ask for.
    pub fn logon(mut self, options: LogonOptions<D>) -> Self {
        self.options = options.into_choices();
        self
    }

    /// What the logons ask for, for either product.
    pub(crate) fn logon_flags(mut self, change: impl FnOnce(&mut Choices)) -> Self {
        change(&mut self.options);
        self
    }

    /// What breaches of the dialect's rules lead to: by default, what the venue sends is delivered whatever is wrong
    /// with it, and what we send is refused before it takes a sequence number.
    pub fn validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// `HeartBtInt (108)`, in whole seconds; 30 s by default.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.options.heartbeat = interval;
        self
    }

    /// Whether the venue cancels the session's orders when its connection ends, in whatever way. Off by default.
    pub fn cancel_orders_on_disconnect(mut self, on: bool) -> Self {
        self.options.cancel_orders_on_disconnect = on;
        self
    }

    /// How long the steps of connecting may take.
    pub fn connect_timeouts(mut self, timeouts: ConnectTimeouts) -> Self {
        self.connect_timeouts = timeouts;
        self
    }

    /// How long the logon may take, its signature included; 10 s by default.
    pub fn logon_timeout(mut self, timeout: Duration) -> Self {
        self.logon_timeout = timeout;
        self
    }

    /// How long the answer to a logout may take; 2 s by default.
    pub fn logout_timeout(mut self, timeout: Duration) -> Self {
        self.logout_timeout = timeout;
        self
    }

    /// How long a [submitted](Sender::submit) request waits for its answer before it is in doubt; 10 s by default.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// What the driver may use, and what it does at the limits. Market data sessions have an inbound policy of their
    /// own: [`market_data_policy`](ClientBuilder::market_data_policy).
    pub fn driver(mut self, settings: DriverSettings) -> Self {
        self.driver = settings;
        self
    }

    /// What market data sessions do when the application does not take events as fast as they come:
    /// [`InboundPolicy::DropAndInvalidate`] unless told otherwise, whatever the other sessions do.
    pub fn market_data_policy(mut self, policy: InboundPolicy) -> Self {
        self.market_data_policy = policy;
        self
    }

    /// Connects again when a connection is lost, by this policy, and from the first connection on. Off by default: a
    /// session then ends with its connection.
    ///
    /// A session that connects again tells what is in doubt ([`Event::Disconnected`]) and what may have been missed
    /// ([`Event::Reconnected`]); it sends nothing again by itself, and refuses to send while it has no connection.
    pub fn reconnect(mut self, policy: ReconnectPolicy) -> Self {
        self.reconnect = Some(policy);
        self
    }

    /// The rate limits of the product, which every session that this client opens draws on, logons included, and what is
    /// done with a message for which there are no tokens. None by default: the venue then refuses what is too much.
    ///
    /// Clients with other keys of the account, and the account's REST client, should have the same one.
    pub fn rate_limit(mut self, limiter: Arc<SharedRateLimiter>, policy: RatePolicy) -> Self {
        self.limiters.rate = Some((limiter, policy));
        self
    }

    /// The limits and the kill switch that messages of this client's sessions are held against before they take a sequence
    /// number. None by default.
    pub fn pre_trade(mut self, limits: Arc<SharedPreTrade>) -> Self {
        self.limiters.pre_trade = Some(limits);
        self
    }

    /// Where the messages of this client's sessions are written, without their secrets.
    pub fn message_log(mut self, log: MessageLog) -> Self {
        self.message_log = Some(log);
        self
    }

    /// Where UTC comes from, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks everything that can be checked without a connection, and reads the roots.
    pub fn build(self) -> Result<Client<D>, BuildError> {
        if self.keys.is_empty() {
            return Err(BuildError::NoCredentials);
        }
        for kind in D::PRODUCT.sessions() {
            self.endpoints.endpoint(*kind)?;
            self.options.logon(D::PRODUCT, *kind, Purpose::Trading)?;
        }
        let environment = self.endpoints.environment();
        let connector = match self.security {
            Security::Tls(settings) => Connector::tls(&settings)?,
            Security::Plaintext if environment == Environment::Loopback => Connector::plaintext(),
            Security::Plaintext => return Err(BuildError::Plaintext { environment }),
        };
        let config = Config {
            endpoints: self.endpoints,
            keys: self.keys,
            connector: connector.with_timeouts(self.connect_timeouts),
            options: self.options,
            validation: self.validation,
            driver: self.driver,
            market_data_policy: self.market_data_policy,
            message_log: self.message_log,
            reconnect: self.reconnect,
            logon_timeout: self.logon_timeout,
            logout_timeout: self.logout_timeout,
            request_timeout: self.request_timeout,
            limiters: self.limiters,
            clock: self.clock,
        };
        Ok(Client {
            config: Arc::new(config),
            product: PhantomData,
        })
    }
}

impl ClientBuilder<Prediction> {
    /// Whether prices of orders and reports are in dollars (the default) or in whole cents.
    pub fn use_dollars(mut self, on: bool) -> Self {
        self.options.use_dollars = on;
        self
    }
}

impl<D: KalshiProduct> fmt::Debug for ClientBuilder<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("product", &D::PRODUCT)
            .field("endpoints", &self.endpoints)
            .field("keys", &self.keys)
            .field("security", &self.security)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
