//! Why no connection came about.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::pin::Pin;
use super::tls::TlsSettingsError;
use super::tls_error::{TlsError, TlsErrorKind};
use crate::environment::Endpoint;

/// Why an endpoint could not be connected to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host's name has no address, or could not be looked up.
    #[error("cannot look up {endpoint}: {source}")]
    Resolve {
        /// The endpoint.
        endpoint: Endpoint,
        /// What the resolver said.
        source: io::Error,
    },
    /// The resolver did not answer in time.
    #[error("cannot look up {endpoint}: no answer within {waited:?}")]
    ResolveTimeout {
        /// The endpoint.
        endpoint: Endpoint,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Plaintext to another machine is not allowed: a logon can be replayed by whoever reads it.
    #[error(
        "plaintext is for this machine only, and {endpoint} {}; use TLS",
        match address {
            Some(address) => format!("resolves to {address}"),
            None => "is neither a loopback address nor localhost".to_owned(),
        }
    )]
    PlaintextBeyondLoopback {
        /// The endpoint.
        endpoint: Endpoint,
        /// The address that is not a loopback address, if the name alone was not reason enough.
        address: Option<SocketAddr>,
    },
    /// The host is not a name that a certificate can be for.
    #[error("cannot connect to {endpoint} with TLS: {source}")]
    ServerName {
        /// The endpoint.
        endpoint: Endpoint,
        /// What is wrong with the name.
        source: TlsSettingsError,
    },
    /// Every address was tried, and each failed.
    #[error(
        "cannot connect to {endpoint}{}: {}",
        expecting(server_name.as_ref(), endpoint),
        list(endpoint, attempts)
    )]
    Attempts {
        /// The endpoint.
        endpoint: Endpoint,
        /// The name that the certificate had to be for; `None` for plaintext.
        server_name: Option<String>,
        /// Each address that was tried and why it failed, in order.
        attempts: Vec<Attempt>,
    },
}

impl ConnectError {
    /// Whether trying again, with nothing changed, might help.
    ///
    /// It might where the network or the machines are at fault, a server's own failure in the TLS handshake included; it
    /// will not where a certificate or the configuration is.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            ConnectError::Resolve { .. } | ConnectError::ResolveTimeout { .. } => true,
            ConnectError::PlaintextBeyondLoopback { .. } | ConnectError::ServerName { .. } => false,
            ConnectError::Attempts { attempts, .. } => {
                attempts.iter().any(|attempt| attempt.error.is_transient())
            }
        }
    }
}

/// One address that was tried.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The address.
    pub address: SocketAddr,
    /// Why it failed.
    pub error: AttemptError,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.error)
    }
}

/// Why one address failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// No TCP connection.
    #[error("{0}")]
    Tcp(#[source] io::Error),
    /// No TCP connection within the time for it.
    #[error("no answer within {waited:?}")]
    TcpTimeout {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The server's certificate is not accepted, or the two sides cannot agree.
    #[error("TLS failed: {}{}", _0, remedy(_0))]
    Tls(#[source] TlsError),
    /// The server's certificate is not a pinned one.
    #[error("TLS failed: the server's certificate is not a pinned one; its SHA-256 is {presented}")]
    NotPinned {
        /// What the server presented. Pin it only after confirming it by another way than this connection.
        presented: Pin,
    },
    /// The connection broke during the TLS handshake.
    #[error("the connection broke during the TLS handshake: {0}")]
    HandshakeBroken(#[source] io::Error),
    /// The TLS handshake took too long: perhaps the server does not speak TLS on this port.
    #[error("no TLS handshake within {waited:?}")]
    HandshakeTimeout {
        /// How long it was waited for.
        waited: Duration,
    },
}

impl AttemptError {
    fn is_transient(&self) -> bool {
        match self {
            AttemptError::Tcp(_)
            | AttemptError::TcpTimeout { .. }
            | AttemptError::HandshakeBroken(_)
            | AttemptError::HandshakeTimeout { .. } => true,
            AttemptError::Tls(error) => error.is_transient(),
            AttemptError::NotPinned { .. } => false,
        }
    }
}

/// What the TLS library leaves to be guessed.
fn remedy(error: &TlsError) -> &'static str {
    match error.kind() {
        TlsErrorKind::UnknownIssuer => {
            "; nobody who is trusted has issued it: if it is meant, trust its root (`roots_from_pem`), or pin it"
        }
        TlsErrorKind::NotTls => "; what answers there does not speak TLS",
        _ => "",
    }
}

fn expecting(server_name: Option<&String>, endpoint: &Endpoint) -> String {
    match server_name {
        Some(name) if *name != endpoint.host => format!(" (expecting a certificate for {name})"),
        _ => String::new(),
    }
}

/// An address that is the endpoint itself is not told twice.
fn list(endpoint: &Endpoint, attempts: &[Attempt]) -> String {
    let endpoint = endpoint.to_string();
    let told = attempts.iter().map(|attempt| {
        if attempt.address.to_string() == endpoint {
            attempt.error.to_string()
        } else {
            attempt.to_string()
        }
    });
    told.collect::<Vec<_>>().join("; ")
}
