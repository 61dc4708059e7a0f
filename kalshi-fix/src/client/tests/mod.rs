//! Clients against a venue over TLS on the loopback interface.

mod cancel;
#[cfg(feature = "gateway")]
mod dropped;
mod kill;
mod limits;
mod requests;
mod retransmission;
mod rotation;
mod stores;
mod validation;
mod venue;

use std::time::Duration;

use fix_dialect::{Decimal, EncodeBody, Outcome};
use tokio::time::timeout;

use super::*;
use crate::credentials::{Credentials, PrivateKey};
use crate::environment::{Environment, SessionKind};
use crate::margin::Margin;
use crate::prediction::{
    ExecutionReport, MarketDataRequest, Message, NewOrderSingle, Prediction, fields, groups,
};
use crate::session::{RefusalKind, SessionState};
use crate::transport::TlsSettings;
use crate::units::{PriceUnit, PriceUnits};
use venue::Venue;

fn order(id: &str) -> NewOrderSingle<'_> {
    NewOrderSingle::new(
        id,
        Decimal::new(1000, 2),
        fields::OrdType::Limit,
        Decimal::new(4500, 4),
        fields::Side::Buy,
        "KXTEST-26",
    )
}

fn report(id: &str) -> ExecutionReport<'_> {
    ExecutionReport::new(
        Decimal::ZERO,
        id,
        Decimal::ZERO,
        "1;1",
        "order-1",
        Decimal::new(1000, 2),
        fields::OrdStatus::New,
        fields::Side::Buy,
        "KXTEST-26",
        fields::ExecType::New,
        Decimal::new(1000, 2),
    )
}

/// A body of one's own making, to send what no type of ours would.
struct Raw(&'static [u8], &'static [(u32, &'static str)]);

impl EncodeBody for Raw {
    fn msg_type(&self) -> &[u8] {
        self.0
    }

    fn encode_body(&self, out: &mut fix_dialect::BodyWriter) {
        for (tag, value) in self.1 {
            out.field(*tag, value.as_bytes());
        }
    }
}

fn logon_fields(request: &crate::session::LogonRequest) -> String {
    let text = String::from_utf8_lossy(&request.frame).replace('\x01', "|");
    let body = text.split_once("|98=").unwrap().1;
    let body = format!("98={}", body.split_once("|10=").unwrap().0);
    let shown = body
        .split('|')
        .filter(|field| !field.starts_with("96=") && !field.starts_with("95="));
    shown.collect::<Vec<_>>().join("|")
}

#[tokio::test]
async fn an_order_is_acknowledged() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    let session = client.order_entry().await.unwrap();
    assert_eq!(session.established().peer_sender_comp_id, "Kalshi");
    let mut connection = venue.connection().await;
    assert_eq!(connection.request.target_comp_id, "KalshiNR");
    assert_eq!(
        logon_fields(&connection.request),
        "98=0|108=30|141=Y|1137=9|21005=Y"
    );

    let (sender, mut receiver) = session.split();
    assert_eq!(sender.send(&order("a-1")).await.unwrap(), 2);
    let message = connection.next_message().await;
    assert!(message.contains("|35=D|49=key-id|56=KalshiNR|34=2|"), "{message}");
    assert!(
        message.contains("|11=a-1|38=10.00|40=2|44=0.4500|54=1|55=KXTEST-26|"),
        "{message}"
    );

    connection.handle.send(&report("a-1")).await.unwrap();
    match receiver.recv().await {
        Some(Event::Message(received)) => match received.message() {
            Some(Message::ExecutionReport(found)) => {
                assert_eq!(*found, report("a-1"));
                assert_eq!(received.inbound().msg_seq_num, 2);
                assert_eq!(
                    received.to_owned_message(),
                    Some(Message::ExecutionReport(report("a-1")))
                );
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }

    // Both ends in one select, as a trading loop has them.
    connection.handle.send(&report("a-2")).await.unwrap();
    let (mut sent, mut got) = (false, false);
    while !sent || !got {
        let next = order("a-2");
        tokio::select! {
            number = sender.send(&next), if !sent => {
                assert_eq!(number.unwrap(), 3);
                sent = true;
            }
            event = receiver.recv() => {
                assert!(matches!(event, Some(Event::Message(_))));
                got = true;
            }
        }
    }
    let closed = receiver.close().await;
    assert_eq!(closed.end.unwrap().to_string(), "logged out");
    assert_eq!(connection.end().await, "the peer logged out");
    assert_eq!(sender.state(), SessionState::Ended);
}

#[tokio::test]
async fn market_data_that_is_not_read_is_dropped_and_told() {
    for (policy, drops) in [(None, true), (Some(InboundPolicy::Block), false)] {
        let mut venue = Venue::start(Product::Prediction, None).await;
        let limits = DriverSettings {
            max_waiting_events: 10,
            ..DriverSettings::default()
        };
        let mut builder = venue.client::<Prediction>().driver(limits);
        if let Some(policy) = policy {
            builder = builder.market_data_policy(policy);
        }
        let mut session = builder.build().unwrap().market_data().await.unwrap();
        let mut connection = venue.connection().await;
        for _ in 0..100 {
            connection
                .handle
                .send(&Raw(b"W", &[(55, "KXTEST-26")]))
                .await
                .unwrap();
        }
        // The answer says that everything before it was read.
        connection.handle.test_request().unwrap();
        loop {
            let event = timeout(Duration::from_secs(20), connection.events.recv())
                .await
                .unwrap();
            if let Some(driver::Event::Session(core::Event::TestRequestAnswered { .. })) = event {
                break;
            }
        }
        match session.recv().await {
            Some(Event::Dropped(dropped)) if drops => assert_eq!(dropped.first, 2),
            Some(Event::Message(received)) if !drops => assert_eq!(received.inbound().msg_seq_num, 2),
            other => panic!("{other:?}"),
        }
        let closed = session.close().await;
        assert_eq!(closed.end.unwrap().to_string(), "logged out");
    }
}

#[tokio::test]
async fn messages_that_are_not_as_they_should_be() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    let mut session = client.order_entry().await.unwrap();
    let connection = venue.connection().await;
    let fill = Raw(
        b"8",
        &[(11, "a-1"), (17, "7;9"), (31, "0.45"), (32, "2.00"), (150, "F")],
    );
    connection.handle.send(&fill).await.unwrap();
    connection
        .handle
        .send(&Raw(b"UZZ", &[(58, "new")]))
        .await
        .unwrap();
    connection
        .handle
        .send(&Raw(b"8", &[(0x0020_0000, "x")]))
        .await
        .unwrap();
    // What a fill needs is there, though much of what the dictionary requires is not.
    match session.recv().await {
        Some(Event::Message(received)) => {
            let Outcome::Incomplete(violations) = received.outcome() else {
                panic!("{received:?}")
            };
            assert!(violations.len() > 3);
            assert_eq!(received.message(), None);
            let field = |tag| {
                received
                    .raw()
                    .field(tag)
                    .map(|value| String::from_utf8_lossy(value).into_owned())
            };
            assert_eq!(field(17).as_deref(), Some("7;9"));
            assert_eq!(field(32).as_deref(), Some("2.00"));
        }
        other => panic!("{other:?}"),
    }
    match session.recv().await {
        Some(Event::Message(received)) => {
            assert!(matches!(received.outcome(), Outcome::UnknownType));
            assert_eq!(received.inbound().msg_type(), b"UZZ");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(session.recv().await, Some(Event::Message(_))));
    drop(session);
}

#[tokio::test]
async fn market_data_and_drop_copy_have_logons_of_their_own() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let builder = venue.client::<Prediction>().cancel_orders_on_disconnect(true);
    let client = builder.heartbeat(Duration::from_secs(10)).build().unwrap();
    let market_data = client.market_data().await.unwrap();
    let mut connection = venue.connection().await;
    assert_eq!(connection.request.target_comp_id, "KalshiMD");
    assert_eq!(logon_fields(&connection.request), "98=0|108=10|141=Y|1137=9");
    let request = MarketDataRequest {
        related_sym: Some(vec![groups::RelatedSymbol::new("KXTEST-26")]),
        ..MarketDataRequest::new(fields::SubscriptionRequestType::SnapshotPlusUpdates)
    };
    market_data.send(&request).await.unwrap();
    assert!(
        connection
            .next_message()
            .await
            .contains("|263=1|146=1|55=KXTEST-26|")
    );

    let _orders = client.order_entry().await.unwrap();
    let connection = venue.connection().await;
    assert_eq!(
        logon_fields(&connection.request),
        "98=0|108=10|141=Y|1137=9|8013=Y|21005=Y"
    );
    let _drop_copy = client.drop_copy().await.unwrap();
    let connection = venue.connection().await;
    assert_eq!(connection.request.target_comp_id, "KalshiDC");
    assert_eq!(
        logon_fields(&connection.request),
        "98=0|108=10|141=Y|1137=9|21005=Y"
    );
}

#[tokio::test]
async fn margin_is_always_in_dollars() {
    let mut venue = Venue::start(Product::Margin, None).await;
    let client: Client<Margin> = venue.client().heartbeat(Duration::from_secs(3)).build().unwrap();
    let session = client.order_entry().await.unwrap();
    let mut connection = venue.connection().await;
    assert_eq!(logon_fields(&connection.request), "98=0|108=3|141=Y|1137=9");
    let order = crate::margin::NewOrderSingle::new(
        "m-1",
        Decimal::ONE,
        crate::margin::fields::OrdType::Limit,
        Decimal::new(612_345_000, 4),
        crate::margin::fields::Side::Sell,
        "BTC-PERP",
    );
    session.send(&order).await.unwrap();
    assert!(connection.next_message().await.contains("|44=61234.5000|54=2|"));
}

/// Who connects again waits, and is told what for.
#[tokio::test]
async fn attempts_that_fail_before_there_is_a_session() {
    let venue = Venue::start(Product::Prediction, Some("already exists")).await;
    let (sender, mut failed) = tokio::sync::mpsc::unbounded_channel();
    let client: Client<Prediction> = venue
        .client()
        .reconnect(retransmission::eager())
        .attempt_observer(Arc::new(move |attempt| {
            let _ = sender.send(attempt.end.to_string());
        }))
        .build()
        .unwrap();
    tokio::select! {
        opened = client.order_entry() => panic!("it waits, and does not come to {opened:?}"),
        told = failed.recv() => {
            let told = told.expect("the client has the other end");
            assert!(told.contains("logon refused: already exists"), "{told}");
        }
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    async fn check(refuse: &'static str, kind: RefusalKind, expected: &str) {
        let venue = Venue::start(Product::Prediction, Some(refuse)).await;
        let client: Client<Prediction> = venue.client().build().unwrap();
        let error = client.order_entry().await.unwrap_err();
        let OpenError::Refused(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!(error.refused.kind, kind);
        let text = error.to_string();
        assert_eq!(
            text.strip_suffix(error.remedy()),
            Some(format!("{expected}; ").as_str())
        );
    }
    check(
        "already exists",
        RefusalKind::AlreadyExists,
        "KalshiNR: logon refused: already exists",
    )
    .await;
    check("go away", RefusalKind::Other, "KalshiNR: logon refused: go away").await;

    let venue = Venue::start(Product::Prediction, None).await;
    let stranger = PrivateKey::generate().unwrap().to_pem().unwrap();
    let client: Client<Prediction> = venue.client_with_key(&stranger).build().unwrap();
    let error = client.market_data().await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("KalshiMD: logon refused: invalid signature: the signature in RawData (96) does not match the logon and the key"),
        "{text}"
    );
    assert_eq!(error.class(), Some(crate::reconnect::FailureClass::Credentials));
    let OpenError::Refused(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.refused.kind, RefusalKind::Signature);
}

#[tokio::test]
async fn a_venue_that_is_not_there_or_not_trusted() {
    let venue = Venue::start(Product::Prediction, None).await;
    // A port that is taken, and that nobody listens on: connections to it are refused for as long as it is held.
    let silent = tokio::net::TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = silent.local_addr().unwrap().port();
    let nobody = venue
        .client::<Prediction>()
        .endpoints(|endpoints| endpoints.port(SessionKind::OrderEntry, port));
    let error = nobody.build().unwrap().order_entry().await.unwrap_err();
    assert!(
        matches!(&error, OpenError::Connect(error) if error.is_transient()),
        "{error}"
    );
    drop(silent);
    let distrustful = venue.client::<Prediction>().tls(TlsSettings::new());
    let error = distrustful.build().unwrap().order_entry().await.unwrap_err();
    assert!(
        matches!(&error, OpenError::Connect(error) if !error.is_transient()),
        "{error}"
    );
    // A venue that accepts the connection and is silent.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client: Client<Prediction> = venue
        .client()
        .plaintext()
        .endpoints(|endpoints| endpoints.port(SessionKind::OrderEntry, port))
        .logon_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = timeout(Duration::from_secs(5), client.order_entry())
        .await
        .unwrap()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("KalshiNR ended before it was established: no complete logon within "),
        "{text}"
    );
    assert!(
        text.ends_with("ms (still waiting for the answer to its logon)"),
        "{text}"
    );
    drop(listener);
}

#[test]
fn clients_that_cannot_be_built() {
    fn check(build: impl FnOnce(ClientBuilder<Prediction>) -> ClientBuilder<Prediction>, expected: &str) {
        let key = PrivateKey::from_pem(include_str!("../../../tests/fixtures/keys/rsa-pkcs8.pem")).unwrap();
        let builder = Client::builder(Environment::Demo).credentials(Credentials::new("id", key).unwrap());
        assert_eq!(build(builder).build().unwrap_err().to_string(), expected);
    }
    let error = Client::<Prediction>::builder(Environment::Demo)
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no credentials: give the builder `credentials(..)`, or build the client with `from_env`"
    );
    check(
        ClientBuilder::plaintext,
        "plaintext is for the loopback environment only, not for demo",
    );
    check(
        |builder| builder.heartbeat(Duration::from_secs(3)),
        "a heartbeat of 3s: prediction takes whole seconds, from 4 to 3600",
    );
    check(
        |builder| builder.endpoints(|endpoints| endpoints.host(SessionKind::Rfq, "elsewhere.example")),
        "\"elsewhere.example\" is not the host of KalshiRFQ in the demo environment (fix.demo.kalshi.co); \
         if it is meant, allow it with allow_unknown_host(\"elsewhere.example\")",
    );
    check(
        |builder| builder.tls(TlsSettings::new().without_system_roots()),
        "nobody is trusted: neither the system's roots, nor roots of your own, nor a pinned certificate",
    );
}

#[test]
fn debug_shows_the_configuration_and_no_secret() {
    let key = PrivateKey::from_pem(include_str!("../../../tests/fixtures/keys/rsa-pkcs8.pem")).unwrap();
    let client = Client::<Prediction>::builder(Environment::Demo)
        .credentials(Credentials::new("the-id", key).unwrap())
        .build()
        .unwrap();
    let shown = format!("{client:?}");
    for part in [
        "Prediction",
        "Demo",
        "the-id",
        "heartbeat: 30s",
        "use_dollars: true",
        "Block",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("sign"), "{shown}");
}

/// Both ends, and the futures of both, can be moved to other threads.
#[test]
fn ends_can_be_moved_to_tasks() {
    fn movable<T: Send + 'static>(_: T) {}
    fn check(
        sender: Sender<crate::prediction::sessions::NR>,
        mut receiver: Receiver<crate::prediction::sessions::NR>,
    ) {
        movable(async move { sender.send(&order("a")).await });
        movable(async move {
            while let Some(event) = receiver.recv().await {
                tokio::task::yield_now().await;
                drop(event);
            }
            receiver.close().await
        });
    }
    let _ = check;
}

/// Each session logs on with its own key, and one without a key does not try.
#[tokio::test]
async fn sessions_have_keys_of_their_own() {
    let venue = Venue::start(Product::Prediction, None).await;
    let key = || PrivateKey::from_pem(include_str!("../../../tests/fixtures/keys/rsa-pkcs8.pem")).unwrap();
    let ring = KeyRing::empty()
        .with(
            SessionKind::MarketData,
            Credentials::new("key-id", key()).unwrap(),
        )
        .with(
            KeyUse::Listener(SessionKind::OrderEntry),
            Credentials::new("stranger", key()).unwrap(),
        );
    let client: Client<Prediction> = venue.client().credentials(ring).build().unwrap();
    client.market_data().await.unwrap();
    let error = client.order_entry_listener().await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("KalshiNR: logon refused: unknown CompID; "),
        "{error}"
    );
    let error = client.order_entry().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no API key for KalshiNR: it has none of its own, and there is no usual one"
    );
    assert_eq!(error.class(), None);
    let whose = client
        .journal_settings(KeyUse::Listener(SessionKind::OrderEntry))
        .unwrap();
    assert_eq!(whose.session, "prediction loopback stranger KalshiNR");
    assert!(client.journal_settings(SessionKind::PostTrade).is_err());
}
