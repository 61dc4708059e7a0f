//! Up to 64 levels in order, in one place.

/// Levels in ascending order of keys. Keys and sizes are apart, so that a search reads nothing but keys.
#[derive(Clone)]
pub(super) struct Chunk {
    length: usize,
    keys: [i64; CAPACITY],
    sizes: [i64; CAPACITY],
}

impl Chunk {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn is_full(&self) -> bool {
        self.length == CAPACITY
    }

    #[inline]
    pub(super) fn last(&self) -> Option<(i64, i64)> {
        let last = self.length.checked_sub(1)?;
        Some((*self.keys.get(last)?, *self.sizes.get(last)?))
    }

    pub(super) fn first_key(&self) -> i64 {
        self.keys[0]
    }

    /// Where a key is, or where it would have to be.
    #[inline]
    pub(super) fn position(&self, key: i64) -> Result<usize, usize> {
        self.keys[..self.length].binary_search(&key)
    }

    #[inline]
    pub(super) fn get(&self, key: i64) -> Option<i64> {
        self.position(key).ok().map(|at| self.sizes[at])
    }

    #[inline]
    pub(super) fn replace(&mut self, at: usize, size: i64) -> i64 {
        std::mem::replace(&mut self.sizes[at], size)
    }

    /// The chunk must have room.
    #[inline]
    pub(super) fn insert(&mut self, at: usize, key: i64, size: i64) {
        self.keys.copy_within(at..self.length, at + 1);
        self.sizes.copy_within(at..self.length, at + 1);
        self.keys[at] = key;
        self.sizes[at] = size;
        self.length += 1;
    }

    #[inline]
    pub(super) fn remove(&mut self, at: usize) -> i64 {
        let size = self.sizes[at];
        self.keys.copy_within(at + 1..self.length, at);
        self.sizes.copy_within(at + 1..self.length, at);
        self.length -= 1;
        size
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Moves the upper half into an empty chunk.
    pub(super) fn split_into(&mut self, upper: &mut Chunk) {
        let half = self.length / 2;
        let moved = self.length - half;
        upper.keys[..moved].copy_from_slice(&self.keys[half..self.length]);
        upper.sizes[..moved].copy_from_slice(&self.sizes[half..self.length]);
        upper.length = moved;
        self.length = half;
    }

    /// Moves all of a chunk with higher keys to the end of this one, which must have room.
    pub(super) fn append(&mut self, from: &mut Chunk) {
        let length = self.length + from.length;
        self.keys[self.length..length].copy_from_slice(&from.keys[..from.length]);
        self.sizes[self.length..length].copy_from_slice(&from.sizes[..from.length]);
        self.length = length;
        from.length = 0;
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (i64, i64)> + Clone + '_ {
        let keys = self.keys[..self.length].iter().copied();
        keys.zip(self.sizes[..self.length].iter().copied())
    }
}

impl Default for Chunk {
    fn default() -> Chunk {
        Chunk {
            length: 0,
            keys: [0; CAPACITY],
            sizes: [0; CAPACITY],
        }
    }
}

/// Two such arrays of keys and sizes are 1 kB.
pub(super) const CAPACITY: usize = 64;
