//! Whom to trust on the other side of a TLS connection.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};

use super::pin::{Pin, PinVerifier};
use super::tls_error::TlsError;

/// Whom to trust, and under which name to ask for them.
///
/// The default is right for the venue: the roots of the operating system, and the host's own name.
///
/// ```
/// use kalshi_fix::transport::{Pin, TlsSettings};
///
/// # let (current, next) = (Pin::of_der(b"one"), Pin::of_der(b"two"));
/// // Two pins, so that the venue can change its certificate without a gap.
/// let pinned = TlsSettings::new().pin(current).pin(next);
/// ```
#[derive(Clone, Debug)]
pub struct TlsSettings {
    system_roots: bool,
    extra_roots: Vec<CertificateDer<'static>>,
    pins: Vec<Pin>,
    chain_of_pinned: bool,
    server_name: Option<ServerName<'static>>,
}

impl Default for TlsSettings {
    fn default() -> TlsSettings {
        TlsSettings::new()
    }
}

impl TlsSettings {
    /// Trusts the roots of the operating system.
    #[must_use]
    pub fn new() -> TlsSettings {
        TlsSettings {
            system_roots: true,
            extra_roots: Vec::new(),
            pins: Vec::new(),
            chain_of_pinned: false,
            server_name: None,
        }
    }

    /// Does not trust the operating system's roots: only those that are added, or pinned certificates.
    #[must_use]
    pub fn without_system_roots(mut self) -> TlsSettings {
        self.system_roots = false;
        self
    }

    /// Trusts the certificates in this PEM text as roots too.
    pub fn roots_from_pem(self, pem: &str) -> Result<TlsSettings, TlsSettingsError> {
        self.add_roots(pem.as_bytes())
    }

    /// Trusts the certificates in this PEM file as roots too.
    pub fn roots_from_pem_file(self, path: impl AsRef<Path>) -> Result<TlsSettings, TlsSettingsError> {
        let path = path.as_ref();
        let pem = std::fs::read(path).map_err(|source| TlsSettingsError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        self.add_roots(&pem).map_err(|source| TlsSettingsError::InFile {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    fn add_roots(mut self, pem: &[u8]) -> Result<TlsSettings, TlsSettingsError> {
        let before = self.extra_roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| TlsSettingsError::Pem {
                detail: pem_detail(&error),
            })?;
            // Tells a damaged certificate now rather than on the first connection.
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|error| TlsSettingsError::Root(TlsError::new(error)))?;
            self.extra_roots.push(certificate);
        }
        if self.extra_roots.len() == before {
            return Err(TlsSettingsError::Pem {
                detail: without_certificate(pem),
            });
        }
        Ok(self)
    }

    /// Accepts this certificate, and from now on no other but those that are pinned too.
    ///
    /// A pinned certificate stands for itself: neither its issuer, nor its name, nor its dates are checked, unless
    /// [`verify_chain_of_pinned`](TlsSettings::verify_chain_of_pinned) asks for it.
    #[must_use]
    pub fn pin(mut self, pin: Pin) -> TlsSettings {
        self.pins.push(pin);
        self
    }

    /// Checks issuer, name and dates of pinned certificates too, against the roots.
    #[must_use]
    pub fn verify_chain_of_pinned(mut self) -> TlsSettings {
        self.chain_of_pinned = true;
        self
    }

    /// Asks for this name (SNI) and expects a certificate for it, instead of the host's: for a tunnel or a proxy.
    pub fn server_name(mut self, name: &str) -> Result<TlsSettings, TlsSettingsError> {
        self.server_name = Some(parse_server_name(name)?);
        Ok(self)
    }

    pub(super) fn expected_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }

    /// Puts the configuration together. Reads the system's roots, if they are trusted.
    pub(super) fn client_config(&self) -> Result<Arc<ClientConfig>, TlsSettingsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = if self.pins.is_empty() {
            self.chain_verifier(&provider)?
        } else {
            let chain = self
                .chain_of_pinned
                .then(|| self.chain_verifier(&provider))
                .transpose()?;
            Arc::new(PinVerifier {
                pins: self.pins.clone(),
                chain,
                provider: Arc::clone(&provider),
            })
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(configuration)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }

    fn chain_verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, TlsSettingsError> {
        let provider = Arc::clone(provider);
        if self.system_roots {
            let extra = self.extra_roots.iter().cloned();
            let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider)
                .map_err(|error| TlsSettingsError::SystemRoots(TlsError::new(error)))?;
            return Ok(Arc::new(verifier));
        }
        if self.extra_roots.is_empty() {
            return Err(TlsSettingsError::NothingTrusted);
        }
        let mut roots = RootCertStore::empty();
        for root in &self.extra_roots {
            roots
                .add(root.clone())
                .map_err(|error| TlsSettingsError::Root(TlsError::new(error)))?;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| configuration(rustls::Error::General(error.to_string())))?;
        Ok(verifier)
    }
}

fn configuration(error: rustls::Error) -> TlsSettingsError {
    TlsSettingsError::Configuration(TlsError::new(error))
}

pub(super) fn parse_server_name(name: &str) -> Result<ServerName<'static>, TlsSettingsError> {
    ServerName::try_from(name.to_owned()).map_err(|_| TlsSettingsError::ServerName {
        name: name.to_owned(),
    })
}

/// What is wrong with a text of PEM: the library shows the names of sections as numbers.
pub(super) fn pem_detail(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            format!(
                "a {} begins and does not end",
                String::from_utf8_lossy(end_marker)
            )
        }
        pem::Error::IllegalSectionStart { .. } => "the first line of a section is damaged".to_owned(),
        pem::Error::NoItemsFound => "no certificate in it".to_owned(),
        other => other.to_string(),
    }
}

/// What there is in the place of a certificate.
fn without_certificate(pem: &[u8]) -> String {
    const EXPECTED: &str = "expected \"-----BEGIN CERTIFICATE-----\"";
    let Ok(text) = std::str::from_utf8(pem) else {
        return format!("no text, perhaps DER, which `openssl x509 -inform der` makes PEM of; {EXPECTED}");
    };
    let label = text.lines().find_map(|line| {
        let label = line.trim().strip_prefix("-----BEGIN ")?;
        label.strip_suffix("-----")
    });
    match label {
        Some(label) => {
            let label: String = label.chars().take(LONGEST_LABEL).collect();
            format!("a {} in it and no certificate; {EXPECTED}", label.escape_debug())
        }
        None => format!("no certificate in it; {EXPECTED}"),
    }
}

/// Of what a section of PEM calls itself, no more is told.
const LONGEST_LABEL: usize = 40;

/// What is wrong with [`TlsSettings`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsSettingsError {
    /// A file of roots could not be read.
    #[error("cannot read the root certificates {}: {source}; expected a file of PEM", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file of roots could be read, and what is in it cannot be used.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with its contents.
        source: Box<TlsSettingsError>,
    },
    /// A text of roots is not PEM, or has no certificate in it.
    #[error("the root certificates are not readable PEM: {detail}")]
    Pem {
        /// What is wrong.
        detail: String,
    },
    /// A certificate cannot serve as a root.
    #[error("a certificate cannot serve as a root: {0}")]
    Root(#[source] TlsError),
    /// The operating system offers no roots.
    #[error(
        "no root certificates of the operating system: {0}; install them (ca-certificates), add roots, or pin"
    )]
    SystemRoots(#[source] TlsError),
    /// Neither roots nor pins.
    #[error("nobody is trusted: neither the system's roots, nor roots of your own, nor a pinned certificate")]
    NothingTrusted,
    /// Not a name that a certificate can be for.
    #[error("{name:?} is not a DNS name or an IP address, which a certificate could be for")]
    ServerName {
        /// What was given.
        name: String,
    },
    /// The TLS library refused the configuration.
    #[error("TLS cannot be configured: {0}")]
    Configuration(#[source] TlsError),
}
