//! Sessions that outlive their connections, in simulated time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fix_dialect::Timestamp;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::pair::*;
use super::scripted::Accepted as Peer;
use crate::driver::{
    AttemptFailed, Builder, Clock, Disconnected, DriverSettings, EndCause, Event, Events, Handle,
    InboundPolicy, Missed, Reconnected, SessionEnd, SpawnError,
};
use crate::environment::Endpoint;
use crate::reconnect::{FailureClass, ReconnectPolicy, StopReason, WaitReason};
use crate::session::{self, Acceptance, Refusal, Role, SendError, SessionState};
use crate::transport::ConnectError;

/// A client that is supervised, and the far ends of the connections that it makes.
pub(super) struct Supervised {
    pub(super) handle: Handle,
    pub(super) events: Events,
    connections: mpsc::UnboundedReceiver<DuplexStream>,
    clock: Arc<dyn Clock>,
    /// How often it has dialled.
    dials: Arc<AtomicUsize>,
    /// From which dial on there is no network; and up to which.
    outage: Arc<(AtomicUsize, AtomicUsize)>,
}

fn unreachable() -> ConnectError {
    ConnectError::Resolve {
        endpoint: Endpoint::new("venue.test", 8228),
        source: io::Error::other("no network"),
    }
}

impl Supervised {
    pub(super) fn start(policy: ReconnectPolicy) -> Supervised {
        Supervised::start_with(policy, DriverSettings::default(), TestClock::shared())
    }

    pub(super) fn start_with(
        policy: ReconnectPolicy,
        settings: DriverSettings,
        clock: Arc<dyn Clock>,
    ) -> Supervised {
        let (sender, connections) = mpsc::unbounded_channel();
        let dials = Arc::new(AtomicUsize::new(0));
        let outage = Arc::new((AtomicUsize::new(usize::MAX), AtomicUsize::new(usize::MAX)));
        let (count, without) = (Arc::clone(&dials), Arc::clone(&outage));
        let dial = move || {
            let index = count.fetch_add(1, Ordering::Relaxed);
            let dead =
                (without.0.load(Ordering::Relaxed)..without.1.load(Ordering::Relaxed)).contains(&index);
            let sender = sender.clone();
            async move {
                if dead {
                    return Err(unreachable());
                }
                let (near, far) = duplex(1 << 16);
                let _ = sender.send(far);
                Ok(near)
            }
        };
        let (handle, events) = Builder::new(client_settings(), Role::Initiator(logon()))
            .settings(settings)
            .clock(Arc::clone(&clock))
            .random(|| u64::MAX / 2)
            .supervise(dial, policy)
            .unwrap();
        Supervised {
            handle,
            events,
            connections,
            clock,
            dials,
            outage,
        }
    }

    fn dials(&self) -> usize {
        self.dials.load(Ordering::Relaxed)
    }

    /// From the next dial on, so many of them fail.
    fn outage(&self, dials: usize) {
        let next = self.dials();
        self.outage.0.store(next, Ordering::Relaxed);
        self.outage.1.store(next.saturating_add(dials), Ordering::Relaxed);
    }

    /// The venue's side of the next connection, logged on.
    pub(super) async fn accept(&mut self) -> Ends {
        let mut venue = drive_venue_by(self.connections.recv().await.unwrap(), Arc::clone(&self.clock));
        logon_request(&mut venue).await;
        venue.0.accept_logon(Acceptance::default()).unwrap();
        established_event(&mut venue.1).await;
        venue
    }

    async fn refuse(&mut self, text: &str) {
        let mut venue = drive_venue_by(self.connections.recv().await.unwrap(), Arc::clone(&self.clock));
        logon_request(&mut venue).await;
        venue.0.refuse_logon(Refusal::Logout(text.to_owned())).unwrap();
        end(&mut venue.1).await;
    }

    pub(super) async fn disconnected(&mut self) -> Disconnected {
        match self.events.recv().await {
            Some(Event::Disconnected(event)) => event,
            other => panic!("expected a disconnection, found {other:?}"),
        }
    }

    async fn attempt_failed(&mut self) -> AttemptFailed {
        match self.events.recv().await {
            Some(Event::AttemptFailed(event)) => event,
            other => panic!("expected a failed attempt, found {other:?}"),
        }
    }

    pub(super) async fn reconnected(&mut self) -> Reconnected {
        match self.events.recv().await {
            Some(Event::Reconnected(event)) => event,
            other => panic!("expected a new connection, found {other:?}"),
        }
    }

    async fn ended(&mut self) -> SessionEnd {
        match self.events.recv().await {
            Some(Event::Ended(end)) => {
                assert!(self.events.recv().await.is_none(), "nothing follows the end");
                end
            }
            other => panic!("expected the end, found {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_until_a_lost_connection_is_known() {
    let mut client = Supervised::start(ReconnectPolicy::default());
    let venue = client.accept().await;
    established_event(&mut client.events).await;
    let number = client.handle.send(&note("one")).await.unwrap();
    drop(venue);
    let mut venue = client.accept().await;
    // Logged on anew, and the numbers are other messages': its application does not know.
    while !client.handle.state().is_established() {
        sleep(Duration::from_millis(1)).await;
    }
    assert!(
        timeout(Duration::from_secs(1), client.handle.ready())
            .await
            .is_err()
    );
    let refused = Err(SendError::Reconnecting);
    assert_eq!(client.handle.send(&note("two")).await, refused);
    assert_eq!(client.handle.try_send(&note("two")), refused);
    let handle = client.handle.clone();
    let ready = tokio::spawn(async move { handle.ready().await });
    tokio::task::yield_now().await;
    assert!(client.disconnected().await.end.in_doubt().contains(&number));
    assert!(ready.await.unwrap());
    assert_eq!(client.handle.send(&note("three")).await, Ok(number));
    assert_eq!(next_note(&mut venue.1).await.1, "three");
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_is_replaced_and_says_what_is_in_doubt_and_what_may_be_missed() {
    let mut client = Supervised::start(ReconnectPolicy::default());
    let venue = client.accept().await;
    established_event(&mut client.events).await;
    venue.0.send(&note("received")).await.unwrap();
    assert_eq!(next_note(&mut client.events).await, (2, "received".to_owned()));
    assert_eq!(client.handle.send(&note("an order")).await.unwrap(), 2);
    sleep(Duration::from_secs(10)).await;
    venue.0.abort();

    let event = client.disconnected().await;
    assert_eq!(event.class, FailureClass::Network);
    assert_eq!(event.end.to_string(), "the connection ended while established");
    assert_eq!(
        (event.end.confirmed, event.end.written, event.end.sent),
        (0, 2, 2)
    );
    assert_eq!(event.end.in_doubt(), 1..=2);
    assert_eq!(event.wait.delay.as_millis(), 249);
    let refused = client.handle.try_send(&note("while away")).unwrap_err();
    assert_eq!(refused, SendError::Reconnecting);
    assert_eq!(client.handle.state(), SessionState::Idle);

    let mut venue = client.accept().await;
    let event = client.reconnected().await;
    assert!(event.gone >= Duration::from_millis(249) && event.gone < Duration::from_secs(2));
    let Missed::Unknown { after, since, until } = event.missed else {
        panic!("{event:?}")
    };
    assert_eq!(after, 2);
    // The last that was heard was the note, at the very beginning.
    assert_eq!(since.to_string()[..17], *"20261122-12:00:00");
    assert_eq!(until.to_string()[..17], *"20261122-12:00:10");
    // The same ends go on; nothing of before is sent again.
    assert_eq!(client.handle.send(&note("anew")).await.unwrap(), 2);
    assert_eq!(next_note(&mut venue.1).await, (2, "anew".to_owned()));
    venue.0.send(&note("back")).await.unwrap();
    assert_eq!(next_note(&mut client.events).await, (2, "back".to_owned()));
    let closed = client.events.close().await;
    assert_eq!(closed.end.unwrap().to_string(), "logged out");
    assert_eq!(end(&mut venue.1).await, "the peer logged out");
    assert_eq!(client.dials.load(Ordering::Relaxed), 2);
}

/// Without retransmission, numbers that do not fit end the connection with a Logout that says so, and the next one starts
/// anew and tells what may be missed.
#[tokio::test(start_paused = true)]
async fn numbers_that_do_not_fit_start_the_session_anew() {
    for (number, said) in [
        (7, "MsgSeqNum too high, expecting 3 but received 7"),
        (1, "MsgSeqNum too low, expecting 3 but received 1"),
    ] {
        let mut client = Supervised::start(ReconnectPolicy::default());
        let mut peer = Peer::answer(client.connections.recv().await.unwrap()).await;
        established_event(&mut client.events).await;
        peer.say_note("in its turn").await;
        assert_eq!(next_note(&mut client.events).await, (2, "in its turn".to_owned()));
        peer.next_number(number);
        peer.say_note("out of it").await;
        let words = peer.read_to_end().await;
        assert!(
            words.contains("|35=5|") && words.contains(&format!("|58={said}")),
            "{words}"
        );
        let event = client.disconnected().await;
        assert_eq!(event.class, FailureClass::Sequence);
        assert!(event.end.to_string().contains(said), "{}", event.end);

        let mut venue = drive_venue_by(
            client.connections.recv().await.unwrap(),
            Arc::clone(&client.clock),
        );
        let request = logon_request(&mut venue).await;
        assert!(request.reset, "it starts anew");
        venue.0.accept_logon(Acceptance::default()).unwrap();
        let missed = client.reconnected().await.missed;
        assert!(matches!(missed, Missed::Unknown { after: 2, .. }), "{missed:?}");
        assert_eq!(client.handle.send(&note("anew")).await.unwrap(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn answers_confirm_what_was_received() {
    let mut client = Supervised::start(ReconnectPolicy::default());
    let venue = client.accept().await;
    established_event(&mut client.events).await;
    for index in 0..5 {
        client.handle.send(&note(index)).await.unwrap();
    }
    client.handle.test_request().unwrap();
    client.handle.send(&note("after")).await.unwrap();
    loop {
        if let Some(Event::Session(session::Event::TestRequestAnswered { .. })) = client.events.recv().await {
            break;
        }
    }
    venue.0.abort();
    let event = client.disconnected().await;
    // The logon, five notes, the test request; what came after it is in doubt.
    assert_eq!((event.end.confirmed, event.end.sent), (7, 8));
    assert_eq!(event.end.in_doubt(), 8..=8);
}

#[tokio::test(start_paused = true)]
async fn a_long_outage_costs_few_attempts_and_one_waiting_event() {
    let mut client = Supervised::start(ReconnectPolicy::default());
    let venue = client.accept().await;
    established_event(&mut client.events).await;
    client.outage(usize::MAX);
    venue.0.abort();
    sleep(Duration::from_hours(24)).await;
    // Up to a minute apart, half of it with this random number.
    let dials = client.dials();
    assert!((2800..3000).contains(&dials), "{dials}");
    client.disconnected().await;
    let event = client.attempt_failed().await;
    assert_eq!(event.failures as usize, dials);
    assert_eq!(
        event.end.to_string(),
        "cannot look up venue.test:8228: no network"
    );
    // The network is back.
    client.outage.1.store(0, Ordering::Relaxed);
    let _venue = client.accept().await;
    let event = loop {
        match client.events.recv().await {
            Some(Event::Reconnected(event)) => break event,
            Some(Event::AttemptFailed(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert!(event.gone >= Duration::from_hours(24));
}

#[tokio::test(start_paused = true)]
async fn venues_that_refuse() {
    // What will not change ends it at once, with a reason that can be matched.
    for text in ["Unknown SenderCompID", "the key is not entitled to KalshiRT"] {
        let mut client = Supervised::start(ReconnectPolicy::default());
        client.refuse(text).await;
        assert_eq!(
            client.ended().await.stopped,
            Some(StopReason::Credentials),
            "{text}"
        );
        assert_eq!(client.dials(), 1);
    }
    let mut client = Supervised::start(ReconnectPolicy::default());
    client.refuse("invalid signature").await;
    let stopped = client.ended().await;
    assert_eq!(stopped.stopped, Some(StopReason::Credentials));
    assert_eq!(
        stopped.to_string(),
        "logon refused: invalid signature; not connecting again: \
         the venue does not accept the signature, the API key, or what it is used for"
    );
    assert!(!client.handle.ready().await);
    assert_eq!(client.dials(), 1);

    // The old session is waited out.
    let mut client = Supervised::start(ReconnectPolicy::default());
    let started = Instant::now();
    for _ in 0..8 {
        client.refuse("already exists").await;
        let event = client.attempt_failed().await;
        assert_eq!(
            (event.class, event.wait.reason),
            (FailureClass::KeyInUse, WaitReason::KeyInUse)
        );
    }
    let _venue = client.accept().await;
    established_event(&mut client.events).await;
    assert!(
        (55..75).contains(&started.elapsed().as_secs()),
        "{:?}",
        started.elapsed()
    );

    // Another program holds the key.
    let mut client = Supervised::start(ReconnectPolicy::default());
    let mut refusals = 0;
    let last = loop {
        match client.connections.recv().await {
            Some(far) => {
                let mut venue = drive_venue_by(far, Arc::clone(&client.clock));
                logon_request(&mut venue).await;
                let text = "already exists".to_owned();
                venue.0.refuse_logon(Refusal::Logout(text)).unwrap();
                end(&mut venue.1).await;
                refusals += 1;
            }
            None => break client.events.recv().await,
        }
    };
    // Only the last failed attempt was kept.
    assert!(matches!(last, Some(Event::AttemptFailed(_))), "{last:?}");
    let end = client.ended().await;
    assert!(matches!(end.stopped, Some(StopReason::KeyInUse { .. })), "{end}");
    assert!((20..30).contains(&refusals), "{refusals}");
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_cannot_connect_stops() {
    let dial = || async {
        Err::<DuplexStream, _>(ConnectError::PlaintextBeyondLoopback {
            endpoint: Endpoint::new("venue.test", 8228),
            address: None,
        })
    };
    let (_handle, mut events) = Builder::new(client_settings(), Role::Initiator(logon()))
        .clock(TestClock::shared())
        .supervise(dial, ReconnectPolicy::default())
        .unwrap();
    let Some(Event::Ended(end)) = events.recv().await else {
        panic!("the end is first")
    };
    assert_eq!(end.stopped, Some(StopReason::Configuration));
    assert!(matches!(end.cause, EndCause::Connect { .. }), "{end}");

    let venue = Builder::new(
        session::SessionSettings::kalshi_prediction(session::Identity::acceptor("Kalshi")),
        Role::Acceptor,
    );
    let error = venue.supervise(dial, ReconnectPolicy::default()).unwrap_err();
    assert!(matches!(error, SpawnError::NotAnInitiator));
}

#[tokio::test(start_paused = true)]
async fn the_application_can_end_it_at_any_time() {
    // While it waits for the next attempt.
    let mut client = Supervised::start(ReconnectPolicy::default());
    client.outage(usize::MAX);
    client.attempt_failed().await;
    sleep(Duration::from_mins(10)).await;
    let dials = client.dials();
    let closed = timeout(Duration::from_millis(1), client.events.close())
        .await
        .unwrap();
    assert_eq!(closed.end.unwrap().stopped, Some(StopReason::Application));
    sleep(Duration::from_hours(1)).await;
    assert_eq!(client.dials.load(Ordering::Relaxed), dials);
    assert!(!client.handle.ready().await);

    // By abort, and by dropping the events, while a logon is under way.
    for abort in [true, false] {
        let client = Supervised::start(ReconnectPolicy::default());
        let mut connections = client.connections;
        let mut venue = drive_venue(connections.recv().await.unwrap());
        logon_request(&mut venue).await;
        if abort {
            client.handle.abort();
            let mut events = client.events;
            let Some(Event::Ended(end)) = events.recv().await else {
                panic!()
            };
            assert!(matches!(end.cause, EndCause::Aborted), "{end}");
        } else {
            drop(client.events);
        }
        end(&mut venue.1).await;
        sleep(Duration::from_hours(1)).await;
        assert_eq!(client.dials.load(Ordering::Relaxed), 1);
    }

    // By a logout before the logon is complete.
    let mut client = Supervised::start(ReconnectPolicy::default());
    let _far = client.connections.recv().await.unwrap();
    client.handle.logout(None);
    let end = client.ended().await;
    assert_eq!(
        end.to_string(),
        "given up before the logon was complete (still waiting for the answer to its logon)"
    );
}

#[tokio::test(start_paused = true)]
async fn as_often_as_the_policy_allows() {
    let policy = ReconnectPolicy {
        max_failures: Some(3),
        ..ReconnectPolicy::default()
    };
    let mut client = Supervised::start(policy);
    client.outage(usize::MAX);
    sleep(Duration::from_hours(1)).await;
    client.attempt_failed().await;
    let end = client.ended().await;
    assert_eq!(end.stopped, Some(StopReason::TooManyFailures { failures: 4 }));
    assert_eq!(client.dials(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_room_is_refused_when_the_connection_is_lost() {
    let (sender, mut connections) = mpsc::unbounded_channel();
    let dial = move || {
        let (near, far) = duplex(256);
        sender.send(far).unwrap();
        async move { Ok::<_, ConnectError>(near) }
    };
    let mut session = client_settings();
    session.max_pending_transmit = 2000;
    let (handle, mut events) = Builder::new(session, Role::Initiator(logon()))
        .clock(TestClock::shared())
        .supervise(dial, ReconnectPolicy::default())
        .unwrap();
    let far = connections.recv().await.unwrap();
    let mut venue = drive_venue(far);
    logon_request(&mut venue).await;
    venue.0.accept_logon(Acceptance::default()).unwrap();
    established_event(&mut events).await;
    established_event(&mut venue.1).await;
    // The venue reads no more than its queues hold.
    let mut waiting = Vec::new();
    for index in 0..400 {
        let handle = handle.clone();
        waiting.push(tokio::spawn(async move {
            handle.send(&note(format!("{index:01000}"))).await
        }));
    }
    tokio::task::yield_now().await;
    venue.0.abort();
    let mut refused = 0;
    for waiting in waiting {
        match waiting.await.unwrap() {
            Ok(_) => {}
            Err(SendError::Reconnecting) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 100, "{refused}");
    // Whoever wants to wait says so, and sends on the new connection.
    let late = {
        let handle = handle.clone();
        tokio::spawn(async move {
            assert!(handle.ready().await);
            handle.send(&note("late")).await.unwrap()
        })
    };
    let mut venue = drive_venue(connections.recv().await.unwrap());
    logon_request(&mut venue).await;
    venue.0.accept_logon(Acceptance::default()).unwrap();
    established_event(&mut venue.1).await;
    while !matches!(events.recv().await, Some(Event::Disconnected(_))) {}
    assert_eq!(next_note(&mut venue.1).await, (2, "late".to_owned()));
    assert_eq!(late.await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_connects_again_for_an_application_that_does_not_read() {
    let settings = DriverSettings {
        inbound_policy: InboundPolicy::Disconnect,
        max_waiting_events: 10,
        ..DriverSettings::default()
    };
    let mut client = Supervised::start_with(ReconnectPolicy::default(), settings, TestClock::shared());
    let venue = client.accept().await;
    established_event(&mut client.events).await;
    for index in 0..3000 {
        if venue.0.try_send(&note(index)).is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    sleep(Duration::from_hours(1)).await;
    assert_eq!(client.dials(), 1);
    // It reads again: what waited, the reason, and a new connection.
    let event = loop {
        match client.events.recv().await {
            Some(Event::Disconnected(event)) => break event,
            Some(Event::Session(session::Event::Application(_))) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(event.class, FailureClass::SlowReader);
    let _venue = client.accept().await;
    client.reconnected().await;
}

/// UTC in the venue's maintenance: a Thursday, 03:30 in New York.
struct Thursday(Instant);

impl Clock for Thursday {
    fn utc(&self) -> Timestamp {
        let start = Timestamp::parse(b"20261126-08:30:00").unwrap().unix_nanos();
        Timestamp::from_unix_nanos(start + self.0.elapsed().as_nanos() as i64)
    }
}

#[tokio::test(start_paused = true)]
async fn maintenance_is_waited_out() {
    let policy = ReconnectPolicy {
        max_failures: Some(1),
        ..ReconnectPolicy::default()
    };
    let clock = Arc::new(Thursday(Instant::now()));
    let mut client = Supervised::start_with(policy, DriverSettings::default(), clock);
    client.outage(usize::MAX);
    sleep(Duration::from_mins(89)).await;
    // A minute apart at most, and none of them counts.
    let dials = client.dials();
    assert!((100..130).contains(&dials), "{dials}");
    let event = client.attempt_failed().await;
    assert_eq!(event.failures, 0);
    assert_eq!(
        event.wait.reason.to_string(),
        "the venue is in maintenance until 20261126-10:00:00.000000000 UTC"
    );
    // After it, they count.
    sleep(Duration::from_mins(5)).await;
    client.attempt_failed().await;
    let end = client.ended().await;
    assert_eq!(end.stopped, Some(StopReason::TooManyFailures { failures: 2 }));
}
