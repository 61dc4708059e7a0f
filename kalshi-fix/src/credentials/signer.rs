//! What a logon signs, and who may sign it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::spawn_blocking;

use super::error::SignerError;

/// The future that a [`Signer`] returns.
pub type SignatureFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, SignerError>> + Send + 'a>>;

/// Something that can sign a logon: a key in memory, a hardware module, a key service, another process.
///
/// It is asked once a logon, never on the way of an order. The answer is a future, since most of these are a call
/// away; a signer that computes returns `Box::pin(std::future::ready(..))`, and one that blocks has to keep off the
/// runtime's threads, as [`BlockingSigner`] does. The session driver bounds the wait by its logon timeout, and goes on with
/// its other work meanwhile.
///
/// The signature has to be RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes, over `message` (not over
/// a digest of it), as raw bytes: base64 is added by the caller.
///
/// ```
/// use kalshi_fix::credentials::{SignatureFuture, Signer, SignerError};
///
/// /// A signing service, as an asynchronous client of it would be used.
/// struct Service;
///
/// impl Service {
///     async fn rsa_pss_sha256(&self, key: &str, message: &[u8]) -> Result<Vec<u8>, std::io::Error> {
///         # let _ = (key, message);
///         # unimplemented!()
///     }
/// }
///
/// impl Signer for Service {
///     fn sign<'a>(&'a self, message: &'a [u8]) -> SignatureFuture<'a> {
///         Box::pin(async move { self.rsa_pss_sha256("fix", message).await.map_err(SignerError::new) })
///     }
/// }
/// ```
pub trait Signer: Send + Sync {
    /// Signs `message`.
    fn sign<'a>(&'a self, message: &'a [u8]) -> SignatureFuture<'a>;
}

/// A signer that blocks: a hardware module behind a blocking library, a program that is run. Each call has a thread of tokio's
/// blocking pool to itself, so that it holds up neither its own session nor another.
///
/// The session does not wait beyond its logon timeout; the call itself cannot be called off, and keeps its thread until it
/// returns.
///
/// ```
/// use kalshi_fix::credentials::{BlockingSigner, Credentials, PrivateKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let module = PrivateKey::generate()?;
/// let signer = BlockingSigner::new(move |message| module.sign_now(message));
/// let credentials = Credentials::with_signer("key-id", signer)?;
/// # let _ = credentials;
/// # Ok(())
/// # }
/// ```
pub struct BlockingSigner<F> {
    sign: Arc<F>,
}

impl<F, E> BlockingSigner<F>
where
    F: Fn(&[u8]) -> Result<Vec<u8>, E> + Send + Sync + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Signs by calling this, which gets what [`Signer::sign`] gets.
    pub fn new(sign: F) -> BlockingSigner<F> {
        BlockingSigner { sign: Arc::new(sign) }
    }
}

impl<F, E> Signer for BlockingSigner<F>
where
    F: Fn(&[u8]) -> Result<Vec<u8>, E> + Send + Sync + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn sign<'a>(&'a self, message: &'a [u8]) -> SignatureFuture<'a> {
        let (sign, message) = (Arc::clone(&self.sign), message.to_vec());
        Box::pin(async move {
            let signed = spawn_blocking(move || sign(&message).map_err(SignerError::new)).await;
            signed.map_err(SignerError::new)?
        })
    }
}

impl<F> fmt::Debug for BlockingSigner<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingSigner").finish_non_exhaustive()
    }
}

/// The values of a logon that its signature covers.
///
/// They are signed as `SendingTime SOH MsgType SOH MsgSeqNum SOH SenderCompID SOH TargetCompID`. `sending_time` has to
/// be the very text of `SendingTime (52)` in that logon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogonText<'a> {
    /// The text of `SendingTime (52)`.
    pub sending_time: &'a [u8],
    /// `MsgSeqNum (34)`.
    pub msg_seq_num: u64,
    /// `SenderCompID (49)`: the id of the API key.
    pub sender_comp_id: &'a [u8],
    /// `TargetCompID (56)`: the name of the session.
    pub target_comp_id: &'a [u8],
}

impl LogonText<'_> {
    /// The bytes to sign.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let number = self.msg_seq_num.to_string();
        [
            self.sending_time,
            b"A",
            number.as_bytes(),
            self.sender_comp_id,
            self.target_comp_id,
        ]
        .join(&SOH)
    }

    /// Has `signer` sign this, and returns what goes into `RawData (96)`: base64 in the standard alphabet.
    /// Dropping the future drops the signer's.
    pub async fn sign(&self, signer: &dyn Signer) -> Result<String, SignerError> {
        raw_data(signer, &self.to_bytes()).await
    }
}

/// Has `signer` sign a text that is already put together, and returns what goes into `RawData (96)`.
/// Dropping the future drops the signer's.
pub async fn raw_data(signer: &dyn Signer, signed_text: &[u8]) -> Result<String, SignerError> {
    let signature = signer.sign(signed_text).await?;
    if signature.is_empty() {
        return Err(SignerError::new("the signer returned an empty signature"));
    }
    Ok(STANDARD.encode(signature))
}

const SOH: u8 = 0x01;
