use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rcgen::date_time_ymd;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::yield_now;
use tokio::time::{advance, timeout};
use tokio_rustls::TlsAcceptor;

use super::testing::{Authority, BOTH};
use super::*;
use crate::driver::EndCause;
use crate::environment::Endpoint;
use crate::reconnect::FailureClass;

/// Accepts TLS connections on a loopback port and sends back what it reads.
async fn echo(authority: &Authority, versions: &[&'static SupportedProtocolVersion]) -> u16 {
    let acceptor = authority.acceptor(versions);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(mut tls) = acceptor.accept(tcp).await else {
                continue;
            };
            let mut byte = [0];
            while tls.read_exact(&mut byte).await.is_ok() {
                tls.write_all(&byte).await.unwrap();
                tls.flush().await.unwrap();
            }
        }
    });
    port
}

async fn connect(settings: &TlsSettings, host: &str, port: u16) -> Result<Stream, ConnectError> {
    Connector::tls(settings)
        .unwrap()
        .connect(&Endpoint::new(host, port))
        .await
}

async fn refusal(settings: &TlsSettings, host: &str, port: u16) -> String {
    let text = connect(settings, host, port).await.unwrap_err().to_string();
    text.replace(&format!(":{port}"), ":PORT")
}

async fn check_echo(mut stream: Stream) {
    stream.write_all(b"x").await.unwrap();
    stream.flush().await.unwrap();
    let mut byte = [0];
    stream.read_exact(&mut byte).await.unwrap();
    assert_eq!(byte, *b"x");
}

#[tokio::test]
async fn both_versions_of_tls() {
    let authority = Authority::new(&["localhost", "127.0.0.1"]);
    for (versions, expected) in [
        (&[&rustls::version::TLS12][..], "TLS 1.2"),
        (&[&rustls::version::TLS13][..], "TLS 1.3"),
        (BOTH, "TLS 1.3"),
    ] {
        let port = echo(&authority, versions).await;
        let stream = connect(&authority.trust(), "127.0.0.1", port).await.unwrap();
        let summary = stream.tls_summary().unwrap();
        assert_eq!(summary.version, expected);
        assert_eq!(summary.certificate, Some(authority.pin()));
        check_echo(stream).await;
    }
    let port = echo(&authority, BOTH).await;
    check_echo(connect(&authority.trust(), "localhost", port).await.unwrap()).await;
}

#[tokio::test]
async fn steps_are_told_as_far_as_they_go() {
    let trusted = Authority::new(&["127.0.0.1"]);
    let check = async |settings: TlsSettings, port, expected: &[&str]| {
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let teller = Arc::clone(&told);
        let connector = Connector::tls(&settings)
            .unwrap()
            .with_observer(Arc::new(move |step| {
                let step = match step {
                    ConnectStep::Resolved { addresses } => format!("resolved {}", addresses.len()),
                    ConnectStep::Connected { address } => format!("connected {}", address.ip()),
                    ConnectStep::Secured { tls, .. } => format!("secured {}", tls.version),
                };
                teller.lock().unwrap().push(step);
            }));
        let _ = connector.connect(&Endpoint::new("127.0.0.1", port)).await;
        assert_eq!(*told.lock().unwrap(), expected);
    };
    let port = echo(&trusted, BOTH).await;
    check(
        trusted.trust(),
        port,
        &["resolved 1", "connected 127.0.0.1", "secured TLS 1.3"],
    )
    .await;
    let stranger = Authority::new(&["127.0.0.1"]);
    check(stranger.trust(), port, &["resolved 1", "connected 127.0.0.1"]).await;
    let (closed, _held) = closed();
    check(trusted.trust(), closed.port(), &["resolved 1"]).await;
}

/// What a terminator says that has just been started, or is about to be stopped, is not its last word; that it does not
/// agree is.
#[tokio::test]
async fn alerts_that_will_pass() {
    let authority = Authority::new(&["127.0.0.1"]);
    for (alert, transient) in [
        (80, true),
        (90, true),
        (40, false),
        (49, false),
        (70, false),
        (112, false),
    ] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            tcp.write_all(&[0x15, 3, 3, 0, 2, 2, alert]).await.unwrap();
            // To close while something is unread would reset the connection, and the alert could be lost.
            let mut rest = Vec::new();
            let _ = tcp.read_to_end(&mut rest).await;
        });
        let error = connect(&authority.trust(), "127.0.0.1", port).await.unwrap_err();
        assert!(error.to_string().contains("TLS failed: "), "{error}");
        assert_eq!(error.is_transient(), transient, "{error}");
        let class = EndCause::Connect {
            source: Arc::new(error),
        }
        .class();
        let expected = if transient {
            FailureClass::Network
        } else {
            FailureClass::NoTls
        };
        assert_eq!(class, expected, "alert {alert}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn certificates_that_are_not_accepted() {
    let authority = Authority::new(&["exchange.test"]);
    let port = echo(&authority, BOTH).await;
    assert_eq!(
        refusal(&authority.trust(), "127.0.0.1", port).await,
        "cannot connect to 127.0.0.1:PORT: TLS failed: invalid peer certificate: \
         certificate not valid for name \"127.0.0.1\"; certificate is only valid for DnsName(\"exchange.test\")"
    );
    let named = authority.trust().server_name("other.test").unwrap();
    assert_eq!(
        refusal(&named, "127.0.0.1", port).await,
        "cannot connect to 127.0.0.1:PORT (expecting a certificate for other.test): \
         TLS failed: invalid peer certificate: certificate not valid for name \"other.test\"; \
         certificate is only valid for DnsName(\"exchange.test\")"
    );
    let stranger = Authority::new(&["exchange.test"]);
    let named = stranger.trust().server_name("exchange.test").unwrap();
    let text = refusal(&named, "127.0.0.1", port).await;
    assert!(text.contains("TLS failed: invalid peer certificate: "), "{text}");
    assert!(
        !connect(&named, "127.0.0.1", port)
            .await
            .unwrap_err()
            .is_transient()
    );
    // The system's roots do not know it either.
    let system = TlsSettings::new().server_name("exchange.test").unwrap();
    let text = refusal(&system, "127.0.0.1", port).await;
    assert!(text.contains("UnknownIssuer"), "{text}");

    let expired = Authority::with(&["exchange.test"], |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let port = echo(&expired, BOTH).await;
    let named = expired.trust().server_name("exchange.test").unwrap();
    let text = refusal(&named, "127.0.0.1", port).await;
    assert!(text.contains("certificate expired"), "{text}");
}

#[tokio::test]
async fn extra_roots_beside_the_systems() {
    let authority = Authority::new(&["exchange.test"]);
    let port = echo(&authority, BOTH).await;
    let settings = TlsSettings::new().roots_from_pem(&authority.root).unwrap();
    let settings = settings.server_name("exchange.test").unwrap();
    check_echo(connect(&settings, "127.0.0.1", port).await.unwrap()).await;
}

#[tokio::test]
async fn pinned_certificates() {
    let authority = Authority::new(&["exchange.test"]);
    let (other, port) = (Pin::of_der(b"other"), echo(&authority, BOTH).await);
    // Neither the name nor the issuer matter, nor which of several pins it is.
    for pins in [
        vec![authority.pin()],
        vec![other, authority.pin()],
        vec![authority.pin(), other],
    ] {
        let settings = pins.into_iter().fold(TlsSettings::new(), TlsSettings::pin);
        check_echo(connect(&settings, "127.0.0.1", port).await.unwrap()).await;
    }
    let tls12 = echo(&authority, &[&rustls::version::TLS12]).await;
    check_echo(
        connect(&TlsSettings::new().pin(authority.pin()), "127.0.0.1", tls12)
            .await
            .unwrap(),
    )
    .await;
    // A pin narrows: a certificate that the roots would accept is refused when it is not the pinned one.
    let settings = authority.trust().server_name("exchange.test").unwrap().pin(other);
    assert_eq!(
        refusal(&settings, "127.0.0.1", port).await,
        format!(
            "cannot connect to 127.0.0.1:PORT (expecting a certificate for exchange.test): \
             TLS failed: the server's certificate is not a pinned one; its SHA-256 is {}",
            authority.pin()
        )
    );
    let strict = authority.trust().pin(authority.pin()).verify_chain_of_pinned();
    assert!(
        refusal(&strict, "127.0.0.1", port)
            .await
            .contains("not valid for name")
    );
    let strict = strict.server_name("exchange.test").unwrap();
    check_echo(connect(&strict, "127.0.0.1", port).await.unwrap()).await;
}

/// Presents one certificate, whoever asks, and whether or not the key belongs to it.
#[derive(Debug)]
struct Fixed(Arc<rustls::sign::CertifiedKey>);

impl rustls::server::ResolvesServerCert for Fixed {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

#[tokio::test]
async fn a_pinned_certificate_needs_its_key() {
    // The pinned certificate with another key: the handshake's signature cannot be right.
    let (genuine, thief) = (
        Authority::new(&["exchange.test"]),
        Authority::new(&["exchange.test"]),
    );
    let provider = rustls::crypto::ring::default_provider();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(thief.key.clone()));
    let signing = provider.key_provider.load_private_key(key).unwrap();
    let certified = Arc::new(rustls::sign::CertifiedKey::new(genuine.chain.clone(), signing));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = ServerConfig::builder_with_provider(Arc::new(provider.clone()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Fixed(Arc::clone(&certified))));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let _ = TlsAcceptor::from(Arc::new(config)).accept(tcp).await;
        });
        let text = refusal(&TlsSettings::new().pin(genuine.pin()), "127.0.0.1", port).await;
        assert!(text.contains("BadSignature"), "{text}");
    }
}

#[tokio::test]
async fn nobody_there() {
    let (closed, _held) = closed();
    let port = closed.port();
    let error = connect(&TlsSettings::new(), "127.0.0.1", port).await.unwrap_err();
    let text = error.to_string().replace(&port.to_string(), "PORT");
    assert_eq!(
        text,
        "cannot connect to 127.0.0.1:PORT: Connection refused (os error 111)"
    );
    assert!(error.is_transient());
    let ConnectError::Attempts {
        attempts,
        server_name,
        ..
    } = error
    else {
        panic!("{text}")
    };
    assert_eq!(attempts.len(), 1);
    assert_eq!(server_name.as_deref(), Some("127.0.0.1"));
}

/// An address at which nobody listens; and what holds it, so that nobody else can begin to.
fn closed() -> (SocketAddr, TcpSocket) {
    let held = TcpSocket::new_v4().unwrap();
    held.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    (held.local_addr().unwrap(), held)
}

/// An address that answers nothing at all: the queue of those who wait to be accepted is full. And what keeps it so.
async fn silent() -> (SocketAddr, (TcpListener, Vec<TcpStream>)) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let (mut waiting, mut unanswered) = (Vec::new(), 0);
    // How many the system takes, beyond what it was told, is its own affair.
    while unanswered < 2 {
        match timeout(Duration::from_secs(5), TcpStream::connect(address)).await {
            Ok(stream) => waiting.push(stream.unwrap()),
            Err(_) => unanswered += 1,
        }
    }
    (address, (listener, waiting))
}

/// Addresses that are silent, that speak no TLS, that refuse and that have the wrong certificate; with the right one behind
/// them and without.
#[tokio::test(start_paused = true)]
async fn every_address_is_tried_each_for_its_own_time() {
    let authority = Authority::new(&["exchange.test"]);
    let ((first, _full), (second, _full_too)) = (silent().await, silent().await);
    let deaf = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let (stranger, genuine) = (
        at(echo(&Authority::new(&["exchange.test"]), BOTH).await),
        at(echo(&authority, BOTH).await),
    );
    let (closed, _held) = closed();
    let bad = [first, second, deaf.local_addr().unwrap(), closed, stranger];
    let settings = authority.trust().server_name("exchange.test").unwrap();
    for end in [Some(genuine), None] {
        let addresses: Vec<SocketAddr> = bad.into_iter().chain(end).collect();
        // While this blocks, the clock stands still unless it is moved.
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let still = tokio::task::spawn_blocking(move || held.recv());
        let connector = Connector::tls(&settings).unwrap();
        let name = settings.expected_name().cloned();
        let mut connecting = tokio::spawn(async move {
            let endpoint = Endpoint::new("exchange.test", 8228);
            connector.connect_to(addresses, &endpoint, name.as_ref()).await
        });
        // Three of them take their time: all of it, each.
        settle().await;
        for _ in 0..2 {
            assert!(!connecting.is_finished());
            advance(Duration::from_secs(5)).await;
            settle().await;
        }
        let _deaf = tokio::select! {
            accepted = deaf.accept() => accepted.unwrap(),
            early = &mut connecting => panic!("{early:?}"),
        };
        settle().await;
        advance(Duration::from_secs(5)).await;
        match (connecting.await.unwrap(), end) {
            (Ok(stream), Some(_)) => {
                assert_eq!(stream.peer(), genuine);
                check_echo(stream).await;
            }
            (Err(ConnectError::Attempts { attempts, .. }), None) => {
                assert_eq!(attempts.len(), bad.len());
                for ((attempt, address), expected) in attempts.iter().zip(bad).zip([
                    "no answer within 5s",
                    "no answer within 5s",
                    "no TLS handshake within 5s",
                    "Connection refused",
                    "TLS failed: invalid peer certificate",
                ]) {
                    let (text, says) = (attempt.to_string(), format!("{address}: {expected}"));
                    assert!(text.starts_with(&says), "{text} instead of {says}");
                }
            }
            (other, _) => panic!("{other:?}"),
        }
        drop(hold);
        let _ = still.await;
    }
}

/// Lets the runtime see what its sockets have, and all tasks take it in.
async fn settle() {
    for _ in 0..1000 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_name_leads_to_its_addresses() {
    // `localhost` is one or two addresses; whichever they are, the one that listens is found.
    let authority = Authority::new(&["localhost"]);
    let port = echo(&authority, BOTH).await;
    let stream = connect(&authority.trust(), "localhost", port).await.unwrap();
    assert_eq!(stream.peer().ip(), Ipv4Addr::LOCALHOST);
}

#[tokio::test]
async fn nothing_waits_for_the_acknowledgement_of_what_went_before() {
    let authority = Authority::new(&["127.0.0.1"]);
    let port = echo(&authority, BOTH).await;
    let tls = connect(&authority.trust(), "127.0.0.1", port).await.unwrap();
    assert!(tls.tcp().nodelay().unwrap());
    let plain = Connector::plaintext()
        .connect(&Endpoint::new("127.0.0.1", port))
        .await
        .unwrap();
    assert!(plain.tcp().nodelay().unwrap());
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls() {
    async fn server(greeting: &'static [u8], hold: bool) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            tcp.write_all(greeting).await.unwrap();
            if hold {
                std::future::pending::<()>().await;
            }
            let mut rest = Vec::new();
            let _ = tcp.shutdown().await;
            let _ = tcp.read_to_end(&mut rest).await;
        });
        port
    }
    let port = server(b"8=FIXT.1.1\x01 and so on", false).await;
    let text = refusal(&TlsSettings::new(), "127.0.0.1", port).await;
    assert!(text.contains("TLS failed: "), "{text}");
    let port = server(b"", false).await;
    let text = refusal(&TlsSettings::new(), "127.0.0.1", port).await;
    assert!(
        text.contains("the connection broke during the TLS handshake: "),
        "{text}"
    );
    let port = server(b"", true).await;
    let timeouts = ConnectTimeouts {
        handshake: Duration::from_millis(50),
        ..ConnectTimeouts::default()
    };
    let connector = Connector::tls(&TlsSettings::new())
        .unwrap()
        .with_timeouts(timeouts);
    let text = connector
        .connect(&Endpoint::new("127.0.0.1", port))
        .await
        .unwrap_err()
        .to_string();
    assert!(text.ends_with("no TLS handshake within 50ms"), "{text}");
}

#[tokio::test]
async fn plaintext_is_for_this_machine() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost"] {
        let stream = Connector::plaintext()
            .connect(&Endpoint::new(host, port))
            .await
            .unwrap();
        assert_eq!(stream.tls_summary(), None);
    }
    let check = async |host: &str, expected: &str| {
        let error = Connector::plaintext()
            .connect(&Endpoint::new(host, 1))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(!error.is_transient());
    };
    let text = "is neither a loopback address nor localhost; use TLS";
    check(
        "192.0.2.1",
        &format!("plaintext is for this machine only, and 192.0.2.1:1 {text}"),
    )
    .await;
    check(
        "fix.demo.kalshi.co",
        &format!("plaintext is for this machine only, and fix.demo.kalshi.co:1 {text}"),
    )
    .await;
    check(
        "::ffff:192.0.2.1",
        &format!("plaintext is for this machine only, and [::ffff:192.0.2.1]:1 {text}"),
    )
    .await;
    check(
        "localhost.evil.test",
        &format!("plaintext is for this machine only, and localhost.evil.test:1 {text}"),
    )
    .await;
}

#[tokio::test]
async fn hosts_that_lead_nowhere() {
    let error = connect(&TlsSettings::new(), "no-such-host.invalid", 1)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot look up no-such-host.invalid:1: "),
        "{error}"
    );
    let error = connect(&TlsSettings::new(), "not a host", 1).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot connect to not a host:1 with TLS: \"not a host\" is not a DNS name or an IP address, \
         which a certificate could be for"
    );
}

#[test]
fn settings_that_cannot_work() {
    fn check<T>(found: Result<T, TlsSettingsError>, expected: &str) {
        assert_eq!(found.map(drop).unwrap_err().to_string(), expected);
    }
    check(
        Connector::tls(&TlsSettings::new().without_system_roots()),
        "nobody is trusted: neither the system's roots, nor roots of your own, nor a pinned certificate",
    );
    check(
        TlsSettings::new().roots_from_pem("nothing"),
        "the root certificates are not readable PEM: no certificate in it; expected \"-----BEGIN CERTIFICATE-----\"",
    );
    check(
        TlsSettings::new().roots_from_pem_file("/nonexistent.pem"),
        "cannot read the root certificates /nonexistent.pem: No such file or directory (os error 2); expected a file of PEM",
    );
    check(
        TlsSettings::new().roots_from_pem_file("/"),
        "cannot read the root certificates /: Is a directory (os error 21); expected a file of PEM",
    );
    let damaged = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";
    assert!(matches!(
        TlsSettings::new().roots_from_pem(damaged),
        Err(TlsSettingsError::Root(_))
    ));
    // A pin is enough.
    let pinned = TlsSettings::new().without_system_roots().pin(Pin::of_der(b"x"));
    assert!(Connector::tls(&pinned).is_ok());
    check(
        Connector::tls(&pinned.verify_chain_of_pinned()),
        "nobody is trusted: neither the system's roots, nor roots of your own, nor a pinned certificate",
    );
}

#[test]
fn files_of_roots_that_cannot_be_used() {
    let directory = std::env::temp_dir().join(format!("kalshi-fix-roots-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let check = |contents: &[u8], expected: &str| {
        let path = directory.join("root.pem");
        std::fs::write(&path, contents).unwrap();
        let error = TlsSettings::new().roots_from_pem_file(&path).unwrap_err();
        let text = error.to_string();
        let told = text.strip_prefix(&format!("{}: ", path.display()));
        assert_eq!(told, Some(expected), "{text}");
    };
    let nothing = "expected \"-----BEGIN CERTIFICATE-----\"";
    let no_pem = |found: &str| format!("the root certificates are not readable PEM: {found}; {nothing}");
    check(b"", &no_pem("no certificate in it"));
    check(b"{\"host\":\"127.0.0.1\"}", &no_pem("no certificate in it"));
    let key = include_bytes!("../../tests/fixtures/keys/rsa-pkcs8.pem");
    check(key, &no_pem("a PRIVATE KEY in it and no certificate"));
    let der = Authority::new(&["exchange.test"]).chain[0].to_vec();
    check(
        &der,
        &no_pem("no text, perhaps DER, which `openssl x509 -inform der` makes PEM of"),
    );
    check(
        b"-----BEGIN CERTIFICATE-----\nYWJj\n",
        "the root certificates are not readable PEM: a CERTIFICATE begins and does not end",
    );
    std::fs::remove_dir_all(&directory).unwrap();
}
