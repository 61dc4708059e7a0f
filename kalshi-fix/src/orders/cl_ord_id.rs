//! Identifiers of requests.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use fix_dialect::Timestamp;

/// Makes values of `ClOrdID (11)` that are unique across all messages, sessions and restarts, without keeping anything.
///
/// The venue wants each used once, and prefers UUIDs: these are UUIDs of version 8 (RFC 9562), 36 characters, made of
///
/// - 48 bits: the time at which the generator was made, in milliseconds since 1970;
/// - 34 bits: what the caller gave as `entropy`;
/// - 40 bits: a counter, which carries over into the time.
///
/// Two generators can only make the same id if they were made in the same millisecond with the same 34 bits (or one runs
/// past 2^40 ids, a thousand billion, and so into a later millisecond of another one with the same bits). Give each
/// process, or each thread that makes a generator of its own, either a number of its own, and they never collide while
/// the clock does not go back, or random bits: then two that are made in the same millisecond, or after the clock went
/// back to the same one, collide with a probability of 1 in 17 billion (2^34). Within a generator ids never repeat. They
/// sort in the order in which they were made.
///
/// ```
/// use kalshi_fix::dialect::Timestamp;
/// use kalshi_fix::orders::ClOrdIdGenerator;
///
/// let now = Timestamp::parse(b"20260817-16:00:00.123").expect("a time");
/// let ids = ClOrdIdGenerator::new(now, 7);
/// assert_eq!(ids.next_id().as_str(), "01a01073-807b-8000-8000-070000000000");
/// assert_eq!(ids.next_id().as_str(), "01a01073-807b-8000-8000-070000000001");
/// ```
#[derive(Debug)]
pub struct ClOrdIdGenerator {
    milliseconds: u64,
    entropy: u64,
    next: AtomicU64,
}

impl ClOrdIdGenerator {
    /// A generator that is made now (UTC), with the low 34 bits of `entropy`.
    #[must_use]
    pub fn new(now: Timestamp, entropy: u64) -> ClOrdIdGenerator {
        let milliseconds = now.unix_nanos().div_euclid(1_000_000);
        ClOrdIdGenerator {
            // Before 1970 there was no venue; a clock that says so gives bits like any other.
            milliseconds: milliseconds.cast_unsigned(),
            entropy: entropy & mask(ENTROPY_BITS),
            next: AtomicU64::new(0),
        }
    }

    /// The next id. Threads may share the generator.
    pub fn next_id(&self) -> ClOrdId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let milliseconds = self.milliseconds.wrapping_add(count >> COUNTER_BITS) & mask(48);
        let counter = count & mask(COUNTER_BITS);
        // 12 bits of the entropy stand between version and variant, 22 behind the variant, then the counter.
        let high = milliseconds << 16 | 0x8000 | self.entropy >> 22;
        let low = 0b10 << 62 | (self.entropy & mask(22)) << 40 | counter;
        ClOrdId::new(u128::from(high) << 64 | u128::from(low))
    }
}

/// A `ClOrdID (11)`: a UUID in its usual form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClOrdId([u8; LENGTH]);

impl ClOrdId {
    fn new(bits: u128) -> ClOrdId {
        let mut text = [b'-'; LENGTH];
        let mut left = bits;
        for (at, byte) in text.iter_mut().enumerate().rev() {
            if !matches!(at, 8 | 13 | 18 | 23) {
                *byte = HEXADECIMAL[(left & 0xf) as usize];
                left >>= 4;
            }
        }
        ClOrdId(text)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Digits and hyphens; the other arm is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl AsRef<str> for ClOrdId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ClOrdId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ClOrdId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClOrdId({self})")
    }
}

impl From<ClOrdId> for String {
    fn from(id: ClOrdId) -> String {
        id.as_str().to_owned()
    }
}

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

const LENGTH: usize = 36;
const ENTROPY_BITS: u32 = 34;
const COUNTER_BITS: u32 = 40;
const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text.as_bytes()).expect("a time")
    }

    #[test]
    fn ids_are_uuids_that_sort_as_they_were_made() {
        let ids = ClOrdIdGenerator::new(at("20260817-16:00:00.123"), u64::MAX);
        let mut last = None;
        for _ in 0..1_000 {
            let id = ids.next_id();
            assert_eq!(super::super::check::uuid("ClOrdID (11)", id.as_str()), Ok(()));
            assert_eq!(
                (id.as_str().as_bytes()[14], id.as_str().as_bytes()[19]),
                (b'8', b'b'),
                "{id}"
            );
            assert!(last < Some(id));
            last = Some(id);
        }
    }

    #[test]
    fn generators_that_differ_in_time_or_entropy_share_no_id() {
        let mut seen = HashSet::new();
        for (time, entropy) in [
            ("20260817-16:00:00.123", 1),
            ("20260817-16:00:00.124", 1),
            ("20260817-16:00:00.123", 2),
            ("20260817-16:00:00.123", 1 << 33),
            ("20260817-16:00:00.123", 1 << 22),
            ("19690817-16:00:00.123", 1),
        ] {
            let ids = ClOrdIdGenerator::new(at(time), entropy);
            for _ in 0..500 {
                assert!(seen.insert(ids.next_id()), "{time} {entropy}");
            }
        }
    }

    #[test]
    fn the_counter_carries_over_into_the_time() {
        let ids = ClOrdIdGenerator::new(at("20260817-16:00:00.123"), 7);
        ids.next.store((1 << 40) - 1, Ordering::Relaxed);
        assert_eq!(ids.next_id().as_str(), "01a01073-807b-8000-8000-07ffffffffff");
        assert_eq!(ids.next_id().as_str(), "01a01073-807c-8000-8000-070000000000");
    }

    #[test]
    fn threads_may_share_a_generator() {
        let ids = ClOrdIdGenerator::new(at("20260817-16:00:00.123"), 7);
        let make = || (0..1_000).map(|_| ids.next_id()).collect::<Vec<_>>();
        let all: Vec<_> = std::thread::scope(|scope| {
            let threads = [scope.spawn(make), scope.spawn(make)];
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("ids"))
                .collect()
        });
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 2_000);
    }
}
