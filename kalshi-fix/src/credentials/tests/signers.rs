//! Signatures, and signers of the user's own.

use super::*;

#[test]
fn recorded_signatures_verify() {
    let key = public_key();
    let records = pem("logon-signatures.tsv");
    let mut count = 0;
    for line in records.lines().filter(|line| !line.starts_with('#')) {
        let [sending_time, msg_seq_num, sender, target, raw_data] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let text = LogonText {
            sending_time: sending_time.as_bytes(),
            msg_seq_num: msg_seq_num.parse().unwrap(),
            sender_comp_id: sender.as_bytes(),
            target_comp_id: target.as_bytes(),
        };
        assert_eq!(key.verify_logon(&text, raw_data.as_bytes()), Ok(()), "{line}");
        // Each covered value matters.
        for changed in [
            LogonText {
                sending_time: b"20230809-05:28:18.036",
                ..text
            },
            LogonText {
                msg_seq_num: text.msg_seq_num + 1,
                ..text
            },
            LogonText {
                sender_comp_id: b"b1d4e1a0-6f0e-4a43-9b5d-1f4b7f0c2a12",
                ..text
            },
            LogonText {
                target_comp_id: b"KalshiDC",
                ..text
            },
        ] {
            assert_eq!(
                key.verify_logon(&changed, raw_data.as_bytes()),
                Err(VerifyError::Mismatch)
            );
        }
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn a_wrong_raw_data_is_named() {
    let key = public_key();
    assert_eq!(key.verify_logon(&TEXT, b"%%%"), Err(VerifyError::NotBase64));
    assert_eq!(key.verify_logon(&TEXT, b""), Err(VerifyError::Mismatch));
    assert_eq!(key.verify_logon(&TEXT, b"YWJj"), Err(VerifyError::Mismatch));
}

/// On the runtime's only thread this would wait for itself.
#[tokio::test]
async fn a_signer_that_blocks_does_not_block_the_runtime() {
    let (allow, allowed) = std::sync::mpsc::channel();
    let allowed = Mutex::new(allowed);
    let signer = BlockingSigner::new(move |message: &[u8]| {
        allowed.lock().unwrap().recv()?;
        Ok::<_, std::sync::mpsc::RecvError>(message.to_vec())
    });
    let (signature, ()) = tokio::join!(signer.sign(b"text"), async { allow.send(()).unwrap() });
    assert_eq!(signature.unwrap(), b"text");
    drop(allow);
    let error = signer.sign(b"text").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the logon could not be signed: receiving on a closed channel"
    );
    let panics = BlockingSigner::new(|_: &[u8]| -> Result<Vec<u8>, SignerError> { panic!("out of order") });
    assert!(panics.sign(b"text").await.is_err());
}

/// A signer that lives elsewhere: it refuses, or answers nothing.
struct Remote(Result<Vec<u8>, &'static str>);

impl Signer for Remote {
    fn sign<'a>(&'a self, _message: &'a [u8]) -> SignatureFuture<'a> {
        let answer = self.0.clone().map_err(SignerError::new);
        Box::pin(async move {
            tokio::task::yield_now().await;
            answer
        })
    }
}

#[tokio::test]
async fn a_signer_of_the_users_own() {
    let credentials = Credentials::with_signer("id", Remote(Ok(b"abc".to_vec()))).unwrap();
    assert_eq!(TEXT.sign(credentials.signer()).await.unwrap(), "YWJj");
    let refused = TEXT.sign(&Remote(Err("the module is locked"))).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the logon could not be signed: the module is locked"
    );
    let empty = TEXT.sign(&Remote(Ok(Vec::new()))).await.unwrap_err();
    assert_eq!(
        empty.to_string(),
        "the logon could not be signed: the signer returned an empty signature"
    );
}
