//! Credentials from variables.

use super::*;

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
        Err(
            "KALSHI_PERPS_KEY_ID is not set; it holds the id of the API key (KALSHI_KEY_ID is set, for the other product)",
        ),
    );
    check(
        Prediction,
        &[
            ("KALSHI_PERPS_KEY_ID", "perps"),
            ("KALSHI_PERPS_PRIVATE_KEY", &plain),
        ],
        Err(
            "KALSHI_KEY_ID is not set; it holds the id of the API key (KALSHI_PERPS_KEY_ID is set, for the other product)",
        ),
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
        Err(
            "KALSHI_PRIVATE_KEY: the passphrase does not open the key, or the encrypted key is damaged; \
             `openssl pkey -in FILE -noout` asks for it, and tells; the passphrase is that of KALSHI_PRIVATE_KEY_PASSPHRASE",
        ),
    );
    check(
        Prediction,
        &[id, ("KALSHI_PRIVATE_KEY_PATH", "/nonexistent")],
        Err("KALSHI_PRIVATE_KEY_PATH: cannot read the key file /nonexistent: \
             No such file or directory (os error 2)"),
    );
}

#[test]
fn a_path_in_place_of_a_key_is_told() {
    let file = path("rsa-pkcs1.pem");
    let variables = [
        ("KALSHI_KEY_ID", "me"),
        ("KALSHI_PRIVATE_KEY", file.to_str().unwrap()),
    ];
    let variables = HashMap::from(variables);
    let error =
        Credentials::from_lookup(Product::Prediction, |name| variables.get(name).copied()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "KALSHI_PRIVATE_KEY holds a path, where the text of a key belongs; unset it, and put the path into \
         KALSHI_PRIVATE_KEY_PATH"
    );
}

#[test]
fn a_file_that_is_no_pem_is_told_as_what_it_is() {
    let file = std::env::temp_dir().join(format!("kalshi-fix-no-pem-{}", std::process::id()));
    let check = |contents: &[u8], expected: &str| {
        std::fs::write(&file, contents).unwrap();
        let error = PrivateKey::from_pem_file(&file).unwrap_err().to_string();
        let named = format!(
            "key file {}: not a PEM: no \"-----BEGIN …-----\" line found; expected an RSA private key in PEM; {expected}",
            file.display()
        );
        assert_eq!(error, named);
    };
    check(b"", "there is nothing in it");
    check(b"/home/me/key.pem\n", "there is nothing in it but a path");
    check(b"\xff\xfe", "it is no text");
    check(
        b"\x30\x82\x04\xbd\xff",
        "this may be DER: `openssl pkey -inform der -in FILE -out key.pem` converts it",
    );
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_key_in_place_of_its_path_is_not_shown() {
    let plain = pem("rsa-pkcs8.pem");
    let lines = plain.lines().filter(|line| !line.starts_with("-----"));
    let (wrapped, bare): (Vec<&str>, String) = (lines.clone().collect(), lines.collect());
    let public = pem("rsa-public.pem");
    for text in [
        plain.clone(),
        plain.replace('\n', "\\n"),
        plain.replace('\n', " "),
        wrapped.join("\n"),
        format!("/etc/kalshi/{bare}"),
        bare,
        public,
    ] {
        let variables = [
            ("KALSHI_KEY_ID", "me"),
            ("KALSHI_PRIVATE_KEY_PATH", text.as_str()),
        ];
        let variables = HashMap::from(variables);
        let error =
            Credentials::from_lookup(Product::Prediction, |name| variables.get(name).copied()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "KALSHI_PRIVATE_KEY_PATH holds the text of a key, where the path of its file belongs; unset it, \
             and put the text into KALSHI_PRIVATE_KEY"
        );
        let error = PublicKey::from_pem_file(&text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(matches!(error, KeyError::TextForPath), "{}", shown.len());
        assert!(!shown.contains("MII"), "{}", shown.len());
    }
    // Paths, long ones too.
    let long = format!("/nowhere/{}", "MII/abc-".repeat(100));
    for path in ["MIIkey.pem", long.as_str()] {
        let error = PrivateKey::from_pem_file(path).unwrap_err();
        assert!(matches!(error, KeyError::Unreadable { .. }), "{error}");
    }
}

#[test]
fn an_id_that_cannot_be_sent_is_told_with_its_variable() {
    let error = Credentials::from_lookup(Product::Margin, |name| {
        (name == "KALSHI_PERPS_KEY_ID").then_some("a b")
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the API key id in KALSHI_PERPS_KEY_ID has a space, a control character or a character outside ASCII in it"
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
        Err(
            "KALSHI_PERPS_KEY_ID is not set; it holds the id of the API key (KALSHI_KEY_ID is set, for the other product)",
        ),
    );
    // Where to set what is missing is told only where it would be read.
    let variables = HashMap::from([
        ("KALSHI_PERPS_MD_KEY_ID", "data"),
        ("KALSHI_PERPS_MD_PRIVATE_KEY", key.as_str()),
    ]);
    let ring = KeyRing::from_lookup(Margin, |name| variables.get(name).copied()).unwrap();
    assert_eq!(
        ring.find(Listener(OrderEntry)).unwrap_err().to_string(),
        "no API key for a listener on KalshiNR: it has none of its own, and there is no usual one; \
         set KALSHI_PERPS_NR_LISTENER_KEY_ID, or KALSHI_PERPS_KEY_ID for whatever has none of its own, \
         with the private key beside it"
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
    // Met before there is a subscriber, so that no other test is the first to meet it while it has none.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o604)).unwrap();
    PrivateKey::from_pem_file(&file).unwrap();
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
