//! Every byte of a small journal changed, and every file of it cut at every length: never a frame that was not
//! journalled, never a panic, and damage to what is whole is always told.

use bytes::Bytes;
use kalshi_fix::dialect::Timestamp;
use kalshi_fix::store::conformance::{Model, Operation, check_equal};
use kalshi_fix::store::{JournalSettings, JournalStore, SimulatedDisk, Store, StoreError};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_nanos(1_786_982_400_000_000_000 + seconds * 1_000_000_000)
}

fn settings() -> JournalSettings {
    let mut settings = JournalSettings::new("us to them");
    settings.max_segment_bytes = 250;
    settings
}

/// Some messages over several segments; and all states that the journal has had.
fn journal(disk: &SimulatedDisk) -> (JournalStore, Vec<Model>) {
    let mut store = disk.open(settings(), at(0)).unwrap();
    let mut model = Model::new(at(0));
    let mut states = vec![model.clone()];
    for sequence in 1..=9 {
        let frame = format!("8=FIXT.1.1\u{1}35=D\u{1}34={sequence}\u{1}");
        for operation in [
            Operation::Append(sequence, Bytes::from(frame)),
            Operation::SetNextIncoming(sequence * 2),
            Operation::Commit(at(sequence.cast_signed())),
        ] {
            operation.apply(&mut store).unwrap();
            assert!(model.apply(&operation));
            states.push(model.clone());
        }
    }
    assert!(disk.files().len() >= 3, "{:?}", disk.files());
    (store, states)
}

/// What opening a damaged journal led to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// An error that tells of damage, or of another version.
    Told,
    /// All of it.
    Whole,
    /// An earlier state, and the end that was cut off was told.
    Cut,
}

fn open(disk: &SimulatedDisk, states: &[Model], context: &str) -> Outcome {
    let mut store = match disk.open(settings(), at(100)) {
        Ok(store) => store,
        Err(StoreError::Corrupt { .. } | StoreError::Version { .. }) => return Outcome::Told,
        Err(error) => panic!("{context}: {error}"),
    };
    let state = store.state();
    let Some(place) = states.iter().rposition(|model| model.state() == state) else {
        panic!("{context}: a state that never was, {state:?}");
    };
    check_equal(&mut store, &states[place], context);
    // A journal that was cut goes on.
    let next = state.sequences.next_outgoing;
    store.append(next, &Bytes::from_static(b"next")).unwrap();
    store.commit(at(101)).unwrap();
    if place + 1 == states.len() {
        Outcome::Whole
    } else {
        Outcome::Cut
    }
}

/// After an orderly end every change of what was journalled is told.
#[test]
fn every_byte_changed_after_an_orderly_end() {
    let disk = SimulatedDisk::new(1);
    let (store, states) = journal(&disk);
    drop(store);
    let last = disk.files().pop().unwrap();
    let files: Vec<(String, Vec<u8>)> = disk
        .files()
        .into_iter()
        .map(|name| (name.clone(), disk.contents(&name)))
        .collect();
    let mut told = 0;
    for (name, contents) in files.iter().filter(|(name, _)| name.ends_with(".journal")) {
        for place in 0..contents.len() {
            for change in [1, 0x80, 0xff] {
                let disk = SimulatedDisk::new(1);
                for (name, contents) in &files {
                    disk.set_contents(name, contents);
                }
                let mut damaged = contents.clone();
                damaged[place] ^= change;
                disk.set_contents(name, &damaged);
                let context = format!("byte {place} of {} in {name}", contents.len());
                // The last record says that the rest is whole; without it nothing is lost.
                let expected = if *name == last && place >= contents.len() - 24 {
                    Outcome::Whole
                } else {
                    Outcome::Told
                };
                assert_eq!(open(&disk, &states, &context), expected, "{context}");
                told += 1;
            }
        }
    }
    assert!(told > 2500, "{told}");
}

/// A process that was killed leaves no last word. What records prove to have been on the disk is told when it is
/// damaged; the rest is the torn end.
#[test]
fn every_byte_changed_after_a_kill() {
    let disk = SimulatedDisk::new(1);
    let (store, states) = journal(&disk);
    disk.kill();
    drop(store);
    let last = disk.files().pop().unwrap();
    let contents = disk.contents(&last);
    let mut outcomes = Vec::new();
    for place in 0..contents.len() {
        let mut damaged = contents.clone();
        damaged[place] ^= 0x10;
        // The other files are those of the journal, as they were.
        let copy = SimulatedDisk::new(1);
        for name in disk.files() {
            copy.set_contents(&name, &disk.contents(&name));
        }
        copy.set_contents(&last, &damaged);
        outcomes.push(open(&copy, &states, &format!("byte {place} of {last}")));
    }
    let first_cut = outcomes
        .iter()
        .position(|outcome| *outcome == Outcome::Cut)
        .unwrap();
    assert!(
        outcomes[..first_cut]
            .iter()
            .all(|outcome| *outcome == Outcome::Told)
    );
    assert!(
        outcomes[first_cut..]
            .iter()
            .all(|outcome| *outcome == Outcome::Cut)
    );
    // The records of one commit: those behind the last fsync that a record tells of.
    assert_eq!(contents.len() - first_cut, LAST_COMMIT);
}

#[test]
fn every_file_cut_at_every_length() {
    let disk = SimulatedDisk::new(1);
    let (store, states) = journal(&disk);
    drop(store);
    let last = disk.files().pop().unwrap();
    for name in disk.files() {
        let contents = disk.contents(&name);
        for length in 0..contents.len() {
            let copy = SimulatedDisk::new(1);
            for name in disk.files() {
                copy.set_contents(&name, &disk.contents(&name));
            }
            copy.set_contents(&name, &contents[..length]);
            let context = format!("{name} cut at {length} of {}", contents.len());
            let outcome = open(&copy, &states, &context);
            let may_be_torn = name == last && length >= HEADER;
            assert_eq!(outcome == Outcome::Told, !may_be_torn, "{context}");
        }
    }
}

#[test]
fn every_file_removed() {
    let disk = SimulatedDisk::new(1);
    let (store, states) = journal(&disk);
    drop(store);
    let last = disk.files().pop().unwrap();
    for name in disk.files() {
        let copy = SimulatedDisk::new(1);
        for name in disk.files() {
            copy.set_contents(&name, &disk.contents(&name));
        }
        copy.remove_file(&name);
        // The last file is the only one that no other names: without it the journal ends where it began.
        let expected = if name == last { Outcome::Cut } else { Outcome::Told };
        assert_eq!(open(&copy, &states, &name), expected, "{name}");
    }
}

/// Damage that comes while the journal is open: what is read is verified, and the store goes on.
#[test]
fn every_byte_changed_while_it_is_open() {
    let disk = SimulatedDisk::new(1);
    let (mut store, states) = journal(&disk);
    let all = states.last().unwrap().read(0, u64::MAX);
    let mut told = 0;
    for name in disk.files() {
        let contents = disk.contents(&name);
        for place in 0..contents.len() {
            let mut damaged = contents.clone();
            damaged[place] ^= 0x10;
            disk.set_contents(&name, &damaged);
            let mut found = Vec::new();
            match store.read(0, u64::MAX, usize::MAX, &mut found) {
                Ok(_) => assert_eq!(found, all, "byte {place} of {name}"),
                Err(StoreError::Corrupt { file, .. }) => {
                    assert!(
                        file.ends_with(&name),
                        "byte {place} of {name}: {}",
                        file.display()
                    );
                    assert_eq!(found, all[..found.len()], "byte {place} of {name}");
                    told += 1;
                }
                Err(error) => panic!("byte {place} of {name}: {error}"),
            }
            disk.set_contents(&name, &contents);
        }
    }
    assert!(told > 400, "{told}");
    store.append(10, &Bytes::from_static(b"goes on")).unwrap();
    store.commit(at(50)).unwrap();
}

/// A frame that holds a record, byte for byte, is a frame.
#[test]
fn a_frame_that_looks_like_a_journal() {
    let disk = SimulatedDisk::new(1);
    drop(journal(&disk));
    let bait: Vec<u8> = disk.files().iter().flat_map(|name| disk.contents(name)).collect();
    let disk = SimulatedDisk::new(1);
    let mut store = disk.open(JournalSettings::new("us to them"), at(0)).unwrap();
    store.append(1, &Bytes::from_static(b"first")).unwrap();
    store.commit(at(1)).unwrap();
    store.append(2, &Bytes::from(bait.clone())).unwrap();
    store.append(3, &Bytes::from(bait)).unwrap();
    store.commit(at(2)).unwrap();
    disk.kill();
    drop(store);
    let name = disk.files().pop().unwrap();
    let mut contents = disk.contents(&name);
    // The head of message 2, which the record of message 3 does not prove to have been on the disk.
    let place = contents.windows(5).position(|window| window == b"first").unwrap() + 5;
    contents[place] ^= 1;
    disk.set_contents(&name, &contents);
    let store = disk.open(JournalSettings::new("us to them"), at(3)).unwrap();
    assert_eq!(store.state().sequences.next_outgoing, 2);
    assert_eq!(store.recovery().torn.as_ref().unwrap().offset, place as u64);
}

/// Of the session "us to them".
const HEADER: usize = 8 + 2 + 2 + 72 + 10 + 4;

/// Two heads and a frame of 21 bytes.
const LAST_COMMIT: usize = 24 + 21 + 24;
