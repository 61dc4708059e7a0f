//! The rate limit and pre-trade limits in front of a session.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use fix_dialect::{ClientSends, Timestamp};

use super::retransmission::{BOUND, Kept};
use super::venue::Connection;
use super::*;
use crate::driver::SessionStore;
use crate::limits::{Cancels, Limits, PreTrade, PriceBand, SharedPreTrade};
use crate::orders::mass_cancel;
use crate::prediction::OrderCancelRequest;
use crate::rate::{Bucket, Budget, Budgets, RatePolicy, SharedRateLimiter};
use crate::session::{Reject, RejectReason, SendError};
use crate::store::MemoryStore;
use crate::tracker::{Source, Tracker, TrackerSettings};
use crate::units::Quantity;

/// One order, or five cancellations, and then one token a second: what is refused stays so for as long as a test takes.
fn narrow() -> Arc<SharedRateLimiter> {
    Arc::new(SharedRateLimiter::new(Budgets::new(
        Budget::new(1, 100),
        Budget::new(1, 12),
    )))
}

#[tokio::test]
async fn what_has_no_tokens_takes_no_number() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let limiter = narrow();
    let builder = venue
        .client()
        .rate_limit(Arc::clone(&limiter), RatePolicy::Refuse);
    let client: Client<Prediction> = builder.build().unwrap();
    let session = client.order_entry().await.unwrap();
    let mut connection = venue.connection().await;
    assert!(limiter.tokens(Bucket::Read) < 100, "the logon draws on Read");

    assert_eq!(session.send(&order("a")).await.unwrap(), 2);
    let refused = session.send(&order("b")).await.unwrap_err();
    let SendError::RateLimited { bucket, tokens, wait } = &refused else {
        panic!("{refused}")
    };
    assert_eq!((bucket.as_str(), *tokens, wait.is_some()), ("Write", 10, true));
    assert!(matches!(
        session.sender().try_send(&order("b")),
        Err(SendError::RateLimited { .. })
    ));
    assert!(session.begin(&order("b")).await.is_err());
    // A shard has a bucket of its own, and a cancellation costs less.
    let elsewhere = NewOrderSingle {
        ex_destination: Some(1),
        ..order("c")
    };
    assert_eq!(session.send(&elsewhere).await.unwrap(), 3);
    let cancel = OrderCancelRequest::new("d", "a", fields::Side::Buy, "KXTEST-26");
    assert_eq!(session.send(&cancel).await.unwrap(), 4);
    for (expected, number) in [("|11=a|", 2), ("|11=c|", 3), ("|11=d|", 4)] {
        let message = connection.next_message().await;
        assert!(
            message.contains(expected) && message.contains(&format!("|34={number}|")),
            "{message}"
        );
    }
}

#[tokio::test]
async fn what_is_not_sent_gives_its_tokens_back() {
    let venue = Venue::start(Product::Prediction, None).await;
    let limiter = narrow();
    let builder = venue
        .client()
        .rate_limit(Arc::clone(&limiter), RatePolicy::Refuse);
    let client: Client<Prediction> = builder.build().unwrap();
    let session = client.order_entry().await.unwrap();
    let (sender, mut receiver) = session.split();
    sender.abort();
    while receiver.recv().await.is_some() {}
    let refused = sender.send(&order("a")).await;
    assert!(
        matches!(refused, Err(SendError::NotEstablished(_))),
        "{refused:?}"
    );
    assert_eq!(limiter.tokens(Bucket::Write), 12);
}

#[tokio::test]
async fn a_session_waits_or_sends_in_any_case_by_its_policy() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let quick = Budgets::new(Budget::new(1_000, 1_000), Budget::new(1_000, 10));
    let limiter = Arc::new(SharedRateLimiter::new(quick));
    let waits: Client<Prediction> = venue
        .client()
        .rate_limit(Arc::clone(&limiter), RatePolicy::Wait)
        .build()
        .unwrap();
    let session = waits.order_entry().await.unwrap();
    for number in 2..6 {
        assert_eq!(session.send(&order("a")).await.unwrap(), number);
    }
    drop(venue.connection().await);

    let off: Client<Prediction> = venue
        .client()
        .rate_limit(narrow(), RatePolicy::Off)
        .build()
        .unwrap();
    let session = off.order_entry().await.unwrap();
    for number in 2..6 {
        assert_eq!(session.sender().try_send(&order("a")).unwrap(), number);
    }
}

#[tokio::test]
async fn a_refusal_of_the_venues_empties_the_bucket() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let wide = Budgets::new(Budget::new(1, 1_000), Budget::new(1, 1_000));
    let limiter = Arc::new(SharedRateLimiter::new(wide));
    let client: Client<Prediction> = venue
        .client()
        .rate_limit(Arc::clone(&limiter), RatePolicy::Refuse)
        .build()
        .unwrap();
    let mut session = client.order_entry().await.unwrap();
    let connection = venue.connection().await;
    for (reason, drained) in [("0", false), ("8", true)] {
        let reject: &'static [(u32, &'static str)] = match reason {
            "0" => &[(45, "2"), (372, "D"), (380, "0")],
            _ => &[(45, "2"), (372, "D"), (380, "8")],
        };
        connection.handle.send(&Raw(b"j", reject)).await.unwrap();
        while !matches!(session.recv().await, Some(Event::Message(_))) {}
        assert_eq!(limiter.tokens(Bucket::Write) < 500, drained, "{reason}");
        assert!(limiter.tokens(Bucket::Read) > 500);
    }
}

#[tokio::test]
async fn limits_and_the_kill_switch_hold_back_what_could_trade() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let limits = Limits::default()
        .max_order_quantity(Quantity::from_whole(10))
        .max_order_rate(2, Duration::from_hours(1));
    let limits = Arc::new(SharedPreTrade::new(limits));
    let client: Client<Prediction> = venue.client().pre_trade(Arc::clone(&limits)).build().unwrap();
    let session = client.order_entry().await.unwrap();
    let mut connection = venue.connection().await;
    let held = |sent: Result<_, SendError>| sent.map(|_: u64| ()).unwrap_err().to_string();

    let large = NewOrderSingle {
        order_qty: Decimal::new(1001, 2),
        ..order("a")
    };
    assert_eq!(
        held(session.send(&large).await),
        "held back: the limit on an order's quantity: 10.01 contracts, at most 10 are allowed"
    );
    assert_eq!(session.send(&order("b")).await.unwrap(), 2);
    assert_eq!(session.send(&order("c")).await.unwrap(), 3);
    assert_eq!(
        held(session.send(&order("d")).await),
        "held back: the limit on the rate of orders: this would be number 3 within 3600s, at most 2 are allowed"
    );

    limits.with(|core| {
        core.set_limits(Limits::default());
        core.kill_switch_mut().trip("a test", Cancels::Mass);
    });
    let killed = "held back: the kill switch is tripped (a test): nothing that could trade is sent until it is released";
    assert_eq!(held(session.send(&order("d")).await), killed);
    assert_eq!(limits.poll_kill_switch(), [crate::limits::KillAction::MassCancel]);
    assert_eq!(
        session
            .send(&mass_cancel::<Prediction>("e").unwrap())
            .await
            .unwrap(),
        4
    );
    limits.with(|core| core.kill_switch_mut().release());
    assert_eq!(session.send(&order("f")).await.unwrap(), 5);
    for expected in ["|11=b|", "|11=c|", "|11=e|", "|11=f|"] {
        assert!(connection.next_message().await.contains(expected));
    }
}

/// What changes while a message waits for room, and what holds it back then.
type Change = (fn(&mut PreTrade), &'static str);

const CHANGES: [Change; 3] = [
    (
        |core| core.kill_switch_mut().trip("a test", Cancels::Mass),
        "the kill switch is tripped (a test)",
    ),
    (
        |core| core.set_limits(Limits::default().max_order_quantity(Quantity::from_whole(1))),
        "the limit on an order's quantity",
    ),
    (
        |core| core.set_reference("KXTEST-26", Some("0.80".parse().unwrap())),
        "the price band of KXTEST-26",
    ),
];

fn banded() -> Arc<SharedPreTrade> {
    let band = PriceBand::AroundReference("0.10".parse().unwrap());
    let limits = SharedPreTrade::new(Limits::default().price_band(band));
    limits.with(|core| core.set_reference("KXTEST-26", Some("0.45".parse().unwrap())));
    Arc::new(limits)
}

/// Fills the session's backlog, has three orders wait behind it, changes something, and makes room.
async fn held_back_while_it_waits<S>(
    session: &Session<S>,
    connection: &mut Connection,
    limits: &SharedPreTrade,
    (change, expected): Change,
) where
    S: KalshiSession,
    for<'a> NewOrderSingle<'a>: Request<S>,
    for<'a> OrderCancelRequest<'a>: ClientSends<S>,
{
    let sender = session.sender();
    // Nothing is awaited, so that nothing is written.
    while sender.try_send(&order("filled")).is_ok() {}
    let (sent, begun, submitted) = (order("late-1"), order("late-2"), order("late-3"));
    let mut context = Context::from_waker(Waker::noop());
    let mut sent = pin!(sender.send(&sent));
    let mut begun = pin!(sender.begin(&begun));
    let mut submitted = pin!(sender.submit(&submitted));
    assert!(sent.as_mut().poll(&mut context).is_pending());
    assert!(begun.as_mut().poll(&mut context).is_pending());
    assert!(submitted.as_mut().poll(&mut context).is_pending());

    limits.with(change);
    let cancel = OrderCancelRequest::new("cancel", "filled", fields::Side::Buy, "KXTEST-26");
    let cancel = sender.send(&cancel);
    let all = async { tokio::join!(sent, begun, submitted, cancel) };
    let (sent, begun, submitted, cancel) = timeout(Duration::from_mins(1), all).await.unwrap();
    cancel.expect("a cancellation passes");
    let held = [
        sent.unwrap_err().to_string(),
        begun.unwrap_err().to_string(),
        submitted.err().expect("held back").to_string(),
    ];
    for held in held {
        assert!(held.contains(expected), "{held}");
    }
    loop {
        let message = connection.next_message().await;
        assert!(!message.contains("|11=late"), "{message}");
        if message.contains("|11=cancel|") {
            break;
        }
    }
}

#[tokio::test]
async fn what_waits_for_room_is_held_against_limits_when_there_is_room() {
    for change in CHANGES {
        let mut venue = Venue::start(Product::Prediction, None).await;
        let limits = banded();
        let client: Client<Prediction> = venue.client().pre_trade(Arc::clone(&limits)).build().unwrap();
        let session = client.order_entry().await.unwrap();
        held_back_while_it_waits(&session, &mut venue.connection().await, &limits, change).await;
    }
}

#[tokio::test]
async fn what_waits_for_room_on_a_session_that_retransmits_is_held_against_limits_too() {
    for change in CHANGES {
        let now = Timestamp::from_unix_nanos(0);
        let kept = Kept::new(MemoryStore::new(now));
        let mut venue = Venue::start_keeping(Product::Prediction, kept).await;
        let limits = banded();
        let client: Client<Prediction> = venue.client().pre_trade(Arc::clone(&limits)).build().unwrap();
        let store = SessionStore::inline(MemoryStore::new(now));
        let session = client.order_entry_retransmitting(store).await.unwrap();
        held_back_while_it_waits(&session, &mut venue.connection().await, &limits, change).await;
    }
}

#[tokio::test]
async fn what_waits_for_room_holds_no_tokens_and_no_place() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let wide = Budgets::new(Budget::new(1, 100_000_000), Budget::new(1, 100_000_000));
    let limiter = Arc::new(SharedRateLimiter::new(wide));
    let limits = Arc::new(SharedPreTrade::new(Limits::default()));
    let client: Client<Prediction> = venue
        .client()
        .rate_limit(Arc::clone(&limiter), RatePolicy::Wait)
        .pre_trade(Arc::clone(&limits))
        .build()
        .unwrap();
    let session = client.order_entry().await.unwrap();
    let mut connection = venue.connection().await;
    let sender = session.sender();
    while sender.try_send(&order("filled")).is_ok() {}
    limits.with(|core| core.set_limits(Limits::default().max_order_rate(1, Duration::from_hours(1))));
    let before = limiter.tokens(Bucket::Write);
    let (first, second) = (order("first"), order("second"));
    let mut context = Context::from_waker(Waker::noop());
    let mut first = pin!(sender.send(&first));
    let mut second = pin!(sender.send(&second));
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    assert!(limiter.tokens(Bucket::Write) >= before);
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    while !connection.next_message().await.contains("|11=filled|") {}
}

#[tokio::test]
async fn what_is_under_way_is_seen_by_every_session() {
    let venue = Venue::start(Product::Prediction, None).await;
    let tracker = Arc::new(Mutex::new(Tracker::new(TrackerSettings::default())));
    let limits = Limits::default().max_open_orders(1);
    let limits = SharedPreTrade::tracking(limits, Arc::clone(&tracker) as _);
    let client: Client<Prediction> = venue.client().pre_trade(Arc::new(limits)).build().unwrap();
    let one = client.order_entry().await.unwrap();
    let other = client.order_entry().await.unwrap();
    let (a, b) = (order("a"), order("b"));
    let now = Timestamp::from_unix_nanos(0);
    let too_many = "the limit on open orders: 2 with this one, at most 1 are allowed";

    let (first, second) = tokio::join!(one.begin(&a), other.begin(&b));
    let first = first.unwrap();
    let refused = second.unwrap_err().to_string();
    assert!(refused.contains(too_many), "{refused}");
    // Known to the tracker: it counts once.
    tracker
        .lock()
        .unwrap()
        .sent(now, first.sequence(), &a, PriceUnit::Dollars, &mut Vec::new())
        .unwrap();
    let refused = other.send(&b).await.unwrap_err().to_string();
    assert!(refused.contains(too_many), "{refused}");
    let rejected = ExecutionReport {
        ord_status: fields::OrdStatus::Rejected,
        exec_type: fields::ExecType::Rejected,
        leaves_qty: Decimal::ZERO,
        ..report("a")
    };
    tracker
        .lock()
        .unwrap()
        .read(
            now,
            Source::OrderEntry,
            &rejected,
            PriceUnit::Dollars,
            &mut Vec::new(),
        )
        .unwrap();
    other.send(&b).await.unwrap();
    assert!(one.send(&order("c")).await.is_err());
}

/// Sends `a`, lets the venue answer so, and says whether there is room for another order than.
#[track_caller]
fn check_refused(
    answer: &'static [u8],
    fields: &'static [(u32, &'static str)],
    is_taken_back: bool,
) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let mut venue = Venue::start(Product::Prediction, None).await;
        let tracker = Arc::new(Mutex::new(Tracker::new(TrackerSettings::default())));
        let limits = Limits::default().max_open_orders(1);
        let limits = SharedPreTrade::tracking(limits, Arc::clone(&tracker) as _);
        let client: Client<Prediction> = venue.client().pre_trade(Arc::new(limits)).build().unwrap();
        let session = client.order_entry().await.unwrap();
        let connection = venue.connection().await;
        let pending = session.begin(&order("a")).await.unwrap();
        assert!(
            session.sender().try_send(&order("b")).is_err(),
            "{place}: under way"
        );
        if answer == b"3" {
            let reject = Reject::new(2, RejectReason::ValueIncorrect).of_type("D");
            connection.handle.reject(reject.with_text("a reason")).unwrap();
        } else {
            connection.handle.send(&Raw(answer, fields)).await.unwrap();
        }
        let submitted = timeout(BOUND, pending).await.expect("in time");
        let told = session.sender().try_send(&order("b"));
        assert_eq!(
            told.is_ok(),
            is_taken_back,
            "{place}: {submitted:?}, then {told:?}"
        );
    }
}

#[tokio::test]
async fn what_the_client_knows_to_be_refused_is_not_open() {
    check_refused(
        b"8",
        &[
            (11, "a"),
            (39, "8"),
            (58, "MARKET_NOT_FOUND"),
            (103, "1"),
            (150, "8"),
        ],
        true,
    )
    .await;
    check_refused(b"j", &[(45, "2"), (372, "D"), (380, "8")], true).await;
    check_refused(b"j", &[(372, "D"), (379, "a"), (380, "8")], true).await;
    check_refused(b"3", &[], true).await;
    // It is open, or may be.
    check_refused(b"8", &[(11, "a"), (39, "0"), (150, "0")], false).await;
    check_refused(
        b"8",
        &[
            (11, "a"),
            (39, "8"),
            (58, "EXCHANGE_UNAVAILABLE"),
            (103, "0"),
            (150, "8"),
        ],
        false,
    )
    .await;
}

/// An id that was used before: the refusal of the one says nothing about the other.
#[tokio::test]
async fn the_refusal_of_one_message_takes_no_other_back() {
    let mut venue = Venue::start(Product::Prediction, None).await;
    let tracker = Arc::new(Mutex::new(Tracker::new(TrackerSettings::default())));
    let limits = SharedPreTrade::tracking(Limits::default(), Arc::clone(&tracker) as _);
    let limits = Arc::new(limits);
    let client: Client<Prediction> = venue.client().pre_trade(Arc::clone(&limits)).build().unwrap();
    let session = client.order_entry().await.unwrap();
    let connection = venue.connection().await;
    let room_for = |most: usize| {
        limits.with(|core| core.set_limits(Limits::default().max_open_orders(most)));
        let refused = session.sender().try_send(&order("probe")).err();
        limits.with(|core| core.set_limits(Limits::default()));
        refused.map(|error| error.to_string())
    };
    // The first is not known of, and by its id alone the report could be about either.
    session.send(&order("a")).await.unwrap();
    let pending = session.begin(&order("a")).await.unwrap();
    let refused = Raw(b"8", &[(11, "a"), (39, "8"), (103, "6"), (150, "8")]);
    connection.handle.send(&refused).await.unwrap();
    let _ = timeout(BOUND, pending).await.expect("in time");
    let both = room_for(2).expect("both count");
    assert!(both.contains("3 with this one"), "{both}");
    // By its number it is that very message.
    let pending = session.begin(&order("a")).await.unwrap();
    let number = pending.sequence();
    assert_eq!(number, 4);
    let refused = Raw(b"j", &[(45, "4"), (372, "D"), (380, "8")]);
    connection.handle.send(&refused).await.unwrap();
    let _ = timeout(BOUND, pending).await.expect("in time");
    let both = room_for(2).expect("the first two count");
    assert!(both.contains("3 with this one"), "{both}");
    // And of what the tracker knows, it is the second that is refused.
    tracker
        .lock()
        .unwrap()
        .sent(
            Timestamp::from_unix_nanos(0),
            5,
            &order("known"),
            PriceUnit::Dollars,
            &mut Vec::new(),
        )
        .unwrap();
    let before = room_for(0).expect("nothing has room");
    let pending = session.begin(&order("known")).await.unwrap();
    let refused = Raw(b"8", &[(11, "known"), (39, "8"), (103, "6"), (150, "8")]);
    connection.handle.send(&refused).await.unwrap();
    let _ = timeout(BOUND, pending).await.expect("in time");
    assert_eq!(room_for(0), Some(before));
}
