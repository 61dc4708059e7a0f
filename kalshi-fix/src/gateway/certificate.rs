//! The exchange's own TLS certificate, made anew at each start, and who issues it.

use std::fmt;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};
use zeroize::Zeroizing;

use super::StartError;
use crate::transport::TlsError;

/// Who issues the certificates of a gateway: the key by which they are signed.
///
/// A gateway makes one at each start, unless it is given one ([`GatewayBuilder::issuer`](super::GatewayBuilder::issuer)): by
/// the same issuer a client goes on with a gateway that is started again, by the root certificate that it has.
///
/// ```
/// use kalshi_fix::gateway::{Gateway, Issuer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), kalshi_fix::gateway::StartError> {
/// let issuer = Issuer::generate()?;
/// let first = Gateway::builder().market("HIGHNY-23DEC31").issuer(issuer.clone()).start().await?;
/// let trusted = first.tls(); // what a client is given once
/// first.close().await;
/// let again = Gateway::builder().market("HIGHNY-23DEC31").issuer(issuer).start().await?;
/// # drop((trusted, again));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Issuer {
    pem: Zeroizing<String>,
}

impl Issuer {
    /// A new one, whom nobody trusts yet.
    ///
    /// # Errors
    ///
    /// [`StartError::Certificate`], where the operating system has no randomness.
    pub fn generate() -> Result<Issuer, StartError> {
        let key = KeyPair::generate().map_err(|error| faulty(&error))?;
        Ok(Issuer {
            pem: Zeroizing::new(key.serialize_pem()),
        })
    }

    /// One of before, from [`to_pem`](Issuer::to_pem).
    ///
    /// # Errors
    ///
    /// [`StartError::Certificate`], where it is no such key.
    pub fn from_pem(pem: &str) -> Result<Issuer, StartError> {
        KeyPair::from_pem(pem).map_err(|error| StartError::Certificate {
            detail: format!("the issuer's key cannot be read: {error}"),
        })?;
        Ok(Issuer {
            pem: Zeroizing::new(pem.to_owned()),
        })
    }

    /// The private key, as PEM: whoever has it can pass for this gateway before those who trust it.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        self.pem.clone()
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").finish_non_exhaustive()
    }
}

fn faulty(error: &rcgen::Error) -> StartError {
    StartError::Certificate {
        detail: error.to_string(),
    }
}

/// A certificate for this machine's loopback names.
pub(super) struct Certificate {
    /// The issuer as PEM: what a client trusts.
    pub(super) root: String,
    pub(super) server: Arc<ServerConfig>,
}

impl Certificate {
    pub(super) fn issued_by(issuer: &Issuer) -> Result<Certificate, StartError> {
        let (chain, key, root) = Certificate::sign(issuer).map_err(|error| faulty(&error))?;
        let server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| StartError::Tls(TlsError::new(error)))?;
        Ok(Certificate {
            root,
            server: Arc::new(server),
        })
    }

    /// The server's certificate, its key, and the issuer as PEM.
    fn sign(
        issuer_key: &Issuer,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, String), rcgen::Error> {
        let mut issuer = CertificateParams::new(Vec::<String>::new())?;
        issuer.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        issuer.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        issuer
            .distinguished_name
            .push(DnType::CommonName, "Simulated exchange, this machine only");
        let issuer = CertifiedIssuer::self_signed(issuer, KeyPair::from_pem(&issuer_key.pem)?)?;

        let mut server = CertificateParams::new(NAMES.map(str::to_owned))?;
        server
            .distinguished_name
            .push(DnType::CommonName, "Simulated exchange");
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((vec![certificate.der().clone()], key, issuer.pem()))
    }
}

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
