//! What can be wrong with a key or with where it comes from. None of these says anything about a key's contents.

use std::io;
use std::path::PathBuf;

use super::ring::KeyUse;

/// Why a key could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file could not be read.
    #[error("cannot read the key file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The text of a key in place of the path of its file. It is neither opened nor shown.
    #[error(
        "this is the text of a key, where the path of its file belongs; the text goes where a PEM is expected"
    )]
    TextForPath,
    /// A path in place of the text of a key. The file is not opened.
    #[error(
        "this is the path of a file, where the text of a key belongs; a path goes where a file is expected"
    )]
    PathForText,
    /// The file could be read, and what is in it is not a usable key.
    #[error("key file {}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with its contents.
        source: Box<KeyError>,
    },
    /// There is no `-----BEGIN …-----` line.
    #[error(
        "not a PEM: no \"-----BEGIN …-----\" line found; expected {expected}{}",
        hint.map_or_else(String::new, |hint| format!("; {hint}"))
    )]
    NotPem {
        /// What was looked for.
        expected: KeyRole,
        /// What was found, and how to convert it, where that can be told.
        hint: Option<&'static str>,
    },
    /// A PEM block begins, and is not one.
    #[error("damaged PEM block {label:?}: {problem}")]
    DamagedPem {
        /// What the block calls itself.
        label: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// More than one block, so that it is not clear which is meant.
    #[error("{} PEM blocks ({}) where exactly one key is expected", labels.len(), labels.join(", "))]
    SeveralBlocks {
        /// What the blocks call themselves, in order.
        labels: Vec<String>,
    },
    /// A public key where the private key belongs.
    #[error(
        "this is a public key; logging on needs its private key: the file that the venue showed once when it made the key, or \
         that `kalshi-fix keygen` wrote beside this one"
    )]
    PublicKey,
    /// A private key where a public key belongs.
    #[error("this is a private key where a public key is expected; keep it out of here")]
    PrivateKey,
    /// A certificate where a key belongs.
    #[error("this is a certificate, not {expected}")]
    Certificate {
        /// What was looked for.
        expected: KeyRole,
    },
    /// A key of another algorithm.
    #[error("this is a key for {algorithm}; the venue's logon needs an RSA key")]
    Algorithm {
        /// The algorithm's name, or its object identifier.
        algorithm: String,
    },
    /// A block of a kind that is not read.
    #[error("PEM block {label:?} is not supported: {hint}")]
    Format {
        /// What the block calls itself.
        label: String,
        /// How to convert it.
        hint: &'static str,
    },
    /// The key is encrypted, and no passphrase was given.
    #[error("the key is encrypted, and no passphrase was given")]
    PassphraseMissing,
    /// The key cannot be decrypted with this passphrase.
    #[error(
        "the passphrase does not open the key, or the encrypted key is damaged; `openssl pkey -in FILE -noout` asks for \
         it, and tells"
    )]
    WrongPassphrase,
    /// The key is encrypted in a way that is not supported.
    #[error(
        "the key's encryption is not supported ({detail}); \
         re-encrypt it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256`"
    )]
    Encryption {
        /// The scheme, as its object identifier or name.
        detail: String,
    },
    /// The block is well-formed, and what is in it is not an RSA key.
    #[error("damaged key: {detail}")]
    Damaged {
        /// Which structure could not be read, and where in it.
        detail: String,
    },
    /// A modulus outside the supported range.
    #[error("the key has {bits} bits; supported are {minimum} to {maximum}, and the venue makes 2048")]
    Length {
        /// Bits of the modulus.
        bits: usize,
        /// The smallest supported.
        minimum: usize,
        /// The largest supported.
        maximum: usize,
    },
    /// A key could not be generated.
    #[error("cannot generate a key: {detail}")]
    Generation {
        /// What failed.
        detail: String,
    },
}

/// Which half of a key pair was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyRole {
    /// An RSA private key: `PRIVATE KEY`, `RSA PRIVATE KEY` or `ENCRYPTED PRIVATE KEY`.
    Private,
    /// An RSA public key: `PUBLIC KEY` or `RSA PUBLIC KEY`.
    Public,
}

impl std::fmt::Display for KeyRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            KeyRole::Private => "an RSA private key in PEM",
            KeyRole::Public => "an RSA public key in PEM",
        })
    }
}

/// Why [`Credentials`](super::Credentials) could not be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The variable with the API key id is not set.
    #[error(
        "{variable} is not set; it holds the id of the API key{}",
        other_product.as_ref().map_or_else(String::new, |other| format!(" ({other} is set, for the other product)"))
    )]
    MissingKeyId {
        /// The variable.
        variable: String,
        /// The variable of the other product, where that one is set.
        other_product: Option<String>,
    },
    /// The id cannot be a `SenderCompID (49)`.
    #[error("the API key id{} {problem}", variable.as_ref().map_or_else(String::new, |name| format!(" in {name}")))]
    InvalidKeyId {
        /// The variable that it came from, if it did.
        variable: Option<String>,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Neither of the two sources of the private key is set.
    #[error("no private key: set {text} (the PEM itself) or {path} (a file)")]
    NoKey {
        /// The variable for the PEM itself.
        text: String,
        /// The variable for a path.
        path: String,
    },
    /// The variable for a path holds the key itself, which is not shown.
    #[error(
        "{path} holds the text of a key, where the path of its file belongs; unset it, and put the text into {text}"
    )]
    TextForPath {
        /// The variable for a path.
        path: String,
        /// The variable for the PEM itself.
        text: String,
    },
    /// The variable for the PEM itself holds a path, which is not read.
    #[error("{text} holds a path, where the text of a key belongs; unset it, and put the path into {path}")]
    PathForText {
        /// The variable for the PEM itself.
        text: String,
        /// The variable for a path.
        path: String,
    },
    /// Both sources of the private key are set, and might disagree.
    #[error("both {text} and {path} are set; set exactly one of them")]
    TwoKeys {
        /// The variable for the PEM itself.
        text: String,
        /// The variable for a path.
        path: String,
    },
    /// The key is encrypted, and the variable with its passphrase is not set.
    #[error("the key in {variable} is encrypted; set its passphrase in {passphrase}")]
    PassphraseMissing {
        /// The variable that the key came from.
        variable: String,
        /// The variable for the passphrase.
        passphrase: String,
    },
    /// The passphrase does not open the key.
    #[error("{variable}: {source}; the passphrase is that of {passphrase}")]
    WrongPassphrase {
        /// The variable that the key came from.
        variable: String,
        /// The variable for the passphrase.
        passphrase: String,
        /// What the key says.
        source: KeyError,
    },
    /// The key that a variable holds or points at cannot be used.
    #[error("{variable}: {source}")]
    Key {
        /// The variable.
        variable: String,
        /// What is wrong with the key.
        source: KeyError,
    },
    /// The variable's value is not Unicode text.
    #[error("the value of {variable} is not Unicode text")]
    NotUnicode {
        /// The variable.
        variable: String,
    },
    /// No key for a session, and no usual one.
    #[error("no API key for {key_use}: it has none of its own, and there is no usual one{}", to_set(variables.as_ref()))]
    NoKeyFor {
        /// What the key was to be used for.
        key_use: KeyUse,
        /// Where the keys are those of variables: the one for the id of its own key, and the one for the usual key's.
        variables: Option<[String; 2]>,
    },
}

fn to_set(variables: Option<&[String; 2]>) -> String {
    variables.map_or_else(String::new, |[own, usual]| {
        format!("; set {own}, or {usual} for whatever has none of its own, with the private key beside it")
    })
}

/// Why a logon could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the logon could not be signed: {source}")]
pub struct SignerError {
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl SignerError {
    /// Wraps what a [`Signer`](super::Signer) met. Its text may be logged: it must not carry a secret.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SignerError {
        SignerError {
            source: source.into(),
        }
    }
}

/// Why a logon's signature does not prove who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// `RawData (96)` is not base64 in the standard alphabet with padding.
    #[error("RawData (96) is not base64")]
    NotBase64,
    /// It is base64, and does not decode to a signature of this text by this key.
    #[error("the signature in RawData (96) does not match the logon and the key")]
    Mismatch,
}
