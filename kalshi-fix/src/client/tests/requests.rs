//! Requests and their answers, over TLS, with a venue that answers as it is told.

use super::retransmission::{BOUND, Kept, Mode, Relay, cut, eager, now, reconnected, through};
use super::venue::Connection;
use super::*;
use crate::driver::SessionStore;
use crate::prediction::sessions::{DC, NR, RT};
use crate::prediction::{
    EventResendComplete, EventResendRequest, OrderCancelReject, OrderCancelRequest, OrderGroupRequest,
    OrderGroupResponse, Quote, QuoteCancel, QuoteStatusReport,
};
use crate::session::{Reject, RejectReason};
use crate::store::MemoryStore;

async fn order_entry() -> (Venue, Session<NR>, Connection) {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    let session = client.order_entry().await.unwrap();
    let connection = venue.connection().await;
    (venue, session, connection)
}

/// What a request came to, in words.
fn words<A: std::fmt::Debug>(submitted: Submitted<Answer<A>>) -> String {
    match submitted.acknowledged() {
        Ok(Answer { message: Some(_), .. }) => "yes".to_owned(),
        Ok(answer) => format!("yes, by {answer:?}"),
        Err(error) => error.to_string(),
    }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    timeout(BOUND, future).await.expect("in time")
}

#[tokio::test]
async fn a_request_is_answered_though_nobody_reads() {
    let (_venue, mut session, mut connection) = order_entry().await;
    let (first, second) = (order("a-1"), order("a-2"));
    let one = session.begin(&first).await.unwrap();
    let two = session.begin(&second).await.unwrap();
    assert_eq!((one.sequence(), two.sequence()), (2, 3));
    connection.next_message().await;
    connection.next_message().await;
    connection.handle.send(&report("a-2")).await.unwrap();
    let reject = Raw(
        b"8",
        &[
            (11, "a-1"),
            (39, "8"),
            (58, "EXCHANGE_PAUSED"),
            (103, "2"),
            (150, "8"),
        ],
    );
    connection.handle.send(&reject).await.unwrap();
    let submitted = in_time(two).await;
    assert_eq!(submitted.sequence, 3);
    let answer = submitted.acknowledged().unwrap();
    assert_eq!(answer.message, Some(report("a-2")));
    assert_eq!(
        words(in_time(one).await),
        "rejected by ExecutionReport (8): EXCHANGE_PAUSED (103=2)"
    );
    // Both are there for the application as well, in the order in which they came.
    for expected in ["a-2", "a-1"] {
        match in_time(session.recv()).await {
            Some(Event::Message(received)) => assert_eq!(received.raw().field(11), Some(expected.as_bytes())),
            other => panic!("{other:?}"),
        }
    }

    // An answer that lacks what it should have is an answer.
    let third = order("a-3");
    let three = session.begin(&third).await.unwrap();
    connection
        .handle
        .send(&Raw(b"8", &[(11, "a-3"), (150, "0")]))
        .await
        .unwrap();
    let answer = in_time(three).await.acknowledged().unwrap();
    assert_eq!(answer.message, None);
    assert_eq!(answer.inbound.msg_seq_num, 4);
}

#[tokio::test]
async fn waiting_and_receiving_in_one_select() {
    let (_venue, session, connection) = order_entry().await;
    let (sender, mut receiver) = session.split();
    let sent = order("a-1");
    let mut pending = sender.begin(&sent).await.unwrap();
    connection.handle.send(&report("other")).await.unwrap();
    connection.handle.send(&report("a-1")).await.unwrap();
    let (mut answered, mut received) = (None, 0);
    while answered.is_none() || received < 2 {
        tokio::select! {
            submitted = &mut pending, if answered.is_none() => answered = Some(submitted.sequence),
            event = receiver.recv() => {
                assert!(matches!(event, Some(Event::Message(_))), "{event:?}");
                received += 1;
            }
        }
    }
    assert_eq!(answered, Some(2));
}

/// The same order twice: a refusal that names its ClOrdID alone may be that of the first.
#[tokio::test]
async fn a_refusal_of_one_of_several_attempts_is_a_doubt() {
    let (_venue, session, connection) = order_entry().await;
    let refused: &'static [(u32, &'static str)] = &[
        (11, "a"),
        (39, "8"),
        (58, "EXCHANGE_PAUSED"),
        (103, "2"),
        (150, "8"),
    ];
    let doubt = "in doubt: the venue has refused a message with its ClOrdID (11), which may be an earlier one that had no \
                 answer: the other may have been carried out";
    let no = "rejected by ExecutionReport (8): EXCHANGE_PAUSED (103=2)";
    let order = order("a");
    let answered = async |fields: &'static [(u32, &'static str)]| {
        let pending = session.begin(&order).await.unwrap();
        connection.handle.send(&Raw(b"8", fields)).await.unwrap();
        words(in_time(pending).await)
    };
    // Each has its answer before the next is sent.
    assert_eq!(answered(refused).await, no);
    assert_eq!(answered(refused).await, no);
    assert_eq!(
        answered(&[(11, "a"), (39, "0"), (150, "0")])
            .await
            .split(',')
            .next(),
        Some("yes")
    );
    assert_eq!(answered(refused).await, no);
    // One that nobody waits for any more.
    let given_up = session.begin(&order).await.unwrap().within(Duration::ZERO).await;
    let number = given_up.sequence;
    assert_eq!(number, 6);
    assert_eq!(answered(refused).await, doubt);
    // By its number it is that very message.
    let pending = session.begin(&order).await.unwrap();
    assert_eq!(pending.sequence(), 8);
    let by_number = Raw(b"j", &[(45, "8"), (372, "D"), (380, "8")]);
    connection.handle.send(&by_number).await.unwrap();
    assert!(words(in_time(pending).await).starts_with("rejected by BusinessMessageReject (j)"));
    // One that was sent without waiting, under an id of its own.
    let order = super::order("b");
    session.send(&order).await.unwrap();
    let pending = session.begin(&order).await.unwrap();
    let refused = Raw(b"8", &[(11, "b"), (39, "8"), (103, "2"), (150, "8")]);
    connection.handle.send(&refused).await.unwrap();
    assert_eq!(words(in_time(pending).await), doubt);
}

#[tokio::test]
async fn what_is_not_known_is_in_doubt() {
    let (_venue, mut session, mut connection) = order_entry().await;
    // No answer in time. One that comes later goes to the receiver, and to nobody else.
    let late = order("late");
    let pending = session.begin(&late).await.unwrap().within(Duration::ZERO);
    assert_eq!(
        words(pending.await),
        "in doubt: no answer within 0ns; it may have been carried out, and the answer may still come"
    );
    connection.next_message().await;
    connection.handle.send(&report("late")).await.unwrap();
    assert!(matches!(in_time(session.recv()).await, Some(Event::Message(_))));

    // Answers that nobody takes make room for no others: how many there are is told.
    for (id, expected) in [
        ("a", "; 1 event waits to be taken by recv()"),
        (
            "b",
            "; 2 events wait to be taken by recv(), and when there is no room for more, nothing is read from the venue",
        ),
    ] {
        let taken = order(id);
        let pending = session.begin(&taken).await.unwrap();
        connection.next_message().await;
        connection.handle.send(&report(id)).await.unwrap();
        assert_eq!(words(in_time(pending).await), "yes");
        let late_id = format!("{id}-late");
        let late = order(&late_id);
        let pending = session.begin(&late).await.unwrap().within(Duration::ZERO);
        let said = words(pending.await);
        assert!(
            said.ends_with(&format!("the answer may still come{expected}")),
            "{said}"
        );
        connection.next_message().await;
    }
    for _ in 0..2 {
        assert!(matches!(in_time(session.recv()).await, Some(Event::Message(_))));
    }

    // The venue does not know either.
    let lost = order("lost");
    let pending = session.begin(&lost).await.unwrap();
    connection.next_message().await;
    let unavailable = Raw(
        b"8",
        &[
            (11, "lost"),
            (39, "8"),
            (58, "EXCHANGE_UNAVAILABLE"),
            (103, "99"),
            (150, "8"),
        ],
    );
    connection.handle.send(&unavailable).await.unwrap();
    assert_eq!(
        words(in_time(pending).await),
        "in doubt: EXCHANGE_UNAVAILABLE: the venue could not confirm whether it was carried out"
    );

    // It is tried again under the same id, as the venue advises, and the connection ends.
    let pending = session.begin(&lost).await.unwrap();
    connection.next_message().await;
    connection.handle.abort();
    let submitted = in_time(pending).await;
    let Response::InDoubt {
        reason: Doubt::Disconnected { end: Some(end) },
    } = submitted.response
    else {
        panic!("{submitted:?}")
    };
    assert!(end.in_doubt().contains(&submitted.sequence), "{end:?}");
    let refused = session.begin(&order("z")).await.unwrap_err();
    assert!(matches!(refused, SubmitError::Send(_)), "{refused}");
}

#[tokio::test]
async fn rejects_name_the_message_that_was_sent() {
    let (_venue, mut session, connection) = order_entry().await;
    let sent = order("a-1");
    let pending = session.begin(&sent).await.unwrap();
    assert_eq!(session.send(&order("a-2")).await.unwrap(), 3);
    for number in [3, 2, 1] {
        let reject = Reject::new(number, RejectReason::UndefinedTag)
            .of_type("D")
            .about(333_333);
        connection
            .handle
            .reject(reject.with_text("Undefined tag received"))
            .unwrap();
    }
    assert_eq!(
        words(in_time(pending).await),
        "rejected by Reject (3): Undefined tag received (373=3), about tag 333333"
    );
    for expected in [
        "message 3 (MsgType D, 11=a-2)",
        "message 2 (MsgType D, 11=a-1)",
        "message 1",
    ] {
        match in_time(session.recv()).await {
            Some(Event::Rejected(rejected)) => assert_eq!(
                rejected.to_string(),
                format!("{expected} was rejected: Undefined tag received (373=3), about tag 333333")
            ),
            other => panic!("{other:?}"),
        }
    }
    let (sender, receiver) = session.split();
    assert_eq!(sender.sent_message(3), receiver.sent_message(3));
    assert!(sender.sent_message(3).is_some());
}

#[tokio::test]
async fn a_dropped_wait_takes_nothing_back_and_keeps_nothing() {
    let (_venue, session, mut connection) = order_entry().await;
    let sent = order("a-1");
    for number in 2..5_000 {
        // Each would be refused if the one before were still there, and all if their places were kept.
        let pending = session.begin(&sent).await.unwrap();
        assert_eq!(pending.sequence(), number);
        drop(pending);
        assert!(connection.next_message().await.contains("|11=a-1|"));
    }
    let pending = session.begin(&sent).await.unwrap();
    let cancel = OrderCancelRequest::new("a-1", "a-0", fields::Side::Buy, "KXTEST-26");
    let twice = session.begin(&cancel).await.unwrap_err();
    assert_eq!(
        twice.to_string(),
        "a request \"a-1\" (MsgType F) waits for its answer already"
    );
    connection.handle.send(&report("a-1")).await.unwrap();
    assert_eq!(words(in_time(pending).await), "yes");

    // What the rules refuse takes neither a number nor a place.
    let invalid = NewOrderSingle {
        price: Decimal::from(2),
        ..order("a-1")
    };
    let error = session.begin(&invalid).await.unwrap_err();
    assert!(
        matches!(
            error,
            SubmitError::Send(crate::session::SendError::Invalid { .. })
        ),
        "{error}"
    );
    let pending = session.begin(&sent).await.unwrap();
    assert_eq!(pending.sequence(), 5_001);
}

#[tokio::test]
async fn cancels_and_groups() {
    let (_venue, session, mut connection) = order_entry().await;
    let cancel = OrderCancelRequest::new("c-1", "a-1", fields::Side::Buy, "KXTEST-26");
    let create = OrderGroupRequest {
        order_group_contracts_limit: Some(5),
        ..OrderGroupRequest::new(fields::OrderGroupAction::Create)
    };
    let reset = OrderGroupRequest {
        order_group_id: Some("g-1".into()),
        ..OrderGroupRequest::new(fields::OrderGroupAction::Reset)
    };
    let cancelled = session.begin(&cancel).await.unwrap();
    let created = session.begin(&create).await.unwrap();
    let again = session.begin(&reset).await.unwrap();
    for _ in 0..3 {
        connection.next_message().await;
    }
    connection
        .handle
        .send(&OrderGroupResponse::new("g-1"))
        .await
        .unwrap();
    connection
        .handle
        .send(&OrderGroupResponse::new("g-2"))
        .await
        .unwrap();
    let too_late = OrderCancelReject {
        cxl_rej_reason: Some(fields::CxlRejReason::TooLateToCancel),
        ..OrderCancelReject::new(
            "7",
            "c-1",
            fields::OrdStatus::Filled,
            fields::CxlRejResponseTo::OrderCancelRequest,
        )
    };
    connection.handle.send(&too_late).await.unwrap();
    let group = |submitted: Submitted<Answer<OrderGroupResponse<'static>>>| {
        submitted
            .acknowledged()
            .unwrap()
            .message
            .unwrap()
            .order_group_id
            .to_string()
    };
    assert_eq!(group(in_time(again).await), "g-1");
    assert_eq!(group(in_time(created).await), "g-2");
    assert_eq!(
        words(in_time(cancelled).await),
        "rejected by OrderCancelReject (9) (102=0)"
    );
}

#[tokio::test]
async fn drop_copy_is_asked() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    let session: Session<DC> = client.drop_copy().await.unwrap();
    let mut connection = venue.connection().await;
    let range = EventResendRequest::new("1;1");
    let pending = session.begin(&range).await.unwrap();
    assert!(connection.next_message().await.contains("|35=U1|"));
    let busy = session.begin(&range).await.unwrap_err();
    assert!(matches!(busy, SubmitError::UnderWay { .. }), "{busy}");
    connection.handle.send(&report("a-1")).await.unwrap();
    connection
        .handle
        .send(&Raw(b"8", &[(11, "a-2"), (150, "F")]))
        .await
        .unwrap();
    connection
        .handle
        .send(&EventResendComplete::new(pending.sequence(), 2))
        .await
        .unwrap();
    let replay = in_time(pending).await.acknowledged().unwrap();
    assert_eq!(replay.reports, [report("a-1")]);
    assert_eq!(replay.incomplete.len(), 1);
    assert_eq!(replay.announced, Some(2));
    assert!(!replay.is_whole());

    let pending = session.begin(&range).await.unwrap();
    connection.handle.send(&report("a-1")).await.unwrap();
    connection
        .handle
        .send(&EventResendComplete::new(pending.sequence(), 1))
        .await
        .unwrap();
    assert!(in_time(pending).await.acknowledged().unwrap().is_whole());
}

#[tokio::test]
async fn quotes_and_settlement_have_sessions_of_their_own() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let client: Client<Prediction> = venue.client().build().unwrap();
    let session = client.rfq().await.unwrap();
    let mut connection = venue.connection().await;
    assert_eq!(connection.request.target_comp_id, "KalshiRFQ");
    assert_eq!(
        logon_fields(&connection.request),
        "98=0|108=30|141=Y|1137=9|21005=Y"
    );
    assert_eq!(
        session.price_units(),
        PriceUnits::new(Product::Prediction, PriceUnit::Dollars)
    );
    let quote = Quote {
        bid_px: Some(Decimal::new(4500, 4)),
        ..Quote::new("q-1", "rfq-1", "KXTEST-26")
    };
    let pending = session.begin(&quote).await.unwrap();
    assert!(connection.next_message().await.contains("|117=q-1|131=rfq-1|"));
    let status = QuoteStatusReport::new("q-1", "rfq-1", fields::QuoteStatus::Pending);
    connection.handle.send(&status).await.unwrap();
    assert_eq!(
        in_time(pending).await.acknowledged().unwrap().message,
        Some(status)
    );
    let cancel = QuoteCancel::new("q-1");
    let pending = session.begin(&cancel).await.unwrap();
    let status = QuoteStatusReport::new("q-1", "rfq-1", fields::QuoteStatus::Cancelled);
    connection.handle.send(&status).await.unwrap();
    let answer = in_time(pending).await.acknowledged().unwrap();
    assert_eq!(answer.message, Some(Message::QuoteStatusReport(status)));

    let mut venue = Venue::start_keeping(Product::Prediction, Kept::new(MemoryStore::new(now()))).await;
    let client: Client<Prediction> = venue.client().use_dollars(false).build().unwrap();
    let store = SessionStore::inline(MemoryStore::new(now()));
    let session = client.post_trade(store).await.unwrap();
    let connection = venue.connection().await;
    assert_eq!(connection.request.target_comp_id, "KalshiPT");
    assert_eq!(logon_fields(&connection.request), "98=0|108=30|1137=9");
    assert_eq!(
        session.price_units(),
        PriceUnits::new(Product::Prediction, PriceUnit::Cents)
    );
    assert_eq!(
        in_time(session.close()).await.end.unwrap().to_string(),
        "logged out"
    );
}

/// Where the session resumes, an answer may come by the next connection; where it does not, none will.
#[tokio::test]
async fn a_lost_connection_decides_only_what_will_not_resume() {
    let mut venue = Venue::start_keeping(Product::Prediction, Kept::new(MemoryStore::new(now()))).await;
    let relay = Relay::start(venue.port).await;
    let client: Client<Prediction> = through(&venue, &relay).reconnect(eager()).build().unwrap();
    // The venue asks for the order again, since its application is not done with it: held back, it would be in doubt at once.
    let kept = Retransmission::new(SessionStore::inline(MemoryStore::new(now())));
    let kept = kept.resend(crate::session::ResendPolicy::Replay);
    let mut session: Session<RT> = client.order_entry_retransmitting(kept).await.unwrap();
    let mut connection = venue.connection().await;
    let sent = order("a-1");
    let pending = session.begin(&sent).await.unwrap();
    connection.next_message().await;
    relay.set(Mode::Swallow);
    connection.handle.send(&report("a-1")).await.unwrap();
    cut(&relay, &mut session, &mut connection).await;
    assert_eq!(reconnected(&mut session).await, crate::driver::Missed::Nothing);
    let answer = in_time(pending).await.acknowledged().unwrap();
    assert!(answer.inbound.poss_dup);
    assert_eq!(answer.message, Some(report("a-1")));

    let mut venue = Venue::start(Product::Prediction, None).await;
    let client: Client<Prediction> = venue.client().reconnect(eager()).build().unwrap();
    let mut session = client.order_entry().await.unwrap();
    let connection = venue.connection().await;
    let pending = session.begin(&sent).await.unwrap();
    connection.handle.abort();
    let submitted = in_time(pending).await;
    assert!(
        matches!(
            submitted.response,
            Response::InDoubt {
                reason: Doubt::Disconnected { .. }
            }
        ),
        "{submitted:?}"
    );
    loop {
        if let Some(Event::Reconnected(_)) = in_time(session.recv()).await {
            break;
        }
    }
    let mut connection = venue.connection().await;
    // The numbers begin anew, and mean other messages.
    assert_eq!(session.sender().sent_message(2), None);
    let pending = session.begin(&sent).await.unwrap();
    assert_eq!(pending.sequence(), 2);
    connection.next_message().await;
    connection.handle.send(&report("a-1")).await.unwrap();
    assert_eq!(words(in_time(pending).await), "yes");
}
