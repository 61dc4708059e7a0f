//! The difference of two clocks, from test requests and their answers as the session's message log shows them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use kalshi_fix::dialect::Timestamp;

/// A message log that keeps no message, only the times of test requests and heartbeats.
#[derive(Clone, Default)]
pub(super) struct ClockLog(Arc<Mutex<Times>>);

#[derive(Default)]
struct Times {
    /// Test requests without an answer: TestReqID (112), and when it left.
    asked: Vec<(Vec<u8>, i64)>,
    best: Option<Offset>,
}

/// The peer's clock less ours, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) nanos: i64,
    /// It is not further from the truth than that.
    pub(super) uncertainty: i64,
}

impl ClockLog {
    /// The best estimate so far.
    pub(super) fn offset(&self) -> Option<Offset> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).best
    }
}

impl Write for ClockLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A line that is none of these tells nothing of the clock.
        let _ = times.note(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Times {
    /// A line: the time, the session's kind, the direction, the frame.
    fn note(&mut self, line: &[u8]) -> Option<()> {
        let mut words = line.splitn(4, |byte| *byte == b' ');
        let at = Timestamp::parse(words.next()?)?.unix_nanos();
        let (_, direction, frame) = (words.next()?, words.next()?, words.next()?);
        let field = |tag: &[u8]| {
            let mut fields = frame.split(|byte| *byte == 1);
            fields.find_map(|field| field.strip_prefix(tag)?.strip_prefix(b"="))
        };
        let id = field(b"112")?;
        match (direction, field(b"35")?) {
            (b"out", b"1") => {
                self.asked.truncate(MOST_ASKED - 1);
                self.asked.insert(0, (id.to_vec(), at));
            }
            (b"in", b"0") => {
                let place = self.asked.iter().position(|(asked, _)| asked == id)?;
                let (_, left) = self.asked.remove(place);
                let said = Timestamp::parse(field(b"52")?)?.unix_nanos();
                // It was said in between, and its digits end at the millisecond.
                let offset = Offset {
                    nanos: said + MILLISECOND / 2 - (left / 2 + at / 2),
                    uncertainty: (at - left).max(0) / 2 + MILLISECOND / 2,
                };
                if self.best.is_none_or(|best| offset.uncertainty < best.uncertainty) {
                    self.best = Some(offset);
                }
            }
            _ => {}
        }
        Some(())
    }
}

const MILLISECOND: i64 = 1_000_000;
/// More test requests than these are never under way at a time.
const MOST_ASKED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_with_the_shortest_way_counts() {
        let mut log = ClockLog::default();
        let mut line = |text: &str| log.write_all(text.replace('|', "\x01").as_bytes()).unwrap();
        line("20260817-16:00:00.000000 KalshiNR out 8=FIXT.1.1|35=1|112=1|10=000|\n");
        // 100 ms on the way in all, and a clock that is 2 s ahead.
        line("20260817-16:00:00.100000 KalshiNR in 8=FIXT.1.1|35=0|52=20260817-16:00:02.050|112=1|10=000|\n");
        line("20260817-16:00:01.000000 KalshiNR out 8=FIXT.1.1|35=1|112=2|10=000|\n");
        line("20260817-16:00:01.500000 KalshiNR in 8=FIXT.1.1|35=0|52=20260817-16:00:09.000|112=2|10=000|\n");
        // Neither an answer to nothing, nor what is no message, nor a heartbeat of the peer's own.
        line("20260817-16:00:03.000000 KalshiNR in 8=FIXT.1.1|35=0|52=20260817-16:00:09.000|112=2|10=000|\n");
        line("20260817-16:00:03.000000 KalshiNR garbled 8=FIXT\n");
        line("nothing");
        line("20260817-16:00:04.000000 KalshiNR in 8=FIXT.1.1|35=0|52=20260817-17:00:00.000|10=000|\n");
        let expected = Offset {
            nanos: 2_000_500_000,
            uncertainty: 50_500_000,
        };
        assert_eq!(log.offset(), Some(expected));
    }
}
