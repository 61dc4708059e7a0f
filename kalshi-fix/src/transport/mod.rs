//! From an endpoint to a stream of bytes: addresses, TCP, TLS.
//!
//! TLS 1.2 and 1.3 by rustls, with `ring` passed explicitly as its provider, so that another provider in a user's
//! dependencies changes nothing here. Without TLS only this machine can be reached.

mod connect;
mod error;
mod pin;
mod stream;
mod tls;
mod tls_error;

pub use connect::{ConnectObserver, ConnectStep, ConnectTimeouts, Connector};
pub use error::{Attempt, AttemptError, ConnectError};
pub use pin::{Pin, PinError};
pub use stream::{Stream, TlsSummary};
pub use tls::{TlsSettings, TlsSettingsError};
pub use tls_error::{TlsError, TlsErrorKind};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
