//! A venue that changes its certificate while a session lives.

use super::*;
use crate::driver::{Disconnected, Reconnected};
use crate::reconnect::{FailureClass, StopReason};
use crate::transport::TlsSettings;
use crate::transport::testing::Authority;

#[tokio::test]
async fn a_session_outlives_a_new_certificate_that_is_pinned_and_names_one_that_is_not() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let (next, unknown) = (Authority::new(&["127.0.0.1"]), Authority::new(&["127.0.0.1"]));
    let pins = TlsSettings::new()
        .server_name("exchange.test")
        .unwrap()
        .pin(venue.authority.pin())
        .pin(next.pin());
    let client: Client<Prediction> = venue
        .client()
        .tls(pins)
        .reconnect(super::retransmission::eager())
        .build()
        .unwrap();
    let mut session = client.order_entry().await.unwrap();
    let connection = venue.connection().await;

    // The second pin is there for this day.
    venue.present(&next);
    connection.handle.abort();
    match timeout(Duration::from_secs(20), session.recv()).await.unwrap() {
        Some(Event::Disconnected(Disconnected { class, .. })) => assert_eq!(class, FailureClass::Network),
        other => panic!("{other:?}"),
    }
    match timeout(Duration::from_secs(20), session.recv()).await.unwrap() {
        Some(Event::Reconnected(Reconnected { .. })) => {}
        other => panic!("{other:?}"),
    }
    let mut connection = venue.connection().await;
    assert_eq!(session.send(&order("a-1")).await.unwrap(), 2);
    assert!(connection.next_message().await.contains("|11=a-1|"));

    // Whose certificate is neither may be anybody: there is no further attempt, and the end says all of it.
    venue.present(&unknown);
    connection.handle.abort();
    let end = loop {
        match timeout(Duration::from_secs(20), session.recv()).await.unwrap() {
            Some(Event::Ended(end)) => break end,
            Some(_) => {}
            None => panic!("the end is delivered once"),
        }
    };
    assert_eq!(end.cause.class(), FailureClass::Untrusted);
    assert!(matches!(end.stopped, Some(StopReason::Untrusted)), "{end:?}");
    let text = end.to_string();
    for expected in [
        format!("cannot connect to 127.0.0.1:{} ", venue.port),
        "(expecting a certificate for exchange.test)".to_owned(),
        format!("is not a pinned one; its SHA-256 is {}", unknown.pin()),
    ] {
        assert!(text.contains(&expected), "{expected:?} is not in {text:?}");
    }
}
