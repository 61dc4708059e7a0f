//! Certificates and TLS servers for tests.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio_rustls::TlsAcceptor;

use super::{Pin, TlsSettings};

/// An issuer and a server's certificate by it.
pub(crate) struct Authority {
    pub(crate) root: String,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(names: &[&str]) -> Authority {
        Authority::with(names, |_| {})
    }

    pub(crate) fn with(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Authority {
        let mut root = CertificateParams::new(Vec::<String>::new()).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.distinguished_name.push(DnType::CommonName, "test root");
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut server = CertificateParams::new(names).unwrap();
        change(&mut server);
        let key = KeyPair::generate().unwrap();
        let certificate = server.signed_by(&key, &root).unwrap();
        Authority {
            root: root.pem(),
            chain: vec![certificate.der().clone()],
            key: key.serialize_der(),
        }
    }

    pub(crate) fn pin(&self) -> Pin {
        Pin::of_der(&self.chain[0])
    }

    pub(crate) fn trust(&self) -> TlsSettings {
        TlsSettings::new()
            .without_system_roots()
            .roots_from_pem(&self.root)
            .unwrap()
    }

    /// Accepts TLS connections of these versions with the server's certificate.
    pub(crate) fn acceptor(&self, versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

pub(crate) const BOTH: &[&SupportedProtocolVersion] = rustls::ALL_VERSIONS;
