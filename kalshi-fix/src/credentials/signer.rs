//! What a logon signs, and who may sign it.

use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::SignerError;

/// The future that a [`Signer`] returns.
pub type SignatureFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, SignerError>> + Send + 'a>>;

/// Something that can sign a logon: a key in memory, a hardware module, a key service, another process.
///
/// It is asked once a logon, never on the way of an order. The answer is a future, since most of these are a call
/// away; a signer that computes returns `Box::pin(std::future::ready(..))`, and one that blocks has to move the call to
/// a thread for that (`tokio::task::spawn_blocking`). The session driver bounds the wait by its logon timeout.
///
/// The signature has to be RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes, over `message` (not over
/// a digest of it), as raw bytes: base64 is added by the caller.
///
/// ```
/// use kalshi_fix::credentials::{PrivateKey, SignatureFuture, Signer, SignerError};
///
/// /// Signs in a thread of its own, as a blocking client of a hardware module would.
/// struct OffThread(PrivateKey);
///
/// impl Signer for OffThread {
///     fn sign<'a>(&'a self, message: &'a [u8]) -> SignatureFuture<'a> {
///         let (key, message) = (self.0.clone(), message.to_vec());
///         Box::pin(async move {
///             tokio::task::spawn_blocking(move || key.sign_now(&message)).await.map_err(SignerError::new)?
///         })
///     }
/// }
/// ```
pub trait Signer: Send + Sync {
    /// Signs `message`.
    fn sign<'a>(&'a self, message: &'a [u8]) -> SignatureFuture<'a>;
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
