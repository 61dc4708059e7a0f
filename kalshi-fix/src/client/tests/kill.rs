//! The kill switch, carried out on a session with a venue that answers when it is told to.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use fix_dialect::Timestamp;

use super::cancel::{DEPTHS, poll_up_to};
use super::retransmission::BOUND;
use super::venue::Connection;
use super::*;
use crate::limits::{KillProblem, KillRun, KillState, KillStop, Killed, Limits, SharedPreTrade};
use crate::orders::ClOrdIdGenerator;
use crate::prediction::OrderCancelRequest;
use crate::prediction::sessions::NR;
use crate::tracker::{Source, Tracker, TrackerEvent, TrackerSettings};

struct Desk {
    session: Session<NR>,
    connection: Connection,
    tracker: Arc<Mutex<Tracker>>,
    limits: Arc<SharedPreTrade>,
    ids: ClOrdIdGenerator,
    _venue: Venue,
}

impl Desk {
    /// A session with an order that rests.
    async fn open() -> Desk {
        let mut venue = Venue::start(Product::Prediction, None).await;
        let tracker = Arc::new(Mutex::new(Tracker::new(TrackerSettings::default())));
        let limits = SharedPreTrade::tracking(Limits::default(), Arc::clone(&tracker) as _);
        let limits = Arc::new(limits);
        let client: Client<Prediction> = venue.client().pre_trade(Arc::clone(&limits)).build().unwrap();
        let session = client.order_entry().await.unwrap();
        let connection = venue.connection().await;
        let now = Timestamp::from_unix_nanos(0);
        let number = session.send(&order("a")).await.unwrap();
        let mut events = Vec::new();
        let mut known = tracker.lock().unwrap();
        known
            .sent(now, number, &order("a"), PriceUnit::Dollars, &mut events)
            .unwrap();
        let (unit, source) = (PriceUnit::Dollars, Source::OrderEntry);
        known.read(now, source, &report("a"), unit, &mut events).unwrap();
        drop(known);
        Desk {
            session,
            connection,
            tracker,
            limits,
            ids: ClOrdIdGenerator::new(now, 0),
            _venue: venue,
        }
    }

    async fn kill(&mut self, within: Duration) -> Killed {
        let run = KillRun::new(&self.limits, &self.tracker, &self.ids).within(within);
        run.run(&mut self.session, "a test", |_| {}).await
    }

    /// As [`kill`](Desk::kill), with a venue that takes cancellations.
    async fn kill_answered(&mut self, within: Duration) -> Killed {
        self.kill_while(within, "a test", answer, |_| {}).await
    }

    /// As [`kill`](Desk::kill), for this reason, with a venue that does this, which does not end.
    async fn kill_while(
        &mut self,
        within: Duration,
        reason: &str,
        venue: impl AsyncFnOnce(&mut Connection),
        heard: impl FnMut(TrackerEvent),
    ) -> Killed {
        let run = KillRun::new(&self.limits, &self.tracker, &self.ids).within(within);
        tokio::select! {
            killed = run.run(&mut self.session, reason, heard) => killed,
            () = venue(&mut self.connection) => unreachable!("it answers for as long as it is asked"),
        }
    }

    fn state(&self) -> KillState {
        self.limits.with(|core| core.kill_switch().state())
    }
}

/// Reads up to the next mass cancellation, and returns its ClOrdID.
async fn mass_cancel_id(connection: &mut Connection) -> String {
    loop {
        let message = connection.next_message().await;
        if message.contains("|35=q|") {
            let id = message.split('|').find_map(|field| field.strip_prefix("11="));
            return id.expect("a ClOrdID").to_owned();
        }
    }
}

/// Takes mass cancellations, and cancels the order, until the peer is gone.
async fn answer(connection: &mut Connection) {
    loop {
        let id = mass_cancel_id(connection).await;
        let taken = [(11, id.as_str()), (37, "1"), (530, "6"), (531, "6")];
        let canceled = [
            (6, "0"),
            (11, "a"),
            (14, "0"),
            (17, "2;1"),
            (37, "order-1"),
            (38, "10.00"),
            (39, "4"),
            (54, "1"),
            (55, "KXTEST-26"),
            (150, "4"),
            (151, "0"),
        ];
        connection.handle.send(&Fields(b"r", &taken)).await.unwrap();
        connection.handle.send(&Fields(b"8", &canceled)).await.unwrap();
    }
}

/// A body of one's own making.
struct Fields<'a>(&'static [u8], &'a [(u32, &'a str)]);

impl EncodeBody for Fields<'_> {
    fn msg_type(&self) -> &[u8] {
        self.0
    }

    fn encode_body(&self, out: &mut fix_dialect::BodyWriter) {
        for (tag, value) in self.1 {
            out.field(*tag, value.as_bytes());
        }
    }
}

#[tokio::test]
async fn a_run_of_the_kill_switch_ends_when_nothing_is_open() {
    let mut desk = Desk::open().await;
    let mut heard = Vec::new();
    let within = Duration::from_mins(1);
    let killed = desk
        .kill_while(within, "a test", answer, |event| heard.push(event))
        .await;
    assert_eq!(
        (killed.stop, killed.open.len()),
        (KillStop::Flat, 0),
        "{killed:?}"
    );
    assert!(killed.problem.is_none(), "{killed:?}");
    assert_eq!(heard.len(), 2, "the answer and the order's end: {heard:?}");
    let refused = desk.session.send(&order("late")).await.unwrap_err().to_string();
    assert!(
        refused.contains("the kill switch is tripped (a test)"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_run_of_the_kill_switch_tells_what_remains_open() {
    let mut desk = Desk::open().await;
    // Nobody answers.
    let killed = desk.kill(Duration::from_millis(50)).await;
    assert_eq!(
        (killed.stop, desk.state()),
        (KillStop::Deadline, KillState::Canceling)
    );
    assert!(!killed.is_flat());
    assert_eq!(killed.open[0].cl_ord_id, "a");
    // And there is nobody any more.
    desk.session.sender().abort();
    let killed = desk.kill(Duration::from_mins(1)).await;
    assert_eq!((killed.stop, killed.open.len()), (KillStop::Ended, 1));
}

#[tokio::test]
async fn a_run_of_the_kill_switch_that_is_dropped() {
    for depth in DEPTHS {
        let mut desk = Desk::open().await;
        poll_up_to(depth, Box::pin(desk.kill(Duration::from_mins(1)))).await;
        let is_tripped = desk.state() == KillState::Canceling;
        assert_eq!(is_tripped, depth > 0, "{depth}");
        // What was sent is in the tracker, and the next run cancels what is open.
        let killed = desk
            .kill_while(Duration::from_mins(1), "again", answer, |_| {})
            .await;
        assert!(killed.is_flat(), "{depth}: {killed:?}");
        let reason = desk
            .limits
            .with(|core| core.kill_switch().reason().map(str::to_owned));
        let first = if depth > 0 { "a test" } else { "again" };
        assert_eq!(reason.as_deref(), Some(first));
    }
}

#[tokio::test]
async fn a_run_of_the_kill_switch_reads_while_it_waits_for_room() {
    let mut desk = Desk::open().await;
    let sender = desk.session.sender();
    let filled = OrderCancelRequest::new("filled", "other", fields::Side::Buy, "KXTEST-26");
    while sender.try_send(&filled).is_ok() {}
    let waiting = order("late");
    let mut waiting = pin!(sender.send(&waiting));
    let mut context = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    let killed = desk.kill_answered(Duration::from_mins(1)).await;
    assert!(killed.is_flat(), "{killed:?}");
    let late = waiting.await.unwrap_err().to_string();
    assert!(late.contains("the kill switch is tripped"), "{late}");
}

#[tokio::test]
async fn a_run_of_the_kill_switch_tells_of_what_the_tracker_was_not_told() {
    let mut desk = Desk::open().await;
    for id in ["b", "c"] {
        desk.session.send(&order(id)).await.unwrap();
    }
    let killed = desk.kill(Duration::from_millis(50)).await;
    assert_eq!((killed.stop, killed.unheard), (KillStop::Deadline, 2));
    let most = Duration::from_mins(1);
    assert!(
        !killed.unheard_for.is_zero() && killed.unheard_for <= most,
        "{killed:?}"
    );
    let told = killed.to_string();
    let expected = "the time was over: 1 order is open (\"a\"); 2 orders were let through that the tracker has not heard of: they may \
                    be open, and count for ";
    assert!(told.starts_with(expected), "{told}");
    let Some(problem @ KillProblem::Unheard { orders: 2, .. }) = killed.problem else {
        panic!("{killed:?}")
    };
    assert!(problem.to_string().contains("(Tracker::sent)"), "{problem}");
}

#[tokio::test]
async fn a_run_of_the_kill_switch_does_not_wait_for_what_was_refused() {
    let mut desk = Desk::open().await;
    // Nobody tells the tracker.
    let pending = desk.session.begin(&order("b")).await.unwrap();
    let refused = [
        (11, "b"),
        (39, "8"),
        (58, "MARKET_NOT_FOUND"),
        (103, "1"),
        (150, "8"),
    ];
    desk.connection
        .handle
        .send(&Fields(b"8", &refused))
        .await
        .unwrap();
    let submitted = timeout(BOUND, pending).await.expect("in time");
    assert!(submitted.acknowledged().is_err());
    // Not as long as the minute for which it would count.
    let killed = desk.kill_answered(Duration::from_secs(45)).await;
    assert!(killed.is_flat(), "{killed}");
    assert_eq!(
        (killed.unheard, killed.to_string().as_str()),
        (0, "nothing is open")
    );
}

#[tokio::test]
async fn a_run_of_the_kill_switch_tells_that_a_cancellation_was_refused() {
    let mut desk = Desk::open().await;
    let refuse = async |connection: &mut Connection| {
        let id = mass_cancel_id(connection).await;
        let refused = [(11, id.as_str()), (37, "1"), (530, "6"), (531, "0"), (532, "0")];
        connection.handle.send(&Fields(b"r", &refused)).await.unwrap();
        // It is said again.
        answer(connection).await;
    };
    let killed = desk
        .kill_while(Duration::from_mins(1), "a test", refuse, |_| {})
        .await;
    assert!(killed.is_flat(), "{killed:?}");
    assert!(
        matches!(killed.problem, Some(KillProblem::MassCancelRefused)),
        "{killed:?}"
    );
    // Had it ended then:
    let killed = Killed {
        stop: KillStop::Ended,
        ..killed
    };
    assert_eq!(
        killed.to_string(),
        "the session is over: 0 orders are open; last problem: the venue has refused the mass cancellation"
    );
}
