//! Keys and configurations that cannot be used.

use kalshi_fix::config::Config;
use kalshi_fix::credentials::{Credentials, KeyRing, PrivateKey, PublicKey};
use kalshi_fix::environment::{Environment, Product};
use kalshi_fix::margin::Margin;
use kalshi_fix::prediction::Prediction;

use super::*;

const ENCRYPTED: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-pkcs8-encrypted.pem");
const PUBLIC: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/rsa-public.pem");
const CERTIFICATE: &str = include_str!("../../../kalshi-fix/tests/fixtures/keys/certificate.pem");

#[test]
fn keys() {
    let mut report = Report::default();
    let mut variables = |case: &str, product: Product, variables: &[(&str, &str)]| {
        let ring = KeyRing::from_lookup(product, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        });
        report.add(case, &ring.unwrap_err());
    };
    let id = ("KALSHI_KEY_ID", "a-key");
    variables("nothing set", Product::Prediction, &[]);
    variables("nothing set, for margin", Product::Margin, &[id]);
    variables("no key", Product::Prediction, &[id]);
    variables(
        "both sources",
        Product::Prediction,
        &[
            id,
            ("KALSHI_PRIVATE_KEY", KEY),
            ("KALSHI_PRIVATE_KEY_PATH", "key.pem"),
        ],
    );
    variables(
        "an id with a space",
        Product::Prediction,
        &[("KALSHI_KEY_ID", "a key"), ("KALSHI_PRIVATE_KEY", KEY)],
    );
    variables(
        "the key in place of its id",
        Product::Prediction,
        &[("KALSHI_KEY_ID", KEY)],
    );
    variables(
        "no passphrase",
        Product::Prediction,
        &[id, ("KALSHI_PRIVATE_KEY", ENCRYPTED)],
    );
    variables(
        "a wrong passphrase",
        Product::Prediction,
        &[
            id,
            ("KALSHI_PRIVATE_KEY", ENCRYPTED),
            ("KALSHI_PRIVATE_KEY_PASSPHRASE", "s3cret"),
        ],
    );
    variables(
        "a path in place of the key",
        Product::Prediction,
        &[id, ("KALSHI_PRIVATE_KEY", "/home/me/key.pem")],
    );
    variables(
        "a file that is not there",
        Product::Prediction,
        &[id, ("KALSHI_PRIVATE_KEY_PATH", "/nowhere/key.pem")],
    );
    variables(
        "the key in place of its path",
        Product::Prediction,
        &[id, ("KALSHI_PRIVATE_KEY_PATH", KEY)],
    );
    variables(
        "half a key for one session",
        Product::Prediction,
        &[id, ("KALSHI_PRIVATE_KEY", KEY), ("KALSHI_MD_KEY_ID", "another")],
    );

    report.add("a public key", &PrivateKey::from_pem(PUBLIC).unwrap_err());
    report.add("a certificate", &PrivateKey::from_pem(CERTIFICATE).unwrap_err());
    report.add(
        "two keys",
        &PrivateKey::from_pem(&format!("{KEY}\n{KEY}")).unwrap_err(),
    );
    report.add(
        "a key that was cut off",
        &PrivateKey::from_pem(&KEY[..KEY.len() / 2]).unwrap_err(),
    );
    let elliptic = rcgen::KeyPair::generate().unwrap().serialize_pem();
    report.add(
        "a key of another algorithm",
        &PrivateKey::from_pem(&elliptic).unwrap_err(),
    );
    report.add("a private key in public", &PublicKey::from_pem(KEY).unwrap_err());
    report.add(
        "an empty id",
        &Credentials::new("", PrivateKey::from_pem(KEY).unwrap()).unwrap_err(),
    );
    report.add(
        "an environment that is none",
        &"live".parse::<Environment>().unwrap_err(),
    );
    insta::assert_snapshot!(report.0);
}

#[test]
fn configurations() {
    let mut report = Report::default();
    let keys = |name: &str| match name {
        "KALSHI_KEY_ID" => Some("a-key"),
        "KALSHI_PRIVATE_KEY" => Some(KEY),
        _ => None,
    };
    let mut file = |case: &str, text: &str| {
        let config = Config::<Prediction>::from_toml(text);
        let error = config.and_then(|config| {
            let builder = config.builder()?;
            Ok(builder.credentials(config.keys_from(&keys)?).build()?)
        });
        report.add(case, &error.unwrap_err());
    };
    file("no TOML", "environment = demo");
    file("a table that does not end", "[logon\nuse_dollars = true");
    file("a key twice", "heartbeat = \"30s\"\nheartbeat = \"31s\"");
    file("an unknown key", "enviroment = \"demo\"");
    file("a key in the wrong table", "[logon]\nheartbeat = \"30s\"");
    file("an unknown table", "[loging]\nlevel = 1");
    file("a number without a unit", "[timeouts]\nlogon = 10");
    file("a flag in quotes", "[logon]\nuse_dollars = \"yes\"");
    file("a port that is none", "[ports]\nNR = 82280");
    file("a pin that is none", "[tls]\npins = [\"xyz\"]");
    file("a secret", "[credentials]\nprivate_key = \"s3cret\"");
    file("no environment", "heartbeat = \"30s\"");
    file(
        "no key",
        "environment = \"demo\"\n[credentials]\nkey_id = \"a-key\"\nprivate_key_variable = \"MY_KEY\"",
    );
    file(
        "an unknown host",
        "environment = \"production\"\n[hosts]\nMD = \"fix.demo.kalshi.co\"",
    );
    file(
        "roots that are not there",
        "environment = \"demo\"\n[tls]\nroots = [\"/nowhere/roots.pem\"]",
    );
    let margin = Config::<Margin>::from_toml("logon.use_dollars = false").unwrap_err();
    report.add("cents on margin", &margin);
    let variable = Config::<Prediction>::new().variables([("KALSHI_FIX_TIMEOUTS_LOGIN", "10s")]);
    report.add("a misspelt variable", &variable.unwrap_err());
    let variable = Config::<Prediction>::new().variables([("KALSHI_FIX_HEARTBEAT", "30")]);
    report.add("a variable without a unit", &variable.unwrap_err());
    let missing = Config::<Prediction>::from_toml_file("/nowhere/kalshi.toml").unwrap_err();
    report.add("a file that is not there", &missing);
    insta::assert_snapshot!(report.0);
}
