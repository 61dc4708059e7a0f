//! Connected, and not let in.

use std::sync::Arc;

use kalshi_fix::client::ClientBuilder;
use kalshi_fix::credentials::{BlockingSigner, Credentials, KeyRing};
use kalshi_fix::dialect::Timestamp;
use kalshi_fix::driver::{Clock, SessionStore};
use kalshi_fix::environment::{Environment, SessionKind};
use kalshi_fix::gateway::{Effect, Fault, Step};
use kalshi_fix::prediction::Prediction;
use kalshi_fix::store::JournalStore;

use super::*;

/// A clock that is wrong by so many seconds.
struct Wrong(i64);

impl Clock for Wrong {
    fn utc(&self) -> Timestamp {
        let now = Timestamp::from(std::time::SystemTime::now()).unix_nanos();
        Timestamp::from_unix_nanos(now + self.0 * 1_000_000_000)
    }
}

async fn refused(report: &mut Report, case: &str, builder: ClientBuilder<Prediction>) {
    let client = builder.build().unwrap();
    let error = in_time(client.order_entry()).await.unwrap_err();
    let class = error
        .class()
        .map_or("none: nothing was tried".to_owned(), |class| class.to_string());
    report.add(&format!("{case} [{class}]"), &error);
}

#[tokio::test]
async fn logons() {
    let venue = Venue::start().await;
    let mut report = Report::default();
    let report = &mut report;
    let key_id = venue.member.credentials(&venue.key).key_id().to_owned();
    let with = |key_id: &str, key| {
        let credentials = Credentials::new(key_id, key).unwrap();
        venue.gateway.client_builder::<Prediction>(credentials)
    };
    let other = PrivateKey::generate().unwrap();
    refused(report, "the private key of another API key", with(&key_id, other)).await;
    let unknown = "00000000-0000-0000-0000-000000000000";
    refused(
        report,
        "an API key id that the venue does not know",
        with(unknown, venue.key.clone()),
    )
    .await;
    refused(
        report,
        "a clock that is behind",
        venue.client().clock(Arc::new(Wrong(-40))),
    )
    .await;
    refused(
        report,
        "a clock that is ahead",
        venue.client().clock(Arc::new(Wrong(40))),
    )
    .await;

    let client = with(&key_id, venue.key.clone()).build().unwrap();
    let first = in_time(client.order_entry()).await.unwrap();
    refused(report, "a key that is in use", with(&key_id, venue.key.clone())).await;
    drop(first);

    for (case, effect) in [
        (
            "a key without the entitlement",
            Effect::Refuse("Not authorized for this session".to_owned()),
        ),
        (
            "a logon over the rate limit",
            Effect::Refuse("Rate limit exceeded".to_owned()),
        ),
        (
            "a logon without its reset",
            Effect::Refuse("MsgSeqNum too high, expecting 1 but received 7".to_owned()),
        ),
        ("words that nobody knows", Effect::Refuse("go away".to_owned())),
        ("a connection that ends", Effect::Disconnect),
        ("no answer", Effect::Ignore),
    ] {
        venue.gateway.inject(Fault::new(Step::Logon, effect));
        // Only the one that waits for nothing waits for a short time.
        let timeout = Duration::from_millis(if case == "no answer" { 150 } else { 30_000 });
        refused(report, case, venue.client().logon_timeout(timeout)).await;
    }
    let signer = BlockingSigner::new(|_: &[u8]| Err::<Vec<u8>, _>("the module is locked"));
    let locked = Credentials::with_signer(key_id.as_str(), signer).unwrap();
    refused(
        report,
        "a signer that fails",
        venue.gateway.client_builder(locked),
    )
    .await;
    let ring = KeyRing::empty().with(SessionKind::MarketData, venue.member.credentials(&venue.key));
    refused(
        report,
        "a session without a key",
        venue.client().credentials(ring),
    )
    .await;

    // A store that is another session's.
    let directory = std::env::temp_dir().join(format!("kalshi-fix-failures-{}", std::process::id()));
    let now = Timestamp::from_unix_nanos(0);
    let client = kalshi_fix::client::Client::<Prediction>::builder(Environment::Demo);
    let client = client
        .credentials(Credentials::new("a-key", venue.key.clone()).unwrap())
        .build()
        .unwrap();
    let whose = |kind: SessionKind| client.journal_settings(kind).unwrap();
    let journal = JournalStore::open(&directory, whose(SessionKind::PostTrade), now).unwrap();
    let error = JournalStore::open(&directory, whose(SessionKind::PostTrade), now).unwrap_err();
    let text = error
        .to_string()
        .replace(&*directory.to_string_lossy(), "[directory]");
    report.say("a store that is open already", &text);
    drop(SessionStore::inline(journal));
    let kind = SessionKind::OrderEntryRetransmitting;
    let error = JournalStore::open(&directory, whose(kind), now).unwrap_err();
    let text = error
        .to_string()
        .replace(&*directory.to_string_lossy(), "[directory]");
    report.say("a store of another session", &text);
    std::fs::remove_dir_all(&directory).unwrap();
    insta::assert_snapshot!(report.0);
}
