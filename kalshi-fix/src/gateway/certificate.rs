//! The exchange's own TLS certificate, made anew at each start.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};

use super::StartError;
use crate::transport::TlsError;

/// A certificate for this machine's loopback names, by an issuer that exists only for it.
pub(super) struct Certificate {
    /// The issuer as PEM: what a client trusts.
    pub(super) root: String,
    pub(super) server: Arc<ServerConfig>,
}

impl Certificate {
    pub(super) fn generate() -> Result<Certificate, StartError> {
        let (chain, key, root) = Certificate::sign().map_err(|error| StartError::Certificate {
            detail: error.to_string(),
        })?;
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
    fn sign() -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, String), rcgen::Error> {
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
        Ok((vec![certificate.der().clone()], key, issuer.pem()))
    }
}

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
