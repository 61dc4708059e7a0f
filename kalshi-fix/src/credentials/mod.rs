//! Who logs on: the API key's id and the key that signs for it.

mod error;
mod key;
mod pem;
mod ring;
mod signer;
mod source;

use std::fmt;
use std::sync::Arc;

pub use error::{CredentialsError, KeyError, KeyRole, SignerError, VerifyError};
pub use key::{PrivateKey, PublicKey};
pub(crate) use pem::is_key_text;
pub use ring::{KeyRing, KeyUse};
pub(crate) use source::Variables;

pub use signer::{BlockingSigner, LogonText, SignatureFuture, Signer, raw_data};

/// The id of an API key and something that signs for it. Cheap to clone.
///
/// The venue accepts one connection per key, so that concurrent sessions need a key each: see [`KeyRing`].
#[derive(Clone)]
pub struct Credentials {
    key_id: Arc<str>,
    signer: Arc<dyn Signer>,
}

impl Credentials {
    /// Credentials with a key in memory. `key_id` is the id that the venue shows for the API key (a UUID).
    pub fn new(key_id: impl Into<String>, key: PrivateKey) -> Result<Credentials, CredentialsError> {
        Credentials::with_signer(key_id, key)
    }

    /// Credentials with a signer of your own, which may keep the key elsewhere.
    pub fn with_signer(
        key_id: impl Into<String>,
        signer: impl Signer + 'static,
    ) -> Result<Credentials, CredentialsError> {
        let key_id = key_id.into();
        check_key_id(&key_id).map_err(|problem| CredentialsError::InvalidKeyId {
            variable: None,
            problem,
        })?;
        Ok(Credentials {
            key_id: key_id.into(),
            signer: Arc::new(signer),
        })
    }

    /// The id of the API key, which becomes `SenderCompID (49)`.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// What signs, shared.
    pub(crate) fn shared_signer(&self) -> Arc<dyn Signer> {
        Arc::clone(&self.signer)
    }

    /// What signs.
    #[must_use]
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// A `SenderCompID` goes into every header and into the signed text: what cannot stand there is refused here, early.
fn check_key_id(key_id: &str) -> Result<(), &'static str> {
    let problem = if key_id.is_empty() {
        "is empty"
    } else if key_id.contains("-----BEGIN") {
        "looks like a PEM; it is the short id, and the key goes elsewhere"
    } else if key_id.len() > MAX_KEY_ID {
        "is longer than 128 bytes"
    } else if !key_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        "has a space, a control character or a character outside ASCII in it"
    } else {
        return Ok(());
    };
    Err(problem)
}

const MAX_KEY_ID: usize = 128;

#[cfg(test)]
mod tests;
