//! What is drawn from a seed before a run begins: the session's rules, the workload, and what will go wrong.

use std::sync::Arc;
use std::time::Duration;

use kalshi_fix::dialect::parse_unsigned;
use kalshi_fix::session::{
    Acknowledgement, EarlyMessages, GapPolicy, Identity, Journal, JournalGate, Recovery, ResendCandidate,
    ResendPolicy, ResendVerdict, SessionSettings, SessionState,
};

use super::network::{Quality, Target};
use super::random::Random;
use super::store::Promise;
use super::{ACCEPTOR, INITIATOR, MILLI, Nanos, SECOND};

/// The kind of session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// Like KalshiRT: a journal, resends, numbers that outlive connections and crashes.
    Retransmitting,
    /// Like KalshiNR: every logon resets, and a gap ends the session.
    Plain,
}

/// One run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) profile: Profile,
    pub(super) promise: Promise,
    /// The size of a journal's files; `None` stands for the model of a store.
    pub(super) journal: Option<u64>,
    pub(super) gate: JournalGate,
    pub(super) settings: [SessionSettings; 2],
    pub(super) recovery: Recovery,
    pub(super) heart_bt_int: u32,
    /// Whether a side sends everything again that is asked for.
    pub(super) replays: [Replays; 2],
    pub(super) explicit: [bool; 2],
    /// Whether a new logon of the same peer takes the place of the old connection, or is refused.
    pub(super) takeover: bool,
    /// How many messages each side sends before the faults stop.
    pub(super) quota: [u64; 2],
    /// When the faults stop.
    pub(super) calm: Nanos,
    pub(super) pace: Nanos,
    pub(super) quality: Quality,
    pub(super) skew: [i64; 2],
    pub(super) inbox: usize,
    pub(super) faults: Vec<Planned>,
}

/// What a side sends again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replays {
    All,
    /// What has a ClOrdID (11) whose half is even: the last bit tells the side.
    Even,
    /// What was sent on the same connection.
    Connection,
    None,
}

impl Replays {
    /// Whether it sends this message again, on the connection that it was sent on or on a later one.
    pub(super) const fn replays(self, id: u64, same_connection: bool) -> bool {
        match self {
            Replays::All => true,
            Replays::Even => (id >> 1).is_multiple_of(2),
            Replays::Connection => same_connection,
            Replays::None => false,
        }
    }
}

/// A fault and when it strikes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    pub(super) trigger: Trigger,
    pub(super) side: usize,
    pub(super) fault: Fault,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Trigger {
    At(Nanos),
    /// So long after a session of that side has come into that state.
    Reached(SessionState, Nanos),
}

/// What goes wrong, on one side or on the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection breaks, and both sides see it.
    Cut,
    /// The connection breaks, and this side does not see it.
    HalfOpen,
    /// Nothing arrives for a while.
    Stall(Nanos),
    /// What arrives, arrives in small pieces.
    Split,
    /// What has arrived is read at once.
    Join,
    /// A byte is changed on the way.
    Corrupt,
    /// A frame vanishes on the way.
    Drop(Target),
    /// The process dies.
    Crash,
    /// The process dies at a store operation, so many from now.
    CrashAtStore(u64),
    /// The store takes this long for a while.
    SlowStore(Nanos),
    /// A store operation fails, so many from now.
    FailStore(u64),
    /// The application takes no events for a while.
    StallApplication(Nanos),
    /// The process does not run for a while.
    Freeze(Nanos),
    /// The wall clock jumps.
    Clock(i64),
    /// The application logs out.
    Logout,
    /// Somebody else logs on with the same names, a reset and a wrong signature.
    Impostor,
}

impl Fault {
    /// For tables.
    pub(super) const NAMES: [&'static str; 16] = [
        "cut",
        "half-open",
        "stall",
        "split",
        "join",
        "corrupt",
        "drop",
        "crash",
        "crash at store",
        "slow store",
        "failed store",
        "app stall",
        "freeze",
        "clock",
        "logout",
        "impostor",
    ];

    /// Whether it strikes when the store is used next.
    pub(super) const fn is_of_store(self) -> bool {
        matches!(
            self,
            Fault::CrashAtStore(_) | Fault::FailStore(_) | Fault::SlowStore(_)
        )
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Fault::Cut => 0,
            Fault::HalfOpen => 1,
            Fault::Stall(_) => 2,
            Fault::Split => 3,
            Fault::Join => 4,
            Fault::Corrupt => 5,
            Fault::Drop(_) => 6,
            Fault::Crash => 7,
            Fault::CrashAtStore(_) => 8,
            Fault::SlowStore(_) => 9,
            Fault::FailStore(_) => 10,
            Fault::StallApplication(_) => 11,
            Fault::Freeze(_) => 12,
            Fault::Clock(_) => 13,
            Fault::Logout => 14,
            Fault::Impostor => 15,
        }
    }
}

impl Plan {
    pub(super) fn draw(random: &mut Random) -> Self {
        let profile = if random.percent(75) {
            Profile::Retransmitting
        } else {
            Profile::Plain
        };
        let (promise, gate) = if random.percent(60) {
            (Promise::Committed, JournalGate::Stored)
        } else {
            (Promise::Given, JournalGate::HandedOut)
        };
        let journal = random.pick(&[None, Some(3 << 10), Some(20 << 10), Some(1 << 20)]);
        let retransmitting = profile == Profile::Retransmitting;
        let recovery = recovery(random);
        let next_expected = retransmitting && random.percent(15);
        let last_processed = random.percent(20);
        let heart_bt_int = random.between(4, 8) as u32;
        let explicit = [random.percent(50), random.percent(50)].map(|explicit| explicit && retransmitting);
        let mut replays = [Replays::All; 2];
        if random.percent(25) {
            replays[random.side()] = random.pick(&[Replays::Even, Replays::None, Replays::Connection]);
        }
        let max_events = random.pick(&[8, 32, 1024]);
        let page = random.pick(&[300, 1 << 10, 64 << 10]);
        let pending = random.pick(&[4 << 10, 64 << 10, 4 << 20]);
        let settings = [INITIATOR, ACCEPTOR].map(|side| {
            let identity = if side == INITIATOR {
                Identity::initiator(CLIENT, VENUE_NAME)
            } else {
                Identity::acceptor(VENUE_NAME)
            };
            let mut settings = SessionSettings::kalshi_prediction(identity);
            if retransmitting {
                settings = settings.retransmitting();
                settings.gap_policy = GapPolicy::Resend(recovery);
                settings.journal = Journal::Keep(gate);
                settings.resend = policy(replays[side]);
                settings.resend_page = page;
                settings.next_expected = next_expected;
                // A message that is rejected as too old counts as received: nothing in these runs is delayed that long.
                settings.sending_time_window = Some(Duration::from_mins(5));
                if explicit[side] {
                    settings.acknowledgement = Acknowledgement::Explicit;
                }
            }
            settings.last_processed = last_processed;
            settings.max_events = max_events;
            settings.max_pending_transmit = pending;
            settings.max_frame = 64 << 10;
            settings
        });
        let calm = random.between(30, 90) * SECOND;
        let quality = quality(random);
        Plan {
            profile,
            promise,
            journal: journal.filter(|_| retransmitting),
            gate,
            settings,
            recovery,
            heart_bt_int,
            replays,
            explicit,
            takeover: random.percent(50),
            quota: [random.between(60, 220), random.between(60, 220)],
            calm,
            pace: random.pick(&[200 * MILLI, 600 * MILLI, 1500 * MILLI]),
            quality,
            skew: [0, 1].map(|_| random.below(6 * SECOND) as i64 - 3 * SECOND as i64),
            inbox: random.between(4, 64) as usize,
            faults: faults(random, profile, calm),
        }
    }
}

fn recovery(random: &mut Random) -> Recovery {
    let mut recovery = Recovery::default();
    recovery.early = if random.percent(15) {
        EarlyMessages::Drop
    } else {
        EarlyMessages::Keep {
            max_messages: random.pick(&[3, 40, 10_000]),
            max_bytes: random.pick(&[2 << 10, 4 << 20]),
        }
    };
    recovery.timeout = Duration::from_secs(random.between(5, 9));
    recovery.attempts = random.between(1, 3) as u32;
    recovery
}

fn policy(replays: Replays) -> ResendPolicy {
    match replays {
        Replays::All => ResendPolicy::Replay,
        Replays::None => ResendPolicy::HoldBack,
        Replays::Connection => ResendPolicy::ThisConnection,
        Replays::Even => ResendPolicy::PerMessage(Arc::new(|message: &ResendCandidate<'_>| {
            let id = kalshi_fix::dialect::fields(message.frame)
                .find(|field| field.tag == 11)
                .and_then(|field| parse_unsigned(field.value))
                .unwrap_or_default();
            if Replays::Even.replays(id, message.this_connection) {
                ResendVerdict::Replay
            } else {
                ResendVerdict::HoldBack
            }
        })),
    }
}

fn quality(random: &mut Random) -> Quality {
    Quality {
        latency: random.pick(&[MILLI / 2, 15 * MILLI, 120 * MILLI]),
        jitter: random.pick(&[0, MILLI, 80 * MILLI]),
        segment: random.pick(&[usize::MAX, usize::MAX, usize::MAX, 1500, 200]),
        joined: random.percent(70),
    }
}

fn faults(random: &mut Random, profile: Profile, calm: Nanos) -> Vec<Planned> {
    let mut faults = Vec::new();
    let retransmitting = profile == Profile::Retransmitting;
    for _ in 0..random.between(3, 14) {
        let duration = random.skewed(SECOND / 2, 25 * SECOND);
        let operations = random.skewed(0, 120);
        let target = random.pick(&[Target::Any, Target::Any, Target::ResendRequest, Target::PossDup]);
        let jump = random.below(4 * SECOND) as i64 - 2 * SECOND as i64;
        let fault = match random.below(if retransmitting { 22 } else { 17 }) {
            0 | 1 | 16 => Fault::Cut,
            2 => Fault::HalfOpen,
            3 => Fault::Stall(duration),
            4 => Fault::Split,
            5 => Fault::Join,
            6 => Fault::Corrupt,
            7 | 8 => Fault::Drop(target),
            9 | 10 => Fault::Crash,
            11 => Fault::StallApplication(duration),
            12 => Fault::Freeze(duration),
            13 => Fault::Clock(jump),
            14 => Fault::Logout,
            15 => Fault::Impostor,
            17 | 18 => Fault::CrashAtStore(operations),
            19 => Fault::SlowStore(random.skewed(MILLI, 8 * SECOND)),
            20 => Fault::FailStore(operations),
            _ => Fault::Drop(Target::Any),
        };
        let at_random = if fault.is_of_store() { 40 } else { 70 };
        let trigger = if random.percent(at_random) {
            Trigger::At(random.below(calm))
        } else {
            let state = random.pick(if fault.is_of_store() {
                &STORE_TRIGGERS[..]
            } else {
                &TRIGGERS[..]
            });
            Trigger::Reached(state, random.skewed(0, 300 * MILLI))
        };
        let side = random.side();
        faults.push(Planned { trigger, side, fault });
    }
    faults
}

/// The states that a session is in for a while, and that chance alone would hardly hit.
const TRIGGERS: [SessionState; 9] = [
    SessionState::Signing,
    SessionState::LogonSent,
    SessionState::AwaitingLogon,
    SessionState::Authenticating,
    SessionState::Established,
    SessionState::Established,
    SessionState::LogoutSent,
    SessionState::AwaitingDisconnect,
    SessionState::Failing,
];

/// Those in which a store is used; an acceptor seldom comes to the last one.
const STORE_TRIGGERS: [SessionState; 7] = [
    SessionState::LogonSent,
    SessionState::Established,
    SessionState::LogoutSent,
    SessionState::AwaitingDisconnect,
    SessionState::Failing,
    SessionState::Failing,
    SessionState::Failing,
];

pub(super) const CLIENT: &str = "key-1";
pub(super) const VENUE_NAME: &str = "KalshiRT";
