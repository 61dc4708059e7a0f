use std::collections::HashMap;
use std::error::Error as _;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;
use crate::environment::{Product, SessionKind};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/keys")
        .join(name)
}

fn pem(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn public_key() -> PublicKey {
    PublicKey::from_pem(&pem("rsa-public.pem")).unwrap()
}

const PASSPHRASE: &str = "correct horse";
const TEXT: LogonText<'static> = LogonText {
    sending_time: b"20261122-11:59:59.999",
    msg_seq_num: 1,
    sender_comp_id: b"b1d4e1a0-6f0e-4a43-9b5d-1f4b7f0c2a11",
    target_comp_id: b"KalshiNR",
};

async fn raw_data(key: &PrivateKey) -> String {
    TEXT.sign(key).await.unwrap()
}

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

#[tokio::test]
async fn every_form_of_the_key_signs() {
    let public = public_key();
    let keys = [
        PrivateKey::from_pem(&pem("rsa-pkcs8.pem")),
        PrivateKey::from_pem(&pem("rsa-pkcs1.pem")),
        PrivateKey::from_pem(&pem("rsa-pkcs8.pem").replace('\n', "\r\n")),
        PrivateKey::from_encrypted_pem(&pem("rsa-pkcs8-encrypted.pem"), PASSPHRASE),
        PrivateKey::from_encrypted_pem(&pem("rsa-pkcs8-encrypted-scrypt.pem"), PASSPHRASE),
        PrivateKey::from_encrypted_pem(&pem("rsa-pkcs8.pem"), "unused"),
        PrivateKey::from_pem_file(path("rsa-pkcs1.pem")),
        PrivateKey::from_encrypted_pem_file(path("rsa-pkcs8-encrypted.pem"), PASSPHRASE),
    ];
    for (index, key) in keys.into_iter().enumerate() {
        let key = key.unwrap_or_else(|error| panic!("key {index}: {error}"));
        let first = raw_data(&key).await;
        assert_eq!(
            public.verify_logon(&TEXT, first.as_bytes()),
            Ok(()),
            "key {index}"
        );
        assert_ne!(first, raw_data(&key).await, "the salt is random");
        assert_eq!(key.public_key().to_pem().unwrap(), public.to_pem().unwrap());
    }
}

#[test]
fn public_keys_are_read_in_both_forms() {
    let from_pkcs1 = PublicKey::from_pem_file(path("rsa-public-pkcs1.pem")).unwrap();
    assert_eq!(from_pkcs1.to_pem().unwrap(), public_key().to_pem().unwrap());
}

#[test]
fn a_wrong_raw_data_is_named() {
    let key = public_key();
    assert_eq!(key.verify_logon(&TEXT, b"%%%"), Err(VerifyError::NotBase64));
    assert_eq!(key.verify_logon(&TEXT, b""), Err(VerifyError::Mismatch));
    assert_eq!(key.verify_logon(&TEXT, b"YWJj"), Err(VerifyError::Mismatch));
}

#[tokio::test]
async fn a_generated_key_survives_its_pem() {
    let key = PrivateKey::generate().unwrap();
    let again = PrivateKey::from_pem(&key.to_pem().unwrap()).unwrap();
    let public = PublicKey::from_pem(&key.public_key().to_pem().unwrap()).unwrap();
    assert_eq!(
        public.verify_logon(&TEXT, raw_data(&again).await.as_bytes()),
        Ok(())
    );
}

#[test]
fn a_generated_key_survives_its_encrypted_pem() {
    let key = PrivateKey::generate().unwrap();
    let pem = key.to_encrypted_pem("pass phrase").unwrap();
    assert!(
        pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"),
        "{}",
        pem.lines().next().unwrap()
    );
    let again = PrivateKey::from_encrypted_pem(&pem, "pass phrase").unwrap();
    assert_eq!(
        again.public_key().to_pem().unwrap(),
        key.public_key().to_pem().unwrap()
    );
    assert!(matches!(
        PrivateKey::from_encrypted_pem(&pem, "another"),
        Err(KeyError::WrongPassphrase)
    ));
    assert_ne!(
        *key.to_encrypted_pem("pass phrase").unwrap(),
        *pem,
        "another salt each time"
    );
}

#[test]
fn a_key_has_a_length_that_is_supported() {
    for bits in [1024, 2047, 4097] {
        assert!(
            matches!(PrivateKey::generate_with(bits), Err(KeyError::Length { bits: said, .. }) if said == bits)
        );
    }
}

#[test]
fn unusable_private_keys() {
    fn check(pem: &str, passphrase: Option<&str>, expected: &str) {
        let found = PrivateKey::read(pem, passphrase).unwrap_err();
        assert_eq!(found.to_string(), expected);
        // No part of the text may come back: any 12 characters of the base64 would show here.
        let shown = format!("{found} {found:?}");
        for line in pem
            .lines()
            .filter(|line| line.len() >= 12 && !line.starts_with("-----"))
        {
            assert!(!shown.contains(&line[..12]), "{shown}");
        }
    }
    let wrong = "the passphrase does not open the key (or the encrypted key is damaged)";
    let ec = "this is a key for elliptic curves (EC); the venue's logon needs an RSA key";
    check(
        &pem("rsa-pkcs8-encrypted.pem"),
        None,
        "the key is encrypted, and no passphrase was given",
    );
    check(&pem("rsa-pkcs8-encrypted.pem"), Some("Correct horse"), wrong);
    check(&pem("rsa-pkcs8-encrypted.pem"), Some(""), wrong);
    check(&pem("rsa-pkcs8-encrypted-scrypt.pem"), Some("wrong"), wrong);
    check(
        &pem("rsa-public.pem"),
        None,
        "this is a public key; logging on needs the private key, which the venue showed once when the API key was made",
    );
    check(
        &pem("rsa-public-pkcs1.pem"),
        None,
        "this is a public key; logging on needs the private key, which the venue showed once when the API key was made",
    );
    check(
        &pem("certificate.pem"),
        None,
        "this is a certificate, not an RSA private key in PEM",
    );
    check(&pem("ec-sec1.pem"), None, ec);
    check(&pem("ec-pkcs8.pem"), None, ec);
    check(
        &pem("ed25519-pkcs8.pem"),
        None,
        "this is a key for Ed25519; the venue's logon needs an RSA key",
    );
    check(
        &pem("rsa-pss-only-pkcs8.pem"),
        None,
        "this is a key for RSASSA-PSS alone (make a plain RSA key, with `openssl genrsa`); \
         the venue's logon needs an RSA key",
    );
    check(
        &pem("rsa-1024-pkcs8.pem"),
        None,
        "the key has 1024 bits; supported are 2048 to 4096, and the venue makes 2048",
    );
    check(
        &pem("openssh.pem"),
        None,
        "PEM block \"OPENSSH PRIVATE KEY\" is not supported: it is OpenSSH's own format, \
         convert a copy with `ssh-keygen -p -m PKCS8 -f key`",
    );
    check(
        &pem("rsa-legacy-encrypted.pem"),
        Some(PASSPHRASE),
        "PEM block \"RSA PRIVATE KEY\" is not supported: it is encrypted in OpenSSL's old way, \
         convert it with `openssl pkcs8 -topk8 -in old.pem -out new.pem`",
    );
    check(
        &pem("rsa-pkcs8-encrypted-3des.pem"),
        Some(PASSPHRASE),
        "the key's encryption is not supported (algorithm 1.2.840.113549.3.7); \
         re-encrypt it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256`",
    );
    check(
        &(pem("rsa-pkcs8.pem") + &pem("certificate.pem")),
        None,
        "2 PEM blocks (PRIVATE KEY, CERTIFICATE) where exactly one key is expected",
    );
    let not_pem = "not a PEM: no \"-----BEGIN …-----\" line found; expected an RSA private key in PEM \
                   (a path is not read here, and a DER file has to be converted)";
    check("", None, not_pem);
    check("/etc/kalshi/key.pem", None, not_pem);
    let damaged = pem("rsa-pkcs8.pem").replacen("MIIE", "AAAA", 1);
    assert!(matches!(
        PrivateKey::from_pem(&damaged),
        Err(KeyError::Damaged { .. })
    ));
    let relabelled = pem("rsa-pkcs1.pem").replace("RSA PRIVATE KEY", "PRIVATE KEY");
    assert!(matches!(
        PrivateKey::from_pem(&relabelled),
        Err(KeyError::Damaged { .. })
    ));
}

#[test]
fn unusable_public_keys() {
    fn check(name: &str, expected: &str) {
        assert_eq!(PublicKey::from_pem(&pem(name)).unwrap_err().to_string(), expected);
    }
    let private = "this is a private key where a public key is expected; keep it out of here";
    check("rsa-pkcs8.pem", private);
    check("rsa-pkcs1.pem", private);
    check("rsa-pkcs8-encrypted.pem", private);
    check(
        "certificate.pem",
        "this is a certificate, not an RSA public key in PEM",
    );
    check(
        "ec-public.pem",
        "this is a key for elliptic curves (EC); the venue's logon needs an RSA key",
    );
    check(
        "rsa-1024-public.pem",
        "the key has 1024 bits; supported are 2048 to 4096, and the venue makes 2048",
    );
}

#[test]
fn unreadable_files_are_named_with_their_cause() {
    let error = PrivateKey::from_pem_file("/nonexistent/key.pem").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the key file /nonexistent/key.pem: No such file or directory (os error 2)"
    );
    assert!(error.source().is_some());
    let directory = path("");
    assert!(matches!(
        PrivateKey::from_pem_file(&directory),
        Err(KeyError::Unreadable { .. })
    ));
    let error = PrivateKey::from_pem_file(path("README.md")).unwrap_err();
    assert!(error.to_string().starts_with("key file "), "{error}");
    assert!(matches!(error, KeyError::InFile { source, .. } if matches!(*source, KeyError::NotPem { .. })));
}

#[test]
fn debug_shows_no_secret() {
    let key = PrivateKey::from_pem(&pem("rsa-pkcs8.pem")).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey { bits: 2048, .. }");
    assert_eq!(format!("{:?}", key.public_key()), "PublicKey { bits: 2048, .. }");
    let credentials = Credentials::new("id", key).unwrap();
    assert_eq!(format!("{credentials:?}"), "Credentials { key_id: \"id\", .. }");
}

#[test]
fn key_ids_that_cannot_be_sent() {
    let key = PrivateKey::from_pem(&pem("rsa-pkcs8.pem")).unwrap();
    let check = |key_id: &str, expected: &str| {
        let error = Credentials::new(key_id, key.clone()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check("", "the API key id is empty");
    check(
        "a\x0149=b",
        "the API key id has a space, a control character or a character outside ASCII in it",
    );
    check(
        "b1d4e1a0 ",
        "the API key id has a space, a control character or a character outside ASCII in it",
    );
    check(
        "naïve",
        "the API key id has a space, a control character or a character outside ASCII in it",
    );
    check(&"a".repeat(129), "the API key id is longer than 128 bytes");
    check(
        &pem("rsa-pkcs8.pem"),
        "the API key id looks like a PEM; it is the short id, and the key goes elsewhere",
    );
}

#[test]
fn credentials_from_variables() {
    fn look_up(product: Product, variables: &[(&str, &str)]) -> Result<Credentials, CredentialsError> {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        Credentials::from_lookup(product, |name| variables.get(name).copied())
    }
    fn check(product: Product, variables: &[(&str, &str)], expected: Result<&str, &str>) {
        let found = look_up(product, variables);
        let found = found
            .as_ref()
            .map(Credentials::key_id)
            .map_err(ToString::to_string);
        assert_eq!(found.as_ref().map(|id| *id).map_err(String::as_str), expected);
    }
    use Product::{Margin, Prediction};
    let (plain, encrypted) = (pem("rsa-pkcs8.pem"), pem("rsa-pkcs8-encrypted.pem"));
    let escaped = plain.replace('\n', "\\n");
    let (plain_path, encrypted_path) = (path("rsa-pkcs1.pem"), path("rsa-pkcs8-encrypted.pem"));
    let (plain_path, encrypted_path) = (plain_path.to_str().unwrap(), encrypted_path.to_str().unwrap());
    let id = ("KALSHI_KEY_ID", "me");

    check(Prediction, &[id, ("KALSHI_PRIVATE_KEY", &plain)], Ok("me"));
    check(
        Prediction,
        &[("KALSHI_KEY_ID", " me\n"), ("KALSHI_PRIVATE_KEY", &escaped)],
        Ok("me"),
    );
    check(
        Prediction,
        &[id, ("KALSHI_PRIVATE_KEY_PATH", plain_path)],
        Ok("me"),
    );
    check(
        Prediction,
        &[
            id,
            ("KALSHI_PRIVATE_KEY", ""),
            ("KALSHI_PRIVATE_KEY_PATH", plain_path),
        ],
        Ok("me"),
    );
    check(
        Prediction,
        &[
            id,
            ("KALSHI_PRIVATE_KEY_PATH", encrypted_path),
            ("KALSHI_PRIVATE_KEY_PASSPHRASE", PASSPHRASE),
        ],
        Ok("me"),
    );
    check(
        Margin,
        &[
            ("KALSHI_PERPS_KEY_ID", "perps"),
            ("KALSHI_PERPS_PRIVATE_KEY", &encrypted),
            ("KALSHI_PERPS_PRIVATE_KEY_PASSPHRASE", PASSPHRASE),
        ],
        Ok("perps"),
    );
    // The other product's variables do not count.
    check(
        Margin,
        &[id, ("KALSHI_PRIVATE_KEY", &plain)],
        Err("KALSHI_PERPS_KEY_ID is not set; it holds the id of the API key"),
    );
    check(
        Prediction,
        &[("KALSHI_PRIVATE_KEY", &plain)],
        Err("KALSHI_KEY_ID is not set; it holds the id of the API key"),
    );
    check(
        Prediction,
        &[id],
        Err("no private key: set KALSHI_PRIVATE_KEY (the PEM itself) or KALSHI_PRIVATE_KEY_PATH (a file)"),
    );
    check(
        Prediction,
        &[
            id,
            ("KALSHI_PRIVATE_KEY", &plain),
            ("KALSHI_PRIVATE_KEY_PATH", plain_path),
        ],
        Err("both KALSHI_PRIVATE_KEY and KALSHI_PRIVATE_KEY_PATH are set; set exactly one of them"),
    );
    check(
        Prediction,
        &[id, ("KALSHI_PRIVATE_KEY", &encrypted)],
        Err(
            "the key in KALSHI_PRIVATE_KEY is encrypted; set its passphrase in KALSHI_PRIVATE_KEY_PASSPHRASE",
        ),
    );
    check(
        Prediction,
        &[id, ("KALSHI_PRIVATE_KEY_PATH", encrypted_path)],
        Err("the key in KALSHI_PRIVATE_KEY_PATH is encrypted; \
             set its passphrase in KALSHI_PRIVATE_KEY_PASSPHRASE"),
    );
    check(
        Prediction,
        &[
            id,
            ("KALSHI_PRIVATE_KEY", &encrypted),
            ("KALSHI_PRIVATE_KEY_PASSPHRASE", "wrong"),
        ],
        Err("KALSHI_PRIVATE_KEY: the passphrase does not open the key (or the encrypted key is damaged)"),
    );
    check(
        Prediction,
        &[id, ("KALSHI_PRIVATE_KEY_PATH", "/nonexistent")],
        Err("KALSHI_PRIVATE_KEY_PATH: cannot read the key file /nonexistent: \
             No such file or directory (os error 2)"),
    );
}

#[test]
fn key_rings_from_variables() {
    use KeyUse::{Listener, Session};
    use Product::{Margin, Prediction};
    use SessionKind::{DropCopy, MarketData, OrderEntry, OrderEntryRetransmitting, PostTrade, Rfq};
    let key = pem("rsa-pkcs8.pem");
    let check = |product: Product, variables: &[(&str, &str)], expected: Result<&[(KeyUse, &str)], &str>| {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        let ring = KeyRing::from_lookup(product, |name| variables.get(name).copied());
        let uses = KeyUse::all().filter(|key_use| product.offers(key_use.kind()));
        let found = ring.map_err(|error| error.to_string()).map(|ring| {
            let found =
                uses.filter_map(|key_use| Some((key_use, ring.find(key_use).ok()?.key_id().to_owned())));
            found.collect::<Vec<_>>()
        });
        let found: Result<Vec<(KeyUse, &str)>, &str> = match &found {
            Ok(found) => Ok(found
                .iter()
                .map(|(key_use, id)| (*key_use, id.as_str()))
                .collect()),
            Err(error) => Err(error),
        };
        assert_eq!(found, expected.map(<[_]>::to_vec));
    };
    check(
        Prediction,
        &[
            ("KALSHI_KEY_ID", "usual"),
            ("KALSHI_PRIVATE_KEY", &key),
            ("KALSHI_MD_KEY_ID", "data"),
            ("KALSHI_MD_PRIVATE_KEY", &key),
            ("KALSHI_RT_LISTENER_KEY_ID", "ears"),
            ("KALSHI_RT_LISTENER_PRIVATE_KEY", &key),
        ],
        Ok(&[
            (Session(OrderEntry), "usual"),
            (Session(OrderEntryRetransmitting), "usual"),
            (Session(DropCopy), "usual"),
            (Session(PostTrade), "usual"),
            (Session(Rfq), "usual"),
            (Session(MarketData), "data"),
            (Listener(OrderEntry), "usual"),
            (Listener(OrderEntryRetransmitting), "ears"),
        ]),
    );
    // Each session its own, and nothing for the rest.
    check(
        Margin,
        &[
            ("KALSHI_PERPS_DC_KEY_ID", "copy"),
            ("KALSHI_PERPS_DC_PRIVATE_KEY", &key),
        ],
        Ok(&[(Session(DropCopy), "copy")]),
    );
    check(
        Prediction,
        &[
            ("KALSHI_KEY_ID", "usual"),
            ("KALSHI_PRIVATE_KEY", &key),
            ("KALSHI_NR_KEY_ID", "orders"),
        ],
        Err(
            "no private key: set KALSHI_NR_PRIVATE_KEY (the PEM itself) or KALSHI_NR_PRIVATE_KEY_PATH (a file)",
        ),
    );
    check(
        Prediction,
        &[("KALSHI_NR_PRIVATE_KEY", &key)],
        Err("KALSHI_NR_KEY_ID is not set; it holds the id of the API key"),
    );
    check(
        Prediction,
        &[],
        Err("KALSHI_KEY_ID is not set; it holds the id of the API key"),
    );
    // The other product's keys are not this one's.
    check(
        Margin,
        &[("KALSHI_KEY_ID", "usual"), ("KALSHI_PRIVATE_KEY", &key)],
        Err("KALSHI_PERPS_KEY_ID is not set; it holds the id of the API key"),
    );
    let error = KeyRing::empty().find(Listener(OrderEntry)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no API key for a listener on KalshiNR: it has none of its own, and there is no usual one"
    );
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_draws_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let file = std::env::temp_dir().join(format!("kalshi-fix-key-{}.pem", std::process::id()));
    std::fs::write(&file, pem("rsa-pkcs8.pem")).unwrap();
    let mut warned = Vec::new();
    for mode in [0o600, 0o400, 0o640, 0o604] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), || PrivateKey::from_pem_file(&file)).unwrap();
        let said = log.0.lock().unwrap().join("; ");
        assert!(!said.contains("PRIVATE KEY"), "{said}");
        if said.contains("chmod 600") && said.contains(&format!("{mode:o}")) {
            warned.push(mode);
        }
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(warned, [0o640, 0o604]);
}

/// Keeps the warnings.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Words(String);
        impl tracing::field::Visit for Words {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0 = format!("{} {field}={value:?}", self.0);
            }
        }
        let mut words = Words(String::new());
        event.record(&mut words);
        self.0.lock().unwrap().push(words.0);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
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

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_unicode_is_named() {
    use std::os::unix::ffi::OsStringExt as _;
    let error = Credentials::from_lookup(Product::Prediction, |name| {
        (name == "KALSHI_KEY_ID").then(|| OsString::from_vec(vec![0xff]))
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value of KALSHI_KEY_ID is not Unicode text"
    );
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
