//! Logged on, and something goes wrong.

use kalshi_fix::client::{Doubt, Event, Response, Session, Unacknowledged, Validation};
use kalshi_fix::dialect::{BodyWriter, Decimal, EncodeBody, Profile};
use kalshi_fix::gateway::{Effect, Fault, Step};
use kalshi_fix::prediction::sessions::NR;
use kalshi_fix::prediction::{NewOrderSingle, OrderCancelRequest, OrderGroupRequest, fields};

use super::*;

fn order(id: &str) -> NewOrderSingle<'_> {
    let (ten, price) = (Decimal::from(10), Decimal::new(5500, 4));
    NewOrderSingle::new(
        id,
        ten,
        fields::OrdType::Limit,
        price,
        fields::Side::Buy,
        "HIGHNY-23DEC31",
    )
}

/// A message that no type of ours would be.
struct Raw(&'static [(u32, &'static str)]);

impl EncodeBody for Raw {
    fn msg_type(&self) -> &[u8] {
        b"D"
    }

    fn encode_body(&self, out: &mut BodyWriter) {
        for (tag, value) in self.0 {
            out.field(*tag, value.as_bytes());
        }
    }
}

/// The end of a session, as it is told.
async fn end(session: &mut Session<NR>) -> String {
    loop {
        if let Some(Event::Ended(end)) = in_time(session.recv()).await {
            return format!("{end} [{}]", end.cause.class());
        }
    }
}

#[tokio::test]
async fn requests() {
    let venue = Venue::start().await;
    let mut report = Report::default();
    let client = venue
        .client()
        .request_timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let mut session = in_time(client.order_entry()).await.unwrap();

    let free = NewOrderSingle {
        price: Decimal::TWO,
        ..order("free")
    };
    report.add(
        "an order that breaks the rules",
        &session.send(&free).await.unwrap_err(),
    );
    let split = order("a\u{1}44=1");
    report.add(
        "a value with a delimiter in it",
        &session.send(&split).await.unwrap_err(),
    );
    let unnamed = NewOrderSingle {
        symbol: "".into(),
        ..order("unnamed")
    };
    report.add(
        "a required text that is empty",
        &session.send(&unnamed).await.unwrap_err(),
    );

    let nowhere = NewOrderSingle {
        symbol: "NOWHERE".into(),
        ..order("nowhere")
    };
    let refused = in_time(session.submit(&nowhere))
        .await
        .unwrap()
        .acknowledged()
        .unwrap_err();
    report.add("an order on a market that is not there", &refused);
    let large = NewOrderSingle {
        order_qty: Decimal::from(1_000_000),
        ..order("large")
    };
    let refused = in_time(session.submit(&large))
        .await
        .unwrap()
        .acknowledged()
        .unwrap_err();
    report.add("an order that is too large", &refused);
    let nothing = OrderCancelRequest::new("c-1", "never", fields::Side::Buy, "HIGHNY-23DEC31");
    let refused = in_time(session.submit(&nothing))
        .await
        .unwrap()
        .acknowledged()
        .unwrap_err();
    report.add("a cancel of an order that is not there", &refused);
    let group = OrderGroupRequest {
        order_group_id: Some("00000000-0000-4000-8000-000000000000".into()),
        ..OrderGroupRequest::new(fields::OrderGroupAction::Reset)
    };
    let refused = in_time(session.submit(&group))
        .await
        .unwrap()
        .acknowledged()
        .unwrap_err();
    report.add("a group that is not there", &refused);

    venue
        .gateway
        .inject(Fault::new(Step::message("D"), Effect::Doubt));
    let doubtful = in_time(session.submit(&order("doubtful")))
        .await
        .unwrap()
        .acknowledged()
        .unwrap_err();
    report.add("an exchange that does not know", &doubtful);
    venue
        .gateway
        .inject(Fault::new(Step::message("D"), Effect::Ignore));
    let lost = order("lost");
    let pending = session
        .begin(&lost)
        .await
        .unwrap()
        .within(Duration::from_millis(100));
    let unanswered = in_time(pending).await.acknowledged().unwrap_err();
    let Unacknowledged::InDoubt {
        reason: Doubt::TimedOut { unread, .. },
    } = &unanswered
    else {
        panic!("{unanswered}");
    };
    // The refusals before it, at least; more may have come by then.
    assert!(*unread >= 5, "{unread}");
    let said = unanswered.to_string();
    report.say(
        "no answer",
        &said.replace(&format!("; {unread} events"), "; [so many] events"),
    );
    let twice = order("twice");
    venue
        .gateway
        .inject(Fault::new(Step::message("D"), Effect::Ignore));
    let first = session.begin(&twice).await.unwrap();
    report.add(
        "an id that is under way",
        &session.begin(&twice).await.unwrap_err(),
    );
    drop(first);

    venue
        .gateway
        .inject(Fault::new(Step::message("D"), Effect::Disconnect));
    let cut = in_time(session.submit(&order("cut"))).await.unwrap();
    assert!(matches!(cut.response, Response::InDoubt { .. }));
    report.add(
        "a connection that is lost under way",
        &cut.acknowledged().unwrap_err(),
    );
    report.say("how that session ended", &end(&mut session).await);
    report.add(
        "sending after the end",
        &session.send(&order("late")).await.unwrap_err(),
    );

    // What the client does not look at, the venue does.
    let lenient = Validation::default().outbound(Profile::off());
    let client = venue.client().validation(lenient).build().unwrap();
    let mut session = in_time(client.order_entry()).await.unwrap();
    let sender = session.sender();
    for (case, message) in [
        (
            "a message that the venue cannot read",
            Raw(&[(11, "raw"), (38, "ten")]),
        ),
        ("a message without a required field", Raw(&[(11, "raw")])),
    ] {
        sender.untyped().send(&message).await.unwrap();
        loop {
            if let Some(Event::Rejected(rejected)) = in_time(session.recv()).await {
                report.say(case, &rejected.to_string());
                break;
            }
        }
    }
    insta::assert_snapshot!(report.0);
}

#[tokio::test]
async fn ends() {
    let venue = Venue::start().await;
    let mut report = Report::default();
    let session = in_time(venue.client().build().unwrap().order_entry())
        .await
        .unwrap();
    let closed = in_time(session.close()).await;
    report.say("a logout of ours", &closed.end.unwrap().to_string());

    let mut session = in_time(venue.client().build().unwrap().order_entry())
        .await
        .unwrap();
    session.sender().abort();
    report.say("an abort of ours", &end(&mut session).await);

    venue.gateway.inject(Fault::new(Step::Logout, Effect::Ignore));
    let client = venue
        .client()
        .logout_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let session = in_time(client.order_entry()).await.unwrap();
    let closed = in_time(session.close()).await;
    report.say("a logout without an answer", &closed.end.unwrap().to_string());

    venue
        .gateway
        .inject(Fault::new(Step::message("D"), Effect::Gap(3)));
    let mut session = in_time(venue.client().build().unwrap().order_entry())
        .await
        .unwrap();
    session.send(&order("gap")).await.unwrap();
    report.say("numbers that are missing", &end(&mut session).await);

    let mut session = in_time(venue.client().build().unwrap().order_entry())
        .await
        .unwrap();
    drop(venue);
    report.say("an exchange that is gone", &end(&mut session).await);
    insta::assert_snapshot!(report.0);
}
