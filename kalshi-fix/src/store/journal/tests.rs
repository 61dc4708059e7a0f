//! The journal on a simulated disk and on the system's: conformance, retention, locks, and whose it is.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::store::conformance::{self, Model, Subject, check_equal};
use crate::store::{Fault, SimulatedDisk};

const SECOND: i64 = 1_000_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(1_786_982_400 * SECOND + seconds * SECOND)
}

fn settings() -> JournalSettings {
    JournalSettings::new("us to them")
}

fn frame(length: usize) -> Bytes {
    Bytes::from(vec![b'x'; length])
}

/// Journals with these settings, each on a disk of its own.
struct Simulated(JournalSettings, Vec<SimulatedDisk>);

impl Subject for Simulated {
    type Store = JournalStore;

    fn session(&self) -> &'static str {
        "us to them"
    }

    fn fresh(&mut self, now: Timestamp) -> JournalStore {
        let disk = SimulatedDisk::new(1);
        self.1 = vec![disk.clone()];
        disk.open(self.0.clone(), now).unwrap()
    }

    fn reopen(&mut self, store: JournalStore, now: Timestamp) -> JournalStore {
        drop(store);
        let store = self.1[0].open(self.0.clone(), now).unwrap();
        assert!(store.recovery().closed_in_order);
        store
    }
}

#[test]
fn the_journal_conforms() {
    let policies = [
        Durability::EveryMessage,
        Durability::EVERY_COMMIT,
        Durability::Batched {
            interval: Duration::from_millis(5),
        },
        Durability::OperatingSystem,
    ];
    let sizes = [1, 1000].map(|size| (Durability::EVERY_COMMIT, size));
    for (durability, max_segment_bytes) in policies.map(|policy| (policy, 64 << 20)).into_iter().chain(sizes)
    {
        let mut settings = settings();
        settings.durability = durability;
        settings.max_segment_bytes = max_segment_bytes;
        conformance::check(&mut Simulated(settings, Vec::new()));
    }
}

/// A directory that goes when its owner does.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("kalshi-fix-journal-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Directory(path)
    }

    fn open(&self) -> Result<JournalStore, StoreError> {
        JournalStore::open(&self.0, settings(), at(0))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

struct System(Directory, u32);

impl Subject for System {
    type Store = JournalStore;

    fn session(&self) -> &'static str {
        "us to them"
    }

    fn fresh(&mut self, now: Timestamp) -> JournalStore {
        self.1 += 1;
        self.reopen_at(now)
    }

    fn reopen(&mut self, store: JournalStore, now: Timestamp) -> JournalStore {
        store.close().unwrap();
        self.reopen_at(now)
    }
}

impl System {
    fn reopen_at(&self, now: Timestamp) -> JournalStore {
        let mut settings = settings();
        settings.durability = Durability::OperatingSystem;
        settings.max_segment_bytes = 5000;
        JournalStore::open(self.0.0.join(self.1.to_string()), settings, now).unwrap()
    }
}

#[test]
fn the_journal_conforms_on_the_systems_disk() {
    conformance::check(&mut System(Directory::new("conformance"), 0));
}

#[test]
fn a_journal_is_open_once() {
    let directory = Directory::new("lock");
    let store = directory.open().unwrap();
    let error = directory.open().unwrap_err();
    assert!(
        matches!(&error, StoreError::Locked { file } if *file == directory.0.join("lock")),
        "{error}"
    );
    drop(store);
    directory.open().unwrap();
}

#[cfg(unix)]
#[test]
fn its_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new("permissions");
    let mut store = directory.open().unwrap();
    store.append(1, &frame(10)).unwrap();
    store.commit(at(1)).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory.0), 0o700);
    let mut files = 0;
    for entry in std::fs::read_dir(&directory.0).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 2);
}

#[test]
fn a_journal_is_in_a_directory_with_a_name() {
    let error = JournalStore::open("", settings(), at(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot open the journal in \"\": the path of a directory was expected; see to the disk, then open the store again"
    );
}

#[test]
fn a_journal_belongs_to_its_session() {
    let disk = SimulatedDisk::new(1);
    drop(disk.open(settings(), at(0)).unwrap());
    let error = disk.open(JournalSettings::new("others"), at(0)).unwrap_err();
    assert!(
        matches!(&error, StoreError::OtherSession { found, expected, .. } if found == "us to them" && expected == "others"),
        "{error}"
    );
    let error = disk
        .open(JournalSettings::new("x".repeat(65_536)), at(0))
        .unwrap_err();
    assert!(
        matches!(error, StoreError::SessionName { length: 65_536 }),
        "{error}"
    );
    disk.open(JournalSettings::new("us to them"), at(0)).unwrap();
}

#[test]
fn another_version_is_refused_by_name() {
    let disk = SimulatedDisk::new(1);
    drop(disk.open(settings(), at(0)).unwrap());
    let name = &disk.files()[0];
    let mut contents = disk.contents(name);
    contents[8] = 2;
    disk.set_contents(name, &contents);
    let error = disk.open(settings(), at(0)).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Version {
                found: 2,
                supported: 1,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        format!(
            "simulated/{name} has version 2 of the format, this program reads 1: use the version that wrote it, or move \
             the directory away and start anew (`Retransmission::start_anew`: a logon with ResetSeqNumFlag (141) = Y)"
        )
    );
}

#[test]
fn a_mistake_of_the_caller_costs_nothing() {
    let disk = SimulatedDisk::new(1);
    let mut store = disk.open(settings(), at(0)).unwrap();
    store.append(5, &frame(10)).unwrap();
    let error = store.append(5, &frame(10)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot journal message 5: at least 6 was expected, and less than 2^64 - 1"
    );
    assert!(!error.is_fatal());
    let error = store.append(6, &frame(crate::store::MAX_FRAME + 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot journal message 6 of 16777217 bytes: 1 to 16777216 were expected"
    );
    store.append(6, &frame(crate::store::MAX_FRAME)).unwrap();
    store.commit(at(1)).unwrap();
    drop(store);
    let mut store = disk.open(settings(), at(2)).unwrap();
    let mut found = Vec::new();
    assert_eq!(store.read(6, 6, 0, &mut found).unwrap(), Page::DONE);
    assert_eq!(found, [(6, frame(crate::store::MAX_FRAME))]);
}

/// Commits a message of 100 bytes at each second; how many are left, at least and at most, and after opening anew.
fn check_retention(retention: Retention, seconds: i64, left: std::ops::RangeInclusive<usize>) {
    let disk = SimulatedDisk::new(1);
    let mut settings = settings();
    settings.retention = retention;
    let mut store = disk.open(settings.clone(), at(0)).unwrap();
    for second in 1..=seconds {
        store.append(second as u64, &frame(100)).unwrap();
        store.commit(at(second)).unwrap();
        assert!(store.recovery.is_new);
    }
    for _ in 0..2 {
        let mut found = Vec::new();
        assert_eq!(
            store.read(0, u64::MAX, usize::MAX, &mut found).unwrap(),
            Page::DONE
        );
        let numbers: Vec<u64> = found.iter().map(|(sequence, _)| *sequence).collect();
        assert!(
            left.contains(&numbers.len()),
            "{retention:?} after {seconds}: {numbers:?}"
        );
        let first = seconds as u64 + 1 - numbers.len() as u64;
        assert_eq!(numbers, (first..=seconds as u64).collect::<Vec<u64>>());
        assert_eq!(store.state().first_message, Some(first));
        assert_eq!(store.state().dropped_through, first - 1);
        assert_eq!(store.state().sequences.next_outgoing, seconds as u64 + 1);
        let bytes: usize = disk.files().iter().map(|name| disk.contents(name).len()).sum();
        assert!(
            retention.max_bytes.is_none_or(|max| bytes as u64 <= max),
            "{bytes}"
        );
        drop(store);
        store = disk.open(settings.clone(), at(seconds)).unwrap();
    }
}

#[test]
fn retention_drops_whole_segments() {
    let everything = Retention::EVERYTHING;
    let messages = Retention {
        max_messages: Some(40),
        ..everything
    };
    let one = Retention {
        max_messages: Some(1),
        ..everything
    };
    let bytes = Retention {
        max_bytes: Some(10_000),
        ..everything
    };
    let age = Retention {
        max_age: Some(Duration::from_secs(40)),
        ..everything
    };
    check_retention(everything, 200, 200..=200);
    for seconds in 40..=205 {
        check_retention(messages, seconds, 30..=40);
    }
    check_retention(one, 5, 1..=1);
    check_retention(bytes, 60, 60..=60);
    for seconds in 80..=160 {
        check_retention(bytes, seconds, 55..=80);
    }
    check_retention(age, 40, 40..=40);
    for seconds in 53..=200 {
        check_retention(age, seconds, 40..=52);
    }
}

/// A session that is idle drops what is too old all the same, and makes no file at each commit.
#[test]
fn an_idle_journal_comes_to_rest() {
    for max_bytes in [None, Some(0)] {
        let disk = SimulatedDisk::new(1);
        let mut settings = settings();
        settings.retention = Retention {
            max_age: Some(Duration::from_secs(40)),
            max_bytes,
            ..Retention::EVERYTHING
        };
        let mut store = disk.open(settings, at(0)).unwrap();
        store.append(1, &frame(100)).unwrap();
        store.set_next_incoming(9).unwrap();
        for second in 1..100 {
            store.commit(at(second)).unwrap();
        }
        assert_eq!(store.state().first_message, None);
        assert_eq!(store.state().dropped_through, 1);
        let operations = disk.operations();
        for second in 100..1000 {
            store.commit(at(second)).unwrap();
        }
        assert_eq!(disk.operations(), operations);
        drop(store);
        assert!(disk.files().len() <= 2, "{:?}", disk.files());
    }
}

/// How many calls of fsync a hundred messages in ten commits, a second apart, take; and what the last commit asks for.
#[test]
fn a_policy_forces_what_it_promises() {
    let check = |durability, syncs: u64, again_in: Option<Duration>| {
        let disk = SimulatedDisk::new(1);
        let mut settings = settings();
        settings.durability = durability;
        let mut store = disk.open(settings, at(0)).unwrap();
        let before = disk.operations();
        let mut committed = Committed::default();
        for sequence in 1..=100 {
            store.append(sequence, &frame(100)).unwrap();
            store.set_next_incoming(sequence).unwrap();
            if sequence % 10 == 0 {
                committed = store.commit(at(sequence.cast_signed() / 10)).unwrap();
            }
        }
        let writes = if durability == Durability::EveryMessage {
            110
        } else {
            10
        };
        assert_eq!(disk.operations() - before, writes + syncs, "{durability:?}");
        assert_eq!(committed.again_in, again_in, "{durability:?}");
    };
    let interval = |seconds| Durability::Batched {
        interval: Duration::from_secs(seconds),
    };
    check(Durability::EveryMessage, 110, None);
    check(Durability::EVERY_COMMIT, 10, None);
    check(interval(1), 10, None);
    check(interval(4), 3, Some(Duration::from_secs(3)));
    check(interval(3), 4, None);
    check(Durability::OperatingSystem, 0, None);
}

/// After a failure nobody knows what the file holds: the store takes nothing more, and opening finds out.
#[test]
fn a_store_that_failed_takes_nothing_more() {
    for fault in [Fault::Fail, Fault::Full, Fault::LoseSync] {
        let disk = SimulatedDisk::new(3);
        let mut store = disk.open(settings(), at(0)).unwrap();
        store.append(1, &frame(100)).unwrap();
        store.commit(at(1)).unwrap();
        store.append(2, &frame(2000)).unwrap();
        disk.set_fault(disk.operations() + u64::from(fault == Fault::LoseSync), fault);
        let error = store.commit(at(2)).unwrap_err();
        assert!(
            matches!(error, StoreError::Io { .. }) && error.is_fatal(),
            "{error}"
        );
        let mut found = Vec::new();
        for result in [
            store.append(3, &frame(10)),
            store.set_next_outgoing(9),
            store.set_next_incoming(9),
            store.reset(at(3)),
            store.commit(at(3)).map(drop),
            store.read(1, 9, 100, &mut found).map(drop),
        ] {
            let error = result.unwrap_err();
            assert!(
                matches!(&error, StoreError::Unusable { cause } if cause.contains("simulated")),
                "{error}"
            );
        }
        drop(store);
        let store = disk.open(settings(), at(4)).unwrap();
        assert!(!store.recovery().closed_in_order);
        assert!([2, 3].contains(&store.state().sequences.next_outgoing));
        // What is there now stays, although the first fsync had failed.
        let mut model = Model::new(at(0));
        for sequence in 1..store.state().sequences.next_outgoing {
            let operation =
                conformance::Operation::Append(sequence, frame([100, 2000][sequence as usize - 1]));
            assert!(model.apply(&operation));
        }
        disk.cut_power();
        drop(store);
        check_equal(
            &mut disk.open(settings(), at(5)).unwrap(),
            &model,
            "after a failure",
        );
    }
}

#[test]
fn debug_shows_no_bytes() {
    let disk = SimulatedDisk::new(1);
    let mut store = disk.open(settings(), at(0)).unwrap();
    store.append(1, &Bytes::from_static(b"554=secret")).unwrap();
    store.commit(at(1)).unwrap();
    for shown in [format!("{store:?}"), format!("{disk:?}")] {
        assert!(
            !shown.contains("secret") && !shown.contains("115, 101"),
            "{shown}"
        );
    }
}
