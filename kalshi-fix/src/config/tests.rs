use std::path::PathBuf;

use super::*;
use crate::environment::SessionKind;
use crate::margin::Margin;
use crate::prediction::Prediction;
use crate::reconnect::MaintenanceWindow;

const SAMPLE: &str = include_str!("sample.toml");

fn read(text: &str) -> Result<Config<Prediction>, String> {
    Config::from_toml(text).map_err(|error| error.to_string())
}

/// What it says, with every line that is commented out said as well.
#[test]
fn the_sample_is_read_and_names_every_key() {
    let sample = Config::<Prediction>::from_toml(SAMPLE).unwrap();
    // What it sets is what is without it, but for these.
    let mut expected = Settings {
        environment: Some(crate::environment::Environment::Demo),
        reconnects: true,
        ..Settings::default()
    };
    expected.store.directory = Some(PathBuf::from("journal"));
    let seconds = std::time::Duration::from_secs;
    expected.heartbeat = Some(seconds(30));
    (expected.logon_timeout, expected.logout_timeout) = (Some(seconds(10)), Some(seconds(2)));
    expected.request_timeout = Some(seconds(10));
    expected.market_data_policy = Some(crate::driver::InboundPolicy::DropAndInvalidate);
    expected.rate.tier = Some(crate::rate::Tier::Premier);
    expected.logon = sample.settings.logon;
    assert_eq!(sample.settings, expected);
    // And without it a client is the same.
    let ours = Config::<Prediction>::new().set("environment", "demo").unwrap();
    let mut choices = [
        crate::client::Choices::default(),
        crate::client::Choices::default(),
    ];
    ours.settings.logon.apply(&mut choices[0]);
    sample.settings.logon.apply(&mut choices[1]);
    choices[0].message_retention = choices[1].message_retention;
    assert_eq!(choices[0], choices[1]);

    for setting in SETTINGS {
        let (table, name) = setting.name.rsplit_once('.').unwrap_or(("", setting.name));
        let section = match table {
            "" => SAMPLE.split("\n[").next(),
            table => SAMPLE
                .split("\n[")
                .find(|section| section.starts_with(&format!("{table}]"))),
        };
        let named = section.is_some_and(|section| {
            section
                .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .any(|word| word == name)
        });
        assert!(named, "the sample does not name {}", setting.name);
    }
}

#[test]
fn mistakes_are_told_with_their_line() {
    fn check(text: &str, expected: &str) {
        assert_eq!(read(text).unwrap_err(), expected, "{text}");
    }
    check(
        "a = ",
        "line 1: string values must be quoted, expected literal string",
    );
    check(
        "\nhartbeat = \"30s\"",
        "line 2: unknown key \"hartbeat\"; did you mean \"heartbeat\"?",
    );
    check(
        "[logon]\n\nuse_dolars = true",
        "line 3: unknown key \"logon.use_dolars\"; did you mean \"logon.use_dollars\"?",
    );
    check("[colours]\nred = 1", "line 2: unknown key \"colours.red\"");
    check(
        "heartbeat = 30",
        "line 1: heartbeat is 30; expected a time with its unit, such as \"500ms\", \"30s\", \"5m\" or \"24h\"",
    );
    check(
        "environment = \"live\"",
        "line 1: environment is \"live\"; expected one of \"production\", \"demo\", \"loopback\"",
    );
    check(
        "ports.NR = 0",
        "line 1: ports.NR is 0; expected a whole number from 1 to 65535",
    );
    check(
        "ports.NR = 1.5",
        "line 1: ports.NR is a number with a point; expected a whole number from 1 to 65535",
    );
    check(
        "logon.message_retention_hours = 73",
        "line 1: logon.message_retention_hours is 73; expected a whole number from 1 to 72",
    );
    check(
        "plaintext = \"true\"",
        "line 1: plaintext is \"true\"; expected true or false",
    );
    check(
        "tls.roots = [1]",
        "line 1: tls.roots is a list of other things than texts; expected a list of texts",
    );
    check(
        "tls.pins = [\"ab\"]",
        "line 1: tls.pins is a list of 1; expected pins in it, and number 1 is none: a pin has 64 hexadecimal digits (SHA-256); this has 2",
    );
    for (wrong, is) in [
        ("[]", "a list of 0"),
        ("[\"Thursday\"]", "a list of 1"),
        ("\"yes\"", "\"yes\""),
    ] {
        check(
            &format!("reconnect.maintenance = {wrong}"),
            &format!(
                "line 1: reconnect.maintenance is {is}; expected true, false, or a list of a day and two times each, \
                 such as \"Thursday 03:00-05:00\""
            ),
        );
    }
    check(
        "store.durability = \"sometimes\"",
        "line 1: store.durability is \"sometimes\"; expected one of \"every_message\", \"every_commit\", \"operating_system\", \
         or a time with its unit, such as \"500ms\", \"30s\", \"5m\" or \"24h\" between batches",
    );
    // Two mistakes: the first is told, wherever its table comes in the alphabet.
    check("[tls]\nx = 1\n[hosts]\ny = 1", "line 2: unknown key \"tls.x\"");
}

#[test]
fn secrets_have_no_place_in_it() {
    fn check(text: &str, expected: &str) {
        let error = read(text).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.contains("s3cret"), "{error}");
    }
    check(
        "[credentials]\nprivate_key = \"s3cret\"",
        "line 2: credentials.private_key does not belong in a configuration, which is copied, shown and kept; \
         give `private_key_path`, or name the variable that holds it in `private_key_variable`",
    );
    check(
        "[credentials.NR]\npassphrase = \"s3cret\"",
        "line 2: credentials.NR.passphrase does not belong in a configuration, which is copied, shown and kept; \
         name the variable that holds it in `passphrase_variable`",
    );
    check(
        "[credentials.NR]\nkeyid = \"s3cret\"",
        "line 2: unknown key \"credentials.NR.keyid\"; did you mean \"credentials.NR.key_id\"?",
    );
    check(
        "[credentials]\nprivate_key_variable = \"s3cret/+\"",
        "line 2: credentials.private_key_variable is something else; expected the name of an environment variable (letters, digits and _), \
         not what is in it",
    );
    check(
        "[credentials]\npassphrase_variable = \"correct horse s3cret\"",
        "line 2: credentials.passphrase_variable is something else; expected the name of an environment variable (letters, digits and _), \
         not what is in it",
    );
    check(
        "[credentials]\nprivate_key_path = \"-----BEGIN PRIVATE KEY-----\\ns3cret\"",
        "line 2: credentials.private_key_path is something else; expected the path of the key's file, not its text",
    );
    check(
        "[credentials]\nkey_id = \"-----BEGIN PRIVATE KEY-----\\ns3cret\"",
        "line 2: credentials.key_id is something else; expected the short id of the API key, not the key",
    );
    check(
        "[credentials]\nkey_id = [\"s3cret\"]",
        "line 2: credentials.key_id is something else; expected a text in quotes",
    );
}

#[test]
fn products_differ() {
    let error = |text| Config::<Margin>::from_toml(text).unwrap_err().to_string();
    assert_eq!(
        error("logon.use_dollars = true"),
        "line 1: logon.use_dollars is for prediction alone, and this is a configuration for margin"
    );
    assert_eq!(
        error("hosts.RFQ = \"x\""),
        "line 1: hosts.RFQ is for prediction alone, and this is a configuration for margin"
    );
    assert_eq!(
        error("credentials.RFQ.key_id = \"x\""),
        "line 1: credentials.RFQ.key_id is for prediction alone, and this is a configuration for margin"
    );
    let rate = |text| Config::<Margin>::from_toml(text).unwrap().settings.rate.budgets();
    assert_eq!(rate("rate.read_tokens = 7"), None);
    assert_eq!(
        rate("rate.read_tokens = 7\nrate.write_tokens = 9"),
        Some(crate::rate::Budgets::margin(7, 9, false))
    );
    assert_eq!(
        error("rate.tier = \"premier\""),
        "line 1: rate.tier is for prediction alone, and this is a configuration for margin"
    );
    assert!(Config::<Margin>::from_toml("environment = \"demo\"\nheartbeat = \"3s\"").is_ok());
}

#[test]
fn maintenance_is_the_venues_or_none_or_ones_own() {
    let kalshi = MaintenanceWindow::KALSHI;
    let saturday: MaintenanceWindow = "Saturday 23:30-01:00".parse().unwrap();
    let check = |value: &str, expected: &[MaintenanceWindow]| {
        let config = read(&format!("reconnect.maintenance = {value}")).unwrap();
        assert_eq!(config.settings.reconnect.maintenance, expected, "{value}");
    };
    check("true", &[kalshi]);
    check("false", &[]);
    check(
        "[\"Saturday 23:30-01:00\", \"Thursday 03:00-05:00\"]",
        &[saturday, kalshi],
    );
    let variable = (
        "KALSHI_FIX_RECONNECT_MAINTENANCE",
        "Thursday 03:00-05:00, Saturday 23:30-01:00",
    );
    let config = Config::<Prediction>::new().variables([variable]).unwrap();
    assert_eq!(config.settings.reconnect.maintenance, [kalshi, saturday]);
}

#[test]
fn variables_count_over_the_file() {
    let file = "environment = \"demo\"\nheartbeat = \"30s\"\n[logon]\nuse_dollars = true";
    let variables = [
        ("KALSHI_FIX_HEARTBEAT", "7s"),
        ("KALSHI_FIX_LOGON_USE_DOLLARS", "false"),
        ("KALSHI_FIX_HOSTS_NR", ""),
        ("KALSHI_FIX_TLS_ROOTS", "a.pem, b.pem"),
        ("KALSHI_PERPS_FIX_HEARTBEAT", "nonsense"),
        ("KALSHI_KEY_ID", "x"),
        ("PATH", "/bin"),
    ];
    let config = read(file).unwrap().variables(variables).unwrap();
    let mut expected = read(file).unwrap().settings;
    expected.heartbeat = Some(std::time::Duration::from_secs(7));
    expected.logon.use_dollars = Some(false);
    expected.tls.roots = vec!["a.pem".into(), "b.pem".into()];
    assert_eq!(config.settings, expected);
    let shown = format!("{config:?}");
    for part in ["Prediction", "Demo", "Some(7s)", "a.pem"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    let check = |name: &str, value: &str, expected: &str| {
        let error = Config::<Prediction>::new()
            .variables([(name, value)])
            .unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        "KALSHI_FIX_HEARTBEET",
        "1s",
        "KALSHI_FIX_HEARTBEET: no key is behind this variable; did you mean \"KALSHI_FIX_HEARTBEAT\"?",
    );
    check(
        "KALSHI_FIX_ENVIRONMNET",
        "demo",
        "KALSHI_FIX_ENVIRONMNET: no key is behind this variable; did you mean \"KALSHI_FIX_ENVIRONMENT\"?",
    );
    // Those of keys are named otherwise.
    for (name, meant) in [
        ("CREDENTIALS_KEY_ID", "KALSHI_KEY_ID"),
        ("KEY_ID", "KALSHI_KEY_ID"),
        ("CREDENTIALS_NR_LISTENER_KEY_ID", "KALSHI_NR_LISTENER_KEY_ID"),
        ("CREDENTIALS_MD_PRIVATE_KEY_PATH", "KALSHI_MD_PRIVATE_KEY_PATH"),
        ("CREDENTIALS_PRIVATE_KEY_VARIABLE", "KALSHI_PRIVATE_KEY"),
        (
            "CREDENTIALS_RFQ_PASSPHRASE_VARIABLE",
            "KALSHI_RFQ_PRIVATE_KEY_PASSPHRASE",
        ),
    ] {
        check(
            &format!("KALSHI_FIX_{name}"),
            "s3cret",
            &format!("KALSHI_FIX_{name}: no key is behind this variable; did you mean \"{meant}\"?"),
        );
    }
    let margin = [("KALSHI_PERPS_FIX_CREDENTIALS_RT_KEY_ID", "x")];
    assert_eq!(
        Config::<Margin>::new().variables(margin).unwrap_err().to_string(),
        "KALSHI_PERPS_FIX_CREDENTIALS_RT_KEY_ID: no key is behind this variable; did you mean \"KALSHI_PERPS_RT_KEY_ID\"?"
    );
    check(
        "KALSHI_FIX_RECONNECT_ENABLED",
        "yes",
        "KALSHI_FIX_RECONNECT_ENABLED: reconnect.enabled is \"yes\"; expected true or false",
    );
    let error = Config::<Prediction>::new().set("hosts.XX", "y").unwrap_err();
    assert_eq!(
        error.to_string(),
        "set: unknown key \"hosts.XX\"; did you mean \"hosts.DC\"?"
    );
}

#[test]
fn keys_by_path_and_by_variable() {
    let directory = std::env::temp_dir().join(format!("kalshi-fix-config-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("keys")).unwrap();
    let pem = include_str!("../../tests/fixtures/keys/rsa-pkcs8.pem");
    std::fs::write(directory.join("keys/orders.pem"), pem).unwrap();
    let path = directory.join("kalshi.toml");
    let text = "environment = \"demo\"
        [credentials]
        key_id = \"orders\"
        private_key_path = \"keys/orders.pem\"
        [credentials.MD]
        key_id = \"data\"
        private_key_variable = \"DATA_KEY\"
        [store]
        directory = \"journal\"";
    std::fs::write(&path, text).unwrap();
    let config = Config::<Prediction>::from_toml_file(&path).unwrap();
    let ring = config
        .keys_from(|name| (name == "DATA_KEY").then_some(pem))
        .unwrap();
    assert_eq!(ring.find(SessionKind::OrderEntry).unwrap().key_id(), "orders");
    assert_eq!(ring.find(SessionKind::MarketData).unwrap().key_id(), "data");
    let error = config.keys_from(|_| None::<&str>).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}:6: credentials.MD: no private key: set DATA_KEY (the PEM itself) or credentials.MD.private_key_path (a file)",
            path.display()
        )
    );
    let client = config.builder().unwrap().credentials(ring).build().unwrap();
    let now = Timestamp::from_unix_nanos(0);
    let kept = config.store(&client, SessionKind::PostTrade, now).unwrap();
    drop(kept);
    assert!(directory.join("journal/KalshiPT").is_dir());

    // Both sources, none, and no id.
    let check = |text: &str, expected: &str| {
        let config = Config::<Prediction>::from_toml(text).unwrap();
        let error = config.keys_from(|_| Some(pem)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        "[credentials]\nkey_id = \"a\"\nprivate_key_path = \"x\"\nprivate_key_variable = \"Y\"",
        "line 3: credentials: both Y and credentials.private_key_path are set; set exactly one of them",
    );
    check(
        "[credentials]\nkey_id = \"a\"",
        "line 2: credentials: no private key: set credentials.private_key_variable (the PEM itself) or credentials.private_key_path (a file)",
    );
    check(
        "[credentials]\nprivate_key_path = \"x\"",
        "line 2: credentials: credentials.key_id is not set; it holds the id of the API key",
    );
    std::fs::remove_dir_all(&directory).unwrap();

    let error = Config::<Prediction>::from_toml_file(&path)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("cannot read the configuration "), "{error}");
}

#[test]
fn what_cannot_be_a_client() {
    let check = |text: &str, expected: &str| {
        let key =
            crate::credentials::PrivateKey::from_pem(include_str!("../../tests/fixtures/keys/rsa-pkcs8.pem"));
        let credentials = crate::credentials::Credentials::new("id", key.unwrap()).unwrap();
        let config = Config::<Prediction>::from_toml(text).unwrap();
        let built = config
            .builder()
            .map(|builder| builder.credentials(credentials).build());
        let error = match built {
            Ok(built) => built.unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(error, expected);
    };
    check(
        "heartbeat = \"30s\"",
        "no environment: set `environment`, or the variable KALSHI_FIX_ENVIRONMENT, to \"production\", \"demo\" or \"loopback\"",
    );
    check(
        "environment = \"demo\"\nplaintext = true",
        "plaintext is for the loopback environment only, not for demo",
    );
    check(
        "environment = \"demo\"\nhosts.NR = \"proxy.example\"",
        "\"proxy.example\" is not the host of KalshiNR in the demo environment (fix.demo.kalshi.co); \
         if it is meant, allow it with allow_unknown_host(\"proxy.example\")",
    );
    check(
        "environment = \"demo\"\nheartbeat = \"2s\"",
        "a heartbeat of 2s: prediction takes whole seconds, from 4 to 3600",
    );
    check(
        "environment = \"demo\"\ntls.roots = [\"/nowhere.pem\"]",
        "line 2: tls.roots: cannot read the root certificates /nowhere.pem: No such file or directory (os error 2); expected a file of PEM",
    );
}

/// What only shows when the parts come together is told with its place too.
#[test]
fn what_a_client_cannot_use_is_told_with_its_line() {
    let credentials = format!(
        "credentials.key_id = \"a\"\ncredentials.private_key_path = {:?}\n",
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/keys/rsa-pkcs8.pem")
    );
    let check = |text: &str, expected: &str| {
        let config = Config::<Prediction>::from_toml(&format!("{credentials}{text}")).unwrap();
        let error = config.client().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\n{expected}");
    };
    check(
        "environment = \"demo\"\nheartbeat = \"2s\"",
        "line 4: heartbeat: a heartbeat of 2s: prediction takes whole seconds",
    );
    check(
        "environment = \"demo\"\nplaintext = true",
        "line 4: plaintext: plaintext is for the loopback environment only",
    );
    check(
        "environment = \"demo\"\nhosts.MD = \"proxy.example\"",
        "line 4: hosts.MD: \"proxy.example\" is not the host of KalshiMD in the demo environment",
    );
    check(
        "environment = \"demo\"\n\nhosts.all = \"a b\"",
        "line 5: hosts.all: \"a b\", configured for KalshiNR, is not a host name",
    );
    check(
        "environment = \"demo\"\ntls.server_name = \"a b\"",
        "line 4: tls.server_name: \"a b\" is not a DNS name",
    );
    check(
        "environment = \"demo\"\ntls.system_roots = false",
        "line 4: tls.system_roots: nobody is trusted",
    );
    // By the variable, where that was last.
    let config = Config::<Prediction>::from_toml(&format!(
        "{credentials}environment = \"demo\"\nheartbeat = \"9s\""
    ));
    let config = config
        .unwrap()
        .variables([("KALSHI_FIX_HEARTBEAT", "1s")])
        .unwrap();
    let error = config.client().unwrap_err().to_string();
    assert!(
        error.starts_with("KALSHI_FIX_HEARTBEAT: heartbeat: a heartbeat of 1s"),
        "{error}"
    );
    // What nobody set has no place.
    let error = Config::<Margin>::new().client().unwrap_err().to_string();
    assert_eq!(
        error,
        "no environment: set `environment`, or the variable KALSHI_PERPS_FIX_ENVIRONMENT, to \"production\", \"demo\" or \
         \"loopback\""
    );
}

#[test]
fn contradictions_are_told() {
    fn check<D: KalshiProduct>(text: &str, expected: &str) {
        let config = Config::<D>::from_toml(&format!("environment = \"demo\"\n{text}"));
        let error = match config.and_then(|config| config.builder().map(|_| ())) {
            Ok(()) => "none".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(error, expected, "{text}");
    }
    check::<Prediction>(
        "reconnect.backoff = \"2m\"\nreconnect.longest_backoff = \"1s\"",
        "line 2: reconnect.backoff is 120s; expected at most reconnect.longest_backoff, which is 1s",
    );
    check::<Prediction>(
        "reconnect.longest_backoff = \"1ms\"",
        "line 2: reconnect.longest_backoff is 1ms; expected at least reconnect.backoff, which is 500ms",
    );
    check::<Prediction>(
        "reconnect.backoff = \"1s\"\nreconnect.longest_backoff = \"1s\"",
        "none",
    );
    for key in ["reconnect.backoff", "timeouts.logon"] {
        check::<Prediction>(
            &format!("{key} = \"0s\""),
            &format!(
                "line 2: {key} is \"0s\"; expected a time above zero with its unit, such as \"500ms\", \"30s\", \"5m\" or \"24h\""
            ),
        );
    }
    for policy in ["wait", "refuse"] {
        check::<Prediction>(
            &format!("rate.policy = \"{policy}\""),
            &format!(
                "line 2: rate.policy is \"{policy}\"; expected rate.tier beside it: without that, nothing is limited"
            ),
        );
    }
    check::<Prediction>("rate.policy = \"off\"", "none");
    check::<Prediction>("rate.policy = \"wait\"\nrate.tier = \"basic\"", "none");
    check::<Margin>(
        "rate.policy = \"wait\"",
        "line 2: rate.policy is \"wait\"; expected rate.read_tokens and rate.write_tokens beside it: without that, nothing is \
         limited",
    );
    check::<Margin>(
        "rate.read_tokens = 7",
        "line 2: rate.read_tokens is 7; expected rate.write_tokens beside it: without that, nothing is limited",
    );
    check::<Margin>("rate.read_tokens = 7\nrate.write_tokens = 9", "none");
}
