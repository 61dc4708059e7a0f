//! The exchange's own TLS certificate, made anew at each start.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};

use super::StartError;

/// A certificate for this machine's loopback names, by an issuer that exists only for it.
pub(super) struct Certificate {
    /// The issuer as PEM: what a client trusts.
    pub(super) root: String,
    pub(super) server: Arc<ServerConfig>,
}

impl Certificate {
    pub(super) fn generate() -> Result<Certificate, StartError> {
        let mut issuer = CertificateParams::new(Vec::<String>::new())?;
        issuer.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        issuer.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        issuer
            .distinguished_name
            .push(DnType::CommonName, "Simulated exchange, this process only");
        let issuer = CertifiedIssuer::self_signed(issuer, KeyPair::generate()?)?;

        let mut server = CertificateParams::new(NAMES.map(str::to_owned))?;
        server
            .distinguished_name
            .push(DnType::CommonName, "Simulated exchange");
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        Ok(Certificate {
            root: issuer.pem(),
            server: Arc::new(server),
        })
    }
}

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
