//! RSA keys: reading, generating, signing, verifying.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::spki::ObjectIdentifier;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, DecodeRsaPublicKey as _};
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::pss::{BlindedSigningKey, Signature, VerifyingKey};
use rsa::rand_core::{OsRng, RngCore as _};
use rsa::sha2::Sha256;
use rsa::signature::{Keypair as _, RandomizedSigner as _, SignatureEncoding as _, Verifier as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, RsaPublicKey};
use zeroize::Zeroizing;

use super::error::{KeyError, KeyRole, SignerError, VerifyError};
use super::pem::{Block, is_key_text, not_text, only_block};
use super::signer::{LogonText, SignatureFuture, Signer};

/// An RSA private key that signs logons: RSASSA-PSS, SHA-256, MGF1 with SHA-256, a salt of 32 bytes, blinded.
///
/// It is read from PEM as PKCS#8 (`PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`) or encrypted PKCS#8
/// (`ENCRYPTED PRIVATE KEY`; PBES2). Cloning shares the key. Its memory is overwritten when the last clone is dropped;
/// `Debug` shows the length only.
#[derive(Clone)]
pub struct PrivateKey {
    inner: Arc<BlindedSigningKey<Sha256>>,
}

impl PrivateKey {
    /// Reads a key that is not encrypted.
    pub fn from_pem(pem: &str) -> Result<PrivateKey, KeyError> {
        PrivateKey::read(pem, None)
    }

    /// Reads a key that is encrypted. One that is not is accepted too, and the passphrase is not used.
    pub fn from_encrypted_pem(pem: &str, passphrase: &str) -> Result<PrivateKey, KeyError> {
        PrivateKey::read(pem, Some(passphrase))
    }

    /// Reads a key that is not encrypted from a file.
    pub fn from_pem_file(path: impl AsRef<Path>) -> Result<PrivateKey, KeyError> {
        PrivateKey::read_file(path.as_ref(), None)
    }

    /// Reads a key that is encrypted from a file.
    pub fn from_encrypted_pem_file(path: impl AsRef<Path>, passphrase: &str) -> Result<PrivateKey, KeyError> {
        PrivateKey::read_file(path.as_ref(), Some(passphrase))
    }

    /// Makes a new key of 2048 bits from the operating system's random numbers.
    ///
    /// This takes from a tenth of a second to a few seconds of processor time; in asynchronous code, call it through
    /// `spawn_blocking`.
    pub fn generate() -> Result<PrivateKey, KeyError> {
        PrivateKey::generate_with(MINIMUM_BITS)
    }

    /// As [`generate`](PrivateKey::generate), with a modulus of so many bits: 2048 to 4096. The venue makes 2048; a longer
    /// key takes longer to sign with.
    pub fn generate_with(bits: usize) -> Result<PrivateKey, KeyError> {
        check_length(bits)?;
        RsaPrivateKey::new(&mut OsRng, bits)
            .map(PrivateKey::from_rsa)
            .map_err(|error| KeyError::Generation {
                detail: error.to_string(),
            })
    }

    /// The public half, which the venue (or the simulated exchange) is given.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey {
            inner: self.inner.verifying_key(),
        }
    }

    /// The key as PKCS#8 PEM, not encrypted. It is overwritten in memory when dropped; what it is written to is not.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        self.inner
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|error| KeyError::Damaged {
                detail: error.to_string(),
            })
    }

    /// The key as encrypted PKCS#8 PEM: PBES2 with AES-256-CBC, its key derived by PBKDF2 with HMAC-SHA-256, which OpenSSL and
    /// [`from_encrypted_pem`](PrivateKey::from_encrypted_pem) read. This takes a few tenths of a second of processor time.
    pub fn to_encrypted_pem(&self, passphrase: &str) -> Result<Zeroizing<String>, KeyError> {
        let failed = |error: &dyn fmt::Display| KeyError::Encryption {
            detail: error.to_string(),
        };
        let (mut salt, mut initial) = ([0; 16], [0; 16]);
        OsRng.try_fill_bytes(&mut salt).map_err(|error| failed(&error))?;
        OsRng
            .try_fill_bytes(&mut initial)
            .map_err(|error| failed(&error))?;
        let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(PASSPHRASE_ROUNDS, &salt, initial)
            .map_err(|error| failed(&error))?;
        let plain = self.inner.to_pkcs8_der().map_err(|error| failed(&error))?;
        let info = pkcs8::PrivateKeyInfoRef::try_from(plain.as_bytes()).map_err(|error| failed(&error))?;
        let encrypted = info
            .encrypt_with_params(parameters, passphrase)
            .map_err(|error| failed(&error))?;
        encrypted
            .to_pem("ENCRYPTED PRIVATE KEY", pkcs8::LineEnding::LF)
            .map_err(|error| failed(&error))
    }

    /// Signs `message` as the venue's logon wants it, with fresh random salt and blinding.
    pub fn sign_now(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.inner
            .try_sign_with_rng(&mut OsRng, message)
            .map(|signature| signature.to_vec())
            .map_err(SignerError::new)
    }

    pub(super) fn read(pem: &str, passphrase: Option<&str>) -> Result<PrivateKey, KeyError> {
        let Block { label, contents } = only_block(pem, KeyRole::Private)?;
        match label.as_str() {
            "PRIVATE KEY" => from_pkcs8(&contents),
            "RSA PRIVATE KEY" => from_pkcs1(&contents),
            "ENCRYPTED PRIVATE KEY" => {
                let passphrase = passphrase.ok_or(KeyError::PassphraseMissing)?;
                from_pkcs8(decrypt(&contents, passphrase)?.as_bytes())
            }
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(KeyError::PublicKey),
            _ => Err(not_an_rsa_key(&label, KeyRole::Private)),
        }
    }

    pub(super) fn read_file(path: &Path, passphrase: Option<&str>) -> Result<PrivateKey, KeyError> {
        let text = read_text(path, KeyRole::Private)?;
        PrivateKey::read(&text, passphrase).map_err(|source| in_file(path, KeyRole::Private, source))
    }

    fn from_rsa(key: RsaPrivateKey) -> PrivateKey {
        PrivateKey {
            inner: Arc::new(BlindedSigningKey::new(key)),
        }
    }

    fn bits(&self) -> usize {
        AsRef::<RsaPrivateKey>::as_ref(&*self.inner).n().bits()
    }
}

impl Signer for PrivateKey {
    /// Signs at once: a 2048-bit signature takes one to two milliseconds of an optimised build, once a logon.
    fn sign<'a>(&'a self, message: &'a [u8]) -> SignatureFuture<'a> {
        Box::pin(std::future::ready(self.sign_now(message)))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("bits", &self.bits())
            .finish_non_exhaustive()
    }
}

/// An RSA public key that checks logons, as the venue and the simulated exchange do.
#[derive(Clone)]
pub struct PublicKey {
    inner: VerifyingKey<Sha256>,
}

impl PublicKey {
    /// Reads a key from PEM: `PUBLIC KEY` (SPKI) or `RSA PUBLIC KEY` (PKCS#1).
    pub fn from_pem(pem: &str) -> Result<PublicKey, KeyError> {
        let Block { label, contents } = only_block(pem, KeyRole::Public)?;
        let der = match label.as_str() {
            "PUBLIC KEY" => {
                let spki = pkcs8::spki::SubjectPublicKeyInfoRef::try_from(contents.as_slice())
                    .map_err(|error| damaged("SubjectPublicKeyInfo", &error))?;
                require_rsa(spki.algorithm.oid)?;
                spki.subject_public_key.raw_bytes().to_vec()
            }
            "RSA PUBLIC KEY" => contents.to_vec(),
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => return Err(KeyError::PrivateKey),
            _ => return Err(not_an_rsa_key(&label, KeyRole::Public)),
        };
        let public = rsa::pkcs1::RsaPublicKey::try_from(der.as_slice())
            .map_err(|error| damaged("RSAPublicKey", &error))?;
        check_length(significant_bits(public.modulus.as_bytes()))?;
        let key = RsaPublicKey::from_pkcs1_der(&der).map_err(|error| damaged("RSAPublicKey", &error))?;
        Ok(PublicKey {
            inner: VerifyingKey::new(key),
        })
    }

    /// Reads a key from a PEM file.
    pub fn from_pem_file(path: impl AsRef<Path>) -> Result<PublicKey, KeyError> {
        let path = path.as_ref();
        let text = read_text(path, KeyRole::Public)?;
        PublicKey::from_pem(&text).map_err(|source| in_file(path, KeyRole::Public, source))
    }

    /// The key as PEM (`PUBLIC KEY`), as the venue's web page takes it.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.inner
            .to_public_key_pem(LineEnding::LF)
            .map_err(|error| KeyError::Damaged {
                detail: error.to_string(),
            })
    }

    /// Checks the signature of a logon, as it stands in `RawData (96)`, against the values of that very logon.
    pub fn verify_logon(&self, text: &LogonText<'_>, raw_data: &[u8]) -> Result<(), VerifyError> {
        self.verify_signed_text(&text.to_bytes(), raw_data)
    }

    /// As [`verify_logon`](PublicKey::verify_logon), with the signed text already put together.
    pub fn verify_signed_text(&self, signed_text: &[u8], raw_data: &[u8]) -> Result<(), VerifyError> {
        let signature = STANDARD.decode(raw_data).map_err(|_| VerifyError::NotBase64)?;
        let signature = Signature::try_from(signature.as_slice()).map_err(|_| VerifyError::Mismatch)?;
        self.inner
            .verify(signed_text, &signature)
            .map_err(|_| VerifyError::Mismatch)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = AsRef::<RsaPublicKey>::as_ref(&self.inner).n().bits();
        f.debug_struct("PublicKey")
            .field("bits", &bits)
            .finish_non_exhaustive()
    }
}

fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, KeyError> {
    let info = pkcs8::PrivateKeyInfoRef::try_from(der).map_err(|error| damaged("PrivateKeyInfo", &error))?;
    require_rsa(info.algorithm.oid)?;
    from_pkcs1(info.private_key.as_bytes())
}

fn from_pkcs1(der: &[u8]) -> Result<PrivateKey, KeyError> {
    let parts = rsa::pkcs1::RsaPrivateKey::try_from(der).map_err(|error| damaged("RSAPrivateKey", &error))?;
    // Before the numbers are checked, which takes time that grows with their length.
    check_length(significant_bits(parts.modulus.as_bytes()))?;
    let key = RsaPrivateKey::from_pkcs1_der(der).map_err(|error| damaged("RSAPrivateKey", &error))?;
    Ok(PrivateKey::from_rsa(key))
}

fn decrypt(der: &[u8], passphrase: &str) -> Result<pkcs8::SecretDocument, KeyError> {
    let info = pkcs8::EncryptedPrivateKeyInfoRef::try_from(der).map_err(|error| match error {
        pkcs8::Error::Asn1(cause) => match cause.kind() {
            pkcs8::der::ErrorKind::OidUnknown { oid } => KeyError::Encryption {
                detail: format!("algorithm {oid}"),
            },
            _ => damaged("EncryptedPrivateKeyInfo", &cause),
        },
        other => damaged("EncryptedPrivateKeyInfo", &other),
    })?;
    info.decrypt(passphrase).map_err(|error| match error {
        // A wrong key can, once in 256 times, leave padding that looks right; what comes out then is not DER.
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed) | pkcs8::Error::Asn1(_) => {
            KeyError::WrongPassphrase
        }
        other => KeyError::Encryption {
            detail: other.to_string(),
        },
    })
}

fn require_rsa(oid: ObjectIdentifier) -> Result<(), KeyError> {
    if oid == RSA_ENCRYPTION {
        return Ok(());
    }
    let text = oid.to_string();
    let name = NAMED_ALGORITHMS
        .iter()
        .find(|(known, _)| *known == text)
        .map(|(_, name)| *name);
    Err(KeyError::Algorithm {
        algorithm: name.map_or_else(|| format!("algorithm {text}"), str::to_owned),
    })
}

fn not_an_rsa_key(label: &str, expected: KeyRole) -> KeyError {
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => KeyError::Certificate { expected },
        "EC PRIVATE KEY" => KeyError::Algorithm {
            algorithm: "elliptic curves (EC)".to_owned(),
        },
        "DSA PRIVATE KEY" => KeyError::Algorithm {
            algorithm: "DSA".to_owned(),
        },
        "OPENSSH PRIVATE KEY" => KeyError::Format {
            label: label.to_owned(),
            hint: "it is OpenSSH's own format, convert a copy with `ssh-keygen -p -m PKCS8 -f key`",
        },
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => KeyError::Format {
            label: label.to_owned(),
            hint: "it is a request for a certificate, and holds no private key",
        },
        _ => KeyError::Format {
            label: label.to_owned(),
            hint: "expected PRIVATE KEY, RSA PRIVATE KEY or ENCRYPTED PRIVATE KEY (public: PUBLIC KEY or RSA PUBLIC KEY)",
        },
    }
}

fn damaged(structure: &str, error: &dyn fmt::Display) -> KeyError {
    KeyError::Damaged {
        detail: format!("{structure} cannot be read: {error}"),
    }
}

fn check_length(bits: usize) -> Result<(), KeyError> {
    if (MINIMUM_BITS..=RsaPublicKey::MAX_SIZE).contains(&bits) {
        Ok(())
    } else {
        Err(KeyError::Length {
            bits,
            minimum: MINIMUM_BITS,
            maximum: RsaPublicKey::MAX_SIZE,
        })
    }
}

fn significant_bits(big_endian: &[u8]) -> usize {
    let leading = big_endian.iter().take_while(|byte| **byte == 0).count();
    let rest = &big_endian[leading..];
    rest.first()
        .map_or(0, |first| rest.len() * 8 - first.leading_zeros() as usize)
}

fn in_file(path: &Path, expected: KeyRole, source: KeyError) -> KeyError {
    let source = match source {
        KeyError::PathForText => KeyError::NotPem {
            expected,
            hint: Some("there is nothing in it but a path"),
        },
        source => source,
    };
    KeyError::InFile {
        path: path.to_owned(),
        source: Box::new(source),
    }
}

fn read_text(path: &Path, expected: KeyRole) -> Result<Zeroizing<String>, KeyError> {
    // Before any error could name the path.
    if is_key_text(&Zeroizing::new(path.to_string_lossy().into_owned())) {
        return Err(KeyError::TextForPath);
    }
    let unreadable = |source| KeyError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    if expected == KeyRole::Private {
        warn_when_others_can_read(path, &file);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize + 1));
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        let source = io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than any key (64 KiB)");
        return Err(unreadable(source));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(in_file(path, expected, not_text(&bytes, expected))),
    }
}

#[cfg(unix)]
fn warn_when_others_can_read(path: &Path, file: &File) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(metadata) = file.metadata() else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(
            path = %path.display(),
            mode = format_args!("{mode:o}"),
            "other users can read this private key; chmod 600 it"
        );
    }
}

#[cfg(not(unix))]
fn warn_when_others_can_read(_: &Path, _: &File) {}

const MINIMUM_BITS: usize = 2048;
/// OWASP's recommendation for PBKDF2 with HMAC-SHA-256.
const PASSPHRASE_ROUNDS: u32 = 600_000;
const MAX_FILE: u64 = 64 * 1024;
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const NAMED_ALGORITHMS: &[(&str, &str)] = &[
    ("1.2.840.10045.2.1", "elliptic curves (EC)"),
    ("1.2.840.10040.4.1", "DSA"),
    (
        "1.2.840.113549.1.1.10",
        "RSASSA-PSS alone (make a plain RSA key, with `openssl genrsa`)",
    ),
    ("1.3.101.110", "X25519"),
    ("1.3.101.111", "X448"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
];
