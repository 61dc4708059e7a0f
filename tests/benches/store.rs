//! The journal against the bare file, and against an embedded store (feature `redb`), interleaved round by round in one
//! process, as a table.
//!
//! What a disk does differs from one minute to the next, so each ratio is the median of the ratios of the rounds. The
//! floor writes the same frames with `write_all`, and forces them down as often as the contenders of its block do.
//! Each block has so many messages in so many commits; reading is of all messages, in pages of 256 KiB.

#![expect(clippy::cast_precision_loss, reason = "durations of a benchmark")]

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kalshi_fix::dialect::Timestamp;
use kalshi_fix::store::{Durability, JournalSettings, JournalStore, MemoryStore, Store};

const ROUNDS: usize = 7;
/// About a NewOrderSingle with its header.
const FRAME: usize = 250;
const PAGE: usize = 256 << 10;

fn main() {
    let directory = std::env::temp_dir().join(format!("kalshi-fix-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let kept = |durability| -> Make { Box::new(move |path| Box::new(Journal::new(path, durability))) };
    let memory = || -> Make { Box::new(|_| Box::new(Memory(MemoryStore::new(now())))) };

    let mut left_to_system = vec![
        lane("write_all", Box::new(|path| Box::new(Floor::new(path, false)))),
        lane("memory", memory()),
        lane("journal", kept(Durability::OperatingSystem)),
    ];
    let mut synced = vec![
        lane("write_all", Box::new(|path| Box::new(Floor::new(path, true)))),
        lane("journal", kept(Durability::EVERY_COMMIT)),
    ];
    let mut each = vec![
        lane("write_all", Box::new(|path| Box::new(Floor::new(path, true)))),
        lane("journal", kept(Durability::EveryMessage)),
    ];
    #[cfg(feature = "redb")]
    {
        left_to_system.push(lane(
            "redb",
            Box::new(|path| Box::new(embedded::Redb::new(path, false))),
        ));
        synced.push(lane(
            "redb",
            Box::new(|path| Box::new(embedded::Redb::new(path, true))),
        ));
        each.push(lane(
            "redb",
            Box::new(|path| Box::new(embedded::Redb::new(path, true))),
        ));
    }
    block("left to the system", &directory, &mut left_to_system, 100_000, 64);
    block("fsync a commit", &directory, &mut synced, 100_000, 1000);
    block("fsync a message", &directory, &mut each, 500, 1);
    std::fs::remove_dir_all(&directory).expect("it can be removed");
}

/// What keeps messages.
trait Contender {
    fn append(&mut self, sequence: u64, frame: &Bytes);
    fn commit(&mut self);
    /// Reads everything, in order, and returns how many bytes of frames there were.
    fn read(&mut self, messages: u64) -> usize;
}

type Make = Box<dyn Fn(&Path) -> Box<dyn Contender>>;

struct Lane {
    name: &'static str,
    make: Make,
    appended: Vec<Duration>,
    read: Vec<Duration>,
}

fn lane(name: &'static str, make: Make) -> Lane {
    Lane {
        name,
        make,
        appended: Vec::new(),
        read: Vec::new(),
    }
}

fn block(title: &str, directory: &Path, lanes: &mut [Lane], messages: u64, batch: u64) {
    let frame = Bytes::from(vec![b'8'; FRAME]);
    for round in 0..=ROUNDS {
        for lane in &mut *lanes {
            let path = directory.join(lane.name);
            let mut contender = (lane.make)(&path);
            let start = Instant::now();
            for sequence in 1..=messages {
                contender.append(sequence, &frame);
                if sequence % batch == 0 {
                    contender.commit();
                }
            }
            contender.commit();
            let appended = start.elapsed();
            let start = Instant::now();
            let bytes = black_box(contender.read(messages));
            let read = start.elapsed();
            assert_eq!(bytes, messages as usize * FRAME, "{}", lane.name);
            drop(contender);
            remove(&path);
            // The first round is for warming up.
            if round > 0 {
                lane.appended.push(appended);
                lane.read.push(read);
            }
        }
    }
    println!("\n{title}: {messages} messages of {FRAME} bytes, {batch} a commit");
    println!(
        "{:<12} {:>12} {:>12} {:>10} {:>12} {:>10}",
        "", "append/s", "ns a message", "to floor", "read all", "to floor"
    );
    let floor = &lanes[0];
    for lane in lanes.iter() {
        let nanos = median(lane.appended.iter().map(|time| time.as_nanos() as f64)) / messages as f64;
        println!(
            "{:<12} {:>12.0} {:>12.0} {:>10.2} {:>9.1} ms {:>10.2}",
            lane.name,
            1e9 / nanos,
            nanos,
            ratio(&lane.appended, &floor.appended),
            median(lane.read.iter().map(|time| time.as_secs_f64() * 1e3)),
            ratio(&lane.read, &floor.read),
        );
    }
}

fn ratio(of: &[Duration], to: &[Duration]) -> f64 {
    median(
        of.iter()
            .zip(to)
            .map(|(of, to)| of.as_secs_f64() / to.as_secs_f64()),
    )
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn remove(path: &Path) {
    if path.is_dir() {
        std::fs::remove_dir_all(path).expect("a directory can be removed");
    } else if path.exists() {
        std::fs::remove_file(path).expect("a file can be removed");
    }
    // What the removal costs is not the next one's.
    if let Some(directory) = path.parent() {
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .expect("a disk");
    }
}

fn now() -> Timestamp {
    Timestamp::from_unix_nanos(1_786_982_400_000_000_000)
}

/// The same bytes in a file, and nothing else: gathered for each commit, as any store would.
struct Floor {
    path: PathBuf,
    file: File,
    pending: Vec<u8>,
    sync: bool,
}

impl Floor {
    fn new(path: &Path, sync: bool) -> Floor {
        Floor {
            path: path.to_owned(),
            file: File::create(path).expect("a file"),
            pending: Vec::new(),
            sync,
        }
    }
}

impl Contender for Floor {
    fn append(&mut self, _: u64, frame: &Bytes) {
        self.pending.extend_from_slice(frame);
    }

    fn commit(&mut self) {
        self.file.write_all(&self.pending).expect("room");
        self.pending.clear();
        if self.sync {
            self.file.sync_data().expect("a disk");
        }
    }

    fn read(&mut self, _: u64) -> usize {
        let mut file = File::open(&self.path).expect("the file");
        let mut page = vec![0; PAGE];
        let mut bytes = 0;
        loop {
            match file.read(black_box(&mut page)).expect("the contents") {
                0 => return bytes,
                read => bytes += read,
            }
        }
    }
}

fn read_pages(store: &mut dyn Store) -> usize {
    let mut bytes = 0;
    let mut next = Some(1);
    let mut found = Vec::new();
    while let Some(begin) = next {
        found.clear();
        next = store
            .read(begin, u64::MAX, PAGE, &mut found)
            .expect("a page")
            .next;
        bytes += found.iter().map(|(_, frame)| frame.len()).sum::<usize>();
    }
    bytes
}

struct Memory(MemoryStore);

impl Contender for Memory {
    fn append(&mut self, sequence: u64, frame: &Bytes) {
        self.0.append(sequence, frame).expect("room");
    }

    fn commit(&mut self) {
        self.0.commit(now()).expect("room");
    }

    fn read(&mut self, _: u64) -> usize {
        read_pages(&mut self.0)
    }
}

struct Journal(JournalStore);

impl Journal {
    fn new(path: &Path, durability: Durability) -> Journal {
        let mut settings = JournalSettings::new("us to them");
        settings.durability = durability;
        Journal(JournalStore::open(path, settings, now()).expect("a journal"))
    }
}

impl Contender for Journal {
    fn append(&mut self, sequence: u64, frame: &Bytes) {
        self.0.append(sequence, frame).expect("room");
    }

    fn commit(&mut self) {
        self.0.commit(now()).expect("a disk");
    }

    fn read(&mut self, _: u64) -> usize {
        read_pages(&mut self.0)
    }
}

/// A key-value store, as well as it can be used here: one transaction a commit, read by ranges.
#[cfg(feature = "redb")]
mod embedded {
    use std::path::Path;

    use bytes::Bytes;
    use redb::{Database, Durability, ReadableDatabase, TableDefinition};

    use super::{Contender, PAGE};

    const MESSAGES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("messages");

    pub(super) struct Redb {
        database: Database,
        pending: Vec<(u64, Bytes)>,
        durability: Durability,
    }

    impl Redb {
        pub(super) fn new(path: &Path, sync: bool) -> Redb {
            Redb {
                database: Database::create(path).expect("a database"),
                pending: Vec::new(),
                durability: if sync {
                    Durability::Immediate
                } else {
                    Durability::None
                },
            }
        }
    }

    impl Contender for Redb {
        fn append(&mut self, sequence: u64, frame: &Bytes) {
            self.pending.push((sequence, frame.clone()));
        }

        fn commit(&mut self) {
            let mut write = self.database.begin_write().expect("a transaction");
            write.set_durability(self.durability).expect("a durability");
            {
                let mut table = write.open_table(MESSAGES).expect("a table");
                for (sequence, frame) in self.pending.drain(..) {
                    table.insert(sequence, &*frame).expect("room");
                }
            }
            write.commit().expect("a disk");
        }

        fn read(&mut self, _: u64) -> usize {
            let read = self.database.begin_read().expect("a transaction");
            let table = read.open_table(MESSAGES).expect("a table");
            let mut bytes = 0;
            let mut next = Some(1);
            while let Some(begin) = next.take() {
                let mut page = Vec::new();
                let mut size = 0;
                for entry in table.range(begin..).expect("a range") {
                    let (sequence, frame) = entry.expect("an entry");
                    if size > 0 && size + frame.value().len() > PAGE {
                        next = Some(sequence.value());
                        break;
                    }
                    size += frame.value().len();
                    page.push((sequence.value(), Bytes::copy_from_slice(frame.value())));
                }
                bytes += size;
            }
            bytes
        }
    }
}
