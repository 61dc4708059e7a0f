//! Why no connection came about.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::pin::Pin;
use super::tls::TlsSettingsError;
use super::tls_error::{TlsError, TlsErrorKind};
use crate::environment::Endpoint;
use crate::reconnect::FailureClass;

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
    /// What kind of failure it is. Of several addresses one that may answer later counts first, and then one that shows a
    /// certificate.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            ConnectError::Resolve { .. } | ConnectError::ResolveTimeout { .. } => FailureClass::Network,
            ConnectError::PlaintextBeyondLoopback { .. } | ConnectError::ServerName { .. } => {
                FailureClass::Configuration
            }
            ConnectError::Attempts { attempts, .. } => {
                let is_of = |class| attempts.iter().any(|attempt| attempt.error.class() == class);
                [FailureClass::Network, FailureClass::Untrusted]
                    .into_iter()
                    .find(|class| is_of(*class))
                    .unwrap_or(FailureClass::NoTls)
            }
        }
    }

    /// Whether trying again, with nothing changed, might help.
    ///
    /// It might where the network or the machines are at fault, a server's own failure in the TLS handshake included; it
    /// will not where a certificate or the configuration is.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.class() == FailureClass::Network
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
    /// What kind of failure it is.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            AttemptError::Tcp(_)
            | AttemptError::TcpTimeout { .. }
            | AttemptError::HandshakeBroken(_)
            | AttemptError::HandshakeTimeout { .. } => FailureClass::Network,
            AttemptError::Tls(error) if error.is_transient() => FailureClass::Network,
            AttemptError::Tls(error) => match error.kind() {
                TlsErrorKind::UnknownIssuer
                | TlsErrorKind::WrongName
                | TlsErrorKind::NotValidNow
                | TlsErrorKind::BadCertificate => FailureClass::Untrusted,
                TlsErrorKind::NotTls | TlsErrorKind::NotAgreed | TlsErrorKind::Other => FailureClass::NoTls,
            },
            AttemptError::NotPinned { .. } => FailureClass::Untrusted,
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

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, CertificateError, InvalidMessage};

    use super::*;

    #[test]
    fn each_failure_is_called_what_it_is() {
        let refused = || AttemptError::Tcp(io::ErrorKind::ConnectionRefused.into());
        let tls = |error: rustls::Error| AttemptError::Tls(TlsError::new(error));
        let certificate = |fault| tls(rustls::Error::InvalidCertificate(fault));
        let no_tls = || tls(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType));
        let stranger = || certificate(CertificateError::UnknownIssuer);
        let waited = Duration::from_secs(5);
        let not_pinned = AttemptError::NotPinned {
            presented: Pin::of_der(b"another"),
        };
        let endpoint = || Endpoint::new("venue.test", 8228);
        let check = |errors: Vec<AttemptError>, expected| {
            let attempts = errors.into_iter().map(|error| Attempt {
                address: ([127, 0, 0, 1], 8228).into(),
                error,
            });
            let error = ConnectError::Attempts {
                endpoint: endpoint(),
                server_name: None,
                attempts: attempts.collect(),
            };
            assert_eq!(error.class(), expected, "{error}");
            assert_eq!(error.is_transient(), expected == FailureClass::Network, "{error}");
        };
        check(vec![refused()], FailureClass::Network);
        check(vec![AttemptError::TcpTimeout { waited }], FailureClass::Network);
        check(
            vec![AttemptError::HandshakeTimeout { waited }],
            FailureClass::Network,
        );
        check(
            vec![tls(rustls::Error::AlertReceived(AlertDescription::InternalError))],
            FailureClass::Network,
        );
        for fault in [
            CertificateError::UnknownIssuer,
            CertificateError::NotValidForName,
            CertificateError::Expired,
            CertificateError::Revoked,
        ] {
            check(vec![certificate(fault)], FailureClass::Untrusted);
        }
        check(vec![not_pinned], FailureClass::Untrusted);
        check(vec![no_tls()], FailureClass::NoTls);
        check(
            vec![tls(rustls::Error::AlertReceived(
                AlertDescription::ProtocolVersion,
            ))],
            FailureClass::NoTls,
        );
        // Of several addresses: one that may answer later, or the one that came furthest.
        check(vec![stranger(), refused()], FailureClass::Network);
        check(vec![no_tls(), stranger(), no_tls()], FailureClass::Untrusted);

        let plaintext = ConnectError::PlaintextBeyondLoopback {
            endpoint: endpoint(),
            address: None,
        };
        assert_eq!(plaintext.class(), FailureClass::Configuration);
        let unknown = ConnectError::Resolve {
            endpoint: endpoint(),
            source: io::Error::other("no such host"),
        };
        assert_eq!(unknown.class(), FailureClass::Network);
    }
}
