//! Pinned certificates: trusting one certificate rather than whoever signed it.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

use rsa::sha2::{Digest as _, Sha256};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, OtherError, SignatureScheme};

use super::tls::pem_detail;

/// The SHA-256 of a server certificate's DER encoding, as `openssl x509 -noout -fingerprint -sha256` prints it.
///
/// ```
/// use kalshi_fix::transport::Pin;
///
/// let text = "5E:88:48:98:DA:28:04:71:51:D0:E5:6F:8D:C6:29:27:73:60:3D:0D:6A:AB:BD:D6:2A:11:EF:72:1D:15:42:D8";
/// let pin: Pin = text.parse()?;
/// assert_eq!(pin.to_string().parse::<Pin>()?, pin);
/// # Ok::<(), kalshi_fix::transport::PinError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin([u8; 32]);

impl Pin {
    /// A pin from the 32 bytes of the digest.
    #[must_use]
    pub const fn from_sha256(digest: [u8; 32]) -> Pin {
        Pin(digest)
    }

    /// The pin of a certificate in DER.
    #[must_use]
    pub fn of_der(certificate: &[u8]) -> Pin {
        Pin(Sha256::digest(certificate).into())
    }

    /// The pin of the one certificate in a PEM text. Pin the server's own, not its issuer's.
    pub fn of_pem(pem: &str) -> Result<Pin, PinError> {
        let certificates: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| PinError::Pem {
                detail: pem_detail(&error),
            })?;
        match certificates.as_slice() {
            [certificate] => Ok(Pin::of_der(certificate)),
            several => Err(PinError::Count { count: several.len() }),
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_char(':')?;
            }
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

impl FromStr for Pin {
    type Err = PinError;

    /// Reads 64 hexadecimal digits, in either case, with or without colons between the bytes.
    fn from_str(text: &str) -> Result<Pin, PinError> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).map(|digit| digit as u8))
            .collect::<Option<_>>()
            .ok_or(PinError::NotHexadecimal)?;
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit))
            .collect();
        if digits.len() != 64 {
            return Err(PinError::Length { digits: digits.len() });
        }
        bytes
            .try_into()
            .map(Pin)
            .map_err(|_| PinError::Length { digits: digits.len() })
    }
}

/// Why a text is not a [`Pin`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// A character that is neither a hexadecimal digit nor a colon.
    #[error("a pin is the SHA-256 of a certificate in hexadecimal digits, with or without colons")]
    NotHexadecimal,
    /// Another length than that of SHA-256.
    #[error("a pin has 64 hexadecimal digits (SHA-256); this has {digits}")]
    Length {
        /// How many digits were read.
        digits: usize,
    },
    /// Not a PEM, or a damaged one.
    #[error("the certificate to pin is not readable PEM: {detail}")]
    Pem {
        /// What is wrong with it.
        detail: String,
    },
    /// Not exactly one certificate.
    #[error("{count} certificates where the one to pin is expected: the server's own, without its issuers")]
    Count {
        /// How many there are.
        count: usize,
    },
}

/// What the server presented is none of the pinned certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's certificate is not a pinned one; its SHA-256 is {presented}")]
pub(super) struct PinMismatch {
    pub(super) presented: Pin,
}

/// Accepts the pinned certificates, and no other.
///
/// The handshake's signature is checked in any case: it proves that the server holds the certificate's key. Who issued
/// it, for which name and until when is checked by `chain`, if there is one.
#[derive(Debug)]
pub(super) struct PinVerifier {
    pub(super) pins: Vec<Pin>,
    pub(super) chain: Option<Arc<dyn ServerCertVerifier>>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let presented = Pin::of_der(end_entity);
        if !self.pins.contains(&presented) {
            return Err(OtherError(Arc::new(PinMismatch { presented })).into());
        }
        match &self.chain {
            Some(chain) => {
                chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read() {
        fn check(text: &str, expected: Result<u8, &str>) {
            let found = text
                .parse::<Pin>()
                .map(|pin| pin.0[0])
                .map_err(|error| error.to_string());
            assert_eq!(
                found.as_ref().map(|byte| *byte).map_err(String::as_str),
                expected,
                "{text}"
            );
        }
        check(&"aB".repeat(32), Ok(0xab));
        check(&["0f"; 32].join(":"), Ok(0x0f));
        check("", Err("a pin has 64 hexadecimal digits (SHA-256); this has 0"));
        check(
            &"a".repeat(63),
            Err("a pin has 64 hexadecimal digits (SHA-256); this has 63"),
        );
        check(
            &"ab".repeat(20),
            Err("a pin has 64 hexadecimal digits (SHA-256); this has 40"),
        );
        check(
            "sha256/x",
            Err("a pin is the SHA-256 of a certificate in hexadecimal digits, with or without colons"),
        );
    }

    #[test]
    fn a_certificate_is_pinned_by_its_pem() {
        let pem = include_str!("../../tests/fixtures/keys/certificate.pem");
        let pin = Pin::of_pem(pem).unwrap();
        assert_eq!(pin.to_string(), CERTIFICATE_FINGERPRINT);
        assert_eq!(
            Pin::of_pem(&(pem.to_owned() + pem)),
            Err(PinError::Count { count: 2 })
        );
        assert_eq!(Pin::of_pem("nothing"), Err(PinError::Count { count: 0 }));
        assert!(matches!(
            Pin::of_pem("-----BEGIN CERTIFICATE-----\n%"),
            Err(PinError::Pem { .. })
        ));
    }

    // openssl x509 -in certificate.pem -noout -fingerprint -sha256
    const CERTIFICATE_FINGERPRINT: &str =
        "55:74:53:CD:D9:6E:97:43:5F:33:E1:67:C0:DA:45:98:E0:D6:CA:31:F6:31:39:83:1B:76:61:9E:36:B5:FB:14";
}
