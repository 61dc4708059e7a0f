//! A disk in memory that fails when it is told to, and forgets what was not forced onto it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fix_dialect::Timestamp;

use super::disk::{Disk, DiskFile};
use super::{JournalSettings, JournalStore, StoreError};

/// A directory on a disk that is simulated, for tests of a [`JournalStore`] and of what stands upon it. Deterministic by
/// its seed.
///
/// Every operation on it has a number, from 0, at which a [`Fault`] can be set. [`kill`](SimulatedDisk::kill) and
/// [`cut_power`](SimulatedDisk::cut_power) end the process that has the journal open: whatever its store still does
/// fails, and reaches nothing. After that the journal can be opened anew.
///
/// What a loss of power leaves is chosen at random among what a disk may leave: any part of each file's unsynced bytes,
/// by sectors and in no order, with zeros in their place or cut at any byte; and any first part of the unsynced changes
/// of names. A clone is the same disk.
///
/// ```
/// use bytes::Bytes;
/// use kalshi_fix::dialect::Timestamp;
/// use kalshi_fix::store::{JournalSettings, SimulatedDisk, Store};
///
/// # fn main() -> Result<(), kalshi_fix::store::StoreError> {
/// let now = Timestamp::parse(b"20260817-16:00:00").unwrap();
/// let disk = SimulatedDisk::new(7);
/// let mut store = disk.open(JournalSettings::new("me"), now)?;
/// store.append(1, &Bytes::from_static(b"committed"))?;
/// store.commit(now)?;
/// store.append(2, &Bytes::from_static(b"not committed"))?;
/// disk.cut_power();
/// drop(store);
///
/// let store = disk.open(JournalSettings::new("me"), now)?;
/// assert_eq!(store.state().sequences.next_outgoing, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SimulatedDisk(Arc<Mutex<World>>);

/// What goes wrong at one operation of a [`SimulatedDisk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A write takes only a part of the bytes, and says so. Nothing else can do that: they go through.
    Short,
    /// The operation fails and does nothing.
    Fail,
    /// A write does a part and fails for want of room. Other operations fail and do nothing.
    Full,
    /// An `fsync` fails; what it was to force down is taken for written from then on, and is not. That is what systems
    /// do. Other operations fail and do nothing.
    LoseSync,
    /// The process dies before the operation; of a write, a part is done.
    Kill,
    /// The machine loses power before the operation; of a write, a part is done.
    CutPower,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 6] = [
        Fault::Short,
        Fault::Fail,
        Fault::Full,
        Fault::LoseSync,
        Fault::Kill,
        Fault::CutPower,
    ];
}

#[derive(Default)]
struct World {
    random: u64,
    /// Grows with every death of a process; a handle of an earlier life does nothing.
    life: u64,
    open: bool,
    operations: u64,
    faults: BTreeMap<u64, Fault>,
    files: BTreeMap<u64, FileState>,
    files_made: u64,
    names: BTreeMap<String, u64>,
    /// As they are on the disk.
    durable_names: BTreeMap<String, u64>,
    /// What happened to the names since.
    name_changes: Vec<NameChange>,
}

#[derive(Default)]
struct FileState {
    bytes: Vec<u8>,
    /// As they are on the disk.
    durable: Vec<u8>,
    /// From the first of the bytes that the system still has to write. What is before and differs is lost.
    dirty_from: Option<usize>,
}

enum NameChange {
    Set(String, u64),
    Rename(String, String),
    Remove(String),
}

impl SimulatedDisk {
    /// An empty directory.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        SimulatedDisk(Arc::new(Mutex::new(World {
            random: seed,
            ..World::default()
        })))
    }

    /// Opens the journal, or begins one, as [`JournalStore::open`] does.
    pub fn open(&self, settings: JournalSettings, now: Timestamp) -> Result<JournalStore, StoreError> {
        let mut world = self.world();
        if world.open {
            return Err(StoreError::Locked { file: place("lock") });
        }
        world.open = true;
        let life = world.life;
        drop(world);
        let handle = Handle {
            disk: self.clone(),
            life,
        };
        JournalStore::open_on(Box::new(handle), settings, now)
    }

    /// How many operations there have been.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// Sets what happens at an operation that is still to come.
    pub fn set_fault(&self, operation: u64, fault: Fault) {
        self.world().faults.insert(operation, fault);
    }

    /// Forgets the faults that have not happened yet.
    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// Ends the process that has the journal open. What it has written is there.
    pub fn kill(&self) {
        self.world().kill();
    }

    /// Ends the process that has the journal open, and the system with it: what was not forced onto the disk may be lost.
    pub fn cut_power(&self) {
        self.world().cut_power();
    }

    /// The names of all files.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        self.world().names.keys().cloned().collect()
    }

    /// What a file holds.
    ///
    /// # Panics
    ///
    /// If there is no such file.
    #[must_use]
    pub fn contents(&self, name: &str) -> Vec<u8> {
        let world = self.world();
        world.files[&world.names[name]].bytes.clone()
    }

    /// Makes a file hold something else, on the disk too; makes the file if there is none.
    pub fn set_contents(&self, name: &str, contents: &[u8]) {
        let mut world = self.world();
        let id = match world.names.get(name) {
            Some(id) => *id,
            None => world.new_file(),
        };
        let file = FileState {
            bytes: contents.to_vec(),
            durable: contents.to_vec(),
            dirty_from: None,
        };
        world.files.insert(id, file);
        world.names.insert(name.to_owned(), id);
        world.durable_names.insert(name.to_owned(), id);
    }

    /// Removes a file, on the disk too.
    pub fn remove_file(&self, name: &str) {
        let mut world = self.world();
        world.names.remove(name);
        world.durable_names.remove(name);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows which files there are, and no byte of them.
impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let world = self.world();
        formatter
            .debug_struct("SimulatedDisk")
            .field("files", &world.names.keys())
            .field("operations", &world.operations)
            .finish_non_exhaustive()
    }
}

impl World {
    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn random_up_to(&mut self, most: usize) -> usize {
        (self.random() % (most as u64 + 1)) as usize
    }

    fn coin(&mut self) -> bool {
        self.random() & 1 == 1
    }

    fn kill(&mut self) {
        self.life += 1;
        self.open = false;
    }

    fn cut_power(&mut self) {
        self.kill();
        let kept = self.random_up_to(self.name_changes.len());
        let changes: Vec<NameChange> = self.name_changes.drain(..).take(kept).collect();
        for change in changes {
            change.apply(&mut self.durable_names);
        }
        self.names = self.durable_names.clone();
        let mut files = std::mem::take(&mut self.files);
        for file in files.values_mut() {
            self.forget(file);
        }
        self.files = files;
    }

    /// What the power's loss leaves of a file.
    fn forget(&mut self, file: &mut FileState) {
        let mut left = file.durable.clone();
        if let Some(from) = file.dirty_from {
            // The length and the contents reach the disk independently.
            let (shorter, longer) = (left.len().min(file.bytes.len()), left.len().max(file.bytes.len()));
            let length = match self.random() % 4 {
                0 | 1 => file.bytes.len(),
                _ => shorter + self.random_up_to(longer - shorter),
            };
            left.resize(length, 0);
            let ordered = self.random().is_multiple_of(3);
            let piece = if self.random().is_multiple_of(4) {
                SECTOR
            } else {
                LINE
            };
            let mut start = from;
            while start < length.min(file.bytes.len()) {
                let end = (start / piece * piece + piece).min(length).min(file.bytes.len());
                if ordered || self.coin() {
                    left[start..end].copy_from_slice(&file.bytes[start..end]);
                }
                start = end;
            }
        }
        file.bytes.clone_from(&left);
        file.durable = left;
        file.dirty_from = None;
    }

    /// Counts an operation of a process; the fault that is set for it, if it does not end it.
    fn operation(&mut self, life: u64) -> io::Result<Option<Fault>> {
        if life != self.life {
            return Err(io::Error::other("the process was killed"));
        }
        let fault = self.faults.remove(&self.operations);
        self.operations += 1;
        Ok(fault)
    }

    /// An operation that is done or not done, and nothing between.
    fn whole_operation(&mut self, life: u64) -> io::Result<()> {
        match self.operation(life)? {
            None | Some(Fault::Short) => Ok(()),
            Some(fault) => Err(self.fail(fault)),
        }
    }

    fn fail(&mut self, fault: Fault) -> io::Error {
        match fault {
            Fault::Kill => self.kill(),
            Fault::CutPower => self.cut_power(),
            Fault::Full => return io::ErrorKind::StorageFull.into(),
            Fault::Short | Fault::Fail | Fault::LoseSync => {}
        }
        io::Error::other(format!("simulated: {fault:?}"))
    }

    fn change_names(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.name_changes.push(change);
    }

    fn new_file(&mut self) -> u64 {
        self.files_made += 1;
        self.files.insert(self.files_made, FileState::default());
        self.files_made
    }

    /// Gives up the files that have no name any more.
    fn sweep(&mut self) {
        let (names, durable) = (&self.names, &self.durable_names);
        let named = |id: &u64| names.values().chain(durable.values()).any(|named| named == id);
        self.files.retain(|id, _| named(id));
    }

    fn file(&mut self, id: u64) -> &mut FileState {
        self.files.entry(id).or_default()
    }
}

impl FileState {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        if self.bytes.len() < offset + bytes.len() {
            self.bytes.resize(offset + bytes.len(), 0);
        }
        self.bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
        self.dirty_from = Some(self.dirty_from.map_or(offset, |from| from.min(offset)));
    }

    fn sync(&mut self) {
        if let Some(from) = self.dirty_from.take() {
            let from = from.min(self.bytes.len());
            self.durable.resize(self.bytes.len(), 0);
            self.durable[from..].copy_from_slice(&self.bytes[from..]);
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            NameChange::Set(name, id) => {
                names.insert(name.clone(), *id);
            }
            NameChange::Rename(from, to) => {
                if let Some(id) = names.remove(from) {
                    names.insert(to.clone(), id);
                }
            }
            NameChange::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

/// What a process has of the directory.
struct Handle {
    disk: SimulatedDisk,
    life: u64,
}

impl Handle {
    fn file(&self, id: u64) -> Box<dyn DiskFile> {
        Box::new(FileHandle {
            disk: self.disk.clone(),
            life: self.life,
            id,
        })
    }
}

impl Disk for Handle {
    fn place(&self, name: &str) -> PathBuf {
        place(name)
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        let mut world = self.disk.world();
        world.whole_operation(self.life)?;
        Ok(world.names.keys().cloned().collect())
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.disk.world();
        world.whole_operation(self.life)?;
        let id = world.names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(self.file(id))
    }

    fn create(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.disk.world();
        world.whole_operation(self.life)?;
        let id = world.new_file();
        world.change_names(NameChange::Set(name.to_owned(), id));
        Ok(self.file(id))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.disk.world();
        world.whole_operation(self.life)?;
        world.change_names(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut world = self.disk.world();
        world.whole_operation(self.life)?;
        world.change_names(NameChange::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_directory(&mut self) -> io::Result<()> {
        let mut world = self.disk.world();
        world.whole_operation(self.life)?;
        world.name_changes.clear();
        world.durable_names = world.names.clone();
        world.sweep();
        Ok(())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut world = self.disk.world();
        if world.life == self.life {
            world.open = false;
        }
    }
}

struct FileHandle {
    disk: SimulatedDisk,
    life: u64,
    id: u64,
}

impl DiskFile for FileHandle {
    fn length(&mut self) -> io::Result<u64> {
        let mut world = self.disk.world();
        world.whole_operation(self.life)?;
        Ok(world.file(self.id).bytes.len() as u64)
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut world = self.disk.world();
        let fault = world.operation(self.life)?;
        let short = match fault {
            None => false,
            Some(Fault::Short) => true,
            Some(fault) => return Err(world.fail(fault)),
        };
        let bytes = &world.file(self.id).bytes;
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let mut length = rest.len().min(buffer.len());
        if short {
            length = length.div_ceil(2);
        }
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut world = self.disk.world();
        let fault = world.operation(self.life)?;
        let done = match fault {
            None => bytes.len(),
            Some(Fault::Short) => world.random_up_to(bytes.len().saturating_sub(1)).max(1),
            Some(Fault::Fail | Fault::LoseSync) => 0,
            Some(Fault::Full | Fault::Kill | Fault::CutPower) => world.random_up_to(bytes.len()),
        };
        world.file(self.id).write(offset as usize, &bytes[..done]);
        match fault {
            None | Some(Fault::Short) => Ok(done),
            Some(fault) => Err(world.fail(fault)),
        }
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        world.whole_operation(self.life)?;
        let file = world.file(self.id);
        let length = (length as usize).min(file.bytes.len());
        file.bytes.truncate(length);
        file.dirty_from = Some(file.dirty_from.map_or(length, |from| from.min(length)));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut world = self.disk.world();
        let fault = world.operation(self.life)?;
        match fault {
            None | Some(Fault::Short) => {
                world.file(self.id).sync();
                Ok(())
            }
            Some(fault) => {
                if fault == Fault::LoseSync {
                    world.file(self.id).dirty_from = None;
                }
                Err(world.fail(fault))
            }
        }
    }
}

fn place(name: &str) -> PathBuf {
    PathBuf::from("simulated").join(name)
}

/// What a disk writes whole, and what memory that keeps its contents does.
const SECTOR: usize = 512;
const LINE: usize = 64;
