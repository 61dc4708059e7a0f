//! Every remedy for every place, as one table; and what must hold of each.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use kalshi_fix::environment::{Endpoint, Endpoints};
use kalshi_fix::session::{EndReason, RefusalKind, SessionState};
use kalshi_fix::transport::{AttemptError, TlsErrorKind};

use super::*;

const PLACES: [&str; 9] = [
    "",
    "--gateway venue/",
    "--demo",
    "--production",
    "--endpoint proxy:8228",
    "--endpoint proxy:8228 --root r.pem --server-name exchange.test",
    "--demo --endpoint proxy:8228",
    "--demo --endpoint proxy:8228 --root r.pem --server-name exchange.test",
    "--demo --root r.pem --server-name exchange.test",
];

/// Each way in which a session does not come about or ends, with the step at which it does, and what to do about it.
fn failures(attempted: &Attempted<'_>) -> Vec<(&'static str, Step, String)> {
    let endpoint = match attempted.whereabouts() {
        Whereabouts::Simulated | Whereabouts::Directory(_) => Endpoint::new("127.0.0.1", 40_001),
        Whereabouts::Venue(environment) => Endpoints::new(attempted.product, environment)
            .endpoint(SessionKind::OrderEntry)
            .unwrap(),
        Whereabouts::VenueBy(_, endpoint) | Whereabouts::Elsewhere(endpoint) => endpoint.clone(),
    };
    let waited = Duration::from_secs(10);
    let mut failures = vec![
        (
            "unknown host",
            Step::Resolve,
            attempted.unknown_host(&endpoint.host),
        ),
        ("no name server", Step::Resolve, attempted.no_name_server()),
    ];
    let tcp = |kind: io::ErrorKind| AttemptError::Tcp(io::Error::from(kind));
    for (name, error) in [
        ("refused", tcp(io::ErrorKind::ConnectionRefused)),
        ("no way", tcp(io::ErrorKind::NetworkUnreachable)),
        ("no answer", AttemptError::TcpTimeout { waited }),
        ("no handshake", AttemptError::HandshakeTimeout { waited }),
        (
            "broken handshake",
            AttemptError::HandshakeBroken(io::Error::from(io::ErrorKind::ConnectionReset)),
        ),
    ] {
        let (step, remedy) = attempted.attempt_failed(&error, &endpoint);
        failures.push((name, step, remedy));
    }
    for (name, kind) in [
        ("unknown issuer", TlsErrorKind::UnknownIssuer),
        ("another name", TlsErrorKind::WrongName),
        ("not valid now", TlsErrorKind::NotValidNow),
        ("bad certificate", TlsErrorKind::BadCertificate),
        ("no TLS", TlsErrorKind::NotTls),
        ("older TLS", TlsErrorKind::NotAgreed),
        ("other TLS", TlsErrorKind::Other),
    ] {
        failures.push((name, Step::Tls, attempted.tls_failed(kind, &endpoint)));
    }
    for (name, kind, text) in [
        ("in use", RefusalKind::AlreadyExists, "already exists"),
        (
            "signature",
            RefusalKind::Signature,
            "invalid signature in RawData (96)",
        ),
        (
            "unknown key",
            RefusalKind::CompId,
            "unknown API key in SenderCompID (49)",
        ),
        (
            "another port",
            RefusalKind::TargetCompId,
            "TargetCompID (56) is \"KalshiNR\" on the port of KalshiMD",
        ),
        (
            "another port, unnamed",
            RefusalKind::TargetCompId,
            "Unknown TargetCompID",
        ),
        ("stale", RefusalKind::SendingTime, ""),
        ("rate limit", RefusalKind::RateLimit, "rate limit exceeded"),
        (
            "numbers",
            RefusalKind::Sequence,
            "MsgSeqNum too low, expecting 5 but received 1",
        ),
        ("maintenance", RefusalKind::Other, "maintenance"),
        ("no reason", RefusalKind::Other, ""),
        ("own words", RefusalKind::Other, "go away"),
    ] {
        failures.push((name, Step::LogOn, attempted.refused(kind, Some(text))));
    }
    let state = SessionState::Established;
    for (name, step, reason) in [
        (
            "unanswered",
            Step::LogOn,
            EndReason::LogonTimeout { waited, state },
        ),
        ("closed", Step::LogOn, EndReason::Disconnected { state }),
        ("closed", Step::Heartbeat, EndReason::Disconnected { state }),
        (
            "silent",
            Step::Heartbeat,
            EndReason::PeerSilent { silent: waited },
        ),
        (
            "logged out",
            Step::Heartbeat,
            EndReason::PeerLogout {
                text: Some("the exchange closes".to_owned()),
                out_of_sequence: None,
                left_open: false,
            },
        ),
        (
            "clock",
            Step::Heartbeat,
            EndReason::SendingTimeOutOfWindow {
                offset_millis: 31_000,
                window: Duration::from_secs(30),
            },
        ),
        ("protocol", Step::Heartbeat, EndReason::NoSequenceNumber),
        ("unanswered", Step::LogOut, EndReason::LogoutUnanswered { waited }),
    ] {
        failures.push((name, step, attempted.ended_at(step, &EndCause::Session(reason))));
    }
    failures
}

/// Each remedy with the places that it is for.
type Remedies = Vec<(String, Vec<&'static str>)>;

#[test]
fn every_place_and_every_step() {
    let mut table: Vec<(String, Remedies)> = Vec::new();
    for flags in PLACES {
        let place = PlaceArguments::typed(flags);
        let attempted = Attempted {
            place: &place,
            product: Product::Prediction,
            kind: SessionKind::OrderEntry,
        };
        let flags = if flags.is_empty() { "simulated" } else { flags };
        for (row, (name, step, remedy)) in failures(&attempted).into_iter().enumerate() {
            if table.len() == row {
                table.push((format!("{step}: {name}"), Vec::new()));
            }
            let remedies = &mut table[row].1;
            match remedies.iter_mut().find(|(known, _)| *known == remedy) {
                Some((_, places)) => places.push(flags),
                None => remedies.push((remedy, vec![flags])),
            }
        }
    }
    let mut text = String::new();
    for (failure, remedies) in table {
        let _ = writeln!(text, "== {failure}");
        for (remedy, places) in remedies {
            let _ = writeln!(text, "{}\n    {remedy}", places.join("\n"));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_holds_of_every_remedy() {
    for flags in PLACES {
        let place = PlaceArguments::typed(flags);
        for (product, kind) in [
            (Product::Prediction, SessionKind::OrderEntry),
            (Product::Prediction, SessionKind::PostTrade),
            (Product::Margin, SessionKind::MarketData),
        ] {
            let attempted = Attempted {
                place: &place,
                product,
                kind,
            };
            for (name, step, remedy) in failures(&attempted) {
                let case = format!("{flags}: {step}, {name}: {remedy}");
                assert!(!remedy.is_empty(), "{case}");
                // Where the exchange of a directory does not answer as itself, the very command that starts it is told.
                let is_there = matches!(
                    name,
                    "in use"
                        | "rate limit"
                        | "maintenance"
                        | "no reason"
                        | "own words"
                        | "numbers"
                        | "no way"
                        | "no name server"
                );
                let is_ours = matches!(attempted.whereabouts(), Whereabouts::Directory(_));
                if is_ours && !is_there && step != Step::LogOut {
                    assert!(remedy.contains("kalshi-fix gateway venue/"), "{case}");
                }
                // No word of simulated exchanges to those who go to the venue.
                if place.demo || place.production {
                    for word in ["simulated", "gateway", "DIRECTORY"] {
                        assert!(!remedy.contains(word), "{case}");
                    }
                }
                // None of an environment or of flags to those whose exchange is on this machine.
                if is_ours || attempted.place.is_simulated() {
                    for word in [
                        "demo",
                        "--root",
                        "--endpoint",
                        "KALSHI_",
                        "in New York",
                        "firewall may",
                    ] {
                        assert!(!remedy.contains(word), "{case}");
                    }
                }
                // The library's own words are for programs.
                for word in ["roots_from_pem", "start_anew", "allow_unknown_host"] {
                    assert!(!remedy.contains(word), "{case}");
                }
            }
        }
    }
}

#[test]
fn a_key_of_its_own_is_named_by_its_variable() {
    let check = |flags: &str, product, kind, expected: &str| {
        let place = PlaceArguments::typed(flags);
        let attempted = Attempted {
            place: &place,
            product,
            kind,
        };
        let remedy = attempted.refused(RefusalKind::AlreadyExists, Some("already exists"));
        assert!(remedy.contains(expected), "{remedy}");
    };
    check(
        "--demo",
        Product::Prediction,
        SessionKind::MarketData,
        "(KALSHI_MD_KEY_ID is KalshiMD's)",
    );
    check(
        "--endpoint h:1",
        Product::Margin,
        SessionKind::OrderEntry,
        "(KALSHI_PERPS_NR_KEY_ID is KalshiNR's)",
    );
    check(
        "--gateway d",
        Product::Margin,
        SessionKind::OrderEntry,
        "`kalshi-fix gateway d --members 2` has two",
    );
}

#[test]
fn the_probe_that_goes_the_same_way() {
    let check = |flags: &str, kind, expected: &str| {
        let place = PlaceArguments::typed(flags);
        let attempted = Attempted {
            place: &place,
            product: Product::Margin,
            kind,
        };
        assert_eq!(attempted.probe(), expected);
    };
    check("", SessionKind::MarketData, "kalshi-fix probe --session md");
    check(
        "--gateway venue/ --product margin",
        SessionKind::MarketData,
        "kalshi-fix probe --session md --gateway venue/ --product margin",
    );
    check(
        "--demo --endpoint proxy:8233",
        SessionKind::OrderEntryRetransmitting,
        "kalshi-fix probe --session rt --demo --endpoint proxy:8233",
    );
}

#[test]
fn an_attempt_is_told_in_this_program_s_words() {
    let broken = AttemptError::TcpTimeout {
        waited: Duration::from_secs(1),
    };
    assert_eq!(connecting::said_of_attempt(&broken), "no answer within 1s");
}
