//! Failures in simulated time, and what each leads to.

use super::*;

const HALF: u64 = u64::MAX / 2 + 1;
const MOST: u64 = u64::MAX;

fn at(seconds: u64) -> Now {
    // A Sunday at noon in UTC: far from any maintenance.
    let start = Timestamp::parse(b"20261122-12:00:00").unwrap().unix_nanos();
    let nanos = i64::try_from(seconds).unwrap() * 1_000_000_000;
    Now::new(
        Duration::from_secs(seconds),
        Timestamp::from_unix_nanos(start + nanos),
    )
}

fn on(utc: &str, seconds: u64) -> Now {
    Now::new(
        Duration::from_secs(seconds),
        Timestamp::parse(utc.as_bytes()).unwrap(),
    )
}

fn reconnector(change: impl FnOnce(&mut ReconnectPolicy)) -> Reconnector {
    let mut policy = ReconnectPolicy::default();
    change(&mut policy);
    Reconnector::new(policy, false)
}

#[track_caller]
fn waits(decision: Decision, reason: WaitReason) -> Duration {
    match decision {
        Decision::Wait(wait) => {
            assert_eq!(wait.reason, reason);
            wait.delay
        }
        Decision::Stop(stop) => panic!("stopped: {stop}"),
    }
}

#[test]
fn the_backoff_doubles_up_to_its_bound_and_is_spread_over_all_of_it() {
    for (random, expected) in [
        (
            MOST,
            [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000],
        ),
        (
            HALF,
            [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000],
        ),
        (0, [0; 9]),
    ] {
        let mut reconnector = reconnector(|policy| policy.spacing = Duration::ZERO);
        let found: Vec<u128> = (0..9)
            .map(|index| {
                let decision = reconnector.failed(FailureClass::Network, at(100 * index), random);
                // The last nanosecond of a full wait is never reached.
                waits(decision, WaitReason::Backoff)
                    .as_nanos()
                    .div_ceil(1_000_000)
            })
            .collect();
        assert_eq!(found, expected.map(|millis: u64| u128::from(millis)));
    }
    // However long it goes on, nothing overflows.
    let mut reconnector = reconnector(|policy| policy.longest_backoff = Duration::MAX);
    for index in 0..1000 {
        let decision = reconnector.failed(FailureClass::Network, at(index), MOST);
        waits(decision, WaitReason::Backoff);
    }
}

#[test]
fn attempts_are_spaced_whatever_the_random_number() {
    let mut reconnector = reconnector(|_| {});
    reconnector.attempting(at(10));
    assert_eq!(
        waits(
            reconnector.failed(FailureClass::Network, at(10), 0),
            WaitReason::Backoff
        ),
        Duration::from_secs(1)
    );
    // An attempt that took long has waited already.
    reconnector.attempting(at(20));
    assert_eq!(
        waits(
            reconnector.failed(FailureClass::Network, at(25), 0),
            WaitReason::Backoff
        ),
        Duration::ZERO
    );
    // The spacing holds for every class that goes on: an hour of sessions that end at once is no burst of logons.
    for class in [
        FailureClass::Network,
        FailureClass::PeerLogout,
        FailureClass::Protocol,
        FailureClass::Sequence,
        FailureClass::RateLimited,
    ] {
        let mut reconnector = Reconnector::new(ReconnectPolicy::default(), false);
        let (mut elapsed, mut logons) = (0, 0_u32);
        while elapsed < 3600 {
            reconnector.attempting(at(elapsed));
            reconnector.established(at(elapsed));
            logons += 1;
            let Decision::Wait(wait) = reconnector.failed(class, at(elapsed), HALF) else {
                panic!("{class}")
            };
            elapsed += wait.delay.as_secs().max(1);
        }
        assert!(logons < 150, "{class}: {logons}");
    }
}

#[test]
fn a_session_that_lasted_clears_what_was_before_and_one_that_did_not_does_not() {
    let mut reconnector = reconnector(|_| {});
    for index in 0..5 {
        reconnector.failed(FailureClass::Network, at(index), 0);
    }
    reconnector.established(at(100));
    let decision = reconnector.failed(FailureClass::Network, at(129), MOST);
    assert!(waits(decision, WaitReason::Backoff) > Duration::from_secs(15));
    reconnector.established(at(200));
    let decision = reconnector.failed(FailureClass::Network, at(230), MOST);
    assert!(waits(decision, WaitReason::Backoff) < Duration::from_millis(501));
    assert_eq!(reconnector.failures(), 1);
}

#[test]
fn what_cannot_be_healed_stops() {
    let check = |class, expected: StopReason| {
        let decision = reconnector(|_| {}).failed(class, at(0), HALF);
        assert_eq!(decision, Decision::Stop(expected));
    };
    check(FailureClass::Credentials, StopReason::Credentials);
    check(FailureClass::WrongSession, StopReason::WrongSession);
    check(FailureClass::Untrusted, StopReason::Untrusted);
    check(FailureClass::NoTls, StopReason::NoTls);
    check(FailureClass::Configuration, StopReason::Configuration);
    check(FailureClass::Local, StopReason::Local);
    check(FailureClass::Application, StopReason::Application);
    // In maintenance too.
    let decision = reconnector(|_| {}).failed(FailureClass::Credentials, on("20261126-08:30:00", 0), HALF);
    assert_eq!(decision, Decision::Stop(StopReason::Credentials));
}

#[test]
fn an_old_session_is_waited_out_and_another_program_is_not() {
    let mut reconnector = reconnector(|_| {});
    let mut seconds = 0;
    let stop = loop {
        match reconnector.failed(FailureClass::KeyInUse, at(seconds), HALF) {
            Decision::Wait(wait) => {
                assert_eq!(wait.reason, WaitReason::KeyInUse);
                assert_eq!(wait.delay, Duration::from_millis(7500));
                seconds += 8;
            }
            Decision::Stop(stop) => break stop,
        }
    };
    let held = Duration::from_secs(184);
    assert_eq!(stop, StopReason::KeyInUse { held });
    // Another failure in between, or a session, starts the count anew.
    let mut reconnector = super::tests::reconnector(|_| {});
    for index in 0..100 {
        let class = if index % 20 == 19 {
            FailureClass::Network
        } else {
            FailureClass::KeyInUse
        };
        let decision = reconnector.failed(class, at(index * 9), HALF);
        assert!(matches!(decision, Decision::Wait(_)), "{decision:?}");
    }
}

#[test]
fn tokens_are_waited_for_at_least_as_long_as_they_take() {
    let mut reconnector = reconnector(|_| {});
    for expected in [2, 2, 2] {
        let decision = reconnector.failed(FailureClass::RateLimited, at(0), 0);
        assert_eq!(
            waits(decision, WaitReason::RateLimit),
            Duration::from_secs(expected)
        );
    }
    let decision = reconnector.failed(FailureClass::RateLimited, at(0), HALF);
    assert_eq!(waits(decision, WaitReason::RateLimit), Duration::from_secs(2 + 8));
}

#[test]
fn clocks_that_are_apart() {
    let decision = reconnector(|_| {}).failed(FailureClass::Clock, at(0), 0);
    assert_eq!(waits(decision, WaitReason::Clock), Duration::from_mins(5));
    let mut strict = reconnector(|policy| policy.clock_trouble = ClockTrouble::Stop);
    let decision = strict.failed(FailureClass::Clock, at(0), 0);
    assert_eq!(decision, Decision::Stop(StopReason::Clock));
}

#[test]
fn numbers_that_do_not_fit() {
    let check = |retransmits, allowed, expected| {
        let policy = ReconnectPolicy {
            reset_retransmitting: allowed,
            ..ReconnectPolicy::default()
        };
        let decision = Reconnector::new(policy, retransmits).failed(FailureClass::Sequence, at(0), 0);
        let found = match decision {
            Decision::Wait(wait) => Ok(wait.reset),
            Decision::Stop(stop) => Err(stop),
        };
        assert_eq!(found, expected);
    };
    check(false, false, Ok(true));
    check(false, true, Ok(true));
    check(true, true, Ok(true));
    check(true, false, Err(StopReason::Sequence));
    // No other failure resets anything.
    let decision = Reconnector::new(ReconnectPolicy::default(), true).failed(FailureClass::Network, at(0), 0);
    assert!(matches!(decision, Decision::Wait(Wait { reset: false, .. })));
}

#[test]
fn bounds() {
    let mut few = reconnector(|policy| policy.max_failures = Some(3));
    for _ in 0..3 {
        assert!(matches!(
            few.failed(FailureClass::Network, at(0), 0),
            Decision::Wait(_)
        ));
    }
    let stop = StopReason::TooManyFailures { failures: 4 };
    assert_eq!(few.failed(FailureClass::Network, at(0), 0), Decision::Stop(stop));

    let mut short = reconnector(|policy| policy.give_up_after = Some(Duration::from_mins(1)));
    short.attempting(at(0));
    short.established(at(5));
    // It counts from the end of the session, not from its beginning.
    for seconds in [1000, 1030, 1059] {
        let decision = short.failed(FailureClass::PeerLogout, at(seconds), 0);
        assert!(matches!(decision, Decision::Wait(_)), "{decision:?}");
    }
    let gone = Duration::from_mins(1);
    assert_eq!(
        short.failed(FailureClass::Network, at(1060), 0),
        Decision::Stop(StopReason::TooLong { gone })
    );

    let mut refused = reconnector(|_| {});
    for _ in 0..4 {
        assert!(matches!(
            refused.failed(FailureClass::Refused, at(0), 0),
            Decision::Wait(_)
        ));
    }
    assert_eq!(
        refused.failed(FailureClass::Refused, at(0), 0),
        Decision::Stop(StopReason::Refused { refusals: 5 })
    );
    let mut unsigned = reconnector(|policy| policy.max_refusals = 1);
    assert_eq!(
        unsigned.failed(FailureClass::Signing, at(0), 0),
        Decision::Stop(StopReason::Signing { failures: 1 })
    );
}

#[test]
fn who_was_accepted_is_not_refused_for_good() {
    for class in [FailureClass::Refused, FailureClass::Signing] {
        let mut reconnector = reconnector(|policy| policy.max_refusals = 2);
        reconnector.attempting(at(0));
        reconnector.established(at(0));
        let mut waited = Duration::ZERO;
        for _ in 0..100 {
            reconnector.attempting(at(0));
            waited = waits(reconnector.failed(class, at(0), HALF), WaitReason::Backoff);
        }
        assert_eq!(waited.as_millis().div_ceil(1000), 30, "{class:?}");
    }
}

#[test]
fn maintenance_is_no_fault() {
    let mut reconnector = reconnector(|policy| {
        policy.max_failures = Some(1);
        policy.give_up_after = Some(Duration::from_mins(1));
    });
    let until = Timestamp::parse(b"20261126-10:00:00.000000000").unwrap();
    // Two hours of it, and neither bound is reached.
    for minute in 0..120_u64 {
        let utc = format!("20261126-{:02}:{:02}:00", 8 + minute / 60, minute % 60);
        let class = match minute % 3 {
            0 => FailureClass::PeerLogout,
            1 => FailureClass::Network,
            _ => FailureClass::Refused,
        };
        let decision = reconnector.failed(class, on(&utc, minute * 60), HALF);
        assert_eq!(
            waits(decision, WaitReason::Maintenance { until }),
            Duration::from_secs(45)
        );
    }
    assert_eq!(reconnector.failures(), 0);
    // After it, faults count again, from its end on.
    let decision = reconnector.failed(FailureClass::Network, on("20261126-10:00:00", 7_190), HALF);
    waits(decision, WaitReason::Backoff);
}

#[test]
fn reasons_read_well() {
    let until = Timestamp::parse(b"20261126-10:00:00").unwrap();
    assert_eq!(
        WaitReason::Maintenance { until }.to_string(),
        "the venue is in maintenance until 20261126-10:00:00 UTC"
    );
    assert_eq!(
        StopReason::TooManyFailures { failures: 4 }.to_string(),
        "4 failures in a row, as many as the policy allows"
    );
}

/// What was decided holds until there is a session, whatever comes between.
#[test]
fn a_reset_that_is_due_stays_so() {
    let policy = ReconnectPolicy {
        reset_retransmitting: true,
        ..ReconnectPolicy::default()
    };
    let mut reconnector = Reconnector::new(policy, true);
    let mut seconds = 0;
    let mut fail = |reconnector: &mut Reconnector, class, established| {
        seconds += 100;
        reconnector.attempting(at(seconds));
        if established {
            reconnector.established(at(seconds));
        }
        match reconnector.failed(class, at(seconds + 10), HALF) {
            Decision::Wait(wait) => wait.reset,
            Decision::Stop(stop) => panic!("stopped: {stop}"),
        }
    };
    assert!(!fail(&mut reconnector, FailureClass::Network, true));
    assert!(fail(&mut reconnector, FailureClass::Sequence, true));
    for class in [
        FailureClass::Network,
        FailureClass::RateLimited,
        FailureClass::KeyInUse,
        FailureClass::Clock,
    ] {
        assert!(fail(&mut reconnector, class, false), "{class}");
    }
    assert!(fail(&mut reconnector, FailureClass::Sequence, false));
    // That session was started anew.
    assert!(!fail(&mut reconnector, FailureClass::Network, true));
    assert!(!fail(&mut reconnector, FailureClass::Network, false));
}
