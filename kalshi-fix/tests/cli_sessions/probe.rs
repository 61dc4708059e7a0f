//! `probe`: sessions that come about, and each way in which one does not.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kalshi_fix::credentials::PrivateKey;
use kalshi_fix::dialect::Timestamp;
use kalshi_fix::driver::Clock;
use kalshi_fix::environment::{Product, SessionKind};
use kalshi_fix::gateway::{Effect, Fault, Gateway, GatewayBuilder, Step};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

#[cfg(unix)]
use super::terminal::Terminal;
use super::{Told, Venue, told};

/// A clock that is ahead of everybody's.
struct Ahead(Duration);

impl Clock for Ahead {
    fn utc(&self) -> Timestamp {
        Timestamp::from(SystemTime::now() + self.0)
    }
}

async fn started(builder: GatewayBuilder, name: &str) -> (Venue, String) {
    let gateway = builder.start().await.unwrap();
    let address = gateway
        .address(Product::Prediction, SessionKind::OrderEntry)
        .unwrap();
    (Venue::new(gateway, name), address.to_string())
}

async fn venue(name: &str) -> (Venue, String) {
    started(Gateway::builder(), name).await
}

/// A probe of a venue of the test's, with further arguments.
async fn probed(venue: &Venue, address: &str, more: &[&str]) -> Told {
    let arguments = [&["probe", "--endpoint", address, "--root", &venue.root][..], more].concat();
    told(&arguments, &venue.variables()).await
}

/// A probe that fails at a step, as a kind of failure, with a remedy that says this.
#[track_caller]
fn check(told: &Told, step: &str, class: &str, remedy: &str) {
    assert_eq!(told.code, 1, "{told:?}");
    let failed: Vec<&str> = told.out.lines().filter(|line| line.starts_with('✗')).collect();
    assert_eq!(failed.len(), 1, "{told:?}");
    assert!(failed[0].starts_with(&format!("✗ {step}")), "{told:?}");
    assert!(told.out.contains(&format!("what is wrong ({class})")), "{told:?}");
    let flowing = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flowing.contains(remedy), "{told:?}");
}

#[tokio::test]
async fn every_session_of_both_products() {
    for (product, sessions) in [
        ("prediction", &["nr", "rt", "dc", "pt", "rfq", "md"][..]),
        ("margin", &["nr", "rt", "dc", "md"]),
    ] {
        for session in sessions {
            let told = told(&["probe", "--product", product, "--session", session], &[]).await;
            assert_eq!((told.code, told.error.as_str()), (0, ""), "{told:?}");
            let steps: Vec<&str> = told
                .out
                .lines()
                .filter_map(|line| line.strip_prefix("✓ ")?.get(..9))
                .map(str::trim)
                .collect();
            let expected = [
                "resolve",
                "connect",
                "TLS",
                "log on",
                "heartbeat",
                "clock",
                "log out",
            ];
            assert_eq!(steps, expected, "{told:?}");
        }
    }
}

#[tokio::test]
async fn an_object_for_programs() {
    let told = told(&["probe", "--json", "--count", "3"], &[]).await;
    assert_eq!(told.code, 0, "{told:?}");
    assert_eq!(told.out.lines().count(), 1, "{told:?}");
    for part in [
        r#"{"product":"prediction","session":"KalshiNR","place":"simulated","ok":true,"steps":[{"step":"resolve","ok":true,"#,
        r#""detail":"answered"}],"round_trip_milliseconds":{"count":3,"least":"#,
        r#""clock_offset_milliseconds":{"offset":"#,
        r#""troubles":[]}"#,
    ] {
        assert!(told.out.contains(part), "{part}: {told:?}");
    }
}

#[tokio::test]
async fn one_round_trip_has_no_middle() {
    let told = told(&["probe", "--count", "1"], &[]).await;
    assert_eq!(told.code, 0, "{told:?}");
    let line = told.out.lines().find(|line| line.starts_with("✓ heartbeat"));
    let detail = line.and_then(|line| line.split_once("1 round trip: "));
    let detail = detail.map(|(_, detail)| detail);
    assert!(
        detail.is_some_and(|detail| detail.ends_with(" ms") && !detail.contains(" to ")),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_name_that_is_not_known_and_a_port_where_nobody_listens() {
    let (venue, _) = venue("probe-nobody").await;
    let told = probed(&venue, "no-such-host.invalid:8228", &[]).await;
    // A machine without a name server has to wait for none.
    let no_answer = told.out.contains("no answer within");
    let remedy = if no_answer {
        "name server does not answer"
    } else {
        "check how the host is spelt"
    };
    check(&told, "resolve", "network", remedy);
    // A port that nobody listens on, and that nobody else can take.
    let held = TcpSocket::new_v4().unwrap();
    held.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let closed = held.local_addr().unwrap().to_string();
    check(
        &probed(&venue, &closed, &[]).await,
        "connect",
        "network",
        "nothing listens at",
    );
    // By another address to the venue: no word of simulated exchanges.
    let arguments = ["probe", "--demo", "--endpoint", &closed, "--json"];
    let demo = super::told(&arguments, &venue.variables()).await;
    assert_eq!(demo.code, 1, "{demo:?}");
    assert!(
        demo.out.contains(&format!(
            "nothing listens at {closed}: check host and port of --endpoint"
        )),
        "{demo:?}"
    );
    assert!(!demo.out.contains("gateway"), "{demo:?}");
    venue.gateway.close().await;
}

#[tokio::test]
async fn a_port_of_another_session() {
    let gateway = Gateway::start().await.unwrap();
    let at = |kind| gateway.address(Product::Prediction, kind).unwrap().to_string();
    let (orders, data) = (at(SessionKind::OrderEntry), at(SessionKind::MarketData));
    let venue = Venue::new(gateway, "probe-another-session");
    let wrong = probed(&venue, &data, &[]).await;
    let expected = format!("{data} is the port of KalshiMD, and KalshiNR was asked for");
    check(&wrong, "log on", "wrong session", &expected);
    assert!(!wrong.out.contains("entitled"), "{wrong:?}");
    let wrong = probed(&venue, &orders, &["--session", "md"]).await;
    let expected = format!("{orders} is the port of KalshiNR, and KalshiMD was asked for");
    check(&wrong, "log on", "wrong session", &expected);
    venue.gateway.close().await;
}

#[tokio::test]
async fn whose_key_and_whose_certificates() {
    let (venue, address) = venue("probe-terms").await;
    let told = probed(&venue, &address, &["--count", "1"]).await;
    assert_eq!(told.code, 0, "{told:?}");
    let trusted = format!("the system's root certificates, and those in {}", venue.root);
    for line in [
        "  key         KALSHI_KEY_ID, with the private key of KALSHI_PRIVATE_KEY_PATH\n".to_owned(),
        format!("  trusts      {trusted}\n"),
    ] {
        assert!(told.out.contains(&line), "{line}: {told:?}");
    }
    let told = probed(&venue, &address, &["--count", "1", "--json"]).await;
    assert!(
        told.out.contains(&format!("\"trusts\":\"{trusted}\"")),
        "{told:?}"
    );
    venue.gateway.close().await;
}

#[tokio::test]
async fn roots_that_cannot_be_used() {
    let (venue, address) = venue("probe-roots").await;
    let directory = std::path::Path::new(&venue.root).parent().unwrap();
    let empty = directory.join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let nowhere = directory.join("nowhere.pem");
    let text = |path: &std::path::Path| path.display().to_string();
    for (root, expected) in [
        (text(&nowhere), "No such file or directory"),
        (text(directory), "Is a directory"),
        (
            venue.key.clone(),
            "a PRIVATE KEY in it and no certificate; expected",
        ),
        (text(&empty), "no certificate in it; expected"),
        (
            env!("CARGO_BIN_EXE_kalshi-fix").to_owned(),
            "no text, perhaps DER",
        ),
    ] {
        let arguments = ["probe", "--endpoint", &address, "--root", &root];
        let told = told(&arguments, &venue.variables()).await;
        assert_eq!(told.code, 2, "{told:?}");
        for part in ["--root: ", &root, expected] {
            assert!(told.error.contains(part), "{part}: {told:?}");
        }
    }
    venue.gateway.close().await;
}

#[tokio::test]
async fn certificates() {
    let (venue, address) = venue("probe-certificates").await;
    let named = probed(&venue, &address, &["--server-name", "exchange.test"]).await;
    check(
        &named,
        "TLS",
        "untrusted",
        "is for another host than exchange.test",
    );
    for line in [
        "\n  key              KALSHI_KEY_ID, ",
        "\n  certificate for  exchange.test\n",
    ] {
        assert!(named.out.contains(line), "{line}: {named:?}");
    }
    let stranger = told(&["probe", "--endpoint", &address], &venue.variables()).await;
    check(
        &stranger,
        "TLS",
        "untrusted",
        "nobody who is trusted has issued the certificate",
    );
    assert!(
        stranger.out.contains("--root FILE") && !stranger.out.contains("roots_from_pem"),
        "{stranger:?}"
    );
    // The same as an object.
    let named = probed(&venue, &address, &["--server-name", "exchange.test", "--json"]).await;
    assert_eq!(named.code, 1);
    assert!(named.out.contains(r#""ok":false"#), "{named:?}");
    assert!(
        named
            .out
            .contains(r#""troubles":[{"step":"TLS","class":"untrusted","what":"cannot connect"#),
        "{named:?}"
    );
    venue.gateway.close().await;
}

#[tokio::test]
async fn who_speaks_no_tls() {
    let (venue, _) = venue("probe-no-tls").await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let closing = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    check(
        &probed(&venue, &address, &[]).await,
        "TLS",
        "network",
        "perhaps no TLS is spoken",
    );
    closing.abort();
}

/// An alert is TLS: one that says that the version is too new is of somebody who speaks an old one.
#[tokio::test]
async fn who_speaks_an_older_tls() {
    let (venue, _) = venue("probe-old-tls").await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answering = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).await.unwrap();
            let mut rest = vec![0; usize::from(u16::from_be_bytes([hello[3], hello[4]]))];
            stream.read_exact(&mut rest).await.unwrap();
            // Alert, TLS 1.1, two bytes: fatal, protocol_version.
            stream.write_all(&[21, 3, 2, 0, 2, 2, 70]).await.unwrap();
        }
    });
    check(
        &probed(&venue, &address, &[]).await,
        "TLS",
        "no common TLS",
        "speaks TLS, but neither 1.3 nor 1.2",
    );
    answering.abort();
}

/// It is as good as over where it is stopped: it logs out, and tells what it has found.
#[cfg(unix)]
#[tokio::test]
async fn a_probe_that_is_stopped() {
    let check = async |name: &str, fault: Fault, wait_for: &'static str, code, parts: &[&str]| {
        // It does not lose patience first.
        let patient = Gateway::builder().logon_timeout(Duration::from_mins(5));
        let (venue, address) = started(patient, name).await;
        venue.gateway.inject(fault);
        let arguments = ["probe", "--endpoint", &address, "--root", &venue.root];
        let patient = ["--count", "1000", "--timeout", "300"];
        let arguments = [&arguments[..], &patient].concat();
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let variables = venue
            .variables()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let left = tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let variables = variables
                .each_ref()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            let mut terminal = Terminal::start(&arguments, &variables, (24, 100));
            terminal.wait_for(wait_for);
            terminal.signal("INT");
            terminal.left()
        });
        let left = left.await.unwrap();
        assert_eq!(left.status.code(), Some(code), "{}", left.screen);
        for part in parts {
            assert!(left.screen.contains(part), "{part}: {}", left.screen);
        }
        // However many were answered by then, they are told.
        let is_measured = left.screen.contains("round trip");
        assert_eq!(
            is_measured,
            left.screen.contains(", then stopped"),
            "{}",
            left.screen
        );
        let none = code == 1 || left.screen.contains("Stopped after 0 of ");
        assert_eq!(is_measured, !none, "{}", left.screen);
        venue.gateway.close().await;
    };
    check(
        "probe-stopped",
        Fault::new(Step::sending("0"), Effect::Ignore).after(3).always(),
        "✓ log on",
        0,
        &["✓ clock", "✓ log out", "Stopped after ", " of 1000 heartbeats."],
    )
    .await;
    check(
        "probe-stopped-early",
        Fault::new(Step::sending("0"), Effect::Ignore).always(),
        "✓ log on",
        0,
        &[
            "stopped before the first answer",
            "✓ log out",
            "Stopped after 0 of 1000 heartbeats.",
        ],
    )
    .await;
    check(
        "probe-stopped-before",
        Fault::new(Step::Logon, Effect::Ignore),
        "✓ TLS",
        1,
        &["Stopped before there was a session."],
    )
    .await;
}

#[tokio::test]
async fn logons_that_are_refused() {
    let (venue, address) = venue("probe-refused").await;
    venue.gateway.inject(Fault::already_exists());
    let in_use = probed(&venue, &address, &[]).await;
    check(
        &in_use,
        "log on",
        "key in use",
        "another connection holds this API key",
    );

    // A key of which the venue knows another half.
    let stranger = PrivateKey::generate().unwrap();
    let id = venue.gateway.member().add_key(stranger.public_key());
    let arguments = ["probe", "--endpoint", &address, "--root", &venue.root];
    let variables = [
        ("KALSHI_KEY_ID", id.as_str()),
        ("KALSHI_PRIVATE_KEY_PATH", &venue.key),
    ];
    let wrong_key = told(&arguments, &variables).await;
    check(
        &wrong_key,
        "log on",
        "credentials",
        "check that the private key of KALSHI_PRIVATE_KEY_PATH is that of the API key of KALSHI_KEY_ID",
    );

    let variables = [
        ("KALSHI_KEY_ID", "nobody"),
        ("KALSHI_PRIVATE_KEY_PATH", &venue.key),
    ];
    let unknown = told(&arguments, &variables).await;
    check(&unknown, "log on", "credentials", "check the API key id");

    venue
        .gateway
        .inject(Fault::new(Step::Logon, Effect::Refuse("go away".to_owned())));
    check(
        &probed(&venue, &address, &[]).await,
        "log on",
        "refused",
        "the other side's own words",
    );

    venue.gateway.inject(Fault::new(Step::Logon, Effect::Disconnect));
    check(
        &probed(&venue, &address, &[]).await,
        "log on",
        "network",
        "closed the connection without a word",
    );
    venue.gateway.close().await;
}

#[tokio::test]
async fn who_says_nothing() {
    // Long enough for all that answers, and no longer than a test should wait.
    let patience = ["--timeout", "15"];
    let deaf = async {
        // It does not lose patience first.
        let patient = Gateway::builder().logon_timeout(Duration::from_mins(5));
        let (venue, address) = started(patient, "probe-deaf").await;
        venue.gateway.inject(Fault::new(Step::Logon, Effect::Ignore));
        let silent = probed(&venue, &address, &patience).await;
        check(&silent, "log on", "network", "nobody answers the logon");
        venue.gateway.close().await;
    };
    let mute = async {
        let (venue, address) = venue("probe-mute").await;
        venue
            .gateway
            .inject(Fault::new(Step::sending("0"), Effect::Silence));
        let silent = probed(&venue, &address, &patience).await;
        check(
            &silent,
            "heartbeat",
            "network",
            "the other side is logged on to and says nothing",
        );
        venue.gateway.close().await;
    };
    tokio::join!(deaf, mute);
}

/// The session was had all the same, and it is not the application that went wrong.
#[tokio::test]
async fn a_logout_that_is_not_answered() {
    let (venue, address) = venue("probe-parting").await;
    venue.gateway.inject(Fault::new(Step::Logout, Effect::Ignore));
    let silent = probed(&venue, &address, &[]).await;
    check(&silent, "log out", "network", "its logout was not answered");
    venue.gateway.close().await;
}

#[tokio::test]
async fn clocks() {
    let hours = Ahead(Duration::from_hours(3));
    let (venue, address) = started(Gateway::builder().clock(Arc::new(hours)), "probe-hours").await;
    let refused = probed(&venue, &address, &[]).await;
    check(&refused, "log on", "clock", "set this machine's clock (NTP)");
    venue.gateway.close().await;

    let seconds = Ahead(Duration::from_secs(14));
    let (venue, address) = started(Gateway::builder().clock(Arc::new(seconds)), "probe-seconds").await;
    let skewed = probed(&venue, &address, &[]).await;
    check(&skewed, "clock", "clock", "set this machine's clock (NTP)");
    assert!(skewed.out.contains("behind"), "{skewed:?}");
    // The session was had all the same, and ended well.
    assert!(skewed.out.contains("✓ log out"), "{skewed:?}");
    venue.gateway.close().await;
}

#[tokio::test]
async fn the_other_product_s_key_is_told() {
    let check = async |flags: &[&str], variable: &str, expected: &str| {
        let arguments = [&["probe", "--demo"], flags].concat();
        let told = told(&arguments, &[(variable, "abc")]).await;
        assert_eq!(told.code, 2, "{told:?}");
        assert!(told.error.contains(expected), "{told:?}");
        assert!(!told.error.contains("keygen"), "{told:?}");
    };
    check(
        &[],
        "KALSHI_PERPS_KEY_ID",
        "(KALSHI_PERPS_KEY_ID is set, for the other product)\nwith that key: --product margin\n",
    )
    .await;
    check(
        &["--product", "margin"],
        "KALSHI_KEY_ID",
        "(KALSHI_KEY_ID is set, for the other product)\nwith that key: --product prediction\n",
    )
    .await;
}

#[tokio::test]
async fn what_leads_to_the_venue_is_the_same_probe() {
    let check = async |flags: &[&str], expected: &str| {
        let told = told(&[&["probe", "--count", "1"], flags].concat(), &[]).await;
        let line = format!("\nWith a key of the demo environment: {expected}\n");
        assert!(told.out.ends_with(&line), "{told:?}");
    };
    check(&[], "kalshi-fix probe --demo").await;
    check(
        &["--product", "margin", "--session", "md"],
        "kalshi-fix probe --demo --product margin --session md",
    )
    .await;
}

#[tokio::test]
async fn what_is_not_tried() {
    let check = async |arguments: &[&str], expected: &str| {
        let told = told(arguments, &[]).await;
        assert_eq!(told.code, 2, "{arguments:?}: {told:?}");
        assert!(told.error.contains(expected), "{arguments:?}: {told:?}");
    };
    check(&["probe", "--demo"], "KALSHI_KEY_ID is not set").await;
    check(
        &["probe", "--product", "margin", "--session", "rfq"],
        "margin has no KalshiRFQ session",
    )
    .await;
    check(
        &["probe", "--demo", "--session", "rt"],
        "--reset says that this may be",
    )
    .await;
    for (flags, expected) in [
        (
            &["--reset"][..],
            "KalshiNR starts its numbers anew at each logon by itself",
        ),
        (
            &["--reset", "--session", "md"],
            "--reset is for --session rt and pt",
        ),
        (
            &["--product", "margin", "--session", "pt"],
            "margin has no KalshiPT session; --session can be nr, rt, dc, md",
        ),
        (
            &["--member", "2"],
            "--member is one of the exchange that --gateway",
        ),
        (
            &["--demo", "--member", "2"],
            "--member is one of the exchange that --gateway",
        ),
        (
            &["--root", "r.pem"],
            "--root is for --demo, --production or --endpoint",
        ),
        (
            &["--server-name", "n"],
            "--server-name is for --demo, --production or --endpoint",
        ),
        (&["--count", "0"], "expected a whole number from 1 to 1000"),
        (&["--count", "-3"], "expected a whole number from 1 to 1000"),
        (&["--timeout", "-1"], "expected a whole number from 1 to 300"),
        (
            &["--gateway", "d", "--member", "-1"],
            "expected a whole number from 1 to 1000",
        ),
        (
            &["--endpoint", "localhost:9"],
            "--gateway DIRECTORY a simulated exchange needs no variables",
        ),
    ] {
        check(&[&["probe"], flags].concat(), expected).await;
    }
    check(
        &["probe", "--session", "xx"],
        "possible values: nr, rt, dc, pt, rfq, md",
    )
    .await;
}
