//! Putting a client together.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::gate::Limiters;
use super::logon::{Choices, LogonOptions, Purpose};
use super::{BuildError, Client, Config, KalshiProduct, Validation};
use crate::credentials::KeyRing;
use crate::driver::{AttemptFailed, Clock, DriverSettings, InboundPolicy, SystemClock};
use crate::environment::{Endpoints, Environment};
use crate::limits::SharedPreTrade;
use crate::observe::MessageLog;
use crate::prediction::Prediction;
use crate::rate::{RatePolicy, SharedRateLimiter};
use crate::reconnect::ReconnectPolicy;
use crate::transport::{ConnectObserver, ConnectTimeouts, Connector, TlsSettings};

/// Who is told of the attempts that fail before there is a session: [`ClientBuilder::attempt_observer`].
pub type AttemptObserver = Arc<dyn Fn(&AttemptFailed) + Send + Sync>;

/// Puts a [`Client`] together.
#[must_use]
pub struct ClientBuilder<D: KalshiProduct> {
    endpoints: Endpoints,
    keys: KeyRing,
    security: Security,
    connect_timeouts: ConnectTimeouts,
    connect_observer: Option<ConnectObserver>,
    attempt_observer: Option<AttemptObserver>,
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
    pub(super) fn new(environment: Environment) -> ClientBuilder<D> {
        ClientBuilder {
            endpoints: Endpoints::new(D::PRODUCT, environment),
            keys: KeyRing::empty(),
            security: Security::Tls(TlsSettings::new()),
            connect_timeouts: ConnectTimeouts::default(),
            connect_observer: None,
            attempt_observer: None,
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

    /// Who is told of each step of connecting, at once and on the session's task: it must not block.
    pub fn connect_observer(mut self, observer: ConnectObserver) -> Self {
        self.connect_observer = Some(observer);
        self
    }

    /// Who is told of each attempt that fails while a session is being opened that [connects
    /// again](ClientBuilder::reconnect): opening waits for as long as the policy has it try, and says why only at the end.
    /// It is called within the future that opens the session, and must not block. Once there is a session, that tells
    /// ([`Event::AttemptFailed`](super::Event::AttemptFailed)).
    pub fn attempt_observer(mut self, observer: AttemptObserver) -> Self {
        self.attempt_observer = Some(observer);
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

    /// How long a [submitted](super::Sender::submit) request waits for its answer before it is in doubt; 10 s by default.
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
    /// A session that connects again tells what is in doubt ([`Event::Disconnected`](super::Event::Disconnected)) and what may have been missed
    /// ([`Event::Reconnected`](super::Event::Reconnected)); it sends nothing again by itself, and refuses to send while it has no connection.
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
        let mut connector = match self.security {
            Security::Tls(settings) => Connector::tls(&settings)?,
            Security::Plaintext if environment == Environment::Loopback => Connector::plaintext(),
            Security::Plaintext => return Err(BuildError::Plaintext { environment }),
        };
        if let Some(observer) = self.connect_observer {
            connector = connector.with_observer(observer);
        }
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
            attempt_observer: self.attempt_observer,
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
