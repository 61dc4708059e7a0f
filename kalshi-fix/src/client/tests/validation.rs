//! What a session makes of breaches, in both directions, by the profiles that it goes by at the time.

use fix_dialect::{Action, Profile, Rule};

use super::*;
use crate::session::SendError;

/// Finer than an order's price can be.
fn fine(id: &str) -> NewOrderSingle<'_> {
    NewOrderSingle {
        price: Decimal::new(45_005, 5),
        ..order(id)
    }
}

fn refused<T: std::fmt::Debug>(sent: Result<T, SendError>) -> Vec<String> {
    match sent {
        Err(SendError::Invalid { violations }) => violations.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

const STEP: &str =
    "NewOrderSingle/44: value is not a multiple of its step: `0.45005`; expected 0.0001..0.9999 step 0.0001";

#[tokio::test]
async fn what_breaks_a_rule_is_not_sent_and_takes_no_number() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    let session = client.order_entry().await.unwrap();
    let mut connection = venue.connection().await;
    assert_eq!(refused(session.send(&fine("a")).await), [STEP]);
    assert_eq!(refused(session.sender().try_send(&fine("a"))), [STEP]);
    assert_eq!(session.send(&order("b")).await.unwrap(), 2);
    assert!(connection.next_message().await.contains("|34=2|"));
}

#[tokio::test]
async fn outbound_rules_change_under_way_for_every_sender() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let outbound = Profile::outbound().with(Rule::Step, Action::Report);
    let validation = Validation::default().outbound(outbound);
    let client: Client<Prediction> = venue.client().validation(validation).build().unwrap();
    let mut session = client.order_entry().await.unwrap();
    let mut connection = venue.connection().await;
    let other = session.sender();
    // The rule is told of and no more; the others refuse.
    assert_eq!(session.send(&fine("a")).await.unwrap(), 2);
    assert!(connection.next_message().await.contains("|44=0.45005|"));
    let long = "x".repeat(65);
    let too_long = ["NewOrderSingle/11: value is too long"];
    let told = refused(session.send(&order(&long)).await);
    assert!(told.len() == 1 && told[0].starts_with(too_long[0]), "{told:?}");

    session.set_validation(Validation::default());
    assert_eq!(refused(other.send(&fine("b")).await), [STEP]);
    other.set_validation(Profile::off());
    assert_eq!(session.send(&order(&long)).await.unwrap(), 3);
    assert_eq!(other.send(&fine("c")).await.unwrap(), 4);
    session
        .sender()
        .set_validation(Profile::outbound().with(Rule::Length, Action::Ignore));
    assert_eq!(refused(other.send(&fine("d")).await), [STEP]);
    assert_eq!(other.send(&order(&long)).await.unwrap(), 5);

    // Another session of the same client has the client's profile, whatever this one goes by.
    other.set_validation(Profile::off());
    let second = client.order_entry().await.unwrap();
    assert_eq!(second.send(&fine("e")).await.unwrap(), 2);
    assert!(second.send(&order(&long)).await.is_err());
}

/// A report whose Side (54) no dictionary lists, and whose OrdStatus (39) is right.
const UNLISTED: Raw = Raw(
    b"8",
    &[
        (6, "0"),
        (11, "a"),
        (14, "0.00"),
        (17, "1;1"),
        (37, "o"),
        (38, "1.00"),
        (39, "0"),
        (54, "9"),
        (55, "M"),
        (150, "0"),
        (151, "1.00"),
    ],
);

#[tokio::test]
async fn inbound_rules_change_under_way() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    let mut session = client.order_entry().await.unwrap();
    let connection = venue.connection().await;
    let profiles = [
        // Kept, and told when asked.
        (Profile::lenient(), "message, 1 reported"),
        (Profile::off(), "message, 0 reported"),
        (Profile::strict(), "invalid: Listed"),
        (
            Profile::strict().with(Rule::Listed, Action::Report),
            "message, 1 reported",
        ),
        (
            Profile::lenient().with(Rule::Range, Action::Reject),
            "message, 1 reported",
        ),
        (
            Profile::off().with(Rule::Listed, Action::Reject),
            "invalid: Listed",
        ),
    ];
    for (profile, expected) in profiles {
        session.set_validation(Validation::default().inbound(profile));
        connection.handle.send(&UNLISTED).await.unwrap();
        let found = match session.recv().await {
            Some(Event::Message(received)) => {
                // Whatever is wrong with it, a report is never lost.
                assert!(matches!(received.message(), Some(Message::ExecutionReport(_))));
                format!("message, {} reported", received.report().len())
            }
            Some(Event::Invalid { violations, .. }) => {
                let rules: Vec<&str> = violations.iter().map(|violation| violation.rule.name()).collect();
                format!("invalid: {}", rules.join(" "))
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected);
    }
}
