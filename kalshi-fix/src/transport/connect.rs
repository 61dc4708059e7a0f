//! Connecting: every address in turn, each failure kept.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::{Attempt, AttemptError, ConnectError};
use super::pin::PinMismatch;
use super::stream::{Stream, TlsSummary};
use super::tls::{TlsSettings, TlsSettingsError, parse_server_name};
use super::tls_error::TlsError;
use crate::environment::Endpoint;

/// How long the steps of connecting may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectTimeouts {
    /// Looking up the host's name.
    pub resolve: Duration,
    /// The TCP connection, for each address.
    pub tcp: Duration,
    /// The TLS handshake, for each address.
    pub handshake: Duration,
}

impl Default for ConnectTimeouts {
    /// Five seconds for each.
    fn default() -> ConnectTimeouts {
        let seconds = Duration::from_secs(5);
        ConnectTimeouts {
            resolve: seconds,
            tcp: seconds,
            handshake: seconds,
        }
    }
}

/// A step of connecting that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectStep {
    /// The host has these addresses, which are tried in this order until one works.
    Resolved {
        /// The addresses.
        addresses: Vec<SocketAddr>,
    },
    /// There is a TCP connection.
    Connected {
        /// To where.
        address: SocketAddr,
    },
    /// The TLS handshake is done. Without TLS this does not come.
    Secured {
        /// With whom.
        address: SocketAddr,
        /// What was agreed.
        tls: TlsSummary,
    },
}

/// Who is told of each step of connecting, at once: it must not block.
pub type ConnectObserver = Arc<dyn Fn(ConnectStep) + Send + Sync>;

/// Connects to endpoints, with TLS or, on this machine only, without. Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    security: Security,
    timeouts: ConnectTimeouts,
    observer: Option<ConnectObserver>,
}

#[derive(Clone)]
enum Security {
    Tls {
        config: Arc<ClientConfig>,
        server_name: Option<ServerName<'static>>,
    },
    Plaintext,
}

impl Connector {
    /// Connects with TLS. The roots are read here, once.
    pub fn tls(settings: &TlsSettings) -> Result<Connector, TlsSettingsError> {
        let security = Security::Tls {
            config: settings.client_config()?,
            server_name: settings.expected_name().cloned(),
        };
        Ok(Connector {
            security,
            timeouts: ConnectTimeouts::default(),
            observer: None,
        })
    }

    /// Connects without TLS, and to this machine only: the endpoint has to be written as a loopback address or as
    /// `localhost`, and has to resolve to loopback addresses alone.
    #[must_use]
    pub fn plaintext() -> Connector {
        Connector {
            security: Security::Plaintext,
            timeouts: ConnectTimeouts::default(),
            observer: None,
        }
    }

    /// Changes how long the steps may take.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: ConnectTimeouts) -> Connector {
        self.timeouts = timeouts;
        self
    }

    /// Tells somebody of each step that is done.
    #[must_use]
    pub fn with_observer(mut self, observer: ConnectObserver) -> Connector {
        self.observer = Some(observer);
        self
    }

    /// Connects, trying the addresses of the host one after the other until one works. Dropping the future closes what
    /// there is of a connection.
    pub async fn connect(&self, endpoint: &Endpoint) -> Result<Stream, ConnectError> {
        let server_name = self.server_name(endpoint)?;
        if server_name.is_none() && !endpoint.is_loopback() {
            return Err(ConnectError::PlaintextBeyondLoopback {
                endpoint: endpoint.clone(),
                address: None,
            });
        }
        let addresses = self.resolve(endpoint).await?;
        let beyond = addresses
            .iter()
            .find(|address| !address.ip().to_canonical().is_loopback());
        if let (None, Some(address)) = (&server_name, beyond) {
            return Err(ConnectError::PlaintextBeyondLoopback {
                endpoint: endpoint.clone(),
                address: Some(*address),
            });
        }
        self.tell(|| ConnectStep::Resolved {
            addresses: addresses.clone(),
        });
        self.connect_to(addresses, endpoint, server_name.as_ref()).await
    }

    /// Tries one address after the other, each for as long as the time-outs allow.
    pub(super) async fn connect_to(
        &self,
        addresses: Vec<SocketAddr>,
        endpoint: &Endpoint,
        server_name: Option<&ServerName<'static>>,
    ) -> Result<Stream, ConnectError> {
        let mut attempts = Vec::new();
        for address in addresses {
            match self.attempt(address, server_name).await {
                Ok(stream) => return Ok(stream),
                Err(error) => {
                    tracing::debug!(%endpoint, %address, %error, "cannot connect");
                    attempts.push(Attempt { address, error });
                }
            }
        }
        Err(ConnectError::Attempts {
            endpoint: endpoint.clone(),
            server_name: server_name.map(|name| name.to_str().into_owned()),
            attempts,
        })
    }

    fn server_name(&self, endpoint: &Endpoint) -> Result<Option<ServerName<'static>>, ConnectError> {
        match &self.security {
            Security::Plaintext => Ok(None),
            Security::Tls {
                server_name: Some(name),
                ..
            } => Ok(Some(name.clone())),
            Security::Tls {
                server_name: None, ..
            } => parse_server_name(&endpoint.host)
                .map(Some)
                .map_err(|source| ConnectError::ServerName {
                    endpoint: endpoint.clone(),
                    source,
                }),
        }
    }

    async fn resolve(&self, endpoint: &Endpoint) -> Result<Vec<SocketAddr>, ConnectError> {
        let Endpoint { host, port } = endpoint;
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, *port)]);
        }
        let failed = |source| ConnectError::Resolve {
            endpoint: endpoint.clone(),
            source,
        };
        let waited = self.timeouts.resolve;
        let found = timeout(waited, lookup_host((host.as_str(), *port)))
            .await
            .map_err(|_| ConnectError::ResolveTimeout {
                endpoint: endpoint.clone(),
                waited,
            })?
            .map_err(failed)?;
        let mut addresses = Vec::new();
        for address in found.take(MAX_ADDRESSES) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            return Err(failed(io::Error::new(
                io::ErrorKind::NotFound,
                "the name has no address",
            )));
        }
        Ok(addresses)
    }

    async fn attempt(
        &self,
        address: SocketAddr,
        server_name: Option<&ServerName<'static>>,
    ) -> Result<Stream, AttemptError> {
        let waited = self.timeouts.tcp;
        let tcp = timeout(waited, TcpStream::connect(address))
            .await
            .map_err(|_| AttemptError::TcpTimeout { waited })?
            .map_err(AttemptError::Tcp)?;
        // An order must not wait for the acknowledgement of the one before.
        tcp.set_nodelay(true).map_err(AttemptError::Tcp)?;
        self.tell(|| ConnectStep::Connected { address });
        let (Security::Tls { config, .. }, Some(name)) = (&self.security, server_name) else {
            return Ok(Stream::plain(tcp, address));
        };
        let waited = self.timeouts.handshake;
        let connecting = TlsConnector::from(Arc::clone(config)).connect(name.clone(), tcp);
        let tls = timeout(waited, connecting)
            .await
            .map_err(|_| AttemptError::HandshakeTimeout { waited })?
            .map_err(handshake_error)?;
        let stream = Stream::tls(tls, address);
        if let Some(tls) = stream.tls_summary() {
            self.tell(|| ConnectStep::Secured { address, tls });
        }
        Ok(stream)
    }

    fn tell(&self, step: impl FnOnce() -> ConnectStep) {
        if let Some(observer) = &self.observer {
            observer(step());
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let security = match &self.security {
            Security::Tls { .. } => "TLS",
            Security::Plaintext => "plaintext",
        };
        f.debug_struct("Connector")
            .field("security", &security)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

/// The handshake's errors arrive inside an `io::Error`, whose own text says less.
fn handshake_error(error: io::Error) -> AttemptError {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        Some(rustls::Error::Other(other)) => match other.0.downcast_ref::<PinMismatch>() {
            Some(mismatch) => AttemptError::NotPinned {
                presented: mismatch.presented,
            },
            None => AttemptError::Tls(TlsError::new(rustls::Error::Other(other.clone()))),
        },
        Some(tls) => AttemptError::Tls(TlsError::new(tls.clone())),
        None => AttemptError::HandshakeBroken(error),
    }
}

/// A name with more addresses than this would keep a caller waiting for minutes.
const MAX_ADDRESSES: usize = 16;
