//! What the TLS library refuses, without its types.

use std::error::Error;
use std::fmt;

use rustls::{AlertDescription, CertificateError, InvalidMessage};

/// What is wrong with a certificate, a handshake or a configuration of TLS, in the words of the library that found it.
///
/// The library's own type stays inside, so that another version of it is no change of this API. To decide by program, ask
/// for the [`kind`](TlsError::kind).
#[derive(Clone, PartialEq)]
pub struct TlsError(rustls::Error);

/// What a [`TlsError`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsErrorKind {
    /// Nobody who is trusted has issued the certificate.
    UnknownIssuer,
    /// The certificate is for another host.
    WrongName,
    /// The certificate has expired, or is not valid yet.
    NotValidNow,
    /// The certificate cannot be trusted for another reason: it is revoked, damaged, or not for servers.
    BadCertificate,
    /// What answers does not speak TLS.
    NotTls,
    /// What answers speaks TLS, and the two sides agree on no version (1.3 or 1.2) or no cipher suite.
    NotAgreed,
    /// Anything else: a handshake that goes wrong, or a configuration that cannot work.
    Other,
}

impl TlsError {
    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> TlsErrorKind {
        match &self.0 {
            rustls::Error::InvalidCertificate(fault) => match fault {
                CertificateError::UnknownIssuer => TlsErrorKind::UnknownIssuer,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    TlsErrorKind::WrongName
                }
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => TlsErrorKind::NotValidNow,
                _ => TlsErrorKind::BadCertificate,
            },
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => TlsErrorKind::NotTls,
            rustls::Error::PeerIncompatible(_)
            | rustls::Error::AlertReceived(
                AlertDescription::ProtocolVersion
                | AlertDescription::HandshakeFailure
                | AlertDescription::InsufficientSecurity,
            ) => TlsErrorKind::NotAgreed,
            _ => TlsErrorKind::Other,
        }
    }

    /// Whether it says something about the server's moment rather than about the two sides: that it has failed, or was
    /// interrupted, as one says that has just been started or is about to be stopped.
    pub(super) const fn is_transient(&self) -> bool {
        matches!(
            self.0,
            rustls::Error::AlertReceived(AlertDescription::InternalError | AlertDescription::UserCanceled)
        )
    }

    pub(crate) fn new(error: rustls::Error) -> TlsError {
        TlsError(error)
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for TlsError {
    // The library's error is this one, and is not told a second time.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_is_of_a_kind() {
        let check = |error: rustls::Error, expected| {
            let text = error.to_string();
            let error = TlsError::new(error);
            assert_eq!((error.kind(), error.to_string()), (expected, text));
        };
        let certificate = rustls::Error::InvalidCertificate;
        check(
            certificate(CertificateError::UnknownIssuer),
            TlsErrorKind::UnknownIssuer,
        );
        check(
            certificate(CertificateError::NotValidForName),
            TlsErrorKind::WrongName,
        );
        check(certificate(CertificateError::Expired), TlsErrorKind::NotValidNow);
        check(
            certificate(CertificateError::NotValidYet),
            TlsErrorKind::NotValidNow,
        );
        check(
            certificate(CertificateError::Revoked),
            TlsErrorKind::BadCertificate,
        );
        check(
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType),
            TlsErrorKind::NotTls,
        );
        for alert in [
            AlertDescription::ProtocolVersion,
            AlertDescription::HandshakeFailure,
            AlertDescription::InsufficientSecurity,
        ] {
            check(rustls::Error::AlertReceived(alert), TlsErrorKind::NotAgreed);
        }
        check(
            rustls::Error::PeerIncompatible(rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13),
            TlsErrorKind::NotAgreed,
        );
        check(
            rustls::Error::AlertReceived(AlertDescription::InternalError),
            TlsErrorKind::Other,
        );
        check(rustls::Error::HandshakeNotComplete, TlsErrorKind::Other);
    }
}
