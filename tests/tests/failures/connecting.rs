//! No connection, or none that can be trusted.

use std::net::Ipv4Addr;

use kalshi_fix::client::{ClientBuilder, LogonOptions};
use kalshi_fix::credentials::Credentials;
use kalshi_fix::environment::{Environment, SessionKind};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::transport::{ConnectTimeouts, Pin, TlsSettings};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket};

use super::*;

async fn refused(report: &mut Report, case: &str, builder: ClientBuilder<Prediction>) {
    match builder.build() {
        Ok(client) => {
            let error = in_time(client.order_entry()).await.unwrap_err();
            let class = error
                .class()
                .map_or_else(String::new, |class| format!(" [{class}]"));
            report.add(&format!("{case}{class}"), &error);
        }
        Err(error) => report.add(case, &error),
    }
}

#[tokio::test]
async fn connections() {
    let venue = Venue::start().await;
    let mut report = Report::default();
    let report = &mut report;
    let elsewhere = |host: &'static str| {
        venue
            .client()
            .endpoints(move |endpoints| endpoints.host(SessionKind::OrderEntry, host))
    };
    refused(
        report,
        "a host that nobody allowed",
        elsewhere("fix-proxy.example"),
    )
    .await;
    refused(report, "no host at all", elsewhere("https://fix.demo.kalshi.co")).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let at = |port: u16| {
        venue
            .client()
            .endpoints(move |endpoints| endpoints.port(SessionKind::OrderEntry, port))
    };
    let mut timeouts = ConnectTimeouts::default();
    timeouts.handshake = Duration::from_millis(50);
    refused(
        report,
        "a server that is silent",
        at(port).connect_timeouts(timeouts),
    )
    .await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    refused(report, "a server that does not speak TLS", at(port)).await;
    // Held, so that nobody else can listen there.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let port = nobody.local_addr().unwrap().port();
    refused(report, "nobody listens", at(port)).await;

    let named = venue.gateway.tls().server_name("fix.demo.kalshi.co").unwrap();
    refused(
        report,
        "a certificate for another name",
        venue.client().tls(named),
    )
    .await;
    let issuer = rcgen::generate_simple_self_signed(vec!["another.example".to_owned()]).unwrap();
    let other = TlsSettings::new().without_system_roots();
    let other = other.roots_from_pem(&issuer.cert.pem()).unwrap();
    refused(report, "an issuer that is not trusted", venue.client().tls(other)).await;
    let pinned = venue.gateway.tls().pin(Pin::of_der(b"another certificate"));
    refused(
        report,
        "a certificate that is not pinned",
        venue.client().tls(pinned),
    )
    .await;
    let nobody = TlsSettings::new().without_system_roots();
    refused(report, "nobody trusted", venue.client().tls(nobody)).await;
    report.add(
        "a damaged root",
        &TlsSettings::new()
            .roots_from_pem("-----BEGIN CERTIFICATE-----\n%")
            .unwrap_err(),
    );
    report.add("a pin that is none", &"ab:cd".parse::<Pin>().unwrap_err());
    report.add(
        "a server name that is none",
        &TlsSettings::new().server_name("a b").unwrap_err(),
    );

    let credentials = || Credentials::new("id", venue.key.clone()).unwrap();
    let production =
        || kalshi_fix::client::Client::builder(Environment::Production).credentials(credentials());
    refused(report, "plaintext to production", production().plaintext()).await;
    let options = LogonOptions::default().heartbeat(Duration::from_millis(2500));
    refused(
        report,
        "a heartbeat that the venue does not take",
        production().logon(options),
    )
    .await;
    let none = kalshi_fix::client::Client::builder(Environment::Demo);
    refused(report, "no credentials", none).await;
    insta::assert_snapshot!(report.0);
}
