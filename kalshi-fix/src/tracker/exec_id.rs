//! ExecID (17) as a number that orders the reports of one exchange index.

use std::cmp::Ordering;
use std::fmt;

/// The exchange's number of a report: `clock;event` on exchange index 0, `clock;event;index` elsewhere.
///
/// Numbers of one index are ordered as the events were, by the clock and then by the event; those of two indexes are not
/// comparable. The same event has the same number on every session: order entry, listener and drop copy.
///
/// ```
/// use kalshi_fix::tracker::ExecId;
///
/// let (early, late) = (ExecId::parse(b"4;7").unwrap(), ExecId::parse(b"12;1").unwrap());
/// assert!(early < late);
/// assert_eq!(early.to_string(), "4;7");
///
/// let elsewhere = ExecId::parse(b"4;7;2").unwrap();
/// assert_eq!(elsewhere.exchange_index(), 2);
/// assert_eq!(early.partial_cmp(&elsewhere), None);
///
/// // Pending reports have no number of their own.
/// assert_eq!(ExecId::parse(ExecId::PENDING), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExecId {
    exchange_index: u32,
    place: ExecPlace,
}

/// Where in the events of one exchange index a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecPlace {
    /// The first number.
    pub clock: u64,
    /// The second number, which counts anew with each clock.
    pub event: u64,
}

impl ExecId {
    /// What pending reports carry instead of a number.
    pub const PENDING: &'static [u8] = b"-1;-1";

    /// The number of an event.
    #[must_use]
    pub const fn new(exchange_index: u32, clock: u64, event: u64) -> ExecId {
        ExecId::at(exchange_index, ExecPlace { clock, event })
    }

    /// The number of the event at this place.
    #[must_use]
    pub const fn at(exchange_index: u32, place: ExecPlace) -> ExecId {
        ExecId {
            exchange_index,
            place,
        }
    }

    /// Reads `clock;event` or `clock;event;index`, each of digits only; `None` for anything else,
    /// [`PENDING`](ExecId::PENDING) included.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<ExecId> {
        let mut parts = bytes.split(|byte| *byte == b';');
        let clock = digits(parts.next()?)?;
        let event = digits(parts.next()?)?;
        let exchange_index = match parts.next() {
            None => 0,
            Some(index) => u32::try_from(digits(index)?).ok()?,
        };
        match parts.next() {
            None => Some(ExecId::new(exchange_index, clock, event)),
            Some(_) => None,
        }
    }

    /// Whether these bytes are what pending reports carry, on whatever index.
    #[must_use]
    pub fn is_pending(bytes: &[u8]) -> bool {
        bytes.strip_prefix(Self::PENDING).is_some_and(|rest| {
            rest.is_empty()
                || rest
                    .strip_prefix(b";")
                    .is_some_and(|index| digits(index).is_some())
        })
    }

    /// The exchange index (shard) that numbered the event.
    #[must_use]
    pub const fn exchange_index(&self) -> u32 {
        self.exchange_index
    }

    /// The place among the events of its exchange index.
    #[must_use]
    pub const fn place(&self) -> ExecPlace {
        self.place
    }
}

/// `None` where the exchange indexes differ.
impl PartialOrd for ExecId {
    fn partial_cmp(&self, other: &ExecId) -> Option<Ordering> {
        (self.exchange_index == other.exchange_index).then(|| self.place.cmp(&other.place))
    }
}

impl fmt::Display for ExecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        match self.exchange_index {
            0 => Ok(()),
            index => write!(f, ";{index}"),
        }
    }
}

impl fmt::Debug for ExecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExecId({self})")
    }
}

impl fmt::Display for ExecPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};{}", self.clock, self.event)
    }
}

fn digits(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(u32, u64, u64)>) {
        let expected = expected.map(|(index, clock, event)| ExecId::new(index, clock, event));
        assert_eq!(ExecId::parse(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn numbers_are_read_whole_or_not_at_all() {
        check("4;7", Some((0, 4, 7)));
        check("4;7;0", Some((0, 4, 7)));
        check("4;7;12", Some((12, 4, 7)));
        check(
            "18446744073709551615;18446744073709551615;4294967295",
            Some((u32::MAX, u64::MAX, u64::MAX)),
        );
        for none in [
            "",
            "4",
            "4;",
            ";7",
            "4;7;",
            "4;7;1;",
            "4;7;1;1",
            "-1;-1",
            "+4;7",
            "4; 7",
            "4;7;4294967296",
            "18446744073709551616;1",
        ] {
            check(none, None);
        }
    }

    #[test]
    fn pending_is_told_from_malformed() {
        let pending = |text: &str| ExecId::is_pending(text.as_bytes());
        assert!(pending("-1;-1") && pending("-1;-1;3"));
        assert!(!pending("-1;-2") && !pending("-1;-1;") && !pending("-1;-10") && !pending("4;7"));
    }

    #[test]
    fn order_holds_within_an_index_only() {
        let id = |text: &str| ExecId::parse(text.as_bytes()).unwrap();
        assert!(id("4;7") < id("4;8") && id("4;8") < id("5;1") && id("9;1") < id("10;1"));
        assert_eq!(id("4;7").partial_cmp(&id("4;7;1")), None);
        assert_ne!(id("4;7"), id("4;7;1"));
    }
}
