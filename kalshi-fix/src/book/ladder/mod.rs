//! One side of a book: sizes by price, best price first.

mod chunk;

use std::fmt;

use chunk::{CAPACITY, Chunk};

/// Sizes by key, in order. The highest key is the best, so that offers are kept by their negated price.
///
/// Sorted chunks of at most 64 levels behind a sorted directory: a level is found by two short binary searches and
/// makes way for another by moving at most a chunk, however many levels there are. A plain sorted vector is as good with
/// a hundred levels and moves 80 kB for each with ten thousand; a dense array for each tick takes 160 kB for a book of
/// ten levels and ends at one dollar. Most changes are near the best price, in the last chunk, which is looked at first.
///
/// Chunks that become empty are kept for later: where as many levels come as go, nothing is allocated.
#[derive(Clone, Default)]
pub(super) struct Ladder {
    /// In ascending order of keys. Each holds what lies from its separator to the next one's, and none is empty.
    directory: Vec<Entry>,
    chunks: Vec<Chunk>,
    /// Those of `chunks` that the directory does not name.
    spare: Vec<u32>,
    length: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    /// No key of the chunk is lower, and none of those before is as high. The first one's is never looked at.
    separator: i64,
    chunk: u32,
}

impl Ladder {
    /// How many levels there are.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The highest key and its size, in constant time.
    #[inline]
    pub(super) fn best(&self) -> Option<(i64, i64)> {
        let last = self.directory.last()?;
        self.chunks[last.chunk as usize].last()
    }

    /// The size at a key.
    #[inline]
    pub(super) fn get(&self, key: i64) -> Option<i64> {
        let entry = self.directory.get(self.place(key))?;
        self.chunks[entry.chunk as usize].get(key)
    }

    /// Puts a size at a key, and returns the one that was there.
    #[inline]
    pub(super) fn set(&mut self, key: i64, size: i64) -> Option<i64> {
        let at = self.place(key);
        let Some(entry) = self.directory.get(at) else {
            self.begin(key, size);
            return None;
        };
        let chunk = &mut self.chunks[entry.chunk as usize];
        match chunk.position(key) {
            Ok(found) => return Some(chunk.replace(found, size)),
            Err(between) if !chunk.is_full() => chunk.insert(between, key, size),
            Err(between) => self.insert_into_full(at, between, key, size),
        }
        self.length += 1;
        None
    }

    /// Takes a key out, and returns the size that was there.
    #[inline]
    pub(super) fn remove(&mut self, key: i64) -> Option<i64> {
        let at = self.place(key);
        let entry = self.directory.get(at)?;
        let chunk = &mut self.chunks[entry.chunk as usize];
        let found = chunk.position(key).ok()?;
        let size = chunk.remove(found);
        self.length -= 1;
        if chunk.len() <= SPARSE {
            self.settle(at);
        }
        Some(size)
    }

    /// Takes everything out. The room is kept.
    pub(super) fn clear(&mut self) {
        self.spare
            .extend(self.directory.drain(..).map(|entry| entry.chunk));
        for chunk in &mut self.chunks {
            chunk.clear();
        }
        self.length = 0;
    }

    /// Keys and sizes, the best first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (i64, i64)> + Clone + '_ {
        let chunks = self.directory.iter().rev();
        chunks.flat_map(|entry| self.chunks[entry.chunk as usize].iter().rev())
    }

    /// Where in the directory a key belongs; 0 where there is nothing.
    #[inline]
    fn place(&self, key: i64) -> usize {
        match self.directory.as_slice() {
            [] | [_] => 0,
            [.., last] if last.separator <= key => self.directory.len() - 1,
            [_, others @ ..] => others.partition_point(|entry| entry.separator <= key),
        }
    }

    #[cold]
    fn begin(&mut self, key: i64, size: i64) {
        let chunk = self.new_chunk();
        self.chunks[chunk as usize].insert(0, key, size);
        self.directory.push(Entry {
            separator: key,
            chunk,
        });
        self.length += 1;
    }

    /// Puts a key into a chunk that has no room: beside it where the key is beyond all others, so that a snapshot in
    /// order leaves full chunks behind, and otherwise into one of its halves.
    #[cold]
    fn insert_into_full(&mut self, at: usize, between: usize, key: i64, size: i64) {
        let full = self.directory[at].chunk as usize;
        let new = self.new_chunk();
        let fresh = &mut self.chunks[new as usize];
        if between == CAPACITY && at + 1 == self.directory.len() {
            fresh.insert(0, key, size);
            self.directory.push(Entry {
                separator: key,
                chunk: new,
            });
            return;
        }
        if between == 0 && at == 0 {
            fresh.insert(0, key, size);
            let first = self.chunks[full].first_key();
            self.directory[0].separator = first;
            self.directory.insert(
                0,
                Entry {
                    separator: key,
                    chunk: new,
                },
            );
            return;
        }
        let (lower, upper) = two(&mut self.chunks, full, new as usize);
        lower.split_into(upper);
        let separator = upper.first_key();
        if between <= lower.len() {
            lower.insert(between, key, size);
        } else {
            upper.insert(between - lower.len(), key, size);
        }
        self.directory.insert(
            at + 1,
            Entry {
                separator,
                chunk: new,
            },
        );
    }

    /// Sees to a chunk of few levels: none is left empty, and two that fit into one with room to spare become one.
    fn settle(&mut self, at: usize) {
        let length = |at: usize| Some(self.chunks[self.directory.get(at)?.chunk as usize].len());
        if length(at) == Some(0) {
            let entry = self.directory.remove(at);
            self.spare.push(entry.chunk);
            return;
        }
        let fits = |lower: usize| {
            length(lower)
                .zip(length(lower + 1))
                .is_some_and(|(lower, upper)| lower + upper <= MERGED)
        };
        let lower = match at.checked_sub(1) {
            Some(before) if fits(before) => before,
            _ if fits(at) => at,
            _ => return,
        };
        let upper = self.directory.remove(lower + 1).chunk;
        let (into, from) = two(
            &mut self.chunks,
            self.directory[lower].chunk as usize,
            upper as usize,
        );
        into.append(from);
        self.spare.push(upper);
    }

    fn new_chunk(&mut self) -> u32 {
        self.spare.pop().unwrap_or_else(|| {
            self.chunks.push(Chunk::default());
            // So that it can be put aside, or used, without an allocation.
            self.spare.reserve(self.chunks.len());
            self.directory.reserve(self.chunks.len() - self.directory.len());
            (self.chunks.len() - 1) as u32
        })
    }
}

impl fmt::Debug for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

fn two(chunks: &mut [Chunk], one: usize, other: usize) -> (&mut Chunk, &mut Chunk) {
    match chunks.get_disjoint_mut([one, other]) {
        Ok([one, other]) => (one, other),
        Err(_) => unreachable!("the directory names each chunk once"),
    }
}

/// A chunk with this many levels or fewer is joined with one beside it, if both then have at most [`MERGED`].
const SPARSE: usize = CAPACITY / 4;
/// Leaves room, so that a level that comes and goes does not split and join chunks each time.
const MERGED: usize = CAPACITY / 4 * 3;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    impl Ladder {
        /// What the types do not say.
        fn assert_sound(&self) {
            let mut named: Vec<u32> = self.directory.iter().map(|entry| entry.chunk).collect();
            named.extend(&self.spare);
            named.sort_unstable();
            assert!(named.iter().copied().eq(0..self.chunks.len() as u32), "{named:?}");
            for (at, entry) in self.directory.iter().enumerate() {
                let chunk = &self.chunks[entry.chunk as usize];
                assert!(chunk.len() > 0);
                let keys: Vec<i64> = chunk.iter().map(|(key, _)| key).collect();
                assert!(keys.is_sorted_by(|one, other| one < other));
                assert!(at == 0 || entry.separator <= keys[0]);
                if let Some(next) = self.directory.get(at + 1) {
                    assert!(*keys.last().unwrap() < next.separator);
                }
            }
            assert_eq!(self.iter().count(), self.length);
            // No sparse chunk stands beside another: what is used stays in proportion to what is kept.
            assert!(self.directory.len() <= 1 + 2 * self.length / SPARSE);
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Change {
        Set(i64, i64),
        Remove(i64),
        Clear,
    }

    /// Changes that follow from a number.
    fn changes(seed: i64, keys: i64) -> Vec<Change> {
        let mut state = seed;
        let mut below = |bound: i64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33 & i64::MAX >> 33) % bound
        };
        let length = below(1500);
        let change = |_| match below(901) {
            0 => Change::Clear,
            1..=500 => Change::Set(below(keys), 1 + below(1000)),
            _ => Change::Remove(below(keys)),
        };
        (0..length).map(change).collect()
    }

    fn check(changes: &[Change]) {
        let (mut ladder, mut model) = (Ladder::default(), BTreeMap::new());
        for change in changes {
            match *change {
                Change::Set(key, size) => assert_eq!(ladder.set(key, size), model.insert(key, size)),
                Change::Remove(key) => assert_eq!(ladder.remove(key), model.remove(&key)),
                Change::Clear => {
                    ladder.clear();
                    model.clear();
                }
            }
            assert_eq!(
                ladder.best(),
                model.last_key_value().map(|(key, size)| (*key, *size))
            );
            assert_eq!(ladder.len(), model.len());
        }
        ladder.assert_sound();
        assert!(
            ladder
                .iter()
                .eq(model.iter().rev().map(|(key, size)| (*key, *size)))
        );
        assert!(
            ladder
                .iter()
                .rev()
                .eq(model.iter().map(|(key, size)| (*key, *size)))
        );
        for key in -1..=1000 {
            assert_eq!(ladder.get(key), model.get(&key).copied());
        }
    }

    #[test]
    fn it_does_what_a_map_does() {
        for seed in 0..60 {
            check(&changes(seed, 40));
            check(&changes(seed, 1000));
        }
    }

    #[test]
    fn runs_in_both_directions() {
        let up: Vec<Change> = (0..1000).map(|key| Change::Set(key, 1)).collect();
        let down: Vec<Change> = (0..1000).rev().map(|key| Change::Set(key, 1)).collect();
        for filled in [&up, &down] {
            check(filled);
            for removed in [&up, &down] {
                let removed = removed.iter().map(|change| match *change {
                    Change::Set(key, _) => Change::Remove(key),
                    other => other,
                });
                let changes: Vec<Change> = filled.iter().copied().chain(removed).collect();
                check(&changes);
                check(&changes[..1990]);
            }
        }
        let mut ladder = Ladder::default();
        (0..1024).for_each(|key| assert_eq!(ladder.set(key, 1), None));
        assert_eq!(ladder.directory.len(), 1024 / CAPACITY, "chunks are left full");
    }

    #[test]
    fn the_ends_of_the_range() {
        let mut ladder = Ladder::default();
        for key in [i64::MIN, i64::MAX, 0] {
            assert_eq!(ladder.set(key, 7), None);
        }
        (1..200).for_each(|key| assert_eq!(ladder.set(key, 1), None));
        assert_eq!(ladder.best(), Some((i64::MAX, 7)));
        assert_eq!(ladder.remove(i64::MAX), Some(7));
        assert_eq!(ladder.best(), Some((199, 1)));
        assert_eq!(ladder.remove(i64::MIN), Some(7));
        assert_eq!(ladder.remove(i64::MIN), None);
        ladder.assert_sound();
    }
}
