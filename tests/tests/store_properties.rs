//! The journal against a plain model: arbitrary operations over several lives of a process, with any fault at any
//! operation on the disk.
//!
//! After each life the store must hold what it held after one of the operations that it was given: the last one that its
//! policy promises to keep, or a later one.

use kalshi_fix::dialect::Timestamp;
use kalshi_fix::store::conformance::{Model, Operation, check_equal};
use kalshi_fix::store::{Durability, Fault, JournalSettings, JournalStore, SimulatedDisk, Store};
use proptest::prelude::*;

/// What a process does, and how it ends.
#[derive(Debug, Clone)]
struct Life {
    steps: Vec<Step>,
    /// A fault at this operation on the disk, counted from the start of the life.
    fault: Option<(u64, Fault)>,
    end: End,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Close,
    Kill,
    CutPower,
}

/// An operation that fits wherever it comes: numbers are relative.
#[derive(Debug, Clone)]
enum Step {
    Append { gap: u64, length: usize, byte: u8 },
    SkipOutgoing(u64),
    SetNextIncoming(u64),
    Reset,
    Commit,
    Read { from: u64, max_bytes: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3_u64, prop_oneof![1..60_usize, 400..3000_usize], any::<u8>())
            .prop_map(|(gap, length, byte)| Step::Append { gap, length, byte }),
        2 => (0..3_u64).prop_map(Step::SkipOutgoing),
        3 => (1..50_u64).prop_map(Step::SetNextIncoming),
        1 => Just(Step::Reset),
        5 => Just(Step::Commit),
        2 => (0..20_u64, 0..4000_usize).prop_map(|(from, max_bytes)| Step::Read { from, max_bytes }),
    ]
}

fn life() -> impl Strategy<Value = Life> {
    let fault = (0..60_u64, proptest::sample::select(&Fault::ALL[..]));
    let end = prop_oneof![Just(End::Close), Just(End::Kill), Just(End::CutPower)];
    (
        proptest::collection::vec(step(), 0..40),
        proptest::option::weighted(0.7, fault),
        end,
    )
        .prop_map(|(steps, fault, end)| Life { steps, fault, end })
}

fn settings() -> impl Strategy<Value = JournalSettings> {
    let durability = prop_oneof![
        Just(Durability::EveryMessage),
        Just(Durability::EVERY_COMMIT),
        Just(Durability::OperatingSystem),
    ];
    let segment = prop_oneof![Just(1_u64), Just(2000), Just(1 << 20)];
    (durability, segment).prop_map(|(durability, max_segment_bytes)| {
        let mut settings = JournalSettings::new("us to them");
        settings.durability = durability;
        settings.max_segment_bytes = max_segment_bytes;
        settings
    })
}

/// What the store held after each operation since the last that is certain to be kept.
struct Possible {
    settings: JournalSettings,
    states: Vec<Model>,
    /// Up to here, from the front, what comes later is kept even without power: the rest only if the process is killed.
    forced: usize,
    written: usize,
}

impl Possible {
    /// An empty journal, just begun.
    fn new(settings: &JournalSettings, store: &JournalStore) -> Possible {
        Possible {
            settings: settings.clone(),
            states: vec![Model::new(store.state().began)],
            forced: 0,
            written: 0,
        }
    }

    fn latest(&self) -> &Model {
        self.states.last().expect("there is always one")
    }

    /// An operation was given; it may be kept from now on, and must not be lost if it is `done` and the policy says so.
    fn give(&mut self, operation: &Operation, done: bool) {
        let mut next = self.latest().clone();
        assert!(next.apply(operation), "{operation:?}");
        self.states.push(next);
        let last = self.states.len() - 1;
        if !done {
            return;
        }
        match (operation, self.settings.durability) {
            (Operation::Reset(_), _)
            | (Operation::Append(..) | Operation::SetNextOutgoing(_), Durability::EveryMessage) => {
                self.forced = last;
            }
            (Operation::Commit(_), Durability::OperatingSystem) => self.written = last,
            (Operation::Commit(_), _) => self.forced = last,
            _ => {}
        }
        self.written = self.written.max(self.forced);
    }

    /// What was found after a life: it must be possible.
    fn settle(&mut self, store: &mut JournalStore, power_was_cut: bool) {
        let from = if power_was_cut { self.forced } else { self.written };
        let state = store.state();
        let found = self.states[from..]
            .iter()
            .position(|model| model.state() == state);
        // Later operations that change nothing in the state (a commit) leave the same messages.
        let Some(place) = found else {
            panic!(
                "found {state:?}, possible were {:?}",
                self.states[from..].iter().map(Model::state).collect::<Vec<_>>()
            );
        };
        let model = self.states[from + place].clone();
        check_equal(store, &model, "after a life");
        self.states = vec![model];
        (self.forced, self.written) = (0, 0);
    }
}

/// What a test's run met, so that a test can require it.
#[derive(Default, Debug)]
struct Met {
    torn: usize,
    failed: usize,
}

fn run(settings: &JournalSettings, seed: u64, lives: &[Life], met: &mut Met) {
    let disk = SimulatedDisk::new(seed);
    let mut second = 0;
    let mut now = || {
        second += 1;
        Timestamp::from_unix_nanos(1_786_982_400_000_000_000 + second * 1_000_000_000)
    };
    let mut possible: Option<Possible> = None;
    for life in lives {
        let mut power_was_cut = false;
        if let Some((operation, fault)) = life.fault {
            disk.set_fault(disk.operations() + operation, fault);
            power_was_cut |= fault == Fault::CutPower;
        }
        if let Ok(mut store) = disk.open(settings.clone(), now()) {
            met.torn += usize::from(store.recovery().torn.is_some());
            let possible = possible.get_or_insert_with(|| Possible::new(settings, &store));
            // No more than this, since reading could meet the fault.
            assert_eq!(store.state(), possible.latest().state());
            for step in &life.steps {
                if !take(step, &mut store, possible, &mut now) {
                    met.failed += 1;
                    break;
                }
            }
            match life.end {
                End::Close => {
                    if store.close().is_ok() {
                        possible.forced = possible.states.len() - 1;
                        possible.written = possible.forced;
                    }
                }
                End::Kill => {
                    disk.kill();
                    drop(store);
                }
                End::CutPower => {
                    disk.cut_power();
                    power_was_cut = true;
                    drop(store);
                }
            }
        }
        disk.clear_faults();
        // Nothing goes wrong on the way up now, so that what is lost was lost before.
        let mut store = disk
            .open(settings.clone(), now())
            .unwrap_or_else(|error| panic!("cannot be opened: {error}"));
        met.torn += usize::from(store.recovery().torn.is_some());
        let possible = possible.get_or_insert_with(|| Possible::new(settings, &store));
        possible.settle(&mut store, power_was_cut);
        // What was found once stays, whether or not the life before had forced it onto the disk.
        disk.cut_power();
        drop(store);
        let mut store = disk
            .open(settings.clone(), now())
            .expect("it could be opened before");
        possible.settle(&mut store, true);
    }
}

/// Does a step; `false` if the store failed.
fn take(
    step: &Step,
    store: &mut JournalStore,
    possible: &mut Possible,
    now: &mut dyn FnMut() -> Timestamp,
) -> bool {
    let next = possible.latest().sequences.next_outgoing;
    let operation = match step {
        Step::Append { gap, length, byte } => {
            let frame: Vec<u8> = (0..*length).map(|place| byte.wrapping_add(place as u8)).collect();
            Operation::Append(next + gap, frame.into())
        }
        Step::SkipOutgoing(gap) => Operation::SetNextOutgoing(next + gap),
        Step::SetNextIncoming(next) => Operation::SetNextIncoming(*next),
        Step::Reset => Operation::Reset(now()),
        Step::Commit => Operation::Commit(now()),
        Step::Read { from, max_bytes } => {
            let mut found = Vec::new();
            let Ok(page) = store.read(*from, u64::MAX, *max_bytes, &mut found) else {
                return false;
            };
            let expected = possible.latest().read(*from, u64::MAX);
            assert_eq!(&found[..], &expected[..found.len()]);
            assert_eq!(
                page.next,
                expected.get(found.len()).map(|(sequence, _)| *sequence)
            );
            return true;
        }
    };
    let done = operation.apply(store).is_ok();
    possible.give(&operation, done);
    done
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_promised_is_kept(
        settings in settings(),
        seed in any::<u64>(),
        lives in proptest::collection::vec(life(), 1..5),
    ) {
        run(&settings, seed, &lives, &mut Met::default());
    }
}

/// One session's life, with every fault at every operation on the disk: none is left to chance.
#[test]
fn every_fault_at_every_operation() {
    let append = |length| Step::Append {
        gap: 0,
        length,
        byte: 7,
    };
    let steps = vec![
        append(100),
        Step::SetNextIncoming(2),
        Step::Commit,
        append(700),
        append(2000),
        Step::Commit,
        Step::Read {
            from: 1,
            max_bytes: 500,
        },
        append(30),
        Step::Commit,
        Step::Reset,
        append(40),
        Step::Commit,
        append(50),
        Step::SkipOutgoing(2),
        Step::Commit,
    ];
    let mut met = Met::default();
    for durability in [
        Durability::EveryMessage,
        Durability::EVERY_COMMIT,
        Durability::OperatingSystem,
    ] {
        for max_segment_bytes in [500, 1 << 20] {
            let mut settings = JournalSettings::new("us to them");
            settings.durability = durability;
            settings.max_segment_bytes = max_segment_bytes;
            for fault in Fault::ALL {
                for operation in 0..100 {
                    for (seed, end) in [End::Close, End::Kill, End::CutPower].into_iter().enumerate() {
                        let life = |fault| Life {
                            steps: steps.clone(),
                            fault,
                            end,
                        };
                        let lives = [life(None), life(Some((operation, fault))), life(None)];
                        run(&settings, operation * 3 + seed as u64, &lives, &mut met);
                    }
                }
            }
        }
    }
    assert!(met.torn > 100 && met.failed > 1000, "{met:?}");
}
